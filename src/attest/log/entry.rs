//! An entry of a log, as a bundle carries it, and whether the log has it.
//!
//! Rekor's first generation promises an entry (a signature over its body, index and time) and proves it by a path to a checkpoint; the second
//! proves it alone, and knows no time. Invariants: whatever is given is checked, also where less would do; a value that nothing signs must be
//! the one that a signed value makes it; what is said of an entry afterwards was signed by the log.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::attest::base64;
use crate::attest::key::error::KeyError;
use crate::attest::log::checkpoint::{Checkpoint, NotACheckpoint};
use crate::attest::log::leaf::{self, Kind, Maker, Signed};
use crate::attest::log::merkle;
use crate::attest::trusted_root::{Log, TrustedRoot};
use crate::model::digest::Digest;

/// How far the clock of a log may be ahead of this machine's.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(60);

/// An entry, nothing of it checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its index among all entries of the log, whose first generation may have several trees.
    pub index: u64,
    /// The id of the log.
    pub log_id: Vec<u8>,
    /// How it is kept: kind and version.
    pub kind: (String, String),
    /// When the log took it up, in seconds; 0 where the log does not say.
    pub time: i64,
    /// The log's promise: a signature over body, index and time.
    pub promise: Option<Vec<u8>>,
    /// The log's proof.
    pub proof: Option<Proof>,
    /// What the log keeps.
    pub body: Vec<u8>,
}

/// That an entry is in a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Its index in the tree.
    pub index: u64,
    /// How many entries the tree has.
    pub size: u64,
    /// The root of the tree.
    pub root: Vec<u8>,
    /// What leads from the entry to the root.
    pub path: Vec<Digest>,
    /// What the log has signed of the tree.
    pub checkpoint: String,
}

/// Whether an entry may be without a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProofIs {
    /// It may not.
    Needed,
    /// A promise is enough: in bundles of the first version.
    NotNeeded,
}

/// What a log says of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// The log.
    pub log: String,
    /// The index of the entry: among all of the log where the log has signed that, else in its tree.
    pub index: u64,
    /// When the log took it up; `None` where it does not say.
    pub time: Option<Timestamp>,
}

