//! Records of one conversation, both ways and piece by piece, made into one flow.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use model::observation::{FlowRecord, Opening, Traffic};
use model::{ConversationKey, Endpoint, FrameRef, MacAddr, Timestamp, Transport};
use wire::Value;

use super::SAMPLED;
use super::record::{Amount, Record, Side};
use crate::Emit;
use crate::emit::is_host;
use crate::talk::transport;

/// How long a flow waits for its other direction and for further pieces.
const WAIT_NS: i64 = 90_000_000_000;
/// Flows that wait; of more, the oldest is said early.
const MAX_WAITING: usize = 1 << 16;
/// A flow's own time is taken where it is no further than this from its arrival.
const MAX_AWAY_NS: i64 = 2 * 86_400_000_000_000;

/// One end of a flow.
type End = (IpAddr, u16);

/// Exporter, VLAN, protocol, and the ends, the smaller one first.
type Key = (IpAddr, u8, End, End);

/// What one end was seen to do.
#[derive(Clone, Copy, Debug, Default)]
struct Half {
    sent: Amount,
    first: Option<Timestamp>,
    mac: Option<MacAddr>,
    tcp_flags: u8,
    hop_limit: u8,
}

#[derive(Clone, Debug)]
struct Flow {
    /// Of the smaller end, and of the larger.
    halves: [Half; 2],
    first: Timestamp,
    last: Timestamp,
    /// Which end opened it, where a record told.
    client: Option<usize>,
    vlan: u16,
    sampling: u32,
    frame: FrameRef,
}

/// Flows that wait.
#[derive(Debug, Default)]
pub(super) struct Pending {
    flows: HashMap<Key, Flow>,
    /// In the order of their arrival.
    order: VecDeque<(Timestamp, Key)>,
}

impl Pending {
    /// Adds a record.
    pub(super) fn take(&mut self, exporter: IpAddr, record: &Record, arrival: Timestamp, frame: FrameRef) {
        let record = record.clone().scaled();
        let (Some(src), Some(dst)) = (record.src, record.dst) else { return };
        let near = |time: Option<Timestamp>| time.filter(|time| (-MAX_AWAY_NS..=MAX_AWAY_NS).contains(&time.since(arrival)));
        let first = near(record.first).unwrap_or(arrival);
        let last = near(record.last).unwrap_or(first).max(first);
        let (source, destination) = ((src, record.src_port), (dst, record.dst_port));
        let from = usize::from(source > destination);
        let key = (exporter, record.protocol, source.min(destination), source.max(destination));
        let order = &mut self.order;
        let flow = self.flows.entry(key).or_insert_with(|| {
            order.push_back((arrival, key));
            Flow { halves: [Half::default(); 2], first, last, client: None, vlan: record.vlan, sampling: 1, frame }
        });
        flow.first = flow.first.min(first);
        flow.last = flow.last.max(last);
        flow.sampling = flow.sampling.max(record.sampling);
        flow.client = flow.client.or(match record.side {
            Side::Client => Some(from),
            Side::Server => Some(1 - from),
            Side::Unknown => None,
        });
        flow.add(from, &record, first);
    }

    /// Says what has waited long enough.
    pub(super) fn settle(&mut self, now: Timestamp, out: &mut Emit<'_>) {
        while let Some((_, key)) =
            self.order.front().copied().filter(|(arrived, _)| now == Timestamp::MAX || now.since(*arrived) > WAIT_NS)
        {
            self.order.pop_front();
            self.say(&key, out);
        }
    }

    /// Says what is too much to wait.
    pub(super) fn overflow(&mut self, out: &mut Emit<'_>) {
        while self.order.len() > MAX_WAITING {
            let Some((_, key)) = self.order.pop_front() else { return };
            self.say(&key, out);
        }
    }

    fn say(&mut self, key: &Key, out: &mut Emit<'_>) {
        let Some(flow) = self.flows.remove(key) else { return };
        let record = flow.record(key);
        out.at(record.last);
        let conversation = record.key;
        out.flow(record);
        if flow.sampling > 1 {
            let frame = std::mem::replace(&mut out.frame, flow.frame);
            out.say_of(conversation, &SAMPLED, &Value::Text(format!("estimated from 1 packet in {}", flow.sampling).into()));
            out.frame = frame;
        }
    }
}

