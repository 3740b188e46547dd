//! Tables that an administrator exports as text: what a terminal shows of `show arp`, `show mac address-table`, `show lldp neighbors
//! detail` and the like (Cisco IOS and NX-OS, Aruba AOS-CX and AOS-S, Juniper Junos), and UniFi's list of clients.
//!
//! One file may hold several tables, with prompts and commands between them, as a terminal writes them.

mod arp;
mod mac;
mod neighbour;
#[cfg(test)]
mod tests;
pub(crate) mod unifi;

use neighbour::Neighbour;

use crate::text::words;
use crate::{Emit, Fit, Info, Kind, Lines};

/// The tables of one or many switches.
pub struct Switch;

static INFO: Info = Info {
    id: "switch-tables",
    name: "tables of switches (ARP, MAC, LLDP, CDP; Cisco, Aruba, Juniper)",
    doc: "The output of `show ip arp`, `show mac address-table`, `show lldp neighbors detail` and `show cdp neighbors detail` and of the \
          same commands of Aruba and Juniper: which MAC holds which address, at which port of which switch it is plugged in, and what \
          neighbours say of themselves. Dated with when the file was written.",
};

impl Kind for Switch {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn fits(&self, lines: &[&[u8]]) -> Fit {
        if lines.iter().any(|line| Table::begins(line).is_some() || neighbour::begins(line)) { Fit::Surely } else { Fit::No }
    }

    fn reader(&self) -> Box<dyn Lines> {
        Box::new(SwitchLines::default())
    }
}

/// A table whose rows are being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Table {
    /// Addresses and MACs, in whatever order.
    Arp,
    /// MACs at ports.
    Mac(mac::Columns),
}

impl Table {
    /// The table that a line of names of columns begins.
    fn begins(line: &[u8]) -> Option<Self> {
        let lower = line.to_ascii_lowercase();
        let has = |name: &[u8]| memchr::memmem::find(&lower, name).is_some();
        // Junos heads its table of MACs with two lines: this is the second.
        if has(b"address") && has(b"flags") && has(b"interface") && has(b"name") && !has(b"mac") {
            return Some(Self::Mac(mac::Columns::Junos));
        }
        let macs = has(b"mac address") || has(b"hardware addr") || has(b" mac  ") || has(b"mac-address");
        if !macs || memchr::memchr(b':', line).is_some() {
            return None;
        }
        let is_arp = has(b"ip address")
            || has(b"ipv4 address")
            || has(b"protocol")
            || has(b"age  ") && has(b"interface")
            || has(b"flags") && has(b"name")
            || has(b"flags") && has(b"interface") && has(b" address  ");
        if is_arp {
            return Some(Self::Arp);
        }
        if !has(b"vlan") || !has(b"port") {
            return None;
        }
        let place = |name: &[u8]| memchr::memmem::find(&lower, name);
        let port_first = place(b"port") < place(b"vlan");
        Some(Self::Mac(if port_first { mac::Columns::PortThenVlan } else { mac::Columns::PortLast }))
    }
}

#[derive(Default)]
struct SwitchLines {
    /// Name of the switch, from the prompt.
    switch: Vec<u8>,
    table: Option<Table>,
    macs: mac::Macs,
    neighbour: Option<Neighbour>,
}

impl Lines for SwitchLines {
    fn line(&mut self, line: &[u8], out: &mut Emit<'_>) -> Result<(), &'static str> {
        if let Some(name) = prompt(line) {
            self.finish(out);
            self.switch = name.to_vec();
            return Ok(());
        }
        if let Some(table) = Table::begins(line) {
            self.finish(out);
            self.table = Some(table);
            return Ok(());
        }
        if neighbour::begins(line) {
            self.finish(out);
            self.neighbour = Some(Neighbour::new(out.frame.frame));
        }
        if let Some(neighbour) = &mut self.neighbour {
            neighbour.line(line);
            return Ok(());
        }
        match self.table {
            Some(Table::Arp) => arp::row(line, out),
            Some(Table::Mac(columns)) => self.macs.row(line, columns, out.frame.frame),
            None => Ok(()),
        }
    }

    fn end(&mut self, out: &mut Emit<'_>) -> Result<(), &'static str> {
        self.finish(out);
        Ok(())
    }
}

impl SwitchLines {
    /// Says what was collected of the table before.
    fn finish(&mut self, out: &mut Emit<'_>) {
        self.table = None;
        std::mem::take(&mut self.macs).tell(&self.switch, out);
        if let Some(neighbour) = self.neighbour.take() {
            neighbour.tell(&self.switch, out);
        }
    }
}

/// The name in `sw1#show ip arp`, `admin@sw1> show arp`, `sw1(config)# do show …`.
fn prompt(line: &[u8]) -> Option<&[u8]> {
    const LONGEST: usize = 64;
    let end = line.iter().take(LONGEST).position(|b| matches!(b, b'#' | b'>'))?;
    let (name, command) = line.split_at_checked(end)?;
    let mut after = words(command.get(1..)?);
    let is_show = after.next().is_some_and(|word| word.starts_with(b"sh") || word == b"do");
    let name = name.split(|b| *b == b'(').next()?;
    let name = name.rsplit(|b| *b == b'@').next()?;
    let plain = name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    (is_show && plain && !name.is_empty()).then_some(name)
}

/// A row that holds a MAC address should have been read; others are rulers, totals and the like.
fn unread(line: &[u8], why: &'static str) -> Result<(), &'static str> {
    if words(line).any(|word| crate::text::mac(word).is_some()) { Err(why) } else { Ok(()) }
}
