//! Captures through a sensor, told as lines that a person can read.

use std::io::Cursor;

use capture::Reader;
use model::observation::{FactValue, FlowRecord, Opening, Subject, Traffic};
use model::{ConversationKey, Endpoint, FrameRef, Observation, Transport};
use sensor::{Config, Coverage, Frame, NoCredentials, Sensor};
use serde_json::{Value, json};
use wire::layers::LinkType;

/// What a sensor says of a capture.
pub struct Observed {
    pub observations: Vec<Observation>,
    pub coverage: Coverage,
    /// Places where the capture is damaged.
    pub damage: Vec<String>,
}

/// Reads a whole capture.
pub fn observe(capture: Vec<u8>) -> Observed {
    let mut reader = Reader::new(Cursor::new(capture)).expect("a capture");
    let mut sensor = Sensor::new(&Config::default(), Box::new(NoCredentials));
    let mut observations = Vec::new();
    let mut damage = Vec::new();
    let mut take = |observation| observations.push(observation);
    loop {
        match reader.next() {
            Ok(Some(frame)) => {
                let at = FrameRef { source: 0, frame: frame.number };
                let (link, wire_len) = (LinkType(frame.link), frame.wire_len as usize);
                sensor.frame(&Frame { time: frame.time, link, bytes: frame.captured, wire_len, at }, &mut take);
            }
            Ok(None) => break,
            Err(broken) => damage.push(format!("byte {}: {}", broken.offset, broken.what)),
        }
    }
    sensor.finish(&mut take);
    let coverage = sensor.coverage().clone();
    Observed { observations, coverage, damage }
}

/// The form of `expect.json`.
pub fn told(observed: &Observed) -> Value {
    let mut facts = Vec::new();
    let mut flows = Vec::new();
    for observation in &observed.observations {
        match observation {
            Observation::Fact(fact) => {
                let kind = serde_json::to_value(fact.kind).expect("a kind");
                let kind = kind.as_str().map_or_else(|| kind.to_string().replace(['{', '}', '"'], ""), str::to_owned);
                let subject = match &fact.subject {
                    Subject::Endpoint(it) => endpoint(it),
                    Subject::Conversation(key) => conversation(key),
                };
                facts.push(format!("{subject} | {kind} | {} | {} | #{}", fact.field, value(&fact.value), fact.frame.frame));
            }
            Observation::Flow(record) => flows.push(flow(record)),
        }
    }
    json!({ "facts": facts, "flows": flows, "unseen": unseen(observed) })
}

fn endpoint(it: &Endpoint) -> String {
    match (it.mac, it.ip) {
        (Some(mac), Some(ip)) => format!("{mac}={ip}"),
        (Some(mac), None) => mac.to_string(),
        (None, Some(ip)) => ip.to_string(),
        (None, None) => "nobody".to_owned(),
    }
}

fn conversation(key: &ConversationKey) -> String {
    let short = |it: &Endpoint| it.ip.map_or_else(|| endpoint(it), |ip| ip.to_string());
    let carrier = match key.transport {
        Transport::Tcp => format!("tcp/{}", key.port),
        Transport::Udp => format!("udp/{}", key.port),
        Transport::Ip(number) => format!("ip {number}"),
        Transport::Link(number) => format!("link 0x{number:04x}"),
    };
    format!("{} > {} {carrier}", short(&key.client), short(&key.server))
}

fn value(value: &FactValue) -> String {
    match value {
        FactValue::Text(text) => text.to_string(),
        FactValue::Number(number) => number.to_string(),
        FactValue::Ip(ip) => ip.to_string(),
        FactValue::Mac(mac) => mac.to_string(),
        FactValue::Time(time) => time.to_string(),
        FactValue::ClockOffset(nanos) => format!("{} ms ahead", nanos / 1_000_000),
        FactValue::Yes => "yes".to_owned(),
    }
}

fn flow(record: &FlowRecord) -> String {
    let traffic = |it: &Traffic| {
        let lost = if it.lost > 0 { format!(" ({} bytes lost)", it.lost) } else { String::new() };
        format!("{} packets {} bytes{lost}", it.packets, it.bytes)
    };
    let mut text = format!("{} | {}", conversation(&record.key), record.protocol.as_deref().unwrap_or("unknown"));
    text += &format!(" | {} | {}", traffic(&record.to_server), traffic(&record.to_client));
    match record.opening {
        Opening::Unknown => {}
        Opening::Unanswered => text += " | unanswered",
        Opening::Refused => text += " | refused",
        Opening::Opened => text += " | opened",
    }
    if !record.direction_known {
        text += " | direction guessed";
    }
    if record.vlan != 0 {
        text += &format!(" | vlan {}", record.vlan);
    }
    if let Some(tunnel) = &record.tunnel {
        text += &format!(" | in {tunnel}");
    }
    text
}

/// Counters that are not 0.
fn unseen(observed: &Observed) -> Vec<String> {
    let seen = &observed.coverage;
    let counters = [
        ("frames cut", seen.cut_frames),
        ("payloads cut", seen.cut_payloads),
        ("mirrored copies", seen.mirrored_copies),
        ("one-way connections", seen.one_way),
        ("connections without beginning", seen.midstream),
        ("gaps", seen.gaps),
        ("stream bytes lost", seen.stream_bytes_lost),
        ("messages too large", seen.messages_too_large),
        ("reassembly full", seen.reassembly_full),
        ("flows evicted", seen.flows_evicted),
        ("fragments timed out", seen.fragments_timed_out),
        ("fragments overlapping", seen.fragments_overlapping),
    ];
    let mut lines: Vec<String> =
        counters.iter().filter(|(_, count)| *count > 0).map(|(what, count)| format!("{what}: {count}")).collect();
    lines.extend(seen.opaque.iter().map(|((_, why), count)| format!("{}: {count}", sensor::opaque_reason(*why))));
    lines.extend(seen.malformed.iter().map(|((protocol, what), count)| format!("malformed {protocol}: {what}: {count}")));
    lines.extend(observed.damage.iter().map(|damage| format!("damage at {damage}")));
    lines
}
