//! The OpenAPI document that is checked in is the one that the routes give.

use serde_json::Value;

use crate::fixture::TestHub;

#[test]
fn the_checked_in_document_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api/openapi.json");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        // By the order of keys, whatever else is compiled beside the hub.
        let mut now = hub::api::document();
        now.sort_all_objects();
        std::fs::write(path, serde_json::to_string_pretty(&now).unwrap() + "\n").unwrap();
    }
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(kept == hub::api::document(), "docs/api/openapi.json is old: write it again with UPDATE_EXPECT=1");
}

#[tokio::test]
async fn the_hub_serves_its_document_and_tells_of_unknown_routes() {
    let visitor = TestHub::new().await.visitor();
    assert_eq!(visitor.get("/api/openapi.json").await.json(), hub::api::document());
    assert_eq!(visitor.get("/api/nothing").await.problem(), "absent");
}

/// Whoever generates a client names its functions by them.
#[test]
fn operations_have_names_of_their_own() {
    let document = hub::api::document();
    let operations = document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
    let mut names: Vec<&str> = operations.map(|operation| operation["operationId"].as_str().unwrap()).collect();
    names.sort_unstable();
    let twin = names.windows(2).find(|pair| pair[0] == pair[1]);
    assert_eq!(twin, None);
}
