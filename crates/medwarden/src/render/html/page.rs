//! The way in which anything gets into the page: markup from this source, data escaped.

use std::fmt::{Display, Write as _};
use std::io::{self, Write};

use crate::render::words::clean;

/// A page that is being written. Data cannot break out of it: markup is `&'static str`, everything else is escaped.
pub struct Page<'a> {
    out: &'a mut dyn Write,
    shown: String,
}

impl<'a> Page<'a> {
    /// A page written to `out`.
    pub fn new(out: &'a mut dyn Write) -> Self {
        Self { out, shown: String::new() }
    }

    /// Markup as it stands in the source.
    pub fn markup(&mut self, markup: &'static str) -> io::Result<()> {
        self.out.write_all(markup.as_bytes())
    }

    /// Data, as text or as the value of a quoted attribute.
    pub fn data(&mut self, data: &dyn Display) -> io::Result<()> {
        self.shown.clear();
        write!(self.shown, "{data}").map_err(io::Error::other)?;
        self.out.write_all(escape(&clean(&self.shown)).as_bytes())
    }
}

/// Writes a row of markup (literals) and data (in parentheses).
macro_rules! html {
    ($page:expr, $($part:tt),+ $(,)?) => {{ $( $crate::render::html::page::part!($page, $part); )+ }};
}

/// One part of [`html!`].
macro_rules! part {
    ($page:expr, ($data:expr)) => {
        $page.data(&$data)?
    };
    ($page:expr, $markup:literal) => {
        $page.markup($markup)?
    };
}

pub(crate) use {html, part};

/// The five characters that mean something in HTML, as what they look like (WHATWG HTML §13.3).
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_break_out() {
        let mut out = Vec::new();
        let mut page = Page::new(&mut out);
        let write = |page: &mut Page<'_>| -> io::Result<()> {
            html!(page, "<p title=\"", ("\"onload='x'"), "\">", ("</p><script>&\u{202e}"), "</p>");
            Ok(())
        };
        write(&mut page).unwrap();
        let wanted = "<p title=\"&quot;onload=&#39;x&#39;\">&lt;/p&gt;&lt;script&gt;&amp;\u{fffd}</p>";
        assert_eq!(String::from_utf8(out).unwrap(), wanted);
    }
}
