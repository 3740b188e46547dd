//! Address Resolution Protocol.

use std::net::{IpAddr, Ipv4Addr};

use model::{FactKind, MacAddr};

use crate::bytes::Cursor;
use crate::fact::{About, Field, Sink, Value};
use crate::protocol::{Context, Hint, Info, Protocol, Verdict};

/// Which interface holds which IPv4 address.
pub struct Arp;

static INFO: Info = Info {
    id: "arp",
    name: "ARP",
    doc: "Ties the IPv4 address of whoever asks or answers to the MAC address of its interface (RFC 826), the ground that \
          every other statement about an address stands on. A probe (RFC 5227 §2.1.1) claims nothing yet and says nothing; \
          neither does the target of a request.",
    hints: &[Hint::EtherType(0x0806)],
};

static SENDER: Field = Field::new("arp.sender", "ARP sender addresses", FactKind::Binding);
static ANNOUNCED: Field = Field::new("arp.announcement", "ARP announcement (sender and target address alike)", FactKind::Binding);

impl Protocol for Arp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, _head: &[u8]) -> Verdict {
        Verdict::No
    }

    fn datagram(&self, context: &Context, payload: &[u8], out: &mut dyn Sink) {
        let Some(message) = Message::read(payload) else {
            if !context.is_cut(payload) {
                out.malformed("ARP message");
            }
            return;
        };
        if !message.is_claim() {
            return;
        }
        let field = if message.sender == message.target { &ANNOUNCED } else { &SENDER };
        out.say(About::Both(message.mac, IpAddr::V4(message.sender)), field, Value::Yes);
    }
}

/// The part that is read of a message over Ethernet-like links about IPv4.
struct Message {
    operation: u16,
    mac: MacAddr,
    sender: Ipv4Addr,
    target: Ipv4Addr,
}

impl Message {
    /// `None` when it is cut or about other address families (which [`Message::is_claim`] would refuse anyway).
    fn read(payload: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(payload);
        let (_hardware, protocol) = (cursor.u16()?, cursor.u16()?);
        let (mac_len, ip_len) = (cursor.u8()?, cursor.u8()?);
        let operation = cursor.u16()?;
        // Other links and other protocols: nothing to tie, and nothing wrong with them.
        if (protocol, mac_len, ip_len) != (0x0800, 6, 4) {
            return Some(Self { operation: 0, mac: MacAddr::ZERO, sender: Ipv4Addr::UNSPECIFIED, target: Ipv4Addr::UNSPECIFIED });
        }
        let mac = MacAddr(cursor.array()?);
        let sender = Ipv4Addr::from(cursor.array::<4>()?);
        cursor.skip(6)?;
        let target = Ipv4Addr::from(cursor.array::<4>()?);
        Some(Self { operation, mac, sender, target })
    }

    /// The sender says that it holds an address that a host can hold. Operations: request, reply, and those of inverse ARP.
    fn is_claim(&self) -> bool {
        let ip = self.sender;
        matches!(self.operation, 1 | 2 | 8 | 9)
            && self.mac.is_interface()
            && !(ip.is_unspecified() || ip.is_multicast() || ip.is_broadcast() || ip.is_loopback())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{Lines, datagrams};
    use crate::protocol::Direction;

    fn message(operation: u8, sender: [u8; 4], target: [u8; 4]) -> Vec<u8> {
        [&[0, 1, 8, 0, 6, 4, 0, operation, 2, 0, 0, 0, 0, 1][..], &sender, &[0; 6], &target].concat()
    }

    fn said(bytes: &[u8]) -> Lines {
        datagrams(&Arp, 0, &[(Direction::ToServer, bytes)])
    }

    #[test]
    fn the_sender_is_tied() {
        assert_eq!(said(&message(1, [10, 0, 0, 1], [10, 0, 0, 9])).lines, ["02:00:00:00:00:01=10.0.0.1 arp.sender yes"]);
        assert_eq!(said(&message(2, [10, 0, 0, 1], [10, 0, 0, 1])).lines, ["02:00:00:00:00:01=10.0.0.1 arp.announcement yes"]);
    }

    #[test]
    fn probes_claim_nothing() {
        let lines = said(&message(1, [0, 0, 0, 0], [10, 0, 0, 9]));
        assert!(lines.lines.is_empty() && lines.malformed.is_empty());
    }

    #[test]
    fn cut_messages_are_malformed() {
        let whole = message(1, [10, 0, 0, 1], [10, 0, 0, 9]);
        for cut in 0..whole.len() {
            assert_eq!(said(&whole[..cut]).malformed, ["ARP message"]);
        }
    }
}
