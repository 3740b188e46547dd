//! RADIUS.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

use model::{FactKind, MacAddr};

use crate::bytes::{be16, be32};
use crate::fact::{About, Field, Sink, Value};
use crate::protocol::{Context, Hint, Info, Protocol, Role, Verdict};

/// RADIUS.
pub struct Radius;

static INFO: Info = Info {
    id: "radius",
    name: "RADIUS",
    doc: "Which switches and access points ask whether a device may join, for which device and at which port, with which method, and \
          whether it was let in; and orders to move or cut off a device. Names of persons and passwords are never read. RFC 2865, \
          RFC 2866, RFC 5176.",
    hints: &[Hint::Udp(1812), Hint::Udp(1813), Hint::Udp(1645), Hint::Udp(1646), Hint::Udp(3799), Hint::Udp(1700)],
};

static NAS: Field = Field::new("radius.nas-identifier", "RADIUS NAS-Identifier (32)", FactKind::StationName);
static PORT_ID: Field = Field::new("radius.nas-port", "RADIUS NAS-Port-Id (87) or NAS-Port (5)", FactKind::PortId);
static CALLED: Field =
    Field::new("radius.called-station", "RADIUS NAS-Identifier, of the Called-Station-Id (30)", FactKind::StationName);
static VENDOR: Field = Field::new("radius.vendor", "RADIUS Vendor-Specific (26)", FactKind::EnterpriseNumber);
static METHOD: Field = Field::new("radius.method", "RADIUS log-in method", FactKind::LoginTried);
static ACCEPTED: Field = Field::new("radius.accept", "RADIUS Access-Accept", FactKind::LoginSucceeded);
static REJECTED: Field = Field::new("radius.reject", "RADIUS Access-Reject", FactKind::LoginFailed);
static MAB: Field = Field::new("radius.user-name", "RADIUS User-Name (1) that is a MAC address", FactKind::OwnMac);
static ORDER: Field = Field::new("radius.order", "RADIUS dynamic authorization", FactKind::Management);
static FRAMED: Field = Field::new("radius.framed-address", "RADIUS Framed-IP-Address (8) in accounting", FactKind::Binding);

const HEADER_LEN: usize = 20;
/// Longest packet (RFC 2865 §3; RFC 7930 allows more but nobody sends it).
const MAX_LEN: usize = 4096;
/// Vendor numbers that say nothing of a maker: Microsoft's for MS-CHAP, 3GPP, 3GPP2, WISPr, Broadband Forum, CableLabs.
const NOT_MAKERS: [u32; 6] = [311, 10_415, 5_535, 14_122, 3_561, 4_491];

/// Packet codes (RFC 2865 §4, RFC 2866 §4, RFC 5176 §3).
mod code {
    pub(super) const ACCESS_REQUEST: u8 = 1;
    pub(super) const ACCESS_ACCEPT: u8 = 2;
    pub(super) const ACCESS_REJECT: u8 = 3;
    pub(super) const ACCOUNTING_REQUEST: u8 = 4;
    pub(super) const DISCONNECT_REQUEST: u8 = 40;
    pub(super) const COA_REQUEST: u8 = 43;
}

impl Protocol for Radius {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, context: &Context, head: &[u8]) -> Verdict {
        let (Some(&code), Some(len)) = (head.first(), be16(head, 2).map(usize::from)) else { return Verdict::No };
        if !matches!(code, 1..=5 | 11..=13 | 40..=45) || !(HEADER_LEN..=MAX_LEN).contains(&len) || head.len() < HEADER_LEN {
            return Verdict::No;
        }
        let mut attributes = Attributes::new(head);
        let count = attributes.by_ref().count();
        match (len == head.len() && attributes.is_whole(), count) {
            (true, 2..) => Verdict::Certain,
            (true, _) => Verdict::Unsure,
            // Cut, padded (RFC 2865 §3) or with a broken attribute.
            _ if len <= head.len() || context.is_cut(head) || count > 0 => Verdict::Unsure,
            _ => Verdict::No,
        }
    }

    fn datagram(&self, context: &Context, payload: &[u8], out: &mut dyn Sink) {
        let (Some(&code), Some(len)) = (payload.first(), be16(payload, 2).map(usize::from)) else { return };
        let mut attributes = Attributes::new(payload);
        attributes.by_ref().for_each(drop);
        if !attributes.is_whole() && len <= payload.len() {
            out.malformed("RADIUS attribute that does not fit");
        }
        let is_request = matches!(code, 1 | 4 | 12 | 40 | 43);
        out.sender_is(if is_request { Role::Client } else { Role::Server });
        match code {
            code::ACCESS_REQUEST | code::ACCOUNTING_REQUEST => request(context, code, payload, out),
            code::ACCESS_ACCEPT => out.conversation(&ACCEPTED, "radius"),
            code::ACCESS_REJECT => out.conversation(&REJECTED, "radius"),
            code::DISCONNECT_REQUEST => out.conversation(&ORDER, "RADIUS disconnect"),
            code::COA_REQUEST => out.conversation(&ORDER, "RADIUS change of authorization"),
            _ => {}
        }
    }
}

