//! The fixtures, one plain table: each row is a folder `tests/cases/<name>` whose `input.pcap` it builds.

pub mod addresses;
pub mod bedside;
pub mod captures;
pub mod clinical;
pub mod databases;
pub mod directory;
pub mod infrastructure;
pub mod link;
pub mod mail;
pub mod names;
pub mod plant;
pub mod printing;
pub mod remote;
pub mod secure;
pub mod streams;
pub mod tunnels;
pub mod web;

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
pub const FAMILIES: &[&[Case]] = &[
    addresses::CASES,
    bedside::CASES,
    captures::CASES,
    clinical::CASES,
    databases::CASES,
    directory::CASES,
    infrastructure::CASES,
    link::CASES,
    mail::CASES,
    names::CASES,
    plant::CASES,
    printing::CASES,
    remote::CASES,
    secure::CASES,
    streams::CASES,
    tunnels::CASES,
    web::CASES,
];

/// Texts about persons and secrets in cases, beside those of the clinic that they use too.
pub const PLANTED: &[&str] = &[
    "made-up-secret",
    "made-up-guess",
    "1902-02-02",
    "1904-04-04",
    "c2VydmljZTptYWRlLXVw",
    "AHByaW50ZXItMzEAbWFk",
    "madeup.person",
    "Madeup Person",
    "fictitia",
    "9009",
    "555-0100",
    "9001",
    "wards/",
    "pump51",
    "rate limit",
    "ward/3/fridge",
    "order of",
    "neighbour appeared",
    "select name",
    "result.txt",
];

/// Every case.
pub fn cases() -> impl Iterator<Item = &'static Case> {
    FAMILIES.iter().copied().flatten()
}

impl Case {
    /// The files of its folder that follow from the lab alone: the input, and what a reader of the folder should know.
    #[must_use]
    pub fn files(&self) -> [(&'static str, Vec<u8>); 2] {
        let about = self.about.split_whitespace().collect::<Vec<_>>().join(" ");
        let readme = format!(
            "# {}\n\n{about}\n\n`input.pcap` is built by the lab (`crates/lab/src/cases/`); every host, person and secret in it is made up.\n\
             `expect.json` is what a sensor says of it: facts (whom it is about, kind, field, value, frame), flows, and what could\n\
             not be seen. `cargo run -p xtask -- cases` writes the input, `UPDATE_EXPECT=1 cargo nextest run -p lab` the rest.\n",
            self.name
        );
        [("input.pcap", (self.build)()), ("README.md", readme.into_bytes())]
    }

    /// Id of the protocol that the case is for: the name begins with it.
    #[must_use]
    pub fn is_for(&self, protocol: &str) -> bool {
        let id = protocol.replace('_', "-");
        self.name.strip_prefix(&id).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }
}
