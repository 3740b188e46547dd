//! What is true: kept while the play goes on, written as JSON Lines.
//!
//! Every line has a `kind`: `hospital`, `device`, `address`, `conversation`, `event`, `incident`, `end`. Frame numbers count from 1 in
//! the capture that was written beside it. Only what a mirror saw counts as seen.

use std::collections::HashMap;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr};

use model::{MacAddr, Timestamp};
use serde::Serialize;

use super::outside;
use super::site::{DeviceId, Hospital};

/// One side of a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Party {
    /// A device, by its first interface.
    Device(DeviceId),
    /// A device, by its second interface.
    Second(DeviceId),
    /// A host outside, by its place in [`outside::HOSTS`].
    Outside(u16),
    /// A group of hosts.
    Group(Ipv4Addr),
    /// An address where nobody is.
    Nobody(Ipv4Addr),
}

impl Party {
    /// The device, if it is one.
    #[must_use]
    pub const fn device(self) -> Option<DeviceId> {
        match self {
            Self::Device(id) | Self::Second(id) => Some(id),
            _ => None,
        }
    }
}

/// What identifies a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Who asks.
    pub client: Party,
    /// Who answers.
    pub server: Party,
    /// TCP; else UDP.
    pub tcp: bool,
    /// The service's port.
    pub port: u16,
}

/// All flows of a client with a service of a server.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// Who with whom.
    pub key: Key,
    /// Protocol id as in `wire`; empty where no public protocol is spoken.
    pub protocol: &'static str,
    /// It is about patients or their treatment.
    pub clinical: bool,
    /// Health information of a person crossed in the clear.
    pub phi: bool,
    /// A known default credential was used in it.
    pub default_credential: bool,
    /// Packets to the server and to the client that were seen.
    pub packets: [u64; 2],
    /// Bytes of IP packets likewise.
    pub bytes: [u64; 2],
    /// Packets that no mirror saw.
    pub unseen: u64,
    /// First and last frame.
    pub frames: [u64; 2],
    /// Their times.
    pub times: [Timestamp; 2],
}

/// An address that an interface had.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Address {
    /// The device's number.
    #[serde(skip)]
    pub device: DeviceId,
    /// The interface.
    pub mac: MacAddr,
    /// The address.
    pub ip: Ipv4Addr,
    /// Since when.
    pub from: Timestamp,
    /// Until when; absent at the end of the play.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// What of a device was seen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Heard {
    /// Frames that it sent and a mirror saw.
    pub frames: u64,
    /// Those of them that bore its own MAC address.
    pub own_frames: u64,
    /// First and last frame.
    pub numbers: [u64; 2],
}

/// Something that happened.
#[derive(Clone, Debug, Serialize)]
pub struct Event {
    /// When.
    pub time: Timestamp,
    /// What: `rebooted`, `renumbered`, `exchanged`, `arrived`, `left`, `roamed`, `updated`, `onboarded` …
    pub what: &'static str,
    /// To which device.
    pub device: Option<DeviceId>,
    /// More about it.
    pub detail: String,
}

/// An incident as it was played.
#[derive(Clone, Debug)]
pub struct Incident {
    /// Its script.
    pub script: &'static str,
    /// What happened, in words.
    pub about: &'static str,
    /// It should alarm; else it must not.
    pub harmful: bool,
    /// When it began.
    pub start: Timestamp,
    /// Who did it.
    pub actors: Vec<Party>,
    /// Who suffered it.
    pub targets: Vec<Party>,
    /// Its frames: first and last of each unbroken run.
    pub frames: Vec<[u64; 2]>,
    /// Times of its first and last frame.
    pub times: Option<[Timestamp; 2]>,
}

/// Everything true of a play.
#[derive(Clone, Debug, Default)]
pub struct Truth {
    /// Conversations, in the order in which they began.
    pub conversations: Vec<Conversation>,
    index: HashMap<Key, u32>,
    /// Addresses over time.
    pub addresses: Vec<Address>,
    /// What of each device was seen, by its number.
    pub heard: Vec<Heard>,
    /// What happened.
    pub events: Vec<Event>,
    /// Incidents.
    pub incidents: Vec<Incident>,
    /// Frames written.
    pub frames: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Time of the last frame.
    pub last: Timestamp,
}

