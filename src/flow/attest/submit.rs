//! A queue goes into a log, and becomes bundles: several requests at the same time, each for itself.
//!
//! Invariants: nothing is sent to a log whose key is not trusted; a bundle is written when it was verified as its readers will verify it, and
//! its request goes when it is on disk; one failure keeps no other from being sent.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use jiff::Timestamp;

use crate::attest::bundle::{Bundle, BundleError, MOST_BYTES};
use crate::attest::key::error::KeyError;
use crate::attest::key::public::PublicKey;
use crate::attest::log::entry::Logged;
use crate::attest::rekor::submit::{self, Patience, SubmitError};
use crate::attest::rekor::transport::Transport;
use crate::attest::trusted_root::TrustedRoot;
use crate::flow::attest::queue::{Queue, QueueError, Waiting};
use crate::hint;
use crate::host::fs::{self, FsError};
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
use crate::model::digest::Digest;
use crate::model::parameter::Parameter;

/// Where all bundles stand, one in a line.
const ALL: &str = "attestations.sigstore.jsonl";
/// What the name of a bundle ends with.
const EXTENSION: &str = ".sigstore.json";

/// What became of a request.
#[derive(Debug)]
pub struct Outcome {
    /// Its name in the queue.
    pub name: String,
    /// The bundle; or why there is none. Then the request waits.
    pub result: Result<Done, Undone>,
}

/// A request that is done.
#[derive(Debug, PartialEq, Eq)]
pub struct Done {
    /// The bundle.
    pub bundle: PathBuf,
    /// The log that has it.
    pub logged: Logged,
    /// How often it was sent.
    pub sent: u32,
    /// The log had it already.
    pub was_there: bool,
}

/// Why a request is not done.
#[derive(Debug, thiserror::Error)]
pub enum Undone {
    /// The log has not taken it.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// What the log shows of it is not what a reader accepts.
    #[error("what the log shows of it does not verify")]
    Bundle(#[from] BundleError),
    /// The bundle cannot be written down.
    #[error("the bundle cannot be encoded")]
    Encoding(#[from] serde_json::Error),
    /// The bundle cannot be kept.
    #[error(transparent)]
    File(#[from] FsError),
    /// Nobody came round to it.
    #[error("it was not sent")]
    NotSent,
}

impl Undone {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Submit(SubmitError::Outage { .. }) => "outage",
            Self::Submit(SubmitError::Refused { .. }) => "refused",
            Self::Submit(SubmitError::Other) => "other-entry",
            Self::Bundle(_) => "not-verified",
            Self::Encoding(_) | Self::File(_) => "not-kept",
            Self::NotSent | Self::Submit(SubmitError::Impossible(_)) => "not-sent",
        }
    }
}

/// Why nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum SubmitQueueError {
    /// The queue cannot be used.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The log cannot be asked for its key.
    #[error("the log cannot be asked for its key")]
    Key(#[source] SubmitError),
    /// What it gives as its key is not one.
    #[error("what the log gives as its key cannot be used")]
    BadKey(#[source] KeyError),
    /// Its key is not trusted.
    #[error("nothing is sent to the log with the key {key}: {why}")]
    Untrusted {
        /// The digest of its key.
        key: Digest,
        /// Why.
        why: String,
    },
    /// The bundles cannot be put together.
    #[error(transparent)]
    File(#[from] FsError),
}

impl Diagnostic for SubmitQueueError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Queue(error) => error.kind(),
            // Its URL is not one that is called.
            Self::Key(SubmitError::Impossible(_)) | Self::BadKey(_) | Self::Untrusted { .. } => FailureKind::Usage,
            Self::Key(_) => FailureKind::Infrastructure,
            Self::File(error) => error.kind(),
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Untrusted { .. } => Some(hint!("name the logs that you trust with {}", Parameter::TrustedRoot)),
            _ => None,
        }
    }
}

/// How a queue is sent.
#[derive(Debug, Clone, Copy)]
pub struct Sending<'s> {
    /// Where bundles are written.
    pub to: &'s Path,
    /// The logs that are trusted.
    pub root: &'s TrustedRoot,
    /// How long all of it may take, and how often one request is tried.
    pub patience: Patience,
    /// How many are sent at the same time, at least 1.
    pub jobs: usize,
}

