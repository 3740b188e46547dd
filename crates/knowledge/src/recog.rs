//! Reader of rapid7/recog's fingerprint files (XML), for those who have a copy in a folder.
//!
//! A file is a database of patterns for one sort of text; the first pattern that matches, in the order of the file, decides. A pattern's
//! `param`s are constants (`pos="0"`) or groups of the match, and values may name other params in braces. Patterns are Ruby's:
//! `^` and `$` stand at every line, and look-around and back-references are allowed, within a number of steps.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use model::FactKind;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::claim::{Attribute, Claim};
use crate::error::Error;
use crate::makers::Makers;
use crate::matcher::{Flags, MAX_VALUE, Pattern, Prefilter};

/// Most fingerprints that one folder may hold.
const MAX_FINGERPRINTS: usize = 100_000;
/// Confidence of a match that states no certainty, in percent (recog's own default is 0.85).
const DEFAULT_CERTAINTY: u8 = 85;

/// The databases of a folder, by name.
#[derive(Debug, Default)]
pub(crate) struct Recog {
    databases: BTreeMap<String, Database>,
    fingerprints: usize,
}

/// The fingerprints of one file.
#[derive(Debug, Default)]
pub(crate) struct Database {
    pub(crate) fingerprints: Vec<Fingerprint>,
    filter: OnceLock<Prefilter>,
}

/// A pattern and what it says.
#[derive(Debug)]
pub(crate) struct Fingerprint {
    pub(crate) pattern: Pattern,
    description: String,
    params: Vec<Param>,
    certainty: u8,
    #[cfg(test)]
    pub(crate) examples: Vec<Example>,
}

#[derive(Debug)]
struct Param {
    name: String,
    /// Group of the match; 0 for a constant.
    group: usize,
    value: String,
}

/// A text that the pattern must match, with params that it must give.
#[cfg(test)]
#[derive(Debug, Default)]
pub(crate) struct Example {
    pub(crate) text: String,
    pub(crate) expected: Vec<(String, String)>,
    /// `_encoding` or `_filename`: the text is not in the file as it is.
    pub(crate) special: Vec<(String, String)>,
}

/// What a match gives: param by name.
pub(crate) type Params = BTreeMap<String, String>;

impl Recog {
    /// Adds a file.
    pub(crate) fn add(&mut self, text: &str, file: &Path) -> Result<(), Error> {
        let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let (matches, database) = parse(text, file)?;
        self.fingerprints += database.fingerprints.len();
        if self.fingerprints > MAX_FINGERPRINTS {
            return Err(Error::of_file(
                file,
                "more fingerprints than the 100,000 that a folder may hold",
                "keep only the files you need",
            ));
        }
        self.databases.insert(matches.unwrap_or(stem), database);
        Ok(())
    }

    #[cfg(test)]
    pub(crate) fn databases(&self) -> impl Iterator<Item = (&String, &Database)> {
        self.databases.iter()
    }

    /// What the databases for a kind of fact say of a value.
    pub(crate) fn claims<'k>(&'k self, kind: FactKind, field_id: &str, value: &str, makers: &'k Makers) -> Vec<Claim<'k>> {
        let protocol = field_id.split('.').next().unwrap_or("");
        let matched = databases_for(kind, protocol).iter().filter_map(|name| {
            let (fingerprint, params) = self.databases.get(*name)?.find(value)?;
            Some(claims_of(fingerprint, &params, makers))
        });
        matched.flatten().collect()
    }
}

impl Database {
    fn filter(&self) -> &Prefilter {
        self.filter.get_or_init(|| Prefilter::new(self.fingerprints.iter().map(|fingerprint| fingerprint.pattern.literal())))
    }

    /// The first fingerprint that matches.
    pub(crate) fn find(&self, value: &str) -> Option<(&Fingerprint, Params)> {
        if value.len() > MAX_VALUE {
            return None;
        }
        self.filter().candidates(value).into_iter().find_map(|at| {
            let fingerprint = self.fingerprints.get(at)?;
            Some((fingerprint, fingerprint.read(value)?))
        })
    }
}

impl Fingerprint {
    /// The params of a match.
    pub(crate) fn read(&self, value: &str) -> Option<Params> {
        let groups = self.pattern.captures(value)?;
        let given = |param: &Param| match param.group {
            0 => Some(param.value.clone()),
            group => groups.get(group).filter(|text| !text.is_empty()).cloned(),
        };
        let mut params: Params = self.params.iter().filter_map(|param| Some((param.name.clone(), given(param)?))).collect();
        let templates: Vec<(String, Option<String>)> = params
            .iter()
            .filter(|(_, value)| value.contains('{'))
            .map(|(name, value)| (name.clone(), interpolate(name, value, &params)))
            .collect();
        for (name, value) in templates {
            match value {
                Some(value) => params.insert(name, value),
                None => params.remove(&name),
            };
        }
        params.retain(|name, _| !name.starts_with("_tmp."));
        Some(params)
    }
}

