//! Devices.

use std::collections::HashMap;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use data_encoding::BASE64URL_NOPAD;
use model::report::{Device, Isolation};
use respond::Responder;
use serde::{Deserialize, Serialize};
use store::{DeviceFilter, DeviceRow, FindingFilter, RecordFilter, RecordRow};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::conversations::{ConversationPage, page_of};
use super::findings::{FindingPage, findings_page};
use super::{Query, limit, listed, offset};
use crate::App;
use crate::auth::{Caller, Right};
use crate::error::{Answer, Problem, kinds};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(devices))
        .routes(routes!(device))
        .routes(routes!(device_conversations))
        .routes(routes!(device_findings))
        .routes(routes!(isolation))
}

/// Which devices are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Site; all that the caller sees where absent.
    site: Option<String>,
    /// Words in name, address, maker, model or serial number.
    q: Option<String>,
    /// Classes, separated by commas.
    class: Option<String>,
    /// Clinical impacts, separated by commas.
    impact: Option<String>,
    /// Makers, separated by commas.
    maker: Option<String>,
    /// Owners in clinical engineering or IT, separated by commas.
    owner: Option<String>,
    /// Units, separated by commas.
    unit: Option<String>,
    /// Where they are in their lives, separated by commas.
    state: Option<String>,
    /// Tags, separated by commas; a device has all of them.
    tag: Option<String>,
    /// Rows at most, 1 to 500.
    limit: Option<u32>,
    /// Where the page before ended.
    cursor: Option<String>,
}

/// A page of devices.
#[derive(Serialize, ToSchema)]
pub(crate) struct DevicePage {
    /// Devices.
    items: Vec<DeviceLine>,
    /// Where the next page begins; absent on the last.
    next: Option<String>,
    /// How many there are of each value.
    facets: FacetCounts,
}

/// A device in a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeviceLine {
    /// Id.
    id: String,
    /// Site.
    site: String,
    /// Name.
    name: Option<String>,
    /// Maker.
    maker: Option<String>,
    /// Model.
    model: Option<String>,
    /// Class.
    class: Option<String>,
    /// Clinical impact.
    clinical_impact: Option<String>,
    /// Operating system.
    os: Option<String>,
    /// Addresses held last.
    addresses: Vec<String>,
    /// MAC addresses.
    macs: Vec<String>,
    /// How sure it is that this is one device and what it is, 0 to 1.
    confidence: f64,
    /// First seen, RFC 3339.
    #[schema(value_type = String)]
    first_seen: model::Timestamp,
    /// Last seen, RFC 3339.
    #[schema(value_type = String)]
    last_seen: model::Timestamp,
    /// Who in clinical engineering answers for it, as people say.
    clinical_owner: Option<String>,
    /// Who in IT answers for it, as people say.
    it_owner: Option<String>,
    /// Unit, as people say.
    unit: Option<String>,
    /// Where it is in its life, as people say.
    state: Option<String>,
    /// Tags that people gave.
    tags: Vec<String>,
}

/// How many devices there are of each value.
#[derive(Serialize, ToSchema)]
pub(crate) struct FacetCounts {
    /// All.
    total: u64,
    /// By class.
    class: Vec<FacetValue>,
    /// By clinical impact.
    impact: Vec<FacetValue>,
    /// By maker.
    maker: Vec<FacetValue>,
    /// By owner, in clinical engineering or IT, of those that have one.
    owner: Vec<FacetValue>,
    /// By unit, of those that have one.
    unit: Vec<FacetValue>,
    /// By state of life, of those that have one.
    state: Vec<FacetValue>,
    /// By tag.
    tag: Vec<FacetValue>,
}

/// How many devices there are of a value.
#[derive(Serialize, ToSchema)]
pub(crate) struct FacetValue {
    /// Value; empty where it is not known.
    value: String,
    /// Devices.
    count: u64,
}

