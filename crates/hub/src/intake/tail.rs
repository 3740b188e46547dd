//! The journal read again, in its order and behind its writer, for who keeps it elsewhere in another form.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;

use super::journal::{self, Batch};

/// How far the journal is on the disk: a file's number and the octets in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct End {
    pub(super) file: u64,
    pub(super) bytes: u64,
}

/// What comes next.
#[derive(Debug)]
pub(crate) enum Next {
    /// A batch.
    Batch {
        /// The batch.
        batch: Batch,
        /// The file that it is in.
        file: u64,
    },
    /// A part that cannot be read, in words; reading goes on behind it.
    Damage(String),
    /// Nothing yet.
    End,
}

/// A reader of the journal from its beginning.
#[derive(Clone, Debug)]
pub(crate) struct Tail {
    folder: PathBuf,
    at: End,
}

impl Tail {
    pub(super) const fn new(folder: PathBuf) -> Self {
        Self { folder, at: End { file: 0, bytes: 0 } }
    }

    /// The next batch before an end.
    ///
    /// # Errors
    /// The file system's; reading can be tried again.
    pub(super) fn next(&mut self, end: End) -> io::Result<Next> {
        while self.at < end {
            let path = journal::path(&self.folder, self.at.file);
            let file = match File::open(&path) {
                Ok(file) => Some(file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                Err(error) => return Err(error),
            };
            let Some(mut file) = file else {
                self.at = self.following(end)?;
                continue;
            };
            let length = if self.at.file == end.file { end.bytes } else { file.metadata()?.len() };
            if self.at.bytes >= length {
                self.at = self.following(end)?;
                continue;
            }
            file.seek(SeekFrom::Start(self.at.bytes))?;
            return self.frame(&mut file, length);
        }
        Ok(Next::End)
    }

    /// The beginning of the next file that there is.
    fn following(&self, end: End) -> io::Result<End> {
        let next = journal::numbered(&self.folder, ".journal")?.into_iter().find(|number| *number > self.at.file);
        Ok(next.map_or(end, |file| End { file, bytes: 0 }).min(end))
    }

    fn frame(&mut self, file: &mut File, length: u64) -> io::Result<Next> {
        let left = length.saturating_sub(self.at.bytes);
        let mut header = [0; journal::HEADER];
        if left >= journal::HEADER as u64 {
            file.read_exact(&mut header)?;
            let body = journal::body_length(&header).filter(|body| *body <= left - journal::HEADER as u64);
            if let Some(body) = body {
                let mut bytes = header.to_vec();
                file.take(body).read_to_end(&mut bytes)?;
                if let Some((whole, batch)) = journal::first(&bytes) {
                    self.at.bytes += whole as u64;
                    return Ok(Next::Batch { batch, file: self.at.file });
                }
            }
        }
        self.pass_over(file, left)
    }

    /// Goes on at the next whole frame of the file, or at its end.
    fn pass_over(&mut self, file: &mut File, left: u64) -> io::Result<Next> {
        file.seek(SeekFrom::Start(self.at.bytes))?;
        let mut bytes = Vec::new();
        file.take(left).read_to_end(&mut bytes)?;
        let next = (1..bytes.len()).find(|next| bytes.get(*next..).and_then(journal::first).is_some());
        let from = self.at;
        self.at.bytes += next.unwrap_or(bytes.len()) as u64;
        let path = journal::path(&self.folder, from.file);
        Ok(Next::Damage(format!("{}: octets {} to {} cannot be read", path.display(), from.bytes, self.at.bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::journal::Journal;
    use super::*;

    fn batch(number: u64) -> Batch {
        Batch { site: "site".to_owned(), sensor: "sensor".to_owned(), number, observations: Vec::new() }
    }

    fn all(tail: &mut Tail, end: End) -> (Vec<u64>, usize) {
        let (mut numbers, mut damage) = (Vec::new(), 0);
        loop {
            match tail.next(end).unwrap() {
                Next::Batch { batch, .. } => numbers.push(batch.number),
                Next::Damage(_) => damage += 1,
                Next::End => return (numbers, damage),
            }
        }
    }

    #[test]
    fn it_follows_the_writer_and_never_passes_it() {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, _) = Journal::open(folder.path(), 0, &mut |_| {}).unwrap();
        let mut tail = Tail::new(folder.path().to_owned());
        assert_eq!(all(&mut tail, journal.end()), (vec![], 0));
        (1..=3).for_each(|number| journal.append(&batch(number)).unwrap());
        let end = journal.end();
        journal.append(&batch(4)).unwrap();
        assert_eq!(all(&mut tail, end), (vec![1, 2, 3], 0));
        assert_eq!(all(&mut tail, end), (vec![], 0));
        assert_eq!(all(&mut tail, journal.end()), (vec![4], 0));
    }

    #[test]
    fn it_goes_from_file_to_file_and_over_damage() {
        let folder = tempfile::tempdir().unwrap();
        let (mut journal, _) = Journal::open(folder.path(), 0, &mut |_| {}).unwrap();
        (1..=3).for_each(|number| journal.append(&batch(number)).unwrap());
        let bytes = std::fs::read(journal::path(folder.path(), 1)).unwrap();
        for number in [2, 7] {
            std::fs::write(journal::path(folder.path(), number), &bytes).unwrap();
        }
        let mut damaged = bytes.clone();
        damaged[bytes.len() / 2] ^= 0x55;
        std::fs::write(journal::path(folder.path(), 2), damaged).unwrap();
        let end = End { file: 7, bytes: bytes.len() as u64 };
        assert_eq!(all(&mut Tail::new(folder.path().to_owned()), end), (vec![1, 2, 3, 1, 3, 1, 2, 3], 1));
        // The first files may have been dropped.
        std::fs::remove_file(journal::path(folder.path(), 1)).unwrap();
        assert_eq!(all(&mut Tail::new(folder.path().to_owned()), end), (vec![1, 3, 1, 2, 3], 1));
    }
}
