//! What is known after observations were put together: devices, conversations, findings, and what could not be seen.
//!
//! These are the shapes of `medwarden inspect --format json`; their JSON Schema is generated from here. Maps and lists are
//! ordered by their contents, so that the same input gives the same bytes.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use crate::observation::{FrameRef, Transport};
use crate::{FactKind, MacAddr, PhiKind, Timestamp, Word};

/// Name and version of the report's form. The number rises when a reader of the old form would misread the new.
pub const SCHEMA: &str = "medwarden.report/1";

/// The four answers over a set of inputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: String,
    /// Version of the program that wrote it.
    pub version: String,
    /// Captures and logs that were read.
    pub inputs: Vec<Input>,
    /// Networks taken as inside, in CIDR form.
    pub site_networks: Vec<String>,
    /// Devices, by id.
    pub devices: Vec<Device>,
    /// Conversations, by id.
    pub conversations: Vec<Conversation>,
    /// Findings, gravest first.
    pub findings: Vec<Finding>,
    /// What could not be seen.
    pub unseen: Vec<Unseen>,
}

/// A capture or a log that was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Input {
    /// Path as given, or `-` for standard input.
    pub path: String,
    /// `pcap`, `pcapng`, the name of the kind of log, or what it is instead.
    pub format: String,
    /// `gzip`, `zstd`, or absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compression: Option<String>,
    /// Link types of its interfaces, by name.
    pub link_types: Vec<String>,
    /// Frames read; of a log, lines.
    pub frames: u64,
    /// Earliest frame or observation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Timestamp>,
    /// Latest frame or observation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Timestamp>,
    /// Packets that the capturing system says it dropped.
    pub dropped: u64,
    /// Where it could not be read.
    pub damage: Vec<Damage>,
}

/// A place where an input could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Damage {
    /// Byte offset in the (decompressed) file.
    pub offset: u64,
    /// What is wrong there; in a log with the number of the line.
    pub what: String,
    /// What to do about it.
    pub hint: String,
}

/// Fraction from 0 to 1, kept as whole percent so that it is written the same everywhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Confidence(u8);

impl Confidence {
    /// From percent; more than 100 is 100.
    #[must_use]
    pub const fn percent(percent: u8) -> Self {
        Self(if percent > 100 { 100 } else { percent })
    }

    /// In percent.
    #[must_use]
    pub const fn as_percent(self) -> u8 {
        self.0
    }

    /// Of two independent grounds for the same thing: 1 − (1 − a)(1 − b), at most 99 %.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let doubt = (100 - u16::from(self.0)) * (100 - u16::from(other.0)) / 100;
        let sure = 100_u16.saturating_sub(doubt).min(99);
        Self(u8::try_from(sure).unwrap_or(99).max(self.0).max(other.0))
    }
}

impl Serialize for Confidence {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(f64::from(self.0) / 100.0)
    }
}

impl<'de> Deserialize<'de> for Confidence {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fraction = f64::deserialize(deserializer)?;
        let percent = (0..=100_u8).min_by(|a, b| {
            let far = |p: &u8| (f64::from(*p) / 100.0 - fraction).abs();
            far(a).total_cmp(&far(b))
        });
        Ok(Self(percent.unwrap_or(0)))
    }
}

impl JsonSchema for Confidence {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Confidence".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "number", "minimum": 0, "maximum": 1 })
    }
}

/// Where a statement was read: the protocol, its field, and what the field is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// Protocol it was read from.
    pub protocol: Cow<'static, str>,
    /// Field id.
    pub field: Cow<'static, str>,
    /// Field name for people.
    pub label: Cow<'static, str>,
}

/// An observation behind a statement.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Evidence {
    /// Where it was read; few of these exist, and all evidence of a field shares one.
    pub origin: Arc<Origin>,
    /// What the field said.
    pub value: Word,
    /// What knowledge made of it, and where that is from; absent where the field says it outright.
    pub rule: Option<Word>,
    /// First frame that shows it.
    pub frame: FrameRef,
    /// First time.
    pub first_seen: Timestamp,
    /// Last time that it was noted; a repeated fact is noted once in ten minutes.
    pub last_seen: Timestamp,
    /// Times that it was noted.
    pub count: u64,
}

