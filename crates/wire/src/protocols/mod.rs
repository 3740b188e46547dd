//! Every protocol that can be read: one file and one row each.

use crate::protocol::Protocol;

mod arp;
mod bacnet;
mod carescape;
mod cdp;
mod dcerpc;
mod dhcp;
mod dhcpv6;
mod dicom;
mod dns;
mod dtls;
mod eapol;
mod edp;
mod enip;
mod fdp;
mod ftp;
mod hl7;
mod hsrp;
mod http;
mod icmp;
mod icmpv6;
mod igmp;
mod imap;
mod intellivue;
mod ipp;
mod jetdirect;
pub(crate) mod kerberos;
mod ldap;
mod lis2;
mod lldp;
mod llmnr;
mod lpd;
mod mdns;
mod medibus;
mod modbus;
mod mqtt;
mod mssql;
mod mysql;
mod nbns;
mod nbss;
mod ntp;
mod opcua;
mod poct1a;
mod pop3;
mod postgresql;
mod quic;
mod radius;
mod rdp;
mod remote_tools;
mod s7;
mod sip;
mod smb;
mod smtp;
mod snmp;
mod ssdp;
mod ssh;
mod stp;
pub(crate) mod syslog;
mod tacacs;
mod telnet;
mod tftp;
pub(crate) mod tls;
mod vnc;
mod vrrp;
mod wsd;

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
    &dcerpc::DceRpc,
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
    &intellivue::IntelliVue,
    &poct1a::Poct1a,
    &lis2::Lis2,
    &medibus::Medibus,
    &carescape::Carescape,
    // plant
    &bacnet::Bacnet,
    &modbus::Modbus,
    &enip::Enip,
    &s7::S7,
    &opcua::OpcUa,
];
