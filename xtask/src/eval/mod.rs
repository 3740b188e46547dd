//! `make eval`: is a device named rightly? See `tests/eval/README.md`.

mod clinical;
mod hospital;
mod labelled;
mod look;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use knowledge::Knowledge;

/// Compares with every table; `--each` shows single captures and unknown values too. `hospital` plays a manifest alone:
/// `--manifest NAME`, `--days D`, `--seed N`, `--rate R`.
pub fn eval(arguments: &[String]) -> Result<String> {
    let each = arguments.iter().any(|argument| argument == "--each");
    let mut out = played(arguments)?.table(each);
    if arguments.iter().any(|argument| argument == "hospital") {
        return Ok(out);
    }
    if shared().is_none() {
        out.push_str("the captures of known devices are not beside this checkout: not compared\n");
        return Ok(out);
    }
    let shared = shared().context("no folder `shared` above the checkout, and MEDWARDEN_SHARED is not set")?;
    let knowledge = Knowledge::builtin();
    for set in labelled::SETS {
        out.push_str(&labelled::evaluate(&shared.join(set.folder), set, &knowledge)?.table(each));
    }
    out.push_str(&clinical::evaluate(&shared.join("captures"), &knowledge)?.table());
    Ok(out)
}

/// Plays a manifest through the whole chain.
fn played(arguments: &[String]) -> Result<hospital::Seen> {
    let after = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1).map(String::as_str)
    };
    let number = |name: &str| -> Result<Option<f64>> {
        after(name).map(|text| text.parse().with_context(|| format!("{name} takes a number, not {text}"))).transpose()
    };
    let seed = after("--seed").map_or(Ok(1), str::parse).context("--seed takes a whole number")?;
    let run = hospital::Run {
        manifest: after("--manifest").unwrap_or("community").to_owned(),
        days: number("--days")?.unwrap_or(1.0),
        seed,
        rate: number("--rate")?,
    };
    hospital::evaluate(&run, &std::sync::Arc::new(Knowledge::builtin()))
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

    /// The clinic, half a day: everything is found, nothing is torn apart, nothing about a person is kept.
    #[test]
    fn the_clinic_is_found() {
        let run = hospital::Run { manifest: "clinic".to_owned(), days: 0.5, seed: 5, rate: None };
        let seen = hospital::evaluate(&run, &std::sync::Arc::new(Knowledge::builtin())).unwrap();
        let (figures, table) = (seen.figures(), seen.table(false));
        assert!(figures.found >= 98.0 && figures.torn <= 0.5, "{table}");
        assert!(figures.class_right >= 85.0 && figures.class_wrong <= 5.0, "{table}");
        assert_eq!((figures.clinical_missed, figures.leaks), (0, 0), "{table}");
    }

    #[test]
    fn clinical_statements_are_found() {
        with_captures(|shared, knowledge| {
            let seen = clinical::evaluate(&shared.join("captures"), knowledge).unwrap();
            assert_eq!(seen.missed(), 0, "{}", seen.table());
        });
    }
}