/// An observation behind a statement.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename = "Evidence")]
struct EvidenceText<'a> {
    /// Protocol it was read from.
    protocol: Cow<'a, str>,
    /// Field id.
    field: Cow<'a, str>,
    /// Field name for people.
    label: Cow<'a, str>,
    /// What the field said.
    value: Cow<'a, str>,
    /// What knowledge made of it, and where that is from; absent where the field says it outright.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<Cow<'a, str>>,
    /// First frame that shows it.
    frame: FrameRef,
    /// First time.
    first_seen: Timestamp,
    /// Last time that it was noted; a repeated fact is noted once in ten minutes.
    last_seen: Timestamp,
    /// Times that it was noted.
    count: u64,
}

impl Serialize for Evidence {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        EvidenceText {
            protocol: Cow::Borrowed(&self.origin.protocol),
            field: Cow::Borrowed(&self.origin.field),
            label: Cow::Borrowed(&self.origin.label),
            value: Cow::Borrowed(&self.value),
            rule: self.rule.as_deref().map(Cow::Borrowed),
            frame: self.frame,
            first_seen: self.first_seen,
            last_seen: self.last_seen,
            count: self.count,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Evidence {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = EvidenceText::deserialize(deserializer)?;
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        Ok(Self {
            origin: Arc::new(Origin { protocol: owned(text.protocol), field: owned(text.field), label: owned(text.label) }),
            value: text.value.into(),
            rule: text.rule.map(Word::from),
            frame: text.frame,
            first_seen: text.first_seen,
            last_seen: text.last_seen,
            count: text.count,
        })
    }
}

impl JsonSchema for Evidence {
    fn schema_name() -> Cow<'static, str> {
        EvidenceText::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        EvidenceText::json_schema(generator)
    }
}

/// The observations behind a statement: mostly one.
pub type Grounds = SmallVec<[Arc<Evidence>; 1]>;

/// What is believed of one property, with the grounds, and what contradicts it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attribute {
    /// The value best supported.
    pub value: Word,
    /// How sure.
    pub confidence: Confidence,
    /// Observations that say so.
    pub evidence: Grounds,
    /// Other values that were seen too.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub disagreeing: Vec<Alternative>,
}

/// A value that disagrees with the one best supported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Alternative {
    /// The value.
    pub value: Word,
    /// How sure it would be alone.
    pub confidence: Confidence,
    /// Observations that say so.
    pub evidence: Grounds,
}

/// A network interface of a device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Interface {
    /// Its MAC address; absent where the device was only seen behind a router or without a link layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mac: Option<MacAddr>,
    /// Whom the address block is assigned to: the maker of the interface, which need not be the device's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registrant: Option<Word>,
    /// The address was given by software (randomised, virtual or by hand).
    pub locally_administered: bool,
    /// VLAN ids seen.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub vlans: Vec<u16>,
    /// First frame from it.
    pub first_seen: Timestamp,
    /// Last frame from it.
    pub last_seen: Timestamp,
}

/// An IP address that a device held for a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// Interface it was on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mac: Option<MacAddr>,
    /// First time.
    pub first_seen: Timestamp,
    /// Last time.
    pub last_seen: Timestamp,
    /// How it is known: `lease`, `arp`, `nd`, `traffic`.
    pub known_by: Word,
}

/// A service that a device was seen to answer on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Service {
    /// Carrier.
    pub transport: Transport,
    /// Port.
    pub port: u16,
    /// Protocol id, empty where the bytes did not show one.
    pub protocol: Word,
    /// Name for people.
    pub name: Word,
    /// It is a way to administer the device.
    pub management: bool,
    /// Number of clients seen.
    pub clients: u64,
    /// What its banners said of the software.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub banners: Vec<Word>,
}

