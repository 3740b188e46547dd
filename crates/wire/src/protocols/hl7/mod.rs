//! HL7 version 2: monitors, pumps, analysers and gateways to the systems that keep records.

mod facts;
mod fields;
mod phi;
mod segment;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use self::facts::Speaker;
use self::segment::{Delimiters, Segment};
use crate::fact::Sink;
use crate::protocol::{Context, Hint, Info, Next, Protocol, Session, Step, Verdict};
use crate::said::{PhiCounts, Said};

/// HL7 v2 over MLLP, or without it.
pub struct Hl7;

static INFO: Info = Info {
    id: "hl7",
    name: "HL7 v2",
    doc: "Admissions, orders and results between bedside devices, gateways, laboratories and record systems, framed by MLLP (HL7 \
          v2.5.1 Appendix C of the implementation guide: 0B … 1C 0D) or sent bare. Read are the applications on both sides, their \
          software (MSH, SFT), clocks and message types, and the devices that messages report: EUI-64, UDI and serial numbers \
          (OBX-18, PRT-10 to -22, EQU, IHE PCD-01). Fields that belong to a person are counted by kind and their values let go. \
          HL7 v2 has no encryption or log-in of its own, so that these messages are usually open to all on the path.",
    hints: &[
        Hint::Tcp(2575),
        Hint::Tcp(6661),
        Hint::Tcp(6660),
        Hint::Tcp(2576),
        Hint::Tcp(5000),
        Hint::Tcp(7777),
        Hint::Tcp(3200),
        Hint::Tcp(10_000),
        Hint::AnyTcp,
    ],
};

impl Protocol for Hl7 {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, head: &[u8]) -> Verdict {
        let (encoding, _, rest) = begin(head);
        let mut narrow = [0; 12];
        let mut count = 0;
        for (to, from) in narrow.iter_mut().zip(encoding.units(rest)) {
            *to = from;
            count += 1;
        }
        let text = narrow.get(..count).unwrap_or_default();
        if text.len() < 9 {
            let is_header = [b"MSH", b"FHS", b"BHS"].iter().any(|id| text.iter().zip(id.iter()).all(|(a, b)| a == b));
            // Bytes may end within a UTF-16 unit; a single capital is too little to be asked again for.
            return if is_header && (text.len() > 1 || head.first() == Some(&START)) { Verdict::Unsure } else { Verdict::No };
        }
        if Delimiters::is_header(text) {
            let rest_is_delimited = text.get(3).is_some_and(|field| text.iter().skip(4).any(|b| b == field));
            return if Delimiters::read(text).is_some() && rest_is_delimited { Verdict::Certain } else { Verdict::No };
        }
        if is_known_segment(text) { Verdict::Unsure } else { Verdict::No }
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Some(Box::new(Conversation {
            ways: Default::default(),
            first: None,
            is_known: false,
            said: Said::new(MAX_SAID),
            counts: PhiCounts::default(),
        }))
    }
}

/// MLLP start of block, end of block.
const START: u8 = 0x0B;
const END: u8 = 0x1C;
/// Start block, byte order mark and the name and delimiter of a header in UTF-16.
const LONGEST_FRONT: usize = 11;
/// What of a segment is kept together: waveforms of bedside monitors fit, embedded documents are cut.
const MAX_SEGMENT: usize = 32 * 1024;
/// Statements that are remembered of one connection: a gateway may report a few hundred devices.
const MAX_SAID: usize = 1024;

/// A message met in its midst is known by the segment that comes next.
fn is_known_segment(text: &[u8]) -> bool {
    const KNOWN: [&[u8; 4]; 22] = [
        b"AL1|", b"DG1|", b"EQU|", b"ERR|", b"EVN|", b"GT1|", b"IN1|", b"MSA|", b"NK1|", b"NTE|", b"OBR|", b"OBX|", b"ORC|",
        b"PD1|", b"PID|", b"PRT|", b"PV1|", b"PV2|", b"QPD|", b"RXA|", b"SFT|", b"SPM|",
    ];
    text.first_chunk().is_some_and(|front| KNOWN.contains(&front))
}

/// How characters are written. Names and delimiters are ASCII in every charset that HL7 allows (table 0211) but UTF-16.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Encoding {
    /// ASCII or anything that contains it.
    #[default]
    Narrow,
    Utf16Little,
    Utf16Big,
}

impl Encoding {
    const fn unit(self) -> usize {
        match self {
            Self::Narrow => 1,
            Self::Utf16Little | Self::Utf16Big => 2,
        }
    }

    /// Characters below U+0100 as octets, others as 0xFF, which is no delimiter in use; a unit that is not whole is left out.
    fn units(self, bytes: &[u8]) -> impl Iterator<Item = u8> {
        bytes.chunks_exact(self.unit()).map(move |unit| match (self, unit) {
            (Self::Utf16Little, [low, 0]) | (Self::Utf16Big, [0, low]) => *low,
            (Self::Narrow, [octet]) => *octet,
            _ => 0xFF,
        })
    }
}

