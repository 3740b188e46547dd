//! A report with what stands together in it, in the order in which people want it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use knowledge::Knowledge;
use model::report::{Administration, Conversation, Device, Finding, Isolation, Party, Report, Scope, Severity};
use model::{ClinicalImpact, Timestamp, Transport, Word};

use super::words::{self, UNKNOWN};

/// Services that every network has and that say little of what a device is for.
const HOUSEKEEPING: [&str; 16] =
    ["arp", "icmp", "icmpv6", "igmp", "mld", "nd", "dhcp", "dhcpv6", "dns", "mdns", "llmnr", "nbns", "ntp", "ssdp", "stp", "wsd"];

/// A report and ways into it.
pub struct View<'a> {
    /// The report.
    pub report: &'a Report,
    knowledge: &'a Knowledge,
    /// Devices, those that care depends on most first.
    pub devices: Vec<&'a Device>,
    /// Conversations worth reading one by one, those that matter most first.
    pub conversations: Vec<&'a Conversation>,
    by_id: BTreeMap<&'a str, &'a Device>,
    places: BTreeMap<&'a str, usize>,
    talk: BTreeMap<&'a str, Vec<&'a Conversation>>,
    findings: BTreeMap<&'a str, Vec<&'a Finding>>,
}

/// Findings of one detector and severity.
pub struct Group<'a> {
    /// What the detector is called.
    pub name: &'a str,
    /// How grave they are.
    pub severity: Severity,
    /// They, in the order of the report; never empty.
    pub findings: Vec<&'a Finding>,
}

impl<'a> View<'a> {
    /// A view of a report.
    pub fn new(report: &'a Report, knowledge: &'a Knowledge) -> Self {
        let by_id = report.devices.iter().map(|device| (device.id.as_str(), device)).collect();
        let mut view = Self {
            report,
            knowledge,
            devices: report.devices.iter().collect(),
            conversations: report.conversations.iter().filter(|conversation| is_told(conversation)).collect(),
            by_id,
            places: BTreeMap::new(),
            talk: talk(&report.conversations),
            findings: BTreeMap::new(),
        };
        for finding in &report.findings {
            for device in &finding.devices {
                view.findings.entry(device).or_default().push(finding);
            }
        }
        view.sort();
        view
    }

    fn sort(&mut self) {
        let mut devices = std::mem::take(&mut self.devices);
        devices.sort_by_cached_key(|device| {
            (Reverse(weight(impact(device))), Reverse(self.worst(device)), self.call(device).to_lowercase(), &device.id)
        });
        self.places = devices.iter().enumerate().map(|(place, device)| (device.id.as_str(), place)).collect();
        self.devices = devices;
        let mut conversations = std::mem::take(&mut self.conversations);
        conversations.sort_by_cached_key(|conversation| (Reverse(self.interest(conversation)), &conversation.id));
        self.conversations = conversations;
    }

    /// Whether a conversation carries care, crosses the border or administers something; then what it does to care; then its size.
    fn interest(&self, conversation: &Conversation) -> (u8, u8, u64) {
        let rank = match conversation {
            c if !c.phi.is_empty() => 6,
            c if c.clinical.is_some() => 5,
            c if is_external(c) => 4,
            c if c.management => 3,
            c if is_housekeeping(c) => 0,
            c if c.packets_to_client > 0 => 2,
            _ => 1,
        };
        let parties = [&conversation.client, &conversation.server];
        let impact = parties.into_iter().filter_map(|party| self.device_of(party)).filter_map(impact).max();
        (rank, weight(impact), conversation.bytes_to_client.saturating_add(conversation.bytes_to_server))
    }

