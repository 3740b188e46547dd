//! The fixtures, one plain table: each row is a folder `tests/cases/<name>` whose `input.pcap` it builds.

pub mod captures;
pub mod link;
pub mod names;
pub mod streams;

/// A capture with a name and a reason.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Name of its folder: lower case, words joined by hyphens, what it proves.
    pub name: &'static str,
    /// What is in the capture and what it proves, for the case's README.
    pub about: &'static str,
    /// Builds the capture file; always the same bytes.
    pub build: fn() -> Vec<u8>,
}

/// The families of cases, a file each.
pub const FAMILIES: &[&[Case]] = &[captures::CASES, link::CASES, names::CASES, streams::CASES];

/// Every case.
pub fn cases() -> impl Iterator<Item = &'static Case> {
    FAMILIES.iter().copied().flatten()
}
