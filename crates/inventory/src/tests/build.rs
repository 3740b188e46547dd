//! A small language for observations.

use std::borrow::Cow;
use std::net::IpAddr;

use knowledge::Knowledge;
use model::observation::{Fact, FlowRecord, Opening, Subject, Traffic};
use model::report::{Attribute, Device};
use model::{ConversationKey, Endpoint, FactKind, FactValue, FrameRef, Intake, Observation, Timestamp, Transport};

use crate::{Config, Inventory, Resolved};

/// `mac@ip`, `mac` or `@ip`.
pub(super) fn at(text: &str) -> Endpoint {
    let (mac, ip) = text.split_once('@').unwrap_or((text, ""));
    Endpoint { mac: mac.parse().ok(), ip: ip.parse().ok() }
}

/// Observations to come.
#[derive(Default)]
pub(super) struct Seen {
    observations: Vec<Observation>,
    frame: u64,
}

impl Seen {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// A fact of a protocol's field at a second.
    pub(super) fn fact(mut self, second: i64, of: &str, kind: FactKind, field: &'static str, value: FactValue) -> Self {
        self.frame += 1;
        self.push(second, of, kind, field, value);
        self
    }

    /// Facts of one frame: what a message says of a device.
    pub(super) fn record(mut self, second: i64, of: &str, facts: &[(FactKind, &'static str, &str)]) -> Self {
        self.frame += 1;
        for (kind, field, value) in facts {
            self.push(second, of, *kind, field, FactValue::Text((*value).into()));
        }
        self
    }

    pub(super) fn text(self, second: i64, of: &str, kind: FactKind, field: &'static str, value: &str) -> Self {
        self.fact(second, of, kind, field, FactValue::Text(value.into()))
    }

    /// ARP ties the MAC to the address.
    pub(super) fn arp(self, second: i64, of: &str) -> Self {
        self.fact(second, of, FactKind::Binding, "arp.sender", FactValue::Yes)
    }

    fn push(&mut self, second: i64, of: &str, kind: FactKind, field: &'static str, value: FactValue) {
        let protocol = field.split('.').next().unwrap_or(field);
        self.observations.push(Observation::Fact(Fact {
            time: Timestamp::from_nanos(second * 1_000_000_000),
            subject: Subject::Endpoint(at(of)),
            kind,
            value,
            protocol: Cow::Borrowed(protocol),
            field: Cow::Borrowed(field),
            label: Cow::Borrowed(field),
            frame: FrameRef { source: 0, frame: self.frame },
        }));
    }

    /// A flow of ten packets each way, with the hop limits that were seen; DICOM on port 104, HL7 on 2575.
    pub(super) fn flow(mut self, second: i64, client: &str, server: &str, port: u16, hops: (u8, u8)) -> Self {
        self.frame += 1;
        let traffic = |hop_limit| Traffic { packets: 10, bytes: 1000, lost: 0, hop_limit };
        self.observations.push(Observation::Flow(FlowRecord {
            key: ConversationKey { client: at(client), server: at(server), transport: Transport::Tcp, port },
            first: Timestamp::from_nanos(second * 1_000_000_000),
            last: Timestamp::from_nanos((second + 1) * 1_000_000_000),
            protocol: match port {
                104 => Some(Cow::Borrowed("dicom")),
                2575 => Some(Cow::Borrowed("hl7")),
                _ => None,
            },
            to_server: traffic(hops.0),
            to_client: traffic(hops.1),
            answered_from: at(server).mac,
            opening: Opening::Opened,
            direction_known: true,
            vlan: 0,
            tunnel: None,
            frame: FrameRef { source: 0, frame: self.frame },
        }));
        self
    }

    /// A fact of a conversation between addresses, as a log tells it apart from the connection.
    pub(super) fn said(mut self, second: i64, client: &str, server: &str, port: u16, kind: FactKind, value: &str) -> Self {
        self.frame += 1;
        self.push(second, client, kind, "tls.sni", FactValue::Text(value.into()));
        if let Some(Observation::Fact(fact)) = self.observations.last_mut() {
            let key = ConversationKey { client: at(client), server: at(server), transport: Transport::Tcp, port };
            fact.subject = Subject::Conversation(key);
        }
        self
    }

    /// Folded.
    pub(super) fn folded(self) -> Inventory {
        let mut inventory = Inventory::new(Config::default());
        self.observations.into_iter().for_each(|observation| inventory.take(observation));
        inventory
    }

    /// What they amount to.
    pub(super) fn resolve(self) -> Resolved {
        self.folded().resolve(&Knowledge::builtin())
    }

    pub(super) fn devices(self) -> Vec<Device> {
        self.resolve().devices
    }
}

/// The device with an address.
pub(super) fn with_ip<'d>(devices: &'d [Device], ip: &str) -> Vec<&'d Device> {
    let ip: IpAddr = ip.parse().unwrap();
    devices.iter().filter(|device| device.addresses.iter().any(|address| address.ip == ip)).collect()
}

pub(super) fn value(attribute: &Option<Box<Attribute>>) -> &str {
    attribute.as_ref().map_or("", |attribute| attribute.value.as_str())
}

/// Ids of devices.
pub(super) fn ids(devices: &[Device]) -> Vec<&str> {
    devices.iter().map(|device| device.id.as_str()).collect()
}
