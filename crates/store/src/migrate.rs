//! Upgrades of the schema, one text for both databases.
//!
//! What differs is written as a word in braces: `{INT}` is a 64-bit integer, `{STRICT}` ends a table so that SQLite minds its types.

use sqlx::{AnyConnection, AssertSqlSafe, Connection as _, Row as _};

use crate::{Engine, Error, Result};

/// Every upgrade, in order. One that was released is never changed: a new one is added.
pub(crate) const MIGRATIONS: &[(i64, &str)] = &[
    (1, include_str!("../migrations/0001_foundation.sql")),
    (2, include_str!("../migrations/0002_people.sql")),
    (4, include_str!("../migrations/0004_segment.sql")),
    (5, include_str!("../migrations/0005_link.sql")),
    (6, include_str!("../migrations/0006_segment_taken.sql")),
    (7, include_str!("../migrations/0007_records.sql")),
    (9, include_str!("../migrations/0009_facets.sql")),
    (10, include_str!("../migrations/0010_outbox.sql")),
];

/// Version of the schema that this program writes.
pub const VERSION: i64 = match MIGRATIONS.last() {
    Some((number, _)) => *number,
    None => 0,
};

/// Brings the schema to [`VERSION`]; each upgrade is there whole or not at all.
pub(crate) async fn run(connection: &mut AnyConnection, engine: Engine) -> Result<()> {
    let table = words("CREATE TABLE IF NOT EXISTS schema_version (version {INT} PRIMARY KEY) {STRICT}", engine);
    sqlx::raw_sql(AssertSqlSafe(table)).execute(&mut *connection).await?;
    let found = version(connection).await?;
    if found > VERSION {
        return Err(Error::Newer { found, known: VERSION });
    }
    // Each that is not there yet, whatever the highest: upgrades are written side by side and come in any order.
    let rows = sqlx::query("SELECT version FROM schema_version").fetch_all(&mut *connection).await?;
    let there = rows.iter().map(|row| row.try_get("version")).collect::<sqlx::Result<Vec<i64>>>()?;
    for (number, text) in MIGRATIONS.iter().filter(|(number, _)| !there.contains(number)) {
        let mut transaction = connection.begin().await?;
        sqlx::raw_sql(AssertSqlSafe(words(text, engine))).execute(&mut *transaction).await?;
        sqlx::query("INSERT INTO schema_version (version) VALUES ($1)").bind(*number).execute(&mut *transaction).await?;
        transaction.commit().await?;
    }
    Ok(())
}

/// Version of the schema as it is; 0 of an empty database.
pub(crate) async fn version(connection: &mut AnyConnection) -> Result<i64> {
    let row = sqlx::query("SELECT COALESCE(MAX(version), 0) AS version FROM schema_version").fetch_one(connection).await?;
    Ok(row.try_get("version")?)
}

fn words(text: &str, engine: Engine) -> String {
    let (int, strict) = match engine {
        Engine::Sqlite => ("INTEGER", "STRICT"),
        Engine::Postgres => ("BIGINT", ""),
    };
    text.replace("{INT}", int).replace("{STRICT}", strict)
}
