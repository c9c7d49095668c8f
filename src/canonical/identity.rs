//! Which build of a tool wrote a document: put aside where two builds are compared.
//!
//! A release that only moves its version string changes every SARIF log that the tool writes, and nothing that it found. A
//! profile says where the tool names itself:
//!
//! ```yaml
//! identity:
//!   version: [/runs/*/tool/driver/version]        # texts that name the build: left out
//!   within: [/runs/*/tool/driver/informationUri]  # such a text within another one: replaced
//!   unreferred:                                   # what the tool knows and did not use: left out
//!     - array: /runs/*/tool/driver/rules
//!       by: [id, guid]
//!       from: [/runs/*/results/*/ruleId]
//!       unless: [/runs/*/results/*/rule/toolComponent/name]
//!   reason: which build of the tool it was, and not what it found
//! ```
//!
//! What the tool knows was used where a text at `from` names it, or any other text of the document outside of such lists: formats have
//! more ways to refer to it than a profile can name.
//!
//! Works on canonical documents, in which positions are names already. Invariants: only declared places change, and each is
//! counted; a text is replaced within another one only where it stands there as a whole and has a digit.

use std::collections::{BTreeMap, BTreeSet};

use crate::canonical::document::emit::{self, MASK};
use crate::canonical::document::parse;
use crate::canonical::document::value::{Member, Value};
use crate::canonical::error::JsonError;
use crate::canonical::limits::Limits;
use crate::canonical::profile::identity::Unreferred;
use crate::canonical::profile::{Form, Profile};
use crate::canonical::rule::{Pattern, Progress};

/// A document without what names the build of the tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PutAside {
    /// The bytes that are left, in canonical form.
    pub bytes: Vec<u8>,
    /// How often something was put aside at each declared place; never empty.
    pub counted: BTreeMap<String, u64>,
}

/// `canonical`, a document in the form of `profile`, without what names the build of the tool; `None` where nothing does.
///
/// # Errors
/// None that a canonical document causes.
pub fn put_aside(profile: &Profile, canonical: &[u8], limits: &Limits) -> Result<Option<PutAside>, JsonError> {
    let identity = profile.identity();
    if identity.is_empty() || profile.form() != Form::Json {
        return Ok(None);
    }
    let mut document = parse::parse(canonical, parse::Source::Canonical, limits)?;
    let mut aside = BTreeMap::new();
    let mut versions = BTreeSet::new();
    for pattern in &identity.version {
        let mut count = 0;
        each(&mut document, pattern, pattern.start(), &mut |value| {
            if let Value::String(text) = value {
                count += 1;
                versions.insert(text.to_string());
                *value = Value::String(MASK.into());
            }
        });
        note(&mut aside, pattern, count);
    }
    // Longest first: `1.2.3-rc1` before `1.2.3`.
    let mut versions: Vec<&str> = versions.iter().map(String::as_str).filter(|text| is_telling(text)).collect();
    versions.sort_by_key(|text| std::cmp::Reverse(text.len()));
    for pattern in &identity.within {
        let mut count = 0;
        each(&mut document, pattern, pattern.start(), &mut |value| {
            let Value::String(text) = value else { return };
            let replaced = versions.iter().fold(text.to_string(), |text, version| without(&text, version));
            if replaced != **text {
                count += 1;
                *value = Value::String(replaced.into());
            }
        });
        note(&mut aside, pattern, count);
    }
    let mut known = Known::of(&mut document, &identity.unreferred);
    // All of them are looked at before any element goes: those of one list may name those of another.
    let understood: Vec<bool> = identity.unreferred.iter().map(|list| known.look_at(&mut document, list)).collect();
    for (list, _) in identity.unreferred.iter().zip(understood).filter(|(_, is_understood)| *is_understood) {
        let mut count = 0;
        each(&mut document, &list.array, list.array.start(), &mut |value| {
            let Value::Array(items) = value else { return };
            let before = items.len();
            items
                .retain(|item| names(item, list).next().is_none() || names(item, list).any(|name| known.is_used(name)));
            count += (before - items.len()) as u64;
        });
        note(&mut aside, &list.array, count);
    }
    if aside.is_empty() {
        return Ok(None);
    }
    let bytes = emit::emit(&document, &[], canonical.len()).bytes;
    Ok(Some(PutAside { bytes, counted: aside }))
}

