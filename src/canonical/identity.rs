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
//!       by: id
//!       from: [/runs/*/results/*/ruleId]
//!   reason: which build of the tool it was, and not what it found
//! ```
//!
//! Works on canonical documents, in which positions are names already. Invariants: only declared places change, and each is
//! counted; a text is replaced within another one only where it stands there as a whole and has a digit.

use std::collections::{BTreeMap, BTreeSet};

use crate::canonical::document::emit::{self, MASK};
use crate::canonical::document::parse;
use crate::canonical::document::value::Value;
use crate::canonical::error::JsonError;
use crate::canonical::limits::Limits;
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
    for list in &identity.unreferred {
        let mut used = BTreeSet::new();
        for pattern in &list.from {
            each(&mut document, pattern, pattern.start(), &mut |value| {
                if let Value::String(text) = value {
                    used.insert(text.to_string());
                }
            });
        }
        let mut count = 0;
        each(&mut document, &list.array, list.array.start(), &mut |value| {
            let Value::Array(items) = value else { return };
            let before = items.len();
            items.retain(|item| name(item, &list.by).is_none_or(|name| used.contains(name)));
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

fn name<'v>(item: &'v Value<'_>, by: &str) -> Option<&'v str> {
    let Value::Object(members) = item else { return None };
    match &members.iter().find(|member| member.name == by)?.value {
        Value::String(text) => Some(text),
        _ => None,
    }
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
