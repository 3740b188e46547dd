//! Protocols of the link and of addresses.

use crate::speak::{arp, dhcp};
use crate::{Case, Host, Scene};

/// The rows.
pub const CASES: &[Case] = &[Case {
    name: "arp-and-dhcp",
    about: "An infusion pump asks for an address by DHCP (discover, offer, request, acknowledge; vendor class, host name and \
            parameter list set), probes it by ARP and asks for its router. Proves that the lease, the names and the bindings are read.",
    build: arp_and_dhcp,
}];

fn arp_and_dhcp() -> Vec<u8> {
    let mut scene = Scene::new();
    // 1. Who takes part.
    let router = Host::new("router", "00:1b:54:00:10:01", "10.20.1.1");
    let pump = Host::new("pump", "00:1b:c5:09:12:34", "10.20.1.50");
    // 2. What they say. `speak` has the payloads; the scene adds UDP, IP and Ethernet, and moves the clock.
    let client = dhcp::Client {
        vendor_class: "Example Infusion Pump 3",
        host_name: "PUMP-0042",
        parameters: &[1, 3, 6, 15, 51],
        transaction: 0x1234_5678,
    };
    dhcp::lease(&mut scene, &pump, &router, &client);
    // 3. Frames without IP go through `ethernet`, with their EtherType.
    arp::ask(&mut scene, &pump, &router);
    scene.pcap()
}
