//! Kea: its log (Kea messages manual, `DHCP4_LEASE_ALLOC`, `DHCP6_LEASE_ALLOC`), and the CSV files of leases (Kea administrator
//! reference manual, "Memfile").

use model::Timestamp;

use super::{Fields, Lease, fields, mac_of_duid};
use crate::kind::most;
use crate::text::{after, between, csv, hex, ip, mac, number, word};
use crate::{Emit, Fit, Info, Kind, Lines};

static LOG: Fields = fields!("Kea log");
static LEASES: Fields = fields!("Kea leases");

/// Reads what follows the name of the logger:
/// `DHCP4_LEASE_ALLOC [hwtype=1 00:1b:21:3c:4d:5e], cid=[01:00:1b:…], tid=0x1: lease 10.0.0.5 has been allocated for 3600 seconds`.
pub(crate) fn message(body: &[u8], out: &mut Emit<'_>) {
    let (id, rest) = word(body);
    if !matches!(
        id,
        b"DHCP4_LEASE_ALLOC" | b"DHCP4_LEASE_REUSE" | b"DHCP6_LEASE_ALLOC" | b"DHCP6_LEASE_REUSE" | b"DHCP6_LEASE_RENEW"
    ) {
        return;
    }
    let bracket = |name: &[u8]| between(rest, name, b"]").and_then(hex).unwrap_or_default();
    let lease = after(rest, b": lease ").unwrap_or_default();
    // Of DHCPv6: `lease for address fd00::5 and iaid=1 has been allocated for 7200 seconds`.
    let (address, lease) = word(lease.strip_prefix(b"for address ").unwrap_or(lease));
    let address = ip(address);
    let seconds = after(lease, b" for ").map(word).and_then(|(seconds, _)| number(seconds));
    let hardware = between(rest, b"[hwtype=", b"]").map(word).and_then(|(_, address)| mac(address));
    let duid = bracket(b"duid=[");
    let client_id = if duid.is_empty() { bracket(b"cid=[") } else { Vec::new() };
    let mac = hardware.or_else(|| mac_of_duid(&duid));
    Lease { mac, ip: address, client_id: &client_id, duid: &duid, seconds, ..Lease::default() }.tell(&LOG, out);
}

/// What follows ` INFO  [kea-dhcp4.leases/123.140] `.
fn behind_logger(line: &[u8]) -> Option<&[u8]> {
    let rest = after(line, b"[kea-")?;
    after(rest, b"] ")
}

/// `kea-dhcp4.log`.
pub struct Log;

static LOG_INFO: Info = Info {
    id: "kea-log",
    name: "Kea log",
    doc: "The log of `kea-dhcp4` and `kea-dhcp6`, to a file or to syslog: each lease given, with MAC address, client identifier or DUID \
          and time. Names stand only in the file of leases. Kea messages manual, DHCP4_LEASE_ALLOC.",
};

impl Kind for Log {
    fn info(&self) -> &'static Info {
        &LOG_INFO
    }

    fn fits(&self, lines: &[&[u8]]) -> Fit {
        let is_log = |line: &[u8]| line.first().is_some_and(u8::is_ascii_digit) && behind_logger(line).is_some();
        if most(lines, is_log) { Fit::Surely } else { Fit::No }
    }

    fn reader(&self) -> Box<dyn Lines> {
        Box::new(LogLines)
    }
}

struct LogLines;

impl Lines for LogLines {
    fn line(&mut self, line: &[u8], out: &mut Emit<'_>) -> Result<(), &'static str> {
        let Some(time) = out.clock.date_time(line) else {
            // Some messages run over several lines.
            return Ok(());
        };
        out.at(time);
        message(behind_logger(line).ok_or("no logger behind the time")?, out);
        Ok(())
    }
}

/// `kea-leases4.csv`, `kea-leases6.csv`.
pub struct Leases;

static LEASES_INFO: Info = Info {
    id: "kea-leases",
    name: "Kea leases",
    doc: "The files `/var/lib/kea/kea-leases4.csv` and `kea-leases6.csv`: address, MAC address, client identifier or DUID, name, times. \
          The columns are found by their names in the first line. Kea administrator reference manual, \"Memfile\".",
};

impl Kind for Leases {
    fn info(&self) -> &'static Info {
        &LEASES_INFO
    }

    fn fits(&self, lines: &[&[u8]]) -> Fit {
        if lines.first().is_some_and(|line| Columns::of(line).is_some()) { Fit::Surely } else { Fit::No }
    }

    fn reader(&self) -> Box<dyn Lines> {
        Box::new(LeaseLines::default())
    }
}

/// Places of the columns that are read.
#[derive(Clone, Copy, Default)]
struct Columns {
    address: usize,
    hardware: Option<usize>,
    client_id: Option<usize>,
    duid: Option<usize>,
    lifetime: Option<usize>,
    expire: usize,
    name: Option<usize>,
    state: Option<usize>,
}

impl Columns {
    fn of(line: &[u8]) -> Option<Self> {
        let place = |name: &[u8]| csv(line).position(|column| column == name);
        Some(Self {
            address: place(b"address")?,
            hardware: place(b"hwaddr"),
            client_id: place(b"client_id"),
            duid: place(b"duid"),
            lifetime: place(b"valid_lifetime"),
            expire: place(b"expire")?,
            name: place(b"hostname"),
            state: place(b"state"),
        })
    }
}

#[derive(Default)]
struct LeaseLines {
    columns: Option<Columns>,
}

impl Lines for LeaseLines {
    fn line(&mut self, line: &[u8], out: &mut Emit<'_>) -> Result<(), &'static str> {
        if line.is_empty() {
            return Ok(());
        }
        let Some(columns) = self.columns else {
            self.columns = Some(Columns::of(line).ok_or("no names of columns in the first line")?);
            return Ok(());
        };
        let fields: Vec<&[u8]> = csv(line).take(64).collect();
        let field = |place: Option<usize>| place.and_then(|place| fields.get(place)).copied().unwrap_or_default();
        let address = ip(field(Some(columns.address))).ok_or("a lease without an IP address")?;
        let lifetime = number(field(columns.lifetime));
        let expire = number(field(Some(columns.expire))).and_then(|s| i64::try_from(s).ok()).ok_or("a lease without its end")?;
        // State 0 is assigned; declined, expired and released ones are nobody's.
        if !matches!(field(columns.state), b"" | b"0") || lifetime == Some(0) {
            return Ok(());
        }
        let given = expire.saturating_sub(i64::try_from(lifetime.unwrap_or(0)).unwrap_or(0));
        out.at(Timestamp::from_parts(given, 0));
        let (client_id, duid) = (hex(field(columns.client_id)).unwrap_or_default(), hex(field(columns.duid)).unwrap_or_default());
        let mac = mac(field(columns.hardware)).or_else(|| mac_of_duid(&duid));
        let name = field(columns.name);
        Lease { mac, ip: Some(address), name, client_id: &client_id, duid: &duid, seconds: lifetime, ..Lease::default() }
            .tell(&LEASES, out);
        Ok(())
    }
}
