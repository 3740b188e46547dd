//! Captures through sensor and inventory, and logs into the same inventory, to a report.

use std::sync::Arc;

use anyhow::bail;
use capture::{Inputs, Source};
use inventory::{Config, Inventory, Resolved};
use knowledge::Knowledge;
use model::observation::Observation;
use model::report::{Damage, Input, Report, SCHEMA, Unseen};
use model::{FrameRef, Intake, Timestamp};
use sensor::{Coverage, Credentials, Frame, Sensor};
use wire::layers::LinkType;

use super::logs::{self, Logs};
use super::notes;
use super::unseen::{Beside, unseen};
use super::watch::Watch;
use crate::cli::InspectArgs;

/// Default credentials as knowledge has them.
pub(crate) struct Known(pub(crate) Arc<Knowledge>);

impl Credentials for Known {
    fn default_credential(&self, scheme: &str, user: &[u8], secret: &[u8]) -> Option<String> {
        self.0.default_credential(scheme, user, secret).map(|entry| entry.id.to_string())
    }
}

/// What is read.
pub(super) struct Reading {
    pub(super) inputs: Inputs,
    pub(super) logs: Logs,
}

/// Looks at the inputs. That there is neither capture nor log among them is an error: a report of nothing would look like a quiet network.
pub(super) fn open(arguments: &InspectArgs) -> anyhow::Result<Reading> {
    let mut inputs = Inputs::open_with(&arguments.paths, &|head, is_all| intake::recognise(head, is_all).is_some());
    if inputs.sources().iter().all(|source| source.skipped.is_some()) {
        notes::tell(inputs.sources(), None);
        let paths: Vec<String> = arguments.paths.iter().map(|path| path.display().to_string()).collect();
        bail!("no capture or log was found in {}", paths.join(", "));
    }
    let logs = Logs::open(&mut inputs, arguments.log_zone.0);
    Ok(Reading { inputs, logs })
}

/// Runs the captures through a sensor; returns what was read.
pub(super) fn observe(
    arguments: &InspectArgs,
    knowledge: &Arc<Knowledge>,
    mut reading: Reading,
    watch: &mut Watch,
    intake: &mut dyn Intake,
) -> Vec<Input> {
    sense(arguments, knowledge, &mut reading, watch, intake);
    reading.all()
}

/// Runs the captures through sensor and inventory. What isolating each device does is not said yet.
pub(super) fn report(arguments: &InspectArgs, knowledge: &Arc<Knowledge>, mut reading: Reading, watch: &mut Watch) -> Report {
    let config = match arguments.site_networks.as_slice() {
        [] => Config::default(),
        networks => Config { site_networks: networks.to_vec() },
    };
    let site_networks = config.site_networks.iter().map(ToString::to_string).collect();
    let mut inventory = Inventory::new(config);
    let coverage = sense(arguments, knowledge, &mut reading, watch, &mut inventory);
    let resolved = inventory.resolve(knowledge);
    // What was folded is not needed any more, and judging needs room.
    drop(inventory);
    let inputs = reading.all();
    let unplaced = reading.logs.all_told().map(|(_, told)| told.unplaced).fold(0, u64::saturating_add);
    let beside = Beside { values_dropped: resolved.values_dropped, unplaced, interrupted: watch.was_interrupted() };
    let unseen = unseen(&coverage, &inputs, &beside);
    judge(resolved, knowledge, site_networks, inputs, unseen)
}

/// Judges what was put together. What isolating each device does is not said yet: [`respond::fill`] does, where all is wanted.
pub(crate) fn judge(
    resolved: Resolved,
    knowledge: &Knowledge,
    site_networks: Vec<String>,
    inputs: Vec<Input>,
    unseen: Vec<Unseen>,
) -> Report {
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
    reading: &mut Reading,
    watch: &mut Watch,
    intake: &mut dyn Intake,
) -> Coverage {
    let Reading { inputs, logs } = reading;
    let in_span =
        |time: Timestamp| arguments.since.is_none_or(|since| time >= since) && arguments.until.is_none_or(|until| time < until);
    let mut sensor = Sensor::new(&sensor::Config::default(), Box::new(Known(Arc::clone(knowledge))));
    while watch.goes_on(inputs) {
        if logs.has_more() {
            let time = inputs.next_time();
            let mut take = |observation: Observation| {
                if in_span(logs::time_of(&observation)) {
                    intake.take(observation);
                }
            };
            if logs.step(time, inputs, &mut take) {
                continue;
            }
        }
        let Some((source, frame)) = inputs.next() else { break };
        if !in_span(frame.time) {
            continue;
        }
        let at = FrameRef { source: u32::try_from(source).unwrap_or(u32::MAX), frame: frame.number };
        let lent =
            Frame { time: frame.time, link: LinkType(frame.link), bytes: frame.captured, wire_len: frame.wire_len as usize, at };
        sensor.frame(&lent, intake);
    }
    sensor.finish(intake);
    watch.done();
    notes::tell(inputs.sources(), Some(logs));
    sensor.coverage().clone()
}

impl Reading {
    /// What was read of every input.
    fn all(&self) -> Vec<Input> {
        let sources = self.inputs.sources().iter().enumerate();
        sources.map(|(index, source)| self.logs.told(index).map_or_else(|| input(source), |told| log(source, told))).collect()
    }
}

fn log(source: &Source, told: &logs::Told) -> Input {
    Input {
        format: told.format.to_owned(),
        frames: told.lines,
        first: told.first,
        last: told.last,
        damage: told.damage.clone(),
        ..input(source)
    }
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
