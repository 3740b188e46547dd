//! Frames to observations: a flow table, bounded reassembly, and protocol probing.
//!
//! Way in: [`Sensor::frame`] for each frame in time order, [`Sensor::finish`] at the end. Facts and flows go to an
//! [`Intake`]; what could not be seen is counted in [`Coverage`]. No I/O and no clock: time comes with the frames.
//! Depends on `model` and `wire` alone.

mod coverage;
mod emit;
mod fragments;
mod probe;
mod stream;
mod table;

use std::borrow::Cow;
use std::net::IpAddr;

use model::observation::{FlowRecord, Opening, Traffic};
use model::{FrameRef, Intake, MacAddr, Observation, Timestamp, Transport};
use wire::layers::{self, Inner, LinkType, Opaque, Packet, Tcp};
use wire::{Context, Direction, Next};

pub use coverage::Coverage;
pub use emit::{Credentials, NoCredentials};

use emit::{Emit, Memory, Said, Secrets, is_unicast};
use fragments::{Fragments, Limits};
use probe::{Answer, Rows};
use stream::{App, Around, Budget, Segment};
use table::{Flow, FlowTable, Key, Known, Side, Timeouts};

/// Bounds of a sensor.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// Flows open at once; the ones that waited longest are let go beyond it.
    pub max_flows: usize,
    /// Bytes that all streams together may have in reassembly.
    pub max_reassembly_bytes: usize,
    /// A TCP connection is forgotten after this long without a packet.
    pub tcp_idle_ns: i64,
    /// Any other flow is.
    pub other_idle_ns: i64,
    /// A closed TCP connection is.
    pub closed_idle_ns: i64,
}

impl Default for Config {
    fn default() -> Self {
        const SECOND: i64 = 1_000_000_000;
        Self {
            max_flows: 4_000_000,
            max_reassembly_bytes: 64 << 20,
            tcp_idle_ns: 900 * SECOND,
            other_idle_ns: 120 * SECOND,
            closed_idle_ns: 10 * SECOND,
        }
    }
}

/// A frame as a capture lends it.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Capture time.
    pub time: Timestamp,
    /// Link type of the interface.
    pub link: LinkType,
    /// What was captured.
    pub bytes: &'a [u8],
    /// Length on the wire.
    pub wire_len: usize,
    /// Where it stands.
    pub at: FrameRef,
}

/// Turns frames into observations.
pub struct Sensor {
    table: FlowTable,
    rows: Rows,
    fragments: Fragments,
    budget: Budget,
    memory: Memory,
    coverage: Coverage,
}

/// Payload tries of a UDP flow before it is left alone.
const MAX_DATAGRAM_TRIES: u8 = 6;

/// TCP flags (RFC 9293 §3.1).
const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const ACK: u8 = 0x10;

impl Sensor {
    /// A sensor that has seen nothing.
    #[must_use]
    pub fn new(config: &Config, credentials: Box<dyn Credentials>) -> Self {
        let timeouts = Timeouts { tcp_ns: config.tcp_idle_ns, other_ns: config.other_idle_ns, closed_ns: config.closed_idle_ns };
        Self {
            table: FlowTable::new(config.max_flows, timeouts),
            rows: Rows::new(),
            fragments: Fragments::new(Limits::default()),
            budget: Budget { used: 0, limit: config.max_reassembly_bytes },
            memory: Memory { said: Said::new(), secrets: Secrets::default(), credentials },
            coverage: Coverage::default(),
        }
    }

    /// What could not be seen so far.
    #[must_use]
    pub const fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// Flows open now.
    #[must_use]
    pub fn open_flows(&self) -> usize {
        self.table.len()
    }

