//! DNS over UDP and TCP.

use std::borrow::Cow;

use model::FactKind;

use crate::bytes::be16;
use crate::dns_message::{Entry, HEADER_LEN, Message, Name, Section, Shape, rtype, shape, strip_suffix};
use crate::fact::{About, Field, Sink, Value};
use crate::protocol::{Context, Hint, Info, MAX_WANTED, Next, Protocol, Role, Session, Step, Verdict};

/// DNS.
pub struct Dns;

static INFO: Info = Info {
    id: "dns",
    name: "DNS",
    doc: "Who asks which name server, and the names that were resolved to the addresses that devices then talk to: the external \
          name of a conversation. Also the domain a Windows client looks for controllers in, dynamic updates (they name a host) \
          and zone transfers. The contents of TXT records and the names of questions that were not answered are not kept. \
          RFC 1035 §4, RFC 2136, RFC 7766.",
    hints: &[Hint::Udp(53), Hint::Tcp(53)],
};

static SERVER: Field = Field::new("dns.server", "DNS answer", FactKind::NameServer);
static RESOLVED: Field = Field::new("dns.answer", "DNS address record", FactKind::DnsName);
static REVERSE: Field = Field::new("dns.ptr", "DNS pointer record", FactKind::DnsName);
static UPDATED: Field = Field::new("dns.update", "DNS dynamic update", FactKind::Fqdn);
static LOCATOR: Field = Field::new("dns.dc-locator", "DNS search for domain controllers", FactKind::Domain);
static OPERATION: Field = Field::new("dns.operation", "DNS operation", FactKind::Operation);

/// The most links of a chain of aliases that are followed.
const MAX_CHAIN: usize = 16;

impl Protocol for Dns {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, context: &Context, head: &[u8]) -> Verdict {
        // The same message format, with other meanings, has ports of its own; NetBIOS is told by its names.
        if [5353, 5355, 137].iter().any(|&port| context.on_port(port)) && !context.on_port(53) {
            return Verdict::No;
        }
        match (plausible(head), framed(head).map_or(Verdict::No, plausible)) {
            (Verdict::Certain, _) | (_, Verdict::Certain) => Verdict::Certain,
            (Verdict::No, Verdict::No) if !stream_begins(context, head) => Verdict::No,
            _ => Verdict::Unsure,
        }
    }

    fn datagram(&self, context: &Context, payload: &[u8], out: &mut dyn Sink) {
        message(context, payload, out);
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Some(Box::new(Stream::default()))
    }

    fn datagram_session(&self) -> Option<Box<dyn Session>> {
        None
    }
}

/// The message behind the length that TCP puts before it (RFC 1035 §4.2.2).
fn framed(head: &[u8]) -> Option<&[u8]> {
    let len = usize::from(be16(head, 0)?);
    let behind = head.get(2..)?;
    (len >= HEADER_LEN).then(|| behind.get(..len).unwrap_or(behind))
}

/// On its own port a message may come in pieces: two octets of length, then the rest.
fn stream_begins(context: &Context, head: &[u8]) -> bool {
    context.on_port(53)
        && head.len() < HEADER_LEN.saturating_add(2)
        && be16(head, 0).is_none_or(|len| usize::from(len) >= HEADER_LEN)
}

/// The header's rules first, which cost nothing, then the names and records.
fn plausible(bytes: &[u8]) -> Verdict {
    let Some(message) = Message::new(bytes) else { return Verdict::No };
    let [questions, answers, authorities, additionals] = message.counts;
    let query_ok = message.is_response() || (message.rcode() == 0 && message.flags() & 0x0400 == 0) || message.opcode() == 5;
    let counts_ok = questions <= 1 && answers <= 512 && authorities <= 128 && additionals <= 512;
    // An ordinary question has no answers; opcodes 3 and above 6 are not assigned.
    let empty_ok = message.is_response() || message.opcode() != 0 || (questions == 1 && answers == 0 && authorities <= 1);
    if !query_ok || !counts_ok || !empty_ok || !matches!(message.opcode(), 0..=2 | 4 | 5) {
        return Verdict::No;
    }
    let Some(first) = message.entries().next() else {
        // Refusals may be a bare header; and a short snap length cuts within the first name.
        let cut = bytes.len() < 32 && questions == 1;
        return if cut || (message.is_response() && questions == 0) { Verdict::Unsure } else { Verdict::No };
    };
    if !matches!(first.class, 1 | 3 | 4 | 254 | 255) || first.rtype == 0 {
        return Verdict::No;
    }
    let Some(name) = first.name() else { return Verdict::No };
    if super::nbns::is_netbios_name(&name) {
        return Verdict::No;
    }
    // The Z bit must be zero (RFC 1035 §4.1.1); only the port speaks for a message that sets it.
    let z_clear = message.flags() & 0x0040 == 0;
    if z_clear && shape(bytes) == Shape::Whole && questions == 1 && !name.is_root() && name.is_plain() && first.rtype < 1024 {
        return Verdict::Certain;
    }
    Verdict::Unsure
}

