//! BACnet/IP (ANSI/ASHRAE 135 clauses 5, 6, 20 and annex J).

use std::net::{IpAddr, Ipv4Addr};

use crate::bytes::Cursor;
use crate::fact::{About, Field, Login, Sink, Value};
use crate::protocol::{Context, Hint, Info, Protocol, Role, Verdict};
use crate::text::utf16_le;
use model::FactKind;

/// BACnet/IP.
pub struct Bacnet;

static INFO: Info = Info {
    id: "bacnet",
    name: "BACnet/IP",
    doc: "Controllers of air handling, isolation-room pressure, refrigeration and access: maker, model, firmware, serial number; \
          writes, restarts and file transfers to them, none of which needs a log-in (ASHRAE 135 clause 13 to 16, annex J).",
    hints: &[Hint::Udp(47_808)],
};

static INSTANCE: Field = Field::new("bacnet.device_instance", "BACnet device instance", FactKind::StationName);
static VENDOR_ID: Field = Field::new("bacnet.vendor_id", "BACnet vendor id", FactKind::ProductName);
static VENDOR: Field = Field::new("bacnet.vendor_of_id", "BACnet vendor of the id", FactKind::Maker);
static MAKER: Field = Field::new("bacnet.vendor_name", "BACnet vendor-name", FactKind::Maker);
static MODEL: Field = Field::new("bacnet.model_name", "BACnet model-name", FactKind::Model);
static NAME: Field = Field::new("bacnet.object_name", "BACnet object-name of the device", FactKind::ProductName);
static FIRMWARE: Field = Field::new("bacnet.firmware_revision", "BACnet firmware-revision", FactKind::Firmware);
static SOFTWARE: Field = Field::new("bacnet.application_software", "BACnet application-software-version", FactKind::Software);
static SERIAL: Field = Field::new("bacnet.serial_number", "BACnet serial-number", FactKind::Serial);
static LOCATION: Field = Field::new("bacnet.location", "BACnet location", FactKind::Location);
static SERVICE: Field = Field::new("bacnet.service", "BACnet service", FactKind::Operation);
static CONTROL: Field = Field::new("bacnet.control", "BACnet service that changes the device", FactKind::Management);
static FOREIGN: Field = Field::new("bacnet.foreign_device", "BACnet foreign device registration", FactKind::Operation);
static PASSWORD: Field = Field::new("bacnet.password", "BACnet password", FactKind::Credential);

/// Confirmed services by which a device notifies (clause 21, BACnetConfirmedServiceChoice).
const CONFIRMED_COV: u8 = 1;
const CONFIRMED_EVENT: u8 = 2;
const CONFIRMED_COV_MULTIPLE: u8 = 31;
/// The object type of the device object.
const DEVICE: u32 = 8;
const READ_PROPERTY: u8 = 12;
const READ_MULTIPLE: u8 = 14;

impl Protocol for Bacnet {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, context: &Context, head: &[u8]) -> Verdict {
        let &[0x81, function @ 0..=0x0c, high, low, ..] = head else { return Verdict::No };
        if usize::from(u16::from_be_bytes([high, low])) != context.wire_len.max(head.len()) {
            return Verdict::No;
        }
        match function {
            4 | 9..=11 if npdu_of(head).is_some_and(|npdu| npdu.first() == Some(&1)) => Verdict::Certain,
            4 | 9..=11 => Verdict::No,
            _ => Verdict::Unsure,
        }
    }

    fn datagram(&self, _context: &Context, payload: &[u8], out: &mut dyn Sink) {
        let _ = read(payload, out);
    }
}

/// The network layer's part, behind the header and, where it was forwarded, the first sender's address.
fn npdu_of(message: &[u8]) -> Option<&[u8]> {
    message.get(if message.get(1) == Some(&4) { 10 } else { 4 }..)
}

fn read(message: &[u8], out: &mut dyn Sink) -> Option<()> {
    match *message.get(1)? {
        5 => out.conversation(&FOREIGN, "foreign device registration"),
        1 | 8 => out.conversation(&CONTROL, "write broadcast table"),
        4 => {
            let [a, b, c, d] = *message.get(4..)?.first_chunk()?;
            network(npdu_of(message)?, About::Ip(IpAddr::V4(Ipv4Addr::new(a, b, c, d))), out)?;
        }
        9..=11 => network(npdu_of(message)?, About::Sender, out)?,
        _ => {}
    }
    Some(())
}

