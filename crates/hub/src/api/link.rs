//! What sensors ask for; see `link::messages`. They are known by the certificate of their connection, and so over HTTPS only.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequestParts, State};
use axum::http::request::Parts;
use link::clock::Offset;
use link::messages::{BatchInfo, Durable, Enrol, Hello, Issued, Renew, Welcome};
use link::spool::{read_batch, shift};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Act, Actor, ActorKind, SensorRow};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Json, Query};
use crate::App;
use crate::auth::digest;
use crate::error::{Answer, Problem, kinds};
use crate::events::Event;
use crate::intake::Batch;
use crate::serve::PeerCertificate;

/// Largest batch, compressed.
const MAX_BATCH: usize = 64 << 20;
/// So far may a batch be sent in the future, and so long may it be on the way.
const MAX_AHEAD_NANOS: i64 = 5_000_000_000;
const MAX_BEHIND_NANOS: i64 = 120_000_000_000;
/// Offsets below this are left alone: the measurement is no better.
const SMALL_NANOS: u64 = 50_000_000;

pub(super) fn routes() -> OpenApiRouter<App> {
    let batches = OpenApiRouter::new().routes(routes!(batches)).layer(DefaultBodyLimit::max(MAX_BATCH));
    OpenApiRouter::new().routes(routes!(enrol)).routes(routes!(renew)).routes(routes!(hello)).merge(batches)
}

/// A sensor that shows a certificate of this hub.
pub(crate) struct Peer(SensorRow);

impl FromRequestParts<App> for Peer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Answer<Self> {
        let shown = parts
            .extensions
            .get::<Option<PeerCertificate>>()
            .and_then(Option::as_ref)
            .ok_or_else(|| Problem::of(&kinds::NOT_ENROLLED))?;
        let sensor = app.store.sensor_by_certificate(&shown.0, app.now()).await?;
        Ok(Self(sensor.ok_or_else(|| Problem::of(&kinds::NOT_ENROLLED))?))
    }
}

/// What a sensor last said of itself, as it is kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Status {
    /// Version of its program.
    pub(crate) version: String,
    /// What waits in its spool, in octets.
    pub(crate) spooled_bytes: u64,
    /// Flows that its spool had to give up.
    pub(crate) dropped_flows: u64,
    /// Since when.
    pub(crate) dropped_since: Option<Timestamp>,
    /// How far the hub's clock is ahead of its own, nanoseconds.
    pub(crate) offset_nanos: Option<i64>,
    /// The offset is wrong by so much at most.
    pub(crate) error_nanos: Option<u64>,
    /// How it is.
    pub(crate) health: Option<model::health::Health>,
}

/// What is told beside a batch.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "for the document; read as link::messages::BatchInfo")]
struct BatchQuery {
    /// The spool's epoch.
    epoch: String,
    /// `facts` or `flows`.
    lane: String,
    /// Number in its lane.
    number: u64,
    /// To be added to the batch's times, in nanoseconds.
    offset_nanos: i64,
    /// The offset is wrong by so much at most.
    error_nanos: u64,
    /// The batch was made since the sensor's machine started.
    same_boot: bool,
    /// When it is sent, in the hub's time as the sensor knows it, RFC 3339.
    sent: String,
}

/// JSON of `link::messages`.
#[derive(ToSchema)]
#[allow(dead_code, reason = "for the document")]
struct LinkMessage {}

fn sensor_actor(sensor: &SensorRow) -> Actor {
    Actor { kind: ActorKind::Sensor, id: sensor.id.clone(), name: sensor.name.clone(), break_glass: None }
}

/// Gives a sensor its first certificate for the secret of a token, once.
#[utoipa::path(post, path = "/api/link/enrol", tag = "link", request_body = LinkMessage, responses((status = 200, body = LinkMessage)))]
async fn enrol(State(app): State<App>, Json(asked): Json<Enrol>) -> Answer<axum::Json<Issued>> {
    let now = app.now();
    let (issued, fingerprint) = app.authority.issue(&asked.csr, &asked.sensor, now).map_err(unusable)?;
    let actor = Actor { kind: ActorKind::Sensor, id: asked.sensor.clone(), name: String::new(), break_glass: None };
    let mut change = app.store.begin(&actor, now).await?;
    let site = change.enrol(&asked.sensor, &digest(&asked.secret)).await.map_err(|_| Problem::of(&kinds::NOT_ENROLLED))?;
    change.add_certificate(&asked.sensor, &fingerprint, issued.not_after).await?;
    change.commit(Act::new("sensor.enrol", &asked.sensor).at(&site).with(json!({ "certificate": fingerprint }))).await?;
    app.tell(Event::new("sensor", &site).about(&asked.sensor));
    Ok(axum::Json(issued))
}

