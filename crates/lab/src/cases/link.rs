//! Protocols of the link.

use model::MacAddr;

use crate::speak::{arp, checksum, dhcp, hex, lldp};
use crate::{Case, Host, Scene};

/// The rows.
pub const CASES: &[Case] = &[
    Case {
        name: "arp-and-dhcp",
        about: "An infusion pump asks for an address by DHCP (discover, offer, request, acknowledge; vendor class, host name and \
                parameter list set), probes it by ARP and asks for its router. Proves that the lease, the names and the bindings are read.",
        build: arp_and_dhcp,
    },
    Case {
        name: "lldp",
        about: "A switch tells its neighbours name, description, port, address and VLAN by LLDP; a telephone adds the inventory of \
                LLDP-MED (maker, model, serial, firmware). Proves that each is read as the sender's own.",
        build: neighbours_by_lldp,
    },
    Case {
        name: "cdp",
        about: "A switch tells its neighbours by CDP version 2 its name, platform, software, addresses (IPv4 and IPv6), port, \
                capabilities and native VLAN. Proves that it is known as a router and a switch with its own names.",
        build: neighbours_by_cdp,
    },
    Case {
        name: "fdp",
        about: "A Foundry switch tells the same by FDP. Proves that its items are read though CDP's numbers differ in form.",
        build: neighbours_by_fdp,
    },
    Case {
        name: "edp",
        about: "An Extreme switch tells name, version and a VLAN's address by EDP. Proves that its items are read.",
        build: neighbours_by_edp,
    },
    Case {
        name: "stp",
        about: "A bridge sends spanning tree messages: configuration of the classic and the rapid protocol. Proves that bridge and root \
                are read.",
        build: spanning_tree,
    },
    Case {
        name: "eapol",
        about: "A port with 802.1X: the workstation starts, is asked for its identity, agrees on PEAP and is let in. Proves that the method \
                and the success are read, and the identity is not.",
        build: port_access,
    },
];

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

fn switch() -> Host {
    Host::new("switch", "00:1b:54:00:20:02", "10.20.0.2").with_ttl(255)
}

const LLDP_GROUP: MacAddr = MacAddr([0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e]);

/// IEEE 802.1AB §8; the inventory of ANSI/TIA-1057 §10.2.6.
fn neighbours_by_lldp() -> Vec<u8> {
    let mut scene = Scene::new();
    lldp::announce(&mut scene, &switch(), "Gi1/0/7", "sw-ward-3", "Example Switch 24, software 16.9.4");
    let phone = Host::new("telephone", "00:04:f2:00:30:03", "10.20.1.30");
    let mut bytes = Vec::new();
    let mut tlv = |kind: u16, value: &[u8]| {
        bytes.extend((kind << 9 | value.len() as u16).to_be_bytes());
        bytes.extend(value);
    };
    tlv(1, &[&[5, 1][..], &phone.ipv4().octets()].concat());
    tlv(2, &[&[3][..], &phone.mac.0].concat());
    tlv(3, &120_u16.to_be_bytes());
    tlv(5, b"phone-ward-3");
    tlv(7, &[0, 0x24, 0, 0x24]);
    let mut med = |subtype: u8, value: &[u8]| tlv(127, &[&[0x00, 0x12, 0xbb, subtype][..], value].concat());
    med(1, &[0, 0x33, 3]);
    // Voice on tagged VLAN 140, priority 5, code point 46.
    med(2, &[1, 0x41, 0x19, 0x6e]);
    for (subtype, text) in
        [(5, "rev B"), (6, "5.8.0"), (7, "4.2.1"), (8, "EX0000042"), (9, "Example Telephones"), (10, "Model 300")]
    {
        med(subtype, text.as_bytes());
    }
    tlv(0, &[]);
    scene.ethernet(&phone, LLDP_GROUP, 0x88cc, &bytes);
    scene.pcap()
}

/// A SNAP header (IEEE 802) before a message.
fn snap(organisation: [u8; 3], protocol: u16, message: &[u8]) -> Vec<u8> {
    [&[0xaa, 0xaa, 3][..], &organisation, &protocol.to_be_bytes(), message].concat()
}

fn item(kind: u16, value: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &(value.len() as u16 + 4).to_be_bytes(), value].concat()
}

/// One IPv4 address as CDP and FDP write it: NLPID form, protocol 0xcc.
fn one_address(ip: [u8; 4]) -> Vec<u8> {
    [&[0, 0, 0, 1, 1, 1, 0xcc, 0, 4][..], &ip].concat()
}

fn with_checksum(mut message: Vec<u8>, at: usize) -> Vec<u8> {
    let sum = checksum(&message).to_be_bytes();
    message[at..at + 2].copy_from_slice(&sum);
    message
}

