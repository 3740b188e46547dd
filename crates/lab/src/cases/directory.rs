//! Windows networks and directories.

use crate::cases::names::netbios;
use crate::speak::der::{element, integer, oid, sequence};
use crate::speak::smb2::{file_time, message};
use crate::speak::{hex, smb, utf16};
use crate::{Case, Direction, Host, Scene};
use Direction::{ToClient, ToServer};

/// The rows.
pub const CASES: &[Case] = &[
    Case {
        name: "smb",
        about: "SMB 3.1.1: negotiation, session setup by NTLM, a share. Proves dialect, server GUID, clock, names and Windows build of both \
                sides, account and outcome.",
        build: smb_3,
    },
    Case {
        name: "smb-1",
        about: "SMB 1 in a NetBIOS session, with the systems' own words for themselves. Proves dialect and operating systems.",
        build: smb_1,
    },
    Case {
        name: "nbss",
        about: "A NetBIOS session request that is refused. Proves the names called and calling.",
        build: session_service,
    },
    Case {
        name: "ldap",
        about: "A simple bind to a directory, a failed one, a search and the root entry; a domain controller located over UDP. Proves \
                account, outcome and server names; the secret and what is searched for do not leave.",
        build: directory,
    },
    Case {
        name: "kerberos",
        about: "A host asks for a ticket over UDP, is told to prove itself, and gets one over TCP. Proves realm, host, service and ciphers.",
        build: tickets,
    },
    Case {
        name: "dcerpc",
        about: "A client binds to the resolver of object exporters (MS-DCOM) and asks whether the server is alive. Proves which interface is used.",
        build: remote_procedures,
    },
];

fn hosts() -> (Host, Host) {
    let client = Host::new("workstation", "3c:52:82:00:00:10", "10.20.1.10").with_ttl(128);
    (client, Host::new("domain controller", "00:50:56:00:00:11", "10.20.1.11").with_ttl(128))
}

/// A message of SMB behind its length (MS-SMB2 §2.1).
fn direct(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u32).to_be_bytes()[..], message].concat()
}

fn smb2(command: u16, status: u32, reply: bool, id: u64, session: u64, tree: u32, body: &[u8]) -> Vec<u8> {
    message(command, status, reply, id, (session, tree), body)
}

/// NEGOTIATE_MESSAGE (MS-NLMP §2.2.1.1): flags, no names, Windows 10.0 build 19045.
fn ntlm_negotiate() -> Vec<u8> {
    hex("4e544c4d53535000 01000000 978208e2 0000000000000000 0000000000000000 0a00654a0000000f")
}

fn ntlm_challenge(scene: &mut Scene) -> Vec<u8> {
    let name = utf16("CLINIC");
    let pair = |id: u16, value: &[u8]| [&id.to_le_bytes()[..], &(value.len() as u16).to_le_bytes(), value].concat();
    let info = [
        pair(2, &utf16("CLINIC")),
        pair(1, &utf16("DC-11")),
        pair(4, &utf16("clinic.example")),
        pair(3, &utf16("dc-11.clinic.example")),
        pair(7, &file_time(scene)),
        pair(0, &[]),
    ]
    .concat();
    let field = |length: usize, at: usize| {
        [(length as u16).to_le_bytes(), (length as u16).to_le_bytes(), (at as u16).to_le_bytes(), [0, 0]].concat()
    };
    [
        hex("4e544c4d53535000 02000000"),
        field(name.len(), 56),
        hex("158289e2"),
        scene.random_bytes(8),
        vec![0; 8],
        field(info.len(), 56 + name.len()),
        hex("0a00634500 00000f"),
        name,
        info,
    ]
    .concat()
}

fn ntlm_authenticate(scene: &mut Scene, user: &str) -> Vec<u8> {
    let parts = [scene.random_bytes(24), scene.random_bytes(48), utf16("CLINIC"), utf16(user), utf16("WS-10"), Vec::new()];
    let mut at = 88;
    let mut fields = Vec::new();
    for part in &parts {
        fields.extend((part.len() as u16).to_le_bytes());
        fields.extend((part.len() as u16).to_le_bytes());
        fields.extend((at as u32).to_le_bytes());
        at += part.len();
    }
    [hex("4e544c4d53535000 03000000"), fields, hex("158288e2 0a00654a0000000f"), vec![0; 16], parts.concat()].concat()
}

