//! The predicate of a run that a release was judged by, for a signer that takes one and makes the statement itself, as
//! `actions/attest` does.
//!
//! Invariant: there is none where the run says nothing of one candidate; which file that is, its digest in the predicate says.

use crate::model::digest::Digest;
use crate::model::gate_result::{Gate, GateResult};
use crate::model::result::RunResult;
use crate::wire::attestation::replay_fidelity::ReplayFidelityV01;
use crate::wire::attestation::statement::ResourceDescriptor;

/// Why a run has no predicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoPredicate {
    /// Another gate was asked, or by the rules of a base, or of one shard.
    #[error("the gate `release` did not judge a whole run by the rules of this checkout")]
    NotJudged,
    /// A file that git tracks, or the configuration, lay there otherwise than the commit has it, or nobody knows.
    #[error("the checkout is not known to be as its commit")]
    NotCommitted,
    /// Nothing that was built ran, or it has no one digest.
    #[error("no candidate with one digest ran")]
    NoCandidate,
}

/// The predicate of `run`, which `configuration` judged (`None` where that is not the commit's) and whose result is `document`.
///
/// # Errors
/// [`NoPredicate`].
pub fn of(run: &RunResult, configuration: Option<Digest>, document: &[u8]) -> Result<ReplayFidelityV01, NoPredicate> {
    let is_whole = run.base.is_none() && run.part.shard().is_none();
    let is_release = |gate: &&GateResult| is_whole && gate.gate() == Gate::Release;
    let gate = run.gate.as_ref().filter(is_release).ok_or(NoPredicate::NotJudged)?;
    let is_committed = run.commit.is_none() || run.uncommitted == Some(0);
    let configuration = configuration.filter(|_| is_committed).ok_or(NoPredicate::NotCommitted)?;
    if run.coverage().all().ran == 0 || run.candidate_digest().is_none() {
        return Err(NoPredicate::NoCandidate);
    }
    let policy = ResourceDescriptor::new(format!("gate:{}", gate.gate().code()), configuration);
    Ok(ReplayFidelityV01::of(run, gate, policy, Digest::of(document)))
}
