//! Manifests: a hospital as text.
//!
//! ```toml
//! [hospital]
//! name = "Example Clinic"
//! domain = "clinic.example"        # names of its hosts end so
//! space = "10.20.0.0/16"           # subnets are taken from here, in the order in which they stand
//!
//! [[site]]
//! name = "main"
//! buildings = [{ name = "House A", units = ["ICU", "Radiology"] }]
//! subnets = [{ name = "wards", vlan = 20, prefix = 24, dhcp = true }, { name = "servers", vlan = 10, prefix = 24 }]
//! switches = [{ name = "core", subnets = ["wards", "servers"] }]
//! mirrors = [{ name = "core-span", switches = ["core"] }]
//!
//! [[site.devices]]
//! model = "icu-plum-360"           # of the catalogue
//! count = 12
//! subnet = "wards"
//! unit = "ICU"
//! ```

use std::net::Ipv4Addr;

use serde::Deserialize;
use toml::Spanned;

/// What is wrong with a manifest, and where.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It is no TOML, or says something that manifests do not have.
    #[error("{0}")]
    Text(#[from] toml::de::Error),
    /// It names something that there is not, or does not add up.
    #[error("line {line}: {what}")]
    Meaning {
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
}

/// A hospital as text.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// What concerns all sites.
    pub hospital: Head,
    /// Its sites.
    #[serde(rename = "site")]
    pub sites: Vec<Site>,
    /// Incidents that happen.
    #[serde(default, rename = "incident")]
    pub incidents: Vec<Incident>,
    /// The text, for telling lines.
    #[serde(skip)]
    pub text: String,
}

/// What concerns all sites.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Its name.
    pub name: String,
    /// The domain of its hosts.
    pub domain: String,
    /// The network that subnets are taken from.
    #[serde(default = "space")]
    pub space: Spanned<String>,
    /// When the play begins, RFC 3339.
    #[serde(default = "start")]
    pub start: Spanned<String>,
    /// How busy it is: 2 doubles what recurs, 0.5 halves it.
    #[serde(default = "one")]
    pub rate: f64,
}

/// A site, or several alike.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// Its name; with `repeat`, a number follows.
    pub name: Spanned<String>,
    /// So many sites like this.
    #[serde(default = "once")]
    pub repeat: u32,
    /// Its devices appear at other sites under one address, that of its router.
    #[serde(default)]
    pub nat: bool,
    /// Its buildings.
    #[serde(default)]
    pub buildings: Vec<Building>,
    /// Its subnets.
    pub subnets: Vec<Subnet>,
    /// Its switches.
    #[serde(default)]
    pub switches: Vec<Switch>,
    /// Where captures are taken.
    #[serde(default)]
    pub mirrors: Vec<Mirror>,
    /// Its devices.
    #[serde(default)]
    pub devices: Vec<Devices>,
}

/// A building and the units in it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Building {
    /// Its name.
    pub name: String,
    /// Wards and departments.
    #[serde(default)]
    pub units: Vec<String>,
}

/// A subnet, which is a VLAN of its site.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subnet {
    /// Its name.
    pub name: Spanned<String>,
    /// Its VLAN, 1 to 4094.
    pub vlan: u16,
    /// Length of its prefix.
    pub prefix: u8,
    /// Its devices lease their addresses.
    #[serde(default)]
    pub dhcp: bool,
    /// Visitors come and go, and addresses are given again soon.
    #[serde(default)]
    pub guests: bool,
}

/// A switch and the VLANs that cross it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    /// Its name.
    pub name: Spanned<String>,
    /// Subnets on it.
    pub subnets: Vec<Spanned<String>>,
}

/// A mirror port: what it sees goes to the capture.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mirror {
    /// Its name, which is that of its interface in pcapng.
    pub name: String,
    /// Switches whose frames it sees.
    pub switches: Vec<Spanned<String>>,
    /// It sees a routed packet on each VLAN that it crosses; else on the first.
    #[serde(default)]
    pub both_legs: bool,
    /// Frames bear their VLAN tags.
    #[serde(default)]
    pub tags: bool,
}

/// So many devices of a model.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Devices {
    /// The model, an id of the catalogue.
    pub model: Spanned<String>,
    /// How many.
    #[serde(default = "once")]
    pub count: u32,
    /// Where they are plugged in.
    pub subnet: Spanned<String>,
    /// A second interface in another subnet.
    #[serde(default)]
    pub second: Option<Spanned<String>>,
    /// The unit they stand in.
    #[serde(default)]
    pub unit: Option<Spanned<String>>,
    /// Roles besides those of the model.
    #[serde(default)]
    pub roles: Vec<String>,
}

/// An incident that happens.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incident {
    /// Id of the script.
    pub script: Spanned<String>,
    /// Hours after the start.
    pub at_hours: f64,
}

fn space() -> Spanned<String> {
    Spanned::new(0..0, "10.0.0.0/8".to_owned())
}

/// 2026-03-02 is a Monday.
fn start() -> Spanned<String> {
    Spanned::new(0..0, "2026-03-02T00:00:00Z".to_owned())
}

const fn one() -> f64 {
    1.0
}

const fn once() -> u32 {
    1
}

/// Manifests that come with the lab: name, text.
pub const SHIPPED: &[(&str, &str)] = &[
    ("clinic", include_str!("../../data/manifests/clinic.toml")),
    ("community", include_str!("../../data/manifests/community.toml")),
    ("regional", include_str!("../../data/manifests/regional.toml")),
];

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// Says the line and what is wrong there.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let mut manifest: Self = toml::from_str(text)?;
        text.clone_into(&mut manifest.text);
        Ok(manifest)
    }

    /// The text of a manifest that comes with the lab.
    #[must_use]
    pub fn shipped(name: &str) -> Option<&'static str> {
        SHIPPED.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
    }

    /// An error at something that the text says.
    pub(crate) fn wrong<T>(&self, at: &Spanned<T>, what: String) -> ManifestError {
        let line = self.text.get(..at.span().start).map_or(1, |before| before.matches('\n').count() + 1);
        ManifestError::Meaning { line, what }
    }
}

/// A network as `10.0.0.0/8`.
pub(crate) fn network(text: &str) -> Option<(Ipv4Addr, u8)> {
    let (address, prefix) = text.split_once('/')?;
    let prefix: u8 = prefix.parse().ok()?;
    Some((address.parse().ok()?, prefix)).filter(|_| (8..=30).contains(&prefix))
}
