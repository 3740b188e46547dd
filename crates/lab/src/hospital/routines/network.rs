//! Addresses, neighbours, time, names on the link, and what watches the network.

use super::talk::{clock, lookup, resolve};
use crate::hospital::play::{Play, SECOND};
use crate::hospital::site::DeviceId;
use crate::hospital::truth::{Key, Party};
use crate::speak::{arp, dhcp, directory, dns, lldp, ntp, snmp};
use crate::{Host, Scene};

/// How long a lease lasts.
const LEASE_S: u32 = 28_800;

/// Comes up: an address, then its router.
pub fn boot(play: &mut Play, device: DeviceId) {
    // A device whose maker built a fixed wait into its start; others are off by some.
    if play.hospital.subnets[play.subnet(device) as usize].dhcp {
        lease(play, device);
    }
    play.on_link(device, |scene, host, _| arp::announce(scene, host));
    arp(play, device);
    second_interface(play, device);
}

/// The other interface of a device with two asks for its own router.
fn second_interface(play: &mut Play, device: DeviceId) {
    let one = &mut play.hospital.devices[device as usize];
    let Some(second) = one.second else { return };
    let first = std::mem::replace(&mut one.interface, second);
    arp(play, device);
    play.hospital.devices[device as usize].interface = first;
}

/// The options by which a model can be told, split as the wire carries them.
struct Marks {
    vendor_class: &'static str,
    name: String,
    parameters: Vec<u8>,
}

fn marks(play: &Play, device: DeviceId) -> Marks {
    let parameters = play.says(device, "dhcp-parameters");
    let parameters = if parameters.is_empty() { "1,3,6,12,15,28,42" } else { parameters };
    Marks {
        vendor_class: play.says(device, "dhcp-class"),
        name: play.hospital.host_name(device),
        parameters: parameters.split(',').filter_map(|number| number.trim().parse().ok()).collect(),
    }
}

/// Options of a server's answer.
fn granted(server: [u8; 4], gateway: [u8; 4], mask: [u8; 4], domain: &str, kind: u8) -> Vec<(u8, Vec<u8>)> {
    vec![
        (53, vec![kind]),
        (54, server.to_vec()),
        (51, LEASE_S.to_be_bytes().to_vec()),
        (1, mask.to_vec()),
        (3, gateway.to_vec()),
        (6, server.to_vec()),
        (15, domain.as_bytes().to_vec()),
    ]
}

fn answer(host: &Host, transaction: u32, options: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let options: Vec<(u8, &[u8])> = options.iter().map(|(code, value)| (*code, value.as_slice())).collect();
    dhcp::message(true, transaction, host, host.ipv4().octets(), &options)
}

/// Discover, offer, request, acknowledge, by the router's relay where the server is elsewhere (RFC 1542 §4).
pub fn lease(play: &mut Play, device: DeviceId) {
    let Some(server) = play.server(device, "dhcp") else { return };
    let Marks { vendor_class, name, parameters } = marks(play, device);
    let transaction = play.scene.random() as u32;
    let client = dhcp::Client { vendor_class, host_name: &name, parameters: &parameters, transaction };
    let subnet = &play.hospital.subnets[play.subnet(device) as usize];
    let (gateway, mask, domain) = (subnet.gateway(), subnet.mask(), play.hospital.domain.clone());
    let host = play.host(device);
    let server_ip = play.hospital.devices[server as usize].interface.ip.octets();
    let offer = |kind| answer(&host, transaction, &granted(server_ip, gateway.octets(), mask, &domain, kind));
    let is_relayed = play.subnet(server) != play.subnet(device);
    let yours = host.ipv4().octets();
    let rounds = [
        (dhcp::of_client(dhcp::DISCOVER, &host, &client, &[]), offer(dhcp::OFFER)),
        (dhcp::of_client(dhcp::REQUEST, &host, &client, &[(50, &yours), (54, &server_ip)]), offer(dhcp::ACK)),
    ];
    for (ask, reply) in rounds {
        let server_host = play.host(server);
        play.on_link(device, |scene: &mut Scene, host, router| {
            let everybody = Host::broadcast();
            scene.udp(&host.without_address(), 68, &everybody, 67, &ask);
            let from = if is_relayed { router } else { &server_host };
            scene.udp(from, 67, &everybody, 68, &reply);
        });
        if is_relayed {
            let router = play.hospital.sites[play.hospital.devices[device as usize].site as usize].router;
            let relayed = |mut message: Vec<u8>| {
                message[3] = 1;
                message[24..28].copy_from_slice(&gateway.octets());
                message
            };
            let key = Key { client: Party::Device(router), server: Party::Device(server), tcp: false, port: 67 };
            play.datagrams(key, ("dhcp", false), 67, &relayed(ask), Some(&relayed(reply)));
        }
    }
}

