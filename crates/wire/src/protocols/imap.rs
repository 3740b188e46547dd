//! IMAP4rev1 (RFC 3501): who logs in how. Messages come as literals and are skipped by length.

use model::FactKind;

use crate::fact::{Field, Login, Sink};
use crate::lines::{Line, Once, base64, next_line, read_on, starts_with_any_case, word};
use crate::protocol::{Context, Direction, Hint, Info, Next, Protocol, Role, Session, Step, Verdict};

/// IMAP.
pub struct Imap;

static INFO: Info = Info {
    id: "imap",
    name: "IMAP",
    doc: "Mail read on its server (RFC 3501). Name and password are in the clear unless STARTTLS comes first.",
    hints: &[Hint::Tcp(143), Hint::AnyTcp],
};

static BANNER: Field = Field::new("imap.greeting", "IMAP greeting", FactKind::ServerBanner);
static TRIED: Field = Field::new("imap.login", "IMAP LOGIN or AUTHENTICATE", FactKind::LoginTried);
static CREDENTIAL: Field = Field::new("imap.credential", "IMAP LOGIN", FactKind::Credential);
static SUCCEEDED: Field = Field::new("imap.login-ok", "IMAP OK to a log-in", FactKind::LoginSucceeded);
static FAILED: Field = Field::new("imap.login-no", "IMAP NO to a log-in", FactKind::LoginFailed);
static OPERATION: Field = Field::new("imap.command", "IMAP command", FactKind::Operation);

impl Protocol for Imap {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, head: &[u8]) -> Verdict {
        let greetings = [&b"* OK "[..], b"* PREAUTH ", b"* BYE ", b"* CAPABILITY "];
        if greetings.iter().any(|g| starts_with_any_case(head, g)) {
            return Verdict::Certain;
        }
        if !head.is_empty() && greetings.iter().any(|g| g.starts_with(head)) {
            return Verdict::Unsure;
        }
        match Command::of(head.get(..64).unwrap_or(head)) {
            Some(command) if matches!(command.verb, Verb::Login | Verb::Capability | Verb::Authenticate | Verb::StartTls) => {
                Verdict::Certain
            }
            Some(_) => Verdict::Unsure,
            None => Verdict::No,
        }
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Some(Box::<Mailbox>::default())
    }
}

/// A client's line: a tag, a verb, and what follows.
struct Command<'a> {
    tag: &'a [u8],
    verb: Verb,
    rest: &'a [u8],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Login,
    Authenticate,
    StartTls,
    Capability,
    Select,
    Fetch,
    Other,
}

impl<'a> Command<'a> {
    fn of(line: &'a [u8]) -> Option<Self> {
        let (tag, rest) = word(line);
        let is_tag = (1..=16).contains(&tag.len()) && tag.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'.');
        if !is_tag || !line.starts_with(tag) || !(tag == b"." || tag.iter().any(u8::is_ascii_digit)) {
            return None;
        }
        let (verb, rest) = word(rest);
        let (verb, rest) = if verb.eq_ignore_ascii_case(b"UID") { word(rest) } else { (verb, rest) };
        let is = |wanted: &str| verb.eq_ignore_ascii_case(wanted.as_bytes());
        let verb = match () {
            () if is("LOGIN") => Verb::Login,
            () if is("AUTHENTICATE") => Verb::Authenticate,
            () if is("STARTTLS") => Verb::StartTls,
            () if is("CAPABILITY") => Verb::Capability,
            () if is("SELECT") || is("EXAMINE") => Verb::Select,
            () if is("FETCH") => Verb::Fetch,
            () if ["NOOP", "LIST", "LSUB", "STATUS", "LOGOUT", "ID", "IDLE", "SEARCH", "STORE", "CLOSE"]
                .iter()
                .any(|w| is(w)) =>
            {
                Verb::Other
            }
            () => return None,
        };
        Some(Self { tag, verb, rest })
    }
}

