//! The network of GE CARESCAPE monitors: the time message, whose shape is public (Vocera Platform, CARESCAPE Adapter Configuration Guide).

use std::net::Ipv4Addr;

/// UDP port of the time message, which goes to everybody.
pub const TIME: u16 = 2000;

/// The time message: own address, unit (7 characters) and room (6), seconds since 1900.
///
/// # Panics
/// When unit or room are longer.
#[must_use]
pub fn time(own: Ipv4Addr, unit: &str, room: &str, seconds: u32) -> Vec<u8> {
    assert!(unit.len() <= 7 && room.len() <= 6, "{unit} or {room} is too long");
    let mut bytes = vec![0; 64];
    bytes[6..10].copy_from_slice(&own.octets());
    let place = format!("{unit}|{room}");
    bytes[24..24 + place.len().min(13)].copy_from_slice(&place.as_bytes()[..place.len().min(13)]);
    bytes[60..].copy_from_slice(&seconds.to_be_bytes());
    bytes
}
