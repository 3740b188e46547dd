//! The flow table: a flat slab of flows, a hash index over it, and two queues that let flows go when they are idle.
//!
//! A flow is a fixed 200-odd bytes; what a protocol has to remember hangs off it in a box made when first needed and
//! dropped as soon as nothing more is wanted. Idle flows are found without touching a list per packet: a flow stands in
//! one queue, and only when its turn comes is it asked whether it was idle; if not, it goes to the back.

use std::collections::VecDeque;
use std::net::IpAddr;

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use model::{ConversationKey, Endpoint, FrameRef, MacAddr, Transport};
use std::hash::{BuildHasher, Hash, Hasher};
use wire::Direction;

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

/// What a flow's addresses are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Family {
    V4,
    V6,
    Mac,
}

/// The two ends of a flow in a fixed order, so that both directions have the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    a: u128,
    b: u128,
    a_port: u16,
    b_port: u16,
    family: Family,
    transport: Transport,
}

impl Hash for Key {
    /// In as few words as it fits, since every packet is looked up by it.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let carrier = match self.transport {
            Transport::Tcp => 0,
            Transport::Udp => 1,
            Transport::Ip(number) => 0x2_0000 | u32::from(number),
            Transport::Link(number) => 0x4_0000 | u32::from(number),
        };
        let ports = u64::from(self.a_port) << 48 | u64::from(self.b_port) << 32;
        state.write_u128(self.a);
        state.write_u128(self.b);
        state.write_u64(ports | u64::from(carrier << 2 | self.family as u32));
    }
}

/// An address as the key holds it.
fn packed(ip: IpAddr) -> (Family, u128) {
    match ip {
        IpAddr::V4(v4) => (Family::V4, u128::from(u32::from(v4))),
        IpAddr::V6(v6) => (Family::V6, u128::from(v6)),
    }
}

impl Key {
    /// Key of an IP packet and the side that sent it.
    pub(crate) fn ip(src: (IpAddr, u16), dst: (IpAddr, u16), transport: Transport) -> (Self, Side) {
        let (family, from) = packed(src.0);
        let (_, to) = packed(dst.0);
        Self::ordered((from, src.1), (to, dst.1), family, transport)
    }

    /// Key of a frame without IP.
    pub(crate) fn link(src: MacAddr, dst: MacAddr, transport: Transport) -> (Self, Side) {
        Self::ordered((src.to_u64().into(), 0), (dst.to_u64().into(), 0), Family::Mac, transport)
    }

    fn ordered(from: (u128, u16), to: (u128, u16), family: Family, transport: Transport) -> (Self, Side) {
        let key = |a: (u128, u16), b: (u128, u16)| Self { a: a.0, b: b.0, a_port: a.1, b_port: b.1, family, transport };
        if from <= to { (key(from, to), Side::A) } else { (key(to, from), Side::B) }
    }

    fn address(&self, side: Side) -> Option<IpAddr> {
        let packed = match side {
            Side::A => self.a,
            Side::B => self.b,
        };
        match self.family {
            Family::V4 => u32::try_from(packed).ok().map(|bits| IpAddr::V4(bits.into())),
            Family::V6 => Some(IpAddr::V6(packed.into())),
            Family::Mac => None,
        }
    }

    pub(crate) const fn port(&self, side: Side) -> u16 {
        match side {
            Side::A => self.a_port,
            Side::B => self.b_port,
        }
    }

    pub(crate) const fn transport(&self) -> Transport {
        self.transport
    }
}

/// One end of a flow.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct End {
    pub(crate) bytes: u64,
    pub(crate) packets: u32,
    pub(crate) lost: u32,
    /// Next TCP sequence number expected from this end.
    pub(crate) next_seq: u32,
    /// MAC by which the flow's first packet named this end.
    pub(crate) mac: Option<MacAddr>,
    /// MAC from which this end first sent.
    pub(crate) sent_from: Option<MacAddr>,
    pub(crate) hop_limit: u8,
    /// `next_seq` is set.
    pub(crate) synced: bool,
    /// FIN was sent.
    pub(crate) finished: bool,
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

/// A flow.
#[derive(Debug)]
pub(crate) struct Flow {
    pub(crate) key: Key,
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) frame: FrameRef,
    a: End,
    b: End,
    /// Marks of the last packets, to know a mirrored copy when it comes.
    marks: [u32; 4],
    pub(crate) app: Option<Box<App>>,
    pub(crate) tunnel: Option<&'static str>,
    pub(crate) vlan: u16,
    pub(crate) known: Known,
    pub(crate) client: Side,
    pub(crate) direction_known: bool,
    pub(crate) opened: bool,
    pub(crate) syn: bool,
    pub(crate) reset: bool,
}