    /// Takes one frame.
    pub fn frame(&mut self, frame: &Frame<'_>, out: &mut dyn Intake) {
        self.coverage.frames = self.coverage.frames.saturating_add(1);
        self.coverage.bytes = self.coverage.bytes.saturating_add(frame.wire_len as u64);
        if frame.bytes.len() < frame.wire_len {
            self.coverage.cut_frames = self.coverage.cut_frames.saturating_add(1);
        }
        let packet = layers::decode(frame.link, frame.bytes, frame.wire_len);
        if let Inner::Opaque(why) = packet.inner {
            self.coverage.opaque(frame.link, why);
        }
        match packet.inner {
            Inner::Fragment => {
                let whole = self.fragments.offer(frame.time.nanos(), &packet);
                if let Some(whole) = whole {
                    self.packet(&layers::decode_reassembled(&packet, &whole), frame, out);
                } else if is_cut_beginning(&packet) {
                    self.packet(&layers::decode_beginning(&packet), frame, out);
                }
            }
            _ => self.packet(&packet, frame, out),
        }
        while let Some(flow) = self.table.expire(frame.time.nanos()) {
            self.close(flow, out);
        }
    }

    /// Ends all flows, oldest slot first, and tells what is still to be told.
    pub fn finish(&mut self, out: &mut dyn Intake) {
        while let Some(flow) = self.table.evict() {
            self.close(flow, out);
        }
        self.fragments.close();
        let fragments = self.fragments.counters();
        self.coverage.fragments_timed_out = fragments.timed_out.saturating_add(fragments.evicted).saturating_add(fragments.cut);
        self.coverage.fragments_overlapping = fragments.overlapping.saturating_add(fragments.too_large);
    }

    fn packet(&mut self, packet: &Packet<'_>, frame: &Frame<'_>, out: &mut dyn Intake) {
        let Some((key, sender)) = key(packet) else { return };
        let time = frame.time.nanos();
        let mut slot = self.table.find(&key);
        if let (Some(found), Inner::Tcp(tcp)) = (slot, &packet.inner)
            && self.is_reused(found, tcp)
        {
            self.restart(found, key, sender, packet, frame, out);
        }
        let slot = match slot.take() {
            Some(slot) => slot,
            None => {
                if self.table.is_full()
                    && let Some(flow) = self.table.evict()
                {
                    self.coverage.flows_evicted = self.coverage.flows_evicted.saturating_add(1);
                    self.close(flow, out);
                }
                let flow = self.open(key, sender, packet, frame);
                self.table.insert(flow)
            }
        };
        let Some(flow) = self.table.get_mut(slot) else { return };
        if flow.is_copy(mark(packet, sender), time) {
            self.coverage.mirrored_copies = self.coverage.mirrored_copies.saturating_add(1);
            return;
        }
        count(flow, sender, packet, time);
        if let Inner::Tcp(tcp) = &packet.inner
            && passes_by(flow, sender, tcp, packet)
        {
            return;
        }
        let context = context(packet, flow.direction(sender), time);
        let mut emit = Emit {
            out,
            memory: &mut self.memory,
            coverage: &mut self.coverage,
            context,
            key: flow.conversation(),
            frame: frame.at,
            protocol: "",
            phi: Vec::new(),
            relayed: false,
            direction_known: flow.direction_known,
        };
        let mut around = Around { rows: &self.rows, budget: &mut self.budget };
        match &packet.inner {
            Inner::Tcp(tcp) => segment(flow, sender, tcp, packet, &mut emit, &mut around),
            Inner::Udp { .. } => datagram(flow, packet, &mut emit, &mut around),
            _ => message(flow, packet, &mut emit, &around),
        }
        flow.direction_known = emit.direction_known;
        if emit.context.direction != context.direction {
            flow.client = flow.client.other();
        }
    }

    /// A new connection on the ports of one that ended.
    fn is_reused(&self, slot: u32, tcp: &Tcp) -> bool {
        tcp.flags & (SYN | ACK) == SYN
            && self.table.get(slot).is_some_and(|flow| {
                let started = flow.end(flow.client);
                flow.is_closed() || (started.synced && started.next_seq != tcp.seq.wrapping_add(1))
            })
    }

    /// Ends the flow in a slot and begins another there.
    fn restart(&mut self, slot: u32, key: Key, sender: Side, packet: &Packet<'_>, frame: &Frame<'_>, out: &mut dyn Intake) {
        let fresh = self.open(key, sender, packet, frame);
        let Some(place) = self.table.get_mut(slot) else { return };
        let old = std::mem::replace(place, fresh);
        self.close(old, out);
    }

