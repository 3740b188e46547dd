//! HL7 FHIR: what a server says of its own software, and devices that it has on record. Of persons nothing is read.

use model::FactKind as K;

use super::page::path;
use crate::fact::{About, Field, Sink, Value};
use crate::lines::Once;
use crate::udi::Udi;
use crate::{json, xml};

macro_rules! fields {
    ($($name:ident = $id:literal, $label:literal, $kind:expr;)*) => {
        $(static $name: Field = Field::new($id, $label, $kind);)*
    };
}

fields! {
    SOFTWARE = "fhir.software", "FHIR software (CapabilityStatement.software)", K::Software;
    VERSION = "fhir.version", "FHIR version (CapabilityStatement.fhirVersion)", K::ProtocolVersion;
    SERVER = "fhir.capabilities", "FHIR server (CapabilityStatement)", K::DeviceType;
    MAKER = "fhir.reported.manufacturer", "FHIR manufacturer (Device.manufacturer)", K::Maker;
    MODEL = "fhir.reported.model", "FHIR model (Device.modelNumber)", K::Model;
    NAME = "fhir.reported.name", "FHIR device name (Device.deviceName)", K::ProductName;
    SERIAL = "fhir.reported.serial", "FHIR serial number (Device.serialNumber)", K::Serial;
    FIRMWARE = "fhir.reported.version", "FHIR device version (Device.version)", K::Firmware;
    UDI = "fhir.reported.udi", "FHIR UDI (Device.udiCarrier)", K::Udi;
}

/// What a response is looked at for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Asked {
    /// Nothing.
    #[default]
    Nothing,
    /// The server's capabilities (FHIR R4 §3.1.0.14: `[base]/metadata`).
    Capabilities,
    /// Devices (`[base]/Device`).
    Devices,
}

/// What a request is for, by its path.
pub(super) fn asked(target: &[u8]) -> Asked {
    let mut segments = path(target).rsplit(|b| *b == b'/');
    match (segments.next(), segments.next()) {
        (Some(b"metadata"), _) => Asked::Capabilities,
        (Some(b"Device"), _) | (_, Some(b"Device")) => Asked::Devices,
        _ => Asked::Nothing,
    }
}

/// The longest text that is believed.
const MAX_TEXT: usize = 128;

