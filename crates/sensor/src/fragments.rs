//! IP packets put together from their fragments, within bounds.
//!
//! Where fragments overlap, what came first wins in IPv4; in IPv6 an overlap spoils the whole packet (RFC 5722 §4), but for an
//! exact repetition, which is let go (RFC 8200 §4.5). A packet is given up 30 seconds after its first fragment. Fragments that
//! the capture cut cannot be completed and are let go. Everything given up is counted.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

use wire::layers::{Inner, Packet};

/// Bounds of the memory for fragments.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a packet may take from its first fragment on, in nanoseconds.
    pub timeout_ns: i64,
    /// Packets being put together at one time.
    pub packets: usize,
    /// Bytes kept of all of them, with what keeping them costs.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { timeout_ns: 30_000_000_000, packets: 4096, bytes: 8 << 20 }
    }
}

/// What became of fragments. All counters are monotone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Packets put together.
    pub completed: u64,
    /// Packets given up because fragments were missing for too long, or until the end.
    pub timed_out: u64,
    /// Packets in which fragments overlapped, or disagreed about the end.
    pub overlapping: u64,
    /// Packets given up for want of room.
    pub evicted: u64,
    /// Packets that claim to be longer than an IP packet can be.
    pub too_large: u64,
    /// Fragments that hold nothing, or end off the grid of eight octets that the next must begin on.
    pub malformed: u64,
    /// Fragments that the capture cut.
    pub cut: u64,
    /// Fragments of packets already whole, as mirror ports make them.
    pub repeated: u64,
}

/// The longest that an IP packet's data can be.
const MAX_PACKET: u32 = 65_535;
/// What keeping one piece costs besides its bytes.
const PIECE_COST: usize = 32;
/// What keeping one packet costs besides its pieces.
const PACKET_COST: usize = 256;
/// A fragment that comes so soon after its packet was whole is a copy of one, not the first of a packet that took over its
/// number.
const COPY_NS: i64 = 100_000_000;

/// The fragments of packets that are not yet whole.
#[derive(Debug)]
pub struct Fragments {
    limits: Limits,
    pending: HashMap<Key, Pending>,
    /// The keys of all that is pending by age, with the time of the first fragment.
    order: VecDeque<(i64, Key)>,
    bytes: usize,
    counters: Counters,
}

/// Which packet a fragment is of (RFC 791 §3.2, RFC 8200 §4.5), where addresses may be in use more than once: by tag and tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    src: IpAddr,
    dst: IpAddr,
    id: u32,
    /// 0 in IPv6, where only the first fragment's counts.
    protocol: u8,
    vlans: [u16; 2],
    tunnel: Option<(Option<IpAddr>, Option<IpAddr>)>,
}

#[derive(Debug)]
struct Pending {
    first_seen_ns: i64,
    state: State,
    /// In order of offset, without overlap.
    pieces: Vec<Piece>,
    /// Length of the data, known from the last fragment.
    end: Option<u32>,
    /// Bytes in `pieces`.
    have: u32,
    /// Counted against the bound.
    cost: usize,
    /// An overlap was counted.
    overlapped: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    /// Was put together at this time.
    Whole(i64),
    /// Nothing more is taken in.
    Spoilt,
}

#[derive(Debug)]
struct Piece {
    offset: u32,
    data: Box<[u8]>,
}

impl Piece {
    fn end(&self) -> u32 {
        self.offset.saturating_add(u32::try_from(self.data.len()).unwrap_or(u32::MAX))
    }
}

/// A fragment's place and data.
#[derive(Clone, Copy)]
struct Part<'a> {
    start: u32,
    end: u32,
    more: bool,
    data: &'a [u8],
}

