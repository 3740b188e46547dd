//! Tokens of programs.

use model::Timestamp;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::sites::time;
use crate::{Change, Result, Store, Writer, new_id};

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// Id.
    pub id: String,
    /// Whose.
    pub person_id: String,
    /// What it is for.
    pub name: String,
    /// Names of the rights that it has at most.
    pub rights: Vec<String>,
    /// Made.
    pub created: Timestamp,
    /// Ends.
    pub expires: Timestamp,
    /// Used last.
    pub last_used: Option<Timestamp>,
}

fn token(row: &AnyRow) -> Result<TokenRow> {
    let last_used: i64 = row.try_get("last_used")?;
    Ok(TokenRow {
        id: row.try_get("id")?,
        person_id: row.try_get("person_id")?,
        name: row.try_get("name")?,
        rights: serde_json::from_str(&row.try_get::<String, _>("rights")?)?,
        created: time(row.try_get("created")?),
        expires: time(row.try_get("expires")?),
        last_used: (last_used > 0).then(|| time(last_used)),
    })
}

impl Store {
    /// All tokens, the newest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn tokens(&self) -> Result<Vec<TokenRow>> {
        let rows =
            sqlx::query("SELECT id, person_id, name, rights, created, expires, last_used FROM token ORDER BY created DESC, id")
                .fetch_all(&self.readers)
                .await?;
        rows.iter().map(token).collect()
    }

    /// A token by the digest of its text.
    ///
    /// # Errors
    /// The database's.
    pub async fn token(&self, digest: &str) -> Result<Option<TokenRow>> {
        let row = sqlx::query("SELECT id, person_id, name, rights, created, expires, last_used FROM token WHERE digest = $1")
            .bind(digest)
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(token).transpose()
    }
}

impl Change {
    /// Makes a token; returns its id.
    ///
    /// # Errors
    /// The database's.
    pub async fn add_token(
        &mut self,
        person: &str,
        name: &str,
        rights: &[String],
        digest: &str,
        expires: Timestamp,
    ) -> Result<String> {
        let (id, now) = (new_id("token"), self.now().nanos());
        sqlx::query(
            "INSERT INTO token (id, digest, person_id, name, rights, created, expires, last_used) VALUES ($1, $2, $3, $4, $5, $6, $7, 0)",
        )
        .bind(&id)
        .bind(digest)
        .bind(person)
        .bind(name)
        .bind(serde_json::to_string(rights)?)
        .bind(now)
        .bind(expires.nanos())
        .execute(self.connection())
        .await?;
        Ok(id)
    }

    /// Ends a token: false where there is none.
    ///
    /// # Errors
    /// The database's.
    pub async fn remove_token(&mut self, id: &str) -> Result<bool> {
        let query = sqlx::query("DELETE FROM token WHERE id = $1").bind(id);
        Ok(query.execute(self.connection()).await?.rows_affected() > 0)
    }

    /// Ends all tokens of somebody.
    ///
    /// # Errors
    /// The database's.
    pub async fn remove_tokens_of(&mut self, person: &str) -> Result<u64> {
        let query = sqlx::query("DELETE FROM token WHERE person_id = $1").bind(person);
        Ok(query.execute(self.connection()).await?.rows_affected())
    }
}

impl Writer {
    /// Notes that a token was used.
    ///
    /// # Errors
    /// The database's.
    pub async fn touch_token(&mut self, id: &str, now: Timestamp) -> Result<()> {
        let query = sqlx::query("UPDATE token SET last_used = $2 WHERE id = $1").bind(id).bind(now.nanos());
        query.execute(self.connection()).await?;
        Ok(())
    }
}
