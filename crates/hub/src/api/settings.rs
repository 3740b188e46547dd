//! Settings of the hub and of a site.

use std::collections::HashSet;

use axum::extract::State;
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::Act;
use url::Url;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Json, Query, if_match, named, tagged};
use crate::App;
use crate::auth::{Caller, Right, Role, digest};
use crate::error::{Answer, Problem, kinds};
use crate::settings::{GlassSettings, HistorySettings, KeptProvider, SignInSettings};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(sign_in_settings, set_sign_in))
        .routes(routes!(providers, set_providers))
        .routes(routes!(glass_settings, set_glass))
        .routes(routes!(history_settings, set_history))
}

/// For which site.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Of {
    /// Site; the hub as a whole where absent.
    site: Option<String>,
}

/// A provider of OpenID Connect.
#[derive(Serialize, Deserialize, ToSchema)]
struct Provider {
    /// Short name in addresses: lower-case letters, figures, dashes.
    id: String,
    /// What the button says.
    name: String,
    /// Issuer, HTTPS; its discovery document is at `/.well-known/openid-configuration` below it.
    issuer: String,
    /// Client id that the provider gave.
    client_id: String,
    /// Scopes beside `openid`.
    #[serde(default)]
    scopes: Vec<String>,
    /// Whose people it signs in.
    tenant: String,
    /// Who comes the first time is known by the verified mail.
    links_by_mail: bool,
    /// The provider asks everybody for a second step.
    has_second_step: bool,
}

/// A provider as it is shown.
#[derive(Serialize, ToSchema)]
struct ShownProvider {
    #[serde(flatten)]
    provider: Provider,
    /// A secret is kept; it is never shown.
    has_secret: bool,
}

/// A provider as it is set.
#[derive(Deserialize, ToSchema)]
struct NewProvider {
    #[serde(flatten)]
    provider: Provider,
    /// Client secret that the provider gave; the one kept stays where it is absent and the issuer the same.
    client_secret: Option<String>,
}

/// The text that a value is known by.
fn tag<T: Serialize>(value: &T) -> Answer<String> {
    let text = serde_json::to_string(value).map_err(|_| Problem::of(&kinds::INTERNAL))?;
    Ok(format!("\"{}\"", digest(&text).get(..16).unwrap_or_default()))
}

fn wrong(detail: impl Into<String>) -> Problem {
    Problem::new(&kinds::UNPROCESSABLE, detail)
}

/// How people sign in.
#[utoipa::path(get, path = "/api/settings/sign-in", tag = "settings", responses((status = 200, body = SignInSettings)))]
async fn sign_in_settings(State(app): State<App>, caller: Caller) -> Answer<(HeaderMap, axum::Json<SignInSettings>)> {
    caller.require_hub(&app, Right::ManageHub).await?;
    let settings = app.settings().sign_in.clone();
    Ok((tagged(&tag(&settings)?), axum::Json(settings)))
}

/// Sets how people sign in. Needs If-Match with the ETag that was read. Sessions that last longer than they now may end.
#[utoipa::path(put, path = "/api/settings/sign-in", tag = "settings", params(("If-Match" = String, Header)), request_body = SignInSettings, responses((status = 200, body = SignInSettings)))]
async fn set_sign_in(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Json(mut new): Json<SignInSettings>,
) -> Answer<(HeaderMap, axum::Json<SignInSettings>)> {
    caller.require_hub(&app, Right::ManageHub).await?;
    caller.session()?;
    if_match(&headers, &tag(&app.settings().sign_in)?)?;
    new.address = new.address.filter(|address| !address.trim().is_empty());
    new.address = new.address.as_deref().map(address).transpose()?;
    check_limits(&new)?;
    put(&app, &caller, "sign-in", &new).await?;
    app.read_settings().await?;
    sign_in_settings(State(app), caller).await
}