/// SPNEGO (RFC 4178 §4.2): the first token names NTLM, the others only carry.
fn spnego_init(token: &[u8]) -> Vec<u8> {
    let mechanisms = element(0xa0, &sequence(&[oid("1.3.6.1.4.1.311.2.2.10")]));
    let inner = element(0xa0, &sequence(&[mechanisms, element(0xa2, &element(4, token))]));
    element(0x60, &[oid("1.3.6.1.5.5.2"), inner].concat())
}

fn spnego_next(state: u8, token: &[u8]) -> Vec<u8> {
    let token = if token.is_empty() { Vec::new() } else { element(0xa2, &element(4, token)) };
    element(0xa1, &sequence(&[element(0xa0, &element(10, &[state])), token]))
}

fn smb_3() -> Vec<u8> {
    let (client, server) = hosts();
    let mut scene = Scene::new();
    let mut tcp = scene.tcp(&client, &server, 445);
    let guid = scene.random_bytes(16);
    // NEGOTIATE (§2.2.3) with two dialects and the preauthentication context that 3.1.1 needs.
    let context = |salt: Vec<u8>| [hex("0100 2600 00000000 0100 2000 0100"), salt].concat();
    let salt = scene.random_bytes(32);
    let ask = [hex("2400 0200 0100 0000 7f000000"), guid, hex("68000000 0100 0000 0210 1103"), context(salt)].concat();
    tcp.send(&mut scene, ToServer, &smb2(0, 0, false, 0, 0, 0, &ask));
    let token = spnego_init(&[]);
    let salt = scene.random_bytes(32);
    let time = file_time(&scene);
    let padding = vec![0; (8 - (64 + token.len()) % 8) % 8];
    let context_at = (128 + token.len() + padding.len()) as u32;
    let answer = [
        hex("4100 0300 1103 0100 00112233445566778899005056000011 2f000000 00008000 00008000 00008000"),
        time.to_vec(),
        vec![0; 8],
        [&128_u16.to_le_bytes()[..], &(token.len() as u16).to_le_bytes(), &context_at.to_le_bytes()].concat(),
        token,
        padding,
        context(salt),
    ]
    .concat();
    tcp.send(&mut scene, ToClient, &smb2(0, 0, true, 0, 0, 0, &answer));
    // SESSION_SETUP (§2.2.5, §2.2.6) in two rounds.
    let setup = |token: &[u8]| {
        [&hex("1900 00 01 01000000 00000000 5800")[..], &(token.len() as u16).to_le_bytes(), &[0; 8], token].concat()
    };
    let reply = |token: &[u8]| [&hex("0900 0000 4800")[..], &(token.len() as u16).to_le_bytes(), token].concat();
    let first = setup(&spnego_init(&ntlm_negotiate()));
    let challenge = reply(&spnego_next(1, &ntlm_challenge(&mut scene)));
    tcp.exchange(&mut scene, &smb2(1, 0, false, 1, 0, 0, &first), &smb2(1, 0xc000_0016, true, 1, 9, 0, &challenge));
    let second = setup(&spnego_next(1, &ntlm_authenticate(&mut scene, "svc-backup")));
    tcp.exchange(&mut scene, &smb2(1, 0, false, 2, 9, 0, &second), &smb2(1, 0, true, 2, 9, 0, &reply(&spnego_next(0, &[]))));
    // TREE_CONNECT (§2.2.9, §2.2.10).
    let path = utf16("\\\\dc-11\\IPC$");
    let connect = [&hex("0900 0000 4800")[..], &(path.len() as u16).to_le_bytes(), &path].concat();
    let connected = hex("1000 02 00 30000000 00000000 ff011f00");
    tcp.exchange(&mut scene, &smb2(3, 0, false, 3, 9, 0, &connect), &smb2(3, 0, true, 3, 9, 5, &connected));
    tcp.close(&mut scene);
    scene.pcap()
}

fn session_request() -> Vec<u8> {
    let names = [netbios("OLDSRV", 0x20), netbios("OLDWS-21", 0)].concat();
    [&[0x81, 0][..], &(names.len() as u16).to_be_bytes(), &names].concat()
}

