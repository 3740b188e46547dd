//! Break-glass: rights at once for a reason, told to everybody concerned, ended by time, reviewed by somebody else.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Act, Change, GlassReview, GlassRow, PersonRow};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Json, words};
use crate::App;
use crate::auth::{Caller, MINUTE_NANOS, Right};
use crate::error::{Answer, Problem, kinds};
use crate::events::Event;
use crate::settings::GlassSettings;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(break_glasses, break_glass))
        .routes(routes!(end_break_glass))
        .routes(routes!(review_break_glass))
}

/// A break-glass.
#[derive(Serialize, ToSchema)]
struct BreakGlass {
    /// Id.
    id: String,
    /// Site at which the rights hold.
    site: String,
    /// Who.
    who: String,
    /// It is the caller's own, and so reviewed by somebody else.
    is_own: bool,
    /// Rights.
    rights: Vec<String>,
    /// Why.
    reason: String,
    /// Begun, RFC 3339.
    #[schema(value_type = String)]
    begun: Timestamp,
    /// Ends, or ended, RFC 3339.
    #[schema(value_type = String)]
    ends: Timestamp,
    /// It holds now.
    is_running: bool,
    /// A review is owed until then, RFC 3339.
    #[schema(value_type = String)]
    review_due: Timestamp,
    /// The review is owed and late.
    is_overdue: bool,
    /// Review.
    review: Option<Reviewed>,
}

/// What somebody else said of a break-glass.
#[derive(Serialize, ToSchema)]
struct Reviewed {
    /// Who.
    by: String,
    /// When, RFC 3339.
    #[schema(value_type = String)]
    at: Timestamp,
    /// It was used as it should be.
    is_proper: bool,
    /// What was found.
    note: String,
}

/// Rights that are needed at once.
#[derive(Deserialize, ToSchema)]
struct NewBreakGlass {
    /// Site.
    site: String,
    /// Rights; not people, settings, the ledger, nor accepting a risk.
    rights: Vec<Right>,
    /// Why, at least 10 characters.
    reason: String,
    /// For how long; the site's settings say how long at most.
    #[schema(minimum = 1)]
    minutes: Option<u32>,
}

/// A review.
#[derive(Deserialize, ToSchema)]
struct NewReview {
    /// It was used as it should be.
    is_proper: bool,
    /// What was found, at least 10 characters.
    note: String,
}

fn shown(row: GlassRow, now: Timestamp, reader: &Caller) -> BreakGlass {
    let (is_running, is_overdue) = (row.ends > now, row.review.is_none() && row.review_due < now);
    let review = row.review.map(|one| Reviewed { by: one.by, at: one.at, is_proper: one.is_proper, note: one.note });
    BreakGlass {
        id: row.id,
        site: row.site_id,
        is_own: row.person_id == reader.person.id,
        who: row.who,
        rights: row.rights,
        reason: row.reason,
        begun: row.begun,
        ends: row.ends,
        is_running,
        review_due: row.review_due,
        is_overdue,
        review,
    }
}

/// How it is set for a site, else for the hub.
pub(super) async fn settings(app: &App, site: &str) -> Answer<GlassSettings> {
    let of_site = app.store.setting(site, "break-glass").await?;
    Ok(match of_site {
        Some(settings) => settings,
        None => app.store.setting("hub", "break-glass").await?.unwrap_or_default(),
    })
}

/// Break-glass at the sites that the caller sees, the newest first, with what is owed.
#[utoipa::path(get, path = "/api/break-glass", tag = "break-glass", responses((status = 200, body = Vec<BreakGlass>)))]
async fn break_glasses(State(app): State<App>, caller: Caller) -> Answer<axum::Json<Vec<BreakGlass>>> {
    let (seen, own) = (caller.sites(&app, Right::ViewInventory), &caller.person.id);
    let (rows, now) = (app.store.break_glasses().await?, app.now());
    let rows = rows.into_iter().filter(|row| seen.contains(&row.site_id) || row.person_id == *own);
    Ok(axum::Json(rows.map(|row| shown(row, now, &caller)).collect()))
}

