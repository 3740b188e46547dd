//! Thousands of damaged captures: reading any of them ends, panics at nothing and lends nothing larger than is allowed.
//!
//! Seeded, so that a failure comes again. `fuzz/` has the same check for libFuzzer.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::cast_possible_truncation)] // a test's own arithmetic

use std::io::{Cursor, Write};

use capture::write::{PcapWriter, PcapngWriter};
use capture::{MAX_FRAME_BYTES, Reader};
use model::Timestamp;

const ROUNDS: u64 = 6_000;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

/// Reads to the end; gives frames and damages.
fn read(bytes: Vec<u8>) -> (u64, u64) {
    let bound = bytes.len() as u64 * 1200 + 100; // no format packs more frames into a byte than gzip's ratio allows
    let Ok(mut reader) = Reader::new(Cursor::new(bytes)) else { return (0, 1) };
    let (mut frames, mut damages, mut last) = (0_u64, 0_u64, None);
    loop {
        match reader.next() {
            Ok(Some(frame)) => {
                assert!(frame.captured.len() <= MAX_FRAME_BYTES);
                assert!(frame.captured.len() as u64 <= u64::from(frame.wire_len));
                assert!(last < Some(frame.offset), "offsets go up");
                (last, frames) = (Some(frame.offset), frames + 1);
                assert_eq!(frame.number, frames);
            }
            Ok(None) => return (frames, damages),
            Err(_) => damages += 1,
        }
        assert!(frames + damages < bound, "it goes on for ever");
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let payloads: Vec<Vec<u8>> = (0..30_u8).map(|n| vec![n; usize::from(n) * 3]).collect();
    let mut pcap = PcapWriter::new(Vec::new(), 1, 65_535).unwrap();
    let mut pcapng = PcapngWriter::new(Vec::new()).unwrap();
    pcapng.interface(1, 0, "eth0").unwrap();
    pcapng.interface(113, 128, "any").unwrap();
    for (second, payload) in payloads.iter().enumerate() {
        let time = Timestamp::from_parts(1_700_000_000 + second as i64, 5);
        pcap.frame(time, payload, payload.len() as u32).unwrap();
        pcapng.frame(second as u32 % 2, time, payload, payload.len() as u32).unwrap();
        pcapng.statistics(0, time, 3).unwrap();
        pcapng.block(3, &[4, 0, 0, 0, 1, 2, 3, 4]).unwrap();
        pcapng.block(0xbad, &[0; 32]).unwrap();
    }
    let (pcap, pcapng) = (pcap.finish().unwrap(), pcapng.finish().unwrap());
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&pcap).unwrap();
    let zstd = zstd::encode_all(&pcapng[..], 1).unwrap();
    let mut big_endian = pcap.clone();
    big_endian[..4].reverse();
    let mut modified = pcap.clone();
    modified[..4].copy_from_slice(&0xa1b2_cd34_u32.to_le_bytes());
    vec![gzip.finish().unwrap(), zstd, big_endian, modified, [&pcapng[..], &pcapng].concat(), pcap, pcapng]
}

fn mutate(random: &mut Random, bytes: &mut Vec<u8>) {
    const WORDS: [u32; 10] = [0, 1, 4, 12, 28, 32, 0x0001_0000, 0x0004_0000, 0x7fff_ffff, 0xffff_ffff];
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        match random.below(6) {
            0 => bytes.truncate(at.max(1)),
            1 => bytes[at] ^= 1 << random.below(8),
            2 => bytes[at] = random.next() as u8,
            3 if at + 4 <= bytes.len() => bytes[at..at + 4].copy_from_slice(&WORDS[random.below(10)].to_le_bytes()),
            4 => {
                let end = (at + random.below(64)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                let to = random.below(bytes.len());
                bytes.splice(to..to, piece);
            }
            _ => drop(bytes.drain(at..(at + random.below(16)).min(bytes.len()))),
        }
        if bytes.is_empty() {
            bytes.push(0);
        }
    }
}

#[test]
fn damaged_captures_are_read_to_their_end() {
    let seeds = seeds();
    let (mut frames, mut damages) = (0, 0);
    for round in 0..ROUNDS {
        let mut random = Random(round);
        let mut bytes = seeds[random.below(seeds.len())].clone();
        mutate(&mut random, &mut bytes);
        let (some, broken) = read(bytes);
        frames += some;
        damages += broken;
    }
    // Most of what is whole is read in spite of what is not.
    assert!(frames > ROUNDS * 10 && damages > ROUNDS / 4, "{frames} frames, {damages} damages");
}

/// Blocks that each promise a megabyte and begin twelve bytes apart: each is looked at, none may move the buffer.
#[test]
fn nested_promises_cost_no_more_than_their_bytes() {
    let mut bytes = PcapngWriter::new(Vec::new()).unwrap().finish().unwrap();
    for _ in 0..200_000 {
        bytes.extend([6, 0, 0, 0]);
        bytes.extend(0x000f_fff0_u32.to_le_bytes());
        bytes.extend([5, 0, 0, 0, 12, 0, 0, 0, 12, 0, 0, 0]);
    }
    let (frames, damages) = read(bytes);
    assert_eq!(frames, 0);
    assert!(damages > 0);
}

#[test]
fn what_unpacks_to_nothing_sensible_is_given_up_early() {
    let mut pcap = PcapWriter::new(Vec::new(), 1, 0).unwrap().finish().unwrap();
    pcap.resize(200_000_000, 0xff);
    let packed = zstd::encode_all(&pcap[..], 1).unwrap();
    assert!(packed.len() < 100_000);
    let mut reader = Reader::new(Cursor::new(packed)).unwrap();
    assert!(reader.next().is_err());
    assert_eq!(reader.next(), Ok(None));
    assert!(reader.offset() < 4_000_000, "{}", reader.offset());
}
