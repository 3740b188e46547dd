//! Proofs made and checked.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use ledger::proof::{Consistency, Inclusion, MAX_PROOF_BYTES};
use ledger::{MAX_ENTRY_BYTES, VerifierKey};

use super::args::CheckProofArgs;
use super::{NOT_INTACT, ProofCommand, checkpoint, folder, key, newest, read};
use crate::render::words::clean;
use crate::tools::print;

/// Makes a proof from the files of a ledger.
pub fn make(command: &ProofCommand) -> anyhow::Result<ExitCode> {
    match command {
        ProofCommand::Inclusion { folder: given, number, out } => {
            let source = folder(given)?;
            let proof = Inclusion::make(&source, newest(&source)?, *number).context("the proof cannot be made")?;
            // A proof is handed on: one that leads nowhere would be found out elsewhere, and too late.
            proof
                .check(proof.entry.as_deref().unwrap_or_default())
                .context("the ledger is damaged: see `medwarden ledger verify`")?;
            write(&proof.to_text(), out.as_deref())
        }
        ProofCommand::Consistency { folder: given, old, out } => {
            let source = folder(given)?;
            let (size, root) = match old.parse() {
                Ok(size) => (size, None),
                Err(_) => {
                    let head = checkpoint(Path::new(old))?.head;
                    (head.size, Some(head.root))
                }
            };
            let proof = Consistency::make(&source, newest(&source)?, size).context("the proof cannot be made")?;
            if let Some(root) = root {
                proof.check(root).with_context(|| format!("the ledger did not grow out of {old}"))?;
            }
            write(&proof.to_text(), out.as_deref())
        }
    }
}

fn write(text: &str, out: Option<&Path>) -> anyhow::Result<ExitCode> {
    match out {
        None => print(text.as_bytes()),
        Some(path) => {
            std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Checks a proof of either kind.
pub fn check(arguments: &CheckProofArgs) -> anyhow::Result<ExitCode> {
    let key = key(&arguments.key)?;
    let bytes = read(&arguments.proof, u64::try_from(MAX_PROOF_BYTES).unwrap_or(u64::MAX))?;
    let outcome =
        if bytes.starts_with(b"old ") { consistency(&bytes, arguments, &key)? } else { inclusion(&bytes, arguments, &key)? };
    match outcome {
        Ok(text) => print(text.as_bytes()),
        Err(why) => {
            print(format!("DOES NOT HOLD: {why}\n").as_bytes())?;
            Ok(ExitCode::from(NOT_INTACT))
        }
    }
}

/// What a check of a proof says: that it holds and for what, or why it does not.
type Outcome = Result<String, String>;

fn inclusion(bytes: &[u8], arguments: &CheckProofArgs, key: &VerifierKey) -> anyhow::Result<Outcome> {
    let proof = Inclusion::parse(bytes).with_context(|| format!("{} is no proof", arguments.proof.display()))?;
    let brought =
        arguments.entry.as_deref().map(|path| read(path, u64::try_from(MAX_ENTRY_BYTES).unwrap_or(u64::MAX))).transpose()?;
    let Some(entry) = brought.or_else(|| proof.entry.clone()) else {
        bail!("the proof does not carry its entry: bring it with --entry");
    };
    let head = &proof.checkpoint.head;
    if !proof.checkpoint.is_signed_by(key) || head.origin != key.name() {
        return Ok(Err(format!("its checkpoint is not signed by {key}")));
    }
    Ok(proof.check(&entry).map_err(|why| why.to_string()).map(|()| {
        let text = clean(&String::from_utf8_lossy(&entry)).into_owned();
        format!("HOLDS: entry {} of the {} entries of {} is\n{text}\n", proof.number, head.size, head.origin)
    }))
}

fn consistency(bytes: &[u8], arguments: &CheckProofArgs, key: &VerifierKey) -> anyhow::Result<Outcome> {
    let proof = Consistency::parse(bytes).with_context(|| format!("{} is no proof", arguments.proof.display()))?;
    let Some(path) = &arguments.checkpoint else {
        bail!("a proof of consistency is checked against the older checkpoint that was kept: bring it with --checkpoint");
    };
    let kept = checkpoint(path)?;
    let head = &proof.checkpoint.head;
    for (checkpoint, what) in [(&proof.checkpoint, "its checkpoint"), (&kept, "the older checkpoint")] {
        if !checkpoint.is_signed_by(key) || checkpoint.head.origin != key.name() {
            return Ok(Err(format!("{what} is not signed by {key}")));
        }
    }
    if kept.head.size != proof.old_size {
        return Ok(Err(format!("it is from size {}, and the older checkpoint has {}", proof.old_size, kept.head.size)));
    }
    Ok(proof.check(kept.head.root).map_err(|why| why.to_string()).map(|()| {
        let (old, size, origin) = (kept.head.size, head.size, &head.origin);
        format!("HOLDS: {origin} had {old} entries then and has {size} in this checkpoint; of the first {old} none was removed, changed or reordered\n")
    }))
}
