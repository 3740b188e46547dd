//! SMTP (RFC 5321): which mailer greets whom, and who logs in. Addresses and messages never leave the decoder.

use model::FactKind;

use crate::fact::{Field, Login, Sink};
use crate::lines::{Line, Once, base64, bounded, holds_any_case, is_no_name, next_line, starts_with_any_case, to_dot, word};
use crate::protocol::{Context, Direction, Hint, Info, Next, Protocol, Role, Session, Step, Verdict};

/// SMTP.
pub struct Smtp;

static INFO: Info = Info {
    id: "smtp",
    name: "SMTP",
    doc: "Mail submission and relay (RFC 5321). Devices mail alarms and reports: without STARTTLS (RFC 3207) these and the \
          log-in (AUTH, RFC 4954) are in the clear. The greeting names the server's software, EHLO the client's host.",
    hints: &[Hint::Tcp(25), Hint::Tcp(587), Hint::Tcp(2525), Hint::AnyTcp],
};

static BANNER: Field = Field::new("smtp.greeting", "SMTP greeting", FactKind::ServerBanner);
static CLIENT_HOST: Field = Field::new("smtp.ehlo", "SMTP EHLO", FactKind::HostName);
static CLIENT_FQDN: Field = Field::new("smtp.ehlo", "SMTP EHLO", FactKind::Fqdn);
static TRIED: Field = Field::new("smtp.auth", "SMTP AUTH", FactKind::LoginTried);
static CREDENTIAL: Field = Field::new("smtp.credential", "SMTP AUTH PLAIN or LOGIN", FactKind::Credential);
static SUCCEEDED: Field = Field::new("smtp.reply-235", "SMTP reply 235", FactKind::LoginSucceeded);
static FAILED: Field = Field::new("smtp.reply-535", "SMTP reply 535", FactKind::LoginFailed);
static OPERATION: Field = Field::new("smtp.command", "SMTP command", FactKind::Operation);

impl Protocol for Smtp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, head: &[u8]) -> Verdict {
        let first = head.get(..256).unwrap_or(head);
        if first.starts_with(b"220 ") || first.starts_with(b"220-") {
            return match () {
                () if holds_any_case(first, b"smtp") => Verdict::Certain,
                () if holds_any_case(first, b"ftp") => Verdict::No,
                () => Verdict::Unsure,
            };
        }
        let certain = [&b"EHLO "[..], b"HELO ", b"MAIL FROM:", b"RCPT TO:"];
        if certain.iter().any(|command| starts_with_any_case(head, command)) {
            return Verdict::Certain;
        }
        let is_begun = |command: &&[u8]| command.starts_with(head) || starts_with_any_case(head, command);
        let unsure = [&b"220"[..], b"554 ", b"421 ", b"250 ", b"250-", b"EHLO", b"HELO", b"MAIL", b"STARTTLS"];
        if !head.is_empty() && unsure.iter().any(is_begun) { Verdict::Unsure } else { Verdict::No }
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Some(Box::<Mail>::default())
    }
}

/// The state of a connection.
#[derive(Default)]
struct Mail {
    once: Once,
    knows_roles: bool,
    greeted: bool,
    client: Expect,
    user: Box<[u8]>,
    asked_tls: bool,
    /// The server agreed to TLS; a capture that was decrypted goes on in the clear.
    tls_follows: bool,
}

/// What the client's next line is.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Expect {
    #[default]
    Command,
    /// Answers to an AUTH: PLAIN's one, LOGIN's two, or another mechanism's.
    Plain,
    User,
    Secret,
    Opaque,
    /// DATA was said: a message, unless the server refuses; at the beginning of a line or not.
    Message(bool),
}

