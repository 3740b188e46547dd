//! NetFlow v9 (RFC 3954) and IPFIX (RFC 7011): records whose form the exporter's templates tell.
//!
//! Templates are kept by exporter and observation domain, bounded for each and in all. Of a record the elements that are of interest
//! are read in place; all others are stepped over by their length.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use model::{MacAddr, Timestamp};
use wire::bytes::Cursor;

use super::netflow::Boot;
use super::record::{Record, Side};

/// Exporters and domains that are remembered; of more, the one that was silent longest is forgotten.
const MAX_DOMAINS: usize = 1024;
/// Templates of one domain.
const MAX_TEMPLATES: usize = 256;
/// Fields of one template.
const MAX_FIELDS: usize = 256;

/// The enterprise number that marks elements of the reverse direction (RFC 5103 §6.1).
const REVERSE: u32 = 29_305;
/// The length that stands for "as long as the record says" (RFC 7011 §7).
const VARIABLE: u16 = 0xffff;

/// Exporter, version, observation domain or source id.
type Key = (IpAddr, u16, u32);

#[derive(Clone, Copy, Debug)]
struct Element {
    enterprise: u32,
    id: u16,
    length: u16,
}

#[derive(Debug, Default)]
struct Domain {
    templates: HashMap<u16, Template>,
    /// The sampling rate that options tell.
    sampling: u32,
    /// When it was heard last, in datagrams of all.
    heard: u64,
}

#[derive(Clone, Debug)]
struct Template {
    elements: Box<[Element]>,
    is_options: bool,
}

/// All templates.
#[derive(Debug, Default)]
pub(super) struct Templates {
    domains: HashMap<Key, Domain>,
    datagrams: u64,
    /// Sets without a template.
    pub(super) without: u64,
    /// Templates that were not kept.
    pub(super) refused: u64,
}

/// What a datagram's header says that its records need.
#[derive(Clone, Copy)]
struct Head {
    key: Key,
    export: Timestamp,
    boot: Option<Boot>,
}

impl Templates {
    /// Reads a datagram of v9 (RFC 3954 §5.1).
    pub(super) fn v9(&mut self, exporter: IpAddr, bytes: &[u8], take: &mut dyn FnMut(Record)) -> Option<()> {
        let mut cursor = Cursor::new(bytes);
        let (version, _count, uptime, seconds) = (cursor.u16()?, cursor.u16()?, cursor.u32()?, cursor.u32()?);
        let (_sequence, source) = (cursor.u32()?, cursor.u32()?);
        let boot = Some(Boot::of(seconds, 0, uptime));
        let head = Head { key: (exporter, version, source), export: Timestamp::from_parts(seconds.into(), 0), boot };
        self.sets(&head, cursor, take)
    }

    /// Reads a message of IPFIX (RFC 7011 §3.1).
    pub(super) fn ipfix(&mut self, exporter: IpAddr, bytes: &[u8], take: &mut dyn FnMut(Record)) -> Option<()> {
        let mut cursor = Cursor::new(bytes);
        let (version, length, seconds) = (cursor.u16()?, cursor.u16()?, cursor.u32()?);
        let (_sequence, domain) = (cursor.u32()?, cursor.u32()?);
        let body = cursor.take(usize::from(length).checked_sub(16)?)?;
        let head = Head { key: (exporter, version, domain), export: Timestamp::from_parts(seconds.into(), 0), boot: None };
        self.sets(&head, Cursor::new(body), take)
    }

    fn sets(&mut self, head: &Head, mut cursor: Cursor<'_>, take: &mut dyn FnMut(Record)) -> Option<()> {
        self.datagrams = self.datagrams.saturating_add(1);
        while cursor.len() >= 4 {
            let (id, length) = (cursor.u16()?, cursor.u16()?);
            let set = cursor.take(usize::from(length).checked_sub(4)?)?;
            match (head.key.1, id) {
                (9, 0) | (10, 2) => self.templates(head, set)?,
                (9, 1) => self.options_v9(head, set)?,
                (10, 3) => self.options_ipfix(head, set)?,
                (_, 256..) => self.data(head, id, set, take),
                _ => {}
            }
        }
        Some(())
    }

    fn domain(&mut self, key: Key) -> &mut Domain {
        if self.domains.len() >= MAX_DOMAINS && !self.domains.contains_key(&key) {
            let silent = self.domains.iter().min_by_key(|(key, domain)| (domain.heard, **key)).map(|(key, _)| *key);
            silent.and_then(|silent| self.domains.remove(&silent));
        }
        let domain = self.domains.entry(key).or_default();
        domain.heard = self.datagrams;
        domain
    }

