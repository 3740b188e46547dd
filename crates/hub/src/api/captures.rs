//! Captures that people hand in. A capture may hold PHI: it is read once and then deleted; only observations stay.

use std::io;
use std::path::PathBuf;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use futures::StreamExt as _;
use model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Act, CaptureRow, new_id};
use tokio::io::AsyncWriteExt as _;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Query;
use crate::App;
use crate::auth::{Caller, Right};
use crate::error::{Answer, Problem, kinds};
use crate::events::Event;
use crate::intake::{Batch, read_capture};

/// Largest capture.
const MAX_BYTES: u64 = 16 << 30;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(captures, hand_in)).layer(DefaultBodyLimit::disable())
}

/// Which site.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Site; all that the caller sees where absent.
    site: Option<String>,
}

/// Where a capture comes from.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct HandedIn {
    /// Site at which it was taken.
    site: String,
    /// Name of the file.
    name: String,
}

/// A capture that was handed in.
#[derive(Serialize, ToSchema)]
struct Capture {
    /// Id.
    id: String,
    /// Site.
    site: String,
    /// Name of the file.
    name: String,
    /// When, RFC 3339.
    #[schema(value_type = String)]
    received: Timestamp,
    /// Size in octets.
    bytes: u64,
    /// `reading`, `done` or `failed`.
    state: String,
    /// What came of it.
    outcome: Option<crate::intake::Outcome>,
}

fn capture(row: CaptureRow) -> Capture {
    Capture {
        outcome: serde_json::from_str(&row.outcome).ok(),
        id: row.id,
        site: row.site_id,
        name: row.name,
        received: row.received,
        bytes: row.bytes,
        state: row.state,
    }
}

/// Captures that were handed in, the latest first.
#[utoipa::path(get, path = "/api/captures", tag = "captures", params(Wanted), responses((status = 200, body = Vec<Capture>)))]
async fn captures(State(app): State<App>, caller: Caller, Query(wanted): Query<Wanted>) -> Answer<axum::Json<Vec<Capture>>> {
    let sites = caller.sites_or(&app, Right::ViewInventory, wanted.site.as_deref())?;
    Ok(axum::Json(app.store.captures(&sites).await?.into_iter().map(capture).collect()))
}

/// Hands a capture in; its body is the file. It is read at once, and told as an event when that is done.
#[utoipa::path(post, path = "/api/captures", tag = "captures", params(HandedIn),
    request_body(content = String, content_type = "application/octet-stream"), responses((status = 202, body = Capture)))]
async fn hand_in(
    State(app): State<App>,
    caller: Caller,
    Query(handed): Query<HandedIn>,
    body: Body,
) -> Answer<(StatusCode, axum::Json<Capture>)> {
    caller.require(&app, Right::Feed, &handed.site)?;
    let id = new_id("capture");
    let folder = app.data.join("captures");
    tokio::fs::create_dir_all(&folder).await?;
    let path = folder.join(&id);
    let bytes = match receive(body, &path).await {
        Ok(bytes) => bytes,
        Err(problem) => {
            let _ = tokio::fs::remove_file(&path).await;
            return Err(problem);
        }
    };
    let name: String = handed.name.chars().filter(|sign| !sign.is_control()).take(200).collect();
    let row = CaptureRow {
        id,
        site_id: handed.site,
        name,
        received: app.now(),
        bytes,
        state: "reading".to_owned(),
        outcome: "null".to_owned(),
    };
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    change.add_capture(&row).await?;
    change
        .commit(Act::new("capture.hand-in", &row.id).at(&row.site_id).with(json!({ "name": row.name, "bytes": bytes })))
        .await?;
    tokio::spawn(read(app, row.clone()));
    Ok((StatusCode::ACCEPTED, axum::Json(capture(row))))
}

/// Writes a body to a file; returns its length.
async fn receive(body: Body, path: &PathBuf) -> Answer<u64> {
    let mut file = tokio::fs::File::create(path).await?;
    let (mut stream, mut bytes) = (body.into_data_stream(), 0);
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| Problem::new(&kinds::BAD_REQUEST, "the file ended early: send it again"))?;
        bytes += chunk.len() as u64;
        if bytes > MAX_BYTES {
            return Err(Problem::new(&kinds::TOO_LARGE, "a capture may have 16 GiB: split it (editcap -c)"));
        }
        file.write_all(&chunk).await?;
    }
    file.sync_all().await?;
    Ok(bytes)
}

async fn read(app: App, row: CaptureRow) {
    let (reader, sensor, site) = (app.clone(), row.id.clone(), row.site_id.clone());
    let path = app.data.join("captures").join(&row.id);
    let file = path.clone();
    let outcome = tokio::task::spawn_blocking(move || {
        read_capture(&file, &reader.knowledge, &mut |number, observations| {
            let batch = Batch { site: site.clone(), sensor: sensor.clone(), number, observations };
            reader.intake.take(batch, &|site| reader.networks(site)).map(|_| ())
        })
    });
    let outcome = outcome.await.unwrap_or_else(|_| Err(io::Error::other("the reader failed")));
    let (state, outcome) = match outcome {
        Ok(outcome) if outcome.frames == 0 => ("failed", outcome),
        Ok(outcome) => ("done", outcome),
        Err(error) => ("failed", crate::intake::Outcome { damage: vec![error.to_string()], ..Default::default() }),
    };
    if let Err(error) = note(&app, &row, state, &outcome).await {
        tracing::error!(%error, capture = row.id, "what came of a capture could not be written; it is read again at the next start");
        return;
    }
    let _ = tokio::fs::remove_file(&path).await;
    app.tell(Event::new("capture", &row.site_id).about(&row.id));
}

async fn note(app: &App, row: &CaptureRow, state: &str, outcome: &crate::intake::Outcome) -> store::Result<()> {
    let mut writer = app.store.writer().await?;
    writer.set_capture(&row.id, state, &serde_json::to_string(outcome)?).await?;
    writer.commit().await
}

/// Reads again what was being read when the hub ended; what is in the journal already is passed over.
pub(crate) async fn resume(app: App) {
    let sites: Vec<String> = app.sites().into_iter().map(|site| site.id).collect();
    match app.store.captures(&sites).await {
        Ok(rows) => {
            for row in rows.into_iter().filter(|row| row.state == "reading") {
                read(app.clone(), row).await;
            }
        }
        Err(error) => tracing::error!(%error, "captures that were being read could not be listed"),
    }
}
