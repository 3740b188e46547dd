//! IPP (RFC 8010, RFC 8011) over HTTP: what the printer says it is. Job and user names never leave the decoder.

use model::FactKind;

use crate::bytes::Cursor;
use crate::fact::{Field, Sink};
use crate::lines::Once;
use crate::protocol::{Context, Hint, Info, Protocol, Session, Verdict};

use super::http::{self, Service, Web};

/// IPP.
pub struct Ipp;

static INFO: Info = Info {
    id: "ipp",
    name: "IPP",
    doc: "Printing over HTTP (RFC 8010, RFC 8011). A printer states its make, model, serial and firmware among its \
          attributes. What is printed in a clinic names patients, and is in the clear here; only operations are said.",
    hints: &[Hint::Tcp(631), Hint::AnyTcp],
};

impl Protocol for Ipp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    /// HTTP on the port of printing, or with the media type of printing in its head.
    fn probe(&self, context: &Context, head: &[u8]) -> Verdict {
        match http::probe(head) {
            Verdict::Certain if context.on_port(631) => Verdict::Certain,
            Verdict::Unsure if context.on_port(631) => Verdict::Unsure,
            _ => Verdict::No,
        }
    }

    fn session(&self) -> Option<Box<dyn Session>> {
        Some(Box::new(Web::new(Service::Ipp)))
    }
}

static OPERATION: Field = Field::new("ipp.operation", "IPP operation", FactKind::Operation);
static MAKE_AND_MODEL: Field = Field::new("ipp.printer-make-and-model", "IPP printer-make-and-model", FactKind::Model);
static FIRMWARE: Field =
    Field::new("ipp.printer-firmware-string-version", "IPP printer-firmware-string-version", FactKind::Firmware);
static UUID: Field = Field::new("ipp.printer-uuid", "IPP printer-uuid", FactKind::Uuid);
static LOCATION: Field = Field::new("ipp.printer-location", "IPP printer-location", FactKind::Location);
static DEVICE_ID: Field = Field::new("ipp.printer-device-id", "IPP printer-device-id", FactKind::ProductName);

/// Reads the beginning of an `application/ipp` body.
pub(super) fn body(bytes: &[u8], once: &mut Once, out: &mut dyn Sink) {
    let mut cursor = Cursor::new(bytes);
    let Some([1 | 2, _]) = cursor.array() else {
        return;
    };
    let Some(code) = cursor.u16() else { return };
    if let Some(operation) = operation(code) {
        once.conversation(&OPERATION, operation, out);
    }
    let _ = cursor.u32();
    // Attributes of the printer alone (group tag 4); a job's (2) hold names. Each turn uses at least an octet.
    let mut in_printer = false;
    while let Some(tag) = cursor.u8() {
        match tag {
            3 => return,
            0..=15 => in_printer = tag == 4,
            _ => match attribute(&mut cursor) {
                Some((name, value)) if in_printer => printer(name, value, once, out),
                Some(_) => {}
                None => return,
            },
        }
    }
}

fn attribute<'a>(cursor: &mut Cursor<'a>) -> Option<(&'a [u8], &'a [u8])> {
    let name = cursor.u16()?;
    let name = cursor.take(usize::from(name))?;
    let value = cursor.u16()?;
    Some((name, cursor.take(usize::from(value))?))
}

fn printer(name: &[u8], value: &[u8], once: &mut Once, out: &mut dyn Sink) {
    let field = match name {
        b"printer-make-and-model" => &MAKE_AND_MODEL,
        b"printer-firmware-string-version" => &FIRMWARE,
        b"printer-uuid" => &UUID,
        b"printer-location" => &LOCATION,
        b"printer-device-id" => &DEVICE_ID,
        _ => return,
    };
    once.sender(field, value.strip_prefix(b"urn:uuid:").unwrap_or(value), out);
}

/// Operations that tell of use (RFC 8011 §5.4.15); statuses of responses share the numbers below 3 only with none.
const fn operation(code: u16) -> Option<&'static str> {
    Some(match code {
        0x0002 => "Print-Job",
        0x0004 => "Validate-Job",
        0x0005 => "Create-Job",
        0x0006 => "Send-Document",
        0x0008 => "Cancel-Job",
        0x0009 => "Get-Job-Attributes",
        0x000a => "Get-Jobs",
        0x000b => "Get-Printer-Attributes",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, streams_any_chunk};
    use crate::protocol::Direction::{ToClient, ToServer};

    fn message(code: u16, group: u8, attributes: &[(&str, &str)]) -> Vec<u8> {
        let mut ipp = vec![1, 1];
        ipp.extend(code.to_be_bytes());
        ipp.extend([0, 0, 0, 1, group]);
        for (name, value) in attributes {
            ipp.push(0x41);
            ipp.extend(u16::try_from(name.len()).unwrap().to_be_bytes());
            ipp.extend(name.as_bytes());
            ipp.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
            ipp.extend(value.as_bytes());
        }
        ipp.push(3);
        ipp
    }

    fn with_head(start: &str, body: &[u8]) -> Vec<u8> {
        let mut all = format!("{start}\r\nContent-Type: application/ipp\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
        all.extend(body);
        all
    }

    #[test]
    fn a_printer_says_what_it_is() {
        let request = with_head("POST / HTTP/1.1", &message(0x0b, 1, &[("requesting-user-name", "jane")]));
        let attributes =
            [("printer-make-and-model", "Acme P1"), ("printer-firmware-string-version", "7.1"), ("printer-name", "x")];
        let response = with_head("HTTP/1.1 200 OK", &message(0, 4, &attributes));
        assert_eq!(
            streams_any_chunk(&Ipp, 631, &[(ToServer, &request), (ToClient, &response)]).lines,
            [
                "conversation http.content-type application/ipp",
                "conversation ipp.operation Get-Printer-Attributes",
                "sender ipp.printer-make-and-model Acme P1",
                "sender ipp.printer-firmware-string-version 7.1",
            ]
        );
    }

    #[test]
    fn names_in_jobs_stay_inside() {
        let response = with_head("HTTP/1.1 200 OK", &message(0, 2, &[("job-name", "jane"), ("printer-location", "jane")]));
        let lines = streams_any_chunk(&Ipp, 631, &[(ToClient, &response)]);
        assert_eq!(lines.lines, ["conversation http.content-type application/ipp"]);
    }

    #[test]
    fn only_http_on_the_port_of_printing() {
        let get = b"GET / HTTP/1.1\r\n";
        assert_eq!(Ipp.probe(&context(ToServer, 631, 0), get), Verdict::Certain);
        assert_eq!(Ipp.probe(&context(ToServer, 80, 0), get), Verdict::No);
        assert_eq!(Ipp.probe(&context(ToServer, 631, 0), b"\x16\x03\x01"), Verdict::No);
    }

    #[test]
    fn truncated_anywhere_is_no_harm() {
        let whole = message(0, 4, &[("printer-uuid", "urn:uuid:1")]);
        for end in 0..whole.len() {
            let mut lines = crate::harness::Lines::default();
            body(&whole[..end], &mut Once::default(), &mut lines);
        }
    }
}
