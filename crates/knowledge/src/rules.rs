//! Rules from marks to claims, as data: what a mark must look like, and what it then says.
//!
//! ```toml
//! [[rule]]
//! id = "dhcp-vendor-msft"
//! on = ["vendor_class"]        # kinds of fact, as in `model::FactKind`
//! exact = ["MSFT 5.0"]         # or prefix, contains, domain (a name or any below it), regex
//! say = { os = "Windows" }     # attributes of `Attribute`; `$1` or `${1}` is a group of the regex
//! confidence = 60              # percent
//! source = "[MS-DHCPE] §2.2.3"
//! ```
//!
//! Texts are compared without regard to the case of ASCII letters. `field = "dhcp."` limits a rule to fields whose id begins so.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::OnceLock;

use model::FactKind;
use serde::Deserialize;

use crate::claim::{Attribute, Claim};
use crate::error::Error;
use crate::matcher::{self, Flags, MAX_VALUE, Pattern, Prefilter};

/// A rule as written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    id: String,
    on: Vec<FactKind>,
    #[serde(default)]
    field: String,
    #[serde(default)]
    exact: Vec<String>,
    #[serde(default)]
    prefix: Vec<String>,
    #[serde(default)]
    contains: Vec<String>,
    #[serde(default)]
    domain: Vec<String>,
    #[serde(default)]
    regex: Vec<String>,
    say: BTreeMap<Attribute, String>,
    confidence: u8,
    source: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    rule: Vec<RuleText>,
}

/// A rule that can be asked.
#[derive(Debug)]
struct Rule {
    id: String,
    field: String,
    say: Vec<(Attribute, String)>,
    confidence: u8,
    source: String,
}

/// One way that a rule matches.
#[derive(Debug)]
enum Test {
    Exact(String),
    Prefix(String),
    Contains(String),
    Domain(String),
    Regex(Pattern),
}

impl Test {
    fn literal(&self) -> Option<String> {
        match self {
            Self::Exact(text) | Self::Prefix(text) | Self::Contains(text) | Self::Domain(text) => Some(text.clone()),
            Self::Regex(_) => None,
        }
    }

    /// The groups of a match; a literal match has none.
    fn groups(&self, value: &str) -> Option<Vec<String>> {
        let holds = match self {
            Self::Exact(text) => value.eq_ignore_ascii_case(text),
            Self::Prefix(text) => value.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text)),
            // The prefilter has seen the literal.
            Self::Contains(_) => true,
            Self::Domain(domain) => is_at_or_below(value, domain),
            Self::Regex(pattern) => return pattern.captures(value),
        };
        holds.then(Vec::new)
    }
}

/// `name` is `domain` or a name below it (RFC 1034 §3.1), a closing full stop aside.
pub(crate) fn is_at_or_below(name: &str, domain: &str) -> bool {
    let name = name.trim_end_matches('.');
    let Some(at) = name.len().checked_sub(domain.len()) else {
        return false;
    };
    name.get(at..).is_some_and(|end| end.eq_ignore_ascii_case(domain)) && (at == 0 || name.as_bytes().get(at - 1) == Some(&b'.'))
}

/// The tests of all rules on one kind of fact.
#[derive(Debug)]
struct OfKind {
    filter: OnceLock<Prefilter>,
    /// Test and the index of its rule.
    tests: Vec<(Test, usize)>,
}

/// All rules.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    rules: Vec<Rule>,
    kinds: HashMap<FactKind, OfKind>,
}

/// A file of rules: its text and where it came from.
pub(crate) type RuleFile<'t> = (&'t str, &'t Path);

