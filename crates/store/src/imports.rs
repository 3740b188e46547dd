//! Imports of records, onboarding, and checklists.

use model::Timestamp;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::observed::{and_in, at_sites, page};
use crate::query::Query;
use crate::sites::time;
use crate::{Change, Error, Page, Result, Store};

/// A table that was taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportRow {
    /// Id.
    pub id: String,
    /// Site.
    pub site_id: String,
    /// `csv`, `xlsx`, `netbox`, `snipe_it`.
    pub source: String,
    /// Name of the file or the server.
    pub name: String,
    /// `read`, `applied`, `undone`.
    pub state: String,
    /// When.
    pub created: Timestamp,
    /// Who.
    pub created_by: String,
    /// Headings, JSON.
    pub columns: String,
    /// Number of lines.
    pub rows_read: u64,
    /// How it is read, JSON.
    pub mapping: String,
    /// Rises with each change.
    pub version: i64,
}

/// Papers of a device that is to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnboardingRow {
    /// Id.
    pub id: String,
    /// Site.
    pub site_id: String,
    /// Its record.
    pub record_id: String,
    /// State of the papers.
    pub state: String,
    /// What is to come, JSON.
    pub coming: String,
    /// Who signed what, JSON.
    pub papers: String,
    /// When it was filed.
    pub created: Timestamp,
    /// Rises with each change.
    pub version: i64,
}

/// What somebody said of an item of a checklist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChecklistRow {
    /// Site.
    pub site_id: String,
    /// Record of the device.
    pub record_id: String,
    /// Item.
    pub item_id: String,
    /// `open`, `done`, `not_applicable`.
    pub state: String,
    /// Id of who said it.
    pub by_id: String,
    /// Name of who said it.
    pub by_name: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub note: String,
    /// Rises with each change; 0 of one that nobody touched.
    pub version: i64,
}

const IMPORT: &str =
    "SELECT id, site_id, source, name, state, created, created_by, columns, rows_read, mapping, version FROM record_import";
const ONBOARDING: &str = "SELECT id, site_id, record_id, state, coming, papers, created, version FROM onboarding";
const CHECKLIST: &str = "SELECT site_id, record_id, item_id, state, by_id, by_name, at, note, version FROM checklist_item";

fn import(row: &AnyRow) -> Result<ImportRow> {
    Ok(ImportRow {
        id: row.try_get("id")?,
        site_id: row.try_get("site_id")?,
        source: row.try_get("source")?,
        name: row.try_get("name")?,
        state: row.try_get("state")?,
        created: time(row.try_get("created")?),
        created_by: row.try_get("created_by")?,
        columns: row.try_get("columns")?,
        rows_read: row.try_get::<i64, _>("rows_read")?.cast_unsigned(),
        mapping: row.try_get("mapping")?,
        version: row.try_get("version")?,
    })
}

fn onboarding(row: &AnyRow) -> Result<OnboardingRow> {
    Ok(OnboardingRow {
        id: row.try_get("id")?,
        site_id: row.try_get("site_id")?,
        record_id: row.try_get("record_id")?,
        state: row.try_get("state")?,
        coming: row.try_get("coming")?,
        papers: row.try_get("papers")?,
        created: time(row.try_get("created")?),
        version: row.try_get("version")?,
    })
}

fn checklist(row: &AnyRow) -> Result<ChecklistRow> {
    Ok(ChecklistRow {
        site_id: row.try_get("site_id")?,
        record_id: row.try_get("record_id")?,
        item_id: row.try_get("item_id")?,
        state: row.try_get("state")?,
        by_id: row.try_get("by_id")?,
        by_name: row.try_get("by_name")?,
        at: time(row.try_get("at")?),
        note: row.try_get("note")?,
        version: row.try_get("version")?,
    })
}

