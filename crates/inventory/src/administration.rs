//! Who administers a device: uses of its management services, and remote support tools that run on it.

use knowledge::Knowledge;
use model::report::{Administration, Conversation, Device, Encryption};
use model::{FactKind, Word};

/// Fills in who was seen to administer each device.
pub(crate) fn fill(devices: &mut [Device], conversations: &[Conversation], knowledge: &Knowledge) {
    for conversation in conversations {
        let tool = remote_tool(conversation, knowledge);
        // A support tool administers the machine it calls out from; a management service the one it is offered by.
        let (administered, from) = match tool {
            Some(_) => (&conversation.client, &conversation.server),
            None if is_administration(conversation) => (&conversation.server, &conversation.client),
            None => continue,
        };
        let Some(id) = &administered.device else { continue };
        let Ok(place) = devices.binary_search_by(|device| device.id.cmp(id)) else { continue };
        let Some(device) = devices.get_mut(place) else { continue };
        device.administration.push(Administration { from: from.clone(), ..describe(conversation, tool) });
    }
}

/// The service is for management, or somebody logged in to it; and it was answered.
fn is_administration(conversation: &Conversation) -> bool {
    let used = |kind| conversation.facts.iter().any(|fact| fact.kind == kind);
    let answered = conversation.packets_to_client > 0 && conversation.flows > conversation.failed_flows;
    answered && (conversation.management || used(FactKind::Management) || used(FactKind::Credential))
}

fn remote_tool(conversation: &Conversation, knowledge: &Knowledge) -> Option<Word> {
    let said = conversation.facts.iter().find(|fact| fact.kind == FactKind::RemoteTool).map(|fact| fact.value.clone());
    said.or_else(|| Some(knowledge.remote_tool(conversation.server.name.as_deref()?)?.name.as_str().into()))
}

fn describe(conversation: &Conversation, remote_tool: Option<Word>) -> Administration {
    let values = |kind| -> Vec<Word> {
        let of_kind = conversation.facts.iter().filter(|fact| fact.kind == kind);
        let mut values: Vec<Word> = of_kind.map(|fact| fact.value.clone()).collect();
        values.sort();
        values.dedup();
        values
    };
    let has = |kind| conversation.facts.iter().any(|fact| fact.kind == kind);
    let outcomes = [(FactKind::LoginSucceeded, "succeeded"), (FactKind::LoginFailed, "failed"), (FactKind::LoginTried, "tried")];
    let mut authentication = values(FactKind::LoginTried);
    authentication.extend(values(FactKind::Credential));
    authentication.sort();
    authentication.dedup();
    Administration {
        service: conversation.service.clone(),
        port: conversation.port,
        from: conversation.client.clone(),
        authentication,
        outcomes: outcomes.into_iter().filter(|(kind, _)| has(*kind)).map(|(_, outcome)| outcome.into()).collect(),
        accounts: values(FactKind::Account),
        default_credential: has(FactKind::DefaultCredential),
        shared_credential: has(FactKind::SharedCredential),
        cleartext: has(FactKind::Credential) || conversation.encryption == Encryption::Cleartext,
        remote_tool,
        conversation: conversation.id.clone(),
        first_seen: conversation.first_seen,
        last_seen: conversation.last_seen,
    }
}
