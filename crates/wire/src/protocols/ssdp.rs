//! Simple service discovery of UPnP.

use model::FactKind;

use crate::bytes::{header, line};
use crate::device_description::{announcer, http_address, udn};
use crate::fact::{About, Field, Sink, Value};
use crate::protocol::{Context, Hint, Info, Protocol, Role, Verdict};

/// SSDP.
pub struct Ssdp;

static INFO: Info = Info {
    id: "ssdp",
    name: "SSDP (UPnP discovery)",
    doc: "What sort of device announces itself, with which software, and the UUID it keeps across addresses; what control points \
          look for. Friendly names are not read. UPnP Device Architecture 2.0 §1.",
    hints: &[Hint::Udp(1900)],
};

static SERVER: Field = Field::new("ssdp.server", "SSDP Server header", FactKind::Upnp);
static TYPE: Field = Field::new("ssdp.type", "SSDP notification or search type (NT, ST)", FactKind::Upnp);
static SEARCH: Field = Field::new("ssdp.search", "SSDP type looked for", FactKind::Upnp);
static USN: Field = Field::new("ssdp.usn", "SSDP unique service name", FactKind::Uuid);
static AGENT: Field = Field::new("ssdp.user-agent", "SSDP User-Agent header", FactKind::UserAgent);
static WAKEUP: Field = Field::new("ssdp.wakeup", "SSDP WAKEUP header", FactKind::OwnMac);

/// The most header lines that are read.
const MAX_LINES: usize = 64;

impl Protocol for Ssdp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, context: &Context, head: &[u8]) -> Verdict {
        match kind(head) {
            Some(Kind::Notify | Kind::Search) => Verdict::Certain,
            Some(Kind::Answer) if headers(head).any(|(k, _)| is(k, b"ST") || is(k, b"USN")) => Verdict::Certain,
            Some(Kind::Answer) if context.on_port(1900) => Verdict::Unsure,
            _ => Verdict::No,
        }
    }

    fn datagram(&self, context: &Context, payload: &[u8], out: &mut dyn Sink) {
        match kind(payload) {
            Some(Kind::Search) => search(payload, out),
            Some(Kind::Notify) => announcement(context, payload, out),
            Some(Kind::Answer) => {
                out.sender_is(Role::Server);
                announcement(context, payload, out);
            }
            None => {}
        }
    }
}

enum Kind {
    Notify,
    Search,
    Answer,
}

fn kind(head: &[u8]) -> Option<Kind> {
    let kinds =
        [(&b"NOTIFY * HTTP/1."[..], Kind::Notify), (b"M-SEARCH * HTTP/1.", Kind::Search), (b"HTTP/1.1 200", Kind::Answer)];
    // Some devices leave more than one blank or begin with a line end; they are few and their port tells them.
    kinds.into_iter().find(|(start, _)| head.starts_with(start)).map(|(_, kind)| kind)
}

fn headers(message: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = message;
    let lines = std::iter::from_fn(move || {
        let (text, used) = line(rest)?;
        rest = rest.get(used..)?;
        Some(text)
    });
    lines.take(MAX_LINES).skip(1).take_while(|text| !text.is_empty()).filter_map(header)
}

fn is(key: &[u8], name: &[u8]) -> bool {
    key.eq_ignore_ascii_case(name)
}

fn search(message: &[u8], out: &mut dyn Sink) {
    out.sender_is(Role::Client);
    for (key, value) in headers(message).filter(|(_, v)| !v.is_empty()) {
        if is(key, b"ST") && value != b"ssdp:all" {
            out.sender(&SEARCH, value);
        } else if is(key, b"USER-AGENT") {
            out.sender(&AGENT, value);
        }
    }
}

