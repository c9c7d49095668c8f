//! Asking services that sign for somebody: an authority of timestamps, one of certificates, an identity provider.
//!
//! Invariants: what passes is asked again a few times, with growing pauses; what a service says is shown in one line, and never with the
//! secret that it was asked with.

use std::fmt;
use std::time::Duration;

use crate::attest::rekor::dialect::{in_short, is_passing, message};
use crate::attest::rekor::transport::NoAnswer;
use crate::model::diagnostic::{Diagnostic, FailureKind};

/// How often something is asked.
const ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// A question.
#[derive(Clone, Copy)]
pub struct Question<'q> {
    /// The URL.
    pub url: &'q str,
    /// What is sent, with its media type; without it something is fetched.
    pub body: Option<(&'static str, &'q [u8])>,
    /// The secret that says who asks, in a header.
    pub bearer: Option<&'q str>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// `Retry-After`, where it is a number of seconds.
    pub retry_after: Option<Duration>,
    /// The body; of what is not a success its beginning.
    pub body: Vec<u8>,
}

/// The way to services.
pub trait Web: fmt::Debug + Sync {
    /// Asks once.
    ///
    /// # Errors
    /// [`NoAnswer`] where there is no whole answer.
    fn ask(&self, question: &Question<'_>) -> Result<Reply, NoAnswer>;
    /// Lets time pass.
    fn wait(&self, pause: Duration);
}

/// Why a service has not answered.
#[derive(Debug, thiserror::Error)]
pub enum WebError {
    /// It cannot be called at all.
    #[error("{0} cannot be asked")]
    Impossible(&'static str, #[source] NoAnswer),
    /// It does not do it.
    #[error("{what} refuses it with {status}: {said}")]
    Refused {
        /// Who.
        what: &'static str,
        /// The HTTP status.
        status: u16,
        /// What it says.
        said: String,
    },
    /// It is out of order, or cannot be reached.
    #[error("{what} is out of order: after {ATTEMPTS} attempts {why}")]
    Outage {
        /// Who.
        what: &'static str,
        /// What came at last.
        why: String,
    },
}

impl Diagnostic for WebError {
    fn kind(&self) -> FailureKind {
        match self {
            Self::Impossible(..) => FailureKind::Usage,
            Self::Refused { .. } | Self::Outage { .. } => FailureKind::Infrastructure,
        }
    }
}

/// The body of a success. `what` is who is asked, in words; `secret` stands in no error.
///
/// # Errors
/// [`WebError`].
pub fn asked(
    web: &dyn Web,
    what: &'static str,
    question: &Question<'_>,
    secret: Option<&str>,
) -> Result<Vec<u8>, WebError> {
    // Before it is cut: of a secret that was cut in two a half would stand there.
    let shown = |body: &[u8]| {
        let text = message(body);
        in_short(&secret.map_or_else(|| text.clone(), |secret| without(&text, secret)))
    };
    let mut pause = FIRST_PAUSE;
    for attempt in 1.. {
        let (why, at_least) = match web.ask(question) {
            Ok(reply) if matches!(reply.status, 200 | 201) => return Ok(reply.body),
            Ok(reply) if is_passing(reply.status) => {
                (format!("it answers with {}: {}", reply.status, shown(&reply.body)), reply.retry_after)
            }
            Ok(reply) => return Err(WebError::Refused { what, status: reply.status, said: shown(&reply.body) }),
            Err(error @ NoAnswer::Impossible(_)) => return Err(WebError::Impossible(what, error)),
            Err(NoAnswer::Unknown(source)) => (format!("it does not answer: {source}"), None),
        };
        if attempt >= ATTEMPTS {
            return Err(WebError::Outage { what, why });
        }
        web.wait(at_least.map_or(pause, |at_least| at_least.clamp(pause, Duration::from_secs(30))));
        pause *= 2;
    }
    Err(WebError::Outage { what, why: "it was not asked".to_owned() })
}

/// As much of a secret as tells nothing of it.
const TELLS_NOTHING: usize = 8;

/// `text` without `secret`, and without any longer part of it: who answers may have cut it, or have taken it apart.
fn without(text: &str, secret: &str) -> String {
    if secret.is_empty() {
        return text.to_owned();
    }
    let text = text.replace(secret, "…");
    let is_of_a_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+' | '/' | '=');
    let (mut kept, mut word) = (String::new(), String::new());
    for c in text.chars().map(Some).chain([None]) {
        if let Some(c) = c.filter(|c| is_of_a_word(*c)) {
            word.push(c);
            continue;
        }
        let is_of_the_secret = (0..word.len().saturating_sub(TELLS_NOTHING))
            .any(|at| word.get(at..=at + TELLS_NOTHING).is_some_and(|part| secret.contains(part)));
        kept += if is_of_the_secret { "…" } else { &word };
        word.clear();
        kept.extend(c);
    }
    kept
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Gives these answers.
    #[derive(Debug)]
    struct Script(Mutex<Vec<Result<Reply, ()>>>);

    impl Web for Script {
        fn ask(&self, _: &Question<'_>) -> Result<Reply, NoAnswer> {
            self.0.lock().unwrap().remove(0).map_err(|()| NoAnswer::Unknown("reset".into()))
        }

        fn wait(&self, _: Duration) {}
    }

    fn reply(status: u16, body: &str) -> Result<Reply, ()> {
        Ok(Reply { status, retry_after: None, body: body.as_bytes().to_vec() })
    }

    #[test]
    fn no_part_of_a_long_secret_is_shown_however_it_is_cut() {
        let secret = format!("{}.{}.{}", "eyJhbGciOi".repeat(20), "eyJlbWFpbC".repeat(20), "c2lnbmF0dX".repeat(20));
        let signature = "c2lnbmF0dX".repeat(20);
        for echoed in [secret.as_str(), &secret[..400], &signature, &signature[3..60], &format!("x{signature}y")] {
            let body = format!("no: {echoed} is not welcome");
            let script = Script(Mutex::new(vec![reply(403, &body)]));
            let question = Question { url: "u", body: None, bearer: Some(&secret) };
            let error = asked(&script, "the authority", &question, Some(&secret)).unwrap_err().to_string();
            assert!(error.contains("is not welcome"), "{error}");
            assert!(!error.contains("eyJ") && !error.contains("c2ln"), "{error}");
        }
    }

    #[test]
    fn what_passes_is_asked_again_and_no_secret_is_shown() {
        let tried = |answers: Vec<Result<Reply, ()>>| {
            let script = Script(Mutex::new(answers));
            let question = Question { url: "u", body: None, bearer: Some("se-cret") };
            let result = asked(&script, "the authority", &question, Some("se-cret"));
            assert!(script.0.lock().unwrap().is_empty());
            result.map_err(|error| error.to_string())
        };
        assert_eq!(tried(vec![Err(()), reply(503, ""), reply(201, "x")]), Ok(b"x".to_vec()));
        let said = tried(vec![reply(400, "{\"message\":\"bad token se-cret\"}")]);
        assert_eq!(said, Err("the authority refuses it with 400: bad token …".to_owned()));
        let said = tried(vec![Err(()), Err(()), Err(()), Err(()), reply(502, "<html>")]);
        assert_eq!(said, Err("the authority is out of order: after 5 attempts it answers with 502: <html>".to_owned()));
    }
}
