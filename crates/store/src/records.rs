//! What people say of devices: records, attachments, saved views, and which interfaces are one device.

use model::Timestamp;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::observed::{and_in, at_sites, page};
use crate::query::Query;
use crate::sites::time;
use crate::{Change, Error, Page, Result, Store, new_id};

/// A record. Its contents are the hub's; what is filtered by stands beside them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordRow {
    /// Id.
    pub id: String,
    /// Site.
    pub site_id: String,
    /// Observed device whose it is.
    pub device_id: Option<String>,
    /// Why that is not plain, JSON.
    pub conflict: Option<String>,
    /// What identifies the device, JSON.
    pub anchors: String,
    /// Lower case: order and search.
    pub title: String,
    /// Who in clinical engineering answers for it.
    pub clinical_owner: String,
    /// Who in IT answers for it.
    pub it_owner: String,
    /// Unit.
    pub unit: String,
    /// Where it is in its life.
    pub state: String,
    /// Tags.
    pub tags: Vec<String>,
    /// What it says, JSON.
    pub doc: String,
    /// Rises with each change by a person.
    pub version: i64,
}

/// Which records are wanted. Empty lists and absent values ask for all.
#[derive(Clone, Debug, Default)]
pub struct RecordFilter {
    /// Sites; these only, and none when empty.
    pub sites: Vec<String>,
    /// Words that the title contains.
    pub text: Option<String>,
    /// Owners, in clinical engineering or IT.
    pub owners: Vec<String>,
    /// Units.
    pub units: Vec<String>,
    /// States.
    pub states: Vec<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Of devices that were seen, or were not.
    pub seen: Option<bool>,
    /// Those of which it is not plain whose they are.
    pub in_conflict: bool,
    /// Page: after this title and id.
    pub after: Option<(String, String)>,
    /// Size of the page.
    pub limit: u32,
}

/// How many records there are of each value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordFacets {
    /// By owner in clinical engineering.
    pub clinical_owner: Vec<(String, u64)>,
    /// By owner in IT.
    pub it_owner: Vec<(String, u64)>,
    /// By unit.
    pub unit: Vec<(String, u64)>,
    /// By state.
    pub state: Vec<(String, u64)>,
    /// By tag.
    pub tag: Vec<(String, u64)>,
}

/// A file that belongs to a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachmentRow {
    /// Id.
    pub id: String,
    /// Site.
    pub site_id: String,
    /// Record.
    pub record_id: String,
    /// File name as given.
    pub name: String,
    /// What it is, as its bytes say.
    pub media_type: String,
    /// Size.
    pub bytes: u64,
    /// SHA-256 of its contents, hexadecimal: its name in the data folder.
    pub sha256: String,
    /// When.
    pub added: Timestamp,
    /// Who.
    pub added_by: String,
}

/// A view that somebody saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewRow {
    /// Id.
    pub id: String,
    /// Tenant.
    pub tenant_id: String,
    /// Whose it is.
    pub person_id: String,
    /// Everybody of the tenant sees it.
    pub is_shared: bool,
    /// Screen.
    pub screen: String,
    /// Name.
    pub name: String,
    /// What it shows, JSON.
    pub query: String,
    /// Rises with each change.
    pub version: i64,
}

/// What somebody said of which interfaces are one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementRow {
    /// Id.
    pub id: String,
    /// Site.
    pub site_id: String,
    /// What was said, JSON.
    pub doc: String,
    /// When.
    pub made: Timestamp,
    /// When it was taken back.
    pub undone: Option<Timestamp>,
}

const RECORD: &str = "SELECT r.id, r.site_id, r.device_id, r.conflict, r.anchors, r.title, r.clinical_owner, r.it_owner, r.unit, r.state, \
                      r.tags, r.doc, r.version FROM device_record r";

fn record(row: &AnyRow) -> Result<RecordRow> {
    Ok(RecordRow {
        id: row.try_get("id")?,
        site_id: row.try_get("site_id")?,
        device_id: row.try_get("device_id")?,
        conflict: row.try_get("conflict")?,
        anchors: row.try_get("anchors")?,
        title: row.try_get("title")?,
        clinical_owner: row.try_get("clinical_owner")?,
        it_owner: row.try_get("it_owner")?,
        unit: row.try_get("unit")?,
        state: row.try_get("state")?,
        tags: serde_json::from_str(&row.try_get::<String, _>("tags")?)?,
        doc: row.try_get("doc")?,
        version: row.try_get("version")?,
    })
}

