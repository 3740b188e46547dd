//! Protocols of addresses and routers.

use std::net::IpAddr;

use crate::speak::{checksum, dhcp, hex};
use crate::{Case, Host, Scene};

/// The rows.
pub const CASES: &[Case] = &[
    Case {
        name: "dhcp-relayed",
        about: "A monitor behind a relay asks for an address with client FQDN, UUID and a request list; the server names routers, name \
                and time servers. Proves that facts are the client's, not the relay's, that servers are known as what they are, and \
                that the server's answer ties name and address.",
        build: dhcp_relayed,
    },
    Case {
        name: "dhcpv6",
        about: "Solicit, advertise, request and reply with DUID, FQDN and vendor class. Proves that the lease is tied to the client's \
                identifier and that name and time servers are known.",
        build: dhcpv6,
    },
    Case {
        name: "icmp",
        about: "An echo with its answer, a redirect to a second router, a packet whose hop count ran out, a router advertisement, and an \
                address mask reply. Proves which hosts are routers; the echo says nothing.",
        build: icmp,
    },
    Case {
        name: "icmpv6",
        about: "Router solicitation and advertisement (prefix, name server), neighbour solicitation and advertisement, a probe for a \
                duplicate address, and a multicast listener report. Proves bindings, router, prefix and group; the probe claims nothing.",
        build: icmpv6,
    },
    Case {
        name: "igmp",
        about: "A querier asks (version 2), one host joins a group by version 2 and another by version 3. Proves groups and querier.",
        build: igmp,
    },
    Case {
        name: "vrrp",
        about: "Routers that share an address by VRRP versions 2 and 3. Proves that the virtual address is one, and whose it is.",
        build: vrrp,
    },
    Case { name: "hsrp", about: "Routers that share an address by HSRP versions 1 and 2. Proves the same.", build: hsrp },
];

fn router() -> Host {
    Host::new("router", "00:1b:54:00:10:01", "10.20.1.1").with_ttl(255)
}

fn dhcp_relayed() -> Vec<u8> {
    let mut scene = Scene::new();
    let relay = Host::new("relay", "00:1b:54:00:10:01", "10.20.6.1");
    let server = Host::new("DHCP server", "00:50:56:00:00:67", "10.20.1.67");
    let monitor = Host::new("monitor", "00:09:fb:00:60:61", "10.20.6.61");
    let uuid = hex("00 30313233 3435 3637 8839 404142434445");
    let fqdn = [&[0, 0, 0][..], b"mon-61.ward.clinic.example"].concat();
    let relayed = |mut message: Vec<u8>| {
        message[3] = 1;
        message[24..28].copy_from_slice(&relay.ipv4().octets());
        message
    };
    let client = dhcp::Client { vendor_class: "", host_name: "MON-61", parameters: &[1, 3, 6, 42, 15], transaction: 0x6161 };
    let more: [(u8, &[u8]); 2] = [(81, &fqdn), (97, &uuid)];
    let options = |kind: &'static [u8]| -> Vec<(u8, Vec<u8>)> {
        vec![
            (53, kind.to_vec()),
            (54, server.ipv4().octets().to_vec()),
            (51, 3600_u32.to_be_bytes().to_vec()),
            (1, vec![255, 255, 255, 0]),
            (3, vec![10, 20, 6, 1]),
            (6, vec![10, 20, 1, 53, 10, 20, 1, 54]),
            (42, vec![10, 20, 1, 123]),
            (15, b"ward.clinic.example".to_vec()),
        ]
    };
    for (kind, answer) in [(dhcp::DISCOVER, &[dhcp::OFFER]), (dhcp::REQUEST, &[dhcp::ACK])] {
        scene.udp(&relay, 67, &server, 67, &relayed(dhcp::of_client(kind, &monitor, &client, &more)));
        let options = options(answer);
        let options: Vec<(u8, &[u8])> = options.iter().map(|(code, value)| (*code, &value[..])).collect();
        let reply = dhcp::message(true, client.transaction, &monitor, monitor.ipv4().octets(), &options);
        scene.udp(&server, 67, &relay, 67, &relayed(reply));
    }
    scene.pcap()
}

