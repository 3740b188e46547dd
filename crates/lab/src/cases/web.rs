//! The web, and messages: HTTP, SIP, MQTT.

use crate::speak::{hex, http};
use crate::{Case, Direction, Host, Scene};

/// The rows.
pub const CASES: &[Case] = &[
    Case {
        name: "http-device-page",
        about: "A browser reads a device's page behind a log-in: refused, then with Basic credentials. Proves realm, server text, title, \
                and log-in; user name and secret do not leave.",
        build: device_page,
    },
    Case {
        name: "http-fhir",
        about: "An app asks a server of records for a patient by name and gets one as JSON. Proves that clinical records crossed, and \
                neither name nor number leaves.",
        build: records,
    },
    Case {
        name: "http-chunked",
        about: "Two answers on one connection, the first in chunks, the second a picture that is not read. Proves that messages are told \
                apart and bodies passed over.",
        build: chunked,
    },
    Case {
        name: "http-upgrade",
        about: "A page that becomes a WebSocket. Proves that the change is told and that frames behind it are not taken for HTTP.",
        build: upgrade,
    },
    Case {
        name: "http-description",
        about: "A UPnP device description fetched by HTTP. Proves maker, model, serial number and UDN.",
        build: description,
    },
    Case {
        name: "sip",
        about: "A telephone registers with a digest over UDP; another calls over TCP. Proves agents, realm, methods and success; \
                names and numbers of people do not leave.",
        build: calls,
    },
    Case {
        name: "mqtt",
        about: "A sensor connects by MQTT 3.1.1 with user name and password, subscribes and publishes; another is refused by version 5. \
                Proves version, client id and log-in; topics and values do not leave.",
        build: telemetry,
    },
];

fn workstation() -> Host {
    Host::new("workstation", "3c:52:82:00:00:10", "10.20.1.10").with_ttl(128)
}

fn server(last: u8) -> Host {
    Host::new("server", &format!("00:50:56:00:00:{last:02x}"), &format!("10.20.1.{last}"))
}

fn conversation(port: u16, pairs: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let mut scene = Scene::new();
    let mut tcp = scene.tcp(&workstation(), &server(80), port);
    for (request, response) in pairs {
        tcp.exchange(&mut scene, request, response);
    }
    tcp.close(&mut scene);
    scene.pcap()
}

fn device_page() -> Vec<u8> {
    let refused = [
        ("Server", "ExampleHTTP/1.4"),
        ("WWW-Authenticate", "Basic realm=\"Example Pump Gateway 3\""),
        ("Content-Type", "text/html"),
    ];
    // "service:made-up-secret-80" in Base64.
    let basic = [("User-Agent", "ExampleBrowser/1.0"), ("Authorization", "Basic c2VydmljZTptYWRlLXVwLXNlY3JldC04MA==")];
    let page = b"<html><head><title>Example Pump Gateway 3 - Status</title></head><body>pumps: 3</body></html>";
    conversation(
        80,
        &[
            (
                http::get("gateway.clinic.example", "/", "ExampleBrowser/1.0"),
                http::response("401 Unauthorized", &refused, b"<p>no</p>"),
            ),
            (http::request("GET", "gateway.clinic.example", "/", &basic, b""), http::ok("ExampleHTTP/1.4", "text/html", page)),
        ],
    )
}

fn records() -> Vec<u8> {
    let accept = [("Accept", "application/fhir+json"), ("User-Agent", "ExampleApp/2.0")];
    let bundle = br#"{"resourceType":"Bundle","type":"searchset","total":1,"entry":[{"resource":{"resourceType":"Patient","id":"FICT-900001","name":[{"family":"Fictitia","given":["Ada"]}],"birthDate":"1901-01-01"}}]}"#;
    conversation(
        8080,
        &[(
            http::request("GET", "records.clinic.example", "/fhir/Patient?family=Fictitia&birthdate=1901-01-01", &accept, b""),
            http::ok("ExampleFHIR/6", "application/fhir+json;charset=utf-8", bundle),
        )],
    )
}

fn chunked() -> Vec<u8> {
    let head = b"HTTP/1.1 200 OK\r\nServer: ExampleServer/2.4\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n";
    let body =
        b"1b\r\n<html><head><title>Example \r\n1f;note=x\r\nArchive</title></head></html>\r\n\r\n0\r\nX-Trailer: 1\r\n\r\n";
    let mut scene = Scene::new();
    let picture = scene.random_bytes(3000);
    conversation(
        80,
        &[
            (http::get("archive.clinic.example", "/", "ExampleBrowser/1.0"), [&head[..], body].concat()),
            (
                http::get("archive.clinic.example", "/logo.png", "ExampleBrowser/1.0"),
                http::ok("ExampleServer/2.4", "image/x-raw", &picture),
            ),
            (
                http::get("archive.clinic.example", "/last", "ExampleBrowser/1.0"),
                http::response("404 Not Found", &[("Server", "ExampleServer/2.4")], b""),
            ),
        ],
    )
}

fn upgrade() -> Vec<u8> {
    let ask = [
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="),
        ("Sec-WebSocket-Version", "13"),
    ];
    let take = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n\r\n";
    conversation(
        80,
        &[
            (http::request("GET", "central.clinic.example", "/live", &ask, b""), take.to_vec()),
            // RFC 6455 §5.2: a masked text frame, and one that is not masked.
            (hex("81 85 37fa213d 7f9f4d5158"), hex("81 05 48656c6c6f")),
        ],
    )
}

