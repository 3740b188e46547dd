//! The record itself.

use std::collections::BTreeSet;

use jiff::civil::Date;
use model::MacAddr;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Longest text of a field, in characters.
pub const MAX_TEXT: usize = 200;
/// Longest notes, in characters.
pub const MAX_NOTES: usize = 10_000;
/// Most tags of a device.
const MAX_TAGS: usize = 32;
/// Most MAC addresses that people write of a device.
const MAX_MACS: usize = 32;

/// What people say of a device. What nobody said is absent: unknown, not empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Record {
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Number on its label, in the CMMS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asset_tag: Option<String>,
    /// Maker.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maker: Option<String>,
    /// Model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Serial number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// MAC addresses of its interfaces.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    #[schema(value_type = Vec<String>)]
    pub macs: BTreeSet<MacAddr>,
    /// Who in clinical engineering answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clinical_owner: Option<String>,
    /// Who in IT answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub it_owner: Option<String>,
    /// Who sold or services it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// Number of the service contract.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    /// Last day of the service contract.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub contract_end: Option<Date>,
    /// Whom to call at night.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub night_call: Option<String>,
    /// Who administers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub administered_by: Option<String>,
    /// Building.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub building: Option<String>,
    /// Floor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor: Option<String>,
    /// Room.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    /// Unit: the ward or department that uses it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// How much the clinic depends on it, as people judge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub criticality: Option<Criticality>,
    /// Where it is in its life.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<LifeCycle>,
    /// Tags.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<String>,
    /// Notes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notes: Option<String>,
}

/// How much the clinic depends on a device, as people judge; the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Criticality {
    /// Nobody waits for it.
    Low,
    /// Work slows.
    Medium,
    /// Care waits.
    High,
    /// A life may depend on it.
    Vital,
}

impl Criticality {
    /// All, the least first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Vital];

    /// Lower-case name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Vital => "vital",
        }
    }
}

/// Where a device is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LifeCycle {
    /// It is to come.
    Expected,
    /// It has come and is being made ready.
    Onboarding,
    /// It works.
    InService,
    /// It is being repaired.
    InRepair,
    /// It is kept in reserve.
    Spare,
    /// It is not used any more.
    Retired,
}

impl LifeCycle {
    /// All, in the order of a life.
    pub const ALL: [Self; 6] = [Self::Expected, Self::Onboarding, Self::InService, Self::InRepair, Self::Spare, Self::Retired];

    /// Lower-case name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Expected => "expected",
            Self::Onboarding => "onboarding",
            Self::InService => "in_service",
            Self::InRepair => "in_repair",
            Self::Spare => "spare",
            Self::Retired => "retired",
        }
    }
}

/// A value that a field cannot hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize, ToSchema)]
#[error("{field}: {what}")]
pub struct Invalid {
    /// Field.
    pub field: String,
    /// What is wrong, and what would do.
    pub what: String,
}

impl Record {
    /// Text trimmed, what is empty made unknown, and everything within bounds.
    ///
    /// # Errors
    /// The first field that does not fit.
    pub fn tidied(mut self) -> Result<Self, Invalid> {
        for (field, text, most) in self.texts() {
            *text = text.take().map(|text| tidy(field, &text, most)).transpose()?.filter(|text| !text.is_empty());
        }
        let tags = std::mem::take(&mut self.tags);
        self.tags = tags.iter().map(|tag| tidy("tags", tag, 40)).collect::<Result<_, _>>()?;
        self.tags.retain(|tag| !tag.is_empty());
        if self.tags.iter().any(|tag| tag.contains([',', ';'])) {
            return Err(invalid("tags", "a tag has neither a comma nor a semicolon"));
        }
        if self.tags.len() > MAX_TAGS {
            return Err(invalid("tags", &format!("a device has at most {MAX_TAGS} tags")));
        }
        if self.macs.len() > MAX_MACS {
            return Err(invalid("macs", &format!("a device has at most {MAX_MACS} MAC addresses")));
        }
        match self.macs.iter().find(|mac| !mac.is_interface()) {
            Some(mac) => Err(invalid("macs", &format!("{mac} is not the address of an interface"))),
            None => Ok(self),
        }
    }

    /// The record with a JSON merge patch (RFC 7396) applied.
    ///
    /// # Errors
    /// A field that is not there, or a value that it cannot hold.
    pub fn patched(&self, patch: &serde_json::Map<String, serde_json::Value>) -> Result<Self, Invalid> {
        let mut whole = match serde_json::to_value(self) {
            Ok(serde_json::Value::Object(whole)) => whole,
            _ => serde_json::Map::new(),
        };
        for (field, value) in patch {
            if value.is_null() {
                whole.remove(field);
            } else {
                whole.insert(field.clone(), value.clone());
            }
            // One after the other, so that the field at fault can be named.
            if let Err(error) = serde_json::from_value::<Self>(whole.clone().into()) {
                return Err(invalid(field, &error.to_string()));
            }
        }
        serde_json::from_value::<Self>(whole.into()).map_err(|error| invalid("record", &error.to_string()))?.tidied()
    }

    /// Responsibilities and places of which nobody said anything: who keeps records wants to see them.
    #[must_use]
    pub fn unknown(&self) -> Vec<&'static str> {
        let asked = [
            ("clinical_owner", self.clinical_owner.is_none()),
            ("it_owner", self.it_owner.is_none()),
            ("vendor", self.vendor.is_none()),
            ("contract", self.contract.is_none()),
            ("night_call", self.night_call.is_none()),
            ("administered_by", self.administered_by.is_none()),
            ("unit", self.unit.is_none()),
            ("room", self.room.is_none()),
            ("criticality", self.criticality.is_none()),
            ("state", self.state.is_none()),
        ];
        asked.into_iter().filter_map(|(field, is_unknown)| is_unknown.then_some(field)).collect()
    }

    fn texts(&mut self) -> [(&'static str, &mut Option<String>, usize); 16] {
        [
            ("name", &mut self.name, MAX_TEXT),
            ("asset_tag", &mut self.asset_tag, MAX_TEXT),
            ("maker", &mut self.maker, MAX_TEXT),
            ("model", &mut self.model, MAX_TEXT),
            ("serial", &mut self.serial, MAX_TEXT),
            ("clinical_owner", &mut self.clinical_owner, MAX_TEXT),
            ("it_owner", &mut self.it_owner, MAX_TEXT),
            ("vendor", &mut self.vendor, MAX_TEXT),
            ("contract", &mut self.contract, MAX_TEXT),
            ("night_call", &mut self.night_call, MAX_TEXT),
            ("administered_by", &mut self.administered_by, MAX_TEXT),
            ("building", &mut self.building, MAX_TEXT),
            ("floor", &mut self.floor, MAX_TEXT),
            ("room", &mut self.room, MAX_TEXT),
            ("unit", &mut self.unit, MAX_TEXT),
            ("notes", &mut self.notes, MAX_NOTES),
        ]
    }
}

pub(crate) fn invalid(field: &str, what: &str) -> Invalid {
    Invalid { field: field.to_owned(), what: what.to_owned() }
}

/// Trimmed, without control characters but line feeds in notes; refused when too long.
fn tidy(field: &str, text: &str, most: usize) -> Result<String, Invalid> {
    let kept = |c: &char| !c.is_control() || (field == "notes" && *c == '\n');
    let tidied: String = text.trim().chars().filter(kept).collect();
    if tidied.chars().count() > most {
        return Err(invalid(field, &format!("longer than {most} characters")));
    }
    Ok(tidied)
}
