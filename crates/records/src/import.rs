//! What a table from elsewhere would change: a dry run, and what undoes it.

use std::collections::{BTreeMap, BTreeSet};

use model::MacAddr;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{FIELDS, FieldChange, Record, Table, apply_field, changes, field};

mod others;

pub use others::{Pages, netbox_page, snipe_it_page};

/// How a table is read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = ImportMapping)]
pub struct Mapping {
    /// Heading → id of a field. Headings that are not here are not read.
    pub columns: BTreeMap<String, String>,
    /// What counts where a record has another value already.
    pub on_difference: OnDifference,
    /// Only records that are there already are changed; lines of others are left out, and make no new ones.
    pub only_known: bool,
    /// What a person decided of a line, by its number; the first below the headings is 1.
    pub decided: BTreeMap<u32, Decision>,
}

/// What counts where a record has another value already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnDifference {
    /// A person decides: the line waits.
    #[default]
    Ask,
    /// The table.
    Table,
    /// The record.
    Record,
}

/// What a person decided of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The table counts; values that cannot be read are left out.
    Table,
    /// The record counts; what it lacks is taken from the table.
    Record,
    /// The line is left out.
    Skip,
    /// The line is of this record, and the table counts.
    Into(String),
    /// The line makes a record of its own.
    New,
}

impl Mapping {
    /// The mapping that headings suggest; each field once.
    #[must_use]
    pub fn guess(columns: &[String]) -> Self {
        let mut taken = BTreeSet::new();
        let mut found = BTreeMap::new();
        let exact = |heading: &str| FIELDS.iter().find(|field| field.id == heading || field.label.to_lowercase() == heading);
        let alike = |heading: &str| FIELDS.iter().find(|field| field.also.contains(&heading));
        for pass in 0..2 {
            for column in columns {
                let heading = column.trim().to_lowercase().replace('_', " ").replace(['.', '#'], "");
                let id_like = heading.replace(' ', "_");
                let field = if pass == 0 { exact(&heading).or_else(|| exact(&id_like)) } else { alike(heading.trim()) };
                if let Some(field) = field.filter(|field| !found.contains_key(column) && !taken.contains(field.id)) {
                    taken.insert(field.id);
                    found.insert(column.clone(), field.id.to_owned());
                }
            }
        }
        Self { columns: found, ..Self::default() }
    }

    /// Headings or fields that are not there, and fields that two headings would fill.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(&self, table: &Table) -> Result<(), String> {
        let mut taken = BTreeSet::new();
        for (column, id) in &self.columns {
            if !table.columns.contains(column) {
                return Err(format!("the table has no column `{column}`"));
            }
            if field(id).is_none() {
                return Err(format!("there is no field `{id}`"));
            }
            if !taken.insert(id) {
                return Err(format!("two columns are mapped to `{id}`"));
            }
        }
        if taken.is_empty() { Err("no column is mapped to a field".into()) } else { Ok(()) }
    }
}

/// A record that is there.
#[derive(Clone, Debug)]
pub struct Known {
    /// Id.
    pub id: String,
    /// What it says.
    pub record: Record,
    /// What its device was seen to be, where it was seen.
    pub seen: Option<Seen>,
}

/// What a device was seen to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// MAC addresses.
    pub macs: BTreeSet<MacAddr>,
    /// Maker, model and serial number, by the ids of their fields.
    pub values: BTreeMap<&'static str, String>,
}

/// Something about a line that a person should know or decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schema(as = ImportConflict)]
pub enum Conflict {
    /// Its keys are those of several records.
    SeveralRecords {
        /// These.
        records: Vec<String>,
    },
    /// The record that was decided on is not there.
    NoRecord {
        /// This one.
        record: String,
    },
    /// An earlier line is of the same record.
    SameRecord {
        /// The earlier line.
        line: u32,
    },
    /// The record has another value.
    Differs {
        /// Field.
        field: String,
        /// What the record says.
        record: String,
        /// What the table says.
        table: String,
    },
    /// A value that the field cannot hold.
    Invalid {
        /// Field.
        field: String,
        /// What is wrong.
        what: String,
    },
    /// Traffic says otherwise. Shown; it does not hold the line up.
    Observed {
        /// Field.
        field: String,
        /// What was seen.
        seen: String,
        /// What the table says.
        table: String,
    },
}

/// What becomes of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ImportOutcome)]
pub enum Outcome {
    /// A record is made.
    Create,
    /// A record is changed.
    Update,
    /// Everything is there already.
    Unchanged,
    /// Left out, as decided.
    Skip,
    /// Somebody has to decide first; nothing is done.
    Wait,
}

