//! Scores and gates against cases worked by hand: `tests/data/score`, one file each, with the working in comments.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::model::candidate::{Candidate, CandidateKind, Named};
use crate::model::cause::{Cause, MismatchReason};
use crate::model::comparison::fidelity::{Fidelity, Level};
use crate::model::comparison::movement::Movement;
use crate::model::gate_result::{Gate, ReasonCode, Strictness};
use crate::model::outcome::Outcome;
use crate::model::rate::Sample;
use crate::model::replay_record::ReplayRecord;
use crate::model::result::{ReplayResult, RunResult};
use crate::model::shard::{Part, Shard};
use crate::model::statistics::wilson::Interval;
use crate::score::arbitrary::{now, record, replay};
use crate::score::gate::{Case, base, judge};
use crate::score::history::History;
use crate::score::rules::{By, Expect, Rules};
use crate::score::windowed::Windowed;
use crate::wire::v1::{gate, words};

/// Replays that are alike.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    count: u64,
    outcome: String,
    /// Hours before now; or the instant itself.
    #[serde(default = "one_hour")]
    hours_ago: i64,
    at: Option<Timestamp>,
    /// The first manifest; each replay has the next. Default: one that no group before it has.
    from: Option<u64>,
    /// Every replay is of the first manifest.
    #[serde(default)]
    one_manifest: bool,
    #[serde(default = "canary")]
    kind: words::SubjectKind,
    #[serde(default = "fidelity")]
    mode: words::Mode,
    /// Whether the candidate ran. Default: in replays that ask whether it broke something.
    candidate: Option<bool>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    /// Of a difference: findings that came, and findings that went.
    moved: Option<[u64; 2]>,
    /// Of a difference: does the meaning hold.
    #[serde(default)]
    same_meaning: bool,
    /// Of a difference: does the decision hold. `unknown`: the format's meaning is not known.
    #[serde(default = "same")]
    policy: String,
}

fn one_hour() -> i64 {
    1
}
fn canary() -> words::SubjectKind {
    words::SubjectKind::Canary
}
fn built() -> String {
    "built".into()
}
fn fidelity() -> words::Mode {
    words::Mode::Fidelity
}
fn same() -> String {
    "same".into()
}

fn records(groups: &[Group]) -> Vec<ReplayRecord> {
    let (mut all, mut next) = (Vec::new(), 0);
    for group in groups {
        let first = group.from.unwrap_or(next);
        for i in 0..group.count {
            let manifest = if group.one_manifest { first } else { first + i };
            next = next.max(manifest + 1);
            let outcome = outcome(&group.outcome);
            let bitwise = matches!(outcome, Outcome::Match { .. });
            let fidelity = outcome.is_comparison().then(|| match group.policy.as_str() {
                "same" => Fidelity::new(bitwise, Some(bitwise || group.same_meaning), Some(true)).unwrap(),
                "differs" => Fidelity::new(bitwise, Some(false), Some(false)).unwrap(),
                "unknown" => Fidelity::new(bitwise, None, None).unwrap(),
                other => panic!("`{other}` is not a state of a policy"),
            });
            let made = ReplayRecord {
                at: group.at.unwrap_or_else(|| now() - SignedDuration::from_hours(group.hours_ago)),
                kind: group.kind.into(),
                mode: group.mode.into(),
                outcome,
                fidelity,
                labels: group.labels.clone(),
                ..record(all.len() as u64, manifest)
            };
            all.push(made);
        }
    }
    all
}

fn outcome(code: &str) -> Outcome {
    let outcome = match code {
        "match" => Outcome::Match { lucky: false },
        "lucky" => Outcome::Match { lucky: true },
        "drift" => Outcome::Drift { causes: vec![Cause::floor(MismatchReason::FeedDrift, None)] },
        "flaky" => Outcome::Flaky { detail: String::new() },
        "unhealthy" => Outcome::Unhealthy { detail: String::new() },
        "unreplayable" => Outcome::Unreplayable { missing: vec![] },
        "infra" => Outcome::Infra { detail: String::new() },
        other => panic!("`{other}` is not an outcome"),
    };
    assert!(code == "lucky" || outcome.code() == code);
    outcome
}

fn history(groups: &[Group]) -> History {
    let mut history = History::default();
    records(groups).into_iter().for_each(|record| history.add(record).unwrap());
    history
}