/// An identifier that ties interfaces together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Identifier {
    /// What sort.
    pub kind: FactKind,
    /// Its value.
    pub value: Word,
    /// Observations behind it.
    pub evidence: Grounds,
}

/// A device that another device reports on: a pump behind a gateway, a scanner whose study a PACS forwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReportedDevice {
    /// What was reported, each with its evidence.
    pub facts: Vec<Identifier>,
}

/// A device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Device {
    /// Stable id, made of what identifies it best.
    pub id: Word,
    /// Interfaces.
    pub interfaces: Vec<Interface>,
    /// Addresses over time.
    pub addresses: Vec<Address>,
    /// What it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Box<Attribute>>,
    /// Maker of the device.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maker: Option<Box<Attribute>>,
    /// Model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<Box<Attribute>>,
    /// The device's own serial number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<Box<Attribute>>,
    /// Firmware or main software version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub firmware: Option<Box<Attribute>>,
    /// Operating system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os: Option<Box<Attribute>>,
    /// Device class, an id of knowledge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<Box<Attribute>>,
    /// What its failure does to care: `life_sustaining`, `therapy`, `monitoring`, `diagnostic`, `supporting`, `not_clinical`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clinical_impact: Option<Box<Attribute>>,
    /// Unique device identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub udi: Option<Box<Attribute>>,
    /// Where it says it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Box<Attribute>>,
    /// Software on it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub software: Vec<Attribute>,
    /// Names, titles and keys.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub identifiers: Vec<Identifier>,
    /// Other facts about it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub facts: Vec<Identifier>,
    /// Devices that it reports on.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub reports: Vec<ReportedDevice>,
    /// It forwards packets for others.
    pub is_router: bool,
    /// How sure we are of what it is: the confidence of class, maker and model together.
    pub confidence: Confidence,
    /// First seen.
    pub first_seen: Timestamp,
    /// Last seen.
    pub last_seen: Timestamp,
    /// Services it was seen to answer on.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub services: Vec<Service>,
    /// Who administers it, as far as was seen.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub administration: Vec<Administration>,
    /// What happens when it is cut off, and how to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub if_isolated: Option<Box<Isolation>>,
}

/// One use of a management service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Administration {
    /// Management service used, for people.
    pub service: Word,
    /// Port.
    pub port: u16,
    /// From where.
    pub from: Party,
    /// How it authenticated: schemes seen.
    pub authentication: Vec<Word>,
    /// Outcome of log-ins: `succeeded`, `failed`, `tried`, or absent where it was not visible.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub outcomes: Vec<Word>,
    /// Accounts named, where they are service or administrator accounts.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub accounts: Vec<Word>,
    /// A known default credential was used.
    pub default_credential: bool,
    /// The same secret was used elsewhere too.
    pub shared_credential: bool,
    /// The secret could be read by anybody on the way.
    pub cleartext: bool,
    /// Remote support tool, where that is what it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote_tool: Option<Word>,
    /// Conversation.
    pub conversation: Word,
    /// First time.
    pub first_seen: Timestamp,
    /// Last time.
    pub last_seen: Timestamp,
}

/// What isolating a device does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Isolation {
    /// What stops, in plain sentences.
    pub stops: Vec<Word>,
    /// Conversations with clinical contents that would be cut.
    pub clinical_conversations: Vec<Word>,
    /// Devices that depend on it.
    pub dependents: Vec<Word>,
    /// Devices of the same class, or of a class that can do its work, that could stand in.
    pub stand_ins: Vec<Word>,
    /// The rule that would isolate it.
    pub rule: Word,
    /// What cannot be judged from what was seen.
    pub cannot_judge: Vec<Word>,
}

/// Where a party of a conversation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// A device, or an address of the site that was spoken to but never heard.
    Inside,
    /// Outside the site's networks.
    Outside,
    /// A multicast or broadcast group.
    Group,
}

