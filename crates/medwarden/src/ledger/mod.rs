//! `medwarden ledger`: a ledger is checked, listed and proved from without the hub that wrote it.

mod args;
mod proof;
mod report;
mod show;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use ledger::{CHECKPOINT_FILE, Checkpoint, Folder, Kept, MAX_NOTE_BYTES, Options, VerifierKey, verify};

pub use args::{Form, LedgerCommand, ProofCommand};

/// Something is wrong with what was checked.
const NOT_INTACT: u8 = 1;
/// The longest file with a key.
const MAX_KEY_BYTES: u64 = 4_096;

/// Does what was asked for.
pub fn run(command: &LedgerCommand) -> anyhow::Result<ExitCode> {
    match command {
        LedgerCommand::Verify(arguments) => check(arguments),
        LedgerCommand::Show(arguments) => show::run(arguments),
        LedgerCommand::Proof { command } => proof::make(command),
        LedgerCommand::CheckProof(arguments) => proof::check(arguments),
    }
}

fn check(arguments: &args::VerifyArgs) -> anyhow::Result<ExitCode> {
    let folder = folder(&arguments.folder)?;
    let kept =
        arguments.checkpoints.iter().map(|path| Ok(Kept { label: path.display().to_string(), checkpoint: checkpoint(path)? }));
    let options = Options {
        key: arguments.key.as_deref().map(key).transpose()?,
        kept: kept.collect::<anyhow::Result<_>>()?,
        witnesses: arguments.witnesses.iter().map(|text| key(text)).collect::<anyhow::Result<_>>()?,
    };
    let report = verify(&folder, &options).with_context(|| format!("cannot check {}", folder.0.display()))?;
    let text = match arguments.format {
        Form::Text => report::text(&report, &folder.0),
        Form::Json => report::json(&report)?,
    };
    crate::tools::print(text.as_bytes())?;
    Ok(if report.intact() { ExitCode::SUCCESS } else { ExitCode::from(NOT_INTACT) })
}

/// The ledger's own folder, also where the hub's data folder is given.
fn folder(given: &Path) -> anyhow::Result<Folder> {
    let is_ledger = |folder: &Path| folder.join(CHECKPOINT_FILE).is_file() || folder.join("tile").is_dir();
    let inside = given.join("ledger");
    if !given.is_dir() {
        bail!("{} is no folder", given.display());
    }
    let found: Option<PathBuf> = [given.to_owned(), inside].into_iter().find(|folder| is_ledger(folder));
    found.map(Folder).with_context(|| format!("{} is no ledger: it has neither a checkpoint nor tiles", given.display()))
}

/// A checkpoint out of a file.
fn checkpoint(path: &Path) -> anyhow::Result<Checkpoint> {
    let bytes = read(path, u64::try_from(MAX_NOTE_BYTES).unwrap_or(u64::MAX))?;
    Checkpoint::parse(&bytes).with_context(|| format!("{} is no checkpoint", path.display()))
}

/// A verifier key as it is, or out of a file.
fn key(text: &str) -> anyhow::Result<VerifierKey> {
    match text.parse() {
        Ok(key) => Ok(key),
        Err(error) if !Path::new(text).is_file() => {
            Err(error).with_context(|| format!("`{text}` is no verifier key, nor a file with one"))
        }
        Err(_) => {
            let bytes = read(Path::new(text), MAX_KEY_BYTES)?;
            let inside = String::from_utf8_lossy(&bytes);
            inside.trim().parse().with_context(|| format!("there is no verifier key in {text}"))
        }
    }
}

/// The newest checkpoint of a ledger.
fn newest(folder: &Folder) -> anyhow::Result<Checkpoint> {
    checkpoint(&folder.0.join(CHECKPOINT_FILE))
}

fn read(path: &Path, most: u64) -> anyhow::Result<Vec<u8>> {
    let cannot = || format!("cannot read {}", path.display());
    if fs::metadata(path).with_context(cannot)?.len() > most {
        bail!("{} is longer than {most} bytes: it is not what it should be", path.display());
    }
    fs::read(path).with_context(cannot)
}
