//! Protocols that find names.

use crate::speak::dns;
use crate::{Case, Host, Scene};

/// The rows.
pub const CASES: &[Case] = &[Case {
    name: "dns-query",
    about: "A workstation asks its name server for the PACS, and gets an address. Proves that the name is tied to the address.",
    build: dns_query,
}];

fn dns_query() -> Vec<u8> {
    let mut scene = Scene::new();
    let workstation = Host::new("workstation", "3c:52:82:00:00:10", "10.20.1.10").with_ttl(128);
    let server = Host::new("name server", "00:50:56:00:00:53", "10.20.1.53");
    let port = scene.port();
    let name = "pacs.clinic.example";
    scene.udp(&workstation, port, &server, 53, &dns::query(0x4242, name, dns::A));
    let answer = dns::answer(name, dns::A, 300, &[10, 20, 2, 20]);
    scene.udp(&server, 53, &workstation, port, &dns::response(0x4242, name, dns::A, &[answer]));
    scene.pcap()
}