/// Takes rights at a site at once. Everybody there is told, every act is marked, it ends by itself, and a review is owed.
#[utoipa::path(post, path = "/api/break-glass", tag = "break-glass", request_body = NewBreakGlass, responses((status = 201, body = BreakGlass)))]
async fn break_glass(
    State(app): State<App>,
    caller: Caller,
    Json(new): Json<NewBreakGlass>,
) -> Answer<(StatusCode, axum::Json<BreakGlass>)> {
    caller.session()?;
    let site = app.sites().into_iter().find(|site| site.id == new.site);
    let tenant = site.as_ref().map(|site| site.tenant_id.clone()).unwrap_or_default();
    let mut held = Vec::new();
    for grant in &caller.grants {
        if grant.tenant == tenant {
            held.push(grant.role.has(Right::BreakGlass));
        }
    }
    let site = site.filter(|_| !held.is_empty()).ok_or_else(|| Problem::new(&kinds::ABSENT, "no such site"))?;
    if !held.contains(&true) {
        return Err(Problem::of(&kinds::NO_RIGHT));
    }
    if let Some(right) = new.rights.iter().find(|right| !Right::BREAKABLE.contains(right)) {
        return Err(Problem::new(&kinds::UNPROCESSABLE, format!("rights: break-glass does not give {}", right.name())));
    }
    let reason = words("reason", &new.reason)?;
    if new.rights.is_empty() || caller.break_glass.is_some() {
        return Err(Problem::new(&kinds::CONFLICT, "name rights; and end a break-glass that runs before another"));
    }
    let settings = settings(&app, &site.id).await?;
    let minutes = new.minutes.unwrap_or(settings.most_minutes).clamp(1, settings.most_minutes);
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    let begun = change.now();
    let broken = Broken {
        site: &site.id,
        tenant: &site.tenant_id,
        rights: new.rights.iter().map(|right| right.name()).collect(),
        reason,
        ends: begun.plus_nanos(i64::from(minutes) * MINUTE_NANOS),
        credential: None,
    };
    let (row, act) = begin_glass(&app, &mut change, &caller.person, broken).await?;
    change.commit(act).await?;
    tracing::warn!(id = row.id, who = row.who, "break-glass");
    app.tell(Event::new("break-glass", &site.id).about(&row.id));
    Ok((StatusCode::CREATED, axum::Json(shown(row, begun, &caller))))
}

/// What a break-glass gives, where and for how long.
pub(super) struct Broken<'a> {
    pub(super) site: &'a str,
    pub(super) tenant: &'a str,
    pub(super) rights: Vec<String>,
    pub(super) reason: String,
    pub(super) ends: Timestamp,
    pub(super) credential: Option<String>,
}

/// Begins a break-glass in a change; with the act that is to be noted.
pub(super) async fn begin_glass(
    app: &App,
    change: &mut Change,
    person: &PersonRow,
    broken: Broken<'_>,
) -> Answer<(GlassRow, Act)> {
    let settings = settings(app, broken.site).await?;
    let mut row = GlassRow {
        id: String::new(),
        site_id: broken.site.to_owned(),
        person_id: person.id.clone(),
        credential_id: broken.credential,
        who: person.name.clone(),
        rights: broken.rights,
        reason: broken.reason,
        begun: change.now(),
        ends: broken.ends,
        review_due: broken.ends.plus_nanos(i64::from(settings.review_hours) * 60 * MINUTE_NANOS),
        review: None,
    };
    row.id = change.add_break_glass(&row).await?;
    let details = json!({ "rights": row.rights, "reason": row.reason, "ends": row.ends });
    let act = Act::new("break-glass.begin", &row.id).at(broken.site).of(broken.tenant).with(details);
    Ok((row, act))
}

/// The row, where the caller sees its site.
async fn seen(app: &App, caller: &Caller, id: &str) -> Answer<GlassRow> {
    let row = app.store.break_glass(id).await?;
    let is_known =
        |row: &GlassRow| app.sites().iter().any(|site| site.id == row.site_id && caller.knows(&site.tenant_id, &site.id));
    row.filter(is_known).ok_or_else(|| Problem::new(&kinds::ABSENT, "no such break-glass"))
}

/// Ends a break-glass before its time: one's own, or as an administrator.
#[utoipa::path(post, path = "/api/break-glass/{id}/end", tag = "break-glass", params(("id" = String, Path)), responses((status = 204)))]
async fn end_break_glass(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Answer<StatusCode> {
    let row = seen(&app, &caller, &id).await?;
    if row.person_id != caller.person.id {
        caller.require(&app, Right::ManagePeople, &row.site_id)?;
    }
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    change.end_break_glass(&id).await?;
    change.commit(Act::new("break-glass.end", &id).at(&row.site_id)).await?;
    app.tell(Event::new("break-glass", &row.site_id).about(&id));
    Ok(StatusCode::NO_CONTENT)
}

/// Reviews a break-glass that has ended. Nobody reviews their own.
#[utoipa::path(post, path = "/api/break-glass/{id}/review", tag = "break-glass", params(("id" = String, Path)), request_body = NewReview, responses((status = 200, body = BreakGlass)))]
async fn review_break_glass(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(new): Json<NewReview>,
) -> Answer<axum::Json<BreakGlass>> {
    caller.session()?;
    let row = seen(&app, &caller, &id).await?;
    caller.require(&app, Right::ReviewBreakGlass, &row.site_id)?;
    if row.person_id == caller.person.id {
        return Err(Problem::new(&kinds::NO_RIGHT, "somebody else must review it"));
    }
    if row.ends > app.now() {
        return Err(Problem::new(&kinds::CONFLICT, "it has not ended yet"));
    }
    let note = words("note", &new.note)?;
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    let said = GlassReview { by: caller.person.name.clone(), at: change.now(), is_proper: new.is_proper, note };
    change.review_break_glass(&id, &said).await?;
    let details = json!({ "is_proper": said.is_proper, "note": said.note });
    change.commit(Act::new("break-glass.review", &id).at(&row.site_id).with(details)).await?;
    app.tell(Event::new("break-glass", &row.site_id).about(&id));
    Ok(axum::Json(shown(seen(&app, &caller, &id).await?, app.now(), &caller)))
}
