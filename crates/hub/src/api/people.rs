//! People: who may sign in, with which roles, by whose invitation.

use std::collections::HashMap;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use signin::code::Code;
use store::{Act, Change, ExceptionRow, PersonRow, RoleRow};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::session::{HeldException, HeldRole};
use super::{Json, if_match, named, tagged, words};
use crate::App;
use crate::auth::{Caller, MINUTE_NANOS, Right, Role};
use crate::error::{Answer, Problem, kinds};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(people, add_person))
        .routes(routes!(change_person))
        .routes(routes!(invite))
        .routes(routes!(give_role, take_role))
        .routes(routes!(give_exception, take_exception))
}

/// An invitation is good for a week.
const INVITED_NANOS: i64 = 7 * 24 * 60 * MINUTE_NANOS;
/// Nobody does without a second step for longer than a quarter of a year at a time.
const MOST_EXCEPTED_NANOS: i64 = 92 * 24 * 60 * MINUTE_NANOS;

/// Somebody who may sign in.
#[derive(Serialize, ToSchema)]
struct Person {
    /// Id.
    id: String,
    /// What they type at sign-in.
    login: String,
    /// Name.
    name: String,
    /// Where mail goes.
    email: String,
    /// Whose person it is; only there it is changed.
    tenant: String,
    /// May sign in.
    is_active: bool,
    /// Has chosen a password.
    has_password: bool,
    /// Second steps: `totp`, `passkey`, `recovery`.
    second_steps: Vec<&'static str>,
    /// Why none is needed for now.
    exception: Option<HeldException>,
    /// Roles at the tenants that the caller manages.
    roles: Vec<HeldRole>,
    /// For If-Match.
    etag: String,
}

/// Somebody to be added.
#[derive(Deserialize, ToSchema)]
struct NewPerson {
    /// What they will type at sign-in.
    login: String,
    /// Name.
    name: String,
    /// Where mail goes; may be empty.
    #[serde(default)]
    email: String,
    /// Whose person it is.
    tenant: String,
    /// First roles, at this tenant.
    #[serde(default)]
    roles: Vec<NewRole>,
}

/// A role at a place.
#[derive(Clone, Deserialize, ToSchema)]
struct NewRole {
    /// Role.
    role: Role,
    /// Tenant.
    tenant: String,
    /// Site; all of the tenant's where absent.
    site: Option<String>,
}

/// What changes of somebody; what is absent stays.
#[derive(Deserialize, ToSchema)]
struct PersonChange {
    /// Name.
    name: Option<String>,
    /// Where mail goes.
    email: Option<String>,
    /// May sign in. Where not, every session and token ends at once.
    is_active: Option<bool>,
}

/// An invitation, to be handed over in person or by another way than the hub's.
#[derive(Serialize, ToSchema)]
struct Invitation {
    /// Whom it is for.
    person: String,
    /// Code for `POST /api/session/invitation`. It is shown this once.
    code: String,
    /// Good until, RFC 3339.
    #[schema(value_type = String)]
    until: Timestamp,
}

/// What an invitation is to do.
#[derive(Deserialize, ToSchema)]
struct NewInvitation {
    /// Forget app, passkeys and recovery codes as well, as for somebody who lost the phone. Every session ends.
    #[serde(default)]
    forgets_second_steps: bool,
}

/// Why somebody may do without a second step.
#[derive(Deserialize, ToSchema)]
struct NewException {
    /// Why care would wait for it; at least 10 characters. It stands in the ledger.
    reason: String,
    /// Until then, RFC 3339; at most 92 days ahead.
    #[schema(value_type = String)]
    until: Timestamp,
}

fn tag(row: &PersonRow) -> String {
    format!("\"{}-{}\"", row.id, row.version)
}

/// The caller manages people of a tenant.
pub(super) fn manages(caller: &Caller, tenant: &str) -> bool {
    caller.may(Right::ManagePeople, tenant, None)
}

/// Somebody of a tenant whose people the caller manages.
async fn managed(app: &App, caller: &Caller, id: &str) -> Answer<PersonRow> {
    caller.require_anywhere(Right::ManagePeople)?;
    let found = app.store.person(id).await?.filter(|person| !person.is_sealed && manages(caller, &person.tenant_id));
    found.ok_or_else(|| Problem::new(&kinds::ABSENT, "no such person"))
}

