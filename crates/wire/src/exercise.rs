//! Puts a protocol through what a network can do to it, and checks what it promises: for fuzz targets and mutation tests.
//!
//! A script is octets: the first chooses the server's port among the protocol's hints; then messages follow, each with an octet of
//! control and two of length (little-endian). The control's lowest bit is the direction, the next says that bytes before the
//! message were not captured, three more choose the size of the chunks it comes in. Any octets are a script.

use crate::PROTOCOLS;
use crate::fact::{Fact, Sink, Value};
use crate::harness::context;
use crate::protocol::{Context, Direction, Hint, MAX_WANTED, Next, Protocol, Role, Session};
use model::FactKind;

/// Sizes of chunks; 0 is the whole message.
const CHUNKS: [usize; 8] = [0, 1, 2, 7, 64, 536, 1460, 3];
/// Protocols that may take over from each other, as in the sensor.
const MAX_TURNS: usize = 8;

/// What was said, counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Told {
    /// Facts and complaints.
    pub facts: usize,
    /// Octets of their text.
    pub octets: usize,
    /// Calls of decoders.
    pub calls: usize,
}

/// One message of a script.
#[derive(Clone, Copy, Debug)]
struct Message<'a> {
    direction: Direction,
    gap: bool,
    chunk: usize,
    bytes: &'a [u8],
}

/// A script of whole messages, for seeds.
#[must_use]
pub fn script(messages: &[(Direction, &[u8])]) -> Vec<u8> {
    let mut script = vec![0];
    for (direction, bytes) in messages {
        let bytes = bytes.get(..usize::from(u16::MAX)).unwrap_or(bytes);
        script.push(u8::from(*direction == Direction::ToClient));
        script.extend(u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_le_bytes());
        script.extend(bytes);
    }
    script
}

/// The messages of a script.
fn messages(script: &[u8]) -> Vec<Message<'_>> {
    let mut messages = Vec::new();
    let mut rest = script.get(1..).unwrap_or_default();
    while let Some(([control, a, b], after)) = rest.split_first_chunk() {
        let length = usize::from(u16::from_le_bytes([*a, *b])).min(after.len());
        let (bytes, after) = after.split_at_checked(length).unwrap_or((after, &[]));
        let direction = if control & 1 == 0 { Direction::ToServer } else { Direction::ToClient };
        let chunk = CHUNKS.get(usize::from(control >> 2 & 7)).copied().unwrap_or(0);
        messages.push(Message { direction, gap: control & 2 != 0, chunk, bytes });
        rest = after;
    }
    messages
}

/// The port that the script's first octet chooses.
fn port(protocol: &dyn Protocol, script: &[u8]) -> u16 {
    let ports: Vec<u16> = protocol
        .info()
        .hints
        .iter()
        .filter_map(|hint| match hint {
            Hint::Tcp(port) | Hint::Udp(port) => Some(*port),
            _ => None,
        })
        .chain([40_000])
        .collect();
    let choice = usize::from(script.first().copied().unwrap_or(0));
    choice.checked_rem(ports.len()).and_then(|choice| ports.get(choice)).copied().unwrap_or(0)
}

/// Runs a script through probe, datagrams and streams of a protocol.
///
/// # Panics
/// When the protocol breaks a promise: it panics itself, says more than its input can hold, asks for what it has, goes round
/// without using anything, hands over to nobody, gives PHI another value than a count, or a secret another than a log-in.
#[must_use]
pub fn exercise(protocol: &'static dyn Protocol, script: &[u8]) -> Told {
    let (port, messages) = (port(protocol, script), messages(script));
    let mut ear = Ear::default();
    datagrams(protocol, port, &messages, &mut ear);
    ear.check(script.len());
    let mut stream = Ear::default();
    streams(protocol, port, &messages, &mut stream);
    stream.check(script.len());
    Told {
        facts: ear.told.facts.saturating_add(stream.told.facts),
        octets: ear.told.octets.saturating_add(stream.told.octets),
        calls: ear.told.calls.saturating_add(stream.told.calls),
    }
}

fn datagrams(protocol: &dyn Protocol, port: u16, messages: &[Message<'_>], ear: &mut Ear) {
    let mut session = protocol.datagram_session();
    for message in messages {
        // A datagram that was cut has been longer on the wire.
        let wire_len = message.bytes.len().saturating_add(if message.gap { 100 } else { 0 });
        let context = context(message.direction, port, wire_len);
        let _ = protocol.probe(&context, message.bytes);
        ear.told.calls = ear.told.calls.saturating_add(1);
        match session.as_mut() {
            Some(session) => {
                let step = session.data(&context, message.bytes, ear);
                assert!(step.used <= message.bytes.len(), "a decoder used more than it was given");
            }
            None => protocol.datagram(&context, message.bytes, ear),
        }
    }
    if let Some(mut session) = session {
        session.end(&context(Direction::ToServer, port, 0), ear);
    }
}

fn streams(protocol: &'static dyn Protocol, port: u16, messages: &[Message<'_>], ear: &mut Ear) {
    let Some(session) = protocol.session() else { return };
    let mut connection = Connection { session, ways: [Way::default(), Way::default()], turns: 0 };
    for message in messages {
        let chunk = if message.chunk == 0 { message.bytes.len().max(1) } else { message.chunk };
        let whole = context(message.direction, port, message.bytes.len());
        let _ = protocol.probe(&whole, message.bytes);
        if message.gap && !connection.gap(&whole, ear) {
            return;
        }
        for part in message.bytes.chunks(chunk) {
            let context = context(message.direction, port, part.len());
            if !connection.data(&context, part, ear) {
                return connection.session.end(&context, ear);
            }
        }
    }
    connection.session.end(&context(Direction::ToServer, port, 0), ear);
}

