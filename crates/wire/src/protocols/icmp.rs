//! Internet Control Message Protocol for IPv4.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

use model::FactKind;

use crate::bytes::Cursor;
use crate::fact::{About, Field, Sink, Value};
use crate::protocol::{Context, Hint, Info, Protocol, Verdict};

/// Which hosts are routers, as their own messages show.
pub struct Icmp;

static INFO: Info = Info {
    id: "icmp",
    name: "ICMP",
    doc: "Redirects, router advertisements and expired hop counts come from routers and name routers (RFC 792, RFC 1256); an \
          address mask reply tells the network's size (RFC 950). Echoes say nothing.",
    hints: &[Hint::IpProtocol(1)],
};

static REDIRECTS: Field = Field::new("icmp.redirect", "ICMP redirect sent", FactKind::Router);
static GATEWAY: Field = Field::new("icmp.redirect-gateway", "ICMP redirect gateway address", FactKind::Router);
static ADVERTISED: Field = Field::new("icmp.router-advertisement", "ICMP router advertisement", FactKind::Router);
static EXPIRED: Field = Field::new("icmp.time-exceeded", "ICMP time to live exceeded in transit", FactKind::Router);
static MASK: Field = Field::new("icmp.address-mask", "ICMP address mask reply", FactKind::Prefix);

impl Protocol for Icmp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, _head: &[u8]) -> Verdict {
        Verdict::No
    }

    fn datagram(&self, context: &Context, payload: &[u8], out: &mut dyn Sink) {
        if read(context, payload, out).is_none() && !context.is_cut(payload) {
            out.malformed("ICMP message too short");
        }
    }
}

fn read(context: &Context, payload: &[u8], out: &mut dyn Sink) -> Option<()> {
    let mut cursor = Cursor::new(payload);
    let (kind, code, _checksum) = (cursor.u8()?, cursor.u8()?, cursor.u16()?);
    match (kind, code) {
        (5, _) => {
            let gateway = Ipv4Addr::from(cursor.array::<4>()?);
            out.say(About::Sender, &REDIRECTS, Value::Yes);
            router(gateway, &GATEWAY, out);
        }
        (9, _) => router_advertisement(&mut cursor, out)?,
        (11, 0) => out.say(About::Sender, &EXPIRED, Value::Yes),
        (18, _) => {
            cursor.skip(4)?;
            address_mask(context, cursor.u32()?, out);
        }
        _ => {}
    }
    Some(())
}

/// RFC 1256 §3: how many, how long each is in words, for how long they hold.
fn router_advertisement(cursor: &mut Cursor<'_>, out: &mut dyn Sink) -> Option<()> {
    let (count, words, _lifetime) = (cursor.u8()?, cursor.u8()?, cursor.u16()?);
    for _ in 0..count {
        let entry = cursor.take(usize::from(words).max(1).saturating_mul(4))?;
        router(Ipv4Addr::from(*entry.first_chunk::<4>()?), &ADVERTISED, out);
    }
    Some(())
}

fn router(ip: Ipv4Addr, field: &'static Field, out: &mut dyn Sink) {
    if !(ip.is_unspecified() || ip.is_multicast() || ip.is_broadcast()) {
        out.say(About::Ip(ip.into()), field, Value::Yes);
    }
}

fn address_mask(context: &Context, mask: u32, out: &mut dyn Sink) {
    let (Some(IpAddr::V4(src)), len) = (context.src, mask.leading_ones()) else { return };
    if len == 0 || mask.count_ones() != len {
        return;
    }
    let network = Ipv4Addr::from_bits(src.to_bits() & mask);
    out.say(About::Sender, &MASK, Value::Text(Cow::Owned(format!("{network}/{len}"))));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{Lines, datagrams};
    use crate::protocol::Direction;

    fn said(bytes: &[u8]) -> Lines {
        datagrams(&Icmp, 0, &[(Direction::ToServer, bytes)])
    }

    #[test]
    fn routers_give_themselves_away() {
        assert_eq!(
            said(&[5, 1, 0, 0, 10, 0, 0, 254]).lines,
            ["sender icmp.redirect yes", "10.0.0.254 icmp.redirect-gateway yes"]
        );
        let advertisement = [9, 0, 0, 0, 1, 2, 7, 8, 10, 0, 0, 253, 0, 0, 0, 0];
        assert_eq!(said(&advertisement).lines, ["10.0.0.253 icmp.router-advertisement yes"]);
        assert_eq!(said(&[11, 0, 0, 0, 0, 0, 0, 0]).lines, ["sender icmp.time-exceeded yes"]);
        assert_eq!(said(&[18, 0, 0, 0, 0, 0, 0, 0, 255, 255, 0, 0]).lines, ["sender icmp.address-mask 10.0.0.0/16"]);
        for cut in 0..advertisement.len() {
            assert_eq!(said(&advertisement[..cut]).malformed, ["ICMP message too short"]);
        }
    }

    #[test]
    fn echoes_say_nothing() {
        let lines = said(&[8, 0, 0, 0, 0, 1, 0, 1, 1, 2, 3]);
        assert!(lines.lines.is_empty() && lines.malformed.is_empty());
    }
}