fn description() -> Vec<u8> {
    let document = br#"<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><specVersion><major>1</major><minor>0</minor></specVersion><device><deviceType>urn:schemas-upnp-org:device:Basic:1</deviceType><friendlyName>Madeup Person's camera</friendlyName><manufacturer>Example Cameras</manufacturer><modelName>Cam-3</modelName><modelNumber>9.80</modelNumber><serialNumber>EX0000050</serialNumber><UDN>uuid:00112233-4455-6677-8899-accc8e005041</UDN></device></root>"#;
    conversation(
        49_200,
        &[(
            http::get("10.20.1.80:49200", "/d.xml", "ExampleControl/1.0 UPnP/1.0"),
            http::ok("Linux/5.4, UPnP/1.0, ExampleCam/9.80", "text/xml", document),
        )],
    )
}

/// RFC 3261, digest of RFC 8760.
fn calls() -> Vec<u8> {
    let mut scene = Scene::new();
    let (phone, other, exchange) = (
        Host::new("telephone", "00:04:f2:00:30:03", "10.20.1.30"),
        Host::new("telephone", "00:04:f2:00:30:04", "10.20.1.31"),
        server(60),
    );
    let message = |first: &str, extra: &str, number: u32, method: &str| {
        format!(
            "{first}\r\nVia: SIP/2.0/UDP 10.20.1.30:5060;branch=z9hG4bK{number}\r\nFrom: \"Madeup Person\" <sip:9001@clinic.example>;tag=1\r\n\
             To: <sip:9001@clinic.example>\r\nCall-ID: 1@10.20.1.30\r\nCSeq: {number} {method}\r\n{extra}Content-Length: 0\r\n\r\n"
        )
    };
    let agent = "Contact: <sip:9001@10.20.1.30:5060>\r\nMax-Forwards: 70\r\nUser-Agent: ExamplePhone/4.2.1\r\n";
    let challenge =
        "WWW-Authenticate: Digest realm=\"clinic.example\", nonce=\"5f2a\", algorithm=MD5\r\nServer: ExamplePBX 16.3\r\n";
    let proof = format!(
        "Authorization: Digest username=\"9001\", realm=\"clinic.example\", nonce=\"5f2a\", uri=\"sip:clinic.example\", \
         response=\"00112233445566778899aabbccddeeff\"\r\n{agent}"
    );
    let register = "REGISTER sip:clinic.example SIP/2.0";
    scene.udp(&phone, 5060, &exchange, 5060, message(register, agent, 1, "REGISTER").as_bytes());
    scene.udp(&exchange, 5060, &phone, 5060, message("SIP/2.0 401 Unauthorized", challenge, 1, "REGISTER").as_bytes());
    scene.udp(&phone, 5060, &exchange, 5060, message(register, &proof, 2, "REGISTER").as_bytes());
    scene.udp(&exchange, 5060, &phone, 5060, message("SIP/2.0 200 OK", "Server: ExamplePBX 16.3\r\n", 2, "REGISTER").as_bytes());
    let mut tcp = scene.tcp(&other, &exchange, 5060);
    let invite =
        message("INVITE sip:9002@clinic.example SIP/2.0", agent, 3, "INVITE").replace("/UDP", "/TCP").replace(".30", ".31");
    let answer = message("SIP/2.0 486 Busy Here", "Server: ExamplePBX 16.3\r\n", 3, "INVITE")
        .replace("/UDP", "/TCP")
        .replace(".30", ".31");
    tcp.exchange(&mut scene, invite.as_bytes(), answer.as_bytes());
    tcp.close(&mut scene);
    scene.pcap()
}

fn mqtt_text(text: &str) -> Vec<u8> {
    [&(text.len() as u16).to_be_bytes()[..], text.as_bytes()].concat()
}

fn mqtt_packet(first: u8, body: &[u8]) -> Vec<u8> {
    assert!(body.len() < 128);
    [&[first, body.len() as u8][..], body].concat()
}

/// OASIS MQTT 3.1.1 §3 and MQTT 5.0 §3.
fn telemetry() -> Vec<u8> {
    let mut scene = Scene::new();
    let sensor = Host::new("temperature sensor", "24:0a:c4:00:00:71", "10.20.5.71").with_ttl(255);
    let mut tcp = scene.tcp(&sensor, &server(83), 1883);
    let head = [mqtt_text("MQTT"), hex("04 c2 003c")].concat();
    let connect = [head, mqtt_text("fridge-71"), mqtt_text("sensor"), mqtt_text("made-up-secret-83")].concat();
    tcp.exchange(&mut scene, &mqtt_packet(0x10, &connect), &hex("20 02 00 00"));
    let subscribe = [hex("0001"), mqtt_text("ward/3/fridge/set"), vec![0]].concat();
    tcp.exchange(&mut scene, &mqtt_packet(0x82, &subscribe), &hex("90 03 0001 00"));
    let publish = mqtt_packet(0x30, &[mqtt_text("ward/3/fridge/temperature"), b"4.2".to_vec()].concat());
    tcp.send(&mut scene, Direction::ToServer, &publish);
    tcp.exchange(&mut scene, &hex("c0 00"), &hex("d0 00"));
    tcp.send(&mut scene, Direction::ToServer, &hex("e0 00"));
    tcp.close(&mut scene);
    let mut tcp = scene.tcp(&workstation(), &server(83), 1883);
    let connect = [mqtt_text("MQTT"), hex("05 02 003c 00"), mqtt_text("viewer-10")].concat();
    // Not authorised (0x87), no properties.
    tcp.exchange(&mut scene, &mqtt_packet(0x10, &connect), &hex("20 03 00 87 00"));
    tcp.close(&mut scene);
    scene.pcap()
}
