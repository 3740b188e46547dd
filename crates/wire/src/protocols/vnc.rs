//! RFB, the protocol of VNC (RFC 6143): that a screen is shared, and how the viewer proves itself. The desktop's name and
//! its picture are not read.

use model::FactKind;

use crate::fact::{Field, Sink};
use crate::lines::read_on;
use crate::protocol::{Context, Direction, Hint, Info, Next, Protocol, Role, Session, Step, Verdict};

/// VNC.
pub struct Vnc;

static INFO: Info = Info {
    id: "vnc",
    name: "VNC (RFB)",
    doc: "Remote screens (RFC 6143). Vendors service consoles and modalities over it; what is on the screen, patients \
          included, crosses in the clear unless a security type with encryption is chosen. Type 1 is no password at all.",
    hints: &[Hint::Tcp(5900), Hint::Tcp(5901), Hint::Tcp(5902), Hint::Tcp(5500), Hint::AnyTcp],
};

static VERSION: Field = Field::new("vnc.version", "RFB ProtocolVersion", FactKind::ProtocolVersion);
static SOFTWARE: Field = Field::new("vnc.software", "RFB version of a product", FactKind::Software);
static OFFERED: Field = Field::new("vnc.security-types", "RFB security types offered", FactKind::Operation);
static TRIED: Field = Field::new("vnc.security-type", "RFB security type chosen", FactKind::LoginTried);
static CIPHER: Field = Field::new("vnc.encryption", "RFB security type with encryption", FactKind::Cipher);
static SUCCEEDED: Field = Field::new("vnc.security-ok", "RFB SecurityResult", FactKind::LoginSucceeded);
static FAILED: Field = Field::new("vnc.security-failed", "RFB SecurityResult", FactKind::LoginFailed);
static MANAGEMENT: Field = Field::new("vnc.session", "RFB session", FactKind::Management);

/// `RFB 003.008` and a line feed (RFC 6143 §7.1.1).
const VERSION_LEN: usize = 12;

impl Protocol for Vnc {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, head: &[u8]) -> Verdict {
        let pattern = b"RFB ddd.ddd\n";
        let fits = |(byte, wanted): (&u8, &u8)| if *wanted == b'd' { byte.is_ascii_digit() } else { byte == wanted };
        if head.is_empty() || !head.iter().zip(pattern).all(fits) {
            return Verdict::No;
        }
        if head.len() >= VERSION_LEN { Verdict::Certain } else { Verdict::Unsure }
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Some(Box::<Screen>::default())
    }
}

/// The state of a connection.
#[derive(Default)]
struct Screen {
    server: Server,
    client: Client,
    /// Minor version the client agreed to; 0 while not known.
    minor: u16,
    chosen: u8,
}

/// What the server sends next.
#[derive(Default, Clone, Copy)]
enum Server {
    #[default]
    Version,
    Types,
    Challenge,
    Result,
}

/// What the client sends next.
#[derive(Default, Clone, Copy)]
enum Client {
    #[default]
    Version,
    Choice,
    Response,
}

impl Session for Screen {
    fn data(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        match context.direction {
            Direction::ToClient => self.read_server(bytes, out),
            Direction::ToServer => self.read_client(bytes, out),
        }
    }
}

const STOP: Next = Next::StopBoth;

impl Screen {
    fn read_server(&mut self, bytes: &[u8], out: &mut dyn Sink) -> Step {
        match self.server {
            Server::Version => {
                let Some(version) = version(bytes) else { return wait(bytes, VERSION_LEN) };
                self.server = Server::Types;
                out.conversation(&MANAGEMENT, "remote desktop");
                if let Some(product) = product(version) {
                    out.sender(&SOFTWARE, product.as_bytes());
                }
                read_on(VERSION_LEN)
            }
            Server::Types if self.is_old() => self.type_of_old(bytes, out),
            Server::Types => self.types(bytes, out),
            Server::Challenge if bytes.len() < 16 => wait(bytes, 16),
            Server::Challenge => {
                self.server = Server::Result;
                read_on(16)
            }
            Server::Result => self.result(bytes, out),
        }
    }

    /// The client agreed to 3.3, which lets the server choose (RFC 6143 §7.1.2).
    const fn is_old(&self) -> bool {
        self.minor > 0 && self.minor < 7
    }

