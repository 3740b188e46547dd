//! Devices that come: their papers, their checklists, and what traffic says.

use axum::http::{Method, StatusCode};
use hub::auth::Role;
use hub::intake::Batch;
use model::observation::{Fact, Subject};
use model::{Endpoint, FactKind, FactValue, FrameRef, MacAddr, Observation, Timestamp};
use serde_json::{Value, json};
use store::Act;

use crate::fixture::{TestHub, Visitor};

async fn file(visitor: &Visitor, site: &str, record: Value) -> Value {
    let new = json!({ "site": site, "coming": { "record": record, "needs": "HL7 to the gateway", "class": "infusion_pump" } });
    let answer = visitor.post("/api/onboarding", new).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    answer.json()
}

async fn sign(visitor: &Visitor, id: &str, step: &str, more: Value) -> crate::fixture::Answer {
    let path = format!("/api/onboarding/{id}");
    let etag = visitor.get(&path).await.etag.unwrap();
    visitor.send_if(Method::POST, &format!("{path}/steps/{step}"), &etag, more).await
}

/// A pump says something for the first time.
fn appear(hub: &TestHub, site: &str, number: u64, last: u8) {
    let now = hub.app.now();
    let mac = MacAddr([0, 0x09, 0xfb, 0, 0, last]);
    let fact = |kind, protocol: &'static str, value| {
        Observation::Fact(Fact {
            time: now,
            subject: Subject::Endpoint(Endpoint { mac: Some(mac), ip: Some([10, 20, 30, last].into()) }),
            kind,
            value,
            protocol: protocol.into(),
            field: "field".into(),
            label: "field".into(),
            frame: FrameRef { source: 0, frame: 1 },
        })
    };
    let model = FactValue::Text("Plum 360".into());
    let observations = vec![fact(FactKind::Binding, "arp", FactValue::Yes), fact(FactKind::Model, "dhcp", model)];
    let batch = Batch { site: site.to_owned(), sensor: "test".into(), number, observations };
    hub.app.intake.take(batch, &|site| hub.app.networks(site)).unwrap();
}

#[tokio::test]
async fn a_device_comes_with_papers_from_filing_to_release() {
    let (hub, alex, site) = TestHub::set_up().await;
    hub.fed(&alex, &site).await;
    let tenant = hub.app.sites().remove(0).tenant_id;
    let biomed = hub.person("biomed", Role::ClinicalEngineering, &tenant, None).await;
    let security = hub.person("security", Role::ItSecurity, &tenant, None).await;
    let lead = hub.person("lead", Role::ClinicalLead, &tenant, None).await;
    let nothing = json!({ "site": site, "coming": { "record": { "unit": "ICU" } } });
    assert_eq!(biomed.post("/api/onboarding", nothing).await.problem(), "unprocessable", "nothing to know it by");
    let papers = file(&biomed, &site, json!({ "model": "Plum 360", "macs": ["00:09:fb:00:00:2a"], "unit": "ICU" })).await;
    let id = papers["id"].as_str().unwrap();
    assert_eq!((&papers["papers"]["state"], &papers["next"]), (&json!("filed"), &json!("approve")));
    assert_eq!(papers["may_sign"], json!(["withdraw"]), "who files does not approve");
    assert_eq!(sign(&biomed, id, "approve", json!({})).await.problem(), "no-right");
    assert_eq!(sign(&security, id, "check", json!({})).await.problem(), "conflict", "not its turn");
    assert_eq!(lead.post("/api/onboarding", json!({ "site": site, "coming": {} })).await.problem(), "no-right");
    let approved = sign(&lead, id, "approve", json!({ "note": "for bed 4" })).await;
    assert_eq!(approved.json()["papers"]["approved"]["note"], "for bed 4", "{approved:?}");

    appear(&hub, &site, 1, 0x2a);
    let path = format!("/api/onboarding/{id}");
    let arrived = hub.until(&lead, &path, |papers| papers["papers"]["state"] == "arrived").await;
    assert_eq!((&arrived["papers"]["matched_by"], &arrived["papers"]["matched"]["name"]), (&json!("mac"), &json!("Medwarden")));
    let device = arrived["device"].as_str().unwrap().to_owned();
    assert_eq!(biomed.get(&format!("/api/devices/{device}/record")).await.json()["record"]["state"], "onboarding");

    let refused = sign(&biomed, id, "configure", json!({})).await;
    assert!(refused.problem() == "conflict" && refused.text.contains("required items"), "{refused:?}");
    let list = format!("/api/devices/{device}/checklist");
    let items = biomed.get(&list).await.json()["items"].as_array().unwrap().clone();
    for item in items.iter().filter(|item| item["item"]["optional"] == false) {
        let (item, etag) = (item["item"]["id"].as_str().unwrap(), item["etag"].as_str().unwrap());
        let done = biomed.send_if(Method::PUT, &format!("{list}/{item}"), etag, json!({ "state": "done" })).await;
        assert_eq!(done.status, StatusCode::OK, "{done:?}");
    }
    assert_eq!(sign(&biomed, id, "configure", json!({})).await.status, StatusCode::OK);
    assert_eq!(sign(&security, id, "check", json!({})).await.status, StatusCode::OK);
    let released = sign(&lead, id, "release", json!({})).await.json();
    assert_eq!((&released["papers"]["state"], &released["may_sign"]), (&json!("released"), &json!([])));
    assert_eq!(biomed.get(&format!("/api/devices/{device}/record")).await.json()["record"]["state"], "in_service");
    assert_eq!(alex.get("/api/devices?state=in_service").await.json()["facets"]["total"], 1);
    assert_eq!(hub.acts("onboarding.sign").await.len(), 5);
    assert_eq!(alex.get("/api/onboarding?state=released").await.json()["items"][0]["id"], id);
    assert_eq!(alex.get("/api/checklists").await.json()[0]["open"], 0);
}

