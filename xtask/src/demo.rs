//! `make demo`: the main job on a clinic's morning that the lab plays.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// Builds the program, plays the morning into a capture, prints the four answers, and writes the page.
pub fn demo(_: &[String]) -> Result<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the project's folder")?;
    let out = root.join("out/demo");
    fs::create_dir_all(&out).with_context(|| format!("cannot make {}", out.display()))?;
    let capture = out.join("clinic-morning.pcap");
    fs::write(&capture, lab::clinic::clinic()).with_context(|| format!("cannot write {}", capture.display()))?;
    run(Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--profile", "quick", "--package", "medwarden"])
        .current_dir(root))?;
    let program = target(root).join("quick/medwarden");
    let page = out.join("report.html");
    run(Command::new(&program).arg("inspect").arg(&capture))?;
    run(Command::new(&program).args(["inspect", "--format", "html", "--out"]).arg(&page).arg(&capture))?;
    Ok(format!("\nThe capture: {}\nThe same as a page, for a browser: {}\n", capture.display(), page.display()))
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
