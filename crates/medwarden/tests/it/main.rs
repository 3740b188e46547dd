//! The real binary, on captures that the lab makes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers of tests

mod clinic;
mod db;
mod determinism;
mod exit_codes;
mod explain;
#[cfg(target_os = "linux")]
mod faults;
mod forms;
#[cfg(all(target_os = "linux", feature = "engine"))]
mod history;
mod hospital;
mod interrupt;
mod ledger;
#[cfg(target_os = "linux")]
mod listen;
#[cfg(target_os = "linux")]
mod live;
mod logs;
mod phi;
mod schema;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A folder of its own for a test, gone when the test is.
pub(crate) struct Folder(PathBuf);

impl std::ops::Deref for Folder {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An empty folder.
pub(crate) fn folder() -> Folder {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("it-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    Folder(folder)
}

/// The clinic's morning in a folder.
pub(crate) fn clinic(folder: &Path) -> PathBuf {
    let path = folder.join("clinic.pcap");
    std::fs::write(&path, lab::clinic()).unwrap();
    path
}

/// A small capture of the lab's table of cases.
pub(crate) fn case(name: &str, folder: &Path) -> PathBuf {
    let case = lab::cases().find(|case| case.name == name).unwrap();
    let path = folder.join(format!("{name}.pcap"));
    std::fs::write(&path, (case.build)()).unwrap();
    path
}

/// The program, away from the environment of whoever runs the tests.
pub(crate) fn medwarden() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_medwarden"));
    command.env_remove("COLUMNS").env_remove("NO_COLOR");
    command
}

/// Runs `medwarden inspect` with arguments.
pub(crate) fn inspect<A: AsRef<std::ffi::OsStr>>(arguments: &[A]) -> Output {
    medwarden().arg("inspect").args(arguments).output().unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
