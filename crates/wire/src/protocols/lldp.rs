//! Link Layer Discovery Protocol.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use model::{FactKind, MacAddr};

use crate::bytes::{Cursor, be16};
use crate::fact::{About, Field, Sink, Value};
use crate::protocol::{Context, Hint, Info, Protocol, Verdict};

/// What switches, phones, access points and many monitors say of themselves to their neighbour.
pub struct Lldp;

static INFO: Info = Info {
    id: "lldp",
    name: "LLDP",
    doc: "A device's own words about itself to the switch port it hangs on (IEEE 802.1AB): names, system description, \
          capabilities, management address, VLAN, and with the media endpoint extension (ANSI/TIA-1057) maker, model, serial \
          number and revisions. The best evidence there is for infrastructure, and for telephones and bedside devices that speak it.",
    hints: &[Hint::EtherType(0x88cc)],
};

static CHASSIS_MAC: Field = Field::new("lldp.chassis", "LLDP chassis id (MAC address)", FactKind::OwnMac);
static CHASSIS_ADDRESS: Field = Field::new("lldp.chassis", "LLDP chassis id (network address)", FactKind::OwnAddress);
static CHASSIS_NAME: Field = Field::new("lldp.chassis", "LLDP chassis id (name)", FactKind::StationName);
static PORT: Field = Field::new("lldp.port", "LLDP port id", FactKind::PortId);
static PORT_MAC: Field = Field::new("lldp.port", "LLDP port id (MAC address)", FactKind::OwnMac);
static NAME: Field = Field::new("lldp.system-name", "LLDP system name", FactKind::HostName);
static FQDN: Field = Field::new("lldp.system-name", "LLDP system name", FactKind::Fqdn);
static DESCRIPTION: Field = Field::new("lldp.system-description", "LLDP system description", FactKind::SysDescr);
static CAPABILITIES: Field = Field::new("lldp.capabilities", "LLDP enabled capabilities", FactKind::DeviceType);
static ROUTES: Field = Field::new("lldp.capabilities", "LLDP enabled capabilities (router)", FactKind::Router);
static MANAGEMENT: Field = Field::new("lldp.management-address", "LLDP management address", FactKind::OwnAddress);
static MANAGEMENT_MAC: Field = Field::new("lldp.management-address", "LLDP management address (MAC)", FactKind::OwnMac);
static PORT_VLAN: Field = Field::new("lldp.port-vlan", "LLDP port VLAN id", FactKind::Vlan);
static POLICY_VLAN: Field = Field::new("lldp-med.network-policy", "LLDP-MED network policy VLAN", FactKind::Vlan);
static ENDPOINT_CLASS: Field = Field::new("lldp-med.device-type", "LLDP-MED device type", FactKind::DeviceType);
static HARDWARE: Field = Field::new("lldp-med.hardware", "LLDP-MED hardware revision", FactKind::Hardware);
static FIRMWARE: Field = Field::new("lldp-med.firmware", "LLDP-MED firmware revision", FactKind::Firmware);
static SOFTWARE: Field = Field::new("lldp-med.software", "LLDP-MED software revision", FactKind::Software);
static SERIAL: Field = Field::new("lldp-med.serial", "LLDP-MED serial number", FactKind::Serial);
static MAKER: Field = Field::new("lldp-med.manufacturer", "LLDP-MED manufacturer name", FactKind::Maker);
static MODEL: Field = Field::new("lldp-med.model", "LLDP-MED model name", FactKind::Model);

/// IEEE 802.1AB-2016 §8.5.8.1, from bit 0.
const CAPABILITY_NAMES: [&str; 11] = [
    "other",
    "repeater",
    "bridge",
    "access point",
    "router",
    "telephone",
    "cable modem",
    "station",
    "bridge (customer VLAN)",
    "bridge (service VLAN)",
    "relay",
];
const ACCESS_POINT: u16 = 1 << 3;
const ROUTER: u16 = 1 << 4;

