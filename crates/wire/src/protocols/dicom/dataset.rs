//! One data set: the record of the device that made it, and how many fields of each kind belong to a person.

use model::PhiKind;

use super::command::{C_STORE, Command, N_CREATE};
use super::element::{Reader, Syntax, Visitor, Want};
use super::fields;
use super::inflate::Inflater;
use super::tags::{self, Meaning};
use super::trim;
use crate::fact::{About, Field, Sink, Value};
use crate::said::{PhiCounts, Said};
use crate::udi::Udi;

/// Longest value of a device field that is kept: LO is 64 characters (PS3.5 §6.2) of up to four octets, a few in a row.
const MAX_DEVICE_VALUE: usize = 256;
/// All device values of one data set together.
const MAX_RECORD: usize = 1024;
/// Fields of one data set that are kept.
const MAX_FIELDS: usize = 24;

/// Sources of data sets that are told apart within one connection.
const MAX_SOURCES: usize = 16;

/// The devices that made the objects of a connection.
#[derive(Debug)]
pub(super) struct Sources {
    /// Whole records.
    records: Said,
    /// Makers, models and serials.
    devices: Said,
}

impl Default for Sources {
    fn default() -> Self {
        Self { records: Said::new(MAX_SOURCES), devices: Said::new(MAX_SOURCES) }
    }
}

/// A data set as it comes.
#[derive(Debug, Default)]
pub(super) struct DataSet {
    reader: Reader,
    inflater: Option<Box<Inflater>>,
    content: Content,
}

/// What was read of a data set.
#[derive(Debug, Default)]
struct Content {
    /// A query: what it holds are keys, and the values may be wildcards (PS3.4 §C.2.2.2).
    is_query: bool,
    keeps_device: bool,
    record: Vec<u8>,
    parts: Vec<(&'static Field, usize)>,
    phi: PhiCounts,
    object_ids: u8,
    has_rows: bool,
    identity_removed: bool,
}

impl DataSet {
    /// The set that follows a command, from the side that opened the association or the other; without a command where the
    /// capture began behind it.
    pub(super) fn new(syntax: Syntax, command: Option<&Command>, from_server: bool) -> Self {
        let inflater = (syntax == Syntax::Deflated).then(Box::default);
        let inner = if syntax == Syntax::Deflated { Syntax::ExplicitLittle } else { syntax };
        // What a server sends on C-GET are other devices' objects. Answers to queries describe scheduled stations.
        let keeps_device = command.is_none_or(|c| c.is_request() && (c.is(C_STORE) || c.is(N_CREATE))) && !from_server;
        let is_query = command.is_some_and(|c| !c.is(C_STORE) && !c.is(N_CREATE));
        let content = Content { is_query, keeps_device, ..Content::default() };
        Self { reader: Reader::new(inner), inflater, content }
    }

    /// Lets go of bytes of no interest before they are looked at.
    pub(super) fn pass(&mut self, room: u64) -> u64 {
        match &self.inflater {
            Some(inflater) if inflater.is_over() => room,
            Some(_) => 0,
            None => self.reader.pass(room),
        }
    }

    /// Nothing more of it is of interest.
    pub(super) fn is_done(&self) -> bool {
        self.reader.is_done() || self.inflater.as_ref().is_some_and(|inflater| inflater.is_over())
    }

    /// The next fragment.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        match &mut self.inflater {
            Some(inflater) => inflater.feed(bytes, &mut self.reader, &mut self.content),
            None => self.reader.feed(bytes, &mut self.content),
        }
    }

    /// Says what was learnt of the device, once a record; adds the counts. Called when the set, or what was seen of it, is over.
    pub(super) fn finish(self, is_store: bool, sources: &mut Sources, counts: &mut PhiCounts, out: &mut dyn Sink) {
        if self.reader.is_broken() {
            out.malformed("DICOM data set breaks PS3.5 §7");
        }
        let mut content = self.content;
        let is_object = is_store || (content.object_ids == 2 && content.has_rows);
        if is_object {
            content.phi.count(PhiKind::Document);
        }
        if !content.identity_removed {
            counts.add(&content.phi);
        }
        if content.keeps_device && (is_store || content.object_ids == 2 || !content.parts.is_empty()) {
            content.say_device(sources, out);
        }
    }
}

impl Visitor for Content {
    fn element(&mut self, tag: u32, length: Option<u32>) -> Want {
        if tag > tags::LAST {
            return Want::Done;
        }
        if length == Some(0) {
            return Want::Skip;
        }
        match tags::meaning(tag) {
            Some(Meaning::UdiSequence) => Want::Enter,
            Some(Meaning::Phi(kind)) => {
                if length.is_some_and(|length| length <= super::element::MAX_VALUE) {
                    return Want::Value;
                }
                self.phi.count(kind);
                Want::Skip
            }
            Some(_) => Want::Value,
            None => Want::Skip,
        }
    }

    fn value(&mut self, tag: u32, value: &[u8], _big_endian: bool) {
        match tags::meaning(tag) {
            // A day to search for, or the day of a study in a list: no person's as long as nothing else says whose.
            Some(Meaning::Phi(PhiKind::BirthDate)) if self.is_query && tag >> 16 == 0x0008 => {}
            Some(Meaning::Phi(kind)) if has_content(value, self.is_query) => self.phi.count(kind),
            Some(Meaning::Device(field)) => self.keep(field, trim(value)),
            Some(Meaning::Udi) => self.keep(&fields::UDI, trim(value)),
            Some(Meaning::Object) => self.object_ids = self.object_ids.saturating_add(1),
            Some(Meaning::Rows) => self.has_rows = true,
            Some(Meaning::IdentityRemoved) => self.identity_removed = trim(value) == b"YES",
            _ => {}
        }
    }
}

/// A value that says something: not blanks alone, and in a query not wildcards alone.
fn has_content(value: &[u8], is_query: bool) -> bool {
    value.iter().any(|b| !(matches!(b, b' ' | 0 | b'^') || is_query && matches!(b, b'*' | b'?' | b'-')))
}

impl Content {
    fn keep(&mut self, field: &'static Field, value: &[u8]) {
        if self.keeps_device
            && !value.is_empty()
            && value.len() <= MAX_DEVICE_VALUE
            && self.record.len().saturating_add(value.len()) <= MAX_RECORD
            && self.parts.len() < MAX_FIELDS
        {
            self.record.extend_from_slice(value);
            self.parts.push((field, self.record.len()));
        }
    }

    fn fields(&self) -> impl Iterator<Item = (&'static Field, &[u8])> {
        let mut from = 0;
        self.parts.iter().filter_map(move |(field, to)| {
            let value = self.record.get(from..*to);
            from = *to;
            value.map(|value| (*field, value))
        })
    }

    fn say_device(&self, sources: &mut Sources, out: &mut dyn Sink) {
        if self.parts.is_empty() || !sources.records.once(&self.record) {
            return;
        }
        let mut triple = Vec::with_capacity(3);
        for (field, value) in self.fields() {
            out.sender(field, value);
            if field == &fields::UDI
                && let Some(serial) = Udi::parse(value).and_then(|udi| udi.serial)
            {
                out.sender(&fields::UDI_SERIAL, serial);
            }
            if [&fields::MAKER, &fields::MODEL, &fields::SERIAL].contains(&field) && triple.len() < 3 {
                triple.push(value);
            }
        }
        if !triple.is_empty() && sources.devices.once(&triple) && sources.devices.count() == 2 {
            out.say(About::Conversation, &fields::SEVERAL_SOURCES, Value::Text("objects of several devices".into()));
        }
    }
}
