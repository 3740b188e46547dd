//! Tables of others, from the upload to the undo.

use axum::http::{Method, StatusCode};
use hub::auth::Role;
use serde_json::{Value, json};

use crate::fixture::{TestHub, Visitor};

async fn hand_in(visitor: &Visitor, site: &str, table: &str) -> Value {
    let path = format!("/api/imports?site={site}&name=cmms.csv");
    let answer = visitor.send(Method::POST, &path, "application/octet-stream", table.to_owned()).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
    answer.json()
}

async fn plan(visitor: &Visitor, id: &str) -> Value {
    visitor.get(&format!("/api/imports/{id}/plan")).await.json()
}

#[tokio::test]
async fn a_table_is_mapped_run_dry_decided_applied_and_undone_whole() {
    let (hub, visitor, site) = TestHub::set_up().await;
    let page = hub.fed(&visitor, &site).await;
    let seen = page["items"].as_array().unwrap().iter().find(|item| item["macs"][0].is_string()).unwrap();
    let (device, mac) = (seen["id"].as_str().unwrap(), seen["macs"][0].as_str().unwrap());
    let record = format!("/api/devices/{device}/record");
    let etag = visitor.get(&record).await.etag.unwrap();
    visitor.patch(&record, Some(&etag), json!({ "asset_tag": "A1", "unit": "OR" })).await;

    let table = format!("Inv,Dept,Mac address,Whom\nA1,ICU,{mac},Kim\nA2,ER,,Lee\nA3,,,\n");
    let import = hand_in(&visitor, &site, &table).await;
    assert_eq!((&import["lines"], &import["sample"][0][0]), (&json!(3), &json!("A1")));
    assert_eq!(import["mapping"]["columns"], json!({ "Mac address": "macs" }), "what headings tell");
    let id = import["id"].as_str().unwrap();
    let path = format!("/api/imports/{id}");
    let etag = import["etag"].as_str().unwrap();
    let wrong = json!({ "columns": { "Inv": "asset_tag", "Dept": "asset_tag" } });
    assert_eq!(visitor.send_if(Method::PUT, &path, etag, wrong).await.problem(), "unprocessable");
    let columns = json!({ "Inv": "asset_tag", "Dept": "unit", "Mac address": "macs", "Whom": "clinical_owner" });
    let mapped = visitor.send_if(Method::PUT, &path, etag, json!({ "columns": columns })).await;
    assert_eq!(mapped.status, StatusCode::OK, "{mapped:?}");
    assert_eq!(visitor.send_if(Method::PUT, &path, etag, json!({ "columns": columns })).await.problem(), "changed");

    let dry = plan(&visitor, id).await;
    assert_eq!((&dry["create"], &dry["wait"]), (&json!(2), &json!(1)));
    let differs = json!({ "kind": "differs", "field": "unit", "record": "OR", "table": "ICU" });
    assert_eq!(dry["items"][0]["conflicts"], json!([differs]));
    let etag = mapped.etag.unwrap();
    let apply = format!("{path}/apply");
    let refused = visitor.send_if(Method::POST, &apply, &etag, json!({})).await;
    assert!(refused.problem() == "conflict" && refused.text.contains("1 lines wait"), "{refused:?}");
    let decided = json!({ "columns": columns, "decided": { "1": "table" } });
    let etag = visitor.send_if(Method::PUT, &path, &etag, decided).await.etag.unwrap();
    assert_eq!(plan(&visitor, id).await["update"], 1);
    assert_eq!(visitor.get("/api/records").await.json()["items"].as_array().unwrap().len(), 1, "nothing was done so far");

    let applied = visitor.send_if(Method::POST, &apply, &etag, json!({})).await;
    assert_eq!((applied.status, &applied.json()["state"]), (StatusCode::OK, &json!("applied")), "{applied:?}");
    let etag = applied.etag.unwrap();
    assert_eq!(visitor.send_if(Method::POST, &apply, &etag, json!({})).await.problem(), "conflict", "once");
    assert_eq!(visitor.get(&record).await.json()["record"]["unit"], "ICU");
    assert_eq!(visitor.get("/api/records").await.json()["items"].as_array().unwrap().len(), 3);
    assert_eq!(visitor.get("/api/devices?owner=Kim").await.json()["items"][0]["id"], device);
    // Somebody goes on working with what came.
    let tag = visitor.get(&record).await.etag.unwrap();
    visitor.patch(&record, Some(&tag), json!({ "unit": "ER" })).await;

    let undone = visitor.send_if(Method::POST, &format!("{path}/undo"), &etag, json!({})).await;
    assert_eq!(undone.status, StatusCode::OK, "{undone:?}");
    assert_eq!((&undone.json()["removed"], &undone.json()["kept"][0]["fields"]), (&json!(2), &json!(["unit"])));
    let after = visitor.get(&record).await.json()["record"].clone();
    assert_eq!(after, json!({ "asset_tag": "A1", "unit": "ER" }));
    assert_eq!(visitor.get("/api/records").await.json()["items"].as_array().unwrap().len(), 1);
    for action in ["import.read", "import.apply", "import.undo"] {
        assert_eq!(hub.acts(action).await.len(), 1, "{action}");
    }
    let tenant = hub.app.sites().remove(0).tenant_id;
    let lead = hub.person("lead", Role::ClinicalLead, &tenant, None).await;
    assert_eq!(lead.get(&path).await.problem(), "no-right");
}

