//! The bedside and the point of care: monitors, ventilators, pumps and analysers in the protocols of their makers and kinds.

use crate::clinic::people::{NOTE, PATIENTS};
use crate::speak::der::Certificate;
use crate::speak::intellivue::{self, InBed, Monitor, Polled};
use crate::speak::tls::{self, Handshake};
use crate::speak::{atna, carescape, fhir, lis2, medibus, poct1a, sdc, syslog};
use crate::{Case, Direction, Host, Scene};

/// The rows.
pub const CASES: &[Case] = &[
    Case {
        name: "intellivue-data-export",
        about: "A patient monitor announces itself to everybody; a gateway associates, polls the patient and measurements, and lets go. \
                Proves maker, model, serial number, software, bed, own addresses, and which kinds of PHI crossed; no value leaves.",
        build: data_export,
    },
    Case {
        name: "poct1a-blood-gas",
        about: "A blood gas analyser greets its manager on an unusual port, tells that a result waits, and sends it when asked. Proves \
                maker, model, serial number, versions, EUI-64, clock, and which kinds of PHI crossed; no value leaves.",
        build: blood_gas,
    },
    Case {
        name: "lis2-framed",
        about: "An analyser asks for the orders of a specimen, gets them, and sends results in LIS1-A frames, some records broken over \
                two. Proves the sender's text, the records both ways, and that frames do not matter; no value leaves.",
        build: framed_results,
    },
    Case {
        name: "lis2-bare",
        about: "An old analyser sends a result without frames and with a password in its header. Proves that the password is told as \
                a log-in and never shown, and which kinds of PHI crossed.",
        build: bare_results,
    },
    Case {
        name: "http-sdc",
        about: "An infusion pump says hello by WS-Discovery; a consumer reads its metadata and information base and activates an \
                operation; the pump reports measurements and its patient. Proves maker, model, serial number, firmware, UDI, type and \
                place, that the device was steered, and which kinds of PHI crossed; no value leaves.",
        build: sdc_pump,
    },
    Case {
        name: "http-fhir-metadata",
        about: "An app reads a record server's capabilities, a device on record, and a patient's observations, and stores one. Proves \
                the server's software, that the device on record is not taken for the server, and that clinical records crossed.",
        build: fhir_server,
    },
    Case {
        name: "syslog-audit",
        about: "An archive writes audit messages (IHE ATNA) by syslog: one counted on TCP, one in the old form over UDP; plain messages \
                stand between them. Proves the source, the kinds of events and AE titles of the systems concerned, and that patients \
                are counted and not told.",
        build: audit,
    },
    Case {
        name: "medibus-ventilator",
        about: "A record system asks a ventilator behind a serial device server which device it is, and for measured values. Proves \
                name, revisions, what is asked, and that measured values crossed.",
        build: ventilator,
    },
    Case {
        name: "tls-dicom",
        about: "A CT sends to an archive under TLS, once on the port that DICOM over TLS has and once on the port of DICOM. Proves that \
                what is inside is named by the port alone.",
        build: dicom_over_tls,
    },
    Case {
        name: "carescape-time",
        about: "A central station of GE tells its network the time. Proves that the node and its place are known by the one message \
                whose shape is public.",
        build: carescape_time,
    },
];

fn data_export() -> Vec<u8> {
    let monitor = Host::new("monitor", "00:09:fb:00:31:01", "10.20.3.31");
    let gateway = Host::new("gateway", "00:50:56:00:03:40", "10.20.3.40").with_ttl(128);
    let own = Monitor {
        maker: "Philips",
        model: "M8007A",
        serial: "DE00000031",
        hardware: "B.00.05",
        software: "J.10.50",
        bed: "ICU-4",
        mac: monitor.mac,
        ip: monitor.ipv4(),
    };
    let patient = &PATIENTS[0];
    let who = InBed { family: patient.family, given: patient.given, id: patient.id, birth: patient.birth, sex: patient.sex };
    let mut scene = Scene::new();
    for beat in 0..2_u32 {
        scene.udp(&monitor, 24_105, &Host::broadcast(), intellivue::CONNECT_INDICATION, &own.connect_indication(beat * 80_000));
        scene.wait_ms(10_000);
    }
    let port = scene.port();
    let mut say = |from_gateway: bool, bytes: &[u8]| {
        let (from, from_port, to, to_port) = if from_gateway {
            (&gateway, port, &monitor, intellivue::DATA_EXPORT)
        } else {
            (&monitor, intellivue::DATA_EXPORT, &gateway, port)
        };
        scene.udp(from, from_port, to, to_port, bytes);
    };
    say(true, &intellivue::association());
    say(false, &intellivue::accepted());
    say(false, &own.created(160_000));
    say(true, &intellivue::created_result(160_000));
    say(true, &intellivue::poll(2, Polled::Patient));
    say(false, &intellivue::patient(2, 168_000, &who));
    for number in 3..6 {
        say(true, &intellivue::poll(number, Polled::Measurements));
        let values = [(0x4182, 0x0aa0, 720), (0x4bb8, 0x0220, 980)];
        say(false, &intellivue::measurements(number, 176_000, &values));
    }
    say(true, &intellivue::release());
    say(false, &intellivue::released());
    scene.pcap()
}

