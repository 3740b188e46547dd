//! `medwarden ledger`, on a copy of a ledger as an auditor has it.

use std::path::{Path, PathBuf};
use std::process::Output;

use ledger::witness::Witness;
use ledger::{Algorithm, Key, Log, proof::Consistency};
use serde_json::Value;

use crate::{folder, medwarden, text};

fn key() -> Key {
    Key::from_seed("hub.example/ledger", Algorithm::Log, [7; 32]).unwrap()
}

fn entry(number: u64) -> String {
    let (actor, action) =
        if number.is_multiple_of(2) { ("Nurse A", "device.owner.set") } else { ("Technician B", "finding.close") };
    let (minute, second) = (number / 60, number % 60);
    format!(
        r#"{{"v":1,"time":"2026-11-24T00:{minute:02}:{second:02}Z","actor":{{"kind":"person","id":"p{}","name":"{actor}"}},"action":"{action}","subject":"d{number}","details":{{"why":"\u001b[31m"}}}}"#,
        number % 2
    )
}

/// A hub's data folder with a ledger of so many entries.
fn data(folder: &Path, size: u64) -> PathBuf {
    let data = folder.join("data");
    let mut log = Log::open(&data.join("ledger"), key()).unwrap();
    log.append(&(log.size()..size).map(entry).collect::<Vec<_>>()).unwrap();
    data
}

