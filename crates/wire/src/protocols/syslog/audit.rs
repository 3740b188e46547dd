//! Audit messages of clinical systems in syslog: the schema of DICOM PS3.15 §A.5, formerly RFC 3881, as IHE ATNA (ITI-20) sends them.
//!
//! Read are which system writes, of what sort it is, what kind of event took place, and under which AE titles and addresses systems took
//! part. Users and patients are never told; patients are counted.

use std::net::IpAddr;

use model::{FactKind as K, PhiKind as P};

use crate::fact::{About, Field, Sink, Value};
use crate::said::{PhiCounts, PhiFields, Said};
use crate::xml::{Event, Scanner, attribute, unescape};

macro_rules! fields {
    ($($name:ident = $id:literal, $label:literal, $kind:expr;)*) => {
        $(static $name: Field = Field::new($id, $label, $kind);)*
    };
}

fields! {
    SOURCE = "syslog.audit.source", "Audit source (AuditSourceID)", K::StationName;
    SITE = "syslog.audit.site", "Audit enterprise site (AuditEnterpriseSiteID)", K::Location;
    TYPE = "syslog.audit.source-type", "Audit source type (AuditSourceTypeCode)", K::DeviceType;
    EVENT = "syslog.audit.event", "Audit event (EventID)", K::Operation;
    AE_TITLE = "syslog.audit.ae-title", "AE title of a participant (AlternativeUserID)", K::AeTitle;
    PHI_NAME = "syslog.audit.patient-name", "Audit: patient's name (ParticipantObjectName)", K::Phi(P::Name);
    PHI_IDENTIFIER = "syslog.audit.patient-id", "Audit: patient's number (ParticipantObjectID)", K::Phi(P::Identifier);
    PHI_BIRTH = "syslog.audit.birth", "Audit: date of birth", K::Phi(P::BirthDate);
    PHI_CONTACT = "syslog.audit.contact", "Audit: contact", K::Phi(P::Contact);
    PHI_TRAIT = "syslog.audit.traits", "Audit: traits of a patient", K::Phi(P::Demographic);
    PHI_ORDER = "syslog.audit.study", "Audit: study or order (ParticipantObjectID)", K::Phi(P::OrderNumber);
    PHI_CLINICAL = "syslog.audit.clinical", "Audit: clinical content", K::Phi(P::Clinical);
    PHI_DOCUMENT = "syslog.audit.document", "Audit: document", K::Phi(P::Document);
    PHI_TEXT = "syslog.audit.query", "Audit: query (ParticipantObjectQuery)", K::Phi(P::FreeText);
}

static PHI: PhiFields =
    [&PHI_NAME, &PHI_IDENTIFIER, &PHI_BIRTH, &PHI_CONTACT, &PHI_TRAIT, &PHI_ORDER, &PHI_CLINICAL, &PHI_DOCUMENT, &PHI_TEXT];

/// Events (DICOM PS3.16 CID 400).
const EVENTS: &[(&[u8], &str)] = &[
    (b"110100", "audit: application activity"),
    (b"110101", "audit: audit log used"),
    (b"110102", "audit: transfer of instances begun"),
    (b"110103", "audit: instances accessed"),
    (b"110104", "audit: instances transferred"),
    (b"110105", "audit: study deleted"),
    (b"110106", "audit: export"),
    (b"110107", "audit: import"),
    (b"110108", "audit: network entry"),
    (b"110109", "audit: order record"),
    (b"110110", "audit: patient record"),
    (b"110111", "audit: procedure record"),
    (b"110112", "audit: query"),
    (b"110113", "audit: security alert"),
    (b"110114", "audit: user authentication"),
];

/// Sorts of sources (DICOM PS3.15 §A.5.1, `AuditSourceTypeCode`).
const SOURCES: &[(&[u8], &[u8])] = &[
    (b"1", b"audit source: end-user interface"),
    (b"2", b"audit source: data acquisition device"),
    (b"3", b"audit source: web server"),
    (b"4", b"audit source: application server"),
    (b"5", b"audit source: database server"),
    (b"6", b"audit source: security server"),
];

/// The longest message that is read, and the most participants of it.
pub(super) const MAX_AUDIT: usize = 32 * 1024;
const MAX_PARTICIPANTS: usize = 16;
const MAX_SAID: usize = 128;

