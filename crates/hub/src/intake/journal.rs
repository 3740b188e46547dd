//! What sensors said, on disk before it is acknowledged.
//!
//! A file of frames: length and check sum (the first eight octets of SHA-256) before a zstd-compressed [`Batch`]. A frame whose end is
//! missing or whose sum is wrong at the end of the last file was never acknowledged and is cut off; anywhere else it is damage, which is
//! told and passed over.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use model::Observation;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

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
const FILE_BYTES: u64 = 256 << 20;
const HEADER: usize = 12;

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
    /// Opens the journal in a folder and gives every batch in it to `take`.
    ///
    /// # Errors
    /// The file system's.
    pub fn open(folder: &Path, take: &mut dyn FnMut(Batch)) -> io::Result<(Self, Found)> {
        std::fs::create_dir_all(folder)?;
        let mut numbers: Vec<u64> = std::fs::read_dir(folder)?
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".journal")?.parse().ok())
            .collect();
        numbers.sort_unstable();
        let mut found = Found::default();
        let last = numbers.last().copied().unwrap_or(1);
        let mut end = 0;
        for number in numbers {
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
            self.file = OpenOptions::new().create_new(true).write(true).open(path(&self.folder, self.number + 1))?;
            File::open(&self.folder)?.sync_all()?;
            (self.number, self.bytes) = (self.number + 1, 0);
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

fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:08}.journal"))
}

fn frame(batch: &Batch) -> io::Result<Vec<u8>> {
    let body = zstd::bulk::compress(&serde_json::to_vec(batch)?, 1)?;
    let length = u32::try_from(body.len()).ok().filter(|_| body.len() <= MAX_FRAME);
    let length = length.ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "the batch is too large"))?;
    let mut frame = Vec::with_capacity(HEADER + body.len());
    frame.extend(length.to_le_bytes());
    frame.extend(Sha256::digest(&body).iter().take(8));
    frame.extend(body);
    Ok(frame)
}

/// Reads a file; returns where its last whole frame ends.
fn read(path: &Path, found: &mut Found, take: &mut dyn FnMut(Batch)) -> io::Result<u64> {
    let mut input = BufReader::new(File::open(path)?);
    let mut end = 0;
    let mut header = [0; HEADER];
    while full(&mut input, &mut header)? {
        let (length, sum) = header.split_at(4);
        let length = length.try_into().map(u32::from_le_bytes).unwrap_or(u32::MAX) as usize;
        let mut body = Vec::new();
        if length > MAX_FRAME || input.by_ref().take(length as u64).read_to_end(&mut body)? < length {
            found.damage.push(format!("{}: the frame at octet {end} is cut off", path.display()));
            break;
        }
        let batch = Some(&body).filter(|body| Sha256::digest(body).iter().take(8).eq(sum)).and_then(|body| {
            let json = zstd::bulk::decompress(body, MAX_BATCH).ok()?;
            serde_json::from_slice(&json).ok()
        });
        match batch {
            Some(batch) => {
                found.batches += 1;
                take(batch);
            }
            None => found.damage.push(format!("{}: the frame at octet {end} is damaged", path.display())),
        }
        end += (HEADER + length) as u64;
    }
    Ok(end)
}

/// Fills the buffer; false when the file ends before that.
fn full(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match input.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
