//! Printing.

use crate::speak::{hex, http};
use crate::{Case, Direction, Host, Scene};

/// The rows.
pub const CASES: &[Case] = &[
    Case {
        name: "lpd",
        about: "A workstation sends a print job by LPD: control file and data. Proves that a document crossed and which host sent it; \
                user and job names do not leave.",
        build: line_printer,
    },
    Case {
        name: "ipp",
        about: "A workstation asks a printer for its attributes by IPP and prints. Proves make and model, firmware, UUID and place, and \
                the print as an operation.",
        build: internet_printing,
    },
    Case {
        name: "jetdirect",
        about: "A print stream on port 9100: the printer is asked for its id by PJL and answers, then a page follows. Proves the model \
                and that a document crossed.",
        build: raw_printing,
    },
];

fn hosts() -> (Host, Host) {
    let workstation = Host::new("workstation", "3c:52:82:00:00:10", "10.20.1.10").with_ttl(128);
    (workstation, Host::new("printer", "00:01:e6:00:40:31", "10.20.4.31"))
}

/// RFC 1179 §5 and §6: each file is announced with its length, acknowledged, sent with a zero behind it, acknowledged.
fn line_printer() -> Vec<u8> {
    let (workstation, printer) = hosts();
    let mut scene = Scene::new();
    let mut tcp = scene.tcp(&workstation, &printer, 515);
    let control = b"Hws-10\nPmadeup.person\nJresult of Fictitia\nldfA001ws-10\nUdfA001ws-10\nNresult.txt\n";
    let data = b"entirely invented remark about nobody\x0c";
    tcp.exchange(&mut scene, b"\x02ward3\n", &[0]);
    tcp.exchange(&mut scene, format!("\x02{} cfA001ws-10\n", control.len()).as_bytes(), &[0]);
    tcp.exchange(&mut scene, &[&control[..], &[0]].concat(), &[0]);
    tcp.exchange(&mut scene, format!("\x03{} dfA001ws-10\n", data.len()).as_bytes(), &[0]);
    tcp.exchange(&mut scene, &[&data[..], &[0]].concat(), &[0]);
    tcp.close(&mut scene);
    scene.pcap()
}

/// RFC 8010 §3.1: tag, name, value.
fn attribute(tag: u8, name: &str, value: &[u8]) -> Vec<u8> {
    [&[tag][..], &(name.len() as u16).to_be_bytes(), name.as_bytes(), &(value.len() as u16).to_be_bytes(), value].concat()
}

fn internet_printing() -> Vec<u8> {
    let (workstation, printer) = hosts();
    let mut scene = Scene::new();
    let mut tcp = scene.tcp(&workstation, &printer, 631);
    let start = |code: u16, id: u8| {
        let head = [&[1, 1][..], &code.to_be_bytes(), &[0, 0, 0, id, 1]].concat();
        [head, attribute(0x47, "attributes-charset", b"utf-8"), attribute(0x48, "attributes-natural-language", b"en")].concat()
    };
    let uri = attribute(0x45, "printer-uri", b"ipp://10.20.4.31/ipp/print");
    let ask = [start(0x000b, 1), uri.clone(), attribute(0x44, "requested-attributes", b"all"), vec![3]].concat();
    let attributes = [
        attribute(0x41, "printer-make-and-model", b"Example Printer 400"),
        attribute(0x41, "printer-location", b"Ward 3"),
        attribute(0x41, "printer-firmware-string-version", b"2309059"),
        attribute(0x45, "printer-uuid", b"urn:uuid:00112233-4455-6677-8899-0001e6004031"),
        attribute(0x41, "printer-device-id", b"MFG:Example Printers;MDL:Printer 400;SN:EX00042;"),
        attribute(0x23, "printer-state", &[0, 0, 0, 3]),
    ];
    let answer = [start(0, 1), vec![4], attributes.concat(), vec![3]].concat();
    let page = [("Content-Type", "application/ipp"), ("User-Agent", "ExamplePrint/2.3")];
    let served = [("Server", "ExamplePrinterHTTP/2.1"), ("Content-Type", "application/ipp")];
    tcp.exchange(
        &mut scene,
        &http::request("POST", "10.20.4.31:631", "/ipp/print", &page, &ask),
        &http::response("200 OK", &served, &answer),
    );
    let names = [attribute(0x42, "requesting-user-name", b"madeup.person"), attribute(0x42, "job-name", b"result of Fictitia")];
    let print = [start(0x0002, 2), uri, names.concat(), vec![3], b"entirely invented remark about nobody".to_vec()].concat();
    let job = [start(0, 2), vec![2], attribute(0x21, "job-id", &[0, 0, 0, 7]), vec![3]].concat();
    tcp.exchange(
        &mut scene,
        &http::request("POST", "10.20.4.31:631", "/ipp/print", &page, &print),
        &http::response("200 OK", &served, &job),
    );
    tcp.close(&mut scene);
    scene.pcap()
}

fn raw_printing() -> Vec<u8> {
    let (workstation, printer) = hosts();
    let mut scene = Scene::new();
    let mut tcp = scene.tcp(&workstation, &printer, 9100);
    let ask = b"\x1b%-12345X@PJL\r\n@PJL INFO ID\r\n";
    tcp.exchange(&mut scene, ask, b"@PJL INFO ID\r\n\"Example Printer 400\"\r\n\x0c");
    let job = [
        &b"@PJL JOB NAME=\"result of Fictitia\"\r\n@PJL SET USERNAME=\"madeup.person\"\r\n@PJL ENTER LANGUAGE=PCL\r\n"[..],
        &hex("1b45 1b266c3248"),
        b"entirely invented remark about nobody\x0c\x1bE\x1b%-12345X@PJL EOJ\r\n\x1b%-12345X",
    ]
    .concat();
    tcp.send(&mut scene, Direction::ToServer, &job);
    tcp.close(&mut scene);
    scene.pcap()
}
