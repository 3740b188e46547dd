//! An operating system whose maker mends it no more.

use model::report::{Finding, Severity};

use crate::site::{Draft, call};
use crate::{Detector, Info, Site};

/// An operating system whose maker mends it no more.
pub struct UnsupportedOs;

static INFO: Info = Info {
    id: "unsupported-os",
    name: "Unsupported operating system",
    sees: "A device whose operating system, from evidence, was past the end of its support when it was seen.",
    why: "New holes stay open for good. Medical devices outlive their operating systems, so this has to be planned for, not wished away.",
    what_to_do: "Ask the vendor for a supported version and its date; until then isolate the device by allow-list and enter it in the legacy register.",
    severity: Severity::Medium,
};

impl Detector for UnsupportedOs {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, site: &Site<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for device in site.devices {
            let Some(os) = &device.os else { continue };
            let Some(end) = site.knowledge.unsupported_os(&os.value, device.last_seen) else { continue };
            let title = format!("{} runs {}, unsupported since {}", call(device), os.value, end.date);
            let draft = Draft::new(&INFO, &device.id).device(device).evidence(os.evidence.clone());
            findings.push(draft.finding(site, title));
        }
        findings
    }
}