fn where_records(query: &mut Query, filter: &RecordFilter) {
    query.push(" WHERE 1 = 1");
    at_sites(query, "r.site_id", &filter.sites);
    where_said(query, filter);
    match filter.seen {
        Some(true) => drop(query.push(" AND r.device_id IS NOT NULL")),
        Some(false) => drop(query.push(" AND r.device_id IS NULL")),
        None => {}
    }
    if filter.in_conflict {
        query.push(" AND r.conflict IS NOT NULL");
    }
    for word in filter.text.iter().flat_map(|text| text.split_whitespace()).take(8) {
        let escaped = word.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        query.push(" AND r.title LIKE ").push_bind(format!("%{escaped}%")).push(" ESCAPE '\\'");
    }
}

/// Conditions on what people say, of the table `r`.
pub(crate) fn where_said(query: &mut Query, filter: &RecordFilter) {
    and_in(query, "r.unit", &filter.units);
    and_in(query, "r.state", &filter.states);
    if !filter.owners.is_empty() {
        query.push(" AND (1 = 0");
        for owner in &filter.owners {
            query.push(" OR r.clinical_owner = ").push_bind(owner.clone()).push(" OR r.it_owner = ").push_bind(owner.clone());
        }
        query.push(")");
    }
    for tag in &filter.tags {
        query
            .push(" AND EXISTS (SELECT 1 FROM device_record_tag t WHERE t.record_id = r.id AND t.tag = ")
            .push_bind(tag.clone())
            .push(")");
    }
}

impl RecordFilter {
    /// Asks for something that people say.
    #[must_use]
    pub fn is_said(&self) -> bool {
        !(self.owners.is_empty() && self.units.is_empty() && self.states.is_empty() && self.tags.is_empty())
    }
}

impl Store {
    /// A page of records, by title.
    ///
    /// # Errors
    /// The database's.
    pub async fn records(&self, filter: &RecordFilter) -> Result<Page<RecordRow>> {
        let mut query = Query::new(RECORD);
        where_records(&mut query, filter);
        if let Some((title, id)) = &filter.after {
            query.push(" AND (r.title > ").push_bind(title.clone()).push(" OR (r.title = ").push_bind(title.clone());
            query.push(" AND r.id > ").push_bind(id.clone()).push("))");
        }
        query.push(" ORDER BY r.title, r.id LIMIT ").push_bind(i64::from(filter.limit) + 1);
        let rows = query.fetch_all(&self.readers).await?;
        Ok(page(rows.iter().map(record).collect::<Result<_>>()?, filter.limit))
    }

    /// All records of a site, by id.
    ///
    /// # Errors
    /// The database's.
    pub async fn records_of_site(&self, site: &str) -> Result<Vec<RecordRow>> {
        let mut query = Query::new(RECORD);
        query.push(" WHERE r.site_id = ").push_bind(site.to_owned()).push(" ORDER BY r.id");
        query.fetch_all(&self.readers).await?.iter().map(record).collect()
    }

    /// How many records of each value a filter leaves.
    ///
    /// # Errors
    /// The database's.
    pub async fn record_facets(&self, filter: &RecordFilter) -> Result<RecordFacets> {
        let mut facets = RecordFacets::default();
        let columns = [
            ("r.clinical_owner", &mut facets.clinical_owner),
            ("r.it_owner", &mut facets.it_owner),
            ("r.unit", &mut facets.unit),
            ("r.state", &mut facets.state),
            ("t.tag", &mut facets.tag),
        ];
        for (column, list) in columns {
            let mut query = Query::new("SELECT ");
            query.push(column).push(" AS value, COUNT(*) AS number FROM device_record r");
            if column == "t.tag" {
                query.push(" JOIN device_record_tag t ON t.record_id = r.id");
            }
            where_records(&mut query, filter);
            query.push(" AND ").push(column).push(" <> '' GROUP BY ").push(column).push(" ORDER BY number DESC, value LIMIT 200");
            for row in query.fetch_all(&self.readers).await? {
                list.push((row.try_get("value")?, row.try_get::<i64, _>("number")?.cast_unsigned()));
            }
        }
        Ok(facets)
    }

    /// A record by id, at one of the sites.
    ///
    /// # Errors
    /// [`Error::Absent`]; the database's.
    pub async fn record(&self, id: &str, sites: &[String]) -> Result<RecordRow> {
        let mut query = Query::new(RECORD);
        query.push(" WHERE r.id = ").push_bind(id.to_owned());
        at_sites(&mut query, "r.site_id", sites);
        let row = query.fetch_optional(&self.readers).await?;
        record(&row.ok_or(Error::Absent("record"))?)
    }

