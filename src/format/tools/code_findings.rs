//! Analysers of code: bandit, semgrep, checkov.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::format::details::Details;
use crate::format::error::FormatError;
use crate::format::json::{self, Present};
use crate::format::tools::report::{Report, Spot, severity};
use crate::model::finding::{Reachability, SUPPRESSED};

#[derive(Deserialize)]
struct BanditReport {
    results: Vec<BanditResult>,
    #[serde(default)]
    errors: Vec<BanditError>,
    /// Of each file that was looked at, and of all.
    #[serde(default)]
    metrics: BTreeMap<String, BanditMetrics>,
}

/// What was left out in a file.
#[derive(Deserialize)]
struct BanditMetrics {
    #[serde(default)]
    nosec: u64,
    #[serde(default)]
    skipped_tests: u64,
}

#[derive(Deserialize)]
struct BanditResult {
    test_id: String,
    filename: String,
    line_number: Option<u64>,
    col_offset: Option<u64>,
    end_col_offset: Option<u64>,
    #[serde(default)]
    line_range: Vec<u64>,
    issue_severity: Option<String>,
    issue_confidence: Option<String>,
    issue_text: Option<String>,
    issue_cwe: Option<Value>,
}

#[derive(Deserialize)]
struct BanditError {
    filename: Option<String>,
    reason: Option<String>,
}

/// `bandit -f json`.
pub(super) fn bandit(text: &str, report: &mut Report) -> Result<(), FormatError> {
    let read: BanditReport = json::read("bandit JSON", text)?;
    for found in read.results {
        let spot = Spot { file: found.filename, line: found.line_number, column: found.col_offset };
        let mut details = Details::default();
        details.maybe("message", found.issue_text);
        details.maybe("confidence", found.issue_confidence);
        details.maybe("weakness", found.issue_cwe.and_then(|cwe| cwe.get("id").map(Value::to_string)));
        details.each("line", found.line_range.iter().map(u64::to_string));
        details.maybe("until column", found.end_col_offset.map(|end| end.to_string()));
        report.found(found.test_id, &spot, severity(found.issue_severity.as_deref()), details);
    }
    for BanditError { filename, reason } in read.errors {
        report.facts.push(format!("error in {}: {}", filename.unwrap_or_default(), reason.unwrap_or_default()));
    }
    report.looked(read.metrics.iter().map(|(file, BanditMetrics { nosec, skipped_tests })| {
        format!("looked at {file}: {nosec} lines left out, {skipped_tests} tests skipped")
    }));
    Ok(())
}

#[derive(Deserialize)]
struct SemgrepReport {
    results: Vec<SemgrepResult>,
    #[serde(default)]
    errors: Vec<SemgrepError>,
    #[serde(default)]
    paths: SemgrepPaths,
    /// A rule as an object, or its id alone.
    #[serde(default)]
    skipped_rules: Vec<Value>,
    /// Which of the engines was asked for: they do not find the same.
    engine_requested: Option<String>,
    /// Languages of which files were looked at together.
    #[serde(default)]
    interfile_languages_used: Vec<String>,
}

#[derive(Deserialize, Default)]
struct SemgrepPaths {
    #[serde(default)]
    scanned: Vec<String>,
    /// Only where it was asked for.
    skipped: Option<Vec<SkippedPath>>,
}

#[derive(Deserialize)]
struct SkippedPath {
    path: String,
    reason: Option<String>,
    rule_id: Option<String>,
}

#[derive(Deserialize)]
struct SemgrepResult {
    check_id: String,
    path: String,
    start: Option<Point>,
    end: Option<Point>,
    extra: SemgrepExtra,
}

#[derive(Deserialize)]
struct Point {
    line: Option<u64>,
    col: Option<u64>,
}

