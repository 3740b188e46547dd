//! Kerberos 5 (RFC 4120), on UDP and on TCP (§7.2.2), and the tickets inside other protocols' log-ins.

use crate::ber::{self, Front, Reader};
use crate::bytes::be32;
use crate::fact::{About, Field, Sink, Value};
use crate::framed::{Frame, Framed, Frames};
use crate::protocol::{Context, Hint, Info, Next, Protocol, Role, Session, Verdict};
use crate::text::{generalized_time, is_service_account};
use model::FactKind;

/// Kerberos 5.
pub struct Kerberos;

static INFO: Info = Info {
    id: "kerberos",
    name: "Kerberos",
    doc: "Realm, services asked for, machine accounts, encryption of tickets (DES and RC4 are weak), refused log-ins and the clock of \
          the key distribution centre. Shows which devices belong to the clinic's domain and which servers they use (RFC 4120 §5).",
    hints: &[Hint::Udp(88), Hint::Tcp(88)],
};

static VERSION: Field = Field::new("kerberos.version", "Kerberos version", FactKind::ProtocolVersion);
static REALM: Field = Field::new("kerberos.realm", "Kerberos realm", FactKind::Domain);
static HOST: Field = Field::new("kerberos.cname.host", "Kerberos machine account", FactKind::HostName);
static ACCOUNT: Field = Field::new("kerberos.cname", "Kerberos client name", FactKind::Account);
static SERVICE: Field = Field::new("kerberos.sname", "Kerberos service name", FactKind::ServerName);
static ETYPE: Field = Field::new("kerberos.etype", "Kerberos encryption type of the ticket", FactKind::Cipher);
static BROKEN: Field =
    Field::new("kerberos.etype_broken", "Kerberos encryption type that protects no more", FactKind::CipherBroken);
static TRIED: Field = Field::new("kerberos.as_req", "Kerberos AS-REQ with pre-authentication", FactKind::LoginTried);
static SUCCEEDED: Field = Field::new("kerberos.as_rep", "Kerberos AS-REP", FactKind::LoginSucceeded);
static FAILED: Field = Field::new("kerberos.error", "Kerberos KRB-ERROR", FactKind::LoginFailed);
static STIME: Field = Field::new("kerberos.stime", "Kerberos server time", FactKind::Clock);

const TICKET: u8 = 0x61;
const AS_REQ: u8 = 0x6a;
const AS_REP: u8 = 0x6b;
const TGS_REQ: u8 = 0x6c;
const TGS_REP: u8 = 0x6d;
const AP_REQ: u8 = 0x6e;
const AP_REP: u8 = 0x6f;
const ERROR: u8 = 0x7e;
const GENERAL_STRING: u8 = 0x1b;
/// PA-ENC-TIMESTAMP, PA-PK-AS-REQ and PA-ENCRYPTED-CHALLENGE: with these the client proves who it is.
const PROOFS: [u64; 3] = [2, 16, 138];

impl Protocol for Kerberos {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, context: &Context, head: &[u8]) -> Verdict {
        let on_port = context.on_port(88);
        if head.first() == Some(&0) {
            let (Some(len), Some(message)) = (be32(head, 0), head.get(4..)) else { return Verdict::Unsure };
            if usize::try_from(len).is_ok_and(|len| len == 0 || len > MOST) {
                return Verdict::No;
            }
            return looks(message, usize::try_from(len).ok(), on_port);
        }
        if head.first() == Some(&4) {
            return if on_port && is_version_4(head) { Verdict::Unsure } else { Verdict::No };
        }
        looks(head, None, on_port)
    }

    fn datagram(&self, _context: &Context, payload: &[u8], out: &mut dyn Sink) {
        if is_version_4(payload) {
            out.conversation(&VERSION, "Kerberos 4");
            out.conversation(&BROKEN, "DES");
            return;
        }
        read(payload, out);
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Framed::boxed(Stream)
    }

    fn datagram_session(&self) -> Option<Box<dyn Session>> {
        None
    }
}

