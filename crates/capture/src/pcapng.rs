//! The pcapng format (draft-ietf-opsawg-pcapng): sections, interfaces, packets and statistics; other blocks are passed by length.

use model::Timestamp;

use crate::buffer::Buffer;
use crate::damage::{Damage, hint};
use crate::reader::{Interface, MAX_INTERFACES, Record, Step, frame_limit, without_fcs};
use crate::{MAX_FRAME_BYTES, USUAL_FRAME_BYTES};

/// Block types (§10.1).
mod block {
    pub const SECTION: u32 = 0x0a0d_0d0a;
    pub const INTERFACE: u32 = 1;
    pub const OBSOLETE_PACKET: u32 = 2;
    pub const SIMPLE_PACKET: u32 = 3;
    pub const STATISTICS: u32 = 5;
    pub const ENHANCED_PACKET: u32 = 6;
    /// Those without packets that a broken stream may be taken up at: names, journal, secrets, custom.
    pub const OTHERS: &[u32] = &[4, 7, 8, 9, 0xa, 0x0bad, 0x4000_0bad];
}

/// Option codes (§3.5, §4.2 to §4.6).
mod option {
    pub const END: u16 = 0;
    pub const IF_NAME: u16 = 2;
    pub const IF_TSRESOL: u16 = 9;
    pub const IF_FCSLEN: u16 = 13;
    pub const IF_TSOFFSET: u16 = 14;
    pub const ISB_IFDROP: u16 = 5;
    pub const ISB_OSDROP: u16 = 7;
    pub const PACKET_FLAGS: u16 = 2;
    pub const EPB_DROPCOUNT: u16 = 4;
}

/// Options of a packet that are allowed beside its bytes.
const OPTION_BYTES: usize = 64 * 1024;

/// How far behind a broken block the next whole one is looked for.
const RESYNC_BYTES: usize = 1024 * 1024;

/// A block without packets that is larger than this is a sign of damage rather than of much to say.
const MAX_OTHER_BYTES: u32 = 256 * 1024 * 1024;

/// State of reading a pcapng stream.
#[derive(Default)]
pub(crate) struct Pcapng {
    /// All interfaces so far, over all sections.
    pub described: Vec<Interface>,
    order: Order,
    /// The current section's interfaces.
    local: Vec<Local>,
    last_time: Timestamp,
    /// Drops that packets tell of.
    packet_drops: Option<u64>,
}

/// What packets of an interface are read with.
#[derive(Clone, Copy)]
struct Local {
    link: u16,
    global: u32,
    snap_len: u32,
    clock: Clock,
    fcs_bytes: u32,
}

/// How an interface counts time (§4.2).
#[derive(Clone, Copy)]
struct Clock {
    scale: Scale,
    offset_seconds: i64,
}

#[derive(Clone, Copy)]
enum Scale {
    /// A tick is so many nanoseconds.
    Times(u64),
    /// So many ticks are a nanosecond.
    Over(u64),
    /// A tick is a second over two to this power.
    Binary(u8),
}

/// The byte order of a section.
#[derive(Clone, Copy, Default)]
struct Order {
    big: bool,
}

impl Order {
    const fn u16(self, octets: [u8; 2]) -> u16 {
        if self.big { u16::from_be_bytes(octets) } else { u16::from_le_bytes(octets) }
    }

    const fn u32(self, octets: [u8; 4]) -> u32 {
        if self.big { u32::from_be_bytes(octets) } else { u32::from_le_bytes(octets) }
    }

    const fn u64(self, octets: [u8; 8]) -> u64 {
        if self.big { u64::from_be_bytes(octets) } else { u64::from_le_bytes(octets) }
    }

    fn u16_at(self, bytes: &[u8], at: usize) -> Option<u16> {
        bytes.get(at..)?.first_chunk().map(|octets| self.u16(*octets))
    }

    fn u32_at(self, bytes: &[u8], at: usize) -> Option<u32> {
        bytes.get(at..)?.first_chunk().map(|octets| self.u32(*octets))
    }
}

