use records::{FIELDS, Record, apply_field, changes};
use serde_json::json;

use crate::said;

fn patched(record: &Record, patch: serde_json::Value) -> Result<Record, String> {
    record.patched(patch.as_object().unwrap()).map_err(|invalid| invalid.to_string())
}

#[test]
fn a_patch_sets_clears_and_leaves() {
    let record = said(&[("name", "Pump 3"), ("it_owner", "IT")]);
    let patched = patched(&record, json!({ "it_owner": null, "unit": " ICU ", "notes": "" })).unwrap();
    assert_eq!(patched, said(&[("name", "Pump 3"), ("unit", "ICU")]));
    assert!(!patched.unknown().contains(&"unit") && patched.unknown().contains(&"night_call"));
}

#[test]
fn a_patch_that_does_not_fit_names_its_field() {
    for (patch, field) in [
        (json!({ "criticality": "huge" }), "criticality"),
        (json!({ "colour": "red" }), "colour"),
        (json!({ "name": "x".repeat(201) }), "name"),
        (json!({ "macs": ["01:00:5e:00:00:01"] }), "macs"),
        (json!({ "tags": ["a,b"] }), "tags"),
        (json!({ "contract_end": "2027-02-30" }), "contract_end"),
    ] {
        let error = patched(&Record::default(), patch).unwrap_err();
        assert!(error.starts_with(field), "{error}");
    }
}

#[test]
fn every_field_reads_what_it_writes() {
    let full = said(&[
        ("asset_tag", "MED-1"),
        ("name", "Pump 3"),
        ("maker", "Acme"),
        ("model", "X"),
        ("serial", "S-1"),
        ("macs", "00:00:5e:00:53:02, 00:00:5e:00:53:01"),
        ("clinical_owner", "Kim"),
        ("it_owner", "Lee"),
        ("vendor", "Acme Service"),
        ("contract", "C-77"),
        ("contract_end", "31.01.2027"),
        ("night_call", "+49 30 901820"),
        ("administered_by", "Acme"),
        ("building", "B"),
        ("floor", "2"),
        ("room", "2.14"),
        ("unit", "ICU"),
        ("criticality", "Vital"),
        ("state", "In use"),
        ("tags", "loan; blue"),
        ("notes", "two\nlines"),
    ]);
    let mut again = Record::default();
    for field in FIELDS {
        let text = field.get(&full);
        assert!(!text.is_empty(), "{}", field.id);
        field.set(&mut again, &text).unwrap();
    }
    assert_eq!(again, full);
    assert_eq!(changes(&Record::default(), &full).len(), FIELDS.len());
    assert_eq!(changes(&full, &again), []);
    let stored: Record = serde_json::from_str(&serde_json::to_string(&full).unwrap()).unwrap();
    assert_eq!(stored, full);
}

#[test]
fn a_day_that_may_be_two_is_asked_for_again() {
    let mut record = Record::default();
    for (text, day) in [("2027-01-31", "2027-01-31"), ("31/01/2027", "2027-01-31"), ("01/31/2027 00:00", "2027-01-31")] {
        apply_field(&mut record, "contract_end", text).unwrap();
        assert_eq!(record.contract_end.unwrap().to_string(), day);
    }
    for text in ["03/04/2027", "31.02.2027", "soon", "1.1.27", "99999-1-1"] {
        assert!(apply_field(&mut record, "contract_end", text).is_err(), "{text}");
    }
}

#[test]
fn ids_and_headings_of_fields_are_unique() {
    let mut heard = std::collections::BTreeSet::new();
    for field in FIELDS {
        for word in [field.id.to_owned(), field.label.to_lowercase()].into_iter().collect::<std::collections::BTreeSet<_>>() {
            assert!(heard.insert(word.clone()), "{word} twice");
        }
        for word in field.also {
            assert_eq!(word.to_lowercase(), *word);
            assert!(
                heard.insert((*word).to_owned()) || records::field(word).is_some() || *word == field.label.to_lowercase(),
                "{word} twice"
            );
        }
    }
}
