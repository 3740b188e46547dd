//! LIS2-A2 (ASTM E1394): analysers of the laboratory to the systems that order and keep.

use model::{FactKind as K, PhiKind as P};

use crate::fact::{About, Field, Login, Sink, Value};
use crate::protocol::{Context, Hint, Info, Next, Protocol, Session, Step, Verdict};
use crate::said::{PhiCounts, PhiFields, Said};

/// LIS2-A2.
pub struct Lis2;

static INFO: Info = Info {
    id: "lis2",
    name: "LIS2-A2 (ASTM E1394)",
    doc: "Orders to and results from laboratory analysers, in records of text (CLSI LIS2-A2 §5 to §14, formerly ASTM E1394), with the frames \
          of LIS1-A (ASTM E1381) or bare on TCP, often behind a serial device server. The header says which analyser speaks, mostly with \
          model, serial number and software. Patients, orders and results are counted, never told; there is no encryption, and the \
          password that a header may hold is in the clear.",
    hints: &[Hint::Tcp(1182), Hint::AnyTcp],
};

macro_rules! fields {
    ($($name:ident = $id:literal, $label:literal, $kind:expr;)*) => {
        $(static $name: Field = Field::new($id, $label, $kind);)*
    };
}

fields! {
    SENDER = "lis2.h-5", "LIS2-A2 sender (H-5)", K::ProductName;
    RESULTS_FROM = "lis2.results", "LIS2-A2 results sent (R)", K::DeviceType;
    VERSION = "lis2.h-13", "LIS2-A2 version (H-13)", K::ProtocolVersion;
    PROCESSING = "lis2.h-12", "LIS2-A2 processing id (H-12)", K::Operation;
    OPERATION = "lis2.records", "LIS2-A2 records", K::Operation;
    CREDENTIAL = "lis2.h-4", "LIS2-A2 access password (H-4)", K::Credential;
    PHI_NAME = "lis2.name", "LIS2-A2 names (P-6, P-7, P-14, O-17)", K::Phi(P::Name);
    PHI_IDENTIFIER = "lis2.patient-id", "LIS2-A2 patient ids (P-3 to P-5)", K::Phi(P::Identifier);
    PHI_BIRTH = "lis2.birth-date", "LIS2-A2 date of birth (P-8)", K::Phi(P::BirthDate);
    PHI_CONTACT = "lis2.contact", "LIS2-A2 address, telephone and location (P-11, P-13, P-26, O-18)", K::Phi(P::Contact);
    PHI_TRAIT = "lis2.traits", "LIS2-A2 sex, race, height and weight (P-9, P-10, P-17, P-18)", K::Phi(P::Demographic);
    PHI_ORDER = "lis2.specimen-id", "LIS2-A2 specimen and order numbers (O-3, O-4, Q-3, Q-4)", K::Phi(P::OrderNumber);
    PHI_CLINICAL = "lis2.result", "LIS2-A2 results, diagnoses and medication (R-4, P-19, P-20, O-14)", K::Phi(P::Clinical);
    PHI_DOCUMENT = "lis2.document", "LIS2-A2 document", K::Phi(P::Document);
    PHI_TEXT = "lis2.comment", "LIS2-A2 comment (C-4)", K::Phi(P::FreeText);
}

static PHI: PhiFields =
    [&PHI_NAME, &PHI_IDENTIFIER, &PHI_BIRTH, &PHI_CONTACT, &PHI_TRAIT, &PHI_ORDER, &PHI_CLINICAL, &PHI_DOCUMENT, &PHI_TEXT];

const STX: u8 = 2;
const ETX: u8 = 3;
const EOT: u8 = 4;
const ENQ: u8 = 5;
const ACK: u8 = 6;
const NAK: u8 = 0x15;
const ETB: u8 = 0x17;
/// Kinds of records (LIS2-A2 §5.2): header, patient, order, result, comment, query, scientific, manufacturer's, end.
const RECORDS: &[u8] = b"HPORCQSML";
/// The most that is kept of one field of a header.
const MAX_FIELD: usize = 128;
/// Statements that are remembered of one connection.
const MAX_SAID: usize = 64;

