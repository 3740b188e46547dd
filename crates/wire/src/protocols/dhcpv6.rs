//! Dynamic Host Configuration Protocol for IPv6.

use std::net::{IpAddr, Ipv6Addr};

use model::{FactKind, MacAddr};

use super::dhcp::{labels, name_field};
use crate::bytes::Cursor;
use crate::fact::{About, Field, Sink, Value};
use crate::protocol::{Context, Hint, Info, Protocol, Role, Verdict};

/// What a device says of itself when it asks for an IPv6 address, and what it is told.
pub struct Dhcpv6;

static INFO: Info = Info {
    id: "dhcpv6",
    name: "DHCPv6",
    doc: "A client names itself by a unique identifier that outlives its addresses, its name and its vendor class; the reply ties \
          addresses to that identifier (RFC 8415, RFC 4704). Relayed messages are read too, and the client's MAC address where \
          the relay adds it (RFC 6939).",
    hints: &[Hint::Udp(546), Hint::Udp(547)],
};

static DUID: Field = Field::new("dhcpv6.option1", "DHCPv6 client identifier (option 1)", FactKind::Duid);
static HOLDER: Field = Field::new("dhcpv6.option5", "DHCPv6 address given to client identifier", FactKind::Duid);
static BINDING: Field = Field::new("dhcpv6.option5", "DHCPv6 address given (option 5)", FactKind::Binding);
static LEASE: Field = Field::new("dhcpv6.valid-lifetime", "DHCPv6 valid lifetime (option 5)", FactKind::Lease);
static NAME: Field = Field::new("dhcpv6.option39", "DHCPv6 client FQDN (option 39)", FactKind::HostName);
static FQDN: Field = Field::new("dhcpv6.option39", "DHCPv6 client FQDN (option 39)", FactKind::Fqdn);
static VENDOR_CLASS: Field = Field::new("dhcpv6.option16", "DHCPv6 vendor class (option 16)", FactKind::VendorClass);
static SERVER: Field = Field::new("dhcpv6.reply", "DHCPv6 reply", FactKind::DhcpServer);
static DNS: Field = Field::new("dhcpv6.option23", "DHCPv6 name server (option 23)", FactKind::NameServer);
static TIME: Field = Field::new("dhcpv6.option31", "DHCPv6 time server (option 31)", FactKind::TimeServer);

/// Relays around one message at most (RFC 8415 §7.6, HOP_COUNT_LIMIT).
const MAX_RELAYS: usize = 8;
/// Reply among the message types (RFC 8415 §7.3).
const REPLY: u8 = 7;

impl Protocol for Dhcpv6 {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, head: &[u8]) -> Verdict {
        let Some((&kind, rest)) = head.split_first() else { return Verdict::No };
        let fixed = match kind {
            1..=11 => 3,
            12 | 13 => 33,
            _ => return Verdict::No,
        };
        // Options in a row up to the end, the first of them a known one: nothing else marks the protocol.
        let Some(options) = rest.get(fixed..).filter(|options| !options.is_empty()) else { return Verdict::No };
        let known = matches!(Cursor::new(options).u16(), Some(1..=150));
        if known && each(options, &mut |_, _| {}).is_some() { Verdict::Unsure } else { Verdict::No }
    }

    fn datagram(&self, context: &Context, payload: &[u8], out: &mut dyn Sink) {
        if read(context, payload, out).is_none() && !context.is_cut(payload) {
            out.malformed("DHCPv6 message cut short");
        }
    }
}

/// Takes relays off, then reads the message.
fn read(context: &Context, payload: &[u8], out: &mut dyn Sink) -> Option<()> {
    let mut message = payload;
    let mut client = None;
    for depth in 0..MAX_RELAYS {
        let (&kind, rest) = message.split_first()?;
        if !matches!(kind, 12 | 13) {
            let client = if depth == 0 { direct_client(kind, context) } else { client.map(About::Mac) };
            return plain(kind, rest.get(3..)?, client, context, out);
        }
        // Hop count, link address, peer address.
        let mut cursor = Cursor::new(rest);
        cursor.skip(17)?;
        let peer = Ipv6Addr::from(cursor.array::<16>()?);
        let mut inner = None;
        let mut stated = None;
        each(cursor.rest(), &mut |code, value| match (code, value) {
            (9, message) => inner = Some(message),
            (79, [0, 1, mac @ ..]) => stated = MacAddr::from_slice(mac),
            _ => {}
        })?;
        client = stated.or_else(|| interface_of(peer)).filter(|mac| mac.is_interface()).or(client);
        message = inner?;
    }
    out.malformed("DHCPv6 message behind too many relays");
    Some(())
}

