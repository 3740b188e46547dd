//! Which endpoints are one device.
//!
//! An interface is known by its MAC address. A MAC that speaks for addresses that are not its own is a router's: what is
//! behind it is known by IP address. Interfaces are joined where they state the same identifier, if that identifier can tell
//! devices apart at all; too many holders of one identifier show that it cannot.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use model::{Endpoint, FactKind, FactValue, MacAddr};

use crate::Config;
use crate::store::{EndpointId, FactRecord, Span, Store, text};

/// What a device is known by before joining.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Node {
    Mac(MacAddr),
    Ip(IpAddr),
}

/// Most nodes that may share an identifier before it is taken as one that does not tell devices apart.
const MAX_SHARERS: usize = 6;

/// Endpoints grouped into devices.
#[derive(Debug)]
pub(crate) struct Identity {
    /// Nodes of each device; the first names it.
    pub(crate) groups: Vec<Vec<Node>>,
    /// Device of each endpoint.
    pub(crate) device_of: Vec<Option<usize>>,
    /// MACs that forward for others.
    pub(crate) routers: BTreeSet<MacAddr>,
    /// Addresses that are a site's though not in its networks (bound on a link), and those of devices.
    inside: BTreeSet<IpAddr>,
    networks: Config,
    /// How each address of a MAC is known.
    pub(crate) bound: BTreeMap<(MacAddr, IpAddr), &'static str>,
}

impl Identity {
    pub(crate) fn of(store: &Store, config: &Config) -> Self {
        let bound = bindings(store);
        let spoken = spoken_for(store);
        let stated = stated_routers(store);
        let routers: BTreeSet<MacAddr> =
            spoken.iter().filter(|(mac, ips)| is_router(**mac, ips, &bound, &stated, config)).map(|(mac, _)| *mac).collect();
        let owners = owners(&spoken, &bound, &routers, config);
        let nodes: Vec<Option<Node>> =
            store.endpoints.iter().map(|record| node_of(&record.endpoint, record.sent, &owners, &routers, config)).collect();
        let heard = heard(store, &nodes);
        let groups = join(store, &nodes, &heard);
        let index: BTreeMap<Node, usize> =
            groups.iter().enumerate().flat_map(|(index, group)| group.iter().map(move |node| (*node, index))).collect();
        let device_of = nodes.iter().map(|node| node.and_then(|node| index.get(&node).copied())).collect();
        let inside = owners.keys().copied().collect();
        let networks = config.clone();
        Self { groups, device_of, routers, inside, networks, bound }
    }

    /// The address is the site's.
    pub(crate) fn is_inside(&self, ip: &IpAddr) -> bool {
        self.inside.contains(ip) || self.networks.is_inside(*ip)
    }

    /// Device of an endpoint.
    pub(crate) fn device(&self, endpoint: EndpointId) -> Option<usize> {
        self.device_of.get(endpoint as usize).copied().flatten()
    }
}

/// Addresses that a link protocol ties to a MAC, and by what.
fn bindings(store: &Store) -> BTreeMap<(MacAddr, IpAddr), &'static str> {
    let mut bound = BTreeMap::new();
    for record in &store.endpoints {
        let (Some(mac), Some(ip)) = (record.endpoint.mac, record.endpoint.ip) else { continue };
        for fact in store.facts_of(&record.facts) {
            let by = match (fact.kind, fact.protocol.as_ref()) {
                (FactKind::Lease, _) => "lease",
                (FactKind::Binding, "dhcp" | "dhcpv6") => "lease",
                (FactKind::Binding, "arp") => "arp",
                (FactKind::Binding, "icmpv6") => "nd",
                (FactKind::Binding, _) => "traffic",
                _ => continue,
            };
            bound.entry((mac, ip)).or_insert(by);
        }
    }
    bound
}

/// Addresses that each MAC sent packets for.
fn spoken_for(store: &Store) -> BTreeMap<MacAddr, BTreeMap<IpAddr, u8>> {
    let mut spoken: BTreeMap<MacAddr, BTreeMap<IpAddr, u8>> = BTreeMap::new();
    for record in store.endpoints.iter().filter(|record| !record.sent.is_empty()) {
        let Some(mac) = record.endpoint.mac else { continue };
        let ips = spoken.entry(mac).or_default();
        if let Some(ip) = record.endpoint.ip.filter(is_unicast) {
            let hops = ips.entry(ip).or_default();
            *hops = record.hop_limit.max(*hops);
        }
    }
    spoken
}

