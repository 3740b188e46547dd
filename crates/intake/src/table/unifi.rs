//! UniFi Network's list of clients (`/api/s/default/stat/sta`, `/rest/user`, and the page's export): JSON.

use model::{Endpoint, FactKind};
use serde_json::{Map, Value as Json};
use wire::{Field, Value};

use crate::text::{ip, mac};
use crate::{Emit, Fit, Info, Kind, Lines};

static BOUND: Field = Field::new("unifi.client-ip", "address of a client (UniFi export)", FactKind::Binding);
static NAME: Field = Field::new("unifi.client-hostname", "host name of a client (UniFi export)", FactKind::HostName);
static PORT: Field = Field::new("unifi.connected-to", "switch and port, or access point (UniFi export)", FactKind::PortId);
static VLAN: Field = Field::new("unifi.vlan", "VLAN of a client (UniFi export)", FactKind::Vlan);

/// Clients.
pub struct Clients;

static INFO: Info = Info {
    id: "unifi-clients",
    name: "UniFi clients (JSON)",
    doc: "The list of clients of a UniFi controller as JSON: MAC address, last address, host name, switch port or access point, VLAN. The \
          alias that a person typed is not read.",
};

impl Kind for Clients {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn fits(&self, lines: &[&[u8]]) -> Fit {
        let is_json = lines.first().is_some_and(|line| line.starts_with(b"{") || line.starts_with(b"["));
        let has = |key: &[u8]| lines.iter().any(|line| memchr::memmem::find(line, key).is_some());
        let is_unifi =
            [&b"\"sw_mac\""[..], b"\"ap_mac\"", b"\"is_wired\"", b"\"last_ip\"", b"\"site_id\""].iter().any(|key| has(key));
        if is_json && has(b"\"mac\"") && is_unifi { Fit::Surely } else { Fit::No }
    }

    fn reader(&self) -> Box<dyn Lines> {
        Box::new(Document::default())
    }
}

/// The largest document that is read, in bytes.
const MAX_BYTES: usize = 64 << 20;

/// JSON spread over lines: read as a whole at the end.
#[derive(Default)]
struct Document {
    text: Vec<u8>,
    too_long: bool,
}

impl Lines for Document {
    fn line(&mut self, line: &[u8], _out: &mut Emit<'_>) -> Result<(), &'static str> {
        if self.too_long {
            return Ok(());
        }
        if self.text.len().saturating_add(line.len()) > MAX_BYTES {
            self.too_long = true;
            return Err("larger than 64 MB; export fewer clients at once");
        }
        self.text.extend_from_slice(line);
        self.text.push(b'\n');
        Ok(())
    }

    fn end(&mut self, out: &mut Emit<'_>) -> Result<(), &'static str> {
        if self.too_long || self.text.trim_ascii().is_empty() {
            return Ok(());
        }
        let whole: Json = serde_json::from_slice(&self.text).map_err(|_| "no JSON document")?;
        let list = whole.get("data").unwrap_or(&whole).as_array().ok_or("no list of clients")?;
        for (number, client) in (1..).zip(list) {
            out.frame.frame = number;
            if let Some(client) = client.as_object() {
                tell(client, out);
            }
        }
        Ok(())
    }
}

fn tell(client: &Map<String, Json>, out: &mut Emit<'_>) {
    let text = |key: &str| client.get(key).and_then(Json::as_str).unwrap_or_default();
    let Some(hardware) = mac(text("mac").as_bytes()) else { return };
    let address = ["ip", "last_ip", "fixed_ip"].iter().find_map(|key| ip(text(key).as_bytes()));
    let seen = client.get("last_seen").and_then(Json::as_i64).filter(|seconds| *seconds > 0);
    out.at(seen.map_or(out.clock.reference, |seconds| model::Timestamp::from_parts(seconds, 0)));
    let holder = Endpoint { mac: Some(hardware), ip: address };
    if address.is_some() {
        out.say(holder, &BOUND, &Value::Yes);
    }
    out.say(holder, &NAME, &Value::Text(text("hostname").into()));
    let number = |key: &str| client.get(key).and_then(Json::as_u64);
    let switch = if text("last_uplink_name").is_empty() { text("sw_mac") } else { text("last_uplink_name") };
    if let Some(port) = number("sw_port").filter(|_| !switch.is_empty()) {
        out.say(holder, &PORT, &Value::Text(format!("{switch} port {port}").into()));
    } else if !text("ap_mac").is_empty() {
        out.say(holder, &PORT, &Value::Text(format!("access point {}", text("ap_mac")).into()));
    }
    if let Some(vlan) = number("vlan").filter(|vlan| *vlan > 0) {
        out.say(holder, &VLAN, &Value::Number(vlan));
    }
}
