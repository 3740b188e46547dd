//! MySQL and MariaDB: the client/server protocol's connection phase (MySQL internals, "Connection Phase").

use crate::bytes::{Cursor, le16, le32};
use crate::fact::{About, Field, Login, Sink, Value};
use crate::framed::{Frame, Framed, Frames};
use crate::protocol::{Context, Direction, Hint, Info, Next, Protocol, Role, Session, Verdict};
use crate::text::{is_service_account, until_nul};
use model::FactKind;

/// MySQL and MariaDB.
pub struct Mysql;

static INFO: Info = Info {
    id: "mysql",
    name: "MySQL",
    doc: "Server version, method and result of log-ins, empty and clear passwords, client program, whether TLS is agreed. Archives, \
          queue and scheduling systems keep their records in it (MySQL client/server protocol, protocol version 10).",
    hints: &[Hint::Tcp(3306)],
};

static BANNER: Field = Field::new("mysql.greeting", "MySQL server version", FactKind::ServerBanner);
static SOFTWARE: Field = Field::new("mysql.version", "MySQL server software", FactKind::Software);
static PROGRAM: Field = Field::new("mysql.client", "MySQL client program", FactKind::UserAgent);
static ACCOUNT: Field = Field::new("mysql.user", "MySQL user", FactKind::Account);
static TRIED: Field = Field::new("mysql.login", "MySQL log-in", FactKind::LoginTried);
static CREDENTIAL: Field = Field::new("mysql.password", "MySQL password", FactKind::Credential);
static SUCCEEDED: Field = Field::new("mysql.ok", "MySQL log-in granted", FactKind::LoginSucceeded);
static FAILED: Field = Field::new("mysql.error", "MySQL log-in refused", FactKind::LoginFailed);
static ENCRYPTION: Field = Field::new("mysql.encryption", "MySQL encryption", FactKind::Cipher);

const HEADER: usize = 4;
const CONNECT_WITH_DB: u32 = 0x0000_0008;
const PROTOCOL_41: u32 = 0x0000_0200;
const TLS: u32 = 0x0000_0800;
const PLUGIN_AUTH: u32 = 0x0008_0000;
const CONNECT_ATTRS: u32 = 0x0010_0000;

impl Protocol for Mysql {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, context: &Context, head: &[u8]) -> Verdict {
        let [low, middle, high, number, body @ ..] = head else {
            return if context.on_port(3306) || head.is_empty() { Verdict::Unsure } else { Verdict::No };
        };
        let len = usize::from(*low) | usize::from(*middle) << 8 | usize::from(*high) << 16;
        match (number, body) {
            (0, [10, version @ ..]) if (30..512).contains(&len) => greeting_like(version),
            (0, []) if (30..512).contains(&len) => Verdict::Unsure,
            _ if context.on_port(3306) && len > 0 && (len == body.len() || *number <= 3) => Verdict::Unsure,
            _ => Verdict::No,
        }
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Framed::boxed(Sql::default())
    }
}

/// A version of digits, dots and a plain tail, ended by NUL; eight octets of salt behind the thread number end with NUL.
fn greeting_like(version: &[u8]) -> Verdict {
    let text = until_nul(version);
    if text.len() > 64 || !text.iter().all(|octet| (0x21..0x7f).contains(octet) || *octet == b' ') {
        return Verdict::No;
    }
    match text.first() {
        Some(first) if first.is_ascii_digit() => {}
        Some(_) => return Verdict::No,
        None => return Verdict::Unsure,
    }
    match version.get(text.len().saturating_add(13)) {
        Some(0) => Verdict::Certain,
        Some(_) => Verdict::No,
        None => Verdict::Unsure,
    }
}

/// The state of a connection, up to the end of the log-in.
#[derive(Default)]
struct Sql {
    method: Option<Method>,
    /// The direction the greeting came from, which tells the server whatever the first packet seen suggests.
    greeted: Option<Direction>,
    tried: bool,
    /// For `mysql_clear_password` asked for late: the user.
    user: Box<[u8]>,
    clear_next: bool,
}

/// Ways to prove a password.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    Native,
    Old,
    CachingSha2,
    Sha256,
    Clear,
    Dialog,
    Gssapi,
    Ed25519,
    Other,
}

impl Method {
    fn of(plugin: &[u8]) -> Self {
        match plugin {
            b"mysql_native_password" => Self::Native,
            b"mysql_old_password" => Self::Old,
            b"caching_sha2_password" => Self::CachingSha2,
            b"sha256_password" => Self::Sha256,
            b"mysql_clear_password" => Self::Clear,
            b"dialog" => Self::Dialog,
            b"auth_gssapi_client" | b"authentication_windows_client" => Self::Gssapi,
            b"client_ed25519" => Self::Ed25519,
            _ => Self::Other,
        }
    }

    const fn label(self) -> &'static str {
        match self {
            Self::Native => "mysql_native_password",
            Self::Old => "mysql_old_password",
            Self::CachingSha2 => "caching_sha2_password",
            Self::Sha256 => "sha256_password",
            Self::Clear => "mysql_clear_password",
            Self::Dialog => "dialog",
            Self::Gssapi => "gssapi",
            Self::Ed25519 => "ed25519",
            Self::Other => "mysql",
        }
    }
}

