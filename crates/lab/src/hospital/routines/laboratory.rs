//! Specimens and results: HL7 v2, LIS2-A2, POCT1-A.

use super::talk::{clock, stamp};
use crate::Direction::{ToClient, ToServer};
use crate::hospital::play::Play;
use crate::hospital::site::DeviceId;
use crate::hospital::truth::Party;
use crate::speak::{hl7, lis2, poct1a};

/// Sends HL7 v2 segments to a server on a connection of their own, and takes its acknowledgement.
pub fn send(play: &mut Play, from: DeviceId, to: DeviceId, port: u16, kind: &str, segments: &[String]) {
    let (sender, receiver) = (application(play, from), application(play, to));
    let (time, answered, id) = (stamp(clock(play, from)), stamp(play.scene.now), format!("M{:07}", play.number()));
    let sender = match play.says(from, "hl7-eui64") {
        "" => sender,
        // IHE PCD TF-2 §B.1: a device names itself by its EUI-64 in MSH-3.
        _ => format!("{sender}^{}^EUI-64", super::ward::eui64(play, from)),
    };
    let head = hl7::msh(&sender, &receiver, &format!("{time}+0000"), kind, &id, "2.5.1");
    let whole: Vec<&str> = std::iter::once(head.as_str()).chain(segments.iter().map(String::as_str)).collect();
    let (client, server) = (play.toward(from, to), Party::Device(to));
    let mut line = play.connect(client, server, port, "hl7", true);
    line.exchange(play, &hl7::framed(&whole), &hl7::accept(&receiver, &sender, &format!("{answered}+0000"), &id));
    play.mark_phi(&line);
    line.close(play);
}

/// What a system calls itself in HL7: what its model says, else its name.
pub fn application(play: &Play, device: DeviceId) -> String {
    let says = play.says(device, "hl7-application");
    if says.is_empty() { play.hospital.host_name(device).to_uppercase() } else { says.to_owned() }
}

/// An analyser tells the laboratory system a result.
pub fn result(play: &mut Play, device: DeviceId) {
    let Some(server) = play.server(device, "lis") else { return };
    let (patient, order) = (play.patient(), play.number() as u32);
    let (accession, time, value) = (patient.accession(order), stamp(clock(play, device)), play.between(35, 160));
    let model = play.hospital.model(device);
    // OBX-18: the instrument that made it (HL7 v2.5.1 §7.4.2.18), where the model says so.
    let instrument = match play.says(device, "hl7-instrument") {
        "" => String::new(),
        said => format!("{said}^{}^{}", play.hospital.serial(device), model.maker),
    };
    let segments = [
        patient.pid(),
        format!("OBR|1|{accession}||CHEM^Panel^L|||{time}"),
        format!("OBX|1|NM|2951-2^Sodium^LN||{value}|mmol/L|135-145|N|||F|||{time}||||{instrument}"),
    ];
    send(play, device, server, 2575, "ORU^R01^ORU_R01", &segments);
}

/// The laboratory system passes results on.
pub fn out(play: &mut Play, device: DeviceId) {
    let Some(engine) = play.server(device, "engine") else { return };
    let (patient, order) = (play.patient(), play.number() as u32);
    let time = stamp(play.scene.now);
    let segments = [
        patient.pid(),
        format!("OBR|1|{}||CBC^Blood count^L|||{time}", patient.accession(order)),
        format!("OBX|1|NM|718-7^Haemoglobin^LN||{}|g/L|120-160|N|||F|||{time}", play.between(90, 170)),
    ];
    send(play, device, engine, 6661, "ORU^R01^ORU_R01", &segments);
}

/// A message of LIS2-A2 in frames on a connection of its own.
fn records(play: &mut Play, from: DeviceId, to: DeviceId, message: &str) {
    let port: u16 = play.says(from, "astm-port").parse().unwrap_or(1182);
    let mut line = play.connect(Party::Device(from), Party::Device(to), port, "lis2", true);
    line.with(play, |scene, tcp| lis2::send_framed(scene, tcp, ToServer, message));
    play.mark_phi(&line);
    line.close(play);
}

fn header(play: &Play, device: DeviceId) -> String {
    let model = play.hospital.model(device);
    let sender = format!("{}^{}^{}", model.name, play.hospital.firmware(device), play.hospital.serial(device));
    lis2::header("", &sender, "LIS", &stamp(clock(play, device)))
}

/// An analyser reports in LIS2-A2.
pub fn astm(play: &mut Play, device: DeviceId) {
    let Some(server) = play.server(device, "lis") else { return };
    let (patient, order) = (play.patient(), play.number() as u32);
    let (accession, time) = (patient.accession(order), stamp(clock(play, device)));
    let message = [
        header(play, device),
        lis2::patient(&patient.id(), &patient.name(), &patient.birth(), patient.sex()),
        lis2::order(1, &accession, "WBC"),
        lis2::result(1, "WBC", &format!("{}.{}", play.between(3, 11), play.between(0, 9)), "10*9/L", &time),
        lis2::end(),
    ];
    records(play, device, server, &message.concat());
}

/// An analyser asks what is ordered for a specimen.
pub fn query(play: &mut Play, device: DeviceId) {
    let Some(server) = play.server(device, "lis") else { return };
    let accession = play.patient().accession(1);
    let message = [header(play, device), lis2::query(&accession), lis2::end()].concat();
    records(play, device, server, &message);
}

/// A point-of-care device greets its manager in POCT1-A, tells that a result waits, and sends it when asked.
pub fn poct(play: &mut Play, device: DeviceId) {
    let Some(server) = play.server(device, "poc-manager") else { return };
    let model = play.hospital.model(device);
    let (serial, patient, id) = (play.hospital.serial(device), play.patient(), super::ward::eui64(play, device));
    let time = clock(play, device);
    let time = time.plus_nanos(-time.nanos().rem_euclid(1_000_000_000)).to_string().replace('Z', "+00:00");
    let own = poct1a::Device {
        id: &id,
        vendor: &model.maker,
        maker: &model.maker,
        model: &model.name,
        serial: &serial,
        hardware: "1",
        software: play.hospital.firmware(device),
        name: &play.hospital.host_name(device),
    };
    let (number, name) = (patient.id(), patient.name());
    let whose = poct1a::Subject { id: &number, name: &name, birth: "1890-01-01", sex: patient.sex(), operator: "FICTL9999999" };
    let value = play.between(60, 180).to_string();
    let port: u16 = play.says(device, "poct-port").parse().unwrap_or(3001);
    let mut line = play.connect(Party::Device(device), Party::Device(server), port, "poct1a", true);
    line.exchange(play, &own.hello(1, &time), &poct1a::acknowledge(1, &time, 1));
    line.exchange(play, &poct1a::status(2, &time, 1), &poct1a::acknowledge(2, &time, 2));
    line.send(play, ToClient, &poct1a::request(3, &time, "ROBS"));
    let results = [("2339-0", value.as_str(), "mg/dL")];
    line.exchange(play, &poct1a::observation(3, &time, &whose, &results), &poct1a::acknowledge(4, &time, 3));
    line.exchange(play, &poct1a::end_of_topic(4, &time, "OBS"), &poct1a::directive(5, &time, "START_CONTINUOUS"));
    line.send(play, ToServer, &poct1a::acknowledge(5, &time, 5));
    play.mark_phi(&line);
    line.close(play);
}