    fn open(&mut self, key: Key, sender: Side, packet: &Packet<'_>, frame: &Frame<'_>) -> Flow {
        self.coverage.flows = self.coverage.flows.saturating_add(1);
        let (client, known) = self.guess_client(&key, sender, packet);
        let mut flow = Flow::new(key, client, frame.time.nanos(), frame.at);
        flow.direction_known = known;
        flow.vlan = packet.vlans.iter().copied().rfind(|vlan| *vlan != 0).unwrap_or(0);
        flow.tunnel = packet.tunnel.map(|tunnel| tunnel.kind);
        flow.end_mut(sender).mac = packet.src_mac.filter(|mac| mac.is_interface());
        flow.end_mut(sender.other()).mac = packet.dst_mac.filter(|mac| mac.is_interface());
        flow
    }

    /// Who asks: the handshake says it; else the end without a service's port, else who is first seen to send.
    fn guess_client(&self, key: &Key, sender: Side, packet: &Packet<'_>) -> (Side, bool) {
        if packet.ip.is_some_and(|ip| !is_unicast(&ip.dst)) {
            // A group never asks.
            return (sender, true);
        }
        let is_tcp = match &packet.inner {
            Inner::Tcp(tcp) if tcp.flags & (SYN | ACK) == SYN => return (sender, true),
            Inner::Tcp(tcp) if tcp.flags & (SYN | ACK) == SYN | ACK => return (sender.other(), true),
            Inner::Tcp(_) => true,
            Inner::Udp { .. } => false,
            _ => return (sender, false),
        };
        let (from, to) = (key.port(sender), key.port(sender.other()));
        let service = |port| (self.rows.is_service_port(is_tcp, port), port < 1024);
        let client = match service(from).cmp(&service(to)) {
            std::cmp::Ordering::Greater => sender.other(),
            std::cmp::Ordering::Less => sender,
            // Two ports that say nothing: in mid-stream TCP the higher is more often the client's.
            std::cmp::Ordering::Equal if is_tcp && from < to && from < 32_768 => sender.other(),
            std::cmp::Ordering::Equal => sender,
        };
        (client, false)
    }

    /// Tells a flow that ended.
    fn close(&mut self, mut flow: Flow, out: &mut dyn Intake) {
        if let Some(mut app) = flow.app.take() {
            self.end_app(&mut flow, &mut app, out);
        }
        let client = *flow.end(flow.client);
        let server = *flow.end(flow.client.other());
        let opening = opening(&flow);
        if flow.key.transport() == Transport::Tcp {
            let alone = client.packets == 0 || server.packets == 0;
            if alone && !matches!(opening, Opening::Unanswered) {
                self.coverage.one_way = self.coverage.one_way.saturating_add(1);
            }
            if !flow.syn {
                self.coverage.midstream = self.coverage.midstream.saturating_add(1);
            }
        }
        let traffic = |end: &table::End| Traffic {
            packets: end.packets.into(),
            bytes: end.bytes,
            lost: end.lost.into(),
            hop_limit: end.hop_limit,
        };
        out.take(Observation::Flow(FlowRecord {
            key: flow.conversation(),
            first: Timestamp::from_nanos(flow.first),
            last: Timestamp::from_nanos(flow.last),
            protocol: match flow.known {
                Known::Row(row) => Some(Cow::Borrowed(probe::id(row))),
                Known::Probing(_) | Known::Nothing => None,
            },
            to_server: traffic(&client),
            to_client: traffic(&server),
            answered_from: server.sent_from,
            opening,
            direction_known: flow.direction_known,
            vlan: flow.vlan,
            tunnel: flow.tunnel.map(Cow::Borrowed),
            frame: flow.frame,
        }));
    }

