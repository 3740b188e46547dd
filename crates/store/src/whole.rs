//! A database as a whole: checked, and copied to another one, of whichever kind.

use std::path::Path;

use futures::TryStreamExt as _;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AssertSqlSafe, Row as _};

use crate::migrate::{self, MIGRATIONS};
use crate::{Engine, Error, Result, Store};

/// What a database was found to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// Version of its schema.
    pub schema: i64,
    /// Tables, with what they hold.
    pub tables: Vec<TableSum>,
    /// What is wrong with it; empty where it is sound.
    pub wrong: Vec<String>,
}

/// What a table holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableSum {
    /// Name.
    pub table: String,
    /// Rows.
    pub rows: u64,
    /// Sum of the rows' digests, whatever their order: the same in a copy on another kind of database.
    pub digest: String,
}

/// A column: its name and whether it holds numbers.
struct Column {
    name: String,
    is_number: bool,
}

/// Every table, those that others refer to first: in the order in which the upgrades made them.
fn tables() -> impl Iterator<Item = &'static str> {
    let lines = MIGRATIONS.iter().flat_map(|(_, text)| text.lines());
    lines.filter_map(|line| line.strip_prefix("CREATE TABLE ")?.split([' ', '(']).next())
}

impl Store {
    /// Reads everything, and says what is wrong: what the database itself finds, and holes in the ledger's entries.
    ///
    /// # Errors
    /// The database's, where it cannot even be read.
    pub async fn check(&self) -> Result<Condition> {
        let mut connection = self.snapshot().await?;
        let mut wrong = Vec::new();
        if self.engine() == Engine::Sqlite {
            let found = sqlx::query("PRAGMA integrity_check").fetch_all(&mut connection).await?;
            let said = found.iter().map(|row| row.try_get::<String, _>(0)).collect::<sqlx::Result<Vec<_>>>()?;
            wrong.extend(said.into_iter().filter(|text| text != "ok"));
            let orphans = sqlx::query("SELECT \"table\" AS t, parent AS p FROM pragma_foreign_key_check");
            for row in orphans.fetch_all(&mut connection).await? {
                wrong.push(format!("a row of {} refers to one of {} that is not there", text(&row, "t")?, text(&row, "p")?));
            }
        }
        let row = sqlx::query("SELECT COUNT(*) AS n, COALESCE(MAX(seq), -1) AS last FROM ledger_entry");
        let row = row.fetch_one(&mut connection).await?;
        let (entries, last): (i64, i64) = (row.try_get("n")?, row.try_get("last")?);
        if last.saturating_add(1) != entries {
            wrong.push(format!("the ledger has {entries} entries and the last is number {last}: some are missing"));
        }
        let mut sums = Vec::new();
        for table in tables() {
            sums.push(sum(&mut connection, table, self.engine()).await?);
        }
        Ok(Condition { schema: migrate::version(&mut connection).await?, tables: sums, wrong })
    }

    /// Copies everything, as it is at one moment, to a database that is empty; then reads the copy and compares.
    ///
    /// # Errors
    /// [`Error::Exists`] where the target is not empty, [`Error::Copy`] where the copy is not the same; the databases'.
    pub async fn copy_to(&self, target: &Self) -> Result<Condition> {
        for table in ["tenant", "person", "ledger_entry"] {
            let row = sqlx::query(AssertSqlSafe(format!("SELECT COUNT(*) AS n FROM {table}"))).fetch_one(&target.readers).await?;
            if row.try_get::<i64, _>("n")? > 0 {
                return Err(Error::Exists("hub in the target"));
            }
        }
        let mut from = self.snapshot().await?;
        let mut writer = target.writer().await?;
        let mut sums = Vec::new();
        for table in tables() {
            sums.push(copy(&mut from, writer.connection(), table, target.engine()).await?);
        }
        writer.commit().await?;
        drop(from);
        let condition = target.check().await?;
        match sums.iter().zip(&condition.tables).find(|(sent, there)| sent != there) {
            Some((sent, there)) => Err(Error::Copy { table: sent.table.clone(), sent: sent.rows, there: there.rows }),
            None => Ok(condition),
        }
    }

    /// Writes everything, as it is at one moment, into a new SQLite file, while others go on; and checks that.
    ///
    /// # Errors
    /// As [`Store::copy_to`].
    pub async fn save(&self, file: &Path) -> Result<Condition> {
        let url = format!("sqlite://{}", file.display());
        if self.engine() == Engine::Sqlite {
            sqlx::query("VACUUM INTO $1").bind(file.display().to_string()).execute(&self.readers).await?;
            let saved = Self::open(&url).await?;
            let condition = saved.check().await?;
            saved.close().await;
            return Ok(condition);
        }
        let saved = Self::open(&url).await?;
        let condition = self.copy_to(&saved).await?;
        saved.close().await;
        Ok(condition)
    }

