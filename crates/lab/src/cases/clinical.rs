//! Images, results, and what devices say of themselves among them.

use crate::clinic::people::{NOTE, PATIENTS, PHYSICIAN, STREET};
use crate::speak::dicom::{self, Association};
use crate::speak::hl7;
use crate::{Case, Direction, Host, Scene, TcpStart};
use Direction::{ToClient, ToServer};

/// The rows.
pub const CASES: &[Case] = &[
    Case {
        name: "dicom-echo",
        about: "An archive is asked whether it is there. Proves AE titles, implementations and the operation, and that no PHI is claimed.",
        build: echo,
    },
    Case {
        name: "dicom-store",
        about: "A CT stores an image in explicit VR. Proves the device's maker, model, serial, software and station, and which kinds of \
                PHI crossed and how often; no value leaves.",
        build: || store(dicom::EXPLICIT_LITTLE, TcpStart::default()),
    },
    Case {
        name: "dicom-store-implicit",
        about: "The same in implicit VR, in segments of 200 octets. Proves the same facts.",
        build: || store(dicom::IMPLICIT_LITTLE, TcpStart { mss: 200, ..TcpStart::default() }),
    },
    Case {
        name: "dicom-store-one-way",
        about: "The same, but the capture sees the client alone. Proves that what the CT says of itself is read without the answers.",
        build: || store(dicom::EXPLICIT_LITTLE, TcpStart { only: Some(ToServer), ..TcpStart::default() }),
    },
    Case {
        name: "dicom-worklist",
        about: "A modality asks for its worklist on an unusual port. Proves the query, that names and numbers come back, and that the port \
                does not matter.",
        build: worklist,
    },
    Case {
        name: "hl7-admission",
        about: "An interface engine tells of an admission and gets an acceptance. Proves applications, message kind and PHI by kind.",
        build: || admission_to(6661, TcpStart::default()),
    },
    Case {
        name: "hl7-mid-stream",
        about: "The same admission, from inside of a connection whose ports suggest the wrong client. Proves that the message says who asks, \
                and that nothing is counted twice when it does.",
        build: || admission_to(50_001, TcpStart { handshake: false, client_port: 6661, ..TcpStart::default() }),
    },
    Case {
        name: "hl7-devices",
        about: "A monitor's gateway sends observations with the device in OBX-18 and PRT: EUI-64, serial number and a UDI of GS1. Proves \
                that devices are told from patients.",
        build: devices,
    },
    Case {
        name: "hl7-endless-zone",
        about: "A message whose time has a zone of thirty digits; fuzzing found that it was multiplied out. Proves that it is no time, and that \
                the rest is read.",
        build: endless_zone,
    },
    Case {
        name: "hl7-odd-delimiters",
        about: "Two messages right behind each other with delimiters of their own, in segments of 50 octets. Proves that the \
                message says how it is read.",
        build: odd_delimiters,
    },
];

fn archive() -> Host {
    Host::new("archive", "00:06:5b:00:20:20", "10.20.1.20")
}

fn ct() -> Host {
    Host::new("CT", "88:4b:39:00:71:11", "10.20.2.11").with_ttl(128)
}

const OF_CT: Association<'static> = Association {
    calling: "CT01",
    called: "ARCHIVE",
    client: ("1.3.12.2.1107.5.8.3.99", "EXAMPLE_CT_44"),
    server: ("1.2.276.0.7230010.3.0.3.6.7", "OFFIS_DCMTK_367"),
    sop_class: dicom::CT_IMAGE,
    syntax: dicom::EXPLICIT_LITTLE,
};

fn echo() -> Vec<u8> {
    let mut scene = Scene::new();
    let association = Association { sop_class: dicom::VERIFICATION, syntax: dicom::IMPLICIT_LITTLE, ..OF_CT };
    let mut tcp = scene.tcp(&ct(), &archive(), 104);
    association.open(&mut scene, &mut tcp);
    association.echo(&mut scene, &mut tcp);
    association.release(&mut scene, tcp);
    scene.pcap()
}