/// A line of a dry run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlannedLine {
    /// Number of the line; the first below the headings is 1.
    pub line: u32,
    /// What becomes of it.
    pub outcome: Outcome,
    /// Record that it is of, where there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub record: Option<String>,
    /// What it says the device is, for people.
    pub title: String,
    /// What changes.
    pub changes: Vec<FieldChange>,
    /// What somebody should know or decide.
    pub conflicts: Vec<Conflict>,
    /// The record as it will be.
    #[serde(skip)]
    #[schema(ignore)]
    pub after: Record,
}

/// What a table would change.
#[must_use]
pub fn plan(table: &Table, mapping: &Mapping, known: &[Known]) -> Vec<PlannedLine> {
    let keys = Keys::of(known);
    let mut so_far = SoFar::default();
    (0..table.rows.len()).map(|row| line(table, row, mapping, known, &keys, &mut so_far)).collect()
}

/// What earlier lines do.
#[derive(Default)]
struct SoFar {
    /// The first line of each record or key.
    taken: BTreeMap<String, u32>,
    /// Records as these lines leave them.
    records: BTreeMap<String, Record>,
}

/// Records by what they are known by.
struct Keys<'a>(BTreeMap<(&'static str, String), BTreeSet<&'a str>>);

impl<'a> Keys<'a> {
    fn of(known: &'a [Known]) -> Self {
        let mut keys: BTreeMap<(&'static str, String), BTreeSet<&str>> = BTreeMap::new();
        for one in known {
            for key in keys_of(&one.record, one.seen.as_ref()) {
                keys.entry(key).or_default().insert(&one.id);
            }
        }
        Self(keys)
    }

    /// Records that a line may be of. A serial number counts only where nothing better does: makers number alike.
    fn find(&self, record: &Record) -> BTreeSet<&'a str> {
        let all = keys_of(record, None);
        let by = |sort: &str| -> BTreeSet<&str> {
            all.iter().filter(|(kind, _)| *kind == sort).filter_map(|key| self.0.get(key)).flatten().copied().collect()
        };
        let sure: BTreeSet<&str> = by("asset_tag").union(&by("mac")).copied().collect();
        if sure.is_empty() { by("serial") } else { sure }
    }
}

fn keys_of(record: &Record, seen: Option<&Seen>) -> Vec<(&'static str, String)> {
    let mut keys = Vec::new();
    keys.extend(record.asset_tag.iter().map(|tag| ("asset_tag", tag.to_lowercase())));
    keys.extend(record.macs.iter().chain(seen.into_iter().flat_map(|seen| &seen.macs)).map(|mac| ("mac", mac.to_string())));
    let seen_serial = seen.and_then(|seen| seen.values.get("serial"));
    keys.extend(record.serial.iter().chain(seen_serial).map(|serial| ("serial", serial.to_lowercase())));
    keys
}

fn line<'a>(
    table: &Table,
    row: usize,
    mapping: &Mapping,
    known: &'a [Known],
    keys: &Keys<'a>,
    so_far: &mut SoFar,
) -> PlannedLine {
    let number = u32::try_from(row).unwrap_or(u32::MAX).saturating_add(1);
    let decision = mapping.decided.get(&number);
    let (said, mut conflicts) = read(table, row, mapping);
    let found = match decision {
        Some(Decision::Into(id)) => known.iter().find(|one| one.id == *id).map(|one| one.id.as_str()).into_iter().collect(),
        Some(Decision::New) => BTreeSet::new(),
        _ => keys.find(&said),
    };
    let target = found.first().filter(|_| found.len() == 1).and_then(|id| known.iter().find(|one| one.id == **id));
    if let (Some(Decision::Into(id)), None) = (decision, target) {
        conflicts.push(Conflict::NoRecord { record: id.clone() });
    }
    if found.len() > 1 {
        conflicts.push(Conflict::SeveralRecords { records: found.iter().map(|id| (*id).to_owned()).collect() });
    }
    let is_skipped = decision == Some(&Decision::Skip);
    let marks = target.map_or_else(|| keys_of(&said, None), |one| vec![("record", one.id.clone())]);
    for key in marks.into_iter().filter(|_| !is_skipped) {
        let earlier = *so_far.taken.entry(format!("{} {}", key.0, key.1)).or_insert(number);
        if earlier != number && !conflicts.contains(&Conflict::SameRecord { line: earlier }) {
            conflicts.push(Conflict::SameRecord { line: earlier });
        }
    }
    let before = target.map(|one| so_far.records.get(&one.id).unwrap_or(&one.record).clone()).unwrap_or_default();
    let after = merged(&before, &said, mapping, decision, &mut conflicts);
    conflicts.extend(target.and_then(|one| one.seen.as_ref()).into_iter().flat_map(|seen| contradictions(seen, &said)));
    let changes = changes(&before, &after);
    let waits = conflicts.iter().any(|conflict| must_wait(conflict, mapping, decision));
    let outcome = match decision {
        Some(Decision::Skip) => Outcome::Skip,
        _ if waits => Outcome::Wait,
        _ if target.is_none() && (mapping.only_known || changes.is_empty()) => Outcome::Skip,
        _ if target.is_none() => Outcome::Create,
        _ if changes.is_empty() => Outcome::Unchanged,
        _ => Outcome::Update,
    };
    let changes = if outcome == Outcome::Skip { Vec::new() } else { changes };
    if let (Outcome::Update, Some(target)) = (outcome, target) {
        so_far.records.insert(target.id.clone(), after.clone());
    }
    PlannedLine {
        line: number,
        outcome,
        record: target.map(|one| one.id.clone()),
        title: title(&said),
        changes,
        conflicts,
        after,
    }
}

