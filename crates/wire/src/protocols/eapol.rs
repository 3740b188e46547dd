//! EAP over LANs.

use model::FactKind;

use crate::bytes::Cursor;
use crate::fact::{About, Field, Sink, Value};
use crate::protocol::{Context, Hint, Info, Protocol, Verdict};

/// How a device proves itself to the network.
pub struct Eapol;

static INFO: Info = Info {
    id: "eapol",
    name: "EAPOL",
    doc: "Whether and by which method a device signs in to its switch port or wireless network (IEEE 802.1X-2020 §11, RFC 3748). \
          Only the method is read: the identity may name a person.",
    hints: &[Hint::EtherType(0x888e)],
};

static METHOD: Field = Field::new("eapol.method", "EAP method", FactKind::LoginTried);
static SUCCESS: Field = Field::new("eapol.success", "EAP success", FactKind::LoginSucceeded);
static FAILURE: Field = Field::new("eapol.failure", "EAP failure", FactKind::LoginFailed);

impl Protocol for Eapol {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, _head: &[u8]) -> Verdict {
        Verdict::No
    }

    fn datagram(&self, context: &Context, payload: &[u8], out: &mut dyn Sink) {
        if read(payload, out).is_none() && !context.is_cut(payload) {
            out.malformed("EAPOL frame too short");
        }
    }
}

fn read(payload: &[u8], out: &mut dyn Sink) -> Option<()> {
    let mut cursor = Cursor::new(payload);
    let (_version, kind, _len) = (cursor.u8()?, cursor.u8()?, cursor.u16()?);
    if kind != 0 {
        return Some(());
    }
    let (code, _id, len) = (cursor.u8()?, cursor.u8()?, cursor.u16()?);
    match code {
        // The server offers in requests; the client's choice and its refusals come in responses.
        2 if len > 4 => {
            let method = cursor.u8()?;
            let vendor = (method == 254).then(|| Some((cursor.u24()?, cursor.u32()?))).flatten();
            if let Some(name) = name(method, vendor) {
                out.say(About::Conversation, &METHOD, Value::Text(name.into()));
            }
        }
        3 => out.say(About::Conversation, &SUCCESS, Value::Text("802.1X".into())),
        4 => out.say(About::Conversation, &FAILURE, Value::Text("802.1X".into())),
        _ => {}
    }
    Some(())
}

/// IANA's EAP method types. Identity, notification and refusal are no methods.
const fn name(method: u8, vendor: Option<(u32, u32)>) -> Option<&'static str> {
    Some(match (method, vendor) {
        (1..=3, _) => return None,
        (4, _) => "EAP-MD5",
        (5, _) => "EAP-OTP",
        (6, _) => "EAP-GTC",
        (13, _) => "EAP-TLS",
        (17, _) => "LEAP",
        (18, _) => "EAP-SIM",
        (21, _) => "EAP-TTLS",
        (23, _) => "EAP-AKA",
        (25, _) => "PEAP",
        (26 | 29, _) => "EAP-MSCHAPv2",
        (43, _) => "EAP-FAST",
        (47, _) => "EAP-PSK",
        (49, _) => "EAP-IKEv2",
        (50, _) => "EAP-AKA'",
        (52, _) => "EAP-PWD",
        (55, _) => "TEAP",
        (254, Some((0x00_372a, 1))) => "EAP-WSC",
        _ => "EAP method of another kind",
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{Lines, datagrams};
    use crate::protocol::Direction;

    fn said(bytes: &[u8]) -> Lines {
        datagrams(&Eapol, 0, &[(Direction::ToServer, bytes)])
    }

    #[test]
    fn only_methods_are_named() {
        assert!(said(b"\x01\x00\x00\x0a\x02\x01\x00\x0a\x01alice").lines.is_empty());
        let message = [1, 0, 0, 6, 2, 2, 0, 6, 25, 1];
        assert_eq!(said(&message).lines, ["conversation eapol.method PEAP"]);
        assert_eq!(said(&[1, 0, 0, 4, 3, 2, 0, 4]).lines, ["conversation eapol.success 802.1X"]);
        assert_eq!(said(&[1, 3, 0, 0]).lines, [""; 0]);
        for cut in 0..9 {
            assert_eq!(said(&message[..cut]).malformed, ["EAPOL frame too short"]);
        }
    }
}