/// The hub's address: HTTPS (or this machine), nothing after the host.
fn address(text: &str) -> Answer<String> {
    let url = Url::parse(text.trim()).map_err(|_| wrong("address: such as https://hub.clinic.example"))?;
    let is_here = url.host_str() == Some("localhost");
    if (url.scheme() != "https" && !is_here) || url.host_str().is_none() || url.path() != "/" || url.query().is_some() {
        return Err(wrong("address: https, a host name, and nothing after it, such as https://hub.clinic.example"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn check_limits(new: &SignInSettings) -> Answer<()> {
    let named: HashSet<Role> = new.sessions.iter().map(|limit| limit.role).collect();
    if named.len() != Role::ALL.len() || new.sessions.len() != Role::ALL.len() {
        return Err(wrong("sessions: each role once"));
    }
    for limit in &new.sessions {
        if !(5..=1440).contains(&limit.idle_minutes) || !(1..=168).contains(&limit.absolute_hours) {
            return Err(wrong(format!("sessions: {}: 5 to 1440 minutes idle, 1 to 168 hours in all", limit.role.name())));
        }
    }
    Ok(())
}

async fn put<T: Serialize + Sync>(app: &App, caller: &Caller, name: &'static str, value: &T) -> Answer<()> {
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    let before: Option<serde_json::Value> = app.store.setting("hub", name).await?;
    change.set_setting("hub", name, value).await?;
    let details = json!({ "before": before, "after": value });
    change.commit(Act::new("setting.set", name).with(details)).await?;
    Ok(())
}

/// Providers of OpenID Connect.
#[utoipa::path(get, path = "/api/settings/providers", tag = "settings", responses((status = 200, body = Vec<ShownProvider>)))]
async fn providers(State(app): State<App>, caller: Caller) -> Answer<(HeaderMap, axum::Json<Vec<ShownProvider>>)> {
    caller.require_hub(&app, Right::ManageHub).await?;
    let kept = app.settings().providers.clone();
    let shown = kept.iter().cloned().map(|one| ShownProvider {
        has_secret: one.sealed_secret.is_some(),
        provider: Provider {
            id: one.id,
            name: one.name,
            issuer: one.issuer,
            client_id: one.client_id,
            scopes: one.scopes,
            tenant: one.tenant,
            links_by_mail: one.links_by_mail,
            has_second_step: one.has_second_step,
        },
    });
    Ok((tagged(&tag(&kept)?), axum::Json(shown.collect())))
}

/// Sets the providers of OpenID Connect. Needs If-Match with the ETag that was read.
#[utoipa::path(put, path = "/api/settings/providers", tag = "settings", params(("If-Match" = String, Header)), request_body = Vec<NewProvider>, responses((status = 200, body = Vec<ShownProvider>)))]
async fn set_providers(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Json(new): Json<Vec<NewProvider>>,
) -> Answer<(HeaderMap, axum::Json<Vec<ShownProvider>>)> {
    caller.require_hub(&app, Right::ManageHub).await?;
    caller.session()?;
    let before = app.settings().providers.clone();
    if_match(&headers, &tag(&before)?)?;
    let ids: HashSet<&str> = new.iter().map(|one| one.provider.id.as_str()).collect();
    if ids.len() != new.len() || new.len() > 20 {
        return Err(wrong("id: each once, at most 20 providers"));
    }
    let tenants = app.store.tenants().await?;
    let mut kept = Vec::new();
    for one in new {
        if !tenants.iter().any(|tenant| tenant.id == one.provider.tenant) {
            return Err(wrong(format!("{}: tenant: no such tenant", one.provider.id)));
        }
        kept.push(keep(&app, one, &before)?);
    }
    put(&app, &caller, "providers", &kept).await?;
    app.read_settings().await?;
    providers(State(app), caller).await
}

/// A provider as it is kept.
fn keep(app: &App, new: NewProvider, before: &[KeptProvider]) -> Answer<KeptProvider> {
    let NewProvider { provider: one, client_secret } = new;
    let is_short = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if one.id.is_empty() || one.id.len() > 40 || !one.id.chars().all(is_short) {
        return Err(wrong("id: 1 to 40 lower-case letters, figures or dashes"));
    }
    let issuer = Url::parse(one.issuer.trim()).map_err(|_| wrong(format!("{}: issuer: not an address", one.id)))?;
    let is_here = matches!(issuer.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if issuer.scheme() != "https" && !is_here {
        return Err(wrong(format!("{}: issuer: must be HTTPS", one.id)));
    }
    if one.scopes.len() > 20 || one.scopes.iter().any(|scope| scope.is_empty() || scope.contains(char::is_whitespace)) {
        return Err(wrong(format!("{}: scopes: at most 20 words", one.id)));
    }
    let sealed_secret = match client_secret.filter(|secret| !secret.is_empty()) {
        Some(secret) => Some(app.desk.seal(&format!("secret of {}", one.id), &secret)?),
        // A secret is not sent to an issuer that it was not given for.
        None => before
            .iter()
            .find(|kept| kept.id == one.id && kept.issuer == one.issuer.trim())
            .and_then(|kept| kept.sealed_secret.clone()),
    };
    Ok(KeptProvider {
        name: named("name", &one.name)?,
        client_id: named("client_id", &one.client_id)?,
        issuer: one.issuer.trim().to_owned(),
        id: one.id,
        sealed_secret,
        scopes: one.scopes,
        tenant: one.tenant,
        links_by_mail: one.links_by_mail,
        has_second_step: one.has_second_step,
    })
}

/// Scope of a setting, where the caller may see and set it.
async fn scope(app: &App, caller: &Caller, of: Of) -> Answer<String> {
    match of.site {
        Some(site) => caller.require(app, Right::ManagePeople, &site).map(|()| site),
        None => caller.require_hub(app, Right::ManageHub).await.map(|()| "hub".to_owned()),
    }
}

/// Break-glass as it is set for a site, or for the hub.
#[utoipa::path(get, path = "/api/settings/break-glass", tag = "settings", params(Of), responses((status = 200, body = GlassSettings)))]
async fn glass_settings(
    State(app): State<App>,
    caller: Caller,
    Query(of): Query<Of>,
) -> Answer<(HeaderMap, axum::Json<GlassSettings>)> {
    let scope = scope(&app, &caller, of).await?;
    let settings = super::glass::settings(&app, &scope).await?;
    Ok((tagged(&tag(&settings)?), axum::Json(settings)))
}

/// Sets break-glass for a site, or for the hub. Needs If-Match with the ETag that was read.
#[utoipa::path(put, path = "/api/settings/break-glass", tag = "settings", params(Of, ("If-Match" = String, Header)), request_body = GlassSettings, responses((status = 200, body = GlassSettings)))]
async fn set_glass(
    State(app): State<App>,
    caller: Caller,
    Query(of): Query<Of>,
    headers: HeaderMap,
    Json(new): Json<GlassSettings>,
) -> Answer<(HeaderMap, axum::Json<GlassSettings>)> {
    let scope = scope(&app, &caller, of).await?;
    caller.session()?;
    let before = super::glass::settings(&app, &scope).await?;
    if_match(&headers, &tag(&before)?)?;
    if !(5..=720).contains(&new.most_minutes) || !(1..=720).contains(&new.review_hours) {
        return Err(wrong("most_minutes: 5 to 720; review_hours: 1 to 720"));
    }
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    change.set_setting(&scope, "break-glass", &new).await?;
    let act = Act::new("setting.set", "break-glass").with(json!({ "before": before, "after": new }));
    change.commit(if scope == "hub" { act } else { act.at(&scope) }).await?;
    Ok((tagged(&tag(&new)?), axum::Json(new)))
}

/// How long history is kept.
#[utoipa::path(get, path = "/api/settings/history", tag = "settings", responses((status = 200, body = HistorySettings)))]
async fn history_settings(State(app): State<App>, caller: Caller) -> Answer<(HeaderMap, axum::Json<HistorySettings>)> {
    caller.require_hub(&app, Right::ManageHub).await?;
    let settings = HistorySettings::read(&app.store).await?;
    Ok((tagged(&tag(&settings)?), axum::Json(settings)))
}

/// Sets how long history is kept. Needs If-Match with the ETag that was read. It holds from the hub's next start.
#[utoipa::path(put, path = "/api/settings/history", tag = "settings", params(("If-Match" = String, Header)), request_body = HistorySettings, responses((status = 200, body = HistorySettings)))]
async fn set_history(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    Json(new): Json<HistorySettings>,
) -> Answer<(HeaderMap, axum::Json<HistorySettings>)> {
    caller.require_hub(&app, Right::ManageHub).await?;
    caller.session()?;
    if_match(&headers, &tag(&HistorySettings::read(&app.store).await?)?)?;
    if !(1..=3650).contains(&new.keep_days) {
        return Err(wrong("keep_days: 1 to 3650"));
    }
    put(&app, &caller, HistorySettings::NAME, &new.keep_days).await?;
    Ok((tagged(&tag(&new)?), axum::Json(new)))
}
