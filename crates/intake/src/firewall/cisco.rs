//! Cisco ASA and Firepower (ASA Series Syslog Messages), IOS and NX-OS (System Message Guide): `%FACILITY-SEVERITY-MNEMONIC: text`.

use std::net::IpAddr;

use model::observation::Opening;
use model::{FactKind, Transport};
use wire::{Field, Value};

use crate::Emit;
use crate::dhcp::{Fields, Lease, fields};
use crate::emit::interface;
use crate::talk::{Login, LoginFields, Talk, login_fields, transport_of, way};
use crate::text::{after, between, ip, mac, number, small, split, word};

static LOGIN: LoginFields = login_fields!("cisco", "Cisco log");
static DHCP: Fields = fields!("Cisco ASA log");
static PORT: Field = Field::new("cisco.port", "switch port where it signed on (Cisco log)", FactKind::PortId);
static FLAP: Field = Field::new("cisco.mac-move", "switch ports between which it moved (Cisco log)", FactKind::PortId);
static FLAP_VLAN: Field = Field::new("cisco.mac-move-vlan", "VLAN in which it moved (Cisco log)", FactKind::Vlan);

/// Connections that were built and not yet torn down, which are remembered.
const OPEN: usize = 1 << 12;

/// Who opened a connection, by its number: the line that tells of its end tells only its ends.
#[derive(Debug, Default)]
pub(crate) struct Built {
    /// Number of the connection, and whether its second end opened it.
    places: Vec<(u64, bool)>,
}

impl Built {
    fn place(&mut self, number: u64) -> Option<&mut (u64, bool)> {
        if self.places.is_empty() {
            self.places = vec![(0, false); OPEN];
        }
        self.places.get_mut(usize::try_from(number).ok()? % OPEN)
    }

    fn remember(&mut self, number: u64, second_opened: bool) {
        if let Some(place) = self.place(number) {
            *place = (number, second_opened);
        }
    }

    /// Whether the second end opened it, where that is remembered.
    fn recall(&mut self, number: u64) -> Option<bool> {
        self.place(number).filter(|(known, _)| *known == number).map(|(_, second_opened)| *second_opened)
    }
}

/// Facility with severity and mnemonic, and the text.
fn parts(body: &[u8]) -> Option<(&[u8], &[u8])> {
    /// What may stand before: sequence number, host, time.
    const BEFORE: usize = 96;
    let at = memchr::memchr(b'%', body.get(..body.len().min(BEFORE))?)?;
    let (tag, text) = split(body.get(at.checked_add(1)?..)?, b": ").filter(|(tag, _)| tag.len() <= 48)?;
    let plain = tag.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'));
    (plain && tag.contains(&b'-')).then_some((tag, text))
}

/// The message is Cisco's.
pub(crate) fn is(body: &[u8]) -> bool {
    parts(body).is_some()
}

/// Reads a message.
pub(crate) fn read(body: &[u8], built: &mut Built, out: &mut Emit<'_>) {
    let Some((tag, text)) = parts(body) else { return };
    match tag {
        [b'A', b'S', b'A', b'-', _, b'-', number @ ..] | [b'F', b'T', b'D', b'-', _, b'-', number @ ..] => {
            asa(number, text, built, out)
        }
        _ => ios(tag, text, out),
    }
}

fn asa(message: &[u8], text: &[u8], built: &mut Built, out: &mut Emit<'_>) {
    match message {
        b"302013" | b"302015" => build(text, built),
        b"302014" | b"302016" => tear_down(text, built, out),
        b"106023" => deny(text, out),
        b"605004" | b"605005" => asa_login(message == b"605005", text, out),
        // `DHCP daemon interface inside: address granted 0100.1b21.3c4d.5e (10.0.0.5)`.
        b"604103" => {
            let Some(rest) = after(text, b"address granted ") else { return };
            let (client, rest) = word(rest);
            let address = between(rest, b"(", b")").and_then(ip);
            let octets: Vec<u8> = client.iter().copied().filter(|b| *b != b'.').collect();
            let mac = octets.strip_prefix(b"01").and_then(mac);
            Lease { mac, ip: address, ..Lease::default() }.tell(&DHCP, out);
        }
        _ => {}
    }
}

