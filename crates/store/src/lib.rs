//! State: what the hub knows and what people did, in SQLite or PostgreSQL.
//!
//! Way in: [`Store::open`] with a URL. Reading is done by methods of [`Store`]. What a person or a reconciler changes goes through a
//! [`Change`]: a transaction whose commit needs an [`Act`], which becomes a ledger entry in the same transaction. Methods that write
//! exist on `Change` only, so that nothing is changed without its entry. What observation amounts to is no act and is written
//! through [`Writer`].
//!
//! Statements are one text for both databases (`$1`, `ON CONFLICT`, `{INT}` in migrations); [`Engine`] tells where they differ.
//! The only crate that names sqlx.

mod change;
mod error;
mod glass;
mod ids;
mod imports;
mod migrate;
mod observed;
mod outbox;
mod people;
mod proofs;
mod query;
mod records;
mod segments;
mod sensors;
mod sites;
mod tokens;
mod whole;

use std::time::Duration;

use sqlx::any::{AnyPoolOptions, install_default_drivers};
use sqlx::{AnyPool, Executor as _};

pub use change::{Act, Actor, ActorKind, Change, LedgerFilter, LedgerRow, LedgerScope, MAX_ENTRY_BYTES, Writer};
pub use error::{Error, Result};
pub use glass::{GlassReview, GlassRow, SealedRow};
pub use ids::{new_id, secret};
pub use imports::{ChecklistRow, ImportRow, OnboardingRow};
pub use migrate::VERSION;
pub use observed::{CaptureRow, DeviceFilter, DeviceRow, Facets, FindingFilter, FindingRow, Gone, ObservedChange, Page};
pub use outbox::{KeptAnswer, MessageRow, WebhookRow};
pub use people::{PersonRow, RoleRow, SessionRow};
pub use proofs::{ExceptionRow, PasskeyRow, Proofs, TotpRow};
pub use records::{AttachmentRow, RecordFacets, RecordFilter, RecordRow, StatementRow, ViewRow};
pub use segments::{SegmentChange, SegmentFilter, SegmentRow};
pub use sensors::SensorRow;
pub use sites::{SiteRow, TenantRow};
pub use tokens::TokenRow;
pub use whole::{Condition, TableSum};

/// Which database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// SQLite, in the data folder.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// The state of a hub.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) readers: AnyPool,
    /// Of SQLite one connection, since it has one writer.
    pub(crate) writers: AnyPool,
    engine: Engine,
}

impl Store {
    /// Opens a database (`sqlite:///folder/state.db`, `postgres://user@host/name`) and brings its schema up to date.
    ///
    /// # Errors
    /// [`Error::Url`] for another scheme, [`Error::Newer`] when a newer program wrote it, and what the database says.
    pub async fn open(url: &str) -> Result<Self> {
        install_default_drivers();
        let engine = match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => Engine::Sqlite,
            Some("postgres" | "postgresql") => Engine::Postgres,
            _ => return Err(Error::Url),
        };
        let (one, url) = match engine {
            Engine::Sqlite if url.contains('?') => (1, url.to_owned()),
            Engine::Sqlite => (1, format!("{url}?mode=rwc")),
            Engine::Postgres => (8, url.to_owned()),
        };
        let writers = pool(engine, one).connect(&url).await?;
        migrate::run(&mut *writers.acquire().await?, engine).await?;
        let readers = match engine {
            Engine::Sqlite => pool(engine, 4).connect(&url).await?,
            Engine::Postgres => writers.clone(),
        };
        Ok(Self { readers, writers, engine })
    }

    /// Which database it is.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        self.engine
    }

    /// Finishes what runs and closes.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writers.close().await;
    }
}

fn pool(engine: Engine, most: u32) -> AnyPoolOptions {
    AnyPoolOptions::new().max_connections(most).acquire_timeout(Duration::from_secs(15)).after_connect(move |connection, _| {
        Box::pin(async move {
            if engine == Engine::Sqlite {
                connection.execute("PRAGMA journal_mode = WAL").await?;
                connection.execute("PRAGMA synchronous = FULL").await?;
                connection.execute("PRAGMA foreign_keys = ON").await?;
                connection.execute("PRAGMA busy_timeout = 10000").await?;
            }
            Ok(())
        })
    })
}
