//! What observation amounts to.

use std::slice::from_ref;

use model::report::{Conversation, Device, Finding, Severity};
use serde_json::{Value, json};
use store::{Act, Actor, DeviceFilter, FindingFilter, Gone, ObservedChange};

use crate::database;

fn device(id: &str, name: &str, class: &str) -> Device {
    let attribute = |value: &str| json!({ "value": value, "confidence": 0.9, "evidence": [] });
    let device = json!({
        "id": id, "interfaces": [], "addresses": [], "is_router": false, "confidence": 0.9, "name": attribute(name),
        "class": attribute(class), "first_seen": "2026-01-01T00:00:00Z", "last_seen": "2026-01-02T00:00:00Z",
    });
    serde_json::from_value(device).unwrap()
}

fn conversation(client: &str, server: &str) -> Conversation {
    let party = |id: &str| json!({ "device": id, "name": id, "scope": "inside" });
    let whole = json!({
        "id": format!("{client}-{server}"), "client": party(client), "server": party(server), "transport": "tcp",
        "port": 104, "protocol": "dicom", "service": "dicom", "management": false, "first_seen": "2026-01-01T00:00:00Z",
        "last_seen": "2026-01-02T00:00:00Z", "days_seen": 1, "flows": 3, "failed_flows": 0, "packets_to_server": 1,
        "packets_to_client": 1, "bytes_to_server": 1, "bytes_to_client": 1, "bytes_lost": 0, "encryption": "unknown",
        "direction_known": true, "frame": { "source": 0, "frame": 1 },
    });
    serde_json::from_value(whole).unwrap()
}

fn finding(id: &str, severity: &str, devices: &[&str]) -> Finding {
    let whole: Value = json!({
        "id": id, "detector": "cleartext-phi", "title": "t", "severity": severity, "devices": devices, "conversations": [], "why": "",
        "what_to_do": "", "evidence": [], "first_seen": "2026-01-01T00:00:00Z", "last_seen": "2026-01-02T00:00:00Z",
    });
    serde_json::from_value(whole).unwrap()
}

#[tokio::test]
async fn what_was_observed_is_found_by_its_site_and_values() {
    for database in database::all().await {
        let store = &database.store;
        let mut change = store.begin(&Actor::hub("test"), model::Timestamp::from_nanos(1)).await.unwrap();
        let tenant = change.add_tenant("Clinic").await.unwrap();
        let site = change.add_site(&tenant, "Main", "UTC", &[]).await.unwrap();
        change.commit(Act::new("test", &site)).await.unwrap();
        let devices = [device("d1", "CT 1", "ct"), device("d2", "Archive", "pacs"), device("d3", "CT 2", "ct")];
        let conversations = [conversation("d1", "d2")];
        let findings = [finding("f1", "high", &["d1", "d2"]), finding("f2", "low", &["d3"])];
        store.write_observed(&ObservedChange::whole(&site, &devices, &conversations, &findings)).await.unwrap();

        let all = DeviceFilter { sites: vec![site.clone()], limit: 2, ..DeviceFilter::default() };
        let first = store.devices(&all).await.unwrap();
        assert_eq!(first.items.iter().map(|row| row.id.as_str()).collect::<Vec<_>>(), ["d2", "d1"]);
        let next = DeviceFilter { after: Some(("CT 1".into(), "d1".into())), ..all.clone() };
        assert_eq!(store.devices(&next).await.unwrap().items[0].id, "d3");
        let some = DeviceFilter { classes: vec!["ct".into(), "mr".into()], text: Some("ct 1".into()), ..all.clone() };
        assert_eq!(store.devices(&some).await.unwrap().items.len(), 1);
        assert_eq!(store.device_facets(&all).await.unwrap().class, [("ct".to_owned(), 2), ("pacs".to_owned(), 1)]);
        assert!(store.device("d1", &["another".into()]).await.is_err());
        assert_eq!(store.device("d1", from_ref(&site)).await.unwrap().version, 1);
        assert_eq!(store.conversations(from_ref(&site), Some("d2"), 0, 10).await.unwrap().items.len(), 1);
        assert_eq!(store.conversations(from_ref(&site), Some("d3"), 0, 10).await.unwrap().items.len(), 0);
        let wanted = FindingFilter { sites: vec![site.clone()], limit: 10, ..FindingFilter::default() };
        let ids = async |filter: FindingFilter| -> Vec<String> {
            store.findings(&filter).await.unwrap().items.into_iter().map(|row| row.finding.id.to_string()).collect()
        };
        assert_eq!(ids(FindingFilter { device: Some("d2".into()), ..wanted.clone() }).await, ["f1"]);
        assert_eq!(ids(FindingFilter { floor: Some(Severity::Medium), ..wanted.clone() }).await, ["f1"]);
        assert_eq!(ids(FindingFilter { states: vec!["open".into()], ..wanted }).await, ["f1", "f2"]);
        assert_eq!(store.finding_counts(from_ref(&site)).await.unwrap().len(), 2);
        assert_eq!(store.captures(from_ref(&site)).await.unwrap(), []);

        let renamed = device("d3", "CT 3", "ct");
        let gone = Gone::Ids { devices: vec!["d2"], conversations: vec![conversations[0].id.as_str()], findings: vec!["f2"] };
        let (conversations, findings) = (Vec::new(), Vec::new());
        let change = ObservedChange { site: &site, devices: vec![&devices[0], &renamed], conversations, findings, gone };
        store.write_observed(&change).await.unwrap();
        let ids: Vec<String> = store.devices(&all).await.unwrap().items.into_iter().map(|row| row.id).collect();
        assert_eq!(ids, ["d1", "d3"], "d2 is gone");
        let version = async |id| store.device(id, from_ref(&site)).await.unwrap().version;
        assert_eq!((version("d1").await, version("d3").await), (1, 2), "what stayed as it was has no new version");
        assert_eq!(store.conversations(from_ref(&site), None, 0, 10).await.unwrap().items.len(), 0);
        let holds = async |id| store.finding(id, from_ref(&site)).await.unwrap().holds;
        assert_eq!((holds("f1").await, holds("f2").await), (true, false));

        store.write_observed(&ObservedChange::whole(&site, &devices[..1], &[], &[])).await.unwrap();
        assert_eq!(store.devices(&all).await.unwrap().items.len(), 1);
        assert!(!store.finding("f1", from_ref(&site)).await.unwrap().holds, "what people did about it stays");

        let many: Vec<Device> = (0..9_001).map(|number| device(&format!("m{number}"), "Pump", "pump")).collect();
        store.write_observed(&ObservedChange::whole(&site, &many, &[], &[])).await.unwrap();
        assert_eq!(store.device_facets(&all).await.unwrap().class, [("pump".to_owned(), 9_001)], "in many pieces too");
    }
}
