//! What one program found in one capture: protocols, and the conversations they were found in.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// A pair of addresses and the carrier between them; the lower address first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pair {
    pub(super) is_tcp: bool,
    pub(super) low: IpAddr,
    pub(super) high: IpAddr,
}

impl Pair {
    pub(super) fn new(is_tcp: bool, one: IpAddr, other: IpAddr) -> Self {
        Self { is_tcp, low: one.min(other), high: one.max(other) }
    }
}

/// Protocols of a capture by name, and per pair of hosts the protocols with the ports they were found on.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Anywhere in the capture.
    pub(super) names: BTreeSet<String>,
    /// By conversation. tshark's have both ports, ours the service's twice.
    pub(super) talks: BTreeMap<(Pair, [u16; 2]), BTreeSet<String>>,
}

impl Found {
    /// Some name of `names` was found.
    pub(super) fn has(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.names.contains(*name))
    }

    /// Conversations in which some name of `names` was found.
    pub(super) fn talks_of<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = &'a (Pair, [u16; 2])> {
        self.talks.iter().filter(move |(_, found)| names.iter().any(|name| found.contains(*name))).map(|(talk, _)| talk)
    }
}

/// The two are the same conversation, one of them known by its service's port alone.
pub(super) fn same(one: &(Pair, [u16; 2]), other: &(Pair, [u16; 2])) -> bool {
    one.0 == other.0 && one.1.iter().any(|port| other.1.contains(port))
}
