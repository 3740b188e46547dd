//! What neighbours say of themselves: LLDP (IEEE 802.1AB) and CDP, as switches print it, one block a neighbour, one `key: value` a line.

use std::net::IpAddr;

use model::{Endpoint, FactKind, MacAddr};
use wire::{Field, Value};

use super::mac::at;
use crate::Emit;
use crate::emit::{address, interface};
use crate::text::{ip, mac};

/// Keys of one meaning, in the words of the makers, in lower case.
struct Key {
    names: &'static [&'static str],
    part: Part,
}

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// The port of the switch; begins a block.
    Local,
    /// The neighbour's name, which begins a block of CDP.
    CdpName,
    Chassis,
    Name,
    Description,
    Address,
    Capabilities,
    Hardware,
    Firmware,
    Software,
    Serial,
    Maker,
    Model,
    CdpPlatform,
    CdpInterface,
    CdpVersion,
}

const KEYS: &[Key] = &[
    Key { names: &["local intf", "local port", "local port id", "local interface", "port"], part: Part::Local },
    Key { names: &["device id"], part: Part::CdpName },
    Key { names: &["chassis id", "chassisid", "neighbor chassis-id"], part: Part::Chassis },
    Key { names: &["system name", "sysname", "neighbor chassis-name"], part: Part::Name },
    Key { names: &["system description", "system descr", "neighbor chassis-description"], part: Part::Description },
    Key {
        names: &["ip", "ip address", "ipv4 address", "address", "management address", "neighbor management-address"],
        part: Part::Address,
    },
    Key {
        names: &[
            "enabled capabilities",
            "system capabilities enabled",
            "neighbor chassis capabilities enabled",
            "chassis capabilities enabled",
        ],
        part: Part::Capabilities,
    },
    Key { names: &["h/w revision", "hardware revision", "hardware rev"], part: Part::Hardware },
    Key { names: &["f/w revision", "firmware revision", "firmware rev"], part: Part::Firmware },
    Key { names: &["s/w revision", "software revision", "software rev"], part: Part::Software },
    Key { names: &["serial number", "serial"], part: Part::Serial },
    Key { names: &["manufacturer", "manufacturer name"], part: Part::Maker },
    Key { names: &["model", "model name"], part: Part::Model },
    Key { names: &["platform"], part: Part::CdpPlatform },
    Key { names: &["interface"], part: Part::CdpInterface },
    Key { names: &["version"], part: Part::CdpVersion },
];

macro_rules! field {
    ($name:ident, $id:literal, $label:literal, $kind:ident) => {
        static $name: Field = Field::new($id, concat!($label, " (table exported by a person)"), FactKind::$kind);
    };
}

field!(NAME, "lldp.system-name", "LLDP system name", HostName);
field!(FQDN, "lldp.system-name", "LLDP system name", Fqdn);
field!(DESCRIPTION, "lldp.system-description", "LLDP system description", SysDescr);
field!(MANAGEMENT, "lldp.management-address", "LLDP management address", OwnAddress);
field!(CAPABILITIES, "lldp.capabilities", "LLDP enabled capabilities", DeviceType);
field!(HARDWARE, "lldp-med.hardware", "LLDP-MED hardware revision", Hardware);
field!(FIRMWARE, "lldp-med.firmware", "LLDP-MED firmware revision", Firmware);
field!(SOFTWARE, "lldp-med.software", "LLDP-MED software revision", Software);
field!(SERIAL, "lldp-med.serial", "LLDP-MED serial number", Serial);
field!(MAKER, "lldp-med.manufacturer", "LLDP-MED manufacturer name", Maker);
field!(MODEL, "lldp-med.model", "LLDP-MED model name", Model);
field!(PORT, "lldp.local-port", "switch port at which it is a neighbour", PortId);
field!(CDP_NAME, "cdp.device-id", "CDP device id", HostName);
field!(CDP_FQDN, "cdp.device-id", "CDP device id", Fqdn);
field!(CDP_PLATFORM, "cdp.platform", "CDP platform", Model);
field!(CDP_CAPABILITIES, "cdp.capabilities", "CDP capabilities", DeviceType);
field!(CDP_SOFTWARE, "cdp.software", "CDP software version", SysDescr);
field!(CDP_PORT, "cdp.local-port", "switch port at which it is a neighbour", PortId);

/// Fields whose value is what the line says.
const TEXTS: &[(Part, &Field)] = &[
    (Part::Description, &DESCRIPTION),
    (Part::Capabilities, &CAPABILITIES),
    (Part::Hardware, &HARDWARE),
    (Part::Firmware, &FIRMWARE),
    (Part::Software, &SOFTWARE),
    (Part::Serial, &SERIAL),
    (Part::Maker, &MAKER),
    (Part::Model, &MODEL),
    (Part::CdpVersion, &CDP_SOFTWARE),
];

