//! Merging and splitting devices by hand. What is said is kept and can be taken back; observation goes on below it.

use std::collections::BTreeSet;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Act, StatementRow};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Json, Query, named};
use crate::App;
use crate::auth::{Caller, Right};
use crate::error::{Answer, Problem, kinds};
use crate::keeping::{Statement, StatementKind, interfaces};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(merge)).routes(routes!(split)).routes(routes!(statements)).routes(routes!(undo_statement))
}

/// Devices that are one.
#[derive(Deserialize, ToSchema)]
struct Merge {
    /// Devices of one site, 2 to 16.
    devices: Vec<String>,
    /// Why.
    why: String,
}

/// Interfaces that are a device of their own.
#[derive(Deserialize, ToSchema)]
struct Split {
    /// Device that they are taken for a part of.
    device: String,
    /// Some of its interfaces, not all: MAC addresses, or IP addresses where it was only seen behind a router.
    interfaces: Vec<String>,
    /// Why.
    why: String,
}

/// What somebody said of which interfaces are one device.
#[derive(Serialize, ToSchema)]
struct IdentityStatement {
    /// Id.
    id: String,
    /// Site.
    site: String,
    /// What was said.
    kind: StatementKind,
    /// Interfaces.
    interfaces: Vec<String>,
    /// Devices as they were called then.
    devices: Vec<String>,
    /// Who.
    by: String,
    /// Why.
    why: String,
    /// When, RFC 3339.
    #[schema(value_type = String)]
    made: Timestamp,
    /// When it was taken back, RFC 3339.
    #[schema(value_type = Option<String>)]
    undone: Option<Timestamp>,
}

fn shown(row: StatementRow) -> store::Result<IdentityStatement> {
    let Statement { kind, interfaces, devices, by, why } = serde_json::from_str(&row.doc)?;
    Ok(IdentityStatement {
        id: row.id,
        site: row.site_id,
        kind,
        interfaces,
        devices,
        by,
        why,
        made: row.made,
        undone: row.undone,
    })
}

/// Says that devices are one. It holds within seconds, and until it is taken back.
#[utoipa::path(post, path = "/api/devices/merge", tag = "identity", request_body = Merge, responses((status = 201, body = IdentityStatement)))]
async fn merge(
    State(app): State<App>,
    caller: Caller,
    Json(wanted): Json<Merge>,
) -> Answer<(StatusCode, axum::Json<IdentityStatement>)> {
    let sites = caller.sites_or(&app, Right::MergeDevices, None)?;
    let why = named("why", &wanted.why)?;
    let devices: BTreeSet<&String> = wanted.devices.iter().collect();
    if !(2..=16).contains(&devices.len()) {
        return Err(Problem::new(&kinds::UNPROCESSABLE, "devices: 2 to 16"));
    }
    let (mut at, mut all) = (BTreeSet::new(), BTreeSet::new());
    for id in devices {
        let row = app.store.device(id, &sites).await?;
        all.extend(interfaces(&row.device));
        at.insert(row.site_id);
    }
    let (Some(site), 1) = (at.first().cloned(), at.len()) else {
        return Err(Problem::new(&kinds::UNPROCESSABLE, "devices: of one site"));
    };
    let interfaces = all.into_iter().collect();
    say(
        &app,
        &caller,
        &site,
        Statement { kind: StatementKind::Merge, interfaces, devices: wanted.devices, by: String::new(), why },
    )
    .await
}

/// Says that some interfaces of a device are a device of their own. It holds within seconds, and until it is taken back.
#[utoipa::path(post, path = "/api/devices/split", tag = "identity", request_body = Split, responses((status = 201, body = IdentityStatement)))]
async fn split(
    State(app): State<App>,
    caller: Caller,
    Json(wanted): Json<Split>,
) -> Answer<(StatusCode, axum::Json<IdentityStatement>)> {
    let sites = caller.sites_or(&app, Right::MergeDevices, None)?;
    let why = named("why", &wanted.why)?;
    let row = app.store.device(&wanted.device, &sites).await?;
    let (own, apart): (BTreeSet<String>, BTreeSet<String>) =
        (interfaces(&row.device).into_iter().collect(), wanted.interfaces.iter().map(|one| one.trim().to_lowercase()).collect());
    if apart.is_empty() || apart == own || !apart.is_subset(&own) {
        let own = own.into_iter().collect::<Vec<_>>().join(", ");
        return Err(Problem::new(&kinds::UNPROCESSABLE, format!("interfaces: some of these, and not all: {own}")));
    }
    let interfaces = apart.into_iter().collect();
    let said = Statement { kind: StatementKind::Split, interfaces, devices: vec![wanted.device], by: String::new(), why };
    say(&app, &caller, &row.site_id, said).await
}

async fn say(app: &App, caller: &Caller, site: &str, mut said: Statement) -> Answer<(StatusCode, axum::Json<IdentityStatement>)> {
    said.by.clone_from(&caller.person.name);
    let doc = serde_json::to_string(&said).map_err(store::Error::from)?;
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    let (made, id) = (change.now(), change.add_statement(site, &doc).await?);
    let action = if said.kind == StatementKind::Merge { "device.merge" } else { "device.split" };
    change.commit(Act::new(action, &id).at(site).with(json!(said))).await?;
    app.intake.touch(site);
    let row = StatementRow { id, site_id: site.to_owned(), doc, made, undone: None };
    Ok((StatusCode::CREATED, axum::Json(shown(row)?)))
}

/// Which site.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Site; all that the caller sees where absent.
    site: Option<String>,
}

/// What people said of which interfaces are one device, what was taken back too.
#[utoipa::path(get, path = "/api/identity", tag = "identity", params(Wanted), responses((status = 200, body = Vec<IdentityStatement>)))]
async fn statements(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Answer<axum::Json<Vec<IdentityStatement>>> {
    let mut all = Vec::new();
    for site in caller.sites_or(&app, Right::ViewInventory, wanted.site.as_deref())? {
        all.extend(app.store.statements(&site).await?.into_iter().map(shown).collect::<store::Result<Vec<_>>>()?);
    }
    Ok(axum::Json(all))
}

/// Takes back what somebody said.
#[utoipa::path(delete, path = "/api/identity/{id}", tag = "identity", params(("id" = String, Path)), responses((status = 204)))]
async fn undo_statement(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Answer<StatusCode> {
    for site in caller.sites_or(&app, Right::MergeDevices, None)? {
        if app.store.statements(&site).await?.iter().any(|row| row.id == id) {
            let mut change = app.store.begin(&caller.actor(), app.now()).await?;
            change.undo_statement(&id, &site).await?;
            change.commit(Act::new("device.identity.undo", &id).at(&site)).await?;
            app.intake.touch(&site);
            return Ok(StatusCode::NO_CONTENT);
        }
    }
    Err(Problem::new(&kinds::ABSENT, "no such statement"))
}
