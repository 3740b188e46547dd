//! What was folded, written down and read again, so that a hub need not fold everything anew at each start.
//!
//! JSON lines: a head, a line for each endpoint, conversation and fact, and an end that says how many there were.

use std::io::{self, BufRead, ErrorKind, Write};
use std::sync::Arc;

use model::FactKind;
use model::observation::FactValue;
use model::report::Evidence;
use serde::{Deserialize, Serialize};

use crate::store::{ConversationRecord, EndpointRecord, FactRecord, OpenRecord, Store, SubjectId};
use crate::{Config, Inventory};

/// Version of the form. A reader takes its own version only: what it cannot read is folded anew from the journal.
const VERSION: u16 = 1;
/// Longest line that is read.
const MAX_LINE: u64 = 64 << 20;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Head { version: u16, values_dropped: u64 },
    Endpoint(EndpointRecord),
    Conversation(ConversationRecord),
    Fact { subject: SubjectId, kind: FactKind, value: FactValue, seen: Evidence },
    Open { source: u32, record: OpenRecord },
    End { endpoints: usize, conversations: usize, facts: usize },
}

impl Inventory {
    /// Writes what was folded.
    ///
    /// # Errors
    /// The writer's.
    pub fn save(&self, out: &mut dyn Write) -> io::Result<()> {
        let Store { endpoints, conversations, facts, .. } = &self.store;
        let mut line = |line: &Line| -> io::Result<()> {
            serde_json::to_writer(&mut *out, line)?;
            out.write_all(b"\n")
        };
        line(&Line::Head { version: VERSION, values_dropped: self.store.values_dropped })?;
        for endpoint in endpoints {
            line(&Line::Endpoint(endpoint.clone()))?;
        }
        for conversation in conversations {
            line(&Line::Conversation(conversation.clone()))?;
        }
        for (subject, fact) in self.store.facts_with_subjects() {
            let (kind, value) = (fact.kind, fact.value.clone());
            line(&Line::Fact { subject, kind, value, seen: Evidence::clone(&fact.seen) })?;
        }
        for (source, record) in self.store.open_records() {
            line(&Line::Open { source, record: record.clone() })?;
        }
        line(&Line::End { endpoints: endpoints.len(), conversations: conversations.len(), facts: facts.len() })
    }

    /// Reads what [`Inventory::save`] wrote, up to its end.
    ///
    /// # Errors
    /// `InvalidData` for another version, a damaged line, or an end that is missing.
    pub fn load(config: Config, input: &mut dyn BufRead) -> io::Result<Self> {
        let mut store = Store::default();
        let mut text = Vec::new();
        loop {
            text.clear();
            io::Read::take(&mut *input, MAX_LINE).read_until(b'\n', &mut text)?;
            match serde_json::from_slice(&text)? {
                Line::Head { version: VERSION, values_dropped } => store.values_dropped = values_dropped,
                Line::Head { version, .. } => return Err(invalid(format!("version {version} instead of {VERSION}"))),
                Line::Endpoint(record) => store.restore_endpoint(record),
                Line::Conversation(record) => store.restore_conversation(record),
                Line::Fact { subject, kind, value, seen } => store.restore_fact(subject, kind, value, seen),
                Line::Open { source, record } => store.restore_open(source, record),
                Line::End { endpoints, conversations, facts } => {
                    let found = (store.endpoints.len(), store.conversations.len(), store.facts.len());
                    if found != (endpoints, conversations, facts) {
                        return Err(invalid("lines are missing".to_owned()));
                    }
                    return Ok(Self { store, config });
                }
            }
        }
    }
}

fn invalid(what: String) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

impl Store {
    fn restore_fact(&mut self, subject: SubjectId, kind: FactKind, value: FactValue, mut seen: Evidence) {
        seen.origin = self.origin(Arc::unwrap_or_clone(seen.origin));
        self.add_fact(subject, FactRecord::new(kind, value, seen));
    }
}