/// Sends all that waits in `queue`; what became of each, by name, and whether the bundles could be put together.
///
/// # Errors
/// [`SubmitQueueError`] where nothing was sent.
pub fn submit(
    log: &impl Transport,
    queue: &Queue,
    sending: Sending<'_>,
    now: impl Fn() -> Timestamp + Sync,
) -> Result<(Vec<Outcome>, Result<(), FsError>), SubmitQueueError> {
    let waiting = queue.waiting()?;
    if waiting.is_empty() {
        // A run before may have been killed just then.
        return Ok((Vec::new(), together(sending.to)));
    }
    trusted(log, sending, now())?;
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let worker = || {
        while let Some(one) = waiting.get(next.fetch_add(1, Ordering::Relaxed)) {
            let result = single(log, queue, one, sending, &now);
            let outcome = Outcome { name: one.name.clone(), result };
            done.lock().unwrap_or_else(PoisonError::into_inner).push(outcome);
        }
    };
    thread::scope(|scope| {
        for _ in 1..sending.jobs.min(waiting.len()) {
            // As many as there are do it; this one always does.
            if thread::Builder::new().spawn_scoped(scope, worker).is_err() {
                break;
            }
        }
        worker();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    let missed = waiting.iter().filter(|one| !done.iter().any(|outcome| outcome.name == one.name));
    let missed: Vec<_> = missed.map(|one| Outcome { name: one.name.clone(), result: Err(Undone::NotSent) }).collect();
    done.extend(missed);
    done.sort_by(|a, b| a.name.cmp(&b.name));
    Ok((done, together(sending.to)))
}

/// Refuses a log before anything is sent to it: what a log has is public for ever, and a bundle of it would not verify.
fn trusted(log: &impl Transport, sending: Sending<'_>, now: Timestamp) -> Result<(), SubmitQueueError> {
    let pem = submit::public_key(log, sending.patience).map_err(SubmitQueueError::Key)?;
    let key = PublicKey::read(&pem).map_err(SubmitQueueError::BadKey)?.digest();
    match sending.root.log(key.as_bytes()) {
        Ok(log) if log.is_valid_at(now) => Ok(()),
        Ok(_) => Err(SubmitQueueError::Untrusted { key, why: "it is not valid today".to_owned() }),
        Err(why) => Err(SubmitQueueError::Untrusted { key, why }),
    }
}

fn single(
    log: &impl Transport,
    queue: &Queue,
    one: &Waiting,
    sending: Sending<'_>,
    now: impl Fn() -> Timestamp,
) -> Result<Done, Undone> {
    let path = sending.to.join(format!("{}{EXTENSION}", one.name));
    let signature = one.envelope.unverified_signatures().first().cloned().unwrap_or_default();
    let (payload_type, payload) = (one.envelope.payload_type(), one.envelope.unverified_payload().to_vec());
    let bundle = |entries| Bundle::of_envelope(payload_type, payload.clone(), signature.clone(), &one.key, entries);
    // Before anything is sent: what lies there may be the only bundle of something else.
    if let Some(there) = fs::read_if_present(&path, MOST_BYTES)?
        && !Bundle::read(&there).is_ok_and(|there| there.is_of_the_same(&bundle(Vec::new())))
    {
        return Err(FsError::Exists { path }.into());
    }
    let submitted = submit::submit(log, &one.request, sending.patience)?;
    let bundle = bundle(vec![submitted.entry]);
    let json = bundle.to_json()? + "\n";
    // What a reader will see, and not what was meant to be written.
    let read = Bundle::read(json.as_bytes())?;
    let nothing = Digest::of(b"");
    let by = read.signed_by(std::slice::from_ref(&one.key), nothing)?;
    let logged =
        read.logged(by.by, nothing, sending.root, (None, now()))?.into_iter().next().ok_or(BundleError::NoLog)?;
    fs::write_output(&path, json.as_bytes())?;
    queue.done(&one.name)?;
    Ok(Done { bundle: path, logged, sent: submitted.sent, was_there: submitted.was_there })
}

/// All bundles of the folder that were written here in one file, those of an earlier run that was killed among them. Those of others, which
/// nobody has verified, are as a rule written otherwise.
fn together(dir: &Path) -> Result<(), FsError> {
    if fs::is_missing(dir) {
        return Ok(());
    }
    let mut lines = Vec::new();
    for item in fs::list(dir)? {
        if item.relative.to_string_lossy().ends_with(EXTENSION) {
            let bytes = fs::read(&dir.join(&item.relative), MOST_BYTES)?;
            let as_written = Bundle::read(&bytes).ok().and_then(|bundle| bundle.to_json().ok());
            if as_written.is_some_and(|json| bytes == (json + "\n").as_bytes()) {
                lines.extend(bytes);
            }
        }
    }
    fs::write_output(&dir.join(ALL), &lines)
}

#[cfg(test)]
mod tests;