/// Replaces `{name}` by that param; `None` where it is missing, but `-` inside a CPE, whose fields may be open.
fn interpolate(name: &str, value: &str, params: &Params) -> Option<String> {
    let mut out = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('{') {
        let (inner, left) = after.split_once('}')?;
        out.push_str(before);
        match params.get(inner) {
            Some(value) => out.push_str(value),
            None if name.ends_with(".cpe23") => out.push('-'),
            None => return None,
        }
        rest = left;
    }
    out.push_str(rest);
    Some(out)
}

/// Reads a file: the name in its `matches`, if it has one, and its fingerprints.
fn parse(text: &str, file: &Path) -> Result<(Option<String>, Database), Error> {
    let mut reader = Reader::from_str(text);
    let mut matches = None;
    let mut database = Database::default();
    let mut open: Option<String> = None;
    let mut current = Draft::default();
    loop {
        let line = |reader: &Reader<&[u8]>| {
            let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX).min(text.len());
            text.as_bytes().get(..at).map_or(0, |before| before.iter().filter(|byte| **byte == b'\n').count() + 1)
        };
        let bad =
            |at: usize, what: String| Error::of_line(file, at, what, "compare it with the file in rapid7/recog, or leave it out");
        let event = reader.read_event().map_err(|e| bad(line(&reader), e.to_string()))?;
        match event {
            Event::Start(tag) | Event::Empty(tag) if tag.name().as_ref() == "fingerprints" => {
                matches = attribute(&tag, "matches");
            }
            Event::Start(tag) if tag.name().as_ref() == "fingerprint" => current = Draft::begin(&tag),
            Event::Start(tag) | Event::Empty(tag) if tag.name().as_ref() == "param" => current.param(&tag),
            Event::Start(tag) if matches!(tag.name().as_ref(), "description" | "example") => {
                open = Some(String::new());
                #[cfg(test)]
                {
                    current.example = attributes(&tag);
                }
            }
            Event::Text(text) => open.iter_mut().for_each(|inner| inner.push_str(&text)),
            Event::CData(text) => open.iter_mut().for_each(|inner| inner.push_str(&text)),
            Event::GeneralRef(reference) => {
                if let Some(inner) = &mut open {
                    let entity = format!("&{};", &*reference);
                    inner.push_str(&quick_xml::escape::unescape(&entity).map_err(|e| bad(line(&reader), e.to_string()))?);
                }
            }
            Event::End(tag) if matches!(tag.name().as_ref(), "description" | "example") => {
                let inner = open.take().unwrap_or_default();
                current.text(tag.name().as_ref(), inner);
            }
            Event::End(tag) if tag.name().as_ref() == "fingerprint" => {
                database.fingerprints.push(std::mem::take(&mut current).finish());
            }
            Event::Eof => return Ok((matches, database)),
            _ => {}
        }
    }
}

/// A fingerprint being read.
#[derive(Default)]
struct Draft {
    pattern: String,
    flags: String,
    certainty: Option<String>,
    description: String,
    params: Vec<Param>,
    #[cfg(test)]
    example: Vec<(String, String)>,
    #[cfg(test)]
    examples: Vec<Example>,
}

impl Draft {
    fn begin(tag: &BytesStart<'_>) -> Self {
        Self {
            pattern: attribute(tag, "pattern").unwrap_or_default(),
            flags: attribute(tag, "flags").unwrap_or_default(),
            certainty: attribute(tag, "certainty"),
            ..Self::default()
        }
    }

    fn param(&mut self, tag: &BytesStart<'_>) {
        let group = attribute(tag, "pos").and_then(|pos| pos.parse().ok()).unwrap_or(0);
        if let Some(name) = attribute(tag, "name") {
            self.params.push(Param { name, group, value: attribute(tag, "value").unwrap_or_default() });
        }
    }

    fn text(&mut self, tag: &str, inner: String) {
        if tag == "description" {
            self.description = inner.split_whitespace().collect::<Vec<_>>().join(" ");
        } else {
            self.keep_example(inner);
        }
    }