/// NPDU (clause 6.2): with a source network, the sender is a router and speaks for a device behind it.
fn network(npdu: &[u8], about: About, out: &mut dyn Sink) -> Option<()> {
    let mut npdu = Cursor::new(npdu);
    let (version, control) = (npdu.u8()?, npdu.u8()?);
    if version != 1 || control & 0x80 != 0 {
        return None;
    }
    for present in [control & 0x20 != 0, control & 0x08 != 0] {
        if present {
            npdu.skip(2)?;
            let len = usize::from(npdu.u8()?);
            npdu.skip(len)?;
        }
    }
    if control & 0x20 != 0 {
        npdu.skip(1)?;
    }
    let about = if control & 0x08 == 0 { Some(about) } else { None };
    application(npdu.rest(), about, out)
}

/// APDU (clause 20.1). `about` is none for a device behind a router.
fn application(apdu: &[u8], about: Option<About>, out: &mut dyn Sink) -> Option<()> {
    let mut apdu = Cursor::new(apdu);
    let kind = apdu.u8()?;
    let segmented = kind & 0x08 != 0;
    match kind >> 4 {
        0 => {
            apdu.skip(if segmented { 4 } else { 2 })?;
            let service = apdu.u8()?;
            // Both ends use one port, and a device's unicast I-Am may come before what it is asked: who asks is the client.
            // Notifications are the other way about (clause 13): the device asks its reader to confirm them.
            if !matches!(service, CONFIRMED_COV | CONFIRMED_EVENT | CONFIRMED_COV_MULTIPLE) {
                out.sender_is(Role::Client);
            }
            request(service, apdu.rest(), out);
        }
        1 => unconfirmed(apdu.u8()?, apdu.rest(), about, out),
        3 => {
            let _invoke = apdu.u8()?;
            // The first segment has the beginning of the answer; the others cannot be read alone.
            if segmented && apdu.array::<2>()?.first() != Some(&0) {
                return None;
            }
            let service = apdu.u8()?;
            match (service, about) {
                (READ_PROPERTY, Some(about)) => read_answer(apdu.rest(), about, out)?,
                (READ_MULTIPLE, Some(about)) => read_multiple_answer(apdu.rest(), about, out)?,
                _ => {}
            }
        }
        _ => {}
    }
    Some(())
}

/// Confirmed services (clause 21, BACnetConfirmedServiceChoice).
fn request(service: u8, parameters: &[u8], out: &mut dyn Sink) {
    let (name, changes) = match service {
        5 | 28 => ("subscribe", false),
        6 => ("read file", false),
        7 => ("write file", true),
        8 | 9 => ("change list", true),
        10 => ("create object", true),
        11 => ("delete object", true),
        READ_PROPERTY | READ_MULTIPLE | 26 => ("read property", false),
        15 | 16 => ("write property", true),
        17 => ("communication control", true),
        20 => ("reinitialise device", true),
        _ => return,
    };
    out.conversation(if changes { &CONTROL } else { &SERVICE }, name);
    let password_tag = match service {
        17 => 2,
        20 => 1,
        _ => return,
    };
    if let Some(secret) = password(parameters, password_tag) {
        out.say(About::Conversation, &PASSWORD, Value::Login(Login { scheme: "bacnet", user: b"", secret }));
    }
}

/// The character string with this context tag: character set, then the text.
fn password(parameters: &[u8], wanted: u8) -> Option<&[u8]> {
    let mut parameters = Cursor::new(parameters);
    for _ in 0..4 {
        let tag = tag(&mut parameters)?;
        let value = parameters.take(tag.len)?;
        if tag.is_context && tag.number == wanted {
            return value.get(1..).filter(|secret| !secret.is_empty());
        }
    }
    None
}

