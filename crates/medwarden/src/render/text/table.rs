//! Tables that fit the screen: columns shrink, cells wrap.

use std::io::{self, Write};

use super::paint::{JOINTS, Screen, Style, clip, is_address, width, wrap};

/// Columns between two columns.
const GAP: usize = 2;
/// Columns before a row.
const INDENT: usize = 2;
/// Lines of one cell.
const MAX_LINES: usize = 3;
/// A longer word may be broken.
const MAX_WORD: usize = 17;
/// No column is made smaller than this.
const NARROWEST: usize = 6;

/// Rows under headings.
pub struct Table {
    headings: Vec<&'static str>,
    firm: &'static [&'static str],
    rows: Vec<Vec<(Style, String)>>,
}

impl Table {
    /// A table without rows.
    pub const fn new(headings: Vec<&'static str>) -> Self {
        Self { headings, firm: &[], rows: Vec::new() }
    }

    /// Columns whose words are broken last.
    pub const fn firm(mut self, headings: &'static [&'static str]) -> Self {
        self.firm = headings;
        self
    }

    /// Adds a row.
    pub fn row(&mut self, cells: Vec<(Style, String)>) {
        self.rows.push(cells);
    }

    /// Writes it in the columns of the screen; without rows, nothing.
    pub fn write(&self, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let widths = self.widths(screen.width);
        let headings: Vec<(Style, String)> = self.headings.iter().map(|heading| (Style::Dim, heading.to_uppercase())).collect();
        write_row(screen, &widths, &headings, out)?;
        self.rows.iter().try_for_each(|row| write_row(screen, &widths, row, out))
    }

    /// What each column would like, made smaller until all fit: from the widest on, first those whose words stay whole.
    fn widths(&self, columns: usize) -> Vec<usize> {
        let mut widths: Vec<usize> = self.headings.iter().map(|heading| width(heading)).collect();
        let mut whole = widths.clone();
        for row in &self.rows {
            for ((column, whole), (_, cell)) in widths.iter_mut().zip(&mut whole).zip(row) {
                *column = width(cell).max(*column);
                *whole = longest_word(cell).max(*whole);
            }
        }
        let gaps = INDENT + GAP * widths.len().saturating_sub(1);
        let room = columns.saturating_sub(gaps);
        let least_broken =
            |(heading, whole): (&&'static str, &usize)| if self.firm.contains(heading) { *whole } else { NARROWEST };
        let broken: Vec<usize> = self.headings.iter().zip(&whole).map(least_broken).collect();
        for least in [whole, broken, vec![NARROWEST; widths.len()]] {
            while widths.iter().sum::<usize>() > room {
                let can = widths.iter_mut().zip(&least).filter(|(width, least)| **width > **least);
                let Some((widest, _)) = can.max_by_key(|(width, _)| **width) else { break };
                *widest -= 1;
            }
        }
        widths
    }
}

/// Columns of the longest piece that is not broken.
fn longest_word(text: &str) -> usize {
    let of_word = |word: &str| match is_address(word) {
        true => width(word),
        false => word.split_inclusive(JOINTS).map(width).max().unwrap_or(0),
    };
    text.split(' ').map(of_word).max().unwrap_or(0).min(MAX_WORD)
}

fn write_row(screen: Screen, widths: &[usize], cells: &[(Style, String)], out: &mut dyn Write) -> io::Result<()> {
    let cells: Vec<(Style, Vec<String>)> = cells
        .iter()
        .zip(widths)
        .map(|((style, cell), columns)| (*style, clip(wrap(cell, *columns), MAX_LINES, *columns)))
        .collect();
    let height = cells.iter().map(|(_, lines)| lines.len()).max().unwrap_or(0);
    for at in 0..height {
        let (mut line, mut blank) = (String::new(), INDENT);
        for ((style, lines), columns) in cells.iter().zip(widths) {
            let piece = lines.get(at).map_or("", String::as_str);
            if !piece.is_empty() {
                line.extend(std::iter::repeat_n(' ', blank));
                line.push_str(&screen.paint(*style, piece));
                blank = 0;
            }
            blank += columns.saturating_sub(width(piece)) + GAP;
        }
        writeln!(out, "{line}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_the_screen() {
        let mut table = Table::new(vec!["Name", "What", "Where"]);
        table.row(vec![
            (Style::Bold, "a-name-that-is-far-too-long.for.any.column".to_owned()),
            (Style::Plain, "some words that go on and on".to_owned()),
            (Style::Plain, "10.20.30.40".to_owned()),
        ]);
        for columns in 30..120 {
            let mut out = Vec::new();
            table.write(Screen { width: columns, colour: false }, &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            assert!(text.lines().all(|line| width(line) <= columns), "{columns}:\n{text}");
        }
    }
}
