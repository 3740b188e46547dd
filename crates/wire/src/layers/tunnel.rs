//! Tunnels straight in IP or under an EtherType: MPLS, GRE with ERSPAN and PPTP, IP in IP.

use std::net::IpAddr;

use super::walk::{Layer, Walk};
use super::{Inner, MAX_DEPTH, Opaque};
use crate::bytes::be16;

/// First octet of GRE: checksum, routing, key and sequence number are present.
const CHECKSUM: u8 = 0x80;
const ROUTING: u8 = 0x40;
const KEY: u8 = 0x20;
const SEQUENCE: u8 = 0x10;

impl Walk<'_, '_> {
    /// RFC 2003, RFC 4213 and RFC 2473.
    pub(super) fn ip_in_ip(&mut self, protocol: u8) -> Layer {
        let outer_v4 = self.packet.ip.is_some_and(|ip| matches!(ip.src, IpAddr::V4(_)));
        self.enter(if outer_v4 && protocol == 41 { "6in4" } else { "ipip" });
        if protocol == 4 { Layer::Ipv4 } else { Layer::Ipv6 }
    }

    /// RFC 3378.
    pub(super) fn ether_ip(&mut self) -> Layer {
        match self.header::<2>("EtherIP header") {
            Ok([version, _]) if version >> 4 == 3 => {
                self.enter("etherip");
                Layer::Ethernet
            }
            Ok(_) => self.malformed("EtherIP version"),
            Err(end) => end,
        }
    }

    /// RFC 7761 §4.9.3: a register message carries the packet that is to be passed on; others are messages themselves.
    pub(super) fn pim(&mut self) -> Layer {
        let null_register = self.packet.payload.get(4).is_some_and(|flags| flags & 0x40 != 0);
        if self.packet.payload.first() != Some(&0x21) || null_register || self.packet.payload.len() < 28 {
            return self.done(Inner::IpProtocol(103));
        }
        self.enter("pim");
        match self.skip(8, "PIM register") {
            Ok(()) => Layer::Ip,
            Err(end) => end,
        }
    }

    /// RFC 3032 §2.1. Labels do not say what they carry: explicit nulls do, else the first bits are asked, as routers do for
    /// load sharing (RFC 4928), and Ethernet is believed behind a control word (RFC 4448 §4.6) or with a type that fits.
    pub(super) fn mpls(&mut self) -> Layer {
        self.enter("mpls");
        for _ in 0..MAX_DEPTH {
            let [l0, l1, l2, _ttl] = match self.header::<4>("MPLS label") {
                Ok(header) => header,
                Err(end) => return end,
            };
            if l2 & 1 == 0 {
                continue;
            }
            return match u32::from_be_bytes([0, l0, l1, l2]) >> 4 {
                0 => Layer::Ipv4,
                2 => Layer::Ipv6,
                _ => self.label_payload(),
            };
        }
        self.done(Inner::Opaque(Opaque::TooDeep))
    }

    fn label_payload(&mut self) -> Layer {
        match self.packet.payload {
            [first, ..] if first >> 4 == 4 && first & 15 >= 5 => Layer::Ipv4,
            [first, ..] if first >> 4 == 6 && !looks_like_ethernet(self.packet.payload) => Layer::Ipv6,
            [0, 0, _, _, frame @ ..] if looks_like_ethernet(frame) => match self.skip(4, "control word") {
                Ok(()) => Layer::Ethernet,
                Err(end) => end,
            },
            frame if looks_like_ethernet(frame) => Layer::Ethernet,
            [] => self.short("MPLS payload"),
            _ => self.done(Inner::EtherType(0x8847)),
        }
    }

    /// RFC 2784, RFC 2890, RFC 1701 for source routes, RFC 2637 §4.1 for version 1.
    pub(super) fn gre(&mut self) -> Layer {
        let [flags, version, p0, p1] = match self.header::<4>("GRE header") {
            Ok(header) => header,
            Err(end) => return end,
        };
        let protocol = u16::from_be_bytes([p0, p1]);
        let read = match version & 7 {
            0 => self.gre_options(flags),
            1 => self.pptp_options(flags, version),
            _ => return self.malformed("GRE version"),
        };
        if let Err(end) = read {
            return end;
        }
        match protocol {
            // Without sequence numbers it is ERSPAN's first type, which has no header of its own.
            0x88be if flags & SEQUENCE == 0 => self.erspan(0),
            0x88be => self.erspan(8),
            0x22eb => self.erspan_3(),
            // Aruba's access points and controllers put 802.11 frames into GRE, numbered by queue.
            0x8200..=0x83f0 if protocol & 15 == 0 => {
                self.enter("gre");
                self.wireless(false)
            }
            _ => {
                self.enter("gre");
                self.gre_payload(protocol)
            }
        }
    }

