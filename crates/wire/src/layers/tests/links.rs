//! Link types and tunnels, each on a packet built by hand.

use super::*;

/// A UDP packet to be found inside, and what it looks like when it is.
fn inside() -> Vec<u8> {
    ipv4(17, &udp(5, 6, b"inside"))
}

/// Frames of all link types and tunnels, each holding [`inside`], with the tunnel that should be named.
pub(super) fn wrapped() -> Vec<(LinkType, &'static str, Vec<u8>)> {
    let ip = inside();
    let in_ethernet = ethernet(0x0800, &ip);
    let cat = |head: &[u8]| [head, &ip].concat();
    let eth = |head: &[u8]| [head, &in_ethernet].concat();
    let over_ip = |protocol: u8, head: &[u8]| ethernet(0x0800, &ipv4(protocol, &cat(head)));
    let eth_over_ip = |protocol: u8, head: &[u8]| ethernet(0x0800, &ipv4(protocol, &eth(head)));
    let over_udp = |port: u16, body: &[u8]| ethernet(0x0800, &ipv4(17, &udp(50000, port, body)));
    let snap = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0];
    let dot11 =
        |control: [u8; 2], rest: &[u8]| [&control[..], &[0, 0], &[1; 6], &[2; 6], &[3; 6], &[0, 0], rest, &snap, &ip].concat();
    let teredo = [&[0, 1, 0, 0][..], &[9; 9], &[0, 0, 1, 2, 3, 4, 5, 6], &ipv6(17, &udp(5, 6, b"inside"))].concat();
    vec![
        (LinkType(0), "", cat(&[2, 0, 0, 0])),
        (LinkType(108), "", cat(&[0, 0, 0, 2])),
        (LinkType(12), "", ip.clone()),
        (LinkType(14), "", ip.clone()),
        (LinkType(101), "", ip.clone()),
        (LinkType(228), "", ip.clone()),
        (LinkType(229), "", ipv6(17, &udp(5, 6, b"inside"))),
        (LinkType(113), "", cat(&[0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 2, 0, 0, 8, 0])),
        (LinkType(276), "", cat(&[8, 0, 0, 0, 0, 0, 0, 1, 0, 1, 4, 6, 2, 0, 0, 0, 0, 2, 0, 0])),
        (LinkType(9), "", cat(&[0xff, 3, 0, 0x21])),
        (LinkType(9), "", cat(&[0x21])),
        (LinkType(50), "", cat(&[0x0f, 0, 8, 0])),
        (LinkType(51), "pppoe", cat(&[0x11, 0, 0, 1, 0, 36, 0, 0x21])),
        (LinkType(104), "", cat(&[0x0f, 0, 8, 0])),
        (LinkType(107), "", cat(&[4, 1, 3, 0xcc])),
        (LinkType(107), "", cat(&[0x80, 0xea, 0x9d, 8, 0])),
        (LinkType(107), "", cat(&[4, 1, 3, 0, 0x80, 0, 0, 0, 8, 0])),
        (LinkType(10), "", [&[0x50][..], &[1; 6], &[2; 6], &snap, &ip].concat()),
        (LinkType(6), "", [&[0x10, 0x40][..], &[1; 6], &[0x82, 2, 2, 2, 2, 2], &[4, 0, 1, 1], &snap, &ip].concat()),
        (LinkType(105), "", dot11([8, 1], &[])),
        (LinkType(105), "", dot11([8, 3], &[4; 6])),
        (LinkType(105), "", dot11([0x88, 2], &[0, 0])),
        (LinkType(105), "", dot11([0x88, 2], &[&[0x80, 0][..], &[5; 12], &[0, 42]].concat())),
        (LinkType(127), "", [&[0, 0, 8, 0, 0, 0, 0, 0][..], &dot11([8, 2], &[])].concat()),
        (LinkType(127), "", [&[0, 0, 9, 0, 2, 0, 0, 0, 0x20][..], &dot11([0x88, 2], &[0, 0, 0, 0])].concat()),
        (LinkType(119), "", [&[0x44, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0][..], &dot11([8, 1], &[])].concat()),
        (LinkType(163), "", [&[0x80, 0x21, 0x10, 1, 0, 0, 0, 12, 0, 0, 0, 0][..], &dot11([8, 1], &[])].concat()),
        (LinkType(192), "", [&[0, 0, 8, 0, 105, 0, 0, 0][..], &dot11([8, 1], &[])].concat()),
        (LinkType(239), "", cat(&[2, 0, 0, 0, 5, 0, 10, 0, 0, 0, 0, 0, 38, 0, 9, 0])),
        (LinkType(1), "", ethernet(0x88a8, &cat(&[0, 7, 0x91, 0, 0, 8, 8, 0]))),
        (LinkType(1), "", ethernet(0x893f, &cat(&[0, 0, 0, 0, 0, 0, 8, 0]))),
        (LinkType(1), "mpls", ethernet(0x8847, &cat(&[0, 1, 0, 64, 0, 2, 1, 64]))),
        (LinkType(1), "mpls", ethernet(0x8847, &eth(&[0, 2, 1, 64, 0, 0, 0, 0]))),
        (LinkType(1), "pppoe", ethernet(0x8864, &cat(&[0x11, 0, 0, 1, 0, 36, 0, 0x21]))),
        (LinkType(1), "gre", over_ip(47, &[0, 0, 8, 0])),
        (LinkType(1), "gre", over_ip(47, &[0xb0, 0, 8, 0, 1, 1, 0, 0, 2, 2, 2, 2, 3, 3, 3, 3])),
        (LinkType(1), "gre", eth_over_ip(47, &[0, 0, 0x65, 0x58])),
        (LinkType(1), "gre", over_ip(47, &[0x30, 0x81, 0x88, 0x0b, 0, 38, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xff, 3, 0, 0x21])),
        (LinkType(1), "erspan", eth_over_ip(47, &[0, 0, 0x88, 0xbe])),
        (LinkType(1), "erspan", eth_over_ip(47, &[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 0, 0, 1, 0, 0, 0, 0])),
        (
            LinkType(1),
            "erspan",
            eth_over_ip(47, &[&[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1][..], &[0; 8]].concat()),
        ),
        (LinkType(1), "ipip", over_ip(4, &[])),
        (LinkType(1), "6in4", ethernet(0x0800, &ipv4(41, &ipv6(17, &udp(5, 6, b"inside"))))),
        (LinkType(1), "etherip", eth_over_ip(97, &[0x30, 0])),
        (LinkType(1), "vxlan", over_udp(4789, &eth(&[8, 0, 0, 0, 0, 0, 1, 0]))),
        (LinkType(1), "gre", over_udp(4754, &cat(&[0, 0, 8, 0]))),
        (LinkType(228), "", ipv6(17, &udp(5, 6, b"inside"))),
        (LinkType(1), "geneve", over_udp(6081, &eth(&[1, 0, 0x65, 0x58, 0, 0, 1, 0, 0, 0, 0, 0]))),
        (LinkType(1), "tzsp", over_udp(37008, &eth(&[1, 0, 0, 1, 10, 1, 5, 0, 1]))),
        (LinkType(1), "", ethernet(0x88e7, &eth(&[0, 0, 0, 7]))),
        (LinkType(1), "", ethernet(0x8909, &cat(&[1, 1, 0, 1, 0, 7, 8, 0]))),
        (LinkType(1), "gre", ethernet(0x0800, &ipv4(47, &[&[0, 0, 0x82, 0x10][..], &dot11([8, 1], &[])].concat()))),
        (LinkType(1), "pim", over_ip(103, &[0x21, 0, 0, 0, 0, 0, 0, 0])),
        (LinkType(1), "mpls", over_udp(6635, &cat(&[0, 0, 1, 64]))),
        (LinkType(1), "gtp", over_udp(2152, &cat(&[0x32, 0xff, 0, 38, 0, 0, 0, 1, 0, 1, 0, 0]))),
        (LinkType(1), "lisp", over_udp(4341, &cat(&[0x80, 0, 0, 0, 0, 0, 0, 0]))),
        (LinkType(1), "capwap", over_udp(5247, &[&[0, 0x10, 0x03, 0, 0, 0, 0, 0][..], &dot11([1, 8], &[])].concat())),
        (LinkType(1), "capwap", over_udp(5247, &eth(&[0, 0x10, 0x02, 0, 0, 0, 0, 0]))),
        (LinkType(129), "", cat(&[1, 2, 0, 0, 0xf0])),
        (LinkType(129), "", cat(&[1, 2, 0, 0, 0xd4, 0, 0, 0])),
        (LinkType(226), "", [&[1, 2][..], &[0; 22], &ip].concat()),
        (LinkType(242), "", [&[0; 40][..], &[8, 0, 0, 0], &ip].concat()),
        (LinkType(258), "", eth(&[12, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0])),
        (LinkType(1), "teredo", over_udp(3544, &teredo)),
    ]
}

