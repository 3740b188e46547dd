//! SIP (RFC 3261): which telephones, gateways and nurse-call systems speak, and how they register. Who calls whom stays
//! inside: the user part of an address is a person or a bed.

use model::FactKind;

use crate::bytes::{find, header};
use crate::fact::{About, Field, Sink, Value};
use crate::lines::{Once, is_no_name, read_on};
use crate::protocol::{Context, Hint, Info, Next, Protocol, Session, Step, Verdict};

/// SIP.
pub struct Sip;

static INFO: Info = Info {
    id: "sip",
    name: "SIP",
    doc: "Telephony and nurse call (RFC 3261), over UDP and TCP. A device says product and version in User-Agent or Server. \
          Numbers and names of callers are not told.",
    hints: &[Hint::Udp(5060), Hint::Tcp(5060), Hint::Udp(5061), Hint::AnyUdp, Hint::AnyTcp],
};

static USER_AGENT: Field = Field::new("sip.user-agent", "SIP User-Agent", FactKind::UserAgent);
static SERVER: Field = Field::new("sip.server", "SIP Server", FactKind::ServerBanner);
static DOMAIN: Field = Field::new("sip.domain", "host of the SIP request's address", FactKind::ServerName);
static VIA: Field = Field::new("sip.via", "SIP Via host", FactKind::Fqdn);
static REALM: Field = Field::new("sip.realm", "SIP digest realm", FactKind::HttpRealm);
static METHOD: Field = Field::new("sip.method", "SIP method", FactKind::Operation);
static TRIED: Field = Field::new("sip.authorization", "SIP Authorization", FactKind::LoginTried);
static SUCCEEDED: Field = Field::new("sip.registered", "SIP 200 to a request with Authorization", FactKind::LoginSucceeded);
static FAILED: Field = Field::new("sip.refused", "SIP 401 or 403 to a request with Authorization", FactKind::LoginFailed);

/// Methods (RFC 3261 §7.1 and the IANA registry "SIP Parameters, Methods").
const METHODS: &[&str] = &[
    "INVITE",
    "ACK",
    "BYE",
    "CANCEL",
    "OPTIONS",
    "REGISTER",
    "PRACK",
    "SUBSCRIBE",
    "NOTIFY",
    "PUBLISH",
    "INFO",
    "REFER",
    "MESSAGE",
    "UPDATE",
];

/// The longest head that is waited for.
const MAX_HEAD: usize = 16 * 1024;

impl Protocol for Sip {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, context: &Context, head: &[u8]) -> Verdict {
        if head.starts_with(b"SIP/2.0 ") {
            return Verdict::Certain;
        }
        if !head.is_empty() && b"SIP/2.0 ".starts_with(head) {
            return Verdict::Unsure;
        }
        // Keep-alives (RFC 5626 §3.5.1) come in front of the first message too.
        if context.on_port(5060) && head.iter().all(|b| matches!(b, b'\r' | b'\n' | 0)) && !head.is_empty() {
            return Verdict::Unsure;
        }
        match method(head) {
            Some((_, rest)) => match crate::bytes::line(rest) {
                Some((target, _)) if target.ends_with(b" SIP/2.0") => Verdict::Certain,
                None if is_address(rest) => Verdict::Unsure,
                _ => Verdict::No,
            },
            None => Verdict::No,
        }
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Some(Box::<Dialogs>::default())
    }

    fn datagram_session(&self) -> Option<Box<dyn Session>> {
        Some(Box::new(Dialogs { is_datagram: true, ..Dialogs::default() }))
    }
}

fn method(head: &[u8]) -> Option<(&'static str, &[u8])> {
    METHODS.iter().find_map(|name| Some((*name, head.strip_prefix(name.as_bytes())?.strip_prefix(b" ")?)))
}

fn is_address(target: &[u8]) -> bool {
    [&b"sip:"[..], b"sips:", b"tel:"].iter().any(|scheme| target.starts_with(scheme) || scheme.starts_with(target))
}

/// The state of a flow.
#[derive(Default)]
struct Dialogs {
    once: Once,
    is_datagram: bool,
    /// A request with Authorization waits for its answer.
    has_tried: bool,
}

