//! The fields of a record as text: one row each, which mapping, comparing, exports and the ledger walk.

use jiff::civil::Date;
use model::MacAddr;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::record::{Criticality, Invalid, LifeCycle, Record, invalid};

/// A field of a record.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Id.
    pub id: &'static str,
    /// What people call it; the heading of exports.
    pub label: &'static str,
    /// Other headings under which CMMS and lists have it, lower case.
    pub also: &'static [&'static str],
    get: fn(&Record) -> String,
    set: fn(&mut Record, &str) -> Result<(), String>,
}

impl Field {
    /// Its value as text; empty where unknown.
    #[must_use]
    pub fn get(&self, record: &Record) -> String {
        (self.get)(record)
    }

    /// Sets it from text; empty makes it unknown.
    ///
    /// # Errors
    /// The text is no value of the field.
    pub fn set(&self, record: &mut Record, text: &str) -> Result<(), Invalid> {
        (self.set)(record, text.trim()).map_err(|what| invalid(self.id, &what))?;
        *record = std::mem::take(record).tidied()?;
        Ok(())
    }
}

/// What became of a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldChange {
    /// Id of the field.
    pub field: String,
    /// Value before; empty where unknown.
    pub before: String,
    /// Value after; empty where unknown.
    pub after: String,
}

/// What differs between two records.
#[must_use]
pub fn changes(before: &Record, after: &Record) -> Vec<FieldChange> {
    let change = |field: &Field| {
        let (before, after) = (field.get(before), field.get(after));
        (before != after).then(|| FieldChange { field: field.id.to_owned(), before, after })
    };
    FIELDS.iter().filter_map(change).collect()
}

/// A field by its id.
#[must_use]
pub fn field(id: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.id == id)
}

/// Sets a field by its id.
///
/// # Errors
/// There is no such field, or the text is no value of it.
pub fn apply_field(record: &mut Record, id: &str, text: &str) -> Result<(), Invalid> {
    field(id).ok_or_else(|| invalid(id, "there is no such field"))?.set(record, text)
}

/// A row of a field that holds text.
macro_rules! text {
    ($id:ident, $label:literal, $also:expr) => {
        Field {
            id: stringify!($id),
            label: $label,
            also: &$also,
            get: |record| record.$id.clone().unwrap_or_default(),
            set: |record, text| {
                record.$id = (!text.is_empty()).then(|| text.to_owned());
                Ok(())
            },
        }
    };
}

/// All fields, in the order in which people look for them.
pub const FIELDS: &[Field] = &[
    text!(
        asset_tag,
        "Asset tag",
        [
            "asset",
            "asset no",
            "asset number",
            "inventory number",
            "inventory no",
            "tag",
            "equipment number",
            "equipment no",
            "control number"
        ]
    ),
    text!(name, "Name", ["device name", "hostname", "host name", "equipment name", "asset name"]),
    text!(maker, "Maker", ["manufacturer", "mfr", "brand", "oem", "hersteller"]),
    text!(model, "Model", ["model name", "model number", "model no", "type", "device type", "modell"]),
    text!(serial, "Serial number", ["serial", "serial no", "sn", "s/n", "seriennummer"]),
    Field {
        id: "macs",
        label: "MAC addresses",
        also: &["mac", "mac address", "ethernet address", "hardware address", "physical address"],
        get: |record| join(record.macs.iter()),
        set: set_macs,
    },
    text!(
        clinical_owner,
        "Clinical engineering owner",
        ["owner", "responsible", "clinical engineer", "technician", "biomed", "responsible person"]
    ),
    text!(it_owner, "IT owner", ["it contact", "it responsible", "it department"]),
    text!(vendor, "Vendor", ["supplier", "service provider", "service company", "lieferant"]),
    text!(contract, "Service contract", ["contract", "contract no", "contract number", "service contract number"]),
    Field {
        id: "contract_end",
        label: "Contract end",
        also: &[
            "contract expiry",
            "contract expires",
            "warranty end",
            "warranty expires",
            "contract until",
            "warranty expiration",
        ],
        get: |record| record.contract_end.map(|date| date.to_string()).unwrap_or_default(),
        set: |record, text| {
            record.contract_end = some(text).map(date).transpose()?;
            Ok(())
        },
    },
    text!(night_call, "Whom to call at night", ["on call", "emergency contact", "hotline", "24h contact"]),
    text!(administered_by, "Administered by", ["administrator", "admin", "managed by"]),
    text!(building, "Building", ["house", "campus", "gebäude"]),
    text!(floor, "Floor", ["level", "storey", "etage"]),
    text!(room, "Room", ["room no", "room number", "location", "raum"]),
    text!(unit, "Unit", ["department", "ward", "cost centre", "cost center", "station", "abteilung"]),
    Field {
        id: "criticality",
        label: "Criticality",
        also: &["risk", "risk class", "priority"],
        get: |record| record.criticality.map(|one| one.name().to_owned()).unwrap_or_default(),
        set: |record, text| {
            let known = |text: &str| Criticality::ALL.into_iter().find(|one| one.name() == folded(text));
            let wrong = || format!("`{text}` is none of low, medium, high, vital");
            record.criticality = some(text).map(|text| known(text).ok_or_else(wrong)).transpose()?;
            Ok(())
        },
    },
    Field {
        id: "state",
        label: "Life cycle",
        also: &["status", "state", "lifecycle", "life cycle state"],
        get: |record| record.state.map(|one| one.name().to_owned()).unwrap_or_default(),
        set: |record, text| {
            record.state = some(text).map(life_cycle).transpose()?;
            Ok(())
        },
    },
    Field {
        id: "tags",
        label: "Tags",
        also: &["labels", "keywords"],
        get: |record| join(record.tags.iter()),
        set: |record, text| {
            record.tags = text.split([';', ',']).map(|tag| tag.trim().to_owned()).collect();
            Ok(())
        },
    },
    text!(notes, "Notes", ["note", "comment", "comments", "remarks", "description", "bemerkung"]),
];