#[test]
fn every_link_and_tunnel_is_read_to_the_end() {
    for (number, (link, kind, frame)) in wrapped().into_iter().enumerate() {
        let packet = decode(link, &frame, frame.len());
        let ports = Inner::Udp { src_port: 5, dst_port: 6 };
        assert_eq!(
            (packet.inner, packet.payload, packet.wire_len),
            (ports, &b"inside"[..], 6),
            "{number} {link:?} {kind}: {packet:?}"
        );
        assert_eq!(packet.tunnel.map_or("", |tunnel| tunnel.kind), kind, "{number}");
        assert!(link.is_read(), "{link:?}");
    }
}

#[test]
fn a_tunnel_names_its_ends() {
    let frame = ethernet(0x0800, &ipv4(4, &inside()));
    let tunnel = read(&frame).tunnel.unwrap();
    assert_eq!((tunnel.src, tunnel.dst), (Some("10.0.0.1".parse().unwrap()), Some("10.0.0.2".parse().unwrap())));
}

#[test]
fn a_port_alone_is_no_tunnel() {
    for port in [2152, 3544, 4341, 4789, 5247, 6081, 6635, 8472, 37008] {
        let frame = ethernet(0x0800, &ipv4(17, &udp(50000, port, &[0x55; 60])));
        assert_eq!(read(&frame).inner, Inner::Udp { src_port: 50000, dst_port: port });
    }
}

