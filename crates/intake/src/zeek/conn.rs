//! `conn.log`: conversations.

use std::borrow::Cow;

use model::observation::{FlowRecord, Opening, Traffic};
use model::{ConversationKey, Endpoint, Transport};

use super::{Column as C, Row};
use crate::Emit;

/// Services as Zeek and as our decoders name them.
pub(super) const SERVICES: &[(&str, &str)] = &[
    ("dce_rpc", "dcerpc"),
    ("dhcp", "dhcp"),
    ("dns", "dns"),
    ("ftp", "ftp"),
    ("http", "http"),
    ("imap", "imap"),
    ("krb", "kerberos"),
    ("krb_tcp", "kerberos"),
    ("ldap_tcp", "ldap"),
    ("ldap_udp", "ldap"),
    ("modbus", "modbus"),
    ("mqtt", "mqtt"),
    ("mysql", "mysql"),
    ("ntp", "ntp"),
    ("pop3", "pop3"),
    ("postgresql", "postgresql"),
    ("quic", "quic"),
    ("radius", "radius"),
    ("rdp", "rdp"),
    ("rfb", "vnc"),
    ("sip", "sip"),
    ("smb", "smb"),
    ("smtp", "smtp"),
    ("snmp", "snmp"),
    ("ssh", "ssh"),
    ("ssl", "tls"),
    ("syslog", "syslog"),
];

/// The conversation that a row belongs to. Ports of ICMP are its type and code.
pub(super) fn key(row: &Row<'_>) -> Result<ConversationKey, &'static str> {
    let (client, server) = (row.ip(C::OrigHost).ok_or("no id.orig_h")?, row.ip(C::RespHost).ok_or("no id.resp_h")?);
    let (transport, port) = match row.text(C::Proto) {
        b"tcp" | b"" => (Transport::Tcp, row.port(C::RespPort)),
        b"udp" => (Transport::Udp, row.port(C::RespPort)),
        b"icmp" if server.is_ipv6() => (Transport::Ip(58), 0),
        b"icmp" => (Transport::Ip(1), 0),
        _ => (Transport::Ip(255), 0),
    };
    let end = |ip| Endpoint { mac: None, ip: Some(ip) };
    Ok(ConversationKey { client: end(client), server: end(server), transport, port })
}

/// Reads a row.
pub(super) fn read(row: &Row<'_>, out: &mut Emit<'_>) -> Result<(), &'static str> {
    let mut key = key(row)?;
    key.client.mac = row.mac(C::OrigL2);
    key.server.mac = row.mac(C::RespL2);
    let first = out.time();
    let traffic = |packets, ip_bytes, bytes, lost| {
        let (packets, ip_bytes) = (row.count(packets), row.count(ip_bytes));
        // Without the columns of packets, the bytes of the streams are what is known.
        Traffic { packets, bytes: if ip_bytes > 0 { ip_bytes } else { row.count(bytes) }, lost, hop_limit: 0 }
    };
    out.flow(FlowRecord {
        key,
        first,
        last: first.plus_nanos(row.nanos(C::Duration)),
        protocol: protocol(row),
        to_server: traffic(C::OrigPkts, C::OrigIpBytes, C::OrigBytes, 0),
        to_client: traffic(C::RespPkts, C::RespIpBytes, C::RespBytes, row.count(C::MissedBytes)),
        answered_from: key.server.mac,
        opening: if key.transport == Transport::Tcp { opening(row.text(C::ConnState)) } else { Opening::Unknown },
        // A `^` in the history says that Zeek turned it round by a guess.
        direction_known: true,
        vlan: row.port(C::Vlan),
        tunnel: None,
        frame: out.frame,
    });
    Ok(())
}

/// The innermost service that a decoder of ours knows too. Zeek joins several by commas, in no fixed order.
fn protocol(row: &Row<'_>) -> Option<Cow<'static, str>> {
    let named: Vec<&str> = row
        .text(C::Service)
        .split(|b| matches!(b, b',' | b'\n'))
        .filter_map(|service| SERVICES.iter().find(|(zeek, _)| zeek.as_bytes() == service))
        .map(|(_, ours)| *ours)
        .collect();
    // What TLS hides is still a conversation in TLS; of several others the one that is no carrier.
    let carriers = ["tls", "quic"];
    let first = carriers.iter().find(|carrier| named.contains(carrier)).or_else(|| named.last());
    first.map(|name| Cow::Borrowed(*name))
}

/// `conn_state` (docs.zeek.org, `base/protocols/conn/main.zeek`).
fn opening(state: &[u8]) -> Opening {
    match state {
        b"S0" | b"SH" | b"RSTOS0" => Opening::Unanswered,
        b"REJ" => Opening::Refused,
        b"S1" | b"SF" | b"S2" | b"S3" | b"RSTO" | b"RSTR" => Opening::Opened,
        _ => Opening::Unknown,
    }
}
