//! **mix**: the Ethernet captures beside the checkout, copied until there are three million packets. In every copy the addresses
//! are others, the same way everywhere in it: of a MAC address the fifth octet, of an IPv4 address the second (10/8) or third,
//! of an IPv6 address the fifteenth, each by exclusive or with the copy's number; so makers, networks and the ties between the
//! two kinds of IPv6 and MAC addresses stay. Rewritten are link and IP headers, ARP, DHCP's and neighbour discovery's own
//! addresses. Not rewritten are checksums (which are wrong then), what is inside of tunnels, and what messages say otherwise:
//! a name is said by as many hosts as there are copies. Group and null addresses stay.
//!
//! Captures of one kind of packet do not outweigh the rest: of each file the first 2,000 packets are taken. Each copy of a file
//! begins at its own moment of an hour, and silences in it are shortened to two seconds.

// Offsets are those of fixed headers, and lengths are asked before.
#![allow(clippy::indexing_slicing)]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use capture::Reader;

use crate::frames::{Capture, START_NS};
use crate::random::Random;

/// Packets of the mix.
const PACKETS: u64 = 3_000_000;

const PACKETS_OF_A_FILE: usize = 2_000;
const SPAN_NS: u64 = 3_600_000_000_000;
const LONGEST_SILENCE_NS: i64 = 2_000_000_000;
/// Copies that addresses can tell apart.
const MAX_COPIES: u8 = 250;

/// A capture in memory, its times from 0.
struct Source {
    frames: Vec<(i64, u32, Box<[u8]>)>,
}

/// Writes the capture.
pub(crate) fn make(path: &Path) -> Result<()> {
    let sources = sources()?;
    let of_all: u64 = sources.iter().map(|source| source.frames.len() as u64).sum();
    let copies = u8::try_from(PACKETS.div_ceil(of_all.max(1))).unwrap_or(u8::MAX);
    if sources.is_empty() || copies > MAX_COPIES {
        bail!("too few captures: {} files, {of_all} packets", sources.len());
    }
    eprintln!("  {} files, {of_all} packets, {copies} copies", sources.len());
    let mut random = Random::new(0x006d_6978);
    // (time of the next packet, copy, file, place in it)
    let mut queue = BinaryHeap::new();
    for copy in 0..copies {
        for (file, source) in sources.iter().enumerate() {
            let begin = i64::try_from(random.below(SPAN_NS)).unwrap_or(0);
            if !source.frames.is_empty() {
                queue.push(Reverse((begin, copy, file, 0_usize)));
            }
        }
    }
    let mut out = Capture::new(path)?;
    let mut written = 0;
    while let Some(Reverse((time, copy, file, place))) = queue.pop()
        && written < PACKETS
    {
        let Some((at, wire_len, frame)) = sources.get(file).and_then(|source| source.frames.get(place)) else { continue };
        let mut frame = frame.clone();
        rewrite(&mut frame, copy);
        out.raw(START_NS.saturating_add(time), &frame, *wire_len)?;
        written += 1;
        if let Some((next_at, _, _)) = sources.get(file).and_then(|source| source.frames.get(place + 1)) {
            queue.push(Reverse((time.saturating_add(next_at.saturating_sub(*at)), copy, file, place + 1)));
        }
    }
    out.finish()
}

/// The Ethernet captures beside the checkout, in the order of their paths; else those of the project's own cases.
fn sources() -> Result<Vec<Source>> {
    let folder = ["../shared/captures", "../../shared/captures", "tests/cases"]
        .iter()
        .map(PathBuf::from)
        .find(|folder| folder.is_dir())
        .context("no captures: neither ../shared/captures nor tests/cases is there")?;
    eprintln!("  from {}", folder.display());
    let mut files = Vec::new();
    collect(&folder, &mut files, 0)?;
    files.sort();
    Ok(files.iter().filter_map(|path| source(path)).collect())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>, depth: u8) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() && depth < 16 {
            collect(&path, files, depth + 1)?;
        } else if path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

/// The first packets of an Ethernet capture up to its first damage.
fn source(path: &Path) -> Option<Source> {
    let mut reader = Reader::open(path).ok()?;
    let (mut frames, mut last, mut at) = (Vec::new(), None, 0_i64);
    while frames.len() < PACKETS_OF_A_FILE
        && let Ok(Some(frame)) = reader.next()
    {
        if frame.link != 1 || frame.captured.len() < 14 || frame.captured.len() > 65_535 {
            continue;
        }
        let time = frame.time.nanos();
        at += time.saturating_sub(last.unwrap_or(time)).clamp(0, LONGEST_SILENCE_NS);
        last = Some(time);
        frames.push((at, frame.wire_len, frame.captured.into()));
    }
    Some(Source { frames })
}

