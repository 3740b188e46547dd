//! A capture handed in becomes the four answers, once, and they outlive the hub.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::Value;

use crate::fixture::{PASSWORD, TestHub};

fn ids(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|device| device["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_same_answers_before_and_after_a_restart() {
    let (hub, visitor, site) = TestHub::set_up().await;
    let devices = hub.fed(&visitor, &site).await;
    let home = visitor.get("/api/home").await.json();
    let pump = devices["items"].as_array().unwrap().iter().find(|device| device["class"] == "infusion_pump").unwrap();
    let id = pump["id"].as_str().unwrap();
    assert!(
        std::fs::read_dir(hub.folder.path().join("data/captures")).unwrap().next().is_none(),
        "the capture is deleted once read"
    );

    for part in ["", "/conversations", "/findings", "/isolation"] {
        let answer = visitor.get(&format!("/api/devices/{id}{part}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    }
    let isolation = visitor.get(&format!("/api/devices/{id}/isolation")).await.json();
    assert!(!isolation.as_object().unwrap().is_empty());
    let unit = visitor.get("/api/map?by=class").await.json();
    assert!(unit["groups"].as_array().unwrap().iter().any(|group| group["id"] == "infusion_pump"));
    let some = visitor.get("/api/devices?class=infusion_pump&limit=1").await.json();
    assert_eq!(ids(&some).len(), 1);
    let rest = visitor.get(&format!("/api/devices?class=infusion_pump&cursor={}", some["next"].as_str().unwrap())).await.json();
    assert!(!ids(&rest).contains(&ids(&some)[0]));

    let hub = hub.again().await;
    let mut visitor = hub.visitor();
    visitor.sign_in("alex", PASSWORD).await;
    assert_eq!(visitor.get("/api/home").await.problem(), "not-ready", "nothing is no answer while the hub starts");
    assert_eq!(ids(&visitor.get("/api/devices?limit=500").await.json()), ids(&devices));
    hub.app.start();
    for _ in 0..100 {
        let answer = visitor.get("/api/home").await;
        if answer.status == StatusCode::OK {
            return assert_eq!(answer.json(), home);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the hub does not get ready");
}

#[tokio::test]
async fn a_file_that_is_no_capture_is_told_as_such() {
    let (hub, visitor, site) = TestHub::set_up().await;
    let path = format!("/api/captures?site={site}&name=notes.txt");
    let answer = visitor.send(axum::http::Method::POST, &path, "application/octet-stream", "these are not frames").await;
    assert_eq!(answer.status, StatusCode::ACCEPTED);
    for _ in 0..100 {
        let capture = visitor.get("/api/captures").await.json()[0].clone();
        if capture["state"] == "failed" {
            assert!(!capture["outcome"]["damage"].as_array().unwrap().is_empty(), "{capture}");
            drop(hub);
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nothing was said of the file");
}
