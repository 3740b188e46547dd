//! `registries FOLDER`, `enterprises FILE` and `credentials FILE`: the generated data files of `knowledge`, on standard output.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Prints the compact form of the IEEE's lists (`oui.csv`, `mam.csv`, `oui36.csv`, `iab.csv`) in a folder.
///
/// Takes the folder and the day of the lists, as `2022-08-27`.
pub fn registries(arguments: &[String]) -> Result<String> {
    let [folder, date] = arguments else { bail!("usage: xtask registries FOLDER DATE > crates/knowledge/data/registries.txt") };
    let mut lists = Vec::new();
    for name in ["oui.csv", "mam.csv", "oui36.csv", "iab.csv"] {
        lists.push(read(&PathBuf::from(folder).join(name))?);
    }
    let lists: Vec<&str> = lists.iter().map(String::as_str).collect();
    Ok(knowledge::compact_mac_registry(date, &lists))
}

/// Prints the compact form of IANA's enterprise numbers, from a file with a number, blanks and a name a line.
///
/// Only those who also make network interfaces, or are in our list of makers: the others do not build devices, and many are private persons.
pub fn enterprises(arguments: &[String]) -> Result<String> {
    let [file, date] = arguments else { bail!("usage: xtask enterprises FILE DATE > crates/knowledge/data/enterprises.txt") };
    let knowledge = knowledge::Knowledge::builtin();
    let registered: HashSet<String> = knowledge.registrants().map(str::to_lowercase).collect();
    let wanted = |name: &str| knowledge.is_known_maker(name) || registered.contains(&name.to_lowercase());
    Ok(knowledge::compact_enterprises(date, &read(Path::new(file))?, wanted))
}

/// Prints the hashed form of a plain list of default credentials, which must stay outside the tree.
pub fn credentials(arguments: &[String]) -> Result<String> {
    let [file, salt] = arguments else { bail!("usage: xtask credentials FILE.csv SALT > crates/knowledge/data/credentials.txt") };
    let file = Path::new(file);
    Ok(knowledge::hash_credentials(salt, &read(file)?, file)?)
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
