//! Philips IntelliVue Data Export (IntelliVue Data Export Interface Programming Guide, chapters 5 to 7), over UDP.
//!
//! A monitor says [`Monitor::connect_indication`] to everybody on port [`CONNECT_INDICATION`] about every ten seconds. A client
//! asks on port [`DATA_EXPORT`]: [`association`], [`accepted`], [`Monitor::created`], [`created_result`], then [`poll`] and
//! [`measurements`] or [`patient`] over and over, at last [`release`] and [`released`].

use std::net::Ipv4Addr;

use model::MacAddr;

/// UDP port that monitors announce themselves to.
pub const CONNECT_INDICATION: u16 = 24_005;
/// UDP port on which a monitor is asked.
pub const DATA_EXPORT: u16 = 24_105;

/// In front of data: session 0xE100, presentation context 2.
const DATA: [u8; 4] = [0xe1, 0, 0, 2];
/// In front of a connect indication.
const NOMENCLATURE: [u8; 4] = [0, 0, 1, 0];
/// The remote operation that asks, and the one that answers.
const INVOKE: u16 = 1;
const RESULT: u16 = 2;
/// The object that a monitor is: the medical device system with a single bed.
const SYSTEM: [u8; 6] = [0, 33, 0, 0, 0, 0];

/// What a monitor says of itself.
#[derive(Clone, Copy, Debug)]
pub struct Monitor<'a> {
    /// Maker: `Philips`.
    pub maker: &'a str,
    /// Model number, which for Philips is the product's part number: `M8007A`, `865240`.
    pub model: &'a str,
    /// Serial number.
    pub serial: &'a str,
    /// Hardware revision: `B.00.05`.
    pub hardware: &'a str,
    /// Software revision: `N.01.20`.
    pub software: &'a str,
    /// Label of the bed; empty where none is set.
    pub bed: &'a str,
    /// Own MAC address.
    pub mac: MacAddr,
    /// Own address.
    pub ip: Ipv4Addr,
}

/// What is polled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polled {
    /// Numbers: heart rate, saturation, pressures.
    Measurements,
    /// Waves.
    Waves,
    /// The system itself.
    System,
    /// Who lies in the bed.
    Patient,
    /// Alarms.
    Alarms,
}

impl Polled {
    const fn class(self) -> u16 {
        match self {
            Self::Measurements => 6,
            Self::Waves => 9,
            Self::System => 33,
            Self::Patient => 42,
            Self::Alarms => 54,
        }
    }
}

/// Who lies in the bed. Empty texts are sent empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct InBed<'a> {
    /// Family name.
    pub family: &'a str,
    /// Given name.
    pub given: &'a str,
    /// Number.
    pub id: &'a str,
    /// Date of birth, `YYYYMMDD`, or empty.
    pub birth: &'a str,
    /// `M`, `F`, or anything else for unknown.
    pub sex: &'a str,
}

fn sized(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat()
}

fn attribute(id: u16, value: &[u8]) -> Vec<u8> {
    [&id.to_be_bytes()[..], &sized(value)].concat()
}

/// Count, length, and what follows.
fn list(items: &[Vec<u8>]) -> Vec<u8> {
    [&(items.len() as u16).to_be_bytes()[..], &sized(&items.concat())].concat()
}

/// Text with its closing zero, to an even length.
fn label(text: &str) -> Vec<u8> {
    let mut bytes = [text.as_bytes(), &[0]].concat();
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    sized(&bytes)
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect()
}

fn operation(front: [u8; 4], kind: u16, invoke: u16, command: u16, body: &[u8]) -> Vec<u8> {
    let inner = [&invoke.to_be_bytes()[..], &command.to_be_bytes(), &sized(body)].concat();
    [&front[..], &kind.to_be_bytes(), &sized(&inner)].concat()
}

/// Two decimal digits in each octet.
fn packed(digits: &str) -> Vec<u8> {
    digits.as_bytes().chunks(2).map(|pair| pair.iter().fold(0, |sum, digit| sum << 4 | (digit - b'0'))).collect()
}

