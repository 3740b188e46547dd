//! Protocols that find names.

use crate::speak::{dns, hex};
use crate::{Case, Host, Scene};

/// The rows.
pub const CASES: &[Case] = &[
    Case {
        name: "dns-query",
        about: "A workstation asks its name server for the PACS, and gets an address. Proves that the name is tied to the address.",
        build: dns_query,
    },
    Case {
        name: "dns-chain",
        about: "An alias that leads to another, a name by address, a name that does not exist, a dynamic update of a host's own name, \
                and a question over TCP. Proves that the asked name is tied to the last address, and that names by address and by \
                update belong to their hosts.",
        build: dns_chain,
    },
    Case {
        name: "mdns",
        about: "A printer announces its service: pointer, place, text entries (maker, model, serial, note) and address. Proves that each \
                entry becomes a fact of the printer, and the person's name in another host's instance does not leave.",
        build: mdns,
    },
    Case {
        name: "llmnr",
        about: "A workstation asks its neighbours for a file server, which answers. Proves who owns the name.",
        build: llmnr,
    },
    Case {
        name: "nbns",
        about: "A workstation registers its NetBIOS names, asks for a server, which answers; a status answer lists names and MAC address; \
                a browser announcement over port 138 tells the operating system. Proves names, groups and roles.",
        build: nbns,
    },
    Case {
        name: "ssdp",
        about: "A camera announces itself by SSDP, and answers a search. Proves that server text, types and UDN are the camera's.",
        build: ssdp,
    },
    Case {
        name: "wsd",
        about: "A patient monitor of IEEE 11073 SDC says hello with types, scopes and transport address, and a client's probe is \
                matched. Proves that the type of device and its address are read, and that the scope of a patient is \
                counted without its text.",
        build: wsd,
    },
];

fn workstation() -> Host {
    Host::new("workstation", "3c:52:82:00:00:10", "10.20.1.10").with_ttl(128)
}

fn name_server() -> Host {
    Host::new("name server", "00:50:56:00:00:53", "10.20.1.53")
}

fn dns_query() -> Vec<u8> {
    let mut scene = Scene::new();
    let (workstation, server) = (workstation(), name_server());
    let port = scene.port();
    let name = "pacs.clinic.example";
    scene.udp(&workstation, port, &server, 53, &dns::query(0x4242, name, dns::A));
    let answer = dns::answer(name, dns::A, 300, &[10, 20, 2, 20]);
    scene.udp(&server, 53, &workstation, port, &dns::response(0x4242, name, dns::A, &[answer]));
    scene.pcap()
}

fn dns_chain() -> Vec<u8> {
    const CNAME: u16 = 5;
    let mut scene = Scene::new();
    let (workstation, server) = (workstation(), name_server());
    let mut ask = |id: u16, name: &str, kind: u16, answers: &[Vec<u8>]| {
        let port = scene.port();
        scene.udp(&workstation, port, &server, 53, &dns::query(id, name, kind));
        scene.udp(&server, 53, &workstation, port, &dns::response(id, name, kind, answers));
    };
    let chain = [
        dns::answer("update.vendor.example", CNAME, 60, &dns::name("cdn.host.example")),
        dns::answer("cdn.host.example", CNAME, 60, &dns::name("edge7.host.example")),
        dns::answer("edge7.host.example", dns::A, 60, &[198, 51, 100, 7]),
    ];
    ask(1, "update.vendor.example", dns::A, &chain);
    let pointer = dns::answer("20.2.20.10.in-addr.arpa", dns::PTR, 300, &dns::name("pacs.clinic.example"));
    ask(2, "20.2.20.10.in-addr.arpa", dns::PTR, &[pointer]);
    ask(3, "nowhere.clinic.example", dns::AAAA, &[]);
    // RFC 2136: zone, then a record to add.
    let record = dns::answer("ws-10.clinic.example", dns::A, 1200, &[10, 20, 1, 10]);
    let zone = [dns::name("clinic.example"), hex("0006 0001")].concat();
    let update = [hex("0004 2800 0001 0000 0001 0000"), zone.clone(), record].concat();
    let done = [hex("0004 a800 0001 0000 0000 0000"), zone].concat();
    let port = scene.port();
    scene.udp(&workstation, port, &server, 53, &update);
    scene.udp(&server, 53, &workstation, port, &done);
    let framed = |message: Vec<u8>| [&(message.len() as u16).to_be_bytes()[..], &message].concat();
    let mut tcp = scene.tcp(&workstation, &server, 53);
    let name = "archive.clinic.example";
    let answer = dns::answer(name, dns::A, 300, &[10, 20, 2, 21]);
    tcp.exchange(&mut scene, &framed(dns::query(5, name, dns::A)), &framed(dns::response(5, name, dns::A, &[answer])));
    tcp.close(&mut scene);
    scene.pcap()
}

