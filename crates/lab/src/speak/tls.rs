//! TLS 1.0 to 1.3 (RFC 2246, RFC 5246, RFC 8446) up to the first encrypted bytes, which are random.

use crate::speak::der::Certificate;
use crate::{Direction, Scene, Tcp};

/// TLS 1.0 on the wire.
pub const TLS_1_0: u16 = 0x0301;
/// TLS 1.2 on the wire.
pub const TLS_1_2: u16 = 0x0303;
/// TLS 1.3 in its extension; records and hellos say 1.2.
pub const TLS_1_3: u16 = 0x0304;

/// Both sides of a handshake.
#[derive(Clone, Copy, Debug)]
pub struct Handshake<'a> {
    /// What is agreed.
    pub version: u16,
    /// The name the client asks for; empty sends none.
    pub server_name: &'a str,
    /// What the client speaks inside; empty sends none.
    pub alpn: &'a str,
    /// The suite the server takes.
    pub suite: u16,
    /// What the server shows (not seen with 1.3).
    pub certificate: Certificate<'a>,
    /// Bytes of application data from the server after it.
    pub data: usize,
}

/// A record.
#[must_use]
pub fn record(kind: u8, version: u16, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &version.to_be_bytes(), &(body.len() as u16).to_be_bytes(), body].concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u32).to_be_bytes();
    [&[kind][..], &length[1..], body].concat()
}

fn vector8(body: &[u8]) -> Vec<u8> {
    [&[body.len() as u8][..], body].concat()
}

fn vector16(body: &[u8]) -> Vec<u8> {
    [&(body.len() as u16).to_be_bytes()[..], body].concat()
}

fn vector24(body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32).to_be_bytes()[1..], body].concat()
}

fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &vector16(body)].concat()
}

fn words(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

impl Handshake<'_> {
    /// TLS 1.2 without a name, for where only the hello matters.
    #[must_use]
    pub const fn plain() -> Self {
        let certificate = Certificate {
            subject: "server.clinic.example",
            organisation: "Example Clinic",
            issuer: "Example CA",
            not_before: "250101000000Z",
            not_after: "270101000000Z",
            bits: 2048,
        };
        Self { version: TLS_1_2, server_name: "", alpn: "", suite: 0xc02f, certificate, data: 200 }
    }

    /// The client's first message, in its record.
    #[must_use]
    pub fn client_hello(&self, scene: &mut Scene) -> Vec<u8> {
        let old = self.version == TLS_1_0;
        let mut body = words(&[self.version.min(TLS_1_2)]);
        body.extend(scene.random_bytes(32));
        body.extend(vector8(&if old { Vec::new() } else { scene.random_bytes(32) }));
        let mut suites = if old { vec![0x0035, 0x002f, 0x000a, 0x0005] } else { vec![0xc030, 0xc02f, 0xc028, 0x009c, 0x002f] };
        if self.version == TLS_1_3 {
            suites.splice(0..0, [0x1301, 0x1302, 0x1303]);
        }
        body.extend(vector16(&words(&suites)));
        body.extend(vector8(&[0]));
        let mut extensions = Vec::new();
        if !self.server_name.is_empty() {
            let name = [&[0][..], &vector16(self.server_name.as_bytes())].concat();
            extensions.extend(extension(0, &vector16(&name)));
        }
        if !old {
            extensions.extend(extension(10, &vector16(&words(&[0x001d, 0x0017, 0x0018]))));
            extensions.extend(extension(11, &vector8(&[0])));
            extensions.extend(extension(13, &vector16(&words(&[0x0403, 0x0804, 0x0401, 0x0501, 0x0201]))));
        }
        if !self.alpn.is_empty() {
            extensions.extend(extension(16, &vector16(&vector8(self.alpn.as_bytes()))));
        }
        if self.version == TLS_1_3 {
            extensions.extend(extension(43, &vector8(&words(&[TLS_1_3, TLS_1_2]))));
            extensions.extend(extension(51, &vector16(&key_share(scene))));
        }
        if !extensions.is_empty() {
            body.extend(vector16(&extensions));
        }
        record(22, TLS_1_0, &message(1, &body))
    }

    fn server_hello(&self, scene: &mut Scene) -> Vec<u8> {
        let mut body = words(&[self.version.min(TLS_1_2)]);
        body.extend(scene.random_bytes(32));
        body.extend(vector8(&scene.random_bytes(32)));
        body.extend(words(&[self.suite]));
        body.push(0);
        if self.version == TLS_1_3 {
            let extensions = [extension(43, &words(&[TLS_1_3])), extension(51, &key_share(scene))].concat();
            body.extend(vector16(&extensions));
        }
        message(2, &body)
    }

    fn server_flight(&self, scene: &mut Scene) -> Vec<u8> {
        let wire = self.version.min(TLS_1_2);
        let hello = self.server_hello(scene);
        if self.version == TLS_1_3 {
            let encrypted = scene.random_bytes(1800);
            return [record(22, wire, &hello), record(20, wire, &[1]), record(23, wire, &encrypted)].concat();
        }
        let certificate = message(11, &vector24(&vector24(&self.certificate.encode(scene))));
        let mut flight = [hello, certificate].concat();
        if self.suite >> 8 == 0xc0 {
            let mut exchange = vec![3, 0, 23];
            exchange.extend(vector8(&[&[4][..], &scene.random_bytes(64)].concat()));
            exchange.extend(words(&[0x0401]));
            exchange.extend(vector16(&scene.random_bytes(self.certificate.bits / 8)));
            flight.extend(message(12, &exchange));
        }
        flight.extend(message(14, &[]));
        record(22, wire, &flight)
    }

    fn client_flight(&self, scene: &mut Scene) -> Vec<u8> {
        let wire = self.version.min(TLS_1_2);
        if self.version == TLS_1_3 {
            return [record(20, wire, &[1]), record(23, wire, &scene.random_bytes(53))].concat();
        }
        let exchange = if self.suite >> 8 == 0xc0 {
            vector8(&[&[4][..], &scene.random_bytes(64)].concat())
        } else {
            vector16(&scene.random_bytes(self.certificate.bits / 8))
        };
        let finished = scene.random_bytes(40);
        [record(22, wire, &message(16, &exchange)), record(20, wire, &[1]), record(22, wire, &finished)].concat()
    }

    /// The whole handshake on a connection, with a request and an answer inside.
    pub fn run(&self, scene: &mut Scene, tcp: &mut Tcp) {
        let wire = self.version.min(TLS_1_2);
        let hello = self.client_hello(scene);
        tcp.send(scene, Direction::ToServer, &hello);
        let flight = self.server_flight(scene);
        tcp.send(scene, Direction::ToClient, &flight);
        let flight = self.client_flight(scene);
        tcp.send(scene, Direction::ToServer, &flight);
        if self.version != TLS_1_3 {
            let finished = [record(20, wire, &[1]), record(22, wire, &scene.random_bytes(40))].concat();
            tcp.send(scene, Direction::ToClient, &finished);
        }
        let request = record(23, wire, &scene.random_bytes(320));
        tcp.send(scene, Direction::ToServer, &request);
        let mut left = self.data;
        while left > 0 {
            let part = left.min(16_000);
            let answer = record(23, wire, &scene.random_bytes(part));
            tcp.send(scene, Direction::ToClient, &answer);
            left -= part;
        }
    }
}

fn key_share(scene: &mut Scene) -> Vec<u8> {
    [&words(&[0x001d])[..], &vector16(&scene.random_bytes(32))].concat()
}
