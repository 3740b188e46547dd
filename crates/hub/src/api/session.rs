//! Signing in and out. A session is as strong as what was shown: a password, or a second step beside it.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;
use signin::throttle::Source;
use signin::{code, totp};
use store::{Act, Actor, Change, PersonRow, SessionRow, secret};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Json;
use super::me::weak;
use crate::App;
use crate::auth::{
    COOKIE, Caller, DEVICE, Peer, Right, Role, SecondStep, SignedIn, digest, grants, limits, second_step, seconds,
};
use crate::error::{Answer, Problem, kinds};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(session, sign_in, sign_out)).routes(routes!(second)).routes(routes!(accept))
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
    /// Where the second step stands. Until it is `done` or `not_needed`, other routes answer `second-step`.
    second_step: SecondStep,
    /// Second steps that the person has: `totp`, `passkey`, `recovery`.
    second_steps: Vec<&'static str>,
    /// Why none is needed for now, where a role would need one.
    exception: Option<HeldException>,
}

/// Why somebody may do without a second step.
#[derive(Serialize, ToSchema)]
pub(super) struct HeldException {
    /// Reason.
    pub(super) reason: String,
    /// Until when, RFC 3339.
    #[schema(value_type = String)]
    pub(super) until: model::Timestamp,
}

/// A role and where it holds.
#[derive(Serialize, ToSchema)]
pub(super) struct HeldRole {
    /// Role.
    pub(super) role: Role,
    /// Tenant.
    pub(super) tenant: String,
    /// Site; absent for all of the tenant's.
    pub(super) site: Option<String>,
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
    /// One-time code of the app, or a recovery code, where the person likes to give it at once.
    code: Option<String>,
}

/// A second step.
#[derive(Deserialize, ToSchema)]
struct Second {
    /// One-time code of the app, or a recovery code.
    code: String,
}

/// An invitation that is taken up.
#[derive(Deserialize, ToSchema)]
struct Accepted {
    /// Code of the invitation.
    code: String,
    /// Password from now on, at least 15 characters.
    password: String,
}

