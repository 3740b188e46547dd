//! Results and admissions in HL7.

use super::people::{NOTE, PATIENTS};
use crate::speak::hl7;
use crate::{Clinic, Direction, Host, Scene};

const MINUTE: i64 = 60_000;

pub fn play(clinic: &Clinic, scene: &mut Scene) {
    scene.at_ms(3 * MINUTE);
    admissions(clinic, scene);
    scene.at_ms(9 * MINUTE);
    results(clinic, scene, &clinic.analyser, ("XN-1000", "Sysmex", "00-22"), 0);
    scene.at_ms(15 * MINUTE);
    // Its clock is two hours behind; MSH-7 and OBR-7 say so.
    results(clinic, scene, &clinic.blood_gas, ("ABL90", "Radiometer", "3.4.2"), -2);
}

/// Local time of the scene as HL7 writes it, so many hours off.
fn stamp(scene: &Scene, hours: i64) -> String {
    let text = scene.now.plus_nanos(hours * 3_600_000_000_000).to_string();
    let digits: String = text.chars().take(19).filter(char::is_ascii_digit).collect();
    format!("{digits}+0000")
}

/// The interface engine tells the records of today's patients.
fn admissions(clinic: &Clinic, scene: &mut Scene) {
    let mut tcp = scene.tcp(&clinic.engine, &clinic.records, 6661);
    for (index, patient) in PATIENTS.iter().enumerate() {
        let (time, id) = (stamp(scene, 0), format!("ADT{index:05}"));
        let message = hl7::framed(&[
            &hl7::msh("ENGINE", "RECORDS", &time, "ADT^A01^ADT_A01", &id, "2.5.1"),
            &format!("EVN|A01|{time}"),
            &patient.pid(),
            "PV1|1|O|RAD^^^CLINIC",
            &format!("NTE|1||{NOTE}"),
        ]);
        tcp.exchange(scene, &message, &hl7::accept("RECORDS", "ENGINE", &time, &id));
        scene.wait_ms(1_500);
    }
    tcp.close(scene);
}

/// An analyser sends results; the second message comes right behind the first, in one go.
fn results(clinic: &Clinic, scene: &mut Scene, analyser: &Host, (model, maker, version): (&str, &str, &str), hours: i64) {
    let mut tcp = scene.tcp(analyser, &clinic.engine, 6660);
    let time = stamp(scene, hours);
    let equipment = format!("{model}^{maker}~LAB-{model}-001^{maker}");
    let message = |index: usize| {
        let patient = &PATIENTS[index];
        hl7::framed(&[
            &hl7::msh(model, "ENGINE", &time, "ORU^R01^ORU_R01", &format!("R{index:05}"), "2.5.1"),
            &format!("SFT|{maker}|{version}|{model}|{version}"),
            &patient.pid(),
            &format!("OBR|1|{}||58410-2^CBC panel^LN|||{time}", patient.accession),
            &format!("OBX|1|NM|718-7^Haemoglobin^LN||13.{index}|g/dL|12-16|N|||F|||{time}||||{equipment}"),
            &format!("OBX|2|NM|6690-2^Leukocytes^LN||6.{index}|10*3/uL|4-10|N|||F|||{time}||||{equipment}"),
        ])
    };
    tcp.send(scene, Direction::ToServer, &[message(0), message(1)].concat());
    for index in 0..2 {
        let answer = hl7::accept("ENGINE", model, &stamp(scene, 0), &format!("R{index:05}"));
        tcp.send(scene, Direction::ToClient, &answer);
    }
    scene.wait_ms(20_000);
    tcp.exchange(scene, &message(2), &hl7::accept("ENGINE", model, &stamp(scene, 0), "R00002"));
    tcp.close(scene);
}
