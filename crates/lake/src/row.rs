//! The rows of history: a flow, and an event (a fact that a sensor stated), as plain structs.

use std::borrow::Cow;
use std::net::IpAddr;

use model::observation::{Fact, FlowRecord, Opening, Subject};
use model::{Endpoint, FactKind, FactValue, FrameRef, MacAddr, Timestamp, Transport};

use crate::column::{Column, Row};
use crate::manifest::Kind;

/// Where rows come from. Tenant and site decide the folder and who may read them.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// Id of the tenant.
    pub tenant: String,
    /// Id of the site.
    pub site: String,
    /// Id of the sensor.
    pub sensor: String,
}

/// One end of a flow, or whom an event is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct End {
    /// Id of the device as it was known when the row was taken in; a later merge or split does not change it.
    pub device: Option<String>,
    /// Link-layer address; a router's where the end is behind one.
    pub mac: Option<MacAddr>,
    /// Network address.
    pub ip: Option<IpAddr>,
}

impl End {
    fn of(endpoint: &Endpoint, device: &mut impl FnMut(&Endpoint) -> Option<String>) -> Self {
        Self { device: device(endpoint), mac: endpoint.mac, ip: endpoint.ip }
    }
}

/// A flow that ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    /// Where it comes from.
    pub origin: Origin,
    /// First packet.
    pub first: Timestamp,
    /// Last packet. The time by which flows are ordered, kept and dropped.
    pub last: Timestamp,
    /// Who asks.
    pub client: End,
    /// Who answers.
    pub server: End,
    /// Name by which the client asked for the server, where that was seen.
    pub server_name: Option<String>,
    /// `tcp`, `udp`, `ip/47`, `link/34958`.
    pub transport: String,
    /// The service's port; 0 without one.
    pub port: u16,
    /// Protocol id when the bytes showed one.
    pub protocol: Option<String>,
    /// Packets from client to server.
    pub packets_to_server: u64,
    /// Bytes from client to server.
    pub bytes_to_server: u64,
    /// Packets from server to client.
    pub packets_to_client: u64,
    /// Bytes from server to client.
    pub bytes_to_client: u64,
    /// How it was encrypted, such as `TLS 1.2`; none where it was not, or where that is not known.
    pub encryption: Option<String>,
    /// Fields with protected health information that crossed readable.
    pub phi: u32,
    /// `unknown`, `unanswered`, `refused` or `opened`.
    pub opening: String,
    /// VLAN id of the first packet, 0 without.
    pub vlan: u16,
}

/// What a flow record does not say of itself and the hub knows.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// See [`Flow::server_name`].
    pub server_name: Option<String>,
    /// See [`Flow::encryption`].
    pub encryption: Option<String>,
    /// See [`Flow::phi`].
    pub phi: u32,
}

impl Flow {
    /// The row of a flow record; `device` names the device of an endpoint where one is known.
    pub fn of(origin: &Origin, record: &FlowRecord, known: Known, mut device: impl FnMut(&Endpoint) -> Option<String>) -> Self {
        Self {
            origin: origin.clone(),
            first: record.first,
            last: record.last,
            client: End::of(&record.key.client, &mut device),
            server: End::of(&record.key.server, &mut device),
            server_name: known.server_name,
            transport: transport(record.key.transport).into_owned(),
            port: record.key.port,
            protocol: record.protocol.as_deref().map(str::to_owned),
            packets_to_server: record.to_server.packets,
            bytes_to_server: record.to_server.bytes,
            packets_to_client: record.to_client.packets,
            bytes_to_client: record.to_client.bytes,
            encryption: known.encryption,
            phi: known.phi,
            opening: opening(record.opening).to_owned(),
            vlan: record.vlan,
        }
    }
}

/// A fact that a sensor stated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Where it comes from.
    pub origin: Origin,
    /// Capture time.
    pub time: Timestamp,
    /// Whom it is about; of a conversation, the client.
    pub subject: End,
    /// The server, where it is about a conversation.
    pub server: Option<End>,
    /// As of a flow, where it is about a conversation.
    pub transport: Option<String>,
    /// The service's port, where it is about a conversation.
    pub port: Option<u16>,
    /// What it means, as observations write it (`host_name`, `login_failed`); `phi` with the kind behind a stroke (`phi/name`).
    pub kind: String,
    /// What it says, as text.
    pub value: Option<String>,
    /// What it says, where that is a number: a count, or nanoseconds of a clock's offset.
    pub number: Option<i64>,
    /// Protocol it was read from.
    pub protocol: String,
    /// Field id.
    pub field: String,
    /// Index of the source at the sensor.
    pub source: u32,
    /// Number of the frame in the source.
    pub frame: u64,
}

