//! What observation amounts to: devices, conversations, findings, and the captures that were read.

use std::collections::HashMap;

use model::Timestamp;
use model::report::{Conversation, Device, Finding, Severity};
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, Row as _};

use crate::query::Query;
use crate::records::where_said;
use crate::sites::time;
use crate::{Change, Error, RecordFilter, Result, Store, Writer};

/// What is to be written of a site.
#[derive(Clone, Debug)]
pub struct ObservedChange<'a> {
    /// Site.
    pub site: &'a str,
    /// Devices that are new or not what they were.
    pub devices: Vec<&'a Device>,
    /// Conversations that are new or not what they were.
    pub conversations: Vec<&'a Conversation>,
    /// Findings that are new or not what they were.
    pub findings: Vec<&'a Finding>,
    /// What is no more.
    pub gone: Gone<'a>,
}

/// What is no more at a site. Devices and conversations are taken away; findings stay, as such that hold no more.
#[derive(Clone, Debug)]
pub enum Gone<'a> {
    /// Everything that the change does not have: it is the whole site.
    Rest,
    /// These.
    Ids {
        /// Devices.
        devices: Vec<&'a str>,
        /// Conversations.
        conversations: Vec<&'a str>,
        /// Findings.
        findings: Vec<&'a str>,
    },
}

impl<'a> ObservedChange<'a> {
    /// All that is there of a site, where it is not known what was written of it before.
    #[must_use]
    pub fn whole(site: &'a str, devices: &'a [Device], conversations: &'a [Conversation], findings: &'a [Finding]) -> Self {
        Self {
            site,
            devices: devices.iter().collect(),
            conversations: conversations.iter().collect(),
            findings: findings.iter().collect(),
            gone: Gone::Rest,
        }
    }
}

/// A device.
#[derive(Clone, Debug)]
pub struct DeviceRow {
    /// Site.
    pub site_id: String,
    /// Id.
    pub id: String,
    /// Rises with each change.
    pub version: i64,
    /// The report's Device.
    pub device: Device,
}

/// Which devices are wanted. Empty lists and absent values ask for all.
#[derive(Clone, Debug, Default)]
pub struct DeviceFilter {
    /// Sites; these only, and none when empty.
    pub sites: Vec<String>,
    /// Words that name, address, maker, model or serial contain.
    pub text: Option<String>,
    /// Classes.
    pub classes: Vec<String>,
    /// Clinical impacts.
    pub impacts: Vec<String>,
    /// Makers.
    pub makers: Vec<String>,
    /// What people say of them: owners, units, states and tags; the rest is not asked for.
    pub said: RecordFilter,
    /// Page: after this name and id.
    pub after: Option<(String, String)>,
    /// Size of the page.
    pub limit: u32,
}

/// A page of rows.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// Rows.
    pub items: Vec<T>,
    /// There are more.
    pub has_more: bool,
}

/// How many devices there are of each value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facets {
    /// All.
    pub total: u64,
    /// By class.
    pub class: Vec<(String, u64)>,
    /// By clinical impact.
    pub impact: Vec<(String, u64)>,
    /// By maker.
    pub maker: Vec<(String, u64)>,
    /// By owner in clinical engineering or IT, where there is one.
    pub owner: Vec<(String, u64)>,
    /// By unit, where there is one.
    pub unit: Vec<(String, u64)>,
    /// By state of life, where there is one.
    pub state: Vec<(String, u64)>,
    /// By tag.
    pub tag: Vec<(String, u64)>,
}

/// A finding with what people did about it.
#[derive(Clone, Debug)]
pub struct FindingRow {
    /// Site.
    pub site_id: String,
    /// What the judge says.
    pub finding: Finding,
    /// The evidence still stands.
    pub holds: bool,
    /// `open`, `working`, `accepted`, `closed`.
    pub state: String,
    /// Who works on it.
    pub assignee: Option<String>,
    /// Why it is in its state.
    pub note: Option<String>,
    /// Accepted until.
    pub accepted_until: Option<Timestamp>,
    /// Rises with each change.
    pub version: i64,
}

/// Which findings are wanted.
#[derive(Clone, Debug, Default)]
pub struct FindingFilter {
    /// Sites; these only, and none when empty.
    pub sites: Vec<String>,
    /// States.
    pub states: Vec<String>,
    /// At least so grave.
    pub floor: Option<Severity>,
    /// Of this detector.
    pub detector: Option<String>,
    /// Of this device.
    pub device: Option<String>,
    /// Rows to pass over.
    pub offset: u32,
    /// Size of the page.
    pub limit: u32,
}

