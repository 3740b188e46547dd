//! The report as one page with nothing outside itself: it can be filed, mailed and printed.
//!
//! A policy in the page itself forbids everything but its one style sheet and its one script, each named by its hash, so that
//! nothing that came from the network could run even if it broke out of its place.

mod answers;
mod devices;
mod findings;
mod layout;
mod map;
mod page;
mod talk;

use std::io::{self, Write};

use sha2::{Digest as _, Sha256};

use super::View;
use super::words::{self, thousands};
use page::{Page, html};

/// Rows of devices.
const MAX_DEVICES: usize = 2000;
/// Devices with a sheet of their own.
const MAX_SHEETS: usize = 300;
/// Rows of conversations.
const MAX_CONVERSATIONS: usize = 1000;
/// Rows of administration.
const MAX_ADMINISTRATION: usize = 500;
/// Devices of which is said what isolating them does.
const MAX_ISOLATIONS: usize = 200;
/// Findings of one group.
const MAX_FINDINGS: usize = 100;
/// Observations shown of one statement.
const MAX_EVIDENCE: usize = 8;
/// Inputs that are listed, and items of any other short list.
const MAX_LIST: usize = 100;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Writes the page.
pub fn write(view: &View<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(out);
    let page = &mut page;
    head(page)?;
    top(view, page)?;
    html!(page, "<main id=\"main\">\n");
    answers::answers(view, page)?;
    devices::table(view, page)?;
    devices::sheets(view, page)?;
    talk::conversations(view, page)?;
    talk::administration(view, page)?;
    answers::isolations(view, page)?;
    findings::findings(view, page)?;
    findings::unseen(view, page)?;
    findings::inputs(view, page)?;
    html!(page, "</main>\n<footer><p>Written by Medwarden ", (view.report.version), ", form ", (view.report.schema));
    html!(
        page,
        ". Times are UTC. Names, identifiers and results of patients are never kept: only that they crossed, and how often.</p></footer>\n<script>"
    );
    page.markup(SCRIPT)?;
    html!(page, "</script>\n</body>\n</html>\n");
    Ok(())
}

fn head(page: &mut Page<'_>) -> io::Result<()> {
    html!(
        page,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-",
        (hash(STYLE)),
        "'; script-src 'sha256-",
        (hash(SCRIPT)),
        "'; base-uri 'none'; form-action 'none'\">\n",
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n",
        "<title>Medwarden report</title>\n<style>"
    );
    page.markup(STYLE)?;
    html!(page, "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">To the answers</a>\n");
    Ok(())
}

/// SHA-256 in base64, as Content Security Policy Level 3 §2.3.1 names a source by its hash.
fn hash(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digest = Sha256::digest(text.as_bytes());
    let mut out = String::new();
    for three in digest.chunks(3) {
        let word = three.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let letter = usize::try_from(word >> (18 - 6 * place) & 63).ok().and_then(|letter| LETTERS.get(letter));
            out.push(letter.filter(|_| place <= three.len()).map_or('=', |letter| char::from(*letter)));
        }
    }
    out
}

fn top(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    html!(page, "<header><div><h1>Medwarden report</h1>\n<p>", (words::inputs(&view.report.inputs)));
    if let Some((first, last)) = view.span() {
        html!(page, ", ", (words::span(first, last)), " UTC");
    }
    html!(
        page,
        "</p></div></header>\n<nav aria-label=\"Sections\"><ul>",
        "<li><a href=\"#devices\">Devices</a></li><li><a href=\"#conversations\">Conversations</a></li>",
        "<li><a href=\"#administration\">Administration</a></li><li><a href=\"#respond\">Response</a></li>",
        "<li><a href=\"#findings\">Findings</a></li><li><a href=\"#unseen\">Not seen</a></li>",
        "<li><a href=\"#inputs\">Inputs</a></li></ul></nav>\n"
    );
    Ok(())
}

/// How many more there are, and where to find them.
fn more(page: &mut Page<'_>, all: usize, shown: usize, noun: &'static str) -> io::Result<()> {
    if all > shown {
        let plural = if all - shown == 1 { "" } else { "s" };
        html!(
            page,
            "<p class=\"more\">… and ",
            (thousands((all - shown) as u64)),
            " more ",
            (noun),
            (plural),
            "; use --format json</p>\n"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_as_policies_want_them() {
        assert_eq!(hash(""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        assert_eq!(hash("abc"), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    }

    #[test]
    fn style_and_script_stay_inside_their_elements() {
        assert!(!STYLE.contains("</") && !STYLE.contains("url(") && !STYLE.contains("@import"));
        assert!(!SCRIPT.contains("</") && !SCRIPT.contains("innerHTML") && !SCRIPT.contains("http"));
    }
}
