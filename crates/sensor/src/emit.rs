//! From a decoder's fact to an observation: whom it is about, what may be kept of it, and whether it is news.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash, Hasher};
use std::net::IpAddr;

use model::observation::{Fact as Statement, MAX_TEXT, Subject};
use model::{ConversationKey, Endpoint, FactKind, FactValue, FrameRef, Intake, MacAddr, Observation, Timestamp, Transport, Word};
use wire::{About, Context, Direction, Fact, Field, Login, Role, Sink, Value};

use crate::coverage::Coverage;
use crate::said::Said;

/// Recognises default credentials. Given secrets, keeps none.
pub trait Credentials {
    /// Id of the entry when the pair is a known default.
    fn default_credential(&self, scheme: &str, user: &[u8], secret: &[u8]) -> Option<String>;
}

/// Knows no credential.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCredentials;

impl Credentials for NoCredentials {
    fn default_credential(&self, _: &str, _: &[u8], _: &[u8]) -> Option<String> {
        None
    }
}

/// Secrets compared with each other at most.
const MAX_SECRETS: usize = 4096;

/// Where a secret was first used.
#[derive(Debug)]
struct FirstUse {
    key: ConversationKey,
    field: &'static Field,
    frame: FrameRef,
    time: i64,
    group: Option<u64>,
}

/// Finds one secret in use on several servers, without keeping it: only a hash under a key of this process.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    hasher: RandomState,
    uses: HashMap<u64, FirstUse>,
    groups: u64,
}

/// The memory behind [`Emit`].
pub(crate) struct Memory {
    pub(crate) said: Said,
    pub(crate) secrets: Secrets,
    pub(crate) credentials: Box<dyn Credentials>,
}

/// The sink that decoders speak into.
pub(crate) struct Emit<'a> {
    pub(crate) out: &'a mut dyn Intake,
    pub(crate) memory: &'a mut Memory,
    pub(crate) coverage: &'a mut Coverage,
    pub(crate) context: Context,
    pub(crate) key: ConversationKey,
    pub(crate) frame: FrameRef,
    pub(crate) protocol: &'static str,
    pub(crate) phi: Vec<(&'static Field, u64)>,
    /// What the server sends is somebody's behind it.
    pub(crate) relayed: bool,
    /// Who is client is known and is not turned round any more.
    pub(crate) direction_known: bool,
}

