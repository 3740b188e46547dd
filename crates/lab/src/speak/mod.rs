//! What hosts say: builders of payloads, each for one protocol, written from its standard and for fixtures alone.

pub mod arp;
pub mod der;
pub mod dhcp;
pub mod dicom;
pub mod dns;
pub mod hl7;
pub mod http;
pub mod lldp;
pub mod ntp;
pub mod rdp;
pub mod smb;
pub mod snmp;
pub mod ssh;
pub mod telnet;
pub mod tls;