fn store(syntax: &'static str, start: TcpStart) -> Vec<u8> {
    let mut scene = Scene::new();
    let patient = &PATIENTS[0];
    let name = format!("{}^{}", patient.family, patient.given);
    let pixels = scene.random_bytes(2048);
    let instance = "1.2.826.0.1.3680043.10.1.1";
    let data = dicom::data_set(
        syntax,
        &[
            (8, 0x0005, b"CS", b"ISO_IR 192"),
            (8, 0x0016, b"UI", dicom::CT_IMAGE.as_bytes()),
            (8, 0x0018, b"UI", instance.as_bytes()),
            (8, 0x0020, b"DA", b"20260302"),
            (8, 0x0050, b"SH", patient.accession.as_bytes()),
            (8, 0x0060, b"CS", b"CT"),
            (8, 0x0070, b"LO", b"Example Imaging"),
            (8, 0x0080, b"LO", b"Example Clinic"),
            (8, 0x0090, b"PN", PHYSICIAN.as_bytes()),
            (8, 0x1010, b"SH", b"CTAWP00001"),
            (8, 0x1030, b"LO", NOTE.as_bytes()),
            (8, 0x1090, b"LO", b"Tomograph 64"),
            (0x10, 0x0010, b"PN", name.as_bytes()),
            (0x10, 0x0020, b"LO", patient.id.as_bytes()),
            (0x10, 0x0030, b"DA", patient.birth.as_bytes()),
            (0x10, 0x0040, b"CS", patient.sex.as_bytes()),
            (0x18, 0x1000, b"LO", b"EX-CT-0001"),
            (0x18, 0x1020, b"LO", b"VX44A"),
            (0x20, 0x0010, b"SH", patient.accession.as_bytes()),
            (0x28, 0x0010, b"US", &32_u16.to_le_bytes()),
            (0x28, 0x0011, b"US", &32_u16.to_le_bytes()),
            (0x28, 0x0100, b"US", &16_u16.to_le_bytes()),
            (0x7fe0, 0x0010, b"OW", &pixels),
        ],
    );
    let association = Association { syntax, ..OF_CT };
    let mut tcp = scene.tcp_with(&ct(), &archive(), 104, start);
    association.open(&mut scene, &mut tcp);
    association.store(&mut scene, &mut tcp, 1, instance, &data);
    association.release(&mut scene, tcp);
    scene.pcap()
}

fn worklist() -> Vec<u8> {
    let mut scene = Scene::new();
    let association = Association { sop_class: dicom::WORKLIST, syntax: dicom::IMPLICIT_LITTLE, called: "RIS", ..OF_CT };
    let keys = dicom::data_set(
        dicom::IMPLICIT_LITTLE,
        &[(8, 0x0050, b"SH", b""), (0x10, 0x0010, b"PN", b""), (0x10, 0x0020, b"LO", b""), (0x10, 0x0030, b"DA", b"")],
    );
    let matches: Vec<Vec<u8>> = PATIENTS
        .iter()
        .map(|patient| {
            let name = format!("{}^{}", patient.family, patient.given);
            let elements: [dicom::Element<'_>; 4] = [
                (8, 0x0050, b"SH", patient.accession.as_bytes()),
                (0x10, 0x0010, b"PN", name.as_bytes()),
                (0x10, 0x0020, b"LO", patient.id.as_bytes()),
                (0x10, 0x0030, b"DA", patient.birth.as_bytes()),
            ];
            dicom::data_set(dicom::IMPLICIT_LITTLE, &elements)
        })
        .collect();
    let mut tcp = scene.tcp(&ct(), &archive(), 54_321);
    association.open(&mut scene, &mut tcp);
    association.find(&mut scene, &mut tcp, &keys, &matches);
    association.release(&mut scene, tcp);
    scene.pcap()
}

const TIME: &str = "20260302080000+0000";

fn engine() -> (Host, Host) {
    (Host::new("engine", "00:0c:29:00:10:30", "10.20.1.30"), Host::new("records", "00:0c:29:00:10:50", "10.20.1.50"))
}

fn admission_to(port: u16, start: TcpStart) -> Vec<u8> {
    let (engine, records) = engine();
    let patient = &PATIENTS[1];
    let mut scene = Scene::new();
    let mut tcp = scene.tcp_with(&engine, &records, port, start);
    let message = hl7::framed(&[
        &hl7::msh("ENGINE", "RECORDS", TIME, "ADT^A01^ADT_A01", "M1", "2.5.1"),
        &format!("EVN|A01|{TIME}"),
        &patient.pid(),
        &format!("NK1|1|{}^Relative|SPO|{STREET}", patient.family),
        "PV1|1|I|WARD3^2^1^CLINIC||||9009^Pretendo^Petra",
        &format!("NTE|1||{NOTE}"),
    ]);
    tcp.exchange(&mut scene, &message, &hl7::accept("RECORDS", "ENGINE", TIME, "M1"));
    tcp.close(&mut scene);
    scene.pcap()
}

