//! What reading and sensing cost alone: the product's reader and sensor, and nobody who takes the observations in.

use std::path::Path;

use anyhow::{Result, bail};
use capture::Inputs;
use model::{FrameRef, Observation};
use sensor::{Frame, NoCredentials, Sensor};
use wire::layers::LinkType;

/// Reads a capture and says how much was observed. With `show`, prints every observation first, so that two builds can be compared.
pub(crate) fn read(path: &Path, show: bool) -> Result<String> {
    let mut inputs = Inputs::open(&[path.to_owned()]);
    if inputs.sources().iter().all(|source| source.skipped.is_some()) {
        bail!("no capture was found in {}", path.display());
    }
    let (mut facts, mut flows) = (0_u64, 0_u64);
    let mut count = |observation: Observation| {
        if show {
            println!("{observation:?}");
        }
        match observation {
            Observation::Fact(_) => facts += 1,
            Observation::Flow(_) => flows += 1,
        }
    };
    let mut sensor = Sensor::new(&sensor::Config::default(), Box::new(NoCredentials));
    while let Some((source, frame)) = inputs.next() {
        let at = FrameRef { source: u32::try_from(source).unwrap_or(u32::MAX), frame: frame.number };
        let wire_len = usize::try_from(frame.wire_len).unwrap_or(usize::MAX);
        sensor.frame(&Frame { time: frame.time, link: LinkType(frame.link), bytes: frame.captured, wire_len, at }, &mut count);
    }
    sensor.finish(&mut count);
    if show {
        println!("{:?}\n{:?}", sensor.coverage(), sensor.work());
    }
    Ok(format!("{} frames, {facts} facts, {flows} flows", sensor.coverage().frames))
}
