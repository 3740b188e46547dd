//! ISC dhcpd: its lines in syslog (dhcpd(8)), and `dhcpd.leases` (dhcpd.leases(5)).

use std::net::IpAddr;

use model::{MacAddr, Timestamp};

use super::{Fields, Lease, fields};
use crate::text::{after, between, hex, ip, mac, split, unquoted, word};
use crate::{Emit, Fit, Info, Kind, Lines};

static LOG: Fields = fields!("ISC dhcpd log");
static LEASES: Fields = fields!("ISC dhcpd leases");

/// Reads a message of `dhcpd`: `DHCPACK on 10.0.0.5 to 00:1b:21:3c:4d:5e (pump5) via eth0`, and the answer to an inform,
/// `DHCPACK to 10.0.0.5 (00:1b:21:3c:4d:5e) via eth0`.
pub(crate) fn message(body: &[u8], out: &mut Emit<'_>) {
    if let Some(rest) = body.strip_prefix(b"DHCPACK on ") {
        let Some((address, rest)) = split(rest, b" to ") else { return };
        let (client, rest) = word(rest);
        // The name is the client's own; without one the relay or interface follows.
        let name = rest.strip_prefix(b"(").and_then(|rest| split(rest, b")")).map_or(&[][..], |(name, _)| name);
        // `(no client-host-name found)` and the like.
        let name = if name.contains(&b' ') { &[][..] } else { name };
        let seconds = after(body, b"lease-duration ").map(word).and_then(|(seconds, _)| crate::text::number(seconds));
        Lease { mac: mac(client), ip: ip(address), name, seconds, ..Lease::default() }.tell(&LOG, out);
    } else if let Some(rest) = body.strip_prefix(b"DHCPACK to ") {
        let (address, _) = word(rest);
        let client = between(rest, b"(", b")").and_then(mac);
        Lease { mac: client, ip: ip(address), ..Lease::default() }.tell(&LOG, out);
    }
}

/// `dhcpd.leases`.
pub struct Leases;

static INFO: Info = Info {
    id: "isc-dhcpd-leases",
    name: "ISC dhcpd leases",
    doc: "The file `/var/lib/dhcp/dhcpd.leases` (dhcpd.leases(5)): for each lease, from when to when, MAC address, client identifier, \
          vendor class and name of the client. A lease that is told again replaces the one before; each is dated with its start.",
};

impl Kind for Leases {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn fits(&self, lines: &[&[u8]]) -> Fit {
        let is_lease = |line: &&[u8]| line.starts_with(b"lease ") && line.ends_with(b"{");
        let is_head = |line: &&[u8]| line.starts_with(b"# The format of this file is documented in the dhcpd.leases");
        if lines.iter().any(|line| is_lease(line) || is_head(line)) { Fit::Surely } else { Fit::No }
    }

    fn reader(&self) -> Box<dyn Lines> {
        Box::new(LeaseLines::default())
    }
}

/// The declaration that is being read.
#[derive(Default)]
struct Open {
    ip: Option<IpAddr>,
    mac: Option<MacAddr>,
    starts: Option<Timestamp>,
    ends: Option<Timestamp>,
    client_id: Vec<u8>,
    vendor: Vec<u8>,
    name: Vec<u8>,
    is_active: bool,
}

#[derive(Default)]
struct LeaseLines {
    open: Option<Open>,
    /// Braces of another declaration (`server-duid`, failover state, `ia-na`) that are open.
    other: u32,
}

impl Lines for LeaseLines {
    fn line(&mut self, line: &[u8], out: &mut Emit<'_>) -> Result<(), &'static str> {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            return Ok(());
        }
        if let Some(open) = &mut self.open {
            if line == b"}" {
                let done = std::mem::take(open);
                self.open = None;
                tell(&done, out);
                return Ok(());
            }
            return open.statement(line.strip_suffix(b";").unwrap_or(line), out);
        }
        if let Some(name) = line.strip_prefix(b"lease ").and_then(|line| line.strip_suffix(b"{")).filter(|_| self.other == 0) {
            let ip = Some(ip(name.trim_ascii()).ok_or("a lease without an IP address")?);
            self.open = Some(Open { ip, is_active: true, ..Open::default() });
            return Ok(());
        }
        self.skip(line)
    }

