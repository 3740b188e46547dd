//! Link headers: Ethernet with its tags, IEEE 802.2, loopback, Linux cooked.

use model::MacAddr;

use super::walk::{Layer, Walk};
use super::{Inner, LinkType, Opaque};

/// Type fields up to this are lengths (IEEE 802.3 §3.2.6).
const MAX_LENGTH: u16 = 1500;

impl Walk<'_, '_> {
    /// The header of a link type, by pcap's numbers.
    pub(super) fn link(&mut self, link: LinkType) -> Layer {
        match link.0 {
            1 => Layer::Ethernet,
            0 | 108 => self.loopback(),
            6 => self.token_ring(),
            9 => self.ppp_framed(),
            10 => self.fddi(),
            129 => self.arcnet(),
            12 | 14 | 101 => Layer::Ip,
            50 => self.ppp_serial(),
            51 => self.pppoe(),
            100 => Layer::Llc,
            104 => self.cisco_hdlc(),
            105 => self.wireless(false),
            107 => self.frame_relay(),
            113 => self.linux_cooked(),
            119 => self.prism(),
            127 => self.radiotap(),
            163 => self.avs(),
            192 => self.per_packet_information(),
            226 => self.solaris_ipnet(),
            // Each names a version; some writers use one of them for both.
            228 | 229 => Layer::Ip,
            239 => self.netfilter_log(),
            242 => self.infiniband(),
            258 => self.pktap(),
            276 => self.linux_cooked_2(),
            _ => Layer::Done,
        }
    }

    /// BSD loopback: the address family in the byte order of whoever captured, whose numbers differ from system to system.
    fn loopback(&mut self) -> Layer {
        let family = match self.header::<4>("loopback header") {
            Ok([a, b, 0, 0]) => u16::from_le_bytes([a, b]),
            Ok([0, 0, a, b]) => u16::from_be_bytes([a, b]),
            Ok(_) => return self.malformed("loopback address family"),
            Err(end) => return end,
        };
        match family {
            2 => Layer::Ipv4,
            10 | 23 | 24 | 26 | 28 | 30 => Layer::Ipv6,
            0x600.. => Layer::EtherType(family),
            _ => self.done(Inner::Opaque(Opaque::LinkType)),
        }
    }

    /// `SLL`: packet type, hardware type, address, protocol.
    fn linux_cooked(&mut self) -> Layer {
        match self.header::<16>("Linux cooked header") {
            Ok([_, _, h0, h1, _, len, a0, a1, a2, a3, a4, a5, _, _, p0, p1]) => {
                self.packet.src_mac = (len == 6).then_some(MacAddr([a0, a1, a2, a3, a4, a5]));
                self.cooked_protocol(u16::from_be_bytes([h0, h1]), u16::from_be_bytes([p0, p1]))
            }
            Err(end) => end,
        }
    }

    /// `SLL2`: the same with an interface index, in another order.
    fn linux_cooked_2(&mut self) -> Layer {
        match self.header::<20>("Linux cooked header") {
            Ok([p0, p1, _, _, _, _, _, _, h0, h1, _, len, a0, a1, a2, a3, a4, a5, _, _]) => {
                self.packet.src_mac = (len == 6).then_some(MacAddr([a0, a1, a2, a3, a4, a5]));
                self.cooked_protocol(u16::from_be_bytes([h0, h1]), u16::from_be_bytes([p0, p1]))
            }
            Err(end) => end,
        }
    }

    fn cooked_protocol(&mut self, hardware: u16, protocol: u16) -> Layer {
        match (hardware, protocol) {
            (803, _) => self.radiotap(),
            // Netlink and CAN are no network packets.
            (824 | 280, _) => self.done(Inner::Opaque(Opaque::NoData)),
            (_, 1) => self.done(Inner::EtherType(0x8137)),
            (_, 4) => Layer::Llc,
            _ => Layer::EtherType(protocol),
        }
    }

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
        self.link_is_outside = false;
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
            0x8847 | 0x8848 => self.mpls(),
            0x8864 => self.pppoe(),
            0x880b => Layer::Ppp,
            0x6558 => Layer::Ethernet,
            // IEEE 802.1BR E-TAG, and Cisco's VN-Tag: no VLAN, only where on an extender the port is.
            0x893f => self.foreign_tag(6),
            0x8926 => self.foreign_tag(4),
            // Cisco's metadata header, which carries a security group.
            0x8909 => self.foreign_tag(6),
            // IEEE 802.1ah: a service tag of four octets, then the customer's own frame.
            0x88e7 => match self.skip(4, "backbone service tag") {
                Ok(()) => Layer::Ethernet,
                Err(end) => end,
            },
            // IEEE 802.1AE §9.5: the E bit.
            0x88e5 if self.packet.payload.first().is_some_and(|tci| tci & 0x08 != 0) => {
                self.done(Inner::Opaque(Opaque::Encrypted))
            }
            _ => self.done(Inner::EtherType(number)),
        }
    }

    fn foreign_tag(&mut self, len: usize) -> Layer {
        if let Err(end) = self.skip(len, "port extender tag") {
            return end;
        }
        match self.header::<2>("EtherType") {
            Ok(number) => self.type_or_length(u16::from_be_bytes(number)),
            Err(end) => end,
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

    pub(super) fn snap(&mut self) -> Layer {
        let [o0, o1, o2, p0, p1] = match self.header::<5>("SNAP header") {
            Ok(header) => header,
            Err(end) => return end,
        };
        let organisation = u32::from_be_bytes([0, o0, o1, o2]);
        let protocol = u16::from_be_bytes([p0, p1]);
        match organisation {
            // RFC 1042, and 802.1H for bridges.
            0 | 0x00_00f8 => Layer::EtherType(protocol),
            // RFC 2684 §5.2: bridged frames, with and without their checksum.
            0x00_80c2 if matches!(protocol, 1 | 7) => match self.skip(2, "bridged frame") {
                Ok(()) => Layer::Ethernet,
                Err(end) => end,
            },
            _ => self.done(Inner::Snap(organisation, protocol)),
        }
    }
}
