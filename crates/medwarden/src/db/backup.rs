//! Writing a backup, while the hub runs.
//!
//! The order makes it one whole: the ledger before the state, which has every entry that was signed; the state before history, whose files
//! are never changed; the journal last, since what it has beyond the state is taken in again at the start.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use store::{Condition, Store};

use super::{Place, STATE, beside, lost_history, open_file, tell};

/// Name of the list of a backup's files.
pub(super) const LIST: &str = "backup.json";
/// How often what changed while it was copied is copied again.
const TRIES: u32 = 5;

/// What a backup says of itself.
#[derive(Serialize, Deserialize)]
pub(super) struct List {
    /// Version of this form.
    pub(super) version: u32,
    /// Version of the program that wrote it.
    pub(super) program: String,
    /// Schema of the state.
    pub(super) schema: i64,
    /// Files, by their paths below the folder: SHA-256, hexadecimal.
    pub(super) files: BTreeMap<String, String>,
}

/// What is not taken along: captures may hold patient data and are read again by nobody; the state is saved by the database.
fn is_left_out(name: &str) -> bool {
    name == "captures" || name.starts_with(STATE)
}

pub(super) async fn run(place: &Place, to: &Path) -> anyhow::Result<ExitCode> {
    if to.exists() {
        bail!("{} is there already: a backup is written into a folder of its own", to.display());
    }
    let store = place.open().await?;
    make_folder(to)?;
    let outcome = write(place, &store, to).await;
    store.close().await;
    let condition = outcome.with_context(|| format!("the backup in {} is not whole: delete it and try again", to.display()))?;
    tell(&condition, "Backed up and checked")
}

async fn write(place: &Place, store: &Store, to: &Path) -> anyhow::Result<Condition> {
    copy_if_there(&place.data.join("ledger"), &to.join("ledger"))?;
    let mut condition = state_and_history(place, store, to).await?;
    let rest = fs::read_dir(&place.data).with_context(|| format!("cannot read {}", place.data.display()))?;
    for entry in rest {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !is_left_out(&name) && !["ledger", "history", "journal"].contains(&name.as_str()) {
            copy_if_there(&place.data.join(&name), &to.join(&name))?;
        }
    }
    journal(&place.data.join("journal"), &to.join("journal"))?;
    let saved = open_file(&to.join(STATE)).await?;
    condition.wrong.extend(beside(&saved, to).await?);
    saved.close().await;
    for extra in [format!("{STATE}-wal"), format!("{STATE}-shm")] {
        let _ = fs::remove_file(to.join(extra));
    }
    let list = List { version: 1, program: env!("CARGO_PKG_VERSION").to_owned(), schema: condition.schema, files: digests(to)? };
    let file = File::create(to.join(LIST))?;
    serde_json::to_writer_pretty(&file, &list)?;
    file.sync_all()?;
    Ok(condition)
}

/// The state, and the files of history that it names. One that was put together with others meanwhile asks for both again.
async fn state_and_history(place: &Place, store: &Store, to: &Path) -> anyhow::Result<Condition> {
    let (state, history) = (to.join(STATE), to.join("history"));
    for _ in 0..TRIES {
        let _ = fs::remove_file(&state);
        let condition = store.save(&state).await.context("cannot save the state")?;
        copy_if_there(&place.data.join("history"), &history)?;
        let saved = open_file(&state).await?;
        let missing = lost_history(&saved, to).await?;
        saved.close().await;
        // What the hub itself lacks is told at the end; copying again does not bring it.
        let live = lost_history(store, &place.data).await?;
        if missing.keys().all(|segment| live.contains_key(segment)) {
            return Ok(condition);
        }
    }
    bail!("history changed each time while it was copied")
}

/// The journal; begun anew where a part went away while it was copied.
fn journal(from: &Path, to: &Path) -> anyhow::Result<()> {
    for _ in 0..TRIES {
        let _ = fs::remove_dir_all(to);
        let (before, copied) = (names(from)?, copy_if_there(from, to));
        if copied.is_ok() && before.iter().all(|name| to.join(name).exists()) {
            return Ok(());
        }
    }
    bail!("the journal changed each time while it was copied")
}

fn names(folder: &Path) -> io::Result<Vec<std::ffi::OsString>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry?.file_name())).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// A folder that only its owner reads.
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))
}

/// Copies a file or a folder with all below it; what is not there, or not any more, is passed over.
pub(super) fn copy_if_there(from: &Path, to: &Path) -> anyhow::Result<()> {
    let done = if from.is_dir() { copy_folder(from, to) } else { copy_file(from, to) };
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done.with_context(|| format!("cannot copy {} to {}", from.display(), to.display())),
    }
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    make_folder(to)?;
    for entry in fs::read_dir(from)? {
        let name = entry?.file_name();
        let (from, to) = (from.join(&name), to.join(&name));
        let done = if from.is_dir() { copy_folder(&from, &to) } else { copy_file(&from, &to) };
        match done {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            done => done?,
        }
    }
    Ok(())
}

fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    fs::copy(from, to)?;
    File::open(to)?.sync_all()
}

/// SHA-256 of every file below a folder, by its path there.
pub(super) fn digests(folder: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path != folder.join(LIST) {
                let below = path.strip_prefix(folder)?.to_str().context("a file's name is not UTF-8")?.to_owned();
                found.insert(below, digest(&path)?);
            }
        }
    }
    Ok(found)
}

fn digest(path: &Path) -> anyhow::Result<String> {
    let mut hash = Sha256::new();
    let mut file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut part = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut part).with_context(|| format!("cannot read {}", path.display()))?;
        match part.get(..read) {
            Some(bytes) if read > 0 => hash.update(bytes),
            _ => break,
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
