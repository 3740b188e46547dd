use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lake::{Config, FlowFilter, Kind, Lake, Manifest, Order, Place, Plain, Want};

use crate::support::*;

async fn count(lake: &Lake) -> u64 {
    let histogram = lake.histogram(&scope("clinic"), &FlowFilter::default(), always(), 1).await.unwrap();
    histogram.buckets[0].rows
}

#[tokio::test]
async fn many_small_segments_become_one_and_say_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).await;
    for part in 0..10_i64 {
        lake.append(batch(flows("clinic", part * 100..part * 100 + 100), u64::try_from(part).unwrap() + 1), at(0)).unwrap();
        lake.flush().await.unwrap();
    }
    let history = folder.path().join("history");
    assert_eq!(files(&history, ".parquet").len(), 10);
    let all =
        async || lake.search(&scope("clinic"), &FlowFilter::default(), always(), Order::Newest, 1000, None).await.unwrap().items;
    let before = all().await;
    assert_eq!(lake.upkeep(at(0)).await.unwrap().merged, 10);
    assert_eq!(all().await, before);
    // The old files stay while a query may read them, then go.
    assert_eq!(files(&history, ".parquet").len(), 11);
    assert_eq!(lake.upkeep(at(600 * SECOND)).await.unwrap().orphans, 10);
    let left = files(&history, ".parquet");
    let [one] = left.as_slice() else { panic!("{left:?}") };
    assert!(one.to_string_lossy().contains("kind=flow/tenant=clinic/site=main/date=2026-11-01/"), "{one:?}");
    assert_eq!(all().await, before);
}

#[tokio::test]
async fn a_day_that_is_over_is_put_together_and_days_stay_apart() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).await;
    for part in 0..2 {
        let mut rows = flows("clinic", part * 100..part * 100 + 100);
        rows.extend(flows("clinic", 86_400 + part * 100..86_400 + part * 100 + 100));
        lake.append(batch(rows, u64::try_from(part).unwrap() + 1), at(0)).unwrap();
        assert_eq!(lake.flush().await.unwrap(), 2, "a segment for each day");
    }
    assert_eq!(lake.upkeep(at(DAY)).await.unwrap().merged, 0, "neither day is over for long");
    assert_eq!(lake.upkeep(at(2 * DAY)).await.unwrap().merged, 2);
    assert_eq!(lake.upkeep(at(3 * DAY)).await.unwrap().merged, 2);
    assert_eq!(count(&lake).await, 400);
}

#[tokio::test]
async fn what_is_too_old_goes() {
    let folder = tempfile::tempdir().unwrap();
    let keep = BTreeMap::from([(Kind::Flow, Duration::from_secs(2 * 86_400))]);
    let lake = open_with(folder.path(), Config { keep, ..Config::default() }, at(0)).await;
    for day in 0..3 {
        lake.append(batch(flows("clinic", day * 86_400..day * 86_400 + 10), u64::try_from(day).unwrap() + 1), at(0)).unwrap();
    }
    lake.flush().await.unwrap();
    assert_eq!(lake.upkeep(at(3 * DAY)).await.unwrap().dropped, 1);
    assert_eq!(count(&lake).await, 20);
    // What happened long ago and was taken in today ages from today.
    lake.append(batch(flows("clinic", 0..10), 9), at(3 * DAY)).unwrap();
    lake.flush().await.unwrap();
    assert_eq!(lake.upkeep(at(5 * DAY - 1)).await.unwrap().dropped, 2);
    assert_eq!(count(&lake).await, 10);
    assert_eq!(lake.upkeep(at(5 * DAY + 1)).await.unwrap().dropped, 1);
    assert_eq!(count(&lake).await, 0);
}

