//! A device of which too little is known.

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
        site.devices
            .iter()
            .filter(unknown)
            .map(|device| {
                let names = device.name.iter().chain(&device.maker).flat_map(|attribute| attribute.evidence.clone());
                let title = format!("Unknown device {}", call(device));
                Draft::new(&INFO, &device.id).device(device).evidence(names).finding(site, title)
            })
            .collect()
    }
}
