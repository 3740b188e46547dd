//! Conversations between devices, and between devices and the outside.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;

use knowledge::Knowledge;
use model::observation::Transport;
use model::report::{Conversation, Encryption, Identifier, Party, PhiSeen, Scope};
use model::{Endpoint, FactKind, FactValue, MacAddr, Timestamp, Word};
use smallvec::{SmallVec, smallvec};
use smol_str::{StrExt as _, format_smolstr};

use crate::identity::{Identity, Node, is_unicast};
use crate::store::{ConversationRecord, EndpointId, FactRecord, Map, Store};

/// The stable id of a device.
pub(crate) fn device_id(group: &[Node]) -> Word {
    match group.first() {
        Some(Node::Mac(MacAddr([a, b, c, d, e, f]))) => format_smolstr!("d-{a:02x}{b:02x}{c:02x}{d:02x}{e:02x}{f:02x}"),
        Some(Node::Ip(ip)) => format_smolstr!("d-{ip}"),
        None => Word::new_static("d-"),
    }
}

/// What a party is for grouping: a device, or an endpoint that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Who<'a> {
    Device(u32),
    /// Outside, by the name it was asked for: one service on many addresses is one party.
    Name(&'a str),
    Ip(IpAddr),
    Mac(MacAddr),
    Nobody,
}

/// Two records with the same key are one conversation.
type Key<'a> = (Who<'a>, Who<'a>, Transport, u16, &'a str);

/// Records of one conversation, mostly one.
type Records<'a> = SmallVec<[&'a ConversationRecord; 1]>;

/// All conversations, by id, and which devices talk in each: by their place among the groups of identity.
#[derive(Debug, Default)]
pub(crate) struct Talk {
    pub(crate) conversations: Vec<Conversation>,
    /// Client and server.
    pub(crate) devices: Vec<[Option<u32>; 2]>,
}

/// Everything that is known of names of addresses outside.
fn dns_names(store: &Store) -> Map<IpAddr, (u64, &Word)> {
    let mut names: Map<IpAddr, (u64, &Word)> = Map::default();
    for record in &store.endpoints {
        let Some(ip) = record.endpoint.ip else { continue };
        for fact in store.facts_of(&record.facts).filter(|fact| fact.kind == FactKind::DnsName) {
            let name = (fact.seen.count, fact.text());
            // The name asked for most often; of equals the first by alphabet.
            let known = names.entry(ip).or_insert(name);
            if (known.0, name.1) < (name.0, known.1) {
                *known = name;
            }
        }
    }
    names
}

/// Makes conversations of records.
struct Maker<'a> {
    store: &'a Store,
    identity: &'a Identity,
    knowledge: &'a Knowledge,
    /// Ids of devices.
    ids: &'a [Word],
    names: Map<IpAddr, (u64, &'a Word)>,
}

/// All conversations. `ids` are those of the groups of identity.
pub(crate) fn resolve(store: &Store, identity: &Identity, ids: &[Word], knowledge: &Knowledge) -> Talk {
    let maker = Maker { store, identity, knowledge, ids, names: dns_names(store) };
    let mut groups: Map<Key<'_>, Records<'_>> = Map::default();
    for record in &store.conversations {
        groups.entry(maker.key(record)).or_default().push(record);
    }
    join_facts_alone(&mut groups);
    let mut text = String::new();
    let mut groups: Vec<(u64, Key<'_>, Records<'_>)> =
        groups.into_iter().map(|(key, records)| (maker.id(&key, &mut text), key, records)).collect();
    groups.sort_unstable_by_key(|(id, _, records)| (*id, records.first().map(|record| record.frame)));
    let device = |who| if let Who::Device(device) = who { Some(device) } else { None };
    Talk {
        devices: groups.iter().map(|(_, key, _)| [device(key.0), device(key.1)]).collect(),
        conversations: groups.iter().map(|(id, key, records)| maker.conversation(*id, key, records)).collect(),
    }
}

