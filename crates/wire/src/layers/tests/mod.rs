use std::net::{IpAddr, Ipv4Addr};

use super::*;

mod links;
mod oracle;

/// Ethernet header with addresses 02:..:02 to 02:..:01 and this type.
fn ethernet(ether_type: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2];
    frame.extend(ether_type.to_be_bytes());
    frame.extend(payload);
    frame
}

fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let total = u16::try_from(payload.len() + 20).unwrap().to_be_bytes();
    let mut packet = vec![0x45, 0, total[0], total[1], 0x12, 0x34, 0x40, 0, 64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
    packet.extend(payload);
    packet
}

fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(payload.len()).unwrap().to_be_bytes();
    let mut packet = vec![0x60, 0, 0, 0, len[0], len[1], next, 63];
    packet.extend([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    packet.extend([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    packet.extend(payload);
    packet
}

fn udp(src: u16, dst: u16, payload: &[u8]) -> Vec<u8> {
    let len = u16::try_from(payload.len() + 8).unwrap();
    let mut datagram = [src, dst, len, 0].map(u16::to_be_bytes).concat();
    datagram.extend(payload);
    datagram
}

fn tcp_syn(payload: &[u8]) -> Vec<u8> {
    let mut segment = vec![0x12, 0x34, 0, 80, 0, 0, 0, 5, 0, 0, 0, 6, 0x70, 2, 0xff, 0xff, 0, 0, 0, 0];
    segment.extend([2, 4, 5, 0xb4, 1, 3, 3, 7]);
    segment.extend(payload);
    segment
}

#[test]
fn the_beginning_of_a_fragmented_datagram_is_one_that_was_cut() {
    let mut packet = ipv4(17, &udp(5, 53, &[7; 1000]));
    packet[6] = 0x20;
    let frame = ethernet(0x0800, &packet);
    let fragment = decode(LinkType(1), &frame[..60], frame.len());
    assert_eq!(fragment.inner, Inner::Fragment);
    let beginning = decode_beginning(&fragment);
    assert_eq!(beginning.inner, Inner::Udp { src_port: 5, dst_port: 53 });
    assert_eq!((beginning.payload, beginning.wire_len), (&[7; 18][..], 1000));
}

fn read(frame: &[u8]) -> Packet<'_> {
    decode(LinkType(1), frame, frame.len())
}

/// Sample frames of every kind, for the tests that want to break them.
fn samples() -> Vec<(LinkType, Vec<u8>)> {
    let mut frames = vec![
        ethernet(0x0800, &ipv4(6, &tcp_syn(b"hello"))),
        ethernet(0x86dd, &ipv6(17, &udp(5, 6, b"hello"))),
        ethernet(0x86dd, &ipv6(0, &[&[44, 0, 0, 0, 0, 0, 0, 0, 17, 0, 0, 1, 0, 0, 0, 9][..], b"data"].concat())),
        ethernet(0x8100, &[&[0, 7, 8, 0][..], &ipv4(17, &udp(5, 6, b"x"))].concat()),
        ethernet(8, &[0xaa, 0xaa, 3, 0, 0, 12, 0x20, 0, 1, 2]),
    ];
    let plain = frames.drain(..).map(|frame| (LinkType(1), frame));
    plain.chain(links::wrapped().into_iter().map(|(link, _, frame)| (link, frame))).collect()
}

#[test]
fn tcp_over_ipv4() {
    let frame = ethernet(0x0800, &ipv4(6, &tcp_syn(b"hello")));
    let packet = read(&frame);
    assert_eq!(packet.src_mac, Some(MacAddr([2, 0, 0, 0, 0, 2])));
    let ip = packet.ip.unwrap();
    assert_eq!((ip.src, ip.dst), (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2))));
    assert_eq!((ip.hop_limit, ip.id, ip.fragment, ip.protocol), (64, 0x1234, None, 6));
    let Inner::Tcp(tcp) = packet.inner else { panic!("{packet:?}") };
    assert_eq!((tcp.src_port, tcp.dst_port, tcp.seq, tcp.ack, tcp.flags), (0x1234, 80, 5, 6, 2));
    assert_eq!((tcp.window, tcp.mss, tcp.window_scale), (0xffff, 1460, 7));
    assert_eq!((packet.payload, packet.wire_len), (&b"hello"[..], 5));
}

#[test]
fn padding_is_no_payload() {
    let mut frame = ethernet(0x0800, &ipv4(17, &udp(1, 2, b"")));
    frame.resize(60, 0);
    let packet = read(&frame);
    assert_eq!((packet.inner, packet.payload.len(), packet.wire_len), (Inner::Udp { src_port: 1, dst_port: 2 }, 0, 0));
}

#[test]
fn cut_payload_keeps_its_length() {
    let frame = ethernet(0x0800, &ipv4(17, &udp(1, 2, &[7; 100])));
    let packet = decode(LinkType(1), &frame[..60], frame.len());
    assert_eq!((packet.payload.len(), packet.wire_len), (60 - 42, 100));
    let packet = decode(LinkType(1), &frame[..30], frame.len());
    assert_eq!(packet.inner, Inner::Opaque(Opaque::Cut));
}

#[test]
fn total_length_of_zero_is_the_frames() {
    let mut frame = ethernet(0x0800, &ipv4(6, &tcp_syn(&[1; 3000])));
    frame[16..18].fill(0);
    assert_eq!(read(&frame).wire_len, 3000);
}

#[test]
fn tags_are_kept_outer_first() {
    let inner = [&[0, 7, 0x81, 0, 0x20, 9, 8, 0][..], &ipv4(17, &udp(5, 6, b"x"))].concat();
    let frame = ethernet(0x88a8, &inner);
    let packet = read(&frame);
    assert_eq!((packet.vlans, packet.inner), ([7, 9], Inner::Udp { src_port: 5, dst_port: 6 }));
}

#[test]
fn fragments_wait_and_are_read_on() {
    let whole = udp(5, 6, &[3; 40]);
    let mut first = ipv4(17, &whole[..24]);
    first[6] = 0x20;
    let frame = ethernet(0x0800, &first);
    let packet = read(&frame);
    assert_eq!(packet.inner, Inner::Fragment);
    assert_eq!(packet.ip.unwrap().fragment, Some(Fragment { offset: 0, more: true }));
    let read = decode_reassembled(&packet, &whole);
    assert_eq!((read.inner, read.wire_len), (Inner::Udp { src_port: 5, dst_port: 6 }, 40));
}

#[test]
fn extension_headers_are_peeled() {
    let hop = [17, 0, 0, 0, 0, 0, 0, 0];
    let frame = ethernet(0x86dd, &ipv6(0, &[&hop[..], &udp(5, 6, b"abc")].concat()));
    let packet = read(&frame);
    assert_eq!((packet.inner, packet.payload), (Inner::Udp { src_port: 5, dst_port: 6 }, &b"abc"[..]));
    assert_eq!(packet.ip.unwrap().protocol, 17);
}

#[test]
fn snap_names_its_protocol() {
    let frame = ethernet(8, &[0xaa, 0xaa, 3, 0, 0, 12, 0x20, 0, 1, 2, 3]);
    assert_eq!((read(&frame).inner, read(&frame).payload), (Inner::Snap(12, 0x2000), &[][..]));
}

#[test]
fn no_truncation_panics() {
    for (link, frame) in samples() {
        for cut in 0..frame.len() {
            let _ = decode(link, &frame[..cut], frame.len());
            let _ = decode(link, &frame[..cut], cut);
        }
    }
}
