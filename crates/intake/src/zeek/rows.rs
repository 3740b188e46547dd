//! Rows of a Zeek log, whichever way it is written.

use std::borrow::Cow;
use std::net::IpAddr;

use model::{MacAddr, Timestamp};
use serde_json::{Map, Value};

use super::LOGS;
use crate::text::{ip, mac, number, split};
use crate::{Emit, Lines};

macro_rules! columns {
    ($($name:ident = $text:literal),* $(,)?) => {
        /// A column that is read.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Column { $($name),* }

        const COLUMNS: &[(Column, &str)] = &[$((Column::$name, $text)),*];
    };
}

columns! {
    Ts = "ts",
    OrigHost = "id.orig_h",
    OrigPort = "id.orig_p",
    RespHost = "id.resp_h",
    RespPort = "id.resp_p",
    Proto = "proto",
    Service = "service",
    Duration = "duration",
    ConnState = "conn_state",
    MissedBytes = "missed_bytes",
    OrigPkts = "orig_pkts",
    OrigIpBytes = "orig_ip_bytes",
    OrigBytes = "orig_bytes",
    RespPkts = "resp_pkts",
    RespIpBytes = "resp_ip_bytes",
    RespBytes = "resp_bytes",
    OrigL2 = "orig_l2_addr",
    RespL2 = "resp_l2_addr",
    Vlan = "vlan",
    ClientAddr = "client_addr",
    ServerAddr = "server_addr",
    Mac = "mac",
    HostName = "host_name",
    ClientFqdn = "client_fqdn",
    AssignedAddr = "assigned_addr",
    LeaseTime = "lease_time",
    ClientSoftware = "client_software",
    MsgTypes = "msg_types",
    Query = "query",
    QtypeName = "qtype_name",
    RcodeName = "rcode_name",
    Answers = "answers",
    Version = "version",
    Cipher = "cipher",
    ServerName = "server_name",
    NextProtocol = "next_protocol",
    Established = "established",
    Ja4 = "ja4",
    Host = "host",
    SoftwareType = "software_type",
    Name = "name",
    Unparsed = "unparsed_version",
}

/// Reads a row. An error says what it lacks.
type Read = fn(&Row<'_>, &mut Emit<'_>) -> Result<(), &'static str>;

/// One of Zeek's logs.
pub(super) struct Log {
    /// Its name, as `#path` and `_path` have it.
    pub(super) path: &'static str,
    /// Columns that no other log has, where the name is not written.
    pub(super) marks: &'static [&'static str],
    pub(super) read: Read,
}

/// The values of a row: those of the columns that are read and set, and what stands between the values of a set.
pub(super) struct Row<'a> {
    values: Vec<(Column, Cow<'a, [u8]>)>,
    set_separator: u8,
}

impl Row<'_> {
    /// The value; empty where it is not set.
    pub(super) fn text(&self, column: Column) -> &[u8] {
        self.values.iter().find(|(of, _)| *of == column).map_or(&[], |(_, value)| value)
    }

    pub(super) fn ip(&self, column: Column) -> Option<IpAddr> {
        ip(self.text(column))
    }

    pub(super) fn mac(&self, column: Column) -> Option<MacAddr> {
        mac(self.text(column))
    }

    /// A whole number; 0 where it is not set.
    pub(super) fn count(&self, column: Column) -> u64 {
        number(self.text(column)).unwrap_or(0)
    }

    pub(super) fn port(&self, column: Column) -> u16 {
        u16::try_from(self.count(column)).unwrap_or(0)
    }

    /// Seconds, of which a fraction is left out.
    pub(super) fn seconds(&self, column: Column) -> Option<u64> {
        number(self.text(column).split(|b| *b == b'.').next()?)
    }

    /// Seconds with a fraction in nanoseconds.
    pub(super) fn nanos(&self, column: Column) -> i64 {
        crate::clock::epoch(self.text(column)).map_or(0, Timestamp::nanos)
    }

    /// When it happened: seconds since 1970, or ISO 8601 (`LogAscii::json_timestamps`).
    pub(super) fn time(&self, out: &Emit<'_>) -> Option<Timestamp> {
        let text = self.text(Column::Ts);
        crate::clock::epoch(text).or_else(|| out.clock.date_time(text))
    }

    /// The values of a set or list.
    pub(super) fn set(&self, column: Column) -> impl Iterator<Item = &[u8]> {
        self.text(column).split(move |b| *b == self.set_separator).filter(|value| !value.is_empty())
    }

    fn read(&self, log: &Log, out: &mut Emit<'_>) -> Result<(), &'static str> {
        let time = self.time(out).ok_or("no time")?;
        out.at(time);
        (log.read)(self, out)
    }
}

fn column(name: &str) -> Option<Column> {
    COLUMNS.iter().find(|(_, text)| *text == name).map(|(column, _)| *column)
}

