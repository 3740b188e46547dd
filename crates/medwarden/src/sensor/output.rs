//! Where observations go: a file or standard output, one JSON object a line.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::Context as _;
use model::Observation;

/// The lines' way out.
pub(crate) struct Lines {
    out: Box<dyn Write>,
    /// The reader went away.
    closed: bool,
}

impl Lines {
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let out: Box<dyn Write> = if path == Path::new("-") {
            Box::new(BufWriter::new(io::stdout()))
        } else {
            let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
            Box::new(BufWriter::with_capacity(1 << 18, file))
        };
        Ok(Self { out, closed: false })
    }

    pub(crate) fn write(&mut self, observation: &Observation) -> io::Result<()> {
        let written = serde_json::to_writer(&mut self.out, observation).map_err(io::Error::from);
        let written = written.and_then(|()| self.out.write_all(b"\n"));
        self.end(written)
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
