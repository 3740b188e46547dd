//! NTP.

use std::borrow::Cow;

use model::FactKind;

use crate::bytes::{be16, be32};
use crate::fact::{About, Field, Sink, Value};
use crate::protocol::{Context, Hint, Info, Protocol, Role, Verdict};

/// NTP.
pub struct Ntp;

static INFO: Info = Info {
    id: "ntp",
    name: "NTP",
    doc: "Which time server a device follows, and what time servers and clients hold to be the time: alarms, doses and records of a \
          device with a wrong clock cannot be put in order. Also reads of a server's variables and list of peers. RFC 5905 §7.3, \
          RFC 9327.",
    hints: &[Hint::Udp(123)],
};

static VERSION: Field = Field::new("ntp.version", "NTP version", FactKind::ProtocolVersion);
static CLOCK: Field = Field::new("ntp.transmit", "NTP transmit timestamp", FactKind::Clock);
static STRATUM: Field = Field::new("ntp.stratum", "NTP stratum", FactKind::Operation);
static REFERENCE: Field = Field::new("ntp.reference", "NTP reference clock of a stratum 1 server", FactKind::DeviceType);
static SERVES: Field = Field::new("ntp.server", "NTP server that knows the time", FactKind::TimeServer);
static CONTROL: Field = Field::new("ntp.control", "NTP control or private request", FactKind::Management);
static VARIABLES: Field = Field::new("ntp.variables", "NTP system variables", FactKind::ServerBanner);

/// Length of the header that every time message has.
const HEADER_LEN: usize = 48;
/// Seconds between 1900 and 1970.
const UNIX_EPOCH: i64 = 2_208_988_800;
/// 2035 in Unix nanoseconds: from about then on clocks may be in the second era.
const SECOND_ERA_NS: i64 = 2_051_222_400_000_000_000;
const DAY_NS: u64 = 86_400_000_000_000;

/// Association modes (RFC 5905 §3).
mod mode {
    pub(super) const CLIENT: u8 = 3;
    pub(super) const SERVER: u8 = 4;
    pub(super) const BROADCAST: u8 = 5;
    pub(super) const CONTROL: u8 = 6;
    pub(super) const PRIVATE: u8 = 7;
}

impl Protocol for Ntp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, context: &Context, head: &[u8]) -> Verdict {
        let Some(&first) = head.first() else { return Verdict::No };
        let (version, mode) = ((first >> 3) & 7, first & 7);
        if !(1..=4).contains(&version) {
            return Verdict::No;
        }
        match mode {
            mode::CONTROL if head.len() >= 12 => Verdict::Unsure,
            mode::PRIVATE if head.len() >= 8 => Verdict::Unsure,
            1..=5 if head.len() >= HEADER_LEN && is_header(head) => {
                let near = transmit(context, head).is_some_and(|t| t.nanos.abs_diff(context.time) < DAY_NS.saturating_mul(30));
                // Eight octets near the time of capture are no accident; without them only the port tells.
                let whole = head.len() == HEADER_LEN || head.len() >= HEADER_LEN + 16;
                if near && whole { Verdict::Certain } else { Verdict::Unsure }
            }
            _ => Verdict::No,
        }
    }

    fn datagram(&self, context: &Context, payload: &[u8], out: &mut dyn Sink) {
        let Some(&first) = payload.first() else { return };
        match first & 7 {
            mode::CONTROL => control(payload, out),
            mode::PRIVATE => private(payload, out),
            _ if payload.len() >= HEADER_LEN => time(context, payload, out),
            _ => out.malformed("NTP message shorter than its header"),
        }
    }
}

/// Fields that have few values: stratum, poll, precision (a power of two; some clients send 32 to hide theirs).
fn is_header(head: &[u8]) -> bool {
    let Some(&[_, stratum, poll, precision]) = head.first_chunk() else { return false };
    stratum <= 16 && poll <= 17 && (precision >= 0xe0 || precision <= 32)
}

/// A timestamp.
#[derive(Clone, Copy)]
struct Stamp {
    nanos: i64,
    fraction: u32,
}

