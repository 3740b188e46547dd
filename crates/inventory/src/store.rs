//! Observations folded as they come: endpoints, facts and conversations, each once, with first, last and count.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet, HashTable};
use model::observation::{Fact, FlowRecord, Opening, Subject, Traffic};
use model::report::{Evidence, Origin};
use model::{ConversationKey, Endpoint, FactKind, FactValue, FrameRef, Intake, Observation, Timestamp, Transport, Word};
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use smol_str::format_smolstr;

/// Distinct values of one field that are kept for one subject; a device that says more is counted, not stored.
const MAX_VALUES: u16 = 64;
/// The same for fields that describe other devices: a gateway speaks for a ward's pumps.
const MAX_RECORDS: u16 = 4096;

pub(crate) type EndpointId = u32;
pub(crate) type ConversationId = u32;
/// A list that is mostly short.
pub(crate) type Few<T> = SmallVec<[T; 4]>;

/// When something was noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Span {
    pub(crate) first: Timestamp,
    pub(crate) last: Timestamp,
}

impl Span {
    pub(crate) const EMPTY: Self = Self { first: Timestamp::MAX, last: Timestamp::MIN };

    pub(crate) fn add(&mut self, other: Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }

    pub(crate) const fn at(time: Timestamp) -> Self {
        Self { first: time, last: time }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.first > self.last
    }
}

/// An endpoint and what its packets showed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct EndpointRecord {
    pub(crate) endpoint: Endpoint,
    /// Times at which it sent.
    pub(crate) sent: Span,
    pub(crate) packets: u64,
    pub(crate) hop_limit: u8,
    pub(crate) vlans: Few<u16>,
    pub(crate) facts: Few<u32>,
    /// Descriptions of devices in its messages, each the ids of its facts.
    pub(crate) records: BTreeSet<Vec<u32>>,
}

/// A description of a device that is being told, fact by fact.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct OpenRecord {
    subject: EndpointId,
    frame: FrameRef,
    facts: Vec<u32>,
}

/// A fact of an endpoint or a conversation.
#[derive(Clone, Debug)]
pub(crate) struct FactRecord {
    pub(crate) kind: FactKind,
    /// See [`is_of_record`].
    pub(crate) of_record: bool,
    pub(crate) value: FactValue,
    /// Where and when it was seen, as reports show it: one that all share which rest on it.
    pub(crate) seen: Arc<Evidence>,
}

impl FactRecord {
    pub(crate) fn new(kind: FactKind, value: FactValue, seen: Evidence) -> Self {
        Self { kind, of_record: is_of_record(&seen.origin.field), value, seen: Arc::new(seen) }
    }

    /// Id of the field that said it.
    pub(crate) fn field(&self) -> &str {
        &self.seen.origin.field
    }

    /// Id of the protocol that said it.
    pub(crate) fn protocol(&self) -> &str {
        &self.seen.origin.protocol
    }

    /// Its value as text.
    pub(crate) fn text(&self) -> &Word {
        &self.seen.value
    }

    /// When it was seen.
    pub(crate) fn span(&self) -> Span {
        Span { first: self.seen.first_seen, last: self.seen.last_seen }
    }

    /// The fact as evidence.
    pub(crate) fn evidence(&self) -> Arc<Evidence> {
        Arc::clone(&self.seen)
    }

    /// Seen again.
    pub(crate) fn add(&mut self, span: Span, frame: FrameRef, count: u64) {
        let seen = Arc::make_mut(&mut self.seen);
        seen.first_seen = seen.first_seen.min(span.first);
        seen.last_seen = seen.last_seen.max(span.last);
        // The earliest frame, whichever order observations come in.
        seen.frame = seen.frame.min(frame);
        seen.count = seen.count.saturating_add(count);
    }
}

/// One of the facts that together describe a device which the sender need not be: `hl7.reported.*` and `dicom.dataset.*`.
fn is_of_record(field: &str) -> bool {
    field.starts_with("hl7.reported.")
        || field.starts_with("fhir.reported.")
        || (field.starts_with("dicom.dataset.") && field != "dicom.dataset.several-sources")
}

