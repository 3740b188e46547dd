//! The Data Export protocol of Philips IntelliVue patient monitors.

use std::net::Ipv4Addr;

use model::{FactKind as K, MacAddr, PhiKind as P};

use crate::bytes::{Cursor, be16, be32};
use crate::fact::{About, Field, Sink, Value};
use crate::place::is_place;
use crate::protocol::{Context, Hint, Info, Next, Protocol, Role, Session, Step, Verdict};
use crate::said::{PhiCounts, PhiFields, Said};
use crate::text::until_nul;

/// IntelliVue Data Export.
pub struct IntelliVue;

static INFO: Info = Info {
    id: "intellivue",
    name: "Philips IntelliVue Data Export",
    doc: "Bedside monitors announce themselves to everybody with maker, model, serial number, software and bed label (connect indication, \
          UDP 24005), and give measurements, waves, alarms and the patient to whoever associates (UDP 24105). There is neither log-in nor \
          encryption: who asks, gets. Philips, IntelliVue Data Export Interface Programming Guide (4535 645 88011), chapters 5 and 7; the \
          shapes are those of IEEE 11073-10101, -10201 and -20101.",
    hints: &[Hint::Udp(DATA_EXPORT), Hint::Udp(CONNECT_INDICATION)],
};

const CONNECT_INDICATION: u16 = 24_005;
const DATA_EXPORT: u16 = 24_105;

macro_rules! fields {
    ($($name:ident = $id:literal, $label:literal, $kind:expr;)*) => {
        $(static $name: Field = Field::new($id, $label, $kind);)*
    };
}

fields! {
    MAKER = "intellivue.model.manufacturer", "IntelliVue system model, manufacturer", K::Maker;
    MODEL = "intellivue.model.number", "IntelliVue system model, model number", K::Model;
    SERIAL = "intellivue.specification.serial", "IntelliVue production specification, serial number", K::Serial;
    PART = "intellivue.specification.part", "IntelliVue production specification, part number", K::ProductName;
    HARDWARE = "intellivue.specification.hardware", "IntelliVue production specification, hardware revision", K::Hardware;
    SOFTWARE = "intellivue.specification.software", "IntelliVue production specification, software revision", K::Firmware;
    BED = "intellivue.bed-label", "IntelliVue bed label", K::Location;
    TYPE = "intellivue.system-type", "IntelliVue system type", K::DeviceType;
    MAC = "intellivue.address.mac", "IntelliVue network address, MAC", K::OwnMac;
    ADDRESS = "intellivue.address.ip", "IntelliVue network address, IP", K::OwnAddress;
    OPERATION = "intellivue.operation", "IntelliVue association or poll", K::Operation;
    PHI_NAME = "intellivue.patient.name", "IntelliVue patient name", K::Phi(P::Name);
    PHI_IDENTIFIER = "intellivue.patient.id", "IntelliVue patient id", K::Phi(P::Identifier);
    PHI_BIRTH = "intellivue.patient.birth", "IntelliVue patient date of birth", K::Phi(P::BirthDate);
    PHI_CONTACT = "intellivue.patient.contact", "IntelliVue patient contact", K::Phi(P::Contact);
    PHI_TRAIT = "intellivue.patient.traits", "IntelliVue patient sex, age, height and weight", K::Phi(P::Demographic);
    PHI_ORDER = "intellivue.patient.order", "IntelliVue order number", K::Phi(P::OrderNumber);
    PHI_CLINICAL = "intellivue.measurements", "IntelliVue measurements, waves and alarms", K::Phi(P::Clinical);
    PHI_DOCUMENT = "intellivue.document", "IntelliVue document", K::Phi(P::Document);
    PHI_TEXT = "intellivue.patient.notes", "IntelliVue notes on a patient", K::Phi(P::FreeText);
}

static PHI: PhiFields =
    [&PHI_NAME, &PHI_IDENTIFIER, &PHI_BIRTH, &PHI_CONTACT, &PHI_TRAIT, &PHI_ORDER, &PHI_CLINICAL, &PHI_DOCUMENT, &PHI_TEXT];

