//! Devices at the bed that speak published protocols: Philips IntelliVue data export, IEEE 11073 SDC.

use std::net::IpAddr;

use crate::Host;
use crate::hospital::play::Play;
use crate::hospital::site::DeviceId;
use crate::hospital::truth::{Key, Party};
use crate::speak::intellivue::{self, InBed, Monitor, Polled};
use crate::speak::sdc::{self, Provider, Tied};

/// Family and given name apart.
fn names(name: &str) -> (&str, &str) {
    name.split_once('^').unwrap_or((name, ""))
}

/// The central station asks a monitor; at first, and now and then again, the monitor announces itself and they associate.
pub fn intellivue(play: &mut Play, device: DeviceId, central: DeviceId) {
    let key = Key { client: Party::Device(central), server: Party::Device(device), tcp: false, port: intellivue::DATA_EXPORT };
    let from = 49_000 + (device % 10_000) as u16;
    // The monitor's clock counts eighths of a millisecond.
    let time = (play.scene.now.since(play.hospital.start) / 125_000) as u32;
    let turn =
        |play: &mut Play, ask: Vec<u8>, answer: Vec<u8>| play.datagrams(key, ("intellivue", true), from, &ask, Some(&answer));
    if play.associated.insert(device) || play.chance(1) {
        let (serial, bed) = (play.hospital.serial(device), format!("BED{}", device % 1000));
        let host = play.host(device);
        let monitor = Monitor {
            maker: &play.hospital.model(device).maker,
            model: play.says(device, "part-number"),
            serial: &serial,
            hardware: "B.00.05",
            software: play.hospital.firmware(device),
            bed: &bed,
            mac: host.mac,
            ip: host.ipv4(),
        };
        let indication = monitor.connect_indication(time);
        play.on_link(device, |scene, host, _| {
            scene.udp(host, intellivue::DATA_EXPORT, &Host::broadcast(), intellivue::CONNECT_INDICATION, &indication);
        });
        let patient = play.patient();
        let (name, id, birth) = (patient.name(), patient.id(), patient.birth());
        let (family, given) = names(&name);
        let who = InBed { family, given, id: &id, birth: &birth, sex: patient.sex() };
        turn(play, intellivue::association(), intellivue::accepted());
        turn(play, intellivue::poll(1, Polled::System), monitor.created(time));
        turn(play, intellivue::poll(2, Polled::Patient), intellivue::patient(2, time, &who));
        play.mark(key);
    }
    let (rate, saturation) = (play.between(500, 1_200) as i32, play.between(900, 1_000) as i32);
    let values = [(0x4182, 0x0aa0, rate), (0x4bb8, 0x0220, saturation)];
    turn(play, intellivue::poll(3, Polled::Measurements), intellivue::measurements(3, time, &values));
}

/// The port on which the lab's providers serve.
const PROVIDER: u16 = 6464;

/// A provider says hello; the gateway reads what it is, and it reports measurements and its patient.
pub fn sdc(play: &mut Play, device: DeviceId) {
    let Some(gateway) = play.server(device, "gateway") else { return };
    let model = play.hospital.model(device);
    let address = |device| match play.host(device).ip {
        IpAddr::V4(ip) => ip,
        IpAddr::V6(_) => std::net::Ipv4Addr::UNSPECIFIED,
    };
    let (own, other) = (address(device), address(gateway));
    let [a, b, c, d, e, f] = play.hospital.devices[device as usize].interface.mac.0;
    let uuid = format!("5dc00000-0000-4000-8000-{a:02x}{b:02x}{c:02x}{d:02x}{e:02x}{f:02x}");
    let (serial, url) = (play.hospital.serial(device), format!("http://{own}:{PROVIDER}"));
    let provider = Provider {
        uuid: &uuid,
        address: &url,
        maker: &model.maker,
        model: &model.name,
        number: &model.name,
        serial: &serial,
        firmware: play.hospital.firmware(device),
        udi: "",
        code: play.says(device, "sdc-code"),
        place: ["Hospital", "ICU", "1"],
    };
    let number = (play.number() % 1_000_000) as u32;
    let (consumer, host) = (format!("{other}:50300"), format!("{own}:{PROVIDER}"));
    if play.associated.insert(device) || play.chance(5) {
        let hello = provider.hello(number);
        play.on_link(device, |scene, host, _| {
            scene.udp(host, 50_200, &Host::group("239.255.255.250"), sdc::DISCOVERY, &hello);
        });
        let mut asks = play.connect(Party::Device(gateway), Party::Device(device), PROVIDER, "http", true);
        asks.exchange(play, &sdc::get_metadata(&host, number), &provider.metadata(number + 1));
        asks.exchange(play, &sdc::get_mdib(&host, number + 2), &provider.mdib(number + 3));
        asks.close(play);
    }
    let patient = play.patient();
    let (name, id) = (patient.name(), patient.id());
    let (family, given) = names(&name);
    let who = Tied { id: &id, family, given, birth: "1890-01-01", sex: patient.sex() };
    let mut reports = play.connect(Party::Device(device), Party::Device(gateway), 50_300, "http", true);
    reports.exchange(play, &provider.patient(&consumer, number + 4, &who), &sdc::accepted());
    let rate = play.between(8, 24).to_string();
    reports.exchange(play, &provider.metrics(&consumer, number + 5, &[("rate", &rate)]), &sdc::accepted());
    play.mark_phi(&reports);
    reports.close(play);
}
