//! Captures in, devices out.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use capture::Inputs;
use inventory::{Config, Inventory};
use knowledge::Knowledge;
use model::FrameRef;
use model::report::{Attribute, Device};
use sensor::{Frame, NoCredentials, Sensor};
use wire::layers::LinkType;

/// The devices that captures, taken as one history, amount to.
pub fn devices(paths: &[PathBuf], knowledge: &Knowledge) -> Result<Vec<Device>> {
    let mut inputs = Inputs::open(paths);
    let mut inventory = Inventory::new(Config::default());
    let mut sensor = Sensor::new(&sensor::Config::default(), Box::new(NoCredentials));
    let mut frames = 0_u64;
    while let Some((source, frame)) = inputs.next() {
        let at = FrameRef { source: u32::try_from(source)?, frame: frame.number };
        let wire_len = frame.wire_len as usize;
        let lent = Frame { time: frame.time, link: LinkType(frame.link), bytes: frame.captured, wire_len, at };
        sensor.frame(&lent, &mut inventory);
        frames += 1;
    }
    sensor.finish(&mut inventory);
    ensure!(frames > 0, "no frame in {}", paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", "));
    Ok(inventory.resolve(knowledge).devices)
}

/// What an attribute says.
pub fn says(attribute: Option<&Attribute>) -> &str {
    attribute.map_or("", |attribute| attribute.value.as_str())
}
