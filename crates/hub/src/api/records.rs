//! What people say of devices: the record of one, of many at once, and files beside it.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use data_encoding::HEXLOWER;
use model::Timestamp;
use records::follow::Conflict;
use records::{FIELDS, FieldChange, Record, changes};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use store::{Act, AttachmentRow, DeviceRow, RecordFilter, new_id};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Json, Query, limit, listed, named};
use crate::App;
use crate::auth::{Caller, Right};
use crate::error::{Answer, Problem, kinds};
use crate::events::Event;
use crate::keeping::{self, Kept};

/// Largest attachment.
const MAX_FILE: usize = 16 << 20;
/// Most attachments of a record.
const MAX_FILES: usize = 100;
/// Most devices that are changed at once.
const MAX_BULK: usize = 500;
/// What tells one device from another: never the same of many.
const INDIVIDUAL: [&str; 4] = ["asset_tag", "name", "serial", "macs"];

pub(super) fn routes() -> OpenApiRouter<App> {
    let files = OpenApiRouter::new().routes(routes!(attachments, attach)).layer(DefaultBodyLimit::max(MAX_FILE));
    OpenApiRouter::new()
        .routes(routes!(record_fields))
        .routes(routes!(all_records))
        .routes(routes!(device_record, edit_record))
        .routes(routes!(bulk))
        .routes(routes!(attachment, detach))
        .merge(files)
}

/// A record with where it stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct KeptRecord {
    /// Id; absent where nobody wrote anything yet.
    id: Option<String>,
    /// Site.
    site: String,
    /// Device that it is of; absent where none was seen.
    device: Option<String>,
    /// What it says.
    record: Record,
    /// Responsibilities and places of which nobody said anything.
    unknown: Vec<&'static str>,
    /// Why it is not plain which device it is of.
    conflict: Option<Conflict>,
    /// For If-Match.
    etag: String,
}

impl KeptRecord {
    pub(crate) fn of(kept: Kept) -> Self {
        Self {
            id: kept.is_there().then(|| kept.row.id.clone()),
            etag: etag(kept.row.version),
            unknown: kept.record.unknown(),
            conflict: kept.row.conflict.as_deref().and_then(|text| serde_json::from_str(text).ok()),
            site: kept.row.site_id,
            device: kept.row.device_id,
            record: kept.record,
        }
    }
}

/// The entity tag of a version.
pub(crate) fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

/// As a header.
pub(crate) fn tagged(etag: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.extend(HeaderValue::from_str(etag).map(|tag| (header::ETAG, tag)));
    headers
}

/// The change is meant for this version.
///
/// # Errors
/// `if-match` where it does not say for which, `changed` where for another.
pub(crate) fn require_version(headers: &HeaderMap, version: i64) -> Answer<()> {
    let sent =
        headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok()).ok_or_else(|| Problem::of(&kinds::IF_MATCH))?;
    if sent == etag(version) { Ok(()) } else { Err(Problem::of(&kinds::CHANGED)) }
}

/// What people wrote does not fit.
pub(crate) fn unfit(invalid: &records::Invalid) -> Problem {
    Problem::new(&kinds::UNPROCESSABLE, invalid.to_string())
}

/// The record of an observed device; an empty one where nobody wrote anything yet.
pub(crate) async fn record_of(app: &App, device: &DeviceRow) -> Answer<Kept> {
    Ok(match app.store.record_of_device(&device.site_id, &device.id).await? {
        Some(row) => Kept::of(row)?,
        None => {
            let mut kept = Kept::new(&device.site_id);
            kept.place(&device.device)?;
            kept
        }
    })
}

/// A field of records.
#[derive(Serialize, ToSchema)]
struct RecordField {
    /// Id.
    id: &'static str,
    /// What people call it.
    label: &'static str,
}

/// The fields of records, in the order in which people look for them.
#[utoipa::path(get, path = "/api/record-fields", tag = "records", responses((status = 200, body = Vec<RecordField>)))]
async fn record_fields(caller: Caller) -> Answer<axum::Json<Vec<RecordField>>> {
    caller.require_anywhere(Right::ViewInventory)?;
    Ok(axum::Json(FIELDS.iter().map(|field| RecordField { id: field.id, label: field.label }).collect()))
}

