//! Which tool wrote a JSON document that is of no format, by the members that it has.
//!
//! Invariant: only what no other kind of document is likely to have together counts, for a profile leaves things out.

use std::collections::HashSet;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::format::detect::marks::{CANONICAL_MARKS, TOOL_MARKS};
use crate::format::json::Members;
use crate::format::text::decode;
use crate::model::artifact::ProfileName;

/// The name of the profile for what wrote `bytes`, where a tool is recognised.
pub fn recognise(bytes: &[u8]) -> Option<ProfileName> {
    let text = decode("document", bytes).ok()?;
    let whole = |text: &str| serde_json::from_str::<Members<IgnoredAny>>(text).ok();
    let members = match serde_json::from_str::<List<'_>>(text) {
        // What is said of the first element is said of the list; an empty one says nothing.
        Ok(List(elements)) => whole(elements.first()?.get())?,
        Err(_) => whole(text)?,
    };
    let members: HashSet<&str> = members.0.iter().map(|(name, _)| name.as_str()).collect();
    let mut tools = TOOL_MARKS.iter().filter(|(_, marks)| marks.iter().all(|mark| members.contains(mark)));
    let old = || members.contains("errors") && members.contains("results") && is_old_semgrep(text);
    let has = |marks: &[&str]| marks.iter().all(|mark| members.contains(mark));
    let canonical = CANONICAL_MARKS.iter().find(|(_, marks)| members.len() == marks.len() && has(marks));
    let name = tools.next().or(canonical).map(|(name, _)| *name).or_else(|| old().then_some("semgrep"))?;
    name.parse().ok()
}

/// Before version 0.46 semgrep says nothing at the root that others do not say: its results tell it.
fn is_old_semgrep(text: &str) -> bool {
    let read = serde_json::from_str::<OldSemgrep>(text);
    read.is_ok_and(|report| !report.results.is_empty())
}

#[derive(Deserialize)]
struct OldSemgrep {
    results: Vec<OldSemgrepResult>,
}

#[derive(Deserialize)]
struct OldSemgrepResult {
    #[serde(rename = "check_id")]
    _check: String,
    #[serde(rename = "path")]
    _path: String,
    #[serde(rename = "extra")]
    _extra: IgnoredAny,
}

#[derive(Deserialize)]
struct List<'t>(#[serde(borrow)] Vec<&'t RawValue>);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::text::damaged::damaged;

    fn name(text: &str) -> Option<String> {
        recognise(text.as_bytes()).map(String::from)
    }

    #[test]
    fn the_sample_of_each_tool_is_recognised() {
        for (tool, _) in TOOL_MARKS {
            let path = format!("{}/tests/data/canonical/{tool}/full.json", env!("CARGO_MANIFEST_DIR"));
            assert_eq!(recognise(&std::fs::read(path).unwrap()).map(String::from).as_deref(), Some(tool));
        }
    }

    #[test]
    fn every_tool_with_a_profile_has_its_marks() {
        let profiles: Vec<&str> = crate::canonical::Profile::tools().iter().map(|profile| profile.name()).collect();
        let mut marked = TOOL_MARKS.map(|(tool, _)| tool).to_vec();
        marked.dedup();
        assert_eq!(marked, profiles);
    }

    #[test]
    fn older_versions_are_recognised() {
        for (text, tool) in [
            (r#"{"results":[{"check_id":"a","path":"b","extra":{}}],"errors":[]}"#, "semgrep"),
            (r#"{"results":[],"errors":[],"paths":{"scanned":[]}}"#, "semgrep"),
            (r#"{"results":[],"errors":[],"paths":{},"version":"0.100.0"}"#, "semgrep"),
            (r#"{"actions":[],"advisories":{},"muted":[],"metadata":{},"runId":"x"}"#, "npm-audit"),
        ] {
            assert_eq!(name(text).as_deref(), Some(tool), "{text}");
        }
    }

    #[test]
    fn what_is_only_like_one_is_not() {
        for text in [
            "",
            "[]",
            "{}",
            "[1]",
            "[[]]",
            r#"{"generated_at":1,"results":[]}"#,
            r#"[{"ident":"x"}]"#,
            r#"{"errors":[],"metrics":{},"results":[],"version":"1"}"#,
            r#"{"data":[],"errors":[],"messages":[],"version":"1","took":3}"#,
            r#"{"results":[],"errors":[],"version":"1"}"#,
            r#"{"errors":[],"generated_at":1,"metrics":{},"results":[],"results":[]}"#,
        ] {
            assert_eq!(name(text), None, "{text}");
        }
        assert_eq!(recognise(b"\xff"), None);
        assert_eq!(name(&"[".repeat(1 << 20)), None, "depth is no danger");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, damaged in damaged(include_bytes!("../../../tests/data/canonical/semgrep/full.json"))) {
            let _ = recognise(&bytes);
            let _ = recognise(&damaged);
        }
    }
}
