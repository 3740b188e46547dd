//! Searching long history.

use std::sync::Arc;

use axum::extract::State;
use model::Endpoint;
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
use crate::history::{Buckets, History, NoAnswer, Reach, Search, Table, addresses};

/// Longest statement, in octets; each one stands in the ledger.
const MAX_STATEMENT: usize = 4_096;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(search)).routes(routes!(histogram)).routes(routes!(sql))
}

/// Flows over time.
#[derive(Deserialize, ToSchema)]
struct Histogram {
    /// Which flows; `since` and `until` have to be said.
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
    match error {
        NoAnswer::Asked(why) => Problem::new(&kinds::UNPROCESSABLE, why),
        NoAnswer::Busy(why) => Problem::new(&kinds::TOO_MANY, why).retry_after(2),
        NoAnswer::Failed(why) => {
            tracing::error!(why, "history could not answer");
            Problem::new(&kinds::NOT_READY, why)
        }
    }
}

/// A site with its tenant, where the caller may search.
fn reach(app: &App, caller: &Caller, site: &str) -> Answer<Reach> {
    caller.require(app, Right::SearchHistory, site)?;
    let site = app.sites().into_iter().find(|one| one.id == site);
    let site = site.ok_or_else(|| Problem::new(&kinds::ABSENT, "no such site"))?;
    Ok(Reach { tenant: site.tenant_id, site: site.id })
}

/// What the device that is searched for is known by now. One that is gone has its flows by its id.
fn known(app: &App, search: &Search) -> Answer<Vec<Endpoint>> {
    let Some(id) = &search.device else { return Ok(Vec::new()) };
    let answers = app.answers(&search.site)?;
    Ok(answers.devices.iter().find(|device| device.id.as_str() == id).map(addresses).unwrap_or_default())
}

/// Looks for flows, the newest first.
#[utoipa::path(post, path = "/api/history/search", tag = "history", request_body = Search, responses((status = 200, body = Table)))]
async fn search(State(app): State<App>, caller: Caller, Json(search): Json<Search>) -> Answer<axum::Json<Table>> {
    let reach = reach(&app, &caller, &search.site)?;
    let engine = engine(&app)?;
    let found = engine.search(&reach, &search, &known(&app, &search)?).await;
    Ok(axum::Json(found.map_err(no_answer)?))
}

/// Counts flows over time.
#[utoipa::path(post, path = "/api/history/histogram", tag = "history", request_body = Histogram, responses((status = 200, body = Buckets)))]
async fn histogram(State(app): State<App>, caller: Caller, Json(wanted): Json<Histogram>) -> Answer<axum::Json<Buckets>> {
    let reach = reach(&app, &caller, &wanted.search.site)?;
    let engine = engine(&app)?;
    let buckets = wanted.buckets.clamp(1, 500);
    let counted = engine.histogram(&reach, &wanted.search, &known(&app, &wanted.search)?, buckets).await;
    Ok(axum::Json(counted.map_err(no_answer)?))
}

/// Runs a statement that reads; noted in the ledger.
#[utoipa::path(post, path = "/api/history/sql", tag = "history", request_body = Statement, responses((status = 200, body = Table)))]
async fn sql(State(app): State<App>, caller: Caller, Json(wanted): Json<Statement>) -> Answer<axum::Json<Table>> {
    let sites = caller.sites_or(&app, Right::SearchHistory, None)?;
    let sites = if wanted.sites.is_empty() { sites } else { wanted.sites };
    let reach = sites.iter().map(|site| reach(&app, &caller, site)).collect::<Answer<Vec<Reach>>>()?;
    let engine = engine(&app)?;
    if wanted.statement.len() > MAX_STATEMENT {
        return Err(Problem::new(&kinds::UNPROCESSABLE, format!("a statement has at most {MAX_STATEMENT} octets")));
    }
    let change = app.store.begin(&caller.actor(), app.now()).await?;
    change.commit(Act::new("history.sql", "history").with(json!({ "sites": sites, "statement": wanted.statement }))).await?;
    Ok(axum::Json(engine.sql(&reach, &wanted.statement).await.map_err(no_answer)?))
}