impl Frames for Sql {
    fn frame(&self, _context: &Context, bytes: &[u8]) -> Frame {
        let Some(header) = le32(bytes, 0) else { return Frame::More(HEADER) };
        let len = usize::try_from(header & 0x00ff_ffff).unwrap_or(usize::MAX);
        Frame::upto(len.saturating_add(HEADER), 4096)
    }

    fn message(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Option<Next> {
        let number = *bytes.get(3)?;
        let body = bytes.get(HEADER..)?;
        let from_server = self.greeted.unwrap_or(Direction::ToClient) == context.direction;
        match (from_server, number, body.first()) {
            (_, 0, Some(10)) => {
                self.greeted = Some(context.direction);
                out.sender_is(Role::Server);
                self.greeting(body, out)
            }
            (false, 1, _) if !self.tried => self.response(body, out),
            (false, _, _) if self.clear_next => {
                self.clear_next = false;
                let user = std::mem::take(&mut self.user);
                self.secret(&user, until_nul(body), out);
                None
            }
            (true, 1.., Some(_)) if self.tried => self.result(body, out),
            // The greeting was missed, and what follows a log-in is of no interest.
            (_, 0, _) => Some(Next::StopBoth),
            _ => None,
        }
    }
}

impl Sql {
    fn greeting(&mut self, body: &[u8], out: &mut dyn Sink) -> Option<Next> {
        let version = until_nul(body.get(1..)?);
        out.sender(&BANNER, version);
        out.say(About::Sender, &SOFTWARE, Value::Text(software(&String::from_utf8_lossy(version)).into()));
        // Behind the version: thread, salt, NUL, capabilities, charset, status, capabilities, salt length, ten octets, salt.
        let rest = body.get(version.len().checked_add(2)?..)?;
        let salt = usize::from(*rest.get(20)?).saturating_sub(8).max(13);
        let plugin = rest.get(31..)?.get(salt..).map(until_nul).filter(|plugin| !plugin.is_empty());
        self.method = plugin.map(Method::of);
        None
    }

    /// HandshakeResponse41, or SSLRequest, which is its first 32 octets alone.
    fn response(&mut self, body: &[u8], out: &mut dyn Sink) -> Option<Next> {
        let flags = le32(body, 0)?;
        if flags & PROTOCOL_41 == 0 {
            return Some(Next::StopBoth);
        }
        out.sender_is(Role::Client);
        if flags & TLS != 0 && body.len() == 32 {
            return Some(Next::Become("tls"));
        }
        self.tried = true;
        out.conversation(&ENCRYPTION, "none");
        let mut fields = Cursor::new(body.get(32..)?);
        let user = until_nul(fields.rest());
        fields.skip(user.len().checked_add(1)?)?;
        let proof_len = usize::from(fields.u8()?);
        let proof = fields.take(proof_len)?;
        if flags & CONNECT_WITH_DB != 0 {
            fields.skip(until_nul(fields.rest()).len().checked_add(1)?)?;
        }
        if flags & PLUGIN_AUTH != 0 {
            let plugin = until_nul(fields.rest());
            self.method = Some(Method::of(plugin));
            fields.skip(plugin.len().checked_add(1)?.min(fields.len()))?;
        }
        self.account(user, proof, out);
        if flags & CONNECT_ATTRS != 0 {
            attributes(fields.rest(), out);
        }
        None
    }

    fn account(&mut self, user: &[u8], proof: &[u8], out: &mut dyn Sink) {
        let method = self.method.unwrap_or(Method::Other);
        out.conversation(&TRIED, method.label());
        let name = String::from_utf8_lossy(user);
        if is_service_account(&name) {
            out.conversation(&ACCOUNT, &name);
        }
        if proof.is_empty() && method != Method::Gssapi || method == Method::Clear {
            self.secret(user, until_nul(proof), out);
        } else {
            self.user = user.get(..128).unwrap_or(user).into();
        }
    }

    fn secret(&self, user: &[u8], secret: &[u8], out: &mut dyn Sink) {
        out.say(About::Conversation, &CREDENTIAL, Value::Login(Login { scheme: "mysql", user, secret }));
    }

