//! What each member of a format is to a comparison of meanings, as data.
//!
//! | class | what it is | semantic fidelity |
//! |---|---|---|
//! | `identity` | tells elements apart | sees every change |
//! | `decides` | what is said of an element | sees every change |
//! | `refers` | names another element by an id of the document | sees that it names another one |
//! | `local` | an id that only the document knows | does not see another one, where all that refers to it is changed too |
//! | `cosmetic` | says nothing of what was scanned | sees no change |
//! | `not-compared` | means something, and is compared as bytes alone | sees no change, and the verdict names the part |
//!
//! A line is `CLASS PATTERN...`, the first that matches a place decides. What is not matched has no class: a trial names it, and for
//! formats with a published schema a test refuses it. Between the two may stand:
//!
//! | word | means |
//! |---|---|
//! | `once` | in the list an entry that comes twice says nothing more |
//! | `twice "WHY"` | in the list such an entry says more beside something else alone, with the same trial |
//! | `maybe "WHY"` | it decides beside something else alone: a change of it must be seen in a document made so, and may be elsewhere |
//! | `or MEMBER` | where that stands beside it, it may say the same: without this one nothing may be lost |
//! | `default WORD` | this value says what is said where nothing is; `WORD?member=a,b`: beside a member that says `a` or `b` |
//! | `"TEXT"` | of `not-compared` the name of the part; of `cosmetic` why, which a pattern that ends with `**` must have |
//!
//! `$name = a b` gives alternatives a name, and `elements PATTERN by MEMBER` says that elements of a list stand for what a member of
//! them is. `single PLACE` says that a document without that list is itself an element of it.
//!
//! Invariants: the data is held against the published schemas and against the readers, both ways (`tests/it/members`).
//! Absent: which members a profile hides from bitwise fidelity (see [`crate::canonical`]).

mod member;
mod pattern;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{LazyLock, Mutex, PoisonError};

pub use self::member::{Class, DefaultValue, Member};
use crate::profiling::members::pattern::{MemberPattern, PatternError};

/// How many places are remembered.
const MOST_FOUND: usize = 100_000;

/// Why a text is not a list of classes.
#[derive(Debug, thiserror::Error)]
pub enum MembersError {
    /// A line has no such form.
    #[error("line {line}: `{text}` is not `CLASS PATTERN...`")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// The line.
        text: String,
    },
    /// All that is below a place is called cosmetic, and nothing says why.
    #[error("line {line}: `{pattern}` is for all that is below it; say why in double quotes")]
    NoReason {
        /// Its number, from 1.
        line: usize,
        /// The pattern.
        pattern: String,
    },
    /// A pattern is wrong.
    #[error("line {line}")]
    Pattern {
        /// Its number, from 1.
        line: usize,
        /// What is wrong.
        source: PatternError,
    },
}

#[derive(Debug)]
struct Line {
    member: Member,
    pattern: MemberPattern,
    /// The pattern as it is written, with its alternatives.
    written: String,
}

/// The classes of the members of one format.
#[derive(Debug)]
pub struct Members {
    /// Elements of these arrays are told apart by the text of a member instead of by `*`.
    by: Vec<(MemberPattern, String)>,
    /// A document without this list is itself an element of it.
    single: Option<Vec<String>>,
    lines: Vec<Line>,
    /// Places that were looked for, and what was found: a document has few of them, each many times.
    found: Mutex<HashMap<Vec<String>, Found>>,
}

/// What is known of a place.
#[derive(Debug, Clone, Copy, Default)]
struct Found {
    /// The line that decides.
    line: Option<usize>,
    /// Whether all that is below it is the same.
    is_whole: bool,
}

