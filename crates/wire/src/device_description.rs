//! Documents in which a device describes itself over HTTP: UPnP device descriptions and DPWS metadata.
//!
//! Only elements that name the product are read. Friendly names are what an owner typed and are left out.

use std::net::IpAddr;

use model::FactKind;

use crate::bytes::find;
use crate::fact::{About, Field, Sink, Value};
use crate::xml::{Event, Scanner, unescape};

static UPNP_TYPE: Field = Field::new("upnp.deviceType", "UPnP device type", FactKind::Upnp);
static UPNP_MAKER: Field = Field::new("upnp.manufacturer", "UPnP manufacturer", FactKind::Maker);
static UPNP_MODEL: Field = Field::new("upnp.modelName", "UPnP model name", FactKind::Model);
static UPNP_NUMBER: Field = Field::new("upnp.modelNumber", "UPnP model number", FactKind::ProductName);
static UPNP_SERIAL: Field = Field::new("upnp.serialNumber", "UPnP serial number", FactKind::Serial);
static UPNP_UDN: Field = Field::new("upnp.UDN", "UPnP unique device name", FactKind::Uuid);
static UPNP_SOFTWARE: Field = Field::new("upnp.software", "UPnP device that is software", FactKind::Software);
static DPWS_MAKER: Field = Field::new("dpws.Manufacturer", "DPWS manufacturer", FactKind::Maker);
static DPWS_MODEL: Field = Field::new("dpws.ModelName", "DPWS model name", FactKind::Model);
static DPWS_NUMBER: Field = Field::new("dpws.ModelNumber", "DPWS model number", FactKind::ProductName);
static DPWS_FIRMWARE: Field = Field::new("dpws.FirmwareVersion", "DPWS firmware version", FactKind::Firmware);
static DPWS_SERIAL: Field = Field::new("dpws.SerialNumber", "DPWS serial number", FactKind::Serial);
static DPWS_TYPE: Field = Field::new("dpws.Types", "DPWS types", FactKind::DpwsType);
static DPWS_ADDRESS: Field = Field::new("dpws.EndpointReference", "DPWS endpoint reference", FactKind::Uuid);
static DPWS_COMPUTER: Field = Field::new("dpws.Computer", "WSD computer name", FactKind::HostName);
static DPWS_DOMAIN: Field = Field::new("dpws.Workgroup", "WSD workgroup or domain", FactKind::Domain);

/// The longest text that is taken out of an element.
const MAX_TEXT: usize = 256;
/// How deep elements are followed.
const MAX_DEPTH: usize = 24;

/// Media servers and renderers of these makers are programs on a computer; the computer is another maker's.
const SOFTWARE_MAKERS: [&[u8]; 8] = [
    b"microsoft corporation",
    b"justin maggard",
    b"plex, inc.",
    b"xbmc foundation",
    b"team kodi",
    b"emby",
    b"jellyfin",
    b"rygel developers",
];

/// Reads whichever of the documents it is out of a bounded HTTP body that its server sent; false where it is none.
pub(crate) fn read(body: &[u8], out: &mut dyn Sink) -> bool {
    let head = body.get(..body.len().min(4096)).unwrap_or(body);
    if !head.trim_ascii_start().starts_with(b"<") && !head.starts_with(b"\xef\xbb\xbf<") {
        return false;
    }
    if find(head, b"urn:schemas-upnp-org:device-1-0").is_some() {
        return upnp_description(body, out);
    }
    let is_dpws = [&b"ws-dd/ns/dpws/2009/01"[..], b"ws/2006/02/devprof"].iter().any(|ns| find(head, ns).is_some());
    is_dpws && dpws_metadata(body, out)
}

/// Element names from the root down, as far as [`MAX_DEPTH`].
pub(crate) struct Path<'a> {
    names: [&'a [u8]; MAX_DEPTH],
    depth: usize,
}

impl<'a> Path<'a> {
    pub(crate) const fn new() -> Self {
        Self { names: [b""; MAX_DEPTH], depth: 0 }
    }

    pub(crate) fn push(&mut self, name: &'a [u8]) {
        if let Some(slot) = self.names.get_mut(self.depth) {
            *slot = name;
        }
        self.depth = self.depth.saturating_add(1);
    }

