//! The security tokens of GSS-API: SPNEGO (RFC 4178 §4.2) around NTLM or Kerberos (RFC 4121 §4.1), or one of them bare.

use crate::ber::{self, Reader};
use crate::fact::{Field, Sink};
use crate::ntlm;
use crate::protocols::kerberos;
use model::FactKind;

static KERBEROS: Field = Field::new("spnego.kerberos", "Kerberos ticket offered", FactKind::LoginTried);

/// 1.2.840.113554.1.2.2, and Microsoft's variant with its famous slip of a bit.
const KERBEROS_OIDS: [&[u8]; 2] =
    [&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 0x01, 0x02, 0x02], &[0x2a, 0x86, 0x48, 0x82, 0xf7, 0x12, 0x01, 0x02, 0x02]];
/// 1.3.6.1.5.5.2.
const SPNEGO_OID: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x02];

/// How a client tries to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// NTLM authenticate message.
    Ntlm,
    /// The same, of nobody.
    Anonymous,
    /// Kerberos AP-REQ.
    Kerberos,
}

impl Scheme {
    /// The word used in log-in facts.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Ntlm => "ntlm",
            Self::Anonymous => "anonymous",
            Self::Kerberos => "kerberos",
        }
    }
}

/// Reads a token and says what is in it. `Some` when with it a client tries to log in.
pub(crate) fn read(token: &[u8], out: &mut dyn Sink) -> Option<Scheme> {
    if let Some(message) = ntlm::read(token, out) {
        return match message {
            ntlm::Message::Authenticate => Some(Scheme::Ntlm),
            ntlm::Message::Anonymous => Some(Scheme::Anonymous),
            ntlm::Message::Negotiate | ntlm::Message::Challenge => None,
        };
    }
    let inner = mech_token(token).unwrap_or(token);
    kerberos_token(inner, out)
}

/// The mechToken of a NegTokenInit, or the responseToken of a NegTokenResp.
fn mech_token(token: &[u8]) -> Option<&[u8]> {
    let mut reader = Reader::new(token);
    if reader.peek() == Some(0x60) {
        reader = reader.enter_cut(0x60)?;
        if reader.take(ber::OID)? != SPNEGO_OID {
            return None;
        }
    }
    let choice = reader.peek().filter(|tag| matches!(tag, 0xa0 | 0xa1))?;
    let mut fields = reader.enter_cut(choice)?.enter_cut(ber::SEQUENCE)?;
    while let Some(field) = fields.element() {
        if field.tag == 0xa2 {
            return field.inside().take(ber::OCTET_STRING);
        }
    }
    None
}

/// InitialContextToken with a Kerberos mechanism: token id, then AP-REQ.
fn kerberos_token(token: &[u8], out: &mut dyn Sink) -> Option<Scheme> {
    let mut inside = Reader::new(token).enter_cut(0x60)?;
    if !KERBEROS_OIDS.contains(&inside.take(ber::OID)?) {
        return None;
    }
    let request = inside.rest().strip_prefix(&[1, 0])?;
    out.conversation(&KERBEROS, Scheme::Kerberos.label());
    kerberos::ap_req(request, out);
    Some(Scheme::Kerberos)
}