/// A conversation between two endpoints.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ConversationRecord {
    pub(crate) client: EndpointId,
    pub(crate) server: EndpointId,
    pub(crate) transport: Transport,
    pub(crate) port: u16,
    pub(crate) protocol: Option<Word>,
    pub(crate) span: Span,
    pub(crate) days: Few<i32>,
    pub(crate) flows: u64,
    pub(crate) failed: u64,
    pub(crate) to_server: Traffic,
    pub(crate) to_client: Traffic,
    pub(crate) direction_known: bool,
    pub(crate) tunnel: Option<Word>,
    pub(crate) frame: FrameRef,
    pub(crate) facts: Few<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SubjectId {
    Endpoint(EndpointId),
    Conversation(ConversationId),
}

pub(crate) type Map<K, V> = HashMap<K, V, FixedState>;
pub(crate) type Set<T> = HashSet<T, FixedState>;

/// Everything observed so far.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) endpoints: Vec<EndpointRecord>,
    pub(crate) conversations: Vec<ConversationRecord>,
    pub(crate) facts: Vec<FactRecord>,
    /// Values that were not kept because a subject said too many different ones of a field.
    pub(crate) values_dropped: u64,
    endpoint_ids: Map<Endpoint, EndpointId>,
    conversation_ids: Map<(EndpointId, EndpointId, Transport, u16), ConversationId>,
    /// Whom each fact is about, in the order of `facts`.
    fact_subjects: Vec<SubjectId>,
    /// Facts by whom they are about, field and value.
    fact_index: HashTable<u32>,
    /// Values of each field, of subjects that have [`MAX_VALUES`] facts in all or more.
    value_counts: Map<(SubjectId, Arc<Origin>), u16>,
    /// Where facts were read: each once.
    origins: HashTable<Arc<Origin>>,
    hasher: FixedState,
    /// The conversation that was spoken of last: what is said of one is said in rows.
    last: Option<(ConversationKey, ConversationId)>,
    /// By source: the record that its latest facts belong to.
    open: BTreeMap<u32, OpenRecord>,
}

/// The index of the next element, as an id.
fn next_id<T>(list: &[T]) -> u32 {
    u32::try_from(list.len()).unwrap_or(u32::MAX)
}

impl Store {
    fn endpoint(&mut self, endpoint: Endpoint) -> EndpointId {
        let endpoints = &mut self.endpoints;
        *self.endpoint_ids.entry(endpoint).or_insert_with(|| {
            let id = next_id(endpoints);
            endpoints.push(EndpointRecord {
                endpoint,
                sent: Span::EMPTY,
                packets: 0,
                hop_limit: 0,
                vlans: Few::new(),
                facts: Few::new(),
                records: BTreeSet::new(),
            });
            id
        })
    }

    fn conversation(&mut self, key: &ConversationKey, frame: FrameRef) -> ConversationId {
        if let Some((_, id)) = self.last.filter(|(last, _)| last == key) {
            return id;
        }
        let (client, server) = (self.endpoint(key.client), self.endpoint(key.server));
        let id = self.conversation_between(client, server, key, frame);
        self.last = Some((*key, id));
        id
    }

    fn conversation_between(
        &mut self,
        client: EndpointId,
        server: EndpointId,
        key: &ConversationKey,
        frame: FrameRef,
    ) -> ConversationId {
        let conversations = &mut self.conversations;
        *self.conversation_ids.entry((client, server, key.transport, key.port)).or_insert_with(|| {
            let id = next_id(conversations);
            conversations.push(ConversationRecord {
                client,
                server,
                transport: key.transport,
                port: key.port,
                protocol: None,
                span: Span::EMPTY,
                days: Few::new(),
                flows: 0,
                failed: 0,
                to_server: Traffic::default(),
                to_client: Traffic::default(),
                direction_known: false,
                tunnel: None,
                frame,
                facts: Few::new(),
            });
            id
        })
    }