impl Event {
    /// The row of a fact; `device` names the device of an endpoint where one is known. None for what must never be kept.
    pub fn of(origin: &Origin, fact: &Fact, mut device: impl FnMut(&Endpoint) -> Option<String>) -> Option<Self> {
        if fact.kind == FactKind::Credential {
            return None;
        }
        let (value, number) = value(&fact.value);
        let (subject, key) = match &fact.subject {
            Subject::Endpoint(endpoint) => (endpoint, None),
            Subject::Conversation(key) => (&key.client, Some(key)),
        };
        Some(Self {
            origin: origin.clone(),
            time: fact.time,
            subject: End::of(subject, &mut device),
            server: key.map(|key| End::of(&key.server, &mut device)),
            transport: key.map(|key| transport(key.transport).into_owned()),
            port: key.map(|key| key.port),
            kind: kind(fact.kind),
            value,
            number,
            protocol: fact.protocol.to_string(),
            field: fact.field.to_string(),
            source: fact.frame.source,
            frame: fact.frame.frame,
        })
    }

    /// The evidence.
    #[must_use]
    pub const fn frame_ref(&self) -> FrameRef {
        FrameRef { source: self.source, frame: self.frame }
    }
}

fn transport(transport: Transport) -> Cow<'static, str> {
    match transport {
        Transport::Tcp => "tcp".into(),
        Transport::Udp => "udp".into(),
        Transport::Ip(protocol) => format!("ip/{protocol}").into(),
        Transport::Link(ethertype) => format!("link/{ethertype}").into(),
    }
}

const fn opening(opening: Opening) -> &'static str {
    match opening {
        Opening::Unknown => "unknown",
        Opening::Unanswered => "unanswered",
        Opening::Refused => "refused",
        Opening::Opened => "opened",
    }
}

/// As observations write it: a word, or an object of one word for PHI.
fn kind(kind: FactKind) -> String {
    match serde_json::to_value(kind) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(serde_json::Value::Object(object)) => {
            let pair = object.iter().next().and_then(|(outer, inner)| Some(format!("{outer}/{}", inner.as_str()?)));
            pair.unwrap_or_default()
        }
        _ => String::new(),
    }
}

fn value(value: &FactValue) -> (Option<String>, Option<i64>) {
    match value {
        FactValue::Text(text) => (Some(text.to_string()), None),
        FactValue::Number(number) => (None, Some(i64::try_from(*number).unwrap_or(i64::MAX))),
        FactValue::Ip(ip) => (Some(ip.to_string()), None),
        FactValue::Mac(mac) => (Some(mac.to_string()), None),
        FactValue::Time(time) => (Some(time.to_string()), None),
        FactValue::ClockOffset(nanos) => (None, Some(*nanos)),
        FactValue::Yes => (None, None),
    }
}

type Text<'a> = Option<Cow<'a, str>>;

fn text(text: &str) -> Text<'_> {
    Some(Cow::Borrowed(text))
}

fn maybe(text: Option<&String>) -> Text<'_> {
    text.map(|text| Cow::Borrowed(text.as_str()))
}

fn shown<T: ToString>(value: Option<T>) -> Text<'static> {
    value.map(|value| Cow::Owned(value.to_string()))
}

fn owned(text: Option<&str>) -> String {
    text.unwrap_or_default().to_owned()
}

fn read<T: std::str::FromStr>(text: Option<&str>) -> Option<T> {
    text.and_then(|text| text.parse().ok())
}

fn long(number: u64) -> Option<i64> {
    Some(i64::try_from(number).unwrap_or(i64::MAX))
}

fn back<T: TryFrom<i64> + Default>(number: Option<i64>) -> T {
    number.and_then(|number| T::try_from(number).ok()).unwrap_or_default()
}

impl Row for Flow {
    const KIND: Kind = Kind::Flow;
    const TIME: &'static str = "last";
    const ORDER: &'static [&'static str] =
        &["client_device", "client_ip", "client_mac", "server_ip", "server_mac", "port", "first"];

    fn origin(&self) -> &Origin {
        &self.origin
    }

    fn time(&self) -> Timestamp {
        self.last
    }

    fn begin(&self) -> Timestamp {
        self.first.min(self.last)
    }

    fn columns() -> &'static [Column<Self>] {
        FLOW
    }
}

type OfFlow = Column<Flow>;
type OfEvent = Column<Event>;