fn announcement(context: &Context, message: &[u8], out: &mut dyn Sink) {
    let located = headers(message).filter(|(k, _)| is(k, b"LOCATION")).filter_map(|(_, v)| http_address(v)?.0);
    let about = announcer(context.src, located);
    for (key, value) in headers(message).filter(|(_, v)| !v.is_empty()) {
        if is(key, b"SERVER") {
            out.say(about, &SERVER, Value::Octets(value));
        } else if (is(key, b"NT") || is(key, b"ST"))
            && !value.starts_with(b"uuid:")
            && value != b"upnp:rootdevice"
            && value != b"ssdp:all"
        {
            out.say(about, &TYPE, Value::Octets(value));
        } else if is(key, b"USN")
            && let Some(name) = udn(value)
        {
            out.say(about, &USN, Value::Octets(name));
        } else if is(key, b"WAKEUP") {
            wakeup(about, value, out);
        } else if is(key, b"USER-AGENT") || is(key, b"X-USER-AGENT") {
            out.say(about, &AGENT, Value::Octets(value));
        }
    }
}

/// `MAC=00:1b:21:01:02:03;Timeout=10`: how to wake the device.
fn wakeup(about: About, value: &[u8], out: &mut dyn Sink) {
    let mac = value.strip_prefix(b"MAC=").and_then(|v| v.split(|&b| b == b';').next()).and_then(super::mdns::mac);
    if let Some(mac) = mac {
        out.say(about, &WAKEUP, Value::Mac(mac));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, datagrams};
    use crate::protocol::Direction::{ToClient, ToServer};

    const NOTIFY: &[u8] = b"NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nLocation:http://10.0.0.2:80/d.xml\r\n\
        SERVER: Linux/3.1 UPnP/1.0 Acme/2\r\nNT: urn:schemas-upnp-org:device:Printer:1\r\nNTS: ssdp:alive\r\n\
        WAKEUP: MAC=00:1b:21:01:02:03;Timeout=60\r\n\
        USN: uuid:11112222-3333-4444-5555-666677778888::urn:schemas-upnp-org:device:Printer:1\r\n\r\n";

    #[test]
    fn announcements_and_searches() {
        let search =
            b"M-SEARCH * HTTP/1.1\r\nST: urn:x:service:dial:1\r\nUSER-AGENT: App/1 OS/2\r\nCPFN.UPNP.ORG: A person\r\n\r\n";
        let lines = datagrams(&Ssdp, 1900, &[(ToClient, NOTIFY), (ToServer, search)]);
        assert_eq!(
            lines.lines,
            [
                "sender ssdp.server Linux/3.1 UPnP/1.0 Acme/2",
                "sender ssdp.type urn:schemas-upnp-org:device:Printer:1",
                "sender ssdp.wakeup 00:1b:21:01:02:03",
                "sender ssdp.usn 11112222-3333-4444-5555-666677778888",
                "sender ssdp.search urn:x:service:dial:1",
                "sender ssdp.user-agent App/1 OS/2",
            ]
        );
        for end in 0..NOTIFY.len() {
            let _ = datagrams(&Ssdp, 1900, &[(ToClient, &NOTIFY[..end])]);
        }
    }

    #[test]
    fn one_that_speaks_for_another() {
        let notify = String::from_utf8_lossy(NOTIFY).replace("10.0.0.2", "10.0.0.77");
        let lines = datagrams(&Ssdp, 1900, &[(ToClient, notify.as_bytes())]);
        assert!(lines.lines.iter().all(|l| l.starts_with("10.0.0.77 ")));
    }

    #[test]
    fn probes() {
        let at = context(ToServer, 4000, 100);
        assert_eq!(Ssdp.probe(&at, NOTIFY), Verdict::Certain);
        assert_eq!(Ssdp.probe(&at, b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n"), Verdict::No);
        assert_eq!(Ssdp.probe(&at, b"HTTP/1.1 200 OK\r\nst: x\r\n\r\n"), Verdict::Certain);
        assert_eq!(Ssdp.probe(&at, b"NOTIFY sip:a@b SIP/2.0\r\n\r\n"), Verdict::No);
    }
}
