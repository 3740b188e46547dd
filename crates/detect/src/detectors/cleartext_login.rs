//! A log-in whose secret anybody on the way can read.

use model::FactKind;
use model::report::{Finding, Severity};

use crate::site::{Draft, call_party, of_kind};
use crate::{Detector, Info, Site};

/// A log-in whose secret anybody on the way can read.
pub struct CleartextLogin;

static INFO: Info = Info {
    id: "cleartext-login",
    name: "Log-in in the clear",
    sees: "An account and secret, or a community string, sent without encryption: Telnet, FTP, HTTP Basic or forms, SNMP v1 and v2c, mail, databases, directory binds.",
    why: "The secret can be read and used again by anybody who can listen on the way.",
    what_to_do: "Use the encrypted form of the service (SSH, HTTPS, SNMPv3, LDAPS) and change the secret; where the device cannot, allow the service only from a jump host.",
    severity: Severity::Medium,
};

impl Detector for CleartextLogin {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn detect(&self, site: &Site<'_>) -> Vec<Finding> {
        let sent =
            |conversation: &&model::report::Conversation| of_kind(&conversation.facts, FactKind::Credential).next().is_some();
        site.conversations
            .iter()
            .filter(sent)
            .map(|conversation| {
                let evidence = of_kind(&conversation.facts, FactKind::Credential).flat_map(|fact| fact.evidence.clone());
                let title = format!(
                    "{} log-in in the clear from {} to {}",
                    conversation.service,
                    call_party(site, &conversation.client),
                    call_party(site, &conversation.server)
                );
                Draft::new(&INFO, &conversation.id).conversation(conversation).evidence(evidence).finding(site, title)
            })
            .collect()
    }
}
