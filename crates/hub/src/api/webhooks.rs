//! Webhooks: who is told what changes.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use model::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Act, MessageRow, WebhookRow, new_id};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Json;
use crate::App;
use crate::auth::{Caller, Right};
use crate::error::{Answer, Problem, kinds};
use crate::webhooks::{Kind, address, body, new_secret};

/// Webhooks of a tenant at most.
const MOST: usize = 20;
/// Messages that are shown.
const SHOWN: u32 = 50;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(webhooks, add_webhook))
        .routes(routes!(set_webhook, remove_webhook))
        .routes(routes!(webhook_messages))
        .routes(routes!(try_webhook))
}

/// A webhook.
#[derive(Serialize, ToSchema)]
struct Webhook {
    /// Id.
    id: String,
    /// Tenant.
    tenant: String,
    /// Site; all of the tenant's where absent.
    site: Option<String>,
    /// Address.
    url: String,
    /// What is told.
    kinds: Vec<String>,
    /// Not paused.
    is_active: bool,
    /// Made, RFC 3339.
    #[schema(value_type = String)]
    created: Timestamp,
    /// By whom.
    created_by: String,
}

/// A webhook to be added.
#[derive(Deserialize, ToSchema)]
struct NewWebhook {
    /// Tenant.
    tenant: String,
    /// Site; all of the tenant's where absent.
    site: Option<String>,
    /// Address, HTTPS (or this machine).
    url: String,
    /// What is told.
    kinds: Vec<Kind>,
}

/// A webhook that was added.
#[derive(Serialize, ToSchema)]
struct MadeWebhook {
    /// Id.
    id: String,
    /// Signs messages: `whsec_` and base64. It is shown this once.
    secret: String,
}

/// What can be changed of a webhook.
#[derive(Deserialize, ToSchema)]
struct WebhookChange {
    /// False pauses it; messages wait.
    is_active: bool,
}

/// A message that was sent, or is to be.
#[derive(Serialize, ToSchema)]
struct Message {
    /// Id; the header `webhook-id`.
    id: String,
    /// Made, RFC 3339.
    #[schema(value_type = String)]
    made: Timestamp,
    /// `waiting`, `delivered` or `given_up`.
    state: String,
    /// How often it was tried.
    attempts: u32,
    /// What came of the last attempt.
    outcome: String,
    /// As it is sent.
    #[schema(value_type = Object)]
    body: Value,
}

impl From<WebhookRow> for Webhook {
    fn from(row: WebhookRow) -> Self {
        let WebhookRow { id, tenant_id, site_id, url, kinds, is_active, created, created_by, secret: _ } = row;
        Self { id, tenant: tenant_id, site: site_id, url, kinds, is_active, created, created_by }
    }
}

impl From<MessageRow> for Message {
    fn from(row: MessageRow) -> Self {
        let MessageRow { id, made, state, attempts, outcome, body, .. } = row;
        Self { id, made, state, attempts, outcome, body: serde_json::from_str(&body).unwrap_or_default() }
    }
}

/// A webhook that the caller may look after.
async fn own(app: &App, caller: &Caller, id: &str) -> Answer<WebhookRow> {
    let found = app.store.webhooks().await?.into_iter().find(|hook| hook.id == id);
    found
        .filter(|hook| caller.may(Right::ManageHub, &hook.tenant_id, hook.site_id.as_deref()))
        .ok_or_else(|| Problem::new(&kinds::ABSENT, "no such webhook"))
}

/// Webhooks that the caller may look after.
#[utoipa::path(get, path = "/api/webhooks", tag = "webhooks", responses((status = 200, body = Vec<Webhook>)))]
async fn webhooks(State(app): State<App>, caller: Caller) -> Answer<axum::Json<Vec<Webhook>>> {
    caller.require_anywhere(Right::ManageHub)?;
    let all = app.store.webhooks().await?.into_iter();
    let own = all.filter(|hook| caller.may(Right::ManageHub, &hook.tenant_id, hook.site_id.as_deref()));
    Ok(axum::Json(own.map(Webhook::from).collect()))
}