/// The columns of the table `flow`.
static FLOW: &[Column<Flow>] = &[
    OfFlow::text("tenant", |r| text(&r.origin.tenant), |r, v| r.origin.tenant = owned(v)),
    OfFlow::text("site", |r| text(&r.origin.site), |r, v| r.origin.site = owned(v)),
    OfFlow::text("sensor", |r| text(&r.origin.sensor), |r, v| r.origin.sensor = owned(v)),
    OfFlow::time("first", |r| Some(r.first), |r, v| r.first = v.unwrap_or_default()),
    OfFlow::time("last", |r| Some(r.last), |r, v| r.last = v.unwrap_or_default()),
    OfFlow::text("client_device", |r| maybe(r.client.device.as_ref()), |r, v| r.client.device = v.map(str::to_owned)).sought(),
    OfFlow::text("client_mac", |r| shown(r.client.mac), |r, v| r.client.mac = read(v)).sought(),
    OfFlow::text("client_ip", |r| shown(r.client.ip), |r, v| r.client.ip = read(v)).sought(),
    OfFlow::text("server_device", |r| maybe(r.server.device.as_ref()), |r, v| r.server.device = v.map(str::to_owned)).sought(),
    OfFlow::text("server_mac", |r| shown(r.server.mac), |r, v| r.server.mac = read(v)).sought(),
    OfFlow::text("server_ip", |r| shown(r.server.ip), |r, v| r.server.ip = read(v)).sought(),
    OfFlow::text("server_name", |r| maybe(r.server_name.as_ref()), |r, v| r.server_name = v.map(str::to_owned)).sought(),
    OfFlow::text("transport", |r| text(&r.transport), |r, v| r.transport = owned(v)),
    OfFlow::number("port", |r| long(r.port.into()), |r, v| r.port = back(v)),
    OfFlow::text("protocol", |r| maybe(r.protocol.as_ref()), |r, v| r.protocol = v.map(str::to_owned)),
    OfFlow::number("packets_to_server", |r| long(r.packets_to_server), |r, v| r.packets_to_server = back(v)),
    OfFlow::number("bytes_to_server", |r| long(r.bytes_to_server), |r, v| r.bytes_to_server = back(v)),
    OfFlow::number("packets_to_client", |r| long(r.packets_to_client), |r, v| r.packets_to_client = back(v)),
    OfFlow::number("bytes_to_client", |r| long(r.bytes_to_client), |r, v| r.bytes_to_client = back(v)),
    OfFlow::text("encryption", |r| maybe(r.encryption.as_ref()), |r, v| r.encryption = v.map(str::to_owned)),
    OfFlow::number("phi", |r| long(r.phi.into()), |r, v| r.phi = back(v)),
    OfFlow::text("opening", |r| text(&r.opening), |r, v| r.opening = owned(v)),
    OfFlow::number("vlan", |r| long(r.vlan.into()), |r, v| r.vlan = back(v)),
];

impl Row for Event {
    const KIND: Kind = Kind::Event;
    const TIME: &'static str = "time";
    const ORDER: &'static [&'static str] = &["device", "ip", "mac", "kind", "time"];

    fn origin(&self) -> &Origin {
        &self.origin
    }

    fn time(&self) -> Timestamp {
        self.time
    }

    fn begin(&self) -> Timestamp {
        self.time
    }

    fn columns() -> &'static [Column<Self>] {
        EVENT
    }
}

fn server(row: &Event) -> Option<&End> {
    row.server.as_ref()
}

/// The server of an event that is being read back; made by the first column that has something to say of it.
fn set_server(row: &mut Event, value: Option<&str>, set: impl FnOnce(&mut End, &str)) {
    if let Some(value) = value {
        set(row.server.get_or_insert_with(End::default), value);
    }
}

/// The columns of the table `event`.
static EVENT: &[Column<Event>] = &[
    OfEvent::text("tenant", |r| text(&r.origin.tenant), |r, v| r.origin.tenant = owned(v)),
    OfEvent::text("site", |r| text(&r.origin.site), |r, v| r.origin.site = owned(v)),
    OfEvent::text("sensor", |r| text(&r.origin.sensor), |r, v| r.origin.sensor = owned(v)),
    OfEvent::time("time", |r| Some(r.time), |r, v| r.time = v.unwrap_or_default()),
    OfEvent::text("device", |r| maybe(r.subject.device.as_ref()), |r, v| r.subject.device = v.map(str::to_owned)).sought(),
    OfEvent::text("mac", |r| shown(r.subject.mac), |r, v| r.subject.mac = read(v)).sought(),
    OfEvent::text("ip", |r| shown(r.subject.ip), |r, v| r.subject.ip = read(v)).sought(),
    OfEvent::text(
        "server_device",
        |r| server(r).and_then(|end| maybe(end.device.as_ref())),
        |r, v| set_server(r, v, |end, v| end.device = Some(v.to_owned())),
    )
    .sought(),
    OfEvent::text(
        "server_mac",
        |r| server(r).and_then(|end| shown(end.mac)),
        |r, v| set_server(r, v, |end, v| end.mac = read(Some(v))),
    )
    .sought(),
    OfEvent::text(
        "server_ip",
        |r| server(r).and_then(|end| shown(end.ip)),
        |r, v| set_server(r, v, |end, v| end.ip = read(Some(v))),
    )
    .sought(),
    OfEvent::text("transport", |r| maybe(r.transport.as_ref()), |r, v| r.transport = v.map(str::to_owned)),
    OfEvent::number("port", |r| r.port.map(i64::from), |r, v| r.port = v.and_then(|v| u16::try_from(v).ok())),
    OfEvent::text("kind", |r| text(&r.kind), |r, v| r.kind = owned(v)),
    OfEvent::text("value", |r| maybe(r.value.as_ref()), |r, v| r.value = v.map(str::to_owned)).sought(),
    OfEvent::number("number", |r| r.number, |r, v| r.number = v),
    OfEvent::text("protocol", |r| text(&r.protocol), |r, v| r.protocol = owned(v)),
    OfEvent::text("field", |r| text(&r.field), |r, v| r.field = owned(v)),
    OfEvent::number("source", |r| long(r.source.into()), |r, v| r.source = back(v)),
    OfEvent::number("frame", |r| long(r.frame), |r, v| r.frame = back(v)),
];
