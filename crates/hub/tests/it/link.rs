//! A real sensor's spool, carried over real TLS to a real hub.

use std::net::SocketAddr;
use std::path::Path;

use axum::http::{Method, StatusCode};
use hub::{App, Listen};
use link::Error;
use link::spool::{self, Lane, Writer};
use link::uplink::{Options, Uplink};
use model::{Intake as _, Observation};
use serde_json::json;
use tokio::sync::oneshot;

use crate::fixture::{TestHub, Visitor};

/// Serves a hub over HTTPS.
async fn served(app: &App) -> (SocketAddr, oneshot::Sender<()>) {
    let (tell, address) = oneshot::channel();
    let (end, ended) = oneshot::channel::<()>();
    let listen = Listen { address: "127.0.0.1:0".parse().unwrap(), certificate: None, plain: false };
    let app = app.clone();
    tokio::spawn(async move {
        let ended = async {
            let _ = ended.await;
        };
        hub::serve(app, listen, |address| tell.send(address).unwrap(), ended).await.unwrap();
    });
    (address.await.unwrap(), end)
}

/// Observations of the clinic, by a sensor of its own.
fn clinic() -> Vec<Observation> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clinic.pcap");
    std::fs::write(&path, lab::clinic()).unwrap();
    let mut all = Vec::new();
    let knowledge = std::sync::Arc::new(knowledge::Knowledge::builtin());
    hub::intake::read_capture(&path, &knowledge, &mut |_, observations| {
        all.extend(observations);
        Ok(())
    })
    .unwrap();
    all
}

fn spooled(folder: &Path, observations: &[Observation]) {
    let mut writer = Writer::open(folder, 1 << 30).unwrap();
    for (index, observation) in observations.iter().enumerate() {
        writer.take(observation.clone()).unwrap();
        if index % 500 == 0 {
            writer.flush().unwrap();
        }
    }
    writer.flush().unwrap();
}

async fn added(visitor: &Visitor, site: &str) -> (String, String) {
    let made = visitor.post("/api/sensors", json!({ "site": site, "name": "Ward 3" })).await;
    assert_eq!(made.status, StatusCode::CREATED, "{made:?}");
    (made.json()["sensor"].as_str().unwrap().to_owned(), made.json()["token"].as_str().unwrap().to_owned())
}

