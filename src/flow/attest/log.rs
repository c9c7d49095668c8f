//! A queue goes to the log at a URL.

use std::path::Path;

use crate::attest::rekor::generation::Generation;
use crate::attest::rekor::submit::Patience;
use crate::attest::rekor::transport::{LogPlace, Transport};
use crate::attest::trusted_root::TrustedRoot;
use crate::flow::attest::queue::Queue;
use crate::flow::attest::submit::{Outcome, SubmitQueueError};
use crate::host::fs::FsError;
use crate::model::diagnostic::{Diagnostic, FailureKind, Hint};

/// What is sent where.
#[derive(Debug, Clone, Copy)]
pub struct SubmitRequest<'s> {
    /// The log.
    pub place: LogPlace<'s>,
    /// Of which generation it is.
    pub generation: Generation,
    /// What waits.
    pub queue: &'s Queue,
    /// Where bundles are written.
    pub to: &'s Path,
    /// The logs that are trusted.
    pub root: &'s TrustedRoot,
    /// How long all of it may take, and how often one request is tried.
    pub patience: Patience,
    /// How many are sent at the same time.
    pub jobs: usize,
    /// Where a timestamp is asked for of what has none.
    pub timestamps: Option<&'s str>,
}

/// What became of each request, and whether the bundles could be put together.
pub type Submitted = (Vec<Outcome>, Result<(), FsError>);

/// Why nothing was sent.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Nothing was sent.
    #[error(transparent)]
    Submit(#[from] SubmitQueueError),
    /// The client cannot be set up.
    #[cfg(feature = "registry")]
    #[error("the log cannot be called")]
    Client(#[from] crate::host::http::HttpError),
    /// This program has no network.
    #[cfg(not(feature = "registry"))]
    #[error("this stella was built without the network (feature `registry`): it can send nothing")]
    NoNetwork,
}

impl Diagnostic for LogError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Submit(error) => error.kind(),
            #[cfg(feature = "registry")]
            Self::Client(_) => FailureKind::Infrastructure,
            #[cfg(not(feature = "registry"))]
            Self::NoNetwork => FailureKind::Usage,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Submit(error) => error.hint(),
            #[cfg(feature = "registry")]
            Self::Client(_) => None,
            #[cfg(not(feature = "registry"))]
            Self::NoNetwork => None,
        }
    }
}

/// The way to the log at a URL.
///
/// # Errors
/// [`LogError`].
#[cfg(feature = "registry")]
pub fn way(place: LogPlace<'_>) -> Result<Box<dyn Transport>, LogError> {
    Ok(Box::new(crate::flow::attest::log_over_http::LogOverHttp::at(place)?))
}

/// There is none.
///
/// # Errors
/// [`LogError::NoNetwork`].
#[cfg(not(feature = "registry"))]
pub fn way(_: LogPlace<'_>) -> Result<Box<dyn Transport>, LogError> {
    Err(LogError::NoNetwork)
}

/// Sends all that waits; what became of each.
///
/// # Errors
/// [`LogError`] where nothing was sent.
#[cfg(feature = "registry")]
pub fn submit(request: &SubmitRequest<'_>) -> Result<Submitted, LogError> {
    use crate::flow::attest::log_over_http::LogOverHttp;
    use crate::flow::attest::stamp::Stamping;
    use crate::flow::attest::submit::{self, Sending};
    use crate::flow::attest::web_over_http::WebOverHttp;
    use crate::host::clock;

    let SubmitRequest { place, generation, queue, to, root, patience, jobs, timestamps } = *request;
    let log = LogOverHttp::at(place)?;
    let web = WebOverHttp::new()?;
    let stamping = timestamps.map(|url| Stamping { web: &web, url });
    Ok(submit::submit(&log, queue, Sending { generation, to, root, patience, jobs, stamping }, clock::now)?)
}

/// Sends nothing: there is no network.
///
/// # Errors
/// [`LogError::NoNetwork`].
#[cfg(not(feature = "registry"))]
pub fn submit(_: &SubmitRequest<'_>) -> Result<Submitted, LogError> {
    Err(LogError::NoNetwork)
}