impl Flow {
    fn add(&mut self, from: usize, record: &Record, first: Timestamp) {
        let [small, large] = &mut self.halves;
        let (source, destination) = if from == 0 { (small, large) } else { (large, small) };
        add(&mut source.sent, record.sent);
        add(&mut destination.sent, record.received);
        source.first = Some(source.first.map_or(first, |known| known.min(first)));
        source.mac = source.mac.or(record.src_mac);
        source.tcp_flags |= record.tcp_flags;
        source.hop_limit = source.hop_limit.max(record.hop_limit);
        destination.mac = destination.mac.or(record.dst_mac);
    }

    /// Which end asked: as told, else as a lone SYN shows, else by who began, else by the ports. And whether that is more than a guess.
    fn client(&self, ports: [u16; 2]) -> (usize, bool) {
        const SYN: u8 = 0x02;
        let [a, b] = &self.halves;
        match (self.client, a.tcp_flags, b.tcp_flags) {
            (Some(client), _, _) => return (client, true),
            (None, SYN, _) => return (0, true),
            (None, _, SYN) => return (1, true),
            _ => {}
        }
        // A server's port is lower, and below where systems take ports for their own requests (RFC 6056 §3.2).
        let is_service = |port: u16| port < 32_768;
        let [port_a, port_b] = ports;
        if is_service(port_a) != is_service(port_b) || (port_a < 1024) != (port_b < 1024) {
            return (usize::from(port_a < port_b), false);
        }
        match (a.first, b.first) {
            (Some(first_a), Some(first_b)) if first_a != first_b => (usize::from(first_b < first_a), false),
            (None, Some(_)) => (1, false),
            _ => (usize::from(port_a < port_b), false),
        }
    }

    fn record(&self, key: &Key) -> FlowRecord {
        let (_, protocol, small, large) = *key;
        let (client, direction_known) = self.client([small.1, large.1]);
        let ends = if client == 0 { [small, large] } else { [large, small] };
        let [a, b] = self.halves;
        let (asking, answering) = if client == 0 { (a, b) } else { (b, a) };
        let [(client_ip, _), (server_ip, server_port)] = ends;
        let transport = transport(protocol);
        let has_ports = matches!(transport, Transport::Tcp | Transport::Udp);
        let key = ConversationKey {
            client: Endpoint { mac: asking.mac, ip: Some(client_ip) },
            // A group has no interface of its own.
            server: Endpoint { mac: answering.mac.filter(|_| is_host(&server_ip)), ip: Some(server_ip) },
            transport,
            port: if has_ports { server_port } else { 0 },
        };
        FlowRecord {
            key,
            first: self.first,
            last: self.last,
            protocol: None,
            to_server: asking.traffic(),
            to_client: answering.traffic(),
            answered_from: None,
            opening: if transport == Transport::Tcp { opening(&asking, &answering) } else { Opening::Unknown },
            direction_known,
            vlan: self.vlan,
            tunnel: None,
            frame: self.frame,
        }
    }
}

impl Half {
    const fn traffic(&self) -> Traffic {
        Traffic { packets: self.sent.0, bytes: self.sent.1, lost: 0, hop_limit: self.hop_limit }
    }
}

fn add(sum: &mut Amount, more: Amount) {
    sum.0 = sum.0.saturating_add(more.0);
    sum.1 = sum.1.saturating_add(more.1);
}

/// How far it came, as the flags of all packets together show.
fn opening(asking: &Half, answering: &Half) -> Opening {
    const SYN: u8 = 0x02;
    const RST: u8 = 0x04;
    match (asking.tcp_flags, answering.tcp_flags) {
        (SYN, _) if answering.sent.0 == 0 => Opening::Unanswered,
        (_, answer) if answer & SYN == 0 && answer & RST != 0 && asking.tcp_flags & SYN != 0 => Opening::Refused,
        (ask, answer) if ask & answer & SYN != 0 => Opening::Opened,
        _ => Opening::Unknown,
    }
}
