//! Many patterns on one short text: a literal that each pattern needs is looked for with one automaton, and only the patterns whose
//! literal is there are tried. A pattern is compiled when first tried.

use std::borrow::Cow;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use regex_syntax::hir::{Hir, HirKind};

/// Steps that a pattern with look-around or back-references may take on one value.
const STEPS: usize = 100_000;
/// Bytes that a compiled pattern may take; long repetitions of letters of all scripts take the most.
const MAX_PROGRAM: usize = 64 << 20;
/// Longest value that patterns are tried on, in bytes; the sensor cuts earlier.
pub(crate) const MAX_VALUE: usize = 4096;

/// How a pattern is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flags {
    /// Upper and lower case are the same.
    pub ignore_case: bool,
    /// `.` takes line feeds too.
    pub dot_all: bool,
    /// Classes and case are those of ASCII: tables of all scripts' letters take most of the time to compile.
    pub ascii: bool,
}

/// One regular expression, compiled when first used.
#[derive(Debug)]
pub(crate) struct Pattern {
    text: String,
    ascii: bool,
    compiled: OnceLock<Option<Compiled>>,
}

impl Pattern {
    /// A pattern with flags set for all of it; the text may change them.
    pub(crate) fn with_flags(text: &str, flags: Flags) -> Self {
        let (i, s) = (if flags.ignore_case { "i" } else { "" }, if flags.dot_all { "s" } else { "" });
        let text = if i.is_empty() && s.is_empty() { text.to_owned() } else { format!("(?{i}{s}){text}") };
        Self { text, ascii: flags.ascii, compiled: OnceLock::new() }
    }

    /// A literal that every match holds, if one is easily seen.
    pub(crate) fn literal(&self) -> Option<String> {
        needed_literal(&self.text)
    }

    /// Why it cannot be compiled, if so.
    pub(crate) fn check(&self) -> Result<(), String> {
        compile(&self.text, self.ascii).map(drop).map_err(|e| e.to_string())
    }

    /// The groups of its first match, the whole match being group 0; a group that took no part is empty.
    pub(crate) fn captures(&self, value: &str) -> Option<Vec<String>> {
        match self.compiled.get_or_init(|| compile(&self.text, self.ascii).ok()).as_ref()? {
            Compiled::Ascii(regex) => {
                let found = regex.captures(value.as_bytes())?;
                let group = |group: regex::bytes::Match<'_>| String::from_utf8_lossy(group.as_bytes()).into_owned();
                Some(found.iter().map(|found| found.map_or(String::new(), group)).collect())
            }
            Compiled::Fancy(regex) => {
                let found = regex.captures(value).ok()??;
                Some((0..found.len()).map(|n| found.get(n).map_or(String::new(), |group| group.as_str().to_owned())).collect())
            }
        }
    }
}

/// A pattern that can be tried.
#[derive(Debug)]
enum Compiled {
    Ascii(regex::bytes::Regex),
    /// With look-around or back-references, or letters of all scripts.
    Fancy(fancy_regex::Regex),
}

fn compile(text: &str, ascii: bool) -> Result<Compiled, Box<fancy_regex::Error>> {
    if ascii && let Ok(regex) = regex::bytes::RegexBuilder::new(text).unicode(false).size_limit(MAX_PROGRAM).build() {
        return Ok(Compiled::Ascii(regex));
    }
    let builder = fancy_regex::RegexBuilder::new(text).backtrack_limit(STEPS).delegate_size_limit(MAX_PROGRAM).build();
    builder.map(Compiled::Fancy).map_err(Box::new)
}

/// `template` with `$1` or `${1}` replaced by groups; a group that is missing or took no part is empty.
pub(crate) fn fill<'t>(template: &'t str, groups: &[String]) -> Cow<'t, str> {
    if !template.contains('$') {
        return Cow::Borrowed(template);
    }
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('$') {
        filled.push_str(before);
        let inner = after.strip_prefix('{').and_then(|inner| inner.split_once('}'));
        let digits = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (name, left) = inner.unwrap_or_else(|| after.split_at_checked(digits).unwrap_or((after, "")));
        filled.push_str(name.parse::<usize>().ok().and_then(|n| groups.get(n)).map_or("", String::as_str));
        rest = left;
    }
    filled.push_str(rest);
    Cow::Owned(filled.trim().to_owned())
}

