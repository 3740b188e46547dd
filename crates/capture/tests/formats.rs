//! Formats written here by hand, read back: byte orders, resolutions, compression, damage.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::cast_possible_truncation)] // a test's own arithmetic

use std::io::{Cursor, Write};

use capture::write::{PcapWriter, PcapngWriter};
use capture::{Compression, Damage, Format, Reader};
use model::Timestamp;

const T: i64 = 1_700_000_000;

/// What a reader gave: (time in ns, link, bytes, wire length, interface, offset) and damages.
type Seen = (Vec<(i64, u16, Vec<u8>, u32, u32, u64)>, Vec<Damage>);

fn read(bytes: Vec<u8>) -> Seen {
    let (mut frames, mut damages) = (Vec::new(), Vec::new());
    let mut reader = match Reader::new(Cursor::new(bytes)) {
        Ok(reader) => reader,
        Err(damage) => return (frames, vec![damage]),
    };
    loop {
        match reader.next() {
            Ok(Some(f)) => {
                assert_eq!(f.number, frames.len() as u64 + 1);
                frames.push((f.time.nanos(), f.link, f.captured.to_vec(), f.wire_len, f.interface, f.offset));
            }
            Ok(None) => return (frames, damages),
            Err(damage) => damages.push(damage),
        }
    }
}

fn number(value: u32, big: bool) -> [u8; 4] {
    if big { value.to_be_bytes() } else { value.to_le_bytes() }
}

fn pcap(magic: u32, big: bool, network: u32, records: &[(u32, u32, &[u8], u32)]) -> Vec<u8> {
    let mut out = number(magic, big).to_vec();
    out.extend(if big { [0, 2, 0, 4] } else { [2, 0, 4, 0] });
    out.extend([0; 8]);
    out.extend(number(65_535, big));
    out.extend(number(network, big));
    for (seconds, fraction, data, wire) in records {
        for word in [*seconds, *fraction, data.len() as u32, *wire] {
            out.extend(number(word, big));
        }
        if magic == 0xa1b2_cd34 {
            out.extend([0; 8]);
        }
        out.extend(*data);
    }
    out
}

fn block(big: bool, kind: u32, body: &[u8]) -> Vec<u8> {
    let length = body.len() as u32 + 12;
    [&number(kind, big)[..], &number(length, big), body, &number(length, big)].concat()
}

fn section(big: bool) -> Vec<u8> {
    let version = if big { [0, 1, 0, 0] } else { [1, 0, 0, 0] };
    block(big, 0x0a0d_0d0a, &[&number(0x1a2b_3c4d, big)[..], &version, &[0xff; 8]].concat())
}

fn option(big: bool, code: u16, value: &[u8]) -> Vec<u8> {
    let two = |n: u16| if big { n.to_be_bytes() } else { n.to_le_bytes() };
    let mut out = [two(code), two(value.len() as u16)].concat();
    out.extend(value);
    out.resize(out.len().next_multiple_of(4), 0);
    out
}

fn interface(big: bool, link: u16, snap_len: u32, options: &[u8]) -> Vec<u8> {
    let link = if big { link.to_be_bytes() } else { link.to_le_bytes() };
    block(big, 1, &[&link[..], &[0, 0], &number(snap_len, big), options].concat())
}

fn enhanced(big: bool, id: u32, ticks: u64, data: &[u8], wire: u32, options: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for word in [id, (ticks >> 32) as u32, ticks as u32, data.len() as u32, wire] {
        body.extend(number(word, big));
    }
    body.extend(data);
    body.resize(body.len().next_multiple_of(4), 0);
    body.extend(options);
    block(big, 6, &body)
}

fn times(seen: &Seen) -> Vec<i64> {
    seen.0.iter().map(|frame| frame.0).collect()
}

#[test]
fn pcap_in_every_magic_and_byte_order() {
    for big in [false, true] {
        for (magic, unit) in [(0xa1b2_c3d4, 1000), (0xa1b2_3c4d, 1), (0xa1b2_cd34, 1000)] {
            let (frames, damages) = read(pcap(magic, big, 1, &[(T as u32, 5, b"abc", 60), (T as u32 + 1, 6, b"", 0)]));
            assert!(damages.is_empty(), "{damages:?}");
            assert_eq!(frames.len(), 2);
            assert_eq!(frames[0].0, T * 1_000_000_000 + 5 * unit);
            assert_eq!((frames[0].1, &frames[0].2[..], frames[0].3, frames[0].5), (1, &b"abc"[..], 60, 24));
        }
    }
}

#[test]
fn fcs_that_the_link_type_declares_is_taken_off() {
    let network = 0x2400_0001; // Ethernet, 2 words of FCS
    let (frames, _) = read(pcap(0xa1b2_c3d4, false, network, &[(1, 0, b"abcdFCSF", 8), (1, 0, b"abcd", 8), (1, 0, b"abc", 90)]));
    let lengths: Vec<_> = frames.iter().map(|f| (f.1, f.2.len(), f.3)).collect();
    assert_eq!(lengths, [(1, 4, 4), (1, 4, 4), (1, 3, 86)]);
}

