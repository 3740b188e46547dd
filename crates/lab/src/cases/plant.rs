//! Building and plant.

use crate::speak::hex;
use crate::{Case, Direction, Host, Scene};

/// The rows.
pub const CASES: &[Case] = &[
    Case {
        name: "bacnet",
        about: "Who-Is, I-Am, a read of a controller's vendor, model and firmware, and a written set point. Proves the device's facts and \
                that writing is control.",
        build: bacnet,
    },
    Case {
        name: "modbus",
        about: "Registers read, written, and the device identification read over Modbus/TCP. Proves functions, control and identity.",
        build: modbus,
    },
    Case {
        name: "enip",
        about: "EtherNet/IP: identities listed over UDP, a session registered over TCP. Proves vendor, product, revision and serial.",
        build: ethernet_ip,
    },
    Case {
        name: "s7",
        about: "S7 communication: connection, set-up, module identification read. Proves order number, firmware and what was done.",
        build: s7,
    },
    Case {
        name: "opcua",
        about: "OPC UA hello, acknowledge, a channel without security, endpoints asked for. Proves endpoint and missing security.",
        build: opc_ua,
    },
];

fn station() -> Host {
    Host::new("building station", "00:50:56:00:00:47", "10.20.5.10").with_ttl(128)
}

fn controller() -> Host {
    Host::new("controller", "00:0d:2c:00:50:51", "10.20.5.51")
}

/// ASHRAE 135: BVLC (annex J), NPDU (clause 6), APDU (clause 20).
fn bacnet() -> Vec<u8> {
    const PORT: u16 = 47_808;
    let mut scene = Scene::new();
    let everybody = Host::broadcast().with_ip("10.20.5.255");
    let bvlc = |function: u8, rest: Vec<u8>| [&[0x81, function][..], &(rest.len() as u16 + 4).to_be_bytes(), &rest].concat();
    scene.udp(&station(), PORT, &everybody, PORT, &bvlc(0x0b, hex("0120ffff00ff 1008")));
    // I-Am: device 5051, 1476 octets, segmentation none, vendor 999.
    scene.udp(&controller(), PORT, &everybody, PORT, &bvlc(0x0b, hex("0100 1000 c4020013bb 2205c4 9103 2203e7")));
    let text = |value: &str| [&[0x75, value.len() as u8 + 1, 0][..], value.as_bytes()].concat();
    for (invoke, property, value) in
        [(1, 121, "Example Controls"), (2, 70, "Model VC-3"), (3, 44, "4.2"), (4, 12, "1.9"), (5, 77, "VENT-OR-2")]
    {
        let ask = [hex("0104 0005"), vec![invoke], hex("0c 0c020013bb 19"), vec![property]].concat();
        scene.udp(&station(), PORT, &controller(), PORT, &bvlc(0x0a, ask));
        let answer =
            [hex("0100 30"), vec![invoke], hex("0c 0c020013bb 19"), vec![property], vec![0x3e], text(value), vec![0x3f]].concat();
        scene.udp(&controller(), PORT, &station(), PORT, &bvlc(0x0a, answer));
    }
    // WriteProperty: analog value 1, present value, real 21.0, priority 8.
    scene.udp(&station(), PORT, &controller(), PORT, &bvlc(0x0a, hex("0104 0005 06 0f 0c00800001 1955 3e 4441a80000 3f 4908")));
    scene.udp(&controller(), PORT, &station(), PORT, &bvlc(0x0a, hex("0100 20 06 0f")));
    scene.pcap()
}

