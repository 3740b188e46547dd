//! Ways in for those who administer.

use crate::speak::tls::Handshake;
use crate::speak::{hex, rdp, ssh, telnet};
use crate::{Case, Direction, Host, Scene};
use Direction::{ToClient, ToServer};

/// The rows.
pub const CASES: &[Case] = &[
    Case {
        name: "ssh",
        about: "An SSH session to an old device: version lines, algorithm lists of which the server's are weak, key exchange, encrypted \
                packets. Proves software, chosen algorithms and their weakness, and the host key as an identity.",
        build: secure_shell,
    },
    Case {
        name: "telnet",
        about: "A Telnet log-in typed a letter at a time. Proves banner, log-in and account; the secret does not leave.",
        build: typed_login,
    },
    Case {
        name: "telnet-refused",
        about: "A Telnet log-in that is refused. Proves that a failed log-in is told as one.",
        build: refused_login,
    },
    Case {
        name: "rdp",
        about: "Remote Desktop with a cookie that names the account, agreed on TLS, which follows on the same connection. Proves account, \
                security and the hand-over to TLS.",
        build: desktop,
    },
    Case {
        name: "rdp-standard-security",
        about: "Remote Desktop of old: the server answers without a negotiation. Proves that its own weak security is told.",
        build: old_desktop,
    },
    Case {
        name: "vnc",
        about: "A shared screen with the challenge of VNC authentication, accepted. Proves version, security type and success.",
        build: || screen("RFB 003.008\n", &hex("02 02 10"), &[2], true),
    },
    Case {
        name: "vnc-without-password",
        about: "A shared screen of version 3.3 that asks for no password. Proves that this is told.",
        build: || screen("RFB 003.003\n", &hex("00000001"), &[], false),
    },
    Case {
        name: "remote-tools",
        about: "TeamViewer on its port and AnyDesk's discovery of neighbours. Proves that each tool is named.",
        build: tools,
    },
];

fn admin() -> Host {
    Host::new("laptop", "00:06:5b:00:40:23", "10.20.4.23").with_ttl(128)
}

fn device() -> Host {
    Host::new("gateway", "00:0d:2c:00:00:72", "10.20.3.72")
}

fn secure_shell() -> Vec<u8> {
    let mut scene = Scene::new();
    let mut tcp = scene.tcp(&admin(), &device(), 22);
    ssh::session(&mut scene, &mut tcp, "SSH-2.0-ExampleTerm_0.78", "SSH-2.0-dropbear_0.52", 4);
    tcp.close(&mut scene);
    scene.pcap()
}

fn typed_login() -> Vec<u8> {
    let mut scene = Scene::new();
    let mut tcp = scene.tcp(&admin(), &device(), 23);
    telnet::login(&mut scene, &mut tcp, "Example Serial Server 4, firmware 2.81", "service", "made-up-secret-23", "gateway# ");
    tcp.exchange(&mut scene, b"show version\r\n", b"\r\n2.81\r\ngateway# ");
    tcp.close(&mut scene);
    scene.pcap()
}

fn refused_login() -> Vec<u8> {
    let mut scene = Scene::new();
    let mut tcp = scene.tcp(&admin(), &device(), 23);
    telnet::login(&mut scene, &mut tcp, "Example Serial Server 4", "root", "made-up-guess-24", "Login incorrect\r\nlogin: ");
    tcp.close(&mut scene);
    scene.pcap()
}

fn desktop() -> Vec<u8> {
    let mut scene = Scene::new();
    let server = Host::new("workstation", "00:06:5b:00:40:22", "10.20.4.22").with_ttl(128);
    let mut tcp = scene.tcp(&admin(), &server, 3389);
    tcp.exchange(&mut scene, &rdp::request("svc-admin"), &rdp::confirm());
    Handshake { suite: 0xc030, ..Handshake::plain() }.run(&mut scene, &mut tcp);
    tcp.close(&mut scene);
    scene.pcap()
}

fn old_desktop() -> Vec<u8> {
    let mut scene = Scene::new();
    let server = Host::new("console", "00:08:74:00:40:21", "10.20.4.21").with_ttl(128);
    let mut tcp = scene.tcp(&admin(), &server, 3389);
    tcp.exchange(&mut scene, &hex("0300 000b 06 e0 0000 0000 00"), &hex("0300 000b 06 d0 0000 1234 00"));
    tcp.close(&mut scene);
    scene.pcap()
}

/// RFC 6143 §7.1.
fn screen(version: &str, types: &[u8], choice: &[u8], challenged: bool) -> Vec<u8> {
    let mut scene = Scene::new();
    let mut tcp = scene.tcp(&admin(), &device(), 5900);
    tcp.send(&mut scene, ToClient, version.as_bytes());
    tcp.send(&mut scene, ToServer, version.as_bytes());
    tcp.send(&mut scene, ToClient, types);
    if challenged {
        tcp.send(&mut scene, ToServer, choice);
        let (challenge, answer) = (scene.random_bytes(16), scene.random_bytes(16));
        tcp.exchange(&mut scene, &[], &challenge);
        tcp.exchange(&mut scene, &answer, &[0; 4]);
    }
    // The client shares; the server tells size, form of pixels (§7.4) and the desktop's name.
    let form = hex("20 18 00 01 00ff 00ff 00ff 10 08 00 000000");
    let name = b"Madeup Person's desktop";
    let init = [&hex("0400 0300")[..], &form, &(name.len() as u32).to_be_bytes(), name].concat();
    tcp.exchange(&mut scene, &[1], &init);
    tcp.close(&mut scene);
    scene.pcap()
}

fn tools() -> Vec<u8> {
    let mut scene = Scene::new();
    let router = Host::new("router", "00:1b:54:00:10:01", "10.20.1.1");
    let cloud = Host::behind("cloud", "198.51.100.59", &router);
    let mut tcp = scene.tcp(&device(), &cloud, 5938);
    tcp.exchange(&mut scene, &hex("17 24 0a 20 00 00 00 00 00"), &hex("17 24 11 04 00 00 00 00 00"));
    tcp.close(&mut scene);
    let group = Host::group("239.255.102.18");
    scene.udp(&admin(), 50_001, &group, 50_001, &hex("3e d1 01 00 13 88 00 00 01 02 03 04"));
    scene.pcap()
}
