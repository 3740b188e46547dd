//! Raw printing on port 9100 ("JetDirect"): what the printer answers of itself in PJL, or in ZPL. Jobs are not read.

use model::FactKind;

use crate::fact::{Field, Sink};
use crate::lines::{Line, Once, next_line};
use crate::protocol::{Context, Direction, Hint, Info, Next, Protocol, Session, Step, Verdict};

/// Raw printing.
pub struct Jetdirect;

static INFO: Info = Info {
    id: "jetdirect",
    name: "Raw printing (JetDirect)",
    doc: "Bytes sent to a printer as they are, port 9100: reports, labels and wristbands with patients' names, in the clear. \
          A printer that is asked in PJL (`@PJL INFO ID`) or ZPL (`~HI`) says its model.",
    hints: &[Hint::Tcp(9100), Hint::Tcp(9101), Hint::Tcp(9102), Hint::Tcp(6101), Hint::AnyTcp],
};

static MODEL: Field = Field::new("jetdirect.info-id", "PJL INFO ID or ZPL ~HI", FactKind::Model);
static FIRMWARE: Field = Field::new("jetdirect.hi-version", "ZPL ~HI version", FactKind::Firmware);
static OPERATION: Field = Field::new("jetdirect.language", "language of a print job", FactKind::Operation);

/// The universal exit, which begins and ends PJL.
const UEL: &[u8] = b"\x1b%-12345X";

/// How jobs in a language begin, and what is said of them.
const LANGUAGES: &[(&[u8], &str)] = &[
    (UEL, "print job in PJL"),
    (b"@PJL", "print job in PJL"),
    (b"\x1bE", "print job in PCL"),
    (b"%!PS", "print job in PostScript"),
    (b"%PDF-", "print job in PDF"),
    (b"^XA", "print job in ZPL"),
    (b"~H", "printer query in ZPL"),
    (b"~J", "printer command in ZPL"),
    (b"\x1b@", "print job in ESC/P"),
];

impl Protocol for Jetdirect {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, context: &Context, head: &[u8]) -> Verdict {
        if head.starts_with(UEL) || head.starts_with(b"@PJL ") {
            return Verdict::Certain;
        }
        let is_usual = INFO.hints.iter().any(|hint| matches!(hint, Hint::Tcp(port) if context.on_port(*port)));
        let begins = |(start, _): &(&[u8], &str)| head.starts_with(start) || start.starts_with(head);
        if is_usual && !head.is_empty() && LANGUAGES.iter().any(begins) { Verdict::Unsure } else { Verdict::No }
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Some(Box::<Printing>::default())
    }
}

#[derive(Default)]
struct Printing {
    once: Once,
    /// The printer's next line is its name.
    name_follows: bool,
    lines: u8,
}

impl Session for Printing {
    fn data(&mut self, context: &Context, bytes: &[u8], out: &mut dyn Sink) -> Step {
        match context.direction {
            Direction::ToServer => self.job(bytes, out),
            Direction::ToClient => match zpl(bytes) {
                Some((answer, used)) => {
                    self.host_identification(answer, out);
                    Step { used, next: Next::More(1) }
                }
                None => match next_line(bytes) {
                    Line::Wait(step) => step,
                    Line::Whole(line, used) => Step { used, next: self.answer(line, out) },
                },
            },
        }
    }
}

/// An answer between STX and ETX.
fn zpl(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let start = bytes.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
    let rest = bytes.get(start..)?.strip_prefix(b"\x02")?;
    let end = memchr::memchr(3, rest.get(..256).unwrap_or(rest))?;
    Some((rest.get(..end)?, end.saturating_add(start).saturating_add(2)))
}

impl Printing {
    /// The first bytes tell the language; the rest is what is printed.
    fn job(&mut self, bytes: &[u8], out: &mut dyn Sink) -> Step {
        if bytes.len() < 5 && !bytes.contains(&b'\n') {
            return Step { used: 0, next: Next::More(5) };
        }
        if let Some((_, words)) = LANGUAGES.iter().find(|(start, _)| bytes.starts_with(start.get(..5).unwrap_or(start))) {
            self.once.conversation(&OPERATION, words, out);
        }
        Step { used: bytes.len(), next: Next::Stop }
    }

