//! Lightweight directory access protocol (RFC 4511), and its use over UDP by domain members to find a controller ([MS-ADTS] §6.3.3).

use crate::ber::{self, Front, Reader};
use crate::fact::{About, Field, Login, Sink, Value};
use crate::framed::{Frame, Framed, Frames, Said};
use crate::protocol::{Context, Hint, Info, MAX_WANTED, Next, Protocol, Role, Session, Verdict};
use crate::spnego;
use crate::text::{generalized_time, is_service_account};
use model::FactKind;

/// LDAP.
pub struct Ldap;

static INFO: Info = Info {
    id: "ldap",
    name: "LDAP",
    doc: "How clients bind and with what result, passwords in the clear, StartTLS, the directory's own description, names in domain \
          controller look-ups, changes to the directory. Devices that look up their users with one shared clear password are common \
          (RFC 4511 §4). Entries, filters and names of persons are not read out.",
    hints: &[Hint::Tcp(389), Hint::Udp(389), Hint::Tcp(3268)],
};

static TRIED: Field = Field::new("ldap.bind", "LDAP bind", FactKind::LoginTried);
static CREDENTIAL: Field = Field::new("ldap.bind.password", "LDAP simple bind password", FactKind::Credential);
static ACCOUNT: Field = Field::new("ldap.bind.name", "LDAP bind name", FactKind::Account);
static SUCCEEDED: Field = Field::new("ldap.bind.success", "LDAP bind granted", FactKind::LoginSucceeded);
static FAILED: Field = Field::new("ldap.bind.failure", "LDAP bind refused", FactKind::LoginFailed);
static LAYER: Field = Field::new("ldap.security_layer", "LDAP security layer", FactKind::Cipher);
static OPERATION: Field = Field::new("ldap.operation", "LDAP operation", FactKind::Operation);
static VENDOR: Field = Field::new("ldap.vendor", "LDAP root entry vendor", FactKind::Software);
static DNS_HOST: Field = Field::new("ldap.dns_host_name", "LDAP root entry DNS host name", FactKind::Fqdn);
static CONTEXT: Field = Field::new("ldap.domain", "LDAP naming context", FactKind::Domain);
static TIME: Field = Field::new("ldap.current_time", "LDAP root entry current time", FactKind::Clock);
static PING_HOST: Field = Field::new("ldap.netlogon.host", "Host in a domain controller look-up", FactKind::HostName);
static PING_DOMAIN: Field = Field::new("ldap.netlogon.domain", "Domain in a domain controller look-up", FactKind::Domain);
static PONG_HOST: Field = Field::new("ldap.netlogon.dns_host", "Domain controller's DNS name", FactKind::Fqdn);
static PONG_NETBIOS: Field = Field::new("ldap.netlogon.computer", "Domain controller's NetBIOS name", FactKind::HostName);

const BIND: u8 = 0x60;
const BIND_ANSWER: u8 = 0x61;
const UNBIND: u8 = 0x42;
const SEARCH: u8 = 0x63;
const ENTRY: u8 = 0x64;
const DONE: u8 = 0x65;
const DELETE: u8 = 0x4a;
const EXTENDED: u8 = 0x77;
const EXTENDED_ANSWER: u8 = 0x78;
const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";
/// Octets from which the operation and the length of its first field can be told.
const LOOK: usize = 32;

impl Protocol for Ldap {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, head: &[u8]) -> Verdict {
        if !matches!(head, [] | [0x30] | [0x30, 0x05..=0x84, ..]) {
            return Verdict::No;
        }
        let outer = match ber::front(head) {
            Front::Known(outer) => outer,
            Front::Need(_) => return Verdict::Unsure,
            Front::Bad => return Verdict::No,
        };
        let [0x02, number @ 1..=4, rest @ ..] = head.get(outer.header_len..).unwrap_or_default() else {
            return if head.len() < outer.header_len.saturating_add(2) { Verdict::Unsure } else { Verdict::No };
        };
        operation_like(rest.get(usize::from(*number)..).unwrap_or_default())
    }

    fn datagram(&self, _context: &Context, payload: &[u8], out: &mut dyn Sink) {
        let mut state = Directory::default();
        let mut rest = payload;
        for _ in 0..4 {
            let Front::Known(header) = ber::front(rest) else { return };
            let _ = state.read(rest.get(..header.total()).unwrap_or(rest), out);
            rest = rest.get(header.total()..).unwrap_or_default();
        }
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Framed::boxed(Directory::default())
    }

    fn datagram_session(&self) -> Option<Box<dyn Session>> {
        None
    }
}