/// Which records are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Site; all that the caller sees where absent.
    site: Option<String>,
    /// Words in name, asset tag, maker, model or serial number.
    q: Option<String>,
    /// States, separated by commas.
    state: Option<String>,
    /// Of devices that were seen, or were not.
    seen: Option<bool>,
    /// Rows at most, 1 to 500.
    limit: Option<u32>,
    /// Where the page before ended.
    cursor: Option<String>,
}

/// A page of records.
#[derive(Serialize, ToSchema)]
struct RecordPage {
    /// Records.
    items: Vec<KeptRecord>,
    /// Where the next page begins; absent on the last.
    next: Option<String>,
}

/// Records, by what they call their devices; those of devices that nobody saw yet too.
#[utoipa::path(get, path = "/api/records", tag = "records", params(Wanted), responses((status = 200, body = RecordPage)))]
async fn all_records(State(app): State<App>, caller: Caller, Query(wanted): Query<Wanted>) -> Answer<axum::Json<RecordPage>> {
    let filter = RecordFilter {
        sites: caller.sites_or(&app, Right::ViewInventory, wanted.site.as_deref())?,
        text: wanted.q,
        states: listed(wanted.state.as_deref()),
        seen: wanted.seen,
        after: super::devices::after(wanted.cursor.as_deref())?,
        limit: limit(wanted.limit),
        ..RecordFilter::default()
    };
    let page = app.store.records(&filter).await?;
    let next = page.items.last().filter(|_| page.has_more).map(|row| super::devices::cursor(&row.title, &row.id));
    let items = page.items.into_iter().map(|row| Ok(KeptRecord::of(Kept::of(row)?))).collect::<store::Result<_>>()?;
    Ok(axum::Json(RecordPage { items, next }))
}

/// What people say of a device; what nobody said is unknown.
#[utoipa::path(get, path = "/api/devices/{id}/record", tag = "records", params(("id" = String, Path)), responses((status = 200, body = KeptRecord)))]
async fn device_record(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<(HeaderMap, axum::Json<KeptRecord>)> {
    let device = app.store.device(&id, &caller.sites_or(&app, Right::ViewInventory, None)?).await?;
    let shown = KeptRecord::of(record_of(&app, &device).await?);
    Ok((tagged(&shown.etag), axum::Json(shown)))
}

/// Changes what people say of a device: a merge patch (RFC 7396), in which `null` makes a field unknown. Needs If-Match.
#[utoipa::path(patch, path = "/api/devices/{id}/record", tag = "records", params(("id" = String, Path), ("If-Match" = String, Header)), request_body = Record, responses((status = 200, body = KeptRecord)))]
async fn edit_record(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(patch): Json<Map<String, Value>>,
) -> Answer<(HeaderMap, axum::Json<KeptRecord>)> {
    let device = app.store.device(&id, &caller.sites_or(&app, Right::ViewInventory, None)?).await?;
    caller.require(&app, Right::EditRecords, &device.site_id)?;
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    let mut kept = record_of(&app, &device).await?;
    require_version(&headers, kept.row.version)?;
    let changed = patch_record(&mut kept, &patch)?;
    if !changed.is_empty() {
        kept.write(&mut change).await?;
        let details = json!({ "device": id, "changes": changed });
        change.commit(Act::new("record.edit", &kept.row.id).at(&device.site_id).with(details)).await?;
        app.tell(Event::new("record", &device.site_id).about(&id));
        keeping::keep_up_now(&app, &device.site_id).await;
        // What has a record has papers.
        if !kept.is_there() {
            app.intake.touch(&device.site_id);
        }
    }
    device_record(State(app), caller, Path(id)).await
}

fn patch_record(kept: &mut Kept, patch: &Map<String, Value>) -> Answer<Vec<FieldChange>> {
    let after = kept.record.patched(patch).map_err(|invalid| unfit(&invalid))?;
    let changed = changes(&kept.record, &after);
    kept.say(after)?;
    Ok(changed)
}

/// One change of many devices.
#[derive(Deserialize, ToSchema)]
struct Bulk {
    /// Devices, 1 to 500.
    devices: Vec<String>,
    /// What they are said to be: a merge patch of their records. Name, asset tag, serial number and MAC addresses are of one device each.
    #[schema(value_type = Record)]
    set: Map<String, Value>,
}

/// What changed of a device.
#[derive(Serialize, ToSchema)]
struct Changed {
    /// Device.
    device: String,
    /// What changed; nothing where it was so already.
    changes: Vec<FieldChange>,
}

/// Changes what people say of many devices: all of it or nothing.
#[utoipa::path(post, path = "/api/devices/bulk", tag = "records", request_body = Bulk, responses((status = 200, body = Vec<Changed>)))]
async fn bulk(State(app): State<App>, caller: Caller, Json(wanted): Json<Bulk>) -> Answer<axum::Json<Vec<Changed>>> {
    let sites = caller.sites_or(&app, Right::EditRecords, None)?;
    let wrong = |detail: String| Problem::new(&kinds::UNPROCESSABLE, detail);
    let devices: std::collections::BTreeSet<&String> = wanted.devices.iter().collect();
    if devices.is_empty() || devices.len() > MAX_BULK {
        return Err(wrong(format!("devices: 1 to {MAX_BULK}")));
    }
    if let Some(field) = wanted.set.keys().find(|field| INDIVIDUAL.contains(&field.as_str())) {
        return Err(wrong(format!("{field}: is of one device, and not of many")));
    }
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    let (mut all, mut told) = (Vec::new(), std::collections::BTreeSet::new());
    for id in devices {
        let device = app.store.device(id, &sites).await?;
        let mut kept = record_of(&app, &device).await?;
        let changes = patch_record(&mut kept, &wanted.set)?;
        if !changes.is_empty() {
            kept.write(&mut change).await?;
            let details = json!({ "device": id, "changes": changes, "bulk": true });
            change.note(&Act::new("record.edit", &kept.row.id).at(&device.site_id).with(details)).await?;
            told.insert(device.site_id);
        }
        all.push(Changed { device: id.clone(), changes });
    }
    let details = json!({ "devices": all.len(), "set": wanted.set });
    change.commit(Act::new("record.bulk", "devices").of(&caller.person.tenant_id).with(details)).await?;
    for site in &told {
        app.tell(Event::new("record", site));
        app.intake.touch(site);
    }
    Ok(axum::Json(all))
}

/// A file beside a record.
#[derive(Serialize, ToSchema)]
struct Attachment {
    /// Id.
    id: String,
    /// File name as given.
    name: String,
    /// What it is, as its first octets say.
    media_type: String,
    /// Size in octets.
    bytes: u64,
    /// SHA-256 of its contents.
    sha256: String,
    /// When, RFC 3339.
    #[schema(value_type = String)]
    added: Timestamp,
    /// Who.
    added_by: String,
}

impl From<AttachmentRow> for Attachment {
    fn from(row: AttachmentRow) -> Self {
        let AttachmentRow { id, name, media_type, bytes, sha256, added, added_by, .. } = row;
        Self { id, name, media_type, bytes, sha256, added, added_by }
    }
}

/// What a file is called.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Named {
    /// Name of the file.
    name: String,
}