/// What the tool knows, by every name of it, in small letters; and what of it was used.
struct Known {
    names: BTreeSet<String>,
    longest: usize,
    used: BTreeSet<String>,
}

impl Known {
    /// All that stands in these lists; used is what is named anywhere outside of them.
    fn of(document: &mut Value<'_>, lists: &[Unreferred]) -> Self {
        let mut found = BTreeSet::new();
        for list in lists {
            each(document, &list.array, list.array.start(), &mut |value| {
                let Value::Array(items) = value else { return };
                found.extend(items.iter().flat_map(|item| names(item, list)).map(str::to_ascii_lowercase));
            });
        }
        let longest = found.iter().map(String::len).max().unwrap_or_default();
        let mut known = Self { names: found, longest, used: BTreeSet::new() };
        if !known.names.is_empty() {
            let arrays: Vec<&Pattern> = lists.iter().map(|list| &list.array).collect();
            let start: Vec<Progress> = arrays.iter().map(|array| array.start()).collect();
            known.outside(document, &arrays, &start);
        }
        known
    }

    /// Looks where one list says that its elements are named; whether all of that is understood.
    fn look_at(&mut self, document: &mut Value<'_>, list: &Unreferred) -> bool {
        let mut is_understood = true;
        for pattern in &list.from {
            each(document, pattern, pattern.start(), &mut |value| match value {
                Value::String(text) => self.see(text),
                // A position that was not followed; below 0 it means that there is none.
                Value::Number(number) => is_understood &= *number < 0.0,
                _ => {}
            });
        }
        for pattern in &list.unless {
            each(document, pattern, pattern.start(), &mut |_| is_understood = false);
        }
        is_understood
    }

