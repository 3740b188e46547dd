//! (in work)

use crate::protocol::{Context, Hint, Info, Protocol, Verdict};

/// (in work)
pub struct RemoteTools;

static INFO: Info = Info { id: "remote_tools", name: "", doc: "", hints: &[Hint::AnyTcp] };

impl Protocol for RemoteTools {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, _head: &[u8]) -> Verdict {
        Verdict::No
    }
}
