//! The same bytes read by `etherparse`: where it reads a packet to its transport payload, so do we, and alike.

use std::net::IpAddr;

use etherparse::{LinkExtSlice, NetSlice, SlicedPacket, TransportSlice};
use proptest::prelude::*;

use super::*;

/// Compares where the oracle reads on; it knows no tunnels.
fn agrees(frame: &[u8]) {
    let ours = read(frame);
    let Ok(theirs) = SlicedPacket::from_ethernet(frame) else { return };
    if ours.tunnel.is_some() {
        return;
    }
    let vlans: Vec<u16> = theirs
        .link_exts
        .iter()
        .filter_map(|ext| match ext {
            LinkExtSlice::Vlan(vlan) => Some(vlan.vlan_identifier().value()),
            LinkExtSlice::Macsec(_) => None,
        })
        .collect();
    let ip = match &theirs.net {
        Some(NetSlice::Ipv4(ip)) => {
            Some((IpAddr::V4(ip.header().source_addr()), IpAddr::V4(ip.header().destination_addr()), ip.header().ttl()))
        }
        Some(NetSlice::Ipv6(ip)) => {
            Some((IpAddr::V6(ip.header().source_addr()), IpAddr::V6(ip.header().destination_addr()), ip.header().hop_limit()))
        }
        _ => None,
    };
    let Some(ip) = ip else { return };
    assert_eq!(ours.ip.map(|ip| (ip.src, ip.dst, ip.hop_limit)), Some(ip), "{ours:?}");
    if !vlans.contains(&0) {
        assert_eq!(
            ours.vlans.iter().copied().filter(|id| *id != 0).collect::<Vec<_>>(),
            vlans.iter().copied().take(2).collect::<Vec<_>>()
        );
    }
    match &theirs.transport {
        Some(TransportSlice::Udp(udp)) => {
            let ports = Inner::Udp { src_port: udp.source_port(), dst_port: udp.destination_port() };
            assert_eq!((ours.inner, ours.payload), (ports, udp.payload()));
        }
        Some(TransportSlice::Tcp(tcp)) => {
            let Inner::Tcp(read) = ours.inner else { panic!("{ours:?}") };
            assert_eq!((read.src_port, read.dst_port), (tcp.source_port(), tcp.destination_port()));
            assert_eq!(
                (read.seq, read.ack, read.window),
                (tcp.sequence_number(), tcp.acknowledgment_number(), tcp.window_size())
            );
            assert_eq!(ours.payload, tcp.payload());
        }
        _ => {}
    }
    if theirs.is_ip_payload_fragmented() && ours.ip.is_some_and(|ip| ip.protocol != 50) {
        assert!(matches!(ours.inner, Inner::Fragment | Inner::Opaque(_)), "{ours:?}");
    }
}

/// A transport header that mostly holds together.
fn transport() -> impl Strategy<Value = (u8, Vec<u8>)> {
    let ports = (any::<u16>(), any::<u16>());
    let body = prop::collection::vec(any::<u8>(), 0..64);
    let udp = (ports, body.clone()).prop_map(|((src, dst), body)| (17, udp(src, dst, &body)));
    let tcp = (any::<[u8; 12]>(), 4u8..9, any::<[u8; 7]>(), body.clone())
        .prop_map(|(head, words, tail, body)| (6, [&head[..], &[words << 4], &tail[..], &body[..]].concat()));
    let other = (any::<u8>(), body).prop_map(|(protocol, body)| (protocol, body));
    prop_oneof![udp, tcp, other]
}

/// IPv6 extension headers in front of a transport header.
fn extended() -> impl Strategy<Value = (u8, Vec<u8>)> {
    let extensions = prop::collection::vec((prop::sample::select(vec![0u8, 43, 60, 44]), any::<[u8; 7]>()), 0..3);
    (extensions, transport()).prop_map(|(extensions, (protocol, body))| {
        extensions.into_iter().fold((protocol, body), |(next, body), (kind, fill)| {
            let [_, a, b, c, d, e, f] = fill;
            let header = if kind == 44 { [next, 0, 0, b & 1, c, d, e, f] } else { [next, 0, a, b, c, d, e, f] };
            (kind, [&header[..], &body[..]].concat())
        })
    })
}

fn frame() -> impl Strategy<Value = Vec<u8>> {
    let four = transport().prop_map(|(protocol, body)| (0x0800, ipv4(protocol, &body)));
    let six = extended().prop_map(|(protocol, body)| (0x86dd, ipv6(protocol, &body)));
    (prop_oneof![four, six], prop::collection::vec(1u16..4095, 0..3), 0usize..8).prop_map(|((kind, packet), tags, padding)| {
        let (kind, mut packet) = tags.into_iter().fold((kind, packet), |(kind, packet), id| {
            (0x8100, [&id.to_be_bytes()[..], &u16::to_be_bytes(kind), &packet].concat())
        });
        packet.extend(vec![0; padding]);
        ethernet(kind, &packet)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn built_frames(frame in frame()) {
        agrees(&frame);
    }

    #[test]
    fn damaged_frames(frame in frame(), at in any::<prop::sample::Index>(), value in any::<u8>()) {
        let mut frame = frame;
        let at = 12 + at.index(frame.len() - 12);
        frame[at] = value;
        agrees(&frame);
    }

    #[test]
    fn any_bytes_on_any_link(link in 0u16..300, frame in prop::collection::vec(any::<u8>(), 0..200), more in 0usize..100) {
        let packet = decode(LinkType(link), &frame, frame.len() + more);
        prop_assert!(packet.payload.len() <= frame.len());
        prop_assert!(packet.wire_len >= packet.payload.len());
        if packet.inner == Inner::Fragment {
            let _ = decode_reassembled(&packet, &frame);
        }
    }

    #[test]
    fn damaged_samples(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), value in any::<u8>()) {
        let mut samples = samples();
        let (link, frame) = &mut samples[which.index(samples_len())];
        let at = at.index(frame.len());
        frame[at] = value;
        let packet = decode(*link, frame, frame.len());
        prop_assert!(packet.wire_len >= packet.payload.len());
    }
}

fn samples_len() -> usize {
    samples().len()
}
