//! Which values in the output of a secret scanner are the secrets that it found: none of them may be shown.
//!
//! Known formats, not guesses: an object with the fields of a finding of a known scanner says in which of them the secret stands.
//! Absent: looking for secrets. What no scanner reports as one is not looked for here.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::job::artifact::Artifact;
use crate::model::text::redact::Known;

/// Values that are remembered of one replay; of a scan with more nothing is shown value by value.
const MOST: usize = 20_000;

/// Bytes times values that are searched for one copy of an artifact: some seconds.
const MOST_WORK: usize = 1 << 32;

/// The fields by which a finding is known, and those of them that hold what was found.
struct Finding {
    marks: &'static [&'static str],
    secret: &'static [&'static str],
}

/// gitleaks, Trivy, TruffleHog, Nosey Parker, ggshield, Kingfisher: as each writes JSON.
const FINDINGS: [Finding; 6] = [
    Finding { marks: &["RuleID", "Secret", "Match"], secret: &["Secret", "Match"] },
    Finding { marks: &["RuleID", "Category", "Match"], secret: &["Match"] },
    Finding { marks: &["DetectorName", "Raw"], secret: &["Raw", "RawV2"] },
    Finding { marks: &["before", "matching", "after"], secret: &["matching"] },
    Finding { marks: &["match", "type", "line_start"], secret: &["match"] },
    Finding { marks: &["snippet", "fingerprint", "confidence"], secret: &["snippet"] },
];

/// Tools whose SARIF has what they found in the snippet of a region.
const SARIF_TOOLS: [&str; 8] = [
    "gitleaks",
    "betterleaks",
    "trufflehog",
    "noseyparker",
    "nosey parker",
    "kingfisher",
    "ggshield",
    "detect-secrets",
];

/// Texts without one of which no artifact of these formats is: so that others are not parsed again.
const SIGNS: [&str; 6] = ["\"Match\"", "\"Raw\"", "\"matching\"", "\"match\"", "\"snippet\"", "\"Secret\""];

/// The secrets that were found.
#[derive(Debug, Default)]
pub struct FoundSecrets {
    values: BTreeSet<String>,
    /// More than can be looked for.
    too_many: bool,
}

