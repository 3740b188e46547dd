//! How to respond when a device misbehaves: what cutting it off would stop, who could stand in, and the rule that does it.
//!
//! A pure function of devices and conversations; it changes nothing on any network.

use std::collections::{BTreeMap, BTreeSet};

use knowledge::Knowledge;
use model::Transport;
use model::report::{Attribute, Conversation, Device, Isolation, Party, Scope};

/// Stand-ins that are named for one device.
const MAX_STAND_INS: usize = 20;

/// Fills in what isolating each device does.
pub fn fill(devices: &mut [Device], conversations: &[Conversation], knowledge: &Knowledge) {
    let classes = by_class(devices);
    let talk = by_device(conversations);
    let isolations: Vec<Isolation> = devices
        .iter()
        .map(|device| {
            let talk = talk.get(device.id.as_str()).map_or(&[][..], Vec::as_slice);
            isolation(device, talk, &classes, knowledge)
        })
        .collect();
    for (device, isolation) in devices.iter_mut().zip(isolations) {
        device.if_isolated = Some(isolation);
    }
}

/// Device ids of each class.
fn by_class(devices: &[Device]) -> BTreeMap<String, Vec<String>> {
    let mut classes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for device in devices {
        if let Some(class) = &device.class {
            classes.entry(class.value.clone()).or_default().push(device.id.clone());
        }
    }
    classes
}

fn by_device(conversations: &[Conversation]) -> BTreeMap<&str, Vec<&Conversation>> {
    let mut talk: BTreeMap<&str, Vec<&Conversation>> = BTreeMap::new();
    for conversation in conversations {
        let parties: BTreeSet<&str> =
            [&conversation.client, &conversation.server].into_iter().filter_map(|party| party.device.as_deref()).collect();
        for device in parties {
            talk.entry(device).or_default().push(conversation);
        }
    }
    talk
}

fn isolation(
    device: &Device,
    talk: &[&Conversation],
    classes: &BTreeMap<String, Vec<String>>,
    knowledge: &Knowledge,
) -> Isolation {
    let real: Vec<&Conversation> = talk.iter().copied().filter(|conversation| is_exchange(conversation)).collect();
    let clinical: Vec<&Conversation> =
        real.iter().copied().filter(|conversation| conversation.clinical.is_some() || !conversation.phi.is_empty()).collect();
    Isolation {
        stops: stops(device, &clinical, &real, knowledge),
        clinical_conversations: clinical.iter().map(|conversation| conversation.id.clone()).collect(),
        dependents: dependents(device, &real),
        stand_ins: stand_ins(device, classes, knowledge),
        rule: rule(device),
        cannot_judge: cannot_judge(device, talk, &real),
    }
}

/// Both sides spoke, or one spoke to a group that others listen to.
fn is_exchange(conversation: &Conversation) -> bool {
    conversation.packets_to_client > 0 || conversation.server.scope == Scope::Group
}

fn stops(device: &Device, clinical: &[&Conversation], real: &[&Conversation], knowledge: &Knowledge) -> Vec<String> {
    let mut stops = Vec::new();
    if let Some(class) = device.class.as_ref().and_then(|class| knowledge.class(&class.value)) {
        stops.push(class.if_isolated.clone());
    }
    for conversation in clinical {
        let other = if is(device, &conversation.client) { &conversation.server } else { &conversation.client };
        let carries = conversation.clinical.as_deref().unwrap_or("patient data");
        let way = if is(device, &conversation.client) { "to" } else { "from" };
        stops.push(format!("{} ({carries}) {way} {} stops.", conversation.service, name(other)));
    }
    if device.is_router {
        stops.push("Everything behind it loses its way to other networks.".to_owned());
    }
    if stops.is_empty() && !real.is_empty() {
        stops.push(format!("{} conversations stop, none of them known to be clinical.", real.len()));
    }
    stops.dedup();
    stops
}

fn is(device: &Device, party: &Party) -> bool {
    party.device.as_ref() == Some(&device.id)
}

fn name(party: &Party) -> String {
    let address = || party.ip.map(|ip| ip.to_string()).or_else(|| party.mac.map(|mac| mac.to_string()));
    party.name.clone().or_else(address).or_else(|| party.device.clone()).unwrap_or_else(|| "unknown".to_owned())
}

/// Devices that asked it for something and were answered.
fn dependents(device: &Device, real: &[&Conversation]) -> Vec<String> {
    let clients = real.iter().filter(|conversation| is(device, &conversation.server) && conversation.packets_to_client > 0);
    let ids: BTreeSet<String> =
        clients.filter_map(|conversation| conversation.client.device.clone()).filter(|id| *id != device.id).collect();
    ids.into_iter().collect()
}

/// Other devices of its class, and of the classes that can do its work: the first of them, since on a large site each of a class
/// would list all the others.
fn stand_ins(device: &Device, classes: &BTreeMap<String, Vec<String>>, knowledge: &Knowledge) -> Vec<String> {
    let Some(Attribute { value: class, .. }) = &device.class else { return Vec::new() };
    let others = knowledge.class(class).map_or(&[][..], |class| class.stand_ins.as_slice());
    std::iter::once(class)
        .chain(others)
        .filter_map(|class| classes.get(class))
        .flatten()
        .filter(|id| **id != device.id)
        .take(MAX_STAND_INS)
        .cloned()
        .collect()
}

/// The rule in words that a switch or firewall administrator can type: by MAC on the access port where there is one, since an
/// address can move.
fn rule(device: &Device) -> String {
    let macs: Vec<String> = device.interfaces.iter().filter_map(|i| i.mac).map(|mac| mac.to_string()).collect();
    let ips: Vec<String> = device.addresses.iter().map(|address| address.ip.to_string()).collect();
    match (macs.is_empty(), ips.is_empty()) {
        (false, _) if device.is_router => {
            format!("shut the switch port of {} (it forwards for others: look at what is behind it first)", macs.join(", "))
        }
        (false, _) => format!("drop all frames from and to {} at its switch port", macs.join(", ")),
        (true, false) => format!("drop all packets from and to {} at the router nearest to it", ips.join(", ")),
        (true, true) => "no address is known that a rule could name".to_owned(),
    }
}

fn cannot_judge(device: &Device, talk: &[&Conversation], real: &[&Conversation]) -> Vec<String> {
    const HOUR_NS: i64 = 3_600_000_000_000;
    let mut gaps = Vec::new();
    let seen_ns = device.last_seen.since(device.first_seen);
    if seen_ns < 24 * HOUR_NS {
        gaps.push(format!("It was seen for {}: work that runs daily, weekly or monthly may be missing.", span(seen_ns)));
    }
    if device.class.is_none() {
        gaps.push("What it does is not known, so neither is what would stop.".to_owned());
    }
    let opaque = real.iter().filter(|c| c.protocol.is_empty() && matches!(c.transport, Transport::Tcp | Transport::Udp)).count();
    if opaque > 0 {
        gaps.push(format!("{opaque} of its conversations speak a protocol that is not understood."));
    }
    let one_way = talk.iter().filter(|c| !is_exchange(c) && c.packets_to_server > 3).count();
    if one_way > 0 {
        gaps.push(format!("{one_way} of its conversations were seen in one direction only."));
    }
    if device.interfaces.iter().all(|interface| interface.mac.is_none()) {
        gaps.push("Its own interface was not seen, only its address behind a router.".to_owned());
    }
    gaps.push("What it does without the network (its own controls, alarms at the bedside) cannot be seen here.".to_owned());
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
