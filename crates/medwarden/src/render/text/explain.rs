//! Everything known of one device, and the observations behind it.

use std::collections::BTreeSet;
use std::io::{self, Write};

use model::Word;
use model::report::{Attribute, Conversation, Device, Evidence, Identifier};

use super::paint::{Screen, Style};
use super::table::Table;
use super::{Text, answers, findings};
use crate::render::View;
use crate::render::view::{impact, manner};
use crate::render::words::{self, UNKNOWN, count, place};

/// Conversations of the device in the table.
const MAX_CONVERSATIONS: usize = 100;

/// Writes what is known of a device.
pub fn explain(view: &View<'_>, device: &Device, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    let mut text = Text { screen, out };
    head(view, device, &mut text)?;
    attributes(view, device, &mut text)?;
    network(device, &mut text)?;
    identifiers(view, "Names, titles and keys", &device.identifiers, &mut text)?;
    identifiers(view, "Other facts", &device.facts, &mut text)?;
    reports(view, device, &mut text)?;
    conversations(view, device, &mut text)?;
    administration(view, device, &mut text)?;
    respond(view, device, &mut text)?;
    text.heading("Findings", &count(view.findings_of(device).len(), "finding"))?;
    for finding in view.findings_of(device) {
        text.paragraph(2, Style::Bold, &format!("{}  {}", finding.severity.name().to_uppercase(), finding.title))?;
        text.labelled(4, "Why", Style::Plain, &finding.why)?;
        text.labelled(4, "What to do", Style::Plain, &finding.what_to_do)?;
        evidence(view, &finding.evidence, 4, &mut text)?;
    }
    findings::unseen(view, &mut text)
}

fn head(view: &View<'_>, device: &Device, text: &mut Text<'_>) -> io::Result<()> {
    let name = view.call(device);
    let name = text.screen.paint(Style::Bold, &words::clean(&name));
    writeln!(text.out, "{name}")?;
    text.labelled(2, "Id", Style::Plain, &device.id)?;
    text.labelled(2, "Seen (UTC)", Style::Plain, &words::span(device.first_seen, device.last_seen))?;
    text.labelled(
        2,
        "Confidence",
        Style::Plain,
        &format!("{}% (class, maker and model together)", device.confidence.as_percent()),
    )?;
    text.labelled(
        2,
        "Router",
        Style::Plain,
        if device.is_router { "yes, it forwards packets for others" } else { "not seen to forward" },
    )
}

fn attributes(view: &View<'_>, device: &Device, text: &mut Text<'_>) -> io::Result<()> {
    text.heading("1. What it is", "each with the observations behind it")?;
    let class = view.class(device);
    let impact = words::impact(impact(device));
    let named: [(&str, Option<&Attribute>, Option<&str>); 10] = [
        ("Name", device.name.as_deref(), None),
        ("Maker", device.maker.as_deref(), None),
        ("Model", device.model.as_deref(), None),
        ("Serial", device.serial.as_deref(), None),
        ("Firmware", device.firmware.as_deref(), None),
        ("System", device.os.as_deref(), None),
        ("Class", device.class.as_deref(), class.as_deref()),
        ("Impact", device.clinical_impact.as_deref(), Some(impact)),
        ("UDI", device.udi.as_deref(), None),
        ("Location", device.location.as_deref(), None),
    ];
    for (label, attribute, said) in &named {
        match attribute {
            Some(attribute) => one_attribute(view, label, attribute, *said, text)?,
            None => text.labelled(2, label, Style::Dim, UNKNOWN)?,
        }
    }
    device.software.iter().try_for_each(|software| one_attribute(view, "Software", software, None, text))
}

fn one_attribute(view: &View<'_>, label: &str, attribute: &Attribute, said: Option<&str>, text: &mut Text<'_>) -> io::Result<()> {
    let line = format!("{} ({}%)", said.unwrap_or(&attribute.value), attribute.confidence.as_percent());
    text.labelled(2, label, Style::Bold, &line)?;
    evidence(view, &attribute.evidence, 4, text)?;
    for other in &attribute.disagreeing {
        let line = format!("disagrees: {} ({}%)", other.value, other.confidence.as_percent());
        text.paragraph(4, Style::Warn, &line)?;
        evidence(view, &other.evidence, 6, text)?;
    }
    Ok(())
}

/// Observations: protocol, field, what it said, where, when, how often, and what was made of it.
fn evidence(view: &View<'_>, evidence: &[std::sync::Arc<Evidence>], indent: usize, text: &mut Text<'_>) -> io::Result<()> {
    for one in evidence {
        let times = if one.count > 1 { format!(", {} times", words::thousands(one.count)) } else { String::new() };
        let when = words::span(one.first_seen, one.last_seen);
        let line = format!(
            "{} · {}: {} · {} · {when}{times}",
            one.origin.protocol,
            one.origin.label,
            one.value,
            place(view.report, one)
        );
        text.item(indent, Style::Plain, &line)?;
        if let Some(rule) = &one.rule {
            text.paragraph(indent + 2, Style::Dim, &format!("by {rule}"))?;
        }
    }
    Ok(())
}

