//! Internet Control Message Protocol for IPv6: neighbour discovery, router advertisements, multicast listeners.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr};

use model::{FactKind, MacAddr};

use super::igmp::is_joined;
use crate::bytes::Cursor;
use crate::fact::{About, Field, Sink, Value};
use crate::protocol::{Context, Hint, Info, Protocol, Verdict};

/// Which interface holds which IPv6 address, who routes, and which groups are listened to.
pub struct Icmpv6;

static INFO: Info = Info {
    id: "icmpv6",
    name: "ICMPv6",
    doc: "Neighbour discovery (RFC 4861) ties IPv6 addresses to MAC addresses and names routers, prefixes and name servers \
          (RFC 8106); multicast listener reports (RFC 2710, RFC 3810) say which groups a host joins. Probes for duplicate \
          addresses claim nothing yet; groups that only mirror an address are left out.",
    hints: &[Hint::IpProtocol(58)],
};

static SOLICITED: Field = Field::new("icmpv6.source-link-address", "ND source link-layer address", FactKind::Binding);
static ADVERTISED: Field = Field::new("icmpv6.target-link-address", "ND target link-layer address", FactKind::Binding);
static ROUTER: Field = Field::new("icmpv6.router-advertisement", "ND router advertisement", FactKind::Router);
static ROUTER_FLAG: Field = Field::new("icmpv6.router-flag", "ND neighbour advertisement, router flag", FactKind::Router);
static REDIRECTS: Field = Field::new("icmpv6.redirect", "ND redirect sent", FactKind::Router);
static BETTER_HOP: Field = Field::new("icmpv6.redirect-target", "ND redirect target", FactKind::Router);
static EXPIRED: Field = Field::new("icmpv6.time-exceeded", "ICMPv6 hop limit exceeded in transit", FactKind::Router);
static PREFIX: Field = Field::new("icmpv6.prefix", "ND prefix information", FactKind::Prefix);
static NAME_SERVER: Field = Field::new("icmpv6.rdnss", "ND recursive name server", FactKind::NameServer);
static JOINED: Field = Field::new("icmpv6.mld-report", "MLD group joined", FactKind::Group);
static QUERIER: Field = Field::new("icmpv6.mld-query", "MLD querier", FactKind::Router);

/// Options of neighbour discovery.
const SOURCE_LINK: u8 = 1;
const TARGET_LINK: u8 = 2;

impl Protocol for Icmpv6 {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, _head: &[u8]) -> Verdict {
        Verdict::No
    }

    fn datagram(&self, context: &Context, payload: &[u8], out: &mut dyn Sink) {
        if read(context, payload, out).is_none() && !context.is_cut(payload) {
            out.malformed("ICMPv6 message too short");
        }
    }
}

fn read(context: &Context, payload: &[u8], out: &mut dyn Sink) -> Option<()> {
    let mut cursor = Cursor::new(payload);
    let (kind, code, _checksum) = (cursor.u8()?, cursor.u8()?, cursor.u16()?);
    match kind {
        3 if code == 0 => out.say(About::Sender, &EXPIRED, Value::Yes),
        // A querier without an address is a switch that stands in for one.
        130 if context.src.is_some_and(|ip| !ip.is_unspecified()) => out.say(About::Sender, &QUERIER, Value::Yes),
        131 => {
            cursor.skip(4)?;
            joined(cursor.array()?, out);
        }
        143 => listener_records(&mut cursor, out)?,
        // Neighbour discovery never leaves its link: a hop limit of less than 255 has come from elsewhere (RFC 4861 §6.1).
        133..=137 if context.hop_limit == 255 => neighbour(kind, context, &mut cursor, out)?,
        133..=137 => out.malformed("neighbour discovery from another link"),
        _ => {}
    }
    Some(())
}

fn neighbour(kind: u8, context: &Context, cursor: &mut Cursor<'_>, out: &mut dyn Sink) -> Option<()> {
    let src = context.src.filter(|ip| !ip.is_unspecified());
    match kind {
        133 => {
            cursor.skip(4)?;
            options(cursor, out, |option, value, out| solicited(option, value, src, out))
        }
        134 => router_advertisement(src, cursor, out),
        135 => {
            cursor.skip(20)?;
            options(cursor, out, |option, value, out| solicited(option, value, src, out))
        }
        136 => neighbour_advertisement(context, cursor, out),
        _ => redirect(cursor, out),
    }
}

/// A solicitation says where its own sender is.
fn solicited(option: u8, value: &[u8], src: Option<IpAddr>, out: &mut dyn Sink) {
    if option == SOURCE_LINK
        && let Some(ip) = src
    {
        bind(value, ip, &SOLICITED, out);
    }
}

