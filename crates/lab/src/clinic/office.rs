//! Printers, cameras, workstations and those who look after them.

use super::network::resolve;
use crate::speak::der::Certificate;
use crate::speak::tls::{Handshake, TLS_1_0, TLS_1_2, TLS_1_3};
use crate::speak::{dns, http, rdp, smb, snmp};
use crate::{Clinic, Direction, Host, Scene};

const MINUTE: i64 = 60_000;

pub fn play(clinic: &Clinic, scene: &mut Scene) {
    printer_announces(clinic, scene);
    printers_are_used(clinic, scene);
    scene.at_ms(6 * MINUTE);
    camera(clinic, scene);
    scene.at_ms(7 * MINUTE);
    old_workstation(clinic, scene);
    scene.at_ms(8 * MINUTE);
    records(clinic, scene);
    scene.at_ms(12 * MINUTE);
    remote_desktop(clinic, scene);
    logs(clinic, scene);
}

const fn certificate<'a>(subject: &'a str, issuer: &'a str, not_after: &'a str, bits: usize) -> Certificate<'a> {
    Certificate { subject, organisation: "Clinic Example", issuer, not_before: "220101000000Z", not_after, bits }
}

/// DNS-SD (RFC 6763) and SSDP of the office printer.
fn printer_announces(clinic: &Clinic, scene: &mut Scene) {
    let service = "HP LaserJet M404dn [9D4031]._ipp._tcp.local";
    let target = "NPI9D4031.local";
    let text = ["txtvers=1", "ty=HP LaserJet Pro M404dn", "usb_MFG=HP", "usb_MDL=LaserJet Pro M404dn", "rp=ipp/print"];
    let records = [
        dns::answer("_ipp._tcp.local", dns::PTR, 4500, &dns::name(service)),
        dns::answer(service, dns::SRV, 120, &dns::srv(631, target)),
        dns::answer(service, dns::TXT, 4500, &dns::txt(&text)),
        dns::answer(target, dns::A, 120, &clinic.printer.ipv4().octets()),
    ];
    let group = Host::group("224.0.0.251");
    let printer = clinic.printer.clone().with_ttl(255);
    for round in 0..3 {
        scene.at_ms(95_000 + round * 8 * MINUTE);
        scene.udp(
            &clinic.workstation.clone().with_ttl(255),
            5353,
            &group,
            5353,
            &dns::multicast_query("_ipp._tcp.local", dns::PTR),
        );
        scene.udp(&printer, 5353, &group, 5353, &dns::announcement(&records));
        let notify = "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nCACHE-CONTROL: max-age=1800\r\n\
                      LOCATION: http://10.20.4.31:80/upnp/desc.xml\r\nNT: urn:schemas-upnp-org:device:Printer:1\r\nNTS: ssdp:alive\r\n\
                      SERVER: HP-ChaiSOE/1.0 UPnP/1.0 HP-LaserJet-M404dn/1.0\r\n\
                      USN: uuid:6d4ff0ce-6b11-11d8-8020-0001e69d4031::urn:schemas-upnp-org:device:Printer:1\r\n\r\n";
        scene.udp(&clinic.printer, 1900, &Host::group("239.255.255.250"), 1900, notify.as_bytes());
    }
}

/// SNMP with the community that everybody knows, a log-in with the password it came with, labels and pages.
fn printers_are_used(clinic: &Clinic, scene: &mut Scene) {
    for round in 0..4 {
        scene.at_ms(4 * MINUTE + round * 5 * MINUTE);
        let (port, request) = (scene.port(), scene.random() as u32 >> 1);
        scene.udp(&clinic.logs, port, &clinic.printer, 161, &snmp::get("public", request));
        let description = "HP ETHERNET MULTI-ENVIRONMENT,ROM none,JETDIRECT,JD153,EEPROM JSI24050012,CIDATE 11/21/2019";
        let answer = snmp::response("public", request, description, "1.3.6.1.4.1.11.2.3.9.1");
        scene.udp(&clinic.printer, 161, &clinic.logs, port, &answer);
    }
    scene.at_ms(14 * MINUTE);
    let mut tcp = scene.tcp(&clinic.laptop, &clinic.printer, 80);
    let challenge =
        [("Server", "HP HTTP Server; LaserJet Pro M404dn"), ("WWW-Authenticate", "Basic realm=\"HP Embedded Web Server\"")];
    let denied = http::response("401 Unauthorized", &challenge, b"<html>sign in</html>");
    let agent = ("User-Agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) ExampleBrowser/1.0");
    tcp.exchange(scene, &http::request("GET", "10.20.4.31", "/config", &[agent], b""), &denied);
    let login = ("Authorization", "Basic YWRtaW46YWRtaW4=");
    let page =
        http::ok("HP HTTP Server; LaserJet Pro M404dn", "text/html", b"<html><title>HP LaserJet Pro M404dn</title></html>");
    tcp.exchange(scene, &http::request("GET", "10.20.4.31", "/config", &[agent, login], b""), &page);
    tcp.close(scene);
    scene.at_ms(16 * MINUTE);
    let mut tcp = scene.tcp(&clinic.workstation, &clinic.label_printer, 9100);
    tcp.send(scene, Direction::ToServer, b"^XA^FO50,50^ADN,36,20^FDTEST LABEL^FS^XZ");
    tcp.close(scene);
}