    /// Sees every text outside of the lists.
    fn outside(&mut self, value: &Value<'_>, lists: &[&Pattern], at: &[Progress]) {
        let together = || lists.iter().zip(at);
        if together().any(|(list, at)| list.is_match(*at)) {
            return;
        }
        let lists = if together().any(|(list, at)| list.is_open(*at)) { lists } else { &[] };
        let step = |name: Option<&str>| -> Vec<Progress> {
            lists.iter().zip(at).map(|(list, at)| list.step(*at, name)).collect()
        };
        match value {
            Value::String(text) => self.see(text),
            Value::Array(items) => {
                let below = step(None);
                items.iter().for_each(|item| self.outside(item, lists, &below));
            }
            Value::Object(members) => {
                members.iter().for_each(|member| self.outside(&member.value, lists, &step(Some(&member.name))));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// A text names what it is, and what it begins with where a `/` follows.
    fn see(&mut self, text: &str) {
        let front = text.char_indices().map(|(at, _)| at).find(|at| *at > self.longest).unwrap_or(text.len());
        let front = text[..front].to_ascii_lowercase();
        let whole = (front.len() == text.len()).then_some(front.len());
        for end in front.match_indices('/').map(|(at, _)| at).chain(whole) {
            if self.names.contains(&front[..end]) {
                self.used.insert(front[..end].to_owned());
            }
        }
    }

    fn is_used(&self, name: &str) -> bool {
        self.used.contains(&name.to_ascii_lowercase())
    }
}

fn note(aside: &mut BTreeMap<String, u64>, pattern: &Pattern, count: u64) {
    if count > 0 {
        *aside.entry(pattern.as_str().to_owned()).or_default() += count;
    }
}

/// Whether a text can only mean a build: a lone digit would stand in any address.
fn is_telling(version: &str) -> bool {
    version.len() >= 3 && version.bytes().any(|byte| byte.is_ascii_digit())
}

/// `text` without `version` where it stands as a whole: no letter, digit or point goes on with it.
fn without(text: &str, version: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find(version) {
        let (before, behind) = (&rest[..at], &rest[at + version.len()..]);
        let last = before.chars().next_back().or_else(|| out.chars().next_back());
        let numbered = |c: char| c.is_ascii_digit() || c == '.';
        // A `v` may stand before it, and a point may end a sentence.
        let goes_on = behind.strip_prefix('.').unwrap_or(behind).starts_with(|c: char| c.is_ascii_digit());
        let whole = !last.is_some_and(numbered) && !goes_on;
        out.push_str(before);
        out.push_str(if whole { "(version)" } else { version });
        rest = behind;
    }
    out + rest
}

/// The names of an element of a list.
fn names<'v>(item: &'v Value<'_>, list: &'v Unreferred) -> impl Iterator<Item = &'v str> {
    let members: &[Member<'_>] = match item {
        Value::Object(members) => members,
        _ => &[],
    };
    members.iter().filter(|member| list.by.all().iter().any(|by| member.name == *by)).filter_map(|member| match &member
        .value
    {
        Value::String(text) => Some(&**text),
        _ => None,
    })
}

/// Does something at every place that `pattern` means.
fn each<'a>(value: &mut Value<'a>, pattern: &Pattern, at: Progress, act: &mut impl FnMut(&mut Value<'a>)) {
    if pattern.is_match(at) {
        act(value);
    }
    if !pattern.is_open(at) {
        return;
    }
    match value {
        Value::Array(items) => {
            let below = pattern.step(at, None);
            items.iter_mut().for_each(|item| each(item, pattern, below, act));
        }
        Value::Object(members) => members.iter_mut().for_each(|member| {
            let below = pattern.step(at, Some(&member.name));
            each(&mut member.value, pattern, below, act);
        }),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::canonicalize_with;
    use crate::model::artifact::ArtifactFormat;
    use crate::model::digest::Digest;

    fn log(version: &str, rules: &[&str], found: &[&str]) -> String {
        let rules: Vec<_> = rules
            .iter()
            .map(|id| serde_json::json!({ "id": id, "helpUri": format!("https://x.example/v{version}/{id}") }))
            .collect();
        let results: Vec<_> = found
            .iter()
            .map(|id| {
                let at = rules.iter().position(|rule| rule["id"] == *id);
                serde_json::json!({ "ruleId": id, "ruleIndex": at, "message": { "text": format!("since {version}") } })
            })
            .collect();
        let driver = serde_json::json!({ "name": "x", "version": version, "semanticVersion": version, "rules": rules });
        serde_json::json!({ "version": "2.1.0", "runs": [{ "tool": { "driver": driver }, "results": results }] })
            .to_string()
    }

    fn aside(text: &str) -> (Digest, BTreeMap<String, u64>) {
        let profile = Profile::builtin(ArtifactFormat::Sarif);
        let canonical = canonicalize_with(profile, text.as_bytes(), &Limits::default()).unwrap();
        let left = put_aside(profile, &canonical.bytes, &Limits::default()).unwrap().unwrap();
        (Digest::of(&left.bytes), left.counted)
    }

    #[test]
    fn a_version_and_rules_that_nothing_refers_to_are_put_aside_and_counted() {
        // The same message: what was found must be the same.
        let text =
            |version: &str, rules: &[&str]| log(version, rules, &["a"]).replace(&format!("since {version}"), "found");
        let (old, counted) = aside(&text("1.2.3", &["a", "b"]));
        assert_eq!(counted["/runs/*/tool/driver/version"], 1);
        assert_eq!(counted["/runs/*/tool/driver/rules"], 1);
        let (new, _) = aside(&text("1.3.0-rc1", &["c", "d", "a"]));
        assert_eq!(old, new);
    }

    /// Named regression: a rule that a result names by its guid, by more than its id, or by its place in a part of the tool that is named by
    /// a word, counted as one that was not used: it could say anything else, such as a lower level.
    #[test]
    fn a_rule_is_used_however_it_is_referred_to() {
        let guid = "3f0e1a2b-0000-4000-8000-00000000000a";
        let log = |level: &str, run: serde_json::Value| {
            let rule = serde_json::json!({ "id": "R1", "guid": guid, "defaultConfiguration": { "level": level } });
            let unused = serde_json::json!({ "id": format!("unused-{level}") });
            let extension = serde_json::json!({ "name": "part", "guid": "7", "version": level, "rules": [rule] });
            let driver = serde_json::json!({ "name": "x", "version": format!("1.0-{level}"), "rules": [unused] });
            let mut all = serde_json::json!({ "tool": { "driver": driver, "extensions": [extension] } });
            all.as_object_mut().unwrap().extend(run.as_object().unwrap().clone());
            serde_json::json!({ "version": "2.1.0", "runs": [all] }).to_string()
        };
        let is_seen = |run: serde_json::Value| aside(&log("error", run.clone())).0 != aside(&log("note", run)).0;
        let result = |rule: serde_json::Value| serde_json::json!({ "results": [rule] });
        let by = |rule: serde_json::Value| result(serde_json::json!({ "rule": rule }));
        let notified = |descriptor: serde_json::Value| {
            serde_json::json!({ "results": [], "invocations": [{ "ruleConfigurationOverrides": [{ "descriptor": descriptor }],
                "executionSuccessful": true }] })
        };
        for run in [
            result(serde_json::json!({ "ruleId": "R1" })),
            result(serde_json::json!({ "ruleId": "R1/sub/more" })),
            by(serde_json::json!({ "guid": guid })),
            by(serde_json::json!({ "guid": guid.to_uppercase() })),
            by(serde_json::json!({ "id": "R1/sub" })),
            by(serde_json::json!({ "index": 0, "toolComponent": { "index": 0 } })),
            by(serde_json::json!({ "index": 0, "toolComponent": { "name": "part" } })),
            by(serde_json::json!({ "index": 0, "toolComponent": { "guid": "7" } })),
            by(serde_json::json!({ "index": 5, "toolComponent": { "index": 0 } })),
            result(serde_json::json!({ "ruleId": "other", "taxa": [{ "guid": guid }] })),
            result(serde_json::json!({ "ruleId": "other", "properties": { "own": { "rule": guid } } })),
            notified(serde_json::json!({ "guid": guid })),
            notified(serde_json::json!({ "index": 0, "toolComponent": { "name": "part" } })),
        ] {
            assert!(is_seen(run.clone()), "{run}");
        }
        // The twins: nothing refers to it.
        for run in [
            serde_json::json!({ "results": [] }),
            result(serde_json::json!({ "ruleId": "R10" })),
            result(serde_json::json!({ "ruleId": "other", "ruleIndex": -1, "message": { "text": "R1 and more" } })),
        ] {
            assert!(!is_seen(run.clone()), "{run}");
        }
    }

    #[test]
    fn what_was_found_is_never_put_aside() {
        let (old, _) = aside(&log("1.2.3", &["a", "b"], &["a", "b"]));
        for other in [log("1.2.3", &["a", "b"], &["a"]), log("1.2.4", &["a", "b"], &["a", "b"])] {
            assert_ne!(old, aside(&other).0, "a result, or the text of one, is another");
        }
        let worse = log("1.2.3", &["a", "b"], &["a", "b"]).replace("\"helpUri\"", "\"fullDescription\"");
        assert_ne!(old, aside(&worse).0, "a rule that is used says something else");
    }

    #[test]
    fn a_version_within_another_number_is_another_number() {
        for (text, expected) in [
            ("https://x/v1.2.3/a", "https://x/v(version)/a"),
            ("https://x/1.2.3", "https://x/(version)"),
            ("at 1.2.3.", "at (version)."),
            ("https://x/1.2.30/11.2.3/1.2.3.4", "https://x/1.2.30/11.2.3/1.2.3.4"),
            ("1.2.3 1.2.3", "(version) (version)"),
        ] {
            assert_eq!(without(text, "1.2.3"), expected);
        }
        assert!(!is_telling("2") && !is_telling("main") && is_telling("2.0"));
    }
}
