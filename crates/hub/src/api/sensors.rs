//! Sensors: who listens where, how they are, and how a new one enrols.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use link::Token;
use model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Act, SensorRow, secret};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::link::Status;
use super::{Json, Query};
use crate::App;
use crate::auth::{Caller, Right, digest};
use crate::error::{Answer, Problem, kinds};
use crate::events::Event;

/// A token may be used for so long.
const TOKEN_NANOS: i64 = 24 * 3600 * 1_000_000_000;
/// A sensor that gave no sign of life for so long is taken as away.
const AWAY_NANOS: i64 = 60 * 1_000_000_000;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(sensors, add)).routes(routes!(let_enrol)).routes(routes!(revoke))
}

/// Which site.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Site; all that the caller sees where absent.
    site: Option<String>,
}

/// Where a sensor stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum SensorState {
    /// Its token was not used yet.
    Waiting,
    /// It gives signs of life.
    Listening,
    /// It enrolled and is silent now: what happens at its interfaces is not seen, or waits in its spool.
    Silent,
    /// It may not hand in any more.
    Revoked,
}

/// A sensor.
#[derive(Serialize, ToSchema)]
struct Sensor {
    /// Id.
    id: String,
    /// Site.
    site: String,
    /// Name.
    name: String,
    /// Where it stands.
    state: SensorState,
    /// Last sign of life, RFC 3339.
    #[schema(value_type = Option<String>)]
    last_seen: Option<Timestamp>,
    /// Version of its program.
    version: Option<String>,
    /// What waits in its spool, in octets.
    spooled_bytes: u64,
    /// Flows that its spool had to give up.
    dropped_flows: u64,
    /// Since when, RFC 3339.
    #[schema(value_type = Option<String>)]
    dropped_since: Option<Timestamp>,
    /// How far the hub's clock is ahead of its own, in seconds.
    clock_offset_s: Option<f64>,
    /// That is wrong by so much at most, in seconds.
    clock_error_s: Option<f64>,
    /// Its certificate holds until then, RFC 3339.
    #[schema(value_type = Option<String>)]
    certificate_until: Option<Timestamp>,
    /// What it cannot see, in words.
    cannot_see: Vec<String>,
    /// Interfaces at which it listens.
    interfaces: Vec<Listening>,
}

/// An interface at which a sensor listens.
#[derive(Serialize, ToSchema)]
struct Listening {
    /// Name.
    name: String,
    /// Frames read.
    frames: u64,
    /// Frames that were lost before they could be read.
    dropped: u64,
}

/// A sensor to come.
#[derive(Deserialize, ToSchema)]
struct NewSensor {
    /// Site at which it will listen.
    site: String,
    /// Name.
    name: String,
}

/// What a sensor enrols with; shown once.
#[derive(Serialize, ToSchema)]
struct Enrolment {
    /// Id of the sensor.
    sensor: String,
    /// To be given to `medwarden uplink --enrol`.
    token: String,
    /// It may be used until then, RFC 3339.
    #[schema(value_type = String)]
    until: Timestamp,
}

#[allow(clippy::cast_precision_loss, reason = "shown in milliseconds")]
fn seconds(nanos: i64) -> f64 {
    nanos as f64 / 1e9
}

fn shown(row: SensorRow, now: Timestamp) -> Sensor {
    let status: Status = serde_json::from_str(&row.status).unwrap_or_default();
    let is_silent = row.last_seen.is_none_or(|seen| now.since(seen) > AWAY_NANOS);
    let state = match row.state.as_str() {
        "enrolled" if is_silent => SensorState::Silent,
        "enrolled" => SensorState::Listening,
        "revoked" => SensorState::Revoked,
        _ => SensorState::Waiting,
    };
    let health = status.health.unwrap_or_default();
    let interface = |one: &model::health::InterfaceHealth| Listening {
        name: one.name.clone(),
        frames: one.frames,
        dropped: one.ring_drops.saturating_add(one.kernel_drops),
    };
    Sensor {
        id: row.id,
        site: row.site_id,
        name: row.name,
        state,
        last_seen: row.last_seen,
        version: Some(status.version).filter(|version| !version.is_empty()),
        spooled_bytes: status.spooled_bytes,
        dropped_flows: status.dropped_flows,
        dropped_since: status.dropped_since,
        clock_offset_s: status.offset_nanos.map(seconds),
        clock_error_s: status.error_nanos.map(|nanos| seconds(i64::try_from(nanos).unwrap_or(i64::MAX))),
        certificate_until: row.not_after,
        cannot_see: health.cannot_see.iter().map(|unseen| format!("{}. {}", unseen.what, unseen.consequence)).collect(),
        interfaces: health.interfaces.iter().map(interface).collect(),
    }
}