    fn type_of_old(&mut self, bytes: &[u8], out: &mut dyn Sink) -> Step {
        let Some([0, 0, 0, kind]) = bytes.first_chunk() else {
            return if bytes.len() < 4 { wait(bytes, 4) } else { Step { used: 0, next: STOP } };
        };
        self.choose(*kind, out);
        let next = self.after_choice(out);
        Step { used: 4, next }
    }

    fn types(&mut self, bytes: &[u8], out: &mut dyn Sink) -> Step {
        let Some((count, rest)) = bytes.split_first() else { return wait(bytes, 1) };
        let Some(kinds) = rest.get(..usize::from(*count)) else {
            return wait(bytes, usize::from(*count).saturating_add(1));
        };
        if kinds.is_empty() {
            // A reason follows, for people.
            return Step { used: bytes.len(), next: STOP };
        }
        for kind in kinds.iter().take(8) {
            out.conversation(&OFFERED, offered(*kind));
        }
        self.server = Server::Challenge;
        read_on(kinds.len().saturating_add(1))
    }

    fn read_client(&mut self, bytes: &[u8], out: &mut dyn Sink) -> Step {
        match self.client {
            Client::Version => {
                let Some(version) = version(bytes) else { return wait(bytes, VERSION_LEN) };
                self.minor = minor(version);
                self.client = if self.is_old() { Client::Response } else { Client::Choice };
                if let Ok(text) = std::str::from_utf8(version) {
                    out.conversation(&VERSION, text);
                }
                read_on(VERSION_LEN)
            }
            Client::Choice => {
                let Some(kind) = bytes.first() else { return wait(bytes, 1) };
                out.sender_is(Role::Client);
                self.choose(*kind, out);
                self.client = Client::Response;
                let next = self.after_choice(out);
                Step { used: 1, next }
            }
            // The response to the challenge, and then the viewer's events: what is typed and clicked.
            Client::Response => Step { used: bytes.len(), next: Next::Stop },
        }
    }

    fn choose(&mut self, kind: u8, out: &mut dyn Sink) {
        self.chosen = kind;
        out.conversation(&TRIED, scheme(kind));
        if is_encrypted(kind) {
            out.conversation(&CIPHER, scheme(kind));
        }
    }

    /// Only no authentication and the classic challenge are followed to their result.
    fn after_choice(&mut self, out: &mut dyn Sink) -> Next {
        match self.chosen {
            1 if self.minor >= 8 => self.server = Server::Result,
            1 => {
                out.conversation(&SUCCEEDED, "none");
                return STOP;
            }
            2 => self.server = Server::Challenge,
            _ => return STOP,
        }
        Next::More(1)
    }

    fn result(&mut self, bytes: &[u8], out: &mut dyn Sink) -> Step {
        let Some(result) = bytes.first_chunk() else { return wait(bytes, 4) };
        match result {
            [0, 0, 0, 0] => out.conversation(&SUCCEEDED, scheme(self.chosen)),
            [0, 0, 0, 1 | 2] => out.conversation(&FAILED, scheme(self.chosen)),
            _ => out.malformed("RFB SecurityResult is not 0, 1 or 2"),
        }
        Step { used: 4, next: STOP }
    }
}

fn wait(bytes: &[u8], wanted: usize) -> Step {
    Step { used: 0, next: Next::More(wanted.max(bytes.len().saturating_add(1))) }
}

/// The version message without its line feed.
fn version(bytes: &[u8]) -> Option<&[u8]> {
    bytes.get(..VERSION_LEN)?.strip_suffix(b"\n")
}

fn minor(version: &[u8]) -> u16 {
    let digits = version.get(8..11).unwrap_or_default();
    let minor = digits.iter().fold(0u16, |n, d| n.wrapping_mul(10).wrapping_add(u16::from(d.wrapping_sub(b'0'))));
    // A later major version speaks as 3.8 does.
    if version.get(4..7) == Some(b"003") { minor.max(3) } else { 8 }
}

/// Versions that only one product states.
fn product(version: &[u8]) -> Option<&'static str> {
    match version {
        b"RFB 003.889" => Some("Apple Remote Desktop"),
        b"RFB 004.000" | b"RFB 004.001" | b"RFB 005.000" => Some("RealVNC Server"),
        b"RFB 003.004" | b"RFB 003.006" | b"RFB 003.014" | b"RFB 003.016" => Some("UltraVNC"),
        _ => None,
    }
}

