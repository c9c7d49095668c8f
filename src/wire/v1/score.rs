//! What `stella score` prints (`stella.score/1`).

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::model::comparison::fidelity::Level;
use crate::model::gate_result;
use crate::model::rate::Sample;
use crate::model::statistics::wilson::Interval;
use crate::score::history::History;
use crate::score::windowed::{Score, Windowed};
use crate::wire::schema_name::schema_name;
use crate::wire::v1::rate::Counts;
use crate::wire::v1::words::{Bucket, Mode};

schema_name!(ScoreSchema = "stella.score/1");

/// `stella score`
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ScoreV1 {
    /// `stella.score/1`
    pub schema: ScoreSchema,
    /// The instant at which every window ends.
    pub now: Timestamp,
    /// Replays in the history.
    pub replays: u64,
    /// Lines of the history that a crash cut off.
    pub torn_lines: u64,
    /// Replays that are dated after `now`: they are in no window.
    pub later_replays: u64,
    /// One entry per question and window.
    pub scores: Vec<WindowScoreV1>,
}

/// The score of one window for one question.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct WindowScoreV1 {
    /// Which question.
    pub mode: Mode,
    /// Length of the window.
    pub days: u16,
    /// The window begins after this instant.
    pub after: Timestamp,
    /// The window ends with this instant.
    pub until: Timestamp,
    /// Everything together.
    pub overall: GroupV1,
    /// By each value of each label, sorted.
    pub buckets: Vec<BucketScoreV1>,
}

/// The score of one bucket.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct BucketScoreV1 {
    /// Which.
    pub bucket: Bucket,
    /// Its score.
    pub score: GroupV1,
}

/// What was counted of one group of replays.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct GroupV1 {
    /// In the window.
    pub window: SampleV1,
    /// In the week before the last.
    pub week_before: SampleV1,
    /// In the last week.
    pub last_week: SampleV1,
}

/// Rates with everything that they are made of, and what is in none of them.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct SampleV1 {
    /// Distinct manifests (or cases) that were compared.
    pub manifests: u64,
    /// Bitwise.
    pub bf: LevelRateV1,
    /// Semantic.
    pub sf: LevelRateV1,
    /// Policy.
    pub pf: LevelRateV1,
    /// How many replays ended in which way.
    pub counts: Counts,
    /// What is in no rate, as shares of all replays.
    pub shares: SharesV1,
}

/// One rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
pub struct LevelRateV1 {
    /// `agreed` / `applicable`; null where nothing is applicable.
    pub rate: Option<f64>,
    /// Comparisons that agree.
    pub agreed: u64,
    /// Comparisons that the level applies to.
    pub applicable: u64,
    /// Wilson's 95 % interval; null where nothing is applicable.
    pub interval: Option<IntervalV1>,
}

/// An interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "its two ends")]
pub struct IntervalV1 {
    pub low: f64,
    pub high: f64,
}

/// Shares of all replays; null where there are none.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, JsonSchema)]
#[expect(missing_docs, reason = "one per outcome that is in no rate")]
pub struct SharesV1 {
    pub unhealthy: Option<f64>,
    pub unreplayable: Option<f64>,
    pub infra: Option<f64>,
}

impl ScoreV1 {
    /// The document of these scores.
    pub fn new(history: &History, now: Timestamp, scores: &[(u16, Windowed)]) -> Self {
        Self {
            schema: ScoreSchema,
            now,
            replays: history.len() as u64,
            torn_lines: history.torn(),
            later_replays: history.records().filter(|record| record.at > now).count() as u64,
            scores: scores.iter().map(|(days, score)| WindowScoreV1::new(*days, score)).collect(),
        }
    }
}

impl WindowScoreV1 {
    fn new(days: u16, score: &Windowed) -> Self {
        let (after, until) = score.window.ends();
        let bucket = |(bucket, score): (&gate_result::Bucket, &Score)| BucketScoreV1 {
            bucket: bucket.into(),
            score: score.into(),
        };
        Self {
            mode: score.mode.into(),
            days,
            after,
            until,
            overall: (&score.overall).into(),
            buckets: score.buckets.iter().map(bucket).collect(),
        }
    }
}

impl From<&Score> for GroupV1 {
    fn from(score: &Score) -> Self {
        let Score { window, weeks } = score;
        Self { window: window.into(), week_before: (&weeks.before).into(), last_week: (&weeks.now).into() }
    }
}

impl From<&Sample> for SampleV1 {
    fn from(sample: &Sample) -> Self {
        let tally = &sample.tally;
        let [bf, sf, pf] = Level::ALL.map(|level| LevelRateV1::from(tally.counts(level)));
        let share = |count: u64| (tally.total() > 0).then(|| count as f64 / tally.total() as f64);
        Self {
            manifests: sample.manifests,
            bf,
            sf,
            pf,
            counts: tally.into(),
            shares: SharesV1 {
                unhealthy: share(tally.unhealthy),
                unreplayable: share(tally.unreplayable),
                infra: share(tally.infra),
            },
        }
    }
}

impl From<(u64, u64)> for LevelRateV1 {
    fn from((agreed, applicable): (u64, u64)) -> Self {
        let interval = Interval::wilson((agreed, applicable)).map(|i| IntervalV1 { low: i.low, high: i.high });
        let rate = (applicable > 0).then(|| agreed as f64 / applicable as f64);
        Self { rate, agreed, applicable, interval }
    }
}