impl Protocol for Lldp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, _head: &[u8]) -> Verdict {
        Verdict::No
    }

    fn datagram(&self, context: &Context, payload: &[u8], out: &mut dyn Sink) {
        let mut cursor = Cursor::new(payload);
        let mut first = true;
        // Each turn takes two octets or more.
        while let Some(head) = cursor.u16() {
            let (kind, len) = (head >> 9, usize::from(head & 0x1ff));
            if kind == 0 {
                return;
            }
            if first && kind != 1 {
                return out.malformed("LLDP frame does not begin with a chassis id");
            }
            first = false;
            let Some(value) = cursor.take(len) else {
                if !context.is_cut(payload) {
                    out.malformed("LLDP item longer than the frame");
                }
                return;
            };
            if item(kind, value, out).is_none() {
                out.malformed("LLDP item too short");
            }
        }
    }
}

/// One item (IEEE 802.1AB-2016 §8.5). `None` when it is shorter than its kind demands.
fn item(kind: u16, value: &[u8], out: &mut dyn Sink) -> Option<()> {
    match kind {
        1 => chassis(value, out)?,
        2 => port(value, out)?,
        5 => out.sender(if value.contains(&b'.') { &FQDN } else { &NAME }, value),
        6 => out.sender(&DESCRIPTION, value),
        7 => capabilities(be16(value, 2)?, out),
        8 => management(value, out)?,
        127 => organisation(value, out)?,
        _ => {}
    }
    Some(())
}

fn chassis(value: &[u8], out: &mut dyn Sink) -> Option<()> {
    let (subtype, id) = value.split_first()?;
    match subtype {
        4 => out.say(About::Sender, &CHASSIS_MAC, Value::Mac(MacAddr::from_slice(id)?)),
        5 => {
            if let Some(ip) = address(id) {
                out.say(About::Sender, &CHASSIS_ADDRESS, Value::Ip(ip));
            }
        }
        // Component, interface and port names repeat what the port id says; the locally given one is the device's own name.
        7 if is_text(id) => out.sender(&CHASSIS_NAME, id),
        _ => {}
    }
    Some(())
}

fn port(value: &[u8], out: &mut dyn Sink) -> Option<()> {
    let (subtype, id) = value.split_first()?;
    match subtype {
        3 => out.say(About::Sender, &PORT_MAC, Value::Mac(MacAddr::from_slice(id)?)),
        1 | 2 | 5 | 7 if is_text(id) => out.sender(&PORT, id),
        _ => {}
    }
    Some(())
}

fn capabilities(enabled: u16, out: &mut dyn Sink) {
    let names = CAPABILITY_NAMES.iter().enumerate().filter(|(bit, _)| enabled >> bit & 1 == 1);
    for (_, name) in names {
        out.say(About::Sender, &CAPABILITIES, Value::Text((*name).into()));
    }
    // Access points claim to route though they only bridge.
    if enabled & (ROUTER | ACCESS_POINT) == ROUTER {
        out.say(About::Sender, &ROUTES, Value::Yes);
    }
}

fn management(value: &[u8], out: &mut dyn Sink) -> Option<()> {
    let (len, rest) = value.split_first()?;
    let id = rest.get(..usize::from(*len))?;
    match (id.first()?, id.get(1..)?) {
        (6, mac) => out.say(About::Sender, &MANAGEMENT_MAC, Value::Mac(MacAddr::from_slice(mac)?)),
        _ => {
            if let Some(ip) = address(id) {
                out.say(About::Sender, &MANAGEMENT, Value::Ip(ip));
            }
        }
    }
    Some(())
}

/// An address behind the number of its family (IANA address family numbers).
fn address(id: &[u8]) -> Option<IpAddr> {
    let ip: IpAddr = match id {
        [1, rest @ ..] => Ipv4Addr::from(<[u8; 4]>::try_from(rest).ok()?).into(),
        [2, rest @ ..] => Ipv6Addr::from(<[u8; 16]>::try_from(rest).ok()?).into(),
        _ => return None,
    };
    // A switch without an address says 0.0.0.0.
    (!ip.is_unspecified()).then_some(ip)
}

fn organisation(value: &[u8], out: &mut dyn Sink) -> Option<()> {
    let mut cursor = Cursor::new(value);
    let (organisation, subtype) = (cursor.u24()?, cursor.u8()?);
    match organisation {
        // IEEE 802.1Q annex D.
        0x00_80c2 if subtype == 1 => match cursor.u16()? {
            0 => {}
            vlan => out.say(About::Sender, &PORT_VLAN, Value::Number(vlan.into())),
        },
        0x00_12bb => media_endpoint(subtype, cursor.rest(), out)?,
        _ => {}
    }
    Some(())
}