impl Fragments {
    /// None yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, pending: HashMap::new(), order: VecDeque::new(), bytes: 0, counters: Counters::default() }
    }

    /// What became of fragments so far.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// Bytes kept, with what keeping them costs.
    #[cfg(test)]
    pub const fn bytes_kept(&self) -> usize {
        self.bytes
    }

    /// Takes in a fragment, at capture time `now_ns`. Answers the whole data of its packet when this was the last one missing:
    /// for [`wire::layers::decode_reassembled`] with this same packet. Packets that are no fragments are passed over.
    pub fn offer(&mut self, now_ns: i64, packet: &Packet<'_>) -> Option<Vec<u8>> {
        self.expire(now_ns);
        let (key, part) = self.checked(packet)?;
        if !self.pending.contains_key(&key) {
            self.make_room();
            self.order.push_back((now_ns, key));
            self.bytes = self.bytes.saturating_add(PACKET_COST);
            self.pending.insert(key, Pending::new(now_ns));
        }
        let pending = self.pending.get_mut(&key)?;
        match pending.state {
            State::Waiting => {}
            State::Spoilt => return None,
            State::Whole(at) if now_ns.saturating_sub(at) < COPY_NS => {
                self.counters.repeated = self.counters.repeated.saturating_add(1);
                return None;
            }
            // The number is in use again.
            State::Whole(_) => *pending = Pending::new(now_ns),
        }
        let before = pending.cost;
        let whole = pending.take(part, key.src.is_ipv6(), now_ns, &mut self.counters);
        self.bytes = self.bytes.saturating_sub(before).saturating_add(pending.cost);
        while self.bytes > self.limits.bytes && !self.order.is_empty() {
            self.drop_oldest(|counters| &mut counters.evicted);
        }
        whole
    }

    /// Gives up what is not whole, at the end of a history.
    pub fn close(&mut self) {
        while !self.order.is_empty() {
            self.drop_oldest(|counters| &mut counters.timed_out);
        }
    }

    /// Place and data of a fragment that can be used.
    fn checked<'a>(&mut self, packet: &Packet<'a>) -> Option<(Key, Part<'a>)> {
        let ip = packet.ip.filter(|_| packet.inner == Inner::Fragment)?;
        let fragment = ip.fragment?;
        if packet.payload.len() < packet.wire_len {
            self.counters.cut = self.counters.cut.saturating_add(1);
            return None;
        }
        let len = u32::try_from(packet.payload.len()).unwrap_or(u32::MAX);
        let end = fragment.offset.saturating_add(len);
        if (fragment.more && len % 8 != 0) || len == 0 {
            self.counters.malformed = self.counters.malformed.saturating_add(1);
            return None;
        }
        let key = Key {
            src: ip.src,
            dst: ip.dst,
            id: ip.id,
            protocol: if ip.src.is_ipv6() { 0 } else { ip.protocol },
            vlans: packet.vlans,
            tunnel: packet.tunnel.map(|tunnel| (tunnel.src, tunnel.dst)),
        };
        Some((key, Part { start: fragment.offset, end, more: fragment.more, data: packet.payload }))
    }

    fn expire(&mut self, now_ns: i64) {
        while let Some((first, key)) = self.order.front().copied() {
            if now_ns.saturating_sub(first) <= self.limits.timeout_ns {
                return;
            }
            match self.pending.get(&key) {
                // Its number was used again since: it has its own time.
                Some(pending) if pending.first_seen_ns > first => {
                    self.order.pop_front();
                    self.order.push_back((pending.first_seen_ns, key));
                }
                _ => self.drop_oldest(|counters| &mut counters.timed_out),
            }
        }
    }

    fn make_room(&mut self) {
        while self.pending.len() >= self.limits.packets.max(1) && !self.order.is_empty() {
            self.drop_oldest(|counters| &mut counters.evicted);
        }
    }

    /// Lets the oldest go; counted only when it was still waiting.
    fn drop_oldest(&mut self, counter: impl Fn(&mut Counters) -> &mut u64) {
        let Some((_, key)) = self.order.pop_front() else { return };
        let Some(pending) = self.pending.remove(&key) else { return };
        self.bytes = self.bytes.saturating_sub(pending.cost);
        if pending.state == State::Waiting && pending.have > 0 {
            let count = counter(&mut self.counters);
            *count = count.saturating_add(1);
        }
    }
}

impl Pending {
    const fn new(first_seen_ns: i64) -> Self {
        Self {
            first_seen_ns,
            state: State::Waiting,
            pieces: Vec::new(),
            end: None,
            have: 0,
            cost: PACKET_COST,
            overlapped: false,
        }
    }

