//! Linters: ESLint, Ruff.

use serde::Deserialize;
use serde_json::Value;

use crate::format::details::Details;
use crate::format::error::FormatError;
use crate::format::json;
use crate::format::tools::report::{Report, Spot, severity};

/// What stands for the rule where a tool names none: a file that cannot be parsed.
const NO_RULE: &str = "(no rule)";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LintedFile {
    file_path: String,
    messages: Vec<LintMessage>,
    #[serde(default)]
    suppressed_messages: Vec<LintMessage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LintMessage {
    rule_id: Option<String>,
    /// 1 is a warning, 2 an error.
    severity: Option<u64>,
    message: Option<String>,
    message_id: Option<String>,
    line: Option<u64>,
    column: Option<u64>,
    end_line: Option<u64>,
    end_column: Option<u64>,
    #[serde(default)]
    fatal: bool,
    #[serde(default)]
    suppressions: Vec<LintSuppression>,
}

#[derive(Deserialize)]
struct LintSuppression {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    justification: String,
}

impl LintMessage {
    fn tell(&self, details: &mut Details) {
        details.maybe("message", self.message.as_ref());
        details.maybe("message id", self.message_id.as_ref());
        details.maybe("fatal", self.fatal.then_some("yes"));
        details.maybe("severity", self.severity.map(|severity| severity.to_string()));
        if let Some(line) = self.end_line {
            details.add("until", format!("{line}:{}", self.end_column.unwrap_or_default()));
        }
    }
}

/// `eslint --format json`.
pub(super) fn eslint(text: &str, report: &mut Report) -> Result<(), FormatError> {
    let files: Vec<LintedFile> = json::read("ESLint JSON", text)?;
    report.looked(files.iter().map(|file| format!("looked at {}", file.file_path)));
    for LintedFile { file_path, messages, suppressed_messages } in files {
        for found in messages {
            let spot = Spot { file: file_path.clone(), line: found.line, column: found.column };
            let level = if found.fatal || found.severity == Some(2) { "error" } else { "warning" };
            let mut details = Details::default();
            found.tell(&mut details);
            report.found(found.rule_id.unwrap_or_else(|| NO_RULE.to_owned()), &spot, severity(Some(level)), details);
        }
        for found in suppressed_messages {
            let spot = Spot { file: file_path.clone(), line: found.line, column: found.column };
            let mut details = Details::default();
            found.tell(&mut details);
            for LintSuppression { kind, justification } in &found.suppressions {
                details.add("by", format!("{kind} {justification}").trim());
            }
            let said = details.texts().collect::<Vec<_>>().join("; ");
            let rule = found.rule_id.unwrap_or_default();
            report.facts.push(format!("suppressed: {rule} at {} ({said})", spot.text()));
        }
    }
    Ok(())
}

#[derive(Deserialize)]
struct RuffMessage {
    code: Option<String>,
    filename: String,
    location: Option<RuffPoint>,
    end_location: Option<RuffPoint>,
    message: Option<String>,
    severity: Option<String>,
    cell: Option<u64>,
    fix: Option<Value>,
}

#[derive(Deserialize)]
struct RuffPoint {
    row: Option<u64>,
    column: Option<u64>,
}

/// `ruff check --output-format json`.
pub(super) fn ruff(text: &str, report: &mut Report) -> Result<(), FormatError> {
    let messages: Vec<RuffMessage> = json::read("Ruff JSON", text)?;
    for found in messages {
        let spot = Spot {
            file: found.filename,
            line: found.location.as_ref().and_then(|at| at.row),
            column: found.location.as_ref().and_then(|at| at.column),
        };
        let mut details = Details::default();
        details.maybe("message", found.message);
        details.maybe("cell", found.cell.map(|cell| cell.to_string()));
        details.maybe("fix", found.fix.filter(|fix| !fix.is_null()).map(|fix| fix.to_string()));
        if let Some(RuffPoint { row: Some(row), column }) = found.end_location {
            details.add("until", format!("{row}:{}", column.unwrap_or_default()));
        }
        let rule = found.code.unwrap_or_else(|| NO_RULE.to_owned());
        report.found(rule, &spot, severity(found.severity.as_deref()), details);
    }
    Ok(())
}
