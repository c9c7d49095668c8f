//! A log of the first generation that gives the answers that a test wrote down.

use std::collections::VecDeque;
use std::sync::Mutex;

use super::*;
use crate::attest::dsse::{Envelope, IN_TOTO};
use crate::attest::key::private::PrivateKey;
use crate::attest::log::made_up::MadeUpLog;
use crate::attest::rekor::first::{self, First, PUBLIC_KEY};
use crate::attest::rekor::transport::{Answer, NoAnswer};

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
    let result = submit(&script, &First, request, PATIENCE);
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
    let at =
        |id: &str| Ok(Answer { status: 409, location: Some(format!("/api/v1/log/entries/{id}")), ..Answer::default() });
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
    let entry = MadeUpLog::first().take(("dsse", "0.0.1"), b"{\"apiVersion\":\"0.0.1\",\"kind\":\"dsse\"}", 0, 2);
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
    assert_eq!(shown(&script, &First, PUBLIC_KEY, PATIENCE).unwrap(), b"PEM");
    assert_eq!(script.asked.lock().unwrap().len(), 5);
    let script = Script { answers: Mutex::new(vec![status(404, "")].into()), ..Script::default() };
    assert!(matches!(shown(&script, &First, PUBLIC_KEY, PATIENCE), Err(SubmitError::Refused { status: 404, .. })));
    let script = Script { answers: Mutex::new(vec![Err(()), Err(()), Err(()), Err(())].into()), ..Script::default() };
    assert!(matches!(shown(&script, &First, PUBLIC_KEY, PATIENCE), Err(SubmitError::Outage { sent: 4, .. })));
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
