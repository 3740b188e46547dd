//! Changes: written down or not, meant or not.

use super::{first, some};
use crate::hospital::play::Play;
use crate::hospital::routines::{self, talk};
use crate::hospital::site::DeviceId;
use crate::hospital::truth::Party;

/// Carries out a routine of a device now.
fn now(play: &mut Play, id: &str, device: DeviceId) {
    if let Some(routine) = routines::find(id) {
        (routine.run)(play, device);
    }
}

/// Plugs a pump in where pumps are.
fn new_pump(play: &mut Play) {
    let Some(pump) = first(play, "pump") else { return };
    let (subnet, unit) = (play.subnet(pump), play.hospital.devices[pump as usize].unit);
    let Some(new) = play.hospital.plug_in("icu-plum-360", subnet, unit) else { return };
    play.event(Some(new), "plugged in", String::new());
    play.begin(new);
    play.label(&[Party::Device(new)], &[]);
    now(play, "boot", new);
    play.after(30, move |play| now(play, "pump", new));
}

pub(super) fn undocumented(play: &mut Play) {
    new_pump(play);
}

pub(super) fn onboarded(play: &mut Play) {
    play.event(None, "onboarded", "an infusion pump will be put into service in two hours".to_owned());
    play.after(7_200, new_pump);
}

/// Three pumps take a new version: a long download, a restart, and the new number in what they say.
pub(super) fn firmware(play: &mut Play) {
    let Some(server) = first(play, "pump-server") else { return };
    let pumps: Vec<DeviceId> =
        some(play, "pump", 400).into_iter().filter(|pump| !play.says(*pump, "user-agent").is_empty()).take(3).collect();
    let parties: Vec<Party> = pumps.iter().map(|pump| Party::Device(*pump)).collect();
    play.event(None, "change planned", "new firmware for infusion pumps".to_owned());
    play.label(&[Party::Device(server)], &parties);
    for (place, pump) in pumps.into_iter().enumerate() {
        play.after(place as i64 * 600, move |play| {
            let agent = play.says(pump, "user-agent").replace("{firmware}", play.hospital.firmware(pump));
            let image = play.scene.random_bytes(500_000);
            let what = ("GET", "/pump/v1/firmware");
            let request = talk::Request { what, agent: &agent, headers: &[], body: b"", answer: ("200 OK", &image) };
            talk::page(play, pump, server, 8080, &request);
            let versions = play.hospital.model(pump).firmware.len().max(1) as u8;
            let device = &mut play.hospital.devices[pump as usize];
            device.firmware = (device.firmware + versions - 1) % versions;
            let version = play.hospital.firmware(pump);
            play.event(Some(pump), "updated", version.to_owned());
            play.after(90, move |play| {
                now(play, "boot", pump);
                now(play, "pump", pump);
            });
        });
    }
}

/// Half a minute more every ten minutes, as its messages, log lines and questions for the time show.
pub(super) fn clock_drift(play: &mut Play) {
    let Some(analyser) = first(play, "analyser") else { return };
    play.label(&[], &[Party::Device(analyser)]);
    for round in 0..36 {
        play.after(round * 600, move |play| {
            play.hospital.devices[analyser as usize].clock_off_s += 30;
            now(play, "ntp", analyser);
            let routine = if play.says(analyser, "astm-port").is_empty() { "result-hl7" } else { "result-astm" };
            now(play, routine, analyser);
        });
    }
}

/// Twelve devices of the printers' subnet, or of the first computer's, get other addresses in a minute each.
pub(super) fn renumbering(play: &mut Play) {
    let Some(one) = first(play, "printer") else { return };
    let subnet = play.subnet(one);
    let moved: Vec<DeviceId> = (0..play.hospital.devices.len() as DeviceId)
        .filter(|device| play.subnet(*device) == subnet && play.hospital.devices[*device as usize].second.is_none())
        .take(12)
        .collect();
    let parties: Vec<Party> = moved.iter().map(|device| Party::Device(*device)).collect();
    play.event(None, "change planned", format!("new addresses in subnet {}", play.hospital.subnets[subnet as usize].name));
    play.label(&[], &parties);
    // Addresses given back wait: nobody gets the one just left.
    for (place, device) in moved.into_iter().enumerate() {
        play.after(place as i64 * 60, move |play| routines::move_to(play, device, subnet, "renumbered"));
    }
}

pub(super) fn new_server(play: &mut Play) {
    let Some(engine) = first(play, "engine") else { return };
    let subnet = play.subnet(engine);
    let Some(server) = play.hospital.plug_in("ubuntu-server", subnet, None) else { return };
    play.event(Some(server), "onboarded", "a documented server of a new application".to_owned());
    play.begin(server);
    let clients = some(play, "workstation", 20);
    let parties: Vec<Party> = clients.iter().map(|client| Party::Device(*client)).collect();
    play.label(&[Party::Device(server)], &parties);
    now(play, "boot", server);
    for (place, client) in clients.into_iter().enumerate() {
        play.after(300 + place as i64 * 45, move |play| talk::inside(play, client, server, 443, 20_000, false));
    }
}

/// Everybody at once: doors, calls, telephones, beds.
pub(super) fn fire_drill(play: &mut Play) {
    play.event(None, "drill announced", "fire drill, ten minutes".to_owned());
    for (id, count) in [("door", 40), ("nurse-call", 40), ("phone", 120), ("badge-voice", 40), ("camera", 40)] {
        let who: Vec<DeviceId> = (0..play.hospital.devices.len() as DeviceId)
            .filter(|device| play.hospital.model(*device).does.iter().any(|does| does == id))
            .take(count)
            .collect();
        let parties: Vec<Party> = who.iter().map(|device| Party::Device(*device)).collect();
        play.label(&parties, &[]);
        for device in who {
            for round in 0..8 {
                let wait = round * 70 + play.between(0, 60);
                play.after(wait, move |play| now(play, id, device));
            }
        }
    }
}
