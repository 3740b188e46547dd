//! EtherNet/IP: the encapsulation of CIP (ODVA, The CIP Networks Library volume 2, chapter 2).

use crate::bytes::{Cursor, le16, le32};
use crate::fact::{About, Field, Sink, Value};
use crate::framed::{Frame, Framed, Frames, Said};
use crate::protocol::{Context, Hint, Info, Next, Protocol, Role, Session, Verdict};
use model::FactKind;

/// EtherNet/IP.
pub struct Enip;

static INFO: Info = Info {
    id: "enip",
    name: "EtherNet/IP",
    doc: "Identity of controllers and drives of the building and of pharmacy and laboratory automation, and services that write to, \
          stop or reset them (CIP Networks Library volume 2 §2-4, volume 1 §5-2).",
    hints: &[Hint::Tcp(PORT), Hint::Udp(PORT)],
};

static VENDOR: Field = Field::new("enip.vendor_id", "EtherNet/IP vendor id", FactKind::ProductName);
static MAKER: Field = Field::new("enip.vendor", "EtherNet/IP vendor of the id", FactKind::Maker);
static TYPE: Field = Field::new("enip.device_type", "EtherNet/IP device type", FactKind::DeviceType);
static REVISION: Field = Field::new("enip.revision", "EtherNet/IP revision", FactKind::Firmware);
static SERIAL: Field = Field::new("enip.serial", "EtherNet/IP serial number", FactKind::Serial);
static NAME: Field = Field::new("enip.product_name", "EtherNet/IP product name", FactKind::ProductName);
static SERVICE: Field = Field::new("enip.service", "CIP service", FactKind::Operation);
static CONTROL: Field = Field::new("enip.control", "CIP service that changes the device", FactKind::Management);

const PORT: u16 = 44_818;
const HEADER: usize = 24;
const LIST_SERVICES: u16 = 0x04;
const LIST_IDENTITY: u16 = 0x63;
const LIST_INTERFACES: u16 = 0x64;
const REGISTER: u16 = 0x65;
const UNREGISTER: u16 = 0x66;
const SEND_REQUEST: u16 = 0x6f;
const SEND_UNIT: u16 = 0x70;

impl Protocol for Enip {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, context: &Context, head: &[u8]) -> Verdict {
        let Some(command) = le16(head, 0) else { return Verdict::Unsure };
        if !is_command(command) {
            return Verdict::No;
        }
        if head.len() < HEADER {
            return if le16(head, 2).is_some_and(|len| len > 1024) { Verdict::No } else { Verdict::Unsure };
        }
        if le32(head, 20) != Some(0) || le32(head, 8).is_none_or(|status| status > 0x69) {
            return Verdict::No;
        }
        shape(context, command, head)
    }

    fn datagram(&self, _context: &Context, payload: &[u8], out: &mut dyn Sink) {
        let _ = Encapsulated::default().read(payload, out);
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Framed::boxed(Encapsulated::default())
    }

    fn datagram_session(&self) -> Option<Box<dyn Session>> {
        None
    }
}

const fn is_command(command: u16) -> bool {
    matches!(command, 0 | LIST_SERVICES | LIST_IDENTITY..=UNREGISTER | SEND_REQUEST | SEND_UNIT | 0x72 | 0x73)
}

/// What each command's data begins with.
fn shape(context: &Context, command: u16, head: &[u8]) -> Verdict {
    let len = usize::from(le16(head, 2).unwrap_or_default());
    let data = head.get(HEADER..).unwrap_or_default();
    let good = match command {
        REGISTER => len == 4 && matches!(data, [1, 0, 0, 0, ..]) || len == 0 && le32(head, 8) != Some(0),
        SEND_REQUEST | SEND_UNIT if len == 0 => le32(head, 8) != Some(0),
        SEND_REQUEST | SEND_UNIT => len >= 16 && le32(data, 0) == Some(0) && matches!(le16(data, 6), Some(1..=4)),
        LIST_IDENTITY if len > 0 => matches!(data, [1, 0, 0x0c, 0, ..]),
        LIST_SERVICES if len > 0 => matches!(data, [1..=4, 0, 0, 1, ..]),
        _ => return if len == 0 && context.on_port(PORT) { Verdict::Certain } else { Verdict::Unsure },
    };
    if good { Verdict::Certain } else { Verdict::No }
}

/// The state of a connection.
#[derive(Default)]
struct Encapsulated {
    said: Said,
    /// The identity object was asked for all it has.
    identity_asked: bool,
    /// And the answer was told.
    identity_told: bool,
}

impl Frames for Encapsulated {
    fn frame(&self, _context: &Context, bytes: &[u8]) -> Frame {
        let (Some(command), Some(len)) = (le16(bytes, 0), le16(bytes, 2)) else { return Frame::More(4) };
        if !is_command(command) {
            return Frame::Bad;
        }
        Frame::upto(usize::from(len).saturating_add(HEADER), 600)
    }

