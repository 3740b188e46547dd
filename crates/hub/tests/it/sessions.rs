//! First run, signing in and out.

use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::fixture::{PASSWORD, TestHub, setup};

#[tokio::test]
async fn the_first_run_tells_what_is_wrong_and_happens_once() {
    let hub = TestHub::new().await;
    let visitor = hub.visitor();
    assert_eq!(visitor.get("/api/setup").await.json()["is_done"], false);
    for (field, value, said) in [
        ("password", json!("short"), "password"),
        ("time_zone", json!("Middle/Earth"), "time_zone"),
        ("networks", json!(["10.0.0.0/99"]), "10.0.0.0/99"),
        ("site", json!("  "), "site"),
    ] {
        let mut wrong = setup();
        wrong[field] = value;
        let answer = visitor.post("/api/setup", wrong).await;
        assert_eq!(answer.problem(), "unprocessable");
        assert!(answer.json()["detail"].as_str().unwrap().contains(said), "{answer:?}");
    }
    assert_eq!(visitor.post("/api/setup", setup()).await.status, StatusCode::CREATED);
    assert_eq!(visitor.get("/api/setup").await.json()["is_done"], true);
    assert_eq!(visitor.post("/api/setup", setup()).await.problem(), "conflict");
    assert_eq!(hub.app.store.people().await.unwrap().len(), 1);
}

#[tokio::test]
async fn two_first_runs_at_once_make_one_administrator() {
    let hub = TestHub::new().await;
    let (one, two) = (hub.visitor(), hub.visitor());
    let (one, two) = tokio::join!(one.post("/api/setup", setup()), two.post("/api/setup", setup()));
    let made = [one.status, two.status].into_iter().filter(|status| *status == StatusCode::CREATED).count();
    assert_eq!(made, 1, "{one:?} {two:?}");
    assert_eq!(hub.app.sites().len(), 1);
}

#[tokio::test]
async fn a_session_begins_with_the_right_password_and_ends_when_it_is_ended() {
    let (hub, visitor, _) = TestHub::set_up().await;
    let mut other = hub.visitor();
    assert_eq!(other.sign_in("alex", "not the password at all").await.problem(), "wrong-sign-in");
    assert_eq!(other.sign_in("nobody", PASSWORD).await.problem(), "wrong-sign-in");
    assert_eq!(other.get("/api/home").await.problem(), "not-signed-in");
    assert_eq!(visitor.get("/api/home").await.status, StatusCode::OK);

    let mut forged = visitor.clone();
    forged.csrf = None;
    assert_eq!(forged.send(Method::DELETE, "/api/session", "application/json", "").await.problem(), "csrf");
    assert_eq!(visitor.send(Method::DELETE, "/api/session", "application/json", "").await.status, StatusCode::NO_CONTENT);
    assert_eq!(visitor.get("/api/home").await.problem(), "not-signed-in");

    let acts: Vec<String> = hub.app.store.ledger_rows(0, 100).await.unwrap().iter().map(|row| action(&row.body)).collect();
    assert_eq!(
        acts,
        ["person.exception.give", "hub.setup", "session.begin", "session.refused", "session.refused", "session.end"]
    );
}

fn action(body: &str) -> String {
    serde_json::from_str::<serde_json::Value>(body).unwrap()["action"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_was_typed_as_a_name_is_not_kept() {
    let (hub, ..) = TestHub::set_up().await;
    hub.visitor().sign_in("my secret typed into the wrong field", "x").await;
    let all: String = hub.app.store.ledger_rows(0, 100).await.unwrap().into_iter().map(|row| row.body).collect();
    assert!(!all.contains("my secret"), "{all}");
    assert!(!all.contains(PASSWORD), "{all}");
}
