//! Secure-configuration checklists: what people did, and what traffic says to it for as long as the device is in service.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use knowledge::ChecklistItem;
use model::Timestamp;
use model::report::{Conversation, Device, Finding};
use records::checklist::{ItemState, Seen, Traffic, judge};
use records::onboarding::Coming;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Act, ChecklistRow, OnboardingRow};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::records::{etag, record_of, require_version};
use super::{Json, Query};
use crate::App;
use crate::auth::{Caller, Right};
use crate::error::{Answer, Problem, kinds};
use crate::events::Event;
use crate::intake::Answers;
use crate::keeping;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(checklists))
        .routes(routes!(checklist_items))
        .routes(routes!(device_checklist))
        .routes(routes!(tick))
}

/// An item of a checklist.
#[derive(Serialize, ToSchema)]
struct Item {
    /// Id.
    id: String,
    /// What has to hold.
    title: String,
    /// How to do it.
    how: String,
    /// Where it is asked for.
    source: String,
    /// A device may be released without it.
    optional: bool,
    /// What traffic can tell of it at all.
    traffic_can_tell: bool,
}

/// An item of a device's checklist.
#[derive(Serialize, ToSchema)]
struct DeviceItem {
    /// What it asks.
    item: Item,
    /// What a person says.
    state: ItemState,
    /// Who said it.
    by: Option<String>,
    /// When, RFC 3339.
    #[schema(value_type = Option<String>)]
    at: Option<Timestamp>,
    /// Why.
    note: Option<String>,
    /// What traffic says to it: since it was done, where it was, else ever.
    traffic: Traffic,
    /// For If-Match.
    etag: String,
}

/// The checklist of a device.
#[derive(Serialize, ToSchema)]
struct Checklist {
    /// Device.
    device: String,
    /// Class by which the items were chosen.
    class: Option<String>,
    /// Model by which the items were chosen.
    model: Option<String>,
    /// Items.
    items: Vec<DeviceItem>,
}

/// What a person says of an item.
#[derive(Deserialize, ToSchema)]
struct Tick {
    /// Open, done, or not applicable for the reason in the note.
    state: ItemState,
    /// Why, or how; needed where it does not apply.
    note: Option<String>,
}

/// Which checklist is wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct WantedItems {
    /// Class.
    class: Option<String>,
    /// Model.
    model: Option<String>,
}

/// Which site.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Site; all that the caller sees where absent.
    site: Option<String>,
}

/// How far the checklist of a device is.
#[derive(Serialize, ToSchema)]
struct ChecklistLine {
    /// Site.
    site: String,
    /// Device.
    device: String,
    /// Items that are done or do not apply.
    done: u32,
    /// Required items that are open.
    open: u32,
    /// Items that are done and that traffic contradicts.
    contradicted: Vec<String>,
}

fn item(item: &ChecklistItem) -> Item {
    Item {
        id: item.id.clone(),
        title: item.title.clone(),
        how: item.how.clone(),
        source: item.source.clone(),
        optional: item.optional,
        traffic_can_tell: !item.proofs.is_empty(),
    }
}

/// The items of checklists for a class and a model.
#[utoipa::path(get, path = "/api/checklist-items", tag = "checklists", params(WantedItems), responses((status = 200, body = Vec<Item>)))]
async fn checklist_items(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<WantedItems>,
) -> Answer<axum::Json<Vec<Item>>> {
    caller.require_anywhere(Right::ViewInventory)?;
    let items = app.knowledge.checklist(wanted.class.as_deref(), wanted.model.as_deref());
    Ok(axum::Json(items.map(item).collect()))
}

fn value(attribute: Option<&model::report::Attribute>) -> Option<&str> {
    attribute.map(|attribute| attribute.value.as_str())
}

/// Class and model of a device, as it was seen to be, else as people say.
fn kind(device: &Device, record: &records::Record) -> (Option<String>, Option<String>) {
    let class = value(device.class.as_deref()).map(str::to_owned);
    (class, value(device.model.as_deref()).map(str::to_owned).or_else(|| record.model.clone()))
}

/// What was seen of a device.
struct Watched<'a> {
    device: &'a Device,
    conversations: Vec<&'a Conversation>,
    findings: Vec<&'a Finding>,
}