    /// Lets the session of a flow that ended say its last, and the PHI counts be told.
    fn end_app(&mut self, flow: &mut Flow, app: &mut App, out: &mut dyn Intake) {
        let contexts = [Direction::ToServer, Direction::ToClient].map(|direction| flow_context(flow, direction));
        let [to_server, to_client] = contexts;
        let mut emit = Emit {
            out,
            memory: &mut self.memory,
            coverage: &mut self.coverage,
            context: to_server,
            key: flow.conversation(),
            frame: flow.frame,
            protocol: app.speaker,
            phi: std::mem::take(&mut app.phi),
            relayed: app.relayed,
            direction_known: true,
        };
        let mut around = Around { rows: &self.rows, budget: &mut self.budget };
        let (mut of_client, mut of_server) = (flow.end(flow.client).next_seq, flow.end(flow.client.other()).next_seq);
        let mut known = flow.known;
        let next = [&mut of_client, &mut of_server];
        let lost = app.finish(&mut known, next, &mut emit, &mut around, [to_server, to_client]);
        let phi = std::mem::take(&mut emit.phi);
        emit.tell_phi(&phi);
        flow.known = known;
        for (side, lost) in [flow.client, flow.client.other()].into_iter().zip(lost) {
            let end = flow.end_mut(side);
            end.lost = end.lost.saturating_add(lost);
        }
    }
}

/// The first fragment of a packet that can never be whole, because the capture cut this one.
fn is_cut_beginning(packet: &Packet<'_>) -> bool {
    let is_first = packet.ip.and_then(|ip| ip.fragment).is_some_and(|fragment| fragment.offset == 0);
    is_first && packet.payload.len() < packet.wire_len
}

/// The flow key of a packet and who sent it; `None` for frames without addresses, unless a protocol's message may name some.
fn key(packet: &Packet<'_>) -> Option<(Key, Side)> {
    if let Some(ip) = &packet.ip {
        let (transport, ports) = match &packet.inner {
            Inner::Tcp(tcp) => (Transport::Tcp, (tcp.src_port, tcp.dst_port)),
            Inner::Udp { src_port, dst_port } => (Transport::Udp, (*src_port, *dst_port)),
            _ => (Transport::Ip(ip.protocol), (0, 0)),
        };
        return Some(Key::ip((ip.src, ports.0), (ip.dst, ports.1), transport));
    }
    let number = match packet.inner {
        Inner::EtherType(number) | Inner::Snap(_, number) => Some(number),
        Inner::Llc(sap) => Some(sap.into()),
        _ => None,
    };
    let transport = Transport::Link(number.unwrap_or(0));
    match packet.src_mac {
        Some(src) => Some(Key::link(src, packet.dst_mac.unwrap_or(MacAddr::BROADCAST), transport)),
        // Serial lines have no addresses.
        None => number.map(|_| Key::link(MacAddr::ZERO, MacAddr::ZERO, transport)),
    }
}

