//! The words in which every output says the same thing: outcomes, causes, rates, the verdict.

use crate::model::candidate::{Candidate, CandidateKind, RanOn};
use crate::model::cause::{Cause, Evidence, Factor, Joined, KnownBy, MismatchReason};
use crate::model::comparison::fidelity::{Fidelity, Level};
use crate::model::dimension::{Dimension, Dimensions};
use crate::model::exit::Exit;
use crate::model::experiment::explanation::{Explanation, Noise};
use crate::model::manifest::Wrong;
use crate::model::outcome::Outcome;
use crate::model::rate::Tally;
use crate::model::result::{ExecutorEnv, Isolation, Mode, ReplayResult, RunResult, SubjectKind};
use crate::model::shard::Part;
use crate::report::count::counted;
use crate::report::untrusted;

/// `case`, `canary`, `manifest`.
pub fn kind(kind: SubjectKind) -> &'static str {
    kind.code()
}

/// `regression`, `fidelity`.
pub fn mode(mode: Mode) -> &'static str {
    mode.code()
}

/// What the letters of the three levels ask, for a reader who meets them for the first time.
pub const LEVELS: &str = "BF: are the bytes the same? SF: are the findings the same, whatever their order? PF: does the policy decide the same?";

/// The question that a mode answers.
pub fn question(mode: Mode) -> &'static str {
    match mode {
        Mode::Regression => "did I break it?",
        Mode::Fidelity => "is it repeatable?",
    }
}

/// The outcome's code; a lucky match says so.
pub fn outcome(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Match { lucky: true } => "match (lucky)",
        _ => outcome.code(),
    }
}

/// `yes`, `no`, `n/a` where the level does not apply, `-` where nothing was compared.
pub fn level(fidelity: Option<Fidelity>, level: Level) -> &'static str {
    match fidelity.map(|fidelity| fidelity.at(level)) {
        None => "-",
        Some(None) => "n/a",
        Some(Some(true)) => "yes",
        Some(Some(false)) => "no",
    }
}

/// A cause and how it is known: `scanner_drift/config (floor)`, `mixed: feed × policy (proved)`.
pub fn cause(cause: &Cause) -> String {
    let known_by = match cause.known_by {
        KnownBy::Proved => "proved",
        KnownBy::Floor => "floor",
    };
    let tag = cause.sub_tag.map(|tag| format!("/{}", tag.code())).unwrap_or_default();
    let inputs = inputs(cause).map(|inputs| format!(": {inputs}")).unwrap_or_default();
    format!("{}{tag}{inputs} ({known_by})", cause.reason)
}

/// The inputs of a cause that has several: `feed × policy`.
fn inputs(cause: &Cause) -> Option<String> {
    const SHOWN: usize = 8;
    let sign = cause.joined.map_or(", ", Joined::sign);
    let names: Vec<String> = cause.inputs.iter().take(SHOWN).map(ToString::to_string).collect();
    (!names.is_empty()).then(|| names.join(sign))
}

/// The replays that prove a cause, for those who want to see them.
pub fn evidence(cause: &Cause) -> Option<String> {
    let Evidence { made_by, unmade_by, runs, false_ppm } = cause.evidence.as_ref()?;
    let chance = format!("{}.{:04} %", false_ppm / 10_000, false_ppm % 10_000);
    let (made_by, unmade_by) = (made_by.short(), unmade_by.short());
    Some(format!("made by {made_by}, unmade by {unmade_by}, {runs} runs, chance of a mistake at most {chance}"))
}

/// What an experiment found, in one line: `4 feed, 0 unexplained (13 replays)`.
pub fn changes(of: &Explanation) -> String {
    let partial = if of.partial { ", partial" } else { "" };
    format!("{} ({} replays{partial})", untrusted::line(&of.summary), of.replays)
}

/// Below as many control replays no interval is told.
const FEW: u64 = 5;

/// How often a scan differs from itself: `0 of 13 control replays differ (95 % interval 0.0 to 22.8 %)`.
pub fn noise(of: &Noise) -> String {
    let percent = |ppm: u64| format!("{}.{}", ppm / 10_000, ppm % 10_000 / 1000);
    let (low, high) = (percent(of.low_ppm), percent(of.high_ppm));
    let differ = format!("{} of {} control replays differ", of.different, of.runs);
    // So few say nothing of how often: the interval would be most of what is possible.
    if of.runs < FEW {
        return format!("{differ} (too few to say how often)");
    }
    format!("{differ} (95 % interval {low} to {high} %)")
}

