//! Searching long history.

use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use serde_json::json;
use store::Act;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Json;
use crate::App;
use crate::auth::{Caller, Right};
use crate::error::{Answer, Problem, kinds};
use crate::history::{Bucket, History, NoAnswer, Search, Table};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(search)).routes(routes!(histogram)).routes(routes!(sql))
}

/// Flows over time.
#[derive(Deserialize, ToSchema)]
struct Histogram {
    /// Which flows.
    #[serde(flatten)]
    search: Search,
    /// Spans of time, 1 to 500.
    buckets: u32,
}

/// A statement that reads.
#[derive(Deserialize, ToSchema)]
struct Statement {
    /// Sites; all that the caller may search where empty.
    #[serde(default)]
    sites: Vec<String>,
    /// SELECT over the tables flow and event.
    statement: String,
}

fn engine(app: &App) -> Answer<Arc<dyn History>> {
    app.history.clone().ok_or_else(|| Problem::new(&kinds::NOT_READY, "this hub keeps no long history"))
}

fn no_answer(error: NoAnswer) -> Problem {
    Problem::new(&kinds::UNPROCESSABLE, error.0)
}

/// Looks for flows.
#[utoipa::path(post, path = "/api/history/search", tag = "history", request_body = Search, responses((status = 200, body = Table)))]
async fn search(State(app): State<App>, caller: Caller, Json(search): Json<Search>) -> Answer<axum::Json<Table>> {
    caller.require(&app, Right::SearchHistory, &search.site)?;
    Ok(axum::Json(engine(&app)?.search(&search).await.map_err(no_answer)?))
}

/// Counts flows over time.
#[utoipa::path(post, path = "/api/history/histogram", tag = "history", request_body = Histogram, responses((status = 200, body = Vec<Bucket>)))]
async fn histogram(State(app): State<App>, caller: Caller, Json(wanted): Json<Histogram>) -> Answer<axum::Json<Vec<Bucket>>> {
    caller.require(&app, Right::SearchHistory, &wanted.search.site)?;
    let buckets = wanted.buckets.clamp(1, 500);
    Ok(axum::Json(engine(&app)?.histogram(&wanted.search, buckets).await.map_err(no_answer)?))
}

/// Runs a statement that reads; noted in the ledger.
#[utoipa::path(post, path = "/api/history/sql", tag = "history", request_body = Statement, responses((status = 200, body = Table)))]
async fn sql(State(app): State<App>, caller: Caller, Json(wanted): Json<Statement>) -> Answer<axum::Json<Table>> {
    let sites = caller.sites_or(&app, Right::SearchHistory, None)?;
    let sites = if wanted.sites.is_empty() { sites } else { wanted.sites };
    for site in &sites {
        caller.require(&app, Right::SearchHistory, site)?;
    }
    let engine = engine(&app)?;
    let change = app.store.begin(&caller.actor(), app.now()).await?;
    change.commit(Act::new("history.sql", "history").with(json!({ "sites": sites, "statement": wanted.statement }))).await?;
    Ok(axum::Json(engine.sql(&sites, &wanted.statement).await.map_err(no_answer)?))
}
