//! A log-in with a published default credential.

use model::FactKind;
use model::report::{Finding, Severity};

use crate::site::{Draft, call_party, of_kind};
use crate::{Detector, Info, Site};

/// A log-in with a published default credential.
pub struct DefaultCredential;

static INFO: Info = Info {
    id: "default-credential",
    name: "Default credential used",
    sees: "A log-in in the clear whose account and secret are a pair that its maker published. Secrets are compared by salted hash and dropped.",
    why: "Anybody can look the pair up. Whoever reaches the device can administer it.",
    what_to_do: "Change the credential with clinical engineering, look for siblings of the model, and close the service to all but those who administer it.",
    severity: Severity::High,
};

impl Detector for DefaultCredential {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, site: &Site<'_>) -> Vec<Finding> {
        let used = |conversation: &&model::report::Conversation| {
            of_kind(&conversation.facts, FactKind::DefaultCredential).next().is_some()
        };
        site.conversations
            .iter()
            .filter(used)
            .map(|conversation| {
                let evidence = of_kind(&conversation.facts, FactKind::DefaultCredential).flat_map(|fact| fact.evidence.clone());
                let title =
                    format!("Default credential used on {} ({})", call_party(site, &conversation.server), conversation.service);
                Draft::new(&INFO, &conversation.id).conversation(conversation).evidence(evidence).finding(site, title)
            })
            .collect()
    }
}