    /// Records of observed devices.
    ///
    /// # Errors
    /// The database's.
    pub async fn records_of_devices(&self, sites: &[String], devices: &[String]) -> Result<Vec<RecordRow>> {
        if devices.is_empty() {
            return Ok(Vec::new());
        }
        let mut query = Query::new(RECORD);
        query.push(" WHERE 1 = 1");
        at_sites(&mut query, "r.site_id", sites);
        and_in(&mut query, "r.device_id", devices);
        // Of several the first counts, as for one device.
        query.push(" ORDER BY r.created DESC, r.id DESC");
        query.fetch_all(&self.readers).await?.iter().map(record).collect()
    }

    /// The record of an observed device, where there is one.
    ///
    /// # Errors
    /// The database's.
    pub async fn record_of_device(&self, site: &str, device: &str) -> Result<Option<RecordRow>> {
        let mut query = Query::new(RECORD);
        query.push(" WHERE r.site_id = ").push_bind(site.to_owned()).push(" AND r.device_id = ").push_bind(device.to_owned());
        query.push(" ORDER BY r.created, r.id LIMIT 1");
        query.fetch_optional(&self.readers).await?.as_ref().map(record).transpose()
    }

    /// Files of a record, the latest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn attachments(&self, record: &str, sites: &[String]) -> Result<Vec<AttachmentRow>> {
        let mut query = Query::new(
            "SELECT id, site_id, record_id, name, media_type, bytes, sha256, added, added_by FROM attachment WHERE record_id = ",
        );
        query.push_bind(record.to_owned());
        at_sites(&mut query, "site_id", sites);
        query.push(" ORDER BY added DESC, id LIMIT 200");
        query.fetch_all(&self.readers).await?.iter().map(attachment).collect()
    }

    /// A file by id, at one of the sites.
    ///
    /// # Errors
    /// [`Error::Absent`]; the database's.
    pub async fn attachment(&self, id: &str, sites: &[String]) -> Result<AttachmentRow> {
        let mut query = Query::new(
            "SELECT id, site_id, record_id, name, media_type, bytes, sha256, added, added_by FROM attachment WHERE id = ",
        );
        query.push_bind(id.to_owned());
        at_sites(&mut query, "site_id", sites);
        let row = query.fetch_optional(&self.readers).await?;
        attachment(&row.ok_or(Error::Absent("attachment"))?)
    }

    /// How many attachments have these contents.
    ///
    /// # Errors
    /// The database's.
    pub async fn attachments_with(&self, sha256: &str) -> Result<u64> {
        let row = sqlx::query("SELECT COUNT(*) AS number FROM attachment WHERE sha256 = $1")
            .bind(sha256)
            .fetch_one(&self.readers)
            .await?;
        Ok(row.try_get::<i64, _>("number")?.cast_unsigned())
    }

    /// Views that somebody sees: their own, and what others of the tenant share.
    ///
    /// # Errors
    /// The database's.
    pub async fn views(&self, tenant: &str, person: &str) -> Result<Vec<ViewRow>> {
        let rows = sqlx::query(
            "SELECT id, tenant_id, person_id, is_shared, screen, name, query, version FROM saved_view \
             WHERE tenant_id = $1 AND (person_id = $2 OR is_shared = 1) ORDER BY screen, name, id LIMIT 500",
        )
        .bind(tenant)
        .bind(person)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(view).collect()
    }

    /// What people said of which interfaces are one device, in the order in which they did.
    ///
    /// # Errors
    /// The database's.
    pub async fn statements(&self, site: &str) -> Result<Vec<StatementRow>> {
        let rows =
            sqlx::query("SELECT id, site_id, doc, made, undone FROM identity_statement WHERE site_id = $1 ORDER BY made, id")
                .bind(site)
                .fetch_all(&self.readers)
                .await?;
        rows.iter().map(statement).collect()
    }
}

fn attachment(row: &AnyRow) -> Result<AttachmentRow> {
    Ok(AttachmentRow {
        id: row.try_get("id")?,
        site_id: row.try_get("site_id")?,
        record_id: row.try_get("record_id")?,
        name: row.try_get("name")?,
        media_type: row.try_get("media_type")?,
        bytes: row.try_get::<i64, _>("bytes")?.cast_unsigned(),
        sha256: row.try_get("sha256")?,
        added: time(row.try_get("added")?),
        added_by: row.try_get("added_by")?,
    })
}