/// Association control, by the session header's first octet (ISO 8327-1 §8.3.1).
const CONNECT: u8 = 0x0D;
const ACCEPT: u8 = 0x0E;
const REFUSE: u8 = 0x0C;
const FINISH: u8 = 0x09;
const DISCONNECT: u8 = 0x0A;
const ABORT: u8 = 0x19;
/// Session id and presentation context in front of data messages.
const DATA: [u8; 4] = [0xE1, 0x00, 0x00, 0x02];
/// The nomenclature in front of a connect indication: version 1.0.
const NOMENCLATURE: [u8; 4] = [0x00, 0x00, 0x01, 0x00];
/// Octets up to the end of the remote operation header.
const FRONT: usize = 8;

/// Remote operations.
const INVOKE: u16 = 1;
const RESULT: u16 = 2;
const ERROR: u16 = 3;
const LINKED_RESULT: u16 = 5;
/// Commands.
const EVENT: u16 = 0;
const CONFIRMED_EVENT: u16 = 1;
const GET: u16 = 3;
const CONFIRMED_SET: u16 = 5;
const ACTION: u16 = 7;
/// Events and actions.
const MDS_CREATED: u16 = 0x0D06;
const CONNECTABLE: u16 = 0x0D17;
const POLL: u16 = 0x0C16;
const POLL_EXTENDED: u16 = 0xF13B;
/// Objects that are polled.
const NUMERICS: u16 = 6;
const WAVES: u16 = 9;
const SYSTEM: u16 = 33;
const PATIENT: u16 = 42;
const ALARMS: u16 = 54;

/// What is remembered of a flow: a monitor says a dozen things of itself.
const MAX_SAID: usize = 48;

impl Protocol for IntelliVue {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, context: &Context, head: &[u8]) -> Verdict {
        match head {
            [0xE1, 0, 0, 2, 0, kind @ (1 | 2 | 3 | 5), ..] => operation(context, u16::from(*kind), head),
            [0, 0, 1, 0, 0, 1, ..] if be16(head, 24) == Some(CONNECTABLE) => operation(context, INVOKE, head),
            [CONNECT | ACCEPT | REFUSE | FINISH | DISCONNECT | ABORT, ..] => control(context, head),
            _ => Verdict::No,
        }
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        None
    }

    fn datagram_session(&self) -> Option<Box<dyn Session>> {
        Some(Box::new(Export { said: Said::new(MAX_SAID), counts: PhiCounts::default() }))
    }
}

/// A remote operation whose length fills the datagram.
fn operation(context: &Context, kind: u16, head: &[u8]) -> Verdict {
    let (Some(length), Some(command)) = (be16(head, 6), be16(head, if kind == LINKED_RESULT { 12 } else { 10 })) else {
        return Verdict::No;
    };
    let fills = usize::from(length).saturating_add(FRONT) == context.wire_len;
    let is_command = kind == ERROR || matches!(command, EVENT | CONFIRMED_EVENT | GET..=CONFIRMED_SET | ACTION);
    if fills && is_command { Verdict::Certain } else { Verdict::No }
}

/// A session message: its length fills the datagram. Connect and accept hold an object identifier of the 11073 family.
fn control(context: &Context, head: &[u8]) -> Verdict {
    /// 1.2.840.10004.2.1, IEEE 11073 (medical device communication).
    const MEDICAL: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x14, 0x02, 0x01];
    let length = match *head {
        [_, 0xFF, high, low, ..] => usize::from(u16::from_be_bytes([high, low])).saturating_add(4),
        [_, low, ..] => usize::from(low).saturating_add(2),
        _ => return Verdict::No,
    };
    if length != context.wire_len {
        return Verdict::No;
    }
    let front = head.get(..head.len().min(192)).unwrap_or(head);
    match head.first() {
        Some(&(CONNECT | ACCEPT)) if crate::bytes::find(front, MEDICAL).is_some() => Verdict::Certain,
        _ => Verdict::Unsure,
    }
}

/// One flow.
struct Export {
    said: Said,
    counts: PhiCounts,
}

impl Session for Export {
    fn data(&mut self, _context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        let read = match bytes.first_chunk() {
            Some(&DATA | &NOMENCLATURE) => self.apdu(bytes, out),
            _ => self.control(bytes, out),
        };
        if read.is_none() {
            out.malformed("an IntelliVue message whose lengths do not hold");
        }
        Step { used: bytes.len(), next: Next::More(1) }
    }

    fn end(&mut self, _context: &Context, out: &mut dyn Sink) {
        self.counts.flush(&PHI, out);
    }
}

impl Export {
    fn operation(&mut self, what: &'static str, out: &mut dyn Sink) {
        if self.said.once((OPERATION.id, what)) {
            out.conversation(&OPERATION, what);
        }
    }

