//! What a device of a class should be configured like before it is used, and what traffic can tell of it afterwards.

use std::path::Path;

use serde::Deserialize;

use crate::error::Error;

/// An item of a checklist.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChecklistItem {
    /// Stable id, such as `default-password`.
    pub id: String,
    /// What has to hold, as a sentence.
    pub title: String,
    /// How to do it, and what to ask the maker.
    pub how: String,
    /// Where it is asked for.
    pub source: String,
    /// Classes that it is for; all where there are none.
    #[serde(default)]
    pub classes: Vec<String>,
    /// Models that it is for, in any case of letters; all where there are none.
    #[serde(default)]
    pub models: Vec<String>,
    /// A device may be released without it.
    #[serde(default)]
    pub optional: bool,
    /// What traffic can tell.
    #[serde(default)]
    pub proofs: Vec<Proof>,
}

/// What traffic can tell of an item.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Proof {
    /// A finding of one of these detectors contradicts it.
    Detectors(Vec<String>),
    /// That the device asks a server by one of these protocols confirms it.
    ClientOf(Vec<String>),
    /// That the device answers by one of these protocols contradicts it.
    NoService(Vec<String>),
    /// Clinical content in the clear contradicts it, and hidden from everybody confirms it.
    Encrypted,
    /// That somebody outside the site administers it contradicts it.
    NotAdministeredFromOutside,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    item: Vec<ChecklistItem>,
}

/// All items, in order.
#[derive(Debug, Default)]
pub(crate) struct Checklists(Vec<ChecklistItem>);

impl Checklists {
    pub(crate) fn parse(text: &str, file: &Path) -> Result<Self, Error> {
        let mut lists = Self::default();
        lists.add(text, file)?;
        Ok(lists)
    }

    /// Adds another file, whose items replace those of the same id.
    pub(crate) fn add(&mut self, text: &str, file: &Path) -> Result<(), Error> {
        let read: File = toml::from_str(text).map_err(|e| Error::of_toml(file, text, &e))?;
        for item in read.item {
            match self.0.iter_mut().find(|known| known.id == item.id) {
                Some(known) => *known = item,
                None => self.0.push(item),
            }
        }
        Ok(())
    }

    /// Items for a class and a model, where these are known.
    pub(crate) fn of<'a>(&'a self, class: Option<&str>, model: Option<&str>) -> impl Iterator<Item = &'a ChecklistItem> {
        let is_of_class = move |item: &&ChecklistItem| {
            item.classes.is_empty() || class.is_some_and(|class| item.classes.iter().any(|one| one == class))
        };
        let is_of_model = move |item: &&ChecklistItem| {
            item.models.is_empty() || model.is_some_and(|model| item.models.iter().any(|one| one.eq_ignore_ascii_case(model)))
        };
        self.0.iter().filter(is_of_class).filter(is_of_model)
    }
}
