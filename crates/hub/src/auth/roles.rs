//! Roles, rights, and which role has which right.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What somebody is at a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sets the hub up and says who may do what.
    Administrator,
    /// Network and systems security.
    ItSecurity,
    /// Biomedical engineering.
    ClinicalEngineering,
    /// Leads a unit: nurse manager, physician.
    ClinicalLead,
    /// A vendor's technician.
    VendorTechnician,
    /// Reads everything that is evidence.
    Auditor,
    /// Analyst of a provider who serves many tenants.
    ProviderAnalyst,
}

/// What can be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// See devices, conversations, the map and sensors.
    ViewInventory,
    /// See findings.
    ViewFindings,
    /// Work on findings.
    WorkFindings,
    /// Accept a finding's risk until a date.
    AcceptRisk,
    /// Say who owns a device, where it is, and the like.
    EditRecords,
    /// Merge and split devices.
    MergeDevices,
    /// File onboarding.
    Onboard,
    /// Sign steps of onboarding; which, depends on the role.
    SignOnboarding,
    /// Import and export.
    MoveData,
    /// Hand in captures, enrol sensors.
    Feed,
    /// Search history.
    SearchHistory,
    /// Read the ledger.
    ReadLedger,
    /// People, roles, tokens, sites.
    ManagePeople,
    /// Settings of the hub.
    ManageHub,
    /// Take rights at once for a reason.
    BreakGlass,
    /// Review what was done under break-glass.
    ReviewBreakGlass,
}

impl Right {
    /// Rights that break-glass can give: what care may need tonight. Not people, settings and the ledger, nor accepting a risk.
    pub const BREAKABLE: &[Self] = &[
        Self::ViewInventory,
        Self::ViewFindings,
        Self::WorkFindings,
        Self::EditRecords,
        Self::MergeDevices,
        Self::Onboard,
        Self::SignOnboarding,
        Self::Feed,
        Self::SearchHistory,
    ];

    /// Name as it is stored.
    #[must_use]
    pub fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// By its name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        RIGHTS.iter().map(|(right, _)| *right).find(|right| right.name() == name)
    }
}

impl Role {
    /// All, in the order of the matrix.
    pub const ALL: [Self; 7] = [
        Self::Administrator,
        Self::ItSecurity,
        Self::ClinicalEngineering,
        Self::ClinicalLead,
        Self::VendorTechnician,
        Self::Auditor,
        Self::ProviderAnalyst,
    ];

    /// Name as it is stored.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::ItSecurity => "it_security",
            Self::ClinicalEngineering => "clinical_engineering",
            Self::ClinicalLead => "clinical_lead",
            Self::VendorTechnician => "vendor_technician",
            Self::Auditor => "auditor",
            Self::ProviderAnalyst => "provider_analyst",
        }
    }

    /// By its name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// It has a right.
    #[must_use]
    pub fn has(self, right: Right) -> bool {
        RIGHTS.iter().any(|(one, roles)| *one == right && roles.contains(&self))
    }
}

use Role::{Administrator, Auditor, ClinicalEngineering, ClinicalLead, ItSecurity, ProviderAnalyst};

/// Which roles have a right.
pub const RIGHTS: &[(Right, &[Role])] = &[
    (Right::ViewInventory, &[Administrator, ItSecurity, ClinicalEngineering, ClinicalLead, Auditor, ProviderAnalyst]),
    (Right::ViewFindings, &[Administrator, ItSecurity, ClinicalEngineering, ClinicalLead, Auditor, ProviderAnalyst]),
    (Right::WorkFindings, &[Administrator, ItSecurity, ClinicalEngineering, ProviderAnalyst]),
    (Right::AcceptRisk, &[ItSecurity, ClinicalEngineering]),
    (Right::EditRecords, &[Administrator, ItSecurity, ClinicalEngineering]),
    (Right::MergeDevices, &[Administrator, ItSecurity, ClinicalEngineering]),
    (Right::Onboard, &[Administrator, ItSecurity, ClinicalEngineering]),
    (Right::SignOnboarding, &[Administrator, ItSecurity, ClinicalEngineering, ClinicalLead]),
    (Right::MoveData, &[Administrator, ItSecurity, ClinicalEngineering]),
    (Right::Feed, &[Administrator, ItSecurity]),
    (Right::SearchHistory, &[Administrator, ItSecurity, ProviderAnalyst]),
    (Right::ReadLedger, &[Administrator, Auditor]),
    (Right::ManagePeople, &[Administrator]),
    (Right::ManageHub, &[Administrator]),
    (Right::BreakGlass, &[Administrator, ItSecurity, ClinicalEngineering, ClinicalLead, ProviderAnalyst]),
    (Right::ReviewBreakGlass, &[Administrator, Auditor]),
];
