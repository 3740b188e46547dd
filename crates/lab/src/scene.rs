//! A scene: what a mirror port sees while hosts talk.

use std::net::IpAddr;

use capture::write::{PcapWriter, PcapngWriter};
use etherparse::{
    EtherType, Ethernet2Header, IpFragOffset, IpNumber, Ipv4Header, Ipv6FlowLabel, Ipv6Header, SingleVlanHeader, UdpHeader,
    VlanId,
};
use model::{MacAddr, Timestamp};

use crate::host::Host;
use crate::tcp::{Tcp, TcpStart};

/// When every scene begins: 2026-03-02T08:00:00Z, a Monday morning.
pub const START: Timestamp = Timestamp::from_parts(1_772_438_400, 0);

/// Link type of the frames: Ethernet.
pub const ETHERNET: u16 = 1;

/// The shortest Ethernet frame without its check sequence (IEEE 802.3 §4.2.3.3); shorter ones are padded as the wire would.
const SHORTEST_FRAME: usize = 60;

/// What goes wrong between the wire and the capture, each in so many of a thousand frames.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mishaps {
    /// Frames that the capture misses.
    pub lost: u32,
    /// Frames that a mirror port shows twice.
    pub doubled: u32,
    /// Frames that change places with the one before.
    pub swapped: u32,
}

/// Builds a capture frame by frame. Each frame comes a step after the one before it.
#[derive(Clone, Debug)]
pub struct Scene {
    /// The time of the next frame.
    pub now: Timestamp,
    /// Microseconds from a frame to the next.
    pub step_us: i64,
    /// What goes wrong from here on.
    pub mishaps: Mishaps,
    /// Bytes of a frame that the capture keeps; 0 is all.
    pub snap_len: u32,
    /// The largest IPv4 packet; longer ones are fragmented.
    pub mtu: usize,
    frames: Vec<(Timestamp, Vec<u8>)>,
    random: u64,
    next_port: u16,
    next_id: u16,
}

impl Default for Scene {
    fn default() -> Self {
        Self::new()
    }
}

