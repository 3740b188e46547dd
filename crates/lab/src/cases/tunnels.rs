//! A question to a name server, carried in whatever networks carry frames in. The facts are those of dns-query.

use crate::speak::{dns, hex};
use crate::{Case, Host, Scene, TcpStart};

/// The rows.
pub const CASES: &[Case] = &[
    Case { name: "tunnel-vlan", about: "One VLAN tag. The flow's VLAN is told.", build: || tagged(&hex("8100 0078")) },
    Case {
        name: "tunnel-qinq",
        about: "A service tag and a customer's (IEEE 802.1ad). The inner VLAN is told.",
        build: || tagged(&hex("88a8 0064 8100 0078")),
    },
    Case {
        name: "tunnel-mpls",
        about: "Two MPLS labels before IPv4 (RFC 3032).",
        build: || labelled(&hex("8847 0001 0040 0002 0140")),
    },
    Case { name: "tunnel-pppoe", about: "A PPPoE session (RFC 2516) with PPP.", build: pppoe },
    Case {
        name: "tunnel-gre",
        about: "IPv4 in GRE with key and sequence number (RFC 2890).",
        build: || in_ip(47, &hex("3000 0800 0000002a 00000001"), false),
    },
    Case {
        name: "tunnel-gre-ethernet",
        about: "Whole frames in GRE (transparent Ethernet bridging).",
        build: || in_ip(47, &hex("0000 6558"), true),
    },
    Case {
        name: "tunnel-erspan-1",
        about: "A mirrored frame in ERSPAN type I: GRE without sequence number, and no header.",
        build: || in_ip(47, &hex("0000 88be"), true),
    },
    Case {
        name: "tunnel-erspan-2",
        about: "A mirrored frame in ERSPAN type II.",
        build: || in_ip(47, &hex("1000 88be 00000001 1078 0805 00000003"), true),
    },
    Case {
        name: "tunnel-erspan-3",
        about: "A mirrored frame in ERSPAN type III.",
        build: || in_ip(47, &hex("1000 22eb 00000001 2078 0805 00000001 0000 0000"), true),
    },
    Case { name: "tunnel-vxlan", about: "A frame in VXLAN (RFC 7348).", build: || in_udp(4789, &hex("08000000 00002a00"), true) },
    Case {
        name: "tunnel-geneve",
        about: "A frame in GENEVE with an option (RFC 8926).",
        build: || in_udp(6081, &hex("02 00 6558 00002a00 ffff 80 01 00000001"), true),
    },
    Case {
        name: "tunnel-tzsp",
        about: "A frame in TZSP, as some access points mirror.",
        build: || in_udp(37_008, &hex("01 00 0001 0a 01 c4 01"), true),
    },
    Case { name: "tunnel-ipip", about: "IPv4 in IPv4 (RFC 2003).", build: || in_ip(4, &[], false) },
    Case { name: "tunnel-6in4", about: "IPv6 in IPv4 (RFC 4213).", build: six_in_four },
    Case { name: "tunnel-teredo", about: "IPv6 in UDP (RFC 4380), with the origin's mark.", build: teredo },
    Case {
        name: "tunnel-nested",
        about: "VXLAN in GRE in a VLAN. Every layer is taken off; the innermost tunnel is told.",
        build: nested,
    },
    Case {
        name: "fragments-udp",
        about: "A long answer in IPv4 fragments, the last first. It is put together.",
        build: || fragments(None),
    },
    Case {
        name: "fragments-lost",
        about: "The same with a fragment that the capture missed. Nothing is made up.",
        build: || fragments(Some(1)),
    },
    Case { name: "fragments-ipv6", about: "A long answer in IPv6 fragments (RFC 8200 §4.5).", build: fragments_of_v6 },
    Case {
        name: "mirror-duplicates-of-datagrams",
        about: "Every datagram twice within microseconds, as two mirror ports show it. Each is counted once.",
        build: duplicates,
    },
];

fn workstation() -> Host {
    Host::new("workstation", "3c:52:82:00:00:10", "10.20.1.10").with_ttl(128)
}

fn server() -> Host {
    Host::new("name server", "00:50:56:00:00:53", "10.20.1.53")
}

const NAME: &str = "pacs.clinic.example";

/// The question and its answer, without anything around.
fn talk(scene: &mut Scene, client: &Host, server: &Host) {
    let port = scene.port();
    scene.udp(client, port, server, 53, &dns::query(0x4242, NAME, dns::A));
    let answer = dns::answer(NAME, dns::A, 300, &[10, 20, 2, 20]);
    scene.udp(server, 53, client, port, &dns::response(0x4242, NAME, dns::A, &[answer]));
}

/// The frames of the talk, without the padding of short ones.
fn inner(client: &Host, server: &Host) -> Vec<Vec<u8>> {
    let mut scene = Scene::new();
    talk(&mut scene, client, server);
    scene.frames().iter().map(|(_, frame, _)| frame.to_vec()).collect()
}

/// Each frame with something between its addresses and its EtherType.
fn tagged(tags: &[u8]) -> Vec<u8> {
    let mut scene = Scene::new();
    for frame in inner(&workstation(), &server()) {
        scene.frame([&frame[..12], tags, &frame[12..]].concat());
    }
    scene.pcap()
}

/// Each frame with something instead of its EtherType.
fn labelled(labels: &[u8]) -> Vec<u8> {
    let mut scene = Scene::new();
    for frame in inner(&workstation(), &server()) {
        scene.frame([&frame[..12], labels, &frame[14..]].concat());
    }
    scene.pcap()
}

