//! Findings, what could not be seen, and inputs with damage.

use std::io;

use model::report::{Finding, Severity};

use super::paint::Style;
use super::{MAX_FINDINGS, MAX_INPUTS, Text};
use crate::render::View;
use crate::render::words::{count, place, thousands};

/// Findings, gravest first; why and what to do once for each detector.
pub(super) fn findings(view: &View<'_>, text: &mut Text<'_>) -> io::Result<()> {
    text.heading("Findings", &count(view.report.findings.len(), "finding"))?;
    for group in view.groups() {
        let style = match group.severity {
            Severity::Critical | Severity::High => Style::Bad,
            Severity::Medium => Style::Warn,
            Severity::Low | Severity::Info => Style::Bold,
        };
        let Some(first) = group.findings.first() else { continue };
        let title =
            format!("{}  {} ({})", group.severity.name().to_uppercase(), group.name, thousands(group.findings.len() as u64));
        text.paragraph(2, style, &title)?;
        text.labelled(4, "Why", Style::Plain, &first.why)?;
        text.labelled(4, "What to do", Style::Plain, &first.what_to_do)?;
        for finding in group.findings.iter().take(MAX_FINDINGS) {
            one(view, text, finding)?;
        }
        text.more(4, group.findings.len(), MAX_FINDINGS, "finding")?;
    }
    Ok(())
}

/// A finding with the place of its first evidence.
pub(super) fn one(view: &View<'_>, text: &mut Text<'_>, finding: &Finding) -> io::Result<()> {
    let shown = finding.evidence.first().map_or_else(String::new, |evidence| format!(" ({})", place(view.report, evidence)));
    text.item(4, Style::Plain, &format!("{}{shown}", finding.title))
}

/// What could not be seen.
pub(super) fn unseen(view: &View<'_>, text: &mut Text<'_>) -> io::Result<()> {
    text.heading("What could not be seen", "")?;
    if view.report.unseen.is_empty() {
        return text.paragraph(
            2,
            Style::Dim,
            "Nothing was missing in what was captured. What was not captured is not known here.",
        );
    }
    for unseen in &view.report.unseen {
        text.item(2, Style::Plain, &format!("{} {}. {}", thousands(unseen.count), unseen.what, unseen.consequence))?;
    }
    Ok(())
}

/// Inputs that could not be read to the end.
pub(super) fn damage(view: &View<'_>, text: &mut Text<'_>) -> io::Result<()> {
    let damaged: Vec<_> = view.report.inputs.iter().filter(|input| !input.damage.is_empty()).collect();
    if damaged.is_empty() {
        return Ok(());
    }
    text.heading("Damaged inputs", &format!("{} of {}", damaged.len(), view.report.inputs.len()))?;
    for input in damaged.iter().take(MAX_INPUTS) {
        for damage in input.damage.iter().take(3) {
            let line = format!("{}, byte {}: {}; {}", input.path, damage.offset, damage.what, damage.hint);
            text.item(2, Style::Plain, &line)?;
        }
        text.more(4, input.damage.len(), 3, "damaged place")?;
    }
    text.more(2, damaged.len(), MAX_INPUTS, "input")
}
