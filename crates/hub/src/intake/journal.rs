//! What sensors said, on disk before it is acknowledged.
//!
//! A file of frames: a mark, length and check sum (the first eight octets of SHA-256) before a zstd-compressed [`Batch`]. What stands
//! behind the last whole frame of the last file was never acknowledged and is cut off. Anything else that cannot be read is damage: it is
//! told, and reading goes on at the next whole frame.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use model::Observation;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::tail::{End, Tail};

/// Observations of a sensor, numbered without holes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Batch {
    /// Site.
    pub site: String,
    /// Sensor.
    pub sensor: String,
    /// Number, from 1.
    pub number: u64,
    /// What it says.
    pub observations: Vec<Observation>,
}

/// Longest frame, compressed; and what it may become.
const MAX_FRAME: usize = 64 << 20;
const MAX_BATCH: usize = 512 << 20;
/// A file is followed by the next one beyond this.
const FILE_BYTES: u64 = 64 << 20;
/// Before each frame.
const MARK: [u8; 4] = *b"MWJ1";
pub(super) const HEADER: usize = 16;

/// The journal of a hub.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    file: File,
    number: u64,
    bytes: u64,
}

/// What was found on opening.
#[derive(Debug, Default)]
pub struct Found {
    /// Batches read.
    pub batches: u64,
    /// Places that could not be read, in words.
    pub damage: Vec<String>,
}

impl Journal {
    /// Opens the journal in a folder and gives every batch in it to `take`, but for files before `from`.
    ///
    /// # Errors
    /// The file system's.
    pub fn open(folder: &Path, from: u64, take: &mut dyn FnMut(Batch)) -> io::Result<(Self, Found)> {
        let numbers = numbered(folder, ".journal")?;
        let mut found = Found::default();
        let last = numbers.last().copied().unwrap_or_default().max(from).max(1);
        let mut end = 0;
        for number in numbers.into_iter().filter(|number| *number >= from) {
            end = read(&path(folder, number), &mut found, take)?;
        }
        let mut file = OpenOptions::new().create(true).read(true).write(true).truncate(false).open(path(folder, last))?;
        // What stands behind the last whole frame was never acknowledged.
        file.set_len(end)?;
        file.seek(SeekFrom::Start(end))?;
        file.sync_all()?;
        File::open(folder)?.sync_all()?;
        Ok((Self { folder: folder.to_owned(), file, number: last, bytes: end }, found))
    }

    /// Appends a batch; when it returns the batch is durable.
    ///
    /// # Errors
    /// The file system's, such as a full disk: the batch is not there then.
    pub fn append(&mut self, batch: &Batch) -> io::Result<()> {
        if self.bytes > FILE_BYTES {
            self.next_file()?;
        }
        let frame = frame(batch)?;
        let written = self.file.write_all(&frame).and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // The rest of a half-written frame must not stand before the next one.
            self.file.set_len(self.bytes)?;
            self.file.seek(SeekFrom::Start(self.bytes))?;
            return Err(error);
        }
        self.bytes += frame.len() as u64;
        Ok(())
    }
}

impl Journal {
    /// The number of the file that is written to.
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// How far it is on the disk.
    pub(super) const fn end(&self) -> End {
        End { file: self.number, bytes: self.bytes }
    }

    /// Reads it again from its beginning, file by file, beside the writer.
    pub(super) fn tail(&self) -> Tail {
        Tail::new(self.folder.clone())
    }

    /// Goes on in a new file; returns its number.
    ///
    /// # Errors
    /// The file system's: the old file goes on.
    pub fn next_file(&mut self) -> io::Result<u64> {
        self.file = OpenOptions::new().create(true).truncate(true).write(true).open(path(&self.folder, self.number + 1))?;
        File::open(&self.folder)?.sync_all()?;
        (self.number, self.bytes) = (self.number + 1, 0);
        Ok(self.number)
    }

    /// Deletes files before a number, which a snapshot stands for.
    ///
    /// # Errors
    /// The file system's.
    pub fn forget(&self, before: u64) -> io::Result<()> {
        let old = numbered(&self.folder, ".journal")?.into_iter().filter(|number| *number < before);
        old.map(|number| path(&self.folder, number)).try_for_each(std::fs::remove_file)
    }
}

/// Numbers of the files with an ending, ascending.
pub(super) fn numbered(folder: &Path, ending: &str) -> io::Result<Vec<u64>> {
    let mut numbers: Vec<u64> = std::fs::read_dir(folder)?
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(ending)?.parse().ok())
        .collect();
    numbers.sort_unstable();
    Ok(numbers)
}

