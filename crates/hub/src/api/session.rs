//! Signing in and out.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Act, Actor, SessionRow, secret};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Json;
use crate::App;
use crate::auth::{ABSOLUTE_NANOS, COOKIE, Caller, Right, Role, digest, matches};
use crate::error::{Answer, Problem, kinds};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(session, sign_in, sign_out))
}

/// Who is signed in, and what they may do.
#[derive(Serialize, ToSchema)]
struct Session {
    /// Person.
    person: String,
    /// Name.
    name: String,
    /// To send back in X-Medwarden-CSRF with each change.
    csrf: String,
    /// Roles and where they hold.
    roles: Vec<HeldRole>,
    /// Rights held anywhere.
    rights: Vec<Right>,
    /// Sites that the person sees.
    sites: Vec<SeenSite>,
    /// Break-glass that is running.
    break_glass: Option<String>,
}

/// A role and where it holds.
#[derive(Serialize, ToSchema)]
struct HeldRole {
    /// Role.
    role: Role,
    /// Tenant.
    tenant: String,
    /// Site; absent for all of the tenant's.
    site: Option<String>,
}

/// A site that the person sees.
#[derive(Serialize, ToSchema)]
struct SeenSite {
    /// Id.
    id: String,
    /// Tenant.
    tenant: String,
    /// Name.
    name: String,
    /// IANA time zone.
    time_zone: String,
}

/// Name and password.
#[derive(Deserialize, ToSchema)]
struct SignIn {
    /// What was given as login.
    login: String,
    /// Password.
    password: String,
}

fn of(app: &App, caller: &Caller) -> Session {
    let is_seen = |tenant: &str, site: &str| {
        caller.grants.iter().any(|grant| grant.tenant == tenant && grant.site.as_deref().is_none_or(|one| one == site))
    };
    let sites = app.sites().into_iter().filter(|site| is_seen(&site.tenant_id, &site.id));
    let rights = crate::auth::RIGHTS.iter().map(|(right, _)| *right);
    Session {
        person: caller.person.id.clone(),
        name: caller.person.name.clone(),
        csrf: caller.session.csrf.clone(),
        roles: caller
            .grants
            .iter()
            .map(|one| HeldRole { role: one.role, tenant: one.tenant.clone(), site: one.site.clone() })
            .collect(),
        rights: rights.filter(|right| caller.require_anywhere(*right).is_ok()).collect(),
        sites: sites
            .map(|site| SeenSite { id: site.id, tenant: site.tenant_id, name: site.name, time_zone: site.time_zone })
            .collect(),
        break_glass: caller.break_glass.clone(),
    }
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/session", tag = "session", responses((status = 200, body = Session)))]
async fn session(State(app): State<App>, caller: Caller) -> axum::Json<Session> {
    axum::Json(of(&app, &caller))
}

/// Signs in by name and password.
#[utoipa::path(post, path = "/api/session", tag = "session", request_body = SignIn, responses((status = 204, description = "The cookie is set")))]
async fn sign_in(State(app): State<App>, Json(body): Json<SignIn>) -> Answer<(StatusCode, HeaderMap)> {
    let person = app.store.person_by_login(&body.login).await?.filter(|person| person.is_active);
    let phc = person.as_ref().and_then(|person| person.password.clone());
    let is_right = tokio::task::spawn_blocking(move || matches(&body.password, phc.as_deref())).await.unwrap_or(false);
    let now = app.now();
    let Some(person) = person.filter(|_| is_right) else {
        let change = app.store.begin(&Actor::nobody(), now).await?;
        // What was typed as a name may be a password; only what is somebody's is kept.
        let login = app.store.person_by_login(&body.login).await?.map_or_else(|| "unknown".to_owned(), |person| person.id);
        change.commit(Act::new("session.refused", login)).await?;
        return Err(Problem::of(&kinds::WRONG_SIGN_IN));
    };
    let token = secret();
    let expires = now.plus_nanos(ABSOLUTE_NANOS);
    let row = SessionRow {
        token_hash: digest(&token),
        person_id: person.id.clone(),
        csrf: secret(),
        created: now,
        last_used: now,
        expires,
        strength: "password".to_owned(),
    };
    let actor = Actor { kind: store::ActorKind::Person, id: person.id.clone(), name: person.name.clone(), break_glass: None };
    let mut change = app.store.begin(&actor, now).await?;
    change.add_session(&row).await?;
    change.commit(Act::new("session.begin", &person.id).with(json!({ "strength": row.strength }))).await?;
    Ok((StatusCode::NO_CONTENT, with_cookie(&app, &token, ABSOLUTE_NANOS / 1_000_000_000)))
}

/// Signs out.
#[utoipa::path(delete, path = "/api/session", tag = "session", responses((status = 204)))]
async fn sign_out(State(app): State<App>, caller: Caller, _: Request) -> Answer<(StatusCode, HeaderMap)> {
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    change.end_session(&caller.session.token_hash).await?;
    change.commit(Act::new("session.end", &caller.person.id)).await?;
    Ok((StatusCode::NO_CONTENT, with_cookie(&app, "", 0)))
}

fn with_cookie(app: &App, token: &str, seconds: i64) -> HeaderMap {
    let (prefix, secure) = if app.is_https { ("__Host-", "; Secure") } else { ("", "") };
    let line = format!("{prefix}{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
    let mut headers = HeaderMap::new();
    headers.extend(HeaderValue::from_str(&line).map(|value| (header::SET_COOKIE, value)));
    headers
}
