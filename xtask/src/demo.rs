//! `make demo`: the page, the program, and a hub on a virtual clinic.

use std::fs;
use std::io::IsTerminal as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

/// What `ui/build` ends with where Node is absent.
const NO_NODE: i32 = 3;
/// How long the hub runs where nobody is there to end it.
const UNATTENDED_MINUTES: &str = "30";

/// Builds the page and the program, and starts a hub on which a virtual clinic's day is played.
pub fn demo(_: &[String]) -> Result<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the project's folder")?;
    eprintln!("Building the page (ui) and then the program; the first time takes some minutes.");
    let page = Command::new(root.join("ui/build")).status().context("cannot run ui/build")?;
    ensure!(page.success() || page.code() == Some(NO_NODE), "ui/build ended with {page}");
    run(Command::new(env!("CARGO")).args(["build", "--profile", "quick", "--package", "medwarden"]).current_dir(root))?;
    let data = root.join("out/demo/data");
    if data.exists() {
        fs::remove_dir_all(&data).with_context(|| format!("cannot remove {}", data.display()))?;
    }
    let mut hub = Command::new(target(root).join("quick/medwarden"));
    hub.arg("demo").arg("--data").arg(&data);
    if std::env::var_os("CI").is_some() {
        hub.args(["--once", "--speed", "20000"]);
    } else if !std::io::stdout().is_terminal() {
        hub.args(["--minutes", UNATTENDED_MINUTES]);
    }
    // The hub takes this process's place, so that Ctrl-C and a supervisor's signal reach it.
    bail!("cannot start the hub: {}", hub.exec())
}

/// Where cargo puts what it builds.
fn target(root: &Path) -> std::path::PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder))
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot run {}", command.get_program().display()))?;
    ensure!(status.success(), "{} ended with {status}", command.get_program().display());
    Ok(())
}
