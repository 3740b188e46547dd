//! Break-glass: rights at once for a reason, and the review that is owed; and credentials sealed on a ward.

use model::Timestamp;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::sites::time;
use crate::{Change, Error, Result, Store, new_id};

/// A break-glass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlassRow {
    /// Id.
    pub id: String,
    /// Site at which the rights hold.
    pub site_id: String,
    /// Who has them.
    pub person_id: String,
    /// Credential of the ward, where it was one.
    pub credential_id: Option<String>,
    /// Name at the time.
    pub who: String,
    /// Names of the rights.
    pub rights: Vec<String>,
    /// Why.
    pub reason: String,
    /// Begun.
    pub begun: Timestamp,
    /// Ends, or ended.
    pub ends: Timestamp,
    /// A review is owed until then.
    pub review_due: Timestamp,
    /// Review, where there was one.
    pub review: Option<GlassReview>,
}

/// What somebody else says of a break-glass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlassReview {
    /// Name of who reviewed it.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// It was used as it should be.
    pub is_proper: bool,
    /// What was found.
    pub note: String,
}

/// A credential sealed on a ward.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedRow {
    /// Id.
    pub id: String,
    /// Site.
    pub site_id: String,
    /// Where it lies.
    pub label: String,
    /// Names of the rights that it gives.
    pub rights: Vec<String>,
    /// For how long.
    pub minutes: u32,
    /// Name of who made it.
    pub made_by: String,
    /// Made.
    pub created: Timestamp,
    /// `sealed`, `used` or `withdrawn`.
    pub state: String,
}

fn glass(row: &AnyRow) -> Result<GlassRow> {
    let reviewed: i64 = row.try_get("reviewed")?;
    let review = match row.try_get::<Option<String>, _>("reviewed_by")? {
        Some(by) => {
            let is_proper = row.try_get::<Option<String>, _>("outcome")?.as_deref() == Some("proper");
            let note = row.try_get::<Option<String>, _>("note")?.unwrap_or_default();
            Some(GlassReview { by, at: time(reviewed), is_proper, note })
        }
        None => None,
    };
    Ok(GlassRow {
        id: row.try_get("id")?,
        site_id: row.try_get("site_id")?,
        person_id: row.try_get("person_id")?,
        credential_id: row.try_get("credential_id")?,
        who: row.try_get("who")?,
        rights: serde_json::from_str(&row.try_get::<String, _>("rights")?)?,
        reason: row.try_get("reason")?,
        begun: time(row.try_get("begun")?),
        ends: time(row.try_get("ends")?),
        review_due: time(row.try_get("review_due")?),
        review,
    })
}

fn sealed(row: &AnyRow) -> Result<SealedRow> {
    Ok(SealedRow {
        id: row.try_get("id")?,
        site_id: row.try_get("site_id")?,
        label: row.try_get("label")?,
        rights: serde_json::from_str(&row.try_get::<String, _>("rights")?)?,
        minutes: u32::try_from(row.try_get::<i64, _>("minutes")?).unwrap_or_default(),
        made_by: row.try_get("made_by")?,
        created: time(row.try_get("created")?),
        state: row.try_get("state")?,
    })
}

impl Store {
    /// Break-glass of all sites, the newest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn break_glasses(&self) -> Result<Vec<GlassRow>> {
        let rows = sqlx::query(
            "SELECT id, site_id, person_id, credential_id, who, rights, reason, begun, ends, review_due, reviewed_by, reviewed, \
             outcome, note FROM break_glass ORDER BY begun DESC, id LIMIT 1000",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(glass).collect()
    }

    /// A break-glass.
    ///
    /// # Errors
    /// The database's.
    pub async fn break_glass(&self, id: &str) -> Result<Option<GlassRow>> {
        let row = sqlx::query(
            "SELECT id, site_id, person_id, credential_id, who, rights, reason, begun, ends, review_due, reviewed_by, reviewed, \
             outcome, note FROM break_glass WHERE id = $1",
        )
        .bind(id)
        .fetch_optional(&self.readers)
        .await?;
        row.as_ref().map(glass).transpose()
    }

    /// What somebody broke that has not ended, the one that ends last first.
    ///
    /// # Errors
    /// The database's.
    pub async fn break_glass_of(&self, person: &str, now: Timestamp) -> Result<Option<GlassRow>> {
        let row = sqlx::query(
            "SELECT id, site_id, person_id, credential_id, who, rights, reason, begun, ends, review_due, reviewed_by, reviewed, \
             outcome, note FROM break_glass WHERE person_id = $1 AND ends > $2 ORDER BY ends DESC, id LIMIT 1",
        )
        .bind(person)
        .bind(now.nanos())
        .fetch_optional(&self.readers)
        .await?;
        row.as_ref().map(glass).transpose()
    }

