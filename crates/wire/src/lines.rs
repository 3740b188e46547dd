//! What text protocols share: lines, base64, saying a thing once, and which user names may be said at all.

use crate::bytes::line;
use crate::fact::{About, Field, Login, Sink, Value};
use crate::protocol::{Next, Step};

/// The longest line that is waited for. RFC 5321 §4.5.3.1.6 allows 1000 octets, RFC 2449 §4 512; devices send more.
pub const MAX_LINE: usize = 4096;

/// What stands at the front of a stream of lines.
pub enum Line<'a> {
    /// A line without its end, and its length with it.
    Whole(&'a [u8], usize),
    /// The line's end has not come: the answer that waits for it, or lets go of a line that is too long.
    Wait(Step),
}

/// The next line of a stream. A line over [`MAX_LINE`] is let go of: nothing that is read here is that long.
#[must_use]
pub fn next_line(bytes: &[u8]) -> Line<'_> {
    match line(bytes) {
        Some((text, used)) => Line::Whole(text, used),
        None if bytes.len() >= MAX_LINE => Line::Wait(read_on(bytes.len())),
        None => Line::Wait(Step { used: 0, next: Next::More(bytes.len().saturating_add(1)) }),
    }
}

/// So much was used; go on as soon as there is more.
#[must_use]
pub const fn read_on(used: usize) -> Step {
    Step { used, next: Next::More(1) }
}

/// Uses up to the end of a body that ends with a line holding a single dot (RFC 5321 §4.1.1.4, RFC 1939 §3), keeping
/// only what may be the beginning of that end. True when the end was found.
#[must_use]
pub fn to_dot(bytes: &[u8], at_line_start: bool) -> (Step, bool) {
    if at_line_start && bytes.starts_with(b".\r\n") {
        return (read_on(3), true);
    }
    if at_line_start && b".\r\n".starts_with(bytes) {
        return (Step { used: 0, next: Next::More(bytes.len().saturating_add(1)) }, false);
    }
    if let Some(at) = crate::bytes::find(bytes, b"\r\n.\r\n") {
        return (read_on(at.saturating_add(5)), true);
    }
    let kept = (1..5usize).rev().find(|n| bytes.ends_with(b"\r\n.\r\n".get(..*n).unwrap_or_default())).unwrap_or(0);
    (Step { used: bytes.len().saturating_sub(kept), next: Next::More(kept.saturating_add(1)) }, false)
}

/// A word of ASCII text at the front, up to a blank, and what follows the blanks.
#[must_use]
pub fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let text = text.trim_ascii_start();
    let end = text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len());
    let (head, tail) = text.split_at_checked(end).unwrap_or((text, &[]));
    (head, tail.trim_ascii())
}

/// `text` begins with `prefix`, in any case.
#[must_use]
pub fn starts_with_any_case(text: &[u8], prefix: &[u8]) -> bool {
    text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

/// `text` holds `needle`, which is in lower case, in any case. For short texts.
#[must_use]
pub fn holds_any_case(text: &[u8], needle: &[u8]) -> bool {
    text.windows(needle.len().max(1)).any(|part| part.eq_ignore_ascii_case(needle))
}

/// Decodes base64 (RFC 4648 §4 and §5, padding optional) into `room`; `None` where it is not base64 or does not fit.
#[must_use]
pub fn base64<'a>(text: &[u8], room: &'a mut [u8]) -> Option<&'a [u8]> {
    let text = text.trim_ascii();
    let text = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    let (mut bits, mut count, mut at) = (0u32, 0u32, 0usize);
    for &byte in text {
        bits = (bits << 6 | u32::from(sextet(byte)?)) & 0xff_ffff;
        count = count.saturating_add(6);
        if count >= 8 {
            count = count.saturating_sub(8);
            *room.get_mut(at)? = u8::try_from(bits >> count & 0xff).ok()?;
            at = at.saturating_add(1);
        }
    }
    room.get(..at)
}

