//! Tables of ARP: each row holds one IP address and one MAC address, whatever the order.

use model::FactKind;
use wire::{Field, Value};

use super::unread;
use crate::Emit;
use crate::emit::both;
use crate::text::{ip, mac, number, words};

static BOUND: Field = Field::new("arp.table", "ARP table (exported by a person)", FactKind::Binding);
static VLAN: Field = Field::new("arp.table-vlan", "VLAN of the ARP table (exported by a person)", FactKind::Vlan);

/// Reads a row.
pub(super) fn row(line: &[u8], out: &mut Emit<'_>) -> Result<(), &'static str> {
    let address = words(line).find_map(ip);
    let hardware = words(line).find_map(mac);
    let (Some(address), Some(hardware)) = (address, hardware) else { return unread(line, "an ARP row without an IP address") };
    // `Incomplete` has no MAC; a group's is none's.
    out.say(both(hardware, address), &BOUND, &Value::Yes);
    let vlan = words(line).find_map(|word| {
        let digits = word.to_ascii_lowercase();
        number(digits.strip_prefix(b"vlan")?)
    });
    if let Some(vlan) = vlan {
        out.say(both(hardware, address), &VLAN, &Value::Number(vlan));
    }
    Ok(())
}
