//! Credentials sealed on a ward: a code on paper that opens once, gives named rights at once, and owes a review.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use signin::code::{self, Code};
use store::{Act, SealedRow};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::glass::{Broken, begin_glass};
use super::session::{Shown, actor, begin, refused};
use super::{Json, named, words};
use crate::App;
use crate::auth::{Caller, MINUTE_NANOS, Peer, Right};
use crate::error::{Answer, Problem, kinds};
use crate::events::Event;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(sealed, seal)).routes(routes!(withdraw)).routes(routes!(open))
}

/// A credential sealed on a ward.
#[derive(Serialize, ToSchema)]
struct Sealed {
    /// Id.
    id: String,
    /// Site.
    site: String,
    /// Where it lies.
    label: String,
    /// Rights that it gives.
    rights: Vec<String>,
    /// For how long, minutes.
    minutes: u32,
    /// Who made it.
    made_by: String,
    /// When, RFC 3339.
    #[schema(value_type = String)]
    created: Timestamp,
    /// `sealed`, `used` or `withdrawn`.
    state: String,
}

/// A credential to be made.
#[derive(Deserialize, ToSchema)]
struct NewSealed {
    /// Site.
    site: String,
    /// Where it will lie, such as "Ward 3, key cabinet".
    label: String,
    /// Rights; those that break-glass can give.
    rights: Vec<Right>,
    /// For how long they hold once it is opened, 5 to 720.
    #[schema(minimum = 5, maximum = 720)]
    minutes: u32,
}

/// A credential that was made.
#[derive(Serialize, ToSchema)]
struct MadeSealed {
    /// Id.
    id: String,
    /// What to print, put into an envelope and seal. It is shown this once.
    code: String,
}

/// A credential that is opened.
#[derive(Deserialize, ToSchema)]
struct Opened {
    /// What is on the paper.
    code: String,
    /// Name of who opens it.
    name: String,
    /// Why, at least 10 characters.
    reason: String,
}

/// Credentials of the sites whose people the caller manages.
#[utoipa::path(get, path = "/api/sealed", tag = "break-glass", responses((status = 200, body = Vec<Sealed>)))]
async fn sealed(State(app): State<App>, caller: Caller) -> Answer<axum::Json<Vec<Sealed>>> {
    let sites = caller.sites_or(&app, Right::ManagePeople, None)?;
    let rows = app.store.sealed_credentials().await?.into_iter().filter(|row| sites.contains(&row.site_id));
    let shown = rows.map(|row| Sealed {
        id: row.id,
        site: row.site_id,
        label: row.label,
        rights: row.rights,
        minutes: row.minutes,
        made_by: row.made_by,
        created: row.created,
        state: row.state,
    });
    Ok(axum::Json(shown.collect()))
}

/// Makes a credential for a ward.
#[utoipa::path(post, path = "/api/sealed", tag = "break-glass", request_body = NewSealed, responses((status = 201, body = MadeSealed)))]
async fn seal(
    State(app): State<App>,
    caller: Caller,
    Json(new): Json<NewSealed>,
) -> Answer<(StatusCode, axum::Json<MadeSealed>)> {
    caller.require(&app, Right::ManagePeople, &new.site)?;
    caller.session()?;
    let label = named("label", &new.label)?;
    if new.rights.is_empty() || new.rights.iter().any(|right| !Right::BREAKABLE.contains(right)) {
        return Err(Problem::new(&kinds::UNPROCESSABLE, "rights: at least one, of those that break-glass can give"));
    }
    if !(5..=720).contains(&new.minutes) {
        return Err(Problem::new(&kinds::UNPROCESSABLE, "minutes: 5 to 720"));
    }
    let code = Code::new().map_err(|_| Problem::of(&kinds::INTERNAL))?;
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    let row = SealedRow {
        id: String::new(),
        site_id: new.site.clone(),
        label,
        rights: new.rights.iter().map(|right| right.name()).collect(),
        minutes: new.minutes,
        made_by: caller.person.name.clone(),
        created: change.now(),
        state: String::new(),
    };
    let id = change.add_sealed(&row, &code.digest()).await?;
    let details = json!({ "label": row.label, "rights": row.rights, "minutes": row.minutes });
    change.commit(Act::new("sealed.make", &id).at(&new.site).with(details)).await?;
    Ok((StatusCode::CREATED, axum::Json(MadeSealed { id, code: code.reveal().to_owned() })))
}

