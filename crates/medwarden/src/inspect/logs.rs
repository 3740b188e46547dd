//! Logs and tables among the inputs, as one history in time order with the captures.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io::{self, BufRead as _};
use std::path::Path;
use std::time::SystemTime;

use capture::{Inputs, Stream};
use intake::{Clock, Emit, Lines, MAX_LINE, Memory, recognise};
use model::observation::Observation;
use model::report::Damage;
use model::{FrameRef, Intake, Timestamp};

/// Logs that are held open at once; past it, a file is opened for each read.
const MAX_OPEN: usize = 64;
/// Logs of which the first lines stay read until their time comes; others are read again then.
const MAX_WAITING: usize = 32;
/// Damages of one log that are listed.
const MAX_DAMAGES: usize = 100;

/// What was read of one log.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// What it is.
    pub(super) format: &'static str,
    /// Lines read.
    pub(super) lines: u64,
    /// Times of the earliest and the latest observation.
    pub(super) first: Option<Timestamp>,
    pub(super) last: Option<Timestamp>,
    /// Where it could not be read.
    pub(super) damage: Vec<Damage>,
    /// Statements about a device whose address the log does not show.
    pub(super) unplaced: u64,
}

/// A log that is being read.
struct Open {
    stream: Stream,
    lines: Box<dyn Lines>,
    memory: Memory,
    line: Vec<u8>,
}

/// One log.
struct Log {
    source: usize,
    clock: Clock,
    open: Option<Open>,
    is_done: bool,
    /// Read and not yet taken.
    ready: VecDeque<Observation>,
    /// Running maximum of the times of its observations: within a log, its order holds.
    key: Timestamp,
    told: Told,
}

/// All logs among the inputs.
pub(super) struct Logs {
    logs: Vec<Log>,
    queue: BinaryHeap<Reverse<(Timestamp, usize)>>,
}

impl Logs {
    /// Looks at the inputs that are no captures. `ahead_s` is the zone of times that state none.
    pub(super) fn open(inputs: &mut Inputs, ahead_s: i32) -> Self {
        let others = (0..).zip(inputs.sources()).filter(|(_, source)| source.is_other);
        let others: Vec<(usize, Clock, bool)> = others
            .map(|(index, source)| (index, Clock { reference: written(&source.path), ahead_s }, source.path.is_file()))
            .collect();
        let mut logs = Self { logs: Vec::new(), queue: BinaryHeap::new() };
        for (index, (source, clock, can_reopen)) in others.into_iter().enumerate() {
            let mut log = Log::new(source, clock);
            log.begin(inputs, index < MAX_OPEN);
            if log.step() {
                logs.queue.push(Reverse((log.key, index)));
            }
            if index >= MAX_WAITING && can_reopen && !log.is_done {
                log = Log::new(source, clock);
            }
            logs.logs.push(log);
        }
        logs
    }

    /// There is something to take.
    pub(super) fn has_more(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Gives what a log says next, where that is not later than `until` (or where there is nothing else); false where no log does.
    pub(super) fn step(&mut self, until: Option<Timestamp>, inputs: &mut Inputs, sink: &mut dyn Intake) -> bool {
        let Some(Reverse((key, index))) = self.queue.peek().copied() else { return false };
        if until.is_some_and(|until| key > until) {
            return false;
        }
        self.queue.pop();
        let Some(log) = self.logs.get_mut(index) else { return true };
        if log.open.is_none() && !log.is_done {
            log.begin(inputs, false);
            log.step();
        }
        log.ready.drain(..).for_each(|observation| sink.take(observation));
        if log.step() {
            self.queue.push(Reverse((log.key, index)));
        }
        true
    }

    /// What was read of an input, if it is a log.
    pub(super) fn told(&self, source: usize) -> Option<&Told> {
        self.logs.iter().find(|log| log.source == source).map(|log| &log.told)
    }

    /// What was read of all logs.
    pub(super) fn all_told(&self) -> impl Iterator<Item = (usize, &Told)> {
        self.logs.iter().map(|log| (log.source, &log.told))
    }
}

impl Log {
    fn new(source: usize, clock: Clock) -> Self {
        let (ready, told) = (VecDeque::new(), Told::default());
        Self { source, clock, open: None, is_done: false, ready, key: Timestamp::MIN, told }
    }

    /// Opens it at its beginning.
    fn begin(&mut self, inputs: &mut Inputs, keep_open: bool) {
        let mut stream = match inputs.open_other(self.source, keep_open) {
            Ok(stream) => stream,
            Err(damage) => return self.fail(damage.offset, damage.what.into_owned(), damage.hint.into_owned()),
        };
        let (head, is_all) = stream.head(intake::HEAD_BYTES);
        let Some(kind) = recognise(head, is_all) else {
            return self.fail(0, "the file changed while it was read".to_owned(), "read it again".to_owned());
        };
        self.told.format = kind.info().name;
        self.open = Some(Open { stream, lines: kind.reader(), memory: Memory::default(), line: Vec::new() });
    }

