//! DHCP for IPv4 (RFC 2131, options of RFC 2132).

use crate::{Host, Scene};

/// How a client presents itself.
#[derive(Clone, Copy, Debug)]
pub struct Client<'a> {
    /// Option 60; empty sends none.
    pub vendor_class: &'a str,
    /// Option 12; empty sends none.
    pub host_name: &'a str,
    /// Option 55.
    pub parameters: &'a [u8],
    /// Transaction id.
    pub transaction: u32,
}

/// Kinds of message (option 53).
pub const DISCOVER: u8 = 1;
/// A server's offer.
pub const OFFER: u8 = 2;
/// The client's request.
pub const REQUEST: u8 = 3;
/// The server's acknowledgement.
pub const ACK: u8 = 5;

/// A message: fixed part, magic cookie, options, end.
#[must_use]
pub fn message(reply: bool, transaction: u32, host: &Host, yours: [u8; 4], options: &[(u8, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![if reply { 2 } else { 1 }, 1, 6, 0];
    bytes.extend(transaction.to_be_bytes());
    bytes.extend([0; 8]);
    bytes.extend(yours);
    bytes.extend([0; 8]);
    bytes.extend(host.mac.0);
    bytes.resize(236, 0);
    bytes.extend([0x63, 0x82, 0x53, 0x63]);
    for (code, value) in options {
        bytes.extend([*code, value.len() as u8]);
        bytes.extend(*value);
    }
    bytes.push(255);
    bytes.resize(bytes.len().max(300), 0);
    bytes
}

/// What a client sends.
#[must_use]
pub fn of_client(kind: u8, host: &Host, client: &Client<'_>, more: &[(u8, &[u8])]) -> Vec<u8> {
    let id = [&[1][..], &host.mac.0].concat();
    let kind = [kind];
    let mut options: Vec<(u8, &[u8])> = vec![(53, &kind), (61, &id)];
    options.extend(more);
    for (code, text) in [(60, client.vendor_class), (12, client.host_name)] {
        if !text.is_empty() {
            options.push((code, text.as_bytes()));
        }
    }
    options.push((55, client.parameters));
    message(false, client.transaction, host, [0; 4], &options)
}

/// A whole lease of a day in a network of 20 bits, from a server that is also the router.
pub fn lease(scene: &mut Scene, host: &Host, server: &Host, client: &Client<'_>) {
    let (before, everybody) = (host.without_address(), Host::broadcast());
    let (yours, from) = (host.ipv4().octets(), server.ipv4().octets());
    let name = b"clinic.example";
    let of_server = |kind: u8| {
        let kind = [kind];
        let options: [(u8, &[u8]); 7] = [
            (53, &kind),
            (54, &from),
            (51, &86_400_u32.to_be_bytes()),
            (1, &[255, 255, 240, 0]),
            (3, &from),
            (6, &from),
            (15, name),
        ];
        message(true, client.transaction, host, yours, &options)
    };
    scene.udp(&before, 68, &everybody, 67, &of_client(DISCOVER, host, client, &[]));
    scene.udp(server, 67, &everybody, 68, &of_server(OFFER));
    scene.udp(&before, 68, &everybody, 67, &of_client(REQUEST, host, client, &[(50, &yours), (54, &from)]));
    scene.udp(server, 67, &everybody, 68, &of_server(ACK));
}