/// A capture that was handed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureRow {
    /// Id.
    pub id: String,
    /// Site.
    pub site_id: String,
    /// File name as given.
    pub name: String,
    /// When.
    pub received: Timestamp,
    /// Size.
    pub bytes: u64,
    /// `reading`, `done`, `failed`.
    pub state: String,
    /// What came of it, JSON.
    pub outcome: String,
}

/// Rows of a statement, and of a transaction: whoever else wants to write waits for no more.
const STATEMENT_ROWS: usize = 200;
const TRANSACTION_ROWS: usize = 4_000;

/// Which rows a list of ids means.
#[derive(Clone, Copy)]
enum Which {
    Listed,
    Others,
}

impl Which {
    const fn word(self) -> &'static str {
        match self {
            Self::Listed => "IN",
            Self::Others => "NOT IN",
        }
    }
}

fn text(attribute: Option<&model::report::Attribute>) -> &str {
    attribute.map_or("", |attribute| attribute.value.as_str())
}

fn severity(severity: Severity) -> i64 {
    Severity::ALL.iter().position(|one| *one == severity).and_then(|at| i64::try_from(at).ok()).unwrap_or_default()
}

impl Writer {
    async fn put_devices(&mut self, site: &str, devices: &[&Device]) -> Result<()> {
        const COLUMNS: &str = "site_id, id, name, maker, model, class, impact, os, first_seen, last_seen, search, doc";
        let mut query = Query::new("INSERT INTO observed_device (");
        query.push(COLUMNS).push(", version) VALUES ");
        for (index, device) in devices.iter().enumerate() {
            query.push(if index == 0 { "(" } else { ", (" }).push_bind(site.to_owned());
            query.push(", ").push_bind(device.id.to_string());
            for attribute in [&device.name, &device.maker, &device.model, &device.class, &device.clinical_impact, &device.os] {
                query.push(", ").push_bind(text(attribute.as_deref()).to_owned());
            }
            query.push(", ").push_bind(device.first_seen.nanos()).push(", ").push_bind(device.last_seen.nanos());
            query.push(", ").push_bind(search_text(device)).push(", ").push_bind(serde_json::to_string(device)?).push(", 1)");
        }
        query.push(
            " ON CONFLICT (site_id, id) DO UPDATE SET \
             name = excluded.name, maker = excluded.maker, model = excluded.model, class = excluded.class, impact = excluded.impact, \
             os = excluded.os, first_seen = excluded.first_seen, last_seen = excluded.last_seen, search = excluded.search, \
             version = observed_device.version + 1, doc = excluded.doc WHERE observed_device.doc <> excluded.doc",
        );
        query.execute(self.connection()).await
    }

    async fn put_conversations(&mut self, site: &str, conversations: &[&Conversation]) -> Result<()> {
        let mut query = Query::new(
            "INSERT INTO observed_conversation (site_id, id, client_device, server_device, protocol, last_seen, bytes, doc) VALUES ",
        );
        for (index, one) in conversations.iter().enumerate() {
            let bytes = one.bytes_to_client.saturating_add(one.bytes_to_server);
            query.push(if index == 0 { "(" } else { ", (" }).push_bind(site.to_owned());
            query.push(", ").push_bind(one.id.to_string());
            query.push(", ").push_bind(one.client.device.as_ref().map(ToString::to_string));
            query.push(", ").push_bind(one.server.device.as_ref().map(ToString::to_string));
            query.push(", ").push_bind(one.protocol.to_string()).push(", ").push_bind(one.last_seen.nanos());
            query.push(", ").push_bind(i64::try_from(bytes).unwrap_or(i64::MAX));
            query.push(", ").push_bind(serde_json::to_string(one)?).push(")");
        }
        query.push(
            " ON CONFLICT (site_id, id) DO UPDATE SET \
             client_device = excluded.client_device, server_device = excluded.server_device, protocol = excluded.protocol, \
             last_seen = excluded.last_seen, bytes = excluded.bytes, doc = excluded.doc WHERE observed_conversation.doc <> excluded.doc",
        );
        query.execute(self.connection()).await
    }