/// RFC 4861 §4.2. With a lifetime of 0 its sender is no default router, or no longer.
fn router_advertisement(src: Option<IpAddr>, cursor: &mut Cursor<'_>, out: &mut dyn Sink) -> Option<()> {
    cursor.skip(2)?;
    if cursor.u16()? != 0 {
        out.say(About::Sender, &ROUTER, Value::Yes);
    }
    cursor.skip(8)?;
    options(cursor, out, |option, value, out| match option {
        3 => drop(prefix(value, out)),
        25 => name_servers(value, out),
        _ => solicited(option, value, src, out),
    })
}

/// RFC 4861 §4.6.2: length, flags, two lifetimes, reserved, prefix. Only prefixes of the link itself (the L flag) count.
fn prefix(value: &[u8], out: &mut dyn Sink) -> Option<()> {
    let mut cursor = Cursor::new(value);
    let (len, flags) = (cursor.u8()?, cursor.u8()?);
    cursor.skip(12)?;
    let network = Ipv6Addr::from(cursor.array::<16>()?);
    if len <= 128 && flags & 0x80 != 0 && !network.is_unicast_link_local() {
        out.say(About::Sender, &PREFIX, Value::Text(Cow::Owned(format!("{network}/{len}"))));
    }
    Some(())
}

/// RFC 8106 §5.1: reserved, lifetime, addresses.
fn name_servers(value: &[u8], out: &mut dyn Sink) {
    let addresses = value.get(6..).unwrap_or_default().as_chunks::<16>().0;
    for octets in addresses {
        out.say(About::Ip(Ipv6Addr::from(*octets).into()), &NAME_SERVER, Value::Yes);
    }
}

/// RFC 4861 §4.4. An answer may leave its link address out: then it is the frame's own, if the sender answers for itself.
fn neighbour_advertisement(context: &Context, cursor: &mut Cursor<'_>, out: &mut dyn Sink) -> Option<()> {
    let flags = cursor.u8()?;
    cursor.skip(3)?;
    let target = IpAddr::V6(Ipv6Addr::from(cursor.array::<16>()?));
    let mut bound = false;
    options(cursor, out, |option, value, out| {
        if option == TARGET_LINK {
            bound = true;
            bind(value, target, &ADVERTISED, out);
        }
    })?;
    if let Some(mac) = context.src_mac.filter(|mac| !bound && mac.is_interface())
        && context.src == Some(target)
    {
        out.say(About::Both(mac, target), &ADVERTISED, Value::Yes);
    }
    if flags & 0x80 != 0 {
        out.say(About::Ip(target), &ROUTER_FLAG, Value::Yes);
    }
    Some(())
}

/// RFC 4861 §4.5: a target that is not the destination itself is a better router to it.
fn redirect(cursor: &mut Cursor<'_>, out: &mut dyn Sink) -> Option<()> {
    cursor.skip(4)?;
    let target = IpAddr::V6(Ipv6Addr::from(cursor.array::<16>()?));
    let destination = IpAddr::V6(Ipv6Addr::from(cursor.array::<16>()?));
    out.say(About::Sender, &REDIRECTS, Value::Yes);
    if target != destination {
        out.say(About::Ip(target), &BETTER_HOP, Value::Yes);
    }
    options(cursor, out, |option, value, out| {
        if option == TARGET_LINK {
            bind(value, target, &ADVERTISED, out);
        }
    })
}

fn bind(value: &[u8], ip: IpAddr, field: &'static Field, out: &mut dyn Sink) {
    if let Some(mac) = MacAddr::from_slice(value).filter(|mac| value.len() == 6 && mac.is_interface())
        && !ip.is_multicast()
        && !ip.is_unspecified()
    {
        out.say(About::Both(mac, ip), field, Value::Yes);
    }
}

/// Goes over options: kind, length in units of eight octets, value (RFC 4861 §4.6). Each turn takes eight octets or more.
fn options(cursor: &mut Cursor<'_>, out: &mut dyn Sink, mut call: impl FnMut(u8, &[u8], &mut dyn Sink)) -> Option<()> {
    while let Some(kind) = cursor.u8() {
        let len = usize::from(cursor.u8()?).checked_mul(8)?.checked_sub(2)?;
        call(kind, cursor.take(len)?, out);
    }
    Some(())
}

/// RFC 3810 §5.2.
fn listener_records(cursor: &mut Cursor<'_>, out: &mut dyn Sink) -> Option<()> {
    let (_reserved, count) = (cursor.u16()?, cursor.u16()?);
    for _ in 0..count {
        let (kind, auxiliary, sources) = (cursor.u8()?, cursor.u8()?, cursor.u16()?);
        let group = cursor.array()?;
        cursor.skip(usize::from(sources).saturating_mul(16).saturating_add(usize::from(auxiliary).saturating_mul(4)))?;
        if is_joined(kind, sources) {
            joined(group, out);
        }
    }
    Some(())
}

