//! What is believed of a device: every fact about it, and what knowledge makes of it, weighed.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;

use knowledge::{Attribute as Trait, Knowledge, RegistrantKind};
use model::report::{Address, Attribute, Confidence, Conversation, Device, Evidence, Identifier, Interface, Origin, Service};
use model::{FactKind, FrameRef, MacAddr, Word};
use smallvec::{SmallVec, smallvec};
use smol_str::format_smolstr;

use crate::conversations::{Talk, is_answered};
use crate::grounds::{Ground, MAX_EVIDENCE, outright, short_name, weigh};
use crate::identity::{Identity, Node, is_unicast};
use crate::records::{self, Record, Sorted};
use crate::roles;
use crate::store::{EndpointId, EndpointRecord, FactRecord, Map, Span, Store};

/// Confidence of a maker that only the address block names.
const REGISTRANT: u8 = 55;
/// The same, where the device does what that maker's products do not.
const ODD_REGISTRANT: u8 = 40;

/// Confidence of a class that is the only one its maker's address block stands for.
const ONLY_CLASS: u8 = 55;
/// Confidence of a class that is one of several: a hint that needs another.
const ONE_OF_CLASSES: u8 = 30;

/// All devices, by id; gives the parties of conversations their names. `ids` are those of the groups of identity.
pub(crate) fn devices(store: &Store, identity: &Identity, ids: &[Word], knowledge: &Knowledge, talk: &mut Talk) -> Vec<Device> {
    let members = members(store, identity);
    let talks = talks(talk, identity.groups.len());
    let claims = Claims { knowledge, known: RefCell::default() };
    let mut devices = Vec::with_capacity(identity.groups.len());
    for (index, ((group, id), member)) in identity.groups.iter().zip(ids).zip(&members).enumerate() {
        let talk = talks.of(index).iter().filter_map(|at| talk.conversations.get(*at as usize)).collect();
        devices.push(Builder { store, identity, knowledge, claims: &claims, group, member, id: id.clone(), talk }.build());
    }
    name_parties(&devices, talk);
    devices.sort_unstable_by(|a, b| a.id.cmp(&b.id));
    devices
}

/// What was seen of one device.
#[derive(Default)]
struct Member<'a> {
    endpoints: SmallVec<[EndpointId; 2]>,
    facts: SmallVec<[&'a FactRecord; 2]>,
    described: Vec<Record<'a>>,
}

/// What was seen of each device. Of an address that moved, each fact goes to who held it then.
fn members<'a>(store: &'a Store, identity: &Identity) -> Vec<Member<'a>> {
    let mut members: Vec<Member<'_>> = identity.groups.iter().map(|_| Member::default()).collect();
    for (id, record) in (0..).zip(&store.endpoints) {
        if !identity.is_moved(id)
            && let Some(member) = identity.device(id, record.sent.first).and_then(|device| members.get_mut(device as usize))
        {
            member.endpoints.push(id);
        }
        let mut of = |time, put: &mut dyn FnMut(&mut Member<'a>)| {
            identity.device(id, time).and_then(|device| members.get_mut(device as usize)).map(put);
        };
        for fact in store.facts_of(&record.facts) {
            of(fact.seen.first_seen, &mut |member| member.facts.push(fact));
        }
        for described in store.records_of(id) {
            let first = described.iter().map(|fact| fact.seen.first_seen).min().unwrap_or_default();
            of(first, &mut |member| member.described.push(described.clone()));
        }
    }
    members
}

/// Which conversations each device takes part in.
struct Talks {
    /// Where the conversations of each device begin; one more than there are devices.
    starts: Vec<u32>,
    conversations: Vec<u32>,
}

impl Talks {
    fn of(&self, device: usize) -> &[u32] {
        let at = |index: usize| self.starts.get(index).map_or(0, |start| *start as usize);
        self.conversations.get(at(device)..at(device.saturating_add(1))).unwrap_or_default()
    }
}