impl Protocol for Lis2 {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, head: &[u8]) -> Verdict {
        let text = match head {
            // Whoever has something to send bids for the line, and gets an answer, before the first frame.
            [ENQ | ACK | NAK | EOT] => return Verdict::Unsure,
            [ENQ | ACK, rest @ ..] | rest => match rest {
                [STX, b'0'..=b'7', text @ ..] | [STX, text @ ..] => text,
                [b'H', ..] => rest,
                _ => return Verdict::No,
            },
        };
        match text {
            [] | [b'H'] => Verdict::Unsure,
            [b'H', stated @ ..] if stated.len() < 5 => {
                if stated.iter().all(u8::is_ascii_punctuation) {
                    Verdict::Unsure
                } else {
                    Verdict::No
                }
            }
            [b'H', field, repeat, component, escape, next, ..] if next == field => {
                let all = [field, repeat, component, escape];
                let distinct = all.iter().enumerate().all(|(at, b)| all.iter().take(at).all(|other| other != b));
                if distinct && all.iter().all(|b| b.is_ascii_punctuation()) { Verdict::Certain } else { Verdict::No }
            }
            // In the midst of a message.
            [kind, b'|', b'0'..=b'9', ..] if RECORDS.contains(kind) => Verdict::Unsure,
            _ => Verdict::No,
        }
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Some(Box::new(Talk {
            ways: [Way::default(), Way::default()],
            said: Said::new(MAX_SAID),
            counts: PhiCounts::default(),
            is_known: false,
            is_foreign: false,
        }))
    }
}

/// A connection.
struct Talk {
    ways: [Way; 2],
    said: Said,
    counts: PhiCounts,
    is_known: bool,
    /// Text came that begins no record.
    is_foreign: bool,
}

/// Where a direction stands. Records run over frames, so they are read octet by octet, and nothing is kept of them but how far one
/// is, and the field of a header under way.
struct Way {
    at: At,
    /// Field, repetition and component delimiter.
    delimiters: [u8; 3],
    /// The record's kind; 0 between records.
    record: u8,
    field: u8,
    /// Octets of the field so far, without blanks and delimiters.
    filled: u32,
    kept: [u8; MAX_FIELD],
    kept_len: usize,
}

/// What comes next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum At {
    /// A frame, a record, or control characters.
    #[default]
    Between,
    /// A frame's number.
    Number,
    /// A frame's text.
    Text,
    /// A frame's check sum and line end; so many octets of it are left.
    CheckSum(u8),
    /// A record without a frame.
    Bare,
    /// What is left of a record that began in a gap.
    Lost,
}

impl Default for Way {
    fn default() -> Self {
        Self { at: At::Between, delimiters: *b"|\\^", record: 0, field: 0, filled: 0, kept: [0; MAX_FIELD], kept_len: 0 }
    }
}

impl Session for Talk {
    fn data(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        let lane = context.lane();
        for &octet in bytes {
            self.octet(lane, octet, out);
            if self.is_foreign && !self.is_known {
                return Step { used: 0, next: Next::NotMine };
            }
        }
        Step { used: bytes.len(), next: Next::More(1) }
    }

    fn gap(&mut self, context: &Context, _lost: u64, _out: &mut dyn Sink) -> Next {
        if let Some(way) = self.ways.get_mut(context.lane()) {
            *way = Way { at: At::Lost, delimiters: way.delimiters, ..Way::default() };
        }
        Next::More(1)
    }

    fn end(&mut self, _context: &Context, out: &mut dyn Sink) {
        self.counts.flush(&PHI, out);
    }
}

impl Talk {
    fn octet(&mut self, lane: usize, octet: u8, out: &mut dyn Sink) {
        let Some(way) = self.ways.get_mut(lane) else { return };
        let (now, is_text) = match (way.at, octet) {
            (_, STX) => (At::Number, false),
            (_, EOT | ENQ) => (At::Between, false),
            (At::Number, b'0'..=b'7') => (At::Text, false),
            (At::Number | At::Text, ETX | ETB) => (At::CheckSum(4), false),
            (At::Number | At::Text, _) => (At::Text, true),
            (At::CheckSum(_), b'\n') => (At::Between, false),
            (At::CheckSum(left @ 2..), _) => (At::CheckSum(left.wrapping_sub(1)), false),
            (At::CheckSum(_), _) => (At::Between, false),
            (At::Lost, b'\r') => (At::Between, false),
            (At::Lost, _) => (At::Lost, false),
            (At::Between, b) if RECORDS.contains(&b) => (At::Bare, true),
            (At::Between, b) => {
                self.is_foreign |= b > b' ';
                (At::Between, false)
            }
            (At::Bare, b'\r' | b'\n') => (At::Between, true),
            (At::Bare, _) => (At::Bare, true),
        };
        way.at = now;
        // The last frame of a message ends the record that may be open; one in its midst does not.
        if octet == ETX || octet == ENQ {
            self.end_of_record(lane, out);
        } else if is_text {
            self.text(lane, octet, out);
        }
    }

    /// An octet of records.
    fn text(&mut self, lane: usize, octet: u8, out: &mut dyn Sink) {
        let Some(way) = self.ways.get_mut(lane) else { return };
        match octet {
            b'\r' | b'\n' => self.end_of_record(lane, out),
            _ if way.record == 0 => way.begin(octet),
            // The name of a record has one letter.
            _ if way.field == 1 && octet.is_ascii_alphanumeric() => self.is_foreign = true,
            _ if way.record == b'H' && way.field == 1 => {
                if let Some(field) = way.delimiters.first_mut() {
                    *field = octet;
                }
                way.field = 2;
            }
            _ if way.delimiters.first() == Some(&octet) => {
                self.end_of_field(lane, out);
                if let Some(way) = self.ways.get_mut(lane) {
                    way.next_field();
                }
            }
            _ => way.take(octet),
        }
    }

