//! Acts on their way out of the state into the ledger's tree.

use std::path::Path;

use axum::http::StatusCode;
use hub::sequencer::{Refusal, Sequencer, folder};
use ledger::{Entries, Folder, Options, verify};
use model::Timestamp;
use store::{Act, Actor, Store};

use crate::fixture::TestHub;

const NOON: Timestamp = Timestamp::from_nanos(1_780_000_000_000_000_000);

async fn open(path: &Path) -> Store {
    Store::open(&format!("sqlite://{}", path.display())).await.unwrap()
}

/// So many acts more, told apart by a word.
async fn act(store: &Store, how_many: usize, word: &str) {
    for number in 0..how_many {
        let change = store.begin(&Actor::hub(word), NOON).await.unwrap();
        change.commit(Act::new("setting.set", format!("s{number}"))).await.unwrap();
    }
}

/// The entries of the folder, which verifies.
fn entries(data: &Path) -> Vec<String> {
    let source = Folder(folder(data));
    let report = verify(&source, &Options::default()).unwrap();
    assert!(report.intact(), "{:#?}", report.problems);
    let size = report.head.unwrap().size;
    Entries::from(&source, size, 0).map(|entry| String::from_utf8(entry.unwrap().1).unwrap()).collect()
}

#[tokio::test]
async fn entries_of_the_state_become_leaves_of_the_same_number() {
    let temporary = tempfile::tempdir().unwrap();
    let data = temporary.path();
    let store = open(&data.join("state.db")).await;
    act(&store, 5, "before").await;
    let mut sequencer = Sequencer::open(data, &store).await.unwrap();
    assert_eq!((sequencer.take(&store).await.unwrap(), sequencer.take(&store).await.unwrap()), (5, 0));
    act(&store, 3, "later").await;
    drop(sequencer);
    // What was not taken when the hub ended is taken when it begins again, once.
    let mut sequencer = Sequencer::open(data, &store).await.unwrap();
    assert_eq!((sequencer.take(&store).await.unwrap(), sequencer.take(&store).await.unwrap()), (3, 0));
    assert_eq!(sequencer.checkpoint().unwrap().head.size, 8);
    let rows = store.ledger_rows(0, 100).await.unwrap();
    assert_eq!(entries(data), rows.into_iter().map(|row| row.body).collect::<Vec<_>>());
    let names: Vec<_> = std::fs::read_dir(folder(data)).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().ends_with(".key")), "the folder may be copied: {names:?}");
}

#[tokio::test]
async fn another_database_is_refused() {
    let temporary = tempfile::tempdir().unwrap();
    let data = temporary.path();
    let store = open(&data.join("state.db")).await;
    act(&store, 5, "true").await;
    let mut sequencer = Sequencer::open(data, &store).await.unwrap();
    sequencer.take(&store).await.unwrap();
    let (shorter, other) = (open(&data.join("shorter.db")).await, open(&data.join("other.db")).await);
    act(&shorter, 3, "true").await;
    act(&other, 4, "true").await;
    act(&other, 2, "false").await;
    // While it runs, and when it begins again.
    let refusal = |error: anyhow::Error| error.downcast::<Refusal>().unwrap();
    assert!(matches!(refusal(sequencer.take(&shorter).await.unwrap_err()), Refusal::Fewer { signed: 5, found: 3 }));
    assert!(matches!(refusal(sequencer.take(&other).await.unwrap_err()), Refusal::Differs(4)));
    drop(sequencer);
    let refused = |found: anyhow::Result<Sequencer>| refusal(found.unwrap_err());
    assert!(matches!(refused(Sequencer::open(data, &shorter).await), Refusal::Fewer { signed: 5, found: 3 }));
    assert!(matches!(refused(Sequencer::open(data, &other).await), Refusal::Differs(4)));
    assert_eq!(entries(data).len(), 5, "nothing was added to what was signed");
    let mut sequencer = Sequencer::open(data, &store).await.unwrap();
    act(&store, 1, "true").await;
    assert_eq!(sequencer.take(&store).await.unwrap(), 1);
}

#[tokio::test]
async fn a_ledger_without_its_key_is_not_begun_anew() {
    let temporary = tempfile::tempdir().unwrap();
    let data = temporary.path();
    let store = open(&data.join("state.db")).await;
    act(&store, 2, "act").await;
    let mut sequencer = Sequencer::open(data, &store).await.unwrap();
    sequencer.take(&store).await.unwrap();
    drop(sequencer);
    let key = data.join("keys/ledger.key");
    #[cfg(unix)]
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&key).unwrap().permissions()) & 0o777, 0o600);
    std::fs::rename(&key, data.join("elsewhere")).unwrap();
    let error = Sequencer::open(data, &store).await.unwrap_err().to_string();
    assert!(error.contains("is missing: put it back from a backup"), "{error}");
    std::fs::rename(data.join("elsewhere"), &key).unwrap();
    assert!(Sequencer::open(data, &store).await.is_ok());
}

/// Somebody who writes to the database behind the hub's back: nothing more is signed, and whoever watches the hub is told.
#[tokio::test]
async fn a_hub_whose_database_was_altered_says_so() {
    let (hub, alex, _) = TestHub::set_up().await;
    hub.app.start();
    let state = || hub.app.ledger().borrow().clone();
    let written = hub.app.store.ledger_size().await.unwrap();
    let signed = until(|| state().checkpoint.filter(|checkpoint| checkpoint.head.size >= written)).await;
    assert_eq!(alex.get("/api/ready").await.status, StatusCode::OK);
    let database = hub.folder.path().join("data/state.db");
    let statement =
        "PRAGMA busy_timeout = 5000; UPDATE ledger_entry SET body = '{}' WHERE seq = (SELECT MAX(seq) FROM ledger_entry)";
    let altered = std::process::Command::new("sqlite3").arg(&database).arg(statement).status();
    if !altered.is_ok_and(|status| status.success()) {
        println!("skipped: no sqlite3 to alter the database with");
        return;
    }
    let problem = until(|| state().problem).await;
    assert!(problem.contains("in the database is not the one that the ledger was signed over"), "{problem}");
    let answer = hub.visitor().get("/api/ready").await;
    assert_eq!((answer.status, answer.problem().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "not-ready"));
    assert!(answer.json()["detail"].as_str().unwrap().contains("the ledger is not signed"), "{answer:?}");
    assert_eq!(entries(&hub.folder.path().join("data")).len() as u64, signed.head.size, "nothing more is signed");
}

/// Asks again until there is an answer, for half a minute.
async fn until<T>(ask: impl Fn() -> Option<T>) -> T {
    for _ in 0..600 {
        if let Some(found) = ask() {
            return found;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("nothing came within half a minute");
}