fn mdns() -> Vec<u8> {
    let mut scene = Scene::new();
    let group = Host::group("224.0.0.251");
    let printer = Host::new("printer", "00:01:e6:00:40:31", "10.20.4.31").with_ttl(255);
    let service = "_ipp._tcp.local";
    let instance = format!("Example Printer 400.{service}");
    let text = dns::txt(&[
        "txtvers=1",
        "ty=Example Printer 400",
        "usb_MFG=Example Printers",
        "usb_MDL=Printer 400",
        "note=Ward 3",
        "UUID=00112233-4455-6677-8899-0001e6004031",
        "rp=ipp/print",
    ]);
    let records = [
        dns::answer(service, dns::PTR, 4500, &dns::name(&instance)),
        dns::answer(&instance, dns::SRV, 120, &dns::srv(631, "printer-31.local")),
        dns::answer(&instance, dns::TXT, 4500, &text),
        dns::answer("printer-31.local", dns::A, 120, &printer.ipv4().octets()),
    ];
    scene.udp(&printer, 5353, &group, 5353, &dns::announcement(&records));
    let phone = Host::new("telephone", "ac:bc:32:00:40:44", "10.20.4.44").with_ttl(255);
    scene.udp(&phone, 5353, &group, 5353, &dns::multicast_query("_airplay._tcp.local", dns::PTR));
    let instance = "Madeup Person's Phone._device-info._tcp.local";
    let records = [dns::answer(instance, dns::TXT, 4500, &dns::txt(&["model=D94AP"]))];
    scene.udp(&phone, 5353, &group, 5353, &dns::announcement(&records));
    scene.pcap()
}

fn llmnr() -> Vec<u8> {
    let mut scene = Scene::new();
    let (workstation, server) = (workstation(), Host::new("file server", "00:50:56:00:00:81", "10.20.1.81").with_ttl(128));
    let port = scene.port();
    let question = dns::query(0x77, "filesrv", dns::A);
    let question = [&hex("0077 0000")[..], &question[4..]].concat();
    scene.udp(&workstation, port, &Host::group("224.0.0.252"), 5355, &question);
    let answer = dns::response(0x77, "filesrv", dns::A, &[dns::answer("filesrv", dns::A, 30, &server.ipv4().octets())]);
    let answer = [&hex("0077 8000")[..], &answer[4..]].concat();
    scene.udp(&server, 5355, &workstation, port, &answer);
    scene.pcap()
}

/// A NetBIOS name in its first-level encoding (RFC 1001 §14.1).
pub(crate) fn netbios(name: &str, suffix: u8) -> Vec<u8> {
    let mut bytes = name.as_bytes().to_vec();
    bytes.resize(15, b' ');
    bytes.push(suffix);
    let halves = bytes.iter().flat_map(|byte| [b'A' + (byte >> 4), b'A' + (byte & 15)]);
    [&[32][..], &halves.collect::<Vec<u8>>(), &[0]].concat()
}

