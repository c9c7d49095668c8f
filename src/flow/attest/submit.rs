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
use crate::attest::log::entry::{Entry, Logged, is_signed};
use crate::attest::rekor::dialect::{Dialect, SubmitError};
use crate::attest::rekor::first::{self, First};
use crate::attest::rekor::generation::Generation;
use crate::attest::rekor::request::Request;
use crate::attest::rekor::second::{self, Second};
use crate::attest::rekor::submit::{self, Patience};
use crate::attest::rekor::transport::Transport;
use crate::attest::trusted_root::TrustedRoot;
use crate::attest::x509::certificate::SignedBy;
use crate::attest::x509::certified::LogIs;
use crate::attest::x509::identity::{Identity, NotAnExpression};
use crate::flow::attest::expected::{self, Expected};
use crate::flow::attest::queue::{Queue, QueueError, Waiting};
use crate::flow::attest::stamp::{self, StampError, Stamping};
use crate::flow::attest::verify::{self, Signers, Trust, VerifyError};
use crate::hint;
use crate::host::fs::{self, FsError};
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};
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
    /// The same, as a reader says it.
    #[error("its bundle would not verify")]
    NotVerified(#[from] VerifyError),
    /// It would not verify, whatever the log says; nothing was sent.
    #[error("it would not verify, so it was not sent")]
    BeforeSent(#[source] VerifyError),
    /// A certificate is over soon, and such a log says no time.
    #[error("a certificate needs a timestamp where the log says no time, so it was not sent")]
    NoTimestamp,
    /// It is not a statement about a file.
    #[error("it is not a statement about a file")]
    NoStatement,
    /// An expression cannot be used.
    #[error(transparent)]
    Expression(#[from] NotAnExpression),
    /// There is no timestamp of it.
    #[error(transparent)]
    Stamp(#[from] StampError),
    /// The queue cannot keep what belongs to it.
    #[error(transparent)]
    Queue(#[from] QueueError),
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
            Self::Bundle(_) | Self::NotVerified(_) | Self::BeforeSent(_) => "not-verified",
            Self::Encoding(_) | Self::File(_) | Self::Queue(_) => "not-kept",
            Self::Stamp(_) | Self::NoTimestamp => "no-timestamp",
            Self::NotSent
            | Self::Scheme
            | Self::NoStatement
            | Self::Expression(_)
            | Self::Submit(SubmitError::Impossible(_)) => "not-sent",
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
    /// Where a timestamp is asked for of what has none.
    pub stamping: Option<Stamping<'s>>,
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
    let other = waiting.iter().find(|one| sending.generation == Generation::Second && one.by.key().scheme() != DIGESTS);
    if let Some(Waiting { name, by, .. }) = other {
        return Err(SubmitQueueError::Scheme { name: name.clone(), scheme: by.key().scheme() });
    }
    let dialect = trusted(log, (sending.generation, sending.root, sending.patience), now())?;
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
///
/// # Errors
/// [`SubmitQueueError`].
pub fn trusted(
    log: &dyn Transport,
    (generation, root, patience): (Generation, &TrustedRoot, Patience),
    now: Timestamp,
) -> Result<Box<dyn Dialect>, SubmitQueueError> {
    let (key, dialect): (_, Box<dyn Dialect>) = match generation {
        Generation::First => {
            let pem = submit::shown(log, &First, first::PUBLIC_KEY, patience);
            let pem = pem.map_err(|error| SubmitQueueError::Unknown("key", error))?;
            let key = PublicKey::read(&pem).map_err(SubmitQueueError::BadKey)?.digest();
            let untrusted = |why| SubmitQueueError::Untrusted { log: format!("with the key {key}"), why };
            (root.log(key.as_bytes()).map_err(untrusted)?, Box::new(First))
        }
        Generation::Second => {
            let second = |log_id: &[u8]| Second { log_id: log_id.to_vec() };
            let text = submit::shown(log, &second(&[]), second::CHECKPOINT, patience);
            let text = text.map_err(|error| SubmitQueueError::Unknown("checkpoint", error))?;
            let text = String::from_utf8(text).unwrap_or_default();
            let checkpoint = Checkpoint::read(&text).map_err(SubmitQueueError::BadCheckpoint)?;
            let name = checkpoint.origin;
            let known = root.logs().iter().find(|log| log.host == name && is_signed(&checkpoint, name, log));
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
    let (payload_type, payload) = (one.envelope.payload_type(), one.envelope.unverified_payload());
    let file = expected::first_subject(payload).ok_or(Undone::NoStatement)?;
    let bundle =
        |entries| Bundle::of_envelope(payload_type, payload.to_vec(), signature.clone(), one.by.maker(), entries);
    // Before anything is sent: what lies there may be the only bundle of something else.
    if let Some(there) = fs::read_if_present(&path, MOST_BYTES)?
        && !Bundle::read(&there).is_ok_and(|there| there.is_of_the_same(&bundle(Vec::new())))
    {
        return Err(FsError::Exists { path }.into());
    }
    let timestamp = match (&one.timestamp, sending.stamping) {
        (Some(there), _) => Some(there.clone()),
        (None, Some(stamping)) => {
            let timestamp = stamp::stamp(stamping, &signature, sending.root, now())?;
            queue.keep_timestamp(&one.name, &timestamp)?;
            Some(timestamp)
        }
        (None, None) => None,
    };
    // What a log has is public for ever: whether a bundle can come of it is seen before.
    let anybody = Identity::anybody()?;
    let signers = || match &one.by {
        SignedBy::Key(key) => Signers::Keys(std::slice::from_ref(key)),
        SignedBy::Certificate(_) => Signers::Certificate(&anybody),
    };
    match (&timestamp, &one.by, sending.generation) {
        (Some(timestamp), ..) => {
            let json = bundle(Vec::new()).with_timestamps(vec![timestamp.clone()]).to_json()?;
            let trust = Trust { signers: signers(), logs: Some(sending.root), log_is: LogIs::NotNeeded };
            verify::verify(json.as_bytes(), trust, &Expected::of(file), now()).map_err(Undone::BeforeSent)?;
        }
        (None, SignedBy::Certificate(_), Generation::Second) => return Err(Undone::NoTimestamp),
        (None, ..) => {}
    }
    let second;
    let request = match sending.generation {
        Generation::First => &one.request,
        Generation::Second => {
            second = Request::of_second(&one.envelope, one.by.maker()).ok_or(Undone::Scheme)?;
            &second
        }
    };
    let submitted = submit::submit(log, dialect, request, sending.patience)?;
    let entry = as_readers_take_it(submitted.entry, &one.by);
    let bundle = bundle(vec![entry]).with_timestamps(timestamp.into_iter().collect());
    let json = bundle.to_json()? + "\n";
    // As a reader will, and not what was meant to be written.
    let trust = Trust { signers: signers(), logs: Some(sending.root), log_is: LogIs::Needed };
    let verified = verify::verify(json.as_bytes(), trust, &Expected::of(file), now())?;
    let logged = verified.logs.into_iter().next().ok_or(BundleError::NoLog)?;
    fs::write_output(&path, json.as_bytes())?;
    queue.done(&one.name)?;
    Ok(Done { bundle: path, logged, sent: submitted.sent, was_there: submitted.was_there })
}

/// An entry as it stands in a bundle. What a log of the first generation promises after a certificate had ended is of a time at which it was
/// not valid. A timestamp says when it was used; with the promise in it no reader would take the bundle.
pub fn as_readers_take_it(entry: Entry, by: &SignedBy) -> Entry {
    match by {
        SignedBy::Certificate(certificate)
            if !Timestamp::from_second(entry.time).is_ok_and(|time| certificate.is_valid_at(time)) =>
        {
            Entry { promise: None, time: 0, ..entry }
        }
        _ => entry,
    }
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
