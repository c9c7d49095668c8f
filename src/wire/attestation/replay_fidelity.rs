//! The predicate *replay-fidelity*, version 0.1, which is stella's own: how repeatable the scans were, in numbers that a policy can ask
//! for. `docs/attestations.md` explains it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::model::candidate::Candidate;
use crate::model::cause::KnownBy;
use crate::model::comparison::fidelity::Level;
use crate::model::digest::Digest;
use crate::model::gate_result::GateResult;
use crate::model::outcome::Outcome;
use crate::model::rate::Tally;
use crate::model::result::{Isolation, RunResult};
use crate::model::statistics::wilson::Interval;
use crate::wire::attestation::statement::ResourceDescriptor;

/// Its type.
pub const TYPE: &str = "https://github.com/stella-replay/stella/attestation/replay-fidelity/v0.1";

/// Who is the verifier, by the in-toto convention of a URI.
pub(super) const VERIFIER: &str = "https://github.com/stella-replay/stella";

/// How repeatable the scans of one run were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReplayFidelityV01 {
    /// Who says so.
    pub verifier: Verifier,
    /// When the run began (RFC 3339, UTC).
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Timestamp,
    /// The gate that was asked: `pr` or `release`.
    pub gate: String,
    /// What it says: `green`, `warn`, `insufficient` or `fail`.
    pub verdict: String,
    /// Why, as stable codes, the heaviest first; each once.
    pub reasons: Vec<String>,
    /// Windows of time were judged by the lower end of their interval, and too little evidence blocked: asked for by the configuration, or
    /// beside it.
    pub strict: bool,
    /// What it was judged by, with the digest of its configuration.
    pub policy: ResourceDescriptor,
    /// The commit whose rules counted; null where the run was held against no base.
    pub base_commit: Option<String>,
    /// The commit that was checked out; null outside of a repository. No file that git tracks lay there otherwise when the candidate was
    /// built.
    pub source_commit: Option<String>,
    /// The candidate that ran; null where nothing was built, or it has no one digest.
    pub candidate: Option<CandidateV01>,
    /// Cases and canaries in which the candidate ran.
    pub ran_on: u64,
    /// All of them.
    pub of: u64,
    /// Did the checkout break anything: the candidate in the place of what was recorded.
    pub regression: Question,
    /// Are the scans repeatable: everything as recorded.
    pub fidelity: Question,
    /// Differences that an approval covers.
    pub approved_differences: Vec<Difference>,
    /// Why replays differ, and how that is known: how many for each.
    pub causes: Vec<CauseCount>,
    /// How well the replays were isolated.
    pub isolation: IsolationV01,
    /// SHA-256 of every profile under which documents were canonicalised.
    pub profiles: Vec<Digest>,
    /// What it can be checked against.
    pub evidence: Evidence,
}

/// Who says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Verifier {
    /// A URI that names the program.
    pub id: String,
    /// The version that replayed.
    pub version: String,
}

/// A candidate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CandidateV01 {
    /// `builtin`, `scanner` or `policy`.
    pub kind: String,
    /// The candidate.
    #[serde(flatten)]
    pub descriptor: ResourceDescriptor,
}

/// What the replays say that ask one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Question {
    /// Bitwise.
    pub bf: LevelCounts,
    /// Semantic.
    pub sf: LevelCounts,
    /// Policy.
    pub pf: LevelCounts,
    /// How the replays ended: a count for each outcome; those that match although something was denied are `lucky`, and in `match` too.
    pub outcomes: BTreeMap<String, u64>,
}

/// Agreement at one level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LevelCounts {
    /// Replays that agree.
    pub agreed: u64,
    /// Replays that could be compared at this level.
    pub applicable: u64,
    /// The quotient with six decimals, rounded down; null where nothing could be compared.
    pub rate: Option<String>,
    /// The lower end of its 95 % interval (Wilson), likewise.
    pub lower_bound: Option<String>,
}

/// A difference that is approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Difference {
    /// The case or canary.
    pub id: String,
    /// The artifact.
    pub artifact: String,
    /// SHA-256 of what was expected; null for nothing.
    pub old: Option<Digest>,
    /// SHA-256 of what came out; null for nothing.
    pub new: Option<Digest>,
}

/// A cause, and how many replays it is one of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CauseCount {
    /// The class, such as `feed_drift`.
    pub reason: String,
    /// How it is known, `proved` by experiment, or by the `floor` rule.
    pub known_by: String,
    /// So many replays.
    pub replays: u64,
}

/// How well replays were isolated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IsolationV01 {
    /// The weakest level at which a foreign program ran; null where none did.
    pub weakest: Option<String>,
    /// Replays of the built-in scanner, which runs no foreign program.
    pub in_process: u64,
    /// Replays that ran nowhere.
    pub not_run: u64,
}

/// What the statement can be checked against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Evidence {
    /// SHA-256 of the result file.
    pub result: Digest,
    /// SHA-256 of what the sandbox saw in each replay where it was watched.
    pub ledgers: Vec<Digest>,
}