#[tokio::test]
async fn one_without_papers_is_a_finding_until_somebody_writes_what_it_is() {
    let (hub, alex, site) = TestHub::set_up().await;
    hub.fed(&alex, &site).await;
    appear(&hub, &site, 1, 0x41);
    let path = "/api/findings?detector=no-papers";
    hub.until(&alex, "/api/devices?q=00:09:fb:00:00:41", |page| page["items"][0].is_object()).await;
    assert_eq!(alex.get(path).await.json()["items"], json!([]), "the site files no papers yet");
    file(&alex, &site, json!({ "serial": "S-1" })).await;
    appear(&hub, &site, 2, 0x42);
    let found = hub.until(&alex, path, |page| page["items"][0].is_object()).await;
    let device = found["items"][0]["finding"]["devices"][0].as_str().unwrap().to_owned();
    assert_eq!(
        (found["items"].as_array().unwrap().len(), device.as_str()),
        (1, "d-0009fb000042"),
        "what was there before is not asked for"
    );
    let record = format!("/api/devices/{device}/record");
    let etag = alex.get(&record).await.etag.unwrap();
    alex.patch(&record, Some(&etag), json!({ "clinical_owner": "Kim" })).await;
    hub.until(&alex, path, |page| page["items"][0]["holds"] == false).await;
}

#[tokio::test]
async fn an_unsure_match_is_left_to_a_person_and_what_is_taken_is_refused() {
    let (hub, alex, site) = TestHub::set_up().await;
    hub.fed(&alex, &site).await;
    let tenant = hub.app.sites().remove(0).tenant_id;
    let biomed = hub.person("biomed", Role::ClinicalEngineering, &tenant, None).await;
    let page = alex.get("/api/devices?limit=500").await.json();
    let known = page["items"].as_array().unwrap().iter().find(|item| item["model"].is_string()).unwrap();
    let papers = file(&biomed, &site, json!({ "model": known["model"] })).await;
    let id = papers["id"].as_str().unwrap();
    let shown = sign(&alex, id, "approve", json!({})).await.json();
    let candidates = shown["candidates"].as_array().unwrap();
    assert!(!candidates.is_empty() && candidates.iter().all(|one| one["by"] == "model"), "{shown}");
    assert_eq!(sign(&biomed, id, "match", json!({})).await.problem(), "conflict", "which one is it?");
    let device = candidates[0]["device"].as_str().unwrap();
    let matched = sign(&biomed, id, "match", json!({ "device": device })).await.json();
    assert_eq!((&matched["papers"]["matched_by"], &matched["device"]), (&json!("person"), &json!(device)));
    let other = file(&biomed, &site, json!({ "model": known["model"] })).await["id"].as_str().unwrap().to_owned();
    sign(&alex, &other, "approve", json!({})).await;
    assert_eq!(sign(&biomed, &other, "match", json!({ "device": device })).await.problem(), "conflict");
    assert_eq!(sign(&biomed, &other, "withdraw", json!({})).await.json()["papers"]["state"], "withdrawn");
}