    fn fact(&mut self, fact: Fact) {
        let subject = match fact.subject {
            Subject::Endpoint(endpoint) => SubjectId::Endpoint(self.endpoint(endpoint)),
            Subject::Conversation(key) => SubjectId::Conversation(self.conversation(&key, fact.frame)),
        };
        let count = match (fact.kind, &fact.value) {
            (FactKind::Phi(_), FactValue::Number(count)) => *count,
            _ => 1,
        };
        // PHI is a count that adds up, so its value is not part of what makes it one fact.
        let value = if matches!(fact.kind, FactKind::Phi(_)) { FactValue::Yes } else { fact.value };
        let hash = self.hasher.hash_one((subject, &*fact.field, &value));
        let is_it = |id: &u32| {
            self.fact_subjects.get(*id as usize) == Some(&subject)
                && self.facts.get(*id as usize).is_some_and(|known| known.field() == fact.field && known.value == value)
        };
        let known = self.fact_index.find(hash, is_it).copied();
        if let Some((id, known)) = known.and_then(|id| Some((id, self.facts.get_mut(id as usize)?))) {
            known.add(Span::at(fact.time), fact.frame, count);
            if known.of_record {
                self.record(subject, id, fact.frame);
            }
            return;
        }
        let origin = self.origin(Origin { protocol: fact.protocol, field: fact.field, label: fact.label });
        if !self.has_room(subject, &origin) {
            self.values_dropped = self.values_dropped.saturating_add(1);
            return;
        }
        let seen = Evidence {
            origin,
            value: text(&value),
            rule: None,
            frame: fact.frame,
            first_seen: fact.time,
            last_seen: fact.time,
            count,
        };
        let id = self.add_fact(subject, FactRecord::new(fact.kind, value, seen));
        if self.facts.get(id as usize).is_some_and(|fact| fact.of_record) {
            self.record(subject, id, fact.frame);
        }
    }

    /// Adds a fact that is not there yet.
    pub(crate) fn add_fact(&mut self, subject: SubjectId, fact: FactRecord) -> u32 {
        let id = next_id(&self.facts);
        let hash = self.hasher.hash_one((subject, fact.field(), &fact.value));
        let (facts, subjects, hasher) = (&self.facts, &self.fact_subjects, &self.hasher);
        self.fact_index.insert_unique(hash, id, |id| {
            let (of, fact) = (subjects.get(*id as usize), facts.get(*id as usize));
            of.zip(fact).map_or(0, |(of, fact)| hasher.hash_one((*of, fact.field(), &fact.value)))
        });
        self.fact_subjects.push(subject);
        self.facts.push(fact);
        if let Some(facts) = self.facts_about(subject) {
            facts.push(id);
        }
        id
    }

    /// The one place of a field that all facts of it share.
    pub(crate) fn origin(&mut self, origin: Origin) -> Arc<Origin> {
        let hasher = &self.hasher;
        let hash = |origin: &Origin| hasher.hash_one((&*origin.field, &*origin.protocol));
        let entry = self.origins.entry(hash(&origin), |known| **known == origin, |known| hash(known));
        Arc::clone(entry.or_insert_with(|| Arc::new(origin)).get())
    }

    /// Puts a fact that describes a device into the record it belongs to: one frame's, until a field begins again.
    fn record(&mut self, subject: SubjectId, id: u32, frame: FrameRef) {
        let SubjectId::Endpoint(subject) = subject else { return };
        let Some(fact) = self.facts.get(id as usize) else { return };
        let in_order = fact.protocol() == "dicom";
        let goes_on = |open: &OpenRecord| {
            let same = open.subject == subject && open.frame == frame;
            let mut fields = open.facts.iter().filter_map(|id| Some(self.facts.get(*id as usize)?.field()));
            // DICOM tells the elements of one data set in the order of their tags, HL7 in the order of the message.
            same && !fields.any(|field| field == fact.field() || (in_order && field > fact.field()))
        };
        if self.open.get(&frame.source).is_some_and(goes_on) {
            if let Some(open) = self.open.get_mut(&frame.source) {
                open.facts.push(id);
            }
            return;
        }
        if let Some(done) = self.open.insert(frame.source, OpenRecord { subject, frame, facts: vec![id] }) {
            self.close(done);
        }
    }

    fn close(&mut self, mut done: OpenRecord) {
        let Some(endpoint) = self.endpoints.get_mut(done.subject as usize) else { return };
        if endpoint.records.len() >= usize::from(MAX_RECORDS) {
            self.values_dropped = self.values_dropped.saturating_add(1);
            return;
        }
        done.facts.sort_unstable();
        endpoint.records.insert(done.facts);
    }

