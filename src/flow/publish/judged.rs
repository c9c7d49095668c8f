//! The result of another job, and how far it is believed.
//!
//! What the file says of a gate may have been written by whatever ran in the job. How the job ended may not: the system says that. So
//! the gate is asked again, over the replays of the file, and the two must agree before anything is green.
//!
//! Invariants: of a run that the system does not say has passed, or that has a doubt, nothing is green; the file can only make it
//! worse. Absent: any I/O.

use jiff::Timestamp;

use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::exit::Exit;
use crate::model::gate_result::{Gate, GateResult, Strictness};
use crate::model::job_end::JobEnd;
use crate::model::result::{Isolation, RunResult};
use crate::model::shard::Shard;
use crate::report::doubt::Doubt;
use crate::score::gate::request::{GateError, GateRequest};
use crate::score::rules::{Expect, Rules};
use crate::wire::v1::claimed_gate::{self, ClaimedGate};
use crate::wire::v1::error::ReadError;
use crate::wire::v1::read_result;

/// What the system says of the job that wrote the result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JobFacts {
    /// How it ended; `None` where nobody says.
    pub end: Option<JobEnd>,
    /// It ran code from a fork.
    pub is_fork: bool,
    /// What became of its workflow, where that was looked at.
    pub workflow: Workflow,
}

/// What a pull request does to the workflow that runs its gate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Workflow {
    /// Not looked at: whoever opened the pull request, or merge request, can write to the repository.
    #[default]
    NotAsked,
    /// It is the base's.
    AsInBase,
    /// The pull request changes it.
    Edited,
    /// It could not be found out.
    Unread,
}

/// A run that may be shown.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The run, with what its gate says.
    pub run: RunResult,
    /// Why it is not taken at its word.
    pub doubts: Vec<Doubt>,
}

/// Why nothing can be shown of a result.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// It is not a result.
    #[error("the result cannot be read")]
    Result(#[from] ReadError),
    /// It is of a gate that no pull request is judged by.
    #[error("the result is of the gate `{}`, which judges what this file does not hold", .0.code())]
    OtherGate(Gate),
    /// It is of one shard: what the others found is not in it.
    #[error("the result is of shard {0} alone")]
    OneShard(Shard),
    /// The gate cannot be asked.
    #[error("the gate cannot be asked again")]
    Gate(#[from] GateError),
}

impl Diagnostic for JudgeError {
    fn kind(&self) -> FailureKind {
        match self {
            // A file that cannot be read is nothing known, and never nothing found.
            Self::Result(_) => FailureKind::Infrastructure,
            Self::OtherGate(_) | Self::OneShard(_) | Self::Gate(_) => FailureKind::Usage,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::OtherGate(_) => {
                Some("publish the result of a run with the gate `pr`, or of one without a gate".into())
            }
            Self::OneShard(_) => Some("publish what the merge of all shards has left".into()),
            Self::Result(_) | Self::Gate(_) => None,
        }
    }
}

/// Reads a result, and finds out how far it is believed.
///
/// # Errors
/// [`JudgeError`].
pub fn judge(bytes: &[u8], facts: JobFacts, now: Timestamp) -> Result<Judged, JudgeError> {
    read(bytes, facts, now, Claim::AskedAgain).map(|(judged, _)| judged)
}

/// The same for whoever tells of single replays: what any gate said is held against how the job ended, and not asked again. Whether the run
/// says that it passed stands beside it.
///
/// # Errors
/// [`JudgeError`].
pub fn outcomes(bytes: &[u8], facts: JobFacts, now: Timestamp) -> Result<(Judged, bool), JudgeError> {
    read(bytes, facts, now, Claim::LeftAside)
}

/// What is made of what a result says of its gate.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Claim {
    AskedAgain,
    LeftAside,
}

fn read(bytes: &[u8], facts: JobFacts, now: Timestamp, with: Claim) -> Result<(Judged, bool), JudgeError> {
    let mut run = read_result::read(bytes)?;
    if let Some(shard) = run.part.shard() {
        return Err(JudgeError::OneShard(shard));
    }
    let mut doubts = Vec::new();
    match facts.workflow {
        Workflow::NotAsked | Workflow::AsInBase => {}
        Workflow::Edited => doubts.push(Doubt::WorkflowEdited),
        Workflow::Unread => doubts.push(Doubt::WorkflowUnread),
    }
    let claim = claimed_gate::read(bytes)?;
    if claimed_gate::exit(bytes)? != claim.as_ref().map_or_else(|| run.exit().code(), ClaimedGate::exit) {
        doubts.push(Doubt::ExitDoesNotFollow);
    }
    let said = claim.as_ref().map(ClaimedGate::exit);
    match claim {
        None => {}
        Some(_) if with == Claim::LeftAside => {}
        Some(claim) if claim.gate != Gate::Pr => return Err(JudgeError::OtherGate(claim.gate)),
        // Nobody says how the job ended: then its gate has no say. The outcomes can make it red, and nothing makes it green.
        Some(_) if facts.end.is_none() => {}
        Some(claim) => {
            let mut asked = possible_gates(&run, now)?;
            let said = asked.iter().position(|gate| claim.is_said_by(gate));
            if said.is_none() {
                doubts.push(Doubt::GateDoesNotFollow);
            }
            run.gate = Some(asked.swap_remove(said.unwrap_or(0)));
        }
    }
    let passed = match said {
        Some(code) if with == Claim::LeftAside => code == Exit::Passed.code(),
        _ => run.exit() == Exit::Passed,
    };
    match (facts.end, passed) {
        (Some(JobEnd::Success), true) => {}
        (None, true) => doubts.push(Doubt::JobEndUnknown),
        (Some(end), true) => doubts.push(Doubt::JobDidNotPass(end)),
        (Some(JobEnd::Success), false) => doubts.push(Doubt::OnlyTheJobPassed(run.exit())),
        _ => {}
    }
    doubts.extend(below_full(&run).filter(|_| facts.is_fork));
    Ok((Judged { run, doubts }, passed))
}

/// What the gate says under each rule that a base can have for it, the strictest first. Which one the base has is not in the file; that
/// the job passed under it, the system says.
fn possible_gates(run: &RunResult, now: Timestamp) -> Result<Vec<GateResult>, GateError> {
    let rules = [Some(Expect::Exact), None, Some(Expect::NothingLost)].map(|pr_expect| Rules {
        pr_level: run.level,
        pr_expect,
        ..Rules::default()
    });
    let ask = |rules| {
        let request = GateRequest { gate: Gate::Pr, rules, strictness: Strictness::default(), history: None };
        request.judge(Some(run), now)
    };
    rules.into_iter().map(ask).collect()
}

/// Replays that ran a foreign program below the level `full`.
fn below_full(run: &RunResult) -> Option<Doubt> {
    let levels = run.replays.iter().filter_map(|replay| replay.executor.as_ref()).filter(|env| !env.in_process);
    let low: Vec<Isolation> =
        levels.map(|env| env.isolation.unwrap_or(Isolation::None)).filter(|level| *level != Isolation::Full).collect();
    let weakest = *low.iter().max()?;
    Some(Doubt::BelowFull { weakest, replays: low.len() as u64 })
}

/// Whether every replay that ran a foreign program reached the level `full`.
pub fn is_full(run: &RunResult) -> bool {
    below_full(run).is_none()
}
