//! Time, management, logs, and who may enter the network.

use crate::speak::der::{element, integer, oid, sequence};
use crate::speak::{hex, ntp, snmp};
use crate::{Case, Host, Scene};

/// The rows.
pub const CASES: &[Case] = &[
    Case {
        name: "ntp",
        about: "A pump whose clock is three hours ahead asks a time server. Proves that the server is known as one and that the pump's \
                clock is compared with the capture's.",
        build: time,
    },
    Case {
        name: "ntp-control",
        about: "A manager reads a time server's variables by mode 6. Proves that software, processor and system are read from the answer.",
        build: time_control,
    },
    Case {
        name: "snmp",
        about: "A manager reads a printer by SNMP version 2c with a guessable community: description, object id, name, place and \
                serial number; and sets a value by version 1. Proves the facts, the community as a log-in, and that setting is management.",
        build: snmp_v2c,
    },
    Case {
        name: "snmp-v3",
        about: "Discovery of the engine id by SNMP version 3, then an encrypted request. Proves that the engine's maker and MAC address are \
                read, and that the security level is told.",
        build: snmp_v3,
    },
    Case {
        name: "syslog",
        about: "Messages of RFC 3164 and RFC 5424 by UDP, and framed on TCP. Proves host, program and clock; the text does not leave.",
        build: syslog,
    },
    Case {
        name: "radius",
        about: "A switch asks for a device known by its MAC address and is told yes; accounting gives the device's address. Proves that \
                device, switch and port are tied together.",
        build: radius,
    },
    Case {
        name: "tftp",
        about: "A pump reads its configuration by TFTP with options. Proves that a file moved unprotected, with its ending and not its name.",
        build: tftp,
    },
    Case {
        name: "tacacs",
        about: "A switch asks a TACACS+ server about a log-in and a command. Proves that the packets' kinds and their weak protection are \
                told, and bodies are not read.",
        build: tacacs,
    },
];

fn manager() -> Host {
    Host::new("manager", "00:50:56:00:00:40", "10.20.1.40")
}

fn time() -> Vec<u8> {
    let mut scene = Scene::new();
    let (pump, server) =
        (Host::new("pump", "00:03:b1:00:00:51", "10.20.3.51"), Host::new("router", "00:1b:54:00:10:01", "10.20.1.1"));
    ntp::ask(&mut scene, &pump, &server, 3 * 3600);
    scene.pcap()
}

/// RFC 9327 §2: read variables (opcode 2).
fn time_control() -> Vec<u8> {
    let mut scene = Scene::new();
    let server = Host::new("time server", "00:50:56:00:00:23", "10.20.1.123");
    let port = scene.port();
    scene.udp(&manager(), port, &server, 123, &hex("16 02 0001 0000 0000 0000 0000"));
    let text = b"version=\"ntpd 4.2.8p15\", processor=\"x86_64\", system=\"Linux/5.10.0\", leap=0, stratum=2";
    let mut answer = hex("16 82 0001 0615 0000 0000");
    answer.extend((text.len() as u16).to_be_bytes());
    answer.extend(text);
    answer.resize(answer.len().next_multiple_of(4), 0);
    scene.udp(&server, 123, &manager(), port, &answer);
    scene.pcap()
}

fn snmp_v2c() -> Vec<u8> {
    let mut scene = Scene::new();
    let printer = Host::new("printer", "00:01:e6:00:40:31", "10.20.4.31");
    let port = scene.port();
    scene.udp(&manager(), port, &printer, 161, &snmp::get("public", 77));
    let answer = snmp::response("public", 77, "Example Printer 400, firmware 2309059", "1.3.6.1.4.1.32473.2.3.9");
    scene.udp(&printer, 161, &manager(), port, &answer);
    // RFC 3418 (sysName, sysLocation), RFC 3805 (prtGeneralSerialNumber), RFC 6933 (entPhysicalFirmwareRev).
    let values = [
        ("1.3.6.1.2.1.1.5.0", "printer-31"),
        ("1.3.6.1.2.1.1.6.0", "Ward 3"),
        ("1.3.6.1.2.1.43.5.1.1.17.1", "EX00042"),
        ("1.3.6.1.2.1.47.1.1.1.1.9.1", "2309059"),
    ];
    let message = |pdu: u8, full: bool| {
        let bindings: Vec<Vec<u8>> = values
            .iter()
            .map(|(name, value)| sequence(&[oid(name), if full { element(4, value.as_bytes()) } else { element(5, &[]) }]))
            .collect();
        let body = [integer(78), integer(0), integer(0), sequence(&bindings)].concat();
        sequence(&[integer(1), element(4, b"public"), element(pdu, &body)])
    };
    scene.udp(&manager(), port, &printer, 161, &message(0xa0, false));
    scene.udp(&printer, 161, &manager(), port, &message(0xa2, true));
    let setting = sequence(&[oid("1.3.6.1.2.1.1.6.0"), element(4, b"Ward 4")]);
    let set = |pdu: u8| {
        let body = [integer(79), integer(0), integer(0), sequence(std::slice::from_ref(&setting))].concat();
        sequence(&[integer(0), element(4, b"private"), element(pdu, &body)])
    };
    scene.udp(&manager(), port, &printer, 161, &set(0xa3));
    scene.udp(&printer, 161, &manager(), port, &set(0xa2));
    scene.pcap()
}