/// IHE PCD-01: the device stands in OBX-18 and, from version 2.7 on, in PRT-10 and PRT-16 and its followers.
fn devices() -> Vec<u8> {
    let gateway = Host::new("gateway", "00:09:fb:00:00:60", "10.20.3.60").with_ttl(128);
    let (engine, _) = engine();
    let patient = &PATIENTS[2];
    let mut scene = Scene::new();
    let mut tcp = scene.tcp(&gateway, &engine, 6660);
    let udi = "(01)09506000134352(11)241007(10)1234AB(21)EX0000061";
    let message = hl7::framed(&[
        &hl7::msh("MONITORS^0009FB0000600000^EUI-64", "ENGINE", TIME, "ORU^R01^ORU_R01", "M2", "2.7"),
        &patient.pid(),
        &format!("OBR|1|{}|F1|69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC|||{TIME}", patient.accession),
        "OBX|1||69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC|1.0.0.0|||||||X|||||||0009FBFFFE000061^^0009FBFFFE000061^EUI-64",
        "OBX|2|ST|531970^MDC_ID_MODEL_MANUFACTURER^MDC|1.0.0.1|Example Monitors||||||R",
        "OBX|3|ST|531969^MDC_ID_MODEL_NUMBER^MDC|1.0.0.2|Monitor 700||||||R",
        "OBX|4|ST|531972^MDC_ID_PROD_SPEC_SERIAL^MDC|1.0.0.3|EX0000061||||||R",
        "OBX|5|NM|147842^MDC_ECG_HEART_RATE^MDC|1.1.1.1|61|264864^MDC_DIM_BEAT_PER_MIN^MDC|||||R",
        &format!(
            "PRT|1|AD||EQUIP^Equipment^HL70912||||||0009FBFFFE000061^^0009FBFFFE000061^EUI-64||||||{udi}|20241007||1234AB|EX0000061"
        ),
    ]);
    tcp.exchange(&mut scene, &message, &hl7::accept("ENGINE", "MONITORS", TIME, "M2"));
    tcp.close(&mut scene);
    scene.pcap()
}

fn endless_zone() -> Vec<u8> {
    let (engine, records) = engine();
    let mut scene = Scene::new();
    let mut tcp = scene.tcp(&engine, &records, 6661);
    let time = format!("20260302080000+{}", "2".repeat(30));
    tcp.exchange(
        &mut scene,
        &hl7::framed(&[&hl7::msh("ENGINE", "RECORDS", &time, "ADT^A08^ADT_A01", "M3", "2.5.1"), &PATIENTS[1].pid()]),
        &hl7::accept("RECORDS", "ENGINE", TIME, "M3"),
    );
    tcp.close(&mut scene);
    scene.pcap()
}

fn odd_delimiters() -> Vec<u8> {
    let (engine, records) = engine();
    let patient = &PATIENTS[3];
    let mut scene = Scene::new();
    let start = TcpStart { mss: 50, ..TcpStart::default() };
    let mut tcp = scene.tcp_with(&engine, &records, 7777, start);
    let message = |id: &str| {
        hl7::framed(&[
            &format!("MSH#*~\\&#OLDLAB#WEST#RECORDS#CLINIC#{TIME}##ORU*R01#{id}#P#2.3"),
            &format!("PID#1##{}##{}*{}##{}#{}", patient.id, patient.family, patient.given, patient.birth, patient.sex),
            &format!("OBR#1#{}##718-7*Haemoglobin*LN", patient.accession),
            "OBX#1#NM#718-7*Haemoglobin*LN##13.1#g/dL",
        ])
    };
    tcp.send(&mut scene, ToServer, &[message("O1"), message("O2")].concat());
    let answers = [hl7::accept("RECORDS", "OLDLAB", TIME, "O1"), hl7::accept("RECORDS", "OLDLAB", TIME, "O2")].concat();
    tcp.send(&mut scene, ToClient, &answers);
    tcp.close(&mut scene);
    scene.pcap()
}
