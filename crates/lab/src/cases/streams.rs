//! TCP as captures show it: whole, torn, twice and from the middle. The streams carry a page of HTTP.

use crate::speak::http;
use crate::{Case, Direction, Host, Mishaps, Scene, TcpStart};
use Direction::{ToClient, ToServer};

/// The rows.
pub const CASES: &[Case] = &[
    Case {
        name: "tcp-whole",
        about: "One connection from handshake to close. The other tcp-* cases are this one gone wrong.",
        build: whole,
    },
    Case { name: "tcp-over-ipv6", about: "The same over IPv6.", build: over_ipv6 },
    Case { name: "tcp-tagged", about: "The same with a VLAN tag.", build: tagged },
    Case {
        name: "tcp-reordered",
        about: "Segments in another order than they were sent. The same facts as tcp-whole.",
        build: reordered,
    },
    Case {
        name: "tcp-doubled",
        about: "A mirror port shows every frame twice. Frames are counted once, and the facts are those of tcp-whole.",
        build: doubled,
    },
    Case {
        name: "tcp-gap",
        about: "The capture misses a segment of the response. What lies before is read, the gap is reported.",
        build: gap,
    },
    Case {
        name: "tcp-overlap",
        about: "A segment is sent again with other contents. The first bytes that came hold.",
        build: overlap,
    },
    Case {
        name: "tcp-retransmitted",
        about: "Segments are sent again with later ones in them. The same facts as tcp-whole.",
        build: retransmitted,
    },
    Case {
        name: "tcp-mid-stream",
        about: "The capture begins inside of a connection, at a message. What follows is read.",
        build: mid_stream,
    },
    Case {
        name: "tcp-one-way",
        about: "The capture sees the client alone. The request is read, and the conversation is reported as one-way.",
        build: one_way,
    },
    Case {
        name: "tcp-snapped",
        about: "Frames are cut to 96 bytes. Headers are read, the cut is reported, nothing is made up.",
        build: snapped,
    },
    Case {
        name: "tcp-port-reuse",
        about: "Two connections of the same ports, one after the other. They are two.",
        build: port_reuse,
    },
    Case { name: "tcp-keep-alive", about: "Keep-alive probes repeat the last byte. They are no data.", build: keep_alive },
    Case { name: "tcp-refused", about: "The server refuses the connection. No service is offered.", build: refused },
    Case {
        name: "tcp-fragments",
        about: "The response crosses in IPv4 fragments of a smaller MTU. The same facts as tcp-whole.",
        build: fragments,
    },
];

fn hosts() -> (Host, Host) {
    let client = Host::new("workstation", "3c:52:82:00:00:10", "10.20.1.10").with_ttl(128);
    (client, Host::new("server", "00:50:56:00:00:80", "10.20.1.80"))
}

fn request() -> Vec<u8> {
    http::get("server.clinic.example", "/", "ExampleBrowser/1.0")
}

fn response() -> Vec<u8> {
    http::ok("ExampleServer/2.4", "text/html", &b"<p>a line of the page</p>\n".repeat(200))
}

/// The connection of tcp-whole in a scene.
fn talk(scene: &mut Scene, client: &Host, server: &Host, start: TcpStart) {
    let mut tcp = scene.tcp_with(client, server, 80, start);
    tcp.exchange(scene, &request(), &response());
    tcp.close(scene);
}

fn with(change: impl FnOnce(&mut Scene, &mut Host, &mut Host, &mut TcpStart)) -> Vec<u8> {
    let (mut client, mut server) = hosts();
    let (mut scene, mut start) = (Scene::new(), TcpStart::default());
    change(&mut scene, &mut client, &mut server, &mut start);
    talk(&mut scene, &client, &server, start);
    scene.pcap()
}

fn whole() -> Vec<u8> {
    with(|_, _, _, _| {})
}

fn over_ipv6() -> Vec<u8> {
    with(|_, client, server, _| {
        *client = client.clone().with_ip("2001:db8:20::10");
        *server = server.clone().with_ip("2001:db8:20::80");
    })
}

fn tagged() -> Vec<u8> {
    with(|_, client, server, _| {
        client.vlan = Some(120);
        server.vlan = Some(120);
    })
}