/// MACs and addresses that a protocol says are routers.
fn stated_routers(store: &Store) -> (BTreeSet<MacAddr>, BTreeSet<IpAddr>) {
    let (mut macs, mut ips) = (BTreeSet::new(), BTreeSet::new());
    for record in &store.endpoints {
        for fact in store.facts_of(&record.facts).filter(|fact| fact.kind == FactKind::Router) {
            match (&fact.value, record.endpoint.mac, record.endpoint.ip) {
                (FactValue::Ip(ip), _, _) => drop(ips.insert(*ip)),
                (_, _, Some(ip)) => drop(ips.insert(ip)),
                (_, Some(mac), None) => drop(macs.insert(mac)),
                _ => {}
            }
        }
    }
    (macs, ips)
}

/// A MAC forwards when it speaks for the outside, for many subnets, or for hosts that are hops away, or is said to.
fn is_router(
    mac: MacAddr,
    ips: &BTreeMap<IpAddr, u8>,
    bound: &BTreeMap<(MacAddr, IpAddr), &'static str>,
    stated: &(BTreeSet<MacAddr>, BTreeSet<IpAddr>),
    config: &Config,
) -> bool {
    if is_virtual_router(mac) || stated.0.contains(&mac) {
        return true;
    }
    let own = bound.range((mac, IpAddr::from([0, 0, 0, 0]))..).take_while(|((of, _), _)| *of == mac);
    if own.clone().any(|((_, ip), _)| stated.1.contains(ip)) {
        return true;
    }
    let foreign: Vec<(&IpAddr, u8)> =
        ips.iter().filter(|(ip, _)| !bound.contains_key(&(mac, **ip))).map(|(ip, hops)| (ip, *hops)).collect();
    let outside = foreign.iter().filter(|(ip, _)| !config.is_inside(**ip)).count();
    let subnets: BTreeSet<[u8; 3]> = foreign
        .iter()
        .filter_map(|(ip, _)| match ip {
            IpAddr::V4(v4) => v4.octets().first_chunk().copied(),
            IpAddr::V6(_) => None,
        })
        .collect();
    let has_own = ips.len() > outside || own.clone().next().is_some();
    (outside > 0 && has_own && foreign.iter().any(|(ip, _)| ip.is_ipv4() && !config.is_inside(**ip)))
        || outside > 2
        || subnets.len() > 2
        || foreign.iter().any(|(_, hops)| is_routed(*hops))
}

/// The hop limit is one that hosts do not start with: the packet has been forwarded.
const fn is_routed(hop_limit: u8) -> bool {
    matches!(hop_limit, 33..=63 | 65..=127 | 129..=254)
}

/// VRRP (RFC 9568 §7.3) and HSRP virtual MACs.
fn is_virtual_router(mac: MacAddr) -> bool {
    let [a, b, c, d, e, _] = mac.0;
    matches!([a, b, c, d, e], [0, 0, 0x5e, 0, 1 | 2] | [0, 0, 0x0c, 0x07, 0xac] | [0, 0, 0x0c, 0x9f, 0xf0..=0xff])
}

/// Which MACs hold each address of the site.
fn owners(
    spoken: &BTreeMap<MacAddr, BTreeMap<IpAddr, u8>>,
    bound: &BTreeMap<(MacAddr, IpAddr), &'static str>,
    routers: &BTreeSet<MacAddr>,
    config: &Config,
) -> BTreeMap<IpAddr, BTreeSet<MacAddr>> {
    let mut owners: BTreeMap<IpAddr, BTreeSet<MacAddr>> = BTreeMap::new();
    for (mac, ip) in bound.keys().filter(|(_, ip)| is_unicast(ip)) {
        owners.entry(*ip).or_default().insert(*mac);
    }
    for (mac, ips) in spoken.iter().filter(|(mac, _)| !routers.contains(mac)) {
        for ip in ips.keys().filter(|ip| config.is_inside(**ip)) {
            owners.entry(*ip).or_default().insert(*mac);
        }
    }
    owners
}

