//! IEEE 802.11 data frames, and the headers that capture tools put in front of them.

use model::MacAddr;

use super::walk::{Layer, Walk};
use super::{Inner, LinkType, MAX_DEPTH, Opaque};
use crate::bytes::{Cursor, be32, le16, le32};

/// Second octet of frame control.
const TO_DS: u8 = 0x01;
const FROM_DS: u8 = 0x02;
const PROTECTED: u8 = 0x40;
const ORDER: u8 = 0x80;

impl Walk<'_, '_> {
    /// IEEE 802.11-2020 §9.2.3 and §9.3.2.1. `padded`: the capture aligned what follows the header to four octets.
    pub(super) fn wireless(&mut self, padded: bool) -> Layer {
        let Some(&[control, flags]) = self.packet.payload.first_chunk() else { return self.short("802.11 header") };
        self.wireless_as(control, flags, padded)
    }

    /// The same in a tunnel: some controllers swap the octets of frame control, which shows in the bits of version and type.
    pub(super) fn wireless_tunnelled(&mut self) -> Layer {
        match self.packet.payload.first_chunk() {
            Some(&[flags, control]) if flags & 0x0f != 8 && control & 0x0f == 8 => self.wireless_as(control, flags, false),
            _ => self.wireless(false),
        }
    }

    fn wireless_as(&mut self, control: u8, flags: u8, padded: bool) -> Layer {
        if (control >> 2) & 3 == 1 {
            return self.done(Inner::Opaque(Opaque::NoData));
        }
        let (qos, header_len) = match self.wireless_addresses(flags, control) {
            Ok(read) => read,
            Err(end) => return end,
        };
        // Management frames, and data frames whose subtype says that they carry none.
        if (control >> 2) & 3 != 2 || control & 0x40 != 0 {
            return self.done(Inner::Opaque(Opaque::NoData));
        }
        if padded && let Err(end) = self.skip(header_len.next_multiple_of(4).saturating_sub(header_len), "802.11 padding") {
            return end;
        }
        // Some tools leave the flag on frames that they have decrypted.
        if flags & PROTECTED != 0 && !self.packet.payload.starts_with(&[0xaa, 0xaa, 0x03]) {
            return self.done(Inner::Opaque(Opaque::Encrypted));
        }
        if qos & 0x80 != 0 { self.aggregate() } else { Layer::Llc }
    }

    /// Takes the header off and notes source and destination; answers the QoS octet and the header's length.
    fn wireless_addresses(&mut self, flags: u8, control: u8) -> Result<(u8, usize), Layer> {
        const WHAT: &str = "802.11 header";
        self.skip(4, WHAT)?;
        let [one, two, three] = [self.header::<6>(WHAT)?, self.header::<6>(WHAT)?, self.header::<6>(WHAT)?].map(MacAddr);
        self.skip(2, WHAT)?;
        let mut len: usize = 24;
        let (dst, src) = match flags & (TO_DS | FROM_DS) {
            0 => (one, two),
            TO_DS => (three, two),
            FROM_DS => (one, three),
            _ => {
                len = len.saturating_add(6);
                (three, MacAddr(self.header::<6>(WHAT)?))
            }
        };
        self.packet.dst_mac = Some(dst);
        self.packet.src_mac = Some(src);
        self.link_is_outside = false;
        let mut qos = 0;
        if control & 0x8c == 0x88 {
            [qos, _] = self.header::<2>(WHAT)?;
            len = len.saturating_add(2);
            if flags & ORDER != 0 {
                self.skip(4, WHAT)?;
                len = len.saturating_add(4);
            }
        }
        Ok((qos, len))
    }

    /// IEEE 802.11-2020 §9.3.2.2: the first frame of an aggregate; the others are not read.
    fn aggregate(&mut self) -> Layer {
        match self.header::<14>("A-MSDU header") {
            Ok([d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, l0, l1]) => {
                self.packet.dst_mac = Some(MacAddr([d0, d1, d2, d3, d4, d5]));
                self.packet.src_mac = Some(MacAddr([s0, s1, s2, s3, s4, s5]));
                let len = usize::from(u16::from_be_bytes([l0, l1]));
                if len < self.packet.wire_len {
                    self.limit(len);
                }
                Layer::Llc
            }
            Err(end) => end,
        }
    }

    /// Radiotap: its length, and of its fields the flag that frames are padded.
    pub(super) fn radiotap(&mut self) -> Layer {
        let padded = radiotap_flags(self.packet.payload).unwrap_or(0) & 0x20 != 0;
        let len = le16(self.packet.payload, 2).map_or(8, usize::from).max(8);
        match self.skip(len, "radiotap header") {
            Ok(()) => self.wireless(padded),
            Err(end) => end,
        }
    }

    /// The header of Prism cards; drivers also wrote AVS headers under its number.
    pub(super) fn prism(&mut self) -> Layer {
        let bytes = self.packet.payload;
        if be32(bytes, 0).is_some_and(|magic| magic >> 4 == 0x0802_1100) {
            return self.avs();
        }
        // In the byte order of whoever captured; it is never long.
        let len = [le32(bytes, 4), be32(bytes, 4)].into_iter().flatten().find(|len| (8..=4096).contains(len));
        self.skip_to_wireless(len)
    }

    /// The header of the AVS project: a magic number and its length.
    pub(super) fn avs(&mut self) -> Layer {
        self.skip_to_wireless(be32(self.packet.payload, 4).filter(|len| (8..=4096).contains(len)))
    }

    fn skip_to_wireless(&mut self, len: Option<u32>) -> Layer {
        let Some(len) = len.and_then(|len| usize::try_from(len).ok()) else { return self.short("monitor header") };
        match self.skip(len, "monitor header") {
            Ok(()) => self.wireless(false),
            Err(end) => end,
        }
    }

    /// PPI: a header of fields, and the link type that follows it.
    pub(super) fn per_packet_information(&mut self) -> Layer {
        let link = le32(self.packet.payload, 4).and_then(|link| u16::try_from(link).ok());
        let (Some(len), Some(link)) = (le16(self.packet.payload, 2), link) else { return self.short("PPI header") };
        match self.skip(usize::from(len).max(8), "PPI header") {
            Ok(()) => Layer::Link(LinkType(link)),
            Err(end) => end,
        }
    }
}

/// The flags field, which stands behind the presence words and a time stamp aligned to its own eight octets.
fn radiotap_flags(header: &[u8]) -> Option<u8> {
    let mut cursor = Cursor::new(header);
    cursor.skip(4)?;
    let first = cursor.u32_le()?;
    let mut word = first;
    for _ in 0..MAX_DEPTH {
        if word >> 31 == 0 {
            break;
        }
        word = cursor.u32_le()?;
    }
    if first & 2 == 0 {
        return None;
    }
    if first & 1 != 0 {
        let at = header.len().saturating_sub(cursor.len());
        cursor.skip(at.next_multiple_of(8).saturating_sub(at).saturating_add(8))?;
    }
    cursor.u8()
}
