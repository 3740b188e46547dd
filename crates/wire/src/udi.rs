//! Unique device identifiers (21 CFR 801.20, 830.20) in the forms of the three agencies that the FDA accredits: GS1 (General
//! Specifications §3), HIBCC (ANSI/HIBC 2.6) and ICCBBA (ISBT 128 ST-017).
//!
//! A device identifier names maker and model; serial, lot and dates name the piece. All of them describe a device.

use crate::bytes::Cursor;

/// Who issued the identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agency {
    /// GS1, with or without parentheses around the application identifiers.
    Gs1,
    /// HIBCC, which begins with a plus sign.
    Hibcc,
    /// ICCBBA, which begins with `=/`.
    Iccbba,
}

/// The parts of a unique device identifier. Dates are as written: `YYMMDD` in GS1, as the agency has it in the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Udi<'a> {
    /// Who issued it.
    pub agency: Agency,
    /// Device identifier (GTIN, or labeler and product).
    pub device: &'a [u8],
    /// Serial number.
    pub serial: Option<&'a [u8]>,
    /// Lot or batch.
    pub lot: Option<&'a [u8]>,
    /// Date of manufacture.
    pub made: Option<&'a [u8]>,
    /// Expiry.
    pub expires: Option<&'a [u8]>,
}

impl<'a> Udi<'a> {
    /// Takes an identifier apart; `None` for what is none of the three forms.
    #[must_use]
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        let text = text.trim_ascii();
        match text {
            [b'+', rest @ ..] => hibcc(rest),
            [b'=', b'/', rest @ ..] => iccbba(rest),
            [b'(', ..] => gs1_bracketed(text),
            // Symbology identifiers of Data Matrix, GS1-128 and QR code in front (GS1 §5.1.3).
            [b']', b'd', b'2', rest @ ..] | [b']', b'C', b'1', rest @ ..] | [b']', b'Q', b'3', rest @ ..] => gs1_raw(rest),
            _ => gs1_raw(text),
        }
    }

    const fn new(agency: Agency, device: &'a [u8]) -> Self {
        Self { agency, device, serial: None, lot: None, made: None, expires: None }
    }

    /// Puts the value of a GS1 application identifier in its place.
    fn put_gs1(&mut self, identifier: &[u8], value: &'a [u8]) {
        match identifier {
            b"10" => self.lot = Some(value),
            b"11" => self.made = Some(value),
            b"17" => self.expires = Some(value),
            b"21" => self.serial = Some(value),
            _ => {}
        }
    }
}

/// `(01)…(17)…(21)…`: a value ends where the next parenthesised number begins.
fn gs1_bracketed(text: &[u8]) -> Option<Udi<'_>> {
    let mut rest = text;
    let mut udi: Option<Udi<'_>> = None;
    while let Some((identifier, behind)) = bracketed(rest) {
        let end = (0..behind.len()).find(|at| behind.get(*at..).and_then(bracketed).is_some()).unwrap_or(behind.len());
        let (value, next) = behind.split_at_checked(end)?;
        match (&mut udi, identifier) {
            (None, b"01") if is_gtin(value) => udi = Some(Udi::new(Agency::Gs1, value)),
            (None, _) => return None,
            (Some(udi), _) if !value.is_empty() => udi.put_gs1(identifier, value),
            _ => {}
        }
        rest = next;
    }
    udi
}

/// An application identifier of two to four digits in parentheses, and what stands behind it.
fn bracketed(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = text.strip_prefix(b"(")?;
    let digits = inner.iter().take(5).take_while(|b| b.is_ascii_digit()).count();
    let (identifier, behind) = inner.split_at_checked(digits)?;
    ((2..=4).contains(&digits)).then_some((identifier, behind.strip_prefix(b")")?))
}

/// `01…17…21…`: fixed lengths, and a group separator behind those of variable length (GS1 §7.8.5).
fn gs1_raw(text: &[u8]) -> Option<Udi<'_>> {
    let mut cursor = Cursor::new(text);
    if cursor.take(2)? != b"01" {
        return None;
    }
    let device = cursor.take(14).filter(|gtin| is_gtin(gtin))?;
    let mut udi = Udi::new(Agency::Gs1, device);
    while let Some(identifier) = cursor.take(2) {
        match identifier {
            b"11" | b"12" | b"13" | b"15" | b"16" | b"17" => {
                let date = cursor.take(6).filter(|date| date.iter().all(u8::is_ascii_digit))?;
                udi.put_gs1(identifier, date);
            }
            b"10" | b"21" => {
                let end = memchr::memchr(0x1D, cursor.rest()).unwrap_or(cursor.len());
                let value = cursor.take(end).filter(|value| (1..=20).contains(&value.len()))?;
                udi.put_gs1(identifier, value);
            }
            [0x1D, _] => return None,
            // Another identifier: the rest cannot be told apart for sure.
            _ => break,
        }
        if cursor.rest().first() == Some(&0x1D) {
            cursor.skip(1)?;
        }
    }
    Some(udi)
}

/// Fourteen digits, the last of which is the check digit (GS1 §7.9).
fn is_gtin(digits: &[u8]) -> bool {
    if digits.len() != 14 || !digits.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let weighed = |(at, digit): (usize, &u8)| {
        let digit = u32::from(digit.wrapping_sub(b'0'));
        if at.is_multiple_of(2) { digit.saturating_mul(3) } else { digit }
    };
    digits.iter().enumerate().map(weighed).sum::<u32>().is_multiple_of(10)
}