/// The shape of a packet block: what stands where.
struct Packet {
    interface: u32,
    ticks: Option<u64>,
    captured: u32,
    wire: u32,
    header: usize,
    drops: Option<u64>,
}

impl Pcapng {
    /// The next packet.
    pub fn step(&mut self, buffer: &mut Buffer, record: &mut Record) -> Result<Step, Damage> {
        loop {
            let Some(head) = buffer.peek_array::<8>() else {
                return end(buffer);
            };
            let [t0, t1, t2, t3, l0, l1, l2, l3] = head;
            // A section's type reads the same in both byte orders; its length needs the order that follows.
            if [t0, t1, t2, t3] == block::SECTION.to_be_bytes() {
                self.section(buffer)?;
                continue;
            }
            let (kind, length) = (self.order.u32([t0, t1, t2, t3]), self.order.u32([l0, l1, l2, l3]));
            if length < 12 || !length.is_multiple_of(4) {
                return Err(self.resync(buffer, format!("a block that claims {length} bytes")));
            }
            match kind {
                block::ENHANCED_PACKET | block::OBSOLETE_PACKET | block::SIMPLE_PACKET => {
                    return self.packet(buffer, kind, length, record);
                }
                block::INTERFACE => self.interface(buffer, length)?,
                block::STATISTICS => self.statistics(buffer, length)?,
                _ => self.pass(buffer, length)?,
            }
        }
    }

    /// Drops that statistics tell of, else those that packets tell of.
    pub fn dropped(&self) -> Option<u64> {
        let counted = self.described.iter().filter_map(|interface| interface.dropped);
        counted.reduce(u64::saturating_add).max(self.packet_drops)
    }

    /// Section header (§4.1): byte order, and the interfaces begin anew.
    fn section(&mut self, buffer: &mut Buffer) -> Result<(), Damage> {
        let Some(head) = buffer.peek_array::<12>() else {
            return Err(cut(buffer, "the last section header is cut"));
        };
        let [_, _, _, _, l0, l1, l2, l3, b0, b1, b2, b3] = head;
        let big = match [b0, b1, b2, b3] {
            [0x1a, 0x2b, 0x3c, 0x4d] => true,
            [0x4d, 0x3c, 0x2b, 0x1a] => false,
            _ => return Err(self.resync(buffer, "a section without a byte-order mark".to_owned())),
        };
        let order = Order { big };
        let length = order.u32([l0, l1, l2, l3]);
        if length < 28 || !length.is_multiple_of(4) {
            return Err(self.resync(buffer, format!("a section header that claims {length} bytes")));
        }
        self.order = order;
        self.local.clear();
        self.pass(buffer, length)
    }

    /// Interface description (§4.2).
    fn interface(&mut self, buffer: &mut Buffer, length: u32) -> Result<(), Damage> {
        let order = self.order;
        let Some(body) = self.body(buffer, length)? else {
            return Err(cut(buffer, "the last interface description is cut"));
        };
        let (link, snap_len) = (order.u16_at(body, 8).unwrap_or_default(), order.u32_at(body, 12).unwrap_or_default());
        let mut described = Interface { link, snap_len, ..Interface::default() };
        let mut clock = Clock { scale: Scale::Times(1000), offset_seconds: 0 };
        let mut fcs_bytes = 0;
        for (code, value) in Options::new(order, body.get(16..).unwrap_or_default()) {
            match (code, value) {
                (option::IF_NAME, name) => described.name = Some(printable(name)),
                (option::IF_TSRESOL, [resolution, ..]) => clock.scale = Scale::of(*resolution),
                (option::IF_FCSLEN, [length, ..]) => fcs_bytes = fcs_length(*length),
                (option::IF_TSOFFSET, value) => {
                    let ticks = value.first_chunk().map_or(0, |octets| order.u64(*octets));
                    clock.offset_seconds = i64::from_ne_bytes(ticks.to_ne_bytes());
                }
                _ => {}
            }
        }
        let global = u32::try_from(self.described.len()).unwrap_or(u32::MAX);
        if self.local.len() < MAX_INTERFACES {
            self.local.push(Local { link, global, snap_len, clock, fcs_bytes });
        }
        if self.described.len() < MAX_INTERFACES {
            self.described.push(described);
        }
        self.pass(buffer, length)
    }

