//! A device that answers on management services.

use model::ClinicalImpact;
use model::report::{Device, Finding, Severity};

use crate::site::{Draft, call, impact, took_place};
use crate::{Detector, Info, Site};

/// A device that answers on management services.
pub struct ManagementService;

static INFO: Info = Info {
    id: "management-service",
    name: "Answers on management services",
    sees: "A device that is clinical, or of unknown class, and answered on a service for administering it: Telnet, SSH, web console, SNMP, remote desktop, file transfer.",
    why: "Every open management service is a way in, and each client that used it shows who can reach it.",
    what_to_do: "Close services that nobody needs; allow the others only from those who administer the device.",
    severity: Severity::Info,
};

impl Detector for ManagementService {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, site: &Site<'_>) -> Vec<Finding> {
        site.devices.iter().filter_map(|device| found(site, device)).collect()
    }
}

/// A router, switch or computer is meant to be administered; a clinical device, or one that nobody can name, is worth a look.
fn found(site: &Site<'_>, device: &Device) -> Option<Finding> {
    let severity = match impact(device) {
        Some(ClinicalImpact::NotClinical) => return None,
        Some(_) => Severity::Low,
        None => Severity::Info,
    };
    let mut names: Vec<String> =
        device.services.iter().filter(|service| service.management).map(|s| format!("{} ({})", s.name, s.port)).collect();
    names.dedup();
    if names.is_empty() {
        return None;
    }
    let used = site.served_by(device).iter().filter(|conversation| conversation.management && conversation.packets_to_client > 0);
    let evidence = used.map(|conversation| took_place(conversation, conversation.service.clone()));
    let draft = Draft::new(&INFO, &device.id).severity(severity).device(device).evidence(evidence);
    Some(draft.finding(site, format!("{} answers on {}", call(device), names.join(", "))))
}
