//! Multicast DNS and DNS-based service discovery.
//!
//! What is not said, and why: an instance name is what its owner typed ("…'s phone", a room with a person in it), so it is
//! only read for kinds of service that are equipment by nature ([`EQUIPMENT`]), and not even there when it has an
//! apostrophe. Friendly names (`fn`, `n`) are not read at all. What a host looks for says little about it and is not kept.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use model::FactKind;

use crate::device_description::announcer;
use crate::dns_message::{Entry, Message, Name, Section, Shape, is_host_label, rtype, shape, strip_suffix};
use crate::fact::{About, Field, Sink, Value};
use crate::protocol::{Context, Hint, Info, Protocol, Role, Verdict};

mod text;

pub(super) use text::mac;

/// mDNS.
pub struct Mdns;

static INFO: Info = Info {
    id: "mdns",
    name: "mDNS and DNS-SD",
    doc: "Host names, the services that printers, cameras, tablets and monitors offer, and the entries in which they state maker, \
          model and firmware. Names that people gave to their own devices are not kept. RFC 6762, RFC 6763.",
    hints: &[Hint::Udp(5353)],
};

static HOST: Field = Field::new("mdns.host", "mDNS address record", FactKind::HostName);
static REVERSE: Field = Field::new("mdns.ptr", "mDNS reverse pointer", FactKind::HostName);
static SERVICE: Field = Field::new("mdns.service", "DNS-SD service type", FactKind::ServiceType);
static INSTANCE: Field = Field::new("mdns.instance", "DNS-SD instance of equipment", FactKind::ProductName);

const PORT: u16 = 5353;
const GROUP_V4: IpAddr = IpAddr::V4(Ipv4Addr::new(224, 0, 0, 251));
const GROUP_V6: IpAddr = IpAddr::V6(Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb));

/// Services whose instances are named by the maker, or by the one who mounted the equipment.
const EQUIPMENT: [&[u8]; 8] = [
    b"_axis-video._tcp",
    b"_axis-nvr._tcp",
    b"_pdl-datastream._tcp",
    b"_ipp._tcp",
    b"_ipps._tcp",
    b"_printer._tcp",
    b"_scanner._tcp",
    b"_uscan._tcp",
];

impl Protocol for Mdns {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn probe(&self, context: &Context, head: &[u8]) -> Verdict {
        // The octets are those of DNS; only where they are sent tells the two apart.
        let to_group = context.dst.is_some_and(|to| to == GROUP_V4 || to == GROUP_V6);
        if !context.on_port(PORT) && !to_group {
            return Verdict::No;
        }
        let Some(message) = Message::new(head) else { return Verdict::No };
        if message.opcode() != 0 {
            return Verdict::No;
        }
        let classed = message.entries().next().is_some_and(|e| matches!(e.class & 0x7fff, 1 | 255));
        match shape(head) {
            Shape::Whole if classed => Verdict::Certain,
            Shape::Begins | Shape::Whole => Verdict::Unsure,
            Shape::No => Verdict::No,
        }
    }

    fn datagram(&self, context: &Context, payload: &[u8], out: &mut dyn Sink) {
        let Some(message) = Message::new(payload) else { return };
        // A query's answers are those it knows of others (RFC 6762 §7.1), and what it claims in its authority section may
        // belong to another (§8.2). A time to live of zero takes back (§10.1).
        if !message.is_response() {
            return;
        }
        out.sender_is(Role::Server);
        let claims = |record: &Entry<'_>| record.ttl > 0 && record.section != Section::Authority;
        // A reflector or a sleep proxy speaks for others.
        let announcer = announcer(context.src, message.records().filter(claims).filter_map(|record| record.address()));
        for record in message.records().filter(claims) {
            match record.rtype {
                rtype::A | rtype::AAAA => host(context, &record, out),
                rtype::PTR => pointer(announcer, &record, out),
                rtype::SRV | rtype::TXT => service(announcer, &record, out),
                _ => {}
            }
        }
    }
}

fn host(context: &Context, record: &Entry<'_>, out: &mut dyn Sink) {
    let (Some(address), Some(name)) = (record.address(), record.name()) else { return };
    if address.is_loopback() || address.is_unspecified() {
        return;
    }
    let about = if context.src == Some(address) { About::Sender } else { About::Ip(address) };
    say_host(about, &HOST, &name, out);
}