fn run(groups: &[Group], candidate: &str, partial: bool) -> RunResult {
    let ran = groups.iter().flat_map(|group| (0..group.count).map(|_| (group.candidate, group.moved)));
    let replays = records(groups).into_iter().zip(ran).enumerate().map(|(i, (record, ran))| {
        let id = format!("{}-{i}", record.id);
        let replay = replay(ReplayRecord { id, ..record });
        let (ran, moved) = ran;
        let movement = moved.map(|[appeared, disappeared]| Movement { appeared, disappeared, ..Movement::default() });
        ReplayResult { candidate: ran.unwrap_or(replay.candidate), movement, ..replay }
    });
    let mut run = RunResult::new("0.1.0".into(), now(), now(), replays.collect(), vec![]);
    run.candidate = match candidate {
        "built" => Candidate::Built(Named { kind: CandidateKind::Scanner, name: "scan".into() }),
        "feed" => Candidate::Built(Named { kind: CandidateKind::Feed, name: "feed".into() }),
        "none" => Candidate::None,
        "dropped" => Candidate::Dropped,
        "left-out" => Candidate::LeftOut,
        "unknown" => Candidate::Unknown,
        other => panic!("`{other}` is not a state of a candidate"),
    };
    run.part = if partial { Part::Selected } else { Part::Whole };
    run
}

/// Every file of a folder, by its name.
fn cases<T: DeserializeOwned>(folder: &str) -> Vec<(String, T)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/score").join(folder);
    let mut cases: Vec<(String, T)> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            let case = serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            (name, case)
        })
        .collect();
    cases.sort_by(|a, b| a.0.cmp(&b.0));
    cases
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScoreCase {
    replays: Vec<Group>,
    #[serde(default = "thirty")]
    days: u16,
    #[serde(default = "fidelity")]
    mode: words::Mode,
    expect: BTreeMap<String, Expected>,
    /// Every bucket that there is.
    #[serde(default)]
    buckets: BTreeSet<String>,
}

fn thirty() -> u16 {
    30
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    bf: (u64, u64),
    sf: Option<(u64, u64)>,
    pf: Option<(u64, u64)>,
    manifests: u64,
    /// Of bitwise fidelity, to four decimals.
    interval: Option<(f64, f64)>,
    /// Unhealthy, unreplayable, infra.
    beside: Option<(u64, u64, u64)>,
    week_before: Option<(u64, u64)>,
    last_week: Option<(u64, u64)>,
}