    /// A finding that is closed opens again when its evidence is newer than what it was closed with.
    async fn put_finding(&mut self, site: &str, finding: &Finding) -> Result<()> {
        let changed = sqlx::query(
            "INSERT INTO finding (site_id, id, detector, severity, impact, first_seen, last_seen, holds, doc, state, version) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, 'open', 1) ON CONFLICT (site_id, id) DO UPDATE SET \
             severity = excluded.severity, impact = excluded.impact, first_seen = excluded.first_seen, holds = 1, doc = excluded.doc, \
             state = CASE WHEN finding.state = 'closed' AND excluded.last_seen > finding.last_seen THEN 'open' ELSE finding.state END, \
             last_seen = excluded.last_seen, version = finding.version + 1 WHERE finding.doc <> excluded.doc OR finding.holds = 0",
        )
        .bind(site)
        .bind(finding.id.as_str())
        .bind(finding.detector.as_str())
        .bind(severity(finding.severity))
        .bind(finding.clinical_impact.as_deref().unwrap_or(""))
        .bind(finding.first_seen.nanos())
        .bind(finding.last_seen.nanos())
        .bind(serde_json::to_string(finding)?)
        .execute(self.connection())
        .await?;
        if changed.rows_affected() == 0 {
            return Ok(());
        }
        sqlx::query("DELETE FROM finding_device WHERE site_id = $1 AND finding_id = $2")
            .bind(site)
            .bind(finding.id.as_str())
            .execute(self.connection())
            .await?;
        for device in &finding.devices {
            sqlx::query("INSERT INTO finding_device (site_id, finding_id, device_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
                .bind(site)
                .bind(finding.id.as_str())
                .bind(device.as_str())
                .execute(self.connection())
                .await?;
        }
        Ok(())
    }

    /// Has the database count what it has anew, so that it finds the short way to it. SQLite looks at a part only.
    async fn count_rows(&mut self) -> Result<()> {
        let statements: &[&str] = match self.engine {
            crate::Engine::Sqlite => &["PRAGMA analysis_limit = 1000", "ANALYZE"],
            crate::Engine::Postgres => &["ANALYZE observed_device", "ANALYZE observed_conversation", "ANALYZE device_record"],
        };
        for statement in statements {
            sqlx::query(AssertSqlSafe(*statement)).execute(self.connection()).await?;
        }
        Ok(())
    }

    /// Takes rows away: those listed, or all others.
    async fn take_away(&mut self, site: &str, table: &'static str, which: Which, ids: &[&str]) -> Result<()> {
        let (listed, which) = (self.listed(), which.word());
        let statement = format!("DELETE FROM {table} WHERE site_id = $1 AND id {which} ({listed})");
        let ids = serde_json::to_string(ids)?;
        sqlx::query(AssertSqlSafe(statement)).bind(site).bind(ids).execute(self.connection()).await?;
        Ok(())
    }

    /// Says of findings that they hold no more: of those listed, or of all others.
    async fn let_go(&mut self, site: &str, which: Which, ids: &[&str]) -> Result<()> {
        let (listed, which) = (self.listed(), which.word());
        let statement = format!(
            "UPDATE finding SET holds = 0, version = version + 1 WHERE site_id = $1 AND holds = 1 AND id {which} ({listed})"
        );
        let ids = serde_json::to_string(ids)?;
        sqlx::query(AssertSqlSafe(statement)).bind(site).bind(ids).execute(self.connection()).await?;
        Ok(())
    }

    /// The members of a JSON array of texts bound as `$2`.
    fn listed(&self) -> &'static str {
        match self.engine {
            crate::Engine::Sqlite => "SELECT value FROM json_each($2)",
            crate::Engine::Postgres => "SELECT jsonb_array_elements_text(CAST($2 AS jsonb))",
        }
    }

    /// Says what came of a capture.
    ///
    /// # Errors
    /// The database's.
    pub async fn set_capture(&mut self, id: &str, state: &str, outcome: &str) -> Result<()> {
        sqlx::query("UPDATE capture SET state = $2, outcome = $3 WHERE id = $1")
            .bind(id)
            .bind(state)
            .bind(outcome)
            .execute(self.connection())
            .await?;
        Ok(())
    }
}