/// Version 4 knew no other cipher than DES and was withdrawn (RFC 6649 §3): its number, then a type of 1 to 10 and the byte order.
fn is_version_4(message: &[u8]) -> bool {
    matches!(message, [4, 2..=21, _, ..])
}

/// Longest message that is believed.
const MOST: usize = 0x0008_0000;

/// An application tag of Kerberos, a sequence in it that fills it, and the version number 5 or its context tag at its start.
fn looks(message: &[u8], stated: Option<usize>, on_port: bool) -> Verdict {
    let Some(&tag) = message.first() else { return Verdict::Unsure };
    if !matches!(tag, AS_REQ..=AP_REP | ERROR) {
        return Verdict::No;
    }
    let outer = match ber::front(message) {
        Front::Known(header) => header,
        Front::Need(_) => return Verdict::Unsure,
        Front::Bad => return Verdict::No,
    };
    if stated.is_some_and(|stated| stated != outer.total()) {
        return Verdict::No;
    }
    let inner = message.get(outer.header_len..).unwrap_or_default();
    match ber::front(inner) {
        Front::Known(header) if header.tag != ber::SEQUENCE || header.total() != outer.value_len => Verdict::No,
        Front::Known(header) => version(tag, inner.get(header.header_len..).unwrap_or_default(), on_port),
        Front::Need(_) => Verdict::Unsure,
        Front::Bad => Verdict::No,
    }
}

fn version(tag: u8, fields: &[u8], on_port: bool) -> Verdict {
    let first = if matches!(tag, AS_REQ | TGS_REQ) { 0xa1 } else { 0xa0 };
    let wanted = [first, 3, ber::INTEGER, 1, 5];
    match fields.first_chunk::<5>() {
        Some(fields) if *fields == wanted => Verdict::Certain,
        None if wanted.starts_with(fields) => Verdict::Unsure,
        // Some implementations leave the version number out.
        _ if on_port => Verdict::Unsure,
        _ => Verdict::No,
    }
}

/// Messages on TCP: four octets of length before each.
struct Stream;

impl Frames for Stream {
    fn frame(&self, _context: &Context, bytes: &[u8]) -> Frame {
        let Some(len) = be32(bytes, 0).and_then(|len| usize::try_from(len).ok()) else { return Frame::More(4) };
        let Some(tag) = bytes.get(4) else { return Frame::More(5) };
        if len > MOST || !matches!(*tag, AS_REQ..=AP_REP | ERROR) {
            return Frame::Bad;
        }
        Frame::upto(len.saturating_add(4), crate::protocol::MAX_WANTED)
    }

