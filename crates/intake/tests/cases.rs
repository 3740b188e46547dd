//! The cases of `tests/logs`, a folder a kind of file: what is said of `input` is in `expect.jsonl`. `UPDATE_EXPECT=1` writes it again.

#![allow(clippy::unwrap_used)] // helpers of tests

use std::path::{Path, PathBuf};

use intake::{Clock, Emit, KINDS, Memory, recognise};
use model::{FrameRef, Observation};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/logs")
}

/// What a file says, one observation a line, and the lines that could not be read.
fn read(bytes: &[u8]) -> (&'static str, String) {
    let kind = recognise(bytes, true).unwrap();
    let clock = Clock { reference: "2026-11-23T12:00:00Z".parse().unwrap(), ahead_s: 0 };
    let (mut said, mut memory, mut reader) = (String::new(), Memory::default(), kind.reader());
    let mut sink = |observation: Observation| {
        said.push_str(&serde_json::to_string(&observation).unwrap());
        said.push('\n');
    };
    for (number, line) in (1..).zip(bytes.split(|octet| *octet == b'\n')) {
        let mut out = Emit::new(&mut sink, &mut memory, clock, FrameRef { source: 0, frame: number });
        reader.line(line.strip_suffix(b"\r").unwrap_or(line), &mut out).unwrap();
    }
    reader.end(&mut Emit::new(&mut sink, &mut memory, clock, FrameRef::default())).unwrap();
    (kind.info().id, said)
}

#[test]
fn every_kind_has_a_case_and_says_what_is_expected() {
    for kind in KINDS {
        let id = kind.info().id;
        let case = folder().join(id);
        let input = std::fs::read(case.join("input")).unwrap_or_else(|error| panic!("{id}: {error}"));
        assert!(case.join("README.md").is_file(), "{id} has no README.md");
        let (recognised, said) = read(&input);
        assert_eq!(recognised, id);
        assert!(!said.is_empty(), "{id} says nothing");
        let expect = case.join("expect.jsonl");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&expect, &said).unwrap();
        }
        assert_eq!(said, std::fs::read_to_string(&expect).unwrap_or_default(), "{id}");
    }
}

#[test]
fn ids_and_names_are_of_one_kind_each() {
    for (index, kind) in KINDS.iter().enumerate() {
        let info = kind.info();
        assert!(!info.doc.is_empty() && !info.name.is_empty());
        assert!(
            KINDS.iter().skip(index + 1).all(|other| other.info().id != info.id && other.info().name != info.name),
            "{}",
            info.id
        );
    }
}

#[test]
fn free_text_and_mistyped_passwords_are_never_said() {
    let (_, said) = read(&std::fs::read(folder().join("syslog/input")).unwrap());
    assert!(!said.contains("Secret123") && !said.contains("Doe"), "{said}");
}
