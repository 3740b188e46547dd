//! What a page is: said in a fixed vocabulary, since a path, a query or a title may name a patient.

use model::{FactKind, PhiKind};

use crate::bytes::find;
use crate::fact::{Field, Sink};
use crate::lines::{Once, has_long_number};

use super::fields;

/// The path of a target: without scheme, authority and query.
pub(super) fn path(target: &[u8]) -> &[u8] {
    let target = match find(target, b"://") {
        Some(at) if at < 8 && !target.starts_with(b"/") => {
            let rest = target.get(at.saturating_add(3)..).unwrap_or_default();
            memchr::memchr(b'/', rest).and_then(|slash| rest.get(slash..)).unwrap_or(b"/")
        }
        _ => target,
    };
    target.split(|b| matches!(b, b'?' | b'#' | b';')).next().unwrap_or_default()
}

/// Pages by which a device is administered: the words that stand in a path, and what is said of them.
const MANAGEMENT: &[(&str, &str)] = &[
    ("cgi-bin", "cgi"),
    ("goform", "device form"),
    ("hnap1", "device configuration"),
    ("admin", "admin page"),
    ("administrator", "admin page"),
    ("manager", "admin page"),
    ("setup", "setup page"),
    ("config", "configuration page"),
    ("configuration", "configuration page"),
    ("settings", "configuration page"),
    ("firmware", "firmware page"),
    ("fwupdate", "firmware page"),
    ("upgrade", "firmware page"),
    ("redfish", "server management"),
    ("webconsole", "web console"),
    ("console", "web console"),
];

/// Says that a request is for a page by which things are administered.
pub(super) fn management(method: &[u8], path: &[u8], once: &mut Once, out: &mut dyn Sink) {
    for segment in path.split(|b| *b == b'/').take(8) {
        let name = segment.split(|b| *b == b'.').next().unwrap_or_default();
        let Some((_, words)) = MANAGEMENT.iter().find(|(word, _)| name.eq_ignore_ascii_case(word.as_bytes())) else {
            continue;
        };
        let is_upload = *words == "firmware page" && (method == b"POST" || method == b"PUT");
        once.conversation(&fields::MANAGEMENT, if is_upload { "firmware upload" } else { words }, out);
        return;
    }
}

static PHI_IDENTIFIER: Field =
    Field::new("http.path-patient", "HTTP path that names a patient", FactKind::Phi(PhiKind::Identifier));
static PHI_CLINICAL: Field = Field::new("http.path-clinical", "HTTP path of a clinical record", FactKind::Phi(PhiKind::Clinical));
static PHI_DOCUMENT: Field =
    Field::new("http.path-document", "HTTP path of an image or document", FactKind::Phi(PhiKind::Document));
static PHI_BODY_CLINICAL: Field =
    Field::new("http.body-clinical", "HTTP body with clinical records", FactKind::Phi(PhiKind::Clinical));
static PHI_BODY_DOCUMENT: Field =
    Field::new("http.body-document", "HTTP body with an image or document", FactKind::Phi(PhiKind::Document));

/// FHIR resource types (HL7 FHIR R4 §2.25) whose names are not met as a path elsewhere.
const FHIR_PLAIN: &[(&str, &Field)] = &[
    ("Patient", &PHI_IDENTIFIER),
    ("RelatedPerson", &PHI_IDENTIFIER),
    ("Observation", &PHI_CLINICAL),
    ("DiagnosticReport", &PHI_CLINICAL),
    ("MedicationRequest", &PHI_CLINICAL),
    ("MedicationAdministration", &PHI_CLINICAL),
    ("MedicationStatement", &PHI_CLINICAL),
    ("AllergyIntolerance", &PHI_CLINICAL),
    ("ServiceRequest", &PHI_CLINICAL),
    ("ImagingStudy", &PHI_DOCUMENT),
    ("DocumentReference", &PHI_DOCUMENT),
];

/// Types whose names are common words: taken only behind a path that says FHIR.
const FHIR_COMMON: &[(&str, &Field)] = &[
    ("Encounter", &PHI_CLINICAL),
    ("Condition", &PHI_CLINICAL),
    ("Procedure", &PHI_CLINICAL),
    ("Immunization", &PHI_CLINICAL),
    ("CarePlan", &PHI_CLINICAL),
    ("Specimen", &PHI_CLINICAL),
    ("Coverage", &PHI_IDENTIFIER),
    ("Person", &PHI_IDENTIFIER),
    ("Media", &PHI_DOCUMENT),
    ("Binary", &PHI_DOCUMENT),
    ("Bundle", &PHI_CLINICAL),
    ("Appointment", &PHI_CLINICAL),
    ("Claim", &PHI_CLINICAL),
    ("ExplanationOfBenefit", &PHI_CLINICAL),
    ("MedicationDispense", &PHI_CLINICAL),
    ("QuestionnaireResponse", &PHI_CLINICAL),
    ("Composition", &PHI_DOCUMENT),
    ("Account", &PHI_IDENTIFIER),
];

