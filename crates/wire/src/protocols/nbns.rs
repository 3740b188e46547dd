//! NetBIOS over UDP: the name service, and the browser announcements of the datagram service.

use std::net::{IpAddr, Ipv4Addr};

use model::{FactKind, MacAddr};

use crate::bytes::{Cursor, be16};
use crate::dns_message::{Entry, Message, Name, Section};
use crate::fact::{About, Field, Sink, Value};
use crate::protocol::{Context, Hint, Info, Protocol, Role, Verdict};

mod browse;

/// NetBIOS names.
pub struct Nbns;

static INFO: Info = Info {
    id: "nbns",
    name: "NetBIOS names and announcements",
    doc: "Host and workgroup names of Windows systems, old and embedded ones above all, the MAC address in a status answer, and \
          the Windows version in browser announcements. Names of logged-on users (suffix 03) and comments are not read. \
          RFC 1001, RFC 1002 §4.2 and §4.4, MS-BRWS §2.2.",
    hints: &[Hint::Udp(137), Hint::Udp(138)],
};

static ASKED: Field = Field::new("nbns.question", "NetBIOS name asked for", FactKind::ServerName);
static HOST: Field = Field::new("nbns.name", "NetBIOS computer name", FactKind::HostName);
static GROUP: Field = Field::new("nbns.group", "NetBIOS group or domain name", FactKind::Domain);
static UNIT: Field = Field::new("nbns.unit-id", "NetBIOS status unit id", FactKind::OwnMac);

/// Record types NB and NBSTAT (RFC 1002 §4.2.1.3).
const NB: u16 = 0x20;
const NBSTAT: u16 = 0x21;

impl Protocol for Nbns {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, context: &Context, head: &[u8]) -> Verdict {
        if browse::is_datagram(head) {
            return Verdict::Certain;
        }
        let Some(message) = Message::new(head) else { return Verdict::No };
        let counts_ok = message.counts.iter().all(|&c| c <= 32) && message.counts.iter().any(|&c| c > 0);
        if !counts_ok || !matches!(message.opcode(), 0 | 5..=9 | 15) {
            return Verdict::No;
        }
        let Some(first) = message.entries().next() else {
            // Cut within the name, which is alone in being 32 octets long.
            return if context.on_port(137) && head.get(12) == Some(&32) { Verdict::Unsure } else { Verdict::No };
        };
        let typed = matches!(first.rtype, NB | NBSTAT | 1 | 2 | 10) && first.class & 0x7fff == 1;
        match first.name() {
            Some(name) if typed && is_netbios_name(&name) => Verdict::Certain,
            _ => Verdict::No,
        }
    }

    fn datagram(&self, context: &Context, payload: &[u8], out: &mut dyn Sink) {
        if browse::is_datagram(payload) {
            return browse::datagram(payload, out);
        }
        let Some(message) = Message::new(payload) else { return };
        out.sender_is(if message.is_response() { Role::Server } else { Role::Client });
        if !message.is_response() && message.opcode() == 0 {
            return asked(&message, out);
        }
        if message.rcode() != 0 {
            return;
        }
        for record in message.records() {
            match (message.is_response(), record.section, record.rtype) {
                // Registrations, refreshes and conflicts carry the name in an additional record; a release gives it up.
                (false, Section::Additional, NB) if message.opcode() != 6 => owned(context, &record, out),
                (true, Section::Answer, NB) if message.opcode() == 0 => owned(context, &record, out),
                (true, Section::Answer, NBSTAT) => status(record.data, out),
                _ => {}
            }
        }
    }
}

/// Is it a first-level encoding (RFC 1001 §14.1): 32 letters A to P?
pub(super) fn is_netbios_name(name: &Name) -> bool {
    let label = name.first_label();
    label.len() == 32 && label.iter().all(|b| (b'A'..=b'P').contains(b))
}

/// The 15 octets of a name and its suffix out of the first-level encoding.
fn decode(label: &[u8]) -> Option<[u8; 16]> {
    let mut name = [0u8; 16];
    let (pairs, rest) = label.as_chunks::<2>();
    if pairs.len() != name.len() || !rest.is_empty() {
        return None;
    }
    for (slot, &[high, low]) in name.iter_mut().zip(pairs) {
        let (high, low) = (high.checked_sub(b'A')?, low.checked_sub(b'A')?);
        *slot = (high < 16 && low < 16).then_some((high << 4) | low)?;
    }
    Some(name)
}

/// What the suffix says a name is (MS-BRWS, MS-NBTE §1.8). Users' names (suffix 03) are neither.
enum Kind {
    Computer,
    Group,
    Other,
}

fn kind(suffix: u8, is_group: bool) -> Kind {
    match (suffix, is_group) {
        (0x00, false) | (0x20, false) => Kind::Computer,
        (0x00 | 0x1c | 0x1e, true) | (0x1b | 0x1d, _) => Kind::Group,
        _ => Kind::Other,
    }
}

/// A name without its padding; none where it is empty or one of the names that every host registers.
fn trimmed(name: &[u8]) -> Option<&[u8]> {
    let name = name.get(..15)?;
    let end = name.iter().rposition(|&b| b != b' ' && b != 0)?.checked_add(1)?;
    name.get(..end).filter(|n| n.iter().all(|&b| b >= b' ') && !n.starts_with(b"IS~"))
}