/// A tag of an operation, and its first field as RFC 4511 §4.2 to §4.12 has it.
fn operation_like(bytes: &[u8]) -> Verdict {
    let Some(&tag) = bytes.first() else { return Verdict::Unsure };
    if tag == UNBIND {
        return if matches!(bytes, [_, 0, ..]) { Verdict::Certain } else { Verdict::Unsure };
    }
    let first: u8 = match tag {
        BIND => ber::INTEGER,
        BIND_ANSWER | DONE | EXTENDED_ANSWER | 0x67 | 0x69 | 0x6b | 0x6d | 0x6f => ber::ENUMERATED,
        SEARCH | ENTRY | 0x66 | 0x68 | 0x6c | 0x6e | 0x73 => ber::OCTET_STRING,
        EXTENDED => 0x80,
        DELETE | 0x50 => return if bytes.len() > 1 { Verdict::Certain } else { Verdict::Unsure },
        _ => return Verdict::No,
    };
    match ber::front(bytes) {
        Front::Known(header) => match bytes.get(header.header_len) {
            Some(found) if *found == first => Verdict::Certain,
            Some(_) => Verdict::No,
            None => Verdict::Unsure,
        },
        Front::Need(_) => Verdict::Unsure,
        Front::Bad => Verdict::No,
    }
}

/// The state of a connection.
#[derive(Default)]
struct Directory {
    begun: bool,
    said: Said,
    scheme: Option<&'static str>,
    /// A step of a log-in of several waits for its answer.
    step: bool,
    tls_asked: bool,
}

impl Frames for Directory {
    fn frame(&self, _context: &Context, bytes: &[u8]) -> Frame {
        if bytes.first() == Some(&0) && self.begun {
            // A SASL security layer: four octets of length, then what only the two can read (RFC 4422 §3.7).
            let Some(len) = crate::bytes::be32(bytes, 0) else { return Frame::More(4) };
            return Frame::Message { total: u64::from(len).saturating_add(4), wanted: 4 };
        }
        if bytes.first().is_some_and(|&tag| tag != ber::SEQUENCE) {
            return Frame::Bad;
        }
        let header = match ber::front(bytes) {
            Front::Known(header) => header,
            Front::Need(wanted) => return Frame::More(wanted),
            Front::Bad => return Frame::Bad,
        };
        let look = header.total().min(LOOK);
        let Some(head) = bytes.get(..look) else { return Frame::More(look) };
        Frame::upto(header.total(), if is_read_whole(head) { MAX_WANTED } else { look })
    }

