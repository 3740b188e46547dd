//! NetBIOS session service (RFC 1002 §4.3): the names with which a session on port 139 is asked for, before SMB begins.

use crate::bytes::be16;
use crate::fact::{About, Field, Sink, Value};
use crate::framed::{Frame, Framed, Frames};
use crate::protocol::{Context, Hint, Info, Next, Protocol, Role, Session, Verdict};
use model::FactKind;

/// NetBIOS session service.
pub struct Nbss;

static INFO: Info = Info {
    id: "nbss",
    name: "NetBIOS session service",
    doc: "Names of the caller and the called in a session request. Old imaging stations and Windows up to XP share files this way; \
          what follows is SMB (RFC 1002 §4.3).",
    hints: &[Hint::Tcp(139)],
};

static CALLED: Field = Field::new("nbss.called", "NetBIOS called name", FactKind::HostName);
static CALLING: Field = Field::new("nbss.calling", "NetBIOS calling name", FactKind::HostName);

/// A name of 32 letters as one label, and the root.
const NAME_LEN: usize = 34;

impl Protocol for Nbss {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, context: &Context, head: &[u8]) -> Verdict {
        match head {
            [0x81, flags, high, low, 32, name @ ..] if *flags <= 1 => {
                let len = usize::from(u16::from_be_bytes([*high, *low]));
                if !(NAME_LEN..=512).contains(&len) || !name.iter().take(32).all(|letter| matches!(letter, b'A'..=b'P')) {
                    Verdict::No
                } else if name.len() >= 32 {
                    Verdict::Certain
                } else {
                    Verdict::Unsure
                }
            }
            [0x81, rest @ ..] if rest.len() < 4 => Verdict::Unsure,
            [0x82 | 0x85, 0, 0, 0] | [0x83, 0, 0, 1, 0x80..=0x8f] if context.on_port(139) => Verdict::Unsure,
            _ => Verdict::No,
        }
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Framed::boxed(Stream)
    }
}

struct Stream;

impl Frames for Stream {
    fn frame(&self, _context: &Context, bytes: &[u8]) -> Frame {
        let (Some(kind), Some(len)) = (bytes.first(), be16(bytes, 2)) else { return Frame::More(4) };
        match kind {
            // Session messages are SMB's.
            0 => Frame::Leave(Next::Become("smb")),
            0x81..=0x85 => Frame::upto(usize::from(len).saturating_add(4), 512),
            _ => Frame::Bad,
        }
    }

    fn message(&mut self, _context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Option<Next> {
        match bytes.first()? {
            0x81 => {
                out.sender_is(Role::Client);
                request(bytes.get(4..)?, out);
                None
            }
            0x82 => {
                out.sender_is(Role::Server);
                Some(Next::Become("smb"))
            }
            0x83 => {
                out.sender_is(Role::Server);
                Some(Next::StopBoth)
            }
            _ => None,
        }
    }
}

fn request(names: &[u8], out: &mut dyn Sink) {
    let Some((called, calling)) = names.split_at_checked(NAME_LEN) else {
        out.malformed("a NetBIOS session request without its names");
        return;
    };
    for (about, field, name) in [(About::Receiver, &CALLED, called), (About::Sender, &CALLING, calling)] {
        // `*SMBSERVER` is what callers say who do not know the name.
        if let Some(name) = decode(name).filter(|name| !name.starts_with('*') && !name.is_empty()) {
            out.say(about, field, Value::Text(name.into()));
        }
    }
}

/// First-level decoding (RFC 1001 §14.1): two letters `A` to `P` an octet; the sixteenth is the kind of the service.
pub(crate) fn decode(label: &[u8]) -> Option<String> {
    let letters = label.strip_prefix(&[32])?.first_chunk::<32>()?;
    let (pairs, _) = letters.as_chunks::<2>();
    let mut octets = [0_u8; 16];
    for (octet, [high, low]) in octets.iter_mut().zip(pairs) {
        let nibble = |letter: u8| letter.checked_sub(b'A').filter(|&nibble| nibble < 16);
        *octet = (nibble(*high)? << 4) | nibble(*low)?;
    }
    let name = octets.first_chunk::<15>()?;
    let text = String::from_utf8_lossy(name);
    Some(text.trim_end_matches([' ', '\0']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, streams_any_chunk};
    use crate::protocol::Direction::{ToClient, ToServer};

    fn encode(name: &str) -> Vec<u8> {
        let mut label = vec![32];
        for octet in format!("{name:<15} ").bytes() {
            label.extend([b'A' + (octet >> 4), b'A' + (octet & 15)]);
        }
        label.push(0);
        label
    }

    fn session_request() -> Vec<u8> {
        [&[0x81, 0, 0, 68], encode("CT-SERVER").as_slice(), &encode("VIEWER-2")].concat()
    }

    #[test]
    fn names_of_both() {
        let lines = streams_any_chunk(&Nbss, 139, &[(ToServer, &session_request()), (ToClient, &[0x82, 0, 0, 0])]).lines;
        assert_eq!(lines, ["receiver nbss.called CT-SERVER", "sender nbss.calling VIEWER-2"]);
    }

    #[test]
    fn probes() {
        let context = context(ToServer, 139, 0);
        let request = session_request();
        assert_eq!(Nbss.probe(&context, &request), Verdict::Certain);
        assert_eq!(Nbss.probe(&context, &request[..20]), Verdict::Unsure);
        assert_eq!(Nbss.probe(&context, b"\x81\x00\x00\x44 hello"), Verdict::No);
    }

    #[test]
    fn cut_anywhere() {
        let request = session_request();
        for end in 0..request.len() {
            let _ = streams_any_chunk(&Nbss, 139, &[(ToServer, &request[..end])]);
        }
    }
}
