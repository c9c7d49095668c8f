//! One key: what made it change, as far as the trials tell; the cell that must be run next where they do not.

use std::collections::BTreeMap;

use crate::attribute::cell::Cell;
use crate::attribute::noise::{self, ALPHA};
use crate::attribute::observation::{Key, Observation, Trials, Value};
use crate::attribute::search;
use crate::model::cause::Joined;

/// The fewest runs of either control.
pub const CONTROLS: usize = 2;

/// How many runs of an arm are looked at where something flickers, one look after the other.
const LOOKS: [usize; 3] = [8, 16, 32];

/// How often a cell is run that does not fit an accusation.
const MISFITS: usize = 4;

/// At each look: a difference that is as likely as this by chance is not pursued.
const FUTILE: [f64; 3] = [0.3, 0.05, 0.0];

/// What is known of one key.
#[derive(Debug, Clone, PartialEq)]
pub enum KeyVerdict {
    /// It is as it was recorded, from whichever side the factors are taken.
    Same,
    /// Swaps make and unmake the difference.
    Swaps(Accusation),
    /// It differs under the same factors, and no swap changes how often beyond the noise.
    Flaky,
    /// No swap matters: the recorded factors no longer give what was recorded.
    Elsewhere,
    /// It could not be told; why.
    Open(&'static str),
}

/// Sets of factors that are blamed.
#[derive(Debug, Clone, PartialEq)]
pub struct Accusation {
    /// Disjoint sets, each of which makes the difference alone.
    pub ways: Vec<Cell>,
    /// How the factors act; `None` where there is one.
    pub joined: Option<Joined>,
    /// An upper bound for the chance that it is false.
    pub chance: f64,
    /// A cell in which the difference is made.
    pub made_by: Cell,
    /// A cell in which it is unmade.
    pub unmade_by: Cell,
    /// How many runs it rests on.
    pub runs: usize,
    /// Whether the key differs from itself beside it.
    pub flickers: bool,
    /// Whether the recorded factors no longer give what was recorded: something that cannot be swapped has a part in it.
    pub elsewhere: bool,
}

impl Accusation {
    /// Whether the chance that it is false is small enough.
    pub fn is_proved(&self) -> bool {
        self.chance <= ALPHA
    }

    /// Every factor that is blamed.
    pub fn factors(&self) -> Cell {
        self.ways.iter().fold(Cell::RECORDED, |all, way| all.or(*way))
    }
}

/// All that a judgement rests on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Judge<'a> {
    pub factors: usize,
    pub golden: Option<&'a Observation>,
    pub trials: &'a Trials,
    /// Nothing more will be run: a judgement is made of what there is.
    pub is_last: bool,
}

/// The values of one key in every run of every cell: keys with the same history have the same verdict.
pub(super) type History = BTreeMap<Cell, Vec<Value>>;

impl Judge<'_> {
    pub(super) fn history(&self, key: &Key) -> History {
        self.trials.iter().map(|(cell, runs)| (cell, runs.iter().map(|run| run.value(key)).collect())).collect()
    }

    /// What was recorded for `key`; `None` where the recording is gone.
    pub(super) fn recorded(&self, key: &Key) -> Option<Value> {
        self.golden.map(|golden| Value::Is(golden.get(key).copied()))
    }

    /// The verdict on one key, or the cell that must be run first.
    pub(super) fn verdict(&self, recorded: Option<Value>, history: &History) -> Result<KeyVerdict, Cell> {
        let one = One { judge: self, recorded, history };
        let (all, before, after) = (self.all(), one.value(Cell::RECORDED)?, one.value(self.all())?);
        for control in [Cell::RECORDED, all] {
            if one.runs(control).len() < CONTROLS && !self.is_last {
                return Err(control);
            }
        }
        if one.flickers() {
            return one.among_noise();
        }
        if before == Value::Failed {
            return Ok(KeyVerdict::Open("the recorded inputs give no result here"));
        }
        if after == Value::Failed {
            return Ok(KeyVerdict::Open("today's inputs give no result"));
        }
        let elsewhere = recorded.is_some_and(|recorded| recorded != before);
        if elsewhere && one.runs(Cell::RECORDED).len() < LOOKS[0] && !self.is_last {
            // Did the recording, or does the scanner, differ from itself?
            return Err(Cell::RECORDED);
        }
        if before == after {
            return Ok(if elsewhere { KeyVerdict::Elsewhere } else { KeyVerdict::Same });
        }
        one.blame(before, after, elsewhere)
    }

    fn all(&self) -> Cell {
        Cell::now(self.factors)
    }
}

struct One<'a> {
    judge: &'a Judge<'a>,
    recorded: Option<Value>,
    history: &'a History,
}