fn of(app: &App, caller: &Caller) -> Session {
    let sites = app.sites().into_iter().filter(|site| caller.knows(&site.tenant_id, &site.id));
    let rights = crate::auth::RIGHTS.iter().map(|(right, _)| *right);
    let (proofs, now) = (&caller.proofs, app.now());
    let steps = [("totp", proofs.has_totp), ("passkey", proofs.passkeys > 0), ("recovery", proofs.recovery_codes > 0)];
    let exception = proofs.exception.clone().filter(|exception| exception.until > now);
    Session {
        person: caller.person.id.clone(),
        name: caller.person.name.clone(),
        csrf: caller.session().map(|session| session.csrf.clone()).unwrap_or_default(),
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
        second_step: caller.second_step,
        second_steps: steps.into_iter().filter(|(_, has)| *has).map(|(name, _)| name).collect(),
        exception: exception.map(|exception| HeldException { reason: exception.reason, until: exception.until }),
    }
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/session", tag = "session", responses((status = 200, body = Session)))]
async fn session(State(app): State<App>, SignedIn(caller): SignedIn) -> axum::Json<Session> {
    axum::Json(of(&app, &caller))
}

/// Signs in by name and password. Where a second step is owed, `GET /api/session` says so, and nothing else can be done before it.
#[utoipa::path(post, path = "/api/session", tag = "session", request_body = SignIn, responses((status = 204, description = "The cookie is set")))]
async fn sign_in(State(app): State<App>, peer: Peer, Json(body): Json<SignIn>) -> Answer<(StatusCode, HeaderMap)> {
    let now = app.now();
    let found = if body.login.len() <= 200 { app.store.person_by_login(&body.login).await? } else { None };
    let person = found.filter(|person| person.is_active && !person.is_sealed);
    let id = person.as_ref().map(|person| person.id.as_str());
    // What is no account counts like one, so that waiting tells nothing.
    let mut account = id.map_or_else(|| format!("login {}", digest(&body.login)), str::to_owned);
    let source = peer.source(&app, id).await?;
    let typed = body.code.as_deref().map(code::digest).unwrap_or_default();
    if app.store.has_recovery_code(id.unwrap_or_default(), &typed).await? {
        // Nobody guesses 100 random bits: whoever has such a code is not held up by what others did.
        account = format!("recovery {account}");
    }
    app.desk.begin(&account, &source, now)?;
    let phc = person.as_ref().and_then(|person| person.password.clone());
    let is_right = app.desk.matches(body.password, phc).await?;
    let Some(person) = person.filter(|_| is_right) else {
        return Err(refused(&app, person_of(&app, &body.login).await?, &peer, kinds::WRONG_SIGN_IN.code).await?);
    };
    app.desk.succeeded(&account, &source);
    let mut change = app.store.begin(&actor(&person), now).await?;
    let shown = match body.code {
        Some(code) => match prove(&app, &mut change, &person, &code, &source).await? {
            Some(way) => Shown { strength: "mfa", way },
            None => {
                drop(change);
                return Err(refused(&app, person.id, &peer, kinds::WRONG_CODE.code).await?);
            }
        },
        None => Shown { strength: "password", way: "password" },
    };
    begin(&app, change, &person, &shown, &peer).await
}

/// The second step of a session that has only shown a password. The session's token changes.
#[utoipa::path(post, path = "/api/session/second", tag = "session", request_body = Second, responses((status = 204, description = "The cookie is set")))]
async fn second(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    peer: Peer,
    Json(body): Json<Second>,
) -> Answer<(StatusCode, HeaderMap)> {
    let before = caller.session()?.token_hash.clone();
    let source = peer.source(&app, Some(&caller.person.id)).await?;
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    let Some(way) = prove(&app, &mut change, &caller.person, &body.code, &source).await? else {
        drop(change);
        return Err(refused(&app, caller.person.id, &peer, kinds::WRONG_CODE.code).await?);
    };
    change.end_session(&before).await?;
    begin(&app, change, &caller.person, &Shown { strength: "mfa", way }, &peer).await
}

/// Takes an invitation up: the password holds from now on, every other session ends.
#[utoipa::path(post, path = "/api/session/invitation", tag = "session", request_body = Accepted, responses((status = 204, description = "The cookie is set")))]
async fn accept(State(app): State<App>, peer: Peer, Json(body): Json<Accepted>) -> Answer<(StatusCode, HeaderMap)> {
    let now = app.now();
    let invited = app.store.invited(&code::digest(&body.code), now).await?;
    let person = match invited {
        Some(id) => app.store.person(&id).await?.filter(|person| person.is_active),
        None => None,
    };
    let Some(person) = person else {
        app.desk.begin("invitation", &peer.source(&app, None).await?, now)?;
        return Err(refused(&app, "invitation".to_owned(), &peer, kinds::WRONG_CODE.code).await?);
    };
    let proofs = app.store.proofs(&person.id).await?;
    weak(&app, &person, &body.password, proofs.has_totp || proofs.passkeys > 0).await?;
    let hashed = app.desk.hash(body.password).await?;
    let mut change = app.store.begin(&actor(&person), now).await?;
    if !change.use_invitation(&person.id).await? {
        return Err(Problem::of(&kinds::WRONG_CODE));
    }
    change.set_password(&person.id, &hashed).await?;
    change.forget_devices(&person.id).await?;
    change.end_sessions_of(&person.id, None).await?;
    change.note(&Act::new("person.password", &person.id).of(&person.tenant_id)).await?;
    begin(&app, change, &person, &Shown { strength: "password", way: "invitation" }, &peer).await
}

/// Signs out.
#[utoipa::path(delete, path = "/api/session", tag = "session", responses((status = 204)))]
async fn sign_out(State(app): State<App>, SignedIn(caller): SignedIn, _: Request) -> Answer<(StatusCode, HeaderMap)> {
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    change.end_session(&caller.session()?.token_hash).await?;
    change.commit(Act::new("session.end", &caller.person.id)).await?;
    let mut headers = HeaderMap::new();
    set_cookie(&app, &mut headers, COOKIE, "", 0, "Strict");
    Ok((StatusCode::NO_CONTENT, headers))
}

/// What somebody showed at sign-in.
pub(super) struct Shown {
    /// `password`, `mfa` or `sealed`.
    pub(super) strength: &'static str,
    /// By what, for the ledger.
    pub(super) way: &'static str,
}

/// Somebody who signs in, as the ledger has it.
pub(super) fn actor(person: &PersonRow) -> Actor {
    Actor { kind: store::ActorKind::Person, id: person.id.clone(), name: person.name.clone(), break_glass: None }
}

/// What was typed as a name may be a password; only what is somebody's is kept.
async fn person_of(app: &App, login: &str) -> Answer<String> {
    Ok(app.store.person_by_login(login).await?.map_or_else(|| "unknown".to_owned(), |person| person.id))
}

/// Notes a sign-in that was refused.
pub(super) async fn refused(app: &App, subject: String, peer: &Peer, why: &'static str) -> Answer<Problem> {
    let change = app.store.begin(&Actor::nobody(), app.now()).await?;
    let details = json!({ "address": peer.address(), "why": why });
    change.commit(Act::new("session.refused", subject).with(details)).await?;
    Ok(Problem::of(if why == kinds::WRONG_SIGN_IN.code { &kinds::WRONG_SIGN_IN } else { &kinds::WRONG_CODE }))
}

/// Takes a one-time code or a recovery code, once; none where it is wrong.
pub(super) async fn prove(
    app: &App,
    change: &mut Change,
    person: &PersonRow,
    typed: &str,
    source: &Source,
) -> Answer<Option<&'static str>> {
    if change.use_recovery_code(&person.id, &code::digest(typed)).await? {
        return Ok(Some("recovery code"));
    }
    // Whoever guesses here knows the password: their guesses count wherever they come from, but for browsers that are known.
    let (account, source) = (format!("code {}", person.id), Source { address: format!("code {}", person.id), ..source.clone() });
    app.desk.begin(&account, &source, change.now())?;
    let Some(row) = app.store.totp(&person.id).await?.filter(|row| row.is_confirmed) else { return Ok(None) };
    let kept = app.desk.open_sealed(&format!("totp of {}", person.id), &row.secret)?;
    let now_s = seconds(change.now()).unsigned_abs();
    let step = totp::verify(&kept, typed, now_s, Some(row.last_step))
        .map_err(|error| Problem::new(&kinds::INTERNAL, error.to_string()))?;
    match step {
        Some(step) if change.take_totp(&person.id, step).await? => {
            app.desk.succeeded(&account, &source);
            Ok(Some("one-time code"))
        }
        _ => Ok(None),
    }
}

