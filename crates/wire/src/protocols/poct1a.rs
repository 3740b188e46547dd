//! POCT1-A: analysers at the point of care to the manager that collects their results.

use model::{FactKind as K, PhiKind as P};

use super::syslog::rfc3339;
use crate::fact::{About, Field, Sink, Value};
use crate::protocol::{Context, Hint, Info, Next, Protocol, Session, Step, Verdict};
use crate::said::{PhiCounts, PhiFields, Said};
use crate::xml::unescape;

/// POCT1-A.
pub struct Poct1a;

static INFO: Info = Info {
    id: "poct1a",
    name: "POCT1-A",
    doc: "Glucose meters, blood gas and coagulation analysers at the bedside greet their manager with maker, model, serial number and \
          versions, and send results with the patient and the operator (CLSI POCT1-A2 §4: HEL, DST, OBS and their kin). Each sits on a \
          ward, is carried about and is seldom patched; the protocol has neither log-in nor encryption. Results are counted, never told.",
    hints: &[Hint::Tcp(3001), Hint::Tcp(9088), Hint::AnyTcp],
};

macro_rules! fields {
    ($($name:ident = $id:literal, $label:literal, $kind:expr;)*) => {
        $(static $name: Field = Field::new($id, $label, $kind);)*
    };
}

fields! {
    EUI64 = "poct1a.device-id", "POCT1-A device id (DEV.device_id)", K::Eui64;
    VENDOR = "poct1a.vendor-id", "POCT1-A vendor id (DEV.vendor_id)", K::Maker;
    MAKER = "poct1a.manufacturer-name", "POCT1-A manufacturer (DEV.manufacturer_name)", K::Maker;
    MODEL = "poct1a.model-id", "POCT1-A model (DEV.model_id)", K::Model;
    SERIAL = "poct1a.serial-id", "POCT1-A serial number (DEV.serial_id)", K::Serial;
    HARDWARE = "poct1a.hw-version", "POCT1-A hardware version (DEV.hw_version)", K::Hardware;
    FIRMWARE = "poct1a.sw-version", "POCT1-A software version (DEV.sw_version)", K::Firmware;
    NAME = "poct1a.device-name", "POCT1-A device name (DEV.device_name)", K::ProductName;
    TYPE = "poct1a.greeting", "POCT1-A greeting (HEL)", K::DeviceType;
    MANAGER = "poct1a.greeted", "POCT1-A greeting received (HEL)", K::DeviceType;
    VERSION = "poct1a.version-id", "POCT1-A version (HDR.version_id)", K::ProtocolVersion;
    CLOCK = "poct1a.creation-dttm", "POCT1-A time of message, with zone (HDR.creation_dttm)", K::Clock;
    MESSAGE = "poct1a.message", "POCT1-A message", K::Operation;
    DIRECTIVE = "poct1a.directive", "POCT1-A directive (DTV.command_cd)", K::Operation;
    PHI_NAME = "poct1a.name", "POCT1-A names (PT.name, OPR.name)", K::Phi(P::Name);
    PHI_IDENTIFIER = "poct1a.patient-id", "POCT1-A patient id (PT.patient_id)", K::Phi(P::Identifier);
    PHI_BIRTH = "poct1a.birth-date", "POCT1-A date of birth (PT.birth_date)", K::Phi(P::BirthDate);
    PHI_CONTACT = "poct1a.location", "POCT1-A whereabouts of the patient (PT.location)", K::Phi(P::Contact);
    PHI_TRAIT = "poct1a.traits", "POCT1-A sex, weight and height (PT)", K::Phi(P::Demographic);
    PHI_ORDER = "poct1a.order-id", "POCT1-A order (ORD.order_id)", K::Phi(P::OrderNumber);
    PHI_CLINICAL = "poct1a.observation", "POCT1-A result (OBS.value, OBS.qualitative_value)", K::Phi(P::Clinical);
    PHI_DOCUMENT = "poct1a.document", "POCT1-A document", K::Phi(P::Document);
    PHI_TEXT = "poct1a.note", "POCT1-A note (NTE.text)", K::Phi(P::FreeText);
}

static PHI: PhiFields =
    [&PHI_NAME, &PHI_IDENTIFIER, &PHI_BIRTH, &PHI_CONTACT, &PHI_TRAIT, &PHI_ORDER, &PHI_CLINICAL, &PHI_DOCUMENT, &PHI_TEXT];

