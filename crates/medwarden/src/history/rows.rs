//! What a sensor says as rows of history, and rows as text for the page.

use std::collections::HashMap;

use hub::history::{Names, Reach};
use hub::intake::Batch;
use lake::{Event, Flow, Known, Mark, Origin};
use model::FactKind;
use model::observation::{ConversationKey, FactValue, Observation, Subject};
use serde_json::Value;

/// The rows of a batch.
pub fn of(reach: &Reach, batch: Batch, names: &Names) -> lake::Batch {
    let origin = Origin { tenant: reach.tenant.clone(), site: reach.site.clone(), sensor: batch.sensor.clone() };
    let mut taken = lake::Batch { mark: Some(Mark { sensor: batch.sensor, number: batch.number }), ..lake::Batch::default() };
    let mut known = known(&batch.observations);
    for observation in &batch.observations {
        let device = |endpoint: &model::Endpoint| names.device(endpoint).map(str::to_owned);
        match observation {
            Observation::Flow(record) => {
                let said = known.entry(record.key).or_default();
                taken.flows.push(Flow::of(&origin, record, said.clone(), device));
                // Patients' fields are counted for one flow; name and encryption are of every flow of the conversation.
                said.phi = 0;
            }
            Observation::Fact(fact) => taken.events.extend(Event::of(&origin, fact, device)),
        }
    }
    taken
}

/// What the facts of a batch say of its conversations.
fn known(observations: &[Observation]) -> HashMap<ConversationKey, Known> {
    const HIDDEN: [&str; 4] = ["tls", "dtls", "quic", "ssh"];
    let mut known: HashMap<ConversationKey, Known> = HashMap::new();
    for observation in observations {
        let Observation::Fact(fact) = observation else { continue };
        let Subject::Conversation(key) = fact.subject else { continue };
        match (fact.kind, &fact.value) {
            (FactKind::ServerName, FactValue::Text(name)) => known.entry(key).or_default().server_name = Some(name.to_string()),
            (FactKind::ProtocolVersion, FactValue::Text(version)) if HIDDEN.contains(&fact.protocol.as_ref()) => {
                known.entry(key).or_default().encryption = Some(version.to_string());
            }
            (FactKind::Phi(_), FactValue::Number(count)) => {
                let said = known.entry(key).or_default();
                said.phi = said.phi.saturating_add(u32::try_from(*count).unwrap_or(u32::MAX));
            }
            _ => {}
        }
    }
    known
}

type Show = fn(&Flow) -> String;

/// The columns of a search's answer.
pub const COLUMNS: [(&str, Show); 21] = [
    ("first", |flow| flow.first.to_string()),
    ("last", |flow| flow.last.to_string()),
    ("client_device", |flow| flow.client.device.clone().unwrap_or_default()),
    ("client_mac", |flow| maybe(flow.client.mac)),
    ("client_ip", |flow| maybe(flow.client.ip)),
    ("server_device", |flow| flow.server.device.clone().unwrap_or_default()),
    ("server_mac", |flow| maybe(flow.server.mac)),
    ("server_ip", |flow| maybe(flow.server.ip)),
    ("server_name", |flow| flow.server_name.clone().unwrap_or_default()),
    ("transport", |flow| flow.transport.clone()),
    ("port", |flow| flow.port.to_string()),
    ("protocol", |flow| flow.protocol.clone().unwrap_or_default()),
    ("packets_to_server", |flow| flow.packets_to_server.to_string()),
    ("bytes_to_server", |flow| flow.bytes_to_server.to_string()),
    ("packets_to_client", |flow| flow.packets_to_client.to_string()),
    ("bytes_to_client", |flow| flow.bytes_to_client.to_string()),
    ("encryption", |flow| flow.encryption.clone().unwrap_or_default()),
    ("phi", |flow| flow.phi.to_string()),
    ("opening", |flow| flow.opening.clone()),
    ("vlan", |flow| flow.vlan.to_string()),
    ("sensor", |flow| flow.origin.sensor.clone()),
];

fn maybe<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// A row of a search's answer.
pub fn shown(flow: &Flow) -> Vec<String> {
    COLUMNS.iter().map(|(_, show)| show(flow)).collect()
}

/// A value of a statement's answer.
pub fn text(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    }
}
