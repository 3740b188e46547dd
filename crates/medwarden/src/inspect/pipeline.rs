//! Captures through sensor and inventory to a report.

use std::sync::Arc;

use anyhow::bail;
use capture::{Inputs, Source};
use inventory::{Config, Inventory, Resolved};
use knowledge::Knowledge;
use model::report::{Damage, Input, Report, SCHEMA, Unseen};
use model::{FrameRef, Intake};
use sensor::{Coverage, Credentials, Frame, Sensor};
use wire::layers::LinkType;

use super::notes;
use super::unseen::unseen;
use super::watch::Watch;
use crate::cli::InspectArgs;

/// Default credentials as knowledge has them.
pub(crate) struct Known(pub(crate) Arc<Knowledge>);

impl Credentials for Known {
    fn default_credential(&self, scheme: &str, user: &[u8], secret: &[u8]) -> Option<String> {
        self.0.default_credential(scheme, user, secret).map(|entry| entry.id.to_string())
    }
}

/// Looks at the inputs. That there is no capture among them is an error: a report of nothing would look like a quiet network.
pub(super) fn open(arguments: &InspectArgs) -> anyhow::Result<Inputs> {
    let inputs = Inputs::open(&arguments.paths);
    if inputs.sources().iter().all(|source| source.skipped.is_some()) {
        notes::tell(inputs.sources());
        let paths: Vec<String> = arguments.paths.iter().map(|path| path.display().to_string()).collect();
        bail!("no capture was found in {}", paths.join(", "));
    }
    Ok(inputs)
}

/// Runs the captures through a sensor; returns what was read.
pub(super) fn observe(
    arguments: &InspectArgs,
    knowledge: &Arc<Knowledge>,
    mut inputs: Inputs,
    watch: &mut Watch,
    intake: &mut dyn Intake,
) -> Vec<Input> {
    sense(arguments, knowledge, &mut inputs, watch, intake);
    inputs.sources().iter().map(input).collect()
}

/// Runs the captures through sensor and inventory.
pub(super) fn report(arguments: &InspectArgs, knowledge: &Arc<Knowledge>, mut inputs: Inputs, watch: &mut Watch) -> Report {
    let config = match arguments.site_networks.as_slice() {
        [] => Config::default(),
        networks => Config { site_networks: networks.to_vec() },
    };
    let site_networks = config.site_networks.iter().map(ToString::to_string).collect();
    let mut inventory = Inventory::new(config);
    let coverage = sense(arguments, knowledge, &mut inputs, watch, &mut inventory);
    let resolved = inventory.resolve(knowledge);
    // What was folded is not needed any more, and judging needs room.
    drop(inventory);
    let inputs: Vec<Input> = inputs.sources().iter().map(input).collect();
    let unseen = unseen(&coverage, &inputs, resolved.values_dropped, watch.was_interrupted());
    conclude(resolved, knowledge, site_networks, inputs, unseen)
}

/// Judges what was put together, and writes it up.
pub(crate) fn conclude(
    mut resolved: Resolved,
    knowledge: &Knowledge,
    site_networks: Vec<String>,
    inputs: Vec<Input>,
    unseen: Vec<Unseen>,
) -> Report {
    respond::fill(&mut resolved.devices, &resolved.conversations, knowledge);
    let findings = detect::findings(&detect::Site::new(&resolved.devices, &resolved.conversations, knowledge));
    Report {
        schema: SCHEMA.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        unseen,
        inputs,
        site_networks,
        devices: resolved.devices,
        conversations: resolved.conversations,
        findings,
    }
}

fn sense(
    arguments: &InspectArgs,
    knowledge: &Arc<Knowledge>,
    inputs: &mut Inputs,
    watch: &mut Watch,
    intake: &mut dyn Intake,
) -> Coverage {
    let mut sensor = Sensor::new(&sensor::Config::default(), Box::new(Known(Arc::clone(knowledge))));
    while watch.goes_on(inputs) {
        let Some((source, frame)) = inputs.next() else { break };
        let out_of_span =
            arguments.since.is_some_and(|since| frame.time < since) || arguments.until.is_some_and(|until| frame.time >= until);
        if out_of_span {
            continue;
        }
        let at = FrameRef { source: u32::try_from(source).unwrap_or(u32::MAX), frame: frame.number };
        let lent =
            Frame { time: frame.time, link: LinkType(frame.link), bytes: frame.captured, wire_len: frame.wire_len as usize, at };
        sensor.frame(&lent, intake);
    }
    sensor.finish(intake);
    watch.done();
    notes::tell(inputs.sources());
    sensor.coverage().clone()
}

fn input(source: &Source) -> Input {
    Input {
        path: source.path.display().to_string(),
        format: source.format.map(|format| format.to_string()).or_else(|| source.skipped.clone()).unwrap_or_else(unknown),
        compression: Some(source.compression.to_string()).filter(|name| name != "none"),
        link_types: source
            .links
            .iter()
            .map(|link| LinkType(*link).name().map_or_else(|| format!("link type {link}"), str::to_owned))
            .collect(),
        frames: source.frames,
        first: source.first,
        last: source.last,
        dropped: source.dropped.unwrap_or(0),
        damage: source
            .damage
            .iter()
            .map(|damage| Damage { offset: damage.offset, what: damage.what.to_string(), hint: damage.hint.to_string() })
            .collect(),
    }
}

fn unknown() -> String {
    "unknown".to_owned()
}
