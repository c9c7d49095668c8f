//! One entry into a log of the first generation, whatever comes between: so often until the log has it, and never twice.
//!
//! A log takes an entry up once: the same bytes sent again are answered with 409 and the place of the entry. So nothing is lost when an answer
//! is, and what is sent again cannot be there twice. All the same the log is asked for the entry first, which costs it less.
//!
//! Invariants: attempts and waits are bounded together; an entry is taken from an answer only where it is the one that was sent; a refusal
//! that will be the same again is not tried again.

use std::time::Duration;

use crate::attest::log::entry::Entry;
use crate::attest::rekor::first::{self, ENTRIES, PUBLIC_KEY};
use crate::attest::rekor::request::Request;
use crate::attest::rekor::transport::{Answer, Call, NoAnswer, Transport};

/// How long one entry may take, and how often it is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// All of the work together: afterwards nothing is begun.
    pub within: Duration,
    /// How often an entry is sent.
    pub attempts: u32,
}

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

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

/// What an answer means.
enum Meaning {
    /// The entry.
    There(Box<Entry>),
    /// The log has it under this id.
    At(String),
    /// The log does not have it.
    Missing,
    /// It will be the same again.
    Never(SubmitError),
    /// A later answer may be another: why, and how long to wait at least.
    Later(String, Option<Duration>),
}

