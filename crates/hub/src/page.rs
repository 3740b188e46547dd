//! The web page: built into `ui/dist` before the program is, and carried in it.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::error::{Problem, kinds};

#[derive(RustEmbed)]
#[folder = "../../ui/dist"]
#[allow_missing = true]
struct Files;

/// A file of the page; every other path is the page itself, which reads it.
pub(crate) async fn file(uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    match Files::get(path) {
        Some(file) if path.starts_with("assets/") => answer(path, file, "public, max-age=31536000, immutable"),
        Some(file) => answer(path, file, "no-cache"),
        None if path.starts_with("api/") => Problem::new(&kinds::ABSENT, "no such route; see /api/openapi.json").into_response(),
        None if path.starts_with("assets/") => StatusCode::NOT_FOUND.into_response(),
        None => match Files::get("index.html") {
            Some(file) => answer("index.html", file, "no-cache"),
            None => (StatusCode::NOT_FOUND, "This program was built without the page. Build it with: make ui\n").into_response(),
        },
    }
}

fn answer(path: &str, file: EmbeddedFile, caching: &'static str) -> Response {
    let kind = HeaderValue::from_str(file.metadata.mimetype()).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let kind = if path.ends_with(".html") { HeaderValue::from_static("text/html; charset=utf-8") } else { kind };
    let body = Body::from(file.data.into_owned());
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, HeaderValue::from_static(caching))], body).into_response()
}
