//! Where the files of a log are read from.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::disk::at;
use crate::tile::{Bundle, TILE_WIDTH, TileId, TileKind};

/// The files of a log by their paths below its folder, with `/` between.
pub trait Source {
    /// The file, or nothing where there is none. What is longer than `most` bytes is an error, so that nobody's file fills the memory.
    fn read(&self, path: &str, most: usize) -> io::Result<Option<Vec<u8>>>;

    /// The paths of all files, in order.
    fn list(&self) -> io::Result<Vec<String>>;

    /// A tile, at least as wide as asked for and cut to that width: the file itself, else the full tile that came to replace it
    /// (C2SP tlog-tiles, "Partial Tiles").
    fn tile(&self, tile: TileId) -> io::Result<Option<Vec<u8>>> {
        if let Some(bytes) = self.read(&tile.to_string(), tile.most_bytes())? {
            return Ok(Some(bytes));
        }
        if tile.width == TILE_WIDTH {
            return Ok(None);
        }
        let whole = tile.when_full();
        let bytes = self.read(&whole.to_string(), whole.most_bytes())?;
        Ok(bytes.map(|mut bytes| {
            bytes.truncate(prefix_bytes(tile, &bytes));
            bytes
        }))
    }
}

/// How many bytes of a full tile are those of the narrower one.
fn prefix_bytes(tile: TileId, full: &[u8]) -> usize {
    match tile.kind {
        TileKind::Hashes(_) => tile.most_bytes(),
        TileKind::Entries => {
            Bundle::new(full).take(usize::from(tile.width)).map_while(Result::ok).map(|entry| entry.len().saturating_add(2)).sum()
        }
    }
}

/// A folder on the disk.
#[derive(Clone, Debug)]
pub struct Folder(pub PathBuf);

impl Source for Folder {
    fn read(&self, path: &str, most: usize) -> io::Result<Option<Vec<u8>>> {
        let path = self.0.join(path);
        let file = match File::open(&path) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(None),
            opened => opened.map_err(|error| at(&path, error))?,
        };
        let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        let mut bytes = Vec::new();
        file.take(limit).read_to_end(&mut bytes).map_err(|error| at(&path, error))?;
        if bytes.len() > most {
            return Err(at(&path, io::Error::new(io::ErrorKind::FileTooLarge, "longer than such a file can be")));
        }
        Ok(Some(bytes))
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let mut found = Vec::new();
        let mut folders = vec![self.0.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).map_err(|error| at(&folder, error))? {
                let entry = entry.map_err(|error| at(&folder, error))?;
                if entry.file_type().map_err(|error| at(&folder, error))?.is_dir() {
                    folders.push(entry.path());
                } else {
                    found.push(below(&self.0, &entry.path()));
                }
            }
        }
        found.sort_unstable();
        Ok(found)
    }
}

fn below(folder: &Path, path: &Path) -> String {
    let parts = path.strip_prefix(folder).unwrap_or(path).components();
    parts.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// Files in memory.
impl Source for BTreeMap<String, Vec<u8>> {
    fn read(&self, path: &str, most: usize) -> io::Result<Option<Vec<u8>>> {
        match self.get(path) {
            Some(bytes) if bytes.len() > most => {
                Err(io::Error::new(io::ErrorKind::FileTooLarge, "longer than such a file can be"))
            }
            found => Ok(found.cloned()),
        }
    }

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.keys().cloned().collect())
    }
}

/// The entries of a log in their order, from one number on; read as they stand, not checked.
#[derive(Debug)]
pub struct Entries<'a, S> {
    source: &'a S,
    size: u64,
    next: u64,
    bundle: Vec<u8>,
    used: usize,
}

impl<'a, S: Source> Entries<'a, S> {
    /// The entries of a log with so many entries, from this one on.
    #[must_use]
    pub const fn from(source: &'a S, size: u64, first: u64) -> Self {
        Self { source, size, next: first, bundle: Vec::new(), used: 0 }
    }

    fn read(&mut self) -> io::Result<Vec<u8>> {
        if self.bundle.is_empty() || self.next.is_multiple_of(u64::from(TILE_WIDTH)) {
            let tile = TileId::holding(TileKind::Entries, self.next, self.size);
            let tile = tile.ok_or_else(|| io::Error::other("behind the end of the log"))?;
            let bytes = self.source.tile(tile)?;
            self.bundle = bytes.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("{tile} is missing")))?;
            let before = usize::try_from(self.next % u64::from(TILE_WIDTH)).unwrap_or(0);
            self.used =
                Bundle::new(&self.bundle).take(before).map_while(Result::ok).map(|entry| entry.len().saturating_add(2)).sum();
        }
        let rest = self.bundle.get(self.used..).unwrap_or_default();
        let entry = Bundle::new(rest).next().and_then(Result::ok);
        let entry = entry.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("entry {} is cut off", self.next)))?;
        self.used = self.used.saturating_add(entry.len()).saturating_add(2);
        Ok(entry.to_vec())
    }
}

impl<S: Source> Iterator for Entries<'_, S> {
    type Item = io::Result<(u64, Vec<u8>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.size {
            return None;
        }
        let number = self.next;
        let entry = self.read();
        self.next = if entry.is_ok() { number.saturating_add(1) } else { self.size };
        Some(entry.map(|entry| (number, entry)))
    }
}
