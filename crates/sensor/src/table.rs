//! The flow table: a flat slab of flows, a hash index over it, and two queues that let flows go when they are idle.
//!
//! A flow is a fixed 192 bytes; what a protocol has to remember hangs off it in a box made when first needed and
//! dropped as soon as nothing more is wanted. Idle flows are found without touching a list per packet: a flow stands in
//! one queue, and only when its turn comes is it asked whether it was idle; if not, it goes to the back.

use std::collections::VecDeque;
use std::net::IpAddr;

use foldhash::fast::FixedState;
use model::{ConversationKey, Endpoint, FrameRef, MacAddr, Transport};
use std::hash::{BuildHasher, Hash, Hasher};
use wire::Direction;

use crate::index::Index;
use crate::stream::App;

/// Which end of a flow: the lower address and port is `A`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    A,
    B,
}

impl Side {
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// An address in two words, the higher first: IPv4 and MAC addresses have the lower alone.
type Words = [u64; 2];

/// What a flow's addresses are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    V4 = 0,
    V6 = 1,
    Mac = 2,
}

/// The two ends of a flow in a fixed order, so that both directions have the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    a: Words,
    b: Words,
    a_port: u16,
    b_port: u16,
    /// Transport and family, see [`carrier`].
    carrier: u32,
}

/// Transport and family of addresses in one word: number of the protocol from bit 4, kind of transport at bit 2, family at bit 0.
const fn carrier(family: Family, transport: Transport) -> u32 {
    let (kind, number) = match transport {
        Transport::Tcp => (0, 0),
        Transport::Udp => (1, 0),
        Transport::Ip(number) => (2, number as u32),
        Transport::Link(number) => (3, number as u32),
    };
    number << 4 | kind << 2 | family as u32
}

impl Hash for Key {
    /// In as few words as it fits, since every packet is looked up by it.
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        let ports = u32::from(self.a_port) << 16 | u32::from(self.b_port);
        let both = |a: u64, b: u64| u128::from(a) << 64 | u128::from(b);
        state.write_u128(both(self.a[1], self.b[1]));
        state.write_u64(u64::from(ports) << 32 | u64::from(self.carrier));
        if self.carrier & 3 == Family::V6 as u32 {
            state.write_u128(both(self.a[0], self.b[0]));
        }
    }
}

/// An address as the key holds it.
#[inline]
fn packed(ip: IpAddr) -> (Family, Words) {
    match ip {
        IpAddr::V4(v4) => (Family::V4, [0, u32::from(v4).into()]),
        IpAddr::V6(v6) => {
            let [a, b, c, d, e, f, g, h, rest @ ..] = v6.octets();
            (Family::V6, [u64::from_be_bytes([a, b, c, d, e, f, g, h]), u64::from_be_bytes(rest)])
        }
    }
}

impl Key {
    /// Key of an IP packet and the side that sent it.
    #[inline]
    pub(crate) fn ip(src: (IpAddr, u16), dst: (IpAddr, u16), transport: Transport) -> (Self, Side) {
        let (family, from) = packed(src.0);
        let (_, to) = packed(dst.0);
        Self::ordered((from, src.1), (to, dst.1), carrier(family, transport))
    }

    /// Key of a frame without IP.
    pub(crate) fn link(src: MacAddr, dst: MacAddr, transport: Transport) -> (Self, Side) {
        Self::ordered(([0, src.to_u64()], 0), ([0, dst.to_u64()], 0), carrier(Family::Mac, transport))
    }

    #[inline]
    fn ordered(from: (Words, u16), to: (Words, u16), carrier: u32) -> (Self, Side) {
        let key = |a: (Words, u16), b: (Words, u16)| Self { a: a.0, b: b.0, a_port: a.1, b_port: b.1, carrier };
        if from <= to { (key(from, to), Side::A) } else { (key(to, from), Side::B) }
    }

    fn address(&self, side: Side) -> Option<IpAddr> {
        let [high, low] = match side {
            Side::A => self.a,
            Side::B => self.b,
        };
        if self.carrier & 3 == Family::V4 as u32 {
            u32::try_from(low).ok().map(|bits| IpAddr::V4(bits.into()))
        } else if self.carrier & 3 == Family::V6 as u32 {
            Some(IpAddr::V6((u128::from(high) << 64 | u128::from(low)).into()))
        } else {
            None
        }
    }