/// Messages (POCT1-A2 §4.3), and how they are told.
const MESSAGES: &[(&[u8], &str)] = &[
    (b"HEL", "hello"),
    (b"ACK", "acknowledgement"),
    (b"DST", "device status"),
    (b"REQ", "request"),
    (b"OBS", "observations"),
    (b"EVS", "device events"),
    (b"OPL", "operator list"),
    (b"PTL", "patient list"),
    (b"DTV", "directive"),
    (b"EOT", "end of topic"),
    (b"END", "end of conversation"),
    (b"KPA", "keep alive"),
    (b"ESC", "escape"),
    (b"CNC", "cancel"),
];

/// The longest tag that is read; text between tags has no bound, for it is let go of.
const MAX_TAG: usize = 4096;
/// How far the first message is looked for behind a declaration.
const MAX_DECLARATION: usize = 256;
/// Statements that are remembered of one connection.
const MAX_SAID: usize = 64;

impl Protocol for Poct1a {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, head: &[u8]) -> Verdict {
        if !matches!(head.first(), Some(b'<' | 0xEF | b'\r' | b'\n' | b' ')) {
            return Verdict::No;
        }
        let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
        let Some(declared) = text.strip_prefix(b"<?xml") else {
            return root(text);
        };
        let declared = declared.get(..declared.len().min(MAX_DECLARATION)).unwrap_or(declared);
        match memchr::memchr(b'>', declared).and_then(|end| declared.get(end.saturating_add(1)..)) {
            Some(rest) => root(rest.trim_ascii_start()),
            None if declared.len() < MAX_DECLARATION => Verdict::Unsure,
            None => Verdict::No,
        }
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Some(Box::new(Talk {
            ways: Default::default(),
            said: Said::new(MAX_SAID),
            counts: PhiCounts::default(),
            is_known: false,
        }))
    }
}

/// `<HEL.R01`, or the beginning of it.
fn root(text: &[u8]) -> Verdict {
    match text {
        [b'<', rest @ ..] if rest.len() >= 7 => rest.get(..7).and_then(message_of).map_or(Verdict::No, |_| Verdict::Certain),
        [b'<', rest @ ..] if rest.iter().take(3).all(u8::is_ascii_uppercase) => Verdict::Unsure,
        [] => Verdict::Unsure,
        _ => Verdict::No,
    }
}

/// The message that a root element is: `OBS.R01`.
fn message_of(name: &[u8]) -> Option<&'static str> {
    let (id, rest) = name.split_at_checked(3)?;
    let is_message = matches!(rest, [b'.', b'R', a, b] if a.is_ascii_digit() && b.is_ascii_digit());
    MESSAGES.iter().find(|(known, _)| is_message && *known == id).map(|(_, words)| *words)
}

/// A connection.
struct Talk {
    ways: [Way; 2],
    said: Said,
    counts: PhiCounts,
    is_known: bool,
}

/// The message under way in one direction.
#[derive(Clone, Copy, Default)]
struct Way {
    /// It describes its sender.
    is_hello: bool,
    /// Its results are of control liquids and not of patients (OBS.R02).
    is_control: bool,
    /// How far the tag under way was searched for its end, and the quote that is open there.
    searched: usize,
    quote: Option<u8>,
}

impl Session for Talk {
    fn data(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        let lane = context.lane();
        let mut used = 0;
        loop {
            let rest = bytes.get(used..).unwrap_or_default();
            let Some(start) = memchr::memchr(b'<', rest) else {
                return Step { used: bytes.len(), next: Next::More(1) };
            };
            used = used.saturating_add(start);
            let tag = rest.get(start..).unwrap_or_default();
            let Some(way) = self.ways.get_mut(lane) else { return Step { used, next: Next::Stop } };
            match way.end_of_tag(tag) {
                Some(end) if end >= MAX_TAG => used = used.saturating_add(end),
                Some(end) => {
                    if self.tag(lane, tag.get(1..end).unwrap_or_default(), out).is_none() {
                        return Step { used: 0, next: Next::NotMine };
                    }
                    used = used.saturating_add(end).saturating_add(1);
                }
                // A tag that long is none of this protocol's; what follows is searched anew.
                None if tag.len() >= MAX_TAG => {
                    (way.searched, way.quote) = (0, None);
                    used = bytes.len();
                }
                None => return Step { used, next: Next::More(tag.len().saturating_add(1)) },
            }
        }
    }

