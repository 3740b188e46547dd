//! A clinical device that talks to the internet.

use model::ClinicalImpact;
use model::report::{Finding, Scope, Severity};

use crate::site::{Draft, call, call_party, impact, took_place};
use crate::{Detector, Info, Site};

/// A clinical device that talks to the internet.
pub struct UnexpectedInternet;

static INFO: Info = Info {
    id: "unexpected-internet",
    name: "Clinical device talks to the internet",
    sees: "A device of a clinical class that reached an address outside the site and was answered.",
    why: "A clinical device has few reasons to reach the internet. Each way out is a way for data to leave and for an attacker to stay.",
    what_to_do: "Ask the vendor whether the destination is needed; allow it by name if so, close it if not.",
    severity: Severity::Medium,
};

impl Detector for UnexpectedInternet {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, site: &Site<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for conversation in site.conversations {
            let Some(device) = site.device(&conversation.client) else { continue };
            let clinical = impact(device).is_some_and(|impact| impact > ClinicalImpact::Supporting);
            if !clinical || conversation.server.scope != Scope::Outside || conversation.packets_to_client == 0 {
                continue;
            }
            let server = call_party(site, &conversation.server);
            let title = format!("{} talks to {server} on the internet ({})", call(device), conversation.service);
            let volume = format!("{} bytes out, {} bytes in", conversation.bytes_to_server, conversation.bytes_to_client);
            let draft = Draft::new(&INFO, &conversation.id).conversation(conversation);
            findings.push(draft.evidence([took_place(conversation, volume.into())]).finding(site, title));
        }
        findings
    }
}
