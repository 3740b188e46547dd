//! Many inputs as one history in time order.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use model::Timestamp;

use crate::damage::Damage;
use crate::open::{Compression, Counted, LazyFile};
use crate::reader::{Format, Frame, Interface, Opened, Reader, cannot_open};
use crate::stream::Stream;
use crate::walk::{Found, Kind, walk};

/// Files that are held open at once. Past it, a file is opened for each read of its buffer.
const MAX_OPEN: usize = 128;

/// Inputs whose first frame is kept read after the look at it; others are closed until their time comes.
const MAX_WAITING: usize = 32;

/// Damages of one input that are listed; more are counted.
const MAX_DAMAGES: usize = 100;

/// One input: what it is, what was read of it so far, and what was broken in it.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// Its path as named or as found in a named folder; `-` is standard input.
    pub path: PathBuf,
    /// Its size on disk in bytes, where it is a regular file.
    pub bytes: Option<u64>,
    /// How it is written, once that is known.
    pub format: Option<Format>,
    /// How it is compressed.
    pub compression: Compression,
    /// The interfaces that it describes.
    pub interfaces: Vec<Interface>,
    /// Link types of its interfaces, in ascending order.
    pub links: Vec<u16>,
    /// Time of its first frame.
    pub first: Option<Timestamp>,
    /// Latest time of a frame read so far.
    pub last: Option<Timestamp>,
    /// Frames read so far.
    pub frames: u64,
    /// What was broken, at most the first hundred of it.
    pub damage: Vec<Damage>,
    /// How much was broken.
    pub damages: u64,
    /// Frames that the capturing system says it lost; `None` where the capture does not say.
    pub dropped: Option<u64>,
    /// It lay in a folder and is no capture: what it is instead.
    pub skipped: Option<String>,
    /// It is no capture, but somebody wants it: see [`Inputs::open_other`].
    pub is_other: bool,
}

/// The most first bytes of a file that is no capture that are shown to who may want it.
const HEAD_BYTES: usize = 16 * 1024;

/// Says by the first bytes whether what is no capture is wanted; also told whether these are all.
type Wanted<'a> = &'a dyn Fn(&[u8], bool) -> bool;

/// Inputs that are read together.
pub struct Inputs {
    sources: Vec<Source>,
    feeds: Vec<Feed>,
    /// The next frame of each input that has one, first in time on top: running maximum of its time, then its place in the sorted list.
    queue: BinaryHeap<Reverse<(Timestamp, usize)>>,
    /// The input whose frame was lent last.
    current: Option<usize>,
    active: usize,
    total_bytes: u64,
}

/// Where an input's frames come from.
struct Feed {
    kind: Kind,
    in_folder: bool,
    read: Arc<AtomicU64>,
    state: State,
    /// Running maximum of the times of its frames: within an input, the order of the file holds.
    key: Timestamp,
}

enum State {
    /// Looked at and closed.
    Closed,
    /// Open, gone to the frame that comes next.
    Open(Box<Reader>),
    /// No capture, but wanted; the stream where it cannot be opened again.
    Other(Option<Box<Stream>>),
    /// Read to the end.
    Done,
}

impl Inputs {
    /// Looks at every file that is named or lies in a named folder, in the order of their paths, and reads the first frame of each.
    /// What cannot be read stands in its [`Source`]; nothing stops the others.
    #[must_use]
    pub fn open(paths: &[PathBuf]) -> Self {
        Self::open_with(paths, &|_, _| false)
    }

    /// The same, but what is no capture and is `wanted` is set aside for [`Inputs::open_other`] rather than refused.
    #[must_use]
    pub fn open_with(paths: &[PathBuf], wanted: Wanted<'_>) -> Self {
        let mut inputs =
            Self { sources: Vec::new(), feeds: Vec::new(), queue: BinaryHeap::new(), current: None, active: 0, total_bytes: 0 };
        for found in walk(paths) {
            inputs.add(found, wanted);
        }
        inputs
    }