    fn gap(&mut self, context: &Context, _lost: u64, _out: &mut dyn Sink) -> Next {
        if let Some(way) = self.ways.get_mut(context.lane()) {
            *way = Way::default();
        }
        Next::More(1)
    }

    fn end(&mut self, _context: &Context, out: &mut dyn Sink) {
        self.counts.flush(&PHI, out);
    }
}

/// Name and `V` attribute of a tag without its angle brackets.
fn taken_apart(tag: &[u8]) -> (&[u8], &[u8]) {
    let end = tag.iter().position(|b| b.is_ascii_whitespace() || *b == b'/').unwrap_or(tag.len());
    let (name, mut rest) = tag.split_at_checked(end).unwrap_or((tag, &[]));
    // Values hold their attribute's name now and then: attributes are walked, not searched.
    for _ in 0..8 {
        let Some(equals) = memchr::memchr(b'=', rest) else { break };
        let Some((key, value)) = rest.split_at_checked(equals) else { break };
        let value = value.get(1..).unwrap_or_default().trim_ascii_start();
        let Some((quote, value)) = value.split_first().filter(|(quote, _)| matches!(**quote, b'"' | b'\'')) else { break };
        let Some((value, behind)) = memchr::memchr(*quote, value).and_then(|end| value.split_at_checked(end)) else { break };
        if key.trim_ascii() == b"V" {
            return (name, value);
        }
        rest = behind.get(1..).unwrap_or_default();
    }
    (name, b"")
}

impl Way {
    /// Where a tag's `>` stands that is inside no quotes. Remembers how far it looked.
    fn end_of_tag(&mut self, tag: &[u8]) -> Option<usize> {
        let fresh = tag.get(self.searched..).unwrap_or_default();
        let end = fresh.iter().position(|&b| {
            match (self.quote, b) {
                (None, b'"' | b'\'') => self.quote = Some(b),
                (Some(open), _) if open == b => self.quote = None,
                _ => {}
            }
            self.quote.is_none() && b == b'>'
        });
        let end = end.map(|at| at.saturating_add(self.searched));
        self.searched = if end.is_some() { 0 } else { tag.len() };
        end
    }
}

impl Talk {
    /// `None` where the first element is none of this protocol's messages.
    fn tag(&mut self, lane: usize, tag: &[u8], out: &mut dyn Sink) -> Option<()> {
        if let Some(name) = tag.strip_prefix(b"/") {
            if message_of(name.trim_ascii()).is_some() {
                self.end_of_message(lane, out);
            }
            return Some(());
        }
        // Declarations and comments.
        if matches!(tag.first(), Some(b'?' | b'!')) {
            return Some(());
        }
        let (name, value) = taken_apart(tag);
        if let Some(words) = message_of(name) {
            self.begin(lane, name, words, out);
        } else if self.is_known {
            self.element(lane, name, value.trim_ascii(), out);
        } else {
            return None;
        }
        Some(())
    }

    fn begin(&mut self, lane: usize, name: &[u8], words: &'static str, out: &mut dyn Sink) {
        self.is_known = true;
        let way = Way { is_hello: name.starts_with(b"HEL"), is_control: name == b"OBS.R02", ..Way::default() };
        if let Some(known) = self.ways.get_mut(lane) {
            *known = way;
        }
        if self.said.once((MESSAGE.id, words)) {
            out.conversation(&MESSAGE, words);
        }
        if way.is_hello && self.said.once((TYPE.id, lane)) {
            out.sender(&TYPE, b"POCT1-A device");
            out.say(About::Receiver, &MANAGER, Value::Text("POCT1-A manager".into()));
        }
    }

    fn end_of_message(&mut self, lane: usize, out: &mut dyn Sink) {
        if let Some(way) = self.ways.get_mut(lane) {
            *way = Way::default();
        }
        self.counts.message(&PHI, out);
    }

