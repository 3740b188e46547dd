//! What changes, told to every page that listens.

use serde::Serialize;
use utoipa::ToSchema;

/// Something changed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Event {
    /// What kind: `observed`, `capture`, `finding`, `record`, `notice`, `break-glass`.
    pub kind: &'static str,
    /// At which site.
    pub site: String,
    /// What, where it is one thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

impl Event {
    /// Of a kind at a site.
    #[must_use]
    pub fn new(kind: &'static str, site: &str) -> Self {
        Self { kind, site: site.to_owned(), subject: None }
    }

    /// About one thing.
    #[must_use]
    pub fn about(mut self, subject: &str) -> Self {
        self.subject = Some(subject.to_owned());
        self
    }
}
