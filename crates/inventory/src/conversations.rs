//! Conversations between devices, and between devices and the outside.

use std::collections::BTreeMap;
use std::net::IpAddr;

use knowledge::Knowledge;
use model::observation::{Traffic, Transport};
use model::report::{Conversation, Encryption, Identifier, Party, PhiSeen, Scope};
use model::{Endpoint, FactKind, FactValue, MacAddr, Timestamp};

use crate::identity::{Identity, Node, is_unicast};
use crate::store::{ConversationRecord, EndpointId, FactRecord, Store, text};

/// The stable id of a device.
pub(crate) fn device_id(group: &[Node]) -> String {
    match group.first() {
        Some(Node::Mac(MacAddr([a, b, c, d, e, f]))) => format!("d-{a:02x}{b:02x}{c:02x}{d:02x}{e:02x}{f:02x}"),
        Some(Node::Ip(ip)) => format!("d-{ip}"),
        None => "d-".to_owned(),
    }
}

/// What a party is for grouping: a device, or an endpoint that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Who<'a> {
    Device(usize),
    /// Outside, by the name it was asked for: one service on many addresses is one party.
    Name(&'a str),
    Ip(IpAddr),
    Mac(MacAddr),
    Nobody,
}

/// Two records with the same key are one conversation.
type Key<'a> = (Who<'a>, Who<'a>, Transport, u16, &'a str);

/// Everything that is known of names of addresses outside.
fn dns_names(store: &Store) -> BTreeMap<IpAddr, String> {
    let mut names: BTreeMap<IpAddr, (u64, String)> = BTreeMap::new();
    for record in &store.endpoints {
        let Some(ip) = record.endpoint.ip else { continue };
        for fact in store.facts_of(&record.facts).filter(|fact| fact.kind == FactKind::DnsName) {
            let name = (fact.count, text(&fact.value));
            match names.get_mut(&ip) {
                // The name asked for most often; of equals the first by alphabet.
                Some(known) if (known.0, &name.1) >= (name.0, &known.1) => {}
                Some(known) => *known = name,
                None => drop(names.insert(ip, name)),
            }
        }
    }
    names.into_iter().map(|(ip, (_, name))| (ip, name)).collect()
}

/// All conversations, by id.
pub(crate) fn resolve(store: &Store, identity: &Identity, knowledge: &Knowledge) -> Vec<Conversation> {
    let names = dns_names(store);
    let mut groups: BTreeMap<Key<'_>, Vec<&ConversationRecord>> = BTreeMap::new();
    for record in &store.conversations {
        let protocol = record.protocol.as_deref().unwrap_or_default();
        let key = (
            who(store, identity, &names, (record.client, record.span.first), None),
            who(store, identity, &names, (record.server, record.span.first), named_server(store.facts_of(&record.facts))),
            record.transport,
            record.port,
            protocol,
        );
        groups.entry(key).or_default().push(record);
    }
    let mut conversations: Vec<Conversation> = groups
        .iter()
        .filter(|(_, records)| records.iter().any(|record| record.flows > 0))
        .map(|(key, records)| conversation(store, identity, knowledge, &names, key, records))
        .collect();
    conversations.sort_by(|a, b| a.id.cmp(&b.id));
    conversations
}

fn who<'a>(
    store: &'a Store,
    identity: &Identity,
    names: &'a BTreeMap<IpAddr, String>,
    (id, time): (EndpointId, Timestamp),
    asked_for: Option<&'a str>,
) -> Who<'a> {
    if let Some(device) = identity.device(id, time) {
        return Who::Device(device);
    }
    match store.endpoint_record(id).map(|record| record.endpoint) {
        Some(Endpoint { ip: Some(ip), .. }) => {
            let is_outside = is_unicast(&ip) && !identity.is_inside(&ip);
            let name = asked_for.or_else(|| names.get(&ip).map(String::as_str)).filter(|_| is_outside);
            name.map_or(Who::Ip(ip), Who::Name)
        }
        Some(Endpoint { mac: Some(mac), .. }) => Who::Mac(mac),
        _ => Who::Nobody,
    }
}

