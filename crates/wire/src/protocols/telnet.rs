//! Telnet (RFC 854): that a console is used, how it greets, and who logs in. What is typed or shown after that is not read.

use model::FactKind;

use crate::fact::{About, Field, Login, Sink, Value};
use crate::lines::{Once, holds_any_case, is_account, read_on};
use crate::protocol::{Context, Direction, Hint, Info, Next, Protocol, Role, Session, Step, Verdict};

/// Telnet.
pub struct Telnet;

static INFO: Info = Info {
    id: "telnet",
    name: "Telnet",
    doc: "Consoles of old devices, switches and terminal servers (RFC 854). All of it is in the clear, log-in included. \
          The text before the log-in prompt often names the product; nothing behind the log-in is read.",
    hints: &[Hint::Tcp(23), Hint::Tcp(2323), Hint::AnyTcp],
};

static BANNER: Field = Field::new("telnet.banner", "Telnet text before the log-in", FactKind::ServerBanner);
static TRIED: Field = Field::new("telnet.login", "Telnet log-in prompt", FactKind::LoginTried);
static CREDENTIAL: Field = Field::new("telnet.credential", "Telnet log-in", FactKind::Credential);
static ACCOUNT: Field = Field::new("telnet.account", "Telnet user name", FactKind::Account);
static SUCCEEDED: Field = Field::new("telnet.prompt", "Telnet prompt after a log-in", FactKind::LoginSucceeded);
static FAILED: Field = Field::new("telnet.refusal", "Telnet refusal of a log-in", FactKind::LoginFailed);
static MANAGEMENT: Field = Field::new("telnet.session", "Telnet session", FactKind::Management);

const IAC: u8 = 255;
/// The highest option number in use that is not from the extended list (RFC 2066 to RFC 2941).
const MAX_OPTION: u8 = 49;

impl Protocol for Telnet {
    fn info(&self) -> &'static Info {
        &INFO
    }

    /// Option negotiation decides. Without it, text on the usual port may be a console's.
    fn probe(&self, context: &Context, head: &[u8]) -> Verdict {
        match head {
            [IAC, 250..=254, option, rest @ ..] if *option <= MAX_OPTION => {
                if matches!(rest.first(), None | Some(&IAC)) {
                    Verdict::Certain
                } else {
                    Verdict::Unsure
                }
            }
            [IAC] | [IAC, 240..=254] => Verdict::Unsure,
            [] => Verdict::No,
            _ if !context.on_port(23) => Verdict::No,
            _ if head.iter().all(|b| is_text(*b)) => Verdict::Unsure,
            _ => Verdict::No,
        }
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Some(Box::<Console>::default())
    }
}

const fn is_text(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7e | b'\r' | b'\n' | b'\t' | 0 | 7 | 8 | 0x1b | 0x7f | 0x80..=0xff)
}

/// Bytes of either side that are looked at without a log-in before the connection is left alone.
const MAX_LOOKED_AT: u32 = 16 * 1024;
const MAX_BANNER: usize = 200;
const MAX_TYPED: usize = 128;

/// The state of a connection. Prompts are judged when the client begins to type, so that what the server sent until then
/// is whole however it was cut.
#[derive(Default)]
struct Console {
    once: Once,
    phase: Phase,
    banner: Vec<u8>,
    has_said_banner: bool,
    /// The line that the server is on.
    shown: Vec<u8>,
    in_escape: bool,
    typed: Vec<u8>,
    after_return: bool,
    user: Box<[u8]>,
    looked_at: u32,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No log-in yet.
    #[default]
    Before,
    /// The client types a name.
    User,
    /// The client types a secret.
    Secret,
    /// A secret was given; what the server thinks of it is not known yet.
    Result,
    Done,
}

/// What stands at the front of a stream.
enum Token {
    Octet(u8),
    /// A command of so many bytes.
    Command(usize),
    Wait(usize),
}

impl Session for Console {
    fn data(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        let mut used = 0usize;
        while let Some(rest) = bytes.get(used..).filter(|rest| !rest.is_empty()) {
            match token(rest) {
                Token::Wait(wanted) => return Step { used, next: Next::More(wanted) },
                Token::Command(len) => {
                    self.once.conversation(&MANAGEMENT, "console", out);
                    used = used.saturating_add(len);
                }
                Token::Octet(octet) => {
                    used = used.saturating_add(if octet == IAC { 2 } else { 1 });
                    match context.direction {
                        Direction::ToServer => self.type_octet(octet, out),
                        Direction::ToClient => self.show(octet, out),
                    }
                }
            }
            self.looked_at = self.looked_at.saturating_add(1);
            if self.phase == Phase::Done || self.looked_at > MAX_LOOKED_AT {
                return Step { used, next: Next::StopBoth };
            }
        }
        read_on(used)
    }

    fn gap(&mut self, _context: &Context, _lost: u64, _out: &mut dyn Sink) -> Next {
        self.typed.clear();
        self.shown.clear();
        Next::More(1)
    }