    /// Credentials of wards, by label.
    ///
    /// # Errors
    /// The database's.
    pub async fn sealed_credentials(&self) -> Result<Vec<SealedRow>> {
        let rows = sqlx::query(
            "SELECT id, site_id, label, rights, minutes, made_by, created, state FROM sealed_credential ORDER BY label, id",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(sealed).collect()
    }

    /// A credential of a ward by the digest of its code, while it is sealed.
    ///
    /// # Errors
    /// The database's.
    pub async fn sealed_credential(&self, digest: &str) -> Result<Option<SealedRow>> {
        let row = sqlx::query(
            "SELECT id, site_id, label, rights, minutes, made_by, created, state FROM sealed_credential \
             WHERE digest = $1 AND state = 'sealed'",
        )
        .bind(digest)
        .fetch_optional(&self.readers)
        .await?;
        row.as_ref().map(sealed).transpose()
    }
}

impl Change {
    /// Breaks the glass; the row's id and review are not read. Returns the id.
    ///
    /// # Errors
    /// The database's.
    pub async fn add_break_glass(&mut self, row: &GlassRow) -> Result<String> {
        let id = new_id("glass");
        sqlx::query(
            "INSERT INTO break_glass (id, site_id, person_id, credential_id, who, rights, reason, begun, ends, review_due, reviewed) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0)",
        )
        .bind(&id)
        .bind(&row.site_id)
        .bind(&row.person_id)
        .bind(&row.credential_id)
        .bind(&row.who)
        .bind(serde_json::to_string(&row.rights)?)
        .bind(&row.reason)
        .bind(row.begun.nanos())
        .bind(row.ends.nanos())
        .bind(row.review_due.nanos())
        .execute(self.connection())
        .await?;
        Ok(id)
    }

    /// Ends a break-glass now.
    ///
    /// # Errors
    /// [`Error::Conflict`] when it had ended; the database's.
    pub async fn end_break_glass(&mut self, id: &str) -> Result<()> {
        let now = self.now().nanos();
        let query = sqlx::query("UPDATE break_glass SET ends = $2 WHERE id = $1 AND ends > $2").bind(id).bind(now);
        if query.execute(self.connection()).await?.rows_affected() == 0 { Err(Error::Conflict) } else { Ok(()) }
    }

    /// Reviews a break-glass, once.
    ///
    /// # Errors
    /// [`Error::Conflict`] when it was reviewed; the database's.
    pub async fn review_break_glass(&mut self, id: &str, review: &GlassReview) -> Result<()> {
        let query = sqlx::query(
            "UPDATE break_glass SET reviewed_by = $2, reviewed = $3, outcome = $4, note = $5 WHERE id = $1 AND reviewed = 0",
        );
        let done = query
            .bind(id)
            .bind(&review.by)
            .bind(review.at.nanos())
            .bind(if review.is_proper { "proper" } else { "improper" })
            .bind(&review.note)
            .execute(self.connection())
            .await?;
        if done.rows_affected() == 0 { Err(Error::Conflict) } else { Ok(()) }
    }

    /// Makes a credential for a ward; the row's id, time and state are not read. Returns the id.
    ///
    /// # Errors
    /// The database's.
    pub async fn add_sealed(&mut self, row: &SealedRow, digest: &str) -> Result<String> {
        let (id, now) = (new_id("sealed"), self.now().nanos());
        sqlx::query(
            "INSERT INTO sealed_credential (id, site_id, label, digest, rights, minutes, made_by, created, state) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'sealed')",
        )
        .bind(&id)
        .bind(&row.site_id)
        .bind(&row.label)
        .bind(digest)
        .bind(serde_json::to_string(&row.rights)?)
        .bind(i64::from(row.minutes))
        .bind(&row.made_by)
        .bind(now)
        .execute(self.connection())
        .await?;
        Ok(id)
    }

    /// Uses a credential up or withdraws it: false where it is not sealed any more.
    ///
    /// # Errors
    /// The database's.
    pub async fn unseal(&mut self, id: &str, is_used: bool) -> Result<bool> {
        let query = sqlx::query("UPDATE sealed_credential SET state = $2 WHERE id = $1 AND state = 'sealed'");
        let query = query.bind(id).bind(if is_used { "used" } else { "withdrawn" });
        Ok(query.execute(self.connection()).await?.rows_affected() > 0)
    }
}
