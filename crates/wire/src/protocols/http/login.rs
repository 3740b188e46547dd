//! Log-ins over HTTP: the Authorization header (RFC 9110 §11, RFC 7617, RFC 7616) and forms.

use crate::fact::{Login, Sink};
use crate::lines::{Once, base64, is_account, word};

use super::fields;
use super::head::parameter;

/// How a request tried to log in; what its response's status says is then a success or a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Scheme {
    Basic = 1,
    Digest = 2,
    Negotiate = 3,
    Bearer = 4,
    Form = 5,
    Other = 6,
}

impl Scheme {
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Basic => "http basic",
            Self::Digest => "http digest",
            Self::Negotiate => "http negotiate",
            Self::Bearer => "http bearer",
            Self::Form => "http form",
            Self::Other => "http other",
        }
    }

    fn of(name: &[u8]) -> Self {
        let is = |wanted: &[u8]| name.eq_ignore_ascii_case(wanted);
        match () {
            () if is(b"basic") => Self::Basic,
            () if is(b"digest") => Self::Digest,
            () if is(b"ntlm") || is(b"negotiate") || is(b"kerberos") => Self::Negotiate,
            () if is(b"bearer") => Self::Bearer,
            () => Self::Other,
        }
    }
}

/// Reads an Authorization header.
pub(super) fn authorization(value: &[u8], once: &mut Once, out: &mut dyn Sink) -> Option<Scheme> {
    if value.is_empty() {
        return None;
    }
    let (name, rest) = word(value);
    let scheme = Scheme::of(name);
    once.conversation(&fields::LOGIN, scheme.label(), out);
    match scheme {
        Scheme::Basic => basic(rest, once, out),
        Scheme::Digest => account(parameter(rest, b"username").unwrap_or_default(), once, out),
        _ => {}
    }
    Some(scheme)
}

fn basic(encoded: &[u8], once: &mut Once, out: &mut dyn Sink) {
    let mut room = [0; 384];
    let Some(pair) = base64(encoded, &mut room) else {
        out.malformed("Basic credentials are not base64 or too long");
        return;
    };
    let Some((user, secret)) = memchr::memchr(b':', pair).and_then(|colon| {
        let (user, rest) = pair.split_at_checked(colon)?;
        Some((user, rest.get(1..)?))
    }) else {
        out.malformed("Basic credentials have no colon");
        return;
    };
    account(user, once, out);
    once.login(&fields::CREDENTIAL, Login { scheme: Scheme::Basic.label(), user, secret }, out);
}

fn account(user: &[u8], once: &mut Once, out: &mut dyn Sink) {
    if is_account(user) {
        once.octets(&fields::ACCOUNT, user, out);
    }
}

/// What a challenge asks for: the scheme, and the realm, which many devices set to their product's name.
pub(super) fn challenge(value: &[u8], once: &mut Once, out: &mut dyn Sink) {
    let (name, rest) = word(value);
    let asked = match Scheme::of(name) {
        Scheme::Basic => "asks for http basic",
        Scheme::Digest => "asks for http digest",
        Scheme::Negotiate => "asks for http negotiate",
        Scheme::Bearer => "asks for http bearer",
        Scheme::Form | Scheme::Other => "asks for another http log-in",
    };
    once.conversation(&fields::CHALLENGE, asked, out);
    if let Some(realm) = parameter(rest, b"realm") {
        once.sender(&fields::REALM, realm, out);
    }
}

/// What the status of the response says of a log-in. A form's answer is only taken for a success where it sets a
/// cookie and sends the browser on to a page that is not an error: devices answer 200 to a wrong password too.
pub(super) fn result(scheme: Scheme, status: u16, sent_on: bool, once: &mut Once, out: &mut dyn Sink) {
    match (status, scheme) {
        (401 | 403 | 407, _) => once.conversation(&fields::FAILED, scheme.label(), out),
        (300..=399, Scheme::Form) if sent_on => once.conversation(&fields::SUCCEEDED, scheme.label(), out),
        (_, Scheme::Form) => {}
        (200..=399, _) => once.conversation(&fields::SUCCEEDED, scheme.label(), out),
        _ => {}
    }
}

/// Where the answer to a form sends the browser is no error and no log-in page.
pub(super) fn is_sent_on(location: &[u8], sets_cookie: bool) -> bool {
    let lower = location.to_ascii_lowercase();
    let bad = [&b"error"[..], b"fail", b"login", b"invalid", b"denied", b"logon", b"signin"];
    sets_cookie && !lower.is_empty() && !bad.iter().any(|word| crate::bytes::find(&lower, word).is_some())
}

