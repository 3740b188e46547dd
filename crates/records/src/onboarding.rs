//! The papers of a device that is to come: filed, approved, found on the network, configured, checked, released.
//!
//! A type a state: what a state lacks cannot be asked of it, and only the step before leads to one. [`Papers`] is what is stored.

use std::collections::BTreeSet;

use jiff::civil::Date;
use model::report::Device;
use model::{MacAddr, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::record::{Invalid, LifeCycle, Record, invalid};

/// What is coming.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Coming {
    /// What will be its record: maker, model, serial number or MAC addresses, place, owners.
    pub record: Record,
    /// What it needs of the network, in words: to whom it will talk, and why.
    pub needs: String,
    /// Class of device, an id of knowledge; chooses its checklist.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// When it is to come.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = Date)]
    pub expected_on: Option<Date>,
}

impl Coming {
    /// Within bounds, and with something that it can be known by.
    ///
    /// # Errors
    /// What is missing or does not fit.
    pub fn tidied(mut self) -> Result<Self, Invalid> {
        self.record = self.record.tidied()?;
        self.record.state = Some(LifeCycle::Expected);
        self.needs = self.needs.trim().chars().filter(|c| !c.is_control() || *c == '\n').collect();
        if self.needs.chars().count() > 2_000 {
            return Err(invalid("needs", "longer than 2000 characters"));
        }
        let record = &self.record;
        if record.macs.is_empty() && record.serial.is_none() && record.model.is_none() {
            return Err(invalid(
                "record",
                "a device that is to come needs a MAC address, a serial number or a model to be known by",
            ));
        }
        Ok(self)
    }
}

/// Who signed a step, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Signature {
    /// Id of the person.
    pub by: String,
    /// Name at the time.
    pub name: String,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What the person wrote.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
}

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Somebody other than who filed it agrees that it may come.
    Approve,
    /// This device on the network is it.
    Match,
    /// It is configured as the checklist asks.
    Configure,
    /// IT security has looked at what it does on the network.
    Check,
    /// It may be used.
    Release,
    /// It does not come.
    Withdraw,
}

/// A step, what it means, and who may sign it.
#[derive(Clone, Copy, Debug)]
pub struct StepRow {
    /// Step.
    pub step: Step,
    /// Path segment and id.
    pub id: &'static str,
    /// What signing it says.
    pub says: &'static str,
    /// Roles that may sign it, by their names.
    pub roles: &'static [&'static str],
}

/// Steps in their order.
pub const STEPS: &[StepRow] = &[
    StepRow {
        step: Step::Approve,
        id: "approve",
        says: "It may come.",
        roles: &["administrator", "it_security", "clinical_lead"],
    },
    StepRow {
        step: Step::Match,
        id: "match",
        says: "This device on the network is it.",
        roles: &["clinical_engineering", "it_security"],
    },
    StepRow {
        step: Step::Configure,
        id: "configure",
        says: "It is configured as the checklist asks.",
        roles: &["clinical_engineering", "it_security"],
    },
    StepRow { step: Step::Check, id: "check", says: "What it does on the network was looked at.", roles: &["it_security"] },
    StepRow { step: Step::Release, id: "release", says: "It may be used.", roles: &["clinical_engineering", "clinical_lead"] },
    StepRow {
        step: Step::Withdraw,
        id: "withdraw",
        says: "It does not come.",
        roles: &["administrator", "it_security", "clinical_engineering", "clinical_lead"],
    },
];

/// How a device was told to be the one that was to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MatchedBy {
    /// Its MAC address.
    Mac,
    /// Its serial number.
    Serial,
    /// Its model and where it says it stands: unsure.
    ModelAndPlace,
    /// Its model alone: unsure.
    Model,
    /// Somebody says so.
    Person,
}

impl MatchedBy {
    /// Nobody need confirm it.
    #[must_use]
    pub const fn is_sure(self) -> bool {
        matches!(self, Self::Mac | Self::Serial | Self::Person)
    }
}

/// Filed, not approved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Filed {
    /// Who filed it.
    pub filed: Signature,
}

/// May come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Approved {
    /// Who filed it.
    pub filed: Signature,
    /// Who approved it.
    pub approved: Signature,
}