/// Start block, byte order mark, and how what follows is written: the encoding, how long the front is, and the rest.
fn begin(bytes: &[u8]) -> (Encoding, usize, &[u8]) {
    let body = bytes.strip_prefix(&[START]).unwrap_or(bytes);
    let (encoding, body) = match body {
        [0xFF, 0xFE, rest @ ..] => (Encoding::Utf16Little, rest),
        [0xFE, 0xFF, rest @ ..] => (Encoding::Utf16Big, rest),
        [0xEF, 0xBB, 0xBF, rest @ ..] => (Encoding::Narrow, rest),
        [b'M' | b'F' | b'B', 0, ..] => (Encoding::Utf16Little, body),
        [0, b'M' | b'F' | b'B', ..] => (Encoding::Utf16Big, body),
        _ => (Encoding::Narrow, body),
    };
    (encoding, bytes.len().saturating_sub(body.len()), body)
}

/// Both directions of a connection.
struct Conversation {
    ways: [Way; 2],
    /// Whose way is the first. By address, for the direction may turn out otherwise than it was first thought.
    first: Option<(Option<IpAddr>, u16)>,
    is_known: bool,
    said: Said,
    counts: PhiCounts,
}

/// One direction.
#[derive(Default)]
struct Way {
    stage: Stage,
    encoding: Encoding,
    delimiters: Delimiters,
    /// How far the segment under way was searched for its end.
    searched: usize,
    /// Segments of the message so far.
    segments: u32,
    /// MSH-3, hashed.
    application: u64,
}

/// What stands at the front.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// Between messages.
    #[default]
    Between,
    /// A segment of a message.
    Segment,
    /// The rest of a segment that was too long, or of what was met after a gap.
    Rest,
}

/// Where a segment ends and by what.
enum End {
    /// At the line end.
    Segment(usize),
    /// At the end of the message.
    Message(usize),
    /// Not in these bytes, which were searched so far.
    NotYet(usize),
}

impl Session for Conversation {
    fn data(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        let here = (context.src, context.src_port);
        let side = usize::from(*self.first.get_or_insert(here) != here);
        let mut used = 0;
        let next = loop {
            let rest = bytes.get(used..).unwrap_or_default();
            if rest.is_empty() {
                break Next::More(1);
            }
            // Each round uses bytes or ends.
            match self.step(side, rest, out) {
                Ok(count) => used = used.saturating_add(count).min(bytes.len()),
                Err(next) => break next,
            }
        };
        Step { used, next }
    }

    fn gap(&mut self, context: &Context, _lost: u64, _out: &mut dyn Sink) -> Next {
        let here = (context.src, context.src_port);
        let side = usize::from(*self.first.get_or_insert(here) != here);
        let way = self.way(side);
        way.stage = Stage::Rest;
        way.searched = 0;
        Next::More(1)
    }

    fn end(&mut self, _context: &Context, out: &mut dyn Sink) {
        self.counts.flush(&fields::PHI, out);
    }
}

impl Conversation {
    fn way(&mut self, side: usize) -> &mut Way {
        let [first, second] = &mut self.ways;
        if side == 0 { first } else { second }
    }

    /// How many bytes were used, or what is wanted.
    fn step(&mut self, side: usize, bytes: &[u8], out: &mut dyn Sink) -> Result<usize, Next> {
        match self.way(side).stage {
            Stage::Between => self.between(side, bytes, out),
            Stage::Segment => self.segment(side, bytes, out),
            Stage::Rest => self.rest(side, bytes, out),
        }
    }

    /// A message begins, or what stands between two of them.
    fn between(&mut self, side: usize, bytes: &[u8], out: &mut dyn Sink) -> Result<usize, Next> {
        let idle = bytes.iter().take_while(|b| matches!(**b, b'\r' | b'\n' | b' ' | END)).count();
        if idle > 0 {
            return Ok(idle);
        }
        if bytes.len() < LONGEST_FRONT && !bytes.contains(&b'\r') && !bytes.contains(&END) {
            return Err(Next::More(bytes.len().saturating_add(1)));
        }
        let (encoding, front, rest) = begin(bytes);
        // Acknowledged and not, as MLLP release 2 has it.
        if matches!(rest, [0x06 | 0x15, b'\r' | END, ..]) {
            return Ok(front.saturating_add(1));
        }
        let mut name = [0; 4];
        for (to, from) in name.iter_mut().zip(encoding.units(rest)) {
            *to = from;
        }
        if !Delimiters::is_header(&name) && !is_known_segment(&name) {
            if !self.is_known {
                return Err(Next::NotMine);
            }
            out.malformed("text between HL7 messages");
            self.way(side).stage = Stage::Rest;
            return Ok(front.max(1).min(bytes.len()));
        }
        self.is_known = true;
        let way = self.way(side);
        *way = Way { stage: Stage::Segment, encoding, application: way.application, ..Way::default() };
        if front == 0 { self.segment(side, bytes, out) } else { Ok(front) }
    }

