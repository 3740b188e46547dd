//! What ties interfaces to one device, and what keeps them apart.
//!
//! A wrong merge is worse than a split, so one identifier joins two nodes only if it is of one device by its nature; others need
//! a second of another sort. Two nodes that contradict each other in a key are never joined directly. Identifiers that too many
//! nodes state tell nothing apart: default certificates, names that a whole product line bears.

use std::collections::{BTreeMap, BTreeSet};

use model::{FactKind, FactValue};

use crate::grounds::short_name;
use crate::identity::Node;
use crate::store::{FactRecord, text};

/// Most nodes that may share an identifier before it is taken as one that does not tell devices apart.
const MAX_SHARERS: usize = 6;
/// The same for identifiers that need a second.
const MAX_PAIR: usize = 2;

/// How much an identifier says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    /// Of one device by its nature.
    Alone,
    /// Given to one device by somebody; needs a second.
    Individual,
    /// May be a product's default; needs one that is individual.
    Shared,
}

/// Identifiers and who states them.
#[derive(Debug, Default)]
pub(crate) struct Ties {
    sharers: BTreeMap<(Strength, FactKind, String), BTreeSet<Node>>,
    /// Keys of which a device has one value.
    keys: BTreeMap<Node, BTreeMap<FactKind, BTreeSet<String>>>,
    /// Said outright: this interface and that one are the same device's.
    pairs: Vec<(Node, Node)>,
}

impl Ties {
    /// Takes in a fact of a node.
    pub(crate) fn add(&mut self, node: Node, fact: &FactRecord, heard: &BTreeSet<Node>) {
        // What a gateway reports, or an archive forwards, is of other devices.
        if fact.is_of_record() {
            return;
        }
        if let (FactKind::OwnMac, FactValue::Mac(mac)) = (fact.kind, &fact.value) {
            let other = Node::Mac(*mac);
            if heard.contains(&other) && other != node {
                self.pairs.push((node, other));
            }
            return;
        }
        let value = text(&fact.value).trim_end_matches('.').to_lowercase();
        if let Some(strength) = strength(fact.kind, &value) {
            self.sharers.entry((strength, fact.kind, value.clone())).or_default().insert(node);
        }
        let key = match fact.kind {
            FactKind::HostName | FactKind::Fqdn => short_name(&value).to_owned(),
            FactKind::Serial | FactKind::SnmpEngineId | FactKind::Duid => value,
            _ => return,
        };
        self.keys.entry(node).or_default().entry(sort(fact.kind)).or_default().insert(key);
    }

    /// Pairs of nodes that are one device.
    pub(crate) fn pairs(&self) -> Vec<(Node, Node)> {
        let mut pairs = self.pairs.clone();
        let mut shared: BTreeMap<(Node, Node), BTreeSet<(Strength, FactKind)>> = BTreeMap::new();
        for ((strength, kind, _), nodes) in &self.sharers {
            let most = if *strength == Strength::Alone { MAX_SHARERS } else { MAX_PAIR };
            if !(2..=most).contains(&nodes.len()) {
                continue;
            }
            // Copied disks bear one DUID, and are many computers: then it ties nobody.
            if every_pair(nodes).any(|(a, b)| self.contradict(a, b)) {
                continue;
            }
            for (a, b) in every_pair(nodes) {
                if *strength == Strength::Alone {
                    pairs.push((a, b));
                } else {
                    shared.entry((a, b)).or_default().insert((*strength, sort(*kind)));
                }
            }
        }
        pairs.extend(shared.into_iter().filter(|(_, sorts)| is_enough(sorts)).map(|(pair, _)| pair));
        pairs
    }

    /// Some of a group state different values of a key: what joined them, link by link, is not to be believed.
    pub(crate) fn is_contradictory(&self, group: &[Node]) -> bool {
        /// Compared with each other at most; a device with more interfaces is a switch or a router.
        const MAX_COMPARED: usize = 32;
        let compared: BTreeSet<Node> = group.iter().take(MAX_COMPARED).copied().collect();
        every_pair(&compared).any(|(a, b)| self.contradict(a, b))
    }

    /// Both state a key, and no value of it in common.
    fn contradict(&self, a: Node, b: Node) -> bool {
        let (Some(a), Some(b)) = (self.keys.get(&a), self.keys.get(&b)) else { return false };
        a.iter().any(|(kind, values)| b.get(kind).is_some_and(|others| values.is_disjoint(others)))
    }
}

/// Two sorts, one of them individual.
fn is_enough(sorts: &BTreeSet<(Strength, FactKind)>) -> bool {
    let kinds: BTreeSet<FactKind> = sorts.iter().map(|(_, kind)| *kind).collect();
    kinds.len() > 1 && sorts.iter().any(|(strength, _)| *strength == Strength::Individual)
}

/// Kinds that follow from each other are one sort: a host name is the beginning of the full one.
const fn sort(kind: FactKind) -> FactKind {
    match kind {
        FactKind::Fqdn => FactKind::HostName,
        FactKind::Udi => FactKind::Serial,
        kind => kind,
    }
}

fn every_pair(nodes: &BTreeSet<Node>) -> impl Iterator<Item = (Node, Node)> {
    nodes.iter().enumerate().flat_map(move |(index, a)| nodes.iter().skip(index + 1).map(move |b| (*a, *b)))
}

fn strength(kind: FactKind, value: &str) -> Option<Strength> {
    use FactKind as K;
    Some(match kind {
        K::Uuid | K::Eui64 | K::SnmpEngineId | K::Duid if is_degenerate(value) => return None,
        K::Uuid | K::SnmpEngineId | K::Duid | K::Eui64 => Strength::Alone,
        K::Fqdn if is_full_name(value) => Strength::Alone,
        // Windows makes up a name for each installation.
        K::HostName if is_random_windows_name(value) => Strength::Alone,
        // An identifier that is not made of the MAC address (RFC 2132 §9.14, RFC 4361 §6.1).
        K::DhcpClientId if !(value.len() == 14 && value.starts_with("01")) => Strength::Individual,
        K::Serial | K::Udi | K::StationName | K::Fqdn if value.len() >= 4 => Strength::Individual,
        K::HostName | K::AeTitle | K::CertificateKey if value.len() >= 4 && value != "localhost" => Strength::Shared,
        _ => return None,
    })
}

/// Filled with one digit: a default, not an identifier.
fn is_degenerate(value: &str) -> bool {
    let digits: BTreeSet<char> = value.chars().filter(char::is_ascii_hexdigit).collect();
    digits.len() < 2
}

/// A name in somebody's domain, not one that every home has.
fn is_full_name(name: &str) -> bool {
    const EVERYBODYS: [&str; 8] = [".local", ".lan", ".home", ".localdomain", ".internal", ".arpa", ".invalid", ".example.com"];
    name.matches('.').count() >= 2 && !name.starts_with("localhost.") && !EVERYBODYS.iter().any(|end| name.ends_with(end))
}

/// `desktop-` and `laptop-` with seven, `win-` with eleven made-up letters and digits.
fn is_random_windows_name(name: &str) -> bool {
    [("desktop-", 7), ("laptop-", 8), ("laptop-", 7), ("win-", 11)].into_iter().any(|(start, length)| {
        name.strip_prefix(start).is_some_and(|rest| rest.len() == length && rest.chars().all(|c| c.is_ascii_alphanumeric()))
    })
}
