//! Internet Group Management Protocol.

use std::net::{IpAddr, Ipv4Addr};

use model::FactKind;

use crate::bytes::Cursor;
use crate::fact::{About, Field, Sink, Value};
use crate::protocol::{Context, Hint, Info, Protocol, Verdict};

/// Which groups a device listens to, and who asks.
pub struct Igmp;

static INFO: Info = Info {
    id: "igmp",
    name: "IGMP",
    doc: "The multicast groups a host joins (RFC 1112, RFC 2236, RFC 3376), which monitors and their central stations use to find \
          each other, and the router that asks for them.",
    hints: &[Hint::IpProtocol(2)],
};

static JOINED: Field = Field::new("igmp.report", "IGMP group joined", FactKind::Group);
static QUERIER: Field = Field::new("igmp.query", "IGMP querier", FactKind::Router);

impl Protocol for Igmp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, _head: &[u8]) -> Verdict {
        Verdict::No
    }

    fn datagram(&self, context: &Context, payload: &[u8], out: &mut dyn Sink) {
        if read(context, payload, out).is_none() && !context.is_cut(payload) {
            out.malformed("IGMP message too short");
        }
    }
}

fn read(context: &Context, payload: &[u8], out: &mut dyn Sink) -> Option<()> {
    let mut cursor = Cursor::new(payload);
    let (kind, _code, _checksum) = (cursor.u8()?, cursor.u8()?, cursor.u16()?);
    match kind {
        // Switches that stand in for a querier ask from no address (RFC 4541 §2.1.1).
        0x11 if context.src.is_some_and(|ip| !ip.is_unspecified()) => out.say(About::Sender, &QUERIER, Value::Yes),
        0x12 | 0x16 => joined(cursor.array()?, out),
        0x22 => records(&mut cursor, out)?,
        _ => {}
    }
    Some(())
}

/// RFC 3376 §4.2.
fn records(cursor: &mut Cursor<'_>, out: &mut dyn Sink) -> Option<()> {
    let (_reserved, count) = (cursor.u16()?, cursor.u16()?);
    for _ in 0..count {
        let (kind, auxiliary, sources) = (cursor.u8()?, cursor.u8()?, cursor.u16()?);
        let group = cursor.array()?;
        cursor.skip(usize::from(sources).saturating_add(usize::from(auxiliary)).saturating_mul(4))?;
        if is_joined(kind, sources) {
            joined(group, out);
        }
    }
    Some(())
}

/// The record says that its sender listens: to all but some sources, or to some (RFC 3376 §4.2.12; RFC 3810 alike).
pub(super) const fn is_joined(kind: u8, sources: u16) -> bool {
    match kind {
        2 | 4 => true,
        1 | 3 | 5 => sources > 0,
        _ => false,
    }
}

fn joined(group: [u8; 4], out: &mut dyn Sink) {
    let group = Ipv4Addr::from(group);
    if group.is_multicast() {
        out.say(About::Sender, &JOINED, Value::Ip(IpAddr::V4(group)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{Lines, datagrams};
    use crate::protocol::Direction;

    fn said(bytes: &[u8]) -> Lines {
        datagrams(&Igmp, 0, &[(Direction::ToServer, bytes)])
    }

    #[test]
    fn groups_and_querier() {
        assert_eq!(said(&[0x11, 100, 0, 0, 0, 0, 0, 0]).lines, ["sender igmp.query yes"]);
        assert_eq!(said(&[0x16, 0, 0, 0, 239, 1, 2, 3]).lines, ["sender igmp.report 239.1.2.3"]);
        let report = [0x22, 0, 0, 0, 0, 0, 0, 2, 4, 0, 0, 0, 239, 1, 2, 3, 3, 0, 0, 0, 239, 1, 2, 4];
        assert_eq!(said(&report).lines, ["sender igmp.report 239.1.2.3"]);
        for cut in 0..report.len() {
            assert_eq!(said(&report[..cut]).malformed, ["IGMP message too short"]);
        }
    }
}
