//! Tunnels over UDP. Ports are reused by others, so each is entered only when its header holds together.

use super::tunnel::looks_like_ethernet;
use super::walk::{Layer, Walk};
use super::{LinkType, MAX_DEPTH};
use crate::bytes::{Cursor, be16};

impl Walk<'_, '_> {
    /// A datagram on a tunnel's port: the tunnel, or plain UDP where its header is not there.
    #[cold]
    pub(super) fn udp_tunnel(&mut self, src_port: u16, dst_port: u16) -> Layer {
        let payload = self.packet.payload;
        let found = match dst_port {
            4789 | 8472 => vxlan(payload),
            6081 => geneve(payload),
            6635 => mpls(payload),
            4754 => gre(payload),
            4341 => lisp(payload, self.packet.wire_len),
            37008 => tzsp(payload),
            _ if src_port == 2152 || dst_port == 2152 => gtp(payload, self.packet.wire_len),
            _ if src_port == 5247 || dst_port == 5247 => capwap(payload),
            _ => None,
        };
        let teredo = || (src_port == 3544 || dst_port == 3544).then(|| teredo(payload, self.packet.wire_len)).flatten();
        let Some((kind, header_len, next)) = found.or_else(teredo) else { return Layer::Done };
        // GRE says itself what it is.
        if next != Layer::Transport(47) {
            self.enter(kind);
        }
        match self.skip(header_len, "tunnel header") {
            Ok(()) => next,
            Err(end) => end,
        }
    }
}

