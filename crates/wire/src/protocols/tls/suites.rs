//! Names of cipher suites and groups, and how well a suite protects.

use super::suite_names::SUITES;

/// How well an algorithm protects, after RFC 9325 §4 and the documents that forbid single algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// Nothing is said against it.
    Ok,
    /// Protects still, but is to be replaced: no forward secrecy, 64-bit blocks, short keys.
    Weak,
    /// Protects no more: no encryption, no authentication, export, RC4, single DES.
    Broken,
}

/// The registered name of a suite.
pub(crate) fn suite_name(suite: u16) -> Option<&'static str> {
    let at = SUITES.binary_search_by_key(&suite, |(number, _)| *number).ok()?;
    SUITES.get(at).map(|(_, name)| *name)
}

/// Parts of a name that mean no protection: RFC 9325 §4.1 (NULL, RC4, export; anonymous key exchange has no peer), RFC 7465 (RC4),
/// RFC 5469 (single DES), RFC 5246 App. A.5 (anonymous).
/// The two suites of RFC 9150 protect integrity alone.
const BROKEN: &[&str] = &["_NULL_", "EXPORT", "_RC4_", "_RC2_", "_DES_", "_DES40_", "_anon_", "TLS_SHA256_", "TLS_SHA384_"];
/// Parts that mean protection to be replaced: 64-bit block ciphers (RFC 9325 §4.1, less than 128 bits of security).
const WEAK: &[&str] = &["3DES", "IDEA", "28147", "MAGMA"];
/// Key exchanges without forward secrecy (RFC 9325 §4.1): key transport under RSA, and Diffie-Hellman with fixed keys.
const STATIC_KEYS: &[&str] =
    &["TLS_RSA_WITH_", "TLS_RSA_PSK_", "TLS_DH_RSA_", "TLS_DH_DSS_", "TLS_ECDH_RSA_", "TLS_ECDH_ECDSA_", "SSL_RSA_", "TLS_KRB5_"];

/// How well a suite of this registered name protects.
#[must_use]
pub fn suite_strength(name: &str) -> Strength {
    if BROKEN.iter().any(|part| name.contains(part)) {
        Strength::Broken
    } else if WEAK.iter().any(|part| name.contains(part)) || STATIC_KEYS.iter().any(|start| name.starts_with(start)) {
        Strength::Weak
    } else {
        Strength::Ok
    }
}

/// The name of a named group (RFC 8446 §4.2.7, RFC 8422 §5.1.1, RFC 7919 §2 and the hybrid post-quantum groups).
pub(crate) fn group_name(group: u16) -> Option<&'static str> {
    Some(match group {
        1..=14 => "binary curve",
        15..=18 | 20 => "curve below 224 bits",
        19 => "secp192r1",
        21 => "secp224r1",
        22 => "secp256k1",
        23 => "secp256r1",
        24 => "secp384r1",
        25 => "secp521r1",
        26 => "brainpoolP256r1",
        27 => "brainpoolP384r1",
        28 => "brainpoolP512r1",
        29 => "x25519",
        30 => "x448",
        41 => "curveSM2",
        256 => "ffdhe2048",
        257 => "ffdhe3072",
        258 => "ffdhe4096",
        259 => "ffdhe6144",
        260 => "ffdhe8192",
        512 => "MLKEM512",
        513 => "MLKEM768",
        514 => "MLKEM1024",
        4587 => "SecP256r1MLKEM768",
        4588 => "X25519MLKEM768",
        4589 => "SecP384r1MLKEM1024",
        0x6399 => "X25519Kyber768Draft00",
        _ => return None,
    })
}

/// Reserved so that peers learn to ignore what they do not know (RFC 8701 §2): `0x?A?A` with both halves equal.
pub(crate) const fn is_grease(value: u16) -> bool {
    value & 0x0f0f == 0x0a0a && value >> 8 == value & 0xff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_sorted_and_every_name_has_a_strength() {
        assert!(SUITES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(suite_name(0x1301), Some("TLS_AES_128_GCM_SHA256"));
        assert_eq!(suite_name(0x5600), Some("TLS_FALLBACK_SCSV"));
        assert_eq!(suite_name(0x4242), None);
    }

    #[test]
    fn strength_follows_the_name() {
        for (suite, strength) in [
            (0x0000, Strength::Broken), // NULL_WITH_NULL_NULL
            (0x0003, Strength::Broken), // RSA_EXPORT_WITH_RC4_40_MD5
            (0x0005, Strength::Broken), // RSA_WITH_RC4_128_SHA
            (0x0009, Strength::Broken), // RSA_WITH_DES_CBC_SHA
            (0x001b, Strength::Broken), // DH_anon_WITH_3DES_EDE_CBC_SHA
            (0x000a, Strength::Weak),   // RSA_WITH_3DES_EDE_CBC_SHA
            (0x002f, Strength::Weak),   // RSA_WITH_AES_128_CBC_SHA
            (0xc00e, Strength::Weak),   // ECDH_RSA_WITH_AES_128_CBC_SHA
            (0xc008, Strength::Weak),   // ECDHE_ECDSA_WITH_3DES_EDE_CBC_SHA
            (0xc02f, Strength::Ok),     // ECDHE_RSA_WITH_AES_128_GCM_SHA256
            (0x1301, Strength::Ok),
            (0x002c, Strength::Broken), // PSK_WITH_NULL_SHA
            (0xc0b4, Strength::Broken), // SHA256_SHA256: integrity only
        ] {
            let name = suite_name(suite).unwrap();
            assert_eq!(suite_strength(name), strength, "{name}");
        }
    }

    #[test]
    fn grease_is_known() {
        assert!(is_grease(0x0a0a) && is_grease(0xfafa));
        assert!(!is_grease(0x0a1a) && !is_grease(0x1301));
    }
}