    /// Interface statistics (§4.6). They count from the start of the capture, so the last ones hold.
    fn statistics(&mut self, buffer: &mut Buffer, length: u32) -> Result<(), Damage> {
        let order = self.order;
        let Some(body) = self.body(buffer, length)? else {
            return Err(cut(buffer, "the last statistics are cut"));
        };
        let id = order.u32_at(body, 8).unwrap_or(u32::MAX);
        let mut dropped = None;
        for (code, value) in Options::new(order, body.get(20..).unwrap_or_default()) {
            if let (option::ISB_IFDROP | option::ISB_OSDROP, Some(octets)) = (code, value.first_chunk()) {
                dropped = Some(order.u64(*octets).saturating_add(dropped.unwrap_or(0)));
            }
        }
        let local = usize::try_from(id).ok().and_then(|id| self.local.get(id)).map(|local| local.global);
        if let Some(described) = local.and_then(|id| usize::try_from(id).ok()).and_then(|id| self.described.get_mut(id)) {
            described.dropped = described.dropped.max(dropped);
        }
        self.pass(buffer, length)
    }

    /// Any packet block (§4.3, §4.4, appendix A).
    fn packet(&mut self, buffer: &mut Buffer, kind: u32, length: u32, record: &mut Record) -> Result<Step, Damage> {
        let (offset, order) = (buffer.offset(), self.order);
        let size = usize::try_from(length).unwrap_or(usize::MAX);
        if size > MAX_FRAME_BYTES.saturating_add(OPTION_BYTES) {
            return Err(self.resync(buffer, format!("a packet block that claims {length} bytes")));
        }
        let Some(bytes) = buffer.peek(size) else {
            let there = buffer.available().len();
            return Err(cut(buffer, &format!("the last packet is cut: {there} of {length} bytes of its block")));
        };
        if order.u32_at(bytes, size.saturating_sub(4)) != Some(length) {
            return Err(self.resync(buffer, format!("a packet block of {length} bytes whose two lengths differ")));
        }
        let Some(mut packet) = packet_of(order, kind, bytes) else {
            return Err(self.leave_out(buffer, length, "a packet block that is too short".to_owned()));
        };
        let Some(local) = usize::try_from(packet.interface).ok().and_then(|id| self.local.get(id)).copied() else {
            let what = format!("a packet of interface {}, which is not described", packet.interface);
            return Err(self.leave_out(buffer, length, what));
        };
        if kind == block::SIMPLE_PACKET {
            let room = length.saturating_sub(16);
            let snap_len = if local.snap_len == 0 { u32::MAX } else { local.snap_len };
            packet.captured = packet.wire.min(snap_len).min(room);
        }
        let captured = usize::try_from(packet.captured).unwrap_or(usize::MAX);
        let room = size.saturating_sub(packet.header).saturating_sub(4);
        if captured > room || captured > frame_limit(local.snap_len) {
            let what = format!("a packet that claims {captured} bytes in a block of {length}");
            return Err(self.leave_out(buffer, length, what));
        }
        let padded = packet.header.saturating_add(captured.next_multiple_of(4));
        let mut fcs_bytes = local.fcs_bytes;
        if kind != block::SIMPLE_PACKET {
            let options = bytes.get(padded..size.saturating_sub(4)).unwrap_or_default();
            for (code, value) in Options::new(order, options) {
                match code {
                    option::PACKET_FLAGS => fcs_bytes = flags_fcs(order, value).unwrap_or(fcs_bytes),
                    option::EPB_DROPCOUNT if kind == block::ENHANCED_PACKET => {
                        packet.drops = value.first_chunk().map(|octets| order.u64(*octets));
                    }
                    _ => {}
                }
            }
        }
        if let Some(drops) = packet.drops {
            self.packet_drops = Some(self.packet_drops.unwrap_or(0).saturating_add(drops));
        }
        if let Some(ticks) = packet.ticks {
            self.last_time = local.clock.time(ticks);
        }
        let (captured, wire_len) = without_fcs(captured, packet.wire.max(packet.captured), fcs_bytes);
        record.time = self.last_time;
        record.link = local.link;
        record.header = packet.header;
        record.captured = captured;
        record.wire_len = wire_len;
        record.interface = local.global;
        record.offset = offset;
        Ok(Step::Frame(size))
    }