    fn take(&mut self, part: Part<'_>, is_v6: bool, now_ns: i64, counters: &mut Counters) -> Option<Vec<u8>> {
        if part.end > MAX_PACKET {
            return self.spoil(&mut counters.too_large);
        }
        // Data behind the end, or a second end elsewhere: the sender contradicts itself.
        let last_byte = self.pieces.last().map_or(0, Piece::end);
        let contradicts = match self.end {
            Some(end) => part.end > end || (!part.more && part.end != end),
            None => !part.more && last_byte > part.end,
        };
        if contradicts {
            return self.spoil(&mut counters.overlapping);
        }
        match self.overlap(part) {
            Overlap::None => self.insert(part),
            Overlap::Repetition => {}
            Overlap::Some if is_v6 => return self.spoil(&mut counters.overlapping),
            Overlap::Some => {
                if !self.overlapped {
                    self.overlapped = true;
                    counters.overlapping = counters.overlapping.saturating_add(1);
                }
                self.insert(part);
            }
        }
        if !part.more {
            self.end = Some(part.end);
        }
        if self.end != Some(self.have) {
            return None;
        }
        counters.completed = counters.completed.saturating_add(1);
        let whole = self.pieces.iter().flat_map(|piece| piece.data.iter().copied()).collect();
        self.reset(State::Whole(now_ns));
        Some(whole)
    }

    /// Gives the packet up, and counts why.
    fn spoil(&mut self, counter: &mut u64) -> Option<Vec<u8>> {
        *counter = counter.saturating_add(1);
        self.reset(State::Spoilt);
        None
    }

    fn reset(&mut self, state: State) {
        *self = Self { state, ..Self::new(self.first_seen_ns) };
    }

    /// The first piece that ends behind `start`.
    fn place(&self, start: u32) -> usize {
        self.pieces.partition_point(|piece| piece.end() <= start)
    }

    fn overlap(&self, part: Part<'_>) -> Overlap {
        match self.pieces.get(self.place(part.start)) {
            Some(piece) if piece.offset == part.start && *piece.data == *part.data => Overlap::Repetition,
            Some(piece) if piece.offset < part.end => Overlap::Some,
            _ => Overlap::None,
        }
    }

    /// Puts in what is not there yet.
    fn insert(&mut self, part: Part<'_>) {
        let mut start = part.start;
        let mut place = self.place(start);
        // Each turn passes one piece, of which there are at most 8192.
        while start < part.end {
            let next = self.pieces.get(place).map(|piece| (piece.offset, piece.end()));
            let end = next.map_or(part.end, |(offset, _)| offset.min(part.end));
            if start < end && self.put(place, start, end, part) {
                place = place.saturating_add(1);
            }
            let Some((_, passed)) = next else { return };
            start = passed.max(start);
            place = place.saturating_add(1);
        }
    }

    /// One piece of a part. False when it cannot be (it always can).
    fn put(&mut self, place: usize, start: u32, end: u32, part: Part<'_>) -> bool {
        let range =
            usize::try_from(start.saturating_sub(part.start)).ok().zip(usize::try_from(end.saturating_sub(part.start)).ok());
        let Some(data) = range.and_then(|(from, to)| part.data.get(from..to)) else { return false };
        self.have = self.have.saturating_add(end.saturating_sub(start));
        self.cost = self.cost.saturating_add(data.len()).saturating_add(PIECE_COST);
        self.pieces.insert(place, Piece { offset: start, data: data.into() });
        true
    }
}

/// How a fragment lies to what is there.
enum Overlap {
    None,
    /// The same data at the same place.
    Repetition,
    Some,
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use wire::layers::{Fragment, Ip};

    use super::*;

    const SECOND: i64 = 1_000_000_000;

