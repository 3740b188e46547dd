//! The network of GE CARESCAPE monitors, as far as its shapes are public.

use std::net::{IpAddr, Ipv4Addr};

use model::FactKind as K;

use crate::fact::Field;
use crate::fact::Sink;
use crate::place::is_place;
use crate::protocol::{Context, Hint, Info, Protocol, Verdict};

/// CARESCAPE network.
pub struct Carescape;

static INFO: Info = Info {
    id: "carescape",
    name: "GE CARESCAPE network",
    doc: "Monitors, telemetry servers and central stations tell all others the time, with their own address and the unit and room where \
          they stand. Only this message is public: 64 octets to UDP 2000, of which octets 7 to 10 are the sender's address and 25 to 37 \
          its place (Vocera Platform, CARESCAPE Adapter Configuration Guide, GE CARESCAPE network traffic). It is believed only where \
          the address in it is the one it came from. Discovery (UDP 7000), waves and alarms are not read; their ports are named.",
    hints: &[Hint::Udp(TIME)],
};

static TYPE: Field = Field::new("carescape.time", "CARESCAPE network time message", K::DeviceType);
static PLACE: Field = Field::new("carescape.place", "CARESCAPE unit and room", K::Location);

const TIME: u16 = 2000;
/// Length of the message.
const LENGTH: usize = 64;

impl Protocol for Carescape {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, context: &Context, head: &[u8]) -> Verdict {
        if head.len() != LENGTH || !context.on_port(TIME) {
            return Verdict::No;
        }
        if is_from_sender(context, head) && place(head).is_some() { Verdict::Certain } else { Verdict::No }
    }

    fn datagram(&self, context: &Context, payload: &[u8], out: &mut dyn Sink) {
        let Some(text) = place(payload).filter(|_| is_from_sender(context, payload)) else { return };
        out.sender(&TYPE, b"CARESCAPE network node");
        let mut room = [0; 13];
        let Some(label) = room.get_mut(..text.len()) else { return };
        for (to, from) in label.iter_mut().zip(text) {
            *to = if *from == b'|' { b'/' } else { *from };
        }
        if is_place(label) {
            out.sender(&PLACE, label);
        }
    }
}

/// Octets 7 to 10 are the address that the packet came from.
fn is_from_sender(context: &Context, payload: &[u8]) -> bool {
    let stated: Option<[u8; 4]> = payload.get(6..).and_then(<[u8]>::first_chunk).copied();
    stated.is_some_and(|octets| context.src == Some(IpAddr::V4(Ipv4Addr::from(octets))))
}

/// `unit|room` in octets 25 to 37, filled with zeros: at most seven and six characters.
fn place(payload: &[u8]) -> Option<&[u8]> {
    let field = payload.get(24..37)?;
    let text = crate::text::until_nul(field);
    let bar = memchr::memchr(b'|', text)?;
    let is_filled = field.get(text.len()..)?.iter().all(|b| *b == 0);
    let is_text = text.iter().all(|b| b.is_ascii_graphic() || *b == b' ');
    (bar <= 7 && text.len() <= 13 && is_filled && is_text).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{context, datagrams};
    use crate::protocol::Direction::ToServer;

    fn message(address: [u8; 4], place: &str) -> Vec<u8> {
        let mut bytes = vec![0; LENGTH];
        bytes[6..10].copy_from_slice(&address);
        bytes[24..24 + place.len()].copy_from_slice(place.as_bytes());
        bytes[60..64].copy_from_slice(&3_981_000_000_u32.to_be_bytes());
        bytes
    }

    #[test]
    fn a_node_tells_the_time() {
        let time = message([10, 0, 0, 1], "ICU|12");
        let at = context(ToServer, TIME, LENGTH);
        assert_eq!(Carescape.probe(&at, &time), Verdict::Certain);
        assert_eq!(
            datagrams(&Carescape, TIME, &[(ToServer, &time)]).lines,
            ["sender carescape.time CARESCAPE network node", "sender carescape.place ICU/12"]
        );
        // What reads like a person is not told.
        let named = message([10, 0, 0, 1], "SMITHSO|4");
        assert_eq!(datagrams(&Carescape, TIME, &[(ToServer, &named)]).lines, ["sender carescape.time CARESCAPE network node"]);
    }

    #[test]
    fn what_is_none() {
        let at = context(ToServer, TIME, LENGTH);
        assert_eq!(Carescape.probe(&at, &message([10, 0, 0, 9], "ICU|12")), Verdict::No, "another's address");
        assert_eq!(Carescape.probe(&at, &message([10, 0, 0, 1], "ICU 12")), Verdict::No, "no bar");
        assert_eq!(Carescape.probe(&context(ToServer, 2001, LENGTH), &message([10, 0, 0, 1], "ICU|12")), Verdict::No);
        let time = message([10, 0, 0, 1], "ICU|12");
        for end in 0..LENGTH {
            assert_eq!(Carescape.probe(&at, &time[..end]), Verdict::No);
            let _ = datagrams(&Carescape, TIME, &[(ToServer, &time[..end])]);
        }
    }
}
