//! Lines in the forms that the manuals of the servers show, with made-up clients.

use crate::harness::{file, messages, torture};

const MAC: &str = "00:1b:21:3c:4d:5e=10.0.0.5";

#[test]
fn dnsmasq_says_who_holds_what() {
    let said = messages(&[
        "<30>Nov 23 11:59:00 gw1 dnsmasq-dhcp[812]: DHCPDISCOVER(eth0) 00:1b:21:3c:4d:5e",
        "<30>Nov 23 11:59:00 gw1 dnsmasq-dhcp[812]: DHCPOFFER(eth0) 10.0.0.5 00:1b:21:3c:4d:5e",
        "<30>Nov 23 11:59:00 gw1 dnsmasq-dhcp[812]: DHCPREQUEST(eth0) 10.0.0.5 00:1b:21:3c:4d:5e",
        "<30>Nov 23 11:59:00 gw1 dnsmasq-dhcp[812]: DHCPACK(eth0) 10.0.0.5 00:1b:21:3c:4d:5e pump5",
        "<30>Nov 23 11:59:01 gw1 dnsmasq-dhcp[812]: 3874 DHCPACK(eth0) 10.0.0.5 00:1b:21:3c:4d:5e pump5",
        "<30>Nov 23 11:59:02 gw1 dnsmasq-dhcp[812]: DHCPREPLY(eth0) fd00::5 00:01:00:01:2a:b3:c4:d5:00:1b:21:3c:4d:5e pump5",
    ]);
    assert_eq!(
        said,
        [
            &format!("{MAC} dhcp.yiaddr:Binding yes"),
            &format!("{MAC} dhcp.option12:HostName pump5"),
            "10.0.0.254 dhcp.reply:DhcpServer yes",
            "fd00::5 dhcpv6.option5:Binding yes",
            "fd00::5 dhcpv6.option39:HostName pump5",
            "fd00::5 dhcpv6.option1:Duid 000100012ab3c4d5001b213c4d5e",
        ]
    );
}

#[test]
fn dnsmasq_leases() {
    let text = "1795438800 00:1b:21:3c:4d:5e 10.0.0.5 pump5 01:00:1b:21:3c:4d:5e\n\
                0 00:1b:21:00:00:02 10.0.0.6 * *\n\
                1795000000 00:1b:21:00:00:03 10.0.0.7 gone *\n\
                duid 00:01:00:01:2a:b3:c4:d5:00:1b:21:ff:ff:01\n\
                1795438800 7654321 fd00::5 pump5 00:01:00:01:2a:b3:c4:d5:00:1b:21:3c:4d:5e\n";
    let (said, unread) = file("dnsmasq-leases", text);
    assert_eq!(
        said,
        [
            &format!("{MAC} dhcp.option51:Lease 3600"),
            &format!("{MAC} dhcp.option12:HostName pump5"),
            &format!("{MAC} dhcp.option61:DhcpClientId 01001b213c4d5e"),
            "00:1b:21:00:00:02=10.0.0.6 dhcp.yiaddr:Binding yes",
            "00:1b:21:3c:4d:5e=fd00::5 dhcpv6.valid-lifetime:Lease 3600",
            "00:1b:21:3c:4d:5e=fd00::5 dhcpv6.option39:HostName pump5",
            "00:1b:21:3c:4d:5e=fd00::5 dhcpv6.option1:Duid 000100012ab3c4d5001b213c4d5e",
        ]
    );
    assert!(unread.is_empty());
    torture("dnsmasq-leases", text);
}

#[test]
fn isc_says_who_holds_what() {
    let said = messages(&[
        "<30>1 2026-11-23T12:00:00Z dhcp1 dhcpd 812 - - DHCPACK on 10.0.0.5 to 00:1b:21:3c:4d:5e (pump5) via eth0",
        "<30>1 2026-11-23T12:00:00Z dhcp1 dhcpd 812 - - DHCPREQUEST for 10.0.0.9 from 00:1b:21:3c:4d:5f via eth0: wrong network.",
        "<30>1 2026-11-23T12:00:00Z dhcp1 dhcpd 812 - - DHCPACK to 10.0.0.6 (00:1b:21:00:00:02) via eth0",
        "<30>1 2026-11-23T12:00:00Z dhcp1 dhcpd 812 - - DHCPACK on 10.0.0.7 to 00:1b:21:00:00:03 via 10.0.1.1",
    ]);
    assert_eq!(
        said,
        [
            &format!("{MAC} dhcp.yiaddr:Binding yes"),
            &format!("{MAC} dhcp.option12:HostName pump5"),
            "10.0.0.254 dhcp.reply:DhcpServer yes",
            "00:1b:21:00:00:02=10.0.0.6 dhcp.yiaddr:Binding yes",
            "00:1b:21:00:00:03=10.0.0.7 dhcp.yiaddr:Binding yes",
        ]
    );
}

