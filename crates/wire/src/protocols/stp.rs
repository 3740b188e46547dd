//! Spanning tree protocols.

use model::{FactKind, MacAddr};

use crate::bytes::Cursor;
use crate::fact::{About, Field, Sink, Value};
use crate::protocol::{Context, Hint, Info, Protocol, Verdict};

/// Which interfaces are bridges, and which bridge is the root.
pub struct Stp;

static INFO: Info = Info {
    id: "stp",
    name: "Spanning tree",
    doc: "Bridges announce themselves and their root (IEEE 802.1D-2004 §9, RSTP, MSTP, and Cisco's tree per VLAN): the sender is \
          a switch, and the bridge id ties its ports together.",
    hints: &[Hint::Llc(0x42), Hint::Snap(0x00_000c, 0x010b)],
};

static BRIDGE: Field = Field::new("stp.bridge", "Spanning tree bridge id", FactKind::OwnMac);
static ROLE: Field = Field::new("stp.bridge", "Spanning tree bridge id", FactKind::DeviceType);
static ROOT: Field = Field::new("stp.root", "Spanning tree root id", FactKind::DeviceType);

impl Protocol for Stp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, _head: &[u8]) -> Verdict {
        Verdict::No
    }

    fn datagram(&self, context: &Context, payload: &[u8], out: &mut dyn Sink) {
        match read(payload) {
            Some(Some((root, bridge))) => {
                out.say(About::Sender, &BRIDGE, Value::Mac(bridge));
                out.say(About::Sender, &ROLE, Value::Text("bridge".into()));
                out.say(About::Mac(root), &ROOT, Value::Text("bridge".into()));
            }
            Some(None) => {}
            None if context.is_cut(payload) => {}
            None => out.malformed("spanning tree message cut short"),
        }
    }
}

/// The MAC addresses of root and bridge; `Some(None)` for messages that name neither.
fn read(payload: &[u8]) -> Option<Option<(MacAddr, MacAddr)>> {
    let mut cursor = Cursor::new(payload);
    let (protocol, _version, kind) = (cursor.u16()?, cursor.u8()?, cursor.u8()?);
    // Topology changes are said in four octets.
    if protocol != 0 || !matches!(kind, 0 | 2) {
        return Some(None);
    }
    cursor.skip(1)?;
    let root = bridge_id(&mut cursor)?;
    cursor.skip(4)?;
    let bridge = bridge_id(&mut cursor)?;
    Some((root.is_interface() && bridge.is_interface()).then_some((root, bridge)))
}

/// A priority, then a MAC address.
fn bridge_id(cursor: &mut Cursor<'_>) -> Option<MacAddr> {
    cursor.skip(2)?;
    cursor.array().map(MacAddr)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::datagrams;
    use crate::protocol::Direction;

    #[test]
    fn bridges_name_themselves_and_their_root() {
        let message =
            [&[0, 0, 2, 2, 0x3c, 0x80, 1, 2, 0, 0, 0, 0, 7, 0, 0, 0, 4][..], &[0x80, 1, 2, 0, 0, 0, 0, 8, 0x80, 1]].concat();
        let said = |bytes: &[u8]| datagrams(&Stp, 0, &[(Direction::ToServer, bytes)]);
        assert_eq!(
            said(&message).lines,
            ["sender stp.bridge 02:00:00:00:00:08", "sender stp.bridge bridge", "02:00:00:00:00:07 stp.root bridge"]
        );
        assert!(said(&[0, 0, 0, 0x80]).malformed.is_empty());
        for cut in 4..20 {
            assert_eq!(said(&message[..cut]).malformed, ["spanning tree message cut short"]);
        }
    }
}
