//! Passwords: Argon2id (RFC 9106 §4, in the smaller of the sizes that suit a mini-PC: 19 MiB, two passes) and what may be one
//! (NIST SP 800-63B-4 §3.1.1.2: lengths and a block list, no rules of composition, no expiry).

use std::collections::HashSet;
use std::sync::OnceLock;

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Argon2, PasswordHash};
use sha2::{Digest as _, Sha256};
use unicode_normalization::UnicodeNormalization as _;

/// Characters at least of a password that is the only factor.
pub const LEAST_ALONE: usize = 15;
/// Characters at least of a password beside a second factor.
pub const LEAST_WITH_SECOND: usize = 8;
/// Characters at most; the standard asks for 64 or more to be possible.
pub const MOST: usize = 256;

/// First 64 bits of the SHA-256 of words that many people choose, in hexadecimal, a line each. To add one:
/// `printf %s word | sha256sum | cut -c1-16`, lower case, then sort.
const COMMON: &str = include_str!("../data/common.hex");

/// Characters that people put before or after a common word; as many may be taken off before the word is looked up.
const MOST_TRIMMED: usize = 6;

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    /// Too short.
    #[error("a password needs at least {0} characters; several words with blanks between them are good")]
    Short(usize),
    /// Too long.
    #[error("a password may have at most {MOST} characters")]
    Long,
    /// Among those that are guessed first.
    #[error("this is one of the passwords that are guessed first: take something that nobody else would")]
    Common,
    /// Made of the name, the login, or the like.
    #[error("this is made of a name that is known here, such as your own or the hospital's: take something else")]
    Context,
    /// One character or a run of the keyboard, again and again.
    #[error("this is one pattern repeated or a run of the keyboard: take something else")]
    Pattern,
}

/// What may be a password of somebody.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// Sign-in asks for a second factor.
    pub has_second_factor: bool,
    /// Words that others would guess: login, name, mail, names of tenant and sites.
    pub context: &'a [&'a str],
}

/// May be somebody's password.
///
/// # Errors
/// Why not.
pub fn check(password: &str, rules: Rules<'_>) -> Result<(), Weak> {
    let normal: String = password.nfkc().collect();
    let (length, least) = (normal.chars().count(), if rules.has_second_factor { LEAST_WITH_SECOND } else { LEAST_ALONE });
    if length < least {
        return Err(Weak::Short(least));
    }
    if length > MOST {
        return Err(Weak::Long);
    }
    let plain: String = normal.to_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
    if is_pattern(&plain) {
        return Err(Weak::Pattern);
    }
    let cores = cores(&plain);
    if cores.iter().any(|core| is_common(core)) {
        return Err(Weak::Common);
    }
    let context = words(rules.context);
    if cores.iter().any(|core| context.contains(core.as_str())) { Err(Weak::Context) } else { Ok(()) }
}

/// The PHC string of a password. Takes some 50 ms of a core: call it where blocking is allowed.
///
/// # Errors
/// What the library says, such as that the system gives no randomness.
pub fn hash(password: &str) -> Result<String, argon2::password_hash::Error> {
    let normal: String = password.nfkc().collect();
    Ok(Argon2::default().hash_password(normal.as_bytes())?.to_string())
}

/// A password is the one of a PHC string. Without one it takes as long and is wrong, so that time does not tell who has an account.
#[must_use]
pub fn matches(password: &str, phc: Option<&str>) -> bool {
    const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let Ok(parsed) = PasswordHash::new(phc.unwrap_or(NOBODY)) else { return false };
    if password.chars().count() > MOST {
        return false;
    }
    let normal: String = password.nfkc().collect();
    Argon2::default().verify_password(normal.as_bytes(), &parsed).is_ok() && phc.is_some()
}

/// What remains of a password when what people add to a word is taken away: figures and signs around it, letters written as
/// figures, the word said twice.
fn cores(plain: &str) -> Vec<String> {
    let mut cores = vec![plain.to_owned()];
    cores.push(trimmed(plain).to_owned());
    for at in 0..cores.len() {
        let Some(core) = cores.get(at) else { break };
        let unwritten: String = core.chars().map(unwritten).collect();
        let trimmed = trimmed(&unwritten).to_owned();
        cores.extend([unwritten, trimmed]);
    }
    for at in 0..cores.len() {
        let period = cores.get(at).and_then(|core| period(core).map(str::to_owned));
        cores.extend(period);
    }
    cores.sort();
    cores.dedup();
    cores
}

fn trimmed(text: &str) -> &str {
    let core = text.trim_matches(|c: char| !c.is_alphabetic());
    if text.chars().count() - core.chars().count() <= MOST_TRIMMED { core } else { text }
}

