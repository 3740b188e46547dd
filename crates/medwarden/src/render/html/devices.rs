//! Answer 1: the table of devices, and a sheet for each of those that matter most.

use std::io;

use model::ClinicalImpact;
use model::report::{Attribute, Device, Evidence, Severity};

use super::answers::isolation_of;
use super::page::{Page, html};
use super::{MAX_DEVICES, MAX_EVIDENCE, MAX_LIST, MAX_SHEETS, more};
use crate::render::View;
use crate::render::view::{address, impact, product, weight};
use crate::render::words::{self, UNKNOWN, count, place};

/// The table.
pub(super) fn table(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    html!(
        page,
        "<section aria-labelledby=\"devices\">\n<h2 id=\"devices\">1. What devices are connected?</h2>\n",
        "<p class=\"lead\">Those that care depends on most come first. What is not known is said as unknown: a wrong maker or model ",
        "would be worse than none.</p>\n",
        "<div class=\"tools\" id=\"devices-tools\" hidden><label>Filter<input type=\"search\" placeholder=\"name, maker, address …\"></label>",
        "<label>Clinical impact<select><option value=\"\">any</option>"
    );
    for impact in ClinicalImpact::ALL.into_iter().rev().map(Some).chain([None]) {
        html!(page, "<option value=\"", (weight(impact)), "\">", (words::impact(impact)), "</option>");
    }
    html!(
        page,
        "</select></label><output aria-live=\"polite\"></output></div>\n<div class=\"panel\"><table id=\"devices-table\"><thead><tr>",
        "<th scope=\"col\">Device</th><th scope=\"col\">Maker</th><th scope=\"col\">Model</th><th scope=\"col\">Class</th>",
        "<th scope=\"col\">Clinical impact</th><th scope=\"col\">Address</th><th scope=\"col\">Findings</th>",
        "<th scope=\"col\" class=\"n\">Confidence</th></tr></thead>\n<tbody>\n"
    );
    for (index, device) in view.devices.iter().take(MAX_DEVICES).enumerate() {
        row(view, index, device, page)?;
    }
    html!(page, "</tbody></table></div>\n");
    more(page, view.devices.len(), MAX_DEVICES, "device")?;
    html!(page, "</section>\n");
    Ok(())
}

fn row(view: &View<'_>, index: usize, device: &Device, page: &mut Page<'_>) -> io::Result<()> {
    let impact = impact(device);
    html!(page, "<tr data-impact=\"", (weight(impact)), "\"><th scope=\"row\">");
    let name = device.name.as_ref().map_or_else(|| address(device), |name| name.value.to_string());
    if index < MAX_SHEETS {
        html!(page, "<a href=\"#device-", (index), "\">", (name), "</a>");
    } else {
        html!(page, (name));
    }
    html!(page, "</th>");
    for known in [
        device.maker.as_ref().map(|a| a.value.to_string()),
        device.model.as_ref().map(|a| a.value.to_string()),
        view.class(device),
    ] {
        html!(page, "<td>");
        known_or_not(page, known.as_deref())?;
        html!(page, "</td>");
    }
    html!(page, "<td data-key=\"", (weight(impact)), "\">");
    impact_badge(page, impact)?;
    html!(page, "</td><td><span class=\"mono\">", (address(device)), "</span>");
    if let Some(mac) = device.interfaces.iter().find_map(|interface| interface.mac) {
        html!(page, "<span class=\"sub mono mac\">", (mac), "</span>");
    }
    let findings = view.findings_of(device).len();
    html!(
        page,
        "</td><td class=\"fit\" data-key=\"",
        (view.worst(device).map_or(0, |worst| worst as usize + 1) * 10_000 + findings),
        "\">"
    );
    if let Some(worst) = view.worst(device) {
        severity_badge(page, worst)?;
        html!(page, " ", (findings));
    }
    html!(page, "</td><td class=\"n\">", (device.confidence.as_percent()), " %</td></tr>\n");
    Ok(())
}

