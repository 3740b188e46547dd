//! Cisco Meraki (documentation.meraki.com, "Syslog Event Types and Log Samples"): `1 1795435200.123456789 MX84 flows src=…`.

use model::observation::Opening;
use model::{Endpoint, FactKind, Timestamp, Transport};
use wire::{Field, Value};

use crate::dhcp::{Fields, Lease, fields};
use crate::talk::{Talk, transport_of, with_mac};
use crate::text::{after, ip, mac, pairs, small, word};
use crate::{Clock, Emit};

static DHCP: Fields = fields!("Meraki log");
static ROUTER: Field = Field::new("dhcp.option3", "DHCP router (Meraki log)", FactKind::Router);

/// Kinds of messages that are read.
const KINDS: [&[u8]; 6] = [b"flows", b"ip_flow_start", b"firewall", b"cellular_firewall", b"urls", b"events"];

/// Time, kind and what follows.
fn parts(body: &[u8]) -> Option<(Timestamp, &[u8], &[u8])> {
    let (stamp, rest) = word(body.strip_prefix(b"1 ")?);
    let (_device, rest) = word(rest);
    let (kind, rest) = word(rest);
    KINDS.contains(&kind).then_some((crate::clock::epoch(stamp)?, kind, rest))
}

/// The message is of a Meraki device.
pub(crate) fn is(body: &[u8]) -> bool {
    body.starts_with(b"1 ") && parts(body).is_some()
}

/// When it happened.
pub(crate) fn time(body: &[u8], _clock: &Clock) -> Option<Timestamp> {
    parts(body).map(|(time, _, _)| time)
}

/// Reads a message.
pub(crate) fn read(body: &[u8], out: &mut Emit<'_>) {
    let Some((_, kind, rest)) = parts(body) else { return };
    if kind == b"events" {
        return lease(rest, out);
    }
    let (mut src, mut dst, mut port, mut transport, mut src_mac) = (None, None, 0, None, None);
    // What follows `request:` is an address of the web, which is not read.
    let head = crate::text::split(rest, b" request:").map_or(rest, |(head, _)| head);
    for (key, value) in pairs(head) {
        match key {
            b"src" => src = address(value),
            b"dst" => dst = address(value),
            b"dport" => port = small(value).unwrap_or(0),
            b"protocol" => transport = transport_of(value),
            b"mac" => src_mac = mac(value),
            _ => {}
        }
    }
    let (Some((src, _)), Some((dst, of_address))) = (src, dst) else { return };
    let transport = transport.unwrap_or(if kind == b"urls" { Transport::Tcp } else { Transport::Ip(0) });
    let talk = Talk::new(src, dst, transport, if port == 0 { of_address } else { port });
    let pattern = after(rest, b"pattern: ").map_or(&[][..], |pattern| word(pattern).0);
    let is_denied = matches!(pattern, b"deny" | b"1") || after(rest, b"decision=blocked").is_some();
    let opening = if is_denied { Opening::Unanswered } else { Opening::Unknown };
    Talk { client: with_mac(talk.client, src_mac), to_server: (1, 0), opening, ..talk }.tell(out);
}

/// `10.0.0.5`, `10.0.0.5:50000`.
fn address(text: &[u8]) -> Option<(std::net::IpAddr, u16)> {
    if let Some(ip) = ip(text) {
        return Some((ip, 0));
    }
    let (address, port) = text.split_at_checked(text.iter().rposition(|b| *b == b':')?)?;
    Some((ip(address)?, small(port.get(1..)?).unwrap_or(0)))
}

/// `dhcp lease of ip 10.0.0.5 from server mac … for client mac 00:1B:21:3C:4D:5E from router 10.0.0.1 on subnet …`; of some versions
/// `for client mac 00:… with hostname pump5 from router …`.
fn lease(rest: &[u8], out: &mut Emit<'_>) {
    let Some(rest) = rest.strip_prefix(b"dhcp lease of ip ") else { return };
    let behind = |mark: &[u8]| after(rest, mark).map_or(&[][..], |text| word(text).0);
    let (holder, name) = (mac(behind(b"for client mac ")), behind(b"with hostname "));
    Lease { mac: holder, ip: ip(word(rest).0), name, ..Lease::default() }.tell(&DHCP, out);
    if let Some(router) = ip(behind(b"from router ")) {
        out.say(Endpoint { mac: None, ip: Some(router) }, &ROUTER, &Value::Yes);
    }
}
