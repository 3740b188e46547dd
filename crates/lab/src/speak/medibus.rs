//! MEDIBUS of Draeger (RS 232 MEDIBUS Protocol Definition), as a device server carries it over TCP.
//!
//! Who asks sends [`command`]s: `Q` starts, `R` asks for the identification ([`identification`]), `$` for measured values
//! ([`measured`]), `0` keeps the line alive. The device answers each with a [`response`] of the same letter.

fn message(kind: u8, letter: char, data: &str) -> Vec<u8> {
    let mut bytes = format!("{letter}{data}").into_bytes();
    bytes.insert(0, kind);
    let sum = bytes.iter().fold(0_u8, |sum, octet| sum.wrapping_add(*octet));
    bytes.extend(format!("{sum:02X}\r").bytes());
    bytes
}

/// A command.
#[must_use]
pub fn command(letter: char, arguments: &str) -> Vec<u8> {
    message(0x1b, letter, arguments)
}

/// The answer to a command.
#[must_use]
pub fn response(letter: char, data: &str) -> Vec<u8> {
    message(0x01, letter, data)
}

/// What a device is: number of four digits, name, revision (`04.53`); the protocol's revision is 6.00.
#[must_use]
pub fn identification(number: &str, name: &str, revision: &str) -> Vec<u8> {
    response('R', &format!("{number}'{name}'{revision}:06.00"))
}

/// Measured values: a code of two hexadecimal digits and four characters each.
#[must_use]
pub fn measured(values: &[(u8, &str)]) -> Vec<u8> {
    response('$', &values.iter().map(|(code, value)| format!("{code:02X}{value:>4}")).collect::<String>())
}