impl FoundSecrets {
    /// What these artifacts report.
    pub fn of<'a>(artifacts: impl IntoIterator<Item = &'a Artifact>) -> Self {
        let mut found = Self::default();
        for artifact in artifacts {
            let bytes = artifact.document();
            let Ok(text) = std::str::from_utf8(&bytes) else { continue };
            if SIGNS.iter().any(|sign| text.contains(sign))
                && let Ok(document) = serde_json::from_str::<Value>(text)
            {
                found.look(&document, false);
            }
        }
        found
    }

    /// Looks through a value; `in_sarif` where it is within a run of a secret scanner.
    fn look(&mut self, value: &Value, in_sarif: bool) {
        match value {
            Value::Array(all) => all.iter().for_each(|value| self.look(value, in_sarif)),
            Value::Object(object) => {
                for finding in &FINDINGS {
                    if finding.marks.iter().all(|mark| object.contains_key(*mark)) {
                        finding
                            .secret
                            .iter()
                            .filter_map(|field| object.get(*field)?.as_str())
                            .for_each(|v| self.add(v));
                    }
                }
                if in_sarif && let Some(text) = object.get("snippet").and_then(|snippet| snippet["text"].as_str()) {
                    self.add(text);
                }
                let tool = object.get("tool").and_then(|tool| tool["driver"]["name"].as_str()).map(str::to_lowercase);
                let in_sarif = in_sarif || tool.is_some_and(|tool| SARIF_TOOLS.contains(&tool.as_str()));
                object.values().for_each(|value| self.look(value, in_sarif));
            }
            _ => {}
        }
    }

    fn add(&mut self, value: &str) {
        if value.trim().is_empty() {
            return;
        }
        if self.values.len() < MOST {
            self.values.insert(value.to_owned());
        } else if !self.values.contains(value) {
            self.too_many = true;
        }
    }

    /// How many there are, as far as they were counted.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether none was found.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The values, to be taken out of whatever is shown; `None` where there are more than can be looked for.
    pub fn known(&self) -> Option<Known> {
        (!self.too_many).then(|| Known::of(self.values.iter().map(String::as_str)))
    }

    /// `artifact` without them; `None` where that cannot be had: it is no text, or there are too many.
    pub fn without(&self, artifact: &Artifact) -> Option<Artifact> {
        let is_too_much = self.too_many || self.len().saturating_mul(artifact.bytes.len()) > MOST_WORK;
        let text = std::str::from_utf8(&artifact.bytes).ok().filter(|_| !is_too_much)?;
        Some(Artifact { bytes: self.known()?.hide(text).into_bytes().into(), ..artifact.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::artifact::{ArtifactFormat, ArtifactType};

    fn artifact(text: &str) -> Artifact {
        Artifact {
            artifact_type: ArtifactType::Findings,
            name: "leaks.json".to_owned(),
            format: ArtifactFormat::Bytes,
            profile: None,
            bytes: text.as_bytes().into(),
        }
    }

    fn found(text: &str) -> Vec<String> {
        FoundSecrets::of([&artifact(text)]).values.into_iter().collect()
    }

    #[test]
    fn what_each_scanner_found_is_known() {
        for (text, secret) in [
            (
                r#"[{"RuleID":"aws","Match":"key = hunter2hunter2","Secret":"hunter2hunter2","File":"a"}]"#,
                "hunter2hunter2",
            ),
            (
                r#"{"Results":[{"Secrets":[{"RuleID":"x","Category":"AWS","Match":"hunter2hunter2"}]}]}"#,
                "hunter2hunter2",
            ),
            (r#"{"DetectorName":"AWS","Raw":"hunter2hunter2","Redacted":"hunt"}"#, "hunter2hunter2"),
            (r#"[{"matches":[{"snippet":{"before":"a","matching":"hunter2hunter2","after":"b"}}]}]"#, "hunter2hunter2"),
            (r#"{"occurrences":[{"match":"hunter2hunter2","type":"apikey","line_start":1}]}"#, "hunter2hunter2"),
            (
                r#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"gitleaks"}},"results":[{"ruleId":"aws",
                   "locations":[{"physicalLocation":{"region":{"startLine":1,"snippet":{"text":"hunter2hunter2"}}}}]}]}]}"#,
                "hunter2hunter2",
            ),
        ] {
            assert!(found(text).contains(&secret.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_secret_scanners_is_left_alone() {
        for text in [
            r#"{"Match":"x-is-a-word","a":1}"#,
            r#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"bandit"}},"results":[{"region":{"snippet":{"text":"x = 1"}}}]}]}"#,
            "\"Match\" is no JSON",
            "",
        ] {
            assert!(found(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_copy_is_without_them_or_is_none() {
        let text = r#"[{"RuleID":"aws","Match":"k: \"hunter2hunter2\"","Secret":"hunter2hunter2"}]"#;
        let of = artifact(text);
        let secrets = FoundSecrets::of([&of]);
        let copy = secrets.without(&of).unwrap();
        let shown = std::str::from_utf8(&copy.bytes).unwrap();
        assert!(!shown.contains("hunter2") && shown.contains("\"RuleID\":\"aws\""), "{shown}");
        let many: Vec<String> =
            (0..MOST + 1).map(|i| format!(r#"{{"RuleID":"r","Match":"m","Secret":"secret-{i}"}}"#)).collect();
        let many = artifact(&format!("[{}]", many.join(",")));
        let secrets = FoundSecrets::of([&many]);
        assert!(secrets.too_many && secrets.known().is_none() && secrets.without(&of).is_none());
    }
}
