//! What one program found in one capture: protocols, and the conversations they were found in.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

/// A conversation, whichever way round: two addresses, and two ports or the service's twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Talk {
    is_tcp: bool,
    hosts: [IpAddr; 2],
    ports: [u16; 2],
}

impl Talk {
    pub(super) fn new(is_tcp: bool, mut hosts: [IpAddr; 2], mut ports: [u16; 2]) -> Self {
        hosts.sort_unstable();
        ports.sort_unstable();
        Self { is_tcp, hosts, ports }
    }

    /// The two are the same conversation, where one of them may be known by its service's port alone.
    pub(super) fn is(&self, other: &Self) -> bool {
        (self.is_tcp, self.hosts) == (other.is_tcp, other.hosts) && self.ports.iter().any(|port| other.ports.contains(port))
    }
}

impl fmt::Display for Talk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [one, other] = self.hosts;
        let [low, high] = self.ports;
        write!(f, "{} {one} {other} {low}-{high}", if self.is_tcp { "tcp" } else { "udp" })
    }
}

/// Protocols of a capture by name, and of each conversation.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Anywhere in the capture.
    pub(super) names: BTreeSet<String>,
    /// By conversation.
    pub(super) talks: BTreeMap<Talk, BTreeSet<String>>,
}

impl Found {
    /// Some name of `names` was found.
    pub(super) fn has(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.names.contains(*name))
    }

    /// Conversations in which some name of `names` was found.
    pub(super) fn talks_of<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = &'a Talk> {
        self.talks.iter().filter(move |(_, found)| names.iter().any(|name| found.contains(*name))).map(|(talk, _)| talk)
    }
}