/// A timestamp at an offset. The top bit tells the era (RFC 4330 §3): set, before 2036; clear, after. In a capture from long
/// before 2036 a clear one is no time at all: it comes from what counts since its own start.
fn stamp(head: &[u8], at: usize, now: i64) -> Option<Stamp> {
    let (seconds, fraction) = (be32(head, at)?, be32(head, at.checked_add(4)?)?);
    let era = if seconds & 0x8000_0000 == 0 { 1i64 << 32 } else { 0 };
    if era != 0 && now < SECOND_ERA_NS {
        return None;
    }
    let nanos: i64 = (u64::from(fraction).checked_mul(1_000_000_000)? >> 32).try_into().unwrap_or(0);
    let unix = i64::from(seconds).checked_add(era)?.checked_sub(UNIX_EPOCH)?.checked_mul(1_000_000_000)?;
    Some(Stamp { nanos: unix.checked_add(nanos)?, fraction })
}

fn transmit(context: &Context, head: &[u8]) -> Option<Stamp> {
    stamp(head, 40, context.time)
}

fn time(context: &Context, head: &[u8], out: &mut dyn Sink) {
    let Some(&[first, stratum, ..]) = head.first_chunk::<4>() else { return };
    let (version, mode) = ((first >> 3) & 7, first & 7);
    let name = ["", "NTPv1", "NTPv2", "NTPv3", "NTPv4"].get(usize::from(version)).copied().unwrap_or("NTP");
    out.conversation(&VERSION, name);
    match mode {
        mode::CLIENT => {
            out.sender_is(Role::Client);
            if let Some(clock) = transmit(context, head).filter(|t| is_client_clock(context, head, *t)) {
                out.say(About::Sender, &CLOCK, Value::Time(clock.nanos));
            }
        }
        mode::SERVER | mode::BROADCAST => {
            out.sender_is(Role::Server);
            server(context, head, stratum, out);
        }
        // Symmetric peers both serve and follow.
        _ => server(context, head, stratum, out),
    }
}

/// Stratum 0 is a refusal (RFC 5905 §7.4), 16 a server that does not know the time itself.
fn server(context: &Context, head: &[u8], stratum: u8, out: &mut dyn Sink) {
    if !(1..=15).contains(&stratum) {
        return;
    }
    // Leap indicator 3: the clock is not set (RFC 5905 §7.3).
    if head.first().is_some_and(|first| first >> 6 != 3) {
        out.say(About::Sender, &SERVES, Value::Yes);
    }
    out.say(About::Conversation, &STRATUM, Value::Text(Cow::Owned(format!("stratum {stratum}"))));
    if let Some(clock) = transmit(context, head) {
        out.say(About::Sender, &CLOCK, Value::Time(clock.nanos));
    }
    let reference = head.get(12..16).unwrap_or_default();
    let reference = reference.split(|&b| b == 0).next().unwrap_or_default();
    if stratum == 1 && reference.len() >= 2 && reference.iter().all(u8::is_ascii_alphanumeric) {
        let text = format!("time server with reference {}", String::from_utf8_lossy(reference));
        out.say(About::Sender, &REFERENCE, Value::Text(Cow::Owned(text)));
    }
}

/// Many clients send a random number for the time (RFC 9109 tells of ports, draft-ietf-ntp-data-minimization of this). It is a
/// clock where it agrees with the capture to a day, where its fraction is nil, or where it follows closely on the
/// client's own reference timestamp.
fn is_client_clock(context: &Context, head: &[u8], clock: Stamp) -> bool {
    if clock.nanos < 0 {
        return false;
    }
    let follows = stamp(head, 16, context.time)
        .is_some_and(|r| r.nanos <= clock.nanos && clock.nanos.abs_diff(r.nanos) < DAY_NS.saturating_mul(7));
    clock.nanos.abs_diff(context.time) < DAY_NS || clock.fraction == 0 || follows
}

