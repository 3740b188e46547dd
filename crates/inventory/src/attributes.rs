//! What is believed of a device: every fact about it, and what knowledge makes of it, weighed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use knowledge::{Attribute as Trait, Knowledge, RegistrantKind};
use model::report::{Address, Attribute, Confidence, Conversation, Device, Evidence, Identifier, Interface, Service};
use model::{FactKind, FrameRef, MacAddr};

use crate::conversations::{device_id, is_answered};
use crate::grounds::{Ground, MAX_EVIDENCE, outright, short_name, weigh};
use crate::identity::{Identity, Node, is_unicast};
use crate::records::{self, Record, Sorted};
use crate::roles;
use crate::store::{EndpointRecord, FactRecord, Span, Store, text};

/// Confidence of a maker that only the address block names.
const REGISTRANT: u8 = 55;
/// The same, where the device does what that maker's products do not.
const ODD_REGISTRANT: u8 = 40;

/// Confidence of a class that is the only one its maker's address block stands for.
const ONLY_CLASS: u8 = 55;
/// Confidence of a class that is one of several: a hint that needs another.
const ONE_OF_CLASSES: u8 = 30;

/// All devices, by id; gives the parties of conversations their names.
pub(crate) fn devices(
    store: &Store,
    identity: &Identity,
    knowledge: &Knowledge,
    conversations: &mut [Conversation],
) -> Vec<Device> {
    let members = members(store, identity);
    let talk = talk(conversations);
    let mut devices: Vec<Device> = identity
        .groups
        .iter()
        .zip(&members)
        .map(|(group, member)| {
            let id = device_id(group);
            let mine = talk.get(id.as_str()).map_or(&[][..], Vec::as_slice);
            let mine: Vec<&Conversation> = mine.iter().filter_map(|index| conversations.get(*index)).collect();
            Builder { store, identity, knowledge, group, member, id, talk: mine }.build()
        })
        .collect();
    devices.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    name_parties(&devices, conversations);
    devices
}

/// What was seen of one device.
#[derive(Default)]
struct Member<'a> {
    endpoints: Vec<&'a EndpointRecord>,
    facts: Vec<&'a FactRecord>,
    described: Vec<Record<'a>>,
}

/// What was seen of each device. Of an address that moved, each fact goes to who held it then.
fn members<'a>(store: &'a Store, identity: &Identity) -> Vec<Member<'a>> {
    let mut members: Vec<Member<'_>> = identity.groups.iter().map(|_| Member::default()).collect();
    for (id, record) in (0..).zip(&store.endpoints) {
        if !identity.is_moved(id)
            && let Some(member) = identity.device(id, record.sent.first).and_then(|device| members.get_mut(device))
        {
            member.endpoints.push(record);
        }
        let mut of = |time, put: &mut dyn FnMut(&mut Member<'a>)| {
            identity.device(id, time).and_then(|device| members.get_mut(device)).map(put);
        };
        for fact in store.facts_of(&record.facts) {
            of(fact.span.first, &mut |member| member.facts.push(fact));
        }
        for described in store.records_of(id) {
            let first = described.iter().map(|fact| fact.span.first).min().unwrap_or_default();
            of(first, &mut |member| member.described.push(described.clone()));
        }
    }
    members
}

/// Conversations of each device.
fn talk(conversations: &[Conversation]) -> BTreeMap<String, Vec<usize>> {
    let mut talk: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, conversation) in conversations.iter().enumerate() {
        let parties: BTreeSet<&String> =
            [&conversation.client, &conversation.server].into_iter().filter_map(|party| party.device.as_ref()).collect();
        for device in parties {
            talk.entry(device.clone()).or_default().push(index);
        }
    }
    talk
}

fn name_parties(devices: &[Device], conversations: &mut [Conversation]) {
    let names: BTreeMap<&str, &str> =
        devices.iter().filter_map(|device| Some((device.id.as_str(), device.name.as_ref()?.value.as_str()))).collect();
    for conversation in conversations {
        for party in [&mut conversation.client, &mut conversation.server] {
            if let Some(name) = party.device.as_deref().and_then(|id| names.get(id)) {
                party.name = Some((*name).to_owned());
            }
        }
    }
}

/// Makes one device.
struct Builder<'a> {
    store: &'a Store,
    identity: &'a Identity,
    knowledge: &'a Knowledge,
    group: &'a [Node],
    member: &'a Member<'a>,
    id: String,
    talk: Vec<&'a Conversation>,
}

