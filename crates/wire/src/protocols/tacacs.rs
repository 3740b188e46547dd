//! TACACS+: the header.

use model::FactKind;

use crate::bytes::{be16, be32};
use crate::fact::{Field, Sink};
use crate::protocol::{Context, Hint, Info, Next, Protocol, Role, Session, Step, Verdict};

/// TACACS+.
pub struct Tacacs;

static INFO: Info = Info {
    id: "tacacs",
    name: "TACACS+",
    doc: "Which network devices ask which server about the people who administer them, and whether they do so in the clear. Bodies \
          are not read. RFC 8907 §4.1.",
    hints: &[Hint::Tcp(49)],
};

static VERSION: Field = Field::new("tacacs.version", "TACACS+ version", FactKind::ProtocolVersion);
static KIND: Field = Field::new("tacacs.type", "TACACS+ packet type", FactKind::Operation);
static CIPHER: Field = Field::new("tacacs.flags", "TACACS+ unencrypted flag", FactKind::Cipher);

const HEADER_LEN: usize = 12;
/// Longest body that is believed (RFC 8907 §4.1 leaves it to the implementation).
const MAX_BODY: u32 = 1 << 17;

/// A header.
#[derive(Clone, Copy)]
struct Header {
    minor: u8,
    kind: u8,
    sequence: u8,
    is_clear: bool,
    body_len: u32,
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        let &[version, kind, sequence, flags] = bytes.first_chunk()?;
        let header = Self { minor: version & 15, kind, sequence, is_clear: flags & 1 != 0, body_len: be32(bytes, 8)? };
        // Flags: unencrypted and single connection; the rest must be ignored, but nobody sets them.
        let fits = version >> 4 == 0xc && header.minor <= 1 && (1..=3).contains(&kind) && sequence > 0 && flags & !5 == 0;
        (fits && (5..=MAX_BODY).contains(&header.body_len)).then_some(header)
    }
}

impl Protocol for Tacacs {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, context: &Context, head: &[u8]) -> Verdict {
        if head.len() < HEADER_LEN {
            let begins = be16(head, 0).is_some_and(|start| matches!(start, 0xc001..=0xc003 | 0xc101..=0xc103));
            return if begins && context.on_port(49) { Verdict::Unsure } else { Verdict::No };
        }
        let Some(header) = Header::read(head) else { return Verdict::No };
        let whole = usize::try_from(header.body_len).is_ok_and(|len| len.saturating_add(HEADER_LEN) == head.len());
        if whole && header.sequence <= 2 { Verdict::Certain } else { Verdict::Unsure }
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Some(Box::new(Connection::default()))
    }
}

#[derive(Default)]
struct Connection {
    said: [bool; 4],
}

impl Session for Connection {
    fn data(&mut self, _context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        if bytes.len() < HEADER_LEN {
            return Step { used: 0, next: Next::More(HEADER_LEN) };
        }
        let Some(header) = Header::read(bytes) else {
            let known = self.said.iter().any(|said| *said);
            if known {
                out.malformed("TACACS+ header");
            }
            return Step { used: 0, next: if known { Next::StopBoth } else { Next::NotMine } };
        };
        // The client's packets have odd numbers (RFC 8907 §4.1).
        out.sender_is(if header.sequence & 1 == 1 { Role::Client } else { Role::Server });
        self.say(header, out);
        Step { used: HEADER_LEN, next: Next::Skip(u64::from(header.body_len)) }
    }
}

impl Connection {
    fn say(&mut self, header: Header, out: &mut dyn Sink) {
        let Some(said) = self.said.get_mut(usize::from(header.kind)) else { return };
        if std::mem::replace(said, true) {
            return;
        }
        out.conversation(&VERSION, if header.minor == 0 { "TACACS+ 12.0" } else { "TACACS+ 12.1" });
        out.conversation(&CIPHER, if header.is_clear { "none" } else { "MD5 obfuscation" });
        out.conversation(
            &KIND,
            match header.kind {
                1 => "authentication",
                2 => "authorization",
                _ => "accounting",
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, streams_any_chunk};
    use crate::protocol::Direction::{ToClient, ToServer};

    fn packet(kind: u8, sequence: u8, flags: u8) -> Vec<u8> {
        [&[0xc0, kind, sequence, flags, 1, 2, 3, 4, 0, 0, 0, 6][..], b"secret"].concat()
    }

    #[test]
    fn headers() {
        let lines = streams_any_chunk(
            &Tacacs,
            49,
            &[(ToServer, &packet(1, 1, 1)), (ToClient, &packet(1, 2, 1)), (ToServer, &packet(2, 1, 0))],
        );
        assert_eq!(
            lines.lines,
            [
                "conversation tacacs.version TACACS+ 12.0",
                "conversation tacacs.flags none",
                "conversation tacacs.type authentication",
                "conversation tacacs.version TACACS+ 12.0",
                "conversation tacacs.flags MD5 obfuscation",
                "conversation tacacs.type authorization",
            ]
        );
        assert_eq!(lines.roles, [Role::Client, Role::Server, Role::Client]);
    }

    #[test]
    fn probes() {
        let at = context(ToServer, 4000, 18);
        assert_eq!(Tacacs.probe(&at, &packet(1, 1, 0)), Verdict::Certain);
        assert_eq!(Tacacs.probe(&at, &packet(9, 1, 0)), Verdict::No);
        assert_eq!(Tacacs.probe(&context(ToServer, 49, 3), &packet(1, 1, 0)[..3]), Verdict::Unsure);
        assert_eq!(Tacacs.probe(&at, b"GET / HTTP/1.1"), Verdict::No);
    }
}
