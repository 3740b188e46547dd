//! Conversations.

use axum::extract::State;
use model::report::Conversation;
use serde::{Deserialize, Serialize};
use store::Page;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Query, limit, offset};
use crate::App;
use crate::auth::{Caller, Right};
use crate::error::Answer;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(conversations))
}

/// Which conversations are wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Site; all that the caller sees where absent.
    site: Option<String>,
    /// Of this device.
    device: Option<String>,
    /// Rows at most, 1 to 500.
    limit: Option<u32>,
    /// Where the page before ended.
    cursor: Option<String>,
}

/// A page of conversations.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConversationPage {
    /// Conversations.
    #[schema(value_type = Vec<crate::api::shapes::Conversation>)]
    items: Vec<Conversation>,
    /// Where the next page begins; absent on the last.
    next: Option<String>,
}

pub(crate) fn page_of(page: Page<Conversation>, offset: u32, limit: u32) -> ConversationPage {
    ConversationPage { next: page.has_more.then(|| offset.saturating_add(limit).to_string()), items: page.items }
}

/// Conversations, the latest first.
#[utoipa::path(get, path = "/api/conversations", tag = "conversations", params(Wanted), responses((status = 200, body = ConversationPage)))]
async fn conversations(
    State(app): State<App>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Answer<axum::Json<ConversationPage>> {
    let sites = caller.sites_or(&app, Right::ViewInventory, wanted.site.as_deref())?;
    let (offset, limit) = (offset(wanted.cursor.as_deref())?, limit(wanted.limit));
    Ok(axum::Json(page_of(app.store.conversations(&sites, wanted.device.as_deref(), offset, limit).await?, offset, limit)))
}