impl ReplayFidelityV01 {
    /// What `gate` says of `run`, which was read from a file of that digest and judged by `policy`.
    pub fn of(run: &RunResult, gate: &GateResult, policy: ResourceDescriptor, result: Digest) -> Self {
        let coverage = run.coverage().all();
        let executors = || run.replays.iter().filter_map(|replay| replay.executor.as_ref());
        let mut reasons = Vec::new();
        for reason in gate.reasons() {
            let code = reason.code.code().to_owned();
            if !reasons.contains(&code) {
                reasons.push(code);
            }
        }
        let profiles: BTreeSet<Digest> =
            run.replays.iter().flat_map(|replay| &replay.artifacts).map(|artifact| artifact.profile).collect();
        let ledgers: BTreeSet<Digest> = executors().filter_map(|executor| executor.ledger).collect();
        let foreign = executors().filter(|executor| !executor.in_process);
        let weakest = foreign.map(|executor| executor.isolation.unwrap_or(Isolation::None)).max();
        Self {
            verifier: Verifier { id: VERIFIER.to_owned(), version: run.stella_version.clone() },
            started_at: run.started_at,
            finished_at: run.finished_at,
            gate: gate.gate().code().to_owned(),
            verdict: gate.verdict().code().to_owned(),
            reasons,
            strict: gate.strictness().strict,
            policy,
            base_commit: run.base.as_ref().map(|base| base.rules.commit().to_owned()),
            source_commit: run.commit.clone(),
            candidate: candidate(run),
            ran_on: coverage.ran,
            of: coverage.of,
            regression: Question::of(&run.regression),
            fidelity: Question::of(&run.fidelity),
            approved_differences: approved(run),
            causes: causes(run),
            isolation: IsolationV01 {
                weakest: weakest.map(|level| level.code().to_owned()),
                in_process: executors().filter(|executor| executor.in_process).count() as u64,
                not_run: run.replays.iter().filter(|replay| replay.executor.is_none()).count() as u64,
            },
            profiles: profiles.into_iter().collect(),
            evidence: Evidence { result, ledgers: ledgers.into_iter().collect() },
        }
    }
}

fn candidate(run: &RunResult) -> Option<CandidateV01> {
    let Candidate::Built(named) = &run.candidate else { return None };
    let descriptor = ResourceDescriptor::new(&named.name, run.candidate_digest()?);
    Some(CandidateV01 { kind: named.kind.code().to_owned(), descriptor })
}

fn approved(run: &RunResult) -> Vec<Difference> {
    let approved = run.covered.iter().filter(|covered| covered.cover.is_approved());
    let difference = approved.map(|covered| Difference {
        id: covered.key.of.id().unwrap_or_default().to_owned(),
        artifact: covered.key.of.part().to_owned(),
        old: covered.key.old,
        new: covered.key.new,
    });
    difference.collect()
}

fn known_by(known_by: KnownBy) -> &'static str {
    match known_by {
        KnownBy::Proved => "proved",
        KnownBy::Floor => "floor",
    }
}

fn causes(run: &RunResult) -> Vec<CauseCount> {
    let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for replay in &run.replays {
        let Outcome::Drift { causes } = &replay.outcome else { continue };
        let of_one: BTreeSet<_> = causes.iter().map(|cause| (cause.reason.code(), known_by(cause.known_by))).collect();
        of_one.into_iter().for_each(|cause| *counts.entry(cause).or_default() += 1);
    }
    let count = counts.into_iter().map(|((reason, known_by), replays)| CauseCount {
        reason: reason.to_owned(),
        known_by: known_by.to_owned(),
        replays,
    });
    count.collect()
}

impl Question {
    fn of(tally: &Tally) -> Self {
        let counts = |level| LevelCounts::of(tally.counts(level));
        let outcomes = [
            ("match", tally.matched),
            ("lucky", tally.lucky),
            ("drift", tally.drift),
            ("flaky", tally.flaky),
            ("unhealthy", tally.unhealthy),
            ("unreplayable", tally.unreplayable),
            ("infra", tally.infra),
        ];
        Self {
            bf: counts(Level::Bitwise),
            sf: counts(Level::Semantic),
            pf: counts(Level::Policy),
            outcomes: outcomes.map(|(name, count)| (name.to_owned(), count)).into(),
        }
    }
}

impl LevelCounts {
    fn of((agreed, applicable): (u64, u64)) -> Self {
        let millionths = |whole: u128| format!("{}.{:06}", whole / 1_000_000, whole % 1_000_000);
        let rate = (applicable > 0).then(|| u128::from(agreed) * 1_000_000 / u128::from(applicable.max(1)));
        // Between 0 and 1; rounded down, as a bound from below may be.
        let low = Interval::wilson((agreed, applicable)).map(|interval| (interval.low * 1e6).floor() as u128);
        Self { agreed, applicable, rate: rate.map(millionths), lower_bound: low.map(millionths) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_never_rounded_up() {
        let counts = |agreed, applicable| LevelCounts::of((agreed, applicable));
        assert_eq!(counts(2, 3).rate.as_deref(), Some("0.666666"));
        assert_eq!(counts(9_999_999, 10_000_000).rate.as_deref(), Some("0.999999"));
        assert_eq!(counts(7, 7).rate.as_deref(), Some("1.000000"));
        assert_eq!(counts(0, 7).rate.as_deref(), Some("0.000000"));
        assert_eq!(counts(0, 7).lower_bound.as_deref(), Some("0.000000"));
        assert_eq!((counts(0, 0).rate, counts(0, 0).lower_bound), (None, None));
        // A perfect record of 189 replays is the first that shows 98 %.
        assert!(counts(189, 189).lower_bound.unwrap().as_str() >= "0.980000");
        assert!(counts(188, 188).lower_bound.unwrap().as_str() < "0.980000");
    }
}
