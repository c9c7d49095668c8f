//! What the page shows: a report, as the templates walk through it.
//!
//! Invariant: the words are those of the other reports. Texts of the result are cut to one line here and made harmless where they
//! are written.

use std::collections::BTreeMap;

use askama::Template;

use crate::model::comparison::fidelity::Level;
use crate::model::digest::Digest;
use crate::model::dimension::Dimensions;
use crate::model::exit::Exit;
use crate::model::experiment::explanation::Explanation;
use crate::model::gate_result::GateResult;
use crate::model::outcome::Outcome;
use crate::model::result::{ArtifactResult, ExecutorEnv, Mode, ReplayResult};
use crate::report::flip::{self, Flip};
use crate::report::html::plot::{self, Bar, Rate, Tick};
use crate::report::problem::{Heed, Problem, problems};
use crate::report::publication::Publication;
use crate::report::standing::Standing;
use crate::report::{base_phrases, before_phrases, gate_phrases, phrases, showing, untrusted};

/// How much of each part is shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Rows of a table of replays.
    pub(super) rows: usize,
    /// Replays at length.
    pub(super) replays: usize,
    /// Entries of each list.
    pub(super) items: usize,
}

/// The page.
#[derive(Template)]
#[template(path = "page.html", config = "src/report/html/askama.toml")]
pub(super) struct Page {
    policy: String,
    word: String,
    class: &'static str,
    counts: String,
    since: Option<String>,
    facts: Vec<(&'static str, String)>,
    link: Option<String>,
    base: Vec<String>,
    changes: Vec<String>,
    candidate: Vec<String>,
    unsealed: Option<String>,
    gate: Option<Gate>,
    rates: Vec<[String; 6]>,
    plot: Vec<Rate>,
    ticks: [Tick; 5],
    plot_high: usize,
    bars: Vec<Bar>,
    rows: Vec<Row>,
    replays: Vec<Replay>,
    matching: Vec<Row>,
    warnings: Vec<String>,
    notes: Vec<(String, String)>,
    approvals: Vec<String>,
    accept: Option<String>,
    /// What that command covers and what comes after it.
    accept_then: String,
    left_out: Option<String>,
}

struct Gate {
    headline: String,
    aloud: Option<&'static str>,
    measured: Vec<String>,
    reasons: Vec<(&'static str, &'static str, String)>,
}

/// A replay in a table; `at` is where it stands at length.
struct Row {
    at: Option<usize>,
    id: String,
    title: String,
    kind: &'static str,
    mode: &'static str,
    outcome: &'static str,
    class: &'static str,
    levels: [&'static str; 3],
    cause: String,
}

/// A replay at length.
struct Replay {
    at: usize,
    row: Row,
    heed: &'static str,
    facts: Vec<(&'static str, String)>,
    causes: Vec<(String, String, Option<String>)>,
    detail: Vec<(String, String)>,
    flips: Vec<Flip>,
    more: Vec<String>,
    inputs: Vec<Input>,
    artifacts: Vec<Artifact>,
    experiment: Option<Experiment>,
    environment: Vec<(&'static str, String)>,
    notes: Vec<String>,
    reproduce: String,
}

/// One input by digest, on both sides.
struct Input {
    name: &'static str,
    recorded: String,
    replayed: String,
    differs: bool,
}

struct Artifact {
    name: String,
    kind: &'static str,
    expected: String,
    actual: String,
    differs: bool,
    first: Option<String>,
    masked: u64,
    identity: u64,
}

struct Experiment {
    summary: String,
    noise: String,
    not_excluded: Vec<String>,
    changes: Vec<[String; 4]>,
    cells: Vec<[String; 5]>,
}

impl Page {
    pub(super) fn new(report: &Publication<'_>, limits: Limits, policy: String) -> Self {
        let run = report.run;
        let problems = problems(run);
        let now = Standing::of(&problems, report.commit.clone());
        let since = report.before.as_ref().and_then(|before| before.since(&now)).map(|since| since.words());
        let verdict = phrases::verdict(run);
        let (word, counts) = verdict.split_once(": ").unwrap_or((&verdict, ""));
        let failing = in_order(&run.replays, &problems);
        let matching: Vec<&ReplayResult> = run.replays.iter().filter(|r| phrases::is_match(r)).collect();
        let notes: Vec<(String, String)> = matching
            .iter()
            .flat_map(|replay| replay.notes.iter().map(|note| (untrusted::line(&replay.id), untrusted::line(note))))
            .collect();
        let changes = run.base.as_ref().map(base_phrases::changes).unwrap_or_default();
        let approvals = base_phrases::covered(run);
        let mut cut = Vec::new();
        for (all, shown, what) in [
            (failing.len(), limits.rows, "rows of what does not match"),
            (failing.len(), limits.replays, "replays at length"),
            (matching.len(), limits.rows, "replays that match"),
            (notes.len(), limits.items, "notes"),
            (run.warnings.len(), limits.items, "warnings"),
            (run.gate.as_ref().map_or(0, |gate| gate.reasons().len()), limits.items, "reasons of the gate"),
        ] {
            if all > shown {
                cut.push(format!("{} {what}", all - shown));
            }
        }
        let plot = plot::rates(run);
        let rows = failing.iter().take(limits.rows).enumerate();
        Self {
            policy,
            word: word.to_owned(),
            class: class_of(run.exit()),
            counts: counts.to_owned(),
            since,
            facts: facts(report),
            link: report.link.as_ref().map(|link| link.as_str().to_owned()),
            base: base_phrases::first_lines(run),
            changes,
            candidate: [
                phrases::shards(run),
                phrases::candidate(run),
                before_phrases::in_short(run),
                phrases::unclaimed(run),
            ]
            .into_iter()
            .flatten()
            .collect(),
            unsealed: phrases::unsealed(run),
            gate: run.gate.as_ref().map(|gate_result| gate(gate_result, limits)),
            rates: phrases::rates(run)
                .into_iter()
                .filter(|(_, tally)| tally.total() > 0)
                .map(|(mode, tally)| {
                    let [bf, sf, pf] = Level::ALL.map(|level| phrases::rate(tally, level));
                    let words = [phrases::mode(mode), phrases::question(mode)].map(str::to_owned);
                    let [mode, question] = words;
                    [mode, question, bf, sf, pf, phrases::beside(tally)]
                })
                .collect(),
            plot_high: 20 + plot.len() * 24 + 24,
            plot,
            ticks: plot::ticks(),
            bars: plot::bars(run),
            rows: rows.map(|(i, (replay, _))| row(replay, (i < limits.replays).then_some(i + 1))).collect(),
            replays: failing
                .iter()
                .take(limits.replays)
                .enumerate()
                .map(|(i, (of, heed))| replay(i + 1, of, *heed, limits.items))
                .collect(),
            matching: matching.iter().take(limits.rows).map(|replay| row(replay, None)).collect(),
            warnings: lines(&run.warnings, limits.items),
            notes: notes.into_iter().take(limits.items).collect(),
            approvals,
            accept: base_phrases::accept(run),
            accept_then: base_phrases::then(run),
            left_out: (!cut.is_empty()).then(|| cut.join(", ")),
        }
    }
}

/// What does not match, in the order of the problems, each with how much it weighs.
fn in_order<'a>(replays: &'a [ReplayResult], problems: &[Problem]) -> Vec<(&'a ReplayResult, Heed)> {
    let mut by_name: BTreeMap<Digest, &ReplayResult> = BTreeMap::new();
    for replay in replays.iter().filter(|replay| !phrases::is_match(replay)) {
        by_name.insert(crate::report::problem::fingerprint_of(replay), replay);
    }
    problems.iter().filter_map(|problem| Some((*by_name.get(&problem.fingerprint)?, problem.heed))).collect()
}

fn class_of(exit: Exit) -> &'static str {
    match exit {
        Exit::Passed => "passed",
        Exit::Failed | Exit::Verification => "failed",
        Exit::Usage | Exit::Inconclusive | Exit::Infrastructure => "unsure",
    }
}

fn facts(report: &Publication<'_>) -> Vec<(&'static str, String)> {
    let run = report.run;
    let mut facts = vec![
        ("exit code", run.exit().code().to_string()),
        ("began", run.started_at.to_string()),
        ("ended", run.finished_at.to_string()),
        ("stella", untrusted::line(&run.stella_version)),
        ("run", run.id().short()),
    ];
    if let Some(commit) = &report.commit {
        facts.push(("commit", commit.short().to_owned()));
    }
    if let Some(part) = phrases::part(run) {
        facts.push(("part", part));
    }
    facts
}

fn gate(of: &GateResult, limits: Limits) -> Gate {
    let reasons = of.reasons().iter().take(limits.items);
    Gate {
        headline: gate_phrases::headline(of),
        aloud: gate_phrases::aloud(of),
        measured: of.measured().iter().map(gate_phrases::measured).collect(),
        reasons: reasons
            .map(|reason| (gate_phrases::weight(reason.weight), reason.code.code(), gate_phrases::reason(reason)))
            .collect(),
    }
}

fn lines(all: &[String], max: usize) -> Vec<String> {
    all.iter().take(max).map(|line| untrusted::line(line)).collect()
}

fn row(of: &ReplayResult, at: Option<usize>) -> Row {
    Row {
        at,
        id: untrusted::line(&of.id),
        title: untrusted::line(&of.title),
        kind: phrases::kind(of.kind),
        mode: phrases::mode(of.mode),
        outcome: phrases::outcome(&of.outcome),
        class: of.outcome.code(),
        levels: Level::ALL.map(|level| phrases::level(of.fidelity, level)),
        cause: phrases::cause_cell(&of.outcome),
    }
}

fn replay(at: usize, of: &ReplayResult, heed: Heed, items: usize) -> Replay {
    // How it ended stands above, in the words of what happened.
    let flips: Vec<Flip> = flip::of_replay(of).into_iter().filter(|flip| !flip.rule.is_outcome()).collect();
    let mut more = Vec::new();
    for (omitted, what) in [
        (flips.len().saturating_sub(items), "more in the result"),
        (of.diff.findings.omitted, "more findings"),
        (of.diff.packages.omitted, "more packages"),
        (of.diff.vex.omitted, "more vex statements"),
    ] {
        if omitted > 0 {
            more.push(format!("{omitted} {what}"));
        }
    }
    Replay {
        at,
        row: row(of, Some(at)),
        heed: match heed {
            Heed::Error => "",
            Heed::Warning => "does not block",
            Heed::Notice => "the gate lets it pass",
        },
        facts: facts_of(of),
        causes: causes(of, items),
        detail: detail(of, items),
        flips: flips.into_iter().take(items).collect(),
        more,
        inputs: inputs(&of.recorded, &of.replayed),
        artifacts: of.artifacts.iter().take(items).map(|artifact| self::artifact(artifact, of)).collect(),
        experiment: of.explanation.as_ref().map(|of| experiment(of, items)),
        environment: of.executor.as_ref().map(environment).unwrap_or_default(),
        notes: lines(&of.notes, items),
        reproduce: untrusted::message(&of.reproduce),
    }
}

fn facts_of(of: &ReplayResult) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    if let Some(source) = &of.source {
        facts.push(("file", format!("{}:{}", untrusted::line(&source.file), source.line)));
    }
    if let Some(recording) = &of.recording {
        facts.push((
            "recording",
            format!("{}, manifest {}", untrusted::line(&recording.scan_id), recording.manifest.short()),
        ));
    }
    let candidate = if of.candidate { "ran in it" } else { "did not run in it" };
    if of.mode == Mode::Regression {
        facts.push(("candidate", candidate.to_owned()));
    }
    if let Some(before) = before_phrases::line(of) {
        facts.push(("before", before));
    }
    let labels: Vec<String> = of.labels.iter().map(|(name, value)| format!("{name} {value}")).collect();
    if !labels.is_empty() {
        facts.push(("labels", untrusted::list(&labels, 12)));
    }
    facts.push(("took", format!("{}.{:03} s", of.duration_ms / 1000, of.duration_ms % 1000)));
    facts
}

fn causes(of: &ReplayResult, items: usize) -> Vec<(String, String, Option<String>)> {
    let Outcome::Drift { causes } = &of.outcome else { return Vec::new() };
    let told = causes.iter().take(items);
    told.map(|cause| {
        (phrases::cause(cause), phrases::known_by(cause, &of.recorded).to_owned(), phrases::evidence(cause))
    })
    .collect()
}

/// What happened, in labelled lines.
fn detail(of: &ReplayResult, items: usize) -> Vec<(String, String)> {
    let mut lines: Vec<(String, String)> = match &of.outcome {
        Outcome::Match { .. } | Outcome::Drift { .. } => Vec::new(),
        Outcome::Flaky { detail } | Outcome::Unhealthy { detail } | Outcome::Infra { detail } => {
            untrusted::lines(detail, items).into_iter().map(|line| (String::new(), line)).collect()
        }
        Outcome::Unreplayable { missing } => missing
            .iter()
            .take(items)
            .map(|input| {
                let (label, text) = phrases::obstacle(input);
                (label.to_owned(), untrusted::line(text))
            })
            .collect(),
    };
    let shown = of.showing.iter().flat_map(showing::lines).take(items);
    lines.extend(shown.map(|(label, text)| (label.to_owned(), text)));
    lines
}

fn inputs(recorded: &Dimensions, replayed: &Dimensions) -> Vec<Input> {
    let pairs = recorded.by_floor_order().into_iter().zip(replayed.by_floor_order());
    let known = pairs.filter(|((_, before), (_, after))| before.is_some() || after.is_some());
    let short = |digest: Option<Digest>| digest.map_or_else(|| "(none)".to_owned(), |digest| digest.short());
    known
        .map(|((name, before), (_, after))| Input {
            name: name.code(),
            recorded: short(before),
            replayed: short(after),
            differs: before != after,
        })
        .collect()
}

fn artifact(of: &ArtifactResult, replay: &ReplayResult) -> Artifact {
    let short = |digest: Option<Digest>| digest.map_or_else(|| "(absent)".to_owned(), |digest| digest.short());
    let first = replay.diff.artifacts.iter().find(|change| change.name == of.name);
    Artifact {
        name: untrusted::line(&of.name),
        kind: of.artifact_type.code(),
        expected: short(of.expected),
        actual: short(of.actual),
        differs: of.expected != of.actual,
        first: first.and_then(|change| change.first_difference.as_deref()).map(untrusted::line),
        masked: of.masked.values().fold(0, |sum, count| sum.saturating_add(*count)),
        identity: of.identity.values().fold(0, |sum, count| sum.saturating_add(*count)),
    }
}

fn experiment(of: &Explanation, items: usize) -> Experiment {
    Experiment {
        summary: phrases::changes(of),
        noise: phrases::noise(&of.noise),
        not_excluded: lines(&of.not_excluded, items),
        changes: of
            .changes
            .iter()
            .take(items)
            .map(|change| {
                let cause = change.cause.as_ref().map(phrases::cause).unwrap_or_default();
                [&change.kind, &change.what, &change.by].map(|text| untrusted::line(text)).into_iter().chain([cause])
            })
            .map(|mut words| std::array::from_fn(|_| words.next().unwrap_or_default()))
            .collect(),
        cells: of
            .cells
            .iter()
            .take(items)
            .map(|cell| {
                let now: Vec<String> = cell.from_now.iter().map(ToString::to_string).collect();
                let now = if now.is_empty() { "nothing (control)".to_owned() } else { now.join(" × ") };
                let [runs, results, changed] =
                    [cell.runs.to_string(), cell.results.to_string(), cell.changed.to_string()];
                [now, runs, results, changed, cell.failed.as_deref().map(untrusted::line).unwrap_or_default()]
            })
            .collect(),
    }
}

fn environment(of: &ExecutorEnv) -> Vec<(&'static str, String)> {
    let place = match (of.in_process, of.isolation) {
        (true, _) => "in process: no foreign code ran".to_owned(),
        (false, Some(level)) => level.code().to_owned(),
        (false, None) => "unknown".to_owned(),
    };
    let mut all = vec![("isolation", place)];
    all.extend(of.lost.iter().take(20).map(|lost| ("not kept", untrusted::line(lost))));
    all.extend([
        ("system", format!("{}/{}", untrusted::line(&of.os), untrusted::line(&of.arch))),
        ("time zone", untrusted::line(&of.tz)),
        ("locale", untrusted::line(&of.locale)),
        ("clock", of.clock.map_or_else(|| "running".to_owned(), |at| format!("frozen at {at}"))),
    ]);
    all.push(("ledger", of.ledger.map_or_else(|| "nothing was observed".to_owned(), |digest| digest.to_string())));
    if of.ledger.is_some() && of.denied.is_empty() {
        all.push(("denied", "nothing".to_owned()));
    }
    all.extend(of.denied.iter().take(50).map(|denied| ("denied", untrusted::line(denied))));
    all
}