/// Asks its server to go on with the lease (RFC 2131 §4.4.5).
pub fn renew(play: &mut Play, device: DeviceId) {
    let Some(server) = play.server(device, "dhcp") else { return };
    if !play.hospital.subnets[play.subnet(device) as usize].dhcp {
        return;
    }
    let Marks { vendor_class, name, parameters } = marks(play, device);
    let transaction = play.scene.random() as u32;
    let client = dhcp::Client { vendor_class, host_name: &name, parameters: &parameters, transaction };
    let subnet = &play.hospital.subnets[play.subnet(device) as usize];
    let server_ip = play.hospital.devices[server as usize].interface.ip.octets();
    let host = play.host(device);
    let mut ask = dhcp::of_client(dhcp::REQUEST, &host, &client, &[]);
    // The client says its address itself now.
    ask[12..16].copy_from_slice(&host.ipv4().octets());
    let options = granted(server_ip, subnet.gateway().octets(), subnet.mask(), &play.hospital.domain, dhcp::ACK);
    let mut reply = answer(&host, transaction, &options);
    reply[12..16].copy_from_slice(&host.ipv4().octets());
    let key = Key { client: Party::Device(device), server: Party::Device(server), tcp: false, port: 67 };
    play.datagrams(key, ("dhcp", false), 68, &ask, Some(&reply));
}

/// Asks who has the router's address.
pub fn arp(play: &mut Play, device: DeviceId) {
    play.on_link(device, |scene, host, router| {
        if host.mac != router.mac {
            arp::ask(scene, host, router);
        }
    });
}

/// Asks for the time and tells its own.
pub fn ntp(play: &mut Play, device: DeviceId) {
    let Some(server) = play.server(device, "ntp") else { return };
    let off = i64::from(play.hospital.devices[device as usize].clock_off_s);
    let key = Key { client: Party::Device(device), server: Party::Device(server), tcp: false, port: 123 };
    play.made(key, "ntp", |scene, client, server| ntp::ask(scene, client, server, off));
}

/// LLDP of a switch, an access point or a telephone.
pub fn lldp(play: &mut Play, device: DeviceId) {
    let (name, description) = (play.hospital.host_name(device), play.says(device, "description"));
    let description = description.replace("{firmware}", play.hospital.firmware(device));
    let port = play.says(device, "port");
    let port = if port.is_empty() { "GigabitEthernet1/0/24" } else { port };
    let capabilities = play.says(device, "lldp-capabilities").parse().unwrap_or(lldp::BRIDGE_AND_ROUTER);
    play.on_link(device, |scene, host, _| lldp::announce_as(scene, host, port, &name, &description, capabilities));
}

/// CDP (version 2): device id, address, port, capabilities, version, platform.
pub fn cdp(play: &mut Play, device: DeviceId) {
    let name = play.hospital.host_name(device);
    let (platform, version) = (play.says(device, "cdp-platform"), play.says(device, "description"));
    let version = version.replace("{firmware}", play.hospital.firmware(device));
    let capabilities: u32 = play.says(device, "cdp-capabilities").parse().unwrap_or(0x90);
    play.on_link(device, |scene, host, _| {
        let tlv = |kind: u16, value: &[u8]| [&kind.to_be_bytes()[..], &(value.len() as u16 + 4).to_be_bytes(), value].concat();
        let address = [&[0, 0, 0, 1, 1, 1, 0xcc, 0, 4][..], &host.ipv4().octets()].concat();
        // Cisco sums an odd length in its own way: the name of the port makes it even.
        let is_odd = (name.len() + version.len() + platform.len()).is_multiple_of(2);
        let body = [
            tlv(1, name.as_bytes()),
            tlv(2, &address),
            tlv(3, if is_odd { b"Port 1 " } else { b"Port 1" }),
            tlv(4, &capabilities.to_be_bytes()),
            tlv(5, version.as_bytes()),
            tlv(6, platform.as_bytes()),
        ];
        let mut message = [&[2, 180, 0, 0][..], &body.concat()].concat();
        let sum = crate::speak::checksum(&message);
        message[2..4].copy_from_slice(&sum.to_be_bytes());
        let framed = [&[0xaa, 0xaa, 3, 0, 0, 0x0c, 0x20, 0][..], &message].concat();
        scene.llc(host, model::MacAddr([1, 0, 0x0c, 0xcc, 0xcc, 0xcc]), &framed);
    });
}