/// Files beside the record of a device, the latest first.
#[utoipa::path(get, path = "/api/devices/{id}/attachments", tag = "records", params(("id" = String, Path)), responses((status = 200, body = Vec<Attachment>)))]
async fn attachments(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Answer<axum::Json<Vec<Attachment>>> {
    let device = app.store.device(&id, &caller.sites_or(&app, Right::ViewInventory, None)?).await?;
    let kept = record_of(&app, &device).await?;
    let rows = app.store.attachments(&kept.row.id, &[device.site_id]).await?;
    Ok(axum::Json(rows.into_iter().map(Attachment::from).collect()))
}

/// Adds a file to the record of a device; its body is the file, at most 16 MiB. Leave patients out of it.
#[utoipa::path(post, path = "/api/devices/{id}/attachments", tag = "records", params(("id" = String, Path), Named),
    request_body(content = String, content_type = "application/octet-stream"), responses((status = 201, body = Attachment)))]
async fn attach(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Query(wanted): Query<Named>,
    body: Bytes,
) -> Answer<(StatusCode, axum::Json<Attachment>)> {
    let device = app.store.device(&id, &caller.sites_or(&app, Right::ViewInventory, None)?).await?;
    caller.require(&app, Right::EditRecords, &device.site_id)?;
    let name = named("name", &wanted.name)?;
    if body.is_empty() {
        return Err(Problem::new(&kinds::UNPROCESSABLE, "the file is empty"));
    }
    let _one_at_a_time = app.files.lock().await;
    let sha256 = HEXLOWER.encode(&Sha256::digest(&body));
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    let mut kept = record_of(&app, &device).await?;
    if app.store.attachments(&kept.row.id, std::slice::from_ref(&device.site_id)).await?.len() >= MAX_FILES {
        return Err(Problem::new(&kinds::CONFLICT, format!("a device has at most {MAX_FILES} files")));
    }
    if !kept.is_there() {
        kept.say(Record::default())?;
        kept.write(&mut change).await?;
    }
    let row = AttachmentRow {
        id: new_id("file"),
        site_id: device.site_id.clone(),
        record_id: kept.row.id.clone(),
        name,
        media_type: media_type(&body).to_owned(),
        bytes: body.len() as u64,
        sha256,
        added: app.now(),
        added_by: caller.person.name.clone(),
    };
    keep_file(&app, &row.sha256, body).await?;
    change.add_attachment(&row).await?;
    let details = json!({ "device": id, "record": row.record_id, "name": row.name, "bytes": row.bytes, "sha256": row.sha256 });
    change.commit(Act::new("record.attach", &row.id).at(&row.site_id).with(details)).await?;
    app.tell(Event::new("record", &device.site_id).about(&id));
    Ok((StatusCode::CREATED, axum::Json(row.into())))
}

