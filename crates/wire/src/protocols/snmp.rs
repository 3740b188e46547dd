//! SNMP.

use std::borrow::Cow;

use model::{FactKind, MacAddr};

use crate::ber::{self, Front, Reader, dotted, front};
use crate::fact::{About, Field, Login, Sink, Value};
use crate::protocol::{Context, Hint, Info, Protocol, Role, Verdict};

mod objects;

/// SNMP.
pub struct Snmp;

static INFO: Info = Info {
    id: "snmp",
    name: "SNMP",
    doc: "Who manages a device, with which version and community (matched against known defaults and dropped), who writes to it, and \
          what the device says of itself: description, object id, name, place, maker, model, serial number, firmware, engine id. \
          Contacts and all other objects are not read. RFC 1157, RFC 3416, RFC 3412, RFC 3414.",
    hints: &[Hint::Udp(161), Hint::Udp(162)],
};

static VERSION: Field = Field::new("snmp.version", "SNMP version", FactKind::ProtocolVersion);
static COMMUNITY: Field = Field::new("snmp.community", "SNMP community", FactKind::Credential);
static OPERATION: Field = Field::new("snmp.pdu", "SNMP operation", FactKind::Operation);
static WRITE: Field = Field::new("snmp.set", "SNMP set request", FactKind::Management);
static LEVEL: Field = Field::new("snmp.security-level", "SNMPv3 security level", FactKind::LoginTried);
static USER: Field = Field::new("snmp.user", "SNMPv3 user name", FactKind::Account);
static ENGINE: Field = Field::new("snmp.engine-id", "SNMP engine id", FactKind::SnmpEngineId);
static ENGINE_MAKER: Field = Field::new("snmp.engine-enterprise", "Enterprise in the SNMP engine id", FactKind::EnterpriseNumber);
static ENGINE_MAC: Field = Field::new("snmp.engine-mac", "MAC address in the SNMP engine id", FactKind::OwnMac);
static TRAP_MAKER: Field = Field::new("snmp.trap-enterprise", "SNMPv1 trap enterprise", FactKind::EnterpriseNumber);

/// PDU tags (RFC 3416 §3, RFC 1157 §4.1.6).
mod pdu {
    pub(super) const GET: u8 = 0xa0;
    pub(super) const GET_NEXT: u8 = 0xa1;
    pub(super) const RESPONSE: u8 = 0xa2;
    pub(super) const SET: u8 = 0xa3;
    pub(super) const TRAP_V1: u8 = 0xa4;
    pub(super) const GET_BULK: u8 = 0xa5;
    pub(super) const INFORM: u8 = 0xa6;
    pub(super) const TRAP: u8 = 0xa7;
    pub(super) const REPORT: u8 = 0xa8;
}

impl Protocol for Snmp {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, context: &Context, head: &[u8]) -> Verdict {
        let Front::Known(header) = front(head) else { return Verdict::No };
        if header.tag != ber::SEQUENCE {
            return Verdict::No;
        }
        let Some(mut message) = Reader::new(head).enter_cut(ber::SEQUENCE) else { return Verdict::No };
        let fits = match message.take(ber::INTEGER) {
            Some([0..=2]) => message.take(ber::OCTET_STRING).is_some() && matches!(message.peek(), Some(0xa0..=0xa8)),
            Some([3]) => {
                message.enter(ber::SEQUENCE).is_some_and(|mut global| global.uint().is_some() && global.uint() >= Some(484))
            }
            _ => return Verdict::No,
        };
        let is_whole = header.total() == head.len() || context.is_cut(head);
        if fits && is_whole { Verdict::Certain } else { Verdict::Unsure }
    }

    fn datagram(&self, context: &Context, payload: &[u8], out: &mut dyn Sink) {
        let Some(mut message) = Reader::new(payload).enter_cut(ber::SEQUENCE) else {
            return out.malformed("SNMP message that is not a sequence");
        };
        match message.take(ber::INTEGER) {
            Some(&[version @ 0..=2]) => community_message(context, version, &mut message, out),
            Some([3]) => user_message(context, &mut message, out),
            _ => out.malformed("SNMP message of an unknown version"),
        }
    }
}

