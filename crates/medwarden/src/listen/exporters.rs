//! Who sends: each exporter is a source of its own, and its messages are numbered.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::Ordering;

use model::FrameRef;

use super::queue::Shared;

/// Exporters of one socket that are told apart; all further ones share a source.
const MAX_EXPORTERS: usize = 4096;

/// The exporters of one socket.
#[derive(Default)]
pub(super) struct Exporters {
    known: HashMap<IpAddr, FrameRef>,
    others: Option<FrameRef>,
}

impl Exporters {
    /// The next message of an exporter; and whether it is its first.
    pub(super) fn next(&mut self, exporter: IpAddr, shared: &Shared) -> (FrameRef, bool) {
        let number = || FrameRef { source: shared.sources.fetch_add(1, Ordering::Relaxed), frame: 0 };
        let is_full = self.known.len() >= MAX_EXPORTERS && !self.known.contains_key(&exporter);
        let at = if is_full { self.others.get_or_insert_with(number) } else { self.known.entry(exporter).or_insert_with(number) };
        at.frame = at.frame.saturating_add(1);
        (*at, at.frame == 1 && !is_full)
    }
}
