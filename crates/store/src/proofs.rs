//! By what people prove who they are: apps, passkeys, recovery codes, known browsers, identities elsewhere, invitations.

use model::Timestamp;
use sqlx::Row as _;

use crate::sites::time;
use crate::{Change, Result, Store, Writer};

/// Browsers by which somebody is known at most.
const MOST_DEVICES: i64 = 20;

/// An app that makes one-time codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TotpRow {
    /// Secret, sealed.
    pub secret: String,
    /// A first code was right.
    pub is_confirmed: bool,
    /// Step of the last code taken; 0 of none.
    pub last_step: u64,
}

/// A passkey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyRow {
    /// Id of the credential.
    pub id: String,
    /// What the person calls it.
    pub name: String,
    /// Public key and counter, JSON.
    pub body: String,
    /// Registered.
    pub created: Timestamp,
    /// Used last.
    pub last_used: Timestamp,
}

/// Why somebody may do without a second step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExceptionRow {
    /// Reason.
    pub reason: String,
    /// Who gave it.
    pub given_by: String,
    /// Until when.
    pub until: Timestamp,
}

/// What sign-in has to know of somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proofs {
    /// An app makes one-time codes.
    pub has_totp: bool,
    /// Passkeys.
    pub passkeys: u64,
    /// Recovery codes that were not used.
    pub recovery_codes: u64,
    /// Why a second step is not needed.
    pub exception: Option<ExceptionRow>,
}

impl Store {
    /// What sign-in has to know of somebody.
    ///
    /// # Errors
    /// The database's.
    pub async fn proofs(&self, person: &str) -> Result<Proofs> {
        let row = sqlx::query(
            "SELECT (SELECT COUNT(*) FROM totp WHERE person_id = p.id AND is_confirmed = 1) AS totp, \
             (SELECT COUNT(*) FROM passkey WHERE person_id = p.id) AS passkeys, \
             (SELECT COUNT(*) FROM recovery_code WHERE person_id = p.id) AS codes, \
             e.reason, e.given_by, e.until FROM person p LEFT JOIN second_step_exception e ON e.person_id = p.id WHERE p.id = $1",
        )
        .bind(person)
        .fetch_optional(&self.readers)
        .await?;
        let Some(row) = row else { return Ok(Proofs::default()) };
        let exception = match row.try_get::<Option<String>, _>("reason")? {
            Some(reason) => Some(ExceptionRow { reason, given_by: row.try_get("given_by")?, until: time(row.try_get("until")?) }),
            None => None,
        };
        Ok(Proofs {
            has_totp: row.try_get::<i64, _>("totp")? > 0,
            passkeys: row.try_get::<i64, _>("passkeys")?.unsigned_abs(),
            recovery_codes: row.try_get::<i64, _>("codes")?.unsigned_abs(),
            exception,
        })
    }

    /// Somebody's app.
    ///
    /// # Errors
    /// The database's.
    pub async fn totp(&self, person: &str) -> Result<Option<TotpRow>> {
        let row = sqlx::query("SELECT secret, is_confirmed, last_step FROM totp WHERE person_id = $1")
            .bind(person)
            .fetch_optional(&self.readers)
            .await?;
        row.map(|row| {
            Ok(TotpRow {
                secret: row.try_get("secret")?,
                is_confirmed: row.try_get::<i64, _>("is_confirmed")? == 1,
                last_step: row.try_get::<i64, _>("last_step")?.unsigned_abs(),
            })
        })
        .transpose()
    }

    /// Somebody's passkeys, the oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn passkeys(&self, person: &str) -> Result<Vec<PasskeyRow>> {
        let rows =
            sqlx::query("SELECT id, name, body, created, last_used FROM passkey WHERE person_id = $1 ORDER BY created, id")
                .bind(person)
                .fetch_all(&self.readers)
                .await?;
        let passkey = |row: &sqlx::any::AnyRow| {
            Ok(PasskeyRow {
                id: row.try_get("id")?,
                name: row.try_get("name")?,
                body: row.try_get("body")?,
                created: time(row.try_get("created")?),
                last_used: time(row.try_get("last_used")?),
            })
        };
        rows.iter().map(passkey).collect()
    }

    /// A browser is known to somebody.
    ///
    /// # Errors
    /// The database's.
    pub async fn knows_device(&self, person: &str, digest: &str) -> Result<bool> {
        let query = sqlx::query("SELECT digest FROM known_device WHERE person_id = $1 AND digest = $2").bind(person).bind(digest);
        Ok(query.fetch_optional(&self.readers).await?.is_some())
    }

    /// Who somebody at a provider is here.
    ///
    /// # Errors
    /// The database's.
    pub async fn person_of_identity(&self, issuer: &str, subject: &str) -> Result<Option<String>> {
        let query = sqlx::query("SELECT person_id FROM identity WHERE issuer = $1 AND subject = $2").bind(issuer).bind(subject);
        query.fetch_optional(&self.readers).await?.map(|row| Ok(row.try_get("person_id")?)).transpose()
    }

    /// Who may choose a password with a code, while it holds.
    ///
    /// # Errors
    /// The database's.
    pub async fn invited(&self, digest: &str, now: Timestamp) -> Result<Option<String>> {
        let query = sqlx::query("SELECT person_id FROM invitation WHERE digest = $1 AND expires > $2");
        let row = query.bind(digest).bind(now.nanos()).fetch_optional(&self.readers).await?;
        row.map(|row| Ok(row.try_get("person_id")?)).transpose()
    }

    /// A recovery code is one of somebody's, not used so far.
    ///
    /// # Errors
    /// The database's.
    pub async fn has_recovery_code(&self, person: &str, digest: &str) -> Result<bool> {
        let query =
            sqlx::query("SELECT digest FROM recovery_code WHERE digest = $1 AND person_id = $2").bind(digest).bind(person);
        Ok(query.fetch_optional(&self.readers).await?.is_some())
    }
}

