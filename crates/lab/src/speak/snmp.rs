//! SNMP v2c (RFC 3416) in BER.

use crate::speak::der::{element, integer, oid, sequence};

/// sysDescr.0.
pub const SYS_DESCR: &str = "1.3.6.1.2.1.1.1.0";
/// sysObjectID.0.
pub const SYS_OBJECT_ID: &str = "1.3.6.1.2.1.1.2.0";

fn message(community: &str, pdu: u8, request: u32, bindings: &[Vec<u8>]) -> Vec<u8> {
    let pdu = element(pdu, &[integer(request), integer(0), integer(0), sequence(bindings)].concat());
    sequence(&[integer(1), element(4, community.as_bytes()), pdu])
}

/// Asks for the description and kind of the system.
#[must_use]
pub fn get(community: &str, request: u32) -> Vec<u8> {
    let bindings = [SYS_DESCR, SYS_OBJECT_ID].map(|name| sequence(&[oid(name), element(5, &[])]));
    message(community, 0xa0, request, &bindings)
}

/// Tells both.
#[must_use]
pub fn response(community: &str, request: u32, description: &str, object: &str) -> Vec<u8> {
    let bindings =
        [sequence(&[oid(SYS_DESCR), element(4, description.as_bytes())]), sequence(&[oid(SYS_OBJECT_ID), oid(object)])];
    message(community, 0xa2, request, &bindings)
}
