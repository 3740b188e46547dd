//! Which records are one conversation.

use model::FactKind;

use super::build::Seen;

const CLIENT: &str = "00:09:fb:00:00:01@10.0.0.1";
const SERVER: &str = "00:09:fb:00:00:02@10.0.0.2";

#[test]
fn facts_told_apart_from_the_connection_join_it() {
    let seen = Seen::new().arp(0, CLIENT).arp(0, SERVER).flow(1, CLIENT, SERVER, 104, (64, 64));
    let resolved = seen.said(1, "@10.0.0.1", "@10.0.0.2", 104, FactKind::ServerName, "pacs.example").resolve();
    assert_eq!(resolved.conversations.len(), 1);
    assert_eq!(resolved.conversations[0].protocol, "dicom");
    assert_eq!(resolved.conversations[0].facts.iter().map(|fact| fact.value.as_str()).collect::<Vec<_>>(), ["pacs.example"]);
}

#[test]
fn facts_of_a_connection_that_nobody_saw_are_no_conversation() {
    let seen = Seen::new().arp(0, CLIENT).arp(0, SERVER).flow(1, CLIENT, SERVER, 104, (64, 64));
    let resolved = seen.said(1, "@10.0.0.1", "@10.0.0.2", 443, FactKind::ServerName, "pacs.example").resolve();
    assert_eq!(resolved.conversations.len(), 1);
    assert!(resolved.conversations[0].facts.is_empty());
}
