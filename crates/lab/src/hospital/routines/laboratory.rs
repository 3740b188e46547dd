//! Specimens and results: HL7 v2, LIS2-A2, POCT1-A.

use super::talk::{clock, stamp};
use crate::Direction::{ToClient, ToServer};
use crate::hospital::play::Play;
use crate::hospital::site::DeviceId;
use crate::hospital::truth::Party;
use crate::speak::hl7;

/// Sends HL7 v2 segments to a server on a connection of their own, and takes its acknowledgement.
pub fn send(play: &mut Play, from: DeviceId, to: DeviceId, port: u16, kind: &str, segments: &[String]) {
    let (sender, receiver) = (application(play, from), application(play, to));
    let (time, answered, id) = (stamp(clock(play, from)), stamp(play.scene.now), format!("M{:07}", play.number()));
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

/// One frame of the low-level protocol (CLSI LIS1-A §6.3): STX, number, text, ETX, sum, CR LF.
fn frame(number: usize, text: &str) -> Vec<u8> {
    let body = format!("{}{text}\r\x03", number % 8);
    let sum = body.bytes().fold(0_u8, u8::wrapping_add);
    [&[2][..], body.as_bytes(), format!("{sum:02X}\r\n").as_bytes()].concat()
}

/// Records of LIS2-A2 on a connection: enquiry, frames each acknowledged, end.
fn records(play: &mut Play, from: DeviceId, to: DeviceId, records: &[String]) {
    let port: u16 = play.says(from, "astm-port").parse().unwrap_or(1182);
    let mut line = play.connect(Party::Device(from), Party::Device(to), port, "", true);
    line.exchange(play, &[5], &[6]);
    for (index, record) in records.iter().enumerate() {
        line.exchange(play, &frame(index + 1, record), &[6]);
    }
    line.send(play, ToServer, &[4]);
    play.mark_phi(&line);
    line.close(play);
}

fn header(play: &Play, device: DeviceId) -> String {
    let model = play.hospital.model(device);
    let (serial, time) = (play.hospital.serial(device), stamp(clock(play, device)));
    format!("H|\\^&|||{}^{}^{serial}|||||||P|LIS2-A2|{time}", model.name, play.hospital.firmware(device))
}

/// An analyser reports in LIS2-A2.
pub fn astm(play: &mut Play, device: DeviceId) {
    let Some(server) = play.server(device, "lis") else { return };
    let (patient, order) = (play.patient(), play.number() as u32);
    let whole = [
        header(play, device),
        format!("P|1||{}||{}||{}|{}", patient.id(), patient.name(), patient.birth(), patient.sex()),
        format!("O|1|{}||^^^WBC|R", patient.accession(order)),
        format!("R|1|^^^WBC|{}.{}|10*9/L||N||F", play.between(3, 11), play.between(0, 9)),
        "L|1|N".to_owned(),
    ];
    records(play, device, server, &whole);
}

/// An analyser asks what is ordered for a specimen.
pub fn query(play: &mut Play, device: DeviceId) {
    let Some(server) = play.server(device, "lis") else { return };
    let accession = play.patient().accession(1);
    let whole = [header(play, device), format!("Q|1|^{accession}||ALL"), "L|1|N".to_owned()];
    records(play, device, server, &whole);
}

/// A point-of-care device reports to its manager in POCT1-A: hello, status, a result, goodbye; each acknowledged.
pub fn poct(play: &mut Play, device: DeviceId) {
    let Some(server) = play.server(device, "poc-manager") else { return };
    let model = play.hospital.model(device);
    let (serial, firmware, patient) = (play.hospital.serial(device), play.hospital.firmware(device), play.patient());
    let time = clock(play, device).to_string();
    let hello = format!(
        "<HEL.R01><HDR><HDR.control_id V=\"1\"/><HDR.version_id V=\"POCT1\"/><HDR.creation_dttm V=\"{time}\"/></HDR><DEV>\
         <DEV.device_id V=\"{serial}\"/><DEV.vendor_id V=\"{}\"/><DEV.model_id V=\"{}\"/><DEV.serial_id V=\"{serial}\"/>\
         <DEV.sw_version V=\"{firmware}\"/></DEV></HEL.R01>",
        model.maker, model.name
    );
    let status =
        "<DST.R01><HDR><HDR.control_id V=\"2\"/></HDR><DST><DST.new_observations_qty V=\"1\"/><DST.condition_cd V=\"R\"/></DST></DST.R01>"
            .to_owned();
    let observation = format!(
        "<OBS.R01><HDR><HDR.control_id V=\"3\"/></HDR><SVC><SVC.role_cd V=\"OBS\"/><SVC.observation_dttm V=\"{time}\"/><PT>\
         <PT.patient_id V=\"{}\"/><PT.name V=\"{}\"/><OBS><OBS.observation_id V=\"2339-0\" SN=\"LN\"/><OBS.value V=\"{}\" U=\"mg/dL\"/>\
         </OBS></PT></SVC></OBS.R01>",
        patient.id(),
        patient.name(),
        play.between(60, 180)
    );
    let port: u16 = play.says(device, "poct-port").parse().unwrap_or(3001);
    let mut line = play.connect(Party::Device(device), Party::Device(server), port, "", true);
    for (index, message) in [hello, status, observation].iter().enumerate() {
        let answer = format!(
            "<ACK.R01><HDR><HDR.control_id V=\"{}\"/></HDR><ACK><ACK.type_cd V=\"AA\"/><ACK.ack_control_id V=\"{}\"/></ACK></ACK.R01>",
            index + 101,
            index + 1
        );
        line.send(play, ToServer, message.as_bytes());
        line.send(play, ToClient, answer.as_bytes());
    }
    play.mark_phi(&line);
    line.close(play);
}
