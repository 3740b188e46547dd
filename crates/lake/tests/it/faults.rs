use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::BoxFuture;
use lake::{Change, Config, Error, FlowFilter, Lake, Manifest, ManifestError, Mark, Order, Page, Place, Plain, Segment, Want};

use crate::support::*;

async fn all(lake: &Lake) -> Page<lake::Flow> {
    lake.search(&scope("clinic"), &FlowFilter::default(), always(), Order::Oldest, 1000, None).await.unwrap()
}

/// Three days, a segment each.
async fn three_days(folder: &std::path::Path) -> Lake {
    let lake = open(folder).await;
    for day in 0..3_i64 {
        lake.append(batch(flows("clinic", day * 86_400..day * 86_400 + 100), u64::try_from(day).unwrap() + 1), at(0)).unwrap();
    }
    assert_eq!(lake.flush().await.unwrap(), 3);
    lake
}

#[tokio::test]
async fn a_broken_segment_is_named_and_the_rest_is_answered() {
    type Damage = fn(&std::path::Path);
    let cases: [(&str, Damage); 4] = [
        ("missing", |path| fs::remove_file(path).unwrap()),
        ("cut short", |path| {
            let bytes = fs::read(path).unwrap();
            fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
        }),
        ("its end overwritten", |path| {
            let mut bytes = fs::read(path).unwrap();
            let end = bytes.len();
            bytes[end - 40..].fill(0xaa);
            fs::write(path, bytes).unwrap();
        }),
        ("its rows overwritten", |path| {
            let mut bytes = fs::read(path).unwrap();
            let half = bytes.len() / 2;
            bytes[4..half].fill(0xaa);
            fs::write(path, bytes).unwrap();
        }),
    ];
    for (name, damage) in cases {
        let folder = tempfile::tempdir().unwrap();
        let lake = three_days(folder.path()).await;
        let path = files(&folder.path().join("history"), ".parquet")
            .into_iter()
            .find(|path| path.to_string_lossy().contains("11-02"))
            .unwrap();
        damage(&path);
        for round in 0..2 {
            let page = all(&lake).await;
            assert_eq!(page.items.len(), 200, "{name}, round {round}");
            let [warning] = page.warnings.as_slice() else { panic!("{name}: {:?}", page.warnings) };
            assert!(path.ends_with(&warning.path), "{name}: {warning:?}");
            assert_eq!(warning.rows, 100);
        }
        let sql = lake.sql(&[scope("clinic")], "SELECT count(*) FROM flow", lake::Limits::default()).await.unwrap();
        assert_eq!((sql.rows[0][0].as_i64(), sql.warnings.len()), (Some(200), 1), "{name}");
        // A span without it has no warning.
        let span = lake::Span { from: at(2 * DAY), before: at(3 * DAY) };
        let page = lake.search(&scope("clinic"), &FlowFilter::default(), span, Order::Oldest, 1000, None).await.unwrap();
        assert_eq!((page.items.len(), page.warnings.len()), (100, 0), "{name}");
        lake.upkeep(at(10 * DAY)).await.unwrap();
        assert_eq!(lake.check().await.unwrap().len(), 1, "{name}");
    }
}

#[tokio::test]
async fn a_byte_that_turned_is_found_by_the_check() {
    let folder = tempfile::tempdir().unwrap();
    let lake = three_days(folder.path()).await;
    let path = files(&folder.path().join("history"), ".parquet").remove(0);
    let mut bytes = fs::read(&path).unwrap();
    bytes[20] ^= 1;
    fs::write(&path, bytes).unwrap();
    let found = lake.check().await.unwrap();
    assert_eq!(found.len(), 1);
    assert!(found[0].reason.contains("SHA-256"), "{:?}", found[0]);
}