/// Announces what it offers (RFC 6762, RFC 6763).
pub fn mdns(play: &mut Play, device: DeviceId) {
    let name = play.hospital.host_name(device);
    let (kind, text) = (play.says(device, "mdns-service"), play.says(device, "mdns-text"));
    let port: u16 = play.says(device, "mdns-port").parse().unwrap_or(80);
    play.on_link(device, |scene, host, _| {
        let host = Host { ttl: 255, ..host.clone() };
        let (service, target) = (format!("{name}.{kind}.local"), format!("{name}.local"));
        let entries: Vec<&str> = text.split(';').collect();
        let records = [
            dns::answer(&format!("{kind}.local"), dns::PTR, 4500, &dns::name(&service)),
            dns::answer(&service, dns::SRV, 120, &dns::srv(port, &target)),
            dns::answer(&service, dns::TXT, 4500, &dns::txt(&entries)),
            dns::answer(&target, dns::A, 120, &host.ipv4().octets()),
        ];
        scene.udp(&host, 5353, &Host::group("224.0.0.251"), 5353, &dns::announcement(&records));
    });
}

/// A line for the log server (RFC 3164, RFC 5424 where the model does so).
pub fn syslog(play: &mut Play, device: DeviceId) {
    let Some(server) = play.server(device, "syslog") else { return };
    let line = log_line(play, device, "periodic self test passed");
    let key = Key { client: Party::Device(device), server: Party::Device(server), tcp: false, port: 514 };
    let from = play.scene.port();
    play.datagrams(key, ("syslog", false), from, line.as_bytes(), None);
}

/// A line as the device writes it, with its own clock.
pub fn log_line(play: &Play, device: DeviceId, text: &str) -> String {
    let (time, name) = (clock(play, device), play.hospital.host_name(device));
    let program = play.says(device, "syslog-program");
    let program = if program.is_empty() { "system" } else { program };
    let whole = time.plus_nanos(-time.nanos().rem_euclid(SECOND));
    format!("<134>1 {whole} {name} {program} 412 - - {text}")
}

/// The manager asks the next of those that answer SNMP.
pub fn snmp_poll(play: &mut Play, manager: DeviceId) {
    let site = play.hospital.devices[manager as usize].site;
    let place = play.number() as usize;
    let agents = play.hospital.in_role(site, "snmp-agent");
    if agents.is_empty() {
        return;
    }
    let agent = agents[place % agents.len()];
    if !play.hospital.devices[agent as usize].present {
        return;
    }
    let community = play.says(agent, "snmp-community");
    let community = if community.is_empty() { "hosp-read" } else { community };
    let description = play.says(agent, "description").replace("{firmware}", play.hospital.firmware(agent));
    let object = play.says(agent, "object-id");
    let request = play.scene.random() as u32 >> 1;
    let answer = snmp::response(community, request, &description, object);
    play.ask(Party::Device(manager), Party::Device(agent), 161, "snmp", &snmp::get(community, request), Some(&answer));
    if community == "public" {
        play.mark_default(Key { client: Party::Device(manager), server: Party::Device(agent), tcp: false, port: 161 });
    }
}