/// Paths under which DICOMweb is customarily served, and its resources (PS3.18 §10, §11).
const DICOMWEB: [&[u8]; 7] = [b"dicom-web", b"dicomweb", b"wado-rs", b"qido-rs", b"stow-rs", b"ups-rs", b"dcm4chee-arc"];
const DICOM_RESOURCES: [&[u8]; 4] = [b"studies", b"series", b"instances", b"workitems"];
/// Attributes by which studies of a person are looked for.
const DICOM_KEYS: [&[u8]; 5] = [b"PatientID=", b"PatientName=", b"AccessionNumber=", b"00100020=", b"00100010="];

/// Says which PHI a request's target shows that it carries: FHIR resources, DICOMweb (PS3.18 §8, §10) and WADO.
pub(super) fn phi_by_target(target: &[u8], out: &mut dyn Sink) {
    let path = path(target);
    let query = memchr::memchr(b'?', target).and_then(|at| target.get(at..)).unwrap_or_default();
    let (mut is_fhir, mut is_dicomweb) = (false, find(query, b"requestType=WADO").is_some());
    let mut is_under_dicomweb = false;
    let mut segments = path.split(|b| *b == b'/').take(16).peekable();
    while let Some(segment) = segments.next() {
        let next = segments.peek().copied().unwrap_or_default();
        is_fhir |= segment.eq_ignore_ascii_case(b"fhir");
        is_under_dicomweb |= DICOMWEB.iter().any(|name| segment.eq_ignore_ascii_case(name));
        let is_of_persons = is_uid(next) || DICOM_KEYS.iter().any(|key| find(query, key).is_some());
        is_dicomweb |= DICOM_RESOURCES.contains(&segment) && (is_under_dicomweb || is_of_persons);
        let found = FHIR_PLAIN.iter().chain(FHIR_COMMON.iter().filter(|_| is_fhir));
        if let Some((_, field)) = found.into_iter().find(|(name, _)| segment == name.as_bytes())
            && (!next.is_empty() || !query.is_empty() || is_fhir)
        {
            out.phi(field, 1);
        }
    }
    if is_dicomweb {
        out.phi(&PHI_DOCUMENT, 1);
    }
}

/// A DICOM unique identifier (PS3.5 §9.1): digits and dots, of some length.
fn is_uid(text: &[u8]) -> bool {
    (8..=64).contains(&text.len()) && text.contains(&b'.') && text.iter().all(|b| b.is_ascii_digit() || *b == b'.')
}

/// Says which PHI a body of this type is. `content_type` with its parameters: `multipart/related` names its parts' type.
pub(super) fn phi_by_type(content_type: &[u8], soap_action: &[u8], out: &mut dyn Sink) {
    if content_type.len() > 512 {
        return;
    }
    let lower = content_type.to_ascii_lowercase();
    let has = |word: &str| find(&lower, word.as_bytes()).is_some();
    if has("application/dicom") || has("image/dicom") {
        out.phi(&PHI_BODY_DOCUMENT, 1);
    }
    if has("fhir+json") || has("fhir+xml") || has("json+fhir") || has("xml+fhir") || has("hl7-v2") || has("hl7-cda") {
        out.phi(&PHI_BODY_CLINICAL, 1);
    }
    // IHE ITI-41 to 43 (XDS.b), in the SOAP 1.1 header or the SOAP 1.2 parameter.
    if has("urn:ihe:iti:") || find(soap_action, b"urn:ihe:iti:").is_some() {
        out.phi(&PHI_BODY_DOCUMENT, 1);
    }
    if has("urn:hl7-org:v3") || find(soap_action, b"urn:hl7-org:v3").is_some() {
        out.phi(&PHI_BODY_CLINICAL, 1);
    }
}

/// The title of this page may be read: it is the front or log-in page of a server, where a device's console says what
/// it is. Any other page of a record system may hold a patient's name in its title, and so may the front page for one
/// who is signed in; so never with a cookie, and not with a token.
pub(super) fn may_have_title(path: &[u8], has_cookie: bool) -> bool {
    let name = path.strip_prefix(b"/").unwrap_or(path);
    let is_front = name.is_empty()
        || [&b"index."[..], b"login", b"default.htm", b"home.htm", b"main.htm"].iter().any(|p| name.starts_with(p));
    is_front && !has_cookie && !name.contains(&b'/') && name.len() <= 24
}

