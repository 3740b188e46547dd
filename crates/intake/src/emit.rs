//! From what a log says to an observation: when, about whom, whether it is news.

use std::borrow::Cow;
use std::hash::{BuildHasher, Hash};
use std::net::IpAddr;

use foldhash::fast::FixedState;
use model::observation::{Fact, FlowRecord, MAX_TEXT, Subject};
use model::{ConversationKey, Endpoint, FactValue, FrameRef, Intake, MacAddr, Observation, Timestamp, Word};
use wire::{Field, Value};

use crate::Clock;

/// A fact said again within this time is no news. The same as the sensor's, so that "last seen" is as sharp.
const NEWS_NS: i64 = 600_000_000_000;
/// Places in the memory of what was said; a power of two.
const PLACES: usize = 1 << 14;

/// What was said lately, bounded: forgetting only makes a fact be said twice.
#[derive(Debug)]
pub struct Memory {
    places: Vec<(u64, i64)>,
    hasher: FixedState,
    /// Observations handed on.
    pub observations: u64,
    /// Statements that could not be tied to an address: a log-in to a device whose address the log does not show.
    pub unplaced: u64,
}

impl Default for Memory {
    fn default() -> Self {
        let hasher = FixedState::with_seed(0x6c6f_6773);
        Self { places: vec![(0, 0); PLACES], hasher, observations: 0, unplaced: 0 }
    }
}

impl Memory {
    /// True when it was not said lately; remembers it.
    fn is_news(&mut self, what: &impl Hash, time: i64) -> bool {
        let hash = self.hasher.hash_one(what);
        let index = usize::try_from(hash >> 40).unwrap_or(0) & (PLACES - 1);
        let Some(place) = self.places.get_mut(index) else { return true };
        // Logs of several days may be read in any order: old news is news.
        if place.0 == hash && (place.1.saturating_sub(NEWS_NS)..place.1).contains(&time) {
            return false;
        }
        *place = (hash, time.saturating_add(NEWS_NS));
        true
    }
}

/// The sink that readers speak into.
pub struct Emit<'a> {
    sink: &'a mut dyn Intake,
    memory: &'a mut Memory,
    /// How times are read that are not whole.
    pub clock: Clock,
    /// Who sent the message, where it came over the network or the log names the address of the device that wrote it.
    pub exporter: Option<IpAddr>,
    /// Where it stands: source, and number of the line or datagram.
    pub frame: FrameRef,
    time: Timestamp,
}

impl<'a> Emit<'a> {
    /// Speaks to `sink`. What bears no time of its own is dated with the clock's reference.
    pub fn new(sink: &'a mut dyn Intake, memory: &'a mut Memory, clock: Clock, frame: FrameRef) -> Self {
        Self { sink, memory, clock, exporter: None, frame, time: clock.reference }
    }

    /// The time that what is said next happened.
    pub fn at(&mut self, time: Timestamp) {
        self.time = time;
    }

    /// The time set last.
    #[must_use]
    pub const fn time(&self) -> Timestamp {
        self.time
    }

    /// Says a fact of an interface or address, where it is news.
    pub(crate) fn say(&mut self, about: Endpoint, field: &'static Field, value: &Value<'_>) {
        if let Some(endpoint) = names_one(about) {
            self.tell(Subject::Endpoint(endpoint), field, value);
        }
    }

    /// Says a fact of a conversation, where it is news.
    pub(crate) fn say_of(&mut self, key: ConversationKey, field: &'static Field, value: &Value<'_>) {
        self.tell(Subject::Conversation(key), field, value);
    }

    fn tell(&mut self, subject: Subject, field: &'static Field, value: &Value<'_>) {
        if !self.memory.is_news(&(subject, field.id, field.kind, value), self.time.nanos()) {
            return;
        }
        let Some(value) = keep(value) else { return };
        self.memory.observations = self.memory.observations.saturating_add(1);
        self.sink.take(Observation::Fact(Fact {
            time: self.time,
            subject,
            kind: field.kind,
            value,
            protocol: Cow::Borrowed(protocol(field)),
            field: Cow::Borrowed(field.id),
            label: Cow::Borrowed(field.label),
            frame: self.frame,
        }));
    }

    /// Says a flow. One of which no end is an address is nobody's.
    pub(crate) fn flow(&mut self, flow: FlowRecord) {
        if is_nobody(flow.key.client) || is_nobody(flow.key.server) {
            return;
        }
        self.memory.observations = self.memory.observations.saturating_add(1);
        self.sink.take(Observation::Flow(flow));
    }

    /// Hands an observation on as it is.
    pub(crate) fn hand_on(&mut self, observation: Observation) {
        self.memory.observations = self.memory.observations.saturating_add(1);
        self.sink.take(observation);
    }

    /// Counts a statement about a device whose address is not known.
    pub(crate) fn unplaced(&mut self) {
        self.memory.unplaced = self.memory.unplaced.saturating_add(1);
    }
}

/// The protocol that a field is of: the first part of its id.
fn protocol(field: &'static Field) -> &'static str {
    field.id.split(['.', '-']).next().unwrap_or(field.id)
}

fn is_nobody(endpoint: Endpoint) -> bool {
    endpoint.mac.is_none() && endpoint.ip.is_none()
}

/// Names one host: not multicast, broadcast, unspecified or loopback.
pub(crate) fn is_host(ip: &IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => !(v4.is_multicast() || v4.is_broadcast() || v4.is_loopback() || v4.octets().starts_with(&[0])),
        IpAddr::V6(v6) => !(v6.is_multicast() || v6.is_unspecified() || v6.is_loopback()),
    }
}

/// The endpoint without group and null addresses; `None` when nothing is left of it.
fn names_one(endpoint: Endpoint) -> Option<Endpoint> {
    let one = Endpoint { mac: endpoint.mac.filter(|mac| mac.is_interface()), ip: endpoint.ip.filter(is_host) };
    (!is_nobody(one)).then_some(one)
}

/// An interface and the address it holds.
pub(crate) const fn both(mac: MacAddr, ip: IpAddr) -> Endpoint {
    Endpoint { mac: Some(mac), ip: Some(ip) }
}

/// An address whose interface is not known.
pub(crate) const fn address(ip: IpAddr) -> Endpoint {
    Endpoint { mac: None, ip: Some(ip) }
}

/// An interface whose address is not known.
pub(crate) const fn interface(mac: MacAddr) -> Endpoint {
    Endpoint { mac: Some(mac), ip: None }
}

/// The value as it is kept; `None` for empty text and for secrets.
fn keep(value: &Value<'_>) -> Option<FactValue> {
    Some(match value {
        Value::Text(text) => FactValue::Text(tidy(text)?),
        Value::Octets(octets) => FactValue::Text(tidy(&String::from_utf8_lossy(octets))?),
        other => return other.kept(),
    })
}

/// One line of at most [`MAX_TEXT`] characters without control characters or blanks around it.
fn tidy(text: &str) -> Option<Word> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c.is_control());
    if text.len() <= MAX_TEXT && !text.chars().any(char::is_control) {
        return (!text.is_empty()).then(|| Word::new(text));
    }
    Some(text.chars().take(MAX_TEXT).map(|c| if c.is_control() { ' ' } else { c }).collect())
}
