//! Encrypted protocols, up to where they are.

use crate::speak::der::Certificate;
use crate::speak::tls::{self, Handshake};
use crate::speak::{http, quic};
use crate::{Case, Host, Scene};

/// The rows.
pub const CASES: &[Case] = &[
    Case {
        name: "tls-12",
        about: "TLS 1.2 with a name asked for, ALPN and a certificate of a company's authority. Proves version, suite, name, certificate \
                fields and the client's fingerprint.",
        build: || handshake(&OF_SERVER),
    },
    Case {
        name: "tls-13",
        about: "TLS 1.3. Proves that the version is that of the extension and that nothing is said of the hidden certificate.",
        build: || handshake(&Handshake { version: tls::TLS_1_3, suite: 0x1301, ..OF_SERVER }),
    },
    Case {
        name: "tls-10-self-signed",
        about: "TLS 1.0 with triple DES and a self-signed, expired certificate of 1024 bits, as old devices have. Proves that each \
                weakness is told as what it is.",
        build: || handshake(&OLD),
    },
    Case {
        name: "tls-alert",
        about: "A server that refuses the hello with an alert. Proves that no suite is made up.",
        build: refused,
    },
    Case {
        name: "tls-through-proxy",
        about: "A client asks a proxy for a tunnel (CONNECT) and begins TLS in it. Proves that the proxy's conversation becomes TLS with \
                the name inside.",
        build: through_proxy,
    },
    Case {
        name: "dtls",
        about: "DTLS 1.2 with a cookie: hello, verify request, hello again, the server's hello and certificate in fragments. Proves \
                that the same facts are read from datagrams.",
        build: datagrams,
    },
    Case {
        name: "quic",
        about: "The first packet of QUIC version 1, protected as the standard says, and an answer. Proves that name, ALPN and \
                fingerprint are read from under the protection.",
        build: quic_first,
    },
];

const OF_SERVER: Handshake<'static> = Handshake {
    version: tls::TLS_1_2,
    server_name: "records.clinic.example",
    alpn: "http/1.1",
    suite: 0xc02f,
    certificate: Certificate {
        subject: "records.clinic.example",
        organisation: "Example Clinic",
        issuer: "Example Clinic CA",
        not_before: "250101000000Z",
        not_after: "280101000000Z",
        bits: 2048,
    },
    data: 400,
};

const OLD: Handshake<'static> = Handshake {
    version: tls::TLS_1_0,
    server_name: "",
    alpn: "",
    suite: 0x000a,
    certificate: Certificate {
        subject: "ExamplePump-0042",
        organisation: "Example Pumps",
        issuer: "ExamplePump-0042",
        not_before: "090101000000Z",
        not_after: "190101000000Z",
        bits: 1024,
    },
    data: 200,
};

fn hosts() -> (Host, Host) {
    let client = Host::new("workstation", "3c:52:82:00:00:10", "10.20.1.10").with_ttl(128);
    (client, Host::new("server", "00:50:56:00:00:50", "10.20.1.50"))
}

fn handshake(handshake: &Handshake<'_>) -> Vec<u8> {
    let (client, server) = hosts();
    let mut scene = Scene::new();
    let mut tcp = scene.tcp(&client, &server, 443);
    handshake.run(&mut scene, &mut tcp);
    tcp.close(&mut scene);
    scene.pcap()
}

fn refused() -> Vec<u8> {
    let (client, server) = hosts();
    let mut scene = Scene::new();
    let mut tcp = scene.tcp(&client, &server, 8443);
    let hello = OF_SERVER.client_hello(&mut scene);
    // Fatal, protocol version (RFC 5246 §7.2).
    tcp.exchange(&mut scene, &hello, &tls::record(21, tls::TLS_1_2, &[2, 70]));
    tcp.close(&mut scene);
    scene.pcap()
}

