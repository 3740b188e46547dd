//! NetFlow v5 (Cisco, "NetFlow Export Datagram Format"): a header of 24 octets, up to thirty records of 48. And times, which v9 has too.

use std::net::{IpAddr, Ipv4Addr};

use model::Timestamp;
use wire::bytes::Cursor;

use super::record::Record;

/// When an exporter started: times of flows are milliseconds since then.
#[derive(Clone, Copy, Debug)]
pub(super) struct Boot(i64);

const MILLI_NS: i64 = 1_000_000;

impl Boot {
    /// From the time of the export and how long the exporter had run by then.
    pub(super) fn of(seconds: u32, nanos: u32, uptime_ms: u32) -> Self {
        let export = Timestamp::from_parts(seconds.into(), nanos);
        Self(export.nanos().saturating_sub(i64::from(uptime_ms).saturating_mul(MILLI_NS)))
    }

    /// From `systemInitTimeMilliseconds`.
    pub(super) fn at_millis(millis: u64) -> Self {
        Self(i64::try_from(millis).unwrap_or(0).saturating_mul(MILLI_NS))
    }

    /// The instant at an uptime.
    pub(super) fn at(self, uptime_ms: u32) -> Timestamp {
        Timestamp::from_nanos(self.0.saturating_add(i64::from(uptime_ms).saturating_mul(MILLI_NS)))
    }
}

/// Reads a datagram; none where it is cut.
pub(super) fn v5(bytes: &[u8], take: &mut dyn FnMut(Record)) -> Option<()> {
    let mut cursor = Cursor::new(bytes);
    let (_version, count) = (cursor.u16()?, cursor.u16()?);
    let (uptime, seconds, nanos) = (cursor.u32()?, cursor.u32()?, cursor.u32()?);
    cursor.skip(6)?;
    // The two highest bits are the mode; some exporters leave it 0 and sample all the same.
    let sampling = u32::from(cursor.u16()? & 0x3fff);
    let boot = Boot::of(seconds, nanos, uptime);
    for _ in 0..count.min(30) {
        take(record(cursor.take(48)?, boot, sampling)?);
    }
    Some(())
}

fn record(bytes: &[u8], boot: Boot, sampling: u32) -> Option<Record> {
    let mut cursor = Cursor::new(bytes);
    let (src, dst) = (Ipv4Addr::from(cursor.u32()?), Ipv4Addr::from(cursor.u32()?));
    cursor.skip(8)?;
    let (packets, octets, first, last) = (cursor.u32()?, cursor.u32()?, cursor.u32()?, cursor.u32()?);
    let (src_port, dst_port) = (cursor.u16()?, cursor.u16()?);
    cursor.skip(1)?;
    let (tcp_flags, protocol) = (cursor.u8()?, cursor.u8()?);
    Some(Record {
        src: Some(IpAddr::V4(src)),
        dst: Some(IpAddr::V4(dst)),
        src_port,
        dst_port,
        protocol,
        sent: (packets.into(), octets.into()),
        first: Some(boot.at(first)),
        last: Some(boot.at(last)),
        tcp_flags,
        sampling,
        ..Record::default()
    })
}