#[tokio::test]
async fn a_person_who_files_cannot_approve_even_with_the_role() {
    let (hub, _, site) = TestHub::set_up().await;
    let tenant = hub.app.sites().remove(0).tenant_id;
    let security = hub.person("security", Role::ItSecurity, &tenant, None).await;
    let id = file(&security, &site, json!({ "serial": "S-1" })).await["id"].as_str().unwrap().to_owned();
    let path = format!("/api/onboarding/{id}");
    assert_eq!(security.get(&path).await.json()["may_sign"], json!(["withdraw"]));
    assert_eq!(sign(&security, &id, "approve", json!({})).await.problem(), "conflict");
    let read = security.get(&path).await;
    let coming = json!({ "record": { "serial": "S-2" }, "needs": "" });
    let changed = security.send_if(Method::PUT, &path, read.etag.as_deref().unwrap(), coming.clone()).await;
    assert_eq!(changed.json()["coming"]["record"]["serial"], "S-2", "{changed:?}");
    let other = hub.person("other", Role::ItSecurity, &tenant, None).await;
    let approved = sign(&other, &id, "approve", json!({})).await;
    let late = security.send_if(Method::PUT, &path, approved.etag.as_deref().unwrap(), coming).await;
    assert_eq!(late.problem(), "conflict", "what was approved is not changed");
}

#[tokio::test]
async fn what_was_said_to_be_done_and_traffic_contradicts_is_a_finding() {
    let (hub, alex, site) = TestHub::set_up().await;
    hub.fed(&alex, &site).await;
    // Something that traffic contradicts already, said to be done before it was seen.
    let devices = hub.app.intake.answers(&site).unwrap();
    let of = |detector: &str| devices.findings.iter().find(|one| one.detector == detector && !one.devices.is_empty()).cloned();
    let finding = of("cleartext-login").or_else(|| of("default-credential")).unwrap();
    let item = if finding.detector == "cleartext-login" { "cleartext-administration" } else { "default-password" };
    let device = finding.devices[0].to_string();
    let list = format!("/api/devices/{device}/checklist");
    let shown = alex.get(&list).await.json();
    let shown = shown["items"].as_array().unwrap().iter().find(|one| one["item"]["id"] == item).unwrap().clone();
    assert_eq!((&shown["traffic"]["says"], &shown["state"]), (&json!("contradicts"), &json!("open")), "{shown}");
    let path = format!("{list}/{item}");
    assert_eq!(alex.send_if(Method::PUT, &path, "\"0\"", json!({ "state": "not_applicable" })).await.problem(), "unprocessable");
    let done = alex.send_if(Method::PUT, &path, "\"0\"", json!({ "state": "done", "note": "changed" })).await;
    assert_eq!(done.status, StatusCode::OK, "{done:?}");
    let state = |list: &Value| {
        list["items"].as_array().unwrap().iter().find(|one| one["item"]["id"] == item).unwrap()["traffic"]["says"].clone()
    };
    assert_eq!(state(&done.json()), "silent", "only what comes afterwards counts");
    // As if it had been said before the capture was taken.
    let record = alex.get(&format!("/api/devices/{device}/record")).await.json()["id"].as_str().unwrap().to_owned();
    let mut row = hub.app.store.checklist(&record).await.unwrap().remove(0);
    row.at = Timestamp::from_nanos(0);
    let mut change = hub.app.store.begin(&store::Actor::hub("test"), hub.app.now()).await.unwrap();
    change.set_checklist_item(&row).await.unwrap();
    change.commit(Act::new("test", &record)).await.unwrap();
    appear(&hub, &site, 1, 0x51);
    let found = hub.until(&alex, "/api/findings?detector=checklist-contradicted", |page| page["items"][0].is_object()).await;
    assert_eq!(found["items"][0]["finding"]["devices"], json!([device]));
    assert_eq!(alex.get("/api/checklists").await.json()[0]["contradicted"], json!([item]));
}
