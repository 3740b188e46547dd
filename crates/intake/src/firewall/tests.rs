//! Messages in the forms of the makers' references, with made-up addresses.

use crate::harness::{file, messages, torture};

const LOGIN: &str = "10.1.1.5>10.0.0.254";

/// What a log-in says.
fn login(on: &str, port: u16, id: &str, way: &str, account: Option<&str>) -> Vec<String> {
    let protocol = match way {
        "ssh" => "ssh",
        _ => "-",
    };
    let on_port = format!("{on} Tcp/{port}");
    let mut said = vec![format!("{on_port} {protocol} 1/0 1/0 Opened"), format!("{on_port} {id}.management:Management {way}")];
    match account {
        Some(account) => {
            said.push(format!("{on_port} {id}.login:LoginSucceeded {way}"));
            said.push(format!("{on_port} {id}.user:Account {account}"));
        }
        None => said.push(format!("{on_port} {id}.login-failed:LoginFailed {way}")),
    }
    said
}

#[test]
fn applications_are_protocols_of_ours() {
    for (_, ours) in super::paloalto::APPLICATIONS {
        assert!(wire::PROTOCOLS.iter().any(|protocol| protocol.info().id == *ours), "{ours}");
    }
}

const FORTIGATE: &str = "date=2026-11-23 time=12:00:00 devname=\"FGT1\" devid=\"FG100E\" eventtime=1795435200000000000 tz=\"+0100\" \
                         logid=\"0000000013\" type=\"traffic\" subtype=\"forward\" level=\"notice\" vd=\"root\" srcip=10.0.0.5 srcname=\"pump5\" srcport=50000 \
                         srcintf=\"lan\" dstip=192.0.2.9 dstport=443 dstintf=\"wan1\" proto=6 action=\"close\" policyid=1 service=\"HTTPS\" duration=12 \
                         sentbyte=1000 rcvdbyte=9000 sentpkt=10 rcvdpkt=8 srcmac=\"00:1b:21:3c:4d:5e\"";

#[test]
fn fortinet() {
    let event = "date=2026-11-23 time=12:00:01 devname=\"FGT1\" devid=\"FG100E\" logid=\"0100032001\" type=\"event\" subtype=\"system\" level=\"information\"";
    let text = format!(
        "{FORTIGATE}\n{}\n\
         {event} logdesc=\"Admin login successful\" user=\"ward it\" ui=\"https(10.1.1.5)\" method=\"https\" srcip=10.1.1.5 dstip=10.1.1.1 action=\"login\" status=\"success\" msg=\"Administrator x logged in\"\n\
         {event} logdesc=\"Admin login failed\" user=\"Secret123\" ui=\"ssh(10.1.1.5)\" srcip=10.1.1.5 dstip=10.1.1.1 action=\"login\" status=\"failed\"\n\
         {event} logdesc=\"DHCP Ack log\" interface=\"lan\" dhcp_msg=\"Ack\" mac=\"00:1B:21:00:00:02\" ip=10.0.0.6 lease=3600 hostname=\"monitor2\"\n\
         garbage\n",
        FORTIGATE.replace("action=\"close\"", "action=\"deny\"").replace("srcname=\"pump5\"", "")
    );
    let (said, unread) = file("firewall-log", &text);
    let mut expected = vec![
        "00:1b:21:3c:4d:5e=10.0.0.5>192.0.2.9 Tcp/443 - 10/1000 8/9000 Opened".to_owned(),
        "00:1b:21:3c:4d:5e=10.0.0.5 fortinet.srcname:HostName pump5".to_owned(),
        "00:1b:21:3c:4d:5e=10.0.0.5>192.0.2.9 Tcp/443 - 10/1000 8/9000 Unanswered".to_owned(),
    ];
    expected.extend(login("10.1.1.5>10.1.1.1", 443, "fortinet", "https", Some("ward it")));
    expected.extend(login("10.1.1.5>10.1.1.1", 22, "fortinet", "ssh", None));
    expected.push("00:1b:21:00:00:02=10.0.0.6 dhcp.option51:Lease 3600".to_owned());
    expected.push("00:1b:21:00:00:02=10.0.0.6 dhcp.option12:HostName monitor2".to_owned());
    assert_eq!(said, expected);
    assert_eq!(unread, ["6: no message of a known firewall with a time"]);
    assert_eq!(messages(&[&format!("<189>{FORTIGATE}")]), expected[..2]);
    torture("firewall-log", &text);
}