/// `+` labeler (a letter and three more), product, unit of measure, then parts behind slashes; a check character ends it.
fn hibcc(text: &[u8]) -> Option<Udi<'_>> {
    let (_check, text) = text.split_last()?;
    let mut parts = text.split(|b| *b == b'/');
    let device = parts.next()?;
    let is_labeler = device.first().is_some_and(u8::is_ascii_uppercase) && device.iter().all(u8::is_ascii_alphanumeric);
    if !is_labeler || !(6..=23).contains(&device.len()) {
        return None;
    }
    let mut udi = Udi::new(Agency::Hibcc, device);
    for part in parts.take(8) {
        match part {
            [b'S', serial @ ..] => udi.serial = some(serial),
            [b'1', b'6', b'D', date @ ..] => udi.made = some(date),
            [b'1', b'4', b'D', date @ ..] => udi.expires = some(date),
            [b'$', b'$', b'+', dated @ ..] => (udi.expires, udi.serial) = hibcc_dated(dated),
            [b'$', b'$', dated @ ..] => (udi.expires, udi.lot) = hibcc_dated(dated),
            [b'$', b'+', serial @ ..] => udi.serial = some(serial),
            [b'$', lot @ ..] => udi.lot = some(lot),
            _ => {}
        }
    }
    Some(udi)
}

/// A quantity, a flag that says how long the date is, the date, and what it dates (ANSI/HIBC 2.6 table 2).
fn hibcc_dated(text: &[u8]) -> (Option<&[u8]>, Option<&[u8]>) {
    let text = match text {
        [b'8', _, _, rest @ ..] | [b'9', _, _, _, _, _, rest @ ..] => rest,
        _ => text,
    };
    let (flagged, length) = match text.first() {
        Some(b'2' | b'3') => (1, 6),
        Some(b'4') => (1, 8),
        Some(b'5') => (1, 5),
        Some(b'6') => (1, 7),
        Some(b'7') => (1, 0),
        // The first digit of a month.
        Some(b'0' | b'1') => (0, 4),
        _ => return (None, some(text)),
    };
    let behind = text.get(flagged..).unwrap_or_default();
    match behind.split_at_checked(length) {
        Some((date, what)) => (some(date), some(what)),
        None => (None, None),
    }
}

/// Product behind `=/`, then parts by their two-character identifiers (ST-017 table 3).
fn iccbba(text: &[u8]) -> Option<Udi<'_>> {
    let end = text.iter().position(|b| matches!(b, b'=' | b'&')).unwrap_or(text.len());
    let (device, mut rest) = text.split_at_checked(end)?;
    if device.len() != 16 || !device.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    let mut udi = Udi::new(Agency::Iccbba, device);
    for _ in 0..8 {
        let end = rest.iter().skip(1).position(|b| matches!(b, b'=' | b'&')).map_or(rest.len(), |at| at.saturating_add(1));
        let Some((part, next)) = rest.split_at_checked(end) else { break };
        match part {
            [b'=', b',', serial @ ..] => udi.serial = some(serial),
            [b'=', b'>', date @ ..] => udi.expires = some(date),
            [b'=', b'}', date @ ..] => udi.made = some(date),
            [b'&', b',', b'1', lot @ ..] => udi.lot = some(lot),
            _ => {}
        }
        rest = next;
    }
    Some(udi)
}

fn some(value: &[u8]) -> Option<&[u8]> {
    (!value.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<Udi<'_>> {
        Udi::parse(text.as_bytes())
    }

    fn shown(udi: Udi<'_>) -> [String; 5] {
        let text = |part: Option<&[u8]>| part.map(|p| String::from_utf8(p.to_vec()).unwrap()).unwrap_or_default();
        [text(Some(udi.device)), text(udi.serial), text(udi.lot), text(udi.made), text(udi.expires)]
    }

    #[test]
    fn gs1_with_parentheses() {
        let udi = parse("(01)09506000134352(11)141231(17)150707(10)A213B1(21)1234").unwrap();
        assert_eq!(udi.agency, Agency::Gs1);
        assert_eq!(shown(udi), ["09506000134352", "1234", "A213B1", "141231", "150707"]);
        assert_eq!(parse("(01)09506000134353(21)1"), None, "check digit");
        assert_eq!(parse("(407) 939-5555"), None);
    }

    #[test]
    fn gs1_raw() {
        let udi = parse("01095060001343521714070410A213B1\x1d211234").unwrap();
        assert_eq!(shown(udi), ["09506000134352", "1234", "A213B1", "", "140704"]);
        let udi = parse("]d2010950600013435221SN-7").unwrap();
        assert_eq!(shown(udi)[1], "SN-7");
        assert_eq!(parse("0109506000134352").map(|udi| udi.serial), Some(None));
        assert_eq!(parse("01020304"), None);
    }

    #[test]
    fn hibcc() {
        let udi = parse("+H123ABC01234567890/$$3200202LOT12345/SXYZ4567890/16D20130202C").unwrap();
        assert_eq!(shown(udi), ["H123ABC01234567890", "XYZ4567890", "LOT12345", "20130202", "200202"]);
        let udi = parse("+H123ABC01234567890/$+SER7Q").unwrap();
        assert_eq!(shown(udi)[1], "SER7");
        assert_eq!(parse("+1 555 0100"), None, "a telephone number");
    }

    #[test]
    fn iccbba() {
        let udi = parse("=/A9999XYZ100T0944=,000025=A99971312345600=>014032=}013032&,1000000000000XYZ123").unwrap();
        assert_eq!(shown(udi), ["A9999XYZ100T0944", "000025", "000000000000XYZ123", "013032", "014032"]);
    }

    #[test]
    fn no_panic_on_any_cut() {
        for text in ["(01)09506000134352(21)1", "01095060001343521714070410A\x1d21", "+H123ABC0/$$8", "=/A=,&,1"] {
            for end in 0..text.len() {
                let _ = parse(&text[..end]);
            }
        }
    }
}
