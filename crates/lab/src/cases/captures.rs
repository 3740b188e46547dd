//! Capture files as tools write them and as disks keep them. The frames are those of one short scene.

use std::io::Write;

use capture::write::PcapngWriter;

use crate::speak::{arp, dns};
use crate::{Case, Host, Scene};

/// The rows.
pub const CASES: &[Case] = &[
    Case {
        name: "capture-nanoseconds",
        about: "pcap to the nanosecond, little-endian. The other capture-* cases hold the same frames.",
        build: nanoseconds,
    },
    Case {
        name: "capture-microseconds",
        about: "pcap to the microsecond, little-endian.",
        build: || classic(0xa1b2_c3d4, false, 1),
    },
    Case { name: "capture-big-endian", about: "pcap to the microsecond, big-endian.", build: || classic(0xa1b2_c3d4, true, 1) },
    Case {
        name: "capture-modified",
        about: "pcap with Kuznetzov's longer record headers.",
        build: || classic(0xa1b2_cd34, false, 1),
    },
    Case {
        name: "capture-fcs",
        about: "pcap whose link type says that frames end with a check sequence of four bytes.",
        build: || classic(0xa1b2_c3d4, false, 0x2400_0001),
    },
    Case { name: "capture-pcapng", about: "pcapng with one interface.", build: || scene().pcapng("eth0") },
    Case {
        name: "capture-interfaces",
        about: "pcapng with two interfaces, a custom block, secrets, names, and drops in the statistics.",
        build: interfaces,
    },
    Case {
        name: "capture-sections",
        about: "Two pcapng files one after another: the second section describes its interfaces anew.",
        build: || [scene().pcapng("eth0"), scene().pcapng("eth1")].concat(),
    },
    Case { name: "capture-gzip", about: "pcap in gzip of two members.", build: gzip },
    Case { name: "capture-zstd", about: "pcap in Zstandard of two frames.", build: zstandard },
    Case {
        name: "capture-cut",
        about: "pcap whose last packet is cut. The others are read, the damage is told with its place.",
        build: || cut(7),
    },
    Case { name: "capture-cut-header", about: "pcap that ends inside of a packet's header.", build: || cut(126) },
    Case {
        name: "capture-gzip-cut",
        about: "pcap in gzip that was cut. What could be unpacked is read, the cut is told once.",
        build: gzip_cut,
    },
    Case {
        name: "capture-absurd-length",
        about: "pcap with a packet that claims two gigabytes. It is left out, what follows is read.",
        build: absurd,
    },
    Case { name: "capture-empty", about: "pcap without a packet. That is no damage.", build: || Scene::new().pcap() },
];

fn scene() -> Scene {
    let mut scene = Scene::new();
    let client = Host::new("workstation", "3c:52:82:00:00:10", "10.20.1.10").with_ttl(128);
    let server = Host::new("name server", "00:50:56:00:00:53", "10.20.1.53");
    arp::ask(&mut scene, &client, &server);
    for id in 1..=4 {
        let name = format!("host-{id}.clinic.example");
        scene.udp(&client, 50_000, &server, 53, &dns::query(id, &name, dns::A));
        let answer = dns::answer(&name, dns::A, 60, &[10, 20, 1, id as u8]);
        scene.udp(&server, 53, &client, 50_000, &dns::response(id, &name, dns::A, &[answer]));
    }
    scene
}

fn nanoseconds() -> Vec<u8> {
    scene().pcap()
}

/// pcap of other kinds than the writer writes.
fn classic(magic: u32, big_endian: bool, network: u32) -> Vec<u8> {
    let word = |value: u32| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    let half = |value: u16| if big_endian { value.to_be_bytes() } else { value.to_le_bytes() };
    let mut bytes = word(magic).to_vec();
    bytes.extend([half(2), half(4)].concat());
    bytes.extend([word(0), word(0), word(65_535), word(network)].concat());
    let fcs: &[u8] = if network > 0xffff { b"FCS!" } else { b"" };
    for (time, frame, wire_len) in scene().frames() {
        let seconds = (time.nanos() / 1_000_000_000) as u32;
        let micros = (time.nanos() % 1_000_000_000 / 1000) as u32;
        let length = (frame.len() + fcs.len()) as u32;
        bytes.extend([word(seconds), word(micros), word(length), word(wire_len + fcs.len() as u32)].concat());
        if magic == 0xa1b2_cd34 {
            bytes.extend([word(2), word(0)].concat());
        }
        bytes.extend(frame);
        bytes.extend(fcs);
    }
    bytes
}

fn interfaces() -> Vec<u8> {
    let scene = scene();
    let mut writer = PcapngWriter::new(Vec::new()).expect("a vector");
    let mut write = || -> std::io::Result<()> {
        writer.interface(1, 0, "uplink")?;
        writer.interface(1, 0, "ward 3")?;
        // Private Enterprise Number of examples (RFC 5612), then data.
        writer.block(0x0bad, &[&32_473_u32.to_le_bytes()[..], b"custom data!"].concat())?;
        // Decryption secrets: a TLS key log with nothing in it but a comment.
        writer.block(0xa, &[&0x544c_534b_u32.to_le_bytes()[..], &4_u32.to_le_bytes(), b"#..\n"].concat())?;
        // Name resolution: one IPv4 record, then the end of records.
        writer.block(4, b"\x01\0\x0b\0\x0a\x14\x01\x0apc.lab\0\0\0\0\0\0")?;
        for (index, (time, frame, wire_len)) in scene.frames().into_iter().enumerate() {
            writer.frame((index % 2) as u32, time, frame, wire_len)?;
        }
        writer.statistics(0, scene.now, 0)?;
        writer.statistics(1, scene.now, 17)
    };
    write().expect("a vector");
    writer.finish().expect("a vector")
}

fn gzip() -> Vec<u8> {
    let plain = nanoseconds();
    let (first, second) = plain.split_at(plain.len() / 2);
    let member = |bytes: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
        encoder.write_all(bytes).expect("a vector");
        encoder.finish().expect("a vector")
    };
    [member(first), member(second)].concat()
}

fn gzip_cut() -> Vec<u8> {
    let mut bytes = gzip();
    bytes.truncate(bytes.len() - 30);
    bytes
}

fn zstandard() -> Vec<u8> {
    let plain = nanoseconds();
    let (first, second) = plain.split_at(plain.len() / 2);
    let frame = |bytes: &[u8]| zstd::bulk::compress(bytes, 3).expect("a vector");
    [frame(first), frame(second)].concat()
}

fn cut(bytes_off: usize) -> Vec<u8> {
    let mut bytes = nanoseconds();
    bytes.truncate(bytes.len() - bytes_off);
    bytes
}

fn absurd() -> Vec<u8> {
    let mut bytes = nanoseconds();
    // The captured length of the third packet, behind the file header and two padded ARP frames.
    let third = 24 + 2 * (16 + 60);
    bytes[third + 8..third + 12].copy_from_slice(&0x7fff_ffff_u32.to_le_bytes());
    bytes
}
