//! At the bed: pumps, monitors, ventilators, beds, calls, medicines.

use super::imaging;
use super::laboratory::{application, send};
use super::talk::{Request, clock, page, stamp};
use crate::Direction::{ToClient, ToServer};
use crate::hospital::play::Play;
use crate::hospital::site::DeviceId;
use crate::hospital::truth::{Key, Party};

/// What a device says of itself in IHE PCD-01 (ISO/IEEE 11073-10101).
fn attribute(number: u32, name: &str, value: &str) -> String {
    format!("OBX|{number}|ST|{name}^MDC|1.0.0.0.{number}|{value}||||||F")
}

/// The identifier that follows from a MAC address (EUI-64).
pub fn eui64(play: &Play, device: DeviceId) -> String {
    let [a, b, c, d, e, f] = play.hospital.devices[device as usize].interface.mac.0;
    format!("{a:02X}{b:02X}{c:02X}FFFE{d:02X}{e:02X}{f:02X}")
}

/// Segments that describe a device.
fn about(play: &Play, device: DeviceId, system: &str) -> Vec<String> {
    let model = play.hospital.model(device);
    let time = stamp(clock(play, device));
    vec![
        format!("OBR|1|||{system}^MDC|||{time}"),
        attribute(1, "531970^MDC_ID_MODEL_MANUFACTURER", &model.maker),
        attribute(2, "531969^MDC_ID_MODEL_NUMBER", &model.name),
        attribute(3, "531972^MDC_ID_PROD_SPEC_SERIAL", &play.hospital.serial(device)),
        attribute(4, "531975^MDC_ID_PROD_SPEC_SW", play.hospital.firmware(device)),
    ]
}

/// A pump tells its server how it runs, in a web service of its maker.
pub fn pump(play: &mut Play, device: DeviceId) {
    let Some(server) = play.server(device, "pump-server") else { return };
    let model = play.hospital.model(device);
    let (serial, firmware, name) =
        (play.hospital.serial(device), play.hospital.firmware(device), play.hospital.host_name(device));
    let body = format!(
        "{{\"device\":\"{name}\",\"maker\":\"{}\",\"model\":\"{}\",\"serial\":\"{serial}\",\"software\":\"{firmware}\",\"state\":\"running\",\"sequence\":{}}}",
        model.maker,
        model.name,
        play.number()
    );
    let agent = play.says(device, "user-agent").replace("{firmware}", firmware);
    let request = Request {
        what: ("POST", "/pump/v1/status"),
        agent: &agent,
        headers: &[("Content-Type", "application/json")],
        body: body.as_bytes(),
        answer: ("204 No Content", b""),
    };
    page(play, device, server, 8080, &request);
}

/// A pump speaks what its maker does not publish, on a connection that stays open.
pub fn pump_opaque(play: &mut Play, device: DeviceId) {
    let Some(server) = play.server(device, "pump-server") else { return };
    let port: u16 = play.says(device, "pump-port").parse().unwrap_or(3613);
    let (length, number) = (play.between(90, 240) as usize, play.number());
    let message = [&[0xaa, 0x55, 0, 1][..], &number.to_be_bytes(), &play.scene.random_bytes(length)].concat();
    let answer = [&[0xaa, 0x55, 0, 2][..], &number.to_be_bytes(), &[0; 4]].concat();
    let mut line = match play.lines.remove(&(device, "pump")) {
        Some(line) => line,
        None => play.connect(Party::Device(device), Party::Device(server), port, "", true),
    };
    line.exchange(play, &message, &answer);
    // Batteries end, people walk: now and then it begins anew.
    if play.chance(1) {
        line.close(play);
    } else {
        play.lines.insert((device, "pump"), line);
    }
}

/// A pump asks for the drug library and, when there is a new one, takes it in parts.
pub fn drug_library(play: &mut Play, device: DeviceId) {
    let Some(server) = play.server(device, "pump-server") else { return };
    let agent = play.says(device, "user-agent").replace("{firmware}", play.hospital.firmware(device));
    let is_new = play.chance(15);
    let library: Vec<u8> = if is_new { play.scene.random_bytes(90_000) } else { Vec::new() };
    let status = if is_new { "200 OK" } else { "304 Not Modified" };
    let request = Request {
        what: ("GET", "/pump/v1/drug-library"),
        agent: &agent,
        headers: &[("If-None-Match", "\"2026-02\"")],
        body: b"",
        answer: (status, &library),
    };
    page(play, device, server, 8080, &request);
    if is_new {
        play.event(Some(device), "drug library updated", String::new());
    }
}

