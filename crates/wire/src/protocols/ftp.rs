//! FTP control connections (RFC 959, RFC 2228, RFC 2428): who logs in how, and that files move. Their names never leave.

use model::FactKind;

use crate::fact::{Field, Login, Sink};
use crate::lines::{Line, Once, bounded, holds_any_case, is_account, next_line, read_on, starts_with_any_case, word};
use crate::protocol::{Context, Direction, Hint, Info, Next, Protocol, Role, Session, Step, Verdict};

/// FTP.
pub struct Ftp;

static INFO: Info = Info {
    id: "ftp",
    name: "FTP",
    doc: "File transfer, control connection (RFC 959). Analysers, UPS cards and printers take firmware and hand out \
          results over it; user name and password are in the clear unless AUTH TLS (RFC 4217) comes first. The greeting \
          often names product and version.",
    hints: &[Hint::Tcp(21), Hint::Tcp(2121), Hint::AnyTcp],
};

static BANNER: Field = Field::new("ftp.greeting", "FTP greeting", FactKind::ServerBanner);
static SYSTEM: Field = Field::new("ftp.syst", "FTP system (SYST)", FactKind::Os);
static TRIED: Field = Field::new("ftp.user", "FTP USER", FactKind::LoginTried);
static CREDENTIAL: Field = Field::new("ftp.pass", "FTP USER and PASS", FactKind::Credential);
static ACCOUNT: Field = Field::new("ftp.account", "FTP user name", FactKind::Account);
static SUCCEEDED: Field = Field::new("ftp.reply-230", "FTP reply 230", FactKind::LoginSucceeded);
static FAILED: Field = Field::new("ftp.reply-530", "FTP reply 530", FactKind::LoginFailed);
static OPERATION: Field = Field::new("ftp.command", "FTP command", FactKind::Operation);
static MANAGEMENT: Field = Field::new("ftp.control", "FTP log-in", FactKind::Management);

impl Protocol for Ftp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, head: &[u8]) -> Verdict {
        match reply(head) {
            Some(code) => probe_reply(code, head),
            None => probe_command(head),
        }
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Some(Box::<Control>::default())
    }
}

/// A reply's code: three digits and a blank or a hyphen (RFC 959 §4.2).
fn reply(line: &[u8]) -> Option<u16> {
    let [a @ b'1'..=b'6', b @ b'0'..=b'9', c @ b'0'..=b'9', tail @ ..] = line else { return None };
    if !matches!(tail.first(), Some(b' ' | b'-' | b'\r') | None) {
        return None;
    }
    Some([a, b, c].iter().fold(0, |n, d| n * 10 + u16::from(d.wrapping_sub(b'0'))))
}

/// A greeting of 220 is SMTP's as well: only a word decides, else the port.
fn probe_reply(code: u16, head: &[u8]) -> Verdict {
    let first = head.get(..256).unwrap_or(head);
    let says = |word: &[u8]| holds_any_case(first, word);
    match code {
        _ if says(b"smtp") => Verdict::No,
        220 | 120 if says(b"ftp") => Verdict::Certain,
        331 | 230 | 227 | 229 | 226 | 215 => Verdict::Unsure,
        220 | 120 | 421 | 530 | 500 | 200 | 150 | 257 => Verdict::Unsure,
        _ => Verdict::No,
    }
}

fn probe_command(head: &[u8]) -> Verdict {
    let certain = [&b"AUTH TLS\r\n"[..], b"AUTH SSL\r\n", b"SYST\r\n", b"TYPE I\r\n", b"TYPE A\r\n", b"PASV\r\n", b"EPSV\r\n"];
    if certain.iter().any(|command| starts_with_any_case(head, command)) {
        return Verdict::Certain;
    }
    let unsure = [&b"USER "[..], b"FEAT\r\n", b"PORT ", b"CWD ", b"RETR ", b"STOR ", b"OPTS ", b"PWD\r\n", b"SIZE ", b"QUIT\r\n"];
    let is_begun = |command: &&[u8]| starts_with_any_case(head, command) || (head.len() < 4 && command.starts_with(head));
    if !head.is_empty() && unsure.iter().any(is_begun) { Verdict::Unsure } else { Verdict::No }
}

