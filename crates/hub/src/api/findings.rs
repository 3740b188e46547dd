//! Findings, and what people do about them.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use model::Timestamp;
use model::report::{Finding, Severity};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Act, FindingFilter, FindingRow};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Json, Query, if_match, limit, listed, offset, tagged};
use crate::App;
use crate::auth::{Caller, Right};
use crate::error::{Answer, Problem, kinds};
use crate::events::Event;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(findings)).routes(routes!(finding, work))
}

/// Which findings are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Site; all that the caller sees where absent.
    site: Option<String>,
    /// States, separated by commas: open, working, accepted, closed.
    state: Option<String>,
    /// At least so grave: info, low, medium, high, critical.
    severity: Option<String>,
    /// Of this detector.
    detector: Option<String>,
    /// Rows at most, 1 to 500.
    limit: Option<u32>,
    /// Where the page before ended.
    cursor: Option<String>,
}

/// A page of findings.
#[derive(Serialize, ToSchema)]
pub(crate) struct FindingPage {
    /// Findings.
    items: Vec<WorkedFinding>,
    /// Where the next page begins; absent on the last.
    next: Option<String>,
}

/// A finding with what people did about it.
#[derive(Serialize, ToSchema)]
pub(crate) struct WorkedFinding {
    /// Site.
    site: String,
    /// What the judge says.
    #[schema(value_type = crate::api::shapes::Finding)]
    finding: Finding,
    /// The evidence still stands.
    holds: bool,
    /// Where work on it stands.
    state: FindingState,
    /// Who works on it.
    assignee: Option<String>,
    /// Why it is in its state.
    note: Option<String>,
    /// Accepted until, RFC 3339.
    #[schema(value_type = Option<String>)]
    accepted_until: Option<Timestamp>,
    /// For If-Match.
    etag: String,
}

/// Where work on a finding stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum FindingState {
    /// Nobody works on it.
    Open,
    /// Somebody does.
    Working,
    /// Its risk is accepted until a date.
    Accepted,
    /// Done.
    Closed,
}

impl FindingState {
    const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Working => "working",
            Self::Accepted => "accepted",
            Self::Closed => "closed",
        }
    }

    fn by_name(name: &str) -> Self {
        [Self::Working, Self::Accepted, Self::Closed].into_iter().find(|state| state.name() == name).unwrap_or(Self::Open)
    }
}

/// What somebody does about a finding.
#[derive(Deserialize, ToSchema)]
struct Work {
    /// Where work on it stands from now on.
    state: FindingState,
    /// Who works on it.
    assignee: Option<String>,
    /// Why; needed to accept or to close.
    note: Option<String>,
    /// Until when its risk is accepted, RFC 3339; needed to accept.
    #[schema(value_type = Option<String>)]
    accepted_until: Option<Timestamp>,
}

fn worked(row: FindingRow) -> WorkedFinding {
    WorkedFinding {
        etag: tag(&row),
        site: row.site_id,
        finding: row.finding,
        holds: row.holds,
        state: FindingState::by_name(&row.state),
        assignee: row.assignee,
        note: row.note,
        accepted_until: row.accepted_until,
    }
}

fn tag(row: &FindingRow) -> String {
    format!("\"{}\"", row.version)
}

pub(crate) async fn findings_page(app: &App, filter: FindingFilter) -> Answer<axum::Json<FindingPage>> {
    let page = app.store.findings(&filter).await?;
    let next = page.has_more.then(|| filter.offset.saturating_add(filter.limit).to_string());
    Ok(axum::Json(FindingPage { items: page.items.into_iter().map(worked).collect(), next }))
}

/// Findings, gravest first.
#[utoipa::path(get, path = "/api/findings", tag = "findings", params(Wanted), responses((status = 200, body = FindingPage)))]
async fn findings(State(app): State<App>, caller: Caller, Query(wanted): Query<Wanted>) -> Answer<axum::Json<FindingPage>> {
    let floor = match wanted.severity.as_deref() {
        None => None,
        Some(name) => Some(
            Severity::ALL
                .into_iter()
                .find(|severity| severity.name() == name)
                .ok_or_else(|| Problem::new(&kinds::BAD_REQUEST, "severity: info, low, medium, high or critical"))?,
        ),
    };
    let filter = FindingFilter {
        sites: caller.sites_or(&app, Right::ViewFindings, wanted.site.as_deref())?,
        states: listed(wanted.state.as_deref()),
        floor,
        detector: wanted.detector,
        device: None,
        offset: offset(wanted.cursor.as_deref())?,
        limit: limit(wanted.limit),
    };
    findings_page(&app, filter).await
}

/// A finding.
#[utoipa::path(get, path = "/api/findings/{id}", tag = "findings", params(("id" = String, Path)), responses((status = 200, body = WorkedFinding)))]
async fn finding(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<(HeaderMap, axum::Json<WorkedFinding>)> {
    let row = app.store.finding(&id, &caller.sites_or(&app, Right::ViewFindings, None)?).await?;
    Ok((tagged(&tag(&row)), axum::Json(worked(row))))
}

/// Works on a finding. Needs If-Match with the ETag that was read.
#[utoipa::path(patch, path = "/api/findings/{id}", tag = "findings", params(("id" = String, Path), ("If-Match" = String, Header)), request_body = Work, responses((status = 200, body = WorkedFinding)))]
async fn work(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(work): Json<Work>,
) -> Answer<(HeaderMap, axum::Json<WorkedFinding>)> {
    let sites = caller.sites_or(&app, Right::ViewFindings, None)?;
    let mut row = app.store.finding(&id, &sites).await?;
    let right = if work.state == FindingState::Accepted { Right::AcceptRisk } else { Right::WorkFindings };
    caller.require(&app, right, &row.site_id)?;
    if_match(&headers, &tag(&row))?;
    check(&work, app.now())?;
    let before = row.state.clone();
    row.state = work.state.name().to_owned();
    (row.assignee, row.note, row.accepted_until) = (work.assignee, work.note, work.accepted_until);
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    change.set_finding(&row).await?;
    let details = json!({ "from": before, "to": row.state, "note": row.note, "accepted_until": row.accepted_until });
    change.commit(Act::new("finding.work", &id).at(&row.site_id).with(details)).await?;
    app.tell(Event::new("finding", &row.site_id).about(&id));
    let row = app.store.finding(&id, &sites).await?;
    Ok((tagged(&tag(&row)), axum::Json(worked(row))))
}

fn check(work: &Work, now: Timestamp) -> Answer<()> {
    let has_note = work.note.as_deref().is_some_and(|note| !note.trim().is_empty());
    let wrong = |detail: &str| Err(Problem::new(&kinds::UNPROCESSABLE, detail));
    if work.note.as_deref().is_some_and(|note| note.len() > 4000) || work.assignee.as_deref().is_some_and(|name| name.len() > 200)
    {
        return wrong("note: at most 4000 octets; assignee: at most 200");
    }
    match work.state {
        FindingState::Accepted if !has_note => wrong("note: say why the risk is accepted"),
        FindingState::Accepted if work.accepted_until.is_none_or(|until| until <= now) => wrong("accepted_until: a time to come"),
        FindingState::Closed if !has_note => wrong("note: say why it is closed"),
        _ => Ok(()),
    }
}