/// Records of facts alone, as logs give them beside those of connections, belong to the one conversation of the same parties and
/// port; where there is none or several, what was said between them is nobody's.
fn join_facts_alone<'a>(groups: &mut Map<Key<'a>, Records<'a>>) {
    type Parties<'a> = (Who<'a>, Who<'a>, Transport, u16);
    let parties = |key: &Key<'a>| -> Parties<'a> { (key.0, key.1, key.2, key.3) };
    let mut alone: Map<Parties<'a>, Records<'a>> = Map::default();
    groups.retain(|key, records| {
        let has_flows = records.iter().any(|record| record.flows > 0);
        if !has_flows {
            alone.entry(parties(key)).or_default().extend(records.drain(..));
        }
        has_flows
    });
    let mut homes: Map<Parties<'a>, Option<Key<'a>>> = Map::default();
    for key in groups.keys().filter(|key| alone.contains_key(&parties(key))) {
        homes.entry(parties(key)).and_modify(|home| *home = None).or_insert(Some(*key));
    }
    for (parties, home) in homes {
        if let Some((records, found)) = home.and_then(|key| groups.get_mut(&key)).zip(alone.remove(&parties)) {
            records.extend(found);
        }
    }
}

impl<'a> Maker<'a> {
    fn key(&self, record: &'a ConversationRecord) -> Key<'a> {
        (
            self.who((record.client, record.span.first), None),
            self.who((record.server, record.span.first), named_server(self.store.facts_of(&record.facts))),
            record.transport,
            record.port,
            record.protocol.as_deref().unwrap_or_default(),
        )
    }

    fn who(&self, (id, time): (EndpointId, Timestamp), asked_for: Option<&'a Word>) -> Who<'a> {
        if let Some(device) = self.identity.device(id, time) {
            return Who::Device(device);
        }
        match self.store.endpoint_record(id).map(|record| record.endpoint) {
            Some(Endpoint { ip: Some(ip), .. }) => {
                let is_outside = is_unicast(&ip) && !self.identity.is_inside(&ip);
                let name = asked_for.or_else(|| self.dns_name(&ip)).filter(|_| is_outside);
                name.map_or(Who::Ip(ip), |name| Who::Name(name))
            }
            Some(Endpoint { mac: Some(mac), .. }) => Who::Mac(mac),
            _ => Who::Nobody,
        }
    }

    fn dns_name(&self, ip: &IpAddr) -> Option<&'a Word> {
        self.names.get(ip).map(|(_, name)| *name)
    }

    /// Stays the same as long as the parties, carrier, port and protocol do.
    fn id(&self, (client, server, transport, port, protocol): &Key<'_>, text: &mut String) -> u64 {
        text.clear();
        for who in [client, server] {
            let _ = match who {
                Who::Device(device) => write!(text, "{}|", self.ids.get(*device as usize).map_or("", Word::as_str)),
                Who::Name(name) => write!(text, "{name}|"),
                Who::Ip(ip) => write!(text, "{ip}|"),
                Who::Mac(mac) => write!(text, "{mac}|"),
                Who::Nobody => write!(text, "|"),
            };
        }
        let _ = write!(text, "{transport:?}|{port}|{protocol}");
        // FNV-1a, 64 bits: fixed for good, unlike a library's hash.
        text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
    }

    fn conversation(&self, id: u64, key: &Key<'_>, records: &Records<'a>) -> Conversation {
        let (client, server, transport, port, protocol) = *key;
        let facts = facts(self.store, records);
        let spoken_name = named_server(facts.iter());
        let sum = |of: fn(&ConversationRecord) -> u64| records.iter().map(|record| of(record)).fold(0, u64::saturating_add);
        let first = records.iter().min_by_key(|record| (record.span.first, record.frame));
        let service = self.knowledge.service(service_key(protocol, transport), port);
        Conversation {
            id: format_smolstr!("c-{id:016x}"),
            client: self.party(client, records.iter().map(|record| record.client), None),
            server: self.party(server, records.iter().map(|record| record.server), spoken_name),
            server_addresses: addresses(self.store, server, records),
            transport,
            port,
            protocol: records.iter().find_map(|record| record.protocol.clone()).unwrap_or_default(),
            service: service.map_or_else(|| service_name(protocol, transport, port), |fact| fact.name.clone()),
            clinical: service.and_then(|fact| fact.carries.clone()),
            management: service.is_some_and(|fact| fact.management),
            first_seen: first.map(|record| record.span.first).unwrap_or_default(),
            last_seen: records.iter().map(|record| record.span.last).max().unwrap_or_default(),
            days_seen: days_seen(records),
            flows: sum(|record| record.flows),
            failed_flows: sum(|record| record.failed),
            packets_to_server: sum(|record| record.to_server.packets),
            packets_to_client: sum(|record| record.to_client.packets),
            bytes_to_server: sum(|record| record.to_server.bytes),
            bytes_to_client: sum(|record| record.to_client.bytes),
            bytes_lost: sum(|record| record.to_server.lost.saturating_add(record.to_client.lost)),
            encryption: encryption(protocol, service.is_some_and(|fact| fact.cleartext), &facts),
            facts: facts.iter().filter(|fact| !matches!(fact.kind, FactKind::Phi(_))).map(identifier).collect(),
            phi: phi(&facts),
            direction_known: records.iter().any(|record| record.direction_known),
            tunnel: records.iter().find_map(|record| record.tunnel.clone()),
            frame: first.map(|record| record.frame).unwrap_or_default(),
        }
    }

    fn party(&self, who: Who<'_>, mut endpoints: impl Iterator<Item = EndpointId>, asked_for: Option<&Word>) -> Party {
        let ip_of = |id| self.store.endpoint_record(id)?.endpoint.ip;
        let nobody = Party { device: None, name: None, ip: None, mac: None, scope: Scope::Outside };
        match who {
            Who::Device(device) => Party {
                device: self.ids.get(device as usize).cloned(),
                ip: endpoints.find_map(ip_of),
                scope: Scope::Inside,
                ..nobody
            },
            Who::Name(name) => Party { name: Some(name.into()), ip: endpoints.filter_map(ip_of).min(), ..nobody },
            Who::Ip(ip) => {
                let scope = match (is_group(&ip), self.identity.is_inside(&ip)) {
                    (true, _) => Scope::Group,
                    (false, true) => Scope::Inside,
                    (false, false) => Scope::Outside,
                };
                let name = asked_for.or_else(|| self.dns_name(&ip)).filter(|_| scope != Scope::Group).cloned();
                Party { name, ip: Some(ip), scope, ..nobody }
            }
            Who::Mac(mac) => {
                let scope = if mac.is_group() { Scope::Group } else { Scope::Inside };
                Party { mac: Some(mac), scope, ..nobody }
            }
            Who::Nobody => Party { scope: Scope::Group, ..nobody },
        }
    }
}

/// Calendar days on which some record was seen.
fn days_seen(records: &[&ConversationRecord]) -> u32 {
    let days = match records {
        [record] => record.days.len(),
        _ => records.iter().flat_map(|record| &record.days).collect::<std::collections::BTreeSet<_>>().len(),
    };
    u32::try_from(days).unwrap_or(u32::MAX)
}

/// Addresses behind a name, where there are several.
fn addresses(store: &Store, server: Who<'_>, records: &[&ConversationRecord]) -> Vec<IpAddr> {
    if !matches!(server, Who::Name(_)) || records.len() < 2 {
        return Vec::new();
    }
    let of_server = |record: &&ConversationRecord| store.endpoint_record(record.server)?.endpoint.ip;
    let addresses: std::collections::BTreeSet<IpAddr> = records.iter().filter_map(of_server).collect();
    if addresses.len() > 1 { addresses.into_iter().collect() } else { Vec::new() }
}

/// The protocol id that knowledge is asked with: the carrier's where the bytes showed none.
fn service_key(protocol: &str, transport: Transport) -> &str {
    match (protocol, transport) {
        ("", Transport::Tcp) => "tcp",
        ("", Transport::Udp) => "udp",
        (protocol, _) => protocol,
    }
}

/// A name where knowledge has none.
fn service_name(protocol: &str, transport: Transport, port: u16) -> Word {
    match (protocol, transport) {
        ("", Transport::Tcp) => format_smolstr!("TCP {port}"),
        ("", Transport::Udp) => format_smolstr!("UDP {port}"),
        ("", Transport::Ip(number)) => format_smolstr!("IP protocol {number}"),
        ("", Transport::Link(number)) if number < 1536 => format_smolstr!("802.2 SAP {number:#04x}"),
        ("", Transport::Link(number)) => format_smolstr!("EtherType {number:#06x}"),
        (protocol, _) => protocol.to_uppercase_smolstr(),
    }
}

/// Facts of several records in order, those that say the same as one.
fn facts(store: &Store, records: &[&ConversationRecord]) -> Vec<FactRecord> {
    let mut facts: Vec<FactRecord> = records.iter().flat_map(|record| store.facts_of(&record.facts)).cloned().collect();
    let key = |a: &FactRecord, b: &FactRecord| (a.kind, a.field(), &a.value).cmp(&(b.kind, b.field(), &b.value));
    facts.sort_by(key);
    if records.len() > 1 {
        facts.dedup_by(|again, known| {
            let same = key(again, known).is_eq();
            if same {
                known.add(again.span(), again.seen.frame, again.seen.count);
            }
            same
        });
    }
    facts
}

/// The name under which the client asked for the server: the one asked for most.
fn named_server<'a>(facts: impl Iterator<Item = &'a FactRecord>) -> Option<&'a Word> {
    facts
        .filter(|fact| fact.kind == FactKind::ServerName)
        .max_by(|a, b| a.seen.count.cmp(&b.seen.count).then_with(|| b.value.cmp(&a.value)))
        .and_then(|fact| match &fact.value {
            FactValue::Text(name) => Some(name),
            _ => None,
        })
}

