//! What could not be seen, counted.

use std::collections::BTreeMap;

use wire::layers::{LinkType, Opaque};

/// Counters of a sensor. All of them are monotone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Frames taken in.
    pub frames: u64,
    /// Their bytes on the wire.
    pub bytes: u64,
    /// Frames shorter in the capture than on the wire.
    pub cut_frames: u64,
    /// Payloads given to a protocol that were cut.
    pub cut_payloads: u64,
    /// Frames not read to the end, by link type and reason.
    pub opaque: BTreeMap<(LinkType, Opaque), u64>,
    /// Packets that came a second time within milliseconds, as mirror ports make them.
    pub mirrored_copies: u64,
    /// Flows seen.
    pub flows: u64,
    /// TCP flows of which only one direction was captured though the other must exist.
    pub one_way: u64,
    /// TCP flows whose beginning was not captured.
    pub midstream: u64,
    /// Holes in streams that were being read.
    pub gaps: u64,
    /// Bytes missing from streams.
    pub stream_bytes_lost: u64,
    /// Messages larger than a decoder may hold.
    pub messages_too_large: u64,
    /// Times the bound of all reassembly together was hit.
    pub reassembly_full: u64,
    /// Flows let go early because the table was full.
    pub flows_evicted: u64,
    /// IP fragments of datagrams never completed.
    pub fragments_timed_out: u64,
    /// Datagrams with overlapping fragments.
    pub fragments_overlapping: u64,
    /// Messages that break their standard, by protocol and fault.
    pub malformed: BTreeMap<(&'static str, &'static str), u64>,
}

impl Coverage {
    /// Adds what another sensor could not see, one that read other flows of the same wire.
    pub fn add(&mut self, other: &Self) {
        let Self { opaque, malformed, .. } = other;
        let sums = [
            (&mut self.frames, other.frames),
            (&mut self.bytes, other.bytes),
            (&mut self.cut_frames, other.cut_frames),
            (&mut self.cut_payloads, other.cut_payloads),
            (&mut self.mirrored_copies, other.mirrored_copies),
            (&mut self.flows, other.flows),
            (&mut self.one_way, other.one_way),
            (&mut self.midstream, other.midstream),
            (&mut self.gaps, other.gaps),
            (&mut self.stream_bytes_lost, other.stream_bytes_lost),
            (&mut self.messages_too_large, other.messages_too_large),
            (&mut self.reassembly_full, other.reassembly_full),
            (&mut self.flows_evicted, other.flows_evicted),
            (&mut self.fragments_timed_out, other.fragments_timed_out),
            (&mut self.fragments_overlapping, other.fragments_overlapping),
        ];
        for (sum, count) in sums {
            *sum = sum.saturating_add(count);
        }
        for (key, count) in opaque {
            let sum = self.opaque.entry(*key).or_default();
            *sum = sum.saturating_add(*count);
        }
        for (key, count) in malformed {
            let sum = self.malformed.entry(*key).or_default();
            *sum = sum.saturating_add(*count);
        }
    }

    pub(crate) fn opaque(&mut self, link: LinkType, why: Opaque) {
        let count = self.opaque.entry((link, why)).or_default();
        *count = count.saturating_add(1);
    }

    pub(crate) fn malformed(&mut self, protocol: &'static str, what: &'static str) {
        let count = self.malformed.entry((protocol, what)).or_default();
        *count = count.saturating_add(1);
    }
}