/// A mark that a mirrored copy of the packet bears too and another packet of the flow hardly does.
fn mark(packet: &Packet<'_>, sender: Side) -> u32 {
    let mut mark = 0xcbf2_9ce4_8422_2325_u64 ^ u64::from(sender == Side::A);
    let mut mix = |word: u64| mark = (mark ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    let id = packet.ip.map_or(0, |ip| ip.id);
    mix(u64::from(id) << 32 | packet.wire_len as u64);
    if let Inner::Tcp(tcp) = &packet.inner {
        mix(u64::from(tcp.seq) << 32 | u64::from(tcp.ack));
        mix(u64::from(tcp.flags) << 16 | u64::from(tcp.window));
    }
    // Without identification more of the payload has to tell: datagrams of QUIC differ behind their connection ids alone.
    for word in packet.payload.as_chunks().0.iter().take(if id == 0 { 8 } else { 2 }) {
        mix(u64::from_be_bytes(*word));
    }
    if packet.payload.len() < 8 {
        mix(packet.payload.iter().fold(1, |word, byte| word << 8 | u64::from(*byte)));
    }
    let mark = u32::try_from(mark >> 32).unwrap_or(0);
    // An acknowledgement without data or identification repeats itself rightly.
    if id == 0 && packet.payload.is_empty() { 0 } else { mark | 1 }
}

/// Adds a packet to the counts of its sender.
fn count(flow: &mut Flow, sender: Side, packet: &Packet<'_>, time: i64) {
    flow.last = flow.last.max(time);
    let end = flow.end_mut(sender);
    end.packets = end.packets.saturating_add(1);
    end.bytes = end.bytes.saturating_add(packet.wire_len as u64);
    end.hop_limit = end.hop_limit.max(packet.ip.map_or(0, |ip| ip.hop_limit));
    if end.packets == 1 {
        end.sent_from = packet.src_mac.filter(|mac| mac.is_interface());
    }
}

fn context(packet: &Packet<'_>, direction: Direction, time: i64) -> Context {
    let (src_port, dst_port) = match &packet.inner {
        Inner::Tcp(tcp) => (tcp.src_port, tcp.dst_port),
        Inner::Udp { src_port, dst_port } => (*src_port, *dst_port),
        _ => (0, 0),
    };
    Context {
        time,
        src_mac: packet.src_mac,
        dst_mac: packet.dst_mac,
        src: packet.ip.map(|ip| ip.src),
        dst: packet.ip.map(|ip| ip.dst),
        src_port,
        dst_port,
        hop_limit: packet.ip.map_or(0, |ip| ip.hop_limit),
        direction,
        wire_len: packet.wire_len,
    }
}

/// A context for a flow without a packet at hand.
fn flow_context(flow: &Flow, direction: Direction) -> Context {
    let (sender, receiver) = match direction {
        Direction::ToServer => (flow.client, flow.client.other()),
        Direction::ToClient => (flow.client.other(), flow.client),
    };
    let ip = |side| -> Option<IpAddr> {
        let key = flow.conversation();
        if side == flow.client { key.client.ip } else { key.server.ip }
    };
    Context {
        time: flow.last,
        src_mac: flow.end(sender).mac,
        dst_mac: flow.end(receiver).mac,
        src: ip(sender),
        dst: ip(receiver),
        src_port: flow.key.port(sender),
        dst_port: flow.key.port(receiver),
        hop_limit: 0,
        direction,
        wire_len: 0,
    }
}

/// How far the connection came.
fn opening(flow: &Flow) -> Opening {
    if flow.key.transport() != Transport::Tcp || !flow.syn {
        return Opening::Unknown;
    }
    let server = flow.end(flow.client.other());
    match (flow.opened, server.packets) {
        (true, _) => Opening::Opened,
        (false, 0) => Opening::Unanswered,
        (false, _) if flow.reset => Opening::Refused,
        (false, _) => Opening::Unknown,
    }
}

/// True of a segment that changes nothing but counts and places: an acknowledgement, or the next bytes of what nobody reads.
/// Most segments are such, so nothing is prepared for them.
#[inline]
fn passes_by(flow: &mut Flow, sender: Side, tcp: &Tcp, packet: &Packet<'_>) -> bool {
    if tcp.flags & (SYN | FIN | RST) != 0 || packet.payload.len() < packet.wire_len {
        return false;
    }
    let len = packet.payload.len();
    let to_server = sender == flow.client;
    // A client that acknowledges was answered, even where the capture did not see it.
    flow.opened |= flow.syn && to_server && tcp.flags & ACK != 0;
    match &flow.app {
        None if len == 0 => true,
        None if matches!(flow.known, Known::Probing(_)) => false,
        None => {
            let end = flow.end_mut(sender);
            end.synced = true;
            end.next_seq = tcp.seq.wrapping_add(u32::try_from(len).unwrap_or(0));
            true
        }
        Some(app) if tcp.flags & ACK != 0 && app.is_holding(!to_server) => false,
        Some(_) if len == 0 => true,
        Some(_) => {
            let end = flow.end(sender);
            let in_order = end.synced && end.next_seq == tcp.seq;
            let unread = in_order && flow.app.as_mut().is_some_and(|app| app.pass_over(to_server, len as u64));
            if unread {
                flow.end_mut(sender).next_seq = tcp.seq.wrapping_add(u32::try_from(len).unwrap_or(0));
            }
            unread
        }
    }
}

/// A TCP segment.
fn segment(flow: &mut Flow, sender: Side, tcp: &Tcp, packet: &Packet<'_>, emit: &mut Emit<'_>, around: &mut Around<'_>) {
    let mut seq = tcp.seq;
    // Together they are nobody's connection (RFC 9293 §3.5): a broken packet, or a probe.
    if tcp.flags & SYN != 0 && tcp.flags & (FIN | RST) != 0 {
        return;
    }
    if tcp.flags & SYN != 0 {
        flow.syn = true;
        flow.opened |= tcp.flags & ACK != 0;
        seq = seq.wrapping_add(1);
        let end = flow.end_mut(sender);
        if !end.synced {
            end.synced = true;
            end.next_seq = seq;
        }
        // Data on a SYN (RFC 7413) is read like any other.
        if packet.payload.is_empty() {
            return;
        }
    }
    if tcp.flags & RST != 0 {
        flow.reset = true;
        return;
    }
    flow.opened |= flow.syn && sender == flow.client && tcp.flags & ACK != 0;
    let payload = packet.payload;
    let cut = u32::try_from(packet.wire_len.saturating_sub(payload.len())).unwrap_or(u32::MAX);
    if payload.is_empty() && cut == 0 && tcp.flags & FIN == 0 && flow.app.is_none() {
        return;
    }
    emit.protocol = flow.app.as_ref().map_or("", |app| app.speaker);
    let has_data = !payload.is_empty() || cut > 0;
    if has_data {
        data(flow, sender, &Segment { seq, bytes: payload, cut }, emit, around);
    }
    if tcp.flags & FIN != 0 {
        flow.end_mut(sender).finished = true;
    }
    if tcp.flags & ACK != 0 {
        acknowledged(flow, sender, tcp.ack, emit, around);
    }
    if flow.app.as_ref().is_some_and(|app| app.is_done()) {
        let_go(flow, emit);
    }
}

/// Payload of a TCP segment.
fn data(flow: &mut Flow, sender: Side, segment: &Segment<'_>, emit: &mut Emit<'_>, around: &mut Around<'_>) {
    let known = flow.known;
    let end = flow.end_mut(sender);
    if !end.synced {
        end.synced = true;
        end.next_seq = segment.seq;
    }
    let mut next = end.next_seq;
    if flow.app.is_none() {
        if known == Known::Nothing || matches!(known, Known::Row(_)) {
            let far = segment.seq.wrapping_add(u32::try_from(segment.bytes.len()).unwrap_or(0)).wrapping_add(segment.cut);
            flow.end_mut(sender).next_seq = far;
            return;
        }
        flow.app = Some(Box::default());
    }
    let Some(app) = flow.app.as_mut() else { return };
    let mut known = known;
    emit.phi = std::mem::take(&mut app.phi);
    emit.relayed = app.relayed;
    let lost = app.segment(&mut known, &mut next, segment, emit, around);
    app.phi = std::mem::take(&mut emit.phi);
    app.relayed = emit.relayed;
    flow.known = known;
    let end = flow.end_mut(sender);
    end.next_seq = next;
    end.lost = end.lost.saturating_add(lost);
}

/// What `sender` acknowledged of the other end's bytes.
fn acknowledged(flow: &mut Flow, sender: Side, ack: u32, emit: &mut Emit<'_>, around: &mut Around<'_>) {
    let other = sender.other();
    let Some(app) = flow.app.as_mut() else { return };
    if !app.is_holding(flow.client == other) {
        return;
    }
    let mut next = flow.end(other).next_seq;
    let mut known = flow.known;
    let context = flow_context(flow, flow.direction(other));
    let context = Context { time: emit.context.time, ..context };
    let Some(app) = flow.app.as_mut() else { return };
    let mut behind = Emit {
        out: &mut *emit.out,
        memory: &mut *emit.memory,
        coverage: &mut *emit.coverage,
        context,
        key: emit.key,
        frame: emit.frame,
        protocol: emit.protocol,
        phi: std::mem::take(&mut app.phi),
        relayed: app.relayed,
        direction_known: true,
    };
    let lost = app.acknowledged(&mut known, &mut next, ack, &mut behind, around);
    app.phi = std::mem::take(&mut behind.phi);
    app.relayed = behind.relayed;
    flow.known = known;
    let end = flow.end_mut(other);
    end.next_seq = next;
    end.lost = end.lost.saturating_add(lost);
}

/// Nothing more of the flow is read: tells what was counted and frees its state.
fn let_go(flow: &mut Flow, emit: &mut Emit<'_>) {
    let Some(mut app) = flow.app.take() else { return };
    let phi = std::mem::take(&mut app.phi);
    if let Some(session) = app.session() {
        emit.phi = phi;
        session.end(&{ emit.context }, emit);
        let phi = std::mem::take(&mut emit.phi);
        emit.tell_phi(&phi);
    } else {
        emit.tell_phi(&phi);
    }
}

/// A UDP datagram.
fn datagram(flow: &mut Flow, packet: &Packet<'_>, emit: &mut Emit<'_>, around: &mut Around<'_>) {
    if packet.payload.is_empty() {
        return;
    }
    if let Known::Probing(tries) = flow.known {
        match around.rows.ask(false, &emit.context, packet.payload, &[]) {
            Answer::Row(row) => {
                flow.known = Known::Row(row);
                flow.app = probe::protocol(row)
                    .and_then(|protocol| protocol.datagram_session())
                    .map(|session| Box::new(App::with_session(session, probe::id(row))));
            }
            // Calls agree on addresses first, in the flow that then carries them.
            Answer::Perhaps | Answer::Nobody if is_stun(packet.payload) => {}
            Answer::Perhaps | Answer::Nobody if tries >= MAX_DATAGRAM_TRIES => flow.known = Known::Nothing,
            Answer::Perhaps | Answer::Nobody => flow.known = Known::Probing(tries.saturating_add(1)),
        }
    }
    let Known::Row(row) = flow.known else { return };
    let Some(protocol) = probe::protocol(row) else { return };
    emit.protocol = protocol.info().id;
    let Some(app) = flow.app.as_mut() else {
        protocol.datagram(&{ emit.context }, packet.payload, emit);
        let phi = std::mem::take(&mut emit.phi);
        emit.tell_phi(&phi);
        return;
    };
    emit.phi = std::mem::take(&mut app.phi);
    emit.relayed = app.relayed;
    let done = match app.session() {
        Some(session) => matches!(session.data(&{ emit.context }, packet.payload, emit).next, Next::Stop | Next::StopBoth),
        None => true,
    };
    app.phi = std::mem::take(&mut emit.phi);
    app.relayed = emit.relayed;
    if done {
        let_go(flow, emit);
        flow.app = Some(Box::default());
    }
}

/// RFC 8489 §5: the magic cookie behind type and length.
fn is_stun(payload: &[u8]) -> bool {
    payload.get(4..8) == Some(&[0x21, 0x12, 0xa4, 0x42])
}

/// A message of a link or IP protocol, known exactly by its number.
fn message(flow: &mut Flow, packet: &Packet<'_>, emit: &mut Emit<'_>, around: &Around<'_>) {
    let row = match packet.inner {
        Inner::EtherType(number) => around.rows.ethertype(number),
        Inner::Llc(sap) => around.rows.llc(sap),
        Inner::Snap(organisation, id) => around.rows.snap(organisation, id),
        Inner::IpProtocol(number) => around.rows.ip(number),
        _ => None,
    };
    let Some(row) = row else { return };
    flow.known = Known::Row(row);
    if let Some(protocol) = probe::protocol(row) {
        emit.protocol = protocol.info().id;
        protocol.datagram(&{ emit.context }, packet.payload, emit);
    }
}

/// True where an address can be a device's (used by callers that filter before asking).
#[must_use]
pub fn is_host_address(ip: &IpAddr) -> bool {
    is_unicast(ip)
}

/// Reason that a frame could not be read, in words.
#[must_use]
pub const fn opaque_reason(why: Opaque) -> &'static str {
    match why {
        Opaque::LinkType => "link type that is not read",
        Opaque::Cut => "cut before its headers ended",
        Opaque::Malformed(what) => what,
        Opaque::Encrypted => "encrypted at the link or network layer",
        Opaque::NoData => "carries no data (802.11 management or control)",
        Opaque::TooDeep => "more nested headers than are followed",
    }
}
