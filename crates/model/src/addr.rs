//! Link-layer addresses (IEEE 802, EUI-48).

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A 48-bit MAC address, written `00:1b:21:3c:4d:5e`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacAddr(pub [u8; 6]);

/// The text is not six octets in hexadecimal.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is not a MAC address such as 00:1b:21:3c:4d:5e")]
pub struct BadMacAddr {
    text: String,
}

impl MacAddr {
    /// `ff:ff:ff:ff:ff:ff`.
    pub const BROADCAST: Self = Self([0xff; 6]);
    /// `00:00:00:00:00:00`, which no interface bears.
    pub const ZERO: Self = Self([0; 6]);

    /// The address from a slice of at least six bytes.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.first_chunk().copied().map(Self)
    }

    /// Bit 0 of the first octet is set: a group of interfaces, broadcast among them (IEEE 802 §8.2).
    #[must_use]
    pub const fn is_group(self) -> bool {
        self.0[0] & 0x01 != 0
    }

    /// Bit 1 of the first octet is set: given by software, not by a maker (randomised, virtual, or by hand).
    #[must_use]
    pub const fn is_local(self) -> bool {
        self.0[0] & 0x02 != 0
    }

    /// Names one interface: neither a group nor all zeros.
    #[must_use]
    pub fn is_interface(self) -> bool {
        !self.is_group() && self != Self::ZERO
    }

    /// The first 24 bits, a maker's block where the address is not local.
    #[must_use]
    pub const fn oui(self) -> u32 {
        (self.0[0] as u32) << 16 | (self.0[1] as u32) << 8 | self.0[2] as u32
    }

    /// The address as a number, most significant octet first.
    #[must_use]
    pub const fn to_u64(self) -> u64 {
        let b = self.0;
        u64::from_be_bytes([0, 0, b[0], b[1], b[2], b[3], b[4], b[5]])
    }
}

impl MacAddr {
    /// The bytes of its text.
    fn text(self) -> [u8; 17] {
        let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble };
        let mut text = [b':'; 17];
        for (pair, octet) in text.chunks_mut(3).zip(self.0) {
            if let [high, low, ..] = pair {
                (*high, *low) = (digit(octet >> 4), digit(octet & 15));
            }
        }
        text
    }
}

impl fmt::Display for MacAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.text()).unwrap_or_default())
    }
}

impl FromStr for MacAddr {
    type Err = BadMacAddr;

    /// Reads `00:1b:21:3c:4d:5e`, `00-1B-21-3C-4D-5E`, `001b.213c.4d5e` and `001b213c4d5e`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || BadMacAddr { text: text.to_owned() };
        let hex: String = text.chars().filter(|c| !matches!(c, ':' | '-' | '.')).collect();
        if hex.len() != 12 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(bad());
        }
        let number = u64::from_str_radix(&hex, 16).map_err(|_| bad())?;
        let [_, _, octets @ ..] = number.to_be_bytes();
        Ok(Self(octets))
    }
}

impl Serialize for MacAddr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(std::str::from_utf8(&self.text()).unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for MacAddr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for MacAddr {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "MacAddr".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^([0-9a-f]{2}:){5}[0-9a-f]{2}$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_usual_spellings() {
        let mac = MacAddr([0x00, 0x1b, 0x21, 0x3c, 0x4d, 0x5e]);
        for text in ["00:1b:21:3c:4d:5e", "00-1B-21-3C-4D-5E", "001b.213c.4d5e", "001b213c4d5e"] {
            assert_eq!(text.parse::<MacAddr>().unwrap(), mac);
        }
        assert!("00:1b:21:3c:4d".parse::<MacAddr>().is_err());
        assert!("00:1b:21:3c:4d:zz".parse::<MacAddr>().is_err());
        assert_eq!(mac.oui(), 0x001b21);
        assert_eq!(mac.to_string(), "00:1b:21:3c:4d:5e");
    }
}
