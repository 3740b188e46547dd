//! `ssl.log`: versions, suites and names of TLS.

use model::{ConversationKey, FactKind, Transport};
use wire::tls_suites::{Strength, suite_strength};
use wire::{Field, Value};

use super::{Column as C, Row, conn};
use crate::Emit;

static VERSION: Field = Field::new("tls.version", "TLS version chosen by the server (Zeek log)", FactKind::ProtocolVersion);
static SUITE: Field = Field::new("tls.cipher", "TLS cipher suite chosen (Zeek log)", FactKind::Cipher);
static SUITE_WEAK: Field =
    Field::new("tls.cipher_weak", "TLS cipher suite chosen, to be replaced (Zeek log)", FactKind::CipherWeak);
static SUITE_BROKEN: Field =
    Field::new("tls.cipher_broken", "TLS cipher suite chosen, of no use (Zeek log)", FactKind::CipherBroken);
static SERVER_NAME: Field = Field::new("tls.sni", "TLS server_name (Zeek log)", FactKind::ServerName);
static ALPN: Field = Field::new("tls.alpn", "application protocol chosen (Zeek log)", FactKind::Alpn);
static JA4: Field = Field::new("tls.ja4", "JA4 of the TLS client (Zeek log)", FactKind::Ja4);

/// Reads a row.
pub(super) fn read(row: &Row<'_>, out: &mut Emit<'_>) -> Result<(), &'static str> {
    let version = version(row.text(C::Version));
    let mut key = conn::key(row)?;
    if version.starts_with("DTLS") {
        key.transport = Transport::Udp;
    }
    let client = key.client;
    if !row.text(C::Ja4).is_empty() {
        out.say(client, &JA4, &Value::Octets(row.text(C::Ja4)));
    }
    // Of a handshake that failed, nothing was chosen for good.
    if row.text(C::Established) == b"F" {
        return Ok(());
    }
    if !version.is_empty() {
        out.say_of(key, &VERSION, &Value::Text(version.into()));
    }
    say_suite(key, row.text(C::Cipher), out);
    for (column, field) in [(C::ServerName, &SERVER_NAME), (C::NextProtocol, &ALPN)] {
        if !row.text(column).is_empty() {
            out.say_of(key, field, &Value::Octets(row.text(column)));
        }
    }
    Ok(())
}

fn say_suite(key: ConversationKey, suite: &[u8], out: &mut Emit<'_>) {
    let Some(name) = std::str::from_utf8(suite).ok().filter(|name| !name.is_empty()) else { return };
    out.say_of(key, &SUITE, &Value::Octets(suite));
    match suite_strength(name) {
        Strength::Ok => {}
        Strength::Weak => out.say_of(key, &SUITE_WEAK, &Value::Octets(suite)),
        Strength::Broken => out.say_of(key, &SUITE_BROKEN, &Value::Octets(suite)),
    }
}

/// Zeek's name of a version as our decoder writes it; empty where it is none.
fn version(text: &[u8]) -> &'static str {
    match text {
        b"SSLv2" => "SSL 2",
        b"SSLv3" => "SSL 3",
        b"TLSv10" => "TLS 1.0",
        b"TLSv11" => "TLS 1.1",
        b"TLSv12" => "TLS 1.2",
        b"TLSv13" => "TLS 1.3",
        b"DTLSv10" => "DTLS 1.0",
        b"DTLSv12" => "DTLS 1.2",
        b"DTLSv13" => "DTLS 1.3",
        _ => "",
    }
}
