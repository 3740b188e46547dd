//! Microsoft SQL Server: tabular data stream ([MS-TDS] §2.2) and the browser service ([MC-SQLR] §2.2).

use crate::bytes::{Cursor, be16, le16, le32};
use crate::fact::{About, Field, Login, Sink, Value};
use crate::framed::{Frame, Framed, Frames, Said};
use crate::protocol::{Context, Hint, Info, Next, Protocol, Role, Session, Verdict};
use crate::spnego;
use crate::text::{is_service_account, utf16_le};
use model::FactKind;

/// Microsoft SQL Server.
pub struct Mssql;

static INFO: Info = Info {
    id: "mssql",
    name: "Microsoft SQL Server",
    doc: "Server version, whether log-in and data are encrypted, the client's host and program, log-ins and their result. Archives, \
          laboratory and dose systems keep their records in it, and their stations often share one password ([MS-TDS] §2.2.6).",
    hints: &[Hint::Tcp(1433), Hint::Udp(1434)],
};

static VERSION: Field = Field::new("mssql.version", "SQL Server version", FactKind::Software);
static ENCRYPTION: Field = Field::new("mssql.encryption", "TDS encryption", FactKind::Cipher);
static CLIENT: Field = Field::new("mssql.login.host", "TDS client host name", FactKind::HostName);
static PROGRAM: Field = Field::new("mssql.login.program", "TDS client program", FactKind::UserAgent);
static SERVER: Field = Field::new("mssql.login.server", "TDS server name asked for", FactKind::ServerName);
static SERVER_HOST: Field = Field::new("mssql.server", "SQL Server host name", FactKind::HostName);
static TRIED: Field = Field::new("mssql.login", "TDS log-in", FactKind::LoginTried);
static CREDENTIAL: Field = Field::new("mssql.login.password", "TDS user and obfuscated password", FactKind::Credential);
static ACCOUNT: Field = Field::new("mssql.login.user", "TDS user", FactKind::Account);
static SUCCEEDED: Field = Field::new("mssql.loginack", "TDS log-in granted", FactKind::LoginSucceeded);
static FAILED: Field = Field::new("mssql.error", "TDS log-in refused", FactKind::LoginFailed);

const HEADER: usize = 8;
const RESULT: u8 = 4;
const LOGIN7: u8 = 16;
const SSPI: u8 = 17;
const PRELOGIN: u8 = 18;

impl Protocol for Mssql {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, context: &Context, head: &[u8]) -> Verdict {
        let Some([kind, status, high, low, _, _, _, window]) = head.first_chunk::<HEADER>() else {
            return if matches!(head, [] | [PRELOGIN | LOGIN7, ..]) { Verdict::Unsure } else { browser(context, head) };
        };
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        if len < HEADER || *status > 0x1f || *window != 0 {
            return browser(context, head);
        }
        match (kind, head.get(HEADER..).unwrap_or_default()) {
            (&PRELOGIN, [0, _, _, 0, 6, ..]) => Verdict::Certain,
            (&LOGIN7, [_, _, _, _, _, _, _, 0x70..=0x74, ..]) => Verdict::Certain,
            (&(PRELOGIN | LOGIN7), rest) if rest.len() < 8 => Verdict::Unsure,
            (1 | 3 | 4 | 6 | 7 | 14, _) if context.on_port(1433) => Verdict::Unsure,
            _ => Verdict::No,
        }
    }

    fn datagram(&self, _context: &Context, payload: &[u8], out: &mut dyn Sink) {
        if let [5, low, high, reply @ ..] = payload {
            out.sender_is(Role::Server);
            let len = usize::from(u16::from_le_bytes([*low, *high]));
            instances(reply.get(..len).unwrap_or(reply), out);
        }
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Framed::boxed(Tds::default())
    }

    fn datagram_session(&self) -> Option<Box<dyn Session>> {
        None
    }
}

fn browser(context: &Context, head: &[u8]) -> Verdict {
    match head {
        [5, _, _, reply @ ..] if reply.starts_with(b"ServerName;") => Verdict::Certain,
        [2 | 3] | [4, ..] if context.dst_port == 1434 && head.len() < 40 => Verdict::Unsure,
        _ => Verdict::No,
    }
}