#[test]
fn old_versions_swap_the_two_lengths() {
    let mut bytes = pcap(0xa1b2_c3d4, false, 1, &[(1, 0, b"abc", 60)]);
    bytes[6] = 2;
    bytes[32..40].rotate_left(4);
    assert_eq!(read(bytes.clone()).0[0].3, 60);
    bytes[6] = 3;
    assert_eq!(read(bytes).0[0].2, b"abc");
}

#[test]
fn cut_anywhere_the_whole_frames_remain_and_the_place_is_told() {
    let whole = pcap(0xa1b2_c3d4, false, 1, &[(1, 0, b"abc", 3), (2, 0, b"defg", 4)]);
    for length in 0..whole.len() {
        let (frames, damages) = read(whole[..length].to_vec());
        let at_boundary = [24, 24 + 19].contains(&length);
        assert_eq!(frames.len(), usize::from(length >= 43), "{length}");
        assert_eq!(damages.len(), usize::from(!at_boundary), "{length}");
        if length > 43 {
            assert_eq!(damages[0].offset, 43);
        }
    }
}

#[test]
fn absurd_length_in_pcap_is_passed_over() {
    let records: Vec<(u32, u32, &[u8], u32)> = (0..6).map(|n| (1000 + n, 0, &b"some frame or other"[..], 64)).collect();
    let mut bytes = pcap(0xa1b2_c3d4, false, 1, &records);
    let second = 24 + 35;
    bytes[second + 8..second + 12].copy_from_slice(&0x7fff_ffff_u32.to_le_bytes());
    let seen = read(bytes.clone());
    assert_eq!(times(&seen), [1000, 1002, 1003, 1004, 1005].map(|s| s * 1_000_000_000));
    assert_eq!(seen.1.len(), 1);
    assert_eq!(seen.1[0].offset, second as u64);
    assert!(seen.1[0].what.contains("35 bytes were left out"), "{}", seen.1[0]);
    // With nothing believable behind it, the rest is given up, once.
    bytes.truncate(second + 40);
    let seen = read(bytes);
    assert_eq!((seen.0.len(), seen.1.len()), (1, 1));
}

#[test]
fn pcapng_of_both_orders_many_interfaces_and_sections() {
    let mut bytes = Vec::new();
    for big in [false, true] {
        bytes.extend(section(big));
        let offset = if big { 10_i64.to_be_bytes() } else { 10_i64.to_le_bytes() };
        let options = [option(big, 2, b"eth0"), option(big, 9, &[9]), option(big, 14, &offset), option(big, 0, b"")].concat();
        bytes.extend(interface(big, 1, 0, &options));
        bytes.extend(block(big, 0x0bad, &[0; 4096]));
        bytes.extend(interface(big, 113, 4, &option(big, 9, &[0x80 | 10])));
        bytes.extend(interface(big, 101, 0, &option(big, 9, &[12])));
        bytes.extend(interface(big, 101, 0, &[]));
        bytes.extend(block(big, 4, &[1; 64]));
        bytes.extend(block(big, 0xa, &[1; 64]));
        bytes.extend(enhanced(big, 0, 7, b"abcde", 70, &[]));
        bytes.extend(enhanced(big, 1, 1536, b"ab", 2, &[]));
        bytes.extend(enhanced(big, 2, 5000, b"", 9, &[]));
        bytes.extend(enhanced(big, 3, 2, b"x", 1, &[]));
        bytes.extend(block(big, 3, &[&number(9, big)[..], b"simple123\0\0\0"].concat()));
    }
    let seen = read(bytes);
    assert!(seen.1.is_empty(), "{:?}", seen.1);
    let section_times = [10_000_000_007, 1_500_000_000, 5, 2000, 2000];
    assert_eq!(times(&seen), [section_times, section_times].concat());
    assert_eq!(seen.0[0].2, b"abcde");
    assert_eq!(seen.0[4].2, b"simple123");
    assert_eq!(seen.0.iter().map(|f| f.4).collect::<Vec<_>>(), [0, 1, 2, 3, 0, 4, 5, 6, 7, 4]);
}

#[test]
fn obsolete_packets_drops_and_fcs() {
    let mut body = [&[0, 0, 3, 0][..], &[0; 4], &1_000_000_u32.to_le_bytes()].concat();
    body.extend([8, 0, 0, 0, 8, 0, 0, 0]);
    body.extend(b"abcdFCSF");
    body.extend(option(false, 2, &(4_u32 << 5).to_le_bytes()));
    let mut bytes = [section(false), interface(false, 1, 0, &[]), block(false, 2, &body)].concat();
    bytes.extend(enhanced(false, 0, 1, b"abcd", 4, &option(false, 4, &2_u64.to_le_bytes())));
    let mut reader = Reader::new(Cursor::new(bytes.clone())).unwrap();
    assert_eq!(reader.next().unwrap().unwrap().captured, b"abcd");
    reader.next().unwrap().unwrap();
    assert_eq!(reader.next(), Ok(None));
    assert_eq!(reader.dropped(), Some(5));
    let statistics = [&[0; 12][..], &option(false, 5, &9_u64.to_le_bytes()), &option(false, 7, &1_u64.to_le_bytes())].concat();
    bytes.extend(block(false, 5, &statistics));
    let mut reader = Reader::new(Cursor::new(bytes)).unwrap();
    while reader.next().unwrap().is_some() {}
    assert_eq!(reader.dropped(), Some(10));
}

