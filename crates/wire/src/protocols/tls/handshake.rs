//! The handshake messages that cross in clear, whatever carries them: TLS records, DTLS fragments or QUIC CRYPTO frames.

use std::borrow::Cow;

use model::FactKind;

use crate::bytes::{Cursor, be16};
use crate::fact::{About, Field, Sink, Value};
use crate::protocol::{Context, Role};

use super::certificate::{Presenter, say_certificate, significant_bits};
use super::hello::{ClientHello, ServerHello, version_name};
use super::ja4::{Carrier, ja4};
use super::suites::{Strength, group_name, suite_name, suite_strength};

pub(crate) static VERSION: Field = Field::new("tls.version", "TLS version chosen by the server", FactKind::ProtocolVersion);
static SERVER_NAME: Field = Field::new("tls.sni", "TLS server_name (SNI)", FactKind::ServerName);
static ALPN_OFFERED: Field = Field::new("tls.alpn_offered", "application protocols offered (ALPN)", FactKind::Alpn);
static ALPN: Field = Field::new("tls.alpn", "application protocol chosen (ALPN)", FactKind::Alpn);
static JA4: Field = Field::new("tls.ja4", "JA4 of the TLS client", FactKind::Ja4);
static SUITE: Field = Field::new("tls.cipher", "TLS cipher suite chosen", FactKind::Cipher);
static SUITE_WEAK: Field = Field::new("tls.cipher_weak", "TLS cipher suite chosen, to be replaced", FactKind::CipherWeak);
static SUITE_BROKEN: Field = Field::new("tls.cipher_broken", "TLS cipher suite chosen, of no use", FactKind::CipherBroken);
static GROUP: Field = Field::new("tls.group", "TLS key exchange group chosen", FactKind::Cipher);
static GROUP_WEAK: Field = Field::new("tls.group_weak", "TLS key exchange group chosen, too short", FactKind::CipherWeak);
static GROUP_BROKEN: Field = Field::new("tls.group_broken", "TLS key exchange group chosen, of no use", FactKind::CipherBroken);
pub(crate) static ALERT: Field = Field::new("tls.alert", "TLS alert in clear", FactKind::Operation);

/// Types of handshake messages (RFC 8446 §4, RFC 5246 §7.4, RFC 6347 §4.3.2).
pub(crate) mod kind {
    pub(crate) const HELLO_REQUEST: u8 = 0;
    pub(crate) const CLIENT_HELLO: u8 = 1;
    pub(crate) const SERVER_HELLO: u8 = 2;
    pub(crate) const HELLO_VERIFY_REQUEST: u8 = 3;
    pub(crate) const CERTIFICATE: u8 = 11;
    pub(crate) const SERVER_KEY_EXCHANGE: u8 = 12;
    pub(crate) const CERTIFICATE_REQUEST: u8 = 13;
    pub(crate) const CERTIFICATE_STATUS: u8 = 22;
}

/// The largest hello that is read; real ones stay below 4 KiB even with post-quantum keys.
const MAX_HELLO: usize = 32 * 1024;
/// The largest certificate that is read.
const MAX_CERTIFICATE: usize = 32 * 1024;

/// Whether the sender will say more that is of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// It may.
    Continue,
    /// What follows is encrypted or of no interest.
    Stop,
}

/// How much of a message's body is needed to read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// So many octets from the front.
    Front(usize),
    /// The message is not one to read: absurdly long, or of a type that does not cross in clear.
    Unreadable,
}

/// How much of the body of a message is wanted, given its type, its length and what of it is there already.
pub(crate) fn need(kind: u8, length: usize, front: &[u8]) -> Need {
    match kind {
        kind::CLIENT_HELLO | kind::SERVER_HELLO if length > MAX_HELLO => Need::Unreadable,
        kind::CLIENT_HELLO | kind::SERVER_HELLO => Need::Front(length),
        // The list, and of it only the first, which is the sender's own (RFC 5246 §7.4.2).
        kind::CERTIFICATE => {
            let first = front.get(3..).and_then(|rest| Cursor::new(rest).u24()).map_or(0, |n| usize::try_from(n).unwrap_or(0));
            if first > MAX_CERTIFICATE {
                return Need::Unreadable;
            }
            Need::Front(first.saturating_add(6).min(length))
        }
        kind::SERVER_KEY_EXCHANGE => Need::Front(length.min(8)),
        _ => Need::Front(0),
    }
}

