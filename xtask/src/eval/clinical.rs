//! Clinical captures against what they state.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use knowledge::Knowledge;
use model::report::{Attribute, Device};

use super::look::devices;
use super::{key, rows};

const TRUTH: &str = include_str!("../../../tests/eval/clinical.tsv");

/// A statement and whether it was found.
struct Row {
    what: String,
    found: bool,
}

/// All statements.
pub struct Seen(Vec<Row>);

/// Looks for every statement.
pub fn evaluate(captures: &Path, knowledge: &Knowledge) -> Result<Seen> {
    let mut of_capture: BTreeMap<&str, Vec<Device>> = BTreeMap::new();
    let mut seen = Seen(Vec::new());
    for row in rows(TRUTH) {
        let [capture, address, kind, value, _] = row.as_slice() else { bail!("clinical.tsv: five columns: {row:?}") };
        if !of_capture.contains_key(capture) {
            of_capture.insert(capture, devices(&[captures.join(capture)], knowledge)?);
        }
        let ip: IpAddr = address.parse().with_context(|| format!("clinical.tsv: {address}"))?;
        let device = of_capture.get(capture).into_iter().flatten().find(|d| d.addresses.iter().any(|a| a.ip == ip));
        let found = device.is_some_and(|device| states(device, kind, value));
        seen.0.push(Row { what: format!("{capture}  {address}  {kind} = {value}"), found });
    }
    Ok(seen)
}

/// The device, or one that it reports on, has an attribute, identifier or fact of the kind with the value.
fn states(device: &Device, kind: &str, value: &str) -> bool {
    let attribute: &Option<Box<Attribute>> = match kind {
        "maker" => &device.maker,
        "model" => &device.model,
        "serial" => &device.serial,
        "firmware" => &device.firmware,
        "class" => &device.class,
        "udi" => &device.udi,
        _ => &None,
    };
    let in_attribute = attribute.as_ref().is_some_and(|attribute| key(&attribute.value) == key(value));
    let in_software = kind == "software" && device.software.iter().any(|software| key(&software.value) == key(value));
    let reported = device.reports.iter().flat_map(|report| &report.facts);
    let mut facts = device.identifiers.iter().chain(&device.facts).chain(reported);
    let in_facts = facts.any(|fact| {
        let name = serde_json::to_value(fact.kind).ok();
        name.as_ref().and_then(|name| name.as_str()) == Some(kind) && key(&fact.value) == key(value)
    });
    in_attribute || in_software || in_facts
}

impl Seen {
    /// Statements that were not found.
    pub fn missed(&self) -> usize {
        self.0.iter().filter(|row| !row.found).count()
    }

    /// For reading.
    pub fn table(&self) -> String {
        let mut out = "DICOM, HL7 and WS-Discovery\n\n".to_owned();
        for row in &self.0 {
            let _ = writeln!(out, "{:7} {}", if row.found { "found" } else { "MISSED" }, row.what);
        }
        let _ = writeln!(out, "found {} of {}", self.0.len() - self.missed(), self.0.len());
        out
    }
}
