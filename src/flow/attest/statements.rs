//! What may be said of files: a result that was judged again, bound to the candidate that ran.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;

use crate::flow::attest::checksums::NamedFile;
use crate::model::candidate::Candidate;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::digest::Digest;
use crate::model::gate_result::GateResult;
use crate::model::result::RunResult;
use crate::model::shard::Shard;
use crate::model::text::hidden::is_hidden;
use crate::score::gate::request::{GateError, GateRequest};
use crate::wire::attestation::replay_fidelity::{self, ReplayFidelityV01};
use crate::wire::attestation::statement::{ResourceDescriptor, Statement};
use crate::wire::attestation::svr::{self, SvrV02};
use crate::wire::attestation::test_result::{self, TestResultV01};
use crate::wire::v1::error::ReadError;
use crate::wire::v1::read_result;

/// The most bytes of a predicate: logs and verifiers have limits, and a larger one belongs into a file that is named by digest.
const MOST_PREDICATE: usize = 1024 * 1024;

/// How far the clocks of two machines may be apart.
const CLOCKS_APART: SignedDuration = SignedDuration::from_mins(5);

/// A statement about one file, ready to be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadyStatement {
    /// The file.
    pub artifact: NamedFile,
    /// The short name of the predicate, as it stands in names of files.
    pub predicate: &'static str,
    /// The type of the predicate.
    pub predicate_type: &'static str,
    /// The statement: JSON in one line, the same bytes for the same.
    pub bytes: Vec<u8>,
}

/// What may be said, and what it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Statements {
    /// The run.
    pub run: RunResult,
    /// What the gate says of it now.
    pub gate: GateResult,
    /// One for each file and predicate.
    pub all: Vec<ReadyStatement>,
}

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum AttestError {
    /// It is not a result.
    #[error("the result cannot be read")]
    Result(#[from] ReadError),
    /// The gate cannot be asked.
    #[error("the gate cannot be asked")]
    Gate(#[from] GateError),
    /// It is of one shard: what the others found is not in it.
    #[error("the result is of shard {0} alone")]
    OneShard(Shard),
    /// Nothing was built that a file could be.
    #[error("the run had no candidate, so no file can be the one that was replayed")]
    NoCandidate,
    /// It ran in no replay.
    #[error("the candidate ran on none of {0} replays")]
    NotRun(u64),
    /// Its digest is not known, or there are several.
    #[error("the result does not say one digest of the candidate that ran")]
    NoDigest,
    /// None of the files is the candidate.
    #[error("none of the {files} files is the candidate that ran on {ran} of {of} replays, {candidate}")]
    OtherFiles {
        /// How many files there are.
        files: usize,
        /// The candidate.
        candidate: Digest,
        /// In how many it ran.
        ran: u64,
        /// Of how many.
        of: u64,
    },
    /// It is of another commit than the one that is checked out.
    #[error("the result is of {}, and {} is checked out", commit(.result.as_deref()), commit(.checkout.as_deref()))]
    OtherCommit {
        /// That of the result.
        result: Option<String>,
        /// That of the checkout.
        checkout: Option<String>,
    },
    /// What ran was built from something else than the commit.
    #[error(
        "when the candidate was built, {0} of the files of the commit lay in the checkout otherwise than it has them"
    )]
    Uncommitted(u64),
    /// Nobody knows whether it was.
    #[error("the result does not say whether the files of the commit were changed when the candidate was built")]
    CommitUnsure,
    /// The rules are not those of the commit.
    #[error("the configuration lies in this checkout otherwise than the commit has it")]
    OtherRules,
    /// A name that is read by people as another one, or acts upon a terminal.
    #[error("the result says `{}`, and some of its characters are not seen", .0.escape_debug())]
    Hidden(String),
    /// Its times cannot be.
    #[error("the result says that the run began at {started} and ended at {finished}")]
    Times {
        /// Its beginning.
        started: Timestamp,
        /// Its end.
        finished: Timestamp,
    },
    /// The predicate is larger than what logs and verifiers take.
    #[error("the predicate `{predicate}` has {bytes} bytes, more than {MOST_PREDICATE}")]
    TooLarge {
        /// Which.
        predicate: &'static str,
        /// Its size.
        bytes: usize,
    },
    /// It cannot be written as JSON.
    #[error("the statement cannot be written")]
    Unwritable(#[source] serde_json::Error),
}

impl Diagnostic for AttestError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Result(error) => error.kind(),
            Self::Gate(error) => error.kind(),
            Self::OneShard(_)
            | Self::NoCandidate
            | Self::NotRun(_)
            | Self::NoDigest
            | Self::OtherCommit { .. }
            | Self::Uncommitted(_)
            | Self::CommitUnsure
            | Self::OtherRules
            | Self::Times { .. }
            | Self::OtherFiles { .. } => FailureKind::Inconclusive,
            Self::TooLarge { .. } | Self::Hidden(_) => FailureKind::Usage,
            Self::Unwritable(_) => FailureKind::Infrastructure,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Gate(error) => error.hint(),
            Self::OneShard(_) => Some("attest what the merge of all shards has left".into()),
            Self::NoDigest => {
                Some("shards must build the candidate alike, and a feed has no digest in a result yet".into())
            }
            Self::OtherFiles { .. } => {
                Some("release the very file that was replayed; one that was built again may differ".into())
            }
            Self::OtherCommit { .. } => Some(
                "attest in a checkout of the commit that was replayed: its configuration is what the run is judged by"
                    .into(),
            ),
            Self::Uncommitted(_) | Self::CommitUnsure => {
                Some("run it in a fresh checkout, or commit: a statement names the commit as what was built".into())
            }
            Self::OtherRules => {
                Some("a statement names the commit: commit the configuration, or take that of the commit".into())
            }
            Self::Times { .. } => Some("its end must not lie before its beginning, nor in the future".into()),
            Self::Result(_)
            | Self::NoCandidate
            | Self::NotRun(_)
            | Self::Hidden(_)
            | Self::TooLarge { .. }
            | Self::Unwritable(_) => None,
        }
    }
}