    /// The device of an id.
    pub fn device(&self, id: &str) -> Option<&'a Device> {
        self.by_id.get(id).copied()
    }

    /// Where a device stands in [`View::devices`].
    pub fn place(&self, id: &str) -> Option<usize> {
        self.places.get(id).copied()
    }

    /// The device that a party is.
    pub fn device_of(&self, party: &Party) -> Option<&'a Device> {
        self.device(party.device.as_deref()?)
    }

    /// Every conversation of a device, those that matter most first.
    pub fn talk_of(&self, device: &Device) -> Vec<&'a Conversation> {
        let mut talk = self.talk.get(device.id.as_str()).cloned().unwrap_or_default();
        talk.sort_by_cached_key(|conversation| (Reverse(self.interest(conversation)), &conversation.id));
        talk
    }

    /// Findings about a device, gravest first.
    pub fn findings_of(&self, device: &Device) -> &[&'a Finding] {
        self.findings.get(device.id.as_str()).map_or(&[], Vec::as_slice)
    }

    /// The gravest finding about a device.
    pub fn worst(&self, device: &Device) -> Option<Severity> {
        self.findings_of(device).iter().map(|finding| finding.severity).max()
    }

    /// What to call a device in a table: its name, else what it is, else its address.
    pub fn call(&self, device: &Device) -> String {
        if let Some(name) = &device.name {
            return name.value.to_string();
        }
        address(device)
    }

    /// What to call the device of an id.
    pub fn call_id(&self, id: &str) -> String {
        self.device(id).map_or_else(|| id.to_owned(), |device| self.call(device))
    }

    /// What to call a party: the device's or the external name, with its address where the name does not hold it.
    pub fn party(&self, party: &Party) -> String {
        let address = party.ip.map(|ip| ip.to_string()).or_else(|| party.mac.map(|mac| mac.to_string()));
        let name = self.device_of(party).map(|device| self.call(device)).or_else(|| party.name.as_ref().map(Word::to_string));
        name.or(address).unwrap_or_else(|| UNKNOWN.to_owned())
    }

    /// The name of a device's class.
    pub fn class(&self, device: &Device) -> Option<String> {
        let id = &device.class.as_ref()?.value;
        Some(self.knowledge.class(id).map_or_else(|| id.replace('_', " "), |class| class.name.clone()))
    }

    /// Findings put together by detector and severity, gravest first.
    pub fn groups(&self) -> Vec<Group<'a>> {
        let mut groups: Vec<Group<'a>> = Vec::new();
        for finding in &self.report.findings {
            let found = groups.iter_mut().find(|group| {
                group.severity == finding.severity && group.findings.first().is_some_and(|f| f.detector == finding.detector)
            });
            match found {
                Some(group) => group.findings.push(finding),
                None => {
                    let info = detect::DETECTORS.iter().map(|detector| detector.info()).find(|info| info.id == finding.detector);
                    let name = info.map_or(finding.detector.as_str(), |info| info.name);
                    groups.push(Group { name, severity: finding.severity, findings: vec![finding] });
                }
            }
        }
        groups
    }

    /// Every use of a management service, default and shared credentials and remote tools first, then the clearest.
    pub fn administration(&self) -> Vec<(&'a Device, &'a Administration)> {
        let mut all: Vec<(&Device, &Administration)> =
            self.devices.iter().flat_map(|device| device.administration.iter().map(move |use_| (*device, use_))).collect();
        all.sort_by_key(|(_, used)| {
            Reverse((used.default_credential, used.remote_tool.is_some(), used.shared_credential, used.cleartext))
        });
        all
    }

    /// Devices of which is worth saying what isolating them does: those of care, those that others depend on, those with grave
    /// findings.
    pub fn isolations(&self) -> Vec<(&'a Device, &'a Isolation)> {
        self.devices
            .iter()
            .filter_map(|device| Some((*device, device.if_isolated.as_deref()?)))
            .filter(|(device, isolation)| {
                matters_to_care(device) || !isolation.dependents.is_empty() || self.worst(device) >= Some(Severity::High)
            })
            .collect()
    }

    /// The first and the last frame of all inputs.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let first = self.report.inputs.iter().filter_map(|input| input.first).min()?;
        let last = self.report.inputs.iter().filter_map(|input| input.last).max()?;
        Some((first, last))
    }

    /// Names outside that devices of the site spoke to.
    pub fn outside(&self) -> BTreeSet<String> {
        let parties = self.report.conversations.iter().flat_map(|c| [&c.client, &c.server]);
        parties.filter(|party| party.scope == Scope::Outside).map(|party| self.party(party)).collect()
    }

    /// Everything that a device may be asked for by: id, addresses, names, titles, serial and UDI.
    pub fn handles(device: &Device) -> impl Iterator<Item = String> {
        let macs = device.interfaces.iter().filter_map(|interface| interface.mac).map(|mac| mac.to_string());
        let ips = device.addresses.iter().map(|address| address.ip.to_string());
        let named = [&device.name, &device.serial, &device.udi].into_iter().flatten();
        let values = named.flat_map(|attribute| {
            std::iter::once(&attribute.value).chain(attribute.disagreeing.iter().map(|other| &other.value)).map(Word::to_string)
        });
        let keys = device.identifiers.iter().map(|identifier| identifier.value.to_string());
        std::iter::once(device.id.to_string()).chain(macs).chain(ips).chain(values).chain(keys)
    }
}

