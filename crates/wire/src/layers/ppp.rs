//! PPP and its cousins on serial lines and DSL.

use super::walk::{Layer, Walk};
use super::{Inner, Opaque};

impl Walk<'_, '_> {
    /// RFC 1661 §2: the protocol, which may be shortened to one octet (§6.5); address and control before it are let go.
    pub(super) fn ppp(&mut self) -> Layer {
        if self.packet.payload.starts_with(&[0xff, 0x03])
            && let Err(end) = self.skip(2, "PPP header")
        {
            return end;
        }
        let protocol = match self.packet.payload {
            [short, ..] if short & 1 == 1 => self.skip(1, "PPP protocol").map(|()| u16::from(*short)),
            _ => self.header::<2>("PPP protocol").map(u16::from_be_bytes),
        };
        match protocol {
            Ok(0x0021) => Layer::Ipv4,
            Ok(0x0057) => Layer::Ipv6,
            Ok(0x0281 | 0x0283) => self.mpls(),
            // Compressed and encrypted datagrams (RFC 1962, RFC 1968), by state that a listener does not have.
            Ok(0x0053 | 0x0055 | 0x00fd | 0x00fb) => self.done(Inner::Opaque(Opaque::Encrypted)),
            Ok(_) => self.done(Inner::Opaque(Opaque::NoData)),
            Err(end) => end,
        }
    }

    /// Link type `PPP`: some systems put a direction octet in front.
    pub(super) fn ppp_framed(&mut self) -> Layer {
        match self.packet.payload {
            [0 | 1, 0xff, 0x03, ..] => self.skip(1, "PPP direction").map_or_else(|end| end, |()| Layer::Ppp),
            _ => Layer::Ppp,
        }
    }

    /// Link type `PPP_SERIAL`: PPP in HDLC-like frames (RFC 1662), or Cisco's HDLC, by the address octet.
    pub(super) fn ppp_serial(&mut self) -> Layer {
        match self.packet.payload.first() {
            Some(0x0f | 0x8f) => self.cisco_hdlc(),
            _ => Layer::Ppp,
        }
    }

    /// RFC 2516 §4, session stage.
    pub(super) fn pppoe(&mut self) -> Layer {
        let [version, code, _, _, l0, l1] = match self.header::<6>("PPPoE header") {
            Ok(header) => header,
            Err(end) => return end,
        };
        if version != 0x11 {
            return self.malformed("PPPoE version");
        }
        if code != 0 {
            return self.done(Inner::EtherType(0x8863));
        }
        let len = usize::from(u16::from_be_bytes([l0, l1]));
        if len < self.packet.wire_len {
            self.limit(len);
        }
        self.enter("pppoe");
        Layer::Ppp
    }

    /// RFC 1547 §4.3.1: address, control, EtherType.
    pub(super) fn cisco_hdlc(&mut self) -> Layer {
        match self.header::<4>("Cisco HDLC header") {
            Ok([_, _, 0x20, 0x00]) => self.done(Inner::Snap(0x0c, 0x2000)),
            Ok([_, _, t0, t1]) => Layer::EtherType(u16::from_be_bytes([t0, t1])),
            Err(end) => end,
        }
    }

    /// Frame relay with an address of two to four octets, of which the last says so (Q.922 §3.2): RFC 2427 §3, or Cisco's
    /// EtherType in its place.
    pub(super) fn frame_relay(&mut self) -> Layer {
        let address_len = match self.packet.payload {
            [a0, a1, ..] if a0 & 1 == 0 && a1 & 1 == 1 => 2,
            [a0, a1, a2, ..] if (a0 | a1) & 1 == 0 && a2 & 1 == 1 => 3,
            [a0, a1, a2, a3, ..] if (a0 | a1 | a2) & 1 == 0 && a3 & 1 == 1 => 4,
            [_, _, _, _, ..] => return self.malformed("frame relay address"),
            _ => return self.short("frame relay address"),
        };
        let header = self.skip(address_len, "frame relay address").and_then(|()| self.header::<2>("frame relay header"));
        let [control, next] = match header {
            Ok(header) => header,
            Err(end) => return end,
        };
        match (control, next) {
            (0x03, 0x00) => match self.packet.payload {
                // A pad octet in front of SNAP.
                [0x80, ..] => self.skip(1, "frame relay NLPID").map_or_else(|end| end, |()| self.snap()),
                _ => self.done(Inner::Opaque(Opaque::NoData)),
            },
            (0x03, 0x80) => self.snap(),
            (0x03, 0xcc) => Layer::Ipv4,
            (0x03, 0x8e) => Layer::Ipv6,
            (0x03, _) => self.done(Inner::Opaque(Opaque::NoData)),
            (0x20, 0x00) => self.done(Inner::Snap(0x0c, 0x2000)),
            _ => Layer::EtherType(u16::from_be_bytes([control, next])),
        }
    }
}
