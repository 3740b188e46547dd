//! (in work)

use crate::protocol::{Context, Hint, Info, Protocol, Verdict};

/// (in work)
pub struct Dhcpv6;

static INFO: Info = Info { id: "dhcpv6", name: "", doc: "", hints: &[Hint::AnyTcp] };

impl Protocol for Dhcpv6 {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, _head: &[u8]) -> Verdict {
        Verdict::No
    }
}
