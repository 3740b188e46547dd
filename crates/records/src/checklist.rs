//! The secure-configuration checklist of a device: what people did, and what traffic says to it.

use knowledge::{ChecklistItem, Proof};
use model::Timestamp;
use model::report::{Conversation, Device, Encryption, Finding, Scope};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a person says of an item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemState {
    /// Nobody did it.
    #[default]
    Open,
    /// It is done.
    Done,
    /// It does not apply, for the reason in the note.
    NotApplicable,
}

impl ItemState {
    /// Lower-case name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Done => "done",
            Self::NotApplicable => "not_applicable",
        }
    }

    /// The state of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Open, Self::Done, Self::NotApplicable].into_iter().find(|state| state.name() == name)
    }
}

/// What traffic says to an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "says", rename_all = "snake_case")]
pub enum Traffic {
    /// It cannot tell, or nothing was seen that would.
    Silent,
    /// What was seen agrees.
    Confirms {
        /// Conversations that show it.
        conversations: Vec<String>,
    },
    /// What was seen contradicts it.
    Contradicts {
        /// In plain words.
        what: String,
        /// Conversations that show it.
        conversations: Vec<String>,
        /// Findings that show it.
        findings: Vec<String>,
    },
}

/// What was seen of a device.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// Device.
    pub device: &'a Device,
    /// Conversations that it has part in.
    pub conversations: &'a [&'a Conversation],
    /// Findings about it that hold.
    pub findings: &'a [&'a Finding],
}

/// Shown at most.
const MOST: usize = 20;

/// What traffic says to an item; since it was done, where it was.
#[must_use]
pub fn judge(item: &ChecklistItem, seen: &Seen<'_>, since: Option<Timestamp>) -> Traffic {
    let since = since.unwrap_or(Timestamp::MIN);
    let proofs: Vec<Traffic> = item.proofs.iter().map(|proof| prove(proof, seen, since)).collect();
    let contradiction = proofs.iter().find(|proof| matches!(proof, Traffic::Contradicts { .. }));
    let confirmation = proofs.iter().find(|proof| matches!(proof, Traffic::Confirms { .. }));
    contradiction.or(confirmation).cloned().unwrap_or(Traffic::Silent)
}

fn prove(proof: &Proof, seen: &Seen<'_>, since: Timestamp) -> Traffic {
    match proof {
        Proof::Detectors(ids) => detectors(ids, seen, since),
        Proof::ClientOf(protocols) => {
            let found = as_client(seen, since).filter(|one| protocols.iter().any(|protocol| *protocol == *one.protocol));
            confirms(found.filter(|one| one.flows > one.failed_flows))
        }
        Proof::NoService(protocols) => {
            let offered = as_server(seen, since).filter(|one| one.flows > one.failed_flows);
            contradicts(
                "it answers on a service that was to be off",
                offered.filter(|one| protocols.iter().any(|protocol| *protocol == *one.protocol)),
            )
        }
        Proof::Encrypted => encrypted(seen, since),
        Proof::NotAdministeredFromOutside => {
            let from_outside = as_server(seen, since).filter(|one| one.management && one.client.scope == Scope::Outside);
            contradicts("it was administered from outside the site", from_outside)
        }
    }
}

fn detectors(ids: &[String], seen: &Seen<'_>, since: Timestamp) -> Traffic {
    let found = seen.findings.iter().filter(|finding| finding.last_seen > since && ids.iter().any(|id| *id == *finding.detector));
    let found: Vec<&&Finding> = found.take(MOST).collect();
    let Some(first) = found.first() else { return Traffic::Silent };
    Traffic::Contradicts {
        what: first.title.to_string(),
        conversations: found.iter().flat_map(|finding| &finding.conversations).take(MOST).map(ToString::to_string).collect(),
        findings: found.iter().map(|finding| finding.id.to_string()).collect(),
    }
}

/// What carries clinical content is what has to be hidden.
fn encrypted(seen: &Seen<'_>, since: Timestamp) -> Traffic {
    let clinical = || recent(seen, since).filter(|one| one.clinical.is_some());
    let open = clinical().filter(|one| matches!(one.encryption, Encryption::Cleartext | Encryption::Weak));
    match contradicts("clinical content crosses in a form that others can read", open) {
        Traffic::Silent => confirms(clinical().filter(|one| one.encryption == Encryption::Strong)),
        contradiction => contradiction,
    }
}

fn recent<'a>(seen: &Seen<'a>, since: Timestamp) -> impl Iterator<Item = &'a Conversation> {
    seen.conversations.iter().copied().filter(move |conversation| conversation.last_seen > since)
}

fn as_client<'a>(seen: &Seen<'a>, since: Timestamp) -> impl Iterator<Item = &'a Conversation> {
    let id = seen.device.id.clone();
    recent(seen, since).filter(move |conversation| conversation.client.device.as_ref() == Some(&id))
}

fn as_server<'a>(seen: &Seen<'a>, since: Timestamp) -> impl Iterator<Item = &'a Conversation> {
    let id = seen.device.id.clone();
    recent(seen, since).filter(move |conversation| conversation.server.device.as_ref() == Some(&id))
}

fn ids<'a>(found: impl Iterator<Item = &'a Conversation>) -> Vec<String> {
    found.take(MOST).map(|conversation| conversation.id.to_string()).collect()
}

fn confirms<'a>(found: impl Iterator<Item = &'a Conversation>) -> Traffic {
    let conversations = ids(found);
    if conversations.is_empty() { Traffic::Silent } else { Traffic::Confirms { conversations } }
}

fn contradicts<'a>(what: &str, found: impl Iterator<Item = &'a Conversation>) -> Traffic {
    let found: Vec<&Conversation> = found.collect();
    let Some(first) = found.first() else { return Traffic::Silent };
    let what = format!("{what}: {}", first.service);
    Traffic::Contradicts { what, conversations: ids(found.iter().copied()), findings: Vec::new() }
}