    #[cfg(test)]
    fn keep_example(&mut self, text: String) {
        let (special, expected) = std::mem::take(&mut self.example).into_iter().partition(|(name, _)| name.starts_with('_'));
        self.examples.push(Example { text, expected, special });
    }

    #[cfg(not(test))]
    fn keep_example(&mut self, _: String) {}

    fn finish(self) -> Fingerprint {
        let dot_all = self.flags.contains("REG_DOT_NEWLINE") || self.flags.contains("REG_MULTILINE");
        let flags = Flags { ignore_case: self.flags.contains("REG_ICASE"), dot_all, ascii: false };
        let certainty = self.certainty.and_then(|text| percent(&text));
        Fingerprint {
            pattern: Pattern::with_flags(&from_ruby(&self.pattern), flags),
            description: self.description,
            params: self.params,
            certainty: certainty.unwrap_or(DEFAULT_CERTAINTY),
            #[cfg(test)]
            examples: self.examples,
        }
    }
}

/// `0.9` as 90.
fn percent(text: &str) -> Option<u8> {
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), "0"));
    let tens: String = part.chars().chain("00".chars()).take(2).collect();
    let value = if whole == "1" { 100 } else { tens.parse().ok()? };
    Some(value).filter(|value| *value <= 100)
}

/// A Ruby pattern in the dialect of the engine: line anchors always on.
fn from_ruby(pattern: &str) -> String {
    format!("(?m){pattern}")
}

fn attributes(tag: &BytesStart<'_>) -> Vec<(String, String)> {
    let read = tag.attributes().flatten().map(|attribute| {
        let name = attribute.key.as_ref().to_owned();
        let raw = attribute.value.into_owned();
        let value = quick_xml::escape::unescape(&raw).map_or(raw.clone(), Cow::into_owned);
        (name, value)
    });
    read.collect()
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    attributes(tag).into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

/// Databases that hold patterns for a kind of fact that a protocol states.
fn databases_for(kind: FactKind, protocol: &str) -> &'static [&'static str] {
    use FactKind as K;
    match (kind, protocol) {
        (K::ServerBanner, "http" | "ipp" | "ssdp") => &["http_header.server"],
        (K::ServerBanner, "ssh") => &["ssh.banner"],
        (K::ServerBanner, "ftp") => &["ftp.banner"],
        (K::ServerBanner, "smtp") => &["smtp.banner"],
        (K::ServerBanner, "pop3") => &["pop3.banner"],
        (K::ServerBanner, "imap") => &["imap4.banner"],
        (K::ServerBanner, "telnet") => &["telnet_banners"],
        (K::ServerBanner, "rtsp") => &["rtsp_header.server"],
        (K::ServerBanner, "sip") => &["sip_header.server"],
        (K::ServerBanner, "mysql") => &["mysql.banners"],
        (K::UserAgent, "sip") => &["sip_header.user_agent"],
        (K::VendorClass, _) => &["dhcp_vendor_class"],
        (K::HttpRealm, _) => &["http_header.wwwauth"],
        (K::SysDescr, _) => &["snmp.sys_description"],
        (K::SysObjectId, _) => &["snmp.sys_object_id"],
        (K::ServiceText, _) => &["mdns.device-info.txt", "mdns.workstation.txt"],
        (K::Os, "smb" | "nbss") => &["smb.native_os"],
        (K::Software, "smb" | "nbss") => &["smb.native_lm"],
        (K::Os, _) => &["operating_system.name"],
        (K::CertificateName, _) => &["x509.subject"],
        _ => &[],
    }
}

/// What a match says in our words.
fn claims_of<'k>(fingerprint: &'k Fingerprint, params: &Params, makers: &'k Makers) -> Vec<Claim<'k>> {
    let mut claims = Vec::new();
    let mut say = |attribute, value: Option<String>, certainty: &str| {
        let Some(value) = value.filter(|value| !value.trim().is_empty()) else {
            return;
        };
        let certainty = params.get(certainty).and_then(|text| percent(text)).unwrap_or(fingerprint.certainty);
        claims.push(Claim {
            attribute,
            value: Cow::Owned(value),
            confidence: certainty,
            rule: Cow::Owned(format!("recog: {}", fingerprint.description)),
            source: "rapid7/recog",
        });
    };
    let get = |name: &str| params.get(name).cloned();
    let joined = |names: &[&str]| {
        let words: Vec<&str> = names.iter().filter_map(|name| params.get(*name)).map(String::as_str).collect();
        (!words.is_empty()).then(|| words.join(" "))
    };
    say(Attribute::Maker, get("hw.vendor").map(|maker| makers.canonical(&maker).to_owned()), "hw.certainty");
    say(Attribute::Model, get("hw.product").or_else(|| get("hw.model")), "hw.certainty");
    say(Attribute::Family, get("hw.family"), "hw.certainty");
    say(Attribute::Serial, get("hw.serial_number"), "hw.certainty");
    let device = get("hw.device").or_else(|| get("os.device"));
    say(Attribute::Class, device.as_deref().and_then(class_of).map(str::to_owned), "hw.certainty");
    if params.contains_key("hw.vendor") && params.get("hw.vendor") == params.get("os.vendor") {
        say(Attribute::Firmware, get("os.version"), "os.certainty");
    }
    if params.contains_key("os.product") {
        let version = if params.get("os.product").is_some_and(|product| product.contains(char::is_numeric)) {
            "os.build"
        } else {
            "os.version"
        };
        say(Attribute::Os, os_name(params, version), "os.certainty");
    }
    say(Attribute::Software, joined(&["service.product", "service.version"]), "service.certainty");
    claims
}

