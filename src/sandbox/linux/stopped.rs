//! Why the helper has no report of a run, and what it was doing.

use std::io;

use rustix::io::Errno;

use crate::sandbox::program::Unrunnable;
use crate::sandbox::wire::{Cause, Failure, Part};

/// Why there is no report of a run.
#[derive(Debug)]
pub(super) enum Stopped {
    /// This mechanism does not work on this machine.
    Refused(Cause),
    /// The spec cannot be run.
    Failed(Failure, io::Error),
    /// Somebody else has reported, or will.
    Told,
}

impl From<Unrunnable> for Stopped {
    fn from(why: Unrunnable) -> Self {
        match why {
            Unrunnable::WorkingDirectory(source) => Self::Failed(Failure::WorkingDirectory, source),
            Unrunnable::Program(source) => Self::Failed(Failure::Program, source),
        }
    }
}

/// Says what was being done when something failed.
pub(super) trait During<T> {
    /// A failure means that the mechanism does not work here.
    fn or_refuse(self, step: &str) -> Result<T, Stopped>;
    /// A failure means that nothing works here.
    fn or_fail(self, step: &str) -> Result<T, Stopped>;
}

impl<T, E: Into<io::Error>> During<T> for Result<T, E> {
    fn or_refuse(self, step: &str) -> Result<T, Stopped> {
        self.map_err(|source| {
            let errno = number_of(&source.into());
            Stopped::Refused(Cause { part: Part::Namespaces, step: step.to_owned(), errno })
        })
    }

    fn or_fail(self, step: &str) -> Result<T, Stopped> {
        self.map_err(|source| Stopped::Failed(Failure::Step(step.to_owned()), source.into()))
    }
}

/// The number that says the same on the other side of the socket.
pub(super) fn number_of(error: &io::Error) -> i32 {
    let by_kind = match error.kind() {
        io::ErrorKind::NotFound => Errno::NOENT,
        io::ErrorKind::PermissionDenied => Errno::ACCESS,
        io::ErrorKind::NotADirectory => Errno::NOTDIR,
        _ => Errno::IO,
    };
    error.raw_os_error().unwrap_or(by_kind.raw_os_error())
}