/// Titles that say nothing of what serves them.
const PLAIN_TITLES: &[&str] = &[
    "login",
    "log in",
    "logon",
    "sign in",
    "index",
    "home",
    "home page",
    "welcome",
    "untitled",
    "document",
    "web",
    "untitled document",
    "success",
    "directory listing for /",
    "index of /",
    "it works!",
    "welcome to nginx!",
    "redirect",
    "redirecting",
    "loading",
    "error",
    "main",
    "web server",
    "test page",
];

/// Says the title of an HTML page (the first `<title>`), where it is short and holds no long number.
pub(super) fn title(html: &[u8], once: &mut Once, out: &mut dyn Sink) {
    let Some(title) = title_text(html) else {
        return;
    };
    let lower = title.to_ascii_lowercase();
    let is_plain = PLAIN_TITLES.iter().any(|plain| lower == plain.as_bytes());
    let is_status = lower.starts_with(b"40") || lower.starts_with(b"30") || lower.starts_with(b"50");
    let has_tag = title.iter().any(|b| matches!(b, b'<' | b'>') || (b.is_ascii_control() && !b.is_ascii_whitespace()));
    if (3..=80).contains(&title.len()) && !is_plain && !is_status && !has_tag && !has_long_number(title) {
        once.sender(&fields::TITLE, title, out);
    }
}

fn title_text(html: &[u8]) -> Option<&[u8]> {
    let open = tag(html, b"<title")?;
    let rest = html.get(open..)?;
    let text = rest.get(memchr::memchr(b'>', rest)?.saturating_add(1)..)?;
    Some(text.get(..tag(text, b"</title")?)?.trim_ascii())
}

/// The page's title has come whole, or will not come any more.
pub(super) fn has_title(html: &[u8]) -> bool {
    tag(html, b"</title").is_some() || tag(html, b"<body").is_some()
}

fn tag(html: &[u8], name: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'<', html)
        .find(|at| html.get(*at..at.saturating_add(name.len())).is_some_and(|found| found.eq_ignore_ascii_case(name)))
}

/// IMF-fixdate (RFC 9110 §5.6.7), `Sun, 06 Nov 1994 08:49:37 GMT`, in nanoseconds since 1970.
pub(super) fn date(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let mut words = text.split_once(", ")?.1.split([' ', '-']);
    let day = words.next()?.parse::<i64>().ok()?;
    let month = words.next()?;
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = i64::try_from(MONTHS.iter().position(|m| *m == month)?).ok()?.saturating_add(1);
    let year = words.next()?.parse::<i64>().ok().filter(|y| (1970..2200).contains(y))?;
    let mut clock = words.next()?.splitn(3, ':').map(|part| part.parse::<i64>().ok().filter(|n| (0..=60).contains(n)));
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    if !(1..=31).contains(&day) || hour > 23 {
        return None;
    }
    let seconds = days_from_civil(year, month, day)
        .checked_mul(86_400)?
        .checked_add(hour.checked_mul(3600)?.checked_add(minute.checked_mul(60)?)?.checked_add(second)?)?;
    seconds.checked_mul(1_000_000_000)
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar; years are counted from March so that the leap day is last.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year.saturating_sub(1) } else { year };
    let months = (month.saturating_add(9)) % 12;
    let day_of_year = (153i64.saturating_mul(months).saturating_add(2)) / 5 + day.saturating_sub(1);
    year.saturating_mul(365) + year / 4 - year / 100 + year / 400 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        assert_eq!(date(b"Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777_000_000_000));
        assert_eq!(date(b"Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(date(b"Thu, 29 Feb 2024 12:00:00 GMT"), Some(1_709_208_000_000_000_000));
        assert_eq!(date(b"yesterday"), None);
    }

    #[test]
    fn paths_and_titles() {
        assert_eq!(path(b"http://a.b/c/d?e"), b"/c/d");
        assert_eq!(path(b"/c?u=http://x/y"), b"/c");
        assert!(may_have_title(b"/login.html", false));
        assert!(!may_have_title(b"/login.html", true));
        assert!(!may_have_title(b"/patients", false));
        assert_eq!(title_text(b"<html><TITLE lang=en> UPS 3 </TITLE>"), Some(&b"UPS 3"[..]));
    }
}