/// Unconfirmed services: I-Am tells instance and vendor (clause 16.10).
fn unconfirmed(service: u8, parameters: &[u8], about: Option<About>, out: &mut dyn Sink) {
    match service {
        0 => {
            if let Some(about) = about {
                let _ = i_am(parameters, about, out);
            }
        }
        6 | 9 => out.conversation(&CONTROL, "time synchronisation"),
        8 => out.conversation(&SERVICE, "who is"),
        _ => {}
    }
}

fn i_am(parameters: &[u8], about: About, out: &mut dyn Sink) -> Option<()> {
    let mut parameters = Cursor::new(parameters);
    let (kind, instance) = object(application_value(&mut parameters, 12)?)?;
    if kind != DEVICE {
        return None;
    }
    // The highest number is that of a device nobody has numbered yet.
    if instance != 0x003f_ffff {
        out.say(about, &INSTANCE, Value::Text(format!("BACnet device {instance}").into()));
    }
    let _most = application_value(&mut parameters, 2)?;
    let _segmentation = application_value(&mut parameters, 9)?;
    vendor(application_value(&mut parameters, 2)?, about, out);
    Some(())
}

fn vendor(value: &[u8], about: About, out: &mut dyn Sink) {
    let number = value.iter().fold(0_u32, |sum, &octet| (sum << 8) | u32::from(octet));
    match vendor_name(number) {
        Some(name) => out.say(about, &VENDOR, Value::Text(name.into())),
        None => out.say(about, &VENDOR_ID, Value::Text(format!("BACnet vendor {number}").into())),
    }
}

/// Vendors by ASHRAE's numbers, as far as they are beyond doubt.
const fn vendor_name(number: u32) -> Option<&'static str> {
    Some(match number {
        2 => "Trane",
        5 => "Johnson Controls",
        7 => "Siemens",
        8 => "Delta Controls",
        10 => "Schneider Electric",
        17 => "Honeywell",
        24 => "Automated Logic",
        35 => "Reliable Controls",
        36 => "Tridium",
        _ => return None,
    })
}

/// ReadProperty answer: object `[0]`, property `[1]`, array index `[2]`, value in `[3]`.
fn read_answer(parameters: &[u8], about: About, out: &mut dyn Sink) -> Option<()> {
    let mut parameters = Cursor::new(parameters);
    let (kind, _) = object(context_value(&mut parameters, 0)?)?;
    let property = number(context_value(&mut parameters, 1)?);
    if kind != DEVICE {
        return None;
    }
    value_in(&mut parameters, 2, 3, property, about, out)
}

/// ReadPropertyMultiple answer: per object `[0]` a list in `[1]` of property `[2]`, index `[3]`, value in `[4]` or error in `[5]`.
fn read_multiple_answer(parameters: &[u8], about: About, out: &mut dyn Sink) -> Option<()> {
    let mut parameters = Cursor::new(parameters);
    for _ in 0..64 {
        let (kind, _) = object(context_value(&mut parameters, 0)?)?;
        opening(&mut parameters, 1)?;
        for _ in 0..256 {
            if closing(&mut parameters, 1).is_some() {
                break;
            }
            let property = number(context_value(&mut parameters, 2)?);
            let property = if kind == DEVICE { property } else { u32::MAX };
            value_in(&mut parameters, 3, 4, property, about, out)?;
        }
    }
    None
}

/// An optional index, then what the opening and closing tags hold: said if it is a value of interest, passed over if not.
fn value_in(parameters: &mut Cursor<'_>, index: u8, tag: u8, property: u32, about: About, out: &mut dyn Sink) -> Option<()> {
    let _ = context_value(parameters, index);
    let before = *parameters;
    if opening(parameters, tag).is_some() {
        say_property(property, *parameters, about, out);
    } else {
        *parameters = before;
        opening(parameters, tag.checked_add(1)?)?;
    }
    // To the closing tag: values of one level and at most eight within.
    let mut depth = 1_u8;
    for _ in 0..512 {
        let tag = self::tag(parameters)?;
        match tag.bracket {
            Bracket::Opening => depth = depth.checked_add(1).filter(|&depth| depth < 9)?,
            Bracket::Closing => depth = depth.checked_sub(1)?,
            Bracket::None => parameters.skip(tag.len)?,
        }
        if depth == 0 {
            return Some(());
        }
    }
    None
}

