//! TXT entries (RFC 6763 §6) that describe the product.

use model::{FactKind, MacAddr};

use crate::dns_message::Entry;
use crate::fact::{About, Field, Sink, Value};

static TEXT: Field = Field::new("mdns.txt", "DNS-SD text entry", FactKind::ServiceText);
static MAKER: Field = Field::new("mdns.txt.maker", "DNS-SD maker entry (usb_MFG, manufacturer)", FactKind::Maker);
static MODEL: Field = Field::new("mdns.txt.model", "DNS-SD model entry (usb_MDL, mdl)", FactKind::Model);
static TYPE: Field = Field::new("mdns.txt.ty", "DNS-SD product entry (ty)", FactKind::ProductName);
static FIRMWARE: Field = Field::new("mdns.txt.firmware", "DNS-SD firmware entry (fv, fw)", FactKind::Firmware);
static SERIAL: Field = Field::new("mdns.txt.serial", "DNS-SD serial number entry", FactKind::Serial);
static UUID: Field = Field::new("mdns.txt.uuid", "DNS-SD UUID entry", FactKind::Uuid);
static MAC: Field = Field::new("mdns.txt.mac", "DNS-SD MAC address entry", FactKind::OwnMac);
static PRODUCT: Field = Field::new("mdns.txt.product", "DNS-SD text that names the product", FactKind::ProductName);
static NOTE: Field = Field::new("mdns.txt.note", "DNS-SD printer location (note)", FactKind::Location);

/// What a key means: the whole entry as a mark, a statement, or both.
enum Meaning {
    /// For knowledge to interpret.
    Mark,
    /// Stated outright, and a mark.
    Said(&'static Field),
    /// An identifier only.
    Id(&'static Field),
    /// A MAC address.
    Mac,
}

/// Keys in lower case. `rpBA` and `id` of HomeKit change at random and describe nothing; `fn` and `n` are people's.
const KEYS: &[(&[u8], Meaning)] = &[
    (b"ty", Meaning::Said(&TYPE)),
    (b"product", Meaning::Mark),
    (b"usb_mfg", Meaning::Said(&MAKER)),
    (b"usb_mdl", Meaning::Said(&MODEL)),
    (b"usb_cmd", Meaning::Mark),
    (b"mfg", Meaning::Said(&MAKER)),
    (b"mdl", Meaning::Said(&MODEL)),
    // Software that plays receiver or accessory on a computer sets these two as well.
    (b"am", Meaning::Mark),
    (b"md", Meaning::Mark),
    (b"modelname", Meaning::Said(&MODEL)),
    (b"model_name", Meaning::Said(&MODEL)),
    (b"modelid", Meaning::Mark),
    (b"model", Meaning::Mark),
    (b"manufacturer", Meaning::Said(&MAKER)),
    (b"mf", Meaning::Said(&MAKER)),
    (b"vendor", Meaning::Said(&MAKER)),
    (b"fv", Meaning::Said(&FIRMWARE)),
    (b"fw", Meaning::Said(&FIRMWARE)),
    (b"firmware", Meaning::Said(&FIRMWARE)),
    (b"fw_version", Meaning::Said(&FIRMWARE)),
    (b"fwversion", Meaning::Said(&FIRMWARE)),
    (b"firmwareversion", Meaning::Said(&FIRMWARE)),
    (b"swversion", Meaning::Said(&FIRMWARE)),
    (b"version", Meaning::Mark),
    (b"srcvers", Meaning::Mark),
    (b"vs", Meaning::Mark),
    (b"ov", Meaning::Mark),
    (b"osxvers", Meaning::Mark),
    (b"osvers", Meaning::Mark),
    (b"platform", Meaning::Mark),
    (b"board", Meaning::Mark),
    (b"ci", Meaning::Mark),
    (b"integrator", Meaning::Mark),
    (b"kind", Meaning::Mark),
    (b"serialnumber", Meaning::Id(&SERIAL)),
    (b"serial", Meaning::Id(&SERIAL)),
    (b"usb_serialnumber", Meaning::Id(&SERIAL)),
    (b"uuid", Meaning::Id(&UUID)),
    (b"deviceid", Meaning::Mac),
    (b"macaddress", Meaning::Mac),
    (b"mac", Meaning::Mac),
    (b"note", Meaning::Id(&NOTE)),
];

/// Words that make a text without a key the name of a product, as cameras give it: `XY-1234 Network Camera`.
const PRODUCTS: [&[u8]; 6] =
    [b"network camera", b"ip camera", b"ip cam", b"network video recorder", b"print server", b"access point"];

/// A code with a digit, and a word for a sort of device at the end.
fn is_product(text: &[u8]) -> bool {
    let lower = text.to_ascii_lowercase();
    let code = text.split(|&b| b == b' ').next().unwrap_or_default();
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'/');
    text.len() <= 48
        && code.iter().all(plain)
        && code.iter().any(u8::is_ascii_digit)
        && code.iter().any(u8::is_ascii_uppercase)
        && PRODUCTS.iter().any(|product| lower.ends_with(product))
}

/// A queue that a computer shares, not a printer that speaks for itself: CUPS names its own queues so.
pub(super) fn is_shared_queue(record: &Entry<'_>) -> bool {
    record.texts().any(|entry| entry.starts_with(b"rp=printers/") || entry.starts_with(b"rp=classes/"))
}

/// Says the entries of one service.
pub(super) fn say(about: About, kind: &[u8], instance: &[u8], record: &Entry<'_>, out: &mut dyn Sink) {
    // A speaker's instance begins with its MAC address: `001B21010203@…`.
    if let (b"_raop._tcp", Some(mac)) = (kind, instance.split(|&b| b == b'@').next().and_then(mac)) {
        out.say(about, &MAC, Value::Mac(mac));
    }
    for text in record.texts().take(64) {
        let Some(equals) = memchr::memchr(b'=', text) else {
            if kind == b"_http._tcp" && is_product(text) {
                out.say(about, &PRODUCT, Value::Octets(text));
            }
            continue;
        };
        let (Some(key), Some(value)) = (text.get(..equals), text.get(equals.saturating_add(1)..)) else { continue };
        let Some((_, meaning)) = KEYS.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)) else { continue };
        let value = value.trim_ascii();
        if !value.is_empty() && applies(kind, key) {
            entry(about, meaning, text, value, out);
        }
    }
}