#[test]
fn isc_leases() {
    let text = r#"# The format of this file is documented in the dhcpd.leases(5) manual page.
# This lease file was written by isc-dhcp-4.4.3-P1

authoring-byte-order little-endian;

server-duid "\000\001\000\001*\263\304\325\000\033!\377\377\001";

lease 10.0.0.5 {
  starts 1 2026/11/23 10:00:00;
  ends 1 2026/11/23 11:00:00;
  cltt 1 2026/11/23 10:00:00;
  binding state active;
  next binding state free;
  hardware ethernet 00:1b:21:3c:4d:5e;
  uid "\001\000\033!<M^";
  set vendor-class-identifier = "MSFT 5.0";
  client-hostname "pump5";
}
lease 10.0.0.6 {
  starts 1 2026/11/23 10:00:00;
  ends never;
  binding state free;
  hardware ethernet 00:1b:21:00:00:02;
}
failover peer "two" state {
  my state normal at 1 2026/11/23 10:00:00;
}
lease 10.0.0.7 {
  starts epoch 1795420800; # Sun
"#;
    let (said, unread) = file("isc-dhcpd-leases", text);
    assert_eq!(
        said,
        [
            format!("{MAC} dhcp.option51:Lease 3600"),
            format!("{MAC} dhcp.option12:HostName pump5"),
            format!("{MAC} dhcp.option61:DhcpClientId 01001b213c4d5e"),
            format!("{MAC} dhcp.option60:VendorClass MSFT 5.0"),
        ]
    );
    assert_eq!(unread, ["end: the file ends inside of a lease"]);
    torture("isc-dhcpd-leases", text);
}

#[test]
fn kea_log() {
    let text = "2026-11-23 11:00:00.123 INFO  [kea-dhcp4.leases/812.139] DHCP4_LEASE_ALLOC [hwtype=1 00:1b:21:3c:4d:5e], \
                cid=[01:00:1b:21:3c:4d:5e], tid=0x1a2b: lease 10.0.0.5 has been allocated for 3600 seconds\n\
                2026-11-23 11:00:01.123 INFO  [kea-dhcp6.leases/813.139] DHCP6_LEASE_ALLOC duid=[00:01:00:01:2a:b3:c4:d5:00:1b:21:3c:4d:5e], \
                [hwtype=1 00:1b:21:3c:4d:5e], tid=0x1: lease for address fd00::5 and iaid=1 has been allocated for 7200 seconds\n\
                2026-11-23 11:00:02.123 INFO  [kea-dhcp4.dhcp4/812.139] DHCP4_STARTED Kea DHCPv4 server version 2.4.1 started\n";
    let (said, unread) = file("kea-log", text);
    assert_eq!(
        said,
        [
            &format!("{MAC} dhcp.option51:Lease 3600"),
            &format!("{MAC} dhcp.option61:DhcpClientId 01001b213c4d5e"),
            "00:1b:21:3c:4d:5e=fd00::5 dhcpv6.valid-lifetime:Lease 7200",
            "00:1b:21:3c:4d:5e=fd00::5 dhcpv6.option1:Duid 000100012ab3c4d5001b213c4d5e",
        ]
    );
    assert!(unread.is_empty());
    torture("kea-log", text);
}

#[test]
fn kea_leases_in_any_order_of_columns() {
    let text = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context,pool_id\n\
                10.0.0.5,00:1b:21:3c:4d:5e,01:00:1b:21:3c:4d:5e,3600,1795438800,1,0,0,pump5.ward.example.,0,,0\n\
                10.0.0.6,00:1b:21:00:00:02,,3600,1795438800,1,0,0,,1,,0\n\
                nothing\n";
    let (said, unread) = file("kea-leases", text);
    let expected = [
        format!("{MAC} dhcp.option51:Lease 3600"),
        format!("{MAC} dhcp.option12:Fqdn pump5.ward.example"),
        format!("{MAC} dhcp.option61:DhcpClientId 01001b213c4d5e"),
    ];
    assert_eq!(said, expected);
    assert_eq!(unread, ["4: a lease without an IP address"]);
    let turned = "expire,hostname,hwaddr,address,state,valid_lifetime,client_id\n\
                  1795438800,pump5.ward.example.,00:1b:21:3c:4d:5e,10.0.0.5,0,3600,01:00:1b:21:3c:4d:5e\n";
    assert_eq!(file("kea-leases", turned).0, expected);
    torture("kea-leases", text);
}

#[test]
fn windows_audit_log() {
    let text = "\t\tMicrosoft DHCP Service Activity Log\r\n\r\n\r\nEvent ID  Meaning\r\n00\tThe log was started.\r\n10\tA new IP address was leased to a client.\r\n\r\n\
                ID,Date,Time,Description,IP Address,Host Name,MAC Address,User Name, TransactionID, QResult,Probationtime, CorrelationID,Dhcid,VendorClass(Hex),VendorClass(ASCII)\r\n\
                00,11/23/26,08:00:00,Started,,,,,0,6,,,,,,\r\n\
                10,11/23/26,08:00:05,Assign,10.0.0.5,PUMP5.ward.example,001B213C4D5E,,1234,0,,,,0x4D53465420352E30,MSFT 5.0\r\n\
                12,11/23/26,08:10:05,Release,10.0.0.6,X,001B21000002,,1234,0,,,,,\r\n\
                broken line\r\n";
    let (said, unread) = file("windows-dhcp", text);
    assert_eq!(
        said,
        [
            format!("{MAC} dhcp.yiaddr:Binding yes"),
            format!("{MAC} dhcp.option12:Fqdn PUMP5.ward.example"),
            format!("{MAC} dhcp.option60:VendorClass MSFT 5.0"),
        ]
    );
    assert_eq!(unread, ["12: no event number"]);
    torture("windows-dhcp", text);
}
