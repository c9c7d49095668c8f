//! The words of a base: whose rules counted, and what the checkout changes of them, the same in every output.

use crate::model::change::approval::{Approval, ChangeKey, Cover};
use crate::model::change::base::{Base, Change, CoveredDifference, Effect, RulesOf};
use crate::model::gate_result::{Gate, GateVerdict};
use crate::model::hint::Spelt;
use crate::model::parameter::{Operation, Parameter};
use crate::model::result::RunResult;
use crate::report::count::counted;
use crate::report::untrusted;

/// Changes that are shown; whoever wants all of them reads the JSON.
const CHANGES: usize = 30;

/// What stands before everything else, first what makes the verdict weaker than it looks. Foreign text in it is harmless.
pub fn head(base: &Base) -> Vec<String> {
    let mut lines = Vec::new();
    if base.counted_in_head > 0 {
        lines.push(format!(
            "{} of this checkout counted: the base's `approvals.in_head` allows it",
            counted(base.counted_in_head, "approval", "approvals")
        ));
    }
    lines.push(match &base.rules {
        RulesOf::FirstIntroduction { commit } => format!(
            "first introduction: the base ({}) has no configuration, no case and no canary; the checkout's own rules count",
            untrusted::line(commit)
        ),
        RulesOf::Base { commit, changed_from, how } => {
            let since = if changed_from == commit { String::new() } else { format!("; changes are counted from {}", untrusted::line(changed_from)) };
            format!("base {} ({}): its rules, cases and canaries count{since}", untrusted::line(commit), untrusted::line(how))
        }
    });
    lines
}

/// Every change in a line, loosening first, and what is known beside them.
pub fn changes(base: &Base) -> Vec<String> {
    let told = |change: &&Change| change.effect != Effect::Refresh;
    let all: Vec<&Change> = base.changes.iter().filter(told).collect();
    let mut lines: Vec<String> = all.iter().take(CHANGES).map(|change| self::change(change)).collect();
    if all.len() > CHANGES {
        lines.push(format!("{} more changes in the JSON", all.len() - CHANGES));
    }
    let refreshed = base.count(Effect::Refresh);
    if refreshed > 0 {
        lines.push(format!("{} recorded anew, and canonically the same", counted(refreshed, "canary", "canaries")));
    }
    lines.extend(base.notes.iter().map(|note| untrusted::line(note)));
    lines
}

fn change(change: &Change) -> String {
    let of = match change.key.of.id() {
        Some(id) => format!("`{}`, `{}`", untrusted::line(id), untrusted::line(change.key.of.part())),
        None => format!("`{}`", untrusted::line(change.key.of.part())),
    };
    let reverts = change
        .reverts_to
        .as_ref()
        .map_or_else(String::new, |commit| format!("; this is what stood on the base at {}", untrusted::line(commit)));
    format!("{} {of}: {}{reverts}{}", change.effect.code(), untrusted::line(&change.detail), cover(&change.cover))
}

fn cover(cover: &Cover) -> String {
    let by = |approval: &Approval| {
        let Approval { reason, by, until, .. } = approval;
        format!("{} until {until}: {}", untrusted::line(by), untrusted::line(reason))
    };
    match cover {
        Cover::None => String::new(),
        Cover::Approved(approval) => format!("; approved by {}", by(approval)),
        Cover::Expired(approval) => format!("; the approval has expired: by {}", by(approval)),
    }
}

/// Differences that are approved, or were.
pub fn covered(run: &RunResult) -> Vec<String> {
    let line = |covered: &CoveredDifference| {
        let of = &covered.key.of;
        let id = untrusted::line(of.id().unwrap_or_default());
        format!("difference `{id}`, `{}`{}", untrusted::line(of.part()), cover(&covered.cover))
    };
    let mut lines: Vec<String> = run.covered.iter().take(CHANGES).map(line).collect();
    if run.covered.len() > CHANGES {
        lines.push(format!("{} more in the JSON", run.covered.len() - CHANGES));
    }
    lines
}

/// The one command that accepts exactly what is not approved; `None` where nothing of it can be, or no gate of pull requests was asked.
///
/// It is made here and read from no file: whoever is shown it pastes it into a shell.
pub fn accept(run: &RunResult) -> Option<String> {
    accepting(run).map(|accept| accept.line())
}

/// The same, not spelt yet.
pub fn accepting(run: &RunResult) -> Option<Spelt> {
    let asked = run.gate.as_ref().is_some_and(|gate| gate.gate() == Gate::Pr && gate.verdict() != GateVerdict::Green);
    let open = if asked { run.open_changes() } else { Vec::new() };
    if open.is_empty() {
        return None;
    }
    let exactly = Parameter::Exactly.to(ChangeKey::digest_of_all(&open).hex());
    let mut accept = Operation::Accept.with([exactly, Parameter::Reason.to("WHY")], None);
    // By the same base.
    if let Some(commit) = run.base.as_ref().map(|base| base.rules.commit()) {
        accept.given.insert(0, Parameter::Base.to(untrusted::line(commit)));
    }
    Some(accept)
}
