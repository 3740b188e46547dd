//! Tenants, sites and settings.

use model::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::{Change, Result, Store, new_id};

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
}

fn site(row: &AnyRow) -> Result<SiteRow> {
    Ok(SiteRow {
        id: row.try_get("id")?,
        tenant_id: row.try_get("tenant_id")?,
        name: row.try_get("name")?,
        time_zone: row.try_get("time_zone")?,
        networks: serde_json::from_str(&row.try_get::<String, _>("networks")?)?,
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

    /// All sites, by name.
    ///
    /// # Errors
    /// The database's.
    pub async fn sites(&self) -> Result<Vec<SiteRow>> {
        let rows = sqlx::query("SELECT id, tenant_id, name, time_zone, networks FROM site ORDER BY name, id")
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