/// The node an endpoint belongs to; `None` for what is outside, a group, or cannot be told.
fn node_of(
    endpoint: &Endpoint,
    sent: Span,
    owners: &BTreeMap<IpAddr, BTreeSet<MacAddr>>,
    routers: &BTreeSet<MacAddr>,
    config: &Config,
) -> Option<Node> {
    let mac = endpoint.mac.filter(|mac| mac.is_interface());
    let Some(ip) = endpoint.ip.filter(is_unicast) else {
        // A group address or none: the frame itself names the interface.
        return if endpoint.ip.is_none() || !sent.is_empty() { mac.map(Node::Mac) } else { None };
    };
    let holders = owners.get(&ip);
    match (mac, holders) {
        (Some(mac), Some(holders)) if holders.contains(&mac) => Some(Node::Mac(mac)),
        (_, Some(holders)) if holders.len() == 1 => holders.first().copied().map(Node::Mac),
        (Some(mac), None) if !config.is_inside(ip) && !routers.contains(&mac) && !sent.is_empty() => Some(Node::Mac(mac)),
        _ if config.is_inside(ip) => Some(Node::Ip(ip)),
        _ => None,
    }
}

/// Nodes that were heard: that sent something or were bound on the link.
fn heard(store: &Store, nodes: &[Option<Node>]) -> BTreeSet<Node> {
    let spoke = |facts: &[u32]| {
        store.facts_of(facts).any(|fact| {
            !matches!(fact.kind, FactKind::DnsName | FactKind::Router | FactKind::VirtualAddress | FactKind::NameServer)
        })
    };
    store
        .endpoints
        .iter()
        .zip(nodes)
        .filter(|(record, _)| !record.sent.is_empty() || spoke(&record.facts))
        .filter_map(|(_, node)| *node)
        .collect()
}

/// Identifiers that are of one device by their nature, wherever they are seen.
fn ties(fact: &FactRecord) -> bool {
    match fact.kind {
        FactKind::Uuid | FactKind::SnmpEngineId | FactKind::Duid | FactKind::Eui64 => true,
        FactKind::OwnMac => false,
        FactKind::Fqdn => matches!(&fact.value, FactValue::Text(name) if name.contains('.') && !name.ends_with(".local")),
        _ => false,
    }
}

/// Joins nodes that state the same identifier.
fn join(store: &Store, nodes: &[Option<Node>], heard: &BTreeSet<Node>) -> Vec<Vec<Node>> {
    let mut sharers: BTreeMap<(FactKind, String), BTreeSet<Node>> = BTreeMap::new();
    let mut pairs: Vec<(Node, Node)> = Vec::new();
    for (record, node) in store.endpoints.iter().zip(nodes) {
        let Some(node) = node.filter(|node| heard.contains(node)) else { continue };
        for fact in store.facts_of(&record.facts) {
            if ties(fact) {
                sharers.entry((fact.kind, text(&fact.value).to_ascii_lowercase())).or_default().insert(node);
            }
            if let (FactKind::OwnMac, FactValue::Mac(mac)) = (fact.kind, &fact.value) {
                let other = Node::Mac(*mac);
                if heard.contains(&other) && other != node {
                    pairs.push((node, other));
                }
            }
        }
    }
    for nodes in sharers.values().filter(|nodes| (2..=MAX_SHARERS).contains(&nodes.len())) {
        let mut nodes = nodes.iter();
        if let Some(first) = nodes.next() {
            pairs.extend(nodes.map(|node| (*first, *node)));
        }
    }
    group(heard, &pairs)
}

/// Connected sets of nodes, each sorted, the sets by their first node.
fn group(heard: &BTreeSet<Node>, pairs: &[(Node, Node)]) -> Vec<Vec<Node>> {
    let mut parent: BTreeMap<Node, Node> = heard.iter().map(|node| (*node, *node)).collect();
    for (a, b) in pairs {
        let (a, b) = (root(&mut parent, *a), root(&mut parent, *b));
        parent.insert(a.max(b), a.min(b));
    }
    let mut groups: BTreeMap<Node, Vec<Node>> = BTreeMap::new();
    for node in heard {
        let root = root(&mut parent, *node);
        groups.entry(root).or_default().push(*node);
    }
    groups.into_values().collect()
}

/// The node that stands for a set; shortens the way to it.
fn root(parent: &mut BTreeMap<Node, Node>, node: Node) -> Node {
    let mut at = node;
    while let Some(up) = parent.get(&at).copied().filter(|up| *up != at) {
        let above = parent.get(&up).copied().unwrap_or(up);
        parent.insert(at, above);
        at = up;
    }
    at
}

/// Names one host.
pub(crate) fn is_unicast(ip: &IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => !(v4.is_multicast() || v4.is_broadcast() || v4.is_unspecified() || v4.is_loopback()),
        IpAddr::V6(v6) => !(v6.is_multicast() || v6.is_unspecified() || v6.is_loopback()),
    }
}