const TIME: &str = "20260302080000";

fn blood_gas() -> Vec<u8> {
    let analyser = Host::new("blood gas", "00:07:1c:00:00:45", "10.20.4.45");
    let manager = Host::new("manager", "00:50:56:00:04:10", "10.20.4.10").with_ttl(128);
    let device = poct1a::Device {
        id: "00071CFFFE000045",
        vendor: "RADIOMETER",
        maker: "Radiometer Medical ApS",
        model: "ABL90 FLEX PLUS",
        serial: "EX-ABL-0045",
        hardware: "393-092",
        software: "3.4.1",
        name: "",
    };
    let patient = &PATIENTS[1];
    let whose = poct1a::Subject {
        id: patient.id,
        name: &patient.name().replace('^', " "),
        birth: "1902-02-02",
        sex: patient.sex,
        operator: "9009",
    };
    let time = "2026-03-02T08:00:00+00:00";
    let mut scene = Scene::new();
    let mut tcp = scene.tcp(&analyser, &manager, 54_003);
    tcp.exchange(&mut scene, &device.hello(1, time), &poct1a::acknowledge(1, time, 1));
    tcp.exchange(&mut scene, &poct1a::status(2, time, 1), &poct1a::acknowledge(2, time, 2));
    tcp.send(&mut scene, Direction::ToClient, &poct1a::request(3, time, "ROBS"));
    let results = [("2744-1", "7.41", "pH"), ("2019-8", "5.3", "kPa")];
    tcp.exchange(&mut scene, &poct1a::observation(3, time, &whose, &results), &poct1a::acknowledge(4, time, 3));
    tcp.exchange(&mut scene, &poct1a::end_of_topic(4, time, "OBS"), &poct1a::directive(5, time, "START_CONTINUOUS"));
    tcp.send(&mut scene, Direction::ToServer, &poct1a::acknowledge(5, time, 5));
    tcp.close(&mut scene);
    scene.pcap()
}

fn laboratory() -> (Host, Host) {
    (
        Host::new("analyser", "00:80:a3:00:04:21", "10.20.4.21"),
        Host::new("middleware", "00:50:56:00:04:20", "10.20.4.20").with_ttl(128),
    )
}

fn framed_results() -> Vec<u8> {
    let (analyser, middleware) = laboratory();
    let patient = &PATIENTS[2];
    let own = "ARCHITECT^9.41^EX0004721^H1P1O1R1C1Q1L1";
    let query = [lis2::header("", own, "LIS", TIME), lis2::query(patient.accession), lis2::end()].concat();
    let who = lis2::patient(patient.id, &patient.name(), patient.birth, patient.sex);
    let orders = [
        lis2::header("", "LIS", "ARCHITECT", TIME),
        who.clone(),
        lis2::order(1, patient.accession, "16"),
        lis2::order(2, patient.accession, "23"),
        lis2::end(),
    ];
    let results = [
        lis2::header("", own, "LIS", TIME),
        who,
        lis2::order(1, patient.accession, "16"),
        lis2::result(1, "16", "4.2", "mIU/L", TIME),
        lis2::order(2, patient.accession, "23"),
        lis2::result(1, "23", "13.1", "pmol/L", TIME),
        lis2::comment(NOTE),
        lis2::end(),
    ];
    let mut scene = Scene::new();
    let mut tcp = scene.tcp(&analyser, &middleware, 50_021);
    lis2::send_framed(&mut scene, &mut tcp, Direction::ToServer, &query);
    lis2::send_framed(&mut scene, &mut tcp, Direction::ToClient, &orders.concat());
    lis2::send_framed(&mut scene, &mut tcp, Direction::ToServer, &results.concat());
    tcp.close(&mut scene);
    scene.pcap()
}

