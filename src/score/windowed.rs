//! The score of one window: overall, by bucket, and week over week.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::model::gate_result::Bucket;
use crate::model::rate::Sample;
use crate::model::replay_record::ReplayRecord;
use crate::model::result::Mode;
use crate::score::history::History;
use crate::score::rules::By;
use crate::score::sample::Counter;
use crate::score::window::{Weeks, Window};

/// What was counted of one group of records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Score {
    /// In the window.
    pub window: Sample,
    /// In the last week and in the week before, whatever the window.
    pub weeks: Weeks<Sample>,
}

/// The score of one window for one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Windowed {
    /// Which question.
    pub mode: Mode,
    /// The window.
    pub window: Window,
    /// Everything together.
    pub overall: Score,
    /// By each value of each label. A replay without a label is in none of that label's buckets.
    pub buckets: BTreeMap<Bucket, Score>,
}

impl Windowed {
    /// Counts the replays of `mode` in the `days` before `now`, by the labels of `by`.
    pub fn of(history: &History, mode: Mode, now: Timestamp, days: u16, by: &By) -> Self {
        let window = Window::ending(now, days);
        let weeks = Window::weeks(now);
        let mut overall = Counting::default();
        let mut buckets: BTreeMap<(&str, &str), Counting<'_>> = BTreeMap::new();
        for record in history.records().filter(|record| record.mode == mode) {
            let places = Places::of(record, window, weeks);
            if !places.is_anywhere() {
                continue;
            }
            overall.add(record, places);
            for (label, value) in record.labels.iter().filter(|(label, _)| by.includes(label)) {
                buckets.entry((label, value)).or_default().add(record, places);
            }
        }
        let bucket = |(label, value): (&str, &str)| Bucket { label: label.to_owned(), value: value.to_owned() };
        Self {
            mode,
            window,
            overall: overall.score(),
            buckets: buckets.into_iter().map(|(key, counting)| (bucket(key), counting.score())).collect(),
        }
    }
}

/// Where in time a record lies.
#[derive(Debug, Clone, Copy)]
struct Places {
    window: bool,
    weeks: Weeks<bool>,
}

impl Places {
    fn of(record: &ReplayRecord, window: Window, weeks: Weeks<Window>) -> Self {
        let weeks = Weeks { before: weeks.before.contains(record.at), now: weeks.now.contains(record.at) };
        Self { window: window.contains(record.at), weeks }
    }

    fn is_anywhere(self) -> bool {
        self.window || self.weeks.before || self.weeks.now
    }
}

#[derive(Default)]
struct Counting<'a> {
    window: Counter<'a>,
    weeks: Weeks<Counter<'a>>,
}

impl<'a> Counting<'a> {
    fn add(&mut self, record: &'a ReplayRecord, places: Places) {
        let Self { window, weeks } = self;
        for (inside, counter) in
            [(places.window, window), (places.weeks.before, &mut weeks.before), (places.weeks.now, &mut weeks.now)]
        {
            if inside {
                counter.add(record);
            }
        }
    }

    fn score(&self) -> Score {
        let weeks = Weeks { before: self.weeks.before.sample(), now: self.weeks.now.sample() };
        Score { window: self.window.sample(), weeks }
    }
}