/// `inside:10.0.0.5/50000`, with or without the interface.
fn end(text: &[u8]) -> Option<(IpAddr, u16)> {
    let (before, port) = text.split_at_checked(text.iter().rposition(|b| *b == b'/')?)?;
    let port = port.get(1..)?;
    let address = ip(before).or_else(|| ip(before.get(memchr::memchr(b':', before)?.checked_add(1)?..)?))?;
    Some((address, small(port).unwrap_or(0)))
}

/// `Built outbound TCP connection 123 for outside:192.0.2.9/443 (…) to inside:10.0.0.5/50000 (…)`: outbound ones are opened by the
/// second end, inbound ones by the first.
fn build(text: &[u8], built: &mut Built) {
    let Some(rest) = text.strip_prefix(b"Built ") else { return };
    let (direction, rest) = word(rest);
    let Some(id) = after(rest, b" connection ").map(word).and_then(|(id, _)| number(id)) else { return };
    built.remember(id, direction == b"outbound");
}

/// `Teardown TCP connection 123 for outside:192.0.2.9/443 to inside:10.0.0.5/50000 duration 0:00:10 bytes 12345 TCP FINs`. The bytes are
/// those of both directions together; they are counted as sent to the server.
fn tear_down(text: &[u8], built: &mut Built, out: &mut Emit<'_>) {
    let Some(rest) = text.strip_prefix(b"Teardown ") else { return };
    let (protocol, rest) = word(rest);
    let (_, rest) = word(rest);
    let (id, rest) = word(rest);
    let Some(rest) = rest.strip_prefix(b"for ") else { return };
    let (first, rest) = word(rest);
    // With identity firewall a user stands behind the end, in parentheses.
    let Some(rest) = after(rest, b"to ") else { return };
    let (second, rest) = word(rest);
    let (Some(first), Some(second), Some(transport)) = (end(first), end(second), transport_of(protocol)) else { return };
    let told = number(id).and_then(|id| built.recall(id));
    // The lower port is a server's more often than not.
    let second_opened = told.unwrap_or(first.1 <= second.1);
    let (client, server) = if second_opened { (second, first) } else { (first, second) };
    let bytes = after(rest, b"bytes ").map(word).and_then(|(bytes, _)| number(bytes)).unwrap_or(0);
    let lasted_s = after(rest, b"duration ").map(word).and_then(|(time, _)| seconds(time)).unwrap_or(0);
    let is_unanswered = after(rest, b"SYN Timeout").is_some();
    let is_refused = bytes == 0 && after(rest, b"TCP Reset").is_some();
    Talk {
        to_server: (1, bytes),
        to_client: (u64::from(transport == Transport::Tcp && !is_unanswered), 0),
        lasted_ns: lasted_s.saturating_mul(1_000_000_000),
        opening: match (is_unanswered, is_refused) {
            (true, _) => Opening::Unanswered,
            (_, true) => Opening::Refused,
            _ => Opening::Opened,
        },
        direction_known: told.is_some(),
        ..Talk::new(client.0, server.0, transport, server.1)
    }
    .tell(out);
}

/// `1:02:03` in seconds.
fn seconds(text: &[u8]) -> Option<i64> {
    text.split(|b| *b == b':').try_fold(0_i64, |sum, part| sum.checked_mul(60)?.checked_add(i64::try_from(number(part)?).ok()?))
}

/// `Deny tcp src outside:198.51.100.1/5000 dst inside:10.0.0.5/23 by access-group "outside_in"`.
fn deny(text: &[u8], out: &mut Emit<'_>) {
    let Some(rest) = text.strip_prefix(b"Deny ") else { return };
    let Some(transport) = transport_of(word(rest).0) else { return };
    let end_behind = |mark: &[u8]| after(rest, mark).map(word).and_then(|(text, _)| end(text));
    let (Some(src), Some(dst)) = (end_behind(b" src "), end_behind(b" dst ")) else { return };
    Talk { to_server: (1, 0), opening: Opening::Unanswered, ..Talk::new(src.0, dst.0, transport, dst.1) }.tell(out);
}