fn file_path(app: &App, sha256: &str) -> std::path::PathBuf {
    app.data.join("attachments").join(sha256)
}

/// Durable before its row is.
async fn keep_file(app: &App, sha256: &str, body: Bytes) -> Answer<()> {
    let path = file_path(app, sha256);
    let written = tokio::task::spawn_blocking(move || -> std::io::Result<()> {
        let folder = path.parent().map(std::path::Path::to_owned).unwrap_or_default();
        std::fs::create_dir_all(&folder)?;
        let partial = path.with_extension("partial");
        std::fs::write(&partial, &body)?;
        std::fs::File::open(&partial)?.sync_all()?;
        std::fs::rename(&partial, &path)?;
        std::fs::File::open(&folder)?.sync_all()
    });
    Ok(written.await.map_err(|_| Problem::of(&kinds::INTERNAL))??)
}

/// By the first octets; a browser is never asked to show one.
fn media_type(bytes: &[u8]) -> &'static str {
    match bytes {
        [b'%', b'P', b'D', b'F', b'-', ..] => "application/pdf",
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [b'P', b'K', 3, 4, ..] => "application/zip",
        _ if std::str::from_utf8(bytes).is_ok() => "text/plain",
        _ => "application/octet-stream",
    }
}

/// A file beside a record, to be saved.
#[utoipa::path(get, path = "/api/attachments/{id}", tag = "records", params(("id" = String, Path)),
    responses((status = 200, content_type = "application/octet-stream", body = String)))]
async fn attachment(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Answer<(HeaderMap, Vec<u8>)> {
    let row = app.store.attachment(&id, &caller.sites_or(&app, Right::ViewInventory, None)?).await?;
    let bytes = tokio::fs::read(file_path(&app, &row.sha256)).await?;
    Ok((download(&row.name, "application/octet-stream"), bytes))
}

/// Headers with which a browser saves a body and does not show it (RFC 6266 §4, RFC 8187).
pub(crate) fn download(name: &str, kind: &'static str) -> HeaderMap {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || "._- ".contains(c) { c } else { '_' }).collect();
    let exact: String = name
        .bytes()
        .map(|octet| {
            if octet.is_ascii_alphanumeric() || b"._-".contains(&octet) {
                char::from(octet).into()
            } else {
                format!("%{octet:02X}")
            }
        })
        .collect();
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(HeaderName::from_static("content-security-policy"), HeaderValue::from_static("default-src 'none'; sandbox"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}"));
    headers.extend(disposition.map(|value| (header::CONTENT_DISPOSITION, value)));
    headers
}

/// Takes a file away.
#[utoipa::path(delete, path = "/api/attachments/{id}", tag = "records", params(("id" = String, Path)), responses((status = 204)))]
async fn detach(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Answer<StatusCode> {
    let row = app.store.attachment(&id, &caller.sites_or(&app, Right::EditRecords, None)?).await?;
    let _one_at_a_time = app.files.lock().await;
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    change.remove_attachment(&id).await?;
    let details = json!({ "record": row.record_id, "name": row.name, "sha256": row.sha256 });
    change.commit(Act::new("record.detach", &id).at(&row.site_id).with(details)).await?;
    if app.store.attachments_with(&row.sha256).await? == 0 {
        tokio::fs::remove_file(file_path(&app, &row.sha256)).await?;
    }
    app.tell(Event::new("record", &row.site_id));
    Ok(StatusCode::NO_CONTENT)
}