    fn message(&mut self, _context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Option<Next> {
        if bytes.first() == Some(&0) {
            if self.said.first(0) {
                out.conversation(&LAYER, "SASL security layer");
            }
            return None;
        }
        self.begun = true;
        self.read(bytes, out)
    }
}

/// Binds, extended operations, and entries without a name: the root's description of the server.
fn is_read_whole(head: &[u8]) -> bool {
    let Some((tag, mut fields)) = operation(head) else { return false };
    match tag {
        BIND | BIND_ANSWER | EXTENDED | EXTENDED_ANSWER => true,
        SEARCH | ENTRY => fields.take(ber::OCTET_STRING).is_some_and(<[u8]>::is_empty),
        _ => false,
    }
}

/// The operation of a message and its fields, as far as they are there.
fn operation(message: &[u8]) -> Option<(u8, Reader<'_>)> {
    let mut message = Reader::new(message).enter_cut(ber::SEQUENCE)?;
    let _number = message.take(ber::INTEGER)?;
    let tag = message.peek()?;
    Some((tag, message.enter_cut(tag)?))
}

impl Directory {
    fn read(&mut self, message: &[u8], out: &mut dyn Sink) -> Option<Next> {
        let Some((tag, fields)) = operation(message) else {
            out.malformed("an LDAP message without an operation");
            return None;
        };
        let is_answer = matches!(tag, BIND_ANSWER | ENTRY | DONE | 0x67 | 0x69 | 0x6b | 0x6d | 0x6f | 0x73 | EXTENDED_ANSWER);
        out.sender_is(if is_answer { Role::Server } else { Role::Client });
        match tag {
            BIND => {
                self.bind(fields, out);
            }
            BIND_ANSWER => {
                self.bound(fields, out);
            }
            SEARCH => {
                ping(fields, out);
            }
            ENTRY => {
                entry(fields, out);
            }
            0x66 => self.operation(1, "directory modify", out),
            0x68 => self.operation(2, "directory add", out),
            DELETE => self.operation(3, "directory delete", out),
            0x6c => self.operation(4, "directory rename", out),
            EXTENDED => self.tls_asked = Reader::new(fields.rest()).take(0x80) == Some(START_TLS),
            EXTENDED_ANSWER => return self.extended_answer(fields),
            _ => {}
        }
        None
    }

    fn operation(&mut self, number: u8, name: &str, out: &mut dyn Sink) {
        if self.said.first(number) {
            out.conversation(&OPERATION, name);
        }
    }

    /// BindRequest (RFC 4511 §4.2): version, name, and simple `[0]`, SASL `[3]` or Microsoft's own NTLM `[9]` to `[11]`.
    fn bind(&mut self, mut fields: Reader<'_>, out: &mut dyn Sink) -> Option<()> {
        let _version = fields.take(ber::INTEGER)?;
        let name = fields.take(ber::OCTET_STRING)?;
        let auth = fields.element()?;
        match auth.tag {
            0x80 => {
                let empty = auth.value.is_empty();
                self.scheme = Some(if empty { "anonymous" } else { "ldap simple bind" });
                out.conversation(&TRIED, self.scheme.unwrap_or_default());
                if !empty {
                    let login = Login { scheme: "ldap simple bind", user: name, secret: auth.value };
                    out.say(About::Conversation, &CREDENTIAL, Value::Login(login));
                    account(name, out);
                }
            }
            0xa3 => {
                let mut sasl = auth.inside();
                let mechanism = sasl.take(ber::OCTET_STRING)?;
                self.sasl(mechanism, sasl.take(ber::OCTET_STRING).unwrap_or_default(), out);
            }
            0x89..=0x8b => {
                spnego::read(auth.value, out);
                // The two steps before the proof are answered with success too.
                self.step = auth.tag != 0x8b;
                self.scheme = Some("ntlm");
            }
            _ => {}
        }
        Some(())
    }

    fn sasl(&mut self, mechanism: &[u8], credentials: &[u8], out: &mut dyn Sink) {
        let first_step = self.scheme.is_none();
        let scheme = match mechanism {
            b"GSS-SPNEGO" | b"GSSAPI" | b"NTLM" => match spnego::read(credentials, out) {
                Some(scheme) => scheme.label(),
                None if crate::bytes::find(credentials, b"NTLMSSP").is_some() => "ntlm",
                None => "sasl gssapi",
            },
            b"PLAIN" => {
                let mut parts = credentials.splitn(3, |&octet| octet == 0).skip(1);
                if let (Some(user), Some(secret)) = (parts.next(), parts.next()) {
                    out.say(About::Conversation, &CREDENTIAL, Value::Login(Login { scheme: "ldap sasl plain", user, secret }));
                }
                "sasl plain"
            }
            b"EXTERNAL" => "sasl external",
            b"DIGEST-MD5" => "sasl digest-md5",
            b"CRAM-MD5" => "sasl cram-md5",
            _ if mechanism.starts_with(b"SCRAM-") => "sasl scram",
            _ => "sasl",
        };
        self.scheme = Some(scheme);
        if first_step && !matches!(scheme, "ntlm" | "kerberos") {
            out.conversation(&TRIED, scheme);
        }
    }

