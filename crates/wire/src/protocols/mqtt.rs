//! MQTT 3.1, 3.1.1 and 5 (OASIS MQTT 3.1.1 and 5.0): which device connects to which broker, and how it logs in. Topics and
//! payloads, which may name patients, are skipped.

use model::FactKind;

use crate::bytes::Cursor;
use crate::fact::{Field, Login, Sink};
use crate::lines::Once;
use crate::protocol::{Context, Hint, Info, Next, Protocol, Role, Session, Step, Verdict};

/// MQTT.
pub struct Mqtt;

static INFO: Info = Info {
    id: "mqtt",
    name: "MQTT",
    doc: "Telemetry of sensors, gateways and integration engines (OASIS MQTT 3.1.1, 5.0). The client id often holds the \
          device's make or serial; name and password of CONNECT are in the clear on port 1883.",
    hints: &[Hint::Tcp(1883), Hint::AnyTcp],
};

static VERSION: Field = Field::new("mqtt.version", "MQTT protocol level", FactKind::ProtocolVersion);
static CLIENT_ID: Field = Field::new("mqtt.client-id", "MQTT client identifier", FactKind::UserAgent);
static TRIED: Field = Field::new("mqtt.connect", "MQTT CONNECT", FactKind::LoginTried);
static CREDENTIAL: Field = Field::new("mqtt.credential", "MQTT user name and password", FactKind::Credential);
static SUCCEEDED: Field = Field::new("mqtt.connack", "MQTT CONNACK", FactKind::LoginSucceeded);
static FAILED: Field = Field::new("mqtt.connack-refused", "MQTT CONNACK", FactKind::LoginFailed);
static OPERATION: Field = Field::new("mqtt.packet", "MQTT control packet", FactKind::Operation);

/// How much of a CONNECT is read: client id, will and credentials of usual length.
const MAX_CONNECT: usize = 2048;

impl Protocol for Mqtt {
    fn info(&self) -> &'static Info {
        &INFO
    }

    /// A CONNECT names the protocol. Other packets are too short to decide without the port.
    fn probe(&self, context: &Context, head: &[u8]) -> Verdict {
        let is_usual = context.on_port(1883);
        match head.first() {
            Some(0x10) => {}
            Some(_) if is_usual && Packet::of(head).is_some_and(Packet::is_sound) => return Verdict::Unsure,
            _ => return Verdict::No,
        }
        let Some(packet) = Packet::of(head) else {
            return if head.len() < 6 { Verdict::Unsure } else { Verdict::No };
        };
        let body = head.get(packet.header..).unwrap_or_default();
        let begins = |name: &[u8]| body.starts_with(name) || (is_usual && name.starts_with(body));
        match () {
            () if body.len() >= 6 && (begins(b"\0\x04MQTT") || begins(b"\0\x06MQIsdp")) => Verdict::Certain,
            () if begins(b"\0\x04MQTT") || begins(b"\0\x06MQIsdp") => Verdict::Unsure,
            () => Verdict::No,
        }
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Some(Box::<Flow>::default())
    }
}

/// A fixed header (MQTT 3.1.1 §2.2).
#[derive(Clone, Copy)]
struct Packet {
    first: u8,
    header: usize,
    body: u32,
}

impl Packet {
    fn of(bytes: &[u8]) -> Option<Self> {
        let (first, rest) = bytes.split_first()?;
        let (body, len) = varint(rest)?;
        Some(Self { first: *first, header: len.saturating_add(1), body })
    }

    const fn kind(self) -> u8 {
        self.first >> 4
    }

    /// Flags and length are what the packet's type allows (§2.2.2).
    const fn is_sound(self) -> bool {
        match self.first {
            0x20 => self.body >= 2 && self.body < 1024,
            0x30..=0x3f => self.first & 6 != 6 && self.body >= 2,
            0x40 | 0x50 | 0x62 | 0x70 => self.body >= 2 && self.body < 1024,
            0x82 | 0xa2 => self.body >= 5,
            0x90 | 0xb0 => self.body >= 2 && self.body < 1024,
            0xc0 | 0xd0 => self.body == 0,
            0xe0 => self.body < 1024,
            _ => false,
        }
    }
}