fn conversation(
    store: &Store,
    identity: &Identity,
    knowledge: &Knowledge,
    names: &BTreeMap<IpAddr, String>,
    key: &Key<'_>,
    records: &[&ConversationRecord],
) -> Conversation {
    let (client, server, transport, port, protocol) = *key;
    let facts = facts(store, records);
    let spoken_name = named_server(facts.iter());
    let sum = |of: fn(&ConversationRecord) -> u64| records.iter().map(|record| of(record)).fold(0, u64::saturating_add);
    let first = records.iter().min_by_key(|record| (record.span.first, record.frame));
    let service = knowledge.service(service_key(protocol, transport), port);
    let client_party = party(store, identity, names, client, records.iter().map(|record| record.client), None);
    let server_party = party(store, identity, names, server, records.iter().map(|record| record.server), spoken_name);
    let days: std::collections::BTreeSet<i32> = records.iter().flat_map(|record| &record.days).copied().collect();
    let phi = phi(&facts);
    Conversation {
        id: conversation_id(&client_party, &server_party, transport, port, protocol),
        client: client_party,
        server: server_party,
        server_addresses: addresses(store, server, records),
        transport,
        port,
        protocol: protocol.to_owned(),
        service: service.map_or_else(|| service_name(protocol, transport, port), |fact| fact.name.clone()),
        clinical: service.and_then(|fact| fact.carries.clone()),
        management: service.is_some_and(|fact| fact.management),
        first_seen: first.map(|record| record.span.first).unwrap_or_default(),
        last_seen: records.iter().map(|record| record.span.last).max().unwrap_or_default(),
        days_seen: u32::try_from(days.len()).unwrap_or(u32::MAX),
        flows: sum(|record| record.flows),
        failed_flows: sum(|record| record.failed),
        packets_to_server: sum(|record| record.to_server.packets),
        packets_to_client: sum(|record| record.to_client.packets),
        bytes_to_server: sum(|record| record.to_server.bytes),
        bytes_to_client: sum(|record| record.to_client.bytes),
        bytes_lost: sum(|record| lost(&record.to_server).saturating_add(lost(&record.to_client))),
        encryption: encryption(protocol, service.is_some_and(|fact| fact.cleartext), &facts),
        facts: facts.iter().filter(|fact| !matches!(fact.kind, FactKind::Phi(_))).map(identifier).collect(),
        phi,
        direction_known: records.iter().any(|record| record.direction_known),
        tunnel: records.iter().find_map(|record| record.tunnel.as_deref()).map(str::to_owned),
        frame: first.map(|record| record.frame).unwrap_or_default(),
    }
}

/// Addresses behind a name, where there are several.
fn addresses(store: &Store, server: Who<'_>, records: &[&ConversationRecord]) -> Vec<IpAddr> {
    let of_server = |record: &&ConversationRecord| store.endpoint_record(record.server)?.endpoint.ip;
    let addresses: std::collections::BTreeSet<IpAddr> = records.iter().filter_map(of_server).collect();
    if matches!(server, Who::Name(_)) && addresses.len() > 1 { addresses.into_iter().collect() } else { Vec::new() }
}

const fn lost(traffic: &Traffic) -> u64 {
    traffic.lost
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
fn service_name(protocol: &str, transport: Transport, port: u16) -> String {
    match (protocol, transport) {
        ("", Transport::Tcp) => format!("TCP {port}"),
        ("", Transport::Udp) => format!("UDP {port}"),
        ("", Transport::Ip(number)) => format!("IP protocol {number}"),
        ("", Transport::Link(number)) if number < 1536 => format!("802.2 SAP {number:#04x}"),
        ("", Transport::Link(number)) => format!("EtherType {number:#06x}"),
        (protocol, _) => protocol.to_uppercase(),
    }
}

/// Facts of several records, those that say the same as one.
fn facts(store: &Store, records: &[&ConversationRecord]) -> Vec<FactRecord> {
    let mut merged: BTreeMap<(FactKind, &str, &model::FactValue), FactRecord> = BTreeMap::new();
    for fact in records.iter().flat_map(|record| store.facts_of(&record.facts)) {
        merged
            .entry((fact.kind, fact.field.as_ref(), &fact.value))
            .and_modify(|known| {
                known.span.add(fact.span);
                known.frame = known.frame.min(fact.frame);
                known.count = known.count.saturating_add(fact.count);
            })
            .or_insert_with(|| FactRecord {
                kind: fact.kind,
                protocol: fact.protocol.clone(),
                field: fact.field.clone(),
                label: fact.label.clone(),
                value: fact.value.clone(),
                span: fact.span,
                frame: fact.frame,
                count: fact.count,
                shown: std::sync::OnceLock::new(),
            });
    }
    merged.into_values().collect()
}

/// The name under which the client asked for the server: the one asked for most.
fn named_server<'a>(facts: impl Iterator<Item = &'a FactRecord>) -> Option<&'a str> {
    facts
        .filter(|fact| fact.kind == FactKind::ServerName)
        .max_by(|a, b| a.count.cmp(&b.count).then_with(|| b.value.cmp(&a.value)))
        .and_then(|fact| match &fact.value {
            FactValue::Text(name) => Some(name.as_str()),
            _ => None,
        })
}

