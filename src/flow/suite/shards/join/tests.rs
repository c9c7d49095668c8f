use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::model::change::approval::{Approval, Cover};
use crate::model::change::base::CoveredDifference;
use crate::model::digest::Digest;
use crate::model::exit::Exit;
use crate::model::gate_result::{Gate, Strictness};
use crate::report::{fixture, junit, markdown};
use crate::score::gate::request::GateRequest;
use crate::score::rules::Rules;

fn judged_by(suite: &Suite) -> JudgedBy {
    JudgedBy {
        head: Some("c0ffee".into()),
        configuration: Digest::of(b"configuration"),
        base: None,
        suite: suite.digest(),
        timings: None,
        options: "--gate pr".into(),
    }
}

/// A run, and what it takes to split it.
struct Scene {
    whole: RunResult,
    suite: Suite,
    durations: BTreeMap<String, u64>,
}

impl Scene {
    fn of(mut whole: RunResult) -> Self {
        // Ids are unique in a suite, whatever is replayed.
        for (i, replay) in whole.replays.iter_mut().enumerate() {
            replay.id = format!("{}-{i}", replay.id);
        }
        let RunResult { stella_version, started_at, finished_at, replays, .. } = whole.clone();
        let candidate = whole.candidate.clone();
        let whole = RunResult { candidate, ..RunResult::new(stella_version, started_at, finished_at, replays, vec![]) };
        let suite = Suite::of_ids(whole.replays.iter().map(|replay| replay.id.as_str()));
        let durations = whole.replays.iter().map(|replay| (replay.id.clone(), replay.duration_ms)).collect();
        Self { whole, suite, durations }
    }

    fn plan(&self) -> Plan<'_> {
        Plan {
            suite: &self.suite,
            durations: &self.durations,
            judged_by: judged_by(&self.suite),
            version: &self.whole.stella_version,
            ci_run: None,
        }
    }

    /// What each of `count` shards writes.
    fn shards(&self, count: u32, attempt: u64) -> Vec<Given> {
        let parts = self.suite.split(&self.durations, count);
        let given = Shard::all(count).zip(parts).map(|(shard, ids)| {
            let replays = self.whole.replays.iter().filter(|replay| ids.contains(&replay.id)).cloned().collect();
            let RunResult { stella_version, started_at, finished_at, candidate, .. } = self.whole.clone();
            let mut run = RunResult::new(stella_version, started_at, finished_at, replays, vec![]);
            run.candidate = candidate;
            let ci_run = Some(CiRun { id: "7".into(), attempt });
            run.part = Part::Shard(Box::new(ShardRun { shard, judged_by: judged_by(&self.suite), ci_run }));
            Given { name: format!("{}.json", shard.index()), run, report: None }
        });
        given.collect()
    }

    fn titles(&self) -> Vec<Title> {
        let title = |replay: &ReplayResult| Title {
            id: replay.id.clone(),
            title: replay.title.clone(),
            kind: replay.kind,
            mode: replay.mode,
            candidate: replay.candidate,
            recording: replay.recording.clone(),
            labels: replay.labels.clone(),
            source: replay.source.clone(),
            reproduce: replay.reproduce.clone(),
        };
        self.whole.replays.iter().map(title).collect()
    }

    fn join(&self, given: Vec<Given>) -> Result<RunResult, JoinError> {
        join(&self.plan(), given, |_| Some(self.titles())).map(|(run, _)| run)
    }
}

