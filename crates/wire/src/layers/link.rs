//! Link headers: Ethernet with its tags, IEEE 802.2.

use model::MacAddr;

use super::walk::{Layer, Walk};
use super::{Inner, LinkType};

/// Type fields up to this are lengths (IEEE 802.3 §3.2.6).
const MAX_LENGTH: u16 = 1500;

impl LinkType {
    /// What stands at the front of a frame.
    #[inline]
    pub(super) const fn first_layer(self) -> Layer {
        match self.0 {
            1 => Layer::Ethernet,
            12 | 14 | 101 => Layer::Ip,
            228 => Layer::Ipv4,
            229 => Layer::Ipv6,
            _ => Layer::Done,
        }
    }
}

impl Walk<'_> {
    /// IEEE 802.3 §3.1.1.
    #[inline]
    pub(super) fn ethernet(&mut self) -> Layer {
        let header = match self.header::<14>("Ethernet header") {
            Ok(header) => header,
            Err(end) => return end,
        };
        let [d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, t0, t1] = header;
        self.packet.dst_mac = Some(MacAddr([d0, d1, d2, d3, d4, d5]));
        self.packet.src_mac = Some(MacAddr([s0, s1, s2, s3, s4, s5]));
        self.packet.vlans = [0; 2];
        self.type_or_length(u16::from_be_bytes([t0, t1]))
    }

    /// What the two octets behind addresses or a tag say.
    #[inline]
    fn type_or_length(&mut self, number: u16) -> Layer {
        match number {
            0x0800 => Layer::Ipv4,
            0x86dd => Layer::Ipv6,
            0..=MAX_LENGTH => {
                if usize::from(number) < self.packet.wire_len {
                    self.limit(usize::from(number));
                }
                Layer::Llc
            }
            _ => Layer::EtherType(number),
        }
    }

    pub(super) fn ether_type(&mut self, number: u16) -> Layer {
        match number {
            0x0800 => Layer::Ipv4,
            0x86dd => Layer::Ipv6,
            0x8100 | 0x88a8 | 0x9100 | 0x9200 | 0x9300 => self.tag(),
            _ => self.done(Inner::EtherType(number)),
        }
    }

    /// IEEE 802.1Q §9.6. Where tags are stacked deeper than two, the outer two are kept.
    fn tag(&mut self) -> Layer {
        let [c0, c1, t0, t1] = match self.header::<4>("VLAN tag") {
            Ok(header) => header,
            Err(end) => return end,
        };
        let id = u16::from_be_bytes([c0 & 0x0f, c1]);
        match &mut self.packet.vlans {
            [outer @ 0, _] => *outer = id,
            [_, inner @ 0] => *inner = id,
            _ => {}
        }
        self.type_or_length(u16::from_be_bytes([t0, t1]))
    }

    /// IEEE 802.2 §3.2, and SNAP (IEEE 802 §9.2) where the header says so.
    pub(super) fn llc(&mut self) -> Layer {
        // Novell's raw frames have no 802.2 header: IPX begins at once, with a checksum that is always ones.
        if self.packet.payload.starts_with(&[0xff, 0xff]) {
            return self.done(Inner::EtherType(0x8137));
        }
        let [dsap, _ssap, control] = match self.header::<3>("802.2 header") {
            Ok(header) => header,
            Err(end) => return end,
        };
        // Information and supervisory frames have a control field of two octets (IEEE 802.2 §5.2).
        if control & 3 != 3
            && let Err(end) = self.skip(1, "802.2 control field")
        {
            return end;
        }
        if dsap == 0xaa { self.snap() } else { self.done(Inner::Llc(dsap & 0xfe)) }
    }

    fn snap(&mut self) -> Layer {
        let [o0, o1, o2, p0, p1] = match self.header::<5>("SNAP header") {
            Ok(header) => header,
            Err(end) => return end,
        };
        let organisation = u32::from_be_bytes([0, o0, o1, o2]);
        let protocol = u16::from_be_bytes([p0, p1]);
        match organisation {
            // RFC 1042, and 802.1H for bridges.
            0 | 0x00_00f8 => Layer::EtherType(protocol),
            _ => self.done(Inner::Snap(organisation, protocol)),
        }
    }
}
