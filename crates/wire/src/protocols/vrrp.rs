//! Virtual Router Redundancy Protocol, and CARP, which took its number.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use model::{FactKind, MacAddr};

use crate::bytes::Cursor;
use crate::fact::{About, Field, Sink, Value};
use crate::protocol::{Context, Hint, Info, Protocol, Verdict};

/// Addresses that several routers share.
pub struct Vrrp;

static INFO: Info = Info {
    id: "vrrp",
    name: "VRRP",
    doc: "Routers that stand in for each other behind one virtual MAC and IP address (RFC 3768, RFC 5798; OpenBSD's CARP under the \
          same number). Without it a virtual address looks like a device that moves.",
    hints: &[Hint::IpProtocol(112)],
};

static ROUTER: Field = Field::new("vrrp.advertisement", "VRRP advertisement sent", FactKind::Router);
static VIRTUAL: Field = Field::new("vrrp.address", "VRRP virtual address", FactKind::VirtualAddress);

impl Protocol for Vrrp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, _head: &[u8]) -> Verdict {
        Verdict::No
    }

    fn datagram(&self, context: &Context, payload: &[u8], out: &mut dyn Sink) {
        if read(context, payload, out).is_none() && !context.is_cut(payload) {
            out.malformed("VRRP message too short");
        }
    }
}

fn read(context: &Context, payload: &[u8], out: &mut dyn Sink) -> Option<()> {
    let mut cursor = Cursor::new(payload);
    let (head, router_id, _priority, count) = (cursor.u8()?, cursor.u8()?, cursor.u8()?, cursor.u8()?);
    if head & 15 != 1 || !matches!(head >> 4, 2 | 3) {
        out.malformed("VRRP version or type");
        return Some(());
    }
    let is_v6 = matches!(context.src, Some(IpAddr::V6(_)));
    let mac = MacAddr([0, 0, 0x5e, 0, if is_v6 { 2 } else { 1 }, router_id]);
    // The sender's link address is the virtual one: the router itself is known by its IP address alone.
    if let Some(src) = context.src {
        out.say(About::Ip(src), &ROUTER, Value::Yes);
    }
    out.say(About::Mac(mac), &VIRTUAL, Value::Number(router_id.into()));
    // CARP has seven words of authentication where the number of addresses stands, and names none.
    if head == 0x21 && count == 7 && payload.len() == 36 {
        return Some(());
    }
    cursor.skip(4)?;
    for _ in 0..count {
        let ip: IpAddr =
            if is_v6 { Ipv6Addr::from(cursor.array::<16>()?).into() } else { Ipv4Addr::from(cursor.array::<4>()?).into() };
        if !(ip.is_unspecified() || ip.is_multicast()) {
            out.say(About::Both(mac, ip), &VIRTUAL, Value::Number(router_id.into()));
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{Lines, datagrams};
    use crate::protocol::Direction;

    fn said(bytes: &[u8]) -> Lines {
        datagrams(&Vrrp, 0, &[(Direction::ToServer, bytes)])
    }

    #[test]
    fn the_virtual_address_is_named() {
        let message = [0x21, 7, 100, 1, 0, 1, 0, 0, 10, 0, 0, 254, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(
            said(&message).lines,
            [
                "10.0.0.1 vrrp.advertisement yes",
                "00:00:5e:00:01:07 vrrp.address 7",
                "00:00:5e:00:01:07=10.0.0.254 vrrp.address 7"
            ]
        );
        for cut in 0..12 {
            assert_eq!(said(&message[..cut]).malformed, ["VRRP message too short"]);
        }
        assert_eq!(said(&[0x10, 7, 100, 1]).malformed, ["VRRP version or type"]);
    }
}
