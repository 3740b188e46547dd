//! Linux netfilter's LOG target (iptables-extensions(8), LOG), as UniFi gateways, OpenWrt and many others write it:
//! `[WAN_LOCAL-D-4000]IN=eth8 OUT= MAC=… SRC=198.51.100.1 DST=203.0.113.1 LEN=40 … TTL=243 … PROTO=TCP SPT=5000 DPT=23 …`.

use model::MacAddr;
use model::observation::Opening;

use crate::Emit;
use crate::talk::{Talk, transport_of, with_mac};
use crate::text::{hex, ip, number, pairs, small};

/// The message is netfilter's.
pub(crate) fn is(body: &[u8]) -> bool {
    let has = |mark: &[u8]| memchr::memmem::find(body, mark).is_some();
    has(b"IN=") && has(b" SRC=") && has(b" PROTO=")
}

/// Reads a message: one packet, sent by its source for certain.
pub(crate) fn read(body: &[u8], out: &mut Emit<'_>) {
    let (mut src, mut dst, mut transport, mut port, mut length, mut ttl, mut src_mac) = (None, None, None, 0, 0, 0, None);
    for (key, value) in pairs(body) {
        match key {
            b"SRC" => src = src.or_else(|| ip(value)),
            b"DST" => dst = dst.or_else(|| ip(value)),
            b"PROTO" => transport = transport.or_else(|| transport_of(value)),
            b"DPT" => port = small(value).unwrap_or(0),
            b"LEN" if length == 0 => length = number(value).unwrap_or(0),
            b"TTL" | b"HOPLIMIT" => ttl = small(value).unwrap_or(0),
            b"MAC" => src_mac = source(value),
            _ => {}
        }
    }
    let (Some(src), Some(dst), Some(transport)) = (src, dst, transport) else { return };
    let talk = Talk::new(src, dst, transport, port);
    let opening = if is_refused(body) { Opening::Unanswered } else { Opening::Unknown };
    // An acknowledgement is not the first packet: who opened the connection is not told.
    let direction_known = memchr::memmem::find(body, b" ACK ").is_none();
    Talk { client: with_mac(talk.client, src_mac), to_server: (1, length), hop_limit: ttl, opening, direction_known, ..talk }
        .tell(out);
}

/// The link's header: six octets of destination, six of source, the type.
fn source(value: &[u8]) -> Option<MacAddr> {
    let octets = hex(value).filter(|octets| octets.len() == 14)?;
    octets.get(6..).and_then(MacAddr::from_slice)
}

/// The prefix is free text; these are the customs: `[name-D-4000]` of EdgeOS and UniFi, and words.
fn is_refused(body: &[u8]) -> bool {
    let prefix = crate::text::split(body, b"IN=").map_or(&[][..], |(prefix, _)| prefix);
    let has = |mark: &[u8]| memchr::memmem::find(prefix, mark).is_some();
    [&b"-D-"[..], b"-D]", b"-R-", b"-R]", b"DROP", b"drop", b"REJECT", b"reject", b"BLOCK", b"DENY"].iter().any(|mark| has(mark))
}
