//! Operating systems whose makers have stopped mending them, and when.

use std::path::Path;
use std::sync::OnceLock;

use model::Timestamp;

use crate::error::Error;
use crate::matcher::{Flags, MAX_VALUE, Pattern, Prefilter};

/// An operating system with the day that its support ended or ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndOfSupport {
    /// The product, such as `Windows 7`.
    pub product: String,
    /// Last day of support, `2020-01-14`, for those who pay nothing extra.
    pub date: String,
    /// What the date leaves out: extended updates that some pay for, editions with longer support. Empty where nothing.
    pub note: String,
    /// Where the date was published.
    pub source: String,
}

impl EndOfSupport {
    /// Support was over at an instant.
    #[must_use]
    pub fn is_over(&self, at: Timestamp) -> bool {
        // Both are written year first, so that text compares as time does.
        at.nanos() > 0 && at.to_string().get(..10).is_some_and(|day| day > self.date.as_str())
    }
}

/// The table, in the order it is asked.
#[derive(Debug, Default)]
pub(crate) struct Support {
    rows: Vec<(Pattern, EndOfSupport)>,
    filter: OnceLock<Prefilter>,
}

impl Support {
    fn new(rows: Vec<(Pattern, EndOfSupport)>) -> Self {
        Self { rows, filter: OnceLock::new() }
    }

    /// Reads lines of `pattern TAB product TAB date TAB note or - TAB source`.
    pub(crate) fn parse(text: &str, file: &Path) -> Result<Self, Error> {
        let rows = text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let read =
            rows.map(|(number, line)| row(line).ok_or_else(|| Error::of_line(file, number + 1, "not an end of support", HINT)));
        read.collect::<Result<_, _>>().map(Self::new)
    }

    /// Adds another file, which is asked first.
    pub(crate) fn add(&mut self, text: &str, file: &Path) -> Result<(), Error> {
        let mut rows = Self::parse(text, file)?.rows;
        rows.append(&mut self.rows);
        *self = Self::new(rows);
        Ok(())
    }

    fn filter(&self) -> &Prefilter {
        self.filter.get_or_init(|| Prefilter::new(self.rows.iter().map(|(pattern, _)| pattern.literal())))
    }

    /// The first row whose pattern matches.
    pub(crate) fn find(&self, os: &str) -> Option<&EndOfSupport> {
        if os.len() > MAX_VALUE {
            return None;
        }
        let mut rows = self.filter().candidates(os).into_iter().filter_map(|at| self.rows.get(at));
        rows.find(|(pattern, _)| pattern.captures(os).is_some()).map(|(_, row)| row)
    }

    /// Patterns that do not compile.
    #[cfg(test)]
    pub(crate) fn bad_patterns(&self) -> Vec<String> {
        self.rows.iter().filter_map(|(pattern, row)| pattern.check().err().map(|e| format!("{}: {e}", row.product))).collect()
    }
}

const HINT: &str = "write `pattern TAB product TAB year-month-day TAB note or - TAB source`";

fn row(line: &str) -> Option<(Pattern, EndOfSupport)> {
    let mut cells = line.split('\t');
    let mut cell = || cells.next();
    let pattern = Pattern::with_flags(cell()?, Flags { ignore_case: true, dot_all: false, ascii: true });
    let end = EndOfSupport {
        product: cell()?.to_owned(),
        date: cell().filter(|date| date.len() == 10)?.to_owned(),
        note: cell()?.trim_matches('-').to_owned(),
        source: cell()?.to_owned(),
    };
    Some((pattern, end))
}
