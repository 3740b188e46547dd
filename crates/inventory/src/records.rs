//! Descriptions of devices inside messages: whose they are, and which of them are one device.
//!
//! A modality's data sets and a monitor's messages describe itself. An archive passes other devices' data sets on, and a gateway
//! reports for a ward: what they say is listed under the one who says it, a device an entry, and is not the sender's own.

use std::collections::{BTreeMap, BTreeSet};

use model::report::ReportedDevice;
use model::{FactKind, Word};

use crate::attributes::identifiers;
use crate::store::FactRecord;

/// One description.
pub(crate) type Record<'f> = Vec<&'f FactRecord>;

/// What of a device's records is its own, and what is of others.
#[derive(Debug, Default)]
pub(crate) struct Sorted<'f> {
    /// Facts of the device itself.
    pub(crate) own: Vec<&'f FactRecord>,
    /// Records of other devices.
    pub(crate) others: Vec<Record<'f>>,
}

/// Tells whose the records are. `plain` are the device's other facts.
pub(crate) fn sort<'f>(records: Vec<Record<'f>>, plain: &[&'f FactRecord]) -> Sorted<'f> {
    let (data_sets, reported): (Vec<_>, Vec<_>) =
        records.into_iter().partition(|record| record.iter().any(|fact| fact.protocol() == "dicom"));
    let mut sorted = Sorted::default();
    for (records, is_own) in [(merge(data_sets), makes_its_data_sets(plain)), (merge(reported), false)] {
        // One description that bears a key of the sender is the sender's.
        let own = records.len() == 1 && (is_own || records.iter().flatten().any(|fact| is_key_of(fact, plain)));
        if own {
            sorted.own.extend(records.into_iter().flatten());
        } else {
            sorted.others.extend(records);
        }
    }
    sorted
}

/// Stores what it made, and does not take in what others made.
fn makes_its_data_sets(plain: &[&FactRecord]) -> bool {
    let is_archive = |fact: &FactRecord| fact.field() == "dicom.context.accepted" && fact.text().ends_with("Storage");
    !plain.iter().any(|fact| is_archive(fact) || fact.field() == "dicom.dataset.several-sources")
}

fn is_key_of(fact: &FactRecord, plain: &[&FactRecord]) -> bool {
    is_key(fact.kind) && plain.iter().any(|own| own.kind == fact.kind && own.value == fact.value)
}

/// Of one device only.
const fn is_key(kind: FactKind) -> bool {
    matches!(kind, FactKind::Serial | FactKind::Udi | FactKind::Eui64 | FactKind::Uuid)
}

/// Puts together records of one device: those with the same serial number, UDI, EUI-64 or UID, and those that say less of the
/// same. Linear in facts, but for records without any key.
fn merge(mut records: Vec<Record<'_>>) -> Vec<Record<'_>> {
    // By what they say, so that the order in which they came does not show.
    records.iter_mut().for_each(|record| record.sort_by(by_content));
    records
        .sort_by(|a, b| a.iter().map(|fact| (fact.field(), &fact.value)).cmp(b.iter().map(|fact| (fact.field(), &fact.value))));
    let mut merged: Vec<Record<'_>> = Vec::new();
    let mut by_key: BTreeMap<(FactKind, Word), usize> = BTreeMap::new();
    let (keyed, keyless): (Vec<_>, Vec<_>) = records.into_iter().partition(|record| record.iter().any(|f| is_key(f.kind)));
    for record in keyed {
        let keys: Vec<_> = record.iter().filter(|f| is_key(f.kind)).map(|f| (f.kind, f.text().clone())).collect();
        let known = keys.iter().find_map(|key| by_key.get(key).copied());
        let fits = known.filter(|at| merged.get(*at).is_some_and(|other| !contradict(&record, other)));
        let at = fits.unwrap_or(merged.len());
        by_key.extend(keys.into_iter().map(|key| (key, at)));
        match merged.get_mut(at) {
            Some(other) => other.extend(record),
            None => merged.push(record),
        }
    }
    add_keyless(&mut merged, keyless);
    for record in &mut merged {
        record.sort_by(by_content);
        record.dedup_by(|a, b| a.field() == b.field() && a.value == b.value);
    }
    merged
}

fn by_content(a: &&FactRecord, b: &&FactRecord) -> std::cmp::Ordering {
    (a.kind, a.field(), &a.value).cmp(&(b.kind, b.field(), &b.value))
}

/// A record without a key joins the only one there is, if nothing speaks against it, or the only one that it agrees with; else it
/// is a device of its own.
fn add_keyless<'f>(merged: &mut Vec<Record<'f>>, keyless: Vec<Record<'f>>) {
    /// Compared with each other at most.
    const MAX_COMPARED: usize = 64;
    for record in keyless {
        let is_only = merged.len() == 1;
        let agrees = |other: &&mut Record<'f>| !contradict(&record, other) && (is_only || agree(&record, other));
        let mut fitting = merged.iter_mut().take(MAX_COMPARED).filter(agrees);
        match (fitting.next(), fitting.next()) {
            (Some(other), None) => other.extend(record),
            _ => merged.push(record),
        }
    }
}

/// A field of both that tells devices apart has other values.
fn contradict(a: &Record<'_>, b: &Record<'_>) -> bool {
    let tells = |kind| is_key(kind) || matches!(kind, FactKind::Maker | FactKind::Model | FactKind::StationName);
    a.iter().filter(|fact| tells(fact.kind)).any(|fact| {
        let mut same_field = b.iter().filter(|other| other.field() == fact.field()).peekable();
        same_field.peek().is_some() && same_field.all(|other| other.value != fact.value)
    })
}

/// Some field of both has the same value.
fn agree(a: &Record<'_>, b: &Record<'_>) -> bool {
    a.iter().any(|fact| b.iter().any(|other| other.field() == fact.field() && other.value == fact.value))
}

/// The entries of `reports`, each once.
pub(crate) fn reports(others: &[Record<'_>]) -> Vec<ReportedDevice> {
    let mut seen = BTreeSet::new();
    let entries = others.iter().map(|record| {
        let mut facts = identifiers(record, true);
        facts.extend(identifiers(record, false));
        ReportedDevice { facts }
    });
    entries
        .filter(|entry| seen.insert(entry.facts.iter().map(|fact| (fact.kind, fact.value.clone())).collect::<Vec<_>>()))
        .collect()
}
