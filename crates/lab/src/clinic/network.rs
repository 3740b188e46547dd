//! Addresses, names and time.

use crate::speak::{arp, dhcp, dns, lldp, ntp};
use crate::{Clinic, Host, Scene};

const MINUTE: i64 = 60_000;

pub fn play(clinic: &Clinic, scene: &mut Scene) {
    for minute in 0..8 {
        scene.at_ms(minute * 4 * MINUTE + 10_000);
        lldp::announce(
            scene,
            &clinic.switch,
            "GigabitEthernet1/0/12",
            "sw-ward-1",
            "Cisco IOS Software, C2960X Software (C2960X-UNIVERSALK9-M), Version 15.2(7)E3, RELEASE SOFTWARE (fc3)",
        );
    }
    leases(clinic, scene);
    neighbours(clinic, scene);
    clocks(clinic, scene);
}

/// Devices that take an address by DHCP, and how they present themselves.
fn leases(clinic: &Clinic, scene: &mut Scene) {
    const WINDOWS: &[u8] = &[1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119, 121, 249, 252];
    const OLD_WINDOWS: &[u8] = &[1, 15, 3, 6, 44, 46, 47, 31, 33, 249, 43];
    const EMBEDDED: &[u8] = &[1, 3, 6, 12, 15, 28, 42];
    let clients: [(&Host, &str, &str, &[u8]); 13] = [
        (&clinic.workstation, "MSFT 5.0", "WS-OFFICE-02", WINDOWS),
        (&clinic.laptop, "MSFT 5.0", "IT-LAPTOP-01", WINDOWS),
        (&clinic.old_workstation, "MSFT 5.0", "RECEPTION-XP", OLD_WINDOWS),
        (&clinic.ct, "MSFT 5.0", "CT01", WINDOWS),
        (&clinic.x_ray, "MSFT 5.0", "DX01", WINDOWS),
        (&clinic.ultrasound, "", "US-ROOM-2", EMBEDDED),
        (&clinic.printer, "Hewlett-Packard JetDirect", "NPI9D4031", &[6, 3, 1, 15, 66, 67, 13, 44, 12, 81, 252]),
        (&clinic.label_printer, "Zebra Technologies", "ZBR6B4032", EMBEDDED),
        (&clinic.camera, "", "axis-accc8e585041", &[1, 28, 2, 3, 15, 6, 12, 42, 119]),
        (&clinic.pumps[0], "", "PUMP-0051", EMBEDDED),
        (&clinic.pumps[1], "", "PUMP-0052", EMBEDDED),
        (&clinic.pumps[2], "", "PUMP-0053", EMBEDDED),
        (&clinic.access_control, "", "AHU-CTRL-1", EMBEDDED),
    ];
    for (index, (host, vendor_class, host_name, parameters)) in clients.into_iter().enumerate() {
        scene.at_ms(index as i64 * 7_000 + 500);
        let transaction = scene.random() as u32;
        let client = dhcp::Client { vendor_class, host_name, parameters, transaction };
        dhcp::lease(scene, host, &clinic.router, &client);
        arp::announce(scene, host);
        arp::ask(scene, host, &clinic.router);
    }
}

/// Devices with fixed addresses find those whom they talk to.
fn neighbours(clinic: &Clinic, scene: &mut Scene) {
    let pairs = [
        (&clinic.ct, &clinic.pacs),
        (&clinic.ultrasound, &clinic.pacs),
        (&clinic.x_ray, &clinic.pacs),
        (&clinic.analyser, &clinic.engine),
        (&clinic.blood_gas, &clinic.engine),
        (&clinic.engine, &clinic.records),
        (&clinic.monitors[0], &clinic.central),
        (&clinic.monitors[1], &clinic.central),
        (&clinic.monitors[2], &clinic.central),
        (&clinic.central, &clinic.engine),
        (&clinic.ventilator, &clinic.engine),
        (&clinic.pump_gateway, &clinic.engine),
        (&clinic.laptop, &clinic.serial_server),
        (&clinic.logs, &clinic.printer),
        (&clinic.pacs, &clinic.domain),
    ];
    for (index, (one, other)) in pairs.into_iter().enumerate() {
        scene.at_ms(100_000 + index as i64 * 900);
        arp::ask(scene, one, other);
    }
}

/// Who asks for the time, and how wrong it is.
fn clocks(clinic: &Clinic, scene: &mut Scene) {
    let clients = [
        (&clinic.ct, 0),
        (&clinic.ultrasound, 1),
        (&clinic.central, 0),
        (&clinic.pump_gateway, 0),
        // Two hours behind: somebody set local time where UTC was wanted.
        (&clinic.blood_gas, -7_200),
        (&clinic.camera, 0),
    ];
    for round in 0..3 {
        for (index, (client, off_s)) in clients.into_iter().enumerate() {
            scene.at_ms(2 * MINUTE + round * 10 * MINUTE + index as i64 * 1_300);
            ntp::ask(scene, client, &clinic.domain, off_s);
        }
    }
}

/// Asks the clinic's name server for an address and gets it.
pub fn resolve(clinic: &Clinic, scene: &mut Scene, client: &Host, name: &str, address: [u8; 4]) {
    let (port, id) = (scene.port(), scene.random() as u16);
    scene.udp(client, port, &clinic.domain, 53, &dns::query(id, name, dns::A));
    let answer = dns::answer(name, dns::A, 300, &address);
    scene.udp(&clinic.domain, 53, client, port, &dns::response(id, name, dns::A, &[answer]));
}
