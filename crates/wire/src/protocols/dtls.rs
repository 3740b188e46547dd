//! DTLS 1.0, 1.2 and 1.3 (RFC 4347, RFC 6347, RFC 9147) up to where encryption hides the rest.

use crate::bytes::Cursor;
use crate::fact::Sink;
use crate::protocol::{Context, Hint, Info, Next, Protocol, Session, Step, Verdict};

use super::tls::handshake::{After, Handshake, kind};
use super::tls::ja4::Carrier;

/// DTLS: the same facts as of TLS, over datagrams. Telemetry, VPN clients, CoAP devices and video use it.
pub struct Dtls;

static INFO: Info = Info {
    id: "dtls",
    name: "DTLS",
    doc: "Handshakes of DTLS 1.0, 1.2 and 1.3 (RFC 6347, RFC 9147): version, cipher suite, server name, certificate, JA4 of the \
          client. Says how well telemetry, VPN and video over datagrams are protected.",
    hints: &[
        Hint::AnyUdp,
        Hint::Udp(443),
        Hint::Udp(4433),
        Hint::Udp(5349),
        Hint::Udp(5684),
        Hint::Udp(2083),
        Hint::Udp(3391),
        Hint::Udp(5246),
        Hint::Udp(5247),
    ],
};

const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;
/// The most octets of a handshake message that are put together from fragments.
const MAX_MESSAGE: usize = 16 * 1024;
/// The most records, and messages in a record, that are read of a datagram.
const MAX_PARTS: usize = 32;

impl Protocol for Dtls {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, context: &Context, head: &[u8]) -> Verdict {
        let mut at = records_of(head);
        let Some(record) = Record::read(&mut at, context.is_cut(head)) else { return Verdict::No };
        match record.kind {
            HANDSHAKE if record.epoch == 0 => match Fragment::read(&mut Cursor::new(record.body)) {
                Some(fragment) if fragment.kind <= 24 => Verdict::Certain,
                _ => Verdict::No,
            },
            // Encrypted records, alerts and the like: the datagram has to be filled by records to the last octet.
            _ => rest_is_records(at, context.is_cut(head)),
        }
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        None
    }

    fn datagram_session(&self) -> Option<Box<dyn Session>> {
        Some(Box::new(Flow { handshake: Handshake::new(Carrier::Dtls), ways: [Way::default(), Way::default()] }))
    }
}

/// Where the records begin: access points put a preamble of their own before them (RFC 5415 §4.2).
fn records_of(datagram: &[u8]) -> Cursor<'_> {
    const CAPWAP_DTLS: &[u8] = &[1, 0, 0, 0];
    Cursor::new(datagram.strip_prefix(CAPWAP_DTLS).unwrap_or(datagram))
}

/// A record (RFC 6347 §4.1).
struct Record<'a> {
    kind: u8,
    epoch: u16,
    body: &'a [u8],
}

impl<'a> Record<'a> {
    /// `None` where it is none. Of a datagram cut by the snap length the last record may be cut too.
    fn read(at: &mut Cursor<'a>, cut: bool) -> Option<Self> {
        let kind = at.u8()?;
        let version = at.u16()?;
        let epoch = at.u16()?;
        at.skip(6)?;
        let length = at.u16()?;
        let is_one = matches!(kind, CHANGE_CIPHER_SPEC..=25)
            && matches!(version, 0xfeff | 0xfefd | 0x0100)
            && (1..=16_384 + 2_048).contains(&length);
        if !is_one {
            return None;
        }
        let present = if cut { usize::from(length).min(at.len()) } else { length.into() };
        Some(Self { kind, epoch, body: at.take(present)? })
    }
}

/// All that follows are records, as far as they are there: certain with a second one, else what one header alone is worth.
fn rest_is_records(mut at: Cursor<'_>, cut: bool) -> Verdict {
    for _ in 0..MAX_PARTS {
        if at.is_empty() {
            break;
        }
        // A record of DTLS 1.3 in its short form (RFC 9147 §4) ends what can be followed.
        if at.rest().first().is_some_and(|first| first >> 5 == 1) {
            break;
        }
        if Record::read(&mut at, cut).is_none() {
            return Verdict::No;
        }
    }
    // Type, version and a length that is exactly that of the datagram: no other protocol here has these together.
    Verdict::Certain
}