    fn message(&mut self, _context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Option<Next> {
        let _ = self.read(bytes, out);
        None
    }
}

impl Encapsulated {
    fn read(&mut self, bytes: &[u8], out: &mut dyn Sink) -> Option<()> {
        let command = le16(bytes, 0)?;
        let data = bytes.get(HEADER..)?;
        match command {
            LIST_IDENTITY => {
                if data.is_empty() {
                    out.sender_is(Role::Client);
                } else {
                    out.sender_is(Role::Server);
                    list_identity(data, out)?;
                }
            }
            REGISTER if le32(bytes, 4) == Some(0) => out.sender_is(Role::Client),
            SEND_REQUEST | SEND_UNIT => self.items(data.get(6..)?, out)?,
            LIST_INTERFACES => {}
            _ => {}
        }
        Some(())
    }

    /// Common packet format: the CIP message is in the unconnected (0xb2) or connected (0xb1) data item.
    fn items(&mut self, data: &[u8], out: &mut dyn Sink) -> Option<()> {
        let mut items = Cursor::new(data);
        let count = items.u16_le()?;
        for _ in 0..count.min(4) {
            let (kind, len) = (items.u16_le()?, items.u16_le()?);
            let item = items.rest().get(..usize::from(len)).unwrap_or(items.rest());
            match kind {
                0xb2 => self.cip(item, 0, out)?,
                0xb1 => self.cip(item.get(2..)?, 0, out)?,
                _ => {}
            }
            items.skip(usize::from(len))?;
        }
        Some(())
    }

    /// A CIP request or answer (volume 1 §2-4), and the one inside an Unconnected Send.
    fn cip(&mut self, message: &[u8], depth: u8, out: &mut dyn Sink) -> Option<()> {
        let &service = message.first()?;
        if service & 0x80 != 0 {
            if service == 0x81 && message.get(2) == Some(&0) && std::mem::take(&mut self.identity_asked) {
                self.identity_told = true;
                let extra = usize::from(*message.get(3)?).checked_mul(2)?;
                identity(message.get(4_usize.checked_add(extra)?..)?, out)?;
            }
            return Some(());
        }
        let path_len = usize::from(*message.get(1)?).checked_mul(2)?;
        let rest = message.get(2..)?;
        let (path, data) = rest.split_at_checked(path_len)?;
        let class = class(path);
        self.identity_asked = service == 1 && class == Some(1) && !self.identity_told;
        if service == 0x52 && class == Some(6) && depth == 0 {
            // Unconnected Send: tick, time-out, length, message.
            let len = usize::from(le16(data, 2)?);
            return self.cip(data.get(4..)?.get(..len)?, 1, out);
        }
        if let Some((number, name, changes)) = service_name(service, class)
            && self.said.first(number)
        {
            let field = if changes { &CONTROL } else { &SERVICE };
            out.conversation(field, name);
        }
        Some(())
    }
}

/// The class of a path whose first segment is a logical class segment of 8 or 16 bits.
fn class(path: &[u8]) -> Option<u16> {
    match path {
        [0x20, class, ..] => Some(u16::from(*class)),
        [0x21, 0, low, high, ..] => Some(u16::from_le_bytes([*low, *high])),
        _ => None,
    }
}

/// Number for telling once, name, and whether the device is changed by it.
const fn service_name(service: u8, class: Option<u16>) -> Option<(u8, &'static str, bool)> {
    Some(match (service, class) {
        (0x01 | 0x03 | 0x0e, _) => (0, "get attributes", false),
        (0x02 | 0x04 | 0x10, _) => (1, "set attributes", true),
        (0x05, _) => (2, "reset", true),
        (0x06, _) => (3, "start", true),
        (0x07, _) => (4, "stop", true),
        (0x54 | 0x5b, Some(6)) => (5, "forward open", false),
        (0x4e, Some(6)) => (6, "forward close", false),
        (0x4b, Some(0x67)) => (7, "PCCC command", false),
        (0x4c, Some(class)) if class != 6 => (8, "read tag", false),
        (0x4c, None) => (8, "read tag", false),
        (0x4d | 0x53 | 0x4e, None) => (9, "write tag", true),
        (0x52, None) => (8, "read tag", false),
        _ => return None,
    })
}

/// ListIdentity answer (volume 2 §2-4.2): items of type 0x0c with version, socket address and the identity object.
fn list_identity(data: &[u8], out: &mut dyn Sink) -> Option<()> {
    let mut items = Cursor::new(data);
    let count = items.u16_le()?;
    for _ in 0..count.min(4) {
        let (kind, len) = (items.u16_le()?, items.u16_le()?);
        let item = items.take(usize::from(len))?;
        if kind == 0x0c {
            identity(item.get(18..)?, out)?;
        }
    }
    Some(())
}

/// The identity object (volume 1 §5-2): vendor, type, code, revision, status, serial number, name.
fn identity(object: &[u8], out: &mut dyn Sink) -> Option<()> {
    let mut object = Cursor::new(object);
    let (vendor, kind, _code) = (object.u16_le()?, object.u16_le()?, object.u16_le()?);
    let [major, minor] = object.array()?;
    let _status = object.u16_le()?;
    let serial = object.u32_le()?;
    let len = object.u8()?;
    let name = object.take(usize::from(len))?;
    match vendor_name(vendor) {
        Some(name) => out.say(About::Sender, &MAKER, Value::Text(name.into())),
        None => out.say(About::Sender, &VENDOR, Value::Text(format!("ODVA vendor {vendor}").into())),
    }
    if let Some(kind) = type_name(kind) {
        out.say(About::Sender, &TYPE, Value::Text(kind.into()));
    }
    out.say(About::Sender, &REVISION, Value::Text(format!("{major}.{minor:03}").into()));
    if serial != 0 {
        out.say(About::Sender, &SERIAL, Value::Text(format!("{serial:08X}").into()));
    }
    if !name.trim_ascii().is_empty() {
        out.sender(&NAME, name.trim_ascii());
    }
    Some(())
}

/// Vendors by ODVA's numbers, as far as they are beyond doubt.
const fn vendor_name(vendor: u16) -> Option<&'static str> {
    Some(match vendor {
        1 => "Rockwell Automation",
        40 => "WAGO",
        47 => "Omron",
        90 => "HMS Industrial Networks",
        283 => "Hilscher",
        _ => return None,
    })
}

