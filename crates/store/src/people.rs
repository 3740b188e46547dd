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
    /// Whose person it is.
    pub tenant_id: String,
    /// Stands for a credential kept on a ward, not for somebody.
    pub is_sealed: bool,
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
    /// `password`, `mfa`, or `sealed` of a ward's credential.
    pub strength: String,
    /// Where it was begun.
    pub address: String,
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
        tenant_id: row.try_get("tenant_id")?,
        is_sealed: row.try_get::<String, _>("kind")? == "sealed",
        version: row.try_get("version")?,
    })
}

fn role(row: &AnyRow) -> Result<RoleRow> {
    let site: String = row.try_get("site_id")?;
    let site_id = (site != ALL_SITES).then_some(site);
    Ok(RoleRow { role: row.try_get("role")?, tenant_id: row.try_get("tenant_id")?, site_id })
}

fn session(row: &AnyRow) -> Result<SessionRow> {
    Ok(SessionRow {
        token_hash: row.try_get("token_hash")?,
        person_id: row.try_get("person_id")?,
        csrf: row.try_get("csrf")?,
        created: time(row.try_get("created")?),
        last_used: time(row.try_get("last_used")?),
        expires: time(row.try_get("expires")?),
        strength: row.try_get("strength")?,
        address: row.try_get("address")?,
    })
}

impl Store {
    /// Everybody, by name.
    ///
    /// # Errors
    /// The database's.
    pub async fn people(&self) -> Result<Vec<PersonRow>> {
        let rows =
            sqlx::query("SELECT id, login, name, email, password, state, tenant_id, kind, version FROM person ORDER BY name, id")
                .fetch_all(&self.readers)
                .await?;
        rows.iter().map(person).collect()
    }

    /// Somebody by what they type at sign-in.
    ///
    /// # Errors
    /// The database's.
    pub async fn person_by_login(&self, login: &str) -> Result<Option<PersonRow>> {
        let row =
            sqlx::query("SELECT id, login, name, email, password, state, tenant_id, kind, version FROM person WHERE login = $1")
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
        let row =
            sqlx::query("SELECT id, login, name, email, password, state, tenant_id, kind, version FROM person WHERE id = $1")
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
        rows.iter().map(role).collect()
    }

    /// A session by the hash of its token.
    ///
    /// # Errors
    /// The database's.
    pub async fn session(&self, token_hash: &str) -> Result<Option<SessionRow>> {
        let row = sqlx::query(
            "SELECT token_hash, person_id, csrf, created, last_used, expires, strength, address FROM session WHERE token_hash = $1",
        )
        .bind(token_hash)
        .fetch_optional(&self.readers)
        .await?;
        row.as_ref().map(session).transpose()
    }

    /// Somebody's sessions, the newest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn sessions_of(&self, person: &str) -> Result<Vec<SessionRow>> {
        let rows = sqlx::query(
            "SELECT token_hash, person_id, csrf, created, last_used, expires, strength, address FROM session \
             WHERE person_id = $1 ORDER BY created DESC, token_hash",
        )
        .bind(person)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(session).collect()
    }

    /// Everybody's roles.
    ///
    /// # Errors
    /// The database's.
    pub async fn roles(&self) -> Result<Vec<(String, RoleRow)>> {
        let rows = sqlx::query(
            "SELECT person_id, role, tenant_id, site_id FROM person_role ORDER BY person_id, role, tenant_id, site_id",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(|row| Ok((row.try_get("person_id")?, role(row)?))).collect()
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

    /// Says whose person somebody is, and whether it stands for a ward's credential.
    ///
    /// # Errors
    /// The database's.
    pub async fn set_home(&mut self, person: &str, tenant: &str, is_sealed: bool) -> Result<()> {
        sqlx::query("UPDATE person SET tenant_id = $2, kind = $3 WHERE id = $1")
            .bind(person)
            .bind(tenant)
            .bind(if is_sealed { "sealed" } else { "person" })
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Sets somebody's name, mail and whether they may sign in, if the row has the version still.
    ///
    /// # Errors
    /// [`Error::Conflict`] when it was changed in the meantime; the database's.
    pub async fn set_person(&mut self, person: &PersonRow) -> Result<()> {
        let done = sqlx::query(
            "UPDATE person SET name = $3, email = $4, state = $5, version = version + 1 WHERE id = $1 AND version = $2",
        )
        .bind(&person.id)
        .bind(person.version)
        .bind(&person.name)
        .bind(&person.email)
        .bind(if person.is_active { "active" } else { "disabled" })
        .execute(self.connection())
        .await?;
        if done.rows_affected() == 0 { Err(Error::Conflict) } else { Ok(()) }
    }

    /// Sets somebody's password, a PHC string.
    ///
    /// # Errors
    /// The database's.
    pub async fn set_password(&mut self, person: &str, phc: &str) -> Result<()> {
        let query = sqlx::query("UPDATE person SET password = $2 WHERE id = $1").bind(person).bind(phc);
        query.execute(self.connection()).await?;
        Ok(())
    }

    /// Takes a role from somebody.
    ///
    /// # Errors
    /// The database's.
    pub async fn remove_role(&mut self, person: &str, role: &RoleRow) -> Result<()> {
        sqlx::query("DELETE FROM person_role WHERE person_id = $1 AND role = $2 AND tenant_id = $3 AND site_id = $4")
            .bind(person)
            .bind(&role.role)
            .bind(&role.tenant_id)
            .bind(role.site_id.as_deref().unwrap_or(ALL_SITES))
            .execute(self.connection())
            .await?;
        Ok(())
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
            "INSERT INTO session (token_hash, person_id, csrf, created, last_used, expires, strength, address) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(&session.token_hash)
        .bind(&session.person_id)
        .bind(&session.csrf)
        .bind(session.created.nanos())
        .bind(session.last_used.nanos())
        .bind(session.expires.nanos())
        .bind(&session.strength)
        .bind(&session.address)
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

    /// Ends somebody's sessions, but for one where one is named.
    ///
    /// # Errors
    /// The database's.
    pub async fn end_sessions_of(&mut self, person: &str, except: Option<&str>) -> Result<u64> {
        let query = sqlx::query("DELETE FROM session WHERE person_id = $1 AND token_hash <> $2");
        Ok(query.bind(person).bind(except.unwrap_or_default()).execute(self.connection()).await?.rows_affected())
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
