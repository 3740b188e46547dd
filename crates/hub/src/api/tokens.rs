//! Tokens of programs: what they may do is a part of what their owner may.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{Act, secret};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Json, named};
use crate::App;
use crate::auth::{Caller, MINUTE_NANOS, Right, digest};
use crate::error::{Answer, Problem, kinds};

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(tokens, make_token)).routes(routes!(end_token))
}

/// A token.
#[derive(Serialize, ToSchema)]
struct OwnToken {
    /// Id.
    id: String,
    /// What it is for.
    name: String,
    /// What it may do at most.
    rights: Vec<String>,
    /// Made, RFC 3339.
    #[schema(value_type = String)]
    created: Timestamp,
    /// Ends, RFC 3339.
    #[schema(value_type = String)]
    expires: Timestamp,
    /// Used last, RFC 3339.
    #[schema(value_type = Option<String>)]
    last_used: Option<Timestamp>,
}

/// A token to be made.
#[derive(Deserialize, ToSchema)]
struct NewToken {
    /// What it is for.
    name: String,
    /// What it may do; its owner must have each right. What the owner loses, it loses too.
    rights: Vec<Right>,
    /// For so many days, 1 to 365.
    #[schema(minimum = 1, maximum = 365)]
    days: u32,
}

/// A token that was made.
#[derive(Serialize, ToSchema)]
struct MadeToken {
    /// Id.
    id: String,
    /// To be sent as `Authorization: Bearer …`. It is shown this once.
    token: String,
}

/// One's own tokens.
#[utoipa::path(get, path = "/api/tokens", tag = "tokens", responses((status = 200, body = Vec<OwnToken>)))]
async fn tokens(State(app): State<App>, caller: Caller) -> Answer<axum::Json<Vec<OwnToken>>> {
    caller.session()?;
    let own = app.store.tokens().await?.into_iter().filter(|token| token.person_id == caller.person.id);
    let own = own.map(|token| OwnToken {
        id: token.id,
        name: token.name,
        rights: token.rights,
        created: token.created,
        expires: token.expires,
        last_used: token.last_used,
    });
    Ok(axum::Json(own.collect()))
}

/// Makes a token. Rights of a break-glass cannot be put into one.
#[utoipa::path(post, path = "/api/tokens", tag = "tokens", request_body = NewToken, responses((status = 201, body = MadeToken)))]
async fn make_token(
    State(app): State<App>,
    caller: Caller,
    Json(new): Json<NewToken>,
) -> Answer<(StatusCode, axum::Json<MadeToken>)> {
    caller.session()?;
    let name = named("name", &new.name)?;
    if !(1..=365).contains(&new.days) {
        return Err(Problem::new(&kinds::UNPROCESSABLE, "days: 1 to 365"));
    }
    if caller.person.is_sealed || caller.break_glass.is_some() {
        return Err(Problem::new(&kinds::NO_RIGHT, "under break-glass no tokens are made: they would outlast it"));
    }
    if let Some(right) = new.rights.iter().find(|right| caller.require_anywhere(**right).is_err()) {
        return Err(Problem::new(&kinds::NO_RIGHT, format!("rights: you do not have {} yourself", right.name())));
    }
    let own = app.store.tokens().await?.into_iter().filter(|token| token.person_id == caller.person.id).count();
    if own >= 50 {
        return Err(Problem::new(&kinds::CONFLICT, "there are 50 tokens already; end one first"));
    }
    let token = format!("mwt_{}", secret());
    let rights: Vec<String> = new.rights.iter().map(|right| right.name()).collect();
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    let expires = change.now().plus_nanos(i64::from(new.days) * 24 * 60 * MINUTE_NANOS);
    let id = change.add_token(&caller.person.id, &name, &rights, &digest(&token), expires).await?;
    let details = json!({ "name": name, "rights": rights, "expires": expires });
    change.commit(Act::new("token.make", &id).of(&caller.person.tenant_id).with(details)).await?;
    Ok((StatusCode::CREATED, axum::Json(MadeToken { id, token })))
}

/// Ends one of one's own tokens.
#[utoipa::path(delete, path = "/api/tokens/{id}", tag = "tokens", params(("id" = String, Path)), responses((status = 204)))]
async fn end_token(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Answer<StatusCode> {
    caller.session()?;
    let own = app.store.tokens().await?.into_iter().any(|token| token.id == id && token.person_id == caller.person.id);
    if !own {
        return Err(Problem::new(&kinds::ABSENT, "no such token"));
    }
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    change.remove_token(&id).await?;
    change.commit(Act::new("token.end", &id).of(&caller.person.tenant_id)).await?;
    Ok(StatusCode::NO_CONTENT)
}