fn asked(message: &Message<'_>, out: &mut dyn Sink) {
    let Some(name) = message.question().and_then(|q| decode(q.name()?.first_label())) else { return };
    let [.., suffix] = name;
    // A lone `*` asks for whoever is there; suffix 03 may be a person.
    if let Some(text) = trimmed(&name).filter(|t| t.iter().any(u8::is_ascii_alphanumeric) && suffix != 3) {
        out.say(About::Conversation, &ASKED, Value::Octets(text));
    }
}

/// A record of a name and the addresses of its owner (RFC 1002 §4.2.2, §4.2.13).
fn owned(context: &Context, record: &Entry<'_>, out: &mut dyn Sink) {
    let Some(name) = record.name().and_then(|n| decode(n.first_label())) else { return };
    let (entries, _) = record.data.as_chunks::<6>();
    for &[flags, _, a, b, c, d] in entries.iter().take(25) {
        let address = IpAddr::V4(Ipv4Addr::new(a, b, c, d));
        // A group's address in an answer may be the broadcast address (RFC 1002 §4.2.13).
        if address.is_unspecified() || address.is_loopback() || [a, b, c, d] == [255; 4] {
            continue;
        }
        let about = if context.src == Some(address) { About::Sender } else { About::Ip(address) };
        say(about, &name, flags & 0x80 != 0, out);
    }
}

fn say(about: About, name: &[u8; 16], is_group: bool, out: &mut dyn Sink) {
    let [.., suffix] = *name;
    let Some(text) = trimmed(name) else { return };
    match kind(suffix, is_group) {
        Kind::Computer => out.say(about, &HOST, Value::Octets(text)),
        Kind::Group if !text.starts_with(b"\x01") => out.say(about, &GROUP, Value::Octets(text)),
        Kind::Group | Kind::Other => {}
    }
}

/// The answer to a status request: every name the host has, then the MAC address of the interface (RFC 1002 §4.2.18).
fn status(data: &[u8], out: &mut dyn Sink) {
    let mut cursor = Cursor::new(data);
    let Some(count) = cursor.u8() else { return };
    for _ in 0..count {
        let (Some(name), Some(flags)) = (cursor.array::<16>(), cursor.u16()) else { return };
        say(About::Sender, &name, flags & 0x8000 != 0, out);
    }
    if let Some(mac) = cursor.array().map(MacAddr).filter(|mac| mac.is_interface()) {
        out.say(About::Sender, &UNIT, Value::Mac(mac));
    }
}

/// A second-level encoded name at an offset of the datagram service, which has no compression.
fn datagram_name(bytes: &[u8], at: usize) -> Option<([u8; 16], usize)> {
    let name = Name::read(bytes, at).filter(is_netbios_name)?;
    Some((decode(name.first_label())?, crate::dns_message::skip_name(bytes, at)?))
}

/// Big-endian 16 bits, as a length.
fn length(bytes: &[u8], at: usize) -> Option<usize> {
    be16(bytes, at).map(usize::from)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::dns_message::build;
    use crate::harness::{context, datagrams};
    use crate::protocol::Direction::{ToClient, ToServer};

    pub(super) fn encode(name: &str, suffix: u8) -> String {
        let mut octets = [b' '; 16];
        octets[..name.len()].copy_from_slice(name.as_bytes());
        octets[15] = suffix;
        octets.iter().flat_map(|b| [char::from(b'A' + (b >> 4)), char::from(b'A' + (b & 15))]).collect()
    }

    fn registration(name: &str, suffix: u8, flags: u8) -> Vec<u8> {
        let encoded = encode(name, suffix);
        [
            build::header(0x2910, [1, 0, 0, 1]),
            build::question(&encoded, NB, 1),
            build::record(&encoded, NB, 1, &[flags, 0, 10, 0, 0, 1]),
        ]
        .concat()
    }

    #[test]
    fn registrations_name_host_and_workgroup_but_no_user() {
        let (host, group, user) = (registration("CT-3", 0, 0), registration("RADIOLOGY", 0, 0x80), registration("JDOE", 3, 0));
        let lines = datagrams(&Nbns, 137, &[(ToServer, &host), (ToServer, &group), (ToServer, &user)]);
        assert_eq!(lines.lines, ["sender nbns.name CT-3", "sender nbns.group RADIOLOGY"]);
    }

    #[test]
    fn queries_and_status() {
        let query = [build::header(0x0110, [1, 0, 0, 0]), build::question(&encode("WPAD", 0), NB, 1)].concat();
        let mut data = vec![2];
        data.extend(b"US-5           \0\x04\0WARD           \0\x84\0\x00\x1b\x21\x01\x02\x03\0\0");
        let star = format!("CK{}", "A".repeat(30));
        let answer = [build::header(0x8400, [0, 1, 0, 0]), build::record(&star, NBSTAT, 1, &data)].concat();
        let lines = datagrams(&Nbns, 137, &[(ToServer, &query), (ToClient, &answer)]);
        assert_eq!(
            lines.lines,
            [
                "conversation nbns.question WPAD",
                "sender nbns.name US-5",
                "sender nbns.group WARD",
                "sender nbns.unit-id 00:1b:21:01:02:03",
            ]
        );
        let at = context(ToServer, 4000, query.len());
        assert_eq!(Nbns.probe(&at, &query), Verdict::Certain);
        assert_eq!(Nbns.probe(&at, &answer), Verdict::Certain);
        let dns = [build::header(0x0100, [1, 0, 0, 0]), build::question("a.example", 1, 1)].concat();
        assert_eq!(Nbns.probe(&at, &dns), Verdict::No);
        for end in 0..answer.len() {
            let _ = datagrams(&Nbns, 137, &[(ToClient, &answer[..end])]);
            let _ = Nbns.probe(&at, &answer[..end]);
        }
    }
}