/// The state of a control connection.
#[derive(Default)]
struct Control {
    once: Once,
    knows_roles: bool,
    greeted: bool,
    /// The code of a reply of several lines, until its last one (RFC 959 §4.2).
    open_reply: u16,
    user: Box<[u8]>,
    asked: Asked,
}

/// What the next final reply answers.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Asked {
    #[default]
    Other,
    Login,
    System,
    Tls,
}

impl Session for Control {
    fn data(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        // Telnet's urgent marks come in front of ABOR (RFC 959 §4.1.3).
        if bytes.first().is_some_and(|b| *b >= 0x80) && context.direction == Direction::ToServer {
            return read_on(1);
        }
        match next_line(bytes) {
            Line::Wait(step) => step,
            Line::Whole(line, used) => {
                if !std::mem::replace(&mut self.knows_roles, true) {
                    out.sender_is(if reply(line).is_some() { Role::Server } else { Role::Client });
                }
                let next = match context.direction {
                    Direction::ToServer => self.command(line, out),
                    Direction::ToClient => self.reply(line, out),
                };
                Step { used, next }
            }
        }
    }

    fn gap(&mut self, _context: &Context, _lost: u64, _out: &mut dyn Sink) -> Next {
        self.asked = Asked::Other;
        self.open_reply = 0;
        Next::More(1)
    }
}

impl Control {
    fn command(&mut self, line: &[u8], out: &mut dyn Sink) -> Next {
        let (verb, rest) = word(line);
        let is = |wanted: &str| verb.eq_ignore_ascii_case(wanted.as_bytes());
        self.asked = Asked::Other;
        match () {
            () if is("USER") => {
                self.user = bounded(rest);
                self.asked = Asked::Login;
                let anonymous = is_anonymous(rest);
                self.once.conversation(&TRIED, if anonymous { "anonymous" } else { "ftp" }, out);
                if !anonymous && is_account(rest) {
                    self.once.octets(&ACCOUNT, rest, out);
                }
            }
            () if is("PASS") => self.pass(line, out),
            () if is("SYST") => self.asked = Asked::System,
            () if is("AUTH") => self.asked = Asked::Tls,
            () if is("STOR") || is("STOU") || is("APPE") => self.once.conversation(&OPERATION, "stored a file", out),
            () if is("RETR") => self.once.conversation(&OPERATION, "fetched a file", out),
            () if is("DELE") => self.once.conversation(&OPERATION, "deleted a file", out),
            () if is("LIST") || is("NLST") || is("MLSD") => self.once.conversation(&OPERATION, "listed files", out),
            () if is("PORT") || is("EPRT") => self.once.conversation(&OPERATION, "active data connection", out),
            () if is("PASV") || is("EPSV") => self.once.conversation(&OPERATION, "passive data connection", out),
            () => {}
        }
        Next::More(1)
    }

    /// A guest's password is a mail address by custom (RFC 1635): a person's, and no secret.
    fn pass(&mut self, line: &[u8], out: &mut dyn Sink) {
        self.asked = Asked::Login;
        let secret = line.get(5..).unwrap_or_default();
        if !is_anonymous(&self.user) {
            self.once.login(&CREDENTIAL, Login { scheme: "ftp", user: &self.user, secret }, out);
        }
    }

    fn reply(&mut self, line: &[u8], out: &mut dyn Sink) -> Next {
        let Some(code) = reply(line) else { return Next::More(1) };
        let goes_on = line.get(3) == Some(&b'-');
        if self.open_reply != 0 && (code != self.open_reply || goes_on) {
            return Next::More(1);
        }
        let is_first = self.open_reply == 0;
        self.open_reply = if goes_on { code } else { 0 };
        let text = line.get(4..).unwrap_or_default().trim_ascii();
        if code == 220 && is_first && !self.greeted {
            self.greeted = true;
            self.once.sender(&BANNER, text, out);
        }
        if goes_on { Next::More(1) } else { self.final_reply(code, text, out) }
    }

