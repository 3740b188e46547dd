//! Packet counts against `capinfos` over the real captures that lie beside the project.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use capture::{Inputs, Reader};

/// Where our count and that of capinfos differ: file, ours, theirs, why.
const EXCEPTIONS: &str = include_str!("exceptions.tsv");

fn captures() -> Option<PathBuf> {
    let named = std::env::var_os("MEDWARDEN_CAPTURES").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("shared/captures"));
    named.into_iter().chain(beside).find(|folder| folder.is_dir())
}

fn count(path: &Path) -> (u64, Vec<String>) {
    let (mut frames, mut damages) = (0, Vec::new());
    let mut reader = match Reader::open(path) {
        Ok(reader) => reader,
        Err(damage) => return (0, vec![damage.to_string()]),
    };
    loop {
        match reader.next() {
            Ok(Some(_)) => frames += 1,
            Ok(None) => return (frames, damages),
            Err(damage) => damages.push(damage.to_string()),
        }
    }
}

fn theirs(path: &Path) -> Option<u64> {
    let out = Command::new("capinfos").arg("-Tcrm").arg(path).output().ok()?;
    String::from_utf8_lossy(&out.stdout).trim().rsplit(',').next()?.parse().ok()
}

#[test]
fn counts_equal_those_of_capinfos() {
    let Some(folder) = captures() else {
        return eprintln!("skipped: ../shared/captures is not there");
    };
    if Command::new("capinfos").arg("--version").output().is_err() {
        return eprintln!("skipped: capinfos is not installed");
    }
    let exceptions: BTreeMap<&str, (u64, u64)> = EXCEPTIONS
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let mut columns = line.split('\t');
            let file = columns.next().unwrap();
            let mut number = || columns.next().unwrap().parse().unwrap();
            (file, (number(), number()))
        })
        .collect();
    let inputs = Inputs::open(std::slice::from_ref(&folder));
    let files: Vec<&Path> = inputs.sources().iter().map(|source| source.path.as_path()).collect();
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let parts: Vec<_> = files
            .chunks(files.len().div_ceil(2).max(1))
            .map(|part| scope.spawn(|| part.iter().filter_map(|path| differs(&folder, path, &exceptions)).collect::<Vec<_>>()))
            .collect();
        parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
    });
    assert!(files.len() > 1000, "{} files", files.len());
    assert!(wrong.is_empty(), "{} files\n{}", wrong.len(), wrong.join("\n"));
}

fn differs(folder: &Path, path: &Path, exceptions: &BTreeMap<&str, (u64, u64)>) -> Option<String> {
    let name = path.strip_prefix(folder).ok()?.to_str()?;
    if name.ends_with(".csv") {
        return None;
    }
    let ((ours, damages), theirs) = (count(path), theirs(path).unwrap_or(0));
    let expected = exceptions.get(name).copied().unwrap_or((theirs, theirs));
    (expected != (ours, theirs)).then(|| format!("{name}\t{ours}\t{theirs}\t{}", damages.join(" | ")))
}
