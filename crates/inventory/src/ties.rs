//! What ties interfaces to one device, and what keeps them apart.
//!
//! A wrong merge is worse than a split, so one identifier joins two nodes only if it is of one device by its nature; others need
//! a second of another sort. Two nodes that contradict each other in a key are never joined directly. Identifiers that too many
//! nodes state tell nothing apart: default certificates, names that a whole product line bears.

use std::collections::{BTreeMap, BTreeSet};

use model::{FactKind, FactValue, Word};
use smallvec::SmallVec;
use smol_str::StrExt as _;

use crate::grounds::short_name;
use crate::identity::{Heard, Node, NodeId};
use crate::store::{FactRecord, Map};

/// Most nodes that may share an identifier before it is taken as one that does not tell devices apart.
const MAX_SHARERS: usize = 6;
/// The same for identifiers that need a second.
const MAX_PAIR: usize = 2;

/// How much an identifier says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    sharers: Map<(Strength, FactKind, Word), Nodes>,
    /// Keys of which a device has one value.
    keys: Map<NodeId, BTreeMap<FactKind, BTreeSet<Word>>>,
    /// Said outright: this interface and that one are the same device's.
    pairs: Vec<(NodeId, NodeId)>,
}

/// Nodes, each once.
type Nodes = SmallVec<[NodeId; 4]>;

impl Ties {
    /// Takes in a fact of a node.
    pub(crate) fn add(&mut self, node: NodeId, fact: &FactRecord, heard: &Heard) {
        // What a gateway reports, or an archive forwards, is of other devices.
        if fact.of_record {
            return;
        }
        if let (FactKind::OwnMac, FactValue::Mac(mac)) = (fact.kind, &fact.value) {
            self.pairs.extend(heard.id(Node::Mac(*mac)).filter(|other| *other != node).map(|other| (node, other)));
            return;
        }
        if !may_tie(fact.kind) {
            return;
        }
        let value = fact.text().trim_end_matches('.').to_lowercase_smolstr();
        if let Some(strength) = strength(fact.kind, &value) {
            let nodes = self.sharers.entry((strength, fact.kind, value.clone())).or_default();
            // More than so many tell nothing apart, however many more they are.
            if nodes.len() <= MAX_SHARERS && !nodes.contains(&node) {
                nodes.push(node);
            }
        }
        let key = match fact.kind {
            FactKind::HostName | FactKind::Fqdn => short_name(&value).into(),
            FactKind::Serial | FactKind::SnmpEngineId | FactKind::Duid => value,
            _ => return,
        };
        self.keys.entry(node).or_default().entry(sort(fact.kind)).or_default().insert(key);
    }

    /// Pairs of nodes that are one device.
    pub(crate) fn pairs(&self) -> Vec<(NodeId, NodeId)> {
        let mut pairs = self.pairs.clone();
        let mut shared: Map<(NodeId, NodeId), BTreeSet<(Strength, FactKind)>> = Map::default();
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
                    shared.entry((a.min(b), a.max(b))).or_default().insert((*strength, sort(*kind)));
                }
            }
        }
        pairs.extend(shared.into_iter().filter(|(_, sorts)| is_enough(sorts)).map(|(pair, _)| pair));
        pairs
    }

    /// Some of a group state different values of a key: what joined them, link by link, is not to be believed.
    pub(crate) fn is_contradictory(&self, group: &[NodeId]) -> bool {
        /// Compared with each other at most; a device with more interfaces is a switch or a router.
        const MAX_COMPARED: usize = 32;
        every_pair(group.get(..MAX_COMPARED).unwrap_or(group)).any(|(a, b)| self.contradict(a, b))
    }

    /// Both state a key, and no value of it in common.
    fn contradict(&self, a: NodeId, b: NodeId) -> bool {
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

fn every_pair(nodes: &[NodeId]) -> impl Iterator<Item = (NodeId, NodeId)> {
    nodes.iter().enumerate().flat_map(move |(index, a)| nodes.iter().skip(index + 1).map(move |b| (*a, *b)))
}

/// Kinds that [`strength`] knows.
const fn may_tie(kind: FactKind) -> bool {
    use FactKind as K;
    matches!(
        kind,
        K::Uuid
            | K::Eui64
            | K::SnmpEngineId
            | K::Duid
            | K::Fqdn
            | K::HostName
            | K::DhcpClientId
            | K::Serial
            | K::Udi
            | K::StationName
            | K::AeTitle
            | K::CertificateKey
    )
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
