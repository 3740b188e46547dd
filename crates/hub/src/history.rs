//! What the hub wants of history; the engine behind it is somebody else's.

use async_trait::async_trait;
use model::Timestamp;
use model::observation::FlowRecord;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is looked for.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
pub struct Search {
    /// Site.
    pub site: String,
    /// From this time on, RFC 3339.
    #[schema(value_type = String)]
    pub since: Option<Timestamp>,
    /// Before this time, RFC 3339.
    #[schema(value_type = String)]
    pub until: Option<Timestamp>,
    /// An address or a network of either side.
    pub address: Option<String>,
    /// A device of either side.
    pub device: Option<String>,
    /// Protocol id.
    pub protocol: Option<String>,
    /// Port of the service.
    pub port: Option<u16>,
    /// Rows at most.
    pub limit: Option<u32>,
}

/// Rows and their columns, as text.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Table {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Rows.
    pub rows: Vec<Vec<String>>,
    /// There are more.
    pub has_more: bool,
    /// What could not be read and is missing.
    pub missing: Vec<String>,
}

/// Flows of a span of time.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Bucket {
    /// It begins, RFC 3339.
    #[schema(value_type = String)]
    pub begin: Timestamp,
    /// Flows.
    pub flows: u64,
    /// Bytes.
    pub bytes: u64,
}

/// Why history has no answer: in words, with what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NoAnswer(pub String);

/// Flows and events of long ago.
#[async_trait]
pub trait History: Send + Sync {
    /// Takes flows of a batch in; the same batch twice is taken once.
    async fn take(&self, site: &str, sensor: &str, number: u64, flows: Vec<FlowRecord>) -> Result<(), NoAnswer>;
    /// Looks for flows.
    async fn search(&self, search: &Search) -> Result<Table, NoAnswer>;
    /// Counts flows over time.
    async fn histogram(&self, search: &Search, buckets: u32) -> Result<Vec<Bucket>, NoAnswer>;
    /// Runs a statement that reads, over the sites given.
    async fn sql(&self, sites: &[String], statement: &str) -> Result<Table, NoAnswer>;
}
