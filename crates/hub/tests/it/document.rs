//! The OpenAPI document that is checked in is the one that the routes give.

use serde_json::Value;

use crate::fixture::TestHub;

#[test]
fn the_checked_in_document_is_current() {
    let kept: Value = serde_json::from_str(include_str!("../../../../docs/api/openapi.json")).unwrap();
    assert!(
        kept == hub::api::document(),
        "docs/api/openapi.json is old: cargo run -p medwarden -- openapi > docs/api/openapi.json"
    );
}

#[tokio::test]
async fn the_hub_serves_its_document_and_tells_of_unknown_routes() {
    let visitor = TestHub::new().await.visitor();
    assert_eq!(visitor.get("/api/openapi.json").await.json(), hub::api::document());
    assert_eq!(visitor.get("/api/nothing").await.problem(), "absent");
}