    fn element(&mut self, lane: usize, name: &[u8], value: &[u8], out: &mut dyn Sink) {
        let way = self.ways.get(lane).copied().unwrap_or_default();
        if value.is_empty() {
            return;
        }
        match name {
            _ if way.is_hello && name.starts_with(b"DEV.") => self.device(lane, name, value, out),
            b"HDR.version_id" if value.starts_with(b"POCT1") && value.len() <= 16 => {
                if self.said.once((VERSION.id, value)) {
                    out.say(About::Conversation, &VERSION, Value::Octets(value));
                }
            }
            b"HDR.creation_dttm" => self.clock(lane, value, out),
            b"DTV.command_cd" => self.directive(value, out),
            _ => {
                if let Some(kind) = of_person(name).filter(|kind| !(way.is_control && *kind == P::Clinical)) {
                    self.counts.count(kind);
                }
            }
        }
    }

    /// The greeting's `DEV`.
    fn device(&mut self, lane: usize, name: &[u8], value: &[u8], out: &mut dyn Sink) {
        let field = match name {
            b"DEV.device_id" => return self.eui64(lane, value, out),
            b"DEV.vendor_id" => &VENDOR,
            b"DEV.manufacturer_name" => &MAKER,
            b"DEV.model_id" => &MODEL,
            b"DEV.serial_id" => &SERIAL,
            b"DEV.hw_version" => &HARDWARE,
            b"DEV.sw_version" => &FIRMWARE,
            b"DEV.device_name" => &NAME,
            _ => return,
        };
        let value = unescape(value);
        if value.len() <= 64 && value.iter().any(u8::is_ascii_alphanumeric) && self.said.once((field.id, lane, &value)) {
            out.sender(field, &value);
        }
    }

    /// Sixteen hexadecimal digits, with or without separators.
    fn eui64(&mut self, lane: usize, value: &[u8], out: &mut dyn Sink) {
        let mut id = [0_u8; 8];
        let mut count = 0_usize;
        for byte in value.iter().filter(|b| !matches!(b, b'-' | b':' | b'.')) {
            let (Some(digit), Some(place)) = (char::from(*byte).to_digit(16), id.get_mut(count / 2)) else { return };
            *place = *place << 4 | u8::try_from(digit).unwrap_or(0);
            count = count.saturating_add(1);
        }
        let distinct = id.iter().any(|b| *b != 0) && id.iter().any(|b| *b != 0xFF);
        if count == 16 && distinct && self.said.once((EUI64.id, lane, id)) {
            out.say(About::Sender, &EUI64, Value::Hex(&id));
        }
    }

    fn clock(&mut self, lane: usize, value: &[u8], out: &mut dyn Sink) {
        if let Some(nanos) = rfc3339(value)
            && self.said.once((CLOCK.id, lane))
        {
            out.say(About::Sender, &CLOCK, Value::Time(nanos));
        }
    }

    /// A code of the standard or of the vendor: capitals, digits and underscores, never somebody's text.
    fn directive(&mut self, value: &[u8], out: &mut dyn Sink) {
        let is_code = value.len() <= 32
            && value.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_')
            && !crate::lines::has_long_number(value);
        if is_code && self.said.once((DIRECTIVE.id, value)) {
            out.say(About::Conversation, &DIRECTIVE, Value::Octets(value));
        }
    }
}

