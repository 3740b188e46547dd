//! Device models that hospitals have, as data: what each is, and what it says on the wire.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

const BUILTIN: &str = include_str!("../../data/catalogue.toml");

/// How much a model says of itself in the clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Richness {
    /// A message names maker and model outright.
    States,
    /// Banners, vendor classes, names or identifiers from which both may follow.
    Marks,
    /// An address block and traffic of a kind; no message names it.
    Mute,
}

impl Richness {
    /// All, the richest first.
    pub const ALL: [Self; 3] = [Self::States, Self::Marks, Self::Mute];

    /// Its word in manifests, truth and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::States => "states",
            Self::Marks => "marks",
            Self::Mute => "mute",
        }
    }
}

/// A device model.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// The word by which manifests name it.
    pub id: String,
    /// Maker as knowledge names it; empty where nothing in a network can show it, as of a virtual machine.
    pub maker: String,
    /// Model name; empty likewise.
    pub name: String,
    /// Device class, an id of knowledge.
    pub class: String,
    /// Beginnings of its MAC addresses, in hexadecimal: 6, 7 or 9 digits. `local` makes up addresses, as mobiles do.
    pub ouis: Vec<String>,
    /// How much it says of itself.
    pub richness: Richness,
    /// No rule of knowledge may be written with this model in mind: it measures what knowledge does with strangers.
    #[serde(default)]
    pub held_out: bool,
    /// Firmware versions in use; a device runs one of them.
    #[serde(default)]
    pub firmware: Vec<String>,
    /// Initial hop limit of its packets.
    #[serde(default = "ttl")]
    pub ttl: u8,
    /// Its name: `{n}` is its number in the hospital, `{mac}` the last six digits of its MAC address, `{MAC}` the same in capitals.
    pub host: String,
    /// Ids of routines that it carries out.
    #[serde(default)]
    pub does: Vec<String>,
    /// Roles that it has for others, such as `pacs` or `dns`.
    #[serde(default)]
    pub roles: Vec<String>,
    /// What its messages say, by the name that a routine asks for.
    #[serde(default)]
    pub says: BTreeMap<String, String>,
}

const fn ttl() -> u8 {
    64
}

impl Model {
    /// What it says under a name; empty where it says nothing.
    #[must_use]
    pub fn says(&self, name: &str) -> &str {
        self.says.get(name).map_or("", String::as_str)
    }
}

/// All models, in the order of the catalogue.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    #[serde(rename = "model")]
    models: Vec<Model>,
}

impl Catalogue {
    /// The catalogue that comes with the lab.
    ///
    /// # Panics
    /// When the file of this crate is wrong; a test reads it.
    pub fn builtin() -> &'static Self {
        static READ: OnceLock<Catalogue> = OnceLock::new();
        READ.get_or_init(|| toml::from_str(BUILTIN).unwrap_or_else(|error| panic!("data/catalogue.toml: {error}")))
    }

    /// All models.
    #[must_use]
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// Where a model stands in [`Catalogue::models`].
    #[must_use]
    pub fn position(&self, id: &str) -> Option<usize> {
        self.models.iter().position(|model| model.id == id)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_unique_and_the_last_third_is_held_out() {
        let models = Catalogue::builtin().models();
        assert!(models.len() >= 40);
        let ids: BTreeSet<&str> = models.iter().map(|model| model.id.as_str()).collect();
        assert_eq!(ids.len(), models.len());
        let first_held = models.iter().position(|model| model.held_out).unwrap();
        assert!(models[first_held..].iter().all(|model| model.held_out), "the held-out models stand last");
        let share = (models.len() - first_held) as f64 / models.len() as f64;
        assert!((0.30..=0.37).contains(&share), "{share}");
    }

    #[test]
    fn every_model_does_what_the_lab_can_play() {
        for model in Catalogue::builtin().models() {
            for id in &model.does {
                assert!(crate::hospital::routines::find(id).is_some(), "{}: no routine {id}", model.id);
            }
            for oui in &model.ouis {
                let digits = oui.chars().all(|c| c.is_ascii_hexdigit());
                assert!(oui == "local" || (digits && [6, 7, 9].contains(&oui.len())), "{}: {oui}", model.id);
            }
        }
    }
}
