//! Going over the options of a message.

use super::{COOKIE, FIXED_LEN};

/// Calls with code and value of each option, those in the fields `sname` and `file` too where option 52 says that they hold
/// some (RFC 2132 §9.3). `None` when an option is longer than what holds it.
pub(super) fn each(payload: &[u8], call: &mut dyn FnMut(u8, &[u8])) -> Option<()> {
    let Some(rest) = payload.get(FIXED_LEN..).and_then(|rest| rest.strip_prefix(&COOKIE)) else { return Some(()) };
    let mut overload = 0;
    region(rest, &mut |code, value| {
        if let (52, [only]) = (code, value) {
            overload = *only;
        }
        call(code, value);
    })?;
    if overload & 1 != 0 {
        region(payload.get(108..236)?, call)?;
    }
    if overload & 2 != 0 {
        region(payload.get(44..108)?, call)?;
    }
    Some(())
}

/// Each turn takes one octet or more.
fn region(mut rest: &[u8], call: &mut dyn FnMut(u8, &[u8])) -> Option<()> {
    while let Some((&code, tail)) = rest.split_first() {
        rest = match code {
            0 => tail,
            255 => return Some(()),
            _ => {
                let (&len, tail) = tail.split_first()?;
                let (value, next) = tail.split_at_checked(usize::from(len))?;
                call(code, value);
                next
            }
        };
    }
    Some(())
}
