//! QUIC (RFC 9000, RFC 9001, RFC 9369) and Google's QUIC before it: the ClientHello out of the client's Initial packets.

use model::FactKind;

use crate::bytes::Cursor;
use crate::fact::{Field, Sink};
use crate::protocol::{Context, Hint, Info, Next, Protocol, Session, Step, Verdict};

mod crypto;
mod google;
mod initial;
mod version;

use crypto::CryptoStream;
use initial::{Keys, LongHeader};
use version::Version;

use super::tls::handshake::{Handshake, kind};
use super::tls::ja4::Carrier;

static VERSION: Field = Field::new("quic.version", "QUIC version", FactKind::ProtocolVersion);

/// QUIC: version, and of the client's hello the server name, application protocols and JA4. Web services and cloud back ends of
/// newer devices use it; without it half of where a device connects to would be unknown.
pub struct Quic;

static INFO: Info = Info {
    id: "quic",
    name: "QUIC",
    doc: "Initial packets of QUIC versions 1 and 2 and of the drafts (RFC 9000, RFC 9001 §5.2, RFC 9369): version, server name, \
          application protocol and JA4 of the client. Google's own QUIC is named, with the server name where it is in clear. \
          Says which outside service a device uses over UDP.",
    hints: &[Hint::AnyUdp, Hint::Udp(443), Hint::Udp(80), Hint::Udp(784), Hint::Udp(853), Hint::Udp(4433), Hint::Udp(8443)],
};

/// The most datagrams of a flow that are looked at for the hello, and packets in one.
const MAX_DATAGRAMS: u8 = 12;
const MAX_PACKETS: usize = 8;

impl Protocol for Quic {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, context: &Context, head: &[u8]) -> Verdict {
        if google::is_public_header(head) {
            return Verdict::Certain;
        }
        let mut at = Cursor::new(head);
        let (Some(first), Some(number)) = (at.u8(), at.u32()) else { return Verdict::No };
        if first & 0x80 == 0 {
            return Verdict::No;
        }
        if number == 0 {
            return probe_negotiation(at);
        }
        match Version::of(number) {
            Some(version) if !version.has_current_header() => Verdict::Certain,
            Some(version) => match LongHeader::read(head, version) {
                Some(header) if context.is_cut(head) || header.is_whole(head.len()) => Verdict::Certain,
                _ => Verdict::No,
            },
            None => Verdict::No,
        }
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        None
    }

    fn datagram_session(&self) -> Option<Box<dyn Session>> {
        Some(Box::new(Flow::default()))
    }
}

/// Version negotiation (RFC 8999 §6): two connection ids, then versions, at least one of which is known.
fn probe_negotiation(mut at: Cursor<'_>) -> Verdict {
    for _ in 0..2 {
        if at.u8().filter(|length| *length <= 20).and_then(|length| at.skip(length.into())).is_none() {
            return Verdict::No;
        }
    }
    let (versions, rest) = at.rest().as_chunks::<4>();
    let known = versions.iter().take(32).any(|version| Version::of(u32::from_be_bytes(*version)).is_some());
    if rest.is_empty() && known { Verdict::Certain } else { Verdict::No }
}

/// A flow.
#[derive(Default)]
struct Flow {
    said_version: u32,
    datagrams: u8,
    /// Keys of the client's Initial packets, by the first connection id that it chose.
    keys: Option<Box<Keys>>,
    /// What came of the ClientHello, where it is not in one frame.
    stream: CryptoStream,
}

impl Session for Flow {
    fn data(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        self.datagrams = self.datagrams.saturating_add(1);
        let done = self.datagram(context, bytes, out) || self.datagrams >= MAX_DATAGRAMS;
        if done {
            *self = Self { said_version: self.said_version, datagrams: MAX_DATAGRAMS, ..Self::default() };
        }
        Step { used: bytes.len(), next: if done { Next::StopBoth } else { Next::More(1) } }
    }
}

impl Flow {
    /// True when all that can be learnt was learnt.
    fn datagram(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> bool {
        if google::is_public_header(bytes) {
            return self.google(bytes.get(9..).unwrap_or_default(), out);
        }
        let mut rest = bytes;
        for _ in 0..MAX_PACKETS {
            let mut at = Cursor::new(rest);
            let (Some(first), Some(number)) = (at.u8(), at.u32()) else { return false };
            if first & 0x80 == 0 {
                return false;
            }
            let Some(version) = Version::of(number) else { return false };
            self.say_version(number, version, out);
            if !version.has_current_header() {
                return google::say_hello(rest, out);
            }
            let Some(header) = LongHeader::read(rest, version) else {
                return false;
            };
            if header.is_initial && self.initial(context, version, &header, rest, out) {
                return true;
            }
            let Some(next) = rest.get(header.end..).filter(|next| !next.is_empty() && header.end > 0) else { return false };
            rest = next;
        }
        false
    }

    fn google(&mut self, from_version: &[u8], out: &mut dyn Sink) -> bool {
        let number = Cursor::new(from_version).u32().unwrap_or(0);
        if let Some(version) = Version::of(number) {
            self.say_version(number, version, out);
        }
        google::say_hello(from_version, out)
    }

    fn say_version(&mut self, number: u32, version: Version, out: &mut dyn Sink) {
        if self.said_version != number {
            self.said_version = number;
            out.conversation(&VERSION, &version.name());
        }
    }

    /// Opens an Initial packet if it is the client's. True when the hello was read.
    fn initial(
        &mut self,
        context: &Context,
        version: Version,
        header: &LongHeader<'_>,
        packet: &[u8],
        out: &mut dyn Sink,
    ) -> bool {
        let Some(payload) = self.open(version, header, packet) else { return false };
        if version.is_google() {
            return google::say_hello(&payload, out);
        }
        if !crypto::frames(&payload, &mut self.stream) {
            return false;
        }
        let Some((first, body)) = self.stream.message() else { return false };
        if first == kind::CLIENT_HELLO {
            Handshake::new(Carrier::Quic).message(context, first, body, out);
        }
        true
    }

    /// The keys follow from the connection id that the client chose first. Later packets carry the one that the server chose, so
    /// known keys are tried first; after a Retry they follow anew from that of the packet (RFC 9001 §5.2).
    fn open(&mut self, version: Version, header: &LongHeader<'_>, packet: &[u8]) -> Option<Vec<u8>> {
        if let Some(payload) = self.keys.as_ref().and_then(|keys| keys.open(header, packet)) {
            return Some(payload);
        }
        let keys = Keys::of_client(version, header.destination)?;
        let payload = keys.open(header, packet)?;
        self.keys = Some(Box::new(keys));
        Some(payload)
    }
}

#[cfg(test)]
mod tests;
