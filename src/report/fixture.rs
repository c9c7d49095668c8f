//! One rich run that every renderer is tested with, and runs whose every text is hostile.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;

use crate::model::artifact::ArtifactType;
use crate::model::candidate::{Candidate, CandidateKind, Named};
use crate::model::cause::{Cause, Evidence, Factor, Joined, KnownBy, MismatchReason};
use crate::model::change::approval::{Approval, ChangeKey, Changed, Cover, Unread};
use crate::model::change::base::{self, Base, CoveredDifference, Effect, RulesOf, Trusted, WithoutBase};
use crate::model::change::before::BeforeChange;
use crate::model::comparison::diff::{
    ArtifactChange, DecisionChange, DiffSummary, Direction, FieldChange, FindingFlip, PackageChange, PlaceChange, Top,
    VexChange,
};
use crate::model::comparison::fidelity::Fidelity;
use crate::model::digest::Digest;
use crate::model::dimension::{Dimension, Dimensions};
use crate::model::experiment::explanation::{CellRuns, Change, Explanation, Noise};
use crate::model::finding::Severity;
use crate::model::gate_result::Strictness;
use crate::model::outcome::Outcome;
use crate::model::result::{
    ArtifactResult, ExecutorEnv, Isolation, Mode, Recording, ReplayResult, RunResult, SourceLocation, SubjectKind,
};
use crate::model::showing::{AbsentPath, Ended, Limit, NoInterpreter, Showing};
use crate::score::gate::{self, Case};
use crate::score::history::History;
use crate::score::rules::Rules;