    fn result(&mut self, body: &[u8], out: &mut dyn Sink) -> Option<Next> {
        let method = self.method.unwrap_or(Method::Other);
        match *body.first()? {
            0 => {
                out.conversation(&SUCCEEDED, method.label());
                Some(Next::StopBoth)
            }
            // 1045 access denied, 1044 for this database, 1698 by plugin, 3118 account locked.
            0xff if matches!(le16(body, 1), Some(1044 | 1045 | 1698 | 3118)) => {
                out.conversation(&FAILED, method.label());
                Some(Next::StopBoth)
            }
            0xff => Some(Next::StopBoth),
            0xfe => {
                let method = Method::of(until_nul(body.get(1..)?));
                self.method = Some(method);
                self.clear_next = method == Method::Clear;
                None
            }
            _ => None,
        }
    }
}

/// MariaDB puts `5.5.5-` before its version for the sake of old clients.
fn software(version: &str) -> String {
    let own = version.strip_prefix("5.5.5-").unwrap_or(version);
    let maker = if version.contains("MariaDB") { "MariaDB" } else { "MySQL" };
    let number = own.split('-').next().unwrap_or(own);
    format!("{maker} {number}")
}

/// Connection attributes: pairs of length-prefixed strings. The name of the program and the library, no paths or users.
fn attributes(bytes: &[u8], out: &mut dyn Sink) {
    let mut pairs = Cursor::new(bytes);
    // The length of all, in one octet or after 0xfc in two.
    if pairs.u8() == Some(0xfc) {
        pairs.skip(2);
    }
    let (mut library, mut version) = (&b""[..], &b""[..]);
    for _ in 0..32 {
        let (Some(key), Some(value)) = (short(&mut pairs), short(&mut pairs)) else { break };
        match key {
            b"_client_name" => library = value,
            b"_client_version" => version = value,
            b"program_name" => out.sender(&PROGRAM, value),
            _ => {}
        }
    }
    if !library.is_empty() {
        let text = [String::from_utf8_lossy(library), String::from_utf8_lossy(version)].join(" ");
        out.say(About::Sender, &PROGRAM, Value::Text(text.trim_end().to_owned().into()));
    }
}

fn short<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let len = cursor.u8().filter(|&len| len < 0xfb)?;
    cursor.take(usize::from(len))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, streams_any_chunk};
    use crate::protocol::Direction::{ToClient, ToServer};

    fn packet(number: u8, body: &[u8]) -> Vec<u8> {
        let len = u32::try_from(body.len()).unwrap().to_le_bytes();
        [&[len[0], len[1], len[2], number], body].concat()
    }

    fn greeting() -> Vec<u8> {
        let head = b"\x0a5.5.5-10.4.6-MariaDB\0\x01\0\0\0saltsalt\0";
        packet(
            0,
            &[head.as_slice(), &[0xff, 0xf7, 8, 2, 0, 0xff, 0x81, 21], &[0; 10], b"saltsaltsalt\0mysql_native_password\0"]
                .concat(),
        )
    }

    fn response(user: &str, proof: &[u8]) -> Vec<u8> {
        let flags = PROTOCOL_41 | PLUGIN_AUTH | CONNECT_ATTRS;
        let proof = [&[u8::try_from(proof.len()).unwrap()], proof].concat();
        let attributes = b"\x18\x0c_client_name\x0alibmariadb";
        packet(
            1,
            &[
                flags.to_le_bytes().as_slice(),
                &[0; 28],
                user.as_bytes(),
                &[0],
                proof.as_slice(),
                b"mysql_native_password\0",
                attributes,
            ]
            .concat(),
        )
    }

    #[test]
    fn empty_password_of_root() {
        let lines = streams_any_chunk(
            &Mysql,
            3306,
            &[(ToClient, &greeting()), (ToServer, &response("root", b"")), (ToClient, &packet(2, &[0, 0, 0, 2, 0, 0, 0]))],
        )
        .lines;
        let said = [
            "sender mysql.greeting 5.5.5-10.4.6-MariaDB",
            "sender mysql.version MariaDB 10.4.6",
            "conversation mysql.encryption none",
            "conversation mysql.login mysql_native_password",
            "conversation mysql.user root",
            "conversation mysql.password mysql root:",
            "sender mysql.client libmariadb",
            "conversation mysql.ok mysql_native_password",
        ];
        assert_eq!(lines, said);
    }

    #[test]
    fn a_person_is_refused() {
        let error = packet(2, b"\xff\x15\x04#28000Access denied for user 'doe'");
        let lines = streams_any_chunk(
            &Mysql,
            3306,
            &[(ToClient, &greeting()), (ToServer, &response("doe", &[1; 20])), (ToClient, &error)],
        )
        .lines;
        assert!(!lines.concat().contains("doe"));
        assert_eq!(lines.last().map(String::as_str), Some("conversation mysql.error mysql_native_password"));
    }

    #[test]
    fn probes() {
        let context = context(ToClient, 9999, 0);
        assert_eq!(Mysql.probe(&context, &greeting()), Verdict::Certain);
        assert_eq!(Mysql.probe(&context, &greeting()[..10]), Verdict::Unsure);
        assert_eq!(Mysql.probe(&context, b"\x30\0\0\0\x0aabc"), Verdict::No);
        assert_eq!(Mysql.probe(&context, b"GET / HTTP/1.1\r\n"), Verdict::No);
    }

    #[test]
    fn cut_and_spoilt() {
        for message in [greeting(), response("admin", b"proof")] {
            for end in 0..message.len() {
                let _ = streams_any_chunk(&Mysql, 3306, &[(ToServer, &message[..end])]);
                let mut spoilt = message.clone();
                spoilt[end] ^= 0xff;
                let _ = streams_any_chunk(&Mysql, 3306, &[(ToClient, &greeting()), (ToServer, &spoilt)]);
            }
        }
    }
}
