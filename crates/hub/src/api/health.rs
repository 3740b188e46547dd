//! Whether the hub lives, and whether it can work.

use axum::extract::State;
use axum::http::{HeaderName, header};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::auth::{Caller, Right};
use crate::error::{Answer, Problem, ProblemBody, kinds};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(health)).routes(routes!(ready)).routes(routes!(metrics))
}

/// The hub lives.
#[derive(Serialize, ToSchema)]
struct Health {
    /// `ok`.
    status: &'static str,
    /// Version of the program.
    version: &'static str,
}

/// Whether the hub lives.
#[utoipa::path(get, path = "/api/health", tag = "hub", responses((status = 200, body = Health)))]
async fn health() -> axum::Json<Health> {
    axum::Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION") })
}

/// Whether the hub can work: its state answers, and its ledger is signed.
#[utoipa::path(get, path = "/api/ready", tag = "hub", responses((status = 200, body = Health), (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
async fn ready(State(app): State<App>) -> Answer<axum::Json<Health>> {
    app.store.sites().await.map_err(|_| Problem::new(&kinds::NOT_READY, "the state does not answer"))?;
    if let Some(problem) = &app.ledger().borrow().problem {
        // Nobody is signed in here, so what was found is told in the log and to whoever may read the ledger.
        tracing::debug!(problem, "not ready");
        return Err(Problem::new(
            &kinds::NOT_READY,
            "the ledger is not signed: the hub's log says why, and so does the ledger's page",
        ));
    }
    Ok(health().await)
}

/// Figures of the hub in the text form of OpenMetrics, for Prometheus: of every site, so for tokens of the tenant who runs the hub.
#[utoipa::path(get, path = "/metrics", tag = "hub", responses((status = 200, body = String, content_type = "application/openmetrics-text")))]
async fn metrics(State(app): State<App>, caller: Caller) -> Answer<([(HeaderName, &'static str); 1], String)> {
    caller.require_hub(&app, Right::ViewInventory).await?;
    let text = crate::metrics::told(&app).await?;
    Ok(([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text))
}
