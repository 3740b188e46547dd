//! Which endpoints are one device.
//!
//! An interface is known by its MAC address. A MAC that speaks for addresses that are not its own is a router's: what is
//! behind it is known by IP address. An address may move from one interface to another: what is known of the address alone
//! belongs to the interface that held it at that time. Which interfaces are one device, [`crate::ties`] says.

use std::net::IpAddr;

use model::{Endpoint, FactKind, FactValue, MacAddr, Timestamp};

use smallvec::SmallVec;

use crate::Config;
use crate::store::{EndpointId, EndpointRecord, Map, Set, Span, Store};
use crate::ties::Ties;

/// What a device is known by before joining: an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Node {
    /// By its MAC address.
    Mac(MacAddr),
    /// By its IP address, where it was only seen behind a router.
    Ip(IpAddr),
}

/// What a person says of which interfaces are one device. It counts more than what was observed, and the later more than the earlier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// These are one device, with all that belongs to any of them.
    Together(Vec<Node>),
    /// These are a device of their own, apart from the rest of what they were part of.
    Apart(Vec<Node>),
}

/// MACs that hold an address, by MAC, and when.
type Holders = SmallVec<[(MacAddr, Span); 1]>;

/// Holders of each address of the site.
type Owners = Map<IpAddr, Holders>;

/// Place of a node among those that were heard, by node.
pub(crate) type NodeId = u32;

/// Endpoints grouped into devices.
#[derive(Debug)]
pub(crate) struct Identity {
    /// Nodes of each device; the first names it.
    pub(crate) groups: Vec<Vec<Node>>,
    /// Device of each endpoint, where it does not depend on the time.
    device_of: Vec<Option<u32>>,
    /// Endpoints whose address several interfaces held: the devices, with when.
    moved: Map<EndpointId, Vec<(Span, u32)>>,
    /// Addresses that a protocol says are routers'.
    pub(crate) stated_routers: Set<IpAddr>,
    /// MACs that forward for others.
    pub(crate) routers: Set<MacAddr>,
    /// Holders of addresses: these are a site's though not in its networks.
    owners: Owners,
    networks: Config,
    /// How the address of each endpoint is known to be its MAC's.
    bound: Vec<Option<&'static str>>,
}

impl Identity {
    pub(crate) fn of(store: &Store, config: &Config, said: &[Said]) -> Self {
        let bound: Vec<_> = store.endpoints.iter().map(|record| binding(store, record)).collect();
        let stated = stated_routers(store);
        let spoken = spoken_for(store, &bound);
        let routers: Set<MacAddr> =
            spoken.iter().filter(|(mac, spoken)| is_router(**mac, spoken, &stated, config)).map(|(mac, _)| *mac).collect();
        let owners = owners(store, &bound, &routers, config);
        let nodes: Vec<Option<Node>> =
            store.endpoints.iter().map(|record| node_of(&record.endpoint, record.sent, &owners, &routers, config)).collect();
        let heard = Heard::of(store, &nodes, &owners);
        let nodes: Vec<Option<NodeId>> = nodes.iter().map(|node| heard.id((*node)?)).collect();
        let groups = said.iter().fold(join(store, &nodes, &heard), |groups, said| regroup(groups, said, &heard));
        let mut device_of_node = vec![0; heard.nodes.len()];
        for (device, group) in (0_u32..).zip(&groups) {
            for node in group {
                device_of_node.get_mut(*node as usize).into_iter().for_each(|place| *place = device);
            }
        }
        let device = |node: NodeId| device_of_node.get(node as usize).copied();
        let moved = (0..)
            .zip(&store.endpoints)
            .filter_map(|(id, record)| {
                let holders = ambiguous(&record.endpoint, &owners)?.iter();
                Some((id, holders.filter_map(|(mac, span)| Some((*span, device(heard.id(Node::Mac(*mac))?)?))).collect()))
            })
            .collect();
        let name = |group: Vec<NodeId>| group.iter().filter_map(|id| heard.nodes.get(*id as usize).copied()).collect();
        Self {
            device_of: nodes.into_iter().map(|node| device(node?)).collect(),
            groups: groups.into_iter().map(name).collect(),
            moved,
            stated_routers: stated.1,
            routers,
            owners,
            networks: config.clone(),
            bound,
        }
    }

