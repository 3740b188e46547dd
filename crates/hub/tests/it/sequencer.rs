//! Acts on their way out of the state into the ledger's tree.

use std::path::Path;

use hub::sequencer::{Refusal, Sequencer, folder};
use ledger::{Entries, Folder, Options, verify};
use model::Timestamp;
use store::{Act, Actor, Store};

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