fn bare_results() -> Vec<u8> {
    let (analyser, middleware) = laboratory();
    let patient = &PATIENTS[3];
    let message = [
        lis2::header("made-up-secret-12", "Example Laboratories^Coagulo 3^EX-C3-0099^2.10", "HOST", TIME),
        lis2::patient(patient.id, &patient.name(), patient.birth, patient.sex),
        lis2::order(1, patient.accession, "PT"),
        lis2::result(1, "PT", "12.1", "s", TIME),
        lis2::end(),
    ];
    let mut scene = Scene::new();
    let mut tcp = scene.tcp(&analyser, &middleware, 1182);
    tcp.exchange(&mut scene, message.concat().as_bytes(), &[6]);
    tcp.close(&mut scene);
    scene.pcap()
}

fn sdc_pump() -> Vec<u8> {
    let pump = Host::new("pump", "00:22:5d:00:00:71", "10.20.3.71");
    let consumer = Host::new("consumer", "00:50:56:00:03:70", "10.20.3.70").with_ttl(128);
    let provider = sdc::Provider {
        uuid: "40000000-0000-4000-8000-00225d000071",
        address: "http://10.20.3.71:6464",
        maker: "Example Infusion",
        model: "Volumat 9",
        number: "V9-2",
        serial: "EX-V9-0071",
        firmware: "7.3.1",
        udi: "(01)09506000134352(21)EX-V9-0071",
        code: "69985",
        place: ["Exampleton", "ICU", "Bed 71"],
    };
    let patient = &PATIENTS[0];
    let who = sdc::Tied { id: patient.id, family: patient.family, given: patient.given, birth: "1901-01-01", sex: patient.sex };
    let mut scene = Scene::new();
    scene.udp(&pump, 50_200, &Host::group("239.255.255.250"), sdc::DISCOVERY, &provider.hello(1));
    let mut asks = scene.tcp(&consumer, &pump, 6464);
    asks.exchange(&mut scene, &sdc::get_metadata("10.20.3.71:6464", 2), &provider.metadata(3));
    asks.exchange(&mut scene, &sdc::get_mdib("10.20.3.71:6464", 4), &provider.mdib(5));
    asks.exchange(&mut scene, &sdc::activate("10.20.3.71:6464", 6, "op.pause"), &sdc::accepted());
    asks.close(&mut scene);
    let mut reports = scene.tcp(&pump, &consumer, 50_300);
    reports.exchange(&mut scene, &provider.patient("10.20.3.70:50300", 7, &who), &sdc::accepted());
    for id in 8..11 {
        let values = [("rate", "12.5"), ("volume", "48.1")];
        reports.exchange(&mut scene, &provider.metrics("10.20.3.70:50300", id, &values), &sdc::accepted());
    }
    reports.close(&mut scene);
    scene.pcap()
}

fn fhir_server() -> Vec<u8> {
    let app = Host::new("app", "3c:52:82:00:00:66", "10.20.1.66").with_ttl(128);
    let server = Host::new("records", "00:50:56:00:01:65", "10.20.1.65");
    let patient = &PATIENTS[3];
    let (name, agent, host) = ("ExampleWeb/6", "ExampleApp/2.0", "records.clinic.example");
    let mut scene = Scene::new();
    let mut tcp = scene.tcp(&app, &server, 8080);
    let mut ask = |request: Vec<u8>, resource: &str| tcp.exchange(&mut scene, &request, &fhir::answer(name, resource));
    ask(fhir::get(host, "/fhir/metadata", agent), &fhir::capabilities("Example FHIR Server", "6.8.0"));
    ask(fhir::get(host, "/fhir/Device/d1", agent), &fhir::device("d1", "Example Monitors", "Monitor 700", "EX0000061", "4.2"));
    let who = fhir::patient(patient.id, patient.family, patient.given, "1904-04-04");
    ask(fhir::get(host, &format!("/fhir/Patient/{}", patient.id), agent), &who);
    let measured = fhir::observation(patient.id, "8867-4", "72", "/min");
    ask(fhir::post(host, "/fhir/Observation", agent, &measured), &measured);
    tcp.close(&mut scene);
    scene.pcap()
}

