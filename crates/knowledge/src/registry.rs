//! The IEEE registries of MAC address blocks (MA-L, MA-M, MA-S, IAB) and the IANA registry of private enterprise numbers, as facts.
//!
//! The compact form groups blocks by organisation: a line is `organisation TAB prefix prefix …`, a prefix being 6, 7 or 9
//! hexadecimal digits. `cargo xtask registries FOLDER` makes it from the lists that the IEEE publishes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;
use std::path::Path;

use model::MacAddr;

use crate::error::Error;

/// Blocks of MAC addresses and whom they are assigned to.
#[derive(Debug, Default)]
pub(crate) struct MacRegistry {
    text: Cow<'static, str>,
    date: Option<Range<usize>>,
    /// Three tables sorted by prefix: 24, 28 and 36 bits.
    blocks: [Vec<(u64, u32, u16)>; 3],
}

/// Bits of a prefix by the table that holds it, longest last.
const BITS: [u32; 3] = [24, 28, 36];

impl MacRegistry {
    /// Reads the compact form.
    pub(crate) fn parse(text: impl Into<Cow<'static, str>>, file: &Path) -> Result<Self, Error> {
        let mut registry = Self { text: text.into(), ..Self::default() };
        let mut at = 0;
        for (number, line) in registry.text.split_inclusive('\n').enumerate() {
            let start = at;
            at += line.len();
            let line = line.trim_end();
            if let Some(date) = line.strip_prefix("date ") {
                registry.date = Some(at_range(start + 5, date));
            } else if !line.is_empty() && !line.starts_with('#') {
                add_blocks(&mut registry.blocks, line, start)
                    .ok_or_else(|| Error::of_line(file, number + 1, "not `organisation TAB prefixes`", REGISTRY_HINT))?;
            }
        }
        for table in &mut registry.blocks {
            table.sort_unstable();
        }
        Ok(registry)
    }

    /// The organisation that the longest matching block is assigned to.
    pub(crate) fn organisation(&self, mac: MacAddr) -> Option<&str> {
        self.blocks.iter().zip(BITS).rev().find_map(|(table, bits)| {
            let prefix = mac.to_u64() >> (48 - bits);
            let found = table.binary_search_by_key(&prefix, |entry| entry.0).ok()?;
            let (_, start, length) = *table.get(found)?;
            let start = usize::try_from(start).ok()?;
            self.text.get(start..start + usize::from(length))
        })
    }

    /// Every organisation that has a block.
    pub(crate) fn organisations(&self) -> impl Iterator<Item = &str> {
        self.text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| Some(line.split_once('\t')?.0))
    }

    /// The day of the list, as `2022-08-27`.
    pub(crate) fn date(&self) -> Option<&str> {
        self.text.get(self.date.clone()?)
    }

    /// How many blocks are known.
    pub(crate) fn len(&self) -> usize {
        self.blocks.iter().map(Vec::len).sum()
    }
}

const REGISTRY_HINT: &str =
    "make the file with `cargo xtask registries FOLDER`, or put the IEEE's own oui.csv, mam.csv and oui36.csv there";

fn at_range(start: usize, text: &str) -> Range<usize> {
    start..start + text.len()
}

fn add_blocks(blocks: &mut [Vec<(u64, u32, u16)>; 3], line: &str, start: usize) -> Option<()> {
    let (name, prefixes) = line.split_once('\t')?;
    let start = u32::try_from(start).ok()?;
    let length = u16::try_from(name.len()).ok()?;
    let [large, medium, small] = blocks;
    for prefix in prefixes.split(' ') {
        let table = match prefix.len() {
            6 => &mut *large,
            7 => &mut *medium,
            9 => &mut *small,
            _ => return None,
        };
        table.push((u64::from_str_radix(prefix, 16).ok()?, start, length));
    }
    Some(())
}

/// Makes the compact form from the IEEE's lists in CSV (`Registry,Assignment,Organization Name,Organization Address`).
///
/// Blocks that the registration authority itself holds, and those registered as private, are left out: they name nobody.
#[must_use]
pub fn compact_mac_registry(date: &str, lists: &[&str]) -> String {
    let mut by_name: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in lists.iter().flat_map(|list| csv_rows(list)) {
        let [_, prefix, name, ..] = line.as_slice() else {
            continue;
        };
        let name = tidy_organisation(name);
        let names_nobody = name.is_empty() || name == "Private" || name.starts_with("IEEE Registration Authority");
        if matches!(prefix.len(), 6 | 7 | 9) && prefix.bytes().all(|b| b.is_ascii_hexdigit()) && !names_nobody {
            by_name.entry(name).or_default().push(prefix.to_ascii_uppercase());
        }
    }
    let mut out = String::from("# MAC address blocks from the IEEE's public registries, grouped by organisation.\n");
    let _ = writeln!(out, "date {date}");
    for (name, mut prefixes) in by_name {
        prefixes.sort_unstable_by_key(|prefix| (prefix.len(), prefix.clone()));
        prefixes.dedup();
        let _ = writeln!(out, "{name}\t{}", prefixes.join(" "));
    }
    out
}