/// What a line says, and what of it cannot be read.
fn read(table: &Table, row: usize, mapping: &Mapping) -> (Record, Vec<Conflict>) {
    let (mut said, mut conflicts) = (Record::default(), Vec::new());
    for (column, id) in &mapping.columns {
        let text = table.cell(row, column);
        if is_blank(text) {
            continue;
        }
        let mut next = said.clone();
        match apply_field(&mut next, id, text) {
            Ok(()) => said = next,
            Err(invalid) => conflicts.push(Conflict::Invalid { field: invalid.field, what: invalid.what }),
        }
    }
    (said, conflicts)
}

/// Nothing is said: empty, or one of the words that lists write for it.
fn is_blank(text: &str) -> bool {
    const NOTHING: [&str; 12] = ["", "-", "--", "?", "n/a", "na", "none", "null", "tbd", "unknown", "unbekannt", "#n/a"];
    NOTHING.contains(&text.trim().to_lowercase().as_str())
}

/// The record with what the line says. What the line leaves empty stays; tags and addresses add up.
fn merged(
    before: &Record,
    said: &Record,
    mapping: &Mapping,
    decision: Option<&Decision>,
    conflicts: &mut Vec<Conflict>,
) -> Record {
    let record_counts =
        matches!(decision, Some(Decision::Record)) || (decision.is_none() && mapping.on_difference == OnDifference::Record);
    let mut after = before.clone();
    after.tags.extend(said.tags.iter().cloned());
    after.macs.extend(said.macs.iter().copied());
    for field in FIELDS.iter().filter(|field| !matches!(field.id, "tags" | "macs")) {
        let (have, table) = (field.get(before), field.get(said));
        if table.is_empty() || table == have {
            continue;
        }
        if !have.is_empty() {
            conflicts.push(Conflict::Differs { field: field.id.to_owned(), record: have, table: table.clone() });
            if record_counts {
                continue;
            }
        }
        // Read from a record, so that the field can hold it.
        let _ = field.set(&mut after, &table);
    }
    after
}

/// Values that traffic contradicts.
fn contradictions(seen: &Seen, said: &Record) -> Vec<Conflict> {
    let differ = |(id, seen): (&&'static str, &String)| {
        let table = field(id)?.get(said);
        let (a, b) = (table.to_lowercase(), seen.to_lowercase());
        (!a.is_empty() && !a.contains(&b) && !b.contains(&a)).then(|| Conflict::Observed {
            field: (*id).to_owned(),
            seen: seen.clone(),
            table,
        })
    };
    seen.values.iter().filter_map(differ).collect()
}

fn must_wait(conflict: &Conflict, mapping: &Mapping, decision: Option<&Decision>) -> bool {
    match conflict {
        Conflict::Observed { .. } => false,
        Conflict::SeveralRecords { .. } | Conflict::NoRecord { .. } => true,
        Conflict::Differs { .. } => decision.is_none() && mapping.on_difference == OnDifference::Ask,
        Conflict::SameRecord { .. } | Conflict::Invalid { .. } => decision.is_none(),
    }
}

/// What a line says the device is.
fn title(said: &Record) -> String {
    let parts = [&said.asset_tag, &said.name, &said.maker, &said.model, &said.serial];
    parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// What applying did to one record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// Record.
    pub record: String,
    /// What it said before; absent where it was made.
    pub before: Option<Record>,
    /// What it said after.
    pub after: Record,
}

/// What undoing does to one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undone {
    /// The record as it will be; absent where it is taken away.
    pub record: Option<Record>,
    /// Fields that somebody changed since: they stay. Before is what the import wrote.
    pub kept: Vec<FieldChange>,
}

impl Applied {
    /// What undoing does to the record as it is now; absent where somebody took it away since.
    #[must_use]
    pub fn undo(&self, now: &Record) -> Undone {
        let kept = changes(&self.after, now);
        let before = self.before.clone().unwrap_or_default();
        if kept.is_empty() {
            return Undone { record: self.before.clone(), kept };
        }
        let mut record = now.clone();
        for change in changes(&before, &self.after) {
            if !kept.iter().any(|kept| kept.field == change.field) {
                // A value that a record held.
                let _ = apply_field(&mut record, &change.field, &change.before);
            }
        }
        Undone { record: Some(record), kept }
    }
}