fn run(arguments: &[&str]) -> Output {
    medwarden().arg("ledger").args(arguments).output().unwrap()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn verify_says_what_is_and_what_is_not_shown() {
    let folder = folder();
    let data = data(&folder, 100);
    let kept = folder.join("kept.checkpoint");
    std::fs::copy(data.join("ledger/checkpoint"), &kept).unwrap();
    let alone = run(&["verify", path(&data)]);
    assert_eq!(alone.status.code(), Some(0), "{}{}", text(&alone.stdout), text(&alone.stderr));
    for said in ["INTACT", "entries    100", "from the folder", "What this does not show", "no checkpoint kept elsewhere"] {
        assert!(text(&alone.stdout).contains(said), "{said}: {}", text(&alone.stdout));
    }
    crate::ledger::data(&folder, 300);
    let key = key().verifier().to_string();
    let with = run(&["verify", path(&data.join("ledger")), "--checkpoint", path(&kept), "--key", &key, "--format", "json"]);
    let report: Value = serde_json::from_slice(&with.stdout).unwrap();
    assert_eq!((&report["intact"], &report["vouched"], &report["size"]), (&Value::Bool(true), &100.into(), &300.into()));
}

#[test]
fn verify_names_what_is_wrong() {
    let folder = folder();
    let data = data(&folder, 300);
    let entries = data.join("ledger/tile/entries/000");
    let mut bytes = std::fs::read(&entries).unwrap();
    let at = 256 * 20;
    bytes[at] ^= 1;
    std::fs::write(&entries, bytes).unwrap();
    let out = run(&["verify", path(&data)]);
    assert_eq!(out.status.code(), Some(1));
    assert!(
        text(&out.stdout).contains("NOT INTACT: 1 problem") && text(&out.stdout).contains("tile/entries/000"),
        "{}",
        text(&out.stdout)
    );
    let json: Value = serde_json::from_slice(&run(&["verify", path(&data), "--format", "json"]).stdout).unwrap();
    assert_eq!((&json["intact"], &json["problems"][0]["path"]), (&Value::Bool(false), &"tile/entries/000".into()));
    std::fs::remove_file(data.join("ledger/checkpoint")).unwrap();
    assert_eq!(run(&["verify", path(&data)]).status.code(), Some(1));
}

#[test]
fn wrong_usage() {
    let folder = folder();
    let data = data(&folder, 3);
    let nothing = folder.join("nothing");
    std::fs::create_dir(&nothing).unwrap();
    for arguments in [
        vec!["verify", path(&nothing)],
        vec!["verify", path(&folder.join("nowhere"))],
        vec!["verify", path(&data), "--key", "nonsense"],
        vec!["verify", path(&data), "--checkpoint", path(&data)],
        vec!["verify", path(&data), "--checkpoint", "nowhere"],
        vec!["proof", "inclusion", path(&data), "3"],
        vec!["proof", "consistency", path(&data), "4"],
        vec!["check-proof", path(&data), "--key", "x"],
    ] {
        let out = run(&arguments);
        assert_eq!(out.status.code(), Some(2), "{arguments:?}");
        assert!(out.stdout.is_empty() && !out.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn proofs_go_from_hand_to_hand() {
    let folder = folder();
    let data = data(&folder, 40);
    let kept = folder.join("kept");
    std::fs::copy(data.join("ledger/checkpoint"), &kept).unwrap();
    crate::ledger::data(&folder, 700);
    let key = key().verifier().to_string();
    let (inclusion, consistency) = (folder.join("a.tlog-proof"), folder.join("b.consistency"));
    assert_eq!(run(&["proof", "inclusion", path(&data), "500", "--out", path(&inclusion)]).status.code(), Some(0));
    assert_eq!(run(&["proof", "consistency", path(&data), path(&kept), "--out", path(&consistency)]).status.code(), Some(0));
    let out = run(&["check-proof", path(&inclusion), "--key", &key]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    assert!(text(&out.stdout).contains(&entry(500)));
    let out = run(&["check-proof", path(&consistency), "--key", &key, "--checkpoint", path(&kept)]);
    assert!(text(&out.stdout).starts_with("HOLDS") && out.status.code() == Some(0), "{}", text(&out.stdout));

    let other = folder.join("other");
    std::fs::write(&other, entry(501)).unwrap();
    assert_eq!(run(&["check-proof", path(&inclusion), "--key", &key, "--entry", path(&other)]).status.code(), Some(1));
    let strange = Key::from_seed("hub.example/ledger", Algorithm::Log, [8; 32]).unwrap().verifier().to_string();
    assert_eq!(run(&["check-proof", path(&inclusion), "--key", &strange]).status.code(), Some(1));
    let damaged = std::fs::read_to_string(&consistency).unwrap().replacen("old 40", "old 41", 1);
    std::fs::write(&consistency, damaged).unwrap();
    assert_eq!(run(&["check-proof", path(&consistency), "--key", &key, "--checkpoint", path(&kept)]).status.code(), Some(1));
}

#[test]
fn a_witness_counts() {
    let folder = folder();
    let data = data(&folder, 10);
    let witness_key = Key::from_seed("friend.example/w", Algorithm::Cosignature, [3; 32]).unwrap();
    let vkey = witness_key.verifier().to_string();
    let mut log = Log::open(&data.join("ledger"), key()).unwrap();
    let request = Consistency::make(&log.source(), log.checkpoint().clone(), 0).unwrap();
    let mut witness = Witness::open(&folder.join("witness"), witness_key, vec![key().verifier().clone()]).unwrap();
    let line = witness.add_checkpoint(request.to_text().as_bytes(), 1_795_478_400).unwrap();
    let seen = log.checkpoint().clone();
    log.add_cosignature(witness.verifier(), &seen, line).unwrap();
    let out = run(&["verify", path(&data), "--witness", &vkey]);
    // The report is wrapped at the terminal's width.
    let said = text(&out.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("friend.example/w saw the first 10 entries at 2026-11-24T00:00:00Z"), "{said}");
    drop(log);
    crate::ledger::data(&folder, 20);
    let out = run(&["verify", path(&data), "--witness", &vkey, "--format", "json"]);
    let report: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(
        (&report["intact"], &report["vouched"]),
        (&Value::Bool(true), &10.into()),
        "what a witness saw is kept beside newer checkpoints"
    );
}

#[test]
fn entries_are_listed() {
    let folder = folder();
    let data = data(&folder, 300);
    let lines = |arguments: &[&str]| -> Vec<String> {
        let out = run(&[&["show", path(&data)], arguments].concat());
        assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
        text(&out.stdout).lines().map(str::to_owned).collect()
    };
    assert_eq!(lines(&[]).len(), 300);
    assert!(lines(&[])[7].contains("2026-11-24T00:00:07Z  Technician B  finding.close  d7"));
    assert!(!lines(&[]).concat().contains('\u{1b}'));
    assert_eq!(lines(&["--actor", "nurse"]).len(), 150);
    assert_eq!(lines(&["--actor", "p1", "--since", "2026-11-24T00:01:00Z", "--until", "2026-11-24T00:02:00Z"]).len(), 30);
    assert_eq!(lines(&["--action", "device", "--subject", "d4"]).len(), 1);
    assert_eq!(lines(&["--format", "json", "--subject", "d4"]), [entry(4)]);
}
