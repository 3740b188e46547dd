//! Names for new things, and secrets.

use data_encoding::{BASE32_NOPAD, BASE64URL_NOPAD};

/// A new id with a prefix that tells what it is of: `site-…`, 80 random bits.
#[must_use]
pub fn new_id(prefix: &str) -> String {
    format!("{prefix}-{}", BASE32_NOPAD.encode(&random::<10>()).to_ascii_lowercase())
}

/// 256 random bits, as text.
#[must_use]
pub fn secret() -> String {
    BASE64URL_NOPAD.encode(&random::<32>())
}

/// Panics where the system gives no randomness: nothing safe can be done without.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    #[allow(clippy::expect_used, reason = "without randomness no secret may be made")]
    getrandom::fill(&mut bytes).expect("the system gives randomness");
    bytes
}