/// Was found on the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Arrived {
    /// What went before.
    #[serde(flatten)]
    pub approved: Approved,
    /// How it was told.
    pub matched_by: MatchedBy,
    /// Who says so; the hub where MAC address or serial number tell.
    pub matched: Signature,
}

/// Is configured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Configured {
    /// What went before.
    #[serde(flatten)]
    pub arrived: Arrived,
    /// Who configured it.
    pub configured: Signature,
}

/// Was looked at by IT security.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Checked {
    /// What went before.
    #[serde(flatten)]
    pub configured: Configured,
    /// Who looked.
    pub checked: Signature,
}

/// May be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Released {
    /// What went before.
    #[serde(flatten)]
    pub checked: Checked,
    /// Who released it.
    pub released: Signature,
}

/// Does not come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Withdrawn {
    /// Who filed it.
    pub filed: Signature,
    /// Who withdrew it.
    pub withdrawn: Signature,
}

/// Why a step cannot be signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is not this step's turn.
    #[error("this step does not follow: the papers are {0}")]
    NotNow(&'static str),
    /// Who filed it may not approve it.
    #[error("who filed it may not approve it: somebody else has to")]
    SamePerson,
    /// Items of the checklist are open.
    #[error("{0} required items of the checklist are open")]
    ChecklistOpen(usize),
    /// No device was given or found.
    #[error("which device is it? Give its id")]
    NoDevice,
}

impl Filed {
    /// Somebody else agrees.
    ///
    /// # Errors
    /// [`Refusal::SamePerson`].
    pub fn approve(self, by: Signature) -> Result<Approved, Refusal> {
        if by.by == self.filed.by { Err(Refusal::SamePerson) } else { Ok(Approved { filed: self.filed, approved: by }) }
    }
}

impl Approved {
    /// It was found.
    #[must_use]
    pub fn arrive(self, matched_by: MatchedBy, by: Signature) -> Arrived {
        Arrived { approved: self, matched_by, matched: by }
    }
}

impl Arrived {
    /// It is configured.
    ///
    /// # Errors
    /// [`Refusal::ChecklistOpen`] while required items are.
    pub fn configure(self, open_items: usize, by: Signature) -> Result<Configured, Refusal> {
        if open_items > 0 { Err(Refusal::ChecklistOpen(open_items)) } else { Ok(Configured { arrived: self, configured: by }) }
    }
}

impl Configured {
    /// It was looked at.
    #[must_use]
    pub fn check(self, by: Signature) -> Checked {
        Checked { configured: self, checked: by }
    }
}

impl Checked {
    /// It may be used.
    #[must_use]
    pub fn release(self, by: Signature) -> Released {
        Released { checked: self, released: by }
    }
}

/// Papers in whatever state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Papers {
    /// Filed.
    Filed(Filed),
    /// May come.
    Approved(Approved),
    /// Found.
    Arrived(Arrived),
    /// Configured.
    Configured(Configured),
    /// Looked at.
    Checked(Checked),
    /// May be used.
    Released(Released),
    /// Does not come.
    Withdrawn(Withdrawn),
}

/// What a step rests on besides its signature.
#[derive(Clone, Copy, Debug, Default)]
pub struct Grounds {
    /// A device is known, and how it was told.
    pub matched_by: Option<MatchedBy>,
    /// Required items of the checklist that are open.
    pub open_items: usize,
}

