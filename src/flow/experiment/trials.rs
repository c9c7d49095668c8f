//! The replays of one experiment: cells as the plan asks for them, and perturbations for what no swap explains.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use crate::artifacts::comparison::Rules;
use crate::artifacts::observe::observe;
use crate::attribute::budget::Budget;
use crate::attribute::judge::KeyVerdict;
use crate::attribute::noise;
use crate::attribute::observation::Value;
use crate::attribute::trial_run::TrialRun;
use crate::attribute::{Attribution, Cell, Key, Next, Observation, Plan, TrialOutcome, Trials};
use crate::flow::experiment::perturbation;
use crate::flow::experiment::trial_cache::{self, Reading};
use crate::flow::replay::replay_job::PreparedReplay;
use crate::flow::replay::swap_request;
use crate::job::scan_spec::ScanSpec;
use crate::model::cause::{Factor, SubTag};
use crate::model::digest::Digest;
use crate::model::experiment::explanation::CellRuns;
use crate::sandbox::validated::CpuCount;
use crate::workspace::context::Context;

/// Runs that must all be the same before a scan is called steady on one processor.
const STEADY: usize = 32;

/// How many runs show another value than the most common one, and of how many.
fn odd(runs: &[&TrialOutcome], key: &Key) -> (usize, usize) {
    let mut counts = BTreeMap::<Value, usize>::new();
    for run in runs {
        *counts.entry(run.value(key)).or_default() += 1;
    }
    (runs.len() - counts.values().max().copied().unwrap_or(0), runs.len())
}

/// One experiment.
pub(super) struct Experiment<'a> {
    replay: &'a PreparedReplay,
    recorded: ScanSpec,
    context: &'a Context,
    factors: Vec<Factor>,
}

impl<'a> Experiment<'a> {
    /// What differs between the recorded job and the one of `replay`.
    pub(super) fn new(replay: &'a PreparedReplay, recorded: ScanSpec, context: &'a Context) -> Self {
        let factors = swap_request::factors(&recorded, &replay.job);
        Self { replay, recorded, context, factors }
    }

    /// Runs what the plan asks for: what it concludes, every run, and what the sandbox denied in them.
    pub(super) fn run(&self, budget: &Budget) -> (Attribution, Trials, BTreeSet<String>) {
        let started = Instant::now();
        let plan = Plan { factors: self.factors.clone(), golden: self.golden(), max_replays: budget.max_replays };
        let (mut trials, mut denied) = (Trials::default(), BTreeSet::new());
        loop {
            let cell = match plan.next(&trials) {
                Next::Done(attribution) => return (attribution, trials, denied),
                Next::Run(cell) => cell,
            };
            if budget.max_time.is_some_and(|most| started.elapsed() >= most) {
                let attribution = Attribution { partial: true, ..plan.conclude(&trials) };
                return (attribution, trials, denied);
            }
            let ran = self.one(cell, trials.of(cell).len());
            denied.extend(ran.denied.iter().cloned());
            trials.add(cell, ran.shown.clone());
        }
    }