/// Why a replay does not match, for one cell of a table; empty for a match.
pub fn cause_cell(replayed: &Outcome) -> String {
    match replayed {
        Outcome::Match { .. } => String::new(),
        Outcome::Drift { causes } => causes.iter().map(cause).collect::<Vec<_>>().join(", "),
        Outcome::Flaky { .. } => MismatchReason::Nondeterminism.to_string(),
        Outcome::Unreplayable { missing } => match missing.first().map(|first| obstacle(first).0) {
            None | Some("missing") => format!("missing: {}", untrusted::list(missing, 2)),
            Some(_) => untrusted::list(missing, 2),
        },
        Outcome::Unhealthy { detail } | Outcome::Infra { detail } => {
            untrusted::line(detail.lines().next().unwrap_or_default())
        }
    }
}

/// Why a replay could not begin, with a label: `missing`, or how its recording is wrong.
pub fn obstacle(text: &str) -> (&'static str, &str) {
    Wrong::told(text).map_or(("missing", text), |(wrong, what)| (wrong.words(), what))
}

/// How a cause is known, where these were the recorded inputs.
pub fn known_by(cause: &Cause, recorded: &Dimensions) -> &'static str {
    match (cause.known_by, cause.reason) {
        (KnownBy::Proved, MismatchReason::Nondeterminism) if cause.evidence.is_none() => {
            "the same inputs gave different results"
        }
        (KnownBy::Proved, _) => match cause.joined {
            None => "swapping this input alone makes and unmakes the difference",
            Some(Joined::Together) => "swapping these inputs together makes and unmakes the difference",
            Some(Joined::Each) => "each of these inputs has a part of its own in the difference",
            Some(Joined::Either) => "swapping any one of these inputs makes the difference",
        },
        (KnownBy::Floor, _) if cause.evidence.is_some() => "swaps point to it; not yet sure",
        (KnownBy::Floor, MismatchReason::ExternalIo) => {
            "the sandbox denied something and no swap explains it; not proved"
        }
        (KnownBy::Floor, MismatchReason::Nondeterminism | MismatchReason::RuntimeDrift) if cause.sub_tag.is_some() => {
            "no swap explains it, and it answers to this alone; not proved"
        }
        (KnownBy::Floor, MismatchReason::Nondeterminism) => "no recorded digest differs; not proved",
        // A case records less than a canary; who edited what it expects shows in no digest, without a base to compare with.
        (KnownBy::Floor, _) if is_unrecorded(cause, recorded) => {
            "no digest of it is recorded: either it changed, or what is expected was edited; not proved"
        }
        (KnownBy::Floor, _) => "the first recorded digest that differs; not proved",
    }
}

/// Whether nothing was recorded of what a cause names.
fn is_unrecorded(cause: &Cause, recorded: &Dimensions) -> bool {
    Dimension::BY_FLOOR_ORDER
        .into_iter()
        .filter(|dimension| Factor::whole(*dimension).reason() == (cause.reason, cause.sub_tag))
        .any(|dimension| recorded.get(dimension).is_none())
}

/// A rate with its counts: `96.6 % (29/30)`, or `n/a` where nothing was compared.
///
/// The percentage is rounded down, so that 100 % always means all.
pub fn rate(tally: &Tally, level: Level) -> String {
    counted_rate(tally.counts(level))
}

/// The same of counts.
pub fn counted_rate((good, all): (u64, u64)) -> String {
    if all == 0 {
        return "n/a".to_owned();
    }
    let permille = u128::from(good) * 1000 / u128::from(all);
    format!("{}.{} % ({good}/{all})", permille / 10, permille % 10)
}

/// The counts that stand beside a rate and never in it; empty where there are none.
pub fn beside(tally: &Tally) -> String {
    present(&[
        (tally.lucky, "lucky"),
        (tally.unhealthy, "unhealthy"),
        (tally.unreplayable, "unreplayable"),
        (tally.infra, "infra"),
    ])
}

/// The verdict's word for an exit.
pub fn exit(exit: Exit) -> &'static str {
    match exit {
        Exit::Passed => "passed",
        Exit::Failed => "failed",
        Exit::Usage => "usage error",
        Exit::Inconclusive => "inconclusive",
        Exit::Infrastructure => "could not run",
        Exit::Verification => "verification failed",
    }
}