impl Store {
    /// Imports, the latest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn imports(&self, sites: &[String], offset: u32, limit: u32) -> Result<Page<ImportRow>> {
        let mut query = Query::new(IMPORT);
        query.push(" WHERE 1 = 1");
        at_sites(&mut query, "site_id", sites);
        query
            .push(" ORDER BY created DESC, id LIMIT ")
            .push_bind(i64::from(limit) + 1)
            .push(" OFFSET ")
            .push_bind(i64::from(offset));
        let rows = query.fetch_all(&self.readers).await?;
        Ok(page(rows.iter().map(import).collect::<Result<_>>()?, limit))
    }

    /// An import by id, at one of the sites.
    ///
    /// # Errors
    /// [`Error::Absent`]; the database's.
    pub async fn import(&self, id: &str, sites: &[String]) -> Result<ImportRow> {
        let mut query = Query::new(IMPORT);
        query.push(" WHERE id = ").push_bind(id.to_owned());
        at_sites(&mut query, "site_id", sites);
        let row = query.fetch_optional(&self.readers).await?;
        import(&row.ok_or(Error::Absent("import"))?)
    }

    /// The lines of an import, in pieces as they were given.
    ///
    /// # Errors
    /// The database's.
    pub async fn import_rows(&self, id: &str) -> Result<Vec<String>> {
        let rows = sqlx::query("SELECT body FROM import_rows WHERE import_id = $1 ORDER BY part")
            .bind(id)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(|row| Ok(row.try_get("body")?)).collect()
    }

    /// What applying an import did, a text a record.
    ///
    /// # Errors
    /// The database's.
    pub async fn import_applied(&self, id: &str) -> Result<Vec<String>> {
        let rows = sqlx::query("SELECT body FROM import_applied WHERE import_id = $1 ORDER BY record_id")
            .bind(id)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(|row| Ok(row.try_get("body")?)).collect()
    }

    /// Papers, the latest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn onboardings(&self, sites: &[String], states: &[String], offset: u32, limit: u32) -> Result<Page<OnboardingRow>> {
        let mut query = Query::new(ONBOARDING);
        query.push(" WHERE 1 = 1");
        at_sites(&mut query, "site_id", sites);
        and_in(&mut query, "state", states);
        query
            .push(" ORDER BY created DESC, id LIMIT ")
            .push_bind(i64::from(limit) + 1)
            .push(" OFFSET ")
            .push_bind(i64::from(offset));
        let rows = query.fetch_all(&self.readers).await?;
        Ok(page(rows.iter().map(onboarding).collect::<Result<_>>()?, limit))
    }

    /// Papers by id, at one of the sites.
    ///
    /// # Errors
    /// [`Error::Absent`]; the database's.
    pub async fn onboarding(&self, id: &str, sites: &[String]) -> Result<OnboardingRow> {
        let mut query = Query::new(ONBOARDING);
        query.push(" WHERE id = ").push_bind(id.to_owned());
        at_sites(&mut query, "site_id", sites);
        let row = query.fetch_optional(&self.readers).await?;
        onboarding(&row.ok_or(Error::Absent("onboarding"))?)
    }

    /// When the first papers of a site were filed.
    ///
    /// # Errors
    /// The database's.
    pub async fn first_onboarding(&self, site: &str) -> Result<Option<Timestamp>> {
        let row = sqlx::query("SELECT MIN(created) AS first FROM onboarding WHERE site_id = $1")
            .bind(site)
            .fetch_one(&self.readers)
            .await?;
        Ok(row.try_get::<Option<i64>, _>("first")?.map(time))
    }

    /// What people said of the checklist of a record.
    ///
    /// # Errors
    /// The database's.
    pub async fn checklist(&self, record: &str) -> Result<Vec<ChecklistRow>> {
        let mut query = Query::new(CHECKLIST);
        query.push(" WHERE record_id = ").push_bind(record.to_owned()).push(" ORDER BY item_id");
        query.fetch_all(&self.readers).await?.iter().map(checklist).collect()
    }

    /// What people said of all checklists of a site.
    ///
    /// # Errors
    /// The database's.
    pub async fn checklists_of_site(&self, site: &str) -> Result<Vec<ChecklistRow>> {
        let mut query = Query::new(CHECKLIST);
        query.push(" WHERE site_id = ").push_bind(site.to_owned()).push(" ORDER BY record_id, item_id");
        query.fetch_all(&self.readers).await?.iter().map(checklist).collect()
    }
}