    /// `@PJL INFO ID`, then the name in quotes, then a form feed.
    fn answer(&mut self, line: &[u8], out: &mut dyn Sink) -> Next {
        let line = line.trim_ascii();
        if line.eq_ignore_ascii_case(b"@PJL INFO ID") {
            self.name_follows = true;
        } else if std::mem::take(&mut self.name_follows) {
            let name = line.strip_prefix(b"\"").unwrap_or(line);
            let name = name.strip_suffix(b"\"").unwrap_or(name);
            if (2..=80).contains(&name.len()) && !name.starts_with(b"@PJL") {
                self.once.sender(&MODEL, name, out);
            }
        }
        self.lines = self.lines.saturating_add(1);
        if self.lines == u8::MAX { Next::Stop } else { Next::More(1) }
    }

    /// `ZT230-200dpi,V72.19.8Z,8,8192KB`.
    fn host_identification(&mut self, answer: &[u8], out: &mut dyn Sink) {
        let mut parts = answer.split(|b| *b == b',');
        let (Some(model), Some(version), Some(_)) = (parts.next(), parts.next(), parts.next()) else { return };
        if version.starts_with(b"V") && (3..=40).contains(&model.len()) && version.len() <= 20 {
            self.once.sender(&MODEL, model.trim_ascii(), out);
            self.once.sender(&FIRMWARE, version.trim_ascii(), out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, streams, streams_any_chunk};
    use crate::protocol::Direction::{ToClient, ToServer};

    #[test]
    fn a_printer_says_its_model() {
        let lines = streams_any_chunk(
            &Jetdirect,
            9100,
            &[
                (ToServer, b"\x1b%-12345X@PJL JOB NAME=\"Doe\"\r\n@PJL INFO ID\r\n"),
                (ToClient, b"@PJL INFO ID\r\n\"Acme LaserJet 4\"\r\n\x0c@PJL USTATUS JOB\r\nNAME=\"Doe\"\r\n"),
            ],
        );
        assert_eq!(lines.lines, ["conversation jetdirect.language print job in PJL", "sender jetdirect.info-id Acme LaserJet 4"]);
    }

    #[test]
    fn a_label_printer_says_its_model() {
        let lines = streams_any_chunk(
            &Jetdirect,
            9100,
            &[(ToServer, b"~HI\r\n"), (ToClient, b"\x02ZT230-200dpi,V72.19.8Z,8,8192KB\x03\r\n")],
        );
        assert_eq!(
            lines.lines,
            [
                "conversation jetdirect.language printer query in ZPL",
                "sender jetdirect.info-id ZT230-200dpi",
                "sender jetdirect.hi-version V72.19.8Z",
            ]
        );
    }

    #[test]
    fn beginnings_decide() {
        let ask = |port, bytes: &[u8]| Jetdirect.probe(&context(ToServer, port, bytes.len()), bytes);
        assert_eq!(ask(1, b"\x1b%-12345X@PJL"), Verdict::Certain);
        assert_eq!(ask(9100, b"^XA^FO"), Verdict::Unsure);
        assert_eq!(ask(1, b"^XA^FO"), Verdict::No);
        assert_eq!(ask(9100, b"GET /metrics HTTP/1.1\r\n"), Verdict::No);
        assert_eq!(ask(9100, b""), Verdict::No);
    }

    #[test]
    fn truncated_anywhere_is_no_harm() {
        let whole = b"\r\n\x02a,V1,b\x03@PJL INFO ID\r\n\"x\"\r\n";
        for end in 0..whole.len() {
            let _ = streams(&Jetdirect, 9100, &[(ToClient, &whole[..end]), (ToServer, &whole[..end])], 3);
        }
    }
}