impl One<'_> {
    fn runs(&self, cell: Cell) -> &[Value] {
        self.history.get(&cell).map_or(&[], Vec::as_slice)
    }

    /// The value in a cell in which it never flickered.
    fn value(&self, cell: Cell) -> Result<Value, Cell> {
        self.runs(cell).first().copied().ok_or(cell)
    }

    fn flickers(&self) -> bool {
        self.history.values().any(|runs| runs.iter().any(|run| Some(run) != runs.first()))
    }

    /// Every cell has one value: the smallest sets of swaps that turn `before` into `after`.
    fn blame(&self, before: Value, after: Value, elsewhere: bool) -> Result<KeyVerdict, Cell> {
        let all = self.judge.all();
        let ways = search::ways(all, &|cell| Ok(self.value(cell)? == after))?;
        let accused = ways.iter().fold(Cell::RECORDED, |accused, way| accused.or(*way));
        let rest = all.minus(accused);
        // A cell that does not fit the accusation is either a finer rule, which stays as it is, or noise, which does not.
        let is_accused = |cell: Cell| ways.iter().any(|way| way.minus(cell).is_empty());
        let misfit = |cell: &Cell| self.value(*cell).is_ok_and(|value| (value == after) != is_accused(*cell));
        let misfits = self.history.keys().copied().filter(misfit);
        let mut unsure = misfits.filter(|cell| self.runs(*cell).len() < MISFITS && !self.judge.is_last);
        if let Some(cell) = unsure.next() {
            return Err(cell);
        }
        let (mut chance, mut runs) = (0.0_f64, 0);
        for way in &ways {
            for factor in way.iter() {
                let pairs = self.pairs(*way, factor, rest, after)?;
                let counts: Vec<(usize, usize)> =
                    pairs.iter().map(|(with, without)| (self.count(*with), self.count(*without))).collect();
                let one = noise::chance_of_split(&counts, self.judge.factors);
                if one > ALPHA && !self.judge.is_last {
                    let cells = pairs.iter().flat_map(|(with, without)| [*with, *without]);
                    if let Some(fewest) = cells.min_by_key(|cell| self.count(*cell)) {
                        return Err(fewest);
                    }
                }
                chance = chance.max(one);
                runs = runs.max(counts.iter().map(|(a, b)| a + b).sum());
            }
        }
        let joined = self.joined(&ways, before)?;
        Ok(KeyVerdict::Swaps(Accusation {
            made_by: ways.first().copied().unwrap_or(all),
            unmade_by: rest,
            ways,
            joined,
            chance,
            runs,
            flickers: false,
            elsewhere,
        }))
    }

    /// Pairs of cells that differ in one factor of a way, and show the difference with it and not without it.
    fn pairs(&self, way: Cell, factor: usize, rest: Cell, after: Value) -> Result<Vec<(Cell, Cell)>, Cell> {
        let mut pairs = Vec::new();
        for others in [Cell::RECORDED, rest] {
            let pair = (others.or(way), others.or(way).without(factor));
            let splits = self.value(pair.0)? == after && self.value(pair.1)? != after;
            if splits && !pairs.contains(&pair) {
                pairs.push(pair);
            }
        }
        Ok(pairs)
    }

    /// Runs of a cell; the recording itself is one of the cell in which everything is as recorded.
    fn count(&self, cell: Cell) -> usize {
        let own = cell.is_recorded() && self.recorded.is_some() && self.recorded == self.runs(cell).first().copied();
        self.runs(cell).len() + usize::from(own)
    }

    fn joined(&self, ways: &[Cell], before: Value) -> Result<Option<Joined>, Cell> {
        if ways.len() > 1 {
            return Ok(Some(Joined::Either));
        }
        let Some(way) = ways.first().filter(|way| way.len() > 1) else { return Ok(None) };
        for factor in way.iter() {
            if self.value(Cell::only(factor))? == before {
                return Ok(Some(Joined::Together));
            }
        }
        Ok(Some(Joined::Each))
    }

    /// The key flickers: a swap is blamed only where it changes how often the recorded value is seen beyond the noise.
    fn among_noise(&self) -> Result<KeyVerdict, Cell> {
        let n = self.judge.factors;
        let all = self.judge.all();
        let Some((overall, chance)) = self.contrast(Cell::RECORDED, all, 1)? else { return Ok(KeyVerdict::Flaky) };
        let mut accused = Cell::RECORDED;
        let (mut worst, mut runs) = (chance, overall);
        if n == 1 {
            accused = all;
        } else {
            for factor in 0..n {
                let made = self.contrast(Cell::RECORDED, Cell::only(factor), n)?;
                let Some(made) = made else { continue };
                let Some(unmade) = self.contrast(all.without(factor), all, n)? else { continue };
                accused = accused.with(factor);
                worst = worst.max(made.1.max(unmade.1));
                runs = runs.max(made.0 + unmade.0);
            }
        }
        if accused.is_empty() {
            return Ok(KeyVerdict::Open("the swaps change it beyond the noise, but none of them alone does"));
        }
        let joined = (accused.len() > 1).then_some(Joined::Each);
        Ok(KeyVerdict::Swaps(Accusation {
            ways: vec![accused],
            joined,
            chance: worst,
            made_by: accused,
            unmade_by: all.minus(accused),
            runs,
            flickers: true,
            elsewhere: false,
        }))
    }

    /// Whether two cells show the recorded value with different rates: how many runs say so, and the chance that they do
    /// so by accident, over all looks and all `tests` that are made.
    fn contrast(&self, without: Cell, with: Cell, tests: usize) -> Result<Option<(usize, f64)>, Cell> {
        let expected = self.recorded.or_else(|| self.most_common(without));
        for (look, futile) in LOOKS.into_iter().zip(FUTILE) {
            let mut arms = [(0, 0); 2];
            for (arm, cell) in arms.iter_mut().zip([without, with]) {
                let runs = self.runs(cell);
                if runs.len() < look {
                    return if self.judge.is_last { Ok(None) } else { Err(cell) };
                }
                *arm = (runs.iter().take(look).filter(|run| Some(**run) == expected).count(), look);
            }
            let corrections = f64::from(u32::try_from(LOOKS.len() * tests.max(1)).unwrap_or(u32::MAX));
            let raw = noise::fisher(arms[0], arms[1]);
            if raw * corrections <= ALPHA {
                return Ok(Some((2 * look, raw * corrections)));
            }
            if raw > futile {
                return Ok(None);
            }
        }
        Ok(None)
    }

    fn most_common(&self, cell: Cell) -> Option<Value> {
        let mut counts = BTreeMap::new();
        for run in self.runs(cell) {
            *counts.entry(*run).or_insert(0_usize) += 1;
        }
        counts.into_iter().max_by_key(|(_, count)| *count).map(|(value, _)| value)
    }
}