    fn templates(&mut self, head: &Head, set: &[u8]) -> Option<()> {
        let mut cursor = Cursor::new(set);
        while cursor.len() >= 4 {
            let (id, count) = (cursor.u16()?, cursor.u16()?);
            if id < 256 {
                // Padding, or the withdrawal of all templates (RFC 7011 §8.1).
                return Some(());
            }
            let elements = elements(&mut cursor, count.into(), head.key.1 == 10)?;
            self.keep(head, id, elements, false);
        }
        Some(())
    }

    /// Options of v9: lengths in octets of scope and of options (RFC 3954 §6.1).
    fn options_v9(&mut self, head: &Head, set: &[u8]) -> Option<()> {
        let mut cursor = Cursor::new(set);
        while cursor.len() >= 6 {
            let (id, scope, options) = (cursor.u16()?, cursor.u16()?, cursor.u16()?);
            if id < 256 {
                return Some(());
            }
            // Scopes are numbered on their own: they are stepped over.
            let mut all = elements(&mut cursor, usize::from(scope / 4), false)?;
            all.iter_mut().for_each(|element| element.id = 0);
            all.extend(elements(&mut cursor, usize::from(options / 4), false)?);
            self.keep(head, id, all, true);
        }
        Some(())
    }

    /// Options of IPFIX: count of fields in all and of scopes (RFC 7011 §3.4.2.2).
    fn options_ipfix(&mut self, head: &Head, set: &[u8]) -> Option<()> {
        let mut cursor = Cursor::new(set);
        while cursor.len() >= 6 {
            let (id, count) = (cursor.u16()?, cursor.u16()?);
            if id < 256 || count == 0 {
                return Some(());
            }
            let _scopes = cursor.u16()?;
            let all = elements(&mut cursor, count.into(), true)?;
            self.keep(head, id, all, true);
        }
        Some(())
    }

    fn keep(&mut self, head: &Head, id: u16, elements: Vec<Element>, is_options: bool) {
        let (count, least) = (elements.len(), elements.iter().map(|element| smallest(*element)).sum::<usize>());
        let domain = self.domain(head.key);
        if count == 0 {
            domain.templates.remove(&id);
            return;
        }
        let is_full = domain.templates.len() >= MAX_TEMPLATES && !domain.templates.contains_key(&id);
        // A template of nothing but empty fields would make records without end.
        if is_full || count > MAX_FIELDS || least == 0 {
            self.refused = self.refused.saturating_add(1);
            return;
        }
        domain.templates.insert(id, Template { elements: elements.into_boxed_slice(), is_options });
    }

    fn data(&mut self, head: &Head, id: u16, set: &[u8], take: &mut dyn FnMut(Record)) {
        let domain = self.domain(head.key);
        let sampling = domain.sampling;
        let Some(template) = domain.templates.get(&id) else {
            self.without = self.without.saturating_add(1);
            return;
        };
        let least: usize = template.elements.iter().map(|element| smallest(*element)).sum();
        let mut cursor = Cursor::new(set);
        let mut told = None;
        while cursor.len() >= least.max(1) {
            let mut reading =
                Reading { record: Record { sampling, ..Record::default() }, boot: head.boot, head: *head, uptimes: (None, None) };
            if read(&mut cursor, &template.elements, &mut reading).is_none() {
                break;
            }
            if template.is_options {
                told = Some(reading.record.sampling);
            } else {
                take(reading.finish());
            }
        }
        if let Some(sampling) = told {
            domain.sampling = sampling;
        }
    }
}

/// The fewest octets that a field takes.
fn smallest(element: Element) -> usize {
    if element.length == VARIABLE { 1 } else { element.length.into() }
}

/// So many fields of a template; in IPFIX the highest bit says that an enterprise number follows.
fn elements(cursor: &mut Cursor<'_>, count: usize, with_enterprise: bool) -> Option<Vec<Element>> {
    // What does not fit the datagram is not announced.
    if count.checked_mul(4)? > cursor.len() {
        return None;
    }
    (0..count)
        .map(|_| {
            let (id, length) = (cursor.u16()?, cursor.u16()?);
            let is_enterprise = with_enterprise && id & 0x8000 != 0;
            let enterprise = if is_enterprise { cursor.u32()? } else { 0 };
            Some(Element { enterprise, id: if with_enterprise { id & 0x7fff } else { id }, length })
        })
        .collect()
}

/// A record that is being read.
struct Reading {
    record: Record,
    boot: Option<Boot>,
    head: Head,
    /// First and last as uptimes: the start of the exporter may stand behind them.
    uptimes: (Option<u32>, Option<u32>),
}

impl Reading {
    fn finish(mut self) -> Record {
        if let Some(boot) = self.boot {
            self.record.first = self.record.first.or(self.uptimes.0.map(|ms| boot.at(ms)));
            self.record.last = self.record.last.or(self.uptimes.1.map(|ms| boot.at(ms)));
        }
        self.record
    }
}

