//! Which fields of which segments belong to a person (HL7 v2.5.1 chapters 2A, 3, 4, 6 and 7). A catalogue, sorted by segment.
//! Values are looked at for being there, and let go.

use model::PhiKind::{self, BirthDate, Clinical, Contact, Demographic, Document, FreeText, Identifier, Name, OrderNumber};

use super::segment::Segment;
use crate::said::PhiCounts;

/// Counts what a segment holds of persons.
pub(super) fn count(segment: &Segment<'_>, counts: &mut PhiCounts) {
    let id = segment.id();
    match &id {
        b"OBX" => counts_of_result(segment, counts),
        // Local segments may hold anything (chapter 2 §2.11).
        [b'Z', ..] if (1..=64).any(|n| segment.has(n)) => return counts.count(FreeText),
        // Query parameters (chapter 5): who is asked about.
        b"QPD" => (3..=16).filter(|n| segment.has(*n)).for_each(|_| counts.count(Identifier)),
        _ => {}
    }
    let from = FIELDS.partition_point(|(row, ..)| row.as_slice() < id.as_slice());
    for (_, number, kind) in FIELDS.iter().skip(from).take_while(|(row, ..)| **row == id) {
        if segment.has(*number) {
            counts.count(*kind);
        }
    }
}

/// OBX-5 by its type (chapter 7 §7.4.2): a result, a document, or text.
fn counts_of_result(segment: &Segment<'_>, counts: &mut PhiCounts) {
    if segment.has(5) {
        counts.count(match segment.field(2) {
            b"ED" | b"RP" => Document,
            b"TX" | b"FT" => FreeText,
            _ => Clinical,
        });
    }
}