fn digest(name: &str) -> Option<Digest> {
    Some(Digest::of(name.as_bytes()))
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A run with one replay of each outcome but `unhealthy`, and two matches, one of them lucky.
pub(crate) fn run() -> RunResult {
    RunResult::new(
        "0.1.0".into(),
        at("2026-02-03T04:05:06Z"),
        at("2026-02-03T04:05:21.5Z"),
        vec![matched(), lucky(), drifted(), flaky(), unreplayable(), infra()],
        vec!["the cache could not be written: it is read-only".into()],
    )
}

/// The replays of the rich run, `n` times.
pub(crate) fn many(n: usize) -> RunResult {
    let run = run();
    let again = |i: usize| {
        let replays = run.replays.clone().into_iter();
        replays.map(move |replay| ReplayResult { id: format!("{}-{i}", replay.id), ..replay })
    };
    let (version, began, ended) = (run.stella_version.clone(), run.started_at, run.finished_at);
    RunResult::new(version, began, ended, (0..n).flat_map(again).collect(), vec![])
}

fn base(id: &str, title: &str, kind: SubjectKind, mode: Mode, outcome: Outcome) -> ReplayResult {
    let inputs = Dimensions {
        input: digest("input"),
        scanner: digest("scanner"),
        config: None,
        feed: digest("feed"),
        policy: digest("policy"),
        environment: digest("environment"),
    };
    let folder = if kind == SubjectKind::Case { "regressions" } else { "fixtures/canaries" };
    ReplayResult {
        id: id.into(),
        title: title.into(),
        kind,
        mode,
        candidate: false,
        recording: None,
        outcome,
        fidelity: Some(Fidelity::new(true, Some(true), Some(true)).unwrap()),
        diff: DiffSummary::default(),
        movement: None,
        artifacts: vec![],
        recorded: inputs.clone(),
        replayed: inputs,
        executor: Some(ExecutorEnv {
            in_process: false,
            isolation: Some(Isolation::Full),
            lost: vec![],
            denied: vec![],
            ledger: None,
            arch: "amd64".into(),
            os: "linux".into(),
            tz: "UTC".into(),
            locale: "C.UTF-8".into(),
            clock: Some(at("2026-01-01T00:00:00Z")),
        }),
        labels: BTreeMap::from([("ecosystem".into(), "maven".into())]),
        source: Some(SourceLocation { file: format!("{folder}/{id}/manifest.json"), line: 1 }),
        reproduce: format!("stella {} run {id}", if kind == SubjectKind::Case { "case" } else { "canary" }),
        notes: vec![],
        explanation: None,
        showing: None,
        before: None,
        duration_ms: 1234,
    }
}

fn matched() -> ReplayResult {
    base("CAN-0001", "alpine base image", SubjectKind::Canary, Mode::Fidelity, Outcome::Match { lucky: false })
}

fn lucky() -> ReplayResult {
    let outcome = Outcome::Match { lucky: true };
    let mut replay = base("CAN-0002", "python service", SubjectKind::Canary, Mode::Regression, outcome);
    replay.notes = vec!["the sandbox denied 2 connections".into()];
    replay
}

/// A case whose scanner changed: one finding lost, one with another severity.
pub(crate) fn drifted() -> ReplayResult {
    let cause = Cause::floor(MismatchReason::ScannerDrift, None);
    let outcome = Outcome::Drift { causes: vec![cause.clone()] };
    let mut replay = base("SCN-0001", "log4j missed in a nested layer", SubjectKind::Case, Mode::Regression, outcome);
    let change = |field: &str, before: Option<&str>, after: Option<&str>| FieldChange {
        field: field.into(),
        before: before.map(Into::into),
        after: after.map(Into::into),
    };
    replay.fidelity = Some(Fidelity::new(false, Some(false), Some(false)).unwrap());
    replay.diff = DiffSummary {
        findings: Top {
            shown: vec![
                FindingFlip {
                    cve_id: "CVE-2021-44228".into(),
                    affected_purl: "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1".into(),
                    direction: Direction::Disappeared,
                    severity: Severity::Critical,
                    changes: vec![
                        change("version", Some("2.14.1"), None),
                        change("fixed_versions", Some("2.15.0"), None),
                        change("reachability", Some("reachable"), None),
                    ],
                    why: "the package is no longer in the inventory".into(),
                    cause: Some(cause),
                },
                FindingFlip {
                    cve_id: "CVE-2020-9488".into(),
                    affected_purl: "pkg:maven/org.apache.logging.log4j/log4j-api@2.13.0".into(),
                    direction: Direction::Changed,
                    severity: Severity::Low,
                    changes: vec![
                        change("severity", Some("low"), Some("medium")),
                        change("vex_status", None, Some("fixed")),
                    ],
                    why: "another severity was read".into(),
                    cause: None,
                },
            ],
            omitted: 3,
        },
        packages: Top::first(
            9,
            vec![PackageChange {
                name: "org.apache.logging.log4j:log4j-core".into(),
                direction: Direction::Disappeared,
                before: vec!["2.14.1".into()],
                after: vec![],
            }],
        ),
        vex: Top::first(
            9,
            vec![VexChange {
                vulnerability: "CVE-2020-9488".into(),
                product: "pkg:oci/shop".into(),
                before: Some("affected".into()),
                after: Some("fixed".into()),
            }],
        ),
        decision: Some(DecisionChange {
            before: Some("fail".into()),
            after: Some("pass".into()),
            reasons_added: vec![],
            reasons_removed: vec!["critical-reachable".into()],
        }),
        artifacts: vec![ArtifactChange {
            name: "findings.json".into(),
            before: digest("findings before"),
            after: digest("findings after"),
            first_difference: Some("/findings/0/cve_id".into()),
            differences: Top::default(),
        }],
    };
    replay.artifacts = vec![ArtifactResult {
        name: "findings.json".into(),
        artifact_type: ArtifactType::Findings,
        expected: digest("findings before"),
        actual: digest("findings after"),
        profile: Digest::of(b"profile"),
        masked: BTreeMap::from([("/metadata/timestamp".into(), 1)]),
        identity: BTreeMap::new(),
        meaning: None,
        decision: None,
        not_compared: Vec::new(),
    }];
    replay.replayed.scanner = digest("scanner of this checkout");
    replay.source = Some(SourceLocation { file: "regressions/SCN-0001-missed-cve/case.metadata.json".into(), line: 3 });
    replay
}

/// An experiment that found a feed, and a feed with a policy.
pub(crate) fn explanation() -> Explanation {
    let [feed, policy] = [Dimension::Feed, Dimension::Policy].map(Factor::whole);
    let cell = |from_now: Vec<Factor>, runs, results, changed| CellRuns {
        inputs: Digest::of(format!("{from_now:?}").as_bytes()),
        from_now,
        runs,
        results,
        changed,
        failed: None,
    };
    let evidence =
        Evidence { made_by: Digest::of(b"made"), unmade_by: Digest::of(b"unmade"), runs: 14, false_ppm: 123 };
    let proved = |reason, inputs: Vec<Factor>| Cause {
        reason,
        sub_tag: None,
        known_by: KnownBy::Proved,
        joined: (!inputs.is_empty()).then_some(Joined::Together),
        inputs,
        evidence: Some(evidence.clone()),
    };
    let change =
        |what: &str, by: &str, cause| Change { kind: "finding".into(), what: what.into(), by: by.into(), cause };
    Explanation {
        summary: "1 feed, 1 feed × policy, 0 unexplained".into(),
        factors: vec![feed, policy],
        not_excluded: vec!["scanner: scanner `scan` is gone".into()],
        cells: vec![
            cell(vec![], 4, 1, 0),
            cell(vec![feed], 4, 1, 1),
            CellRuns { failed: Some("the scanner ended with exit code 2".into()), ..cell(vec![policy], 1, 1, 0) },
            cell(vec![feed, policy], 4, 2, 2),
        ],
        changes: vec![
            change("CVE-2021-44228 in pkg:a", "feed", Some(proved(MismatchReason::FeedDrift, vec![]))),
            change("decision", "feed × policy", Some(proved(MismatchReason::Mixed, vec![feed, policy]))),
            change("findings.json", "unexplained", None),
        ],
        noise: Noise { different: 1, runs: 8, low_ppm: 22_400, high_ppm: 470_900 },
        replays: 13,
        partial: true,
    }
}

fn flaky() -> ReplayResult {
    let outcome = Outcome::Flaky { detail: "2 of 3 runs differ from each other\nfirst at /packages/4".into() };
    let mut replay = base("SCN-0002", "order of packages", SubjectKind::Case, Mode::Regression, outcome);
    replay.fidelity = Some(Fidelity::new(false, Some(true), Some(true)).unwrap());
    replay.executor = replay.executor.map(|env| ExecutorEnv { in_process: true, isolation: None, ..env });
    replay
}

fn unreplayable() -> ReplayResult {
    let missing = vec![format!("feed bundle {}", Digest::of(b"gone"))];
    let mut replay =
        base("CAN-0003", "feed of last year", SubjectKind::Canary, Mode::Fidelity, Outcome::Unreplayable { missing });
    (replay.fidelity, replay.executor) = (None, None);
    replay
}

fn infra() -> ReplayResult {
    let outcome = Outcome::Infra { detail: "could not enter a user namespace: operation not permitted".into() };
    let mut replay = base("CAN-0004", "go module", SubjectKind::Canary, Mode::Fidelity, outcome);
    (replay.fidelity, replay.executor, replay.source) = (None, None, None);
    replay
}

/// What a run that went wrong in every way showed.
pub(crate) fn showing() -> Showing {
    let absent = |path: &str, on_machine| AbsentPath { path: path.into(), attempt: "execute".into(), on_machine };
    Showing {
        ended: Some(Ended::Limit { limit: Limit::Time, allowed: 600, used: None }),
        said: vec!["loading rules".into(), "Error: no database".into()],
        refused: vec!["db.example.com".into(), "192.0.2.1:443".into()],
        absent: vec![absent("/home/ci/.cargo/bin/helper", true), absent("/opt/nothing", false)],
        no_interpreter: Some(NoInterpreter {
            program: "/home/ci/venv/bin/scan".into(),
            interpreter: "/home/ci/venv/bin/python3".into(),
            on_machine: true,
        }),
        clock_reads: Some(7),
        next: vec!["add `--clock real`".into()],
    }
}

/// The rich run with a recording for each canary, and the nightly gate's word on it.
pub(crate) fn judged() -> RunResult {
    let mut run = run();
    for replay in run.replays.iter_mut().filter(|replay| replay.kind == SubjectKind::Canary) {
        let manifest = Digest::of(replay.id.as_bytes());
        replay.recording = Some(Recording { scan_id: format!("scan of {}", replay.id), manifest });
    }
    judge(&mut run);
    run
}

/// Adds what the gates say, with the labels of the replays in it: the release gate, and the window of the run itself.
fn judge(run: &mut RunResult) {
    run.candidate = Candidate::Built(Named { kind: CandidateKind::Scanner, name: "scan".into() });
    for replay in &mut run.replays {
        replay.candidate = replay.mode == Mode::Regression;
    }
    let mut history = History::default();
    // An id of a hostile run may stand twice: then there is no history.
    let known = history.add_run(run).is_ok().then_some(&history);
    let rules = Rules { min_manifests_in_bucket: 1, ..Rules::default() };
    run.gate = Some(gate::judge(Case::Release(run, known), run.finished_at, &rules, Strictness::default()));
}

/// Texts that try to break out of whatever holds them.
pub(crate) fn nasty() -> impl Strategy<Value = String> {
    let fragment = prop::sample::select(vec![
        "]]>",
        "<testcase name=\"forged\"/>",
        "</testsuite>",
        "<![CDATA[",
        "&amp;",
        "\"'",
        "\u{1b}[31m",
        "\0",
        "\u{ffff}",
        "\u{fffe}",
        "@user",
        "@org/team",
        " | ",
        "\\|",
        "\\",
        "`",
        "```",
        "~~~",
        "<!-- marker -->",
        "::error::x",
        "##vso[x]",
        "##[error]",
        "\u{202e}",
        "\u{200b}",
        "\r\n",
        "\n\n",
        "\n# ",
        "https://evil.example/",
        "www.evil.example",
        "#123",
        "GH-1",
        "owner/repo#1",
        "<script>",
        "![i](u)",
        "[a](b)",
        "$x$",
        ":tada:",
        "a@b.c",
        "é漢🦀",
        "- ",
        "\t",
    ]);
    let piece = prop_oneof![3 => fragment.prop_map(str::to_owned), 1 => any::<String>()];
    prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

/// The rich run with every text replaced by a hostile one; only the uniqueness of ids is kept.
pub(crate) fn hostile() -> impl Strategy<Value = RunResult> {
    prop::collection::vec(nasty(), 1..40).prop_map(of_texts)
}

/// The rich run of which every text is one of `texts`, in turn.
pub(crate) fn of_texts(texts: Vec<String>) -> RunResult {
    let mut texts = texts.into_iter().cycle();
    let mut next = move || texts.next().unwrap_or_default();
    let run = run();
    let warnings = vec![next(), next()];
    let replays = run.replays.into_iter().enumerate().map(|(i, replay)| poison(i, replay, &mut next)).collect();
    let mut run = RunResult::new(next(), run.started_at, run.finished_at, replays, warnings);
    run.candidate = Candidate::Built(Named { kind: CandidateKind::Feed, name: next() });
    run.commit = Some(next());
    run.base = Some(held_against(&mut next));
    run.without_base = Some(WithoutBase {
        trusted: Some(Trusted { commit: next(), how: next() }),
        counted_in_head: 1,
        waiting_in_head: 2,
        notes: vec![next()],
    });
    run.covered = vec![CoveredDifference { key: change_key(&mut next), cover: Cover::Expired(approval(&mut next)) }];
    for covered in &mut run.covered {
        covered.key.of = Changed::Difference { id: next(), artifact: next() };
        covered.cover = Cover::Approved(Approval { key: covered.key.clone(), ..approval(&mut next) });
    }
    run
}

/// A base of which every text is foreign.
fn held_against(next: &mut impl FnMut() -> String) -> Base {
    let change = |effect, next: &mut dyn FnMut() -> String| {
        let mut next = next;
        let key = change_key(&mut next);
        let approval = Approval { key: key.clone(), ..approval(&mut next) };
        let cover = match effect {
            Effect::Loosening => Cover::TakenBack(approval, next()),
            Effect::Tightening => Cover::Unread(approval, Unread { why: next(), mend: next() }),
            Effect::Neutral | Effect::Refresh => Cover::Expired(approval),
        };
        base::Change { effect, detail: next(), reverts_to: Some(next()), cover, key }
    };
    Base {
        rules: RulesOf::Base { commit: next(), changed_from: next(), how: next() },
        config: Some(next()),
        subject_dropped: true,
        counted_in_head: 1,
        waiting_in_head: 2,
        changes: Effect::ALL.iter().map(|effect| change(*effect, next)).collect(),
        notes: vec![next()],
    }
}

fn change_key(next: &mut impl FnMut() -> String) -> ChangeKey {
    let of = Changed::Recording { id: next(), part: next() };
    ChangeKey { of, old: None, new: Some(Digest::of(b"new")) }
}

fn approval(next: &mut impl FnMut() -> String) -> Approval {
    let key = change_key(next);
    Approval { key, reason: next(), by: next(), until: jiff::civil::date(2026, 1, 1), after: None }
}

/// The same with a gate, whose reasons quote ids and labels.
pub(crate) fn hostile_and_judged() -> impl Strategy<Value = RunResult> {
    // Half of them as a pull request, whose report ends with a command.
    hostile().prop_map(|run| if run.stella_version.len() % 2 == 0 { as_pull_request(run) } else { as_release(run) })
}

/// `run` with what the gate of a release says of it.
pub(crate) fn as_release(mut run: RunResult) -> RunResult {
    judge(&mut run);
    run
}

/// `run` with what the gate of a pull request says of it.
pub(crate) fn as_pull_request(mut run: RunResult) -> RunResult {
    judge(&mut run);
    run.gate = Some(gate::judge(Case::Pr(&run), run.finished_at, &Rules::default(), Strictness::default()));
    run
}

fn poison(i: usize, mut replay: ReplayResult, next: &mut impl FnMut() -> String) -> ReplayResult {
    replay.id = format!("{}{i}", next());
    replay.title = next();
    replay.reproduce = next();
    replay.recording = Some(Recording { scan_id: next(), manifest: Digest::of(b"manifest") })
        .filter(|_| replay.kind == SubjectKind::Canary);
    replay.notes = vec![next(), next()];
    replay.candidate = replay.mode == Mode::Regression;
    if replay.candidate && !matches!(replay.outcome, Outcome::Match { .. }) {
        replay.before = Some(BeforeChange::NotKnown { why: replay.title.clone() });
    }
    replay.labels = BTreeMap::from([(next(), next())]);
    replay.source = replay.source.map(|source| SourceLocation { file: next(), ..source });
    match &mut replay.outcome {
        Outcome::Match { .. } | Outcome::Drift { .. } => {}
        Outcome::Flaky { detail } | Outcome::Unhealthy { detail } | Outcome::Infra { detail } => *detail = next(),
        Outcome::Unreplayable { missing } => *missing = vec![next(), next()],
    }
    replay.showing = Some(showing()).map(|mut of| {
        of.said = vec![next(), next()];
        (of.refused, of.next) = (vec![next()], vec![next().into()]);
        of.absent.iter_mut().for_each(|path| path.path = next());
        of.no_interpreter = of.no_interpreter.map(|of| NoInterpreter { program: next(), interpreter: next(), ..of });
        of
    });
    if let Some(env) = &mut replay.executor {
        (env.lost, env.denied) = (vec![next()], vec![next(), next()]);
        (env.arch, env.os, env.tz, env.locale) = (next(), next(), next(), next());
    }
    replay.explanation = Some(explanation()).map(|mut of| {
        (of.summary, of.not_excluded) = (next(), vec![next()]);
        of.cells.iter_mut().for_each(|cell| cell.failed = Some(next()));
        of.changes.iter_mut().for_each(|change| (change.kind, change.what, change.by) = (next(), next(), next()));
        of
    });
    for artifact in &mut replay.artifacts {
        artifact.name = next();
        artifact.masked = BTreeMap::from([(next(), 7)]);
    }
    for flip in &mut replay.diff.findings.shown {
        (flip.cve_id, flip.affected_purl, flip.why) = (next(), next(), next());
        for change in &mut flip.changes {
            *change = FieldChange { field: next(), before: Some(next()), after: Some(next()) };
        }
    }
    for package in &mut replay.diff.packages.shown {
        (package.name, package.before, package.after) = (next(), vec![next()], vec![next(), next()]);
    }
    for vex in &mut replay.diff.vex.shown {
        *vex = VexChange { vulnerability: next(), product: next(), before: None, after: Some(next()) };
    }
    if let Some(decision) = &mut replay.diff.decision {
        *decision = DecisionChange {
            before: Some(next()),
            after: None,
            reasons_added: vec![next(), next()],
            reasons_removed: vec![next()],
        };
    }
    for artifact in &mut replay.diff.artifacts {
        (artifact.name, artifact.first_difference) = (next(), Some(next()));
        artifact.differences.shown = vec![PlaceChange { place: next(), before: Some(next()), after: None }];
    }
    replay
}