/// A variable byte integer of one to four bytes (MQTT 5.0 §1.5.5), and its length.
fn varint(bytes: &[u8]) -> Option<(u32, usize)> {
    let mut value = 0u32;
    for (index, byte) in bytes.iter().take(4).enumerate() {
        value |= u32::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, index.saturating_add(1)));
        }
    }
    None
}

/// The state of a connection.
#[derive(Default)]
struct Flow {
    once: Once,
    has_login: bool,
    is_five: bool,
}

impl Session for Flow {
    fn data(&mut self, _context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        let Some(packet) = Packet::of(bytes) else {
            if bytes.len() < 5 {
                return Step { used: 0, next: Next::More(bytes.len().saturating_add(1)) };
            }
            out.malformed("MQTT length is over four bytes");
            return Step { used: bytes.len(), next: Next::Stop };
        };
        let body = usize::try_from(packet.body).unwrap_or(usize::MAX);
        let looked_at = match packet.kind() {
            1 => body.min(MAX_CONNECT),
            2 => body.min(2),
            0 => {
                out.malformed("MQTT packet type 0");
                return Step { used: bytes.len(), next: Next::Stop };
            }
            _ => 0,
        };
        let needed = packet.header.saturating_add(looked_at);
        let Some(head) = bytes.get(packet.header..needed) else {
            return Step { used: 0, next: Next::More(needed) };
        };
        self.packet(packet, head, out);
        let rest = body.saturating_sub(looked_at);
        let next = if rest == 0 { Next::More(1) } else { Next::Skip(rest as u64) };
        Step { used: needed, next }
    }
}

impl Flow {
    fn packet(&mut self, packet: Packet, head: &[u8], out: &mut dyn Sink) {
        match packet.kind() {
            1 => {
                out.sender_is(Role::Client);
                if self.connect(head, out).is_none() {
                    out.malformed("MQTT CONNECT is cut or does not follow its flags");
                }
            }
            2 => self.connack(head, out),
            3 => self.once.conversation(&OPERATION, "publish", out),
            8 => self.once.conversation(&OPERATION, "subscribe", out),
            _ => {}
        }
    }

    /// CONNECT (MQTT 3.1.1 §3.1, MQTT 5.0 §3.1).
    fn connect(&mut self, body: &[u8], out: &mut dyn Sink) -> Option<()> {
        let mut cursor = Cursor::new(body);
        let name = string(&mut cursor)?;
        if name != b"MQTT" && name != b"MQIsdp" {
            return None;
        }
        let level = cursor.u8()?;
        let flags = cursor.u8()?;
        let _keep_alive = cursor.u16()?;
        self.is_five = level == 5;
        let version = match level & 0x7f {
            3 => "MQTT 3.1",
            4 => "MQTT 3.1.1",
            5 => "MQTT 5",
            _ => "MQTT of an unknown level",
        };
        self.once.conversation(&VERSION, version, out);
        self.properties(&mut cursor)?;
        let client = string(&mut cursor)?;
        if client.len() <= 64 && !client.contains(&b'@') {
            self.once.sender(&CLIENT_ID, client, out);
        }
        if flags & 4 != 0 {
            self.properties(&mut cursor)?;
            let _topic = string(&mut cursor)?;
            let _message = string(&mut cursor)?;
        }
        let user = if flags & 0x80 != 0 { string(&mut cursor)? } else { &[] };
        let secret = if flags & 0x40 != 0 { string(&mut cursor)? } else { &[] };
        self.has_login = flags & 0xc0 != 0;
        self.once.conversation(&TRIED, self.scheme(), out);
        if self.has_login {
            self.once.login(&CREDENTIAL, Login { scheme: "mqtt", user, secret }, out);
        }
        Some(())
    }

