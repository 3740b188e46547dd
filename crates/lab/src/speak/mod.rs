//! What hosts say: builders of payloads, each for one protocol, written from its standard and for fixtures alone.

pub mod arp;
pub mod atna;
pub mod carescape;
pub mod der;
pub mod dhcp;
pub mod dicom;
pub mod directory;
pub mod dns;
pub mod fhir;
pub mod hl7;
pub mod http;
pub mod intellivue;
pub mod lis2;
pub mod lldp;
pub mod medibus;
pub mod ntp;
pub mod poct1a;
pub mod quic;
pub mod rdp;
pub mod sdc;
pub mod smb;
pub mod smb2;
pub mod snmp;
pub mod ssh;
pub mod syslog;
pub mod telnet;
pub mod tls;

/// Octets written as hexadecimal, with blanks wherever they help.
///
/// # Panics
/// When the text is not hexadecimal.
#[must_use]
pub fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.split_whitespace().flat_map(str::chars).map(|c| c.to_digit(16).expect("a digit")).collect();
    assert!(digits.len().is_multiple_of(2), "half an octet in {text}");
    digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect()
}

/// UTF-16LE without an end, as Microsoft's protocols carry text.
#[must_use]
pub fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The checksum of the Internet's protocols (RFC 1071).
#[must_use]
pub fn checksum(bytes: &[u8]) -> u16 {
    let mut sum: u32 = bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0))).sum();
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    !(sum as u16)
}
