//! Why a result cannot be read.

use crate::model::comparison::fidelity::OrderBroken;
use crate::model::diagnostic::{Diagnostic, FailureKind};
use crate::wire::v1::base::WrongChange;

/// The largest document that is read, in bytes: far above thousands of drifted replays.
pub const MAX_BYTES: usize = 32 * 1024 * 1024;

/// Why a text is not a result that can be used.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// More than [`MAX_BYTES`].
    #[error("the result has {bytes} bytes: expected at most {MAX_BYTES}")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Another format, or a version that came later.
    #[error("the result has the schema `{found}`: expected `stella.result/1`; a newer stella may read it")]
    OtherSchema {
        /// What it says it is.
        found: String,
    },
    /// Not JSON, or not of the right shape.
    #[error("the result cannot be read at `{path}`")]
    Shape {
        /// Where.
        path: String,
        /// What is wrong there.
        source: serde_json::Error,
    },
    /// A replay that says two things at once.
    #[error("replay `{id}` contradicts itself: {what}")]
    Contradiction {
        /// Which replay.
        id: String,
        /// What is wrong.
        what: &'static str,
    },
    /// A stronger level holds and a weaker one does not.
    #[error("replay `{id}` has impossible levels")]
    Levels {
        /// Which replay.
        id: String,
        /// Which levels.
        source: OrderBroken,
    },
    /// Two replays with the same kind, mode and id.
    #[error("replay `{id}` stands twice in the result")]
    Duplicate {
        /// The id.
        id: String,
    },
    /// What is told of the candidate is not what its replays say.
    #[error("what the result says of the candidate is not what its replays say")]
    Candidate,
    /// What it says of a base does not go together.
    #[error("what the result says of its base contradicts itself")]
    Base(#[source] WrongChange),
    /// What it says of shards does not go together.
    #[error("what the result says of shards contradicts itself")]
    Shard,
    /// The rates are not those of the replays.
    #[error("the rates in the result are not those of its replays")]
    Rates,
}

impl Diagnostic for ReadError {
    fn kind(&self) -> FailureKind {
        FailureKind::Usage
    }
}

/// Why a result cannot be written: a bug of a type, no result causes it.
#[derive(Debug, thiserror::Error)]
#[error("the result cannot be written as JSON")]
pub struct UnwritableResult(#[from] serde_json::Error);

impl Diagnostic for UnwritableResult {
    fn kind(&self) -> FailureKind {
        FailureKind::Infrastructure
    }
}
