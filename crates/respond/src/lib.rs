//! How to respond when a device misbehaves: what cutting it off would stop, who could stand in, and the rule that does it.
//!
//! A pure function of devices and conversations; it changes nothing on any network.

use std::collections::{BTreeSet, HashMap};

use knowledge::Knowledge;
use model::report::{Conversation, Device, Isolation, Party, Scope};
use model::{Transport, Word};
use smol_str::format_smolstr;

/// Stand-ins that are named for one device.
const MAX_STAND_INS: usize = 20;

/// Fills in what isolating each device does.
pub fn fill(devices: &mut [Device], conversations: &[Conversation], knowledge: &Knowledge) {
    let responder = Responder::new(devices, conversations, knowledge);
    for device in devices {
        device.if_isolated = Some(Box::new(responder.isolation(device)));
    }
}

/// Says what isolating a device does, one by one: for a large site all at once are as much as the site itself.
#[derive(Debug)]
pub struct Responder<'a> {
    /// Device ids of each class.
    classes: HashMap<Word, Vec<Word>>,
    /// Conversations of each device.
    talk: HashMap<&'a str, Vec<&'a Conversation>>,
    knowledge: &'a Knowledge,
}

impl<'a> Responder<'a> {
    /// For these devices.
    #[must_use]
    pub fn new(devices: &[Device], conversations: &'a [Conversation], knowledge: &'a Knowledge) -> Self {
        let mut classes: HashMap<Word, Vec<Word>> = HashMap::new();
        for device in devices {
            if let Some(class) = &device.class {
                classes.entry(class.value.clone()).or_default().push(device.id.clone());
            }
        }
        let mut talk: HashMap<&str, Vec<&Conversation>> = HashMap::new();
        for conversation in conversations {
            let (client, server) = (conversation.client.device.as_deref(), conversation.server.device.as_deref());
            for device in [client, server.filter(|_| server != client)].into_iter().flatten() {
                talk.entry(device).or_default().push(conversation);
            }
        }
        Self { classes, talk, knowledge }
    }

    /// What isolating a device does.
    #[must_use]
    pub fn isolation(&self, device: &Device) -> Isolation {
        let talk = self.talk.get(device.id.as_str()).map_or(&[][..], Vec::as_slice);
        let real: Vec<&Conversation> = talk.iter().copied().filter(|conversation| is_exchange(conversation)).collect();
        let is_clinical = |conversation: &&Conversation| conversation.clinical.is_some() || !conversation.phi.is_empty();
        let clinical: Vec<&Conversation> = real.iter().copied().filter(is_clinical).collect();
        Isolation {
            stops: stops(device, &clinical, &real, self.knowledge),
            clinical_conversations: clinical.iter().map(|conversation| conversation.id.clone()).collect(),
            dependents: dependents(device, &real),
            stand_ins: self.stand_ins(device),
            rule: rule(device),
            cannot_judge: cannot_judge(device, talk, &real),
        }
    }

    /// Other devices of its class, and of the classes that can do its work: the first of them, since on a large site each of a
    /// class would list all the others.
    fn stand_ins(&self, device: &Device) -> Vec<Word> {
        let Some(class) = device.class.as_ref().map(|class| class.value.as_str()) else { return Vec::new() };
        let others = self.knowledge.class(class).map_or(&[][..], |class| class.stand_ins.as_slice());
        std::iter::once(class)
            .chain(others.iter().map(String::as_str))
            .filter_map(|class| self.classes.get(class))
            .flatten()
            .filter(|id| **id != device.id)
            .take(MAX_STAND_INS)
            .cloned()
            .collect()
    }
}

/// Both sides spoke, or one spoke to a group that others listen to.
fn is_exchange(conversation: &Conversation) -> bool {
    conversation.packets_to_client > 0 || conversation.server.scope == Scope::Group
}

