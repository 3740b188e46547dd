//! Lines in, sentences out, for tests.

use model::observation::Subject;
use model::{Endpoint, FactValue, FrameRef, Observation};

use crate::{Clock, Emit, Lines, Memory, recognise};

/// The reference of all tests.
pub(crate) fn clock() -> Clock {
    Clock { reference: "2026-11-23T12:00:00Z".parse().unwrap(), ahead_s: 0 }
}

/// What `text` says when read as a file, and the numbers of its unreadable lines with the reason. Its kind must be `id`.
pub(crate) fn file(id: &str, text: &str) -> (Vec<String>, Vec<String>) {
    let kind = recognise(text.as_bytes(), true).map(|kind| kind.info().id);
    assert_eq!(kind, Some(id));
    lines(crate::KINDS.iter().find(|kind| kind.info().id == id).unwrap().reader(), text.as_bytes())
}

/// What lines say to a reader.
pub(crate) fn lines(mut reader: Box<dyn Lines>, text: &[u8]) -> (Vec<String>, Vec<String>) {
    let (mut said, mut unread, mut memory) = (Vec::new(), Vec::new(), Memory::default());
    let mut sink = |observation: Observation| said.push(sentence(&observation));
    let mut number = 0;
    for line in text.split(|b| *b == b'\n') {
        number += 1;
        let mut out = Emit::new(&mut sink, &mut memory, clock(), FrameRef { source: 0, frame: number });
        if let Err(why) = reader.line(line, &mut out) {
            unread.push(format!("{number}: {why}"));
        }
    }
    let mut out = Emit::new(&mut sink, &mut memory, clock(), FrameRef { source: 0, frame: number });
    if let Err(why) = reader.end(&mut out) {
        unread.push(format!("end: {why}"));
    }
    (said, unread)
}

/// What messages from `10.0.0.254` say to a collector.
pub(crate) fn messages(texts: &[&str]) -> Vec<String> {
    let (mut said, mut memory, mut collector) = (Vec::new(), Memory::default(), crate::syslog::Collector::default());
    let mut sink = |observation: Observation| said.push(sentence(&observation));
    for (number, text) in (1..).zip(texts) {
        let mut out = Emit::new(&mut sink, &mut memory, clock(), FrameRef { source: 0, frame: number });
        out.exporter = Some([10, 0, 0, 254].into());
        collector.message(text.as_bytes(), &mut out);
    }
    said
}

/// Reads a text cut at every length, and with each octet spoilt: nothing may panic.
pub(crate) fn torture(id: &str, text: &str) {
    let kind = crate::KINDS.iter().find(|kind| kind.info().id == id).unwrap();
    let bytes = text.as_bytes();
    let step = (bytes.len() / 400).max(1);
    for cut in (0..bytes.len()).step_by(step) {
        let _ = recognise(&bytes[..cut], true);
        lines(kind.reader(), &bytes[..cut]);
        let mut spoilt = bytes.to_vec();
        spoilt[cut] ^= 0x15;
        lines(kind.reader(), &spoilt);
        spoilt[cut] = 0xff;
        lines(kind.reader(), &spoilt);
    }
}

fn end(endpoint: Endpoint) -> String {
    let parts = [endpoint.mac.map(|mac| mac.to_string()), endpoint.ip.map(|ip| ip.to_string())];
    parts.into_iter().flatten().collect::<Vec<_>>().join("=")
}

pub(crate) fn sentence(observation: &Observation) -> String {
    match observation {
        Observation::Fact(fact) => {
            let about = match fact.subject {
                Subject::Endpoint(endpoint) => end(endpoint),
                Subject::Conversation(key) => {
                    format!("{}>{} {:?}/{}", end(key.client), end(key.server), key.transport, key.port)
                }
            };
            let value = match &fact.value {
                FactValue::Text(text) => text.to_string(),
                FactValue::Number(number) => number.to_string(),
                FactValue::Ip(ip) => ip.to_string(),
                FactValue::Mac(mac) => mac.to_string(),
                FactValue::Time(time) => time.to_string(),
                FactValue::ClockOffset(nanos) => format!("{nanos}ns"),
                FactValue::Yes => "yes".to_owned(),
            };
            format!("{about} {}:{:?} {value}", fact.field, fact.kind)
        }
        Observation::Flow(flow) => {
            let (up, down) = (flow.to_server, flow.to_client);
            format!(
                "{}>{} {:?}/{} {} {}/{} {}/{} {:?}{}",
                end(flow.key.client),
                end(flow.key.server),
                flow.key.transport,
                flow.key.port,
                flow.protocol.as_deref().unwrap_or("-"),
                up.packets,
                up.bytes,
                down.packets,
                down.bytes,
                flow.opening,
                if flow.direction_known { "" } else { " ?" },
            )
        }
    }
}