/// A frame on its way to the capture, as truth wants to know it.
pub(crate) struct Shown {
    pub(crate) time: Timestamp,
    pub(crate) conversation: Option<u32>,
    pub(crate) to_server: bool,
    pub(crate) ip_bytes: u64,
    pub(crate) sender: Option<DeviceId>,
    pub(crate) own_mac: bool,
    pub(crate) incident: Option<u32>,
}

impl Truth {
    /// The number of a conversation; a new one begins where there was none.
    pub(crate) fn conversation(&mut self, key: Key, protocol: &'static str, clinical: bool) -> u32 {
        let next = self.conversations.len() as u32;
        let id = *self.index.entry(key).or_insert(next);
        if id == next {
            self.conversations.push(Conversation {
                key,
                protocol,
                clinical,
                phi: false,
                default_credential: false,
                packets: [0; 2],
                bytes: [0; 2],
                unseen: 0,
                frames: [0; 2],
                times: [Timestamp::default(); 2],
            });
        }
        let known = &mut self.conversations[id as usize];
        known.clinical |= clinical;
        if known.protocol.is_empty() {
            known.protocol = protocol;
        }
        id
    }

    /// A frame was written: its number is the count of frames after it.
    pub(crate) fn shown(&mut self, frame: &Shown, length: usize) {
        self.frames += 1;
        self.bytes += length as u64;
        self.last = frame.time;
        let number = self.frames;
        if let Some(id) = frame.conversation {
            let conversation = &mut self.conversations[id as usize];
            let way = usize::from(!frame.to_server);
            conversation.packets[way] += 1;
            conversation.bytes[way] += frame.ip_bytes;
            if conversation.frames[0] == 0 {
                conversation.frames[0] = number;
                conversation.times[0] = frame.time;
            }
            conversation.frames[1] = number;
            conversation.times[1] = frame.time;
        }
        if let Some(sender) = frame.sender {
            if self.heard.len() <= sender as usize {
                self.heard.resize(sender as usize + 1, Heard::default());
            }
            let heard = &mut self.heard[sender as usize];
            heard.frames += 1;
            heard.own_frames += u64::from(frame.own_mac);
            if heard.numbers[0] == 0 {
                heard.numbers[0] = number;
            }
            heard.numbers[1] = number;
        }
        if let Some(incident) = frame.incident {
            let incident = &mut self.incidents[incident as usize];
            match incident.frames.last_mut() {
                Some([_, last]) if *last + 1 == number => *last = number,
                _ => incident.frames.push([number, number]),
            }
            let times = incident.times.get_or_insert([frame.time; 2]);
            times[1] = frame.time;
        }
    }

    /// What was heard of a device.
    #[must_use]
    pub fn heard(&self, device: DeviceId) -> Heard {
        self.heard.get(device as usize).copied().unwrap_or_default()
    }

