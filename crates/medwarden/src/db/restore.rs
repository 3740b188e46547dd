//! Putting a backup back.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use store::Store;

use super::backup::{LIST, List, copy_if_there, digests, make_folder};
use super::{Place, STATE, beside, open_file, tell};

pub(super) async fn run(backup: &Path, place: &Place) -> anyhow::Result<ExitCode> {
    let data = &place.data;
    let is_empty =
        !data.exists() || fs::read_dir(data).with_context(|| format!("cannot read {}", data.display()))?.next().is_none();
    if !is_empty {
        bail!("{} is not empty: a backup is put back into a new folder, and nothing is overwritten", data.display());
    }
    check_files(backup)?;
    make_folder(data)?;
    for entry in fs::read_dir(backup)? {
        let name = entry?.file_name();
        if name != LIST && !(place.database.is_some() && name == STATE) {
            copy_if_there(&backup.join(&name), &data.join(&name))?;
        }
    }
    let store = match &place.database {
        None => place.open().await?,
        Some(url) => {
            let saved = open_file(&backup.join(STATE)).await?;
            let store = Store::open(url).await.context("cannot open the database")?;
            saved.copy_to(&store).await.context("the state was not put back")?;
            saved.close().await;
            store
        }
    };
    let mut condition = store.check().await.context("the state that was put back cannot be read")?;
    condition.wrong.extend(beside(&store, data).await?);
    store.close().await;
    tell(&condition, "Put back and checked")
}

/// Every file of the backup is there and what it was.
fn check_files(backup: &Path) -> anyhow::Result<()> {
    let list =
        fs::read(backup.join(LIST)).with_context(|| format!("{} is no whole backup: it has no {LIST}", backup.display()))?;
    let list: List = serde_json::from_slice(&list).with_context(|| format!("{LIST} cannot be read"))?;
    if list.version != 1 || list.schema > store::VERSION {
        bail!("the backup was written by a newer program ({}): put it back with that one", list.program);
    }
    let found = digests(backup)?;
    for (path, digest) in &list.files {
        match found.get(path) {
            None => bail!("{path} is missing in the backup; nothing was put back"),
            Some(other) if other != digest => bail!("{path} in the backup is not what was written; nothing was put back"),
            Some(_) => {}
        }
    }
    match found.keys().find(|path| !list.files.contains_key(*path)) {
        Some(path) => bail!("{path} is not of the backup; nothing was put back"),
        None => Ok(()),
    }
}