fn talks(talk: &Talk, devices: usize) -> Talks {
    let parties = || {
        (0_u32..).zip(&talk.devices).flat_map(|(index, [client, server])| {
            let other = server.filter(|server| Some(*server) != *client);
            [*client, other].into_iter().flatten().map(move |device| (device as usize, index))
        })
    };
    let mut starts = vec![0_u32; devices.saturating_add(1)];
    for (device, _) in parties() {
        starts.get_mut(device.saturating_add(1)).into_iter().for_each(|count| *count = count.saturating_add(1));
    }
    let mut sum = 0_u32;
    for start in &mut starts {
        sum = sum.saturating_add(*start);
        *start = sum;
    }
    let mut conversations = vec![0; sum as usize];
    let mut next = starts.clone();
    for (device, index) in parties() {
        let Some(next) = next.get_mut(device) else { continue };
        conversations.get_mut(*next as usize).into_iter().for_each(|place| *place = index);
        *next = next.saturating_add(1);
    }
    Talks { starts, conversations }
}

/// `devices` still in the order of the groups of identity.
fn name_parties(devices: &[Device], talk: &mut Talk) {
    for (conversation, parties) in talk.conversations.iter_mut().zip(&talk.devices) {
        for (party, device) in [&mut conversation.client, &mut conversation.server].into_iter().zip(parties) {
            let device = device.and_then(|device| devices.get(device as usize));
            if let Some(name) = device.and_then(|device| device.name.as_ref()) {
                party.name = Some(name.value.clone());
            }
        }
    }
}

/// What knowledge makes of marks. Marks repeat from device to device, so each is asked about once.
struct Claims<'a> {
    knowledge: &'a Knowledge,
    known: RefCell<Map<Mark, Rc<[Claimed]>>>,
}

/// Kind, field and value.
type Mark = (FactKind, Word, Word);

/// A claim, in words that are shared.
struct Claimed {
    property: Trait,
    value: Word,
    confidence: Confidence,
    rule: Word,
}

impl Claims<'_> {
    fn of(&self, kind: FactKind, field: &str, value: &Word) -> Rc<[Claimed]> {
        let key = (kind, Word::new(field), value.clone());
        let claimed = || {
            let claims = self.knowledge.claims(kind, field, value).into_iter();
            let claimed = claims.map(|claim| Claimed {
                property: claim.attribute,
                value: claim.value.as_ref().into(),
                confidence: Confidence::percent(claim.confidence),
                rule: format_smolstr!("{}: {}", claim.rule, claim.source),
            });
            claimed.collect()
        };
        Rc::clone(self.known.borrow_mut().entry(key).or_insert_with(claimed))
    }
}

/// Makes one device.
struct Builder<'a, 'f> {
    store: &'a Store,
    identity: &'a Identity,
    knowledge: &'a Knowledge,
    claims: &'a Claims<'a>,
    group: &'a [Node],
    member: &'a Member<'f>,
    id: Word,
    talk: Vec<&'a Conversation>,
}

impl Builder<'_, '_> {
    fn build(self) -> Device {
        let plain = self.plain_facts();
        let Sorted { mut own, others } = records::sort(self.member.described.clone(), &plain);
        own.extend(plain);
        own.sort_by(|a, b| (a.kind, a.field(), &a.value, a.seen.frame).cmp(&(b.kind, b.field(), &b.value, b.seen.frame)));
        let mut grounds = self.grounds(&own);
        self.claim_roles(&others, &mut grounds);
        self.claim_registrants(&mut grounds);
        self.claim_system(&mut grounds);
        let span = self.span();
        let is_router = self.is_router();
        let pick = |property| weigh(grounds.iter().filter(|ground| ground.property == property));
        let class = pick(Trait::Class).or_else(|| is_router.then(|| Box::new(self.router_class(span))));
        let (maker, model) = (pick(Trait::Maker), pick(Trait::Model));
        let sure = |attribute: &Option<Box<Attribute>>| attribute.as_ref().map_or(0, |a| u16::from(a.confidence.as_percent()));
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
        let mut ips = self.endpoints().filter_map(|(_, record)| record.endpoint.ip);
        self.macs().any(|mac| self.identity.routers.contains(&mac)) || ips.any(|ip| self.identity.stated_routers.contains(&ip))
    }

    fn endpoints(&self) -> impl Iterator<Item = (EndpointId, &EndpointRecord)> {
        self.member.endpoints.iter().filter_map(|id| Some((*id, self.store.endpoint_record(*id)?)))
    }