/// Where the audit message begins in a syslog message, if it is one: behind the header, a byte order mark or a declaration.
pub(super) fn find(message: &[u8]) -> Option<&[u8]> {
    let starts = memchr::memchr_iter(b'<', message).skip(1).take(4);
    let mut bodies = starts.filter_map(|at| message.get(at..));
    bodies.find(|body| body.starts_with(b"<AuditMessage") || body.starts_with(b"<?xml"))
}

/// What one flow's audit messages said so far.
pub(super) struct Audit {
    said: Said,
    counts: PhiCounts,
}

impl Default for Audit {
    fn default() -> Self {
        Self { said: Said::new(MAX_SAID), counts: PhiCounts::default() }
    }
}

impl Audit {
    /// Reads a message. `is_own`: the sender writes it itself and passes on nobody else's.
    pub(super) fn message(&mut self, body: &[u8], is_own: bool, out: &mut dyn Sink) {
        let mut of_patient = false;
        let mut participants = 0_usize;
        let mut leaf: &[u8] = b"";
        for event in Scanner::new(body) {
            match event {
                Event::Open(name, attributes) => {
                    leaf = name;
                    match name {
                        b"EventID" => self.event(attributes, out),
                        b"ActiveParticipant" if participants < MAX_PARTICIPANTS => {
                            participants = participants.saturating_add(1);
                            self.participant(attributes, out);
                        }
                        b"AuditSourceIdentification" if is_own => self.source(attributes, out),
                        b"AuditSourceTypeCode" if is_own => self.sort(code(attributes), out),
                        b"ParticipantObjectIdentification" => of_patient = self.object(attributes),
                        b"ParticipantObjectQuery" => self.counts.count(P::FreeText),
                        _ => {}
                    }
                }
                Event::Text(_) if leaf == b"ParticipantObjectName" && of_patient => {
                    self.counts.count(P::Name);
                    leaf = b"";
                }
                Event::Text(_) => {}
                Event::Close(_) => leaf = b"",
            }
        }
        self.counts.message(&PHI, out);
    }

    /// The flow ended.
    pub(super) fn end(&mut self, out: &mut dyn Sink) {
        self.counts.flush(&PHI, out);
    }

    fn event(&mut self, attributes: &[u8], out: &mut dyn Sink) {
        let code = code(attributes);
        if let Some((_, words)) = EVENTS.iter().find(|(known, _)| *known == code)
            && self.said.once((EVENT.id, code))
        {
            out.conversation(&EVENT, words);
        }
    }

    fn source(&mut self, attributes: &[u8], out: &mut dyn Sink) {
        for (field, key) in [(&SOURCE, &b"AuditSourceID"[..]), (&SITE, b"AuditEnterpriseSiteID")] {
            let value = unescape(attribute(attributes, key));
            if (1..=64).contains(&value.len()) && self.said.once((field.id, &value)) {
                out.sender(field, &value);
            }
        }
        self.sort(code(attributes), out);
    }

    fn sort(&mut self, code: &[u8], out: &mut dyn Sink) {
        if let Some((_, words)) = SOURCES.iter().find(|(known, _)| *known == code)
            && self.said.once((TYPE.id, code))
        {
            out.sender(&TYPE, words);
        }
    }

    /// Who took part: a system by its address (type 2) with its AE titles. Users are of no interest here.
    fn participant(&mut self, attributes: &[u8], out: &mut dyn Sink) {
        if attribute(attributes, b"NetworkAccessPointTypeCode") != b"2" {
            return;
        }
        let address = std::str::from_utf8(attribute(attributes, b"NetworkAccessPointID")).ok();
        let Some(ip) =
            address.and_then(|text| text.parse::<IpAddr>().ok()).filter(|ip| !ip.is_loopback() && !ip.is_unspecified())
        else {
            return;
        };
        let stated = attribute(attributes, b"AlternativeUserID");
        let Some(titles) = stated.strip_prefix(b"AETITLES=").or_else(|| stated.strip_prefix(b"AETITLE=")) else { return };
        for title in titles.split(|b| *b == b';').map(<[u8]>::trim_ascii).take(4) {
            let is_title = (1..=16).contains(&title.len()) && title.iter().all(|b| b.is_ascii_graphic() || *b == b' ');
            if is_title && self.said.once((AE_TITLE.id, ip, title)) {
                out.say(About::Ip(ip), &AE_TITLE, Value::Octets(title));
            }
        }
    }

