//! Where a device stands, as somebody typed it into the device: told only where it reads like a place and not like a person.

/// Words of five letters and more that stand in the names of places.
const PLACES: &[&[u8]] = &[
    b"admission",
    b"ambulance",
    b"anaesthesia",
    b"anesthesia",
    b"block",
    b"building",
    b"cardiac",
    b"cardiology",
    b"clinic",
    b"corridor",
    b"delivery",
    b"dialysis",
    b"emergency",
    b"endoscopy",
    b"floor",
    b"induction",
    b"intensive",
    b"isolation",
    b"labor",
    b"laboratory",
    b"labour",
    b"level",
    b"maternity",
    b"monitor",
    b"neonatal",
    b"north",
    b"nursery",
    b"observation",
    b"oncology",
    b"operating",
    b"pediatric",
    b"paediatric",
    b"platz",
    b"position",
    b"radiology",
    b"recovery",
    b"resus",
    b"south",
    b"spare",
    b"station",
    b"stroke",
    b"surgery",
    b"surgical",
    b"theater",
    b"theatre",
    b"trauma",
    b"triage",
    b"zimmer",
];

/// Reads like a place: short, with a digit, and no long word but those of places. `ICU-4`, `BED 12`, `Theatre 3`; not `Smithson, J`.
/// What it lets go of for certain are commas and carets, which join the parts of a person's name, and numbers of five digits.
#[must_use]
pub(crate) fn is_place(label: &[u8]) -> bool {
    let label = label.trim_ascii();
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b" -_./:#+".contains(b);
    let mut words = label.split(|b| !b.is_ascii_alphanumeric()).take(16);
    (1..=32).contains(&label.len())
        && label.iter().all(plain)
        && label.iter().any(u8::is_ascii_digit)
        && words.all(is_word_of_place)
}

fn is_word_of_place(word: &[u8]) -> bool {
    let longest = |is: fn(&u8) -> bool| word.split(|b| !is(b)).map(<[u8]>::len).max().unwrap_or(0);
    let letters = word.split(|b| !b.is_ascii_alphabetic());
    longest(u8::is_ascii_digit) < 5
        && letters.into_iter().all(|run| run.len() < 5 || PLACES.iter().any(|place| run.eq_ignore_ascii_case(place)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_persons() {
        for place in ["ICU-4", "BED 12", "Theatre 3", "ECC MON RM15", "3W/12.1", "B1", "Recovery#2"] {
            assert!(is_place(place.as_bytes()), "{place}");
        }
        for other in [
            "",
            "ICU",
            "Smithson",
            "SMITHSON 4",
            "Doe, J 4",
            "Doe^J",
            "900123",
            "a\u{e4}4",
            "12345678901234567890123456789012345",
        ] {
            assert!(!is_place(other.as_bytes()), "{other}");
        }
    }
}
