//! What Medwarden knows before it has seen anything: makers, device classes, services, and what marks on the wire betray.
//!
//! Every fact is data under `data/`, with its source, and is read when first asked for. Ways in:
//! [`Knowledge::builtin`] for what comes with the program, [`Knowledge::with_folder`] to add files of a site.
//!
//! A rule of thumb runs through the data: a wrong maker or model is worse than none. Where a mark names only a part of the device (the
//! radio, the network module, the operating system), the claim is about that part.
//!
//! Depends on no other crate of ours but `model`, touches no file but in [`Knowledge::with_folder`], and knows no clock.

mod checklists;
mod claim;
mod classes;
mod credentials;
mod error;
mod folder;
mod makers;
mod matcher;
mod recog;
mod registry;
mod remote;
mod rules;
mod services;
mod support;

use std::borrow::Cow;
use std::path::Path;
use std::sync::OnceLock;

use model::{FactKind, MacAddr, Timestamp};

pub use checklists::{ChecklistItem, Proof};
pub use claim::{Attribute, Claim};
pub use classes::Class;
pub use credentials::{CredentialEntry, credential_digest, hash_credentials};
pub use error::Error;
pub use makers::{Registrant, RegistrantKind};
pub use model::ClinicalImpact;
pub use registry::{compact_enterprises, compact_mac_registry, tidy_organisation};
pub use remote::RemoteTool;
pub use services::ServiceFact;
pub use support::EndOfSupport;

use checklists::Checklists;
use classes::Classes;
use credentials::Credentials;
use makers::Makers;
use recog::Recog;
use registry::{Enterprises, MacRegistry};
use remote::RemoteTools;
use rules::Rules;
use services::Services;
use support::Support;

/// All that is known. Cheap to make: each table is read when first asked for. Share one between threads.
#[derive(Debug, Default)]
pub struct Knowledge {
    macs: OnceLock<MacRegistry>,
    enterprises: OnceLock<Enterprises>,
    makers: OnceLock<Makers>,
    classes: OnceLock<Classes>,
    checklists: OnceLock<Checklists>,
    services: OnceLock<Services>,
    remote_tools: OnceLock<RemoteTools>,
    credentials: OnceLock<Credentials>,
    support: OnceLock<Support>,
    rules: OnceLock<Rules>,
    recog: Recog,
}

/// The files that come with the program. A test reads each, so that reading them here cannot fail.
mod data {
    pub(crate) const REGISTRIES: &str = include_str!("../data/registries.txt");
    pub(crate) const ENTERPRISES: &str = include_str!("../data/enterprises.txt");
    pub(crate) const MAKERS: &str = include_str!("../data/makers.toml");
    pub(crate) const CHECKLISTS: &str = include_str!("../data/checklists.toml");
    pub(crate) const CLASSES: &str = include_str!("../data/classes.toml");
    pub(crate) const SERVICES: &str = include_str!("../data/services.tsv");
    pub(crate) const REMOTE_TOOLS: &str = include_str!("../data/remote-tools.toml");
    pub(crate) const CREDENTIALS: &str = include_str!("../data/credentials.txt");
    pub(crate) const SUPPORT: &str = include_str!("../data/end-of-support.tsv");
    /// The rules, one file a theme.
    pub(crate) const RULES: &[(&str, &str)] = &[
        ("bedside.toml", include_str!("../data/rules/bedside.toml")),
        ("clinical.toml", include_str!("../data/rules/clinical.toml")),
        ("general.toml", include_str!("../data/rules/general.toml")),
        ("iot.toml", include_str!("../data/rules/iot.toml")),
    ];
}

impl Knowledge {
    /// What comes with the program.
    #[must_use]
    pub fn builtin() -> Self {
        Self::default()
    }

    /// What comes with the program, and the files of a folder on top:
    ///
    /// - `oui.csv`, `mam.csv`, `oui36.csv`, `iab.csv` as the IEEE publishes them, or `registries.txt`: replace the address blocks;
    /// - `enterprise-numbers.txt` (number, blank, name) or `enterprises.txt`: replace the enterprise numbers;
    /// - `makers.toml`, `classes.toml`, `checklists.toml`, `services.tsv`, `remote-tools.toml`, `end-of-support.tsv`, `rules/*.toml`: added, theirs win;
    /// - `credentials.txt`: replaces the hashed default credentials;
    /// - `recog/*.xml`: fingerprints of rapid7/recog.
    ///
    /// # Errors
    ///
    /// Names the file and line that cannot be used. A file that is missing is no error; a folder that is missing is.
    pub fn with_folder(folder: &Path) -> Result<Self, Error> {
        folder::load(folder)
    }

