//! A TCP connection in a scene (RFC 9293): handshake, segments with acknowledgements, and the ways in which captures show them badly.

use std::net::IpAddr;

use etherparse::{TcpHeader, TcpOptionElement};

use crate::host::Host;
use crate::scene::Scene;

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Client to server.
    ToServer,
    /// Server to client.
    ToClient,
}

/// How a connection begins, and what the capture sees of it.
#[derive(Clone, Copy, Debug)]
pub struct TcpStart {
    /// The capture holds the handshake; without it, the connection was open before the capture began.
    pub handshake: bool,
    /// The capture sees this direction alone.
    pub only: Option<Direction>,
    /// Bytes of a segment.
    pub mss: usize,
    /// The client's port; 0 takes the next unused one.
    pub client_port: u16,
}

impl Default for TcpStart {
    fn default() -> Self {
        Self { handshake: true, only: None, mss: 1460, client_port: 0 }
    }
}

/// An open connection. It belongs to no scene, so that several can go on at once; each call says where.
#[derive(Clone, Debug)]
pub struct Tcp {
    /// The client's port.
    pub client_port: u16,
    client: Host,
    server: Host,
    server_port: u16,
    start: TcpStart,
    /// The next sequence number of the client and of the server.
    next: [u32; 2],
}

const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const PSH: u8 = 8;
const ACK: u8 = 16;

impl Tcp {
    pub(crate) fn open(scene: &mut Scene, client: &Host, server: &Host, port: u16, start: TcpStart) -> Self {
        let client_port = if start.client_port == 0 { scene.port() } else { start.client_port };
        let next = [scene.random() as u32, scene.random() as u32];
        let mut tcp = Self { client_port, client: client.clone(), server: server.clone(), server_port: port, start, next };
        if start.handshake {
            tcp.put(scene, Direction::ToServer, tcp.next[0], SYN, &[]);
            tcp.next[0] = tcp.next[0].wrapping_add(1);
            tcp.put(scene, Direction::ToClient, tcp.next[1], SYN | ACK, &[]);
            tcp.next[1] = tcp.next[1].wrapping_add(1);
            tcp.acknowledge(scene, Direction::ToServer);
        }
        tcp
    }

    /// A first segment alone, refused with a reset or left without an answer: somebody knocks where nobody is.
    pub fn knock(scene: &mut Scene, client: &Host, server: &Host, port: u16, refused: bool) {
        let client_port = scene.port();
        let start = TcpStart { client_port, ..TcpStart::default() };
        let next = [scene.random() as u32, 0];
        let mut tcp = Self { client_port, client: client.clone(), server: server.clone(), server_port: port, start, next };
        tcp.put(scene, Direction::ToServer, tcp.next[0], SYN, &[]);
        tcp.next[0] = tcp.next[0].wrapping_add(1);
        if refused {
            tcp.put(scene, Direction::ToClient, 0, RST | ACK, &[]);
        }
    }

    /// Sends bytes in segments; the other side acknowledges every second one and the last.
    pub fn send(&mut self, scene: &mut Scene, direction: Direction, bytes: &[u8]) {
        let pieces = bytes.len().div_ceil(self.start.mss.max(1));
        for (index, piece) in bytes.chunks(self.start.mss.max(1)).enumerate() {
            let last = index + 1 == pieces;
            let flags = if last { PSH | ACK } else { ACK };
            self.put(scene, direction, self.next[direction.index()], flags, piece);
            self.pass(direction, piece.len());
            if last || index % 2 == 1 {
                self.acknowledge(scene, direction.other());
            }
        }
    }

    /// The client asks and the server answers.
    pub fn exchange(&mut self, scene: &mut Scene, request: &[u8], response: &[u8]) {
        self.send(scene, Direction::ToServer, request);
        self.send(scene, Direction::ToClient, response);
    }

    /// Bytes that crossed but that the capture missed: a gap.
    pub fn pass(&mut self, direction: Direction, count: usize) {
        let next = &mut self.next[direction.index()];
        *next = next.wrapping_add(count as u32);
    }

    /// One segment at a distance from what comes next: negative repeats what was sent, positive leaves room.
    /// The next [`Tcp::send`] goes on as if it had not been.
    pub fn segment(&mut self, scene: &mut Scene, direction: Direction, distance: i32, bytes: &[u8]) {
        let sequence = self.next[direction.index()].wrapping_add_signed(distance);
        self.put(scene, direction, sequence, PSH | ACK, bytes);
    }

    /// An acknowledgement alone.
    pub fn acknowledge(&mut self, scene: &mut Scene, direction: Direction) {
        self.put(scene, direction, self.next[direction.index()], ACK, &[]);
    }

    /// Both sides end, the client first.
    pub fn close(mut self, scene: &mut Scene) {
        for direction in [Direction::ToServer, Direction::ToClient] {
            self.put(scene, direction, self.next[direction.index()], FIN | ACK, &[]);
            self.pass(direction, 1);
        }
        self.acknowledge(scene, Direction::ToServer);
    }

    /// One side breaks off.
    pub fn reset(mut self, scene: &mut Scene, direction: Direction) {
        self.put(scene, direction, self.next[direction.index()], RST | ACK, &[]);
    }

    /// The server answers the first segment with a reset.
    pub fn refuse(mut self, scene: &mut Scene) {
        self.start.only = None;
        self.put(scene, Direction::ToClient, 0, RST | ACK, &[]);
    }

    fn put(&mut self, scene: &mut Scene, direction: Direction, sequence: u32, flags: u8, payload: &[u8]) {
        if self.start.only.is_some_and(|only| only != direction) {
            return;
        }
        let (from, from_port, to, to_port) = match direction {
            Direction::ToServer => (&self.client, self.client_port, &self.server, self.server_port),
            Direction::ToClient => (&self.server, self.server_port, &self.client, self.client_port),
        };
        let mut header = TcpHeader::new(from_port, to_port, sequence, 64_240);
        header.syn = flags & SYN != 0;
        header.fin = flags & FIN != 0;
        header.rst = flags & RST != 0;
        header.psh = flags & PSH != 0;
        header.ack = flags & ACK != 0;
        if header.ack {
            header.acknowledgment_number = self.next[direction.other().index()];
        }
        if header.syn {
            use TcpOptionElement::{MaximumSegmentSize, Noop, SelectiveAcknowledgementPermitted, WindowScale};
            let options =
                [MaximumSegmentSize(self.start.mss as u16), Noop, WindowScale(8), Noop, Noop, SelectiveAcknowledgementPermitted];
            header.set_options(&options).expect("room for options");
        }
        header.checksum = match (from.ip, to.ip) {
            (IpAddr::V4(a), IpAddr::V4(b)) => header.calc_checksum_ipv4_raw(a.octets(), b.octets(), payload),
            (IpAddr::V6(a), IpAddr::V6(b)) => header.calc_checksum_ipv6_raw(a.octets(), b.octets(), payload),
            _ => panic!("{} and {} do not speak the same IP", from.name, to.name),
        }
        .expect("a segment's length");
        scene.ip(from, to, 6, &[&header.to_bytes()[..], payload].concat());
    }
}

impl Direction {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::ToServer => Self::ToClient,
            Self::ToClient => Self::ToServer,
        }
    }

    const fn index(self) -> usize {
        match self {
            Self::ToServer => 0,
            Self::ToClient => 1,
        }
    }
}