/// What a search looks in.
fn search_text(device: &Device) -> String {
    let mut words: Vec<String> = vec![device.id.to_string()];
    let attributes = [&device.name, &device.maker, &device.model, &device.serial, &device.class, &device.os];
    words.extend(attributes.into_iter().flatten().map(|attribute| attribute.value.to_string()));
    words.extend(device.interfaces.iter().filter_map(|interface| interface.mac).map(|mac| mac.to_string()));
    words.extend(device.addresses.iter().map(|address| address.ip.to_string()));
    words.join("\n").to_lowercase()
}

/// `AND column IN (…)`, and nothing for an empty list.
pub(crate) fn and_in(query: &mut Query, column: &'static str, values: &[String]) {
    if values.is_empty() {
        return;
    }
    query.push(format_args!(" AND {column} IN ("));
    for (index, value) in values.iter().enumerate() {
        query.push(if index == 0 { "" } else { ", " }).push_bind(value.clone());
    }
    query.push(")");
}

/// A list of sites; no site is none, never all.
pub(crate) fn at_sites(query: &mut Query, column: &'static str, sites: &[String]) {
    if sites.is_empty() {
        query.push(" AND 1 = 0");
    }
    and_in(query, column, sites);
}

fn where_devices(query: &mut Query, filter: &DeviceFilter) {
    query.push(" WHERE 1 = 1");
    at_sites(query, "d.site_id", &filter.sites);
    and_in(query, "d.class", &filter.classes);
    and_in(query, "d.impact", &filter.impacts);
    and_in(query, "d.maker", &filter.makers);
    if filter.said.is_said() {
        // As a list, so that few records lead to few devices.
        query.push(" AND (d.site_id, d.id) IN (SELECT r.site_id, r.device_id FROM device_record r WHERE 1 = 1");
        at_sites(query, "r.site_id", &filter.sites);
        where_said(query, &filter.said);
        query.push(")");
    }
    for word in filter.text.iter().flat_map(|text| text.split_whitespace()).take(8) {
        let escaped = word.to_lowercase().replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        query.push(" AND d.search LIKE ").push_bind(format!("%{escaped}%")).push(" ESCAPE '\\'");
    }
}

/// Records of the devices that a filter leaves.
fn of_devices(query: &mut Query, filter: &DeviceFilter) {
    at_sites(query, "r.site_id", &filter.sites);
    where_said(query, &filter.said);
    query.push(" AND r.device_id IS NOT NULL");
    if filter.is_observed() {
        query.push(" AND (r.site_id, r.device_id) IN (SELECT d.site_id, d.id FROM observed_device d");
        where_devices(query, &DeviceFilter { said: RecordFilter::default(), ..filter.clone() });
        query.push(")");
    }
}

impl DeviceFilter {
    /// Asks for something that is observed.
    fn is_observed(&self) -> bool {
        self.text.is_some() || !(self.classes.is_empty() && self.impacts.is_empty() && self.makers.is_empty())
    }
}

/// How many devices there are of each value.
#[derive(Default)]
struct Tally(HashMap<String, u64>);

impl Tally {
    fn add(&mut self, value: String, number: u64) {
        let count = self.0.entry(value).or_default();
        *count = count.saturating_add(number);
    }

    fn add_known(&mut self, value: String, number: u64) {
        if !value.is_empty() {
            self.add(value, number);
        }
    }

    /// The most first, and no more than a page shows.
    fn listed(self) -> Vec<(String, u64)> {
        let mut list: Vec<_> = self.0.into_iter().collect();
        list.sort_unstable_by(|(a, few), (b, many)| many.cmp(few).then_with(|| a.cmp(b)));
        list.truncate(200);
        list
    }
}

fn device(row: &AnyRow) -> Result<DeviceRow> {
    Ok(DeviceRow {
        site_id: row.try_get("site_id")?,
        id: row.try_get("id")?,
        version: row.try_get("version")?,
        device: serde_json::from_str(&row.try_get::<String, _>("doc")?)?,
    })
}

fn finding(row: &AnyRow) -> Result<FindingRow> {
    Ok(FindingRow {
        site_id: row.try_get("site_id")?,
        finding: serde_json::from_str(&row.try_get::<String, _>("doc")?)?,
        holds: row.try_get::<i64, _>("holds")? != 0,
        state: row.try_get("state")?,
        assignee: row.try_get("assignee")?,
        note: row.try_get("note")?,
        accepted_until: row.try_get::<Option<i64>, _>("accepted_until")?.map(time),
        version: row.try_get("version")?,
    })
}

