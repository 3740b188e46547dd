//! The sensor's own state, from its counters and from what passes: how much, how much was lost, and what it cannot see.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use capture::live::{Counters, Interface};
use knowledge::Knowledge;
use model::health::{ClockHealth, Health, InterfaceHealth, Mirror};
use model::observation::Subject;
use model::report::Unseen;
use model::{FactKind, FactValue, Observation, Timestamp, Transport};

use super::clock;
use super::tally::Tally;

/// Time servers whose clocks are remembered.
const MAX_SERVERS: usize = 64;
/// Tunnels that carry nothing but mirrored traffic, whoever they go to.
const MIRRORS: [&str; 2] = ["erspan", "tzsp"];
/// Frames before it is said what is missing among them.
const ENOUGH: u64 = 100;

/// Watches over the sensor.
pub(super) struct Watch {
    knowledge: Arc<Knowledge>,
    interfaces: Vec<Watched>,
    own_addresses: Vec<IpAddr>,
    since: Timestamp,
    observations: u64,
    pub(super) lost: u64,
    tcp_flows: u64,
    clinical: bool,
    /// Protocols by whether they carry clinical content.
    protocols: BTreeMap<String, bool>,
    servers: BTreeSet<IpAddr>,
    ahead_ns: BTreeMap<IpAddr, i64>,
}

/// An interface, and what was counted when it was looked at last.
struct Watched {
    interface: Interface,
    at_start: Counters,
    before: (u64, u64, Instant),
}

impl Watch {
    pub(super) fn new(interfaces: Vec<Interface>, own_addresses: Vec<IpAddr>, knowledge: Arc<Knowledge>) -> Self {
        let watched = |mut interface: Interface| {
            let at_start = interface.counters();
            Watched { interface, at_start, before: (0, 0, clock::instant()) }
        };
        Self {
            knowledge,
            interfaces: interfaces.into_iter().map(watched).collect(),
            own_addresses,
            since: clock::now(),
            observations: 0,
            lost: 0,
            tcp_flows: 0,
            clinical: false,
            protocols: BTreeMap::new(),
            servers: BTreeSet::new(),
            ahead_ns: BTreeMap::new(),
        }
    }

    /// Takes note of an observation.
    pub(super) fn note(&mut self, observation: &Observation) {
        self.observations = self.observations.saturating_add(1);
        let protocol = match observation {
            Observation::Flow(flow) => {
                self.tcp_flows = self.tcp_flows.saturating_add((flow.key.transport == Transport::Tcp).into());
                flow.protocol.as_deref()
            }
            Observation::Fact(fact) => {
                if fact.protocol == "ntp" {
                    self.time_server(&fact.subject, fact.kind, &fact.value);
                }
                Some(fact.protocol.as_ref())
            }
        };
        if let (false, Some(protocol)) = (self.clinical, protocol) {
            self.clinical = self.carries_clinical(protocol);
        }
    }

    fn carries_clinical(&mut self, protocol: &str) -> bool {
        if let Some(known) = self.protocols.get(protocol) {
            return *known;
        }
        let clinical = self.knowledge.service(protocol, 0).is_some_and(|service| service.carries.is_some());
        self.protocols.insert(protocol.to_owned(), clinical);
        clinical
    }

    fn time_server(&mut self, subject: &Subject, kind: FactKind, value: &FactValue) {
        let Subject::Endpoint(endpoint) = subject else { return };
        let Some(ip) = endpoint.ip else { return };
        match (kind, value) {
            (FactKind::TimeServer, _) if self.servers.len() < MAX_SERVERS => drop(self.servers.insert(ip)),
            (FactKind::Clock, FactValue::ClockOffset(ahead)) if self.servers.contains(&ip) => {
                self.ahead_ns.insert(ip, *ahead);
            }
            _ => {}
        }
    }

    /// The state now.
    pub(super) fn health(&mut self, tally: &Tally) -> Health {
        let (coverage, seen) = (tally.coverage(), tally.seen());
        let mut health = Health {
            time: clock::now(),
            since: self.since,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            interfaces: self
                .interfaces
                .iter_mut()
                .enumerate()
                .map(|(index, watched)| watched.health(&tally.interface(index)))
                .collect(),
            observations: self.observations,
            observations_lost: self.lost,
            open_flows: tally.open_flows(),
            one_way_percent: coverage
                .one_way
                .saturating_mul(100)
                .checked_div(self.tcp_flows)
                .map(|percent| u8::try_from(percent).unwrap_or(100).min(100)),
            vlans: seen.vlans.iter().copied().collect(),
            subnets: seen.subnets.iter().map(|ip| format!("{ip}/{}", if ip.is_ipv4() { 24 } else { 64 })).collect(),
            mirrors: self.mirrors(&seen),
            clock: self.clock(),
            cannot_see: Vec::new(),
        };
        health.cannot_see = self.cannot_see(&health, coverage.cut_frames);
        health
    }

    fn mirrors(&self, seen: &sensor::Seen) -> Vec<Mirror> {
        let to_us = |kind: &str, to: &IpAddr| MIRRORS.contains(&kind) || self.own_addresses.contains(to);
        let mirrors = seen.tunnels.iter().filter(|((kind, _, to), _)| to_us(kind, to));
        mirrors
            .map(|((kind, source, destination), packets)| Mirror {
                kind: (*kind).to_owned(),
                source: *source,
                destination: *destination,
                packets: *packets,
            })
            .collect()
    }

