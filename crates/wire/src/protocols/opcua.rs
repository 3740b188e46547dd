//! OPC UA over its own TCP transport (OPC 10000-6 §7.1).

use crate::bytes::{Cursor, le16, le32};
use crate::fact::{About, Field, Sink, Value};
use crate::framed::{Frame, Framed, Frames, Said};
use crate::protocol::{Context, Hint, Info, Next, Protocol, Role, Session, Verdict};
use crate::protocols::tls::certificate::{Presenter, say_certificate};
use model::FactKind;

/// OPC UA.
pub struct OpcUa;

static INFO: Info = Info {
    id: "opcua",
    name: "OPC UA",
    doc: "Server asked for, security policy, certificates of both applications, and writes and calls where they are not encrypted. \
          Building control, laboratory automation and newer device gateways use it (OPC 10000-6 §6.7, §7.1).",
    hints: &[Hint::Tcp(4840)],
};

static SERVER: Field = Field::new("opcua.endpoint", "OPC UA endpoint host", FactKind::ServerName);
static POLICY: Field = Field::new("opcua.security_policy", "OPC UA security policy", FactKind::Cipher);
static WEAK: Field = Field::new("opcua.security_policy_weak", "OPC UA security policy that is deprecated", FactKind::CipherWeak);
static BROKEN: Field = Field::new("opcua.security_policy_none", "OPC UA without security", FactKind::CipherBroken);
static SERVICE: Field = Field::new("opcua.service", "OPC UA service", FactKind::Operation);
static CONTROL: Field = Field::new("opcua.control", "OPC UA service that changes the server", FactKind::Management);

const HEADER: usize = 8;

impl Protocol for OpcUa {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, head: &[u8]) -> Verdict {
        let Some((kind, rest)) = head.split_first_chunk::<4>() else {
            return if KINDS.iter().any(|kind| kind.starts_with(head)) { Verdict::Unsure } else { Verdict::No };
        };
        if !KINDS.contains(&kind) && !matches!(kind, b"MSGC" | b"MSGA") {
            return Verdict::No;
        }
        match le32(rest, 0) {
            Some(size) if (8..=0x0100_0000).contains(&size) => Verdict::Certain,
            Some(_) => Verdict::No,
            None => Verdict::Unsure,
        }
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Framed::boxed(Channel::default())
    }
}

const KINDS: [&[u8; 4]; 7] = [b"HELF", b"ACKF", b"ERRF", b"RHEF", b"OPNF", b"CLOF", b"MSGF"];

/// The state of a connection.
#[derive(Default)]
struct Channel {
    said: Said,
    /// Messages are not encrypted.
    clear: bool,
}

impl Frames for Channel {
    fn frame(&self, _context: &Context, bytes: &[u8]) -> Frame {
        let (Some(kind), Some(size)) = (bytes.first_chunk::<4>(), le32(bytes, 4)) else { return Frame::More(HEADER) };
        if size < 8 || !(KINDS.contains(&kind) || matches!(kind, b"MSGC" | b"MSGA")) {
            return Frame::Bad;
        }
        let wanted = if kind.starts_with(b"MSG") { 28 } else { 8192 };
        Frame::Message { total: u64::from(size), wanted }
    }

    fn message(&mut self, _context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Option<Next> {
        let body = bytes.get(HEADER..)?;
        match bytes.get(..3)? {
            b"HEL" => {
                out.sender_is(Role::Client);
                endpoint(body.get(20..)?, out);
            }
            b"RHE" => out.sender_is(Role::Server),
            b"ACK" => out.sender_is(Role::Server),
            b"OPN" => {
                let _ = self.open(body, out);
            }
            b"MSG" if self.clear => self.service(body, out)?,
            _ => {}
        }
        None
    }
}

/// A length of 32 bits, -1 for none, then the octets (OPC 10000-6 §5.2.2.4).
fn string<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let len = cursor.u32_le()?;
    if len == u32::MAX {
        return Some(b"");
    }
    cursor.take(usize::try_from(len).ok()?)
}

/// `opc.tcp://host:4840/path`: the host.
fn endpoint(bytes: &[u8], out: &mut dyn Sink) {
    let url = string(&mut Cursor::new(bytes)).unwrap_or_default();
    let Some(rest) = url.strip_prefix(b"opc.tcp://") else { return };
    let authority = rest.split(|&octet| octet == b'/').next().unwrap_or_default();
    let host = match authority {
        [b'[', rest @ ..] => rest.split(|&octet| octet == b']').next().unwrap_or_default(),
        _ => authority.split(|&octet| octet == b':').next().unwrap_or_default(),
    };
    if !host.is_empty() {
        out.say(About::Conversation, &SERVER, Value::Octets(host));
    }
}