fn join<T: ToString>(list: impl Iterator<Item = T>) -> String {
    list.map(|one| one.to_string()).collect::<Vec<_>>().join("; ")
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// Lower case, with `_` between words.
fn folded(text: &str) -> String {
    text.trim().to_lowercase().replace([' ', '-'], "_")
}

fn set_macs(record: &mut Record, text: &str) -> Result<(), String> {
    let words = text.split([';', ',', ' ', '\n']).map(str::trim).filter(|word| !word.is_empty());
    record.macs = words.map(|word| word.parse::<MacAddr>().map_err(|error| error.to_string())).collect::<Result<_, _>>()?;
    Ok(())
}

/// What CMMS call the states of a life.
fn life_cycle(text: &str) -> Result<LifeCycle, String> {
    let word = folded(text);
    let known = LifeCycle::ALL.into_iter().find(|one| one.name() == word);
    let called = match word.as_str() {
        "planned" | "ordered" | "requested" | "staged" => Some(LifeCycle::Expected),
        "active" | "in_use" | "deployed" | "ready_to_deploy" | "in_operation" => Some(LifeCycle::InService),
        "repair" | "out_for_repair" | "out_for_diagnostics" | "failed" | "broken" => Some(LifeCycle::InRepair),
        "inventory" | "stock" | "reserve" | "pending" | "offline" => Some(LifeCycle::Spare),
        "archived" | "decommissioned" | "decommissioning" | "disposed" | "scrapped" | "out_of_service" => {
            Some(LifeCycle::Retired)
        }
        _ => None,
    };
    known.or(called).ok_or_else(|| format!("`{text}` is none of {}", LifeCycle::ALL.map(LifeCycle::name).join(", ")))
}

/// `2027-01-31`, `31.01.2027`, and `31/01/2027` or `01/31/2027` where only one of them can be meant.
fn date(text: &str) -> Result<Date, String> {
    let text = text.split([' ', 'T']).next().unwrap_or(text);
    let parts: Vec<i16> = text.split(['-', '.', '/']).map_while(|part| part.parse().ok()).collect();
    let civil = |year: i16, month: i16, day: i16| Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok();
    let found = match (parts.as_slice(), text.contains('/')) {
        ([year, month, day], _) if *year > 31 => civil(*year, *month, *day),
        ([day, month, year], false) => civil(*year, *month, *day),
        // Which is the day cannot be told, unless it is both.
        ([a, b, _], true) if *a <= 12 && *b <= 12 && a != b => None,
        ([a, b, year], true) => civil(*year, *b, *a).or_else(|| civil(*year, *a, *b)),
        _ => None,
    };
    found.filter(|date| date.year() >= 1970).ok_or_else(|| format!("`{text}` is not a date; write it as 2027-01-31"))
}
