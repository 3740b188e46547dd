//! Every protocol that can be read: one file and one row each.

use crate::protocol::Protocol;

mod arp;
mod cdp;
mod dhcp;
mod dhcpv6;
mod eapol;
mod edp;
mod fdp;
mod hsrp;
mod icmp;
mod icmpv6;
mod igmp;
mod lldp;
mod stp;
mod vrrp;
mod dns;
mod llmnr;
mod mdns;
mod nbns;
mod ssdp;
mod wsd;
mod ntp;
mod radius;
mod snmp;
mod syslog;
mod tacacs;
mod tftp;
mod dtls;
mod ftp;
mod http;
mod imap;
mod ipp;
mod jetdirect;
mod kerberos;
mod ldap;
mod lpd;
mod mqtt;
mod mssql;
mod mysql;
mod nbss;
mod pop3;
mod postgresql;
mod quic;
mod rdp;
mod remote_tools;
mod sip;
mod smb;
mod smtp;
mod ssh;
mod telnet;
mod tls;
mod vnc;
mod dicom;
mod hl7;
mod bacnet;
mod enip;
mod modbus;
mod opcua;
mod s7;

/// The table. The order is the order of probing where no port hints otherwise.
pub static PROTOCOLS: &[&dyn Protocol] = &[
    // link
    &arp::Arp,
    &lldp::Lldp,
    &cdp::Cdp,
    &edp::Edp,
    &fdp::Fdp,
    &stp::Stp,
    &eapol::Eapol,
    &igmp::Igmp,
    &icmp::Icmp,
    &icmpv6::Icmpv6,
    &dhcp::Dhcp,
    &dhcpv6::Dhcpv6,
    &vrrp::Vrrp,
    &hsrp::Hsrp,
    // names
    &dns::Dns,
    &mdns::Mdns,
    &llmnr::Llmnr,
    &nbns::Nbns,
    &ssdp::Ssdp,
    &wsd::WsDiscovery,
    // infra
    &ntp::Ntp,
    &snmp::Snmp,
    &syslog::Syslog,
    &radius::Radius,
    &tftp::Tftp,
    &tacacs::Tacacs,
    // sessions
    &tls::Tls,
    &dtls::Dtls,
    &quic::Quic,
    &ssh::Ssh,
    &http::Http,
    &ftp::Ftp,
    &telnet::Telnet,
    &smb::Smb,
    &nbss::Nbss,
    &rdp::Rdp,
    &vnc::Vnc,
    &ldap::Ldap,
    &kerberos::Kerberos,
    &smtp::Smtp,
    &pop3::Pop3,
    &imap::Imap,
    &sip::Sip,
    &mqtt::Mqtt,
    &mssql::Mssql,
    &postgresql::Postgresql,
    &mysql::Mysql,
    &lpd::Lpd,
    &ipp::Ipp,
    &jetdirect::Jetdirect,
    &remote_tools::RemoteTools,
    // clinical
    &dicom::Dicom,
    &hl7::Hl7,
    // plant
    &bacnet::Bacnet,
    &modbus::Modbus,
    &enip::Enip,
    &s7::S7,
    &opcua::OpcUa,
];