    fn control(&mut self, bytes: &[u8], out: &mut dyn Sink) -> Option<()> {
        let (role, what) = match *bytes.first()? {
            CONNECT => (Role::Client, "association"),
            ACCEPT => (Role::Server, "association accepted"),
            REFUSE => (Role::Server, "association refused"),
            FINISH => (Role::Client, "association released"),
            _ => return Some(()),
        };
        out.sender_is(role);
        self.operation(what, out);
        Some(())
    }

    fn apdu(&mut self, bytes: &[u8], out: &mut dyn Sink) -> Option<()> {
        let mut at = Cursor::new(bytes.get(4..)?);
        let (kind, _length) = (at.u16()?, at.u16()?);
        if kind == LINKED_RESULT {
            at.skip(2)?;
        }
        let (_invoke, command, _length) = (at.u16()?, at.u16()?, at.u16()?);
        match (kind, command) {
            (INVOKE, EVENT | CONFIRMED_EVENT) => self.event(at, out),
            (INVOKE, ACTION) => self.asked(at, out),
            (INVOKE, CONFIRMED_SET) => {
                self.operation("set", out);
                Some(())
            }
            (RESULT | LINKED_RESULT, ACTION) => self.polled(at, out),
            _ => Some(()),
        }
    }

    /// `EventReportArgument`, and of the two events their attributes.
    fn event(&mut self, mut at: Cursor<'_>, out: &mut dyn Sink) -> Option<()> {
        at.skip(10)?;
        let event = at.u16()?;
        at.skip(2)?;
        match event {
            CONNECTABLE => {}
            MDS_CREATED => {
                out.sender_is(Role::Server);
                at.skip(6)?;
            }
            _ => return Some(()),
        }
        self.attributes(&mut at, out)
    }

    /// `ActionArgument` with a poll request.
    fn asked(&mut self, mut at: Cursor<'_>, out: &mut dyn Sink) -> Option<()> {
        at.skip(10)?;
        let action = at.u16()?;
        at.skip(2)?;
        if !matches!(action, POLL | POLL_EXTENDED) {
            return Some(());
        }
        if self.said.once("asks") {
            out.sender_is(Role::Client);
        }
        at.skip(4)?;
        let what = match at.u16()? {
            NUMERICS => "poll of measurements",
            WAVES => "poll of waves",
            SYSTEM => "poll of the system",
            PATIENT => "poll of the patient",
            ALARMS => "poll of alarms",
            _ => return Some(()),
        };
        self.operation(what, out);
        Some(())
    }

    /// `ActionResult` with `PollMdibDataReply` or its extended form: contexts, in them objects, in them attributes.
    fn polled(&mut self, mut at: Cursor<'_>, out: &mut dyn Sink) -> Option<()> {
        at.skip(6)?;
        let action = at.u16()?;
        at.skip(match action {
            POLL => 2 + 2,
            POLL_EXTENDED => 2 + 4,
            _ => return Some(()),
        })?;
        if self.said.once("answers") {
            out.sender_is(Role::Server);
        }
        at.skip(4 + 8 + 2)?;
        let kind = at.u16()?;
        at.skip(2)?;
        let contexts = at.u16()?;
        at.skip(2)?;
        for _ in 0..contexts {
            at.skip(2)?;
            let objects = at.u16()?;
            at.skip(2)?;
            for _ in 0..objects {
                at.skip(2)?;
                self.object(kind, &mut at, out)?;
            }
        }
        self.counts.message(&PHI, out);
        Some(())
    }

    fn object(&mut self, kind: u16, at: &mut Cursor<'_>, out: &mut dyn Sink) -> Option<()> {
        if matches!(kind, SYSTEM | PATIENT) {
            return self.attributes(at, out);
        }
        at.skip(2)?;
        let length = at.u16()?;
        at.skip(usize::from(length))?;
        if matches!(kind, NUMERICS | WAVES | ALARMS) && length > 0 {
            self.counts.count(P::Clinical);
        }
        Some(())
    }

    /// `AttributeList`: count, length, and identifier, length and value of each.
    fn attributes(&mut self, at: &mut Cursor<'_>, out: &mut dyn Sink) -> Option<()> {
        let count = at.u16()?;
        let length = at.u16()?;
        let mut list = Cursor::new(at.take(usize::from(length))?);
        for _ in 0..count {
            let (id, length) = (list.u16()?, list.u16()?);
            let value = list.take(usize::from(length))?;
            self.attribute(id, value, out);
        }
        Some(())
    }

