//! Tables as others export them: CSV and XLSX, read within bounds.

use std::io::{Cursor, Read as _};

use calamine::{Data, DataRef, Reader as _, Xlsx};

use crate::export::looks_like_formula;

/// Most rows of a table.
pub const MAX_ROWS: usize = 200_000;
/// Most columns of a table.
pub const MAX_COLUMNS: usize = 256;
/// Longest cell that is read, in characters.
const MAX_CELL: usize = 32 * 1024;
/// Most cells, empty ones between others too.
const MAX_CELLS: usize = 4_000_000;
/// Most text of all cells, in bytes: a workbook keeps a text once and may name it in every cell.
const MAX_ALL: usize = 128 * 1024 * 1024;
/// Most bytes that the parts of a workbook may have unpacked.
const MAX_UNPACKED: u64 = 256 * 1024 * 1024;

/// A table: headings and rows, each as long as the headings.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Table {
    /// Headings.
    pub columns: Vec<String>,
    /// Rows.
    pub rows: Vec<Vec<String>>,
}

/// Why a table cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// Nothing in it.
    #[error("the table is empty: it needs a row of headings and at least one row below")]
    Empty,
    /// Beyond a bound.
    #[error("the table has more than {0}")]
    TooLarge(&'static str),
    /// Not CSV.
    #[error("line {line} is not CSV: {what}")]
    Csv {
        /// Line.
        line: u64,
        /// What is wrong.
        what: String,
    },
    /// Not XLSX.
    #[error("this is no workbook that can be read: {0}")]
    Xlsx(String),
    /// Not the answer that was expected.
    #[error("{0}")]
    Answer(String),
}

impl Table {
    /// Reads a file by what it is: a workbook begins with a ZIP header, everything else is CSV.
    ///
    /// # Errors
    /// See [`TableError`].
    pub fn read(bytes: &[u8]) -> Result<Self, TableError> {
        if bytes.starts_with(b"PK\x03\x04") { Self::xlsx(bytes) } else { Self::csv(bytes) }
    }

    /// Reads CSV (RFC 4180) in UTF-8, UTF-16 with a mark, or Windows-1252; the separator is the one that the headings use.
    ///
    /// # Errors
    /// See [`TableError`].
    pub fn csv(bytes: &[u8]) -> Result<Self, TableError> {
        let text = decoded(bytes);
        let mut reader =
            csv::ReaderBuilder::new().delimiter(separator(&text)).has_headers(false).flexible(true).from_reader(text.as_bytes());
        let mut lines = Lines::default();
        for record in reader.records() {
            let record = record.map_err(|error| TableError::Csv {
                line: error.position().map_or(0, csv::Position::line),
                what: error.to_string(),
            })?;
            let line = lines.all.len();
            for (column, text) in record.iter().enumerate() {
                lines.put(line, column, cell(text))?;
            }
        }
        Self::of(lines.all)
    }

    /// Reads the first sheet of a workbook that has anything in it.
    ///
    /// # Errors
    /// See [`TableError`].
    pub fn xlsx(bytes: &[u8]) -> Result<Self, TableError> {
        weigh(bytes)?;
        let wrong = |error: calamine::XlsxError| TableError::Xlsx(error.to_string());
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(wrong)?;
        for sheet in book.sheet_names().into_iter().take(64) {
            // Cell by cell: two cells at the corners of a sheet would be a table of 17 thousand million.
            let mut cells = book.worksheet_cells_reader(&sheet).map_err(wrong)?;
            let mut lines = Lines::default();
            while let Some(cell) = cells.next_cell().map_err(wrong)? {
                let (row, column) = cell.get_position();
                let value = shown(cell.get_value());
                if !value.is_empty() {
                    lines.put(
                        usize::try_from(row).unwrap_or(usize::MAX),
                        usize::try_from(column).unwrap_or(usize::MAX),
                        value,
                    )?;
                }
            }
            if !lines.all.is_empty() {
                return Self::of(lines.all);
            }
        }
        Err(TableError::Empty)
    }

    /// Of lines, the first of which has the headings.
    fn of(lines: Vec<Vec<String>>) -> Result<Self, TableError> {
        let mut lines = lines.into_iter().filter(|line| line.iter().any(|cell| !cell.is_empty()));
        let mut columns = lines.next().ok_or(TableError::Empty)?;
        while columns.last().is_some_and(String::is_empty) {
            columns.pop();
        }
        let mut names = std::collections::BTreeSet::new();
        for (number, column) in (1..).zip(&mut columns) {
            if column.is_empty() || names.contains(column) {
                *column = format!("{column} (column {number})").trim().to_owned();
            }
            names.insert(column.clone());
        }
        let lines: Vec<Vec<String>> = lines.collect();
        if lines.len().saturating_mul(columns.len()) > MAX_CELLS {
            return Err(TableError::TooLarge("4 million cells"));
        }
        let rows: Vec<Vec<String>> = lines
            .into_iter()
            .map(|mut line| {
                line.resize(columns.len(), String::new());
                line
            })
            .collect();
        if rows.is_empty() { Err(TableError::Empty) } else { Ok(Self { columns, rows }) }
    }

