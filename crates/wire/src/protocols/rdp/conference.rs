//! The settings exchange in clear under standard security (MS-RDPBCGR §2.2.1.3 and §2.2.1.4): data blocks inside a T.124
//! conference message inside a T.125 connect message.

use model::FactKind;

use crate::bytes::{Cursor, find};
use crate::fact::About;
use crate::fact::{Field, Sink, Value};
use crate::protocol::Next;
use crate::text::utf16_le;

static CLIENT_NAME: Field = Field::new("rdp.client_name", "RDP client name", FactKind::HostName);
static CLIENT_BUILD: Field = Field::new("rdp.client_build", "RDP client build", FactKind::Software);
static VERSION: Field = Field::new("rdp.version", "RDP version of the server", FactKind::ProtocolVersion);
static ENCRYPTION: Field = Field::new("rdp.encryption", "RDP encryption method chosen", FactKind::Cipher);
static WEAK: Field = Field::new("rdp.encryption_weak", "RDP encryption method chosen, to be replaced", FactKind::CipherWeak);
static BROKEN: Field = Field::new("rdp.encryption_broken", "RDP encryption method chosen, of no use", FactKind::CipherBroken);

/// Data blocks that are read (MS-RDPBCGR §2.2.1.3.1).
mod block {
    pub(super) const CLIENT_CORE: u16 = 0xc001;
    pub(super) const SERVER_CORE: u16 = 0x0c01;
    pub(super) const SERVER_SECURITY: u16 = 0x0c02;
}

/// Reads the connect message of either side; there is one a side.
pub(super) fn say(message: &[u8], out: &mut dyn Sink) -> Next {
    // Connect-Initial and Connect-Response (T.125 §7, application tags 101 and 102).
    let key: &[u8] = match message {
        [0x7f, 0x65, ..] => b"Duca",
        [0x7f, 0x66, ..] => b"McDn",
        _ => return Next::Stop,
    };
    // The H.221 key of each side stands right before the length of its data blocks (MS-RDPBCGR §2.2.1.3).
    let Some(mut at) = find(message, key).and_then(|at| message.get(at.saturating_add(4)..)).map(Cursor::new) else {
        out.malformed("conference message");
        return Next::Stop;
    };
    // A length of PER: one octet, or two with the highest bit set (X.691 §10.9).
    if at.u8().is_some_and(|first| first & 0x80 != 0) {
        let _ = at.u8();
    }
    for _ in 0..16 {
        let (Some(kind), Some(length)) = (at.u16_le(), at.u16_le()) else { break };
        let Some(body) = usize::from(length).checked_sub(4).and_then(|length| at.take(length)) else { break };
        match kind {
            block::CLIENT_CORE => say_client(body, out),
            block::SERVER_CORE => say_version(body, out),
            block::SERVER_SECURITY => say_encryption(body, out),
            _ => {}
        }
    }
    Next::Stop
}

/// TS_UD_CS_CORE (MS-RDPBCGR §2.2.1.3.2): sixteen octets of screen and keyboard, the build, and the name in UTF-16.
fn say_client(body: &[u8], out: &mut dyn Sink) {
    let mut at = Cursor::new(body);
    let (Some(()), Some(build), Some(name)) = (at.skip(16), at.u32_le(), at.take(32)) else { return };
    let name = utf16_le(name);
    if !name.is_empty() {
        out.say(About::Sender, &CLIENT_NAME, Value::Text(name.into()));
    }
    if build > 0 {
        out.say(About::Sender, &CLIENT_BUILD, Value::Text(format!("RDP client build {build}").into()));
    }
}

/// TS_UD_SC_CORE (MS-RDPBCGR §2.2.1.4.2).
fn say_version(body: &[u8], out: &mut dyn Sink) {
    let name = match Cursor::new(body).u32_le() {
        Some(0x0008_0001) => "RDP 4.0",
        Some(0x0008_0004) => "RDP 5.0 to 8.1",
        Some(0x0008_0005..=0x0008_0014) => "RDP 10",
        _ => return,
    };
    out.conversation(&VERSION, name);
}

/// TS_UD_SC_SEC1 (MS-RDPBCGR §2.2.1.4.3).
fn say_encryption(body: &[u8], out: &mut dyn Sink) {
    let Some(method) = Cursor::new(body).u32_le() else { return };
    let (name, field) = match method {
        0 => ("no RDP encryption", &BROKEN),
        1 => ("RC4 40 bit", &BROKEN),
        2 => ("RC4 128 bit", &BROKEN),
        8 => ("RC4 56 bit", &BROKEN),
        16 => ("FIPS 140-1 (3DES)", &WEAK),
        _ => return,
    };
    out.conversation(&ENCRYPTION, name);
    out.conversation(field, name);
}
