//! Onboarding: the papers of a device that is to come, from filing to release, each step signed.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use model::Timestamp;
use records::onboarding::{Candidate, Coming, Filed, Grounds, MatchedBy, Papers, STEPS, Signature, Step, StepRow, candidates};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Act, OnboardingRow, new_id};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::checklists::open_items;
use super::records::{etag, require_version, tagged, unfit};
use super::{Json, Query, limit, listed, offset};
use crate::App;
use crate::auth::{Caller, Right};
use crate::error::{Answer, Problem, kinds};
use crate::events::Event;
use crate::keeping::{self, Kept};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(onboardings, file_onboarding))
        .routes(routes!(onboarding, change_onboarding))
        .routes(routes!(sign_step))
}

/// Papers of a device that is to come.
#[derive(Serialize, ToSchema)]
pub(crate) struct Onboarding {
    /// Id.
    id: String,
    /// Site.
    site: String,
    /// What is to come.
    coming: Coming,
    /// State, and who signed what.
    papers: Papers,
    /// The step that comes next.
    next: Option<Step>,
    /// Steps that the caller may sign now.
    may_sign: Vec<Step>,
    /// Device that it is, once it was found.
    device: Option<String>,
    /// Devices that it may be, the surest first; only while one is looked for, and not in lists.
    candidates: Vec<Candidate>,
    /// Required items of the checklist that are open; not in lists.
    open_items: Option<u32>,
    /// Filed, RFC 3339.
    #[schema(value_type = String)]
    created: Timestamp,
    /// For If-Match.
    etag: String,
}

/// A page of papers.
#[derive(Serialize, ToSchema)]
struct OnboardingPage {
    /// Papers.
    items: Vec<Onboarding>,
    /// Where the next page begins; absent on the last.
    next: Option<String>,
}

/// Which papers are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Site; all that the caller sees where absent.
    site: Option<String>,
    /// States, separated by commas: filed, approved, arrived, configured, checked, released, withdrawn.
    state: Option<String>,
    /// Rows at most, 1 to 500.
    limit: Option<u32>,
    /// Where the page before ended.
    cursor: Option<String>,
}

/// Papers to be filed.
#[derive(Deserialize, ToSchema)]
struct NewOnboarding {
    /// Site to which it comes.
    site: String,
    /// What is to come.
    coming: Coming,
}

/// A signature.
#[derive(Deserialize, ToSchema)]
struct Signed {
    /// Device that it is, where the step says so.
    device: Option<String>,
    /// What the signer wants to say.
    note: Option<String>,
}

/// Papers as they are stored.
pub(crate) fn read(row: &OnboardingRow) -> store::Result<(Coming, Papers)> {
    Ok((serde_json::from_str(&row.coming)?, serde_json::from_str(&row.papers)?))
}

/// Steps that may be signed in a state.
fn steps(papers: &Papers) -> Vec<Step> {
    let withdraw = papers.next().is_some().then_some(Step::Withdraw);
    papers.next().into_iter().chain(withdraw).collect()
}

/// The caller has a role that signs the step, or a break-glass that stands for one.
fn may_sign(caller: &Caller, row: &StepRow, tenant: &str, site: &str) -> bool {
    let by_role = caller.grants.iter().any(|grant| {
        row.roles.contains(&grant.role.name()) && grant.tenant == tenant && grant.site.as_deref().is_none_or(|one| one == site)
    });
    let by_glass = caller.break_glass.is_some() && row.step != Step::Approve && caller.may(Right::Onboard, tenant, Some(site));
    caller.session().is_ok() && (by_role || by_glass)
}

fn tenant_of(app: &App, site: &str) -> String {
    app.sites().into_iter().find(|one| one.id == site).map(|one| one.tenant_id).unwrap_or_default()
}

async fn shown(app: &App, caller: &Caller, row: OnboardingRow, in_full: bool) -> Answer<Onboarding> {
    let (coming, papers) = read(&row)?;
    let tenant = tenant_of(app, &row.site_id);
    let mut may = steps(&papers);
    may.retain(|step| STEPS.iter().any(|one| one.step == *step && may_sign(caller, one, &tenant, &row.site_id)));
    may.retain(|step| *step != Step::Approve || papers.filed().by != caller.person.id);
    let kept = app.store.record(&row.record_id, std::slice::from_ref(&row.site_id)).await;
    let device = kept.ok().and_then(|kept| kept.device_id);
    let (mut found, mut open) = (Vec::new(), None);
    if in_full {
        if papers.next() == Some(Step::Match) {
            found = free_candidates(app, &row, &coming).await?;
        }
        open = Some(u32::try_from(open_items(app, &row, &coming).await?).unwrap_or(u32::MAX));
    }
    Ok(Onboarding {
        etag: etag(row.version),
        id: row.id,
        site: row.site_id,
        next: papers.next(),
        may_sign: may,
        coming,
        papers,
        device,
        candidates: found,
        open_items: open,
        created: row.created,
    })
}