/// Everybody with a home or a role at a tenant whose people the caller manages.
#[utoipa::path(get, path = "/api/people", tag = "people", responses((status = 200, body = Vec<Person>)))]
async fn people(State(app): State<App>, caller: Caller) -> Answer<axum::Json<Vec<Person>>> {
    caller.require_anywhere(Right::ManagePeople)?;
    let mut roles: HashMap<String, Vec<RoleRow>> = HashMap::new();
    for (person, role) in app.store.roles().await?.into_iter().filter(|(_, role)| manages(&caller, &role.tenant_id)) {
        roles.entry(person).or_default().push(role);
    }
    let mut found = Vec::new();
    for row in app.store.people().await?.into_iter().filter(|row| !row.is_sealed) {
        let held = roles.remove(&row.id).unwrap_or_default();
        if manages(&caller, &row.tenant_id) || !held.is_empty() {
            found.push(shown(&app, row, held).await?);
        }
    }
    Ok(axum::Json(found))
}

async fn shown(app: &App, row: PersonRow, held: Vec<RoleRow>) -> Answer<Person> {
    let (proofs, now) = (app.store.proofs(&row.id).await?, app.now());
    let steps = [("totp", proofs.has_totp), ("passkey", proofs.passkeys > 0), ("recovery", proofs.recovery_codes > 0)];
    let exception = proofs.exception.filter(|exception| exception.until > now);
    let role = |held: RoleRow| Some(HeldRole { role: Role::by_name(&held.role)?, tenant: held.tenant_id, site: held.site_id });
    Ok(Person {
        etag: tag(&row),
        id: row.id,
        login: row.login,
        name: row.name,
        email: row.email,
        tenant: row.tenant_id,
        is_active: row.is_active,
        has_password: row.password.is_some(),
        second_steps: steps.into_iter().filter(|(_, has)| *has).map(|(name, _)| name).collect(),
        exception: exception.map(|one| HeldException { reason: one.reason, until: one.until }),
        roles: held.into_iter().filter_map(role).collect(),
    })
}

/// A login: 1 to 100 characters without blanks.
fn login(text: &str) -> Answer<String> {
    let text = named("login", text)?;
    if text.chars().count() > 100 || text.chars().any(char::is_whitespace) {
        return Err(Problem::new(&kinds::UNPROCESSABLE, "login: 1 to 100 characters without blanks"));
    }
    Ok(text.to_lowercase())
}

/// An address that mail can go to, or nothing.
fn email(text: &str) -> Answer<String> {
    let text = text.trim();
    let is_right = text.chars().count() <= 200
        && !text.chars().any(|c| c.is_control() || c.is_whitespace())
        && text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    if text.is_empty() || is_right {
        return Ok(text.to_owned());
    }
    Err(Problem::new(&kinds::UNPROCESSABLE, "email: name@host, or empty"))
}

/// The role as it is kept, where the caller may give it.
fn giveable(app: &App, caller: &Caller, new: &NewRole) -> Answer<RoleRow> {
    if !manages(caller, &new.tenant) {
        return Err(Problem::new(&kinds::ABSENT, "no such tenant, or you do not manage its people"));
    }
    let is_there = |id: &String| app.sites().iter().any(|site| site.id == *id && site.tenant_id == new.tenant);
    if new.site.as_ref().is_some_and(|site| !is_there(site)) {
        return Err(Problem::new(&kinds::ABSENT, "no such site"));
    }
    Ok(RoleRow { role: new.role.name().to_owned(), tenant_id: new.tenant.clone(), site_id: new.site.clone() })
}

/// Adds somebody, who then chooses a password with the invitation.
#[utoipa::path(post, path = "/api/people", tag = "people", request_body = NewPerson, responses((status = 201, body = Invitation)))]
async fn add_person(
    State(app): State<App>,
    caller: Caller,
    Json(new): Json<NewPerson>,
) -> Answer<(StatusCode, axum::Json<Invitation>)> {
    caller.require_anywhere(Right::ManagePeople)?;
    caller.session()?;
    if !manages(&caller, &new.tenant) {
        return Err(Problem::new(&kinds::ABSENT, "no such tenant, or you do not manage its people"));
    }
    let (login, name, email) = (login(&new.login)?, named("name", &new.name)?, email(&new.email)?);
    let roles = new.roles.iter().map(|role| giveable(&app, &caller, role)).collect::<Answer<Vec<_>>>()?;
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    let person = change.add_person(&login, &name, &email, None).await?;
    change.set_home(&person, &new.tenant, false).await?;
    for role in &roles {
        change.add_role(&person, role).await?;
        change.note(&role_act("person.role.give", &person, role)).await?;
    }
    let invitation = invitation(&mut change, &person).await?;
    change.commit(Act::new("person.add", &person).of(&new.tenant).with(json!({ "login": login, "name": name }))).await?;
    Ok((StatusCode::CREATED, axum::Json(invitation)))
}