fn party(
    store: &Store,
    identity: &Identity,
    names: &BTreeMap<IpAddr, String>,
    who: Who<'_>,
    mut endpoints: impl Iterator<Item = EndpointId>,
    asked_for: Option<&str>,
) -> Party {
    let nobody = Party { device: None, name: None, ip: None, mac: None, scope: Scope::Outside };
    match who {
        Who::Device(device) => Party {
            device: identity.groups.get(device).map(|group| device_id(group)),
            ip: endpoints.find_map(|id| store.endpoint_record(id)?.endpoint.ip),
            scope: Scope::Inside,
            ..nobody
        },
        Who::Name(name) => {
            let ip = endpoints.filter_map(|id| store.endpoint_record(id)?.endpoint.ip).min();
            Party { name: Some(name.to_owned()), ip, ..nobody }
        }
        Who::Ip(ip) => {
            let scope = match (is_group(&ip), identity.is_inside(&ip)) {
                (true, _) => Scope::Group,
                (false, true) => Scope::Inside,
                (false, false) => Scope::Outside,
            };
            let name = asked_for.map(str::to_owned).or_else(|| names.get(&ip).cloned()).filter(|_| scope != Scope::Group);
            Party { name, ip: Some(ip), scope, ..nobody }
        }
        Who::Mac(mac) => {
            let scope = if mac.is_group() { Scope::Group } else { Scope::Inside };
            Party { mac: Some(mac), scope, ..nobody }
        }
        Who::Nobody => Party { scope: Scope::Group, ..nobody },
    }
}

fn is_group(ip: &IpAddr) -> bool {
    !is_unicast(ip) && !ip.is_loopback()
}

fn identifier(fact: &FactRecord) -> Identifier {
    Identifier { kind: fact.kind, value: text(&fact.value), evidence: vec![fact.evidence()] }
}

fn phi(facts: &[FactRecord]) -> Vec<PhiSeen> {
    let mut seen: BTreeMap<(model::PhiKind, &str), u64> = BTreeMap::new();
    for fact in facts {
        if let FactKind::Phi(kind) = fact.kind {
            let count = seen.entry((kind, fact.protocol.as_ref())).or_default();
            *count = count.saturating_add(fact.count);
        }
    }
    seen.into_iter().map(|((kind, protocol), count)| PhiSeen { kind, protocol: protocol.to_owned(), count }).collect()
}

/// How well a conversation is hidden. Only what its bytes showed counts; a port does not encrypt.
fn encryption(protocol: &str, cleartext: bool, facts: &[FactRecord]) -> Encryption {
    const HIDDEN: [&str; 4] = ["tls", "dtls", "quic", "ssh"];
    let of_handshake = |fact: &&FactRecord| HIDDEN.contains(&fact.protocol.as_ref());
    let weak = facts.iter().filter(of_handshake).any(|fact| match fact.kind {
        FactKind::ProtocolVersion => is_obsolete(&text(&fact.value)),
        FactKind::CipherWeak | FactKind::CipherBroken => true,
        _ => false,
    });
    let shaken = HIDDEN.contains(&protocol) || facts.iter().any(|fact| of_handshake(&fact));
    let smb_hidden = facts.iter().any(|fact| fact.field.ends_with(".encrypted"));
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

/// A short id that stays the same as long as the parties, carrier, port and protocol do.
fn conversation_id(client: &Party, server: &Party, transport: Transport, port: u16, protocol: &str) -> String {
    let of = |party: &Party| {
        party
            .device
            .clone()
            .or_else(|| party.name.clone().filter(|_| party.scope == Scope::Outside))
            .or_else(|| party.ip.map(|ip| ip.to_string()))
            .or_else(|| party.mac.map(|mac| mac.to_string()))
            .unwrap_or_default()
    };
    let text = format!("{}|{}|{transport:?}|{port}|{protocol}", of(client), of(server));
    // FNV-1a, 64 bits: fixed for good, unlike a library's hash.
    let hash =
        text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    format!("c-{hash:016x}")
}

/// Port and protocol on which a conversation's server is asked, for services offered.
pub(crate) fn is_answered(conversation: &Conversation) -> bool {
    conversation.packets_to_client > 0 && conversation.flows > conversation.failed_flows
}