    /// BindResponse: what came of it, and the server's SASL token `[7]`.
    fn bound(&mut self, mut fields: Reader<'_>, out: &mut dyn Sink) -> Option<()> {
        const IN_PROGRESS: u64 = 14;
        let result = ber::uint(fields.take(ber::ENUMERATED)?)?;
        // A server of Microsoft's answers its own NTLM in the place of the matched name.
        let _ = spnego::read(fields.rest(), out);
        match result {
            IN_PROGRESS => {}
            0 if std::mem::take(&mut self.step) => {}
            0 => out.conversation(&SUCCEEDED, self.scheme.take().unwrap_or("ldap")),
            _ => out.conversation(&FAILED, self.scheme.take().unwrap_or("ldap")),
        }
        Some(())
    }

    fn extended_answer(&mut self, mut fields: Reader<'_>) -> Option<Next> {
        let granted = ber::uint(fields.take(ber::ENUMERATED)?)? == 0;
        (std::mem::take(&mut self.tls_asked) && granted).then_some(Next::Become("tls"))
    }
}

/// The first part of the name, or the part before `@`, where it is a service's.
fn account(name: &[u8], out: &mut dyn Sink) {
    let name = String::from_utf8_lossy(name);
    let first = name.split(',').next().unwrap_or_default();
    let user = first.split_once('=').map_or(first, |(_, value)| value).trim();
    if is_service_account(user) {
        out.conversation(&ACCOUNT, user);
    }
}

/// A domain member's look-up of a controller ([MS-ADTS] §6.3.3.1): a search of the root whose filter names host and domain.
fn ping(mut fields: Reader<'_>, out: &mut dyn Sink) -> Option<()> {
    if !fields.take(ber::OCTET_STRING)?.is_empty() {
        return None;
    }
    // Scope, aliases, two limits, types only: then the filter.
    for _ in 0..5 {
        fields.element()?;
    }
    let mut terms = fields.enter(0xa0)?;
    while let Some(term) = terms.element() {
        let mut term = term.inside();
        let (Some(name), Some(value)) = (term.take(ber::OCTET_STRING), term.take(ber::OCTET_STRING)) else { continue };
        if value.is_empty() {
            continue;
        }
        if name.eq_ignore_ascii_case(b"Host") {
            out.sender(&PING_HOST, value);
        } else if name.eq_ignore_ascii_case(b"DnsDomain") {
            out.sender(&PING_DOMAIN, value.strip_suffix(b".").unwrap_or(value));
        }
    }
    Some(())
}

/// An entry without a name: the root's (RFC 4512 §5.1).
fn entry(mut fields: Reader<'_>, out: &mut dyn Sink) -> Option<()> {
    if !fields.take(ber::OCTET_STRING)?.is_empty() {
        return None;
    }
    let mut attributes = fields.enter_cut(ber::SEQUENCE)?;
    let (mut vendor, mut version) = (&b""[..], &b""[..]);
    while let Some(mut attribute) = attributes.enter(ber::SEQUENCE) {
        let name = attribute.take(ber::OCTET_STRING)?;
        let Some(value) = attribute.enter(ber::SET).and_then(|mut values| values.take(ber::OCTET_STRING)) else { continue };
        match name.to_ascii_lowercase().as_slice() {
            b"vendorname" => vendor = value,
            b"vendorversion" => version = value,
            b"dnshostname" => out.sender(&DNS_HOST, value),
            b"defaultnamingcontext" => naming_context(value, out),
            b"currenttime" => {
                if let Some(time) = generalized_time(value) {
                    out.say(About::Sender, &TIME, Value::Time(time));
                }
            }
            b"netlogon" => {
                let _ = pong(value, out);
            }
            _ => {}
        }
    }
    let text = [String::from_utf8_lossy(vendor), String::from_utf8_lossy(version)].join(" ");
    if !text.trim().is_empty() {
        out.say(About::Sender, &VENDOR, Value::Text(text.trim().to_owned().into()));
    }
    Some(())
}

/// `DC=clinic,DC=example` as `clinic.example`.
fn naming_context(value: &[u8], out: &mut dyn Sink) {
    let text = String::from_utf8_lossy(value);
    let labels: Option<Vec<&str>> = text
        .split(',')
        .map(|part| part.trim().split_once('=').filter(|(key, _)| key.eq_ignore_ascii_case("dc")).map(|(_, label)| label))
        .collect();
    if let Some(labels) = labels {
        out.say(About::Sender, &CONTEXT, Value::Text(labels.join(".").into()));
    }
}

/// NETLOGON_SAM_LOGON_RESPONSE_EX ([MS-ADTS] §6.3.1.9): forest, domain, host, NetBIOS domain, NetBIOS computer.
fn pong(blob: &[u8], out: &mut dyn Sink) -> Option<()> {
    if !matches!(crate::bytes::le16(blob, 0)?, 23 | 25) {
        return None;
    }
    let mut at = 24;
    let _forest = name(blob, &mut at)?;
    for field in [&CONTEXT, &PONG_HOST, &PING_DOMAIN, &PONG_NETBIOS] {
        let name = name(blob, &mut at)?;
        if !name.is_empty() {
            out.say(About::Sender, field, Value::Text(name.into()));
        }
    }
    Some(())
}

/// A name of labels, compressed as in DNS (RFC 1035 §4.1.4), from the start of the blob.
fn name(blob: &[u8], at: &mut usize) -> Option<String> {
    let mut text = String::new();
    let mut place = *at;
    let mut jumped = false;
    for _ in 0..64 {
        let len = *blob.get(place)?;
        let next = place.checked_add(1)?;
        if len >= 0xc0 {
            if !jumped {
                *at = place.checked_add(2)?;
            }
            jumped = true;
            place = usize::from(len & 0x3f) << 8 | usize::from(*blob.get(next)?);
            continue;
        }
        let end = next.checked_add(usize::from(len))?;
        if !jumped {
            *at = end;
        }
        if len == 0 {
            return Some(text);
        }
        if !text.is_empty() {
            text.push('.');
        }
        text.push_str(&String::from_utf8_lossy(blob.get(next..end)?));
        place = end;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, datagrams, streams_any_chunk};
    use crate::protocol::Direction::{ToClient, ToServer};

    fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let body = parts.concat();
        let len = u16::try_from(body.len()).unwrap();
        let mut out = if len < 0x80 {
            vec![tag, len.to_be_bytes()[1]]
        } else {
            vec![tag, 0x82, len.to_be_bytes()[0], len.to_be_bytes()[1]]
        };
        out.extend(body);
        out
    }

