//! Datagrams built by hand after RFC 3954 §5, RFC 7011 §3, RFC 5103 §4 and Cisco's form of v5.

#![allow(clippy::cloned_ref_to_slice_refs)] // lists of datagrams read alike, of one and of many

use model::{FrameRef, Observation, Timestamp};

use super::Collector;
use crate::harness::{clock, sentence};
use crate::{Emit, Memory};

/// 2026-11-23T12:00:00Z.
const EXPORT: u32 = 1_795_435_200;

/// What datagrams of `10.0.0.254` say, and the counters.
fn said(datagrams: &[Vec<u8>]) -> (Vec<String>, super::Counts) {
    let (mut all, mut memory, mut collector) = (Vec::new(), Memory::default(), Collector::default());
    let mut sink = |observation: Observation| all.push(observation);
    for (number, datagram) in (1..).zip(datagrams) {
        let mut out = Emit::new(&mut sink, &mut memory, clock(), FrameRef { source: 3, frame: number });
        out.exporter = Some([10, 0, 0, 254].into());
        collector.datagram(datagram, &mut out);
    }
    let mut out = Emit::new(&mut sink, &mut memory, clock(), FrameRef::default());
    collector.end(&mut out);
    for observation in &all {
        if let Observation::Flow(flow) = observation {
            assert!(flow.frame.source == 3 && flow.frame.frame > 0);
            assert!(flow.last.since(Timestamp::from_parts(EXPORT.into(), 0)).abs() < 3_600_000_000_000, "{}", flow.last);
        }
    }
    (all.iter().map(sentence).collect(), collector.counts)
}

fn torture(datagrams: &[Vec<u8>]) {
    let last = datagrams.last().unwrap();
    for cut in 0..last.len() {
        let mut all = datagrams.to_vec();
        all.pop();
        all.push(last[..cut].to_vec());
        said(&all);
        for value in [0, 0x7f, 0xff] {
            let mut spoilt = last.clone();
            spoilt[cut] = value;
            all.pop();
            all.push(spoilt);
            said_any_time(&all);
        }
    }
}

/// The same without a look at the times, which may be spoilt.
fn said_any_time(datagrams: &[Vec<u8>]) {
    let (mut memory, mut collector) = (Memory::default(), Collector::default());
    let mut sink = |_: Observation| {};
    for datagram in datagrams {
        let mut out = Emit::new(&mut sink, &mut memory, clock(), FrameRef::default());
        collector.datagram(datagram, &mut out);
        collector.end(&mut out);
    }
}