impl<'a> Watched<'a> {
    fn of(device: &'a Device, answers: &'a Answers) -> Self {
        let of_device = |one: &&Conversation| {
            one.client.device.as_ref() == Some(&device.id) || one.server.device.as_ref() == Some(&device.id)
        };
        Self {
            device,
            conversations: answers.conversations.iter().filter(of_device).collect(),
            findings: answers.findings.iter().filter(|finding| finding.devices.contains(&device.id)).collect(),
        }
    }

    fn says(&self, item: &ChecklistItem, said: Option<&ChecklistRow>) -> Traffic {
        let seen = Seen { device: self.device, conversations: &self.conversations, findings: &self.findings };
        judge(item, &seen, said.filter(|row| row.state == "done").map(|row| row.at))
    }
}

/// The checklist of a device, with what traffic says to each item.
#[utoipa::path(get, path = "/api/devices/{id}/checklist", tag = "checklists", params(("id" = String, Path)), responses((status = 200, body = Checklist)))]
async fn device_checklist(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Answer<axum::Json<Checklist>> {
    let row = app.store.device(&id, &caller.sites_or(&app, Right::ViewInventory, None)?).await?;
    let (answers, kept) = (app.answers(&row.site_id)?, record_of(&app, &row).await?);
    let rows = app.store.checklist(&kept.row.id).await?;
    let said: BTreeMap<&str, &ChecklistRow> = rows.iter().map(|row| (row.item_id.as_str(), row)).collect();
    let (class, model) = kind(&row.device, &kept.record);
    let watched = Watched::of(&row.device, &answers);
    let shown = |one: &ChecklistItem| {
        let said = said.get(one.id.as_str()).copied();
        DeviceItem {
            item: item(one),
            state: said.and_then(|row| ItemState::from_name(&row.state)).unwrap_or_default(),
            by: said.map(|row| row.by_name.clone()),
            at: said.map(|row| row.at),
            note: said.map(|row| row.note.clone()).filter(|note| !note.is_empty()),
            traffic: watched.says(one, said),
            etag: etag(said.map_or(0, |row| row.version)),
        }
    };
    let items = app.knowledge.checklist(class.as_deref(), model.as_deref()).map(shown).collect();
    Ok(axum::Json(Checklist { device: id, class, model, items }))
}

/// Says of an item of a device's checklist that it is done, open, or does not apply. Needs If-Match with the item's tag.
#[utoipa::path(put, path = "/api/devices/{id}/checklist/{item}", tag = "checklists", params(("id" = String, Path), ("item" = String, Path), ("If-Match" = String, Header)), request_body = Tick, responses((status = 200, body = Checklist)))]
async fn tick(
    State(app): State<App>,
    caller: Caller,
    Path((id, item)): Path<(String, String)>,
    headers: HeaderMap,
    Json(tick): Json<Tick>,
) -> Answer<axum::Json<Checklist>> {
    let device = app.store.device(&id, &caller.sites_or(&app, Right::ViewInventory, None)?).await?;
    caller.require(&app, Right::EditRecords, &device.site_id)?;
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    let mut kept = record_of(&app, &device).await?;
    let (class, model) = kind(&device.device, &kept.record);
    if !app.knowledge.checklist(class.as_deref(), model.as_deref()).any(|one| one.id == item) {
        return Err(Problem::new(&kinds::ABSENT, "its checklist has no such item"));
    }
    let note = tick.note.unwrap_or_default().trim().to_owned();
    if note.chars().count() > 2000 || (tick.state == ItemState::NotApplicable && note.is_empty()) {
        return Err(Problem::new(&kinds::UNPROCESSABLE, "note: at most 2000 characters; say why it does not apply"));
    }
    let before = app.store.checklist(&kept.row.id).await?.into_iter().find(|row| row.item_id == item);
    let version = before.as_ref().map_or(0, |row| row.version);
    require_version(&headers, version)?;
    if !kept.is_there() {
        kept.say(kept.record.clone())?;
        kept.write(&mut change).await?;
    }
    let row = ChecklistRow {
        site_id: device.site_id.clone(),
        record_id: kept.row.id.clone(),
        item_id: item.clone(),
        state: tick.state.name().to_owned(),
        by_id: caller.person.id.clone(),
        by_name: caller.person.name.clone(),
        at: app.now(),
        note,
        version,
    };
    change.set_checklist_item(&row).await?;
    let from = before.map_or_else(|| "open".to_owned(), |row| row.state);
    let details = json!({ "device": id, "item": item, "from": from, "to": row.state, "note": row.note });
    change.commit(Act::new("checklist.say", &row.record_id).at(&row.site_id).with(details)).await?;
    app.intake.touch(&device.site_id);
    app.tell(Event::new("record", &device.site_id).about(&id));
    device_checklist(State(app), caller, Path(id)).await
}

/// Required items that are open for papers: by the class that they name or that was seen.
pub(crate) async fn open_items(app: &App, row: &OnboardingRow, coming: &Coming) -> Answer<usize> {
    let said = app.store.checklist(&row.record_id).await?;
    let kept = app.store.record(&row.record_id, std::slice::from_ref(&row.site_id)).await.ok();
    let seen = match kept.and_then(|kept| kept.device_id) {
        Some(device) => app.store.device(&device, std::slice::from_ref(&row.site_id)).await.ok(),
        None => None,
    };
    let (class, model) = seen.map(|seen| kind(&seen.device, &coming.record)).unwrap_or_default();
    let (class, model) = (class.or_else(|| coming.class.clone()), model.or_else(|| coming.record.model.clone()));
    let is_open = |item: &&ChecklistItem| {
        !item.optional && !said.iter().any(|row| row.item_id == item.id && row.state != ItemState::Open.name())
    };
    Ok(app.knowledge.checklist(class.as_deref(), model.as_deref()).filter(is_open).count())
}

/// What people said and traffic contradicts.
pub(crate) struct Contradicted<'a> {
    pub(crate) device: &'a Device,
    pub(crate) item: &'a ChecklistItem,
    pub(crate) traffic: Traffic,
}

