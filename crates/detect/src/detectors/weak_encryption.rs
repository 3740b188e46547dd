//! Encryption that no longer protects.

use model::FactKind;
use model::report::{Encryption, Finding, Severity};

use crate::site::{Draft, call_party};
use crate::{Detector, Info, Site};

/// Encryption that no longer protects.
pub struct WeakEncryption;

static INFO: Info = Info {
    id: "weak-encryption",
    name: "Obsolete or weak encryption",
    sees: "SSL, TLS 1.0 or 1.1 (RFC 8996), SSH 1, and suites, algorithms or key lengths that RFC 9325 advises against.",
    why: "What looks protected can be read or changed with known attacks, and current software refuses it sooner or later, which stops the connection without warning.",
    what_to_do: "Ask the vendor for TLS 1.2 or later; until then treat the conversation as if it were in the clear.",
    severity: Severity::Medium,
};

impl Detector for WeakEncryption {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, site: &Site<'_>) -> Vec<Finding> {
        let weak = site.conversations.iter().filter(|conversation| conversation.encryption == Encryption::Weak);
        weak.map(|conversation| {
            let facts: Vec<_> = conversation
                .facts
                .iter()
                .filter(|fact| matches!(fact.kind, FactKind::ProtocolVersion | FactKind::CipherWeak | FactKind::CipherBroken))
                .collect();
            let broken = facts.iter().any(|fact| fact.kind == FactKind::CipherBroken || fact.value.starts_with("SSL"));
            let said: Vec<&str> = facts.iter().map(|fact| fact.value.as_str()).collect();
            let title = format!(
                "Weak encryption from {} to {}: {}",
                call_party(site, &conversation.client),
                call_party(site, &conversation.server),
                said.join(", ")
            );
            Draft::new(&INFO, &conversation.id)
                .severity(if broken { Severity::Medium } else { Severity::Low })
                .conversation(conversation)
                .evidence(facts.iter().flat_map(|fact| fact.evidence.clone()))
                .finding(site, title)
        })
        .collect()
    }
}
