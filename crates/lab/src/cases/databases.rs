//! Databases.

use crate::speak::{hex, utf16};
use crate::{Case, Direction, Host, Scene};
use Direction::{ToClient, ToServer};

/// The rows.
pub const CASES: &[Case] = &[
    Case {
        name: "mssql",
        about: "A laboratory system logs in to SQL Server without encryption. Proves server version, program, host and account; the \
                lightly hidden secret and the query do not leave.",
        build: sql_server,
    },
    Case {
        name: "postgresql",
        about: "A PostgreSQL log-in with SCRAM, then one with a password in the clear. Proves version, program, account and both ways.",
        build: postgresql,
    },
    Case {
        name: "postgresql-tls",
        about: "A PostgreSQL connection that asks for TLS and gets it. Proves the hand-over.",
        build: postgresql_tls,
    },
    Case {
        name: "mysql",
        about: "A MySQL greeting, a log-in with a challenge, and a refusal of another. Proves version, account and outcome.",
        build: mysql,
    },
];

fn hosts() -> (Host, Host) {
    let client = Host::new("analyser", "00:06:6b:00:40:21", "10.20.2.21").with_ttl(128);
    (client, Host::new("database", "00:50:56:00:00:33", "10.20.1.33").with_ttl(128))
}

/// MS-TDS §2.2.3: type, status, length, SPID, packet, window.
fn tds(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind, 1][..], &(body.len() as u16 + 8).to_be_bytes(), &[0, 0, 1, 0], body].concat()
}

fn sql_server() -> Vec<u8> {
    let (client, server) = hosts();
    let mut scene = Scene::new();
    let mut tcp = scene.tcp(&client, &server, 1433);
    // PRELOGIN (§2.2.6.5): version and encryption; not supported by either.
    let ask = hex("00 000b 0006 01 0011 0001 ff 09000000 0000 02");
    let answer = hex("00 000b 0006 01 0011 0001 ff 0f0007d0 0000 02");
    tcp.exchange(&mut scene, &tds(0x12, &ask), &tds(4, &answer));
    tcp.send(&mut scene, ToServer, &tds(0x10, &login7()));
    // LOGINACK (§2.2.7.14): interface SQL, TDS 7.4, program, version 15.0.2000; then DONE.
    let program = utf16("Microsoft SQL Server\0\0");
    let token = [&[1, 0x74, 0, 0, 4, (program.len() / 2) as u8][..], &program, &hex("0f0007d0")].concat();
    let ack = [&[0xad][..], &(token.len() as u16).to_le_bytes(), &token, &hex("fd 0000 0000 0000000000000000")].concat();
    tcp.send(&mut scene, ToClient, &tds(4, &ack));
    let query =
        [hex("16000000 12000000 0200 0000000000000000 01000000"), utf16("select name from patients where name = 'Fictitia'")];
    tcp.send(&mut scene, ToServer, &tds(1, &query.concat()));
    tcp.send(&mut scene, ToClient, &tds(4, &hex("fd 1000 c100 0000000000000000")));
    tcp.close(&mut scene);
    scene.pcap()
}

/// LOGIN7 (MS-TDS §2.2.6.4): fixed part, offsets and lengths in characters, then the texts.
fn login7() -> Vec<u8> {
    // Nibbles swapped, then exclusive or with 0xa5.
    let hidden: Vec<u8> = utf16("made-up-secret-1433").iter().map(|byte| byte.rotate_left(4) ^ 0xa5).collect();
    let texts: [Vec<u8>; 9] = [
        utf16("ANALYSER-21"),
        utf16("svc_lis"),
        hidden,
        utf16("ExampleLIS"),
        utf16("db.clinic.example"),
        Vec::new(),
        utf16("ExampleDriver"),
        Vec::new(),
        utf16("results"),
    ];
    let mut fixed = hex("04000074 00100000 00000006 d2040000 00000000 e0 03 00 00 00000000 09040000");
    let mut at = 94_u16;
    let mut body = Vec::new();
    for text in &texts {
        fixed.extend(at.to_le_bytes());
        fixed.extend((text.len() as u16 / 2).to_le_bytes());
        at += text.len() as u16;
        body.extend(text);
    }
    fixed.extend(client_mac());
    // SSPI, file to attach, new password, long SSPI length.
    for _ in 0..3 {
        fixed.extend([at.to_le_bytes(), [0, 0]].concat());
    }
    fixed.extend([0; 4]);
    let whole = [fixed, body].concat();
    [&(whole.len() as u32 + 4).to_le_bytes()[..], &whole].concat()
}

const fn client_mac() -> [u8; 6] {
    [0x00, 0x06, 0x6b, 0x00, 0x40, 0x21]
}