#[test]
fn paloalto() {
    let traffic = "1,2026/11/23 12:00:00,001801000001,TRAFFIC,end,2561,2026/11/23 12:00:00,10.0.0.5,192.0.2.9,203.0.113.1,192.0.2.9,allow out,,,ssl,vsys1,trust,untrust,\
                   ethernet1/1,ethernet1/2,fwd,2026/11/23 12:00:00,33999,1,50000,443,40000,443,0x1c,tcp,allow,10000,1000,9000,18,2026/11/23 11:59:50,10,any,0,1,0x0,\
                   10.0.0.0-10.255.255.255,United States,0,10,8,tcp-fin";
    let system = "1,2026/11/23 12:00:01,001801000001,SYSTEM,general,2561,2026/11/23 12:00:01,,general,,0,0,general,informational,\"User admin logged in via Web from 10.1.1.5 using https\",1,0x0";
    let failed = "1,2026/11/23 12:00:01,001801000001,SYSTEM,auth,2561,2026/11/23 12:00:01,,auth-fail,,0,0,general,medium,\"failed authentication for user 'Secret123'. Reason: Invalid username/password. From: 10.1.1.5.\",1,0x0";
    let text =
        format!("Domain,Receive Time,Serial #,Type,Threat/Content Type\n{traffic}\n{}\n", traffic.replace(",end,", ",start,"));
    let (said, unread) = file("firewall-log", &text);
    assert_eq!(said, ["10.0.0.5>192.0.2.9 Tcp/443 tls 10/1000 8/9000 Opened"]);
    assert!(unread.is_empty());
    let said = messages(&[&format!("<14>Nov 23 12:00:01 pa1 {system}"), &format!("<14>Nov 23 12:00:01 pa1 {failed}")]);
    let mut expected = login(LOGIN, 443, "paloalto", "https", Some("admin"));
    expected.extend(login(LOGIN, 0, "paloalto", "administration", None));
    assert_eq!(said, expected);
    torture("firewall-log", &text);
}

#[test]
fn cisco_asa() {
    let said = messages(&[
        "<166>Nov 23 2026 12:00:00: %ASA-6-302013: Built outbound TCP connection 77 for outside:192.0.2.9/443 (192.0.2.9/443) to inside:10.0.0.5/50000 (203.0.113.1/50000)",
        "<166>Nov 23 2026 12:00:10: %ASA-6-302014: Teardown TCP connection 77 for outside:192.0.2.9/443 to inside:10.0.0.5/50000 duration 0:00:10 bytes 12345 TCP FINs",
        "<166>Nov 23 2026 12:00:10 asa1 : %ASA-6-302014: Teardown TCP connection 78 for outside:198.51.100.1/5000 to dmz:10.0.1.1/22 duration 0:00:30 bytes 0 SYN Timeout",
        "<164>Nov 23 2026 12:00:10: %ASA-4-106023: Deny tcp src outside:198.51.100.1/5000 dst inside:10.0.0.5/23 by access-group \"outside_in\" [0x0, 0x0]",
        "<166>%ASA-6-605005: Login permitted from 10.1.1.5/50000 to inside:10.0.0.254/ssh for user \"admin\"",
        "<166>%ASA-6-605004: Login denied from 10.1.1.5/50000 to inside:10.0.0.254/https for user \"Secret123\"",
        "<166>%FTD-6-604103: DHCP daemon interface inside: address granted 0100.1b21.3c4d.5e (10.0.0.5)",
    ]);
    let mut expected = vec![
        "10.0.0.5>192.0.2.9 Tcp/443 - 1/12345 1/0 Opened".to_owned(),
        "198.51.100.1>10.0.1.1 Tcp/22 - 1/0 0/0 Unanswered ?".to_owned(),
        "198.51.100.1>10.0.0.5 Tcp/23 - 1/0 0/0 Unanswered".to_owned(),
    ];
    expected.extend(login(LOGIN, 22, "cisco", "ssh", Some("admin")));
    expected.extend(login(LOGIN, 443, "cisco", "https", None));
    expected.push("00:1b:21:3c:4d:5e=10.0.0.5 dhcp.yiaddr:Binding yes".to_owned());
    expected.push("10.0.0.254 dhcp.reply:DhcpServer yes".to_owned());
    assert_eq!(said, expected);
}

