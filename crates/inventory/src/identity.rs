//! Which endpoints are one device.
//!
//! An interface is known by its MAC address. A MAC that speaks for addresses that are not its own is a router's: what is
//! behind it is known by IP address. An address may move from one interface to another: what is known of the address alone
//! belongs to the interface that held it at that time. Which interfaces are one device, [`crate::ties`] says.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use model::{Endpoint, FactKind, FactValue, MacAddr, Timestamp};

use crate::Config;
use crate::store::{EndpointId, EndpointRecord, Span, Store};
use crate::ties::Ties;

/// What a device is known by before joining.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Node {
    Mac(MacAddr),
    Ip(IpAddr),
}

/// MACs that hold an address, and when.
type Holders = BTreeMap<MacAddr, Span>;

/// Endpoints grouped into devices.
#[derive(Debug)]
pub(crate) struct Identity {
    /// Nodes of each device; the first names it.
    pub(crate) groups: Vec<Vec<Node>>,
    /// Device of each endpoint, where it does not depend on the time.
    device_of: Vec<Option<usize>>,
    /// Endpoints whose address several interfaces held: the devices, with when.
    moved: BTreeMap<EndpointId, Vec<(Span, usize)>>,
    /// Addresses that a protocol says are routers'.
    pub(crate) stated_routers: BTreeSet<IpAddr>,
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
        let owners = owners(store, &bound, &routers, config);
        let nodes: Vec<Option<Node>> =
            store.endpoints.iter().map(|record| node_of(&record.endpoint, record.sent, &owners, &routers, config)).collect();
        let heard = heard(store, &nodes, &owners);
        let groups = join(store, &nodes, &heard);
        let index: BTreeMap<Node, usize> =
            groups.iter().enumerate().flat_map(|(index, group)| group.iter().map(move |node| (*node, index))).collect();
        let device_of: Vec<Option<usize>> = nodes.iter().map(|node| node.and_then(|node| index.get(&node).copied())).collect();
        let moved = (0..)
            .zip(&store.endpoints)
            .filter_map(|(id, record)| {
                let holders = ambiguous(&record.endpoint, &owners)?;
                Some((id, holders.iter().filter_map(|(mac, span)| Some((*span, *index.get(&Node::Mac(*mac))?))).collect()))
            })
            .collect();
        let inside = owners.keys().copied().collect();
        let networks = config.clone();
        Self { groups, device_of, moved, stated_routers: stated.1, routers, inside, networks, bound }
    }

    /// The address is the site's.
    pub(crate) fn is_inside(&self, ip: &IpAddr) -> bool {
        self.inside.contains(ip) || self.networks.is_inside(*ip)
    }

    /// Whose endpoint it is depends on the time.
    pub(crate) fn is_moved(&self, endpoint: EndpointId) -> bool {
        self.moved.contains_key(&endpoint)
    }

    /// Device of an endpoint at a time: the holder then, else the nearest in time.
    pub(crate) fn device(&self, endpoint: EndpointId, time: Timestamp) -> Option<usize> {
        let Some(holders) = self.moved.get(&endpoint) else {
            return self.device_of.get(endpoint as usize).copied().flatten();
        };
        let far = |span: &Span| {
            let before = span.first.nanos().saturating_sub(time.nanos()).max(0);
            before.max(time.nanos().saturating_sub(span.last.nanos()))
        };
        // Of two that held it at once, the one that took it later.
        holders.iter().min_by_key(|(span, _)| (far(span), std::cmp::Reverse(span.first))).map(|(_, device)| *device)
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
                (_, mac, ip) => {
                    macs.extend(mac);
                    ips.extend(ip);
                }
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

/// Which MACs hold each address of the site, and when.
fn owners(
    store: &Store,
    bound: &BTreeMap<(MacAddr, IpAddr), &'static str>,
    routers: &BTreeSet<MacAddr>,
    config: &Config,
) -> BTreeMap<IpAddr, Holders> {
    let mut owners: BTreeMap<IpAddr, Holders> = BTreeMap::new();
    for record in &store.endpoints {
        let (Some(mac), Some(ip)) = (record.endpoint.mac, record.endpoint.ip.filter(is_unicast)) else { continue };
        let spoke = !record.sent.is_empty() && config.is_inside(ip);
        // A router's own packets have not been forwarded: their hop limit is one that hosts start with.
        let own = !routers.contains(&mac) || matches!(record.hop_limit, 1 | 32 | 64 | 128 | 255);
        if bound.contains_key(&(mac, ip)) || (spoke && own) {
            owners.entry(ip).or_default().entry(mac).or_insert(Span::EMPTY).add(held(store, record));
        }
    }
    for holders in owners.values_mut().filter(|holders| holders.len() > 1) {
        // A router that answers for others (RFC 1027), or that an unusual hop limit was taken for the holder.
        if holders.keys().any(|mac| !routers.contains(mac)) {
            holders.retain(|mac, _| !routers.contains(mac));
        }
    }
    owners
}

/// When an interface was seen with an address.
fn held(store: &Store, record: &EndpointRecord) -> Span {
    let mut span = record.sent;
    let binds = |kind| matches!(kind, FactKind::Binding | FactKind::Lease);
    store.facts_of(&record.facts).filter(|fact| binds(fact.kind)).for_each(|fact| span.add(fact.span));
    span
}

/// The holders of an endpoint's address, if there are several and its MAC is none of them.
fn ambiguous<'o>(endpoint: &Endpoint, owners: &'o BTreeMap<IpAddr, Holders>) -> Option<&'o Holders> {
    let holders = owners.get(&endpoint.ip?).filter(|holders| holders.len() > 1)?;
    (!endpoint.mac.is_some_and(|mac| holders.contains_key(&mac))).then_some(holders)
}

