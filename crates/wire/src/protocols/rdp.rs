//! Remote Desktop (MS-RDPBCGR) up to where TLS or its own encryption begins.

use model::FactKind;

use crate::bytes::{Cursor, be16, find};
use crate::fact::{About, Field, Sink, Value};
use crate::lines::is_account;
use crate::protocol::{Context, Hint, Info, Next, Protocol, Role, Session, Step, Verdict};

mod conference;

static SECURITY: Field = Field::new("rdp.security", "RDP security chosen", FactKind::Cipher);
static SECURITY_WEAK: Field = Field::new("rdp.security_weak", "RDP security chosen, to be replaced", FactKind::CipherWeak);
static FAILURE: Field = Field::new("rdp.negotiation_failure", "RDP security negotiation refused", FactKind::Operation);
static ACCOUNT: Field = Field::new("rdp.cookie", "RDP cookie mstshash", FactKind::Account);
static DESKTOP: Field = Field::new("rdp.desktop", "RDP connection", FactKind::Management);

/// Remote Desktop: who operates which machine from afar, under which account, and how the session is protected.
pub struct Rdp;

static INFO: Info = Info {
    id: "rdp",
    name: "Remote Desktop",
    doc: "Connection request and security of the Remote Desktop Protocol (MS-RDPBCGR §2.2.1): account of the cookie, security \
          chosen, and without TLS the client's name and build and the strength of the encryption. Modality consoles and viewers \
          run on Windows and are administered this way.",
    hints: &[Hint::AnyTcp, Hint::Tcp(3389), Hint::Tcp(3388)],
};

/// COTP (X.224 §13) codes: connection request, connection confirm, data.
mod cotp {
    pub(super) const REQUEST: u8 = 0xe0;
    pub(super) const CONFIRM: u8 = 0xd0;
    pub(super) const DATA: u8 = 0xf0;
}

/// TPKT header and length indicator.
const FRONT: usize = 5;
/// Fixed part of a request or confirm with TPKT header.
const FIXED: usize = 11;
/// The longest message that is read; the conference messages take some 500 octets.
const MAX_MESSAGE: usize = 8 * 1024;

impl Protocol for Rdp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, head: &[u8]) -> Verdict {
        let Some(fixed) = head.first_chunk::<FIXED>() else {
            return if [3, 0].starts_with(head) || head.starts_with(&[3, 0]) { Verdict::Unsure } else { Verdict::No };
        };
        let &[3, 0, high, low, indicator, code, _, _, _, _, class] = fixed else { return Verdict::No };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let adds_up = length == FRONT.saturating_add(indicator.into()) && (FIXED..=MAX_MESSAGE).contains(&length);
        if !adds_up || !matches!(code, cotp::REQUEST | cotp::CONFIRM) || class != 0 {
            return Verdict::No;
        }
        // What stands behind tells RDP from the others that speak COTP: S7 and H.323 have parameters, or nothing, there.
        let rest = head.get(FIXED..).unwrap_or_default();
        match rest {
            _ if length == FIXED => Verdict::Unsure,
            [] => Verdict::Unsure,
            [1, _, 8, 0, ..] if code == cotp::REQUEST => Verdict::Certain,
            [2 | 3, _, 8, 0, ..] if code == cotp::CONFIRM => Verdict::Certain,
            [1..=3] | [1..=3, _] | [1..=3, _, 8] => Verdict::Unsure,
            _ if code == cotp::REQUEST && rest.starts_with(b"Cookie: ") => Verdict::Certain,
            _ if code == cotp::REQUEST && b"Cookie: ".starts_with(rest) => Verdict::Unsure,
            _ => Verdict::No,
        }
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Some(Box::new(Connection))
    }

    fn datagram_session(&self) -> Option<Box<dyn Session>> {
        None
    }
}

/// A connection. Each message says by itself what it is, so that nothing has to be remembered.
struct Connection;

