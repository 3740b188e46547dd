//! SonicWall (SonicOS Log Events Reference Guide): `key=value` pairs; the number of the event is `m`.

use model::observation::Opening;
use model::{Timestamp, Transport};

use crate::talk::{Login, LoginFields, Talk, login_fields, transport_of, way, with_mac};
use crate::text::{ip, mac, number, pairs, small};
use crate::{Clock, Emit};

static LOGIN: LoginFields = login_fields!("sonicwall", "SonicWall log");

/// The message is of a SonicWall.
pub(crate) fn is(body: &[u8]) -> bool {
    body.trim_ascii_start().starts_with(b"id=") && memchr::memmem::find(body, b" sn=").is_some()
}

/// When it happened: `time="2026-11-23 12:00:00 UTC"`; without `UTC` it is local time.
pub(crate) fn time(body: &[u8], clock: &Clock) -> Option<Timestamp> {
    let (_, value) = pairs(body).take(8).find(|(key, _)| *key == b"time")?;
    let clock = if value.ends_with(b"UTC") { Clock { ahead_s: 0, ..*clock } } else { *clock };
    clock.date_time(value)
}

/// `10.0.0.5:50000:X0` and, with a name behind it, `10.0.0.5:50000:X0:host`.
#[derive(Clone, Copy, Default)]
struct End {
    ip: Option<std::net::IpAddr>,
    port: u16,
}

impl End {
    fn of(text: &[u8]) -> Self {
        let mut parts = text.split(|b| *b == b':');
        Self { ip: parts.next().and_then(ip), port: parts.next().and_then(small).unwrap_or(0) }
    }
}

/// Reads a message.
pub(crate) fn read(body: &[u8], out: &mut Emit<'_>) {
    let (mut event, mut user) = (0, &[][..]);
    let (mut src, mut dst, mut transport, mut service) = (End::default(), End::default(), None, &[][..]);
    let (mut sent, mut received, mut lasted_ms) = ((0, 0), (0, 0), 0);
    let (mut src_mac, mut dst_mac) = (None, None);
    for (key, value) in pairs(body) {
        let count = || number(value).unwrap_or(0);
        match key {
            b"m" => event = count(),
            b"src" => src = End::of(value),
            b"dst" => dst = End::of(value),
            b"proto" => {
                let mut parts = value.split(|b| *b == b'/');
                transport = parts.next().and_then(transport_of);
                service = parts.next().unwrap_or_default();
            }
            b"sent" => sent.1 = count(),
            b"rcvd" => received.1 = count(),
            b"spkt" => sent.0 = count(),
            b"rpkt" => received.0 = count(),
            b"cdur" => lasted_ms = i64::try_from(count()).unwrap_or(0),
            b"srcMac" => src_mac = mac(value),
            b"dstMac" => dst_mac = mac(value),
            b"usr" | b"user" => user = value,
            _ => {}
        }
    }
    let (Some(from), Some(to)) = (src.ip, dst.ip) else { return };
    match event {
        // Administrator login allowed; denied.
        29 | 30 => {
            let login = Login { account: user, from: Some(from), to: Some(to), way: way(service), succeeded: event == 29 };
            login.tell(&LOGIN, out);
        }
        // Connection closed; and packets that were dropped, of which the reference has one number for each protocol.
        537 | 36 | 37 | 38 | 173 | 174 | 175 => {
            let talk = Talk::new(from, to, transport.unwrap_or(Transport::Ip(0)), dst.port);
            let opening = if event == 537 { Opening::Opened } else { Opening::Unanswered };
            Talk {
                client: with_mac(talk.client, src_mac),
                server: with_mac(talk.server, dst_mac),
                to_server: sent,
                to_client: received,
                lasted_ns: lasted_ms.saturating_mul(1_000_000),
                opening,
                ..talk
            }
            .tell(out);
        }
        _ => {}
    }
}
