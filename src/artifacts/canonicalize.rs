//! One document under a profile: its canonical bytes, or only their digest.
//!
//! A file is read in windows. What is refused, or needs more than one pass, is read again as a whole, so that an error
//! and its place do not depend on the way.

use std::borrow::Cow;
use std::mem;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread;

use sha2::{Digest as _, Sha256};

use crate::artifacts::document_file::InFile;
use crate::canonical::{self, Form, JsonError, Limits, Profile, Sink, Source as _, Unsuited};
use crate::host::fs::FsError;
use crate::job::artifact;
use crate::model::artifact::ArtifactFormat;
use crate::model::digest::Digest;

/// The canonical bytes of a document.
///
/// # Errors
/// As [`canonical::canonicalize_with`].
pub fn bytes(profile: &Profile, document: &[u8]) -> Result<Vec<u8>, JsonError> {
    let document = read_as(profile, document);
    Ok(canonical::canonicalize_with(profile, &document, &Limits::default())?.bytes)
}

/// The SHA-256 of the canonical bytes of a document, which are hashed on another thread while it is read.
///
/// # Errors
/// As [`canonical::send_with`].
pub fn digest(profile: &Profile, document: &[u8]) -> Result<Digest, JsonError> {
    let document = read_as(profile, document);
    hashed(|sink| canonical::send_with(profile, &document, &Limits::default(), sink))
}

/// Values one after the other are read as one document under the profile for them; a byte order mark is not a part of JSON.
fn read_as<'d>(profile: &Profile, document: &'d [u8]) -> Cow<'d, [u8]> {
    let document = if profile.form() == Form::Bytes { document } else { artifact::without_mark(document) };
    profile.name().parse().map_or(Cow::Borrowed(document), |format| artifact::document(format, document))
}

/// Why a file has no canonical form.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// What is in it is refused.
    #[error(transparent)]
    Json(#[from] JsonError),
}

/// As [`digest`], of what is in a file, which is not held as a whole unless it has to be.
///
/// # Errors
/// See [`FileError`].
pub fn digest_of_file(profile: &Profile, file: &mut InFile) -> Result<Digest, FileError> {
    if profile.name() == ArtifactFormat::JsonLines.code() {
        return Ok(digest(profile, &file.whole()?)?);
    }
    let window = file.window();
    let in_windows = file
        .restart()
        .and_then(|()| hashed(|sink| canonical::send_in_windows(profile, file, window, &Limits::default(), sink)));
    match in_windows {
        Ok(digest) => Ok(digest),
        Err(Unsuited) => Ok(digest(profile, &file.whole()?)?),
    }
}

/// The SHA-256 of what `send` sends, if it succeeds.
fn hashed<T, E>(send: impl FnOnce(&mut dyn Sink) -> Result<T, E>) -> Result<Digest, E> {
    // Enough to keep both busy; a block is 128 KiB.
    let (filled, blocks) = sync_channel::<Option<Vec<u8>>>(4);
    let (used, emptied) = channel();
    thread::scope(|scope| {
        let hashing = thread::Builder::new().spawn_scoped(scope, move || {
            let mut hash = Sha256::new();
            for block in blocks {
                match block {
                    Some(mut block) => {
                        hash.update(&block);
                        block.clear();
                        // Nobody wants it any more when all is read.
                        let _ = used.send(block);
                    }
                    None => hash = Sha256::new(),
                }
            }
            Digest::from_bytes(hash.finalize().into())
        });
        let Ok(hashing) = hashing else {
            // No thread can be started: one after the other.
            let mut sink = HashSink(Sha256::new());
            let sent = send(&mut sink);
            return sent.map(|_| Digest::from_bytes(sink.0.finalize().into()));
        };
        let mut sink = ToThread { filled, emptied };
        let sent = send(&mut sink);
        drop(sink);
        let digest = hashing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        sent.map(|_| digest)
    })
}

/// Hashes blocks as they come.
struct HashSink(Sha256);

impl Sink for HashSink {
    fn take(&mut self, block: &mut Vec<u8>) {
        self.0.update(&*block);
        block.clear();
    }

    fn restart(&mut self) {
        self.0 = Sha256::new();
    }
}

/// Hands blocks to a thread and takes back those that it has emptied. `None` begins anew.
struct ToThread {
    filled: SyncSender<Option<Vec<u8>>>,
    emptied: Receiver<Vec<u8>>,
}

impl Sink for ToThread {
    fn take(&mut self, block: &mut Vec<u8>) {
        let empty = self.emptied.try_recv().unwrap_or_default();
        // The thread ends only when nothing more can come.
        let _ = self.filled.send(Some(mem::replace(block, empty)));
    }

    fn restart(&mut self) {
        let _ = self.filled.send(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_thread_the_digest_is_the_same() {
        let send = |sink: &mut dyn Sink| {
            for text in ["in vain", "a", "b"] {
                let mut block = text.as_bytes().to_vec();
                sink.take(&mut block);
                assert!(block.is_empty() || text != "a");
                if text == "in vain" {
                    sink.restart();
                }
            }
            Ok::<_, ()>(())
        };
        let mut here = HashSink(Sha256::new());
        send(&mut here).unwrap();
        assert_eq!(Digest::from_bytes(here.0.finalize().into()), hashed(send).unwrap());
        assert_eq!(hashed(send).unwrap(), Digest::of(b"ab"));
    }

    #[test]
    fn the_digest_is_that_of_the_bytes() {
        let profile = Profile::builtin(ArtifactFormat::Cyclonedx);
        let item = |i: usize| format!(r#"{{"version":"{i}","purl":"pkg:npm/a{}@{i}"}}"#, i * 7919 % 20_000);
        let items: Vec<String> = (0..20_000).map(item).collect();
        let array = items.join(",");
        for document in [
            String::from("[]"),
            format!(r#"{{"serialNumber":"x","components":[{array}]}}"#),
            format!(r#"{{"y":[{array}],"z":1}}"#),
            // Of which blocks were sent in vain.
            format!(r#"{{"y":[{array}],"a":1}}"#),
        ] {
            let bytes = bytes(profile, document.as_bytes()).unwrap();
            assert_eq!(digest(profile, document.as_bytes()).unwrap(), Digest::of(&bytes));
        }
        assert!(digest(profile, format!("[{array}").as_bytes()).is_err());
    }
}