    /// What it was about: a person in the role of the patient, or a study. True for the former.
    fn object(&mut self, attributes: &[u8]) -> bool {
        let (sort, role) =
            (attribute(attributes, b"ParticipantObjectTypeCode"), attribute(attributes, b"ParticipantObjectTypeCodeRole"));
        let is_patient = sort == b"1" && role == b"1";
        if !attribute(attributes, b"ParticipantObjectID").is_empty() {
            match (is_patient, sort, role) {
                (true, ..) => self.counts.count(P::Identifier),
                // A report, and orders and studies.
                (_, b"2", b"3") => self.counts.count(P::OrderNumber),
                _ => {}
            }
        }
        is_patient
    }
}

/// A code by its present name or its older one.
fn code(attributes: &[u8]) -> &[u8] {
    let code = attribute(attributes, b"csd-code");
    if code.is_empty() { attribute(attributes, b"code") } else { code }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::Lines;

    const MESSAGE: &[u8] = b"<85>1 2026-03-02T08:00:00Z pacs1 archive 1 IHE+RFC-3881 - \xef\xbb\xbf<?xml version=\"1.0\"?><AuditMessage>\
        <EventIdentification EventActionCode=\"C\"><EventID csd-code=\"110104\" originalText=\"x\"/></EventIdentification>\
        <ActiveParticipant UserID=\"1@h\" AlternativeUserID=\"AETITLES=CT01;CT02\" NetworkAccessPointTypeCode=\"2\" \
        NetworkAccessPointID=\"10.0.0.7\"/><ActiveParticipant UserID=\"Somebody\" UserName=\"N\" NetworkAccessPointTypeCode=\"1\"/>\
        <AuditSourceIdentification AuditSourceID=\"PACS1\" AuditEnterpriseSiteID=\"West\"><AuditSourceTypeCode csd-code=\"4\"/>\
        </AuditSourceIdentification><ParticipantObjectIdentification ParticipantObjectID=\"X1^^^\" ParticipantObjectTypeCode=\"1\" \
        ParticipantObjectTypeCodeRole=\"1\"><ParticipantObjectName>N^N</ParticipantObjectName></ParticipantObjectIdentification>\
        <ParticipantObjectIdentification ParticipantObjectID=\"1.2.3\" ParticipantObjectTypeCode=\"2\" ParticipantObjectTypeCodeRole=\"3\">\
        <ParticipantObjectQuery>Zm9v</ParticipantObjectQuery></ParticipantObjectIdentification></AuditMessage>";

    #[test]
    fn what_systems_say_and_no_person() {
        let mut out = Lines::default();
        let mut audit = Audit::default();
        audit.message(find(MESSAGE).unwrap(), true, &mut out);
        audit.message(find(MESSAGE).unwrap(), false, &mut out);
        audit.end(&mut out);
        assert_eq!(
            out.lines,
            [
                "conversation syslog.audit.event audit: instances transferred",
                "10.0.0.7 syslog.audit.ae-title CT01",
                "10.0.0.7 syslog.audit.ae-title CT02",
                "sender syslog.audit.source PACS1",
                "sender syslog.audit.site West",
                "sender syslog.audit.source-type audit source: application server",
                "conversation syslog.audit.patient-name 1",
                "conversation syslog.audit.patient-id 1",
                "conversation syslog.audit.study 1",
                "conversation syslog.audit.query 1",
                "conversation syslog.audit.patient-name 1",
                "conversation syslog.audit.patient-id 1",
                "conversation syslog.audit.study 1",
                "conversation syslog.audit.query 1",
            ]
        );
        for end in 0..MESSAGE.len() {
            if let Some(body) = find(&MESSAGE[..end]) {
                Audit::default().message(body, true, &mut Lines::default());
            }
        }
    }

    #[test]
    fn other_messages() {
        for other in [&b"<34>Oct 11 22:14:15 a su: words"[..], b"<34>1 - - - - - - <html>", b"<?xml version='1.0'?>", b""] {
            assert_eq!(find(other), None);
        }
    }
}