/// Sends `request` until the log has it.
///
/// # Errors
/// [`SubmitError`].
pub fn submit(way: &impl Transport, request: &Request, patience: Patience) -> Result<Submitted, SubmitError> {
    let (mut sent, mut pause) = (0, FIRST_PAUSE);
    // Where to ask for the entry before it is sent: not the first time.
    let mut ask: Option<String> = None;
    // The log has said that it has it: then it is waited for, and not sent again.
    let mut is_there = false;
    loop {
        let asked_for = ask.take();
        let call = match &asked_for {
            Some(id) => Call::Get(format!("{ENTRIES}/{id}")),
            None => {
                sent += 1;
                Call::Post(ENTRIES, &request.body)
            }
        };
        let (why, at_least) = match meaning(way.send(&call), &call, request) {
            Meaning::There(entry) => {
                let was_there = asked_for.is_some();
                return Ok(Submitted { entry: *entry, sent, was_there });
            }
            Meaning::At(id) => {
                (ask, is_there) = (Some(id), true);
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
        pause = (pause * 2).min(LONGEST_PAUSE);
        ask = Some(asked_for.unwrap_or_else(|| request.leaf().hex()));
    }
}

/// The key that the log gives as its own, as PEM. Whether that is trusted is not asked here.
///
/// # Errors
/// [`SubmitError`].
pub fn public_key(way: &impl Transport, patience: Patience) -> Result<Vec<u8>, SubmitError> {
    let (mut asked, mut pause) = (0, FIRST_PAUSE);
    loop {
        asked += 1;
        let (why, at_least) = match way.send(&Call::Get(PUBLIC_KEY.to_owned())) {
            Ok(answer) if answer.status == 200 => return Ok(answer.body),
            Ok(answer) if is_passing(answer.status) => {
                let said = first::said(&answer.body);
                (format!("it answers with {}: {said}", answer.status), answer.retry_after)
            }
            Ok(answer) => {
                return Err(SubmitError::Refused { status: answer.status, said: first::said(&answer.body) });
            }
            Err(error @ NoAnswer::Impossible(_)) => return Err(SubmitError::Impossible(error)),
            Err(NoAnswer::Unknown(source)) => (format!("it does not answer: {source}"), None),
        };
        let next = at_least.map_or(pause, |at_least| at_least.max(pause));
        if asked >= patience.attempts || way.elapsed() + next > patience.within {
            return Err(SubmitError::Outage { sent: asked, why });
        }
        way.wait(next);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Whether a later answer may be another one.
fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 499 | 500..=599)
}

fn meaning(answer: Result<Answer, NoAnswer>, call: &Call<'_>, request: &Request) -> Meaning {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error @ NoAnswer::Impossible(_)) => return Meaning::Never(SubmitError::Impossible(error)),
        Err(NoAnswer::Unknown(source)) => return Meaning::Later(format!("it does not answer: {source}"), None),
    };
    let is_post = matches!(call, Call::Post(..));
    let refused = || SubmitError::Refused { status: answer.status, said: first::said(&answer.body) };
    match answer.status {
        200 | 201 => match first::entry(&answer.body) {
            Ok(entry) if entry.body == request.entry => Meaning::There(Box::new(entry)),
            Ok(_) => Meaning::Never(SubmitError::Other),
            // It may have been cut off, or be of something in between.
            Err(error) => Meaning::Later(error.to_string(), None),
        },
        409 if is_post => match answer.location.as_deref().and_then(first::id_in) {
            Some(id) if first::hash_of(id) == Some(request.leaf()) => Meaning::At(id.to_owned()),
            Some(_) => Meaning::Never(SubmitError::Other),
            // Without a place it is asked for by its hash.
            None => Meaning::At(request.leaf().hex()),
        },
        404 if !is_post => Meaning::Missing,
        // Rekor's own word for it, under a status that means something else.
        500 if first::said(&answer.body).contains("request body too large") => Meaning::Never(refused()),
        status if is_passing(status) => {
            let said = first::said(&answer.body);
            Meaning::Later(format!("it answers with {}: {said}", answer.status), answer.retry_after)
        }
        _ => Meaning::Never(refused()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Mutex;

    use super::*;
    use crate::attest::dsse::{Envelope, IN_TOTO};
    use crate::attest::key::private::PrivateKey;
    use crate::attest::log::made_up::MadeUpLog;

    /// A log that gives these answers, and what it was asked.
    #[derive(Default)]
    struct Script {
        answers: Mutex<VecDeque<Result<Answer, ()>>>,
        asked: Mutex<Vec<String>>,
        elapsed: Mutex<Duration>,
    }

    impl Transport for Script {
        fn send(&self, call: &Call<'_>) -> Result<Answer, NoAnswer> {
            self.asked.lock().unwrap().push(match call {
                Call::Get(path) => format!("GET {}", &path[path.len() - 4..]),
                Call::Post(..) => "POST".to_owned(),
            });
            let answer = self.answers.lock().unwrap().pop_front().expect("asked once more");
            answer.map_err(|()| NoAnswer::Unknown("reset".into()))
        }

        fn wait(&self, pause: Duration) {
            *self.elapsed.lock().unwrap() += pause;
            self.asked.lock().unwrap().push(format!("{} ms", pause.as_millis()));
        }

        fn elapsed(&self) -> Duration {
            *self.elapsed.lock().unwrap()
        }
    }

    const PATIENCE: Patience = Patience { within: Duration::from_secs(120), attempts: 4 };

    fn request() -> (Request, Answer) {
        let key = PrivateKey::generate("ecdsa-p256").unwrap();
        let envelope = Envelope::sign(IN_TOTO, b"{}".to_vec(), &key).unwrap();
        let request = Request::of(&envelope, &envelope.to_json().unwrap(), key.public()).unwrap();
        let entry = MadeUpLog::first().take(("dsse", "0.0.1"), &request.entry, 0, 2);
        let body = first::tests::answer(&entry);
        (request, Answer { status: 201, body, ..Answer::default() })
    }

    fn status(status: u16, body: &str) -> Result<Answer, ()> {
        Ok(Answer { status, body: body.as_bytes().to_vec(), ..Answer::default() })
    }

    fn tried(request: &Request, answers: Vec<Result<Answer, ()>>) -> (Result<Submitted, SubmitError>, String) {
        let script = Script { answers: Mutex::new(answers.into()), ..Script::default() };
        let result = submit(&script, request, PATIENCE);
        assert!(script.answers.lock().unwrap().is_empty(), "not all was asked: {:?}", script.asked);
        let asked = script.asked.lock().unwrap().join(", ");
        (result, asked.replace(&request.leaf().hex()[60..], "LEAF"))
    }

    #[test]
    fn what_is_taken_at_once_is_sent_once() {
        let (request, good) = request();
        let (result, asked) = tried(&request, vec![Ok(good)]);
        let submitted = result.unwrap();
        assert_eq!((submitted.sent, submitted.was_there, &submitted.entry.body), (1, false, &request.entry));
        assert_eq!(asked, "POST");
    }

    #[test]
    fn what_is_there_already_is_fetched_and_must_be_ours() {
        let (request, good) = request();
        let at = |id: &str| {
            Ok(Answer { status: 409, location: Some(format!("/api/v1/log/entries/{id}")), ..Answer::default() })
        };
        let id = format!("{:016x}{}", 4711, request.leaf().hex());
        let got = || Ok(Answer { status: 200, ..good.clone() });
        let (result, asked) = tried(&request, vec![at(&id), got()]);
        assert_eq!((result.unwrap().was_there, asked.as_str()), (true, "POST, GET LEAF"));
        // Without a place, and with one that is no place.
        for location in [None, Some("/elsewhere".to_owned())] {
            let answer = Ok(Answer { status: 409, location, ..Answer::default() });
            assert!(tried(&request, vec![answer, got()]).0.unwrap().was_there);
        }
        let other = format!("{:016x}{}", 1, crate::model::digest::Digest::of(b"another").hex());
        assert!(matches!(tried(&request, vec![at(&other)]).0, Err(SubmitError::Other)));
        let entry = MadeUpLog::first().take(("dsse", "0.0.1"), b"{}", 0, 2);
        let foreign = Ok(Answer { status: 200, body: first::tests::answer(&entry), ..Answer::default() });
        assert!(matches!(tried(&request, vec![at(&id), foreign]).0, Err(SubmitError::Other)));
    }

    #[test]
    fn what_is_said_to_be_there_is_waited_for_and_not_sent_again() {
        let (request, good) = request();
        let there = Ok(Answer { status: 409, ..Answer::default() });
        let got = Ok(Answer { status: 200, ..good });
        let (result, asked) = tried(&request, vec![there, status(404, ""), status(404, ""), got]);
        assert_eq!(result.unwrap().sent, 1);
        assert_eq!(asked, "POST, GET LEAF, 500 ms, GET LEAF, 1000 ms, GET LEAF");
    }

    /// The log may have taken it up although no answer came: it is asked before anything is sent again.
    #[test]
    fn after_a_lost_answer_the_log_is_asked_first() {
        let (request, good) = request();
        let got = || Ok(Answer { status: 200, ..good.clone() });
        for lost in [
            Err(()),
            status(502, "<html>502 Bad Gateway</html>"),
            status(499, ""),
            status(504, ""),
            status(201, "{\"cut"),
            status(500, "{\"code\":500,\"message\":\"context deadline exceeded\"}"),
        ] {
            let (result, asked) = tried(&request, vec![lost, got()]);
            assert_eq!(result.unwrap().sent, 1);
            assert_eq!(asked, "POST, 500 ms, GET LEAF");
        }
        let (result, asked) = tried(&request, vec![Err(()), status(404, ""), Ok(good.clone())]);
        assert_eq!(result.unwrap().sent, 2);
        assert_eq!(asked, "POST, 500 ms, GET LEAF, POST");
        // Neither call is answered for a while.
        let (result, asked) = tried(&request, vec![Err(()), Err(()), status(503, ""), status(404, ""), Err(()), got()]);
        assert_eq!(result.unwrap().sent, 2);
        assert_eq!(asked, "POST, 500 ms, GET LEAF, 1000 ms, GET LEAF, 2000 ms, GET LEAF, POST, 4000 ms, GET LEAF");
    }

    #[test]
    fn a_log_that_asks_for_a_pause_gets_it_and_no_longer_than_there_is_time() {
        let (request, good) = request();
        let busy = |seconds| {
            let retry_after = Some(Duration::from_secs(seconds));
            Ok(Answer { status: 429, retry_after, ..Answer::default() })
        };
        let (result, asked) = tried(&request, vec![busy(7), Ok(Answer { status: 200, ..good })]);
        assert!(result.is_ok());
        assert_eq!(asked, "POST, 7000 ms, GET LEAF");
        let (result, asked) = tried(&request, vec![busy(3600)]);
        let said = result.unwrap_err().to_string();
        assert_eq!(
            (said.as_str(), asked.as_str()),
            ("the log is out of order: after 1 attempts it answers with 429: ", "POST")
        );
    }

    #[test]
    fn a_log_is_asked_for_its_key_until_it_answers() {
        let script = Script {
            answers: Mutex::new(vec![Err(()), status(502, "<html>"), status(200, "PEM")].into()),
            ..Script::default()
        };
        assert_eq!(public_key(&script, PATIENCE).unwrap(), b"PEM");
        assert_eq!(script.asked.lock().unwrap().len(), 5);
        let script = Script { answers: Mutex::new(vec![status(404, "")].into()), ..Script::default() };
        assert!(matches!(public_key(&script, PATIENCE), Err(SubmitError::Refused { status: 404, .. })));
        let script =
            Script { answers: Mutex::new(vec![Err(()), Err(()), Err(()), Err(())].into()), ..Script::default() };
        assert!(matches!(public_key(&script, PATIENCE), Err(SubmitError::Outage { sent: 4, .. })));
    }

    #[test]
    fn what_stays_so_is_not_tried_again_and_an_outage_ends() {
        let (request, _) = request();
        for (answer, expected) in [
            (
                status(400, "{\"code\":400,\"message\":\"accepted signatures do not match threshold\"}"),
                "accepted signatures",
            ),
            (status(401, ""), "401"),
            (status(413, ""), "413"),
            (status(422, "{\"code\":602,\"message\":\"kind in body is required\"}"), "422: kind in body"),
            (status(500, "{\"code\":500,\"message\":\"http: request body too large\"}"), "request body too large"),
            (status(307, ""), "307"),
            (status(404, ""), "404"),
        ] {
            let (result, asked) = tried(&request, vec![answer]);
            let said = result.unwrap_err().to_string();
            assert!(said.starts_with("the log refuses it with ") && said.contains(expected), "{said}");
            assert_eq!(asked, "POST");
        }
        let down = |count: usize| (0..count).flat_map(|_| [status(503, "<html>"), status(404, "")]).take(2 * count - 1);
        let (result, _) = tried(&request, down(4).collect());
        assert_eq!(
            result.unwrap_err().to_string(),
            "the log is out of order: after 4 attempts it answers with 503: <html>"
        );
        // Nor does it go on for ever where only the question is not answered: 0.5 + 1 + 2 + 4 + 8 + 16 + 30 + 30 seconds.
        let deaf = std::iter::once(status(503, "")).chain((0..8).map(|_| Err(())));
        let (result, _) = tried(&request, deaf.collect());
        assert!(matches!(result, Err(SubmitError::Outage { sent: 1, .. })));
    }
}
