//! Guessing is slow, and slows nobody else.

use axum::http::StatusCode;
use serde_json::json;

use crate::fixture::{PASSWORD, TestHub, Visitor};

async fn guess_until_slow(visitor: &Visitor, login: &str) -> u32 {
    for tries in 0..20 {
        let answer = visitor.post("/api/session", json!({ "login": login, "password": "not the password" })).await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            assert_eq!(answer.problem(), "too-many");
            assert!(answer.retry_after.unwrap().parse::<u64>().unwrap() <= 900);
            return tries;
        }
    }
    panic!("never slow");
}

#[tokio::test]
async fn guesses_do_not_lock_out_a_ward() {
    let (hub, mut known, _) = TestHub::set_up().await;
    known.enrol().await;
    let codes = known.post("/api/me/recovery-codes", json!({})).await.json()["codes"].clone();
    let mut kitchen = hub.visitor();
    kitchen.address = "192.0.2.7:1".parse().unwrap();
    assert!((5..8).contains(&guess_until_slow(&kitchen, "alex").await));
    let right = json!({ "login": "alex", "password": PASSWORD });
    let mut ward = hub.visitor();
    ward.address = "192.0.2.8:1".parse().unwrap();
    assert_eq!(ward.post("/api/session", right.clone()).await.status, StatusCode::NO_CONTENT, "another address does not");

    let mut same_place = hub.visitor();
    (same_place.address, same_place.cookies) = (kitchen.address, known.cookies.clone());
    same_place.cookies.remove("medwarden");
    assert_eq!(same_place.post("/api/session", right).await.status, StatusCode::NO_CONTENT, "a browser that is known does not");

    let with_code = json!({ "login": "alex", "password": PASSWORD, "code": codes[3] });
    assert_eq!(kitchen.post("/api/session", with_code.clone()).await.status, StatusCode::NO_CONTENT, "a recovery code gets in");
    let again = kitchen.post("/api/session", with_code).await;
    assert!(["too-many", "wrong-code"].contains(&again.problem().as_str()), "and is used up: {again:?}");
    assert!((5..8).contains(&guess_until_slow(&kitchen, "nobody").await), "who has no account is slowed alike");
}

#[tokio::test]
async fn one_time_codes_cannot_be_guessed_from_everywhere() {
    let (hub, mut known, _) = TestHub::set_up().await;
    known.enrol().await;
    let mut refused = 0;
    for host in 0..12 {
        let mut thief = hub.visitor();
        thief.address = format!("192.0.2.{host}:1").parse().unwrap();
        assert_eq!(thief.sign_in("alex", PASSWORD).await.status, StatusCode::NO_CONTENT);
        assert_eq!(thief.get("/api/home").await.problem(), "second-step");
        let answer = thief.post("/api/session/second", json!({ "code": "000000" })).await;
        refused += u32::from(answer.problem() == "too-many");
    }
    assert!(refused > 3, "{refused}");
    let mut own = hub.visitor();
    own.cookies = known.cookies.clone();
    own.cookies.remove("medwarden");
    assert_eq!(own.sign_in("alex", PASSWORD).await.status, StatusCode::NO_CONTENT);
    let answer = own.post("/api/session/second", json!({ "code": known.code(1) })).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "at a browser that is known the right one is taken");
}
