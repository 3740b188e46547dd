//! Kerberos 5 (RFC 4120), LDAP (RFC 4511) and RADIUS (RFC 2865) as computers of a domain and switches use them.

use crate::Scene;
use crate::speak::der::{element, integer, oid, sequence};

/// A request for a ticket, and the reply: message types 10 and 11 (to the authentication service) or 12 and 13 (for a service).
#[derive(Clone, Copy, Debug)]
pub struct Ticket<'a> {
    /// The realm, in capitals.
    pub realm: &'a str,
    /// Who asks: an account of a computer ends in `$`.
    pub client: &'a str,
    /// For which service: `krbtgt/REALM`, `cifs/host` …
    pub service: &'a str,
    /// It is for a service; else it is the first ticket.
    pub for_service: bool,
}

fn tagged(number: u8, inner: &[u8]) -> Vec<u8> {
    element(0xa0 | number, inner)
}

fn text(value: &str) -> Vec<u8> {
    element(0x1b, value.as_bytes())
}

fn principal(kind: u32, name: &str) -> Vec<u8> {
    let parts: Vec<Vec<u8>> = name.split('/').map(text).collect();
    sequence(&[tagged(0, &integer(kind)), tagged(1, &sequence(&parts))])
}

fn hidden(scene: &mut Scene, size: usize) -> Vec<u8> {
    sequence(&[tagged(0, &integer(18)), tagged(2, &element(4, &scene.random_bytes(size)))])
}

impl Ticket<'_> {
    fn ticket(&self, scene: &mut Scene, service: &str) -> Vec<u8> {
        let part = hidden(scene, 220);
        let parts = [tagged(0, &integer(5)), tagged(1, &text(self.realm)), tagged(2, &principal(2, service)), tagged(3, &part)];
        element(0x61, &sequence(&parts))
    }

    /// KDC-REQ (§5.4.1).
    #[must_use]
    pub fn request(&self, scene: &mut Scene) -> Vec<u8> {
        let nonce = scene.random() as u32 >> 1;
        let mut body = vec![tagged(0, &element(3, &[0, 0x40, 0x81, 0, 0x10]))];
        if !self.for_service {
            body.push(tagged(1, &principal(1, self.client)));
        }
        body.extend([
            tagged(2, &text(self.realm)),
            tagged(3, &principal(2, self.service)),
            tagged(5, &element(0x18, b"20370913024805Z")),
            tagged(7, &integer(nonce)),
            tagged(8, &sequence(&[integer(18), integer(17), integer(23)])),
        ]);
        let kind = if self.for_service { 12 } else { 10 };
        let mut parts = vec![tagged(1, &integer(5)), tagged(2, &integer(kind))];
        if self.for_service {
            parts.push(tagged(3, &sequence(&[self.proof(scene)])));
        }
        parts.push(tagged(4, &sequence(&body)));
        element(0x60 | kind as u8, &sequence(&parts))
    }

    /// PA-TGS-REQ: an AP-REQ (§5.5.1) with the first ticket.
    fn proof(&self, scene: &mut Scene) -> Vec<u8> {
        let ticket = self.ticket(scene, &format!("krbtgt/{}", self.realm));
        let proof = hidden(scene, 180);
        let parts = [
            tagged(0, &integer(5)),
            tagged(1, &integer(14)),
            tagged(2, &element(3, &[0, 0, 0, 0, 0])),
            tagged(3, &ticket),
            tagged(4, &proof),
        ];
        let request = element(0x6e, &sequence(&parts));
        sequence(&[tagged(1, &integer(1)), tagged(2, &element(4, &request))])
    }

    /// KDC-REP (§5.4.2).
    #[must_use]
    pub fn reply(&self, scene: &mut Scene) -> Vec<u8> {
        let (ticket, own) = (self.ticket(scene, self.service), hidden(scene, 160));
        let kind = if self.for_service { 13 } else { 11 };
        let parts = [
            tagged(0, &integer(5)),
            tagged(1, &integer(kind)),
            tagged(3, &text(self.realm)),
            tagged(4, &principal(1, self.client)),
            tagged(5, &ticket),
            tagged(6, &own),
        ];
        element(0x60 | kind as u8, &sequence(&parts))
    }
}

/// A Kerberos message as TCP carries it (§7.2.2).
#[must_use]
pub fn framed(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u32).to_be_bytes()[..], message].concat()
}

fn ldap(id: u32, operation: u8, body: &[Vec<u8>]) -> Vec<u8> {
    sequence(&[integer(id), element(operation, &body.concat())])
}

/// A search of the directory's root (RFC 4512 §5.1).
#[must_use]
pub fn ldap_root(id: u32) -> Vec<u8> {
    let flags = [element(4, b""), element(10, &[0]), element(10, &[0]), integer(0), integer(0), element(1, &[0])];
    let wanted = [element(0x87, b"objectClass"), sequence(&[element(4, b"dnsHostName"), element(4, b"defaultNamingContext")])];
    ldap(id, 0x63, &[flags.concat(), wanted.concat()])
}

/// The answer: who the directory is.
#[must_use]
pub fn ldap_root_is(id: u32, host: &str, base: &str) -> Vec<u8> {
    let attribute =
        |name: &str, value: &str| sequence(&[element(4, name.as_bytes()), element(0x31, &element(4, value.as_bytes()))]);
    let root = sequence(&[attribute("dnsHostName", host), attribute("defaultNamingContext", base)]);
    [ldap(id, 0x64, &[element(4, b""), root]), ldap(id, 0x65, &[element(10, &[0]), element(4, &[]), element(4, &[])])].concat()
}

/// A bind by SASL with Kerberos or NTLM inside (RFC 4513 §5.2), which is random.
#[must_use]
pub fn ldap_bind(scene: &mut Scene, id: u32) -> Vec<u8> {
    let token = element(0x60, &[oid("1.3.6.1.5.5.2"), scene.random_bytes(900)].concat());
    let sasl = element(0xa3, &[element(4, b"GSS-SPNEGO"), element(4, &token)].concat());
    ldap(id, 0x60, &[integer(3), element(4, b""), sasl])
}

/// The bind is taken.
#[must_use]
pub fn ldap_bound(id: u32) -> Vec<u8> {
    ldap(id, 0x61, &[element(10, &[0]), element(4, &[]), element(4, &[])])
}

/// Goodbye (RFC 4511 §4.3).
#[must_use]
pub fn ldap_unbind(id: u32) -> Vec<u8> {
    ldap(id, 0x42, &[])
}

/// A RADIUS packet: code, identifier, attributes.
#[must_use]
pub fn radius(scene: &mut Scene, code: u8, id: u8, attributes: &[(u8, &[u8])]) -> Vec<u8> {
    let attributes: Vec<u8> =
        attributes.iter().flat_map(|(kind, value)| [&[*kind, value.len() as u8 + 2][..], value].concat()).collect();
    let length = (20 + attributes.len() as u16).to_be_bytes();
    [&[code, id][..], &length, &scene.random_bytes(16), &attributes].concat()
}
