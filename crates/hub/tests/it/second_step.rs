//! Second steps: who needs one, one-time codes, recovery codes, passkeys.

use axum::http::StatusCode;
use hub::auth::Role;
use passkey::authenticator::{Authenticator, UiHint, UserCheck, UserValidationMethod};
use passkey::client::{Client, DefaultClientData};
use passkey::crypto::rust_crypto::RustCryptoBackend;
use passkey_types::ctap2::{Aaguid, Ctap2Error};
use serde_json::{Value, json};
use store::{Act, Actor, RoleRow};

use crate::fixture::{PASSWORD, TestHub, Visitor};

/// Somebody with a role who never signed in.
async fn new_person(hub: &TestHub, login: &str, role: Role) -> String {
    let tenant = hub.app.sites().remove(0).tenant_id;
    let mut change = hub.app.store.begin(&Actor::hub("test"), hub.app.now()).await.unwrap();
    let person = change.add_person(login, login, "", Some(&signin::password::hash(PASSWORD).unwrap())).await.unwrap();
    change.add_role(&person, &RoleRow { role: role.name().to_owned(), tenant_id: tenant, site_id: None }).await.unwrap();
    change.commit(Act::new("person.add", &person)).await.unwrap();
    person
}

/// Signs in by password alone.
async fn half(hub: &TestHub, login: &str) -> Visitor {
    let mut visitor = hub.visitor();
    let answer = visitor.post("/api/session", json!({ "login": login, "password": PASSWORD })).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    visitor.remember(&answer).await;
    visitor
}

#[tokio::test]
async fn roles_that_change_much_need_one_and_can_do_nothing_before() {
    let (hub, ..) = TestHub::set_up().await;
    for role in Role::ALL {
        new_person(&hub, role.name(), role).await;
        let visitor = half(&hub, role.name()).await;
        let needs = !matches!(role, Role::ClinicalEngineering | Role::ClinicalLead);
        let session = visitor.get("/api/session").await.json();
        assert_eq!(session["second_step"], if needs { "enrol" } else { "not_needed" }, "{role:?}");
        let answer = visitor.get("/api/me/sessions").await;
        if needs {
            assert_eq!(answer.problem(), "second-step", "{role:?}");
        } else {
            assert_eq!(answer.status, StatusCode::OK, "{role:?}");
        }
    }
}

#[tokio::test]
async fn a_code_is_good_once_and_the_session_before_it_ends() {
    let (hub, ..) = TestHub::set_up().await;
    new_person(&hub, "it", Role::ItSecurity).await;
    let mut visitor = half(&hub, "it").await;
    visitor.enrol().await;
    assert_eq!(visitor.get("/api/home").await.status, StatusCode::OK);
    assert_eq!(visitor.post("/api/me/totp", json!({})).await.problem(), "conflict");

    let thief = half(&hub, "it").await;
    assert_eq!(thief.get("/api/session").await.json()["second_step"], "needed");
    assert_eq!(thief.post("/api/me/totp", json!({})).await.problem(), "second-step", "who knows the password adds no app");
    assert_eq!(thief.post("/api/me/passkeys", json!({ "name": "mine" })).await.problem(), "second-step");
    assert_eq!(thief.post("/api/me/recovery-codes", json!({})).await.problem(), "second-step");
    let seen = visitor.code(0);
    assert_eq!(thief.post("/api/session/second", json!({ "code": seen })).await.problem(), "wrong-code", "used already");

    let mut other = half(&hub, "it").await;
    let before = other.clone();
    let answer = other.post("/api/session/second", json!({ "code": visitor.code(1) })).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
    other.remember(&answer).await;
    assert_eq!(other.get("/api/home").await.status, StatusCode::OK);
    assert_eq!(before.get("/api/session").await.problem(), "not-signed-in");
    let stored = hub.app.store.totp(&hub.app.store.person_by_login("it").await.unwrap().unwrap().id).await.unwrap().unwrap();
    assert!(!visitor.totp.unwrap().contains(&stored.secret), "the secret is sealed");
}

#[tokio::test]
async fn sessions_are_listed_and_ended_and_a_new_password_ends_the_others() {
    let (hub, mut visitor, _) = TestHub::set_up().await;
    let mut other = hub.visitor();
    other.sign_in("alex", PASSWORD).await;
    let listed = visitor.get("/api/me/sessions").await.json();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    let id = listed.as_array().unwrap().iter().find(|one| one["is_this"] == false).unwrap()["id"].as_str().unwrap().to_owned();
    assert_eq!(visitor.delete(&format!("/api/me/sessions/{id}")).await.status, StatusCode::NO_CONTENT);
    assert_eq!(other.get("/api/session").await.problem(), "not-signed-in");

    other.sign_in("alex", PASSWORD).await;
    let change = |current: &str, new: &str| json!({ "current": current, "new": new });
    let path = "/api/me/password";
    assert_eq!(visitor.put(path, change("wrong", "seven green boats sail")).await.problem(), "wrong-sign-in");
    assert_eq!(visitor.put(path, change(PASSWORD, "too short")).await.problem(), "unprocessable");
    assert_eq!(visitor.put(path, change(PASSWORD, "passwordpassword")).await.problem(), "unprocessable");
    assert_eq!(visitor.put(path, change(PASSWORD, "seven green boats sail")).await.status, StatusCode::NO_CONTENT);
    assert_eq!(other.get("/api/session").await.problem(), "not-signed-in");
    assert_eq!(visitor.sign_in("alex", PASSWORD).await.problem(), "wrong-sign-in");
    assert_eq!(visitor.sign_in("alex", "seven green boats sail").await.status, StatusCode::NO_CONTENT);
}

