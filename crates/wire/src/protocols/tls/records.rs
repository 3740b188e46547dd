//! The record layer (RFC 8446 §5.1, RFC 5246 §6.2.1).

use std::borrow::Cow;

use crate::bytes::{be16, be32};
use crate::fact::Sink;
use crate::protocol::Verdict;

use super::handshake::{ALERT as ALERT_FIELD, alert_name, kind};

/// Length of a record's header.
pub(super) const HEADER: usize = 5;
const CHANGE_CIPHER_SPEC: u8 = 20;
pub(super) const ALERT: u8 = 21;
pub(super) const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;
const HEARTBEAT: u8 = 24;
/// 2^14 octets and what encryption may add (RFC 5246 §6.2.3).
const MAX_RECORD: usize = 16_384 + 2_048;

/// A record's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RecordHeader {
    /// Content type.
    pub(super) kind: u8,
    minor: u8,
    /// Octets that follow.
    pub(super) length: usize,
}

impl RecordHeader {
    /// `None` where no record can begin like this.
    pub(super) fn read(&[kind, major, minor, high, low]: &[u8; HEADER]) -> Option<Self> {
        let length = usize::from(u16::from_be_bytes([high, low]));
        let is_one = matches!(kind, CHANGE_CIPHER_SPEC..=HEARTBEAT)
            && major == 3
            && minor <= 4
            && (1..=MAX_RECORD).contains(&length)
            && (kind != CHANGE_CIPHER_SPEC || length == 1);
        is_one.then_some(Self { kind, minor, length })
    }
}

/// Octets of handshake messages, out of one record or several.
#[derive(Debug)]
pub(super) struct Octets<'a> {
    /// As many as were wanted; borrowed where they lie in one record.
    pub(super) octets: Cow<'a, [u8]>,
    /// Octets of the stream that they took, headers of records between them too.
    pub(super) used: usize,
    /// Octets left in the record that the last of them lies in.
    pub(super) record_left: usize,
}

/// What came of gathering.
#[derive(Debug)]
pub(super) enum Gathered<'a> {
    /// All of it.
    All(Octets<'a>),
    /// The stream has to be this long at least.
    Missing(usize),
    /// Another kind of record stands in the way.
    Broken,
}

/// Takes `wanted` octets of handshake messages off a stream that stands inside a handshake record, across records if need be.
pub(super) fn gather(record_left: usize, bytes: &[u8], wanted: usize) -> Gathered<'_> {
    if wanted <= record_left {
        return match bytes.get(..wanted) {
            Some(octets) => Gathered::All(Octets {
                octets: Cow::Borrowed(octets),
                used: wanted,
                record_left: record_left.saturating_sub(wanted),
            }),
            None => Gathered::Missing(wanted),
        };
    }
    gather_across(record_left, bytes, wanted)
}

fn gather_across(mut record_left: usize, bytes: &[u8], wanted: usize) -> Gathered<'_> {
    let mut octets = Vec::new();
    let mut used = 0usize;
    loop {
        let missing = wanted.saturating_sub(octets.len());
        let now = missing.min(record_left);
        let end = used.saturating_add(now);
        let Some(part) = bytes.get(used..end) else {
            return Gathered::Missing(used.saturating_add(missing));
        };
        octets.extend_from_slice(part);
        used = end;
        record_left = record_left.saturating_sub(now);
        let missing = missing.saturating_sub(now);
        if missing == 0 {
            return Gathered::All(Octets { octets: Cow::Owned(octets), used, record_left });
        }
        let Some(header) = bytes.get(used..).and_then(|rest| rest.first_chunk::<HEADER>()) else {
            return Gathered::Missing(used.saturating_add(HEADER).saturating_add(missing));
        };
        match RecordHeader::read(header) {
            Some(header) if header.kind == HANDSHAKE => record_left = header.length,
            _ => return Gathered::Broken,
        }
        used = used.saturating_add(HEADER);
    }
}

