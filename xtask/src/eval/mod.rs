//! `make eval`: is a device named rightly? See `tests/eval/README.md`.

mod clinical;
mod labelled;
mod look;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use knowledge::Knowledge;

/// Compares with every table; `--each` shows single captures too.
pub fn eval(arguments: &[String]) -> Result<String> {
    let shared = shared().context("no folder `shared` above the checkout, and MEDWARDEN_SHARED is not set")?;
    let knowledge = Knowledge::builtin();
    let each = arguments.iter().any(|argument| argument == "--each");
    let mut out = String::new();
    for set in labelled::SETS {
        out.push_str(&labelled::evaluate(&shared.join(set.folder), set, &knowledge)?.table(each));
    }
    out.push_str(&clinical::evaluate(&shared.join("captures"), &knowledge)?.table());
    Ok(out)
}

/// The folder of captures that are not part of the project.
fn shared() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("MEDWARDEN_SHARED") {
        return Some(PathBuf::from(folder)).filter(|folder| folder.is_dir());
    }
    let above = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    above.map(|folder| folder.join("shared")).find(|folder| folder.join("captures").is_dir())
}

/// Lines of a table under `tests/eval`, each split at tabs; comments left out.
fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')).map(|line| line.split('\t').collect())
}

/// The form in which names are compared: letters and digits, lower case.
fn key(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs where the captures are; elsewhere says that it did not.
    fn with_captures(run: impl FnOnce(&std::path::Path, &Knowledge)) {
        match shared() {
            Some(folder) => run(&folder, &Knowledge::builtin()),
            None => eprintln!("skipped: the captures are not beside this checkout"),
        }
    }

    #[test]
    fn labelled_devices_are_named_rightly() {
        with_captures(|shared, knowledge| {
            for set in labelled::SETS {
                let seen = labelled::evaluate(&shared.join(set.folder), set, knowledge).unwrap();
                let table = seen.table(false);
                for (what, floor, score) in
                    [("maker", set.maker_floor, seen.of_folders().0), ("model", set.model_floor, seen.of_folders().1)]
                {
                    assert!(score.right >= floor, "{what}: {} right, at least {floor} wanted\n{table}", score.right);
                    assert!(score.wrong * 50 <= score.all(), "{what}: more than 2 % wrong\n{table}");
                }
                let (maker, model) = seen.of_captures();
                assert!(
                    maker.wrong * 50 <= maker.all() && model.wrong * 50 <= model.all(),
                    "single captures\n{}",
                    seen.table(true)
                );
            }
        });
    }

    #[test]
    fn clinical_statements_are_found() {
        with_captures(|shared, knowledge| {
            let seen = clinical::evaluate(&shared.join("captures"), knowledge).unwrap();
            assert_eq!(seen.missed(), 0, "{}", seen.table());
        });
    }
}
