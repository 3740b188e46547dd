//! Windows DHCP Server: the audit log `DhcpSrvLog-Mon.log` (Microsoft Learn, "DHCP server audit logging").

use model::Timestamp;
use wire::syslog_head::LocalTime;

use super::{Fields, Lease, fields};
use crate::clock::second_of_day;
use crate::text::{csv, hex, ip, mac, number};
use crate::{Emit, Fit, Info, Kind, Lines};

static AUDIT: Fields = fields!("Windows DHCP audit log");

/// `DhcpSrvLog-Mon.log`, `DhcpV6SrvLog-Mon.log`.
pub struct Audit;

static INFO: Info = Info {
    id: "windows-dhcp",
    name: "Windows DHCP audit log",
    doc: "The files `%windir%\\System32\\dhcp\\DhcpSrvLog-*.log`: new and renewed leases with MAC address, name and, on newer servers, \
          vendor class. Times are the server's local time. Columns are found by the line that names them. The user name that some \
          versions have is not read.",
};

impl Kind for Audit {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn fits(&self, lines: &[&[u8]]) -> Fit {
        let is_columns = |line: &&[u8]| line.starts_with(b"ID,Date,Time,Description,IP");
        let is_title = |line: &&[u8]| {
            line.windows(33).any(|w| w == b"Microsoft DHCP Service Activity L")
                || line.windows(14).any(|w| w == b"Microsoft DHCP")
        };
        if lines.iter().any(|line| is_columns(line) || is_title(line)) { Fit::Surely } else { Fit::No }
    }

    fn reader(&self) -> Box<dyn Lines> {
        Box::new(AuditLines::default())
    }
}

/// Places of the columns that are read.
#[derive(Clone, Copy)]
struct Columns {
    date: usize,
    time: usize,
    address: usize,
    name: Option<usize>,
    hardware: Option<usize>,
    vendor: Option<usize>,
    duid: Option<usize>,
}

impl Columns {
    /// `ID,Date,Time,Description,IP Address,Host Name,MAC Address,…`; of DHCPv6 `ID,Date,Time,Description,IPv6 Address,Host Name,…,Duid …`.
    fn of(line: &[u8]) -> Option<Self> {
        let place = |name: &[u8]| csv(line).position(|column| column.eq_ignore_ascii_case(name));
        Some(Self {
            date: place(b"Date")?,
            time: place(b"Time")?,
            address: place(b"IP Address").or_else(|| place(b"IPv6 Address"))?,
            name: place(b"Host Name"),
            hardware: place(b"MAC Address"),
            vendor: place(b"VendorClass(ASCII)"),
            duid: place(b"Duid Bytes(Hex)").or_else(|| place(b"Duid")),
        })
    }
}

#[derive(Default)]
struct AuditLines {
    columns: Option<Columns>,
}

impl Lines for AuditLines {
    fn line(&mut self, line: &[u8], out: &mut Emit<'_>) -> Result<(), &'static str> {
        if let Some(columns) = Columns::of(line) {
            self.columns = Some(columns);
            return Ok(());
        }
        // What the events mean stands before the names of the columns.
        let Some(columns) = self.columns else { return Ok(()) };
        if line.is_empty() {
            return Ok(());
        }
        let fields: Vec<&[u8]> = csv(line).take(64).collect();
        let field = |place: Option<usize>| place.and_then(|place| fields.get(place)).copied().unwrap_or_default();
        let event = number(field(Some(0))).ok_or("no event number")?;
        let time = time(field(Some(columns.date)), field(Some(columns.time)), out).ok_or("no date and time")?;
        out.at(time);
        // New and renewed leases of DHCP and of BOOTP, and those of DHCPv6.
        if !matches!(event, 10 | 11 | 20 | 21 | 11_010 | 11_011) {
            return Ok(());
        }
        let address = ip(field(Some(columns.address))).ok_or("a lease without an IP address")?;
        let duid = hex(field(columns.duid)).unwrap_or_default();
        let mac = mac(field(columns.hardware));
        let (name, vendor) = (field(columns.name), field(columns.vendor));
        Lease { mac, ip: Some(address), name, vendor, duid: &duid, ..Lease::default() }.tell(&AUDIT, out);
        Ok(())
    }
}

/// `11/23/26` and `12:00:00`; a year of four digits too. Other orders of day and month cannot be told apart and are not written.
fn time(date: &[u8], clock: &[u8], out: &Emit<'_>) -> Option<Timestamp> {
    let mut parts = date.split(|b| *b == b'/').map(|part| number(part).and_then(|n| i64::try_from(n).ok()));
    let (month, day, year) = (parts.next()??, parts.next()??, parts.next()??);
    let year = if year < 100 { year.saturating_add(2000) } else { year };
    out.clock.local(&LocalTime { year: Some(year), month, day, second_of_day: second_of_day(clock)? })
}
