//! The cases of `tests/logs` and datagrams of exporters, damaged at random but alike in every run: reading ends, and says no more than
//! what was read allows. `MUTATIONS=100000` runs that many of each.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers of tests

use std::path::Path;

use intake::{Clock, Emit, KINDS, Memory, flow, recognise, syslog};
use model::{FrameRef, Observation, Timestamp};

/// xorshift64*: the same numbers everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33).unwrap()
    }

    /// One of the customary damages: octets changed, cut out, doubled, swapped with other places.
    fn damage(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.next() % 4 {
            if bytes.is_empty() {
                break;
            }
            let (at, to) = (self.next() % bytes.len(), self.next() % bytes.len());
            match self.next() % 6 {
                0 => bytes[at] = u8::try_from(self.next() % 256).unwrap(),
                1 => bytes.truncate(at),
                2 => drop(bytes.drain(at.min(to)..at.max(to))),
                3 => {
                    let piece = bytes[at.min(to)..at.max(to)].to_vec();
                    bytes.splice(at..at, piece);
                }
                4 => bytes.swap(at, to),
                _ => bytes[at] ^= 1 << (self.next() % 8),
            }
        }
        bytes
    }
}

fn rounds() -> usize {
    std::env::var("MUTATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(300)
}

fn clock() -> Clock {
    Clock { reference: Timestamp::from_parts(1_795_435_200, 0), ahead_s: -3_600 }
}

fn inputs() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/logs");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path().join("input")).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

fn bounded(said: usize, read: usize) {
    assert!(said <= read * 4 + 64, "{said} observations of {read} octets");
}

#[test]
fn files() {
    let mut random = Random(0x6c6f_6773);
    for input in inputs() {
        let own = recognise(&input, true).unwrap();
        for round in 0..rounds() {
            let bytes = random.damage(&input);
            let _ = recognise(&bytes, round % 2 == 0);
            // Mostly its own reader, now and then another's.
            let kind = if round % 8 == 0 { KINDS[random.next() % KINDS.len()] } else { own };
            let (mut said, mut memory, mut reader) = (0, Memory::default(), kind.reader());
            let mut sink = |_: Observation| said += 1;
            for (number, line) in (1..).zip(bytes.split(|octet| *octet == b'\n')) {
                let _ = reader.line(line, &mut Emit::new(&mut sink, &mut memory, clock(), FrameRef { source: 0, frame: number }));
            }
            let _ = reader.end(&mut Emit::new(&mut sink, &mut memory, clock(), FrameRef::default()));
            bounded(said, bytes.len());
        }
    }
}

#[test]
fn streams_of_syslog() {
    let mut random = Random(0x7379_736c);
    for input in inputs() {
        let counted = [format!("{} <13>", input.len() + 4).as_bytes(), &input, b"9 <13>words"].concat();
        for _ in 0..rounds() {
            let bytes = random.damage(&counted);
            let (mut framer, mut collector) = (syslog::Framer::default(), syslog::Collector::default());
            let (mut said, mut memory) = (0, Memory::default());
            let mut sink = |_: Observation| said += 1;
            let mut out = Emit::new(&mut sink, &mut memory, clock(), FrameRef::default());
            out.exporter = Some([10, 0, 0, 254].into());
            let used = framer.each(&bytes, |message| collector.message(message, &mut out));
            framer.end(&bytes[used..], |message| collector.message(message, &mut out));
            bounded(said, bytes.len());
        }
    }
}

/// A template and a record of each sort of field, in IPFIX (RFC 7011 §3) and in v9 (RFC 3954 §5); v5 and sFlow by their heads.
fn datagrams() -> Vec<Vec<u8>> {
    let words = |numbers: &[u16]| numbers.iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<u8>>();
    let set = |id: u16, body: &[u8]| [words(&[id, u16::try_from(body.len() + 4).unwrap()]), body.to_vec()].concat();
    let fields = words(&[300, 9, 8, 4, 12, 4, 7, 2, 11, 2, 4, 1, 1, 4, 2, 4, 22, 4, 21, 4]);
    let record =
        [&[10, 0, 0, 5, 192, 0, 2, 9, 0xc3, 0x50, 1, 0xbb, 6][..], &[0, 0, 3, 232, 0, 0, 0, 10, 0, 0, 0, 1, 0, 0, 0, 2]].concat();
    let variable = words(&[301, 3, 27, 16, 28, 16, 82, 0xffff]);
    let named = [&[0xfd; 16][..], &[0xfe; 16], b"\x03eth"].concat();
    let head = [&[0x6b, 0x04, 0x1d, 0x80][..], &[0, 0, 0, 1, 0, 0, 0, 7]].concat();
    let ipfix = [set(2, &fields), set(2, &variable), set(300, &record), set(301, &named)].concat();
    let ipfix = [words(&[10, u16::try_from(ipfix.len() + 16).unwrap()]), head.clone(), ipfix].concat();
    let options = [set(1, &words(&[257, 4, 4, 1, 4, 34, 4])), set(257, &[0, 0, 0, 0, 0, 0, 0, 50])].concat();
    let v9 = [words(&[9, 2, 0, 1]), head, set(0, &fields), options, set(300, &record)].concat();
    let v5 = [words(&[5, 2]), vec![1; 20], vec![7; 96]].concat();
    let sample: Vec<u8> =
        [1_u32, 3, 512, 1000, 0, 5, 6, 1, 1, 36, 1, 118, 4, 20, 0x4500_0028, 0, 0x4006_0000, 0x0a00_0005, 0xc000_0209]
            .iter()
            .flat_map(|number| number.to_be_bytes())
            .collect();
    let length = u32::try_from(sample.len()).unwrap();
    let sflow: Vec<u8> =
        [5_u32, 1, 0x0a00_00fe, 0, 1, 1000, 1, 1, length].iter().flat_map(|number| number.to_be_bytes()).collect();
    vec![ipfix, v9, v5, [sflow, sample].concat()]
}

#[test]
fn datagrams_of_flows() {
    let mut random = Random(0x666c_6f77);
    let all = datagrams();
    for _ in 0..rounds() * 10 {
        let (mut collector, mut said, mut read, mut memory) = (flow::Collector::default(), 0, 0, Memory::default());
        let mut sink = |_: Observation| said += 1;
        for _ in 0..4 {
            let which = random.next() % all.len();
            let bytes = random.damage(&all[which]);
            read += bytes.len();
            let mut out = Emit::new(&mut sink, &mut memory, clock(), FrameRef::default());
            out.exporter = Some([10, 0, 0, 254].into());
            collector.datagram(&bytes, &mut out);
        }
        collector.end(&mut Emit::new(&mut sink, &mut memory, clock(), FrameRef::default()));
        bounded(said, read);
    }
}