#[test]
fn cisco_ios() {
    let said = messages(&[
        "<189>12: sw1: Nov 23 12:00:00.123: %SEC_LOGIN-5-LOGIN_SUCCESS: Login Success [user: admin] [Source: 10.1.1.5] [localport: 22] at 12:00:00 UTC Mon Nov 23 2026",
        "<187>13: Nov 23 12:00:00.123: %LINK-3-UPDOWN: Interface GigabitEthernet1/0/5, changed state to up",
        "<188>14: Nov 23 12:00:00.123: %SW_MATM-4-MACFLAP_NOTIF: Host 001b.213c.4d5e in vlan 10 is flapping between port Gi1/0/5 and port Gi1/0/7",
        "<189>15: Nov 23 12:00:00.123: %DOT1X-5-SUCCESS: Authentication successful for client (001b.213c.4d5e) on Interface Gi1/0/5 AuditSessionID 0A",
        "<190>16: Nov 23 12:00:00.123: %SEC-6-IPACCESSLOGP: list 100 denied tcp 10.0.0.5(50000) -> 192.0.2.9(23), 4 packets",
        "<189>17: Nov 23 12:00:00.123: %SYS-5-CONFIG_I: Configured from console by console",
    ]);
    let mut expected = login(LOGIN, 22, "cisco", "ssh", Some("admin"));
    expected.extend([
        "00:1b:21:3c:4d:5e cisco.mac-move-vlan:Vlan 10".to_owned(),
        "00:1b:21:3c:4d:5e cisco.mac-move:PortId Gi1/0/5".to_owned(),
        "00:1b:21:3c:4d:5e cisco.mac-move:PortId Gi1/0/7".to_owned(),
        "00:1b:21:3c:4d:5e cisco.port:PortId Gi1/0/5".to_owned(),
        "10.0.0.5>192.0.2.9 Tcp/23 - 4/0 0/0 Unanswered ?".to_owned(),
    ]);
    assert_eq!(said, expected);
}

#[test]
fn sonicwall() {
    let begin = "<134>id=firewall sn=18B169000000 time=\"2026-11-23 12:00:00 UTC\" fw=203.0.113.1 pri=6 c=1024";
    let said = messages(&[
        &format!(
            "{begin} m=537 msg=\"Connection Closed\" n=1 src=10.0.0.5:50000:X0 dst=192.0.2.9:443:X1 srcMac=00:1b:21:3c:4d:5e dstMac=00:1b:21:ff:00:01 proto=tcp/https sent=1000 rcvd=9000 spkt=10 rpkt=8 cdur=1500"
        ),
        &format!("{begin} m=98 msg=\"Connection Opened\" n=1 src=10.0.0.5:50000:X0 dst=192.0.2.9:443:X1 proto=tcp/https sent=66"),
        &format!(
            "{begin} m=29 msg=\"Administrator login allowed\" n=1 usr=\"admin\" src=10.1.1.5:0:X0 dst=10.0.0.254:443:X0 proto=tcp/https"
        ),
        &format!(
            "{begin} m=30 msg=\"Administrator login denied due to bad credentials\" n=1 usr=\"Secret123\" src=10.1.1.5:0:X0 dst=10.0.0.254:443:X0 proto=tcp/https"
        ),
    ]);
    let mut expected = vec!["00:1b:21:3c:4d:5e=10.0.0.5>00:1b:21:ff:00:01=192.0.2.9 Tcp/443 - 10/1000 8/9000 Opened".to_owned()];
    expected.extend(login(LOGIN, 443, "sonicwall", "https", Some("admin")));
    // The flow is told again, the management is no news.
    expected.extend(login(LOGIN, 443, "sonicwall", "https", None).into_iter().filter(|line| !line.contains("management")));
    assert_eq!(said, expected);
}

#[test]
fn meraki() {
    let said = messages(&[
        "<134>1 1795435200.123456789 MX84 flows src=10.0.0.5 dst=192.0.2.9 mac=00:1B:21:3C:4D:5E protocol=tcp sport=50000 dport=443 pattern: allow all",
        "<134>1 1795435200.123456789 MX84 urls src=10.0.0.5:50001 dst=192.0.2.9:80 mac=00:1B:21:3C:4D:5E request: GET http://x.example/?patient=Doe&dst=9.9.9.9",
        "<134>1 1795435200.123456789 MX84 events dhcp lease of ip 10.0.0.6 from server mac 00:18:0A:00:00:01 for client mac 00:1B:21:00:00:02 from router 10.0.0.1 on subnet 255.255.255.0 with dns 10.0.0.1",
        "<134>1 1795435200.123456789 MX84 events VPN registry change: vpn_type='site-to-site'",
    ]);
    assert_eq!(
        said,
        [
            "00:1b:21:3c:4d:5e=10.0.0.5>192.0.2.9 Tcp/443 - 1/0 0/0 Unknown",
            "00:1b:21:3c:4d:5e=10.0.0.5>192.0.2.9 Tcp/80 - 1/0 0/0 Unknown",
            "00:1b:21:00:00:02=10.0.0.6 dhcp.yiaddr:Binding yes",
            "10.0.0.254 dhcp.reply:DhcpServer yes",
            "10.0.0.1 dhcp.option3:Router yes",
        ]
    );
}