fn community_message(context: &Context, version: u8, message: &mut Reader<'_>, out: &mut dyn Sink) {
    out.conversation(
        &VERSION,
        match version {
            0 => "SNMPv1",
            1 => "SNMPv2c",
            // Party- and user-based forms of 1993 to 1996 (RFC 1445, RFC 1910), long given up.
            _ => "SNMPv2u",
        },
    );
    let Some(secret) = message.take(ber::OCTET_STRING) else { return out.malformed("SNMP message without a community") };
    if !secret.is_empty() {
        let login = Login { scheme: "snmp community", user: b"", secret };
        out.say(About::Conversation, &COMMUNITY, Value::Login(login));
    }
    operation(context, message, out);
}

/// Version 3 (RFC 3412 §6): flags, then the parameters of the user-based model, then the PDU unless it is encrypted.
fn user_message(context: &Context, message: &mut Reader<'_>, out: &mut dyn Sink) {
    out.conversation(&VERSION, "SNMPv3");
    let Some(mut global) = message.enter(ber::SEQUENCE) else { return out.malformed("SNMPv3 message without a header") };
    let _ = (global.element(), global.element());
    let flags = global.take(ber::OCTET_STRING).and_then(|f| f.first().copied()).unwrap_or_default();
    let is_user_based = global.uint() == Some(3);
    if let Some(parameters) = message.take(ber::OCTET_STRING).filter(|_| is_user_based) {
        security(parameters, flags, out);
    }
    if let Some(mut scoped) = message.enter_cut(ber::SEQUENCE) {
        let _ = (scoped.element(), scoped.element());
        operation(context, &mut scoped, out);
    }
}

/// User-based parameters (RFC 3414 §2.4): engine id, boots, time, user name.
fn security(parameters: &[u8], flags: u8, out: &mut dyn Sink) {
    let Some(mut fields) = Reader::new(parameters).enter(ber::SEQUENCE) else { return };
    let (Some(engine), _, _, user) =
        (fields.take(ber::OCTET_STRING), fields.uint(), fields.uint(), fields.take(ber::OCTET_STRING))
    else {
        return;
    };
    // Only requests ask for reports, so that the engine named in anything else is the sender's (RFC 3412 §6.4, RFC 3414 §1.5.1).
    let is_request = flags & 4 != 0;
    if !is_request {
        engine_id(About::Sender, engine, out);
    }
    if let Some(user) = user.filter(|u| !u.is_empty()) {
        out.say(About::Conversation, &USER, Value::Octets(user));
        out.conversation(
            &LEVEL,
            match flags & 3 {
                0 => "snmpv3 without authentication",
                1 => "snmpv3 authenticated, not encrypted",
                _ => "snmpv3 authenticated and encrypted",
            },
        );
    }
}

/// An engine id (RFC 3411 §5): enterprise, then an address, text or octets.
fn engine_id(about: About, engine: &[u8], out: &mut dyn Sink) {
    let Some((&[a, b, c, d], rest)) = engine.split_first_chunk::<4>() else { return };
    if !(5..=32).contains(&engine.len()) || rest.iter().all(|&b| b == 0) {
        return;
    }
    out.say(about, &ENGINE, Value::Hex(engine));
    let enterprise = u32::from_be_bytes([a & 0x7f, b, c, d]);
    if enterprise != 0 {
        out.say(about, &ENGINE_MAKER, Value::Number(u64::from(enterprise)));
    }
    if let (true, [3, mac @ ..]) = (a & 0x80 != 0, rest)
        && let Some(mac) = <[u8; 6]>::try_from(mac).ok().map(MacAddr).filter(|mac| mac.is_interface())
    {
        out.say(about, &ENGINE_MAC, Value::Mac(mac));
    }
}

