//! The words of `stella accept`: what would change, why, and what was written.

use crate::hint;
use crate::model::change::accepted::Accepted;
use crate::model::change::approval::{ChangeKey, Changed};
use crate::model::hint::Spelt;
use crate::model::parameter::{Operation, Parameter};
use crate::report::count::counted;
use crate::report::{base_phrases, changes, phrases};

/// The rule that is the command with which a subject runs cases.
const COMMAND: &str = "subject.argv";
/// Lines of a difference that are shown.
const LINES: usize = 10;

/// A change in words: its cause, which is shown and is not a part of an approval, or what it does.
pub fn detail(accepted: &Accepted, key: &ChangeKey) -> String {
    if let Some(replay) = accepted.replay_of(key) {
        return phrases::cause_cell(&replay.outcome);
    }
    let mut changes = accepted.run.base.iter().flat_map(|base| &base.changes);
    changes.find(|change| change.key == *key).map(|change| change.detail.clone()).unwrap_or_default()
}

/// Everything, in lines that may quote foreign text. `file` is where entries are written.
pub fn lines(accepted: &Accepted, file: &str) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(base) = &accepted.run.base {
        lines.extend(base_phrases::head(base));
    }
    for key in &accepted.chosen {
        lines.push(format!("{} {}: {}", key.of.kind(), key.of, detail(accepted, key)));
        if let Some(replay) = accepted.replay_of(key) {
            let shown = changes::first_lines(&replay.diff, LINES);
            lines.extend(shown.into_iter().map(|line| format!("  {}", line.to_text())));
        }
        if let Some(earlier) = accepted.takes_back(key) {
            lines.push(format!("  takes back what {} approved: {}", earlier.by, earlier.reason));
        }
    }
    for id in &accepted.flaky {
        lines.push(format!("{id} differs from itself: what is flaky cannot be approved"));
    }
    for change in &accepted.refused {
        lines.push(format!("{} {}: {}", change.key.of.kind(), change.key.of, change.detail));
    }
    for replay in accepted.unjudged() {
        lines.push(format!("{} could not be judged: {}", replay.id, phrases::cause_cell(&replay.outcome)));
    }
    let is_command = |key: &ChangeKey| matches!(&key.of, Changed::Rule { key } if key == COMMAND);
    let is_recorded = |key: &ChangeKey| matches!(&key.of, Changed::Recording { part, .. } if part == "argv");
    if accepted.chosen.iter().any(is_command) && !accepted.chosen.iter().any(is_recorded) {
        let anew = hint!(
            "canaries keep the command that they were recorded with: record those that need another one anew with {} (docs/canaries.md)",
            Operation::Scan
        );
        lines.push(anew.for_command_line());
    }
    if !accepted.recorded.is_empty() {
        lines.push(format!("{} recorded anew: {}", accepted.recorded.len(), accepted.recorded.join(", ")));
    }
    let count = accepted.chosen.len();
    let until = accepted.differs_again_after();
    lines.push(match (count, accepted.written.len()) {
        (0, _) if accepted.unjudged().next().is_some() => "nothing that could be judged needs an approval".to_owned(),
        (0, _) if accepted.refused.is_empty() => "nothing needs an approval".to_owned(),
        (0, _) => "nothing can be approved".to_owned(),
        (_, 0) => {
            let open = counted(count as u64, "change needs", "changes need");
            hint!("{} an approval; write it with {}", open, Parameter::Reason.to("TEXT")).for_command_line()
        }
        (_, written) => format!("{} written to {file}", counted(written as u64, "entry", "entries")),
    });
    if let Some(until) = until {
        lines.push(format!("an approved difference is one again after {until}, unless it is recorded anew:"));
        lines.push(format!("  {}", again(accepted).line()));
    }
    lines
}

/// The command that records anew what was approved.
fn again(accepted: &Accepted) -> Spelt {
    let reason = accepted.written.first().map_or("WHY", |entry| entry.reason.as_str());
    let mut again = Operation::Accept.with([Parameter::Update.into(), Parameter::Reason.to(reason)], None);
    again.given.extend(accepted.written.first().map(|entry| Parameter::By.to(entry.by.as_str())));
    if let Some(commit) = accepted.run.base.as_ref().map(|base| base.rules.commit()) {
        again.given.insert(0, Parameter::Base.to(commit));
    }
    if let Some(config) = accepted.run.base.as_ref().and_then(|base| base.config.as_ref()) {
        again.given.insert(0, Parameter::Config.to(config));
    }
    again
}
