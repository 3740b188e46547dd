//! What a server says.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

use model::FactKind;

use super::{Message, addresses, client, options, usable};
use crate::fact::{About, Field, Sink, Value};
use crate::protocol::Context;

static SERVER: Field = Field::new("dhcp.option54", "DHCP server identifier (option 54)", FactKind::DhcpServer);
static ANSWERS: Field = Field::new("dhcp.reply", "DHCP reply", FactKind::DhcpServer);
static ASSIGNED: Field = Field::new("dhcp.yiaddr", "DHCP address acknowledged", FactKind::Binding);
static LEASE: Field = Field::new("dhcp.option51", "DHCP lease time (option 51)", FactKind::Lease);
static MASK: Field = Field::new("dhcp.option1", "DHCP subnet mask (option 1)", FactKind::Prefix);
static ROUTER: Field = Field::new("dhcp.option3", "DHCP router (option 3)", FactKind::Router);
static DNS: Field = Field::new("dhcp.option6", "DHCP name server (option 6)", FactKind::NameServer);
static TIME: Field = Field::new("dhcp.option42", "DHCP time server (option 42)", FactKind::TimeServer);
static DOMAIN: Field = Field::new("dhcp.option15", "DHCP domain name (option 15)", FactKind::Domain);

/// Message types of option 53 (RFC 2132 §9.6).
const OFFER: u8 = 2;
const ACK: u8 = 5;
const NAK: u8 = 6;

/// What is gathered from the options before it can be said.
#[derive(Default)]
struct Gathered {
    server: Option<Ipv4Addr>,
    lease_s: u32,
    mask: Option<u32>,
}

/// Says what a reply says of its server, its client and the network.
pub(super) fn tell(message: &Message, _context: &Context, payload: &[u8], out: &mut dyn Sink) {
    let mut gathered = Gathered::default();
    let _ = options::each(payload, &mut |code, value| match (code, <[u8; 4]>::try_from(value)) {
        (1, Ok(octets)) => gathered.mask = Some(u32::from_be_bytes(octets)),
        (51, Ok(octets)) => gathered.lease_s = u32::from_be_bytes(octets),
        (54, Ok(octets)) => gathered.server = Some(Ipv4Addr::from(octets)),
        _ => {}
    });
    network(message, &gathered, payload, out);
    // An offer may never be taken up, a refusal gives nothing: neither ties. BOOTP replies have no type and always tie.
    if !matches!(message.kind, 0 | ACK) {
        return;
    }
    let held = if usable(message.yours) { message.yours } else { message.client };
    if usable(held)
        && let Some(mac) = message.mac
    {
        let about = About::Both(mac, IpAddr::V4(held));
        out.say(about, &ASSIGNED, Value::Yes);
        if gathered.lease_s != 0 && held == message.yours {
            out.say(about, &LEASE, Value::Number(gathered.lease_s.into()));
        }
    }
    if let Some(about) = message.about_client() {
        let _ = options::each(payload, &mut |code, value| names(code, value, about, out));
    }
}

/// The network's own servers, said in offers and acknowledgements alike.
fn network(message: &Message, gathered: &Gathered, payload: &[u8], out: &mut dyn Sink) {
    if usable(message.relay) {
        out.say(About::Ip(message.relay.into()), &client::RELAY, Value::Yes);
    }
    match gathered.server.filter(|ip| usable(*ip)) {
        Some(server) => out.say(About::Ip(server.into()), &SERVER, Value::Yes),
        None if message.relay.is_unspecified() => out.say(About::Sender, &ANSWERS, Value::Yes),
        None => {}
    }
    if matches!(message.kind, NAK) {
        return;
    }
    if let Some(mask) = gathered.mask
        && matches!(message.kind, 0 | OFFER | ACK)
        && usable(message.yours)
    {
        prefix(message.yours, mask, out);
    }
    let _ = options::each(payload, &mut |code, value| {
        let field = match code {
            3 => &ROUTER,
            6 => &DNS,
            42 => &TIME,
            _ => return,
        };
        for ip in addresses(value) {
            out.say(About::Ip(ip), field, Value::Yes);
        }
    });
}

/// The network that an address lies in, as `10.0.0.0/24`; nothing for masks with holes.
fn prefix(ip: Ipv4Addr, mask: u32, out: &mut dyn Sink) {
    let len = mask.leading_ones();
    if len == 0 || mask.count_ones() != len {
        return out.malformed("DHCP subnet mask with holes");
    }
    let network = Ipv4Addr::from_bits(ip.to_bits() & mask);
    out.say(About::Ip(ip.into()), &MASK, Value::Text(Cow::Owned(format!("{network}/{len}"))));
}

/// The names that the server knows its client by.
fn names(code: u8, value: &[u8], about: About, out: &mut dyn Sink) {
    match code {
        12 => client::host_name(value, about, out),
        15 => out.say(about, &DOMAIN, Value::Octets(value)),
        81 => client::fqdn(value, about, out),
        _ => {}
    }
}
