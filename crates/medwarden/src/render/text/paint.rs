//! Widths, wrapping and colours of a terminal.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::render::words::clean;

/// How a piece of text is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// As it is.
    #[default]
    Plain,
    /// A heading.
    Bold,
    /// Beside the point.
    Dim,
    /// Of no danger.
    Good,
    /// To look at.
    Warn,
    /// To act on.
    Bad,
}

/// Where the report is shown.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// Columns.
    pub width: usize,
    /// Colours may be used.
    pub colour: bool,
}

impl Screen {
    /// Text in a style (ECMA-48 §8.3.117, the colours that every theme has).
    pub fn paint(self, style: Style, text: &str) -> String {
        let code = match style {
            Style::Plain => return text.to_owned(),
            Style::Bold => "1",
            Style::Dim => "2",
            Style::Good => "32",
            Style::Warn => "33",
            Style::Bad => "1;31",
        };
        if self.colour && !text.is_empty() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// Columns that a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Breaks text into lines of at most so many columns, between words where it can.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in clean(text).split(' ').filter(|word| !word.is_empty()) {
        if !line.is_empty() && width(&line) + 1 + width(word) > columns {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        for c in word.chars() {
            if !line.is_empty() && width(&line) + c.width().unwrap_or(0) > columns {
                lines.push(break_back(&mut line));
            }
            line.push(c);
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// Characters behind which a word may be broken.
pub const JOINTS: [char; 5] = ['-', '.', '/', '_', ':'];

/// An IP or MAC address: better left whole.
pub fn is_address(word: &str) -> bool {
    word.contains(['.', ':']) && word.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, '.' | ':'))
}

/// Ends a line inside of a word: behind its last hyphen, dot or slash where one is near the end, else where it stands.
fn break_back(line: &mut String) -> String {
    let at = line.rfind(JOINTS).map(|at| at.saturating_add(1)).filter(|at| *at * 4 > line.len());
    let rest = at.map_or_else(String::new, |at| line.split_off(at));
    std::mem::replace(line, rest)
}

/// At most so many lines; the last says with an ellipsis that there would be more.
pub fn clip(mut lines: Vec<String>, most: usize, columns: usize) -> Vec<String> {
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            while width(last) + 1 > columns && last.pop().is_some() {}
            last.push('…');
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_within_their_columns() {
        for columns in 1..60 {
            let text = "a quite-long-name.clinic.example and some words 監視装置 behind it";
            assert!(wrap(text, columns).iter().all(|line| width(line) <= columns.max(2)), "{columns}");
        }
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("", 7), [""]);
        assert_eq!(clip(wrap("one two three four", 7), 2, 7), ["one two", "three…"]);
    }

    #[test]
    fn no_colour_means_no_escape() {
        let screen = Screen { width: 80, colour: false };
        assert_eq!(screen.paint(Style::Bad, "high"), "high");
        assert_eq!(Screen { colour: true, ..screen }.paint(Style::Dim, "x"), "\u{1b}[2mx\u{1b}[0m");
    }
}