/// A switch or controller asks whether a device may join.
pub fn radius(play: &mut Play, switch: DeviceId) {
    let Some(server) = play.server(switch, "radius") else { return };
    let id = play.scene.random() as u8;
    let (ip, name) = (play.hospital.devices[switch as usize].interface.ip, play.hospital.host_name(switch));
    let who = play.scene.random() % play.hospital.devices.len() as u64;
    let mac = play.hospital.devices[who as usize].interface.mac;
    let user = mac.to_string().replace(':', "");
    let station = mac.to_string().replace(':', "-").to_uppercase();
    let hidden = play.scene.random_bytes(16);
    let attributes: [(u8, &[u8]); 6] = [
        (1, user.as_bytes()),
        (2, &hidden),
        (4, &ip.octets()),
        (32, name.as_bytes()),
        (61, &15_u32.to_be_bytes()),
        (31, station.as_bytes()),
    ];
    let ask = directory::radius(&mut play.scene, 1, id, &attributes);
    let accept = directory::radius(&mut play.scene, 2, id, &[(81, b"120")]);
    play.ask(Party::Device(switch), Party::Device(server), 1812, "radius", &ask, Some(&accept));
}

/// CAPWAP (RFC 5415) inside DTLS 1.2: records of application data.
pub fn capwap(play: &mut Play, device: DeviceId) {
    let Some(controller) = play.server(device, "wireless-controller") else { return };
    let record = |play: &mut Play, length: usize| {
        // CAPWAP DTLS header (§4.2), then a record (RFC 6347 §4.1).
        let sequence = play.number().to_be_bytes();
        let body = play.scene.random_bytes(length);
        [&[1, 0, 0, 0, 23, 0xfe, 0xfd, 0, 1][..], &sequence[2..], &(length as u16).to_be_bytes(), &body].concat()
    };
    let (ask, answer) = (record(play, 120), record(play, 64));
    let from = 5_264 + (device % 1000) as u16;
    let key = Key { client: Party::Device(device), server: Party::Device(controller), tcp: false, port: 5246 };
    play.datagrams(key, ("", false), from, &ask, Some(&answer));
}

/// Restarts: silent for a minute, then as new.
pub fn reboot(play: &mut Play, device: DeviceId) {
    play.event(Some(device), "rebooted", String::new());
    play.after(60, move |play| boot(play, device));
}

/// Walks into the range of another subnet of its site and gets an address there.
pub fn roam(play: &mut Play, device: DeviceId) {
    let here = play.subnet(device);
    let site = play.hospital.devices[device as usize].site;
    let wireless = |play: &Play, subnet: &&u32| {
        let subnet = &play.hospital.subnets[**subnet as usize];
        subnet.dhcp && !subnet.guests && subnet.name.starts_with("wifi")
    };
    let there = play.hospital.sites[site as usize].subnets.iter().filter(|subnet| **subnet != here);
    let Some(there) = there.filter(|subnet| wireless(play, subnet)).copied().next() else { return };
    move_to(play, device, there, "roamed");
}

/// Gives a device an address in a subnet.
pub fn move_to(play: &mut Play, device: DeviceId, subnet: u32, what: &'static str) {
    let Some(ip) = play.hospital.subnets[subnet as usize].take_address() else { return };
    play.end_address(device);
    let old = play.hospital.devices[device as usize].interface;
    play.hospital.subnets[old.subnet as usize].free.push_back(old.ip);
    let interface = &mut play.hospital.devices[device as usize].interface;
    (interface.ip, interface.subnet) = (ip, subnet);
    play.note_address(device);
    play.event(Some(device), what, format!("{} to {ip}", old.ip));
    boot(play, device);
}

/// A visitor leaves, or one who left comes again and may get another's address.
pub fn visit(play: &mut Play, device: DeviceId) {
    let subnet = play.subnet(device);
    play.end_address(device);
    let old = play.hospital.devices[device as usize].interface.ip;
    play.hospital.subnets[subnet as usize].free.push_back(old);
    let Some(ip) = play.hospital.subnets[subnet as usize].take_address() else { return };
    play.hospital.devices[device as usize].interface.ip = ip;
    play.note_address(device);
    play.event(Some(device), "arrived", ip.to_string());
    boot(play, device);
    lookup(play, device, "captive.example.com", Some([192, 0, 2, 18]));
    resolve(play, device, Play::outside("push.example.com"));
}
