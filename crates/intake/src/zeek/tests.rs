//! Rows in the form of docs.zeek.org, with made-up hosts.

use super::conn::SERVICES;
use crate::harness::{file, torture};

const HEAD: &str = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n";

fn tsv(path: &str, fields: &str, rows: &[&str]) -> String {
    let rows = rows.join("\n").replace(' ', "\t");
    format!(
        "{HEAD}#path\t{path}\n#open\t2026-11-23-12-00-00\n#fields\t{}\n{rows}\n#close\t2026-11-23-13-00-00\n",
        fields.replace(' ', "\t")
    )
}

#[test]
fn every_service_is_a_protocol_of_ours() {
    for (_, ours) in SERVICES {
        assert!(wire::PROTOCOLS.iter().any(|protocol| protocol.info().id == *ours), "{ours}");
    }
}

#[test]
fn conversations_in_any_order_of_columns() {
    let text = tsv(
        "conn",
        "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto service duration conn_state missed_bytes orig_pkts orig_ip_bytes resp_pkts resp_ip_bytes",
        &[
            "1795438800.5 C1 10.0.0.5 50000 10.0.0.9 443 tcp ssl,http 1.5 SF 7 10 1000 8 9000",
            "1795438801.5 C2 10.0.0.5 50001 10.0.0.9 23 tcp - - S0 0 3 180 0 0",
            "1795438802.5 C3 10.0.0.5 8 10.0.0.9 0 icmp - 0.1 OTH 0 1 84 1 84",
            "1795438802.5 C3",
        ],
    );
    let (said, unread) = file("zeek", &text);
    let expected = [
        "10.0.0.5>10.0.0.9 Tcp/443 tls 10/1000 8/9000 Opened",
        "10.0.0.5>10.0.0.9 Tcp/23 - 3/180 0/0 Unanswered",
        "10.0.0.5>10.0.0.9 Ip(1)/0 - 1/84 1/84 Unknown",
    ];
    assert_eq!(said, expected);
    assert_eq!(unread, ["11: not as many values as columns"]);
    torture("zeek", &text);
    let json = r#"{"ts":1795438800.5,"uid":"C1","resp_pkts":8,"resp_ip_bytes":9000,"orig_ip_bytes":1000,"orig_pkts":10,"conn_state":"SF","proto":"tcp","service":"ssl,http","id.resp_p":443,"id.resp_h":"10.0.0.9","id.orig_h":"10.0.0.5","id.orig_p":50000}"#;
    let (said, unread) = file("zeek-json", &format!("{json}\n{{\"ts\"\n"));
    assert_eq!(said, expected[..1]);
    assert_eq!(unread, ["2: no JSON object"]);
    torture("zeek-json", json);
}

#[test]
fn leases_and_names() {
    let text = tsv(
        "dhcp",
        "ts uids client_addr server_addr mac host_name client_fqdn domain requested_addr assigned_addr lease_time client_message server_message msg_types duration client_software",
        &[
            "1795438800.5 C1 10.0.0.5 10.0.0.1 00:1b:21:3c:4d:5e pump5 - - - 10.0.0.5 3600.000000 - - DISCOVER,OFFER,REQUEST,ACK 0.1 udhcp\\x201.2",
            "1795438800.5 C2 - - 00:1b:21:00:00:02 monitor2 - - 10.0.0.7 - - - - DISCOVER 0.1 -",
        ],
    );
    let (said, _) = file("zeek", &text);
    assert_eq!(
        said,
        [
            "00:1b:21:3c:4d:5e=10.0.0.5 dhcp.option51:Lease 3600",
            "00:1b:21:3c:4d:5e=10.0.0.5 dhcp.option12:HostName pump5",
            "00:1b:21:3c:4d:5e=10.0.0.5 dhcp.option60:VendorClass udhcp 1.2",
            "10.0.0.1 dhcp.reply:DhcpServer yes",
            "00:1b:21:00:00:02 dhcp.option12:HostName monitor2",
        ]
    );
    let text = tsv(
        "dns",
        "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto query qtype_name rcode_name answers",
        &[
            "1795438800.5 C1 10.0.0.5 5000 10.0.0.1 53 udp updates.vendor.example A NOERROR cdn.vendor.example,192.0.2.7",
            "1795438800.5 C1 10.0.0.5 5000 10.0.0.1 53 udp 5.0.0.10.in-addr.arpa PTR NOERROR pump5.ward.example",
            "1795438800.5 C1 10.0.0.5 5000 10.0.0.1 53 udp nobody.example A NXDOMAIN -",
        ],
    );
    assert_eq!(
        file("zeek", &text).0,
        [
            "10.0.0.1 dns.server:NameServer yes",
            "192.0.2.7 dns.answer:DnsName updates.vendor.example",
            "10.0.0.5 dns.ptr:DnsName pump5.ward.example",
        ]
    );
}

#[test]
fn tls_and_software() {
    let text = tsv(
        "ssl",
        "ts uid id.orig_h id.orig_p id.resp_h id.resp_p version cipher curve server_name resumed last_alert next_protocol established ssl_history",
        &[
            "1795438800.5 C1 10.0.0.5 5000 10.0.0.9 443 TLSv10 TLS_RSA_WITH_RC4_128_SHA - pacs.ward.example F - http/1.1 T CsiI",
            "1795438800.5 C2 10.0.0.5 5000 10.0.0.9 443 TLSv12 TLS_RSA_WITH_AES_128_CBC_SHA - x F - - F C",
        ],
    );
    let on = "10.0.0.5>10.0.0.9 Tcp/443";
    assert_eq!(
        file("zeek", &text).0,
        [
            format!("{on} tls.version:ProtocolVersion TLS 1.0"),
            format!("{on} tls.cipher:Cipher TLS_RSA_WITH_RC4_128_SHA"),
            format!("{on} tls.cipher_broken:CipherBroken TLS_RSA_WITH_RC4_128_SHA"),
            format!("{on} tls.sni:ServerName pacs.ward.example"),
            format!("{on} tls.alpn:Alpn http/1.1"),
        ]
    );
    let json = r#"{"ts":"2026-11-23T12:00:00.000000Z","host":"10.0.0.9","host_p":22,"software_type":"SSH::SERVER","name":"OpenSSH","version.major":9,"unparsed_version":"OpenSSH_9.2p1"}"#;
    assert_eq!(file("zeek-json", json).0, ["10.0.0.9 ssh.server_software:ServerBanner OpenSSH_9.2p1"]);
    torture("zeek", &text);
}
