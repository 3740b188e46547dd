//! Exit codes, as the manual has them.

use std::io::Write as _;
use std::process::Stdio;

use crate::{case, clinic, folder, inspect, medwarden, text};

#[test]
fn zero_when_all_was_read() {
    let folder = folder();
    let out = inspect(&[case("capture-pcapng", &folder)]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    assert_eq!(text(&out.stderr), "");
}

#[test]
fn one_when_something_is_as_grave_as_asked() {
    let folder = folder();
    let clinic = clinic(&folder);
    let with = |severity: &str| inspect(&[clinic.as_os_str(), "--fail-on".as_ref(), severity.as_ref()]).status.code();
    assert_eq!(with("high"), Some(1));
    assert_eq!(with("info"), Some(1));
    let harmless = case("capture-pcapng", &folder);
    assert_eq!(inspect(&[harmless.as_os_str(), "--fail-on".as_ref(), "critical".as_ref()]).status.code(), Some(0));
}

#[test]
fn two_when_the_usage_is_wrong() {
    let folder = folder();
    let good = case("capture-pcapng", &folder);
    let missing = folder.join("nowhere.pcap");
    let out_file = folder.join("report.json");
    let empty = folder.join("empty");
    std::fs::create_dir(&empty).unwrap();
    for arguments in [
        vec![missing.as_os_str()],
        vec![good.as_os_str(), missing.as_os_str(), "--out".as_ref(), out_file.as_os_str()],
        vec![empty.as_os_str()],
        vec![],
        vec![good.as_os_str(), "--format".as_ref(), "pdf".as_ref()],
        vec![good.as_os_str(), "--fail-on".as_ref(), "dire".as_ref()],
        vec![good.as_os_str(), "--explain".as_ref(), "no such device".as_ref()],
        vec![good.as_os_str(), "--explain".as_ref(), "x".as_ref(), "--format".as_ref(), "csv".as_ref()],
        vec![good.as_os_str(), "--since".as_ref(), "2026-02-02".as_ref(), "--until".as_ref(), "2026-01-01".as_ref()],
        vec![good.as_os_str(), "--out".as_ref(), good.as_os_str()],
        vec![good.as_os_str(), "--knowledge".as_ref(), missing.as_os_str()],
    ] {
        let out = inspect(&arguments);
        assert_eq!(out.status.code(), Some(2), "{arguments:?}: {}", text(&out.stderr));
        assert!(out.stdout.is_empty(), "{arguments:?} wrote a report");
        assert!(!out.stderr.is_empty(), "{arguments:?} gave no reason");
    }
    assert!(!out_file.exists(), "work began although an input is missing");
    assert!(std::fs::metadata(&good).unwrap().len() > 100, "an input was overwritten");
}

#[test]
fn three_when_an_input_is_damaged_and_the_rest_is_reported() {
    let folder = folder();
    let (cut, whole) = (case("capture-cut", &folder), case("capture-pcapng", &folder));
    let out = inspect(&[cut.as_os_str(), whole.as_os_str(), "--format".as_ref(), "json".as_ref()]);
    assert_eq!(out.status.code(), Some(3));
    let report: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let damaged = report["inputs"].as_array().unwrap().iter().find(|input| input["path"] == cut.to_str().unwrap()).unwrap();
    let offset = damaged["damage"][0]["offset"].as_u64().unwrap();
    assert!(offset > 24 && offset < std::fs::metadata(&cut).unwrap().len(), "{offset}");
    assert!(text(&out.stderr).contains(&format!("capture-cut.pcap: byte {offset}: ")), "{}", text(&out.stderr));
    assert!(!report["devices"].as_array().unwrap().is_empty());
    // It wins over findings.
    let out = inspect(&[cut.as_os_str(), clinic(&folder).as_os_str(), "--fail-on".as_ref(), "info".as_ref()]);
    assert_eq!(out.status.code(), Some(3));
    assert!(text(&out.stdout).contains(&format!("byte {offset}")), "the text does not tell the damage");
}

#[test]
fn what_lies_in_a_folder_and_is_no_capture_is_named_and_skipped() {
    let folder = folder();
    case("capture-pcapng", &folder);
    std::fs::write(folder.join("notes.txt"), "not a capture at all").unwrap();
    let out = inspect(&[folder.as_os_str()]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    assert!(text(&out.stderr).contains("notes.txt: skipped: "), "{}", text(&out.stderr));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = folder();
    let clinic = clinic(&folder);
    let mut child = medwarden()
        .args(["inspect", "--format", "observations"])
        .arg(clinic)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let out = child.wait_with_output().unwrap();
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    assert_eq!(text(&out.stderr), "");
}

#[test]
fn standard_input_is_an_input() {
    let folder = folder();
    let bytes = std::fs::read(case("capture-gzip", &folder)).unwrap();
    let mut child =
        medwarden().args(["inspect", "-", "--format", "json"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(&bytes).unwrap();
    let out = child.wait_with_output().unwrap();
    assert_eq!(out.status.code(), Some(0));
    let report: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(report["inputs"][0]["path"], "-");
    assert_eq!(report["inputs"][0]["compression"], "gzip");
}

#[test]
fn help_and_manual_tell_the_codes() {
    let help = text(&medwarden().args(["inspect", "--help"]).output().unwrap().stdout);
    let manual = include_str!("../../../../docs/manual/inspect.md");
    for code in 0..=3 {
        assert!(help.contains(&format!("\n  {code}  ")), "help has no {code}");
        assert!(manual.contains(&format!("\n| {code} | ")), "the manual has no {code}");
    }
}