    /// MQTT 5 has properties here, earlier versions nothing.
    fn properties(&self, cursor: &mut Cursor<'_>) -> Option<()> {
        if !self.is_five {
            return Some(());
        }
        let (length, used) = varint(cursor.rest())?;
        cursor.skip(used)?;
        cursor.skip(usize::try_from(length).ok()?)
    }

    const fn scheme(&self) -> &'static str {
        if self.has_login { "mqtt" } else { "none" }
    }

    /// CONNACK: 0 is accepted; 4, 5 and 134, 135 are refusals of the log-in (MQTT 3.1.1 §3.2.2.3, MQTT 5.0 §3.2.2.2).
    fn connack(&mut self, body: &[u8], out: &mut dyn Sink) {
        match body.get(1) {
            Some(0) => self.once.conversation(&SUCCEEDED, self.scheme(), out),
            Some(4 | 5 | 134 | 135 | 140) => self.once.conversation(&FAILED, self.scheme(), out),
            _ => {}
        }
    }
}

/// A string or binary of 16 bits' length (§1.5.3).
fn string<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let len = cursor.u16()?;
    cursor.take(usize::from(len))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, streams, streams_any_chunk};
    use crate::protocol::Direction::{ToClient, ToServer};

    const CONNECT: &[u8] = b"\x10\x20\0\x04MQTT\x04\xc2\0\x3c\0\x06pump-7\0\x04acme\0\x061234\r\n";
    const CONNECT_5: &[u8] = b"\x10\x13\0\x04MQTT\x05\x02\0\x3c\x03\x21\0\x14\0\x03abc";

    fn asked(bytes: &[u8]) -> Verdict {
        Mqtt.probe(&context(ToServer, 1883, bytes.len()), bytes)
    }

    #[test]
    fn a_device_connects() {
        assert_eq!(CONNECT.len(), 34);
        let publish = b"\x30\x0b\0\x03a/bJane D\xc0\0\x82\x08\0\x01\0\x03a/b\0";
        let lines = streams_any_chunk(&Mqtt, 1883, &[(ToServer, CONNECT), (ToClient, b"\x20\x02\0\x05"), (ToServer, publish)]);
        assert_eq!(
            lines.lines,
            [
                "conversation mqtt.version MQTT 3.1.1",
                "sender mqtt.client-id pump-7",
                "conversation mqtt.connect mqtt",
                "conversation mqtt.credential mqtt acme:1234\r\n",
                "conversation mqtt.connack-refused mqtt",
                "conversation mqtt.packet publish",
                "conversation mqtt.packet subscribe",
            ]
        );
    }

    #[test]
    fn version_5_without_a_log_in() {
        let lines = streams_any_chunk(&Mqtt, 1883, &[(ToServer, CONNECT_5), (ToClient, b"\x20\x03\0\0\0")]);
        assert_eq!(
            lines.lines,
            [
                "conversation mqtt.version MQTT 5",
                "sender mqtt.client-id abc",
                "conversation mqtt.connect none",
                "conversation mqtt.connack none",
            ]
        );
        assert!(lines.malformed.is_empty());
    }

    #[test]
    fn the_name_decides() {
        assert_eq!(asked(CONNECT), Verdict::Certain);
        assert_eq!(asked(b"\x10\x20\0\x04"), Verdict::Unsure);
        assert_eq!(asked(b"\x10\x20\0\x04MQxx"), Verdict::No);
        assert_eq!(asked(b"\xd0\0"), Verdict::Unsure);
        assert_eq!(Mqtt.probe(&context(ToServer, 99, 2), b"\xd0\0"), Verdict::No);
        assert_eq!(asked(b"GET / HTTP/1.1"), Verdict::No);
        assert_eq!(asked(b""), Verdict::No);
    }

    #[test]
    fn truncated_anywhere_is_no_harm() {
        for end in 0..CONNECT.len() {
            let _ = streams(&Mqtt, 1883, &[(ToServer, &CONNECT[..end]), (ToClient, &CONNECT[end..])], 3);
        }
        let _ = streams(&Mqtt, 1883, &[(ToServer, b"\x10\xff\xff\xff\xff\x01")], 3);
    }
}