fn view(row: &AnyRow) -> Result<ViewRow> {
    Ok(ViewRow {
        id: row.try_get("id")?,
        tenant_id: row.try_get("tenant_id")?,
        person_id: row.try_get("person_id")?,
        is_shared: row.try_get::<i64, _>("is_shared")? != 0,
        screen: row.try_get("screen")?,
        name: row.try_get("name")?,
        query: row.try_get("query")?,
        version: row.try_get("version")?,
    })
}

fn statement(row: &AnyRow) -> Result<StatementRow> {
    Ok(StatementRow {
        id: row.try_get("id")?,
        site_id: row.try_get("site_id")?,
        doc: row.try_get("doc")?,
        made: time(row.try_get("made")?),
        undone: row.try_get::<Option<i64>, _>("undone")?.map(time),
    })
}

impl Change {
    /// Makes a record, of version 1.
    ///
    /// # Errors
    /// The database's.
    pub async fn add_record(&mut self, row: &RecordRow) -> Result<()> {
        let now = self.now().nanos();
        sqlx::query(
            "INSERT INTO device_record (id, site_id, device_id, conflict, anchors, title, clinical_owner, it_owner, unit, state, tags, doc, \
             created, changed, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13, 1)",
        )
        .bind(&row.id)
        .bind(&row.site_id)
        .bind(&row.device_id)
        .bind(&row.conflict)
        .bind(&row.anchors)
        .bind(&row.title)
        .bind(&row.clinical_owner)
        .bind(&row.it_owner)
        .bind(&row.unit)
        .bind(&row.state)
        .bind(serde_json::to_string(&row.tags)?)
        .bind(&row.doc)
        .bind(now)
        .execute(self.connection())
        .await?;
        self.set_tags(row).await
    }

    /// Sets what a record says, if it is still of that version.
    ///
    /// # Errors
    /// [`Error::Conflict`]; the database's.
    pub async fn set_record(&mut self, row: &RecordRow) -> Result<()> {
        let now = self.now().nanos();
        let changed = sqlx::query(
            "UPDATE device_record SET device_id = $3, conflict = $4, anchors = $5, title = $6, clinical_owner = $7, it_owner = $8, unit = $9, \
             state = $10, tags = $11, doc = $12, changed = $13, version = version + 1 WHERE id = $1 AND version = $2",
        )
        .bind(&row.id)
        .bind(row.version)
        .bind(&row.device_id)
        .bind(&row.conflict)
        .bind(&row.anchors)
        .bind(&row.title)
        .bind(&row.clinical_owner)
        .bind(&row.it_owner)
        .bind(&row.unit)
        .bind(&row.state)
        .bind(serde_json::to_string(&row.tags)?)
        .bind(&row.doc)
        .bind(now)
        .execute(self.connection())
        .await?;
        if changed.rows_affected() == 0 {
            return Err(Error::Conflict);
        }
        self.set_tags(row).await
    }

    /// Says which device a record is of; its version stays, since nobody changed what it says.
    ///
    /// # Errors
    /// [`Error::Absent`]; the database's.
    pub async fn place_record(&mut self, id: &str, device: Option<&str>, conflict: Option<&str>, anchors: &str) -> Result<()> {
        let placed = sqlx::query("UPDATE device_record SET device_id = $2, conflict = $3, anchors = $4 WHERE id = $1")
            .bind(id)
            .bind(device)
            .bind(conflict)
            .bind(anchors)
            .execute(self.connection())
            .await?;
        if placed.rows_affected() == 0 { Err(Error::Absent("record")) } else { Ok(()) }
    }