impl Scene {
    /// An empty scene with the usual seed.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_seed(1)
    }

    /// An empty scene with a seed of its own: sequence numbers, identifiers and mishaps differ.
    #[must_use]
    pub const fn with_seed(seed: u64) -> Self {
        Self {
            now: START,
            step_us: 200,
            mishaps: Mishaps { lost: 0, doubled: 0, swapped: 0 },
            snap_len: 0,
            mtu: 1500,
            frames: Vec::new(),
            random: seed,
            next_port: 49_152,
            next_id: 1,
        }
    }

    /// Lets time pass.
    pub const fn wait_ms(&mut self, milliseconds: i64) {
        self.now = self.now.plus_nanos(milliseconds.saturating_mul(1_000_000));
    }

    /// Goes to a time after the start. Scenes may be told out of order: frames are written in the order of their times.
    pub const fn at_ms(&mut self, milliseconds: i64) {
        self.now = START.plus_nanos(milliseconds.saturating_mul(1_000_000));
    }

    /// The next number of the scene's own sequence (SplitMix64).
    pub const fn random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// So many bytes of the scene's own sequence: nonces, keys, pixels.
    pub fn random_bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes: Vec<u8> = (0..count.div_ceil(8)).flat_map(|_| self.random().to_le_bytes()).collect();
        bytes.truncate(count);
        bytes
    }

    /// A client port that was not used before.
    pub const fn port(&mut self) -> u16 {
        let port = self.next_port;
        self.next_port = if port == u16::MAX { 49_152 } else { port + 1 };
        port
    }

    /// Takes a whole frame as it is.
    pub fn frame(&mut self, bytes: Vec<u8>) {
        let time = self.now;
        self.now = self.now.plus_nanos(self.step_us.saturating_mul(1000));
        let [lost, doubled, swapped] = [self.mishaps.lost, self.mishaps.doubled, self.mishaps.swapped]
            .map(|of_a_thousand| of_a_thousand > 0 && self.random() % 1000 < u64::from(of_a_thousand));
        if lost {
            return;
        }
        if doubled {
            self.frames.push((time.plus_nanos(2000), bytes.clone()));
        }
        self.frames.push((time, bytes));
        if let (true, [.., (before, _), (this, _)]) = (swapped, self.frames.as_mut_slice()) {
            std::mem::swap(before, this);
        }
    }

    /// A frame with an EtherType, tagged where the sender is on a VLAN.
    pub fn ethernet(&mut self, from: &Host, to: MacAddr, ether_type: u16, payload: &[u8]) {
        let outer = if from.vlan.is_some() { EtherType::VLAN_TAGGED_FRAME } else { EtherType(ether_type) };
        let mut bytes = Ethernet2Header { source: from.mac.0, destination: to.0, ether_type: outer }.to_bytes().to_vec();
        if let Some(vlan) = from.vlan {
            let vlan_id = VlanId::try_new(vlan).expect("a VLAN id has 12 bits");
            let tag = SingleVlanHeader { vlan_id, ether_type: EtherType(ether_type), ..SingleVlanHeader::default() };
            bytes.extend(tag.to_bytes());
        }
        bytes.extend(payload);
        self.padded(bytes);
    }

    /// A frame with a length and IEEE 802.2 LLC, as STP and CDP use.
    pub fn llc(&mut self, from: &Host, to: MacAddr, payload: &[u8]) {
        let length = u16::try_from(payload.len()).expect("a frame's length");
        let mut bytes = [&to.0[..], &from.mac.0, &length.to_be_bytes()].concat();
        bytes.extend(payload);
        self.padded(bytes);
    }

    fn padded(&mut self, mut bytes: Vec<u8>) {
        bytes.resize(bytes.len().max(SHORTEST_FRAME), 0);
        self.frame(bytes);
    }

    /// A datagram. Longer ones than the MTU allows are fragmented (IPv4).
    ///
    /// # Panics
    /// When one address is IPv4 and the other IPv6.
    pub fn udp(&mut self, from: &Host, from_port: u16, to: &Host, to_port: u16, payload: &[u8]) {
        let header = match (from.ip, to.ip) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                UdpHeader::with_ipv4_checksum(from_port, to_port, &self.ipv4_header(from, a, b, 17), payload)
            }
            (IpAddr::V6(a), IpAddr::V6(b)) => {
                UdpHeader::with_ipv6_checksum(from_port, to_port, &ipv6_header(from, a.octets(), b.octets(), 17, 0), payload)
            }
            _ => panic!("{} and {} do not speak the same IP", from.name, to.name),
        };
        let header = header.expect("a datagram's length");
        self.ip(from, to, 17, &[&header.to_bytes()[..], payload].concat());
    }

    /// A packet of any IP protocol.
    ///
    /// # Panics
    /// When one address is IPv4 and the other IPv6.
    pub fn ip(&mut self, from: &Host, to: &Host, protocol: u8, payload: &[u8]) {
        match (from.ip, to.ip) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                let header = self.ipv4_header(from, a, b, protocol);
                self.next_id = self.next_id.wrapping_add(1);
                self.ipv4(from, to.mac, header, payload);
            }
            (IpAddr::V6(a), IpAddr::V6(b)) => {
                let header = ipv6_header(from, a.octets(), b.octets(), protocol, payload.len());
                self.ethernet(from, to.mac, 0x86dd, &[&header.to_bytes()[..], payload].concat());
            }
            _ => panic!("{} and {} do not speak the same IP", from.name, to.name),
        }
    }

    fn ipv4_header(&self, from: &Host, a: std::net::Ipv4Addr, b: std::net::Ipv4Addr, protocol: u8) -> Ipv4Header {
        let mut header = Ipv4Header::new(0, from.ttl, IpNumber(protocol), a.octets(), b.octets()).expect("an empty packet");
        header.identification = self.next_id;
        header
    }

    fn ipv4(&mut self, from: &Host, to: MacAddr, mut header: Ipv4Header, payload: &[u8]) {
        let room = self.mtu.saturating_sub(header.header_len()) / 8 * 8;
        let pieces = payload.len().div_ceil(room.max(8)).max(1);
        let fits = header.header_len() + payload.len() <= self.mtu;
        header.dont_fragment = fits && header.protocol == IpNumber::TCP;
        for piece in 0..if fits { 1 } else { pieces } {
            let start = piece * room;
            let end = if fits { payload.len() } else { (start + room).min(payload.len()) };
            header.more_fragments = end < payload.len();
            header.fragment_offset = IpFragOffset::try_new((start / 8) as u16).expect("a fragment's offset");
            header.total_len = (header.header_len() + end - start) as u16;
            header.header_checksum = header.calc_header_checksum();
            self.ethernet(from, to, 0x0800, &[&header.to_bytes()[..], &payload[start..end]].concat());
        }
    }

    /// Opens a connection with its handshake.
    pub fn tcp(&mut self, client: &Host, server: &Host, port: u16) -> Tcp {
        self.tcp_with(client, server, port, TcpStart::default())
    }

    /// Opens a connection, or finds one already open.
    pub fn tcp_with(&mut self, client: &Host, server: &Host, port: u16, start: TcpStart) -> Tcp {
        Tcp::open(self, client, server, port, start)
    }

    /// Takes the frames made so far out, in the order of making.
    pub fn drain(&mut self) -> std::vec::Drain<'_, (Timestamp, Vec<u8>)> {
        self.frames.drain(..)
    }

    /// Frames so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Nothing has happened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// The frames in the order of their times, each cut to the snap length, with its length on the wire.
    #[must_use]
    pub fn frames(&self) -> Vec<(Timestamp, &[u8], u32)> {
        let keep = if self.snap_len == 0 { usize::MAX } else { self.snap_len as usize };
        let cut = |(time, bytes): &'_ (Timestamp, Vec<u8>)| (*time, bytes.len());
        let mut order: Vec<usize> = (0..self.frames.len()).collect();
        order.sort_by_key(|index| cut(&self.frames[*index]).0);
        order
            .into_iter()
            .map(|index| {
                let (time, bytes) = &self.frames[index];
                (*time, &bytes[..bytes.len().min(keep)], bytes.len() as u32)
            })
            .collect()
    }

    /// The scene as a pcap file.
    ///
    /// # Panics
    /// Never: a vector takes all that is written.
    #[must_use]
    pub fn pcap(&self) -> Vec<u8> {
        let snap_len = if self.snap_len == 0 { 262_144 } else { self.snap_len };
        let mut writer = PcapWriter::new(Vec::new(), ETHERNET, snap_len).expect("a vector");
        for (time, bytes, wire_len) in self.frames() {
            writer.frame(time, bytes, wire_len).expect("a vector");
        }
        writer.finish().expect("a vector")
    }

    /// The scene as a pcapng file of one interface.
    ///
    /// # Panics
    /// Never: a vector takes all that is written.
    #[must_use]
    pub fn pcapng(&self, interface: &str) -> Vec<u8> {
        let mut writer = PcapngWriter::new(Vec::new()).expect("a vector");
        writer.interface(ETHERNET, self.snap_len, interface).expect("a vector");
        for (time, bytes, wire_len) in self.frames() {
            writer.frame(0, time, bytes, wire_len).expect("a vector");
        }
        writer.finish().expect("a vector")
    }
}

fn ipv6_header(from: &Host, source: [u8; 16], destination: [u8; 16], protocol: u8, length: usize) -> Ipv6Header {
    Ipv6Header {
        traffic_class: 0,
        flow_label: Ipv6FlowLabel::ZERO,
        payload_length: length as u16,
        next_header: IpNumber(protocol),
        hop_limit: from.ttl,
        source,
        destination,
    }
}
