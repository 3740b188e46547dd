//! A bundle of entries beside the hashes that were taken of them.

use super::{Check, Problem, fits, leaves};
use crate::hash::Hash;
use crate::source::Source;
use crate::tile::{Bundle, TILE_WIDTH, TileId, TileKind};

/// How many differing entries of a bundle are told one by one.
const TOLD: usize = 4;

impl<S: Source> Check<'_, S> {
    /// Checks one bundle and the tile of level 0 beside it, and goes on with what is more likely to be true, so that later damage is found too.
    pub(super) fn bundle(&mut self, bundle: TileId, size: u64) {
        let tile = TileId { kind: TileKind::Hashes(0), ..bundle };
        let first = bundle.index.saturating_mul(u64::from(TILE_WIDTH));
        let found = self.entries_of(bundle, first);
        let stored = match self.hashes_of(tile) {
            Ok(Some(stored)) => Some(stored),
            Ok(None) => {
                self.problem(Problem::missing(tile));
                None
            }
            Err(what) => {
                self.problem(Problem::at(&tile.to_string(), what));
                None
            }
        };
        let above = self.root_above(tile, size);
        let whole = found.as_ref().filter(|found| found.len() == usize::from(bundle.width));
        let leaves = match (found.as_ref(), whole, stored) {
            (_, Some(found), Some(stored)) if *found == stored => stored,
            (_, Some(found), Some(stored)) => {
                let tile_is_wrong = fits(found, above);
                self.differing(bundle, tile, found, &stored, first, tile_is_wrong, fits(&stored, above));
                if tile_is_wrong { found.clone() } else { stored }
            }
            (Some(found), None, Some(stored)) => {
                self.problem(Problem::count(bundle, first, found, &stored));
                stored
            }
            (None, _, Some(stored)) => stored,
            (_, Some(found), None) => found.clone(),
            _ => return self.stop(first),
        };
        self.grow(&leaves);
    }

    /// The hashes of the entries in a bundle.
    fn entries_of(&mut self, bundle: TileId, first: u64) -> Option<Vec<Hash>> {
        let bytes = match self.source.tile(bundle) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                self.problem(Problem::entries_missing(bundle, first));
                return None;
            }
            Err(error) => {
                self.problem(Problem::at(&bundle.to_string(), error.to_string()));
                return None;
            }
        };
        let entries: Result<Vec<_>, _> = Bundle::new(&bytes).collect();
        match entries {
            Ok(entries) => {
                let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                self.report.entry_bytes = self.report.entry_bytes.saturating_add(length);
                Some(leaves(entries.into_iter()))
            }
            Err(error) => {
                let whole = Bundle::new(&bytes).take_while(Result::is_ok).count();
                let number = first.saturating_add(u64::try_from(whole).unwrap_or(0));
                self.problem(Problem::at(&bundle.to_string(), error.to_string()).entry(number));
                None
            }
        }
    }

    #[allow(clippy::too_many_arguments, reason = "two files beside each other, and which of them the tile above believes")]
    fn differing(
        &mut self,
        bundle: TileId,
        tile: TileId,
        found: &[Hash],
        stored: &[Hash],
        first: u64,
        tile_wrong: bool,
        tile_right: bool,
    ) {
        let differing: Vec<u64> = (first..)
            .zip(found.iter().zip(stored))
            .filter(|(_, (found, stored))| found != stored)
            .map(|(number, _)| number)
            .collect();
        if tile_wrong {
            self.problem(Problem::tile_differs(
                tile,
                differing.first().and_then(|number| usize::try_from(number - first).ok()),
                stored.len(),
            ));
            return;
        }
        let same_entries = {
            let (mut left, mut right) = (found.to_vec(), stored.to_vec());
            left.sort_unstable();
            right.sort_unstable();
            left == right
        };
        if same_entries && differing.len() > 1 {
            self.problem(Problem::reordered(bundle, &differing));
            return;
        }
        for number in differing.iter().take(TOLD) {
            self.problem(Problem::entry_differs(bundle, *number, tile_right));
        }
        if let Some((from, rest)) = differing.split_at_checked(TOLD).and_then(|(_, rest)| rest.first().zip(Some(rest.len()))) {
            self.problem(Problem::entries_differ(bundle, *from, rest));
        }
    }

    fn stop(&mut self, first: u64) {
        self.stopped = true;
        self.problem(Problem::stopped(first));
    }
}
