//! Any bytes as a capture: reading them ends, and lends nothing larger than is allowed.
#![no_main]

use std::io::Cursor;

use capture::{MAX_FRAME_BYTES, Reader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut reader) = Reader::new(Cursor::new(bytes.to_vec())) else { return };
    let mut last = None;
    loop {
        match reader.next() {
            Ok(Some(frame)) => {
                assert!(frame.captured.len() <= MAX_FRAME_BYTES);
                assert!(last < Some(frame.offset), "offsets go up");
                last = Some(frame.offset);
            }
            Ok(None) => break,
            Err(damage) => assert!(!damage.what.is_empty() && !damage.hint.is_empty()),
        }
    }
});
