//! The table of cases.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests

mod observe;

use std::collections::BTreeSet;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::Command;

use capture::Reader;

/// Cases that are damaged on purpose.
const DAMAGED: &[&str] = &["capture-cut", "capture-cut-header", "capture-gzip-cut", "capture-absurd-length"];

/// Case, and why tshark calls a message in it malformed.
const MALFORMED: &[(&str, &str)] = &[
    ("tcp-keep-alive", "the byte that a probe repeats counts as an overlap"),
    ("dicom-store-one-way", "without the acceptance it does not know the transfer syntax and guesses another"),
    ("imap", "its dissector of 4.0 does not know a literal as the argument of LOGIN"),
];

fn is_name(name: &str) -> bool {
    name.split('-').all(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()))
}

#[test]
fn names_are_folder_names_and_unique_and_say_what_they_prove() {
    let mut seen = BTreeSet::new();
    for case in lab::cases() {
        assert!(is_name(case.name), "{}", case.name);
        assert!(seen.insert(case.name), "{} twice", case.name);
        assert!(case.about.ends_with('.') && case.about.len() >= 15, "{}", case.name);
    }
}

#[test]
fn the_same_code_gives_the_same_bytes() {
    for case in lab::cases() {
        assert_eq!((case.build)(), (case.build)(), "{}", case.name);
    }
}

#[test]
fn every_case_is_a_capture() {
    for case in lab::cases() {
        let mut reader = Reader::new(Cursor::new((case.build)())).unwrap_or_else(|damage| panic!("{}: {damage}", case.name));
        let (mut frames, mut damages) = (0, 0);
        loop {
            match reader.next() {
                Ok(Some(_)) => frames += 1,
                Ok(None) => break,
                Err(_) => damages += 1,
            }
        }
        assert_eq!(frames > 0, case.name != "capture-empty", "{}", case.name);
        assert_eq!(damages, usize::from(DAMAGED.contains(&case.name)), "{}", case.name);
    }
}

/// What tshark calls a protocol, where that is not our id; without a name, it knows none of that protocol, and why.
const TSHARK_NAMES: &[(&str, &[&str])] = &[
    ("smb", &["smb", "smb2"]),
    ("ldap", &["ldap", "cldap"]),
    ("tacacs", &["tacplus"]),
    ("pop3", &["pop"]),
    ("mssql", &["tds"]),
    ("postgresql", &["pgsql"]),
    ("nbns", &["nbns", "nbdgm"]),
    ("modbus", &["modbus", "mbtcp"]),
    ("bacnet", &["bacapp"]),
    ("s7", &["s7comm"]),
    // No dissector: WS-Discovery shows as data, PJL as data, and remote support tools are closed protocols.
    ("wsd", &[]),
    ("jetdirect", &[]),
    ("remote_tools", &[]),
    // Nor of the bedside and the laboratory: Philips' data export, POCT1-A, LIS2-A2, MEDIBUS and
    // CARESCAPE show as data.
    ("intellivue", &[]),
    ("poct1a", &[]),
    ("lis2", &[]),
    ("medibus", &[]),
    ("carescape", &[]),
];

/// Case, and why tshark does not name its protocol there.
const NOT_NAMED: &[(&str, &str)] =
    &[("rdp-standard-security", "without a cookie or negotiation it shows no more than the connection request of X.224")];

#[test]
fn tshark_names_the_same_protocols_and_finds_nothing_malformed() {
    if Command::new("tshark").arg("--version").output().is_err() {
        return eprintln!("skipped: tshark is not installed");
    }
    let all: Vec<&lab::Case> = lab::cases().filter(|case| !DAMAGED.contains(&case.name)).collect();
    let faults: Vec<String> = std::thread::scope(|scope| {
        let parts = all
            .chunks(all.len().div_ceil(4))
            .map(|part| scope.spawn(|| part.iter().flat_map(|case| tshark_says(case)).collect::<Vec<_>>()));
        parts.collect::<Vec<_>>().into_iter().flat_map(|part| part.join().unwrap()).collect()
    });
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What is wrong with a case, as tshark sees it.
fn tshark_says(case: &lab::Case) -> Option<String> {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("case-{}", case.name));
    std::fs::write(&file, (case.build)()).unwrap();
    let fields = ["-T", "fields", "-e", "frame.number", "-e", "frame.protocols", "-e", "_ws.malformed"];
    let out = Command::new("tshark").arg("-r").arg(&file).args(fields).output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr);
    let said: String = said.lines().filter(|line| !line.starts_with("Running as user")).collect();
    let frames = String::from_utf8_lossy(&out.stdout);
    if !said.is_empty() {
        return Some(format!("{}: {said}", case.name));
    }
    let malformed = frames.lines().find(|line| line.split('\t').nth(2).is_some_and(|mark| !mark.is_empty()));
    if let Some(line) = malformed.filter(|_| MALFORMED.iter().all(|(name, _)| *name != case.name)) {
        return Some(format!("{}: malformed: {line}", case.name));
    }
    let id = wire::PROTOCOLS.iter().map(|protocol| protocol.info().id).find(|id| case.is_for(id))?;
    let id = [id];
    let names = TSHARK_NAMES.iter().find(|(ours, _)| *ours == id[0]).map_or(&id[..], |(_, names)| names);
    let named = names.is_empty() || frames.split([':', '\t', '\n']).any(|layer| names.contains(&layer));
    let excused = NOT_NAMED.iter().any(|(name, _)| *name == case.name);
    (named == excused).then(|| format!("{}: tshark {} {}", case.name, if named { "names" } else { "does not name" }, id[0]))
}

