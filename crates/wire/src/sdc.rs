//! Messages of IEEE 11073 SDC over HTTP: the message model of IEEE 11073-10207 (BICEPS), in SOAP as IEEE 11073-20702 has it.
//!
//! Of a description only what names the device is read, of contexts where it stands, and of persons and measurements only that they
//! crossed.

use model::{FactKind as K, PhiKind as P};

use crate::bytes::find;
use crate::device_description::{Path, say};
use crate::fact::{About, Field, Sink, Value};
use crate::lines::Once;
use crate::said::{PhiCounts, PhiFields};
use crate::xml::{Event, Scanner, attribute};

macro_rules! fields {
    ($($name:ident = $id:literal, $label:literal, $kind:expr;)*) => {
        $(static $name: Field = Field::new($id, $label, $kind);)*
    };
}

fields! {
    MAKER = "sdc.Manufacturer", "SDC manufacturer", K::Maker;
    MODEL = "sdc.ModelName", "SDC model name", K::Model;
    NUMBER = "sdc.ModelNumber", "SDC model number", K::ProductName;
    SERIAL = "sdc.SerialNumber", "SDC serial number", K::Serial;
    UDI = "sdc.Udi", "SDC unique device identifier", K::Udi;
    HARDWARE = "sdc.ProductionSpecification.hardware", "SDC production specification, hardware", K::Hardware;
    SOFTWARE = "sdc.ProductionSpecification.software", "SDC production specification, software", K::Firmware;
    FIRMWARE = "sdc.ProductionSpecification.firmware", "SDC production specification, firmware", K::Firmware;
    TYPE = "sdc.Mds.Type", "SDC type of the medical device system", K::DeviceType;
    LOCATION = "sdc.LocationDetail", "SDC location context", K::Location;
    OPERATION = "sdc.action", "SDC message", K::Operation;
    CONTROL = "sdc.action.control", "SDC message that changes the device", K::Management;
    PHI_NAME = "sdc.patient.name", "SDC patient's name", K::Phi(P::Name);
    PHI_IDENTIFIER = "sdc.patient.identification", "SDC patient's identification", K::Phi(P::Identifier);
    PHI_BIRTH = "sdc.patient.birth", "SDC patient's date of birth", K::Phi(P::BirthDate);
    PHI_CONTACT = "sdc.patient.contact", "SDC contact of a patient", K::Phi(P::Contact);
    PHI_TRAIT = "sdc.patient.traits", "SDC patient's sex, race, height and weight", K::Phi(P::Demographic);
    PHI_ORDER = "sdc.order", "SDC order of a workflow", K::Phi(P::OrderNumber);
    PHI_CLINICAL = "sdc.metric", "SDC measured value or wave", K::Phi(P::Clinical);
    PHI_DOCUMENT = "sdc.document", "SDC document", K::Phi(P::Document);
    PHI_TEXT = "sdc.text", "SDC text about a patient", K::Phi(P::FreeText);
}

/// What crossed of persons.
pub(crate) static PHI: PhiFields =
    [&PHI_NAME, &PHI_IDENTIFIER, &PHI_BIRTH, &PHI_CONTACT, &PHI_TRAIT, &PHI_ORDER, &PHI_CLINICAL, &PHI_DOCUMENT, &PHI_TEXT];

/// What a message is for, by the last part of its action (IEEE 11073-20701 §8): those that change the device, and the others.
const CONTROLS: &[(&[u8], &str)] = &[
    (b"Activate", "remote control (Activate)"),
    (b"SetValue", "remote control (SetValue)"),
    (b"SetString", "remote control (SetString)"),
    (b"SetAlertState", "remote control (SetAlertState)"),
    (b"SetComponentState", "remote control (SetComponentState)"),
    (b"SetMetricState", "remote control (SetMetricState)"),
    (b"SetContextState", "setting of contexts (SetContextState)"),
];
const OPERATIONS: &[(&[u8], &str)] = &[
    (b"GetMdib", "GetMdib"),
    (b"GetMdDescription", "GetMdDescription"),
    (b"GetMdState", "GetMdState"),
    (b"GetContextStates", "GetContextStates"),
    (b"EpisodicMetricReport", "metric report"),
    (b"PeriodicMetricReport", "metric report"),
    (b"EpisodicAlertReport", "alert report"),
    (b"PeriodicAlertReport", "alert report"),
    (b"EpisodicContextReport", "context report"),
    (b"WaveformStream", "wave stream"),
    (b"DescriptionModificationReport", "description report"),
];

