//! What changes, as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{self, KeepAlive, Sse};
use futures::{Stream, StreamExt as _, future};
use tokio_stream::wrappers::BroadcastStream;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::auth::{Caller, Right};
use crate::events::Event;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(events))
}

/// What changes at the sites that the caller sees. A reader that is too slow is told `missed` and should read everything again.
#[utoipa::path(get, path = "/api/events", tag = "events", responses((status = 200, body = Event, content_type = "text/event-stream")))]
async fn events(State(app): State<App>, caller: Caller) -> Sse<impl Stream<Item = Result<sse::Event, Infallible>>> {
    let sites = caller.sites(&app, Right::ViewInventory);
    let told = BroadcastStream::new(app.listen()).filter_map(move |event| {
        let event = match event {
            Ok(event) if sites.contains(&event.site) => sse::Event::default().event(event.kind).json_data(&event).ok(),
            Ok(_) => None,
            Err(_) => Some(sse::Event::default().event("missed").data("{}")),
        };
        future::ready(event.map(Ok))
    });
    Sse::new(told).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}
