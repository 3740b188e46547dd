//! What a decoder has said of a flow, so that every thing is said once and not per message; and PHI that is still to be said.

use std::hash::{DefaultHasher, Hash, Hasher};

use model::PhiKind;

use crate::fact::{Field, Sink};

/// Statements by their hash, up to a limit; what comes after is taken for said.
#[derive(Debug)]
pub(crate) struct Said {
    statements: Vec<u64>,
    limit: usize,
}

impl Said {
    /// Remembers at most `limit` statements.
    pub(crate) const fn new(limit: usize) -> Self {
        Self { statements: Vec::new(), limit }
    }

    /// True the first time. A statement is anything that tells it from others: the field's id and its value.
    pub(crate) fn once(&mut self, statement: impl Hash) -> bool {
        let key = hash(&statement);
        if self.statements.len() >= self.limit || self.statements.contains(&key) {
            return false;
        }
        self.statements.push(key);
        true
    }

    /// How many different statements there were.
    pub(crate) const fn count(&self) -> usize {
        self.statements.len()
    }
}

/// The same on every run: the hasher's keys are fixed.
pub(crate) fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The kinds of PHI in the order in which [`PhiCounts`] has them.
const KINDS: [PhiKind; 9] = [
    PhiKind::Name,
    PhiKind::Identifier,
    PhiKind::BirthDate,
    PhiKind::Contact,
    PhiKind::Demographic,
    PhiKind::OrderNumber,
    PhiKind::Clinical,
    PhiKind::Document,
    PhiKind::FreeText,
];

/// One field a kind, in the order name, identifier, birth date, contact, demographic, order number, clinical, document, free text.
pub(crate) type PhiFields = [&'static Field; KINDS.len()];

/// How many fields of each kind crossed, as far as it has not been said. Said with the first message, so that nobody waits for the
/// end of a long connection, then every [`PhiCounts::EVERY`] messages and at the end.
#[derive(Debug, Default)]
pub(crate) struct PhiCounts {
    kinds: [u64; KINDS.len()],
    messages: u32,
}

impl PhiCounts {
    const EVERY: u32 = 1024;

    /// One field of a kind.
    pub(crate) fn count(&mut self, kind: PhiKind) {
        for (known, count) in KINDS.iter().zip(&mut self.kinds) {
            *count = count.saturating_add(u64::from(*known == kind));
        }
    }

    /// What another one counted.
    pub(crate) fn add(&mut self, other: &Self) {
        for (count, more) in self.kinds.iter_mut().zip(other.kinds) {
            *count = count.saturating_add(more);
        }
    }

    /// A message ended.
    pub(crate) fn message(&mut self, fields: &PhiFields, out: &mut dyn Sink) {
        if self.messages.is_multiple_of(Self::EVERY) {
            self.flush(fields, out);
        }
        self.messages = self.messages.wrapping_add(1);
    }

    /// Says what is left.
    pub(crate) fn flush(&mut self, fields: &PhiFields, out: &mut dyn Sink) {
        for ((kind, count), field) in KINDS.iter().zip(&mut self.kinds).zip(fields) {
            debug_assert_eq!(field.kind, model::FactKind::Phi(*kind), "{}", field.id);
            if *count > 0 {
                out.phi(field, *count);
            }
            *count = 0;
        }
    }
}