impl Members {
    /// Reads a list of classes.
    ///
    /// # Errors
    /// See [`MembersError`].
    pub fn parse(text: &str) -> Result<Self, MembersError> {
        let mut members = Self { by: Vec::new(), single: None, lines: Vec::new(), found: Mutex::default() };
        let mut names: Vec<(String, String)> = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let line_number = at + 1;
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = || MembersError::Line { line: line_number, text: line.to_owned() };
            let patterns = |text: &str| {
                let text = names.iter().fold(text.to_owned(), |text, (name, all)| text.replace(name, all));
                MemberPattern::parse_all(&text).map_err(|source| MembersError::Pattern { line: line_number, source })
            };
            if let Some((name, all)) = line.strip_prefix('$').and_then(|rest| rest.split_once(" = ")) {
                let all = all.split_whitespace().collect::<Vec<_>>().join(",");
                let all = names.iter().fold(all, |text, (name, other)| text.replace(name, other));
                names.push((format!("${name}"), format!("{{{all}}}")));
            } else if let Some(rest) = line.strip_prefix("elements ") {
                let (arrays, member) = rest.split_once(" by ").ok_or_else(wrong)?;
                let arrays = patterns(arrays.trim())?;
                members.by.extend(arrays.into_iter().map(|array| (array, member.trim().to_owned())));
            } else if let Some(list) = line.strip_prefix("single /") {
                members.single = Some(list.split('/').map(str::to_owned).collect());
            } else {
                let (head, rest) = line.split_once(" /").ok_or_else(wrong)?;
                let member = Member::parse(head.trim()).ok_or_else(wrong)?;
                for text in format!("/{rest}").split_whitespace() {
                    if member.class == Class::Cosmetic && member.why.is_none() && text.ends_with("/**") {
                        return Err(MembersError::NoReason { line: line_number, pattern: text.to_owned() });
                    }
                    let all = patterns(text)?.into_iter();
                    members.lines.extend(all.map(|pattern| Line {
                        member: member.clone(),
                        pattern,
                        written: text.to_owned(),
                    }));
                }
            }
        }
        Ok(members)
    }

    /// The classes of a format or of a tool's reports, by the name of its profile.
    pub fn of(profile: &str) -> Option<&'static Self> {
        static ALL: LazyLock<BTreeMap<&str, Members>> = LazyLock::new(|| {
            let parsed = DATA.iter().map(|(name, text)| {
                #[expect(clippy::expect_used, reason = "it is compiled in, and a test reads all of it")]
                (*name, Members::parse(text).expect("the classes that are compiled in"))
            });
            parsed.collect()
        });
        ALL.get(profile)
    }

    /// The profiles of which the classes are known.
    pub fn known() -> impl Iterator<Item = &'static str> {
        DATA.iter().map(|(name, _)| *name)
    }

    /// What a place is: names of members, `*` for elements. `None` where nothing says it.
    pub fn at(&self, place: &[String]) -> Option<&Member> {
        self.find(place).line.map(|line| &self.lines[line].member)
    }

    /// Whether all that is below a place is what the place itself is.
    pub fn is_whole(&self, place: &[String]) -> bool {
        self.find(place).is_whole
    }

    fn find(&self, place: &[String]) -> Found {
        let mut known = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(place) {
            return *found;
        }
        let line = self.lines.iter().position(|line| line.pattern.is_match(place));
        let first = self.lines.iter().position(|line| line.pattern.is_match(place) || line.pattern.leads_below(place));
        // What stands for an element of a kind is classed member by member.
        let is_kind = place.split_last().is_some_and(|(_, array)| self.told_apart_by(array).is_some());
        let is_whole = first == line && line.is_some_and(|line| self.lines[line].pattern.is_whole()) && !is_kind;
        let found = Found { line, is_whole };
        if known.len() < MOST_FOUND {
            known.insert(place.to_vec(), found);
        }
        found
    }

    /// Whether places below this one have classes of their own.
    pub fn leads_below(&self, place: &[String]) -> bool {
        self.lines.iter().any(|line| line.pattern.leads_below(place))
    }

    /// The segment that stands for an element of `array`.
    pub fn element(&self, array: &[String], element: &serde_json::Value) -> String {
        let named =
            self.told_apart_by(array).and_then(|member| element.get(member)).and_then(serde_json::Value::as_str);
        named.unwrap_or("*").to_owned()
    }

    /// The place of a whole document: none, or that of an element where it is one.
    pub fn root(&self, document: &serde_json::Value) -> Vec<String> {
        let Some(list) = &self.single else { return Vec::new() };
        if document.pointer(&format!("/{}", list.join("/"))).is_some() {
            return Vec::new();
        }
        list.iter().cloned().chain([self.element(list, document)]).collect()
    }

    /// The member by which elements of `array` are told apart.
    pub fn told_apart_by(&self, array: &[String]) -> Option<&str> {
        self.by.iter().find(|(of, _)| of.is_match(array)).map(|(_, member)| member.as_str())
    }

    /// The patterns that are about none of these places: of alternatives at the end each is one.
    pub fn unused(&self, places: &BTreeSet<Vec<String>>) -> BTreeSet<String> {
        let used: HashSet<usize> = places.iter().filter_map(|place| self.find(place).line).collect();
        let named = |line: &Line| format!("{} (…/{})", line.written, line.pattern.tail());
        let used: BTreeSet<String> = used.into_iter().map(|line| named(&self.lines[line])).collect();
        self.lines.iter().map(named).filter(|name| !used.contains(name)).collect()
    }
}