/// `ServerName;SRV;InstanceName;X;IsClustered;No;Version;15.0.2000.5;tcp;1433;;`, one after another.
fn instances(reply: &[u8], out: &mut dyn Sink) {
    let mut parts = reply.split(|&octet| octet == b';').take(512);
    while let Some(key) = parts.next() {
        if !matches!(key, b"ServerName" | b"Version") {
            continue;
        }
        let Some(value) = parts.next() else { return };
        if key == b"ServerName" {
            out.sender(&SERVER_HOST, value);
        } else {
            say_version(&String::from_utf8_lossy(value), out);
        }
    }
}

fn say_version(version: &str, out: &mut dyn Sink) {
    out.say(About::Sender, &VERSION, Value::Text(format!("Microsoft SQL Server {version}").into()));
}

/// The state of a connection.
#[derive(Default)]
struct Tds {
    said: Said,
    /// The client's wish for encryption.
    asked: Option<u8>,
    /// The log-in under way.
    scheme: Option<&'static str>,
}

impl Frames for Tds {
    fn frame(&self, _context: &Context, bytes: &[u8]) -> Frame {
        if matches!(bytes, [0x14..=0x17, 3, ..]) {
            // TLS records on their own follow the handshake that was wrapped.
            return Frame::Leave(Next::Stop);
        }
        let (Some(kind), Some(status), Some(len)) = (bytes.first(), bytes.get(1), be16(bytes, 2)) else { return Frame::More(4) };
        let len = usize::from(len);
        if !matches!(*kind, 1..=4 | 6..=8 | 14 | LOGIN7 | SSPI | PRELOGIN) || *status > 0x1f || len < HEADER {
            return Frame::Bad;
        }
        let most = match *kind {
            LOGIN7 | PRELOGIN | SSPI => len,
            RESULT if self.scheme.is_some() || self.asked.is_some() => 4096,
            _ => HEADER,
        };
        Frame::upto(len, most)
    }

    fn message(&mut self, _context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Option<Next> {
        let (&kind, body) = (bytes.first()?, bytes.get(HEADER..)?);
        out.sender_is(if kind == RESULT { Role::Server } else { Role::Client });
        match kind {
            PRELOGIN if body.first() == Some(&0) => self.asked = encryption(body),
            LOGIN7 => self.login(body, out),
            SSPI => {
                spnego::read(body, out);
            }
            RESULT if matches!(body, [0, _, _, 0, 6, ..]) => self.prelogin_answer(body, out),
            RESULT if self.scheme.is_some() => self.tokens(body, out),
            _ => {}
        }
        None
    }
}

/// An option of a PRELOGIN message ([MS-TDS] §2.2.6.5): number, offset and length, up to 255.
fn option(body: &[u8], wanted: u8) -> Option<&[u8]> {
    let mut options = Cursor::new(body);
    for _ in 0..16 {
        let number = options.u8().filter(|&number| number != 0xff)?;
        let (offset, len) = (usize::from(options.u16()?), usize::from(options.u16()?));
        if number == wanted {
            return body.get(offset..)?.get(..len);
        }
    }
    None
}

fn encryption(body: &[u8]) -> Option<u8> {
    option(body, 1)?.first().copied()
}

impl Tds {
    fn prelogin_answer(&mut self, body: &[u8], out: &mut dyn Sink) {
        if let Some([major, minor, high, low, ..]) = option(body, 0)
            && self.said.first(0)
        {
            say_version(&format!("{major}.{minor}.{}", u16::from_be_bytes([*high, *low])), out);
        }
        let agreed = match (self.asked.take(), encryption(body)) {
            (_, Some(1 | 3)) => "encrypted",
            (Some(2), _) | (_, Some(2)) => "none",
            (_, Some(0)) => "log-in only",
            _ => return,
        };
        if self.said.first(1) {
            out.conversation(&ENCRYPTION, agreed);
        }
    }