/// `Login permitted from 10.1.1.5/50000 to inside:10.1.1.1/ssh for user "admin"`.
fn asa_login(succeeded: bool, text: &[u8], out: &mut Emit<'_>) {
    let Some((from, rest)) = after(text, b" from ").map(word) else { return };
    let Some((to, rest)) = after(rest, b"to ").map(word) else { return };
    let service = to.rsplit(|b| *b == b'/').next().unwrap_or_default();
    let account = between(rest, b"\"", b"\"").unwrap_or_default();
    Login { account, from: end(from).map(|(from, _)| from), to: end(to).map(|(to, _)| to), way: way(service), succeeded }
        .tell(&LOGIN, out);
}

fn ios(tag: &[u8], text: &[u8], out: &mut Emit<'_>) {
    match tag {
        // `Login Success [user: admin] [Source: 10.1.1.5] [localport: 22] at …`.
        b"SEC_LOGIN-5-LOGIN_SUCCESS" | b"SEC_LOGIN-4-LOGIN_FAILED" => {
            let inside = |mark: &[u8]| between(text, mark, b"]").unwrap_or_default();
            let by: &[u8] = match inside(b"[localport: ") {
                b"22" => b"ssh",
                b"23" => b"telnet",
                b"443" => b"https",
                b"80" => b"http",
                _ => b"",
            };
            let login = Login {
                account: inside(b"[user: "),
                from: ip(inside(b"[Source: ")),
                to: None,
                way: way(by),
                succeeded: tag.ends_with(b"SUCCESS"),
            };
            login.tell(&LOGIN, out);
        }
        // `Configured from console by admin on vty0 (10.1.1.5)`.
        b"SYS-5-CONFIG_I" => {
            let account = after(text, b" by ").map_or(&[][..], |rest| word(rest).0);
            let from = between(text, b"(", b")").and_then(ip);
            Login { account, from, to: None, way: way(b"ssh"), succeeded: true }.tell(&LOGIN, out);
        }
        // `Host 001b.213c.4d5e in vlan 10 is flapping between port Gi1/0/5 and port Gi1/0/7`.
        b"SW_MATM-4-MACFLAP_NOTIF" => flap(text, out),
        // `Authentication successful for client (001b.213c.4d5e) on Interface Gi1/0/5 …`.
        b"MAB-5-SUCCESS" | b"DOT1X-5-SUCCESS" | b"AUTHMGR-5-SUCCESS" => {
            let Some(client) = between(text, b"(", b")").and_then(mac) else { return };
            let port = after(text, b" on Interface ").map_or(&[][..], |rest| word(rest).0);
            out.say(interface(client), &PORT, &Value::Octets(port));
        }
        // `list 100 denied tcp 10.0.0.5(50000) -> 192.0.2.9(23), 1 packet`.
        b"SEC-6-IPACCESSLOGP" => access_list(text, out),
        _ => {}
    }
}

fn flap(text: &[u8], out: &mut Emit<'_>) {
    let Some(host) = after(text, b"Host ").and_then(|rest| mac(word(rest).0)) else { return };
    if let Some(vlan) = after(text, b" in vlan ").and_then(|rest| number(word(rest).0)) {
        out.say(interface(host), &FLAP_VLAN, &Value::Number(vlan));
    }
    for mark in [&b"between port "[..], b" and port "] {
        let port = after(text, mark).map_or(&[][..], |rest| word(rest).0);
        out.say(interface(host), &FLAP, &Value::Octets(port));
    }
}

fn access_list(text: &[u8], out: &mut Emit<'_>) {
    let Some((_, rest)) = text.strip_prefix(b"list ").map(word) else { return };
    let (action, rest) = word(rest);
    let (protocol, rest) = word(rest);
    let (src, rest) = word(rest);
    let (dst, rest) = rest.strip_prefix(b"-> ").map(word).unwrap_or_default();
    let end = |text: &[u8]| {
        split(text, b"(").and_then(|(address, port)| Some((ip(address)?, small(port.split(|b| *b == b')').next()?).unwrap_or(0))))
    };
    let (Some((src, _)), Some((dst, port)), Some(transport)) = (end(src), end(dst), transport_of(protocol)) else { return };
    let packets = number(word(rest).0).unwrap_or(1);
    let opening = if action == b"denied" { Opening::Unanswered } else { Opening::Unknown };
    Talk { to_server: (packets, 0), opening, direction_known: false, ..Talk::new(src, dst, transport, port) }.tell(out);
}
