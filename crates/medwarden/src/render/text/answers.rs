//! The four answers.

use std::collections::BTreeSet;
use std::io;

use model::ClinicalImpact;
use model::Word;
use model::report::{Conversation, Device, Encryption, Isolation, Severity};

use super::paint::Style;
use super::table::Table;
use super::{MAX_ADMINISTRATION, MAX_CONVERSATIONS, MAX_DEVICES, MAX_ISOLATIONS, Text, inputs};
use crate::render::View;
use crate::render::view::{address, impact, is_exposed, is_external, is_sensitive, manner, product};
use crate::render::words::{self, UNKNOWN, count, thousands, value};

/// What was read, and the report in a line.
pub(super) fn summary(view: &View<'_>, text: &mut Text<'_>) -> io::Result<()> {
    let title = text.screen.paint(Style::Bold, "Medwarden");
    writeln!(text.out, "{title}")?;
    text.paragraph(0, Style::Plain, &inputs(view))?;
    let report = view.report;
    let grave = report.findings.iter().filter(|finding| finding.severity >= Severity::High).count();
    let parts = [
        count(report.devices.len(), "device"),
        count(report.conversations.len(), "conversation"),
        format!("{} ({grave} high or critical)", count(report.findings.len(), "finding")),
    ];
    text.paragraph(0, Style::Plain, &parts.join(", "))
}

/// Answer 1.
pub(super) fn devices(view: &View<'_>, text: &mut Text<'_>) -> io::Result<()> {
    let unknown = view.devices.iter().filter(|device| device.class.is_none()).count();
    let aside = format!("{}, {unknown} of unknown class", count(view.devices.len(), "device"));
    text.heading("1. What devices are connected?", &aside)?;
    let mut table =
        Table::new(vec!["Name", "Maker", "Model", "Class", "Impact", "Address", "Sure"]).firm(&["Class", "Impact", "Address"]);
    for device in view.devices.iter().take(MAX_DEVICES) {
        table.row(device_row(view, device));
    }
    text.table(&table)?;
    text.more(2, view.devices.len(), MAX_DEVICES, "device")
}

fn device_row(view: &View<'_>, device: &Device) -> Vec<(Style, String)> {
    let known = |text: &str| (if text == UNKNOWN { Style::Dim } else { Style::Plain }, text.to_owned());
    let impact = impact(device);
    let style = match impact {
        Some(ClinicalImpact::LifeSustaining | ClinicalImpact::Therapy) => Style::Bad,
        Some(ClinicalImpact::Monitoring | ClinicalImpact::Diagnostic) => Style::Warn,
        None => Style::Dim,
        Some(_) => Style::Plain,
    };
    vec![
        (if device.name.is_some() { Style::Bold } else { Style::Dim }, value(device.name.as_deref()).to_owned()),
        known(value(device.maker.as_deref())),
        known(value(device.model.as_deref())),
        known(view.class(device).as_deref().unwrap_or(UNKNOWN)),
        (style, words::impact(impact).to_owned()),
        (Style::Plain, address(device)),
        (Style::Plain, format!("{}%", device.confidence.as_percent())),
    ]
}

/// Answer 2.
pub(super) fn conversations(view: &View<'_>, text: &mut Text<'_>) -> io::Result<()> {
    let exposed = view.conversations.iter().filter(|conversation| is_exposed(conversation)).count();
    let outside = view.outside();
    let aside = format!("{exposed} with patient data in the clear, {} outside", count(outside.len(), "name"));
    text.heading("2. What do they talk to?", &aside)?;
    let mut table =
        Table::new(vec!["Client", "Server", "Service", "Carries", "Protection", "Bytes"]).firm(&["Protection", "Bytes"]);
    for conversation in view.conversations.iter().take(MAX_CONVERSATIONS) {
        table.row(conversation_row(view, conversation));
    }
    text.table(&table)?;
    text.more(2, view.conversations.len(), MAX_CONVERSATIONS, "conversation")?;
    let rest = view.report.conversations.len() - view.conversations.len();
    if rest > 0 {
        text.paragraph(2, Style::Dim, &format!("Not listed: {} of the link layer or to groups.", count(rest, "conversation")))?;
    }
    if !outside.is_empty() {
        let names: Vec<String> = outside.into_iter().collect();
        text.paragraph(2, Style::Plain, &format!("Outside: {}", words::some(&names, 12)))?;
    }
    Ok(())
}

fn conversation_row(view: &View<'_>, conversation: &Conversation) -> Vec<(Style, String)> {
    let protection = match conversation.encryption {
        Encryption::Strong => Style::Good,
        Encryption::Weak => Style::Warn,
        Encryption::Cleartext if is_sensitive(conversation) => Style::Bad,
        Encryption::Cleartext => Style::Plain,
        Encryption::Unknown => Style::Dim,
    };
    let service = match conversation.port {
        0 => conversation.service.to_string(),
        port if conversation.service.ends_with(&port.to_string()) => conversation.service.to_string(),
        port => format!("{} {port}", conversation.service),
    };
    let carries = words::content(conversation);
    let outside = if is_external(conversation) { Style::Warn } else { Style::Plain };
    let bytes = conversation.bytes_to_server.saturating_add(conversation.bytes_to_client);
    let answered = if conversation.packets_to_client == 0 { " unanswered" } else { "" };
    vec![
        (outside, view.party(&conversation.client)),
        (outside, view.party(&conversation.server)),
        (Style::Plain, service),
        (if conversation.phi.is_empty() { Style::Plain } else { Style::Bad }, carries),
        (protection, words::encryption(conversation.encryption).to_owned()),
        (Style::Plain, format!("{}{answered}", words::bytes(bytes))),
    ]
}

