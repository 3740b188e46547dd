//! Writing so that a stop at any moment leaves either the old file or the new one, whole.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Folder for files that are being written; what is left in it after a stop is dropped.
const TEMPORARY: &str = "tmp";
/// How many files may be open at once.
const OPEN_AT_MOST: usize = 64;

/// The folder of a log, for its one writer.
#[derive(Debug)]
pub(crate) struct Disk {
    folder: PathBuf,
    waiting: Vec<(PathBuf, File, PathBuf)>,
    changed: BTreeSet<PathBuf>,
    number: u64,
    #[cfg(test)]
    pub(crate) stop_after: Option<u32>,
}

impl Disk {
    /// A writer below this folder. Nothing is touched yet.
    pub(crate) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            waiting: Vec::new(),
            changed: BTreeSet::new(),
            number: 0,
            #[cfg(test)]
            stop_after: None,
        }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes the folder and drops what an earlier stop left half written.
    pub(crate) fn prepare(&mut self) -> io::Result<()> {
        let temporary = self.folder.join(TEMPORARY);
        match fs::remove_dir_all(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(&temporary, error)),
            _ => fs::create_dir_all(&temporary).map_err(|error| at(&temporary, error)),
        }
    }

    /// Takes a file to be written. It is there, whole, after [`Disk::flush`].
    pub(crate) fn write(&mut self, path: &str, bytes: &[u8]) -> io::Result<()> {
        self.step()?;
        self.number = self.number.wrapping_add(1);
        let temporary = self.folder.join(TEMPORARY).join(self.number.to_string());
        let mut file = File::create(&temporary).map_err(|error| at(&temporary, error))?;
        file.write_all(bytes).map_err(|error| at(&temporary, error))?;
        self.waiting.push((temporary, file, self.folder.join(path)));
        if self.waiting.len() >= OPEN_AT_MOST { self.place() } else { Ok(()) }
    }

    /// After this all files taken are on the disk under their names.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.place()?;
        for folder in std::mem::take(&mut self.changed) {
            self.step()?;
            sync_folder(&folder)?;
        }
        Ok(())
    }

    /// Forgets what was taken and not placed: after a failure.
    pub(crate) fn abandon(&mut self) {
        self.waiting.clear();
        self.changed.clear();
    }

    fn place(&mut self) -> io::Result<()> {
        for (temporary, file, _) in &self.waiting {
            file.sync_data().map_err(|error| at(temporary, error))?;
        }
        for (temporary, file, path) in std::mem::take(&mut self.waiting) {
            drop(file);
            self.step()?;
            self.make_parents(&path)?;
            fs::rename(&temporary, &path).map_err(|error| at(&path, error))?;
        }
        Ok(())
    }

    /// Makes the folders above a file, and remembers every folder that has got a new name in it.
    fn make_parents(&mut self, path: &Path) -> io::Result<()> {
        let Some(parent) = path.parent() else { return Ok(()) };
        let mut missing = parent;
        while !self.changed.contains(missing) && !missing.is_dir() {
            let Some(above) = missing.parent() else { break };
            self.changed.insert(above.to_owned());
            missing = above;
        }
        self.changed.insert(parent.to_owned());
        fs::create_dir_all(parent).map_err(|error| at(parent, error))
    }

    /// Where a test wants the writer to die.
    #[cfg(test)]
    fn step(&mut self) -> io::Result<()> {
        match &mut self.stop_after {
            Some(0) => Err(io::Error::other("stopped by the test")),
            Some(steps) => {
                *steps -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    #[cfg(not(test))]
    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "tests stop the writer here")]
    const fn step(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Makes the names in a folder last.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| at(folder, error))
}

/// An error that says which file.
pub(crate) fn at(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
