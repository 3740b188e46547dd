//! A frame down to its transport payload: link types, encapsulations, IP, TCP and UDP headers.
//!
//! Borrows from the frame and allocates nothing. Depth is bounded by [`MAX_DEPTH`].

use std::net::{IpAddr, Ipv4Addr};

use model::MacAddr;

use walk::{Layer, Walk};

mod ip;
mod link;
mod names;
mod ppp;
mod rare;
#[cfg(test)]
mod tests;
mod transport;
mod tunnel;
mod udp_tunnel;
mod walk;
mod wireless;

/// The most headers that are peeled off one frame (tags, labels, tunnels and extension headers counted alike).
pub const MAX_DEPTH: usize = 32;

/// Link-layer header type of a capture, as pcap numbers them (draft-ietf-opsawg-pcaplinktype).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkType(pub u16);

impl LinkType {
    /// Ethernet, the usual one.
    pub const ETHERNET: Self = Self(1);
}

/// A decoded frame.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// Link-layer source of the innermost link header: the tunnel's own where a tunnel carries IP without one.
    pub src_mac: Option<MacAddr>,
    /// Link-layer destination of the innermost link header.
    pub dst_mac: Option<MacAddr>,
    /// VLAN ids, outer first; unused ones are 0.
    pub vlans: [u16; 2],
    /// The innermost IP header.
    pub ip: Option<Ip>,
    /// The innermost tunnel the packet was carried in, with the endpoints of that tunnel.
    pub tunnel: Option<Tunnel>,
    /// What was found inside.
    pub inner: Inner,
    /// The bytes behind the last header that was peeled: TCP or UDP payload, or the message of a link or IP protocol.
    pub payload: &'a [u8],
    /// How long the payload was on the wire by the headers' own lengths; more than `payload.len()` where the frame was cut.
    pub wire_len: usize,
}

/// The innermost IP header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ip {
    /// Source.
    pub src: IpAddr,
    /// Destination.
    pub dst: IpAddr,
    /// TTL or hop limit.
    pub hop_limit: u8,
    /// IPv4 identification or IPv6 fragment identification; 0 without one.
    pub id: u32,
    /// Set where the packet is a fragment: then `inner` is [`Inner::Fragment`] and `payload` the fragment's data.
    pub fragment: Option<Fragment>,
    /// Protocol number of what the (reassembled) packet carries.
    pub protocol: u8,
}

/// Place of a fragment (RFC 791 §3.1, RFC 8200 §4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Offset of the data in bytes.
    pub offset: u32,
    /// More fragments follow.
    pub more: bool,
}

/// A tunnel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tunnel {
    /// `gre`, `erspan`, `vxlan`, `geneve`, `tzsp`, `ipip`, `6in4`, `teredo`, `pppoe`, `mpls`, `etherip`, `gtp`, `pim`, `srv6`,
    /// `lisp`, `capwap`.
    pub kind: &'static str,
    /// Tunnel source.
    pub src: Option<IpAddr>,
    /// Tunnel destination.
    pub dst: Option<IpAddr>,
}

/// What a packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inner {
    /// A TCP segment.
    Tcp(Tcp),
    /// A UDP datagram.
    Udp {
        /// Source port.
        src_port: u16,
        /// Destination port.
        dst_port: u16,
    },
    /// Another IP protocol, by number; the payload is its message.
    IpProtocol(u8),
    /// A part of an IP packet, to be put together first.
    Fragment,
    /// Not IP: a payload by its EtherType.
    EtherType(u16),
    /// IEEE 802.2 by its DSAP.
    Llc(u8),
    /// SNAP by organisation and protocol id.
    Snap(u32, u16),
    /// Nothing that can be read further; says why.
    Opaque(Opaque),
}

/// Why a frame was not read to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Opaque {
    /// The link type is not one that is read.
    LinkType,
    /// The frame was cut before its headers ended.
    Cut,
    /// A header contradicts itself.
    Malformed(&'static str),
    /// Payload is encrypted at the link (802.11 protected frames, ESP).
    Encrypted,
    /// A frame that carries no data for the layers above (802.11 management and control).
    NoData,
    /// More headers than [`MAX_DEPTH`].
    TooDeep,
}

