//! Statements put together piece by piece.
//!
//! sqlx's own builder writes `?` for every value where the database is told at run time, which PostgreSQL does not take; this one
//! writes `$1`, `$2` …, which both do.

use std::fmt::{Display, Write as _};

use sqlx::any::AnyArguments;
use sqlx::{Any, Arguments as _, AssertSqlSafe, Encode, Type};

/// A statement with its values.
pub(crate) struct Query {
    text: String,
    values: AnyArguments,
    count: usize,
    failed: Option<sqlx::error::BoxDynError>,
}

impl Query {
    /// A statement that begins with a text.
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), values: AnyArguments::default(), count: 0, failed: None }
    }

    /// Adds text: of this program, never of others.
    pub(crate) fn push(&mut self, text: impl Display) -> &mut Self {
        // Writing to a string cannot fail.
        let _ = write!(self.text, "{text}");
        self
    }

    /// Adds a value.
    pub(crate) fn push_bind<'t, T: Encode<'t, Any> + Type<Any> + 't>(&mut self, value: T) -> &mut Self {
        self.count = self.count.saturating_add(1);
        self.failed = self.failed.take().or(self.values.add(value).err());
        let count = self.count;
        self.push(format_args!("${count}"))
    }

    /// Asks for the rows.
    pub(crate) async fn fetch_all(self, pool: &sqlx::AnyPool) -> sqlx::Result<Vec<sqlx::any::AnyRow>> {
        self.built()?.fetch_all(pool).await
    }

    /// Asks for a row that may not be there.
    pub(crate) async fn fetch_optional<'e, E>(self, executor: E) -> sqlx::Result<Option<sqlx::any::AnyRow>>
    where
        E: sqlx::Executor<'e, Database = Any>,
    {
        self.built()?.fetch_optional(executor).await
    }

    /// Does it.
    pub(crate) async fn execute<'e, E>(self, executor: E) -> crate::Result<()>
    where
        E: sqlx::Executor<'e, Database = Any>,
    {
        self.built()?.execute(executor).await?;
        Ok(())
    }

    fn built(self) -> sqlx::Result<sqlx::query::Query<'static, Any, AnyArguments>> {
        match self.failed {
            Some(error) => Err(sqlx::Error::Encode(error)),
            None => Ok(sqlx::query_with(AssertSqlSafe(self.text), self.values)),
        }
    }
}
