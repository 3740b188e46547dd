//! Words and numbers for people.

use std::borrow::Cow;
use std::fmt::Write as _;

use model::report::{Attribute, Conversation, Encryption, Evidence, Input, PhiSeen, Report};
use model::{ClinicalImpact, FactKind, Timestamp, Transport, Word};

/// What is said where nothing is known.
pub const UNKNOWN: &str = "unknown";

/// What stands for a character that a terminal or a page would obey instead of show.
const HIDDEN: char = '\u{fffd}';

/// Text from a capture without characters that move the cursor, change the direction of reading or are not seen at all.
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_active) {
        return Cow::Owned(text.chars().map(|c| if is_active(c) { HIDDEN } else { c }).collect());
    }
    Cow::Borrowed(text)
}

/// Controls (C0, C1), line and paragraph separators, and the format characters of bidirectional text and of nothing at all
/// (Unicode Standard Annex #9 §2).
const fn is_active(c: char) -> bool {
    matches!(c, '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}')
}

/// The value of an attribute, or that it is not known.
pub fn value(attribute: Option<&Attribute>) -> &str {
    attribute.map_or(UNKNOWN, |attribute| attribute.value.as_str())
}

/// Words for an impact.
pub const fn impact(impact: Option<ClinicalImpact>) -> &'static str {
    match impact {
        None => UNKNOWN,
        Some(ClinicalImpact::NotClinical) => "not clinical",
        Some(ClinicalImpact::Supporting) => "supporting",
        Some(ClinicalImpact::Diagnostic) => "diagnostic",
        Some(ClinicalImpact::Monitoring) => "monitoring",
        Some(ClinicalImpact::Therapy) => "therapy",
        Some(ClinicalImpact::LifeSustaining) => "life-sustaining",
    }
}

/// Words for what is known of the encryption.
pub const fn encryption(encryption: Encryption) -> &'static str {
    match encryption {
        Encryption::Strong => "encrypted",
        Encryption::Weak => "weak",
        Encryption::Cleartext => "in the clear",
        Encryption::Unknown => UNKNOWN,
    }
}

/// Carrier and port: `tcp/104`.
pub fn carrier(transport: Transport, port: u16) -> String {
    match transport {
        Transport::Tcp => format!("tcp/{port}"),
        Transport::Udp => format!("udp/{port}"),
        Transport::Ip(number) => format!("ip {number}"),
        Transport::Link(kind) => format!("link 0x{kind:04x}"),
    }
}

/// Kinds of PHI and how many fields: `names (14), birth dates (10)`.
pub fn phi(seen: &[PhiSeen]) -> String {
    let parts: Vec<String> = seen.iter().map(|phi| format!("{} ({})", phi.kind.label(), phi.count)).collect();
    parts.join(", ")
}

/// What a conversation carries that matters for care: how many fields of PHI, and its clinical content.
pub fn content(conversation: &Conversation) -> String {
    let fields = conversation.phi.iter().map(|phi| phi.count).fold(0, u64::saturating_add);
    let phi = if fields == 0 { None } else { Some(format!("PHI ({} fields)", thousands(fields))) };
    let parts: Vec<String> = phi.into_iter().chain(conversation.clinical.as_ref().map(Word::to_string)).collect();
    parts.join("; ")
}

/// A number of bytes in the unit that leaves at most three digits before the point.
pub fn bytes(count: u64) -> String {
    let (mut scaled, mut unit) = (count, "B");
    let mut tenths = 0;
    for next in ["kB", "MB", "GB", "TB", "PB"] {
        if scaled < 1000 {
            break;
        }
        tenths = scaled % 1000 / 100;
        scaled /= 1000;
        unit = next;
    }
    if scaled < 10 && unit != "B" { format!("{scaled}.{tenths} {unit}") } else { format!("{scaled} {unit}") }
}

/// A number with its noun: `1 device`, `2 devices`.
pub fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", thousands(number as u64))
}