/// Security types of the IANA registry "Remote Framebuffer Security Types".
const fn scheme(kind: u8) -> &'static str {
    match kind {
        1 => "none",
        2 => "vnc password",
        5 | 6 | 13 | 129 | 130 | 133 => "vnc ra2",
        16 => "vnc tight",
        17 => "vnc ultra",
        18 => "vnc tls",
        19 => "vnc vencrypt",
        20 => "vnc sasl",
        21 => "vnc md5",
        22 => "vnc xvp",
        30 | 33 | 35 | 36 => "vnc apple",
        112..=120 => "vnc ms-logon",
        _ => "vnc other",
    }
}

const fn offered(kind: u8) -> &'static str {
    match kind {
        1 => "offers no authentication",
        2 => "offers vnc password",
        5 | 6 | 13 | 129 | 130 | 133 => "offers vnc ra2",
        16 => "offers vnc tight",
        17 => "offers vnc ultra",
        18 => "offers vnc tls",
        19 => "offers vnc vencrypt",
        30 | 33 | 35 | 36 => "offers vnc apple",
        112..=120 => "offers vnc ms-logon",
        _ => "offers another security type",
    }
}

/// The types that encrypt what follows: RA2 (not RA2ne), TLS, VeNCrypt.
const fn is_encrypted(kind: u8) -> bool {
    matches!(kind, 5 | 13 | 18 | 19 | 129 | 133)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, streams, streams_any_chunk};
    use crate::protocol::Direction::{ToClient, ToServer};

    #[test]
    fn a_password_is_asked_for() {
        let lines = streams_any_chunk(
            &Vnc,
            5900,
            &[
                (ToClient, b"RFB 003.008\n"),
                (ToServer, b"RFB 003.008\n"),
                (ToClient, b"\x02\x02\x10"),
                (ToServer, b"\x02"),
                (ToClient, &[7; 16]),
                (ToServer, &[8; 16]),
                (ToClient, &[0, 0, 0, 1]),
                (ToClient, b"desk of Jane"),
            ],
        );
        assert_eq!(
            lines.lines,
            [
                "conversation vnc.session remote desktop",
                "conversation vnc.version RFB 003.008",
                "conversation vnc.security-types offers vnc password",
                "conversation vnc.security-types offers vnc tight",
                "conversation vnc.security-type vnc password",
                "conversation vnc.security-failed vnc password",
            ]
        );
    }

    #[test]
    fn old_and_open_servers() {
        let old = [(ToClient, &b"RFB 003.003\n"[..]), (ToServer, b"RFB 003.003\n"), (ToClient, &[0, 0, 0, 1])];
        assert_eq!(
            streams_any_chunk(&Vnc, 5900, &old).lines,
            [
                "conversation vnc.session remote desktop",
                "conversation vnc.version RFB 003.003",
                "conversation vnc.security-type none",
                "conversation vnc.security-ok none",
            ]
        );
        let open = [
            (ToClient, &b"RFB 003.889\n"[..]),
            (ToServer, b"RFB 003.008\n"),
            (ToClient, &[1, 1]),
            (ToServer, &[1]),
            (ToClient, &[0, 0, 0, 0]),
        ];
        assert_eq!(
            streams_any_chunk(&Vnc, 5900, &open).lines,
            [
                "conversation vnc.session remote desktop",
                "sender vnc.software Apple Remote Desktop",
                "conversation vnc.version RFB 003.008",
                "conversation vnc.security-types offers no authentication",
                "conversation vnc.security-type none",
                "conversation vnc.security-ok none",
            ]
        );
    }

    #[test]
    fn the_version_decides() {
        let ask = |bytes: &[u8]| Vnc.probe(&context(ToClient, 1, bytes.len()), bytes);
        assert_eq!(ask(b"RFB 003.008\n"), Verdict::Certain);
        assert_eq!(ask(b"RFB 0"), Verdict::Unsure);
        assert_eq!(ask(b"RFB a"), Verdict::No);
        assert_eq!(ask(b""), Verdict::No);
    }

    #[test]
    fn truncated_anywhere_is_no_harm() {
        let whole = b"RFB 003.008\n\x02\x02\x10AAAAAAAAAAAAAAAA\0\0\0\0";
        for end in 0..whole.len() {
            let _ = streams(&Vnc, 5900, &[(ToServer, b"RFB 003.003\n"), (ToClient, &whole[..end])], 3);
            let _ = streams(&Vnc, 5900, &[(ToClient, &whole[..end]), (ToServer, &whole[..end])], 3);
        }
    }
}