/// A literal of at least three bytes that every match of `pattern` holds, lower case, if one is easily seen.
pub(crate) fn needed_literal(pattern: &str) -> Option<String> {
    // In ASCII: tables of all scripts' letters would take most of the time, and a pattern that needs them counts as one without a literal.
    let hir = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern).ok()?;
    let mut finder = LiteralFinder::default();
    finder.walk(&hir);
    finder.end_run();
    (finder.best.len() >= 3).then_some(finder.best)
}

/// Collects the longest run of characters that must follow one another.
#[derive(Default)]
struct LiteralFinder {
    run: String,
    best: String,
}

impl LiteralFinder {
    fn walk(&mut self, hir: &Hir) {
        match hir.kind() {
            HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
                Ok(text) => self.run.push_str(&text.to_ascii_lowercase()),
                Err(_) => self.end_run(),
            },
            HirKind::Class(class) => match one_letter(class) {
                Some(letter) => self.run.push(letter),
                None => self.end_run(),
            },
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.walk(part)),
            HirKind::Capture(capture) => self.walk(&capture.sub),
            HirKind::Look(_) | HirKind::Empty => {}
            HirKind::Repetition(repetition) if repetition.min > 0 => {
                // What stands at its beginning must occur, but not beside what follows.
                self.end_run();
                self.walk(&repetition.sub);
                self.end_run();
            }
            HirKind::Repetition(_) | HirKind::Alternation(_) => self.end_run(),
        }
    }

    fn end_run(&mut self) {
        if self.run.len() > self.best.len() {
            self.best.clone_from(&self.run);
        }
        self.run.clear();
    }
}

/// The letter of a class such as `[Aa]`, which is how case-insensitive letters are parsed.
fn one_letter(class: &regex_syntax::hir::Class) -> Option<char> {
    let regex_syntax::hir::Class::Bytes(class) = class else { return None };
    let [upper, lower] = class.ranges() else { return None };
    let letter = char::from(lower.start());
    let is_pair =
        upper.start() == upper.end() && lower.start() == lower.end() && upper.start().eq_ignore_ascii_case(&lower.start());
    (is_pair && letter.is_ascii_lowercase()).then_some(letter)
}

/// Finds which of many items may match a value, by the literal that each needs.
#[derive(Debug, Default)]
pub(crate) struct Prefilter {
    automaton: Option<AhoCorasick>,
    /// Items of each literal.
    items: Vec<Vec<u32>>,
    /// Items without a literal, which may always match.
    always: Vec<u32>,
}

impl Prefilter {
    /// Builds it from the literals of items 0, 1, 2 …
    pub(crate) fn new(literals: impl Iterator<Item = Option<String>>) -> Self {
        let mut by_literal = std::collections::BTreeMap::<String, Vec<u32>>::new();
        let mut always = Vec::new();
        for (item, literal) in (0_u32..).zip(literals) {
            match literal {
                Some(literal) => by_literal.entry(literal.to_ascii_lowercase()).or_default().push(item),
                None => always.push(item),
            }
        }
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(by_literal.keys())
            .ok();
        Self { automaton, items: by_literal.into_values().collect(), always }
    }

    /// Items that may match, in order.
    pub(crate) fn candidates(&self, value: &str) -> Vec<usize> {
        let mut found = self.always.clone();
        if let Some(automaton) = &self.automaton {
            for hit in automaton.find_overlapping_iter(value) {
                found.extend(self.items.get(hit.pattern().as_usize()).into_iter().flatten());
            }
        }
        found.sort_unstable();
        found.dedup();
        found.into_iter().filter_map(|item| usize::try_from(item).ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_those_that_must_occur() {
        assert_eq!(needed_literal("^HP (?:LaserJet|Color) .*printer$").as_deref(), Some("printer"));
        assert_eq!(needed_literal("(?i)skype").as_deref(), Some("skype"));
        assert_eq!(needed_literal("abc|def"), None);
        assert_eq!(needed_literal("(?:abcd)?x"), None);
        assert_eq!(needed_literal("(?:abcd)+x").as_deref(), Some("abcd"));
    }

    #[test]
    fn only_candidates_are_tried() {
        let filter = Prefilter::new([Some("alpha".to_owned()), None, Some("BETA".to_owned())].into_iter());
        assert_eq!(filter.candidates("x Beta y"), [1, 2]);
        assert_eq!(filter.candidates("nothing"), [1]);
    }
}