#[derive(Deserialize)]
struct SemgrepExtra {
    message: Option<String>,
    severity: Option<String>,
    fingerprint: Option<String>,
    #[serde(default)]
    is_ignored: bool,
    validation_state: Option<String>,
    engine_kind: Option<Value>,
    /// Of a dependency: whether its vulnerable code is reached, and which it is.
    sca_info: Option<Value>,
    /// The way from a source to a sink.
    dataflow_trace: Option<Value>,
    /// The commit in which a secret is.
    historical_info: Option<Value>,
    #[serde(default)]
    metadata: BTreeMap<String, Value>,
    #[serde(default)]
    fix: Present,
}

impl SemgrepExtra {
    /// What is said besides the message.
    fn tell(&self, details: &mut Details) {
        details.maybe("message", self.message.as_ref());
        details.maybe("fingerprint", self.fingerprint.as_ref());
        details.maybe("validation", self.validation_state.as_ref());
        details.maybe("engine", self.engine_kind.as_ref().map(text_of));
        details.maybe("dependency", self.sca_info.as_ref().map(text_of));
        details.maybe("flow", self.dataflow_trace.as_ref().map(text_of));
        details.maybe("history", self.historical_info.as_ref().map(text_of));
        for (name, said) in self.metadata.iter().filter(|(name, _)| is_of_advisory(name)) {
            details.add("advisory", format!("{name} {}", text_of(said)));
        }
    }

    /// Whether the vulnerable code of a dependency is reached: only a rule that looks for that can tell that it is not.
    fn reachability(&self) -> Reachability {
        let said = |name: &str| self.sca_info.as_ref()?.get(name)?.as_bool();
        match (said("reachable"), said("reachability_rule")) {
            (Some(true), Some(true)) => Reachability::Reachable,
            (Some(false), Some(true)) => Reachability::Unreachable,
            _ => Reachability::Unknown,
        }
    }
}

/// Whether a rule says it of the advisory that it looks for.
fn is_of_advisory(name: &str) -> bool {
    name.starts_with("sca-")
}

/// A text as it is, anything else as JSON.
fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[derive(Deserialize)]
struct SemgrepError {
    #[serde(rename = "type")]
    kind: Option<Value>,
    level: Option<String>,
    path: Option<String>,
    rule_id: Option<String>,
    code: Option<Value>,
    #[serde(default)]
    message: Present,
    #[serde(default)]
    spans: Present,
    #[serde(default)]
    help: Present,
}

/// `semgrep scan --json`, old versions too.
pub(super) fn semgrep(text: &str, report: &mut Report) -> Result<(), FormatError> {
    let read: SemgrepReport = json::read("semgrep JSON", text)?;
    for found in read.results {
        let spot = Spot {
            file: found.path,
            line: found.start.as_ref().and_then(|start| start.line),
            column: found.start.as_ref().and_then(|start| start.col),
        };
        let mut details = Details::default();
        found.extra.tell(&mut details);
        let parts = [
            ("metadata of rules", found.extra.metadata.keys().any(|name| !is_of_advisory(name))),
            ("fixes", found.extra.fix.0),
        ];
        report
            .not_compared
            .extend(parts.into_iter().filter(|(_, is_there)| *is_there).map(|(part, _)| part.to_owned()));
        if let Some(Point { line: Some(line), col }) = found.end {
            details.add("until", format!("{line}:{}", col.unwrap_or_default()));
        }
        if found.extra.is_ignored {
            details.add(SUPPRESSED.trim_end_matches(": "), "nosemgrep");
        }
        let reachability = found.extra.reachability();
        report.found(found.check_id, &spot, severity(found.extra.severity.as_deref()), details);
        report.findings.last_mut().into_iter().for_each(|last| last.reachability = reachability);
    }
    report.looked(read.engine_requested.map(|engine| format!("engine {engine}")));
    report.looked(read.interfile_languages_used.iter().map(|language| format!("looked across files of {language}")));
    for SemgrepError { kind, level, path, rule_id, code, message, spans, help } in read.errors {
        let has_more = message.0 || spans.0 || help.0;
        report.not_compared.extend(has_more.then(|| "longer words of errors".to_owned()));
        let (kind, code) = (kind.as_ref().map(text_of), code.map(|code| format!("code {code}")));
        let said: Vec<String> = [level, kind, code, rule_id, path].into_iter().flatten().collect();
        report.facts.push(format!("error: {}", said.join(" ")));
    }
    report.looked(read.paths.scanned.iter().map(|path| format!("looked at {path}")));
    report.looked(read.paths.skipped.into_iter().flatten().map(|SkippedPath { path, reason, rule_id }| {
        let why: Vec<String> = reason.into_iter().chain(rule_id).collect();
        format!("did not look at {path}: {}", why.join(" "))
    }));
    report.looked(read.skipped_rules.iter().map(|rule| {
        let id = rule.as_str().or_else(|| rule.get("rule_id")?.as_str());
        format!("did not use the rule {}", id.map_or_else(|| rule.to_string(), str::to_owned))
    }));
    Ok(())
}