/// RFC 3412 §6, RFC 3414 §2.4; engine id of RFC 3411 §5 with the enterprise number for examples and a MAC address.
fn snmp_v3() -> Vec<u8> {
    let mut scene = Scene::new();
    let switch = Host::new("switch", "00:1b:54:00:20:02", "10.20.0.2");
    let engine = hex("80007ed9 03 001b54002002");
    let message = |scene: &mut Scene, id: u32, flags: u8, engine: &[u8], user: &str, data: Vec<u8>| {
        let salt = if flags & 2 == 0 { Vec::new() } else { scene.random_bytes(8) };
        let sign = if flags & 1 == 0 { Vec::new() } else { scene.random_bytes(12) };
        let global = sequence(&[integer(id), integer(65_507), element(4, &[flags]), integer(3)]);
        let usm = sequence(&[
            element(4, engine),
            integer(5),
            integer(86_400),
            element(4, user.as_bytes()),
            element(4, &sign),
            element(4, &salt),
        ]);
        sequence(&[integer(3), global, element(4, &usm), data])
    };
    let pdu = |kind: u8, engine: &[u8], bindings: &[Vec<u8>]| {
        let pdu = element(kind, &[integer(1), integer(0), integer(0), sequence(bindings)].concat());
        sequence(&[element(4, engine), element(4, &[]), pdu])
    };
    let port = scene.port();
    let discovery = message(&mut scene, 1, 4, &[], "", pdu(0xa0, &[], &[]));
    scene.udp(&manager(), port, &switch, 161, &discovery);
    // usmStatsUnknownEngineIDs.0.
    let counter = sequence(&[oid("1.3.6.1.6.3.15.1.1.4.0"), element(0x41, &[1])]);
    let report = message(&mut scene, 1, 0, &engine, "", pdu(0xa8, &engine, &[counter]));
    scene.udp(&switch, 161, &manager(), port, &report);
    for (from_manager, flags) in [(true, 7), (false, 3)] {
        let hidden = element(4, &scene.random_bytes(64));
        let bytes = message(&mut scene, 2, flags, &engine, "monitoring", hidden);
        if from_manager {
            scene.udp(&manager(), port, &switch, 161, &bytes);
        } else {
            scene.udp(&switch, 161, &manager(), port, &bytes);
        }
    }
    scene.pcap()
}

fn syslog() -> Vec<u8> {
    let mut scene = Scene::new();
    let logs = manager();
    let pump = Host::new("pump gateway", "00:0c:29:00:00:35", "10.20.3.5");
    let switch = Host::new("switch", "00:1b:54:00:20:02", "10.20.0.2");
    let old = b"<134>Mar  2 08:00:00 pump-gw infusiond[233]: order of Madeup Person, bed 12, accepted";
    scene.udp(&pump, 514, &logs, 514, old);
    let new = "<165>1 2026-03-02T08:00:00.003Z sw-ward-3.clinic.example lldpd 8710 ID47 [x@32473 port=\"7\"] neighbour appeared";
    scene.udp(&switch, 514, &logs, 514, new.as_bytes());
    // RFC 6587 §3.4.1: octet counting.
    let mut tcp = scene.tcp(&switch, &logs, 601);
    let line = "<165>1 2026-03-02T08:00:01Z sw-ward-3.clinic.example sshd 911 - - session opened";
    let framed = format!("{} {line}", line.len());
    tcp.send(&mut scene, crate::Direction::ToServer, [framed.as_bytes(), framed.as_bytes()].concat().as_slice());
    tcp.close(&mut scene);
    scene.pcap()
}