/// `Ubuntu Linux 22.04`: product and version, without the maker's name but for Linux distributions, where it is the name.
fn os_name(params: &Params, version: &str) -> Option<String> {
    let product = params.get("os.product")?;
    let vendor = params.get("os.vendor").filter(|vendor| product == "Linux" && *vendor != "Linux");
    let words = [vendor, Some(product), params.get(version)];
    Some(words.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" "))
}

/// Our class for recog's `hw.device`, where it has one.
pub(crate) const CLASSES: &[(&str, &str)] = &[
    ("Printer", "printer"),
    ("Multifunction Device", "printer"),
    ("Print Server", "printer"),
    ("Router", "router"),
    ("Broadband Router", "router"),
    ("DSL Modem", "router"),
    ("ADSL Modem", "router"),
    ("Cable Modem", "router"),
    ("Switch", "switch"),
    ("WAP", "access_point"),
    ("WLAN Repeater", "access_point"),
    ("Wireless Controller", "wireless_controller"),
    ("VoIP", "ip_phone"),
    ("SIP Device", "ip_phone"),
    ("Firewall", "firewall"),
    ("VPN", "firewall"),
    ("Security Appliance", "firewall"),
    ("IPS", "firewall"),
    ("Laptop", "workstation"),
    ("Desktop", "workstation"),
    ("Thin Client", "thin_client"),
    ("Mobile Phone", "mobile"),
    ("Tablet", "mobile"),
    ("Mobile", "mobile"),
    ("Lights Out Management", "server_management"),
    ("KVM", "server_management"),
    ("IP Camera", "camera"),
    ("Web Cam", "camera"),
    ("DVR", "video_recorder"),
    ("Video Conferencing", "video_conferencing"),
    ("NAS", "storage"),
    ("Storage", "storage"),
    ("Storage Appliance", "storage"),
    ("Tape Library", "storage"),
    ("Power Device", "power"),
    ("UPS", "power"),
    ("Power Relay", "power"),
    ("Device Server", "serial_gateway"),
    ("Hypervisor", "virtual_host"),
    ("PLC", "plc"),
    ("HMI Controller", "plc"),
    ("Industrial Control", "plc"),
    ("Building Automation", "building_controller"),
    ("Environment Control", "building_controller"),
    ("Access Control", "access_control"),
    ("Smart TV", "media_player"),
    ("Media Player", "media_player"),
    ("Media Receiver", "media_player"),
    ("IPTV", "media_player"),
    ("Network Audio", "media_player"),
    ("Media Server", "media_player"),
    ("Light Bulb", "smart_light"),
    ("SIP Gateway", "voice_gateway"),
    ("VoIP Gateway", "voice_gateway"),
    ("Media Gateway", "voice_gateway"),
];

