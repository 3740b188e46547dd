//! WS-Discovery over UDP.

use std::borrow::Cow;

use model::FactKind;
use model::PhiKind;

use crate::bytes::find;
use crate::device_description::{announcer, http_address, types, uuid};
use crate::fact::{About, Field, Sink, Value};
use crate::protocol::{Context, Hint, Info, Protocol, Role, Verdict};
use crate::xml::{Event, Scanner, unescape};

/// WS-Discovery.
pub struct WsDiscovery;

static INFO: Info = Info {
    id: "wsd",
    name: "WS-Discovery",
    doc: "What printers, cameras, computers and IEEE 11073 SDC medical devices announce: types, endpoint reference, where the device \
          stands, and whether its services are under TLS. A patient context in a scope is counted, never read. WS-Discovery 1.1, \
          DPWS 1.1, IEEE 11073-20701 §9, ONVIF Core §7.3.",
    hints: &[Hint::Udp(3702)],
};

static TYPES: Field = Field::new("wsd.types", "WS-Discovery types", FactKind::DpwsType);
static SCOPE: Field = Field::new("wsd.scopes", "WS-Discovery scope", FactKind::DpwsType);
static ADDRESS: Field = Field::new("wsd.address", "WS-Discovery endpoint reference", FactKind::Uuid);
static TRANSPORT: Field = Field::new("wsd.xaddrs", "WS-Discovery transport address", FactKind::DpwsType);
static LOCATION: Field = Field::new("wsd.location", "WS-Discovery location scope", FactKind::Location);
static DEVICE: Field = Field::new("wsd.device-type", "SDC device type scope", FactKind::DeviceType);
static HARDWARE: Field = Field::new("wsd.onvif-hardware", "ONVIF hardware scope", FactKind::Model);
static NAME: Field = Field::new("wsd.onvif-name", "ONVIF name scope", FactKind::ProductName);
static PATIENT: Field = Field::new("wsd.patient-context", "SDC patient context scope", FactKind::Phi(PhiKind::Identifier));

/// The namespaces of the two versions (WS-Discovery 2005/04 and 1.1).
const NAMESPACES: [&[u8]; 2] = [b"schemas.xmlsoap.org/ws/2005/04/discovery", b"docs.oasis-open.org/ws-dd/ns/discovery/2009/01"];
/// The most scopes, types or addresses that are read of one announcement.
const MAX_ITEMS: usize = 32;
/// What begins an ONVIF scope.
const ONVIF: &[u8] = b"onvif://www.onvif.org/";

impl Protocol for WsDiscovery {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, context: &Context, head: &[u8]) -> Verdict {
        let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
        if !text.starts_with(b"<") || find(text, b"Envelope").is_none() {
            return Verdict::No;
        }
        if NAMESPACES.iter().any(|namespace| find(text, namespace).is_some()) {
            return Verdict::Certain;
        }
        if context.on_port(3702) { Verdict::Unsure } else { Verdict::No }
    }

    fn datagram(&self, context: &Context, payload: &[u8], out: &mut dyn Sink) {
        let mut target = None;
        let mut leaf: &[u8] = b"";
        for event in Scanner::new(payload) {
            match event {
                Event::Open(name, _) => {
                    leaf = name;
                    match name {
                        b"Hello" | b"Bye" | b"ProbeMatch" | b"ResolveMatch" => target = Some(Target::default()),
                        b"Probe" | b"Resolve" => out.sender_is(Role::Client),
                        b"ProbeMatches" | b"ResolveMatches" => out.sender_is(Role::Server),
                        _ => {}
                    }
                }
                Event::Close(b"Hello" | b"Bye" | b"ProbeMatch" | b"ResolveMatch") => {
                    if let Some(target) = target.take() {
                        target.say(context, out);
                    }
                }
                Event::Close(_) => leaf = b"",
                Event::Text(text) => {
                    if let Some(target) = target.as_mut() {
                        target.take(leaf, text);
                    }
                }
            }
        }
    }
}

/// One target service of an announcement.
#[derive(Default)]
struct Target<'a> {
    address: &'a [u8],
    types: &'a [u8],
    scopes: &'a [u8],
    transports: &'a [u8],
}

