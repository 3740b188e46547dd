//! Grounds for what is believed of a device, and their weighing.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

use knowledge::Attribute as Trait;
use model::report::{Alternative, Attribute, Confidence, Evidence, Grounds};
use model::{FactKind, Word};
use smol_str::StrExt as _;

/// Below this a value is not given: unknown is better than wrong.
const FLOOR: u8 = 50;
/// Below this a value that lost is a hint that nothing came of, and no disagreement.
const HINT: u8 = 40;
/// Evidence kept of one value.
pub(crate) const MAX_EVIDENCE: usize = 12;

/// One ground for one value of one property.
pub(crate) struct Ground {
    pub(crate) property: Trait,
    pub(crate) value: Word,
    pub(crate) confidence: Confidence,
    pub(crate) evidence: Arc<Evidence>,
}

/// What a fact says outright, and how far it is to be believed.
pub(crate) fn outright(kind: FactKind, field: &str) -> Option<(Trait, Confidence)> {
    let (property, percent) = match kind {
        FactKind::Maker => (Trait::Maker, 90),
        FactKind::Model => (Trait::Model, 90),
        FactKind::Serial => (Trait::Serial, 90),
        FactKind::Firmware => (Trait::Firmware, 90),
        FactKind::Os => (Trait::Os, 85),
        FactKind::Software => (Trait::Software, 85),
        FactKind::Fqdn => (Trait::Name, 80),
        FactKind::HostName => (Trait::Name, if field.starts_with("dhcp") { 90 } else { 85 }),
        FactKind::StationName => (Trait::Name, 70),
        FactKind::DnsName => (Trait::Name, 62),
        FactKind::AeTitle => (Trait::Name, 60),
        _ => return None,
    };
    Some((property, Confidence::percent(percent)))
}

/// Of the grounds for one property: the value best supported, and those that disagree.
pub(crate) fn weigh<'g>(grounds: impl Iterator<Item = &'g Ground>) -> Option<Box<Attribute>> {
    let mut grounds = grounds.filter(|ground| !ground.value.trim().is_empty());
    let first = grounds.next()?;
    let Some(second) = grounds.next() else {
        let only = alternative(&[first]);
        let attribute =
            Attribute { value: only.value, confidence: only.confidence, evidence: only.evidence, disagreeing: Vec::new() };
        return (attribute.confidence.as_percent() >= FLOOR).then(|| Box::new(attribute));
    };
    let mut values: BTreeMap<Word, Vec<&Ground>> = BTreeMap::new();
    for ground in [first, second].into_iter().chain(grounds) {
        values.entry(ground.value.trim().to_lowercase_smolstr()).or_default().push(ground);
    }
    fold_general(&mut values);
    let mut ranked: Vec<Alternative> = values.into_values().map(|grounds| alternative(&grounds)).collect();
    ranked.sort_by(|a, b| {
        let latest = |x: &Alternative| x.evidence.iter().map(|e| e.last_seen).max();
        b.confidence.cmp(&a.confidence).then_with(|| latest(b).cmp(&latest(a))).then_with(|| a.value.cmp(&b.value))
    });
    let mut ranked = ranked.into_iter();
    let best = ranked.next().filter(|best| best.confidence.as_percent() >= FLOOR)?;
    Some(Box::new(Attribute {
        value: best.value,
        confidence: best.confidence,
        evidence: best.evidence,
        disagreeing: ranked.filter(|other| other.confidence.as_percent() >= HINT).collect(),
    }))
}

/// Gives the grounds of a value to the one that says the same with more detail: those of `Linux` to `Linux 3.14`. Not where two do.
fn fold_general(values: &mut BTreeMap<Word, Vec<&Ground>>) {
    let is_sure = |grounds: &[&Ground]| grounds.iter().any(|ground| ground.confidence.as_percent() >= FLOOR);
    // Values that begin alike stand side by side.
    let general: Vec<(Word, Word)> = values
        .keys()
        .filter_map(|value| {
            let more = |other: &&Word| other.strip_prefix(value.as_str()).is_some_and(is_more);
            let longer =
                values.range::<Word, _>((Excluded(value), Unbounded)).take_while(|(other, _)| other.starts_with(value.as_str()));
            let mut detailed = longer.filter(|(other, grounds)| more(other) && is_sure(grounds)).map(|(other, _)| other);
            // Of `Windows`, `Windows 10` and `Windows 10 22H2` the longest, if they follow from each other.
            let first = detailed.next()?;
            let longest = detailed.try_fold(first, |longest, next| next.starts_with(longest.as_str()).then_some(next))?;
            Some((value.clone(), longest.clone()))
        })
        .collect();
    for (value, detailed) in general {
        let grounds = values.remove(&value).unwrap_or_default();
        values.entry(detailed).or_default().extend(grounds);
    }
}

/// What stands behind a name begins a detail, not another word's rest.
fn is_more(rest: &str) -> bool {
    rest.chars().next().is_some_and(|first| !first.is_alphanumeric() && first != '.')
}

/// The first label of a name; addresses and single labels as they are.
pub(crate) fn short_name(name: &str) -> &str {
    let label = name.split('.').next().unwrap_or(name);
    if label.is_empty() || label.bytes().all(|byte| byte.is_ascii_digit()) { name } else { label }
}

/// The word without blanks around it.
fn trimmed(word: &Word) -> Word {
    let text = word.trim();
    if text.len() == word.len() { word.clone() } else { text.into() }
}

/// Grounds for one value: of each field the surest, and the fields as independent of each other.
fn alternative(grounds: &[&Ground]) -> Alternative {
    let mut fields: BTreeMap<&str, Confidence> = BTreeMap::new();
    for ground in grounds {
        let sure = fields.entry(ground.evidence.origin.field.as_ref()).or_default();
        *sure = ground.confidence.max(*sure);
    }
    let mut evidence: Grounds = grounds.iter().map(|ground| ground.evidence.clone()).collect();
    evidence.sort();
    evidence.dedup();
    evidence.truncate(MAX_EVIDENCE);
    // The one with most detail, as its surest ground writes it.
    let most = |ground: &&&Ground| (ground.value.trim().chars().count(), ground.confidence);
    let best = grounds.iter().max_by(|a, b| most(a).cmp(&most(b)).then_with(|| b.value.cmp(&a.value)));
    Alternative {
        value: best.map(|ground| trimmed(&ground.value)).unwrap_or_default(),
        confidence: fields.into_values().fold(Confidence::default(), Confidence::and),
        evidence,
    }
}
