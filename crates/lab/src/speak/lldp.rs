//! LLDP (IEEE 802.1AB §8).

use crate::{Host, Scene};

/// Capabilities of a switch that routes (§8.5.8.1): bits 2 and 4.
pub const BRIDGE_AND_ROUTER: u16 = 0x14;

/// Tells the neighbours who a switch is: it can route and does not.
pub fn announce(scene: &mut Scene, switch: &Host, port: &str, name: &str, description: &str) {
    tell(scene, switch, [port, name, description], [BRIDGE_AND_ROUTER, 4]);
}

/// Tells the neighbours who a device is that does all that it can.
pub fn announce_as(scene: &mut Scene, device: &Host, port: &str, name: &str, description: &str, capabilities: u16) {
    tell(scene, device, [port, name, description], [capabilities; 2]);
}

fn tell(scene: &mut Scene, switch: &Host, [port, name, description]: [&str; 3], capabilities: [u16; 2]) {
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
    tlv(7, &capabilities.map(u16::to_be_bytes).concat());
    tlv(8, &[&[5, 1][..], &switch.ipv4().octets(), &[2, 0, 0, 0, 1, 0]].concat());
    // IEEE 802.1: port VLAN id 1.
    tlv(127, &[0x00, 0x80, 0xc2, 1, 0, 1]);
    tlv(0, &[]);
    scene.ethernet(switch, model::MacAddr([0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e]), 0x88cc, &bytes);
}
