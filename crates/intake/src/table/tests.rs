//! Tables as the makers' command references show them, with made-up addresses.

use crate::harness::{file, torture};

const A: &str = "00:1b:21:3c:4d:5e";

#[test]
fn arp_tables() {
    let cisco = "sw1#show ip arp\nProtocol  Address          Age (min)  Hardware Addr   Type   Interface\n\
                 Internet  10.0.0.5                12   001b.213c.4d5e  ARPA   Vlan10\n\
                 Internet  10.0.0.6                 0   Incomplete      ARPA\n\
                 Internet  10.0.x.7                12   001b.2100.0002  ARPA   Vlan10\n\nsw1#";
    let (said, unread) = file("switch-tables", cisco);
    assert_eq!(said, [format!("{A}=10.0.0.5 arp.table:Binding yes"), format!("{A}=10.0.0.5 arp.table-vlan:Vlan 10")]);
    assert_eq!(unread, ["5: an ARP row without an IP address"]);
    torture("switch-tables", cisco);
    for table in [
        "Address         Age       MAC Address     Interface       Flags\n10.0.0.5        00:12:34  001b.213c.4d5e  Ethernet1/5\n",
        "IPv4 Address     MAC                Port         Physical Port   State       VRF\n----------\n10.0.0.5         00:1b:21:3c:4d:5e  1/1/5        1/1/5           reachable   default\n",
        " IP ARP table\n\n  IP Address       MAC Address       Type    Port\n  ---------------  ----------------- ------- ----\n  10.0.0.5         001b21-3c4d5e     dynamic 5\n",
        "MAC Address       Address         Name                      Interface           Flags\n00:1b:21:3c:4d:5e 10.0.0.5        pump5.example             ge-0/0/5.0          none\nTotal entries: 1\n",
        "MAC Address       Address         Interface         Flags\n00:1b:21:3c:4d:5e 10.0.0.5        ge-0/0/5.0        none\n",
    ] {
        assert_eq!(file("switch-tables", table), (vec![format!("{A}=10.0.0.5 arp.table:Binding yes")], vec![]), "{table}");
    }
}

#[test]
fn mac_tables() {
    let plugged = |port: &str| vec![format!("{A} mac-table.port:PortId {port}"), format!("{A} mac-table.vlan:Vlan 10")];
    for (table, port) in [
        (
            "sw1>show mac address-table\n          Mac Address Table\n-------\n\nVlan    Mac Address       Type        Ports\n----    -----------       --------    -----\n All    0100.0ccc.cccc    STATIC      CPU\n  10    001b.213c.4d5e    DYNAMIC     Gi1/0/5\n",
            "sw1 Gi1/0/5",
        ),
        (
            "sw1# show mac address-table\n   VLAN     MAC Address      Type      age     Secure NTFY Ports\n---------+-----\n*   10     001b.213c.4d5e   dynamic  0         F      F    Eth1/5\n",
            "sw1 Eth1/5",
        ),
        (
            "MAC Address          VLAN     Type                      Port\n--------------\n00:1b:21:3c:4d:5e    10       dynamic                   1/1/5\n",
            "1/1/5",
        ),
        (
            " Status and Counters - Port Address Table\n\n  MAC Address   Port   VLAN\n  ------------- ------ ----\n  001b21-3c4d5e 5      10\n",
            "5",
        ),
    ] {
        assert_eq!(file("switch-tables", table), (plugged(port), vec![]), "{table}");
    }
    let junos = "admin@sw1> show ethernet-switching table\n   Vlan                MAC                 MAC      Age    Logical                NH        RTR\n   name                address             flags           interface              Index     ID\n   ward10              00:1b:21:3c:4d:5e   D             -   ge-0/0/5.0             0         0\n";
    assert_eq!(file("switch-tables", junos), (vec![format!("{A} mac-table.port:PortId sw1 ge-0/0/5.0")], vec![]));
}

#[test]
fn a_port_with_many_macs_leads_elsewhere() {
    let rows: String = (1..=5).map(|n| format!("  10    001b.2100.000{n}    DYNAMIC     Gi1/0/24\n")).collect();
    let (said, _) = file("switch-tables", &format!("Vlan    Mac Address       Type        Ports\n{rows}"));
    assert_eq!(said[0], "00:1b:21:00:00:01 mac-table.behind:PortId Gi1/0/24");
    assert!(!said.iter().any(|line| line.contains("mac-table.port")));
}

