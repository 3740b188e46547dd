//! The report for a terminal: the four answers, then findings, then what could not be seen.

mod answers;
mod explain;
mod findings;
mod paint;
mod table;

use std::io::{self, Write};

use super::View;
use super::words::{self, thousands};
use paint::width;
use table::Table;

pub use explain::explain;
pub use paint::{Screen, Style, wrap};

/// Devices in the table.
const MAX_DEVICES: usize = 40;
/// Conversations in the table.
const MAX_CONVERSATIONS: usize = 30;
/// Uses of management services in the table.
const MAX_ADMINISTRATION: usize = 30;
/// Devices of which is said what isolating them does.
const MAX_ISOLATIONS: usize = 12;
/// Findings of one group.
const MAX_FINDINGS: usize = 6;
/// Inputs, and damages of one input.
const MAX_INPUTS: usize = 20;

/// Writes the report.
pub fn write(view: &View<'_>, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    let mut text = Text { screen, out };
    answers::summary(view, &mut text)?;
    answers::devices(view, &mut text)?;
    answers::conversations(view, &mut text)?;
    answers::administration(view, &mut text)?;
    answers::isolation(view, &mut text)?;
    findings::findings(view, &mut text)?;
    findings::unseen(view, &mut text)?;
    findings::damage(view, &mut text)
}

/// A screen to write on.
pub(super) struct Text<'a> {
    screen: Screen,
    out: &'a mut dyn Write,
}

impl Text<'_> {
    /// A heading after an empty line, with an aside beside it, or below where there is no room.
    fn heading(&mut self, text: &str, aside: &str) -> io::Result<()> {
        let heading = self.screen.paint(Style::Bold, text);
        if aside.is_empty() || width(text) + 2 + width(aside) > self.screen.width {
            writeln!(self.out, "\n{heading}")?;
            return if aside.is_empty() { Ok(()) } else { self.paragraph(2, Style::Dim, aside) };
        }
        writeln!(self.out, "\n{heading}  {}", self.screen.paint(Style::Dim, aside))
    }

    /// A paragraph, set in by so many columns.
    fn paragraph(&mut self, indent: usize, style: Style, text: &str) -> io::Result<()> {
        for line in wrap(text, self.screen.width.saturating_sub(indent)) {
            writeln!(self.out, "{:indent$}{}", "", self.screen.paint(style, &line))?;
        }
        Ok(())
    }

    /// A paragraph behind a label, its further lines under its first.
    fn labelled(&mut self, indent: usize, label: &str, style: Style, text: &str) -> io::Result<()> {
        const LABEL: usize = 13;
        let room = self.screen.width.saturating_sub(indent + LABEL);
        for (place, line) in wrap(text, room).iter().enumerate() {
            let label = self.screen.paint(Style::Dim, &format!("{:LABEL$}", if place == 0 { label } else { "" }));
            writeln!(self.out, "{:indent$}{label}{}", "", self.screen.paint(style, line))?;
        }
        Ok(())
    }

    /// One of a list.
    fn item(&mut self, indent: usize, style: Style, text: &str) -> io::Result<()> {
        for (place, line) in wrap(text, self.screen.width.saturating_sub(indent + 2)).iter().enumerate() {
            let mark = if place == 0 { "· " } else { "  " };
            writeln!(self.out, "{:indent$}{mark}{}", "", self.screen.paint(style, line))?;
        }
        Ok(())
    }

    fn table(&mut self, table: &Table) -> io::Result<()> {
        table.write(self.screen, self.out)
    }

    /// How many more there are, and where to find them.
    fn more(&mut self, indent: usize, all: usize, shown: usize, noun: &str) -> io::Result<()> {
        if all <= shown {
            return Ok(());
        }
        let plural = if all - shown == 1 { "" } else { "s" };
        let line = format!("… and {} more {noun}{plural}; use --format html or json", thousands((all - shown) as u64));
        self.paragraph(indent, Style::Dim, &line)
    }
}

/// Inputs in one line.
fn inputs(view: &View<'_>) -> String {
    let span = view.span().map_or_else(String::new, |(first, last)| format!(", {} UTC", words::span(first, last)));
    format!("{}{span}", words::inputs(&view.report.inputs))
}