fn nbns() -> Vec<u8> {
    let mut scene = Scene::new();
    let everybody = Host::broadcast().with_ip("10.20.1.255");
    let old = Host::new("old workstation", "00:08:74:00:40:21", "10.20.1.21").with_ttl(128);
    let server = Host::new("file server", "00:50:56:00:00:81", "10.20.1.81").with_ttl(128);
    // RFC 1002 §4.2.2: registration by broadcast of a host's and of a group's name.
    for (id, name, suffix, flags) in [("0101", "OLDWS-21", 0x00, "0000"), ("0102", "WARDS", 0x00, "8000")] {
        let record = [hex("c00c 0020 0001 000493e0 0006"), hex(flags), old.ipv4().octets().to_vec()].concat();
        let message = [hex(id), hex("2910 0001 0000 0000 0001"), netbios(name, suffix), hex("0020 0001"), record].concat();
        scene.udp(&old, 137, &everybody, 137, &message);
    }
    let name = netbios("FILESRV", 0x20);
    scene.udp(&old, 137, &everybody, 137, &[hex("0103 0110 0001 0000 0000 0000"), name.clone(), hex("0020 0001")].concat());
    let answer =
        [hex("0103 8500 0000 0001 0000 0000"), name, hex("0020 0001 000493e0 0006 0000"), server.ipv4().octets().to_vec()];
    scene.udp(&server, 137, &old, 137, &answer.concat());
    // Node status (§4.2.18): names with flags, then the MAC address and statistics.
    let entry = |name: &str, suffix: u8, flags: u16| [format!("{name:15}").as_bytes(), &[suffix], &flags.to_be_bytes()].concat();
    let names = [entry("FILESRV", 0, 0x0400), entry("WARDS", 0, 0x8400), entry("FILESRV", 0x20, 0x0400)].concat();
    let status = [&[3][..], &names, &server.mac.0, &[0; 40]].concat();
    let any = [&[32][..], b"CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", &[0]].concat();
    scene.udp(&old, 137, &server, 137, &[hex("0104 0000 0001 0000 0000 0000"), any.clone(), hex("0021 0001")].concat());
    let length = (status.len() as u16).to_be_bytes().to_vec();
    let reply = [hex("0104 8400 0000 0001 0000 0000"), any, hex("0021 0001 00000000"), length, status].concat();
    scene.udp(&server, 137, &old, 137, &reply);
    scene.udp(&server, 138, &everybody, 138, &announcement(&server));
    scene.pcap()
}

/// A host announcement of the browser protocol (MS-BRWS §2.2.1) in a mailslot write (MS-MAIL) in a datagram (RFC 1002 §4.4.1).
fn announcement(server: &Host) -> Vec<u8> {
    let mut name = b"FILESRV".to_vec();
    name.resize(16, 0);
    // Command, updates, every 12 minutes; name; version 6.1; workstation, server, NT; browser version 15.1, signature.
    let browser = [&hex("01 00 80fc0a00")[..], &name, &hex("06 01 03100000 0f01 55aa"), b"archive\0"].concat();
    let slot = b"\\MAILSLOT\\BROWSE\0";
    let data_offset = (32 + 1 + 34 + 2 + slot.len()) as u16;
    let mut smb = [b"\xffSMB\x25".to_vec(), vec![0; 27], vec![17]].concat();
    smb.extend([0, 0]);
    smb.extend((browser.len() as u16).to_le_bytes());
    smb.extend([0; 16]);
    smb.extend([0, 0]);
    smb.extend((browser.len() as u16).to_le_bytes());
    smb.extend(data_offset.to_le_bytes());
    smb.extend(hex("03 00 0100 0100 0200"));
    smb.extend((slot.len() as u16 + browser.len() as u16).to_le_bytes());
    smb.extend(slot);
    smb.extend(browser);
    let names = [netbios("FILESRV", 0x20), netbios("WARDS", 0x1d)].concat();
    let length = (names.len() + smb.len()) as u16;
    [&hex("11 0a 0105")[..], &server.ipv4().octets(), &138_u16.to_be_bytes(), &length.to_be_bytes(), &[0, 0], &names, &smb]
        .concat()
}

