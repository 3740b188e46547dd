//! Imports of records: a table is handed in, its columns are mapped, a dry run shows every change, a person decides what is not plain, and
//! what was applied can be undone whole.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode};
use model::Timestamp;
use records::Table;
use records::import::{Applied, Known, Mapping, Outcome, PlannedLine, plan};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Act, Change, ImportRow, new_id};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::records::{etag, require_version, tagged};
use super::{Json, Query, limit, named, offset};
use crate::App;
use crate::auth::{Caller, Right};
use crate::error::{Answer, Problem, kinds};
use crate::events::Event;
use crate::keeping::{self, Kept};

/// Largest table.
const MAX_FILE: usize = 32 << 20;
/// Most lines of a table.
pub(crate) const MAX_LINES: usize = 50_000;
/// Lines that are stored together.
const PART: usize = 500;
/// Lines that are shown beside the headings.
const SAMPLE: usize = 5;

pub(super) fn routes() -> OpenApiRouter<App> {
    let upload = OpenApiRouter::new().routes(routes!(imports, hand_in_table)).layer(DefaultBodyLimit::max(MAX_FILE));
    OpenApiRouter::new()
        .routes(routes!(import, map_import))
        .routes(routes!(import_plan))
        .routes(routes!(apply_import))
        .routes(routes!(undo_import))
        .merge(upload)
}

/// A table that was handed in.
#[derive(Serialize, ToSchema)]
pub(crate) struct Import {
    /// Id.
    id: String,
    /// Site.
    site: String,
    /// `csv`, `xlsx`, `netbox` or `snipe_it`.
    source: String,
    /// Name of the file or the server.
    name: String,
    /// `read`, `applied` or `undone`.
    state: String,
    /// When, RFC 3339.
    #[schema(value_type = String)]
    created: Timestamp,
    /// Who.
    created_by: String,
    /// Headings.
    columns: Vec<String>,
    /// Number of lines.
    lines: u64,
    /// The first lines; in a list of imports none.
    sample: Vec<Vec<String>>,
    /// How it is read.
    mapping: Mapping,
    /// For If-Match.
    etag: String,
}

/// Which imports are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Site; all that the caller sees where absent.
    site: Option<String>,
    /// Rows at most, 1 to 500.
    limit: Option<u32>,
    /// Where the page before ended.
    cursor: Option<String>,
}

/// A page of imports.
#[derive(Serialize, ToSchema)]
struct ImportPage {
    /// Imports.
    items: Vec<Import>,
    /// Where the next page begins; absent on the last.
    next: Option<String>,
}

/// Where a table comes from.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct HandedIn {
    /// Site whose devices it lists.
    site: String,
    /// Name of the file.
    name: String,
}

fn shown(row: ImportRow, sample: Vec<Vec<String>>) -> Answer<Import> {
    let parsed = |error: serde_json::Error| Problem::from(store::Error::from(error));
    Ok(Import {
        etag: etag(row.version),
        columns: serde_json::from_str(&row.columns).map_err(parsed)?,
        mapping: serde_json::from_str(&row.mapping).map_err(parsed)?,
        id: row.id,
        site: row.site_id,
        source: row.source,
        name: row.name,
        state: row.state,
        created: row.created,
        created_by: row.created_by,
        lines: row.rows_read,
        sample,
    })
}

/// Imports, the latest first.
#[utoipa::path(get, path = "/api/imports", tag = "imports", params(Wanted), responses((status = 200, body = ImportPage)))]
async fn imports(State(app): State<App>, caller: Caller, Query(wanted): Query<Wanted>) -> Answer<axum::Json<ImportPage>> {
    let sites = caller.sites_or(&app, Right::MoveData, wanted.site.as_deref())?;
    let (offset, limit) = (offset(wanted.cursor.as_deref())?, limit(wanted.limit));
    let page = app.store.imports(&sites, offset, limit).await?;
    let next = page.has_more.then(|| offset.saturating_add(limit).to_string());
    let items = page.items.into_iter().map(|row| shown(row, Vec::new())).collect::<Answer<_>>()?;
    Ok(axum::Json(ImportPage { items, next }))
}

/// Hands a table in: CSV or XLSX, at most 32 MiB and 50,000 lines. Nothing changes by it.
#[utoipa::path(post, path = "/api/imports", tag = "imports", params(HandedIn),
    request_body(content = String, content_type = "application/octet-stream"), responses((status = 201, body = Import)))]
