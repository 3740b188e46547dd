//! Whether bytes are DICOM's upper layer, at the start of a connection or in its midst.

use super::pdu;
use crate::bytes::{be16, be32};
use crate::protocol::Verdict;

/// Every UID of the standard, the application context's first (PS3.7 §A.2.1).
const STANDARD_ROOT: &[u8] = b"1.2.840.10008.";
/// The first element of every command set: (0000,0000), four octets long (PS3.7 §E.1).
const GROUP_LENGTH: &[u8] = &[0, 0, 0, 0, 4, 0, 0, 0];
/// Longest P-DATA-TF that is believed without an association: limits in use are between 16 KiB and a few MiB.
const MAX_BELIEVED: u32 = 16 << 20;

/// The first bytes of a direction.
pub(super) fn probe(head: &[u8]) -> Verdict {
    match head {
        [] => Verdict::Unsure,
        [pdu::ASSOCIATE_RQ | pdu::ASSOCIATE_AC, ..] => associate(head),
        [pdu::DATA, ..] => data(head),
        [pdu::ASSOCIATE_RJ | pdu::RELEASE_RQ | pdu::RELEASE_RP | pdu::ABORT, rest @ ..] => short(rest),
        _ => Verdict::No,
    }
}

/// A-ASSOCIATE-RQ or -AC (PS3.8 §9.3.2, §9.3.3): the lengths, the version bit, the application context behind the titles.
fn associate(head: &[u8]) -> Verdict {
    let length = be32(head, 2);
    if head.get(1).is_some_and(|b| *b != 0)
        || length.is_some_and(|l| !(pdu::ASSOCIATE_FIXED..=pdu::MAX_ASSOCIATE).contains(&l))
        || be16(head, 6).is_some_and(|version| version & 1 == 0)
        || head.get(10..42).is_some_and(|titles| titles.iter().any(|b| *b != 0 && (*b < 0x20 || *b == 0x7F)))
    {
        return Verdict::No;
    }
    let Some(item) = head.get(74..) else { return Verdict::Unsure };
    match item {
        [] => Verdict::Unsure,
        [0x10, 0, _, _, uid @ ..] => {
            let common = uid.len().min(STANDARD_ROOT.len());
            match (uid.get(..common) == STANDARD_ROOT.get(..common), common == STANDARD_ROOT.len()) {
                (true, true) => Verdict::Certain,
                (true, false) => Verdict::Unsure,
                // A private application context is allowed (PS3.8 §7.1.1.2) but the port has to agree.
                (false, _) => Verdict::Unsure,
            }
        }
        [0x10 | 0x20 | 0x21 | 0x50, 0, ..] => Verdict::Unsure,
        [0x10] => Verdict::Unsure,
        _ => Verdict::No,
    }
}

/// P-DATA-TF (PS3.8 §9.3.5): a PDV that fills the PDU, or a command in front of others.
fn data(head: &[u8]) -> Verdict {
    if head.get(1).is_some_and(|b| *b != 0) {
        return Verdict::No;
    }
    let Some(length) = be32(head, 2) else { return Verdict::Unsure };
    if !(pdu::VALUE_HEAD..=MAX_BELIEVED).contains(&length) {
        return Verdict::No;
    }
    let Some(value) = be32(head, 6) else { return Verdict::Unsure };
    if value < 2 || value > length.saturating_sub(4) {
        return Verdict::No;
    }
    let (Some(context), Some(control)) = (head.get(10), head.get(11)) else { return Verdict::Unsure };
    if context.is_multiple_of(2) || *control > 3 {
        return Verdict::No;
    }
    if value.saturating_add(4) == length {
        return Verdict::Certain;
    }
    match head.get(12..20) {
        Some(first) if control & 1 != 0 && first == GROUP_LENGTH => Verdict::Certain,
        None if control & 1 != 0 => Verdict::Unsure,
        _ => Verdict::No,
    }
}

/// Reject, release and abort (PS3.8 §9.3.4, §9.3.6 to §9.3.8): too short to be certain of.
fn short(rest: &[u8]) -> Verdict {
    match rest {
        [0, 0, 0, 0, 4, 0, _, source, reason, ..] if *source <= 3 && *reason <= 10 => Verdict::Unsure,
        [0, 0, 0, 0, 4, ..] if rest.len() < 9 => Verdict::Unsure,
        _ if rest.len() < 5 && [0, 0, 0, 0, 4].starts_with(rest) => Verdict::Unsure,
        _ => Verdict::No,
    }
}

/// Looks for a PDU in the midst of a stream: how many bytes are none, and whether one stands behind them. What could be the
/// beginning of one stays.
pub(super) fn find_pdu(bytes: &[u8]) -> (usize, bool) {
    let mut from = 0;
    while let Some(rest) = bytes.get(from..)
        && let Some(at) = memchr::memchr2(pdu::DATA, pdu::ASSOCIATE_RQ, rest)
    {
        let here = from.saturating_add(at);
        match probe(bytes.get(here..).unwrap_or_default()) {
            Verdict::Certain => return (here, true),
            // A request may need more than the fixed part; whoever has come so far is rare enough to wait for.
            Verdict::Unsure if bytes.len().saturating_sub(here) < 96 => return (here, false),
            _ => from = here.saturating_add(1),
        }
    }
    (bytes.len(), false)
}
