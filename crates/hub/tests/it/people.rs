//! People: invited, given roles, helped, and let go.

use axum::http::{Method, StatusCode};
use hub::auth::Role;
use serde_json::{Value, json};

use crate::fixture::{PASSWORD, TestHub, Visitor};

async fn person(visitor: &Visitor, login: &str) -> Value {
    let all = visitor.get("/api/people").await.json();
    all.as_array().unwrap().iter().find(|one| one["login"] == login).cloned().unwrap_or_else(|| panic!("{all}"))
}

async fn without(visitor: &Visitor, path: &str, role: Value) -> crate::fixture::Answer {
    visitor.send(Method::DELETE, path, "application/json", role.to_string()).await
}

#[tokio::test]
async fn somebody_is_invited_works_and_is_let_go() {
    let (hub, alex, site) = TestHub::set_up().await;
    let tenant = hub.app.sites().remove(0).tenant_id;
    let role = json!({ "role": "clinical_engineering", "tenant": tenant, "site": site });
    let new = json!({ "login": "Sam", "name": "Sam", "email": "sam@lakeside.example", "tenant": tenant, "roles": [role] });
    let made = alex.post("/api/people", new.clone()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    assert_eq!(alex.post("/api/people", new).await.problem(), "conflict", "the login is taken");
    let (id, code) = (made.json()["person"].as_str().unwrap().to_owned(), made.json()["code"].as_str().unwrap().to_owned());
    assert_eq!(person(&alex, "sam").await["has_password"], false);

    let mut sam = hub.visitor();
    let path = "/api/session/invitation";
    assert_eq!(sam.post(path, json!({ "code": code, "password": "lakeside" })).await.problem(), "unprocessable");
    assert_eq!(sam.post(path, json!({ "code": "AAAAA-AAAAA-AAAAA-AAAAA", "password": PASSWORD })).await.problem(), "wrong-code");
    let accepted = sam.post(path, json!({ "code": code, "password": PASSWORD })).await;
    assert_eq!(accepted.status, StatusCode::NO_CONTENT, "{accepted:?}");
    sam.remember(&accepted).await;
    assert_eq!(sam.get("/api/devices").await.status, StatusCode::OK);
    assert_eq!(sam.get("/api/people").await.problem(), "no-right");
    assert_eq!(hub.visitor().post(path, json!({ "code": code, "password": PASSWORD })).await.problem(), "wrong-code", "once");

    // Another role, and one taken.
    let roles = format!("/api/people/{id}/roles");
    let lead = json!({ "role": "clinical_lead", "tenant": tenant });
    assert_eq!(alex.post(&roles, lead.clone()).await.status, StatusCode::NO_CONTENT);
    assert_eq!(person(&alex, "sam").await["roles"].as_array().unwrap().len(), 2);
    assert_eq!(without(&alex, &roles, lead.clone()).await.status, StatusCode::NO_CONTENT);
    assert_eq!(without(&alex, &roles, lead).await.problem(), "absent");
    let elsewhere = json!({ "role": "clinical_lead", "tenant": "tenant-of-nobody" });
    assert_eq!(alex.post(&roles, elsewhere).await.problem(), "absent");

    // A password forgotten: the old one holds until a new one is chosen.
    let again = alex.post(&format!("/api/people/{id}/invitation"), json!({})).await;
    assert_eq!(again.status, StatusCode::CREATED);
    assert_eq!(hub.visitor().sign_in("sam", PASSWORD).await.status, StatusCode::NO_CONTENT);
    let chosen = json!({ "code": again.json()["code"], "password": "another four words of it" });
    assert_eq!(hub.visitor().post(path, chosen).await.status, StatusCode::NO_CONTENT);
    assert_eq!(sam.get("/api/devices").await.problem(), "not-signed-in", "sessions before it have ended");
    assert_eq!(hub.visitor().sign_in("sam", PASSWORD).await.problem(), "wrong-sign-in");

    // Let go: sessions end at once.
    let mut sam = hub.visitor();
    sam.sign_in("sam", "another four words of it").await;
    let etag = person(&alex, "sam").await["etag"].as_str().unwrap().to_owned();
    let path = format!("/api/people/{id}");
    assert_eq!(alex.patch(&path, None, json!({ "is_active": false })).await.problem(), "if-match");
    assert_eq!(alex.patch(&path, Some("\"old\""), json!({ "is_active": false })).await.problem(), "changed");
    let gone = alex.patch(&path, Some(&etag), json!({ "is_active": false })).await;
    assert_eq!((gone.status, &gone.json()["is_active"]), (StatusCode::OK, &json!(false)));
    assert_eq!(sam.get("/api/devices").await.problem(), "not-signed-in");
    assert_eq!(hub.visitor().sign_in("sam", "another four words of it").await.problem(), "wrong-sign-in");

    // Every step stands in the ledger, and no code or password does.
    let entries = hub.app.store.ledger_rows(0, 1000).await.unwrap();
    for action in ["person.add", "person.role.give", "person.role.take", "person.invite", "person.password", "person.change"] {
        assert!(entries.iter().any(|row| row.body.contains(&format!("\"{action}\""))), "{action}");
    }
    assert!(entries.iter().all(|row| !row.body.contains(&code) && !row.body.contains("four words")));
}

#[tokio::test]
async fn nobody_locks_a_tenant_out_or_helps_themselves() {
    let (hub, alex, _) = TestHub::set_up().await;
    let tenant = hub.app.sites().remove(0).tenant_id;
    let own = person(&alex, "alex").await;
    let (id, etag) = (own["id"].as_str().unwrap(), own["etag"].as_str().unwrap());
    let administrator = json!({ "role": "administrator", "tenant": tenant });
    let roles = format!("/api/people/{id}/roles");
    assert_eq!(without(&alex, &roles, administrator.clone()).await.problem(), "conflict", "the last one");
    assert_eq!(alex.patch(&format!("/api/people/{id}"), Some(etag), json!({ "is_active": false })).await.problem(), "conflict");
    assert_eq!(alex.post(&format!("/api/people/{id}/invitation"), json!({})).await.problem(), "conflict");
    let exception = json!({ "reason": "I do not like telephones", "until": "2099-01-01T00:00:00Z" });
    assert_eq!(alex.put(&format!("/api/people/{id}/exception"), exception).await.problem(), "no-right");
    let _second = hub.person("blake", Role::Administrator, &tenant, None).await;
    assert_eq!(without(&alex, &roles, administrator).await.status, StatusCode::NO_CONTENT);
    assert_eq!(alex.get("/api/people").await.problem(), "no-right");
}

#[tokio::test]
async fn who_lost_the_phone_is_helped_and_who_cannot_have_one_is_excepted() {
    let (hub, alex, _) = TestHub::set_up().await;
    let tenant = hub.app.sites().remove(0).tenant_id;
    let mut auditor = hub.person("auditor", Role::Auditor, &tenant, None).await;
    let shown = person(&alex, "auditor").await;
    assert_eq!(shown["second_steps"], json!(["totp"]));
    let id = shown["id"].as_str().unwrap();
    let invited = alex.post(&format!("/api/people/{id}/invitation"), json!({ "forgets_second_steps": true })).await;
    assert_eq!(auditor.get("/api/devices").await.problem(), "not-signed-in");
    let accepted = json!({ "code": invited.json()["code"], "password": PASSWORD });
    let accepted = auditor.post("/api/session/invitation", accepted).await;
    auditor.remember(&accepted).await;
    assert_eq!(auditor.get("/api/devices").await.problem(), "second-step", "a new one is needed");

    let path = format!("/api/people/{id}/exception");
    let until = |days: i64| {
        let nanos = hub.app.now().plus_nanos(days * 86_400_000_000_000);
        json!({ "reason": "reads from a ward without telephones", "until": nanos })
    };
    assert_eq!(alex.put(&path, until(200)).await.problem(), "unprocessable");
    assert_eq!(alex.put(&path, json!({ "reason": "so", "until": until(30)["until"] })).await.problem(), "unprocessable");
    assert_eq!(alex.put(&path, until(30)).await.status, StatusCode::NO_CONTENT);
    assert_eq!(auditor.get("/api/devices").await.status, StatusCode::OK);
    assert_eq!(person(&alex, "auditor").await["exception"]["reason"], "reads from a ward without telephones");
    assert_eq!(alex.delete(&path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(auditor.get("/api/devices").await.problem(), "second-step");
}

/// A provider adds a tenant, and lets its analyst in; the tenant's administrator sees who that is.
#[tokio::test]
async fn a_provider_serves_many_tenants() {
    let (hub, alex, _) = TestHub::set_up().await;
    let home = hub.app.sites().remove(0).tenant_id;
    let analyst = hub.person("analyst", Role::ProviderAnalyst, &home, None).await;
    let made = alex.post("/api/tenants", json!({ "name": "Hillside" })).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let tenant = made.json()["id"].as_str().unwrap().to_owned();
    let site = json!({ "tenant": tenant, "name": "Practice", "time_zone": "Europe/Paris", "networks": ["192.0.2.7/24"] });
    let site = alex.post("/api/sites", site).await;
    assert_eq!((site.status, &site.json()["networks"]), (StatusCode::CREATED, &json!(["192.0.2.0/24"])));
    let site = site.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(analyst.get(&format!("/api/devices?site={site}")).await.problem(), "absent");
    let id = person(&alex, "analyst").await["id"].as_str().unwrap().to_owned();
    let role = json!({ "role": "provider_analyst", "tenant": tenant });
    assert_eq!(alex.post(&format!("/api/people/{id}/roles"), role).await.status, StatusCode::NO_CONTENT);
    assert_eq!(analyst.get(&format!("/api/devices?site={site}")).await.status, StatusCode::OK);

    let blake = hub.person("blake", Role::Administrator, &tenant, None).await;
    let seen = person(&blake, "analyst").await;
    assert_eq!(seen["roles"], json!([{ "role": "provider_analyst", "tenant": tenant, "site": null }]), "none of other tenants");
    let etag = seen["etag"].as_str().unwrap();
    let refused = blake.patch(&format!("/api/people/{id}"), Some(etag), json!({ "is_active": false })).await;
    assert_eq!(refused.problem(), "absent", "whose person it is changes it");
    assert_eq!(blake.post("/api/tenants", json!({ "name": "Valley" })).await.problem(), "no-right", "only who runs the hub");
    assert_eq!(blake.get("/api/settings/sign-in").await.problem(), "no-right");
    assert_eq!(blake.get("/api/tenants").await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_sealed_credential_opens_once_for_named_rights() {
    let (hub, alex, site) = TestHub::set_up().await;
    let new = json!({ "site": site, "label": "Ward 3", "rights": ["view_inventory", "work_findings"], "minutes": 30 });
    let wide = json!({ "site": site, "label": "Ward 3", "rights": ["manage_people"], "minutes": 30 });
    assert_eq!(alex.post("/api/sealed", wide).await.problem(), "unprocessable");
    let made = alex.post("/api/sealed", new.clone()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let code = made.json()["code"].as_str().unwrap().to_owned();
    let mut told = hub.app.listen();

    let path = "/api/session/sealed";
    let opened = |code: &str| json!({ "code": code, "name": "Kim of the night shift", "reason": "the monitor shows nothing" });
    let mut ward = hub.visitor();
    assert_eq!(ward.post(path, json!({ "code": code, "name": "Kim", "reason": "now" })).await.problem(), "unprocessable");
    for _ in 0..30 {
        // Guesses are slowed, and hold nobody up who has the paper.
        let answer = ward.post(path, opened("AAAAA-AAAAA-AAAAA-AAAAA")).await;
        assert!(matches!(answer.problem().as_str(), "wrong-code" | "too-many"), "{answer:?}");
    }
    let answer = ward.post(path, opened(&code.to_lowercase())).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
    ward.remember(&answer).await;
    assert_eq!(told.try_recv().unwrap().kind, "break-glass");
    assert_eq!(ward.get("/api/devices").await.status, StatusCode::OK);
    assert_eq!(ward.get("/api/sensors").await.status, StatusCode::OK);
    assert_eq!(ward.get("/api/people").await.problem(), "no-right");
    assert_eq!(ward.post("/api/me/totp", json!({})).await.problem(), "no-right", "it is nobody's account");
    let mut other = hub.visitor();
    other.address = "[2001:db8::7]:50000".parse().unwrap();
    assert_eq!(other.post(path, opened(&code)).await.problem(), "wrong-code", "once");
    assert_eq!(alex.get("/api/sealed").await.json()[0]["state"], "used");
    assert!(alex.get("/api/people").await.json().as_array().unwrap().iter().all(|one| one["name"] != "Kim"));

    let glass = alex.get("/api/break-glass").await.json()[0].clone();
    assert_eq!((&glass["who"], &glass["is_running"]), (&json!("Kim of the night shift (Ward 3)"), &json!(true)));
    let id = glass["id"].as_str().unwrap();
    assert_eq!(alex.post(&format!("/api/break-glass/{id}/end"), json!({})).await.status, StatusCode::NO_CONTENT);
    assert_eq!(ward.get("/api/devices").await.problem(), "no-right", "it has ended");
    let review = json!({ "is_proper": true, "note": "the monitor was unplugged" });
    assert_eq!(alex.post(&format!("/api/break-glass/{id}/review"), review).await.status, StatusCode::OK);

    let lost = alex.post("/api/sealed", new).await.json();
    let withdrawn = format!("/api/sealed/{}", lost["id"].as_str().unwrap());
    assert_eq!(alex.delete(&withdrawn).await.status, StatusCode::NO_CONTENT);
    assert_eq!(alex.delete(&withdrawn).await.problem(), "conflict");
    assert_eq!(other.post(path, opened(lost["code"].as_str().unwrap())).await.problem(), "wrong-code");
}