fn is_group(ip: &IpAddr) -> bool {
    !is_unicast(ip) && !ip.is_loopback()
}

fn identifier(fact: &FactRecord) -> Identifier {
    Identifier { kind: fact.kind, value: fact.text().clone(), evidence: smallvec![fact.evidence()] }
}

fn phi(facts: &[FactRecord]) -> Vec<PhiSeen> {
    let mut seen: BTreeMap<(model::PhiKind, &str), u64> = BTreeMap::new();
    for fact in facts {
        if let FactKind::Phi(kind) = fact.kind {
            let count = seen.entry((kind, fact.protocol())).or_default();
            *count = count.saturating_add(fact.seen.count);
        }
    }
    seen.into_iter().map(|((kind, protocol), count)| PhiSeen { kind, protocol: protocol.into(), count }).collect()
}

/// How well a conversation is hidden. Only what its bytes showed counts; a port does not encrypt.
fn encryption(protocol: &str, cleartext: bool, facts: &[FactRecord]) -> Encryption {
    const HIDDEN: [&str; 4] = ["tls", "dtls", "quic", "ssh"];
    let of_handshake = |fact: &&FactRecord| HIDDEN.contains(&fact.protocol());
    let weak = facts.iter().filter(of_handshake).any(|fact| match fact.kind {
        FactKind::ProtocolVersion => is_obsolete(fact.text()),
        FactKind::CipherWeak | FactKind::CipherBroken => true,
        _ => false,
    });
    let shaken = HIDDEN.contains(&protocol) || facts.iter().any(|fact| of_handshake(&fact));
    let smb_hidden = facts.iter().any(|fact| fact.field().ends_with(".encrypted"));
    let phi = facts.iter().any(|fact| matches!(fact.kind, FactKind::Phi(_)));
    match (weak, shaken || smb_hidden) {
        _ if phi => Encryption::Cleartext,
        (true, _) => Encryption::Weak,
        (false, true) => Encryption::Strong,
        (false, false) if cleartext => Encryption::Cleartext,
        (false, false) => Encryption::Unknown,
    }
}

/// Versions that RFC 8996 and RFC 9325 §3.1 forbid, and SSH 1.
pub(crate) fn is_obsolete(version: &str) -> bool {
    ["SSL", "TLS 1.0", "TLS 1.1", "DTLS 1.0", "SSH-1."].iter().any(|old| version.starts_with(old)) && version != "SSH-1.99"
}

/// Port and protocol on which a conversation's server is asked, for services offered.
pub(crate) fn is_answered(conversation: &Conversation) -> bool {
    conversation.packets_to_client > 0 && conversation.flows > conversation.failed_flows
}
