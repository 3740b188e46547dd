//! Changes with their ledger entry, and the writer for what is no act.

use model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::any::AnyRow;
use sqlx::{Any, AnyConnection, Row as _, Transaction};

use crate::query::Query;
use crate::{Engine, Error, Result, Store};

/// Number of PostgreSQL's advisory lock under which changes are made one after the other, as SQLite does by itself.
const LOCK: i64 = 0x6d65_6477;

/// The longest body of a ledger entry, in octets: its length has two of them in a tile of entries (C2SP tlog-tiles).
pub const MAX_ENTRY_BYTES: usize = 0xffff;

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// What kind.
    pub kind: ActorKind,
    /// Id.
    pub id: String,
    /// Name at the time.
    pub name: String,
    /// Break-glass under which it was done.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub break_glass: Option<String>,
}

/// What kind of actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// Somebody signed in.
    Person,
    /// A program with a token.
    Token,
    /// A sensor that enrolled.
    Sensor,
    /// The hub by itself.
    Hub,
    /// Somebody not signed in, such as one who tries to.
    Nobody,
}

impl Actor {
    /// The hub by itself, in the part named.
    #[must_use]
    pub fn hub(part: &str) -> Self {
        Self { kind: ActorKind::Hub, id: format!("hub:{part}"), name: part.into(), break_glass: None }
    }

    /// Somebody not signed in.
    #[must_use]
    pub fn nobody() -> Self {
        Self { kind: ActorKind::Nobody, id: "nobody".into(), name: String::new(), break_glass: None }
    }
}

/// What was done.
#[derive(Clone, Debug)]
pub struct Act {
    action: &'static str,
    subject: String,
    site: Option<String>,
    tenant: Option<String>,
    details: Value,
}

impl Act {
    /// An action (`device.owner.set`) on a subject (an id).
    #[must_use]
    pub fn new(action: &'static str, subject: impl Into<String>) -> Self {
        Self { action, subject: subject.into(), site: None, tenant: None, details: Value::Null }
    }

    /// At a site.
    #[must_use]
    pub fn at(mut self, site: impl Into<String>) -> Self {
        self.site = Some(site.into());
        self
    }

    /// Of a tenant.
    #[must_use]
    pub fn of(mut self, tenant: impl Into<String>) -> Self {
        self.tenant = Some(tenant.into());
        self
    }

    /// With what is worth knowing: what was, what is, why. Never a secret, never PHI.
    #[must_use]
    pub fn with(mut self, details: Value) -> Self {
        self.details = details;
        self
    }
}

/// The body of a ledger entry: keys in this order, no blanks.
#[derive(Serialize)]
struct Body<'a> {
    v: u8,
    time: Timestamp,
    actor: &'a Actor,
    action: &'a str,
    subject: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<&'a str>,
    #[serde(skip_serializing_if = "Value::is_null")]
    details: &'a Value,
}

/// A row of the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerRow {
    /// Number, from 0, without holes.
    pub seq: u64,
    /// Its bytes, as they become a leaf.
    pub body: String,
}

/// Which entries are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerFilter {
    /// Id of who acted.
    pub actor: Option<String>,
    /// What the action's name begins with.
    pub action: Option<String>,
    /// Id of what it was done to.
    pub subject: Option<String>,
    /// From this time on.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
    /// What the reader may see; everything where absent.
    pub scope: Option<LedgerScope>,
}

/// Entries that somebody may read: those of sites, of whole tenants, and of the hub itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerScope {
    /// Sites.
    pub sites: Vec<String>,
    /// Tenants, with all of their sites.
    pub tenants: Vec<String>,
    /// What is of no tenant.
    pub has_hub: bool,
}

/// A transaction in which somebody changes something. Dropped without [`Change::commit`], nothing happened.
pub struct Change {
    pub(crate) transaction: Transaction<'static, Any>,
    actor: Actor,
    now: Timestamp,
}