impl Emit<'_> {
    /// The client is the server and the other way round.
    fn turn_round(&mut self) {
        self.context.direction = self.context.direction.flip();
        std::mem::swap(&mut self.key.client, &mut self.key.server);
        self.key.port = match self.context.direction {
            Direction::ToServer => self.context.dst_port,
            Direction::ToClient => self.context.src_port,
        };
    }

    fn subject(&self, about: About, kind: FactKind) -> Option<Subject> {
        if kind.is_of_conversation() {
            return Some(Subject::Conversation(self.key));
        }
        let of_server = match about {
            About::Sender => self.context.direction == Direction::ToClient,
            About::Receiver => self.context.direction == Direction::ToServer,
            _ => false,
        };
        // A proxy's own name is not that in the certificate that it passes on.
        if self.relayed && of_server {
            return Some(Subject::Conversation(self.key));
        }
        let endpoint = match about {
            About::Sender => Endpoint { mac: self.context.src_mac, ip: self.context.src },
            About::Receiver => Endpoint { mac: self.context.dst_mac, ip: self.context.dst },
            About::Conversation => return Some(Subject::Conversation(self.key)),
            About::Mac(mac) => Endpoint { mac: Some(mac), ip: None },
            About::Ip(ip) => Endpoint { mac: None, ip: Some(ip) },
            About::Both(mac, ip) => Endpoint { mac: Some(mac), ip: Some(ip) },
        };
        names_one(&endpoint).map(Subject::Endpoint)
    }

    fn say(&mut self, subject: Subject, field: &'static Field, kind: FactKind, value: FactValue) {
        self.out.take(Observation::Fact(Statement {
            time: Timestamp::from_nanos(self.context.time),
            subject,
            kind,
            value,
            protocol: Cow::Borrowed(self.protocol),
            field: Cow::Borrowed(field.id),
            label: Cow::Borrowed(field.label),
            frame: self.frame,
        }));
    }

    fn login(&mut self, field: &'static Field, login: &Login<'_>) {
        let subject = Subject::Conversation(self.key);
        if self.memory.said.is_news(&(Whom(&subject), field.id, login.scheme), self.context.time) {
            self.say(subject, field, FactKind::Credential, FactValue::Text(Word::new_static(login.scheme)));
        }
        if let Some(entry) = self.memory.credentials.default_credential(login.scheme, login.user, login.secret) {
            if self.memory.said.is_news(&(Whom(&subject), "default", &entry), self.context.time) {
                self.say(subject, field, FactKind::DefaultCredential, FactValue::Text(entry.into()));
            }
        } else if !login.secret.is_empty() {
            self.shared(field, login);
        }
    }

    /// Says so when a secret was already used on another server.
    fn shared(&mut self, field: &'static Field, login: &Login<'_>) {
        let secrets = &mut self.memory.secrets;
        let hash = secrets.hasher.hash_one((login.user, login.secret));
        let full = secrets.uses.len() >= MAX_SECRETS;
        let Some(first) = secrets.uses.get_mut(&hash) else {
            if !full {
                let use_ = FirstUse { key: self.key, field, frame: self.frame, time: self.context.time, group: None };
                secrets.uses.insert(hash, use_);
            }
            return;
        };
        if first.key.server == self.key.server {
            return;
        }
        let group = match first.group {
            Some(group) => group,
            None => {
                secrets.groups = secrets.groups.saturating_add(1);
                first.group = Some(secrets.groups);
                let statement = Statement {
                    time: Timestamp::from_nanos(first.time),
                    subject: Subject::Conversation(first.key),
                    kind: FactKind::SharedCredential,
                    value: FactValue::Number(secrets.groups),
                    protocol: Cow::Borrowed(self.protocol),
                    field: Cow::Borrowed(first.field.id),
                    label: Cow::Borrowed(first.field.label),
                    frame: first.frame,
                };
                self.out.take(Observation::Fact(statement));
                secrets.groups
            }
        };
        let subject = Subject::Conversation(self.key);
        if self.memory.said.is_news(&(Whom(&subject), "shared", group), self.context.time) {
            self.say(subject, field, FactKind::SharedCredential, FactValue::Number(group));
        }
    }

    /// Tells the PHI counted in a flow.
    pub(crate) fn tell_phi(&mut self, counted: &[(&'static Field, u64)]) {
        for (field, count) in counted {
            self.say(Subject::Conversation(self.key), field, field.kind, FactValue::Number(*count));
        }
    }
}

impl Sink for Emit<'_> {
    fn fact(&mut self, fact: Fact<'_>) {
        let Fact { about, field, value } = fact;
        if let Value::Login(login) = &value {
            return self.login(field, login);
        }
        if let (FactKind::Phi(_), Value::Number(count)) = (field.kind, &value) {
            return add(&mut self.phi, field, *count);
        }
        let Some(subject) = self.subject(about, field.kind) else { return };
        let time = self.context.time;
        if let (FactKind::Clock, Value::Time(clock)) = (field.kind, &value) {
            let offset = clock.saturating_sub(time);
            const STEP_NS: i64 = 10_000_000_000;
            if self.memory.said.is_news(&(Whom(&subject), field.id, offset.div_euclid(STEP_NS)), time) {
                self.say(subject, field, field.kind, FactValue::ClockOffset(offset));
            }
            return;
        }
        // What describes another device is told whole each time, so that its facts can be told from the next one's.
        let is_record = field.id.starts_with("hl7.reported.") || field.id.starts_with("dicom.dataset.");
        if !is_record && !self.memory.said.is_news(&(Whom(&subject), field.id, &value), time) {
            return;
        }
        if let Some(value) = keep(&value) {
            self.say(subject, field, field.kind, value);
        }
    }

    fn sender_is(&mut self, role: Role) {
        let sender = match self.context.direction {
            Direction::ToServer => Role::Client,
            Direction::ToClient => Role::Server,
        };
        if !self.direction_known && role != sender {
            self.turn_round();
        }
        self.direction_known = true;
    }

    fn relays(&mut self) {
        self.relayed = true;
    }

    fn malformed(&mut self, what: &'static str) {
        self.coverage.malformed(self.protocol, what);
    }
}