/// What a device's failure does to care, where its class is known.
pub fn impact(device: &Device) -> Option<ClinicalImpact> {
    ClinicalImpact::from_name(&device.clinical_impact.as_ref()?.value)
}

/// It diagnoses, watches or treats, or carries what does.
pub fn matters_to_care(device: &Device) -> bool {
    let clinical = device.if_isolated.as_ref().is_some_and(|isolation| !isolation.clinical_conversations.is_empty());
    impact(device) >= Some(ClinicalImpact::Diagnostic) || clinical
}

/// Order of impacts. What is not known may be anything, so it stands before what is known to be no part of care.
pub fn weight(impact: Option<ClinicalImpact>) -> u8 {
    match impact {
        Some(ClinicalImpact::NotClinical) => 0,
        None => 1,
        Some(ClinicalImpact::Supporting) => 2,
        Some(ClinicalImpact::Diagnostic) => 3,
        Some(ClinicalImpact::Monitoring) => 4,
        Some(ClinicalImpact::Therapy) => 5,
        Some(ClinicalImpact::LifeSustaining) => 6,
    }
}

/// The address last held, else the MAC, else the id.
pub fn address(device: &Device) -> String {
    let latest = device.addresses.iter().max_by_key(|address| (address.ip.is_ipv4(), address.last_seen, Reverse(address.ip)));
    let mac = || device.interfaces.iter().find_map(|interface| interface.mac).map(|mac| mac.to_string());
    latest.map(|address| address.ip.to_string()).or_else(mac).unwrap_or_else(|| device.id.to_string())
}

/// Maker and model in one, or what is known of the two.
pub fn product(device: &Device) -> String {
    match (&device.maker, &device.model) {
        (Some(maker), Some(model)) => format!("{} {}", maker.value, model.value),
        (Some(one), None) | (None, Some(one)) => one.value.to_string(),
        (None, None) => UNKNOWN.to_owned(),
    }
}

/// One party stands outside.
pub fn is_external(conversation: &Conversation) -> bool {
    [&conversation.client, &conversation.server].into_iter().any(|party| party.scope == Scope::Outside)
}

/// Names, time and addresses: what every network needs.
pub fn is_housekeeping(conversation: &Conversation) -> bool {
    HOUSEKEEPING.contains(&conversation.protocol.as_str())
}

/// Others should not read it: it carries patient data, care or administration, or leaves the site.
pub fn is_sensitive(conversation: &Conversation) -> bool {
    let carries = conversation.clinical.is_some() || !conversation.phi.is_empty();
    carries || conversation.management || is_external(conversation)
}

/// Patient data was seen that anybody on the way can read.
pub const fn is_exposed(conversation: &Conversation) -> bool {
    !conversation.phi.is_empty()
}

/// A conversation between two that is worth a row: not of the link layer, not to a group.
fn is_told(conversation: &Conversation) -> bool {
    let group = [&conversation.client, &conversation.server].into_iter().any(|party| party.scope == Scope::Group);
    !matches!(conversation.transport, Transport::Link(_)) && !group
}

fn talk(conversations: &[Conversation]) -> BTreeMap<&str, Vec<&Conversation>> {
    let mut talk: BTreeMap<&str, Vec<&Conversation>> = BTreeMap::new();
    for conversation in conversations {
        let parties = [&conversation.client, &conversation.server];
        let ids: BTreeSet<&str> = parties.into_iter().filter_map(|party| party.device.as_deref()).collect();
        for id in ids {
            talk.entry(id).or_default().push(conversation);
        }
    }
    talk
}

/// How an administrator came in: schemes, accounts, outcomes, and what is wrong with it.
pub fn manner(used: &Administration) -> (String, Vec<&'static str>) {
    let mut how = used.authentication.join(", ");
    if !used.accounts.is_empty() {
        how = format!("{how} as {}", words::some(&used.accounts, 3));
    }
    if !used.outcomes.is_empty() {
        how = format!("{how} ({})", used.outcomes.join(", "));
    }
    let flags = [
        (used.default_credential, "default credential"),
        (used.shared_credential, "shared credential"),
        (used.cleartext, "in the clear"),
        (used.remote_tool.is_some(), "remote tool"),
    ];
    let how = how.trim().to_owned();
    (
        if how.is_empty() { UNKNOWN.to_owned() } else { how },
        flags.into_iter().filter(|(yes, _)| *yes).map(|(_, what)| what).collect(),
    )
}
