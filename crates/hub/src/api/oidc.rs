//! Sign-in at a provider of OpenID Connect that an administrator named.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;
use signin::oidc::{Error, Identity, Provider, Settings};
use store::{Act, PersonRow};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Query;
use super::session::{Shown, actor, begin, set_cookie};
use crate::App;
use crate::auth::{Ceremony, OIDC, Peer, digest};
use crate::error::{Answer, Problem, kinds};
use crate::settings::KeptProvider;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(sign_in_providers)).routes(routes!(begin_there)).routes(routes!(come_back))
}

/// A provider that one may sign in at.
#[derive(Serialize, ToSchema)]
struct OfferedProvider {
    /// Short name.
    id: String,
    /// What the button says.
    name: String,
}

/// What the provider sends the browser back with.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Back {
    /// State, as it was given.
    state: Option<String>,
    /// Code.
    code: Option<String>,
    /// What went wrong there (RFC 6749 §4.1.2.1).
    error: Option<String>,
}

/// Providers that one may sign in at.
#[utoipa::path(get, path = "/api/session/oidc", tag = "session", responses((status = 200, body = Vec<OfferedProvider>)))]
async fn sign_in_providers(State(app): State<App>) -> axum::Json<Vec<OfferedProvider>> {
    let settings = app.settings();
    axum::Json(settings.providers.iter().map(|one| OfferedProvider { id: one.id.clone(), name: one.name.clone() }).collect())
}

/// How the provider is spoken to.
fn spoken_to(app: &App, kept: &KeptProvider) -> Answer<Settings> {
    let address = app.settings().sign_in.address.clone();
    let address = address.ok_or_else(|| Problem::new(&kinds::CONFLICT, "the settings of sign-in need the hub's address"))?;
    let client_secret = match &kept.sealed_secret {
        Some(sealed) => Some(app.desk.open_sealed(&format!("secret of {}", kept.id), sealed)?),
        None => None,
    };
    Ok(Settings {
        issuer: kept.issuer.clone(),
        client_id: kept.client_id.clone(),
        client_secret,
        redirect: format!("{}/api/session/oidc-return", address.trim_end_matches('/')),
        scopes: kept.scopes.clone(),
        groups_claim: "groups".to_owned(),
    })
}

/// Sends the browser to the provider.
#[utoipa::path(get, path = "/api/session/oidc/{id}", tag = "session", params(("id" = String, Path)), responses((status = 303, description = "To the provider")))]
async fn begin_there(State(app): State<App>, Path(id): Path<String>) -> Answer<(StatusCode, HeaderMap)> {
    let settings = app.settings();
    let kept =
        settings.providers.iter().find(|one| one.id == id).ok_or_else(|| Problem::new(&kinds::ABSENT, "no such provider"))?;
    let provider = Provider::discover(spoken_to(&app, kept)?).await.map_err(|error| unreachable(&error))?;
    let (address, pending) = provider.begin();
    let ceremony = app.desk.remember(Ceremony::Oidc { id, provider: Box::new(provider), pending }, app.now());
    let mut headers = HeaderMap::new();
    // The way back comes from another site, so that this one cookie must be Lax.
    set_cookie(&app, &mut headers, OIDC, &ceremony, 300, "Lax");
    to(&mut headers, &address)?;
    Ok((StatusCode::SEE_OTHER, headers))
}

fn to(headers: &mut HeaderMap, address: &str) -> Answer<()> {
    let value =
        HeaderValue::from_str(address).map_err(|_| Problem::new(&kinds::INTERNAL, "the provider's address is no address"))?;
    headers.insert(header::LOCATION, value);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(())
}

fn unreachable(error: &Error) -> Problem {
    tracing::warn!(%error, "sign-in elsewhere");
    Problem::new(&kinds::CONFLICT, error.to_string())
}

/// Takes the browser back from the provider and signs in. Only the browser that began may end.
#[utoipa::path(get, path = "/api/session/oidc-return", tag = "session", params(Back), responses((status = 303, description = "To the page; the cookie is set")))]
async fn come_back(State(app): State<App>, peer: Peer, Query(back): Query<Back>) -> Answer<(StatusCode, HeaderMap)> {
    let begun = peer.oidc.clone().ok_or_else(|| Problem::new(&kinds::CONFLICT, "this browser did not begin a sign-in"))?;
    let Ceremony::Oidc { id, provider, pending } = app.desk.recall(&begun, app.now())? else {
        return Err(Problem::of(&kinds::CONFLICT));
    };
    let (Some(state), Some(code)) = (back.state, back.code) else {
        let said: String = back.error.unwrap_or_default().chars().filter(char::is_ascii_graphic).take(80).collect();
        return Err(Problem::new(&kinds::WRONG_CODE, format!("the provider did not sign anybody in: {said}")));
    };
    let identity = provider.end(pending, &state, &code).await.map_err(|error| {
        tracing::warn!(%error, "sign-in elsewhere");
        Problem::new(&kinds::WRONG_CODE, "what the provider sent back is not right")
    })?;
    let settings = app.settings();
    let kept = settings.providers.iter().find(|one| one.id == id).ok_or_else(|| Problem::of(&kinds::CONFLICT))?;
    let person = person(&app, kept, &identity).await?;
    let change = app.store.begin(&actor(&person), app.now()).await?;
    // RFC 8176 §2: what shows more than one factor.
    let is_strong =
        identity.methods.iter().any(|method| matches!(method.as_str(), "mfa" | "otp" | "hwk" | "fpt" | "face" | "sc"));
    let strength = if kept.has_second_step || is_strong { "mfa" } else { "password" };
    let (_, mut headers) = begin(&app, change, &person, &Shown { strength, way: "openid connect" }, &peer).await?;
    set_cookie(&app, &mut headers, OIDC, "", 0, "Lax");
    to(&mut headers, "/")?;
    Ok((StatusCode::SEE_OTHER, headers))
}

/// Who it is here: known by the issuer's own id, or the first time by the verified mail. Nobody is made an account by signing in.
async fn person(app: &App, kept: &KeptProvider, identity: &Identity) -> Answer<PersonRow> {
    let unknown = || Problem::new(&kinds::NO_RIGHT, "there is no account here for whoever signed in there: ask an administrator");
    let may = |person: &PersonRow| person.is_active && !person.is_sealed && person.tenant_id == kept.tenant;
    if let Some(id) = app.store.person_of_identity(&identity.issuer, &identity.subject).await? {
        return app.store.person(&id).await?.filter(may).ok_or_else(unknown);
    }
    let mail = identity.email.as_deref().filter(|_| kept.links_by_mail).ok_or_else(unknown)?;
    let all = app.store.people().await?;
    let mut found = all.into_iter().filter(may).filter(|person| person.email.eq_ignore_ascii_case(mail));
    let (Some(person), None) = (found.next(), found.next()) else { return Err(unknown()) };
    let mut change = app.store.begin(&actor(&person), app.now()).await?;
    change.add_identity(&identity.issuer, &identity.subject, &person.id).await?;
    let details = json!({ "provider": kept.id, "subject": digest(&identity.subject) });
    change.commit(Act::new("person.identity.add", &person.id).with(details)).await?;
    Ok(person)
}
