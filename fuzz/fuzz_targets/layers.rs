//! Two octets of link type, then a frame: peeling it ends, and what is left lies within it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::layers::{Inner, LinkType, decode, decode_reassembled};

fuzz_target!(|bytes: &[u8]| {
    let Some(([a, b], frame)) = bytes.split_first_chunk() else { return };
    let link = LinkType(u16::from_le_bytes([*a, *b]));
    let packet = decode(link, frame, frame.len());
    let within = frame.as_ptr_range();
    let payload = packet.payload.as_ptr_range();
    assert!(packet.payload.is_empty() || (within.start <= payload.start && payload.end <= within.end));
    // The same frame longer on the wire than it was captured says the same of what was captured.
    let cut = decode(link, frame, frame.len() + 100);
    assert!(cut.payload.len() <= frame.len());
    if packet.inner == Inner::Fragment {
        let whole = decode_reassembled(&packet, packet.payload);
        assert!(whole.inner != Inner::Fragment || whole.payload.len() < packet.payload.len());
    }
});