fn capture(row: &AnyRow) -> Result<CaptureRow> {
    Ok(CaptureRow {
        id: row.try_get("id")?,
        site_id: row.try_get("site_id")?,
        name: row.try_get("name")?,
        received: time(row.try_get("received")?),
        bytes: row.try_get::<i64, _>("bytes")?.cast_unsigned(),
        state: row.try_get("state")?,
        outcome: row.try_get("outcome")?,
    })
}

/// Splits off what was read beyond the page.
pub(crate) fn page<T>(mut items: Vec<T>, limit: u32) -> Page<T> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = items.len() > limit;
    items.truncate(limit);
    Page { items, has_more }
}

const FINDING: &str = "SELECT f.site_id, f.doc, f.holds, f.state, f.assignee, f.note, f.accepted_until, f.version FROM finding f";

impl Store {
    /// Writes what changed of a site: at once, or a few thousand rows at a time where there are more. What fails half-way can be written again
    /// from the beginning.
    ///
    /// # Errors
    /// The database's.
    pub async fn write_observed(&self, change: &ObservedChange<'_>) -> Result<()> {
        let ObservedChange { site, devices, conversations, findings, gone } = change;
        let (mut writer, mut rows) = (self.writer().await?, 0_usize);
        for part in devices.chunks(STATEMENT_ROWS) {
            writer.put_devices(site, part).await?;
            writer = self.piece(writer, &mut rows, part.len()).await?;
        }
        for part in conversations.chunks(STATEMENT_ROWS) {
            writer.put_conversations(site, part).await?;
            writer = self.piece(writer, &mut rows, part.len()).await?;
        }
        for finding in findings {
            writer.put_finding(site, finding).await?;
            writer = self.piece(writer, &mut rows, 1).await?;
        }
        match gone {
            Gone::Rest => {
                let ids: Vec<&str> = devices.iter().map(|one| one.id.as_str()).collect();
                writer.take_away(site, "observed_device", Which::Others, &ids).await?;
                let ids: Vec<&str> = conversations.iter().map(|one| one.id.as_str()).collect();
                writer.take_away(site, "observed_conversation", Which::Others, &ids).await?;
                let ids: Vec<&str> = findings.iter().map(|one| one.id.as_str()).collect();
                writer.let_go(site, Which::Others, &ids).await?;
            }
            Gone::Ids { devices, conversations, findings } => {
                writer.take_away(site, "observed_device", Which::Listed, devices).await?;
                writer.take_away(site, "observed_conversation", Which::Listed, conversations).await?;
                writer.let_go(site, Which::Listed, findings).await?;
            }
        }
        if devices.len().max(conversations.len()) >= TRANSACTION_ROWS {
            writer.count_rows().await?;
        }
        writer.commit().await
    }

    /// Ends a transaction that is long enough, and begins the next.
    async fn piece(&self, writer: Writer, rows: &mut usize, more: usize) -> Result<Writer> {
        *rows = rows.saturating_add(more);
        if *rows < TRANSACTION_ROWS {
            return Ok(writer);
        }
        *rows = 0;
        writer.commit().await?;
        self.writer().await
    }

    /// A page of devices, by name.
    ///
    /// # Errors
    /// The database's.
    pub async fn devices(&self, filter: &DeviceFilter) -> Result<Page<DeviceRow>> {
        let mut query = Query::new("SELECT d.site_id, d.id, d.version, d.doc FROM observed_device d");
        where_devices(&mut query, filter);
        if let Some((name, id)) = &filter.after {
            query.push(" AND (d.name > ").push_bind(name.clone()).push(" OR (d.name = ").push_bind(name.clone());
            query.push(" AND d.id > ").push_bind(id.clone()).push("))");
        }
        query.push(" ORDER BY d.name, d.id LIMIT ").push_bind(i64::from(filter.limit) + 1);
        let rows = query.fetch_all(&self.readers).await?;
        Ok(page(rows.iter().map(device).collect::<Result<_>>()?, filter.limit))
    }

    /// How many devices of each value a filter leaves.
    ///
    /// # Errors
    /// The database's.
    pub async fn device_facets(&self, filter: &DeviceFilter) -> Result<Facets> {
        let (observed, said, tags) =
            futures::try_join!(self.observed_facets(filter), self.said_facets(filter), self.tag_facets(filter))?;
        let [class, impact, maker] = observed;
        let [owner, unit, state] = said;
        let total = class.0.values().sum();
        Ok(Facets {
            total,
            class: class.listed(),
            impact: impact.listed(),
            maker: maker.listed(),
            owner: owner.listed(),
            unit: unit.listed(),
            state: state.listed(),
            tag: tags.listed(),
        })
    }