    fn message(&mut self, _context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Option<Next> {
        read(bytes.get(4..)?, out);
        None
    }
}

fn read(message: &[u8], out: &mut dyn Sink) {
    let tag = message.first().copied().unwrap_or_default();
    let Some(fields) = Reader::new(message).enter_cut(tag).and_then(|mut inside| inside.enter_cut(ber::SEQUENCE)) else {
        out.malformed("a Kerberos message without its sequence");
        return;
    };
    match tag {
        AS_REQ | TGS_REQ => {
            out.sender_is(Role::Client);
            request(tag, fields, out);
        }
        AS_REP | TGS_REP => {
            out.sender_is(Role::Server);
            reply(tag, fields, out);
        }
        AP_REQ => {
            ap_req(message, out);
        }
        ERROR => {
            out.sender_is(Role::Server);
            error(fields, out);
        }
        _ => {}
    }
}

/// KDC-REQ (RFC 4120 §5.4.1).
fn request(tag: u8, mut fields: Reader<'_>, out: &mut dyn Sink) {
    let mut proof = false;
    while let Some((number, value)) = next_field(&mut fields) {
        match number {
            3 => proof = has_proof(value),
            4 => request_body(value, out),
            _ => {}
        }
    }
    if proof && tag == AS_REQ {
        out.conversation(&TRIED, "kerberos");
    }
}

fn request_body(mut value: Reader<'_>, out: &mut dyn Sink) {
    let Some(mut fields) = value.enter_cut(ber::SEQUENCE) else { return };
    let mut machine = false;
    while let Some((number, mut value)) = next_field(&mut fields) {
        match number {
            1 => machine = client(value, About::Sender, out),
            2 => {
                let Some(realm) = value.take(GENERAL_STRING).filter(|realm| !realm.is_empty()) else { continue };
                out.say(About::Receiver, &REALM, Value::Octets(realm));
                if machine {
                    out.say(About::Sender, &REALM, Value::Octets(realm));
                }
            }
            3 => service(value, out),
            _ => {}
        }
    }
}

/// PA-DATA (RFC 4120 §5.2.7): `[1]` its type.
fn has_proof(mut value: Reader<'_>) -> bool {
    let Some(mut list) = value.enter(ber::SEQUENCE) else { return false };
    while let Some(data) = list.enter(ber::SEQUENCE) {
        let mut data = data;
        if data.enter(0xa1).and_then(|mut kind| kind.uint()).is_some_and(|kind| PROOFS.contains(&kind)) {
            return true;
        }
    }
    false
}

/// KDC-REP (RFC 4120 §5.4.2).
fn reply(tag: u8, mut fields: Reader<'_>, out: &mut dyn Sink) {
    let mut realm = None;
    while let Some((number, mut value)) = next_field(&mut fields) {
        match number {
            3 => realm = value.take(GENERAL_STRING),
            4 => {
                if client(value, About::Receiver, out)
                    && let Some(realm) = realm
                {
                    out.say(About::Receiver, &REALM, Value::Octets(realm));
                }
            }
            5 => ticket(value, About::Sender, out),
            _ => {}
        }
    }
    if tag == AS_REP {
        out.conversation(&SUCCEEDED, "kerberos");
    }
}

/// AP-REQ (RFC 4120 §5.5.1): the ticket with which a client goes to a service.
pub(crate) fn ap_req(message: &[u8], out: &mut dyn Sink) {
    let fields = Reader::new(message).enter_cut(AP_REQ).and_then(|mut inside| inside.enter_cut(ber::SEQUENCE));
    let Some(mut fields) = fields else { return };
    while let Some((number, value)) = next_field(&mut fields) {
        if number == 3 {
            ticket(value, About::Receiver, out);
        }
    }
}

/// Ticket (RFC 4120 §5.3): realm, service and how it is encrypted.
fn ticket(mut value: Reader<'_>, realm_of: About, out: &mut dyn Sink) {
    let Some(mut fields) = value.enter_cut(TICKET).and_then(|mut inside| inside.enter_cut(ber::SEQUENCE)) else { return };
    while let Some((number, mut value)) = next_field(&mut fields) {
        match number {
            1 => {
                if let Some(realm) = value.take(GENERAL_STRING).filter(|realm| !realm.is_empty()) {
                    out.say(realm_of, &REALM, Value::Octets(realm));
                }
            }
            2 => service(value, out),
            3 => {
                let kind = value.enter_cut(ber::SEQUENCE).and_then(|mut data| data.enter(0xa0)).and_then(|mut kind| kind.uint());
                if let Some(name) = kind.and_then(etype) {
                    out.conversation(&ETYPE, name);
                    // RFC 6649 and RFC 8429 retire DES, triple DES and RC4.
                    if name.starts_with("DES") || name.starts_with("RC4") {
                        out.conversation(&BROKEN, name);
                    }
                }
            }
            _ => {}
        }
    }
}

/// KRB-ERROR (RFC 4120 §5.9.1).
fn error(mut fields: Reader<'_>, out: &mut dyn Sink) {
    while let Some((number, mut value)) = next_field(&mut fields) {
        match number {
            4 => {
                if let Some(time) = value.take(0x18).and_then(generalized_time) {
                    out.say(About::Sender, &STIME, Value::Time(time));
                }
            }
            6 => {
                if let Some(why) = value.uint().and_then(refusal) {
                    out.conversation(&FAILED, why);
                }
            }
            9 => {
                if let Some(realm) = value.take(GENERAL_STRING).filter(|realm| !realm.is_empty()) {
                    out.say(About::Sender, &REALM, Value::Octets(realm));
                }
            }
            10 => service(value, out),
            _ => {}
        }
    }
}

/// Errors that refuse a log-in (RFC 4120 §7.5.9). That pre-authentication is wanted is a step of it, no failure.
const fn refusal(code: u64) -> Option<&'static str> {
    match code {
        6 => Some("client not known"),
        12 => Some("policy"),
        14 => Some("encryption type not supported"),
        18 => Some("account revoked"),
        23 => Some("password expired"),
        24 => Some("wrong password"),
        37 => Some("clock skew"),
        _ => None,
    }
}