/// What an element says of a person (POCT1-A2 §4.4).
fn of_person(name: &[u8]) -> Option<P> {
    Some(match name {
        b"PT.name" | b"OPR.name" | b"ORD.ordering_provider_id" => P::Name,
        b"PT.patient_id" | b"PT.visit_id" => P::Identifier,
        b"PT.birth_date" => P::BirthDate,
        b"PT.location" => P::Contact,
        b"PT.gender_cd" | b"PT.weight" | b"PT.height" => P::Demographic,
        b"ORD.order_id" | b"SPC.specimen_id" => P::OrderNumber,
        b"OBS.value" | b"OBS.qualitative_value" => P::Clinical,
        b"NTE.text" => P::FreeText,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, streams_any_chunk};
    use crate::protocol::Direction::{ToClient, ToServer};

    const HELLO: &str = "<?xml version=\"1.0\"?>\n<HEL.R01><HDR><HDR.control_id V=\"1\"/><HDR.version_id V=\"POCT1\"/>\
        <HDR.creation_dttm V=\"2026-03-02T08:00:00-05:00\"/></HDR><DEV><DEV.device_id V=\"00-0A-37-FF-FE-00-00-01\"/>\
        <DEV.vendor_id V='ACME'/><DEV.model_id SN=\"x\" V=\"Gas &amp; More 5\" /><DEV.serial_id V=\"S-77\"/>\
        <DEV.manufacturer_name V=\"Acme > Co\"/><DEV.hw_version V=\"2\"/><DEV.sw_version V=\"4.1\"/></DEV></HEL.R01>";
    const RESULT: &str = "<OBS.R01><HDR><HDR.control_id V=\"2\"/></HDR><SVC><PT><PT.patient_id V=\"X1\"/><PT.name V=\"N\">\
        <FAM V=\"N\"/></PT.name><OBS><OBS.observation_id V=\"2339-0\"/><OBS.value V=\"5.1\"/></OBS></PT><OPR>\
        <OPR.operator_id V=\"9\"/></OPR></SVC></OBS.R01>\n<OBS.R02><SVC><CTC><OBS><OBS.value V=\"1\"/></OBS></CTC></SVC></OBS.R02>";
    const ANSWER: &str = "<ACK.R01><HDR><HDR.control_id V=\"1\"/></HDR><ACK><ACK.type_cd V=\"AA\"/></ACK></ACK.R01>\
        <DTV.R01><HDR/><DTV><DTV.command_cd V=\"START_CONTINUOUS\"/></DTV></DTV.R01>";

    #[test]
    fn a_device_greets_and_sends_results() {
        let messages: [(_, &[u8]); 3] =
            [(ToServer, HELLO.as_bytes()), (ToClient, ANSWER.as_bytes()), (ToServer, RESULT.as_bytes())];
        assert_eq!(
            streams_any_chunk(&Poct1a, 3001, &messages).lines,
            [
                "conversation poct1a.message hello",
                "sender poct1a.greeting POCT1-A device",
                "receiver poct1a.greeted POCT1-A manager",
                "conversation poct1a.version-id POCT1",
                "sender poct1a.creation-dttm 2026-03-02T13:00:00Z",
                "sender poct1a.device-id 000a37fffe000001",
                "sender poct1a.vendor-id ACME",
                "sender poct1a.model-id Gas & More 5",
                "sender poct1a.serial-id S-77",
                "sender poct1a.manufacturer-name Acme > Co",
                "sender poct1a.hw-version 2",
                "sender poct1a.sw-version 4.1",
                "conversation poct1a.message acknowledgement",
                "conversation poct1a.message directive",
                "conversation poct1a.directive START_CONTINUOUS",
                "conversation poct1a.message observations",
                "conversation poct1a.name 1",
                "conversation poct1a.patient-id 1",
                "conversation poct1a.observation 1",
            ]
        );
    }

    #[test]
    fn probes() {
        let at = context(ToServer, 5000, 0);
        for (bytes, verdict) in [
            (&b"<HEL.R01>"[..], Verdict::Certain),
            (b"<?xml version=\"1.0\"?>\r\n<OBS.R02 xmlns=''>", Verdict::Certain),
            (b"\xef\xbb\xbf<?xml version=\"1.0\"?>", Verdict::Unsure),
            (b"<HE", Verdict::Unsure),
            (b"<HEL.R0x>", Verdict::No),
            (b"<?xml version=\"1.0\"?><html>", Verdict::No),
            (b"<html>", Verdict::No),
            (b"<34>Oct 11", Verdict::No),
            (b"GET / HTTP/1.1", Verdict::No),
            (b"", Verdict::No),
        ] {
            assert_eq!(Poct1a.probe(&at, bytes), verdict, "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn any_cut_and_other_documents() {
        for end in 0..HELLO.len() {
            let _ = streams_any_chunk(&Poct1a, 3001, &[(ToServer, &HELLO.as_bytes()[..end])]);
        }
        assert_eq!(streams_any_chunk(&Poct1a, 3001, &[(ToServer, b"<other><PT.name V='x'/>")]).lines, [""; 0]);
        let endless = [b"<".as_slice(), &[b'a'; 9000], b"><HEL.R01><DEV.model_id V='M'/>"].concat();
        let _ = streams_any_chunk(&Poct1a, 3001, &[(ToServer, b"<HEL.R01>"), (ToServer, &endless)]);
    }
}
