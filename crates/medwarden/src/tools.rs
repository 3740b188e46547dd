//! What is made from the definitions of the command line and of the report: completions, man pages, the JSON Schema.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::CommandFactory as _;
use clap_complete::Shell;
use model::report::Report;

use crate::cli::Cli;

/// Prints a completion script.
pub fn completions(shell: Shell) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "medwarden", &mut script);
    print(&script)
}

/// Writes a man page of every command.
pub fn manual(folder: &Path) -> anyhow::Result<ExitCode> {
    let cannot = || format!("cannot write man pages to {}", folder.display());
    std::fs::create_dir_all(folder).with_context(cannot)?;
    clap_mangen::generate_to(Cli::command(), folder).with_context(cannot)?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the JSON Schema of the report.
pub fn schema() -> anyhow::Result<ExitCode> {
    let mut text = serde_json::to_vec_pretty(&schemars::schema_for!(Report))?;
    text.push(b'\n');
    print(&text)
}

/// A reader that went away is no error.
pub(crate) fn print(bytes: &[u8]) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context("cannot write to standard output"),
        _ => Ok(ExitCode::SUCCESS),
    }
}
