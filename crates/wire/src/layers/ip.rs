//! IPv4, IPv6 and its extension headers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::walk::{Layer, Walk};
use super::{Fragment, Inner, Ip, Opaque};

impl Walk<'_, '_> {
    /// An IP header whose version nobody has said yet.
    pub(super) fn ip(&mut self) -> Layer {
        match self.packet.payload.first().map(|first| first >> 4) {
            Some(4) => Layer::Ipv4,
            Some(6) => Layer::Ipv6,
            Some(_) => self.malformed("IP version"),
            None => self.short("IP header"),
        }
    }

    /// RFC 791 §3.1.
    #[inline]
    pub(super) fn ipv4(&mut self) -> Layer {
        let header = match self.header::<20>("IPv4 header") {
            Ok(header) => header,
            Err(end) => return end,
        };
        let [first, _, l0, l1, i0, i1, f0, f1, ttl, protocol, _, _, s0, s1, s2, s3, d0, d1, d2, d3] = header;
        if first >> 4 != 4 {
            return self.malformed("IPv4 version");
        }
        let header_len = usize::from(first & 15) << 2;
        // A length of 0 is left by network cards that cut segments themselves: then the frame says how long it is.
        let total = match usize::from(u16::from_be_bytes([l0, l1])) {
            0 => self.packet.wire_len.saturating_add(20),
            total => total,
        };
        let (Some(options), Some(len)) = (header_len.checked_sub(20), total.checked_sub(header_len)) else {
            return self.malformed("IPv4 header length");
        };
        let place = u16::from_be_bytes([f0, f1]);
        self.enter_ip();
        self.packet.ip = Some(Ip {
            src: IpAddr::V4(Ipv4Addr::new(s0, s1, s2, s3)),
            dst: IpAddr::V4(Ipv4Addr::new(d0, d1, d2, d3)),
            hop_limit: ttl,
            id: u32::from(u16::from_be_bytes([i0, i1])),
            fragment: fragment(place & 0x1fff, place & 0x2000 != 0),
            protocol,
        });
        if options > 0
            && let Err(end) = self.skip(options, "IPv4 options")
        {
            return end;
        }
        self.limit(len);
        self.transport_or_fragment(protocol, place & 0x3fff != 0)
    }

    /// RFC 8200 §3. Jumbograms are not read as such; a length of 0 means that the frame says how long it is.
    #[inline]
    pub(super) fn ipv6(&mut self) -> Layer {
        let header = match self.header::<40>("IPv6 header") {
            Ok(header) => header,
            Err(end) => return end,
        };
        let ([first, _, _, _, l0, l1, next, hop_limit], src, dst) = split_ipv6(&header);
        if first >> 4 != 6 {
            return self.malformed("IPv6 version");
        }
        self.enter_ip();
        self.packet.ip =
            Some(Ip { src: IpAddr::V6(src), dst: IpAddr::V6(dst), hop_limit, id: 0, fragment: None, protocol: next });
        match usize::from(u16::from_be_bytes([l0, l1])) {
            0 => {}
            len => self.limit(len),
        }
        self.transport(next)
    }

    #[inline]
    fn transport_or_fragment(&mut self, protocol: u8, is_fragment: bool) -> Layer {
        if is_fragment { self.done(Inner::Fragment) } else { self.transport(protocol) }
    }

    /// What an IP protocol number names.
    #[inline]
    pub(super) fn transport(&mut self, protocol: u8) -> Layer {
        match protocol {
            6 => self.tcp(),
            17 => self.udp(),
            _ => self.other_protocol(protocol),
        }
    }

    fn other_protocol(&mut self, protocol: u8) -> Layer {
        match protocol {
            // Hop-by-hop, routing, destination, mobility, HIP and shim6 headers share one form (RFC 6564 §4). Mobility and
            // HIP usually stand last and are messages themselves: only where something follows are they peeled.
            0 | 43 | 60 => self.extension(8),
            135 | 139 | 140 if self.packet.payload.first().is_some_and(|next| *next != 59) => self.extension(8),
            51 => self.authentication(),
            44 => self.fragment_header(),
            4 | 41 => self.ip_in_ip(protocol),
            47 => self.gre(),
            97 => self.ether_ip(),
            103 => self.pim(),
            // RFC 8986 §4.9: an Ethernet frame behind a segment routing header.
            143 => {
                self.enter("srv6");
                Layer::Ethernet
            }
            137 => self.mpls(),
            50 => self.done(Inner::Opaque(Opaque::Encrypted)),
            _ => self.done(Inner::IpProtocol(protocol)),
        }
    }

    /// RFC 8200 §4.3: next header, length in units of eight octets without the first eight.
    fn extension(&mut self, unit: usize) -> Layer {
        let Some(&[next, len]) = self.packet.payload.first_chunk() else {
            return self.short("IPv6 extension header");
        };
        self.follow(next, usize::from(len).saturating_add(1).saturating_mul(unit))
    }

    /// RFC 4302 §2: length in units of four octets, less two.
    fn authentication(&mut self) -> Layer {
        let Some(&[next, len]) = self.packet.payload.first_chunk() else {
            return self.short("AH header");
        };
        self.follow(next, usize::from(len).saturating_add(2).saturating_mul(4))
    }

    fn follow(&mut self, next: u8, len: usize) -> Layer {
        if let Err(end) = self.skip(len, "IP extension header") {
            return end;
        }
        if let Some(ip) = &mut self.packet.ip {
            ip.protocol = next;
        }
        Layer::Transport(next)
    }

    /// RFC 8200 §4.5; a fragment that is the whole packet is none (RFC 6946).
    fn fragment_header(&mut self) -> Layer {
        let [next, _, p0, p1, i0, i1, i2, i3] = match self.header::<8>("IPv6 fragment header") {
            Ok(header) => header,
            Err(end) => return end,
        };
        let place = u16::from_be_bytes([p0, p1]);
        let fragment = fragment(place >> 3, place & 1 != 0);
        if let Some(ip) = &mut self.packet.ip {
            ip.protocol = next;
            ip.id = u32::from_be_bytes([i0, i1, i2, i3]);
            ip.fragment = fragment;
        }
        if fragment.is_some() { self.done(Inner::Fragment) } else { Layer::Transport(next) }
    }
}

/// A place in units of eight octets, as both versions count.
#[inline]
fn fragment(units: u16, more: bool) -> Option<Fragment> {
    (units != 0 || more).then(|| Fragment { offset: u32::from(units) << 3, more })
}

#[inline]
fn split_ipv6(header: &[u8; 40]) -> ([u8; 8], Ipv6Addr, Ipv6Addr) {
    let mut rest = header.as_slice();
    let mut take = || {
        let (address, tail) = rest.split_last_chunk::<16>().unwrap_or((rest, &[0; 16]));
        rest = address;
        Ipv6Addr::from(*tail)
    };
    let (dst, src) = (take(), take());
    (rest.first_chunk().copied().unwrap_or_default(), src, dst)
}