fn ssdp() -> Vec<u8> {
    let mut scene = Scene::new();
    let group = Host::group("239.255.255.250");
    let camera = Host::new("camera", "ac:cc:8e:00:50:41", "10.20.5.41").with_ttl(4);
    let client = workstation();
    let usn = "uuid:00112233-4455-6677-8899-accc8e005041";
    let kind = "urn:schemas-upnp-org:device:Basic:1";
    let notify = format!(
        "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nCACHE-CONTROL: max-age=1800\r\nLOCATION: http://10.20.5.41:49152/d.xml\r\n\
         NT: {kind}\r\nNTS: ssdp:alive\r\nSERVER: Linux/5.4, UPnP/1.0, ExampleCam/9.80\r\nUSN: {usn}::{kind}\r\n\r\n"
    );
    scene.udp(&camera, 1900, &group, 1900, notify.as_bytes());
    let search = "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 2\r\nST: upnp:rootdevice\r\n\
                  USER-AGENT: ExampleOS/10 UPnP/1.1 ExampleApp/3\r\n\r\n";
    let port = scene.port();
    scene.udp(&client, port, &group, 1900, search.as_bytes());
    let answer = format!(
        "HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=1800\r\nEXT:\r\nLOCATION: http://10.20.5.41:49152/d.xml\r\n\
         SERVER: Linux/5.4, UPnP/1.0, ExampleCam/9.80\r\nST: upnp:rootdevice\r\nUSN: {usn}::upnp:rootdevice\r\n\r\n"
    );
    scene.udp(&camera, 1900, &client, port, answer.as_bytes());
    scene.pcap()
}

/// WS-Discovery 1.1 §4 and §5, DPWS 1.1; scopes of IEEE 11073-20701 §9.
fn wsd() -> Vec<u8> {
    let mut scene = Scene::new();
    let group = Host::group("239.255.255.250");
    let monitor = Host::new("monitor", "00:09:fb:00:00:61", "10.20.3.61");
    let client = Host::new("central station", "00:09:fb:00:00:60", "10.20.3.60").with_ttl(128);
    let envelope = |action: &str, id: u8, body: &str| {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><s12:Envelope xmlns:s12=\"http://www.w3.org/2003/05/soap-envelope\" \
             xmlns:wsa=\"http://www.w3.org/2005/08/addressing\" xmlns:wsd=\"http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01\" \
             xmlns:dpws=\"http://docs.oasis-open.org/ws-dd/ns/dpws/2009/01\" \
             xmlns:mdpws=\"http://standards.ieee.org/downloads/11073/11073-20702-2016\"><s12:Header>\
             <wsa:Action>http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01/{action}</wsa:Action>\
             <wsa:MessageID>urn:uuid:10000000-0000-4000-8000-0000000000{id:02}</wsa:MessageID>\
             <wsa:To>urn:docs-oasis-open-org:ws-dd:ns:discovery:2009:01</wsa:To></s12:Header><s12:Body>{body}</s12:Body></s12:Envelope>"
        )
    };
    let device = "<wsa:EndpointReference><wsa:Address>urn:uuid:20000000-0000-4000-8000-0009fb000061</wsa:Address>\
                  </wsa:EndpointReference><wsd:Types>dpws:Device mdpws:MedicalDevice</wsd:Types><wsd:Scopes>\
                  sdc.mds.pkp:1.2.840.10004.20701.1.1 sdc.ctxt.loc:/sdc.ctxt.loc.detail/Exampleton%2F%2F%2FWard3%2F%2FBed61?fac=Exampleton&amp;bed=Bed61 \
                  sdc.ctxt.pat:/sdc.ctxt.pat.detail/FICT-900001\
                  </wsd:Scopes><wsd:XAddrs>https://10.20.3.61:6464/sdc</wsd:XAddrs><wsd:MetadataVersion>1</wsd:MetadataVersion>";
    scene.udp(&monitor, 50_123, &group, 3702, envelope("Hello", 1, &format!("<wsd:Hello>{device}</wsd:Hello>")).as_bytes());
    let port = scene.port();
    let probe = envelope("Probe", 2, "<wsd:Probe><wsd:Types>mdpws:MedicalDevice</wsd:Types></wsd:Probe>");
    scene.udp(&client, port, &group, 3702, probe.as_bytes());
    let matches = format!("<wsd:ProbeMatches><wsd:ProbeMatch>{device}</wsd:ProbeMatch></wsd:ProbeMatches>");
    scene.udp(&monitor, 3702, &client, port, envelope("ProbeMatches", 3, &matches).as_bytes());
    scene.pcap()
}
