//! Deflated explicit VR little endian (DICOM PS3.5 §A.5): raw RFC 1951, inflated piece by piece and only as far as the
//! elements of interest reach.

use flate2::{Decompress, FlushDecompress, Status};

use super::element::{Reader, Visitor};

/// The most that is inflated of one data set: its header stands in front, and a bomb is not worth more.
const MAX_INFLATED: u64 = 256 * 1024;

/// Inflates fragments into a [`Reader`].
pub(super) struct Inflater {
    stream: Option<Decompress>,
}

impl Default for Inflater {
    fn default() -> Self {
        Self { stream: Some(Decompress::new(false)) }
    }
}

impl std::fmt::Debug for Inflater {
    /// Without its window, which holds what was inflated.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inflater").finish_non_exhaustive()
    }
}

impl Inflater {
    /// Nothing more will come of it.
    pub(super) const fn is_over(&self) -> bool {
        self.stream.is_none()
    }

    /// The next fragment. Ends for good when the reader has all it wants, the stream is over or broken, or the bound is met.
    pub(super) fn feed(&mut self, mut bytes: &[u8], reader: &mut Reader, visitor: &mut dyn Visitor) {
        let Some(stream) = &mut self.stream else { return };
        let mut room = [0; 2048];
        let mut over = false;
        loop {
            let (used, made) = (stream.total_in(), stream.total_out());
            let Ok(status) = stream.decompress(bytes, &mut room, FlushDecompress::None) else {
                over = true;
                break;
            };
            let used = usize::try_from(stream.total_in().saturating_sub(used)).unwrap_or(bytes.len());
            let made = usize::try_from(stream.total_out().saturating_sub(made)).unwrap_or(0);
            bytes = bytes.get(used..).unwrap_or_default();
            reader.feed(room.get(..made).unwrap_or_default(), visitor);
            over |= status == Status::StreamEnd || reader.is_done() || stream.total_out() > MAX_INFLATED;
            if over || (used == 0 && made == 0) {
                break;
            }
        }
        if over {
            self.stream = None;
        }
    }
}
