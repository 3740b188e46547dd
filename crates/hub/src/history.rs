//! What the hub wants of history; the engine behind it is somebody else's.

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use model::report::Device;
use model::{Endpoint, MacAddr, Timestamp, Word};
use serde::{Deserialize, Serialize};
use store::Store;
use utoipa::ToSchema;

use crate::intake::Batch;

/// What is looked for. What is absent asks nothing.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub struct Search {
    /// Site.
    pub site: String,
    /// Flows that end at or after this time, RFC 3339.
    #[schema(value_type = Option<String>)]
    pub since: Option<Timestamp>,
    /// Flows that begin before this time, RFC 3339.
    #[schema(value_type = Option<String>)]
    pub until: Option<Timestamp>,
    /// A MAC address, an IP address or a network (10.0.4.0/24) of either side.
    pub address: Option<String>,
    /// A device of either side, by its id: flows that it was known to have, and those of the addresses that it holds now.
    pub device: Option<String>,
    /// Protocol id.
    pub protocol: Option<String>,
    /// Port of the service.
    pub port: Option<u16>,
    /// Rows at most, 1 to 1,000; 100 where absent.
    pub limit: Option<u32>,
    /// Where the page before ended. The newest flows come first.
    pub cursor: Option<String>,
}

/// Rows and their columns, as text; what is not known is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Table {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Rows.
    pub rows: Vec<Vec<String>>,
    /// There are more.
    pub has_more: bool,
    /// Where the next page begins; absent on the last, and where there are no pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// What could not be read and is missing, in words.
    pub missing: Vec<String>,
}

/// Flows of a span of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Bucket {
    /// It begins, RFC 3339.
    #[schema(value_type = String)]
    pub begin: Timestamp,
    /// Flows.
    pub flows: u64,
    /// Bytes, both ways.
    pub bytes: u64,
}

/// Flows over time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Buckets {
    /// In order of time, those without flows among them.
    pub buckets: Vec<Bucket>,
    /// What could not be read and is missing, in words.
    pub missing: Vec<String>,
}

/// Why history has no answer: in words, with what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// Whoever asks can mend it.
    #[error("{0}")]
    Asked(String),
    /// Too much is asked at once.
    #[error("{0}")]
    Busy(String),
    /// Whoever runs the hub can mend it.
    #[error("{0}")]
    Failed(String),
}

/// Why a batch was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// It can be, later.
    #[error("{0}")]
    Yet(String),
    /// It never can.
    #[error("{0}")]
    Ever(String),
}

/// A site and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Tenant.
    pub tenant: String,
    /// Site.
    pub site: String,
}

/// Flows and events of long ago.
#[async_trait]
pub trait History: Send + Sync {
    /// Takes a durable batch in. Batches of a sensor come in the order of their numbers; the same one twice is taken once.
    async fn take(&self, reach: &Reach, batch: Batch, names: &Names, now: Timestamp) -> Result<(), NotTaken>;
    /// The highest batch of each sensor that history itself would still have after the power went. The journal keeps those behind it.
    fn durable(&self) -> Vec<(String, u64)>;
    /// Looks for flows; `addresses` are those that the device of the search holds now.
    async fn search(&self, reach: &Reach, search: &Search, addresses: &[Endpoint]) -> Result<Table, NoAnswer>;
    /// Counts flows over time.
    async fn histogram(&self, reach: &Reach, search: &Search, addresses: &[Endpoint], buckets: u32) -> Result<Buckets, NoAnswer>;
    /// Runs a statement that reads, over the sites given and nothing else.
    async fn sql(&self, reach: &[Reach], statement: &str) -> Result<Table, NoAnswer>;
    /// Does what is due: writes, puts together, drops what is too old. Called every minute.
    async fn upkeep(&self, now: Timestamp) -> Result<(), NoAnswer>;
    /// Writes what it has in memory, because the hub ends.
    async fn finish(&self) -> Result<(), NoAnswer>;
}

/// Opens history over the state of a hub.
#[async_trait]
pub trait OpenHistory: Send + Sync {
    /// Opens it in the hub's data folder, with its manifest in the hub's state.
    async fn open(&self, store: &Store, data: &Path, now: Timestamp) -> anyhow::Result<Arc<dyn History>>;
}

/// Which device an address is, as it is known at a time.
#[derive(Debug, Default)]
pub struct Names {
    interfaces: HashMap<MacAddr, Word>,
    addresses: HashMap<IpAddr, (Timestamp, Word)>,
}

impl Names {
    /// Of a site's devices.
    #[must_use]
    pub fn of(devices: &[Device]) -> Self {
        let mut names = Self::default();
        for device in devices {
            // A router's interface stands beside every address that is behind it.
            for mac in device.interfaces.iter().filter_map(|interface| interface.mac).filter(|_| !device.is_router) {
                names.interfaces.insert(mac, device.id.clone());
            }
            for address in &device.addresses {
                let held = names.addresses.entry(address.ip).or_insert_with(|| (address.last_seen, device.id.clone()));
                if held.0 < address.last_seen {
                    *held = (address.last_seen, device.id.clone());
                }
            }
        }
        names
    }

    /// The device of an endpoint.
    #[must_use]
    pub fn device(&self, endpoint: &Endpoint) -> Option<&str> {
        let by_mac = || self.interfaces.get(&endpoint.mac?);
        let by_ip = || self.addresses.get(&endpoint.ip?).map(|(_, id)| id);
        by_mac().or_else(by_ip).map(Word::as_str)
    }
}

/// What a device is known by in its flows: its interfaces, or its addresses where it has none or stands beside others'.
#[must_use]
pub(crate) fn addresses(device: &Device) -> Vec<Endpoint> {
    let macs = device.interfaces.iter().filter_map(|interface| interface.mac).filter(|_| !device.is_router);
    let known: Vec<Endpoint> = macs.map(|mac| Endpoint { mac: Some(mac), ip: None }).collect();
    if !known.is_empty() {
        return known;
    }
    device.addresses.iter().map(|address| Endpoint { mac: None, ip: Some(address.ip) }).collect()
}
