//! Upkeep: backups, patches, vendors, administrators.

use super::office::with_share;
use super::talk::{self, Request, inside, page};
use crate::hospital::play::Play;
use crate::hospital::site::DeviceId;
use crate::hospital::truth::Party;
use crate::speak::smb2::{self, Use};
use crate::speak::{rdp, ssh};

/// Copies itself to the backup server, at night, in parts.
pub fn backup(play: &mut Play, device: DeviceId) {
    let Some(server) = play.server(device, "backup") else { return };
    for part in 0..4 {
        play.after(part * 30, move |play| {
            let name = format!("{}\\part-{part}.bak", play.hospital.host_name(device));
            with_share(play, (device, server), ("Backup$", "svc-backup"), |scene, tcp| {
                smb2::file(scene, tcp, &mut 3, &name, 240_000, Use::Write);
            });
        });
    }
}

/// Takes updates from the update server (MS-WUSP over HTTP).
pub fn patch(play: &mut Play, device: DeviceId) {
    let Some(server) = play.server(device, "updates") else { return };
    let package = play.scene.random_bytes(400_000);
    let request = Request {
        what: ("GET", "/Content/4F/2026-03.cab"),
        agent: "Windows-Update-Agent/10.0.10011.16384 Client-Protocol/2.51",
        headers: &[],
        body: b"",
        answer: ("200 OK", &package),
    };
    page(play, device, server, 8530, &request);
    play.event(Some(device), "updated", "monthly update".to_owned());
    super::network::reboot(play, device);
}

/// Takes virus definitions.
pub fn definitions(play: &mut Play, device: DeviceId) {
    match play.server(device, "updates") {
        Some(server) => {
            let definitions = play.scene.random_bytes(6_000);
            let request = Request {
                what: ("GET", "/defs/latest"),
                agent: "ExampleAntivirus/7.1",
                headers: &[],
                body: b"",
                answer: ("200 OK", &definitions),
            };
            page(play, device, server, 8530, &request);
        }
        None => talk::outside(play, device, "definitions.antivirus.example", 6_000),
    }
}

/// Tells its maker that it lives, inside TLS.
pub fn vendor_beat(play: &mut Play, device: DeviceId) {
    let name = play.says(device, "vendor-host");
    if !name.is_empty() {
        talk::outside(play, device, name, 1_200);
    }
}

/// A rare flow: what is sent outside once in four weeks.
pub fn monthly(play: &mut Play, device: DeviceId) {
    talk::outside(play, device, "clearing.example.net", 80_000);
    play.event(Some(device), "monthly report sent", String::new());
}

/// Its maker's engineer works on it from outside, by SSH, once a quarter.
pub fn service(play: &mut Play, device: DeviceId) {
    let engineer = Play::outside("vendor-engineer.example");
    let server = play.says(device, "ssh-server");
    let server = if server.is_empty() { "SSH-2.0-OpenSSH_7.4" } else { server };
    let mut line = play.connect(engineer, Party::Device(device), 22, "ssh", false);
    line.with(play, |scene, tcp| ssh::session(scene, tcp, "SSH-2.0-PuTTY_Release_0.80", server, 40));
    line.close(play);
    play.event(Some(device), "serviced by its maker", String::new());
}

/// An administrator looks at the page of a device; printers and the like have one without TLS.
pub fn console(play: &mut Play, device: DeviceId) {
    let Some(administrator) = play.server(device, "administrator") else { return };
    let title = play.says(device, "page-title");
    let body = format!("<html><head><title>{title}</title></head><body>status: ready</body></html>");
    if play.says(device, "http-server").is_empty() {
        inside(play, administrator, device, 443, 3_000, false);
        return;
    }
    let agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) ExampleBrowser/1.0";
    let request = Request { what: ("GET", "/"), agent, headers: &[], body: b"", answer: ("200 OK", body.as_bytes()) };
    page(play, administrator, device, 80, &request);
}

/// An administrator works on a server: SSH where it says so, else remote desktop.
pub fn administer(play: &mut Play, administrator: DeviceId) {
    let site = play.hospital.devices[administrator as usize].site;
    let place = play.number() as usize;
    let servers = play.hospital.in_role(site, "administered");
    let Some(server) = servers.get(place % servers.len().max(1)).copied() else { return };
    let banner = play.says(server, "ssh-server");
    if banner.is_empty() {
        let mut line = play.connect(Party::Device(administrator), Party::Device(server), 3389, "rdp", false);
        let (name, organisation) = (play.fqdn(server), play.hospital.name.clone());
        line.exchange(play, &rdp::request("itadmin"), &rdp::confirm());
        let talk = talk::Secure { name: &name, organisation: &organisation, issuer: &name, bytes: 30_000, new: false };
        talk::shake(play, &mut line, &talk);
        line.close(play);
        return;
    }
    let mut line = play.connect(Party::Device(administrator), Party::Device(server), 22, "ssh", false);
    line.with(play, |scene, tcp| ssh::session(scene, tcp, "SSH-2.0-OpenSSH_for_Windows_9.5", banner, 25));
    line.close(play);
}

/// Goes to the workshop; another of its kind takes its place, and its name where that is not made of the MAC address.
pub fn exchange(play: &mut Play, device: DeviceId) {
    let (model, subnet, unit) = (play.hospital.model(device), play.subnet(device), play.hospital.devices[device as usize].unit);
    let Some(other) = play.hospital.plug_in(&model.id, subnet, unit) else { return };
    if !model.host.contains("{mac}") && !model.host.contains("{MAC}") {
        let name = play.hospital.host_name(device);
        play.hospital.devices[other as usize].named = Some(name.into());
    }
    play.hospital.devices[device as usize].present = false;
    play.lines.remove(&(device, "pump"));
    play.end_address(device);
    play.event(Some(device), "exchanged", format!("for d{other}"));
    play.after(900, move |play| play.begin(other));
}