/// RFC 8415; FQDN of RFC 4704, time servers of RFC 4075.
fn dhcpv6() -> Vec<u8> {
    let mut scene = Scene::new();
    let client = Host::new("gateway", "00:03:b1:00:35:01", "10.20.1.35").link_local();
    let server = Host::new("router", "00:1b:54:00:10:01", "10.20.1.1").link_local();
    let agents = Host::group("ff02::1:2");
    let option = |code: u16, value: &[u8]| [&code.to_be_bytes()[..], &(value.len() as u16).to_be_bytes(), value].concat();
    let client_id = option(1, &[&hex("0003 0001")[..], &client.mac.0].concat());
    let server_id = option(2, &[&hex("0001 0001 2a2b2c2d")[..], &server.mac.0].concat());
    let fqdn = option(39, &[&[1][..], &crate::speak::dns::name("pump-gateway.clinic.example")].concat());
    // Enterprise number for examples (RFC 5612).
    let class = option(16, &[&32_473_u32.to_be_bytes()[..], &14_u16.to_be_bytes(), b"Example PG 2.1"].concat());
    let wanted = option(6, &hex("0017 0018 001f"));
    let address = |lifetimes: [u32; 2]| {
        let given = hex("20010db8002000010000000000000035");
        let inner = option(5, &[&given[..], &lifetimes[0].to_be_bytes(), &lifetimes[1].to_be_bytes()].concat());
        option(3, &[&hex("00003501 00000e10 00001518")[..], &inner].concat())
    };
    let association = option(3, &hex("00003501 00000000 00000000"));
    let servers =
        [option(23, &hex("20010db8002000010000000000000053")), option(31, &hex("20010db8002000010000000000000123"))].concat();
    let message = |kind: u8, id: u8, parts: &[&[u8]]| [&[kind, 0, 0x35, id][..], &parts.concat()].concat();
    let own = [client_id.clone(), fqdn, class, wanted, option(8, &[0, 0])].concat();
    scene.udp(&client, 546, &agents, 547, &message(1, 1, &[&own, &association]));
    let offer = [client_id, server_id.clone(), address([3600, 5400]), servers].concat();
    scene.udp(&server, 547, &client, 546, &message(2, 1, &[&offer]));
    scene.udp(&client, 546, &agents, 547, &message(3, 2, &[&own, &server_id, &address([0, 0])]));
    scene.udp(&server, 547, &client, 546, &message(7, 2, &[&offer]));
    scene.pcap()
}

fn with_sum(mut message: Vec<u8>) -> Vec<u8> {
    let sum = checksum(&message).to_be_bytes();
    message[2..4].copy_from_slice(&sum);
    message
}

fn icmp() -> Vec<u8> {
    let mut scene = Scene::new();
    let router = router();
    let host = Host::new("workstation", "3c:52:82:00:00:10", "10.20.1.10").with_ttl(128);
    let other = Host::new("server", "00:50:56:00:00:80", "10.20.1.80");
    for (from, to, kind) in [(&host, &other, 8), (&other, &host, 0)] {
        scene.ip(from, to, 1, &with_sum([&[kind, 0, 0, 0, 0, 1, 0, 1][..], &[0x61; 32]].concat()));
    }
    // What a router quotes: the header of the packet and eight octets behind it.
    let quoted = |ttl: u8, to: &str| {
        let mut packet = hex("4500 003c 0001 0000 00 11 0000");
        packet[8] = ttl;
        packet.extend(host.ipv4().octets());
        packet.extend(to.split('.').map(|part| part.parse::<u8>().expect("an octet")));
        let sum = checksum(&packet).to_be_bytes();
        packet[10..12].copy_from_slice(&sum);
        [packet, hex("c000 829a 0028 0000")].concat()
    };
    scene.ip(&router, &host, 1, &with_sum([&[5, 1, 0, 0, 10, 20, 1, 2][..], &quoted(63, "10.20.9.9")].concat()));
    let far = Host::behind("far router", "192.0.2.33", &router);
    scene.ip(&far, &host, 1, &with_sum([&[11, 0, 0, 0, 0, 0, 0, 0][..], &quoted(1, "198.51.100.9")].concat()));
    let all = Host::group("224.0.0.1");
    let advertisement = hex("09 00 0000 01 02 0708 0a140101 00000000");
    scene.ip(&router, &all, 1, &with_sum(advertisement));
    scene.ip(&other, &host, 1, &with_sum(hex("12 00 0000 0001 0001 ffffff00")));
    scene.pcap()
}

/// An ICMPv6 message with its checksum (RFC 4443 §2.3).
fn icmp6(scene: &mut Scene, from: &Host, to: &Host, mut message: Vec<u8>) {
    let (IpAddr::V6(a), IpAddr::V6(b)) = (from.ip, to.ip) else { panic!("IPv6 alone") };
    let pseudo = [&a.octets()[..], &b.octets(), &(message.len() as u32).to_be_bytes(), &[0, 0, 0, 58], &message].concat();
    let sum = checksum(&pseudo).to_be_bytes();
    message[2..4].copy_from_slice(&sum);
    scene.ip(from, to, 58, &message);
}