/// What was read, in one line: `3 captures: 1,200 frames`.
pub fn inputs(inputs: &[Input]) -> String {
    let is_capture = |input: &Input| input.format.starts_with("pcap") || input.frames == 0;
    let all_captures = inputs.iter().all(is_capture);
    let (noun, what) = match (all_captures, inputs.iter().any(is_capture)) {
        (true, _) => ("capture", "frames"),
        (false, true) => ("input", "frames and lines"),
        (false, false) => ("log", "lines"),
    };
    let read = inputs.iter().map(|input| input.frames).fold(0, u64::saturating_add);
    let which = match inputs {
        [one] => one.path.clone(),
        several => count(several.len(), noun),
    };
    format!("{which}: {} {what}", thousands(read))
}

/// A number with commas between thousands.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// An instant to the second: `2026-03-02 08:01:42`, UTC.
pub fn time(at: Timestamp) -> String {
    let text = at.to_string();
    match text.split_once('T') {
        Some((date, clock)) => {
            let clock: String = clock.chars().take_while(|c| *c != '.' && *c != 'Z').collect();
            format!("{date} {clock}")
        }
        None => text,
    }
}

/// From first to last, without the day twice.
pub fn span(first: Timestamp, last: Timestamp) -> String {
    let (from, to) = (time(first), time(last));
    if from == to {
        return from;
    }
    match (from.split_once(' '), to.split_once(' ')) {
        (Some((day, _)), Some((other, clock))) if day == other => format!("{from} to {clock}"),
        _ => format!("{from} to {to}"),
    }
}

/// Where evidence stands: `morning.pcap:681`.
pub fn place(report: &Report, evidence: &Evidence) -> String {
    let input = usize::try_from(evidence.frame.source).ok().and_then(|index| report.inputs.get(index));
    let path = input.map_or(UNKNOWN, |input| input.path.as_str());
    let file = std::path::Path::new(path).file_name().map_or(Cow::Borrowed(path), |name| name.to_string_lossy());
    format!("{file}:{}", evidence.frame.frame)
}

/// The id of a kind of fact in words.
pub fn kind(kind: FactKind) -> String {
    if let FactKind::Phi(phi) = kind {
        return format!("PHI: {}", phi.label());
    }
    let mut words = String::new();
    for (place, c) in format!("{kind:?}").chars().enumerate() {
        if c.is_ascii_uppercase() && place > 0 {
            words.push(' ');
        }
        words.push(c.to_ascii_lowercase());
    }
    words
}

/// The first few of a list, and how many more there are.
pub fn some(items: &[impl AsRef<str>], most: usize) -> String {
    let mut out = items.iter().take(most).map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    if items.len() > most {
        let _ = write!(out, " and {} more", thousands((items.len() - most) as u64));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        assert_eq!(clean("pump\u{1b}[2J\u{202e}x\u{9b}y\r\n"), "pump\u{fffd}[2J\u{fffd}x\u{fffd}y\u{fffd}\u{fffd}");
        assert!(matches!(clean("Monitor Süd 3"), Cow::Borrowed("Monitor Süd 3")));
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(
            [0, 999, 1000, 15_300, 999_999, 1_950_000].map(bytes),
            ["0 B", "999 B", "1.0 kB", "15 kB", "999 kB", "1.9 MB"]
        );
        assert_eq!([7, 1234, 1_234_567].map(thousands), ["7", "1,234", "1,234,567"]);
        assert_eq!((count(1, "device"), count(5000, "device")), ("1 device".to_owned(), "5,000 devices".to_owned()));
        let second = |seconds: i64| Timestamp::from_parts(1_772_438_400 + seconds, 5);
        assert_eq!(span(second(0), second(61)), "2026-03-02 08:00:00 to 08:01:01");
        assert_eq!(kind(FactKind::DhcpClientId), "dhcp client id");
    }
}