fn pppoe() -> Vec<u8> {
    let mut scene = Scene::new();
    for frame in inner(&workstation(), &server()) {
        let length = (frame.len() as u16 - 14 + 2).to_be_bytes();
        scene.frame([&frame[..12], &hex("8864 11 00 002a"), &length, &hex("0021"), &frame[14..]].concat());
    }
    scene.pcap()
}

/// The ends of a tunnel.
fn ends() -> (Host, Host) {
    (
        Host::new("switch", "00:1b:54:00:20:02", "10.99.0.2").with_ttl(255),
        Host::new("collector", "00:50:56:00:00:99", "10.99.0.99"),
    )
}

/// What a tunnel carries: frames, or the packets in them.
fn carried(frames: bool) -> Vec<Vec<u8>> {
    inner(&workstation(), &server()).into_iter().map(|frame| if frames { frame } else { frame[14..].to_vec() }).collect()
}

fn in_ip(protocol: u8, head: &[u8], frames: bool) -> Vec<u8> {
    let (from, to) = ends();
    let mut scene = Scene::new();
    for payload in carried(frames) {
        scene.ip(&from, &to, protocol, &[head, &payload].concat());
    }
    scene.pcap()
}

fn in_udp(port: u16, head: &[u8], frames: bool) -> Vec<u8> {
    let (from, to) = ends();
    let mut scene = Scene::new();
    for payload in carried(frames) {
        scene.udp(&from, 50_555, &to, port, &[head, &payload].concat());
    }
    scene.pcap()
}

/// The packets of the talk over IPv6 between two addresses.
fn v6_packets(client: &str, server_ip: &str) -> Vec<Vec<u8>> {
    let (client, server) = (workstation().with_ip(client), server().with_ip(server_ip));
    inner(&client, &server).into_iter().map(|frame| frame[14..].to_vec()).collect()
}

fn six_in_four() -> Vec<u8> {
    let (from, to) = ends();
    let mut scene = Scene::new();
    for packet in v6_packets("2001:db8:20::10", "2001:db8:20::53") {
        scene.ip(&from, &to, 41, &packet);
    }
    scene.pcap()
}

fn teredo() -> Vec<u8> {
    let (from, to) = ends();
    let mut scene = Scene::new();
    for packet in v6_packets("2001:0:a63:63::10", "2001:db8:20::53") {
        // Origin indication: obscured port and address.
        scene.udp(&from, 50_556, &to, 3544, &[hex("0000 3d43 f59cffef"), packet].concat());
    }
    scene.pcap()
}

fn nested() -> Vec<u8> {
    let (from, to) = ends();
    let (far, farther) = (from.clone().with_ip("10.98.0.2"), to.clone().with_ip("10.98.0.99"));
    let mut between = Scene::new();
    for frame in carried(true) {
        between.udp(&far, 50_555, &farther, 4789, &[hex("08000000 00002a00"), frame].concat());
    }
    let mut scene = Scene::new();
    let from = from.on_vlan(99);
    for (_, frame, _) in between.frames() {
        scene.ip(&from, &to, 47, &[&hex("0000 0800")[..], &frame[14..]].concat());
    }
    scene.pcap()
}

/// An answer with two addresses and much text.
fn long_answer() -> Vec<u8> {
    let mut answers = vec![dns::answer(NAME, dns::A, 300, &[10, 20, 2, 20]), dns::answer(NAME, dns::A, 300, &[10, 20, 2, 21])];
    answers.push(dns::answer(NAME, dns::TXT, 300, &dns::txt(&["filler"; 450])));
    dns::response(0x4242, NAME, dns::A, &answers)
}

fn fragments(lost: Option<usize>) -> Vec<u8> {
    let (client, server) = (workstation(), server());
    let mut whole = Scene::new();
    let port = whole.port();
    whole.udp(&client, port, &server, 53, &dns::query(0x4242, NAME, dns::A));
    whole.udp(&server, 53, &client, port, &long_answer());
    let frames: Vec<Vec<u8>> = whole.frames().iter().map(|(_, frame, _)| frame.to_vec()).collect();
    let mut scene = Scene::new();
    scene.frame(frames[0].clone());
    for (index, frame) in frames[1..].iter().enumerate().rev() {
        if lost != Some(index) {
            scene.frame(frame.clone());
        }
    }
    scene.wait_ms(90_000);
    // Time goes on, so that what waits for fragments can give up.
    let mut later =
        scene.tcp_with(&client, &server, 9, TcpStart { only: Some(crate::Direction::ToServer), ..TcpStart::default() });
    later.acknowledge(&mut scene, crate::Direction::ToServer);
    scene.pcap()
}

fn fragments_of_v6() -> Vec<u8> {
    let (client, server) = (workstation().with_ip("2001:db8:20::10"), server().with_ip("2001:db8:20::53"));
    let mut whole = Scene::new();
    let port = whole.port();
    whole.udp(&client, port, &server, 53, &dns::query(0x4242, NAME, dns::A));
    whole.udp(&server, 53, &client, port, &long_answer());
    let frames: Vec<Vec<u8>> = whole.frames().iter().map(|(_, frame, _)| frame.to_vec()).collect();
    let mut scene = Scene::new();
    scene.frame(frames[0].clone());
    let payload = &frames[1][54..];
    let pieces = payload.chunks(1232);
    let last = pieces.len() - 1;
    for (index, piece) in pieces.enumerate() {
        let place = (index * 1232) as u16 | u16::from(index < last);
        let head = [&[17, 0][..], &place.to_be_bytes(), &0x0042_0042_u32.to_be_bytes()].concat();
        scene.ip(&server, &client, 44, &[&head[..], piece].concat());
    }
    scene.pcap()
}

fn duplicates() -> Vec<u8> {
    let mut scene = Scene::new();
    scene.mishaps.doubled = 1000;
    talk(&mut scene, &workstation(), &server());
    scene.pcap()
}
