//! Results and admissions in HL7.

use super::people::{NOTE, PATIENTS};
use crate::speak::hl7;
use crate::{Clinic, Direction, Host, Scene};

const MINUTE: i64 = 60_000;

/// An analyser, its panel and its tests: code and name (LOINC), beginning of the result, unit and usual range.
struct Analyser {
    model: &'static str,
    maker: &'static str,
    version: &'static str,
    panel: &'static str,
    tests: [(&'static str, &'static str, &'static str); 2],
}

const BLOOD_COUNT: Analyser = Analyser {
    model: "XN-1000",
    maker: "Sysmex",
    version: "00-22",
    panel: "58410-2^CBC panel",
    tests: [("718-7^Haemoglobin", "13.", "g/dL|12-16"), ("6690-2^Leukocytes", "6.", "10*3/uL|4-10")],
};

const BLOOD_GAS: Analyser = Analyser {
    model: "ABL90",
    maker: "Radiometer",
    version: "3.4.2",
    panel: "24336-0^Gas panel arterial blood",
    tests: [("2744-1^pH", "7.4", "pH|7.35-7.45"), ("2703-7^Oxygen", "92.", "mm[Hg]|83-108")],
};

pub fn play(clinic: &Clinic, scene: &mut Scene) {
    scene.at_ms(3 * MINUTE);
    admissions(clinic, scene);
    scene.at_ms(9 * MINUTE);
    results(clinic, scene, &clinic.analyser, &BLOOD_COUNT, 0);
    scene.at_ms(15 * MINUTE);
    // Its clock is two hours behind; MSH-7 and OBR-7 say so.
    results(clinic, scene, &clinic.blood_gas, &BLOOD_GAS, -2);
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
fn results(clinic: &Clinic, scene: &mut Scene, analyser: &Host, of: &Analyser, hours: i64) {
    let Analyser { model, maker, version, panel, tests } = *of;
    let mut tcp = scene.tcp(analyser, &clinic.engine, 6660);
    let time = stamp(scene, hours);
    let equipment = format!("{model}^{maker}~LAB-{model}-001^{maker}");
    let message = |index: usize| {
        let patient = &PATIENTS[index];
        hl7::framed(&[
            &hl7::msh(model, "ENGINE", &time, "ORU^R01^ORU_R01", &format!("R{index:05}"), "2.5.1"),
            &format!("SFT|{maker}|{version}|{model}|{version}"),
            &patient.pid(),
            &format!("OBR|1|{}||{panel}^LN|||{time}", patient.accession),
            &format!("OBX|1|NM|{}^LN||{}{index}|{}|N|||F|||{time}||||{equipment}", tests[0].0, tests[0].1, tests[0].2),
            &format!("OBX|2|NM|{}^LN||{}{index}|{}|N|||F|||{time}||||{equipment}", tests[1].0, tests[1].1, tests[1].2),
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
