//! One entry into a log, whatever comes between: so often until the log has it, and never twice.
//!
//! A log takes an entry up once: the same bytes sent again are answered with 409 and the place of the entry. So nothing is lost when an answer
//! is, and what is sent again cannot be there twice. Where the log can be asked for the entry it is asked first, which costs it less.
//!
//! Invariants: attempts and waits are bounded together; an entry is taken from an answer only where it is the one that was sent; a refusal
//! that will be the same again is not tried again.

use std::time::Duration;

use crate::attest::log::entry::Entry;
use crate::attest::rekor::dialect::{Dialect, Fetched, Meaning, Place, SubmitError};
use crate::attest::rekor::request::Request;
use crate::attest::rekor::transport::{Call, Transport};

/// How long one entry may take, and how often it is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// All of the work together: afterwards nothing is begun.
    pub within: Duration,
    /// How often an entry is sent.
    pub attempts: u32,
}

/// An entry that the log has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// It, as the log answers; whether the log signs that is not looked at here.
    pub entry: Entry,
    /// How often it was sent.
    pub sent: u32,
    /// The log had it before the last time.
    pub was_there: bool,
}

/// Sends `request` until the log has it.
///
/// # Errors
/// [`SubmitError`].
pub fn submit(
    way: &dyn Transport,
    dialect: &dyn Dialect,
    request: &Request,
    patience: Patience,
) -> Result<Submitted, SubmitError> {
    let (mut pause, longest) = dialect.pauses();
    let mut sent = 0;
    // Where to look for the entry before it is sent: not the first time.
    let mut look: Option<Place> = None;
    // The log has said that it has it: then it is waited for, and not sent again.
    let mut is_there = false;
    loop {
        let looked_at = look.take();
        let meaning = match &looked_at {
            Some(place) => dialect.look(way, place, request),
            None => {
                sent += 1;
                dialect.send(way, request)
            }
        };
        let (why, at_least) = match meaning {
            Meaning::There(entry) => {
                let was_there = looked_at.is_some();
                return Ok(Submitted { entry: *entry, sent, was_there });
            }
            Meaning::At(place) => {
                (look, is_there) = (Some(place), true);
                continue;
            }
            // It is not there, so it is sent: at once, the pause has been.
            Meaning::Missing if !is_there && sent < patience.attempts => continue,
            Meaning::Missing => ("it is not there".to_owned(), None),
            Meaning::Never(error) => return Err(error),
            Meaning::Later(why, at_least) => (why, at_least),
        };
        let next = at_least.map_or(pause, |at_least| at_least.max(pause));
        if sent >= patience.attempts || way.elapsed() + next > patience.within {
            return Err(SubmitError::Outage { sent, why });
        }
        way.wait(next);
        pause = (pause * 2).min(longest);
        look = looked_at.or_else(|| dialect.place(request));
    }
}

/// What the log shows at `path`, such as its own key. Whether that is trusted is not asked here.
///
/// # Errors
/// [`SubmitError`].
pub fn shown(
    way: &dyn Transport,
    dialect: &dyn Dialect,
    path: &str,
    patience: Patience,
) -> Result<Vec<u8>, SubmitError> {
    let (mut pause, longest) = dialect.pauses();
    let mut asked = 0;
    loop {
        asked += 1;
        let (why, at_least) = match Fetched::of(way.send(&Call::Get(path.to_owned()))) {
            Fetched::Body(body) => return Ok(body),
            Fetched::Never(error) => return Err(error),
            Fetched::Later(why, at_least) => (why, at_least),
        };
        let next = at_least.map_or(pause, |at_least| at_least.max(pause));
        if asked >= patience.attempts || way.elapsed() + next > patience.within {
            return Err(SubmitError::Outage { sent: asked, why });
        }
        way.wait(next);
        pause = (pause * 2).min(longest);
    }
}

#[cfg(test)]
mod tests;