/// A client principal. A machine's account names the host, a service's is told, a person's is not. True for a machine's.
fn client(value: Reader<'_>, about: About, out: &mut dyn Sink) -> bool {
    let Some(name) = components(value).next() else { return false };
    let name = String::from_utf8_lossy(name);
    if is_service_account(&name) {
        out.conversation(&ACCOUNT, &name);
    }
    let Some(host) = name.strip_suffix('$').filter(|host| !host.is_empty()) else { return false };
    out.say(about, &HOST, Value::Text(host.into()));
    true
}

/// A service principal, such as `cifs/files.clinic.example`. A name of one part may be a person's, and the ticket-granting
/// service repeats the realm: neither is told.
fn service(value: Reader<'_>, out: &mut dyn Sink) {
    let mut parts = components(value);
    let (Some(class), Some(host)) = (parts.next(), parts.next()) else { return };
    if class != b"krbtgt" {
        let name = [String::from_utf8_lossy(class), String::from_utf8_lossy(host)].join("/");
        out.say(About::Conversation, &SERVICE, Value::Text(name.into()));
    }
}

/// The parts of a PrincipalName (RFC 4120 §5.2.2).
fn components(mut value: Reader<'_>) -> impl Iterator<Item = &[u8]> {
    let mut fields = value.enter_cut(ber::SEQUENCE).unwrap_or(Reader::new(&[]));
    let _kind = fields.take(0xa0);
    let mut list = fields.enter_cut(0xa1).and_then(|mut list| list.enter_cut(ber::SEQUENCE)).unwrap_or(Reader::new(&[]));
    std::iter::from_fn(move || list.take(GENERAL_STRING))
}

/// The next `[number]` field, whole or cut by the end of what was captured.
fn next_field<'a>(fields: &mut Reader<'a>) -> Option<(u8, Reader<'a>)> {
    let tag = fields.peek().filter(|tag| tag & 0xe0 == 0xa0)?;
    Some((tag & 0x1f, fields.enter_cut(tag)?))
}