fn camera(clinic: &Clinic, scene: &mut Scene) {
    let mut tcp = scene.tcp(&clinic.logs, &clinic.camera, 80);
    let headers = [("User-Agent", "ExampleRecorder/4.2"), ("Authorization", "Basic cm9vdDpwYXNz")];
    let request = http::request("GET", "10.20.5.41", "/axis-cgi/jpg/image.cgi", &headers, b"");
    let picture = scene.random_bytes(20_000);
    tcp.exchange(scene, &request, &http::ok("Apache/2.4.39 (Unix) OpenSSL/1.1.1c", "application/octet-stream", &picture));
    tcp.close(scene);
}

/// Reception still runs Windows XP and takes its files by SMB 1.
fn old_workstation(clinic: &Clinic, scene: &mut Scene) {
    let mut tcp = scene.tcp(&clinic.old_workstation, &clinic.domain, 445);
    let answer = smb::negotiated(scene, "CLINIC", "DC01");
    tcp.exchange(scene, &smb::negotiate(), &answer);
    let setup = smb::session_setup(scene, "reception", "CLINIC", "Windows 2002 Service Pack 3 2600", "Windows 2002 5.1");
    let answer = smb::session_set_up("Windows Server 2016 Standard 14393", "Windows Server 2016 Standard 6.3", "CLINIC");
    tcp.exchange(scene, &setup, &answer);
    tcp.close(scene);
}

/// The records: TLS 1.3 from new workstations, TLS 1.0 from the old one, and a certificate that ran out from the interface engine.
fn records(clinic: &Clinic, scene: &mut Scene) {
    let name = "records.clinic.example";
    let valid = certificate(name, "Clinic Example CA", "271231235959Z", 2048);
    for _ in 0..3 {
        resolve(clinic, scene, &clinic.workstation, name, [10, 20, 1, 50]);
        let mut tcp = scene.tcp(&clinic.workstation, &clinic.records, 443);
        let new =
            Handshake { version: TLS_1_3, server_name: name, alpn: "http/1.1", suite: 0x1301, certificate: valid, data: 30_000 };
        new.run(scene, &mut tcp);
        tcp.close(scene);
        scene.wait_ms(90_000);
    }
    let mut tcp = scene.tcp(&clinic.old_workstation, &clinic.pacs, 443);
    let weak = certificate("pacs", "pacs", "301231235959Z", 1024);
    Handshake { version: TLS_1_0, server_name: "", alpn: "", suite: 0x002f, certificate: weak, data: 4_000 }.run(scene, &mut tcp);
    tcp.close(scene);
    let mut tcp = scene.tcp(&clinic.workstation, &clinic.engine, 8443);
    let expired = certificate("engine.clinic.example", "Clinic Example CA", "250131235959Z", 2048);
    let console = Handshake {
        version: TLS_1_2,
        server_name: "engine.clinic.example",
        alpn: "http/1.1",
        suite: 0xc02f,
        certificate: expired,
        data: 12_000,
    };
    console.run(scene, &mut tcp);
    tcp.close(scene);
}

/// The administrator works on the PACS by remote desktop.
fn remote_desktop(clinic: &Clinic, scene: &mut Scene) {
    let mut tcp = scene.tcp(&clinic.laptop, &clinic.domain, 3389);
    tcp.exchange(scene, &rdp::request("itadmin"), &rdp::confirm());
    let own = certificate("DC01.clinic.example", "DC01.clinic.example", "260801000000Z", 2048);
    let session = Handshake { version: TLS_1_2, server_name: "DC01", alpn: "", suite: 0xc030, certificate: own, data: 40_000 };
    session.run(scene, &mut tcp);
    tcp.close(scene);
}

/// Syslog (RFC 3164, RFC 5424); the blood gas analyser's clock is two hours behind here too.
fn logs(clinic: &Clinic, scene: &mut Scene) {
    for round in 0..6 {
        scene.at_ms(3 * MINUTE + round * 4 * MINUTE);
        let minute = 3 + round * 4;
        let lines = [
            (
                &clinic.switch,
                format!(
                    "<189>Mar  2 08:{minute:02}:00 sw-ward-1 {round}: %LINK-3-UPDOWN: Interface GigabitEthernet1/0/7, changed state to up"
                ),
            ),
            (&clinic.blood_gas, format!("<134>1 2026-03-02T06:{minute:02}:00Z ABL90-22 abl90 412 - - calibration finished")),
        ];
        for (from, line) in lines {
            scene.udp(from, 514, &clinic.logs, 514, line.as_bytes());
        }
    }
}