/// The state of a connection.
#[derive(Default)]
struct Mailbox {
    once: Once,
    knows_roles: bool,
    greeted: bool,
    scheme: &'static str,
    /// The tag of a log-in or STARTTLS that waits for its answer, and which of the two.
    waiting: Box<[u8]>,
    is_tls: bool,
    plain_follows: bool,
}

impl Session for Mailbox {
    fn data(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        let Line::Whole(line, used) = (match next_line(bytes) {
            Line::Wait(step) => return step,
            whole @ Line::Whole(..) => whole,
        }) else {
            return read_on(0);
        };
        if !std::mem::replace(&mut self.knows_roles, true) {
            let is_answer = line.starts_with(b"* ") || line.starts_with(b"+ ");
            out.sender_is(if is_answer { Role::Server } else { Role::Client });
        }
        let next = match context.direction {
            Direction::ToServer => self.command(line, out),
            Direction::ToClient => self.answer(line, out),
        };
        match (next, literal(line)) {
            (Next::More(_), Some(size)) if size > 0 => Step { used, next: Next::Skip(size) },
            _ => Step { used, next },
        }
    }

    fn gap(&mut self, _context: &Context, _lost: u64, _out: &mut dyn Sink) -> Next {
        Next::More(1)
    }
}

/// The size of a literal that a line ends with (RFC 3501 §4.3): `{310}`, or `{310+}` (RFC 7888).
fn literal(line: &[u8]) -> Option<u64> {
    let inner = line.strip_suffix(b"}")?;
    let open = memchr::memrchr(b'{', inner)?;
    let digits = inner.get(open.saturating_add(1)..)?;
    let digits = digits.strip_suffix(b"+").unwrap_or(digits);
    std::str::from_utf8(digits).ok()?.parse().ok()
}

impl Mailbox {
    fn command(&mut self, line: &[u8], out: &mut dyn Sink) -> Next {
        if std::mem::take(&mut self.plain_follows) {
            self.plain(line, out);
            return Next::More(1);
        }
        let Some(command) = Command::of(line) else { return Next::More(1) };
        match command.verb {
            Verb::Login => {
                self.try_login("imap", command.tag, out);
                if let Some((user, secret)) = two_strings(command.rest) {
                    self.once.login(&CREDENTIAL, Login { scheme: "imap", user, secret }, out);
                }
            }
            Verb::Authenticate => {
                let (mechanism, initial) = word(command.rest);
                let is_plain = mechanism.eq_ignore_ascii_case(b"PLAIN");
                self.try_login(if is_plain { "imap plain" } else { "imap other" }, command.tag, out);
                self.plain_follows = is_plain && initial.is_empty();
                if is_plain && !initial.is_empty() {
                    self.plain(initial, out);
                }
            }
            Verb::StartTls => {
                self.waiting = command.tag.into();
                self.is_tls = true;
            }
            Verb::Fetch => self.once.conversation(&OPERATION, "fetched mail", out),
            Verb::Capability | Verb::Select | Verb::Other => {}
        }
        Next::More(1)
    }

    fn try_login(&mut self, scheme: &'static str, tag: &[u8], out: &mut dyn Sink) {
        self.scheme = scheme;
        self.waiting = tag.into();
        self.is_tls = false;
        self.once.conversation(&TRIED, scheme, out);
    }

    fn plain(&mut self, line: &[u8], out: &mut dyn Sink) {
        let mut room = [0; 384];
        if let Some((user, secret)) = base64(line, &mut room).and_then(super::smtp::plain) {
            self.once.login(&CREDENTIAL, Login { scheme: "imap plain", user, secret }, out);
        }
    }