    /// Writes everything as JSON Lines.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, hospital: &Hospital, seed: u64, out: &mut dyn Write) -> io::Result<()> {
        let head = serde_json::json!({
            "kind": "hospital", "schema": "medwarden.truth/1", "name": hospital.name, "domain": hospital.domain, "seed": seed,
            "start": hospital.start, "sites": hospital.sites.iter().map(|site| &site.name).collect::<Vec<_>>(),
            "mirrors": hospital.mirrors.iter().map(|mirror| &mirror.name).collect::<Vec<_>>(),
        });
        writeln!(out, "{head}")?;
        for id in 0..hospital.devices.len() as DeviceId {
            writeln!(out, "{}", self.device(hospital, id))?;
        }
        for address in &self.addresses {
            line(out, "address", Some(address.device), address)?;
        }
        for conversation in &self.conversations {
            writeln!(out, "{}", conversation_line(hospital, conversation))?;
        }
        for event in &self.events {
            let device = event.device.map(name);
            let value = serde_json::json!({ "kind": "event", "time": event.time, "what": event.what, "device": device, "detail": event.detail });
            writeln!(out, "{value}")?;
        }
        for incident in &self.incidents {
            writeln!(out, "{}", incident_line(incident))?;
        }
        let end = serde_json::json!({ "kind": "end", "frames": self.frames, "bytes": self.bytes, "last": self.last });
        writeln!(out, "{end}")
    }

    fn device(&self, hospital: &Hospital, id: DeviceId) -> serde_json::Value {
        let (device, model, heard) = (&hospital.devices[id as usize], hospital.model(id), self.heard(id));
        let unit = device.unit.and_then(|unit| hospital.units.get(unit as usize));
        let macs: Vec<MacAddr> = [Some(device.interface), device.second].into_iter().flatten().map(|i| i.mac).collect();
        serde_json::json!({
            "kind": "device", "id": name(id), "host": hospital.host_name(id), "model_id": model.id, "maker": model.maker,
            "model": model.name, "class": model.class, "richness": model.richness.name(), "held_out": model.held_out,
            "firmware": hospital.firmware(id), "serial": hospital.serial(id), "macs": macs,
            "site": hospital.sites[device.site as usize].name, "building": unit.map(|unit| &unit.0), "unit": unit.map(|unit| &unit.1),
            "subnet": hospital.subnets[device.interface.subnet as usize].name, "clock_off_s": device.clock_off_s,
            "frames": heard.frames, "frames_with_own_mac": heard.own_frames, "first_frame": heard.numbers[0], "last_frame": heard.numbers[1],
        })
    }
}

/// A device as truth names it.
fn name(id: DeviceId) -> String {
    format!("d{id}")
}

fn line(out: &mut dyn Write, kind: &str, device: Option<DeviceId>, value: &impl Serialize) -> io::Result<()> {
    let mut value = serde_json::to_value(value).map_err(io::Error::other)?;
    if let Some(map) = value.as_object_mut() {
        map.insert("kind".to_owned(), kind.into());
        map.insert("device".to_owned(), device.map(name).into());
    }
    writeln!(out, "{value}")
}

fn conversation_line(hospital: &Hospital, one: &Conversation) -> serde_json::Value {
    serde_json::json!({
        "kind": "conversation", "client": party(one.key.client), "server": party(one.key.server),
        "client_ip": address(hospital, one.key.client), "server_ip": address(hospital, one.key.server),
        "transport": if one.key.tcp { "tcp" } else { "udp" }, "port": one.key.port, "protocol": one.protocol,
        "clinical": one.clinical, "phi": one.phi, "default_credential": one.default_credential,
        "packets_to_server": one.packets[0], "packets_to_client": one.packets[1],
        "bytes_to_server": one.bytes[0], "bytes_to_client": one.bytes[1], "packets_unseen": one.unseen,
        "first_frame": one.frames[0], "last_frame": one.frames[1], "first": one.times[0], "last": one.times[1],
    })
}

fn incident_line(incident: &Incident) -> serde_json::Value {
    let parties = |parties: &[Party]| parties.iter().map(|one| party(*one)).collect::<Vec<_>>();
    serde_json::json!({
        "kind": "incident", "script": incident.script, "about": incident.about, "harmful": incident.harmful,
        "start": incident.start, "first": incident.times.map(|times| times[0]), "last": incident.times.map(|times| times[1]),
        "actors": parties(&incident.actors), "targets": parties(&incident.targets), "frames": incident.frames,
    })
}

fn party(party: Party) -> String {
    match party {
        Party::Device(id) | Party::Second(id) => name(id),
        Party::Outside(host) => outside::HOSTS[host as usize].name.to_owned(),
        Party::Group(ip) | Party::Nobody(ip) => ip.to_string(),
    }
}

/// The address of a party now.
#[must_use]
pub fn address(hospital: &Hospital, party: Party) -> IpAddr {
    IpAddr::V4(match party {
        Party::Device(id) => hospital.devices[id as usize].interface.ip,
        Party::Second(id) => hospital.devices[id as usize].second.map_or(Ipv4Addr::UNSPECIFIED, |second| second.ip),
        Party::Outside(host) => outside::HOSTS[host as usize].ip,
        Party::Group(ip) | Party::Nobody(ip) => ip,
    })
}