/// Says an alert that crossed in clear.
pub(crate) fn say_alert(alert: &[u8], out: &mut dyn Sink) {
    // Another level is an encrypted alert whose length is that of a clear one by chance.
    if let [1 | 2, description] = alert {
        match alert_name(*description) {
            Some(name) => out.conversation(&ALERT_FIELD, name),
            None => out.malformed("alert"),
        }
    }
}

/// Are these records? Certain for a hello, for two records in a row, and for encrypted data of just the length that came.
pub(super) fn probe(head: &[u8]) -> Verdict {
    let Some(header) = head.first_chunk::<HEADER>() else {
        let front_fits = head.first().is_none_or(|kind| (CHANGE_CIPHER_SPEC..=HEARTBEAT).contains(kind))
            && head.get(1).is_none_or(|major| *major == 3)
            && head.get(2).is_none_or(|minor| *minor <= 4);
        return if front_fits { Verdict::Unsure } else { Verdict::No };
    };
    let Some(record) = RecordHeader::read(header) else { return Verdict::No };
    if record.kind == HANDSHAKE
        && let Some(verdict) = probe_handshake(record, head.get(HEADER..).unwrap_or_default())
    {
        return verdict;
    }
    probe_next_record(record, head)
}

/// What the first handshake message of a record says of it; nothing where only a second record can.
fn probe_handshake(record: RecordHeader, body: &[u8]) -> Option<Verdict> {
    let length = usize::try_from(be32(body, 0)? & 0x00ff_ffff).unwrap_or(usize::MAX);
    match *body.first()? {
        kind::CLIENT_HELLO | kind::SERVER_HELLO => {
            // Version, random, session id, suites, compression: 38 octets at least, in this record or beginning in it.
            let Some(version) = be16(body, 4) else { return Some(Verdict::Unsure) };
            let fits = (38..=65_535).contains(&length) && matches!(version >> 8, 3 | 0x7f | 0xfb);
            Some(if fits { Verdict::Certain } else { Verdict::No })
        }
        // The stream begins behind the hello: the message has to fill the record, or be long enough to leave it.
        kind::CERTIFICATE => {
            let (Some(list), Some(first)) = (be32(body, 3), be32(body, 6)) else { return Some(Verdict::Unsure) };
            let (list, first) = (list & 0x00ff_ffff, first & 0x00ff_ffff);
            let fits = usize::try_from(list).is_ok_and(|list| list.checked_add(3) == Some(length)) && first < list;
            Some(if fits { Verdict::Certain } else { Verdict::Unsure })
        }
        _ if record.length < 4 => Some(Verdict::No),
        _ => None,
    }
}

/// Encrypted data is an octet and its authentication code at least (RFC 5246 §6.2.3, RFC 8446 §5.2).
const SHORTEST_SEALED: usize = 17;

/// A second header where the first says, of the same version, makes it certain.
fn probe_next_record(record: RecordHeader, head: &[u8]) -> Verdict {
    let next = head.get(HEADER.saturating_add(record.length)..).unwrap_or_default();
    if record.kind == CHANGE_CIPHER_SPEC && head.get(HEADER).is_some_and(|octet| *octet != 1) {
        return Verdict::No;
    }
    if record.kind == ALERT && record.length == 2 {
        let is_alert = matches!(head.get(HEADER..), Some([1 | 2, description, ..]) if alert_name(*description).is_some());
        return if is_alert { Verdict::Certain } else { Verdict::Unsure };
    }
    let fills = head.len() == HEADER.saturating_add(record.length);
    if record.kind == APPLICATION_DATA && fills && record.length >= SHORTEST_SEALED {
        return Verdict::Certain;
    }
    match next.first_chunk::<HEADER>() {
        Some(header) => match RecordHeader::read(header) {
            Some(second) if second.minor == record.minor => Verdict::Certain,
            _ => Verdict::No,
        },
        None => Verdict::Unsure,
    }
}
