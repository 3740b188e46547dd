//! POP3 (RFC 1939): who logs in how. Messages are skipped.

use model::FactKind;

use crate::fact::{Field, Login, Sink};
use crate::lines::{Line, Once, base64, bounded, holds_any_case, next_line, starts_with_any_case, to_dot, word};
use crate::protocol::{Context, Direction, Hint, Info, Next, Protocol, Role, Session, Step, Verdict};

/// POP3.
pub struct Pop3;

static INFO: Info = Info {
    id: "pop3",
    name: "POP3",
    doc: "Mail fetched from a mailbox (RFC 1939). Name and password are in the clear unless STLS (RFC 2595) comes first.",
    hints: &[Hint::Tcp(110), Hint::AnyTcp],
};

static BANNER: Field = Field::new("pop3.greeting", "POP3 greeting", FactKind::ServerBanner);
static TRIED: Field = Field::new("pop3.user", "POP3 USER, APOP or AUTH", FactKind::LoginTried);
static CREDENTIAL: Field = Field::new("pop3.pass", "POP3 USER and PASS", FactKind::Credential);
static SUCCEEDED: Field = Field::new("pop3.login-ok", "POP3 +OK to a log-in", FactKind::LoginSucceeded);
static FAILED: Field = Field::new("pop3.login-err", "POP3 -ERR to a log-in", FactKind::LoginFailed);
static OPERATION: Field = Field::new("pop3.command", "POP3 command", FactKind::Operation);

impl Protocol for Pop3 {
    fn info(&self) -> &'static Info {
        &INFO
    }

    /// A greeting of `+OK` with nothing behind it is also Redis's answer: a word or the port decides.
    fn probe(&self, _context: &Context, head: &[u8]) -> Verdict {
        let first = head.get(..160).unwrap_or(head);
        if let Some(text) = first.strip_prefix(b"+OK") {
            let says = [&b"pop"[..], b"server ready", b"dovecot", b"mail"].iter().any(|w| holds_any_case(text, w));
            return if says { Verdict::Certain } else { Verdict::Unsure };
        }
        let unsure = [&b"USER "[..], b"APOP ", b"CAPA\r\n", b"STLS\r\n", b"-ERR ", b"+OK"];
        let is_begun = |command: &&[u8]| starts_with_any_case(head, command) || (head.len() < 4 && command.starts_with(head));
        if !head.is_empty() && unsure.iter().any(is_begun) { Verdict::Unsure } else { Verdict::No }
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Some(Box::<Mailbox>::default())
    }
}

/// The state of a connection.
#[derive(Default)]
struct Mailbox {
    once: Once,
    knows_roles: bool,
    greeted: bool,
    scheme: &'static str,
    user: Box<[u8]>,
    asked: Asked,
    /// The client's next line answers an AUTH PLAIN.
    plain_follows: bool,
    body: Body,
}

/// What the next status line answers.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Asked {
    #[default]
    Other,
    Name,
    Login,
    Tls,
    /// An answer of several lines.
    Many,
}

/// Whether the server is in an answer of several lines.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Body {
    #[default]
    No,
    AtLineStart,
    Inside,
}

impl Session for Mailbox {
    fn data(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        if context.direction == Direction::ToClient && self.body != Body::No {
            let (step, ended) = to_dot(bytes, self.body == Body::AtLineStart);
            self.body = match (ended, step.used) {
                (true, _) => Body::No,
                (false, 0) => self.body,
                (false, _) => Body::Inside,
            };
            return step;
        }
        match next_line(bytes) {
            Line::Wait(step) => step,
            Line::Whole(line, used) => {
                if !std::mem::replace(&mut self.knows_roles, true) {
                    let is_status = line.starts_with(b"+OK") || line.starts_with(b"-ERR");
                    out.sender_is(if is_status { Role::Server } else { Role::Client });
                }
                let next = match context.direction {
                    Direction::ToServer => self.command(line, out),
                    Direction::ToClient => self.status(line, out),
                };
                Step { used, next }
            }
        }
    }

    fn gap(&mut self, _context: &Context, _lost: u64, _out: &mut dyn Sink) -> Next {
        self.asked = Asked::Other;
        Next::More(1)
    }
}

impl Mailbox {
    fn command(&mut self, line: &[u8], out: &mut dyn Sink) -> Next {
        if std::mem::take(&mut self.plain_follows) {
            self.plain(line, out);
            return Next::More(1);
        }
        let (verb, rest) = word(line);
        let is = |wanted: &str| verb.eq_ignore_ascii_case(wanted.as_bytes());
        self.asked = Asked::Other;
        match () {
            () if is("USER") => {
                self.user = bounded(rest);
                self.asked = Asked::Name;
                self.try_login("pop3", out);
            }
            () if is("PASS") => {
                self.asked = Asked::Login;
                let secret = line.get(5..).unwrap_or_default();
                self.once.login(&CREDENTIAL, Login { scheme: "pop3", user: &self.user, secret }, out);
            }
            () if is("APOP") => {
                self.asked = Asked::Login;
                self.try_login("pop3 apop", out);
            }
            () if is("AUTH") && !rest.is_empty() => self.auth(rest, out),
            () if is("STLS") => self.asked = Asked::Tls,
            () if is("RETR") || is("TOP") => {
                self.asked = Asked::Many;
                self.once.conversation(&OPERATION, "fetched mail", out);
            }
            () if (is("LIST") || is("UIDL")) && rest.is_empty() || is("CAPA") || is("AUTH") => self.asked = Asked::Many,
            () => {}
        }
        Next::More(1)
    }

