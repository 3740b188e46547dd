//! One octet says which reader, the rest is what it reads: a kind of file line by line, a stream of syslog, or datagrams of an exporter
//! (each with its length in two octets before it). Everything ends, and what is said is bounded by what was read.
#![no_main]

use intake::{Clock, Emit, KINDS, Lines, Memory, flow, recognise, syslog};
use libfuzzer_sys::fuzz_target;
use model::{FrameRef, Observation, Timestamp};

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let clock = Clock { reference: Timestamp::from_parts(1_795_435_200, 0), ahead_s: 3_600 };
    let (mut memory, mut said) = (Memory::default(), 0_usize);
    let mut sink = |_: Observation| said += 1;
    let _ = recognise(bytes, true);
    let choice = usize::from(*choice);
    if let Some(kind) = KINDS.get(choice) {
        lines(kind.reader(), bytes, clock, &mut sink, &mut memory);
    } else {
        let mut out = Emit::new(&mut sink, &mut memory, clock, FrameRef::default());
        out.exporter = Some([10, 0, 0, 254].into());
        if choice % 2 == 0 {
            stream(bytes, &mut out);
        } else {
            datagrams(bytes, &mut out);
        }
    }
    assert!(said <= bytes.len().saturating_mul(4).saturating_add(64));
});

fn lines(mut reader: Box<dyn Lines>, bytes: &[u8], clock: Clock, sink: &mut dyn model::Intake, memory: &mut Memory) {
    for (number, line) in (1..).zip(bytes.split(|octet| *octet == b'\n')) {
        let _ = reader.line(line, &mut Emit::new(sink, memory, clock, FrameRef { source: 0, frame: number }));
    }
    let _ = reader.end(&mut Emit::new(sink, memory, clock, FrameRef::default()));
}

fn stream(bytes: &[u8], out: &mut Emit<'_>) {
    let (mut framer, mut collector) = (syslog::Framer::default(), syslog::Collector::default());
    let used = framer.each(bytes, |message| collector.message(message, out));
    framer.end(bytes.get(used..).unwrap_or_default(), |message| collector.message(message, out));
}

fn datagrams(mut bytes: &[u8], out: &mut Emit<'_>) {
    let mut collector = flow::Collector::default();
    while let Some(([high, low], rest)) = bytes.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
        let (datagram, behind) = rest.split_at(length);
        collector.datagram(datagram, out);
        bytes = behind;
    }
    collector.end(out);
}
