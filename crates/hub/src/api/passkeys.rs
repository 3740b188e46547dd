//! Passkeys: adding and removing one's own, and signing in with one. A passkey is both steps at once.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use signin::passkey::{Account, Error, Kept, Passkeys};
use store::{Act, PasskeyRow};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Json;
use super::session::{Shown, actor, begin, refused};
use crate::App;
use crate::auth::{Caller, Ceremony, Peer, SignedIn};
use crate::error::{Answer, Problem, kinds};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(own_passkeys, register_passkey))
        .routes(routes!(registered))
        .routes(routes!(remove_passkey))
        .routes(routes!(begin_passkey))
        .routes(routes!(signed_in))
}

/// A passkey.
#[derive(Serialize, ToSchema)]
struct OwnPasskey {
    /// Id.
    id: String,
    /// What the person calls it.
    name: String,
    /// Added, RFC 3339.
    #[schema(value_type = String)]
    created: Timestamp,
    /// Used last, RFC 3339.
    #[schema(value_type = String)]
    last_used: Timestamp,
}

/// A passkey to be added.
#[derive(Deserialize, ToSchema)]
struct NewPasskey {
    /// What the person calls it.
    name: String,
}

/// Whose passkey.
#[derive(Deserialize, ToSchema)]
struct PasskeySignIn {
    /// What was given as login.
    login: String,
}

/// What the browser is asked (W3C Web Authentication Level 3).
#[derive(Serialize, ToSchema)]
struct PasskeyAsked {
    /// To send back with the answer.
    ceremony: String,
    /// For `navigator.credentials.create` or `.get`, in their JSON form.
    options: Value,
}

/// What the browser answers.
#[derive(Deserialize, ToSchema)]
struct PasskeyAnswer {
    /// As it was given with the options.
    ceremony: String,
    /// The browser's credential in its JSON form.
    answer: Value,
}

/// The ceremonies at the hub's address, or at this machine's own name.
fn passkeys(app: &App, peer: &Peer) -> Answer<Passkeys> {
    let scheme = if app.is_https { "https" } else { "http" };
    let here = peer.localhost().map(|host| format!("{scheme}://{host}"));
    let origin = app.settings().sign_in.address.clone().or(here);
    let origin =
        origin.ok_or_else(|| Problem::new(&kinds::CONFLICT, "passkeys need the hub's address in the settings of sign-in"))?;
    Passkeys::new(&origin).map_err(|error| Problem::new(&kinds::CONFLICT, error.to_string()))
}

fn kept(rows: Vec<PasskeyRow>) -> Vec<Kept> {
    rows.into_iter().map(|row| Kept { id: row.id, body: row.body }).collect()
}

fn wrong(error: &Error) -> Problem {
    Problem::new(&kinds::WRONG_CODE, error.to_string())
}

/// One's own passkeys.
#[utoipa::path(get, path = "/api/me/passkeys", tag = "me", responses((status = 200, body = Vec<OwnPasskey>)))]
async fn own_passkeys(State(app): State<App>, SignedIn(caller): SignedIn) -> Answer<axum::Json<Vec<OwnPasskey>>> {
    let rows = app.store.passkeys(&caller.person.id).await?;
    let own =
        rows.into_iter().map(|row| OwnPasskey { id: row.id, name: row.name, created: row.created, last_used: row.last_used });
    Ok(axum::Json(own.collect()))
}

/// Begins to add a passkey.
#[utoipa::path(post, path = "/api/me/passkeys", tag = "me", request_body = NewPasskey, responses((status = 200, body = PasskeyAsked)))]
async fn register_passkey(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    peer: Peer,
    Json(body): Json<NewPasskey>,
) -> Answer<axum::Json<PasskeyAsked>> {
    caller.require_enrolment()?;
    let name = super::named("name", &body.name)?;
    let person = caller.person;
    let existing = kept(app.store.passkeys(&person.id).await?);
    if existing.len() >= 20 {
        return Err(Problem::new(&kinds::CONFLICT, "there are 20 passkeys already; remove one first"));
    }
    let account = Account { id: &person.id, login: &person.login, name: &person.name };
    let begun = passkeys(&app, &peer)?.begin_register(account, &existing);
    let (options, state) = begun.map_err(|error| Problem::new(&kinds::INTERNAL, error.to_string()))?;
    let ceremony = app.desk.remember(Ceremony::Register { person: person.id, name, state }, app.now());
    Ok(axum::Json(PasskeyAsked { ceremony, options }))
}

