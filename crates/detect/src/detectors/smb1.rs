//! SMB version 1 in use.

use model::FactKind;
use model::report::{Finding, Severity};

use crate::site::{Draft, call_party, of_kind};
use crate::{Detector, Info, Site};

/// SMB version 1 in use.
pub struct Smb1;

static INFO: Info = Info {
    id: "smb1",
    name: "SMBv1 in use",
    sees: "A conversation whose agreed dialect is of SMB 1.",
    why: "SMBv1 has no protection against tampering and carried the worms that stopped hospitals in 2017 (MS17-010).",
    what_to_do: "Update or replace the older end; until then let only the conversations that care needs reach it.",
    severity: Severity::High,
};

impl Detector for Smb1 {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, site: &Site<'_>) -> Vec<Finding> {
        let version = |conversation: &model::report::Conversation| {
            of_kind(&conversation.facts, FactKind::ProtocolVersion)
                .filter(|fact| fact.value == "SMB 1" && fact.evidence.iter().any(|e| e.origin.field == "smb.dialect"))
                .flat_map(|fact| fact.evidence.clone())
                .collect::<Vec<_>>()
        };
        let mut findings = Vec::new();
        for conversation in site.conversations {
            let evidence = version(conversation);
            if evidence.is_empty() {
                continue;
            }
            let title = format!(
                "SMBv1 between {} and {}",
                call_party(site, &conversation.client),
                call_party(site, &conversation.server)
            );
            let draft = Draft::new(&INFO, &conversation.id).whatever_impact();
            findings.push(draft.conversation(conversation).evidence(evidence).finding(site, title));
        }
        findings
    }
}
