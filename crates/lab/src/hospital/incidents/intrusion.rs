//! Somebody is in: looks around, calls home, encrypts, listens in.

use std::net::IpAddr;

use super::{first, nth, some};
use crate::Direction::{ToClient, ToServer};
use crate::Host;
use crate::hospital::play::Play;
use crate::hospital::routines::talk::{self, Secure};
use crate::hospital::site::DeviceId;
use crate::hospital::truth::Party;
use crate::speak::smb2::Use;
use crate::speak::{arp, dns, smb2};

/// Ports that an intruder tries first.
const PORTS: [u16; 6] = [22, 23, 80, 104, 445, 3389];

pub(super) fn rogue(play: &mut Play) {
    let Some(pump) = first(play, "pump") else { return };
    let (subnet, unit) = (play.subnet(pump), play.hospital.devices[pump as usize].unit);
    let Some(rogue) = play.hospital.plug_in("raspberry-pi-4", subnet, unit) else { return };
    play.event(Some(rogue), "plugged in", "by nobody who may".to_owned());
    play.note_address(rogue);
    crate::hospital::routines::find("boot").inspect(|boot| (boot.run)(play, rogue));
    look_around(play, rogue, 30);
}

pub(super) fn printer(play: &mut Play) {
    let Some(printer) = first(play, "printer") else { return };
    look_around(play, printer, 30);
}

/// Asks for every address of its subnet, and knocks at who is there.
fn look_around(play: &mut Play, device: DeviceId, count: u32) {
    let subnet = play.subnet(device);
    let near: Vec<DeviceId> = (0..play.hospital.devices.len() as DeviceId)
        .filter(|other| *other != device && play.subnet(*other) == subnet)
        .take(count as usize)
        .collect();
    let near_parties: Vec<Party> = near.iter().map(|other| Party::Device(*other)).collect();
    play.label(&[Party::Device(device)], &near_parties);
    let base = play.hospital.subnets[subnet as usize].base;
    for (second, last) in (1..200_u32).enumerate() {
        play.after_ms(second as i64 * 150, move |play| {
            play.on_link(device, |scene, host, _| {
                let asked = arp::message(1, host, [0; 6], (base + last).to_be_bytes());
                scene.ethernet(host, Host::broadcast().mac, 0x0806, &asked);
            });
        });
    }
    for (place, other) in near.into_iter().enumerate() {
        play.after(60 + place as i64 * 2, move |play| {
            for port in PORTS {
                play.knock(Party::Device(device), Party::Device(other), port, true);
            }
        });
    }
}

pub(super) fn beacon(play: &mut Play) {
    let Some(computer) = nth(play, "workstation", 5) else { return };
    let server = Play::outside("cdn-7f3a.statsync.example");
    play.label(&[Party::Device(computer)], &[server]);
    for round in 0..40 {
        let wobble = play.between(-9, 9);
        play.after((round * 300 + wobble).max(0), move |play| {
            talk::resolve(play, computer, server);
            let name = "cdn-7f3a.statsync.example";
            let talk = Secure { name, organisation: "Statsync", issuer: "Free CA", bytes: 350, new: true };
            talk::secure(play, Party::Device(computer), server, 443, &talk, false);
        });
    }
}

pub(super) fn dns_tunnel(play: &mut Play) {
    let Some(computer) = nth(play, "workstation", 7) else { return };
    let Some(server) = play.server(computer, "dns") else { return };
    play.label(&[Party::Device(computer)], &[Play::outside("x9.tunnel-exfil.example"), Party::Device(server)]);
    for round in 0..400 {
        play.after_ms(round * 700, move |play| {
            let label: String = (0..50).map(|_| play.pick(b"abcdefghijklmnopqrstuvwxyz234567") as char).collect();
            let name = format!("{label}.{round}.x9.tunnel-exfil.example");
            let id = play.scene.random() as u16;
            let text = dns::answer(&name, dns::TXT, 1, &dns::txt(&["ok"]));
            let answer = dns::response(id, &name, dns::TXT, &[text]);
            let ask = dns::query(id, &name, dns::TXT);
            play.ask(Party::Device(computer), Party::Device(server), 53, "dns", &ask, Some(&answer));
        });
    }
}