/// Why an entry shows nothing.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    /// A kind that is not known here.
    #[error("the log entry is of the kind `{0}` {1}, which is not supported")]
    Kind(String, String),
    /// A log that nothing can be verified by.
    #[error("nothing can be verified by the log {id}: {why}")]
    Log {
        /// Its id, in hexadecimal.
        id: String,
        /// Why.
        why: String,
    },
    /// It is of something else.
    #[error("the log entry is not of this signature by who made it")]
    OtherContent,
    /// Neither a proof nor, where that is enough, a promise.
    #[error("nothing shows that the log has the entry: {0} is missing")]
    Missing(&'static str),
    /// The proof does not lead to the root.
    #[error("the log entry is not in the tree that the log has signed")]
    NotInTree,
    /// The checkpoint cannot be read.
    #[error("the checkpoint of the log cannot be read")]
    Checkpoint(#[from] NotACheckpoint),
    /// Nobody who is trusted has signed the checkpoint.
    #[error("the checkpoint `{0}` is not signed by the log")]
    NotSigned(String),
    /// The promise is by somebody else, or of something else.
    #[error("the log has not promised this entry at this index and time")]
    NotPromised,
    /// A value that nothing signs is not the one that is signed.
    #[error("`{0}` of the log entry is not what the log has signed")]
    Twin(&'static str),
    /// The time is not one at which the log could sign.
    #[error("the log took the entry up at {0} or before, when its key was not valid, or that is to come")]
    Time(Timestamp),
    /// The key cannot be encoded.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Whether a log that is trusted has `entry`, and `entry` is of that signature by that maker. Where the log says no time, its key must have
/// been valid at `shown`, which timestamps show, or else must be now: who takes the promise out of a bundle must not gain by it.
///
/// # Errors
/// [`EntryError`].
pub fn verify(
    entry: &Entry,
    signed: &Signed<'_>,
    by: Maker<'_>,
    root: &TrustedRoot,
    proof_is: ProofIs,
    (shown, now): (Option<Timestamp>, Timestamp),
) -> Result<Logged, EntryError> {
    let (kind, version) = &entry.kind;
    let kind = Kind::of(kind, version).ok_or_else(|| EntryError::Kind(kind.clone(), version.clone()))?;
    let unknown = |why| EntryError::Log { id: hex::encode(&entry.log_id), why };
    let log = root.log(&entry.log_id).map_err(unknown)?;
    if !leaf::is_of(&entry.body, kind, signed, by)? {
        return Err(EntryError::OtherContent);
    }
    match &entry.proof {
        Some(proof) => proved(entry, proof, kind, log)?,
        None if kind.is_of_second() || proof_is == ProofIs::Needed => return Err(EntryError::Missing("a proof")),
        // Then the promise stands for it.
        None if entry.promise.is_none() => return Err(EntryError::Missing("a promise")),
        None => {}
    }
    let time = match &entry.promise {
        Some(_) if kind.is_of_second() => return Err(EntryError::Twin("inclusionPromise")),
        Some(promise) => Some(promised(entry, promise, log, now)?),
        // A time that nobody has signed is none.
        None if entry.time != 0 => return Err(EntryError::Twin("integratedTime")),
        None => None,
    };
    let valid_at = time.or(shown).unwrap_or(now);
    if !log.is_valid_at(valid_at) {
        return Err(EntryError::Time(valid_at));
    }
    let index = match (&entry.proof, &entry.promise) {
        (Some(proof), None) => proof.index,
        _ => entry.index,
    };
    Ok(Logged { log: log.base_url.clone(), index, time })
}

/// The proof leads to the root that the log has signed.
fn proved(entry: &Entry, proof: &Proof, kind: Kind, log: &Log) -> Result<(), EntryError> {
    let checkpoint = Checkpoint::read(&proof.checkpoint)?;
    // What is said beside it, a reader could believe.
    if proof.size != checkpoint.size {
        return Err(EntryError::Twin("treeSize"));
    }
    if proof.root != checkpoint.root.as_bytes() {
        return Err(EntryError::Twin("rootHash"));
    }
    if kind.is_of_second() && proof.index != entry.index {
        return Err(EntryError::Twin("logIndex"));
    }
    // Trees of the first generation are called `NAME - NUMBER`, and the log signs by its name.
    let name = match checkpoint.origin.rsplit_once(" - ") {
        Some((name, tree)) if !kind.is_of_second() && is_number(tree) => name,
        None if kind.is_of_second() && checkpoint.origin == log.host => checkpoint.origin,
        _ => return Err(EntryError::NotSigned(checkpoint.origin.to_owned())),
    };
    if !is_signed(&checkpoint, name, log) {
        return Err(EntryError::NotSigned(checkpoint.origin.to_owned()));
    }
    let reached = merkle::root_over(merkle::leaf(&entry.body), proof.index, proof.size, &proof.path);
    if reached == Some(checkpoint.root) { Ok(()) } else { Err(EntryError::NotInTree) }
}

/// Whether `log`, under this name, has signed `checkpoint`.
pub fn is_signed(checkpoint: &Checkpoint<'_>, name: &str, log: &Log) -> bool {
    checkpoint.signatures.iter().any(|signature| {
        signature.name == name
            && signature.hint == log.id.as_bytes()[..4]
            && log.key.verify(checkpoint.signed.as_bytes(), &signature.bytes).is_ok()
    })
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What a promise signs: RFC 8785, which this is.
pub fn promised_bytes(entry: &Entry) -> Vec<u8> {
    let promised = json!({
        "body": base64::encode(&entry.body),
        "integratedTime": entry.time,
        "logID": hex::encode(&entry.log_id),
        "logIndex": entry.index,
    });
    promised.to_string().into_bytes()
}

/// When the log took it up, as it has signed.
fn promised(entry: &Entry, promise: &[u8], log: &Log, now: Timestamp) -> Result<Timestamp, EntryError> {
    log.key.verify(&promised_bytes(entry), promise).map_err(|_| EntryError::NotPromised)?;
    let time = Timestamp::from_second(entry.time).map_err(|_| EntryError::NotPromised)?;
    if time.duration_since(now) <= CLOCK_SKEW { Ok(time) } else { Err(EntryError::Time(time)) }
}