type Found = Option<(&'static str, usize, Layer)>;

/// RFC 7348 §5, with the group policy bits of draft-smith-vxlan-group-policy.
fn vxlan(payload: &[u8]) -> Found {
    let (head, frame) = payload.split_at_checked(8)?;
    let holds = match head {
        [0x08, 0, 0, 0, _, _, _, 0] | [0x88, _, _, _, _, _, _, 0] => frame.len() >= 14,
        // Reserved bits are to be passed over: believed when the frame looks like one.
        [flags, _, _, _, _, _, _, 0] if flags & 0x08 != 0 => looks_like_ethernet(frame),
        _ => false,
    };
    holds.then_some(("vxlan", 8, Layer::Ethernet))
}

/// RFC 8086 §3: version 0 without reserved bits, around what GRE usually carries.
fn gre(payload: &[u8]) -> Found {
    match payload {
        [flags, 0, 0x08, 0x00, ..] | [flags, 0, 0x86, 0xdd, ..] | [flags, 0, 0x65, 0x58, ..] if flags & 0x4f == 0 => {
            Some(("gre", 0, Layer::Transport(47)))
        }
        _ => None,
    }
}

/// RFC 8926 §3.4.
fn geneve(payload: &[u8]) -> Found {
    let &[first, flags, p0, p1, _, _, _, 0] = payload.first_chunk()? else { return None };
    if first >> 6 != 0 || flags & 0x3f != 0 {
        return None;
    }
    let next = match u16::from_be_bytes([p0, p1]) {
        0x6558 => Layer::Ethernet,
        0x0800 => Layer::Ipv4,
        0x86dd => Layer::Ipv6,
        other @ 0x0600.. => Layer::EtherType(other),
        _ => return None,
    };
    Some(("geneve", usize::from(first & 0x3f).saturating_mul(4).saturating_add(8), next))
}

/// RFC 7510 §3: one or two labels, and an IP packet under them.
fn mpls(payload: &[u8]) -> Found {
    match payload {
        [_, _, last, _, first, ..] | [_, _, _, _, _, _, last, _, first, ..] if last & 1 == 1 && matches!(first >> 4, 4 | 6) => {
            Some(("mpls", 0, Layer::EtherType(0x8847)))
        }
        _ => None,
    }
}

/// RFC 6830 §5.3: eight octets, then an IP packet that fits exactly.
fn lisp(payload: &[u8], wire_len: usize) -> Found {
    let inside = payload.get(8..)?;
    let len = match inside.first()? >> 4 {
        4 => usize::from(be16(inside, 2)?),
        6 => usize::from(be16(inside, 4)?).saturating_add(40),
        _ => return None,
    };
    (len == wire_len.saturating_sub(8)).then_some(("lisp", 8, Layer::Ip))
}

/// RFC 5415 §4.3, data channel in the clear: what wireless devices send, between access point and controller. Fragments and
/// keep-alives are left as they are.
fn capwap(payload: &[u8]) -> Found {
    let &[preamble, lengths, binding, flags] = payload.first_chunk()?;
    let header_len = usize::from(lengths >> 3).checked_mul(4)?;
    // Version and type 0; neither fragment (F) nor keep-alive (K).
    if preamble != 0 || header_len < 8 || flags & 0x88 != 0 {
        return None;
    }
    let frame = payload.get(header_len..)?;
    // The frame is Ethernet, or (T) native to the radio, of which number 1 is 802.11.
    match (binding & 1, binding >> 1 & 31) {
        (0, _) if looks_like_ethernet(frame) => Some(("capwap", header_len, Layer::Ethernet)),
        (1, 1) if frame.len() >= 24 => Some(("capwap", header_len, Layer::Wireless)),
        _ => None,
    }
}

/// 3GPP TS 29.281 §5.1, user data alone: flags, type, length, tunnel; three optional fields as one, and extensions behind them.
fn gtp(payload: &[u8], wire_len: usize) -> Found {
    let mut cursor = Cursor::new(payload);
    let (flags, kind, len) = (cursor.u8()?, cursor.u8()?, cursor.u16()?);
    if flags & 0xf0 != 0x30 || kind != 0xff || usize::from(len).saturating_add(8) != wire_len {
        return None;
    }
    cursor.skip(4)?;
    if flags & 7 != 0 {
        cursor.skip(3)?;
        // Each extension ends with the type of the next.
        for _ in 0..MAX_DEPTH {
            if cursor.u8()? == 0 {
                break;
            }
            let words = cursor.u8()?;
            cursor.skip(usize::from(words).checked_mul(4)?.checked_sub(2)?)?;
        }
    }
    let header_len = payload.len().saturating_sub(cursor.len());
    matches!(cursor.rest().first()? >> 4, 4 | 6).then_some(("gtp", header_len, Layer::Ip))
}

/// TaZmen Sniffer Protocol: version, type, what is inside, tagged fields up to an end tag.
fn tzsp(payload: &[u8]) -> Found {
    let mut cursor = Cursor::new(payload);
    let (version, kind, inside) = (cursor.u8()?, cursor.u8()?, cursor.u16()?);
    if version != 1 || kind > 1 {
        return None;
    }
    let link = match inside {
        0x01 => 1,
        0x12 => 105,
        0x77 => 119,
        0x7f => 163,
        _ => return None,
    };
    for _ in 0..64 {
        match cursor.u8()? {
            0 => {}
            1 => {
                let header_len = payload.len().saturating_sub(cursor.len());
                return Some(("tzsp", header_len, Layer::Link(LinkType(link))));
            }
            _ => {
                let len = cursor.u8()?;
                cursor.skip(usize::from(len))?;
            }
        }
    }
    None
}

/// RFC 4380 §5.1.1: authentication and origin may stand in front; what follows must be an IPv6 packet that fits exactly.
fn teredo(payload: &[u8], wire_len: usize) -> Found {
    let mut cursor = Cursor::new(payload);
    if cursor.rest().starts_with(&[0, 1]) {
        cursor.skip(2)?;
        let (id, value) = (cursor.u8()?, cursor.u8()?);
        cursor.skip(usize::from(id).saturating_add(usize::from(value)).saturating_add(9))?;
    }
    if cursor.rest().starts_with(&[0, 0]) {
        cursor.skip(8)?;
    }
    let header_len = payload.len().saturating_sub(cursor.len());
    let inside = usize::from(be16(cursor.rest(), 4)?).saturating_add(40);
    let is_ipv6 = cursor.rest().first()? >> 4 == 6;
    (is_ipv6 && inside == wire_len.saturating_sub(header_len)).then_some(("teredo", header_len, Layer::Ipv6))
}
