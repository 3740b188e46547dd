//! Tenants, sites and settings.

use model::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::{Change, Error, Result, Store, new_id};

/// A tenant: one organisation, whose data nobody else sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantRow {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
}

/// A site of a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteRow {
    /// Id.
    pub id: String,
    /// Tenant.
    pub tenant_id: String,
    /// Name.
    pub name: String,
    /// IANA time zone.
    pub time_zone: String,
    /// Networks inside, CIDR.
    pub networks: Vec<String>,
    /// Rises with each change.
    pub version: i64,
}

fn site(row: &AnyRow) -> Result<SiteRow> {
    Ok(SiteRow {
        id: row.try_get("id")?,
        tenant_id: row.try_get("tenant_id")?,
        name: row.try_get("name")?,
        time_zone: row.try_get("time_zone")?,
        networks: serde_json::from_str(&row.try_get::<String, _>("networks")?)?,
        version: row.try_get("version")?,
    })
}

impl Store {
    /// All tenants, by name.
    ///
    /// # Errors
    /// The database's.
    pub async fn tenants(&self) -> Result<Vec<TenantRow>> {
        let rows = sqlx::query("SELECT id, name FROM tenant ORDER BY name, id").fetch_all(&self.readers).await?;
        rows.iter().map(|row| Ok(TenantRow { id: row.try_get("id")?, name: row.try_get("name")? })).collect()
    }

    /// The tenant who runs the hub: the first one.
    ///
    /// # Errors
    /// The database's.
    pub async fn operator(&self) -> Result<Option<String>> {
        let row = sqlx::query("SELECT id FROM tenant ORDER BY created, id LIMIT 1").fetch_optional(&self.readers).await?;
        row.map(|row| Ok(row.try_get("id")?)).transpose()
    }

    /// All sites, by name.
    ///
    /// # Errors
    /// The database's.
    pub async fn sites(&self) -> Result<Vec<SiteRow>> {
        let rows = sqlx::query("SELECT id, tenant_id, name, time_zone, networks, version FROM site ORDER BY name, id")
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(site).collect()
    }

    /// A setting of a scope (`hub`, or a site).
    ///
    /// # Errors
    /// The database's, or that it holds something else.
    pub async fn setting<T: DeserializeOwned>(&self, scope: &str, name: &str) -> Result<Option<T>> {
        let row = sqlx::query("SELECT value FROM setting WHERE scope = $1 AND name = $2")
            .bind(scope)
            .bind(name)
            .fetch_optional(&self.readers)
            .await?;
        row.map(|row| Ok(serde_json::from_str(&row.try_get::<String, _>("value")?)?)).transpose()
    }
}

impl Change {
    /// Adds a tenant; returns its id.
    ///
    /// # Errors
    /// The database's.
    pub async fn add_tenant(&mut self, name: &str) -> Result<String> {
        let (id, now) = (new_id("tenant"), self.now().nanos());
        sqlx::query("INSERT INTO tenant (id, name, created) VALUES ($1, $2, $3)")
            .bind(&id)
            .bind(name)
            .bind(now)
            .execute(self.connection())
            .await?;
        Ok(id)
    }

    /// Adds a site; returns its id.
    ///
    /// # Errors
    /// The database's.
    pub async fn add_site(&mut self, tenant: &str, name: &str, time_zone: &str, networks: &[String]) -> Result<String> {
        let (id, now) = (new_id("site"), self.now().nanos());
        sqlx::query("INSERT INTO site (id, tenant_id, name, time_zone, networks, created) VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(&id)
            .bind(tenant)
            .bind(name)
            .bind(time_zone)
            .bind(serde_json::to_string(networks)?)
            .bind(now)
            .execute(self.connection())
            .await?;
        Ok(id)
    }

    /// Names a tenant anew.
    ///
    /// # Errors
    /// [`Error::Absent`]; the database's.
    pub async fn rename_tenant(&mut self, id: &str, name: &str) -> Result<()> {
        let query = sqlx::query("UPDATE tenant SET name = $2 WHERE id = $1").bind(id).bind(name);
        if query.execute(self.connection()).await?.rows_affected() == 0 { Err(Error::Absent("tenant")) } else { Ok(()) }
    }

    /// Sets a site's name, time zone and networks, if it has the version still.
    ///
    /// # Errors
    /// [`Error::Conflict`] when it was changed in the meantime; the database's.
    pub async fn set_site(&mut self, site: &SiteRow) -> Result<()> {
        let done = sqlx::query(
            "UPDATE site SET name = $3, time_zone = $4, networks = $5, version = version + 1 WHERE id = $1 AND version = $2",
        )
        .bind(&site.id)
        .bind(site.version)
        .bind(&site.name)
        .bind(&site.time_zone)
        .bind(serde_json::to_string(&site.networks)?)
        .execute(self.connection())
        .await?;
        if done.rows_affected() == 0 { Err(Error::Conflict) } else { Ok(()) }
    }

    /// Sets a setting of a scope (`hub`, or a site).
    ///
    /// # Errors
    /// The database's.
    pub async fn set_setting<T: Serialize + Sync>(&mut self, scope: &str, name: &str, value: &T) -> Result<()> {
        sqlx::query(
            "INSERT INTO setting (scope, name, value) VALUES ($1, $2, $3) ON CONFLICT (scope, name) DO UPDATE SET value = excluded.value",
        )
        .bind(scope)
        .bind(name)
        .bind(serde_json::to_string(value)?)
        .execute(self.connection())
        .await?;
        Ok(())
    }
}

/// A time as it is stored.
pub(crate) fn time(nanos: i64) -> Timestamp {
    Timestamp::from_nanos(nanos)
}
