//! TFTP.

use std::borrow::Cow;

use model::FactKind;

use crate::bytes::be16;
use crate::fact::{About, Field, Sink, Value};
use crate::protocol::{Context, Hint, Info, Protocol, Role, Verdict};

/// TFTP.
pub struct Tftp;

static INFO: Info = Info {
    id: "tftp",
    name: "TFTP",
    doc: "Files moved without any log-in: firmware and configurations of network and embedded devices. Said are the direction and the \
          ending of the file's name, never the name or the contents. RFC 1350 §5, RFC 2347.",
    hints: &[Hint::Udp(69)],
};

static TRANSFER: Field = Field::new("tftp.request", "TFTP request", FactKind::Management);
static MODE: Field = Field::new("tftp.mode", "TFTP transfer mode", FactKind::Operation);

/// The modes of RFC 1350 §5; the last is obsolete.
const MODES: [&str; 3] = ["octet", "netascii", "mail"];
/// Options that are registered (RFC 2348, RFC 2349, RFC 2090, RFC 7440) or usual.
const OPTIONS: [&[u8]; 6] = [b"blksize", b"tsize", b"timeout", b"multicast", b"windowsize", b"rollover"];

impl Protocol for Tftp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, context: &Context, head: &[u8]) -> Verdict {
        match be16(head, 0) {
            Some(1 | 2) => match request(head) {
                Some(_) => Verdict::Certain,
                None if context.on_port(69) => Verdict::Unsure,
                None => Verdict::No,
            },
            Some(6) if is_option(head) => Verdict::Certain,
            // Data, acknowledgement, error: too little to tell by itself.
            Some(3..=6) if head.len() >= 4 => Verdict::Unsure,
            _ => Verdict::No,
        }
    }

    fn datagram(&self, _context: &Context, payload: &[u8], out: &mut dyn Sink) {
        match be16(payload, 0) {
            Some(1 | 2) => out.sender_is(Role::Client),
            Some(6) => return out.sender_is(Role::Server),
            _ => return,
        }
        let Some((operation, name, mode)) = request(payload) else { return out.malformed("TFTP request without name and mode") };
        let ending = ending(name);
        let text = ending.map_or(Cow::Borrowed(operation), |ending| Cow::Owned(format!("{operation} of .{ending}")));
        out.say(About::Conversation, &TRANSFER, Value::Text(text));
        out.conversation(&MODE, mode);
    }
}

/// Operation, name and mode of a request: name and mode each end with a zero.
fn request(head: &[u8]) -> Option<(&'static str, &[u8], &'static str)> {
    let operation = match be16(head, 0)? {
        1 => "TFTP read",
        2 => "TFTP write",
        _ => return None,
    };
    let mut parts = head.get(2..)?.splitn(3, |&b| b == 0);
    let (name, mode) = (parts.next()?, parts.next()?);
    parts.next()?;
    let mode = MODES.into_iter().find(|m| m.as_bytes().eq_ignore_ascii_case(mode))?;
    let printable = name.iter().all(|&b| b >= b' ' && b != 0x7f);
    (printable && !name.is_empty()).then_some((operation, name, mode))
}

fn is_option(head: &[u8]) -> bool {
    let name = head.get(2..).and_then(|rest| rest.split(|&b| b == 0).next()).unwrap_or_default();
    OPTIONS.iter().any(|option| option.eq_ignore_ascii_case(name))
}

/// The ending of a file name where it is a short word, in lower case.
fn ending(name: &[u8]) -> Option<String> {
    let ending = name.rsplit(|b| b"/\\".contains(b)).next()?;
    let dot = memchr::memrchr(b'.', ending)?;
    let ending = ending.get(dot.checked_add(1)?..)?;
    let is_word = (1..=5).contains(&ending.len()) && ending.iter().all(u8::is_ascii_alphanumeric);
    is_word.then(|| String::from_utf8_lossy(ending).to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, datagrams};
    use crate::protocol::Direction::{ToClient, ToServer};

    #[test]
    fn requests() {
        let read = b"\0\x01images/a-name.BIN\0octet\0blksize\x001428\0";
        let write = b"\0\x02running-config\0NetASCII\0";
        let lines = datagrams(&Tftp, 69, &[(ToServer, read), (ToServer, write), (ToClient, b"\0\x06blksize\x001428\0")]);
        assert_eq!(
            lines.lines,
            [
                "conversation tftp.request TFTP read of .bin",
                "conversation tftp.mode octet",
                "conversation tftp.request TFTP write",
                "conversation tftp.mode netascii",
            ]
        );
        for end in 0..read.len() {
            let _ = datagrams(&Tftp, 69, &[(ToServer, &read[..end])]);
        }
    }

    #[test]
    fn probes() {
        let at = context(ToServer, 4000, 20);
        assert_eq!(Tftp.probe(&at, b"\0\x01a\0octet\0"), Verdict::Certain);
        assert_eq!(Tftp.probe(&at, b"\0\x06tsize\x000\0"), Verdict::Certain);
        assert_eq!(Tftp.probe(&at, b"\0\x03\0\x01data"), Verdict::Unsure);
        assert_eq!(Tftp.probe(&at, b"\0\x01a\0words\0"), Verdict::No);
        assert_eq!(Tftp.probe(&at, b"\0\x01"), Verdict::No);
    }
}
