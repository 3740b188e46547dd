//! MEDIBUS: ventilators and anaesthesia machines of Draeger, on serial lines that device servers carry over TCP.

use model::{FactKind as K, PhiKind as P};

use crate::fact::{Field, Sink};
use crate::protocol::{Context, Hint, Info, Next, Protocol, Session, Step, Verdict};
use crate::said::{PhiCounts, PhiFields, Said};

/// MEDIBUS.
pub struct Medibus;

static INFO: Info = Info {
    id: "medibus",
    name: "MEDIBUS (Draeger)",
    doc: "Ventilators and anaesthesia machines answer a record system's questions: which device it is with which revision, measured values, \
          settings and alarms. Made for a serial line, it crosses networks behind device servers, without log-in or encryption. Draeger, \
          RS 232 MEDIBUS Protocol Definition (9037 426) and MEDIBUS.X Rules and Standards, chapters on messages and identification.",
    hints: &[Hint::AnyTcp],
};

macro_rules! fields {
    ($($name:ident = $id:literal, $label:literal, $kind:expr;)*) => {
        $(static $name: Field = Field::new($id, $label, $kind);)*
    };
}

fields! {
    MODEL = "medibus.name", "MEDIBUS device name (52H)", K::Model;
    REVISION = "medibus.revision", "MEDIBUS device revision (52H)", K::Firmware;
    VERSION = "medibus.version", "MEDIBUS revision (52H)", K::ProtocolVersion;
    TYPE = "medibus.identification", "MEDIBUS device identification (52H)", K::DeviceType;
    OPERATION = "medibus.command", "MEDIBUS command", K::Operation;
    PHI_NAME = "medibus.name-of-patient", "MEDIBUS name", K::Phi(P::Name);
    PHI_IDENTIFIER = "medibus.patient-id", "MEDIBUS patient id", K::Phi(P::Identifier);
    PHI_BIRTH = "medibus.birth", "MEDIBUS date of birth", K::Phi(P::BirthDate);
    PHI_CONTACT = "medibus.contact", "MEDIBUS contact", K::Phi(P::Contact);
    PHI_TRAIT = "medibus.traits", "MEDIBUS traits of a patient", K::Phi(P::Demographic);
    PHI_ORDER = "medibus.order", "MEDIBUS order", K::Phi(P::OrderNumber);
    PHI_CLINICAL = "medibus.values", "MEDIBUS measured values, alarms and settings", K::Phi(P::Clinical);
    PHI_DOCUMENT = "medibus.document", "MEDIBUS document", K::Phi(P::Document);
    PHI_TEXT = "medibus.text", "MEDIBUS text", K::Phi(P::FreeText);
}

static PHI: PhiFields =
    [&PHI_NAME, &PHI_IDENTIFIER, &PHI_BIRTH, &PHI_CONTACT, &PHI_TRAIT, &PHI_ORDER, &PHI_CLINICAL, &PHI_DOCUMENT, &PHI_TEXT];

/// A command, and its answer, begin with these and end with a carriage return.
const ESC: u8 = 0x1B;
const SOH: u8 = 0x01;
const CR: u8 = b'\r';
/// The command that asks a device for its identification.
const IDENTIFY: u8 = 0x52;
/// The most of an identification that is kept.
const MAX_KEPT: usize = 64;
/// The longest message: trend data come in many.
const MAX_MESSAGE: u32 = 16 * 1024;
/// How far a first message is looked at.
const MAX_PROBE: usize = 80;

impl Protocol for Medibus {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, head: &[u8]) -> Verdict {
        let [ESC | SOH, rest @ ..] = head else { return Verdict::No };
        let mut message = Message::default();
        message.begin(head.first().copied().unwrap_or_default());
        for octet in rest.iter().take(MAX_PROBE) {
            match octet {
                &CR if message.is_sound() => return Verdict::Certain,
                b' '..=b'~' => message.take(*octet),
                _ => return Verdict::No,
            }
        }
        if rest.len() < MAX_PROBE { Verdict::Unsure } else { Verdict::No }
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Some(Box::new(Talk {
            ways: [Message::default(), Message::default()],
            said: Said::new(16),
            counts: PhiCounts::default(),
            is_known: false,
        }))
    }
}