    fn attribute(&mut self, id: u16, value: &[u8], out: &mut dyn Sink) {
        match id {
            0x0928 => drop(self.model(value, out)),
            0x092D => drop(self.specification(value, out)),
            0x091E => self.bed(value.get(2..).unwrap_or_default(), out),
            0xF135 => self.bed(value, out),
            0x0986 if value == [0x00, 0x01, 0x11, 0x4D] => {
                self.text(&TYPE, b"MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS", out);
            }
            0x0984 => self.system_id(value, out),
            0xF100 => drop(self.address(value, out)),
            _ => {
                if let Some(kind) = of_patient(id, value) {
                    self.counts.count(kind);
                }
            }
        }
    }

    /// Says a text of the monitor once. Dashes and blanks fill what nobody entered.
    fn text(&mut self, field: &'static Field, value: &[u8], out: &mut dyn Sink) {
        let value = until_nul(value).trim_ascii();
        if value.iter().any(u8::is_ascii_alphanumeric) && value.len() <= 64 && self.said.once((field.id, value)) {
            out.sender(field, value);
        }
    }

    /// `SystemModel`: manufacturer and model number.
    fn model(&mut self, value: &[u8], out: &mut dyn Sink) -> Option<()> {
        let mut at = Cursor::new(value);
        for field in [&MAKER, &MODEL] {
            let length = at.u16()?;
            self.text(field, at.take(usize::from(length))?, out);
        }
        Some(())
    }

    /// `ProductionSpec`: what sort of entry, of which component, and its text. Of plugged-in modules nothing is said.
    fn specification(&mut self, value: &[u8], out: &mut dyn Sink) -> Option<()> {
        /// The product itself, and its application software.
        const PRODUCT: u16 = 0x08;
        const APPLICATION: u16 = 0x58;
        let mut at = Cursor::new(value);
        let count = at.u16()?;
        at.skip(2)?;
        for _ in 0..count {
            let (sort, component, length) = (at.u16()?, at.u16()?, at.u16()?);
            let text = at.take(usize::from(length))?;
            let field = match (sort, component) {
                (1, PRODUCT) => &SERIAL,
                (2, PRODUCT) => &PART,
                (3, PRODUCT) => &HARDWARE,
                (4, PRODUCT | APPLICATION) => &SOFTWARE,
                _ => continue,
            };
            self.text(field, text, out);
        }
        Some(())
    }

    /// UTF-16 in network order. Somebody typed it: told only where it reads like a place.
    fn bed(&mut self, value: &[u8], out: &mut dyn Sink) {
        let mut room = [0; 32];
        let mut count = 0;
        for unit in value.as_chunks::<2>().0.iter().take_while(|unit| **unit != [0, 0]) {
            let (Some(place), [0, octet]) = (room.get_mut(count), unit) else { return };
            *place = *octet;
            count = count.saturating_add(1);
        }
        let label = room.get(..count).unwrap_or_default().trim_ascii();
        if is_place(label) {
            self.text(&BED, label, out);
        }
    }

    /// The system id of a monitor with an address of Philips (00:09:FB) is its MAC address.
    fn system_id(&mut self, value: &[u8], out: &mut dyn Sink) {
        if let [0, 6, 0x00, 0x09, 0xFB, rest @ ..] = value
            && let Some(&[d, e, f]) = rest.first_chunk()
        {
            self.own_mac(MacAddr([0x00, 0x09, 0xFB, d, e, f]), out);
        }
    }

    fn own_mac(&mut self, mac: MacAddr, out: &mut dyn Sink) {
        if mac.0 != [0; 6] && self.said.once((MAC.id, mac.0)) {
            out.say(About::Sender, &MAC, Value::Mac(mac));
        }
    }

    /// `IpAddressInfo`: MAC address, IP address, mask.
    fn address(&mut self, value: &[u8], out: &mut dyn Sink) -> Option<()> {
        let mut at = Cursor::new(value);
        self.own_mac(MacAddr(at.array()?), out);
        let ip = Ipv4Addr::from(at.array::<4>()?);
        if !ip.is_unspecified() && self.said.once((ADDRESS.id, ip)) {
            out.say(About::Sender, &ADDRESS, Value::Ip(ip.into()));
        }
        Some(())
    }
}

