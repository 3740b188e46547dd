//! Any capture through a whole sensor: it ends, and says no more than a bound for each octet.
#![no_main]

use std::io::Cursor;

use capture::Reader;
use libfuzzer_sys::fuzz_target;
use model::{FrameRef, Observation};
use sensor::{Config, Frame, NoCredentials, Sensor};
use wire::layers::LinkType;

fuzz_target!(|bytes: &[u8]| {
    let Ok(mut reader) = Reader::new(Cursor::new(bytes.to_vec())) else { return };
    let config = Config { max_flows: 64, max_reassembly_bytes: 1 << 16, ..Config::default() };
    let mut sensor = Sensor::new(&config, Box::new(NoCredentials));
    let (mut said, mut read) = (0_usize, 0_usize);
    let mut take = |observation: Observation| said += usize::from(matches!(observation, Observation::Fact(_)));
    let mut damages = 0;
    while damages < 64 {
        match reader.next() {
            Ok(Some(frame)) => {
                read += frame.captured.len();
                let at = FrameRef { source: 0, frame: frame.number };
                let wire_len = frame.wire_len as usize;
                sensor.frame(
                    &Frame { time: frame.time, link: LinkType(frame.link), bytes: frame.captured, wire_len, at },
                    &mut take,
                );
            }
            Ok(None) => break,
            Err(_) => damages += 1,
        }
    }
    sensor.finish(&mut take);
    assert!(said <= read * 4 + 64, "{said} facts from {read} octets");
    assert_eq!(sensor.open_flows(), 0);
});
