//! Cisco Discovery Protocol, and the form of items that Foundry's protocol shares with it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use model::FactKind;

use crate::bytes::Cursor;
use crate::fact::{About, Field, Sink, Value};
use crate::protocol::{Context, Hint, Info, Protocol, Verdict};

/// What Cisco's devices, and telephones of other makers, say to the switch port they hang on.
pub struct Cdp;

static INFO: Info = Info {
    id: "cdp",
    name: "CDP",
    doc: "Device id, platform, software, capabilities, addresses, port and native VLAN of switches, routers, access points and \
          telephones (Cisco's Discovery Protocol, versions 1 and 2). Names the infrastructure that clinical devices hang on.",
    hints: &[Hint::Snap(0x00_000c, 0x2000)],
};

static FIELDS: Fields = Fields {
    name: Field::new("cdp.device-id", "CDP device id", FactKind::HostName),
    fqdn: Field::new("cdp.device-id", "CDP device id", FactKind::Fqdn),
    address: Field::new("cdp.address", "CDP address", FactKind::OwnAddress),
    port: Field::new("cdp.port", "CDP port id", FactKind::PortId),
    capability: Field::new("cdp.capabilities", "CDP capabilities", FactKind::DeviceType),
    router: Field::new("cdp.capabilities", "CDP capabilities (router)", FactKind::Router),
    software: Field::new("cdp.software", "CDP software version", FactKind::SysDescr),
    platform: Field::new("cdp.platform", "CDP platform", FactKind::Model),
};
static SYSTEM_NAME: Field = Field::new("cdp.system-name", "CDP system name", FactKind::HostName);
static SYSTEM_FQDN: Field = Field::new("cdp.system-name", "CDP system name", FactKind::Fqdn);
static NATIVE_VLAN: Field = Field::new("cdp.native-vlan", "CDP native VLAN", FactKind::Vlan);

/// From bit 0.
const CAPABILITIES: [&str; 10] = [
    "router",
    "bridge",
    "bridge (source route)",
    "switch",
    "host",
    "multicast snooping",
    "repeater",
    "telephone",
    "remotely managed",
    "video station",
];

impl Protocol for Cdp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, _head: &[u8]) -> Verdict {
        Verdict::No
    }

    fn datagram(&self, context: &Context, payload: &[u8], out: &mut dyn Sink) {
        each_item(context, payload, out, |kind, value, out| match kind {
            2 | 0x16 => addresses(value, &FIELDS.address, out),
            4 => capabilities(value, &FIELDS, &CAPABILITIES, out),
            0x0a => {
                if let Some(vlan) = Cursor::new(value).u16().filter(|vlan| *vlan != 0) {
                    out.say(About::Sender, &NATIVE_VLAN, Value::Number(vlan.into()));
                }
            }
            0x14 => out.sender(if value.contains(&b'.') { &SYSTEM_FQDN } else { &SYSTEM_NAME }, value),
            _ => common(kind, value, &FIELDS, out),
        });
    }
}

/// The fields that CDP and FDP have alike.
pub(super) struct Fields {
    pub(super) name: Field,
    pub(super) fqdn: Field,
    pub(super) address: Field,
    pub(super) port: Field,
    pub(super) capability: Field,
    pub(super) router: Field,
    pub(super) software: Field,
    pub(super) platform: Field,
}

/// Goes over the items behind version, lifetime and checksum.
pub(super) fn each_item(context: &Context, payload: &[u8], out: &mut dyn Sink, mut item: impl FnMut(u16, &[u8], &mut dyn Sink)) {
    let mut cursor = Cursor::new(payload);
    if cursor.skip(4).is_none() {
        return out.malformed("neighbour message shorter than its header");
    }
    // Each turn takes four octets or more.
    while let (Some(kind), Some(len)) = (cursor.u16(), cursor.u16()) {
        let value = usize::from(len).checked_sub(4).and_then(|len| cursor.take(len));
        let Some(value) = value else {
            if !context.is_cut(payload) {
                out.malformed("neighbour item longer than the message");
            }
            return;
        };
        item(kind, value, out);
    }
}

/// The items whose number and form CDP and FDP share.
pub(super) fn common(kind: u16, value: &[u8], fields: &'static Fields, out: &mut dyn Sink) {
    match kind {
        1 => device_id(value, fields, out),
        3 => out.sender(&fields.port, value),
        5 => out.sender(&fields.software, value),
        6 => out.sender(&fields.platform, value),
        _ => {}
    }
}

