//! Many inputs as one history.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::cast_possible_truncation)] // a test's own arithmetic

use std::fs;
use std::path::{Path, PathBuf};

use capture::Inputs;
use capture::write::PcapWriter;
use model::Timestamp;

/// A folder of its own, gone at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn pcap(seconds: &[i64]) -> Vec<u8> {
    let mut writer = PcapWriter::new(Vec::new(), 1, 0).unwrap();
    for second in seconds {
        writer.frame(Timestamp::from_parts(*second, 0), &second.to_le_bytes(), 8).unwrap();
    }
    writer.finish().unwrap()
}

/// (file name, second, number) of every frame, in the order given.
fn history(paths: &[PathBuf]) -> (Vec<(String, i64, u64)>, Inputs) {
    let mut inputs = Inputs::open(paths);
    let mut all = Vec::new();
    while let Some((source, frame)) = inputs.next() {
        let second = frame.time.nanos() / 1_000_000_000;
        assert_eq!(frame.captured, second.to_le_bytes());
        let number = frame.number;
        let name = inputs.sources()[source].path.file_name().unwrap().to_str().unwrap().to_owned();
        all.push((name, second, number));
    }
    (all, inputs)
}

#[test]
fn frames_come_in_time_order_whatever_the_order_of_arguments() {
    let folder = Folder::new("order");
    let b = folder.put("b", &pcap(&[1, 5, 9]));
    let a = folder.put("a", &pcap(&[2, 5, 4, 6]));
    let c = folder.put("sub/c", &pcap(&[0, 5, 20]));
    let (all, inputs) = history(&[b.clone(), a.clone(), c.clone()]);
    let short: Vec<_> = all.iter().map(|(name, second, _)| (name.as_str(), *second)).collect();
    let expected = [("c", 0), ("b", 1), ("a", 2), ("a", 5), ("a", 4), ("b", 5), ("c", 5), ("a", 6), ("b", 9), ("c", 20)];
    assert_eq!(short, expected);
    assert_eq!(history(&[c, a, folder.0.clone(), b]).0, all);
    assert_eq!(inputs.bytes_read(), inputs.total_bytes());
    let source = &inputs.sources()[0];
    assert_eq!(
        (source.frames, source.first, source.last),
        (4, Some(Timestamp::from_parts(2, 0)), Some(Timestamp::from_parts(6, 0)))
    );
    assert_eq!(source.links, [1]);
}

#[test]
fn hundreds_of_files_that_overlap() {
    let folder = Folder::new("many");
    for file in 0..400 {
        let seconds: Vec<i64> = (0..20).map(|n| n * 400 + (file * 7) % 400).collect();
        folder.put(&format!("{file:03}.pcap"), &pcap(&seconds));
    }
    let (all, inputs) = history(std::slice::from_ref(&folder.0));
    assert_eq!(all.len(), 8000);
    assert!(all.iter().map(|frame| frame.1).is_sorted());
    assert!(inputs.sources().iter().all(|source| source.frames == 20 && source.damage.is_empty()));
}

#[test]
fn what_cannot_be_read_stands_in_its_source_and_stops_nobody() {
    let folder = Folder::new("broken");
    let good = pcap(&[1, 2, 3]);
    folder.put("a.pcap", &good);
    folder.put("cut.pcap", &good[..good.len() - 1]);
    folder.put("notes.txt", b"remember the milk");
    let named = folder.put("named.txt", b"remember the milk");
    let missing = folder.0.join("missing.pcap");
    let (all, inputs) = history(&[folder.0.clone(), named.clone(), missing.clone()]);
    assert_eq!(all.len(), 5);
    let source = |path: &Path| inputs.sources().iter().find(|source| source.path == path).unwrap();
    assert_eq!(source(&folder.0.join("cut.pcap")).damage[0].what, "the last packet is cut: 7 of 8 bytes");
    assert_eq!(source(&folder.0.join("notes.txt")).skipped.as_deref(), Some("not a capture but text"));
    assert!(source(&folder.0.join("notes.txt")).damage.is_empty());
    assert_eq!(source(&named).damage[0].what, "not a capture but text");
    assert!(source(&missing).damage[0].what.starts_with("cannot be read"));
}
