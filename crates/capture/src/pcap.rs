//! The pcap format (draft-ietf-opsawg-pcap), its nanosecond form and Kuznetzov's modified one, in both byte orders.

use model::Timestamp;

use crate::buffer::Buffer;
use crate::damage::{Damage, hint};
use crate::reader::{Interface, Record, Step, frame_limit, without_fcs};

/// Seconds, microseconds.
const MICROS: u32 = 0xa1b2_c3d4;
/// Seconds, nanoseconds.
const NANOS: u32 = 0xa1b2_3c4d;
/// Kuznetzov's: a longer record header with interface index, protocol and packet type (Linux 2.0's libpcap).
const MODIFIED: u32 = 0xa1b2_cd34;

const FILE_HEADER: usize = 24;
const RECORD_HEADER: usize = 16;
const MODIFIED_RECORD_HEADER: usize = 24;

/// How far behind a broken record header the next whole one is looked for.
const RESYNC_BYTES: usize = 1024 * 1024;

/// Within this of the last good time, a record header found behind damage is believed.
const RESYNC_SECONDS: u32 = 86_400;

/// State of reading a pcap stream.
pub(crate) struct Pcap {
    pub interface: Interface,
    layout: Layout,
    last_seconds: Option<u32>,
}

/// What the file header says of the records.
#[derive(Clone, Copy)]
struct Layout {
    big_endian: bool,
    nanos: bool,
    header: usize,
    limit: usize,
    fcs_bytes: u32,
    lengths: Lengths,
}

/// The order of a record's two lengths; files before version 2.4 had it the other way around.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lengths {
    CapturedFirst,
    WireFirst,
    /// Version 2.3 was written in both ways: the captured length is never the larger one.
    SmallerIsCaptured,
}

/// A record header.
#[derive(Clone, Copy)]
struct Header {
    seconds: u32,
    fraction: u32,
    captured: u32,
    wire: u32,
}

impl Pcap {
    /// Do these first bytes begin a pcap stream?
    pub fn is_magic(head: &[u8]) -> bool {
        let Some(magic) = head.first_chunk().copied() else {
            return false;
        };
        let known = [MICROS, NANOS, MODIFIED];
        known.contains(&u32::from_le_bytes(magic)) || known.contains(&u32::from_be_bytes(magic))
    }

    /// Reads the file header.
    pub fn begin(buffer: &mut Buffer) -> Result<Self, Damage> {
        let Some(header) = buffer.peek_array::<FILE_HEADER>() else {
            return Err(buffer.cut("the file header is cut".to_owned()));
        };
        let [m0, m1, m2, m3, j0, j1, n0, n1, _, _, _, _, _, _, _, _, s0, s1, s2, s3, l0, l1, l2, l3] = header;
        let big_endian = m0 == 0xa1;
        let u32_of = |octets: [u8; 4]| {
            if big_endian { u32::from_be_bytes(octets) } else { u32::from_le_bytes(octets) }
        };
        let u16_of = |octets: [u8; 2]| {
            if big_endian { u16::from_be_bytes(octets) } else { u16::from_le_bytes(octets) }
        };
        let (magic, network) = (u32_of([m0, m1, m2, m3]), u32_of([l0, l1, l2, l3]));
        let snap_len = u32_of([s0, s1, s2, s3]);
        buffer.consume(FILE_HEADER);
        // draft-ietf-opsawg-pcap §4: bit 26 says that the four highest bits hold the FCS length in 16-bit words.
        let fcs_bytes = if network & 0x0400_0000 == 0 { 0 } else { (network >> 28).saturating_mul(2) };
        let layout = Layout {
            big_endian,
            nanos: magic == NANOS,
            header: if magic == MODIFIED { MODIFIED_RECORD_HEADER } else { RECORD_HEADER },
            limit: frame_limit(snap_len),
            fcs_bytes,
            lengths: Lengths::of_version(u16_of([j0, j1]), u16_of([n0, n1])),
        };
        let link = u16::try_from(network & 0xffff).unwrap_or_default();
        Ok(Self { interface: Interface { link, snap_len, ..Interface::default() }, layout, last_seconds: None })
    }