    pub(crate) const fn port(&self, side: Side) -> u16 {
        match side {
            Side::A => self.a_port,
            Side::B => self.b_port,
        }
    }

    pub(crate) fn transport(&self) -> Transport {
        let number = self.carrier >> 4;
        match self.carrier >> 2 & 3 {
            0 => Transport::Tcp,
            1 => Transport::Udp,
            2 => Transport::Ip(u8::try_from(number).unwrap_or(u8::MAX)),
            _ => Transport::Link(u16::try_from(number).unwrap_or(u16::MAX)),
        }
    }

    const fn is_tcp(&self) -> bool {
        self.carrier >> 2 & 3 == 0
    }
}

/// One end of a flow.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct End {
    pub(crate) bytes: u64,
    pub(crate) packets: u32,
    /// Next TCP sequence number expected from this end.
    pub(crate) next_seq: u32,
    /// MAC by which the flow's first packet named this end; [`MacAddr::ZERO`] where it did not.
    mac: MacAddr,
    pub(crate) hop_limit: u8,
    /// `next_seq` is set.
    pub(crate) synced: bool,
}

/// What is seldom asked of one end.
#[derive(Clone, Copy, Debug, Default)]
struct Rest {
    /// Bytes of its stream that are missing.
    lost: u32,
    /// MAC from which it first sent; [`MacAddr::ZERO`] where there is none.
    sent_from: MacAddr,
}

/// The address, where it is one of an interface.
fn interface(mac: MacAddr) -> Option<MacAddr> {
    Some(mac).filter(|mac| mac.is_interface())
}

/// What the protocol of a flow is, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// Still asked; so many payloads were looked at.
    Probing(u8),
    /// Row of the protocol table.
    Row(u8),
    /// No protocol claimed it.
    Nothing,
}

/// A flow. Three cache lines: by the first it is found and let go, the second counts, and the third is touched when the flow
/// begins and ends. What a packet finds of its flow is seldom near, so each line less is time.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Flow {
    pub(crate) key: Key,
    pub(crate) last: i64,
    pub(crate) app: Option<Box<App>>,
    pub(crate) known: Known,
    pub(crate) client: Side,
    pub(crate) direction_known: bool,
    pub(crate) opened: bool,
    pub(crate) syn: bool,
    pub(crate) reset: bool,
    /// FIN was sent: bit 0 by A, bit 1 by B.
    finished: u8,

    a: End,
    b: End,
    /// Marks of the last packets, to know a mirrored copy when it comes.
    marks: [u32; 4],

    pub(crate) first: i64,
    frame: u64,
    pub(crate) tunnel: Option<&'static str>,
    source: u32,
    rest: [Rest; 2],
    pub(crate) vlan: u16,
}

impl Flow {
    pub(crate) fn new(key: Key, client: Side, time: i64, frame: FrameRef) -> Self {
        Self {
            key,
            last: time,
            app: None,
            known: Known::Probing(0),
            client,
            direction_known: false,
            opened: false,
            syn: false,
            reset: false,
            finished: 0,
            a: End::default(),
            b: End::default(),
            marks: [0; 4],
            first: time,
            frame: frame.frame,
            tunnel: None,
            source: frame.source,
            rest: [Rest::default(); 2],
            vlan: 0,
        }
    }

    /// Its first frame.
    pub(crate) const fn frame(&self) -> FrameRef {
        FrameRef { source: self.source, frame: self.frame }
    }

    const fn rest(&self, side: Side) -> &Rest {
        let [a, b] = &self.rest;
        match side {
            Side::A => a,
            Side::B => b,
        }
    }

    const fn rest_mut(&mut self, side: Side) -> &mut Rest {
        let [a, b] = &mut self.rest;
        match side {
            Side::A => a,
            Side::B => b,
        }
    }

    /// MAC by which the flow's first packet named an end.
    pub(crate) fn mac(&self, side: Side) -> Option<MacAddr> {
        interface(self.end(side).mac)
    }

    /// The first packet names an end by this MAC.
    pub(crate) fn name(&mut self, side: Side, mac: Option<MacAddr>) {
        self.end_mut(side).mac = mac.unwrap_or(MacAddr::ZERO);
    }