/// A device with its site.
#[derive(Serialize, ToSchema)]
struct DeviceDetail {
    /// Site.
    site: String,
    /// Everything that is known of it, with the evidence.
    #[schema(value_type = crate::api::shapes::Device)]
    device: Device,
}

fn line(row: DeviceRow, said: RecordRow) -> DeviceLine {
    let known = |text: String| Some(text).filter(|text| !text.is_empty());
    let device = row.device;
    let value =
        |attribute: &Option<Box<model::report::Attribute>>| attribute.as_ref().map(|attribute| attribute.value.to_string());
    let mut addresses: Vec<_> = device.addresses.iter().collect();
    addresses.sort_by_key(|address| std::cmp::Reverse(address.last_seen));
    DeviceLine {
        site: row.site_id,
        name: value(&device.name),
        maker: value(&device.maker),
        model: value(&device.model),
        class: value(&device.class),
        clinical_impact: value(&device.clinical_impact),
        os: value(&device.os),
        addresses: addresses.into_iter().take(4).map(|address| address.ip.to_string()).collect(),
        macs: device.interfaces.iter().filter_map(|interface| interface.mac).take(4).map(|mac| mac.to_string()).collect(),
        confidence: f64::from(device.confidence.as_percent()) / 100.0,
        first_seen: device.first_seen,
        last_seen: device.last_seen,
        clinical_owner: known(said.clinical_owner),
        it_owner: known(said.it_owner),
        unit: known(said.unit),
        state: known(said.state),
        tags: said.tags,
        id: row.id,
    }
}

fn cursor_of(row: &DeviceRow) -> String {
    cursor(row.device.name.as_ref().map_or("", |name| name.value.as_str()), &row.id)
}

/// Behind this name and id.
pub(crate) fn cursor(name: &str, id: &str) -> String {
    BASE64URL_NOPAD.encode(format!("{name}\u{0}{id}").as_bytes())
}

pub(crate) fn after(cursor: Option<&str>) -> Answer<Option<(String, String)>> {
    let Some(cursor) = cursor else { return Ok(None) };
    let text = BASE64URL_NOPAD.decode(cursor.as_bytes()).ok().and_then(|octets| String::from_utf8(octets).ok());
    let pair = text.as_deref().and_then(|text| text.split_once('\u{0}')).map(|(name, id)| (name.to_owned(), id.to_owned()));
    pair.map(Some).ok_or_else(|| Problem::new(&kinds::BAD_REQUEST, "the cursor is not one that this API gave"))
}

/// Devices, by name.
#[utoipa::path(get, path = "/api/devices", tag = "devices", params(Wanted), responses((status = 200, body = DevicePage)))]
async fn devices(State(app): State<App>, caller: Caller, Query(wanted): Query<Wanted>) -> Answer<axum::Json<DevicePage>> {
    let filter = DeviceFilter {
        sites: caller.sites_or(&app, Right::ViewInventory, wanted.site.as_deref())?,
        text: wanted.q,
        classes: listed(wanted.class.as_deref()),
        impacts: listed(wanted.impact.as_deref()),
        makers: listed(wanted.maker.as_deref()),
        said: RecordFilter {
            owners: listed(wanted.owner.as_deref()),
            units: listed(wanted.unit.as_deref()),
            states: listed(wanted.state.as_deref()),
            tags: listed(wanted.tag.as_deref()),
            ..RecordFilter::default()
        },
        after: after(wanted.cursor.as_deref())?,
        limit: limit(wanted.limit),
    };
    let (page, facets) = (app.store.devices(&filter).await?, app.store.device_facets(&filter).await?);
    let next = page.items.last().filter(|_| page.has_more).map(cursor_of);
    let values = |list: Vec<(String, u64)>| list.into_iter().map(|(value, count)| FacetValue { value, count }).collect();
    let facets = FacetCounts {
        total: facets.total,
        class: values(facets.class),
        impact: values(facets.impact),
        maker: values(facets.maker),
        owner: values(facets.owner),
        unit: values(facets.unit),
        state: values(facets.state),
        tag: values(facets.tag),
    };
    let ids: Vec<String> = page.items.iter().map(|row| row.id.clone()).collect();
    let mut said: HashMap<(String, String), RecordRow> = HashMap::new();
    for row in app.store.records_of_devices(&filter.sites, &ids).await? {
        said.insert((row.site_id.clone(), row.device_id.clone().unwrap_or_default()), row);
    }
    let item = |row: DeviceRow| {
        let said = said.remove(&(row.site_id.clone(), row.id.clone())).unwrap_or_default();
        line(row, said)
    };
    Ok(axum::Json(DevicePage { items: page.items.into_iter().map(item).collect(), next, facets }))
}