#[test]
fn nesting_is_bounded() {
    let mut packet = inside();
    for _ in 0..40 {
        packet = ipv4(4, &packet);
    }
    let frame = ethernet(0x0800, &packet);
    assert_eq!(read(&frame).inner, Inner::Opaque(Opaque::TooDeep));
}

#[test]
fn protected_and_management_frames_are_not_read() {
    let frame = |control: [u8; 2]| [&control[..], &[0, 0], &[1; 6], &[2; 6], &[3; 6], &[0, 0], &[0x77; 40]].concat();
    let inner = |control| decode(LinkType(105), &frame(control), 64).inner;
    assert_eq!(inner([8, 0x41]), Inner::Opaque(Opaque::Encrypted));
    assert_eq!(inner([0x80, 0]), Inner::Opaque(Opaque::NoData));
    assert_eq!(inner([0x48, 1]), Inner::Opaque(Opaque::NoData));
    assert_eq!(inner([0xd4, 0]), Inner::Opaque(Opaque::NoData));
}

#[test]
fn names_are_in_order() {
    assert_eq!(LinkType(10).name(), Some("FDDI"));
    assert_eq!(LinkType(6).name(), Some("IEEE802_5"));
    assert_eq!(LinkType(1).name(), Some("ETHERNET"));
    assert_eq!(LinkType(9999).name(), None);
    assert!((0..400).all(|number| !LinkType(number).is_read() || LinkType(number).name().is_some()));
}
