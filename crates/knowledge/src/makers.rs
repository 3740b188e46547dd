//! Makers: one name for each, what else they are called, and what a network interface of theirs tells.

use std::collections::HashMap;
use std::path::Path;

use model::MacAddr;
use serde::Deserialize;

use crate::error::Error;

/// What the holder of an address block says about the device that bears the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegistrantKind {
    /// Makes whole devices: the block's holder is likely the device's maker.
    Maker,
    /// Makes radios, network modules, boards or other people's devices: names the interface's maker only.
    NetworkModule,
    /// Makes virtual machines or containers: the device is software on a host.
    Virtual,
    /// Not in the list of makers: it may be either of the first two.
    Unknown,
}

/// Whom the block of a MAC address is assigned to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registrant<'k> {
    /// The organisation as registered, without its legal form.
    pub name: &'k str,
    /// The name that we use for it: `Philips` for `Philips Patient Monitoring`.
    pub maker: &'k str,
    /// What that says about the device.
    pub kind: RegistrantKind,
    /// Device classes that its products belong to, where it makes clinical devices; the likeliest first.
    pub clinical_classes: &'k [String],
    /// Device classes that all of its products belong to, where it makes one sort of thing, as network equipment; else empty.
    pub usual_classes: &'k [String],
    /// Where the classes and the kind were learnt from; empty where nothing is known.
    pub source: &'k str,
}

/// A maker, as a `[[maker]]` of `makers.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Maker {
    name: String,
    /// Other names. One that ends in `*` stands for every name that begins so, at a word's end.
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default = "maker")]
    kind: RegistrantKind,
    /// Set where its products are clinical: classes, the likeliest first.
    #[serde(default)]
    classes: Vec<String>,
    /// Set where all of its products are of a few classes: an interface of theirs in another device is a part.
    #[serde(default)]
    usual: Vec<String>,
    #[serde(default)]
    source: String,
}

fn maker() -> RegistrantKind {
    RegistrantKind::Maker
}

/// A block that is used for one thing only, as a `[[prefix]]` of `makers.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Prefix {
    /// Hexadecimal digits, high octets first.
    prefix: String,
    name: String,
    kind: RegistrantKind,
    #[serde(default)]
    classes: Vec<String>,
    #[serde(default)]
    source: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    maker: Vec<Maker>,
    #[serde(default)]
    prefix: Vec<Prefix>,
}

/// All makers, found by any of their names.
#[derive(Debug, Default)]
pub(crate) struct Makers {
    makers: Vec<Maker>,
    prefixes: Vec<Prefix>,
    by_name: HashMap<String, usize>,
    by_beginning: HashMap<String, usize>,
}

impl Makers {
    /// Reads `makers.toml`.
    pub(crate) fn parse(text: &str, file: &Path) -> Result<Self, Error> {
        let mut makers = Self::default();
        makers.add(text, file)?;
        Ok(makers)
    }

    /// Adds another file, whose entries win over earlier ones.
    pub(crate) fn add(&mut self, text: &str, file: &Path) -> Result<(), Error> {
        let read: File = toml::from_str(text).map_err(|e| Error::of_toml(file, text, &e))?;
        for maker in read.maker {
            let at = self.makers.len();
            self.by_name.insert(name_key(&maker.name), at);
            for alias in &maker.aliases {
                match alias.strip_suffix('*') {
                    Some(beginning) => self.by_beginning.insert(name_key(beginning), at),
                    None => self.by_name.insert(name_key(alias), at),
                };
            }
            self.makers.push(maker);
        }
        self.prefixes.splice(0..0, read.prefix);
        Ok(())
    }

    fn find(&self, name: &str) -> Option<&Maker> {
        let key = name_key(name);
        let mut beginning = key.as_str();
        let mut found = self.by_name.get(&key);
        while found.is_none() && !beginning.is_empty() {
            found = self.by_beginning.get(beginning);
            beginning = beginning.rsplit_once(' ').map_or("", |(rest, _)| rest);
        }
        self.makers.get(*found?)
    }

    /// The name that we use for a maker, or the given name without blanks around it and its legal form.
    pub(crate) fn canonical<'a>(&'a self, name: &'a str) -> &'a str {
        self.known(name).unwrap_or_else(|| without_legal_form(name.trim()))
    }

    /// The name that we use for a maker, if it is one of ours.
    pub(crate) fn known(&self, name: &str) -> Option<&str> {
        self.find(name).map(|maker| maker.name.as_str())
    }

    /// What is known of the organisation that a block is assigned to.
    pub(crate) fn registrant<'k>(&'k self, organisation: &'k str) -> Registrant<'k> {
        match self.find(organisation) {
            Some(maker) => Registrant {
                name: organisation,
                maker: &maker.name,
                kind: maker.kind,
                clinical_classes: &maker.classes,
                usual_classes: &maker.usual,
                source: &maker.source,
            },
            None => Registrant {
                name: organisation,
                maker: without_legal_form(organisation),
                kind: RegistrantKind::Unknown,
                clinical_classes: &[],
                usual_classes: &[],
                source: "",
            },
        }
    }

