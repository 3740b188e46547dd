//! Ethernet frames with TCP over IPv4, written straight to a capture. IP checksums are right; TCP's are left 0, as network cards
//! that fill them in themselves show them.

// Frames are built from lengths that this program chose; nothing here reads input.
#![allow(clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use anyhow::Result;
use capture::write::PcapWriter;
use model::Timestamp;

pub(crate) const FIN: u8 = 1;
pub(crate) const SYN: u8 = 2;
pub(crate) const PSH: u8 = 8;
pub(crate) const ACK: u8 = 16;

const HEADERS: usize = 14 + 20 + 20;
/// Where all captures begin: 2026-03-02 07:00 UTC, a Monday.
pub(crate) const START_NS: i64 = 1_772_434_800_000_000_000;

/// One end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    pub(crate) mac: [u8; 6],
    pub(crate) ip: [u8; 4],
    pub(crate) port: u16,
}

/// A TCP segment without its payload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    pub(crate) from: End,
    pub(crate) to: End,
    pub(crate) seq: u32,
    pub(crate) ack: u32,
    pub(crate) flags: u8,
    pub(crate) id: u16,
}

/// A capture being written.
pub(crate) struct Capture {
    out: PcapWriter<BufWriter<File>>,
    frame: Vec<u8>,
}

impl Capture {
    pub(crate) fn new(path: &Path) -> Result<Self> {
        let out = BufWriter::with_capacity(1 << 20, File::create(path)?);
        Ok(Self { out: PcapWriter::new(out, 1, 262_144)?, frame: Vec::new() })
    }

    pub(crate) fn raw(&mut self, time_ns: i64, frame: &[u8], wire_len: u32) -> Result<()> {
        Ok(self.out.frame(Timestamp::from_nanos(time_ns), frame, wire_len)?)
    }

    pub(crate) fn tcp(&mut self, time_ns: i64, segment: &Segment, payload: &[u8]) -> Result<()> {
        let Segment { from, to, .. } = segment;
        self.frame.clear();
        self.frame.resize(HEADERS, 0);
        let frame = self.frame.as_mut_slice();
        frame[..6].copy_from_slice(&to.mac);
        frame[6..12].copy_from_slice(&from.mac);
        frame[12..16].copy_from_slice(&[8, 0, 0x45, 0]);
        frame[16..18].copy_from_slice(&((40 + payload.len()) as u16).to_be_bytes());
        frame[18..20].copy_from_slice(&segment.id.to_be_bytes());
        frame[20..24].copy_from_slice(&[0x40, 0, 64, 6]);
        frame[26..30].copy_from_slice(&from.ip);
        frame[30..34].copy_from_slice(&to.ip);
        let sum: u32 = frame[14..34].chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum();
        let folded = (sum & 0xffff) + (sum >> 16);
        frame[24..26].copy_from_slice(&(!((folded & 0xffff) + (folded >> 16)) as u16).to_be_bytes());
        frame[34..36].copy_from_slice(&from.port.to_be_bytes());
        frame[36..38].copy_from_slice(&to.port.to_be_bytes());
        frame[38..42].copy_from_slice(&segment.seq.to_be_bytes());
        frame[42..46].copy_from_slice(&segment.ack.to_be_bytes());
        frame[46..50].copy_from_slice(&[0x50, segment.flags, 0xff, 0xff]);
        self.frame.extend_from_slice(payload);
        let len = u32::try_from(self.frame.len())?;
        Ok(self.out.frame(Timestamp::from_nanos(time_ns), &self.frame, len)?)
    }

    pub(crate) fn finish(self) -> Result<()> {
        self.out.finish()?;
        Ok(())
    }
}

/// A TCP connection: where both ends' sequence numbers stand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connection {
    pub(crate) client: End,
    pub(crate) server: End,
    pub(crate) client_seq: u32,
    pub(crate) server_seq: u32,
    pub(crate) id: u16,
}

impl Connection {
    /// Sends a segment and moves its sender's sequence number on.
    pub(crate) fn send(&mut self, out: &mut Capture, time_ns: i64, to_server: bool, flags: u8, payload: &[u8]) -> Result<()> {
        self.id = self.id.wrapping_add(1);
        let (from, to, seq, ack) = if to_server {
            (self.client, self.server, self.client_seq, self.server_seq)
        } else {
            (self.server, self.client, self.server_seq, self.client_seq)
        };
        let ack = if flags & ACK == 0 { 0 } else { ack };
        out.tcp(time_ns, &Segment { from, to, seq, ack, flags, id: self.id }, payload)?;
        let step = (payload.len() as u32).wrapping_add(u32::from(flags & (SYN | FIN) != 0));
        let moved = if to_server { &mut self.client_seq } else { &mut self.server_seq };
        *moved = moved.wrapping_add(step);
        Ok(())
    }

    /// The three segments of the handshake, `gap_ns` apart.
    pub(crate) fn open(&mut self, out: &mut Capture, time_ns: i64, gap_ns: i64) -> Result<()> {
        self.send(out, time_ns, true, SYN, &[])?;
        self.send(out, time_ns + gap_ns, false, SYN | ACK, &[])?;
        self.send(out, time_ns + 2 * gap_ns, true, ACK, &[])
    }
}