    fn try_login(&mut self, scheme: &'static str, out: &mut dyn Sink) {
        self.scheme = scheme;
        self.once.conversation(&TRIED, scheme, out);
    }

    fn auth(&mut self, rest: &[u8], out: &mut dyn Sink) {
        let (mechanism, initial) = word(rest);
        self.asked = Asked::Login;
        if !mechanism.eq_ignore_ascii_case(b"PLAIN") {
            self.try_login("pop3 other", out);
            return;
        }
        self.try_login("pop3 plain", out);
        self.plain_follows = initial.is_empty();
        if !initial.is_empty() {
            self.plain(initial, out);
        }
    }

    fn plain(&mut self, line: &[u8], out: &mut dyn Sink) {
        let mut room = [0; 384];
        if let Some((user, secret)) = base64(line, &mut room).and_then(super::smtp::plain) {
            self.once.login(&CREDENTIAL, Login { scheme: "pop3 plain", user, secret }, out);
        }
    }

    fn status(&mut self, line: &[u8], out: &mut dyn Sink) -> Next {
        let is_ok = line.starts_with(b"+OK");
        if !is_ok && !line.starts_with(b"-ERR") {
            return Next::More(1);
        }
        if !self.greeted {
            self.greeted = true;
            if self.asked == Asked::Other && is_ok {
                // The challenge of APOP in the greeting is of no use.
                let text = line.get(3..).unwrap_or_default().split(|b| *b == b'<').next().unwrap_or_default();
                self.once.sender(&BANNER, text.trim_ascii(), out);
                return Next::More(1);
            }
        }
        match (std::mem::take(&mut self.asked), is_ok) {
            (Asked::Login, true) => self.once.conversation(&SUCCEEDED, self.scheme, out),
            (Asked::Login | Asked::Name, false) => self.once.conversation(&FAILED, self.scheme, out),
            (Asked::Many, true) => self.body = Body::AtLineStart,
            (Asked::Tls, true) => {
                self.once.conversation(&OPERATION, "STLS", out);
                return Next::Become("tls");
            }
            _ => {}
        }
        Next::More(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, streams, streams_any_chunk};
    use crate::protocol::Direction::{ToClient, ToServer};

    #[test]
    fn a_mailbox_is_read() {
        let lines = streams_any_chunk(
            &Pop3,
            110,
            &[
                (ToClient, b"+OK Acme POP3 ready <1.2@mx>\r\n"),
                (ToServer, b"USER jane@example.org\r\n"),
                (ToClient, b"+OK\r\n"),
                (ToServer, b"PASS pass word\r\n"),
                (ToClient, b"-ERR no\r\n"),
                (ToServer, b"PASS 1234\r\n"),
                (ToClient, b"+OK in\r\n"),
                (ToServer, b"RETR 1\r\n"),
                (ToClient, b"+OK follows\r\n-ERR text\r\n..\r\n.\r\n"),
                (ToServer, b"STLS\r\n"),
                (ToClient, b"+OK go\r\n"),
            ],
        );
        assert_eq!(
            lines.lines,
            [
                "sender pop3.greeting Acme POP3 ready",
                "conversation pop3.user pop3",
                "conversation pop3.pass pop3 jane@example.org:pass word",
                "conversation pop3.login-err pop3",
                "conversation pop3.pass pop3 jane@example.org:1234",
                "conversation pop3.login-ok pop3",
                "conversation pop3.command fetched mail",
                "conversation pop3.command STLS",
            ]
        );
    }

    #[test]
    fn greetings_decide_or_leave_it_to_the_port() {
        let ask = |bytes: &[u8]| Pop3.probe(&context(ToClient, 110, bytes.len()), bytes);
        assert_eq!(ask(b"+OK POP3 ready\r\n"), Verdict::Certain);
        assert_eq!(ask(b"+OK\r\n"), Verdict::Unsure);
        assert_eq!(ask(b"USER a\r\n"), Verdict::Unsure);
        assert_eq!(ask(b"* OK\r\n"), Verdict::No);
        assert_eq!(ask(b""), Verdict::No);
    }

    #[test]
    fn truncated_anywhere_is_no_harm() {
        let whole = b"+OK a\r\nUSER x\r\nAUTH PLAIN\r\nAGEAYg==\r\nRETR 1\r\n+OK\r\nx\r\n.\r\n";
        for end in 0..whole.len() {
            let _ = streams(&Pop3, 110, &[(ToServer, &whole[..end]), (ToClient, &whole[end..])], 3);
        }
    }
}