/// Sensors, by name.
#[utoipa::path(get, path = "/api/sensors", tag = "sensors", params(Wanted), responses((status = 200, body = Vec<Sensor>)))]
async fn sensors(State(app): State<App>, caller: Caller, Query(wanted): Query<Wanted>) -> Answer<axum::Json<Vec<Sensor>>> {
    let sites = caller.sites_or(&app, Right::ViewInventory, wanted.site.as_deref())?;
    let now = app.now();
    Ok(axum::Json(app.store.sensors(&sites).await?.into_iter().map(|row| shown(row, now)).collect()))
}

fn enrolment(app: &App, sensor: String, until: Timestamp, secret: String) -> Enrolment {
    let token = Token { sensor: sensor.clone(), secret, authority: app.authority.fingerprint() };
    Enrolment { sensor, token: token.to_string(), until }
}

/// Names a sensor to come, and gives the token with which it enrols, once.
#[utoipa::path(post, path = "/api/sensors", tag = "sensors", request_body = NewSensor, responses((status = 201, body = Enrolment)))]
async fn add(State(app): State<App>, caller: Caller, Json(new): Json<NewSensor>) -> Answer<(StatusCode, axum::Json<Enrolment>)> {
    caller.require(&app, Right::Feed, &new.site)?;
    let name = new.name.trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(Problem::new(&kinds::UNPROCESSABLE, "name: 1 to 100 characters"));
    }
    let (secret, until) = (secret(), app.now().plus_nanos(TOKEN_NANOS));
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    let sensor = change.add_sensor(&new.site, name, &digest(&secret), until).await?;
    change.commit(Act::new("sensor.add", &sensor).at(&new.site).with(json!({ "name": name }))).await?;
    app.tell(Event::new("sensor", &new.site).about(&sensor));
    Ok((StatusCode::CREATED, axum::Json(enrolment(&app, sensor, until, secret))))
}

/// The sensor with an id at a site where the caller may feed.
async fn fed(app: &App, caller: &Caller, id: &str) -> Answer<SensorRow> {
    let sites = caller.sites_or(app, Right::ViewInventory, None)?;
    let row = app.store.sensors(&sites).await?.into_iter().find(|row| row.id == id);
    let row = row.ok_or_else(|| Problem::new(&kinds::ABSENT, "no such sensor"))?;
    caller.require(app, Right::Feed, &row.site_id)?;
    Ok(row)
}

/// Gives a sensor a new token, for one that lost its spool or was set up anew.
#[utoipa::path(post, path = "/api/sensors/{id}/token", tag = "sensors", params(("id" = String, Path)), responses((status = 201, body = Enrolment)))]
async fn let_enrol(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<(StatusCode, axum::Json<Enrolment>)> {
    let row = fed(&app, &caller, &id).await?;
    let (secret, until) = (secret(), app.now().plus_nanos(TOKEN_NANOS));
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    change.let_enrol(&id, &digest(&secret), until).await?;
    change.commit(Act::new("sensor.token", &id).at(&row.site_id)).await?;
    Ok((StatusCode::CREATED, axum::Json(enrolment(&app, id, until, secret))))
}

/// Takes a sensor's certificates from it: what it handed in stays.
#[utoipa::path(delete, path = "/api/sensors/{id}", tag = "sensors", params(("id" = String, Path)), responses((status = 204)))]
async fn revoke(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Answer<StatusCode> {
    let row = fed(&app, &caller, &id).await?;
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    change.revoke_sensor(&id).await?;
    change.commit(Act::new("sensor.revoke", &id).at(&row.site_id)).await?;
    app.tell(Event::new("sensor", &row.site_id).about(&id));
    Ok(StatusCode::NO_CONTENT)
}