    fn end_of_record(&mut self, lane: usize, out: &mut dyn Sink) {
        self.end_of_field(lane, out);
        let Some(way) = self.ways.get_mut(lane) else { return };
        if std::mem::take(&mut way.record) == b'L' {
            self.counts.message(&PHI, out);
        }
    }

    fn end_of_field(&mut self, lane: usize, out: &mut dyn Sink) {
        let Some(way) = self.ways.get(lane) else { return };
        let (record, field, filled) = (way.record, way.field, way.filled);
        if record == b'H' {
            return self.header(lane, out);
        }
        // Records are known by their sequence number, which comes first.
        if field == 2 && filled > 0 {
            self.record(lane, record, out);
        }
        if let Some(kind) = of_person(record, field).filter(|_| filled > 0) {
            self.counts.count(kind);
        }
    }

    /// A record that is none of the header's.
    fn record(&mut self, lane: usize, record: u8, out: &mut dyn Sink) {
        self.is_known |= RECORDS.contains(&record);
        let what = match record {
            b'O' => "orders",
            b'R' => "results",
            b'Q' => "query",
            _ => return,
        };
        if self.said.once((OPERATION.id, what)) {
            out.conversation(&OPERATION, what);
        }
        if record == b'R' && self.said.once((RESULTS_FROM.id, lane)) {
            out.sender(&RESULTS_FROM, b"LIS2-A2 source of results");
        }
    }

    /// Header (LIS2-A2 §6): access password, sender, processing id, version.
    fn header(&mut self, lane: usize, out: &mut dyn Sink) {
        let Some(way) = self.ways.get_mut(lane) else { return };
        let value = way.kept.get(..way.kept_len).unwrap_or_default().trim_ascii();
        match way.field {
            2 => {
                self.is_known = true;
                if let ([repeat, component, ..], [_, r, c]) = (value, &mut way.delimiters) {
                    (*r, *c) = (*repeat, *component);
                }
            }
            _ if way.filled == 0 => {}
            4 => out.say(About::Conversation, &CREDENTIAL, Value::Login(Login { scheme: "lis2", user: b"", secret: value })),
            5 if self.said.once((SENDER.id, lane, value)) => out.sender(&SENDER, value),
            12 if value == b"T" || value == b"D" || value == b"Q" => {
                let what = if value == b"Q" { "quality control" } else { "training or debugging" };
                if self.said.once((PROCESSING.id, what)) {
                    out.conversation(&PROCESSING, what);
                }
            }
            13 => {
                let is_version = value.len() <= 12
                    && value.iter().all(|b| b.is_ascii_alphanumeric() || b".-".contains(b))
                    && value.iter().any(u8::is_ascii_alphabetic);
                if is_version && self.said.once((VERSION.id, value)) {
                    out.say(About::Conversation, &VERSION, Value::Octets(value));
                }
            }
            _ => {}
        }
    }
}

impl Way {
    const fn begin(&mut self, record: u8) {
        self.record = record;
        self.field = 1;
        self.filled = 0;
        self.kept_len = 0;
    }

    const fn next_field(&mut self) {
        self.field = self.field.saturating_add(1);
        self.filled = 0;
        self.kept_len = 0;
    }

    fn take(&mut self, octet: u8) {
        let [_, repeat, component] = self.delimiters;
        if octet != repeat && octet != component && !matches!(octet, b' ' | b'"') {
            self.filled = self.filled.saturating_add(1);
        }
        // Of the other records and fields nothing is kept.
        if self.record == b'H'
            && matches!(self.field, 2 | 4 | 5 | 12 | 13)
            && let Some(place) = self.kept.get_mut(self.kept_len)
        {
            // Components are told the same way whatever the message's delimiter is.
            *place = if octet == component && self.field == 5 { b'^' } else { octet };
            self.kept_len = self.kept_len.saturating_add(1);
        }
    }
}

