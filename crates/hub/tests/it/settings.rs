//! Settings of the hub and of sites, and what they change.

use axum::http::StatusCode;
use hub::auth::Role;
use serde_json::{Value, json};

use crate::fixture::TestHub;

#[tokio::test]
async fn sign_in_is_set_and_holds() {
    let (hub, alex, _) = TestHub::set_up().await;
    let tenant = hub.app.sites().remove(0).tenant_id;
    let path = "/api/settings/sign-in";
    let read = alex.get(path).await;
    let (mut settings, etag) = (read.json(), read.etag.unwrap());
    assert_eq!(alex.put_if(path, None, settings.clone()).await.problem(), "if-match");
    for (name, wrong) in
        [("address", json!("ftp://hub")), ("address", json!("https://hub.example/path")), ("sessions", json!([]))]
    {
        let mut changed = settings.clone();
        changed[name] = wrong;
        assert_eq!(alex.put_if(path, Some(&etag), changed).await.problem(), "unprocessable");
    }
    settings["address"] = json!("https://hub.clinic.example/");
    settings["second_step"] = json!(["administrator", "clinical_lead"]);
    for limit in settings["sessions"].as_array_mut().unwrap() {
        limit["idle_minutes"] = json!(5);
        limit["absolute_hours"] = json!(1);
    }
    let set = alex.put_if(path, Some(&etag), settings.clone()).await;
    assert_eq!((set.status, &set.json()["address"]), (StatusCode::OK, &json!("https://hub.clinic.example")));
    assert_eq!(alex.put_if(path, Some(&etag), settings).await.problem(), "changed");
    let lead = hub.person("lead", Role::ClinicalLead, &tenant, None).await;
    assert!(lead.totp.is_some(), "a second step is asked for from now on");
    let auditor = hub.person("auditor", Role::Auditor, &tenant, None).await;
    assert!(auditor.totp.is_none());
    assert_eq!(auditor.get(path).await.problem(), "no-right");
    let hub = hub.again().await;
    assert_eq!(hub.app.settings().sign_in.address.as_deref(), Some("https://hub.clinic.example"), "kept");
}

#[tokio::test]
async fn a_providers_secret_is_kept_sealed_and_only_for_its_issuer() {
    let (hub, alex, _) = TestHub::set_up().await;
    let tenant = hub.app.sites().remove(0).tenant_id;
    let path = "/api/settings/providers";
    let etag = alex.get(path).await.etag.unwrap();
    let provider = |issuer: &str, secret: Value| {
        json!([{
            "id": "entra", "name": "Work account", "issuer": issuer, "client_id": "medwarden", "client_secret": secret,
            "scopes": ["email"], "tenant": tenant, "links_by_mail": true, "has_second_step": true,
        }])
    };
    let plain = provider("http://login.example", json!("hush"));
    assert_eq!(alex.put_if(path, Some(&etag), plain).await.problem(), "unprocessable", "HTTPS only");
    let set = alex.put_if(path, Some(&etag), provider("https://login.example", json!("hush"))).await;
    assert_eq!((set.status, &set.json()[0]["has_secret"]), (StatusCode::OK, &json!(true)));
    assert!(!set.text.contains("hush"));
    let state = std::fs::read(hub.folder.path().join("data/state.db-wal")).unwrap();
    assert!(!state.windows(4).any(|part| part == b"hush"), "never plain in the state");
    let again = alex.put_if(path, set.etag.as_deref(), provider("https://login.example", Value::Null)).await;
    assert_eq!(again.json()[0]["has_secret"], true, "what is not sent stays");
    let moved = alex.put_if(path, again.etag.as_deref(), provider("https://evil.example", Value::Null)).await;
    assert_eq!(moved.json()[0]["has_secret"], false, "it does not go to another issuer");
    assert_eq!(hub.visitor().get("/api/session/oidc").await.json()[0]["name"], "Work account");
}

#[tokio::test]
async fn break_glass_is_shorter_where_a_site_says_so_and_history_is_kept_as_long_as_is_set() {
    let (_hub, alex, site) = TestHub::set_up().await;
    let path = format!("/api/settings/break-glass?site={site}");
    let read = alex.get(&path).await;
    assert_eq!(read.json()["most_minutes"], 120);
    let wrong = json!({ "most_minutes": 1, "review_hours": 24 });
    assert_eq!(alex.put_if(&path, read.etag.as_deref(), wrong).await.problem(), "unprocessable");
    let set = alex.put_if(&path, read.etag.as_deref(), json!({ "most_minutes": 15, "review_hours": 24 })).await;
    assert_eq!(set.status, StatusCode::OK, "{set:?}");
    assert_eq!(alex.get("/api/settings/break-glass").await.json()["most_minutes"], 120, "the hub's stays");
    let wanted = json!({ "site": site, "rights": ["feed"], "reason": "a pump does not answer", "minutes": 600 });
    let glass = alex.post("/api/break-glass", wanted).await.json();
    let time = |name: &str| glass[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert_eq!((time("ends") - time("begun")).total(jiff::Unit::Minute).unwrap(), 15.0);

    let read = alex.get("/api/settings/history").await;
    assert_eq!(read.json()["keep_days"], 400);
    assert_eq!(
        alex.put_if("/api/settings/history", read.etag.as_deref(), json!({ "keep_days": 0 })).await.problem(),
        "unprocessable"
    );
    let set = alex.put_if("/api/settings/history", read.etag.as_deref(), json!({ "keep_days": 30 })).await;
    assert_eq!(set.json()["keep_days"], 30);
}

#[tokio::test]
async fn a_sites_networks_are_judged_anew() {
    let (hub, alex, site) = TestHub::set_up().await;
    hub.fed(&alex, &site).await;
    let outside = async || {
        let all = alex.get("/api/conversations?limit=500").await.json()["items"].clone();
        let all = all.as_array().unwrap().iter().map(|item| item["server"].clone());
        all.filter(|server| server["scope"] == "outside" && server["ip"].is_string()).collect::<Vec<_>>()
    };
    let before = outside().await;
    let ip = before[0]["ip"].as_str().unwrap();
    let sites = alex.get("/api/sites").await.json();
    let etag = sites[0]["etag"].as_str().unwrap();
    let path = format!("/api/sites/{site}");
    let wrong = alex.patch(&path, Some(etag), json!({ "networks": ["ward 3"] })).await;
    assert_eq!(wrong.problem(), "unprocessable");
    let set = alex.patch(&path, Some(etag), json!({ "networks": [format!("{ip}/32")], "name": "North" })).await;
    assert_eq!((set.status, &set.json()["name"]), (StatusCode::OK, &json!("North")));
    assert_eq!(alex.patch(&path, Some(etag), json!({ "name": "South" })).await.problem(), "changed");
    for _ in 0..300 {
        if outside().await.iter().all(|server| server["ip"] != ip) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("{ip} stays outside");
}