#[test]
fn netfilter_of_unifi_and_others() {
    let said = messages(&[
        "<4>Nov 23 12:00:00 UDM kernel: [WAN_LOCAL-D-4000000006]IN=eth8 OUT= MAC=74:ac:b9:00:00:01:00:1b:21:3c:4d:5e:08:00 SRC=198.51.100.1 DST=203.0.113.1 LEN=40 TOS=00 PREC=0x00 TTL=243 ID=54321 PROTO=TCP SPT=5000 DPT=23 SEQ=1 ACK=0 WINDOW=1024 SYN URGP=0 MARK=0",
    ]);
    assert_eq!(said, ["00:1b:21:3c:4d:5e=198.51.100.1>203.0.113.1 Tcp/23 - 1/40 0/0 Unanswered"]);
}

#[test]
fn unifi_in_cef() {
    let said = messages(&[
        "<14>Nov 23 12:00:00 UDM CEF:0|Ubiquiti|UniFi Network|9.3.33|400|WiFi Client Connected|1|UNIFIcategory=Monitoring UNIFIclientHostname=tablet ward 3 UNIFIclientIp=10.0.0.7 UNIFIclientMac=00:1b:21:00:00:07 UNIFIconnectedToDeviceName=AP Ward 3 msg=tablet ward 3 connected",
        "<14>Nov 23 12:00:00 UDM CEF:0|Ubiquiti|UniFi OS|4.3|544|Admin Accessed UniFi Network|1|UNIFIcategory=System UNIFIaccessMethod=web UNIFIadmin=Ward IT src=10.1.1.5 msg=x",
    ]);
    let mut expected = vec![
        "00:1b:21:00:00:07=10.0.0.7 unifi.client-ip:Binding yes".to_owned(),
        "00:1b:21:00:00:07=10.0.0.7 unifi.client-hostname:HostName tablet ward 3".to_owned(),
        "00:1b:21:00:00:07=10.0.0.7 unifi.connected-to:PortId AP Ward 3".to_owned(),
    ];
    expected.extend(login(LOGIN, 443, "unifi", "https", Some("Ward IT")));
    assert_eq!(said, expected);
}

#[test]
fn pfsense() {
    let said = messages(&[
        "<134>1 2026-11-23T12:00:00.1+00:00 pf1 filterlog 812 - - 5,,,1000000103,igb1,match,pass,in,4,0x0,,64,12345,0,DF,6,tcp,60,10.0.0.5,192.0.2.9,50000,443,0,S,123,,64240,,mss",
        "<134>1 2026-11-23T12:00:00.1+00:00 pf1 filterlog 812 - - 5,,,1000000103,igb1,match,block,in,6,0x00,0x1,255,UDP,17,80,fd00::5,ff02::fb,5353,5353,72",
        "<134>1 2026-11-23T12:00:00.1+00:00 pf1 php-fpm 9 - - /index.php: Successful login for user 'admin' from: 10.1.1.5 (Local Database)",
        "<134>1 2026-11-23T12:00:00.1+00:00 pf1 php-fpm 9 - - /index.php: webConfigurator authentication error for user 'Secret123' from: 10.1.1.6",
        "<38>1 2026-11-23T12:00:00.1+00:00 pf1 sshd 9 - - Accepted publickey for root from 10.1.1.5 port 50000 ssh2: ED25519 SHA256:x",
        "<38>1 2026-11-23T12:00:00.1+00:00 pf1 sshd 9 - - Failed password for invalid user Secret123 from 10.1.1.6 port 50000 ssh2",
    ]);
    let mut expected = vec![
        "10.0.0.5>192.0.2.9 Tcp/443 - 1/60 0/0 Unknown".to_owned(),
        "fd00::5>ff02::fb Udp/5353 - 1/80 0/0 Unknown".to_owned(),
    ];
    expected.extend(login(LOGIN, 443, "pfsense", "https", Some("admin")));
    expected.extend(login("10.1.1.6>10.0.0.254", 443, "pfsense", "https", None));
    expected.extend(login(LOGIN, 22, "sshd", "ssh", Some("root")));
    expected.extend(login("10.1.1.6>10.0.0.254", 22, "sshd", "ssh", None));
    assert_eq!(said, expected);
}
