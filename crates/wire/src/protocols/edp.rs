//! Extreme Discovery Protocol.

use std::borrow::Cow;
use std::net::Ipv4Addr;

use model::{FactKind, MacAddr};

use crate::bytes::Cursor;
use crate::fact::{About, Field, Sink, Value};
use crate::protocol::{Context, Hint, Info, Protocol, Verdict};

/// Neighbour protocol of Extreme Networks' switches.
pub struct Edp;

static INFO: Info = Info {
    id: "edp",
    name: "EDP",
    doc: "Name, software version, MAC address and VLAN addresses of Extreme Networks switches (Extreme Discovery Protocol). \
          Names the infrastructure that clinical devices hang on.",
    hints: &[Hint::Snap(0x00_e02b, 0x00bb)],
};

static MAC: Field = Field::new("edp.mac", "EDP device MAC address", FactKind::OwnMac);
static NAME: Field = Field::new("edp.name", "EDP device name", FactKind::HostName);
static VERSION: Field = Field::new("edp.version", "EDP software version", FactKind::Firmware);
static ADDRESS: Field = Field::new("edp.vlan-address", "EDP VLAN address", FactKind::OwnAddress);

impl Protocol for Edp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, _head: &[u8]) -> Verdict {
        Verdict::No
    }

    fn datagram(&self, context: &Context, payload: &[u8], out: &mut dyn Sink) {
        if read(payload, out).is_none() && !context.is_cut(payload) {
            out.malformed("EDP message cut short");
        }
    }
}

/// Header, then items that each begin with a marker. `None` where bytes are missing.
fn read(payload: &[u8], out: &mut dyn Sink) -> Option<()> {
    let mut cursor = Cursor::new(payload);
    let version = cursor.u8()?;
    if version != 1 {
        return Some(());
    }
    // Reserved, length, checksum, sequence number.
    cursor.skip(7)?;
    let id_kind = cursor.u16()?;
    let mac = MacAddr(cursor.array()?);
    if id_kind == 0 {
        out.say(About::Sender, &MAC, Value::Mac(mac));
    }
    // Each turn takes four octets or more.
    while let Some(0x99) = cursor.u8() {
        let (kind, len) = (cursor.u8()?, cursor.u16()?);
        let value = cursor.take(usize::from(len).checked_sub(4)?)?;
        match kind {
            0 => break,
            1 => out.sender(&NAME, value.split(|octet| *octet == 0).next()?),
            2 => info(value, out)?,
            5 => vlan(value, out)?,
            _ => {}
        }
    }
    Some(())
}

/// Slot, port, chassis, reserved, then four octets of version.
fn info(value: &[u8], out: &mut dyn Sink) -> Option<()> {
    let mut cursor = Cursor::new(value);
    cursor.skip(12)?;
    let [major, minor, sustaining, internal] = cursor.array()?;
    let text = format!("{major}.{minor}.{sustaining}.{internal}");
    out.say(About::Sender, &VERSION, Value::Text(Cow::Owned(text)));
    Some(())
}

/// Flags, reserved, VLAN id, reserved, then the address that the switch has in it. The VLAN's name stays unread.
fn vlan(value: &[u8], out: &mut dyn Sink) -> Option<()> {
    let mut cursor = Cursor::new(value);
    cursor.skip(8)?;
    let ip = Ipv4Addr::from(cursor.array::<4>()?);
    if !ip.is_unspecified() {
        out.say(About::Sender, &ADDRESS, Value::Ip(ip.into()));
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::datagrams;
    use crate::protocol::Direction;

    #[test]
    fn a_switch_describes_itself() {
        let message = [
            &[1, 0, 0, 80, 0, 0, 0, 1, 0, 0, 2, 0, 0, 0, 0, 7][..],
            &[0x99, 1, 0, 9],
            b"sw-1\0",
            &[0x99, 2, 0, 36, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 7, 6, 1, 4],
            &[0; 16],
            &[0x99, 5, 0, 17, 0x80, 0, 0, 1, 0, 0, 0, 0, 10, 0, 0, 9, b'v'],
            &[0x99, 0, 0, 4],
        ]
        .concat();
        let said = |bytes: &[u8]| datagrams(&Edp, 0, &[(Direction::ToServer, bytes)]).lines;
        assert_eq!(
            said(&message),
            [
                "sender edp.mac 02:00:00:00:00:07",
                "sender edp.name sw-1",
                "sender edp.version 7.6.1.4",
                "sender edp.vlan-address 10.0.0.9"
            ]
        );
        for cut in 0..message.len() {
            let _ = said(&message[..cut]);
        }
    }
}