    /// By class, impact and maker.
    async fn observed_facets(&self, filter: &DeviceFilter) -> Result<[Tally; 3]> {
        let mut query = Query::new("SELECT d.class, d.impact, d.maker, COUNT(*) AS number FROM observed_device d");
        where_devices(&mut query, filter);
        query.push(" GROUP BY d.class, d.impact, d.maker");
        let mut tallies = <[Tally; 3]>::default();
        for row in query.fetch_all(&self.readers).await? {
            let number = row.try_get::<i64, _>("number")?.cast_unsigned();
            for (tally, column) in tallies.iter_mut().zip(["class", "impact", "maker"]) {
                tally.add(row.try_get(column)?, number);
            }
        }
        Ok(tallies)
    }

    /// By owner, unit and state of life, of those that have one.
    async fn said_facets(&self, filter: &DeviceFilter) -> Result<[Tally; 3]> {
        let mut query = Query::new(
            "SELECT r.clinical_owner, r.it_owner, r.unit, r.state, COUNT(*) AS number FROM device_record r WHERE 1 = 1",
        );
        of_devices(&mut query, filter);
        query.push(" GROUP BY r.clinical_owner, r.it_owner, r.unit, r.state");
        let [mut owner, mut unit, mut state] = <[Tally; 3]>::default();
        for row in query.fetch_all(&self.readers).await? {
            let number = row.try_get::<i64, _>("number")?.cast_unsigned();
            let (clinical, it): (String, String) = (row.try_get("clinical_owner")?, row.try_get("it_owner")?);
            // Whoever is both has the device once.
            for one in [Some(&clinical), Some(&it).filter(|it| **it != clinical)].into_iter().flatten() {
                owner.add_known(one.clone(), number);
            }
            unit.add_known(row.try_get("unit")?, number);
            state.add_known(row.try_get("state")?, number);
        }
        Ok([owner, unit, state])
    }

    async fn tag_facets(&self, filter: &DeviceFilter) -> Result<Tally> {
        let mut query = Query::new(
            "SELECT t.tag, COUNT(*) AS number FROM device_record_tag t JOIN device_record r ON r.id = t.record_id WHERE 1 = 1",
        );
        of_devices(&mut query, filter);
        query.push(" GROUP BY t.tag");
        let mut tally = Tally::default();
        for row in query.fetch_all(&self.readers).await? {
            tally.add_known(row.try_get("tag")?, row.try_get::<i64, _>("number")?.cast_unsigned());
        }
        Ok(tally)
    }

    /// A device by id, at one of the sites.
    ///
    /// # Errors
    /// [`Error::Absent`]; the database's.
    pub async fn device(&self, id: &str, sites: &[String]) -> Result<DeviceRow> {
        let mut query = Query::new("SELECT site_id, id, version, doc FROM observed_device WHERE id = ");
        query.push_bind(id.to_owned());
        at_sites(&mut query, "site_id", sites);
        let row = query.fetch_optional(&self.readers).await?;
        device(&row.ok_or(Error::Absent("device"))?)
    }

