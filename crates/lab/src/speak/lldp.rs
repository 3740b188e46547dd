//! LLDP (IEEE 802.1AB §8).

use crate::{Host, Scene};

/// Tells the neighbours who a switch is.
pub fn announce(scene: &mut Scene, switch: &Host, port: &str, name: &str, description: &str) {
    let mut bytes = Vec::new();
    let mut tlv = |kind: u16, value: &[u8]| {
        bytes.extend((kind << 9 | value.len() as u16).to_be_bytes());
        bytes.extend(value);
    };
    tlv(1, &[&[4][..], &switch.mac.0].concat());
    tlv(2, &[&[5][..], port.as_bytes()].concat());
    tlv(3, &120_u16.to_be_bytes());
    tlv(4, format!("{port} to ward").as_bytes());
    tlv(5, name.as_bytes());
    tlv(6, description.as_bytes());
    tlv(7, &[0, 0x14, 0, 0x04]);
    tlv(8, &[&[5, 1][..], &switch.ipv4().octets(), &[2, 0, 0, 0, 1, 0]].concat());
    // IEEE 802.1: port VLAN id 1.
    tlv(127, &[0x00, 0x80, 0xc2, 1, 0, 1]);
    tlv(0, &[]);
    scene.ethernet(switch, model::MacAddr([0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e]), 0x88cc, &bytes);
}