/// Properties of the device object (clause 12.11, numbers of clause 21).
fn say_property(property: u32, mut value: Cursor<'_>, about: About, out: &mut dyn Sink) {
    let field = match property {
        12 => &SOFTWARE,
        44 => &FIRMWARE,
        58 => &LOCATION,
        70 => &MODEL,
        77 => &NAME,
        121 => &MAKER,
        372 => &SERIAL,
        120 => {
            if let Some(value) = application_value(&mut value, 2) {
                vendor(value, about, out);
            }
            return;
        }
        _ => return,
    };
    let Some((charset, text)) = application_value(&mut value, 7).and_then(<[u8]>::split_first) else { return };
    if text.trim_ascii().is_empty() {
        return;
    }
    if *charset == 4 {
        let swapped: Vec<u8> = text.as_chunks::<2>().0.iter().flat_map(|[high, low]| [*low, *high]).collect();
        out.say(about, field, Value::Text(utf16_le(&swapped).into()));
    } else {
        out.say(about, field, Value::Octets(text.trim_ascii()));
    }
}

/// An object identifier: ten bits of type, 22 of instance (clause 20.2.14).
fn object(value: &[u8]) -> Option<(u32, u32)> {
    let number = u32::from_be_bytes(*value.first_chunk()?);
    Some((number >> 22, number & 0x003f_ffff))
}

fn number(value: &[u8]) -> u32 {
    value.iter().fold(0, |sum, &octet| (sum << 8) | u32::from(octet))
}

/// Brackets around constructed values.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bracket {
    None,
    Opening,
    Closing,
}

/// A tag (clause 20.2.1).
#[derive(Clone, Copy)]
struct Tag {
    number: u8,
    is_context: bool,
    bracket: Bracket,
    len: usize,
}

fn tag(cursor: &mut Cursor<'_>) -> Option<Tag> {
    let first = cursor.u8()?;
    let number = if first >> 4 == 15 { cursor.u8()? } else { first >> 4 };
    let is_context = first & 8 != 0;
    let (bracket, len) = match first & 7 {
        6 if is_context => (Bracket::Opening, 0),
        7 if is_context => (Bracket::Closing, 0),
        5 => (Bracket::None, long_len(cursor)?),
        // A boolean has its value where others have their length.
        _ if !is_context && number == 1 => (Bracket::None, 0),
        len => (Bracket::None, usize::from(len)),
    };
    Some(Tag { number, is_context, bracket, len })
}

fn long_len(cursor: &mut Cursor<'_>) -> Option<usize> {
    match cursor.u8()? {
        254 => Some(usize::from(cursor.u16()?)),
        255 => usize::try_from(cursor.u32()?).ok(),
        len => Some(usize::from(len)),
    }
}

/// The next value if it has this tag; else nothing is read.
fn matching<'a>(cursor: &mut Cursor<'a>, is_wanted: impl Fn(&Tag) -> bool) -> Option<&'a [u8]> {
    let mut ahead = *cursor;
    let tag = tag(&mut ahead).filter(is_wanted)?;
    let value = ahead.take(tag.len)?;
    *cursor = ahead;
    Some(value)
}

fn application_value<'a>(cursor: &mut Cursor<'a>, number: u8) -> Option<&'a [u8]> {
    matching(cursor, |tag| !tag.is_context && tag.number == number)
}

fn context_value<'a>(cursor: &mut Cursor<'a>, number: u8) -> Option<&'a [u8]> {
    matching(cursor, |tag| tag.is_context && tag.bracket == Bracket::None && tag.number == number)
}

fn opening(cursor: &mut Cursor<'_>, number: u8) -> Option<()> {
    matching(cursor, |tag| tag.bracket == Bracket::Opening && tag.number == number).map(|_| ())
}