    fn gre_payload(&mut self, protocol: u16) -> Layer {
        match (protocol, self.packet.payload) {
            // WCCP redirects with a header of its own in newer versions.
            (0x883e, [first, ..]) if first >> 4 != 4 => match self.skip(4, "WCCP header") {
                Ok(()) => Layer::Ipv4,
                Err(end) => end,
            },
            (0x883e, _) => Layer::Ipv4,
            // Here Cisco's metadata header has the type of what follows in front.
            (0x8909, _) => match self.header::<8>("Cisco metadata header") {
                Ok([t0, t1, ..]) => Layer::EtherType(u16::from_be_bytes([t0, t1])),
                Err(end) => end,
            },
            _ => Layer::EtherType(protocol),
        }
    }

    fn gre_options(&mut self, flags: u8) -> Result<(), Layer> {
        const WHAT: &str = "GRE options";
        if flags & (CHECKSUM | ROUTING) != 0 {
            self.skip(4, WHAT)?;
        }
        if flags & KEY != 0 {
            self.skip(4, WHAT)?;
        }
        if flags & SEQUENCE != 0 {
            self.skip(4, WHAT)?;
        }
        if flags & ROUTING == 0 {
            return Ok(());
        }
        for _ in 0..MAX_DEPTH {
            let [f0, f1, _, len] = self.header::<4>("GRE source route")?;
            if [f0, f1, len] == [0, 0, 0] {
                return Ok(());
            }
            self.skip(usize::from(len), "GRE source route")?;
        }
        Err(self.malformed("GRE source route"))
    }

    /// The key holds payload length and call; a packet that only acknowledges carries nothing.
    fn pptp_options(&mut self, flags: u8, version: u8) -> Result<(), Layer> {
        const WHAT: &str = "PPTP GRE header";
        let [l0, l1, _, _] = self.header::<4>(WHAT)?;
        if flags & SEQUENCE != 0 {
            self.skip(4, WHAT)?;
        }
        if version & 0x80 != 0 {
            self.skip(4, WHAT)?;
        }
        match usize::from(u16::from_be_bytes([l0, l1])) {
            0 => Err(self.done(Inner::Opaque(Opaque::NoData))),
            len => {
                if len < self.packet.wire_len {
                    self.limit(len);
                }
                Ok(())
            }
        }
    }

    /// draft-foschiano-erspan §4: types II and III differ in the length of their header.
    fn erspan(&mut self, header_len: usize) -> Layer {
        self.enter("erspan");
        match self.skip(header_len, "ERSPAN header") {
            Ok(()) => Layer::Ethernet,
            Err(end) => end,
        }
    }

    /// Twelve octets, and eight more where the last bit says so; bits 10 to 14 of the last word say what was mirrored.
    fn erspan_3(&mut self) -> Layer {
        let last = be16(self.packet.payload, 10).unwrap_or(0);
        let end = self.erspan(if last & 1 == 0 { 12 } else { 20 });
        match last >> 10 & 31 {
            _ if end != Layer::Ethernet => end,
            0 => Layer::Ethernet,
            2 => Layer::Ip,
            _ => self.done(Inner::Opaque(Opaque::NoData)),
        }
    }
}

/// Two addresses and a type or tag that is usual inside.
pub(super) fn looks_like_ethernet(frame: &[u8]) -> bool {
    matches!(be16(frame, 12), Some(0x0800 | 0x0806 | 0x8100 | 0x86dd | 0x8847 | 0x88a8 | 0x8863 | 0x8864 | 0x88cc))
        || matches!(frame.get(..6), Some([0x01, 0x80 | 0x00, 0xc2 | 0x0c, ..]))
}