/// A value, or that it is not known.
pub(super) fn known_or_not(page: &mut Page<'_>, value: Option<&str>) -> io::Result<()> {
    match value {
        Some(value) => html!(page, (value)),
        None => html!(page, "<span class=\"none\">unknown</span>"),
    }
    Ok(())
}

/// An impact in its colour.
pub(super) fn impact_badge(page: &mut Page<'_>, impact: Option<ClinicalImpact>) -> io::Result<()> {
    match impact {
        Some(ClinicalImpact::LifeSustaining | ClinicalImpact::Therapy) => html!(page, "<span class=\"badge bad\">"),
        Some(ClinicalImpact::Monitoring | ClinicalImpact::Diagnostic) => html!(page, "<span class=\"badge warn\">"),
        Some(ClinicalImpact::Supporting) => html!(page, "<span class=\"badge info\">"),
        Some(ClinicalImpact::NotClinical) | None => html!(page, "<span class=\"badge\">"),
    }
    html!(page, (words::impact(impact)), "</span>");
    Ok(())
}

/// A severity in its colour.
pub(super) fn severity_badge(page: &mut Page<'_>, severity: Severity) -> io::Result<()> {
    match severity {
        Severity::Critical | Severity::High => html!(page, "<span class=\"badge bad\">"),
        Severity::Medium => html!(page, "<span class=\"badge warn\">"),
        Severity::Low => html!(page, "<span class=\"badge info\">"),
        Severity::Info => html!(page, "<span class=\"badge\">"),
    }
    html!(page, (severity.name()), "</span>");
    Ok(())
}

/// The name of a device, leading to its sheet where it has one.
pub(super) fn link(view: &View<'_>, page: &mut Page<'_>, id: &str) -> io::Result<()> {
    match view.place(id).filter(|index| *index < MAX_SHEETS) {
        Some(index) => html!(page, "<a href=\"#device-", (index), "\">", (view.call_id(id)), "</a>"),
        None => html!(page, (view.call_id(id))),
    }
    Ok(())
}

/// Class and product in a line.
pub(super) fn product_line(view: &View<'_>, device: &Device) -> String {
    match (view.class(device), product(device)) {
        (Some(class), product) if product == UNKNOWN => class,
        (Some(class), product) => format!("{class}, {product}"),
        (None, product) if product == UNKNOWN => "of unknown class".to_owned(),
        (None, product) => product,
    }
}

/// Everything known of the devices that matter most.
pub(super) fn sheets(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    html!(
        page,
        "<section class=\"sheets\" aria-label=\"Device sheets\">\n<details class=\"sheet all\"><summary><strong>Each device, with the evidence",
        "</strong></summary>\n"
    );
    for (index, device) in view.devices.iter().take(MAX_SHEETS).enumerate() {
        html!(page, "<details id=\"device-", (index), "\"><summary><strong>", (view.call(device)), "</strong> ");
        html!(page, (product_line(view, device)));
        impact_badge(page, impact(device))?;
        html!(page, "</summary><div class=\"inside\">\n");
        sheet(view, device, page)?;
        html!(page, "</div></details>\n");
    }
    more(page, view.devices.len(), MAX_SHEETS, "device")?;
    html!(page, "</details></section>\n");
    Ok(())
}

