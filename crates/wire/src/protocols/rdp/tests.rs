use super::*;
use crate::harness::{context, streams, streams_any_chunk};
use crate::protocol::Direction::{ToClient, ToServer};

fn tpkt(rest: &[u8]) -> Vec<u8> {
    [&[3, 0], &u16::try_from(rest.len() + 4).unwrap().to_be_bytes()[..], rest].concat()
}

fn connect(code: u8, rest: &[u8]) -> Vec<u8> {
    tpkt(&[&[u8::try_from(rest.len() + 6).unwrap(), code, 0, 0, 0x12, 0x34, 0], rest].concat())
}

fn block(kind: u16, body: &[u8]) -> Vec<u8> {
    [&kind.to_le_bytes(), &u16::try_from(body.len() + 4).unwrap().to_le_bytes()[..], body].concat()
}

fn conference(tag: u8, key: &[u8], blocks: &[u8]) -> Vec<u8> {
    let length = u16::try_from(blocks.len()).unwrap() | 0x8000;
    tpkt(&[&[2, 0xf0, 0x80, 0x7f, tag, 0x82, 1, 0], &[4; 40][..], key, &length.to_be_bytes(), blocks].concat())
}

fn request() -> Vec<u8> {
    connect(0xe0, b"Cookie: mstshash=svc-ris\r\n\x01\x00\x08\x00\x03\x00\x00\x00")
}

#[test]
fn tls_is_handed_over() {
    let server = [connect(0xd0, &[2, 0x1f, 8, 0, 2, 0, 0, 0]), vec![0x16, 3, 3]].concat();
    let said = streams_any_chunk(&Rdp, 3389, &[(ToServer, &request()), (ToClient, &server)]);
    assert_eq!(
        said.lines,
        [
            "conversation rdp.cookie svc-ris",
            "conversation rdp.desktop remote desktop",
            "conversation rdp.security CredSSP (network level authentication)",
        ]
    );
    let mut session = Rdp.session().unwrap();
    let mut lines = crate::harness::Lines::default();
    let step = session.data(&context(ToClient, 3389, 19), &server, &mut lines);
    assert_eq!(step, Step { used: 19, next: Next::Become("tls") });
}

#[test]
fn standard_security() {
    let mut name: Vec<u8> = "CONSOLE-3".encode_utf16().flat_map(u16::to_le_bytes).collect();
    name.resize(32, 0);
    let core = [&[4, 0, 8, 0], &[0; 12][..], &2600u32.to_le_bytes(), &name, &[0; 20]].concat();
    let client = [request(), conference(0x65, b"Duca", &block(0xc001, &core))].concat();
    let blocks = [block(0x0c01, &[4, 0, 8, 0]), block(0x0c03, &[0; 4]), block(0x0c02, &[2, 0, 0, 0, 2, 0, 0, 0])].concat();
    let server = [connect(0xd0, &[]), conference(0x66, b"McDn", &blocks)].concat();
    let said = streams_any_chunk(&Rdp, 3389, &[(ToServer, &client), (ToClient, &server)]);
    assert_eq!(
        said.lines,
        [
            "conversation rdp.cookie svc-ris",
            "sender rdp.client_name CONSOLE-3",
            "sender rdp.client_build RDP client build 2600",
            "conversation rdp.desktop remote desktop",
            "conversation rdp.security standard RDP security",
            "conversation rdp.security_weak standard RDP security",
            "conversation rdp.version RDP 5.0 to 8.1",
            "conversation rdp.encryption RC4 128 bit",
            "conversation rdp.encryption_broken RC4 128 bit",
        ]
    );
    assert!(said.malformed.is_empty());
    for cut in 0..server.len() {
        let _ = streams(&Rdp, 3389, &[(ToServer, &client), (ToClient, &server[..cut])], 64);
    }
}

#[test]
fn the_bytes_decide() {
    let probe = |head: &[u8]| Rdp.probe(&context(ToServer, 3389, head.len()), head);
    assert_eq!(probe(&request()), Verdict::Certain);
    assert_eq!(probe(&connect(0xe0, &[1, 0, 8, 0, 0, 0, 0, 0])), Verdict::Certain);
    assert_eq!(probe(&connect(0xd0, &[2, 0, 8, 0, 1, 0, 0, 0])), Verdict::Certain);
    assert_eq!(probe(&connect(0xe0, &[])), Verdict::Unsure);
    assert_eq!(probe(&request()[..13]), Verdict::Unsure);
    // S7 and H.323.
    assert_eq!(probe(&connect(0xe0, &[0xc0, 1, 10, 0xc1, 2, 1, 0, 0xc2, 2, 1, 2])), Verdict::No);
    assert_eq!(probe(&tpkt(&[8, 2, 0x2a, 0x1a, 5, 4, 3, 0x88, 0x90, 0xa5])), Verdict::No);
    assert_eq!(probe(b"GET / HTTP/1.1"), Verdict::No);
}
