//! Ctrl-C prints what is known by then.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::{medwarden, text};

#[test]
fn what_is_known_by_then_is_reported() {
    let bytes = lab::clinic();
    let (first, rest) = bytes.split_at(bytes.len() / 2);
    let mut child = medwarden()
        .args(["inspect", "-", "--format", "json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // More than a pipe holds: when it is written, the program reads, and listens for the signal.
    stdin.write_all(first).unwrap();
    assert!(Command::new("kill").arg("-INT").arg(child.id().to_string()).status().unwrap().success());
    // It may stop reading before it has all this, and needs somebody who reads its report meanwhile.
    let rest = rest.to_vec();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&rest)));
    let out = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert_eq!(out.status.code(), Some(3), "{}", text(&out.stderr));
    let report: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(report["unseen"][0]["kind"], "interrupted");
    assert!(!report["devices"].as_array().unwrap().is_empty());
}
