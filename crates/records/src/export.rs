//! Devices with their records as CSV, XLSX and CycloneDX 1.6.

use std::collections::BTreeSet;

use model::Timestamp;
use model::report::{Attribute, Device};
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use serde_json::{Value, json};

use crate::{FIELDS, Record};

/// A device with its record; at least one of them.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// What was observed; absent where it was never seen.
    pub device: Option<&'a Device>,
    /// What people say.
    pub record: Option<&'a Record>,
}

/// Columns of what was observed.
const SEEN: [&str; 13] = [
    "Device id",
    "Seen name",
    "Seen maker",
    "Seen model",
    "Seen serial",
    "Seen firmware",
    "Seen OS",
    "Class",
    "Clinical impact",
    "Seen MAC addresses",
    "IP addresses",
    "First seen",
    "Last seen",
];

fn headings() -> impl Iterator<Item = &'static str> {
    FIELDS.iter().map(|field| field.label).chain(SEEN)
}

fn value(attribute: Option<&Attribute>) -> String {
    attribute.map(|attribute| attribute.value.to_string()).unwrap_or_default()
}

fn cells(row: &Row<'_>) -> Vec<String> {
    let empty = Record::default();
    let record = row.record.unwrap_or(&empty);
    let mut cells: Vec<String> = FIELDS.iter().map(|field| field.get(record)).collect();
    let Some(device) = row.device else {
        cells.extend(SEEN.map(|_| String::new()));
        return cells;
    };
    let attributes = [
        &device.name,
        &device.maker,
        &device.model,
        &device.serial,
        &device.firmware,
        &device.os,
        &device.class,
        &device.clinical_impact,
    ];
    cells.push(device.id.to_string());
    cells.extend(attributes.map(|attribute| value(attribute.as_deref())));
    let macs: Vec<String> = device.interfaces.iter().filter_map(|interface| interface.mac).map(|mac| mac.to_string()).collect();
    let ips: BTreeSet<String> = device.addresses.iter().map(|address| address.ip.to_string()).collect();
    cells.push(macs.join("; "));
    cells.push(ips.into_iter().collect::<Vec<_>>().join("; "));
    cells.extend([device.first_seen.to_string(), device.last_seen.to_string()]);
    cells
}

/// A cell that no spreadsheet takes for a formula: a device can choose its own name.
fn guarded(cell: &str) -> String {
    if looks_like_formula(cell) { format!("'{cell}") } else { cell.to_owned() }
}

/// What a spreadsheet may take for a formula, and what [`guarded`] made of that: so that a guard can be told from what was there.
pub(crate) fn looks_like_formula(cell: &str) -> bool {
    let begins = cell.trim_start_matches(|c: char| c == '\'' || c.is_whitespace());
    cell.starts_with(['\t', '\r']) || begins.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
}

/// As CSV (RFC 4180) in UTF-8 with a mark, which spreadsheets need to read it as such.
///
/// # Errors
/// Memory ran out.
pub fn csv<'a>(rows: impl Iterator<Item = Row<'a>>) -> std::io::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(b"\xef\xbb\xbf".to_vec());
    writer.write_record(headings())?;
    for row in rows {
        writer.write_record(cells(&row).iter().map(|cell| guarded(cell)))?;
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

/// As a workbook; every cell is text, so that none is a formula.
///
/// # Errors
/// More rows than a sheet has.
pub fn xlsx<'a>(rows: impl Iterator<Item = Row<'a>>) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name("Devices")?;
    let bold = Format::new().set_bold();
    for (column, heading) in (0..).zip(headings()) {
        sheet.write_string_with_format(0, column, heading, &bold)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    for (number, row) in (1..).zip(rows) {
        for (column, cell) in (0..).zip(cells(&row)) {
            if !cell.is_empty() {
                sheet.write_string(number, column, cell)?;
            }
        }
    }
    book.save_to_buffer()
}

/// What a CycloneDX document says of itself.
#[derive(Clone, Debug)]
pub struct Heading<'a> {
    /// A random UUID, `3e671687-395b-41f5-a30f-a58921a69b79`.
    pub uuid: &'a str,
    /// When it was made.
    pub now: Timestamp,
    /// Name of the site.
    pub site: &'a str,
    /// Version of this program.
    pub version: &'a str,
}

/// As CycloneDX 1.6: a component of type `device` each, with its firmware, operating system and software as its parts.
#[must_use]
pub fn cyclonedx<'a>(heading: &Heading<'_>, rows: impl Iterator<Item = Row<'a>>) -> Value {
    let components: Vec<Value> = rows.enumerate().map(|(number, row)| device_component(number, &row)).collect();
    json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": format!("urn:uuid:{}", heading.uuid),
        "version": 1,
        "metadata": {
            "timestamp": heading.now,
            "tools": { "components": [{ "type": "application", "name": "medwarden", "version": heading.version }] },
            "component": { "type": "platform", "bom-ref": "site", "name": heading.site },
            "lifecycles": [{ "phase": "operations" }],
        },
        "components": components,
    })
}