/// Devices that the papers may be of and that are not somebody else's.
async fn free_candidates(app: &App, row: &OnboardingRow, coming: &Coming) -> Answer<Vec<Candidate>> {
    let answers = app.answers(&row.site_id)?;
    let records = app.store.records_of_site(&row.site_id).await?;
    let taken: std::collections::BTreeSet<String> =
        records.into_iter().filter(|one| one.id != row.record_id).filter_map(|one| one.device_id).collect();
    Ok(candidates(coming, &answers.devices, |id| !taken.contains(id)))
}

/// Papers, the latest first.
#[utoipa::path(get, path = "/api/onboarding", tag = "onboarding", params(Wanted), responses((status = 200, body = OnboardingPage)))]
async fn onboardings(State(app): State<App>, caller: Caller, Query(wanted): Query<Wanted>) -> Answer<axum::Json<OnboardingPage>> {
    let sites = caller.sites_or(&app, Right::ViewInventory, wanted.site.as_deref())?;
    let (offset, limit) = (offset(wanted.cursor.as_deref())?, limit(wanted.limit));
    let page = app.store.onboardings(&sites, &listed(wanted.state.as_deref()), offset, limit).await?;
    let next = page.has_more.then(|| offset.saturating_add(limit).to_string());
    let mut items = Vec::new();
    for row in page.items {
        items.push(shown(&app, &caller, row, false).await?);
    }
    Ok(axum::Json(OnboardingPage { items, next }))
}