/// Reads a message, if it is one of SDC's. The counts are made with the first one.
pub(crate) fn read(body: &[u8], once: &mut Once, counts: &mut Option<Box<PhiCounts>>, out: &mut dyn Sink) {
    let head = body.get(..body.len().min(4096)).unwrap_or(body);
    if find(head, b"11073/11073-10207").is_none() {
        return;
    }
    let counts = counts.get_or_insert_default();
    let mut reader = Reader { path: Path::new(), once, counts, patient: None, specification: b"" };
    for event in Scanner::new(body) {
        match event {
            Event::Open(name, attributes) => reader.open(name, attributes, out),
            Event::Close(_) => reader.close(),
            Event::Text(text) => reader.text(text, out),
        }
    }
    reader.counts.message(&PHI, out);
}

struct Reader<'a, 'r> {
    path: Path<'a>,
    once: &'r mut Once,
    counts: &'r mut PhiCounts,
    /// Depth of the patient context that is open.
    patient: Option<usize>,
    /// Code of the production specification that is open.
    specification: &'a [u8],
}

impl<'a> Reader<'a, '_> {
    fn open(&mut self, name: &'a [u8], attributes: &'a [u8], out: &mut dyn Sink) {
        match name {
            b"Type" if self.path.leaf() == b"Mds" => self.device_type(attributes, out),
            b"SpecType" => self.specification = attribute(attributes, b"Code"),
            b"LocationDetail" => self.location(attributes, out),
            b"MetricValue" => {
                let holds = [&b"Value"[..], b"Samples"].iter().any(|key| !attribute(attributes, key).is_empty());
                if holds {
                    self.counts.count(P::Clinical);
                }
            }
            b"Identification" if self.patient == Some(self.path.depth()) && !attribute(attributes, b"Extension").is_empty() => {
                self.counts.count(P::Identifier);
            }
            b"Height" | b"Weight" if self.patient.is_some() && !attribute(attributes, b"MeasuredValue").is_empty() => {
                self.counts.count(P::Demographic);
            }
            _ => {}
        }
        self.path.push(name);
        if attribute(attributes, b"type").ends_with(b"PatientContextState") {
            self.patient = Some(self.path.depth());
        }
    }

    fn close(&mut self) {
        self.path.pop();
        if self.patient.is_some_and(|depth| depth > self.path.depth()) {
            self.patient = None;
        }
    }

    fn text(&mut self, text: &'a [u8], out: &mut dyn Sink) {
        if self.patient.is_some() {
            return self.of_patient();
        }
        let field = match self.path.leaf() {
            b"Action" => return self.action(text, out),
            b"ProductionSpec" if self.path.parent(2) == b"Mds" => match self.specification {
                b"531974" => &HARDWARE,
                b"531975" => &SOFTWARE,
                b"531976" => &FIRMWARE,
                _ => return,
            },
            // Of a system, not of the modules in it.
            leaf if self.path.contains(b"MetaData") => match leaf {
                b"Manufacturer" => &MAKER,
                b"ModelName" => &MODEL,
                b"ModelNumber" => &NUMBER,
                b"SerialNumber" => &SERIAL,
                b"HumanReadableForm" if self.path.contains(b"Udi") => &UDI,
                _ => return,
            },
            _ => return,
        };
        if text.len() <= 256 && self.once.is_new(field, text) {
            say(out, field, text);
        }
    }

    /// `CoreData` (IEEE 11073-10207, `PatientDemographicsCoreData`).
    fn of_patient(&mut self) {
        let kind = match self.path.leaf() {
            b"Givenname" | b"Middlename" | b"Familyname" | b"Birthname" => P::Name,
            b"DateOfBirth" => P::BirthDate,
            b"Sex" | b"PatientType" | b"Race" => P::Demographic,
            _ => return,
        };
        self.counts.count(kind);
    }

    fn action(&mut self, text: &[u8], out: &mut dyn Sink) {
        let last = text.rsplit(|b| *b == b'/').next().unwrap_or_default();
        let of = |table: &[(&[u8], &'static str)]| table.iter().find(|(name, _)| *name == last).map(|(_, words)| *words);
        if let Some(words) = of(CONTROLS) {
            self.once.conversation(&CONTROL, words, out);
        } else if let Some(words) = of(OPERATIONS) {
            self.once.conversation(&OPERATION, words, out);
        }
    }

    /// `CodedValue`: a code of IEEE 11073-10101 where no other system is named.
    fn device_type(&mut self, attributes: &[u8], out: &mut dyn Sink) {
        let (code, system) = (attribute(attributes, b"Code"), attribute(attributes, b"CodingSystem"));
        let is_ieee = matches!(system, b"" | b"urn:oid:1.2.840.10004.1.1.1.0.0.1");
        let is_code = (1..=12).contains(&code.len()) && code.iter().all(u8::is_ascii_digit);
        if is_ieee && is_code && self.once.is_new(&TYPE, code) {
            out.sender(&TYPE, &[b"IEEE 11073-10101 ", code].concat());
        }
    }

    /// `LocationDetail`, largest first: elements that only hold places.
    fn location(&mut self, attributes: &[u8], out: &mut dyn Sink) {
        let parts = [&b"Facility"[..], b"Building", b"Floor", b"PoC", b"Room", b"Bed"].map(|key| attribute(attributes, key));
        let place = parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(&b" / "[..]);
        if !place.is_empty() && place.len() <= 256 && self.once.is_new(&LOCATION, &place) {
            let place = crate::xml::unescape(&place);
            out.say(About::Sender, &LOCATION, Value::Octets(&place));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::Lines;

    const HEAD: &str = "<s:Envelope xmlns:pm=\"http://standards.ieee.org/downloads/11073/11073-10207-2017/participant\"><s:Header>\
        <wsa:Action>http://standards.ieee.org/downloads/11073/11073-20701-2018/";

    fn said(action: &str, body: &str) -> Vec<String> {
        let text = format!("{HEAD}{action}</wsa:Action></s:Header><s:Body>{body}</s:Body></s:Envelope>");
        let read_all = |text: &[u8]| {
            let (mut once, mut counts, mut out) = (Once::default(), None, Lines::default());
            read(text, &mut once, &mut counts, &mut out);
            counts.unwrap_or_default().flush(&PHI, &mut out);
            out.lines
        };
        for end in 0..text.len() {
            let _ = read_all(&text.as_bytes()[..end]);
        }
        read_all(text.as_bytes())
    }

    #[test]
    fn a_description() {
        let body = "<pm:Mds Handle=\"m\"><pm:Type Code=\"69985\"/><pm:ProductionSpecification><pm:SpecType Code=\"531975\"/>\
            <pm:ProductionSpec>4.2</pm:ProductionSpec></pm:ProductionSpecification><pm:MetaData><pm:Udi><pm:DeviceIdentifier>0401\
            </pm:DeviceIdentifier><pm:HumanReadableForm>(01)0401</pm:HumanReadableForm></pm:Udi><pm:Manufacturer>Acme</pm:Manufacturer>\
            <pm:ModelName>Pump 1</pm:ModelName><pm:SerialNumber>S1</pm:SerialNumber></pm:MetaData><pm:Vmd><pm:Type Code=\"1\"/>\
            <pm:ProductionSpecification><pm:SpecType Code=\"531975\"/><pm:ProductionSpec>9</pm:ProductionSpec>\
            </pm:ProductionSpecification></pm:Vmd></pm:Mds><pm:State xsi:type=\"pm:LocationContextState\"><pm:LocationDetail PoC=\"ICU\" \
            Bed='Bed 3' Facility=\"Ex &amp; Co\"/></pm:State>";
        assert_eq!(
            said("GetService/GetMdibResponse", body),
            [
                "sender sdc.Mds.Type IEEE 11073-10101 69985",
                "sender sdc.ProductionSpecification.software 4.2",
                "sender sdc.Udi (01)0401",
                "sender sdc.Manufacturer Acme",
                "sender sdc.ModelName Pump 1",
                "sender sdc.SerialNumber S1",
                "sender sdc.LocationDetail Ex & Co / ICU / Bed 3",
            ]
        );
    }

    #[test]
    fn persons_and_measurements_are_counted() {
        let body = "<msg:ContextState xsi:type=\"pm:PatientContextState\"><pm:Identification Extension=\"X1\"/><pm:CoreData>\
            <pm:Givenname>N</pm:Givenname><pm:Familyname>N</pm:Familyname><pm:Sex>F</pm:Sex><pm:DateOfBirth>1901</pm:DateOfBirth>\
            <pm:Weight MeasuredValue=\"70\"/></pm:CoreData></msg:ContextState><msg:MetricState><pm:MetricValue Value=\"5\"/>\
            </msg:MetricState><msg:State><pm:MetricValue Samples=\"1 2\"/><pm:MetricValue/></msg:State>";
        assert_eq!(
            said("StateEventService/EpisodicContextReport", body),
            [
                "conversation sdc.action context report",
                "conversation sdc.patient.name 2",
                "conversation sdc.patient.identification 1",
                "conversation sdc.patient.birth 1",
                "conversation sdc.patient.traits 2",
                "conversation sdc.metric 2",
            ]
        );
        assert_eq!(said("SetService/Activate", ""), ["conversation sdc.action.control remote control (Activate)"]);
    }

    #[test]
    fn other_documents() {
        let (mut once, mut counts, mut out) = (Once::default(), None, Lines::default());
        read(b"<s:Envelope><pm:Manufacturer>Acme</pm:Manufacturer></s:Envelope>", &mut once, &mut counts, &mut out);
        assert_eq!(out.lines, [""; 0]);
    }
}
