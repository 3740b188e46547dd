//! Frames and headers.

use super::{Framer, MAX_MESSAGE};
use crate::harness::{file, messages, torture};

fn framed(bytes: &[u8], chunk: usize) -> (Vec<String>, u64) {
    let (mut framer, mut all, mut buffer) = (Framer::default(), Vec::new(), Vec::new());
    let mut take = |message: &[u8]| all.push(String::from_utf8(message.to_vec()).unwrap());
    for piece in bytes.chunks(chunk) {
        buffer.extend_from_slice(piece);
        let used = framer.each(&buffer, &mut take);
        buffer.drain(..used);
        assert!(buffer.len() <= MAX_MESSAGE + 16);
    }
    framer.end(&buffer, &mut take);
    (all, framer.too_long)
}

#[test]
fn counted_and_ended_messages_in_any_chunks() {
    let stream = b"11 <34>1 words5 <5>x\n<13>one\r\n<13>two\n\n7 <13>a\nb<13>last";
    for chunk in 1..stream.len() {
        assert_eq!(framed(stream, chunk).0, ["<34>1 words", "<5>x", "<13>one", "<13>two", "<13>a\nb", "<13>last"], "{chunk}");
    }
}

#[test]
fn what_is_too_long_is_cut_and_counted() {
    let long = "y".repeat(MAX_MESSAGE + 500);
    for stream in [format!("<13>{long}\n<13>next\n"), format!("{} <13>{long}8 <13>next", long.len() + 4)] {
        for chunk in [1000, 100_000] {
            let (all, too_long) = framed(stream.as_bytes(), chunk);
            assert_eq!((all.len(), all[1].as_str(), too_long), (2, "<13>next", 1));
            assert_eq!(all[0].len(), MAX_MESSAGE);
        }
    }
}

#[test]
fn a_sender_is_named_once_it_is_sure_not_to_be_a_relay() {
    let own = "<13>1 2026-11-23T12:00:00Z fw1 app - - - words about anybody";
    let other = "<13>1 2026-11-23T12:00:00Z fw2 app - - - words about anybody";
    assert_eq!(messages(&[own; 20]), ["10.0.0.254 syslog.host:HostName fw1", "10.0.0.254 syslog.program:Software app"]);
    assert!(messages(&[own, other, own, own, own, own, own, own, own, own, own, own]).is_empty());
    assert!(messages(&["no header at all", "<13>", "", "<13>1 "]).is_empty());
}

#[test]
fn files_with_and_without_priority() {
    let text = "Nov 23 11:59:00 gw1 dnsmasq-dhcp[812]: DHCPACK(eth0) 10.0.0.5 00:1b:21:3c:4d:5e pump5\n\
                <30>1 2026-11-23T11:59:00Z gw1 other 1 - - words\n\
                garbage\n";
    let (said, unread) = file("syslog", text);
    assert_eq!(
        said,
        ["00:1b:21:3c:4d:5e=10.0.0.5 dhcp.yiaddr:Binding yes", "00:1b:21:3c:4d:5e=10.0.0.5 dhcp.option12:HostName pump5"]
    );
    assert_eq!(unread, ["3: no syslog header"]);
    torture("syslog", text);
}