    fn end(&mut self, _out: &mut Emit<'_>) -> Result<(), &'static str> {
        if self.open.is_some() { Err("the file ends inside of a lease") } else { Ok(()) }
    }
}

impl LeaseLines {
    /// A statement outside of leases, or a line of another declaration.
    fn skip(&mut self, line: &[u8]) -> Result<(), &'static str> {
        if line.ends_with(b"{") {
            self.other = self.other.saturating_add(1);
        } else if line == b"}" {
            self.other = self.other.saturating_sub(1);
        } else if !line.ends_with(b";") {
            return Err("no statement of a lease file");
        }
        Ok(())
    }
}

impl Open {
    fn statement(&mut self, line: &[u8], out: &Emit<'_>) -> Result<(), &'static str> {
        let (key, rest) = word(line);
        match key {
            b"starts" => self.starts = time(rest, out),
            b"ends" => self.ends = time(rest, out),
            b"hardware" => self.mac = Some(mac(word(rest).1).ok_or("a hardware address that is no MAC address")?),
            b"binding" => self.is_active = rest == b"state active",
            b"uid" => self.client_id = quoted_octets(rest),
            b"client-hostname" => self.name = unquoted(rest).to_vec(),
            b"set" => {
                if let Some(value) = rest.strip_prefix(b"vendor-class-identifier = ") {
                    self.vendor = unquoted(value).to_vec();
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn tell(lease: &Open, out: &mut Emit<'_>) {
    if !lease.is_active {
        return;
    }
    out.at(lease.starts.unwrap_or(out.clock.reference));
    let length = lease.starts.zip(lease.ends).map(|(starts, ends)| ends.since(starts) / 1_000_000_000);
    let seconds = length.and_then(|length| u64::try_from(length).ok());
    let (name, client_id, vendor) = (lease.name.as_slice(), lease.client_id.as_slice(), lease.vendor.as_slice());
    Lease { mac: lease.mac, ip: lease.ip, name, client_id, vendor, seconds, ..Lease::default() }.tell(&LEASES, out);
}

/// `2 2026/11/24 12:00:00` with the day of the week in front, always UTC; or `epoch 1763985600; # …`; or `never`.
fn time(text: &[u8], out: &Emit<'_>) -> Option<Timestamp> {
    let (first, rest) = word(text);
    if first == b"epoch" {
        let seconds = rest.split(|b| matches!(b, b';' | b' ')).next()?;
        return crate::clock::epoch(seconds);
    }
    crate::Clock { ahead_s: 0, ..out.clock }.date_time(rest)
}

/// A client identifier: `"\001\000\033!<M^"` with octal escapes, or `01:00:1b:…`.
fn quoted_octets(text: &[u8]) -> Vec<u8> {
    const MOST: usize = 128;
    let Some(inner) = text.strip_prefix(b"\"").and_then(|text| text.strip_suffix(b"\"")) else {
        return hex(text).unwrap_or_default();
    };
    let mut octets = Vec::new();
    let mut rest = inner;
    while let Some((&first, behind)) = rest.split_first().filter(|_| octets.len() < MOST) {
        rest = behind;
        if first != b'\\' {
            octets.push(first);
        } else if let Some(([a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7'], left)) = rest.split_first_chunk() {
            octets.push(((a & 7) << 6) | ((b & 7) << 3) | (c & 7));
            rest = left;
        } else if let Some((&escaped, left)) = rest.split_first() {
            octets.push(escaped);
            rest = left;
        }
    }
    octets
}