/// A text that is there: CycloneDX has no empty names.
fn some(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

fn device_component(number: usize, row: &Row<'_>) -> Value {
    let empty = Record::default();
    let record = row.record.unwrap_or(&empty);
    let seen = |pick: fn(&Device) -> &Option<Box<Attribute>>| {
        row.device.and_then(|device| pick(device).as_deref()).map(|found| found.value.as_str())
    };
    let maker = record.maker.as_deref().or_else(|| seen(|device| &device.maker)).and_then(some);
    let model = record.model.as_deref().or_else(|| seen(|device| &device.model)).and_then(some);
    let name = record.name.as_deref().or_else(|| seen(|device| &device.name)).and_then(some);
    let reference = row.device.map_or_else(|| format!("record-{number}"), |device| device.id.to_string());
    let mut component = json!({
        "type": "device",
        "bom-ref": reference,
        "name": model.or(name).unwrap_or("unknown device"),
        "properties": properties(row, record, name),
    });
    set(&mut component, "manufacturer", maker.map(|maker| json!({ "name": maker })));
    let parts = row.device.map(|device| software(device, &reference)).unwrap_or_default();
    set(&mut component, "components", (!parts.is_empty()).then_some(Value::Array(parts)));
    component
}

fn set(object: &mut Value, name: &str, value: Option<Value>) {
    if let (Some(object), Some(value)) = (object.as_object_mut(), value) {
        object.insert(name.to_owned(), value);
    }
}

fn properties(row: &Row<'_>, record: &Record, name: Option<&str>) -> Vec<Value> {
    let mut properties: Vec<(String, String)> = Vec::new();
    properties.extend(name.map(|name| ("medwarden:name".to_owned(), name.to_owned())));
    for field in FIELDS.iter().filter(|field| !matches!(field.id, "name" | "maker" | "model" | "notes")) {
        properties.push((format!("medwarden:record:{}", field.id), field.get(record)));
    }
    if let Some(device) = row.device {
        properties.push(("medwarden:serial".into(), value(device.serial.as_deref())));
        properties.push(("medwarden:class".into(), value(device.class.as_deref())));
        properties.push(("medwarden:clinical-impact".into(), value(device.clinical_impact.as_deref())));
        properties.push(("medwarden:udi".into(), value(device.udi.as_deref())));
        properties.extend(
            device.interfaces.iter().filter_map(|interface| interface.mac).map(|mac| ("medwarden:mac".into(), mac.to_string())),
        );
        properties.extend(device.addresses.iter().map(|address| ("medwarden:ip".into(), address.ip.to_string())));
        properties.push(("medwarden:first-seen".into(), device.first_seen.to_string()));
        properties.push(("medwarden:last-seen".into(), device.last_seen.to_string()));
    }
    properties.retain(|(_, value)| !value.is_empty());
    properties.into_iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
}

/// Firmware, operating system and software, each with how sure it is.
fn software(device: &Device, reference: &str) -> Vec<Value> {
    let product = device.model.as_ref().map_or("firmware", |model| model.value.as_str());
    let firmware = device
        .firmware
        .iter()
        .map(|firmware| ("firmware", format!("{product} firmware"), Some(firmware.value.to_string()), &**firmware));
    let os = device.os.iter().map(|os| ("operating-system", os.value.to_string(), None, &**os));
    let programs = device.software.iter().map(|program| {
        let (name, version) = name_and_version(&program.value);
        ("application", name.to_owned(), version.map(str::to_owned), program)
    });
    let all = firmware.chain(os).chain(programs).filter(|(_, name, _, _)| some(name).is_some());
    all.enumerate()
        .map(|(number, (kind, name, version, attribute))| {
            let mut component = json!({
                "type": kind,
                "bom-ref": format!("{reference}/software/{number}"),
                "name": name,
                "properties": [{ "name": "medwarden:confidence", "value": format!("{:.2}", f64::from(attribute.confidence.as_percent()) / 100.0) }],
            });
            set(&mut component, "version", version.map(Value::from));
            component
        })
        .collect()
}

/// The last word, or what follows a slash, is the version where it begins with a digit.
fn name_and_version(text: &str) -> (&str, Option<&str>) {
    let split = text
        .rsplit_once(['/', ' '])
        .filter(|(_, version)| version.trim_start_matches(['v', 'V']).starts_with(|c: char| c.is_ascii_digit()));
    split.map_or((text, None), |(name, version)| (name.trim_end(), Some(version)))
}