/// What a field of a record says of a person (LIS2-A2 §7 to §12).
const fn of_person(record: u8, field: u8) -> Option<P> {
    Some(match (record, field) {
        (b'P', 3..=5) => P::Identifier,
        (b'P', 6 | 7 | 14) | (b'O', 17) => P::Name,
        (b'P', 8) => P::BirthDate,
        (b'P', 11 | 13 | 26) | (b'O', 18) => P::Contact,
        (b'P', 9 | 10 | 17 | 18) => P::Demographic,
        (b'P', 19 | 20) | (b'O', 14) | (b'R', 4) => P::Clinical,
        (b'O', 3 | 4) | (b'Q', 3 | 4) => P::OrderNumber,
        (b'C', 4) => P::FreeText,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, streams_any_chunk};
    use crate::protocol::Direction::{ToClient, ToServer};

    const BARE: &str = "H|\\^&||pass|ACME^Gas 5^S77^4.1|||||||P|LIS2-A2|20260302080000\rP|1||X1||Nobody^A||19010101|F\r\
        O|1|SP1||^^^GLU|R\rR|1|^^^GLU|5.1|mmol/L||N||F\rC|1|I|words\rL|1|N\r";
    const SAID: [&str; 11] = [
        "conversation lis2.h-4 lis2 :pass",
        "sender lis2.h-5 ACME^Gas 5^S77^4.1",
        "conversation lis2.h-13 LIS2-A2",
        "conversation lis2.records orders",
        "conversation lis2.records results",
        "sender lis2.results LIS2-A2 source of results",
        "conversation lis2.name 1",
        "conversation lis2.patient-id 1",
        "conversation lis2.birth-date 1",
        "conversation lis2.traits 1",
        "conversation lis2.specimen-id 1",
    ];

    /// Frames of at most `size` octets (LIS1-A §6.3).
    fn framed(text: &str, size: usize) -> Vec<u8> {
        let mut bytes = vec![ENQ];
        let count = text.len().div_ceil(size);
        for (at, piece) in text.as_bytes().chunks(size).enumerate() {
            let number = b'0' + u8::try_from((at + 1) % 8).unwrap();
            bytes.extend([STX, number]);
            bytes.extend(piece);
            bytes.push(if at + 1 == count { ETX } else { ETB });
            bytes.extend(b"A7\r\n");
        }
        bytes.push(EOT);
        bytes
    }

    #[test]
    fn bare_and_framed_say_the_same() {
        let bare = streams_any_chunk(&Lis2, 1182, &[(ToServer, BARE.as_bytes())]).lines;
        assert_eq!(bare[..SAID.len()], SAID);
        assert_eq!(bare[SAID.len()..], ["conversation lis2.result 1", "conversation lis2.comment 1"]);
        for size in [1, 7, 40, 240, 10_000] {
            let framed = framed(BARE, size);
            let messages: [(_, &[u8]); 3] = [(ToServer, &framed), (ToClient, &[ACK, ACK, ACK]), (ToServer, &[ENQ, EOT])];
            assert_eq!(streams_any_chunk(&Lis2, 1182, &messages).lines, bare, "frames of {size}");
        }
    }

    #[test]
    fn other_delimiters_and_lines() {
        let text = "H~*!#~~~HOST!1~~~~~~~Q~1\r\nQ~1~!SP1~~\r\nL~1\r\n";
        assert_eq!(
            streams_any_chunk(&Lis2, 1182, &[(ToServer, text.as_bytes())]).lines,
            [
                "sender lis2.h-5 HOST^1",
                "conversation lis2.h-12 quality control",
                "conversation lis2.records query",
                "conversation lis2.specimen-id 1"
            ]
        );
    }

    #[test]
    fn probes() {
        let at = context(ToServer, 5000, 0);
        for (bytes, verdict) in [
            (&b"H|\\^&|||A"[..], Verdict::Certain),
            (b"\x021H|\\^&|", Verdict::Certain),
            (b"\x05\x021H|\\^&|||", Verdict::Certain),
            (b"\x02H|\\^&|", Verdict::Certain),
            (b"\x05", Verdict::Unsure),
            (b"\x06", Verdict::Unsure),
            (b"\x05\x02", Verdict::Unsure),
            (b"H|\\", Verdict::Unsure),
            (b"\x023R|1|", Verdict::Unsure),
            (b"H||^&|", Verdict::No),
            (b"HTTP/1.1 200 OK", Verdict::No),
            (b"HELO a.b", Verdict::No),
            (b"\x05\x01\x00", Verdict::No),
            (b"\x02\x00\x01", Verdict::No),
            (b"MSH|^~\\&|", Verdict::No),
            (b"", Verdict::No),
        ] {
            assert_eq!(Lis2.probe(&at, bytes), verdict, "{bytes:?}");
        }
    }

    #[test]
    fn any_cut_and_any_octet() {
        for end in 0..BARE.len() {
            let _ = streams_any_chunk(&Lis2, 1182, &[(ToServer, &BARE.as_bytes()[..end])]);
        }
        let all: Vec<u8> = (0..=255).cycle().take(2000).collect();
        let _ = streams_any_chunk(&Lis2, 1182, &[(ToServer, BARE.as_bytes()), (ToServer, &all)]);
        assert_eq!(streams_any_chunk(&Lis2, 1182, &[(ToServer, b"Hello there")]).lines, [""; 0]);
    }
}
