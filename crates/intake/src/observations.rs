//! Our own observations as lines (`inspect --format observations`, `sensor --out`, `listen --out`): put together again, once or with more.

use model::Observation;

use crate::{Emit, Fit, Info, Kind, Lines};

/// Lines of observations.
pub struct Observations;

static INFO: Info = Info {
    id: "observations",
    name: "Medwarden observations",
    doc: "What a sensor or collector of Medwarden observed, one JSON object a line. The evidence then names this file and its lines.",
};

impl Kind for Observations {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn fits(&self, lines: &[&[u8]]) -> Fit {
        let is_ours = |line: &&[u8]| line.starts_with(b"{\"fact\":{\"time\":") || line.starts_with(b"{\"flow\":{\"key\":");
        if lines.first().is_some_and(is_ours) { Fit::Surely } else { Fit::No }
    }

    fn reader(&self) -> Box<dyn Lines> {
        Box::new(ObservationLines)
    }
}

struct ObservationLines;

impl Lines for ObservationLines {
    fn line(&mut self, line: &[u8], out: &mut Emit<'_>) -> Result<(), &'static str> {
        if line.is_empty() {
            return Ok(());
        }
        let mut observation: Observation = serde_json::from_slice(line).map_err(|_| "no observation")?;
        match &mut observation {
            Observation::Fact(fact) => {
                fact.frame = out.frame;
                out.at(fact.time);
            }
            Observation::Flow(flow) => {
                flow.frame = out.frame;
                out.at(flow.first);
            }
        }
        out.hand_on(observation);
        Ok(())
    }
}