/// Device types (volume 1 §6-1).
const fn type_name(kind: u16) -> Option<&'static str> {
    Some(match kind {
        0x02 => "AC drive",
        0x07 => "general purpose discrete I/O",
        0x0c => "communications adapter",
        0x0e => "programmable logic controller",
        0x18 => "human-machine interface",
        0x2c => "managed Ethernet switch",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, datagrams, streams_any_chunk};
    use crate::protocol::Direction::{ToClient, ToServer};

    fn message(command: u16, data: &[u8]) -> Vec<u8> {
        let mut out = vec![0; HEADER];
        out[..2].copy_from_slice(&command.to_le_bytes());
        out[2..4].copy_from_slice(&u16::try_from(data.len()).unwrap().to_le_bytes());
        out.extend(data);
        out
    }

    fn identity_answer() -> Vec<u8> {
        let object = [&[1, 0, 0x0e, 0, 0x36, 0, 20, 11, 0x60, 0], [0x78, 0x56, 0x34, 0x12].as_slice(), b"\x041756\x03"].concat();
        let item = [&[1, 0], [0; 16].as_slice(), &object].concat();
        message(LIST_IDENTITY, &[&[1, 0, 0x0c, 0, u8::try_from(item.len()).unwrap(), 0], item.as_slice()].concat())
    }

    fn request(cip: &[u8]) -> Vec<u8> {
        let len = u8::try_from(cip.len()).unwrap();
        message(SEND_REQUEST, &[&[0, 0, 0, 0, 5, 0, 2, 0, 0, 0, 0, 0, 0xb2, 0, len, 0], cip].concat())
    }

    #[test]
    fn identity_listed() {
        let said = [
            "sender enip.vendor Rockwell Automation",
            "sender enip.device_type programmable logic controller",
            "sender enip.revision 20.011",
            "sender enip.serial 12345678",
            "sender enip.product_name 1756",
        ];
        assert_eq!(datagrams(&Enip, PORT, &[(ToClient, &identity_answer())]).lines, said);
    }

    #[test]
    fn stop_inside_unconnected_send() {
        let stop = [0x07, 2, 0x20, 0x8e, 0x24, 1];
        let wrapped = [&[0x52, 2, 0x20, 6, 0x24, 1, 5, 0x99, 6, 0], stop.as_slice(), &[1, 0, 1, 0]].concat();
        let lines =
            streams_any_chunk(&Enip, PORT, &[(ToServer, &message(REGISTER, &[1, 0, 0, 0])), (ToServer, &request(&wrapped))])
                .lines;
        assert_eq!(lines, ["conversation enip.control stop"]);
    }

    #[test]
    fn probes() {
        let context = context(ToServer, 9999, 0);
        assert_eq!(Enip.probe(&context, &message(REGISTER, &[1, 0, 0, 0])), Verdict::Certain);
        assert_eq!(Enip.probe(&context, &identity_answer()), Verdict::Certain);
        assert_eq!(Enip.probe(&context, &message(LIST_IDENTITY, &[])), Verdict::Unsure);
        assert_eq!(Enip.probe(&context, b"POST / HTTP/1.1\r\nHost: x\r\n"), Verdict::No);
        assert_eq!(Enip.probe(&context, b"d1:ad2:id20:abcdefghij0123456789"), Verdict::No);
    }

    #[test]
    fn cut_and_spoilt() {
        for message in [identity_answer(), request(&[1, 2, 0x20, 1, 0x24, 1])] {
            for end in 0..message.len() {
                let _ = datagrams(&Enip, PORT, &[(ToClient, &message[..end])]);
                let mut spoilt = message.clone();
                spoilt[end] ^= 0xff;
                let _ = streams_any_chunk(&Enip, PORT, &[(ToServer, &spoilt)]);
            }
        }
    }
}