impl Session for Dialogs {
    fn data(&mut self, _context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        let blank = bytes.iter().take_while(|b| matches!(b, b'\r' | b'\n' | 0)).count();
        if blank > 0 && !self.is_datagram {
            return read_on(blank);
        }
        let bytes = bytes.get(blank..).unwrap_or_default();
        let len = match find(bytes, b"\r\n\r\n") {
            Some(at) => at.saturating_add(4),
            None if self.is_datagram => bytes.len(),
            None if bytes.len() < MAX_HEAD => {
                return Step { used: 0, next: Next::More(bytes.len().saturating_add(1)) };
            }
            None => return Step { used: bytes.len(), next: Next::Stop },
        };
        let head = bytes.get(..len).unwrap_or(bytes);
        match self.message(head, out) {
            _ if self.is_datagram => read_on(bytes.len().saturating_add(blank)),
            Some(0) => read_on(len),
            Some(body) => Step { used: len, next: Next::Skip(body) },
            None => Step { used: len, next: Next::Stop },
        }
    }
}

impl Dialogs {
    /// Reads a head; the length of the body behind it, or `None` where it is no SIP.
    fn message(&mut self, head: &[u8], out: &mut dyn Sink) -> Option<u64> {
        let (first, used) = crate::bytes::line(head)?;
        let mut rest = head.get(used..)?;
        let status = first.strip_prefix(b"SIP/2.0 ").and_then(|s| s.first_chunk::<3>());
        let is_request = status.is_none();
        if is_request {
            self.request(first, out)?;
        }
        let mut length = 0;
        let mut authorized = false;
        let mut has_via = false;
        while let Some((line, used)) = crate::bytes::line(rest) {
            rest = rest.get(used..)?;
            let Some((name, value)) = header(line) else { continue };
            let is = |wanted: &str, short: &str| {
                name.eq_ignore_ascii_case(wanted.as_bytes()) || (!short.is_empty() && name.eq_ignore_ascii_case(short.as_bytes()))
            };
            match () {
                () if is("User-Agent", "") => {
                    let field = if is_request { &USER_AGENT } else { &SERVER };
                    self.once.sender(field, value, out);
                }
                () if is("Server", "") => self.once.sender(&SERVER, value, out),
                () if is("Content-Length", "l") => {
                    length = std::str::from_utf8(value).ok().and_then(|n| n.parse().ok()).unwrap_or(0);
                }
                () if is("Via", "v") && is_request && !has_via => {
                    has_via = true;
                    self.via(value, out);
                }
                () if is("Authorization", "") || is("Proxy-Authorization", "") => {
                    authorized = true;
                    self.once.conversation(&TRIED, "sip digest", out);
                }
                () if is("WWW-Authenticate", "") || is("Proxy-Authenticate", "") => self.realm(value, out),
                () => {}
            }
        }
        self.outcome(status, authorized, out);
        Some(length)
    }

    fn request(&mut self, first: &[u8], out: &mut dyn Sink) -> Option<()> {
        let (name, target) = method(first)?;
        let target = target.strip_suffix(b" SIP/2.0")?;
        self.once.conversation(&METHOD, name, out);
        let host = host(target);
        if !is_no_name(host) {
            self.once.octets(&DOMAIN, host, out);
        }
        Some(())
    }

    /// `SIP/2.0/UDP host:port;branch=…` of the sender, which stands first (RFC 3261 §18.1.1).
    fn via(&mut self, value: &[u8], out: &mut dyn Sink) {
        let (_, sent_by) = crate::lines::word(value);
        let host = sent_by.split(|b| matches!(b, b':' | b';' | b',' | b' ')).next().unwrap_or_default();
        if !is_no_name(host) && host.contains(&b'.') && !host.ends_with(b".invalid") {
            self.once.sender(&VIA, host, out);
        }
    }

    fn realm(&mut self, value: &[u8], out: &mut dyn Sink) {
        let Some(at) = find(value, b"realm=\"") else { return };
        let realm = value.get(at.saturating_add(7)..).unwrap_or_default().split(|b| *b == b'"').next().unwrap_or_default();
        if self.once.is_new(&REALM, realm) {
            out.say(About::Sender, &REALM, Value::Octets(realm));
        }
    }