fn smb_1() -> Vec<u8> {
    let (client, server) = hosts();
    let mut scene = Scene::new();
    let mut tcp = scene.tcp(&client, &server, 139);
    tcp.exchange(&mut scene, &session_request(), &hex("82 00 0000"));
    let negotiated = smb::negotiated(&mut scene, "WARDS", "OLDSRV");
    tcp.exchange(&mut scene, &smb::negotiate(), &negotiated);
    let setup = smb::session_setup(&mut scene, "svc-scan", "WARDS", "Windows 2002 2600 Service Pack 3", "Windows 2002 5.1");
    tcp.exchange(&mut scene, &setup, &smb::session_set_up("Windows Server 2003 3790", "Windows Server 2003 5.2", "WARDS"));
    tcp.close(&mut scene);
    scene.pcap()
}

fn session_service() -> Vec<u8> {
    let (client, server) = hosts();
    let mut scene = Scene::new();
    let mut tcp = scene.tcp(&client, &server, 139);
    // Called name not present (RFC 1002 §4.3.4).
    tcp.exchange(&mut scene, &session_request(), &hex("83 00 0001 82"));
    tcp.close(&mut scene);
    scene.pcap()
}

/// RFC 4511 §4: number and operation.
fn ldap_message(id: u32, operation: u8, body: &[Vec<u8>]) -> Vec<u8> {
    sequence(&[integer(id), element(operation, &body.concat())])
}

fn ldap_result(code: u8) -> [Vec<u8>; 3] {
    [element(10, &[code]), element(4, &[]), element(4, &[])]
}

fn directory() -> Vec<u8> {
    let (client, server) = hosts();
    let mut scene = Scene::new();
    let mut tcp = scene.tcp(&client, &server, 389);
    let bind = |id: u32, secret: &str| {
        let name = element(4, b"CN=svc-scan,OU=Service,DC=clinic,DC=example");
        ldap_message(id, 0x60, &[integer(3), name, element(0x80, secret.as_bytes())])
    };
    tcp.exchange(&mut scene, &bind(1, "made-up-guess-389"), &ldap_message(1, 0x61, &ldap_result(49)));
    tcp.exchange(&mut scene, &bind(2, "made-up-secret-389"), &ldap_message(2, 0x61, &ldap_result(0)));
    let search = |id: u32, base: &str, scope: u8, filter: Vec<u8>| {
        let parts = [
            element(4, base.as_bytes()),
            element(10, &[scope]),
            element(10, &[0]),
            integer(0),
            integer(0),
            element(1, &[0]),
            filter,
            sequence(&[]),
        ];
        ldap_message(id, 0x63, &parts)
    };
    let attribute =
        |name: &str, value: &str| sequence(&[element(4, name.as_bytes()), element(0x31, &element(4, value.as_bytes()))]);
    let root = sequence(&[
        attribute("defaultNamingContext", "DC=clinic,DC=example"),
        attribute("dnsHostName", "dc-11.clinic.example"),
        attribute("currentTime", "20260302080000.0Z"),
    ]);
    let entry = ldap_message(3, 0x64, &[element(4, b""), root]);
    let present = element(0x87, b"objectClass");
    let done = |id: u32| ldap_message(id, 0x65, &ldap_result(0));
    tcp.exchange(&mut scene, &search(3, "", 0, present), &[entry, done(3)].concat());
    let by_name = element(0xa3, &[element(4, b"cn"), element(4, b"Fictitia Ada")].concat());
    tcp.exchange(&mut scene, &search(4, "DC=clinic,DC=example", 2, by_name), &done(4));
    tcp.send(&mut scene, ToServer, &ldap_message(5, 0x42, &[]));
    tcp.close(&mut scene);
    // Locating a domain controller (MS-ADTS §6.3.3): filter over UDP.
    let equal = |name: &str, value: &[u8]| element(0xa3, &[element(4, name.as_bytes()), element(4, value)].concat());
    let filter = [equal("DnsDomain", b"clinic.example"), equal("Host", b"WS-10"), equal("NtVer", &[6, 0, 0, 0])].concat();
    let port = scene.port();
    scene.udp(&client, port, &server, 389, &search(1, "", 0, element(0xa0, &filter)));
    scene.pcap()
}

