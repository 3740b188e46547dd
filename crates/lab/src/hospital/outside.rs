//! The world outside: names with addresses of the blocks kept for documentation (RFC 5737).

use std::net::Ipv4Addr;

/// A host outside.
#[derive(Clone, Copy, Debug)]
pub struct Outside {
    /// The name that it is asked for by.
    pub name: &'static str,
    /// Who runs it, as its certificate says.
    pub organisation: &'static str,
    /// Its address.
    pub ip: Ipv4Addr,
}

const fn outside(name: &'static str, organisation: &'static str, block: [u8; 3], last: u8) -> Outside {
    Outside { name, organisation, ip: Ipv4Addr::new(block[0], block[1], block[2], last) }
}

const A: [u8; 3] = [192, 0, 2];
const B: [u8; 3] = [198, 51, 100];
const C: [u8; 3] = [203, 0, 113];

/// All of them.
pub const HOSTS: &[Outside] = &[
    outside("www.example.org", "Example Organisation", A, 10),
    outside("news.example.net", "Example News", A, 11),
    outside("search.example.com", "Example Search", A, 12),
    outside("video.example.net", "Example Video", A, 13),
    outside("mail.example.org", "Example Mail", A, 14),
    outside("office.example.com", "Example Office", A, 15),
    outside("reference.example.org", "Example Medical Reference", A, 16),
    outside("clearing.example.net", "Example Claims Clearing", A, 17),
    outside("captive.example.com", "Example Telephones", A, 18),
    outside("push.example.com", "Example Telephones", A, 19),
    outside("updates.os-vendor.example", "Example Systems", B, 10),
    outside("definitions.antivirus.example", "Example Antivirus", B, 11),
    outside("remote.imaging-vendor.example", "Example Imaging Service", B, 20),
    outside("remote.lab-vendor.example", "Example Laboratory Service", B, 21),
    outside("telemetry.pump-vendor.example", "Example Infusion Service", B, 22),
    outside("firmware.device-vendor.example", "Example Device Service", B, 23),
    outside("backup.cloud.example", "Example Cloud", B, 30),
    outside("ntp.pool.example", "Example Time", B, 40),
    outside("cdn-7f3a.statsync.example", "Statsync", C, 66),
    outside("x9.tunnel-exfil.example", "Tunnel", C, 67),
    outside("drop.archive-share.example", "Archive Share", C, 68),
    outside("vendor-engineer.example", "Example Imaging Service", C, 77),
];

/// Where a host stands in the list.
///
/// # Panics
/// When there is none: a name in the lab's own code is wrong.
#[must_use]
pub fn find(name: &str) -> u16 {
    HOSTS.iter().position(|host| host.name == name).unwrap_or_else(|| panic!("no host {name}")) as u16
}
