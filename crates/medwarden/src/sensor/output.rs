//! Where observations go: a file or standard output, one JSON object a line. A file is renamed when it is full, and the oldest is
//! removed when there are too many, so that the disk is not.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use model::Observation;
use model::health::Health;
use serde::Serialize;

/// The lines' way out.
pub(crate) struct Lines {
    out: BufWriter<Box<dyn Write>>,
    /// Absent where it is not, as for standard output, devices and pipes.
    file: Option<Rotation>,
    written: u64,
    /// The reader went away.
    closed: bool,
}

/// A file that is renamed when it is full.
struct Rotation {
    path: PathBuf,
    max_bytes: u64,
    keep: u16,
}

/// A line of health among those of observations.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Line<'a> {
    Health(&'a Health),
}

impl Lines {
    /// Opens the file, or standard output for `-`.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let out: Box<dyn Write> = if path == Path::new("-") {
            Box::new(io::stdout())
        } else {
            Box::new(File::create(path).with_context(|| format!("cannot write {}", path.display()))?)
        };
        Ok(Self { out: buffered(out), file: None, written: 0, closed: false })
    }

    /// Opens a file that is renamed when it is full. One that is there is kept as if it had become full.
    pub(super) fn rotating(path: &Path, max_bytes: u64, keep: u16) -> anyhow::Result<Self> {
        if path == Path::new("-") {
            return Self::open(path);
        }
        let rotation = Rotation { path: path.to_owned(), max_bytes, keep };
        let cannot = || format!("cannot write {}", path.display());
        if fs::metadata(path).is_ok_and(|there| there.is_file() && there.len() > 0) {
            rotation.make_room().with_context(cannot)?;
        }
        let file = File::create(path).with_context(cannot)?;
        // A device or a pipe is nothing that could be renamed.
        let rotation = file.metadata().with_context(cannot)?.is_file().then_some(rotation);
        Ok(Self { out: buffered(Box::new(file)), file: rotation, written: 0, closed: false })
    }

    pub(crate) fn write(&mut self, observation: &Observation) -> io::Result<()> {
        self.line(observation)
    }

    pub(super) fn health(&mut self, health: &Health) -> io::Result<()> {
        self.line(&Line::Health(health))
    }

    fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        let mut counted = Counted { out: &mut self.out, bytes: 0 };
        let written = serde_json::to_writer(&mut counted, line).map_err(io::Error::from).and_then(|()| counted.write_all(b"\n"));
        self.written = self.written.saturating_add(counted.bytes);
        self.end(written)?;
        match &self.file {
            Some(file) if self.written >= file.max_bytes => self.rotate(),
            _ => Ok(()),
        }
    }

    fn rotate(&mut self) -> io::Result<()> {
        self.out.flush()?;
        if let Some(file) = &self.file {
            file.make_room()?;
            self.out = buffered(Box::new(File::create(&file.path)?));
            self.written = 0;
        }
        Ok(())
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        let flushed = self.out.flush();
        self.end(flushed)
    }

    fn end(&mut self, result: io::Result<()>) -> io::Result<()> {
        if matches!(&result, Err(error) if error.kind() == io::ErrorKind::BrokenPipe) {
            self.closed = true;
            return Ok(());
        }
        result
    }

    /// The reader went away: nothing more needs to be seen.
    pub(crate) const fn is_closed(&self) -> bool {
        self.closed
    }
}

fn buffered(out: Box<dyn Write>) -> BufWriter<Box<dyn Write>> {
    BufWriter::with_capacity(1 << 18, out)
}

impl Rotation {
    /// `FILE` becomes `FILE.1`, that `FILE.2`, and so on; the last is overwritten.
    fn make_room(&self) -> io::Result<()> {
        let numbered = |number: u16| {
            let mut name = self.path.as_os_str().to_owned();
            name.push(format!(".{number}"));
            PathBuf::from(name)
        };
        if self.keep == 0 {
            return fs::remove_file(&self.path);
        }
        for number in (1..self.keep).rev() {
            match fs::rename(numbered(number), numbered(number.saturating_add(1))) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fs::rename(&self.path, numbered(1))
    }
}

struct Counted<W> {
    out: W,
    bytes: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.bytes = self.bytes.saturating_add(u64::try_from(written).unwrap_or(u64::MAX));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Writes a whole file so that a reader finds the old or the new one, never a part.
pub(super) fn replace(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    let part = PathBuf::from(name);
    let mut out = BufWriter::new(File::create(&part)?);
    write(&mut out)?;
    out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    fs::rename(part, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_file_makes_room_and_the_oldest_goes() {
        let folder = std::env::temp_dir().join(format!("medwarden-lines-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("o.jsonl");
        fs::write(&path, "from before\n").unwrap();
        let mut lines = Lines::rotating(&path, 10, 2).unwrap();
        assert_eq!(fs::read_to_string(folder.join("o.jsonl.1")).unwrap(), "from before\n");
        for text in ["first line", "second line", "third line"] {
            lines.line(&text).unwrap();
        }
        lines.line(&"x").unwrap();
        lines.flush().unwrap();
        let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!((read("o.jsonl"), read("o.jsonl.1")), ("\"x\"\n".to_owned(), "\"third line\"\n".to_owned()));
        assert_eq!(read("o.jsonl.2"), "\"second line\"\n");
        assert!(!folder.join("o.jsonl.3").exists());
        fs::remove_dir_all(folder).unwrap();
    }
}