    /// Facts but those that describe a device which need not be this one.
    fn plain_facts(&self) -> Vec<&FactRecord> {
        self.member.facts.iter().filter(|fact| !fact.of_record).copied().collect()
    }

    fn span(&self) -> Span {
        let mut span = Span::EMPTY;
        self.endpoints().for_each(|(_, record)| span.add(record.sent));
        self.member.facts.iter().for_each(|fact| span.add(fact.span()));
        span
    }

    fn grounds(&self, facts: &[&FactRecord]) -> Vec<Ground> {
        let mut grounds = Vec::new();
        // A server of many sites has many names in the DNS; none of them is its own.
        let is_one_of_many = |fact: &FactRecord| {
            fact.kind == FactKind::DnsName && facts.iter().filter(|f| f.kind == FactKind::DnsName).count() > 1
        };
        for fact in facts.iter().filter(|fact| !is_one_of_many(fact)) {
            if let Some((property, confidence)) = outright(fact.kind, fact.field()) {
                let value = self.canonical(property, fact.kind, fact.text());
                grounds.push(Ground { property, value, confidence, evidence: fact.evidence() });
            }
            self.claim(fact.kind, fact.field(), fact.text(), || (*fact.seen).clone(), &mut grounds);
        }
        self.claim_contacts(&mut grounds);
        grounds
    }

    fn canonical(&self, property: Trait, kind: FactKind, value: &Word) -> Word {
        let shorter = match (property, kind) {
            (Trait::Maker, _) => self.knowledge.canonical_maker(value),
            (Trait::Name, FactKind::HostName | FactKind::Fqdn | FactKind::DnsName) => short_name(value),
            _ => value,
        };
        if shorter == value.as_str() { value.clone() } else { shorter.into() }
    }

