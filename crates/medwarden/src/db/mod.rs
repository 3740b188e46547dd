//! `medwarden db`: a hub's state is checked, copied, backed up and put back.

mod backup;
mod restore;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use ledger::{CHECKPOINT_FILE, Folder, Options, verify};
use store::{Condition, SegmentFilter, Store};

/// What to do with a hub's state.
#[derive(Debug, Subcommand)]
pub enum DbCommand {
    /// Read everything and say what is wrong; nothing is changed
    Check(Place),
    /// Copy the state to an empty database of either kind
    Copy {
        /// Database to copy: postgres://user@host/name, or sqlite:///path
        #[arg(long, value_name = "URL")]
        from: String,
        /// Empty database to copy to
        #[arg(long, value_name = "URL")]
        to: String,
    },
    /// Write all that a hub keeps into a new folder, while it runs, and check that
    Backup {
        #[command(flatten)]
        place: Place,
        /// Folder to be made; what is in it is as secret as the hub's own
        #[arg(long, value_name = "FOLDER")]
        to: PathBuf,
    },
    /// Put a backup back into a new data folder, after every file of it was checked
    Restore {
        /// The backup
        #[arg(value_name = "FOLDER")]
        backup: PathBuf,
        #[command(flatten)]
        place: Place,
    },
}

/// Where a hub keeps what it knows.
#[derive(Args, Debug)]
pub struct Place {
    /// Data folder of the hub
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Database, where it is not the one in the data folder
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

/// Name of the state in a data folder and in a backup.
const STATE: &str = "state.db";
/// Something is wrong with what was checked.
const NOT_SOUND: u8 = 1;

/// Does what was asked for.
pub fn run(command: &DbCommand) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start")?;
    runtime.block_on(async {
        match command {
            DbCommand::Check(place) => check(place).await,
            DbCommand::Copy { from, to } => copy(from, to).await,
            DbCommand::Backup { place, to } => backup::run(place, to).await,
            DbCommand::Restore { backup, place } => restore::run(backup, place).await,
        }
    })
}

impl Place {
    /// The state, which must be there already.
    async fn open(&self) -> anyhow::Result<Store> {
        match &self.database {
            Some(url) => Ok(Store::open(url).await.context("cannot open the database")?),
            None => open_file(&self.data.join(STATE)).await,
        }
    }
}

/// A state in a file that is there already.
async fn open_file(path: &Path) -> anyhow::Result<Store> {
    if !path.is_file() {
        bail!("{} is not there: give the hub's data folder, or its database with --database", path.display());
    }
    Store::open(&url(path)).await.with_context(|| format!("cannot open {}", path.display()))
}

fn url(path: &Path) -> String {
    format!("sqlite://{}", path.display())
}

async fn check(place: &Place) -> anyhow::Result<ExitCode> {
    let store = place.open().await?;
    let mut condition = store.check().await.context("the state cannot be read")?;
    condition.wrong.extend(beside(&store, &place.data).await?);
    store.close().await;
    tell(&condition, "Checked")
}

async fn copy(from: &str, to: &str) -> anyhow::Result<ExitCode> {
    if from == to {
        bail!("--from and --to are the same database");
    }
    let from = Store::open(from).await.context("cannot open the database to copy (--from)")?;
    let to = Store::open(to).await.context("cannot open the database to copy to (--to)")?;
    let condition = from.copy_to(&to).await.context("nothing was copied")?;
    from.close().await;
    to.close().await;
    tell(&condition, "Copied and compared")
}

/// What is wrong in a data folder beside the state: its ledger, and files of history that the state names.
async fn beside(store: &Store, data: &Path) -> anyhow::Result<Vec<String>> {
    let mut wrong = Vec::new();
    let ledger = data.join("ledger");
    if ledger.join(CHECKPOINT_FILE).is_file() {
        let report = verify(&Folder(ledger), &Options::default()).context("the ledger cannot be read")?;
        if !report.intact() {
            wrong.push("the ledger is not intact: see medwarden ledger verify".to_owned());
        }
    }
    wrong.extend(lost_history(store, data).await?.into_values());
    Ok(wrong)
}

/// Files of history that the state names and the data folder has not as they should be, with what is wrong.
async fn lost_history(store: &Store, data: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let mut lost = BTreeMap::new();
    let named = store.segments(&SegmentFilter::default()).await?.into_iter().filter(|segment| segment.set_aside.is_none());
    for segment in named {
        let path = data.join("history").join(&segment.path);
        let why = match std::fs::metadata(&path) {
            Ok(found) if found.len() == segment.bytes => continue,
            Ok(found) => format!("{} octets, and should have {}", found.len(), segment.bytes),
            Err(error) => error.to_string(),
        };
        lost.insert(segment.path, format!("{}: {why}", path.display()));
    }
    Ok(lost)
}

/// Says what was found; the exit code is 1 where something is wrong.
fn tell(condition: &Condition, done: &str) -> anyhow::Result<ExitCode> {
    let mut text = Vec::new();
    for table in condition.tables.iter().filter(|table| table.rows > 0) {
        writeln!(text, "{:>12}  {}", table.rows, table.table)?;
    }
    for wrong in &condition.wrong {
        writeln!(text, "wrong: {wrong}")?;
    }
    let rows = condition.tables.iter().fold(0_u64, |sum, table| sum.saturating_add(table.rows));
    let verdict = if condition.wrong.is_empty() { "sound" } else { "NOT sound" };
    writeln!(text, "{done}: {rows} rows, schema {}, {verdict}", condition.schema)?;
    crate::tools::print(&text)?;
    Ok(if condition.wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(NOT_SOUND) })
}