    /// A cell by row and heading; empty where there is none.
    #[must_use]
    pub fn cell(&self, row: usize, column: &str) -> &str {
        let at = self.columns.iter().position(|name| name == column);
        at.and_then(|at| self.rows.get(row)?.get(at)).map_or("", String::as_str)
    }
}

/// Lines as far as they were read, within bounds.
#[derive(Default)]
struct Lines {
    all: Vec<Vec<String>>,
    cells: usize,
    bytes: usize,
}

impl Lines {
    fn put(&mut self, row: usize, column: usize, value: String) -> Result<(), TableError> {
        if row > MAX_ROWS {
            return Err(TableError::TooLarge("200,000 rows"));
        }
        if column >= MAX_COLUMNS {
            return Err(TableError::TooLarge("256 columns"));
        }
        if self.all.len() <= row {
            self.all.resize(row.saturating_add(1), Vec::new());
        }
        let Some(line) = self.all.get_mut(row) else { return Ok(()) };
        let added = column.saturating_add(1).saturating_sub(line.len());
        (self.cells, self.bytes) = (self.cells.saturating_add(added), self.bytes.saturating_add(value.len()));
        if self.cells > MAX_CELLS || self.bytes > MAX_ALL {
            return Err(TableError::TooLarge("4 million cells or 128 MB of text"));
        }
        line.resize(line.len().saturating_add(added), String::new());
        line.get_mut(column).into_iter().for_each(|place| place.clone_from(&value));
        Ok(())
    }
}

/// A cell as read, without what [`crate::export`] put before it so that no spreadsheet takes it for a formula.
fn cell(text: &str) -> String {
    let text = text.trim();
    let text = text.strip_prefix('\'').filter(|rest| looks_like_formula(rest)).unwrap_or(text);
    bounded(text)
}

fn bounded(text: &str) -> String {
    text.chars().take(MAX_CELL).collect()
}

/// Unpacks every part, as far as the bound: what its directory says of sizes need not be true.
fn weigh(bytes: &[u8]) -> Result<(), TableError> {
    let wrong = |error: zip::result::ZipError| TableError::Xlsx(error.to_string());
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(wrong)?;
    let mut left = MAX_UNPACKED;
    for part in 0..archive.len() {
        let part = archive.by_index(part).map_err(wrong)?;
        let read = std::io::copy(&mut part.take(left.saturating_add(1)), &mut std::io::sink());
        let read = read.map_err(|error| TableError::Xlsx(error.to_string()))?;
        left = left.checked_sub(read).ok_or(TableError::TooLarge("256 MB unpacked"))?;
    }
    Ok(())
}

/// A cell of a workbook as text: numbers without a useless fraction, dates as people write them here.
fn shown(value: &DataRef<'_>) -> String {
    match Data::from(value.clone()) {
        Data::String(text) => bounded(text.trim()),
        Data::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.0}"),
        Data::Float(number) => number.to_string(),
        Data::Int(number) => number.to_string(),
        Data::Bool(value) => value.to_string(),
        Data::DateTime(time) => date(time.as_f64()).unwrap_or_else(|| time.as_f64().to_string()),
        Data::DateTimeIso(text) | Data::DurationIso(text) => text,
        _ => String::new(),
    }
}

/// A day by its number since 1899-12-30 (ECMA-376 part 1 §18.17.4.1).
fn date(number: f64) -> Option<String> {
    let days = format!("{:.0}", number.floor()).parse::<i64>().ok()?;
    let day = jiff::civil::date(1899, 12, 30).checked_add(jiff::Span::new().try_days(days).ok()?).ok()?;
    Some(day.to_string())
}

fn decoded(bytes: &[u8]) -> String {
    let wide = |bytes: &[u8], read: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).filter_map(|two| Some(read(*two.first_chunk()?))).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        bytes => String::from_utf8(bytes.to_vec()).unwrap_or_else(|_| bytes.iter().map(|byte| windows_1252(*byte)).collect()),
    }
}

/// Windows-1252 differs from ISO 8859-1 between 0x80 and 0x9f.
fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’', '“',
        '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
    ];
    let high = byte.checked_sub(0x80).and_then(|at| HIGH.get(usize::from(at)));
    high.copied().unwrap_or(char::from(byte))
}

/// The separator that the first line has most of.
fn separator(text: &str) -> u8 {
    let first = text.lines().next().unwrap_or_default();
    let count = |one: u8| first.bytes().filter(|byte| *byte == one).count();
    [b',', b';', b'\t', b'|'].into_iter().rev().max_by_key(|one| count(*one)).unwrap_or(b',')
}