    /// Conversations of a site, of one device or all, the latest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn conversations(
        &self,
        sites: &[String],
        device: Option<&str>,
        offset: u32,
        limit: u32,
    ) -> Result<Page<Conversation>> {
        let mut query = Query::new("SELECT doc FROM observed_conversation WHERE 1 = 1");
        at_sites(&mut query, "site_id", sites);
        if let Some(device) = device {
            query.push(" AND (client_device = ").push_bind(device.to_owned());
            query.push(" OR server_device = ").push_bind(device.to_owned()).push(")");
        }
        query
            .push(" ORDER BY last_seen DESC, id LIMIT ")
            .push_bind(i64::from(limit) + 1)
            .push(" OFFSET ")
            .push_bind(i64::from(offset));
        let rows = query.fetch_all(&self.readers).await?;
        let doc = |row: &AnyRow| Ok(serde_json::from_str(&row.try_get::<String, _>("doc")?)?);
        Ok(page(rows.iter().map(doc).collect::<Result<_>>()?, limit))
    }

    /// Findings, gravest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn findings(&self, filter: &FindingFilter) -> Result<Page<FindingRow>> {
        let mut query = Query::new(FINDING);
        if let Some(device) = &filter.device {
            query.push(" JOIN finding_device d ON d.site_id = f.site_id AND d.finding_id = f.id AND d.device_id = ");
            query.push_bind(device.clone());
        }
        query.push(" WHERE 1 = 1");
        at_sites(&mut query, "f.site_id", &filter.sites);
        and_in(&mut query, "f.state", &filter.states);
        if let Some(floor) = filter.floor {
            query.push(" AND f.severity >= ").push_bind(severity(floor));
        }
        if let Some(detector) = &filter.detector {
            query.push(" AND f.detector = ").push_bind(detector.clone());
        }
        query
            .push(" ORDER BY f.holds DESC, f.severity DESC, f.last_seen DESC, f.id LIMIT ")
            .push_bind(i64::from(filter.limit) + 1);
        query.push(" OFFSET ").push_bind(i64::from(filter.offset));
        let rows = query.fetch_all(&self.readers).await?;
        Ok(page(rows.iter().map(finding).collect::<Result<_>>()?, filter.limit))
    }

    /// How many findings hold and are open or worked on, by severity.
    ///
    /// # Errors
    /// The database's.
    pub async fn finding_counts(&self, sites: &[String]) -> Result<Vec<(Severity, u64)>> {
        let mut query =
            Query::new("SELECT severity, COUNT(*) AS number FROM finding WHERE holds = 1 AND state IN ('open', 'working')");
        at_sites(&mut query, "site_id", sites);
        query.push(" GROUP BY severity ORDER BY severity DESC");
        let rows = query.fetch_all(&self.readers).await?;
        let count = |row: &AnyRow| {
            let at = usize::try_from(row.try_get::<i64, _>("severity")?).unwrap_or_default();
            Ok((Severity::ALL.get(at).copied().unwrap_or(Severity::Info), row.try_get::<i64, _>("number")?.cast_unsigned()))
        };
        rows.iter().map(count).collect()
    }

    /// A finding by id, at one of the sites.
    ///
    /// # Errors
    /// [`Error::Absent`]; the database's.
    pub async fn finding(&self, id: &str, sites: &[String]) -> Result<FindingRow> {
        let mut query = Query::new(FINDING);
        query.push(" WHERE f.id = ").push_bind(id.to_owned());
        at_sites(&mut query, "f.site_id", sites);
        let row = query.fetch_optional(&self.readers).await?;
        finding(&row.ok_or(Error::Absent("finding"))?)
    }

    /// Captures that were handed in, the latest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn captures(&self, sites: &[String]) -> Result<Vec<CaptureRow>> {
        let mut query = Query::new("SELECT id, site_id, name, received, bytes, state, outcome FROM capture WHERE 1 = 1");
        at_sites(&mut query, "site_id", sites);
        query.push(" ORDER BY received DESC, id LIMIT 200");
        let rows = query.fetch_all(&self.readers).await?;
        rows.iter().map(capture).collect()
    }
}

impl Change {
    /// Notes a capture that was handed in.
    ///
    /// # Errors
    /// The database's.
    pub async fn add_capture(&mut self, row: &CaptureRow) -> Result<()> {
        sqlx::query(
            "INSERT INTO capture (id, site_id, name, received, bytes, state, outcome) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(&row.id)
        .bind(&row.site_id)
        .bind(&row.name)
        .bind(row.received.nanos())
        .bind(row.bytes.cast_signed())
        .bind(&row.state)
        .bind(&row.outcome)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    /// Sets what people do about a finding, if it is still of that version.
    ///
    /// # Errors
    /// [`Error::Conflict`]; the database's.
    pub async fn set_finding(&mut self, row: &FindingRow) -> Result<()> {
        let changed = sqlx::query(
            "UPDATE finding SET state = $4, assignee = $5, note = $6, accepted_until = $7, version = version + 1 \
             WHERE site_id = $1 AND id = $2 AND version = $3",
        )
        .bind(&row.site_id)
        .bind(row.finding.id.as_str())
        .bind(row.version)
        .bind(&row.state)
        .bind(&row.assignee)
        .bind(&row.note)
        .bind(row.accepted_until.map(Timestamp::nanos))
        .execute(self.connection())
        .await?;
        if changed.rows_affected() == 0 { Err(Error::Conflict) } else { Ok(()) }
    }
}