fn closing(cursor: &mut Cursor<'_>, number: u8) -> Option<()> {
    matching(cursor, |tag| tag.bracket == Bracket::Closing && tag.number == number).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, datagrams};
    use crate::protocol::Direction::{ToClient, ToServer};

    fn frame(function: u8, npdu: &[u8]) -> Vec<u8> {
        let len = u16::try_from(npdu.len() + 4).unwrap().to_be_bytes();
        [&[0x81, function, len[0], len[1]], npdu].concat()
    }

    const I_AM: &[u8] = &[1, 0, 0x10, 0, 0xc4, 2, 0, 0, 9, 0x22, 5, 0xc4, 0x91, 3, 0x21, 8];

    fn read_multiple() -> Vec<u8> {
        let text = |value: &str| [&[0x75, u8::try_from(value.len() + 1).unwrap(), 0], value.as_bytes()].concat();
        let property = |number: u8, value: &str| [&[0x29, number, 0x4e], text(value).as_slice(), &[0x4f]].concat();
        let error = [0x29, 58, 0x5e, 0x91, 2, 0x91, 32, 0x5f];
        let list = [property(121, "Acme"), property(70, "AHU-7"), error.to_vec(), property(44, "2.1")].concat();
        frame(0x0a, &[&[1, 0, 0x30, 1, 14, 0x0c, 2, 0, 0, 9, 0x1e], list.as_slice(), &[0x1f]].concat())
    }

    #[test]
    fn who_is_there() {
        let lines = datagrams(&Bacnet, 47_808, &[(ToClient, &frame(0x0b, I_AM)), (ToClient, &read_multiple())]).lines;
        let said = [
            "sender bacnet.device_instance BACnet device 9",
            "sender bacnet.vendor_of_id Delta Controls",
            "sender bacnet.vendor_name Acme",
            "sender bacnet.model_name AHU-7",
            "sender bacnet.firmware_revision 2.1",
        ];
        assert_eq!(lines, said);
    }

    #[test]
    fn behind_routers_and_forwarded() {
        let routed = [&[1, 8, 0, 5, 1, 77], &I_AM[2..]].concat();
        assert!(datagrams(&Bacnet, 47_808, &[(ToClient, &frame(0x0b, &routed))]).lines.is_empty(), "not the router's own");
        let forwarded = frame(4, &[&[10, 1, 2, 3, 0xba, 0xc0], I_AM].concat());
        let lines = datagrams(&Bacnet, 47_808, &[(ToClient, &forwarded)]).lines;
        assert_eq!(lines.first().map(String::as_str), Some("10.1.2.3 bacnet.device_instance BACnet device 9"));
    }

    #[test]
    fn restart_with_a_password() {
        let restart = frame(0x0a, &[1, 4, 0, 5, 1, 20, 0x09, 0, 0x1d, 5, 0, b'p', b'a', b's', b's']);
        let lines = datagrams(&Bacnet, 47_808, &[(ToServer, &restart)]).lines;
        assert_eq!(lines, ["conversation bacnet.control reinitialise device", "conversation bacnet.password bacnet :pass"]);
    }

    #[test]
    fn who_asks_is_the_client() {
        let roles = |apdu: &[u8]| datagrams(&Bacnet, 47_808, &[(ToServer, &frame(0x0a, &[&[1, 4], apdu].concat()))]).roles;
        assert_eq!(roles(&[0, 5, 1, READ_PROPERTY, 0x0c, 2, 0, 0, 9, 0x19, 77]), [Role::Client]);
        assert!(roles(&[0, 5, 1, CONFIRMED_COV, 0x09, 1]).is_empty(), "a notification");
        assert!(roles(&I_AM[2..]).is_empty());
    }

    #[test]
    fn probes() {
        let message = frame(0x0b, I_AM);
        assert_eq!(Bacnet.probe(&context(ToClient, 47_808, message.len()), &message), Verdict::Certain);
        assert_eq!(Bacnet.probe(&context(ToClient, 47_808, 7), &[0x81, 0x0a, 0, 8, 1, 0, 0]), Verdict::No);
    }

    #[test]
    fn cut_and_spoilt() {
        let message = read_multiple();
        for end in 0..message.len() {
            let _ = datagrams(&Bacnet, 47_808, &[(ToClient, &message[..end])]);
            let mut spoilt = message.clone();
            spoilt[end] ^= 0xff;
            let _ = datagrams(&Bacnet, 47_808, &[(ToClient, &spoilt)]);
        }
    }
}