fn through_proxy() -> Vec<u8> {
    let (client, _) = hosts();
    let proxy = Host::new("proxy", "00:50:56:00:00:38", "10.20.1.38");
    let mut scene = Scene::new();
    let mut tcp = scene.tcp(&client, &proxy, 3128);
    let ask = b"CONNECT records.clinic.example:443 HTTP/1.1\r\nHost: records.clinic.example:443\r\nUser-Agent: ExampleBrowser/1.0\r\n\r\n";
    tcp.exchange(&mut scene, ask, b"HTTP/1.1 200 Connection established\r\n\r\n");
    OF_SERVER.run(&mut scene, &mut tcp);
    tcp.close(&mut scene);
    // The same client without a tunnel, for comparison.
    let mut plain = scene.tcp(&client, &proxy, 3128);
    let page = http::ok("ExampleProxy/5.7", "text/plain", b"hello");
    plain.exchange(&mut scene, &http::get("update.vendor.example", "/", "ExampleBrowser/1.0"), &page);
    plain.close(&mut scene);
    scene.pcap()
}

/// RFC 6347 §4.2.2: a handshake message with its number and its place in fragments, in a record with epoch and number.
fn dtls_record(number: u8, kind: u8, sequence: u16, body: &[u8], from: usize, to: usize) -> Vec<u8> {
    let u24 = |value: usize| (value as u32).to_be_bytes()[1..].to_vec();
    let message =
        [vec![kind], u24(body.len()), sequence.to_be_bytes().to_vec(), u24(from), u24(to - from), body[from..to].to_vec()]
            .concat();
    let head = [22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, number];
    [&head[..], &(message.len() as u16).to_be_bytes(), &message].concat()
}

fn datagrams() -> Vec<u8> {
    let (client, server) = hosts();
    let mut scene = Scene::new();
    let port = scene.port();
    // The bodies are those of TLS; only versions and the cookie differ.
    let hello = OF_SERVER.client_hello(&mut scene)[9..].to_vec();
    let session = 35 + usize::from(hello[34]);
    let with_cookie = |cookie: &[u8]| {
        let mut body = [&hello[..session], &[cookie.len() as u8], cookie, &hello[session..]].concat();
        body[..2].copy_from_slice(&[0xfe, 0xfd]);
        body
    };
    let cookie = scene.random_bytes(20);
    let (first, second) = (with_cookie(&[]), with_cookie(&cookie));
    scene.udp(&client, port, &server, 4433, &dtls_record(0, 1, 0, &first, 0, first.len()));
    let verify = [&[0xfe, 0xff, 20][..], &cookie].concat();
    scene.udp(&server, 4433, &client, port, &dtls_record(0, 3, 0, &verify, 0, verify.len()));
    scene.udp(&client, port, &server, 4433, &dtls_record(1, 1, 1, &second, 0, second.len()));
    let mut answer = [&[0xfe, 0xfd][..], &scene.random_bytes(32), &[0, 0xc0, 0x2f, 0]].concat();
    answer.extend([0, 5, 0xff, 1, 0, 1, 0]);
    scene.udp(&server, 4433, &client, port, &dtls_record(1, 2, 1, &answer, 0, answer.len()));
    let certificate = OF_SERVER.certificate.encode(&mut scene);
    let u24 = |value: usize| (value as u32).to_be_bytes()[1..].to_vec();
    let list = [u24(certificate.len() + 3), u24(certificate.len()), certificate].concat();
    let half = list.len() / 2;
    scene.udp(&server, 4433, &client, port, &dtls_record(2, 11, 2, &list, 0, half));
    scene.udp(&server, 4433, &client, port, &dtls_record(3, 11, 2, &list, half, list.len()));
    scene.pcap()
}

fn quic_first() -> Vec<u8> {
    let (client, _) = hosts();
    let router = Host::new("router", "00:1b:54:00:10:01", "10.20.1.1");
    let cloud = Host::behind("cloud", "198.51.100.44", &router);
    let mut scene = Scene::new();
    let port = scene.port();
    let shape = Handshake { version: tls::TLS_1_3, server_name: "cloud.vendor.example", alpn: "h3", ..OF_SERVER };
    let record = shape.client_hello(&mut scene);
    let (destination, source) = (*b"\x83\x94\xc8\xf0\x3e\x51\x57\x08", *b"\x01\x02\x03\x04\x05\x06\x07\x08");
    scene.udp(&client, port, &cloud, 443, &quic::initial(&destination, &source, &record[5..]));
    // An answer in one's own protection: long header, handshake packet, random.
    let hidden = scene.random_bytes(300);
    let answer = [&[0xe3, 0, 0, 0, 1, 8][..], &source, &[8], &destination, &[0x41, 0x2c], &hidden].concat();
    scene.udp(&cloud, 443, &client, port, &answer);
    scene.pcap()
}