/// How far the checklists of a site are: of each device of which somebody said something.
struct Progress<'a> {
    device: &'a Device,
    done: u32,
    open: u32,
    contradicted: Vec<Contradicted<'a>>,
}

async fn progress<'a>(app: &'a App, site: &str, answers: &'a Answers) -> store::Result<Vec<Progress<'a>>> {
    let mut said: BTreeMap<String, BTreeMap<String, ChecklistRow>> = BTreeMap::new();
    for row in app.store.checklists_of_site(site).await? {
        said.entry(row.record_id.clone()).or_default().insert(row.item_id.clone(), row);
    }
    let devices: BTreeMap<&str, &Device> = answers.devices.iter().map(|device| (device.id.as_str(), device)).collect();
    let mut all = Vec::new();
    for kept in keeping::of_site(app, site).await? {
        let (Some(said), Some(device)) =
            (said.get(&kept.row.id), kept.row.device_id.as_deref().and_then(|id| devices.get(id).copied()))
        else {
            continue;
        };
        let (class, model) = kind(device, &kept.record);
        let watched = Watched::of(device, answers);
        let mut one = Progress { device, done: 0, open: 0, contradicted: Vec::new() };
        for item in app.knowledge.checklist(class.as_deref(), model.as_deref()) {
            let row = said.get(&item.id).filter(|row| row.state != ItemState::Open.name());
            let traffic = watched.says(item, row);
            if row.is_some_and(|row| row.state == ItemState::Done.name()) && matches!(traffic, Traffic::Contradicts { .. }) {
                one.contradicted.push(Contradicted { device, item, traffic });
            }
            one.done += u32::from(row.is_some());
            one.open += u32::from(row.is_none() && !item.optional);
        }
        all.push(one);
    }
    Ok(all)
}

/// Items that are done and that traffic contradicts.
pub(crate) async fn contradicted<'a>(app: &'a App, site: &str, answers: &'a Answers) -> store::Result<Vec<Contradicted<'a>>> {
    Ok(progress(app, site, answers).await?.into_iter().flat_map(|one| one.contradicted).collect())
}

/// How far checklists are, of each device of whose somebody said something.
#[utoipa::path(get, path = "/api/checklists", tag = "checklists", params(Wanted), responses((status = 200, body = Vec<ChecklistLine>)))]
async fn checklists(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Answer<axum::Json<Vec<ChecklistLine>>> {
    let mut all = Vec::new();
    for site in caller.sites_or(&app, Right::ViewInventory, wanted.site.as_deref())? {
        let answers = app.answers(&site)?;
        all.extend(progress(&app, &site, &answers).await?.into_iter().map(|one| ChecklistLine {
            site: site.clone(),
            device: one.device.id.to_string(),
            done: one.done,
            open: one.open,
            contradicted: one.contradicted.iter().map(|one| one.item.id.clone()).collect(),
        }));
    }
    Ok(axum::Json(all))
}