/// What is remembered of a handshake.
#[derive(Debug)]
pub(crate) struct Handshake {
    carrier: Carrier,
    said_client: bool,
    said_server: bool,
    client_lane: Option<usize>,
    suite: u16,
}

impl Handshake {
    /// A handshake of which nothing was seen.
    pub(crate) const fn new(carrier: Carrier) -> Self {
        Self { carrier, said_client: false, said_server: false, client_lane: None, suite: 0 }
    }

    /// Reads a message, of whose body at least what [`need`] asked for is given.
    pub(crate) fn message(&mut self, context: &Context, kind: u8, body: &[u8], out: &mut dyn Sink) -> After {
        match kind {
            kind::CLIENT_HELLO => self.client_hello(context, body, out),
            kind::SERVER_HELLO => self.server_hello(context, body, out),
            kind::CERTIFICATE => self.certificate(context, body, out),
            kind::SERVER_KEY_EXCHANGE => {
                self.server_key_exchange(body, out);
                After::Continue
            }
            kind::HELLO_REQUEST | kind::HELLO_VERIFY_REQUEST | kind::CERTIFICATE_REQUEST | kind::CERTIFICATE_STATUS => {
                After::Continue
            }
            // ServerHelloDone, ClientKeyExchange, Finished and what else ends what crosses in clear.
            _ => After::Stop,
        }
    }

    fn client_hello(&mut self, context: &Context, body: &[u8], out: &mut dyn Sink) -> After {
        let Some(hello) = ClientHello::parse(body, self.carrier == Carrier::Dtls) else {
            out.malformed("ClientHello");
            return After::Stop;
        };
        // A second one answers a HelloRetryRequest or a cookie and says the same.
        if !self.said_client {
            self.said_client = true;
            self.client_lane = Some(context.lane());
            out.sender_is(Role::Client);
            self.say_client(&hello, out);
        }
        After::Continue
    }

    fn say_client(&self, hello: &ClientHello, out: &mut dyn Sink) {
        if !hello.server_name.is_empty() {
            out.say(About::Conversation, &SERVER_NAME, Value::Octets(hello.server_name));
        }
        if let Some(names) = joined(hello.alpn_names()) {
            out.conversation(&ALPN_OFFERED, &names);
        }
        if let Some(ja4) = ja4(self.carrier, hello) {
            out.say(About::Sender, &JA4, Value::Text(Cow::Owned(ja4)));
        }
    }

    fn server_hello(&mut self, context: &Context, body: &[u8], out: &mut dyn Sink) -> After {
        let Some(hello) = ServerHello::parse(body) else {
            out.malformed("ServerHello");
            return After::Stop;
        };
        if !self.said_server {
            self.said_server = true;
            self.suite = hello.suite;
            self.client_lane = Some(context.lane() ^ 1);
            out.sender_is(Role::Server);
            say_server(&hello, out);
        }
        // A HelloRetryRequest has the same form and already names version, suite and group (RFC 8446 §4.1.4).
        if hello.hides_certificate() { After::Stop } else { After::Continue }
    }

    fn certificate(&self, context: &Context, body: &[u8], out: &mut dyn Sink) -> After {
        // Without a hello it may be a client's, whose name may be a person's.
        let is_client = self.client_lane.is_none_or(|lane| lane == context.lane());
        let mut at = Cursor::new(body);
        let first = at.skip(3).and_then(|()| at.u24()).and_then(|length| at.take(usize::try_from(length).ok()?));
        match first {
            Some(der) if !der.is_empty() => {
                say_certificate(if is_client { Presenter::Client } else { Presenter::Server }, der, out);
            }
            // A client without a certificate sends an empty list (RFC 5246 §7.4.6).
            _ if is_client => {}
            _ => out.malformed("Certificate"),
        }
        if is_client { After::Stop } else { After::Continue }
    }

