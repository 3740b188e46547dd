//! How much a device is used, from its own flows: in which hours of a day it exchanged clinical content, and how often.
//!
//! What only keeps a device on the network (names, time, addresses) says nothing of use; so hours count where a clinical protocol spoke.

use std::collections::BTreeMap;
use std::net::IpAddr;

use model::observation::FlowRecord;
use model::{Endpoint, MacAddr, Timestamp};

const HOUR: i64 = 3_600_000_000_000;
const DAY: i64 = 24 * HOUR;
/// Longest flow that is spread over hours: a record of longer ones is a mistake of somebody's clock.
const MOST_HOURS: i64 = 24 * 32;
/// Rows that are held until they are drained; what is beyond is counted.
const MOST_ROWS: usize = 200_000;

/// An interface: its MAC address, or its IP address where it is behind a router.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Interface {
    /// MAC address.
    Mac(MacAddr),
    /// IP address.
    Ip(IpAddr),
}

/// What an interface did on a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Use {
    /// Hours (UTC) in which it spoke at all, bit 0 the first.
    pub hours_on: u32,
    /// Hours in which it exchanged clinical content.
    pub hours_used: u32,
    /// Flows by clinical protocol.
    pub exchanges: BTreeMap<String, u64>,
}

/// Adds up flows by interface and day (number of days since 1970).
#[derive(Debug, Default)]
pub struct Meter {
    rows: BTreeMap<(Interface, i32), Use>,
    /// Flows that found no place.
    pub dropped: u64,
}

impl Meter {
    /// Takes in a flow. `is_clinical` says which protocols are.
    pub fn add(&mut self, flow: &FlowRecord, is_clinical: impl Fn(&str) -> bool) {
        let protocol = flow.protocol.as_deref().filter(|protocol| is_clinical(protocol));
        for endpoint in [flow.key.client, flow.key.server] {
            for interface in interfaces(&endpoint) {
                self.note(interface, flow, protocol);
            }
        }
    }

    fn note(&mut self, interface: Interface, flow: &FlowRecord, protocol: Option<&str>) {
        let first = flow.first.nanos().div_euclid(HOUR);
        let last = flow.last.nanos().div_euclid(HOUR).clamp(first, first.saturating_add(MOST_HOURS));
        for hour in first..=last {
            let Some(row) = self.row(interface, hour) else { continue };
            let bit = 1_u32 << hour.rem_euclid(24);
            row.hours_on |= bit;
            if let Some(protocol) = protocol {
                row.hours_used |= bit;
                if hour == first {
                    let count = row.exchanges.entry(protocol.to_owned()).or_default();
                    *count = count.saturating_add(1);
                }
            }
        }
    }

    fn row(&mut self, interface: Interface, hour: i64) -> Option<&mut Use> {
        let key = (interface, i32::try_from(hour.div_euclid(24)).ok()?);
        if self.rows.len() >= MOST_ROWS && !self.rows.contains_key(&key) {
            self.dropped = self.dropped.saturating_add(1);
            return None;
        }
        Some(self.rows.entry(key).or_default())
    }

    /// What was added up since the last time.
    pub fn drain(&mut self) -> BTreeMap<(Interface, i32), Use> {
        std::mem::take(&mut self.rows)
    }
}

/// Both keys of an endpoint: which of them is the device's own, inventory knows and the reader asks for.
fn interfaces(endpoint: &Endpoint) -> impl Iterator<Item = Interface> {
    endpoint.mac.filter(|mac| mac.is_interface()).map(Interface::Mac).into_iter().chain(endpoint.ip.map(Interface::Ip))
}

/// Number of the day of a time.
#[must_use]
pub fn day(time: Timestamp) -> i32 {
    i32::try_from(time.nanos().div_euclid(DAY)).unwrap_or(i32::MAX)
}
