//! Nothing about a person and no secret leaves, in whatever form and on whatever stream. The lab plants them and says what it
//! planted; `tests/phi` looks for more with an independent reader.

use crate::{folder, inspect, medwarden};

const FORMS: [&str; 5] = ["text", "json", "html", "csv", "observations"];

/// Cases whose secrets cross in pieces or in disguise: typed a letter at a time, or with their bits turned.
const DISGUISED: [&str; 3] = ["telnet", "telnet-refused", "mssql"];

/// Planted values that stand in what was written, whatever the case of their letters.
fn leaks(written: &[u8]) -> Vec<&'static str> {
    let written = String::from_utf8_lossy(written).to_lowercase();
    lab::planted().filter(|planted| is_in(&planted.to_lowercase(), &written)).collect()
}

/// As a whole word where it is a number: one may stand within another by chance.
fn is_in(planted: &str, written: &str) -> bool {
    let is_number = planted.bytes().all(|byte| byte.is_ascii_digit());
    let touches = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    written.match_indices(planted).any(|(at, _)| {
        let before = at.checked_sub(1).and_then(|at| written.as_bytes().get(at));
        !is_number || !(touches(before) || touches(written.as_bytes().get(at + planted.len())))
    })
}

#[test]
fn no_case_leaks_in_any_form() {
    let folder = folder();
    let mut found = Vec::new();
    let mut runs = 0;
    for case in lab::cases() {
        let capture = (case.build)();
        if leaks(&capture).is_empty() && !DISGUISED.contains(&case.name) {
            continue;
        }
        // A name that says nothing: the report shows the names of its inputs.
        let path = folder.join("capture.pcap");
        std::fs::write(&path, capture).unwrap();
        for form in FORMS {
            let out = inspect(&[path.as_os_str(), "--format".as_ref(), form.as_ref()]);
            assert!(out.status.success(), "{} {form}", case.name);
            runs += 1;
            found.extend(leaks(&out.stdout).into_iter().map(|leak| format!("{} {form}: {leak}", case.name)));
            found.extend(leaks(&out.stderr).into_iter().map(|leak| format!("{} {form}, standard error: {leak}", case.name)));
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
    assert!(runs > 100, "{runs} runs: the cases hold less than they did");
}

#[test]
fn what_is_explained_leaks_nothing() {
    let folder = folder();
    let path = crate::case("hl7-devices", &folder);
    for device in ["10.20.3.60", "10.20.1.30"] {
        let out = medwarden().arg("inspect").arg(&path).args(["--explain", device]).output().unwrap();
        assert!(!out.stdout.is_empty());
        assert_eq!(leaks(&out.stdout), Vec::<&str>::new());
        assert_eq!(leaks(&out.stderr), Vec::<&str>::new());
    }
}
