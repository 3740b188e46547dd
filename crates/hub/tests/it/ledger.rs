//! The ledger as its readers meet it.

use axum::http::StatusCode;
use hub::auth::Role;
use ledger::proof::{Consistency, Inclusion};
use serde_json::{Value, json};
use store::{Act, Actor};

use crate::fixture::TestHub;

#[tokio::test]
async fn acts_are_read_by_those_who_may_and_proved() {
    let (hub, alex, site) = TestHub::set_up().await;
    let tenant = hub.app.sites().remove(0).tenant_id;
    hub.app.start();
    let auditor = hub.person("auditor", Role::Auditor, &tenant, None).await;
    let made = alex.post("/api/tokens", json!({ "name": "backup", "rights": ["view_inventory"], "days": 1 })).await;
    let token = made.json()["id"].as_str().unwrap().to_owned();
    let page = auditor.get(&format!("/api/ledger?subject={token}")).await.json();
    let entry = &page["items"][0];
    assert_eq!(
        (page["items"].as_array().unwrap().len(), &entry["action"], &entry["actor"]["name"]),
        (1, &json!("token.make"), &json!("Alex"))
    );
    assert!(!page.to_string().contains(made.json()["token"].as_str().unwrap()), "no secret");
    let number = entry["number"].as_u64().unwrap();
    let standing = hub.until(&auditor, "/api/ledger/checkpoint", |standing| standing["signed"].as_u64() > Some(number)).await;
    assert!(standing["problem"].is_null() && standing["entries"].as_u64() >= standing["signed"].as_u64(), "{standing}");
    assert!(standing["not_promised"].to_string().contains("Without a witness"), "{standing}");

    let proof = auditor.get(&format!("/api/ledger/proof?entry={number}")).await;
    assert_eq!((proof.status, proof.kind.as_str()), (StatusCode::OK, "text/plain; charset=utf-8"));
    let proof = Inclusion::parse(proof.text.as_bytes()).unwrap();
    let bytes = proof.entry.clone().unwrap();
    proof.check(&bytes).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap()["subject"], json!(token));
    let key: ledger::VerifierKey = standing["key"].as_str().unwrap().parse().unwrap();
    assert!(proof.checkpoint.is_signed_by(&key));
    let kept = ledger::Checkpoint::parse(standing["checkpoint"].as_str().unwrap().as_bytes()).unwrap();
    alex.delete(&format!("/api/tokens/{token}")).await;
    hub.until(&auditor, "/api/ledger/checkpoint", |later| later["signed"].as_u64() > Some(kept.head.size)).await;
    let grown = auditor.get(&format!("/api/ledger/proof?from={}", kept.head.size)).await;
    Consistency::parse(grown.text.as_bytes()).unwrap().check(kept.head.root).unwrap();

    // Pages follow each other without a gap.
    let (mut numbers, mut path) = (Vec::new(), "/api/ledger?limit=2".to_owned());
    loop {
        let page = alex.get(&path).await.json();
        numbers.extend(page["items"].as_array().unwrap().iter().map(|one| one["number"].as_u64().unwrap()));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/ledger?limit=2&cursor={next}");
    }
    assert!(numbers.is_sorted_by(|a, b| a > b) && numbers.contains(&number) && numbers.last() == Some(&0), "{numbers:?}");
    for (path, problem) in [
        ("/api/ledger/proof", "bad-request"),
        ("/api/ledger/proof?from=999999", "unprocessable"),
        ("/api/ledger/proof?entry=999999", "absent"),
        ("/api/ledger?cursor=x", "bad-request"),
        ("/api/ledger?since=yesterday", "bad-request"),
    ] {
        assert_eq!(auditor.get(path).await.problem(), problem, "{path}");
    }

    // Another tenant's auditor reads their own, and proves nothing of others.
    let mut change = hub.app.store.begin(&Actor::hub("test"), hub.app.now()).await.unwrap();
    let other = change.add_tenant("Other").await.unwrap();
    change.commit(Act::new("tenant.add", &other).of(&other)).await.unwrap();
    let stranger = hub.person("stranger", Role::Auditor, &other, None).await;
    let read = stranger.get("/api/ledger").await;
    assert!(read.text.contains(&other) && !read.text.contains(&site) && !read.text.contains(&tenant), "{}", read.text);
    assert_eq!(stranger.get(&format!("/api/ledger/proof?entry={number}")).await.problem(), "absent");
    let lead = hub.person("lead", Role::ClinicalLead, &tenant, None).await;
    assert_eq!(lead.get("/api/ledger").await.problem(), "no-right");
}