    /// The address is the site's.
    pub(crate) fn is_inside(&self, ip: &IpAddr) -> bool {
        self.owners.contains_key(ip) || self.networks.is_inside(*ip)
    }

    /// How the address of an endpoint is known to be its MAC's.
    pub(crate) fn known_by(&self, endpoint: EndpointId) -> Option<&'static str> {
        self.bound.get(endpoint as usize).copied().flatten()
    }

    /// Whose endpoint it is depends on the time.
    pub(crate) fn is_moved(&self, endpoint: EndpointId) -> bool {
        self.moved.contains_key(&endpoint)
    }

    /// Device of an endpoint at a time: the holder then, else the nearest in time.
    pub(crate) fn device(&self, endpoint: EndpointId, time: Timestamp) -> Option<u32> {
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

/// What ties the address of an endpoint to its MAC, if a link protocol does.
fn binding(store: &Store, record: &EndpointRecord) -> Option<&'static str> {
    record.endpoint.mac.and(record.endpoint.ip)?;
    store.facts_of(&record.facts).find_map(|fact| match (fact.kind, fact.protocol()) {
        (FactKind::Lease, _) | (FactKind::Binding, "dhcp" | "dhcpv6") => Some("lease"),
        (FactKind::Binding, "arp") => Some("arp"),
        (FactKind::Binding, "icmpv6") => Some("nd"),
        (FactKind::Binding, _) => Some("traffic"),
        _ => None,
    })
}

/// Addresses of a MAC.
#[derive(Debug, Default)]
struct Spoken {
    /// It sent packets.
    sent: bool,
    /// Those that a link protocol ties to it.
    bound: Vec<IpAddr>,
    /// Others that it sent packets for, and the highest hop limit of these.
    foreign: Vec<(IpAddr, u8)>,
    /// All that it sent packets for.
    count: usize,
}

