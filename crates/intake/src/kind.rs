//! The table of everything that is read from files, and who looks at a file's beginning.

use crate::{Emit, dhcp, observations, syslog, table, zeek};

/// What a kind of file is.
#[derive(Debug)]
pub struct Info {
    /// Stable id.
    pub id: &'static str,
    /// Its name, for people.
    pub name: &'static str,
    /// What it gives, how it is made, and where its form is documented.
    pub doc: &'static str,
}

/// How well the first lines fit a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// Not at all.
    No,
    /// They may be of it; a kind that surely fits goes before.
    Perhaps,
    /// They are of it.
    Surely,
}

/// A kind of file.
pub trait Kind: Sync {
    /// What it is.
    fn info(&self) -> &'static Info;

    /// How well a file's first lines fit. Empty lines are left out, none is cut.
    fn fits(&self, lines: &[&[u8]]) -> Fit;

    /// A reader at the file's beginning.
    fn reader(&self) -> Box<dyn Lines>;
}

/// Reads the lines of a file.
pub trait Lines: Send {
    /// Takes a line, without its end; says what it means.
    ///
    /// # Errors
    /// When the line does not have the kind's form: in what.
    fn line(&mut self, line: &[u8], out: &mut Emit<'_>) -> Result<(), &'static str>;

    /// The file ended.
    ///
    /// # Errors
    /// When something was begun and not ended, or could not be read as a whole.
    fn end(&mut self, _out: &mut Emit<'_>) -> Result<(), &'static str> {
        Ok(())
    }
}

/// Everything that is read from files. Of two that fit alike the earlier is taken.
pub static KINDS: &[&dyn Kind] = &[
    &observations::Observations,
    &zeek::Tsv,
    &zeek::Json,
    &dhcp::dnsmasq::Leases,
    &dhcp::isc::Leases,
    &dhcp::kea::Leases,
    &dhcp::kea::Log,
    &dhcp::windows::Audit,
    &table::unifi::Clients,
    &syslog::File,
    &syslog::Bare,
    &table::Switch,
];

/// Lines that are looked at to tell what a file is.
const LINES: usize = 64;

/// Says what a file is by its beginning. `is_all` where that is the whole file: then its last line counts though no line end follows.
#[must_use]
pub fn recognise(head: &[u8], is_all: bool) -> Option<&'static dyn Kind> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    if memchr::memchr(0, head).is_some() {
        return None;
    }
    let whole = if is_all { head } else { head.get(..memchr::memrchr(b'\n', head).unwrap_or(head.len()))? };
    let lines: Vec<&[u8]> =
        whole.split(|b| *b == b'\n').map(|line| line.trim_ascii_end()).filter(|line| !line.is_empty()).take(LINES).collect();
    if lines.is_empty() {
        return None;
    }
    let fit = |wanted: Fit| KINDS.iter().copied().find(|kind| kind.fits(&lines) == wanted);
    fit(Fit::Surely).or_else(|| fit(Fit::Perhaps))
}

/// The names of all kinds, for a person whose file is none.
#[must_use]
pub fn known() -> String {
    KINDS.iter().map(|kind| kind.info().name).collect::<Vec<_>>().join(", ")
}

/// Most of the lines are.
pub(crate) fn most(lines: &[&[u8]], is: impl Fn(&[u8]) -> bool) -> bool {
    let count = lines.iter().filter(|line| is(line)).count();
    count.saturating_mul(2) > lines.len()
}
