//! What is signed and not yet in a log: one file for each request, as it will be sent, to the byte.
//!
//! It is written and flushed before anything is sent, and goes when its bundle is on disk. So a run that is killed at any moment is taken up
//! where it was: what was sent is sent again as the same bytes, which a log takes once. A queue may be carried to another machine.

use std::path::{Path, PathBuf};

use crate::attest::dsse::Envelope;
use crate::attest::rekor::request::{NotARequest, Request};
use crate::attest::x509::certificate::SignedBy;
use crate::attest::x509::timestamp;
use crate::flow::attest::checksums;
use crate::host::fs::{self, FsError};
use crate::model::diagnostic::{Diagnostic, FailureKind};
use crate::model::limits::MAX_SENT_BYTES;

/// What the name of a request ends with, behind that of its bundle.
const EXTENSION: &str = ".rekor.json";
/// The same of the timestamp of its signature, which is there before it.
const TIMESTAMP: &str = ".tsr";

/// A folder with requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    dir: PathBuf,
}

/// A request that waits.
#[derive(Debug, PartialEq)]
pub struct Waiting {
    /// The name of its bundle, without an extension: that of the file and of the predicate.
    pub name: String,
    /// The request.
    pub request: Request,
    /// The envelope in it.
    pub envelope: Envelope,
    /// What has signed it.
    pub by: SignedBy,
    /// The timestamp of its signature, as an authority has answered.
    pub timestamp: Option<Vec<u8>>,
}

/// Why a queue cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// It cannot be read or written.
    #[error(transparent)]
    File(#[from] FsError),
    /// A request that nobody here has made, or that was changed.
    #[error("`{}` is not sent", .0.display())]
    Foreign(PathBuf, #[source] NotARequest),
    /// A file that is not a request of ours by its name.
    #[error("`{}` does not belong into a queue", .0.display())]
    Name(PathBuf),
}

impl Diagnostic for QueueError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::File(error) => error.kind(),
            Self::Foreign(..) | Self::Name(_) => FailureKind::Usage,
        }
    }
}

impl Queue {
    /// The one in this folder.
    pub fn in_folder(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// Where a request of that name waits.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}{EXTENSION}"))
    }

    /// Keeps a request, on disk when this returns. One of that name that was there is replaced only by the same.
    ///
    /// # Errors
    /// [`FsError::Exists`] where another one of that name waits; else when it cannot be written.
    pub fn keep(&self, name: &str, request: &Request) -> Result<PathBuf, QueueError> {
        let path = self.path(name);
        if !self.has(name, request)? {
            fs::write_output(&path, &request.body)?;
        }
        Ok(path)
    }

    /// Keeps the timestamp of a request's signature.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn keep_timestamp(&self, name: &str, timestamp: &[u8]) -> Result<(), QueueError> {
        Ok(fs::write_output(&self.timestamp(name), timestamp)?)
    }

    fn timestamp(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}{TIMESTAMP}"))
    }

    /// Whether a request waits already.
    ///
    /// # Errors
    /// [`FsError::Exists`] where another one of that name does; else when that cannot be read.
    pub fn has(&self, name: &str, request: &Request) -> Result<bool, QueueError> {
        let path = self.path(name);
        match fs::read_if_present(&path, MAX_SENT_BYTES as u64)? {
            Some(there) if there == request.body => Ok(true),
            Some(_) => Err(FsError::Exists { path }.into()),
            None => Ok(false),
        }
    }

    /// All that waits, by name. What a process that was killed has left half written is passed over.
    ///
    /// # Errors
    /// [`QueueError`].
    pub fn waiting(&self) -> Result<Vec<Waiting>, QueueError> {
        let mut all = Vec::new();
        for item in fs::list(&self.dir)? {
            let name = item.relative.to_string_lossy().into_owned();
            if name.starts_with(fs::TEMP_PREFIX) {
                continue;
            }
            let path = self.dir.join(&item.relative);
            // One without its request is left of a run that was killed.
            if name.strip_suffix(TIMESTAMP).is_some_and(checksums::is_plain) {
                continue;
            }
            let name = name.strip_suffix(EXTENSION).filter(|name| checksums::is_plain(name));
            let name = name.ok_or_else(|| QueueError::Name(path.clone()))?.to_owned();
            let body = fs::read(&path, MAX_SENT_BYTES as u64)?;
            let (request, envelope, by) = Request::read(body).map_err(|error| QueueError::Foreign(path, error))?;
            let timestamp = fs::read_if_present(&self.timestamp(&name), timestamp::MOST_BYTES)?;
            all.push(Waiting { name, request, envelope, by, timestamp });
        }
        Ok(all)
    }

    /// Lets a request go, whose bundle is on disk.
    ///
    /// # Errors
    /// When it cannot be removed: it would be sent once more, and the log would say that it has it.
    pub fn done(&self, name: &str) -> Result<(), FsError> {
        fs::remove_file_if_present(&self.path(name))?;
        fs::remove_file_if_present(&self.timestamp(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attest::dsse::IN_TOTO;
    use crate::attest::key::private::PrivateKey;

    fn request() -> Request {
        let key = PrivateKey::generate("ecdsa-p256").unwrap();
        let envelope = Envelope::sign(IN_TOTO, b"{}".to_vec(), &key).unwrap();
        Request::of(&envelope, &envelope.to_json().unwrap(), key.public()).unwrap()
    }

    #[test]
    fn what_is_kept_waits_until_it_is_done() {
        let dir = tempfile::tempdir().unwrap();
        let queue = Queue::in_folder(&dir.path().join("queue"));
        let (a, b) = (request(), request());
        queue.keep("b.test-result", &b).unwrap();
        queue.keep("a.test-result", &a).unwrap();
        // Once more is the same; another of that name is not thrown away for it.
        queue.keep("a.test-result", &a).unwrap();
        assert!(matches!(queue.keep("a.test-result", &b), Err(QueueError::File(FsError::Exists { .. }))));
        let names =
            |queue: &Queue| -> Vec<String> { queue.waiting().unwrap().into_iter().map(|one| one.name).collect() };
        assert_eq!(names(&queue), ["a.test-result", "b.test-result"]);
        assert_eq!(queue.waiting().unwrap()[0].request, a);
        std::fs::write(dir.path().join("queue").join(format!("{}x", fs::TEMP_PREFIX)), "half").unwrap();
        queue.done("a.test-result").unwrap();
        assert_eq!(names(&queue), ["b.test-result"]);
    }

    #[test]
    fn what_nobody_here_has_made_is_not_sent() {
        let dir = tempfile::tempdir().unwrap();
        let queue = Queue::in_folder(dir.path());
        let path = dir.path().join("a.rekor.json");
        std::fs::write(&path, "{}").unwrap();
        assert!(matches!(queue.waiting(), Err(QueueError::Foreign(..))));
        std::fs::remove_file(&path).unwrap();
        std::fs::write(dir.path().join("notes.txt"), "").unwrap();
        assert!(matches!(queue.waiting(), Err(QueueError::Name(_))));
    }
}
