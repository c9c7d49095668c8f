//! Finders of secrets: detect-secrets, gitleaks. A secret itself is never told: a digest tells it from others.

use serde::Deserialize;
use serde_json::Value;

use crate::format::details::Details;
use crate::format::error::FormatError;
use crate::format::json::{self, Members};
use crate::format::tools::report::{Report, Spot};
use crate::model::digest::Digest;
use crate::model::finding::{SUPPRESSED, Severity};

#[derive(Deserialize)]
struct Baseline {
    results: Members<Vec<BaselineSecret>>,
    /// What is looked for, and how.
    #[serde(default)]
    plugins_used: Vec<Value>,
    /// What is left out of what was found.
    #[serde(default)]
    filters_used: Vec<Value>,
}

#[derive(Deserialize)]
struct BaselineSecret {
    #[serde(rename = "type")]
    kind: String,
    filename: Option<String>,
    hashed_secret: Option<String>,
    line_number: Option<u64>,
    is_verified: Option<bool>,
    /// What somebody decided of it.
    is_secret: Option<bool>,
}

/// `detect-secrets scan`.
pub(super) fn detect_secrets(text: &str, report: &mut Report) -> Result<(), FormatError> {
    let baseline: Baseline = json::read("detect-secrets JSON", text)?;
    for (file, secrets) in baseline.results.0 {
        for found in secrets {
            let spot =
                Spot { file: found.filename.unwrap_or_else(|| file.clone()), line: found.line_number, column: None };
            let mut details = Details::default();
            details.maybe("hash", found.hashed_secret);
            details.maybe("verified", found.is_verified.filter(|is| *is).map(|_| "yes"));
            details.maybe("audited", found.is_secret.filter(|is| *is).map(|_| "a secret"));
            if found.is_secret == Some(false) {
                details.add(SUPPRESSED.trim_end_matches(": "), "audited, not a secret");
            }
            report.found(found.kind, &spot, Severity::Unknown, details);
        }
    }
    report.looked(baseline.plugins_used.iter().map(|plugin| format!("looks with {plugin}")));
    report.looked(baseline.filters_used.iter().map(|filter| format!("leaves out by {filter}")));
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Leak {
    #[serde(rename = "RuleID")]
    rule: String,
    file: String,
    #[serde(default)]
    symlink_file: String,
    start_line: Option<u64>,
    start_column: Option<u64>,
    end_line: Option<u64>,
    end_column: Option<u64>,
    #[serde(default)]
    commit: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    secret: String,
    #[serde(default)]
    fingerprint: String,
    tags: Option<Vec<String>>,
}

/// `gitleaks --report-format json`; `null` where nothing was found.
pub(super) fn gitleaks(text: &str, report: &mut Report) -> Result<(), FormatError> {
    let leaks: Option<Vec<Leak>> = json::read("gitleaks JSON", text)?;
    for found in leaks.unwrap_or_default() {
        let spot = Spot { file: found.file, line: found.start_line, column: found.start_column };
        let mut details = Details::default();
        details.add("message", found.description);
        details.add("commit", found.commit);
        details.add("link", found.symlink_file);
        details.add("fingerprint", found.fingerprint);
        details.add("secret", Digest::of(found.secret.as_bytes()).short());
        details.each("tag", found.tags.into_iter().flatten());
        if let Some(line) = found.end_line {
            details.add("until", format!("{line}:{}", found.end_column.unwrap_or_default()));
        }
        report.found(found.rule, &spot, Severity::Unknown, details);
    }
    Ok(())
}
