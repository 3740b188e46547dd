//! Bytes out of files: opened when read, decompressed as they stream.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How a capture is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip (RFC 1952), of one or many members.
    Gzip,
    /// Zstandard (RFC 8878), of one or many frames.
    Zstd,
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        })
    }
}

/// Compressed bytes are read in pieces of this size.
const COMPRESSED_BYTES: usize = 32 * 1024;

/// The largest window a Zstandard frame may ask for is 2 to this power: 32 MiB, four times what RFC 8878 §3.1.1.1.2 wants of decoders.
const ZSTD_WINDOW_LOG: u32 = 25;

const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];
const ZSTD_MAGIC: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// Looks at the first bytes of `input` and decompresses where they say so.
pub(crate) fn decompressed(input: Box<dyn Read + Send>) -> io::Result<(Compression, Box<dyn Read + Send>)> {
    let head = Head::new(input)?;
    let bytes = head.looked_at();
    if bytes.starts_with(GZIP_MAGIC) {
        let gzip = Gzip { state: Some(State::Member(member(BufReader::with_capacity(COMPRESSED_BYTES, Box::new(head))))) };
        return Ok((Compression::Gzip, Box::new(gzip)));
    }
    // RFC 8878 §3.1.2: a skippable frame may come first; its magic ends the same whatever its first half octet.
    let skippable = bytes.get(1..4) == Some(b"\x2a\x4d\x18") && bytes.first().is_some_and(|first| first >> 4 == 5);
    if bytes.starts_with(ZSTD_MAGIC) || skippable {
        let mut decoder = zstd::stream::read::Decoder::with_buffer(BufReader::with_capacity(COMPRESSED_BYTES, head))?;
        decoder.window_log_max(ZSTD_WINDOW_LOG)?;
        return Ok((Compression::Zstd, Box::new(Named { decoder })));
    }
    Ok((Compression::None, Box::new(head)))
}

/// An input whose first bytes were looked at.
struct Head {
    bytes: [u8; 4],
    length: usize,
    given: usize,
    rest: Box<dyn Read + Send>,
}

impl Head {
    fn new(mut rest: Box<dyn Read + Send>) -> io::Result<Self> {
        let mut bytes = [0; 4];
        let mut length = 0;
        while let Some(space) = bytes.get_mut(length..).filter(|space| !space.is_empty()) {
            match rest.read(space) {
                Ok(0) => break,
                Ok(count) => length = length.saturating_add(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self { bytes, length, given: 0, rest })
    }

    fn looked_at(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl Read for Head {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let head = self.bytes.get(self.given..self.length).unwrap_or_default();
        if head.is_empty() {
            return self.rest.read(out);
        }
        let count = head.len().min(out.len());
        if let (Some(out), Some(head)) = (out.get_mut(..count), head.get(..count)) {
            out.copy_from_slice(head);
        }
        self.given = self.given.saturating_add(count);
        Ok(count)
    }
}

type Compressed = BufReader<Box<dyn Read + Send>>;
type Member = Box<flate2::bufread::GzDecoder<Compressed>>;

fn member(input: Compressed) -> Member {
    Box::new(flate2::bufread::GzDecoder::new(input))
}

/// gzip members one after another; unlike a plain multi-member decoder it allows the zeros that tapes and disks pad with.
struct Gzip {
    state: Option<State>,
}

enum State {
    Member(Member),
    Between(Compressed),
}

impl Read for Gzip {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            match self.state.take() {
                Some(State::Member(mut decoder)) => match decoder.read(out) {
                    Ok(0) => self.state = Some(State::Between(decoder.into_inner())),
                    Ok(count) => {
                        self.state = Some(State::Member(decoder));
                        return Ok(count);
                    }
                    Err(error) => return Err(said("gzip", &error)),
                },
                Some(State::Between(input)) => self.state = between(input)?,
                None => return Ok(0),
            }
        }
    }
}

/// What follows a member: another, zeros, the end, or something that does not belong there.
fn between(mut input: Compressed) -> io::Result<Option<State>> {
    loop {
        let ahead = input.fill_buf()?;
        match ahead.first() {
            None => return Ok(None),
            Some(0) => {
                let zeros = ahead.iter().take_while(|octet| **octet == 0).count();
                input.consume(zeros);
            }
            Some(0x1f) => return Ok(Some(State::Member(member(input)))),
            Some(_) => {
                return Err(io::Error::other("something that is not gzip follows the compressed data"));
            }
        }
    }
}

/// Zstandard whose errors name it.
struct Named<R: BufRead> {
    decoder: zstd::stream::read::Decoder<'static, R>,
}

impl<R: BufRead> Read for Named<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.decoder.read(out).map_err(|error| said("zstd", &error))
    }
}

fn said(kind: &str, error: &io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => io::Error::other(format!("the {kind} data is cut")),
        _ => io::Error::other(format!("the {kind} data is damaged: {error}")),
    }
}

/// A regular file that is open only while that is allowed: past the limit on open files, it is opened for each read.
pub(crate) struct LazyFile {
    path: PathBuf,
    file: Option<File>,
    keep_open: bool,
    position: u64,
    read: Arc<AtomicU64>,
}

impl LazyFile {
    pub fn open(path: PathBuf, keep_open: bool, read: Arc<AtomicU64>) -> io::Result<Self> {
        let file = Some(File::open(&path)?);
        Ok(Self { path, file, keep_open, position: 0, read })
    }
}

impl Read for LazyFile {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => {
                let mut file = File::open(&self.path)?;
                file.seek(SeekFrom::Start(self.position))?;
                file
            }
        };
        let count = file.read(out)?;
        self.position = self.position.saturating_add(count as u64);
        self.read.store(self.position, Ordering::Relaxed);
        if self.keep_open {
            self.file = Some(file);
        }
        Ok(count)
    }
}

/// Counts what passes.
pub(crate) struct Counted<R> {
    inner: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Counted<R> {
    pub const fn new(inner: R, read: Arc<AtomicU64>) -> Self {
        Self { inner, read }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(out)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
