//! What detectors look at, and the way they say a finding.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use knowledge::Knowledge;
use model::report::{Attribute, Conversation, Device, Evidence, Finding, Grounds, Identifier, Origin, Party, Severity};
use model::{ClinicalImpact, FactKind, Timestamp, Word};
use smol_str::format_smolstr;

use crate::Info;

/// Evidence shown with one finding.
const MAX_EVIDENCE: usize = 20;

/// Devices and conversations of a site, as far as they were seen until `now`.
#[derive(Debug)]
pub struct Site<'a> {
    /// Devices.
    pub devices: &'a [Device],
    /// Conversations.
    pub conversations: &'a [Conversation],
    /// What is known of the world.
    pub knowledge: &'a Knowledge,
    /// The last time in the capture.
    pub now: Timestamp,
    by_id: HashMap<&'a str, &'a Device>,
    by_server: HashMap<&'a str, Vec<&'a Conversation>>,
}

impl<'a> Site<'a> {
    /// A site.
    #[must_use]
    pub fn new(devices: &'a [Device], conversations: &'a [Conversation], knowledge: &'a Knowledge) -> Self {
        let now = conversations
            .iter()
            .map(|conversation| conversation.last_seen)
            .chain(devices.iter().map(|device| device.last_seen))
            .max()
            .unwrap_or_default();
        let by_id = devices.iter().map(|device| (device.id.as_str(), device)).collect();
        let mut by_server: HashMap<&str, Vec<&Conversation>> = HashMap::new();
        for conversation in conversations {
            if let Some(device) = &conversation.server.device {
                by_server.entry(device).or_default().push(conversation);
            }
        }
        Self { devices, conversations, knowledge, now, by_id, by_server }
    }

    /// The device of a party.
    #[must_use]
    pub fn device(&self, party: &Party) -> Option<&'a Device> {
        self.by_id.get(party.device.as_deref()?).copied()
    }

    /// Conversations in which a device is asked.
    pub(crate) fn served_by(&self, device: &Device) -> &[&'a Conversation] {
        self.by_server.get(device.id.as_str()).map_or(&[], Vec::as_slice)
    }

    /// Gravest impact of devices.
    pub(crate) fn impact(&self, ids: &BTreeSet<Word>) -> Option<ClinicalImpact> {
        ids.iter().filter_map(|id| impact(self.by_id.get(id.as_str())?)).max()
    }
}

/// What a device's failure does to care, where its class is known.
#[must_use]
pub fn impact(device: &Device) -> Option<ClinicalImpact> {
    ClinicalImpact::from_name(&device.clinical_impact.as_ref()?.value)
}

/// What to call a device in a sentence: name, else maker and model, else class, else id.
#[must_use]
pub fn call(device: &Device) -> String {
    fn value(attribute: &Option<Box<Attribute>>) -> Option<&str> {
        attribute.as_ref().map(|attribute| attribute.value.as_str())
    }
    let product = match (value(&device.maker), value(&device.model)) {
        (Some(maker), Some(model)) => Some(format!("{maker} {model}")),
        (None, Some(model)) => Some(model.to_owned()),
        (Some(maker), None) => Some(match value(&device.class) {
            Some(class) => format!("{maker} {}", class.replace('_', " ")),
            None => format!("{maker} device"),
        }),
        (None, None) => value(&device.class).map(|class| class.replace('_', " ")),
    };
    let mac = || device.interfaces.iter().find_map(|interface| interface.mac).map(|mac| mac.to_string());
    let ip = device.addresses.first().map(|address| address.ip.to_string());
    let address = ip.or_else(mac).unwrap_or_else(|| device.id.to_string());
    match (value(&device.name), product) {
        (Some(name), Some(product)) => format!("{name} ({product})"),
        (Some(name), None) => format!("{name} ({address})"),
        (None, Some(product)) => format!("{product} ({address})"),
        (None, None) => address,
    }
}