/// Gives a sensor its next certificate.
#[utoipa::path(post, path = "/api/link/renew", tag = "link", request_body = LinkMessage, responses((status = 200, body = LinkMessage)))]
async fn renew(State(app): State<App>, Peer(sensor): Peer, Json(asked): Json<Renew>) -> Answer<axum::Json<Issued>> {
    let (issued, fingerprint) = app.authority.issue(&asked.csr, &sensor.id, app.now()).map_err(unusable)?;
    let mut change = app.store.begin(&sensor_actor(&sensor), app.now()).await?;
    change.add_certificate(&sensor.id, &fingerprint, issued.not_after).await?;
    change.commit(Act::new("sensor.renew", &sensor.id).at(&sensor.site_id).with(json!({ "certificate": fingerprint }))).await?;
    Ok(axum::Json(issued))
}

fn unusable(error: link::Error) -> Problem {
    Problem::new(&kinds::UNPROCESSABLE, format!("csr: {error}"))
}

/// A sensor gives a sign of life.
#[utoipa::path(post, path = "/api/link/hello", tag = "link", request_body = LinkMessage, responses((status = 200, body = LinkMessage)))]
async fn hello(State(app): State<App>, Peer(sensor): Peer, Json(said): Json<Hello>) -> Answer<axum::Json<Welcome>> {
    let received = app.now();
    let status = Status {
        version: said.version.chars().take(40).collect(),
        spooled_bytes: said.spooled_bytes,
        dropped_flows: said.dropped.flows,
        dropped_since: said.dropped.since,
        offset_nanos: said.offset.map(|offset: Offset| offset.nanos),
        error_nanos: said.offset.map(|offset| offset.error_nanos),
        health: said.health,
    };
    let mut writer = app.store.writer().await?;
    writer.saw_sensor(&sensor.id, received, &serde_json::to_string(&status).unwrap_or_default()).await?;
    writer.commit().await?;
    app.tell(Event::new("sensor", &sensor.site_id).about(&sensor.id));
    Ok(axum::Json(Welcome { received, answered: app.now() }))
}

/// A sensor hands in a batch of observations: JSON lines, zstd. It is on the hub's disk when the answer is sent.
#[utoipa::path(post, path = "/api/link/batches", tag = "link", params(BatchQuery),
    request_body(content = String, content_type = "application/octet-stream"), responses((status = 200, body = LinkMessage)))]
async fn batches(
    State(app): State<App>,
    Peer(sensor): Peer,
    Query(info): Query<BatchInfo>,
    body: Bytes,
) -> Answer<axum::Json<Durable>> {
    let is_word = |text: &str| (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !is_word(&info.epoch) || !matches!(info.lane.as_str(), "facts" | "flows") || info.number == 0 {
        return Err(Problem::new(&kinds::BAD_REQUEST, "epoch, lane and number do not name a batch"));
    }
    check_clock(&info, app.now())?;
    let keys = (sensor.site_id, format!("{}/{}/{}", sensor.id, info.epoch, info.lane));
    let taken = tokio::task::spawn_blocking(move || -> Answer<u64> {
        let mut observations = read_batch(&body)
            .map_err(|error| Problem::new(&kinds::UNPROCESSABLE, format!("the batch cannot be read: {error}")))?;
        if info.offset_nanos.unsigned_abs() >= SMALL_NANOS {
            observations.iter_mut().for_each(|observation| shift(observation, info.offset_nanos));
        }
        let (site, sensor) = keys;
        Ok(app.intake.take(Batch { site, sensor, number: info.number, observations }, &|site| app.networks(site))?)
    });
    let number = taken.await.map_err(|_| Problem::of(&kinds::INTERNAL))??;
    Ok(axum::Json(Durable { number }))
}

/// A sensor's time counts only with the offset that it measured: with that, its clock has to say what the hub's says.
fn check_clock(info: &BatchInfo, now: Timestamp) -> Answer<()> {
    let error = i64::try_from(info.error_nanos).unwrap_or(i64::MAX);
    let ahead = info.sent.since(now);
    if ahead > MAX_AHEAD_NANOS.saturating_add(error) || ahead < -MAX_BEHIND_NANOS.saturating_add(error) {
        let detail = format!("the sensor's clock is {} s from the hub's in spite of its measured offset", ahead / 1_000_000_000);
        return Err(Problem::new(&kinds::CLOCK, detail));
    }
    Ok(())
}
