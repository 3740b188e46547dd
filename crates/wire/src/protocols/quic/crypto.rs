//! Frames of Initial packets, and the stream that their CRYPTO frames make up (RFC 9000 §12.4, §19.6).

use crate::bytes::Cursor;

use super::initial::varint;

/// The largest hello that is put together.
const MAX_STREAM: usize = 16 * 1024;
/// The most holes that the parts may leave; clients that shuffle make about ten parts.
const MAX_RANGES: usize = 32;

/// The front of the client's CRYPTO stream, put together from parts in any order.
#[derive(Debug, Default)]
pub(super) struct CryptoStream {
    octets: Vec<u8>,
    /// What is there: from, to; sorted, apart from each other.
    ranges: Vec<(usize, usize)>,
}

impl CryptoStream {
    /// The first handshake message's type and body, when it is whole.
    pub(super) fn message(&self) -> Option<(u8, &[u8])> {
        let front = self.ranges.first().filter(|(from, _)| *from == 0).and_then(|(_, to)| self.octets.get(..*to))?;
        let mut at = Cursor::new(front);
        let kind = at.u8()?;
        let length = usize::try_from(at.u24()?).ok()?;
        Some((kind, at.take(length)?))
    }

    /// False where the part is out of bounds.
    fn add(&mut self, offset: usize, part: &[u8]) -> bool {
        let Some(end) = offset.checked_add(part.len()).filter(|end| *end <= MAX_STREAM) else { return false };
        if self.octets.len() < end {
            self.octets.resize(end, 0);
        }
        if let Some(place) = self.octets.get_mut(offset..end) {
            place.copy_from_slice(part);
        }
        let (mut from, mut to) = (offset, end);
        self.ranges.retain(|&(low, high)| {
            let apart = high < from || low > to;
            if !apart {
                (from, to) = (from.min(low), to.max(high));
            }
            apart
        });
        let place = self.ranges.partition_point(|&(low, _)| low < from);
        self.ranges.insert(place, (from, to));
        self.ranges.len() <= MAX_RANGES
    }
}

/// Takes the CRYPTO frames of a payload. False when something stands there that no client's Initial has, or too much of it.
pub(super) fn frames(payload: &[u8], stream: &mut CryptoStream) -> bool {
    let mut at = Cursor::new(payload);
    // Every round takes an octet at least.
    while let Some(kind) = at.u8() {
        let read = match kind {
            // PADDING and PING.
            0 | 1 => Some(true),
            2 | 3 => skip_ack(&mut at, kind == 3).map(|()| true),
            6 => crypto(&mut at).map(|(offset, part)| stream.add(offset, part)),
            // CONNECTION_CLOSE: the end.
            0x1c => return true,
            _ => None,
        };
        if read != Some(true) {
            return false;
        }
    }
    true
}

fn crypto<'a>(at: &mut Cursor<'a>) -> Option<(usize, &'a [u8])> {
    let offset = usize::try_from(varint(at)?).ok()?;
    let length = usize::try_from(varint(at)?).ok()?;
    Some((offset, at.take(length)?))
}

/// ACK (RFC 9000 §19.3).
fn skip_ack(at: &mut Cursor<'_>, with_counts: bool) -> Option<()> {
    varint(at)?;
    varint(at)?;
    let ranges = varint(at)?;
    varint(at)?;
    // Each range takes two octets at least, so that the payload bounds this.
    for _ in 0..ranges {
        varint(at)?;
        varint(at)?;
    }
    if with_counts {
        for _ in 0..3 {
            varint(at)?;
        }
    }
    Some(())
}