/// Adds to the count of a field.
pub(crate) fn add(counts: &mut Vec<(&'static Field, u64)>, field: &'static Field, count: u64) {
    match counts.iter_mut().find(|(known, _)| known.id == field.id) {
        Some((_, sum)) => *sum = sum.saturating_add(count),
        None => counts.push((field, count)),
    }
}

/// The endpoint without group and null addresses; `None` when nothing is left of it.
fn names_one(endpoint: &Endpoint) -> Option<Endpoint> {
    let mac = endpoint.mac.filter(|mac: &MacAddr| mac.is_interface());
    let ip = endpoint.ip.filter(is_unicast);
    if (endpoint.ip.is_some() && ip.is_none() && mac.is_none()) || (mac.is_none() && ip.is_none()) {
        return None;
    }
    Some(Endpoint { mac, ip })
}

/// Names one host: not multicast, broadcast, unspecified or loopback.
pub(crate) fn is_unicast(ip: &IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => !(v4.is_multicast() || v4.is_broadcast() || v4.is_unspecified() || v4.octets().starts_with(&[0])),
        IpAddr::V6(v6) => !(v6.is_multicast() || v6.is_unspecified()),
    }
}

/// A subject, hashed in few words.
struct Whom<'a>(&'a Subject);

impl Hash for Whom<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.0 {
            Subject::Endpoint(endpoint) => hash_endpoint(endpoint, 0, state),
            Subject::Conversation(key) => {
                let (carrier, number) = match key.transport {
                    Transport::Tcp => (1, 0),
                    Transport::Udp => (2, 0),
                    Transport::Ip(number) => (3, number.into()),
                    Transport::Link(number) => (4, number),
                };
                hash_endpoint(&key.client, carrier, state);
                hash_endpoint(&key.server, carrier, state);
                state.write_u32(u32::from(number) << 16 | u32::from(key.port));
            }
        }
    }
}

fn hash_endpoint<H: Hasher>(endpoint: &Endpoint, carrier: u8, state: &mut H) {
    let (word, ip) = endpoint.packed();
    state.write_u64(word | u64::from(carrier) << 60);
    state.write_u128(ip);
}

/// The value as it is kept; `None` for empty text.
fn keep(value: &Value<'_>) -> Option<FactValue> {
    Some(match value {
        Value::Text(text) => FactValue::Text(tidy(text)?),
        Value::Octets(octets) => FactValue::Text(tidy(&decode(octets))?),
        other => return other.kept(),
    })
}

/// UTF-8, else Latin-1.
fn decode(octets: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(octets) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(octets.iter().map(|octet| char::from(*octet)).collect()),
    }
}

/// One line of at most [`MAX_TEXT`] characters without control characters or blanks around it.
fn tidy(text: &str) -> Option<Word> {
    // Nearly all text is so already.
    if text.len() <= MAX_TEXT && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Some(text.trim_matches(' ')).filter(|text| !text.is_empty()).map(Word::new);
    }
    let mut tidied = String::new();
    for (count, character) in text.trim_matches(|c: char| c.is_whitespace() || c.is_control()).chars().enumerate() {
        if count >= MAX_TEXT {
            tidied.push('…');
            break;
        }
        tidied.push(if character.is_control() { ' ' } else { character });
    }
    (!tidied.is_empty()).then(|| tidied.into())
}
