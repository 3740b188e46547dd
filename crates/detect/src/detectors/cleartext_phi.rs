//! Patient data that anybody on the way can read.

use crate::site::{Draft, call_party, took_place};
use model::report::{Finding, Severity};

use crate::{Detector, Info, Site};

/// Patient data that anybody on the way can read.
pub struct CleartextPhi;

static INFO: Info = Info {
    id: "cleartext-phi",
    name: "PHI in the clear",
    sees: "Conversations in which a decoder met fields that identify a patient or tell of care, without encryption. Kinds and counts are kept, never values.",
    why: "Whoever can listen on the network between the two reads patient data, and can often change it unnoticed. Unencrypted transmission has to be justified under 45 CFR 164.312(e)(1).",
    what_to_do: "Ask both vendors for TLS on this interface (DICOM PS3.15 Annex B, HL7 over TLS); until then keep the two in one zone that nothing else can reach.",
    severity: Severity::High,
};

impl Detector for CleartextPhi {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, site: &Site<'_>) -> Vec<Finding> {
        let seen = site.conversations.iter().filter(|conversation| !conversation.phi.is_empty());
        seen.map(|conversation| {
            let kinds: Vec<String> = conversation.phi.iter().map(|phi| format!("{} {}", phi.count, phi.kind.label())).collect();
            let title = format!(
                "{} in the clear from {} to {}",
                conversation.service,
                call_party(site, &conversation.client),
                call_party(site, &conversation.server)
            );
            Draft::new(&INFO, &conversation.id)
                .conversation(conversation)
                .whatever_impact()
                .evidence([took_place(conversation, kinds.join(", ").into())])
                .finding(site, title)
        })
        .collect()
    }
}
