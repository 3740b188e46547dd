//! The routes, a file each subject. Every handler asks for the caller's right first.

pub mod captures;
pub(crate) mod checklists;
mod conversations;
mod devices;
mod document;
mod events;
mod exports;
mod findings;
mod glass;
mod health;
mod history;
mod home;
mod identity;
mod imports;
mod ledger;
mod link;
mod map;
mod me;
mod oidc;
pub(crate) mod onboarding;
mod passkeys;
mod people;
mod pull;
mod records;
mod sealed;
mod sensors;
mod session;
mod settings;
mod setup;
mod shapes;
mod sites;
mod tokens;
mod views;
mod webhooks;

use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use serde::de::DeserializeOwned;
use utoipa_axum::router::OpenApiRouter;

pub use document::document;
pub(crate) use link::Status;

use crate::App;
use crate::error::{Problem, kinds};

/// All routes, with what the OpenAPI document says of them.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(health::routes())
        .merge(setup::routes())
        .merge(session::routes())
        .merge(passkeys::routes())
        .merge(oidc::routes())
        .merge(me::routes())
        .merge(tokens::routes())
        .merge(people::routes())
        .merge(sites::routes())
        .merge(settings::routes())
        .merge(sealed::routes())
        .merge(glass::routes())
        .merge(home::routes())
        .merge(devices::routes())
        .merge(records::routes())
        .merge(identity::routes())
        .merge(views::routes())
        .merge(exports::routes())
        .merge(imports::routes())
        .merge(pull::routes())
        .merge(onboarding::routes())
        .merge(checklists::routes())
        .merge(conversations::routes())
        .merge(findings::routes())
        .merge(map::routes())
        .merge(captures::routes())
        .merge(history::routes())
        .merge(events::routes())
        .merge(sensors::routes())
        .merge(link::routes())
        .merge(webhooks::routes())
        .merge(ledger::routes())
}

/// A JSON body; what is wrong with it is told as a problem.
#[derive(Debug)]
pub struct Json<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match axum::Json::<T>::from_request(request, state).await {
            Ok(axum::Json(body)) => Ok(Self(body)),
            Err(rejection @ JsonRejection::JsonDataError(_)) => Err(Problem::new(&kinds::UNPROCESSABLE, rejection.body_text())),
            Err(rejection) if rejection.status().as_u16() == 413 => Err(Problem::new(&kinds::TOO_LARGE, rejection.body_text())),
            Err(rejection) => Err(Problem::new(&kinds::BAD_REQUEST, rejection.body_text())),
        }
    }
}

/// A query string; what is wrong with it is told as a problem.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let found = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        found
            .map(|axum::extract::Query(query)| Self(query))
            .map_err(|rejection: QueryRejection| Problem::new(&kinds::BAD_REQUEST, rejection.body_text()))
    }
}

/// A name that people give: 1 to 200 characters, none of them for control.
pub(crate) fn named(what: &str, text: &str) -> Result<String, Problem> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 200 || text.chars().any(char::is_control) {
        return Err(Problem::new(&kinds::UNPROCESSABLE, format!("{what}: 1 to 200 characters")));
    }
    Ok(text.to_owned())
}

/// Words that say something: 10 to 2,000 characters.
pub(crate) fn words(what: &str, text: &str) -> Result<String, Problem> {
    let text = text.trim();
    if (10..=2000).contains(&text.chars().count()) {
        return Ok(text.to_owned());
    }
    Err(Problem::new(&kinds::UNPROCESSABLE, format!("{what}: 10 to 2000 characters")))
}

/// Headers with an ETag (RFC 9110 §8.8.3).
pub(crate) fn tagged(tag: &str) -> HeaderMap {
    HeaderValue::from_str(tag).map(|tag| (header::ETAG, tag)).into_iter().collect()
}

/// The change is meant for the version that is there (RFC 9110 §13.1.1).
pub(crate) fn if_match(headers: &HeaderMap, tag: &str) -> Result<(), Problem> {
    let sent = headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok());
    match sent {
        None => Err(Problem::of(&kinds::IF_MATCH)),
        Some(sent) if sent == tag => Ok(()),
        Some(_) => Err(Problem::of(&kinds::CHANGED)),
    }
}

/// Rows of a page: what is asked for within bounds.
pub(crate) fn limit(asked: Option<u32>) -> u32 {
    asked.unwrap_or(50).clamp(1, 500)
}

/// A list given as `a,b,c`.
pub(crate) fn listed(text: Option<&str>) -> Vec<String> {
    text.into_iter().flat_map(|text| text.split(',')).map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The number of rows to pass over, as a cursor keeps it.
pub(crate) fn offset(cursor: Option<&str>) -> Result<u32, Problem> {
    cursor.map_or(Ok(0), |text| {
        text.parse().map_err(|_| Problem::new(&kinds::BAD_REQUEST, "the cursor is not one that this API gave"))
    })
}