#[test]
fn lldp_neighbours() {
    let cisco = "sw1#show lldp neighbors detail\n------------------------------------------------\nLocal Intf: Gi1/0/5\nChassis id: 001b.213c.4d5e\nPort id: 001b.213c.4d5e\nPort Description: SW PORT\nSystem Name: phone5\n\n\
                 System Description: \nExample Phone X1, firmware 7.1\n\nTime remaining: 98 seconds\nSystem Capabilities: B,T\nEnabled Capabilities: T\nManagement Addresses:\n    IP: 10.0.0.5\n\
                 MED Information:\n\n    MED Codes:\n          (NP) Network Policy\n\n    H/W revision: 3\n    F/W revision: 7.1\n    S/W revision: 7.1.2\n    Serial number: SN0005\n    Manufacturer: Example\n    Model: X1\n\
                 ------------------------------------------------\nLocal Intf: Gi1/0/6\nChassis id: 001b.2100.0002\nSystem Name - not advertised\n\nTotal entries displayed: 2\n";
    let (said, unread) = file("switch-tables", cisco);
    assert_eq!(
        said,
        [
            format!("{A} lldp.management-address:OwnAddress 10.0.0.5"),
            format!("{A} lldp.system-description:SysDescr Example Phone X1, firmware 7.1"),
            format!("{A} lldp.capabilities:DeviceType T"),
            format!("{A} lldp-med.hardware:Hardware 3"),
            format!("{A} lldp-med.firmware:Firmware 7.1"),
            format!("{A} lldp-med.software:Software 7.1.2"),
            format!("{A} lldp-med.serial:Serial SN0005"),
            format!("{A} lldp-med.manufacturer:Maker Example"),
            format!("{A} lldp-med.model:Model X1"),
            format!("{A} lldp.system-name:HostName phone5"),
            format!("{A} lldp.local-port:PortId sw1 Gi1/0/5"),
            "00:1b:21:00:00:02 lldp.local-port:PortId sw1 Gi1/0/6".to_owned(),
        ]
    );
    assert!(unread.is_empty());
    torture("switch-tables", cisco);
    let short = [format!("{A} lldp.system-description:SysDescr Example AP"), format!("{A} lldp.system-name:HostName ap1")];
    for table in [
        "Port                           : 1/1/5\nNeighbor Entries               : 1\nNeighbor Chassis-Name          : ap1\nNeighbor Chassis-Description   : Example AP\nNeighbor Chassis-ID            : 00:1b:21:3c:4d:5e\n",
        "  Local Port   : 5\n  ChassisType  : mac-address\n  ChassisId    : 001b21-3c4d5e\n  SysName      : ap1\n  System Descr : Example AP\n",
        "Local Interface    : ge-0/0/5\nChassis type       : Mac address\nChassis ID         : 00:1b:21:3c:4d:5e\nSystem name        : ap1\n\nSystem Description : Example AP\n",
    ] {
        assert_eq!(file("switch-tables", table).0[..2], short, "{table}");
    }
}

#[test]
fn cdp_neighbours() {
    let cisco = "-------------------------\nDevice ID: sw2.ward.example\nEntry address(es): \n  IP address: 10.0.0.2\nPlatform: cisco WS-C2960X-24TS-L,  Capabilities: Switch IGMP \nInterface: GigabitEthernet1/0/24,  Port ID (outgoing port): GigabitEthernet0/1\nHoldtime : 155 sec\n\nVersion :\nCisco IOS Software, C2960X Software, Version 15.2(2)E6\nTechnical Support: http://www.cisco.com/techsupport\n";
    assert_eq!(
        file("switch-tables", cisco).0,
        [
            "10.0.0.2 cdp.software:SysDescr Cisco IOS Software, C2960X Software, Version 15.2(2)E6",
            "10.0.0.2 cdp.device-id:Fqdn sw2.ward.example",
            "10.0.0.2 cdp.platform:Model WS-C2960X-24TS-L",
            "10.0.0.2 cdp.capabilities:DeviceType Switch IGMP",
            "10.0.0.2 cdp.local-port:PortId GigabitEthernet1/0/24",
        ]
    );
}

#[test]
fn unifi_clients() {
    let text = r#"{"meta":{"rc":"ok"},
 "data":[{"mac":"00:1b:21:3c:4d:5e","ip":"10.0.0.5","hostname":"pump5","name":"Typed by a person","is_wired":true,"sw_mac":"74:ac:b9:00:00:01","sw_port":5,"vlan":10,"last_seen":1795435000},
 {"mac":"00:1b:21:00:00:02","ap_mac":"74:ac:b9:00:00:02","is_wired":false}]}"#;
    let (said, unread) = file("unifi-clients", text);
    assert_eq!(
        said,
        [
            format!("{A}=10.0.0.5 unifi.client-ip:Binding yes"),
            format!("{A}=10.0.0.5 unifi.client-hostname:HostName pump5"),
            format!("{A}=10.0.0.5 unifi.connected-to:PortId 74:ac:b9:00:00:01 port 5"),
            format!("{A}=10.0.0.5 unifi.vlan:Vlan 10"),
            "00:1b:21:00:00:02 unifi.connected-to:PortId access point 74:ac:b9:00:00:02".to_owned(),
        ]
    );
    assert!(unread.is_empty());
    torture("unifi-clients", text);
}