/// The pump server passes infusions on to the record.
pub fn pump_documentation(play: &mut Play, server: DeviceId) {
    let Some(engine) = play.server(server, "engine") else { return };
    let site = play.hospital.devices[server as usize].site;
    let place = play.number() as usize;
    let pumps = play.hospital.in_role(site, "pump");
    let Some(pump) = pumps.get(place % pumps.len().max(1)).copied() else { return };
    let patient = play.patient();
    let mut segments = vec![patient.pid(), "PV1||I|ICU^^BED1".to_owned()];
    segments.extend(about(play, pump, "69985^MDC_DEV_PUMP_INFUS_MDS"));
    segments.push(format!(
        "OBX|5|NM|157784^MDC_FLOW_FLUID_PUMP^MDC|1.1.1.1|{}|265266^MDC_DIM_MILLI_L_PER_HR^MDC|||||F|||{}||||{}^^{}^EUI-64",
        play.between(2, 120),
        stamp(play.scene.now),
        eui64(play, pump),
        eui64(play, pump)
    ));
    send(play, server, engine, 6662, "ORU^R01^ORU_R01", &segments);
}

/// A monitor sends vital signs to its central station: datagrams of its maker's protocol.
pub fn telemetry(play: &mut Play, device: DeviceId) {
    let Some(central) = play.server(device, "central") else { return };
    let port: u16 = play.says(device, "telemetry-port").parse().unwrap_or(24_105);
    let protocol = play.says(device, "telemetry-protocol");
    if protocol == "intellivue" {
        super::telemetry::intellivue(play, device, central);
        return;
    }
    let length = play.between(120, 700) as usize;
    let data = [&[0xe1, 0, 0, 2][..], &play.scene.random_bytes(length)].concat();
    let key = Key { client: Party::Device(device), server: Party::Device(central), tcp: false, port };
    play.datagrams(key, ("", true), port, &data, None);
}

/// The central station tells the record how the patients of its monitors are.
pub fn central(play: &mut Play, central: DeviceId) {
    let Some(engine) = play.server(central, "engine") else { return };
    let site = play.hospital.devices[central as usize].site;
    let place = play.number() as usize;
    let monitors = play.hospital.in_role(site, "monitor");
    let Some(monitor) = monitors.get(place % monitors.len().max(1)).copied() else { return };
    report(play, central, engine, monitor, "69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS");
}

fn report(play: &mut Play, from: DeviceId, to: DeviceId, on: DeviceId, system: &str) {
    let patient = play.patient();
    let mut segments = vec![patient.pid(), "PV1||I|ICU^^BED2".to_owned()];
    segments.extend(about(play, on, system));
    let id = eui64(play, on);
    segments.push(format!(
        "OBX|5|NM|147842^MDC_ECG_HEART_RATE^MDC|1.7.4.147842|{}|264864^MDC_DIM_BEAT_PER_MIN^MDC|||||F|||{}||||{id}^^{id}^EUI-64",
        play.between(50, 120),
        stamp(play.scene.now)
    ));
    send(play, from, to, 6662, "ORU^R01^ORU_R01", &segments);
}

/// A gateway reports on ventilators and anaesthesia machines behind it.
pub fn gateway(play: &mut Play, gateway: DeviceId) {
    let Some(engine) = play.server(gateway, "engine") else { return };
    let site = play.hospital.devices[gateway as usize].site;
    let place = play.number() as usize;
    let behind = play.hospital.in_role(site, "ventilator");
    let Some(one) = behind.get(place % behind.len().max(1)).copied() else { return };
    report(play, gateway, engine, one, "70049^MDC_DEV_SYS_PT_VENT_MDS");
}

/// A ventilator or anaesthesia machine reports: in HL7 itself where it can, else in its own words to the gateway.
pub fn ventilation(play: &mut Play, device: DeviceId) {
    if play.says(device, "hl7-application").is_empty() {
        let Some(gateway) = play.server(device, "gateway") else { return };
        let port: u16 = play.says(device, "gateway-port").parse().unwrap_or(9100 + 11);
        let length = play.between(60, 400) as usize;
        let (ask, answer) = (play.scene.random_bytes(length), play.scene.random_bytes(12));
        let ask = [&[0x1b, 0x51][..], &ask].concat();
        let mut line = play.connect(Party::Device(device), Party::Device(gateway), port, "", true);
        line.exchange(play, &ask, &answer);
        line.close(play);
        return;
    }
    let Some(engine) = play.server(device, "engine") else { return };
    let (mut segments, id) = (vec![play.patient().pid()], eui64(play, device));
    segments.extend(about(play, device, "70049^MDC_DEV_SYS_PT_VENT_MDS"));
    segments.push(format!(
        "OBX|5|NM|151586^MDC_VENT_RESP_RATE^MDC|1.1.1.151586|{}|264928^MDC_DIM_RESP_PER_MIN^MDC|||||F|||{}||||{id}^^{id}^EUI-64",
        play.between(8, 24),
        stamp(clock(play, device))
    ));
    send(play, device, engine, 6662, "ORU^R01^ORU_R01", &segments);
}