async fn hand_in_table(
    State(app): State<App>,
    caller: Caller,
    Query(handed): Query<HandedIn>,
    body: Bytes,
) -> Answer<(StatusCode, axum::Json<Import>)> {
    caller.require(&app, Right::MoveData, &handed.site)?;
    let name = named("name", &handed.name)?;
    let source = if body.starts_with(b"PK\x03\x04") { "xlsx" } else { "csv" };
    let read = tokio::task::spawn_blocking(move || Table::read(&body));
    let table = read.await.map_err(|_| Problem::of(&kinds::INTERNAL))?;
    let table = table.map_err(|error| Problem::new(&kinds::UNPROCESSABLE, error.to_string()))?;
    keep_table(&app, &caller, &handed.site, source, name, &table).await
}

/// Stores a table and what its headings suggest.
pub(crate) async fn keep_table(
    app: &App,
    caller: &Caller,
    site: &str,
    source: &str,
    name: String,
    table: &Table,
) -> Answer<(StatusCode, axum::Json<Import>)> {
    if table.rows.len() > MAX_LINES {
        return Err(Problem::new(&kinds::TOO_LARGE, format!("a table may have {MAX_LINES} lines: split it")));
    }
    let parts: Vec<String> =
        table.rows.chunks(PART).map(serde_json::to_string).collect::<Result<_, _>>().map_err(store::Error::from)?;
    let row = ImportRow {
        id: new_id("import"),
        site_id: site.to_owned(),
        source: source.to_owned(),
        name,
        state: "read".to_owned(),
        created: app.now(),
        created_by: caller.person.name.clone(),
        columns: serde_json::to_string(&table.columns).map_err(store::Error::from)?,
        rows_read: table.rows.len() as u64,
        mapping: serde_json::to_string(&Mapping::guess(&table.columns)).map_err(store::Error::from)?,
        version: 1,
    };
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    change.add_import(&row, &parts).await?;
    let details = json!({ "source": source, "name": row.name, "lines": row.rows_read });
    change.commit(Act::new("import.read", &row.id).at(site).with(details)).await?;
    let sample = table.rows.iter().take(SAMPLE).cloned().collect();
    Ok((StatusCode::CREATED, axum::Json(shown(row, sample)?)))
}

async fn table(app: &App, row: &ImportRow) -> Answer<Table> {
    let parsed = |error: serde_json::Error| Problem::from(store::Error::from(error));
    let mut table = Table { columns: serde_json::from_str(&row.columns).map_err(parsed)?, rows: Vec::new() };
    for part in app.store.import_rows(&row.id).await? {
        table.rows.extend(serde_json::from_str::<Vec<Vec<String>>>(&part).map_err(parsed)?);
    }
    Ok(table)
}

/// An import.
#[utoipa::path(get, path = "/api/imports/{id}", tag = "imports", params(("id" = String, Path)), responses((status = 200, body = Import)))]
async fn import(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Answer<(HeaderMap, axum::Json<Import>)> {
    let row = app.store.import(&id, &caller.sites_or(&app, Right::MoveData, None)?).await?;
    let sample = table(&app, &row).await?.rows.into_iter().take(SAMPLE).collect();
    let shown = shown(row, sample)?;
    Ok((tagged(&shown.etag), axum::Json(shown)))
}

/// Says how an import is read, and what a person decided of its lines. Needs If-Match.
#[utoipa::path(put, path = "/api/imports/{id}", tag = "imports", params(("id" = String, Path), ("If-Match" = String, Header)), request_body = Mapping, responses((status = 200, body = Import)))]
async fn map_import(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(mapping): Json<Mapping>,
) -> Answer<(HeaderMap, axum::Json<Import>)> {
    let mut row = app.store.import(&id, &caller.sites_or(&app, Right::MoveData, None)?).await?;
    require_version(&headers, row.version)?;
    require_state(&row, "read")?;
    mapping.check(&table(&app, &row).await?).map_err(|wrong| Problem::new(&kinds::UNPROCESSABLE, wrong))?;
    row.mapping = serde_json::to_string(&mapping).map_err(store::Error::from)?;
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    change.set_import(&row).await?;
    change.commit(Act::new("import.map", &id).at(&row.site_id).with(json!({ "mapping": mapping }))).await?;
    import(State(app), caller, Path(id)).await
}

fn require_state(row: &ImportRow, state: &str) -> Answer<()> {
    if row.state == state { Ok(()) } else { Err(Problem::new(&kinds::CONFLICT, format!("the import is {}", row.state))) }
}

/// Which lines of a dry run are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct WantedLines {
    /// What becomes of them: create, update, unchanged, skip or wait; all where absent.
    outcome: Option<String>,
    /// Lines at most, 1 to 500.
    limit: Option<u32>,
    /// Where the page before ended.
    cursor: Option<String>,
}

