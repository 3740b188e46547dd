//! Readers of messages, by the program that wrote them or by how they begin.

use wire::syslog_head::Head;

use crate::{Emit, dhcp};

/// A program whose messages are read.
struct Program {
    /// Its name, or the beginning of it.
    name: &'static [u8],
    read: fn(&[u8], &mut Emit<'_>),
}

const PROGRAMS: &[Program] = &[
    Program { name: b"dnsmasq-dhcp", read: dhcp::dnsmasq::message },
    Program { name: b"dhcpd", read: dhcp::isc::message },
    Program { name: b"kea-dhcp", read: kea },
];

/// Reads a message; says whether its program is one that is read.
pub(super) fn read(head: &Head<'_>, out: &mut Emit<'_>) -> bool {
    let Some(program) = head.program.and_then(|name| PROGRAMS.iter().find(|program| name.starts_with(program.name))) else {
        return false;
    };
    (program.read)(head.body, out);
    true
}

/// In syslog Kea's messages begin with level and logger: `INFO [kea-dhcp4.leases.0x7f…] DHCP4_LEASE_ALLOC …`.
fn kea(body: &[u8], out: &mut Emit<'_>) {
    let rest = crate::text::after(body, b"] ").filter(|_| memchr::memmem::find(body, b"[kea-").is_some());
    dhcp::kea::message(rest.unwrap_or(body), out);
}