    fn fragment(id: u32, offset: u32, more: bool, payload: &[u8]) -> Packet<'_> {
        let ip = Ip {
            src: Ipv4Addr::new(10, 0, 0, 1).into(),
            dst: Ipv4Addr::new(10, 0, 0, 2).into(),
            hop_limit: 64,
            id,
            fragment: Some(Fragment { offset, more }),
            protocol: 17,
        };
        Packet {
            src_mac: None,
            dst_mac: None,
            vlans: [0; 2],
            ip: Some(ip),
            tunnel: None,
            inner: Inner::Fragment,
            payload,
            wire_len: payload.len(),
        }
    }

    fn fragment_6(id: u32, offset: u32, more: bool, payload: &[u8]) -> Packet<'_> {
        let packet = fragment(id, offset, more, payload);
        let (src, dst) = (Ipv6Addr::from(1).into(), Ipv6Addr::from(2).into());
        Packet { ip: packet.ip.map(|ip| Ip { src, dst, ..ip }), ..packet }
    }

    fn fragments() -> Fragments {
        Fragments::new(Limits::default())
    }

    #[test]
    fn any_order_makes_the_packet() {
        let whole: Vec<u8> = (0..40).collect();
        let parts = [(0, true, &whole[..16]), (16, true, &whole[16..24]), (24, false, &whole[24..])];
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut fragments = fragments();
            let mut offer = |at: usize| fragments.offer(0, &fragment(1, parts[at].0, parts[at].1, parts[at].2));
            assert_eq!(offer(order[0]), None);
            assert_eq!(offer(order[1]), None);
            assert_eq!(offer(order[2]), Some(whole.clone()));
            assert_eq!(offer(order[2]), None);
            assert_eq!(fragments.counters(), Counters { completed: 1, repeated: 1, ..Counters::default() });
        }
    }

    #[test]
    fn the_first_wins_in_ipv4() {
        let mut fragments = fragments();
        assert_eq!(fragments.offer(0, &fragment(1, 8, true, &[1; 8])), None);
        assert_eq!(fragments.offer(0, &fragment(1, 0, true, &[2; 24])), None);
        let whole = fragments.offer(0, &fragment(1, 16, false, &[3; 16])).unwrap();
        assert_eq!(whole, [[2; 8], [1; 8], [2; 8], [3; 8]].concat());
        assert_eq!(fragments.counters(), Counters { completed: 1, overlapping: 1, ..Counters::default() });
    }

    #[test]
    fn an_overlap_spoils_ipv6() {
        let mut fragments = fragments();
        assert_eq!(fragments.offer(0, &fragment_6(1, 0, true, &[1; 16])), None);
        assert_eq!(fragments.offer(0, &fragment_6(1, 0, true, &[1; 16])), None);
        assert_eq!(fragments.offer(0, &fragment_6(1, 8, true, &[2; 16])), None);
        assert_eq!(fragments.offer(0, &fragment_6(1, 16, false, &[3; 16])), None);
        assert_eq!(fragments.counters(), Counters { overlapping: 1, ..Counters::default() });
    }

    #[test]
    fn ends_must_agree() {
        let mut fragments = fragments();
        fragments.offer(0, &fragment(1, 16, false, &[1; 8]));
        assert_eq!(fragments.offer(0, &fragment(1, 24, true, &[1; 8])), None);
        fragments.offer(0, &fragment(2, 32, true, &[1; 8]));
        assert_eq!(fragments.offer(0, &fragment(2, 0, false, &[1; 8])), None);
        assert_eq!(fragments.counters().overlapping, 2);
    }

    #[test]
    fn waiting_ends() {
        let mut fragments = fragments();
        fragments.offer(0, &fragment(1, 0, true, &[1; 8]));
        fragments.offer(31 * SECOND, &fragment(2, 0, true, &[1; 8]));
        assert_eq!(fragments.counters().timed_out, 1);
        assert_eq!(fragments.offer(31 * SECOND, &fragment(1, 8, false, &[1; 8])), None);
        fragments.close();
        assert_eq!((fragments.counters().timed_out, fragments.bytes_kept()), (3, 0));
    }

    #[test]
    fn a_number_is_used_again() {
        let mut fragments = fragments();
        for round in 0..3 {
            let now = round * SECOND;
            assert_eq!(fragments.offer(now, &fragment(1, 0, true, &[1; 8])), None);
            assert_eq!(fragments.offer(now, &fragment(1, 8, false, &[2; 8])).map(|whole| whole.len()), Some(16));
        }
        assert_eq!(fragments.counters().completed, 3);
    }

    #[test]
    fn unusable_fragments_are_counted() {
        let mut fragments = fragments();
        fragments.offer(0, &fragment(1, 0, true, &[1; 7]));
        fragments.offer(0, &fragment(1, 0, true, &[]));
        fragments.offer(0, &fragment(2, 65_528, false, &[1; 8]));
        fragments.offer(0, &Packet { wire_len: 100, ..fragment(3, 0, true, &[1; 8]) });
        let expected = Counters { malformed: 2, too_large: 1, cut: 1, ..Counters::default() };
        assert_eq!(fragments.counters(), expected);
    }

    #[test]
    fn memory_is_bounded() {
        let limits = Limits { bytes: 128 * 1024, packets: 100, ..Limits::default() };
        let mut fragments = Fragments::new(limits);
        for id in 0..1000 {
            for piece in 0..4 {
                fragments.offer(0, &fragment(id, piece * 1600, true, &[1; 800]));
                assert!(fragments.bytes_kept() <= limits.bytes);
            }
        }
        assert!(fragments.pending.len() <= 100 && fragments.order.len() <= 100);
        assert!(fragments.counters().evicted >= 900);
        fragments.close();
        assert_eq!(fragments.bytes_kept(), 0);
    }
}
