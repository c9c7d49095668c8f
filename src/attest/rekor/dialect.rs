//! What the generations of Rekor have in common, so that everything else is done once: an entry is sent, looked for, and answered.

use std::time::Duration;

use serde::Deserialize;

use crate::attest::log::entry::Entry;
use crate::attest::rekor::request::Request;
use crate::attest::rekor::transport::{Answer, NoAnswer, Transport};

/// How one generation is spoken with.
pub trait Dialect: Sync {
    /// Sends the request once.
    fn send(&self, way: &dyn Transport, request: &Request) -> Meaning;

    /// Looks once for the entry at a place that the log has named, or that is known.
    fn look(&self, way: &dyn Transport, place: &Place, request: &Request) -> Meaning;

    /// Where the entry of a request is, if it is there; `None` where that is known to the log alone. Then the same bytes are sent again, which
    /// the log takes once.
    fn place(&self, request: &Request) -> Option<Place>;

    /// The first pause and the longest.
    fn pauses(&self) -> (Duration, Duration);
}

/// Where an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Under this id, which has the hash of the entry in it.
    Id(String),
    /// At this index.
    Index(u64),
}

/// What an answer means.
pub enum Meaning {
    /// The entry.
    There(Box<Entry>),
    /// The log has it there.
    At(Place),
    /// The log does not have it.
    Missing,
    /// It will be the same again.
    Never(SubmitError),
    /// A later answer may be another: why, and how long to wait at least.
    Later(String, Option<Duration>),
}

/// Why a log has not taken an entry.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The log cannot be called at all.
    #[error(transparent)]
    Impossible(NoAnswer),
    /// The log will not have it.
    #[error("the log refuses it with {status}: {said}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it says.
        said: String,
    },
    /// The log says that it has it, and shows something else.
    #[error("the log says that it has the entry already, and shows another one")]
    Other,
    /// The log is out of order, or cannot be reached.
    #[error("the log is out of order: after {sent} attempts {why}")]
    Outage {
        /// How often it was sent.
        sent: u32,
        /// What came at last.
        why: String,
    },
}

/// What came of asking for something that is shown to everyone.
pub enum Fetched {
    /// It.
    Body(Vec<u8>),
    /// It will be the same again.
    Never(SubmitError),
    /// A later answer may be another: why, and how long to wait at least.
    Later(String, Option<Duration>),
}

impl Fetched {
    /// What an answer says.
    pub fn of(answer: Result<Answer, NoAnswer>) -> Self {
        match answer {
            Ok(answer) if answer.status == 200 => Self::Body(answer.body),
            Ok(answer) if is_passing(answer.status) => Self::Later(answers(&answer), answer.retry_after),
            Ok(answer) => Self::Never(refused(&answer)),
            Err(error @ NoAnswer::Impossible(_)) => Self::Never(SubmitError::Impossible(error)),
            Err(NoAnswer::Unknown(source)) => Self::Later(format!("it does not answer: {source}"), None),
        }
    }
}

/// Whether a later answer may be another one.
pub fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 499 | 500..=599)
}

/// A refusal, as an error.
pub fn refused(answer: &Answer) -> SubmitError {
    SubmitError::Refused { status: answer.status, said: said(&answer.body) }
}

/// An answer that may be another one later, in words.
pub fn answers(answer: &Answer) -> String {
    format!("it answers with {}: {}", answer.status, said(&answer.body))
}

/// What a refusal says: the message of its JSON, or the beginning of whatever it is.
pub fn said(body: &[u8]) -> String {
    in_short(&message(body))
}

/// The message of the JSON of a refusal, or all of whatever it is.
pub fn message(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Refusal {
        message: String,
    }
    match serde_json::from_slice::<Refusal>(body) {
        Ok(refusal) => refusal.message,
        Err(_) => String::from_utf8_lossy(body).into_owned(),
    }
}

/// The beginning of foreign words, in one line.
pub fn in_short(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(300).collect();
    plain.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_shown_in_one_line() {
        assert_eq!(said(b"{\"code\":400,\"message\":\"no\\u001b[2J\\nyes\"}"), "no [2J yes");
        assert_eq!(said(b"<html>\n502"), "<html> 502");
        assert_eq!(said(&[b'x'; 5000]).len(), 300);
        assert_eq!(said(b""), "");
    }
}