macro_rules! data {
    ($($name:literal in $($file:literal)+),* $(,)?) => {
        &[$(($name, concat!($(include_str!(concat!("data/", $file, ".txt"))),+))),*]
    };
}

const DATA: &[(&str, &str)] = data!(
    "cyclonedx" in "cyclonedx",
    "cyclonedx-vex" in "cyclonedx-vex" "cyclonedx",
    "spdx" in "spdx",
    "spdx3" in "spdx3",
    "openvex" in "openvex",
    "csaf" in "csaf",
    "sarif" in "sarif",
    "trivy" in "trivy",
    "grype" in "grype",
    "osv-scanner" in "osv-scanner",
    "syft" in "syft",
    "stella-findings" in "stella-findings",
    "stella-decision" in "stella-decision",
    "bandit" in "bandit",
    "checkov" in "checkov",
    "detect-secrets" in "detect-secrets",
    "eslint" in "eslint",
    "gitleaks" in "gitleaks",
    "npm-audit" in "npm-audit",
    "retire" in "retire",
    "ruff" in "ruff",
    "semgrep" in "semgrep",
    "zizmor" in "zizmor",
);

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Vec<String> {
        text.split('/').skip(1).map(str::to_owned).collect()
    }

    #[test]
    fn the_first_line_that_matches_decides() {
        let members = Members::parse(
            "# a comment\ncosmetic \"who made it\" /tools/**\nidentity /{a,b}/*/name\ndecides once /a /a/*\nnot-compared \"the rest\" /c/**\n",
        )
        .unwrap();
        let class = |text: &str| members.at(&place(text)).map(|member| (member.class.code(), member.once));
        assert_eq!(class("/tools"), Some(("cosmetic", false)));
        assert_eq!(class("/tools/*/name"), Some(("cosmetic", false)));
        assert_eq!(class("/b/*/name"), Some(("identity", false)));
        assert_eq!(class("/a/*"), Some(("decides", true)));
        assert_eq!(class("/a/*/other"), None);
        assert_eq!(members.at(&place("/c/x")).unwrap().class, Class::NotCompared("the rest".to_owned()));
        assert!(members.is_whole(&place("/tools")) && !members.is_whole(&place("/a")));
        assert_eq!(members.at(&place("/tools/x")).unwrap().why.as_deref(), Some("who made it"));
    }

    #[test]
    fn words_between_class_and_place_are_read() {
        let members = Members::parse("decides once maybe \"an own one\" default a /x\nlocal twice \"b\" /y\n").unwrap();
        let member = members.at(&place("/x")).unwrap();
        assert!(member.once && member.defaults == [DefaultValue { value: "a".to_owned(), when: None }]);
        assert_eq!(member.maybe.as_deref(), Some("an own one"));
        assert_eq!(members.at(&place("/y")).unwrap().twice.as_deref(), Some("b"));
        let members = Members::parse("decides default none?kind=pass,open default warning /x\n").unwrap();
        let when = Some(("kind".to_owned(), vec!["pass".to_owned(), "open".to_owned()]));
        let defaults =
            [DefaultValue { value: "none".to_owned(), when }, DefaultValue { value: "warning".to_owned(), when: None }];
        assert_eq!(members.at(&place("/x")).unwrap().defaults, defaults);
    }

    #[test]
    fn a_document_may_be_one_element() {
        let members = Members::parse("single /graph\nelements /graph by type\n").unwrap();
        assert_eq!(members.root(&serde_json::json!({"type": "a"})), place("/graph/a"));
        assert!(members.root(&serde_json::json!({"graph": [], "type": "a"})).is_empty());
        assert!(Members::parse("").unwrap().root(&serde_json::json!({"type": "a"})).is_empty());
    }

    #[test]
    fn what_is_wrong_names_its_line() {
        for text in [
            "\nidentity",
            "\nodd /a",
            "\nnot-compared /a",
            "\nidentity x /a",
            "\nidentity \"x\" /a",
            "\nidentity /a/**/**",
            "\ndecides maybe /a",
            "\ncosmetic /a/**",
            "\ncosmetic \"x /a",
        ] {
            assert!(Members::parse(text).unwrap_err().to_string().contains("line 2"), "{text}");
        }
    }

    #[test]
    fn all_that_is_compiled_in_is_read() {
        for (name, text) in DATA {
            Members::parse(text).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}
