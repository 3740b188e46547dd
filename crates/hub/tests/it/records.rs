//! What people say of devices.

use axum::http::{Method, StatusCode};
use hub::auth::Role;
use serde_json::{Value, json};

use crate::fixture::{TestHub, Visitor};

async fn tenant(hub: &TestHub) -> String {
    hub.app.sites().remove(0).tenant_id
}

fn ids(page: &Value) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

async fn edit(visitor: &Visitor, device: &str, patch: Value) {
    let path = format!("/api/devices/{device}/record");
    let etag = visitor.get(&path).await.etag.unwrap();
    let answer = visitor.patch(&path, Some(&etag), patch).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
}

#[tokio::test]
async fn a_record_says_what_is_unknown_and_is_changed_by_who_read_it() {
    let (hub, visitor, site) = TestHub::set_up().await;
    let device = ids(&hub.fed(&visitor, &site).await).remove(0);
    let path = format!("/api/devices/{device}/record");
    let first = visitor.get(&path).await;
    assert_eq!((first.json()["id"].is_null(), first.json()["record"].clone()), (true, json!({})));
    assert!(first.json()["unknown"].as_array().unwrap().contains(&json!("administered_by")));

    let wanted = json!({ "clinical_owner": "Kim", "it_owner": "Lee", "night_call": "+49 30 901820", "room": "2.14", "state": "in_service" });
    assert_eq!(visitor.patch(&path, None, wanted.clone()).await.problem(), "if-match");
    let etag = first.etag.unwrap();
    let changed = visitor.patch(&path, Some(&etag), wanted.clone()).await;
    assert_eq!((changed.status, &changed.json()["record"]), (StatusCode::OK, &wanted));
    assert_eq!(changed.json()["device"], device);
    assert_eq!(visitor.patch(&path, Some(&etag), json!({ "unit": "ICU" })).await.problem(), "changed");
    let etag = changed.etag.unwrap();
    let wrong = visitor.patch(&path, Some(&etag), json!({ "state": "lost" })).await;
    assert_eq!(wrong.problem(), "unprocessable");
    assert!(wrong.json()["detail"].as_str().unwrap().starts_with("state:"), "{wrong:?}");
    let cleared = visitor.patch(&path, Some(&etag), json!({ "it_owner": null })).await.json();
    assert!(cleared["unknown"].as_array().unwrap().contains(&json!("it_owner")));

    let acts = hub.acts("record.edit").await;
    assert_eq!(acts.len(), 2, "{acts:?}");
    assert_eq!(acts[1]["details"]["changes"], json!([{ "field": "it_owner", "before": "Lee", "after": "" }]));
    let lead = hub.person("lead", Role::ClinicalLead, &tenant(&hub).await, None).await;
    let read = lead.get(&path).await;
    assert_eq!(read.json()["record"]["clinical_owner"], "Kim");
    assert_eq!(lead.patch(&path, read.etag.as_deref(), json!({ "unit": "ICU" })).await.problem(), "no-right");
}

#[tokio::test]
async fn devices_are_listed_by_what_people_say() {
    let (hub, visitor, site) = TestHub::set_up().await;
    let all = ids(&hub.fed(&visitor, &site).await);
    edit(&visitor, &all[0], json!({ "clinical_owner": "Kim", "tags": ["loan"] })).await;
    let wrong = json!({ "devices": all[..2], "set": { "serial": "S1" } });
    assert_eq!(visitor.post("/api/devices/bulk", wrong).await.problem(), "unprocessable");
    let gone = json!({ "devices": [all[0], "d-gone"], "set": { "unit": "ICU" } });
    assert_eq!(visitor.post("/api/devices/bulk", gone).await.problem(), "absent");
    assert_eq!(ids(&visitor.get("/api/devices?unit=ICU").await.json()).len(), 0, "all of it or nothing");
    let wanted = json!({ "devices": all[..3], "set": { "unit": "ICU", "it_owner": "Kim", "state": "spare" } });
    let done = visitor.post("/api/devices/bulk", wanted).await;
    assert_eq!((done.status, done.json().as_array().unwrap().len()), (StatusCode::OK, 3));

    for (query, count) in
        [("unit=ICU", 3), ("owner=Kim", 3), ("owner=Kim&tag=loan", 1), ("state=spare,retired", 3), ("state=retired", 0)]
    {
        let page = visitor.get(&format!("/api/devices?{query}")).await.json();
        assert_eq!(
            (page["items"].as_array().unwrap().len(), page["facets"]["total"].as_u64()),
            (count, u64::try_from(count).ok()),
            "{query}"
        );
    }
    let page = visitor.get("/api/devices?limit=500").await.json();
    assert_eq!(page["facets"]["owner"], json!([{ "value": "Kim", "count": 3 }]), "one device counts once for one owner");
    assert_eq!(page["facets"]["tag"], json!([{ "value": "loan", "count": 1 }]));
    let line = page["items"].as_array().unwrap().iter().find(|item| item["id"] == all[0].as_str()).unwrap();
    assert_eq!((&line["unit"], &line["clinical_owner"], &line["tags"]), (&json!("ICU"), &json!("Kim"), &json!(["loan"])));
    assert_eq!(hub.acts("record.bulk").await.len(), 1);
    assert_eq!(ids(&visitor.get("/api/records?seen=true&limit=2").await.json()).len(), 2);
}

