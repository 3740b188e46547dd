//! Which observed device a record is of, however its id changes.
//!
//! A record is held by anchors: what identifies a device (MAC addresses, serial number, UUIDs …), as people wrote it and as it was
//! observed while the record was its own. What several devices state holds nothing.

use std::collections::{BTreeMap, BTreeSet};

use model::FactKind;
use model::report::Device;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Record;

/// What sort of anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnchorKind {
    /// MAC address of an interface.
    Mac,
    /// Serial number.
    Serial,
    /// UUID, EUI-64, SNMP engine id, DUID or UDI.
    Identifier,
    /// Fully qualified name.
    Name,
    /// IP address, of devices of which nothing better is known.
    Address,
}

impl AnchorKind {
    /// How far one holds: from [`STRONG`] on, alone.
    const fn weight(self) -> u32 {
        match self {
            Self::Mac | Self::Identifier => 8,
            Self::Serial => 6,
            Self::Name => 4,
            Self::Address => 1,
        }
    }
}

/// An anchor of this weight or more holds alone.
const STRONG: u32 = 4;

/// Something that identifies a device.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct Anchor {
    /// What sort.
    pub kind: AnchorKind,
    /// Its value, lower case.
    pub value: String,
}

impl Anchor {
    fn new(kind: AnchorKind, value: &str) -> Self {
        Self { kind, value: value.trim().to_lowercase() }
    }
}

/// What identifies an observed device.
#[must_use]
pub fn anchors_of_device(device: &Device) -> BTreeSet<Anchor> {
    use FactKind as K;
    let mut anchors: BTreeSet<Anchor> = device
        .interfaces
        .iter()
        .filter_map(|interface| interface.mac)
        .map(|mac| Anchor::new(AnchorKind::Mac, &mac.to_string()))
        .collect();
    anchors.extend(device.serial.iter().map(|serial| Anchor::new(AnchorKind::Serial, &serial.value)));
    anchors.extend(device.identifiers.iter().filter_map(|identifier| {
        let kind = match identifier.kind {
            K::Uuid | K::Eui64 | K::SnmpEngineId | K::Duid | K::Udi => AnchorKind::Identifier,
            K::Fqdn => AnchorKind::Name,
            _ => return None,
        };
        Some(Anchor::new(kind, &identifier.value))
    }));
    if !anchors.iter().any(|anchor| anchor.kind == AnchorKind::Mac) {
        anchors.extend(device.addresses.iter().map(|address| Anchor::new(AnchorKind::Address, &address.ip.to_string())));
    }
    anchors
}

/// What identifies a device in what people wrote.
#[must_use]
pub fn anchors_of_record(record: &Record) -> BTreeSet<Anchor> {
    let macs = record.macs.iter().map(|mac| Anchor::new(AnchorKind::Mac, &mac.to_string()));
    macs.chain(record.serial.iter().map(|serial| Anchor::new(AnchorKind::Serial, serial))).collect()
}

/// A record as far as following goes.
#[derive(Clone, Debug)]
pub struct Held<'a> {
    /// Id of the record.
    pub id: &'a str,
    /// Its anchors.
    pub anchors: &'a BTreeSet<Anchor>,
    /// Device whose it was until now.
    pub device: Option<&'a str>,
}

/// Why it is not plain which device a record is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schema(as = PlaceConflict)]
pub enum Conflict {
    /// Its anchors are those of several devices.
    SeveralDevices {
        /// The others.
        others: Vec<String>,
    },
    /// Another record is of the same device, and holds better.
    OtherRecord {
        /// The other.
        record: String,
        /// The device.
        device: String,
    },
}

/// Where a record stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Device whose it is; absent where none was seen.
    pub device: Option<String>,
    /// What is not plain.
    pub conflict: Option<Conflict>,
}

/// Which device each record is of, in the order of the records; of two records of one device the one that holds better has it, then
/// the one that had it, then the first.
#[must_use]
pub fn follow(records: &[Held<'_>], devices: &[Device]) -> Vec<Place> {
    let index = Index::of(devices);
    let ranked: Vec<Vec<(u32, &str)>> = records.iter().map(|record| index.candidates(record)).collect();
    let mut holders: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, candidates) in ranked.iter().enumerate() {
        let Some((weight, device)) = candidates.first() else { continue };
        let rank = |at: usize, weight: u32| {
            let had = records.get(at).is_some_and(|record| record.device == Some(*device));
            (weight, had, std::cmp::Reverse(at))
        };
        let other = holders.get(device).copied();
        let other_weight = |other: usize| ranked.get(other).and_then(|list| list.first()).map_or(0, |(weight, _)| *weight);
        if other.is_none_or(|other| rank(at, *weight) > rank(other, other_weight(other))) {
            holders.insert(device, at);
        }
    }
    ranked.iter().enumerate().map(|(at, candidates)| place(at, candidates, &holders, records)).collect()
}

fn place(at: usize, candidates: &[(u32, &str)], holders: &BTreeMap<&str, usize>, records: &[Held<'_>]) -> Place {
    let Some((_, device)) = candidates.first() else { return Place::default() };
    if let Some(holder) = holders.get(device).filter(|holder| **holder != at).and_then(|holder| records.get(*holder)) {
        let conflict = Conflict::OtherRecord { record: holder.id.to_owned(), device: (*device).to_owned() };
        return Place { device: None, conflict: Some(conflict) };
    }
    let others: Vec<String> =
        candidates.iter().skip(1).filter(|(weight, _)| *weight >= STRONG).map(|(_, device)| (*device).to_owned()).collect();
    let conflict = (!others.is_empty()).then_some(Conflict::SeveralDevices { others });
    Place { device: Some((*device).to_owned()), conflict }
}

/// Devices by their anchors.
struct Index<'a>(BTreeMap<Anchor, Vec<&'a str>>);

impl<'a> Index<'a> {
    fn of(devices: &'a [Device]) -> Self {
        let mut index: BTreeMap<Anchor, Vec<&str>> = BTreeMap::new();
        for device in devices {
            for anchor in anchors_of_device(device) {
                index.entry(anchor).or_default().push(device.id.as_str());
            }
        }
        // Two devices that state the same number: it tells nothing.
        index.retain(|_, devices| devices.len() == 1);
        Self(index)
    }

    /// Devices that a record may be of, the likeliest first.
    fn candidates(&self, record: &Held<'_>) -> Vec<(u32, &'a str)> {
        let mut weights: BTreeMap<&str, u32> = BTreeMap::new();
        for anchor in record.anchors {
            for device in self.0.get(anchor).into_iter().flatten() {
                let weight = weights.entry(device).or_default();
                *weight = weight.saturating_add(anchor.kind.weight());
            }
        }
        let mut ranked: Vec<(u32, &str)> = weights.into_iter().map(|(device, weight)| (weight, device)).collect();
        let had = |device: &str| record.device == Some(device);
        // Where it was, it stays, as long as something strong holds it there.
        ranked.sort_by_key(|(weight, device)| (!(had(device) && *weight >= STRONG), std::cmp::Reverse(*weight), *device));
        ranked
    }
}
