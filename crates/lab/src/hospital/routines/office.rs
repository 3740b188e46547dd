//! Offices and pockets: computers of the domain, pages, paper, telephones.

use super::talk;
use crate::Direction::{ToClient, ToServer};
use crate::hospital::play::Play;
use crate::hospital::site::DeviceId;
use crate::hospital::truth::Party;
use crate::speak::directory::{self, Ticket};
use crate::speak::smb2::{self, Session, Use};

/// The domain's short name.
pub fn domain_name(play: &Play) -> String {
    play.hospital.domain.split('.').next().unwrap_or("HOSP").to_uppercase()
}

/// A session with a file server, as both sides' models say it.
pub fn with_share<T>(
    play: &mut Play,
    (client, server): (DeviceId, DeviceId),
    (share, account): (&str, &str),
    make: impl FnOnce(&mut crate::Scene, &mut crate::Tcp) -> T,
) -> T {
    let (one, other, domain) =
        (play.hospital.host_name(client).to_uppercase(), play.hospital.host_name(server).to_uppercase(), domain_name(play));
    let build = |device| play.says(device, "windows-build").parse().unwrap_or(0);
    let builds = [build(client), build(server)];
    let mut guid = [0x5a; 16];
    guid[..6].copy_from_slice(&play.hospital.devices[server as usize].interface.mac.0);
    let session = Session { client: &one, server: &other, domain: &domain, account, builds, guid, share };
    let mut line = play.connect(Party::Device(client), Party::Device(server), 445, "smb", false);
    let result = line.with(play, |scene, tcp| {
        session.open(scene, tcp, true);
        make(scene, tcp)
    });
    line.close(play);
    result
}

/// A computer signs in: tickets, the directory, policies.
pub fn domain(play: &mut Play, device: DeviceId) {
    let Some(controller) = play.server(device, "domain") else { return };
    let realm = play.hospital.domain.to_uppercase();
    let (computer, host) = (format!("{}$", play.hospital.host_name(device).to_uppercase()), play.fqdn(controller));
    let services = [format!("krbtgt/{realm}"), format!("cifs/{host}")];
    for (service, for_service) in services.iter().zip([false, true]) {
        let ticket = Ticket { realm: &realm, client: &computer, service, for_service };
        let mut line = play.connect(Party::Device(device), Party::Device(controller), 88, "kerberos", false);
        line.with(play, |scene, tcp| {
            let (ask, answer) = (ticket.request(scene), ticket.reply(scene));
            tcp.exchange(scene, &directory::framed(&ask), &directory::framed(&answer));
        });
        line.close(play);
    }
    let base = play.hospital.domain.split('.').map(|part| format!("DC={part}")).collect::<Vec<_>>().join(",");
    let mut line = play.connect(Party::Device(device), Party::Device(controller), 389, "ldap", false);
    line.with(play, |scene, tcp| {
        tcp.exchange(scene, &directory::ldap_root(1), &directory::ldap_root_is(1, &host, &base));
        let bind = directory::ldap_bind(scene, 2);
        tcp.exchange(scene, &bind, &directory::ldap_bound(2));
        tcp.send(scene, ToServer, &directory::ldap_unbind(3));
    });
    line.close(play);
    let account = computer.clone();
    with_share(play, (device, controller), ("SYSVOL", &account), |scene, tcp| {
        smb2::file(scene, tcp, &mut 3, "Policies\\gpt.ini", 600, Use::Read);
    });
}

/// Reads and writes files of the file server.
pub fn files(play: &mut Play, device: DeviceId) {
    let Some(server) = play.server(device, "files") else { return };
    let account = format!("user{:04}", device);
    let (size, what) = (play.between(4_000, 60_000) as usize, play.pick(&[Use::Read, Use::Read, Use::Write]));
    let name = format!("team\\document-{}.docx", play.between(1, 400));
    with_share(play, (device, server), ("Shared", &account), |scene, tcp| {
        smb2::file(scene, tcp, &mut 3, &name, size, what);
    });
}

/// Looks at pages outside.
pub fn browse(play: &mut Play, device: DeviceId) {
    let name = play.pick(&[
        "www.example.org",
        "news.example.net",
        "search.example.com",
        "video.example.net",
        "mail.example.org",
        "office.example.com",
        "reference.example.org",
    ]);
    let bytes = play.between(2_000, 40_000) as usize;
    talk::outside(play, device, name, bytes);
}

/// Prints on a printer near by: raw, or labels.
pub fn print(play: &mut Play, device: DeviceId) {
    let is_label = play.chance(30);
    let role = if is_label { "label-printer" } else { "printer" };
    let Some(printer) = play.server(device, role) else { return };
    let id = play.says(printer, "pjl-id");
    let mut line = play.connect(Party::Device(device), Party::Device(printer), 9100, "jetdirect", false);
    if is_label {
        let patient = play.patient();
        let label = format!("^XA^FO50,50^ADN,36,20^FD{}^FS^FO50,90^BCN,60^FD{}^FS^XZ", patient.name(), patient.id());
        line.send(play, ToServer, label.as_bytes());
        play.mark_phi(&line);
    } else {
        line.send(play, ToServer, b"\x1b%-12345X@PJL\r\n@PJL INFO ID\r\n");
        line.send(play, ToClient, format!("@PJL INFO ID\r\n\"{id}\"\r\n\x0c").as_bytes());
        let page = play.scene.random_bytes(14_000);
        let job = [
            &b"@PJL JOB NAME=\"document\"\r\n@PJL ENTER LANGUAGE=PCL\r\n\x1bE"[..],
            &page,
            b"\x0c\x1bE\x1b%-12345X@PJL EOJ\r\n\x1b%-12345X",
        ];
        line.send(play, ToServer, &job.concat());
    }
    line.close(play);
}

/// A telephone registers (RFC 3261 §10) over UDP.
pub fn phone(play: &mut Play, device: DeviceId) {
    let Some(exchange) = play.server(device, "telephone-exchange") else { return };
    let (agent, number) = (play.says(device, "sip-agent").replace("{firmware}", play.hospital.firmware(device)), 2000 + device);
    let (ip, domain, id) = (play.hospital.devices[device as usize].interface.ip, play.hospital.domain.clone(), play.number());
    let common = format!(
        "Via: SIP/2.0/UDP {ip}:5060;branch=z9hG4bK{id}\r\nFrom: <sip:{number}@{domain}>;tag=t{id}\r\nCall-ID: c{id}@{ip}\r\nCSeq: 1 REGISTER\r\n"
    );
    let ask = format!(
        "REGISTER sip:{domain} SIP/2.0\r\n{common}To: <sip:{number}@{domain}>\r\nMax-Forwards: 70\r\nContact: <sip:{number}@{ip}:5060>\r\n\
         User-Agent: {agent}\r\nExpires: 3600\r\nContent-Length: 0\r\n\r\n"
    );
    let server = play.says(exchange, "sip-server");
    let answer = format!(
        "SIP/2.0 200 OK\r\n{common}To: <sip:{number}@{domain}>;tag=s{id}\r\nContact: <sip:{number}@{ip}:5060>;expires=3600\r\nServer: {server}\r\nContent-Length: 0\r\n\r\n"
    );
    let key =
        crate::hospital::truth::Key { client: Party::Device(device), server: Party::Device(exchange), tcp: false, port: 5060 };
    play.datagrams(key, ("sip", false), 5060, ask.as_bytes(), Some(answer.as_bytes()));
}

/// A telephone or tablet keeps in touch with its maker.
pub fn push(play: &mut Play, device: DeviceId) {
    talk::outside(play, device, "push.example.com", 1_500);
}