    /// A connection that sees the database as it is now, whatever others write; read only.
    async fn snapshot(&self) -> Result<AnyConnection> {
        let mut connection = self.readers.acquire().await?.detach();
        let begin = match self.engine() {
            Engine::Sqlite => "BEGIN",
            Engine::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        sqlx::raw_sql(begin).execute(&mut connection).await?;
        Ok(connection)
    }
}

fn text(row: &AnyRow, column: &str) -> Result<String> {
    Ok(row.try_get(column)?)
}

/// Columns of a table, in their order.
async fn columns(connection: &mut AnyConnection, table: &str, engine: Engine) -> Result<Vec<Column>> {
    let statement = match engine {
        Engine::Sqlite => "SELECT name, type AS kind FROM pragma_table_info($1) ORDER BY cid",
        Engine::Postgres => {
            "SELECT CAST(column_name AS TEXT) AS name, CAST(data_type AS TEXT) AS kind FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position"
        }
    };
    let rows = sqlx::query(statement).bind(table).fetch_all(connection).await?;
    let column = |row: &AnyRow| {
        let kind = text(row, "kind")?.to_ascii_lowercase();
        Ok(Column { name: text(row, "name")?, is_number: matches!(kind.as_str(), "integer" | "bigint") })
    };
    rows.iter().map(column).collect()
}

/// All rows as texts: both databases write numbers alike.
fn selection(table: &str, columns: &[Column]) -> String {
    let listed: Vec<String> = columns.iter().map(|column| format!("CAST({0} AS TEXT) AS {0}", column.name)).collect();
    format!("SELECT {} FROM {table}", listed.join(", "))
}

/// Values of a row, in the columns' order.
fn values(row: &AnyRow, columns: &[Column]) -> Result<Vec<Option<String>>> {
    columns.iter().map(|column| Ok(row.try_get(column.name.as_str())?)).collect()
}

/// Sum of digests of rows, whatever their order.
#[derive(Default)]
struct Sum {
    rows: u64,
    total: u128,
}

impl Sum {
    /// A row, its columns by name: their order may differ where upgrades ran in another order.
    fn add(&mut self, columns: &[Column], values: &[Option<String>]) {
        let mut named: Vec<(&str, Option<&str>)> =
            columns.iter().map(|column| column.name.as_str()).zip(values.iter().map(Option::as_deref)).collect();
        named.sort_unstable();
        let mut hash = Sha256::new();
        for (name, value) in named {
            hash.update(name);
            hash.update([u8::from(value.is_some())]);
            hash.update(u64::try_from(value.map_or(0, str::len)).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(value.unwrap_or_default());
        }
        let digest = hash.finalize();
        let half = digest.iter().take(16).fold(0_u128, |sum, byte| (sum << 8) | u128::from(*byte));
        self.total = self.total.wrapping_add(half);
        self.rows = self.rows.saturating_add(1);
    }

    fn of(self, table: &str) -> TableSum {
        TableSum { table: table.to_owned(), rows: self.rows, digest: format!("{:032x}", self.total) }
    }
}

async fn sum(connection: &mut AnyConnection, table: &str, engine: Engine) -> Result<TableSum> {
    let columns = columns(connection, table, engine).await?;
    let mut sum = Sum::default();
    let mut rows = sqlx::query(AssertSqlSafe(selection(table, &columns))).fetch(connection);
    while let Some(row) = rows.try_next().await? {
        sum.add(&columns, &values(&row, &columns)?);
    }
    Ok(sum.of(table))
}

async fn copy(from: &mut AnyConnection, to: &mut AnyConnection, table: &str, engine: Engine) -> Result<TableSum> {
    let columns = columns(to, table, engine).await?;
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let places: Vec<String> = (1..)
        .zip(&columns)
        .map(|(place, column)| match column.is_number {
            true => format!("CAST(${place} AS BIGINT)"),
            false => format!("CAST(${place} AS TEXT)"),
        })
        .collect();
    let insertion = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), places.join(", "));
    let mut sum = Sum::default();
    let mut rows = sqlx::query(AssertSqlSafe(selection(table, &columns))).fetch(from);
    while let Some(row) = rows.try_next().await? {
        let values = values(&row, &columns)?;
        sum.add(&columns, &values);
        let mut query = sqlx::query(AssertSqlSafe(insertion.as_str()));
        for value in values {
            query = query.bind(value);
        }
        query.execute(&mut *to).await?;
    }
    Ok(sum.of(table))
}
