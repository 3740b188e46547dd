//! Passwords: Argon2id (RFC 9106), with the parameters of the OWASP guide: 19 MiB, two passes.

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Argon2, PasswordHash};

use crate::error::{Answer, Problem, kinds};

/// The PHC string of a password. Takes some 50 ms of a core: call it where blocking is allowed.
///
/// # Errors
/// `internal` when the library refuses.
pub fn hash(password: &str) -> Answer<String> {
    let hashed = Argon2::default().hash_password(password.as_bytes());
    hashed.map(|hash| hash.to_string()).map_err(|error| Problem::new(&kinds::INTERNAL, error.to_string()))
}

/// A password is the one of a PHC string. Without one it takes as long and is wrong, so that time does not tell who has an account.
#[must_use]
pub fn matches(password: &str, phc: Option<&str>) -> bool {
    const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let Ok(parsed) = PasswordHash::new(phc.unwrap_or(NOBODY)) else { return false };
    Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok() && phc.is_some()
}