/// What an import would change.
#[derive(Serialize, ToSchema)]
struct ImportPlan {
    /// Lines that make a record.
    create: u64,
    /// Lines that change one.
    update: u64,
    /// Lines of which everything is there already.
    unchanged: u64,
    /// Lines that are left out.
    skip: u64,
    /// Lines of which somebody has to decide first.
    wait: u64,
    /// Lines.
    items: Vec<PlannedLine>,
    /// Where the next page begins; absent on the last.
    next: Option<String>,
}

async fn known(app: &App, site: &str) -> Answer<Vec<Known>> {
    let answers = app.answers(site)?;
    let devices: BTreeMap<&str, _> = answers.devices.iter().map(|device| (device.id.as_str(), device)).collect();
    let known = |kept: Kept| Known {
        seen: kept.row.device_id.as_deref().and_then(|id| devices.get(id)).map(|device| keeping::seen(device)),
        id: kept.row.id,
        record: kept.record,
    };
    Ok(keeping::of_site(app, site).await?.into_iter().map(known).collect())
}

async fn planned(app: &App, row: &ImportRow) -> Answer<Vec<PlannedLine>> {
    let mapping: Mapping = serde_json::from_str(&row.mapping).map_err(store::Error::from)?;
    let (table, known) = (table(app, row).await?, known(app, &row.site_id).await?);
    let lines = tokio::task::spawn_blocking(move || plan(&table, &mapping, &known));
    lines.await.map_err(|_| Problem::of(&kinds::INTERNAL))
}

const OUTCOMES: [(&str, Outcome); 5] = [
    ("create", Outcome::Create),
    ("update", Outcome::Update),
    ("unchanged", Outcome::Unchanged),
    ("skip", Outcome::Skip),
    ("wait", Outcome::Wait),
];

/// The dry run: every line with what it would change. Nothing changes by it.
#[utoipa::path(get, path = "/api/imports/{id}/plan", tag = "imports", params(("id" = String, Path), WantedLines), responses((status = 200, body = ImportPlan)))]
async fn import_plan(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Query(wanted): Query<WantedLines>,
) -> Answer<axum::Json<ImportPlan>> {
    let row = app.store.import(&id, &caller.sites_or(&app, Right::MoveData, None)?).await?;
    require_state(&row, "read")?;
    let outcome = match wanted.outcome.as_deref() {
        None => None,
        Some(name) => {
            let found = OUTCOMES.iter().find(|(one, _)| *one == name);
            Some(found.ok_or_else(|| Problem::new(&kinds::BAD_REQUEST, "outcome: create, update, unchanged, skip or wait"))?.1)
        }
    };
    let (offset, limit) = (offset(wanted.cursor.as_deref())?, limit(wanted.limit));
    let lines = planned(&app, &row).await?;
    let count = |outcome| lines.iter().filter(|line| line.outcome == outcome).count() as u64;
    let (create, update, unchanged) = (count(Outcome::Create), count(Outcome::Update), count(Outcome::Unchanged));
    let (skip, wait) = (count(Outcome::Skip), count(Outcome::Wait));
    let asked = |line: &PlannedLine| outcome.is_none_or(|outcome| line.outcome == outcome);
    let mut rest = lines.into_iter().filter(asked).skip(offset as usize);
    let items: Vec<PlannedLine> = rest.by_ref().take(limit as usize).collect();
    let next = rest.next().map(|_| offset.saturating_add(limit).to_string());
    Ok(axum::Json(ImportPlan { create, update, unchanged, skip, wait, items, next }))
}