/// What each gate says of a run, and what is shown of it.
fn shown(mut run: RunResult, covered: &[CoveredDifference]) -> Vec<String> {
    run.covered = covered.to_vec();
    let mut all = Vec::new();
    for gate in [Gate::Pr, Gate::Release] {
        let request = GateRequest { gate, rules: Rules::default(), strictness: Strictness::default(), history: None };
        let judged = RunResult { gate: Some(request.judge(Some(&run), Timestamp::UNIX_EPOCH).unwrap()), ..run.clone() };
        all.push(format!("{:?}", judged.exit()));
        all.push(crate::wire::v1::result::write(&judged).unwrap());
        all.push(markdown::render(&judged, markdown::DEFAULT_BUDGET));
        all.push(String::from_utf8(junit::render(&judged).unwrap()).unwrap());
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the suite, the outcomes and the number of shards, and in whatever order their results come.
    #[test]
    fn any_split_of_a_suite_merged_is_the_whole_run(
        run in fixture::hostile(), count in 1u32..9, approve in any::<bool>(), turn in 0usize..9,
    ) {
        let scene = Scene::of(run);
        let mut given = scene.shards(count, 1);
        given.rotate_left(turn % count as usize);
        let merged = scene.join(given).unwrap();
        prop_assert_eq!(&merged, &scene.whole);
        let approval = |key: crate::model::change::approval::ChangeKey| {
            let of = Approval {
                key: key.clone(), reason: "r".into(), by: "b".into(), until: jiff::civil::date(2026, 1, 1), after: None,
            };
            CoveredDifference { key, cover: Cover::Approved(of) }
        };
        let covered: Vec<_> = scene.whole.differences().into_iter().filter(|_| approve).map(approval).collect();
        prop_assert_eq!(shown(merged, &covered), shown(scene.whole, &covered));
    }

    /// Take any of them away, and it is not green, with a gate or without.
    #[test]
    fn a_missing_shard_is_never_a_pass(run in fixture::hostile(), count in 2u32..9, which in 0usize..9) {
        let scene = Scene::of(run);
        let mut given = scene.shards(count, 1);
        let lost = given.remove(which % count as usize);
        let merged = scene.join(given).unwrap();
        prop_assert_ne!(merged.exit(), Exit::Passed);
        prop_assert_eq!(merged.replays.len(), scene.whole.replays.len());
        for replay in &lost.run.replays {
            let found = merged.replays.iter().find(|other| other.id == replay.id).unwrap();
            prop_assert_eq!(found.outcome.code(), "unreplayable");
        }
        for gate in [Gate::Pr, Gate::Release] {
            let request =
                GateRequest { gate, rules: Rules::default(), strictness: Strictness::default(), history: None };
            let judged = request.judge(Some(&merged), Timestamp::UNIX_EPOCH).unwrap();
            prop_assert_ne!(judged.exit(), Exit::Passed);
        }
    }
}

fn scene() -> Scene {
    Scene::of(fixture::run())
}

#[test]
fn a_shard_by_itself_never_says_that_it_passed() {
    let scene = scene();
    for mut given in scene.shards(3, 1) {
        given.run.replays.retain(|replay| matches!(replay.outcome, Outcome::Match { .. }));
        let request =
            GateRequest { gate: Gate::Pr, rules: Rules::default(), strictness: Strictness::default(), history: None };
        // As `stella ci --shard` judges it, and as `stella gate` does whom somebody gives one shard.
        let of_one = request.judge_shard(&given.run, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!((of_one.verdict().code(), of_one.exit()), ("insufficient", Exit::Passed));
        let as_whole = request.judge(Some(&given.run), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(as_whole.exit(), Exit::Inconclusive);
        given.run.gate = Some(of_one);
        let page = markdown::render(&given.run, markdown::DEFAULT_BUDGET);
        assert!(!page.contains("passed") && !page.contains("green"), "{page}");
        assert!(page.contains("nothing wrong in it") && page.contains("when they are merged"), "{page}");
        let junit = String::from_utf8(junit::render(&given.run).unwrap()).unwrap();
        assert!(!junit.contains("stella.gate"), "{junit}");
    }
}

#[test]
fn a_shard_that_was_run_again_takes_the_place_of_its_earlier_attempt() {
    let scene = scene();
    let mut given = scene.shards(3, 1);
    let again = scene.shards(3, 2).swap_remove(1);
    // The first attempt could not run.
    let wrong = given[1].run.clone();
    let failed = wrong.replays.iter().cloned().map(|replay| ReplayResult {
        outcome: Outcome::Infra { detail: "no disk".into() },
        fidelity: None,
        ..replay
    });
    let replays = failed.collect();
    let RunResult { stella_version, started_at, finished_at, candidate, part, .. } = wrong.clone();
    given[1].run =
        RunResult { candidate, part, ..RunResult::new(stella_version, started_at, finished_at, replays, vec![]) };
    let again_first = [vec![again.clone()], given.clone()].concat();
    given.push(again);
    for given in [given, again_first] {
        let merged = scene.join(given).unwrap();
        assert_eq!(merged.warnings, ["shard 2/3 was run again: its attempt 2 counts, and not its attempt 1"]);
        assert_eq!(RunResult { warnings: vec![], ..merged }, scene.whole);
    }
}

#[test]
fn a_result_that_is_given_twice_counts_once() {
    let scene = scene();
    let mut given = scene.shards(2, 1);
    given.push(given[0].clone());
    let merged = scene.join(given).unwrap();
    assert_eq!(merged.warnings, ["the result of shard 1/2 was given more than once, and counts once"]);
    assert_eq!(RunResult { warnings: vec![], ..merged }, scene.whole);
}

#[test]
fn what_does_not_belong_together_is_refused_and_named() {
    let scene = scene();
    let refused = |change: &dyn Fn(&mut Vec<Given>)| {
        let mut given = scene.shards(2, 1);
        change(&mut given);
        let error = scene.join(given).unwrap_err();
        assert_eq!(error.kind(), FailureKind::Usage, "{error}");
        error.to_string()
    };
    fn of(given: &mut Given) -> &mut ShardRun {
        match &mut given.run.part {
            Part::Shard(of) => of,
            _ => panic!("not a shard"),
        }
    }
    let other = Digest::of(b"other");
    type Change<'a> = &'a dyn Fn(&mut Vec<Given>);
    let table: [(Change<'_>, &str); 17] = [
        (&|all| of(&mut all[1]).judged_by.head = Some("beef".into()), "its head is beef, and here it is c0ffee"),
        (&|all| of(&mut all[1]).judged_by.configuration = other, "its configuration is"),
        (&|all| of(&mut all[1]).judged_by.base = Some(other), "its base is"),
        (&|all| of(&mut all[1]).judged_by.suite = other, "its suite is"),
        (&|all| of(&mut all[1]).judged_by.timings = Some(other), "its timings is"),
        (&|all| of(&mut all[1]).judged_by.options = String::new(), "its options is none"),
        (&|all| all[1].run.stella_version = "9.9.9".into(), "its version of stella is 9.9.9"),
        (&|all| of(&mut all[1]).ci_run = Some(CiRun { id: "8".into(), attempt: 1 }), "its run is 8, and here it is 7"),
        (&|all| of(&mut all[1]).ci_run = None, "its run is none"),
        (&|all| all.extend(scene.shards(3, 1)), "its number of shards is 3"),
        (&|all| all[1].run.part = Part::Whole, "is not the result of a shard"),
        (&|all| all[1].run.candidate = Candidate::None, "its candidate is"),
        (&|all| drop(all[1].run.replays.pop()), "it lacks"),
        (
            &|all| {
                let foreign = all[0].run.replays[0].clone();
                all[1].run.replays.push(foreign);
            },
            "it has `",
        ),
        (
            &|all| {
                let again = all[1].run.replays[0].clone();
                all[1].run.replays.push(again);
            },
            "it has twice",
        ),
        // What is not of the candidate counts for nothing.
        (&|all| all[1].run.replays[0].candidate ^= true, "it has something else as"),
        (
            &|all| {
                let mut other = all[1].clone();
                other.run.warnings.push("x".into());
                all.push(other);
            },
            "are both of shard 2/2, and differ",
        ),
    ];
    for (change, said) in table {
        let error = refused(change);
        assert!(error.contains(said), "{error} does not say {said}");
    }
    let nothing = scene.join(Vec::new()).unwrap_err();
    assert_eq!(nothing.kind(), FailureKind::Inconclusive);
    let none = join(&scene.plan(), scene.shards(2, 1), |_| None).unwrap_err();
    assert!(none.to_string().contains("what the configuration does not"), "{none}");
}