    /// The beginning of a block, as far as its options are read; `None` where the stream ends before.
    fn body<'b>(&self, buffer: &'b mut Buffer, length: u32) -> Result<Option<&'b [u8]>, Damage> {
        if length > MAX_OTHER_BYTES {
            return Err(self.resync(buffer, format!("a block that claims {length} bytes")));
        }
        let size = usize::try_from(length).unwrap_or(usize::MAX);
        let whole = size <= OPTION_BYTES;
        let bytes = buffer.peek(size.min(OPTION_BYTES));
        Ok(bytes.and_then(|bytes| bytes.get(..if whole { size.saturating_sub(4) } else { OPTION_BYTES })))
    }

    /// Goes behind a block whose contents are of no use, and checks that it ends with its length.
    fn pass(&self, buffer: &mut Buffer, length: u32) -> Result<(), Damage> {
        if length > MAX_OTHER_BYTES {
            return Err(self.resync(buffer, format!("a block that claims {length} bytes")));
        }
        let offset = buffer.offset();
        if !buffer.skip(u64::from(length.saturating_sub(4))) {
            return Err(cut(buffer, "the last block is cut"));
        }
        let Some(trailer) = buffer.peek_array::<4>() else {
            return Err(cut(buffer, "the last block is cut"));
        };
        if self.order.u32(trailer) != length {
            let mut damage = self.resync(buffer, format!("a block of {length} bytes whose two lengths differ"));
            damage.offset = offset;
            return Err(damage);
        }
        buffer.consume(4);
        Ok(())
    }

    /// Goes behind one block that is whole but cannot be used.
    fn leave_out(&self, buffer: &mut Buffer, length: u32, what: String) -> Damage {
        let offset = buffer.offset();
        let _ = buffer.skip(u64::from(length));
        Damage::new(offset, what, hint::BROKEN)
    }

    /// Looks behind a broken block for the next whole one and goes there; else to the end.
    #[cold]
    fn resync(&self, buffer: &mut Buffer, what: String) -> Damage {
        let offset = buffer.offset();
        if let Some(at) = buffer.seek(RESYNC_BYTES, |bytes, at, _| self.is_block(bytes, at)) {
            return Damage::new(offset, format!("{what}; {at} bytes were left out"), hint::BROKEN);
        }
        buffer.close();
        Damage::new(offset, format!("{what}; the rest of the file is not read"), hint::BROKEN)
    }

    /// Is there a block of a known type at `at` that ends with its own length?
    fn is_block(&self, bytes: &[u8], at: usize) -> bool {
        use block::{ENHANCED_PACKET, INTERFACE, OBSOLETE_PACKET, OTHERS, SECTION, SIMPLE_PACKET, STATISTICS};
        let Some(kind) = self.order.u32_at(bytes, at) else {
            return false;
        };
        let packets = [ENHANCED_PACKET, INTERFACE, OBSOLETE_PACKET, SIMPLE_PACKET, STATISTICS];
        let mut order = self.order;
        if kind == SECTION {
            order.big = bytes.get(at.saturating_add(8)) == Some(&0x1a);
        } else if !packets.contains(&kind) && !OTHERS.contains(&kind) {
            return false;
        }
        let Some(length) = order.u32_at(bytes, at.saturating_add(4)) else {
            return false;
        };
        let size = usize::try_from(length).unwrap_or(usize::MAX);
        let trailer = at.saturating_add(size).saturating_sub(4);
        length >= 12 && length.is_multiple_of(4) && size <= USUAL_FRAME_BYTES && order.u32_at(bytes, trailer) == Some(length)
    }
}