fn say_host(about: About, field: &'static Field, name: &Name, out: &mut dyn Sink) {
    let Some(label) = strip_suffix(name.octets(), b".local") else { return };
    // Browsers hide addresses behind a random UUID that lives for one page (draft-ietf-mmusic-mdns-ice-candidates).
    if is_host_label(label) && !is_uuid(label) {
        out.say(about, field, Value::Octets(label));
    }
}

/// Eight, four, four, four and twelve hexadecimal digits.
pub(super) fn is_uuid(text: &[u8]) -> bool {
    text.len() == 36
        && text.iter().enumerate().all(|(i, b)| if matches!(i, 8 | 13 | 18 | 23) { *b == b'-' } else { b.is_ascii_hexdigit() })
}

fn pointer(announcer: About, record: &Entry<'_>, out: &mut dyn Sink) {
    let (Some(owner), Some(target)) = (record.name(), record.name_in_data(0)) else { return };
    if let Some(address) = owner.reverse_address() {
        return say_host(About::Ip(address), &REVERSE, &target, out);
    }
    // The list of types (RFC 6763 §9) has the type in its data; else the owner is the type, perhaps with a subtype (§7.1).
    let is_list = owner.octets().eq_ignore_ascii_case(b"_services._dns-sd._udp.local");
    let named = if is_list { &target } else { &owner };
    if let Some(kind) = service_type(named.octets()) {
        out.say(announcer, &SERVICE, Value::Octets(kind));
    }
}

/// The `_ipp._tcp` in `_universal._sub._ipp._tcp.local` or behind an instance.
fn service_type(name: &[u8]) -> Option<&[u8]> {
    let name = strip_suffix(name, b".local")?;
    let transport = [&b"._tcp"[..], b"._udp"].into_iter().find_map(|t| strip_suffix(name, t))?;
    let start = transport.iter().rposition(|&b| b == b'.').map_or(0, |dot| dot.saturating_add(1));
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"-_".contains(b);
    let kind = name.get(start..)?;
    (kind.starts_with(b"_") && transport.get(start..)?.iter().all(plain)).then_some(kind)
}