pub(super) fn ransomware(play: &mut Play) {
    let Some(computer) = nth(play, "workstation", 2) else { return };
    let Some(server) = first(play, "files") else { return };
    let others: Vec<DeviceId> = some(play, "workstation", 24).into_iter().filter(|other| *other != computer).collect();
    let mut targets = vec![Party::Device(server)];
    targets.extend(others.iter().map(|other| Party::Device(*other)));
    play.label(&[Party::Device(computer)], &targets);
    for round in 0..30_i64 {
        play.after(round * 2, move |play| {
            let share = ("Shared", "user-office");
            crate::hospital::routines::with_share(play, (computer, server), share, |scene, tcp| {
                let mut id = 3;
                for file in 0..8 {
                    let name = format!("team\\document-{}.docx", round * 8 + file);
                    smb2::file(scene, tcp, &mut id, &name, 9_000, Use::Replace);
                }
            });
        });
    }
    for (place, other) in others.into_iter().enumerate() {
        play.after(20 + place as i64, move |play| play.knock(Party::Device(computer), Party::Device(other), 445, false));
    }
}

/// Between an analyser and its router: answers nobody asked for, then everything by way of the intruder.
pub(super) fn arp_spoofing(play: &mut Play) {
    let Some(analyser) = first(play, "analyser") else { return };
    let Some(lis) = first(play, "lis") else { return };
    let subnet = play.subnet(analyser);
    let Some(intruder) = play.hospital.plug_in("raspberry-pi-4", subnet, None) else { return };
    play.note_address(intruder);
    play.label(&[Party::Device(intruder)], &[Party::Device(analyser), Party::Device(lis)]);
    for round in 0..60 {
        play.after(round * 10, move |play| {
            let (victim, liar) = (play.host(analyser), play.host(intruder));
            play.on_link(intruder, |scene, _, router| {
                let as_router = Host { mac: liar.mac, ..router.clone() };
                let as_victim = Host { mac: liar.mac, ..victim.clone() };
                let told = arp::message(2, &as_router, victim.mac.0, victim.ipv4().octets());
                scene.ethernet(&as_router, victim.mac, 0x0806, &told);
                let told = arp::message(2, &as_victim, router.mac.0, router.ipv4().octets());
                scene.ethernet(&as_victim, router.mac, 0x0806, &told);
            });
        });
    }
    for round in 0..6 {
        play.after(45 + round * 90, move |play| relayed(play, analyser, intruder, lis));
    }
}

/// One result of the analyser, each frame twice: to the intruder, and from it on.
fn relayed(play: &mut Play, analyser: DeviceId, intruder: DeviceId, lis: DeviceId) {
    let lis_ip = play.hospital.devices[lis as usize].interface.ip;
    let (victim, liar) = (play.host(analyser), play.host(intruder));
    let router_mac = play.router_on(play.subnet(analyser)).mac;
    for (source, destination) in [(victim.mac, liar.mac), (liar.mac, router_mac)] {
        play.on_link(analyser, |scene, _, _| {
            let client = Host { mac: source, ..victim.clone() };
            let server = Host { name: String::new(), mac: destination, ip: IpAddr::V4(lis_ip), vlan: None, ttl: 127 };
            let start = crate::TcpStart { client_port: 50_123, only: Some(ToServer), ..crate::TcpStart::default() };
            let mut tcp = scene.tcp_with(&client, &server, 1182, start);
            tcp.send(scene, ToServer, &[5]);
            tcp.pass(ToClient, 1);
            tcp.send(scene, ToServer, b"\x021H|\\^&|||Analyser|||||||P|LIS2-A2\r\x0300\r\n");
            tcp.close(scene);
        });
    }
}