impl Flow {
    pub(crate) fn new(key: Key, client: Side, time: i64, frame: FrameRef) -> Self {
        Self {
            key,
            first: time,
            last: time,
            frame,
            a: End::default(),
            b: End::default(),
            marks: [0; 4],
            app: None,
            tunnel: None,
            vlan: 0,
            known: Known::Probing(0),
            client,
            direction_known: false,
            opened: false,
            syn: false,
            reset: false,
        }
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
        let end = |side| Endpoint { mac: self.end(side).mac, ip: self.key.address(side) };
        ConversationKey {
            client: end(self.client),
            server: end(server),
            transport: self.key.transport(),
            port: self.key.port(server),
        }
    }

    /// Both ends closed it, or one reset it.
    pub(crate) const fn is_closed(&self) -> bool {
        self.reset || (self.a.finished && self.b.finished)
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
    index: HashTable<u32>,
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
            index: HashTable::new(),
            hasher: FixedState::with_seed(0x6d65_6477),
            queues: std::array::from_fn(|level| Queue { wait_ns: wait_ns(level, timeouts), turns: VecDeque::new() }),
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
        let hash = self.hasher.hash_one(key);
        let found = self.index.find(hash, |slot| self.holds(*slot, key)).copied();
        self.last = found.unwrap_or(self.last);
        found
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
    pub(crate) fn insert(&mut self, flow: Flow) -> u32 {
        let hash = self.hasher.hash_one(flow.key);
        let is_tcp = flow.key.transport() == Transport::Tcp;
        let time = flow.first;
        let slot = self.free.pop().unwrap_or_else(|| {
            self.flows.push(None);
            u32::try_from(self.flows.len().saturating_sub(1)).unwrap_or(u32::MAX)
        });
        if let Some(place) = self.flows.get_mut(slot as usize) {
            *place = Some(flow);
        }
        let (flows, hasher) = (&self.flows, &self.hasher);
        self.index.insert_unique(hash, slot, |slot| {
            flows.get(*slot as usize).and_then(Option::as_ref).map_or(0, |flow| hasher.hash_one(flow.key))
        });
        self.wait(if is_tcp { FRESH } else { OTHER }, time, slot);
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

    /// Takes out one flow that is idle at `now`, if there is one. A few flows at most are asked per call.
    #[inline]
    pub(crate) fn expire(&mut self, now: i64) -> Option<Flow> {
        if now < self.due { None } else { self.ask(now) }
    }

    fn ask(&mut self, now: i64) -> Option<Flow> {
        for level in 0..QUEUES {
            for _ in 0..4 {
                let Some(queue) = self.queues.get_mut(level) else { break };
                let Some((_, slot)) = queue.turns.pop_front_if(|(turn, _)| *turn <= now) else { break };
                let wait_ns = queue.wait_ns;
                let asked = self.get(slot).map(|flow| (flow.last, flow.last.saturating_add(self.patience_ns(flow))));
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

    fn patience_ns(&self, flow: &Flow) -> i64 {
        match flow.key.transport() {
            Transport::Tcp if flow.is_closed() => self.timeouts.closed_ns,
            Transport::Tcp => self.timeouts.tcp_ns,
            _ => self.timeouts.other_ns,
        }
    }

    /// Takes out the flow that has waited longest for its turn, idle or not: for when the table is full.
    pub(crate) fn evict(&mut self) -> Option<Flow> {
        let first = |queue: &&mut Queue| queue.turns.front().map_or(i64::MAX, |(turn, _)| *turn);
        let queue = self.queues.iter_mut().filter(|queue| !queue.turns.is_empty()).min_by_key(first)?;
        let (_, slot) = queue.turns.pop_front()?;
        self.remove(slot)
    }

    fn remove(&mut self, slot: u32) -> Option<Flow> {
        let flow = self.flows.get_mut(slot as usize)?.take()?;
        let hash = self.hasher.hash_one(flow.key);
        if let Ok(entry) = self.index.find_entry(hash, |other| *other == slot) {
            entry.remove();
        }
        self.free.push(slot);
        Some(flow)
    }
}

/// How long the flows of a queue wait. TCP flows are asked early and often enough that closed ones do not linger.
fn wait_ns(level: usize, timeouts: Timeouts) -> i64 {
    match level {
        OTHER => timeouts.other_ns,
        FRESH => timeouts.closed_ns,
        _ => timeouts.closed_ns.saturating_mul(1 << level.min(QUEUES)),
    }
}