    /// What is known of a block used for one thing only.
    pub(crate) fn prefix(&self, mac: MacAddr) -> Option<Registrant<'_>> {
        let digits = format!("{:012X}", mac.to_u64());
        let found = self.prefixes.iter().find(|prefix| digits.starts_with(&prefix.prefix))?;
        Some(Registrant {
            name: &found.name,
            maker: self.canonical(&found.name),
            kind: found.kind,
            clinical_classes: &found.classes,
            usual_classes: &[],
            source: &found.source,
        })
    }

    /// Every class named, for the test that they exist.
    #[cfg(test)]
    pub(crate) fn classes(&self) -> impl Iterator<Item = &str> {
        let of_makers = self.makers.iter().flat_map(|maker| maker.classes.iter().chain(&maker.usual));
        of_makers.chain(self.prefixes.iter().flat_map(|prefix| &prefix.classes)).map(String::as_str)
    }
}

/// Words at a name's end that say its legal form, lower case, without full stops.
const LEGAL_FORMS: &[&str] = &[
    "inc",
    "incorporated",
    "corp",
    "corporation",
    "co",
    "company",
    "ltd",
    "limited",
    "llc",
    "lllp",
    "lp",
    "llp",
    "plc",
    "gmbh",
    "ag",
    "kg",
    "kgaa",
    "mbh",
    "ug",
    "ek",
    "ohg",
    "sa",
    "sas",
    "sarl",
    "sl",
    "slu",
    "spa",
    "srl",
    "sro",
    "bv",
    "nv",
    "ab",
    "as",
    "aps",
    "oy",
    "oyj",
    "a/s",
    "kk",
    "pty",
    "pte",
    "pvt",
    "private",
    "sdn",
    "bhd",
    "zrt",
    "kft",
    "doo",
    "dd",
    "ooo",
    "jsc",
    "se",
    "cv",
    "intl",
    "&",
    "coltd",
    "ltda",
    "sp",
    "zoo",
    "group",
];

/// A name without the legal form at its end: `Acme Medical GmbH & Co. KG` gives `Acme Medical`.
///
/// Never empties a name: what is nothing but a legal form stays as it is.
pub(crate) fn without_legal_form(name: &str) -> &str {
    let mut rest = name.trim();
    loop {
        let cut = rest.trim_end_matches([',', '.', ' ', ';', '-']);
        let last_at = cut.rfind([' ', ',']).map_or(0, |at| at + 1);
        let last = cut.get(last_at..).unwrap_or("");
        let word: String = last.chars().filter(|c| !matches!(c, '.' | ',' | '(' | ')')).collect::<String>().to_lowercase();
        // "Co.,Ltd" is one word to us and two to its owner, which the comma above has split.
        if last_at == 0 || !LEGAL_FORMS.contains(&word.as_str()) {
            return if cut.is_empty() { rest } else { cut };
        }
        rest = cut.get(..last_at).unwrap_or("").trim_end_matches([',', ' ']);
    }
}

/// The form that names are compared in: lower case, letters and digits, one blank between words, no legal form.
fn name_key(name: &str) -> String {
    let lower = without_legal_form(name).to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legal_forms_go() {
        for (name, tidy) in [
            ("Acme Medical GmbH & Co. KG", "Acme Medical"),
            ("Espressif Inc.", "Espressif"),
            ("HUAWEI TECHNOLOGIES CO.,LTD", "HUAWEI TECHNOLOGIES"),
            ("D-Link Corporation", "D-Link"),
            ("Hon Hai Precision Ind. Co.,Ltd.", "Hon Hai Precision Ind"),
            ("Inc.", "Inc"),
            ("", ""),
            ("SGS", "SGS"),
        ] {
            assert_eq!(without_legal_form(name), tidy, "{name}");
        }
    }

    #[test]
    fn names_meet() {
        let makers = Makers::parse(
            "[[maker]]\nname = 'Philips'\naliases = ['Philips Medical Systems', 'Philips Patient*']\nclasses = ['patient_monitor']\n",
            Path::new("x"),
        )
        .unwrap();
        assert_eq!(makers.canonical("PHILIPS MEDICAL SYSTEMS, Inc."), "Philips");
        assert_eq!(makers.canonical("Philips Patient Monitoring"), "Philips");
        assert_eq!(makers.canonical(" Philips Lighting BV "), "Philips Lighting");
        assert_eq!(makers.registrant("Philips Patient Monitoring").clinical_classes, ["patient_monitor"]);
    }
}
