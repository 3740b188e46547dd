use super::hello::tests::{client_hello, extension, server_hello};
use super::*;
use crate::harness::{context, streams, streams_any_chunk};
use crate::protocol::Direction::{ToClient, ToServer};
use crate::protocol::Role;

fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind, 3, 3], u16::try_from(body.len()).unwrap().to_be_bytes().as_slice(), body].concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind], &length[1..], body].concat()
}

fn hello() -> Vec<u8> {
    let extensions =
        [extension(hello::SERVER_NAME, b"\x00\x0b\x00\x00\x08pacs.lan"), extension(hello::ALPN, b"\x00\x03\x02h2")].concat();
    message(1, &client_hello(0x0303, &[0xc02f, 0x000a], &extensions))
}

/// An element in DER.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let length = match body.len() {
        n @ 0..=127 => vec![u8::try_from(n).unwrap()],
        n => {
            let [high, low] = u16::try_from(n).unwrap().to_be_bytes();
            vec![0x82, high, low]
        }
    };
    [&[tag][..], &length, &body].concat()
}

fn attribute(oid: &[u8], value: &str) -> Vec<u8> {
    der(0x31, &[&der(0x30, &[&der(6, &[oid]), &der(12, &[value.as_bytes()])])])
}

/// A certificate with a key of RSA 1024, signed with SHA-1, never valid as a signature.
pub(crate) fn certificate(subject: &[Vec<u8>], issuer: &[Vec<u8>]) -> Vec<u8> {
    let sha1_rsa = der(0x30, &[&der(6, &[&[0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 5]]), &[5, 0]]);
    let rsa = der(0x30, &[&der(6, &[&[0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 1, 1]]), &[5, 0]]);
    let modulus = [&[0][..], &[0xc1; 128]].concat();
    let key = der(0x30, &[&der(2, &[&modulus]), &der(2, &[&[1, 0, 1]])]);
    let spki = der(0x30, &[&rsa, &der(3, &[&[0], &key])]);
    let validity = der(0x30, &[&der(23, &[b"200102030405Z"]), &der(23, &[b"210102030405Z"])]);
    let san = der(0x30, &[&der(0x82, &[b"pump-7.lan"])]);
    let extensions = der(0x30, &[&der(0x30, &[&der(6, &[&[0x55, 0x1d, 17]]), &der(4, &[&san])])]);
    let subject: Vec<&[u8]> = subject.iter().map(Vec::as_slice).collect();
    let issuer: Vec<&[u8]> = issuer.iter().map(Vec::as_slice).collect();
    let tbs = der(
        0x30,
        &[
            &der(0xa0, &[&der(2, &[&[2]])]),
            &der(2, &[&[7]]),
            &sha1_rsa,
            &der(0x30, &issuer),
            &validity,
            &der(0x30, &subject),
            &spki,
            &der(0xa3, &[&extensions]),
        ],
    );
    der(0x30, &[&tbs, &sha1_rsa, &der(3, &[&[0], &[1; 128]])])
}

fn u24(length: usize) -> [u8; 3] {
    let [_, a, b, c] = u32::try_from(length).unwrap().to_be_bytes();
    [a, b, c]
}

fn certificate_message(ders: &[Vec<u8>]) -> Vec<u8> {
    let list: Vec<u8> = ders.iter().flat_map(|der| [&u24(der.len())[..], der].concat()).collect();
    message(11, &[&u24(list.len())[..], &list].concat())
}

const CN: &[u8] = &[0x55, 4, 3];
const O: &[u8] = &[0x55, 4, 10];
const SERIAL: &[u8] = &[0x55, 4, 5];

fn device() -> Vec<u8> {
    certificate(
        &[attribute(O, "Acme Medical"), attribute(CN, "pump-7"), attribute(SERIAL, "AB-12345678")],
        &[attribute(CN, "Acme Root")],
    )
}

const DEVICE_LINES: [&str; 11] = [
    "sender tls.certificate.subject_o Acme Medical",
    "sender tls.certificate.subject_cn pump-7",
    "sender tls.certificate.serial_number AB-12345678",
    "sender tls.certificate.san_dns pump-7.lan",
    "sender tls.certificate.issuer_cn Acme Root",
    "sender tls.certificate.not_before 2020-01-02T03:04:05Z",
    "sender tls.certificate.not_after 2021-01-02T03:04:05Z",
    "sender tls.certificate.spki_sha256",
    "conversation tls.certificate.key_weak RSA 1024",
    "sender tls.certificate.key RSA 1024",
    "conversation tls.certificate.signature_weak sha1WithRSAEncryption",
];

fn starts(lines: &[String], expected: &[&str]) {
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    for (line, start) in lines.iter().zip(expected) {
        assert!(line.starts_with(start), "{line} is not {start}");
    }
}