fn sheet(view: &View<'_>, device: &Device, page: &mut Page<'_>) -> io::Result<()> {
    html!(page, "<dl><dt>Id</dt><dd class=\"mono\">", (device.id), "</dd><dt>Seen</dt><dd>");
    html!(page, (words::span(device.first_seen, device.last_seen)), " UTC</dd><dt>Interfaces</dt><dd>");
    for interface in device.interfaces.iter().take(MAX_LIST) {
        let mac = interface.mac.map_or_else(|| "not seen".to_owned(), |mac| mac.to_string());
        html!(page, "<span class=\"sub mono\">", (mac), " ", (interface.registrant.as_deref().unwrap_or("")), "</span>");
    }
    html!(page, "</dd><dt>Addresses</dt><dd>");
    for address in device.addresses.iter().take(MAX_LIST) {
        html!(page, "<span class=\"sub mono\">", (address.ip), " (", (address.known_by), ") ");
        html!(page, (words::span(address.first_seen, address.last_seen)), "</span>");
    }
    html!(page, "</dd><dt>Services</dt><dd>");
    if device.services.is_empty() {
        html!(page, "<span class=\"none\">none seen to answer</span>");
    }
    for service in device.services.iter().take(MAX_LIST) {
        html!(page, "<span class=\"sub\">", (service.name), " ", (words::carrier(service.transport, service.port)));
        html!(page, ", ", (count(service.clients.try_into().unwrap_or(usize::MAX), "client")));
        if service.management {
            html!(page, " <span class=\"badge warn\">management</span>");
        }
        html!(page, "</span>");
    }
    html!(page, "</dd></dl>\n");
    attributes(view, device, page)?;
    if let Some(isolation) = &device.if_isolated {
        html!(page, "<h3>If it is isolated</h3>");
        isolation_of(view, device, isolation, page)?;
    }
    let findings = view.findings_of(device);
    if !findings.is_empty() {
        html!(page, "<h3>Findings</h3><ul class=\"plain\">");
        for finding in findings.iter().take(MAX_LIST) {
            html!(page, "<li>");
            severity_badge(page, finding.severity)?;
            html!(page, " ", (finding.title), "</li>");
        }
        html!(page, "</ul>");
    }
    Ok(())
}

fn attributes(view: &View<'_>, device: &Device, page: &mut Page<'_>) -> io::Result<()> {
    let named: [(&'static str, Option<&Attribute>); 9] = [
        ("Name", device.name.as_deref()),
        ("Maker", device.maker.as_deref()),
        ("Model", device.model.as_deref()),
        ("Serial", device.serial.as_deref()),
        ("Firmware", device.firmware.as_deref()),
        ("System", device.os.as_deref()),
        ("Class", device.class.as_deref()),
        ("UDI", device.udi.as_deref()),
        ("Location", device.location.as_deref()),
    ];
    let software = device.software.iter().take(MAX_LIST).map(|software| ("Software", software));
    let known: Vec<_> = named.into_iter().filter_map(|(label, a)| Some((label, a?))).chain(software).collect();
    if known.is_empty() {
        return Ok(());
    }
    html!(
        page,
        "<table><thead><tr><th scope=\"col\">Attribute</th><th scope=\"col\">Value</th><th scope=\"col\">Confidence</th>",
        "<th scope=\"col\">Evidence</th></tr></thead><tbody>\n"
    );
    for (label, attribute) in known {
        let value = if label == "Class" { view.class(device).unwrap_or_default() } else { attribute.value.to_string() };
        html!(page, "<tr><th scope=\"row\">", (label), "</th><td>", (value), "</td><td>");
        html!(page, (attribute.confidence.as_percent()), " %</td><td>");
        observations(view, &attribute.evidence, page)?;
        html!(page, "</td></tr>\n");
        for other in attribute.disagreeing.iter().take(MAX_EVIDENCE) {
            html!(page, "<tr><td><span class=\"badge warn\">disagrees</span></td><td>", (other.value), "</td><td>");
            html!(page, (other.confidence.as_percent()), " %</td><td>");
            observations(view, &other.evidence, page)?;
            html!(page, "</td></tr>\n");
        }
    }
    html!(page, "</tbody></table>\n");
    Ok(())
}

/// Observations behind a statement.
pub(super) fn observations(view: &View<'_>, evidence: &[std::sync::Arc<Evidence>], page: &mut Page<'_>) -> io::Result<()> {
    for one in evidence.iter().take(MAX_EVIDENCE) {
        html!(
            page,
            "<span class=\"sub\">",
            (one.origin.protocol),
            ", ",
            (one.origin.label),
            ": <span class=\"mono\">",
            (one.value),
            "</span>, "
        );
        html!(page, (place(view.report, one)), ", ", (words::span(one.first_seen, one.last_seen)));
        if one.count > 1 {
            html!(page, ", ", (words::thousands(one.count)), " times");
        }
        if let Some(rule) = &one.rule {
            html!(page, " (by ", (rule), ")");
        }
        html!(page, "</span>");
    }
    more(page, evidence.len(), MAX_EVIDENCE, "observation")
}