    /// Whom a MAC address's block is assigned to. `None` for addresses that software made up and for groups.
    ///
    /// Blocks that are known to be virtual machines' (`52:54:00` among them, though it is locally administered) are named.
    #[must_use]
    pub fn maker_of(&self, mac: MacAddr) -> Option<Registrant<'_>> {
        if !mac.is_interface() {
            return None;
        }
        if let Some(registrant) = self.makers().prefix(mac) {
            return Some(registrant);
        }
        let organisation = self.macs().organisation(mac).filter(|_| !mac.is_local())?;
        Some(self.makers().registrant(organisation))
    }

    /// The day of the list of address blocks, as `2022-08-27`.
    #[must_use]
    pub fn registries_date(&self) -> Option<&str> {
        self.macs().date()
    }

    /// Who holds a private enterprise number (SNMP engine id, sysObjectID).
    #[must_use]
    pub fn enterprise(&self, number: u32) -> Option<&str> {
        self.enterprises().organisation(number)
    }

    /// The one name that we use for a maker; an unknown name comes back without its legal form.
    #[must_use]
    pub fn canonical_maker<'a>(&'a self, name: &'a str) -> &'a str {
        self.makers().canonical(name)
    }

    /// The organisations that have blocks of MAC addresses, by name.
    pub fn registrants(&self) -> impl Iterator<Item = &str> {
        self.macs().organisations()
    }

    /// The name is one of a maker that we list.
    #[must_use]
    pub fn is_known_maker(&self, name: &str) -> bool {
        self.makers().known(name).is_some()
    }

    /// What a mark leads to, most confident first, each attribute's value once.
    ///
    /// `value` is the text of a fact of `kind` read from the field `field_id` (`dhcp.option60`). Names that a device contacts are
    /// asked with [`FactKind::ServerName`].
    #[must_use]
    pub fn claims(&self, kind: FactKind, field_id: &str, value: &str) -> Vec<Claim<'_>> {
        let mut claims = self.rules().claims(kind, field_id, value);
        claims.extend(self.enterprise_claim(kind, value));
        claims.extend(self.recog.claims(kind, field_id, value, self.makers()));
        for claim in claims.iter_mut().filter(|claim| claim.attribute == Attribute::Maker) {
            if let Some(name) = self.makers().known(&claim.value) {
                claim.value = Cow::Borrowed(name);
            }
        }
        claims.sort_by(|a, b| b.confidence.cmp(&a.confidence).then_with(|| a.rule.cmp(&b.rule)));
        let mut seen = Vec::new();
        claims.retain(|claim| {
            let new = !seen.contains(&(claim.attribute, claim.value.clone()));
            seen.push((claim.attribute, claim.value.clone()));
            new
        });
        claims
    }

    /// The maker that an SNMP object id or engine id names, where we know it as one that makes devices.
    fn enterprise_claim(&self, kind: FactKind, value: &str) -> Option<Claim<'_>> {
        let number = match kind {
            FactKind::SysObjectId => value.trim_start_matches('.').strip_prefix("1.3.6.1.4.1.")?,
            FactKind::EnterpriseNumber => value,
            _ => return None,
        };
        let organisation = self.enterprise(number.split('.').next()?.parse().ok()?)?;
        let registrant = self.makers().registrant(organisation);
        // Software houses whose number their agents bear on anybody's device.
        let is_software = ["Microsoft", "VMware", "Citrix", "Red Hat", "Oracle"].contains(&registrant.maker);
        (registrant.kind == RegistrantKind::Maker && !is_software).then_some(Claim {
            attribute: Attribute::Maker,
            value: Cow::Borrowed(registrant.maker),
            confidence: 65,
            rule: Cow::Borrowed("snmp-enterprise"),
            source: "IANA private enterprise numbers",
        })
    }

    /// A device class by id.
    #[must_use]
    pub fn class(&self, id: &str) -> Option<&Class> {
        self.class_table().get(id)
    }

    /// All device classes, by id.
    pub fn classes(&self) -> impl Iterator<Item = &Class> {
        self.class_table().iter()
    }

    /// What a device of a class and model should be configured like, where these are known.
    pub fn checklist<'a>(&'a self, class: Option<&str>, model: Option<&str>) -> impl Iterator<Item = &'a ChecklistItem> {
        self.checklist_table().of(class, model)
    }

    /// What a protocol (its id in `wire`, or `tcp` or `udp` where the bytes were not understood) on a server's port is for.
    #[must_use]
    pub fn service(&self, protocol_id: &str, port: u16) -> Option<&ServiceFact> {
        self.services().get(protocol_id, port)
    }

    /// A service is listed for a protocol on this very port: the port says something of its own.
    #[must_use]
    pub fn is_port_listed(&self, protocol_id: &str, port: u16) -> bool {
        self.services().lists(protocol_id, port)
    }

    /// The remote support tool that a name (SNI, DNS, HTTP host) belongs to.
    #[must_use]
    pub fn remote_tool(&self, name: &str) -> Option<&RemoteTool> {
        self.remote_tools().by_name(name)
    }

    /// The remote support tool that a server's port belongs to: weak, ask only where the bytes were not understood.
    #[must_use]
    pub fn remote_tool_on_port(&self, port: u16) -> Option<&RemoteTool> {
        self.remote_tools().by_port(port)
    }

    /// The published default credential that a log-in is, if it is one. `scheme` as in `wire`'s `Login`.
    #[must_use]
    pub fn default_credential(&self, scheme: &str, user: &[u8], secret: &[u8]) -> Option<&CredentialEntry> {
        self.credentials().find(scheme, user, secret)
    }

    /// When the support of an operating system ended or will end, where that is known.
    #[must_use]
    pub fn end_of_support(&self, os: &str) -> Option<&EndOfSupport> {
        self.support().find(os)
    }

    /// As [`Self::end_of_support`], if it was over at the time of the evidence.
    #[must_use]
    pub fn unsupported_os(&self, os: &str, at: Timestamp) -> Option<&EndOfSupport> {
        self.end_of_support(os).filter(|end| end.is_over(at))
    }

    /// Reads every table now, so that no later question waits. Returns how many facts there are.
    pub fn load_all(&self) -> usize {
        let tables = [self.macs().len(), self.rules().len(), self.credentials().len(), self.classes().count()];
        self.enterprises();
        self.services();
        self.remote_tools();
        self.support();
        tables.iter().sum()
    }
}