    pub(crate) fn pop(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// The innermost open element; empty beyond the depth that is followed.
    pub(crate) fn leaf(&self) -> &'a [u8] {
        self.depth.checked_sub(1).and_then(|at| self.names.get(at)).copied().unwrap_or_default()
    }

    /// How many elements are open.
    pub(crate) const fn depth(&self) -> usize {
        self.depth
    }

    /// The open elements from a depth on.
    pub(crate) fn from(&self, depth: usize) -> &[&'a [u8]] {
        self.names.get(depth..self.depth.min(MAX_DEPTH)).unwrap_or_default()
    }

    /// The open element so many outside of the innermost.
    pub(crate) fn parent(&self, steps: usize) -> &'a [u8] {
        let at = self.depth.checked_sub(steps.saturating_add(1));
        at.and_then(|at| self.names.get(at)).copied().unwrap_or_default()
    }

    pub(crate) fn contains(&self, name: &[u8]) -> bool {
        self.names.iter().take(self.depth).any(|n| *n == name)
    }
}

/// Calls `take` with every text and the elements around it.
fn texts<'a>(body: &'a [u8], mut take: impl FnMut(&Path<'a>, &'a [u8])) {
    let mut path = Path::new();
    for event in Scanner::new(body) {
        match event {
            Event::Open(name, _) => path.push(name),
            Event::Close(_) => path.pop(),
            Event::Text(text) if text.len() <= MAX_TEXT && path.depth <= MAX_DEPTH => take(&path, text),
            Event::Text(_) => {}
        }
    }
}

/// Says a text of the sender, entities replaced.
pub(crate) fn say(out: &mut dyn Sink, field: &'static Field, text: &[u8]) {
    let text = unescape(text);
    let text = text.trim_ascii();
    if !text.is_empty() {
        out.say(About::Sender, field, Value::Octets(text));
    }
}

/// A UPnP device description (UPnP Device Architecture 2.0 §2.3): the root device's product and every device type.
pub(crate) fn upnp_description(body: &[u8], out: &mut dyn Sink) -> bool {
    let (mut maker, mut model, mut number, mut serial, mut udn_text, mut kind) = (None, None, None, None, None, None);
    texts(body, |path, text| {
        let slot = match path.leaf() {
            b"deviceType" => {
                say(out, &UPNP_TYPE, text);
                &mut kind
            }
            b"manufacturer" => &mut maker,
            b"modelName" => &mut model,
            b"modelNumber" => &mut number,
            b"serialNumber" => &mut serial,
            b"UDN" => &mut udn_text,
            _ => return,
        };
        // Embedded devices come behind the root device's own elements or are lists of parts of it.
        if !path.contains(b"deviceList") && slot.is_none() {
            *slot = Some(text);
        }
    });
    let Some(kind) = kind else { return false };
    if let Some(name) = udn_text.and_then(udn) {
        say(out, &UPNP_UDN, name);
    }
    if is_software(kind, maker) {
        model.into_iter().for_each(|text| say(out, &UPNP_SOFTWARE, text));
        return true;
    }
    let said = [(&UPNP_MAKER, maker), (&UPNP_MODEL, model), (&UPNP_NUMBER, number), (&UPNP_SERIAL, serial)];
    said.iter().for_each(|(field, text)| text.iter().for_each(|text| say(out, field, text)));
    true
}

fn is_software(kind: &[u8], maker: Option<&[u8]>) -> bool {
    let media = find(kind, b":MediaServer:").is_some() || find(kind, b":MediaRenderer:").is_some();
    media && maker.is_some_and(|m| SOFTWARE_MAKERS.iter().any(|s| m.to_ascii_lowercase().starts_with(s)))
}

/// The unique device name behind `uuid:`, up to `::`. Not every maker makes it a UUID; one that is short, or has few
/// different octets, is nobody's own.
pub(crate) fn udn(text: &[u8]) -> Option<&[u8]> {
    let text = text.strip_prefix(b"uuid:")?;
    let end = find(text, b"::").unwrap_or(text.len());
    let text = text.get(..end)?.trim_ascii();
    let plain = text.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(b));
    let distinct = text.iter().fold(0u128, |seen, &b| seen | 1u128.checked_shl(b.into()).unwrap_or(0)).count_ones();
    (plain && (12..=68).contains(&text.len()) && distinct >= 5).then_some(text)
}