impl Channel {
    /// OpenSecureChannel (OPC 10000-6 §6.7.2.3): channel, policy, sender's certificate.
    fn open(&mut self, body: &[u8], out: &mut dyn Sink) -> Option<()> {
        let mut body = Cursor::new(body);
        body.skip(4)?;
        let policy = string(&mut body)?;
        let name = policy.rsplit(|&octet| octet == b'#').next().unwrap_or(policy);
        self.clear = name == b"None";
        if self.said.first(0) {
            let name = String::from_utf8_lossy(name);
            out.conversation(&POLICY, &name);
            match name.as_ref() {
                "None" => out.conversation(&BROKEN, &name),
                "Basic128Rsa15" | "Basic256" => out.conversation(&WEAK, &name),
                _ => {}
            }
        }
        let certificate = string(&mut body)?;
        if !certificate.is_empty() {
            say_certificate(Presenter::Server, certificate, out);
        }
        Some(())
    }

    /// Channel, token, sequence, request, then the type of the service as a node id of two or four octets' number.
    fn service(&mut self, body: &[u8], out: &mut dyn Sink) -> Option<()> {
        if body.get(16..18)? != [1, 0] {
            return Some(());
        }
        let (number, name, changes) = match le16(body, 18)? {
            428 => (1, "get endpoints", false),
            461 => (2, "create session", false),
            467 => (3, "activate session", false),
            527 | 533 => (4, "browse", false),
            631 => (5, "read", false),
            673 => (6, "write", true),
            712 => (7, "call", true),
            787 => (8, "subscribe", false),
            488 | 494 | 500 | 506 => (9, "change address space", true),
            _ => return Some(()),
        };
        out.sender_is(Role::Client);
        if self.said.first(number) {
            out.conversation(if changes { &CONTROL } else { &SERVICE }, name);
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, streams_any_chunk};
    use crate::protocol::Direction::{ToClient, ToServer};

    fn message(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        [kind.as_slice(), &u32::try_from(body.len() + 8).unwrap().to_le_bytes(), body].concat()
    }

    fn text(value: &str) -> Vec<u8> {
        [u32::try_from(value.len()).unwrap().to_le_bytes().as_slice(), value.as_bytes()].concat()
    }

    fn hello() -> Vec<u8> {
        message(b"HELF", &[&[0; 20], text("opc.tcp://ahu-2.clinic.example:4840/x").as_slice()].concat())
    }

    fn open() -> Vec<u8> {
        let policy = text("http://opcfoundation.org/UA/SecurityPolicy#None");
        message(b"OPNF", &[&[0; 4], policy.as_slice(), &[0xff; 8], &[0; 40]].concat())
    }

    #[test]
    fn unencrypted_write() {
        let write = message(b"MSGF", &[&[0; 16], [1, 0, 0xa1, 2].as_slice(), &[0; 90]].concat());
        let lines = streams_any_chunk(
            &OpcUa,
            4840,
            &[(ToServer, &hello()), (ToServer, &open()), (ToClient, &open()), (ToServer, &write)],
        )
        .lines;
        let said = [
            "conversation opcua.endpoint ahu-2.clinic.example",
            "conversation opcua.security_policy None",
            "conversation opcua.security_policy_none None",
            "conversation opcua.control write",
        ];
        assert_eq!(lines, said);
    }

    #[test]
    fn probes() {
        let context = context(ToServer, 4840, 0);
        assert_eq!(OpcUa.probe(&context, &hello()), Verdict::Certain);
        assert_eq!(OpcUa.probe(&context, b"HEL"), Verdict::Unsure);
        assert_eq!(OpcUa.probe(&context, b"HELO x\r\n"), Verdict::No);
    }

    #[test]
    fn cut_and_spoilt() {
        for message in [hello(), open()] {
            for end in 0..message.len() {
                let _ = streams_any_chunk(&OpcUa, 4840, &[(ToServer, &message[..end])]);
                let mut spoilt = message.clone();
                spoilt[end] ^= 0xff;
                let _ = streams_any_chunk(&OpcUa, 4840, &[(ToServer, &spoilt)]);
            }
        }
    }
}