/// The tables, each read on first use.
impl Knowledge {
    fn macs(&self) -> &MacRegistry {
        self.macs.get_or_init(|| MacRegistry::parse(data::REGISTRIES, Path::new("registries.txt")).unwrap_or_default())
    }

    fn enterprises(&self) -> &Enterprises {
        self.enterprises.get_or_init(|| Enterprises::parse(data::ENTERPRISES, Path::new("enterprises.txt")).unwrap_or_default())
    }

    fn makers(&self) -> &Makers {
        self.makers.get_or_init(|| Makers::parse(data::MAKERS, Path::new("makers.toml")).unwrap_or_default())
    }

    fn class_table(&self) -> &Classes {
        self.classes.get_or_init(|| Classes::parse(data::CLASSES, Path::new("classes.toml")).unwrap_or_default())
    }

    fn checklist_table(&self) -> &Checklists {
        self.checklists.get_or_init(|| Checklists::parse(data::CHECKLISTS, Path::new("checklists.toml")).unwrap_or_default())
    }

    fn services(&self) -> &Services {
        self.services.get_or_init(|| Services::parse(data::SERVICES, Path::new("services.tsv")).unwrap_or_default())
    }

    fn remote_tools(&self) -> &RemoteTools {
        self.remote_tools
            .get_or_init(|| RemoteTools::parse(data::REMOTE_TOOLS, Path::new("remote-tools.toml")).unwrap_or_default())
    }

    fn credentials(&self) -> &Credentials {
        self.credentials.get_or_init(|| Credentials::parse(data::CREDENTIALS, Path::new("credentials.txt")).unwrap_or_default())
    }

    fn support(&self) -> &Support {
        self.support.get_or_init(|| Support::parse(data::SUPPORT, Path::new("end-of-support.tsv")).unwrap_or_default())
    }

    fn rules(&self) -> &Rules {
        let files = || data::RULES.iter().map(|(name, text)| (*text, Path::new(*name)));
        self.rules.get_or_init(|| Rules::parse(files()).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