#[tokio::test]
async fn a_batch_counts_once_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    {
        let lake = open(folder.path()).await;
        assert!(lake.append(batch(flows("clinic", 0..10), 1), at(0)).unwrap());
        assert!(!lake.append(batch(flows("clinic", 0..10), 1), at(0)).unwrap(), "in the buffer");
        assert_eq!(lake.durable(), []);
        lake.flush().await.unwrap();
        assert!(lake.append(batch(flows("clinic", 10..20), 2), at(0)).unwrap());
        // It dies here: the second batch was never durable.
    }
    let lake = open(folder.path()).await;
    assert_eq!(lake.durable().iter().map(|mark| mark.number).collect::<Vec<_>>(), [1]);
    assert_eq!(count(&lake).await, 10);
    assert!(!lake.append(batch(flows("clinic", 0..10), 1), at(0)).unwrap(), "in a segment");
    assert!(lake.append(batch(flows("clinic", 10..20), 2), at(0)).unwrap());
    assert_eq!(count(&lake).await, 20);
}

#[tokio::test]
async fn rows_are_flushed_when_they_are_many_or_old() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open_with(folder.path(), Config { flush_bytes: 100_000, ..Config::default() }, at(0)).await;
    lake.append(batch(flows("clinic", 0..10), 1), at(0)).unwrap();
    assert_eq!(lake.upkeep(at(599 * SECOND)).await.unwrap().written, 0);
    assert_eq!(lake.upkeep(at(600 * SECOND)).await.unwrap().written, 1);
    lake.append(batch(flows("clinic", 10..1000), 2), at(600 * SECOND)).unwrap();
    assert_eq!(lake.upkeep(at(600 * SECOND)).await.unwrap().written, 1);
    assert_eq!(count(&lake).await, 1000);
}

#[tokio::test]
async fn ids_cannot_leave_their_folder() {
    let folder = tempfile::tempdir().unwrap();
    let lake = open(folder.path()).await;
    for bad in ["..", "a/b", "", ".x", "a=b", "ü", "a b"] {
        let refused = lake.append(batch(flows(bad, 0..1), 1), at(0));
        assert!(matches!(refused, Err(lake::Error::Id(_))), "{bad}");
    }
}

/// The same for every manifest; the one in the state database has it too.
async fn contract(manifest: Arc<dyn Manifest>) {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::Folder(folder.path().join("h"));
    let open = || Lake::open(&place, Arc::clone(&manifest), Config::default(), at(0));
    let lake = open().await.unwrap();
    lake.append(batch(flows("clinic", 0..10), 4), at(0)).unwrap();
    lake.flush().await.unwrap();
    let all = manifest.list(Want::default()).await.unwrap();
    assert_eq!(all.len(), 1);
    let want = |from, before| Want { from: Some(at(from)), before: Some(at(before)), ..Want::default() };
    assert_eq!(manifest.list(want(0, 5)).await.unwrap().len(), 1);
    assert_eq!(manifest.list(want(10 * SECOND, DAY)).await.unwrap().len(), 0);
    assert_eq!(manifest.list(want(-5, 0)).await.unwrap().len(), 0, "the end of a span is not in it");
    let gone = lake::Change { add: all.clone(), remove: vec!["not there".to_owned()], ..Default::default() };
    assert!(manifest.commit(gone).await.is_err());
    assert_eq!(manifest.list(Want::default()).await.unwrap(), all, "a refused change changes nothing");
    let again =
        lake::Change { add: all.clone(), marks: vec![lake::Mark { sensor: "east".to_owned(), number: 3 }], ..Default::default() };
    manifest.commit(again).await.unwrap();
    assert_eq!(manifest.list(Want::default()).await.unwrap(), all, "the same again changes nothing");
    assert_eq!(manifest.marks().await.unwrap()[0].number, 4, "a mark never goes back");
}

#[tokio::test]
async fn manifests_keep_their_contract() {
    contract(Arc::new(Plain::memory())).await;
    let folder = tempfile::tempdir().unwrap();
    contract(Arc::new(Plain::file(&folder.path().join("m.json")).unwrap())).await;
}