/// A connection.
struct Talk {
    ways: [Message; 2],
    said: Said,
    counts: PhiCounts,
    is_known: bool,
}

/// The message under way in one direction. Octets from 0x80 on are real-time data, which may stand between any two others.
struct Message {
    /// `ESC`, `SOH`, or 0 between messages.
    kind: u8,
    command: u8,
    /// Octets behind the command, check sum included.
    length: u32,
    /// Sum of all octets but the last two, which may be the check sum.
    sum: u8,
    last: [u8; 2],
    kept: [u8; MAX_KEPT],
    kept_len: usize,
}

impl Default for Message {
    fn default() -> Self {
        Self { kind: 0, command: 0, length: 0, sum: 0, last: [0; 2], kept: [0; MAX_KEPT], kept_len: 0 }
    }
}

impl Message {
    fn begin(&mut self, kind: u8) {
        *self = Self { kind, sum: kind, ..Self::default() };
    }

    fn take(&mut self, octet: u8) {
        if self.command == 0 {
            self.command = octet;
            self.sum = self.sum.wrapping_add(octet);
            return;
        }
        let [before, last] = self.last;
        if self.length >= 2 {
            self.sum = self.sum.wrapping_add(before);
            if self.command == IDENTIFY
                && let Some(place) = self.kept.get_mut(self.kept_len)
            {
                *place = before;
                self.kept_len = self.kept_len.saturating_add(1);
            }
        }
        self.last = [last, octet];
        self.length = self.length.saturating_add(1);
    }

    /// The last two octets are the sum of all before them in hexadecimal.
    fn is_sound(&self) -> bool {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        let [high, low] = self.last;
        let digit = |octet: u8| DIGITS.iter().position(|known| *known == octet.to_ascii_uppercase());
        self.length >= 2
            && digit(high)
                .zip(digit(low))
                .is_some_and(|(high, low)| high.saturating_mul(16).saturating_add(low) == usize::from(self.sum))
    }
}

impl Session for Talk {
    fn data(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        let lane = context.lane();
        for &octet in bytes {
            let Some(message) = self.ways.get_mut(lane) else { break };
            match octet {
                ESC | SOH => message.begin(octet),
                _ if octet >= 0x80 || message.kind == 0 => {}
                CR => {
                    let message = std::mem::take(message);
                    if !message.is_sound() {
                        if !self.is_known {
                            return Step { used: 0, next: Next::NotMine };
                        }
                        continue;
                    }
                    self.is_known = true;
                    self.message(&message, out);
                }
                _ if message.length > MAX_MESSAGE => *message = Message::default(),
                _ => message.take(octet),
            }
        }
        Step { used: bytes.len(), next: Next::More(1) }
    }

    fn gap(&mut self, context: &Context, _lost: u64, _out: &mut dyn Sink) -> Next {
        if let Some(message) = self.ways.get_mut(context.lane()) {
            *message = Message::default();
        }
        Next::More(1)
    }

    fn end(&mut self, _context: &Context, out: &mut dyn Sink) {
        self.counts.flush(&PHI, out);
    }
}

impl Talk {
    fn message(&mut self, message: &Message, out: &mut dyn Sink) {
        if message.kind == ESC {
            let what = match message.command {
                0x23..=0x2E => "reading of values, settings and alarms",
                0x51 => "start of communication",
                0x6C | 0x6D => "reading of trends",
                0x49 => "time changed",
                0x4A => "configuration of answers",
                0x53 | 0x54 => "reading of curves",
                _ => return,
            };
            if self.said.once((OPERATION.id, what)) {
                out.conversation(&OPERATION, what);
            }
            return;
        }
        match message.command {
            IDENTIFY => self.identification(message.kept.get(..message.kept_len).unwrap_or_default(), out),
            // Two digits of a code and four of a value each; dates and texts of the device are of no person.
            0x23..=0x27 | 0x29 | 0x2B..=0x2E | 0x6D => {
                let values = message.length.saturating_sub(2) / 6;
                (0..values.min(64)).for_each(|_| self.counts.count(P::Clinical));
                self.counts.message(&PHI, out);
            }
            _ => {}
        }
    }