/// A nurse measures with a vital signs monitor; it sends what it found.
pub fn spot_check(play: &mut Play, device: DeviceId) {
    let Some(engine) = play.server(device, "engine") else { return };
    let patient = play.patient();
    let (mut segments, id) = (vec![patient.pid()], eui64(play, device));
    segments.extend(about(play, device, "69837^MDC_DEV_METER_PHYSIO_MULTI_PARAM_MDS"));
    segments.push(format!(
        "OBX|5|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC|1.1.1.1|{}|262688^MDC_DIM_PERCENT^MDC|||||F|||{}||||{id}^^{id}^EUI-64",
        play.between(90, 100),
        stamp(clock(play, device))
    ));
    send(play, device, engine, 6662, "ORU^R01^ORU_R01", &segments);
}

/// An electrocardiograph stores a curve, in DICOM.
pub fn ecg(play: &mut Play, device: DeviceId) {
    let Some(server) = play.server(device, "ecg-server").or_else(|| play.server(device, "pacs")) else { return };
    let patient = play.patient();
    imaging::store(play, device, server, patient, 1);
}

/// A cabinet tells its server what was taken out, inside a connection of its own protocol.
pub fn dispense(play: &mut Play, device: DeviceId) {
    let Some(server) = play.server(device, "dispensing-server") else { return };
    let name = play.hospital.host_name(device);
    let agent = play.says(device, "user-agent").replace("{firmware}", play.hospital.firmware(device));
    let body = format!("{{\"station\":\"{name}\",\"drawer\":{},\"count\":{}}}", play.between(1, 40), play.between(0, 30));
    let request = Request {
        what: ("POST", "/station/transaction"),
        agent: &agent,
        headers: &[("Content-Type", "application/json")],
        body: body.as_bytes(),
        answer: ("200 OK", b"{\"ok\":true}"),
    };
    page(play, device, server, 8090, &request);
}

/// A room's controller passes a call on.
pub fn nurse_call(play: &mut Play, device: DeviceId) {
    let Some(server) = play.server(device, "nurse-call-server") else { return };
    let room = play.between(100, 499);
    let message = format!("CALL|{}|ROOM{room}|BED1|NORMAL\r\n", application(play, device));
    let mut line = play.connect(Party::Device(device), Party::Device(server), 5010, "", false);
    line.send(play, ToServer, message.as_bytes());
    line.send(play, ToClient, b"OK\r\n");
    line.close(play);
}

/// A bed tells how it stands.
pub fn bed(play: &mut Play, device: DeviceId) {
    let Some(server) = play.server(device, "bed-server") else { return };
    let agent = play.says(device, "user-agent").replace("{firmware}", play.hospital.firmware(device));
    let body = format!("{{\"bed\":\"{}\",\"rails\":\"up\",\"angle\":{}}}", play.hospital.host_name(device), play.between(0, 45));
    let request = Request {
        what: ("POST", "/beds/v2/status"),
        agent: &agent,
        headers: &[("Content-Type", "application/json")],
        body: body.as_bytes(),
        answer: ("200 OK", b"{}"),
    };
    page(play, device, server, 8085, &request);
}

/// A voice badge registers with its server, and its wearer says something.
pub fn badge(play: &mut Play, device: DeviceId) {
    let Some(server) = play.server(device, "voice-server") else { return };
    let name = play.hospital.host_name(device);
    let key = |port| Key { client: Party::Device(device), server: Party::Device(server), tcp: false, port };
    let ask = [&[0x00, 0x25, 0, 1][..], name.as_bytes(), &[0; 12]].concat();
    play.datagrams(key(5002), ("", false), 5002, &ask, Some(&[0x00, 0x26, 0, 1, 0, 0, 0, 0]));
    let voice = play.scene.random_bytes(172);
    for _ in 0..play.between(2, 10) {
        let key = key(5300);
        play.datagrams(key, ("", false), 5300, &[&[0x80, 0][..], &voice].concat(), None);
    }
}
