//! What a person must look at, one entry per replay that does not match and per reason of the gate that is of no replay:
//! what every reporter with places, weights and limits is made from.
//!
//! Invariants: the heaviest and most severe stand first, in an order that depends on the result alone; every text is one
//! harmless line; a place is a path that a repository can hold, or none. Absent: how any reader writes them.

use std::cmp::Reverse;

use crate::model::digest::Digest;
use crate::model::exit::Exit;
use crate::model::finding::Severity;
use crate::model::gate_result::{About, GateResult, Reason, Weight};
use crate::model::outcome::Outcome;
use crate::model::result::{ReplayResult, RunResult, SourceLocation};
use crate::report::flip::{self, Flip, Rule};
use crate::report::{base_phrases, before_phrases, changes, gate_phrases, phrases, untrusted};

/// Lines of one kind in the details of a problem.
const LINES: usize = 6;

/// The longest path that is taken for a place, in bytes: what Linux takes.
const MAX_PATH: usize = 4096;

/// How much a problem weighs for who looks on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Heed {
    /// It stands in the way.
    Error,
    /// It does not, and it should not be so.
    Warning,
    /// It is allowed or approved.
    Notice,
}

/// A file of the repository and a line in it, from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "explained above")]
pub struct Place {
    pub file: String,
    pub line: u32,
}

/// Something to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How much it weighs.
    pub heed: Heed,
    /// `case SCN-0001` or `gate pr`.
    pub name: String,
    /// What is the matter, without the name.
    pub headline: String,
    /// Where to look in the repository.
    pub place: Option<Place>,
    /// What flipped, most important first; at least one.
    pub flips: Vec<Flip>,
    /// Causes, proofs, and how to see it again.
    pub details: Vec<String>,
    /// Names it in every run: what was replayed, not what came out.
    pub fingerprint: Digest,
}

impl Problem {
    /// The most severe finding in it.
    pub fn severity(&self) -> Severity {
        self.flips.iter().map(|flip| flip.severity).max().unwrap_or_default()
    }

    /// What a reader who has one text for it is told: what flipped with both values, why, how to see it again.
    pub fn text(&self) -> Vec<String> {
        let mut lines = vec![self.headline.clone()];
        for flip in self.flips.iter().take(LINES) {
            lines.extend(Some(flip.line()).filter(|line| *line != self.headline));
            lines.extend(flip.values.iter().take(LINES).map(|of| {
                let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "(absent)".to_owned());
                format!("  {}: {} → {}", of.field, side(&of.before), side(&of.after))
            }));
        }
        if self.flips.len() > LINES {
            lines.push(format!("… {} more", self.flips.len() - LINES));
        }
        lines.extend(self.details.iter().cloned());
        lines
    }
}

/// Everything to look at in `run`, the most important first.
pub fn problems(run: &RunResult) -> Vec<Problem> {
    // Once: it looks at every change of the run.
    let accept = base_phrases::accept(run).map(|line| format!("accept exactly this change: {line}"));
    let mut all: Vec<(usize, Problem)> = Vec::new();
    for replay in run.replays.iter().filter(|replay| !phrases::is_match(replay)) {
        all.push((urgency(&replay.outcome), of_replay(run, replay, accept.as_deref())));
    }
    let reasons = run.gate.iter().flat_map(|gate| gate.reasons().iter().map(move |reason| (gate, reason)));
    let own = reasons.filter(|(_, reason)| reason.weight > Weight::Note && !matches!(reason.about, About::Replay(_)));
    all.extend(own.map(|(gate, reason)| (0, of_reason(run, gate, reason, accept.as_deref()))));
    // Stable: what weighs the same stays in the order of the result.
    all.sort_by_key(|(urgency, problem)| (problem.heed, *urgency, Reverse(problem.severity())));
    all.into_iter().map(|(_, problem)| problem).collect()
}

fn of_replay(run: &RunResult, replay: &ReplayResult, accept: Option<&str>) -> Problem {
    let changed = changes::in_short(&replay.diff);
    let changed = if changed.is_empty() { changed } else { format!("; {changed}") };
    let headline = format!("{}: {}{changed}", phrases::outcome(&replay.outcome), phrases::cause_cell(&replay.outcome));
    let heed = heed_of(run, replay);
    Problem {
        heed,
        name: format!("{} {}", phrases::kind(replay.kind), untrusted::line(&replay.id)),
        headline,
        place: replay.source.as_ref().and_then(place),
        flips: flip::of_replay(replay),
        details: details(replay, accept.filter(|_| heed != Heed::Notice)),
        fingerprint: fingerprint_of(replay),
    }
}

/// What names a replay in every run: what was replayed, not what came out.
pub(crate) fn fingerprint_of(replay: &ReplayResult) -> Digest {
    fingerprint("replay", &[replay.kind.code(), replay.mode.code(), &replay.id])
}

fn details(replay: &ReplayResult, accept: Option<&str>) -> Vec<String> {
    let mut lines = Vec::new();
    if let Outcome::Drift { causes } = &replay.outcome {
        for cause in causes.iter().take(LINES) {
            lines.push(format!("cause: {}, {}", phrases::cause(cause), phrases::known_by(cause, &replay.recorded)));
            lines.extend(phrases::evidence(cause).map(|evidence| format!("proof: {evidence}")));
        }
    }
    lines.extend(changes::inputs(&replay.recorded, &replay.replayed).into_iter().map(|line| format!("input: {line}")));
    lines.extend(before_phrases::line(replay).map(|line| format!("before: {line}")));
    lines.push(format!("see it again: {}", untrusted::line(&replay.reproduce)));
    lines.extend(accept.map(str::to_owned));
    lines
}