#[test]
fn scores_are_those_worked_by_hand() {
    let cases = cases::<ScoreCase>("scores");
    assert!(cases.len() >= 5);
    for (name, case) in cases {
        let score = Windowed::of(&history(&case.replays), case.mode.into(), now(), case.days, &By::Every);
        let named: BTreeMap<String, _> =
            score.buckets.iter().map(|(b, score)| (format!("{}={}", b.label, b.value), *score)).collect();
        assert_eq!(named.keys().cloned().collect::<BTreeSet<_>>(), case.buckets, "{name}");
        for (what, expected) in &case.expect {
            let found = if what == "all" { score.overall } else { named[what] };
            let place = format!("{name}: {what}");
            let counts = |sample: &Sample, level| sample.tally.counts(level);
            let window = &found.window;
            assert_eq!(counts(window, Level::Bitwise), expected.bf, "{place}: bf");
            assert_eq!(window.manifests, expected.manifests, "{place}: manifests");
            for (level, wanted) in [(Level::Semantic, expected.sf), (Level::Policy, expected.pf)] {
                assert_eq!(counts(window, level), wanted.unwrap_or(counts(window, level)), "{place}: {level}");
            }
            let tally = &window.tally;
            let beside = (tally.unhealthy, tally.unreplayable, tally.infra);
            assert_eq!(beside, expected.beside.unwrap_or_default(), "{place}: beside");
            if let Some((low, high)) = expected.interval {
                let found = Interval::wilson(expected.bf).unwrap();
                let near = (found.low - low).abs() < 5e-5 && (found.high - high).abs() < 5e-5;
                assert!(near, "{place}: {found:?} is not {low} to {high}");
            }
            for (found, wanted) in [(&found.weeks.before, expected.week_before), (&found.weeks.now, expected.last_week)]
            {
                let found = counts(found, Level::Bitwise);
                assert_eq!(found, wanted.unwrap_or(found), "{place}: weeks");
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GateCase {
    gate: gate::Gate,
    #[serde(default)]
    strict: bool,
    #[serde(default)]
    fail_on_warn: bool,
    history: Option<Vec<Group>>,
    #[serde(default)]
    torn: u64,
    run: Option<Vec<Group>>,
    /// What is known of the candidate.
    #[serde(default = "built")]
    candidate: String,
    #[serde(default)]
    partial: bool,
    /// `gates.pr.level` and `gates.release.level`.
    level: Option<words::Level>,
    /// `gates.pr.expect: nothing_lost`
    nothing_lost: Option<bool>,
    verdict: String,
    exit: u8,
    /// Codes, heaviest first, each once.
    reasons: Vec<gate::ReasonCode>,
}

#[test]
fn gates_say_what_their_table_says() {
    let mut seen = BTreeSet::new();
    for (name, case) in cases::<GateCase>("gates") {
        let mut known = case.history.as_deref().map(history);
        if let Some(history) = &mut known {
            history.note_torn(case.torn);
        }
        let run = case.run.as_deref().map(|groups| run(groups, &case.candidate, case.partial));
        let asked = match (case.gate.into(), &run, &known) {
            (Gate::Pr, Some(run), _) => Case::Pr(run),
            (Gate::Nightly, run, Some(history)) => Case::Nightly(history, run.as_ref()),
            (Gate::Release, Some(run), history) => Case::Release(run, history.as_ref()),
            _ => panic!("{name}: the gate lacks what it judges"),
        };
        let strictness = Strictness { strict: case.strict, fail_on_warn: case.fail_on_warn };
        let level = case.level.map_or(Level::Bitwise, Level::from);
        let pr_expect = case.nothing_lost.map(|gains| if gains { Expect::NothingLost } else { Expect::Exact });
        let rules = Rules { pr_level: level, release_level: level, pr_expect, ..Rules::default() };
        let gate_result = judge(asked, now(), &rules, strictness);
        let mut codes: Vec<ReasonCode> = gate_result.reasons().iter().map(|reason| reason.code).collect();
        codes.dedup();
        let reasons: Vec<ReasonCode> = case.reasons.into_iter().map(ReasonCode::from).collect();
        assert_eq!(codes, reasons, "{name}");
        assert_eq!(gate_result.verdict().code(), case.verdict, "{name}");
        assert_eq!(gate_result.exit().code(), case.exit, "{name}");
        seen.extend(codes);
    }
    // What a base gives, and what is approved, has tables of its own.
    seen.extend(base::tests::tried());
    seen.insert(ReasonCode::ApprovedDifference);
    seen.extend(shards());
    let untried: Vec<&str> = ReasonCode::ALL.iter().filter(|code| !seen.contains(code)).map(|c| c.code()).collect();
    assert!(untried.is_empty(), "no case has the reason {untried:?}");
}

/// Shards, by a table of their own: what each gate says of one, and of all but one.
fn shards() -> BTreeSet<ReasonCode> {
    use ReasonCode::{MissingShard, NoCandidate, NoHistory, OneShard, PartialRun, UnapprovedDrift};
    let shard = |index| Shard::new(index, 2).unwrap();
    let of = |id: &str, drift: bool| {
        let mut run = crate::report::fixture::run();
        run.replays.retain(|replay| match replay.outcome {
            Outcome::Match { .. } => !drift,
            Outcome::Drift { .. } => drift,
            _ => false,
        });
        run.replays.truncate(1);
        run.replays[0].id = id.to_owned();
        let run = RunResult::new("0.1.0".into(), now(), now(), run.replays, vec![]);
        RunResult { candidate: Candidate::None, ..run }
    };
    let (good, bad) = (of("a", false), of("b", true));
    let lacks = RunResult { part: Part::Incomplete(vec![shard(2)]), ..good.clone() };
    let one = |gate, run| Case::OneShard(gate, shard(1), run);
    let table: Vec<(Case<'_>, &[ReasonCode], u8)> = vec![
        // Nothing is wrong in it, and still it is not green.
        (one(Gate::Pr, &good), &[OneShard], 0),
        (one(Gate::Pr, &bad), &[UnapprovedDrift, OneShard], 1),
        (one(Gate::Release, &good), &[OneShard], 0),
        (one(Gate::Nightly, &bad), &[OneShard], 0),
        // A gate that is shown less than the whole has no answer.
        (Case::Pr(&lacks), &[MissingShard, NoCandidate], 3),
    ];
    let mut seen = BTreeSet::new();
    for (case, codes, exit) in table {
        let told = format!("{case:?}");
        let gate_result = judge(case, now(), &Rules::default(), Strictness::default());
        let found: Vec<ReasonCode> = gate_result.reasons().iter().map(|reason| reason.code).collect();
        assert_eq!(found, codes, "{told}");
        assert_eq!(gate_result.exit().code(), exit, "{told}");
        assert_ne!(gate_result.verdict().code(), "green", "{told}");
        seen.extend(found);
    }
    let part = RunResult { part: Part::Selected, ..good };
    let released = judge(Case::Release(&part, None), now(), &Rules::default(), Strictness::default());
    let codes: Vec<ReasonCode> = released.reasons().iter().map(|reason| reason.code).collect();
    assert!(codes.contains(&PartialRun) && codes.contains(&NoHistory), "{codes:?}");
    seen
}
