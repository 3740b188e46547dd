//! PostgreSQL's frontend/backend protocol 3 (PostgreSQL documentation, chapter "Message Formats").

use crate::bytes::be32;
use crate::fact::{About, Field, Login, Sink, Value};
use crate::framed::{Frame, Framed, Frames, Said};
use crate::protocol::{Context, Direction, Hint, Info, Next, Protocol, Role, Session, Verdict};
use crate::text::{is_service_account, until_nul};
use model::FactKind;

/// PostgreSQL.
pub struct Postgresql;

static INFO: Info = Info {
    id: "postgresql",
    name: "PostgreSQL",
    doc: "Server version, client program, how log-ins are proven and whether TLS is agreed. Image archives and integration engines \
          keep their indexes in it (PostgreSQL frontend/backend protocol 3.0).",
    hints: &[Hint::Tcp(5432)],
};

static VERSION: Field = Field::new("postgresql.server_version", "PostgreSQL server version", FactKind::Software);
static PROGRAM: Field = Field::new("postgresql.application_name", "PostgreSQL application name", FactKind::UserAgent);
static ACCOUNT: Field = Field::new("postgresql.user", "PostgreSQL user", FactKind::Account);
static TRIED: Field = Field::new("postgresql.authentication", "PostgreSQL authentication asked for", FactKind::LoginTried);
static CREDENTIAL: Field = Field::new("postgresql.password", "PostgreSQL password", FactKind::Credential);
static SUCCEEDED: Field = Field::new("postgresql.authentication.ok", "PostgreSQL log-in granted", FactKind::LoginSucceeded);
static FAILED: Field = Field::new("postgresql.error", "PostgreSQL log-in refused", FactKind::LoginFailed);
static ENCRYPTION: Field = Field::new("postgresql.encryption", "PostgreSQL encryption", FactKind::Cipher);

const PROTOCOL_3: u32 = 0x0003_0000;
const CANCEL: u32 = 80_877_102;
const TLS: u32 = 80_877_103;
const GSS: u32 = 80_877_104;
/// Longest message of the log-in that is read.
const MOST: usize = 4096;
/// Longest user name that is remembered until its password comes.
const MOST_USER: usize = 128;

impl Protocol for Postgresql {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, context: &Context, head: &[u8]) -> Verdict {
        match head {
            [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f | 0x30] => Verdict::Certain,
            [0, 0, 0, 16, 0x04, 0xd2, 0x16, 0x2e, ..] => Verdict::Certain,
            [0, 0, high, low, 0, 3, 0, 0, first, ..] => {
                let len = usize::from(u16::from_be_bytes([*high, *low]));
                if (9..=10_000).contains(&len) && (first.is_ascii_lowercase() || *first == b'_') {
                    Verdict::Certain
                } else if context.on_port(5432) {
                    Verdict::Unsure
                } else {
                    Verdict::No
                }
            }
            [b'R', 0, 0, 0, 8, 0, 0, 0, 0..=9, ..] | [b'R', 0, 0, 0, 12, 0, 0, 0, 5, ..] => Verdict::Certain,
            [b'R', 0, 0, _, _, 0, 0, 0, 10, b'S', b'C', ..] => Verdict::Certain,
            [b'E', 0, 0, _, _, b'S', rest @ ..]
                if [&b"FATAL\0"[..], b"ERROR\0", b"PANIC\0"].iter().any(|word| rest.starts_with(word)) =>
            {
                Verdict::Certain
            }
            _ if context.on_port(5432) => unsure(head),
            [0, 0, ..] | [0] if head.len() < 9 => Verdict::Unsure,
            _ => Verdict::No,
        }
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Framed::boxed(Postgres::default())
    }
}

/// The middle of a conversation on the usual port.
fn unsure(head: &[u8]) -> Verdict {
    match head {
        [b'S' | b'N' | b'G'] | [] => Verdict::Unsure,
        [kind, 0, _, _, _, ..] if kind.is_ascii_alphabetic() || matches!(kind, b'1'..=b'3') => Verdict::Unsure,
        [0, ..] if head.len() < 9 => Verdict::Unsure,
        [kind, rest @ ..] if kind.is_ascii_alphabetic() && rest.len() < 4 => Verdict::Unsure,
        _ => Verdict::No,
    }
}

