//! The same input gives the same bytes.

use std::path::PathBuf;

use capture::write::PcapWriter;

use crate::{clinic, folder, inspect};

fn json(paths: &[PathBuf]) -> serde_json::Value {
    serde_json::from_slice(&bytes(paths)).unwrap()
}

fn bytes(paths: &[PathBuf]) -> Vec<u8> {
    let mut arguments: Vec<std::ffi::OsString> = paths.iter().map(|path| path.clone().into_os_string()).collect();
    arguments.extend(["--format".into(), "json".into()]);
    inspect(&arguments).stdout
}

/// The clinic's morning cut into so many files.
fn pieces(count: usize, folder: &std::path::Path) -> Vec<PathBuf> {
    let scene = lab::clinic::scene();
    let frames = scene.frames();
    let size = frames.len().div_ceil(count);
    let files = frames.chunks(size).enumerate().map(|(number, frames)| {
        let mut writer = PcapWriter::new(Vec::new(), lab::scene::ETHERNET, 0).unwrap();
        for (time, frame, wire_len) in frames {
            writer.frame(*time, frame, *wire_len).unwrap();
        }
        let path = folder.join(format!("part-{number:02}.pcap"));
        std::fs::write(&path, writer.finish().unwrap()).unwrap();
        path
    });
    files.collect()
}

#[test]
fn every_run_and_every_order_of_the_inputs() {
    let folder = folder();
    let parts = pieces(5, &folder);
    let first = bytes(&parts);
    assert!(first == bytes(&parts), "two runs differ");
    let mut turned = parts.clone();
    turned.reverse();
    assert!(first == bytes(&turned), "the order of the arguments shows");
    turned.swap(0, 3);
    assert!(first == bytes(&turned), "the order of the arguments shows");
    assert!(first == bytes(&[folder.to_path_buf()]), "a folder and its files differ");
}

/// Where a frame stands is in another file; everything else must be the same.
fn without_places(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(object) => {
            object.remove("frame");
            object.remove("inputs");
            object.values_mut().for_each(without_places);
        }
        serde_json::Value::Array(values) => values.iter_mut().for_each(without_places),
        _ => {}
    }
}

#[test]
fn one_file_or_many() {
    let folder = folder();
    let (mut whole, mut parts) = (json(&[clinic(&folder)]), json(&pieces(7, &folder)));
    without_places(&mut whole);
    without_places(&mut parts);
    assert_eq!(whole, parts);
}
