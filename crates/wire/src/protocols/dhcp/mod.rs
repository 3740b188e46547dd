//! Dynamic Host Configuration Protocol for IPv4, and the BOOTP that it grew from.

use std::net::{IpAddr, Ipv4Addr};

use model::MacAddr;

use crate::bytes::Cursor;
use crate::fact::{About, Sink};
use crate::protocol::{Context, Hint, Info, Protocol, Role, Verdict};

mod client;
mod options;
mod server;
#[cfg(test)]
mod tests;

pub(super) use client::{labels, name_field};

/// What a device says of itself when it asks for an address, and what it is told.
pub struct Dhcp;

static INFO: Info = Info {
    id: "dhcp",
    name: "DHCP",
    doc: "A client names itself, its vendor class, its identifier and the options it wants, which together give away what it is; \
          the acknowledgement ties its MAC address to an IP address for the time of the lease and names router, name server and \
          time server (RFC 2131, RFC 2132; BOOTP: RFC 951). The address that a client asks for again after a restart \
          (option 50) is a wish and no fact.",
    hints: &[Hint::Udp(67), Hint::Udp(68), Hint::Udp(4011)],
};

/// RFC 2131 §3.
const COOKIE: [u8; 4] = [99, 130, 83, 99];
/// The fixed part without the cookie (RFC 2131 §2).
const FIXED_LEN: usize = 236;

impl Protocol for Dhcp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, _context: &Context, head: &[u8]) -> Verdict {
        let plausible = matches!(head, [1 | 2, hardware, len, hops, ..] if *hardware != 0 && *len <= 16 && *hops <= 16);
        match head.get(FIXED_LEN..).and_then(<[u8]>::first_chunk) {
            Some(&COOKIE) if plausible => Verdict::Certain,
            Some(_) if plausible => Verdict::Unsure,
            _ => Verdict::No,
        }
    }

    fn datagram(&self, context: &Context, payload: &[u8], out: &mut dyn Sink) {
        let Some(message) = Message::read(payload) else {
            if !context.is_cut(payload) {
                out.malformed("DHCP message shorter than its fixed part");
            }
            return;
        };
        let options_end = options::each(payload, &mut |_, _| {});
        if options_end.is_none() && !context.is_cut(payload) {
            out.malformed("DHCP option longer than the message");
        }
        if message.reply {
            out.sender_is(Role::Server);
            server::tell(&message, context, payload, out);
        } else {
            out.sender_is(Role::Client);
            client::tell(&message, context, payload, out);
        }
    }
}

/// The fixed part, as far as it is of interest, and the message type.
struct Message {
    reply: bool,
    /// Address that the client has and uses.
    client: Ipv4Addr,
    /// Address that the server gives.
    yours: Ipv4Addr,
    /// Relay in between.
    relay: Ipv4Addr,
    /// The client's interface, where its link has 48-bit addresses.
    mac: Option<MacAddr>,
    /// Option 53; 0 in BOOTP.
    kind: u8,
}

impl Message {
    fn read(payload: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(payload);
        let (operation, _hardware, hardware_len) = (cursor.u8()?, cursor.u8()?, cursor.u8()?);
        // Hops, transaction id, seconds, flags.
        cursor.skip(9)?;
        let [client, yours, _next, relay]: [[u8; 4]; 4] = [cursor.array()?, cursor.array()?, cursor.array()?, cursor.array()?];
        let mac = MacAddr(cursor.array()?);
        let mut kind = 0;
        let _ = options::each(payload, &mut |code, value| {
            if let (53, [only]) = (code, value) {
                kind = *only;
            }
        });
        Some(Self {
            reply: operation == 2,
            client: Ipv4Addr::from(client),
            yours: Ipv4Addr::from(yours),
            relay: Ipv4Addr::from(relay),
            mac: (hardware_len == 6 && mac.is_interface()).then_some(mac),
            kind,
        })
    }

    /// The client as the message names it; its sender where a link has no such addresses and no relay stands between.
    fn about_client(&self) -> Option<About> {
        match self.mac {
            Some(mac) => Some(About::Mac(mac)),
            None if !self.reply && self.relay.is_unspecified() => Some(About::Sender),
            None => None,
        }
    }
}

/// The addresses in an option that lists them, at most so many as fit in one option.
fn addresses(value: &[u8]) -> impl Iterator<Item = IpAddr> + '_ {
    value.as_chunks::<4>().0.iter().map(|octets| Ipv4Addr::from(*octets)).filter(|ip| usable(*ip)).map(IpAddr::V4)
}

/// An address that one host can hold.
fn usable(ip: Ipv4Addr) -> bool {
    !(ip.is_unspecified() || ip.is_multicast() || ip.is_broadcast())
}