    /// What knowledge makes of a mark.
    fn claim(&self, kind: FactKind, field: &str, value: &Word, seen: impl Fn() -> Evidence, grounds: &mut Vec<Ground>) {
        grounds.extend(self.claims.of(kind, field, value).iter().map(|claim| Ground {
            property: claim.property,
            value: claim.value.clone(),
            confidence: claim.confidence,
            evidence: Arc::new(Evidence { rule: Some(claim.rule.clone()), ..seen() }),
        }));
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
                let seen = || talk_evidence(conversation, field, label, conversation.protocol.clone());
                self.claim(FactKind::ServiceType, field, &conversation.protocol, seen, grounds);
            }
            if let Some(service) = self.service_on_port(conversation) {
                let seen = || talk_evidence(conversation, field, label, service.clone());
                self.claim(FactKind::ServiceType, field, &service, seen, grounds);
            }
            if let Some(name) = conversation.server.name.as_ref().filter(|_| is_client) {
                let seen = || talk_evidence(conversation, "conversation.server", "name it asks for", name.clone());
                self.claim(FactKind::ServerName, "conversation.server", name, seen, grounds);
            }
        }
    }

    /// A service with its port, as `http/8530` or, of a protocol that was not understood, `udp/7000`; only where knowledge lists the port.
    fn service_on_port(&self, conversation: &Conversation) -> Option<Word> {
        let carrier = match conversation.transport {
            model::Transport::Tcp => "tcp",
            model::Transport::Udp => "udp",
            model::Transport::Ip(_) | model::Transport::Link(_) => return None,
        };
        let protocol = if conversation.protocol.is_empty() { carrier } else { conversation.protocol.as_str() };
        self.knowledge.is_port_listed(protocol, conversation.port).then(|| format!("{protocol}/{}", conversation.port).into())
    }

    /// What it does for others, unless its interface is that of a maker of clinical devices, which may do the same.
    fn claim_roles(&self, reported: &[Record<'_>], grounds: &mut Vec<Ground>) {
        let is_clinical = self.macs().filter_map(|mac| self.knowledge.maker_of(mac)).any(|r| !r.clinical_classes.is_empty());
        for role in roles::roles(&self.id, &self.talk, reported) {
            if is_clinical && role.class != "monitoring_gateway" {
                continue;
            }
            let seen = talk_evidence(role.shown_by, "conversation.role", "what it does for others", role.why.into());
            let confidence = Confidence::percent(role.percent);
            grounds.push(Ground { property: Trait::Class, value: role.class.into(), confidence, evidence: Arc::new(seen) });
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
        let evidence =
            Arc::new(Evidence { rule: Some(format_smolstr!("computers that run {}", os.value)), ..Evidence::clone(seen) });
        grounds.push(Ground { property: Trait::Class, value: class.into(), confidence, evidence });
    }

    fn claim_registrants(&self, grounds: &mut Vec<Ground>) {
        let class = weigh(grounds.iter().filter(|ground| ground.property == Trait::Class)).map(|class| class.value);
        let is_clinical = self.talk.iter().any(|conversation| conversation.clinical.is_some());
        for mac in self.macs() {
            let Some(registrant) = self.knowledge.maker_of(mac).filter(|r| r.kind == RegistrantKind::Maker) else { continue };
            let seen =
                Arc::new(Evidence { rule: Some(Word::new_static("IEEE registration authority")), ..self.mac_evidence(mac) });
            let mut ground = |property, value: &str, percent| {
                let (value, confidence) = (value.into(), Confidence::percent(percent));
                grounds.push(Ground { property, value, confidence, evidence: seen.clone() });
            };
            // What the device does is nothing that the block's holder makes: it is a part of somebody's device.
            let is_odd = !registrant.usual_classes.is_empty()
                && class.as_ref().map_or(is_clinical, |class| !registrant.usual_classes.iter().any(|usual| usual == class));
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
            origin: origin("ieee802".into(), "ieee802.source", "MAC address block"),
            value: format_smolstr!("{mac}"),
            rule: None,
            frame: self.first_frame(),
            first_seen: span.first,
            last_seen: span.last,
            count: 1,
        }
    }

    fn first_frame(&self) -> FrameRef {
        let of_talk = self.talk.iter().map(|conversation| conversation.frame);
        let of_facts = self.member.facts.iter().map(|fact| fact.seen.frame);
        of_talk.chain(of_facts).min().unwrap_or_default()
    }

    fn router_class(&self, span: Span) -> Attribute {
        let seen = Evidence {
            origin: origin("ip".into(), "ip.forwarding", "forwards packets of other addresses"),
            value: Word::new_static("yes"),
            rule: None,
            frame: self.first_frame(),
            first_seen: span.first,
            last_seen: span.last,
            count: 1,
        };
        Attribute {
            value: Word::new_static("router"),
            confidence: Confidence::percent(70),
            evidence: smallvec![Arc::new(seen)],
            disagreeing: Vec::new(),
        }
    }

    fn impact(&self, class: &Attribute) -> Option<Box<Attribute>> {
        let impact = self.knowledge.class(&class.value)?.impact;
        let (value, evidence) = (Word::new_static(impact.name()), class.evidence.clone());
        Some(Box::new(Attribute { value, confidence: class.confidence, evidence, disagreeing: Vec::new() }))
    }

    fn interfaces(&self, span: Span) -> Vec<Interface> {
        let of = |mac: Option<MacAddr>| {
            let mut seen = Span::EMPTY;
            let mut vlans = BTreeSet::new();
            for (_, record) in self.endpoints().filter(|(_, record)| mac.is_none() || record.endpoint.mac == mac) {
                seen.add(record.sent);
                vlans.extend(record.vlans.iter().copied());
            }
            let seen = if seen.is_empty() { span } else { seen };
            Interface {
                mac,
                registrant: mac.and_then(|mac| self.knowledge.maker_of(mac)).map(|r| r.name.into()),
                locally_administered: mac.is_some_and(MacAddr::is_local),
                vlans: vlans.into_iter().collect(),
                first_seen: seen.first,
                last_seen: seen.last,
            }
        };
        let interfaces: Vec<Interface> = self.macs().map(|mac| of(Some(mac))).collect();
        if interfaces.is_empty() { vec![of(None)] } else { interfaces }
    }

    fn addresses(&self) -> Vec<Address> {
        type Known = (Span, Option<&'static str>);
        let mut seen: BTreeMap<(IpAddr, Option<MacAddr>), Known> = BTreeMap::new();
        for (id, record) in self.endpoints() {
            let Some(ip) = record.endpoint.ip.filter(|ip| is_unicast(ip) || ip.is_loopback()) else { continue };
            let mac = record.endpoint.mac.filter(|mac| self.group.contains(&Node::Mac(*mac)));
            let (span, known_by) = seen.entry((ip, mac)).or_insert((Span::EMPTY, None));
            *known_by = mac.and_then(|_| self.identity.known_by(id)).or(*known_by);
            span.add(record.sent);
            self.store.facts_of(&record.facts).for_each(|fact| span.add(fact.span()));
        }
        let has_mac = |ip: IpAddr| seen.range((ip, Some(MacAddr::ZERO))..).next().is_some_and(|((other, _), _)| *other == ip);
        seen.iter()
            .filter(|((ip, mac), (span, _))| !span.is_empty() && (mac.is_some() || !has_mac(*ip)))
            .map(|((ip, mac), (span, known_by))| Address {
                ip: *ip,
                mac: *mac,
                first_seen: span.first,
                last_seen: span.last,
                known_by: Word::new_static(known_by.unwrap_or("traffic")),
            })
            .collect()
    }

    fn software(&self, grounds: &[Ground]) -> Vec<Attribute> {
        let values: BTreeSet<&str> = grounds.iter().filter(|g| g.property == Trait::Software).map(|g| g.value.as_str()).collect();
        values
            .into_iter()
            .filter_map(|value| weigh(grounds.iter().filter(|g| g.property == Trait::Software && g.value == value)))
            .map(|software| *software)
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
                protocol: conversation.protocol.clone(),
                name: conversation.service.clone(),
                management: conversation.management,
                clients: clients.len() as u64,
                banners: facts
                    .iter()
                    .filter(|fact| fact.kind == FactKind::ServerBanner && fact.protocol() == protocol)
                    .map(|fact| fact.text().clone())
                    .collect(),
            })
            .collect()
    }
}