#[test]
fn broken_blocks_are_passed_over() {
    let head = [section(false), interface(false, 1, 0, &[])].concat();
    let good = enhanced(false, 0, 1, b"abcd", 4, &[]);
    for (at, value) in [(4, 0xffff_fff0_u32), (4, 13), (4, 8), (0, 77), (4, 40), (20, 5000), (8, 9), (32, 12)] {
        let mut bad = good.clone();
        bad[at..at + 4].copy_from_slice(&value.to_le_bytes());
        let (frames, damages) = read([&head[..], &good, &bad, &good].concat());
        let expected = if (at, value) == (0, 77) { (2, 0) } else { (2, 1) };
        assert_eq!((frames.len(), damages.len()), expected, "{at} {value} {damages:?}");
    }
    let whole = [&head[..], &good, &good].concat();
    for length in 1..whole.len() {
        let _ = read(whole[..length].to_vec());
    }
}

#[test]
fn packets_without_interface_are_damage_each() {
    let (frames, damages) = read([section(false), enhanced(false, 0, 1, b"abcd", 4, &[])].concat());
    assert_eq!((frames.len(), damages.len()), (0, 1));
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn compressed_in_several_pieces() {
    let records: Vec<(u32, u32, &[u8], u32)> = (0..500).map(|n| (n, n, &b"some frame or other"[..], 64)).collect();
    let plain = pcap(0xa1b2_c3d4, false, 1, &records);
    let expected = read(plain.clone());
    let (first, second) = plain.split_at(5000);
    let gzipped = [gzip(first), gzip(second)].concat();
    let zstd = |bytes: &[u8]| zstd::encode_all(bytes, 1).unwrap();
    let skippable = b"\x50\x2a\x4d\x18\x03\0\0\0abc";
    let zstandard = [skippable.to_vec(), zstd(first), skippable.to_vec(), zstd(second)].concat();
    assert_eq!(read(gzipped.clone()), expected);
    assert_eq!(read([&gzipped[..], &[0; 512]].concat()), expected);
    assert_eq!(read(zstandard.clone()), expected);
    let reader = Reader::new(Cursor::new(zstandard.clone())).unwrap();
    assert_eq!((reader.compression(), reader.format()), (Compression::Zstd, Format::Pcap));

    let trailed = read([&gzipped[..], b"trailer"].concat());
    assert_eq!(trailed.0, expected.0);
    assert!(trailed.1[0].what.contains("not gzip"), "{:?}", trailed.1);
    for packed in [gzipped, zstandard] {
        let (frames, damages) = read(packed[..packed.len() - 9].to_vec());
        assert!(frames.len() >= 100, "{}", frames.len());
        assert!(damages[0].what.contains("is cut"), "{damages:?}");
    }
}

#[test]
fn what_is_no_capture_is_named() {
    let say = |bytes: &[u8]| read(bytes.to_vec()).1[0].to_string();
    assert_eq!(say(b""), "not a capture but an empty file (at byte 0)");
    assert_eq!(say(b"PK\x03\x04rest"), "not a capture but a ZIP archive (at byte 0)");
    assert_eq!(say(b"hello\n"), "not a capture but text (at byte 0)");
    assert_eq!(say(&gzip(b"hello\n")), "not a capture but text, compressed with gzip (at byte 0)");
    assert_eq!(say(b"\xd4\xc3\xb2\xa1"), "the file header is cut (at byte 0)");
}

#[test]
fn written_captures_are_read_back() {
    let mut writer = PcapWriter::new(Vec::new(), 1, 1000).unwrap();
    writer.frame(Timestamp::from_parts(T, 7), b"abc", 60).unwrap();
    let seen = read(writer.finish().unwrap());
    assert_eq!(seen.0, [(T * 1_000_000_000 + 7, 1, b"abc".to_vec(), 60, 0, 24)]);

    let mut writer = PcapngWriter::new(Vec::new()).unwrap();
    writer.interface(1, 0, "eth0").unwrap();
    writer.interface(113, 0, "any").unwrap();
    writer.frame(1, Timestamp::from_parts(T, 7), b"abc", 60).unwrap();
    writer.statistics(0, Timestamp::from_parts(T, 8), 12).unwrap();
    let mut reader = Reader::new(Cursor::new(writer.finish().unwrap())).unwrap();
    let frame = reader.next().unwrap().unwrap();
    assert_eq!((frame.link, frame.interface, frame.captured, frame.time), (113, 1, &b"abc"[..], Timestamp::from_parts(T, 7)));
    assert_eq!(reader.next(), Ok(None));
    assert_eq!(reader.dropped(), Some(12));
    let names: Vec<_> = reader.interfaces().iter().filter_map(|i| i.name.as_deref()).collect();
    assert_eq!(names, ["eth0", "any"]);
}