/// A fragment of a handshake message (RFC 6347 §4.2.2).
#[derive(Clone, Copy)]
struct Fragment<'a> {
    kind: u8,
    length: usize,
    sequence: u16,
    offset: usize,
    body: &'a [u8],
}

impl<'a> Fragment<'a> {
    fn read(at: &mut Cursor<'a>) -> Option<Self> {
        let kind = at.u8()?;
        let length = usize::try_from(at.u24()?).ok()?;
        let sequence = at.u16()?;
        let offset = usize::try_from(at.u24()?).ok()?;
        let body = usize::try_from(at.u24()?).ok()?;
        (offset.checked_add(body)? <= length).then_some(())?;
        let body = at.rest().get(..body.min(at.len()))?;
        at.skip(body.len())?;
        Some(Self { kind, length, sequence, offset, body })
    }
}

/// A flow.
struct Flow {
    handshake: Handshake,
    ways: [Way; 2],
}

/// One direction.
#[derive(Default)]
struct Way {
    stopped: bool,
    /// A message of which some fragments came; only where a message does not fit one datagram.
    partial: Option<Box<Partial>>,
}

impl Session for Flow {
    fn data(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        let mut at = records_of(bytes);
        for _ in 0..MAX_PARTS {
            if at.is_empty() || self.way(context).is_none_or(|way| way.stopped) {
                break;
            }
            let Some(record) = Record::read(&mut at, context.is_cut(bytes)) else {
                self.stop(context);
                break;
            };
            self.record(context, &record, out);
        }
        let stopped = self.way(context).is_none_or(|way| way.stopped);
        let both = self.ways.iter().all(|way| way.stopped);
        let next = match (both, stopped) {
            (true, _) => Next::StopBoth,
            (_, true) => Next::Stop,
            _ => Next::More(1),
        };
        Step { used: bytes.len(), next }
    }
}

impl Flow {
    fn way(&mut self, context: &Context) -> Option<&mut Way> {
        self.ways.get_mut(context.lane())
    }

    fn stop(&mut self, context: &Context) {
        if let Some(way) = self.way(context) {
            *way = Way { stopped: true, partial: None };
        }
    }

    fn record(&mut self, context: &Context, record: &Record<'_>, out: &mut dyn Sink) {
        if record.epoch != 0 || matches!(record.kind, CHANGE_CIPHER_SPEC | APPLICATION_DATA) {
            return self.stop(context);
        }
        if record.kind != HANDSHAKE {
            if record.kind == ALERT {
                super::tls::say_alert(record.body, out);
            }
            return;
        }
        let mut at = Cursor::new(record.body);
        for _ in 0..MAX_PARTS {
            if at.is_empty() {
                return;
            }
            let Some(fragment) = Fragment::read(&mut at) else {
                out.malformed("handshake fragment");
                return self.stop(context);
            };
            if self.fragment(context, fragment, out) == After::Stop {
                return self.stop(context);
            }
        }
    }

    fn fragment(&mut self, context: &Context, fragment: Fragment<'_>, out: &mut dyn Sink) -> After {
        if fragment.body.len() == fragment.length {
            return self.handshake.message(context, fragment.kind, fragment.body, out);
        }
        // Only these are worth putting together; what they weigh is bounded.
        let wanted = matches!(fragment.kind, kind::CLIENT_HELLO | kind::SERVER_HELLO | kind::CERTIFICATE);
        if !wanted || fragment.length > MAX_MESSAGE {
            return After::Continue;
        }
        let Some(way) = self.way(context) else { return After::Stop };
        let partial = way.partial.take().filter(|partial| partial.is_of(&fragment));
        let mut partial = partial.unwrap_or_else(|| Box::new(Partial::new(&fragment)));
        if partial.add(&fragment) {
            return self.handshake.message(context, fragment.kind, &partial.octets, out);
        }
        way.partial = Some(partial);
        After::Continue
    }
}