/// Where a statement of ours was read.
fn origin(protocol: Cow<'static, str>, field: &'static str, label: &'static str) -> Arc<Origin> {
    Arc::new(Origin { protocol, field: field.into(), label: label.into() })
}

fn talk_evidence(conversation: &Conversation, field: &'static str, label: &'static str, value: Word) -> Evidence {
    Evidence {
        origin: origin(conversation.protocol.to_string().into(), field, label),
        value,
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
    let by_agent =
        grounds.iter().filter(|ground| ground.property == Trait::Os && ground.evidence.origin.field.ends_with("user-agent"));
    let mut seen: BTreeMap<&str, Arc<Evidence>> = BTreeMap::new();
    for ground in by_agent {
        if let Some(system) = SYSTEMS.iter().find(|system| ground.value.starts_with(**system)) {
            seen.entry(system).or_insert_with(|| Arc::clone(&ground.evidence));
        }
    }
    let names = seen.keys().copied().collect::<Vec<_>>().join(" and ");
    let value = format_smolstr!("several computers behind one address: {names}");
    (seen.len() > 1).then(|| Identifier { kind: FactKind::StackTraits, value, evidence: seen.into_values().collect() })
}

/// A property whose facts are taken as they stand.
fn direct(facts: &[&FactRecord], kind: FactKind) -> Option<Box<Attribute>> {
    let grounds: Vec<Ground> = facts
        .iter()
        .filter(|fact| fact.kind == kind)
        .map(|fact| Ground {
            property: Trait::Name,
            value: fact.text().clone(),
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
    let mut found: Vec<(FactKind, &Word, &Arc<Evidence>)> =
        facts.iter().filter(|fact| is_identifier(fact.kind) == keys).map(|fact| (fact.kind, fact.text(), &fact.seen)).collect();
    found.sort();
    let same = found.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1));
    same.filter_map(|same| {
        let (kind, value, _) = same.first()?;
        let evidence = same.iter().take(MAX_EVIDENCE).map(|(_, _, seen)| Arc::clone(seen)).collect();
        Some(Identifier { kind: *kind, value: (*value).clone(), evidence })
    })
    .collect()
}