/// Applies an import: all of it or nothing, and only when no line waits for a decision. Needs If-Match.
#[utoipa::path(post, path = "/api/imports/{id}/apply", tag = "imports", params(("id" = String, Path), ("If-Match" = String, Header)), responses((status = 200, body = Import)))]
async fn apply_import(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer<(HeaderMap, axum::Json<Import>)> {
    let sites = caller.sites_or(&app, Right::MoveData, None)?;
    app.store.import(&id, &sites).await?;
    // From here on nobody else changes a record until this is done.
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    let mut row = app.store.import(&id, &sites).await?;
    require_version(&headers, row.version)?;
    require_state(&row, "read")?;
    let lines = planned(&app, &row).await?;
    let waiting = lines.iter().filter(|line| line.outcome == Outcome::Wait).count();
    if waiting > 0 {
        return Err(Problem::new(&kinds::CONFLICT, format!("{waiting} lines wait for a decision")));
    }
    let applied = write(&mut change, &row.site_id, lines).await?;
    for one in applied.values() {
        let body = serde_json::to_string(one).map_err(store::Error::from)?;
        change.add_import_applied(&id, &one.record, &body).await?;
    }
    row.state = "applied".to_owned();
    change.set_import(&row).await?;
    let made = applied.values().filter(|one| one.before.is_none()).count();
    let details = json!({ "name": row.name, "records_made": made, "records_changed": applied.len() - made });
    change.commit(Act::new("import.apply", &id).at(&row.site_id).with(details)).await?;
    keeping::keep_up_now(&app, &row.site_id).await;
    app.intake.touch(&row.site_id);
    app.tell(Event::new("record", &row.site_id));
    import(State(app), caller, Path(id)).await
}

async fn write(change: &mut Change, site: &str, lines: Vec<PlannedLine>) -> Answer<BTreeMap<String, Applied>> {
    let mut applied: BTreeMap<String, Applied> = BTreeMap::new();
    for line in lines.into_iter().filter(|line| matches!(line.outcome, Outcome::Create | Outcome::Update)) {
        let mut kept = match &line.record {
            Some(record) => Kept::of(change.record_now(record).await?.ok_or_else(|| Problem::of(&kinds::CHANGED))?)?,
            None => Kept::new(site),
        };
        let before = kept.is_there().then(|| kept.record.clone());
        kept.say(line.after.clone())?;
        kept.write(change).await?;
        let id = kept.row.id.clone();
        let one = applied.entry(id.clone()).or_insert(Applied { record: id, before, after: line.after.clone() });
        one.after = line.after;
    }
    Ok(applied)
}

/// What undoing an import left.
#[derive(Serialize, ToSchema)]
struct ImportUndone {
    /// Records as they were before.
    restored: u64,
    /// Records that the import had made and that are gone.
    removed: u64,
    /// Records of which something stays, because somebody changed it since or put papers beside them.
    kept: Vec<KeptFields>,
}

/// What stays of a record.
#[derive(Serialize, ToSchema)]
struct KeptFields {
    /// Record.
    record: String,
    /// Fields that somebody changed since.
    fields: Vec<String>,
}

/// Undoes an import whole. What somebody changed since stays, and is told. Needs If-Match.
#[utoipa::path(post, path = "/api/imports/{id}/undo", tag = "imports", params(("id" = String, Path), ("If-Match" = String, Header)), responses((status = 200, body = ImportUndone)))]
async fn undo_import(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answer<axum::Json<ImportUndone>> {
    let sites = caller.sites_or(&app, Right::MoveData, None)?;
    app.store.import(&id, &sites).await?;
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    let mut row = app.store.import(&id, &sites).await?;
    require_version(&headers, row.version)?;
    require_state(&row, "applied")?;
    let mut undone = ImportUndone { restored: 0, removed: 0, kept: Vec::new() };
    for body in app.store.import_applied(&id).await? {
        let applied: Applied = serde_json::from_str(&body).map_err(store::Error::from)?;
        undo_one(&app, &mut change, &applied, &mut undone).await?;
    }
    row.state = "undone".to_owned();
    change.set_import(&row).await?;
    let kept: Vec<&str> = undone.kept.iter().map(|one| one.record.as_str()).collect();
    let details = json!({ "name": row.name, "restored": undone.restored, "removed": undone.removed, "kept": kept });
    change.commit(Act::new("import.undo", &id).at(&row.site_id).with(details)).await?;
    keeping::keep_up_now(&app, &row.site_id).await;
    app.intake.touch(&row.site_id);
    app.tell(Event::new("record", &row.site_id));
    Ok(axum::Json(undone))
}

async fn undo_one(app: &App, change: &mut Change, applied: &Applied, undone: &mut ImportUndone) -> Answer<()> {
    // Somebody took it away since.
    let Some(row) = change.record_now(&applied.record).await? else { return Ok(()) };
    let mut kept = Kept::of(row)?;
    let back = applied.undo(&kept.record);
    let has_papers = applied.before.is_none() && has_papers(app, &kept).await?;
    match back.record {
        None if !has_papers => {
            change.remove_record(&kept.row.id, kept.row.version).await?;
            undone.removed += 1;
        }
        record => {
            kept.say(record.unwrap_or_default())?;
            kept.write(change).await?;
            if back.kept.is_empty() && !has_papers {
                undone.restored += 1;
            } else {
                let fields = back.kept.into_iter().map(|kept| kept.field).collect();
                undone.kept.push(KeptFields { record: applied.record.clone(), fields });
            }
        }
    }
    Ok(())
}

/// Somebody put something beside a record: a file, or a word on its checklist.
async fn has_papers(app: &App, kept: &Kept) -> store::Result<bool> {
    let files = app.store.attachments(&kept.row.id, std::slice::from_ref(&kept.row.site_id)).await?;
    Ok(!files.is_empty() || !app.store.checklist(&kept.row.id).await?.is_empty())
}
