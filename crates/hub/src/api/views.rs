//! Views that people save: what a list shows, under a name.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use store::{Act, ViewRow};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::records::{etag, require_version};
use super::{Json, named};
use crate::App;
use crate::auth::{Caller, Right};
use crate::error::{Answer, Problem, kinds};

/// Most views of a person.
const MAX_VIEWS: usize = 100;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(views, save_view)).routes(routes!(change_view, remove_view))
}

/// A view.
#[derive(Serialize, ToSchema)]
struct SavedView {
    /// Id.
    id: String,
    /// Screen, such as `devices`.
    screen: String,
    /// Name.
    name: String,
    /// What it shows: the screen's own words.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    query: Value,
    /// Everybody of the tenant sees it.
    is_shared: bool,
    /// It is the caller's own.
    is_own: bool,
    /// For If-Match.
    etag: String,
}

/// A view to be saved.
#[derive(Deserialize, ToSchema)]
struct NewView {
    /// Screen, such as `devices`.
    screen: String,
    /// Name.
    name: String,
    /// What it shows: texts by their names, at most 4000 octets in all.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    query: Map<String, Value>,
    /// Everybody of the tenant sees it.
    is_shared: bool,
}

fn shown(row: ViewRow, person: &str) -> SavedView {
    SavedView {
        is_own: row.person_id == person,
        etag: etag(row.version),
        query: serde_json::from_str(&row.query).unwrap_or_default(),
        id: row.id,
        screen: row.screen,
        name: row.name,
        is_shared: row.is_shared,
    }
}

fn row(caller: &Caller, new: NewView, id: String, version: i64) -> Answer<ViewRow> {
    let query = Value::Object(new.query);
    let is_texts = query.as_object().is_some_and(|query| query.values().all(Value::is_string));
    if !is_texts || query.to_string().len() > 4000 {
        return Err(Problem::new(&kinds::UNPROCESSABLE, "query: texts by their names, at most 4000 octets in all"));
    }
    Ok(ViewRow {
        id,
        tenant_id: caller.person.tenant_id.clone(),
        person_id: caller.person.id.clone(),
        is_shared: new.is_shared,
        screen: named("screen", &new.screen)?,
        name: named("name", &new.name)?,
        query: query.to_string(),
        version,
    })
}

/// Views that the caller sees: their own, and what others of the tenant share.
#[utoipa::path(get, path = "/api/views", tag = "views", responses((status = 200, body = Vec<SavedView>)))]
async fn views(State(app): State<App>, caller: Caller) -> Answer<axum::Json<Vec<SavedView>>> {
    caller.require_anywhere(Right::ViewInventory)?;
    let rows = app.store.views(&caller.person.tenant_id, &caller.person.id).await?;
    Ok(axum::Json(rows.into_iter().map(|row| shown(row, &caller.person.id)).collect()))
}

/// Saves a view.
#[utoipa::path(post, path = "/api/views", tag = "views", request_body = NewView, responses((status = 201, body = SavedView)))]
async fn save_view(
    State(app): State<App>,
    caller: Caller,
    Json(new): Json<NewView>,
) -> Answer<(StatusCode, axum::Json<SavedView>)> {
    caller.require_anywhere(Right::ViewInventory)?;
    let mut row = row(&caller, new, String::new(), 1)?;
    let own = app.store.views(&row.tenant_id, &row.person_id).await?.into_iter().filter(|view| view.person_id == row.person_id);
    if own.count() >= MAX_VIEWS {
        return Err(Problem::new(&kinds::CONFLICT, format!("there are {MAX_VIEWS} views already; take one away first")));
    }
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    row.id = change.add_view(&row).await?;
    let details = json!({ "screen": row.screen, "name": row.name, "is_shared": row.is_shared });
    change.commit(Act::new("view.save", &row.id).of(&row.tenant_id).with(details)).await?;
    Ok((StatusCode::CREATED, axum::Json(shown(row, &caller.person.id))))
}

/// A view of the caller's own.
async fn own(app: &App, caller: &Caller, id: &str) -> Answer<ViewRow> {
    let rows = app.store.views(&caller.person.tenant_id, &caller.person.id).await?;
    let found = rows.into_iter().find(|row| row.id == id && row.person_id == caller.person.id);
    found.ok_or_else(|| Problem::new(&kinds::ABSENT, "no such view of your own"))
}

/// Changes a view of one's own. Needs If-Match.
#[utoipa::path(put, path = "/api/views/{id}", tag = "views", params(("id" = String, Path), ("If-Match" = String, Header)), request_body = NewView, responses((status = 200, body = SavedView)))]
async fn change_view(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(new): Json<NewView>,
) -> Answer<axum::Json<SavedView>> {
    caller.require_anywhere(Right::ViewInventory)?;
    let before = own(&app, &caller, &id).await?;
    require_version(&headers, before.version)?;
    let row = row(&caller, new, id, before.version)?;
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    change.set_view(&row).await?;
    let details = json!({ "screen": row.screen, "name": row.name, "is_shared": row.is_shared });
    change.commit(Act::new("view.change", &row.id).of(&row.tenant_id).with(details)).await?;
    Ok(axum::Json(shown(ViewRow { version: row.version + 1, ..row }, &caller.person.id)))
}

/// Takes a view of one's own away.
#[utoipa::path(delete, path = "/api/views/{id}", tag = "views", params(("id" = String, Path)), responses((status = 204)))]
async fn remove_view(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Answer<StatusCode> {
    caller.require_anywhere(Right::ViewInventory)?;
    let row = own(&app, &caller, &id).await?;
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    change.remove_view(&id, &caller.person.id).await?;
    change.commit(Act::new("view.remove", &id).of(&row.tenant_id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
