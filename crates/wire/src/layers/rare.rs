//! Link types that are seldom met: rings, kernels' own views of their traffic, and other fabrics.

use model::MacAddr;

use super::walk::{Layer, Walk};
use super::{Inner, LinkType, MAX_DEPTH, Opaque};
use crate::bytes::{Cursor, le32};

impl Walk<'_, '_> {
    /// ANSI X3.139: frame control, addresses; what is not an LLC frame is the ring's own business.
    pub(super) fn fddi(&mut self) -> Layer {
        match self.header::<13>("FDDI header") {
            Ok([control, d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5]) => {
                self.packet.dst_mac = Some(MacAddr([d0, d1, d2, d3, d4, d5]));
                self.packet.src_mac = Some(MacAddr([s0, s1, s2, s3, s4, s5]));
                if control & 0xf0 == 0x50 { Layer::Llc } else { self.done(Inner::Opaque(Opaque::NoData)) }
            }
            Err(end) => end,
        }
    }

    /// IEEE 802.5: access and frame control, addresses, and a route where the source's group bit says so.
    pub(super) fn token_ring(&mut self) -> Layer {
        let [_, control, d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5] = match self.header::<14>("token ring header") {
            Ok(header) => header,
            Err(end) => return end,
        };
        self.packet.dst_mac = Some(MacAddr([d0, d1, d2, d3, d4, d5]));
        self.packet.src_mac = Some(MacAddr([s0 & 0x7f, s1, s2, s3, s4, s5]));
        if control & 0xc0 != 0x40 {
            return self.done(Inner::Opaque(Opaque::NoData));
        }
        if s0 & 0x80 != 0 {
            let route = self.packet.payload.first().map_or(2, |first| usize::from(first & 0x1f).max(2));
            if let Err(end) = self.skip(route, "token ring route") {
                return end;
            }
        }
        Layer::Llc
    }

    /// Darwin's PKTAP: length of the header, type of record, then the link type of what follows.
    pub(super) fn pktap(&mut self) -> Layer {
        let bytes = self.packet.payload;
        let [len, record, link] = [le32(bytes, 0), le32(bytes, 4), le32(bytes, 8)];
        let (Some(len), Some(link)) =
            (len.and_then(|len| usize::try_from(len).ok()), link.and_then(|link| u16::try_from(link).ok()))
        else {
            return self.short("PKTAP header");
        };
        if record != Some(1) || len < 12 {
            return self.done(Inner::Opaque(Opaque::NoData));
        }
        match self.skip(len, "PKTAP header") {
            Ok(()) => Layer::Link(LinkType(link)),
            Err(end) => end,
        }
    }

    /// Linux's NFLOG: a family, then items of host byte order until the one that is the packet.
    pub(super) fn netfilter_log(&mut self) -> Layer {
        let family = match self.header::<4>("NFLOG header") {
            Ok([family, 0, _, _]) => family,
            Ok(_) => return self.malformed("NFLOG version"),
            Err(end) => return end,
        };
        for _ in 0..MAX_DEPTH {
            let mut cursor = Cursor::new(self.packet.payload);
            let (Some(len), Some(kind)) = (cursor.u16_le(), cursor.u16_le()) else { break };
            let padded = usize::from(len).next_multiple_of(4);
            if kind == 9 {
                if let Err(end) = self.skip(4, "NFLOG item") {
                    return end;
                }
                self.limit(usize::from(len).saturating_sub(4));
                return match family {
                    2 => Layer::Ipv4,
                    10 => Layer::Ipv6,
                    _ => self.done(Inner::Opaque(Opaque::LinkType)),
                };
            }
            if padded < 4 || self.skip(padded, "NFLOG item").is_err() {
                break;
            }
        }
        self.short("NFLOG without a packet")
    }

    /// ARCnet as Linux captures it: two addresses of an octet, an offset, the protocol; newer ones have three fields more.
    pub(super) fn arcnet(&mut self) -> Layer {
        let protocol = match self.header::<5>("ARCnet header") {
            Ok([_, _, _, _, protocol]) => protocol,
            Err(end) => return end,
        };
        if matches!(protocol, 0xd4..=0xd6)
            && let Err(end) = self.skip(3, "ARCnet header")
        {
            return end;
        }
        match protocol {
            0xf0 | 0xd4 => Layer::Ipv4,
            0xf1 | 0xd5 => Layer::EtherType(0x0806),
            _ => self.done(Inner::Opaque(Opaque::NoData)),
        }
    }

    /// Solaris' view of its own IP traffic: version, family and what is of interest to Solaris alone.
    pub(super) fn solaris_ipnet(&mut self) -> Layer {
        match self.header::<24>("IPNET header") {
            Ok([_, 2, ..]) => Layer::Ipv4,
            Ok([_, 26, ..]) => Layer::Ipv6,
            Ok(_) => self.done(Inner::Opaque(Opaque::NoData)),
            Err(end) => end,
        }
    }

    /// IP over InfiniBand (RFC 4391 §6): the fabric's own header of 40 octets, then an EtherType and two reserved octets.
    pub(super) fn infiniband(&mut self) -> Layer {
        if let Err(end) = self.skip(40, "InfiniBand header") {
            return end;
        }
        match self.header::<4>("InfiniBand header") {
            Ok([t0, t1, _, _]) => Layer::EtherType(u16::from_be_bytes([t0, t1])),
            Err(end) => end,
        }
    }
}
