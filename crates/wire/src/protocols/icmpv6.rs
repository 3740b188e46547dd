//! (in work)

use crate::protocol::{Context, Hint, Info, Protocol, Verdict};

/// (in work)
pub struct Icmpv6;

static INFO: Info = Info { id: "icmpv6", name: "", doc: "", hints: &[Hint::AnyTcp] };

impl Protocol for Icmpv6 {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, _head: &[u8]) -> Verdict {
        Verdict::No
    }
}