/// The PDU: which operation, who asks, and what an answer says.
fn operation(context: &Context, message: &mut Reader<'_>, out: &mut dyn Sink) {
    let Some(tag) = message.peek() else { return };
    let Some(mut body) = message.enter_cut(tag) else { return };
    let name = match tag {
        pdu::GET => "get",
        pdu::GET_NEXT => "get next",
        pdu::GET_BULK => "get bulk",
        pdu::SET => "set",
        pdu::TRAP_V1 | pdu::TRAP => "trap",
        pdu::INFORM => "inform",
        pdu::RESPONSE | pdu::REPORT => {
            out.sender_is(Role::Server);
            if tag == pdu::RESPONSE {
                answer(&mut body, out);
            }
            return;
        }
        _ => return out.malformed("SNMP message of an unknown operation"),
    };
    out.sender_is(Role::Client);
    out.conversation(&OPERATION, name);
    match tag {
        pdu::SET => out.conversation(&WRITE, "configuration write (SNMP set)"),
        pdu::TRAP_V1 => trap(context, &mut body, out),
        // The device says these unasked, of itself.
        pdu::TRAP | pdu::INFORM => answer(&mut body, out),
        _ => {}
    }
}

/// A version 1 trap (RFC 1157 §4.1.6) names its maker and the agent's address, which a proxy leaves as it was.
fn trap(context: &Context, body: &mut Reader<'_>, out: &mut dyn Sink) {
    let Some(enterprise) = body.take(ber::OID).and_then(objects::enterprise) else { return };
    let agent = body.element().and_then(|e| <[u8; 4]>::try_from(e.value).ok()).map(std::net::IpAddr::from);
    let about = match agent.filter(|a| !a.is_unspecified() && !a.is_loopback() && Some(*a) != context.src) {
        Some(agent) => About::Ip(agent),
        None => About::Sender,
    };
    out.say(about, &TRAP_MAKER, Value::Number(u64::from(enterprise)));
}

/// Request id, error status, error index, bindings.
fn answer(body: &mut Reader<'_>, out: &mut dyn Sink) {
    let _request_id = body.element();
    let status = body.uint();
    let _index = body.element();
    if status != Some(0) {
        return;
    }
    let Some(mut bindings) = body.enter_cut(ber::SEQUENCE) else { return };
    while let Some(mut binding) = bindings.enter(ber::SEQUENCE) {
        if let (Some(object), Some(value)) = (binding.take(ber::OID), binding.element()) {
            objects::say(object, value, out);
        }
    }
}

