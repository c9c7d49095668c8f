//! The results of shards, put together as one run.
//!
//! A result comes from a job that ran foreign programs. What it says of the suite, of the rules and of itself is held against what is
//! known here; what it says of how its own replays ended has to be taken.
//!
//! Invariants: each replay of the suite stands in what comes out exactly once; of a shard without a result they could not be replayed,
//! and no gate takes that for a pass. Absent: approvals, bases and gates (see `merge`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::flow::replay::replay_job::Title;
use crate::flow::suite::shards::suite::Suite;
use crate::hint;
use crate::model::candidate::Candidate;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::outcome::Outcome;
use crate::model::parameter::{Operation, Parameter};
use crate::model::result::{ReplayResult, RunResult};
use crate::model::shard::{CiRun, JudgedBy, Part, Shard, ShardRun};

/// What is known here of a run whose shards are put together.
#[derive(Debug, Clone)]
pub struct Plan<'a> {
    /// Every case and canary.
    pub suite: &'a Suite,
    /// How long each is known to take.
    pub durations: &'a BTreeMap<String, u64>,
    /// What each shard must have been judged by.
    pub judged_by: JudgedBy,
    /// The version of stella.
    pub version: &'a str,
    /// The run of the CI system; `None` where none tells it.
    pub ci_run: Option<&'a CiRun>,
}

/// A result, and where it comes from.
#[derive(Debug, Clone)]
pub struct Given {
    /// For people.
    pub name: String,
    /// What it says.
    pub run: RunResult,
    /// The report that it is a part of; `None` where the result was given alone.
    pub report: Option<Report>,
}

/// The folder of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What was given: nothing outside it is read.
    pub root: PathBuf,
    /// The folder, in it.
    pub folder: PathBuf,
}

/// The reports of the shards that count, each with the replays that are its own.
pub type Reports = Vec<(Report, BTreeSet<String>)>;

/// Why results are not put together.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// No result at all.
    #[error("there is no result of any shard")]
    Nothing,
    /// A result of something else.
    #[error("`{0}` is not the result of a shard")]
    NotAShard(String),
    /// Something that all shards of a run have in common is another thing.
    #[error("`{name}` is of another run: its {what} is {found}, and here it is {expected}")]
    Differs {
        /// The result.
        name: String,
        /// What differs.
        what: &'static str,
        /// What it says.
        found: String,
        /// What it is here.
        expected: String,
    },
    /// Two results of one shard, and nothing says which is the later one.
    #[error("`{first}` and `{second}` are both of shard {shard}, and differ")]
    Twice {
        /// The shard.
        shard: Shard,
        /// One result.
        first: String,
        /// The other.
        second: String,
    },
    /// A replay that its shard does not have, or has in another form.
    #[error("`{name}` is not what shard {shard} gives: {what} `{id}`")]
    Content {
        /// The result.
        name: String,
        /// The shard.
        shard: Shard,
        /// What is wrong with the replay.
        what: &'static str,
        /// The replay.
        id: String,
    },
    /// A candidate that the configuration does not name.
    #[error("`{0}` says of the candidate what the configuration does not")]
    Candidate(String),
}

impl Diagnostic for JoinError {
    fn kind(&self) -> FailureKind {
        match self {
            // It could not be judged, and nothing that was given is wrong.
            Self::Nothing => FailureKind::Inconclusive,
            Self::NotAShard(_)
            | Self::Differs { .. }
            | Self::Twice { .. }
            | Self::Content { .. }
            | Self::Candidate(_) => FailureKind::Usage,
        }
    }

    fn hint(&self) -> Option<Hint> {
        Some(match self {
            Self::Nothing => "every shard failed before it could write one: look at their logs".into(),
            Self::NotAShard(_) => hint!(
                "give what {} wrote with {} or {}",
                Operation::Ci.with([Parameter::Shard.to("I/N")], None),
                Parameter::Result,
                Parameter::OutDir
            ),
            Self::Differs { what: "suite", .. } => {
                "all shards and the merge need the same checkout: the same commit, the same base, nothing built in the folders of cases"
                    .into()
            }
            Self::Differs { what: "options", .. } => {
                "give the merge the same options as the shards: the gate, and what isolation is required".into()
            }
            Self::Differs { .. } => "run all shards and the merge in one checkout of one commit, with one release of stella".into(),
            Self::Twice { .. } => "give one of them".into(),
            Self::Content { .. } | Self::Candidate(_) => "it was changed after it was written, or written by something else".into(),
        })
    }
}