async fn invitation(change: &mut Change, person: &str) -> Answer<Invitation> {
    let code = Code::new().map_err(|_| Problem::of(&kinds::INTERNAL))?;
    let until = change.now().plus_nanos(INVITED_NANOS);
    change.invite(person, &code.digest(), until).await?;
    Ok(Invitation { person: person.to_owned(), code: code.reveal().to_owned(), until })
}

fn role_act(action: &'static str, person: &str, role: &RoleRow) -> Act {
    let act = Act::new(action, person).of(&role.tenant_id).with(json!({ "role": role.role, "site": role.site_id }));
    match &role.site_id {
        Some(site) => act.at(site),
        None => act,
    }
}

/// Changes somebody. Needs If-Match with the etag that was read.
#[utoipa::path(patch, path = "/api/people/{id}", tag = "people", params(("id" = String, Path), ("If-Match" = String, Header)), request_body = PersonChange, responses((status = 200, body = Person)))]
async fn change_person(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
    Json(new): Json<PersonChange>,
) -> Answer<(HeaderMap, axum::Json<Person>)> {
    let mut row = managed(&app, &caller, &id).await?;
    if_match(&headers, &tag(&row))?;
    let was_active = row.is_active;
    row.name = new.name.as_deref().map_or(Ok(row.name), |name| named("name", name))?;
    row.email = new.email.as_deref().map_or(Ok(row.email), email)?;
    row.is_active = new.is_active.unwrap_or(was_active);
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    if was_active && !row.is_active {
        if row.id == caller.person.id {
            return Err(Problem::new(&kinds::CONFLICT, "somebody else must take your account from you"));
        }
        let tenants = app.store.roles_of(&id).await?.into_iter().map(|role| role.tenant_id);
        for tenant in tenants {
            still_managed(&app, &tenant, &id).await?;
        }
        change.end_sessions_of(&id, None).await?;
        change.remove_tokens_of(&id).await?;
    }
    change.set_person(&row).await?;
    let details = json!({ "name": row.name, "email": row.email, "is_active": row.is_active });
    change.commit(Act::new("person.change", &id).of(&row.tenant_id).with(details)).await?;
    let row = managed(&app, &caller, &id).await?;
    let held = app.store.roles_of(&id).await?.into_iter().filter(|role| manages(&caller, &role.tenant_id)).collect();
    Ok((tagged(&tag(&row)), axum::Json(shown(&app, row, held).await?)))
}

/// Somebody else who may sign in manages a tenant's people: nobody locks a tenant out of its hub.
async fn still_managed(app: &App, tenant: &str, without: &str) -> Answer<()> {
    let all = app.store.roles().await?;
    let manages = |role: &RoleRow| role.tenant_id == tenant && role.site_id.is_none() && role.role == Role::Administrator.name();
    for (person, _) in all.iter().filter(|(person, role)| person != without && manages(role)) {
        if app.store.person(person).await?.is_some_and(|person| person.is_active && person.password.is_some()) {
            return Ok(());
        }
    }
    let was_one = all.iter().any(|(person, role)| person == without && manages(role));
    if was_one {
        return Err(Problem::new(
            &kinds::CONFLICT,
            "nobody would be left who manages the tenant's people: make another administrator first",
        ));
    }
    Ok(())
}