    fn fail(&mut self, offset: u64, what: String, hint: String) {
        self.is_done = true;
        self.open = None;
        self.note(offset, what, hint);
    }

    fn note(&mut self, offset: u64, what: String, hint: String) {
        if self.told.damage.len() < MAX_DAMAGES {
            self.told.damage.push(Damage { offset, what, hint });
        }
    }

    /// Reads until there is something to take; false where nothing more comes.
    fn step(&mut self) -> bool {
        while self.ready.is_empty() && !self.is_done {
            self.line();
        }
        let times = self.ready.iter().map(time_of);
        let (first, last) = (times.clone().min(), times.max());
        self.told.first = first.map(|first| self.told.first.unwrap_or(first).min(first)).or(self.told.first);
        self.told.last = self.told.last.max(last);
        self.key = self.key.max(first.unwrap_or(Timestamp::MIN));
        !self.ready.is_empty()
    }

    /// Reads one line, or the end.
    fn line(&mut self) {
        let Some(open) = &mut self.open else {
            self.is_done = true;
            return;
        };
        let offset = open.stream.offset();
        let read = read_line(&mut open.stream, &mut open.line);
        let ready = &mut self.ready;
        let mut sink = |observation: Observation| ready.push_back(observation);
        let ended = matches!(read, Ok(Line::End));
        let number = self.told.lines.saturating_add(u64::from(!ended));
        let frame = FrameRef { source: u32::try_from(self.source).unwrap_or(u32::MAX), frame: number };
        let mut out = Emit::new(&mut sink, &mut open.memory, self.clock, frame);
        let said = match read {
            Ok(Line::Whole) => open.lines.line(text(&open.line, number), &mut out).map_err(|why| (why.to_owned(), LINE_HINT)),
            Ok(Line::TooLong) => Err(("longer than a line may be".to_owned(), LINE_HINT)),
            Ok(Line::End) => {
                open.lines.end(&mut out).map_err(|why| (why.to_owned(), "the file was cut, or is of another form inside"))
            }
            Err(error) => Err((error.to_string(), "test the file with `gzip -t` or `zstd -t` and take the copy again")),
        };
        self.told.lines = number;
        self.told.unplaced = open.memory.unplaced;
        if ended || said.as_ref().is_err_and(|(_, hint)| *hint != LINE_HINT) {
            self.is_done = true;
            self.open = None;
        }
        if let Err((why, hint)) = said {
            self.note(offset, if ended { why } else { format!("line {number}: {why}") }, hint.to_owned());
        }
    }
}

const LINE_HINT: &str = "the other lines are read; look at this one";

/// The line, without the mark that some programs put at the beginning of UTF-8.
fn text(line: &[u8], number: u64) -> &[u8] {
    line.strip_prefix(b"\xef\xbb\xbf").filter(|_| number == 1).unwrap_or(line)
}

enum Line {
    Whole,
    TooLong,
    End,
}

/// Reads a line without its end into `line`.
fn read_line(stream: &mut Stream, line: &mut Vec<u8>) -> io::Result<Line> {
    line.clear();
    let (mut any, mut too_long) = (false, false);
    loop {
        let ready = stream.fill_buf()?;
        if ready.is_empty() {
            break;
        }
        any = true;
        let end = memchr::memchr(b'\n', ready);
        let part = ready.get(..end.unwrap_or(ready.len())).unwrap_or(ready);
        too_long |= line.len().saturating_add(part.len()) > MAX_LINE;
        if !too_long {
            line.extend_from_slice(part);
        }
        let used = part.len().saturating_add(usize::from(end.is_some()));
        stream.consume(used);
        if end.is_some() {
            break;
        }
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(match (any, too_long) {
        (false, _) => Line::End,
        (true, true) => Line::TooLong,
        (true, false) => Line::Whole,
    })
}

/// When it was seen.
pub(super) fn time_of(observation: &Observation) -> Timestamp {
    match observation {
        Observation::Fact(fact) => fact.time,
        Observation::Flow(flow) => flow.first,
    }
}

/// When a file was last written; now for a pipe.
fn written(path: &Path) -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "lines from a pipe may lack the year, and a pipe has no time of its own")]
    let now = SystemTime::now;
    let written = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file).and_then(|about| about.modified().ok());
    let since = written.unwrap_or_else(now).duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_parts(i64::try_from(since.as_secs()).unwrap_or(0), since.subsec_nanos())
}
