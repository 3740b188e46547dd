//! What has been said of an association, so that every thing is said once and not per message.

use std::hash::{DefaultHasher, Hash, Hasher};

/// Statements that are remembered of one association; what comes after is not said again.
const MAX_SAID: usize = 256;

/// Sources of data sets that are told apart within one association.
const MAX_SOURCES: usize = 16;

/// Statements by their hash.
#[derive(Debug, Default)]
pub(super) struct Said {
    statements: Vec<u64>,
    records: Vec<u64>,
    sources: Vec<u64>,
}

impl Said {
    /// True the first time. The statement is anything that tells it from others: the field's id and its value.
    pub(super) fn once(&mut self, statement: impl Hash) -> bool {
        remember(&mut self.statements, hash(&statement), MAX_SAID)
    }

    /// True for a device record that is new; at most [`MAX_SOURCES`] are.
    pub(super) fn record(&mut self, record: &[u8]) -> bool {
        remember(&mut self.records, hash(record), MAX_SOURCES)
    }

    /// Takes note of the maker, model and serial of a data set. True when a second set of them turns up.
    pub(super) fn is_second_source(&mut self, triple: u64) -> bool {
        remember(&mut self.sources, triple, MAX_SOURCES) && self.sources.len() == 2
    }
}

fn remember(seen: &mut Vec<u64>, key: u64, limit: usize) -> bool {
    if seen.len() >= limit || seen.contains(&key) {
        return false;
    }
    seen.push(key);
    true
}

/// The same on every run: the hasher's keys are fixed.
pub(super) fn hash<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