impl Session for Mail {
    fn data(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        if std::mem::take(&mut self.tls_follows) && bytes.first() == Some(&0x16) {
            return Step { used: 0, next: Next::Become("tls") };
        }
        if let (Expect::Message(at_line_start), Direction::ToServer) = (self.client, context.direction) {
            let (step, ended) = to_dot(bytes, at_line_start);
            let waits = step.used == 0 && !ended;
            self.client = if ended { Expect::Command } else { Expect::Message(at_line_start && waits) };
            return step;
        }
        match next_line(bytes) {
            Line::Wait(step) => step,
            Line::Whole(line, used) => {
                if !std::mem::replace(&mut self.knows_roles, true) {
                    let is_reply = line.first_chunk::<3>().is_some_and(|code| code.iter().all(u8::is_ascii_digit));
                    out.sender_is(if is_reply { Role::Server } else { Role::Client });
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
        if !matches!(self.client, Expect::Message(_)) {
            self.client = Expect::Command;
        }
        Next::More(1)
    }
}

impl Mail {
    fn command(&mut self, line: &[u8], out: &mut dyn Sink) -> Next {
        match self.client {
            Expect::Command | Expect::Message(_) => return self.verb(line, out),
            Expect::Plain => self.plain(line, out),
            Expect::User => {
                let mut room = [0; 192];
                self.user = bounded(base64(line, &mut room).unwrap_or_default());
                self.client = Expect::Secret;
                return Next::More(1);
            }
            Expect::Secret => {
                let mut room = [0; 192];
                if let Some(secret) = base64(line, &mut room) {
                    self.once.login(&CREDENTIAL, Login { scheme: "smtp login", user: &self.user, secret }, out);
                }
            }
            Expect::Opaque => {}
        }
        self.client = Expect::Command;
        Next::More(1)
    }

    fn verb(&mut self, line: &[u8], out: &mut dyn Sink) -> Next {
        let (verb, rest) = word(line);
        let is = |wanted: &str| verb.eq_ignore_ascii_case(wanted.as_bytes());
        match () {
            () if is("EHLO") || is("HELO") => self.hello(word(rest).0, out),
            () if is("AUTH") => self.auth(rest, out),
            () if is("STARTTLS") => self.asked_tls = true,
            () if is("DATA") => {
                self.once.conversation(&OPERATION, "sent mail", out);
                // The client waits for the 354, so the line after this one is the message's.
                self.client = Expect::Message(true);
            }
            () if is("BDAT") => {
                self.once.conversation(&OPERATION, "sent mail", out);
                let size = std::str::from_utf8(word(rest).0).ok().and_then(|n| n.parse().ok()).unwrap_or(0);
                return if size > 0 { Next::Skip(size) } else { Next::More(1) };
            }
            () => {}
        }
        Next::More(1)
    }

    fn hello(&mut self, name: &[u8], out: &mut dyn Sink) {
        if !is_no_name(name) {
            let field = if name.contains(&b'.') { &CLIENT_FQDN } else { &CLIENT_HOST };
            self.once.sender(field, name, out);
        }
    }

    fn auth(&mut self, rest: &[u8], out: &mut dyn Sink) {
        let (mechanism, initial) = word(rest);
        let is = |wanted: &str| mechanism.eq_ignore_ascii_case(wanted.as_bytes());
        let (scheme, expect) = match () {
            () if is("PLAIN") => ("smtp plain", Expect::Plain),
            () if is("LOGIN") => ("smtp login", Expect::User),
            () if is("CRAM-MD5") => ("smtp cram-md5", Expect::Opaque),
            () if is("NTLM") => ("smtp ntlm", Expect::Opaque),
            () => ("smtp other", Expect::Opaque),
        };
        self.once.conversation(&TRIED, scheme, out);
        self.client = expect;
        if !initial.is_empty() && expect != Expect::Opaque {
            self.command(initial, out);
        }
    }

    /// `authzid NUL authcid NUL password` (RFC 4616).
    fn plain(&mut self, line: &[u8], out: &mut dyn Sink) {
        let mut room = [0; 384];
        if let Some((user, secret)) = base64(line, &mut room).and_then(plain) {
            self.once.login(&CREDENTIAL, Login { scheme: "smtp plain", user, secret }, out);
        }
    }

    fn reply(&mut self, line: &[u8], out: &mut dyn Sink) -> Next {
        let Some((code, rest)) = line.split_first_chunk::<3>() else { return Next::More(1) };
        let is_last = rest.first() != Some(&b'-');
        let text = rest.get(1..).unwrap_or_default().trim_ascii();
        match code {
            b"220" if !self.greeted => {
                self.greeted = true;
                self.once.sender(&BANNER, text, out);
            }
            b"220" if self.asked_tls && is_last => {
                self.once.conversation(&OPERATION, "STARTTLS", out);
                self.tls_follows = true;
            }
            b"235" => self.once.conversation(&SUCCEEDED, "smtp", out),
            b"535" | b"534" => self.failed(out),
            // The message was refused before it came.
            [b'4' | b'5', ..] if matches!(self.client, Expect::Message(true)) => self.client = Expect::Command,
            _ => {}
        }
        self.greeted = true;
        Next::More(1)
    }

    fn failed(&mut self, out: &mut dyn Sink) {
        self.client = Expect::Command;
        self.once.conversation(&FAILED, "smtp", out);
    }
}

/// Name and secret of SASL PLAIN (RFC 4616).
pub(super) fn plain(message: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut parts = message.splitn(3, |b| *b == 0);
    let _ = parts.next()?;
    Some((parts.next()?, parts.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, streams, streams_any_chunk};
    use crate::protocol::Direction::{ToClient, ToServer};

    #[test]
    fn a_mail_with_a_log_in() {
        let lines = streams_any_chunk(
            &Smtp,
            25,
            &[
                (ToClient, b"220 mx.example ESMTP Postfix\r\n"),
                (ToServer, b"EHLO monitor-7\r\n"),
                (ToClient, b"250-mx.example\r\n250 AUTH PLAIN LOGIN\r\n"),
                (ToServer, b"AUTH LOGIN\r\n"),
                (ToClient, b"334 VXNlcm5hbWU6\r\n"),
                (ToServer, b"YWRtaW4=\r\n"),
                (ToClient, b"334 UGFzc3dvcmQ6\r\n"),
                (ToServer, b"MTIzNA==\r\n"),
                (ToClient, b"235 ok\r\n"),
                (ToServer, b"MAIL FROM:<jane@example.org>\r\nDATA\r\n"),
                (ToClient, b"250 ok\r\n354 go\r\n"),
                (ToServer, b"EHLO patient\r\n..\r\nAUTH PLAIN AGEAYg==\r\n.\r\nAUTH PLAIN AGEAYg==\r\n"),
                (ToClient, b"250 ok\r\n535 no\r\n"),
            ],
        );
        assert_eq!(
            lines.lines,
            [
                "sender smtp.greeting mx.example ESMTP Postfix",
                "sender smtp.ehlo monitor-7",
                "conversation smtp.auth smtp login",
                "conversation smtp.credential smtp login admin:1234",
                "conversation smtp.reply-235 smtp",
                "conversation smtp.command sent mail",
                "conversation smtp.auth smtp plain",
                "conversation smtp.credential smtp plain a:b",
                "conversation smtp.reply-535 smtp",
            ]
        );
    }

    #[test]
    fn tls_takes_over() {
        let lines = streams_any_chunk(
            &Smtp,
            25,
            &[(ToClient, b"220 a\r\n"), (ToServer, b"STARTTLS\r\n"), (ToClient, b"220 go\r\n"), (ToServer, b"\x16\x03")],
        );
        assert_eq!(lines.lines, ["sender smtp.greeting a", "conversation smtp.command STARTTLS"]);
    }

    #[test]
    fn greetings_decide_or_leave_it_to_the_port() {
        let ask = |bytes: &[u8]| Smtp.probe(&context(ToClient, 25, bytes.len()), bytes);
        assert_eq!(ask(b"220 a ESMTP\r\n"), Verdict::Certain);
        assert_eq!(ask(b"220 welcome\r\n"), Verdict::Unsure);
        assert_eq!(ask(b"220 vsFTPd\r\n"), Verdict::No);
        assert_eq!(ask(b"ehlo a\r\n"), Verdict::Certain);
        assert_eq!(ask(b"GET / HTTP/1.1\r\n"), Verdict::No);
        assert_eq!(ask(b"+OK ready\r\n"), Verdict::No);
    }

    #[test]
    fn truncated_anywhere_is_no_harm() {
        let whole = b"220 a\r\nEHLO [10.0.0.1]\r\nAUTH PLAIN\r\nAGEAYg==\r\nBDAT 5\r\nabcdeDATA\r\nx\r\n.\r\nQUIT\r\n";
        for end in 0..whole.len() {
            let _ = streams(&Smtp, 25, &[(ToServer, &whole[..end]), (ToClient, &whole[end..])], 3);
        }
    }
}