fn audit() -> Vec<u8> {
    let archive = Host::new("archive", "00:06:5b:00:20:20", "10.20.1.20");
    let repository = Host::new("audit repository", "00:50:56:00:01:90", "10.20.1.90");
    let patient = &PATIENTS[0];
    let reporter = syslog::Reporter { host: "pacs1", program: "archive", process: 4711 };
    let (time, name) = ("2026-03-02T08:00:00Z", patient.name());
    let ct = atna::Participant { user: "CT01", ae_title: "CT01", address: "10.20.2.11", asked: true, role: "110153" };
    let own = atna::Participant { user: "ARCHIVE", ae_title: "ARCHIVE", address: "10.20.1.20", asked: false, role: "110152" };
    let stored = atna::Audit {
        event: "110104",
        time,
        source: "ARCHIVE",
        site: "Exampleton",
        sort: "4",
        patient: (patient.id, &name),
        study: "1.2.826.0.1.3680043.10.1",
    };
    let asked = atna::Audit { event: "110112", study: "", ..stored };
    let mut scene = Scene::new();
    let mut tcp = scene.tcp(&archive, &repository, 601);
    let message = reporter.message(85, time, atna::ID, &stored.xml(&[ct, own]));
    let plain = reporter.message(86, time, "-", &format!("stored study of {name}"));
    tcp.send(
        &mut scene,
        Direction::ToServer,
        &[syslog::counted(&plain), syslog::counted(&message), syslog::counted(&plain)].concat(),
    );
    tcp.close(&mut scene);
    let old = reporter.old_message(85, "Mar  2 08:00:00", &asked.xml(&[own]));
    scene.udp(&archive, 40_514, &repository, 514, &old);
    scene.pcap()
}

fn ventilator() -> Vec<u8> {
    let server = Host::new("device server", "00:80:a3:00:03:81", "10.20.3.81");
    let records = Host::new("records", "00:50:56:00:03:40", "10.20.3.40").with_ttl(128);
    let mut scene = Scene::new();
    let mut tcp = scene.tcp(&records, &server, 10_001);
    tcp.exchange(&mut scene, &medibus::command('Q', ""), &medibus::response('Q', ""));
    tcp.exchange(&mut scene, &medibus::command('R', ""), &medibus::identification("8210", "Evita XL", "07.06"));
    for _ in 0..3 {
        tcp.exchange(
            &mut scene,
            &medibus::command('$', ""),
            &medibus::measured(&[(0x73, "24.1"), (0x78, "5.0"), (0xb9, "0.42")]),
        );
        tcp.exchange(&mut scene, &medibus::command('0', ""), &medibus::response('0', ""));
    }
    tcp.close(&mut scene);
    scene.pcap()
}

fn dicom_over_tls() -> Vec<u8> {
    let ct = Host::new("CT", "88:4b:39:00:71:11", "10.20.2.11").with_ttl(128);
    let archive = Host::new("archive", "00:06:5b:00:20:20", "10.20.1.20");
    let handshake = Handshake {
        version: tls::TLS_1_2,
        server_name: "",
        alpn: "",
        suite: 0xc02f,
        certificate: Certificate {
            subject: "pacs.clinic.example",
            organisation: "Example Clinic",
            issuer: "Example Clinic CA",
            not_before: "250101000000Z",
            not_after: "280101000000Z",
            bits: 2048,
        },
        data: 400,
    };
    let mut scene = Scene::new();
    for port in [2762, 11_112] {
        let mut tcp = scene.tcp(&ct, &archive, port);
        handshake.run(&mut scene, &mut tcp);
        tcp.close(&mut scene);
        scene.wait_ms(1000);
    }
    scene.pcap()
}

fn carescape_time() -> Vec<u8> {
    // The message holds the address it comes from; this is the one that the harness of wire gives to clients.
    let station = Host::new("central station", "00:00:a1:00:00:90", "10.0.0.1");
    let mut scene = Scene::new();
    // 2026-03-02T08:00:00Z in seconds since 1900.
    let message = carescape::time(station.ipv4(), "ICU", "CIC1", 3_981_427_200);
    scene.udp(&station, carescape::TIME, &Host::broadcast(), carescape::TIME, &message);
    scene.pcap()
}