    fn clock(&self) -> ClockHealth {
        let state = capture::live::clock_state().ok();
        let mut ahead: Vec<i64> = self.ahead_ns.values().copied().collect();
        ahead.sort_unstable();
        ClockHealth {
            kept: state.map(|(kept, _)| kept),
            may_err_us: state.filter(|(kept, _)| *kept).map(|(_, error)| error),
            ntp_ahead_us: ahead.get(ahead.len() / 2).map(|nanos| nanos / 1000),
            ntp_servers: u64::try_from(ahead.len()).unwrap_or(u64::MAX),
        }
    }

    fn cannot_see(&self, health: &Health, cut_frames: u64) -> Vec<Unseen> {
        let of = |count: fn(&InterfaceHealth) -> u64| health.interfaces.iter().map(count).fold(0, u64::saturating_add);
        let frames = of(|interface| interface.frames);
        let enough = frames >= ENOUGH;
        let mirrored = of(|interface| interface.passing) > 0 || !health.mirrors.is_empty();
        let down = health.interfaces.iter().filter(|interface| interface.carrier == Some(false)).count() as u64;
        let one_way = health.one_way_percent.filter(|percent| *percent >= 20);
        let clock_off = health.clock.ntp_ahead_us.filter(|ahead| ahead.unsigned_abs() >= 1_000_000);
        let when = |holds: bool, count: u64| if holds { count.max(1) } else { 0 };
        let said = [
            (
                "ring-drops",
                "frames found no room in the ring",
                of(|i| i.ring_drops),
                "The sensor was too slow; facts and conversations may be missing. More --threads or --buffer help.",
            ),
            (
                "kernel-drops",
                "frames were lost by the network card or its driver",
                of(|i| i.kernel_drops),
                "Facts and conversations may be missing.",
            ),
            ("no-carrier", "interfaces have no link", down, "Nothing comes in there: look at the cable and the mirror port."),
            ("nothing", "no frame has come in yet", when(frames == 0, 0), "Look at the cable, the mirror port and its source."),
            (
                "no-mirror",
                "only broadcasts and this machine's own traffic were seen",
                when(enough && !mirrored, frames),
                "Traffic between others does not come here: the port is probably not a mirror port.",
            ),
            (
                "one-way",
                "percent of connections were seen in one direction only",
                one_way.map_or(0, u64::from),
                "The mirror gives one direction, or another way is taken back: mirror both directions.",
            ),
            (
                "no-clinical",
                "no clinical protocol was seen",
                when(enough && mirrored && !self.clinical, 0),
                "The mirror may leave out the clinical networks; what they do is not known.",
            ),
            ("cut-frames", "frames were cut", cut_frames, "What stood behind the cut was not read."),
            (
                "sends",
                "frames left this machine through interfaces it listens on",
                of(|i| i.sent),
                "The sensor sends nothing: the system or another program does. Take the interface's addresses away and switch IPv6 off there.",
            ),
            (
                "clock",
                "seconds lie between this machine's clock and the time servers seen",
                clock_off.map_or(0, |us| us.unsigned_abs() / 1_000_000),
                "Times of observations are wrong by as much.",
            ),
            ("observations-lost", "observations could not be written", self.lost, "They are missing in the output."),
        ];
        let holds = said.into_iter().filter(|(_, _, count, _)| *count > 0);
        holds
            .map(|(kind, what, count, consequence)| Unseen {
                kind: kind.to_owned(),
                what: what.to_owned(),
                count,
                consequence: consequence.to_owned(),
            })
            .collect()
    }
}

impl Watched {
    fn health(&mut self, frames: &super::worker::Frames) -> InterfaceHealth {
        let (counters, now) = (self.interface.counters(), clock::instant());
        let (frames_before, bytes_before, looked) = std::mem::replace(&mut self.before, (frames.frames, frames.bytes, now));
        let millis = u64::try_from(now.duration_since(looked).as_millis()).unwrap_or(u64::MAX).max(1);
        let per_s = |now: u64, before: u64| now.saturating_sub(before).saturating_mul(1000) / millis;
        let since_start = |of: fn(&Counters) -> Option<u64>| {
            of(&counters).unwrap_or_default().saturating_sub(of(&self.at_start).unwrap_or_default())
        };
        InterfaceHealth {
            name: self.interface.name().to_owned(),
            carrier: counters.carrier,
            frames: frames.frames,
            bytes: frames.bytes,
            frames_per_s: per_s(frames.frames, frames_before),
            bits_per_s: per_s(frames.bytes, bytes_before).saturating_mul(8),
            ring_drops: frames.dropped,
            kernel_drops: since_start(|counters| counters.missed),
            passing: frames.passing,
            to_group: frames.to_group,
            to_sensor: frames.to_us,
            // On a loopback interface everything is sent here.
            sent: if self.interface.is_loopback() { 0 } else { since_start(|counters| counters.sent).max(frames.sent) },
        }
    }
}
