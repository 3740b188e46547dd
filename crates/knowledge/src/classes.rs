//! Device classes: what a device is for, and what a clinic loses when it is cut off.

use std::collections::BTreeMap;
use std::path::Path;

use model::ClinicalImpact;
use serde::Deserialize;

use crate::error::Error;

/// A class of devices.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// Stable id, such as `infusion_pump`.
    pub id: String,
    /// What people call it, singular: `infusion pump`.
    pub name: String,
    /// What its failure does to care.
    pub impact: ClinicalImpact,
    /// What stops when it is cut off from the network, as one sentence.
    pub if_isolated: String,
    /// Classes that it usually talks to.
    #[serde(default)]
    pub peers: Vec<String>,
    /// Classes whose devices can stand in, besides others of its own.
    #[serde(default)]
    pub stand_ins: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    class: Vec<Class>,
}

/// All classes by id.
#[derive(Debug, Default)]
pub(crate) struct Classes(BTreeMap<String, Class>);

impl Classes {
    pub(crate) fn parse(text: &str, file: &Path) -> Result<Self, Error> {
        let mut classes = Self::default();
        classes.add(text, file)?;
        Ok(classes)
    }

    /// Adds another file, whose classes replace those of the same id.
    pub(crate) fn add(&mut self, text: &str, file: &Path) -> Result<(), Error> {
        let read: File = toml::from_str(text).map_err(|e| Error::of_toml(file, text, &e))?;
        self.0.extend(read.class.into_iter().map(|class| (class.id.clone(), class)));
        Ok(())
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Class> {
        self.0.get(id)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Class> {
        self.0.values()
    }
}