    fn final_reply(&mut self, code: u16, text: &[u8], out: &mut dyn Sink) -> Next {
        let scheme = if is_anonymous(&self.user) { "anonymous" } else { "ftp" };
        match (code, self.asked) {
            (230 | 202, _) => {
                self.once.conversation(&SUCCEEDED, scheme, out);
                self.once.conversation(&MANAGEMENT, "file transfer", out);
            }
            (530 | 430 | 535, Asked::Login) => self.once.conversation(&FAILED, scheme, out),
            (215, Asked::System | Asked::Other) => self.once.sender(&SYSTEM, text, out),
            (234, _) => {
                self.once.conversation(&OPERATION, "AUTH TLS", out);
                return Next::Become("tls");
            }
            _ => {}
        }
        Next::More(1)
    }
}

fn is_anonymous(user: &[u8]) -> bool {
    user.eq_ignore_ascii_case(b"anonymous") || user.eq_ignore_ascii_case(b"ftp")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, streams, streams_any_chunk};
    use crate::protocol::Direction::{ToClient, ToServer};

    #[test]
    fn a_log_in_and_a_transfer() {
        let lines = streams_any_chunk(
            &Ftp,
            21,
            &[
                (ToClient, b"220-Acme Analyzer FTP 2.1\r\n220-230 private\r\n220 ready\r\n"),
                (ToServer, b"USER service\r\n"),
                (ToClient, b"331 Password\r\n"),
                (ToServer, b"PASS secret word\r\n"),
                (ToClient, b"530 No\r\n"),
                (ToServer, b"USER service\r\nPASS 1234\r\n"),
                (ToClient, b"331 Password\r\n230 In\r\n"),
                (ToServer, b"SYST\r\n"),
                (ToClient, b"215 UNIX Type: L8\r\n"),
                (ToServer, b"STOR doe_jane.pdf\r\nSTOR b\r\n"),
            ],
        );
        assert_eq!(
            lines.lines,
            [
                "sender ftp.greeting Acme Analyzer FTP 2.1",
                "conversation ftp.user ftp",
                "conversation ftp.account service",
                "conversation ftp.pass ftp service:secret word",
                "conversation ftp.reply-530 ftp",
                "conversation ftp.pass ftp service:1234",
                "conversation ftp.reply-230 ftp",
                "conversation ftp.control file transfer",
                "sender ftp.syst UNIX Type: L8",
                "conversation ftp.command stored a file",
            ]
        );
    }

    #[test]
    fn a_guest_has_no_secret() {
        let lines =
            streams_any_chunk(&Ftp, 21, &[(ToServer, b"USER anonymous\r\nPASS jane@example.org\r\n"), (ToClient, b"230 In\r\n")]);
        assert_eq!(
            lines.lines,
            ["conversation ftp.user anonymous", "conversation ftp.reply-230 anonymous", "conversation ftp.control file transfer"]
        );
    }

    #[test]
    fn tls_takes_over() {
        let lines = streams(&Ftp, 21, &[(ToServer, b"AUTH TLS\r\n"), (ToClient, b"234 Go\r\n"), (ToServer, b"\x16\x03\x01")], 9);
        assert_eq!(lines.lines, ["conversation ftp.command AUTH TLS"]);
    }

    #[test]
    fn greetings_decide_or_leave_it_to_the_port() {
        let ask = |bytes: &[u8]| Ftp.probe(&context(ToClient, 21, bytes.len()), bytes);
        assert_eq!(ask(b"220 ProFTPD ready\r\n"), Verdict::Certain);
        assert_eq!(ask(b"220 welcome\r\n"), Verdict::Unsure);
        assert_eq!(ask(b"220 a ESMTP\r\n"), Verdict::No);
        assert_eq!(ask(b"USER a\r\n"), Verdict::Unsure);
        assert_eq!(ask(b"AUTH TLS\r\n"), Verdict::Certain);
        assert_eq!(ask(b"+OK\r\n"), Verdict::No);
        assert_eq!(ask(b"2200 x"), Verdict::No);
        assert_eq!(ask(b""), Verdict::No);
    }

    #[test]
    fn truncated_anywhere_is_no_harm() {
        let whole = b"220-a\r\n220 b\r\nUSER x\r\nPASS y\r\n\xff\xf4ABOR\r\n";
        for end in 0..whole.len() {
            let _ = streams(&Ftp, 21, &[(ToServer, &whole[..end]), (ToClient, &whole[end..])], 3);
        }
    }
}
