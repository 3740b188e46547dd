//! What a stream costs grows with its length and no faster. Counted, not timed: a count is the same on every machine.

use model::{FrameRef, Observation, Timestamp};
use sensor::{Config, Frame, NoCredentials, Sensor, Work};
use wire::layers::LinkType;

/// Frames of one connection from client to server on a port, whose payload is cut into segments of so many bytes.
fn work(from_port: u16, to_port: u16, stream: &[u8], segment: usize) -> Work {
    let mut sensor = Sensor::new(&Config::default(), Box::new(NoCredentials));
    let mut drop_it = |_: Observation| {};
    let mut seq = 1000_u32;
    let mut number = 0;
    let mut send = |flags: u8, payload: &[u8], seq: u32| {
        number += 1;
        let frame = frame(from_port, to_port, flags, seq, payload);
        let time = Timestamp::from_nanos(number * 1_000_000);
        let at = FrameRef { source: 0, frame: number.unsigned_abs() };
        sensor.frame(&Frame { time, link: LinkType::ETHERNET, bytes: &frame, wire_len: frame.len(), at }, &mut drop_it);
    };
    send(2, &[], seq);
    seq += 1;
    for payload in stream.chunks(segment) {
        send(16, payload, seq);
        seq = seq.wrapping_add(u32::try_from(payload.len()).unwrap());
    }
    sensor.finish(&mut drop_it);
    sensor.work()
}

fn frame(from_port: u16, to_port: u16, flags: u8, seq: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0, 0x45, 0];
    frame.extend(u16::try_from(40 + payload.len()).unwrap().to_be_bytes());
    frame.extend([0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
    frame.extend(from_port.to_be_bytes());
    frame.extend(to_port.to_be_bytes());
    frame.extend(seq.to_be_bytes());
    frame.extend([0, 0, 0, 0, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    frame.extend(payload);
    frame
}

/// An upload whose body is that long.
fn upload(body: usize) -> Vec<u8> {
    let mut stream = format!("POST /in HTTP/1.1\r\nHost: a.example\r\nContent-Length: {body}\r\n\r\n").into_bytes();
    stream.resize(stream.len() + body, b'x');
    stream
}

#[test]
fn a_body_that_is_passed_over_is_never_copied() {
    let (short, long) = (work(50_000, 80, &upload(10_000), 1460), work(50_000, 80, &upload(4_000_000), 1460));
    assert_eq!(short, long);
}

#[test]
fn what_nobody_knows_is_asked_about_a_bounded_number_of_times() {
    let noise = |len: usize| -> Vec<u8> { (0..len).map(|at| u8::try_from((at * 131 + at / 7) % 251).unwrap() | 0x80).collect() };
    let (short, long) = (work(50_001, 50_002, &noise(20_000), 100), work(50_001, 50_002, &noise(400_000), 100));
    assert_eq!(short, long);
}

#[test]
fn a_message_in_single_bytes_is_copied_once() {
    let stream = upload(10);
    let work = work(50_000, 80, &stream, 1);
    assert!(work.bytes_kept <= 2 * stream.len() as u64, "{work:?}");
}

#[test]
fn messages_in_a_row_cost_in_proportion() {
    let messages = |count: usize| b"GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n".repeat(count);
    let (few, many) = (work(50_000, 80, &messages(50), 700), work(50_000, 80, &messages(500), 700));
    assert!(many.bytes_kept <= messages(500).len() as u64, "{many:?}");
    assert_eq!(many.probes, few.probes);
}