/// Invites somebody to choose a password, as for the first time or after it was forgotten. An invitation before it is void.
#[utoipa::path(post, path = "/api/people/{id}/invitation", tag = "people", params(("id" = String, Path)), request_body = NewInvitation, responses((status = 201, body = Invitation)))]
async fn invite(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(new): Json<NewInvitation>,
) -> Answer<(StatusCode, axum::Json<Invitation>)> {
    let row = managed(&app, &caller, &id).await?;
    caller.session()?;
    if row.id == caller.person.id {
        return Err(Problem::new(&kinds::CONFLICT, "change your own password and second steps under your account"));
    }
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    if new.forgets_second_steps {
        change.forget_proofs(&id).await?;
        change.end_sessions_of(&id, None).await?;
    }
    let invitation = invitation(&mut change, &id).await?;
    let details = json!({ "until": invitation.until, "forgets_second_steps": new.forgets_second_steps });
    change.commit(Act::new("person.invite", &id).of(&row.tenant_id).with(details)).await?;
    Ok((StatusCode::CREATED, axum::Json(invitation)))
}

/// Somebody who is of a tenant that the caller manages, or has a role at one.
async fn known(app: &App, caller: &Caller, id: &str) -> Answer<(PersonRow, Vec<RoleRow>)> {
    caller.require_anywhere(Right::ManagePeople)?;
    let row = app.store.person(id).await?.filter(|person| !person.is_sealed);
    let roles = app.store.roles_of(id).await?;
    let is_known =
        |person: &PersonRow| manages(caller, &person.tenant_id) || roles.iter().any(|role| manages(caller, &role.tenant_id));
    let row = row.filter(is_known).ok_or_else(|| Problem::new(&kinds::ABSENT, "no such person"))?;
    Ok((row, roles))
}

/// Gives somebody a role.
#[utoipa::path(post, path = "/api/people/{id}/roles", tag = "people", params(("id" = String, Path)), request_body = NewRole, responses((status = 204)))]
async fn give_role(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(new): Json<NewRole>,
) -> Answer<StatusCode> {
    let (person, _) = known(&app, &caller, &id).await?;
    let role = giveable(&app, &caller, &new)?;
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    change.add_role(&person.id, &role).await?;
    change.commit(role_act("person.role.give", &person.id, &role)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a role from somebody.
#[utoipa::path(delete, path = "/api/people/{id}/roles", tag = "people", params(("id" = String, Path)), request_body = NewRole, responses((status = 204)))]
async fn take_role(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(old): Json<NewRole>,
) -> Answer<StatusCode> {
    let (person, roles) = known(&app, &caller, &id).await?;
    let role = giveable(&app, &caller, &old)?;
    if !roles.contains(&role) {
        return Err(Problem::new(&kinds::ABSENT, "no such role"));
    }
    if role.role == Role::Administrator.name() && role.site_id.is_none() {
        still_managed(&app, &role.tenant_id, &id).await?;
    }
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    change.remove_role(&person.id, &role).await?;
    change.commit(role_act("person.role.take", &person.id, &role)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets somebody do without a second step for a while, where it would slow care.
#[utoipa::path(put, path = "/api/people/{id}/exception", tag = "people", params(("id" = String, Path)), request_body = NewException, responses((status = 204)))]
async fn give_exception(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(new): Json<NewException>,
) -> Answer<StatusCode> {
    let row = managed(&app, &caller, &id).await?;
    if row.id == caller.person.id {
        return Err(Problem::new(&kinds::NO_RIGHT, "somebody else must give it to you"));
    }
    let (reason, now) = (words("reason", &new.reason)?, app.now());
    if new.until <= now || new.until.since(now) > MOST_EXCEPTED_NANOS {
        return Err(Problem::new(&kinds::UNPROCESSABLE, "until: a time to come, at most 92 days ahead"));
    }
    let mut change = app.store.begin(&caller.actor(), now).await?;
    let exception = ExceptionRow { reason, given_by: caller.person.name.clone(), until: new.until };
    change.set_exception(&id, &exception).await?;
    let details = json!({ "reason": exception.reason, "until": exception.until });
    change.commit(Act::new("person.exception.give", &id).of(&row.tenant_id).with(details)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes that back.
#[utoipa::path(delete, path = "/api/people/{id}/exception", tag = "people", params(("id" = String, Path)), responses((status = 204)))]
async fn take_exception(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Answer<StatusCode> {
    let row = managed(&app, &caller, &id).await?;
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    if !change.remove_exception(&id).await? {
        return Err(Problem::new(&kinds::ABSENT, "there is no exception"));
    }
    change.commit(Act::new("person.exception.take", &id).of(&row.tenant_id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
