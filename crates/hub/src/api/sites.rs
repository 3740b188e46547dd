//! Tenants and their sites.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Act, RoleRow, SiteRow};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::people::manages;
use super::{Json, if_match, named, tagged};
use crate::App;
use crate::auth::{Caller, Right, Role};
use crate::error::{Answer, Problem, kinds};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(tenants, add_tenant))
        .routes(routes!(rename_tenant))
        .routes(routes!(sites, add_site))
        .routes(routes!(change_site))
}

/// An organisation, whose data nobody else sees.
#[derive(Serialize, ToSchema)]
struct Tenant {
    /// Id.
    id: String,
    /// Name.
    name: String,
    /// The caller manages its people and sites.
    is_managed: bool,
}

/// A tenant's name.
#[derive(Deserialize, ToSchema)]
struct TenantName {
    /// Name.
    name: String,
}

/// A site.
#[derive(Serialize, ToSchema)]
struct Site {
    /// Id.
    id: String,
    /// Tenant.
    tenant: String,
    /// Name.
    name: String,
    /// IANA time zone.
    time_zone: String,
    /// Networks inside, CIDR; the private ones where empty.
    networks: Vec<String>,
    /// For If-Match.
    etag: String,
}

/// A site to be added.
#[derive(Deserialize, ToSchema)]
struct NewSite {
    /// Tenant.
    tenant: String,
    /// Name.
    name: String,
    /// IANA time zone.
    time_zone: String,
    /// Networks inside, CIDR; the private ones where empty.
    #[serde(default)]
    networks: Vec<String>,
}

/// What changes of a site; what is absent stays.
#[derive(Deserialize, ToSchema)]
struct SiteChange {
    /// Name.
    name: Option<String>,
    /// IANA time zone.
    time_zone: Option<String>,
    /// Networks inside, CIDR. Everything observed so far is judged by them anew.
    networks: Option<Vec<String>>,
}

fn tag(row: &SiteRow) -> String {
    format!("\"{}-{}\"", row.id, row.version)
}

fn shown(row: SiteRow) -> Site {
    let etag = tag(&row);
    Site { id: row.id, tenant: row.tenant_id, name: row.name, time_zone: row.time_zone, networks: row.networks, etag }
}

/// A time zone by its IANA name.
pub(super) fn time_zone(text: &str) -> Answer<String> {
    if jiff::tz::TimeZone::get(text).is_ok() {
        return Ok(text.to_owned());
    }
    Err(Problem::new(&kinds::UNPROCESSABLE, "time_zone: not an IANA time zone, such as Europe/Berlin or America/Chicago"))
}

/// Networks in CIDR, at most 1,000.
pub(super) fn networks(texts: &[String]) -> Answer<Vec<String>> {
    if texts.len() > 1_000 {
        return Err(Problem::new(&kinds::UNPROCESSABLE, "networks: at most 1000"));
    }
    let parsed = |text: &String| {
        let network = text.trim().parse::<IpNet>();
        let wrong = |_| Problem::new(&kinds::UNPROCESSABLE, format!("networks: {text} is not a network such as 10.0.0.0/8"));
        network.map(|network| network.trunc().to_string()).map_err(wrong)
    };
    texts.iter().map(parsed).collect()
}

/// Tenants at which the caller has a role.
#[utoipa::path(get, path = "/api/tenants", tag = "sites", responses((status = 200, body = Vec<Tenant>)))]
async fn tenants(State(app): State<App>, caller: Caller) -> Answer<axum::Json<Vec<Tenant>>> {
    let all = app.store.tenants().await?.into_iter();
    let held = all.filter(|tenant| caller.grants.iter().any(|grant| grant.tenant == tenant.id));
    let shown = held.map(|tenant| Tenant { is_managed: manages(&caller, &tenant.id), id: tenant.id, name: tenant.name });
    Ok(axum::Json(shown.collect()))
}