/// Control messages (RFC 9327 §2): reading and writing a server's variables.
fn control(payload: &[u8], out: &mut dyn Sink) {
    let Some(&second) = payload.get(1) else { return };
    let (is_response, opcode) = (second & 0x80 != 0, second & 0x1f);
    out.sender_is(if is_response { Role::Server } else { Role::Client });
    out.conversation(
        &CONTROL,
        match opcode {
            1 => "NTP read status",
            2 => "NTP read variables",
            3 | 5 => "NTP write variables",
            8 => "NTP configuration write",
            10 => "NTP read recent clients",
            _ => "NTP control",
        },
    );
    let count = be16(payload, 10).map_or(0, usize::from);
    let text = payload.get(12..).map(|rest| rest.get(..count).unwrap_or(rest)).unwrap_or_default();
    // The system's own variables have association 0; they begin with the daemon's version.
    let is_system = is_response && opcode == 2 && be16(payload, 6) == Some(0);
    if is_system && crate::bytes::find(text, b"version=").is_some() {
        out.sender(&VARIABLES, text);
    }
}

/// Private messages of ntpd: asked for its last clients (`monlist`) it answers with far more than it was asked.
fn private(payload: &[u8], out: &mut dyn Sink) {
    let Some(&[first, _, _, request]) = payload.first_chunk() else { return };
    out.sender_is(if first & 0x80 != 0 { Role::Server } else { Role::Client });
    out.conversation(&CONTROL, if matches!(request, 20 | 42) { "NTP monlist" } else { "NTP private request" });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, datagrams};
    use crate::protocol::Direction::{ToClient, ToServer};

    /// 1,700,000,000 in Unix time, the time of the harness.
    const NOW: u32 = 3_908_988_800;

    fn message(first: u8, stratum: u8, reference: u32, transmit: [u32; 2]) -> Vec<u8> {
        let mut out = vec![first, stratum, 6, 0xec];
        out.extend([0; 8]);
        out.extend(b"GPS\0");
        out.extend(reference.to_be_bytes());
        out.extend([0; 20]);
        transmit.iter().for_each(|w| out.extend(w.to_be_bytes()));
        out
    }

    #[test]
    fn clocks() {
        let server = message(0x24, 1, NOW, [NOW, 1 << 31]);
        let random = message(0x23, 0, 0, [0x9fff_1234, 0x1234_5678]);
        let simple = message(0x1b, 0, 0, [0x83aa_7e80 + 60, 0]);
        let uptime = message(0x1b, 0, 0, [77, 0]);
        let lines = datagrams(&Ntp, 123, &[(ToClient, &server), (ToServer, &random), (ToServer, &simple), (ToServer, &uptime)]);
        assert_eq!(
            lines.lines,
            [
                "conversation ntp.version NTPv4",
                "sender ntp.server yes",
                "conversation ntp.stratum stratum 1",
                "sender ntp.transmit 2023-11-14T22:13:20.5Z",
                "sender ntp.reference time server with reference GPS",
                "conversation ntp.version NTPv4",
                "conversation ntp.version NTPv3",
                "sender ntp.transmit 1970-01-01T00:01:00Z",
                "conversation ntp.version NTPv3",
            ]
        );
    }

    #[test]
    fn control_and_monlist() {
        let text = b"version=\"ntpd 4.2\", system=\"Linux\"";
        let mut variables = vec![0x16, 0x82, 0, 1, 0, 0, 0, 0, 0, 0, 0, u8::try_from(text.len()).unwrap()];
        variables.extend(text);
        let lines = datagrams(&Ntp, 123, &[(ToClient, &variables), (ToServer, &[0x17, 0, 3, 42, 0, 0, 0, 0])]);
        assert_eq!(
            lines.lines,
            [
                "conversation ntp.control NTP read variables",
                "sender ntp.variables version=\"ntpd 4.2\", system=\"Linux\"",
                "conversation ntp.control NTP monlist",
            ]
        );
    }

    #[test]
    fn probes() {
        let at = context(ToServer, 4000, 48);
        assert_eq!(Ntp.probe(&at, &message(0x24, 2, NOW, [NOW, 5])), Verdict::Certain);
        assert_eq!(Ntp.probe(&at, &message(0x23, 0, 0, [5, 5])), Verdict::Unsure);
        assert_eq!(Ntp.probe(&at, &[0x24; 47]), Verdict::No);
        assert_eq!(Ntp.probe(&at, &[0x24; 48]), Verdict::No);
        assert_eq!(Ntp.probe(&at, &[0; 48]), Verdict::No);
    }
}