    /// MAC from which an end first sent.
    pub(crate) fn sent_from(&self, side: Side) -> Option<MacAddr> {
        interface(self.rest(side).sent_from)
    }

    /// An end sent its first packet from this MAC.
    pub(crate) fn sends_from(&mut self, side: Side, mac: Option<MacAddr>) {
        self.rest_mut(side).sent_from = mac.unwrap_or(MacAddr::ZERO);
    }

    /// Bytes missing of an end's stream.
    pub(crate) const fn lost(&self, side: Side) -> u32 {
        self.rest(side).lost
    }

    /// So many more bytes of an end's stream are missing.
    pub(crate) const fn loses(&mut self, side: Side, bytes: u32) {
        if bytes > 0 {
            let rest = self.rest_mut(side);
            rest.lost = rest.lost.saturating_add(bytes);
        }
    }

    /// An end sent FIN.
    pub(crate) const fn finish(&mut self, side: Side) {
        self.finished |= match side {
            Side::A => 1,
            Side::B => 2,
        };
    }

    pub(crate) const fn end(&self, side: Side) -> &End {
        match side {
            Side::A => &self.a,
            Side::B => &self.b,
        }
    }

    pub(crate) const fn end_mut(&mut self, side: Side) -> &mut End {
        match side {
            Side::A => &mut self.a,
            Side::B => &mut self.b,
        }
    }

    pub(crate) fn direction(&self, sender: Side) -> Direction {
        if sender == self.client { Direction::ToServer } else { Direction::ToClient }
    }

    /// A mirrored copy of a packet that was seen within some milliseconds; remembers the mark otherwise.
    /// A packet that cannot be told from others has the mark 0.
    pub(crate) fn is_copy(&mut self, mark: u32, time: i64) -> bool {
        const WINDOW_NS: i64 = 20_000_000;
        if mark == 0 {
            return false;
        }
        if time.saturating_sub(self.last) < WINDOW_NS && self.marks.contains(&mark) {
            return true;
        }
        let [_, b, c, d] = self.marks;
        self.marks = [b, c, d, mark];
        false
    }

    /// The conversation that this flow belongs to.
    pub(crate) fn conversation(&self) -> ConversationKey {
        let server = self.client.other();
        let end = |side| Endpoint { mac: self.mac(side), ip: self.key.address(side) };
        ConversationKey {
            client: end(self.client),
            server: end(server),
            transport: self.key.transport(),
            port: self.key.port(server),
        }
    }

    /// Both ends closed it, or one reset it.
    pub(crate) const fn is_closed(&self) -> bool {
        self.reset || self.finished == 3
    }
}

/// How long flows are kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    pub(crate) tcp_ns: i64,
    pub(crate) other_ns: i64,
    pub(crate) closed_ns: i64,
}

/// One queue of flows that wait for their turn to be asked; all in it wait for the same time, so the first came first.
#[derive(Debug)]
struct Queue {
    wait_ns: i64,
    turns: VecDeque<(i64, u32)>,
    /// How many at the front were looked at ahead of their turn.
    near: usize,
}

/// Index of the queue of flows that are not TCP.
const OTHER: usize = 0;
/// Index of the first queue of TCP flows. The next wait four times as long, then each twice as long as the one before: a flow
/// that was long quiet seldom closes soon.
const FRESH: usize = 1;
/// Queues in all.
const QUEUES: usize = 7;

/// All open flows.
#[derive(Debug)]
pub(crate) struct FlowTable {
    flows: Vec<Option<Flow>>,
    free: Vec<u32>,
    index: Index,
    hasher: FixedState,
    queues: [Queue; QUEUES],
    /// No flow's turn comes before.
    due: i64,
    /// The slot that was found last.
    last: u32,
    timeouts: Timeouts,
    limit: usize,
}