impl Monitor<'_> {
    fn specification(&self) -> Vec<u8> {
        let entry =
            |sort: u16, component: u16, text: &str| [&sort.to_be_bytes()[..], &component.to_be_bytes(), &label(text)].concat();
        attribute(
            0x092d,
            &list(&[
                entry(1, 0x08, self.serial),
                entry(2, 0x08, self.model),
                entry(3, 0x08, self.hardware),
                entry(5, 0x78, "--------"),
                entry(4, 0x58, self.software),
            ]),
        )
    }

    fn model(&self) -> Vec<u8> {
        attribute(0x0928, &[label(self.maker), label(self.model)].concat())
    }

    fn attributes(&self) -> Vec<Vec<u8>> {
        vec![attribute(0x0986, &[0, 1, 0x11, 0x4d]), self.model(), self.specification()]
    }

    /// The message by which it announces itself, `time` in eighths of a millisecond since it was switched on.
    #[must_use]
    pub fn connect_indication(&self, time: u32) -> Vec<u8> {
        let mut own = self.attributes();
        let mut bed = wide(self.bed);
        bed.resize(34, 0);
        own.push(attribute(0xf135, &bed));
        own.push(attribute(0xf100, &[&self.mac.0[..], &self.ip.octets(), &[255, 255, 255, 0]].concat()));
        // Application, transport, port, options: data export over UDP.
        own.push(attribute(0xf101, &list(&[[&[0, 5, 0, 1][..], &DATA_EXPORT.to_be_bytes(), &[0, 0]].concat()])));
        let info = list(&own);
        operation(NOMENCLATURE, INVOKE, 0, 0, &[&SYSTEM[..], &time.to_be_bytes(), &[0x0d, 0x17], &sized(&info)].concat())
    }

    /// The event that follows an accepted association: the system and all that it says of itself.
    #[must_use]
    pub fn created(&self, time: u32) -> Vec<u8> {
        let mut own = self.attributes();
        own.push(attribute(0x091e, &sized(&wide(self.bed))));
        own.push(attribute(0x0984, &sized(&self.mac.0)));
        let info = [&SYSTEM[..], &list(&own)].concat();
        operation(DATA, INVOKE, 1, 1, &[&SYSTEM[..], &time.to_be_bytes(), &[0x0d, 0x06], &sized(&info)].concat())
    }
}

/// Session and presentation headers of ISO around a body: identifiers of the context and the syntaxes, which are 11073's.
fn session(kind: u8, user: &[u8]) -> Vec<u8> {
    const PARAMETERS: &[u8] = &[5, 8, 0x13, 1, 0, 0x16, 1, 2, 0x80, 0, 0x14, 2, 0, 2];
    // 1.2.840.10004.2.1.0.0.1.1 (abstract syntax), .2.1 (transfer syntax), .3.1 (application context).
    let identifier = |last: u8| [&[6, 12, 0x2a, 0x86, 0x48, 0xce, 0x14, 2, 1, 0, 0, 0][..], &[last, 1]].concat();
    let head = [
        &[0x31, 0x80, 0xa0, 0x80, 0x80, 1, 1, 0, 0, 0xa2, 0x80, 0xa0, 3, 0, 0, 1, 0xa4, 0x80, 0x30, 0x80, 2, 1, 1][..],
        &[6, 4, 0x52, 1, 0, 1, 0x30, 0x80, 6, 2, 0x51, 1, 0, 0, 0, 0, 0x30, 0x80, 2, 1, 2],
        &identifier(1),
        &[0x30, 0x80],
        &identifier(2),
        &[0, 0, 0, 0, 0, 0, 0x61, 0x80, 0x30, 0x80, 2, 1, 1, 0xa0, 0x80, 0x60, 0x80, 0xa1, 0x80],
        &identifier(3),
        &[0, 0, 0xbe, 0x80, 0x28, 0x80],
        &identifier(1),
        &[2, 1, 2, 0x81, user.len() as u8],
    ]
    .concat();
    let presentation = [&head[..], user, &[0; 16]].concat();
    let length =
        |count: usize| if count < 255 { vec![count as u8] } else { [&[255][..], &(count as u16).to_be_bytes()].concat() };
    let body = [PARAMETERS, &[0xc1], &length(presentation.len()), &presentation].concat();
    [&[kind][..], &length(body.len()), &body].concat()
}