/// Answer 3.
pub(super) fn administration(view: &View<'_>, text: &mut Text<'_>) -> io::Result<()> {
    let all = view.administration();
    let administered: BTreeSet<&str> = all.iter().map(|(device, _)| device.id.as_str()).collect();
    text.heading("3. Who administers them?", &format!("{} were seen to be administered", count(administered.len(), "device")))?;
    let mut table = Table::new(vec!["Device", "Service", "From", "How", "Note", "Last seen (UTC)"]);
    for (device, used) in all.iter().take(MAX_ADMINISTRATION) {
        let (how, flags) = manner(used);
        let service = used.remote_tool.as_ref().map(Word::to_string).unwrap_or_else(|| format!("{} {}", used.service, used.port));
        table.row(vec![
            (Style::Bold, view.call(device)),
            (Style::Plain, service),
            (Style::Plain, view.party(&used.from)),
            (if how == UNKNOWN { Style::Dim } else { Style::Plain }, how),
            (Style::Bad, flags.join(", ")),
            (Style::Plain, words::time(used.last_seen)),
        ]);
    }
    text.table(&table)?;
    text.more(2, all.len(), MAX_ADMINISTRATION, "use")?;
    let offered: Vec<String> = view
        .devices
        .iter()
        .flat_map(|device| device.services.iter().filter(|service| service.management).map(move |service| (device, service)))
        .map(|(device, service)| format!("{} {} {}", view.call(device), service.name, service.port))
        .collect();
    if !offered.is_empty() {
        text.paragraph(2, Style::Plain, &format!("Management services that answered: {}", words::some(&offered, 20)))?;
    }
    Ok(())
}

/// Answer 4.
pub(super) fn isolation(view: &View<'_>, text: &mut Text<'_>) -> io::Result<()> {
    let all = view.isolations();
    text.heading("4. How will we respond?", "what cutting a device off would stop, and the rule that does it")?;
    if all.is_empty() {
        return text.paragraph(2, Style::Dim, "No device is known whose isolation care would notice.");
    }
    let common = common(&all);
    for (device, isolation) in all.iter().take(MAX_ISOLATIONS) {
        isolation_of(view, text, device, isolation, &common)?;
    }
    for sentence in &common {
        text.paragraph(2, Style::Dim, &format!("For every device: {sentence}"))?;
    }
    text.more(2, all.len(), MAX_ISOLATIONS, "device")
}

/// What cannot be judged of any of them.
fn common<'a>(all: &[(&'a Device, &'a Isolation)]) -> BTreeSet<&'a str> {
    let mut common: Option<BTreeSet<&str>> = None;
    for (_, isolation) in all {
        let these: BTreeSet<&str> = isolation.cannot_judge.iter().map(Word::as_str).collect();
        common = Some(common.map_or_else(|| these.clone(), |common| &common & &these));
    }
    common.unwrap_or_default()
}

/// What isolating one device does.
pub(super) fn isolation_of(
    view: &View<'_>,
    text: &mut Text<'_>,
    device: &Device,
    isolation: &Isolation,
    said: &BTreeSet<&str>,
) -> io::Result<()> {
    let what = view.class(device).unwrap_or_else(|| product(device));
    text.paragraph(2, Style::Bold, &format!("{} · {what} · {}", view.call(device), words::impact(impact(device))))?;
    for (place, stops) in isolation.stops.iter().take(6).enumerate() {
        text.labelled(4, if place == 0 { "Stops" } else { "" }, Style::Plain, stops)?;
    }
    if isolation.stops.len() > 6 {
        text.labelled(4, "", Style::Dim, &format!("… and {} more", thousands((isolation.stops.len() - 6) as u64)))?;
    }
    let names = |ids: &[Word]| words::some(&ids.iter().map(|id| view.call_id(id)).collect::<Vec<_>>(), 8);
    if !isolation.dependents.is_empty() {
        text.labelled(4, "Depend on it", Style::Plain, &names(&isolation.dependents))?;
    }
    let stand_ins = if isolation.stand_ins.is_empty() { "none seen".to_owned() } else { names(&isolation.stand_ins) };
    text.labelled(4, "Stand-ins", Style::Plain, &stand_ins)?;
    text.labelled(4, "To isolate", Style::Warn, &isolation.rule)?;
    let unknown: Vec<&str> = isolation.cannot_judge.iter().map(Word::as_str).filter(|one| !said.contains(one)).collect();
    if !unknown.is_empty() {
        text.labelled(4, "Not known", Style::Dim, &unknown.join(" "))?;
    }
    Ok(())
}
