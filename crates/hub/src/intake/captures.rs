//! A capture that somebody handed in.

use std::io;
use std::path::Path;
use std::sync::Arc;

use capture::Inputs;
use knowledge::Knowledge;
use model::{FrameRef, Observation};
use sensor::{Credentials, Frame, Sensor};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::layers::LinkType;

/// Observations of a batch.
const BATCH: usize = 20_000;

/// What came of reading a capture.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Outcome {
    /// Frames read.
    pub frames: u64,
    /// Observations made.
    pub observations: u64,
    /// What it is, such as `pcapng`.
    pub format: String,
    /// Where it could not be read, in words.
    pub damage: Vec<String>,
}

struct Known(Arc<Knowledge>);

impl Credentials for Known {
    fn default_credential(&self, scheme: &str, user: &[u8], secret: &[u8]) -> Option<String> {
        self.0.default_credential(scheme, user, secret).map(|entry| entry.id.to_string())
    }
}

/// Reads a capture and gives its observations in numbered batches, the same each time.
///
/// # Errors
/// What `give` says.
pub fn read(
    path: &Path,
    knowledge: &Arc<Knowledge>,
    give: &mut dyn FnMut(u64, Vec<Observation>) -> io::Result<()>,
) -> io::Result<Outcome> {
    let mut inputs = Inputs::open(&[path.to_owned()]);
    let mut sensor = Sensor::new(&sensor::Config::default(), Box::new(Known(Arc::clone(knowledge))));
    let (mut batch, mut number, mut outcome) = (Vec::new(), 0, Outcome::default());
    while let Some((_, frame)) = inputs.next() {
        let at = FrameRef { source: 0, frame: frame.number };
        let lent =
            Frame { time: frame.time, link: LinkType(frame.link), bytes: frame.captured, wire_len: frame.wire_len as usize, at };
        sensor.frame(&lent, &mut |observation| batch.push(observation));
        outcome.frames += 1;
        if batch.len() >= BATCH {
            number += 1;
            outcome.observations += batch.len() as u64;
            give(number, std::mem::take(&mut batch))?;
        }
    }
    sensor.finish(&mut |observation| batch.push(observation));
    outcome.observations += batch.len() as u64;
    if !batch.is_empty() {
        give(number + 1, batch)?;
    }
    for source in inputs.sources() {
        outcome.format = source.format.map(|format| format.to_string()).unwrap_or_default();
        outcome.damage.extend(source.skipped.clone());
        outcome
            .damage
            .extend(source.damage.iter().map(|damage| format!("octet {}: {}; {}", damage.offset, damage.what, damage.hint)));
    }
    Ok(outcome)
}