    fn answer(&mut self, line: &[u8], out: &mut dyn Sink) -> Next {
        let (tag, rest) = word(line);
        if !std::mem::replace(&mut self.greeted, true) && tag == b"*" {
            let (status, text) = word(rest);
            if status.eq_ignore_ascii_case(b"OK") || status.eq_ignore_ascii_case(b"PREAUTH") {
                self.once.sender(&BANNER, without_capabilities(text), out);
            }
            return Next::More(1);
        }
        if self.waiting.is_empty() || *tag != *self.waiting {
            return Next::More(1);
        }
        self.waiting = Box::default();
        let is_ok = starts_with_any_case(rest, b"OK");
        match (self.is_tls, is_ok) {
            (true, true) => {
                self.once.conversation(&OPERATION, "STARTTLS", out);
                return Next::Become("tls");
            }
            (true, false) => {}
            (false, true) => self.once.conversation(&SUCCEEDED, self.scheme, out),
            (false, false) => self.once.conversation(&FAILED, self.scheme, out),
        }
        Next::More(1)
    }
}

/// The greeting's text behind its response code (RFC 3501 §7.1).
fn without_capabilities(text: &[u8]) -> &[u8] {
    match (text.first(), memchr::memchr(b']', text)) {
        (Some(b'['), Some(end)) => text.get(end.saturating_add(1)..).unwrap_or_default().trim_ascii(),
        _ => text,
    }
}

/// Two atoms or quoted strings (RFC 3501 §6.2.3).
fn two_strings(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (first, rest) = string(text)?;
    let (second, _) = string(rest)?;
    (!second.starts_with(b"{")).then_some((first, second))
}

fn string(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.trim_ascii_start();
    match text.strip_prefix(b"\"") {
        Some(quoted) => {
            let end = memchr::memchr(b'"', quoted)?;
            Some((quoted.get(..end)?, quoted.get(end.saturating_add(1)..)?))
        }
        None if text.is_empty() => None,
        None => Some(word(text)),
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
            &Imap,
            143,
            &[
                (ToClient, b"* OK [CAPABILITY IMAP4rev1] Dovecot ready.\r\n"),
                (ToServer, b"a1 LOGIN \"jane doe\" secret\r\n"),
                (ToClient, b"* 1 EXISTS\r\na1 NO bad\r\n"),
                (ToServer, b"a2 LOGIN jane 1234\r\n"),
                (ToClient, b"a2 OK in\r\n"),
                (ToServer, b"a3 UID FETCH 1 BODY[]\r\n"),
                (ToClient, b"* 1 FETCH (BODY[] {12}\r\na4 OK hello\n)\r\na3 OK\r\n"),
                (ToServer, b"a4 STARTTLS\r\n"),
                (ToClient, b"a4 OK go\r\n"),
            ],
        );
        assert_eq!(
            lines.lines,
            [
                "sender imap.greeting Dovecot ready.",
                "conversation imap.login imap",
                "conversation imap.credential imap jane doe:secret",
                "conversation imap.login-no imap",
                "conversation imap.credential imap jane:1234",
                "conversation imap.login-ok imap",
                "conversation imap.command fetched mail",
                "conversation imap.command STARTTLS",
            ]
        );
    }

    #[test]
    fn either_side_decides() {
        let ask = |bytes: &[u8]| Imap.probe(&context(ToClient, 143, bytes.len()), bytes);
        assert_eq!(ask(b"* OK ready\r\n"), Verdict::Certain);
        assert_eq!(ask(b"a001 CAPABILITY\r\n"), Verdict::Certain);
        assert_eq!(ask(b"a001 NOOP\r\n"), Verdict::Unsure);
        assert_eq!(ask(b". CAPABILITY\r\n"), Verdict::Certain);
        assert_eq!(ask(b"+OK\r\n"), Verdict::No);
        assert_eq!(ask(b"GET / HTTP/1.1\r\n"), Verdict::No);
        assert_eq!(ask(b""), Verdict::No);
    }

    #[test]
    fn truncated_anywhere_is_no_harm() {
        let whole = b"* OK a\r\na1 AUTHENTICATE PLAIN\r\nAGEAYg==\r\na1 OK {5}\r\nabcde\r\na2 LOGIN \"a\r\n";
        for end in 0..whole.len() {
            let _ = streams(&Imap, 143, &[(ToServer, &whole[..end]), (ToClient, &whole[end..])], 3);
        }
    }
}