fn commit(commit: Option<&str>) -> String {
    commit.map_or_else(|| "no commit that is told".to_owned(), |commit| format!("the commit {commit}"))
}

/// What is signed by: where the attesting machine stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkout {
    /// The commit that is checked out; `None` outside of a repository.
    pub commit: Option<String>,
    /// The configuration is that of the commit, where there is one.
    pub has_committed_rules: bool,
    /// The gate, by the digest of its configuration.
    pub policy: ResourceDescriptor,
}

/// Reads a result, judges it by `gate`, whose configuration is that of `checkout`, and says what may be said of `files`.
///
/// A failure is said as a success is: what is refused is a result that is not of these files.
///
/// # Errors
/// [`AttestError`].
pub fn prepare(
    result: &[u8],
    gate: &GateRequest,
    checkout: &Checkout,
    files: &[NamedFile],
    now: Timestamp,
) -> Result<Statements, AttestError> {
    let mut run = read_result::read(result)?;
    if let Some(shard) = run.part.shard() {
        return Err(AttestError::OneShard(shard));
    }
    if run.commit != checkout.commit {
        let (result, checkout) = (run.commit, checkout.commit.clone());
        return Err(AttestError::OtherCommit { result, checkout });
    }
    if run.commit.is_some() {
        match run.uncommitted {
            Some(0) => {}
            Some(files) => return Err(AttestError::Uncommitted(files)),
            None => return Err(AttestError::CommitUnsure),
        }
    }
    if !checkout.has_committed_rules {
        return Err(AttestError::OtherRules);
    }
    // Verifiers ask how old it is: nobody can make it younger than it is.
    if run.finished_at < run.started_at || run.finished_at.duration_since(now) > CLOCKS_APART {
        return Err(AttestError::Times { started: run.started_at, finished: run.finished_at });
    }
    let policy = &checkout.policy;
    // Whatever the file says of a gate, it was not read.
    let gate = gate.judge(Some(&run), now)?;
    run.gate = Some(gate.clone());
    let candidate = bound(&run, files)?;
    let test_result = TestResultV01::of(&run, &gate, policy.clone());
    let fidelity = ReplayFidelityV01::of(&run, &gate, policy.clone(), Digest::of(result));
    let passed = SvrV02::of(&run, &gate, policy.clone());
    all_seen(&serde_json::to_value((&test_result, &fidelity, &candidate.name)).map_err(AttestError::Unwritable)?)?;
    let mut all = Vec::new();
    for file in files {
        let subjects = || {
            let own = ResourceDescriptor::new(&file.name, file.digest);
            let other = (candidate.digest != own.digest).then(|| candidate.clone());
            [own].into_iter().chain(other).collect::<Vec<_>>()
        };
        all.push(ready(file, "test-result", test_result::TYPE, subjects(), &test_result)?);
        all.push(ready(file, "replay-fidelity", replay_fidelity::TYPE, subjects(), &fidelity)?);
        if let Some(passed) = &passed {
            all.push(ready(file, "svr", svr::TYPE, subjects(), passed)?);
        }
    }
    Ok(Statements { run, gate, all })
}

/// Refuses texts with characters that are not seen: what is signed is shown to people everywhere. Names of files are held to more.
fn all_seen(value: &Value) -> Result<(), AttestError> {
    match value {
        Value::String(text) if text.chars().any(is_hidden) => Err(AttestError::Hidden(text.clone())),
        Value::Array(all) => all.iter().try_for_each(all_seen),
        Value::Object(all) => all.iter().try_for_each(|(name, value)| {
            all_seen(value)?;
            if name.chars().any(is_hidden) { Err(AttestError::Hidden(name.clone())) } else { Ok(()) }
        }),
        _ => Ok(()),
    }
}

/// The candidate that ran, which one of `files` is.
fn bound(run: &RunResult, files: &[NamedFile]) -> Result<ResourceDescriptor, AttestError> {
    let Candidate::Built(named) = &run.candidate else { return Err(AttestError::NoCandidate) };
    let counted = run.coverage().all();
    if counted.ran == 0 {
        return Err(AttestError::NotRun(counted.of));
    }
    let candidate = run.candidate_digest().ok_or(AttestError::NoDigest)?;
    if !files.iter().any(|file| file.digest == candidate) {
        return Err(AttestError::OtherFiles { files: files.len(), candidate, ran: counted.ran, of: counted.of });
    }
    Ok(ResourceDescriptor::new(&named.name, candidate))
}

fn ready<P: Serialize>(
    file: &NamedFile,
    predicate: &'static str,
    predicate_type: &'static str,
    subjects: Vec<ResourceDescriptor>,
    said: &P,
) -> Result<ReadyStatement, AttestError> {
    let bytes = serde_json::to_vec(said).map_err(AttestError::Unwritable)?.len();
    if bytes > MOST_PREDICATE {
        return Err(AttestError::TooLarge { predicate, bytes });
    }
    let statement =
        serde_json::to_vec(&Statement::new(subjects, predicate_type, said)).map_err(AttestError::Unwritable)?;
    Ok(ReadyStatement { artifact: file.clone(), predicate, predicate_type, bytes: statement })
}
