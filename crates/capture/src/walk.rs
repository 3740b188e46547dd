//! What a list of arguments stands for: files, folders with all that is in them, and standard input.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The name that stands for standard input.
pub(crate) const STDIN: &str = "-";

/// How deep folders are walked.
const MAX_DEPTH: usize = 64;

/// One input as it was found.
pub(crate) struct Found {
    pub path: PathBuf,
    pub kind: Kind,
    /// Found in a folder rather than named: then what is no capture is skipped, not damaged.
    pub in_folder: bool,
}

pub(crate) enum Kind {
    Stdin,
    /// A regular file of so many bytes, which can be opened again.
    File(u64),
    /// A pipe or device, which can be read once.
    Pipe,
    /// What cannot be looked at, and why.
    Unreadable(io::Error),
}

/// Every input once, in the order of their paths, whatever the order of the arguments.
pub(crate) fn walk(arguments: &[PathBuf]) -> Vec<Found> {
    let mut found = Vec::new();
    for path in arguments {
        if path.as_os_str() == STDIN {
            found.push(Found { path: path.clone(), kind: Kind::Stdin, in_folder: false });
        } else {
            visit(path, false, 0, &mut found);
        }
    }
    found.sort_by(|a, b| (&a.path, a.in_folder).cmp(&(&b.path, b.in_folder)));
    let mut seen = BTreeSet::new();
    found.retain(|one| seen.insert(identity(&one.path)));
    found
}

/// The same file named in two ways is read once.
fn identity(path: &Path) -> PathBuf {
    if path.as_os_str() == STDIN {
        return path.to_owned();
    }
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn visit(path: &Path, in_folder: bool, depth: usize, found: &mut Vec<Found>) {
    let kind = match fs::metadata(path) {
        Err(error) => Kind::Unreadable(error),
        Ok(about) if about.is_dir() => {
            // A link to a folder may lead back here; one that is named is meant, one that is met is not followed.
            let is_link = fs::symlink_metadata(path).is_ok_and(|about| about.is_symlink());
            if in_folder && is_link || depth > MAX_DEPTH {
                return;
            }
            match fs::read_dir(path) {
                Err(error) => Kind::Unreadable(error),
                Ok(entries) => {
                    for entry in entries.flatten() {
                        visit(&entry.path(), true, depth.saturating_add(1), found);
                    }
                    return;
                }
            }
        }
        Ok(about) if about.is_file() => Kind::File(about.len()),
        // A socket or pipe that lies in a folder would block for ever.
        Ok(_) if in_folder => return,
        Ok(_) => Kind::Pipe,
    };
    found.push(Found { path: path.to_owned(), kind, in_folder });
}