/// A TCP header (RFC 9293 §3.1) without its ports' meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tcp {
    /// Source port.
    pub src_port: u16,
    /// Destination port.
    pub dst_port: u16,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement number.
    pub ack: u32,
    /// Flags, FIN lowest.
    pub flags: u8,
    /// Window as sent.
    pub window: u16,
    /// Maximum segment size option of a SYN; 0 without.
    pub mss: u16,
    /// Window scale option of a SYN; 255 without.
    pub window_scale: u8,
}

/// Reads one frame. `wire_len` is the frame's length on the wire, which may exceed what was captured.
#[inline]
#[must_use]
pub fn decode(link: LinkType, frame: &[u8], wire_len: usize) -> Packet<'_> {
    let wire_len = wire_len.max(frame.len());
    let mut packet = Packet {
        src_mac: None,
        dst_mac: None,
        vlans: [0; 2],
        ip: None,
        tunnel: None,
        inner: Inner::Opaque(Opaque::LinkType),
        payload: frame,
        wire_len,
    };
    if link == LinkType::ETHERNET && straight(&mut packet) {
        return packet;
    }
    Walk::new(&mut packet).run(if link == LinkType::ETHERNET { Layer::Ethernet } else { Layer::Link(link) });
    packet
}

/// What most frames are, in one step: whole IPv4 packets without options, untagged, with TCP or UDP inside. Others take the walk.
#[inline]
fn straight(packet: &mut Packet<'_>) -> bool {
    const HEADERS: usize = 14 + 20;
    let Some((header, rest)) = packet.payload.split_first_chunk::<HEADERS>() else { return false };
    let [
        d0,
        d1,
        d2,
        d3,
        d4,
        d5,
        m0,
        m1,
        m2,
        m3,
        m4,
        m5,
        8,
        0,
        0x45,
        _,
        l0,
        l1,
        i0,
        i1,
        f0,
        f1,
        hop_limit,
        protocol,
        _,
        _,
        ends @ ..,
    ] = *header
    else {
        return false;
    };
    let is_fragment = u16::from_be_bytes([f0, f1]) & 0x3fff != 0;
    let Some(len) = usize::from(u16::from_be_bytes([l0, l1])).checked_sub(20) else { return false };
    if is_fragment || !matches!(protocol, 6 | 17) {
        return false;
    }
    let [s0, s1, s2, s3, e0, e1, e2, e3] = ends;
    let (src, dst) = (Ipv4Addr::new(s0, s1, s2, s3).into(), Ipv4Addr::new(e0, e1, e2, e3).into());
    let id = u32::from(u16::from_be_bytes([i0, i1]));
    packet.src_mac = Some(MacAddr([m0, m1, m2, m3, m4, m5]));
    packet.dst_mac = Some(MacAddr([d0, d1, d2, d3, d4, d5]));
    packet.ip = Some(Ip { src, dst, hop_limit, id, fragment: None, protocol });
    packet.payload = rest;
    let mut walk = Walk::new(packet);
    walk.limit(len);
    match if protocol == 6 { walk.tcp() } else { walk.udp() } {
        Layer::Done => {}
        next => walk.run(next),
    }
    true
}

/// Reads on in the first fragment of an IP packet whose others will not be had: a message that was cut. Only behind UDP's header
/// is its whole length known.
#[must_use]
pub fn decode_beginning<'a>(first: &Packet<'a>) -> Packet<'a> {
    let ip = first.ip.map(|ip| Ip { fragment: None, ..ip });
    let is_udp = ip.is_some_and(|ip| ip.protocol == 17);
    let wire_len = if is_udp { usize::from(u16::MAX) } else { first.wire_len };
    let mut packet = Packet { wire_len, ip, ..*first };
    Walk::new(&mut packet).run(ip.map_or(Layer::Done, |ip| Layer::Transport(ip.protocol)));
    packet
}

/// Reads on in a packet whose IP fragments were put together: `payload` is the whole data of the packet that `first` began.
#[must_use]
pub fn decode_reassembled<'a>(first: &Packet<'_>, payload: &'a [u8]) -> Packet<'a> {
    let ip = first.ip.map(|ip| Ip { fragment: None, ..ip });
    let mut packet = Packet { payload, wire_len: payload.len(), ip, ..*first };
    Walk::new(&mut packet).run(ip.map_or(Layer::Done, |ip| Layer::Transport(ip.protocol)));
    packet
}