impl Store {
    /// Begins a change by an actor at a time.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin(&self, actor: &Actor, now: Timestamp) -> Result<Change> {
        Ok(Change { transaction: self.transaction().await?, actor: actor.clone(), now })
    }

    /// Begins to write what is no act: what was observed, and when somebody was last here.
    ///
    /// # Errors
    /// The database's.
    pub async fn writer(&self) -> Result<Writer> {
        Ok(Writer { transaction: self.transaction().await?, engine: self.engine() })
    }

    async fn transaction(&self) -> Result<Transaction<'static, Any>> {
        Ok(match self.engine() {
            Engine::Sqlite => self.writers.begin_with("BEGIN IMMEDIATE").await?,
            Engine::Postgres => {
                let mut transaction = self.writers.begin().await?;
                sqlx::query("SELECT CAST(pg_advisory_xact_lock($1) AS TEXT)").bind(LOCK).execute(&mut *transaction).await?;
                transaction
            }
        })
    }

    /// Entries from a number on, at most so many.
    ///
    /// # Errors
    /// The database's.
    pub async fn ledger_rows(&self, from: u64, most: u32) -> Result<Vec<LedgerRow>> {
        let rows = sqlx::query("SELECT seq, body FROM ledger_entry WHERE seq >= $1 ORDER BY seq LIMIT $2")
            .bind(from.cast_signed())
            .bind(i64::from(most))
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(ledger_row).collect()
    }

    /// How many entries there are: the highest number, and one.
    ///
    /// # Errors
    /// The database's.
    pub async fn ledger_size(&self) -> Result<u64> {
        let row = sqlx::query("SELECT COALESCE(MAX(seq), -1) + 1 AS size FROM ledger_entry").fetch_one(&self.readers).await?;
        Ok(row.try_get::<i64, _>("size")?.cast_unsigned())
    }

    /// Entries that fit, the newest first, from before a number on, at most so many.
    ///
    /// # Errors
    /// The database's.
    pub async fn ledger_before(&self, filter: &LedgerFilter, before: Option<u64>, most: u32) -> Result<Vec<LedgerRow>> {
        let mut query = Query::new("SELECT seq, body FROM ledger_entry WHERE 1 = 1");
        if let Some(before) = before.and_then(|before| i64::try_from(before).ok()) {
            query.push(" AND seq < ").push_bind(before);
        }
        let [since, until] = [filter.since, filter.until].map(|time| time.map(Timestamp::nanos));
        for (condition, value) in [(" AND time >= ", since), (" AND time < ", until)] {
            if let Some(value) = value {
                query.push(condition).push_bind(value);
            }
        }
        for (condition, value) in [(" AND actor_id = ", &filter.actor), (" AND subject = ", &filter.subject)] {
            if let Some(value) = value {
                query.push(condition).push_bind(value.clone());
            }
        }
        if let Some(action) = &filter.action {
            let length = i64::try_from(action.chars().count()).unwrap_or(i64::MAX);
            // PostgreSQL takes no 64-bit length.
            query.push(" AND substr(action, 1, CAST(").push_bind(length).push(" AS INTEGER)) = ").push_bind(action.clone());
        }
        if let Some(LedgerScope { sites, tenants, has_hub }) = &filter.scope {
            query.push(" AND (1 = 0");
            for (column, ids) in [("site_id", sites), ("tenant_id", tenants)] {
                for id in ids {
                    query.push(format_args!(" OR {column} = ")).push_bind(id.clone());
                }
            }
            query.push(if *has_hub { " OR (site_id IS NULL AND tenant_id IS NULL))" } else { ")" });
        }
        query.push(" ORDER BY seq DESC LIMIT ").push_bind(i64::from(most));
        let rows = query.fetch_all(&self.readers).await?;
        rows.iter().map(ledger_row).collect()
    }
}

fn ledger_row(row: &AnyRow) -> Result<LedgerRow> {
    Ok(LedgerRow { seq: row.try_get::<i64, _>("seq")?.cast_unsigned(), body: row.try_get("body")? })
}

impl Change {
    /// Time of the change.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Who makes it.
    #[must_use]
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    pub(crate) fn connection(&mut self) -> &mut AnyConnection {
        &mut self.transaction
    }

    /// Notes a further act of the same transaction.
    ///
    /// # Errors
    /// [`Error::LongEntry`], or the database's: the entry could not be written, and the change must not happen.
    pub async fn note(&mut self, act: &Act) -> Result<u64> {
        let body = serde_json::to_string(&Body {
            v: 1,
            time: self.now,
            actor: &self.actor,
            action: act.action,
            subject: &act.subject,
            site: act.site.as_deref(),
            tenant: act.tenant.as_deref(),
            details: &act.details,
        })?;
        if body.len() > MAX_ENTRY_BYTES {
            return Err(Error::LongEntry(body.len()));
        }
        let row = sqlx::query(
            "INSERT INTO ledger_entry (seq, time, actor_id, action, subject, site_id, tenant_id, body) \
             SELECT COALESCE(MAX(seq), -1) + 1, CAST($1 AS BIGINT), $2, $3, $4, CAST($5 AS TEXT), CAST($6 AS TEXT), $7 FROM ledger_entry RETURNING seq",
        )
        .bind(self.now.nanos())
        .bind(&self.actor.id)
        .bind(act.action)
        .bind(&act.subject)
        .bind(&act.site)
        .bind(&act.tenant)
        .bind(body)
        .fetch_one(self.connection())
        .await?;
        Ok(row.try_get::<i64, _>("seq")?.cast_unsigned())
    }

    /// Writes the entry and makes the change happen; returns the entry's number.
    ///
    /// # Errors
    /// [`Error::LongEntry`], or the database's: nothing happened.
    pub async fn commit(mut self, act: Act) -> Result<u64> {
        let seq = self.note(&act).await?;
        self.transaction.commit().await?;
        Ok(seq)
    }
}

/// A transaction for what is no act.
pub struct Writer {
    pub(crate) transaction: Transaction<'static, Any>,
    pub(crate) engine: Engine,
}

impl Writer {
    pub(crate) fn connection(&mut self) -> &mut AnyConnection {
        &mut self.transaction
    }

    /// Makes it happen.
    ///
    /// # Errors
    /// The database's: nothing happened.
    pub async fn commit(self) -> Result<()> {
        Ok(self.transaction.commit().await?)
    }
}