    /// Opens an input that is no capture but was wanted. What cannot be opened again (standard input) is given once. `keep_open` where
    /// few are open at once; others are opened for each read.
    ///
    /// # Errors
    /// When it cannot be opened any more.
    pub fn open_other(&mut self, index: usize, keep_open: bool) -> Result<Stream, Damage> {
        let gone = || Damage::new(0, "cannot be read again", "name the file rather than a pipe");
        let (Some(feed), Some(source)) = (self.feeds.get_mut(index), self.sources.get(index)) else { return Err(gone()) };
        if let State::Other(stream @ Some(_)) = &mut feed.state {
            return stream.take().map(|stream| *stream).ok_or_else(gone);
        }
        feed.read.store(0, Ordering::Relaxed);
        match feed.open(&source.path, keep_open)? {
            Opened::Other(stream, _) => Ok(stream),
            Opened::Capture(_) => Err(Damage::new(0, "the file changed while it was read", "read it again")),
        }
    }

    /// When the next frame was captured.
    #[must_use]
    pub fn next_time(&mut self) -> Option<Timestamp> {
        let index = match self.current {
            // What was lent is over: the next one is known only once it is read.
            Some(_) => self.current.take().and_then(|index| self.follow(index)).or_else(|| self.first_queued())?,
            None => self.first_queued()?,
        };
        let key = self.feeds.get(index)?.key;
        self.queue.push(Reverse((key, index)));
        Some(key)
    }

    /// Every input in the order of their paths, with what is known of it so far.
    #[must_use]
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Bytes on disk of all inputs whose size is known.
    #[must_use]
    pub const fn total_bytes(&self) -> u64 {
        self.total_bytes
    }

    /// Bytes read from disk so far.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.feeds.iter().fold(0, |sum, feed| sum.saturating_add(feed.read.load(Ordering::Relaxed)))
    }

    /// The next frame in time, with the place of its input in [`Inputs::sources`]. Frames of one time come in the order of
    /// their inputs' paths; the order of the arguments does not matter.
    #[inline]
    #[allow(clippy::should_implement_trait)] // it lends from the input's buffer, which `Iterator` cannot
    pub fn next(&mut self) -> Option<(usize, Frame<'_>)> {
        let index = self.current.take().and_then(|index| self.follow(index)).or_else(|| self.first_queued())?;
        self.current = Some(index);
        let source = self.sources.get_mut(index)?;
        let State::Open(reader) = &self.feeds.get(index)?.state else { return None };
        source.frames = source.frames.saturating_add(1);
        source.last = source.last.max(Some(reader.time()));
        Some((index, reader.frame()?))
    }

    /// Goes on in the input whose frame was lent. It stays the current one while no other has an earlier frame.
    #[inline]
    fn follow(&mut self, index: usize) -> Option<usize> {
        let feed = self.feeds.get_mut(index)?;
        let State::Open(reader) = &mut feed.state else { return None };
        match reader.advance() {
            Ok(true) => {
                feed.key = feed.key.max(reader.time());
                let mine = (feed.key, index);
                if self.queue.peek().is_none_or(|Reverse(first)| mine < *first) {
                    return Some(index);
                }
                self.queue.push(Reverse(mine));
            }
            Ok(false) => self.finish(index),
            Err(damage) => {
                self.sources.get_mut(index)?.note(damage);
                if let State::Open(reader) = std::mem::replace(&mut feed.state, State::Done) {
                    self.step(index, reader);
                }
            }
        }
        None
    }

    /// The input whose frame is first in time.
    fn first_queued(&mut self) -> Option<usize> {
        loop {
            let Reverse((_, index)) = self.queue.pop()?;
            if !self.is_closed(index) {
                return Some(index);
            }
            self.reopen(index, &|_, _| false);
        }
    }

    /// Closes an input that was read to its end.
    fn finish(&mut self, index: usize) {
        let (Some(feed), Some(source)) = (self.feeds.get_mut(index), self.sources.get_mut(index)) else { return };
        if let State::Open(reader) = std::mem::replace(&mut feed.state, State::Done) {
            source.describe(&reader);
            self.active = self.active.saturating_sub(1);
        }
    }

    fn add(&mut self, found: Found, wanted: Wanted<'_>) {
        let index = self.sources.len();
        let mut source = Source { path: found.path, ..Source::default() };
        if let Kind::File(bytes) = found.kind {
            source.bytes = Some(bytes);
            self.total_bytes = self.total_bytes.saturating_add(bytes);
        }
        if let Kind::Unreadable(error) = &found.kind {
            source.note(cannot_open(error));
        }
        self.sources.push(source);
        let state = if matches!(found.kind, Kind::Unreadable(_)) { State::Done } else { State::Closed };
        let feed = Feed { kind: found.kind, in_folder: found.in_folder, read: Arc::default(), state, key: Timestamp::MIN };
        self.feeds.push(feed);
        if self.is_closed(index) {
            self.reopen(index, wanted);
            self.set_aside(index);
        }
    }

    fn is_closed(&self, index: usize) -> bool {
        self.feeds.get(index).is_some_and(|feed| matches!(feed.state, State::Closed))
    }

    /// Opens an input from its start and queues its first frame.
    fn reopen(&mut self, index: usize, wanted: Wanted<'_>) {
        let (Some(feed), Some(source)) = (self.feeds.get_mut(index), self.sources.get_mut(index)) else {
            return;
        };
        feed.state = State::Done;
        feed.read.store(0, Ordering::Relaxed);
        let reader = match feed.open(&source.path, self.active < MAX_OPEN) {
            Ok(Opened::Capture(reader)) => reader,
            Ok(Opened::Other(stream, damage)) => return feed.other(source, stream, damage, wanted),
            Err(damage) => return source.note(damage),
        };
        source.format = Some(reader.format());
        source.compression = reader.compression();
        self.active = self.active.saturating_add(1);
        self.step(index, Box::new(reader));
        if let (Some(source), Some(feed)) = (self.sources.get_mut(index), self.feeds.get(index))
            && let State::Open(reader) = &feed.state
        {
            source.first = source.first.or(Some(reader.time()));
        }
    }

    /// Reads the next frame of an input and queues it.
    fn step(&mut self, index: usize, mut reader: Box<Reader>) {
        let (Some(feed), Some(source)) = (self.feeds.get_mut(index), self.sources.get_mut(index)) else {
            return;
        };
        let found = loop {
            match reader.advance() {
                Ok(found) => break found,
                Err(damage) => source.note(damage),
            }
        };
        if found {
            feed.key = feed.key.max(reader.time());
            self.queue.push(Reverse((feed.key, index)));
            feed.state = State::Open(reader);
        } else {
            source.describe(&reader);
            self.active = self.active.saturating_sub(1);
        }
    }

    /// Closes an input that was looked at, where many wait and it can be opened again.
    fn set_aside(&mut self, index: usize) {
        let (Some(feed), Some(source)) = (self.feeds.get_mut(index), self.sources.get_mut(index)) else {
            return;
        };
        if let State::Open(reader) = &feed.state {
            source.describe(reader);
            if self.active > MAX_WAITING && matches!(feed.kind, Kind::File(_)) {
                feed.state = State::Closed;
                feed.read.store(0, Ordering::Relaxed);
                source.damage.clear();
                source.damages = 0;
                self.active = self.active.saturating_sub(1);
            }
        }
    }
}

