//! The sensor over the lab's captures of connections that went wrong.

// A test fails by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::collections::BTreeSet;
use std::io::Cursor;

use capture::Reader;
use model::observation::{Fact, FlowRecord, Opening};
use model::{FrameRef, Observation};
use sensor::{Config, Coverage, Frame, NoCredentials, Sensor};
use wire::layers::LinkType;

mod captures;
mod cost;
mod streams;

/// What a capture amounts to.
struct Seen {
    facts: Vec<Fact>,
    flows: Vec<FlowRecord>,
    coverage: Coverage,
}

impl Seen {
    /// What was said, without times and frames.
    fn sayings(&self) -> BTreeSet<(String, String)> {
        self.facts.iter().map(|fact| (fact.field.to_string(), format!("{:?}", fact.value))).collect()
    }

    fn only_flow(&self) -> &FlowRecord {
        assert_eq!(self.flows.len(), 1, "one flow expected: {:#?}", self.flows);
        &self.flows[0]
    }
}

/// Runs a capture of the lab through a sensor.
fn see(case: &str) -> Seen {
    let case = lab::cases::cases().find(|known| known.name == case).unwrap_or_else(|| panic!("no case {case}"));
    see_bytes((case.build)(), &Config::default())
}

fn see_bytes(pcap: Vec<u8>, config: &Config) -> Seen {
    let mut reader = Reader::new(Cursor::new(pcap)).expect("a capture");
    let mut sensor = Sensor::new(config, Box::new(NoCredentials));
    let (mut facts, mut flows) = (Vec::new(), Vec::new());
    let mut take = |observation: Observation| match observation {
        Observation::Fact(fact) => facts.push(fact),
        Observation::Flow(flow) => flows.push(flow),
    };
    while let Some(frame) = reader.next().expect("no damage") {
        let at = FrameRef { source: 0, frame: frame.number };
        let (link, bytes) = (LinkType(frame.link), frame.captured);
        sensor.frame(&Frame { time: frame.time, link, bytes, wire_len: frame.wire_len as usize, at }, &mut take);
    }
    sensor.finish(&mut take);
    let coverage = sensor.coverage().clone();
    Seen { facts, flows, coverage }
}

/// The opening of the only flow.
fn opening(case: &str) -> Opening {
    see(case).only_flow().opening
}
