//! The sensor over every real capture that lies beside the project: nothing panics, every frame is counted, none takes long.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use capture::{Inputs, Source};
use model::{FrameRef, Observation};
use sensor::{Config, Frame, NoCredentials, Sensor};
use wire::layers::LinkType;

/// Where the count of frames and that of capinfos differ: file, ours, theirs, why.
const EXCEPTIONS: &str = include_str!("../../../capture/tests/exceptions.tsv");
/// No capture may take longer, even in a build without optimisation.
const MAX_TIME: Duration = Duration::from_secs(10);

fn captures() -> Option<PathBuf> {
    let named = std::env::var_os("MEDWARDEN_SHARED").map(|folder| PathBuf::from(folder).join("captures"));
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("shared/captures"));
    named.into_iter().chain(beside).find(|folder| folder.is_dir())
}

/// Packets of each file as the index beside the captures has them, our own count where a file is deliberately broken.
fn expected(folder: &Path) -> Vec<(PathBuf, u64)> {
    let index = std::fs::read_to_string(folder.join("INDEX.csv")).unwrap();
    let exceptions: BTreeMap<&str, u64> = EXCEPTIONS
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            (columns[0], columns[1].parse().unwrap())
        })
        .collect();
    let mut files = Vec::new();
    for line in index.lines().skip(1) {
        let columns: Vec<&str> = line.splitn(7, ',').collect();
        let name = format!("{}/{}", columns[1], columns[3]);
        let packets = exceptions.get(name.as_str()).copied().unwrap_or_else(|| columns[5].parse().unwrap_or(0));
        files.push((folder.join(name), packets));
    }
    files
}

/// Frames that the sensor counted, and facts and flows that it told.
#[expect(clippy::disallowed_methods, reason = "the bound on the time that a file takes is part of what is tested")]
fn sense(path: &Path) -> (u64, u64, Duration) {
    let began = Instant::now();
    let mut inputs = Inputs::open(&[path.to_path_buf()]);
    let mut sensor = Sensor::new(&Config::default(), Box::new(NoCredentials));
    let mut told = 0_u64;
    let mut intake = |_: Observation| told += 1;
    while let Some((source, frame)) = inputs.next() {
        let at = FrameRef { source: u32::try_from(source).unwrap(), frame: frame.number };
        let lent =
            Frame { time: frame.time, link: LinkType(frame.link), bytes: frame.captured, wire_len: frame.wire_len as usize, at };
        sensor.frame(&lent, &mut intake);
    }
    sensor.finish(&mut intake);
    assert_eq!(sensor.open_flows(), 0);
    assert_eq!(inputs.sources().iter().map(|source: &Source| source.frames).sum::<u64>(), sensor.coverage().frames);
    let frames = sensor.coverage().frames;
    (frames, told, began.elapsed())
}

fn wrong(files: &[(PathBuf, u64)]) -> (Vec<String>, u64) {
    let (mut wrong, mut told) = (Vec::new(), 0);
    for (path, packets) in files {
        let (frames, observations, took) = sense(path);
        told += observations;
        if frames != *packets {
            wrong.push(format!("{}: {frames} frames, {packets} expected", path.display()));
        }
        if took >= MAX_TIME {
            wrong.push(format!("{}: {took:?}", path.display()));
        }
    }
    (wrong, told)
}

#[test]
fn every_capture_is_sensed() {
    let Some(folder) = captures() else {
        return eprintln!("skipped: ../shared/captures is not there");
    };
    let files = expected(&folder);
    assert!(files.len() > 1000, "{} files", files.len());
    let halves = files.split_at(files.len() / 2);
    let ((mut faults, told), (more, told_more)) = std::thread::scope(|scope| {
        let second = scope.spawn(|| wrong(halves.1));
        (wrong(halves.0), second.join().unwrap())
    });
    faults.extend(more);
    assert!(faults.is_empty(), "{} files\n{}", faults.len(), faults.join("\n"));
    assert!(told + told_more > 10_000, "{told} and {told_more} observations");
}
