//! Pumps, monitors and a ventilator.

use super::network::resolve;
use super::people::PATIENTS;
use crate::speak::{hl7, http, telnet};
use crate::{Clinic, Direction, Scene};

const MINUTE: i64 = 60_000;

/// The port on which the monitors of this scene send to their central station; what they send is not public.
const MONITOR_PORT: u16 = 24_105;

pub fn play(clinic: &Clinic, scene: &mut Scene) {
    monitors(clinic, scene);
    pumps(clinic, scene);
    scene.at_ms(13 * MINUTE);
    serial_server(clinic, scene);
    scene.at_ms(11 * MINUTE);
    central(clinic, scene);
}

/// Each monitor sends twice a second; here, every few seconds.
fn monitors(clinic: &Clinic, scene: &mut Scene) {
    for (index, monitor) in clinic.monitors.iter().enumerate() {
        for beat in 0..200 {
            scene.at_ms(110_000 + beat * 5_000 + index as i64 * 37);
            let length = 180 + (scene.random() % 500) as usize;
            let data = [&[0xe1, 0, 0, 2][..], &scene.random_bytes(length)].concat();
            scene.udp(monitor, MONITOR_PORT, &clinic.central, MONITOR_PORT, &data);
        }
    }
}

/// Pumps report to their gateway in a web service of their maker.
fn pumps(clinic: &Clinic, scene: &mut Scene) {
    for (index, pump) in clinic.pumps.iter().enumerate() {
        scene.at_ms(3 * MINUTE + index as i64 * 11_000);
        resolve(clinic, scene, pump, "pumpgw.clinic.example", [10, 20, 3, 5]);
        let mut tcp = scene.tcp(pump, &clinic.pump_gateway, 8080);
        for beat in 0..12 {
            let body = format!(
                "{{\"device\":\"PUMP-005{}\",\"model\":\"Plum 360\",\"software\":\"15.12\",\"state\":\"running\",\"sequence\":{beat}}}",
                index + 1
            );
            let headers = [("User-Agent", "PlumConnect/15.12"), ("Content-Type", "application/json")];
            let request = http::request("POST", "pumpgw.clinic.example", "/pump/v1/status", &headers, body.as_bytes());
            tcp.exchange(scene, &request, &http::response("204 No Content", &[("Server", "Microsoft-HTTPAPI/2.0")], b""));
            scene.wait_ms(60_000);
        }
        tcp.close(scene);
    }
}

/// The central station and the ventilator tell the interface engine how a patient is.
fn central(clinic: &Clinic, scene: &mut Scene) {
    let mut tcp = scene.tcp(&clinic.central, &clinic.engine, 6662);
    for (index, patient) in PATIENTS.iter().take(3).enumerate() {
        let id = format!("V{index:05}");
        let message = hl7::framed(&[
            &hl7::msh("PIIC", "ENGINE", "20260302081100+0000", "ORU^R01^ORU_R01", &id, "2.6"),
            &patient.pid(),
            &format!("PV1||I|ICU^^BED{}", index + 1),
            "OBR|1|||69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC|||20260302081100",
            &attribute(1, "531970^MDC_ID_MODEL_MANUFACTURER", "Philips"),
            &attribute(2, "531969^MDC_ID_MODEL_NUMBER", "IntelliVue MX750"),
            &format!(
                "OBX|3|NM|147842^MDC_ECG_HEART_RATE^MDC|1.7.4.147842|7{index}|264864^MDC_DIM_BEAT_PER_MIN^MDC|||||F|||20260302081100||||0009FBFFFE3B006{}^^0009FBFFFE3B006{}^EUI-64",
                index + 1,
                index + 1
            ),
        ]);
        tcp.exchange(scene, &message, &hl7::accept("ENGINE", "PIIC", "20260302081101+0000", &id));
        scene.wait_ms(5_000);
    }
    tcp.close(scene);
    let mut tcp = scene.tcp(&clinic.ventilator, &clinic.engine, 6662);
    let message = hl7::framed(&[
        &hl7::msh("EVITA", "ENGINE", "20260302081130+0000", "ORU^R01^ORU_R01", "E00001", "2.6"),
        &PATIENTS[3].pid(),
        "OBR|1|||70049^MDC_DEV_SYS_PT_VENT_MDS^MDC|||20260302081130",
        &attribute(1, "531970^MDC_ID_MODEL_MANUFACTURER", "Draeger"),
        &attribute(2, "531969^MDC_ID_MODEL_NUMBER", "Evita V500"),
        &attribute(3, "531972^MDC_ID_PROD_SPEC_SERIAL", "LAB-VENT-0004"),
        &attribute(4, "531975^MDC_ID_PROD_SPEC_SW", "2.51"),
        "OBX|5|NM|151586^MDC_VENT_RESP_RATE^MDC|1.1.1.151586|14|264928^MDC_DIM_RESP_PER_MIN^MDC|||||F|||20260302081130",
    ]);
    tcp.exchange(scene, &message, &hl7::accept("ENGINE", "EVITA", "20260302081131+0000", "E00001"));
    tcp.close(scene);
}

/// What a device says of itself (ISO/IEEE 11073-10101, IHE PCD-01).
fn attribute(number: u8, name: &str, value: &str) -> String {
    format!("OBX|{number}|ST|{name}^MDC|1.0.0.0.{number}|{value}||||||F")
}

/// An administrator signs in to the serial server that a device hangs on, over Telnet.
fn serial_server(clinic: &Clinic, scene: &mut Scene) {
    let mut tcp = scene.tcp(&clinic.laptop, &clinic.serial_server, 23);
    telnet::login(scene, &mut tcp, "Lantronix UDS1100 V6.11.0.7", "sysadmin", "sysadm-7", "Welcome.\r\n> ");
    tcp.exchange(scene, b"show status\r\n", b"show status\r\nChannel 1 connected\r\n> ");
    tcp.send(scene, Direction::ToServer, b"exit\r\n");
    tcp.close(scene);
}