#[test]
fn tls_1_2_with_a_certificate_over_several_records() {
    let server = [
        message(2, &server_hello(0x0303, 0xc02f, &extension(hello::ALPN, b"\x00\x03\x02h2"))),
        certificate_message(&[device(), vec![0x30; 700]]),
        message(22, &[1; 90]),
        message(12, &[3, 0, 23, 65, 4, 4, 4, 4, 4]),
        message(14, &[]),
    ]
    .concat();
    let server: Vec<u8> = server.chunks(333).flat_map(|part| record(22, part)).collect();
    let server = [server, record(20, &[1]), record(22, &[0xaa; 40]), record(23, &[0xbb; 400])].concat();
    let client = [record(22, &hello()), record(22, &message(16, &[1; 60])), record(20, &[1]), record(23, &[7; 90])].concat();
    let said = streams_any_chunk(&Tls, 443, &[(ToServer, &client), (ToClient, &server)]);
    let expected = [
        &[
            "conversation tls.sni pacs.lan",
            "conversation tls.alpn_offered h2",
            "sender tls.ja4 t12d0202h2_",
            "conversation tls.version TLS 1.2",
            "conversation tls.cipher TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "conversation tls.alpn h2",
        ],
        &DEVICE_LINES[..],
        &["conversation tls.group secp256r1"],
    ]
    .concat();
    starts(&said.lines, &expected);
    assert!(said.malformed.is_empty());
    assert_eq!(said.roles, [Role::Client, Role::Server]);
}

#[test]
fn of_a_client_certificate_the_subject_is_not_said() {
    let person = certificate(
        &[attribute(O, "Clinic"), attribute(CN, "A Person"), attribute(SERIAL, "12345678")],
        &[attribute(CN, "Card issuer")],
    );
    let client = record(22, &[hello(), certificate_message(&[person])].concat());
    let said = streams_any_chunk(&Tls, 443, &[(ToServer, &client)]);
    assert!(said.lines.iter().any(|line| line == "sender tls.certificate.subject_o Clinic"));
    assert!(!said.lines.iter().any(|line| line.contains("Person") || line.contains("12345678") || line.contains("pump")));
}

#[test]
fn nor_is_it_where_it_signs_itself_or_no_hello_tells_whose_it_is() {
    let name = [attribute(O, "Clinic"), attribute(CN, "A Person")];
    let person = certificate_message(&[certificate(&name, &name)]);
    let with_hello = record(22, &[hello(), person.clone()].concat());
    for (direction, stream) in [(ToServer, with_hello), (ToClient, record(22, &person))] {
        let said = streams_any_chunk(&Tls, 443, &[(direction, &stream)]);
        assert!(said.lines.iter().any(|line| line == "sender tls.certificate.subject_o Clinic"));
        assert!(!said.lines.iter().any(|line| line.contains("Person") || line.contains("pump")), "{:#?}", said.lines);
    }
}

#[test]
fn a_serial_number_of_a_company_is_not_the_devices() {
    let category: &[u8] = &[0x55, 4, 15];
    for other in [attribute(category, "Private Organization"), attribute(&[0x55, 4, 4], "Surname")] {
        let der = certificate(&[other, attribute(SERIAL, "5157550")], &[attribute(CN, "Root")]);
        let server = record(22, &[message(2, &server_hello(0x0303, 0x2f, &[])), certificate_message(&[der])].concat());
        let said = streams_any_chunk(&Tls, 443, &[(ToClient, &server)]);
        assert!(!said.lines.iter().any(|line| line.contains("serial_number")), "{:#?}", said.lines);
    }
}

#[test]
fn a_self_signed_certificate_and_short_primes() {
    let name = [attribute(CN, "printer")];
    let server = [
        message(2, &server_hello(0x0301, 0x0033, &[])),
        certificate_message(&[certificate(&name, &name)]),
        message(12, &[&[0, 64], &[0xff; 64][..]].concat()),
    ]
    .concat();
    let said = streams_any_chunk(&Tls, 443, &[(ToClient, &record(22, &server))]);
    for line in
        ["sender tls.certificate.self_signed yes", "conversation tls.group_broken DH 512", "conversation tls.version TLS 1.0"]
    {
        assert!(said.lines.iter().any(|said| said == line), "{line}: {:#?}", said.lines);
    }
    assert!(!said.lines.iter().any(|said| said.contains("signature_weak")));
}

#[test]
fn tls_1_3_stops_behind_the_server_hello() {
    let extensions = [extension(43, &[3, 4]), extension(51, &[0, 29, 0, 1, 5])].concat();
    let server = [record(22, &message(2, &server_hello(0x0303, 0x1301, &extensions))), record(23, &[0; 300])].concat();
    let said = streams_any_chunk(&Tls, 443, &[(ToClient, &server)]);
    starts(
        &said.lines,
        &["conversation tls.version TLS 1.3", "conversation tls.cipher TLS_AES_128_GCM_SHA256", "conversation tls.group x25519"],
    );
}

