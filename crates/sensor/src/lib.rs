//! Frames to observations: a flow table, bounded reassembly, and protocol probing.
//!
//! Way in: [`Sensor::frame`] for each frame in time order, [`Sensor::finish`] at the end. Facts and flows go to an
//! [`Intake`]; what could not be seen is counted in [`Coverage`]. No I/O and no clock: time comes with the frames.
//! Depends on `model` and `wire` alone.

mod coverage;
mod emit;
mod fragments;
mod index;
mod packet;
mod payload;
mod probe;
mod said;
mod seen;
mod stream;
mod table;

use std::borrow::Cow;

use model::observation::{FlowRecord, Opening, Traffic};
use model::{FrameRef, Intake, Observation, Timestamp, Transport};
use wire::Direction;
use wire::layers::{self, Inner, LinkType, Opaque, Packet, Tcp};

pub use coverage::Coverage;
pub use emit::{Credentials, NoCredentials};
pub use seen::{Seen, TunnelEnds};

use emit::{Emit, Memory, Secrets, is_unicast};
use fragments::{Fragments, Limits};
use packet::{context, count, flow_context, is_cut_beginning, key, mark, opening};
use payload::{ACK, SYN, datagram, message, passes_by, segment};
use probe::Rows;
use said::Said;
pub use stream::Work;
use stream::{App, Around, Budget};
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
    seen: Seen,
}

impl Sensor {
    /// A sensor that has seen nothing.
    #[must_use]
    pub fn new(config: &Config, credentials: Box<dyn Credentials>) -> Self {
        let timeouts = Timeouts { tcp_ns: config.tcp_idle_ns, other_ns: config.other_idle_ns, closed_ns: config.closed_idle_ns };
        Self {
            table: FlowTable::new(config.max_flows, timeouts),
            rows: Rows::new(),
            fragments: Fragments::new(Limits::default()),
            budget: Budget { used: 0, limit: config.max_reassembly_bytes, work: Work::default() },
            memory: Memory { said: Said::new(), secrets: Secrets::default(), credentials },
            coverage: Coverage::default(),
            seen: Seen::default(),
        }
    }

    /// What could not be seen so far.
    #[must_use]
    pub const fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// The wire's lay-out so far.
    #[must_use]
    pub const fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Flows open now.
    #[must_use]
    pub fn open_flows(&self) -> usize {
        self.table.len()
    }