    /// LOGIN7 ([MS-TDS] §2.2.6.4). Its client id may be a card's MAC or random, so it is not told.
    fn login(&mut self, body: &[u8], out: &mut dyn Sink) {
        let raw = |at: usize| {
            let offset = usize::from(le16(body, at)?);
            let len = usize::from(le16(body, at.checked_add(2)?)?).checked_mul(2)?;
            body.get(offset..)?.get(..len)
        };
        let text = |at| raw(at).map(utf16_le).unwrap_or_default();
        for (about, field, at) in
            [(About::Sender, &CLIENT, 36), (About::Sender, &PROGRAM, 48), (About::Conversation, &SERVER, 52)]
        {
            let name = text(at);
            if !name.is_empty() {
                out.say(about, field, Value::Text(name.into()));
            }
        }
        const INTEGRATED: u8 = 0x80;
        if body.get(25).is_some_and(|flags| flags & INTEGRATED != 0) {
            self.scheme = Some("mssql integrated");
            let token = le16(body, 78).and_then(|offset| body.get(usize::from(offset)..));
            spnego::read(token.unwrap_or_default(), out);
        } else {
            self.scheme = Some("mssql");
            let (user, secret) = (text(40), plain(raw(44).unwrap_or_default()));
            let login = Login { scheme: "mssql", user: user.as_bytes(), secret: secret.as_bytes() };
            out.say(About::Conversation, &CREDENTIAL, Value::Login(login));
            if is_service_account(&user) {
                out.conversation(&ACCOUNT, &user);
            }
        }
        out.conversation(&TRIED, self.scheme.unwrap_or_default());
    }

    /// Tokens of the answer to a log-in ([MS-TDS] §2.2.7), as far as they state their length.
    fn tokens(&mut self, body: &[u8], out: &mut dyn Sink) {
        const ERROR: u8 = 0xaa;
        const INFO_TOKEN: u8 = 0xab;
        const LOGINACK: u8 = 0xad;
        let mut tokens = Cursor::new(body);
        for _ in 0..32 {
            let (Some(kind), Some(len)) = (tokens.u8(), tokens.u16_le()) else { return };
            let Some(token) =
                tokens.take(usize::from(len)).filter(|_| matches!(kind, ERROR | INFO_TOKEN | LOGINACK | 0xe3 | 0xed))
            else {
                return;
            };
            match kind {
                ERROR | INFO_TOKEN => self.notice(kind == ERROR, token, out),
                LOGINACK => {
                    self.acknowledged(token, out);
                }
                0xed => {
                    spnego::read(token, out);
                }
                _ => {}
            }
        }
    }

    /// ERROR and INFO: number, state, class, text, server name. The text may hold anything and is passed over.
    fn notice(&mut self, is_error: bool, token: &[u8], out: &mut dyn Sink) {
        let text_len = le16(token, 6).map_or(0, usize::from).saturating_mul(2);
        let name = token.get(8_usize.saturating_add(text_len)..).and_then(|rest| {
            let (&len, rest) = rest.split_first()?;
            rest.get(..usize::from(len).checked_mul(2)?)
        });
        let name = name.map(utf16_le).unwrap_or_default();
        let host = name.split('\\').next().unwrap_or_default();
        if !host.is_empty() && self.said.first(2) {
            out.say(About::Sender, &SERVER_HOST, Value::Text(host.to_owned().into()));
        }
        // 18450 to 18488: log-in failed, for one reason or another.
        if is_error && le32(token, 0).is_some_and(|number| (18_450..=18_488).contains(&number)) {
            out.conversation(&FAILED, self.scheme.take().unwrap_or("mssql"));
        }
    }

    fn acknowledged(&mut self, token: &[u8], out: &mut dyn Sink) -> Option<()> {
        out.conversation(&SUCCEEDED, self.scheme.take().unwrap_or("mssql"));
        let len = usize::from(*token.get(5)?).checked_mul(2)?;
        let name = utf16_le(token.get(6..)?.get(..len)?);
        let [major, minor, high, low] = token.get(len.checked_add(6)?..)?.first_chunk()?;
        if self.said.first(0) {
            let version = format!("{name} {major}.{minor}.{}", u16::from_be_bytes([*high, *low]));
            out.say(About::Sender, &VERSION, Value::Text(version.into()));
        }
        Some(())
    }
}

/// The password: halves of each octet swapped, then turned over with 0xa5. Whoever listens can read it.
fn plain(octets: &[u8]) -> String {
    let clear: Vec<u8> = octets.iter().map(|octet| (octet ^ 0xa5).rotate_right(4)).collect();
    utf16_le(&clear)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, datagrams, streams_any_chunk};
    use crate::protocol::Direction::{ToClient, ToServer};