/// What an attribute says of the patient; `None` where it is empty or of no person.
fn of_patient(id: u16, value: &[u8]) -> Option<P> {
    let kind = match id {
        0x095A | 0xF001 => P::Identifier,
        0x095C | 0x095D => P::Name,
        0x0958 => P::BirthDate,
        0x0961 | 0x09D8 | 0x09DC | 0x09DF | 0x0956 => P::Demographic,
        0xF129 | 0xF12A => P::FreeText,
        _ => return None,
    };
    let holds = match id {
        // Text: a length, then UTF-16 with a closing zero.
        0x095A | 0x095C | 0x095D | 0xF129 | 0xF12A => value.iter().skip(2).any(|b| !matches!(b, 0 | b' ')),
        // A date in packed digits; 0xFF is none.
        0x0958 => value.iter().take(4).any(|b| !matches!(b, 0 | 0xFF)),
        // A sex, of which 0 and 9 say nothing.
        0x0961 => !matches!(value, [0, 0 | 9, ..]),
        // A number, which may be none (IEEE 11073 FLOAT-Type).
        0x0956 | 0x09D8 | 0x09DC | 0x09DF => {
            be32(value, 0).is_some_and(|number| number & 0x00FF_FFFF != 0x007F_FFFF && number != 0)
        }
        _ => value.iter().any(|b| *b != 0),
    };
    holds.then_some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, datagrams};
    use crate::protocol::Direction::{ToClient, ToServer};

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_be_bytes).collect()
    }

    fn sized(bytes: &[u8]) -> Vec<u8> {
        [&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
    }

    fn attribute(id: u16, value: &[u8]) -> Vec<u8> {
        [&id.to_be_bytes()[..], &sized(value)].concat()
    }

    fn list(attributes: &[Vec<u8>]) -> Vec<u8> {
        [&u16::try_from(attributes.len()).unwrap().to_be_bytes()[..], &sized(&attributes.concat())].concat()
    }

    fn operation(front: [u8; 4], kind: u16, command: u16, body: &[u8]) -> Vec<u8> {
        let inner = [&[0, 1][..], &command.to_be_bytes(), &sized(body)].concat();
        [&front[..], &kind.to_be_bytes(), &sized(&inner)].concat()
    }

    fn event(front: [u8; 4], event: u16, info: &[u8]) -> Vec<u8> {
        operation(front, 1, 0, &[&[0, 33, 0, 0, 0, 0, 0, 1, 2, 3][..], &event.to_be_bytes(), &sized(info)].concat())
    }

    fn of_monitor() -> Vec<Vec<u8>> {
        let entry = |sort: u8, component: u8, text: &[u8]| [&[0, sort, 0, component][..], &sized(text)].concat();
        let entries = [
            entry(1, 8, b"DE00000001\0\0"),
            entry(2, 8, b"M8007A\0\0"),
            entry(3, 8, b" B.00.05"),
            entry(5, 0x78, b"--------"),
            entry(4, 0x58, b"G.01.78 "),
            entry(1, 0x20, b"MODULE01"),
        ];
        vec![
            attribute(0x0986, &[0, 1, 0x11, 0x4d]),
            attribute(0x0928, &[sized(b"Philips\0"), sized(b"M8007A\0"), vec![0]].concat()),
            attribute(0x092d, &list(&entries)),
            attribute(0xf135, &utf16("ICU 4\0\0")),
            attribute(0xf100, &[0, 9, 0xfb, 1, 2, 3, 10, 0, 0, 1, 255, 255, 255, 0]),
        ]
    }

    #[test]
    fn a_monitor_announces_itself() {
        let indication = event(NOMENCLATURE, CONNECTABLE, &list(&of_monitor()));
        let at = context(ToServer, CONNECT_INDICATION, indication.len());
        assert_eq!(IntelliVue.probe(&at, &indication), Verdict::Certain);
        let lines = datagrams(&IntelliVue, CONNECT_INDICATION, &[(ToServer, &indication), (ToServer, &indication)]);
        assert_eq!(
            lines.lines,
            [
                "sender intellivue.system-type MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS",
                "sender intellivue.model.manufacturer Philips",
                "sender intellivue.model.number M8007A",
                "sender intellivue.specification.serial DE00000001",
                "sender intellivue.specification.part M8007A",
                "sender intellivue.specification.hardware B.00.05",
                "sender intellivue.specification.software G.01.78",
                "sender intellivue.bed-label ICU 4",
                "sender intellivue.address.mac 00:09:fb:01:02:03",
                "sender intellivue.address.ip 10.0.0.1",
            ]
        );
        assert_eq!(lines.malformed, [""; 0]);
        for end in 0..indication.len() {
            let at = context(ToServer, CONNECT_INDICATION, end);
            assert_eq!(IntelliVue.probe(&at, &indication[..end]), Verdict::No);
            let _ = datagrams(&IntelliVue, CONNECT_INDICATION, &[(ToServer, &indication[..end])]);
        }
    }

    #[test]
    fn the_patient_is_counted_and_not_told() {
        let text = |text: &str| sized(&utf16(text));
        let patient = list(&[
            attribute(0x095c, &text("Nobody\0")),
            attribute(0x095d, &text("\0")),
            attribute(0x095a, &text("X-1\0")),
            attribute(0x0958, &[0x19, 0x01, 0x01, 0x01, 0, 0, 0, 0]),
            attribute(0x0961, &[0, 1]),
            attribute(0x09dc, &[0, 0x7f, 0xff, 0xff, 5, 0x11]),
        ]);
        let reply = |kind: u8, objects: &[Vec<u8>]| {
            let objects: Vec<Vec<u8>> = objects.iter().map(|o| [&[0, 7][..], o].concat()).collect();
            let contexts = [[&[0, 0][..], &list(&objects)].concat()];
            let poll = [&[0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, kind, 0, 0][..], &list(&contexts)].concat();
            operation(DATA, 2, ACTION, &[&[0, 33, 0, 0, 0, 0][..], &POLL.to_be_bytes(), &sized(&poll)].concat())
        };
        let demographics = reply(42, &[patient]);
        let numbers = reply(6, &[list(&[attribute(0x0950, &[0; 10])]), list(&[attribute(0x0950, &[0; 10])])]);
        let ask = [&[0, 33, 0, 0, 0, 0, 0, 0, 0, 0][..], &POLL.to_be_bytes(), &sized(&[0, 1, 0, 1, 0, 42, 0, 0])].concat();
        let ask = operation(DATA, 1, ACTION, &ask);
        assert_eq!(IntelliVue.probe(&context(ToServer, 9, ask.len()), &ask), Verdict::Certain);
        let lines = datagrams(&IntelliVue, DATA_EXPORT, &[(ToServer, &ask), (ToClient, &demographics), (ToClient, &numbers)]);
        assert_eq!(
            lines.lines,
            [
                "conversation intellivue.operation poll of the patient",
                "conversation intellivue.patient.name 1",
                "conversation intellivue.patient.id 1",
                "conversation intellivue.patient.birth 1",
                "conversation intellivue.patient.traits 1",
                "conversation intellivue.measurements 2",
            ]
        );
        assert_eq!(lines.roles, [Role::Client, Role::Server]);
        for message in [&demographics, &numbers] {
            for end in 0..message.len() {
                let _ = datagrams(&IntelliVue, DATA_EXPORT, &[(ToClient, &message[..end])]);
            }
        }
    }

    #[test]
    fn association_and_creation() {
        let connect = [&[0x0d, 12, 5, 8][..], &[0x2a, 0x86, 0x48, 0xce, 0x14, 2, 1], &[0, 0, 0]].concat();
        assert_eq!(IntelliVue.probe(&context(ToServer, 9, connect.len()), &connect), Verdict::Certain);
        let created = event(DATA, MDS_CREATED, &[&[0, 33, 0, 0, 0, 0][..], &list(&of_monitor())].concat());
        let lines = datagrams(&IntelliVue, DATA_EXPORT, &[(ToServer, &connect), (ToClient, &created)]);
        assert_eq!(lines.lines.first().map(String::as_str), Some("conversation intellivue.operation association"));
        assert_eq!(lines.lines.len(), 11);
        assert_eq!(lines.roles, [Role::Client, Role::Server]);
    }

    #[test]
    fn what_is_none() {
        for wrong in [&b"\x0d\x0a"[..], b"\xe1\0\0\x02\0\x01\0\x01\0", b"\0\0\x01\0\0\x01\0\0", b"\x0e", b"GET /", b""] {
            let at = context(ToServer, 5000, wrong.len());
            assert_eq!(IntelliVue.probe(&at, wrong), Verdict::No, "{wrong:?}");
        }
        // A session message that fills its datagram and nothing more is for the port to decide.
        assert_eq!(IntelliVue.probe(&context(ToServer, 5000, 3), &[0x09, 1, 0]), Verdict::Unsure);
    }
}
