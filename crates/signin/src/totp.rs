//! One-time codes of an app (TOTP, RFC 6238: SHA-1, six digits, 30 s, one step of tolerance either way).

use totp_rs::{Algorithm, Builder, Secret, Totp};

/// Why a secret or a name cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The system gives no randomness.
    #[error("the system gives no randomness")]
    Random,
    /// Not what this module made.
    #[error("the stored secret of the one-time codes cannot be read")]
    Secret,
    /// No colon, not empty.
    #[error("the account's name cannot stand in the app")]
    Name,
}

/// What an app needs to make codes; shown once.
#[derive(Clone)]
pub struct Enrolment {
    /// Secret in base32, to be kept sealed and to be typed where a picture cannot be read.
    pub secret: String,
    /// `otpauth://` address, for the picture.
    pub url: String,
}

impl std::fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Enrolment(…)")
    }
}

/// A new secret for an account.
///
/// # Errors
/// No randomness, or a name that cannot be used.
pub fn enrol(issuer: &str, account: &str) -> Result<Enrolment, Error> {
    let mut bytes = [0; 20];
    getrandom::fill(&mut bytes).map_err(|_| Error::Random)?;
    let made = totp(Secret::new(Box::new(bytes)), &issuer.replace(':', " "), &account.replace(':', " ")).ok_or(Error::Name)?;
    Ok(Enrolment { secret: made.secret().to_base32(), url: made.to_url().map_err(|_| Error::Name)? })
}

/// The step of a right code; none of a wrong one, nor of one whose step is not after the last that was taken: a code is good once
/// (RFC 6238 §5.2).
///
/// # Errors
/// The secret cannot be read.
pub fn verify(secret: &str, typed: &str, now_s: u64, last_step: Option<u64>) -> Result<Option<u64>, Error> {
    let secret = Secret::try_from_base32(secret).map_err(|_| Error::Secret)?;
    let totp = totp(secret, "Medwarden", "account").ok_or(Error::Secret)?;
    let plain: String = typed.chars().take(16).filter(|c| !c.is_whitespace()).collect();
    if plain.len() != 6 || !plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    Ok(totp.check(&plain, now_s).filter(|step| last_step.is_none_or(|last| *step > last)))
}

fn totp(secret: Secret, issuer: &str, account: &str) -> Option<Totp> {
    let builder = Builder::new().with_algorithm(Algorithm::SHA1).with_digits(6).with_skew(1).with_step_duration(30);
    builder.with_secret(secret).with_account_name(account).with_issuer(Some(issuer)).build().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// The secret of RFC 6238 appendix B.
    const RFC: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    #[test]
    fn codes_are_those_of_the_standard() {
        // The table has eight digits; six are its last six.
        for (time, code) in [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (2_000_000_000, "279037")] {
            assert_eq!(verify(RFC, code, time, None).unwrap(), Some(time / 30), "{time}");
        }
        assert_eq!(verify(RFC, "287 082", 59, None).unwrap(), Some(1));
        assert_eq!(verify(RFC, "287083", 59, None).unwrap(), None);
    }

    #[test]
    fn a_code_is_good_once_and_for_a_minute_and_a_half() {
        assert_eq!(verify(RFC, "287082", 59, Some(0)).unwrap(), Some(1));
        assert_eq!(verify(RFC, "287082", 59, Some(1)).unwrap(), None);
        assert_eq!(verify(RFC, "287082", 89, Some(0)).unwrap(), Some(1), "one step late");
        assert_eq!(verify(RFC, "287082", 90, Some(0)).unwrap(), None, "two steps late");
    }

    #[test]
    fn what_is_typed_may_be_anything() {
        for typed in ["", "12345", "1234567", "abcdef", "१२३४५६", "287082\u{0}"] {
            assert_eq!(verify(RFC, typed, 59, None).unwrap(), None, "{typed}");
        }
        assert_eq!(verify("not base32!", "287082", 59, None), Err(Error::Secret));
    }

    #[test]
    fn an_enrolment_makes_codes_that_are_taken() {
        let made = enrol("Medwarden", "biomed@clinic").unwrap();
        assert!(made.url.starts_with("otpauth://totp/Medwarden:biomed%40clinic?"), "{}", made.url);
        let app = Totp::from_url(&made.url).unwrap();
        let code = app.generate(1_000_000_000).to_string();
        assert!(verify(&made.secret, &code, 1_000_000_000, None).unwrap().is_some());
        assert_eq!(format!("{made:?}"), "Enrolment(…)");
    }
}