/// Reads one record; none where it is cut.
fn read(cursor: &mut Cursor<'_>, elements: &[Element], reading: &mut Reading) -> Option<()> {
    for element in elements {
        let length = match element.length {
            VARIABLE => match cursor.u8()? {
                255 => usize::from(cursor.u16()?),
                short => usize::from(short),
            },
            fixed => usize::from(fixed),
        };
        let value = cursor.take(length)?;
        match element.enterprise {
            0 => own(element.id, value, reading),
            REVERSE => reversed(element.id, value, &mut reading.record),
            _ => {}
        }
    }
    Some(())
}

/// A number in as few octets as the exporter chose (RFC 7011 §6.2).
fn unsigned(value: &[u8]) -> u64 {
    if value.len() > 8 {
        return 0;
    }
    value.iter().fold(0, |number, octet| number << 8 | u64::from(*octet))
}

fn narrow<T: TryFrom<u64> + Default>(value: &[u8]) -> T {
    T::try_from(unsigned(value)).unwrap_or_default()
}

/// Elements of the reverse direction.
fn reversed(id: u16, value: &[u8], record: &mut Record) {
    match id {
        1 | 85 => record.received.1 = unsigned(value),
        2 | 86 => record.received.0 = unsigned(value),
        _ => {}
    }
}

/// Elements of the IANA registry "IPFIX Information Elements", which begin with those of v9.
fn own(id: u16, value: &[u8], reading: &mut Reading) {
    let Reading { record, boot, head, uptimes } = reading;
    match id {
        1 | 85 => record.sent.1 = unsigned(value),
        2 | 86 => record.sent.0 = unsigned(value),
        4 => record.protocol = narrow(value),
        6 => record.tcp_flags = u8::try_from(unsigned(value) & 0xff).unwrap_or(0),
        7 => record.src_port = narrow(value),
        11 => record.dst_port = narrow(value),
        8 => record.src = v4(value).or(record.src),
        12 => record.dst = v4(value).or(record.dst),
        27 => record.src = v6(value).or(record.src),
        28 => record.dst = v6(value).or(record.dst),
        21 => uptimes.1 = Some(narrow(value)),
        22 => uptimes.0 = Some(narrow(value)),
        34 | 50 | 305 if unsigned(value) > 0 => record.sampling = narrow(value),
        // So many packets are left out after each that is looked at.
        306 => record.sampling = record.sampling.max(1).saturating_add(narrow(value)),
        52 | 53 | 192 => record.hop_limit = record.hop_limit.max(narrow(value)),
        56 => record.src_mac = MacAddr::from_slice(value),
        80 => record.dst_mac = MacAddr::from_slice(value),
        58 => record.vlan = narrow(value),
        160 => *boot = Some(Boot::at_millis(unsigned(value))),
        150 | 152 | 154 | 156 => record.first = absolute(id, value),
        151 | 153 | 155 | 157 => record.last = absolute(id, value),
        158 => record.first = Some(before(head.export, value)),
        159 => record.last = Some(before(head.export, value)),
        // Cisco's: the initiator is the source.
        231 => (record.sent.1, record.side) = (unsigned(value), Side::Client),
        298 => (record.sent.0, record.side) = (unsigned(value), Side::Client),
        232 => record.received.1 = unsigned(value),
        299 => record.received.0 = unsigned(value),
        239 => {
            record.side = match unsigned(value) {
                1 => Side::Client,
                2 => Side::Server,
                _ => Side::Unknown,
            }
        }
        _ => {}
    }
}

/// Seconds, milliseconds, or the two halves of NTP (RFC 7011 §6.1.7 to §6.1.10).
fn absolute(id: u16, value: &[u8]) -> Option<Timestamp> {
    const NTP_TO_UNIX: i64 = 2_208_988_800;
    let number = unsigned(value);
    match id {
        150 | 151 => Some(Timestamp::from_parts(i64::try_from(number).ok()?, 0)),
        152 | 153 => Some(Timestamp::from_nanos(i64::try_from(number).ok()?.checked_mul(1_000_000)?)),
        _ => {
            let seconds = i64::try_from(number >> 32).ok()?.checked_sub(NTP_TO_UNIX)?;
            let nanos = (number & 0xffff_ffff).checked_mul(1_000_000_000)? >> 32;
            Some(Timestamp::from_parts(seconds, u32::try_from(nanos).ok()?))
        }
    }
}

/// So many microseconds before the export.
fn before(export: Timestamp, value: &[u8]) -> Timestamp {
    export.plus_nanos(i64::from(narrow::<u32>(value)).saturating_mul(-1_000))
}

fn v4(value: &[u8]) -> Option<IpAddr> {
    let octets: [u8; 4] = value.try_into().ok()?;
    Some(IpAddr::V4(Ipv4Addr::from(octets))).filter(|_| octets != [0; 4])
}

fn v6(value: &[u8]) -> Option<IpAddr> {
    let octets: [u8; 16] = value.try_into().ok()?;
    Some(IpAddr::V6(Ipv6Addr::from(octets))).filter(|_| octets != [0; 16])
}
