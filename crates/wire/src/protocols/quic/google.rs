//! Google's QUIC before the IETF's: its public header, and the tags of its client hello (Chromium's QUIC wire layout and crypto
//! documents of 2016).

use model::FactKind;

use crate::bytes::{Cursor, find, le32};
use crate::fact::{About, Field, Sink, Value};
use crate::protocol::Role;

static SERVER_NAME: Field = Field::new("quic.google_sni", "gQUIC server name (SNI)", FactKind::ServerName);
static USER_AGENT: Field = Field::new("quic.google_uaid", "gQUIC user agent (UAID)", FactKind::UserAgent);

/// Tags in a hello at most.
const MAX_TAGS: u32 = 64;

/// A public header with a connection id of eight octets and a version of Google's.
pub(super) fn is_public_header(head: &[u8]) -> bool {
    let Some((&flags, rest)) = head.split_first() else { return false };
    // Version there, connection id there, no bit that was never given a meaning; not a reset.
    flags & 0xc3 == 1
        && flags & 0x08 != 0
        && matches!(rest.get(8..12), Some([b'Q', b'0', tens, ones]) if tens.is_ascii_digit() && ones.is_ascii_digit())
}

/// Says the client hello in these bytes, if there is one in clear. True when it was said.
pub(super) fn say_hello(bytes: &[u8], out: &mut dyn Sink) -> bool {
    let Some(at) = find(bytes, b"CHLO").and_then(|at| bytes.get(at..)) else { return false };
    let mut tags = Cursor::new(at);
    let (Some(()), Some(count)) = (tags.skip(4), tags.u32_le()) else { return false };
    if count == 0 || count > MAX_TAGS {
        return false;
    }
    out.sender_is(Role::Client);
    let Some(values) = usize::try_from(count).ok().and_then(|count| tags.rest().get(count.checked_mul(8)?..)) else {
        return false;
    };
    let mut from = 0;
    for tag in tags.rest().chunks_exact(8).take(usize::try_from(count).unwrap_or(0)) {
        let Some(end) = le32(tag, 4).and_then(|end| usize::try_from(end).ok()) else { break };
        let Some(value) = values.get(from..end) else { break };
        from = end;
        match tag {
            [b'S', b'N', b'I', 0, ..] => out.say(About::Conversation, &SERVER_NAME, Value::Octets(value)),
            [b'U', b'A', b'I', b'D', ..] => out.sender(&USER_AGENT, value),
            _ => {}
        }
    }
    true
}