    async fn set_tags(&mut self, row: &RecordRow) -> Result<()> {
        sqlx::query("DELETE FROM device_record_tag WHERE record_id = $1").bind(&row.id).execute(self.connection()).await?;
        for tag in &row.tags {
            sqlx::query("INSERT INTO device_record_tag (record_id, site_id, tag) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
                .bind(&row.id)
                .bind(&row.site_id)
                .bind(tag)
                .execute(self.connection())
                .await?;
        }
        Ok(())
    }

    /// Takes a record away, if it is still of that version. Its attachments stay until they are taken away too.
    ///
    /// # Errors
    /// [`Error::Conflict`]; the database's.
    pub async fn remove_record(&mut self, id: &str, version: i64) -> Result<()> {
        sqlx::query("DELETE FROM device_record_tag WHERE record_id = $1").bind(id).execute(self.connection()).await?;
        let gone = sqlx::query("DELETE FROM device_record WHERE id = $1 AND version = $2")
            .bind(id)
            .bind(version)
            .execute(self.connection())
            .await?;
        if gone.rows_affected() == 0 { Err(Error::Conflict) } else { Ok(()) }
    }

    /// A record as this change sees it.
    ///
    /// # Errors
    /// The database's.
    pub async fn record_now(&mut self, id: &str) -> Result<Option<RecordRow>> {
        let mut query = Query::new(RECORD);
        query.push(" WHERE r.id = ").push_bind(id.to_owned());
        query.fetch_optional(self.connection()).await?.as_ref().map(record).transpose()
    }

    /// Adds a file to a record.
    ///
    /// # Errors
    /// The database's.
    pub async fn add_attachment(&mut self, row: &AttachmentRow) -> Result<()> {
        sqlx::query(
            "INSERT INTO attachment (id, site_id, record_id, name, media_type, bytes, sha256, added, added_by) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(&row.id)
        .bind(&row.site_id)
        .bind(&row.record_id)
        .bind(&row.name)
        .bind(&row.media_type)
        .bind(row.bytes.cast_signed())
        .bind(&row.sha256)
        .bind(row.added.nanos())
        .bind(&row.added_by)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Takes a file away.
    ///
    /// # Errors
    /// The database's.
    pub async fn remove_attachment(&mut self, id: &str) -> Result<()> {
        sqlx::query("DELETE FROM attachment WHERE id = $1").bind(id).execute(self.connection()).await?;
        Ok(())
    }

    /// Saves a view; returns its id.
    ///
    /// # Errors
    /// The database's.
    pub async fn add_view(&mut self, row: &ViewRow) -> Result<String> {
        let id = new_id("view");
        sqlx::query(
            "INSERT INTO saved_view (id, tenant_id, person_id, is_shared, screen, name, query, version) VALUES ($1, $2, $3, $4, $5, $6, $7, 1)",
        )
        .bind(&id)
        .bind(&row.tenant_id)
        .bind(&row.person_id)
        .bind(i64::from(row.is_shared))
        .bind(&row.screen)
        .bind(&row.name)
        .bind(&row.query)
        .execute(self.connection())
        .await?;
        Ok(id)
    }

    /// Changes a view of somebody, if it is still of that version.
    ///
    /// # Errors
    /// [`Error::Conflict`]; the database's.
    pub async fn set_view(&mut self, row: &ViewRow) -> Result<()> {
        let changed = sqlx::query(
            "UPDATE saved_view SET is_shared = $4, screen = $5, name = $6, query = $7, version = version + 1 \
             WHERE id = $1 AND person_id = $2 AND version = $3",
        )
        .bind(&row.id)
        .bind(&row.person_id)
        .bind(row.version)
        .bind(i64::from(row.is_shared))
        .bind(&row.screen)
        .bind(&row.name)
        .bind(&row.query)
        .execute(self.connection())
        .await?;
        if changed.rows_affected() == 0 { Err(Error::Conflict) } else { Ok(()) }
    }

    /// Takes a view of somebody away.
    ///
    /// # Errors
    /// [`Error::Absent`]; the database's.
    pub async fn remove_view(&mut self, id: &str, person: &str) -> Result<()> {
        let gone = sqlx::query("DELETE FROM saved_view WHERE id = $1 AND person_id = $2")
            .bind(id)
            .bind(person)
            .execute(self.connection())
            .await?;
        if gone.rows_affected() == 0 { Err(Error::Absent("view")) } else { Ok(()) }
    }

    /// Notes what somebody says of which interfaces are one device; returns its id.
    ///
    /// # Errors
    /// The database's.
    pub async fn add_statement(&mut self, site: &str, doc: &str) -> Result<String> {
        let (id, now) = (new_id("said"), self.now().nanos());
        sqlx::query("INSERT INTO identity_statement (id, site_id, doc, made) VALUES ($1, $2, $3, $4)")
            .bind(&id)
            .bind(site)
            .bind(doc)
            .bind(now)
            .execute(self.connection())
            .await?;
        Ok(id)
    }

    /// Takes back what somebody said.
    ///
    /// # Errors
    /// [`Error::Absent`] where it is not there or was taken back already; the database's.
    pub async fn undo_statement(&mut self, id: &str, site: &str) -> Result<()> {
        let now = self.now().nanos();
        let changed = sqlx::query("UPDATE identity_statement SET undone = $3 WHERE id = $1 AND site_id = $2 AND undone IS NULL")
            .bind(id)
            .bind(site)
            .bind(now)
            .execute(self.connection())
            .await?;
        if changed.rows_affected() == 0 { Err(Error::Absent("statement")) } else { Ok(()) }
    }
}
