//! What can be wrong with a knowledge file, and what to do about it.

use std::path::{Path, PathBuf};

/// A knowledge file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}{}: {what}", file.display(), Line(*line))]
pub struct Error {
    /// The file.
    pub file: PathBuf,
    /// Its line, counted from 1, where one is to blame.
    pub line: Option<usize>,
    /// What is wrong, in lower case.
    pub what: String,
    /// What to do.
    pub hint: &'static str,
}

impl Error {
    /// An error of a file as a whole.
    pub(crate) fn of_file(file: &Path, what: impl Into<String>, hint: &'static str) -> Self {
        Self { file: file.to_owned(), line: None, what: what.into(), hint }
    }

    /// An error of one line.
    pub(crate) fn of_line(file: &Path, line: usize, what: impl Into<String>, hint: &'static str) -> Self {
        Self { file: file.to_owned(), line: Some(line), what: what.into(), hint }
    }

    /// An error of a TOML file, with the line that the parser blames.
    pub(crate) fn of_toml(file: &Path, text: &str, error: &toml::de::Error) -> Self {
        let line = error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
        Self {
            file: file.to_owned(),
            line,
            what: error.message().to_owned(),
            hint: "compare the entry with the file of the same name in the manual",
        }
    }
}

/// `:12`, or nothing.
struct Line(Option<usize>);

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.map_or(Ok(()), |line| write!(f, ":{line}"))
    }
}