    /// Descriptions of devices in an endpoint's messages: the facts of each.
    pub(crate) fn records_of(&self, id: EndpointId) -> Vec<Vec<&FactRecord>> {
        let closed = self.endpoint_record(id).into_iter().flat_map(|record| record.records.iter().cloned());
        let open = self.open.values().filter(|open| open.subject == id).map(|open| {
            let mut facts = open.facts.clone();
            facts.sort_unstable();
            facts
        });
        let all: BTreeSet<Vec<u32>> = closed.chain(open).collect();
        all.iter().map(|ids| ids.iter().filter_map(|id| self.facts.get(*id as usize)).collect()).collect()
    }

    fn facts_about(&mut self, subject: SubjectId) -> Option<&mut Few<u32>> {
        match subject {
            SubjectId::Endpoint(id) => self.endpoints.get_mut(id as usize).map(|record| &mut record.facts),
            SubjectId::Conversation(id) => self.conversations.get_mut(id as usize).map(|record| &mut record.facts),
        }
    }

    /// One more value of a field may be kept. Values are counted only of those that have many facts.
    fn has_room(&mut self, subject: SubjectId, origin: &Arc<Origin>) -> bool {
        let ids = match subject {
            SubjectId::Endpoint(id) => self.endpoints.get(id as usize).map(|record| &record.facts),
            SubjectId::Conversation(id) => self.conversations.get(id as usize).map(|record| &record.facts),
        };
        let ids = ids.map_or(&[][..], Few::as_slice);
        if ids.len() < usize::from(MAX_VALUES) {
            return true;
        }
        let of = |id: &u32| self.facts.get(*id as usize).map(|fact| (subject, Arc::clone(&fact.seen.origin)));
        if ids.first().and_then(of).is_some_and(|first| !self.value_counts.contains_key(&first)) {
            for key in ids.iter().filter_map(of) {
                let values = self.value_counts.entry(key).or_default();
                *values = values.saturating_add(1);
            }
        }
        let most = if is_of_record(&origin.field) { MAX_RECORDS } else { MAX_VALUES };
        let values = self.value_counts.entry((subject, Arc::clone(origin))).or_default();
        let has_room = *values < most;
        *values = values.saturating_add(has_room.into());
        has_room
    }

    fn flow(&mut self, mut flow: FlowRecord) {
        // Frames of a link without addresses are nobody's.
        if flow.key.client == Endpoint::default() && flow.key.server == Endpoint::default() {
            return;
        }
        let span = Span { first: flow.first, last: flow.last };
        let failed = matches!(flow.opening, Opening::Unanswered | Opening::Refused);
        // Ports that change with every flow would make a conversation of each.
        if flow.protocol.is_none() && (flow.key.port >= 32_768 || (failed && flow.key.port >= 1024)) {
            flow.key.port = 0;
        }
        let (client, server) = (self.endpoint(flow.key.client), self.endpoint(flow.key.server));
        self.sent(client, span, &flow.to_server, flow.vlan);
        if flow.to_client.packets > 0 {
            let other = flow.answered_from.filter(|mac| flow.key.server.mac != Some(*mac));
            let answered = other.map(|mac| self.endpoint(Endpoint { mac: Some(mac), ip: flow.key.server.ip }));
            self.sent(answered.unwrap_or(server), span, &flow.to_client, flow.vlan);
        }
        let id = self.conversation_between(client, server, &flow.key, flow.frame);
        let Some(record) = self.conversations.get_mut(id as usize) else { return };
        record.span.add(span);
        add_days(&mut record.days, span);
        record.flows = record.flows.saturating_add(1);
        record.failed = record.failed.saturating_add(failed.into());
        add_traffic(&mut record.to_server, &flow.to_server);
        add_traffic(&mut record.to_client, &flow.to_client);
        record.direction_known |= flow.direction_known;
        if record.protocol.is_none() {
            record.protocol = flow.protocol.map(word);
        }
        if record.tunnel.is_none() {
            record.tunnel = flow.tunnel.map(word);
        }
        record.frame = record.frame.min(flow.frame);
    }

    fn sent(&mut self, id: EndpointId, span: Span, traffic: &Traffic, vlan: u16) {
        if traffic.packets == 0 {
            return;
        }
        let Some(record) = self.endpoints.get_mut(id as usize) else { return };
        record.sent.add(span);
        record.packets = record.packets.saturating_add(traffic.packets);
        record.hop_limit = record.hop_limit.max(traffic.hop_limit);
        if vlan != 0 && !record.vlans.contains(&vlan) {
            record.vlans.push(vlan);
            record.vlans.sort_unstable();
        }
    }

