//! The table of cases.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::path::Path;
use std::process::Command;

use capture::Reader;

/// Cases that are damaged on purpose.
const DAMAGED: &[&str] = &["capture-cut", "capture-cut-header", "capture-gzip-cut", "capture-absurd-length"];

/// Cases whose messages break their standard on purpose, and the probes whose byte tshark takes for an overlap.
const MALFORMED: &[&str] = &["tcp-keep-alive"];

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

#[test]
fn tshark_finds_nothing_malformed() {
    if Command::new("tshark").arg("--version").output().is_err() {
        return eprintln!("skipped: tshark is not installed");
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cases");
    std::fs::create_dir_all(&folder).unwrap();
    for case in lab::cases().filter(|case| !DAMAGED.contains(&case.name) && !MALFORMED.contains(&case.name)) {
        let file = folder.join(case.name);
        std::fs::write(&file, (case.build)()).unwrap();
        let out = Command::new("tshark").arg("-r").arg(&file).args(["-Y", "_ws.malformed"]).output().unwrap();
        let (found, said) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        let said: String = said.lines().filter(|line| !line.starts_with("Running as user")).collect();
        assert!(found.is_empty() && said.is_empty(), "{}: {found} {said}", case.name);
    }
}