/// The verdict of a run in one sentence.
pub fn verdict(run: &RunResult) -> String {
    let word = match (run.part.shard(), run.exit()) {
        (None, ended) => exit(ended).to_owned(),
        // A shard never says that it passed: who reads that takes it for the whole.
        (Some(shard), Exit::Passed) => format!("shard {shard}, nothing wrong in it"),
        (Some(shard), ended) => format!("shard {shard}, {}", exit(ended)),
    };
    match (run.replays.is_empty(), run.part.shard()) {
        (false, _) => {}
        (true, None) => return format!("{word}: nothing was replayed"),
        (true, Some(_)) => return format!("{word}: no case and no canary falls to it"),
    }
    let (a, b) = (&run.regression, &run.fidelity);
    let rest = present(&[
        (a.drift + b.drift, "drift"),
        (a.flaky + b.flaky, "flaky"),
        (a.unhealthy + b.unhealthy, "unhealthy"),
        (a.unreplayable + b.unreplayable, "unreplayable"),
        (a.infra + b.infra, "infra"),
    ]);
    let (matched, total, lucky) = (a.matched + b.matched, a.total() + b.total(), a.lucky + b.lucky);
    let replays = if total == 1 { "replay matches" } else { "replays match" };
    let lucky = if lucky == 0 { String::new() } else { format!(" ({lucky} lucky)") };
    let rest = if rest.is_empty() { rest } else { format!("; {rest}") };
    format!("{word}: {matched} of {total} {replays}{lucky}{rest}")
}

/// What a run lacks that is not all of a suite; `None` of one that lacks nothing.
pub fn part(run: &RunResult) -> Option<String> {
    match &run.part {
        Part::Whole => None,
        Part::Selected => Some("only some cases and canaries were asked for".to_owned()),
        Part::Shard(of) => {
            let (index, count) = (of.shard.index(), of.shard.count());
            Some(format!("shard {index} of {count}: all of them are judged together when they are merged"))
        }
        Part::Incomplete(missing) => {
            let names: Vec<String> = missing.iter().map(ToString::to_string).collect();
            let shards = if names.len() == 1 { "shard" } else { "shards" };
            Some(format!("there is no result of {shards} {}", untrusted::list(&names, 20)))
        }
    }
}

/// The same of shards alone: of what was asked for by name the reader knows.
pub fn shards(run: &RunResult) -> Option<String> {
    if run.part == Part::Selected { None } else { part(run) }
}

/// The two rates of a run, each with the mode that it answers for.
pub fn rates(run: &RunResult) -> [(Mode, &Tally); 2] {
    [(Mode::Regression, &run.regression), (Mode::Fidelity, &run.fidelity)]
}

/// On how many replays the candidate was run, in one line; `None` where that is not a question.
pub fn candidate(run: &RunResult) -> Option<String> {
    let coverage = run.coverage();
    let of =
        |on: RanOn, one: &str, more: &str| (on.of > 0).then(|| format!("{} of {}", on.ran, counted(on.of, one, more)));
    match &run.candidate {
        Candidate::Unknown => None,
        Candidate::LeftOut if coverage.all().of == 0 => None,
        Candidate::LeftOut => Some("the candidate was left out: everything was replayed as recorded".to_owned()),
        Candidate::None => Some("no candidate: this repository builds none".to_owned()),
        Candidate::Dropped => Some("no candidate: this checkout does not build what its base builds".to_owned()),
        Candidate::Built(named) => {
            let all = coverage.all();
            let parts = [of(coverage.cases, "case", "cases"), of(coverage.canaries, "canary", "canaries")];
            let parts: Vec<String> = parts.into_iter().flatten().collect();
            let (kind, name) = (named.kind.code(), untrusted::line(&named.name));
            let name = if named.kind == CandidateKind::BuiltIn {
                "built-in scanner".to_owned()
            } else {
                format!("{kind} `{name}`")
            };
            let parts = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) };
            Some(format!("the candidate ({name}) was run on {} of {}{parts}", all.ran, all.of))
        }
    }
}

/// Canaries that the candidate does not concern, by name; `None` where there is no candidate or it concerns all.
pub fn unclaimed(run: &RunResult) -> Option<String> {
    const SHOWN: usize = 20;
    let unclaimed = run.coverage().unclaimed;
    let shown = matches!(run.candidate, Candidate::Built(_)) && !unclaimed.is_empty();
    let none = if run.coverage().concerns_no_canary() { " (that is all of them)" } else { "" };
    shown.then(|| {
        format!(
            "canaries that are of something else, replayed as recorded{none}: {}",
            untrusted::list(&unclaimed, SHOWN)
        )
    })
}