/// Names of encryption types (IANA Kerberos Parameters).
const fn etype(number: u64) -> Option<&'static str> {
    Some(match number {
        1 => "DES-CBC-CRC",
        2 => "DES-CBC-MD4",
        3 => "DES-CBC-MD5",
        16 => "DES3-CBC-SHA1",
        17 => "AES128-CTS-HMAC-SHA1-96",
        18 => "AES256-CTS-HMAC-SHA1-96",
        19 => "AES128-CTS-HMAC-SHA256-128",
        20 => "AES256-CTS-HMAC-SHA384-192",
        23 => "RC4-HMAC",
        24 => "RC4-HMAC-EXP",
        25 => "CAMELLIA128-CTS-CMAC",
        26 => "CAMELLIA256-CTS-CMAC",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, datagrams, streams_any_chunk};
    use crate::protocol::Direction::{ToClient, ToServer};

    fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let body = parts.concat();
        let mut out = vec![tag];
        match u8::try_from(body.len()) {
            Ok(len) if len < 0x80 => out.push(len),
            _ => {
                out.push(0x82);
                out.extend(u16::try_from(body.len()).unwrap().to_be_bytes());
            }
        }
        out.extend(body);
        out
    }

    fn int(value: u8) -> Vec<u8> {
        vec![2, 1, value]
    }

    fn name(parts: &[&str]) -> Vec<u8> {
        let strings: Vec<_> = parts.iter().map(|part| tlv(GENERAL_STRING, &[part.as_bytes()])).collect();
        let list = tlv(0x30, &[&strings.concat()]);
        tlv(0x30, &[&tlv(0xa0, &[&int(2)]), &tlv(0xa1, &[&list])])
    }

    fn as_req(user: &str) -> Vec<u8> {
        let realm = tlv(GENERAL_STRING, &[b"CLINIC.EXAMPLE"]);
        let proof = tlv(0x30, &[&tlv(0x30, &[&tlv(0xa1, &[&int(2)]), &tlv(0xa2, &[&[4, 1, 0]])])]);
        let body = tlv(
            0x30,
            &[&tlv(0xa1, &[&name(&[user])]), &tlv(0xa2, &[&realm]), &tlv(0xa3, &[&name(&["host", "pacs.clinic.example"])])],
        );
        let fields = [tlv(0xa1, &[&int(5)]), tlv(0xa2, &[&int(10)]), tlv(0xa3, &[&proof]), tlv(0xa4, &[&body])].concat();
        tlv(AS_REQ, &[&tlv(0x30, &[&fields])])
    }

    fn error(code: u8) -> Vec<u8> {
        let stime = tlv(0x18, &[b"20231114221320Z"]);
        let fields = [tlv(0xa0, &[&int(5)]), tlv(0xa1, &[&int(30)]), tlv(0xa4, &[&stime]), tlv(0xa6, &[&int(code)])].concat();
        tlv(ERROR, &[&tlv(0x30, &[&fields])])
    }

    #[test]
    fn machine_logs_in() {
        let lines = datagrams(&Kerberos, 88, &[(ToServer, &as_req("PUMP-GW$"))]).lines;
        let said = [
            "conversation kerberos.cname PUMP-GW$",
            "sender kerberos.cname.host PUMP-GW",
            "receiver kerberos.realm CLINIC.EXAMPLE",
            "sender kerberos.realm CLINIC.EXAMPLE",
            "conversation kerberos.sname host/pacs.clinic.example",
            "conversation kerberos.as_req kerberos",
        ];
        assert_eq!(lines, said);
    }

    #[test]
    fn person_is_not_named() {
        let lines = datagrams(&Kerberos, 88, &[(ToServer, &as_req("mary"))]).lines;
        assert!(!lines.concat().contains("mary"), "{lines:?}");
    }

    #[test]
    fn refused_on_tcp() {
        let message = error(24);
        let framed = [&u32::try_from(message.len()).unwrap().to_be_bytes(), message.as_slice()].concat();
        let lines = streams_any_chunk(&Kerberos, 88, &[(ToClient, &framed)]).lines;
        assert_eq!(lines, ["sender kerberos.stime 2023-11-14T22:13:20Z", "conversation kerberos.error wrong password"]);
    }

    #[test]
    fn probes() {
        let context = context(ToServer, 88, 0);
        let message = as_req("a");
        assert_eq!(Kerberos.probe(&context, &message), Verdict::Certain);
        assert_eq!(Kerberos.probe(&context, &message[..3]), Verdict::Unsure);
        assert_eq!(Kerberos.probe(&context, b"GET / HTTP/1.1\r\n"), Verdict::No);
        assert_eq!(Kerberos.probe(&context, &[0, 0, 0, 5, 0x6a, 1, 0, 0, 0]), Verdict::No);
    }

    #[test]
    fn version_4_is_told() {
        let lines = datagrams(&Kerberos, 88, &[(ToServer, b"\x04\x02doe\0\0CLINIC\0")]).lines;
        assert_eq!(lines, ["conversation kerberos.version Kerberos 4", "conversation kerberos.etype_broken DES"]);
        assert_eq!(Kerberos.probe(&context(ToServer, 88, 0), b"\x04\x02a"), Verdict::Unsure);
        assert_eq!(Kerberos.probe(&context(ToServer, 99, 0), b"\x04\x02a"), Verdict::No);
    }

    #[test]
    fn cut_anywhere() {
        let message = [as_req("admin"), error(6)].concat();
        for end in 0..message.len() {
            let _ = datagrams(&Kerberos, 88, &[(ToServer, &message[..end])]);
        }
    }
}
