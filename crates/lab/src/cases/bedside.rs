//! The bedside and the point of care: monitors, ventilators, pumps and analysers in the protocols of their makers and kinds.

use crate::clinic::people::PATIENTS;
use crate::speak::intellivue::{self, InBed, Monitor, Polled};
use crate::{Case, Host, Scene};

/// The rows.
pub const CASES: &[Case] = &[Case {
    name: "intellivue-data-export",
    about: "A patient monitor announces itself to everybody; a gateway associates, polls the patient and measurements, and lets go. \
            Proves maker, model, serial number, software, bed, own addresses, and which kinds of PHI crossed; no value leaves.",
    build: data_export,
}];

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
