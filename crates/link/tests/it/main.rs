//! The spool as a sensor and an uplink meet it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::borrow::Cow;
use std::fs;
use std::path::Path;

use link::spool::{self, Lane, Writer, read_batch, shift};
use model::observation::{Fact, FlowRecord, Opening, Subject, Traffic};
use model::{ConversationKey, Endpoint, FactKind, FactValue, FrameRef, Observation, Timestamp, Transport};

fn fact(number: u64) -> Observation {
    Observation::Fact(Fact {
        time: Timestamp::from_nanos(1_000),
        subject: Subject::Endpoint(Endpoint::default()),
        kind: FactKind::Model,
        value: FactValue::Number(number),
        protocol: Cow::Borrowed("dicom"),
        field: Cow::Borrowed("dicom.model"),
        label: Cow::Borrowed("Model"),
        frame: FrameRef { source: 0, frame: number },
    })
}

fn flow(number: u64) -> Observation {
    let time = Timestamp::from_nanos(1_000);
    Observation::Flow(FlowRecord {
        key: ConversationKey { client: Endpoint::default(), server: Endpoint::default(), transport: Transport::Tcp, port: 104 },
        first: time,
        last: time,
        protocol: None,
        to_server: Traffic { packets: number, ..Traffic::default() },
        to_client: Traffic::default(),
        answered_from: None,
        opening: Opening::Opened,
        direction_known: true,
        vlan: 0,
        tunnel: None,
        frame: FrameRef { source: 0, frame: number },
    })
}

fn numbers(folder: &Path, lane: Lane) -> Vec<u64> {
    spool::batches(folder, lane).unwrap().iter().map(|stored| stored.number).collect()
}

/// Batches of one fact and one flow each.
fn write(folder: &Path, max_bytes: u64, from: u64, to: u64) {
    let mut writer = Writer::open(folder, max_bytes).unwrap();
    for number in from..=to {
        writer.take(fact(number)).unwrap();
        writer.take(flow(number)).unwrap();
        writer.flush().unwrap();
    }
}

#[test]
fn what_is_flushed_is_read_back_in_order_by_lane() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 1 << 20, 1, 3);
    for (lane, observation) in [(Lane::Facts, fact as fn(u64) -> Observation), (Lane::Flows, flow)] {
        let stored = spool::batches(folder.path(), lane).unwrap();
        assert_eq!(stored.iter().map(|one| (one.number, one.count)).collect::<Vec<_>>(), [(1, 1), (2, 1), (3, 1)]);
        let read: Vec<_> = stored.iter().flat_map(|one| read_batch(&fs::read(&one.path).unwrap()).unwrap()).collect();
        assert_eq!(read, [observation(1), observation(2), observation(3)]);
    }
}

#[test]
fn numbers_go_on_after_a_restart_even_when_all_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 1 << 20, 1, 2);
    let epoch = spool::epoch(folder.path()).unwrap();
    spool::acknowledge(folder.path(), Lane::Facts, 2).unwrap();
    write(folder.path(), 1 << 20, 3, 3);
    assert_eq!(numbers(folder.path(), Lane::Facts), [3]);
    assert_eq!(numbers(folder.path(), Lane::Flows), [1, 2, 3]);
    assert_eq!(spool::epoch(folder.path()).unwrap(), epoch);
    let other = tempfile::tempdir().unwrap();
    write(other.path(), 1 << 20, 1, 1);
    assert_ne!(spool::epoch(other.path()).unwrap(), epoch, "a new spool has other numbers");
}

#[test]
fn where_room_is_short_the_oldest_flows_go_and_are_counted_and_facts_stay() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 1 << 20, 1, 20);
    let bound = spool::bytes(folder.path()).unwrap();
    write(folder.path(), bound, 21, 30);
    assert!(spool::bytes(folder.path()).unwrap() <= bound);
    assert_eq!(numbers(folder.path(), Lane::Facts), (1..=30).collect::<Vec<_>>());
    let flows = numbers(folder.path(), Lane::Flows);
    let (first, last) = (flows[0], *flows.last().unwrap());
    assert_eq!(last, 30, "the newest stays");
    let dropped = spool::dropped(folder.path());
    assert_eq!(dropped.flows, first - 1);
    assert!(dropped.since.is_some());
    // The count goes on over a restart.
    write(folder.path(), bound / 2, 31, 31);
    assert!(spool::dropped(folder.path()).flows > dropped.flows);
}

#[test]
fn what_a_power_cut_left_half_written_is_no_batch() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), 1 << 20, 1, 2);
    fs::write(folder.path().join("facts/000000000003.0.0000000000000000.draft"), b"half").unwrap();
    fs::write(folder.path().join("facts/strange"), b"x").unwrap();
    write(folder.path(), 1 << 20, 3, 3);
    assert_eq!(numbers(folder.path(), Lane::Facts), [1, 2, 3]);
}

#[test]
fn a_batch_that_is_none_is_refused() {
    assert!(read_batch(b"").is_err());
    assert!(read_batch(b"not compressed").is_err());
    assert!(read_batch(&zstd::bulk::compress(b"{\"fact\":1}\n", 1).unwrap()).is_err());
    assert_eq!(read_batch(&zstd::bulk::compress(b"", 1).unwrap()).unwrap(), []);
}

#[test]
fn times_are_moved_as_measured() {
    let (mut one, mut other) = (fact(1), flow(1));
    shift(&mut one, 500);
    shift(&mut other, -500);
    let Observation::Fact(fact) = one else { panic!() };
    let Observation::Flow(flow) = other else { panic!() };
    assert_eq!((fact.time.nanos(), flow.first.nanos(), flow.last.nanos()), (1_500, 500, 500));
}