impl Builder<'_> {
    fn build(self) -> Device {
        let Sorted { mut own, others } = records::sort(self.member.described.clone(), &self.plain_facts());
        own.extend(self.plain_facts());
        own.sort_by(|a, b| (a.kind, &a.field, &a.value, a.frame).cmp(&(b.kind, &b.field, &b.value, b.frame)));
        let mut grounds = self.grounds(&own);
        self.claim_roles(&others, &mut grounds);
        self.claim_registrants(&mut grounds);
        self.claim_system(&mut grounds);
        let span = self.span();
        let is_router = self.is_router();
        let pick = |property| weigh(grounds.iter().filter(|ground| ground.property == property));
        let class = pick(Trait::Class).or_else(|| is_router.then(|| self.router_class(span)));
        let (maker, model) = (pick(Trait::Maker), pick(Trait::Model));
        let sure = |attribute: &Option<Attribute>| attribute.as_ref().map_or(0, |a| u16::from(a.confidence.as_percent()));
        let confidence = (sure(&class) + sure(&maker) + sure(&model)) / 3;
        Device {
            id: self.id.clone(),
            interfaces: self.interfaces(span),
            addresses: self.addresses(),
            name: pick(Trait::Name),
            serial: pick(Trait::Serial),
            firmware: pick(Trait::Firmware),
            os: pick(Trait::Os),
            clinical_impact: class.as_ref().and_then(|class| self.impact(class)),
            udi: direct(&own, FactKind::Udi),
            location: direct(&own, FactKind::Location),
            software: self.software(&grounds),
            identifiers: identifiers(&own, true),
            facts: identifiers(&own, false).into_iter().chain(shared_address(&grounds)).collect(),
            reports: records::reports(&others),
            is_router,
            confidence: Confidence::percent(u8::try_from(confidence).unwrap_or(100)),
            first_seen: span.first,
            last_seen: span.last,
            services: self.services(&own),
            administration: Vec::new(),
            if_isolated: None,
            maker,
            model,
            class,
        }
    }

    fn macs(&self) -> impl Iterator<Item = MacAddr> {
        self.group.iter().filter_map(|node| match node {
            Node::Mac(mac) => Some(*mac),
            Node::Ip(_) => None,
        })
    }

    fn is_router(&self) -> bool {
        let mut ips = self.member.endpoints.iter().filter_map(|record| record.endpoint.ip);
        self.macs().any(|mac| self.identity.routers.contains(&mac)) || ips.any(|ip| self.identity.stated_routers.contains(&ip))
    }

    /// Facts but those that describe a device which need not be this one.
    fn plain_facts(&self) -> Vec<&FactRecord> {
        self.member.facts.iter().filter(|fact| !fact.is_of_record()).copied().collect()
    }

    fn span(&self) -> Span {
        let mut span = Span::EMPTY;
        self.member.endpoints.iter().for_each(|record| span.add(record.sent));
        self.member.facts.iter().for_each(|fact| span.add(fact.span));
        span
    }

    fn grounds(&self, facts: &[&FactRecord]) -> Vec<Ground> {
        let mut grounds = Vec::new();
        // A server of many sites has many names in the DNS; none of them is its own.
        let is_one_of_many = |fact: &FactRecord| {
            fact.kind == FactKind::DnsName && facts.iter().filter(|f| f.kind == FactKind::DnsName).count() > 1
        };
        for fact in facts.iter().filter(|fact| !is_one_of_many(fact)) {
            let value = text(&fact.value);
            if let Some((property, confidence)) = outright(fact.kind, &fact.field) {
                let value = self.canonical(property, fact.kind, &value);
                grounds.push(Ground { property, value, confidence, evidence: fact.evidence() });
            }
            self.claim(fact.kind, &fact.field, &value, &fact.evidence(), &mut grounds);
        }
        self.claim_contacts(&mut grounds);
        grounds
    }

    fn canonical(&self, property: Trait, kind: FactKind, value: &str) -> String {
        match (property, kind) {
            (Trait::Maker, _) => self.knowledge.canonical_maker(value).to_owned(),
            (Trait::Name, FactKind::HostName | FactKind::Fqdn | FactKind::DnsName) => short_name(value).to_owned(),
            _ => value.to_owned(),
        }
    }

    /// What knowledge makes of a mark.
    fn claim(&self, kind: FactKind, field: &str, value: &str, seen: &Evidence, grounds: &mut Vec<Ground>) {
        for claim in self.knowledge.claims(kind, field, value) {
            grounds.push(Ground {
                property: claim.attribute,
                value: claim.value.to_string(),
                confidence: Confidence::percent(claim.confidence),
                evidence: Arc::new(Evidence { rule: Some(format!("{}: {}", claim.rule, claim.source)), ..seen.clone() }),
            });
        }
    }

    /// What the services a device offers and uses, and the names it asks for, say of it.
    fn claim_contacts(&self, grounds: &mut Vec<Ground>) {
        for conversation in &self.talk {
            let is_client = conversation.client.device.as_ref() == Some(&self.id);
            let (field, label) = if is_client {
                ("conversation.uses", "service it uses")
            } else if is_answered(conversation) {
                ("conversation.offers", "service it offers")
            } else {
                continue;
            };
            if !conversation.protocol.is_empty() {
                let seen = talk_evidence(conversation, field, label, &conversation.protocol);
                self.claim(FactKind::ServiceType, field, &conversation.protocol, &seen, grounds);
            }
            if let Some(name) = conversation.server.name.as_ref().filter(|_| is_client) {
                let seen = talk_evidence(conversation, "conversation.server", "name it asks for", name);
                self.claim(FactKind::ServerName, "conversation.server", name, &seen, grounds);
            }
        }
    }

    /// What it does for others, unless its interface is that of a maker of clinical devices, which may do the same.
    fn claim_roles(&self, reported: &[Record<'_>], grounds: &mut Vec<Ground>) {
        let is_clinical = self.macs().filter_map(|mac| self.knowledge.maker_of(mac)).any(|r| !r.clinical_classes.is_empty());
        for role in roles::roles(&self.id, &self.talk, reported) {
            if is_clinical && role.class != "monitoring_gateway" {
                continue;
            }
            let seen = talk_evidence(role.shown_by, "conversation.role", "what it does for others", role.why);
            let confidence = Confidence::percent(role.percent);
            grounds.push(Ground { property: Trait::Class, value: role.class.to_owned(), confidence, evidence: Arc::new(seen) });
        }
    }

    /// The class of a computer, where nothing better is known and nothing clinical is near.
    fn claim_system(&self, grounds: &mut Vec<Ground>) {
        let of = |grounds: &[Ground], property| weigh(grounds.iter().filter(|ground| ground.property == property));
        let is_clinical = self.talk.iter().any(|conversation| conversation.clinical.is_some())
            || self.macs().filter_map(|mac| self.knowledge.maker_of(mac)).any(|r| !r.clinical_classes.is_empty());
        if is_clinical || of(grounds, Trait::Class).is_some() {
            return;
        }
        let Some(os) = of(grounds, Trait::Os) else { return };
        let Some((class, percent)) = roles::class_of_os(&os.value) else { return };
        let Some(seen) = os.evidence.first() else { return };
        let confidence = Confidence::percent(percent).min(os.confidence);
        let evidence = Arc::new(Evidence { rule: Some(format!("computers that run {}", os.value)), ..Evidence::clone(seen) });
        grounds.push(Ground { property: Trait::Class, value: class.to_owned(), confidence, evidence });
    }

    fn claim_registrants(&self, grounds: &mut Vec<Ground>) {
        let class = weigh(grounds.iter().filter(|ground| ground.property == Trait::Class)).map(|class| class.value);
        let is_clinical = self.talk.iter().any(|conversation| conversation.clinical.is_some());
        for mac in self.macs() {
            let Some(registrant) = self.knowledge.maker_of(mac).filter(|r| r.kind == RegistrantKind::Maker) else { continue };
            let seen = Arc::new(Evidence { rule: Some("IEEE registration authority".to_owned()), ..self.mac_evidence(mac) });
            let mut ground = |property, value: &str, percent| {
                let (value, confidence) = (value.to_owned(), Confidence::percent(percent));
                grounds.push(Ground { property, value, confidence, evidence: seen.clone() });
            };
            // What the device does is nothing that the block's holder makes: it is a part of somebody's device.
            let is_odd = !registrant.usual_classes.is_empty()
                && class.as_ref().map_or(is_clinical, |class| !registrant.usual_classes.contains(class));
            ground(Trait::Maker, registrant.maker, if is_odd { ODD_REGISTRANT } else { REGISTRANT });
            match registrant.clinical_classes {
                [class] => ground(Trait::Class, class, ONLY_CLASS),
                classes => classes.iter().for_each(|class| ground(Trait::Class, class, ONE_OF_CLASSES)),
            }
        }
    }

    fn mac_evidence(&self, mac: MacAddr) -> Evidence {
        let span = self.span();
        Evidence {
            protocol: "ieee802".into(),
            field: "ieee802.source".into(),
            label: "MAC address block".into(),
            value: mac.to_string(),
            rule: None,
            frame: self.first_frame(),
            first_seen: span.first,
            last_seen: span.last,
            count: 1,
        }
    }

    fn first_frame(&self) -> FrameRef {
        let of_talk = self.talk.iter().map(|conversation| conversation.frame);
        let of_facts = self.member.facts.iter().map(|fact| fact.frame);
        of_talk.chain(of_facts).min().unwrap_or_default()
    }

    fn router_class(&self, span: Span) -> Attribute {
        let seen = Evidence {
            protocol: "ip".into(),
            field: "ip.forwarding".into(),
            label: "forwards packets of other addresses".into(),
            value: "yes".to_owned(),
            rule: None,
            frame: self.first_frame(),
            first_seen: span.first,
            last_seen: span.last,
            count: 1,
        };
        Attribute {
            value: "router".to_owned(),
            confidence: Confidence::percent(70),
            evidence: vec![Arc::new(seen)],
            disagreeing: Vec::new(),
        }
    }

    fn impact(&self, class: &Attribute) -> Option<Attribute> {
        let impact = self.knowledge.class(&class.value)?.impact;
        Some(Attribute { value: impact.name().to_owned(), disagreeing: Vec::new(), ..class.clone() })
    }

    fn interfaces(&self, span: Span) -> Vec<Interface> {
        let of = |mac: Option<MacAddr>, records: &mut dyn Iterator<Item = &&EndpointRecord>| {
            let mut seen = Span::EMPTY;
            let mut vlans = BTreeSet::new();
            for record in records {
                seen.add(record.sent);
                vlans.extend(record.vlans.iter().copied());
            }
            let seen = if seen.is_empty() { span } else { seen };
            Interface {
                mac,
                registrant: mac.and_then(|mac| self.knowledge.maker_of(mac)).map(|r| r.name.to_owned()),
                locally_administered: mac.is_some_and(MacAddr::is_local),
                vlans: vlans.into_iter().collect(),
                first_seen: seen.first,
                last_seen: seen.last,
            }
        };
        let mut interfaces: Vec<Interface> = self
            .macs()
            .map(|mac| of(Some(mac), &mut self.member.endpoints.iter().filter(|record| record.endpoint.mac == Some(mac))))
            .collect();
        if interfaces.is_empty() {
            interfaces.push(of(None, &mut self.member.endpoints.iter()));
        }
        interfaces
    }

    fn addresses(&self) -> Vec<Address> {
        let mut seen: BTreeMap<(std::net::IpAddr, Option<MacAddr>), Span> = BTreeMap::new();
        for record in &self.member.endpoints {
            let Some(ip) = record.endpoint.ip.filter(|ip| is_unicast(ip) || ip.is_loopback()) else { continue };
            let mac = record.endpoint.mac.filter(|mac| self.group.contains(&Node::Mac(*mac)));
            let span = seen.entry((ip, mac)).or_insert(Span::EMPTY);
            span.add(record.sent);
            for fact in self.store.facts_of(&record.facts) {
                span.add(fact.span);
            }
        }
        let with_mac: BTreeSet<_> = seen.keys().filter(|(_, mac)| mac.is_some()).map(|(ip, _)| *ip).collect();
        seen.into_iter()
            .filter(|((ip, mac), span)| !span.is_empty() && (mac.is_some() || !with_mac.contains(ip)))
            .map(|((ip, mac), span)| Address {
                ip,
                mac,
                first_seen: span.first,
                last_seen: span.last,
                known_by: mac.and_then(|mac| self.identity.bound.get(&(mac, ip))).copied().unwrap_or("traffic").to_owned(),
            })
            .collect()
    }

    fn software(&self, grounds: &[Ground]) -> Vec<Attribute> {
        let values: BTreeSet<&str> = grounds.iter().filter(|g| g.property == Trait::Software).map(|g| g.value.as_str()).collect();
        values
            .into_iter()
            .filter_map(|value| weigh(grounds.iter().filter(|g| g.property == Trait::Software && g.value == value)))
            .collect()
    }

    /// Services that answered.
    fn services(&self, facts: &[&FactRecord]) -> Vec<Service> {
        let mut services: BTreeMap<(model::Transport, u16, &str), (BTreeSet<&model::report::Party>, &Conversation)> =
            BTreeMap::new();
        let mine = self.talk.iter().filter(|c| c.server.device.as_ref() == Some(&self.id) && is_answered(c));
        for conversation in mine.filter(|c| matches!(c.transport, model::Transport::Tcp | model::Transport::Udp) && c.port > 0) {
            services
                .entry((conversation.transport, conversation.port, conversation.protocol.as_str()))
                .or_insert_with(|| (BTreeSet::new(), conversation))
                .0
                .insert(&conversation.client);
        }
        services
            .into_iter()
            .map(|((transport, port, protocol), (clients, conversation))| Service {
                transport,
                port,
                protocol: protocol.to_owned(),
                name: conversation.service.clone(),
                management: conversation.management,
                clients: clients.len() as u64,
                banners: facts
                    .iter()
                    .filter(|fact| fact.kind == FactKind::ServerBanner && fact.protocol == protocol)
                    .map(|fact| text(&fact.value))
                    .collect(),
            })
            .collect()
    }
}

