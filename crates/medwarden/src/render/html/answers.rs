//! The four answers in short, and the fourth in full.

use std::io;

use model::ClinicalImpact;
use model::Word;
use model::report::{Device, Isolation, Severity};

use super::devices::{impact_badge, link, product_line};
use super::page::{Page, html};
use super::{MAX_ISOLATIONS, MAX_LIST, more};
use crate::render::View;
use crate::render::view::{impact, is_exposed, is_external, matters_to_care};
use crate::render::words::{count, thousands};

/// The four answers in a row.
pub(super) fn answers(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    html!(page, "<ul class=\"answers\">\n");
    what(view, page)?;
    talk(view, page)?;
    who(view, page)?;
    how(view, page)?;
    html!(page, "</ul>\n");
    Ok(())
}

fn what(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let at_least = |floor| view.devices.iter().filter(|device| impact(device) >= Some(floor)).count();
    let unknown = view.devices.iter().filter(|device| device.class.is_none()).count();
    html!(page, "<li><h2><a href=\"#devices\">1. What devices are connected?</a></h2><p class=\"big\">");
    html!(page, (thousands(view.devices.len() as u64)), " <small>devices</small></p><ul><li>");
    html!(page, (at_least(ClinicalImpact::Therapy)), " life-sustaining or therapy</li><li>");
    let care = at_least(ClinicalImpact::Diagnostic) - at_least(ClinicalImpact::Therapy);
    html!(page, (care), " monitoring or diagnostic</li><li>", (unknown), " of unknown class</li></ul></li>\n");
    Ok(())
}

fn talk(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let exposed = view.conversations.iter().filter(|conversation| is_exposed(conversation)).count();
    let external = view.conversations.iter().filter(|conversation| is_external(conversation)).count();
    html!(page, "<li><h2><a href=\"#conversations\">2. What do they talk to?</a></h2><p class=\"big\">");
    html!(page, (thousands(view.report.conversations.len() as u64)), " <small>conversations</small></p><ul><li>");
    if exposed > 0 {
        html!(page, "<span class=\"badge bad\">", (exposed), "</span> with patient data in the clear</li><li>");
    } else {
        html!(page, "no patient data seen in the clear</li><li>");
    }
    html!(page, (count(external, "conversation")), " with the outside</li></ul></li>\n");
    Ok(())
}

fn who(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let uses = view.administration();
    let defaults = uses.iter().filter(|(_, used)| used.default_credential).count();
    let clear = uses.iter().filter(|(_, used)| used.cleartext).count();
    let tools = uses.iter().filter(|(_, used)| used.remote_tool.is_some()).count();
    let mut devices: Vec<&str> = uses.iter().map(|(device, _)| device.id.as_str()).collect();
    devices.sort_unstable();
    devices.dedup();
    html!(page, "<li><h2><a href=\"#administration\">3. Who administers them?</a></h2><p class=\"big\">");
    html!(page, (thousands(devices.len() as u64)), " <small>seen administered</small></p><ul>");
    if defaults > 0 {
        html!(page, "<li><span class=\"badge bad\">", (defaults), "</span> with a default credential</li>");
    }
    html!(page, "<li>", (clear), " readable on the way</li><li>", (count(tools, "remote support tool")), "</li></ul></li>\n");
    Ok(())
}

fn how(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let care: Vec<_> = view.isolations().into_iter().filter(|(device, _)| matters_to_care(device)).collect();
    let alone = care.iter().filter(|(_, isolation)| isolation.stand_ins.is_empty()).count();
    let grave = view.report.findings.iter().filter(|finding| finding.severity >= Severity::High).count();
    html!(page, "<li><h2><a href=\"#respond\">4. How will we respond?</a></h2><p class=\"big\">");
    html!(page, (thousands(care.len() as u64)), " <small>matter to care</small></p><ul><li>");
    html!(page, (alone), " of them without a stand-in seen</li><li>");
    if grave > 0 {
        html!(page, "<span class=\"badge bad\">", (grave), "</span> findings high or critical</li>");
    } else {
        html!(page, "no finding high or critical</li>");
    }
    html!(page, "</ul></li>\n");
    Ok(())
}

/// Answer 4: what cutting each device off stops, who could stand in, and the rule.
pub(super) fn isolations(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let all = view.isolations();
    html!(
        page,
        "<section class=\"page\" aria-labelledby=\"respond\">\n<h2 id=\"respond\">4. How will we respond?</h2>\n",
        "<p class=\"lead\">What stops when a device is cut off, what could stand in for it, and the rule that would do it. ",
        "Nothing is changed on any network by this report.</p>\n"
    );
    if all.is_empty() {
        html!(page, "<p class=\"none\">No device is known whose isolation care would notice.</p></section>\n");
        return Ok(());
    }
    html!(page, "<div class=\"sheet\">\n");
    for (device, isolation) in all.iter().take(MAX_ISOLATIONS) {
        html!(page, "<details><summary><strong>", (view.call(device)), "</strong> ", (product_line(view, device)));
        impact_badge(page, impact(device))?;
        if !isolation.clinical_conversations.is_empty() {
            html!(
                page,
                " <span class=\"badge info\">",
                (count(isolation.clinical_conversations.len(), "clinical conversation")),
                "</span>"
            );
        }
        if !isolation.dependents.is_empty() {
            html!(page, " <span class=\"badge\">", (isolation.dependents.len()), " depend on it</span>");
        }
        html!(page, "</summary><div class=\"inside\">");
        isolation_of(view, device, isolation, page)?;
        html!(page, "</div></details>\n");
    }
    html!(page, "</div>\n");
    more(page, all.len(), MAX_ISOLATIONS, "device")?;
    html!(page, "</section>\n");
    Ok(())
}

/// What isolating one device does.
pub(super) fn isolation_of(view: &View<'_>, device: &Device, isolation: &Isolation, page: &mut Page<'_>) -> io::Result<()> {
    html!(page, "<dl><dt>What stops</dt><dd>");
    sentences(page, &isolation.stops)?;
    html!(page, "</dd><dt>Depend on it</dt><dd>");
    ids(view, device, &isolation.dependents, page)?;
    html!(page, "</dd><dt>Could stand in</dt><dd>");
    ids(view, device, &isolation.stand_ins, page)?;
    html!(page, "</dd><dt>Rule</dt><dd><p class=\"rule mono\">", (isolation.rule), "</p></dd><dt>Cannot be judged</dt><dd>");
    sentences(page, &isolation.cannot_judge)?;
    html!(page, "</dd></dl>");
    Ok(())
}

fn sentences(page: &mut Page<'_>, sentences: &[Word]) -> io::Result<()> {
    if sentences.is_empty() {
        html!(page, "<span class=\"none\">nothing known</span>");
        return Ok(());
    }
    html!(page, "<ul>");
    for sentence in sentences.iter().take(MAX_LIST) {
        html!(page, "<li>", (sentence), "</li>");
    }
    html!(page, "</ul>");
    more(page, sentences.len(), MAX_LIST, "sentence")
}

fn ids(view: &View<'_>, of: &Device, ids: &[Word], page: &mut Page<'_>) -> io::Result<()> {
    if ids.is_empty() {
        html!(page, "<span class=\"none\">none seen</span>");
    }
    let others = ids.iter().filter(|id| **id != of.id).take(MAX_LIST);
    for (place, id) in others.enumerate() {
        if place > 0 {
            html!(page, ", ");
        }
        link(view, page, id)?;
    }
    more(page, ids.len(), MAX_LIST, "device")
}