fn radius() -> Vec<u8> {
    let mut scene = Scene::new();
    let (switch, server) =
        (Host::new("switch", "00:1b:54:00:20:02", "10.20.0.2"), Host::new("RADIUS", "00:50:56:00:00:18", "10.20.1.18"));
    let attribute = |kind: u8, value: &[u8]| [&[kind, value.len() as u8 + 2][..], value].concat();
    let message = |scene: &mut Scene, code: u8, id: u8, attributes: &[Vec<u8>]| {
        let attributes = attributes.concat();
        let length = (20 + attributes.len() as u16).to_be_bytes();
        [&[code, id][..], &length, &scene.random_bytes(16), &attributes].concat()
    };
    let place = [
        attribute(4, &switch.ipv4().octets()),
        attribute(32, b"sw-ward-3"),
        attribute(87, b"GigabitEthernet1/0/7"),
        attribute(61, &15_u32.to_be_bytes()),
        attribute(31, b"00-03-B1-00-00-51"),
        attribute(30, b"00-1B-54-00-20-07"),
    ]
    .concat();
    let port = scene.port();
    let hidden = scene.random_bytes(16);
    let ask = message(&mut scene, 1, 9, &[attribute(1, b"0003b1000051"), attribute(2, &hidden), place.clone()]);
    scene.udp(&switch, port, &server, 1812, &ask);
    let accept = message(&mut scene, 2, 9, &[attribute(64, &[0, 0, 0, 13]), attribute(81, b"120")]);
    scene.udp(&server, 1812, &switch, port, &accept);
    let start = [attribute(40, &[0, 0, 0, 1]), attribute(44, b"0000002A"), attribute(8, &[10, 20, 3, 51])];
    let account = message(&mut scene, 4, 10, &[attribute(1, b"0003b1000051"), place, start.concat()]);
    let port = scene.port();
    scene.udp(&switch, port, &server, 1813, &account);
    let answer = message(&mut scene, 5, 10, &[]);
    scene.udp(&server, 1813, &switch, port, &answer);
    scene.pcap()
}

/// RFC 1350 §5, options of RFC 2347 to 2349.
fn tftp() -> Vec<u8> {
    let mut scene = Scene::new();
    let (pump, server) = (Host::new("pump", "00:03:b1:00:00:51", "10.20.3.51"), manager());
    let (port, answering) = (scene.port(), 50_069);
    scene.udp(&pump, port, &server, 69, b"\0\x01wards/madeup-ward/pump51.cfg\0octet\0tsize\x000\0blksize\x00512\0");
    scene.udp(&server, answering, &pump, port, b"\0\x06tsize\x0018\0blksize\x00512\0");
    scene.udp(&pump, port, &server, answering, &[0, 4, 0, 0]);
    scene.udp(&server, answering, &pump, port, b"\0\x03\0\x01rate limit 999 ml\n");
    scene.udp(&pump, port, &server, answering, &[0, 4, 0, 1]);
    scene.pcap()
}

/// RFC 8907 §4.1: obfuscated bodies are random here.
fn tacacs() -> Vec<u8> {
    let mut scene = Scene::new();
    let (switch, server) =
        (Host::new("switch", "00:1b:54:00:20:02", "10.20.0.2"), Host::new("AAA server", "00:50:56:00:00:18", "10.20.1.18"));
    for (kind, version, packets) in [(1, 0xc0, 4), (2, 0xc0, 2)] {
        let mut tcp = scene.tcp(&switch, &server, 49);
        let session = scene.random_bytes(4);
        for sequence in 1..=packets {
            let body = scene.random_bytes(30 + usize::from(sequence));
            let head = [&[version, kind, sequence, 0][..], &session, &(body.len() as u32).to_be_bytes(), &body].concat();
            let direction = if sequence % 2 == 1 { crate::Direction::ToServer } else { crate::Direction::ToClient };
            tcp.send(&mut scene, direction, &head);
        }
        tcp.close(&mut scene);
    }
    scene.pcap()
}
