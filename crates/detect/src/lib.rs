//! The judges of what was seen: pure functions of devices and conversations that answer with findings.
//!
//! One detector is one file and one row of [`DETECTORS`]. Each says what it sees, why it matters in a clinic and what to do;
//! the manual's page and the tests are made from that. No I/O and no clock: what is "now" is the last time in the capture.

mod detectors;
mod site;

use model::report::{Finding, Severity};

pub use detectors::DETECTORS;
pub use site::Site;

/// A judge.
pub trait Detector: Sync {
    /// Its row.
    fn info(&self) -> &'static Info;

    /// What it finds.
    fn detect(&self, site: &Site<'_>) -> Vec<Finding>;
}

/// A detector's row.
#[derive(Debug)]
pub struct Info {
    /// Stable id, `cleartext-phi`.
    pub id: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// What it looks for, and in what evidence.
    pub sees: &'static str,
    /// Why it matters in a clinic.
    pub why: &'static str,
    /// What to do, the usual first.
    pub what_to_do: &'static str,
    /// Its usual severity, before clinical impact.
    pub severity: Severity,
}

/// Everything that all detectors find, gravest first, then by id.
#[must_use]
pub fn findings(site: &Site<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = DETECTORS.iter().flat_map(|detector| detector.detect(site)).collect();
    findings.sort_unstable_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.id.cmp(&b.id)));
    findings
}