struct Finger;

#[async_trait::async_trait]
impl UserValidationMethod for Finger {
    type PasskeyItem = passkey_types::Passkey;

    async fn check_user<'a>(&self, _: UiHint<'a, Self::PasskeyItem>, _: bool, _: bool) -> Result<UserCheck, Ctap2Error> {
        Ok(UserCheck { presence: true, verification: true })
    }

    fn is_verification_enabled(&self) -> Option<bool> {
        Some(true)
    }

    fn is_presence_enabled(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn a_passkey_is_both_steps_and_only_at_the_hubs_own_address() {
    let (hub, mut visitor, _) = TestHub::set_up().await;
    let name = json!({ "name": "the key on my ring" });
    assert_eq!(visitor.post("/api/me/passkeys", name.clone()).await.problem(), "conflict", "the hub has no address yet");
    visitor.headers.push(("host", "localhost:8443".to_owned()));
    let origin = url::Url::parse("http://localhost:8443").unwrap();
    let authenticator: Authenticator<Option<passkey_types::Passkey>, Finger, RustCryptoBackend> =
        Authenticator::new(Aaguid::new_empty(), None, Finger, RustCryptoBackend);
    let mut browser = Client::new(authenticator).allows_insecure_localhost(true);

    let asked = visitor.post("/api/me/passkeys", name).await.json();
    let options = serde_json::from_value(asked["options"].clone()).unwrap();
    let made = serde_json::to_value(browser.register(&origin, options, DefaultClientData).await.unwrap()).unwrap();
    let body = json!({ "ceremony": asked["ceremony"], "answer": made });
    let answer = visitor.post("/api/me/passkeys/answer", body.clone()).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
    visitor.remember(&answer).await;
    assert_eq!(visitor.post("/api/me/passkeys/answer", body).await.problem(), "conflict", "once");
    assert_eq!(visitor.get("/api/session").await.json()["second_step"], "done");

    let mut other = hub.visitor();
    other.headers.push(("host", "localhost:8443".to_owned()));
    let asked = other.post("/api/session/passkey", json!({ "login": "alex" })).await.json();
    let options = serde_json::from_value(asked["options"].clone()).unwrap();
    let proof = serde_json::to_value(browser.authenticate(&origin, options, DefaultClientData).await.unwrap()).unwrap();
    let stale = other.post("/api/session/passkey", json!({ "login": "alex" })).await.json();
    let wrong = json!({ "ceremony": stale["ceremony"], "answer": proof });
    assert_eq!(other.post("/api/session/passkey/answer", wrong).await.problem(), "wrong-code", "another challenge");
    let body = json!({ "ceremony": asked["ceremony"], "answer": proof });
    let answer = other.post("/api/session/passkey/answer", body).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
    other.remember(&answer).await;
    assert_eq!(other.get("/api/home").await.status, StatusCode::OK);
    assert_eq!(half(&hub, "alex").await.get("/api/home").await.problem(), "second-step", "the password alone is not enough");

    let shape = |value: &Value| value["options"]["publicKey"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let nobody = other.post("/api/session/passkey", json!({ "login": "nobody" })).await.json();
    assert_eq!(shape(&nobody), shape(&stale), "what comes back does not tell who has an account");
}

#[tokio::test]
async fn a_first_run_from_another_machine_needs_the_code() {
    let hub = TestHub::new().await;
    let code = hub.app.setup_code().await.unwrap().unwrap();
    let mut far = hub.visitor();
    far.address = "192.0.2.9:4000".parse().unwrap();
    let mut proxied = hub.visitor();
    proxied.headers.push(("x-forwarded-for", "192.0.2.9".to_owned()));
    let mut rebound = hub.visitor();
    rebound.headers.push(("host", "evil.example:8443".to_owned()));
    for visitor in [&far, &proxied, &rebound] {
        assert_eq!(visitor.get("/api/setup").await.json()["needs_code"], true);
        assert_eq!(visitor.post("/api/setup", crate::fixture::setup()).await.problem(), "setup-code");
    }
    assert_eq!(hub.visitor().get("/api/setup").await.json()["needs_code"], false);
    let mut with_code = crate::fixture::setup();
    with_code["code"] = json!("AAAAA-AAAAA-AAAAA-AAAAA");
    assert_eq!(far.post("/api/setup", with_code.clone()).await.problem(), "setup-code");
    with_code["code"] = json!(code.to_lowercase());
    assert_eq!(far.post("/api/setup", with_code).await.status, StatusCode::CREATED);
    assert_eq!(hub.app.setup_code().await.unwrap(), None);
}
