//! What hosts say: builders of payloads, each for one protocol, written from its standard and for fixtures alone.

pub mod arp;
pub mod dhcp;
pub mod dns;
pub mod http;