/// Addresses that each MAC sent packets for.
fn spoken_for(store: &Store, bound: &[Option<&'static str>]) -> Map<MacAddr, Spoken> {
    let mut spoken: Map<MacAddr, Spoken> = Map::default();
    for (record, bound) in store.endpoints.iter().zip(bound) {
        let Some(mac) = record.endpoint.mac else { continue };
        let of_mac = spoken.entry(mac).or_default();
        of_mac.bound.extend(record.endpoint.ip.filter(|_| bound.is_some()));
        if record.sent.is_empty() {
            continue;
        }
        of_mac.sent = true;
        if let Some(ip) = record.endpoint.ip.filter(is_unicast) {
            of_mac.count = of_mac.count.saturating_add(1);
            if bound.is_none() {
                of_mac.foreign.push((ip, record.hop_limit));
            }
        }
    }
    spoken.retain(|_, spoken| spoken.sent);
    spoken
}

/// MACs and addresses that a protocol says are routers.
fn stated_routers(store: &Store) -> (Set<MacAddr>, Set<IpAddr>) {
    let (mut macs, mut ips) = (Set::default(), Set::default());
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
fn is_router(mac: MacAddr, spoken: &Spoken, stated: &(Set<MacAddr>, Set<IpAddr>), config: &Config) -> bool {
    if is_virtual_router(mac) || stated.0.contains(&mac) || spoken.bound.iter().any(|ip| stated.1.contains(ip)) {
        return true;
    }
    let foreign = &spoken.foreign;
    let outside = foreign.iter().filter(|(ip, _)| !config.is_inside(*ip)).count();
    let has_own = spoken.count > outside || !spoken.bound.is_empty();
    (outside > 0 && has_own && foreign.iter().any(|(ip, _)| ip.is_ipv4() && !config.is_inside(*ip)))
        || outside > 2
        || has_subnets(foreign, 3)
        || foreign.iter().any(|(_, hops)| is_routed(*hops))
}

/// The addresses lie in that many subnets of 24 bits or more.
fn has_subnets(addresses: &[(IpAddr, u8)], wanted: usize) -> bool {
    let mut subnets: SmallVec<[[u8; 3]; 3]> = SmallVec::new();
    for (ip, _) in addresses {
        let IpAddr::V4(v4) = ip else { continue };
        let [a, b, c, _] = v4.octets();
        if !subnets.contains(&[a, b, c]) {
            subnets.push([a, b, c]);
        }
        if subnets.len() >= wanted {
            return true;
        }
    }
    false
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
fn owners(store: &Store, bound: &[Option<&'static str>], routers: &Set<MacAddr>, config: &Config) -> Owners {
    let mut owners = Owners::default();
    for (record, bound) in store.endpoints.iter().zip(bound) {
        let (Some(mac), Some(ip)) = (record.endpoint.mac, record.endpoint.ip.filter(is_unicast)) else { continue };
        // A router's own packets have not been forwarded: their hop limit is one that hosts start with.
        let is_own = || !routers.contains(&mac) || matches!(record.hop_limit, 1 | 32 | 64 | 128 | 255);
        if bound.is_some() || (!record.sent.is_empty() && config.is_inside(ip) && is_own()) {
            owners.entry(ip).or_default().push((mac, held(store, record)));
        }
    }
    for holders in owners.values_mut().filter(|holders| holders.len() > 1) {
        // A router that answers for others (RFC 1027), or that an unusual hop limit was taken for the holder.
        if holders.iter().any(|(mac, _)| !routers.contains(mac)) {
            holders.retain(|(mac, _)| !routers.contains(mac));
        }
        holders.sort_unstable_by_key(|(mac, _)| *mac);
    }
    owners
}

/// When an interface was seen with an address.
fn held(store: &Store, record: &EndpointRecord) -> Span {
    let mut span = record.sent;
    let binds = |kind| matches!(kind, FactKind::Binding | FactKind::Lease);
    store.facts_of(&record.facts).filter(|fact| binds(fact.kind)).for_each(|fact| span.add(fact.span()));
    span
}

/// The holders of an endpoint's address, if there are several and its MAC is none of them.
fn ambiguous<'o>(endpoint: &Endpoint, owners: &'o Owners) -> Option<&'o Holders> {
    let holders = owners.get(&endpoint.ip?).filter(|holders| holders.len() > 1)?;
    (!endpoint.mac.is_some_and(|mac| holds(holders, mac))).then_some(holders)
}

fn holds(holders: &Holders, mac: MacAddr) -> bool {
    holders.iter().any(|(holder, _)| *holder == mac)
}

/// The node an endpoint belongs to; `None` for what is outside, a group, or cannot be told.
fn node_of(endpoint: &Endpoint, sent: Span, owners: &Owners, routers: &Set<MacAddr>, config: &Config) -> Option<Node> {
    if let (None, Some(ip)) = (endpoint.mac, endpoint.ip.filter(IpAddr::is_loopback)) {
        // The capture was taken inside a host: it is that host.
        return Some(Node::Ip(ip));
    }
    let mac = endpoint.mac.filter(|mac| mac.is_interface());
    let Some(ip) = endpoint.ip.filter(is_unicast) else {
        // A group address or none: the frame itself names the interface.
        return if endpoint.ip.is_none() || !sent.is_empty() { mac.map(Node::Mac) } else { None };
    };
    match (mac, owners.get(&ip).map(|holders| (holders, holders.as_slice()))) {
        (Some(mac), Some((holders, _))) if holds(holders, mac) => Some(Node::Mac(mac)),
        (_, Some((_, [(holder, _)]))) => Some(Node::Mac(*holder)),
        // Which of them depends on the time.
        (_, Some(_)) => None,
        (_, None) if config.is_inside(ip) => Some(Node::Ip(ip)),
        (Some(mac), None) if !routers.contains(&mac) && !sent.is_empty() => Some(Node::Mac(mac)),
        _ => None,
    }
}

/// Nodes that were heard: that sent something or were bound on the link.
#[derive(Debug)]
pub(crate) struct Heard {
    /// In order.
    nodes: Vec<Node>,
    ids: Map<Node, NodeId>,
}

impl Heard {
    fn of(store: &Store, nodes: &[Option<Node>], owners: &Owners) -> Self {
        let records = store.endpoints.iter().zip(nodes);
        let spoke = records.filter(|(record, node)| node.is_some() && (!record.sent.is_empty() || speaks(store, &record.facts)));
        let holders = owners.values().flatten().map(|(mac, _)| Node::Mac(*mac));
        let mut heard: Vec<Node> = spoke.filter_map(|(_, node)| *node).chain(holders).collect();
        heard.sort_unstable();
        heard.dedup();
        let ids = heard.iter().copied().zip(0..).collect();
        Self { nodes: heard, ids }
    }

    /// The place of a node, if it was heard.
    pub(crate) fn id(&self, node: Node) -> Option<NodeId> {
        self.ids.get(&node).copied()
    }
}

/// Some fact makes the endpoint somebody's; what others say of an address does not.
fn speaks(store: &Store, facts: &[u32]) -> bool {
    use FactKind as K;
    store.facts_of(facts).any(|fact| !matches!(fact.kind, K::DnsName | K::Router | K::VirtualAddress | K::NameServer | K::Prefix))
}

/// Joins nodes that are one device's.
fn join(store: &Store, nodes: &[Option<NodeId>], heard: &Heard) -> Vec<Vec<NodeId>> {
    let mut ties = Ties::default();
    for (record, node) in store.endpoints.iter().zip(nodes) {
        if let Some(node) = node {
            store.facts_of(&record.facts).for_each(|fact| ties.add(*node, fact, heard));
        }
    }
    let groups = group(heard.nodes.len(), &ties.pairs());
    groups
        .into_iter()
        .flat_map(|group| {
            let is_one = group.len() == 1 || !ties.is_contradictory(&group);
            if is_one { vec![group] } else { group.into_iter().map(|node| vec![node]).collect() }
        })
        .collect()
}

/// Groups as somebody says they are; each sorted, the groups by their first node.
fn regroup(groups: Vec<Vec<NodeId>>, said: &Said, heard: &Heard) -> Vec<Vec<NodeId>> {
    let (Said::Together(named) | Said::Apart(named)) = said;
    let named: Set<NodeId> = named.iter().filter_map(|node| heard.id(*node)).collect();
    let (concerned, mut regrouped): (Vec<_>, Vec<_>) =
        groups.into_iter().partition(|group| group.iter().any(|node| named.contains(node)));
    match said {
        Said::Together(_) => regrouped.push(concerned.concat()),
        Said::Apart(_) => {
            let (own, rest): (Vec<_>, Vec<_>) =
                concerned.into_iter().map(|group| group.into_iter().partition(|node| named.contains(node))).unzip();
            regrouped.push(own.concat());
            regrouped.extend(rest);
        }
    }
    regrouped.retain(|group| !group.is_empty());
    regrouped.iter_mut().for_each(|group| group.sort_unstable());
    regrouped.sort_unstable();
    regrouped
}

/// Connected sets of nodes, each sorted, the sets by their first node.
fn group(count: usize, pairs: &[(NodeId, NodeId)]) -> Vec<Vec<NodeId>> {
    let mut parent: Vec<NodeId> = (0..).take(count).collect();
    for (a, b) in pairs {
        let (a, b) = (root(&mut parent, *a), root(&mut parent, *b));
        parent.get_mut(a.max(b) as usize).into_iter().for_each(|up| *up = a.min(b));
    }
    let mut groups: Vec<Vec<NodeId>> = Vec::new();
    let mut place = vec![0; count];
    for node in (0..).take(count) {
        let root = root(&mut parent, node) as usize;
        // A set's root is its first node.
        if root == node as usize {
            place.get_mut(root).into_iter().for_each(|place| *place = groups.len());
            groups.push(vec![node]);
        } else if let Some(group) = place.get(root).and_then(|place| groups.get_mut(*place)) {
            group.push(node);
        }
    }
    groups
}

/// The node that stands for a set; shortens the way to it.
fn root(parent: &mut [NodeId], node: NodeId) -> NodeId {
    let up = |parent: &[NodeId], node: NodeId| parent.get(node as usize).copied().unwrap_or(node);
    let mut at = node;
    while up(parent, at) != at {
        let above = up(parent, up(parent, at));
        parent.get_mut(at as usize).into_iter().for_each(|place| *place = above);
        at = above;
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
