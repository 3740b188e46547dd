//! What the API answers when it cannot do what was asked: problem+json (RFC 9457), from one catalogue.

use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// A kind of problem.
#[derive(Debug)]
pub struct Kind {
    /// Stable code, part of `type`.
    pub code: &'static str,
    /// HTTP status.
    pub status: u16,
    /// What it is.
    pub title: &'static str,
    /// What to do about it.
    pub what_to_do: &'static str,
}

macro_rules! catalogue {
    ($($name:ident $code:literal $status:literal $title:literal $todo:literal;)*) => {
        /// Kinds of problems.
        pub mod kinds {
            use super::Kind;
            $(#[doc = $title] pub const $name: Kind = Kind { code: $code, status: $status, title: $title, what_to_do: $todo };)*
        }
        /// Every kind of problem that the API answers with.
        pub const CATALOGUE: &[&Kind] = &[$(&kinds::$name),*];
    };
}

catalogue! {
    BAD_REQUEST "bad-request" 400 "The request cannot be understood" "See detail for what is wrong and where.";
    NOT_SIGNED_IN "not-signed-in" 401 "Nobody is signed in" "Sign in, or send a token.";
    WRONG_SIGN_IN "wrong-sign-in" 401 "Name or password is wrong" "Try again; after several attempts each further one takes longer.";
    NOT_ENROLLED "not-enrolled" 401 "This sensor is not known here" "Make a token at the hub (Sensors) and enrol with it.";
    WRONG_CODE "wrong-code" 401 "The code or the passkey is not right" "Try again; a one-time code is good once and for a minute and a half. A recovery code helps where the app is lost.";
    SECOND_STEP "second-step" 403 "Sign-in needs a second step first" "Give it with POST /api/session/second or a passkey; where there is none yet, set one up under /api/me.";
    SETUP_CODE "setup-code" 403 "The first run from another machine needs the set-up code" "Type the code that medwarden run printed when it started.";
    CSRF "csrf" 403 "The request does not come from the page" "Send the header X-Medwarden-CSRF with the session's token.";
    NO_RIGHT "no-right" 403 "Your role does not allow this" "Ask an administrator, or use break-glass if care depends on it.";
    ABSENT "absent" 404 "There is no such thing here" "Check the id; it may belong to a site that you do not see.";
    CONFLICT "conflict" 409 "That is not possible as things are" "See detail.";
    CLOCK "clock" 409 "The sensor's clock is not what it measured" "Set the clock of the sensor's machine (NTP); what it saw waits in its spool.";
    KEY_IN_USE "key-in-use" 409 "What was asked with this Idempotency-Key is not answered yet" "Wait and send it again; after a day look whether it was done, and use a new key.";
    CHANGED "changed" 412 "Somebody else changed it in the meantime" "Read it again and repeat the change.";
    TOO_LARGE "too-large" 413 "That is more than may be sent at once" "Send less; detail has the bound.";
    UNPROCESSABLE "unprocessable" 422 "What was sent is not right" "Detail says which part and why.";
    KEY_OF_ANOTHER "key-of-another" 422 "This Idempotency-Key was used for another request" "Use a new key for each request, and the same one only to send the same again.";
    IF_MATCH "if-match" 428 "The version that the change is meant for is missing" "Send If-Match with the ETag that was read.";
    TOO_MANY "too-many" 429 "Too many requests" "Wait as long as Retry-After says.";
    INTERNAL "internal" 500 "The hub could not do it" "The hub's log says why; nothing was changed.";
    NOT_READY "not-ready" 503 "The hub is not ready" "Wait; the health page says what is missing.";
}

/// What the body of an error looks like.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemBody {
    /// URN of the kind.
    #[serde(rename = "type")]
    kind: String,
    /// What it is.
    title: &'static str,
    /// HTTP status.
    status: u16,
    /// What is wrong in this case.
    #[serde(skip_serializing_if = "String::is_empty")]
    detail: String,
    /// What to do about it.
    what_to_do: &'static str,
}

/// An answer that is an error.
#[derive(Debug)]
pub struct Problem {
    kind: &'static Kind,
    detail: String,
    retry_after_s: Option<u64>,
}

/// What handlers return.
pub type Answer<T> = Result<T, Problem>;

impl Problem {
    /// Of a kind, with nothing more to say.
    #[must_use]
    pub const fn of(kind: &'static Kind) -> Self {
        Self { kind, detail: String::new(), retry_after_s: None }
    }

    /// Of a kind, with what is wrong in this case.
    #[must_use]
    pub fn new(kind: &'static Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), retry_after_s: None }
    }

    /// With how long to wait.
    #[must_use]
    pub const fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// Its kind's code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.kind.code
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = ProblemBody {
            kind: format!("urn:medwarden:problem:{}", self.kind.code),
            title: self.kind.title,
            status: self.kind.status,
            detail: self.detail,
            what_to_do: self.kind.what_to_do,
        };
        let mut response = (status, Json(body)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(HeaderName::from_static("retry-after"), HeaderValue::from(seconds));
        }
        response
    }
}

impl From<store::Error> for Problem {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Absent(what) => Self::new(&kinds::ABSENT, format!("no such {what}")),
            store::Error::Exists(what) => Self::new(&kinds::CONFLICT, format!("there is such a {what} already")),
            store::Error::LongEntry(_) => Self::new(&kinds::UNPROCESSABLE, error.to_string()),
            store::Error::Conflict => Self::of(&kinds::CHANGED),
            other => {
                tracing::error!(error = %other, "the state could not be used");
                Self::of(&kinds::INTERNAL)
            }
        }
    }
}

impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Self {
        tracing::error!(%error, "the data folder could not be used");
        Self::new(&kinds::INTERNAL, "the data folder could not be used")
    }
}