/// The node an endpoint belongs to; `None` for what is outside, a group, or cannot be told.
fn node_of(
    endpoint: &Endpoint,
    sent: Span,
    owners: &BTreeMap<IpAddr, Holders>,
    routers: &BTreeSet<MacAddr>,
    config: &Config,
) -> Option<Node> {
    if let (None, Some(ip)) = (endpoint.mac, endpoint.ip.filter(IpAddr::is_loopback)) {
        // The capture was taken inside a host: it is that host.
        return Some(Node::Ip(ip));
    }
    let mac = endpoint.mac.filter(|mac| mac.is_interface());
    let Some(ip) = endpoint.ip.filter(is_unicast) else {
        // A group address or none: the frame itself names the interface.
        return if endpoint.ip.is_none() || !sent.is_empty() { mac.map(Node::Mac) } else { None };
    };
    let holders = owners.get(&ip);
    match (mac, holders) {
        (Some(mac), Some(holders)) if holders.contains_key(&mac) => Some(Node::Mac(mac)),
        (_, Some(holders)) if holders.len() == 1 => holders.keys().next().copied().map(Node::Mac),
        // Which of them depends on the time.
        (_, Some(_)) => None,
        (Some(mac), None) if !config.is_inside(ip) && !routers.contains(&mac) && !sent.is_empty() => Some(Node::Mac(mac)),
        _ if config.is_inside(ip) => Some(Node::Ip(ip)),
        _ => None,
    }
}

/// Nodes that were heard: that sent something or were bound on the link.
fn heard(store: &Store, nodes: &[Option<Node>], owners: &BTreeMap<IpAddr, Holders>) -> BTreeSet<Node> {
    use FactKind as K;
    let spoke = |facts: &[u32]| {
        store.facts_of(facts).any(|fact| {
            // What others say of an address does not make it somebody's.
            let is_hearsay = [K::DnsName, K::Router, K::VirtualAddress, K::NameServer, K::Prefix].contains(&fact.kind);
            !is_hearsay
        })
    };
    let mut heard: BTreeSet<Node> = store
        .endpoints
        .iter()
        .zip(nodes)
        .filter(|(record, _)| !record.sent.is_empty() || spoke(&record.facts))
        .filter_map(|(_, node)| *node)
        .collect();
    heard.extend(owners.values().flat_map(Holders::keys).map(|mac| Node::Mac(*mac)));
    heard
}

/// Joins nodes that are one device's.
fn join(store: &Store, nodes: &[Option<Node>], heard: &BTreeSet<Node>) -> Vec<Vec<Node>> {
    let mut ties = Ties::default();
    for (record, node) in store.endpoints.iter().zip(nodes) {
        if let Some(node) = node.filter(|node| heard.contains(node)) {
            store.facts_of(&record.facts).for_each(|fact| ties.add(node, fact, heard));
        }
    }
    let groups = group(heard, &ties.pairs());
    groups
        .into_iter()
        .flat_map(|group| {
            let is_one = group.len() == 1 || !ties.is_contradictory(&group);
            if is_one { vec![group] } else { group.into_iter().map(|node| vec![node]).collect() }
        })
        .collect()
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