/// Whom a message is about that no relay has passed on.
fn direct_client(kind: u8, context: &Context) -> Option<About> {
    if !from_server(kind) {
        return Some(About::Sender);
    }
    // A relay or a host of this link: only a frame for one interface names the client.
    context.dst_mac.filter(|mac| mac.is_interface()).map(About::Mac)
}

const fn from_server(kind: u8) -> bool {
    matches!(kind, 2 | REPLY | 10)
}

/// The MAC address inside an interface identifier made from it (RFC 4291 appendix A).
fn interface_of(ip: Ipv6Addr) -> Option<MacAddr> {
    match ip.octets() {
        [0xfe, 0x80, 0, 0, 0, 0, 0, 0, a, b, c, 0xff, 0xfe, d, e, f] => Some(MacAddr([a ^ 2, b, c, d, e, f])),
        _ => None,
    }
}

fn plain(kind: u8, options: &[u8], client: Option<About>, context: &Context, out: &mut dyn Sink) -> Option<()> {
    let server = from_server(kind);
    out.sender_is(if server { Role::Server } else { Role::Client });
    if server && context.src_port == 547 {
        out.say(About::Sender, &SERVER, Value::Yes);
    }
    let mut duid = None;
    each(options, &mut |code, value| {
        if code == 1 {
            duid = Some(value);
        }
    })?;
    let duid = duid.filter(|duid| (3..=130).contains(&duid.len()));
    if let (Some(about), Some(duid)) = (client, duid) {
        out.say(about, &DUID, Value::Hex(duid));
    }
    each(options, &mut |code, value| match code {
        3 | 4 if kind == REPLY => drop(association(code, value, client, duid, out)),
        16 if !server => drop(client.and_then(|about| vendor_class(value, about, out))),
        23 => servers(value, &DNS, server, out),
        31 => servers(value, &TIME, server, out),
        39 => drop(client.and_then(|about| fqdn(value, about, out))),
        _ => {}
    })
}

/// RFC 8415 §21.4 to §21.6: the addresses in an association, given for as long as they say.
fn association(code: u16, value: &[u8], client: Option<About>, duid: Option<&[u8]>, out: &mut dyn Sink) -> Option<()> {
    let fixed = if code == 3 { 12 } else { 4 };
    each(value.get(fixed..)?, &mut |code, value| {
        if code == 5 {
            let _ = address(value, client, duid, out);
        }
    })
}

fn address(value: &[u8], client: Option<About>, duid: Option<&[u8]>, out: &mut dyn Sink) -> Option<()> {
    let mut cursor = Cursor::new(value);
    let ip = IpAddr::V6(Ipv6Addr::from(cursor.array::<16>()?));
    let (_preferred_s, valid_s) = (cursor.u32()?, cursor.u32()?);
    // A lifetime of 0 takes the address back.
    if valid_s == 0 || ip.is_multicast() || ip.is_unspecified() {
        return None;
    }
    if let Some(duid) = duid {
        out.say(About::Ip(ip), &HOLDER, Value::Hex(duid));
    }
    let about = match client {
        Some(About::Mac(mac)) => About::Both(mac, ip),
        _ => About::Ip(ip),
    };
    if matches!(about, About::Both(..)) {
        out.say(about, &BINDING, Value::Yes);
    }
    out.say(about, &LEASE, Value::Number(valid_s.into()));
    Some(())
}

/// RFC 8415 §21.16: the enterprise number of whoever wrote the client, then texts with their lengths, of which the first is read.
fn vendor_class(value: &[u8], about: About, out: &mut dyn Sink) -> Option<()> {
    let mut cursor = Cursor::new(value);
    cursor.skip(4)?;
    let len = cursor.u16()?;
    let class = cursor.take(len.into())?;
    if !class.is_empty() && class.iter().all(|octet| matches!(octet, 0x20..=0x7e)) {
        out.say(about, &VENDOR_CLASS, Value::Octets(class));
    }
    Some(())
}

/// RFC 4704 §4: flags, then the name in labels.
fn fqdn(value: &[u8], about: About, out: &mut dyn Sink) -> Option<()> {
    let name = labels(value.get(1..)?)?;
    out.say(about, name_field(name.as_bytes(), &NAME, &FQDN), Value::Text(name.into()));
    Some(())
}