impl Change {
    /// Keeps the secret of an app whose first code is awaited; another that waited is gone.
    ///
    /// # Errors
    /// The database's.
    pub async fn begin_totp(&mut self, person: &str, sealed: &str) -> Result<()> {
        let now = self.now().nanos();
        sqlx::query(
            "INSERT INTO totp (person_id, secret, is_confirmed, last_step, created) VALUES ($1, $2, 0, 0, $3) \
             ON CONFLICT (person_id) DO UPDATE SET secret = excluded.secret, created = excluded.created WHERE totp.is_confirmed = 0",
        )
        .bind(person)
        .bind(sealed)
        .bind(now)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Takes a code of a step, once: false where that step or a later one was taken already. The app counts from now on.
    ///
    /// # Errors
    /// The database's.
    pub async fn take_totp(&mut self, person: &str, step: u64) -> Result<bool> {
        let query = sqlx::query("UPDATE totp SET is_confirmed = 1, last_step = $2 WHERE person_id = $1 AND last_step < $2");
        Ok(query.bind(person).bind(step.cast_signed()).execute(self.connection()).await?.rows_affected() > 0)
    }

    /// Forgets somebody's app.
    ///
    /// # Errors
    /// The database's.
    pub async fn remove_totp(&mut self, person: &str) -> Result<bool> {
        let query = sqlx::query("DELETE FROM totp WHERE person_id = $1").bind(person);
        Ok(query.execute(self.connection()).await?.rows_affected() > 0)
    }

    /// Keeps a passkey: a new one, or as it is after it was used.
    ///
    /// # Errors
    /// The database's.
    pub async fn keep_passkey(&mut self, person: &str, id: &str, name: &str, body: &str) -> Result<()> {
        let now = self.now().nanos();
        sqlx::query(
            "INSERT INTO passkey (id, person_id, name, body, created, last_used) VALUES ($1, $2, $3, $4, $5, $5) \
             ON CONFLICT (id) DO UPDATE SET body = excluded.body, last_used = excluded.last_used \
             WHERE passkey.person_id = excluded.person_id",
        )
        .bind(id)
        .bind(person)
        .bind(name)
        .bind(body)
        .bind(now)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Forgets a passkey of somebody.
    ///
    /// # Errors
    /// The database's.
    pub async fn remove_passkey(&mut self, person: &str, id: &str) -> Result<bool> {
        let query = sqlx::query("DELETE FROM passkey WHERE person_id = $1 AND id = $2").bind(person).bind(id);
        Ok(query.execute(self.connection()).await?.rows_affected() > 0)
    }

    /// Replaces somebody's recovery codes.
    ///
    /// # Errors
    /// The database's.
    pub async fn set_recovery_codes(&mut self, person: &str, digests: &[String]) -> Result<()> {
        sqlx::query("DELETE FROM recovery_code WHERE person_id = $1").bind(person).execute(self.connection()).await?;
        for digest in digests {
            let query = sqlx::query("INSERT INTO recovery_code (digest, person_id) VALUES ($1, $2)").bind(digest).bind(person);
            query.execute(self.connection()).await?;
        }
        Ok(())
    }

    /// Uses a recovery code up: false where it is none of somebody's.
    ///
    /// # Errors
    /// The database's.
    pub async fn use_recovery_code(&mut self, person: &str, digest: &str) -> Result<bool> {
        let query = sqlx::query("DELETE FROM recovery_code WHERE digest = $1 AND person_id = $2").bind(digest).bind(person);
        Ok(query.execute(self.connection()).await?.rows_affected() > 0)
    }

    /// Forgets everything by which somebody proves who they are beside the password, and every browser.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_proofs(&mut self, person: &str) -> Result<()> {
        sqlx::query("DELETE FROM totp WHERE person_id = $1").bind(person).execute(self.connection()).await?;
        sqlx::query("DELETE FROM passkey WHERE person_id = $1").bind(person).execute(self.connection()).await?;
        sqlx::query("DELETE FROM recovery_code WHERE person_id = $1").bind(person).execute(self.connection()).await?;
        self.forget_devices(person).await
    }

    /// Forgets every browser by which somebody is known.
    ///
    /// # Errors
    /// The database's.
    pub async fn forget_devices(&mut self, person: &str) -> Result<()> {
        sqlx::query("DELETE FROM known_device WHERE person_id = $1").bind(person).execute(self.connection()).await?;
        Ok(())
    }

    /// Remembers a browser of somebody; of many, the ones used last.
    ///
    /// # Errors
    /// The database's.
    pub async fn know_device(&mut self, person: &str, digest: &str) -> Result<()> {
        let now = self.now().nanos();
        sqlx::query(
            "INSERT INTO known_device (digest, person_id, last_used) VALUES ($1, $2, $3) \
             ON CONFLICT (digest, person_id) DO UPDATE SET last_used = excluded.last_used",
        )
        .bind(digest)
        .bind(person)
        .bind(now)
        .execute(self.connection())
        .await?;
        sqlx::query(
            "DELETE FROM known_device WHERE person_id = $1 AND digest NOT IN \
             (SELECT digest FROM known_device WHERE person_id = $1 ORDER BY last_used DESC, digest LIMIT $2)",
        )
        .bind(person)
        .bind(MOST_DEVICES)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Says who somebody at a provider is here.
    ///
    /// # Errors
    /// The database's, when it is said already.
    pub async fn add_identity(&mut self, issuer: &str, subject: &str, person: &str) -> Result<()> {
        sqlx::query("INSERT INTO identity (issuer, subject, person_id) VALUES ($1, $2, $3)")
            .bind(issuer)
            .bind(subject)
            .bind(person)
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Invites somebody to choose a password; an invitation before it is void.
    ///
    /// # Errors
    /// The database's.
    pub async fn invite(&mut self, person: &str, digest: &str, expires: Timestamp) -> Result<()> {
        sqlx::query(
            "INSERT INTO invitation (person_id, digest, expires) VALUES ($1, $2, $3) \
             ON CONFLICT (person_id) DO UPDATE SET digest = excluded.digest, expires = excluded.expires",
        )
        .bind(person)
        .bind(digest)
        .bind(expires.nanos())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Uses an invitation up: false where there is none.
    ///
    /// # Errors
    /// The database's.
    pub async fn use_invitation(&mut self, person: &str) -> Result<bool> {
        let query = sqlx::query("DELETE FROM invitation WHERE person_id = $1").bind(person);
        Ok(query.execute(self.connection()).await?.rows_affected() > 0)
    }

    /// Lets somebody do without a second step.
    ///
    /// # Errors
    /// The database's.
    pub async fn set_exception(&mut self, person: &str, exception: &ExceptionRow) -> Result<()> {
        sqlx::query(
            "INSERT INTO second_step_exception (person_id, reason, given_by, until) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (person_id) DO UPDATE SET reason = excluded.reason, given_by = excluded.given_by, until = excluded.until",
        )
        .bind(person)
        .bind(&exception.reason)
        .bind(&exception.given_by)
        .bind(exception.until.nanos())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Takes that back.
    ///
    /// # Errors
    /// The database's.
    pub async fn remove_exception(&mut self, person: &str) -> Result<bool> {
        let query = sqlx::query("DELETE FROM second_step_exception WHERE person_id = $1").bind(person);
        Ok(query.execute(self.connection()).await?.rows_affected() > 0)
    }
}

impl Writer {
    /// Deletes what has ended: sessions, invitations, exceptions, tokens that ended before `old`, browsers not used since then.
    ///
    /// # Errors
    /// The database's.
    pub async fn tidy_people(&mut self, now: Timestamp, old: Timestamp) -> Result<()> {
        sqlx::query("DELETE FROM session WHERE expires < $1").bind(now.nanos()).execute(self.connection()).await?;
        sqlx::query("DELETE FROM invitation WHERE expires < $1").bind(now.nanos()).execute(self.connection()).await?;
        sqlx::query("DELETE FROM second_step_exception WHERE until < $1").bind(now.nanos()).execute(self.connection()).await?;
        sqlx::query("DELETE FROM token WHERE expires < $1").bind(old.nanos()).execute(self.connection()).await?;
        sqlx::query("DELETE FROM known_device WHERE last_used < $1").bind(old.nanos()).execute(self.connection()).await?;
        Ok(())
    }
}