fn network(device: &Device, text: &mut Text<'_>) -> io::Result<()> {
    text.heading("Interfaces", "")?;
    let mut table = Table::new(vec!["MAC", "Block assigned to", "VLANs", "Seen (UTC)"]);
    for interface in &device.interfaces {
        let mac = interface.mac.map_or_else(|| "not seen".to_owned(), |mac| mac.to_string());
        let local = if interface.locally_administered { " (given by software)" } else { "" };
        let vlans: Vec<String> = interface.vlans.iter().map(ToString::to_string).collect();
        table.row(vec![
            (Style::Plain, format!("{mac}{local}")),
            (Style::Plain, interface.registrant.as_deref().unwrap_or(UNKNOWN).to_owned()),
            (Style::Plain, vlans.join(", ")),
            (Style::Plain, words::span(interface.first_seen, interface.last_seen)),
        ]);
    }
    text.table(&table)?;
    text.heading("Addresses over time", "")?;
    let mut table = Table::new(vec!["Address", "On", "Known by", "Seen (UTC)"]);
    for address in &device.addresses {
        table.row(vec![
            (Style::Plain, address.ip.to_string()),
            (Style::Plain, address.mac.map_or_else(String::new, |mac| mac.to_string())),
            (Style::Plain, address.known_by.to_string()),
            (Style::Plain, words::span(address.first_seen, address.last_seen)),
        ]);
    }
    text.table(&table)?;
    text.heading("Services that it answered on", "")?;
    let mut table = Table::new(vec!["Service", "Port", "Clients", "Management", "Says of itself"]);
    for service in &device.services {
        table.row(vec![
            (Style::Plain, service.name.to_string()),
            (Style::Plain, words::carrier(service.transport, service.port)),
            (Style::Plain, service.clients.to_string()),
            (Style::Warn, if service.management { "yes".to_owned() } else { String::new() }),
            (Style::Plain, service.banners.join(", ")),
        ]);
    }
    text.table(&table)
}

fn identifiers(view: &View<'_>, heading: &str, all: &[Identifier], text: &mut Text<'_>) -> io::Result<()> {
    if all.is_empty() {
        return Ok(());
    }
    text.heading(heading, "")?;
    for identifier in all {
        text.paragraph(2, Style::Plain, &format!("{}: {}", words::kind(identifier.kind), identifier.value))?;
        evidence(view, &identifier.evidence, 4, text)?;
    }
    Ok(())
}

fn reports(view: &View<'_>, device: &Device, text: &mut Text<'_>) -> io::Result<()> {
    device.reports.iter().try_for_each(|reported| identifiers(view, "Another device that it reports on", &reported.facts, text))
}

fn conversations(view: &View<'_>, device: &Device, text: &mut Text<'_>) -> io::Result<()> {
    let talk = view.talk_of(device);
    text.heading("2. What it talks to", &count(talk.len(), "conversation"))?;
    let mut table = Table::new(vec!["With", "Service", "Carries", "Protection", "Flows", "Bytes", "Seen (UTC)"]);
    for conversation in talk.iter().take(MAX_CONVERSATIONS) {
        let is_client = conversation.client.device.as_ref() == Some(&device.id);
        let (way, other) = if is_client { ("to", &conversation.server) } else { ("from", &conversation.client) };
        let bytes = conversation.bytes_to_server.saturating_add(conversation.bytes_to_client);
        let carrier = words::carrier(conversation.transport, conversation.port);
        table.row(vec![
            (Style::Plain, format!("{way} {}", view.party(other))),
            (Style::Plain, format!("{} {carrier}", conversation.service)),
            (if conversation.phi.is_empty() { Style::Plain } else { Style::Bad }, carries(conversation)),
            (Style::Plain, words::encryption(conversation.encryption).to_owned()),
            (Style::Plain, words::thousands(conversation.flows)),
            (Style::Plain, words::bytes(bytes)),
            (Style::Plain, words::span(conversation.first_seen, conversation.last_seen)),
        ]);
    }
    text.table(&table)?;
    text.more(2, talk.len(), MAX_CONVERSATIONS, "conversation")
}

/// Clinical content, and every kind of PHI.
fn carries(conversation: &Conversation) -> String {
    let phi = if conversation.phi.is_empty() { None } else { Some(format!("PHI: {}", words::phi(&conversation.phi))) };
    conversation.clinical.as_ref().map(Word::to_string).into_iter().chain(phi).collect::<Vec<_>>().join("; ")
}

fn administration(view: &View<'_>, device: &Device, text: &mut Text<'_>) -> io::Result<()> {
    text.heading("3. Who administers it", &count(device.administration.len(), "use"))?;
    for used in &device.administration {
        let (how, flags) = manner(used);
        let service = used.remote_tool.as_ref().map(Word::to_string).unwrap_or_else(|| format!("{} {}", used.service, used.port));
        let flags = if flags.is_empty() { String::new() } else { format!(" · {}", flags.join(", ")) };
        let when = words::span(used.first_seen, used.last_seen);
        text.item(2, Style::Plain, &format!("{service} from {} · {how} · {when}{flags}", view.party(&used.from)))?;
    }
    Ok(())
}

fn respond(view: &View<'_>, device: &Device, text: &mut Text<'_>) -> io::Result<()> {
    text.heading("4. What isolating it does", "")?;
    match &device.if_isolated {
        Some(isolation) => answers::isolation_of(view, text, device, isolation, &BTreeSet::new()),
        None => text.paragraph(2, Style::Dim, UNKNOWN),
    }
}
