//! Audit messages of IHE ATNA (ITI-20): the schema of DICOM PS3.15 §A.5, for the message of [`super::syslog`]; its message id is [`ID`].

/// Message id of the syslog header.
pub const ID: &str = "IHE+RFC-3881";

/// A system that took part.
#[derive(Clone, Copy, Debug)]
pub struct Participant<'a> {
    /// User or process.
    pub user: &'a str,
    /// AE title; left out where empty.
    pub ae_title: &'a str,
    /// Its address.
    pub address: &'a str,
    /// It asked.
    pub asked: bool,
    /// Role: `110153` source, `110152` destination, `110150` application.
    pub role: &'a str,
}

/// An audit message.
#[derive(Clone, Copy, Debug)]
pub struct Audit<'a> {
    /// Kind of event (DICOM PS3.16 CID 400): `110104` instances transferred, `110112` query, `110114` log-in …
    pub event: &'a str,
    /// When, RFC 3339.
    pub time: &'a str,
    /// Who writes it, and where.
    pub source: &'a str,
    /// Site.
    pub site: &'a str,
    /// Sort of the source: `2` a device, `4` an application server.
    pub sort: &'a str,
    /// Patient's number and name; left out where empty.
    pub patient: (&'a str, &'a str),
    /// Study instance UID; left out where empty.
    pub study: &'a str,
}

impl Audit<'_> {
    /// The XML.
    #[must_use]
    pub fn xml(&self, participants: &[Participant<'_>]) -> String {
        let participants: String = participants
            .iter()
            .map(|who| {
                let title = if who.ae_title.is_empty() { String::new() } else { format!(" AlternativeUserID=\"AETITLES={}\"", who.ae_title) };
                format!(
                    "<ActiveParticipant UserID=\"{}\"{title} UserIsRequestor=\"{}\" NetworkAccessPointID=\"{}\" \
                     NetworkAccessPointTypeCode=\"2\"><RoleIDCode csd-code=\"{}\" codeSystemName=\"DCM\" originalText=\"x\"/></ActiveParticipant>",
                    who.user, who.asked, who.address, who.role
                )
            })
            .collect();
        let object = |sort: u8, role: u8, code: &str, id: &str, inner: &str| {
            if id.is_empty() {
                return String::new();
            }
            format!(
                "<ParticipantObjectIdentification ParticipantObjectID=\"{id}\" ParticipantObjectTypeCode=\"{sort}\" \
                 ParticipantObjectTypeCodeRole=\"{role}\"><ParticipantObjectIDTypeCode csd-code=\"{code}\" codeSystemName=\"x\" \
                 originalText=\"x\"/>{inner}</ParticipantObjectIdentification>"
            )
        };
        let name = format!("<ParticipantObjectName>{}</ParticipantObjectName>", self.patient.1);
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><AuditMessage><EventIdentification EventActionCode=\"C\" EventDateTime=\"{}\" \
             EventOutcomeIndicator=\"0\"><EventID csd-code=\"{}\" codeSystemName=\"DCM\" originalText=\"x\"/></EventIdentification>{participants}\
             <AuditSourceIdentification AuditEnterpriseSiteID=\"{}\" AuditSourceID=\"{}\"><AuditSourceTypeCode csd-code=\"{}\"/>\
             </AuditSourceIdentification>{}{}</AuditMessage>",
            self.time,
            self.event,
            self.site,
            self.source,
            self.sort,
            object(1, 1, "2", self.patient.0, &name),
            object(2, 3, "110180", self.study, ""),
        )
    }
}
