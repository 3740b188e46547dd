//! Webhooks with their messages, and answers kept for requests that are sent again.

use model::Timestamp;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::sites::time;
use crate::{Change, Error, Result, Store, Writer, new_id};

/// Where something is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookRow {
    /// Id.
    pub id: String,
    /// Tenant.
    pub tenant_id: String,
    /// Site; all of the tenant's where absent.
    pub site_id: Option<String>,
    /// Address.
    pub url: String,
    /// Kinds of what is told.
    pub kinds: Vec<String>,
    /// Secret that signs, sealed.
    pub secret: String,
    /// Not paused.
    pub is_active: bool,
    /// Made.
    pub created: Timestamp,
    /// Name at the time.
    pub created_by: String,
}

/// Something that is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRow {
    /// Id.
    pub id: String,
    /// Where to.
    pub webhook_id: String,
    /// JSON, as it is sent.
    pub body: String,
    /// Made.
    pub made: Timestamp,
    /// `waiting`, `delivered`, `given_up`.
    pub state: String,
    /// How often it was tried.
    pub attempts: u32,
    /// Not to be tried before.
    pub next: Timestamp,
    /// What came of the last attempt, in words.
    pub outcome: String,
}

/// An answer that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// Digest of what was asked.
    pub request: String,
    /// Sealed; absent while it is being done, or when it is not known how that ended.
    pub answer: Option<String>,
}

fn webhook(row: &AnyRow) -> Result<WebhookRow> {
    let site: String = row.try_get("site_id")?;
    Ok(WebhookRow {
        id: row.try_get("id")?,
        tenant_id: row.try_get("tenant_id")?,
        site_id: Some(site).filter(|site| site != "*"),
        url: row.try_get("url")?,
        kinds: serde_json::from_str(&row.try_get::<String, _>("kinds")?)?,
        secret: row.try_get("secret")?,
        is_active: row.try_get::<i64, _>("is_active")? != 0,
        created: time(row.try_get("created")?),
        created_by: row.try_get("created_by")?,
    })
}

fn message(row: &AnyRow) -> Result<MessageRow> {
    Ok(MessageRow {
        id: row.try_get("id")?,
        webhook_id: row.try_get("webhook_id")?,
        body: row.try_get("body")?,
        made: time(row.try_get("made")?),
        state: row.try_get("state")?,
        attempts: u32::try_from(row.try_get::<i64, _>("attempts")?).unwrap_or(u32::MAX),
        next: time(row.try_get("next")?),
        outcome: row.try_get("outcome")?,
    })
}

const MESSAGE: &str = "SELECT id, webhook_id, body, made, state, attempts, next, outcome FROM webhook_message";

impl Store {
    /// All webhooks, the oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn webhooks(&self) -> Result<Vec<WebhookRow>> {
        let rows = sqlx::query(
            "SELECT id, tenant_id, site_id, url, kinds, secret, is_active, created, created_by FROM webhook ORDER BY created, id",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(webhook).collect()
    }

    /// The latest messages of a webhook.
    ///
    /// # Errors
    /// The database's.
    pub async fn messages(&self, webhook: &str, limit: u32) -> Result<Vec<MessageRow>> {
        let statement = format!("{MESSAGE} WHERE webhook_id = $1 ORDER BY made DESC, id LIMIT $2");
        let rows =
            sqlx::query(sqlx::AssertSqlSafe(statement)).bind(webhook).bind(i64::from(limit)).fetch_all(&self.readers).await?;
        rows.iter().map(message).collect()
    }

    /// Messages that are to be tried now, the oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn messages_due(&self, now: Timestamp, limit: u32) -> Result<Vec<MessageRow>> {
        let statement = format!("{MESSAGE} WHERE state = 'waiting' AND next <= $1 ORDER BY next, id LIMIT $2");
        let rows =
            sqlx::query(sqlx::AssertSqlSafe(statement)).bind(now.nanos()).bind(i64::from(limit)).fetch_all(&self.readers).await?;
        rows.iter().map(message).collect()
    }

    /// An answer that was kept.
    ///
    /// # Errors
    /// The database's.
    pub async fn kept_answer(&self, digest: &str) -> Result<Option<KeptAnswer>> {
        let row = sqlx::query("SELECT request, answer FROM kept_answer WHERE digest = $1")
            .bind(digest)
            .fetch_optional(&self.readers)
            .await?;
        row.map(|row| Ok(KeptAnswer { request: row.try_get("request")?, answer: row.try_get("answer")? })).transpose()
    }
}

