//! A certificate outside its time.

use model::report::{Finding, Severity};
use model::{FactKind, Timestamp};

use crate::site::{Draft, call, of_kind};
use crate::{Detector, Info, Site};

/// A certificate outside its time.
pub struct ExpiredCertificate;

static INFO: Info = Info {
    id: "expired-certificate",
    name: "Expired certificate",
    sees: "A device that presents a certificate whose end lay before the time of the capture.",
    why: "People learn to click warnings away, clients that check refuse to connect, and nobody seems to look after the device.",
    what_to_do: "Renew the certificate with the vendor and note its end in the maintenance plan.",
    severity: Severity::Low,
};

impl Detector for ExpiredCertificate {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, site: &Site<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for device in site.devices {
            let ends = of_kind(&device.facts, FactKind::CertificateNotAfter);
            for fact in ends.filter(|fact| {
                let end = fact.value.parse::<Timestamp>();
                end.is_ok_and(|end| fact.evidence.iter().any(|evidence| end < evidence.last_seen))
            }) {
                let title = format!("{} presents a certificate that ended {}", call(device), day(&fact.value));
                let draft = Draft::new(&INFO, &format!("{}:{}", device.id, day(&fact.value)));
                findings.push(draft.device(device).evidence(fact.evidence.clone()).finding(site, title));
            }
        }
        findings
    }
}

/// The date of a time.
fn day(time: &str) -> &str {
    time.split('T').next().unwrap_or(time)
}