/// Where the folders are.
fn folder(case: &lab::Case) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases").join(case.name)
}

#[test]
fn the_folders_hold_what_the_lab_builds_and_what_the_sensor_says() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut differing = Vec::new();
    for case in lab::cases() {
        let expected = serde_json::to_string_pretty(&observe::told(&observe::observe((case.build)()))).unwrap() + "\n";
        let files = case.files().into_iter().chain([("expect.json", expected.into_bytes())]);
        for (name, wanted) in files {
            let path = folder(case).join(name);
            if std::fs::read(&path).ok().as_deref() == Some(&wanted[..]) {
                continue;
            }
            if update {
                std::fs::create_dir_all(folder(case)).unwrap();
                std::fs::write(&path, wanted).unwrap();
            } else {
                differing.push(format!("{}/{name}: {}", case.name, first_difference(&path, &wanted)));
            }
        }
    }
    assert!(differing.is_empty(), "UPDATE_EXPECT=1 rewrites, a person reads the difference:\n{}", differing.join("\n"));
}

/// The first line that is not as it was.
fn first_difference(path: &Path, now: &[u8]) -> String {
    let before = std::fs::read(path).unwrap_or_default();
    let (before, now) = (String::from_utf8_lossy(&before), String::from_utf8_lossy(now));
    let end = before.lines().count();
    let pair = before.lines().chain([""]).zip(now.lines().chain([""])).find(|(before, now)| before != now);
    match pair {
        Some((before, now)) if end > 0 && !before.contains('\u{fffd}') => format!("was {before}, is {now}"),
        _ => "missing or longer or shorter".to_owned(),
    }
}

#[test]
fn every_folder_is_a_case_and_all_are_small() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/cases");
    let names: BTreeSet<&str> = lab::cases().map(|case| case.name).collect();
    for entry in std::fs::read_dir(root).unwrap() {
        let name = entry.unwrap().file_name();
        assert!(names.contains(name.to_str().unwrap()), "{name:?} is no case of the lab");
    }
    let all: usize = lab::cases().map(|case| (case.build)().len()).sum();
    assert!(all < 1_500_000, "all inputs together are {all} bytes");
}

#[test]
fn every_protocol_has_a_case_that_is_taken_for_it() {
    for protocol in wire::PROTOCOLS {
        let id = protocol.info().id;
        let mut cases = lab::cases().filter(|case| case.is_for(id)).peekable();
        assert!(cases.peek().is_some(), "{id} has no case: add a row to crates/lab/src/cases");
        for case in cases {
            let observed = observe::observe((case.build)());
            let found = observed.observations.iter().any(|observation| match observation {
                model::Observation::Flow(flow) => flow.protocol.as_deref() == Some(id),
                model::Observation::Fact(fact) => fact.protocol == id,
            });
            assert!(found, "{}: nothing in it is taken for {id}", case.name);
        }
    }
}

#[test]
fn the_table_of_protocols_is_whole() {
    let (mut ids, mut places) = (BTreeSet::new(), BTreeSet::new());
    for protocol in wire::PROTOCOLS {
        let info = protocol.info();
        assert!(info.id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'), "{}", info.id);
        assert!(ids.insert(info.id), "{} twice", info.id);
        assert!(!info.name.is_empty() && info.doc.len() > 40 && info.doc.ends_with('.'), "{}: name and doc", info.id);
        assert!(!info.hints.is_empty(), "{} is met nowhere", info.id);
        for hint in info.hints {
            let is_shared = matches!(hint, wire::Hint::Tcp(_) | wire::Hint::Udp(_) | wire::Hint::AnyTcp | wire::Hint::AnyUdp);
            assert!(is_shared || places.insert(format!("{hint:?}")), "{}: {hint:?} is another protocol's too", info.id);
        }
    }
}
