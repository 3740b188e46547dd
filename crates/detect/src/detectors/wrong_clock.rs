//! A clock that is wrong.

use model::FactKind;
use model::report::{Finding, Severity};

use crate::site::{Draft, call, of_kind};
use crate::{Detector, Info, Site};

/// A clock that is wrong.
pub struct WrongClock;

static INFO: Info = Info {
    id: "wrong-clock",
    name: "Wrong clock",
    sees: "Time stamps in a protocol that differ from the time of the capture by more than two minutes.",
    why: "Results, images and logs carry the wrong time, certificates fail, and an incident cannot be put in order.",
    what_to_do: "Point the device to the site's time server, and find out since when it is wrong: records of care may need a note.",
    severity: Severity::Low,
};

impl Detector for WrongClock {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, site: &Site<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for device in site.devices {
            let clocks = of_kind(&device.facts, FactKind::Clock).filter(|fact| !fact.value.is_empty());
            let wrong: Vec<_> = clocks.filter(|fact| is_wrong(&fact.value)).collect();
            let Some(worst) = wrong.iter().max_by_key(|fact| seconds(&fact.value)) else { continue };
            let title = format!("The clock of {} is {}", call(device), worst.value);
            let evidence = wrong.iter().flat_map(|fact| fact.evidence.clone());
            findings.push(Draft::new(&INFO, &device.id).device(device).evidence(evidence).finding(site, title));
        }
        findings
    }
}

/// Differences below this come from delay and from time stamps that are cut to minutes.
const TOLERATED_S: u64 = 120;

/// Whole seconds of a clock difference such as `7200.1 s behind`.
fn seconds(difference: &str) -> u64 {
    difference.split('.').next().and_then(|whole| whole.parse().ok()).unwrap_or(0)
}

fn is_wrong(difference: &str) -> bool {
    seconds(difference) > TOLERATED_S
}