impl Rules {
    /// Reads files of rules. A rule replaces an earlier one of the same id.
    pub(crate) fn parse<'t>(files: impl IntoIterator<Item = RuleFile<'t>>) -> Result<Self, Error> {
        let mut texts: BTreeMap<String, RuleText> = BTreeMap::new();
        for (text, file) in files {
            let read: File = toml::from_str(text).map_err(|e| Error::of_toml(file, text, &e))?;
            texts.extend(read.rule.into_iter().map(|rule| (rule.id.clone(), rule)));
        }
        let mut rules = Vec::with_capacity(texts.len());
        let mut tests: HashMap<FactKind, Vec<(Test, usize)>> = HashMap::new();
        for text in texts.into_values() {
            for kind in &text.on {
                let of_kind = tests.entry(*kind).or_default();
                of_kind.extend(all_tests(&text).into_iter().map(|test| (test, rules.len())));
            }
            rules.push(Rule {
                id: text.id,
                field: text.field,
                say: text.say.into_iter().collect(),
                confidence: text.confidence.min(100),
                source: text.source,
            });
        }
        let kinds = tests.into_iter().map(|(kind, tests)| (kind, OfKind { filter: OnceLock::new(), tests })).collect();
        Ok(Self { rules, kinds })
    }

    /// What the rules say of a value.
    pub(crate) fn claims(&self, kind: FactKind, field_id: &str, value: &str) -> Vec<Claim<'_>> {
        let Some(of_kind) = self.kinds.get(&kind).filter(|_| value.len() <= MAX_VALUE) else {
            return Vec::new();
        };
        let mut claims = Vec::new();
        let mut done = None;
        for candidate in of_kind.filter.get_or_init(|| filter(&of_kind.tests)).candidates(value) {
            let Some((test, at)) = of_kind.tests.get(candidate) else {
                continue;
            };
            let Some(rule) = self.rules.get(*at).filter(|rule| field_id.starts_with(&rule.field) && done != Some(*at)) else {
                continue;
            };
            if let Some(groups) = test.groups(value) {
                done = Some(*at);
                claims.extend(rule.say.iter().filter_map(|say| rule.claim(say, &groups)));
            }
        }
        claims
    }

    /// How many rules there are.
    pub(crate) fn len(&self) -> usize {
        self.rules.len()
    }

    /// Patterns that cannot be compiled, with the rule's id.
    pub(crate) fn bad_patterns(&self) -> Vec<String> {
        let tests = self.kinds.values().flat_map(|kind| &kind.tests);
        tests
            .filter_map(|(test, at)| match test {
                Test::Regex(pattern) => {
                    pattern.check().err().map(|e| format!("{}: {e}", self.rules.get(*at).map_or("", |rule| rule.id.as_str())))
                }
                _ => None,
            })
            .collect()
    }

    /// Everything that rules say: rule id, attribute, value.
    #[cfg(test)]
    pub(crate) fn sayings(&self) -> impl Iterator<Item = (&str, Attribute, &str)> {
        self.rules.iter().flat_map(|rule| rule.say.iter().map(|(a, v)| (rule.id.as_str(), *a, v.as_str())))
    }
}

fn filter(tests: &[(Test, usize)]) -> Prefilter {
    Prefilter::new(tests.iter().map(|(test, _)| match test {
        Test::Regex(pattern) => pattern.literal(),
        other => other.literal(),
    }))
}

fn all_tests(rule: &RuleText) -> Vec<Test> {
    let flags = Flags { ignore_case: true, dot_all: false, ascii: true };
    let regexes = rule.regex.iter().map(|text| Test::Regex(Pattern::with_flags(text, flags)));
    let exact = rule.exact.iter().cloned().map(Test::Exact);
    let prefix = rule.prefix.iter().cloned().map(Test::Prefix);
    let contains = rule.contains.iter().cloned().map(Test::Contains);
    let domain = rule.domain.iter().cloned().map(Test::Domain);
    exact.chain(prefix).chain(contains).chain(domain).chain(regexes).collect()
}

impl Rule {
    fn claim<'k>(&'k self, (attribute, says): &'k (Attribute, String), groups: &[String]) -> Option<Claim<'k>> {
        let value = matcher::fill(says, groups);
        // A group that took no part leaves nothing to claim.
        (!value.trim().is_empty()).then(|| Claim {
            attribute: *attribute,
            value,
            confidence: self.confidence,
            rule: Cow::Borrowed(&self.id),
            source: &self.source,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = r#"
        [[rule]]
        id = "cam"
        on = ["user_agent"]
        regex = ['^Acme Camera (\w+)(?: v(\S+))?']
        say = { maker = "Acme", model = "$1", firmware = "$2" }
        confidence = 80
        source = "test"
        [[rule]]
        id = "cloud"
        on = ["server_name"]
        domain = ["acme.example"]
        say = { maker = "Acme" }
        confidence = 40
        source = "test"
    "#;

    fn said(kind: FactKind, value: &str) -> Vec<(Attribute, String)> {
        let rules = Rules::parse([(RULES, Path::new("x"))]).unwrap();
        rules.claims(kind, "http.agent", value).into_iter().map(|claim| (claim.attribute, claim.value.into_owned())).collect()
    }

    #[test]
    fn groups_fill_what_is_said() {
        let acme = (Attribute::Maker, "Acme".to_owned());
        let model = (Attribute::Model, "X1".to_owned());
        assert_eq!(said(FactKind::UserAgent, "acme camera X1"), [acme.clone(), model.clone()]);
        assert_eq!(said(FactKind::UserAgent, "Acme Camera X1 v2.0"), [acme, model, (Attribute::Firmware, "2.0".to_owned())]);
    }

    #[test]
    fn domains_match_at_labels() {
        assert_eq!(said(FactKind::ServerName, "api.ACME.example.").len(), 1);
        assert_eq!(said(FactKind::ServerName, "acme.example").len(), 1);
        assert!(said(FactKind::ServerName, "notacme.example").is_empty());
        assert!(said(FactKind::UserAgent, "api.acme.example").is_empty());
    }
}