/// Clients list what they were told last; only servers are believed.
fn servers(value: &[u8], field: &'static Field, from_server: bool, out: &mut dyn Sink) {
    if from_server {
        for octets in value.as_chunks::<16>().0 {
            out.say(About::Ip(Ipv6Addr::from(*octets).into()), field, Value::Yes);
        }
    }
}

/// Calls with each option. `None` when one is longer than what holds it. Each turn takes four octets or more.
fn each<'a>(options: &'a [u8], call: &mut dyn FnMut(u16, &'a [u8])) -> Option<()> {
    let mut cursor = Cursor::new(options);
    while !cursor.is_empty() {
        let (code, len) = (cursor.u16()?, cursor.u16()?);
        call(code, cursor.take(len.into())?);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{Lines, context, datagrams};
    use crate::protocol::Direction;

    const DUID_LL: [u8; 10] = [0, 3, 0, 1, 2, 0, 0, 0, 0, 1];

    fn option(code: u16, value: &[u8]) -> Vec<u8> {
        let len = u16::try_from(value.len()).unwrap();
        [&code.to_be_bytes()[..], &len.to_be_bytes(), value].concat()
    }

    fn solicit() -> Vec<u8> {
        let vendor = [&[0, 0, 1, 0x37, 0, 8][..], b"MSFT 5.0"].concat();
        [vec![1, 1, 2, 3], option(1, &DUID_LL), option(39, b"\x00\x06host-7"), option(16, &vendor)].concat()
    }

    fn reply() -> Vec<u8> {
        let ip: Ipv6Addr = "2001:db8::77".parse().unwrap();
        let given = option(5, &[&ip.octets()[..], &[0, 0, 0, 9, 0, 0, 14, 16]].concat());
        let association = option(3, &[&[0; 12][..], &given].concat());
        [vec![7, 1, 2, 3], option(1, &DUID_LL), association, option(23, &ip.octets())].concat()
    }

    fn said(direction: Direction, bytes: &[u8]) -> Lines {
        datagrams(&Dhcpv6, 547, &[(direction, bytes)])
    }

    #[test]
    fn a_client_describes_itself() {
        assert_eq!(
            said(Direction::ToServer, &solicit()).lines,
            ["sender dhcpv6.option1 00030001020000000001", "sender dhcpv6.option39 host-7", "sender dhcpv6.option16 MSFT 5.0",]
        );
    }

    #[test]
    fn a_reply_ties() {
        let said = said(Direction::ToClient, &reply());
        assert_eq!(
            said.lines,
            [
                "sender dhcpv6.reply yes",
                "02:00:00:00:00:01 dhcpv6.option1 00030001020000000001",
                "2001:db8::77 dhcpv6.option5 00030001020000000001",
                "02:00:00:00:00:01=2001:db8::77 dhcpv6.option5 yes",
                "02:00:00:00:00:01=2001:db8::77 dhcpv6.valid-lifetime 3600",
                "2001:db8::77 dhcpv6.option23 yes",
            ]
        );
        assert_eq!(said.roles, [Role::Server]);
    }

    #[test]
    fn a_relay_names_the_client() {
        let peer: Ipv6Addr = "fe80::ff:fe00:1".parse().unwrap();
        let relayed = [&[12, 0][..], &[0; 16], &peer.octets(), &option(9, &solicit())].concat();
        assert_eq!(said(Direction::ToServer, &relayed).lines[0], "02:00:00:00:00:01 dhcpv6.option1 00030001020000000001");
        let mut nested = solicit();
        for _ in 0..20 {
            nested = [&[12, 0][..], &[0; 32], &option(9, &nested)].concat();
        }
        assert_eq!(said(Direction::ToServer, &nested).malformed, ["DHCPv6 message behind too many relays"]);
    }

    #[test]
    fn options_decide() {
        let probe = |bytes: &[u8]| Dhcpv6.probe(&context(Direction::ToServer, 547, bytes.len()), bytes);
        assert_eq!([probe(&solicit()), probe(&reply())], [Verdict::Unsure; 2]);
        assert_eq!([probe(b"GET / HTTP"), probe(&[1, 0, 0, 0]), probe(&[1, 0, 0, 0, 0, 1, 0, 9])], [Verdict::No; 3]);
        for whole in [solicit(), reply()] {
            for cut in 0..whole.len() {
                let _ = said(Direction::ToServer, &whole[..cut]);
            }
        }
    }
}
