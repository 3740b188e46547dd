//! DNS (RFC 1035), and what multicast DNS (RFC 6762) needs beside.

/// Type of an IPv4 address record.
pub const A: u16 = 1;
/// Type of a pointer record.
pub const PTR: u16 = 12;
/// Type of a text record.
pub const TXT: u16 = 16;
/// Type of an IPv6 address record.
pub const AAAA: u16 = 28;
/// Type of a service record.
pub const SRV: u16 = 33;

/// A name as labels, uncompressed. A dot within a label is written `\.`.
#[must_use]
pub fn name(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in text.replace("\\.", "\0").split('.').filter(|label| !label.is_empty()) {
        let label = label.replace('\0', ".");
        bytes.push(label.len() as u8);
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes
}

fn header(id: u16, flags: u16, questions: u16, answers: u16) -> Vec<u8> {
    [id, flags, questions, answers, 0, 0].iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn question(asked: &str, kind: u16) -> Vec<u8> {
    [&name(asked)[..], &kind.to_be_bytes(), &1_u16.to_be_bytes()].concat()
}

/// A question that wants recursion.
#[must_use]
pub fn query(id: u16, asked: &str, kind: u16) -> Vec<u8> {
    [header(id, 0x0100, 1, 0), question(asked, kind)].concat()
}

/// A record for an answer.
#[must_use]
pub fn answer(owner: &str, kind: u16, ttl_s: u32, data: &[u8]) -> Vec<u8> {
    let mut bytes = name(owner);
    bytes.extend(kind.to_be_bytes());
    bytes.extend(1_u16.to_be_bytes());
    bytes.extend(ttl_s.to_be_bytes());
    bytes.extend((data.len() as u16).to_be_bytes());
    bytes.extend(data);
    bytes
}

/// The answer to [`query`]; without answers, the name does not exist.
#[must_use]
pub fn response(id: u16, asked: &str, kind: u16, answers: &[Vec<u8>]) -> Vec<u8> {
    let flags = if answers.is_empty() { 0x8183 } else { 0x8180 };
    [header(id, flags, 1, answers.len() as u16), question(asked, kind), answers.concat()].concat()
}

/// A multicast DNS announcement.
#[must_use]
pub fn announcement(answers: &[Vec<u8>]) -> Vec<u8> {
    [header(0, 0x8400, 0, answers.len() as u16), answers.concat()].concat()
}

/// A multicast DNS question.
#[must_use]
pub fn multicast_query(asked: &str, kind: u16) -> Vec<u8> {
    [header(0, 0, 1, 0), question(asked, kind)].concat()
}

/// Data of a TXT record.
#[must_use]
pub fn txt(entries: &[&str]) -> Vec<u8> {
    entries.iter().flat_map(|entry| [&[entry.len() as u8][..], entry.as_bytes()].concat()).collect()
}

/// Data of an SRV record (RFC 2782).
#[must_use]
pub fn srv(port: u16, target: &str) -> Vec<u8> {
    [&[0, 0, 0, 0][..], &port.to_be_bytes(), &name(target)].concat()
}