fn talk_evidence(conversation: &Conversation, field: &'static str, label: &'static str, value: &str) -> Evidence {
    Evidence {
        protocol: conversation.protocol.clone().into(),
        field: field.into(),
        label: label.into(),
        value: value.to_owned(),
        rule: None,
        frame: conversation.frame,
        first_seen: conversation.first_seen,
        last_seen: conversation.last_seen,
        count: conversation.flows,
    }
}

/// Clients of several systems speak from one address: a router that translates addresses, or a computer with virtual ones.
fn shared_address(grounds: &[Ground]) -> Option<Identifier> {
    const SYSTEMS: [&str; 5] = ["Windows", "Android", "iOS", "macOS", "ChromeOS"];
    let by_agent = grounds.iter().filter(|ground| ground.property == Trait::Os && ground.evidence.field.ends_with("user-agent"));
    let mut seen: BTreeMap<&str, Arc<Evidence>> = BTreeMap::new();
    for ground in by_agent {
        if let Some(system) = SYSTEMS.iter().find(|system| ground.value.starts_with(**system)) {
            seen.entry(system).or_insert_with(|| Arc::clone(&ground.evidence));
        }
    }
    let names = seen.keys().copied().collect::<Vec<_>>().join(" and ");
    let value = format!("several computers behind one address: {names}");
    (seen.len() > 1).then(|| Identifier { kind: FactKind::StackTraits, value, evidence: seen.into_values().collect() })
}