/// What to call a party in a sentence.
pub(crate) fn call_party(site: &Site<'_>, party: &Party) -> String {
    if let Some(device) = site.device(party) {
        return call(device);
    }
    let address = party.ip.map(|ip| ip.to_string()).or_else(|| party.mac.map(|mac| mac.to_string()));
    match (&party.name, address) {
        (Some(name), Some(address)) => format!("{name} ({address})"),
        (Some(name), None) => name.to_string(),
        (None, address) => address.unwrap_or_else(|| "unknown".to_owned()),
    }
}

/// Evidence that a conversation took place.
pub(crate) fn took_place(conversation: &Conversation, value: Word) -> Arc<Evidence> {
    let protocol = if conversation.protocol.is_empty() { "flow".into() } else { conversation.protocol.to_string().into() };
    Arc::new(Evidence {
        origin: Arc::new(Origin { protocol, field: "conversation".into(), label: "conversation".into() }),
        value,
        rule: None,
        frame: conversation.frame,
        first_seen: conversation.first_seen,
        last_seen: conversation.last_seen,
        count: conversation.flows,
    })
}

/// Facts of a kind.
pub(crate) fn of_kind(facts: &[Identifier], kind: FactKind) -> impl Iterator<Item = &Identifier> {
    facts.iter().filter(move |fact| fact.kind == kind)
}

/// Collects what belongs to one finding.
#[derive(Debug)]
pub(crate) struct Draft {
    info: &'static Info,
    subject: Word,
    devices: BTreeSet<Word>,
    conversations: BTreeSet<Word>,
    evidence: Grounds,
    severity: Severity,
    by_impact: bool,
}

impl Draft {
    /// A finding of a detector about a subject, which makes its id.
    pub(crate) fn new(info: &'static Info, subject: &str) -> Self {
        Self {
            info,
            subject: subject.into(),
            devices: BTreeSet::new(),
            conversations: BTreeSet::new(),
            evidence: Grounds::new(),
            severity: info.severity,
            by_impact: true,
        }
    }

    pub(crate) fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// The severity holds whatever the device does for care.
    pub(crate) fn whatever_impact(mut self) -> Self {
        self.by_impact = false;
        self
    }

    pub(crate) fn device(mut self, device: &Device) -> Self {
        self.devices.insert(device.id.clone());
        self
    }

    /// A conversation and the devices in it.
    pub(crate) fn conversation(mut self, conversation: &Conversation) -> Self {
        self.conversations.insert(conversation.id.clone());
        for party in [&conversation.client, &conversation.server] {
            self.devices.extend(party.device.clone());
        }
        self
    }

    pub(crate) fn evidence(mut self, evidence: impl IntoIterator<Item = Arc<Evidence>>) -> Self {
        self.evidence.extend(evidence);
        self
    }

    /// The finding, under a title.
    pub(crate) fn finding(mut self, site: &Site<'_>, title: String) -> Finding {
        self.evidence.sort();
        self.evidence.dedup();
        let first_seen = self.evidence.iter().map(|evidence| evidence.first_seen).min().unwrap_or(site.now);
        let last_seen = self.evidence.iter().map(|evidence| evidence.last_seen).max().unwrap_or(site.now);
        self.evidence.truncate(MAX_EVIDENCE);
        let impact = site.impact(&self.devices);
        let severity = if self.by_impact { raised(self.severity, impact) } else { self.severity };
        Finding {
            id: format_smolstr!("{}:{}", self.info.id, self.subject),
            detector: Word::new_static(self.info.id),
            title: title.into(),
            severity,
            clinical_impact: impact.map(|impact| Word::new_static(impact.name())),
            devices: self.devices.into_iter().collect(),
            conversations: self.conversations.into_iter().collect(),
            why: Word::new_static(self.info.why),
            what_to_do: Word::new_static(self.info.what_to_do),
            evidence: self.evidence,
            first_seen,
            last_seen,
        }
    }
}

/// One step graver where therapy or a life depends on the device.
fn raised(severity: Severity, impact: Option<ClinicalImpact>) -> Severity {
    if impact < Some(ClinicalImpact::Monitoring) {
        return severity;
    }
    Severity::ALL.into_iter().find(|graver| *graver > severity).unwrap_or(severity)
}