    fn message(operation: &[u8]) -> Vec<u8> {
        tlv(0x30, &[&[2, 1, 7], operation])
    }

    fn text(value: &str) -> Vec<u8> {
        tlv(4, &[value.as_bytes()])
    }

    fn simple(name: &str) -> Vec<u8> {
        message(&tlv(BIND, &[&[2, 1, 3], &text(name), &tlv(0x80, &[b"secret"])]))
    }

    fn answer(tag: u8, result: u8) -> Vec<u8> {
        message(&tlv(tag, &[&[0x0a, 1, result], &text(""), &text("")]))
    }

    fn attribute(name: &str, value: &[u8]) -> Vec<u8> {
        tlv(0x30, &[&text(name), &tlv(0x31, &[&tlv(4, &[value])])])
    }

    #[test]
    fn simple_bind() {
        let lines = streams_any_chunk(
            &Ldap,
            389,
            &[(ToServer, &simple("cn=svc-pacs,dc=clinic,dc=example")), (ToClient, &answer(BIND_ANSWER, 49))],
        )
        .lines;
        let said = [
            "conversation ldap.bind ldap simple bind",
            "conversation ldap.bind.password ldap simple bind cn=svc-pacs,dc=clinic,dc=example:secret",
            "conversation ldap.bind.name svc-pacs",
            "conversation ldap.bind.failure ldap simple bind",
        ];
        assert_eq!(lines, said);
        let lines = streams_any_chunk(&Ldap, 389, &[(ToServer, &simple("cn=Mary Doe,dc=clinic"))]).lines;
        assert_eq!(lines.len(), 2, "the name of a person goes no further than the credential");
    }