fn v5_record(src: [u8; 4], dst: [u8; 4], ports: (u16, u16), amount: (u32, u32), flags: u8) -> Vec<u8> {
    let mut record = [&src[..], &dst, &[0; 8], &amount.0.to_be_bytes(), &amount.1.to_be_bytes()].concat();
    record.extend(3_590_000_u32.to_be_bytes());
    record.extend(3_600_000_u32.to_be_bytes());
    record.extend(ports.0.to_be_bytes());
    record.extend(ports.1.to_be_bytes());
    record.extend([0, flags, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    record
}

fn v5(sampling: u16, records: &[Vec<u8>]) -> Vec<u8> {
    let count = u16::try_from(records.len()).unwrap();
    let mut datagram = [&[0, 5][..], &count.to_be_bytes(), &3_600_000_u32.to_be_bytes(), &EXPORT.to_be_bytes()].concat();
    datagram.extend([0; 10]);
    datagram.extend(sampling.to_be_bytes());
    datagram.extend(records.concat());
    datagram
}

const PUMP: [u8; 4] = [10, 0, 0, 5];
const SERVER: [u8; 4] = [192, 0, 2, 9];
const EXPORTER: &str = "10.0.0.254 netflow.exporter:Software";

#[test]
fn two_directions_are_one_flow() {
    let up = v5_record(PUMP, SERVER, (50_000, 443), (10, 1000), 0x1b);
    let down = v5_record(SERVER, PUMP, (443, 50_000), (8, 9000), 0x1b);
    let (all, counts) = said(&[v5(0, &[down, up.clone()])]);
    assert_eq!(all, [&format!("{EXPORTER} NetFlow v5"), "10.0.0.5>192.0.2.9 Tcp/443 - 10/1000 8/9000 Opened ?"]);
    assert_eq!((counts.records, counts.malformed), (2, 0));
    let lone = v5_record(PUMP, SERVER, (50_000, 23), (3, 180), 0x02);
    assert_eq!(said(&[v5(0, &[lone])]).0[1], "10.0.0.5>192.0.2.9 Tcp/23 - 3/180 0/0 Unanswered");
    torture(&[v5(0, &[up])]);
}

#[test]
fn samples_are_scaled_and_told() {
    let (all, _) = said(&[v5(0x4000 | 100, &[v5_record(PUMP, SERVER, (50_000, 443), (10, 1000), 0x1b)])]);
    assert_eq!(
        all[1..],
        [
            "10.0.0.5>192.0.2.9 Tcp/443 - 1000/100000 0/0 Unknown ?",
            "10.0.0.5>192.0.2.9 Tcp/443 netflow.sampled:Operation estimated from 1 packet in 100"
        ]
    );
}

fn set(id: u16, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 4).unwrap();
    [&id.to_be_bytes()[..], &length.to_be_bytes(), body].concat()
}

fn words(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

fn v9(sets: &[Vec<u8>]) -> Vec<u8> {
    let mut datagram =
        [&[0, 9, 0, 1][..], &3_600_000_u32.to_be_bytes(), &EXPORT.to_be_bytes(), &[0, 0, 0, 1, 0, 0, 0, 7]].concat();
    datagram.extend(sets.concat());
    datagram
}

fn ipfix(sets: &[Vec<u8>]) -> Vec<u8> {
    let body = sets.concat();
    let length = u16::try_from(body.len() + 16).unwrap();
    [&[0, 10][..], &length.to_be_bytes(), &EXPORT.to_be_bytes(), &[0, 0, 0, 1, 0, 0, 0, 7], &body].concat()
}

#[test]
fn v9_with_its_template_before_or_never() {
    let template = set(0, &words(&[256, 9, 8, 4, 12, 4, 7, 2, 11, 2, 4, 1, 1, 4, 2, 4, 22, 4, 21, 4]));
    let record = [
        &PUMP[..],
        &SERVER,
        &words(&[50_000, 443]),
        &[6],
        &1000_u32.to_be_bytes(),
        &10_u32.to_be_bytes(),
        &3_590_000_u32.to_be_bytes(),
        &3_600_000_u32.to_be_bytes(),
    ]
    .concat();
    let data = set(256, &[&record[..], &[0, 0, 0]].concat());
    let flow = "10.0.0.5>192.0.2.9 Tcp/443 - 10/1000 0/0 Unknown ?";
    assert_eq!(said(&[v9(&[template.clone(), data.clone()])]).0[1..], [flow]);
    assert_eq!(said(&[v9(&[template.clone()]), v9(&[data.clone()])]).0[1..], [flow]);
    let (all, counts) = said(&[v9(&[data.clone()])]);
    assert_eq!((all.len(), counts.without_template), (1, 1));
    // Options tell the sampling rate: scope system, SAMPLING_INTERVAL.
    let options = set(1, &words(&[257, 4, 4, 1, 4, 34, 4, 0]));
    let told = set(257, &[0, 0, 0, 0, 0, 0, 0, 50]);
    assert_eq!(
        said(&[v9(&[template.clone(), options, told]), v9(&[data.clone()])]).0[1],
        "10.0.0.5>192.0.2.9 Tcp/443 - 500/50000 0/0 Unknown ?"
    );
    torture(&[v9(&[template, data])]);
}

#[test]
fn ipfix_both_ways_with_variable_lengths_and_absolute_times() {
    let reverse = |id: u16, length: u16| [&words(&[0x8000 | id, length])[..], &29_305_u32.to_be_bytes()].concat();
    let template =
        [words(&[300, 12, 8, 4, 12, 4, 7, 2, 11, 2, 4, 1, 1, 8, 2, 8, 152, 8, 153, 8, 82, 0xffff]), reverse(1, 8), reverse(2, 8)]
            .concat();
    let start = u64::from(EXPORT) * 1000;
    let record = [
        &PUMP[..],
        &SERVER,
        &words(&[443, 50_000]),
        &[6],
        &9000_u64.to_be_bytes(),
        &8_u64.to_be_bytes(),
        &start.to_be_bytes(),
        &(start + 10).to_be_bytes(),
        b"\x03eth",
        &1000_u64.to_be_bytes(),
        &10_u64.to_be_bytes(),
    ]
    .concat();
    let datagram = ipfix(&[set(2, &template), set(300, &record)]);
    assert_eq!(
        said(&[datagram.clone()]).0,
        [&format!("{EXPORTER} IPFIX"), "192.0.2.9>10.0.0.5 Tcp/443 - 10/1000 8/9000 Unknown ?"]
    );
    torture(&[datagram]);
}

#[test]
fn the_initiator_is_the_client() {
    // As Cisco's firewalls tell: the source opened it, though its port is the lower.
    let template = words(&[300, 7, 27, 16, 28, 16, 7, 2, 11, 2, 4, 1, 231, 4, 232, 4]);
    let record =
        [&[0xfd; 16][..], &[0xfe; 16], &words(&[514, 6514]), &[6], &1000_u32.to_be_bytes(), &9000_u32.to_be_bytes()].concat();
    let (all, _) = said(&[ipfix(&[set(2, &template), set(300, &record)])]);
    let (a, b) = ("fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd", "fefe:fefe:fefe:fefe:fefe:fefe:fefe:fefe");
    assert_eq!(all[1], format!("{a}>{b} Tcp/6514 - 0/1000 0/9000 Unknown"));
}

#[test]
fn templates_are_bounded() {
    // Nothing but empty fields, and more fields than are kept.
    let empty = set(2, &words(&[300, 2, 8, 0, 12, 0]));
    let mut many = vec![301, 300];
    many.extend((0..300).flat_map(|_| [8, 4]));
    let (_, counts) = said(&[ipfix(&[empty, set(2, &words(&many)), set(300, &[0; 40])])]);
    assert_eq!((counts.templates_refused, counts.without_template), (2, 1));
    let hundreds: Vec<Vec<u8>> = (256..800).map(|id| ipfix(&[set(2, &words(&[id, 1, 8, 4]))])).collect();
    assert_eq!(said(&hundreds).1.templates_refused, 800 - 256 - 256);
}

fn sflow(rate: u32, header: &[u8], frame_length: u32) -> Vec<u8> {
    let be = |numbers: &[u32]| numbers.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<u8>>();
    let mut padded = header.to_vec();
    padded.resize(header.len().next_multiple_of(4), 0);
    let raw = [be(&[1, frame_length, 4, u32::try_from(header.len()).unwrap()]), padded].concat();
    let record = [be(&[1, u32::try_from(raw.len()).unwrap()]), raw].concat();
    let sample = [be(&[1, 3, rate, 1000, 0, 5, 6, 1]), record].concat();
    [be(&[5, 1, 0x0a00_00fe, 0, 1, 1000, 1, 1, u32::try_from(sample.len()).unwrap()]), sample].concat()
}

#[test]
fn sflow_samples() {
    let ip = [&[0x45, 0, 0, 100, 0, 0, 0x40, 0, 64, 6, 0, 0][..], &PUMP, &SERVER].concat();
    let tcp = [&words(&[50_000, 443])[..], &[0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x18, 1, 0, 0, 0, 0, 0]].concat();
    let frame = [&[0, 0x1b, 0x21, 0, 0, 9, 0, 0x1b, 0x21, 0x3c, 0x4d, 0x5e, 8, 0][..], &ip, &tcp].concat();
    let datagram = sflow(512, &frame, 118);
    let key = "00:1b:21:3c:4d:5e=10.0.0.5>00:1b:21:00:00:09=192.0.2.9 Tcp/443";
    assert_eq!(
        said(&[datagram.clone(), datagram.clone()]).0,
        [
            format!("{EXPORTER} sFlow v5"),
            format!("{key} - 1024/102400 0/0 Unknown ?"),
            format!("{key} netflow.sampled:Operation estimated from 1 packet in 512"),
        ]
    );
    torture(&[datagram]);
}