/// Modbus Messaging on TCP/IP 1.0b §3.1.3; functions of the Application Protocol 1.1b3 §6.
fn modbus() -> Vec<u8> {
    let mut scene = Scene::new();
    let mut tcp = scene.tcp(&station(), &controller(), 502);
    let adu =
        |id: u16, pdu: Vec<u8>| [&id.to_be_bytes()[..], &[0, 0], &(pdu.len() as u16 + 1).to_be_bytes(), &[1], &pdu].concat();
    tcp.exchange(&mut scene, &adu(1, hex("03 0000 0002")), &adu(1, hex("03 04 00d2 0015")));
    tcp.exchange(&mut scene, &adu(2, hex("06 0001 00d7")), &adu(2, hex("06 0001 00d7")));
    let objects: Vec<u8> = [(0, "Example Controls"), (1, "VC-3"), (2, "4.2")]
        .iter()
        .flat_map(|(id, text)| [&[*id, text.len() as u8][..], text.as_bytes()].concat())
        .collect();
    tcp.exchange(&mut scene, &adu(3, hex("2b 0e 01 00")), &adu(3, [hex("2b 0e 01 01 00 00 03"), objects].concat()));
    tcp.exchange(&mut scene, &adu(4, hex("03 9999 0001")), &adu(4, hex("83 02")));
    tcp.close(&mut scene);
    scene.pcap()
}

/// The EtherNet/IP specification (CIP volume 2 §2-3, §2-4): little-endian.
fn ethernet_ip() -> Vec<u8> {
    let mut scene = Scene::new();
    let head = |command: u16, session: u32, data: &[u8]| {
        let sizes = [&command.to_le_bytes()[..], &(data.len() as u16).to_le_bytes(), &session.to_le_bytes()].concat();
        [&sizes[..], &[0; 16], data].concat()
    };
    let port = scene.port();
    scene.udp(&station(), port, &Host::broadcast().with_ip("10.20.5.255"), 44_818, &head(0x63, 0, &[]));
    let name = b"Example VC-3";
    let mut identity = hex("0100");
    // Socket address, big-endian: family, port, address.
    identity.extend(hex("0002 af12 0a140533 0000000000000000"));
    // Vendor 9999, device type 12, product 33, revision 4.2, status, serial, name, state.
    identity.extend(hex("0f27 0c00 2100 0402 3000 2a000050"));
    identity.push(name.len() as u8);
    identity.extend(name);
    identity.push(3);
    let list = [&hex("0100 0c00")[..], &(identity.len() as u16).to_le_bytes(), &identity].concat();
    scene.udp(&controller(), 44_818, &station(), port, &head(0x63, 0, &list));
    let mut tcp = scene.tcp(&station(), &controller(), 44_818);
    tcp.exchange(&mut scene, &head(0x65, 0, &hex("0100 0000")), &head(0x65, 7, &hex("0100 0000")));
    // Get attributes all of the identity object, unconnected: interface handle, timeout, items (null, data).
    let ask = hex("00000000 0a00 0200 0000 0000 b200 0600 01 02 2001 2401");
    let attributes = [&hex("81 00 00 00 0f27 0c00 2100 0402 3000 2a000050")[..], &[name.len() as u8], name].concat();
    let answer = [&hex("00000000 0a00 0200 0000 0000 b200")[..], &(attributes.len() as u16).to_le_bytes(), &attributes].concat();
    tcp.exchange(&mut scene, &head(0x6f, 7, &ask), &head(0x6f, 7, &answer));
    tcp.send(&mut scene, Direction::ToServer, &head(0x66, 7, &[]));
    tcp.close(&mut scene);
    scene.pcap()
}

