//! Hot Standby Router Protocol.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use model::{FactKind, MacAddr};

use crate::bytes::Cursor;
use crate::fact::{About, Field, Sink, Value};
use crate::protocol::{Context, Hint, Info, Protocol, Verdict};

/// Addresses that several Cisco routers share.
pub struct Hsrp;

static INFO: Info = Info {
    id: "hsrp",
    name: "HSRP",
    doc: "Cisco routers that stand in for each other behind one virtual MAC and IP address (RFC 2281, and Cisco's version 2). \
          Without it a virtual address looks like a device that moves.",
    hints: &[Hint::Udp(1985), Hint::Udp(2029)],
};

static ROUTER: Field = Field::new("hsrp.hello", "HSRP message sent", FactKind::Router);
static VIRTUAL: Field = Field::new("hsrp.address", "HSRP virtual address", FactKind::VirtualAddress);
static OWN_MAC: Field = Field::new("hsrp.identifier", "HSRP router identifier", FactKind::OwnMac);

impl Protocol for Hsrp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, head: &[u8]) -> Verdict {
        match head {
            // Version, operation, and a state that is 0 or one bit.
            [0, 0..=2, 0 | 1 | 2 | 4 | 8 | 16, ..] if head.len() >= 20 => Verdict::Unsure,
            // An advertisement of active and passive groups.
            [0, 3, 0, 1, ..] if head.len() >= 16 => Verdict::Unsure,
            [1, 40, 2, 0..=3, 0..=6, 4 | 6, ..] => Verdict::Unsure,
            _ => Verdict::No,
        }
    }

    fn datagram(&self, context: &Context, payload: &[u8], out: &mut dyn Sink) {
        let read = match payload.first() {
            Some(0) => version_1(context, payload, out),
            Some(_) => version_2(context, payload, out),
            None => None,
        };
        if read.is_none() && !context.is_cut(payload) {
            out.malformed("HSRP message too short");
        }
    }
}

/// RFC 2281 §5.1.
fn version_1(context: &Context, payload: &[u8], out: &mut dyn Sink) -> Option<()> {
    let mut cursor = Cursor::new(payload);
    let (_version, operation) = (cursor.u8()?, cursor.u8()?);
    router(context, out);
    if operation == 3 {
        return Some(());
    }
    // State, timers, priority; then the group, a reserved octet and the clear-text word.
    cursor.skip(4)?;
    let group = cursor.u8()?;
    cursor.skip(9)?;
    let ip = Ipv4Addr::from(cursor.array::<4>()?);
    say_virtual(MacAddr([0, 0, 0x0c, 0x07, 0xac, group]), ip.into(), group.into(), out);
    Some(())
}

/// Items of type and length; the first kind is the group's state.
fn version_2(context: &Context, payload: &[u8], out: &mut dyn Sink) -> Option<()> {
    let mut cursor = Cursor::new(payload);
    router(context, out);
    // Each turn takes two octets or more.
    while !cursor.is_empty() {
        let (kind, len) = (cursor.u8()?, cursor.u8()?);
        let value = cursor.take(len.into())?;
        if kind == 1 {
            group_state(context, value, out)?;
        }
    }
    Some(())
}

fn group_state(context: &Context, value: &[u8], out: &mut dyn Sink) -> Option<()> {
    let mut cursor = Cursor::new(value);
    let (_version, _operation, _state, ip_version) = (cursor.u8()?, cursor.u8()?, cursor.u8()?, cursor.u8()?);
    let group = cursor.u16()?;
    let identifier = MacAddr(cursor.array()?);
    // Priority, hello time, hold time.
    cursor.skip(12)?;
    let address = cursor.array::<16>()?;
    if identifier.is_interface()
        && let Some(src) = context.src
    {
        out.say(About::Ip(src), &OWN_MAC, Value::Mac(identifier));
    }
    let [high, low] = (group & 0x0fff).to_be_bytes();
    let (mac, ip): (_, IpAddr) = if ip_version == 6 {
        (MacAddr([0, 5, 0x73, 0xa0, high, low]), Ipv6Addr::from(address).into())
    } else {
        (MacAddr([0, 0, 0x0c, 0x9f, 0xf0 | high, low]), Ipv4Addr::from(*address.first_chunk::<4>()?).into())
    };
    say_virtual(mac, ip, group, out);
    Some(())
}

/// The active router's link address is the virtual one: it is known by its IP address alone.
fn router(context: &Context, out: &mut dyn Sink) {
    if let Some(src) = context.src {
        out.say(About::Ip(src), &ROUTER, Value::Yes);
    }
}

fn say_virtual(mac: MacAddr, ip: IpAddr, group: u16, out: &mut dyn Sink) {
    let about = if ip.is_unspecified() || ip.is_multicast() { About::Mac(mac) } else { About::Both(mac, ip) };
    out.say(about, &VIRTUAL, Value::Number(group.into()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{Lines, context, datagrams};
    use crate::protocol::Direction;

    fn said(bytes: &[u8]) -> Lines {
        datagrams(&Hsrp, 1985, &[(Direction::ToServer, bytes)])
    }

    #[test]
    fn both_versions_name_the_virtual_address() {
        let one = [&[0, 0, 16, 3, 10, 120, 1, 0][..], b"word\0\0\0\0", &[10, 0, 0, 254]].concat();
        let expected = ["10.0.0.1 hsrp.hello yes", "00:00:0c:07:ac:01=10.0.0.254 hsrp.address 1"];
        assert_eq!(said(&one).lines, expected);
        let two = [&[1, 40, 2, 0, 6, 4, 1, 2, 2, 0, 0, 0, 0, 9][..], &[0; 12], &[10, 0, 0, 254], &[0; 12]].concat();
        let expected = [
            "10.0.0.1 hsrp.hello yes",
            "10.0.0.1 hsrp.identifier 02:00:00:00:00:09",
            "00:00:0c:9f:f1:02=10.0.0.254 hsrp.address 258",
        ];
        assert_eq!(said(&two).lines, expected);
        let probe = |bytes: &[u8]| Hsrp.probe(&context(Direction::ToServer, 1985, bytes.len()), bytes);
        assert_eq!([probe(&one), probe(&two), probe(b"GET /")], [Verdict::Unsure, Verdict::Unsure, Verdict::No]);
        for whole in [one, two] {
            for cut in 0..whole.len() {
                let _ = said(&whole[..cut]);
            }
        }
    }
}