/// The rows of a CSV file (RFC 4180), quotes and line breaks inside quotes included.
fn csv_rows(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            '\r' if !quoted => {}
            c => cell.push(c),
        }
    }
    row.push(cell);
    rows.push(row);
    rows
}

/// An organisation's name on one line, without its legal form and the blanks that registries carry.
#[must_use]
pub fn tidy_organisation(name: &str) -> String {
    let spaced = name.split_whitespace().collect::<Vec<_>>().join(" ");
    crate::makers::without_legal_form(&spaced).to_owned()
}

/// Private enterprise numbers (IANA) and who holds them.
#[derive(Debug, Default)]
pub(crate) struct Enterprises {
    text: Cow<'static, str>,
    /// Number, start and length of the name; sorted.
    entries: Vec<(u32, u32, u16)>,
}

impl Enterprises {
    /// Reads lines of `number TAB organisation`; `#` begins a comment.
    pub(crate) fn parse(text: impl Into<Cow<'static, str>>, file: &Path) -> Result<Self, Error> {
        let mut enterprises = Self { text: text.into(), entries: Vec::new() };
        let mut at = 0;
        for (number, line) in enterprises.text.split_inclusive('\n').enumerate() {
            let start = at;
            at += line.len();
            let line = line.trim_end();
            if line.is_empty() || line.starts_with('#') || line.starts_with("date ") {
                continue;
            }
            let entry = enterprise(line, start)
                .ok_or_else(|| Error::of_line(file, number + 1, "not `number TAB organisation`", "one enterprise a line"))?;
            enterprises.entries.push(entry);
        }
        enterprises.entries.sort_unstable();
        Ok(enterprises)
    }

    /// Who holds a number.
    pub(crate) fn organisation(&self, number: u32) -> Option<&str> {
        let found = self.entries.binary_search_by_key(&number, |entry| entry.0).ok()?;
        let (_, start, length) = *self.entries.get(found)?;
        let start = usize::try_from(start).ok()?;
        self.text.get(start..start + usize::from(length))
    }
}

fn enterprise(line: &str, start: usize) -> Option<(u32, u32, u16)> {
    let (number, name) = line.split_once('\t')?;
    let name_at = start + number.len() + 1;
    Some((number.parse().ok()?, u32::try_from(name_at).ok()?, u16::try_from(name.len()).ok()?))
}

/// Makes the compact form of the enterprise numbers from lines of a number, blanks and a name, of those names that are wanted.
#[must_use]
pub fn compact_enterprises(date: &str, list: &str, wanted: impl Fn(&str) -> bool) -> String {
    let mut out = format!("# Private enterprise numbers from IANA's public registry.\ndate {date}\n");
    for line in list.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit())) {
        let Some((number, name)) = line.split_once([' ', '\t']) else {
            continue;
        };
        let name = tidy_organisation(name.split(" (").next().unwrap_or(name));
        let names_nobody =
            name.is_empty() || ["reserved", "unassigned", "none", "private"].contains(&name.to_lowercase().as_str());
        if number.parse::<u32>().is_ok() && !names_nobody && wanted(&name) {
            let _ = writeln!(out, "{number}\t{}", name.chars().take(48).collect::<String>().trim_end());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "Registry,Assignment,Organization Name,Organization Address\r\n\
        MA-L,002272,American Micro-Fuel Device Corp.,\"2181 Buchanan Loop, Ferndale\"\r\n\
        MA-L,70B3D5,IEEE Registration Authority,here\r\n\
        MA-S,70B3D5719,2M Technology,there\r\n\
        MA-L,AABBCC,Private,\r\n";

    #[test]
    fn the_longest_block_wins_and_nobody_is_not_named() {
        let compact = compact_mac_registry("2022-08-27", &[LIST]);
        let registry = MacRegistry::parse(compact, Path::new("x")).unwrap();
        assert_eq!(registry.date(), Some("2022-08-27"));
        assert_eq!(registry.len(), 2);
        let of = |text: &str| registry.organisation(text.parse().unwrap());
        assert_eq!(of("00:22:72:01:02:03"), Some("American Micro-Fuel Device"));
        assert_eq!(of("70:b3:d5:71:90:01"), Some("2M Technology"));
        assert_eq!(of("70:b3:d5:71:80:01"), None);
        assert_eq!(of("aa:bb:cc:00:00:00"), None);
    }

    #[test]
    fn a_bad_line_is_named() {
        let error = MacRegistry::parse("Acme\t00227\n", Path::new("registries.txt")).unwrap_err();
        assert_eq!(error.to_string(), "registries.txt:1: not `organisation TAB prefixes`");
    }

    #[test]
    fn enterprises_are_found_by_number() {
        let compact = compact_enterprises(
            "2024-08-23",
            "# x\n0\tReserved\n9\tciscoSystems\n11 Hewlett-Packard (https://hp.example )\n",
            |_| true,
        );
        let enterprises = Enterprises::parse(compact, Path::new("x")).unwrap();
        assert_eq!(enterprises.organisation(11), Some("Hewlett-Packard"));
        assert_eq!(enterprises.organisation(0), None);
    }
}