/// A connection while it is read.
struct Connection {
    session: Box<dyn Session>,
    ways: [Way; 2],
    turns: usize,
}

/// One direction.
#[derive(Default)]
struct Way {
    kept: Vec<u8>,
    wanted: usize,
    skip: u64,
    stopped: bool,
}

impl Connection {
    /// False when nobody reads on.
    fn gap(&mut self, context: &Context, ear: &mut Ear) -> bool {
        let [to_server, to_client] = &mut self.ways;
        let way = if context.direction == Direction::ToServer { to_server } else { to_client };
        if way.stopped {
            return true;
        }
        way.kept.clear();
        way.wanted = 0;
        ear.told.calls = ear.told.calls.saturating_add(1);
        match self.session.gap(context, 1000, ear) {
            Next::More(_) => {}
            Next::Skip(count) => way.skip = count,
            Next::Stop => way.stopped = true,
            Next::StopBoth | Next::NotMine | Next::Become(_) => return false,
        }
        true
    }

    /// False when nobody reads on.
    fn data(&mut self, context: &Context, part: &[u8], ear: &mut Ear) -> bool {
        let [to_server, to_client] = &mut self.ways;
        let way = if context.direction == Direction::ToServer { to_server } else { to_client };
        way.kept.extend_from_slice(part);
        loop {
            let skipped = usize::try_from(way.skip).unwrap_or(usize::MAX).min(way.kept.len());
            way.skip = way.skip.saturating_sub(skipped as u64);
            way.kept.drain(..skipped);
            if way.stopped {
                way.kept.clear();
            }
            if way.kept.is_empty() || way.kept.len() < way.wanted {
                return true;
            }
            ear.told.calls = ear.told.calls.saturating_add(1);
            let before = way.kept.len();
            let step = self.session.data(context, &way.kept, ear);
            assert!(step.used <= before, "a decoder used more than it was given");
            way.kept.drain(..step.used);
            way.wanted = 0;
            match step.next {
                Next::More(wanted) if wanted > MAX_WANTED => {
                    way.kept.clear();
                    way.skip = wanted as u64;
                    match self.session.gap(context, wanted as u64, ear) {
                        Next::More(_) => {}
                        Next::Skip(count) => way.skip = way.skip.saturating_add(count),
                        _ => way.stopped = true,
                    }
                }
                Next::More(wanted) => {
                    assert!(wanted > way.kept.len() || step.used > 0, "a decoder asks for what it has and uses nothing");
                    way.wanted = wanted.max(1);
                }
                Next::Skip(count) => {
                    assert!(count > 0 || step.used > 0, "a decoder passes over nothing and uses nothing");
                    way.skip = count;
                }
                Next::Stop => way.stopped = true,
                Next::StopBoth | Next::NotMine => return false,
                Next::Become(id) => {
                    let next = PROTOCOLS.iter().find(|protocol| protocol.info().id == id);
                    assert!(next.is_some(), "a decoder hands over to {id}, which nobody is");
                    self.turns = self.turns.saturating_add(1);
                    match next.and_then(|protocol| protocol.session()).filter(|_| self.turns <= MAX_TURNS) {
                        Some(session) => self.session = session,
                        None => return false,
                    }
                }
            }
        }
    }
}

/// Hears and counts.
#[derive(Default)]
struct Ear {
    told: Told,
}

impl Ear {
    /// What is said is in proportion to what was read, and so is the work.
    fn check(&self, input: usize) {
        let Told { facts, octets, calls } = self.told;
        assert!(calls <= input.saturating_mul(4).saturating_add(64), "{calls} calls for {input} octets");
        assert!(facts <= input.saturating_mul(2).saturating_add(64), "{facts} facts from {input} octets");
        assert!(octets <= input.saturating_mul(256).saturating_add(8192), "{octets} octets said of {input}");
    }
}

impl Sink for Ear {
    fn fact(&mut self, fact: Fact<'_>) {
        let octets = match &fact.value {
            Value::Text(text) => text.len(),
            Value::Octets(octets) | Value::Hex(octets) => octets.len(),
            _ => 8,
        };
        self.told.facts = self.told.facts.saturating_add(1);
        self.told.octets = self.told.octets.saturating_add(octets);
        let (id, is_login) = (fact.field.id, matches!(fact.value, Value::Login(_)));
        assert_eq!(fact.field.kind == FactKind::Credential, is_login, "{id}: a secret is a log-in and a log-in is a secret");
        if matches!(fact.field.kind, FactKind::Phi(_)) {
            assert!(matches!(fact.value, Value::Number(_)), "{id}: PHI is counted, never said");
        }
    }

    fn sender_is(&mut self, _: Role) {}

    fn malformed(&mut self, what: &'static str) {
        assert!(!what.is_empty());
        self.told.facts = self.told.facts.saturating_add(1);
    }
}
