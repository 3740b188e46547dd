//! What a client says.

use std::borrow::Cow;
use std::fmt::Write;
use std::net::IpAddr;

use model::FactKind;

use super::{Message, options, usable};
use crate::bytes::Cursor;
use crate::fact::{About, Field, Sink, Value};
use crate::protocol::Context;

static HOST_NAME: Field = Field::new("dhcp.option12", "DHCP host name (option 12)", FactKind::HostName);
static HOST_FQDN: Field = Field::new("dhcp.option12", "DHCP host name (option 12)", FactKind::Fqdn);
static CLIENT_FQDN: Field = Field::new("dhcp.option81", "DHCP client FQDN (option 81)", FactKind::Fqdn);
static CLIENT_NAME: Field = Field::new("dhcp.option81", "DHCP client FQDN (option 81)", FactKind::HostName);
static VENDOR_CLASS: Field = Field::new("dhcp.option60", "DHCP vendor class (option 60)", FactKind::VendorClass);
static PARAMETERS: Field = Field::new("dhcp.option55", "DHCP parameter request list (option 55)", FactKind::DhcpParameters);
static CLIENT_ID: Field = Field::new("dhcp.option61", "DHCP client identifier (option 61)", FactKind::DhcpClientId);
static MACHINE_ID: Field = Field::new("dhcp.option97", "DHCP client machine identifier (option 97)", FactKind::Uuid);
static VENDOR_TEXT: Field = Field::new("dhcp.option43", "DHCP vendor-specific information (option 43)", FactKind::VendorClass);
static VENDOR_IDENTIFYING: Field =
    Field::new("dhcp.option124", "DHCP vendor-identifying class (option 124)", FactKind::VendorClass);
static DEVICE_SERIAL: Field = Field::new("dhcp.option125-2", "DHCP device serial number (option 125, TR-069)", FactKind::Serial);
static DEVICE_CLASS: Field = Field::new("dhcp.option125-3", "DHCP device product class (option 125, TR-069)", FactKind::Model);
static IN_USE: Field = Field::new("dhcp.ciaddr", "DHCP client address in use", FactKind::Binding);
pub(super) static RELAY: Field = Field::new("dhcp.giaddr", "DHCP relay agent address", FactKind::Router);

/// The Broadband Forum's enterprise number: its option 125 names a device (TR-069 annex F).
const BROADBAND_FORUM: u32 = 3561;
/// More than this in a vendor's own option is no label.
const MAX_LABEL: usize = 64;

/// Says what a request says of its sender.
pub(super) fn tell(message: &Message, _context: &Context, payload: &[u8], out: &mut dyn Sink) {
    if usable(message.relay) {
        out.say(About::Ip(message.relay.into()), &RELAY, Value::Yes);
    }
    let Some(about) = message.about_client() else { return };
    // In a decline (4) the client says that the address is somebody else's, with a release (7) it lets go of it.
    if let Some(mac) = message.mac
        && usable(message.client)
        && matches!(message.kind, 3 | 8)
    {
        out.say(About::Both(mac, IpAddr::V4(message.client)), &IN_USE, Value::Yes);
    }
    let _ = options::each(payload, &mut |code, value| option(code, value, about, out));
}

fn option(code: u8, value: &[u8], about: About, out: &mut dyn Sink) {
    match code {
        12 => host_name(value, about, out),
        43 if is_label(value) => out.say(about, &VENDOR_TEXT, Value::Octets(value)),
        55 => out.say(about, &PARAMETERS, Value::Text(Cow::Owned(joined(value)))),
        60 if !value.is_empty() => out.say(about, &VENDOR_CLASS, Value::Octets(value)),
        61 if value.len() > 1 => out.say(about, &CLIENT_ID, Value::Hex(value)),
        81 => fqdn(value, about, out),
        // Kind 0 is a UUID (RFC 4578 §2.3); all zeros and all ones are those of boards that never got one.
        97 => match value {
            [0, id @ ..] if id.len() == 16 && id.iter().any(|octet| *octet != 0) && id.iter().any(|octet| *octet != 0xff) => {
                out.say(about, &MACHINE_ID, Value::Hex(id));
            }
            _ => {}
        },
        124 => drop(vendor_class(value, about, out)),
        125 => drop(vendor_information(value, about, out)),
        _ => {}
    }
}