/// `MDSEUserInfoStd`: versions, functional units, client or server, start, and the poll profile.
fn user_information(system_type: u32) -> Vec<u8> {
    // Shortest period 1 s (in eighths of a millisecond), packets of 1,456 octets both ways, no limit of bandwidth.
    let profile = [0x8000_0000_u32, 8000, 1456, 1456, 0xffff_ffff, 0x6000_0000].map(u32::to_be_bytes).concat();
    let profile = attribute(1, &[profile, list(&[])].concat());
    let words = [0x8000_0000_u32, 0x4000_0000, 0, system_type, 0x2000_0000].map(u32::to_be_bytes).concat();
    [words, list(&[]), list(&[profile])].concat()
}

/// The client asks for an association.
#[must_use]
pub fn association() -> Vec<u8> {
    session(0x0d, &user_information(0x8000_0000))
}

/// The monitor takes it.
#[must_use]
pub fn accepted() -> Vec<u8> {
    session(0x0e, &user_information(0x0080_0000))
}

/// The client has taken note of the system.
#[must_use]
pub fn created_result(time: u32) -> Vec<u8> {
    operation(DATA, RESULT, 1, 1, &[&SYSTEM[..], &time.to_be_bytes(), &[0x0d, 0x06, 0, 0]].concat())
}

/// The client polls.
#[must_use]
pub fn poll(number: u16, what: Polled) -> Vec<u8> {
    let request = [&number.to_be_bytes()[..], &[0, 1], &what.class().to_be_bytes(), &[0, 0]].concat();
    operation(DATA, INVOKE, number, 7, &[&SYSTEM[..], &[0, 0, 0, 0], &[0x0c, 0x16], &sized(&request)].concat())
}

/// The monitor answers: objects, each with its attributes.
fn answer(number: u16, what: Polled, time: u32, objects: &[Vec<Vec<u8>>]) -> Vec<u8> {
    let objects: Vec<Vec<u8>> =
        objects.iter().zip(1_u16..).map(|(own, handle)| [&handle.to_be_bytes()[..], &list(own)].concat()).collect();
    let context = [&[0, 0][..], &list(&objects)].concat();
    let absolute = packed("2026030208000000");
    let head =
        [&number.to_be_bytes()[..], &time.to_be_bytes(), &absolute, &[0, 1], &what.class().to_be_bytes(), &[0, 0]].concat();
    let reply = [head, list(&[context])].concat();
    operation(DATA, RESULT, number, 7, &[&SYSTEM[..], &[0x0c, 0x16], &sized(&reply)].concat())
}

/// Measurements: physiological identifier, unit and value in tenths. Heart rate is 0x4182 in 0x0aa0, saturation 0x4bb8 in 0x0220.
#[must_use]
pub fn measurements(number: u16, time: u32, values: &[(u16, u16, i32)]) -> Vec<u8> {
    let objects: Vec<Vec<Vec<u8>>> = values
        .iter()
        .map(|(what, unit, tenths)| {
            let value = (0xff00_0000_u32 | (*tenths as u32 & 0x00ff_ffff)).to_be_bytes();
            vec![attribute(0x0950, &[&what.to_be_bytes()[..], &[0, 0], &unit.to_be_bytes(), &value].concat())]
        })
        .collect();
    answer(number, Polled::Measurements, time, &objects)
}

/// The patient.
#[must_use]
pub fn patient(number: u16, time: u32, who: &InBed<'_>) -> Vec<u8> {
    let text = |id: u16, text: &str| attribute(id, &sized(&wide(text)));
    let sex = match who.sex {
        "M" => 1_u16,
        "F" => 2,
        _ => 0,
    };
    let birth = if who.birth.is_empty() { vec![0xff; 8] } else { [packed(who.birth), vec![0; 4]].concat() };
    let own = vec![
        attribute(0x0957, &[0, 2]),
        text(0x095d, who.given),
        text(0x095c, who.family),
        text(0x095a, who.id),
        attribute(0x0961, &sex.to_be_bytes()),
        attribute(0x0958, &birth),
    ];
    answer(number, Polled::Patient, time, &[own])
}

/// The client lets go of the association.
#[must_use]
pub fn release() -> Vec<u8> {
    super::hex("09 18 c1 16 61 80 30 80 02 01 01 a0 80 62 80 80 01 00 00 00 00 00 00 00 00 00")
}

/// The monitor too.
#[must_use]
pub fn released() -> Vec<u8> {
    super::hex("0a 18 c1 16 61 80 30 80 02 01 01 a0 80 63 80 80 01 00 00 00 00 00 00 00 00 00")
}
