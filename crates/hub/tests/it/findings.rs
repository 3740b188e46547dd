//! What people do about findings.

use axum::http::StatusCode;
use serde_json::json;

use crate::fixture::TestHub;

#[tokio::test]
async fn of_two_who_change_a_finding_at_once_the_second_is_told() {
    let (hub, visitor, site) = TestHub::set_up().await;
    hub.fed(&visitor, &site).await;
    let id = visitor.get("/api/findings").await.json()["items"][0]["finding"]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/findings/{id}");
    let etag = visitor.get(&path).await.etag.unwrap();
    let work = json!({ "state": "working", "assignee": "Alex" });

    assert_eq!(visitor.patch(&path, None, work.clone()).await.problem(), "if-match");
    let changed = visitor.patch(&path, Some(&etag), work.clone()).await;
    assert_eq!((changed.status, changed.json()["state"].as_str()), (StatusCode::OK, Some("working")));
    assert_eq!(visitor.patch(&path, Some(&etag), work).await.problem(), "changed");

    let etag = visitor.get(&path).await.etag.unwrap();
    let closed = json!({ "state": "closed" });
    assert_eq!(visitor.patch(&path, Some(&etag), closed).await.problem(), "unprocessable", "closing needs a reason");
    let accepted = json!({ "state": "accepted", "note": "no patch exists", "accepted_until": "2099-01-01T00:00:00Z" });
    assert_eq!(
        visitor.patch(&path, Some(&etag), accepted).await.problem(),
        "no-right",
        "an administrator accepts no clinical risk"
    );
    let entries = hub.app.store.ledger_rows(0, 100).await.unwrap();
    assert_eq!(entries.iter().filter(|row| row.body.contains(&id)).count(), 1, "{entries:?}");
}
