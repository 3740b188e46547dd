//! HTTP/1.0 and 1.1 (RFC 9110, RFC 9112): who serves what to whom, and who logs in how. URLs never leave the decoder.

use crate::protocol::{Context, Hint, Info, Protocol, Session, Verdict};

mod fhir;
mod fields;
mod head;
mod login;
mod page;
mod session;
#[cfg(test)]
mod tests;

pub(super) use session::Web;

/// HTTP/1.
pub struct Http;

/// Which row a connection is for: printing (RFC 8010 §4) is HTTP with a body of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    Http,
    Ipp,
}

static INFO: Info = Info {
    id: "http",
    name: "HTTP",
    doc: "Web pages, consoles and interfaces (RFC 9110, RFC 9112). A device's console says its maker and model in the \
          server's product string, the log-in realm and the title of its front page; a client says its own in the user \
          agent. Log-ins and clinical records (FHIR, DICOMweb) over it are in the clear. Bodies are skipped by length, but for \
          what devices say of themselves: UPnP and DPWS descriptions, messages of IEEE 11073 SDC (which device, where it stands, \
          whether it was steered), and the software and single devices that FHIR servers name.",
    hints: &[
        Hint::Tcp(80),
        Hint::Tcp(8080),
        Hint::Tcp(8000),
        Hint::Tcp(8008),
        Hint::Tcp(8081),
        Hint::Tcp(8888),
        Hint::Tcp(3128),
        Hint::Tcp(5357),
        Hint::Tcp(49152),
        Hint::AnyTcp,
    ],
};

impl Protocol for Http {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, head: &[u8]) -> Verdict {
        probe(head)
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Some(Box::new(Web::new(Service::Http)))
    }
}

/// The longest first line that is waited for.
const MAX_START: usize = 16 * 1024;

/// A start line decides; the beginning of one is unsure until the version at its end has come.
pub(super) fn probe(bytes: &[u8]) -> Verdict {
    if !may_start(bytes) {
        return Verdict::No;
    }
    if bytes.starts_with(b"PRI * HTTP/2.0\r\n") {
        return Verdict::Certain;
    }
    match crate::bytes::line(bytes) {
        Some((line, _)) if head::start(line).is_some() => Verdict::Certain,
        None if bytes.len() >= 13 && bytes.get(..13).and_then(head::start).is_some() => Verdict::Certain,
        None if bytes.len() < MAX_START => Verdict::Unsure,
        _ => Verdict::No,
    }
}

/// Methods that are met (IANA's registry, UPnP, RPC over HTTP): only of these is a beginning believed.
const METHODS: &[&[u8]] = &[
    b"GET",
    b"POST",
    b"HEAD",
    b"PUT",
    b"DELETE",
    b"OPTIONS",
    b"CONNECT",
    b"TRACE",
    b"PATCH",
    b"PRI",
    b"SUBSCRIBE",
    b"UNSUBSCRIBE",
    b"NOTIFY",
    b"M-SEARCH",
    b"M-POST",
    b"PROPFIND",
    b"PROPPATCH",
    b"MKCOL",
    b"COPY",
    b"MOVE",
    b"LOCK",
    b"UNLOCK",
    b"SEARCH",
    b"REPORT",
    b"RPC_IN_DATA",
    b"RPC_OUT_DATA",
];

/// The bytes can be the beginning of a start line: `HTTP/1.`, or a method, a blank and a target of visible octets.
fn may_start(bytes: &[u8]) -> bool {
    let status = b"HTTP/1.";
    if bytes.starts_with(status) || status.starts_with(bytes) {
        return !bytes.is_empty();
    }
    let head = bytes.get(..25).unwrap_or(bytes);
    match memchr::memchr(b' ', head) {
        Some(space) => {
            let target = bytes.get(space.saturating_add(1)).copied();
            head.get(..space).is_some_and(head::is_method) && target.is_none_or(|b| b.is_ascii_graphic())
        }
        None => METHODS.iter().any(|method| method.starts_with(head)),
    }
}
