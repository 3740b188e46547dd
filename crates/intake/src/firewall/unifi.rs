//! UniFi Network (help.ui.com, "UniFi System Logs & SIEM Integration"): messages in CEF, the fields of which begin with `UNIFI`.

use model::{Endpoint, FactKind};
use wire::{Field, Value};

use crate::Emit;
use crate::talk::{Login, LoginFields, login_fields, way};
use crate::text::{after, ip, mac, split};

static LOGIN: LoginFields = login_fields!("unifi", "UniFi log");
static NAME: Field = Field::new("unifi.client-hostname", "host name of a client (UniFi log)", FactKind::HostName);
static BOUND: Field = Field::new("unifi.client-ip", "address of a client (UniFi log)", FactKind::Binding);
static PORT: Field = Field::new("unifi.connected-to", "switch and port, or access point (UniFi log)", FactKind::PortId);

/// The value of a key: up to the next key, for values are not quoted.
fn value<'a>(body: &'a [u8], key: &[u8]) -> &'a [u8] {
    let Some(rest) = after(body, key) else { return &[] };
    let Some(equals) = memchr::memchr(b'=', rest) else { return rest.trim_ascii() };
    let until = rest.get(..equals).unwrap_or(rest);
    let end = until.iter().rposition(|b| *b == b' ').unwrap_or(until.len());
    rest.get(..end).unwrap_or(rest).trim_ascii()
}

/// Reads what follows `CEF:`.
pub(crate) fn read(body: &[u8], out: &mut Emit<'_>) {
    if split(body, b"|").is_none_or(|(_, rest)| !rest.starts_with(b"Ubiquiti|")) {
        return;
    }
    let admin = value(body, b" UNIFIadmin=");
    if !admin.is_empty() && after(body, b"|Admin Accessed ").is_some() {
        let (from, by) = (ip(value(body, b" src=")), value(body, b" UNIFIaccessMethod="));
        return Login { account: admin, from, to: ip(value(body, b" UNIFIhostIp=")), way: way(by), succeeded: true }
            .tell(&LOGIN, out);
    }
    let Some(client) = mac(value(body, b"UNIFIclientMac=")) else { return };
    let holder = Endpoint { mac: Some(client), ip: ip(value(body, b" UNIFIclientIp=")) };
    if holder.ip.is_some() {
        out.say(holder, &BOUND, &Value::Yes);
    }
    let name = value(body, b" UNIFIclientHostname=");
    out.say(holder, &NAME, &Value::Octets(name));
    let (device, port) = (value(body, b" UNIFIconnectedToDeviceName="), value(body, b" UNIFIconnectedToDevicePort="));
    if !device.is_empty() {
        let place = [device, if port.is_empty() { b"" } else { b" port " }, port].concat();
        out.say(holder, &PORT, &Value::Octets(&place));
    }
}
