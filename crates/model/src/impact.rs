//! What a device's failure does to care.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a device's failure does to care, the gravest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClinicalImpact {
    /// No part in care.
    NotClinical,
    /// Care goes on without it for hours, by other ways.
    Supporting,
    /// Diagnoses wait.
    Diagnostic,
    /// Patients are watched by people instead.
    Monitoring,
    /// Treatment is interrupted.
    Therapy,
    /// A life may depend on it from minute to minute.
    LifeSustaining,
}

impl ClinicalImpact {
    /// All, the mildest first.
    pub const ALL: [Self; 6] =
        [Self::NotClinical, Self::Supporting, Self::Diagnostic, Self::Monitoring, Self::Therapy, Self::LifeSustaining];

    /// The name that reports write: `life_sustaining`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotClinical => "not_clinical",
            Self::Supporting => "supporting",
            Self::Diagnostic => "diagnostic",
            Self::Monitoring => "monitoring",
            Self::Therapy => "therapy",
            Self::LifeSustaining => "life_sustaining",
        }
    }

    /// The impact of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|impact| impact.name() == name)
    }
}