#[tokio::test]
async fn devices_are_merged_and_split_by_hand_and_that_is_taken_back() {
    let (hub, visitor, site) = TestHub::set_up().await;
    let all = ids(&hub.fed(&visitor, &site).await);
    let (a, b) = (all[0].clone(), all[1].clone());
    edit(&visitor, &a, json!({ "clinical_owner": "Kim" })).await;
    let alone = json!({ "devices": [a], "why": "no" });
    assert_eq!(visitor.post("/api/devices/merge", alone).await.problem(), "unprocessable");
    let said = visitor.post("/api/devices/merge", json!({ "devices": [a, b], "why": "two cards of one console" })).await;
    assert_eq!(said.status, StatusCode::CREATED, "{said:?}");
    let count = all.len();
    let path = "/api/devices?limit=500";
    let merged = hub.until(&visitor, path, |page| ids(page).len() == count - 1).await;
    let left = [&a, &b].into_iter().find(|id| ids(&merged).contains(id)).unwrap().clone();
    let record = format!("/api/devices/{left}/record");
    hub.until(&visitor, &record, |record| record["record"]["clinical_owner"] == "Kim").await;

    let interfaces: Vec<Value> = said.json()["interfaces"].as_array().unwrap().clone();
    let wrong = json!({ "device": left, "interfaces": interfaces, "why": "all of them" });
    assert_eq!(visitor.post("/api/devices/split", wrong).await.problem(), "unprocessable");
    let split = json!({ "device": left, "interfaces": [interfaces[0]], "why": "it was two after all" });
    let split = visitor.post("/api/devices/split", split).await.json()["id"].as_str().unwrap().to_owned();
    hub.until(&visitor, path, |page| ids(page) == all).await;
    for id in [split, said.json()["id"].as_str().unwrap().to_owned()] {
        assert_eq!(visitor.delete(&format!("/api/identity/{id}")).await.status, StatusCode::NO_CONTENT);
        assert_eq!(visitor.delete(&format!("/api/identity/{id}")).await.problem(), "absent");
    }
    hub.until(&visitor, path, |page| ids(page) == all).await;
    let statements = visitor.get("/api/identity").await.json();
    assert!(statements.as_array().unwrap().iter().all(|one| one["undone"].is_string() && one["by"] == "Alex"), "{statements}");
    // It is kept over a restart.
    visitor.post("/api/devices/merge", json!({ "devices": [a, b], "why": "again" })).await;
    hub.until(&visitor, path, |page| ids(page).len() == count - 1).await;
    let hub = hub.again().await;
    hub.app.start();
    let mut again = hub.visitor();
    again.cookies = visitor.cookies.clone();
    hub.until(&again, path, |page| ids(page).len() == count - 1).await;
}

