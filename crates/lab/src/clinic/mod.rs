//! A small clinic on a Monday morning: the demonstration capture.
//!
//! Some thirty interfaces with the address blocks of real makers say what such devices say: they get addresses, find each
//! other, keep time, send images and results, and are administered, well and badly. Every person, identifier, serial number
//! and outside host is made up; names of persons say so. What must never be shown is listed in
//! [`PHI`] and [`SECRETS`]; what should be found, in [`DEVICES`] and [`FAULTS`].

mod imaging;
mod laboratory;
mod network;
mod office;
mod outside;
pub mod people;
pub mod truth;
mod ward;

pub use people::{PHI, SECRETS};
pub use truth::{DEVICES, FAULTS};

use crate::{Host, Scene};

/// Who is there.
pub(crate) struct Clinic {
    pub switch: Host,
    pub router: Host,
    pub domain: Host,
    pub pacs: Host,
    pub engine: Host,
    pub logs: Host,
    pub records: Host,
    pub ct: Host,
    pub ultrasound: Host,
    pub x_ray: Host,
    pub analyser: Host,
    pub blood_gas: Host,
    pub pump_gateway: Host,
    pub pumps: [Host; 3],
    pub central: Host,
    pub monitors: [Host; 3],
    pub ventilator: Host,
    pub serial_server: Host,
    pub printer: Host,
    pub label_printer: Host,
    pub camera: Host,
    pub old_workstation: Host,
    pub workstation: Host,
    pub laptop: Host,
    pub access_control: Host,
}

impl Clinic {
    fn new() -> Self {
        let virtual_machine = |name: &str, last: u8, ip: &str| Host::new(name, &format!("00:0c:29:4a:10:{last:02x}"), ip);
        Self {
            switch: Host::new("switch", "00:00:0c:52:10:01", "10.20.0.2").with_ttl(255),
            router: Host::new("router", "00:09:0f:52:10:fe", "10.20.0.1").with_ttl(255),
            domain: virtual_machine("domain controller", 0x10, "10.20.1.10").with_ttl(128),
            pacs: Host::new("PACS", "00:06:5b:33:20:20", "10.20.1.20"),
            engine: virtual_machine("interface engine", 0x30, "10.20.1.30"),
            logs: virtual_machine("log server", 0x40, "10.20.1.40"),
            records: virtual_machine("records", 0x50, "10.20.1.50"),
            ct: Host::new("CT", "88:4b:39:0c:71:11", "10.20.2.11").with_ttl(128),
            ultrasound: Host::new("ultrasound", "44:4b:5d:0a:62:12", "10.20.2.12"),
            x_ray: Host::new("X-ray", "7c:94:b2:07:53:13", "10.20.2.13").with_ttl(128),
            analyser: Host::new("haematology analyser", "00:06:6b:21:40:21", "10.20.2.21").with_ttl(128),
            blood_gas: Host::new("blood gas analyser", "00:50:c2:05:b1:22", "10.20.2.22").with_ttl(128),
            pump_gateway: virtual_machine("pump gateway", 0x35, "10.20.3.5").with_ttl(128),
            pumps: [51, 52, 53].map(|n| Host::new("pump", &format!("00:03:b1:a4:00:{n}"), &format!("10.20.3.{n}"))),
            central: Host::new("central station", "00:09:fb:6e:00:60", "10.20.3.60").with_ttl(128),
            monitors: [61, 62, 63].map(|n| Host::new("monitor", &format!("00:09:fb:3b:00:{n}"), &format!("10.20.3.{n}"))),
            ventilator: Host::new("ventilator", "00:30:e6:1f:00:71", "10.20.3.71"),
            serial_server: Host::new("serial server", "00:0d:2c:05:00:72", "10.20.3.72"),
            printer: Host::new("printer", "00:01:e6:9d:40:31", "10.20.4.31"),
            label_printer: Host::new("label printer", "00:07:4d:6b:40:32", "10.20.4.32"),
            camera: Host::new("camera", "ac:cc:8e:58:50:41", "10.20.5.41"),
            old_workstation: Host::new("old workstation", "00:08:74:21:40:21", "10.20.4.21").with_ttl(128),
            workstation: Host::new("workstation", "00:06:5b:75:40:22", "10.20.4.22").with_ttl(128),
            laptop: Host::new("administrator's laptop", "00:06:5b:76:40:23", "10.20.4.23").with_ttl(128),
            access_control: Host::new("ventilation controller", "00:0d:2c:08:50:51", "10.20.5.51"),
        }
    }
}

/// The morning as a scene.
#[must_use]
pub fn scene() -> Scene {
    let (clinic, mut scene) = (Clinic::new(), Scene::with_seed(2026));
    network::play(&clinic, &mut scene);
    office::play(&clinic, &mut scene);
    imaging::play(&clinic, &mut scene);
    laboratory::play(&clinic, &mut scene);
    ward::play(&clinic, &mut scene);
    outside::play(&clinic, &mut scene);
    scene
}

/// The morning as a capture file.
#[must_use]
pub fn clinic() -> Vec<u8> {
    scene().pcap()
}
