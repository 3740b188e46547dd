//! Entries out of the state into the ledger's folder, where they can no longer be altered unseen.
//!
//! An act and its entry are written to the state in one transaction. What runs here takes the entries in the order of their numbers into the
//! Merkle tree at `ledger` in the data folder and signs a checkpoint over them; the number of an entry is that of its leaf. The folder alone
//! says how far it got, so a stop at any moment leaves nothing to mend: what is not in the tree is taken again. Where the entries in the state
//! are not those that were signed, nothing more is signed, and the hub says so until a person has looked.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use ledger::{Algorithm, CHECKPOINT_FILE, Checkpoint, Entries, Folder, Hash, Key, Log, leaf_hash};
use store::{LedgerRow, Store};

use crate::App;

/// Entries that are taken at once.
const AT_ONCE: u32 = 4_096;
/// How long to wait for further entries.
const WAIT: Duration = Duration::from_secs(1);
/// How long to wait after something went wrong.
const WAIT_AFTER_FAILURE: Duration = Duration::from_secs(10);

/// How the tree stands beside the state.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The newest checkpoint that was signed; absent until the ledger is open.
    pub checkpoint: Option<Checkpoint>,
    /// What keeps entries from being signed.
    pub problem: Option<String>,
}

/// Why entries are not signed.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// An entry was changed, or it is another database.
    #[error(
        "entry {0} in the database is not the one that the ledger was signed over: the database was altered, or it and the ledger \
         are not of one time; nothing more is signed until a person has looked (`medwarden ledger verify`, docs/manual/ledger.md)"
    )]
    Differs(u64),
    /// Entries are gone.
    #[error(
        "the ledger was signed over {signed} entries and the database has {found}: entries were removed, or an older database was put \
         back; nothing more is signed until a person has looked (`medwarden ledger verify`, docs/manual/ledger.md)"
    )]
    Fewer {
        /// In the ledger.
        signed: u64,
        /// In the database.
        found: u64,
    },
    /// An entry is missing in between.
    #[error("entry {0} is missing in the database: it was removed; nothing behind it is signed until a person has looked")]
    Hole(u64),
}

/// The ledger's folder in a data folder; it holds nothing secret and may be copied to an auditor.
#[must_use]
pub fn folder(data: &Path) -> PathBuf {
    data.join("ledger")
}

/// The tree that is written, and the state whose entries it takes.
#[derive(Debug)]
pub struct Sequencer {
    log: Option<Log>,
    /// Hash of the last entry in the tree.
    last: Option<Hash>,
}

impl Sequencer {
    /// Opens the ledger of a data folder, or begins one, and compares all entries of the state with it.
    ///
    /// # Errors
    /// A [`Refusal`], or what cannot be read.
    pub async fn open(data: &Path, store: &Store) -> anyhow::Result<Self> {
        let data = data.to_owned();
        let log = tokio::task::spawn_blocking(move || -> anyhow::Result<Log> {
            let key = key(&data)?;
            Log::open(&folder(&data), key).context("cannot open the ledger")
        });
        let mut sequencer = Self { log: Some(log.await??), last: None };
        sequencer.compare(store).await?;
        Ok(sequencer)
    }

    /// The newest checkpoint.
    #[must_use]
    pub fn checkpoint(&self) -> Option<&Checkpoint> {
        self.log.as_ref().map(Log::checkpoint)
    }

    fn log(&mut self) -> anyhow::Result<&mut Log> {
        self.log.as_mut().context("the ledger is closed after a failure")
    }

    /// Compares every entry in the tree with that of the state.
    async fn compare(&mut self, store: &Store) -> anyhow::Result<()> {
        let log = self.log()?;
        let (size, source) = (log.size(), log.source());
        let found = store.ledger_size().await?;
        if found < size {
            bail!(Refusal::Fewer { signed: size, found });
        }
        let mut next = 0;
        while next < size {
            let mut rows = store.ledger_rows(next, AT_ONCE).await?;
            rows.retain(|row| row.seq < size);
            if rows.is_empty() {
                bail!(Refusal::Hole(next));
            }
            let source = source.clone();
            let compared = tokio::task::spawn_blocking(move || compare(&source, size, next, &rows));
            let (behind, last) = compared.await??;
            (next, self.last) = (behind, Some(last));
        }
        Ok(())
    }

