//! What a protocol is to the rest: a row with a probe, and a decoder for datagrams or for the two streams of a connection.

use std::net::IpAddr;

use model::MacAddr;

use crate::fact::Sink;

/// A protocol. A unit type in its own file, listed once in [`crate::PROTOCOLS`].
pub trait Protocol: Sync {
    /// Its row: id, names, where it is usually met.
    fn info(&self) -> &'static Info;

    /// Are these bytes this protocol's? Called with the first payload of a flow in a direction, and again with more while the
    /// answer is [`Verdict::Unsure`]. Must be quick on a first mismatch: every flow with an unknown port asks every protocol.
    /// The port is a hint, the bytes decide. Not called for rows that only have exact hints (EtherType, LLC, IP protocol).
    fn probe(&self, context: &Context, head: &[u8]) -> Verdict;

    /// Reads one whole datagram (or link-layer payload). For protocols that need nothing from earlier datagrams.
    fn datagram(&self, _context: &Context, _payload: &[u8], _out: &mut dyn Sink) {}

    /// State for one flow: a TCP connection, or a UDP flow where a protocol has to remember (QUIC, DTLS). Made when the flow is
    /// known to be this protocol's. `None`: datagrams go to [`Protocol::datagram`], streams are not read.
    fn session(&self) -> Option<Box<dyn Session>> {
        None
    }

    /// State for one UDP flow, where it differs from that of a TCP connection. A protocol that frames its messages on TCP and
    /// remembers nothing on UDP (DNS, syslog) answers `None` here, and its datagrams go to [`Protocol::datagram`].
    fn datagram_session(&self) -> Option<Box<dyn Session>> {
        self.session()
    }
}

/// The state of one flow.
pub trait Session: Send {
    /// The next bytes of one direction, contiguous; `context.direction` says which. For a UDP flow, one whole datagram.
    ///
    /// The answer says how much was used and what is wanted next; the caller keeps what was not used and comes again with
    /// more behind it. A decoder never buffers bytes itself: it asks with [`Next::More`] for as much as the message itself
    /// states, and lets go of the rest with [`Next::Skip`].
    fn data(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step;

    /// `lost` bytes of one direction were not captured. Answer whether the stream can be read on: [`Next::More`] when the
    /// decoder finds its place again in what follows, [`Next::Stop`] (the default) when not.
    fn gap(&mut self, _context: &Context, _lost: u64, _out: &mut dyn Sink) -> Next {
        Next::Stop
    }

    /// The flow ended or timed out: say what is still to be said.
    fn end(&mut self, _context: &Context, _out: &mut dyn Sink) {}
}

/// What a [`Session`] did with bytes and what it wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Bytes used from the front.
    pub used: usize,
    /// What next.
    pub next: Next,
}

/// What a decoder wants next in one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Call again when at least this many bytes stand behind those used. `More(1)` is "as soon as there is anything".
    /// The caller keeps at most [`MAX_WANTED`] and treats a larger wish as a gap.
    More(usize),
    /// So many bytes behind those used are of no interest: never kept, not even delivered.
    Skip(u64),
    /// Nothing more of this direction is of interest.
    Stop,
    /// Neither direction is.
    StopBoth,
    /// What follows the used bytes, in both directions, is for the protocol with this id (STARTTLS, CONNECT, WebSocket …).
    Become(&'static str),
    /// It was not this protocol after all: probe the rest anew, without it.
    NotMine,
}

/// The most bytes a decoder can ask to have together.
pub const MAX_WANTED: usize = 64 * 1024;

/// Whether bytes are a protocol's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They are; no other protocol that is listed looks like this.
    Certain,
    /// They could be: taken if the port agrees, asked again when more bytes have come.
    Unsure,
    /// They are not.
    No,
}

/// Which of the two streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From client to server.
    ToServer,
    /// From server to client.
    ToClient,
}

impl Direction {
    /// The other one.
    #[must_use]
    pub const fn flip(self) -> Self {
        match self {
            Self::ToServer => Self::ToClient,
            Self::ToClient => Self::ToServer,
        }
    }
}

/// Who asks and who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Opens the conversation.
    Client,
    /// Offers the service.
    Server,
}

/// What is known around a payload.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// Capture time, nanoseconds since 1970 UTC.
    pub time: i64,
    /// Link-layer source, where the link has one.
    pub src_mac: Option<MacAddr>,
    /// Link-layer destination.
    pub dst_mac: Option<MacAddr>,
    /// Network source.
    pub src: Option<IpAddr>,
    /// Network destination.
    pub dst: Option<IpAddr>,
    /// Transport source port; 0 without one.
    pub src_port: u16,
    /// Transport destination port.
    pub dst_port: u16,
    /// TTL or hop limit of the IP packet; 0 without one.
    pub hop_limit: u8,
    /// Direction within the flow as far as it is known.
    pub direction: Direction,
    /// Length on the wire of this payload, which may be more than was captured.
    pub wire_len: usize,
}

impl Context {
    /// Either port is this one.
    #[must_use]
    pub const fn on_port(&self, port: u16) -> bool {
        self.src_port == port || self.dst_port == port
    }

    /// 0 for what one end sends and 1 for what the other does. Stays the same when [`Sink::sender_is`] turned the direction round,
    /// so a session that keeps state for each end keeps it by this.
    #[must_use]
    pub fn lane(&self) -> usize {
        usize::from((self.src_port, self.src) > (self.dst_port, self.dst))
    }

    /// Some bytes of this payload were cut by the snap length.
    #[must_use]
    pub const fn is_cut(&self, payload: &[u8]) -> bool {
        payload.len() < self.wire_len
    }
}

/// A protocol's row.
#[derive(Debug)]
pub struct Info {
    /// Stable lower-case id, the name used in conversations and cases: `dicom`, `hl7`, `tls`.
    pub id: &'static str,
    /// Name for people: `DICOM upper layer`.
    pub name: &'static str,
    /// What it is read for, and the standard with its section.
    pub doc: &'static str,
    /// Where it is usually met. Exact for EtherType, LLC, SNAP and IP protocol; a hint for ports.
    pub hints: &'static [Hint],
}

/// Where a protocol is usually met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// EtherType.
    EtherType(u16),
    /// IEEE 802.2 DSAP (equal to the SSAP).
    Llc(u8),
    /// SNAP organisation and protocol id.
    Snap(u32, u16),
    /// IP protocol or next header number.
    IpProtocol(u8),
    /// UDP port; makes the protocol one that is probed on datagrams.
    Udp(u16),
    /// TCP port; makes the protocol one that is probed on streams.
    Tcp(u16),
    /// Probed on any UDP flow, no usual port.
    AnyUdp,
    /// Probed on any TCP connection, no usual port.
    AnyTcp,
}