const fn unwritten(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

/// What a text repeats, when it is nothing but that.
fn period(text: &str) -> Option<&str> {
    (1..=text.len() / 2).find_map(|length| {
        let part = text.get(..length)?;
        (text.len().is_multiple_of(length) && text.as_bytes().chunks(length).all(|chunk| chunk == part.as_bytes()))
            .then_some(part)
    })
}

fn is_pattern(plain: &str) -> bool {
    const RUNS: [&str; 6] = [
        "01234567890123456789",
        "abcdefghijklmnopqrstuvwxyz",
        "qwertyuiopasdfghjklzxcvbnm",
        "qwertzuiopasdfghjklyxcvbnm",
        "azertyuiopqsdfghjklmwxcvbn",
        "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    ];
    let core = period(plain).unwrap_or(plain);
    let back: String = core.chars().rev().collect();
    core.chars().count() <= 3 && core != plain || RUNS.iter().any(|run| run.contains(core) || run.contains(&back))
}

fn is_common(core: &str) -> bool {
    static SET: OnceLock<HashSet<&str>> = OnceLock::new();
    let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(core.as_bytes()));
    digest.get(..16).is_some_and(|start| SET.get_or_init(|| COMMON.lines().collect()).contains(start))
}

/// Words of names, and each name without its blanks; three letters are not worth refusing.
fn words(names: &[&str]) -> HashSet<String> {
    let lower = names.iter().map(|name| name.to_lowercase());
    let parts = lower.flat_map(|name| {
        let whole: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
        let mut parts: Vec<String> = name.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect();
        parts.extend([whole, name.split_whitespace().collect()]);
        parts
    });
    parts.filter(|part| part.chars().count() > 3).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn alone(password: &str) -> Result<(), Weak> {
        check(
            password,
            Rules { has_second_factor: false, context: &["biomed@st-anna.example", "Alex Example", "St. Anna Klinik"] },
        )
    }

    fn beside(password: &str) -> Result<(), Weak> {
        check(
            password,
            Rules { has_second_factor: true, context: &["biomed@st-anna.example", "Alex Example", "St. Anna Klinik"] },
        )
    }

    #[test]
    fn lengths_are_those_of_the_standard() {
        assert_eq!(alone("fourteen chars"), Err(Weak::Short(15)));
        assert_eq!(alone("fifteen charact"), Ok(()));
        assert_eq!(beside("7 chars"), Err(Weak::Short(8)));
        assert_eq!(beside("8 charac"), Ok(()));
        assert_eq!(beside("zwölf µm"), Ok(()), "characters count, not bytes");
        let long: String = (0..MOST).map(|n| char::from(b'a' + u8::try_from(n * 7 % 26).unwrap())).collect();
        assert_eq!(alone(&format!("{}x", &long[..MOST - 1])), Ok(()));
        assert_eq!(alone(&format!("{long}x")), Err(Weak::Long));
    }

    #[test]
    fn no_rules_of_composition() {
        for good in ["only lower case words here", "ONLYUPPERCASEBUTLONG", "vier kleine blaue pumpen", "8361947205183746"] {
            assert_eq!(alone(good), Ok(()), "{good}");
        }
    }

    #[test]
    fn what_is_guessed_first_is_refused() {
        for common in [
            "Password1!",
            "P@ssw0rd123",
            "welcome2026",
            "qwertyuiop",
            "hospital1",
            "iloveyou!!",
            "passwordpassword",
            "Correct Horse Battery Staple",
        ] {
            assert_eq!(
                beside(common),
                Err(Weak::Common).or(Err(if is_pattern(&common.to_lowercase()) { Weak::Pattern } else { Weak::Common })),
                "{common}"
            );
        }
        for pattern in ["aaaaaaaaaaaaaaaa", "abababababababab", "1234567890", "zyxwvutsrq", "asdfghjkl"] {
            assert_eq!(beside(pattern), Err(Weak::Pattern), "{pattern}");
        }
        for context in ["alexexample", "St. Anna Klinik", "StAnnaKlinik2026", "examplE99"] {
            assert_eq!(beside(context), Err(Weak::Context), "{context}");
        }
    }

    #[test]
    fn a_hash_fits_its_password_alone() {
        let phc = hash("vier kleine blaue pumpen").unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(matches("vier kleine blaue pumpen", Some(&phc)));
        assert!(!matches("vier kleine blaue pumpe", Some(&phc)));
        assert!(!matches("vier kleine blaue pumpen", None));
        let composed = hash("ge\u{308}ra\u{308}t in der ecke").unwrap();
        assert!(matches("gër\u{e4}t in der ecke", Some(&composed)), "the same letters typed on another keyboard");
    }

    #[test]
    fn the_list_is_sorted_and_of_one_form() {
        let lines: Vec<&str> = COMMON.lines().collect();
        assert!(lines.is_sorted() && lines.len() > 250);
        assert!(
            lines.iter().all(|line| line.len() == 16 && line.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase()))
        );
    }
}
