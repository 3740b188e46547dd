//! Receivers that are told what changes, and requests that are sent again.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use hub::auth::Role;
use serde_json::{Value, json};
use sha2::Sha256;
use store::{Act, Actor};

use crate::fixture::{TestHub, Visitor};

/// What a receiver was sent, and what it answers.
#[derive(Default)]
struct Received {
    messages: Vec<(HeaderMap, String)>,
    refusals: u32,
}

type Shared = Arc<Mutex<Received>>;

/// A receiver on this machine: its address, and what it was sent.
async fn receiver(refusals: u32) -> (String, Shared) {
    let shared = Shared::new(Mutex::new(Received { refusals, ..Received::default() }));
    let take = |State(shared): State<Shared>, headers: HeaderMap, body: Bytes| async move {
        let mut received = shared.lock().unwrap();
        if received.refusals > 0 {
            received.refusals -= 1;
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        received.messages.push((headers, String::from_utf8(body.to_vec()).unwrap()));
        StatusCode::NO_CONTENT
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/in", listener.local_addr().unwrap());
    let app = Router::new().route("/in", post(take)).with_state(Arc::clone(&shared));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, shared)
}

async fn until(shared: &Shared, is_wanted: impl Fn(&Received) -> bool) {
    for _ in 0..600 {
        if is_wanted(&shared.lock().unwrap()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("what was to be told did not arrive");
}

async fn add(visitor: &Visitor, tenant: &str, url: &str, kinds: &[&str]) -> Value {
    let made = visitor.post("/api/webhooks", json!({ "tenant": tenant, "url": url, "kinds": kinds })).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    made.json()
}

#[tokio::test]
async fn findings_are_told_signed_and_tried_again() {
    let (hub, alex, site) = TestHub::set_up().await;
    let tenant = hub.app.sites().remove(0).tenant_id;
    let (url, shared) = receiver(0).await;
    let made = add(&alex, &tenant, &url, &["finding"]).await;
    let (id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap().to_owned());
    assert!(!alex.get("/api/webhooks").await.text.contains(&secret), "it is shown once");
    hub.fed(&alex, &site).await;
    let finding = alex.get("/api/findings?limit=1").await;
    let one = finding.json()["items"][0]["finding"]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/findings/{one}");
    let etag = alex.get(&path).await.etag;
    let taken = alex.patch(&path, etag.as_deref(), json!({ "state": "working" })).await;
    assert_eq!(taken.status, StatusCode::OK, "{taken:?}");
    until(&shared, |received| received.messages.iter().any(|(_, body)| body.contains(&one))).await;

    let (headers, body) = shared.lock().unwrap().messages.iter().rfind(|(_, body)| body.contains(&one)).unwrap().clone();
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let told: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&told["type"], &told["data"]["site"], &told["data"]["subject"]), (&json!("finding"), &json!(site), &json!(one)));
    assert_eq!(
        (&told["data"]["about"]["state"], told["data"]["about"]["title"].is_string()),
        (&json!("working"), true),
        "{told}"
    );
    let key = BASE64.decode(secret.strip_prefix("whsec_").unwrap().as_bytes()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("{}.{}.{body}", header("webhook-id"), header("webhook-timestamp")).as_bytes());
    assert_eq!(header("webhook-signature"), format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes())));

    // A receiver that is down is told later; paused, it is told nothing.
    let (down, later) = receiver(1).await;
    let broken = add(&alex, &tenant, &down, &["break-glass"]).await;
    let messages = format!("/api/webhooks/{}/messages", broken["id"].as_str().unwrap());
    assert_eq!(alex.post(&messages.replace("messages", "test"), json!({})).await.status, StatusCode::ACCEPTED);
    let listed = hub.until(&alex, &messages, |list| list[0]["attempts"] == 1).await;
    assert_eq!((&listed[0]["state"], &listed[0]["outcome"]), (&json!("waiting"), &json!("answered 503 Service Unavailable")));
    assert_eq!(later.lock().unwrap().messages.len(), 0);
    let paused = alex.patch(&format!("/api/webhooks/{id}"), None, json!({ "is_active": false })).await;
    assert_eq!(paused.json()["is_active"], false);

    let acts = hub.acts("webhook.add").await;
    assert!(acts.len() == 2 && !acts[0].to_string().contains(&secret), "{acts:?}");
    assert_eq!(alex.delete(&format!("/api/webhooks/{id}")).await.status, StatusCode::NO_CONTENT);
    assert_eq!(alex.get("/api/webhooks").await.json().as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn webhooks_are_for_those_who_may_and_of_their_tenant() {
    let (hub, alex, _) = TestHub::set_up().await;
    let tenant = hub.app.sites().remove(0).tenant_id;
    for (url, kinds) in [("http://soc.example.org/", vec!["finding"]), ("https://soc.example.org/", vec![])] {
        let refused = alex.post("/api/webhooks", json!({ "tenant": tenant, "url": url, "kinds": kinds })).await;
        assert_eq!(refused.problem(), "unprocessable");
    }
    let made = add(&alex, &tenant, "https://soc.example.org/", &["finding"]).await;
    let mut change = hub.app.store.begin(&Actor::hub("test"), hub.app.now()).await.unwrap();
    let other = change.add_tenant("Other").await.unwrap();
    change.commit(Act::new("tenant.add", &other)).await.unwrap();
    let stranger = hub.person("stranger", Role::Administrator, &other, None).await;
    let of_ours = json!({ "tenant": tenant, "url": "https://soc.example.org/", "kinds": ["finding"] });
    assert_eq!(stranger.post("/api/webhooks", of_ours).await.problem(), "absent");
    assert_eq!(stranger.get("/api/webhooks").await.json(), json!([]));
    let path = format!("/api/webhooks/{}", made["id"].as_str().unwrap());
    assert_eq!(stranger.delete(&path).await.problem(), "absent");
    assert_eq!(stranger.get(&format!("{path}/messages")).await.problem(), "absent");
}

#[tokio::test]
async fn what_is_sent_again_with_its_key_is_done_once() {
    let (hub, alex, _) = TestHub::set_up().await;
    let tenant = hub.app.sites().remove(0).tenant_id;
    let asked = json!({ "name": "backup", "rights": ["view_inventory"], "days": 1 });
    let mut sender = alex.clone();
    sender.headers.push(("idempotency-key", "7d0f".to_owned()));
    let first = sender.post("/api/tokens", asked.clone()).await;
    let second = sender.post("/api/tokens", asked.clone()).await;
    assert_eq!((first.status, second.status), (StatusCode::CREATED, StatusCode::CREATED));
    assert_eq!((&first.text, &first.kind), (&second.text, &second.kind), "the same token");
    assert_eq!(hub.acts("token.make").await.len(), 1);
    let other = sender.post("/api/tokens", json!({ "name": "other", "rights": ["view_inventory"], "days": 1 })).await;
    assert_eq!(other.problem(), "key-of-another");
    let kept = hub.app.store.kept_answer("none").await.unwrap();
    assert_eq!(kept, None);
    let stored = std::fs::read(hub.folder.path().join("data/state.db-wal")).unwrap_or_default();
    let token = first.json()["token"].as_str().unwrap().to_owned();
    assert!(!stored.windows(token.len()).any(|window| window == token.as_bytes()), "what is kept is sealed");

    // A refusal is the answer too; another person's key is another one.
    let refused =
        sender.post("/api/webhooks", json!({ "tenant": tenant, "url": "http://x.example/", "kinds": ["finding"] })).await;
    assert_eq!(refused.problem(), "key-of-another");
    let mut biomed = hub.person("biomed", Role::ClinicalEngineering, &tenant, None).await;
    biomed.headers.push(("idempotency-key", "7d0f".to_owned()));
    assert_eq!(biomed.post("/api/tokens", asked.clone()).await.status, StatusCode::CREATED);
    assert_eq!(hub.acts("token.make").await.len(), 2);
    let mut nobody = hub.visitor();
    nobody.headers.push(("idempotency-key", "7d0f".to_owned()));
    assert_eq!(nobody.post("/api/tokens", asked).await.problem(), "not-signed-in");
}
