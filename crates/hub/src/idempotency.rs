//! Requests that may be sent again: with an `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07) a POST is done once, and whoever
//! sends it again gets the same answer.

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};

use crate::App;
use crate::auth::{Caller, Way, digest};
use crate::error::{Answer, Problem, kinds};
use crate::serve::MAX_BODY;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Headers that belong to an answer.
const KEPT: [HeaderName; 4] = [header::CONTENT_TYPE, header::ETAG, header::LOCATION, header::RETRY_AFTER];
/// Answers are kept for so long.
pub(crate) const KEEP_NANOS: i64 = 24 * 3_600 * 1_000_000_000;

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

/// Does a POST with a key once. Only JSON: what is handed in as a stream is known by its content.
pub(crate) async fn once(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_json = |value: &HeaderValue| value.to_str().is_ok_and(|kind| kind.starts_with("application/json"));
    let has_body = request.headers().get(header::CONTENT_TYPE).is_none_or(is_json);
    let Some(key) = request.headers().get(KEY).filter(|_| request.method() == Method::POST && has_body).cloned() else {
        return next.run(request).await;
    };
    done_once(&app, &key, request, next).await.unwrap_or_else(Problem::into_response)
}

async fn done_once(app: &App, key: &HeaderValue, request: Request, next: Next) -> Answer<Response> {
    let key = key.to_str().ok().filter(|key| (1..=255).contains(&key.len()));
    let key = key.ok_or_else(|| Problem::new(&kinds::BAD_REQUEST, "Idempotency-Key: 1 to 255 visible characters"))?;
    let (mut parts, body) = request.into_parts();
    // Who is not signed in is told so by the route; nothing is kept for them.
    let Ok(caller) = Caller::from_request_parts(&mut parts, app).await else {
        return Ok(next.run(Request::from_parts(parts, body)).await);
    };
    let bytes =
        to_bytes(body, MAX_BODY).await.map_err(|_| Problem::new(&kinds::TOO_LARGE, "at most 2 MiB with an Idempotency-Key"))?;
    let who = match &caller.way {
        Way::Session(_) => &caller.person.id,
        Way::Token(token, _) => &token.id,
    };
    let kept_as = digest(&format!("{who}\n{key}"));
    let asked = digest(&format!("{}\n{}", parts.uri, String::from_utf8_lossy(&bytes)));
    let mut writer = app.store.writer().await?;
    let is_first = writer.begin_answer(&kept_as, &asked, app.now()).await?;
    writer.commit().await?;
    if !is_first {
        return again(app, &kept_as, &asked).await;
    }
    let response = next.run(Request::from_parts(parts, Body::from(bytes))).await;
    keep(app, &kept_as, response).await
}

/// The answer that was given.
async fn again(app: &App, kept_as: &str, asked: &str) -> Answer<Response> {
    let unknown =
        || Problem::new(&kinds::KEY_IN_USE, "the first request with this key is being done, or the hub ended while it was");
    let kept = app.store.kept_answer(kept_as).await?.ok_or_else(unknown)?;
    if kept.request != asked {
        return Err(Problem::of(&kinds::KEY_OF_ANOTHER));
    }
    let sealed = kept.answer.ok_or_else(unknown)?;
    let text = app.desk.open_sealed(kept_as, &sealed)?;
    let kept: Kept = serde_json::from_str(&text).map_err(|_| Problem::of(&kinds::INTERNAL))?;
    let mut response = Response::new(Body::from(kept.body));
    *response.status_mut() = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in kept.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

/// Keeps an answer, sealed, since some have secrets in them. What the hub could not do may be tried again.
async fn keep(app: &App, kept_as: &str, response: Response) -> Answer<Response> {
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.map_err(|_| Problem::of(&kinds::INTERNAL))?;
    let text = |name: &HeaderName| Some((name.as_str().to_owned(), parts.headers.get(name)?.to_str().ok()?.to_owned()));
    let answer = match std::str::from_utf8(&bytes) {
        Ok(body) if !parts.status.is_server_error() && bytes.len() <= MAX_BODY => {
            let headers = KEPT.iter().filter_map(text).collect();
            let kept = Kept { status: parts.status.as_u16(), headers, body: body.to_owned() };
            let whole = serde_json::to_string(&kept).map_err(|_| Problem::of(&kinds::INTERNAL))?;
            Some(app.desk.seal(kept_as, &whole)?)
        }
        _ => None,
    };
    let mut writer = app.store.writer().await?;
    writer.end_answer(kept_as, answer.as_deref()).await?;
    writer.commit().await?;
    Ok(Response::from_parts(parts, Body::from(bytes)))
}
