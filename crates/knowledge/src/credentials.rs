//! Default credentials that makers or advisories have published, kept as salted, truncated SHA-256.
//!
//! What the hashing is for: neither the source tree, nor the binary, nor a log or memory dump of it, lists passwords that somebody could try on
//! a pump; and a credential that matches is named by an id, never by itself. What it is not for: the pairs are public, and one
//! who holds a list of them can hash it and learn which of them are in the file. The salt only keeps general tables of hashes from working.
//! Truncation to 64 bits keeps the chance that an unlisted credential matches below one in 10^16 for a file of a thousand entries.

use std::collections::HashMap;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::error::Error;

/// A default credential that was recognised. Says where it is known from, never what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialEntry {
    /// Stable id, such as `dc-0007`.
    pub id: String,
    /// Products that are shipped with it; `many products` where it is everybody's.
    pub products: Vec<String>,
    /// Where it was published.
    pub source: String,
}

/// The file of hashed credentials.
#[derive(Debug, Default)]
pub(crate) struct Credentials {
    salt: String,
    entries: HashMap<String, CredentialEntry>,
}

impl Credentials {
    /// Reads `salt TEXT`, then lines of `hash TAB id TAB product; product TAB source`.
    pub(crate) fn parse(text: &str, file: &Path) -> Result<Self, Error> {
        let mut credentials = Self::default();
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            if let Some(salt) = line.strip_prefix("salt ") {
                salt.clone_into(&mut credentials.salt);
                continue;
            }
            let (hash, entry) = entry(line).ok_or_else(|| {
                Error::of_line(
                    file,
                    number + 1,
                    "not a hashed credential",
                    "make the file with `cargo xtask credentials FILE.csv`",
                )
            })?;
            credentials.entries.insert(hash, entry);
        }
        Ok(credentials)
    }

    /// The entry of a credential, if it is a known default.
    pub(crate) fn find(&self, scheme: &str, user: &[u8], secret: &[u8]) -> Option<&CredentialEntry> {
        self.entries.get(&credential_digest(&self.salt, scheme, user, secret))
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

fn entry(line: &str) -> Option<(String, CredentialEntry)> {
    let mut cells = line.split('\t');
    let mut cell = || cells.next();
    let hash = cell()?;
    let entry = CredentialEntry {
        id: cell()?.to_owned(),
        products: cell()?.split("; ").map(str::to_owned).collect(),
        source: cell()?.to_owned(),
    };
    (hash.len() == 16).then(|| (hash.to_owned(), entry))
}

/// What kind of log-in a scheme is: SNMP communities are one, everything with a secret is the other.
fn scheme_class(scheme: &str) -> &'static str {
    if scheme.to_ascii_lowercase().contains("community") { "community" } else { "login" }
}

/// The hash that a credential is kept as: 16 hexadecimal digits.
///
/// Lengths go in before contents, so that no two credentials give the same input.
#[must_use]
pub fn credential_digest(salt: &str, scheme: &str, user: &[u8], secret: &[u8]) -> String {
    let mut hash = Sha256::new();
    for part in [salt.as_bytes(), scheme_class(scheme).as_bytes(), user, secret] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Makes the hashed file from a plain one with lines `scheme,user,secret,products (separated by ;),source`.
///
/// Rows of the same credential are joined. An empty secret stays an empty cell.
///
/// # Errors
///
/// Names the line that has not five cells.
pub fn hash_credentials(salt: &str, plain: &str, file: &Path) -> Result<String, Error> {
    let mut out = format!("# Default credentials, hashed. Made by `cargo xtask credentials`.\nsalt {salt}\n");
    let mut seen: Vec<(String, Vec<&str>, &str)> = Vec::new();
    for (number, line) in plain.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
        let cells: Vec<&str> = line.split(',').collect();
        let [scheme, user, secret, products, source] = cells.as_slice() else {
            return Err(Error::of_line(file, number + 1, "not five cells", "write `scheme,user,secret,products,source`"));
        };
        let hash = credential_digest(salt, scheme, user.as_bytes(), secret.as_bytes());
        let products = products.split(';').map(str::trim);
        match seen.iter_mut().find(|(known, ..)| *known == hash) {
            Some((_, known, _)) => known.extend(products),
            None => seen.push((hash, products.collect(), source)),
        }
    }
    for (number, (hash, mut products, source)) in seen.into_iter().enumerate() {
        products.sort_unstable();
        products.dedup();
        out.push_str(&format!("{hash}\tdc-{:04}\t{}\t{source}\n", number + 1, products.join("; ")));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_is_found_and_nothing_else() {
        let plain = "login,root,,Acme pump,manual\nlogin,root,,Acme lamp,manual\nsnmp community,,open,many products,RFC 1157\n";
        let hashed = hash_credentials("salt", plain, Path::new("x")).unwrap();
        assert!(!hashed.contains("root") && !hashed.contains("open"));
        let credentials = Credentials::parse(&hashed, Path::new("x")).unwrap();
        assert_eq!(credentials.len(), 2);
        assert_eq!(credentials.find("telnet", b"root", b"").unwrap().products, ["Acme lamp", "Acme pump"]);
        assert!(credentials.find("telnet", b"roo", b"t").is_none());
        assert!(credentials.find("ftp", b"", b"open").is_none());
        assert_eq!(credentials.find("snmp community", b"", b"open").unwrap().id, "dc-0002");
    }
}
