//! What people see.

use crate::{clinic, folder, inspect, medwarden, text};

#[test]
fn text_keeps_within_its_columns_and_has_no_escapes() {
    let folder = folder();
    let clinic = clinic(&folder);
    for columns in ["60", "80", "132"] {
        let out = medwarden().arg("inspect").arg(&clinic).env("COLUMNS", columns).output().unwrap();
        let shown = text(&out.stdout);
        let wide = shown.lines().find(|line| line.chars().count() > columns.parse().unwrap());
        assert_eq!(wide, None, "{columns}");
        assert!(!shown.contains('\u{1b}'));
        for question in ["1. What devices", "2. What do they", "3. Who administers", "4. How will we", "What could not be seen"] {
            assert!(shown.contains(question), "{question}");
        }
    }
}

#[test]
fn csv_has_a_row_per_device() {
    let folder = folder();
    let clinic = clinic(&folder);
    let with = |format: &str| inspect(&[clinic.as_os_str(), "--format".as_ref(), format.as_ref()]).stdout;
    let report: serde_json::Value = serde_json::from_slice(&with("json")).unwrap();
    let csv = text(&with("csv"));
    assert_eq!(csv.matches("\r\n").count(), report["devices"].as_array().unwrap().len() + 1);
    assert!(csv.starts_with("id,name,maker,model,class,"), "{csv}");
}

#[test]
fn no_form_shows_a_person_or_a_secret() {
    let folder = folder();
    let clinic = clinic(&folder);
    for format in ["text", "json", "html", "csv", "observations"] {
        let out = inspect(&[clinic.as_os_str(), "--format".as_ref(), format.as_ref()]);
        let shown = text(&out.stdout) + &text(&out.stderr);
        for secret in lab::clinic::PHI.iter().chain(lab::clinic::SECRETS) {
            assert!(!shown.contains(secret), "{secret} in {format}");
        }
    }
}
