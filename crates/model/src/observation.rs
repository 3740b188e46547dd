//! What sensors say: immutable statements with their evidence. The only thing inventory takes in.

use std::borrow::Cow;
use std::hash::{Hash, Hasher};
use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{FactKind, MacAddr, Timestamp, Word};

/// Version of the wire form of [`Observation`]. A reader takes its own version and older ones.
pub const VERSION: u16 = 1;

/// One end of what was seen: an interface, an address, or both together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Endpoint {
    /// Link-layer address beside which it was seen; a router's where the endpoint is behind one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mac: Option<MacAddr>,
    /// Network address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
}

impl Endpoint {
    /// In as few words as it fits, since every observation is looked up by it: the MAC with what there is of both in the highest
    /// octet, of which the four upper bits are free, and the IP address.
    #[must_use]
    pub fn packed(&self) -> (u64, u128) {
        let (family, ip) = match self.ip {
            None => (0, 0),
            Some(IpAddr::V4(v4)) => (1, u128::from(u32::from(v4))),
            Some(IpAddr::V6(v6)) => (2, u128::from(v6)),
        };
        let kind = family << 1 | u64::from(self.mac.is_some());
        (self.mac.map_or(0, MacAddr::to_u64) | kind << 56, ip)
    }
}

impl Hash for Endpoint {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (word, ip) = self.packed();
        state.write_u64(word);
        state.write_u128(ip);
    }
}

/// Which frame of which source shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct FrameRef {
    /// Index of the source (a capture file or an interface) in the list of inputs.
    pub source: u32,
    /// Number of the frame in it, from 1.
    pub frame: u64,
}

/// How a conversation is carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// Another IP protocol, by number.
    Ip(u8),
    /// Not IP, by EtherType, or by the 802.2 DSAP where below 1536.
    Link(u16),
}

/// What identifies a conversation: many flows of the same client with the same service of the same server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ConversationKey {
    /// Who asks.
    pub client: Endpoint,
    /// Who answers, or is spoken to.
    pub server: Endpoint,
    /// Carrier.
    pub transport: Transport,
    /// The service's port; 0 without one.
    pub port: u16,
}

/// What a fact says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FactValue {
    /// Text without control characters, at most [`MAX_TEXT`] characters.
    Text(Word),
    /// A number or a count.
    Number(u64),
    /// An address.
    Ip(IpAddr),
    /// An address.
    Mac(MacAddr),
    /// An instant the device states, such as the end of a certificate.
    Time(Timestamp),
    /// How far the device's clock is ahead of the sensor's, nanoseconds; negative when behind.
    ClockOffset(i64),
    /// It holds.
    Yes,
}

/// Longest text of a fact, in characters.
pub const MAX_TEXT: usize = 256;

/// Whom or what a fact is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// An interface or address.
    Endpoint(Endpoint),
    /// A conversation.
    Conversation(ConversationKey),
}

/// A statement: at a time, a sensor saw that a subject has a fact, because of a field of a protocol in a frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// Capture time.
    pub time: Timestamp,
    /// Whom it is about.
    pub subject: Subject,
    /// What it means.
    pub kind: FactKind,
    /// What it says.
    pub value: FactValue,
    /// Protocol it was read from (`dhcp`, `dicom` …).
    pub protocol: Cow<'static, str>,
    /// Field id (`dhcp.option60`).
    pub field: Cow<'static, str>,
    /// Field name for people.
    pub label: Cow<'static, str>,
    /// Evidence.
    pub frame: FrameRef,
}

/// Bytes and packets of one direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// Packets, mirrored duplicates not counted.
    pub packets: u64,
    /// Bytes of IP packets (or of link payload without IP) on the wire.
    pub bytes: u64,
    /// Bytes of TCP stream that were acknowledged or passed over but not captured.
    pub lost: u64,
    /// Highest TTL or hop limit seen; 0 without IP.
    pub hop_limit: u8,
}

/// How far a TCP connection came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Opening {
    /// Not TCP, or the beginning was not captured.
    #[default]
    Unknown,
    /// A SYN without an answer.
    Unanswered,
    /// Answered by a reset.
    Refused,
    /// SYN and SYN-ACK.
    Opened,
}

/// One flow, told when it ends, times out, or the capture does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowRecord {
    /// Conversation it belongs to.
    pub key: ConversationKey,
    /// First packet.
    pub first: Timestamp,
    /// Last packet.
    pub last: Timestamp,
    /// Protocol id when the bytes showed one.
    pub protocol: Option<Cow<'static, str>>,
    /// Client to server.
    pub to_server: Traffic,
    /// Server to client.
    pub to_client: Traffic,
    /// MAC from which the server first answered; a router's where the server is behind one.
    pub answered_from: Option<MacAddr>,
    /// How it opened.
    pub opening: Opening,
    /// Who is client was told by a handshake or by the protocol's own bytes, not guessed from ports.
    pub direction_known: bool,
    /// VLAN id of the first packet, 0 without.
    pub vlan: u16,
    /// Tunnel it was carried in.
    pub tunnel: Option<Cow<'static, str>>,
    /// First frame.
    pub frame: FrameRef,
}

/// What a sensor produces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Observation {
    /// A fact.
    Fact(Fact),
    /// A flow.
    Flow(FlowRecord),
}

/// Takes observations in.
pub trait Intake {
    /// Takes one.
    fn take(&mut self, observation: Observation);
}

impl<F: FnMut(Observation)> Intake for F {
    fn take(&mut self, observation: Observation) {
        self(observation);
    }
}