/// Adds the passkey that the browser made. The session's token changes, and its second step is done.
#[utoipa::path(post, path = "/api/me/passkeys/answer", tag = "me", request_body = PasskeyAnswer, responses((status = 204, description = "The cookie is set")))]
async fn registered(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    peer: Peer,
    Json(body): Json<PasskeyAnswer>,
) -> Answer<(StatusCode, HeaderMap)> {
    caller.require_enrolment()?;
    let (before, person) = (caller.session()?.token_hash.clone(), &caller.person);
    let Ceremony::Register { person: begun_by, name, state } = app.desk.recall(&body.ceremony, app.now())? else {
        return Err(Problem::of(&kinds::CONFLICT));
    };
    if begun_by != person.id {
        return Err(Problem::of(&kinds::CONFLICT));
    }
    let made = passkeys(&app, &peer)?.end_register(&state, body.answer).map_err(|error| wrong(&error))?;
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    change.keep_passkey(&person.id, &made.id, &name, &made.body).await?;
    change.remove_exception(&person.id).await?;
    change.note(&Act::new("person.passkey.add", &person.id).with(json!({ "passkey": made.id, "name": name }))).await?;
    change.end_session(&before).await?;
    begin(&app, change, person, &Shown { strength: "mfa", way: "passkey" }, &peer).await
}

/// Removes one of one's own passkeys.
#[utoipa::path(delete, path = "/api/me/passkeys/{id}", tag = "me", params(("id" = String, Path)), responses((status = 204)))]
async fn remove_passkey(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Answer<StatusCode> {
    caller.session()?;
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    if !change.remove_passkey(&caller.person.id, &id).await? {
        return Err(Problem::new(&kinds::ABSENT, "no such passkey"));
    }
    change.commit(Act::new("person.passkey.remove", &caller.person.id).with(json!({ "passkey": id }))).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Begins to sign in with a passkey. What comes back does not tell who has an account.
#[utoipa::path(post, path = "/api/session/passkey", tag = "session", request_body = PasskeySignIn, responses((status = 200, body = PasskeyAsked)))]
async fn begin_passkey(State(app): State<App>, peer: Peer, Json(body): Json<PasskeySignIn>) -> Answer<axum::Json<PasskeyAsked>> {
    let hub = passkeys(&app, &peer)?;
    let login = super::named("login", &body.login)?;
    let person = app.store.person_by_login(&login).await?.filter(|person| person.is_active && !person.is_sealed);
    let kept = match &person {
        Some(person) => kept(app.store.passkeys(&person.id).await?),
        None => Vec::new(),
    };
    let failed = |error: Error| Problem::new(&kinds::INTERNAL, error.to_string());
    let (options, state) = if kept.is_empty() {
        let secret = app.desk.pretence();
        (hub.pretend(&secret, &login.to_lowercase()).map_err(failed)?, None)
    } else {
        let (options, state) = hub.begin(&kept).map_err(failed)?;
        (options, Some(state))
    };
    let ceremony = app.desk.remember(Ceremony::SignIn { person: person.map(|person| person.id), state }, app.now());
    Ok(axum::Json(PasskeyAsked { ceremony, options }))
}

/// Signs in with the passkey's answer.
#[utoipa::path(post, path = "/api/session/passkey/answer", tag = "session", request_body = PasskeyAnswer, responses((status = 204, description = "The cookie is set")))]
async fn signed_in(State(app): State<App>, peer: Peer, Json(body): Json<PasskeyAnswer>) -> Answer<(StatusCode, HeaderMap)> {
    let Ceremony::SignIn { person, state } = app.desk.recall(&body.ceremony, app.now())? else {
        return Err(Problem::of(&kinds::CONFLICT));
    };
    let (Some(id), Some(state)) = (person, state) else { return Err(Problem::of(&kinds::WRONG_CODE)) };
    let person = app.store.person(&id).await?.filter(|person| person.is_active).ok_or_else(|| Problem::of(&kinds::WRONG_CODE))?;
    let kept = kept(app.store.passkeys(&id).await?);
    let used = match passkeys(&app, &peer)?.end(&state, body.answer, &kept) {
        Ok(used) => used,
        Err(error) => {
            tracing::info!(%error, person = id, "a passkey was refused");
            return Err(refused(&app, id, &peer, kinds::WRONG_CODE.code).await?);
        }
    };
    let mut change = app.store.begin(&actor(&person), app.now()).await?;
    change.keep_passkey(&person.id, &used.id, "", &used.body).await?;
    begin(&app, change, &person, &Shown { strength: "mfa", way: "passkey" }, &peer).await
}
