//! Fortinet FortiGate (FortiOS Log Message Reference): `key=value` pairs, values in quotes where they hold blanks.

use model::observation::Opening;
use model::{Endpoint, FactKind, Timestamp};
use wire::{Field, Value};

use crate::dhcp::{Fields, Lease, fields};
use crate::talk::{Login, LoginFields, Talk, login_fields, transport, way, with_mac};
use crate::text::{ip, mac, number, pairs, small, split};
use crate::{Clock, Emit};

static DHCP: Fields = fields!("FortiGate log");
static LOGIN: LoginFields = login_fields!("fortinet", "FortiGate log");
static SOURCE_NAME: Field =
    Field::new("fortinet.srcname", "name that the firewall knows the source by (FortiGate log)", FactKind::HostName);

/// The message is of a FortiGate.
pub(crate) fn is(body: &[u8]) -> bool {
    (body.starts_with(b"date=") || body.starts_with(b"logver=")) && memchr::memmem::find(body, b" devid=").is_some()
}

/// What is read of one line.
#[derive(Default)]
struct Line<'a> {
    kind: &'a [u8],
    subtype: &'a [u8],
    logid: &'a [u8],
    action: &'a [u8],
    src: &'a [u8],
    dst: &'a [u8],
    port: u16,
    proto: u8,
    duration_s: u64,
    sent: (u64, u64),
    received: (u64, u64),
    src_mac: &'a [u8],
    dst_mac: &'a [u8],
    src_name: &'a [u8],
    user: &'a [u8],
    ui: &'a [u8],
    status: &'a [u8],
    description: &'a [u8],
    message: &'a [u8],
    mac: &'a [u8],
    address: &'a [u8],
    host: &'a [u8],
    lease_s: Option<u64>,
}

impl<'a> Line<'a> {
    fn of(body: &'a [u8]) -> Self {
        let mut line = Self::default();
        for (key, value) in pairs(body) {
            let count = || number(value).unwrap_or(0);
            match key {
                b"type" => line.kind = value,
                b"subtype" => line.subtype = value,
                b"logid" => line.logid = value,
                b"action" => line.action = value,
                b"srcip" => line.src = value,
                b"dstip" => line.dst = value,
                b"dstport" => line.port = small(value).unwrap_or(0),
                b"proto" => line.proto = small(value).unwrap_or(0),
                b"duration" => line.duration_s = count(),
                b"sentpkt" => line.sent.0 = count(),
                b"sentbyte" => line.sent.1 = count(),
                b"rcvdpkt" => line.received.0 = count(),
                b"rcvdbyte" => line.received.1 = count(),
                b"srcmac" => line.src_mac = value,
                b"dstmac" => line.dst_mac = value,
                b"srcname" => line.src_name = value,
                b"user" => line.user = value,
                b"ui" => line.ui = value,
                b"status" => line.status = value,
                b"logdesc" => line.description = value,
                b"dhcp_msg" => line.message = value,
                b"mac" => line.mac = value,
                b"ip" => line.address = value,
                b"hostname" => line.host = value,
                b"lease" => line.lease_s = number(value),
                _ => {}
            }
        }
        line
    }
}

/// When it happened: `eventtime` in nanoseconds (FortiOS 6.2 and later) or seconds, else `date`, `time` and `tz`.
pub(crate) fn time(body: &[u8], clock: &Clock) -> Option<Timestamp> {
    let (mut date, mut hour, mut zone, mut event) = (&[][..], &[][..], &[][..], None);
    for (key, value) in pairs(body).take(24) {
        match key {
            b"date" => date = value,
            b"time" => hour = value,
            b"tz" => zone = value,
            b"eventtime" => event = number(value),
            _ => {}
        }
    }
    let event = event.and_then(|event| i64::try_from(event).ok()).map(|event| match event {
        0..=99_999_999_999 => Timestamp::from_parts(event, 0),
        nanos => Timestamp::from_nanos(nanos),
    });
    event.or_else(|| clock.date_time(&[date, b" ", hour, zone].concat()))
}

/// Reads a message.
pub(crate) fn read(body: &[u8], out: &mut Emit<'_>) {
    let line = Line::of(body);
    match (line.kind, line.subtype) {
        // Statistics of sessions that go on count the same bytes as their end does.
        (b"traffic", b"forward" | b"local") if !line.logid.ends_with(b"0000000020") => traffic(&line, out),
        (b"event", b"system") => system(&line, out),
        _ => {}
    }
}

fn traffic(line: &Line<'_>, out: &mut Emit<'_>) {
    let (Some(src), Some(dst)) = (ip(line.src), ip(line.dst)) else { return };
    let talk = Talk::new(src, dst, transport(line.proto), line.port);
    let is_denied = matches!(line.action, b"deny" | b"ip-conn");
    let talk = Talk {
        client: with_mac(talk.client, mac(line.src_mac)),
        server: with_mac(talk.server, mac(line.dst_mac)),
        to_server: line.sent,
        to_client: line.received,
        lasted_ns: i64::try_from(line.duration_s).unwrap_or(0).saturating_mul(1_000_000_000),
        opening: if is_denied { Opening::Unanswered } else { Opening::Opened },
        ..talk
    };
    talk.tell(out);
    if !line.src_name.is_empty() && ip(line.src_name).is_none() {
        out.say(Endpoint { mac: talk.client.mac, ip: Some(src) }, &SOURCE_NAME, &Value::Octets(line.src_name));
    }
}

/// Log-ins of administrators (logid 0100032001, 0100032002) and leases (0100026001).
fn system(line: &Line<'_>, out: &mut Emit<'_>) {
    if line.message == b"Ack" {
        let (mac, ip) = (mac(line.mac), ip(line.address));
        return Lease { mac, ip, name: line.host, seconds: line.lease_s, ..Lease::default() }.tell(&DHCP, out);
    }
    if !line.description.starts_with(b"Admin login") || !matches!(line.action, b"login" | b"") {
        return;
    }
    // `https(10.1.1.5)`, `ssh(10.1.1.5)`, `console`.
    let from = split(line.ui, b"(").and_then(|(_, rest)| ip(rest.strip_suffix(b")")?)).or_else(|| ip(line.src));
    let login = Login { account: line.user, from, to: ip(line.dst), way: way(line.ui), succeeded: line.status == b"success" };
    login.tell(&LOGIN, out);
}