    #[test]
    fn start_tls_hands_over() {
        let request = message(&tlv(EXTENDED, &[&tlv(0x80, &[START_TLS])]));
        let mut session = Ldap.session().unwrap();
        let mut out = crate::harness::Lines::default();
        let _ = session.data(&context(ToServer, 389, 0), &request, &mut out);
        let granted = answer(EXTENDED_ANSWER, 0);
        let step = session.data(&context(ToClient, 389, 0), &granted, &mut out);
        assert_eq!((step.used, step.next), (granted.len(), Next::Become("tls")));
    }

    #[test]
    fn root_entry() {
        let attributes = [
            attribute("vendorName", b"Example"),
            attribute("vendorVersion", b"2.4"),
            attribute("dnsHostName", b"dc1.clinic.example"),
            attribute("defaultNamingContext", b"DC=clinic,DC=example"),
            attribute("currentTime", b"20231114221320.0Z"),
        ]
        .concat();
        let entry = message(&tlv(ENTRY, &[&text(""), &tlv(0x30, &[&attributes])]));
        let said = [
            "sender ldap.dns_host_name dc1.clinic.example",
            "sender ldap.domain clinic.example",
            "sender ldap.current_time 2023-11-14T22:13:20Z",
            "sender ldap.vendor Example 2.4",
        ];
        assert_eq!(streams_any_chunk(&Ldap, 389, &[(ToClient, &entry)]).lines, said);
    }

    #[test]
    fn entries_with_names_are_passed_over() {
        let entry = message(&tlv(ENTRY, &[&text("cn=Mary"), &tlv(0x30, &[&attribute("dnsHostName", b"x")])]));
        assert!(streams_any_chunk(&Ldap, 389, &[(ToClient, &entry)]).lines.is_empty());
    }

    #[test]
    fn look_up_of_a_controller() {
        let term = |name: &str, value: &str| tlv(0xa3, &[&text(name), &text(value)]);
        let filter = tlv(0xa0, &[&term("DnsDomain", "clinic.example."), &term("Host", "CT-1")]);
        let search = message(&tlv(SEARCH, &[&text(""), &[10, 1, 0, 10, 1, 0, 2, 1, 0, 2, 1, 0, 1, 1, 0], &filter]));
        let mut blob = vec![0; 24];
        blob[0] = 23;
        blob.extend(b"\x06clinic\x07example\0\xc0\x18\x03dc1\xc0\x18\x06CLINIC\0\x03DC1\0");
        let entry = message(&tlv(ENTRY, &[&text(""), &tlv(0x30, &[&attribute("Netlogon", &blob)])]));
        let said = [
            "sender ldap.netlogon.domain clinic.example",
            "sender ldap.netlogon.host CT-1",
            "sender ldap.domain clinic.example",
            "sender ldap.netlogon.dns_host dc1.clinic.example",
            "sender ldap.netlogon.domain CLINIC",
            "sender ldap.netlogon.computer DC1",
        ];
        assert_eq!(datagrams(&Ldap, 389, &[(ToServer, &search), (ToClient, &entry)]).lines, said);
    }

    #[test]
    fn probes() {
        let context = context(ToServer, 389, 0);
        assert_eq!(Ldap.probe(&context, &simple("a")), Verdict::Certain);
        assert_eq!(Ldap.probe(&context, &simple("a")[..4]), Verdict::Unsure);
        assert_eq!(Ldap.probe(&context, &[0x30, 0x26, 2, 1, 1, 4, 6, b'p', b'u']), Verdict::No, "SNMP");
        assert_eq!(Ldap.probe(&context, b"0123456789"), Verdict::No);
    }

    #[test]
    fn cut_and_spoilt() {
        for message in [simple("cn=admin"), answer(BIND_ANSWER, 0)] {
            for end in 0..message.len() {
                let _ = streams_any_chunk(&Ldap, 389, &[(ToServer, &message[..end])]);
                let mut spoilt = message.clone();
                spoilt[end] ^= 0xff;
                let _ = datagrams(&Ldap, 389, &[(ToServer, &spoilt)]);
            }
        }
    }
}
