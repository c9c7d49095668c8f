//! The way to a log: how a call is sent and how time passes, brought by who calls.

use std::error::Error;
use std::time::Duration;

/// Where a log is.
#[derive(Debug, Clone, Copy)]
pub struct LogPlace<'l> {
    /// Where it takes entries.
    pub url: &'l str,
    /// Where one of the second generation shows its checkpoint and tiles, if not there too.
    pub tiles: Option<&'l str>,
}

/// A call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call<'c> {
    /// Asks for something, at this path.
    Get(String),
    /// Sends JSON to this path.
    Post(&'static str, &'c [u8]),
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// `Location`
    pub location: Option<String>,
    /// `X-Log-Index`, where it is a number.
    pub index: Option<u64>,
    /// `Retry-After`, where it is a number of seconds.
    pub retry_after: Option<Duration>,
    /// The body; of what is not a success its beginning.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// The log cannot be called so: calling again is no use.
    #[error("the log cannot be called")]
    Impossible(#[source] Box<dyn Error + Send + Sync>),
    /// It could not be reached, or did not answer: whether it did what it was asked, nobody knows.
    #[error("the log does not answer")]
    Unknown(#[source] Box<dyn Error + Send + Sync>),
}

/// The way to a log.
pub trait Transport: Sync {
    /// Makes a call once.
    ///
    /// # Errors
    /// [`NoAnswer`] where there is no whole answer.
    fn send(&self, call: &Call<'_>) -> Result<Answer, NoAnswer>;
    /// Lets time pass: a pause between half of it and all of it, so that not everybody comes back at once.
    fn wait(&self, pause: Duration);
    /// How long it is since the work began.
    fn elapsed(&self) -> Duration;
}