/// PostgreSQL protocol 3.0: type, length with itself, body.
fn pg(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &(body.len() as u32 + 4).to_be_bytes(), body].concat()
}

fn pg_startup(user: &str) -> Vec<u8> {
    let body = [&hex("00030000")[..], format!("user\0{user}\0database\0results\0application_name\0ExampleLIS 4\0\0").as_bytes()]
        .concat();
    [&(body.len() as u32 + 4).to_be_bytes()[..], &body].concat()
}

fn postgresql() -> Vec<u8> {
    let (client, server) = hosts();
    let mut scene = Scene::new();
    let ready = [
        pg(b'R', &hex("00000000")),
        pg(b'S', b"server_version\x0013.14\0"),
        pg(b'S', b"client_encoding\0UTF8\0"),
        pg(b'K', &hex("00000539 0a0b0c0d")),
        pg(b'Z', b"I"),
    ]
    .concat();
    let mut tcp = scene.tcp(&client, &server, 5432);
    tcp.exchange(&mut scene, &pg_startup("svc_lis"), &pg(b'R', b"\0\0\0\x0aSCRAM-SHA-256\0\0"));
    let first = b"n,,n=,r=fyko+d2lbbFgONRv9qkxdawL";
    let first = [b"SCRAM-SHA-256\0".as_slice(), &(first.len() as u32).to_be_bytes(), first].concat();
    let second = b"\0\0\0\x0br=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=AAAA,i=4096";
    tcp.exchange(&mut scene, &pg(b'p', &first), &pg(b'R', second));
    let proof = b"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=AAAA";
    tcp.exchange(&mut scene, &pg(b'p', proof), &[pg(b'R', b"\0\0\0\x0cv=AAAA"), ready.clone()].concat());
    let query = pg(b'Q', b"select name from patients where name = 'Fictitia'\0");
    tcp.exchange(&mut scene, &query, &[pg(b'C', b"SELECT 0\0"), pg(b'Z', b"I")].concat());
    tcp.send(&mut scene, ToServer, &pg(b'X', &[]));
    tcp.close(&mut scene);
    let mut tcp = scene.tcp(&client, &server, 5432);
    tcp.exchange(&mut scene, &pg_startup("postgres"), &pg(b'R', &hex("00000003")));
    tcp.exchange(&mut scene, &pg(b'p', b"made-up-secret-5432\0"), &ready);
    tcp.send(&mut scene, ToServer, &pg(b'X', &[]));
    tcp.close(&mut scene);
    scene.pcap()
}

fn postgresql_tls() -> Vec<u8> {
    let (client, server) = hosts();
    let mut scene = Scene::new();
    let mut tcp = scene.tcp(&client, &server, 5432);
    tcp.exchange(&mut scene, &hex("00000008 04d2162f"), b"S");
    crate::speak::tls::Handshake::plain().run(&mut scene, &mut tcp);
    tcp.close(&mut scene);
    scene.pcap()
}

/// The client/server protocol of MySQL: length of three octets, number, body.
fn packet(number: u8, body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32).to_le_bytes()[..3], &[number], body].concat()
}

fn mysql() -> Vec<u8> {
    let (client, server) = hosts();
    let mut scene = Scene::new();
    let greeting = [
        &b"\x0a5.5.62-log\0"[..],
        &hex("2a000000"),
        b"abcdefgh\0",
        // Capabilities (protocol 4.1, secure, plugin), charset, status, more capabilities, length of the challenge.
        &hex("fff7 08 0200 0f80 15"),
        &[0; 10],
        b"ijklmnopqrst\0",
        b"mysql_native_password\0",
    ]
    .concat();
    let login = |scene: &mut Scene, user: &str| {
        let head = [&hex("85a60f00 00000001 21")[..], &[0; 23], user.as_bytes(), &[0, 20]].concat();
        [head, scene.random_bytes(20), b"mysql_native_password\0".to_vec()].concat()
    };
    let refused = [&hex("ff 1504")[..], b"#28000Access denied for user 'root'"].concat();
    for (user, answer) in [("svc_ris", hex("00 00 00 0200 0000")), ("root", refused)] {
        let mut tcp = scene.tcp(&client, &server, 3306);
        tcp.send(&mut scene, ToClient, &packet(0, &greeting));
        let login = login(&mut scene, user);
        tcp.exchange(&mut scene, &packet(1, &login), &packet(2, &answer));
        if user != "root" {
            tcp.exchange(&mut scene, &packet(0, b"\x03select 'Fictitia'"), &packet(1, &hex("00 00 00 0200 0000")));
            tcp.send(&mut scene, ToServer, &packet(0, &[1]));
        }
        tcp.close(&mut scene);
    }
    scene.pcap()
}