impl Change {
    /// Takes a table in, its lines in pieces.
    ///
    /// # Errors
    /// The database's.
    pub async fn add_import(&mut self, row: &ImportRow, parts: &[String]) -> Result<()> {
        sqlx::query(
            "INSERT INTO record_import (id, site_id, source, name, state, created, created_by, columns, rows_read, mapping, version) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1)",
        )
        .bind(&row.id)
        .bind(&row.site_id)
        .bind(&row.source)
        .bind(&row.name)
        .bind(&row.state)
        .bind(row.created.nanos())
        .bind(&row.created_by)
        .bind(&row.columns)
        .bind(row.rows_read.cast_signed())
        .bind(&row.mapping)
        .execute(self.connection())
        .await?;
        for (part, body) in (0_i64..).zip(parts) {
            sqlx::query("INSERT INTO import_rows (import_id, part, body) VALUES ($1, $2, $3)")
                .bind(&row.id)
                .bind(part)
                .bind(body)
                .execute(self.connection())
                .await?;
        }
        Ok(())
    }

    /// Sets state and mapping of an import, if it is still of that version.
    ///
    /// # Errors
    /// [`Error::Conflict`]; the database's.
    pub async fn set_import(&mut self, row: &ImportRow) -> Result<()> {
        let changed = sqlx::query(
            "UPDATE record_import SET state = $3, mapping = $4, version = version + 1 WHERE id = $1 AND version = $2",
        )
        .bind(&row.id)
        .bind(row.version)
        .bind(&row.state)
        .bind(&row.mapping)
        .execute(self.connection())
        .await?;
        if changed.rows_affected() == 0 { Err(Error::Conflict) } else { Ok(()) }
    }

    /// Notes what applying an import did to a record.
    ///
    /// # Errors
    /// The database's.
    pub async fn add_import_applied(&mut self, import: &str, record: &str, body: &str) -> Result<()> {
        sqlx::query("INSERT INTO import_applied (import_id, record_id, body) VALUES ($1, $2, $3)")
            .bind(import)
            .bind(record)
            .bind(body)
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Files papers.
    ///
    /// # Errors
    /// The database's.
    pub async fn add_onboarding(&mut self, row: &OnboardingRow) -> Result<()> {
        sqlx::query(
            "INSERT INTO onboarding (id, site_id, record_id, state, coming, papers, created, version) VALUES ($1, $2, $3, $4, $5, $6, $7, 1)",
        )
        .bind(&row.id)
        .bind(&row.site_id)
        .bind(&row.record_id)
        .bind(&row.state)
        .bind(&row.coming)
        .bind(&row.papers)
        .bind(row.created.nanos())
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Changes papers, if they are still of that version.
    ///
    /// # Errors
    /// [`Error::Conflict`]; the database's.
    pub async fn set_onboarding(&mut self, row: &OnboardingRow) -> Result<()> {
        let changed = sqlx::query(
            "UPDATE onboarding SET state = $3, coming = $4, papers = $5, version = version + 1 WHERE id = $1 AND version = $2",
        )
        .bind(&row.id)
        .bind(row.version)
        .bind(&row.state)
        .bind(&row.coming)
        .bind(&row.papers)
        .execute(self.connection())
        .await?;
        if changed.rows_affected() == 0 { Err(Error::Conflict) } else { Ok(()) }
    }

    /// Says something of an item of a checklist, if nobody did since that version; 0 is of an item that nobody touched.
    ///
    /// # Errors
    /// [`Error::Conflict`]; the database's.
    pub async fn set_checklist_item(&mut self, row: &ChecklistRow) -> Result<()> {
        let changed = sqlx::query(
            "INSERT INTO checklist_item (site_id, record_id, item_id, state, by_id, by_name, at, note, version) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1) ON CONFLICT (record_id, item_id) DO UPDATE SET state = excluded.state, \
             by_id = excluded.by_id, by_name = excluded.by_name, at = excluded.at, note = excluded.note, version = checklist_item.version + 1 \
             WHERE checklist_item.version = $9",
        )
        .bind(&row.site_id)
        .bind(&row.record_id)
        .bind(&row.item_id)
        .bind(&row.state)
        .bind(&row.by_id)
        .bind(&row.by_name)
        .bind(row.at.nanos())
        .bind(&row.note)
        .bind(row.version)
        .execute(self.connection())
        .await?;
        if changed.rows_affected() == 0 { Err(Error::Conflict) } else { Ok(()) }
    }
}
