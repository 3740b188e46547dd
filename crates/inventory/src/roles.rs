//! What a device does for others, as a ground for its class: weaker than what it says of itself.

use std::collections::BTreeSet;

use model::FactKind;
use model::report::{Conversation, Party};

use crate::conversations::is_answered;
use crate::records::Record;

/// A class that a role suggests, how surely, and the conversation that shows it best.
pub(crate) struct Role<'c> {
    pub(crate) class: &'static str,
    pub(crate) percent: u8,
    pub(crate) why: &'static str,
    pub(crate) shown_by: &'c Conversation,
}

/// Classes that the conversations of a device suggest.
pub(crate) fn roles<'c>(id: &str, talk: &[&'c Conversation], reported: &[Record<'_>]) -> Vec<Role<'c>> {
    let is = |party: &Party| party.device.as_deref() == Some(id);
    let of = |protocol: &'static str| talk.iter().copied().filter(move |c| c.protocol == protocol && is_answered(c));
    let mut roles = Vec::new();
    let mut role = |class, percent, why, shown_by: Option<&'c Conversation>| {
        roles.extend(shown_by.map(|shown_by| Role { class, percent, why, shown_by }));
    };
    let served = of("hl7").find(|c| is(&c.server));
    let sent = of("hl7").find(|c| is(&c.client));
    let clients = |protocol| of(protocol).filter(|c| is(&c.server)).map(|c| &c.client).collect::<BTreeSet<_>>().len();
    match (clients("hl7"), sent) {
        (2.., Some(_)) => role("interface_engine", 65, "takes in HL7 v2 from several devices and passes messages on", served),
        (1.., None) => role("clinical_server", 55, "takes in HL7 v2", served),
        _ => {}
    }
    if clients("dicom") >= 3 && stores(talk) {
        role("pacs", 65, "several devices store their images on it", of("dicom").find(|c| is(&c.server)));
    }
    if clients("smb") >= 3 {
        role("server", 58, "several computers keep files on it", of("smb").find(|c| is(&c.server)));
    }
    let physiological = |record: &&Record<'_>| record.iter().any(|fact| fact.protocol() == "hl7" && fact.kind == FactKind::Eui64);
    if reported.iter().filter(physiological).count() >= 2 {
        role("monitoring_gateway", 65, "reports in HL7 v2 on several devices at patients", sent);
    }
    roles
}

/// Objects are stored, not only asked for.
fn stores(talk: &[&Conversation]) -> bool {
    let is_store =
        |c: &Conversation| c.facts.iter().any(|fact| fact.kind == FactKind::Operation && fact.value.starts_with("C-STORE"));
    talk.iter().copied().any(is_store)
}

/// The class of a computer that is known by its operating system alone, and by nothing clinical.
pub(crate) fn class_of_os(os: &str) -> Option<(&'static str, u8)> {
    // What may be either is neither.
    if os.contains(" or ") {
        return None;
    }
    if os.starts_with("Windows Server") {
        return Some(("server", 65));
    }
    const DESKTOPS: [&str; 8] =
        ["Windows XP", "Windows Vista", "Windows 7", "Windows 8", "Windows 8.1", "Windows 10", "Windows 11", "macOS"];
    let is = |name: &str| os.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
    // Embedded and IoT editions are in devices.
    let embedded = ["Embedded", "IoT", "LTSC"].iter().any(|word| os.contains(word));
    (DESKTOPS.iter().any(|name| is(name)) && !embedded).then_some(("workstation", 55))
}

#[cfg(test)]
mod tests {
    use super::class_of_os;

    #[test]
    fn systems_of_computers() {
        for (os, class) in [
            ("Windows Server 2016 Standard 14393", Some("server")),
            ("Windows XP Service Pack 3", Some("workstation")),
            ("Windows 10 1607 or Server 2016", None),
            ("Windows 10 IoT Enterprise", None),
            ("Windows 7 Embedded", None),
            ("Windows", None),
            ("Linux", None),
        ] {
            assert_eq!(class_of_os(os).map(|(class, _)| class), class, "{os}");
        }
    }
}