/// TPKT (RFC 1006), COTP (ISO 8073), S7 as observed.
fn s7() -> Vec<u8> {
    let mut scene = Scene::new();
    let plc = Host::new("controller", "28:63:36:00:50:52", "10.20.5.52");
    let mut tcp = scene.tcp(&station(), &plc, 102);
    let tpkt = |body: Vec<u8>| [&[3, 0][..], &(body.len() as u16 + 4).to_be_bytes(), &body].concat();
    let data = |body: Vec<u8>| tpkt([hex("02 f0 80"), body].concat());
    tcp.exchange(
        &mut scene,
        &tpkt(hex("11 e0 0000 0001 00 c0010a c1020100 c2020102")),
        &tpkt(hex("11 d0 0001 0002 00 c0010a c1020100 c2020102")),
    );
    tcp.exchange(
        &mut scene,
        &data(hex("32 01 0000 0100 0008 0000 f0 00 0001 0001 01e0")),
        &data(hex("32 03 0000 0100 0008 0000 00 00 f0 00 0001 0001 00f0")),
    );
    // Read SZL 0x0011, module identification: user data, group CPU, subfunction 1.
    let ask = hex("32 07 0000 0200 0008 0008 000112 04 11 44 01 00 ff 09 0004 0011 0000");
    let record = |index: u16, order: &str, version: &[u8]| {
        [&index.to_be_bytes()[..], format!("{order:20}").as_bytes(), &[0, 0], version].concat()
    };
    let records = [record(1, "6EX7 000-0AB00-0AB0", &[0, 1, 0, 0]), record(7, "6EX7 000-0AB00-0AB0", &[b'V', 4, 2, 0])].concat();
    let list = [hex("0011 0000 001c 0002"), records].concat();
    let body = [&hex("ff 09")[..], &(list.len() as u16).to_be_bytes(), &list].concat();
    let head =
        [&hex("32 07 0000 0200 000c")[..], &(body.len() as u16).to_be_bytes(), &hex("000112 08 12 84 01 01 00 00 0000")].concat();
    tcp.exchange(&mut scene, &data(ask), &data([head, body].concat()));
    // Write one octet of data block 1, then stop.
    tcp.exchange(
        &mut scene,
        &data(hex("32 01 0000 0300 000e 0005 05 01 12 0a 10 02 0001 0001 84 000000 00 04 0008 2a")),
        &data(hex("32 03 0000 0300 0002 0001 00 00 05 01 ff")),
    );
    tcp.close(&mut scene);
    scene.pcap()
}

/// OPC 10000-6 §7.1: message type, chunk, size; little-endian.
fn opc_ua() -> Vec<u8> {
    let mut scene = Scene::new();
    let server = Host::new("server", "00:50:56:00:00:48", "10.20.5.48").with_ttl(128);
    let mut tcp = scene.tcp(&station(), &server, 4840);
    let message = |kind: &str, body: Vec<u8>| [kind.as_bytes(), b"F", &(body.len() as u32 + 8).to_le_bytes(), &body].concat();
    let text = |value: &str| [&(value.len() as u32).to_le_bytes()[..], value.as_bytes()].concat();
    let url = "opc.tcp://ventilation.clinic.example:4840/plant";
    let sizes = hex("00000000 00000100 00000100 00000000 00000000");
    tcp.exchange(&mut scene, &message("HEL", [sizes.clone(), text(url)].concat()), &message("ACK", sizes));
    let none = "http://opcfoundation.org/UA/SecurityPolicy#None";
    let asymmetric = [text(none), hex("ffffffff ffffffff 01000000 01000000")].concat();
    // OpenSecureChannelRequest (446): header, version, issue, mode none, no nonce, one hour.
    let header = |id: &str| [hex(id), hex("0000 0000000000000000 01000000 00000000 ffffffff 00000000 000000")].concat();
    let open = [header("0100be01"), hex("00000000 00000000 01000000 ffffffff 80ee3600")].concat();
    let response = hex("0000000000000000 01000000 00000000 00 00000000 000000");
    let opened =
        [hex("0100c101"), response.clone(), hex("00000000 07000000 01000000 0000000000000000 80ee3600 ffffffff")].concat();
    let channel = |body: Vec<u8>, number: u32| [&number.to_le_bytes()[..], &body].concat();
    tcp.exchange(
        &mut scene,
        &message("OPN", channel([asymmetric.clone(), open].concat(), 0)),
        &message("OPN", channel([asymmetric, opened].concat(), 7)),
    );
    // GetEndpointsRequest (428).
    let ask = [header("0100ac01"), text(url), hex("00000000 00000000")].concat();
    let answer = [hex("0100af01"), response, hex("00000000")].concat();
    let symmetric = |body: Vec<u8>| [hex("07000000 01000000 02000000 02000000"), body].concat();
    tcp.exchange(&mut scene, &message("MSG", symmetric(ask)), &message("MSG", symmetric(answer)));
    tcp.close(&mut scene);
    scene.pcap()
}