fn class_of(device: &str) -> Option<&'static str> {
    CLASSES.iter().find(|(name, _)| *name == device).map(|(_, class)| *class)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"<?xml version="1.0"?>
        <fingerprints matches="ssh.banner" protocol="ssh">
          <fingerprint pattern="^Acme_(\d+)&lt;(?:([a-z]+))?" flags="REG_ICASE">
            <description>Acme
              &amp; friends</description>
            <example service.version="7">acme_7&lt;</example>
            <param pos="0" name="service.product" value="Acme"/>
            <param pos="1" name="service.version"/>
            <param pos="2" name="_tmp.x"/>
            <param pos="0" name="service.cpe23" value="cpe:/a:acme:{service.version}:{_tmp.x}"/>
            <param pos="0" name="hw.product" value="Box {_tmp.x}"/>
          </fingerprint>
        </fingerprints>"#;

    #[test]
    fn params_are_filled() {
        let mut recog = Recog::default();
        recog.add(FILE, Path::new("ssh_banners.xml")).unwrap();
        let (_, database) = recog.databases().next().unwrap();
        let (fingerprint, params) = database.find("acme_7<").unwrap();
        assert_eq!(fingerprint.description, "Acme & friends");
        assert_eq!(params["service.version"], "7");
        assert_eq!(params["service.cpe23"], "cpe:/a:acme:7:-");
        assert!(!params.contains_key("hw.product"));
        let makers = Makers::default();
        let claims = recog.claims(FactKind::ServerBanner, "ssh.banner", "Acme_9<x", &makers);
        let said: Vec<_> = claims.iter().map(|c| (c.attribute, c.value.as_ref())).collect();
        assert_eq!(said, [(Attribute::Model, "Box x"), (Attribute::Software, "Acme 9")]);
    }

    /// Where a copy of rapid7/recog's `xml` folder lies, for the test that reads all of it.
    const FOLDER: &str = "MEDWARDEN_RECOG";

    /// Least share of the examples that must pass, in thousandths.
    const FLOOR: usize = 995;

    #[test]
    fn examples_of_recog_pass() {
        let beside =
            || Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|p| p.join("shared/recog/xml")).find(|p| p.is_dir());
        let folder = std::env::var_os(FOLDER).map(std::path::PathBuf::from).or_else(beside);
        let Some(entries) = folder.and_then(|folder| std::fs::read_dir(folder).ok()) else {
            println!("skipped: {FOLDER} names no copy of rapid7/recog's xml folder");
            return;
        };
        let (mut passed, mut all, mut failures) = (0, 0, Vec::new());
        for path in entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "xml")) {
            let mut recog = Recog::default();
            recog.add(&std::fs::read_to_string(&path).unwrap(), &path).unwrap();
            for fingerprint in recog.databases().flat_map(|(_, database)| &database.fingerprints) {
                if let Err(e) = fingerprint.pattern.check() {
                    failures.push(format!("{}: pattern: {e}", path.display()));
                }
                for example in &fingerprint.examples {
                    let result = check(fingerprint, example, &path);
                    all += 1;
                    passed += usize::from(result.is_ok());
                    failures.extend(result.err().map(|e| format!("{}: {}: {e}", path.display(), fingerprint.description)));
                }
            }
        }
        failures.iter().for_each(|failure| println!("{failure}"));
        println!("{passed} of {all} examples of rapid7/recog pass");
        assert!(all > 0 && passed * 1000 >= all * FLOOR);
    }

    fn check(fingerprint: &Fingerprint, example: &Example, file: &Path) -> Result<(), String> {
        let special = |name: &str| example.special.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let bytes = match (special("_filename"), special("_encoding")) {
            (Some(name), _) => std::fs::read(file.with_extension("").join(name)).map_err(|e| e.to_string())?,
            (_, Some("base64")) => base64(&example.text),
            _ => example.text.clone().into_bytes(),
        };
        let text = String::from_utf8(bytes).unwrap_or_else(|e| e.as_bytes().iter().map(|b| char::from(*b)).collect());
        if !Prefilter::new(std::iter::once(fingerprint.pattern.literal())).candidates(&text).contains(&0) {
            return Err(format!("the prefilter drops {text:?}"));
        }
        let params = fingerprint.read(&text).ok_or_else(|| format!("no match for {text:?}"))?;
        for (name, value) in &example.expected {
            // Recog writes a group that took no part as an empty text.
            if params.get(name).map_or("", String::as_str) != value {
                return Err(format!("{name} is {:?}, not {value:?}", params.get(name)));
            }
        }
        Ok(())
    }

    fn base64(text: &str) -> Vec<u8> {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let digits = text.bytes().filter_map(|b| ALPHABET.iter().position(|a| *a == b));
        let bits: Vec<bool> = digits.flat_map(|d| (0..6).rev().map(move |bit| d >> bit & 1 == 1)).collect();
        bits.chunks_exact(8).map(|octet| octet.iter().fold(0, |byte, bit| byte << 1 | u8::from(*bit))).collect()
    }

    #[test]
    fn damage_is_an_error_with_its_line() {
        let error = Recog::default().add("<fingerprints>\n<a></b>", Path::new("x.xml")).unwrap_err();
        assert!(error.to_string().starts_with("x.xml:2: "), "{error}");
    }
}
