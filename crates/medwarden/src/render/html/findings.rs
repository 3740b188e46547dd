//! Findings with their evidence, what could not be seen, and what was read.

use std::io;

use model::report::{Finding, Severity};

use super::devices::{link, observations, severity_badge};
use super::page::{Page, html};
use super::{MAX_FINDINGS, MAX_LIST, more};
use crate::render::View;
use crate::render::words::{self, count, thousands};

/// Findings, gravest first; why and what to do once for each detector.
pub(super) fn findings(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    html!(
        page,
        "<section class=\"page\" aria-labelledby=\"findings\">\n<h2 id=\"findings\">Findings</h2>\n<p class=\"lead\">",
        (count(view.report.findings.len(), "finding")),
        ", gravest first. Severity rises by a step where monitoring, therapy or a life depends on the device.</p>\n"
    );
    for group in view.groups() {
        match group.severity {
            Severity::Critical | Severity::High => html!(page, "<div class=\"group bad\"><div><h3>"),
            Severity::Medium => html!(page, "<div class=\"group warn\"><div><h3>"),
            Severity::Low => html!(page, "<div class=\"group info\"><div><h3>"),
            Severity::Info => html!(page, "<div class=\"group\"><div><h3>"),
        }
        severity_badge(page, group.severity)?;
        html!(page, " ", (group.name), " (", (thousands(group.findings.len() as u64)), ")</h3>");
        if let Some(first) = group.findings.first() {
            html!(
                page,
                "<p class=\"why\">",
                (first.why),
                "</p><p class=\"why\"><strong>What to do:</strong> ",
                (first.what_to_do),
                "</p>"
            );
        }
        html!(page, "</div>\n");
        for finding in group.findings.iter().take(MAX_FINDINGS) {
            one(view, finding, page)?;
        }
        more(page, group.findings.len(), MAX_FINDINGS, "finding")?;
        html!(page, "</div>\n");
    }
    html!(page, "</section>\n");
    Ok(())
}

fn one(view: &View<'_>, finding: &Finding, page: &mut Page<'_>) -> io::Result<()> {
    html!(page, "<details><summary>", (finding.title), "</summary><div class=\"inside\">");
    if !finding.devices.is_empty() {
        html!(page, "<p class=\"why\">Devices: ");
        for (place, id) in finding.devices.iter().take(MAX_LIST).enumerate() {
            if place > 0 {
                html!(page, ", ");
            }
            link(view, page, id)?;
        }
        html!(page, "</p>");
    }
    html!(page, "<p class=\"why\">Evidence:</p>");
    if finding.evidence.is_empty() {
        html!(page, "<span class=\"none\">that nothing more was said</span>");
    }
    observations(view, &finding.evidence, page)?;
    html!(page, "</div></details>\n");
    Ok(())
}

/// What could not be seen.
pub(super) fn unseen(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    html!(
        page,
        "<section aria-labelledby=\"unseen\">\n<h2 id=\"unseen\">What could not be seen</h2>\n<p class=\"lead\">The answers above do ",
        "not rest on this. What was never captured is not known here at all.</p>\n"
    );
    if view.report.unseen.is_empty() {
        html!(page, "<p>Nothing was missing in what was captured.</p></section>\n");
        return Ok(());
    }
    html!(
        page,
        "<div class=\"panel\"><table><thead><tr><th scope=\"col\" class=\"n\">How often</th><th scope=\"col\">What</th>",
        "<th scope=\"col\">What follows</th></tr></thead><tbody>\n"
    );
    for unseen in view.report.unseen.iter().take(MAX_LIST) {
        html!(page, "<tr><td class=\"n\">", (thousands(unseen.count)), "</td><td>", (unseen.what), "</td><td>");
        html!(page, (unseen.consequence), "</td></tr>\n");
    }
    html!(page, "</tbody></table></div>\n");
    more(page, view.report.unseen.len(), MAX_LIST, "line")?;
    html!(page, "</section>\n");
    Ok(())
}

/// What was read, and where it was broken.
pub(super) fn inputs(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    html!(
        page,
        "<section aria-labelledby=\"inputs\">\n<h2 id=\"inputs\">Inputs</h2>\n<p class=\"lead\">Taken as inside: ",
        (words::some(&view.report.site_networks, 20)),
        ".</p>\n<div class=\"panel\"><table><thead><tr><th scope=\"col\">Capture</th><th scope=\"col\">Form</th><th scope=\"col\">Links</th>",
        "<th scope=\"col\" class=\"n\">Frames</th><th scope=\"col\">From, to</th><th scope=\"col\">Damage</th></tr></thead><tbody>\n"
    );
    let mut inputs: Vec<_> = view.report.inputs.iter().collect();
    inputs.sort_by_key(|input| input.damage.is_empty());
    for input in inputs.iter().take(MAX_LIST) {
        html!(page, "<tr><td class=\"mono\">", (input.path), "</td><td>", (input.format), " ");
        html!(
            page,
            (input.compression.as_deref().unwrap_or("")),
            "</td><td>",
            (input.link_types.join(", ")),
            "</td><td class=\"n\">"
        );
        html!(page, (thousands(input.frames)), "</td><td>");
        if let (Some(first), Some(last)) = (input.first, input.last) {
            html!(page, (words::span(first, last)));
        }
        html!(page, "</td><td>");
        for damage in input.damage.iter().take(5) {
            html!(page, "<span class=\"sub\">byte ", (damage.offset), ": ", (damage.what), "; ", (damage.hint), "</span>");
        }
        more(page, input.damage.len(), 5, "place")?;
        html!(page, "</td></tr>\n");
    }
    html!(page, "</tbody></table></div>\n");
    more(page, inputs.len(), MAX_LIST, "input")?;
    html!(page, "</section>\n");
    Ok(())
}
