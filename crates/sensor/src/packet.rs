//! What a packet is to its flow: its key, the mark by which a copy is known, and what decoders are told around its payload.

use std::net::IpAddr;

use model::observation::Opening;
use model::{MacAddr, Transport};
use wire::layers::{Inner, Packet};
use wire::{Context, Direction};

use crate::table::{Flow, Key, Side};

/// The first fragment of a packet that can never be whole, because the capture cut this one.
pub(crate) fn is_cut_beginning(packet: &Packet<'_>) -> bool {
    let is_first = packet.ip.and_then(|ip| ip.fragment).is_some_and(|fragment| fragment.offset == 0);
    is_first && packet.payload.len() < packet.wire_len
}

/// The flow key of a packet and who sent it; `None` for frames without addresses, unless a protocol's message may name some.
#[inline]
pub(crate) fn key(packet: &Packet<'_>) -> Option<(Key, Side)> {
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
#[inline]
pub(crate) fn mark(packet: &Packet<'_>, sender: Side) -> u32 {
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
#[inline]
pub(crate) fn count(flow: &mut Flow, sender: Side, packet: &Packet<'_>, time: i64) {
    flow.last = flow.last.max(time);
    let end = flow.end_mut(sender);
    end.packets = end.packets.saturating_add(1);
    end.bytes = end.bytes.saturating_add(packet.wire_len as u64);
    end.hop_limit = end.hop_limit.max(packet.ip.map_or(0, |ip| ip.hop_limit));
    if end.packets == 1 {
        flow.sends_from(sender, packet.src_mac);
    }
}

pub(crate) fn context(packet: &Packet<'_>, direction: Direction, time: i64) -> Context {
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
pub(crate) fn flow_context(flow: &Flow, direction: Direction) -> Context {
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
        src_mac: flow.mac(sender),
        dst_mac: flow.mac(receiver),
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
pub(crate) fn opening(flow: &Flow) -> Opening {
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