#[test]
fn an_alert_is_named() {
    let server = record(21, &[2, 70]);
    let said = streams_any_chunk(&Tls, 443, &[(ToServer, &record(22, &hello())), (ToClient, &server)]);
    assert_eq!(said.lines.last().unwrap(), "conversation tls.alert protocol_version");
}

fn ssl2_client(version: u16) -> Vec<u8> {
    let [major, minor] = version.to_be_bytes();
    [&[0x80, 9 + 6 + 16, 1, major, minor, 0, 6, 0, 0, 0, 16], &[0, 0, 5, 1, 0, 0x80][..], &[9; 16]].concat()
}

#[test]
fn ssl_2_and_newer_hellos_in_its_form() {
    let certificate = device();
    let length = 11 + certificate.len() + 3 + 16;
    let [high, low] = u16::try_from(length).unwrap().to_be_bytes();
    let [cert_high, cert_low] = u16::try_from(certificate.len()).unwrap().to_be_bytes();
    let fixed = [0x80 | high, low, 4, 0, 1, 0, 2, cert_high, cert_low, 0, 3, 0, 16];
    let server = [&fixed[..], &certificate, &[1, 0, 0x80], &[5; 16]].concat();
    let said = streams_any_chunk(&Tls, 443, &[(ToServer, &ssl2_client(2)), (ToClient, &server)]);
    let expected =
        [&["conversation tls.version SSL 2"], &DEVICE_LINES[..], &["conversation tls.ssl2_cipher SSL_CK_RC4_128_WITH_MD5"]]
            .concat();
    starts(&said.lines, &expected);

    let server = record(22, &message(2, &server_hello(0x0300, 0x0005, &[])));
    let said = streams_any_chunk(&Tls, 443, &[(ToServer, &ssl2_client(0x0300)), (ToClient, &server)]);
    starts(
        &said.lines,
        &[
            "conversation tls.version SSL 3",
            "conversation tls.cipher TLS_RSA_WITH_RC4_128_SHA",
            "conversation tls.cipher_broken TLS_RSA_WITH_RC4_128_SHA",
        ],
    );
}

#[test]
fn the_bytes_decide() {
    let probe = |head: &[u8]| Tls.probe(&context(ToServer, 443, head.len()), head);
    let hello = record(22, &hello());
    assert_eq!(probe(&hello), Verdict::Certain);
    for cut in 1..11 {
        assert_eq!(probe(&hello[..cut]), Verdict::Unsure, "{cut}");
    }
    assert_eq!(probe(&record(22, &message(2, &server_hello(0x0303, 0x2f, &[])))), Verdict::Certain);
    assert_eq!(probe(&ssl2_client(0x0301)), Verdict::Certain);
    // In mid-stream: one header is a guess, two are not, nor is one that says just how much came.
    let data = record(23, &[0x5a; 60]);
    assert_eq!(probe(&data), Verdict::Certain);
    assert_eq!(probe(&data[..64]), Verdict::Unsure);
    assert_eq!(probe(&record(23, &[0x5a; 16])), Verdict::Unsure);
    assert_eq!(probe(&[data.clone(), data.clone()].concat()), Verdict::Certain);
    assert_eq!(probe(&[data, b"hello".to_vec()].concat()), Verdict::No);
    for other in [
        &b"GET / HTTP/1.1\r\n"[..],
        b"SSH-2.0-x\r\n",
        &[0x16, 3, 1, 0, 60, 1, 0, 0, 56, 9, 9],
        &[0x16, 3, 9, 0, 60],
        &[0x80, 0x80, 1, 9, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
        &[3, 0, 0, 19, 14, 0xe0],
    ] {
        assert_eq!(probe(other), Verdict::No, "{other:02x?}");
    }
}

#[test]
fn cut_or_broken_streams_do_no_harm() {
    let server = [message(2, &server_hello(0x0303, 0xc02f, &[])), certificate_message(&[device()]), message(14, &[])].concat();
    let server: Vec<u8> = server.chunks(100).flat_map(|part| record(22, part)).collect();
    for cut in 0..server.len() {
        let _ = streams(&Tls, 443, &[(ToClient, &server[..cut])], 50);
        let mut wrong = server.clone();
        wrong[cut] ^= 0xff;
        let _ = streams(&Tls, 443, &[(ToClient, &wrong)], usize::MAX);
    }
    let said = streams(&Tls, 443, &[(ToClient, &[record(22, &[11, 0, 1, 0]), record(23, &[1; 9])].concat())], 9);
    assert_eq!(said.malformed, ["handshake message cut by another record"]);
}
