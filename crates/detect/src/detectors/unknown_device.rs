//! A device of which too little is known.

use std::collections::BTreeSet;

use model::report::{Finding, Severity};

use crate::site::{Draft, call};
use crate::{Detector, Info, Site};

/// A device of which too little is known.
pub struct UnknownDevice;

static INFO: Info = Info {
    id: "unknown-device",
    name: "Unknown device",
    sees: "A device of which neither the class, nor maker and model, could be told from what was seen.",
    why: "Nobody can own, patch or isolate what nobody can name; a device that nobody expected looks just like this.",
    what_to_do: "Find it by its switch port or address, name it, give it an owner, and watch whether it stays.",
    severity: Severity::Low,
};

impl Detector for UnknownDevice {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, site: &Site<'_>) -> Vec<Finding> {
        let unknown =
            |device: &&model::report::Device| device.class.is_none() && (device.maker.is_none() || device.model.is_none());
        // One that only calls out to everybody, as any visitor's telephone does, is less urgent than one that others talk with.
        let talks: BTreeSet<&str> = site
            .conversations
            .iter()
            .filter(|conversation| conversation.packets_to_client > 0)
            .flat_map(|conversation| [&conversation.client, &conversation.server])
            .filter_map(|party| party.device.as_deref())
            .collect();
        site.devices
            .iter()
            .filter(unknown)
            .map(|device| {
                let names = device.name.iter().chain(&device.maker).flat_map(|attribute| attribute.evidence.clone());
                let title = format!("Unknown device {}", call(device));
                let severity = if talks.contains(device.id.as_str()) { Severity::Low } else { Severity::Info };
                Draft::new(&INFO, &device.id).severity(severity).device(device).evidence(names).finding(site, title)
            })
            .collect()
    }
}
