//! Files that the newest checkpoint does not need.

use super::{Check, Problem};
use crate::source::Source;
use crate::tile::{TILE_WIDTH, TileId, TileKind};

impl<S: Source> Check<'_, S> {
    /// Older partial forms of a tile must be its beginning. What lies behind the end was never signed, and foreign files are named.
    pub(super) fn strays(&mut self, size: u64) {
        let listed = match self.source.list() {
            Ok(listed) => listed,
            Err(error) => return self.problem(Problem::at("tile", error.to_string())),
        };
        let (mut unsigned, mut foreign) = (Vec::new(), Vec::new());
        for path in listed.iter().filter(|path| path.starts_with("tile/")) {
            match TileId::parse(path) {
                None => foreign.push(path.clone()),
                Some(tile) => match needed(tile, size) {
                    None => unsigned.push(path.clone()),
                    Some(needed) if needed.width < tile.width => unsigned.push(path.clone()),
                    Some(needed) if needed.width > tile.width => self.older(tile, needed),
                    Some(_) => {}
                },
            }
        }
        self.report.unsigned_files = unsigned;
        self.report.foreign_files = foreign;
    }

    fn older(&mut self, tile: TileId, needed: TileId) {
        let (Ok(Some(old)), Ok(Some(new))) = (self.source.tile(tile), self.source.tile(needed)) else { return };
        let whole = tile.kind == TileKind::Entries || old.len() == tile.most_bytes();
        let entries = crate::Bundle::new(&old).map_while(Result::ok).count();
        let right_count = tile.kind != TileKind::Entries || entries == usize::from(tile.width);
        if !new.starts_with(&old) || !whole || !right_count {
            self.problem(Problem::older_differs(tile, needed));
        }
    }
}

/// The form that the newest checkpoint needs of a tile; nothing where the log does not reach so far.
fn needed(tile: TileId, size: u64) -> Option<TileId> {
    TileId::holding(tile.kind, tile.index.checked_mul(u64::from(TILE_WIDTH))?, size)
}