fn reordered() -> Vec<u8> {
    with(|scene, _, _, start| {
        scene.mishaps = Mishaps { swapped: 400, ..Mishaps::default() };
        start.mss = 300;
    })
}

fn doubled() -> Vec<u8> {
    with(|scene, _, _, _| scene.mishaps.doubled = 1000)
}

fn gap() -> Vec<u8> {
    let (client, server) = hosts();
    let mut scene = Scene::new();
    let mut tcp = scene.tcp(&client, &server, 80);
    let response = response();
    tcp.send(&mut scene, ToServer, &request());
    tcp.send(&mut scene, ToClient, &response[..1460]);
    tcp.pass(ToClient, 1460);
    tcp.send(&mut scene, ToClient, &response[2920..]);
    tcp.exchange(&mut scene, &request(), &http::ok("ExampleServer/2.4", "text/plain", b"after the gap"));
    tcp.close(&mut scene);
    scene.pcap()
}

fn overlap() -> Vec<u8> {
    let (client, server) = hosts();
    let mut scene = Scene::new();
    let mut tcp = scene.tcp(&client, &server, 80);
    let request = request();
    let (head, tail) = request.split_at(30);
    tcp.segment(&mut scene, ToServer, 30, tail);
    tcp.segment(&mut scene, ToServer, 30, &tail.to_ascii_uppercase());
    tcp.segment(&mut scene, ToServer, 0, head);
    tcp.pass(ToServer, request.len());
    tcp.send(&mut scene, ToClient, &response());
    tcp.close(&mut scene);
    scene.pcap()
}

fn retransmitted() -> Vec<u8> {
    let (client, server) = hosts();
    let mut scene = Scene::new();
    let mut tcp = scene.tcp(&client, &server, 80);
    tcp.send(&mut scene, ToServer, &request());
    let response = response();
    let (mut sent, mut again) = (0, 0);
    while sent < response.len() {
        let end = (sent + 500).min(response.len());
        tcp.send(&mut scene, ToClient, &response[sent..end]);
        tcp.segment(&mut scene, ToClient, -((end - again) as i32), &response[again..end]);
        again = (sent + end) / 2;
        sent = end;
    }
    tcp.close(&mut scene);
    scene.pcap()
}

fn mid_stream() -> Vec<u8> {
    with(|_, _, _, start| start.handshake = false)
}

fn one_way() -> Vec<u8> {
    with(|_, _, _, start| start.only = Some(ToServer))
}

fn snapped() -> Vec<u8> {
    with(|scene, _, _, _| scene.snap_len = 96)
}

fn port_reuse() -> Vec<u8> {
    let (client, server) = hosts();
    let mut scene = Scene::new();
    let start = TcpStart { client_port: 50_000, ..TcpStart::default() };
    talk(&mut scene, &client, &server, start);
    scene.wait_ms(90_000);
    talk(&mut scene, &client, &server, start);
    scene.pcap()
}

fn keep_alive() -> Vec<u8> {
    let (client, server) = hosts();
    let mut scene = Scene::new();
    let mut tcp = scene.tcp(&client, &server, 80);
    tcp.exchange(&mut scene, &request(), &response());
    for _ in 0..3 {
        scene.wait_ms(10_000);
        tcp.segment(&mut scene, ToClient, -1, b"\n");
        tcp.acknowledge(&mut scene, ToServer);
    }
    tcp.exchange(&mut scene, &request(), &response());
    tcp.close(&mut scene);
    scene.pcap()
}

fn refused() -> Vec<u8> {
    let (client, server) = hosts();
    let mut scene = Scene::new();
    let start = TcpStart { only: Some(ToServer), client_port: 50_000, ..TcpStart::default() };
    let mut seen_alone = scene.clone();
    let tcp = seen_alone.tcp_with(&client, &server, 23, start);
    let (_, syn, _) = seen_alone.frames()[0];
    scene.frame(syn.to_vec());
    tcp.refuse(&mut scene);
    scene.pcap()
}

fn fragments() -> Vec<u8> {
    with(|scene, _, _, _| scene.mtu = 576)
}
