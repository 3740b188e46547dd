//! Sensors, their enrolment, and their certificates.

use model::Timestamp;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::{Change, Error, Result, Store, Writer, new_id};

/// A sensor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SensorRow {
    /// Id.
    pub id: String,
    /// Site at which it listens.
    pub site_id: String,
    /// Name.
    pub name: String,
    /// `waiting` for its enrolment, `enrolled` or `revoked`.
    pub state: String,
    /// When it last gave a sign of life.
    pub last_seen: Option<Timestamp>,
    /// What it last said of itself, JSON.
    pub status: String,
    /// Its token may be used until then.
    pub enrol_until: Option<Timestamp>,
    /// Its latest certificate holds until then.
    pub not_after: Option<Timestamp>,
}

const SENSOR: &str = "SELECT id, site_id, name, state, last_seen, health, enrol_until, \
     (SELECT MAX(not_after) FROM sensor_certificate WHERE sensor_id = sensor.id) AS not_after FROM sensor";

fn sensor(row: &AnyRow) -> Result<SensorRow> {
    let time = |name: &str| -> Result<Option<Timestamp>> { Ok(row.try_get::<Option<i64>, _>(name)?.map(Timestamp::from_nanos)) };
    Ok(SensorRow {
        id: row.try_get("id")?,
        site_id: row.try_get("site_id")?,
        name: row.try_get("name")?,
        state: row.try_get("state")?,
        last_seen: time("last_seen")?,
        status: row.try_get("health")?,
        enrol_until: time("enrol_until")?,
        not_after: time("not_after")?,
    })
}

impl Store {
    /// Sensors of sites, by name.
    ///
    /// # Errors
    /// The database's.
    pub async fn sensors(&self, sites: &[String]) -> Result<Vec<SensorRow>> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!("{SENSOR} ORDER BY name, id"))).fetch_all(&self.readers).await?;
        let all = rows.iter().map(sensor).collect::<Result<Vec<_>>>()?;
        Ok(all.into_iter().filter(|row| sites.contains(&row.site_id)).collect())
    }

    /// The enrolled sensor that was given a certificate which still holds.
    ///
    /// # Errors
    /// The database's.
    pub async fn sensor_by_certificate(&self, fingerprint: &str, now: Timestamp) -> Result<Option<SensorRow>> {
        let query = format!(
            "{SENSOR} WHERE state = 'enrolled' AND id IN (SELECT sensor_id FROM sensor_certificate WHERE fingerprint = $1 AND not_after > $2)"
        );
        let row =
            sqlx::query(sqlx::AssertSqlSafe(query)).bind(fingerprint).bind(now.nanos()).fetch_optional(&self.readers).await?;
        row.as_ref().map(sensor).transpose()
    }
}

impl Change {
    /// Adds a sensor that may enrol with a secret of this hash; returns its id.
    ///
    /// # Errors
    /// The database's.
    pub async fn add_sensor(&mut self, site: &str, name: &str, enrol_hash: &str, until: Timestamp) -> Result<String> {
        let id = new_id("sensor");
        sqlx::query(
            "INSERT INTO sensor (id, site_id, name, state, health, enrol_hash, enrol_until) VALUES ($1, $2, $3, 'waiting', '{}', $4, $5)",
        )
        .bind(&id)
        .bind(site)
        .bind(name)
        .bind(enrol_hash)
        .bind(until.nanos())
        .execute(self.connection())
        .await?;
        Ok(id)
    }

    /// Lets a sensor enrol again; a certificate that it has goes on.
    ///
    /// # Errors
    /// [`Error::Absent`]; the database's.
    pub async fn let_enrol(&mut self, sensor: &str, enrol_hash: &str, until: Timestamp) -> Result<()> {
        let done = sqlx::query("UPDATE sensor SET enrol_hash = $2, enrol_until = $3 WHERE id = $1")
            .bind(sensor)
            .bind(enrol_hash)
            .bind(until.nanos())
            .execute(self.connection())
            .await?;
        if done.rows_affected() == 0 { Err(Error::Absent("sensor")) } else { Ok(()) }
    }

    /// Uses up the secret of a sensor's enrolment; returns its site.
    ///
    /// # Errors
    /// [`Error::Absent`] for another secret, one that was used, or one that is too old; the database's.
    pub async fn enrol(&mut self, sensor: &str, enrol_hash: &str) -> Result<String> {
        let now = self.now().nanos();
        let row = sqlx::query(
            "UPDATE sensor SET state = 'enrolled', enrol_hash = NULL, enrol_until = NULL \
             WHERE id = $1 AND enrol_hash = $2 AND enrol_until > $3 RETURNING site_id",
        )
        .bind(sensor)
        .bind(enrol_hash)
        .bind(now)
        .fetch_optional(self.connection())
        .await?;
        Ok(row.ok_or(Error::Absent("enrolment"))?.try_get("site_id")?)
    }

    /// Notes a certificate that a sensor was given, and forgets those that ended.
    ///
    /// # Errors
    /// The database's.
    pub async fn add_certificate(&mut self, sensor: &str, fingerprint: &str, not_after: Timestamp) -> Result<()> {
        let now = self.now().nanos();
        sqlx::query("DELETE FROM sensor_certificate WHERE sensor_id = $1 AND not_after <= $2")
            .bind(sensor)
            .bind(now)
            .execute(self.connection())
            .await?;
        sqlx::query("INSERT INTO sensor_certificate (fingerprint, sensor_id, not_after) VALUES ($1, $2, $3)")
            .bind(fingerprint)
            .bind(sensor)
            .bind(not_after.nanos())
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Takes a sensor's certificates and enrolment from it.
    ///
    /// # Errors
    /// [`Error::Absent`]; the database's.
    pub async fn revoke_sensor(&mut self, sensor: &str) -> Result<()> {
        sqlx::query("DELETE FROM sensor_certificate WHERE sensor_id = $1").bind(sensor).execute(self.connection()).await?;
        let done = sqlx::query("UPDATE sensor SET state = 'revoked', enrol_hash = NULL, enrol_until = NULL WHERE id = $1")
            .bind(sensor)
            .execute(self.connection())
            .await?;
        if done.rows_affected() == 0 { Err(Error::Absent("sensor")) } else { Ok(()) }
    }
}

impl Writer {
    /// Notes a sensor's sign of life and what it says of itself, JSON.
    ///
    /// # Errors
    /// The database's.
    pub async fn saw_sensor(&mut self, sensor: &str, now: Timestamp, status: &str) -> Result<()> {
        sqlx::query("UPDATE sensor SET last_seen = $2, health = $3 WHERE id = $1")
            .bind(sensor)
            .bind(now.nanos())
            .bind(status)
            .execute(self.connection())
            .await?;
        Ok(())
    }
}
