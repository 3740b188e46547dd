//! LIS2-A2 records (CLSI LIS2-A2, formerly ASTM E1394) and LIS1-A frames (formerly ASTM E1381), over TCP.

use crate::{Direction, Scene, Tcp};

/// The longest text of a frame (LIS1-A §6.3.1.2).
const MAX_FRAME: usize = 240;

/// Header: who speaks (components joined by `^`, as analysers fill it: name, software, serial number …), to whom, and when
/// (`YYYYMMDDHHMMSS`). The password is left empty by nearly all.
#[must_use]
pub fn header(password: &str, sender: &str, receiver: &str, time: &str) -> String {
    format!("H|\\^&||{password}|{sender}|||||{receiver}||P|LIS2-A2|{time}\r")
}

/// Patient: number, name (`Family^Given`), date of birth (`YYYYMMDD`), sex.
#[must_use]
pub fn patient(id: &str, name: &str, birth: &str, sex: &str) -> String {
    format!("P|1||{id}||{name}||{birth}|{sex}\r")
}

/// Order of one test on a specimen.
#[must_use]
pub fn order(number: u32, specimen: &str, test: &str) -> String {
    format!("O|{number}|{specimen}||^^^{test}|R\r")
}

/// Result of one test.
#[must_use]
pub fn result(number: u32, test: &str, value: &str, unit: &str, time: &str) -> String {
    format!("R|{number}|^^^{test}|{value}|{unit}||N||F||||{time}\r")
}

/// Query for the orders of a specimen.
#[must_use]
pub fn query(specimen: &str) -> String {
    format!("Q|1|^{specimen}||ALL\r")
}

/// A remark.
#[must_use]
pub fn comment(text: &str) -> String {
    format!("C|1|I|{text}|G\r")
}

/// The end of a message.
#[must_use]
pub fn end() -> String {
    "L|1|N\r".to_owned()
}

/// The frames of a message: number, text, end, check sum.
#[must_use]
pub fn frames(message: &str) -> Vec<Vec<u8>> {
    let count = message.len().div_ceil(MAX_FRAME);
    let frame = |(at, piece): (usize, &[u8])| {
        let mut body = vec![b'0' + ((at + 1) % 8) as u8];
        body.extend(piece);
        body.push(if at + 1 == count { 3 } else { 0x17 });
        let sum = body.iter().fold(0_u8, |sum, octet| sum.wrapping_add(*octet));
        [&[2][..], &body, format!("{sum:02X}\r\n").as_bytes()].concat()
    };
    message.as_bytes().chunks(MAX_FRAME).enumerate().map(frame).collect()
}

/// Sends a message in frames: bids for the line, waits for each acknowledgement, and lets go of the line.
pub fn send_framed(scene: &mut Scene, tcp: &mut Tcp, direction: Direction, message: &str) {
    tcp.send(scene, direction, &[5]);
    tcp.send(scene, direction.other(), &[6]);
    for frame in frames(message) {
        tcp.send(scene, direction, &frame);
        tcp.send(scene, direction.other(), &[6]);
    }
    tcp.send(scene, direction, &[4]);
}
