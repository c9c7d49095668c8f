//! One replay as a test case.

use std::collections::BTreeSet;

use junit_report::{TestCase, TestResult};

use crate::model::digest::Digest;
use crate::model::outcome::{JunitStatus, Outcome};
use crate::model::result::{ReplayResult, RunResult};
use crate::report::changes::{self, Line};
use crate::report::junit::legal;
use crate::report::junit::time::duration;
use crate::report::{before_phrases, phrases, showing, untrusted};

/// Lines of a diff, and of a detail, in the body of one case.
const MAX_LINES: usize = 200;

/// The longest path on Linux, in bytes.
const MAX_PATH: usize = 4096;

/// Where a reader is sent when a replay has no file of its own: the configuration, which names the roots.
pub(crate) const NO_FILE: &str = ".stella.yaml";

/// How one replay is shown. One that differs and that the gate lets pass by name is a pass: a viewer that is red must not
/// hide a gate that is green.
pub(crate) fn status(run: &RunResult, replay: &ReplayResult) -> JunitStatus {
    let allowed = run.gate.as_ref().is_some_and(|gate_result| gate_result.allows(&replay.id).is_some());
    if allowed { JunitStatus::Pass } else { replay.outcome.junit() }
}

/// The case of one replay.
pub(crate) fn testcase(run: &RunResult, replay: &ReplayResult) -> TestCase {
    // Nothing has a longer path.
    let file = replay.source.as_ref().map_or(NO_FILE, |source| &source.file);
    let file = if file.len() > MAX_PATH { NO_FILE } else { file };
    TestCase {
        name: attribute(&name(replay)),
        time: duration(replay.duration_ms),
        result: result(status(run, replay), replay),
        // A dotted path: viewers split it into a tree. No foreign text, which may hold dots of its own.
        classname: Some(format!("stella.{}.{}", phrases::mode(replay.mode), phrases::kind(replay.kind))),
        filepath: Some(attribute(file)),
        system_out: None,
        system_err: None,
    }
}

/// Numbers equal names: GitLab drops the second of two, and a case that passed could hide one that failed.
pub(crate) fn tell_apart(cases: &mut [TestCase]) {
    let mut seen = BTreeSet::new();
    for (i, case) in cases.iter_mut().enumerate() {
        while !seen.insert(case.name.clone()) {
            case.name += &format!(" ({})", i + 1);
        }
    }
}

fn name(replay: &ReplayResult) -> String {
    let (title, id) = (untrusted::line(&replay.title), id(&replay.id));
    if title.trim().is_empty() { id } else { format!("{id}: {title}") }
}

/// The id; one that is longer than anybody reads is cut, and stays another than every other.
fn id(id: &str) -> String {
    if id.chars().nth(untrusted::MAX_CHARS).is_none() {
        id.to_owned()
    } else {
        format!("{} ({})", untrusted::line(id), Digest::of(id.as_bytes()).short())
    }
}

fn result(status: JunitStatus, replay: &ReplayResult) -> TestResult {
    let type_ = format!("replay.{}", replay.outcome.code());
    let message = attribute(&message(replay));
    let cause = Some(legal::cdata(&body(replay)));
    match status {
        JunitStatus::Pass => TestResult::Success,
        JunitStatus::Failure => TestResult::Failure { type_, message, cause },
        JunitStatus::Error => TestResult::Error { type_, message, cause },
    }
}

fn message(replay: &ReplayResult) -> String {
    let changed = changes::in_short(&replay.diff);
    let changed = if changed.is_empty() { changed } else { format!("; {changed}") };
    format!("{}: {}{changed}", phrases::outcome(&replay.outcome), phrases::cause_cell(&replay.outcome))
}

fn body(replay: &ReplayResult) -> String {
    let mut lines = vec![message(replay)];
    match &replay.outcome {
        Outcome::Match { .. } => {}
        Outcome::Drift { causes } => lines.extend(causes.iter().flat_map(|cause| {
            let named = format!("cause: {}: {}", phrases::cause(cause), phrases::known_by(cause, &replay.recorded));
            let proof = phrases::evidence(cause).map(|evidence| format!("proof: {evidence}"));
            std::iter::once(named).chain(proof)
        })),
        Outcome::Flaky { detail } | Outcome::Unhealthy { detail } | Outcome::Infra { detail } => {
            lines.extend(untrusted::lines(detail, MAX_LINES));
        }
        Outcome::Unreplayable { missing } => {
            lines.extend(missing.iter().take(MAX_LINES).map(|input| {
                let (label, text) = phrases::obstacle(input);
                format!("{label}: {}", untrusted::line(text))
            }));
        }
    }
    let shown = replay.showing.iter().flat_map(showing::lines);
    lines.extend(shown.map(|(label, text)| format!("{}: {text}", if label.is_empty() { "said" } else { label })));
    if let Some(explanation) = &replay.explanation {
        lines.push(format!("changes: {}", phrases::changes(explanation)));
        let rest = explanation.not_excluded.iter().take(MAX_LINES);
        lines.extend(rest.map(|what| format!("cannot be excluded: {}", untrusted::line(what))));
    }
    lines.extend(changes::inputs(&replay.recorded, &replay.replayed).into_iter().map(|line| format!("input: {line}")));
    lines.extend(before_phrases::line(replay).map(|line| format!("before: {line}")));
    lines.extend(changes::first_lines(&replay.diff, MAX_LINES).iter().map(Line::to_text));
    lines.push(format!("reproduce: {}", untrusted::message(&replay.reproduce)));
    lines.join("\n")
}

/// One legal line: parsers turn line breaks in attributes into spaces.
pub(crate) fn attribute(text: &str) -> String {
    legal::text(&untrusted::visible(text)).into_owned()
}