/// Short keys mean other things elsewhere: each holds only for the services that define it.
fn applies(kind: &[u8], key: &[u8]) -> bool {
    let is = |kinds: &[&[u8]]| kinds.contains(&kind);
    match key {
        b"am" | b"vs" | b"ov" => is(&[b"_raop._tcp", b"_airplay._tcp"]),
        b"md" | b"ci" => is(&[b"_hap._tcp", b"_hap._udp", b"_googlecast._tcp", b"_matterc._udp", b"_teamviewer._tcp"]),
        b"note" | b"kind" | b"ty" | b"product" => {
            is(&[
                b"_ipp._tcp",
                b"_ipps._tcp",
                b"_printer._tcp",
                b"_pdl-datastream._tcp",
                b"_scanner._tcp",
                b"_uscan._tcp",
                b"_uscans._tcp",
                b"_http._tcp",
                b"_privet._tcp",
            ]) && !(key == b"note" && is(&[b"_http._tcp"]))
        }
        _ => true,
    }
}

fn entry(about: About, meaning: &Meaning, text: &[u8], value: &[u8], out: &mut dyn Sink) {
    match meaning {
        Meaning::Mark => out.say(about, &TEXT, Value::Octets(text)),
        Meaning::Said(field) => {
            out.say(about, &TEXT, Value::Octets(text));
            out.say(about, field, Value::Octets(value));
        }
        Meaning::Id(field) => out.say(about, field, Value::Octets(value)),
        Meaning::Mac => {
            if let Some(mac) = mac(value) {
                out.say(about, &MAC, Value::Mac(mac));
            }
        }
    }
}

/// A MAC address as text, with or without separators; only one that an interface can have.
pub(in crate::protocols) fn mac(text: &[u8]) -> Option<MacAddr> {
    let mut octets = [0u8; 6];
    let mut digits = 0usize;
    for &b in text {
        if matches!(b, b':' | b'-' | b'.') {
            continue;
        }
        let digit = u8::try_from(char::from(b).to_digit(16)?).ok()?;
        let slot = octets.get_mut(digits / 2)?;
        *slot = (*slot << 4) | digit;
        digits += 1;
    }
    let mac = MacAddr(octets);
    (digits == 12 && text.len() <= 17 && mac.is_interface()).then_some(mac)
}