/// The key of a line and its value.
fn part(line: &[u8]) -> Option<(Part, &[u8])> {
    const LONGEST: usize = 64;
    let colon = memchr::memchr(b':', line.get(..line.len().min(LONGEST))?)?;
    let (key, value) = line.split_at_checked(colon)?;
    let key = key.trim_ascii().to_ascii_lowercase();
    let found = KEYS.iter().find(|known| known.names.iter().any(|name| name.as_bytes() == key))?;
    Some((found.part, value.get(1..)?.trim_ascii()))
}

/// The line begins the block of a neighbour. A port alone is a word of many tables, so it has to look like one.
pub(super) fn begins(line: &[u8]) -> bool {
    match part(line) {
        Some((Part::CdpName, value)) => !value.is_empty(),
        Some((Part::Local, value)) => {
            !value.is_empty() && value.len() <= 32 && value.iter().any(u8::is_ascii_digit) && !value.contains(&b' ')
        }
        _ => false,
    }
}

/// One neighbour.
pub(super) struct Neighbour {
    /// The line that its block begins with.
    line: u64,
    said: Vec<(Part, Vec<u8>)>,
    /// The value of this part stands in the lines that follow.
    open: Option<Part>,
}

impl Neighbour {
    pub(super) const fn new(line: u64) -> Self {
        Self { line, said: Vec::new(), open: None }
    }

    /// Takes a line of its block.
    pub(super) fn line(&mut self, line: &[u8]) {
        /// Parts of one neighbour that are kept.
        const MOST: usize = 64;
        let Some((part, value)) = part(line) else {
            // Free lines behind `System Description:` and `Version :` are its value; the first is enough.
            if let Some(part) = self.open.take().filter(|_| !line.trim_ascii().is_empty()) {
                self.said.push((part, line.trim_ascii().to_vec()));
            }
            return;
        };
        self.open = value.is_empty().then_some(part).filter(|part| matches!(part, Part::Description | Part::CdpVersion));
        let known = self.said.iter().any(|(of, _)| *of == part);
        if !value.is_empty() && !known && self.said.len() < MOST {
            self.said.push((part, value.to_vec()));
        }
    }

    fn get(&self, part: Part) -> &[u8] {
        self.said.iter().find(|(of, _)| *of == part).map_or(&[], |(_, value)| value)
    }

    /// Says it of the neighbour, where it has an address to say it of.
    pub(super) fn tell(&self, switch: &[u8], out: &mut Emit<'_>) {
        let frame = out.frame;
        out.frame.frame = self.line;
        self.tell_lldp(switch, out);
        out.frame = frame;
    }

    fn tell_lldp(&self, switch: &[u8], out: &mut Emit<'_>) {
        let management = ip(self.get(Part::Address));
        let Some(subject) = subject(mac(self.get(Part::Chassis)), management) else { return };
        if let (Some(_), Some(management)) = (subject.mac, management) {
            out.say(subject, &MANAGEMENT, &Value::Ip(management));
        }
        for (part, field) in TEXTS {
            let value = self.get(*part);
            if !is_nothing(value) {
                out.say(subject, field, &Value::Octets(value));
            }
        }
        let name = self.get(Part::Name);
        if !is_nothing(name) {
            out.say(subject, if name.contains(&b'.') { &FQDN } else { &NAME }, &Value::Octets(name));
        }
        let local = self.get(Part::Local);
        if !local.is_empty() {
            out.say(subject, &PORT, &Value::Octets(&at(switch, local)));
        }
        self.tell_cdp(subject, switch, out);
    }

    fn tell_cdp(&self, subject: Endpoint, switch: &[u8], out: &mut Emit<'_>) {
        let name = self.get(Part::CdpName);
        if !name.is_empty() {
            out.say(subject, if name.contains(&b'.') { &CDP_FQDN } else { &CDP_NAME }, &Value::Octets(name));
        }
        // `Platform: Cisco IP Phone 8841,  Capabilities: Host Phone`, `Interface: Gi1/0/5,  Port ID (outgoing port): Port 1`.
        let first = |part| self.get(part).split(|b| *b == b',').next().unwrap_or_default().trim_ascii();
        let platform = first(Part::CdpPlatform);
        if !is_nothing(platform) {
            out.say(subject, &CDP_PLATFORM, &Value::Octets(platform.strip_prefix(b"cisco ").unwrap_or(platform)));
        }
        if let Some(capabilities) = crate::text::after(self.get(Part::CdpPlatform), b"Capabilities: ") {
            out.say(subject, &CDP_CAPABILITIES, &Value::Octets(capabilities.trim_ascii()));
        }
        let local = first(Part::CdpInterface);
        if !local.is_empty() {
            out.say(subject, &CDP_PORT, &Value::Octets(&at(switch, local)));
        }
    }
}

/// Whom it is about: its interface, else its address.
fn subject(chassis: Option<MacAddr>, management: Option<IpAddr>) -> Option<Endpoint> {
    chassis.map(interface).or_else(|| management.map(address))
}

fn is_nothing(value: &[u8]) -> bool {
    let lower = value.to_ascii_lowercase();
    matches!(lower.as_slice(), b"" | b"-" | b"--" | b"n/a" | b"none")
        || lower.starts_with(b"not advertised")
        || lower.starts_with(b"- not advertised")
}