/// The stream of one connection: a length, then a message, again and again.
#[derive(Default)]
struct Stream {
    seen: bool,
}

impl Session for Stream {
    fn data(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        let Some(len) = be16(bytes, 0).map(usize::from) else { return Step { used: 0, next: Next::More(2) } };
        let end = len.saturating_add(2);
        if len < HEADER_LEN {
            return Step { used: 0, next: if self.seen { Next::Stop } else { Next::NotMine } };
        }
        if end > MAX_WANTED {
            return Step { used: 2, next: Next::Skip(u64::try_from(len).unwrap_or(u64::MAX)) };
        }
        let Some(whole) = bytes.get(2..end) else { return Step { used: 0, next: Next::More(end) } };
        self.seen |= message(context, whole, out);
        Step { used: end, next: Next::More(2) }
    }
}

/// Says what one message says; false where it is none.
fn message(context: &Context, bytes: &[u8], out: &mut dyn Sink) -> bool {
    let Some(message) = Message::new(bytes) else { return false };
    let mut entries = message.entries();
    while entries.next().is_some() {}
    if !entries.is_whole() && !context.is_cut(bytes) {
        out.malformed("DNS message whose records do not fit");
    }
    match (message.is_response(), message.opcode()) {
        (false, 5) => update(&message, out),
        (false, _) => query(&message, out),
        (true, 0) => response(&message, out),
        (true, _) => out.sender_is(Role::Server),
    }
    true
}

fn query(message: &Message<'_>, out: &mut dyn Sink) {
    out.sender_is(Role::Client);
    let Some(question) = message.question() else { return };
    if matches!(question.rtype, rtype::AXFR | rtype::IXFR) {
        out.conversation(&OPERATION, "zone transfer");
    }
    if question.rtype == rtype::SRV
        && let Some(name) = question.name()
        && let Some(domain) = located_domain(name.lower().octets())
    {
        out.sender(&LOCATOR, domain);
    }
}

/// The domain in `_ldap._tcp.site._sites.dc._msdcs.example.org` (MS-ADTS §6.3.2.3).
fn located_domain(name: &[u8]) -> Option<&[u8]> {
    let marker = b".dc._msdcs.";
    if !name.starts_with(b"_ldap._tcp.") && !name.starts_with(b"_kerberos._tcp.") {
        return None;
    }
    let at = crate::bytes::find(name, marker)?;
    name.get(at.checked_add(marker.len())?..).filter(|d| !d.is_empty() && !d.starts_with(b"_"))
}

fn response(message: &Message<'_>, out: &mut dyn Sink) {
    out.sender_is(Role::Server);
    if !matches!(message.rcode(), 0 | 3) {
        return;
    }
    out.say(About::Sender, &SERVER, Value::Yes);
    let Some(question) = message.question() else { return };
    let Some(asked) = question.name() else { return };
    let last = end_of_chain(message, asked);
    for record in message.records() {
        match record.section {
            Section::Answer => answer(&record, &asked, &last, out),
            // The addresses of the servers that an SRV answer names.
            Section::Additional if question.rtype == rtype::SRV => resolved(&record, None, out),
            _ => {}
        }
    }
}

/// Follows aliases from the name that was asked for to the one that has the addresses.
fn end_of_chain(message: &Message<'_>, asked: Name) -> Name {
    let mut current = asked;
    // Answers usually stand in order, so that one pass does; each further pass follows one that stands before its predecessor.
    for _ in 0..MAX_CHAIN {
        let before = current;
        for record in message.records().filter(|r| r.section == Section::Answer && r.rtype == rtype::CNAME) {
            if let (Some(owner), Some(target)) = (record.name(), record.name_in_data(0))
                && owner.is(&current)
            {
                current = target;
            }
        }
        if current.is(&before) || current.is(&asked) {
            break;
        }
    }
    current
}

fn answer(record: &Entry<'_>, asked: &Name, last: &Name, out: &mut dyn Sink) {
    if record.rtype == rtype::PTR {
        if let (Some(address), Some(name)) = (asked.reverse_address(), record.name_in_data(0)) {
            out.say(About::Ip(address), &REVERSE, Value::Octets(name.lower().octets()));
        }
        return;
    }
    let via = record.name().filter(|owner| owner.is(last)).map(|_| asked);
    resolved(record, via, out);
}

/// An address has the name that owns the record, and the name that was asked for and led there.
fn resolved(record: &Entry<'_>, asked: Option<&Name>, out: &mut dyn Sink) {
    let (Some(address), Some(owner)) = (record.address(), record.name()) else { return };
    if address.is_unspecified() || address.is_loopback() {
        return;
    }
    if let Some(asked) = asked.filter(|asked| !asked.is(&owner)) {
        out.say(About::Ip(address), &RESOLVED, Value::Octets(asked.lower().octets()));
    }
    out.say(About::Ip(address), &RESOLVED, Value::Octets(owner.lower().octets()));
}

