//! One's own account: password, second steps, sessions.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use signin::{code::Code, password, totp};
use store::Act;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Json;
use super::session::{Shown, begin, prove, refused};
use crate::App;
use crate::auth::{Caller, Peer, SecondStep, SignedIn};
use crate::error::{Answer, Problem, kinds};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(change_password))
        .routes(routes!(begin_totp, confirm_totp, remove_totp))
        .routes(routes!(recovery))
        .routes(routes!(sessions, end_others))
        .routes(routes!(end_session))
}

/// Old and new password.
#[derive(Deserialize, ToSchema)]
struct NewPassword {
    /// The one that holds now.
    current: String,
    /// The one from now on: at least 15 characters, 8 beside a second step.
    new: String,
}

/// Something that fits the app which makes one-time codes.
#[derive(Serialize, ToSchema)]
struct TotpOffer {
    /// `otpauth://` address, for a picture that the app reads.
    url: String,
    /// The same secret to be typed, base32.
    secret: String,
}

/// A code of the app.
#[derive(Deserialize, ToSchema)]
struct AppCode {
    /// Six figures.
    code: String,
}

/// Codes to be printed and kept; each is good once.
#[derive(Serialize, ToSchema)]
struct RecoveryCodes {
    /// Codes. They are shown this once.
    codes: Vec<String>,
}

/// A session.
#[derive(Serialize, ToSchema)]
struct OwnSession {
    /// Id.
    id: String,
    /// It is the one that asks.
    is_this: bool,
    /// Where it was begun.
    address: String,
    /// `password`, `mfa` or `sealed`.
    strength: String,
    /// Begun, RFC 3339.
    #[schema(value_type = String)]
    created: Timestamp,
    /// Used last, to a minute, RFC 3339.
    #[schema(value_type = String)]
    last_used: Timestamp,
}

/// What others would guess in a password of somebody.
pub(super) async fn weak(app: &App, person: &store::PersonRow, chosen: &str, has_second_factor: bool) -> Answer<()> {
    let mut context = vec![person.login.clone(), person.name.clone(), person.email.clone()];
    context
        .extend(app.store.tenants().await?.into_iter().filter(|tenant| tenant.id == person.tenant_id).map(|tenant| tenant.name));
    context.extend(app.sites().into_iter().filter(|site| site.tenant_id == person.tenant_id).map(|site| site.name));
    let context: Vec<&str> = context.iter().map(String::as_str).collect();
    let checked = password::check(chosen, password::Rules { has_second_factor, context: &context });
    checked.map_err(|weak| Problem::new(&kinds::UNPROCESSABLE, format!("password: {weak}")))
}