/// Begins a session; the browser is known from now on, once nothing is owed.
pub(super) async fn begin(
    app: &App,
    mut change: Change,
    person: &PersonRow,
    shown: &Shown,
    peer: &Peer,
) -> Answer<(StatusCode, HeaderMap)> {
    let (token, now) = (secret(), change.now());
    let grants = grants(app, &person.id).await?;
    let (_, absolute) = limits(&app.settings().sign_in, &grants);
    let row = SessionRow {
        token_hash: digest(&token),
        person_id: person.id.clone(),
        csrf: secret(),
        created: now,
        last_used: now,
        expires: now.plus_nanos(absolute),
        strength: shown.strength.to_owned(),
        address: peer.address(),
    };
    change.add_session(&row).await?;
    let mut headers = HeaderMap::new();
    let step = second_step(app, &grants, &app.store.proofs(&person.id).await?, shown.strength, now);
    if matches!(step, SecondStep::Done | SecondStep::NotNeeded) {
        let device = peer.device.clone().filter(|device| device.len() == 43).unwrap_or_else(secret);
        change.know_device(&person.id, &digest(&device)).await?;
        set_cookie(app, &mut headers, DEVICE, &device, 180 * 24 * 3600, "Strict");
    }
    let details = json!({ "strength": shown.strength, "way": shown.way, "address": row.address });
    change.commit(Act::new("session.begin", &person.id).with(details)).await?;
    set_cookie(app, &mut headers, COOKIE, &token, absolute / 1_000_000_000, "Strict");
    Ok((StatusCode::NO_CONTENT, headers))
}

/// Sets a cookie that no script reads.
pub(super) fn set_cookie(app: &App, headers: &mut HeaderMap, name: &str, value: &str, seconds: i64, same_site: &str) {
    let (prefix, secure) = if app.is_https { ("__Host-", "; Secure") } else { ("", "") };
    let line = format!("{prefix}{name}={value}; Path=/; HttpOnly; SameSite={same_site}; Max-Age={seconds}{secure}");
    if let Ok(value) = HeaderValue::from_str(&line) {
        headers.append(header::SET_COOKIE, value);
    }
}