#[rustfmt::skip]
static FIELDS: &[(&[u8; 3], usize, PhiKind)] = &[
    (b"AIP", 3, Name),
    (b"AL1", 3, Clinical), (b"AL1", 5, Clinical),
    (b"ARQ", 1, OrderNumber), (b"ARQ", 2, OrderNumber), (b"ARQ", 15, Name),
    (b"CTD", 2, Name), (b"CTD", 3, Contact), (b"CTD", 5, Contact),
    (b"DB1", 3, Identifier),
    (b"DG1", 3, Clinical), (b"DG1", 4, Clinical), (b"DG1", 16, Name),
    (b"EVN", 5, Name),
    (b"FT1", 19, Clinical), (b"FT1", 20, Name), (b"FT1", 21, Name), (b"FT1", 25, Clinical),
    (b"GT1", 2, Identifier), (b"GT1", 3, Name), (b"GT1", 4, Name), (b"GT1", 5, Contact), (b"GT1", 6, Contact),
    (b"GT1", 7, Contact), (b"GT1", 8, BirthDate), (b"GT1", 9, Demographic), (b"GT1", 12, Identifier),
    (b"GT1", 16, Name), (b"GT1", 17, Contact), (b"GT1", 18, Contact),
    (b"IAM", 3, Clinical), (b"IAM", 5, Clinical),
    (b"IN1", 8, Identifier), (b"IN1", 16, Name), (b"IN1", 18, BirthDate), (b"IN1", 19, Contact), (b"IN1", 36, Identifier),
    (b"IN1", 43, Demographic), (b"IN1", 49, Identifier),
    (b"IN2", 1, Identifier), (b"IN2", 2, Identifier), (b"IN2", 6, Identifier), (b"IN2", 8, Identifier),
    (b"IN2", 40, Name), (b"IN2", 61, Identifier), (b"IN2", 63, Contact),
    (b"MRG", 1, Identifier), (b"MRG", 2, Identifier), (b"MRG", 3, Identifier), (b"MRG", 4, Identifier),
    (b"MRG", 5, Identifier), (b"MRG", 6, Identifier), (b"MRG", 7, Name),
    (b"NK1", 2, Name), (b"NK1", 4, Contact), (b"NK1", 5, Contact), (b"NK1", 6, Contact), (b"NK1", 12, Identifier),
    (b"NK1", 16, BirthDate), (b"NK1", 30, Name), (b"NK1", 31, Contact), (b"NK1", 32, Contact), (b"NK1", 33, Identifier),
    (b"NK1", 37, Identifier),
    (b"NTE", 3, FreeText),
    (b"OBR", 2, OrderNumber), (b"OBR", 3, OrderNumber), (b"OBR", 10, Name), (b"OBR", 13, Clinical), (b"OBR", 16, Name),
    (b"OBR", 17, Contact), (b"OBR", 18, OrderNumber), (b"OBR", 19, OrderNumber), (b"OBR", 20, OrderNumber),
    (b"OBR", 21, OrderNumber), (b"OBR", 28, Name), (b"OBR", 31, Clinical), (b"OBR", 32, Name), (b"OBR", 33, Name),
    (b"OBR", 34, Name), (b"OBR", 35, Name), (b"OBR", 39, FreeText),
    (b"OBX", 16, Name), (b"OBX", 25, Name),
    (b"ORC", 2, OrderNumber), (b"ORC", 3, OrderNumber), (b"ORC", 4, OrderNumber), (b"ORC", 8, OrderNumber),
    (b"ORC", 10, Name), (b"ORC", 11, Name), (b"ORC", 12, Name), (b"ORC", 14, Contact), (b"ORC", 19, Name),
    (b"ORC", 22, Contact), (b"ORC", 23, Contact), (b"ORC", 24, Contact),
    (b"PD1", 4, Name), (b"PD1", 5, Identifier),
    (b"PID", 2, Identifier), (b"PID", 3, Identifier), (b"PID", 4, Identifier), (b"PID", 5, Name), (b"PID", 6, Name),
    (b"PID", 7, BirthDate), (b"PID", 8, Demographic), (b"PID", 9, Name), (b"PID", 10, Demographic), (b"PID", 11, Contact),
    (b"PID", 12, Contact), (b"PID", 13, Contact), (b"PID", 14, Contact), (b"PID", 15, Demographic),
    (b"PID", 16, Demographic), (b"PID", 17, Demographic), (b"PID", 18, Identifier), (b"PID", 19, Identifier),
    (b"PID", 20, Identifier), (b"PID", 21, Identifier), (b"PID", 22, Demographic), (b"PID", 23, Contact),
    (b"PID", 26, Demographic), (b"PID", 27, Demographic), (b"PID", 28, Demographic), (b"PID", 29, BirthDate),
    (b"PID", 40, Contact),
    (b"PR1", 3, Clinical), (b"PR1", 4, Clinical), (b"PR1", 8, Name), (b"PR1", 11, Name), (b"PR1", 12, Name),
    (b"PRB", 3, Clinical),
    (b"PRT", 5, Name), (b"PRT", 14, Contact), (b"PRT", 15, Contact),
    (b"PV1", 3, Contact), (b"PV1", 5, Identifier), (b"PV1", 6, Contact), (b"PV1", 7, Name), (b"PV1", 8, Name),
    (b"PV1", 9, Name), (b"PV1", 17, Name), (b"PV1", 19, Identifier), (b"PV1", 44, BirthDate), (b"PV1", 45, BirthDate),
    (b"PV1", 50, Identifier), (b"PV1", 52, Name),
    (b"PV2", 3, Clinical), (b"PV2", 12, FreeText), (b"PV2", 13, Name), (b"PV2", 23, Contact),
    (b"QRD", 8, Identifier), (b"QRD", 9, Identifier),
    (b"RF1", 6, Identifier), (b"RF1", 11, Identifier),
    (b"RXA", 5, Clinical), (b"RXA", 10, Name), (b"RXC", 2, Clinical), (b"RXD", 2, Clinical), (b"RXD", 7, OrderNumber),
    (b"RXE", 2, Clinical), (b"RXE", 13, Name), (b"RXE", 14, Name), (b"RXE", 15, OrderNumber), (b"RXG", 4, Clinical),
    (b"RXO", 1, Clinical), (b"RXO", 14, Name), (b"RXR", 1, Clinical),
    (b"SAC", 1, OrderNumber), (b"SAC", 2, OrderNumber), (b"SAC", 3, OrderNumber),
    (b"SCH", 1, OrderNumber), (b"SCH", 2, OrderNumber), (b"SCH", 12, Name), (b"SCH", 13, Contact), (b"SCH", 16, Name),
    (b"SPM", 2, OrderNumber), (b"SPM", 3, OrderNumber), (b"SPM", 14, FreeText),
    (b"TXA", 2, Document), (b"TXA", 5, Name), (b"TXA", 9, Name), (b"TXA", 12, OrderNumber), (b"TXA", 22, Name),
    (b"UB2", 2, Clinical),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_sorted_by_segment() {
        assert!(FIELDS.is_sorted_by(|a, b| (a.0, a.1) < (b.0, b.1)));
    }
}