/// Papers by id.
#[utoipa::path(get, path = "/api/onboarding/{id}", tag = "onboarding", params(("id" = String, Path)), responses((status = 200, body = Onboarding)))]
async fn onboarding(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Answer<(HeaderMap, axum::Json<Onboarding>)> {
    let row = app.store.onboarding(&id, &caller.sites_or(&app, Right::ViewInventory, None)?).await?;
    let shown = shown(&app, &caller, row, true).await?;
    Ok((tagged(&shown.etag), axum::Json(shown)))
}

/// Files what is to come: maker, model, serial number or MAC addresses, place, and what it needs of the network.
#[utoipa::path(post, path = "/api/onboarding", tag = "onboarding", request_body = NewOnboarding, responses((status = 201, body = Onboarding)))]
async fn file_onboarding(
    State(app): State<App>,
    caller: Caller,
    Json(new): Json<NewOnboarding>,
) -> Answer<(StatusCode, axum::Json<Onboarding>)> {
    caller.require(&app, Right::Onboard, &new.site)?;
    caller.session()?;
    let coming = checked(&app, new.coming)?;
    let mut kept = Kept::new(&new.site);
    kept.say(coming.record.clone())?;
    let papers = Papers::Filed(Filed { filed: signature(&app, &caller, None) });
    let row = OnboardingRow {
        id: new_id("onboarding"),
        site_id: new.site,
        record_id: kept.row.id.clone(),
        state: papers.state().to_owned(),
        coming: serde_json::to_string(&coming).map_err(store::Error::from)?,
        papers: serde_json::to_string(&papers).map_err(store::Error::from)?,
        created: app.now(),
        version: 1,
    };
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    kept.write(&mut change).await?;
    change.add_onboarding(&row).await?;
    change.commit(Act::new("onboarding.file", &row.id).at(&row.site_id).with(json!({ "coming": coming }))).await?;
    told(&app, &row.site_id).await;
    let shown = shown(&app, &caller, row, true).await?;
    Ok((StatusCode::CREATED, axum::Json(shown)))
}

fn checked(app: &App, coming: Coming) -> Answer<Coming> {
    let coming = coming.tidied().map_err(|invalid| unfit(&invalid))?;
    match coming.class.as_deref().filter(|class| app.knowledge.class(class).is_none()) {
        Some(class) => Err(Problem::new(&kinds::UNPROCESSABLE, format!("class: there is no class `{class}`"))),
        None => Ok(coming),
    }
}

/// What follows of papers that changed: which device it is, and which finding ends or begins.
async fn told(app: &App, site: &str) {
    keeping::keep_up_now(app, site).await;
    app.intake.touch(site);
    app.tell(Event::new("onboarding", site));
}

fn signature(app: &App, caller: &Caller, note: Option<String>) -> Signature {
    Signature { by: caller.person.id.clone(), name: caller.person.name.clone(), at: app.now(), note }
}

/// Changes what is to come, until it is approved. Needs If-Match.
#[utoipa::path(put, path = "/api/onboarding/{id}", tag = "onboarding", params(("id" = String, Path), ("If-Match" = String, Header)), request_body = Coming, responses((status = 200, body = Onboarding)))]
async fn change_onboarding(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(coming): Json<Coming>,
) -> Answer<(HeaderMap, axum::Json<Onboarding>)> {
    let mut row = app.store.onboarding(&id, &caller.sites_or(&app, Right::ViewInventory, None)?).await?;
    caller.require(&app, Right::Onboard, &row.site_id)?;
    require_version(&headers, row.version)?;
    let (before, papers) = read(&row)?;
    if !matches!(papers, Papers::Filed(_)) {
        let detail =
            format!("the papers are {}: what was approved is not changed; withdraw them and file new ones", papers.state());
        return Err(Problem::new(&kinds::CONFLICT, detail));
    }
    let coming = checked(&app, coming)?;
    row.coming = serde_json::to_string(&coming).map_err(store::Error::from)?;
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    change.set_onboarding(&row).await?;
    let mut kept = record(&mut change, &row).await?;
    kept.say(coming.record.clone())?;
    kept.write(&mut change).await?;
    change.commit(Act::new("onboarding.change", &id).at(&row.site_id).with(json!({ "from": before, "to": coming }))).await?;
    told(&app, &row.site_id).await;
    onboarding(State(app), caller, Path(id)).await
}

async fn record(change: &mut store::Change, row: &OnboardingRow) -> Answer<Kept> {
    let found = change.record_now(&row.record_id).await?;
    Ok(Kept::of(found.ok_or_else(|| Problem::new(&kinds::CONFLICT, "its record was taken away"))?)?)
}

/// Signs a step: approve, match, configure, check, release or withdraw. Who may, depends on the step. Needs If-Match.
#[utoipa::path(post, path = "/api/onboarding/{id}/steps/{step}", tag = "onboarding", params(("id" = String, Path), ("step" = String, Path), ("If-Match" = String, Header)), request_body = Signed, responses((status = 200, body = Onboarding)))]
async fn sign_step(
    State(app): State<App>,
    caller: Caller,
    Path((id, step)): Path<(String, String)>,
    headers: HeaderMap,
    Json(signed): Json<Signed>,
) -> Answer<(HeaderMap, axum::Json<Onboarding>)> {
    let mut row = app.store.onboarding(&id, &caller.sites_or(&app, Right::ViewInventory, None)?).await?;
    caller.require(&app, Right::SignOnboarding, &row.site_id)?;
    caller.session()?;
    let asked = STEPS.iter().find(|one| one.id == step).ok_or_else(|| Problem::new(&kinds::ABSENT, "no such step"))?;
    if !may_sign(&caller, asked, &tenant_of(&app, &row.site_id), &row.site_id) {
        return Err(Problem::new(&kinds::NO_RIGHT, format!("`{}` is signed by: {}", asked.id, asked.roles.join(", "))));
    }
    require_version(&headers, row.version)?;
    let note = signed.note.map(|note| note.trim().to_owned()).filter(|note| !note.is_empty());
    if note.as_deref().is_some_and(|note| note.chars().count() > 2000) {
        return Err(Problem::new(&kinds::UNPROCESSABLE, "note: at most 2000 characters"));
    }
    let (coming, papers) = read(&row)?;
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    let mut kept = record(&mut change, &row).await?;
    let mut on = Grounds { matched_by: None, open_items: open_items(&app, &row, &coming).await? };
    if asked.step == Step::Match {
        on.matched_by = matched(&app, &row, &coming, signed.device, &mut kept).await?;
    }
    let before = papers.state();
    let refused = |refusal: records::onboarding::Refusal| Problem::new(&kinds::CONFLICT, refusal.to_string());
    let papers = papers.sign(asked.step, signature(&app, &caller, note.clone()), on).map_err(refused)?;
    let details = json!({ "step": asked.id, "from": before, "to": papers.state(), "note": note, "device": kept.row.device_id });
    put(&mut change, &mut row, &papers, &mut kept).await?;
    change.commit(Act::new("onboarding.sign", &id).at(&row.site_id).with(details)).await?;
    told(&app, &row.site_id).await;
    onboarding(State(app), caller, Path(id)).await
}

/// The device that somebody says it is, or that was found already.
async fn matched(
    app: &App,
    row: &OnboardingRow,
    coming: &Coming,
    device: Option<String>,
    kept: &mut Kept,
) -> Answer<Option<MatchedBy>> {
    let Some(id) = device.or_else(|| kept.row.device_id.clone()) else { return Ok(None) };
    let found = app.store.device(&id, std::slice::from_ref(&row.site_id)).await?;
    if app.store.record_of_device(&row.site_id, &id).await?.is_some_and(|other| other.id != row.record_id) {
        return Err(Problem::new(&kinds::CONFLICT, "that device has a record of its own already"));
    }
    kept.place(&found.device)?;
    let told = candidates(coming, std::slice::from_ref(&found.device), |_| true).into_iter().next();
    Ok(Some(told.map(|one| one.by).filter(|by| by.is_sure()).unwrap_or(MatchedBy::Person)))
}

/// Writes papers with where the device is in its life.
pub(crate) async fn put(
    change: &mut store::Change,
    row: &mut OnboardingRow,
    papers: &Papers,
    kept: &mut Kept,
) -> store::Result<()> {
    row.state = papers.state().to_owned();
    row.papers = serde_json::to_string(papers)?;
    change.set_onboarding(row).await?;
    let mut record = kept.record.clone();
    record.state = papers.life_cycle().or(Some(records::LifeCycle::Retired));
    kept.say(record)?;
    kept.write(change).await
}