impl Papers {
    /// Name of the state.
    #[must_use]
    pub const fn state(&self) -> &'static str {
        match self {
            Self::Filed(_) => "filed",
            Self::Approved(_) => "approved",
            Self::Arrived(_) => "arrived",
            Self::Configured(_) => "configured",
            Self::Checked(_) => "checked",
            Self::Released(_) => "released",
            Self::Withdrawn(_) => "withdrawn",
        }
    }

    /// The step that comes next.
    #[must_use]
    pub const fn next(&self) -> Option<Step> {
        match self {
            Self::Filed(_) => Some(Step::Approve),
            Self::Approved(_) => Some(Step::Match),
            Self::Arrived(_) => Some(Step::Configure),
            Self::Configured(_) => Some(Step::Check),
            Self::Checked(_) => Some(Step::Release),
            Self::Released(_) | Self::Withdrawn(_) => None,
        }
    }

    /// Where the device is in its life.
    #[must_use]
    pub const fn life_cycle(&self) -> Option<LifeCycle> {
        match self {
            Self::Filed(_) | Self::Approved(_) => Some(LifeCycle::Expected),
            Self::Arrived(_) | Self::Configured(_) | Self::Checked(_) => Some(LifeCycle::Onboarding),
            Self::Released(_) => Some(LifeCycle::InService),
            Self::Withdrawn(_) => None,
        }
    }

    /// Who filed it.
    #[must_use]
    pub const fn filed(&self) -> &Signature {
        match self {
            Self::Filed(state) => &state.filed,
            Self::Approved(state) => &state.filed,
            Self::Arrived(state) => &state.approved.filed,
            Self::Configured(state) => &state.arrived.approved.filed,
            Self::Checked(state) => &state.configured.arrived.approved.filed,
            Self::Released(state) => &state.checked.configured.arrived.approved.filed,
            Self::Withdrawn(state) => &state.filed,
        }
    }

    /// Signs a step.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn sign(self, step: Step, by: Signature, on: Grounds) -> Result<Self, Refusal> {
        match (self, step) {
            (Self::Released(_), Step::Withdraw) => Err(Refusal::NotNow("released")),
            (Self::Withdrawn(_), Step::Withdraw) => Err(Refusal::NotNow("withdrawn")),
            (papers, Step::Withdraw) => Ok(Self::Withdrawn(Withdrawn { filed: papers.filed().clone(), withdrawn: by })),
            (Self::Filed(filed), Step::Approve) => filed.approve(by).map(Self::Approved),
            (Self::Approved(approved), Step::Match) => {
                Ok(Self::Arrived(approved.arrive(on.matched_by.ok_or(Refusal::NoDevice)?, by)))
            }
            (Self::Arrived(arrived), Step::Configure) => arrived.configure(on.open_items, by).map(Self::Configured),
            (Self::Configured(configured), Step::Check) => Ok(Self::Checked(configured.check(by))),
            (Self::Checked(checked), Step::Release) => Ok(Self::Released(checked.release(by))),
            (papers, _) => Err(Refusal::NotNow(papers.state())),
        }
    }
}

/// A device that may be the one that is to come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Candidate {
    /// Device.
    pub device: String,
    /// By what.
    pub by: MatchedBy,
}

/// Devices that may be the one that is to come, the surest first. `is_free` says which are not somebody's already.
#[must_use]
pub fn candidates(coming: &Coming, devices: &[Device], is_free: impl Fn(&str) -> bool) -> Vec<Candidate> {
    let found = devices.iter().filter(|device| is_free(&device.id));
    let mut found: Vec<Candidate> = found
        .filter_map(|device| Some(Candidate { device: device.id.to_string(), by: matched_by(&coming.record, device)? }))
        .collect();
    found.sort_by(|a, b| (a.by, &a.device).cmp(&(b.by, &b.device)));
    found.truncate(20);
    found
}

fn matched_by(record: &Record, device: &Device) -> Option<MatchedBy> {
    let macs: BTreeSet<MacAddr> = device.interfaces.iter().filter_map(|interface| interface.mac).collect();
    if !macs.is_disjoint(&record.macs) {
        return Some(MatchedBy::Mac);
    }
    let same = |said: Option<&str>, seen: Option<&str>| {
        said.zip(seen).is_some_and(|(said, seen)| said.trim().eq_ignore_ascii_case(seen.trim()))
    };
    let seen = |attribute: &Option<Box<model::report::Attribute>>| attribute.as_ref().map(|found| found.value.to_string());
    if same(record.serial.as_deref(), seen(&device.serial).as_deref()) {
        return Some(MatchedBy::Serial);
    }
    if !same(record.model.as_deref(), seen(&device.model).as_deref()) {
        return None;
    }
    let stands = seen(&device.location).map(|place| place.to_lowercase());
    let places = [&record.room, &record.unit].into_iter().flatten().map(|place| place.to_lowercase());
    let is_there = stands.is_some_and(|stands| places.into_iter().any(|place| stands.contains(&place)));
    Some(if is_there { MatchedBy::ModelAndPlace } else { MatchedBy::Model })
}
