//! People, their roles and sessions.

use model::Timestamp;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::sites::time;
use crate::{Change, Error, Result, Store, Writer, new_id};

/// Somebody who may sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonRow {
    /// Id.
    pub id: String,
    /// What is typed at sign-in, lower case.
    pub login: String,
    /// Name.
    pub name: String,
    /// Where mail goes.
    pub email: String,
    /// PHC string of the password, where there is one.
    pub password: Option<String>,
    /// May sign in.
    pub is_active: bool,
    /// Rises with each change.
    pub version: i64,
}

/// A role at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleRow {
    /// Name of the role.
    pub role: String,
    /// Tenant.
    pub tenant_id: String,
    /// Site; absent for all of the tenant's.
    pub site_id: Option<String>,
}

/// A session of somebody signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// SHA-256 of the cookie's token.
    pub token_hash: String,
    /// Who.
    pub person_id: String,
    /// What the page sends back with each change.
    pub csrf: String,
    /// Begun.
    pub created: Timestamp,
    /// Used last.
    pub last_used: Timestamp,
    /// Ends at the latest.
    pub expires: Timestamp,
    /// `password` or `mfa`.
    pub strength: String,
}

const ALL_SITES: &str = "*";

fn person(row: &AnyRow) -> Result<PersonRow> {
    Ok(PersonRow {
        id: row.try_get("id")?,
        login: row.try_get("login")?,
        name: row.try_get("name")?,
        email: row.try_get("email")?,
        password: row.try_get("password")?,
        is_active: row.try_get::<String, _>("state")? == "active",
        version: row.try_get("version")?,
    })
}

impl Store {
    /// Everybody, by name.
    ///
    /// # Errors
    /// The database's.
    pub async fn people(&self) -> Result<Vec<PersonRow>> {
        let rows = sqlx::query("SELECT id, login, name, email, password, state, version FROM person ORDER BY name, id")
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(person).collect()
    }

    /// Somebody by what they type at sign-in.
    ///
    /// # Errors
    /// The database's.
    pub async fn person_by_login(&self, login: &str) -> Result<Option<PersonRow>> {
        let row = sqlx::query("SELECT id, login, name, email, password, state, version FROM person WHERE login = $1")
            .bind(login.trim().to_lowercase())
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(person).transpose()
    }

    /// Somebody by id.
    ///
    /// # Errors
    /// The database's.
    pub async fn person(&self, id: &str) -> Result<Option<PersonRow>> {
        let row = sqlx::query("SELECT id, login, name, email, password, state, version FROM person WHERE id = $1")
            .bind(id)
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(person).transpose()
    }

    /// Somebody's roles.
    ///
    /// # Errors
    /// The database's.
    pub async fn roles_of(&self, person: &str) -> Result<Vec<RoleRow>> {
        let rows = sqlx::query(
            "SELECT role, tenant_id, site_id FROM person_role WHERE person_id = $1 ORDER BY role, tenant_id, site_id",
        )
        .bind(person)
        .fetch_all(&self.readers)
        .await?;
        let role = |row: &AnyRow| {
            let site: String = row.try_get("site_id")?;
            let site_id = (site != ALL_SITES).then_some(site);
            Ok(RoleRow { role: row.try_get("role")?, tenant_id: row.try_get("tenant_id")?, site_id })
        };
        rows.iter().map(role).collect()
    }

    /// A session by the hash of its token.
    ///
    /// # Errors
    /// The database's.
    pub async fn session(&self, token_hash: &str) -> Result<Option<SessionRow>> {
        let row = sqlx::query(
            "SELECT token_hash, person_id, csrf, created, last_used, expires, strength FROM session WHERE token_hash = $1",
        )
        .bind(token_hash)
        .fetch_optional(&self.readers)
        .await?;
        row.map(|row| {
            Ok(SessionRow {
                token_hash: row.try_get("token_hash")?,
                person_id: row.try_get("person_id")?,
                csrf: row.try_get("csrf")?,
                created: time(row.try_get("created")?),
                last_used: time(row.try_get("last_used")?),
                expires: time(row.try_get("expires")?),
                strength: row.try_get("strength")?,
            })
        })
        .transpose()
    }
}

impl Change {
    /// Adds somebody; returns the id.
    ///
    /// # Errors
    /// [`Error::Exists`] when the login is taken; the database's.
    pub async fn add_person(&mut self, login: &str, name: &str, email: &str, password: Option<&str>) -> Result<String> {
        let (id, now) = (new_id("person"), self.now().nanos());
        let added = sqlx::query(
            "INSERT INTO person (id, login, name, email, password, state, created, version) \
             VALUES ($1, $2, $3, $4, $5, 'active', $6, 1) ON CONFLICT (login) DO NOTHING",
        )
        .bind(&id)
        .bind(login.trim().to_lowercase())
        .bind(name)
        .bind(email)
        .bind(password)
        .bind(now)
        .execute(self.connection())
        .await?;
        if added.rows_affected() == 0 { Err(Error::Exists("person")) } else { Ok(id) }
    }

    /// Gives somebody a role.
    ///
    /// # Errors
    /// The database's.
    pub async fn add_role(&mut self, person: &str, role: &RoleRow) -> Result<()> {
        sqlx::query(
            "INSERT INTO person_role (person_id, role, tenant_id, site_id) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        )
        .bind(person)
        .bind(&role.role)
        .bind(&role.tenant_id)
        .bind(role.site_id.as_deref().unwrap_or(ALL_SITES))
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Begins a session.
    ///
    /// # Errors
    /// The database's.
    pub async fn add_session(&mut self, session: &SessionRow) -> Result<()> {
        sqlx::query(
            "INSERT INTO session (token_hash, person_id, csrf, created, last_used, expires, strength) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&session.token_hash)
        .bind(&session.person_id)
        .bind(&session.csrf)
        .bind(session.created.nanos())
        .bind(session.last_used.nanos())
        .bind(session.expires.nanos())
        .bind(&session.strength)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Ends a session.
    ///
    /// # Errors
    /// The database's.
    pub async fn end_session(&mut self, token_hash: &str) -> Result<()> {
        sqlx::query("DELETE FROM session WHERE token_hash = $1").bind(token_hash).execute(self.connection()).await?;
        Ok(())
    }
}

impl Writer {
    /// Notes that a session was used.
    ///
    /// # Errors
    /// The database's.
    pub async fn touch_session(&mut self, token_hash: &str, now: Timestamp) -> Result<()> {
        sqlx::query("UPDATE session SET last_used = $2 WHERE token_hash = $1")
            .bind(token_hash)
            .bind(now.nanos())
            .execute(self.connection())
            .await?;
        Ok(())
    }
}
