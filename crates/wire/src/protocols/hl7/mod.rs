//! (in work)

use crate::protocol::{Context, Hint, Info, Protocol, Verdict};

/// (in work)
pub struct Hl7;

static INFO: Info = Info { id: "hl7", name: "", doc: "", hints: &[Hint::AnyTcp] };

impl Protocol for Hl7 {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, _head: &[u8]) -> Verdict {
        Verdict::No
    }
}
