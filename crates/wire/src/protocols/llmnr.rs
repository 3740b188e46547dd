//! Link-local multicast name resolution.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use model::FactKind;

use crate::dns_message::{Entry, Message, Section, Shape, is_host_label, rtype, shape};
use crate::fact::{About, Field, Sink, Value};
use crate::protocol::{Context, Hint, Info, Protocol, Role, Verdict};

/// LLMNR.
pub struct Llmnr;

static INFO: Info = Info {
    id: "llmnr",
    name: "LLMNR",
    doc: "The names that Windows hosts ask their neighbours for and own themselves. Anybody on the link can answer, so that a name \
          asked for here is also a way to be deceived. RFC 4795 §2.",
    hints: &[Hint::Udp(5355)],
};

static ASKED: Field = Field::new("llmnr.question", "LLMNR question", FactKind::ServerName);
static OWNED: Field = Field::new("llmnr.answer", "LLMNR address record", FactKind::HostName);

const PORT: u16 = 5355;
const GROUP_V4: IpAddr = IpAddr::V4(Ipv4Addr::new(224, 0, 0, 252));
const GROUP_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 1, 3));

impl Protocol for Llmnr {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, context: &Context, head: &[u8]) -> Verdict {
        // The octets are those of DNS; only where they are sent tells the two apart.
        if !context.on_port(PORT) && !context.dst.is_some_and(|to| to == GROUP_V4 || to == GROUP_V6) {
            return Verdict::No;
        }
        let Some(message) = Message::new(head) else { return Verdict::No };
        let named = message.question().is_some_and(|q| q.class == 1 && q.name().is_some_and(|n| !n.is_root()));
        match shape(head) {
            Shape::Whole if message.opcode() == 0 && message.counts[0] == 1 && named => Verdict::Certain,
            Shape::Begins | Shape::Whole if message.counts[0] <= 1 => Verdict::Unsure,
            _ => Verdict::No,
        }
    }

    fn datagram(&self, context: &Context, payload: &[u8], out: &mut dyn Sink) {
        let Some(message) = Message::new(payload) else { return };
        if message.opcode() != 0 {
            return out.malformed("LLMNR message of another opcode");
        }
        if !message.is_response() {
            out.sender_is(Role::Client);
            return query(&message, out);
        }
        out.sender_is(Role::Server);
        for record in message.records().filter(|r| r.section == Section::Answer) {
            owned(context, &record, out);
        }
    }
}

fn query(message: &Message<'_>, out: &mut dyn Sink) {
    let Some(question) = message.question() else { return };
    let Some(name) = question.name().filter(|n| question.rtype != rtype::PTR && n.is_plain() && !n.is_root()) else { return };
    out.say(About::Conversation, &ASKED, Value::Octets(name.octets()));
}

/// A host answers for its own names (RFC 4795 §2.3); the record says which address it is.
fn owned(context: &Context, record: &Entry<'_>, out: &mut dyn Sink) {
    let (Some(owner), about) = (record.name(), record.address().or_else(|| record.name()?.reverse_address())) else { return };
    let Some(address) = about.filter(|a| !a.is_unspecified() && !a.is_loopback()) else { return };
    let about = if context.src == Some(address) { About::Sender } else { About::Ip(address) };
    let name = if record.rtype == rtype::PTR { record.name_in_data(0) } else { Some(owner) };
    if let Some(name) = name.filter(|n| is_host_label(n.first_label())) {
        out.say(about, &OWNED, Value::Octets(name.first_label()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns_message::build;
    use crate::harness::{context, datagrams};
    use crate::protocol::Direction::{ToClient, ToServer};

    #[test]
    fn asked_and_owned() {
        let query = [build::header(0, [1, 0, 0, 0]), build::question("wpad", 1, 1)].concat();
        let answer = [
            build::header(0x8000, [1, 2, 0, 0]),
            build::question("XRAY-2", 1, 1),
            build::record("XRAY-2", rtype::A, 1, &[10, 0, 0, 2]),
            build::record("XRAY-2", rtype::A, 1, &[10, 0, 9, 2]),
        ]
        .concat();
        let lines = datagrams(&Llmnr, PORT, &[(ToServer, &query), (ToClient, &answer)]);
        assert_eq!(
            lines.lines,
            ["conversation llmnr.question wpad", "sender llmnr.answer XRAY-2", "10.0.9.2 llmnr.answer XRAY-2"]
        );
        assert_eq!(Llmnr.probe(&context(ToServer, PORT, 30), &query), Verdict::Certain);
        assert_eq!(Llmnr.probe(&context(ToServer, 53, 30), &query), Verdict::No);
        assert_eq!(Llmnr.probe(&context(ToServer, PORT, 30), &[0; 30]), Verdict::No);
        for end in 0..answer.len() {
            let _ = datagrams(&Llmnr, PORT, &[(ToClient, &answer[..end])]);
        }
    }
}