/// Adds a tenant: for administrators of the tenant who runs the hub. Who adds it is its first administrator, until they give that up.
#[utoipa::path(post, path = "/api/tenants", tag = "sites", request_body = TenantName, responses((status = 201, body = Tenant)))]
async fn add_tenant(
    State(app): State<App>,
    caller: Caller,
    Json(new): Json<TenantName>,
) -> Answer<(StatusCode, axum::Json<Tenant>)> {
    caller.require_hub(&app, Right::ManageHub).await?;
    caller.session()?;
    let name = named("name", &new.name)?;
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    let id = change.add_tenant(&name).await?;
    let role = RoleRow { role: Role::Administrator.name().to_owned(), tenant_id: id.clone(), site_id: None };
    change.add_role(&caller.person.id, &role).await?;
    let details = json!({ "name": name, "administrator": caller.person.id });
    change.commit(Act::new("tenant.add", &id).of(&id).with(details)).await?;
    Ok((StatusCode::CREATED, axum::Json(Tenant { id, name, is_managed: true })))
}

/// Names a tenant anew.
#[utoipa::path(put, path = "/api/tenants/{id}", tag = "sites", params(("id" = String, Path)), request_body = TenantName, responses((status = 204)))]
async fn rename_tenant(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(new): Json<TenantName>,
) -> Answer<StatusCode> {
    caller.require_anywhere(Right::ManagePeople)?;
    if !manages(&caller, &id) {
        return Err(Problem::new(&kinds::ABSENT, "no such tenant"));
    }
    let name = named("name", &new.name)?;
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    change.rename_tenant(&id, &name).await?;
    change.commit(Act::new("tenant.rename", &id).of(&id).with(json!({ "name": name }))).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sites that the caller sees.
#[utoipa::path(get, path = "/api/sites", tag = "sites", responses((status = 200, body = Vec<Site>)))]
async fn sites(State(app): State<App>, caller: Caller) -> axum::Json<Vec<Site>> {
    let seen = app.sites().into_iter().filter(|site| caller.knows(&site.tenant_id, &site.id));
    axum::Json(seen.map(shown).collect())
}

/// Adds a site.
#[utoipa::path(post, path = "/api/sites", tag = "sites", request_body = NewSite, responses((status = 201, body = Site)))]
async fn add_site(State(app): State<App>, caller: Caller, Json(new): Json<NewSite>) -> Answer<(StatusCode, axum::Json<Site>)> {
    caller.require_anywhere(Right::ManagePeople)?;
    if !manages(&caller, &new.tenant) {
        return Err(Problem::new(&kinds::ABSENT, "no such tenant"));
    }
    let (name, time_zone, networks) = (named("name", &new.name)?, time_zone(&new.time_zone)?, networks(&new.networks)?);
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    let id = change.add_site(&new.tenant, &name, &time_zone, &networks).await?;
    let details = json!({ "name": name, "time_zone": time_zone, "networks": networks });
    change.commit(Act::new("site.add", &id).at(&id).of(&new.tenant).with(details)).await?;
    app.read_sites().await?;
    let row = SiteRow { id, tenant_id: new.tenant, name, time_zone, networks, version: 1 };
    Ok((StatusCode::CREATED, axum::Json(shown(row))))
}

/// Changes a site. Needs If-Match with the etag that was read.
#[utoipa::path(patch, path = "/api/sites/{id}", tag = "sites", params(("id" = String, Path), ("If-Match" = String, Header)), request_body = SiteChange, responses((status = 200, body = Site)))]
async fn change_site(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(new): Json<SiteChange>,
) -> Answer<(HeaderMap, axum::Json<Site>)> {
    caller.require(&app, Right::ManagePeople, &id)?;
    let absent = || Problem::new(&kinds::ABSENT, "no such site");
    let mut row = app.store.sites().await?.into_iter().find(|site| site.id == id).ok_or_else(absent)?;
    if_match(&headers, &tag(&row))?;
    let before = json!({ "name": row.name, "time_zone": row.time_zone, "networks": row.networks });
    row.name = new.name.as_deref().map_or(Ok(row.name), |name| named("name", name))?;
    row.time_zone = new.time_zone.as_deref().map_or(Ok(row.time_zone), time_zone)?;
    row.networks = new.networks.as_deref().map_or(Ok(row.networks), networks)?;
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    change.set_site(&row).await?;
    let details = json!({ "before": before, "name": row.name, "time_zone": row.time_zone, "networks": row.networks });
    change.commit(Act::new("site.change", &id).at(&id).of(&row.tenant_id).with(details)).await?;
    app.read_sites().await?;
    app.intake.set_networks(&id, app.networks(&id));
    row.version = row.version.saturating_add(1);
    Ok((tagged(&tag(&row)), axum::Json(shown(row))))
}