    /// Every fact with whom it is about.
    pub(crate) fn facts_with_subjects(&self) -> impl Iterator<Item = (SubjectId, &FactRecord)> {
        self.fact_subjects.iter().copied().zip(&self.facts)
    }

    /// Records that are not closed yet, with their source.
    pub(crate) fn open_records(&self) -> impl Iterator<Item = (u32, &OpenRecord)> {
        self.open.iter().map(|(source, record)| (*source, record))
    }

    /// Takes an endpoint back, its facts still to come.
    pub(crate) fn restore_endpoint(&mut self, mut record: EndpointRecord) {
        record.facts.clear();
        self.endpoint_ids.insert(record.endpoint, next_id(&self.endpoints));
        self.endpoints.push(record);
    }

    /// Takes a conversation back, its facts still to come.
    pub(crate) fn restore_conversation(&mut self, mut record: ConversationRecord) {
        record.facts.clear();
        let key = (record.client, record.server, record.transport, record.port);
        self.conversation_ids.insert(key, next_id(&self.conversations));
        self.conversations.push(record);
    }

    /// Takes a record back that is not closed yet.
    pub(crate) fn restore_open(&mut self, source: u32, record: OpenRecord) {
        self.open.insert(source, record);
    }

    /// Facts by their ids.
    pub(crate) fn facts_of<'a>(&'a self, ids: &'a [u32]) -> impl Iterator<Item = &'a FactRecord> {
        ids.iter().filter_map(|id| self.facts.get(*id as usize))
    }

    /// The record of an endpoint.
    pub(crate) fn endpoint_record(&self, id: EndpointId) -> Option<&EndpointRecord> {
        self.endpoints.get(id as usize)
    }
}

impl Intake for Store {
    fn take(&mut self, observation: Observation) {
        match observation {
            Observation::Fact(fact) => self.fact(fact),
            Observation::Flow(flow) => self.flow(flow),
        }
    }
}

/// The calendar day (UTC) of an instant, as days since 1970.
fn day(time: Timestamp) -> i32 {
    const DAY_NS: i64 = 86_400_000_000_000;
    i32::try_from(time.nanos().div_euclid(DAY_NS)).unwrap_or(0)
}

fn add_days(days: &mut Few<i32>, span: Span) {
    /// Days that one flow can add: a flow with a wrong time must not add thousands.
    const MAX_SPAN: i32 = 31;
    let first = day(span.first);
    for day in first..=day(span.last).min(first.saturating_add(MAX_SPAN)) {
        if let Err(place) = days.binary_search(&day) {
            days.insert(place, day);
        }
    }
}

fn add_traffic(sum: &mut Traffic, more: &Traffic) {
    sum.packets = sum.packets.saturating_add(more.packets);
    sum.bytes = sum.bytes.saturating_add(more.bytes);
    sum.lost = sum.lost.saturating_add(more.lost);
    sum.hop_limit = sum.hop_limit.max(more.hop_limit);
}

/// A word that may be one of the program's own.
fn word(text: Cow<'static, str>) -> Word {
    match text {
        Cow::Borrowed(text) => Word::new_static(text),
        Cow::Owned(text) => text.into(),
    }
}

/// Text of a fact's value, for people.
fn text(value: &FactValue) -> Word {
    match value {
        FactValue::Text(text) => text.clone(),
        FactValue::Number(number) => format_smolstr!("{number}"),
        FactValue::Ip(ip) => format_smolstr!("{ip}"),
        FactValue::Mac(mac) => format_smolstr!("{mac}"),
        FactValue::Time(time) => format_smolstr!("{time}"),
        FactValue::ClockOffset(nanos) => clock_offset(*nanos),
        FactValue::Yes => Word::new_static("yes"),
    }
}

/// `2.5 s ahead`, `3600.0 s behind`.
fn clock_offset(nanos: i64) -> Word {
    let tenths = nanos.unsigned_abs() / 100_000_000;
    let side = if nanos < 0 { "behind" } else { "ahead" };
    format_smolstr!("{}.{} s {side}", tenths / 10, tenths % 10)
}