/// Older switches write a serial number and the name in parentheses: `JAB0123(core-1)`.
fn device_id(value: &[u8], fields: &'static Fields, out: &mut dyn Sink) {
    let inside = value.strip_suffix(b")").and_then(|open| open.rsplit(|octet| *octet == b'(').next());
    let name = inside.filter(|name| !name.is_empty() && name.len().saturating_add(1) < value.len()).unwrap_or(value);
    out.sender(if name.contains(&b'.') { &fields.fqdn } else { &fields.name }, name);
}

pub(super) fn capabilities(value: &[u8], fields: &'static Fields, names: &[&'static str], out: &mut dyn Sink) {
    let Some(bits) = Cursor::new(value).u32() else { return out.malformed("neighbour capabilities too short") };
    for (_, name) in names.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1) {
        out.say(About::Sender, &fields.capability, Value::Text((*name).into()));
    }
    // Access points claim to route though they only bridge.
    if bits & 3 == 1 {
        out.say(About::Sender, &fields.router, Value::Yes);
    }
}

/// A count, then protocol and address, each with its length: IPv4 by its NLPID, IPv6 by its 802.2 header.
pub(super) fn addresses(value: &[u8], field: &'static Field, out: &mut dyn Sink) {
    let mut cursor = Cursor::new(value);
    let count = cursor.u32().unwrap_or(0);
    for _ in 0..count.min(64) {
        let Some((protocol, address)) = one_address(&mut cursor) else { return };
        let ip: Option<IpAddr> = match (protocol, address) {
            ([0xcc], [a, b, c, d]) => Some(Ipv4Addr::new(*a, *b, *c, *d).into()),
            ([0xaa, 0xaa, 3, 0, 0, 0, 0x86, 0xdd], rest) => {
                <[u8; 16]>::try_from(rest).ok().map(|octets| Ipv6Addr::from(octets).into())
            }
            _ => None,
        };
        if let Some(ip) = ip.filter(|ip| !ip.is_unspecified()) {
            out.say(About::Sender, field, Value::Ip(ip));
        }
    }
}

fn one_address<'a>(cursor: &mut Cursor<'a>) -> Option<(&'a [u8], &'a [u8])> {
    let (_kind, len) = (cursor.u8()?, cursor.u8()?);
    let protocol = cursor.take(len.into())?;
    let len = cursor.u16()?;
    Some((protocol, cursor.take(len.into())?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{Lines, datagrams};
    use crate::protocol::Direction;

    fn tlv(kind: u16, value: &[u8]) -> Vec<u8> {
        let len = u16::try_from(value.len() + 4).unwrap();
        [&kind.to_be_bytes()[..], &len.to_be_bytes(), value].concat()
    }

    fn message() -> Vec<u8> {
        [
            vec![2, 180, 0, 0],
            tlv(1, b"core-1.example.org"),
            tlv(2, &[0, 0, 0, 1, 1, 1, 0xcc, 0, 4, 10, 0, 0, 9]),
            tlv(3, b"FastEthernet0/5"),
            tlv(4, &[0, 0, 0, 0x28]),
            tlv(5, b"Example IOS 12.2"),
            tlv(6, b"cisco WS-C2950-12"),
            tlv(10, &[0, 1]),
        ]
        .concat()
    }

    fn said(bytes: &[u8]) -> Lines {
        datagrams(&Cdp, 0, &[(Direction::ToServer, bytes)])
    }

    #[test]
    fn a_switch_describes_itself() {
        assert_eq!(
            said(&message()).lines,
            [
                "sender cdp.device-id core-1.example.org",
                "sender cdp.address 10.0.0.9",
                "sender cdp.port FastEthernet0/5",
                "sender cdp.capabilities switch",
                "sender cdp.capabilities multicast snooping",
                "sender cdp.software Example IOS 12.2",
                "sender cdp.platform cisco WS-C2950-12",
                "sender cdp.native-vlan 1",
            ]
        );
    }

    #[test]
    fn the_name_in_parentheses_is_the_name() {
        let said = said(&[&[1, 180, 0, 0][..], &tlv(1, b"JAB0123(core-1)")].concat());
        assert_eq!(said.lines, ["sender cdp.device-id core-1"]);
    }

    #[test]
    fn no_cut_panics() {
        let message = message();
        for cut in 0..message.len() {
            let _ = said(&message[..cut]);
        }
        assert_eq!(said(&[2, 180, 0, 0, 0, 1, 0, 3]).malformed, ["neighbour item longer than the message"]);
    }
}