/// One report, or one for each framework.
#[derive(Deserialize)]
#[serde(untagged)]
enum CheckovReports {
    Several(Vec<CheckovReport>),
    One(Box<CheckovReport>),
}

#[derive(Deserialize)]
struct CheckovReport {
    #[serde(default)]
    check_type: String,
    results: Option<CheckovResults>,
    summary: Option<CheckovSummary>,
    /// Where nothing was found the report is a summary alone.
    resource_count: Option<u64>,
}

#[derive(Deserialize)]
struct CheckovSummary {
    resource_count: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct CheckovResults {
    passed_checks: Vec<Check>,
    failed_checks: Vec<Check>,
    skipped_checks: Vec<Check>,
    parsing_errors: Vec<String>,
}

#[derive(Deserialize)]
struct Check {
    check_id: String,
    check_name: Option<String>,
    check_result: Option<CheckResult>,
    #[serde(default)]
    file_path: String,
    #[serde(default)]
    file_line_range: Vec<u64>,
    resource: Option<String>,
    severity: Option<String>,
}

#[derive(Deserialize)]
struct CheckResult {
    result: Option<Value>,
    suppress_comment: Option<String>,
}

/// `checkov -o json`.
pub(super) fn checkov(text: &str, report: &mut Report) -> Result<(), FormatError> {
    let reports = match json::read("checkov JSON", text)? {
        CheckovReports::Several(reports) => reports,
        CheckovReports::One(one) => vec![*one],
    };
    for CheckovReport { check_type, results, summary, resource_count } in reports {
        let results = results.unwrap_or_default();
        report.facts.push(format!("framework {check_type}"));
        let resources = resource_count.or_else(|| summary?.resource_count);
        report.facts.extend(resources.map(|count| format!("looked at {count} resources of {check_type}")));
        for check in results.failed_checks {
            let line = check.file_line_range.first().copied();
            let spot = Spot { file: check.file_path, line, column: None };
            let mut details = Details::default();
            details.add("framework", &check_type);
            details.maybe("message", check.check_name);
            details.maybe("resource", check.resource);
            let lines: Vec<String> = check.file_line_range.iter().map(u64::to_string).collect();
            details.maybe("lines", (lines.len() > 1).then(|| lines.join(" to ")));
            report.found(check.check_id, &spot, severity(check.severity.as_deref()), details);
        }
        for (what, checks) in [("passed", results.passed_checks), ("skipped", results.skipped_checks)] {
            for check in checks {
                let Check { check_id, file_path, resource, check_result, .. } = check;
                let said =
                    check_result.map(|said| [said.result.map(|result| result.to_string()), said.suppress_comment]);
                let said: Vec<String> = said.into_iter().flatten().flatten().collect();
                let (resource, said) = (resource.unwrap_or_default(), said.join(" "));
                report.facts.push(format!("{what}: {check_type} {check_id} of {resource} in {file_path} {said}"));
            }
        }
        report.facts.extend(results.parsing_errors.into_iter().map(|file| format!("not parsed: {file}")));
    }
    Ok(())
}
