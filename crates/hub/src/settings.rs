//! What administrators set, with what holds where nobody set anything.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::Role;

/// How people sign in, for the hub as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignInSettings {
    /// The hub's address as people type it (`https://hub.clinic.example`); passkeys and sign-in elsewhere need it.
    pub address: Option<String>,
    /// Roles that need a second step.
    pub second_step: Vec<Role>,
    /// How long sessions last; of several roles the shortest holds.
    pub sessions: Vec<SessionLimit>,
}

/// How long a role's sessions last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SessionLimit {
    /// Role.
    pub role: Role,
    /// Ends when not used for so long; 5 to 1440.
    #[schema(minimum = 5, maximum = 1440)]
    pub idle_minutes: u32,
    /// Ends after so long; 1 to 168.
    #[schema(minimum = 1, maximum = 168)]
    pub absolute_hours: u32,
}

impl Default for SignInSettings {
    /// Who changes much or comes from outside has a second step and sessions as NIST SP 800-63B-4 §2.2.3 asks of AAL2 (an hour idle,
    /// a day in all); a shift at the bedside is not interrupted.
    fn default() -> Self {
        use Role::{Administrator, Auditor, ClinicalEngineering, ClinicalLead, ItSecurity, ProviderAnalyst, VendorTechnician};
        let limit = |role, idle_minutes, absolute_hours| SessionLimit { role, idle_minutes, absolute_hours };
        Self {
            address: None,
            second_step: vec![Administrator, ItSecurity, ProviderAnalyst, Auditor, VendorTechnician],
            sessions: vec![
                limit(Administrator, 60, 24),
                limit(ItSecurity, 60, 24),
                limit(ClinicalEngineering, 720, 168),
                limit(ClinicalLead, 720, 168),
                limit(VendorTechnician, 30, 8),
                limit(Auditor, 60, 24),
                limit(ProviderAnalyst, 60, 24),
            ],
        }
    }
}

/// Break-glass, for the hub or a site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GlassSettings {
    /// Longest that the rights hold, minutes; 5 to 720.
    #[schema(minimum = 5, maximum = 720)]
    pub most_minutes: u32,
    /// A review is owed within so many hours; 1 to 720.
    #[schema(minimum = 1, maximum = 720)]
    pub review_hours: u32,
}

impl Default for GlassSettings {
    fn default() -> Self {
        Self { most_minutes: 120, review_hours: 72 }
    }
}

/// How long history is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HistorySettings {
    /// Flows, facts and events are kept for so many days after they were taken in; 1 to 3650.
    #[schema(minimum = 1, maximum = 3650)]
    pub keep_days: u32,
}

impl HistorySettings {
    /// Name of the setting.
    pub const NAME: &'static str = "history.keep_days";

    /// As it is stored, or 400 days: a year that can be compared with the one before.
    ///
    /// # Errors
    /// The state's.
    pub async fn read(store: &store::Store) -> store::Result<Self> {
        Ok(Self { keep_days: store.setting("hub", Self::NAME).await?.unwrap_or(400) })
    }
}

/// A provider of OpenID Connect, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptProvider {
    /// Short name in addresses: letters, figures, dashes.
    pub id: String,
    /// What the button says.
    pub name: String,
    /// Issuer.
    pub issuer: String,
    /// Client id that the provider gave.
    pub client_id: String,
    /// Client secret, sealed; absent where the provider gave none.
    pub sealed_secret: Option<String>,
    /// Scopes beside `openid`.
    pub scopes: Vec<String>,
    /// Whose people it signs in.
    pub tenant: String,
    /// Who comes the first time is known by the verified mail.
    pub links_by_mail: bool,
    /// The provider asks everybody for a second step.
    pub has_second_step: bool,
}

/// What is kept in memory of the hub's settings.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Sign-in.
    pub sign_in: SignInSettings,
    /// Providers.
    pub providers: Vec<KeptProvider>,
}

impl Settings {
    /// As they are stored.
    ///
    /// # Errors
    /// The state's.
    pub async fn read(store: &store::Store) -> store::Result<Self> {
        let sign_in = store.setting("hub", "sign-in").await?.unwrap_or_default();
        let providers = store.setting("hub", "providers").await?.unwrap_or_default();
        Ok(Self { sign_in, providers })
    }
}
