//! (in work)

use crate::protocol::{Context, Hint, Info, Protocol, Verdict};

/// (in work)
pub struct Fdp;

static INFO: Info = Info { id: "fdp", name: "", doc: "", hints: &[Hint::AnyTcp] };

impl Protocol for Fdp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, _head: &[u8]) -> Verdict {
        Verdict::No
    }
}