/// The items of a list that XML parts by white space.
fn items(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(u8::is_ascii_whitespace).filter(|item| !item.is_empty()).take(MAX_ITEMS)
}

impl<'a> Target<'a> {
    fn take(&mut self, leaf: &[u8], text: &'a [u8]) {
        match leaf {
            b"Address" => self.address = text,
            b"Types" => self.types = text,
            b"Scopes" => self.scopes = text,
            b"XAddrs" => self.transports = text,
            _ => {}
        }
    }

    fn say(&self, context: &Context, out: &mut dyn Sink) {
        let about = announcer(context.src, items(self.transports).filter_map(|url| http_address(url)?.0));
        if let Some(uuid) = uuid(self.address) {
            out.say(about, &ADDRESS, Value::Octets(uuid));
        }
        types(&TYPES, about, self.types, out);
        items(self.scopes).for_each(|item| scope(about, &unescape(item), out));
        let mut last = None;
        for address in items(self.transports).filter_map(http_address) {
            let (_, port, secure) = address;
            // The same service on several addresses of one device.
            if last.replace((port, secure)) != Some((port, secure)) {
                let scheme = if secure { "https" } else { "http" };
                out.say(about, &TRANSPORT, Value::Text(Cow::Owned(format!("{scheme} port {port}"))));
            }
        }
    }
}

/// Says the scopes whose meaning a standard gives; others are free text.
fn scope(about: About, scope: &[u8], out: &mut dyn Sink) {
    if let Some(path) = scope.strip_prefix(ONVIF) {
        return onvif(about, scope, path, out);
    }
    if scope.starts_with(b"sdc.ctxt.loc:") {
        return sdc_location(about, scope, out);
    }
    if scope.starts_with(b"sdc.ctxt.pat:") {
        return out.phi(&PATIENT, 1);
    }
    if let Some(coded) = scope.strip_prefix(b"sdc.cdc.type:/") {
        return sdc_type(about, coded, out);
    }
    if scope.starts_with(b"sdc.mds.pkp:") {
        out.say(about, &SCOPE, Value::Octets(scope));
    }
}

/// `fac`, `bldng`, `flr`, `poc`, `rm` and `bed` of the query (IEEE 11073-20701 §9.4), largest first.
fn sdc_location(about: About, scope: &[u8], out: &mut dyn Sink) {
    let Some(query) = scope.split(|&b| b == b'?').nth(1) else { return };
    let mut place = Vec::new();
    for key in [&b"fac="[..], b"bldng=", b"flr=", b"poc=", b"rm=", b"bed="] {
        if let Some(value) = query.split(|&b| b == b'&').find_map(|pair| pair.strip_prefix(key)).filter(|v| !v.is_empty()) {
            if !place.is_empty() {
                place.extend_from_slice(b" / ");
            }
            percent_decode(value, &mut place);
        }
    }
    if !place.is_empty() {
        out.say(about, &LOCATION, Value::Octets(&place));
    }
}

/// `coding system/version/display?/code`: the nomenclature code of the device (IEEE 11073-20701 §9.3); without a system the
/// code is of IEEE 11073-10101.
fn sdc_type(about: About, coded: &[u8], out: &mut dyn Sink) {
    let Some(code) = coded.rsplit(|&b| b == b'/').next().filter(|c| !c.is_empty()) else { return };
    let system = coded.split(|&b| b == b'/').next().unwrap_or_default();
    let is_ieee = matches!(system, b"" | b"urn:oid:1.2.840.10004.1.1.1.0.0.1");
    let system = if is_ieee { Cow::Borrowed("IEEE 11073-10101") } else { String::from_utf8_lossy(system) };
    out.say(about, &DEVICE, Value::Text(Cow::Owned(format!("{system} {}", String::from_utf8_lossy(code)))));
}