#[tokio::test]
async fn what_is_no_table_or_too_much_is_refused() {
    let (_hub, visitor, site) = TestHub::set_up().await;
    let path = format!("/api/imports?site={site}&name=x");
    let send = async |body: Vec<u8>| visitor.send(Method::POST, &path, "application/octet-stream", body).await;
    assert_eq!(send(b"only,headings".to_vec()).await.problem(), "unprocessable");
    assert_eq!(send(b"PK\x03\x04 nothing".to_vec()).await.problem(), "unprocessable");
    assert_eq!(send("a\n".repeat(50_002).into_bytes()).await.problem(), "too-large");
    assert_eq!(visitor.get("/api/imports").await.json()["items"], json!([]));
}

#[tokio::test]
async fn what_was_exported_changes_nothing_when_it_is_imported_again() {
    let (hub, visitor, site) = TestHub::set_up().await;
    let page = hub.fed(&visitor, &site).await;
    let ids: Vec<&Value> = page["items"].as_array().unwrap().iter().map(|item| &item["id"]).take(5).collect();
    visitor.post("/api/devices/bulk", json!({ "devices": ids, "set": { "unit": "ICU", "night_call": "+49 30 901820" } })).await;
    for device in &ids {
        let path = format!("/api/devices/{}/record", device.as_str().unwrap());
        let etag = visitor.get(&path).await.etag.unwrap();
        visitor.patch(&path, Some(&etag), json!({ "asset_tag": format!("T{device}") })).await;
    }
    let csv = visitor.get(&format!("/api/exports/csv?site={site}")).await.text;
    let import = hand_in(&visitor, &site, &csv).await;
    let dry = plan(&visitor, import["id"].as_str().unwrap()).await;
    assert_eq!(
        (&dry["unchanged"], &dry["create"], &dry["update"], &dry["wait"]),
        (&json!(5), &json!(0), &json!(0), &json!(0)),
        "{dry}"
    );
}

/// A small server that answers in the form of both APIs as their documentation shows it; not the systems themselves.
async fn other_systems() -> String {
    use axum::extract::Query;
    use axum::http::HeaderMap;
    use axum::response::{IntoResponse, Redirect};
    use axum::routing::get;
    use std::collections::HashMap;
    let netbox = |headers: HeaderMap, Query(asked): Query<HashMap<String, String>>| async move {
        if headers["authorization"] != "Token right" {
            return (StatusCode::FORBIDDEN, "the secret of the other server").into_response();
        }
        let first = asked["offset"] == "0";
        let device = json!({
            "id": 1, "name": if first { "ct-1" } else { "ct-2" }, "serial": if first { "S1" } else { "S2" }, "asset_tag": null,
            "device_type": { "model": "CT 9", "manufacturer": { "name": "Acme" } }, "status": { "value": "active" }, "tags": [],
        });
        axum::Json(json!({ "count": 2, "next": first.then_some("http://elsewhere/"), "previous": null, "results": [device] }))
            .into_response()
    };
    let snipe = |headers: HeaderMap| async move {
        if headers["authorization"] != "Bearer right" {
            return axum::Json(json!({ "status": "error", "messages": "Unauthorized." }));
        }
        axum::Json(
            json!({ "total": 1, "rows": [{ "id": 1, "asset_tag": "A1", "name": "Pump", "serial": "S9", "model": { "name": "P1" } }] }),
        )
    };
    let app = axum::Router::new()
        .route("/api/dcim/devices/", get(netbox))
        .route("/api/v1/hardware", get(snipe))
        .route("/moved/api/dcim/devices/", get(|| async { Redirect::temporary("/api/dcim/devices/") }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

#[tokio::test]
async fn records_are_asked_for_where_netbox_and_snipe_it_keep_them() {
    let (hub, visitor, site) = TestHub::set_up().await;
    let there = other_systems().await;
    let pull = async |system: &str, url: &str, token: &str| {
        visitor.post("/api/imports-by-api", json!({ "site": site, "system": system, "url": url, "token": token })).await
    };
    let netbox = pull("netbox", &format!("{there}/"), "right").await;
    assert_eq!((netbox.status, &netbox.json()["lines"]), (StatusCode::CREATED, &json!(2)), "{netbox:?}");
    let dry = plan(&visitor, netbox.json()["id"].as_str().unwrap()).await;
    assert_eq!((&dry["create"], &dry["items"][1]["title"]), (&json!(2), &json!("ct-2 Acme CT 9 S2")), "{dry}");
    let snipe = pull("snipe_it", &there, "right").await.json();
    assert_eq!((&snipe["source"], &snipe["lines"]), (&json!("snipe_it"), &json!(1)));

    let refused = pull("netbox", &there, "wrong").await;
    assert!(
        refused.problem() == "unprocessable" && refused.text.contains("403") && !refused.text.contains("secret"),
        "{refused:?}"
    );
    assert!(pull("snipe_it", &there, "wrong").await.text.contains("Unauthorized."));
    assert!(pull("netbox", &format!("{there}/moved"), "right").await.text.contains("307"), "a token goes nowhere else");
    for url in ["http://192.0.2.1/", "ftp://192.0.2.1/", "file:///etc/passwd", "nonsense"] {
        assert_eq!(pull("netbox", url, "right").await.problem(), "unprocessable", "{url}");
    }
    let ledger = hub.acts("import.read").await;
    assert!(ledger.len() == 2 && !json!(ledger).to_string().contains("right"), "{ledger:?}");
}