/// A service's SRV or TXT record, owned by `instance.type.domain`.
fn service(announcer: About, record: &Entry<'_>, out: &mut dyn Sink) {
    let Some(owner) = record.name() else { return };
    let Some(kind) = service_type(owner.after_first()) else { return };
    if kind != b"_device-info._tcp" {
        out.say(announcer, &SERVICE, Value::Octets(kind));
    }
    let instance = owner.first_label();
    let is_shared = record.rtype == rtype::TXT && text::is_shared_queue(record);
    let personal = instance.contains(&b'\'') || crate::bytes::find(instance, "\u{2019}".as_bytes()).is_some();
    if EQUIPMENT.contains(&kind) && !personal && !is_shared && record.rtype == rtype::TXT {
        out.say(announcer, &INSTANCE, Value::Octets(instance));
    }
    if record.rtype == rtype::TXT && !is_shared {
        text::say(announcer, kind, instance, record, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns_message::build;
    use crate::harness::{context, datagrams};
    use crate::protocol::Direction::{ToClient, ToServer};

    fn txt(entries: &[&str]) -> Vec<u8> {
        entries.iter().flat_map(|e| [&[u8::try_from(e.len()).unwrap()][..], e.as_bytes()].concat()).collect()
    }

    fn printer(address: [u8; 4], rp: &str) -> Vec<u8> {
        let text = txt(&["txtvers=1", rp, "ty=Acme Label 9", "usb_MFG=Acme", "usb_MDL=Label 9", "note=Ward 3", "Duplex=F", "x"]);
        [
            build::header(0x8400, [0, 4, 0, 1]),
            build::record("_universal._sub._ipp._tcp.local", rtype::PTR, 1, &build::name("Label 9._ipp._tcp.local")),
            build::record("_services._dns-sd._udp.local", rtype::PTR, 1, &build::name("_http._tcp.local")),
            build::record("Label 9._ipp._tcp.local", rtype::TXT, 0x8001, &text),
            build::record(
                "Label 9._ipp._tcp.local",
                rtype::SRV,
                0x8001,
                &[&[0, 0, 0, 0, 2, 119][..], &build::name("lp9.local")].concat(),
            ),
            build::record("lp9.local", rtype::A, 0x8001, &address),
        ]
        .concat()
    }

    #[test]
    fn a_printer_states_its_product() {
        let lines = datagrams(&Mdns, PORT, &[(ToClient, &printer([10, 0, 0, 2], "rp=ipp/print"))]);
        assert_eq!(
            lines.lines,
            [
                "sender mdns.service _ipp._tcp",
                "sender mdns.service _http._tcp",
                "sender mdns.service _ipp._tcp",
                "sender mdns.instance Label 9",
                "sender mdns.txt ty=Acme Label 9",
                "sender mdns.txt.ty Acme Label 9",
                "sender mdns.txt usb_MFG=Acme",
                "sender mdns.txt.maker Acme",
                "sender mdns.txt usb_MDL=Label 9",
                "sender mdns.txt.model Label 9",
                "sender mdns.txt.note Ward 3",
                "sender mdns.service _ipp._tcp",
                "sender mdns.host lp9",
            ]
        );
    }

    #[test]
    fn a_shared_queue_is_not_the_product_of_its_host() {
        let lines = datagrams(&Mdns, PORT, &[(ToClient, &printer([10, 0, 0, 2], "rp=printers/label"))]);
        assert!(!lines.lines.iter().any(|l| l.contains("Acme") || l.contains("Label 9")), "{:?}", lines.lines);
    }

    #[test]
    fn a_text_without_key_may_name_the_product() {
        let said = |entry: &str| {
            let record = build::record("x._http._tcp.local", rtype::TXT, 0x8001, &txt(&[entry]));
            datagrams(&Mdns, PORT, &[(ToClient, &[build::header(0x8400, [0, 1, 0, 0]), record].concat())]).lines
        };
        assert!(said("XY-1234W Network Camera").contains(&"sender mdns.txt.product XY-1234W Network Camera".to_owned()));
        for other in ["Kitchen Network Camera", "somebody's 2 camera", "XY-1234W"] {
            assert!(!said(other).iter().any(|line| line.contains("product")), "{other}");
        }
    }

    #[test]
    fn a_reflector_is_not_the_printer() {
        let lines = datagrams(&Mdns, PORT, &[(ToClient, &printer([10, 0, 9, 9], "rp=ipp/print"))]);
        assert!(lines.lines.iter().all(|l| l.starts_with("10.0.9.9 ")), "{:?}", lines.lines);
    }

    #[test]
    fn personal_names_stay() {
        let message = [
            build::header(0x8400, [0, 3, 0, 0]),
            build::record("A person's tablet._device-info._tcp.local", rtype::TXT, 1, &txt(&["model=J71AP"])),
            build::record("_airplay._tcp.local", rtype::PTR, 1, &build::name("A person's tablet._airplay._tcp.local")),
            build::record(
                "A person's tablet._airplay._tcp.local",
                rtype::TXT,
                1,
                &txt(&["deviceid=00:1B:21:01:02:03", "fn=A person", "manufacturer=Acme", "fv=1.2"]),
            ),
        ]
        .concat();
        let lines = datagrams(&Mdns, PORT, &[(ToClient, &message)]);
        assert_eq!(
            lines.lines,
            [
                "sender mdns.txt model=J71AP",
                "sender mdns.service _airplay._tcp",
                "sender mdns.service _airplay._tcp",
                "sender mdns.txt.mac 00:1b:21:01:02:03",
                "sender mdns.txt manufacturer=Acme",
                "sender mdns.txt.maker Acme",
                "sender mdns.txt fv=1.2",
                "sender mdns.txt.firmware 1.2",
            ]
        );
    }

    #[test]
    fn known_answers_are_not_claims() {
        let query = [
            build::header(0, [1, 1, 0, 0]),
            build::question("_ipp._tcp.local", rtype::PTR, 1),
            build::record("_ipp._tcp.local", rtype::PTR, 1, &build::name("Label 9._ipp._tcp.local")),
        ]
        .concat();
        assert!(datagrams(&Mdns, PORT, &[(ToServer, &query)]).lines.is_empty());
        assert_eq!(Mdns.probe(&context(ToServer, PORT, query.len()), &query), Verdict::Certain);
        assert_eq!(Mdns.probe(&context(ToServer, 53, query.len()), &query), Verdict::No);
    }

    #[test]
    fn cut_anywhere() {
        let whole = printer([10, 0, 0, 2], "rp=ipp/print");
        for end in 0..whole.len() {
            let _ = datagrams(&Mdns, PORT, &[(ToClient, &whole[..end])]);
        }
    }
}
