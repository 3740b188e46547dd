//! **many**: connections that are all open at once. Each begins with a handshake; a quarter then has an HTTP request and its
//! answer, a quarter the first messages of TLS, the rest no payload yet. When all are open, each sends and answers once more, in
//! random order. 2,000 workplaces and 400 servers of a site, each workplace with 20 of the servers: so the hosts and
//! conversations are the same however many connections there are, and memory that grows is that of connections.

use std::path::Path;

use anyhow::Result;

use crate::frames::{ACK, Capture, Connection, End, PSH, START_NS};
use crate::random::Random;

const CLIENTS: u32 = 2_000;
const SERVERS: u32 = 400;
const SERVERS_OF_A_CLIENT: u32 = 20;
/// All of it happens within this time, however many connections: none may time out.
const SPAN_NS: i64 = 240_000_000_000;

const REQUEST: &[u8] =
    b"GET /fhir/metadata HTTP/1.1\r\nHost: ehr.hospital.example\r\nUser-Agent: Workplace/4.2 (Windows NT 10.0)\r\n\
Accept: application/fhir+json\r\n\r\n";
const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nContent-Type: application/fhir+json\r\nContent-Length: 20\r\n\r\n\
{\"fhirVersion\":\"5\"}\r\n";

/// Writes the capture of so many connections.
pub(crate) fn make(path: &Path, flows: u32) -> Result<()> {
    let mut out = Capture::new(path)?;
    let mut random = Random::new(0x6d61_6e79);
    let mut connections: Vec<Connection> = (0..flows).map(|flow| connection(flow, &mut random)).collect();
    let (hello, server_hello) = (client_hello(), server_hello());
    let step = SPAN_NS / 2 / i64::from(flows);
    let mut time = START_NS;
    for (number, connection) in connections.iter_mut().enumerate() {
        connection.open(&mut out, time, step / 8)?;
        let talk = match number % 4 {
            0 => Some((REQUEST, ANSWER)),
            1 => Some((hello.as_slice(), server_hello.as_slice())),
            _ => None,
        };
        if let Some((request, answer)) = talk {
            connection.send(&mut out, time + step / 8 * 3, true, PSH | ACK, request)?;
            connection.send(&mut out, time + step / 8 * 4, false, PSH | ACK, answer)?;
            connection.send(&mut out, time + step / 8 * 5, true, ACK, &[])?;
        }
        time += step;
    }
    let mut order: Vec<u32> = (0..flows).collect();
    random.shuffle(&mut order);
    for number in order {
        let Some(connection) = connections.get_mut(number as usize) else { continue };
        let (request, answer): (&[u8], &[u8]) = match number % 4 {
            0 => (REQUEST, ANSWER),
            // Application data of TLS: a record header and what looks random.
            1 => (
                b"\x17\x03\x03\x00\x13\x8a\x11\x5c\xe0\x97\x3b\x42\xd8\x6f\xa1\x09\x72\xee\x30\x54\xc9\x1d\x83\x66",
                b"\x17\x03\x03\x00\x03\x9c\x41\x07",
            ),
            _ => (b"\x00\x07\xbe\x9a\x61\x00\x00", b"\x00\x03\xbe\x9a\x62"),
        };
        connection.send(&mut out, time, true, PSH | ACK, request)?;
        connection.send(&mut out, time + step / 2, false, PSH | ACK, answer)?;
        time += step;
    }
    out.finish()
}

/// Who the connection of a number is between.
fn connection(flow: u32, random: &mut Random) -> Connection {
    let client = flow % CLIENTS;
    let turn = flow / CLIENTS;
    let server = client.wrapping_mul(7).wrapping_add(turn % SERVERS_OF_A_CLIENT * 19) % SERVERS;
    let port = match flow % 4 {
        0 => 80,
        1 => 443,
        _ => 6661,
    };
    let number = random.next().to_le_bytes();
    let [c0, c1, c2, c3, s0, s1, s2, s3] = number;
    Connection {
        client: host(10, 20, client, u16::try_from(49_152 + turn % 16_384).unwrap_or(49_152)),
        server: host(10, 1, server, port),
        client_seq: u32::from_le_bytes([c0, c1, c2, c3]),
        server_seq: u32::from_le_bytes([s0, s1, s2, s3]),
        id: 0,
    }
}

/// A host of a network, by its number.
fn host(net: u8, site: u8, number: u32, port: u16) -> End {
    let [_, _, high, low] = (number + 256).to_be_bytes();
    End { mac: [0x00, 0x1b, 0x21, site, high, low], ip: [net, site, high, low], port }
}

/// A ClientHello of TLS 1.2 with a server name (RFC 5246 §7.4.1.2, RFC 6066 §3).
fn client_hello() -> Vec<u8> {
    let name = b"portal.hospital.example";
    let mut extensions = vec![0, 0, 0, 28, 0, 26, 0, 0, 23];
    extensions.extend_from_slice(name);
    extensions.extend_from_slice(&[0, 10, 0, 4, 0, 2, 0, 23, 0, 11, 0, 2, 1, 0, 0, 13, 0, 4, 0, 2, 4, 1]);
    let mut body = vec![3, 3];
    body.extend_from_slice(&[0x5a; 32]);
    body.extend_from_slice(&[0, 0, 6, 0xc0, 0x2f, 0xc0, 0x30, 0, 0x9c, 1, 0, 0, 54]);
    body.extend_from_slice(&extensions);
    handshake(1, &body)
}

/// The ServerHello to it.
fn server_hello() -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend_from_slice(&[0xa5; 32]);
    body.extend_from_slice(&[0, 0xc0, 0x2f, 0]);
    handshake(2, &body)
}

fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
    let [_, _, _, len] = (u32::try_from(body.len()).unwrap_or(0)).to_be_bytes();
    let mut record = vec![22, 3, 3, 0, len + 4, kind, 0, 0, len];
    record.extend_from_slice(body);
    record
}
