//! The results of shards, judged as one run is judged: by the base, the approvals and the gate that are found here, and never by what a
//! result says of them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::config::{Config, Subject};
use crate::flow::replay::replay_job::Title;
use crate::flow::suite::base::approved;
use crate::flow::suite::discover::{self, DiscoverError, Discovered, Folders};
use crate::flow::suite::run::CiRequest;
use crate::flow::suite::shards::common::Common;
use crate::flow::suite::shards::join::{self, Given, JoinError, Plan, Reports};
use crate::flow::suite::shards::suite::Suite;
use crate::flow::suite::subject::{self, Engine};
use crate::model::candidate::{Candidate, CandidateKind};
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::result::{Mode, RunResult};
use crate::score::gate::request::{GateError, GateRequest};
use crate::workspace::context::Context;

/// Why results are not merged.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// Cases or canaries cannot be read.
    #[error(transparent)]
    Discover(#[from] DiscoverError),
    /// The results do not belong together.
    #[error(transparent)]
    Join(#[from] JoinError),
    /// The gate cannot be asked.
    #[error(transparent)]
    Gate(#[from] GateError),
}

impl Diagnostic for MergeError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Discover(_) => FailureKind::Usage,
            Self::Join(error) => error.kind(),
            Self::Gate(error) => error.kind(),
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Discover(_) => None,
            Self::Join(error) => error.hint(),
            Self::Gate(error) => error.hint(),
        }
    }
}

/// One run of all that is given, judged at `now`, and the reports of the shards that count. `request` is what a run of the whole would be asked.
///
/// # Errors
/// When cases or canaries cannot be read, results do not belong together, or the gate cannot be asked.
pub fn merge(
    context: &Context,
    request: &CiRequest,
    common: &Common,
    given: Vec<Given>,
    now: Timestamp,
) -> Result<(RunResult, Reports), MergeError> {
    let folders = match &request.folders {
        Some(folders) => folders,
        None => &Folders::of(context)?,
    };
    let found = discover::discover(folders, context, &[])?;
    let suite = Suite::of(&found, request.pinned);
    let plan = Plan {
        suite: &suite,
        durations: common.durations(),
        judged_by: common.judged_by(&suite),
        version: env!("CARGO_PKG_VERSION"),
        ci_run: common.ci_run(),
    };
    let (mut run, reports) = join::join(&plan, given, |candidate| {
        fits(&context.config, &found, request, candidate).then(|| titles(&found, request.pinned, candidate, context))
    })?;
    // What says when it ended may say anything, and a history would believe it.
    run.finished_at = run.finished_at.min(now);
    run.started_at = run.started_at.min(run.finished_at);
    // That of each shard, which was held against it.
    run.commit.clone_from(&request.commit);
    run.base.clone_from(&request.base);
    run.without_base.clone_from(&request.without_base);
    run.level = request.gate.as_ref().map_or(context.config.rules.pr_level, GateRequest::level);
    approved::cover(&mut run, &request.approvals, now.to_zoned(TimeZone::UTC).date());
    if let Some(gate) = &request.gate {
        run.gate = Some(gate.judge(Some(&run), now)?);
    }
    Ok((run, reports))
}

/// Whether a run by this configuration could tell that of its candidate.
fn fits(config: &Config, found: &Discovered, request: &CiRequest, candidate: &Candidate) -> bool {
    match (&config.subject, candidate) {
        (_, Candidate::LeftOut) => request.pinned,
        _ if request.pinned => false,
        (None, Candidate::None) => !request.expects_candidate,
        (None, Candidate::Dropped) => request.expects_candidate,
        (Some(Subject::Scanner(scanner)), Candidate::Built(named)) => {
            let is_named = match subject::engine(scanner, &found.engines) {
                Ok(Engine::Named(engine)) => engine == named.name,
                Ok(Engine::OfNone) => true,
                Err(_) => false,
            };
            named.kind == CandidateKind::Scanner && is_named
        }
        (Some(subject), Candidate::Built(named)) => subject::kind(subject) == named.kind,
        (_, Candidate::None | Candidate::Unknown | Candidate::Dropped | Candidate::Built(_)) => false,
    }
}

/// Every replay as a run with that candidate calls it.
fn titles(found: &Discovered, pinned: bool, candidate: &Candidate, context: &Context) -> Vec<Title> {
    let cases = found.cases.iter().filter(|_| !pinned);
    let cases = cases.map(|case| case.title(case.takes_candidate(candidate), context));
    let canaries = found.canaries.iter().map(|canary| {
        let concerned = !pinned && subject::concerns(candidate, canary.manifest());
        canary.title(if concerned { Mode::Regression } else { Mode::Fidelity }, context)
    });
    cases.chain(canaries).collect()
}
