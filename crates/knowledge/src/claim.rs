//! What a mark leads to: a claim about the device, how sure it is, and whose rule said so.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// What a claim is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Attribute {
    /// Who made the device; a name that [`crate::Knowledge::canonical_maker`] returns.
    Maker,
    /// The product.
    Model,
    /// The product line, where the exact product is not said.
    Family,
    /// Operating system, with its version where known.
    Os,
    /// Firmware or main software version.
    Firmware,
    /// The device's class: an id of [`crate::Class`].
    Class,
    /// A piece of software on the device, with its version where known.
    Software,
    /// Serial number of the device.
    Serial,
    /// A name of the device.
    Name,
}

/// A claim that a mark leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim<'k> {
    /// What it is about.
    pub attribute: Attribute,
    /// What it says.
    pub value: Cow<'k, str>,
    /// How often such a claim holds, in percent. Under 50: a hint that needs another.
    pub confidence: u8,
    /// Id of the rule.
    pub rule: Cow<'k, str>,
    /// Where the rule was learnt from.
    pub source: &'k str,
}
