use knowledge::Knowledge;
use model::Timestamp;
use model::report::{Conversation, Device, Finding};
use records::checklist::{Seen, Traffic, judge};
use serde_json::json;

use crate::device;

fn conversation(client: &str, server: &str, protocol: &str, more: serde_json::Value) -> Conversation {
    let party = |id: &str| json!({ "device": id, "name": id, "scope": "inside" });
    let mut whole = json!({
        "id": format!("{client}-{server}-{protocol}"), "client": party(client), "server": party(server), "transport": "tcp",
        "port": 1, "protocol": protocol, "service": protocol, "management": false, "first_seen": "2026-01-01T00:00:00Z",
        "last_seen": "2026-01-02T00:00:00Z", "days_seen": 1, "flows": 3, "failed_flows": 0, "packets_to_server": 1,
        "packets_to_client": 1, "bytes_to_server": 1, "bytes_to_client": 1, "bytes_lost": 0, "encryption": "unknown",
        "direction_known": true, "frame": { "source": 0, "frame": 1 },
    });
    whole.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    serde_json::from_value(whole).unwrap()
}

fn says(item: &str, device: &Device, conversations: &[Conversation], findings: &[Finding], since: Option<&str>) -> Traffic {
    let knowledge = Knowledge::builtin();
    let item = knowledge.checklist(None, None).find(|one| one.id == item).unwrap();
    let (conversations, findings): (Vec<_>, Vec<_>) = (conversations.iter().collect(), findings.iter().collect());
    let since = since.map(|text| text.parse::<Timestamp>().unwrap());
    judge(item, &Seen { device, conversations: &conversations, findings: &findings }, since)
}

#[test]
fn traffic_confirms_contradicts_or_says_nothing() {
    let pump = device("pump", None, None, None);
    let telnet = [conversation("pc", "pump", "telnet", json!({}))];
    assert!(matches!(says("unused-services", &pump, &telnet, &[], None), Traffic::Contradicts { .. }));
    let refused = [conversation("pc", "pump", "telnet", json!({ "failed_flows": 3 }))];
    assert_eq!(says("unused-services", &pump, &refused, &[], None), Traffic::Silent);
    let as_client = [conversation("pump", "pc", "telnet", json!({}))];
    assert_eq!(says("unused-services", &pump, &as_client, &[], None), Traffic::Silent);
    let ntp = [conversation("pump", "time", "ntp", json!({}))];
    assert_eq!(says("time-source", &pump, &ntp, &[], None), Traffic::Confirms { conversations: vec!["pump-time-ntp".into()] });
    assert_eq!(says("backup", &pump, &ntp, &[], None), Traffic::Silent);
}

#[test]
fn only_what_came_after_it_was_done_counts() {
    let pump = device("pump", None, None, None);
    let telnet = [conversation("pc", "pump", "telnet", json!({}))];
    assert_eq!(says("unused-services", &pump, &telnet, &[], Some("2026-01-03T00:00:00Z")), Traffic::Silent);
    assert!(matches!(
        says("unused-services", &pump, &telnet, &[], Some("2026-01-01T12:00:00Z")),
        Traffic::Contradicts { what, .. } if what.contains("telnet")
    ));
}

#[test]
fn clinical_content_in_the_clear_outweighs_what_is_hidden() {
    let pump = device("pump", None, None, None);
    let hidden = conversation("pump", "a", "hl7", json!({ "clinical": "results", "encryption": "strong" }));
    let open = conversation("pump", "b", "hl7", json!({ "clinical": "results", "encryption": "cleartext" }));
    assert!(matches!(says("encryption", &pump, std::slice::from_ref(&hidden), &[], None), Traffic::Confirms { .. }));
    assert!(matches!(says("encryption", &pump, &[hidden, open], &[], None), Traffic::Contradicts { .. }));
}

#[test]
fn a_finding_contradicts_and_is_named() {
    let finding = json!({
        "id": "f1", "detector": "default-credential", "title": "a password that it came with", "severity": "high", "devices": ["pump"],
        "conversations": [], "why": "", "what_to_do": "", "evidence": [], "first_seen": "2026-01-01T00:00:00Z",
        "last_seen": "2026-01-02T00:00:00Z",
    });
    let finding: Finding = serde_json::from_value(finding).unwrap();
    let pump = device("pump", None, None, None);
    let said = says("default-password", &pump, &[], &[finding], None);
    assert!(matches!(said, Traffic::Contradicts { findings, .. } if findings == ["f1"]));
}
