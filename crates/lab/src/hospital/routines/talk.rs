//! Turns that many routines take: names, pages, TLS, times as messages write them.

use std::net::IpAddr;

use model::Timestamp;

use crate::hospital::outside;
use crate::hospital::play::{Line, Play};
use crate::hospital::site::DeviceId;
use crate::hospital::truth::{self, Party};
use crate::speak::der::Certificate;
use crate::speak::tls::{Handshake, TLS_1_2, TLS_1_3, record};
use crate::speak::{dns, http};

/// A time as HL7 and DICOM write it: `20260302081500`.
pub fn stamp(time: Timestamp) -> String {
    let text = time.to_string();
    text.chars().filter(char::is_ascii_digit).take(14).collect()
}

/// What a device's own clock says.
pub fn clock(play: &Play, device: DeviceId) -> Timestamp {
    let off = play.hospital.devices[device as usize].clock_off_s;
    play.scene.now.plus_nanos(i64::from(off) * 1_000_000_000)
}

/// Asks the name server for the address of a party, as often as caches run out.
pub fn resolve(play: &mut Play, client: DeviceId, server: Party) {
    let name = match server {
        Party::Outside(host) => outside::HOSTS[host as usize].name.to_owned(),
        Party::Device(id) | Party::Second(id) => play.fqdn(id),
        Party::Group(_) | Party::Nobody(_) => return,
    };
    let IpAddr::V4(ip) = truth::address(&play.hospital, server) else { return };
    lookup(play, client, &name, Some(ip.octets()));
}

/// Asks for a name; without an address there is no such name.
pub fn lookup(play: &mut Play, client: DeviceId, name: &str, address: Option<[u8; 4]>) {
    let Some(server) = play.server(client, "dns") else { return };
    let id = play.scene.random() as u16;
    let answers: Vec<Vec<u8>> = address.iter().map(|ip| dns::answer(name, dns::A, 300, ip)).collect();
    let answer = dns::response(id, name, dns::A, &answers);
    play.ask(Party::Device(client), Party::Device(server), 53, "dns", &dns::query(id, name, dns::A), Some(&answer));
}

/// A TLS conversation with what a server of the hospital or outside shows.
pub struct Secure<'a> {
    /// The name that is asked for.
    pub name: &'a str,
    /// Whose certificate it is.
    pub organisation: &'a str,
    /// Who signed it.
    pub issuer: &'a str,
    /// Bytes that come back.
    pub bytes: usize,
    /// The newest version; else 1.2, which shows the certificate.
    pub new: bool,
}

/// Speaks TLS on a fresh connection and ends it.
pub fn secure(play: &mut Play, client: Party, server: Party, port: u16, talk: &Secure<'_>, clinical: bool) {
    let mut line = play.connect(client, server, port, "tls", clinical);
    shake(play, &mut line, talk);
    line.close(play);
}

/// The handshake and some data on a connection.
pub fn shake(play: &mut Play, line: &mut Line, talk: &Secure<'_>) {
    let certificate = Certificate {
        subject: talk.name,
        organisation: talk.organisation,
        issuer: talk.issuer,
        not_before: "250101000000Z",
        not_after: "291231235959Z",
        bits: 2048,
    };
    let (version, suite) = if talk.new { (TLS_1_3, 0x1301) } else { (TLS_1_2, 0xc02f) };
    let session = Handshake { version, server_name: talk.name, alpn: "http/1.1", suite, certificate, data: talk.bytes };
    line.with(play, |scene, tcp| session.run(scene, tcp));
}

/// Looks a host outside up and speaks TLS with it.
pub fn outside(play: &mut Play, client: DeviceId, name: &str, bytes: usize) {
    let server = Play::outside(name);
    if play.chance(40) {
        resolve(play, client, server);
    }
    let host = outside::HOSTS[outside::find(name) as usize];
    let talk = Secure { name, organisation: host.organisation, issuer: "Example Public CA", bytes, new: true };
    secure(play, Party::Device(client), server, 443, &talk, false);
}

/// Sends so much to a host outside, inside TLS.
pub fn upload(play: &mut Play, client: DeviceId, name: &str, bytes: usize) {
    let host = outside::HOSTS[outside::find(name) as usize];
    let talk = Secure { name, organisation: host.organisation, issuer: "Example Public CA", bytes: 200, new: true };
    let mut line = play.connect(Party::Device(client), Play::outside(name), 443, "tls", false);
    shake(play, &mut line, &talk);
    line.with(play, |scene, tcp| {
        for _ in 0..bytes.div_ceil(16_000) {
            let data = record(23, TLS_1_2, &scene.random_bytes(16_000.min(bytes)));
            tcp.send(scene, crate::Direction::ToServer, &data);
        }
    });
    line.close(play);
}

/// Speaks TLS with a server of the hospital.
pub fn inside(play: &mut Play, client: DeviceId, server: DeviceId, port: u16, bytes: usize, clinical: bool) {
    if play.chance(30) {
        resolve(play, client, Party::Device(server));
    }
    let name = play.fqdn(server);
    let organisation = play.hospital.name.clone();
    let issuer = format!("{organisation} CA");
    let new = port == 443 && play.chance(70);
    let talk = Secure { name: &name, organisation: &organisation, issuer: &issuer, bytes, new };
    secure(play, Party::Device(client), Party::Device(server), port, &talk, clinical);
}

/// One request for a page and its answer on a connection of its own.
pub fn page(play: &mut Play, client: DeviceId, server: DeviceId, port: u16, request: &Request<'_>) {
    let mut line = play.connect(Party::Device(client), Party::Device(server), port, "http", false);
    request.run(play, &mut line, server);
    line.close(play);
}

/// A request, and what the server answers.
pub struct Request<'a> {
    /// Method and path.
    pub what: (&'a str, &'a str),
    /// The client's own name for itself.
    pub agent: &'a str,
    /// Headers besides.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: &'a [u8],
    /// Status and body of the answer.
    pub answer: (&'a str, &'a [u8]),
}

impl Request<'_> {
    /// The request on an open connection; the server answers under its own banner.
    pub fn run(&self, play: &mut Play, line: &mut Line, server: DeviceId) {
        let host = play.fqdn(server);
        let mut headers = Vec::new();
        if !self.agent.is_empty() {
            headers.push(("User-Agent", self.agent));
        }
        headers.extend(self.headers);
        let request = http::request(self.what.0, &host, self.what.1, &headers, self.body);
        let banner = play.says(server, "http-server");
        let mut headers = Vec::new();
        if !banner.is_empty() {
            headers.push(("Server", banner));
        }
        if !self.answer.1.is_empty() {
            headers.push(("Content-Type", if self.answer.1.starts_with(b"<") { "text/html" } else { "application/json" }));
        }
        line.exchange(play, &request, &http::response(self.answer.0, &headers, self.answer.1));
    }
}
