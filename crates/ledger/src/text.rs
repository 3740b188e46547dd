//! What the small text forms (notes, checkpoints, proofs, keys) share.

use data_encoding::BASE64;

/// A text that is not in the form that it should have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub &'static str);

/// RFC 4648 §4, with padding.
pub(crate) fn to_base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// RFC 4648 §4; only the one form that [`to_base64`] gives is taken, so that nothing can be altered without effect.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    let bytes = BASE64.decode(text.as_bytes()).ok()?;
    // The decoder takes padded texts one behind the other as one.
    (to_base64(&bytes) == text).then_some(bytes)
}

/// An ASCII decimal without sign and leading zeroes.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|octet| octet.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok() } else { None }
}

/// Takes a line, which must end in a newline, off the front.
pub(crate) fn line<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let (line, behind) = rest.split_once('\n')?;
    *rest = behind;
    Some(line)
}