    /// `8056'Primus'04.53:04.03`: number, name, revision of the device and of the protocol.
    fn identification(&mut self, text: &[u8], out: &mut dyn Sink) {
        let mut parts = text.splitn(3, |b| *b == b'\'');
        let (Some(_number), Some(name), Some(revisions)) = (parts.next(), parts.next(), parts.next()) else { return };
        if name.trim_ascii().is_empty() || !self.said.once((MODEL.id, text)) {
            return;
        }
        out.sender(&TYPE, b"MEDIBUS device");
        out.sender(&MODEL, name.trim_ascii());
        let mut revisions = revisions.splitn(2, |b| *b == b':').map(<[u8]>::trim_ascii);
        let is_revision = |text: &&[u8]| (3..=8).contains(&text.len()) && text.iter().all(|b| b.is_ascii_digit() || *b == b'.');
        if let Some(own) = revisions.next().filter(is_revision) {
            out.sender(&REVISION, own);
        }
        if let Some(bus) = revisions.next().filter(is_revision).and_then(|text| std::str::from_utf8(text).ok()) {
            out.conversation(&VERSION, &format!("MEDIBUS {bus}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, streams_any_chunk};
    use crate::protocol::Direction::{ToClient, ToServer};

    fn message(kind: u8, text: &str) -> Vec<u8> {
        let mut bytes = [&[kind][..], text.as_bytes()].concat();
        let sum = bytes.iter().fold(0_u8, |sum, b| sum.wrapping_add(*b));
        bytes.extend(format!("{sum:02X}\r").bytes());
        bytes
    }

    #[test]
    fn a_ventilator_says_what_it_is() {
        let start = message(ESC, "Q");
        assert_eq!(start, b"\x1bQ6C\r");
        let ask = message(ESC, "R");
        let told = message(SOH, "R8056'Primus'04.53:04.03");
        // Real-time data stand in the midst of the answer.
        let values = message(SOH, "$0612.1 0745  ");
        let mixed = [&values[..3], &[0x80, 0xd0, 0xff], &values[3..]].concat();
        let lines = streams_any_chunk(
            &Medibus,
            4001,
            &[(ToServer, &start), (ToServer, &ask), (ToClient, &told), (ToServer, &message(ESC, "$")), (ToClient, &mixed)],
        );
        assert_eq!(
            lines.lines,
            [
                "conversation medibus.command start of communication",
                "sender medibus.identification MEDIBUS device",
                "sender medibus.name Primus",
                "sender medibus.revision 04.53",
                "conversation medibus.version MEDIBUS 04.03",
                "conversation medibus.command reading of values, settings and alarms",
                "conversation medibus.values 2",
            ]
        );
    }

    #[test]
    fn probes() {
        let at = context(ToServer, 4001, 0);
        assert_eq!(Medibus.probe(&at, b"\x1bQ6C\r"), Verdict::Certain);
        assert_eq!(Medibus.probe(&at, b"\x1bQ6"), Verdict::Unsure);
        for wrong in [&b"\x1bQ6D\r"[..], b"\x1b\x1b", b"\x01\0\0\x02", b"\x1b[0m\x1b", b"Q6C\r", b"\x1b\r", b""] {
            assert_eq!(Medibus.probe(&at, wrong), Verdict::No, "{wrong:?}");
        }
        assert_eq!(Medibus.probe(&at, &[&[ESC][..], &[b'x'; 200]].concat()), Verdict::No);
    }

    #[test]
    fn any_cut_and_any_octet() {
        let told = message(SOH, "R8056'Primus'04.53:04.03");
        for end in 0..told.len() {
            let _ = streams_any_chunk(&Medibus, 4001, &[(ToClient, &told[..end])]);
        }
        let all: Vec<u8> = (0..=255).cycle().take(3000).collect();
        let _ = streams_any_chunk(&Medibus, 4001, &[(ToClient, &told), (ToClient, &all)]);
        assert_eq!(streams_any_chunk(&Medibus, 4001, &[(ToClient, b"\x01R8056'Primus'04.53:04.0300\r")]).lines, [""; 0]);
    }
}