impl FlowTable {
    pub(crate) fn new(limit: usize, timeouts: Timeouts) -> Self {
        Self {
            flows: Vec::new(),
            free: Vec::new(),
            index: Index::new(),
            hasher: FixedState::with_seed(0x6d65_6477),
            queues: std::array::from_fn(|level| Queue { wait_ns: wait_ns(level, timeouts), turns: VecDeque::new(), near: 0 }),
            due: i64::MAX,
            last: 0,
            timeouts,
            limit,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    /// The slot of a key, if its flow is open.
    pub(crate) fn find(&mut self, key: &Key) -> Option<u32> {
        // Packets of a flow come in rows.
        if self.holds(self.last, key) {
            return Some(self.last);
        }
        let found = self.index.find(self.hash(key), |slot| self.holds(slot, key));
        self.last = found.unwrap_or(self.last);
        found
    }

    fn hash(&self, key: &Key) -> u32 {
        hash(&self.hasher, key)
    }

    fn holds(&self, slot: u32, key: &Key) -> bool {
        self.get(slot).is_some_and(|flow| flow.key == *key)
    }

    pub(crate) fn get(&self, slot: u32) -> Option<&Flow> {
        self.flows.get(slot as usize).and_then(Option::as_ref)
    }

    pub(crate) fn get_mut(&mut self, slot: u32) -> Option<&mut Flow> {
        self.flows.get_mut(slot as usize).and_then(Option::as_mut)
    }

    /// Adds a flow. The caller has made room with [`Self::is_full`] and [`Self::expire`].
    pub(crate) fn insert(&mut self, key: Key, client: Side, time: i64, frame: FrameRef) -> u32 {
        let hash = self.hash(&key);
        let slot = self.free.pop().unwrap_or_else(|| {
            self.flows.push(None);
            u32::try_from(self.flows.len().saturating_sub(1)).unwrap_or(u32::MAX)
        });
        if let Some(place) = self.flows.get_mut(slot as usize) {
            *place = Some(Flow::new(key, client, time, frame));
        }
        self.index.insert(hash, slot);
        self.wait(if key.is_tcp() { FRESH } else { OTHER }, time, slot);
        self.last = slot;
        slot
    }

    pub(crate) fn is_full(&self) -> bool {
        self.len() >= self.limit
    }

    /// Puts a flow at the end of a queue.
    fn wait(&mut self, level: usize, now: i64, slot: u32) {
        if let Some(queue) = self.queues.get_mut(level) {
            let turn = now.saturating_add(queue.wait_ns);
            queue.turns.push_back((turn, slot));
            self.due = self.due.min(turn);
        }
    }

    /// The slot of one flow that is idle at `now`, if there is one: it is found no more, and waits for [`Self::free`]. A few flows
    /// at most are asked per call.
    #[inline]
    pub(crate) fn expire(&mut self, now: i64) -> Option<u32> {
        if now < self.due { None } else { self.ask(now) }
    }

    fn ask(&mut self, now: i64) -> Option<u32> {
        for level in 0..QUEUES {
            for _ in 0..4 {
                let Some(queue) = self.queues.get_mut(level) else { break };
                if queue.turns.front().is_none_or(|(turn, _)| *turn > now) {
                    break;
                }
                if queue.near == 0 {
                    queue.near =
                        look_ahead(&self.flows, &self.index, &self.hasher, &queue.turns, |flow| patience_ns(self.timeouts, flow));
                }
                queue.near = queue.near.saturating_sub(1);
                let Some((_, slot)) = queue.turns.pop_front() else { break };
                let wait_ns = queue.wait_ns;
                let asked = self.get(slot).map(|flow| (flow.last, flow.last.saturating_add(patience_ns(self.timeouts, flow))));
                let (last, idle_at) = asked.unwrap_or((i64::MIN, i64::MIN));
                if idle_at <= now {
                    return self.remove(slot);
                }
                let next = match level {
                    OTHER => OTHER,
                    FRESH => FRESH.saturating_add(1),
                    _ if now.saturating_sub(last) < wait_ns => FRESH.saturating_add(1),
                    _ => level.saturating_add(1).min(QUEUES.saturating_sub(1)),
                };
                self.wait(next, now, slot);
            }
        }
        self.due = self.queues.iter().filter_map(|queue| queue.turns.front()).map(|(turn, _)| *turn).min().unwrap_or(i64::MAX);
        None
    }

    /// The slot of the flow that has waited longest for its turn, idle or not: for when the table is full.
    pub(crate) fn evict(&mut self) -> Option<u32> {
        let first = |queue: &&mut Queue| queue.turns.front().map_or(i64::MAX, |(turn, _)| *turn);
        let queue = self.queues.iter_mut().filter(|queue| !queue.turns.is_empty()).min_by_key(first)?;
        let (_, slot) = queue.turns.pop_front()?;
        queue.near = queue.near.saturating_sub(1);
        self.remove(slot)
    }

    /// Takes a flow out of the index.
    fn remove(&mut self, slot: u32) -> Option<u32> {
        let hash = self.hash(&self.get(slot)?.key);
        self.index.remove(hash, slot);
        Some(slot)
    }

    /// Gives the slot of a flow that was taken out to others.
    pub(crate) fn free(&mut self, slot: u32) {
        if let Some(place) = self.flows.get_mut(slot as usize) {
            *place = None;
            self.free.push(slot);
        }
    }
}

/// Flows that are looked at together.
const AHEAD: usize = 8;

/// Touches the flows whose turns come next and, of those that seem idle, all of the flow and its place in the index. Each is far
/// away by now; fetched together they cost hardly more than one, and are near when asked. Returns how many they are.
fn look_ahead(
    flows: &[Option<Flow>],
    index: &Index,
    hasher: &FixedState,
    turns: &VecDeque<(i64, u32)>,
    patience_ns: impl Fn(&Flow) -> i64,
) -> usize {
    let mut idle = [None; AHEAD];
    let mut count = 0_usize;
    for ((turn, slot), idle) in turns.iter().zip(&mut idle) {
        let flow = flows.get(*slot as usize).and_then(Option::as_ref);
        *idle = flow.filter(|flow| flow.last.saturating_add(patience_ns(flow)) <= *turn);
        count = count.saturating_add(1);
    }
    let mut touched = 0;
    for flow in idle.iter().flatten() {
        touched ^= flow.marks.iter().fold(flow.first, |sum, mark| sum ^ i64::from(*mark));
        touched ^= i64::from(index.touch(hash(hasher, &flow.key)));
    }
    std::hint::black_box(touched);
    count
}

fn patience_ns(timeouts: Timeouts, flow: &Flow) -> i64 {
    match flow.key.is_tcp() {
        true if flow.is_closed() => timeouts.closed_ns,
        true => timeouts.tcp_ns,
        false => timeouts.other_ns,
    }
}

/// The half of a key's hash that the index goes by.
#[inline]
fn hash(hasher: &FixedState, key: &Key) -> u32 {
    u32::try_from(hasher.hash_one(key) >> 32).unwrap_or(0)
}

/// How long the flows of a queue wait. TCP flows are asked early and often enough that closed ones do not linger.
fn wait_ns(level: usize, timeouts: Timeouts) -> i64 {
    match level {
        OTHER => timeouts.other_ns,
        FRESH => timeouts.closed_ns,
        _ => timeouts.closed_ns.saturating_mul(1 << level.min(QUEUES)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flow_is_three_cache_lines() {
        assert_eq!(size_of::<Option<Flow>>(), 192);
        assert_eq!(std::mem::offset_of!(Flow, a), 64);
        assert_eq!(std::mem::offset_of!(Flow, first), 128);
    }

    #[test]
    fn a_key_gives_back_what_it_was_made_of() {
        let ends = [("10.0.0.9", "10.0.0.1"), ("fe80::9:1", "fe80::1")];
        for (src, dst) in ends.map(|(src, dst)| (src.parse().unwrap(), dst.parse().unwrap())) {
            for transport in [Transport::Tcp, Transport::Udp, Transport::Ip(255)] {
                let (key, sender) = Key::ip((src, 7), (dst, 9), transport);
                assert_eq!(sender, Side::B);
                assert_eq!((key.address(Side::B), key.address(Side::A)), (Some(src), Some(dst)));
                assert_eq!((key.port(Side::B), key.port(Side::A)), (7, 9));
                assert_eq!(key.transport(), transport);
                assert_eq!(Key::ip((dst, 9), (src, 7), transport), (key, Side::A));
            }
        }
        let (key, _) = Key::link(MacAddr::ZERO, MacAddr::BROADCAST, Transport::Link(u16::MAX));
        assert_eq!((key.address(Side::A), key.transport()), (None, Transport::Link(u16::MAX)));
    }
}