/// An object id as text.
fn dotted_value(value: &[u8]) -> Value<'static> {
    Value::Text(Cow::Owned(dotted(value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::harness::{Lines, context, datagrams};
    use crate::protocol::Direction::{ToClient, ToServer};

    fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
        let len = u16::try_from(value.len()).unwrap().to_be_bytes();
        let len = if value.len() < 128 { vec![len[1]] } else { vec![0x82, len[0], len[1]] };
        [vec![tag], len, value.to_vec()].concat()
    }

    fn binding(oid: &[u8], value: &[u8]) -> Vec<u8> {
        tlv(0x30, &[tlv(6, oid), value.to_vec()].concat())
    }

    fn message(version: u8, tag: u8, bindings: &[u8]) -> Vec<u8> {
        let pdu = tlv(tag, &[&[2, 1, 7, 2, 1, 0, 2, 1, 0][..], &tlv(0x30, bindings)].concat());
        tlv(0x30, &[tlv(2, &[version]), tlv(4, b"public"), pdu].concat())
    }

    fn response() -> Vec<u8> {
        let system = |n: u8| vec![0x2b, 6, 1, 2, 1, 1, n, 0];
        let entity = |n: u8| vec![0x2b, 6, 1, 2, 1, 47, 1, 1, 1, 1, n, 1];
        let bindings = [
            binding(&system(1), &tlv(4, b"Acme Infusion 2")),
            binding(&system(2), &tlv(6, &[0x2b, 6, 1, 4, 1, 0x86, 0x8d, 0x1f, 1])),
            binding(&system(4), &tlv(4, b"A person")),
            binding(&system(5), &tlv(4, b"pump7")),
            binding(&system(6), &tlv(4, b"ICU")),
            binding(&entity(11), &tlv(4, b"SN-1")),
            binding(&entity(13), &tlv(4, b"Infusion")),
            binding(&[0x2b, 6, 1, 2, 1, 43, 5, 1, 1, 17, 1], &tlv(4, b"PRN-9")),
        ]
        .concat();
        message(1, 0xa2, &bindings)
    }

    #[test]
    fn an_agent_describes_itself() {
        let get = message(1, 0xa0, &[]);
        let lines = datagrams(&Snmp, 161, &[(ToServer, &get), (ToClient, &response())]);
        assert_eq!(
            lines.lines,
            [
                "conversation snmp.version SNMPv2c",
                "conversation snmp.community snmp community :public",
                "conversation snmp.pdu get",
                "conversation snmp.version SNMPv2c",
                "conversation snmp.community snmp community :public",
                "sender snmp.sysDescr Acme Infusion 2",
                "sender snmp.sysObjectID 1.3.6.1.4.1.99999.1",
                "sender snmp.sysObjectID-enterprise 99999",
                "sender snmp.sysName pump7",
                "sender snmp.sysLocation ICU",
                "sender snmp.entPhysicalSerialNum SN-1",
                "sender snmp.entPhysicalModelName Infusion",
                "sender snmp.prtGeneralSerialNumber PRN-9",
            ]
        );
        assert_eq!(lines.roles, [Role::Client, Role::Server]);
    }

    #[test]
    fn writes_and_traps() {
        let mut trap = vec![];
        trap.extend(tlv(6, &[0x2b, 6, 1, 4, 1, 9]));
        trap.extend(tlv(0x40, &[192, 0, 2, 5]));
        let trap = tlv(0x30, &[tlv(2, &[0]), tlv(4, b"x"), tlv(0xa4, &trap)].concat());
        let lines = datagrams(&Snmp, 162, &[(ToServer, &message(0, 0xa3, &[])), (ToServer, &trap)]);
        assert_eq!(
            lines.lines,
            [
                "conversation snmp.version SNMPv1",
                "conversation snmp.community snmp community :public",
                "conversation snmp.pdu set",
                "conversation snmp.set configuration write (SNMP set)",
                "conversation snmp.version SNMPv1",
                "conversation snmp.community snmp community :x",
                "conversation snmp.pdu trap",
                "192.0.2.5 snmp.trap-enterprise 9",
            ]
        );
    }

    #[test]
    fn version_3() {
        let engine = [0x80, 0, 0, 9, 3, 0, 0x1b, 0x21, 1, 2, 3];
        let parameters =
            tlv(0x30, &[tlv(4, &engine), tlv(2, &[1]), tlv(2, &[2]), tlv(4, b"nms"), tlv(4, b""), tlv(4, b"")].concat());
        let global = tlv(0x30, &[tlv(2, &[1]), tlv(2, &[5, 0]), tlv(4, &[3]), tlv(2, &[3])].concat());
        let bytes = tlv(0x30, &[tlv(2, &[3]), global, tlv(4, &parameters), tlv(4, b"encrypted")].concat());
        let lines = datagrams(&Snmp, 161, &[(ToClient, &bytes)]);
        assert_eq!(
            lines.lines,
            [
                "conversation snmp.version SNMPv3",
                "sender snmp.engine-id 8000000903001b21010203",
                "sender snmp.engine-enterprise 9",
                "sender snmp.engine-mac 00:1b:21:01:02:03",
                "conversation snmp.user nms",
                "conversation snmp.security-level snmpv3 authenticated and encrypted",
            ]
        );
        assert_eq!(Snmp.probe(&context(ToClient, 4000, bytes.len()), &bytes), Verdict::Certain);
    }

    #[test]
    fn probes_and_cuts() {
        let bytes = response();
        let at = context(ToClient, 4000, bytes.len());
        assert_eq!(Snmp.probe(&at, &bytes), Verdict::Certain);
        for end in 0..bytes.len() {
            Snmp.datagram(&at, &bytes[..end], &mut Lines::default());
            let _ = Snmp.probe(&context(ToClient, 4000, end), &bytes[..end]);
        }
        // An LDAP bind and a TLS hello.
        assert_eq!(Snmp.probe(&at, &tlv(0x30, &[tlv(2, &[1]), tlv(0x60, &[2, 1, 3])].concat())), Verdict::Unsure);
        assert_eq!(Snmp.probe(&at, b"\x16\x03\x01\x00\x10"), Verdict::No);
    }
}