/// Adds a webhook. Its messages are signed as Standard Webhooks has it, with a secret that is shown once.
#[utoipa::path(post, path = "/api/webhooks", tag = "webhooks", request_body = NewWebhook, responses((status = 201, body = MadeWebhook)))]
async fn add_webhook(
    State(app): State<App>,
    caller: Caller,
    Json(new): Json<NewWebhook>,
) -> Answer<(StatusCode, axum::Json<MadeWebhook>)> {
    caller.require_anywhere(Right::ManageHub)?;
    caller.session()?;
    let is_site = |site: &String| app.sites().iter().any(|one| one.id == *site && one.tenant_id == new.tenant);
    if !caller.may(Right::ManageHub, &new.tenant, new.site.as_deref()) || !new.site.as_ref().is_none_or(is_site) {
        return Err(Problem::new(&kinds::ABSENT, "no such tenant or site"));
    }
    let url = address(&new.url)?.to_string();
    let kinds: std::collections::BTreeSet<&str> = new.kinds.iter().map(|kind| kind.name()).collect();
    if kinds.is_empty() {
        return Err(Problem::new(&kinds::UNPROCESSABLE, "kinds: at least one of what can be told"));
    }
    if app.store.webhooks().await?.iter().filter(|hook| hook.tenant_id == new.tenant).count() >= MOST {
        return Err(Problem::new(&kinds::CONFLICT, format!("there are {MOST} webhooks already; take one away first")));
    }
    let (id, secret) = (new_id("webhook"), new_secret()?);
    let row = WebhookRow {
        tenant_id: new.tenant,
        site_id: new.site,
        url,
        kinds: kinds.into_iter().map(str::to_owned).collect(),
        secret: app.desk.seal(&id, &secret)?,
        is_active: true,
        created: app.now(),
        created_by: caller.person.name.clone(),
        id,
    };
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    change.add_webhook(&row).await?;
    let details = json!({ "url": row.url, "kinds": row.kinds, "site": row.site_id });
    change.commit(Act::new("webhook.add", &row.id).of(&row.tenant_id).with(details)).await?;
    Ok((StatusCode::CREATED, axum::Json(MadeWebhook { id: row.id, secret })))
}

/// Pauses a webhook, or has it go on.
#[utoipa::path(patch, path = "/api/webhooks/{id}", tag = "webhooks", params(("id" = String, Path)), request_body = WebhookChange, responses((status = 200, body = Webhook)))]
async fn set_webhook(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Json(wanted): Json<WebhookChange>,
) -> Answer<axum::Json<Webhook>> {
    caller.require_anywhere(Right::ManageHub)?;
    let row = own(&app, &caller, &id).await?;
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    change.set_webhook(&id, wanted.is_active).await?;
    change.commit(Act::new("webhook.set", &id).of(&row.tenant_id).with(json!({ "is_active": wanted.is_active }))).await?;
    Ok(axum::Json(Webhook { is_active: wanted.is_active, ..row.into() }))
}

/// Takes a webhook away, with what it was to be told.
#[utoipa::path(delete, path = "/api/webhooks/{id}", tag = "webhooks", params(("id" = String, Path)), responses((status = 204)))]
async fn remove_webhook(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Answer<StatusCode> {
    caller.require_anywhere(Right::ManageHub)?;
    let row = own(&app, &caller, &id).await?;
    let mut change = app.store.begin(&caller.actor(), app.now()).await?;
    change.remove_webhook(&id).await?;
    change.commit(Act::new("webhook.remove", &id).of(&row.tenant_id).with(json!({ "url": row.url }))).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The latest messages of a webhook, with what came of them.
#[utoipa::path(get, path = "/api/webhooks/{id}/messages", tag = "webhooks", params(("id" = String, Path)), responses((status = 200, body = Vec<Message>)))]
async fn webhook_messages(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Answer<axum::Json<Vec<Message>>> {
    caller.require_anywhere(Right::ManageHub)?;
    own(&app, &caller, &id).await?;
    Ok(axum::Json(app.store.messages(&id, SHOWN).await?.into_iter().map(Message::from).collect()))
}

/// Sends a webhook a message of the kind `test`, whatever kinds it is told.
#[utoipa::path(post, path = "/api/webhooks/{id}/test", tag = "webhooks", params(("id" = String, Path)), responses((status = 202)))]
async fn try_webhook(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Answer<StatusCode> {
    caller.require_anywhere(Right::ManageHub)?;
    let row = own(&app, &caller, &id).await?;
    let body = body(Kind::Test.name(), row.site_id.as_deref().unwrap_or_default(), None, app.now(), &Value::Null);
    let mut writer = app.store.writer().await?;
    writer.add_message(&id, &body, app.now()).await?;
    writer.commit().await?;
    Ok(StatusCode::ACCEPTED)
}
