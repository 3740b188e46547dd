//! Palo Alto Networks (PAN-OS Administrator's Guide, "Syslog Field Descriptions"): CSV, the fields by their places, which new versions
//! only add to.

use model::Timestamp;
use model::observation::Opening;

use crate::talk::{Login, LoginFields, Talk, login_fields, transport_of, way};
use crate::text::{after, between, csv, ip, number, small, unquoted, word};
use crate::{Clock, Emit};

static LOGIN: LoginFields = login_fields!("paloalto", "Palo Alto log");

/// Places of fields, from 0, in all logs and in the traffic log.
mod at {
    pub(super) const TYPE: usize = 3;
    pub(super) const SUBTYPE: usize = 4;
    pub(super) const GENERATED: usize = 6;
    pub(super) const SOURCE: usize = 7;
    pub(super) const DESTINATION: usize = 8;
    pub(super) const APPLICATION: usize = 14;
    pub(super) const PORT: usize = 25;
    pub(super) const PROTOCOL: usize = 29;
    pub(super) const ACTION: usize = 30;
    pub(super) const SENT: usize = 32;
    pub(super) const RECEIVED: usize = 33;
    pub(super) const ELAPSED: usize = 36;
    pub(super) const PACKETS_SENT: usize = 44;
    pub(super) const PACKETS_RECEIVED: usize = 45;
    pub(super) const EVENT: usize = 8;
    pub(super) const DESCRIPTION: usize = 14;
}

/// Fields that are looked at.
const MOST: usize = 48;

/// Applications as App-ID and as our decoders name them.
pub(super) const APPLICATIONS: &[(&str, &str)] = &[
    ("dicom", "dicom"),
    ("dns", "dns"),
    ("dns-base", "dns"),
    ("ftp", "ftp"),
    ("hl7", "hl7"),
    ("ldap", "ldap"),
    ("ms-rdp", "rdp"),
    ("mssql-db-base", "mssql"),
    ("ntp", "ntp"),
    ("ntp-base", "ntp"),
    ("sip", "sip"),
    ("smtp", "smtp"),
    ("smtp-base", "smtp"),
    ("snmp-base", "snmp"),
    ("snmpv1", "snmp"),
    ("snmpv2", "snmp"),
    ("snmpv3", "snmp"),
    ("ssh", "ssh"),
    ("ssl", "tls"),
    ("syslog", "syslog"),
    ("telnet", "telnet"),
    ("tftp", "tftp"),
    ("vnc-base", "vnc"),
    ("web-browsing", "http"),
];

/// The message is of PAN-OS: a number or a domain, a date, a serial number, and the type of the log.
pub(crate) fn is(body: &[u8]) -> bool {
    let dated = body.get(..16).is_some_and(|head| head.contains(&b',') && head.contains(&b'/'));
    dated && csv(body).nth(at::TYPE).is_some_and(|kind| matches!(kind, b"TRAFFIC" | b"SYSTEM" | b"THREAT" | b"CONFIG" | b"Type"))
}

/// When it was generated, in the firewall's zone.
pub(crate) fn time(body: &[u8], clock: &Clock) -> Option<Timestamp> {
    clock.date_time(csv(body).nth(at::GENERATED)?)
}

/// Reads a message.
pub(crate) fn read(body: &[u8], out: &mut Emit<'_>) {
    let mut fields = [&[][..]; MOST];
    for (place, field) in fields.iter_mut().zip(csv(body)) {
        *place = field;
    }
    let field = |place: usize| fields.get(place).copied().unwrap_or_default();
    match (field(at::TYPE), field(at::SUBTYPE)) {
        // The beginning of a session is told again at its end.
        (b"TRAFFIC", b"start") => {}
        (b"TRAFFIC", subtype) => traffic(subtype, field, out),
        (b"SYSTEM", b"auth" | b"general") => system(field(at::EVENT), unquoted(field(at::DESCRIPTION)), out),
        _ => {}
    }
}

fn traffic<'a>(subtype: &[u8], field: impl Fn(usize) -> &'a [u8], out: &mut Emit<'_>) {
    let (Some(src), Some(dst)) = (ip(field(at::SOURCE)), ip(field(at::DESTINATION))) else { return };
    let Some(transport) = transport_of(field(at::PROTOCOL)) else { return };
    let count = |place| number(field(place)).unwrap_or(0);
    let is_denied = matches!(subtype, b"drop" | b"deny") || field(at::ACTION) != b"allow";
    let app = APPLICATIONS.iter().find(|(app, _)| app.as_bytes() == field(at::APPLICATION)).map(|(_, ours)| *ours);
    Talk {
        protocol: app,
        to_server: (count(at::PACKETS_SENT), count(at::SENT)),
        to_client: (count(at::PACKETS_RECEIVED), count(at::RECEIVED)),
        lasted_ns: i64::try_from(count(at::ELAPSED)).unwrap_or(0).saturating_mul(1_000_000_000),
        opening: if is_denied { Opening::Unanswered } else { Opening::Opened },
        ..Talk::new(src, dst, transport, small(field(at::PORT)).unwrap_or(0))
    }
    .tell(out);
}

/// `User admin logged in via Web from 10.1.1.5 using https`, and
/// `failed authentication for user 'x'. Reason: … From: 10.1.1.5.`
fn system(event: &[u8], text: &[u8], out: &mut Emit<'_>) {
    if let Some(rest) = text.strip_prefix(b"User ").filter(|rest| after(rest, b" logged in via ").is_some()) {
        let (account, rest) = word(rest);
        let by = after(rest, b" using ").map_or(&[][..], |by| word(by).0);
        let from = after(rest, b" from ").map(word).and_then(|(from, _)| ip(from));
        return Login { account, from, to: None, way: way(by), succeeded: true }.tell(&LOGIN, out);
    }
    if event == b"auth-fail" || text.starts_with(b"failed authentication for user ") {
        let from = after(text, b"From: ").map(word).and_then(|(from, _)| ip(from.strip_suffix(b".").unwrap_or(from)));
        let account = between(text, b"'", b"'").unwrap_or_default();
        Login { account, from, to: None, way: way(b""), succeeded: false }.tell(&LOGIN, out);
    }
}
