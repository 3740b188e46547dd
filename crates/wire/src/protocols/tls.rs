//! TLS 1.0 to 1.3 and SSL 2 and 3 (RFC 8446, RFC 5246, RFC 6101) up to where encryption hides the rest.

use crate::bytes::{Cursor, be16};
use crate::fact::Sink;
use crate::protocol::{Context, Hint, Info, Next, Protocol, Session, Step, Verdict};

pub(crate) mod certificate;
pub(crate) mod handshake;
pub(crate) mod hello;
pub(crate) mod ja4;
mod records;
mod ssl2;
mod suite_names;
pub mod suites;

use handshake::{After, Handshake, Need, kind, need};
use ja4::Carrier;
pub(crate) use records::say_alert;
use records::{Gathered, HEADER, RecordHeader};

/// TLS 1.0 to 1.3 and SSL 2 and 3: version, cipher suite and group chosen, server name, application protocol, JA4 of the client,
/// and before TLS 1.3 the certificates: subject, issuer, validity, key. It tells which device speaks to which named service, and
/// which of them protect patient data with something obsolete.
pub struct Tls;

static INFO: Info = Info {
    id: "tls",
    name: "TLS",
    doc: "Handshakes of TLS 1.0 to 1.3 (RFC 8446, RFC 5246), SSL 3 (RFC 6101) and SSL 2: version, cipher suite, server name, \
          certificate, JA4 of the client. Says what a device connects to and how well that connection protects; what is encrypted \
          is only counted.",
    hints: &[
        Hint::AnyTcp,
        Hint::Tcp(443),
        Hint::Tcp(465),
        Hint::Tcp(563),
        Hint::Tcp(636),
        Hint::Tcp(853),
        Hint::Tcp(990),
        Hint::Tcp(992),
        Hint::Tcp(993),
        Hint::Tcp(994),
        Hint::Tcp(995),
        Hint::Tcp(2083),
        Hint::Tcp(2762),
        Hint::Tcp(3269),
        Hint::Tcp(4433),
        Hint::Tcp(5061),
        Hint::Tcp(5671),
        Hint::Tcp(6514),
        Hint::Tcp(8443),
        Hint::Tcp(8883),
        Hint::Tcp(9443),
        Hint::Tcp(10443),
        Hint::Tcp(12443),
    ],
};

impl Protocol for Tls {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, head: &[u8]) -> Verdict {
        match records::probe(head) {
            Verdict::No => ssl2::probe(head),
            verdict => verdict,
        }
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Some(Box::new(Connection { handshake: Handshake::new(Carrier::Tcp), ways: [Way::default(); 2] }))
    }
}

/// A connection.
struct Connection {
    handshake: Handshake,
    ways: [Way; 2],
}

/// What is remembered of one direction.
#[derive(Clone, Copy, Debug, Default)]
struct Way {
    /// Octets of the current handshake record that are still to come.
    record_left: usize,
    /// Octets of the current handshake message that are still to come and of no interest.
    discard: usize,
    /// A record or hello was read.
    started: bool,
}

impl Session for Connection {
    fn data(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        let lane = context.lane();
        let Some(mut way) = self.ways.get(lane).copied() else { return Step { used: 0, next: Next::Stop } };
        let step = self.advance(&mut way, context, bytes, out);
        if let Some(kept) = self.ways.get_mut(lane) {
            *kept = way;
        }
        step
    }
}

/// Enough that a connection is done with; bounds the work in a single call, far above what a handshake holds.
const MAX_MESSAGES: usize = 64;

impl Connection {
    fn advance(&mut self, way: &mut Way, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        let mut used = 0usize;
        for _ in 0..MAX_MESSAGES {
            let rest = bytes.get(used..).unwrap_or_default();
            let step = self.step(way, context, rest, out);
            used = used.saturating_add(step.used);
            // More was used: go on with what stands behind, unless something else is wanted.
            if step.used == 0 || step.next != Next::More(0) {
                return Step { used, next: step.next };
            }
        }
        Step { used, next: Next::Stop }
    }