fn log_of<'a>(path: Option<&str>, mut columns: impl Iterator<Item = &'a str>) -> Option<&'static Log> {
    match path {
        Some(path) => LOGS.iter().find(|log| log.path == path),
        None => columns.find_map(|name| LOGS.iter().find(|log| log.marks.contains(&name))),
    }
}

/// Tab-separated rows. Each file, and each rotation in it, begins with its own head.
#[derive(Default)]
pub(super) struct TsvLines {
    separator: Option<u8>,
    set_separator: Option<u8>,
    empty: Vec<u8>,
    unset: Vec<u8>,
    path: Option<String>,
    columns: Vec<Option<Column>>,
    log: Option<&'static Log>,
}

impl Lines for TsvLines {
    fn line(&mut self, line: &[u8], out: &mut Emit<'_>) -> Result<(), &'static str> {
        if let Some(head) = line.strip_prefix(b"#") {
            return self.head(head);
        }
        if line.is_empty() {
            return Ok(());
        }
        if self.columns.is_empty() {
            return Err("a row before the names of the columns");
        }
        // Another of Zeek's logs.
        let Some(log) = self.log else { return Ok(()) };
        let separator = self.separator.unwrap_or(b'\t');
        if line.split(|b| *b == separator).count() != self.columns.len() {
            return Err("not as many values as columns");
        }
        let set_separator = self.set_separator.unwrap_or(b',');
        let values = line.split(|b| *b == separator).zip(&self.columns).filter_map(|(value, column)| {
            let is_set = value != self.unset && value != self.empty;
            column.filter(|_| is_set).map(|column| (column, unescaped(value)))
        });
        Row { values: values.collect(), set_separator }.read(log, out)
    }
}

impl TsvLines {
    fn head(&mut self, head: &[u8]) -> Result<(), &'static str> {
        if let Some(text) = head.strip_prefix(b"separator ") {
            *self = Self { separator: Some(separator(text).ok_or("a separator of more than one octet")?), ..Self::default() };
            return Ok(());
        }
        let separator = self.separator.unwrap_or(b'\t');
        let mut words = head.split(|b| *b == separator);
        let key = words.next().unwrap_or_default();
        let rest = head.get(key.len().saturating_add(1)..).unwrap_or_default();
        match key {
            b"set_separator" => self.set_separator = rest.first().copied(),
            b"empty_field" => self.empty = rest.to_vec(),
            b"unset_field" => self.unset = rest.to_vec(),
            b"path" => self.path = std::str::from_utf8(rest).ok().map(str::to_owned),
            b"fields" => {
                const MOST: usize = 512;
                let names: Vec<&str> = words.take(MOST).filter_map(|name| std::str::from_utf8(name).ok()).collect();
                self.log = log_of(self.path.as_deref(), names.iter().copied());
                self.columns = names.into_iter().map(column).collect();
            }
            _ => {}
        }
        Ok(())
    }
}

/// `\x09`, or the character itself.
fn separator(text: &[u8]) -> Option<u8> {
    match text {
        [one] => Some(*one),
        [b'\\', b'x', digits @ ..] => u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok(),
        _ => None,
    }
}

/// A value with `\x2c` read back.
fn unescaped(value: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', value).is_none() {
        return Cow::Borrowed(value);
    }
    let mut text = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, behind)) = split(rest, b"\\x") {
        text.extend_from_slice(before);
        let octet = behind.get(..2).and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        text.extend(octet);
        rest = if octet.is_some() { behind.get(2..).unwrap_or_default() } else { behind };
    }
    text.extend_from_slice(rest);
    Cow::Owned(text)
}

/// One object a line.
pub(super) struct JsonLines;

impl Lines for JsonLines {
    fn line(&mut self, line: &[u8], out: &mut Emit<'_>) -> Result<(), &'static str> {
        if line.is_empty() {
            return Ok(());
        }
        let object: Map<String, Value> = serde_json::from_slice(line).map_err(|_| "no JSON object")?;
        let path = object.get("_path").and_then(Value::as_str);
        let Some(log) = log_of(path, object.keys().map(String::as_str)) else { return Ok(()) };
        let values = object.iter().filter_map(|(name, value)| Some((column(name)?, json_text(value)?)));
        Row { values: values.collect(), set_separator: b'\n' }.read(log, out)
    }
}

/// The text of a value as the tab-separated form has it; a list is joined by line feeds, which no value holds.
fn json_text(value: &Value) -> Option<Cow<'_, [u8]>> {
    Some(match value {
        Value::String(text) => Cow::Borrowed(text.as_bytes()),
        Value::Number(number) => Cow::Owned(number.to_string().into_bytes()),
        Value::Bool(true) => Cow::Borrowed(b"T"),
        Value::Bool(false) => Cow::Borrowed(b"F"),
        Value::Array(list) => Cow::Owned(list.iter().filter_map(json_text).collect::<Vec<_>>().join(&b'\n')),
        Value::Null | Value::Object(_) => return None,
    })
}
