//! One secret that opens several servers.

use std::collections::BTreeMap;

use model::FactKind;
use model::report::{Conversation, Finding, Severity};

use crate::site::{Draft, of_kind};
use crate::{Detector, Info, Site};

/// One secret that opens several servers.
pub struct SharedCredential;

static INFO: Info = Info {
    id: "shared-credential",
    name: "Shared credential",
    sees: "The same account and secret used in the clear on two or more servers.",
    why: "Whoever learns it from one device holds them all, and nobody can tell who did what.",
    what_to_do: "Give each device and each person a credential of its own; where a vendor needs one for all, broker the access.",
    severity: Severity::Medium,
};

impl Detector for SharedCredential {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, site: &Site<'_>) -> Vec<Finding> {
        let mut groups: BTreeMap<&str, Vec<&Conversation>> = BTreeMap::new();
        for conversation in site.conversations {
            for fact in of_kind(&conversation.facts, FactKind::SharedCredential) {
                groups.entry(fact.value.as_str()).or_default().push(conversation);
            }
        }
        groups
            .into_iter()
            .map(|(group, conversations)| {
                let servers: std::collections::BTreeSet<_> = conversations.iter().map(|c| &c.server).collect();
                let mut draft = Draft::new(&INFO, group);
                for conversation in &conversations {
                    let evidence =
                        of_kind(&conversation.facts, FactKind::SharedCredential).flat_map(|fact| fact.evidence.clone());
                    draft = draft.conversation(conversation).evidence(evidence);
                }
                draft.finding(site, format!("One credential opens {} servers", servers.len()))
            })
            .collect()
    }
}
