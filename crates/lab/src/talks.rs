//! Payloads taken out of a capture of ours, for mutation and fuzzing. Reads what the scenes write and no more: Ethernet,
//! one tag, 802.2, IP without options or fragments, TCP in the order of arrival.

use std::io::Cursor;

use capture::Reader;

use crate::{Case, Direction};

/// What two ends said to each other, message by message.
#[derive(Clone, Debug, Default)]
pub struct Talk {
    /// The two ends: addresses and ports as they stand in the frame, the first sender before the other.
    ends: [Vec<u8>; 2],
    /// Who sent what. The first sender counts as client.
    pub messages: Vec<(Direction, Vec<u8>)>,
}

/// The talks of the cases that are for a protocol.
#[must_use]
pub fn of_protocol(id: &str) -> Vec<Talk> {
    crate::cases().filter(|case| case.is_for(id)).flat_map(of_case).collect()
}

/// The talks of a case.
///
/// # Panics
/// When the case is no capture.
#[must_use]
pub fn of_case(case: &Case) -> Vec<Talk> {
    let mut talks: Vec<Talk> = Vec::new();
    let mut reader = Reader::new(Cursor::new((case.build)())).expect("a capture");
    while let Ok(Some(frame)) = reader.next() {
        let Some((from, to, payload)) = take_apart(frame.captured) else { continue };
        let place =
            talks.iter().position(|talk| talk.ends == [from.clone(), to.clone()] || talk.ends == [to.clone(), from.clone()]);
        let place = place.unwrap_or_else(|| {
            talks.push(Talk { ends: [from.clone(), to], messages: Vec::new() });
            talks.len() - 1
        });
        if payload.is_empty() {
            continue;
        }
        let direction = if talks[place].ends[0] == from { Direction::ToServer } else { Direction::ToClient };
        talks[place].messages.push((direction, payload.to_vec()));
    }
    talks.retain(|talk| !talk.messages.is_empty());
    talks
}

/// Both ends of a frame, and the payload of the last header that is known.
fn take_apart(frame: &[u8]) -> Option<(Vec<u8>, Vec<u8>, &[u8])> {
    let (to, from) = (frame.get(..6)?, frame.get(6..12)?);
    let at = if frame.get(12..14)? == [0x81, 0] { 16 } else { 12 };
    let kind = u16::from_be_bytes([*frame.get(at)?, *frame.get(at + 1)?]);
    let rest = frame.get(at + 2..)?;
    let (from_ip, to_ip, protocol, rest) = match kind {
        0x0800 => {
            let length = usize::from(u16::from_be_bytes([*rest.get(2)?, *rest.get(3)?]));
            (rest.get(12..16)?, rest.get(16..20)?, *rest.get(9)?, rest.get(20..length)?)
        }
        0x86dd => (rest.get(8..24)?, rest.get(24..40)?, *rest.get(6)?, rest.get(40..)?),
        0..=1500 => {
            let message = rest.get(..usize::from(kind))?;
            let payload = if message.starts_with(&[0xaa, 0xaa, 3]) { message.get(8..)? } else { message.get(3..)? };
            return Some((from.to_vec(), to.to_vec(), payload));
        }
        _ => return Some((from.to_vec(), to.to_vec(), rest)),
    };
    let payload = match protocol {
        6 => rest.get(usize::from(rest.get(12)? >> 4) * 4..)?,
        17 => rest.get(8..)?,
        _ => return Some((from_ip.to_vec(), to_ip.to_vec(), rest)),
    };
    Some(([from_ip, rest.get(..2)?].concat(), [to_ip, rest.get(2..4)?].concat(), payload))
}
