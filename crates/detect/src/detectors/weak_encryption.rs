//! Encryption that no longer protects.

use std::collections::{BTreeMap, BTreeSet};

use model::FactKind;
use model::report::{Conversation, Encryption, Finding, Identifier, Severity};

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
        let mut subjects: BTreeMap<&str, Vec<&Conversation>> = BTreeMap::new();
        for conversation in site.conversations.iter().filter(|conversation| conversation.encryption == Encryption::Weak) {
            // The server chooses; where it is not the site's, only the client can be mended.
            let mended = conversation.server.device.as_ref().or(conversation.client.device.as_ref());
            subjects.entry(mended.unwrap_or(&conversation.id)).or_default().push(conversation);
        }
        subjects.into_iter().map(|(subject, conversations)| found(site, subject, &conversations)).collect()
    }
}

/// One finding of everything that one device has to mend.
fn found(site: &Site<'_>, subject: &str, conversations: &[&Conversation]) -> Finding {
    /// Named in a title.
    const MAX_NAMED: usize = 4;
    let facts: Vec<&Identifier> = conversations.iter().flat_map(|c| &c.facts).filter(|fact| is_weak(fact)).collect();
    let broken = facts.iter().any(|fact| fact.kind == FactKind::CipherBroken || fact.value.starts_with("SSL"));
    let said: BTreeSet<&str> = facts.iter().map(|fact| fact.value.as_str()).collect();
    let more = said.len().saturating_sub(MAX_NAMED);
    let mut named = said.into_iter().take(MAX_NAMED).collect::<Vec<_>>().join(", ");
    if more > 0 {
        named = format!("{named} and {more} more");
    }
    let offers = |conversation: &&&Conversation| conversation.server.device.as_deref() == Some(subject);
    let title = match (conversations, conversations.iter().find(offers)) {
        ([only], _) => {
            format!("Weak encryption from {} to {}: {named}", call_party(site, &only.client), call_party(site, &only.server))
        }
        (all, Some(one)) => {
            format!("{} accepts weak encryption in {} conversations: {named}", call_party(site, &one.server), all.len())
        }
        (all, None) => {
            let client = all.first().map(|one| call_party(site, &one.client)).unwrap_or_default();
            format!("{client} uses weak encryption in {} conversations: {named}", all.len())
        }
    };
    let draft = Draft::new(&INFO, subject).severity(if broken { Severity::Medium } else { Severity::Low });
    let draft = conversations.iter().fold(draft, |draft, conversation| draft.conversation(conversation));
    draft.evidence(facts.iter().flat_map(|fact| fact.evidence.clone())).finding(site, title)
}

/// What RFC 8996 and RFC 9325 §3 and §4 advise against; a good version beside it is left out.
fn is_weak(fact: &Identifier) -> bool {
    const OBSOLETE: [&str; 6] = ["SSL", "TLS 1.0", "TLS 1.1", "DTLS 1.0", "SSH-1", "SSH 1"];
    match fact.kind {
        FactKind::CipherWeak | FactKind::CipherBroken => true,
        FactKind::ProtocolVersion => OBSOLETE.iter().any(|old| fact.value.starts_with(old)) && fact.value != "SSH-1.99",
        _ => false,
    }
}
