//! What can go wrong with the state.

/// What can go wrong with the state.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Neither SQLite nor PostgreSQL.
    #[error(
        "the database URL begins with neither sqlite: nor postgres:; give sqlite:///folder/state.db or postgres://user@host/name"
    )]
    Url,
    /// A newer program wrote it.
    #[error(
        "the database has schema {found}, this program knows {known}: run the newer program, or restore a backup made before the upgrade"
    )]
    Newer {
        /// As found.
        found: i64,
        /// Newest known.
        known: i64,
    },
    /// Somebody else changed it in between.
    #[error("it was changed by somebody else in the meantime: read it again and repeat the change")]
    Conflict,
    /// No such thing.
    #[error("there is no such {0}")]
    Absent(&'static str),
    /// It exists already.
    #[error("there is such a {0} already")]
    Exists(&'static str),
    /// A copy is not the same.
    #[error("the copy of {table} is not the same: {sent} rows were sent, {there} are there; nothing else was changed, try again")]
    Copy {
        /// Table.
        table: String,
        /// Rows that were read.
        sent: u64,
        /// Rows of the copy.
        there: u64,
    },
    /// The entry of an act has more octets than a ledger takes.
    #[error("the ledger's entry of this act has {0} octets, and at most 65,535 are possible: do less at once, or say it shorter")]
    LongEntry(usize),
    /// What is stored cannot be read.
    #[error("what is stored cannot be read: {0}")]
    Stored(#[from] serde_json::Error),
    /// The database says so.
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
}

impl Error {
    /// A row with the same key is there already.
    #[must_use]
    pub fn is_duplicate(&self) -> bool {
        matches!(self, Self::Database(error) if error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation))
    }
}

/// A result of the store.
pub type Result<T> = std::result::Result<T, Error>;