/// Gives a frame the addresses of a copy. Copy 0 is the original.
fn rewrite(frame: &mut [u8], copy: u8) {
    mac(&mut frame[..6], copy);
    mac(&mut frame[6..12], copy);
    let mut at = 12;
    while let Some([0x81, 0] | [0x88, 0xa8]) = frame.get(at..at + 2) {
        at += 4;
    }
    let Some((&mut [k0, k1], packet)) = frame.get_mut(at..).and_then(|rest| rest.split_first_chunk_mut::<2>()) else { return };
    match u16::from_be_bytes([k0, k1]) {
        0x0800 => ipv4_packet(packet, copy),
        0x86dd => ipv6_packet(packet, copy),
        // RFC 826 for Ethernet and IPv4.
        0x0806 if packet.len() >= 28 && packet[4..6] == [6, 4] => {
            mac(&mut packet[8..14], copy);
            ipv4(&mut packet[14..18], copy);
            mac(&mut packet[18..24], copy);
            ipv4(&mut packet[24..28], copy);
        }
        _ => {}
    }
}

fn ipv4_packet(packet: &mut [u8], copy: u8) {
    if packet.len() < 20 {
        return;
    }
    ipv4(&mut packet[12..16], copy);
    ipv4(&mut packet[16..20], copy);
    let header = usize::from(packet[0] & 15) * 4;
    // DHCP (RFC 2131 §2): four addresses, and the client's MAC address.
    if packet[9] == 17
        && let Some(message) = packet.get_mut(header + 8..)
        && message.len() >= 240
        && message[1..3] == [1, 6]
        && message[236..240] == [99, 130, 83, 99]
    {
        for address in message[12..28].chunks_mut(4) {
            ipv4(address, copy);
        }
        mac(&mut message[28..34], copy);
    }
}

fn ipv6_packet(packet: &mut [u8], copy: u8) {
    if packet.len() < 40 {
        return;
    }
    ipv6(&mut packet[8..24], copy);
    ipv6(&mut packet[24..40], copy);
    // Neighbour solicitation and advertisement (RFC 4861 §4.3, §4.4): the target, and its link-layer address.
    if packet[6] == 58 && packet.len() >= 64 && matches!(packet[40], 135 | 136) {
        ipv6(&mut packet[48..64], copy);
        if packet.len() >= 72 && matches!(packet[64..66], [1 | 2, 1]) {
            mac(&mut packet[66..72], copy);
        }
    }
}

fn mac(address: &mut [u8], copy: u8) {
    let solicited = address[..3] == [0x33, 0x33, 0xff];
    if (address[0] & 1 == 0 || solicited) && address != [0; 6] {
        address[4] ^= copy;
    }
}

fn ipv4(address: &mut [u8], copy: u8) {
    match address[0] {
        0 | 127 | 224.. => {}
        10 => address[1] ^= copy,
        _ => address[2] ^= copy,
    }
}

fn ipv6(address: &mut [u8], copy: u8) {
    let solicited = address[..13] == [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff];
    if (address[0] != 0xff || solicited) && address[..15] != [0; 15] {
        address[14] ^= copy;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_keeps_the_tie_between_mac_and_ipv6_addresses() {
        let mut interface = [0x02, 0x1b, 0x21, 0xaa, 0xbb, 0xcc];
        let mut link_local = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x1b, 0x21, 0xff, 0xfe, 0xaa, 0xbb, 0xcc];
        let mut group = [0x33, 0x33, 0xff, 0xaa, 0xbb, 0xcc];
        mac(&mut interface, 7);
        ipv6(&mut link_local, 7);
        mac(&mut group, 7);
        assert_eq!(interface[3..], link_local[13..]);
        assert_eq!(interface[3..], group[3..]);
    }

    #[test]
    fn groups_stay() {
        for address in [[0xff; 6], [1, 0, 0x5e, 0, 0, 0xfb], [0x33, 0x33, 0, 0, 0, 1], [0; 6]] {
            let mut copied = address;
            mac(&mut copied, 7);
            assert_eq!(copied, address);
        }
        let mut broadcast = [255; 4];
        ipv4(&mut broadcast, 7);
        assert_eq!(broadcast, [255; 4]);
    }
}
