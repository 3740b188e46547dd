//! History: flows and events in Parquet segments, a manifest of them, and questions about them within bounds.
//!
//! The way in is [`Lake`]: rows go in by [`Lake::append`], are found at once by [`Lake::search`], [`Lake::histogram`] and [`Lake::sql`], and become
//! segments by [`Lake::upkeep`]. A segment is one Parquet file with rows of one site and one day, sorted, never changed once it is
//! written; it is part of history when its row is in the [`Manifest`], and not before. Paths are
//! `kind=flow/tenant=…/site=…/date=…/<id>.parquet`, so that DuckDB or Spark read the folder without help.
//!
//! This is the only crate that names arrow, parquet, datafusion and object_store, and none of their types is in its interface. It
//! looks at no clock but for the time limit of a query.

mod bounds;
mod buffer;
mod column;
mod engine;
mod error;
mod filter;
mod lake;
mod manifest;
mod network;
mod place;
mod query;
mod row;
mod search;
mod segment;
mod sql;
mod upkeep;
mod work;

pub use column::Row;
pub use error::Error;
pub use filter::{EventFilter, Filter, FlowFilter, Party, Scope, Span};
pub use futures::future::BoxFuture;
pub use lake::{Batch, Config, Lake, Upkeep};
pub use manifest::{Change, Kind, Manifest, ManifestError, Mark, Plain, SCHEMA, Segment, Want};
pub use place::{Bucket, Place};
pub use query::Warning;
pub use row::{End, Event, Flow, Known, Origin};
pub use search::{Bucket as HistogramBucket, Histogram, MAX_BUCKETS, MAX_PAGE, Order, Page};
pub use sql::{Answer, Head, Limits, MAX_TEXT};