/// A dynamic update (RFC 2136) adds the address of a host; a DHCP server may send it for its client, so it is about the address.
fn update(message: &Message<'_>, out: &mut dyn Sink) {
    out.sender_is(Role::Client);
    out.say(About::Conversation, &OPERATION, Value::Text(Cow::Borrowed("dynamic update")));
    for record in message.records().filter(|r| r.section == Section::Authority && r.class == 1) {
        let Some(owner) = record.name().map(Name::lower) else { continue };
        let usable = strip_suffix(owner.octets(), b".arpa").is_none() && owner.is_plain() && !owner.is_root();
        if let Some(address) = record.address().filter(|_| usable) {
            out.say(About::Ip(address), &UPDATED, Value::Octets(owner.octets()));
        }
        if let (rtype::PTR, Some(address), Some(name)) = (record.rtype, owner.reverse_address(), record.name_in_data(0)) {
            out.say(About::Ip(address), &UPDATED, Value::Octets(name.lower().octets()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns_message::build;
    use crate::harness::{context, datagrams, streams_any_chunk};
    use crate::protocol::Direction::{ToClient, ToServer};

    fn reply() -> Vec<u8> {
        [
            build::header(0x8180, [1, 3, 0, 0]),
            build::question("WWW.example.org", 1, 1),
            build::record("www.example.org", rtype::CNAME, 1, &build::name("a.cdn.example")),
            build::record("a.cdn.example", rtype::CNAME, 1, &build::name("b.cdn.example")),
            build::record("b.cdn.example", rtype::A, 1, &[192, 0, 2, 7]),
        ]
        .concat()
    }

    fn ask(name: &str, rtype: u16) -> Vec<u8> {
        [build::header(0x0100, [1, 0, 0, 0]), build::question(name, rtype, 1)].concat()
    }

    #[test]
    fn aliases_lead_to_the_name_asked_for() {
        let lines = datagrams(&Dns, 53, &[(ToServer, &ask("www.example.org", 1)), (ToClient, &reply())]);
        assert_eq!(
            lines.lines,
            ["sender dns.server yes", "192.0.2.7 dns.answer www.example.org", "192.0.2.7 dns.answer b.cdn.example",]
        );
        assert_eq!(lines.roles, [Role::Client, Role::Server]);
        assert!(lines.malformed.is_empty());
    }

    #[test]
    fn pointers_updates_and_locators() {
        let reverse = [
            build::header(0x8580, [1, 1, 0, 0]),
            build::question("9.2.0.192.in-addr.arpa", rtype::PTR, 1),
            build::record("9.2.0.192.in-addr.arpa", rtype::PTR, 1, &build::name("pacs.example.org")),
        ]
        .concat();
        let update = [
            build::header(5 << 11, [1, 0, 1, 0]),
            build::question("example.org", 6, 1),
            build::record("Pump7.example.org", rtype::A, 1, &[192, 0, 2, 8]),
        ]
        .concat();
        let locate = ask("_ldap._tcp.Site._sites.dc._msdcs.ad.example.org", rtype::SRV);
        let lines = datagrams(&Dns, 53, &[(ToClient, &reverse), (ToServer, &update), (ToServer, &locate)]);
        assert_eq!(
            lines.lines,
            [
                "sender dns.server yes",
                "192.0.2.9 dns.ptr pacs.example.org",
                "conversation dns.operation dynamic update",
                "192.0.2.8 dns.update pump7.example.org",
                "sender dns.dc-locator ad.example.org",
            ]
        );
    }

    #[test]
    fn streams_are_framed() {
        let framed = |m: &[u8]| [&u16::try_from(m.len()).unwrap().to_be_bytes(), m].concat();
        let (query, reply) = (framed(&ask("x.example", rtype::AXFR)), framed(&reply()));
        let lines = streams_any_chunk(&Dns, 53, &[(ToServer, &query), (ToClient, &reply), (ToClient, &reply)]);
        assert_eq!(lines.lines.len(), 7);
        assert_eq!(lines.lines[0], "conversation dns.operation zone transfer");
        let tcp = context(ToServer, 5300, query.len());
        assert_eq!(Dns.probe(&tcp, &query), Verdict::Certain);
    }

    #[test]
    fn probes() {
        let elsewhere = context(ToServer, 4000, 100);
        assert_eq!(Dns.probe(&elsewhere, &ask("a.example", 1)), Verdict::Certain);
        assert_eq!(Dns.probe(&elsewhere, &reply()), Verdict::Certain);
        for wrong in [
            &b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..],
            &[0; 48],
            &[0xff; 60],
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03abcdefghijk",
        ] {
            assert_eq!(Dns.probe(&elsewhere, wrong), Verdict::No, "{wrong:?}");
        }
        assert_eq!(Dns.probe(&context(ToServer, 5353, 100), &reply()), Verdict::No);
    }

    #[test]
    fn cut_anywhere() {
        for end in 0..reply().len() {
            let _ = datagrams(&Dns, 53, &[(ToClient, &reply()[..end])]);
            let _ = Dns.probe(&context(ToClient, 53, end), &reply()[..end]);
        }
    }
}