/// The state of a connection.
#[derive(Default)]
struct Postgres {
    /// The client asked for encryption and the server has not said yes or no in its one octet.
    asked: bool,
    said: Said,
    method: Option<&'static str>,
    /// Kept from the startup message to the password.
    user: Box<[u8]>,
    /// The server refused encryption, or it was never asked for.
    clear: bool,
}

impl Frames for Postgres {
    fn frame(&self, context: &Context, bytes: &[u8]) -> Frame {
        let Some(&kind) = bytes.first() else { return Frame::More(1) };
        if self.asked && context.direction == Direction::ToClient && matches!(kind, b'S' | b'N' | b'G') {
            return Frame::upto(1, 1);
        }
        if kind == 0 {
            let Some(len) = be32(bytes, 0).and_then(|len| usize::try_from(len).ok()) else { return Frame::More(4) };
            return match len {
                8..=10_000 => Frame::upto(len, len),
                // Less than the header itself: read as that, and found to be malformed.
                0..8 if be32(bytes, 4).is_none() => Frame::More(8),
                0..8 => Frame::upto(8, 8),
                _ => Frame::Bad,
            };
        }
        let Some(len) = be32(bytes, 1) else { return Frame::More(5) };
        if !(4..=1 << 30).contains(&len) || !(kind.is_ascii_alphabetic() || matches!(kind, b'1'..=b'3')) {
            return Frame::Bad;
        }
        let wanted = if matches!(kind, b'R' | b'S' | b'E' | b'p') { MOST } else { 5 };
        let total = u64::from(len).saturating_add(1);
        Frame::Message { total, wanted: wanted.min(usize::try_from(total).unwrap_or(MOST)) }
    }

    fn message(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Option<Next> {
        let to_client = context.direction == Direction::ToClient;
        if std::mem::take(&mut self.asked) && to_client && bytes.len() == 1 {
            out.sender_is(Role::Server);
            return (bytes == b"S").then_some(Next::Become("tls"));
        }
        let body = bytes.get(5..).unwrap_or_default();
        match bytes.first()? {
            0 => self.startup(bytes, out),
            b'R' => self.authentication(body, out),
            // Sync and statistics of the client bear the letters of the server's status: only the server's have a body.
            b'S' if !body.is_empty() => self.status(body, out),
            b'E' => self.error(body, out),
            b'p' => self.password(until_nul(body), out),
            _ => {}
        }
        None
    }
}

impl Postgres {
    /// StartupMessage, SSLRequest, GSSENCRequest or CancelRequest.
    fn startup(&mut self, message: &[u8], out: &mut dyn Sink) {
        out.sender_is(Role::Client);
        if be32(message, 0).is_some_and(|len| len < 8) {
            out.malformed("a PostgreSQL startup message shorter than its header");
            return;
        }
        match be32(message, 4) {
            Some(TLS | GSS) => self.asked = true,
            Some(CANCEL) => {}
            Some(code) if code >> 16 == PROTOCOL_3 >> 16 => {
                self.clear = true;
                self.parameters(message.get(8..).unwrap_or_default(), out);
            }
            _ => out.malformed("a PostgreSQL startup message of an unknown version"),
        }
    }

    /// Names and values, each ended by NUL, up to an empty name. The database's name is not told.
    fn parameters(&mut self, parameters: &[u8], out: &mut dyn Sink) {
        let mut parts = parameters.split(|&octet| octet == 0).take(128);
        while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
            match name {
                b"user" => {
                    self.user = value.get(..MOST_USER).unwrap_or(value).into();
                    let user = String::from_utf8_lossy(value);
                    if is_service_account(&user) {
                        out.conversation(&ACCOUNT, &user);
                    }
                }
                b"application_name" if !value.is_empty() => out.sender(&PROGRAM, value),
                b"" => return,
                _ => {}
            }
        }
    }

    fn authentication(&mut self, body: &[u8], out: &mut dyn Sink) {
        out.sender_is(Role::Server);
        if std::mem::take(&mut self.clear) {
            out.conversation(&ENCRYPTION, "none");
        }
        let method = match be32(body, 0) {
            Some(0) => {
                out.conversation(&SUCCEEDED, self.method.take().unwrap_or("trust"));
                return;
            }
            Some(2) => "kerberos",
            Some(3) => "password",
            Some(5) => "md5",
            Some(7) => "gssapi",
            Some(9) => "sspi",
            Some(10) => "scram",
            _ => return,
        };
        self.method = Some(method);
        out.conversation(&TRIED, method);
    }

