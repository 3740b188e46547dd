//! A device that answers on management services.

use model::ClinicalImpact;
use model::report::{Finding, Severity};

use crate::site::{Draft, call, impact, took_place};
use crate::{Detector, Info, Site};

/// A device that answers on management services.
pub struct ManagementService;

static INFO: Info = Info {
    id: "management-service",
    name: "Answers on management services",
    sees: "A clinical device that answered on a service for administering it: Telnet, SSH, web console, SNMP, remote desktop, file transfer.",
    why: "Every open management service is a way in, and each client that used it shows who can reach it.",
    what_to_do: "Close services that nobody needs; allow the others only from those who administer the device.",
    severity: Severity::Info,
};

impl Detector for ManagementService {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, site: &Site<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for device in site.devices {
            let managed: Vec<_> = device.services.iter().filter(|service| service.management).collect();
            if managed.is_empty() {
                continue;
            }
            let clinical = impact(device).is_some_and(|impact| impact > ClinicalImpact::NotClinical);
            let names: Vec<String> = managed.iter().map(|service| format!("{} ({})", service.name, service.port)).collect();
            let mut draft =
                Draft::new(&INFO, &device.id).severity(if clinical { Severity::Low } else { Severity::Info }).device(device);
            let used = site.served_by(device).iter().filter(|c| c.management && c.packets_to_client > 0);
            for conversation in used {
                draft = draft.evidence([took_place(conversation, conversation.service.clone())]);
            }
            findings.push(draft.finding(site, format!("{} answers on {}", call(device), names.join(", "))));
        }
        findings
    }
}
