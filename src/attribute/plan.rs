//! Which replay to run next, until every change has its verdict or the budget is spent.
//!
//! Order: the controls (everything as it is now, everything as recorded), the single swaps in both directions, then
//! whatever a judgement asks for: members of larger sets, and repetitions until every accusation is sure.

use std::collections::{BTreeMap, BTreeSet};

use crate::attribute::cell::Cell;
use crate::attribute::judge::{CONTROLS, History, Judge, KeyVerdict};
use crate::attribute::noise::Share;
use crate::attribute::observation::{Key, Observation, TrialOutcome, Trials, Value};
use crate::model::cause::Factor;

/// What is to be found out.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What can be swapped, in the order in which the floor rule asks.
    pub factors: Vec<Factor>,
    /// What was recorded; `None` where the recorded artifacts are gone.
    pub golden: Option<Observation>,
    /// How many runs there may be.
    pub max_replays: usize,
}

/// What a plan says.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// Run this cell once more.
    Run(Cell),
    /// Nothing more is needed, or nothing more may be run.
    Done(Attribution),
}

/// What was found out.
#[derive(Debug, Clone, PartialEq)]
pub struct Attribution {
    /// What could be swapped.
    pub factors: Vec<Factor>,
    /// Every key that changed, with its verdict, in order.
    pub explained: Vec<Explained>,
    /// How many runs of the controls differed from the most common result of their side.
    pub noise: Share,
    /// How many replays were run.
    pub replays: usize,
    /// Whether the budget ended before everything was sure.
    pub partial: bool,
}

/// One change.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// What changed.
    pub key: Key,
    /// What made it change.
    pub verdict: KeyVerdict,
}

impl Attribution {
    /// The verdict on one key; `None` where it did not change.
    pub fn verdict(&self, key: &Key) -> Option<&KeyVerdict> {
        self.explained.iter().find(|one| one.key == *key).map(|one| &one.verdict)
    }

    /// Whether anything differed from itself.
    pub fn is_flaky(&self) -> bool {
        self.explained.iter().any(|one| match &one.verdict {
            KeyVerdict::Flaky => true,
            KeyVerdict::Swaps(accusation) => accusation.flickers,
            _ => false,
        })
    }
}

impl Plan {
    /// The next run, or the end.
    pub fn next(&self, trials: &Trials) -> Next {
        let all = Cell::now(self.factors.len());
        if trials.len() >= self.max_replays {
            return Next::Done(self.conclude(trials));
        }
        for control in [all, Cell::RECORDED] {
            if trials.of(control).len() < CONTROLS {
                return Next::Run(control);
            }
        }
        let judge = self.judge(trials, false);
        let classes = self.classes(&judge);
        if let Some(cell) = self.single_swap(trials, &classes) {
            return Next::Run(cell);
        }
        let need = classes.keys().find_map(|(recorded, history)| judge.verdict(*recorded, history).err());
        need.map_or_else(|| Next::Done(self.conclude(trials)), Next::Run)
    }

    /// What the trials tell, without any more of them.
    pub fn conclude(&self, trials: &Trials) -> Attribution {
        let judge = self.judge(trials, false);
        let last = self.judge(trials, true);
        let controls = [Cell::RECORDED, Cell::now(self.factors.len())];
        let mut partial = controls.iter().any(|control| trials.of(*control).len() < CONTROLS);
        let mut explained = Vec::new();
        for ((recorded, history), keys) in self.classes(&judge) {
            partial |= judge.verdict(recorded, &history).is_err();
            let verdict = last.verdict(recorded, &history);
            let verdict = verdict.unwrap_or(KeyVerdict::Open("the budget of replays was spent before"));
            explained.extend(keys.into_iter().map(|key| Explained { key, verdict: verdict.clone() }));
        }
        explained.retain(|one| one.verdict != KeyVerdict::Same);
        explained.sort_by(|a, b| a.key.cmp(&b.key));
        Attribution {
            factors: self.factors.clone(),
            explained,
            noise: self.noise(trials),
            replays: trials.len(),
            partial,
        }
    }

    fn judge<'a>(&'a self, trials: &'a Trials, is_last: bool) -> Judge<'a> {
        Judge { factors: self.factors.len(), golden: self.golden.as_ref(), trials, is_last }
    }

    /// Every key that is not the same everywhere, grouped by what was seen of it.
    fn classes(&self, judge: &Judge<'_>) -> BTreeMap<(Option<Value>, History), Vec<Key>> {
        let observed = judge.trials.iter().flat_map(|(_, runs)| runs);
        let keys = observed.filter_map(|run| match run {
            TrialOutcome::Observed(observation) => Some(observation.keys()),
            TrialOutcome::Failed(_) => None,
        });
        let keys: BTreeSet<&Key> = keys.flatten().chain(self.golden.iter().flat_map(Observation::keys)).collect();
        let mut classes: BTreeMap<_, Vec<Key>> = BTreeMap::new();
        for key in keys {
            let (recorded, history) = (judge.recorded(key), judge.history(key));
            let mut values = recorded.iter().chain(history.values().flatten()).filter(|value| **value != Value::Failed);
            let first = values.next();
            if values.any(|value| Some(value) != first) {
                classes.entry((recorded, history)).or_default().push(key.clone());
            }
        }
        classes
    }

    /// The single swaps in both directions, once something is there that they could explain.
    fn single_swap(&self, trials: &Trials, classes: &BTreeMap<(Option<Value>, History), Vec<Key>>) -> Option<Cell> {
        let all = Cell::now(self.factors.len());
        let is_stable = |runs: &[Value]| runs.iter().all(|run| Some(run) == runs.first() && *run != Value::Failed);
        let differs = classes.keys().any(|(_, history)| {
            let side = |cell: Cell| history.get(&cell).filter(|runs| is_stable(runs)).and_then(|runs| runs.first());
            matches!((side(Cell::RECORDED), side(all)), (Some(before), Some(after)) if before != after)
        });
        let n = self.factors.len();
        let swaps = (0..n).map(Cell::only).chain((0..n).map(|factor| all.without(factor)));
        differs.then(|| swaps.into_iter().find(|cell| trials.of(*cell).is_empty())).flatten()
    }

    fn noise(&self, trials: &Trials) -> Share {
        let controls = BTreeSet::from([Cell::RECORDED, Cell::now(self.factors.len())]);
        let (mut different, mut all) = (0, 0);
        for runs in controls.into_iter().map(|cell| trials.of(cell)) {
            let alike = |run: &TrialOutcome| runs.iter().filter(|other| *other == run).count();
            different += runs.len() - runs.iter().map(alike).max().unwrap_or(0);
            all += runs.len();
        }
        let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Share::wilson(count(different), count(all))
    }
}