#[tokio::test]
async fn exports_have_every_device_and_stand_in_the_ledger() {
    let (hub, visitor, site) = TestHub::set_up().await;
    let all = ids(&hub.fed(&visitor, &site).await);
    edit(&visitor, &all[0], json!({ "clinical_owner": "Kim", "room": "=1+1" })).await;
    let export = async |format: &str| visitor.get(&format!("/api/exports/{format}?site={site}")).await;
    let csv = export("csv").await;
    assert_eq!(csv.kind, "text/csv; charset=utf-8");
    assert!(csv.text.starts_with('\u{feff}') && csv.text.contains("Kim") && csv.text.contains(",'=1+1,"), "{csv:?}");
    for format in ["csv", "xlsx"] {
        let table = records::Table::read(&export(format).await.bytes).unwrap();
        assert_eq!(table.rows.len(), all.len(), "{format}");
        assert!((0..all.len()).any(|row| table.cell(row, "Room") == "=1+1"));
    }
    assert_eq!(export("json").await.json().as_array().unwrap().len(), all.len());
    let bom = export("cyclonedx").await.json();
    assert_eq!((&bom["bomFormat"], bom["components"].as_array().unwrap().len()), (&json!("CycloneDX"), all.len()));
    let number = bom["serialNumber"].as_str().unwrap();
    assert!(number.len() == 45 && number.as_bytes()[23] == b'4', "{number}");
    assert_eq!(export("pdf").await.problem(), "absent");
    let acts = hub.acts("export").await;
    assert_eq!(
        acts.iter().map(|act| act["details"]["format"].as_str().unwrap()).collect::<Vec<_>>(),
        ["csv", "csv", "xlsx", "json", "cyclonedx"]
    );
    let auditor = hub.person("auditor", Role::Auditor, &tenant(&hub).await, None).await;
    assert_eq!(auditor.get(&format!("/api/exports/csv?site={site}")).await.problem(), "no-right");
}

#[tokio::test]
async fn files_beside_a_record_are_kept_whole_and_never_shown_by_the_browser() {
    let (hub, visitor, site) = TestHub::set_up().await;
    let device = ids(&hub.fed(&visitor, &site).await).remove(0);
    let path = format!("/api/devices/{device}/attachments");
    let attach = async |name: &str, body: Vec<u8>| {
        visitor.send(Method::POST, &format!("{path}?name={name}"), "application/octet-stream", body).await
    };
    assert_eq!(attach("empty", Vec::new()).await.problem(), "unprocessable");
    assert_eq!(attach("big", vec![0; (16 << 20) + 1]).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let page = b"<script>alert(1)</script>".to_vec();
    let first = attach("mds2%20%22x%22.html", page.clone()).await;
    assert_eq!(first.status, StatusCode::CREATED, "{first:?}");
    let twin = attach("again.html", page.clone()).await.json();
    let id = first.json()["id"].as_str().unwrap().to_owned();
    let read = visitor.get(&format!("/api/attachments/{id}")).await;
    assert_eq!((read.bytes.as_slice(), read.kind.as_str()), (page.as_slice(), "application/octet-stream"));
    assert_eq!(visitor.get(&path).await.json().as_array().unwrap().len(), 2);
    let folder = hub.folder.path().join("data/attachments");
    let count = || std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(count(), 1, "the same contents once");
    for (id, left) in [(id.as_str(), 1), (twin["id"].as_str().unwrap(), 0)] {
        assert_eq!(visitor.delete(&format!("/api/attachments/{id}")).await.status, StatusCode::NO_CONTENT);
        assert_eq!(count(), left);
    }
    assert_eq!(visitor.get(&format!("/api/attachments/{id}")).await.problem(), "absent");
}

#[tokio::test]
async fn a_view_is_seen_by_others_only_where_it_is_shared() {
    let (hub, visitor, _) = TestHub::set_up().await;
    let other = hub.person("kim", Role::ClinicalEngineering, &tenant(&hub).await, None).await;
    let view =
        |name: &str, shared: bool| json!({ "screen": "devices", "name": name, "query": { "unit": "ICU" }, "is_shared": shared });
    let own = visitor.post("/api/views", view("mine", false)).await;
    assert_eq!(own.status, StatusCode::CREATED, "{own:?}");
    visitor.post("/api/views", view("ours", true)).await;
    let seen = other.get("/api/views").await.json();
    assert_eq!((seen.as_array().unwrap().len(), &seen[0]["name"], &seen[0]["is_own"]), (1, &json!("ours"), &json!(false)));
    let path = format!("/api/views/{}", own.json()["id"].as_str().unwrap());
    assert_eq!(other.delete(&path).await.problem(), "absent");
    let etag = own.json()["etag"].as_str().unwrap().to_owned();
    let changed = visitor.send_if(Method::PUT, &path, &etag, view("renamed", true)).await;
    assert_eq!((changed.status, &changed.json()["name"]), (StatusCode::OK, &json!("renamed")));
    assert_eq!(visitor.send_if(Method::PUT, &path, &etag, view("late", true)).await.problem(), "changed");
    let long = json!({ "screen": "devices", "name": "x", "query": { "q": "x".repeat(5000) }, "is_shared": false });
    assert_eq!(visitor.post("/api/views", long).await.problem(), "unprocessable");
    assert_eq!(visitor.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(visitor.get("/api/views").await.json().as_array().unwrap().len(), 1);
}
