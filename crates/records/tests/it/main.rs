//! Records as they are taken over, kept and given on.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod checklist;
mod export;
mod follow;
mod import;
mod onboarding;
mod record;
mod table;

use model::report::Device;
use records::{Record, apply_field};
use serde_json::json;

/// An observed device.
fn device(id: &str, mac: Option<&str>, serial: Option<&str>, model: Option<&str>) -> Device {
    let attribute = |value: &str| json!({ "value": value, "confidence": 0.9, "evidence": [] });
    let (first, last) = ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z");
    let mut device = json!({
        "id": id, "interfaces": [{ "locally_administered": false, "first_seen": first, "last_seen": last }],
        "addresses": [], "is_router": false, "confidence": 0.9, "first_seen": first, "last_seen": last,
    });
    if let Some(mac) = mac {
        device["interfaces"][0]["mac"] = json!(mac);
    }
    for (field, value) in [("serial", serial), ("model", model)] {
        if let Some(value) = value {
            device[field] = attribute(value);
        }
    }
    serde_json::from_value(device).unwrap()
}

/// A record of fields.
fn said(fields: &[(&str, &str)]) -> Record {
    let mut record = Record::default();
    fields.iter().for_each(|(field, value)| apply_field(&mut record, field, value).unwrap());
    record
}