/// A message being put together. Fragments are taken in order; one that overlaps adds what is new (RFC 6347 §4.2.3).
struct Partial {
    kind: u8,
    sequence: u16,
    octets: Vec<u8>,
    length: usize,
}

impl Partial {
    fn new(fragment: &Fragment<'_>) -> Self {
        Self { kind: fragment.kind, sequence: fragment.sequence, octets: Vec::new(), length: fragment.length }
    }

    fn is_of(&self, fragment: &Fragment<'_>) -> bool {
        (self.kind, self.sequence, self.length) == (fragment.kind, fragment.sequence, fragment.length)
    }

    /// True when the message is whole.
    fn add(&mut self, fragment: &Fragment<'_>) -> bool {
        let new = self.octets.len().checked_sub(fragment.offset).and_then(|known| fragment.body.get(known..));
        self.octets.extend_from_slice(new.unwrap_or_default());
        self.octets.len() >= self.length
    }
}

#[cfg(test)]
mod tests {
    use super::super::tls::hello::tests::{client_hello, extension, server_hello};
    use super::*;
    use crate::harness::{context, datagrams};
    use crate::protocol::Direction::{ToClient, ToServer};

    fn record(kind: u8, epoch: u16, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [&[kind, 0xfe, 0xfd], &epoch.to_be_bytes()[..], &[0; 6], &length, body].concat()
    }

    fn u24(number: usize) -> [u8; 3] {
        let [_, a, b, c] = u32::try_from(number).unwrap().to_be_bytes();
        [a, b, c]
    }

    fn fragment(kind: u8, body: &[u8], from: usize, to: usize) -> Vec<u8> {
        let part = &body[from..to];
        [&[kind], &u24(body.len())[..], &[0, 0], &u24(from), &u24(part.len()), part].concat()
    }

    /// The hello of a DTLS client has a cookie behind the session id.
    fn hello() -> Vec<u8> {
        let mut body = client_hello(0xfefd, &[0xc02b], &extension(0, b"\x00\x08\x00\x00\x05a.lan"));
        body.insert(35, 0);
        body
    }

    #[test]
    fn a_handshake_in_fragments() {
        let hello = hello();
        let middle = hello.len() / 2;
        let first = record(22, 0, &fragment(1, &hello, 0, middle));
        let second = record(22, 0, &fragment(1, &hello, middle - 3, hello.len()));
        let answer = server_hello(0xfefd, 0xc02b, &[]);
        let server = record(22, 0, &fragment(2, &answer, 0, answer.len()));
        let said = datagrams(&Dtls, 5684, &[(ToServer, &first), (ToServer, &second), (ToClient, &server)]);
        assert_eq!(said.lines[0], "conversation tls.sni a.lan");
        assert!(said.lines[1].starts_with("sender tls.ja4 dd2d0101"), "{:?}", said.lines);
        assert_eq!(said.lines[2], "conversation tls.version DTLS 1.2");
        assert_eq!(said.lines[3], "conversation tls.cipher TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
        assert_eq!(said.lines.len(), 4);
        assert!(said.malformed.is_empty());
    }

    #[test]
    fn the_bytes_decide() {
        let probe = |head: &[u8]| Dtls.probe(&context(ToServer, 9, head.len()), head);
        let hello = hello();
        let client = record(22, 0, &fragment(1, &hello, 0, hello.len()));
        assert_eq!(probe(&client), Verdict::Certain);
        assert_eq!(probe(&record(23, 1, &[9; 40])), Verdict::Certain);
        assert_eq!(probe(&[&[1, 0, 0, 0], &client[..]].concat()), Verdict::Certain);
        assert_eq!(probe(&[record(23, 1, &[9; 40]), vec![1]].concat()), Verdict::No);
        for cut in 0..client.len() {
            assert_eq!(probe(&client[..cut]), Verdict::No);
            let _ = datagrams(&Dtls, 5684, &[(ToServer, &client[..cut])]);
        }
        assert_eq!(probe(&[0x16, 3, 1, 0, 40, 1, 0, 0, 36, 3, 3, 0, 0, 0, 0, 0, 0]), Verdict::No);
    }
}
