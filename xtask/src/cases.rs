//! The folders under `tests/cases`, from the lab.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Writes input and README of every case, and names folders that no case has.
pub fn cases(_: &[String]) -> Result<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cases");
    let mut names = BTreeSet::new();
    for case in lab::cases() {
        let folder = root.join(case.name);
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        for (name, bytes) in case.files() {
            let path = folder.join(name);
            fs::write(&path, bytes).with_context(|| path.display().to_string())?;
        }
        names.insert(case.name.to_owned());
    }
    let mut text = format!("{} cases written; UPDATE_EXPECT=1 cargo nextest run -p lab writes what is expected\n", names.len());
    for entry in fs::read_dir(&root).with_context(|| root.display().to_string())? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !names.contains(&name) {
            text += &format!("tests/cases/{name} is no case: remove it\n");
        }
    }
    Ok(text)
}