/// A property whose facts are taken as they stand.
fn direct(facts: &[&FactRecord], kind: FactKind) -> Option<Attribute> {
    let grounds: Vec<Ground> = facts
        .iter()
        .filter(|fact| fact.kind == kind)
        .map(|fact| Ground {
            property: Trait::Name,
            value: text(&fact.value),
            confidence: Confidence::percent(85),
            evidence: fact.evidence(),
        })
        .collect();
    weigh(grounds.iter())
}

/// Kinds that name or key a device.
const fn is_identifier(kind: FactKind) -> bool {
    use FactKind as K;
    matches!(
        kind,
        K::HostName
            | K::Fqdn
            | K::Domain
            | K::DhcpClientId
            | K::Duid
            | K::CertificateKey
            | K::SnmpEngineId
            | K::AeTitle
            | K::Eui64
            | K::Udi
            | K::Uuid
            | K::OwnMac
            | K::StationName
    )
}

/// Facts that name or key a device, or the others.
pub(crate) fn identifiers(facts: &[&FactRecord], keys: bool) -> Vec<Identifier> {
    let mut found: BTreeMap<(FactKind, String), Vec<Arc<Evidence>>> = BTreeMap::new();
    for fact in facts.iter().filter(|fact| is_identifier(fact.kind) == keys) {
        found.entry((fact.kind, text(&fact.value))).or_default().push(fact.evidence());
    }
    found
        .into_iter()
        .map(|((kind, value), mut evidence)| {
            evidence.sort();
            evidence.truncate(MAX_EVIDENCE);
            Identifier { kind, value, evidence }
        })
        .collect()
}