/// The UUID behind `uuid:` or `urn:uuid:`; none where it is not one.
pub(crate) fn uuid(text: &[u8]) -> Option<&[u8]> {
    let text = text.strip_prefix(b"urn:").unwrap_or(text);
    let text = text.strip_prefix(b"uuid:").unwrap_or(text);
    let text = text.split(|b| b"/?:".contains(b)).next()?;
    let plain = text.iter().all(|b| b.is_ascii_hexdigit() || *b == b'-');
    // Makers shorten and lengthen them; an all-zero one is nobody's.
    (plain && (16..=40).contains(&text.len()) && text.iter().any(|b| !b"0-".contains(b))).then_some(text)
}

/// DPWS metadata in a WS-Transfer answer (DPWS 1.1 §5.1): `ThisModel`, `ThisDevice`, the types of host and hosted services.
pub(crate) fn dpws_metadata(body: &[u8], out: &mut dyn Sink) -> bool {
    let mut any = false;
    texts(body, |path, text| {
        let in_model = path.contains(b"ThisModel");
        let in_device = path.contains(b"ThisDevice");
        let in_host = path.contains(b"Host") && path.contains(b"Relationship");
        let field = match path.leaf() {
            b"Manufacturer" if in_model => &DPWS_MAKER,
            b"ModelName" if in_model => &DPWS_MODEL,
            b"ModelNumber" if in_model => &DPWS_NUMBER,
            b"FirmwareVersion" if in_device => &DPWS_FIRMWARE,
            b"SerialNumber" if in_device => &DPWS_SERIAL,
            b"Types" if path.contains(b"Relationship") => return types(&DPWS_TYPE, About::Sender, text, out),
            b"Computer" if in_host => return computer(text, out),
            b"Address" if in_host => {
                uuid(text).into_iter().for_each(|uuid| say(out, &DPWS_ADDRESS, uuid));
                return;
            }
            _ => return,
        };
        any = true;
        say(out, field, text);
    });
    any
}

/// A list of qualified names, said by their local parts.
pub(crate) fn types(field: &'static Field, about: About, list: &[u8], out: &mut dyn Sink) {
    for name in list.split(u8::is_ascii_whitespace).filter(|n| !n.is_empty()).take(32) {
        out.say(about, field, Value::Octets(crate::xml::local(name)));
    }
}

/// Windows publishes itself as `NAME/Workgroup:GROUP`, `NAME\Domain:DOMAIN` or `NAME/NotJoined` (MS-PBSD §2.2).
fn computer(text: &[u8], out: &mut dyn Sink) {
    let Some(at) = text.iter().position(|b| b"/\\".contains(b)) else { return };
    let (Some(name), Some(rest)) = (text.get(..at), text.get(at.saturating_add(1)..)) else { return };
    say(out, &DPWS_COMPUTER, name);
    if let Some(group) = [&b"Workgroup:"[..], b"Domain:"].iter().find_map(|p| rest.strip_prefix(*p)) {
        say(out, &DPWS_DOMAIN, group);
    }
}

