//! The yardstick: the least that any tool does with a capture. The same buffered reader as the product's, a decoder of its own
//! from Ethernet to TCP and UDP, and tables of flows, hosts and interfaces with their counts. Nothing else.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;

use anyhow::{Result, anyhow};
use capture::Reader;
use foldhash::fast::FixedState;
use hashbrown::HashMap;

/// Both ends of a flow, the lower first; IPv4 addresses are mapped into IPv6's.
#[derive(Clone, Copy, PartialEq, Eq)]
struct FlowKey {
    a: u128,
    b: u128,
    ports: u32,
    protocol: u8,
}

impl std::hash::Hash for FlowKey {
    /// Two words: the addresses folded with the ports.
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        state.write_u128(self.a ^ self.b.rotate_left(64));
        state.write_u64(u64::from(self.ports) << 8 | u64::from(self.protocol));
    }
}

#[derive(Clone, Copy, Default)]
struct Count {
    packets: u64,
    bytes: u64,
}

#[derive(Clone, Copy)]
struct Flow {
    first: i64,
    last: i64,
    ways: [Count; 2],
}

type Table<K, V> = HashMap<K, V, FixedState>;

#[derive(Default)]
struct Tables {
    flows: Table<FlowKey, Flow>,
    hosts: Table<u128, Count>,
    macs: Table<u64, Count>,
    frames: u64,
    bytes: u64,
}

/// Reads a capture and says how much there was of what.
pub(crate) fn read(path: &Path) -> Result<String> {
    let mut reader = Reader::open(path).map_err(|damage| anyhow!("{}: {damage}", path.display()))?;
    let mut tables = Tables::default();
    while let Some(frame) = reader.next().map_err(|damage| anyhow!("{}: {damage}", path.display()))? {
        tables.frame(frame.time.nanos(), frame.captured, frame.wire_len.into());
    }
    let Tables { flows, hosts, macs, frames, bytes } = &tables;
    let packets: u64 = flows.values().flat_map(|flow| flow.ways).map(|way| way.packets).sum();
    Ok(format!(
        "{frames} frames, {bytes} bytes, {} flows with {packets} packets, {} hosts, {} interfaces",
        flows.len(),
        hosts.len(),
        macs.len()
    ))
}

/// What a frame says of a flow.
struct Seen {
    src: u128,
    dst: u128,
    src_port: u16,
    dst_port: u16,
    protocol: u8,
}

impl Tables {
    fn frame(&mut self, time: i64, frame: &[u8], wire_len: u64) {
        self.frames += 1;
        self.bytes += wire_len;
        let Some((&[d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5], mut rest)) = frame.split_first_chunk::<12>() else { return };
        for mac in [[0, 0, d0, d1, d2, d3, d4, d5], [0, 0, s0, s1, s2, s3, s4, s5]] {
            add(self.macs.entry(u64::from_be_bytes(mac)).or_default(), wire_len);
        }
        let kind = loop {
            let Some((&[k0, k1], next)) = rest.split_first_chunk::<2>() else { return };
            match u16::from_be_bytes([k0, k1]) {
                0x8100 | 0x88a8 => rest = next.get(2..).unwrap_or_default(),
                kind => {
                    rest = next;
                    break kind;
                }
            }
        };
        let seen = match kind {
            0x0800 => ipv4(rest),
            0x86dd => ipv6(rest),
            _ => None,
        };
        let Some(seen) = seen else { return };
        add(self.hosts.entry(seen.src).or_default(), wire_len);
        add(self.hosts.entry(seen.dst).or_default(), wire_len);
        self.count(&seen, time, wire_len);
    }

    fn count(&mut self, seen: &Seen, time: i64, wire_len: u64) {
        let forth = (seen.src, seen.src_port) <= (seen.dst, seen.dst_port);
        let key = |a, b, a_port: u16, b_port: u16| FlowKey {
            a,
            b,
            ports: u32::from(a_port) << 16 | u32::from(b_port),
            protocol: seen.protocol,
        };
        let key = if forth {
            key(seen.src, seen.dst, seen.src_port, seen.dst_port)
        } else {
            key(seen.dst, seen.src, seen.dst_port, seen.src_port)
        };
        let flow = self.flows.entry(key).or_insert(Flow { first: time, last: time, ways: [Count::default(); 2] });
        flow.first = flow.first.min(time);
        flow.last = flow.last.max(time);
        let [there, back] = &mut flow.ways;
        add(if forth { there } else { back }, wire_len);
    }
}

fn add(count: &mut Count, bytes: u64) {
    count.packets += 1;
    count.bytes += bytes;
}

fn ipv4(packet: &[u8]) -> Option<Seen> {
    let (&[first, _, _, _, _, _, f0, f1, _, protocol, _, _, s0, s1, s2, s3, d0, d1, d2, d3], _) =
        packet.split_first_chunk::<20>()?;
    let rest = packet.get(usize::from(first & 15) * 4..)?;
    let is_first = u16::from_be_bytes([f0, f1]) & 0x1fff == 0;
    let (src_port, dst_port) = ports(protocol, if is_first { rest } else { &[] });
    let mapped = |ip: [u8; 4]| u128::from(u32::from(Ipv4Addr::from(ip)));
    Some(Seen { src: mapped([s0, s1, s2, s3]), dst: mapped([d0, d1, d2, d3]), src_port, dst_port, protocol })
}

fn ipv6(packet: &[u8]) -> Option<Seen> {
    let (&[_, _, _, _, _, _, mut protocol, _], rest) = packet.split_first_chunk::<8>()?;
    let (src, rest) = rest.split_first_chunk::<16>()?;
    let (dst, mut rest) = rest.split_first_chunk::<16>()?;
    // Hop-by-hop options, routing and destination options; a fragment has no ports here.
    while let (0 | 43 | 60, Some(&[next, len])) = (protocol, rest.first_chunk()) {
        protocol = next;
        rest = rest.get((usize::from(len) + 1) * 8..).unwrap_or_default();
    }
    let (src_port, dst_port) = ports(protocol, rest);
    Some(Seen { src: Ipv6Addr::from(*src).into(), dst: Ipv6Addr::from(*dst).into(), src_port, dst_port, protocol })
}

fn ports(protocol: u8, rest: &[u8]) -> (u16, u16) {
    match (protocol, rest.first_chunk()) {
        (6 | 17, Some(&[s0, s1, d0, d1])) => (u16::from_be_bytes([s0, s1]), u16::from_be_bytes([d0, d1])),
        _ => (0, 0),
    }
}
