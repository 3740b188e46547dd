//! What could not be seen, in words and with what follows from it.

use model::report::{Input, Unseen};
use sensor::Coverage;

/// What was not seen besides packets.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Beside {
    /// Values that inventory did not keep.
    pub(crate) values_dropped: u64,
    /// Statements of logs about a device whose address they do not show.
    pub(crate) unplaced: u64,
    /// The user ended the reading.
    pub(crate) interrupted: bool,
}

/// The list of what the answers do not rest on.
pub(crate) fn unseen(coverage: &Coverage, inputs: &[Input], beside: &Beside) -> Vec<Unseen> {
    let dropped = inputs.iter().map(|input| input.dropped).fold(0, u64::saturating_add);
    let damaged = inputs.iter().filter(|input| !input.damage.is_empty()).count() as u64;
    let counted = [
        (
            "interrupted",
            "reading was interrupted before the end of the inputs",
            u64::from(beside.interrupted),
            "Everything behind that point is missing: this is what was known by then.",
        ),
        (
            "damaged-inputs",
            "inputs could not be read in full",
            damaged,
            "What stands in the damage, and sometimes behind it, is missing.",
        ),
        (
            "dropped-packets",
            "packets were dropped before they were captured",
            dropped,
            "Counts are too low; facts may be missing.",
        ),
        ("cut-frames", "frames were cut by the snap length", coverage.cut_frames, "What stood behind the cut was not read."),
        ("cut-payloads", "messages were cut by the snap length", coverage.cut_payloads, "Facts in their rest are missing."),
        (
            "one-way",
            "TCP connections were captured in one direction only",
            coverage.one_way,
            "Answers, and whether they succeeded, are not known: check the mirror port.",
        ),
        (
            "midstream",
            "TCP connections had begun before the capture",
            coverage.midstream,
            "Who opened them is told from their bytes or guessed from ports.",
        ),
        ("gaps", "holes in connections that were being read", coverage.gaps, "Messages in them were not read."),
        ("too-large", "messages were larger than may be held", coverage.messages_too_large, "They were passed over."),
        ("reassembly-full", "times the bound of reassembly was reached", coverage.reassembly_full, "Messages were passed over."),
        (
            "flows-evicted",
            "flows were let go early because too many were open",
            coverage.flows_evicted,
            "Later packets of them count as new flows.",
        ),
        ("fragments-timed-out", "fragmented packets never became whole", coverage.fragments_timed_out, "They were not read."),
        (
            "fragments-overlapping",
            "fragmented packets overlapped themselves",
            coverage.fragments_overlapping,
            "Normal systems do not send such; the first bytes were taken.",
        ),
        (
            "mirrored-copies",
            "packets came twice within milliseconds",
            coverage.mirrored_copies,
            "The mirror sends both directions of a port; they were counted once.",
        ),
        (
            "log-without-address",
            "lines of logs speak of a device without its address",
            beside.unplaced,
            "Who administered it is known only where the log came over the network, or names the address of the device that wrote it.",
        ),
        (
            "values-dropped",
            "values were not kept because a device gave too many different ones",
            beside.values_dropped,
            "The list of its names or marks is not complete.",
        ),
    ];
    let mut unseen: Vec<Unseen> = counted
        .into_iter()
        .filter(|(_, _, count, _)| *count > 0)
        .map(|(kind, what, count, consequence)| Unseen {
            kind: kind.to_owned(),
            what: what.to_owned(),
            count,
            consequence: consequence.to_owned(),
        })
        .collect();
    unseen.extend(coverage.opaque.iter().map(|((link, why), count)| Unseen {
        kind: "opaque-frames".to_owned(),
        what: format!(
            "frames on {} were not read: {}",
            link.name().map_or_else(|| format!("link type {}", link.0), str::to_owned),
            sensor::opaque_reason(*why)
        ),
        count: *count,
        consequence: "Who sent them is known only where the link layer says it.".to_owned(),
    }));
    unseen.extend(coverage.malformed.iter().map(|((protocol, what), count)| Unseen {
        kind: "malformed".to_owned(),
        what: format!("{protocol} messages break their standard: {what}"),
        count: *count,
        consequence: "What follows the fault in them was not read.".to_owned(),
    }));
    unseen
}
