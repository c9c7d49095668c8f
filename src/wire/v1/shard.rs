//! A shard of a run on the wire: which one, and what it was judged by.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::digest::Digest;
use crate::model::shard::{CiRun, JudgedBy, Part, Shard, ShardRun};

/// What makes a result that of one shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShardV1 {
    /// Its number, from 1.
    pub index: u32,
    /// How many there are.
    pub count: u32,
    /// What all shards of a run have in common.
    pub judged_by: JudgedByV1,
    /// The run of the CI system; null where none tells it.
    pub run: Option<CiRunV1>,
}

/// What all shards of a run have in common: results that differ in it are not put together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JudgedByV1 {
    /// The commit that is checked out; null outside of a repository.
    pub head: Option<String>,
    /// SHA-256 of the configuration file.
    pub configuration: Digest,
    /// SHA-256 over the base and what the checkout changes of it; null where the run is held against none.
    pub base: Option<Digest>,
    /// SHA-256 over every case and canary that is run, with what each expects.
    pub suite: Digest,
    /// SHA-256 of the timings by which the suite was split; null where there are none.
    pub timings: Option<Digest>,
    /// The options that decide what is run and how it is judged.
    pub options: String,
}

/// A run of the CI system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CiRunV1 {
    /// Its name there; the same for all jobs of it.
    pub id: String,
    /// A number that grows with each repetition of a job.
    pub attempt: u64,
}

impl ShardV1 {
    /// That of a part; `None` of one that is not a shard.
    pub fn of(part: &Part) -> Option<Self> {
        let Part::Shard(of) = part else { return None };
        let ShardRun { shard, judged_by, ci_run } = of.as_ref();
        let JudgedBy { head, configuration, base, suite, timings, options } = judged_by.clone();
        Some(Self {
            index: shard.index(),
            count: shard.count(),
            judged_by: JudgedByV1 { head, configuration, base, suite, timings, options },
            run: ci_run.as_ref().map(|CiRun { id, attempt }| CiRunV1 { id: id.clone(), attempt: *attempt }),
        })
    }

    fn read(self) -> Option<ShardRun> {
        let shard = Shard::new(self.index, self.count).ok()?;
        let JudgedByV1 { head, configuration, base, suite, timings, options } = self.judged_by;
        let judged_by = JudgedBy { head, configuration, base, suite, timings, options };
        Some(ShardRun { shard, judged_by, ci_run: self.run.map(|CiRunV1 { id, attempt }| CiRun { id, attempt }) })
    }
}

/// The shards that a part lacks.
pub fn missing(part: &Part) -> Vec<String> {
    match part {
        Part::Incomplete(missing) => missing.iter().map(ToString::to_string).collect(),
        Part::Whole | Part::Selected | Part::Shard(_) => Vec::new(),
    }
}

/// The part that a document tells of; `None` where it contradicts itself.
pub(crate) fn part(partial: bool, shard: Option<ShardV1>, missing: &[String]) -> Option<Part> {
    match (partial, shard, missing) {
        (false, None, []) => Some(Part::Whole),
        (true, None, []) => Some(Part::Selected),
        (true, Some(shard), []) => Some(Part::Shard(Box::new(shard.read()?))),
        (true, None, missing) => {
            let all: Vec<Shard> = missing.iter().map(|text| text.parse().ok()).collect::<Option<_>>()?;
            // Of one count, in their order, each once.
            let ordered = all.windows(2).all(|two| two[0] < two[1] && two[0].count() == two[1].count());
            ordered.then_some(Part::Incomplete(all))
        }
        (false, ..) | (true, Some(_), _) => None,
    }
}
