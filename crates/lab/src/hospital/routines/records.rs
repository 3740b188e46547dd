//! The record: charts, admissions, orders.

use super::laboratory::send;
use super::talk::{inside, stamp};
use crate::hospital::play::Play;
use crate::hospital::site::DeviceId;

/// Somebody opens a chart in a browser.
pub fn chart(play: &mut Play, device: DeviceId) {
    let Some(record) = play.server(device, "ehr") else { return };
    let bytes = play.between(6_000, 60_000) as usize;
    inside(play, device, record, 443, bytes, true);
}

/// Reads over FHIR, inside TLS.
pub fn fhir(play: &mut Play, device: DeviceId) {
    let Some(record) = play.server(device, "ehr") else { return };
    let bytes = play.between(2_000, 9_000) as usize;
    inside(play, device, record, 9443, bytes, true);
}

/// Systems that want to know who is here.
const RECEIVERS: [&str; 5] = ["lis", "worklist", "pharmacy", "dispensing-server", "poc-manager"];

/// The record tells the interface engine, and the engine everybody, that a patient came, moved or left.
pub fn admission(play: &mut Play, record: DeviceId) {
    let Some(engine) = play.server(record, "engine") else { return };
    let patient = play.patient();
    let kind = play.pick(&["A01", "A02", "A03", "A04", "A08"]);
    let time = stamp(play.scene.now);
    let segments = vec![
        format!("EVN|{kind}|{time}"),
        patient.pid(),
        format!("PV1|1|I|WARD^{}^1||||||||||||||||{}", play.between(100, 499), patient.accession(9)),
    ];
    let kind = format!("ADT^{kind}^ADT_A01");
    send(play, record, engine, 6660, &kind, &segments);
    play.after(1, move |play| {
        for role in RECEIVERS {
            if let Some(receiver) = play.server(engine, role) {
                send(play, engine, receiver, 6600, &kind, &segments);
            }
        }
    });
}

/// An order goes from the record by the engine to laboratory or imaging.
pub fn order(play: &mut Play, record: DeviceId) {
    let Some(engine) = play.server(record, "engine") else { return };
    let patient = play.patient();
    let (order, time) = (patient.accession(2), stamp(play.scene.now));
    let (role, kind, what) = match play.between(0, 2) {
        0 => ("worklist", "ORM^O01^ORM_O01", "CTABD^CT abdomen^L"),
        1 => ("pharmacy", "RDE^O11^RDE_O11", "MED^Medication^L"),
        _ => ("lis", "OML^O21^OML_O21", "CHEM^Panel^L"),
    };
    let segments = vec![patient.pid(), format!("ORC|NW|{order}"), format!("OBR|1|{order}||{what}|||{time}")];
    send(play, record, engine, 6660, kind, &segments);
    play.after(1, move |play| {
        if let Some(receiver) = play.server(engine, role) {
            send(play, engine, receiver, 6600, kind, &segments);
        }
    });
}