/// The fields of one resource that are told, as they stand.
#[derive(Default)]
struct Found<'a> {
    resource: &'a [u8],
    software: [&'a [u8]; 2],
    fhir: &'a [u8],
    device: [&'a [u8]; 6],
    devices: usize,
    /// The device is tied to a patient: an implant or what was handed out, whose numbers identify the person.
    is_of_patient: bool,
    /// All of it was there: of a part, whose device it is cannot be told.
    is_whole: bool,
}

impl<'a> Found<'a> {
    /// A value by the keys from its resource down.
    fn take(&mut self, keys: &[&[u8]], value: &'a [u8]) {
        let is_device = self.resource == b"Device";
        self.is_of_patient |= is_device && keys.first().is_some_and(|key| *key == b"patient");
        let slot = match (keys, &mut self.software, &mut self.device) {
            ([b"software", b"name"], [name, _], _) => name,
            ([b"software", b"version"], [_, version], _) => version,
            ([b"fhirVersion"], ..) => &mut self.fhir,
            ([b"manufacturer"], _, [maker, ..]) if is_device => maker,
            ([b"modelNumber" | b"model"], _, [_, model, ..]) if is_device => model,
            ([b"deviceName", b"name" | b"value"], _, [_, _, name, ..]) if is_device => name,
            ([b"serialNumber"], _, [_, _, _, serial, ..]) if is_device => serial,
            ([b"version", b"value"] | [b"version"], _, [_, _, _, _, version, _]) if is_device => version,
            ([b"udiCarrier", b"carrierHRF"] | [b"udiCarrier", b"deviceIdentifier"] | [b"udi", b"carrierHRF"], _, [.., udi])
                if is_device =>
            {
                udi
            }
            _ => return,
        };
        if slot.is_empty() && value.len() <= MAX_TEXT {
            *slot = value;
        }
    }

    fn resource(&mut self, kind: &'a [u8]) {
        self.resource = kind;
        self.devices = self.devices.saturating_add(usize::from(kind == b"Device"));
    }

    fn say(&self, once: &mut Once, out: &mut dyn Sink) {
        let [name, version] = self.software;
        if !name.is_empty() {
            let text = if version.is_empty() { name.to_vec() } else { [name, b" ", version].concat() };
            once.sender(&SOFTWARE, &text, out);
        }
        if !self.fhir.is_empty()
            && self.fhir.len() <= 16
            && self.fhir.iter().all(|b| b.is_ascii_alphanumeric() || b".-".contains(b))
        {
            let text = [b"FHIR ", self.fhir].concat();
            once.sender(&SERVER, b"FHIR server", out);
            once.octets(&VERSION, &text, out);
        }
        // Several in one answer are a list in which what belongs together cannot be told from outside.
        if self.devices == 1 && self.is_whole && !self.is_of_patient {
            self.say_device(once, out);
        }
    }

    fn say_device(&self, once: &mut Once, out: &mut dyn Sink) {
        let [maker, model, name, serial, version, udi] = self.device;
        if maker.is_empty() && model.is_empty() && udi.is_empty() {
            return;
        }
        for (field, value) in [(&MAKER, maker), (&MODEL, model), (&NAME, name), (&SERIAL, serial), (&FIRMWARE, version)] {
            once.sender(field, value, out);
        }
        if Udi::parse(udi).is_some() && once.is_new(&UDI, udi) {
            out.say(About::Sender, &UDI, Value::Octets(udi));
        }
    }
}

/// Reads a resource in JSON, or the beginning of it.
pub(super) fn json(body: &[u8], once: &mut Once, out: &mut dyn Sink) {
    // Keys of open objects; arrays add none. The depth at which the resource under way begins.
    let mut keys: [&[u8]; json::MAX_DEPTH + 1] = [b""; json::MAX_DEPTH + 1];
    let (mut depth, mut base) = (0_usize, 0_usize);
    let mut found = Found::default();
    for event in json::Scanner::new(body) {
        match event {
            json::Event::Open(key) => {
                if let Some(place) = keys.get_mut(depth) {
                    *place = key;
                }
                depth = depth.saturating_add(1);
            }
            json::Event::Close => {
                depth = depth.saturating_sub(1);
                found.is_whole = depth == 0;
                if depth < base {
                    (base, found.resource) = (0, b"");
                }
            }
            json::Event::Text(b"resourceType", kind) => {
                base = depth;
                found.resource(kind);
            }
            json::Event::Text(key, value) => {
                let mut inner: [&[u8]; 4] = [b""; 4];
                let mut count = 0_usize;
                let open = keys.get(base..depth).unwrap_or_default().iter().filter(|key| !key.is_empty());
                for (place, name) in inner.iter_mut().zip(open.chain([&key].into_iter().filter(|key| !key.is_empty()))) {
                    *place = name;
                    count = count.saturating_add(1);
                }
                found.take(inner.get(..count).unwrap_or_default(), value);
            }
        }
    }
    found.say(once, out);
}

/// Reads a resource in XML: elements for keys, `value` attributes for values (FHIR R4 §2.6.1).
pub(super) fn xml(body: &[u8], once: &mut Once, out: &mut dyn Sink) {
    let mut found = Found::default();
    let mut path = crate::device_description::Path::new();
    let mut base = 0_usize;
    for event in xml::Scanner::new(body) {
        match event {
            xml::Event::Open(name, attributes) => {
                if name.first().is_some_and(u8::is_ascii_uppercase) {
                    base = path.depth().saturating_add(1);
                    found.resource(name);
                }
                path.push(name);
                let value = xml::attribute(attributes, b"value");
                if !value.is_empty() {
                    found.take(path.from(base), value);
                }
            }
            xml::Event::Close(_) => {
                path.pop();
                found.is_whole = path.depth() == 0;
            }
            xml::Event::Text(_) => {}
        }
    }
    found.say(once, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::Lines;

    fn said(read: fn(&[u8], &mut Once, &mut dyn Sink), body: &str) -> Vec<String> {
        for end in 0..body.len() {
            read(&body.as_bytes()[..end], &mut Once::default(), &mut Lines::default());
        }
        let mut out = Lines::default();
        read(body.as_bytes(), &mut Once::default(), &mut out);
        out.lines
    }

    const SERVER: [&str; 3] =
        ["sender fhir.software Example FHIR 6.1", "sender fhir.capabilities FHIR server", "conversation fhir.version FHIR 4.0.1"];

    #[test]
    fn capabilities() {
        let text = r#"{"resourceType":"CapabilityStatement","name":"x","software":{"name":"Example FHIR","version":"6.1"},
            "implementation":{"description":"of somebody"},"fhirVersion":"4.0.1","rest":[{"mode":"server"}]}"#;
        assert_eq!(said(json, text), SERVER);
        let text = "<CapabilityStatement xmlns=\"http://hl7.org/fhir\"><software><name value=\"Example FHIR\"/><version value=\"6.1\"/>\
            </software><fhirVersion value=\"4.0.1\"/></CapabilityStatement>";
        assert_eq!(said(xml, text), SERVER);
    }

    #[test]
    fn one_device_and_a_list() {
        let device = r#"{"resourceType":"Device","udiCarrier":[{"deviceIdentifier":"09506000134352","carrierHRF":
            "(01)09506000134352(21)S1"}],"manufacturer":"Acme","serialNumber":"S1","modelNumber":"M 5","deviceName":[{"name":"Monitor"}],
            "version":[{"value":"4.2"}],"note":[{"text":"about nobody"}]}"#;
        let lines = [
            "sender fhir.reported.manufacturer Acme",
            "sender fhir.reported.model M 5",
            "sender fhir.reported.name Monitor",
            "sender fhir.reported.serial S1",
            "sender fhir.reported.version 4.2",
        ];
        assert_eq!(said(json, device)[..5], lines);
        assert_eq!(said(json, &device[..device.len() - 1]), [""; 0], "a part");
        let bundle = |entries: &str| format!("{{\"resourceType\":\"Bundle\",\"entry\":[{entries}]}}");
        assert_eq!(said(json, &bundle(&format!("{{\"resource\":{device}}}")))[..5], lines);
        let two = format!("{{\"resource\":{device}}},{{\"resource\":{device}}}");
        assert_eq!(said(json, &bundle(&two)), [""; 0]);
        let implant = device.replace("\"note\"", "\"patient\":{\"reference\":\"Patient/1\"},\"note\"");
        assert_eq!(said(json, &implant), [""; 0]);
        let patient = r#"{"resourceType":"Patient","manufacturer":"Nobody","name":[{"family":"N"}],"version":"1"}"#;
        assert_eq!(said(json, patient), [""; 0]);
    }

    #[test]
    fn paths() {
        for (target, what) in [
            (&b"/fhir/metadata?_format=json"[..], Asked::Capabilities),
            (b"/fhir/Device/7", Asked::Devices),
            (b"/Device?type=x", Asked::Devices),
            (b"/fhir/Patient/7", Asked::Nothing),
            (b"/", Asked::Nothing),
        ] {
            assert_eq!(asked(target), what);
        }
    }
}