/// One side of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Party {
    /// Device id, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<Word>,
    /// Name for people: the device's, or the external name from DNS, SNI, HTTP host or certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Word>,
    /// Address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    /// MAC address, where there is no IP address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mac: Option<MacAddr>,
    /// Where it stands.
    pub scope: Scope,
}

/// What is known of the encryption of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Encryption {
    /// Everything but the handshake is hidden, with what is good practice today.
    Strong,
    /// Hidden, with what is obsolete or broken.
    Weak,
    /// Can be read by anybody on the way.
    Cleartext,
    /// Not known.
    Unknown,
}

/// PHI seen in the clear.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct PhiSeen {
    /// Kind of field.
    pub kind: PhiKind,
    /// Protocol.
    pub protocol: Word,
    /// How many fields.
    pub count: u64,
}

/// A conversation: all flows of one client with one service of one server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Conversation {
    /// Stable id.
    pub id: Word,
    /// Who asks.
    pub client: Party,
    /// Who answers.
    pub server: Party,
    /// Addresses behind the server's name, where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub server_addresses: Vec<IpAddr>,
    /// Carrier.
    pub transport: Transport,
    /// The service's port; 0 where it has none or changes each time.
    pub port: u16,
    /// Protocol id, empty where the bytes did not show one.
    pub protocol: Word,
    /// Service name for people.
    pub service: Word,
    /// What clinical content it carries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clinical: Option<Word>,
    /// The service is a way to administer the server.
    pub management: bool,
    /// First packet.
    pub first_seen: Timestamp,
    /// Last packet.
    pub last_seen: Timestamp,
    /// Calendar days (UTC) on which it was seen.
    pub days_seen: u32,
    /// Flows.
    pub flows: u64,
    /// Flows that were not answered or were refused.
    pub failed_flows: u64,
    /// Packets client to server.
    pub packets_to_server: u64,
    /// Packets server to client.
    pub packets_to_client: u64,
    /// Bytes client to server.
    pub bytes_to_server: u64,
    /// Bytes server to client.
    pub bytes_to_client: u64,
    /// Bytes of its streams that were not captured.
    pub bytes_lost: u64,
    /// Encrypted or not, and how well.
    pub encryption: Encryption,
    /// Versions, ciphers, names, operations and log-ins seen in it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub facts: Vec<Identifier>,
    /// PHI seen in the clear.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub phi: Vec<PhiSeen>,
    /// Who is client was told by a handshake or the protocol, not guessed.
    pub direction_known: bool,
    /// Tunnel it was carried in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tunnel: Option<Word>,
    /// First frame.
    pub frame: FrameRef,
}

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Mend with the next service.
    Low,
    /// Plan it.
    Medium,
    /// Soon.
    High,
    /// Now.
    Critical,
}

impl Severity {
    /// All, mildest first.
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// Lower-case name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// Something a judge says, with its evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Stable id: detector and subject.
    pub id: Word,
    /// Id of the detector.
    pub detector: Word,
    /// One line.
    pub title: Word,
    /// How grave.
    pub severity: Severity,
    /// Gravest clinical impact of the devices concerned, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clinical_impact: Option<Word>,
    /// Devices concerned.
    pub devices: Vec<Word>,
    /// Conversations concerned.
    pub conversations: Vec<Word>,
    /// Why it matters, in plain words.
    pub why: Word,
    /// What to do.
    pub what_to_do: Word,
    /// Observations behind it.
    pub evidence: Grounds,
    /// First time.
    pub first_seen: Timestamp,
    /// Last time.
    pub last_seen: Timestamp,
}

/// Something that could not be seen or judged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Unseen {
    /// Stable id of the sort.
    pub kind: String,
    /// What, in plain words.
    pub what: String,
    /// How often.
    pub count: u64,
    /// What follows from it for the answers.
    pub consequence: String,
}