fn sextet(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte.wrapping_sub(b'A'),
        b'a'..=b'z' => byte.wrapping_sub(b'a').wrapping_add(26),
        b'0'..=b'9' => byte.wrapping_sub(b'0').wrapping_add(52),
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

/// A user name that may be said as an account: not a mail address and not a long number, either of which can be a
/// patient's own (a portal's log-in, a medical record number).
#[must_use]
pub fn is_account(user: &[u8]) -> bool {
    (1..=64).contains(&user.len())
        && !user.contains(&b'@')
        && user.iter().all(|b| !b.is_ascii_control())
        && !has_long_number(user)
}

/// Six digits or more in a row: the shape of record numbers, birth dates and telephone numbers.
#[must_use]
pub fn has_long_number(text: &[u8]) -> bool {
    let mut run = 0u8;
    text.iter().any(|b| {
        run = if b.is_ascii_digit() { run.saturating_add(1) } else { 0 };
        run >= 6
    })
}

/// The name is an address, or says nothing of the device.
#[must_use]
pub fn is_no_name(name: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(name) else {
        return true;
    };
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    text.is_empty()
        || text.len() > 255
        || text.starts_with('[')
        || bare.parse::<std::net::IpAddr>().is_ok()
        || text.eq_ignore_ascii_case("localhost")
        || text.eq_ignore_ascii_case("localhost.localdomain")
        || !text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}

/// At most the first 128 octets, kept until the secret that belongs to them comes.
#[must_use]
pub fn bounded(octets: &[u8]) -> Box<[u8]> {
    octets.get(..128).unwrap_or(octets).into()
}

/// What a flow has said already, so that a fact is said once and not per message. Remembers the last sixteen.
#[derive(Default, Debug, Clone)]
pub struct Once {
    hashes: [u32; 16],
    next: u8,
}

impl Once {
    /// This value of this field has not been said lately.
    pub fn is_new(&mut self, field: &'static Field, value: &[u8]) -> bool {
        let hash = field
            .id
            .bytes()
            .chain(value.iter().copied())
            .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        let hash = hash.max(1);
        if self.hashes.contains(&hash) {
            return false;
        }
        if let Some(place) = self.hashes.get_mut(usize::from(self.next & 15)) {
            *place = hash;
        }
        self.next = self.next.wrapping_add(1);
        true
    }

    /// Says a text of the sender, once.
    pub fn sender(&mut self, field: &'static Field, octets: &[u8], out: &mut dyn Sink) {
        if !octets.is_empty() && self.is_new(field, octets) {
            out.sender(field, octets);
        }
    }

    /// Says a text of the conversation, once.
    pub fn conversation(&mut self, field: &'static Field, text: &str, out: &mut dyn Sink) {
        if self.is_new(field, text.as_bytes()) {
            out.conversation(field, text);
        }
    }

    /// Says octets of the conversation, once.
    pub fn octets(&mut self, field: &'static Field, octets: &[u8], out: &mut dyn Sink) {
        if !octets.is_empty() && self.is_new(field, octets) {
            out.say(About::Conversation, field, Value::Octets(octets));
        }
    }

    /// Hands over a credential, once. Only a 32-bit hash of it stays.
    pub fn login(&mut self, field: &'static Field, login: Login<'_>, out: &mut dyn Sink) {
        let new_user = self.is_new(field, login.user);
        if self.is_new(field, login.secret) || new_user {
            out.say(About::Conversation, field, Value::Login(login));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_decodes_within_its_room() {
        let mut room = [0; 16];
        assert_eq!(base64(b"YWRtaW46MTIzNA==", &mut room), Some(&b"admin:1234"[..]));
        assert_eq!(base64(b"QQ", &mut room), Some(&b"A"[..]));
        assert_eq!(base64(b"Q?", &mut room), None);
        assert_eq!(base64(&[b'A'; 64], &mut room), None);
    }

    #[test]
    fn a_dot_alone_ends_a_body() {
        assert_eq!(to_dot(b".\r\nQUIT", true), (read_on(3), true));
        assert_eq!(to_dot(b"a\r\n.\r\nQUIT", false), (read_on(6), true));
        assert_eq!(to_dot(b"abc\r\n", false), (Step { used: 3, next: Next::More(3) }, false));
        assert_eq!(to_dot(b"abc", false), (read_on(3), false));
    }

    #[test]
    fn accounts_are_not_patients() {
        assert!(is_account(b"admin"));
        assert!(!is_account(b"someone@example.org"));
        assert!(!is_account(b"mrn00123456"));
        assert!(is_no_name(b"[10.0.0.1]") && is_no_name(b"10.0.0.1") && !is_no_name(b"pump-7"));
    }

    #[test]
    fn things_are_said_once() {
        static FIELD: Field = Field::new("x.y", "x", model::FactKind::Operation);
        let mut once = Once::default();
        assert!(once.is_new(&FIELD, b"a"));
        assert!(!once.is_new(&FIELD, b"a"));
        assert!(once.is_new(&FIELD, b"b"));
    }
}