/// One run of all shards that are given, and the reports of those that count. `titles` gives every replay of the suite as it is called here, by the candidate; `None` where the
/// configuration does not have that one.
///
/// # Errors
/// See [`JoinError`].
pub fn join(
    plan: &Plan<'_>,
    given: Vec<Given>,
    titles: impl FnOnce(&Candidate) -> Option<Vec<Title>>,
) -> Result<(RunResult, Reports), JoinError> {
    let (count, chosen, mut warnings) = choose(plan, given)?;
    let Some((_, first)) = chosen.first_key_value() else { return Err(JoinError::Nothing) };
    let candidate = first.run.candidate.clone();
    if let Some(other) = chosen.values().find(|other| other.run.candidate != candidate) {
        return Err(JoinError::Differs {
            name: other.name.clone(),
            what: "candidate",
            found: in_words(&other.run.candidate),
            expected: format!("{} as in `{}`", in_words(&candidate), first.name),
        });
    }
    let titles = titles(&candidate).ok_or_else(|| JoinError::Candidate(first.name.clone()))?;
    let (started_at, finished_at) = (
        chosen.values().map(|of| of.run.started_at).min().unwrap_or(first.run.started_at),
        chosen.values().map(|of| of.run.finished_at).max().unwrap_or(first.run.finished_at),
    );
    // Each shard has built the candidate for itself: the whole is as clean as the one that was least so.
    let uncommitted: Option<Vec<u64>> = chosen.values().map(|of| of.run.uncommitted).collect();
    let uncommitted = uncommitted.and_then(|all| all.into_iter().max());
    let mut titles: BTreeMap<String, Title> = titles.into_iter().map(|title| (title.id.clone(), title)).collect();
    let (mut replays, mut missing, mut reports) = (Vec::new(), Vec::new(), Reports::new());
    let mut chosen = chosen;
    for (shard, ids) in Shard::all(count).zip(plan.suite.split(plan.durations, count)) {
        let own: BTreeMap<String, Title> = ids.iter().filter_map(|id| titles.remove_entry(id)).collect();
        match chosen.remove(&shard) {
            Some(of) => {
                for warning in &of.run.warnings {
                    if !warnings.contains(warning) {
                        warnings.push(warning.clone());
                    }
                }
                reports.extend(of.report.clone().map(|report| (report, own.keys().cloned().collect())));
                replays.extend(checked(of, shard, &own)?);
            }
            None => {
                missing.push(shard);
                let outcome = || Outcome::Unreplayable { missing: vec![format!("the result of shard {shard}")] };
                replays.extend(own.values().map(|title| title.result(outcome())));
            }
        }
    }
    let mut run = RunResult::new(plan.version.to_owned(), started_at, finished_at, replays, warnings);
    run.candidate = candidate;
    run.uncommitted = uncommitted;
    run.part = if missing.is_empty() { Part::Whole } else { Part::Incomplete(missing) };
    Ok((run, reports))
}

fn in_words(candidate: &Candidate) -> String {
    match candidate {
        Candidate::Built(named) => format!("{} `{}`", named.kind.code(), named.name),
        Candidate::Unknown => "not told".to_owned(),
        Candidate::LeftOut => "left out".to_owned(),
        Candidate::None => "none".to_owned(),
        Candidate::Dropped => "dropped".to_owned(),
    }
}

/// One result for each shard, of how many there are, and what is to be said of those that do not count.
type Chosen = (u32, BTreeMap<Shard, Given>, Vec<String>);