#[tokio::test]
async fn orphans_are_removed_at_the_start_and_segments_stay() {
    let folder = tempfile::tempdir().unwrap();
    drop(three_days(folder.path()).await);
    let history = folder.path().join("history");
    let segment = files(&history, ".parquet").remove(0);
    let orphan = segment.with_file_name("0123456789abcdef.parquet");
    fs::copy(&segment, &orphan).unwrap();
    fs::write(history.join(".drafts/half"), b"PAR1").unwrap();
    fs::write(history.join("README"), b"somebody's own").unwrap();
    let lake = open_with(folder.path(), Config::default(), at(100 * 365 * DAY)).await;
    assert!(!orphan.exists());
    assert!(history.join("README").exists(), "what is not ours is left alone");
    assert_eq!(files(&history, "half").len(), 0);
    assert_eq!(all(&lake).await.items.len(), 300);
}

/// A manifest that fails when it is told to: before the change, or after it, when nobody can know.
struct Failing {
    inner: Plain,
    before: AtomicBool,
    after: AtomicBool,
}

impl Manifest for Failing {
    fn list(&self, want: Want) -> BoxFuture<'_, Result<Vec<Segment>, ManifestError>> {
        self.inner.list(want)
    }

    fn marks(&self) -> BoxFuture<'_, Result<Vec<Mark>, ManifestError>> {
        self.inner.marks()
    }

    fn commit(&self, change: Change) -> BoxFuture<'_, Result<(), ManifestError>> {
        Box::pin(async move {
            let failed = || Err(ManifestError::Kept("told to fail".into()));
            if self.before.swap(false, Ordering::Relaxed) {
                return failed();
            }
            self.inner.commit(change).await?;
            if self.after.swap(false, Ordering::Relaxed) { failed() } else { Ok(()) }
        })
    }
}

#[tokio::test]
async fn a_failed_commit_loses_and_doubles_nothing() {
    for (before, after) in [(true, false), (false, true)] {
        let folder = tempfile::tempdir().unwrap();
        let manifest = Arc::new(Failing { inner: Plain::memory(), before: before.into(), after: after.into() });
        let place = Place::Folder(folder.path().join("h"));
        let lake = Lake::open(&place, Arc::clone(&manifest) as _, Config::default(), at(0)).await.unwrap();
        lake.append(batch(flows("clinic", 0..100), 1), at(0)).unwrap();
        assert!(matches!(lake.flush().await, Err(Error::Manifest(_))));
        assert_eq!(lake.durable(), []);
        lake.append(batch(flows("clinic", 100..150), 2), at(0)).unwrap();
        lake.flush().await.unwrap();
        lake.flush().await.unwrap();
        assert_eq!(all(&lake).await.items.len(), 150);
        assert_eq!(lake.durable()[0].number, 2);
        assert_eq!(files(&folder.path().join("h"), ".parquet").len(), 2);
    }
}

#[tokio::test]
async fn a_place_that_takes_no_files_keeps_rows_in_the_buffer_until_it_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config { full_bytes: 100_000, ..Config::default() };
    let lake = open_with(folder.path(), config, at(0)).await;
    // A file where the folder should be: also root cannot write there.
    let kind = folder.path().join("history/kind=flow");
    fs::write(&kind, b"").unwrap();
    lake.append(batch(flows("clinic", 0..100), 1), at(0)).unwrap();
    let error = lake.flush().await.unwrap_err();
    assert!(error.to_string().contains("kind=flow"), "{error}");
    let mut number = 2;
    while lake.append(batch(flows("clinic", 0..500), number), at(0)).is_ok() {
        number += 1;
        assert!(number < 100, "it fills up");
    }
    assert!(matches!(lake.append(batch(flows("clinic", 0..1), 99), at(0)), Err(Error::Full)));
    assert!(all(&lake).await.items.len() >= 100, "still answered");
    fs::remove_file(&kind).unwrap();
    lake.flush().await.unwrap();
    lake.flush().await.unwrap();
    assert!(lake.append(batch(flows("clinic", 0..1), 99), at(0)).unwrap(), "it goes on by itself");
}
