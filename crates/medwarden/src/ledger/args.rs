//! The command line of `medwarden ledger`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use model::Timestamp;

/// What to do with a ledger.
#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// Check a ledger's folder, or a copy of it: recompute everything from the entries; no hub is needed
    Verify(VerifyArgs),
    /// List entries
    Show(ShowArgs),
    /// Make a proof that an entry is in, or that the ledger grew out of an older state
    Proof {
        /// Which.
        #[command(subcommand)]
        command: ProofCommand,
    },
    /// Check a proof that was made elsewhere; neither hub nor ledger is needed
    CheckProof(CheckProofArgs),
}

/// Exit codes of `ledger verify` and `ledger check-proof`.
const EXIT_CODES: &str = "\
Exit codes:
  0  intact: everything that was checked holds
  1  not intact: what is wrong is told, with its place
  2  wrong usage: a path that does not exist, a key or checkpoint that is none; nothing was checked";

/// Check a ledger.
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES)]
pub struct VerifyArgs {
    /// The ledger's folder, or a hub's data folder
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,

    /// A checkpoint that was kept elsewhere; may be given several times
    #[arg(long = "checkpoint", value_name = "FILE")]
    pub checkpoints: Vec<PathBuf>,

    /// The hub's verifier key as it was noted elsewhere, or a file with it; without it the one in the folder is taken
    #[arg(long, value_name = "VKEY")]
    pub key: Option<String>,

    /// Verifier key of a witness whose cosignatures count, or a file with it; may be given several times
    #[arg(long = "witness", value_name = "VKEY")]
    pub witnesses: Vec<String>,

    /// Form of the report
    #[arg(long, value_enum, default_value_t = Form::Text)]
    pub format: Form,
}

/// List entries. They are listed as they stand; `ledger verify` says whether they are what was logged.
#[derive(Args, Debug)]
pub struct ShowArgs {
    /// The ledger's folder, or a hub's data folder
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,

    /// From this time on (RFC 3339; a date alone is midnight UTC)
    #[arg(long, value_name = "TIME")]
    pub since: Option<Timestamp>,

    /// Before this time
    #[arg(long, value_name = "TIME")]
    pub until: Option<Timestamp>,

    /// Only of this actor: an id, or a part of the name
    #[arg(long, value_name = "ACTOR")]
    pub actor: Option<String>,

    /// Only actions that begin so, such as device or device.owner
    #[arg(long, value_name = "ACTION")]
    pub action: Option<String>,

    /// Only of this subject: an id
    #[arg(long, value_name = "ID")]
    pub subject: Option<String>,

    /// Form of the list; json gives the entries as they were logged, one a line
    #[arg(long, value_enum, default_value_t = Form::Text)]
    pub format: Form,
}

/// Which proof.
#[derive(Debug, Subcommand)]
pub enum ProofCommand {
    /// That an entry is in the ledger of the newest checkpoint (C2SP tlog-proof)
    Inclusion {
        /// The ledger's folder, or a hub's data folder
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// Number of the entry, from 0
        #[arg(value_name = "N")]
        number: u64,
        /// Write the proof to this file instead of standard output
        #[arg(long, short, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// That the ledger of the newest checkpoint begins with all that it had at an older size
    Consistency {
        /// The ledger's folder, or a hub's data folder
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        /// The older size, or a file with the older checkpoint
        #[arg(value_name = "OLD")]
        old: String,
        /// Write the proof to this file instead of standard output
        #[arg(long, short, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

/// Check a proof.
#[derive(Args, Debug)]
#[command(after_help = EXIT_CODES)]
pub struct CheckProofArgs {
    /// The proof
    #[arg(value_name = "FILE")]
    pub proof: PathBuf,

    /// The hub's verifier key as it was noted elsewhere, or a file with it
    #[arg(long, value_name = "VKEY")]
    pub key: String,

    /// For a proof of consistency: the older checkpoint, as it was kept
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,

    /// For a proof of inclusion: a file with the entry's bytes, where the proof does not carry them or others are to be checked
    #[arg(long, value_name = "FILE")]
    pub entry: Option<PathBuf>,
}

/// Form of what is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// For reading in a terminal
    Text,
    /// For scripts
    Json,
}
