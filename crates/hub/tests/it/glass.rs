//! Break-glass and tokens.

use axum::http::StatusCode;
use hub::auth::Role;
use serde_json::json;

use crate::fixture::TestHub;

#[tokio::test]
async fn rights_come_at_once_are_marked_end_and_are_reviewed_by_somebody_else() {
    let (hub, alex, site) = TestHub::set_up().await;
    let tenant = hub.app.sites().remove(0).tenant_id;
    let lead = hub.person("lead", Role::ClinicalLead, &tenant, None).await;
    let auditor = hub.person("auditor", Role::Auditor, &tenant, None).await;
    let mut told = hub.app.listen();
    let wanted = |right: &str, reason: &str| json!({ "site": site, "rights": [right], "reason": reason, "minutes": 10 });
    let path = "/api/break-glass";
    assert_eq!(lead.get("/api/sensors").await.status, alex.get("/api/sensors").await.status);
    assert_eq!(lead.post(path, wanted("manage_people", "a pump does not answer")).await.problem(), "unprocessable");
    assert_eq!(lead.post(path, wanted("feed", "because")).await.problem(), "unprocessable", "a reason says something");
    assert_eq!(auditor.post(path, wanted("feed", "a pump does not answer")).await.problem(), "no-right");
    let feed = format!("/api/captures?site={site}&name=x.pcap");
    let send = || lead.send(axum::http::Method::POST, &feed, "application/octet-stream", lab::clinic());
    assert_eq!(send().await.problem(), "no-right");

    let begun = lead.post(path, wanted("feed", "a pump does not answer")).await;
    assert_eq!(begun.status, StatusCode::CREATED, "{begun:?}");
    let id = begun.json()["id"].as_str().unwrap().to_owned();
    assert_eq!((told.try_recv().unwrap().kind, told.try_recv().is_err()), ("break-glass", true), "everybody is told at once");
    assert_eq!(send().await.status, StatusCode::ACCEPTED);
    let entries = hub.app.store.ledger_rows(0, 1000).await.unwrap();
    assert!(entries.iter().any(|row| row.body.contains("capture") && row.body.contains(&id)), "its acts are marked");
    let token = json!({ "name": "x", "rights": ["feed"], "days": 1 });
    assert_eq!(lead.post("/api/tokens", token).await.problem(), "no-right", "a token would outlast it");

    let review = json!({ "is_proper": true, "note": "the pump was found unplugged" });
    let reviewing = format!("{path}/{id}/review");
    assert_eq!(auditor.post(&reviewing, review.clone()).await.problem(), "conflict", "it runs still");
    assert_eq!(auditor.post(&format!("{path}/{id}/end"), json!({})).await.problem(), "no-right");
    assert_eq!(alex.post(&format!("{path}/{id}/end"), json!({})).await.status, StatusCode::NO_CONTENT);
    assert_eq!(send().await.problem(), "no-right", "it has ended");
    assert_eq!(lead.post(&reviewing, review.clone()).await.problem(), "no-right");
    assert_eq!(auditor.post(&reviewing, review.clone()).await.json()["review"]["by"], "auditor");
    assert_eq!(auditor.post(&reviewing, review).await.problem(), "changed", "once");
}

#[tokio::test]
async fn nobody_reviews_their_own() {
    let (_hub, alex, site) = TestHub::set_up().await;
    let wanted = json!({ "site": site, "rights": ["feed"], "reason": "a pump does not answer" });
    let id = alex.post("/api/break-glass", wanted).await.json()["id"].as_str().unwrap().to_owned();
    alex.post(&format!("/api/break-glass/{id}/end"), json!({})).await;
    let review = json!({ "is_proper": true, "note": "I did it right, says I" });
    assert_eq!(alex.post(&format!("/api/break-glass/{id}/review"), review).await.problem(), "no-right");
}

#[tokio::test]
async fn a_token_does_a_part_of_what_its_owner_may_until_it_ends() {
    let (hub, alex, _) = TestHub::set_up().await;
    let made = alex.post("/api/tokens", json!({ "name": "report", "rights": ["view_findings"], "days": 30 })).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    let (made, mut program) = (made.json(), hub.visitor());
    program.headers.push(("authorization", format!("Bearer {}", made["token"].as_str().unwrap())));
    assert_eq!(program.get("/api/findings").await.status, StatusCode::OK);
    assert_eq!(program.get("/api/devices").await.problem(), "no-right");
    assert_eq!(program.get("/api/tokens").await.problem(), "no-right", "a program makes no tokens");
    assert_eq!(program.post("/api/me/totp", json!({})).await.problem(), "no-right");
    let not_mine = json!({ "name": "x", "rights": ["accept_risk"], "days": 30 });
    assert_eq!(alex.post("/api/tokens", not_mine).await.problem(), "no-right");
    let id = made["id"].as_str().unwrap();
    assert_eq!(alex.delete(&format!("/api/tokens/{id}")).await.status, StatusCode::NO_CONTENT);
    assert_eq!(program.get("/api/findings").await.problem(), "not-signed-in");
}