/// Type, length, value behind the header (RFC 2865 §5).
struct Attributes<'a> {
    rest: &'a [u8],
}

impl<'a> Attributes<'a> {
    fn new(packet: &'a [u8]) -> Self {
        let len = be16(packet, 2).map_or(0, usize::from).min(packet.len());
        Self { rest: packet.get(HEADER_LEN..len).unwrap_or_default() }
    }

    /// Every octet was an attribute's.
    const fn is_whole(&self) -> bool {
        self.rest.is_empty()
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let [kind, len] = *self.rest.first_chunk()?;
        let (attribute, rest) = self.rest.split_at_checked(usize::from(len))?;
        let value = attribute.get(2..)?;
        self.rest = rest;
        Some((kind, value))
    }
}

/// What a request says of the NAS and of the device that wants to join.
#[derive(Default)]
struct Asked<'a> {
    nas: Option<&'a [u8]>,
    nas_address: Option<IpAddr>,
    port_id: Option<&'a [u8]>,
    port: Option<u32>,
    calling: Option<MacAddr>,
    called: Option<MacAddr>,
    user: Option<MacAddr>,
    framed: Option<IpAddr>,
    method: Option<&'static str>,
    vendor: Option<u32>,
}

fn address(value: &[u8]) -> Option<IpAddr> {
    let address = Ipv4Addr::from(<[u8; 4]>::try_from(value).ok()?);
    (!address.is_unspecified() && !address.is_broadcast()).then_some(IpAddr::V4(address))
}

impl<'a> Asked<'a> {
    fn read(packet: &'a [u8]) -> Self {
        let mut asked = Self::default();
        for (kind, value) in Attributes::new(packet) {
            match kind {
                1 => asked.user = super::mdns::mac(value),
                2 => asked.method = asked.method.or(Some("pap")),
                3 => asked.method = Some("chap"),
                4 => asked.nas_address = address(value),
                5 => asked.port = be32(value, 0),
                8 => asked.framed = address(value),
                26 => asked.vendor = be32(value, 0).filter(|v| *v != 0 && !NOT_MAKERS.contains(v)).or(asked.vendor),
                // `00-1B-21-01-02-03:network` in 802.11 (RFC 3580 §3.20).
                30 => asked.called = value.get(..17).or(Some(value)).and_then(super::mdns::mac),
                31 => asked.calling = super::mdns::mac(value),
                32 => asked.nas = Some(value),
                79 => asked.method = Some("eap"),
                87 => asked.port_id = Some(value),
                _ => {}
            }
        }
        asked
    }
}

fn request(context: &Context, code: u8, packet: &[u8], out: &mut dyn Sink) {
    let asked = Asked::read(packet);
    // A proxy passes on what the NAS said; then the address in it is not the sender's (RFC 2865 §2.3).
    let about = match asked.nas_address.filter(|nas| Some(*nas) != context.src) {
        Some(nas) => About::Ip(nas),
        None => About::Sender,
    };
    if let Some(nas) = asked.nas {
        out.say(about, &NAS, Value::Octets(nas));
    }
    if let Some(vendor) = asked.vendor {
        out.say(about, &VENDOR, Value::Number(u64::from(vendor)));
    }
    if let (Some(called), Some(nas)) = (asked.called, asked.nas) {
        out.say(About::Mac(called), &CALLED, Value::Octets(nas));
    }
    if code == code::ACCESS_REQUEST {
        let by_mac = asked.user.is_some() && asked.method != Some("eap");
        let method = if by_mac { Some("radius mac address") } else { asked.method };
        method.into_iter().for_each(|method| out.conversation(&METHOD, method));
    }
    let Some(device) = asked.calling.or(asked.user) else { return };
    place(device, &asked, out);
    if let Some(user) = asked.user {
        out.say(About::Mac(device), &MAB, Value::Mac(user));
    }
    // In an access request the address is a wish; in accounting it is in use.
    if let Some(framed) = asked.framed.filter(|_| code == code::ACCOUNTING_REQUEST) {
        out.say(About::Both(device, framed), &FRAMED, Value::Yes);
    }
}