pub(super) fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:08}.journal"))
}

fn frame(batch: &Batch) -> io::Result<Vec<u8>> {
    let body = zstd::bulk::compress(&serde_json::to_vec(batch)?, 1)?;
    let length = u32::try_from(body.len()).ok().filter(|_| body.len() <= MAX_FRAME);
    let length = length.ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "the batch is too large"))?;
    let mut frame = Vec::with_capacity(HEADER + body.len());
    frame.extend(MARK);
    frame.extend(length.to_le_bytes());
    frame.extend(Sha256::digest(&body).iter().take(8));
    frame.extend(body);
    Ok(frame)
}

/// Reads a file; returns where its last whole frame ends.
fn read(path: &Path, found: &mut Found, take: &mut dyn FnMut(Batch)) -> io::Result<u64> {
    let bytes = std::fs::read(path)?;
    let (mut at, mut end) = (0, 0);
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        if let Some((length, batch)) = first(rest) {
            found.batches += 1;
            take(batch);
            at += length;
            end = at;
            continue;
        }
        let next = (at + 1..bytes.len()).find(|next| bytes.get(*next..).and_then(first).is_some());
        let Some(next) = next else { break };
        found.damage.push(format!("{}: octets {at} to {next} cannot be read", path.display()));
        at = next;
    }
    Ok(end as u64)
}

/// Octets behind a frame's header, where it is one.
pub(super) fn body_length(header: &[u8]) -> Option<u64> {
    let (length, _) = header.strip_prefix(&MARK)?.split_at_checked(4)?;
    Some(u64::from(u32::from_le_bytes(length.try_into().ok()?)))
}

/// The frame with which octets begin, and its length, where it is whole.
pub(super) fn first(bytes: &[u8]) -> Option<(usize, Batch)> {
    let (header, rest) = bytes.split_at_checked(HEADER)?;
    let (length, sum) = header.strip_prefix(&MARK)?.split_at_checked(4)?;
    let length = u32::from_le_bytes(length.try_into().ok()?) as usize;
    let body = rest.get(..length).filter(|body| Sha256::digest(body).iter().take(8).eq(sum))?;
    let json = zstd::bulk::decompress(body, MAX_BATCH).ok()?;
    Some((HEADER + length, serde_json::from_slice(&json).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(number: u64) -> Batch {
        Batch { site: "site".to_owned(), sensor: "sensor".to_owned(), number, observations: Vec::new() }
    }

    /// Writes batches 1 to 3 and gives the file's octets with where each frame begins.
    fn written(folder: &Path) -> (Vec<u8>, usize) {
        let (mut journal, _) = Journal::open(folder, 0, &mut |_| {}).unwrap();
        (1..=3).for_each(|number| journal.append(&batch(number)).unwrap());
        let bytes = std::fs::read(path(folder, 1)).unwrap();
        let length = bytes.len() / 3;
        (bytes, length)
    }

    fn reopened(folder: &Path) -> (Vec<u64>, Vec<String>) {
        let mut numbers = Vec::new();
        let (_, found) = Journal::open(folder, 0, &mut |batch| numbers.push(batch.number)).unwrap();
        (numbers, found.damage)
    }

    #[test]
    fn what_was_acknowledged_is_there_again() {
        let folder = tempfile::tempdir().unwrap();
        written(folder.path());
        assert_eq!(reopened(folder.path()), (vec![1, 2, 3], vec![]));
    }

    #[test]
    fn a_half_written_end_is_cut_off_wherever_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let (bytes, length) = written(folder.path());
        for end in 2 * length..3 * length {
            std::fs::write(path(folder.path(), 1), &bytes[..end]).unwrap();
            assert_eq!(reopened(folder.path()), (vec![1, 2], vec![]), "cut at {end}");
            let (mut journal, _) = Journal::open(folder.path(), 0, &mut |_| {}).unwrap();
            journal.append(&batch(3)).unwrap();
            assert_eq!(reopened(folder.path()).0, [1, 2, 3]);
        }
    }

    #[test]
    fn damage_takes_no_other_frame_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let (bytes, length) = written(folder.path());
        for at in length..2 * length {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x55;
            std::fs::write(path(folder.path(), 1), damaged).unwrap();
            let (numbers, damage) = reopened(folder.path());
            assert_eq!(numbers, [1, 3], "octet {at}");
            assert_eq!(damage.len(), 1, "{damage:?}");
        }
    }
}