pub(super) fn host_name(value: &[u8], about: About, out: &mut dyn Sink) {
    let name = without_root(value);
    out.say(about, name_field(name, &HOST_NAME, &HOST_FQDN), Value::Octets(name));
}

/// A name with a dot is a fully qualified one.
pub(crate) fn name_field(name: &[u8], single: &'static Field, qualified: &'static Field) -> &'static Field {
    if name.contains(&b'.') { qualified } else { single }
}

/// The name without the dot of the root.
fn without_root(name: &[u8]) -> &[u8] {
    name.strip_suffix(b".").unwrap_or(name)
}

/// Numbers joined by commas.
fn joined(value: &[u8]) -> String {
    let mut text = String::with_capacity(value.len().saturating_mul(4));
    for (place, number) in value.iter().enumerate() {
        let _ = if place == 0 { write!(text, "{number}") } else { write!(text, ",{number}") };
    }
    text
}

/// RFC 4702 §2: flags, two result codes, and the name as labels (the E bit) or as text.
pub(super) fn fqdn(value: &[u8], about: About, out: &mut dyn Sink) {
    let Some((&[flags, _, _], name)) = value.split_first_chunk() else {
        return out.malformed("DHCP client FQDN too short");
    };
    if flags & 0x04 == 0 {
        let name = without_root(name);
        if !name.is_empty() {
            out.say(about, name_field(name, &CLIENT_NAME, &CLIENT_FQDN), Value::Octets(name));
        }
        return;
    }
    if let Some(name) = labels(name) {
        out.say(about, name_field(name.as_bytes(), &CLIENT_NAME, &CLIENT_FQDN), Value::Text(Cow::Owned(name)));
    }
}

/// A domain name in labels (RFC 1035 §3.1), uncompressed, maybe without its end. `None` when there is no name in it.
pub(crate) fn labels(bytes: &[u8]) -> Option<String> {
    let mut cursor = Cursor::new(bytes);
    let mut name = String::new();
    // Each turn takes one octet or more.
    while let Some(len @ 1..=63) = cursor.u8() {
        let label = cursor.take(usize::from(len))?;
        if !name.is_empty() {
            name.push('.');
        }
        name.push_str(&String::from_utf8_lossy(label));
    }
    (!name.is_empty() && name.len() <= 255).then_some(name)
}

/// RFC 3925 §3. The enterprise number is of whoever wrote the client, which says nothing of the device's maker.
fn vendor_class(value: &[u8], about: About, out: &mut dyn Sink) -> Option<()> {
    let mut cursor = Cursor::new(value);
    let _enterprise = cursor.u32()?;
    let len = cursor.u8()?;
    let class = cursor.take(len.into())?;
    if is_label(class) {
        out.say(about, &VENDOR_IDENTIFYING, Value::Octets(class));
    }
    Some(())
}

/// RFC 3925 §4, of which the Broadband Forum's device identity is read.
fn vendor_information(value: &[u8], about: About, out: &mut dyn Sink) -> Option<()> {
    let mut cursor = Cursor::new(value);
    if cursor.u32()? != BROADBAND_FORUM {
        return None;
    }
    let len = cursor.u8()?;
    let mut inner = Cursor::new(cursor.take(len.into())?);
    // Each turn takes two octets or more.
    while let (Some(code), Some(len)) = (inner.u8(), inner.u8()) {
        let text = inner.take(len.into())?;
        match code {
            2 if is_label(text) => out.say(about, &DEVICE_SERIAL, Value::Octets(text)),
            3 if is_label(text) => out.say(about, &DEVICE_CLASS, Value::Octets(text)),
            _ => {}
        }
    }
    Some(())
}

/// Short printable text, as a vendor's label is.
fn is_label(value: &[u8]) -> bool {
    (3..=MAX_LABEL).contains(&value.len()) && value.iter().all(|octet| matches!(octet, 0x20..=0x7e))
}