    /// What the changes that no swap explains answer to, where it is one thing alone: the scan is perturbed, and the change
    /// follows. How many replays that took.
    pub(super) fn sensitivities(
        &self,
        of: &Attribution,
        trials: &Trials,
        lost: &[String],
    ) -> (BTreeMap<Key, Factor>, usize) {
        let with =
            |wanted: KeyVerdict| of.explained.iter().filter(move |one| one.verdict == wanted).map(|one| &one.key);
        let elsewhere: Vec<&Key> = with(KeyVerdict::Elsewhere).collect();
        let flaky: Vec<&Key> = with(KeyVerdict::Flaky).collect();
        let (mut found, mut replays) = (BTreeMap::<Key, BTreeSet<SubTag>>::new(), 0);
        if of.partial {
            return (BTreeMap::new(), 0);
        }
        let ways =
            perturbation::ALL.iter().filter_map(|way| Some((way.tells?, way.perturb(&self.recorded, lost).ok()?)));
        let recorded = trials.of(Cell::RECORDED);
        for (tag, job) in ways {
            let mut run = |nth: usize| {
                replays += 1;
                trial_cache::run(&job, nth, Reading::of(self.replay), self.context)
            };
            if !elsewhere.is_empty() {
                let (first, second) = (run(0), run(1));
                for key in &elsewhere {
                    let value = first.shown.value(key);
                    let follows =
                        value == second.shown.value(key) && recorded.iter().all(|run| run.value(key) != value);
                    if follows && value != Value::Failed {
                        found.entry((*key).clone()).or_default().insert(tag);
                    }
                }
            }
            if tag == SubTag::CpuCount && job.settings.cpu_count == Some(CpuCount::nearest(1)) && !flaky.is_empty() {
                // Alone on one processor, is it steady where it was not?
                let alone: Vec<_> = (0..STEADY).map(&mut run).collect();
                let alone: Vec<&TrialOutcome> = alone.iter().map(|ran| &ran.shown).collect();
                let before: Vec<&TrialOutcome> = trials.of(Cell::now(self.factors.len())).iter().collect();
                for key in &flaky {
                    let arms = [odd(&before, key), odd(&alone, key)];
                    if arms[1].0 == 0 && noise::fisher(arms[0], arms[1]) <= noise::ALPHA {
                        found.entry((*key).clone()).or_default().insert(SubTag::Concurrency);
                    }
                }
            }
        }
        let one = |(key, tags): (Key, BTreeSet<SubTag>)| match tags.first() {
            Some(tag) if tags.len() == 1 => Some((key, Factor::of_environment(*tag))),
            _ => None,
        };
        (found.into_iter().filter_map(one).collect(), replays)
    }

    fn one(&self, cell: Cell, nth: usize) -> Arc<TrialRun> {
        trial_cache::run(&self.job(cell), nth, Reading::of(self.replay), self.context)
    }

    fn job(&self, cell: Cell) -> ScanSpec {
        swap_request::mix(&self.recorded, &self.replay.job, &self.factors, cell)
    }

    /// The digest of all inputs of a cell.
    pub(super) fn digest(&self, cell: Cell) -> Digest {
        trial_cache::digest(&self.job(cell)).unwrap_or_else(|error| Digest::of(error.to_string().as_bytes()))
    }

    /// What was recorded; `None` where it cannot be read.
    fn golden(&self) -> Option<Observation> {
        let expected = &self.replay.expected;
        let rules = Rules {
            config: &self.context.config,
            scope: expected.scope,
            policy: &self.context.default_policy.policy,
            now: self.recorded.clock,
            expected_roots: &expected.roots,
            actual_roots: &expected.roots,
            across_builds: self.replay.across_builds,
        };
        observe(&expected.artifacts, &expected.artifacts, &rules).ok()
    }

    /// Every cell that was run, those with the fewest swaps first.
    pub(super) fn cells(&self, trials: &Trials) -> Vec<CellRuns> {
        let golden = self.golden().unwrap_or_default();
        let changed = |observation: &Observation| {
            let keys: BTreeSet<&Key> = observation.keys().chain(golden.keys()).collect();
            keys.into_iter().filter(|key| observation.get(key) != golden.get(key)).count() as u64
        };
        let one = |(cell, runs): (Cell, &[TrialOutcome])| {
            let mut results: Vec<&TrialOutcome> = Vec::new();
            for run in runs {
                if !results.contains(&run) {
                    results.push(run);
                }
            }
            let failed = runs.iter().find_map(|run| match run {
                TrialOutcome::Failed(why) => Some(why.clone()),
                TrialOutcome::Observed(_) => None,
            });
            let first = runs.iter().find_map(|run| match run {
                TrialOutcome::Observed(observation) => Some(changed(observation)),
                TrialOutcome::Failed(_) => None,
            });
            CellRuns {
                from_now: cell.iter().filter_map(|at| self.factors.get(at).copied()).collect(),
                inputs: self.digest(cell),
                runs: runs.len() as u64,
                results: results.len() as u64,
                changed: first.unwrap_or(0),
                failed,
            }
        };
        let mut cells: Vec<CellRuns> = trials.iter().map(one).collect();
        cells.sort_by_key(|cell| cell.from_now.len());
        cells
    }
}
