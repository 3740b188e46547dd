//! Observations to devices and conversations, with the evidence of every statement.
//!
//! Way in: an [`Inventory`] takes observations in, in any order; [`Inventory::resolve`] says which devices and conversations
//! they amount to. Folding is cheap and happens as observations come; resolving is a pure function of what was folded, so that
//! the same observations give the same answer whatever their order.
//!
//! [`Inventory::save`] writes down what was folded, [`Inventory::load`] goes on from there.
//!
//! Depends on `model` and `knowledge`; no clock, no I/O but the writer and reader it is lent.

mod administration;
mod attributes;
mod conversations;
mod grounds;
mod identity;
mod records;
mod roles;
mod snapshot;
mod store;
#[cfg(test)]
mod tests;
mod ties;

use ipnet::IpNet;
use knowledge::Knowledge;
use model::report::{Conversation, Device};
use model::{Intake, Observation, Word};
use std::net::IpAddr;

use identity::Identity;
pub use identity::{Node, Said};
use store::Store;

/// What the site is.
#[derive(Clone, Debug)]
pub struct Config {
    /// Networks taken as inside.
    pub site_networks: Vec<IpNet>,
}

impl Default for Config {
    /// Private and link-local networks (RFC 1918, RFC 3927, RFC 4193, RFC 4291 §2.5.6, RFC 6598).
    fn default() -> Self {
        const PRIVATE: [&str; 7] =
            ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10", "fc00::/7", "fe80::/10"];
        Self { site_networks: PRIVATE.iter().filter_map(|text| text.parse().ok()).collect() }
    }
}

impl Config {
    /// The address is in one of the site's networks.
    #[must_use]
    pub fn is_inside(&self, ip: IpAddr) -> bool {
        self.site_networks.iter().any(|network| network.contains(&ip))
    }
}

/// Everything observed, folded.
#[derive(Debug, Default)]
pub struct Inventory {
    store: Store,
    config: Config,
}

/// What observations amount to.
#[derive(Debug)]
pub struct Resolved {
    /// Devices, by id.
    pub devices: Vec<Device>,
    /// Conversations, by id.
    pub conversations: Vec<Conversation>,
    /// Values that were not kept because something said too many different ones of a field.
    pub values_dropped: u64,
}

impl Inventory {
    /// An inventory of a site that has seen nothing.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self { store: Store::default(), config }
    }

    /// Sets up anew what the next [`Inventory::resolve`] goes by.
    pub fn set_config(&mut self, config: Config) {
        self.config = config;
    }

    /// Which devices and conversations were observed so far.
    #[must_use]
    pub fn resolve(&self, knowledge: &Knowledge) -> Resolved {
        self.resolve_as_said(knowledge, &[])
    }

    /// The same with what people say of which interfaces are one device, in the order in which they said it.
    #[must_use]
    pub fn resolve_as_said(&self, knowledge: &Knowledge, said: &[Said]) -> Resolved {
        let identity = Identity::of(&self.store, &self.config, said);
        let ids: Vec<Word> = identity.groups.iter().map(|group| conversations::device_id(group)).collect();
        let mut talk = conversations::resolve(&self.store, &identity, &ids, knowledge);
        let mut devices = attributes::devices(&self.store, &identity, &ids, knowledge, &mut talk);
        administration::fill(&mut devices, &talk.conversations, knowledge);
        Resolved { devices, conversations: talk.conversations, values_dropped: self.store.values_dropped }
    }
}

impl Intake for Inventory {
    fn take(&mut self, observation: Observation) {
        self.store.take(observation);
    }
}