/// Reads a form (`application/x-www-form-urlencoded`, or the query of a GET) and hands over its log-in.
pub(super) fn form(body: &[u8], once: &mut Once, out: &mut dyn Sink) -> bool {
    let mut found = Found::default();
    for pair in body.split(|b| *b == b'&').take(64) {
        let equals = memchr::memchr(b'=', pair).unwrap_or(pair.len());
        let (key, value) = pair.split_at_checked(equals).unwrap_or((pair, &[]));
        found.take(key, value.get(1..).unwrap_or_default());
    }
    found.say(true, once, out)
}

/// Reads `"key":"value"` pairs of a small JSON object, at any depth, and hands over its log-in.
pub(super) fn json(body: &[u8], once: &mut Once, out: &mut dyn Sink) -> bool {
    let mut found = Found::default();
    let mut key: &[u8] = &[];
    let mut rest = body;
    // Bounded by the sample; each turn uses one string.
    while let Some(text) = memchr::memchr(b'"', rest).and_then(|quote| rest.get(quote.saturating_add(1)..)) {
        let end = string_end(text);
        let Some((string, after)) = text.split_at_checked(end) else {
            break;
        };
        rest = after.get(1..).unwrap_or_default();
        if rest.trim_ascii_start().starts_with(b":") {
            key = string;
        } else {
            found.take(key, string);
            key = &[];
        }
    }
    found.say(false, once, out)
}

fn string_end(text: &[u8]) -> usize {
    let mut at = 0usize;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at = at.saturating_add(2),
            _ => at = at.saturating_add(1),
        }
    }
    text.len()
}

/// The fields of a form that make a log-in.
#[derive(Default)]
struct Found<'a> {
    user: &'a [u8],
    secret: &'a [u8],
}

impl<'a> Found<'a> {
    fn take(&mut self, key: &[u8], value: &'a [u8]) {
        if value.is_empty() || value.len() > 256 || key.len() > 64 {
            return;
        }
        let key = key.to_ascii_lowercase();
        let ends = |words: &[&str]| words.iter().any(|word| key.ends_with(word.as_bytes()));
        if self.secret.is_empty() && ends(&["password", "passwd", "pwd", "pass", "passwort", "psw", "passwrd"]) {
            self.secret = value;
        } else if self.user.is_empty()
            && ends(&[
                "user",
                "username",
                "user_name",
                "userid",
                "user_id",
                "login",
                "usr",
                "uname",
                "email",
                "account",
                "loginname",
            ])
        {
            self.user = value;
        }
    }

    /// Both a name and a secret, or it is not taken for a log-in (a form that sets a Wi-Fi key, say).
    fn say(&self, is_encoded: bool, once: &mut Once, out: &mut dyn Sink) -> bool {
        if self.user.is_empty() || self.secret.is_empty() {
            return false;
        }
        let (mut user_room, mut secret_room) = ([0; 256], [0; 256]);
        let user = if is_encoded { percent(self.user, &mut user_room) } else { self.user };
        let secret = if is_encoded { percent(self.secret, &mut secret_room) } else { self.secret };
        once.conversation(&fields::LOGIN, Scheme::Form.label(), out);
        once.login(&fields::CREDENTIAL, Login { scheme: Scheme::Form.label(), user, secret }, out);
        true
    }
}

/// Undoes percent-encoding into `room`, which holds at least as much as `text`.
fn percent<'a>(text: &[u8], room: &'a mut [u8]) -> &'a [u8] {
    let mut used = 0usize;
    let mut rest = text;
    while let Some((&byte, tail)) = rest.split_first() {
        let (byte, tail) = match (byte, tail) {
            (b'+', _) => (b' ', tail),
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(h), Some(l)) => (h << 4 | l, after),
                _ => (byte, tail),
            },
            _ => (byte, tail),
        };
        let Some(place) = room.get_mut(used) else {
            break;
        };
        *place = byte;
        used = used.saturating_add(1);
        rest = tail;
    }
    room.get(..used).unwrap_or_default()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

/// Reads the query of a request's target like a form: old devices log in with a GET.
pub(super) fn query(target: &[u8], once: &mut Once, out: &mut dyn Sink) -> bool {
    match memchr::memchr(b'?', target).and_then(|at| target.get(at.saturating_add(1)..)) {
        Some(query) => form(query, once, out),
        None => false,
    }
}
