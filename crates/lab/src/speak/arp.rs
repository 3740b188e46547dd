//! ARP (RFC 826).

use crate::{Host, Scene};

const ETHER_TYPE: u16 = 0x0806;

/// An ARP message for Ethernet and IPv4; operation 1 asks, 2 answers.
#[must_use]
pub fn message(operation: u16, sender: &Host, target_mac: [u8; 6], target_ip: [u8; 4]) -> Vec<u8> {
    let mut bytes = vec![0, 1, 8, 0, 6, 4];
    bytes.extend(operation.to_be_bytes());
    bytes.extend(sender.mac.0);
    bytes.extend(sender.ipv4().octets());
    bytes.extend(target_mac);
    bytes.extend(target_ip);
    bytes
}

/// One host asks who has the other's address, and the other answers.
pub fn ask(scene: &mut Scene, from: &Host, to: &Host) {
    let question = message(1, from, [0; 6], to.ipv4().octets());
    scene.ethernet(from, Host::broadcast().mac, ETHER_TYPE, &question);
    scene.ethernet(to, from.mac, ETHER_TYPE, &message(2, to, from.mac.0, from.ipv4().octets()));
}

/// A host tells everybody its address without being asked.
pub fn announce(scene: &mut Scene, host: &Host) {
    let message = message(1, host, [0; 6], host.ipv4().octets());
    scene.ethernet(host, Host::broadcast().mac, ETHER_TYPE, &message);
}