    /// What streams have cost so far.
    #[must_use]
    pub const fn work(&self) -> Work {
        self.budget.work
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
        if let Some(tunnel) = &packet.tunnel {
            self.seen.tunnel(tunnel);
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
        self.pass(frame.time, out);
    }

    /// Lets time pass until an instant: flows that are idle by then are told. For a wire that went quiet; each frame does it too.
    pub fn pass(&mut self, until: Timestamp, out: &mut dyn Intake) {
        while let Some(slot) = self.table.expire(until.nanos()) {
            self.let_go(slot, out);
        }
    }

    /// Ends all flows, oldest slot first, and tells what is still to be told.
    pub fn finish(&mut self, out: &mut dyn Intake) {
        while let Some(slot) = self.table.evict() {
            self.let_go(slot, out);
        }
        self.fragments.close();
        let fragments = self.fragments.counters();
        self.coverage.fragments_timed_out = fragments.timed_out.saturating_add(fragments.evicted).saturating_add(fragments.cut);
        self.coverage.fragments_overlapping = fragments.overlapping.saturating_add(fragments.too_large);
    }

    fn packet(&mut self, packet: &Packet<'_>, frame: &Frame<'_>, out: &mut dyn Intake) {
        let Some((key, sender)) = key(packet) else { return };
        let time = frame.time.nanos();
        let slot = match self.table.find(&key) {
            Some(slot) => {
                if let Inner::Tcp(tcp) = &packet.inner
                    && self.is_reused(slot, tcp)
                {
                    self.restart(slot, key, sender, packet, frame, out);
                }
                slot
            }
            None => {
                if self.table.is_full()
                    && let Some(slot) = self.table.evict()
                {
                    self.coverage.flows_evicted = self.coverage.flows_evicted.saturating_add(1);
                    self.let_go(slot, out);
                }
                let (client, known) = self.guess_client(&key, sender, packet);
                let slot = self.table.insert(key, client, time, frame.at);
                self.begin(slot, sender, known, packet);
                slot
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
        self.close(slot, out);
        let (client, known) = self.guess_client(&key, sender, packet);
        let Some(flow) = self.table.get_mut(slot) else { return };
        *flow = Flow::new(key, client, frame.time.nanos(), frame.at);
        self.begin(slot, sender, known, packet);
    }

    /// What the first packet says of a flow.
    fn begin(&mut self, slot: u32, sender: Side, direction_known: bool, packet: &Packet<'_>) {
        self.coverage.flows = self.coverage.flows.saturating_add(1);
        self.seen.flow(packet);
        let Some(flow) = self.table.get_mut(slot) else { return };
        flow.direction_known = direction_known;
        flow.vlan = packet.vlans.iter().copied().rfind(|vlan| *vlan != 0).unwrap_or(0);
        flow.tunnel = packet.tunnel.map(|tunnel| tunnel.kind);
        flow.name(sender, packet.src_mac);
        flow.name(sender.other(), packet.dst_mac);
    }

    /// Ends a flow that is not in the index any more.
    fn let_go(&mut self, slot: u32, out: &mut dyn Intake) {
        self.close(slot, out);
        self.table.free(slot);
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
    fn close(&mut self, slot: u32, out: &mut dyn Intake) {
        if let Some(mut app) = self.table.get_mut(slot).and_then(|flow| flow.app.take()) {
            self.end_app(slot, &mut app, out);
        }
        let Some(flow) = self.table.get(slot) else { return };
        let (client, server) = (flow.end(flow.client), flow.end(flow.client.other()));
        let opening = opening(flow);
        if flow.key.transport() == Transport::Tcp {
            let alone = client.packets == 0 || server.packets == 0;
            if alone && !matches!(opening, Opening::Unanswered) {
                self.coverage.one_way = self.coverage.one_way.saturating_add(1);
            }
            if !flow.syn {
                self.coverage.midstream = self.coverage.midstream.saturating_add(1);
            }
        }
        let traffic = |side| {
            let end = flow.end(side);
            Traffic { packets: end.packets.into(), bytes: end.bytes, lost: flow.lost(side).into(), hop_limit: end.hop_limit }
        };
        out.take(Observation::Flow(FlowRecord {
            key: flow.conversation(),
            first: Timestamp::from_nanos(flow.first),
            last: Timestamp::from_nanos(flow.last),
            protocol: match flow.known {
                Known::Row(row) => Some(Cow::Borrowed(probe::id(row))),
                Known::Probing(_) | Known::Nothing => None,
            },
            to_server: traffic(flow.client),
            to_client: traffic(flow.client.other()),
            answered_from: flow.sent_from(flow.client.other()),
            opening,
            direction_known: flow.direction_known,
            vlan: flow.vlan,
            tunnel: flow.tunnel.map(Cow::Borrowed),
            frame: flow.frame(),
        }));
    }

    /// Lets the session of a flow that ended say its last, and the PHI counts be told.
    fn end_app(&mut self, slot: u32, app: &mut App, out: &mut dyn Intake) {
        let Some(flow) = self.table.get_mut(slot) else { return };
        let contexts = [Direction::ToServer, Direction::ToClient].map(|direction| flow_context(flow, direction));
        let [to_server, to_client] = contexts;
        let mut emit = Emit {
            out,
            memory: &mut self.memory,
            coverage: &mut self.coverage,
            context: to_server,
            key: flow.conversation(),
            frame: flow.frame(),
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
            flow.loses(side, lost);
        }
    }
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