    fn end(&mut self, context: &Context, out: &mut dyn Sink) {
        if self.phase == Phase::Before && prompt(&self.shown).is_some() {
            self.say_banner(context.direction, out);
        }
        if self.phase == Phase::Result && prompt(&self.shown).is_some() {
            self.once.conversation(&FAILED, "telnet", out);
        } else if self.phase == Phase::Result && is_shell(&self.shown) {
            self.once.conversation(&SUCCEEDED, "telnet", out);
        }
    }
}

/// Splits commands (RFC 854, "TELNET COMMAND STRUCTURE"; RFC 855) from data.
fn token(bytes: &[u8]) -> Token {
    match bytes {
        [IAC] => Token::Wait(2),
        [IAC, IAC, ..] => Token::Octet(IAC),
        [IAC, 251..=254] => Token::Wait(3),
        [IAC, 251..=254, ..] => Token::Command(3),
        [IAC, 250, rest @ ..] => match crate::bytes::find(rest, &[IAC, 240]) {
            Some(at) => Token::Command(at.saturating_add(4)),
            None if rest.len() < 1024 => Token::Wait(bytes.len().saturating_add(1)),
            None => Token::Command(2),
        },
        [IAC, ..] => Token::Command(2),
        [octet, ..] => Token::Octet(*octet),
        [] => Token::Wait(1),
    }
}

impl Console {
    /// An octet from the server.
    fn show(&mut self, octet: u8, out: &mut dyn Sink) {
        if self.in_escape {
            // A terminal's control sequence ends with a letter (ECMA-48 §5.4).
            self.in_escape = !octet.is_ascii_alphabetic();
            return;
        }
        match octet {
            0x1b => self.in_escape = true,
            b'\n' | b'\r' => self.shown_line(out),
            0x20..=0x7e | 0x80..=0xff if self.shown.len() < MAX_BANNER => self.shown.push(octet),
            _ => {}
        }
    }

    fn shown_line(&mut self, out: &mut dyn Sink) {
        let line = self.shown.trim_ascii();
        if self.phase == Phase::Result && is_refusal(line) {
            self.phase = Phase::Before;
            self.once.conversation(&FAILED, "telnet", out);
        } else if self.phase == Phase::Before && !line.is_empty() && !self.has_said_banner {
            if !self.banner.is_empty() && self.banner.len() < MAX_BANNER {
                self.banner.push(b' ');
            }
            let room = MAX_BANNER.saturating_sub(self.banner.len());
            self.banner.extend_from_slice(line.get(..room).unwrap_or(line));
        }
        self.shown.clear();
    }

    /// An octet from the client.
    fn type_octet(&mut self, octet: u8, out: &mut dyn Sink) {
        let follows_return = std::mem::replace(&mut self.after_return, octet == b'\r');
        match octet {
            b'\n' | 0 if follows_return => {}
            b'\r' | b'\n' => {
                if self.typed.is_empty() {
                    self.judge(out);
                }
                self.typed_line(out);
                self.typed.clear();
            }
            8 | 0x7f => drop(self.typed.pop()),
            0x20..=0x7e | 0x80..=0xff if self.typed.len() < MAX_TYPED => {
                if self.typed.is_empty() {
                    self.judge(out);
                }
                self.typed.push(octet);
            }
            _ => {}
        }
    }

    /// The client begins to type: what has the server asked for?
    fn judge(&mut self, out: &mut dyn Sink) {
        let asked = prompt(&self.shown);
        if asked.is_some() {
            self.once.conversation(&MANAGEMENT, "console", out);
            self.say_banner(Direction::ToServer, out);
        }
        match (self.phase, asked) {
            (Phase::Result, Some(_)) => {
                self.once.conversation(&FAILED, "telnet", out);
                self.phase = asked.unwrap_or(Phase::Before);
            }
            (Phase::Result, None) if is_shell(&self.shown) => {
                self.once.conversation(&SUCCEEDED, "telnet", out);
                self.phase = Phase::Done;
            }
            (_, Some(phase)) => self.phase = phase,
            (_, None) => {}
        }
    }

    fn typed_line(&mut self, out: &mut dyn Sink) {
        match self.phase {
            Phase::User => {
                out.sender_is(Role::Client);
                self.once.conversation(&TRIED, "telnet", out);
                if is_account(&self.typed) {
                    self.once.octets(&ACCOUNT, &self.typed, out);
                }
                self.user = self.typed.as_slice().into();
                self.phase = Phase::Before;
                self.has_said_banner = true;
            }
            Phase::Secret => {
                self.once.conversation(&TRIED, "telnet", out);
                let login = Login { scheme: "telnet", user: &self.user, secret: &self.typed };
                self.once.login(&CREDENTIAL, login, out);
                self.phase = Phase::Result;
                self.has_said_banner = true;
                self.shown.clear();
            }
            Phase::Before | Phase::Result | Phase::Done => {}
        }
    }

    /// Says the text before the first log-in prompt, and the prompt, which often holds the host's name.
    fn say_banner(&mut self, direction: Direction, out: &mut dyn Sink) {
        if std::mem::replace(&mut self.has_said_banner, true) {
            return;
        }
        let mut text = std::mem::take(&mut self.banner);
        if !text.is_empty() {
            text.push(b' ');
        }
        text.extend_from_slice(self.shown.trim_ascii());
        text.truncate(MAX_BANNER);
        let about = if direction == Direction::ToServer { About::Receiver } else { About::Sender };
        out.say(about, &BANNER, Value::Octets(&text));
    }
}