    fn outcome(&mut self, status: Option<&[u8; 3]>, authorized: bool, out: &mut dyn Sink) {
        match status {
            None => self.has_tried |= authorized,
            Some([b'2', ..]) if self.has_tried => {
                self.has_tried = false;
                self.once.conversation(&SUCCEEDED, "sip digest", out);
            }
            Some(b"401" | b"403" | b"407") if self.has_tried => {
                self.has_tried = false;
                self.once.conversation(&FAILED, "sip digest", out);
            }
            Some(_) => {}
        }
    }
}

/// The host of `sip:user@host:port;parameters`.
fn host(target: &[u8]) -> &[u8] {
    let address = memchr::memchr(b':', target).and_then(|at| target.get(at.saturating_add(1)..)).unwrap_or_default();
    let Some(at) = memchr::memchr(b'@', address) else {
        // Without an at sign it may be a host or, behind `tel:`, a number.
        let is_number = target.starts_with(b"tel:");
        return if is_number { &[] } else { until_port(address) };
    };
    until_port(address.get(at.saturating_add(1)..).unwrap_or_default())
}

fn until_port(host: &[u8]) -> &[u8] {
    host.split(|b| matches!(b, b':' | b';' | b'?' | b'>' | b' ')).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, datagrams, streams, streams_any_chunk};
    use crate::protocol::Direction::{ToClient, ToServer};

    const REGISTER: &[u8] = b"REGISTER sip:pbx.example SIP/2.0\r\nVia: SIP/2.0/UDP phone7.example:5060;branch=z\r\n\
        From: \"Jane\" <sip:4711@pbx.example>\r\nUser-Agent: Acme Phone 3.1\r\nAuthorization: Digest username=\"4711\"\r\n\
        Content-Length: 3\r\n\r\nabc";
    const ANSWER: &[u8] = b"SIP/2.0 200 OK\r\nServer: PBX 2\r\nl: 0\r\n\r\n";

    fn wanted() -> [&'static str; 7] {
        [
            "conversation sip.method REGISTER",
            "conversation sip.domain pbx.example",
            "sender sip.via phone7.example",
            "sender sip.user-agent Acme Phone 3.1",
            "conversation sip.authorization sip digest",
            "sender sip.server PBX 2",
            "conversation sip.registered sip digest",
        ]
    }

    #[test]
    fn a_telephone_registers_over_udp_and_tcp() {
        let messages = [(ToServer, REGISTER), (ToClient, ANSWER), (ToServer, REGISTER)];
        assert_eq!(datagrams(&Sip, 5060, &messages).lines, wanted());
        assert_eq!(streams_any_chunk(&Sip, 5060, &messages).lines, wanted());
    }

    #[test]
    fn numbers_stay_inside() {
        let lines = datagrams(&Sip, 5060, &[(ToServer, b"INVITE tel:555123456 SIP/2.0\r\nSubject: Bed 7\r\n\r\n")]);
        assert_eq!(lines.lines, ["conversation sip.method INVITE"]);
    }

    #[test]
    fn the_start_line_decides() {
        let ask = |bytes: &[u8]| Sip.probe(&context(ToServer, 5060, bytes.len()), bytes);
        assert_eq!(ask(REGISTER), Verdict::Certain);
        assert_eq!(ask(ANSWER), Verdict::Certain);
        assert_eq!(ask(b"INVITE sip:a"), Verdict::Unsure);
        assert_eq!(ask(b"OPTIONS * HTTP/1.1\r\n"), Verdict::No);
        assert_eq!(ask(b"OPTIONS rtsp://a RTSP/1.0\r\n"), Verdict::No);
        assert_eq!(ask(b"\r\n\r\n"), Verdict::Unsure);
        assert_eq!(ask(b""), Verdict::No);
    }

    #[test]
    fn truncated_anywhere_is_no_harm() {
        for end in 0..REGISTER.len() {
            let _ = datagrams(&Sip, 5060, &[(ToServer, &REGISTER[..end])]);
            let _ = streams(&Sip, 5060, &[(ToServer, &REGISTER[..end]), (ToClient, &ANSWER[end.min(ANSWER.len())..])], 5);
        }
    }
}
