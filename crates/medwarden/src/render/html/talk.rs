//! Answers 2 and 3: conversations with their map, and administration.

use std::io;

use model::report::{Conversation, Encryption, Party};

use super::devices::link;
use super::map;
use super::page::{Page, html};
use super::{MAX_ADMINISTRATION, MAX_CONVERSATIONS, MAX_LIST, more};
use crate::render::View;
use crate::render::view::{is_external, is_sensitive, manner};
use crate::render::words::{self, UNKNOWN, count};

/// Answer 2.
pub(super) fn conversations(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    html!(
        page,
        "<section class=\"page\" aria-labelledby=\"conversations\">\n<h2 id=\"conversations\">2. What do they talk to?</h2>\n",
        "<p class=\"lead\">Who asks whom for what, whether others can read it on the way, and what it carries.</p>\n"
    );
    map::map(view, page)?;
    html!(
        page,
        "<h3>Conversations, those that matter most first</h3>\n<div class=\"panel\"><table><thead><tr><th scope=\"col\">Client</th>",
        "<th scope=\"col\">Server</th><th scope=\"col\">Service</th><th scope=\"col\">Carries</th><th scope=\"col\">Protection</th>",
        "<th scope=\"col\" class=\"n\">Sent</th><th scope=\"col\" class=\"n\">Answered</th><th scope=\"col\">Seen</th></tr></thead>\n<tbody>\n"
    );
    for conversation in view.conversations.iter().take(MAX_CONVERSATIONS) {
        row(view, conversation, page)?;
    }
    html!(page, "</tbody></table></div>\n");
    more(page, view.conversations.len(), MAX_CONVERSATIONS, "conversation")?;
    let rest = view.report.conversations.len() - view.conversations.len();
    if rest > 0 {
        html!(page, "<p class=\"more\">Not listed: ", (count(rest, "conversation")), " of the link layer or to groups.</p>\n");
    }
    html!(page, "</section>\n");
    Ok(())
}

fn row(view: &View<'_>, conversation: &Conversation, page: &mut Page<'_>) -> io::Result<()> {
    html!(page, "<tr><td>");
    party(view, &conversation.client, page)?;
    html!(page, "</td><td>");
    party(view, &conversation.server, page)?;
    if is_external(conversation) {
        html!(page, " <span class=\"badge warn\">outside</span>");
    }
    html!(page, "</td><td>", (conversation.service));
    html!(page, "<span class=\"sub\">", (words::carrier(conversation.transport, conversation.port)), "</span></td><td>");
    if let Some(clinical) = &conversation.clinical {
        html!(page, (clinical));
    }
    if !conversation.phi.is_empty() {
        html!(page, " <span class=\"badge bad\">PHI</span><span class=\"sub\">", (words::phi(&conversation.phi)), "</span>");
    }
    html!(page, "</td><td>");
    match conversation.encryption {
        Encryption::Strong => html!(page, "<span class=\"badge good\">"),
        Encryption::Weak => html!(page, "<span class=\"badge warn\">"),
        Encryption::Cleartext if is_sensitive(conversation) => html!(page, "<span class=\"badge bad\">"),
        Encryption::Cleartext | Encryption::Unknown => html!(page, "<span class=\"badge\">"),
    }
    html!(page, (words::encryption(conversation.encryption)), "</span></td><td class=\"n\">");
    html!(page, (words::bytes(conversation.bytes_to_server)), "</td><td class=\"n\">");
    if conversation.packets_to_client == 0 {
        html!(page, "<span class=\"none\">not seen</span>");
    } else {
        html!(page, (words::bytes(conversation.bytes_to_client)));
    }
    html!(page, "</td><td class=\"t\">", (words::span(conversation.first_seen, conversation.last_seen)));
    let times = usize::try_from(conversation.flows).unwrap_or(usize::MAX);
    html!(page, "<span class=\"sub\">", (count(times, "time")), "</span></td></tr>\n");
    Ok(())
}

fn party(view: &View<'_>, party: &Party, page: &mut Page<'_>) -> io::Result<()> {
    match &party.device {
        Some(id) => link(view, page, id)?,
        None => html!(page, (view.party(party))),
    }
    if let Some(ip) = party.ip.map(|ip| ip.to_string()).filter(|ip| *ip != view.party(party)) {
        html!(page, "<span class=\"sub mono\">", (ip), "</span>");
    }
    Ok(())
}

/// Answer 3.
pub(super) fn administration(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let all = view.administration();
    html!(
        page,
        "<section class=\"page\" aria-labelledby=\"administration\">\n<h2 id=\"administration\">3. Who administers them?</h2>\n",
        "<p class=\"lead\">Uses of management services and of remote support tools that were seen. Secrets are compared with known ",
        "defaults and dropped; none is kept.</p>\n"
    );
    if all.is_empty() {
        html!(page, "<p class=\"none\">No use of a management service was seen.</p>\n");
    } else {
        html!(
            page,
            "<div class=\"panel\"><table><thead><tr><th scope=\"col\">Device</th><th scope=\"col\">Service</th><th scope=\"col\">From</th>",
            "<th scope=\"col\">How</th><th scope=\"col\">Note</th><th scope=\"col\">Seen</th></tr></thead>\n<tbody>\n"
        );
        for (device, used) in all.iter().take(MAX_ADMINISTRATION) {
            let (how, flags) = manner(used);
            html!(page, "<tr><th scope=\"row\">");
            link(view, page, &device.id)?;
            html!(page, "</th><td>", (used.remote_tool.as_ref().unwrap_or(&used.service)), "<span class=\"sub\">port ");
            html!(page, (used.port), "</span></td><td>");
            party(view, &used.from, page)?;
            html!(page, "</td><td>");
            super::devices::known_or_not(page, Some(how.as_str()).filter(|how| *how != UNKNOWN))?;
            html!(page, "</td><td>");
            for flag in flags {
                html!(page, "<span class=\"badge bad\">", (flag), "</span> ");
            }
            html!(page, "</td><td>", (words::span(used.first_seen, used.last_seen)), "</td></tr>\n");
        }
        html!(page, "</tbody></table></div>\n");
        more(page, all.len(), MAX_ADMINISTRATION, "use")?;
    }
    offered(view, page)?;
    html!(page, "</section>\n");
    Ok(())
}

/// Management services that answered, by device.
fn offered(view: &View<'_>, page: &mut Page<'_>) -> io::Result<()> {
    let with: Vec<_> = view.devices.iter().filter(|device| device.services.iter().any(|service| service.management)).collect();
    if with.is_empty() {
        return Ok(());
    }
    html!(page, "<h3>Management services that answered</h3><ul class=\"plain\">\n");
    for device in with.iter().take(MAX_LIST) {
        html!(page, "<li>");
        link(view, page, &device.id)?;
        html!(page, ": ");
        let services = device.services.iter().filter(|service| service.management);
        let services: Vec<String> =
            services.map(|service| format!("{} ({})", service.name, words::carrier(service.transport, service.port))).collect();
        html!(page, (services.join(", ")), "</li>\n");
    }
    html!(page, "</ul>\n");
    more(page, with.len(), MAX_LIST, "device")
}