    /// Describes the next record.
    #[inline]
    pub fn step(&mut self, buffer: &mut Buffer, record: &mut Record) -> Result<Step, Damage> {
        let layout = self.layout;
        let offset = buffer.offset();
        let Some(header) = buffer.peek(layout.header).and_then(|bytes| layout.header_of(bytes)) else {
            return end(buffer, layout.header);
        };
        let captured = usize::try_from(header.captured).unwrap_or(usize::MAX);
        if captured > layout.limit {
            return Err(self.resync(buffer, header.captured));
        }
        let length = layout.header.saturating_add(captured);
        if buffer.peek(length).is_none() {
            let there = buffer.available().len().saturating_sub(layout.header);
            let damage = buffer.cut(format!("the last packet is cut: {there} of {captured} bytes"));
            buffer.close();
            return Err(damage);
        }
        self.last_seconds = Some(header.seconds);
        let (captured, wire_len) = without_fcs(captured, header.wire.max(header.captured), layout.fcs_bytes);
        record.time = layout.time_of(header);
        record.link = self.interface.link;
        record.header = layout.header;
        record.captured = captured;
        record.wire_len = wire_len;
        record.offset = offset;
        Ok(Step::Frame(length))
    }

    /// Looks behind a header that cannot be right for the next one that can, and goes there; else to the end.
    #[cold]
    fn resync(&self, buffer: &mut Buffer, length: u32) -> Damage {
        let offset = buffer.offset();
        let what = format!("a packet that claims {length} bytes, when at most {} can be", self.layout.limit);
        if let Some(at) = buffer.seek(RESYNC_BYTES, |bytes, at, at_end| self.is_chain(bytes, at, at_end)) {
            return Damage::new(offset, format!("{what}; {at} bytes were left out"), hint::BROKEN);
        }
        buffer.close();
        Damage::new(offset, format!("{what}; the rest of the file is not read"), hint::BROKEN)
    }

    /// Is there a believable record at `at`, and another or the file's end right behind it?
    fn is_chain(&self, bytes: &[u8], at: usize, at_end: bool) -> bool {
        let Some(length) = self.believable(bytes, at) else {
            return false;
        };
        let next = at.saturating_add(self.layout.header).saturating_add(length);
        self.believable(bytes, next).is_some() || (at_end && next == bytes.len())
    }

    /// The captured length of the record at `at`, where all of its header can be true.
    fn believable(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let header = self.layout.header_of(bytes.get(at..)?)?;
        let captured = usize::try_from(header.captured).ok()?;
        let fraction = if self.layout.nanos { 1_000_000_000 } else { 1_000_000 };
        let near = self.last_seconds.is_none_or(|last| header.seconds.abs_diff(last) <= RESYNC_SECONDS);
        let sound = (1..=self.layout.limit).contains(&captured)
            && header.fraction < fraction
            && header.wire >= header.captured
            && header.wire <= 0x00ff_ffff
            && near;
        sound.then_some(captured)
    }
}

impl Lengths {
    const fn of_version(major: u16, minor: u16) -> Self {
        match (major, minor) {
            (2, 0..=2) => Self::WireFirst,
            (2, 3) => Self::SmallerIsCaptured,
            _ => Self::CapturedFirst,
        }
    }
}

impl Layout {
    #[inline]
    fn header_of(self, bytes: &[u8]) -> Option<Header> {
        bytes.get(..self.header)?;
        let words: &[u8; RECORD_HEADER] = bytes.first_chunk()?;
        let [a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3, d0, d1, d2, d3] = *words;
        let word = |octets: [u8; 4]| {
            if self.big_endian { u32::from_be_bytes(octets) } else { u32::from_le_bytes(octets) }
        };
        let (first, second) = (word([c0, c1, c2, c3]), word([d0, d1, d2, d3]));
        let swapped = match self.lengths {
            Lengths::CapturedFirst => false,
            Lengths::WireFirst => true,
            Lengths::SmallerIsCaptured => first > second,
        };
        let (captured, wire) = if swapped { (second, first) } else { (first, second) };
        Some(Header { seconds: word([a0, a1, a2, a3]), fraction: word([b0, b1, b2, b3]), captured, wire })
    }

    #[inline]
    fn time_of(self, header: Header) -> Timestamp {
        let nanos = if self.nanos { 1 } else { 1000 };
        let fraction = i64::from(header.fraction).saturating_mul(nanos);
        Timestamp::from_parts(i64::from(header.seconds), 0).plus_nanos(fraction)
    }
}

/// The proper end, or one inside of a record header.
#[cold]
fn end(buffer: &mut Buffer, header: usize) -> Result<Step, Damage> {
    if buffer.is_at_end() {
        return Ok(Step::End);
    }
    let there = buffer.available().len();
    let damage = buffer.cut(format!("the last packet's header is cut: {there} of {header} bytes"));
    buffer.close();
    Err(damage)
}
