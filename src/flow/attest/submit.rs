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
use crate::attest::log::checkpoint::{Checkpoint, NotACheckpoint};
use crate::attest::log::entry::{Logged, is_signed};
use crate::attest::rekor::dialect::{Dialect, SubmitError};
use crate::attest::rekor::first::{self, First};
use crate::attest::rekor::generation::Generation;
use crate::attest::rekor::request::Request;
use crate::attest::rekor::second::{self, Second};
use crate::attest::rekor::submit::{self, Patience};
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

/// The scheme whose signatures are over a digest.
const DIGESTS: &str = "ecdsa-p256";

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
    /// The log takes no signature by such a key.
    #[error("the log takes no signature by such a key")]
    Scheme,
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
            Self::NotSent | Self::Scheme | Self::Submit(SubmitError::Impossible(_)) => "not-sent",
        }
    }
}

/// Why nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum SubmitQueueError {
    /// The queue cannot be used.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// A log of the second generation takes signatures over digests alone.
    #[error("`{name}` is signed by a key of {scheme}, which no log of the second generation takes")]
    Scheme {
        /// The first request of which that is so.
        name: String,
        /// The scheme.
        scheme: &'static str,
    },
    /// The log cannot be asked who it is.
    #[error("the log cannot be asked for its {0}")]
    Unknown(&'static str, #[source] SubmitError),
    /// What it gives as its key is not one.
    #[error("what the log gives as its key cannot be used")]
    BadKey(#[source] KeyError),
    /// What it gives as its checkpoint is not one.
    #[error("what the log gives as its checkpoint cannot be used")]
    BadCheckpoint(#[source] NotACheckpoint),
    /// It is not trusted.
    #[error("nothing is sent to the log {log}: {why}")]
    Untrusted {
        /// The log: its key, or its name.
        log: String,
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
            Self::Unknown(_, SubmitError::Impossible(_))
            | Self::BadKey(_)
            | Self::BadCheckpoint(_)
            | Self::Scheme { .. }
            | Self::Untrusted { .. } => FailureKind::Usage,
            Self::Unknown(..) => FailureKind::Infrastructure,
            Self::File(error) => error.kind(),
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Untrusted { .. } => Some(hint!("name the logs that you trust with {}", Parameter::TrustedRoot)),
            Self::Scheme { .. } => {
                Some("sign with a key of ecdsa-p256, or send it to a log of the first generation".into())
            }
            _ => None,
        }
    }
}

/// How a queue is sent.
#[derive(Debug, Clone, Copy)]
pub struct Sending<'s> {
    /// Of which generation the log is.
    pub generation: Generation,
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
    // Such a server panics on it, and answers as one that is out of order.
    let other = waiting.iter().find(|one| sending.generation == Generation::Second && one.key.scheme() != DIGESTS);
    if let Some(Waiting { name, key, .. }) = other {
        return Err(SubmitQueueError::Scheme { name: name.clone(), scheme: key.scheme() });
    }
    let dialect = trusted(log, sending, now())?;
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let worker = || {
        while let Some(one) = waiting.get(next.fetch_add(1, Ordering::Relaxed)) {
            let result = single((log, &*dialect), queue, one, sending, &now);
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

/// Refuses a log before anything is sent to it: what a log has is public for ever, and a bundle of it would not verify. How it is spoken with.
fn trusted(log: &dyn Transport, sending: Sending<'_>, now: Timestamp) -> Result<Box<dyn Dialect>, SubmitQueueError> {
    let (key, dialect): (_, Box<dyn Dialect>) = match sending.generation {
        Generation::First => {
            let pem = submit::shown(log, &First, first::PUBLIC_KEY, sending.patience);
            let pem = pem.map_err(|error| SubmitQueueError::Unknown("key", error))?;
            let key = PublicKey::read(&pem).map_err(SubmitQueueError::BadKey)?.digest();
            let untrusted = |why| SubmitQueueError::Untrusted { log: format!("with the key {key}"), why };
            (sending.root.log(key.as_bytes()).map_err(untrusted)?, Box::new(First))
        }
        Generation::Second => {
            let second = |log_id: &[u8]| Second { log_id: log_id.to_vec() };
            let text = submit::shown(log, &second(&[]), second::CHECKPOINT, sending.patience);
            let text = text.map_err(|error| SubmitQueueError::Unknown("checkpoint", error))?;
            let text = String::from_utf8(text).unwrap_or_default();
            let checkpoint = Checkpoint::read(&text).map_err(SubmitQueueError::BadCheckpoint)?;
            let name = checkpoint.origin;
            let known = sending.root.logs().iter().find(|log| log.host == name && is_signed(&checkpoint, name, log));
            let known = known.ok_or_else(|| SubmitQueueError::Untrusted {
                log: format!("`{name}`"),
                why: "it is not in the trusted root".to_owned(),
            })?;
            (known, Box::new(second(known.id.as_bytes())))
        }
    };
    if key.is_valid_at(now) {
        return Ok(dialect);
    }
    Err(SubmitQueueError::Untrusted { log: format!("`{}`", key.host), why: "it is not valid today".to_owned() })
}

fn single(
    (log, dialect): (&dyn Transport, &dyn Dialect),
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
    let second;
    let request = match sending.generation {
        Generation::First => &one.request,
        Generation::Second => {
            second = Request::of_second(&one.envelope, &one.key).ok_or(Undone::Scheme)?;
            &second
        }
    };
    let submitted = submit::submit(log, dialect, request, sending.patience)?;
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