fn icmpv6() -> Vec<u8> {
    let mut scene = Scene::new();
    let router = router().link_local();
    let host = Host::new("workstation", "3c:52:82:00:00:10", "10.20.1.10");
    let (local, global) = (host.link_local(), host.link_local().with_ip("2001:db8:20:1::10"));
    let (routers, nodes) = (Host::group("ff02::2"), Host::group("ff02::1"));
    let link = |kind: u8, of: &Host| [&[kind, 1][..], &of.mac.0].concat();
    icmp6(&mut scene, &local, &routers, [hex("85 00 0000 00000000"), link(1, &host)].concat());
    let prefix = hex("03 04 40 c0 00015180 00003840 00000000 20010db8002000010000000000000000");
    let name_server = hex("19 03 0000 00000708 20010db8002000010000000000000053");
    let advertisement = [hex("86 00 0000 40 00 0708 00000000 00000000"), link(1, &router), prefix, name_server].concat();
    icmp6(&mut scene, &router, &nodes, advertisement);
    // Is the address taken? Nobody answers.
    let unspecified = Host { ttl: 255, ..host.clone() }.with_ip("::");
    let target = |ip: &Host| match ip.ip {
        IpAddr::V6(ip) => ip.octets().to_vec(),
        IpAddr::V4(_) => panic!("IPv6 alone"),
    };
    let solicited = Host::group("ff02::1:ff00:10");
    icmp6(&mut scene, &unspecified, &solicited, [hex("87 00 0000 00000000"), target(&global)].concat());
    let of_router = Host::group("ff02::1:ff00:1001");
    icmp6(&mut scene, &global, &of_router, [hex("87 00 0000 00000000"), target(&router), link(1, &host)].concat());
    icmp6(&mut scene, &router, &global, [hex("88 00 0000 e0000000"), target(&router), link(2, &router)].concat());
    // MLD version 2 (RFC 3810 §5.2): joins the group of mDNS. A hop-by-hop router alert would stand before it.
    let joined = hex("8f 00 0000 0000 0001 04 00 0000 ff0200000000000000000000000000fb");
    icmp6(&mut scene, &Host { ttl: 1, ..local }, &Host::group("ff02::16"), joined);
    scene.pcap()
}

fn igmp() -> Vec<u8> {
    let mut scene = Scene::new();
    let (router, host) = (Host { ttl: 1, ..router() }, Host::new("camera", "ac:cc:8e:00:50:41", "10.20.5.41").with_ttl(1));
    let station = Host::new("station", "00:09:fb:00:00:60", "10.20.3.60").with_ttl(1);
    scene.ip(&router, &Host::group("224.0.0.1"), 2, &with_sum(hex("11 64 0000 00000000")));
    scene.ip(&host, &Host::group("239.255.255.250"), 2, &with_sum(hex("16 00 0000 effffffa")));
    scene.ip(&station, &Host::group("224.0.0.22"), 2, &with_sum(hex("22 00 0000 0000 0001 04 00 0000 efc00141")));
    scene.pcap()
}

fn vrrp() -> Vec<u8> {
    let mut scene = Scene::new();
    let group = Host::group("224.0.0.18");
    let virtual_mac = |ip: &str| Host::new("router", "00:00:5e:00:01:07", ip).with_ttl(255);
    // Version 2 (RFC 3768 §5.1): router 7, priority 100, one address, one second, no authentication.
    let old = with_sum_at(hex("21 07 64 01 00 01 0000 0a140101 00000000 00000000"), 6);
    scene.ip(&virtual_mac("10.20.1.2"), &group, 112, &old);
    // Version 3 (RFC 5798 §5.2): the checksum covers a pseudo-header too.
    let from = virtual_mac("10.20.1.3");
    let mut new = hex("31 07 c8 01 0064 0000 0a140101");
    let pseudo = [&from.ipv4().octets()[..], &group.ipv4().octets(), &[0, 112, 0, 12], &new].concat();
    let sum = checksum(&pseudo).to_be_bytes();
    new[6..8].copy_from_slice(&sum);
    scene.ip(&from, &group, 112, &new);
    scene.pcap()
}

fn with_sum_at(mut message: Vec<u8>, at: usize) -> Vec<u8> {
    let sum = checksum(&message).to_be_bytes();
    message[at..at + 2].copy_from_slice(&sum);
    message
}

fn hsrp() -> Vec<u8> {
    let mut scene = Scene::new();
    // Version 1 (RFC 2281 §5.1): active, hello 3 s, hold 10 s, priority 110, group 5, the usual word.
    let active = Host::new("router", "00:00:0c:07:ac:05", "10.20.1.2").with_ttl(1);
    let hello = [&hex("00 00 10 03 0a 6e 05 00")[..], b"cisco\0\0\0", &hex("0a140101")].concat();
    scene.udp(&active, 1985, &Host::group("224.0.0.2"), 1985, &hello);
    // Version 2: group state (active, IPv4, group 20) of the router 00:1b:54:00:10:03, then text authentication.
    let active = Host::new("router", "00:00:0c:9f:f0:14", "10.20.2.3").with_ttl(1);
    let state = hex("01 28 02 00 06 04 0014 001b54001003 0000006e 00000bb8 00002710 0a140201 000000000000000000000000");
    let word = [&hex("03 08")[..], b"cisco\0\0\0"].concat();
    scene.udp(&active, 1985, &Host::group("224.0.0.102"), 1985, &[state, word].concat());
    scene.pcap()
}