impl Session for Connection {
    fn data(&mut self, _context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        let mut used = 0usize;
        // Request or confirm, and the conference message; more is not read.
        for _ in 0..3 {
            let step = message(bytes.get(used..).unwrap_or_default(), out);
            used = used.saturating_add(step.used);
            if step.used == 0 || step.next != Next::More(1) {
                return Step { used, next: step.next };
            }
        }
        Step { used, next: Next::Stop }
    }
}

fn message(bytes: &[u8], out: &mut dyn Sink) -> Step {
    match bytes {
        [] => return Step { used: 0, next: Next::More(1) },
        // A TLS record: what was chosen was not seen, but here it is.
        [0x16, ..] => return Step { used: 0, next: Next::Become("tls") },
        [3, ..] => {}
        _ => return Step { used: 0, next: Next::Stop },
    }
    let Some(length) = be16(bytes, 2).map(usize::from) else { return Step { used: 0, next: Next::More(4) } };
    if !(7..=MAX_MESSAGE).contains(&length) {
        return Step { used: 0, next: Next::Stop };
    }
    let Some(message) = bytes.get(..length) else { return Step { used: 0, next: Next::More(length) } };
    let next = match message.get(FRONT) {
        Some(&cotp::REQUEST) => request(message.get(FIXED..).unwrap_or_default(), out),
        Some(&cotp::CONFIRM) => confirm(message.get(FIXED..).unwrap_or_default(), out),
        Some(&cotp::DATA) => conference::say(message.get(7..).unwrap_or_default(), out),
        _ => Next::Stop,
    };
    Step { used: length, next }
}

/// What follows the fixed part of a connection request (MS-RDPBCGR §2.2.1.1): a token or cookie, and what security is offered.
fn request(rest: &[u8], out: &mut dyn Sink) -> Next {
    out.sender_is(Role::Client);
    if let Some(user) = rest.strip_prefix(b"Cookie: mstshash=") {
        let end = find(user, b"\r\n").unwrap_or(user.len());
        let user = user.get(..end).unwrap_or_default().trim_ascii();
        if !user.is_empty() && is_account(user) {
            out.say(About::Conversation, &ACCOUNT, Value::Octets(user));
        }
    }
    Next::More(1)
}

/// What follows the fixed part of a connection confirm (MS-RDPBCGR §2.2.1.2).
fn confirm(rest: &[u8], out: &mut dyn Sink) -> Next {
    out.sender_is(Role::Server);
    let mut at = Cursor::new(rest);
    let kind = at.u8();
    let value = at.skip(3).and_then(|()| at.u32_le());
    if kind == Some(3) {
        out.conversation(&FAILURE, failure_name(value.unwrap_or(0)));
        return Next::Stop;
    }
    out.say(About::Conversation, &DESKTOP, Value::Text("remote desktop".into()));
    // An old server leaves the answer out and means its own security.
    let chosen = value.filter(|_| kind == Some(2)).unwrap_or(0);
    let name = security_name(chosen);
    out.conversation(&SECURITY, name);
    if chosen == 0 {
        out.conversation(&SECURITY_WEAK, name);
        return Next::More(1);
    }
    Next::Become("tls")
}

/// MS-RDPBCGR §2.2.1.2.1. Standard security has no certificate that a client could check and is open to a man in the middle.
const fn security_name(chosen: u32) -> &'static str {
    match chosen {
        0 => "standard RDP security",
        1 => "TLS",
        2 => "CredSSP (network level authentication)",
        4 => "RDSTLS",
        8 => "CredSSP with early user authorisation",
        16 => "RDS AAD authentication",
        _ => "unknown RDP security",
    }
}

/// MS-RDPBCGR §2.2.1.2.2.
const fn failure_name(code: u32) -> &'static str {
    match code {
        1 => "TLS required by server",
        2 => "TLS not allowed by server",
        3 => "no certificate on server",
        4 => "inconsistent flags",
        5 => "CredSSP required by server",
        6 => "TLS with user authentication required by server",
        _ => "negotiation refused",
    }
}

#[cfg(test)]
mod tests;