fn choose(plan: &Plan<'_>, given: Vec<Given>) -> Result<Chosen, JoinError> {
    let mut chosen: BTreeMap<Shard, Given> = BTreeMap::new();
    let mut warnings = Vec::new();
    let mut known: Option<(u32, Option<String>)> = None;
    for one in given {
        let of = match &one.run.part {
            Part::Shard(of) => (**of).clone(),
            Part::Whole | Part::Selected | Part::Incomplete(_) => return Err(JoinError::NotAShard(one.name)),
        };
        let differs = |what, found: String, expected: String| {
            Err(JoinError::Differs { name: one.name.clone(), what, found, expected })
        };
        if one.run.stella_version != plan.version {
            return differs("version of stella", one.run.stella_version.clone(), plan.version.to_owned());
        }
        if let Some(difference) = of.judged_by.difference(&plan.judged_by) {
            return differs(difference.what, difference.one, difference.other);
        }
        let run_of = |run: Option<&CiRun>| run.map_or_else(|| "none".to_owned(), |run| run.id.clone());
        if let (Some(here), Some(there)) = (plan.ci_run, &of.ci_run)
            && here.id != there.id
        {
            return differs("run", there.id.clone(), here.id.clone());
        }
        let this = (of.shard.count(), of.ci_run.as_ref().map(|run| run.id.clone()));
        match &known {
            Some((count, _)) if *count != this.0 => {
                return differs("number of shards", this.0.to_string(), count.to_string());
            }
            Some((_, id)) if *id != this.1 => {
                let expected = id.clone().unwrap_or_else(|| "none".to_owned());
                return differs("run", run_of(of.ci_run.as_ref()), expected);
            }
            _ => known = Some(this),
        }
        match chosen.remove(&of.shard) {
            None => {
                chosen.insert(of.shard, one);
            }
            Some(before) => {
                let (later, warning) = later(before, one, &of)?;
                warnings.push(warning);
                chosen.insert(of.shard, later);
            }
        }
    }
    let (count, _) = known.ok_or(JoinError::Nothing)?;
    warnings.sort();
    Ok((count, chosen, warnings))
}

/// Of two results of one shard the one that counts, and the words for it.
fn later(before: Given, one: Given, of: &ShardRun) -> Result<(Given, String), JoinError> {
    let shard = of.shard;
    let attempt = |run: &RunResult| match &run.part {
        Part::Shard(of) => of.ci_run.as_ref().map(|run| run.attempt),
        Part::Whole | Part::Selected | Part::Incomplete(_) => None,
    };
    match (attempt(&before.run), attempt(&one.run)) {
        _ if before.run == one.run => {
            Ok((before, format!("the result of shard {shard} was given more than once, and counts once")))
        }
        (Some(old), Some(new)) if old != new => {
            let warning = format!(
                "shard {shard} was run again: its attempt {} counts, and not its attempt {}",
                old.max(new),
                old.min(new)
            );
            Ok((if new > old { one } else { before }, warning))
        }
        _ => Err(JoinError::Twice { shard, first: before.name, second: one.name }),
    }
}

/// The replays of one result, each called as it is called here. What tells replays apart is what is known here, or it is refused.
fn checked(
    of: Given,
    shard: Shard,
    titles: &BTreeMap<String, Title>,
) -> Result<impl Iterator<Item = ReplayResult>, JoinError> {
    let wrong = |what, id: &str| JoinError::Content { name: of.name.clone(), shard, what, id: id.to_owned() };
    let mut seen = BTreeSet::new();
    let mut replays = Vec::with_capacity(of.run.replays.len());
    for replay in &of.run.replays {
        let title = titles.get(&replay.id).ok_or_else(|| wrong("it has", &replay.id))?;
        if !seen.insert(&replay.id) {
            return Err(wrong("it has twice", &replay.id));
        }
        let is_same = replay.kind == title.kind
            && replay.mode == title.mode
            && replay.candidate == title.candidate
            && replay.recording == title.recording;
        if !is_same {
            return Err(wrong("it has something else as", &replay.id));
        }
        let Title { title, labels, source, reproduce, .. } = title.clone();
        replays.push(ReplayResult { title, labels, source, reproduce, ..replay.clone() });
    }
    match titles.keys().find(|id| !seen.contains(id)) {
        Some(id) => Err(wrong("it lacks", id)),
        None => Ok(replays.into_iter()),
    }
}

#[cfg(test)]
mod tests;
