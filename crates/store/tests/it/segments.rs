//! The manifest of history.

use model::Timestamp;
use store::{Act, Actor, Error, SegmentChange, SegmentFilter, SegmentRow, Store};

use crate::database;

const HOUR: i64 = 3_600_000_000_000;

fn at(hours: i64) -> Timestamp {
    Timestamp::from_nanos(1_780_000_000_000_000_000 + hours * HOUR)
}

fn segment(id: &str, site: &str, hours: i64) -> SegmentRow {
    SegmentRow {
        id: id.to_owned(),
        kind: "flow".to_owned(),
        tenant_id: "clinic".to_owned(),
        site_id: site.to_owned(),
        path: format!("kind=flow/{id}.parquet"),
        first: at(hours),
        last: at(hours + 1),
        taken: at(hours + 2),
        rows: 7,
        bytes: 1_000,
        sha256: "00ff".to_owned(),
        schema_version: 1,
        set_aside: None,
    }
}

async fn write(store: &Store, change: &SegmentChange) -> store::Result<()> {
    let mut writer = store.writer().await?;
    writer.change_segments(change).await?;
    writer.commit().await
}

async fn ids(store: &Store, filter: SegmentFilter) -> Vec<String> {
    store.segments(&filter).await.unwrap().into_iter().map(|segment| segment.id).collect()
}

#[tokio::test]
async fn segments_come_with_their_marks_or_not_at_all() {
    for database in database::all().await {
        let store = &database.store;
        let first = SegmentChange {
            add: vec![segment("a", "main", 0), segment("b", "north", 5)],
            marks: vec![("east".to_owned(), 4), ("west".to_owned(), 9)],
            ..SegmentChange::default()
        };
        for _ in 0..2 {
            write(store, &first).await.unwrap();
            assert_eq!(store.segments(&SegmentFilter::default()).await.unwrap(), first.add, "the same again changes nothing");
            assert_eq!(store.segment_marks().await.unwrap(), first.marks);
        }
        let refused = SegmentChange {
            add: vec![segment("c", "main", 1)],
            remove: vec!["a".to_owned(), "gone".to_owned()],
            marks: vec![("east".to_owned(), 5)],
        };
        assert!(matches!(write(store, &refused).await, Err(Error::Conflict)));
        assert_eq!(ids(store, SegmentFilter::default()).await, ["a", "b"]);
        assert_eq!(store.segment_marks().await.unwrap(), first.marks);
        let next = SegmentChange {
            add: vec![segment("c", "main", 1)],
            remove: vec!["a".to_owned()],
            marks: vec![("east".to_owned(), 5), ("west".to_owned(), 3)],
        };
        write(store, &next).await.unwrap();
        assert_eq!(ids(store, SegmentFilter::default()).await, ["b", "c"]);
        assert_eq!(
            store.segment_marks().await.unwrap(),
            [("east".to_owned(), 5), ("west".to_owned(), 9)],
            "a mark never goes back"
        );
    }
}

#[tokio::test]
async fn segments_are_found_by_what_they_hold() {
    for database in database::all().await {
        let store = &database.store;
        let other = SegmentRow { tenant_id: "other".to_owned(), kind: "event".to_owned(), ..segment("o", "main", 0) };
        let add = vec![segment("a", "main", 0), segment("b", "north", 5), segment("c", "main", 10), other];
        write(store, &SegmentChange { add, ..SegmentChange::default() }).await.unwrap();
        let clinic = SegmentFilter { tenant_id: Some("clinic".to_owned()), ..SegmentFilter::default() };
        assert_eq!(ids(store, clinic.clone()).await, ["a", "b", "c"]);
        assert_eq!(ids(store, SegmentFilter { site_ids: Some(vec!["main".to_owned()]), ..clinic.clone() }).await, ["a", "c"]);
        assert_eq!(ids(store, SegmentFilter { site_ids: Some(Vec::new()), ..clinic.clone() }).await, Vec::<String>::new());
        assert_eq!(ids(store, SegmentFilter { from: Some(at(6)), ..clinic.clone() }).await, ["b", "c"], "b ends then");
        assert_eq!(ids(store, SegmentFilter { before: Some(at(5)), ..clinic }).await, ["a"], "b begins then");
        assert_eq!(ids(store, SegmentFilter { kind: Some("event".to_owned()), ..SegmentFilter::default() }).await, ["o"]);
    }
}

#[tokio::test]
async fn what_is_set_aside_says_why_and_stands_in_the_ledger() {
    for database in database::all().await {
        let store = &database.store;
        write(store, &SegmentChange { add: vec![segment("a", "main", 0)], ..SegmentChange::default() }).await.unwrap();
        let aside = SegmentRow { set_aside: Some("its file is missing".to_owned()), ..segment("a", "main", 0) };
        let mut change = store.begin(&Actor::hub("history"), at(0)).await.unwrap();
        change.change_segments(&SegmentChange { add: vec![aside.clone()], ..SegmentChange::default() }).await.unwrap();
        change.commit(Act::new("history.segment.set_aside", "a")).await.unwrap();
        assert_eq!(store.segments(&SegmentFilter::default()).await.unwrap(), [aside]);
        assert_eq!(store.ledger_rows(0, 10).await.unwrap().len(), 1);
    }
}
