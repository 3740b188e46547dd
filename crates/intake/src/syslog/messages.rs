//! Readers of messages, by the program that wrote them or by how they begin.

use model::Timestamp;
use wire::syslog_head::Head;

use crate::firewall::{cisco, fortinet, meraki, netfilter, paloalto, pfsense, sonicwall, sshd, unifi};
use crate::{Clock, Emit, dhcp};

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
    Program { name: b"filterlog", read: pfsense::filterlog },
    Program { name: b"sshd", read: sshd::read },
    Program { name: b"php-fpm", read: pfsense::web },
    Program { name: b"audit", read: pfsense::web },
    Program { name: b"CEF", read: unifi::read },
];

/// A maker whose messages are known by their form.
struct Maker {
    is: fn(&[u8]) -> bool,
    time: fn(&[u8], &Clock) -> Option<Timestamp>,
    read: fn(&[u8], &mut cisco::Built, &mut Emit<'_>),
}

const MAKERS: &[Maker] = &[
    Maker { is: cisco::is, time: |_, _| None, read: cisco::read },
    Maker { is: fortinet::is, time: fortinet::time, read: |body, _, out| fortinet::read(body, out) },
    Maker { is: paloalto::is, time: paloalto::time, read: |body, _, out| paloalto::read(body, out) },
    Maker { is: sonicwall::is, time: sonicwall::time, read: |body, _, out| sonicwall::read(body, out) },
    Maker { is: meraki::is, time: meraki::time, read: |body, _, out| meraki::read(body, out) },
];

/// What is remembered from one message to the next.
#[derive(Debug, Default)]
pub(super) struct State {
    built: cisco::Built,
}

/// Reads a message; says whether its program or form is one that is read.
pub(super) fn read(head: &Head<'_>, state: &mut State, out: &mut Emit<'_>) -> bool {
    let program = head.program.and_then(|name| PROGRAMS.iter().find(|program| name.starts_with(program.name)));
    if let Some(program) = program {
        (program.read)(head.body, out);
        return true;
    }
    let Some(maker) = MAKERS.iter().find(|maker| (maker.is)(head.body)) else { return kernel(head, out) };
    (maker.read)(head.body, &mut state.built, out);
    true
}

/// Netfilter's words may stand anywhere in a message of the kernel; only there they are looked for.
fn kernel(head: &Head<'_>, out: &mut Emit<'_>) -> bool {
    let may_be = head.program.is_none_or(|name| name == b"kernel") && netfilter::is(head.body);
    if may_be {
        netfilter::read(head.body, out);
    }
    may_be
}

/// The time in the message itself, where the header has none.
pub(super) fn time(body: &[u8], clock: &Clock) -> Option<Timestamp> {
    MAKERS.iter().find(|maker| (maker.is)(body)).and_then(|maker| (maker.time)(body, clock))
}

/// A message of a maker that dates it: a line of a file without a header.
pub(super) fn stands_alone(body: &[u8]) -> bool {
    let clock = Clock { reference: Timestamp::default(), ahead_s: 0 };
    body.starts_with(b"CEF:0|Ubiquiti|") || time(body, &clock).is_some()
}

/// In syslog Kea's messages begin with level and logger: `INFO [kea-dhcp4.leases.0x7f…] DHCP4_LEASE_ALLOC …`.
fn kea(body: &[u8], out: &mut Emit<'_>) {
    let rest = crate::text::after(body, b"] ").filter(|_| memchr::memmem::find(body, b"[kea-").is_some());
    dhcp::kea::message(rest.unwrap_or(body), out);
}