/// A device, with the evidence of everything that is known of it.
#[utoipa::path(get, path = "/api/devices/{id}", tag = "devices", params(("id" = String, Path)), responses((status = 200, body = DeviceDetail)))]
async fn device(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Answer<(HeaderMap, axum::Json<DeviceDetail>)> {
    let row = app.store.device(&id, &caller.sites_or(&app, Right::ViewInventory, None)?).await?;
    let mut headers = HeaderMap::new();
    headers.extend(HeaderValue::from_str(&format!("\"{}\"", row.version)).map(|tag| (header::ETAG, tag)));
    Ok((headers, axum::Json(DeviceDetail { site: row.site_id, device: row.device })))
}

/// Where to go on in a list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Pages {
    /// Rows at most, 1 to 500.
    limit: Option<u32>,
    /// Where the page before ended.
    cursor: Option<String>,
}

/// Conversations of a device, the latest first.
#[utoipa::path(get, path = "/api/devices/{id}/conversations", tag = "devices", params(("id" = String, Path), Pages), responses((status = 200, body = ConversationPage)))]
async fn device_conversations(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Query(pages): Query<Pages>,
) -> Answer<axum::Json<ConversationPage>> {
    let row = app.store.device(&id, &caller.sites_or(&app, Right::ViewInventory, None)?).await?;
    let (offset, limit) = (offset(pages.cursor.as_deref())?, limit(pages.limit));
    Ok(axum::Json(page_of(app.store.conversations(&[row.site_id], Some(&id), offset, limit).await?, offset, limit)))
}

/// Findings about a device, gravest first.
#[utoipa::path(get, path = "/api/devices/{id}/findings", tag = "devices", params(("id" = String, Path), Pages), responses((status = 200, body = FindingPage)))]
async fn device_findings(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Query(pages): Query<Pages>,
) -> Answer<axum::Json<FindingPage>> {
    let row = app.store.device(&id, &caller.sites_or(&app, Right::ViewFindings, None)?).await?;
    let (offset, limit) = (offset(pages.cursor.as_deref())?, limit(pages.limit));
    findings_page(&app, FindingFilter { sites: vec![row.site_id], device: Some(id), offset, limit, ..FindingFilter::default() })
        .await
}

/// What isolating a device would stop, who could stand in, and the rule that does it.
#[utoipa::path(get, path = "/api/devices/{id}/isolation", tag = "devices", params(("id" = String, Path)), responses((status = 200, body = crate::api::shapes::Isolation)))]
async fn isolation(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Answer<axum::Json<Isolation>> {
    let row = app.store.device(&id, &caller.sites_or(&app, Right::ViewInventory, None)?).await?;
    let answers = app.answers(&row.site_id)?;
    let knowledge = std::sync::Arc::clone(&app.knowledge);
    let isolation = tokio::task::spawn_blocking(move || {
        Responder::new(&answers.devices, &answers.conversations, &knowledge).isolation(&row.device)
    });
    Ok(axum::Json(isolation.await.map_err(|_| Problem::of(&kinds::INTERNAL))?))
}