/// RFC 4120 §5.4: KDC-REQ with a body, and what answers.
fn tickets() -> Vec<u8> {
    let (client, server) = hosts();
    let mut scene = Scene::new();
    let tagged = |number: u8, inner: Vec<u8>| element(0xa0 | number, &inner);
    let text = |value: &str| element(0x1b, value.as_bytes());
    let name = |kind: u32, parts: &[&str]| {
        let parts: Vec<Vec<u8>> = parts.iter().map(|part| text(part)).collect();
        sequence(&[tagged(0, integer(kind)), tagged(1, sequence(&parts))])
    };
    let time = |value: &str| element(0x18, value.as_bytes());
    let service = ["krbtgt", "CLINIC.EXAMPLE"];
    let body = sequence(&[
        tagged(0, element(3, &[0, 0x40, 0x81, 0, 0x10])),
        tagged(1, name(1, &["WS-10$"])),
        tagged(2, text("CLINIC.EXAMPLE")),
        tagged(3, name(2, &service)),
        tagged(5, time("20370913024805Z")),
        tagged(7, integer(0x1234_5678)),
        tagged(8, sequence(&[integer(18), integer(17), integer(23)])),
        tagged(9, sequence(&[sequence(&[tagged(0, integer(20)), tagged(1, element(4, b"WS-10           "))])])),
    ]);
    let request = element(0x6a, &sequence(&[tagged(1, integer(5)), tagged(2, integer(10)), tagged(4, body)]));
    let error = element(
        0x7e,
        &sequence(&[
            tagged(0, integer(5)),
            tagged(1, integer(30)),
            tagged(4, time("20260302080000Z")),
            tagged(5, integer(1234)),
            tagged(6, integer(25)),
            tagged(9, text("CLINIC.EXAMPLE")),
            tagged(10, name(2, &service)),
        ]),
    );
    let port = scene.port();
    scene.udp(&client, port, &server, 88, &request);
    scene.udp(&server, 88, &client, port, &error);
    let hidden = |scene: &mut Scene, kind: u32, size: usize| {
        sequence(&[tagged(0, integer(kind)), tagged(2, element(4, &scene.random_bytes(size)))])
    };
    let ticket_part = hidden(&mut scene, 18, 200);
    let ticket = element(
        0x61,
        &sequence(&[
            tagged(0, integer(5)),
            tagged(1, text("CLINIC.EXAMPLE")),
            tagged(2, name(2, &service)),
            tagged(3, ticket_part),
        ]),
    );
    let own_part = hidden(&mut scene, 18, 150);
    let reply = element(
        0x6b,
        &sequence(&[
            tagged(0, integer(5)),
            tagged(1, integer(11)),
            tagged(3, text("CLINIC.EXAMPLE")),
            tagged(4, name(1, &["WS-10$"])),
            tagged(5, ticket),
            tagged(6, own_part),
        ]),
    );
    let mut tcp = scene.tcp(&client, &server, 88);
    tcp.exchange(&mut scene, &direct(&request), &direct(&reply));
    tcp.close(&mut scene);
    scene.pcap()
}

/// C706 §12.6: bind with one context, acknowledged, a call, its answer.
fn remote_procedures() -> Vec<u8> {
    let (client, server) = hosts();
    let mut scene = Scene::new();
    let mut tcp = scene.tcp(&client, &server, 135);
    let pdu = |kind: u8, call: u32, body: &[u8]| {
        let head = [&[5, 0, kind, 3, 0x10, 0, 0, 0][..], &(body.len() as u16 + 16).to_le_bytes(), &[0, 0]].concat();
        [&head[..], &call.to_le_bytes(), body].concat()
    };
    let resolver = hex("c4fefc9960521b10bbcb00aa0021347a 00000000");
    let ndr = hex("045d888aeb1cc9119fe808002b104860 02000000");
    let bind = [hex("d016 d016 00000000 01 000000 0000 01 00"), resolver, ndr.clone()].concat();
    let taken = [hex("d016 d016 11220000 0400 31333500 0000 01 000000 0000 0000"), ndr].concat();
    tcp.exchange(&mut scene, &pdu(11, 1, &bind), &pdu(12, 1, &taken));
    // ServerAlive, operation 3: nothing is given, a status comes back.
    let call = hex("00000000 0000 0300");
    let results = hex("04000000 0000 00 00 00000000");
    tcp.exchange(&mut scene, &pdu(0, 2, &call), &pdu(2, 2, &results));
    tcp.close(&mut scene);
    scene.pcap()
}