/// Where the device is attached: switch and port.
fn place(device: MacAddr, asked: &Asked<'_>, out: &mut dyn Sink) {
    let nas = match (asked.nas, asked.nas_address) {
        (Some(nas), _) => String::from_utf8_lossy(nas),
        (None, Some(address)) => Cow::Owned(address.to_string()),
        (None, None) => return,
    };
    let port = match (asked.port_id, asked.port) {
        (Some(port), _) => String::from_utf8_lossy(port),
        (None, Some(port)) => Cow::Owned(format!("port {port}")),
        (None, None) => return,
    };
    out.say(About::Mac(device), &PORT_ID, Value::Text(Cow::Owned(format!("{nas} {port}"))));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, datagrams};
    use crate::protocol::Direction::{ToClient, ToServer};

    fn packet(code: u8, attributes: &[(u8, &[u8])]) -> Vec<u8> {
        let body: Vec<u8> = attributes
            .iter()
            .flat_map(|(kind, value)| [&[*kind, u8::try_from(value.len() + 2).unwrap()], *value].concat())
            .collect();
        let len = u16::try_from(HEADER_LEN + body.len()).unwrap().to_be_bytes();
        [&[code, 7], &len[..], &[9; 16], &body].concat()
    }

    #[test]
    fn a_device_is_let_in_by_its_mac() {
        let request = packet(
            1,
            &[
                (1, b"001b21010203"),
                (2, &[1; 16]),
                (4, &[10, 0, 0, 1]),
                (31, b"00-1B-21-01-02-03"),
                (30, b"00-1B-21-09-09-09:ward"),
                (32, b"sw-icu"),
                (87, b"Gi1/0/7"),
            ],
        );
        let lines = datagrams(&Radius, 1812, &[(ToServer, &request), (ToClient, &packet(2, &[]))]);
        assert_eq!(
            lines.lines,
            [
                "sender radius.nas-identifier sw-icu",
                "00:1b:21:09:09:09 radius.called-station sw-icu",
                "conversation radius.method radius mac address",
                "00:1b:21:01:02:03 radius.nas-port sw-icu Gi1/0/7",
                "00:1b:21:01:02:03 radius.user-name 00:1b:21:01:02:03",
                "conversation radius.accept radius",
            ]
        );
    }

    #[test]
    fn persons_and_secrets_stay() {
        let request = packet(1, &[(1, b"a.person"), (2, &[1; 16]), (4, &[192, 0, 2, 9]), (32, b"ap")]);
        let accounting = packet(4, &[(1, b"a.person"), (31, b"001b.2101.0203"), (8, &[10, 0, 0, 9]), (26, &[0, 0, 0, 9, 1, 2])]);
        let lines = datagrams(&Radius, 1812, &[(ToServer, &request), (ToServer, &accounting)]);
        assert_eq!(
            lines.lines,
            [
                "192.0.2.9 radius.nas-identifier ap",
                "conversation radius.method pap",
                "sender radius.vendor 9",
                "00:1b:21:01:02:03=10.0.0.9 radius.framed-address yes",
            ]
        );
    }

    #[test]
    fn probes_and_cuts() {
        let request = packet(1, &[(1, b"x"), (32, b"ap")]);
        let at = context(ToServer, 4000, request.len());
        assert_eq!(Radius.probe(&at, &request), Verdict::Certain);
        assert_eq!(Radius.probe(&at, &packet(3, &[])), Verdict::Unsure);
        assert_eq!(Radius.probe(&at, &[7; 60]), Verdict::No);
        for end in 0..request.len() {
            let _ = datagrams(&Radius, 1812, &[(ToServer, &request[..end])]);
            let _ = Radius.probe(&at, &request[..end]);
        }
    }
}