/// ONVIF scopes (ONVIF Core §7.3.2.2).
fn onvif(about: About, scope: &[u8], path: &[u8], out: &mut dyn Sink) {
    let Some((category, value)) = path.iter().position(|&b| b == b'/').and_then(|at| path.split_at_checked(at)) else { return };
    let mut text = Vec::new();
    percent_decode(value.strip_prefix(b"/").unwrap_or(value), &mut text);
    let field = match category.to_ascii_lowercase().as_slice() {
        b"hardware" => &HARDWARE,
        b"name" => &NAME,
        b"location" => &LOCATION,
        b"type" | b"profile" => return out.say(about, &SCOPE, Value::Octets(scope)),
        _ => return,
    };
    if !text.is_empty() {
        out.say(about, field, Value::Octets(&text));
    }
}

/// Replaces `%41` (RFC 3986 §2.1).
fn percent_decode(text: &[u8], out: &mut Vec<u8>) {
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        let escaped = tail.first_chunk::<2>().filter(|_| first == b'%').and_then(|pair| {
            let text = std::str::from_utf8(pair).ok()?;
            u8::from_str_radix(text, 16).ok()
        });
        out.push(escaped.unwrap_or(first));
        rest = if escaped.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, datagrams};
    use crate::protocol::Direction::{ToClient, ToServer};

    fn hello(types: &str, scopes: &str, addresses: &str) -> String {
        format!(
            "<?xml version='1.0'?><s:Envelope xmlns:d=\"http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01\"><s:Header>\
             <a:To>urn:x</a:To></s:Header><s:Body><d:Hello><a:EndpointReference>\
             <a:Address>urn:uuid:11112222-3333-4444-5555-666677778888</a:Address></a:EndpointReference><d:Types>{types}</d:Types>\
             <d:Scopes>{scopes}</d:Scopes><d:XAddrs>{addresses}</d:XAddrs></d:Hello></s:Body></s:Envelope>"
        )
    }

    #[test]
    fn a_medical_device() {
        let text = hello(
            "n0:Device n1:MedicalDevice",
            "sdc.mds.pkp:1.2.840.10004.20701.1.1 sdc.ctxt.loc:/x/A%2FB?fac=Clinic%201&amp;poc=ICU&amp;bed=3 \
             sdc.ctxt.pat:/x/1234567 sdc.cdc.type:/urn:oid:1.2.840.10004.1.1.1.0.0.1///69965 urn:other:free",
            "https://10.0.0.2:6464/a https://192.0.2.2:6464/a",
        );
        let lines = datagrams(&WsDiscovery, 3702, &[(ToClient, text.as_bytes())]);
        assert_eq!(
            lines.lines,
            [
                "sender wsd.address 11112222-3333-4444-5555-666677778888",
                "sender wsd.types Device",
                "sender wsd.types MedicalDevice",
                "sender wsd.scopes sdc.mds.pkp:1.2.840.10004.20701.1.1",
                "sender wsd.location Clinic 1 / ICU / 3",
                "conversation wsd.patient-context 1",
                "sender wsd.device-type IEEE 11073-10101 69965",
                "sender wsd.xaddrs https port 6464",
            ]
        );
        for end in 0..text.len() {
            let _ = datagrams(&WsDiscovery, 3702, &[(ToClient, &text.as_bytes()[..end])]);
        }
    }

    #[test]
    fn a_camera_that_a_proxy_announces() {
        let scopes = "onvif://www.onvif.org/hardware/Cam-3 onvif://www.onvif.org/name/Acme%20Cam onvif://www.onvif.org/location/";
        let text = hello("dn:NetworkVideoTransmitter", scopes, "http://10.0.0.44/onvif");
        let lines = datagrams(&WsDiscovery, 3702, &[(ToClient, text.as_bytes())]);
        assert_eq!(
            lines.lines[1..],
            [
                "10.0.0.44 wsd.types NetworkVideoTransmitter",
                "10.0.0.44 wsd.onvif-hardware Cam-3",
                "10.0.0.44 wsd.onvif-name Acme Cam",
                "10.0.0.44 wsd.xaddrs http port 80",
            ]
        );
    }

    #[test]
    fn probes() {
        let at = context(ToServer, 4000, 100);
        assert_eq!(WsDiscovery.probe(&at, hello("", "", "").as_bytes()), Verdict::Certain);
        assert_eq!(WsDiscovery.probe(&at, b"<html></html>"), Verdict::No);
        assert_eq!(WsDiscovery.probe(&at, b"GET / HTTP/1.1"), Verdict::No);
    }
}
