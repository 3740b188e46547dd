//! `medwarden lab`, as its user runs it.

use std::path::Path;

use lab::hospital::{SCRIPTS, people};

use crate::{folder, medwarden, text};

fn lab(arguments: &[&str]) -> std::process::Output {
    medwarden().arg("lab").args(arguments).output().unwrap()
}

fn lines(path: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_play_writes_frames_observations_and_truth() {
    let folder = folder();
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (pcap, seen, truth) = (at("c.pcapng"), at("seen.jsonl"), at("truth.jsonl"));
    let play = ["play", "clinic", "--seed", "4", "--days", "0.05", "--incident", "default-credential@0.5"];
    let out = lab(&[&play[..], &["--pcap", &pcap, "--observations", &seen, "--truth", &truth]].concat());
    assert!(out.status.success(), "{}", text(&out.stderr));
    let truth = lines(Path::new(&truth));
    let end = truth.last().unwrap();
    assert_eq!(end["kind"], "end");
    let incident = truth.iter().find(|line| line["kind"] == "incident").unwrap();
    assert!(incident["frames"][0][0].as_u64().unwrap() >= 1);
    // What the sensor said at once is what it says of the capture.
    let read = medwarden().args(["inspect", &pcap, "--format", "observations"]).output().unwrap();
    assert!(read.status.success(), "{}", text(&read.stderr));
    let said = std::fs::read_to_string(&seen).unwrap();
    assert!(said.lines().count() > 100 && text(&read.stdout) == said);
    for mark in people::MARKS {
        assert!(!said.contains(mark), "{mark}");
    }
}

#[test]
fn a_wrong_manifest_is_told_with_its_line() {
    let folder = folder();
    let path = folder.join("wrong.toml");
    let manifest = lab(&["manifest", "clinic"]);
    std::fs::write(&path, text(&manifest.stdout).replace("\"mirth-engine\"", "\"mirth-motor\"")).unwrap();
    let out = lab(&["play", path.to_str().unwrap(), "--truth", "-"]);
    assert_eq!(out.status.code(), Some(2));
    assert!(text(&out.stderr).contains("line ") && text(&out.stderr).contains("mirth-motor"), "{}", text(&out.stderr));
    assert_eq!(lab(&["play", "clinic"]).status.code(), Some(2), "nothing would be written");
    assert_eq!(lab(&["play", "clinic", "--truth", "-", "--incident", "picnic"]).status.code(), Some(2));
}

#[test]
fn incidents_and_models_are_listed() {
    let incidents = lab(&["incidents"]);
    assert_eq!(text(&incidents.stdout).lines().count(), SCRIPTS.len());
    assert!(text(&lab(&["models"]).stdout).lines().count() >= 40);
    assert!(text(&lab(&["generate", "--devices", "5000"]).stdout).contains("[[site]]"));
}