    fn packet(kind: u8, body: &[u8]) -> Vec<u8> {
        let len = u16::try_from(body.len() + 8).unwrap().to_be_bytes();
        [&[kind, 1, len[0], len[1], 0, 0, 1, 0], body].concat()
    }

    fn prelogin(kind: u8, encryption: u8) -> Vec<u8> {
        packet(kind, &[0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff, 15, 0, 0x07, 0xd0, 0, 0, encryption])
    }

    fn wide(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn login() -> Vec<u8> {
        let mut body = vec![0; 94];
        body[7] = 0x74;
        let password: Vec<u8> = wide("pass").iter().map(|octet| octet.rotate_left(4) ^ 0xa5).collect();
        for (at, value) in [(36, wide("CT-1")), (40, wide("sa")), (44, password), (48, wide("Dose")), (52, wide("DB1"))] {
            let (offset, len) = (u16::try_from(body.len()).unwrap(), u16::try_from(value.len() / 2).unwrap());
            body[at..at + 2].copy_from_slice(&offset.to_le_bytes());
            body[at + 2..at + 4].copy_from_slice(&len.to_le_bytes());
            body.extend(value);
        }
        packet(LOGIN7, &body)
    }

    fn acknowledge() -> Vec<u8> {
        let name = wide("Microsoft SQL Server");
        let token = [&[1, 0x74, 0, 0, 4, 20], name.as_slice(), &[15, 0, 7, 0xd0]].concat();
        let len = u16::try_from(token.len()).unwrap().to_le_bytes();
        packet(RESULT, &[&[0xad, len[0], len[1]], token.as_slice()].concat())
    }

    #[test]
    fn log_in_in_the_clear() {
        let messages =
            [(ToServer, prelogin(PRELOGIN, 2)), (ToClient, prelogin(RESULT, 2)), (ToServer, login()), (ToClient, acknowledge())];
        let messages: Vec<_> = messages.iter().map(|(direction, bytes)| (*direction, bytes.as_slice())).collect();
        let said = [
            "sender mssql.version Microsoft SQL Server 15.0.2000",
            "conversation mssql.encryption none",
            "sender mssql.login.host CT-1",
            "sender mssql.login.program Dose",
            "conversation mssql.login.server DB1",
            "conversation mssql.login.password mssql sa:pass",
            "conversation mssql.login.user sa",
            "conversation mssql.login mssql",
            "conversation mssql.loginack mssql",
        ];
        assert_eq!(streams_any_chunk(&Mssql, 1433, &messages).lines, said);
    }

    #[test]
    fn browser_service() {
        let text = b"ServerName;DB1;InstanceName;RIS;IsClustered;No;Version;15.0.2000.5;tcp;1433;;";
        let reply = [&[5, u8::try_from(text.len()).unwrap(), 0], text.as_slice()].concat();
        let lines = datagrams(&Mssql, 1434, &[(ToClient, &reply)]).lines;
        assert_eq!(lines, ["sender mssql.server DB1", "sender mssql.version Microsoft SQL Server 15.0.2000.5"]);
    }

    #[test]
    fn probes() {
        let context = context(ToServer, 1433, 0);
        assert_eq!(Mssql.probe(&context, &prelogin(PRELOGIN, 0)), Verdict::Certain);
        assert_eq!(Mssql.probe(&context, &login()), Verdict::Certain);
        assert_eq!(Mssql.probe(&context, &login()[..5]), Verdict::Unsure);
        assert_eq!(Mssql.probe(&context, b"\x10\x1a\0\x04MQTT\x04\x02"), Verdict::No);
    }

    #[test]
    fn cut_and_spoilt() {
        for message in [prelogin(PRELOGIN, 1), login(), acknowledge()] {
            for end in 0..message.len() {
                let _ = streams_any_chunk(&Mssql, 1433, &[(ToServer, &message[..end])]);
                let mut spoilt = message.clone();
                spoilt[end] ^= 0xff;
                let _ = streams_any_chunk(&Mssql, 1433, &[(ToServer, &spoilt)]);
            }
        }
    }
}
