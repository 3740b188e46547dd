use model::Timestamp;
use records::export::{Heading, Row, csv, cyclonedx, xlsx};
use records::import::{Mapping, plan};
use records::{FIELDS, Record, Table};

use crate::{device, said};

fn again(bytes: &[u8]) -> Vec<Record> {
    let table = Table::read(bytes).unwrap();
    let mapping = Mapping::guess(&table.columns);
    assert_eq!(mapping.columns.len(), FIELDS.len(), "every column of a record finds its field: {:?}", mapping.columns);
    plan(&table, &mapping, &[]).into_iter().map(|line| line.after).collect()
}

fn formulas() -> Record {
    said(&[
        ("asset_tag", "=1+1"),
        ("name", "'=quoted"),
        ("maker", "''@twice"),
        ("model", "'plain"),
        ("night_call", "+49 30 901820"),
        ("room", "-1"),
        ("unit", "a \"b\", c; d"),
        ("notes", "first\nsecond"),
        ("tags", "loan; blue"),
    ])
}

#[test]
fn what_is_exported_can_be_imported_again() {
    let record = formulas();
    let rows = || [Row { device: None, record: Some(&record) }].into_iter();
    assert_eq!(again(&csv(rows()).unwrap()), std::slice::from_ref(&record));
    assert_eq!(again(&xlsx(rows()).unwrap()), std::slice::from_ref(&record));
}

#[test]
fn no_spreadsheet_takes_what_a_device_calls_itself_for_a_formula() {
    let seen = device("d1", None, Some("=cmd|'/c calc'!A1"), Some(" \u{ff1d}1"));
    let bytes = csv([Row { device: Some(&seen), record: Some(&formulas()) }].into_iter()).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let mut reader = csv::ReaderBuilder::new().from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    for cell in reader.records().next().unwrap().unwrap().iter() {
        assert!(!cell.trim_start().starts_with(['=', '+', '-', '@', '\u{ff1d}']), "{cell}");
    }
}

#[test]
fn cyclonedx_has_devices_with_their_software() {
    let mut seen = device("d1", Some("00:00:5e:00:53:01"), Some("S1"), Some("P1"));
    let attribute = |value: &str| serde_json::json!({ "value": value, "confidence": 0.8, "evidence": [] });
    seen.firmware = Some(serde_json::from_value(attribute("2.1")).unwrap());
    seen.software = vec![serde_json::from_value(attribute("OpenSSH_8.4/8.4p1")).unwrap()];
    let record = said(&[("maker", "Acme"), ("unit", "ICU"), ("notes", "never given on")]);
    let heading =
        Heading { uuid: "3e671687-395b-41f5-a30f-a58921a69b79", now: Timestamp::from_nanos(0), site: "Main", version: "1" };
    let rows = [Row { device: Some(&seen), record: Some(&record) }, Row { device: None, record: Some(&record) }];
    let document = cyclonedx(&heading, rows.into_iter());
    assert_eq!(document["specVersion"], "1.6");
    let first = &document["components"][0];
    assert_eq!(
        (&first["type"], &first["name"], &first["manufacturer"]["name"]),
        (&"device".into(), &"P1".into(), &"Acme".into())
    );
    assert_eq!(first["components"][0]["type"], "firmware");
    assert_eq!((&first["components"][1]["name"], &first["components"][1]["version"]), (&"OpenSSH_8.4".into(), &"8.4p1".into()));
    assert!(!document.to_string().contains("never given on"));
    // References are unique, and no property is empty (CycloneDX 1.6 JSON schema, refType and property).
    let mut references = std::collections::BTreeSet::new();
    fn walk(value: &serde_json::Value, references: &mut std::collections::BTreeSet<String>) {
        if let Some(reference) = value["bom-ref"].as_str() {
            assert!(references.insert(reference.to_owned()), "{reference} twice");
        }
        for property in value["properties"].as_array().into_iter().flatten() {
            assert!(!property["value"].as_str().unwrap().is_empty());
        }
        value["components"].as_array().into_iter().flatten().for_each(|part| walk(part, references));
    }
    walk(&document, &mut references);
    assert_eq!(references.len(), 4);
}
