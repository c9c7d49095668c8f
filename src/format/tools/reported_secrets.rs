//! Which values in the output of a secret scanner are the secrets that it found.
//!
//! Known formats, not guesses: an object with the fields of a finding of a known scanner says in which of them the secret stands.
//! Absent: looking for secrets. What no scanner reports as one is not looked for here.

use serde_json::Value;

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

/// Hands `take` each secret that a report says was found.
pub(crate) fn reported_secrets(text: &str, take: &mut impl FnMut(&str)) {
    if SIGNS.iter().any(|sign| text.contains(sign))
        && let Ok(document) = serde_json::from_str::<Value>(text)
    {
        look(&document, false, take);
    }
}

/// Looks through a value; `in_sarif` where it is within a run of a secret scanner.
fn look(value: &Value, in_sarif: bool, take: &mut impl FnMut(&str)) {
    match value {
        Value::Array(all) => all.iter().for_each(|value| look(value, in_sarif, take)),
        Value::Object(object) => {
            for finding in &FINDINGS {
                if finding.marks.iter().all(|mark| object.contains_key(*mark)) {
                    finding.secret.iter().filter_map(|field| object.get(*field)?.as_str()).for_each(&mut *take);
                }
            }
            if in_sarif && let Some(text) = object.get("snippet").and_then(|snippet| snippet["text"].as_str()) {
                take(text);
            }
            let tool = object.get("tool").and_then(|tool| tool["driver"]["name"].as_str()).map(str::to_lowercase);
            let in_sarif = in_sarif || tool.is_some_and(|tool| SARIF_TOOLS.contains(&tool.as_str()));
            object.values().for_each(|value| look(value, in_sarif, take));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        reported_secrets(text, &mut |secret| found.push(secret.to_owned()));
        found
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
}