    /// One record header, or one message. `More(0)` says that the next can be tried at once.
    fn step(&mut self, way: &mut Way, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        if way.record_left == 0 {
            return begin_record(way, bytes, out);
        }
        if way.discard > 0 {
            let now = way.discard.min(way.record_left).min(bytes.len());
            way.discard = way.discard.saturating_sub(now);
            way.record_left = way.record_left.saturating_sub(now);
            if now > 0 {
                return Step { used: now, next: Next::More(0) };
            }
            let skip = way.discard.min(way.record_left);
            way.discard = way.discard.saturating_sub(skip);
            way.record_left = way.record_left.saturating_sub(skip);
            return Step { used: 0, next: Next::Skip(u64::try_from(skip).unwrap_or(u64::MAX)) };
        }
        self.message(way, context, bytes, out)
    }

    /// A handshake message, which may lie in several records, or several in one (RFC 8446 §5.1).
    fn message(&mut self, way: &mut Way, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        const MESSAGE_HEADER: usize = 4;
        let mut wanted = MESSAGE_HEADER;
        // Three rounds at most: the header, the front that tells how much is needed, and that.
        for _ in 0..4 {
            let gathered = match records::gather(way.record_left, bytes, wanted) {
                Gathered::All(gathered) => gathered,
                Gathered::Missing(count) => return Step { used: 0, next: Next::More(count) },
                Gathered::Broken => {
                    out.malformed("handshake message cut by another record");
                    return Step { used: 0, next: Next::Stop };
                }
            };
            let mut at = Cursor::new(&gathered.octets);
            let (Some(kind), Some(length)) = (at.u8(), at.u24()) else { break };
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            let Need::Front(front) = need(kind, length, at.rest()) else {
                out.malformed("handshake message too long");
                return Step { used: 0, next: Next::Stop };
            };
            let front = if kind == kind::CERTIFICATE { front.max(length.min(6)) } else { front };
            if front > at.len() {
                wanted = MESSAGE_HEADER.saturating_add(front);
                continue;
            }
            way.record_left = gathered.record_left;
            way.discard = length.saturating_sub(at.len());
            let next = match self.handshake.message(context, kind, at.rest(), out) {
                After::Continue => Next::More(0),
                After::Stop => Next::Stop,
            };
            return Step { used: gathered.used, next };
        }
        Step { used: 0, next: Next::Stop }
    }
}

/// A record's header, and what of the record is not a handshake.
fn begin_record(way: &mut Way, bytes: &[u8], out: &mut dyn Sink) -> Step {
    let Some(header) = bytes.first_chunk::<HEADER>() else {
        return Step { used: 0, next: Next::More(HEADER) };
    };
    let Some(header) = RecordHeader::read(header) else {
        return no_record(way, bytes, out);
    };
    way.started = true;
    match header.kind {
        records::HANDSHAKE => {
            way.record_left = header.length;
            Step { used: HEADER, next: Next::More(0) }
        }
        records::ALERT if header.length == 2 => {
            let Some(alert) = bytes.get(HEADER..HEADER.saturating_add(2)) else {
                return Step { used: 0, next: Next::More(HEADER.saturating_add(2)) };
            };
            records::say_alert(alert, out);
            Step { used: HEADER.saturating_add(2), next: Next::Stop }
        }
        // ChangeCipherSpec, encrypted alerts, application data: what follows is encrypted.
        _ => Step { used: 0, next: Next::Stop },
    }
}

/// What stands there is no record: an SSL 2 hello at the front of the stream, or nothing of ours.
fn no_record(way: &mut Way, bytes: &[u8], out: &mut dyn Sink) -> Step {
    if way.started {
        out.malformed("record header");
        return Step { used: 0, next: Next::Stop };
    }
    if bytes.len() < ssl2::LONGEST_FIXED && ssl2::probe(bytes) == Verdict::Unsure {
        return Step { used: 0, next: Next::More(ssl2::LONGEST_FIXED) };
    }
    let Some(length) = ssl2::length(bytes) else { return Step { used: 0, next: Next::NotMine } };
    let Some(message) = bytes.get(..length) else { return Step { used: 0, next: Next::More(length) } };
    way.started = true;
    match ssl2::say(message, out) {
        // An old client offers newer versions in the old form, and then goes on in records (RFC 5246 App. E.2).
        ssl2::Said::OldFormOfNew => Step { used: length, next: Next::More(HEADER) },
        ssl2::Said::Ssl2 => Step { used: length, next: Next::Stop },
        ssl2::Said::Nothing => Step { used: 0, next: Next::NotMine },
    }
}

/// Length behind a big-endian length field at an offset, as a size.
fn size16(bytes: &[u8], at: usize) -> Option<usize> {
    be16(bytes, at).map(usize::from)
}

#[cfg(test)]
mod tests;
