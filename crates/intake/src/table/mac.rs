//! Tables of MAC addresses: at which port each was last heard.

use std::collections::BTreeMap;

use model::{FactKind, MacAddr};
use wire::{Field, Value};

use super::unread;
use crate::Emit;
use crate::emit::interface;
use crate::text::{mac, number, words};

static PORT: Field =
    Field::new("mac-table.port", "switch port where it is plugged in (MAC table exported by a person)", FactKind::PortId);
static BEHIND: Field = Field::new(
    "mac-table.behind",
    "switch port behind which it is seen with many others (MAC table exported by a person)",
    FactKind::PortId,
);
static VLAN: Field = Field::new("mac-table.vlan", "VLAN of the MAC table (exported by a person)", FactKind::Vlan);

/// MACs at one port up to which they are taken to be plugged in there: a telephone with a computer behind it, and a virtual one.
const PLUGGED_IN: usize = 3;
/// Rows of one table that are kept.
const MAX_ROWS: usize = 200_000;

/// In what order the columns stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Columns {
    /// VLAN somewhere before, the port last (Cisco, AOS-CX).
    PortLast,
    /// MAC, port, VLAN (AOS-S).
    PortThenVlan,
    /// Name of the VLAN, MAC, flags, age, interface (Junos).
    Junos,
}

/// MAC, VLAN, number of the line.
type Row = (MacAddr, Option<u64>, u64);

/// The rows of one table: whether a port leads to one device or to another switch, only all of them tell.
#[derive(Default)]
pub(super) struct Macs {
    ports: BTreeMap<Vec<u8>, Vec<Row>>,
    rows: usize,
}

impl Macs {
    /// Keeps a row.
    pub(super) fn row(&mut self, line: &[u8], columns: Columns, line_number: u64) -> Result<(), &'static str> {
        let Some(place) = words(line).position(|word| mac(word).is_some()) else { return Ok(()) };
        let Some(address) = words(line).nth(place).and_then(mac) else { return Ok(()) };
        let behind = || words(line).skip(place.saturating_add(1));
        let (port, vlan) = match columns {
            Columns::PortLast => (behind().last(), words(line).take(place).chain(behind().take(1)).find_map(number)),
            Columns::PortThenVlan => (behind().next(), behind().nth(1).and_then(number)),
            Columns::Junos => (behind().find(|word| word.contains(&b'/') || word.starts_with(b"ae")), None),
        };
        let Some(port) = port else { return unread(line, "a MAC row without a port") };
        // The switch's own addresses.
        let is_own =
            [&b"cpu"[..], b"router", b"switch", b"drop", b"static", b"self"].iter().any(|own| port.eq_ignore_ascii_case(own));
        if is_own || !address.is_interface() {
            return Ok(());
        }
        if self.rows >= MAX_ROWS {
            return Err("more rows than are kept of one table");
        }
        self.rows = self.rows.saturating_add(1);
        self.ports.entry(port.to_vec()).or_default().push((address, vlan, line_number));
        Ok(())
    }

    /// Says where each is plugged in.
    pub(super) fn tell(self, switch: &[u8], out: &mut Emit<'_>) {
        let frame = out.frame;
        for (port, macs) in &self.ports {
            let mut distinct: Vec<MacAddr> = macs.iter().map(|(mac, _, _)| *mac).collect();
            distinct.sort_unstable();
            distinct.dedup();
            let is_trunk =
                distinct.len() > PLUGGED_IN || port.get(..2).is_some_and(|start| matches!(start, b"Po" | b"ae" | b"Tr" | b"la"));
            let place = at(switch, port);
            for (mac, vlan, line) in macs {
                out.frame.frame = *line;
                out.say(interface(*mac), if is_trunk { &BEHIND } else { &PORT }, &Value::Octets(&place));
                if let Some(vlan) = vlan {
                    out.say(interface(*mac), &VLAN, &Value::Number(*vlan));
                }
            }
        }
        out.frame = frame;
    }
}

/// `sw1 Gi1/0/5`.
pub(super) fn at(switch: &[u8], port: &[u8]) -> Vec<u8> {
    if switch.is_empty() { port.to_vec() } else { [switch, b" ", port].concat() }
}