    fn segment(&mut self, side: usize, bytes: &[u8], out: &mut dyn Sink) -> Result<usize, Next> {
        let way = self.way(side);
        match find_end(bytes, way.encoding, way.searched) {
            End::Segment(end) => {
                self.read(side, bytes.get(..end).unwrap_or_default(), out);
                Ok(end.saturating_add(self.way(side).encoding.unit()))
            }
            End::Message(end) => {
                self.read(side, bytes.get(..end).unwrap_or_default(), out);
                self.end_of_message(side, out);
                Ok(end.saturating_add(1))
            }
            End::NotYet(_) if bytes.len() >= MAX_SEGMENT => {
                // What it holds of persons is counted by what was seen; the rest is let go up to the next line end.
                self.read(side, bytes, out);
                let way = self.way(side);
                way.stage = Stage::Rest;
                Ok(bytes.len() / way.encoding.unit() * way.encoding.unit())
            }
            End::NotYet(searched) => {
                way.searched = searched;
                Err(Next::More(bytes.len().saturating_add(1)))
            }
        }
    }

    /// Up to the next line end or the end of the message.
    fn rest(&mut self, side: usize, bytes: &[u8], out: &mut dyn Sink) -> Result<usize, Next> {
        let way = self.way(side);
        let unit = way.encoding.unit();
        match find_end(bytes, way.encoding, 0) {
            End::Segment(end) => {
                way.stage = Stage::Segment;
                Ok(end.saturating_add(unit))
            }
            End::Message(end) => {
                self.end_of_message(side, out);
                Ok(end.saturating_add(1))
            }
            End::NotYet(0) => Err(Next::More(unit)),
            End::NotYet(searched) => Ok(searched),
        }
    }

    fn end_of_message(&mut self, side: usize, out: &mut dyn Sink) {
        let way = self.way(side);
        *way = Way { application: way.application, ..Way::default() };
        if std::mem::take(&mut self.way(side).segments) > 0 || self.is_known {
            self.counts.message(&fields::PHI, out);
        }
    }

    /// One segment, whole or its front.
    fn read(&mut self, side: usize, bytes: &[u8], out: &mut dyn Sink) {
        self.way(side).searched = 0;
        if self.way(side).encoding == Encoding::Narrow {
            self.read_narrow(side, bytes, out);
        } else {
            let narrow: Vec<u8> = self.way(side).encoding.units(bytes).collect();
            self.read_narrow(side, &narrow, out);
        }
    }

    fn read_narrow(&mut self, side: usize, bytes: &[u8], out: &mut dyn Sink) {
        let bytes = bytes.trim_ascii_start();
        let bytes = bytes.strip_prefix(&[START]).unwrap_or(bytes);
        if bytes.is_empty() {
            return;
        }
        if Delimiters::is_header(bytes) {
            // Senders without MLLP have nothing else between two messages.
            if self.way(side).segments > 0 {
                self.counts.message(&fields::PHI, out);
            }
            let Some(delimiters) = Delimiters::read(bytes) else {
                return out.malformed("HL7 delimiters (MSH-1, MSH-2)");
            };
            let way = self.way(side);
            way.delimiters = delimiters;
            way.segments = 0;
        }
        let Some(segment) = Segment::new(bytes, self.way(side).delimiters) else {
            // A line break inside of a field: free text goes on.
            return out.malformed("HL7 line that is no segment (v2.5.1 §2.5.1)");
        };
        let other_application = self.way(1_usize.saturating_sub(side)).application;
        let way = self.way(side);
        way.segments = way.segments.saturating_add(1);
        if segment.id() == *b"MSH" {
            way.application = facts::application_hash(&segment);
        }
        Speaker { side, said: &mut self.said, out, other_application }.segment(&segment);
        if !(segment.id() == *b"OBX" && facts::is_about_device(&segment)) {
            phi::count(&segment, &mut self.counts);
        }
    }
}

/// Looks for the end of a segment from `from` on.
fn find_end(bytes: &[u8], encoding: Encoding, from: usize) -> End {
    let rest = bytes.get(from..).unwrap_or_default();
    if encoding == Encoding::Narrow {
        return match memchr::memchr3(b'\r', b'\n', END, rest) {
            Some(at) if rest.get(at) == Some(&END) => End::Message(from.saturating_add(at)),
            Some(at) => End::Segment(from.saturating_add(at)),
            None => End::NotYet(bytes.len()),
        };
    }
    for (at, unit) in rest.chunks_exact(2).enumerate() {
        let at = from.saturating_add(at.saturating_mul(2));
        match unit {
            // The frame's own octets are not widened.
            [END, b'\r'] => return End::Message(at),
            _ if matches!(encoding.units(unit).next(), Some(b'\r' | b'\n')) => return End::Segment(at),
            _ => {}
        }
    }
    End::NotYet(from.saturating_add(rest.len() / 2 * 2))
}
