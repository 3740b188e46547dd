//! Versions of QUIC and what differs between them.

use std::borrow::Cow;

/// A version that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// RFC 9000.
    One,
    /// RFC 9369; true for its last draft.
    Two(bool),
    /// A draft of the IETF's, or a private version that follows one.
    Draft(u8),
    /// Google's, before the IETF's: `Q` or `T` and a number.
    Google(u32),
    /// A number that only exercises negotiation (RFC 9000 §15).
    Reserved,
}

impl Version {
    /// `None` where the number is not one that was ever in use.
    pub(super) fn of(number: u32) -> Option<Self> {
        Some(match number {
            1 => Self::One,
            0x6b33_43cf => Self::Two(false),
            0x709a_50c4 => Self::Two(true),
            // Facebook's mvfst, picoquic and msquic, each after the draft that it follows.
            0xface_b001 => Self::Draft(22),
            0xface_b002 | 0xface_b00e | 0x5043_5130 => Self::Draft(27),
            0xface_b00f | 0x5043_5131 | 0xabcd_000f => Self::Draft(29),
            _ if number >> 8 == 0x00ff_0000 => Self::Draft(u8::try_from(number & 0xff).ok()?),
            _ if is_google(number) => Self::Google(number),
            _ if number & 0x0f0f_0f0f == 0x0a0a_0a0a => Self::Reserved,
            _ => return None,
        })
    }

    /// Its name.
    pub(super) fn name(self) -> Cow<'static, str> {
        match self {
            Self::One => Cow::Borrowed("QUIC v1"),
            Self::Two(_) => Cow::Borrowed("QUIC v2"),
            Self::Draft(number) => Cow::Owned(format!("QUIC draft-{number:02}")),
            Self::Google(number) => {
                let letters = number.to_be_bytes().map(char::from);
                Cow::Owned(format!("gQUIC {}", letters.iter().collect::<String>()))
            }
            Self::Reserved => Cow::Borrowed("QUIC reserved version"),
        }
    }

    /// The long header has the form of RFC 9000 §17.2: both connection ids behind a length each.
    pub(super) const fn has_current_header(self) -> bool {
        match self {
            Self::Draft(number) => number >= 22,
            Self::Google(number) => matches!(number & 0xffff, 0x3530 | 0x3531),
            _ => true,
        }
    }

    /// Google's crypto handshake, not TLS, is what an Initial packet holds.
    pub(super) const fn is_google(self) -> bool {
        matches!(self, Self::Google(number) if number >> 24 == b'Q' as u32)
    }

    /// The two bits of the packet type that say Initial.
    pub(super) const fn initial_bits(self) -> u8 {
        if matches!(self, Self::Two(_)) { 1 } else { 0 }
    }

    /// The two bits that say Retry, whose header has no length.
    pub(super) const fn retry_bits(self) -> u8 {
        if matches!(self, Self::Two(_)) { 0 } else { 3 }
    }

    /// Salt of the Initial secret (RFC 9001 §5.2, RFC 9369 §3.3.1, the drafts, and Chromium for Google's), where it is known.
    pub(super) const fn salt(self) -> Option<&'static [u8; 20]> {
        match self {
            Self::One | Self::Draft(33..=34) | Self::Reserved => Some(&SALT_V1),
            Self::Two(false) => Some(&SALT_V2),
            Self::Two(true) => Some(&SALT_V2_DRAFT),
            Self::Draft(29..=32) => Some(&SALT_DRAFT_29),
            Self::Draft(23..=28) => Some(&SALT_DRAFT_23),
            Self::Draft(21..=22) => Some(&SALT_DRAFT_21),
            Self::Google(0x5130_3530) => Some(&SALT_Q050),
            Self::Google(0x5430_3531) => Some(&SALT_T051),
            _ => None,
        }
    }

    /// Labels of key, IV and header protection, whole with what `HKDF-Expand-Label` puts before them.
    pub(super) const fn labels(self) -> [&'static [u8]; 3] {
        match self {
            Self::Two(_) => [b"tls13 quicv2 key", b"tls13 quicv2 iv", b"tls13 quicv2 hp"],
            _ => [b"tls13 quic key", b"tls13 quic iv", b"tls13 quic hp"],
        }
    }
}

/// `Q` or `T`, and a number of three digits in ASCII.
fn is_google(number: u32) -> bool {
    matches!(number.to_be_bytes(), [b'Q' | b'T', b'0', tens, ones] if tens.is_ascii_digit() && ones.is_ascii_digit())
}

const SALT_V1: [u8; 20] =
    [0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a];
const SALT_V2: [u8; 20] =
    [0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9];
const SALT_V2_DRAFT: [u8; 20] =
    [0xa7, 0x07, 0xc2, 0x03, 0xa5, 0x9b, 0x47, 0x18, 0x4a, 0x1d, 0x62, 0xca, 0x57, 0x04, 0x06, 0xea, 0x7a, 0xe3, 0xe5, 0xd3];
const SALT_DRAFT_29: [u8; 20] =
    [0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99];
const SALT_DRAFT_23: [u8; 20] =
    [0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7, 0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02];
const SALT_DRAFT_21: [u8; 20] =
    [0x7f, 0xbc, 0xdb, 0x0e, 0x7c, 0x66, 0xbb, 0xe9, 0x19, 0x3a, 0x96, 0xcd, 0x21, 0x51, 0x9e, 0xbd, 0x7a, 0x02, 0x64, 0x4a];
const SALT_Q050: [u8; 20] =
    [0x50, 0x45, 0x74, 0xef, 0xd0, 0x66, 0xfe, 0x2f, 0x9d, 0x94, 0x5c, 0xfc, 0xdb, 0xd3, 0xa7, 0xf0, 0xd3, 0xb5, 0x6b, 0x45];
const SALT_T051: [u8; 20] =
    [0x7a, 0x4e, 0xde, 0xf4, 0xe7, 0xcc, 0xee, 0x5f, 0xa4, 0x50, 0x6c, 0x19, 0x12, 0x4f, 0xc8, 0xcc, 0xda, 0x6e, 0x03, 0x3d];
