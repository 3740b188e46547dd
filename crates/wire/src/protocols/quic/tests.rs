use super::super::tls::hello::tests::{client_hello, extension};
use super::*;
use crate::harness::{context, datagrams};
use crate::protocol::Direction::{ToClient, ToServer};

const DESTINATION: [u8; 8] = [0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08];

fn hello() -> Vec<u8> {
    let extensions = [
        extension(0, b"\x00\x0c\x00\x00\x09cloud.lan"),
        extension(16, b"\x00\x03\x02h3"),
        extension(43, &[2, 3, 4]),
        extension(57, &[1; 400]),
    ]
    .concat();
    let body = client_hello(0x0303, &[0x1301, 0x1302], &extensions);
    let [_, a, b, c] = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[1, a, b, c], &body[..]].concat()
}

fn crypto(hello: &[u8], from: usize, to: usize) -> Vec<u8> {
    let number = |n: usize| (u16::try_from(n).unwrap() | 0x4000).to_be_bytes();
    [&[6], &number(from)[..], &number(to - from), &hello[from..to]].concat()
}

/// An Initial packet of a client, padded.
fn initial(number: u32, destination: &[u8], keyed_by: &[u8], frames: &[u8]) -> Vec<u8> {
    let version = Version::of(number).unwrap();
    let mut payload = frames.to_vec();
    payload.resize(1140, 0);
    let length = u16::try_from(payload.len() + 4 + 16).unwrap() | 0x4000;
    let first = 0xc3 | version.initial_bits() << 4;
    let header = [
        &[first],
        &number.to_be_bytes()[..],
        &[u8::try_from(destination.len()).unwrap()],
        destination,
        &[0, 0],
        &length.to_be_bytes(),
        &[0; 4],
    ]
    .concat();
    Keys::of_client(version, keyed_by).unwrap().seal(&header, &payload)
}

fn expect(lines: &[String], version: &str) {
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert_eq!(lines[0], format!("conversation quic.version {version}"));
    assert_eq!(lines[1], "conversation tls.sni cloud.lan");
    assert_eq!(lines[2], "conversation tls.alpn_offered h3");
    assert!(lines[3].starts_with("sender tls.ja4 q13d0204h3_"));
}

/// The packet of RFC 9001 App. A.2: its protected header and first octets are as published.
#[test]
fn the_published_packet() {
    let hello = "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c00000413011302010000c0000000\
                 10000e00000b6578616d706c652e636f6dff01000100000a00080006001d0017001800100007000504616c706e000500050100000000003300\
                 260024001d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b0003020304000d0010000e0403050306\
                 03020308040805080600 2d00020101001c00024001003900320408ffffffffffffffff05048000ffff07048000ffff0801100104800075300\
                 90110 0f088394c8f03e51570806048000ffff";
    let digits: Vec<u8> = hello.bytes().filter(u8::is_ascii_hexdigit).collect();
    let mut payload: Vec<u8> =
        digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect();
    payload.resize(1162, 0);
    let header = [&[0xc3, 0, 0, 0, 1, 8][..], &DESTINATION, &[0, 0, 0x44, 0x9e, 0, 0, 0, 2]].concat();
    let keys = Keys::of_client(Version::One, &DESTINATION).unwrap();
    let packet = keys.seal(&header, &payload);
    let published = "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123dc9b";
    let front: String = packet.iter().take(38).map(|octet| format!("{octet:02x}")).collect();
    assert_eq!(front, published);
    let said = datagrams(&Quic, 443, &[(ToServer, &packet)]);
    assert_eq!(said.lines[1], "conversation tls.sni example.com");
    assert_eq!(said.lines[2], "conversation tls.alpn_offered alpn");
}

#[test]
fn each_version() {
    let hello = hello();
    for (number, name) in [
        (1, "QUIC v1"),
        (0x6b33_43cf, "QUIC v2"),
        (0xff00_001d, "QUIC draft-29"),
        (0xff00_001b, "QUIC draft-27"),
        (0xff00_0016, "QUIC draft-22"),
    ] {
        let packet = initial(number, &DESTINATION, &DESTINATION, &crypto(&hello, 0, hello.len()));
        assert_eq!(Quic.probe(&context(ToServer, 443, packet.len()), &packet), Verdict::Certain);
        expect(&datagrams(&Quic, 443, &[(ToServer, &packet)]).lines, name);
    }
}

#[test]
fn a_hello_in_parts_out_of_order_and_twice() {
    let hello = hello();
    let end = hello.len();
    let late = [crypto(&hello, 300, end), vec![1, 0, 0], crypto(&hello, 100, 310)].concat();
    let late = initial(1, &DESTINATION, &DESTINATION, &late);
    // The server chose another connection id in between; the keys stay.
    let early = initial(1, &[7; 5], &DESTINATION, &[&[2, 0, 0, 0, 0], &crypto(&hello, 0, 120)[..]].concat());
    let server = initial(1, &[], &[9; 8], &[6, 0, 1, 2]);
    let said = datagrams(&Quic, 443, &[(ToServer, &late), (ToClient, &server), (ToServer, &late), (ToServer, &early)]);
    expect(&said.lines, "QUIC v1");
}

#[test]
fn after_a_retry_the_keys_are_new() {
    let hello = hello();
    let first = initial(1, &DESTINATION, &DESTINATION, &crypto(&hello, 0, 100));
    let second = initial(1, &[4; 9], &[4; 9], &crypto(&hello, 0, hello.len()));
    expect(&datagrams(&Quic, 443, &[(ToServer, &first), (ToServer, &second)]).lines, "QUIC v1");
}

#[test]
fn googles_own() {
    let tags = [&b"CHLO"[..], &[2, 0, 0, 0], b"SNI\0", &[5, 0, 0, 0], b"UAID", &[9, 0, 0, 0], b"a.lanTest"].concat();
    let packet = [&[0x0d][..], &[1; 8], b"Q043", &[1], &[0; 12], &[0xa0, 1, 0, 0], &tags].concat();
    assert_eq!(Quic.probe(&context(ToServer, 443, packet.len()), &packet), Verdict::Certain);
    let said = datagrams(&Quic, 443, &[(ToServer, &packet)]);
    assert_eq!(
        said.lines,
        ["conversation quic.version gQUIC Q043", "conversation quic.google_sni a.lan", "sender quic.google_uaid Test",]
    );
}

#[test]
fn wrong_and_cut_bytes() {
    let hello = hello();
    let packet = initial(1, &DESTINATION, &DESTINATION, &crypto(&hello, 0, hello.len()));
    let probe = |bytes: &[u8]| Quic.probe(&context(ToServer, 443, bytes.len()), bytes);
    for cut in (0..packet.len()).step_by(7) {
        assert_eq!(probe(&packet[..cut]), Verdict::No);
        let mut wrong = packet.clone();
        wrong[cut] ^= 0x55;
        let _ = datagrams(&Quic, 443, &[(ToServer, &packet[..cut]), (ToServer, &wrong)]);
    }
    assert_eq!(probe(&[0xc0, 0, 0, 0, 2, 0, 0, 0, 4, 1, 2, 3, 4]), Verdict::No);
    assert_eq!(probe(&[0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]), Verdict::Certain);
    assert_eq!(probe(&[0x80, 0, 0, 0, 0, 0, 0, 9, 9, 9, 9]), Verdict::No);
}
