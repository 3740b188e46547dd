//! What the four answers count.

use std::collections::{BTreeSet, HashMap};

use model::report::{Conversation, Device, Encryption, Finding, Scope};

/// What the four answers count of a site.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) devices: u64,
    pub(crate) clinical: u64,
    pub(crate) life_sustaining: u64,
    pub(crate) without_class: u64,
    pub(crate) without_maker: u64,
    pub(crate) conversations: u64,
    pub(crate) outside: u64,
    pub(crate) phi: u64,
    pub(crate) unknown_encryption: u64,
    pub(crate) managed: u64,
    pub(crate) administered: u64,
    pub(crate) unseen_administrators: u64,
    pub(crate) default_credentials: u64,
    pub(crate) without_stand_in: u64,
    pub(crate) last_seen: Option<model::Timestamp>,
}

fn is_impact(device: &Device, names: &[&str]) -> bool {
    device.clinical_impact.as_ref().is_some_and(|impact| names.contains(&impact.value.as_str()))
}

fn number(count: usize) -> u64 {
    count as u64
}

impl Tally {
    /// Counts, once for all who ask.
    pub(crate) fn of(devices: &[Device], conversations: &[Conversation], findings: &[Finding]) -> Self {
        const CLINICAL: [&str; 4] = ["life_sustaining", "therapy", "monitoring", "diagnostic"];
        let count = |wanted: &dyn Fn(&Device) -> bool| number(devices.iter().filter(|device| wanted(device)).count());
        let has_management = |device: &Device| device.services.iter().any(|service| service.management);
        let class_of = |device: &'_ Device| device.class.as_ref().map(|class| class.value.clone());
        let mut classes = HashMap::<_, u64>::new();
        devices.iter().filter_map(class_of).for_each(|class| *classes.entry(class).or_default() += 1);
        let is_alone = |device: &Device| {
            is_impact(device, &CLINICAL)
                && class_of(device).is_none_or(|class| classes.get(&class).is_none_or(|count| *count < 2))
        };
        let defaults: BTreeSet<_> =
            findings.iter().filter(|one| one.detector == "default-credential").flat_map(|one| &one.devices).collect();
        Self {
            devices: number(devices.len()),
            clinical: count(&|device| is_impact(device, &CLINICAL)),
            life_sustaining: count(&|device| is_impact(device, &["life_sustaining"])),
            without_class: count(&|device| device.class.is_none()),
            without_maker: count(&|device| device.maker.is_none()),
            conversations: number(conversations.len()),
            outside: number(conversations.iter().filter(|one| one.server.scope == Scope::Outside).count()),
            phi: number(conversations.iter().filter(|one| !one.phi.is_empty()).count()),
            unknown_encryption: number(conversations.iter().filter(|one| one.encryption == Encryption::Unknown).count()),
            managed: count(&has_management),
            administered: count(&|device| !device.administration.is_empty()),
            unseen_administrators: count(&|device| has_management(device) && device.administration.is_empty()),
            default_credentials: number(defaults.len()),
            without_stand_in: count(&is_alone),
            last_seen: devices.iter().map(|device| device.last_seen).max(),
        }
    }

    /// Together with another site.
    pub(crate) fn and(self, other: &Self) -> Self {
        Self {
            devices: self.devices + other.devices,
            clinical: self.clinical + other.clinical,
            life_sustaining: self.life_sustaining + other.life_sustaining,
            without_class: self.without_class + other.without_class,
            without_maker: self.without_maker + other.without_maker,
            conversations: self.conversations + other.conversations,
            outside: self.outside + other.outside,
            phi: self.phi + other.phi,
            unknown_encryption: self.unknown_encryption + other.unknown_encryption,
            managed: self.managed + other.managed,
            administered: self.administered + other.administered,
            unseen_administrators: self.unseen_administrators + other.unseen_administrators,
            default_credentials: self.default_credentials + other.default_credentials,
            without_stand_in: self.without_stand_in + other.without_stand_in,
            last_seen: self.last_seen.max(other.last_seen),
        }
    }
}
