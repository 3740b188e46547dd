//! The one place that reads files: a site's own knowledge folder.

use std::fs;
use std::path::{Path, PathBuf};

use crate::credentials::Credentials;
use crate::error::Error;
use crate::registry::{Enterprises, MacRegistry, compact_enterprises, compact_mac_registry};
use crate::rules::Rules;
use crate::{Knowledge, data};

/// Largest file that is read, in bytes. The largest in use, the IEEE's list, is under 4 MB.
const MAX_FILE: u64 = 64 << 20;

/// Reads a folder as [`Knowledge::with_folder`] says.
pub(crate) fn load(folder: &Path) -> Result<Knowledge, Error> {
    if !folder.is_dir() {
        return Err(Error::of_file(folder, "not a folder", "name the folder that holds the knowledge files"));
    }
    let mut knowledge = Knowledge::builtin();
    load_registries(&mut knowledge, folder)?;
    load_tables(&mut knowledge, folder)?;
    let own = files(&folder.join("rules"), "toml")?;
    if !own.is_empty() {
        let builtin = data::RULES.iter().map(|(name, text)| (*text, Path::new(*name)));
        let rules = Rules::parse(builtin.chain(own.iter().map(|(path, text)| (text.as_str(), path.as_path()))))?;
        if let Some(bad) = rules.bad_patterns().into_iter().next() {
            return Err(Error::of_file(&folder.join("rules"), bad, "mend the regex of that rule"));
        }
        knowledge.rules = rules.into();
    }
    for (path, text) in files(&folder.join("recog"), "xml")? {
        knowledge.recog.add(&text, &path)?;
    }
    Ok(knowledge)
}

fn load_registries(knowledge: &mut Knowledge, folder: &Path) -> Result<(), Error> {
    let lists: Vec<String> = ["oui.csv", "mam.csv", "oui36.csv", "iab.csv"]
        .iter()
        .filter_map(|name| read(&folder.join(name)).transpose())
        .collect::<Result<_, _>>()?;
    if !lists.is_empty() {
        let lists: Vec<&str> = lists.iter().map(String::as_str).collect();
        let compact = compact_mac_registry("unknown", &lists);
        knowledge.macs = MacRegistry::parse(compact, &folder.join("oui.csv"))?.into();
    }
    let path = folder.join("registries.txt");
    if let Some(text) = read(&path)? {
        knowledge.macs = MacRegistry::parse(text, &path)?.into();
    }
    let path = folder.join("enterprise-numbers.txt");
    if let Some(text) = read(&path)? {
        knowledge.enterprises = Enterprises::parse(compact_enterprises("unknown", &text, |_| true), &path)?.into();
    }
    let path = folder.join("enterprises.txt");
    if let Some(text) = read(&path)? {
        knowledge.enterprises = Enterprises::parse(text, &path)?.into();
    }
    Ok(())
}

/// Reads one table: makes sure that the built-in one is there, and adds the site's file to it.
macro_rules! add_to {
    ($knowledge:ident, $folder:ident, $name:literal, $table:ident, $builtin:ident) => {
        let path = $folder.join($name);
        if let Some(text) = read(&path)? {
            $knowledge.$builtin();
            if let Some(table) = $knowledge.$table.get_mut() {
                table.add(&text, &path)?;
            }
        }
    };
}

fn load_tables(knowledge: &mut Knowledge, folder: &Path) -> Result<(), Error> {
    add_to!(knowledge, folder, "makers.toml", makers, makers);
    add_to!(knowledge, folder, "classes.toml", classes, class_table);
    add_to!(knowledge, folder, "checklists.toml", checklists, checklist_table);
    add_to!(knowledge, folder, "services.tsv", services, services);
    add_to!(knowledge, folder, "remote-tools.toml", remote_tools, remote_tools);
    add_to!(knowledge, folder, "end-of-support.tsv", support, support);
    let path = folder.join("credentials.txt");
    if let Some(text) = read(&path)? {
        knowledge.credentials = Credentials::parse(&text, &path)?.into();
    }
    Ok(())
}

/// A file's text; `None` where there is no such file.
fn read(path: &Path) -> Result<Option<String>, Error> {
    let Ok(about) = fs::metadata(path) else {
        return Ok(None);
    };
    if about.len() > MAX_FILE {
        return Err(Error::of_file(path, "larger than 64 MiB", "check that it is the right file"));
    }
    let bytes = fs::read(path).map_err(|e| Error::of_file(path, e.to_string(), "check that the file can be read"))?;
    String::from_utf8(bytes).map(Some).map_err(|_| Error::of_file(path, "not text in UTF-8", "save it as UTF-8"))
}

/// The files of a folder with an extension, by name; none where there is no such folder.
fn files(folder: &Path, extension: &str) -> Result<Vec<(PathBuf, String)>, Error> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(Vec::new());
    };
    let mut paths: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == extension)).collect();
    paths.sort_unstable();
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        if let Some(text) = read(&path)? {
            files.push((path, text));
        }
    }
    Ok(files)
}
