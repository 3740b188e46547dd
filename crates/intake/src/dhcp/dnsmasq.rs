//! dnsmasq: its lines in syslog, and its file of leases (dnsmasq(8), `--log-dhcp`, `--dhcp-leasefile`; `helper.c` and `lease.c` name the
//! columns).

use model::Timestamp;

use super::{Fields, Lease, fields, mac_of_duid};
use crate::kind::most;
use crate::text::{hex, ip, mac, number, words};
use crate::{Emit, Fit, Info, Kind, Lines};

static LOG: Fields = fields!("dnsmasq log");
static LEASES: Fields = fields!("dnsmasq leases");

/// Reads a message of `dnsmasq-dhcp`: `DHCPACK(eth0) 10.0.0.5 00:1b:21:3c:4d:5e pump5`. Other messages are requests, wishes or offers,
/// which bind nothing. With `--log-dhcp` a number of the transaction stands in front.
pub(crate) fn message(body: &[u8], out: &mut Emit<'_>) {
    let mut words = words(body).peekable();
    if words.peek().is_some_and(|word| number(word).is_some()) {
        words.next();
    }
    let Some(verb) = words.next() else { return };
    if verb == b"vendor" {
        // `vendor class: MSFT 5.0` has no address: it belongs to the transaction, which is not followed.
        return;
    }
    let verb = verb.split(|b| *b == b'(').next().unwrap_or(verb);
    let Some(address) = words.next().and_then(ip) else { return };
    match verb {
        b"DHCPACK" => {
            let client = words.next().and_then(mac);
            Lease { mac: client, ip: Some(address), name: words.next().unwrap_or_default(), ..Lease::default() }.tell(&LOG, out);
        }
        // DHCPv6: the address, the client's DUID, its name.
        b"DHCPREPLY" => {
            let duid = words.next().and_then(hex).unwrap_or_default();
            let name = words.next().unwrap_or_default();
            Lease { ip: Some(address), duid: &duid, name, ..Lease::default() }.tell(&LOG, out);
        }
        _ => {}
    }
}

/// `dnsmasq.leases`.
pub struct Leases;

static INFO: Info = Info {
    id: "dnsmasq-leases",
    name: "dnsmasq leases",
    doc: "The file `/var/lib/misc/dnsmasq.leases` (`--dhcp-leasefile`): end of the lease, MAC address, IP address, name and client \
          identifier of each client. It shows who holds which address now; the time of the observation is when the file was written.",
};

impl Kind for Leases {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn fits(&self, lines: &[&[u8]]) -> Fit {
        let is_lease = |line: &[u8]| row(line).is_some() || line.starts_with(b"duid ");
        if most(lines, is_lease) { Fit::Surely } else { Fit::No }
    }

    fn reader(&self) -> Box<dyn Lines> {
        Box::new(LeaseLines)
    }
}

/// End in seconds since 1970 (0: never), MAC or DHCPv6 interface id, address, name, client id.
type Row<'a> = (u64, &'a [u8], std::net::IpAddr, &'a [u8], &'a [u8]);

fn row(line: &[u8]) -> Option<Row<'_>> {
    let mut words = words(line);
    let end = number(words.next()?)?;
    let (client, address, name, id) = (words.next()?, ip(words.next()?)?, words.next()?, words.next()?);
    words.next().is_none().then_some((end, client, address, name, id))
}

struct LeaseLines;

impl Lines for LeaseLines {
    fn line(&mut self, line: &[u8], out: &mut Emit<'_>) -> Result<(), &'static str> {
        if line.starts_with(b"duid ") || line.is_empty() {
            return Ok(());
        }
        let (end, client, address, name, id) = row(line).ok_or("no lease of five columns")?;
        let written = out.clock.reference;
        out.at(written);
        let id = if id == b"*" { None } else { hex(id) };
        let id = id.unwrap_or_default();
        // A prefix before the MAC names the hardware where it is not Ethernet; of DHCPv6 the number is no MAC.
        let hardware = mac(client);
        let (client_id, duid) = if address.is_ipv6() { (&[][..], id.as_slice()) } else { (id.as_slice(), &[][..]) };
        let left = Timestamp::from_parts(i64::try_from(end).unwrap_or(i64::MAX), 0).since(written) / 1_000_000_000;
        // A lease that ended is no longer held, though it stays in the file until somebody else wants the address.
        if end != 0 && left < 0 {
            return Ok(());
        }
        let seconds = if end == 0 { None } else { u64::try_from(left).ok() };
        let mac = hardware.or_else(|| mac_of_duid(duid));
        Lease { mac, ip: Some(address), name, client_id, duid, seconds, ..Lease::default() }.tell(&LEASES, out);
        Ok(())
    }
}
