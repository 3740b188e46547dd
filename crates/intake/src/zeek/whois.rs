//! `dhcp.log`, `dns.log`, `software.log`: who is who.

use std::net::{IpAddr, Ipv4Addr};

use model::FactKind;
use wire::{Field, Value};

use super::{Column as C, Row};
use crate::Emit;
use crate::dhcp::{Fields, Lease, fields};
use crate::emit::{address, interface};
use crate::text::{ip, number};

static DHCP: Fields = fields!("Zeek log");
static NAME: Field = Field::new("dhcp.option12", "DHCP host name (Zeek log)", FactKind::HostName);
static ANSWER: Field = Field::new("dns.answer", "DNS address record (Zeek log)", FactKind::DnsName);
static POINTER: Field = Field::new("dns.ptr", "DNS pointer record (Zeek log)", FactKind::DnsName);
static NAME_SERVER: Field = Field::new("dns.server", "DNS answer (Zeek log)", FactKind::NameServer);

/// `dhcp.log`: one row for the messages of one transaction.
pub(super) fn dhcp(row: &Row<'_>, out: &mut Emit<'_>) -> Result<(), &'static str> {
    let mac = row.mac(C::Mac);
    let name = if row.text(C::HostName).is_empty() { row.text(C::ClientFqdn) } else { row.text(C::HostName) };
    let is_given = row.text(C::MsgTypes).is_empty() || row.set(C::MsgTypes).any(|message| message == b"ACK");
    out.exporter = row.ip(C::ServerAddr);
    let holder = row.ip(C::AssignedAddr).or_else(|| row.ip(C::ClientAddr)).filter(|_| is_given);
    if let Some(ip) = holder {
        let (vendor, seconds) = (row.text(C::ClientSoftware), row.seconds(C::LeaseTime));
        Lease { mac, ip: Some(ip), name, vendor, seconds, ..Lease::default() }.tell(&DHCP, out);
    } else if let (Some(mac), false) = (mac, name.is_empty()) {
        out.say(interface(mac), &NAME, &Value::Octets(name));
    }
    out.exporter = None;
    Ok(())
}

/// `dns.log`: a question with its answers.
pub(super) fn dns(row: &Row<'_>, out: &mut Emit<'_>) -> Result<(), &'static str> {
    /// Addresses of one answer that are taken.
    const MOST: usize = 32;
    let server = row.ip(C::RespHost).ok_or("no id.resp_h")?;
    let query = row.text(C::Query);
    if row.text(C::RcodeName) != b"NOERROR" || query.is_empty() {
        return Ok(());
    }
    // Multicast DNS is answered by everybody for himself.
    if row.port(C::RespPort) == 53 {
        out.say(address(server), &NAME_SERVER, &Value::Yes);
    }
    if let Some(asked) = reversed(query) {
        for name in row.set(C::Answers).take(1) {
            out.say(address(asked), &POINTER, &Value::Octets(name));
        }
        return Ok(());
    }
    for found in row.set(C::Answers).filter_map(ip).take(MOST) {
        out.say(address(found), &ANSWER, &Value::Octets(query));
    }
    Ok(())
}

/// The address in `5.0.0.10.in-addr.arpa`.
fn reversed(name: &[u8]) -> Option<IpAddr> {
    let mut octets = [0_u8; 4];
    let mut labels = name.strip_suffix(b".in-addr.arpa")?.split(|b| *b == b'.');
    for octet in octets.iter_mut().rev() {
        *octet = u8::try_from(number(labels.next()?)?).ok()?;
    }
    labels.next().is_none().then_some(IpAddr::V4(Ipv4Addr::from(octets)))
}

static SSH_SERVER: Field = Field::new("ssh.server_software", "SSH server software version (Zeek log)", FactKind::ServerBanner);
static SSH_CLIENT: Field = Field::new("ssh.client_software", "SSH client software version (Zeek log)", FactKind::UserAgent);
static HTTP_SERVER: Field = Field::new("http.server", "HTTP Server (Zeek log)", FactKind::ServerBanner);
static HTTP_APP: Field = Field::new("http.x-powered-by", "HTTP application server (Zeek log)", FactKind::ServerBanner);
static BROWSER: Field = Field::new("http.user-agent", "HTTP User-Agent (Zeek log)", FactKind::UserAgent);
static OTHER: Field = Field::new("zeek.software", "software by its own words (Zeek log)", FactKind::Software);

/// `software.log`: what a host's own words name.
pub(super) fn software(row: &Row<'_>, out: &mut Emit<'_>) -> Result<(), &'static str> {
    let host = row.ip(C::Host).ok_or("no host")?;
    let said = if row.text(C::Unparsed).is_empty() { row.text(C::Name) } else { row.text(C::Unparsed) };
    if said.is_empty() {
        return Ok(());
    }
    let field = match row.text(C::SoftwareType) {
        b"SSH::SERVER" => &SSH_SERVER,
        b"SSH::CLIENT" => &SSH_CLIENT,
        b"HTTP::SERVER" => &HTTP_SERVER,
        b"HTTP::APPSERVER" => &HTTP_APP,
        b"HTTP::BROWSER" => &BROWSER,
        _ => &OTHER,
    };
    out.say(address(host), field, &Value::Octets(said));
    Ok(())
}
