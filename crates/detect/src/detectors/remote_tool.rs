//! A remote support tool in use.

use model::FactKind;
use model::report::{Finding, Severity};

use smallvec::smallvec;

use crate::site::{Draft, call_party, of_kind, took_place};
use crate::{Detector, Info, Site};

/// A remote support tool in use.
pub struct RemoteTool;

static INFO: Info = Info {
    id: "remote-tool",
    name: "Vendor remote tool",
    sees: "A conversation with a remote support product: by its own bytes, or by the name of its servers.",
    why: "Such a tool gives somebody outside the screen and keyboard of a machine inside, often at any hour and without a record that the site holds.",
    what_to_do: "Find out who installed it and under which contract; move the access to one that is brokered, time-bound and recorded, and close this one.",
    severity: Severity::Medium,
};

impl Detector for RemoteTool {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, site: &Site<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for conversation in site.conversations {
            let by_name = || site.knowledge.remote_tool(conversation.server.name.as_deref()?);
            let by_bytes = of_kind(&conversation.facts, FactKind::RemoteTool).next();
            let tool = match (by_bytes, by_name()) {
                (Some(fact), _) => fact.value.clone(),
                (None, Some(tool)) => tool.name.as_str().into(),
                (None, None) => continue,
            };
            let title = format!("{tool} in use by {}", call_party(site, &conversation.client));
            let evidence = by_bytes.map_or_else(
                || smallvec![took_place(conversation, conversation.server.name.clone().unwrap_or_default())],
                |fact| fact.evidence.clone(),
            );
            let draft = Draft::new(&INFO, &conversation.id).conversation(conversation);
            findings.push(draft.evidence(evidence).finding(site, title));
        }
        findings
    }
}