    fn password(&mut self, secret: &[u8], out: &mut dyn Sink) {
        let user = std::mem::take(&mut self.user);
        if self.method == Some("password") {
            out.say(About::Conversation, &CREDENTIAL, Value::Login(Login { scheme: "postgresql", user: &user, secret }));
        }
    }

    fn status(&mut self, body: &[u8], out: &mut dyn Sink) {
        let name = until_nul(body);
        if name == b"server_version"
            && self.said.first(0)
            && let Some(version) = body.get(name.len().saturating_add(1)..).map(until_nul)
        {
            let version = format!("PostgreSQL {}", String::from_utf8_lossy(version));
            out.say(About::Sender, &VERSION, Value::Text(version.into()));
        }
    }

    /// Fields of a letter and text. Class 28 of the codes is refused log-ins (appendix "PostgreSQL Error Codes").
    fn error(&mut self, body: &[u8], out: &mut dyn Sink) {
        if body.split(|&octet| octet == 0).take(32).any(|field| field.starts_with(b"C28")) {
            out.conversation(&FAILED, self.method.take().unwrap_or("postgresql"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, streams_any_chunk};
    use crate::protocol::Direction::{ToClient, ToServer};

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let len = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        [&[kind], len.as_slice(), body].concat()
    }

    fn startup(parameters: &[u8]) -> Vec<u8> {
        let len = u32::try_from(parameters.len() + 8).unwrap().to_be_bytes();
        [&len, PROTOCOL_3.to_be_bytes().as_slice(), parameters].concat()
    }

    const TLS_REQUEST: &[u8] = &[0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f];

    #[test]
    fn password_in_the_clear() {
        let lines = streams_any_chunk(
            &Postgresql,
            5432,
            &[
                (ToServer, TLS_REQUEST),
                (ToClient, b"N"),
                (ToServer, &startup(b"user\0postgres\0database\0ris\0application_name\0psql\0\0")),
                (ToClient, &message(b'R', &[0, 0, 0, 3])),
                (ToServer, &message(b'p', b"secret\0")),
                (ToClient, &message(b'R', &[0; 4])),
                (ToClient, &message(b'S', b"server_version\x0012.3\0")),
            ],
        )
        .lines;
        let said = [
            "conversation postgresql.user postgres",
            "sender postgresql.application_name psql",
            "conversation postgresql.encryption none",
            "conversation postgresql.authentication password",
            "conversation postgresql.password postgresql postgres:secret",
            "conversation postgresql.authentication.ok password",
            "sender postgresql.server_version PostgreSQL 12.3",
        ];
        assert_eq!(lines, said);
    }

    #[test]
    fn people_are_not_named_and_refusals_are_told() {
        let error = message(b'E', b"SFATAL\0C28P01\0Mpassword of doe\0\0");
        let lines = streams_any_chunk(&Postgresql, 5432, &[(ToServer, &startup(b"user\0doe\0\0")), (ToClient, &error)]).lines;
        assert_eq!(lines, ["conversation postgresql.error postgresql"]);
    }

    #[test]
    fn probes() {
        let context = context(ToServer, 9999, 0);
        assert_eq!(Postgresql.probe(&context, TLS_REQUEST), Verdict::Certain);
        assert_eq!(Postgresql.probe(&context, &startup(b"user\0a\0\0")), Verdict::Certain);
        assert_eq!(Postgresql.probe(&context, &TLS_REQUEST[..4]), Verdict::Unsure);
        assert_eq!(Postgresql.probe(&context, b"RETR 1\r\n"), Verdict::No);
    }

    #[test]
    fn cut_anywhere() {
        let all = [startup(b"user\0admin\0\0"), message(b'p', b"x\0"), message(b'R', &[0, 0, 0, 3])].concat();
        for end in 0..all.len() {
            let _ = streams_any_chunk(&Postgresql, 5432, &[(ToServer, &all[..end])]);
        }
    }
}
