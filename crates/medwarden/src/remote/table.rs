//! Rows as a table for people.

use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;

/// Widest column, except the last.
const WIDEST: usize = 40;

/// Rows under their columns' heads, no wider than they need. Columns are JSON pointers (RFC 6901).
pub(super) fn table(rows: &[Value], columns: &[(&str, &str)]) -> String {
    let cells: Vec<Vec<String>> =
        rows.iter().map(|row| columns.iter().map(|(pointer, _)| cell(row, pointer)).collect()).collect();
    let width = |at: usize, head: &str| {
        let widest = cells.iter().filter_map(|row| row.get(at)).map(|text| text.width()).max().unwrap_or_default();
        widest.max(head.width()).min(WIDEST)
    };
    let widths: Vec<usize> = columns.iter().enumerate().map(|(at, (_, head))| width(at, head)).collect();
    let heads: Vec<String> = columns.iter().map(|(_, head)| (*head).to_owned()).collect();
    let mut text = String::new();
    for row in std::iter::once(&heads).chain(&cells) {
        let padded = row.iter().zip(&widths).map(|(cell, width)| fit(cell, *width));
        text.push_str(padded.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// A member of a row in words. What a device says of itself may not steer a terminal.
fn cell(row: &Value, pointer: &str) -> String {
    let words = match row.pointer(pointer) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(list)) if list.iter().all(Value::is_string) => {
            list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        Some(Value::Array(list)) => list.len().to_string(),
        Some(other) => other.to_string(),
    };
    words.chars().map(|one| if one.is_control() { '\u{fffd}' } else { one }).collect()
}

fn fit(text: &str, width: usize) -> String {
    let mut fitted = String::new();
    for one in text.chars() {
        if fitted.width() + one.len_utf8().min(2) > width && text.width() > width {
            fitted.push('…');
            break;
        }
        fitted.push(one);
    }
    let pad = width.saturating_sub(fitted.width());
    fitted + &" ".repeat(pad)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::table;

    #[test]
    fn columns_stand_under_their_heads_and_nothing_steers_the_terminal() {
        let rows = [
            json!({ "name": "Pump \u{1b}[31m7", "addresses": ["10.0.0.1", "10.0.0.2"], "last_seen": null }),
            json!({ "name": "x".repeat(60), "addresses": [], "last_seen": "2026-01-01T00:00:00Z" }),
        ];
        let text = table(&rows, &[("/name", "NAME"), ("/addresses", "ADDRESSES"), ("/last_seen", "LAST SEEN")]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(lines[1].contains("Pump \u{fffd}[31m7") && lines[1].contains("10.0.0.1, 10.0.0.2"), "{text}");
        assert!(lines[2].contains('…') && lines[2].ends_with("2026-01-01T00:00:00Z"), "{text}");
        assert_eq!(lines[0].find("ADDRESSES"), lines[1].find("10.0.0.1").map(|at| at - '\u{fffd}'.len_utf8() + 1));
    }
}
