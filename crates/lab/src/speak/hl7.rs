//! HL7 v2 messages in MLLP (HL7 "Minimal Lower Layer Protocol", release 1).

/// A message of segments, framed: vertical tab, segments that end in carriage returns, file separator, carriage return.
#[must_use]
pub fn framed(segments: &[&str]) -> Vec<u8> {
    let mut bytes = vec![0x0b];
    for segment in segments {
        bytes.extend(segment.as_bytes());
        bytes.push(b'\r');
    }
    bytes.extend([0x1c, b'\r']);
    bytes
}

/// The header segment.
#[must_use]
pub fn msh(sender: &str, receiver: &str, time: &str, kind: &str, id: &str, version: &str) -> String {
    format!("MSH|^~\\&|{sender}|CLINIC|{receiver}|CLINIC|{time}||{kind}|{id}|P|{version}|||||USA|UNICODE UTF-8")
}

/// The answer that accepts a message.
#[must_use]
pub fn accept(sender: &str, receiver: &str, time: &str, id: &str) -> Vec<u8> {
    framed(&[&msh(sender, receiver, time, "ACK", &format!("A{id}"), "2.5.1"), &format!("MSA|AA|{id}")])
}
