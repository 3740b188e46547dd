//! Drives a decoder without a sensor: for unit tests, fuzz targets and cases. Delivers streams in chunks of any size, keeps
//! what a decoder leaves, honours its wishes, and writes every fact as one line of text.

use std::net::{IpAddr, Ipv4Addr};

use model::MacAddr;

use crate::fact::{About, Fact, Sink, Value};
use crate::protocol::{Context, Direction, MAX_WANTED, Next, Protocol, Role, Session};

/// A sink that writes each fact as a line: `sender dhcp.option12 host-7`.
#[derive(Default, Debug)]
pub struct Lines {
    /// What was said, in order.
    pub lines: Vec<String>,
    /// Messages that broke their standard.
    pub malformed: Vec<&'static str>,
    /// Roles that were stated.
    pub roles: Vec<Role>,
}

impl Sink for Lines {
    fn fact(&mut self, fact: Fact<'_>) {
        let about = match fact.about {
            About::Sender => "sender".to_owned(),
            About::Receiver => "receiver".to_owned(),
            About::Conversation => "conversation".to_owned(),
            About::Mac(mac) => mac.to_string(),
            About::Ip(ip) => ip.to_string(),
            About::Both(mac, ip) => format!("{mac}={ip}"),
        };
        let value = match &fact.value {
            Value::Text(text) => text.to_string(),
            Value::Octets(octets) => String::from_utf8_lossy(octets).into_owned(),
            Value::Hex(octets) => octets.iter().map(|b| format!("{b:02x}")).collect(),
            Value::Number(number) => number.to_string(),
            Value::Ip(ip) => ip.to_string(),
            Value::Mac(mac) => mac.to_string(),
            Value::Time(nanos) => model::Timestamp::from_nanos(*nanos).to_string(),
            Value::Yes => "yes".to_owned(),
            Value::Login(login) => {
                format!("{} {}:{}", login.scheme, String::from_utf8_lossy(login.user), String::from_utf8_lossy(login.secret))
            }
        };
        self.lines.push(format!("{about} {} {value}", fact.field.id));
    }

    fn sender_is(&mut self, role: Role) {
        self.roles.push(role);
    }

    fn malformed(&mut self, what: &'static str) {
        self.malformed.push(what);
    }
}

/// A context between two made-up hosts: client 10.0.0.1 (02:00:00:00:00:01), server 10.0.0.2 on `server_port`.
#[must_use]
pub fn context(direction: Direction, server_port: u16, wire_len: usize) -> Context {
    let client = (MacAddr([2, 0, 0, 0, 0, 1]), IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)), 49_152);
    let server = (MacAddr([2, 0, 0, 0, 0, 2]), IpAddr::V4(Ipv4Addr::new(10, 0, 0, 2)), server_port);
    let (from, to) = match direction {
        Direction::ToServer => (client, server),
        Direction::ToClient => (server, client),
    };
    Context {
        time: 1_700_000_000_000_000_000,
        src_mac: Some(from.0),
        dst_mac: Some(to.0),
        src: Some(from.1),
        dst: Some(to.1),
        src_port: from.2,
        dst_port: to.2,
        hop_limit: 64,
        direction,
        wire_len,
    }
}

/// Gives datagrams to a protocol, each with its direction; through a session where the protocol has one.
pub fn datagrams(protocol: &dyn Protocol, server_port: u16, messages: &[(Direction, &[u8])]) -> Lines {
    let mut lines = Lines::default();
    let mut session = protocol.datagram_session();
    for (direction, bytes) in messages {
        let context = context(*direction, server_port, bytes.len());
        match session.as_mut() {
            Some(session) => {
                let _ = session.data(&context, bytes, &mut lines);
            }
            None => protocol.datagram(&context, bytes, &mut lines),
        }
    }
    if let Some(mut session) = session {
        session.end(&context(Direction::ToServer, server_port, 0), &mut lines);
    }
    lines
}

/// Gives the streams of a connection to a protocol, cut into chunks of at most `chunk` bytes. Stops where the decoder hands over.
pub fn streams(protocol: &dyn Protocol, server_port: u16, messages: &[(Direction, &[u8])], chunk: usize) -> Lines {
    let mut lines = Lines::default();
    let Some(mut session) = protocol.session() else {
        return lines;
    };
    let mut ways = [Way::default(), Way::default()];
    'all: for (direction, bytes) in messages {
        for part in bytes.chunks(chunk.max(1)) {
            let [to_server, to_client] = &mut ways;
            let way = match direction {
                Direction::ToServer => to_server,
                Direction::ToClient => to_client,
            };
            let context = context(*direction, server_port, part.len());
            if !way.feed(session.as_mut(), &context, part, &mut lines) {
                break 'all;
            }
        }
    }
    session.end(&context(Direction::ToServer, server_port, 0), &mut lines);
    lines
}

/// Runs [`streams`] with several chunk sizes and checks that what is said does not depend on them.
///
/// # Panics
/// When two chunk sizes give different facts: the decoder is wrong.
#[must_use]
pub fn streams_any_chunk(protocol: &dyn Protocol, server_port: u16, messages: &[(Direction, &[u8])]) -> Lines {
    let whole = streams(protocol, server_port, messages, usize::MAX);
    for chunk in [1, 2, 3, 7, 64, 1460] {
        let cut = streams(protocol, server_port, messages, chunk);
        assert_eq!(whole.lines, cut.lines, "facts differ with chunks of {chunk}");
    }
    whole
}

/// One direction: what the decoder left and what it wants.
#[derive(Default)]
struct Way {
    kept: Vec<u8>,
    wanted: usize,
    skip: u64,
    stopped: bool,
}

impl Way {
    /// False when the decoder is done with the connection.
    fn feed(&mut self, session: &mut dyn Session, context: &Context, part: &[u8], out: &mut dyn Sink) -> bool {
        if self.stopped {
            return true;
        }
        let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(part.len());
        self.skip = self.skip.saturating_sub(skipped as u64);
        self.kept.extend_from_slice(part.get(skipped..).unwrap_or_default());
        // A decoder that neither uses bytes nor asks for more than it has would loop: bounded by what it uses.
        while !self.kept.is_empty() && self.kept.len() >= self.wanted {
            let before = self.kept.len();
            let step = session.data(context, &self.kept, out);
            assert!(step.used <= before, "a decoder used more than it was given");
            self.kept.drain(..step.used);
            match step.next {
                Next::More(wanted) => {
                    assert!(wanted > self.kept.len() || step.used > 0, "a decoder asks for what it has and uses nothing");
                    self.wanted = wanted.max(1);
                    if wanted > MAX_WANTED {
                        self.stopped = session.gap(context, self.kept.len() as u64, out) == Next::Stop;
                        self.kept.clear();
                        self.wanted = 0;
                    }
                }
                Next::Skip(count) => {
                    let now = usize::try_from(count).unwrap_or(usize::MAX).min(self.kept.len());
                    self.kept.drain(..now);
                    self.skip = count.saturating_sub(now as u64);
                    self.wanted = 0;
                }
                Next::Stop => {
                    self.stopped = true;
                    self.kept.clear();
                }
                Next::StopBoth | Next::Become(_) | Next::NotMine => return false,
            }
            if self.stopped {
                break;
            }
        }
        true
    }
}