/// Withdraws a credential, as when the envelope is lost.
#[utoipa::path(delete, path = "/api/sealed/{id}", tag = "break-glass", params(("id" = String, Path)), responses((status = 204)))]
async fn withdraw(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Answer<StatusCode> {
    let sites = caller.sites_or(&app, Right::ManagePeople, None)?;
    let row = app.store.sealed_credentials().await?.into_iter().find(|row| row.id == id && sites.contains(&row.site_id));
    let row = row.ok_or_else(|| Problem::new(&kinds::ABSENT, "no such credential"))?;
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    if !change.unseal(&id, false).await? {
        return Err(Problem::new(&kinds::CONFLICT, "it was opened or withdrawn already"));
    }
    change.commit(Act::new("sealed.withdraw", &id).at(&row.site_id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Opens a credential: signs in without an account. Everybody at the site is told, every act is marked, it ends by itself, and a review is owed.
#[utoipa::path(post, path = "/api/session/sealed", tag = "session", request_body = Opened, responses((status = 204, description = "The cookie is set")))]
async fn open(State(app): State<App>, peer: Peer, Json(opened): Json<Opened>) -> Answer<(StatusCode, HeaderMap)> {
    let Some(row) = app.store.sealed_credential(&code::digest(&opened.code)).await? else {
        // Only who guesses is held up: a right code is 100 random bits, and a ward that has it gets in whatever others do.
        app.desk.begin("sealed", &peer.source(&app, None).await?, app.now())?;
        return Err(refused(&app, "sealed".to_owned(), &peer, kinds::WRONG_CODE.code).await?);
    };
    let (name, reason) = (named("name", &opened.name)?, words("reason", &opened.reason)?);
    let tenant = app.sites().into_iter().find(|site| site.id == row.site_id).map(|site| site.tenant_id);
    let tenant = tenant.ok_or_else(|| Problem::of(&kinds::ABSENT))?;
    let mut change = app.store.begin(&store::Actor::nobody(), app.now()).await?;
    if !change.unseal(&row.id, true).await? {
        return Err(Problem::of(&kinds::WRONG_CODE));
    }
    let who = format!("{name} ({})", row.label);
    let id = change.add_person(&format!("sealed {}", row.id), &who, "", None).await?;
    change.set_home(&id, &tenant, true).await?;
    change
        .commit(Act::new("sealed.open", &row.id).at(&row.site_id).of(&tenant).with(json!({ "name": name, "person": id })))
        .await?;
    let person = app.store.person(&id).await?.ok_or_else(|| Problem::of(&kinds::INTERNAL))?;
    let mut change = app.store.begin(&actor(&person), app.now()).await?;
    let ends = change.now().plus_nanos(i64::from(row.minutes) * MINUTE_NANOS);
    let broken = Broken {
        site: &row.site_id,
        tenant: &tenant,
        rights: row.rights.clone(),
        reason,
        ends,
        credential: Some(row.id.clone()),
    };
    let (glass, act) = begin_glass(&app, &mut change, &person, broken).await?;
    change.note(&act).await?;
    let answer = begin(&app, change, &person, &Shown { strength: "sealed", way: "sealed credential" }, &peer).await?;
    tracing::warn!(id = glass.id, who, "a sealed credential was opened");
    app.tell(Event::new("break-glass", &row.site_id).about(&glass.id));
    Ok(answer)
}