fn options(address: SocketAddr, spool: &Path, token: Option<&str>) -> Options {
    Options { hub: address.to_string(), spool: spool.to_owned(), token: token.map(|token| token.parse().unwrap()) }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_sensor_spooled_is_what_the_hub_knows() {
    let (hub, visitor, site) = TestHub::set_up().await;
    let (address, _end) = served(&hub.app).await;
    let folder = tempfile::tempdir().unwrap();
    let observations = clinic();
    spooled(folder.path(), &observations);
    let (sensor, token) = added(&visitor, &site).await;
    assert_eq!(visitor.get("/api/sensors").await.json()[0]["state"], "waiting");

    let mut uplink = Uplink::open(options(address, folder.path(), Some(&token))).await.unwrap();
    uplink.round().await.unwrap();
    assert_eq!(spool::bytes(folder.path()).unwrap(), 0, "what the hub has is gone from the spool");

    let mut inventory = inventory::Inventory::new(hub.app.networks(&site));
    observations.into_iter().for_each(|observation| inventory.take(observation));
    let expected = inventory.resolve(&knowledge::Knowledge::builtin());
    for _ in 0..100 {
        if hub.app.intake.answers(&site).is_some_and(|answers| answers.devices.len() == expected.devices.len()) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let answers = hub.app.intake.answers(&site).unwrap();
    assert_eq!(serde_json::to_value(&answers.devices).unwrap(), serde_json::to_value(&expected.devices).unwrap());
    assert_eq!(serde_json::to_value(&answers.conversations).unwrap(), serde_json::to_value(&expected.conversations).unwrap());

    let shown = visitor.get("/api/sensors").await.json()[0].clone();
    assert_eq!((shown["id"].as_str(), shown["state"].as_str()), (Some(sensor.as_str()), Some("listening")));
    let acts: Vec<String> = hub.app.store.ledger_rows(0, 100).await.unwrap().into_iter().map(|row| row.body).collect();
    assert_eq!(acts.iter().filter(|body| body.contains("sensor.enrol")).count(), 1);
    assert!(!acts.iter().any(|body| body.contains(token.split('.').nth(2).unwrap())), "the secret is in no entry");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_used_once_and_a_revoked_sensor_is_refused_and_loses_nothing() {
    let (hub, visitor, site) = TestHub::set_up().await;
    let (address, _end) = served(&hub.app).await;
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (sensor, token) = added(&visitor, &site).await;
    let refused = |error: Error| matches!(error, Error::Refused { status: 401, .. });

    let mut wrong: link::Token = token.parse().unwrap();
    wrong.secret = "another".to_owned();
    let wrong = Options { token: Some(wrong), ..options(address, other.path(), None) };
    assert!(refused(Uplink::open(wrong).await.err().unwrap()));

    spooled(folder.path(), &clinic()[..100]);
    Uplink::open(options(address, folder.path(), Some(&token))).await.unwrap();
    assert!(refused(Uplink::open(options(address, other.path(), Some(&token))).await.err().unwrap()), "it was used");
    assert!(matches!(Uplink::open(options(address, other.path(), None)).await.err().unwrap(), Error::NotEnrolled));

    // The identity is kept beside the spool.
    let mut uplink = Uplink::open(options(address, folder.path(), None)).await.unwrap();
    assert_eq!(
        visitor.send(Method::DELETE, &format!("/api/sensors/{sensor}"), "application/json", "").await.status,
        StatusCode::NO_CONTENT
    );
    let waits = spool::bytes(folder.path()).unwrap();
    assert!(refused(uplink.round().await.unwrap_err()));
    assert_eq!(spool::bytes(folder.path()).unwrap(), waits);

    let again =
        visitor.post(&format!("/api/sensors/{sensor}/token"), json!({})).await.json()["token"].as_str().unwrap().to_owned();
    let mut uplink = Uplink::open(options(address, folder.path(), Some(&again))).await.unwrap();
    uplink.round().await.unwrap();
    assert_eq!(spool::bytes(folder.path()).unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_is_another_gets_nothing() {
    let (ours, visitor, site) = TestHub::set_up().await;
    let (other, ..) = TestHub::set_up().await;
    let (theirs, _end) = served(&other.app).await;
    let (_, token) = added(&visitor, &site).await;
    let folder = tempfile::tempdir().unwrap();
    let error = Uplink::open(options(theirs, folder.path(), Some(&token))).await.err().unwrap();
    assert!(matches!(&error, Error::Unreachable(said) if said.contains("certificate")), "{error}");
    drop(ours);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_certificate_nothing_is_taken_and_a_damaged_batch_is_told() {
    let (hub, visitor, site) = TestHub::set_up().await;
    let (address, _end) = served(&hub.app).await;
    for what in [
        "hello",
        "renew",
        "batches?epoch=e&lane=facts&number=1&offset_nanos=0&error_nanos=0&same_boot=true&sent=2026-01-01T00:00:00Z",
    ] {
        let answer = visitor.send(Method::POST, &format!("/api/link/{what}"), "application/json", "{}").await;
        assert_eq!(answer.problem(), "not-enrolled", "{what}");
    }
    let folder = tempfile::tempdir().unwrap();
    let (_, token) = added(&visitor, &site).await;
    spooled(folder.path(), &clinic()[..100]);
    let damaged = spool::batches(folder.path(), Lane::Facts).unwrap().remove(0);
    std::fs::write(&damaged.path, b"not what was written").unwrap();
    let mut uplink = Uplink::open(options(address, folder.path(), Some(&token))).await.unwrap();
    let error = uplink.round().await.unwrap_err();
    assert!(matches!(&error, Error::Refused { status: 422, said } if said.contains("batch")), "{error}");
    // It is set aside, and what comes after it is not held up.
    assert!(damaged.path.with_extension("damaged").exists());
    uplink.round().await.unwrap();
    assert_eq!(spool::bytes(folder.path()).unwrap(), 0);
}
