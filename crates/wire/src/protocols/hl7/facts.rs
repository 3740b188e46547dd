//! What each segment says of the software that sent it and of the devices that it reports.

use super::fields as f;
use super::segment::{Segment, time};
use crate::fact::{About, Field, Sink, Value};
use crate::protocol::Role;
use crate::said::Said;
use crate::udi::Udi;

/// The longest value of a device field that is believed.
const MAX_VALUE: usize = 200;

/// Fields of one equipment identifier: its name, EUI-64, UDI and the serial number in that.
struct Identifier {
    name: &'static Field,
    eui64: &'static Field,
    udi: Option<(&'static Field, &'static Field)>,
}

static EQUIPMENT: Identifier = Identifier { name: &f::EQUIPMENT, eui64: &f::EQUIPMENT_EUI64, udi: None };
static OBSERVER: Identifier =
    Identifier { name: &f::OBSERVER, eui64: &f::OBSERVER_EUI64, udi: Some((&f::OBSERVER_UDI, &f::OBSERVER_SERIAL)) };
static DEVICE: Identifier =
    Identifier { name: &f::DEVICE, eui64: &f::DEVICE_EUI64, udi: Some((&f::DEVICE_UDI, &f::DEVICE_UDI_SERIAL)) };

/// Says facts of one side, each once.
pub(super) struct Speaker<'a> {
    /// Which side: the same value from the other side is another fact.
    pub(super) side: usize,
    /// What was said before.
    pub(super) said: &'a mut Said,
    /// Where facts go.
    pub(super) out: &'a mut dyn Sink,
    /// The sending application that the other side gave: an acknowledgement that repeats it says nothing of its own sender.
    pub(super) other_application: u64,
}

/// Kinds of messages that begin an exchange and answer none (table 0076): their sender is its client.
const BEGINS: [&[u8]; 16] = [
    b"ADT", b"ORU", b"ORM", b"OML", b"OMG", b"OUL", b"MDM", b"SIU", b"DFT", b"BAR", b"VXU", b"MFN", b"QRY", b"QBP", b"RDE",
    b"RAS",
];