    /// The group of an ephemeral key (RFC 8422 §5.4, RFC 5246 §7.4.3). Which form the message has, the suite tells.
    fn server_key_exchange(&self, body: &[u8], out: &mut dyn Sink) {
        let Some(name) = suite_name(self.suite) else { return };
        if name.contains("_PSK_") {
            return;
        }
        if name.contains("_ECDHE_") || name.contains("_ECDH_anon_") {
            if let [3, high, low, ..] = body {
                say_group(u16::from_be_bytes([*high, *low]), out);
            }
        } else if (name.contains("_DHE_") || name.contains("_DH_anon_"))
            && let (Some(octets), Some(prime)) = (be16(body, 0), body.get(2..))
        {
            say_prime(prime_bits(octets.into(), prime), out);
        }
    }
}

/// Bits of a prime of so many octets, of which the first few are given.
pub(crate) fn prime_bits(octets: usize, front: &[u8]) -> usize {
    let unseen = octets.saturating_sub(front.len()).saturating_mul(8);
    match significant_bits(front) {
        0 => unseen,
        bits => bits.saturating_add(unseen),
    }
}

fn say_server(hello: &ServerHello, out: &mut dyn Sink) {
    match version_name(hello.version) {
        Some(name) => out.conversation(&VERSION, name),
        None => out.malformed("version of the ServerHello"),
    }
    say_suite(hello.suite, out);
    if let Some(group) = hello.group {
        say_group(group, out);
    }
    if let Some(name) = hello.alpn {
        out.say(About::Conversation, &ALPN, Value::Octets(name));
    }
}

fn say_suite(suite: u16, out: &mut dyn Sink) {
    let Some(name) = suite_name(suite) else {
        out.conversation(&SUITE, &format!("0x{suite:04x}"));
        return;
    };
    out.conversation(&SUITE, name);
    match suite_strength(name) {
        Strength::Ok => {}
        Strength::Weak => out.conversation(&SUITE_WEAK, name),
        Strength::Broken => out.conversation(&SUITE_BROKEN, name),
    }
}

fn say_group(group: u16, out: &mut dyn Sink) {
    match group_name(group) {
        Some(name) => out.conversation(&GROUP, name),
        None => out.conversation(&GROUP, &format!("group 0x{group:04x}")),
    }
    // Below 224 bits (RFC 9325 §4.5).
    if matches!(group, 1..=5 | 15..=19) {
        out.conversation(&GROUP_WEAK, group_name(group).unwrap_or("short curve"));
    }
}

/// Says the size of a Diffie-Hellman prime, and that it is short (RFC 9325 §4.5: 2048 bits at least; Logjam breaks 512).
fn say_prime(bits: usize, out: &mut dyn Sink) {
    let text = format!("DH {bits}");
    out.conversation(&GROUP, &text);
    if bits < 1000 {
        out.conversation(&GROUP_BROKEN, &text);
    } else if bits < 2000 {
        out.conversation(&GROUP_WEAK, &text);
    }
}

/// The names with commas between; what is not text in ASCII is left out.
fn joined<'a>(names: impl Iterator<Item = &'a [u8]>) -> Option<String> {
    let mut text = String::new();
    for name in names.take(16).filter_map(|name| std::str::from_utf8(name).ok()).filter(|name| name.is_ascii()) {
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(name);
    }
    (!text.is_empty()).then_some(text)
}

/// The name of an alert (RFC 8446 §6, RFC 5246 §7.2).
pub(crate) const fn alert_name(description: u8) -> Option<&'static str> {
    Some(match description {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        21 => "decryption_failed",
        22 => "record_overflow",
        30 => "decompression_failure",
        40 => "handshake_failure",
        41 => "no_certificate",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        60 => "export_restriction",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        100 => "no_renegotiation",
        109 => "missing_extension",
        110 => "unsupported_extension",
        111 => "certificate_unobtainable",
        112 => "unrecognized_name",
        113 => "bad_certificate_status_response",
        114 => "bad_certificate_hash_value",
        115 => "unknown_psk_identity",
        116 => "certificate_required",
        120 => "no_application_protocol",
        121 => "ech_required",
        _ => return None,
    })
}
