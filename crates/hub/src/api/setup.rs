//! The first run: an account, a site, and its networks.

use axum::extract::State;
use axum::http::StatusCode;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Act, Actor, RoleRow};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Json;
use crate::App;
use crate::auth::{Role, hash};
use crate::error::{Answer, Problem, kinds};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(state, set_up))
}

/// Whether the hub was set up.
#[derive(Serialize, ToSchema)]
struct SetupState {
    /// Somebody can sign in already.
    is_done: bool,
    /// Networks that are taken as inside where none is named.
    usual_networks: Vec<String>,
}

/// What the first run asks for.
#[derive(Deserialize, ToSchema)]
struct Setup {
    /// Name of the organisation.
    tenant: String,
    /// Name of the site.
    site: String,
    /// IANA time zone of the site.
    time_zone: String,
    /// Networks of the site, CIDR; the private ones where empty.
    #[serde(default)]
    networks: Vec<String>,
    /// Name of the first administrator.
    name: String,
    /// What they type at sign-in.
    login: String,
    /// Their password, at least 15 characters.
    password: String,
}

/// Shortest password where nothing else proves who somebody is (NIST SP 800-63B-4 §3.1.1.2).
const MIN_PASSWORD: usize = 15;

/// Whether the hub was set up.
#[utoipa::path(get, path = "/api/setup", tag = "setup", responses((status = 200, body = SetupState)))]
async fn state(State(app): State<App>) -> Answer<axum::Json<SetupState>> {
    let usual_networks = inventory::Config::default().site_networks.iter().map(ToString::to_string).collect();
    Ok(axum::Json(SetupState { is_done: !app.store.people().await?.is_empty(), usual_networks }))
}

/// Sets the hub up: possible once, while nobody can sign in.
#[utoipa::path(post, path = "/api/setup", tag = "setup", request_body = Setup, responses((status = 201)))]
async fn set_up(State(app): State<App>, Json(setup): Json<Setup>) -> Answer<StatusCode> {
    check(&setup)?;
    let password = setup.password.clone();
    let hashed = tokio::task::spawn_blocking(move || hash(&password)).await.map_err(|_| Problem::of(&kinds::INTERNAL))??;
    let mut change = app.store.begin(&Actor::hub("setup"), app.now()).await?;
    // Changes are made one after the other, so that two first runs at once cannot both find nobody.
    if !app.store.people().await?.is_empty() {
        return Err(Problem::new(&kinds::CONFLICT, "the hub was set up already"));
    }
    let tenant_id = change.add_tenant(setup.tenant.trim()).await?;
    let site = change.add_site(&tenant_id, setup.site.trim(), &setup.time_zone, &setup.networks).await?;
    let person = change.add_person(&setup.login, setup.name.trim(), "", Some(&hashed)).await?;
    let role = RoleRow { role: Role::Administrator.name().to_owned(), tenant_id: tenant_id.clone(), site_id: None };
    change.add_role(&person, &role).await?;
    let details = json!({ "site": site, "person": person, "login": setup.login, "networks": setup.networks });
    change.commit(Act::new("hub.setup", &tenant_id).of(&tenant_id).at(&site).with(details)).await?;
    app.read_sites().await?;
    Ok(StatusCode::CREATED)
}

fn check(setup: &Setup) -> Answer<()> {
    let wrong = |detail: String| Err(Problem::new(&kinds::UNPROCESSABLE, detail));
    for (what, text) in [("tenant", &setup.tenant), ("site", &setup.site), ("name", &setup.name), ("login", &setup.login)] {
        if text.trim().is_empty() || text.chars().count() > 200 {
            return wrong(format!("{what}: 1 to 200 characters"));
        }
    }
    if setup.password.chars().count() < MIN_PASSWORD || setup.password.len() > 1024 {
        return wrong(format!("password: at least {MIN_PASSWORD} characters; several words are easier to remember than signs"));
    }
    if jiff::tz::TimeZone::get(&setup.time_zone).is_err() {
        return wrong("time_zone: not an IANA time zone, such as Europe/Berlin or America/Chicago".to_owned());
    }
    match setup.networks.iter().find(|network| network.parse::<IpNet>().is_err()) {
        Some(network) => wrong(format!("networks: {network} is not a network such as 10.0.0.0/8")),
        None => Ok(()),
    }
}