impl Speaker<'_> {
    /// A segment. True when it is one of those described here.
    pub(super) fn segment(&mut self, segment: &Segment<'_>) {
        match &segment.id() {
            b"MSH" => self.header(segment),
            b"FHS" | b"BHS" => self.application(segment),
            b"MSA" => self.acknowledgement(segment),
            b"SFT" => self.software(segment),
            b"UAC" => self.credential(segment),
            b"EQU" => self.equipment(segment, segment.field(1), &EQUIPMENT),
            b"PRT" => self.participation(segment),
            b"OBR" => self.device_system(segment, segment.field(4), &f::MDS_ORDER),
            b"OBX" => self.observation(segment),
            _ => {}
        }
    }

    fn sender(&mut self, field: &'static Field, value: &[u8]) {
        if (1..=MAX_VALUE).contains(&value.len()) && self.said.once((field.id, self.side, value)) {
            self.out.sender(field, value);
        }
    }

    fn conversation(&mut self, field: &'static Field, text: &str) {
        if self.said.once((field.id, text)) {
            self.out.conversation(field, text);
        }
    }

    /// Message header (chapter 2 §2.15.9).
    fn header(&mut self, segment: &Segment<'_>) {
        if BEGINS.contains(&segment.component(segment.field(9), 1)) && self.said.once(("role", self.side)) {
            self.out.sender_is(Role::Client);
        }
        self.application(segment);
        if let Some((instant, has_zone)) = time(segment.first(7)) {
            let field = if has_zone { &f::CLOCK } else { &f::CLOCK_LOCAL };
            if self.said.once((field.id, self.side)) {
                self.out.say(About::Sender, field, Value::Time(instant));
            }
        }
        self.message_type(segment);
        match segment.first(11) {
            b"T" => self.conversation(&f::PROCESSING, "training"),
            b"D" => self.conversation(&f::PROCESSING, "debugging"),
            _ => {}
        }
        let version = segment.first(12);
        let is_version = (1..=8).contains(&version.len()) && version.iter().all(|b| b.is_ascii_digit() || *b == b'.');
        if is_version && self.said.once((f::VERSION.id, version)) {
            self.out.conversation(&f::VERSION, &format!("HL7 v{}", String::from_utf8_lossy(version)));
        }
    }

    /// Sending and receiving application and facility; at the same places in message, batch and file headers.
    fn application(&mut self, segment: &Segment<'_>) {
        let application = segment.field(3);
        if application_hash(segment) != self.other_application {
            self.sender(&f::APPLICATION, &segment.unescaped(segment.component(application, 1)));
            self.eui64(segment, application, &f::APPLICATION_EUI64, 2);
            self.sender(&f::FACILITY, &segment.unescaped(segment.first(4)));
        }
        let receiver = segment.first(5);
        if (1..=MAX_VALUE).contains(&receiver.len()) && self.said.once((f::RECEIVER.id, receiver)) {
            self.out.say(About::Conversation, &f::RECEIVER, Value::Octets(receiver));
        }
    }

    /// `ORU^R01`, from three-letter codes (table 0076, 0003); what is none is somebody's text and not repeated.
    fn message_type(&mut self, segment: &Segment<'_>) {
        let field = segment.field(9);
        let (code, event) = (segment.component(field, 1), segment.component(field, 2));
        let is_code = |text: &[u8]| text.len() == 3 && text.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        if !is_code(code) || !self.said.once((f::MESSAGE_TYPE.id, code, event)) {
            return;
        }
        let code = String::from_utf8_lossy(code);
        let text = if is_code(event) { format!("{code}^{}", String::from_utf8_lossy(event)) } else { code.into_owned() };
        self.out.conversation(&f::MESSAGE_TYPE, &text);
    }

    /// MSA (§2.15.8): whoever acknowledges is the server of the exchange.
    fn acknowledgement(&mut self, segment: &Segment<'_>) {
        let text = match segment.first(1) {
            b"AE" | b"CE" => "acknowledged with an error",
            b"AR" | b"CR" => "rejected by the receiver",
            b"AA" | b"CA" => "",
            _ => return,
        };
        if self.said.once(("role", self.side)) {
            self.out.sender_is(Role::Server);
        }
        if !text.is_empty() {
            self.conversation(&f::ACKNOWLEDGEMENT, text);
        }
    }

    /// SFT (§2.15.12): vendor, version, product, binary id.
    fn software(&mut self, segment: &Segment<'_>) {
        self.sender(&f::SOFTWARE_VENDOR, &segment.unescaped(segment.first(1)));
        let mut product = segment.unescaped(segment.first(3)).into_owned();
        let version = segment.unescaped(segment.first(2));
        if !product.is_empty() && !version.is_empty() {
            product.push(b' ');
            product.extend_from_slice(&version);
        }
        self.sender(&f::SOFTWARE, &product);
        self.sender(&f::SOFTWARE_BINARY, &segment.unescaped(segment.first(4)));
    }

    /// UAC (§2.15.14): that a ticket or assertion crossed, not the ticket.
    fn credential(&mut self, segment: &Segment<'_>) {
        let scheme = match segment.first(1) {
            b"KERB" => "hl7 kerberos ticket",
            b"SAML" => "hl7 saml assertion",
            _ => "hl7 user credential",
        };
        self.conversation(&f::CREDENTIAL, scheme);
    }

    /// PRT (v2.8.2 §7.4.4): the device identifier, its UDI in parts, its type.
    fn participation(&mut self, segment: &Segment<'_>) {
        for device in segment.repetitions(10) {
            self.equipment(segment, device, &DEVICE);
        }
        let identifier = segment.unescaped(segment.first(16));
        if !self.udi(&identifier, (&f::DEVICE_IDENTIFIER, &f::DEVICE_IDENTIFIER_SERIAL)) {
            let is_number = identifier.iter().all(u8::is_ascii_digit);
            self.sender(if is_number { &f::DEVICE_IDENTIFIER } else { &f::DEVICE_NAME }, &identifier);
        }
        self.sender(&f::DEVICE_SERIAL, &segment.unescaped(segment.first(20)));
        let kind = segment.field(22);
        let name = segment.component(kind, 2);
        self.sender(&f::DEVICE_TYPE, if name.is_empty() { segment.component(kind, 1) } else { name });
    }

    /// An EI that names equipment (§2A.3.20): an EUI-64, a UDI, or a name that somebody gave it.
    fn equipment(&mut self, segment: &Segment<'_>, identifier: &[u8], fields: &Identifier) {
        let has_eui64 = self.eui64(segment, identifier, fields.eui64, 3);
        let name = segment.unescaped(segment.component(identifier, 1));
        let is_udi = fields.udi.is_some_and(|fields| self.udi(&name, fields));
        if !is_udi && !has_eui64 && name.len() > 1 {
            self.sender(fields.name, &name);
        }
    }

    /// `…^00A0370022003456^EUI-64`: the universal id and its type, at this component and the next.
    fn eui64(&mut self, segment: &Segment<'_>, identifier: &[u8], field: &'static Field, component: usize) -> bool {
        if !segment.component(identifier, component.saturating_add(1)).eq_ignore_ascii_case(b"EUI-64") {
            return false;
        }
        let stated = segment.component(identifier, component);
        let text = if stated.is_empty() { segment.component(identifier, 1) } else { stated };
        let Some(id) = parse_eui64(text) else { return false };
        if self.said.once((field.id, self.side, id)) {
            self.out.say(About::Sender, field, Value::Hex(&id));
        }
        true
    }

    fn udi(&mut self, text: &[u8], (whole, serial): (&'static Field, &'static Field)) -> bool {
        let Some(udi) = Udi::parse(text) else { return false };
        self.sender(whole, text);
        if let Some(number) = udi.serial {
            self.sender(serial, number);
        }
        true
    }

    /// OBX (chapter 7 §7.4.2): the equipment of OBX-18, and the device's own attributes as ISO/IEEE 11073-10101 names them.
    fn observation(&mut self, segment: &Segment<'_>) {
        for equipment in segment.repetitions(18) {
            self.equipment(segment, equipment, &OBSERVER);
        }
        self.device_system(segment, segment.field(3), &f::MDS_OBSERVATION);
        let name = segment.component(segment.field(3), 2);
        if !name.starts_with(b"MDC_") {
            return;
        }
        let value = segment.unescaped(segment.first(5));
        match name {
            b"MDC_ID_MODEL_MANUFACTURER" => self.sender(&f::MDC_MAKER, &value),
            b"MDC_ID_MODEL_NUMBER" => self.sender(&f::MDC_MODEL, &value),
            b"MDC_ATTR_ID_MODEL" => self.sender(&f::MDC_MODEL_OF_SYSTEM, &value),
            b"MDC_ID_PROD_SPEC_SERIAL" => self.sender(&f::MDC_SERIAL, &value),
            b"MDC_ID_PROD_SPEC_SW" => self.sender(&f::MDC_SOFTWARE, &value),
            b"MDC_ID_PROD_SPEC_FW" => self.sender(&f::MDC_FIRMWARE, &value),
            b"MDC_ATTR_SYS_ID" => {
                if let Some(id) = parse_eui64(&value)
                    && self.said.once((f::MDC_SYSTEM_ID.id, self.side, id))
                {
                    self.out.say(About::Sender, &f::MDC_SYSTEM_ID, Value::Hex(&id));
                }
            }
            _ if name.windows(3).any(|part| part == b"UDI") => {
                self.udi(&value, (&f::MDC_UDI, &f::MDC_UDI_SERIAL));
            }
            _ => {}
        }
    }

    /// `69965^MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS^MDC`: the kind of medical device system that observes (IHE PCD-01).
    fn device_system(&mut self, segment: &Segment<'_>, observed: &[u8], field: &'static Field) {
        let name = segment.component(observed, 2);
        if name.starts_with(b"MDC_DEV_") && name.ends_with(b"_MDS") {
            self.sender(field, name);
        }
    }
}

/// Whether an OBX describes the device instead of the patient.
pub(super) fn is_about_device(segment: &Segment<'_>) -> bool {
    let name = segment.component(segment.field(3), 2);
    [&b"MDC_ID_"[..], b"MDC_ATTR_", b"MDC_DEV_"].iter().any(|prefix| name.starts_with(prefix))
}

/// MSH-3 of a header, to be told from the other side's; 0 for none.
pub(super) fn application_hash(segment: &Segment<'_>) -> u64 {
    let application = segment.field(3);
    if application.is_empty() { 0 } else { crate::said::hash(&application) }
}

/// Sixteen hexadecimal digits, perhaps in groups.
fn parse_eui64(text: &[u8]) -> Option<[u8; 8]> {
    let mut id = [0; 8];
    let mut digits = text.iter().filter(|b| !matches!(b, b'-' | b':' | b'.' | b' '));
    for octet in &mut id {
        let mut digit = || char::from(*digits.next()?).to_digit(16).and_then(|d| u8::try_from(d).ok());
        *octet = digit()? << 4 | digit()?;
    }
    (digits.next().is_none() && id != [0; 8]).then_some(id)
}
