//! (in work)

use crate::protocol::{Context, Hint, Info, Protocol, Verdict};

/// (in work)
pub struct Pop3;

static INFO: Info = Info { id: "pop3", name: "", doc: "", hints: &[Hint::AnyTcp] };

impl Protocol for Pop3 {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, _head: &[u8]) -> Verdict {
        Verdict::No
    }
}
