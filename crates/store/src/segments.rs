//! The manifest of history: which segments there are, and up to which batch of each sensor they reach.
//!
//! A segment is part of history when its row is here. Rows that come in with a sensor's mark come in one transaction, so that a batch is
//! in history once or not at all.

use model::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _};

use crate::{Change, Error, Result, Store, Writer};

/// A segment: one file with rows of one site and one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentRow {
    /// Id.
    pub id: String,
    /// Table: `flow` or `event`.
    pub kind: String,
    /// Tenant.
    pub tenant_id: String,
    /// Site.
    pub site_id: String,
    /// Path below the root of history.
    pub path: String,
    /// Earliest instant of a row.
    pub first: Timestamp,
    /// Latest instant of a row.
    pub last: Timestamp,
    /// When its rows were taken in, the last of them.
    pub taken: Timestamp,
    /// Rows.
    pub rows: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// Version of its columns.
    pub schema_version: u16,
    /// Why it is not read any more; absent while it is sound.
    pub set_aside: Option<String>,
}

/// Which segments are asked for; all where nothing is said.
#[derive(Clone, Debug, Default)]
pub struct SegmentFilter {
    /// Table.
    pub kind: Option<String>,
    /// Tenant.
    pub tenant_id: Option<String>,
    /// Sites.
    pub site_ids: Option<Vec<String>>,
    /// With an instant at or after this.
    pub from: Option<Timestamp>,
    /// With an instant before this.
    pub before: Option<Timestamp>,
}

/// A change of the manifest.
#[derive(Clone, Debug, Default)]
pub struct SegmentChange {
    /// Segments that come in; one that is there with this id is replaced.
    pub add: Vec<SegmentRow>,
    /// Ids of segments that go. One that is not there refuses the whole change with [`Error::Conflict`].
    pub remove: Vec<String>,
    /// Sensors and the highest batch of each that the segments hold. A mark never goes back.
    pub marks: Vec<(String, u64)>,
}

impl Store {
    /// Segments, by id, those set aside among them.
    ///
    /// # Errors
    /// The database's.
    pub async fn segments(&self, filter: &SegmentFilter) -> Result<Vec<SegmentRow>> {
        let rows = sqlx::query(
            "SELECT id, kind, tenant_id, site_id, first, last, rows_held, bytes, path, schema_version, sha256, state, reason, taken FROM segment \
             WHERE ($1 = '' OR kind = $1) AND ($2 = '' OR tenant_id = $2) AND last >= $3 AND first < $4 ORDER BY id",
        )
        .bind(filter.kind.as_deref().unwrap_or_default())
        .bind(filter.tenant_id.as_deref().unwrap_or_default())
        .bind(filter.from.map_or(i64::MIN, Timestamp::nanos))
        .bind(filter.before.map_or(i64::MAX, Timestamp::nanos))
        .fetch_all(&self.readers)
        .await?;
        let mut segments = rows.iter().map(segment).collect::<Result<Vec<_>>>()?;
        segments.retain(|segment| filter.site_ids.as_ref().is_none_or(|sites| sites.contains(&segment.site_id)));
        Ok(segments)
    }

    /// The highest batch of each sensor whose rows are in segments.
    ///
    /// # Errors
    /// The database's.
    pub async fn segment_marks(&self) -> Result<Vec<(String, u64)>> {
        let rows = sqlx::query("SELECT sensor_id, number FROM segment_mark ORDER BY sensor_id").fetch_all(&self.readers).await?;
        rows.iter().map(|row| Ok((row.try_get("sensor_id")?, row.try_get::<i64, _>("number")?.cast_unsigned()))).collect()
    }
}

impl Writer {
    /// Changes which segments there are, as taking in rows and putting segments together does.
    ///
    /// # Errors
    /// [`Error::Conflict`] where a segment that should go is not there, and the database's.
    pub async fn change_segments(&mut self, change: &SegmentChange) -> Result<()> {
        write(self.connection(), change).await
    }
}

impl Change {
    /// Changes which segments there are in a way that is an act: some are dropped, or set aside.
    ///
    /// # Errors
    /// [`Error::Conflict`] where a segment that should go is not there, and the database's.
    pub async fn change_segments(&mut self, change: &SegmentChange) -> Result<()> {
        write(self.connection(), change).await
    }
}

async fn write(connection: &mut AnyConnection, change: &SegmentChange) -> Result<()> {
    for id in &change.remove {
        let done = sqlx::query("DELETE FROM segment WHERE id = $1").bind(id).execute(&mut *connection).await?;
        if done.rows_affected() == 0 {
            return Err(Error::Conflict);
        }
    }
    for row in &change.add {
        put(connection, row).await?;
    }
    for (sensor, number) in &change.marks {
        sqlx::query(
            "INSERT INTO segment_mark (sensor_id, number) VALUES ($1, $2) ON CONFLICT (sensor_id) DO UPDATE SET number = excluded.number \
             WHERE excluded.number > segment_mark.number",
        )
        .bind(sensor)
        .bind(number.cast_signed())
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

async fn put(connection: &mut AnyConnection, row: &SegmentRow) -> Result<()> {
    sqlx::query(
        "INSERT INTO segment (id, kind, tenant_id, site_id, first, last, rows_held, bytes, path, schema_version, sha256, state, reason, taken) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, \
         tenant_id = excluded.tenant_id, site_id = excluded.site_id, first = excluded.first, last = excluded.last, \
         rows_held = excluded.rows_held, bytes = excluded.bytes, path = excluded.path, schema_version = excluded.schema_version, \
         sha256 = excluded.sha256, state = excluded.state, reason = excluded.reason, taken = excluded.taken",
    )
    .bind(&row.id)
    .bind(&row.kind)
    .bind(&row.tenant_id)
    .bind(&row.site_id)
    .bind(row.first.nanos())
    .bind(row.last.nanos())
    .bind(row.rows.cast_signed())
    .bind(row.bytes.cast_signed())
    .bind(&row.path)
    .bind(i64::from(row.schema_version))
    .bind(&row.sha256)
    .bind(if row.set_aside.is_some() { "set_aside" } else { "good" })
    .bind(&row.set_aside)
    .bind(row.taken.nanos())
    .execute(connection)
    .await?;
    Ok(())
}

fn segment(row: &AnyRow) -> Result<SegmentRow> {
    let is_aside = row.try_get::<String, _>("state")? == "set_aside";
    let reason: Option<String> = row.try_get("reason")?;
    Ok(SegmentRow {
        id: row.try_get("id")?,
        kind: row.try_get("kind")?,
        tenant_id: row.try_get("tenant_id")?,
        site_id: row.try_get("site_id")?,
        path: row.try_get("path")?,
        first: Timestamp::from_nanos(row.try_get("first")?),
        last: Timestamp::from_nanos(row.try_get("last")?),
        taken: Timestamp::from_nanos(row.try_get("taken")?),
        rows: row.try_get::<i64, _>("rows_held")?.cast_unsigned(),
        bytes: row.try_get::<i64, _>("bytes")?.cast_unsigned(),
        sha256: row.try_get("sha256")?,
        schema_version: u16::try_from(row.try_get::<i64, _>("schema_version")?).unwrap_or(u16::MAX),
        set_aside: is_aside.then(|| reason.unwrap_or_default()),
    })
}
