//! The first run: an account, a site, and its networks.

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use signin::{code, password};
use store::{Act, Actor, ExceptionRow, RoleRow};
use subtle::ConstantTimeEq as _;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Json;
use super::sites::{networks, time_zone};
use crate::App;
use crate::auth::{MINUTE_NANOS, Peer, Role};
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
    /// The first run needs the code that `medwarden run` printed, since the page was not opened at the hub's own machine.
    needs_code: bool,
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
    /// Set-up code that `medwarden run` printed; needed from another machine than the hub's own.
    code: Option<String>,
}

/// For so long the first administrator may do without a second step: until then there is nobody who could help them.
const GRACE_NANOS: i64 = 14 * 24 * 60 * MINUTE_NANOS;

/// Whether the hub was set up.
#[utoipa::path(get, path = "/api/setup", tag = "setup", responses((status = 200, body = SetupState)))]
async fn state(State(app): State<App>, peer: Peer) -> Answer<axum::Json<SetupState>> {
    let usual_networks = inventory::Config::default().site_networks.iter().map(ToString::to_string).collect();
    let is_done = !app.store.people().await?.is_empty();
    Ok(axum::Json(SetupState { is_done, usual_networks, needs_code: !is_done && !peer.is_here() }))
}

/// Sets the hub up: possible once, while nobody can sign in.
#[utoipa::path(post, path = "/api/setup", tag = "setup", request_body = Setup, responses((status = 201)))]
async fn set_up(State(app): State<App>, peer: Peer, Json(setup): Json<Setup>) -> Answer<StatusCode> {
    check_code(&app, &peer, setup.code.as_deref())?;
    check(&setup)?;
    let hashed = app.desk.hash(setup.password.clone()).await?;
    let mut change = app.store.begin(&Actor::hub("setup"), app.now()).await?;
    // Changes are made one after the other, so that two first runs at once cannot both find nobody.
    if !app.store.people().await?.is_empty() {
        return Err(Problem::new(&kinds::CONFLICT, "the hub was set up already"));
    }
    let tenant_id = change.add_tenant(setup.tenant.trim()).await?;
    let site = change.add_site(&tenant_id, setup.site.trim(), &setup.time_zone, &setup.networks).await?;
    let person = change.add_person(&setup.login, setup.name.trim(), "", Some(&hashed)).await?;
    change.set_home(&person, &tenant_id, false).await?;
    let role = RoleRow { role: Role::Administrator.name().to_owned(), tenant_id: tenant_id.clone(), site_id: None };
    change.add_role(&person, &role).await?;
    let details = json!({ "site": site, "person": person, "login": setup.login, "networks": setup.networks });
    let reason = "first run: a second step is to be set up within two weeks".to_owned();
    let exception = ExceptionRow { reason, given_by: "hub".to_owned(), until: change.now().plus_nanos(GRACE_NANOS) };
    change.set_exception(&person, &exception).await?;
    let given = json!({ "reason": exception.reason, "until": exception.until });
    change.note(&Act::new("person.exception.give", &person).of(&tenant_id).with(given)).await?;
    change.commit(Act::new("hub.setup", &tenant_id).of(&tenant_id).at(&site).with(details)).await?;
    app.read_sites().await?;
    Ok(StatusCode::CREATED)
}

/// Whoever is at the machine itself may; from elsewhere, whoever read what the hub printed.
fn check_code(app: &App, peer: &Peer, typed: Option<&str>) -> Answer<()> {
    let is_right =
        typed.is_some_and(|typed| bool::from(code::digest(typed).as_bytes().ct_eq(app.desk.setup_code.digest().as_bytes())));
    if peer.is_here() || is_right { Ok(()) } else { Err(Problem::of(&kinds::SETUP_CODE)) }
}

fn check(setup: &Setup) -> Answer<()> {
    let wrong = |detail: String| Err(Problem::new(&kinds::UNPROCESSABLE, detail));
    for (what, text) in [("tenant", &setup.tenant), ("site", &setup.site), ("name", &setup.name), ("login", &setup.login)] {
        if text.trim().is_empty() || text.chars().count() > 200 {
            return wrong(format!("{what}: 1 to 200 characters"));
        }
    }
    let context = [setup.tenant.as_str(), &setup.site, &setup.name, &setup.login];
    if let Err(weak) = password::check(&setup.password, password::Rules { has_second_factor: false, context: &context }) {
        return wrong(format!("password: {weak}"));
    }
    time_zone(&setup.time_zone)?;
    networks(&setup.networks).map(|_| ())
}