/// ANSI/TIA-1057 §10.2.
fn media_endpoint(subtype: u8, value: &[u8], out: &mut dyn Sink) -> Option<()> {
    let field = match subtype {
        1 => {
            let class = match value.get(2)? {
                1 => "endpoint class I",
                2 => "endpoint class II",
                3 => "endpoint class III",
                4 => "network connectivity",
                _ => return Some(()),
            };
            out.say(About::Sender, &ENDPOINT_CLASS, Value::Text(class.into()));
            return Some(());
        }
        2 => {
            let mut cursor = Cursor::new(value.get(1..)?);
            let vlan = cursor.u24()? >> 9 & 0xfff;
            if vlan != 0 {
                out.say(About::Sender, &POLICY_VLAN, Value::Number(vlan.into()));
            }
            return Some(());
        }
        5 => &HARDWARE,
        6 => &FIRMWARE,
        7 => &SOFTWARE,
        8 => &SERIAL,
        9 => &MAKER,
        10 => &MODEL,
        _ => return Some(()),
    };
    out.sender(field, value);
    Some(())
}

fn is_text(value: &[u8]) -> bool {
    !value.is_empty() && value.iter().all(|octet| matches!(octet, 0x20..=0x7e | 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{Lines, datagrams};
    use crate::protocol::Direction;

    fn tlv(kind: u16, value: &[u8]) -> Vec<u8> {
        let head = kind << 9 | u16::try_from(value.len()).unwrap();
        [&head.to_be_bytes()[..], value].concat()
    }

    fn frame() -> Vec<u8> {
        [
            tlv(1, &[4, 2, 0, 0, 0, 0, 7]),
            tlv(2, b"\x05Gi1/0/4"),
            tlv(3, &[0, 120]),
            tlv(5, b"sw-ward-3"),
            tlv(6, b"Example switch, 1.2"),
            tlv(7, &[0, 0x14, 0, 0x14]),
            tlv(8, &[5, 1, 10, 0, 0, 9, 2, 0, 0, 0, 1, 0]),
            tlv(127, &[0, 0x80, 0xc2, 1, 0, 12]),
            tlv(127, &[0, 0x12, 0xbb, 1, 0, 3, 3]),
            tlv(127, &[0, 0x12, 0xbb, 2, 1, 0x40, 0x18, 0x00]),
            tlv(127, b"\x00\x12\xbb\x08SN-1"),
            tlv(127, b"\x00\x12\xbb\x09Example"),
            tlv(127, b"\x00\x12\xbb\x0aPump 7"),
            tlv(0, &[]),
        ]
        .concat()
    }

    fn said(bytes: &[u8]) -> Lines {
        datagrams(&Lldp, 0, &[(Direction::ToServer, bytes)])
    }

    #[test]
    fn a_device_describes_itself() {
        assert_eq!(
            said(&frame()).lines,
            [
                "sender lldp.chassis 02:00:00:00:00:07",
                "sender lldp.port Gi1/0/4",
                "sender lldp.system-name sw-ward-3",
                "sender lldp.system-description Example switch, 1.2",
                "sender lldp.capabilities bridge",
                "sender lldp.capabilities router",
                "sender lldp.capabilities yes",
                "sender lldp.management-address 10.0.0.9",
                "sender lldp.port-vlan 12",
                "sender lldp-med.device-type endpoint class III",
                "sender lldp-med.network-policy 12",
                "sender lldp-med.serial SN-1",
                "sender lldp-med.manufacturer Example",
                "sender lldp-med.model Pump 7",
            ]
        );
    }

    #[test]
    fn no_cut_panics() {
        let frame = frame();
        for cut in 0..frame.len() {
            let _ = said(&frame[..cut]);
        }
        assert_eq!(said(&tlv(5, b"x")).malformed, ["LLDP frame does not begin with a chassis id"]);
        assert_eq!(said(&tlv(1, &[4, 2])).malformed, ["LLDP item too short"]);
    }
}