fn neighbours_by_cdp() -> Vec<u8> {
    let mut scene = Scene::new();
    let switch = switch();
    let v6 = hex("00000001 02 08 aaaa03000000 86dd 0010 20010db8002000000000000000000002");
    let mut message = vec![2, 180, 0, 0];
    for (kind, value) in [
        (1, b"sw-core-1.clinic.example".to_vec()),
        (2, one_address(switch.ipv4().octets())),
        (3, b"GigabitEthernet1/0/7".to_vec()),
        (4, vec![0, 0, 0, 0x29]),
        (5, b"Example Switch Software, Version 15.2(7)E3".to_vec()),
        (6, b"Example C9999-24".to_vec()),
        (0x0a, vec![0, 120]),
        (0x0b, vec![1]),
        (0x16, one_address([10, 20, 0, 2])),
        (0x16, v6),
    ] {
        message.extend(item(kind, &value));
    }
    let message = with_checksum(message, 2);
    scene.llc(&switch, MacAddr([1, 0, 0x0c, 0xcc, 0xcc, 0xcc]), &snap([0, 0, 0x0c], 0x2000, &message));
    scene.pcap()
}

fn neighbours_by_fdp() -> Vec<u8> {
    let mut scene = Scene::new();
    let switch = Host::new("switch", "00:e0:52:00:20:04", "10.20.0.4");
    let mut message = vec![1, 180, 0, 0];
    for (kind, value) in [
        (1, b"sw-ward-4".to_vec()),
        (2, one_address(switch.ipv4().octets())),
        (3, b"ethernet1/1/3".to_vec()),
        (4, vec![0, 0, 0, 8]),
        (5, b"Example Router Software, version 8.0.30".to_vec()),
        (6, b"Example FX-24".to_vec()),
    ] {
        message.extend(item(kind, &value));
    }
    let message = with_checksum(message, 2);
    scene.llc(&switch, MacAddr([1, 0xe0, 0x52, 0xcc, 0xcc, 0xcc]), &snap([0, 0xe0, 0x52], 0x2000, &message));
    scene.pcap()
}

fn neighbours_by_edp() -> Vec<u8> {
    let mut scene = Scene::new();
    let switch = Host::new("switch", "00:e0:2b:00:20:05", "10.20.0.5");
    let item = |kind: u8, value: &[u8]| [&[0x99, kind][..], &(value.len() as u16 + 4).to_be_bytes(), value].concat();
    // Slot, port, chassis, reserved; version 30.7.1.4; 16 octets of connections.
    let info = [&[0, 0, 0, 6, 0, 0, 0, 0, 0, 0][..], &[0, 0, 30, 7, 1, 4], &[0; 16]].concat();
    // Flags, reserved, VLAN, reserved, address, name.
    let vlan = [&[0x81, 0, 0, 120, 0, 0, 0, 0][..], &switch.ipv4().octets(), b"ward\0"].concat();
    let items = [item(2, &info), item(1, b"sw-ward-5\0"), item(5, &vlan), item(0, &[])].concat();
    let length = (16 + items.len()) as u16;
    let head = [&[1, 0][..], &length.to_be_bytes(), &[0, 0, 0, 9, 0, 0], &switch.mac.0].concat();
    let message = with_checksum([head, items].concat(), 4);
    scene.llc(&switch, MacAddr([0, 0xe0, 0x2b, 0, 0, 0]), &snap([0, 0xe0, 0x2b], 0x00bb, &message));
    scene.pcap()
}

/// IEEE 802.1D-2004 §9.3: a configuration message, then one of the rapid protocol.
fn spanning_tree() -> Vec<u8> {
    let mut scene = Scene::new();
    let switch = switch();
    let root = hex("6000 001b54002001");
    let own = [&[0x80, 0][..], &switch.mac.0].concat();
    let body = |flags: u8| [&[flags][..], &root, &4_u32.to_be_bytes(), &own, &[0x80, 7, 1, 0, 20, 0, 2, 0, 15, 0]].concat();
    for (version, kind, flags, tail) in [(0, 0, 0, &[][..]), (2, 2, 0x3c, &[0])] {
        let message = [&[0x42, 0x42, 3, 0, 0, version, kind][..], &body(flags), tail].concat();
        scene.llc(&switch, MacAddr([0x01, 0x80, 0xc2, 0, 0, 0]), &message);
    }
    scene.pcap()
}

/// IEEE 802.1X-2010 §11.3, EAP of RFC 3748 §4.
fn port_access() -> Vec<u8> {
    const EAPOL: u16 = 0x888e;
    let mut scene = Scene::new();
    let (switch, workstation) = (switch(), Host::new("workstation", "3c:52:82:00:00:10", "10.20.1.10"));
    let eap = |code: u8, id: u8, data: &[u8]| {
        let length = (data.len() as u16 + 4).to_be_bytes();
        [&[2, 0][..], &length, &[code, id], &length, data].concat()
    };
    let group = MacAddr([0x01, 0x80, 0xc2, 0, 0, 3]);
    scene.ethernet(&workstation, group, EAPOL, &[2, 1, 0, 0]);
    scene.ethernet(&switch, workstation.mac, EAPOL, &eap(1, 1, &[1]));
    scene.ethernet(&workstation, group, EAPOL, &eap(2, 1, b"\x01madeup.person@clinic.example"));
    // The switch begins PEAP (25) with the start flag; the workstation begins TLS inside it.
    scene.ethernet(&switch, workstation.mac, EAPOL, &eap(1, 2, &[25, 0x20]));
    let hello = crate::speak::tls::Handshake::plain().client_hello(&mut scene);
    scene.ethernet(&workstation, group, EAPOL, &eap(2, 2, &[&[25, 0][..], &hello].concat()));
    scene.ethernet(&switch, workstation.mac, EAPOL, &eap(3, 3, &[]));
    scene.pcap()
}