/// Solicited-node groups (RFC 4291 §2.7.1) are made from an address and say nothing more.
fn joined(group: [u8; 16], out: &mut dyn Sink) {
    const SOLICITED_NODE: [u8; 13] = [0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff];
    let ip = Ipv6Addr::from(group);
    if ip.is_multicast() && !group.starts_with(&SOLICITED_NODE) {
        out.say(About::Sender, &JOINED, Value::Ip(ip.into()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{Lines, context};
    use crate::protocol::Direction;

    const HOST: &str = "fe80::1";

    fn said(hop_limit: u8, src: &str, bytes: &[u8]) -> Lines {
        let mut lines = Lines::default();
        let around = context(Direction::ToServer, 0, bytes.len());
        let around = Context { src: Some(src.parse().unwrap()), hop_limit, ..around };
        Icmpv6.datagram(&around, bytes, &mut lines);
        lines
    }

    fn address(text: &str) -> [u8; 16] {
        text.parse::<Ipv6Addr>().unwrap().octets()
    }

    fn solicitation() -> Vec<u8> {
        [&[135, 0, 0, 0, 0, 0, 0, 0][..], &address("fe80::2"), &[1, 1, 2, 0, 0, 0, 0, 1]].concat()
    }

    fn router() -> Vec<u8> {
        [
            &[134, 0, 0, 0, 64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 0, 0, 0, 0, 1][..],
            &[3, 4, 64, 0xc0, 0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 0, 0],
            &address("2001:db8::"),
            &[25, 3, 0, 0, 0, 0, 0, 9],
            &address("2001:db8::53"),
        ]
        .concat()
    }

    #[test]
    fn neighbours_are_tied() {
        assert_eq!(said(255, HOST, &solicitation()).lines, ["02:00:00:00:00:01=fe80::1 icmpv6.source-link-address yes"]);
        assert!(said(255, "::", &solicitation()).lines.is_empty());
        assert_eq!(said(64, HOST, &solicitation()).malformed, ["neighbour discovery from another link"]);
        let answer = [&[136, 0, 0, 0, 0xe0, 0, 0, 0][..], &address("fe80::2"), &[2, 1, 2, 0, 0, 0, 0, 2]].concat();
        let expected = ["02:00:00:00:00:02=fe80::2 icmpv6.target-link-address yes", "fe80::2 icmpv6.router-flag yes"];
        assert_eq!(said(255, HOST, &answer).lines, expected);
        let short = [&[136, 0, 0, 0, 0x40, 0, 0, 0][..], &address(HOST)].concat();
        assert_eq!(said(255, HOST, &short).lines, ["02:00:00:00:00:01=fe80::1 icmpv6.target-link-address yes"]);
    }

    #[test]
    fn routers_describe_the_link() {
        assert_eq!(
            said(255, HOST, &router()).lines,
            [
                "sender icmpv6.router-advertisement yes",
                "02:00:00:00:00:01=fe80::1 icmpv6.source-link-address yes",
                "sender icmpv6.prefix 2001:db8::/64",
                "2001:db8::53 icmpv6.rdnss yes",
            ]
        );
        let redirect = [&[137, 0, 0, 0, 0, 0, 0, 0][..], &address("fe80::9"), &address("2001:db8::1")].concat();
        let expected = ["sender icmpv6.redirect yes", "fe80::9 icmpv6.redirect-target yes"];
        assert_eq!(said(255, HOST, &redirect).lines, expected);
    }

    #[test]
    fn listeners_name_their_groups() {
        let record = |group: &str| [&[4, 0, 0, 0][..], &address(group)].concat();
        let report = [&[143, 0, 0, 0, 0, 0, 0, 2][..], &record("ff02::fb"), &record("ff02::1:ff00:1")].concat();
        assert_eq!(said(1, HOST, &report).lines, ["sender icmpv6.mld-report ff02::fb"]);
        assert_eq!(said(1, HOST, &[130, 0, 0, 0, 0, 0, 0, 0]).lines, ["sender icmpv6.mld-query yes"]);
    }

    #[test]
    fn no_cut_panics() {
        for whole in [solicitation(), router()] {
            for cut in 0..whole.len() {
                let _ = said(255, HOST, &whole[..cut]);
            }
        }
        assert_eq!(said(255, HOST, &[133, 0, 0, 0, 0, 0, 0, 0, 1, 0]).malformed, ["ICMPv6 message too short"]);
    }
}