/// Reads the fixed part of a packet block.
fn packet_of(order: Order, kind: u32, bytes: &[u8]) -> Option<Packet> {
    let u32_at = |at| order.u32_at(bytes, at);
    // The trailing length must stand behind the fixed part.
    let fixed = if kind == block::SIMPLE_PACKET { 12 } else { 28 };
    bytes.get(..fixed + 4)?;
    if kind == block::SIMPLE_PACKET {
        let wire = u32_at(8)?;
        return Some(Packet { interface: 0, ticks: None, captured: 0, wire, header: 12, drops: None });
    }
    let ticks = u64::from(u32_at(12)?) << 32 | u64::from(u32_at(16)?);
    let (interface, drops) = if kind == block::OBSOLETE_PACKET {
        // 0xffff: the number of drops is not known (appendix A).
        let drops = order.u16_at(bytes, 10)?;
        (u32::from(order.u16_at(bytes, 8)?), (drops != u16::MAX).then_some(u64::from(drops)))
    } else {
        (u32_at(8)?, None)
    };
    Some(Packet { interface, ticks: Some(ticks), captured: u32_at(20)?, wire: u32_at(24)?, header: 28, drops })
}

/// FCS length in bytes of a packet's flags (§4.3.1), bits 5 to 8; 0 is not known.
fn flags_fcs(order: Order, value: &[u8]) -> Option<u32> {
    let flags = value.first_chunk().map(|octets| order.u32(*octets))?;
    let bytes = (flags >> 5) & 0xf;
    (bytes != 0).then_some(bytes)
}

/// The standard counts this option in bits, and much software in bytes: no FCS has fewer than 8 bits or more than 8 bytes.
const fn fcs_length(value: u8) -> u32 {
    (if value > 8 { value / 8 } else { value }) as u32
}

impl Scale {
    /// Of an `if_tsresol` octet: a negative power of 10, or of 2 where the highest bit is set.
    const fn of(resolution: u8) -> Self {
        match resolution {
            0..=9 => Self::Times(10_u64.saturating_pow(9_u32.saturating_sub(resolution as u32))),
            10..=127 => Self::Over(10_u64.saturating_pow((resolution as u32).saturating_sub(9))),
            128.. => Self::Binary(resolution & 0x7f),
        }
    }
}

impl Clock {
    #[inline]
    fn time(self, ticks: u64) -> Timestamp {
        let nanos = match self.scale {
            Scale::Times(factor) => ticks.saturating_mul(factor),
            Scale::Over(divisor) => ticks.checked_div(divisor).unwrap_or(0),
            Scale::Binary(bits) => {
                let nanos = u128::from(ticks).saturating_mul(1_000_000_000) >> u32::from(bits);
                u64::try_from(nanos).unwrap_or(u64::MAX)
            }
        };
        let nanos = i64::try_from(nanos).unwrap_or(i64::MAX);
        Timestamp::from_parts(self.offset_seconds, 0).plus_nanos(nanos)
    }
}

/// Options of a block (§3.5): code, length, value padded to four bytes.
struct Options<'a> {
    order: Order,
    rest: &'a [u8],
}

impl<'a> Options<'a> {
    const fn new(order: Order, rest: &'a [u8]) -> Self {
        Self { order, rest }
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let code = self.order.u16_at(self.rest, 0)?;
        let length = usize::from(self.order.u16_at(self.rest, 2)?);
        if code == option::END {
            return None;
        }
        let value = self.rest.get(4..length.saturating_add(4))?;
        self.rest = self.rest.get(length.next_multiple_of(4).saturating_add(4)..).unwrap_or_default();
        Some((code, value))
    }
}

/// An interface's name, bounded, without what a terminal would act on.
fn printable(name: &[u8]) -> String {
    String::from_utf8_lossy(name).chars().filter(|c| !c.is_control()).take(256).collect()
}

fn cut(buffer: &mut Buffer, what: &str) -> Damage {
    let damage = buffer.cut(what.to_owned());
    buffer.close();
    damage
}

#[cold]
fn end(buffer: &mut Buffer) -> Result<Step, Damage> {
    if buffer.is_at_end() { Ok(Step::End) } else { Err(cut(buffer, "the last block's header is cut")) }
}