/// What a line that the server stopped on asks for.
fn prompt(line: &[u8]) -> Option<Phase> {
    let line = line.trim_ascii();
    let words = line.strip_suffix(b":").or_else(|| line.strip_suffix(b">"))?.trim_ascii().to_ascii_lowercase();
    let ends = |endings: &[&[u8]]| endings.iter().any(|ending| words.ends_with(ending));
    if ends(&[b"password", b"passwd", b"passcode", b"kennwort", b"passwort", b"mot de passe"]) {
        return Some(Phase::Secret);
    }
    ends(&[b"login", b"username", b"user name", b"user", b"userid", b"user id", b"account", b"logon", b"benutzername"])
        .then_some(Phase::User)
}

fn is_refusal(line: &[u8]) -> bool {
    [&b"incorrect"[..], b"failed", b"failure", b"denied", b"invalid", b"bad password", b"wrong", b"rejected"]
        .iter()
        .any(|word| holds_any_case(line, word))
}

/// A line that the server stopped on is a shell's or a menu's prompt.
fn is_shell(line: &[u8]) -> bool {
    matches!(line.trim_ascii_end().last(), Some(b'#' | b'$' | b'>' | b'%' | b']' | b')' | b':'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, streams, streams_any_chunk};
    use crate::protocol::Direction::{ToClient, ToServer};

    #[test]
    fn a_log_in_with_echo_and_backspace() {
        let lines = streams_any_chunk(
            &Telnet,
            23,
            &[
                (ToClient, b"\xff\xfd\x18\xff\xfa\x18\x01\xff\xf0\r\n\x1b[1mAcme Pump\x1b[0m 2.1\r\n\r\nward7 login: "),
                (ToServer, b"\xff\xfc\x18ro"),
                (ToClient, b"ro"),
                (ToServer, b"x\x7fot\r\0"),
                (ToClient, b"x\x08 \x08ot\r\nPassword: "),
                (ToServer, b"bad\r\n"),
                (ToClient, b"\r\nLogin incorrect\r\nward7 login: "),
                (ToServer, b"root\r\n"),
                (ToClient, b"root\r\nPassword: "),
                (ToServer, b"1234\r\n"),
                (ToClient, b"\r\nWelcome, Jane\r\n# "),
                (ToServer, b"cat /patients\r\n"),
                (ToClient, b"cat /patients\r\nlogin: password:"),
            ],
        );
        assert_eq!(
            lines.lines,
            [
                "conversation telnet.session console",
                "receiver telnet.banner Acme Pump 2.1 ward7 login:",
                "conversation telnet.login telnet",
                "conversation telnet.account root",
                "conversation telnet.credential telnet root:bad",
                "conversation telnet.refusal telnet",
                "conversation telnet.credential telnet root:1234",
                "conversation telnet.prompt telnet",
            ]
        );
    }

    #[test]
    fn a_secret_alone_may_be_empty() {
        let lines = streams_any_chunk(
            &Telnet,
            23,
            &[(ToClient, b"Password:"), (ToServer, b"\r\n"), (ToClient, b"\r\nPassword:"), (ToServer, b"x\r\n")],
        );
        assert_eq!(
            lines.lines,
            [
                "conversation telnet.session console",
                "receiver telnet.banner Password:",
                "conversation telnet.login telnet",
                "conversation telnet.credential telnet :",
                "conversation telnet.refusal telnet",
                "conversation telnet.credential telnet :x",
            ]
        );
    }

    #[test]
    fn text_without_a_log_in_stays_inside() {
        let lines = streams_any_chunk(&Telnet, 23, &[(ToClient, b"Doe, Jane\r\nnext> "), (ToServer, b"1\r\n")]);
        assert!(lines.lines.is_empty(), "{lines:?}");
    }

    #[test]
    fn negotiation_decides() {
        let ask = |port, bytes: &[u8]| Telnet.probe(&context(ToClient, port, bytes.len()), bytes);
        assert_eq!(ask(99, b"\xff\xfb\x01\xff\xfb\x03"), Verdict::Certain);
        assert_eq!(ask(99, b"\xff\xfd\x18"), Verdict::Certain);
        assert_eq!(ask(99, b"\xff\xfe<\0"), Verdict::No);
        assert_eq!(ask(99, b"login: "), Verdict::No);
        assert_eq!(ask(23, b"login: "), Verdict::Unsure);
        assert_eq!(ask(23, b"\x16\x03\x01"), Verdict::No);
    }

    #[test]
    fn truncated_anywhere_is_no_harm() {
        let whole = b"\xff\xfa\x18\0x\xff\xf0login: \x1b[0ma\r\nPassword: \xff\xff\r\n$";
        for end in 0..whole.len() {
            let _ = streams(&Telnet, 23, &[(ToClient, &whole[..end]), (ToServer, &whole[end..])], 3);
        }
    }
}
