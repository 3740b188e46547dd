//! One row per device, for spreadsheets (RFC 4180).

use std::io::{self, Write};

use model::report::{Device, Severity};

use super::View;
use super::view::address;
use super::words::clean;

/// What stands in a column of a device.
type Cell = fn(&View<'_>, &Device) -> String;

/// The columns in their order. New ones are added at the end: scripts may count them.
pub const COLUMNS: &[(&str, Cell)] = &[
    ("id", |_, device| device.id.to_string()),
    ("name", |_, device| value(device.name.as_deref())),
    ("maker", |_, device| value(device.maker.as_deref())),
    ("model", |_, device| value(device.model.as_deref())),
    ("class", |_, device| value(device.class.as_deref())),
    ("clinical_impact", |_, device| value(device.clinical_impact.as_deref())),
    ("confidence_percent", |_, device| device.confidence.as_percent().to_string()),
    ("address", |_, device| device.addresses.first().map_or_else(String::new, |_| address(device))),
    ("addresses", |_, device| joined(device.addresses.iter().map(|address| address.ip.to_string()))),
    ("macs", |_, device| joined(device.interfaces.iter().filter_map(|interface| interface.mac).map(|mac| mac.to_string()))),
    ("serial", |_, device| value(device.serial.as_deref())),
    ("firmware", |_, device| value(device.firmware.as_deref())),
    ("os", |_, device| value(device.os.as_deref())),
    ("udi", |_, device| value(device.udi.as_deref())),
    ("location", |_, device| value(device.location.as_deref())),
    ("software", |_, device| joined(device.software.iter().map(|software| software.value.to_string()))),
    ("services", |_, device| joined(device.services.iter().map(|service| format!("{} {}", service.name, service.port)))),
    ("conversations", |view, device| view.talk_of(device).len().to_string()),
    ("clinical_conversations", |_, device| {
        device.if_isolated.as_ref().map_or(0, |isolation| isolation.clinical_conversations.len()).to_string()
    }),
    ("dependents", |_, device| device.if_isolated.as_ref().map_or(0, |isolation| isolation.dependents.len()).to_string()),
    ("findings", |view, device| view.findings_of(device).len().to_string()),
    ("worst_finding", |view, device| view.worst(device).map_or("", Severity::name).to_owned()),
    ("isolation_rule", |_, device| device.if_isolated.as_ref().map_or_else(String::new, |isolation| isolation.rule.to_string())),
    ("first_seen", |_, device| device.first_seen.to_string()),
    ("last_seen", |_, device| device.last_seen.to_string()),
];

/// Writes a header and a row per device, those that care depends on most first.
pub fn write(view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
    row(out, COLUMNS.iter().map(|(name, _)| (*name).to_owned()))?;
    for device in &view.devices {
        row(out, COLUMNS.iter().map(|(_, cell)| cell(view, device)))?;
    }
    Ok(())
}

fn value(attribute: Option<&model::report::Attribute>) -> String {
    attribute.map_or_else(String::new, |attribute| attribute.value.to_string())
}

fn joined(values: impl Iterator<Item = String>) -> String {
    values.collect::<Vec<_>>().join("; ")
}

fn row(out: &mut dyn Write, cells: impl Iterator<Item = String>) -> io::Result<()> {
    for (place, cell) in cells.enumerate() {
        if place > 0 {
            out.write_all(b",")?;
        }
        out.write_all(field(&cell).as_bytes())?;
    }
    out.write_all(b"\r\n")
}

/// A field as a spreadsheet takes it for text: what would begin a formula gets an apostrophe before it.
fn field(text: &str) -> String {
    let text = clean(text);
    let safe = if text.trim_start().starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']) {
        format!("'{text}")
    } else {
        text.into_owned()
    };
    if safe.contains([',', '"', ';']) || safe.starts_with(' ') || safe.ends_with(' ') {
        return format!("\"{}\"", safe.replace('"', "\"\""));
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_field_is_a_formula_or_breaks_out() {
        assert_eq!(field("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
        assert_eq!(["+1", "-1", "@SUM(1)", "\t=1", " =1"].map(field), ["'+1", "'-1", "'@SUM(1)", "\u{fffd}=1", "' =1"]);
        assert_eq!(field("a\"b,c"), "\"a\"\"b,c\"");
        assert_eq!(field("a\r\nb"), "a\u{fffd}\u{fffd}b");
        assert_eq!(field("PUMP-0051"), "PUMP-0051");
    }

    #[test]
    fn column_names_are_unique_and_in_the_manual() {
        let manual = include_str!("../../../../docs/manual/inspect.md");
        for (place, (name, _)) in COLUMNS.iter().enumerate() {
            assert!(COLUMNS.iter().skip(place + 1).all(|(other, _)| other != name), "{name} twice");
            assert!(manual.contains(&format!("`{name}`")), "{name} is missing in docs/manual/inspect.md");
        }
    }
}