impl Change {
    /// Adds a webhook.
    ///
    /// # Errors
    /// The database's.
    pub async fn add_webhook(&mut self, row: &WebhookRow) -> Result<()> {
        let now = self.now().nanos();
        sqlx::query(
            "INSERT INTO webhook (id, tenant_id, site_id, url, kinds, secret, is_active, created, created_by) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(&row.id)
        .bind(&row.tenant_id)
        .bind(row.site_id.as_deref().unwrap_or("*"))
        .bind(&row.url)
        .bind(serde_json::to_string(&row.kinds)?)
        .bind(&row.secret)
        .bind(i64::from(row.is_active))
        .bind(now)
        .bind(&row.created_by)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Pauses a webhook, or has it go on.
    ///
    /// # Errors
    /// [`Error::Absent`]; the database's.
    pub async fn set_webhook(&mut self, id: &str, is_active: bool) -> Result<()> {
        let done = sqlx::query("UPDATE webhook SET is_active = $2 WHERE id = $1")
            .bind(id)
            .bind(i64::from(is_active))
            .execute(self.connection())
            .await?;
        if done.rows_affected() == 0 { Err(Error::Absent("webhook")) } else { Ok(()) }
    }

    /// Takes a webhook away, with its messages.
    ///
    /// # Errors
    /// [`Error::Absent`]; the database's.
    pub async fn remove_webhook(&mut self, id: &str) -> Result<()> {
        sqlx::query("DELETE FROM webhook_message WHERE webhook_id = $1").bind(id).execute(self.connection()).await?;
        let done = sqlx::query("DELETE FROM webhook WHERE id = $1").bind(id).execute(self.connection()).await?;
        if done.rows_affected() == 0 { Err(Error::Absent("webhook")) } else { Ok(()) }
    }
}

impl Writer {
    /// Puts a message out.
    ///
    /// # Errors
    /// The database's.
    pub async fn add_message(&mut self, webhook: &str, body: &str, now: Timestamp) -> Result<()> {
        sqlx::query(
            "INSERT INTO webhook_message (id, webhook_id, body, made, state, attempts, next, outcome) \
             VALUES ($1, $2, $3, $4, 'waiting', 0, $4, '')",
        )
        .bind(new_id("msg"))
        .bind(webhook)
        .bind(body)
        .bind(now.nanos())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Notes what came of an attempt.
    ///
    /// # Errors
    /// The database's.
    pub async fn tried_message(&mut self, row: &MessageRow) -> Result<()> {
        sqlx::query("UPDATE webhook_message SET state = $2, attempts = $3, next = $4, outcome = $5 WHERE id = $1")
            .bind(&row.id)
            .bind(&row.state)
            .bind(i64::from(row.attempts))
            .bind(row.next.nanos())
            .bind(&row.outcome)
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Deletes messages that need not be sent and are older.
    ///
    /// # Errors
    /// The database's.
    pub async fn tidy_messages(&mut self, old: Timestamp) -> Result<()> {
        sqlx::query("DELETE FROM webhook_message WHERE state <> 'waiting' AND made < $1")
            .bind(old.nanos())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Notes that something is being done; false where it was noted before.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin_answer(&mut self, digest: &str, request: &str, now: Timestamp) -> Result<bool> {
        let done = sqlx::query("INSERT INTO kept_answer (digest, request, made) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
            .bind(digest)
            .bind(request)
            .bind(now.nanos())
            .execute(self.connection())
            .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Keeps the answer, or forgets that it was asked for.
    ///
    /// # Errors
    /// The database's.
    pub async fn end_answer(&mut self, digest: &str, answer: Option<&str>) -> Result<()> {
        match answer {
            Some(answer) => sqlx::query("UPDATE kept_answer SET answer = $2 WHERE digest = $1").bind(digest).bind(answer),
            None => sqlx::query("DELETE FROM kept_answer WHERE digest = $1").bind(digest),
        }
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Deletes answers that are older.
    ///
    /// # Errors
    /// The database's.
    pub async fn tidy_answers(&mut self, old: Timestamp) -> Result<()> {
        sqlx::query("DELETE FROM kept_answer WHERE made < $1").bind(old.nanos()).execute(self.connection()).await?;
        Ok(())
    }
}