fn of_reason(run: &RunResult, gate: &GateResult, reason: &Reason, accept: Option<&str>) -> Problem {
    let sentence = gate_phrases::reason(reason);
    // A change of a recording can be looked at where that stands.
    let id = match &reason.about {
        About::Change(of) => of.id(),
        _ => None,
    };
    let of = run.replays.iter().find(|replay| Some(replay.id.as_str()) == id);
    let print = match &reason.about {
        About::Everything => fingerprint("gate", &[gate.gate().code(), reason.code.code()]),
        About::Replay(id) => fingerprint("gate", &[gate.gate().code(), reason.code.code(), id]),
        About::Bucket(of) => fingerprint("gate", &[gate.gate().code(), reason.code.code(), &of.label, &of.value]),
        About::Change(of) => {
            let of = [of.kind(), of.id().unwrap_or_default(), of.part()];
            fingerprint("gate", &[&[gate.gate().code(), reason.code.code()][..], &of].concat())
        }
    };
    let what = format!("{}: {sentence}", reason.code.code());
    Problem {
        heed: if is_in_the_way(gate, reason) { Heed::Error } else { Heed::Warning },
        name: format!("gate {}", gate.gate().code()),
        headline: what.clone(),
        place: of.and_then(|replay| replay.source.as_ref()).and_then(place),
        flips: vec![Flip {
            rule: Rule::Gate,
            severity: Severity::Unknown,
            what,
            why: String::new(),
            cause: None,
            values: Vec::new(),
            fingerprint: print,
        }],
        details: accept.map(str::to_owned).into_iter().collect(),
        fingerprint: print,
    }
}

fn fingerprint(of: &str, names: &[&str]) -> Digest {
    // Names may hold anything: their lengths say where they end.
    let names: String = names.iter().map(|name| format!(" {}:{name}", name.len())).collect();
    Digest::of(format!("stella.problem/1 {of}{names}").as_bytes())
}

/// The gate decides where one was asked; else every outcome but a match stands in the way.
fn heed_of(run: &RunResult, replay: &ReplayResult) -> Heed {
    let Some(gate) = &run.gate else { return Heed::Error };
    let of_replay = |reason: &&Reason| matches!(&reason.about, About::Replay(id) if *id == replay.id);
    match gate.reasons().iter().find(of_replay) {
        Some(reason) if is_in_the_way(gate, reason) => Heed::Error,
        Some(reason) if reason.weight == Weight::Note => Heed::Notice,
        Some(_) => Heed::Warning,
        // A gate that looks at rates names no replay: those that differ are why.
        None if gate.exit() != Exit::Passed => Heed::Error,
        None => Heed::Warning,
    }
}

fn is_in_the_way(gate: &GateResult, reason: &Reason) -> bool {
    let alone = GateResult::new(gate.gate(), gate.strictness(), Vec::new(), vec![reason.clone()]);
    alone.exit() != Exit::Passed
}

/// Real differences first, then what could not run, then what is inconclusive.
fn urgency(outcome: &Outcome) -> usize {
    Exit::BY_PRECEDENCE.iter().position(|exit| *exit == outcome.exit()).unwrap_or(usize::MAX)
}

/// A path below the root of the repository, in the words of every reader; anything else is not a place.
fn place(of: &SourceLocation) -> Option<Place> {
    let file = of.file.as_str();
    let parts = || file.split('/');
    let is_plain = !file.is_empty()
        && file.len() <= MAX_PATH
        && untrusted::visible(file) == file
        && !file.contains('\\')
        && parts().all(|part| !part.is_empty() && part != "." && part != "..");
    is_plain.then(|| Place { file: file.to_owned(), line: of.line.max(1) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::result::SubjectKind;
    use crate::report::fixture;

    #[test]
    fn a_problem_says_what_flipped_with_both_values_why_and_how_to_see_it_again() {
        let all = problems(&fixture::run());
        let told: Vec<String> =
            all.iter().map(|p| format!("{:?} {}\n{}", p.heed, p.name, p.text().join("\n"))).collect();
        insta::assert_snapshot!(told.join("\n\n"));
    }

    #[test]
    fn what_the_gate_lets_pass_is_a_notice_and_the_rest_stands_first() {
        let run = fixture::judged();
        let all = problems(&run);
        assert!(all.windows(2).all(|pair| pair[0].heed <= pair[1].heed));
        assert!(all.iter().any(|problem| problem.name == "gate release" && problem.heed == Heed::Error));
        let ids: Vec<&str> = all.iter().map(|problem| problem.name.as_str()).collect();
        assert!(ids.contains(&"case SCN-0001"), "{ids:?}");
        let prints: std::collections::BTreeSet<_> = all.iter().map(|problem| problem.fingerprint).collect();
        assert_eq!(prints.len(), all.len());
    }

    #[test]
    fn only_what_a_repository_can_hold_is_a_place() {
        let at = |file: &str| place(&SourceLocation { file: file.into(), line: 0 });
        assert_eq!(at("a/b c.json"), Some(Place { file: "a/b c.json".into(), line: 1 }));
        for file in [
            "",
            "/etc/passwd",
            "a//b",
            "../a",
            "a/../b",
            "./a",
            "a\\b",
            "a\nb",
            "a\u{202e}b",
            "##[a",
            &"a".repeat(4097),
        ] {
            assert_eq!(at(file), None, "{file}");
        }
    }

    #[test]
    fn the_most_severe_finding_stands_first() {
        let mut run = fixture::run();
        let mut other = fixture::drifted();
        other.id = "AAA".into();
        other.kind = SubjectKind::Case;
        other.diff.findings.shown.truncate(0);
        run.replays.insert(0, other);
        assert_eq!(problems(&run)[0].name, "case SCN-0001");
    }
}