    /// Takes what is new in the state, at most [`AT_ONCE`] entries; says how many.
    ///
    /// # Errors
    /// A [`Refusal`], or what cannot be read or written.
    pub async fn take(&mut self, store: &Store) -> anyhow::Result<usize> {
        let size = self.log()?.size();
        // The last entry that is in the tree is read again: if it was removed from the state, its number goes to another act.
        let first = size.saturating_sub(1);
        let mut rows = store.ledger_rows(first, AT_ONCE).await?;
        if size > 0 {
            let found = rows.first().filter(|row| row.seq == first).map(|row| leaf_hash(row.body.as_bytes()));
            match found {
                None => bail!(Refusal::Fewer { signed: size, found: store.ledger_size().await? }),
                Some(found) if Some(found) != self.last => bail!(Refusal::Differs(first)),
                Some(_) => drop(rows.remove(0)),
            }
        }
        if let Some((number, _)) = (size..).zip(&rows).find(|(number, row)| *number != row.seq) {
            bail!(Refusal::Hole(number));
        }
        let Some(last) = rows.last().map(|row| leaf_hash(row.body.as_bytes())) else { return Ok(0) };
        let taken = rows.len();
        let mut log = self.log.take().context("the ledger is closed after a failure")?;
        let appended = tokio::task::spawn_blocking(move || {
            let bodies: Vec<&[u8]> = rows.iter().map(|row| row.body.as_bytes()).collect();
            let written = log.append(&bodies).map(drop);
            (log, written)
        });
        let (log, written) = appended.await?;
        self.log = Some(log);
        written.context("the ledger cannot be written")?;
        self.last = Some(last);
        Ok(taken)
    }
}

/// Compares a stretch of entries; gives the number behind it and the hash of the last.
fn compare(source: &Folder, size: u64, first: u64, rows: &[LedgerRow]) -> anyhow::Result<(u64, Hash)> {
    let mut last = (first, Hash::of_nothing());
    for (entry, row) in Entries::from(source, size, first).zip(rows) {
        let (number, bytes) = entry.context("the ledger cannot be read; `medwarden ledger verify` says what is wrong with it")?;
        if row.seq != number {
            bail!(Refusal::Hole(number));
        }
        if row.body.as_bytes() != bytes {
            bail!(Refusal::Differs(number));
        }
        last = (number.saturating_add(1), leaf_hash(&bytes));
    }
    Ok(last)
}

/// The key that signs checkpoints, in the data folder beside the ledger and not in it; made with the ledger.
fn key(data: &Path) -> anyhow::Result<Key> {
    let (folder, path) = (data.join("keys"), data.join("keys/ledger.key"));
    match std::fs::read_to_string(&path) {
        Ok(text) => return Key::parse(&text).with_context(|| format!("{} is no key of a ledger", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
    if self::folder(data).join(CHECKPOINT_FILE).exists() {
        bail!(
            "there is a ledger and its key {} is missing: put it back from a backup; a new key would begin another ledger",
            path.display()
        );
    }
    let (mut seed, mut name) = ([0; 32], [0; 8]);
    getrandom::fill(&mut seed)
        .and_then(|()| getrandom::fill(&mut name))
        .map_err(|error| anyhow::anyhow!("no random numbers: {error}"))?;
    let name = format!("medwarden/{}", data_encoding::HEXLOWER.encode(&name));
    let key = Key::from_seed(&name, Algorithm::Log, seed).context("cannot make the ledger's key")?;
    crate::private_folder(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    // Whole or not at all: a key that is cut off would lock the ledger.
    let unfinished = folder.join("ledger.key.new");
    crate::serve::write_private(&unfinished, &key.to_secret_text())?;
    std::fs::rename(&unfinished, &path).with_context(|| format!("cannot write {}", path.display()))?;
    std::fs::File::open(&folder)
        .and_then(|folder| folder.sync_all())
        .with_context(|| format!("cannot write {}", folder.display()))?;
    Ok(key)
}

/// Takes entries as they come, for as long as the hub runs.
pub(crate) async fn run(app: App) {
    loop {
        let Err(error) = follow(&app).await;
        let problem = format!("{error:#}");
        tracing::error!(problem, "the ledger is not signed");
        app.sealed.send_modify(|state| state.problem = Some(problem));
        tokio::time::sleep(WAIT_AFTER_FAILURE).await;
    }
}

async fn follow(app: &App) -> anyhow::Result<std::convert::Infallible> {
    let mut sequencer = Sequencer::open(&app.data, &app.store).await?;
    loop {
        let taken = sequencer.take(&app.store).await?;
        let checkpoint = sequencer.checkpoint().cloned();
        app.sealed.send_if_modified(|state| {
            let is_new = state.problem.is_some() || state.checkpoint != checkpoint;
            *state = State { checkpoint, problem: None };
            is_new
        });
        if taken == 0 {
            tokio::time::sleep(WAIT).await;
        }
    }
}