fn stops(device: &Device, clinical: &[&Conversation], real: &[&Conversation], knowledge: &Knowledge) -> Vec<Word> {
    let mut stops = Vec::new();
    if let Some(class) = device.class.as_ref().and_then(|class| knowledge.class(&class.value)) {
        stops.push(class.if_isolated.as_str().into());
    }
    for conversation in clinical {
        let other = if is(device, &conversation.client) { &conversation.server } else { &conversation.client };
        let carries = conversation.clinical.as_deref().unwrap_or("patient data");
        let way = if is(device, &conversation.client) { "to" } else { "from" };
        stops.push(format_smolstr!("{} ({carries}) {way} {} stops.", conversation.service, name(other)));
    }
    if device.is_router {
        stops.push("Everything behind it loses its way to other networks.".into());
    }
    if stops.is_empty() && !real.is_empty() {
        stops.push(format_smolstr!("{} conversations stop, none of them known to be clinical.", real.len()));
    }
    stops.dedup();
    stops
}

fn is(device: &Device, party: &Party) -> bool {
    party.device.as_ref() == Some(&device.id)
}

fn name(party: &Party) -> Word {
    let address = || party.ip.map(|ip| format_smolstr!("{ip}")).or_else(|| party.mac.map(|mac| format_smolstr!("{mac}")));
    party.name.clone().or_else(address).or_else(|| party.device.clone()).unwrap_or_else(|| Word::new_static("unknown"))
}

/// Devices that asked it for something and were answered.
fn dependents(device: &Device, real: &[&Conversation]) -> Vec<Word> {
    let clients = real.iter().filter(|conversation| is(device, &conversation.server) && conversation.packets_to_client > 0);
    let ids: BTreeSet<Word> =
        clients.filter_map(|conversation| conversation.client.device.clone()).filter(|id| *id != device.id).collect();
    ids.into_iter().collect()
}

/// The rule in words that a switch or firewall administrator can type: by MAC on the access port where there is one, since an
/// address can move.
fn rule(device: &Device) -> Word {
    let macs: Vec<String> = device.interfaces.iter().filter_map(|i| i.mac).map(|mac| mac.to_string()).collect();
    let ips: Vec<String> = device.addresses.iter().map(|address| address.ip.to_string()).collect();
    match (macs.is_empty(), ips.is_empty()) {
        (false, _) if device.is_router => {
            format_smolstr!(
                "shut the switch port of {} (it forwards for others: look at what is behind it first)",
                macs.join(", ")
            )
        }
        (false, _) => format_smolstr!("drop all frames from and to {} at its switch port", macs.join(", ")),
        (true, false) => format_smolstr!("drop all packets from and to {} at the router nearest to it", ips.join(", ")),
        (true, true) => Word::new_static("no address is known that a rule could name"),
    }
}

fn cannot_judge(device: &Device, talk: &[&Conversation], real: &[&Conversation]) -> Vec<Word> {
    const HOUR_NS: i64 = 3_600_000_000_000;
    let mut gaps = Vec::new();
    let seen_ns = device.last_seen.since(device.first_seen);
    if seen_ns < 24 * HOUR_NS {
        gaps.push(format_smolstr!("It was seen for {}: work that runs daily, weekly or monthly may be missing.", span(seen_ns)));
    }
    if device.class.is_none() {
        gaps.push(Word::new_static("What it does is not known, so neither is what would stop."));
    }
    let opaque = real.iter().filter(|c| c.protocol.is_empty() && matches!(c.transport, Transport::Tcp | Transport::Udp)).count();
    if opaque > 0 {
        gaps.push(format_smolstr!("{opaque} of its conversations speak a protocol that is not understood."));
    }
    let one_way = talk.iter().filter(|c| !is_exchange(c) && c.packets_to_server > 3).count();
    if one_way > 0 {
        gaps.push(format_smolstr!("{one_way} of its conversations were seen in one direction only."));
    }
    if device.interfaces.iter().all(|interface| interface.mac.is_none()) {
        gaps.push(Word::new_static("Its own interface was not seen, only its address behind a router."));
    }
    gaps.push(Word::new_static(
        "What it does without the network (its own controls, alarms at the bedside) cannot be seen here.",
    ));
    gaps
}

/// A length of time in the largest unit that fits.
fn span(nanos: i64) -> String {
    let seconds = nanos / 1_000_000_000;
    match seconds {
        0..=119 => format!("{seconds} seconds"),
        120..=7199 => format!("{} minutes", seconds / 60),
        _ => format!("{} hours", seconds / 3600),
    }
}