/// What must be said of a run in which something ran without a sandbox; a green table must not hide it.
pub fn unsealed(run: &RunResult) -> Option<String> {
    let none =
        |replay: &&ReplayResult| replay.executor.as_ref().is_some_and(|env| env.isolation == Some(Isolation::None));
    match run.replays.iter().filter(none).count() {
        0 => None,
        1 => Some("1 replay ran without a sandbox (isolation none): it could reach the network".to_owned()),
        more => Some(format!("{more} replays ran without a sandbox (isolation none): they could reach the network")),
    }
}

/// Whether a replay is shown at length.
pub fn is_match(replay: &ReplayResult) -> bool {
    matches!(replay.outcome, Outcome::Match { .. })
}

/// Where a replay ran: `sandboxed (full), linux/amd64, tz UTC, locale C, clock frozen at …`.
pub fn executor(env: &ExecutorEnv) -> String {
    let place = match (env.in_process, env.isolation) {
        (true, _) => "in process".to_owned(),
        (false, Some(level)) => format!("isolation {}", level.code()),
        (false, None) => "isolation unknown".to_owned(),
    };
    let lost = match env.lost.len() {
        0 => String::new(),
        1 => " (1 thing not kept, see docs/sandbox.md)".to_owned(),
        more => format!(" ({more} things not kept, see docs/sandbox.md)"),
    };
    let clock = env.clock.map_or_else(|| "clock running".to_owned(), |at| format!("clock frozen at {at}"));
    let [os, arch, tz, locale] = [&env.os, &env.arch, &env.tz, &env.locale].map(|text| untrusted::line(text));
    let denied = match env.denied.as_slice() {
        [] => String::new(),
        [only] => format!(", denied {}", untrusted::line(only)),
        [first, rest @ ..] => format!(", denied {} and {} more", untrusted::line(first), rest.len()),
    };
    format!("{place}{lost}, {os}/{arch}, tz {tz}, locale {locale}, {clock}{denied}")
}

fn present(counts: &[(u64, &str)]) -> String {
    let some = counts.iter().filter(|(count, _)| *count > 0);
    some.map(|(count, name)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::cause::SubTag;
    use crate::model::digest::Digest;
    use crate::report::fixture;

    #[test]
    fn a_rate_is_never_rounded_up_to_all() {
        let tally = |matched, drift| Tally { matched, drift, ..Tally::default() };
        assert_eq!(rate(&tally(9999, 1), Level::Bitwise), "99.9 % (9999/10000)");
        assert_eq!(rate(&tally(3, 0), Level::Bitwise), "100.0 % (3/3)");
        assert_eq!(rate(&tally(0, 0), Level::Bitwise), "n/a");
    }

    #[test]
    fn a_cause_is_told_with_its_tag_and_how_it_is_known() {
        let floor = Cause::floor(MismatchReason::ScannerDrift, Some(SubTag::Config));
        assert_eq!(cause(&floor), "scanner_drift/config (floor)");
    }

    /// A case records nothing of its scanner: that what it expects was edited looks like another scanner.
    #[test]
    fn a_cause_of_which_nothing_is_recorded_may_be_an_edit() {
        let floor = Cause::floor(MismatchReason::ScannerDrift, None);
        let recorded = Dimensions { scanner: Some(Digest::of(b"x")), ..Dimensions::default() };
        assert_eq!(known_by(&floor, &recorded), "the first recorded digest that differs; not proved");
        let told = known_by(&floor, &Dimensions::default());
        assert_eq!(told, "no digest of it is recorded: either it changed, or what is expected was edited; not proved");
        let nothing = Cause::floor(MismatchReason::Nondeterminism, None);
        assert_eq!(known_by(&nothing, &Dimensions::default()), "no recorded digest differs; not proved");
    }

    #[test]
    fn the_verdict_counts_everything() {
        let run = fixture::run();
        let said = "failed: 2 of 6 replays match (1 lucky); 1 drift, 1 flaky, 1 unreplayable, 1 infra";
        assert_eq!(verdict(&run), said);
        let empty = RunResult::new(run.stella_version, run.started_at, run.finished_at, vec![], vec![]);
        assert_eq!(verdict(&empty), "inconclusive: nothing was replayed");
    }
}