/// Host, port and whether it is TLS, of an `http` or `https` address.
pub(crate) fn http_address(url: &[u8]) -> Option<(Option<IpAddr>, u16, bool)> {
    let (rest, secure) = match (url.strip_prefix(b"https://"), url.strip_prefix(b"http://")) {
        (Some(rest), _) => (rest, true),
        (_, Some(rest)) => (rest, false),
        _ => return None,
    };
    let authority = std::str::from_utf8(rest.split(|b| b"/?".contains(b)).next()?).ok()?;
    let (host, port) = match authority.strip_prefix('[') {
        Some(v6) => v6.split_once(']').map(|(host, port)| (host, port.strip_prefix(':')))?,
        None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    let port = match port {
        Some(port) => port.parse().ok()?,
        None if secure => 443,
        None => 80,
    };
    let host = host.split('%').next().and_then(|h| h.parse().ok());
    Some((host, port, secure))
}

/// Whom an announcement with these addresses is about: the sender, or, where it speaks for another, the first address of
/// the family it was sent with.
pub(crate) fn announcer(source: Option<IpAddr>, addresses: impl Iterator<Item = IpAddr>) -> About {
    let Some(source) = source else { return About::Sender };
    let mut other = None;
    for address in addresses {
        if address == source {
            return About::Sender;
        }
        if address.is_ipv4() == source.is_ipv4() && !address.is_loopback() && !address.is_unspecified() {
            other = other.or(Some(address));
        }
    }
    other.map_or(About::Sender, About::Ip)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::Lines;

    fn lines(body: &[u8]) -> Vec<String> {
        let mut out = Lines::default();
        assert!(read(body, &mut out));
        for end in 0..body.len() {
            let _ = read(&body[..end], &mut Lines::default());
        }
        out.lines
    }

    #[test]
    fn a_upnp_camera() {
        let body = b"<?xml version=\"1.0\"?><root xmlns=\"urn:schemas-upnp-org:device-1-0\"><device>\
            <deviceType>urn:schemas-upnp-org:device:Basic:1</deviceType><friendlyName>A person's camera</friendlyName>\
            <manufacturer>Acme &amp; Co</manufacturer><modelName>Cam 3</modelName><serialNumber>77</serialNumber>\
            <UDN>uuid:11112222-3333-4444-5555-666677778888</UDN><deviceList><device>\
            <deviceType>urn:x:device:Part:1</deviceType><manufacturer>Other</manufacturer></device></deviceList></device></root>";
        assert_eq!(
            lines(body),
            [
                "sender upnp.deviceType urn:schemas-upnp-org:device:Basic:1",
                "sender upnp.deviceType urn:x:device:Part:1",
                "sender upnp.UDN 11112222-3333-4444-5555-666677778888",
                "sender upnp.manufacturer Acme & Co",
                "sender upnp.modelName Cam 3",
                "sender upnp.serialNumber 77",
            ]
        );
    }

    #[test]
    fn a_media_server_program_is_no_maker() {
        let body = b"<root xmlns=\"urn:schemas-upnp-org:device-1-0\"><device>\
            <deviceType>urn:schemas-upnp-org:device:MediaServer:1</deviceType><manufacturer>Microsoft Corporation</manufacturer>\
            <modelName>Windows Media Player Sharing</modelName></device></root>";
        assert_eq!(lines(body)[1..], ["sender upnp.software Windows Media Player Sharing"]);
    }

    #[test]
    fn dpws() {
        let body = b"<s:Envelope xmlns:d=\"http://docs.oasis-open.org/ws-dd/ns/dpws/2009/01\"><m:Metadata><m:MetadataSection>\
            <d:ThisModel><d:Manufacturer>Acme</d:Manufacturer><d:ModelName>Pump 1</d:ModelName></d:ThisModel></m:MetadataSection>\
            <d:ThisDevice><d:FriendlyName>Bed 4</d:FriendlyName><d:FirmwareVersion>2.1</d:FirmwareVersion>\
            <d:SerialNumber>S1</d:SerialNumber></d:ThisDevice><d:Relationship><d:Host><d:Types>x:Device y:MedicalDevice</d:Types>\
            <p:Computer>WS-1/Workgroup:WARD</p:Computer></d:Host></d:Relationship></m:Metadata></s:Envelope>";
        assert_eq!(
            lines(body),
            [
                "sender dpws.Manufacturer Acme",
                "sender dpws.ModelName Pump 1",
                "sender dpws.FirmwareVersion 2.1",
                "sender dpws.SerialNumber S1",
                "sender dpws.Types Device",
                "sender dpws.Types MedicalDevice",
                "sender dpws.Computer WS-1",
                "sender dpws.Workgroup WARD",
            ]
        );
    }

    #[test]
    fn addresses() {
        assert_eq!(http_address(b"https://10.0.0.9:6464/abc"), Some(("10.0.0.9".parse().ok(), 6464, true)));
        assert_eq!(http_address(b"http://[fe80::1%25eth0]/x"), Some(("fe80::1".parse().ok(), 80, false)));
        assert_eq!(http_address(b"http://host:99999/"), None);
        assert_eq!(http_address(b"soap.udp://10.0.0.9"), None);
        assert_eq!(uuid(b"urn:uuid:00000000-0000-0000-0000-000000001234"), Some(&b"00000000-0000-0000-0000-000000001234"[..]));
        assert_eq!(uuid(b"uuid:00000000-0000-0000-0000-000000000000"), None);
    }
}