/// Changes one's own password. All other sessions end.
#[utoipa::path(put, path = "/api/me/password", tag = "me", request_body = NewPassword, responses((status = 204)))]
async fn change_password(
    State(app): State<App>,
    caller: Caller,
    peer: Peer,
    Json(body): Json<NewPassword>,
) -> Answer<StatusCode> {
    let (session, person) = (caller.session()?, &caller.person);
    let (account, source) = (format!("password {}", person.id), peer.source(&app, Some(&person.id)).await?);
    app.desk.begin(&account, &source, app.now())?;
    if !app.desk.matches(body.current, person.password.clone()).await? {
        return Err(refused(&app, person.id.clone(), &peer, kinds::WRONG_SIGN_IN.code).await?);
    }
    app.desk.succeeded(&account, &source);
    weak(&app, person, &body.new, caller.proofs.has_totp || caller.proofs.passkeys > 0).await?;
    let hashed = app.desk.hash(body.new).await?;
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    change.set_password(&person.id, &hashed).await?;
    change.forget_devices(&person.id).await?;
    let ended = change.end_sessions_of(&person.id, Some(&session.token_hash)).await?;
    change.commit(Act::new("person.password", &person.id).with(json!({ "sessions_ended": ended }))).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Begins to set up an app for one-time codes; it counts once a code of it was confirmed.
#[utoipa::path(post, path = "/api/me/totp", tag = "me", responses((status = 201, body = TotpOffer)))]
async fn begin_totp(State(app): State<App>, SignedIn(caller): SignedIn) -> Answer<(StatusCode, axum::Json<TotpOffer>)> {
    caller.require_enrolment()?;
    let person = &caller.person;
    if caller.proofs.has_totp {
        return Err(Problem::new(&kinds::CONFLICT, "there is an app already; remove it first"));
    }
    let offer = totp::enrol("Medwarden", &person.login).map_err(|error| Problem::new(&kinds::INTERNAL, error.to_string()))?;
    let sealed = app.desk.seal(&format!("totp of {}", person.id), &offer.secret)?;
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    change.begin_totp(&person.id, &sealed).await?;
    change.commit(Act::new("person.totp.begin", &person.id)).await?;
    Ok((StatusCode::CREATED, axum::Json(TotpOffer { url: offer.url, secret: offer.secret })))
}

/// Confirms the app with its first code. The session's token changes, and its second step is done.
#[utoipa::path(put, path = "/api/me/totp", tag = "me", request_body = AppCode, responses((status = 204, description = "The cookie is set")))]
async fn confirm_totp(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    peer: Peer,
    Json(body): Json<AppCode>,
) -> Answer<(StatusCode, HeaderMap)> {
    caller.require_enrolment()?;
    let (before, person) = (caller.session()?.token_hash.clone(), &caller.person);
    let row = app.store.totp(&person.id).await?.filter(|row| !row.is_confirmed);
    let row = row.ok_or_else(|| Problem::new(&kinds::CONFLICT, "no app waits to be confirmed"))?;
    let source = peer.source(&app, Some(&person.id)).await?;
    app.desk.begin(&format!("confirm {}", person.id), &source, app.now())?;
    let kept = app.desk.open_sealed(&format!("totp of {}", person.id), &row.secret)?;
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    let now_s = crate::auth::seconds(change.now()).unsigned_abs();
    let step = totp::verify(&kept, &body.code, now_s, None).map_err(|error| Problem::new(&kinds::INTERNAL, error.to_string()))?;
    let is_right = match step {
        Some(step) => change.take_totp(&person.id, step).await?,
        None => false,
    };
    if !is_right {
        return Err(Problem::of(&kinds::WRONG_CODE));
    }
    app.desk.succeeded(&format!("confirm {}", person.id), &source);
    change.remove_exception(&person.id).await?;
    change.note(&Act::new("person.totp.add", &person.id)).await?;
    change.end_session(&before).await?;
    begin(&app, change, person, &Shown { strength: "mfa", way: "one-time code" }, &peer).await
}

/// Removes the app, with a code of it or a recovery code.
#[utoipa::path(delete, path = "/api/me/totp", tag = "me", request_body = AppCode, responses((status = 204)))]
async fn remove_totp(State(app): State<App>, caller: Caller, peer: Peer, Json(body): Json<AppCode>) -> Answer<StatusCode> {
    caller.session()?;
    let source = peer.source(&app, Some(&caller.person.id)).await?;
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    if prove(&app, &mut change, &caller.person, &body.code, &source).await?.is_none() {
        drop(change);
        return Err(refused(&app, caller.person.id, &peer, kinds::WRONG_CODE.code).await?);
    }
    change.remove_totp(&caller.person.id).await?;
    change.commit(Act::new("person.totp.remove", &caller.person.id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a new set of recovery codes; those before are void.
#[utoipa::path(post, path = "/api/me/recovery-codes", tag = "me", responses((status = 201, body = RecoveryCodes)))]
async fn recovery(State(app): State<App>, caller: Caller) -> Answer<(StatusCode, axum::Json<RecoveryCodes>)> {
    caller.require_enrolment()?;
    if caller.second_step != SecondStep::Done {
        return Err(Problem::new(&kinds::CONFLICT, "set up an app or a passkey first: a recovery code stands in for one"));
    }
    let codes = Code::set().map_err(|_| Problem::of(&kinds::INTERNAL))?;
    let digests: Vec<String> = codes.iter().map(Code::digest).collect();
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    change.set_recovery_codes(&caller.person.id, &digests).await?;
    change.commit(Act::new("person.recovery-codes", &caller.person.id)).await?;
    let codes = codes.iter().map(|code| code.reveal().to_owned()).collect();
    Ok((StatusCode::CREATED, axum::Json(RecoveryCodes { codes })))
}

/// Name of a session that tells nothing of its token.
fn id_of(token_hash: &str) -> String {
    token_hash.chars().take(16).collect()
}

/// One's own sessions.
#[utoipa::path(get, path = "/api/me/sessions", tag = "me", responses((status = 200, body = Vec<OwnSession>)))]
async fn sessions(State(app): State<App>, caller: Caller) -> Answer<axum::Json<Vec<OwnSession>>> {
    let (this, now) = (caller.session()?.token_hash.clone(), app.now());
    let rows = app.store.sessions_of(&caller.person.id).await?;
    let own = rows.into_iter().filter(|row| row.expires > now).map(|row| OwnSession {
        id: id_of(&row.token_hash),
        is_this: row.token_hash == this,
        address: row.address,
        strength: row.strength,
        created: row.created,
        last_used: row.last_used,
    });
    Ok(axum::Json(own.collect()))
}

/// Ends all of one's own sessions but this one, and forgets every browser.
#[utoipa::path(delete, path = "/api/me/sessions", tag = "me", responses((status = 204)))]
async fn end_others(State(app): State<App>, caller: Caller) -> Answer<StatusCode> {
    let this = caller.session()?.token_hash.clone();
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    let ended = change.end_sessions_of(&caller.person.id, Some(&this)).await?;
    change.forget_devices(&caller.person.id).await?;
    change.commit(Act::new("session.end-others", &caller.person.id).with(json!({ "sessions_ended": ended }))).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends one of one's own sessions.
#[utoipa::path(delete, path = "/api/me/sessions/{id}", tag = "me", params(("id" = String, Path)), responses((status = 204)))]
async fn end_session(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Answer<StatusCode> {
    caller.session()?;
    let rows = app.store.sessions_of(&caller.person.id).await?;
    let row = rows.into_iter().find(|row| id_of(&row.token_hash) == id).ok_or_else(|| Problem::of(&kinds::ABSENT))?;
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    change.end_session(&row.token_hash).await?;
    change.commit(Act::new("session.end", &caller.person.id).with(json!({ "session": id }))).await?;
    Ok(StatusCode::NO_CONTENT)
}
