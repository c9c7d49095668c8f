//! The words of a base: whose rules counted, and what the checkout changes of them, the same in every output.

use crate::model::change::approval::{Approval, ChangeKey, Cover, Unread};
use crate::model::change::base::{Base, Change, CoveredDifference, Effect, RulesOf, Trusted, WithoutBase};
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
            "first introduction: the base ({}) has nothing that this configuration was or owns; the checkout's own rules count",
            untrusted::line(commit)
        ),
        RulesOf::Base { commit, changed_from, how } => {
            let since = if changed_from == commit { String::new() } else { format!("; changes are counted from {}", untrusted::line(changed_from)) };
            format!("base {} ({}): its rules, cases and canaries count{since}", untrusted::line(commit), untrusted::line(how))
        }
    });
    lines
}

/// The same of a run without a base that has approvals.
pub fn head_without(without: &WithoutBase) -> Vec<String> {
    let of = |count| format!("{} of this checkout", counted(count, "approval", "approvals"));
    let mut lines = Vec::new();
    if without.counted_in_head > 0 {
        lines.push(match &without.trusted {
            None => format!("{} counted: nothing tells which commit is trusted", of(without.counted_in_head)),
            Some(Trusted { commit, how }) => format!(
                "{} counted: `approvals.in_head` of {} allows it ({})",
                of(without.counted_in_head),
                untrusted::line(commit),
                untrusted::line(how)
            ),
        });
    }
    if without.waiting_in_head > 0 {
        lines.push(match &without.trusted {
            None => format!("{} did not count: nothing tells which commit is trusted", of(without.waiting_in_head)),
            Some(Trusted { commit, how }) => format!(
                "{} did not count: not at {} ({})",
                of(without.waiting_in_head),
                untrusted::line(commit),
                untrusted::line(how)
            ),
        });
    }
    if let (Some(Trusted { commit, how }), 0, 0) = (&without.trusted, without.counted_in_head, without.waiting_in_head)
    {
        lines.push(format!("approvals of {} count ({})", untrusted::line(commit), untrusted::line(how)));
    }
    lines.extend(without.notes.iter().map(|note| format!("note: {}", untrusted::line(note))));
    lines
}

/// What stands before everything else, with a base or without.
pub fn first_lines(run: &RunResult) -> Vec<String> {
    let base = run.base.iter().flat_map(head);
    base.chain(run.without_base.iter().flat_map(head_without)).collect()
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
        Cover::TakenBack(approval, commit) => format!(
            "; it was approved by {}, stood on the base, and was taken back by {}: approve it anew",
            by(approval),
            untrusted::line(commit)
        ),
        Cover::Unread(approval, Unread { why, mend }) => format!(
            "; it was approved by {}, and nobody knows whether it was taken back since: {}; {}",
            by(approval),
            untrusted::line(why),
            untrusted::line(mend)
        ),
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

/// The one command that accepts exactly what is not approved; `None` where nothing of it can be, or no gate was asked that approvals are
/// for, or some of the replays are not here. A release is told of it where an approval counts no more.
///
/// It is made here and read from no file: whoever is shown it pastes it into a shell.
pub fn accept(run: &RunResult) -> Option<String> {
    accepting(run).map(|accept| accept.line())
}

/// The same, not spelt yet.
pub fn accepting(run: &RunResult) -> Option<Spelt> {
    let counts_no_more = || run.covered.iter().any(|covered| !covered.cover.is_approved());
    // Of a part it would name a part, and what accepts looks at the whole.
    let asked = !run.part.is_partial()
        && run.gate.as_ref().is_some_and(|gate| {
            let is_asked = match gate.gate() {
                Gate::Pr => true,
                Gate::Release => counts_no_more(),
                Gate::Nightly => false,
            };
            is_asked && gate.verdict() != GateVerdict::Green
        });
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
    if let Some(config) = run.base.as_ref().and_then(|base| base.config.as_ref()) {
        accept.given.insert(0, Parameter::Config.to(untrusted::line(config)));
    }
    Some(accept)
}
/// What that command covers, what it writes and when that counts, in plain words.
pub fn then(run: &RunResult) -> String {
    const SHOWN: usize = 20;
    let name = |key: &ChangeKey| key.of.id().unwrap_or_else(|| key.of.part()).to_owned();
    let mut covered: Vec<String> = run.open_changes().iter().map(name).collect();
    covered.sort();
    covered.dedup();
    format!(
        "It covers {} and writes an approval into approvals.yaml: commit that file. approvals.in_head of the base says whether it \
         counts in this change or once it is merged.",
        untrusted::list(&covered, SHOWN)
    )
}