impl Feed {
    fn open(&self, path: &std::path::Path, keep_open: bool) -> Result<Opened, Damage> {
        let read = Arc::clone(&self.read);
        match self.kind {
            Kind::Stdin => Opened::of(Counted::new(io::stdin(), read)),
            Kind::File(_) => {
                let file = LazyFile::open(path.to_owned(), keep_open, read).map_err(|error| cannot_open(&error))?;
                Opened::of(file)
            }
            Kind::Pipe | Kind::Unreadable(_) => {
                let file = std::fs::File::open(path).map_err(|error| cannot_open(&error))?;
                Opened::of(Counted::new(file, read))
            }
        }
    }

    /// What is no capture: set aside where it is wanted, passed over in a folder, else an input that is broken.
    fn other(&mut self, source: &mut Source, mut stream: Stream, damage: Damage, wanted: Wanted<'_>) {
        let (head, is_all) = stream.head(HEAD_BYTES);
        if wanted(head, is_all) {
            source.is_other = true;
            source.compression = stream.compression();
            let can_reopen = matches!(self.kind, Kind::File(_));
            self.state = State::Other((!can_reopen).then(|| Box::new(stream)));
        } else if self.in_folder {
            source.skipped = Some(damage.what.into_owned());
        } else {
            source.note(damage);
        }
    }
}

impl Source {
    fn note(&mut self, damage: Damage) {
        self.damages = self.damages.saturating_add(1);
        if self.damage.len() < MAX_DAMAGES {
            self.damage.push(damage);
        }
    }

    /// Takes over what the reader knows by now.
    fn describe(&mut self, reader: &Reader) {
        self.interfaces = reader.interfaces().to_vec();
        self.links = self.interfaces.iter().map(|interface| interface.link).collect();
        self.links.sort_unstable();
        self.links.dedup();
        self.dropped = reader.dropped();
    }
}
