//! One entry into a log of the second generation.

use std::sync::atomic::Ordering;

use super::*;
use crate::attest::dsse::{Envelope, IN_TOTO};
use crate::attest::key::private::PrivateKey;
use crate::attest::rekor::made_up::MadeUpSecond;
use crate::attest::rekor::submit::{Patience, Submitted, submit};
use crate::attest::rekor::transport::Answer;

const PATIENCE: Patience = Patience { within: Duration::from_secs(120), attempts: 4 };

fn request(payload: &[u8]) -> Request {
    let key = PrivateKey::generate("ecdsa-p256").unwrap();
    let envelope = Envelope::sign(IN_TOTO, payload.to_vec(), &key).unwrap();
    Request::of_second(&envelope, key.public()).unwrap()
}

fn send(log: &MadeUpSecond, request: &Request) -> Result<Submitted, SubmitError> {
    let second = Second { log_id: log.log.id().as_bytes().to_vec() };
    submit(log, &second, request, PATIENCE)
}

fn asked(log: &MadeUpSecond) -> String {
    std::mem::take(&mut *log.asked.lock().unwrap()).join(", ")
}

#[test]
fn what_is_taken_at_once_is_sent_once() {
    let log = MadeUpSecond::new(0, 300);
    let request = request(b"{}");
    let submitted = send(&log, &request).unwrap();
    assert_eq!((submitted.sent, submitted.was_there, submitted.entry.index), (1, false, 300));
    assert_eq!((submitted.entry.body == request.entry, asked(&log).as_str()), (true, "POST"));
}

/// Its proof is the one that the log gives in its answer, out of what the log shows to everyone.
#[test]
fn what_is_there_already_is_proved_out_of_checkpoint_and_tiles() {
    for before in [0, 1, 5, 255, 256, 300, 600] {
        let log = MadeUpSecond::new(0, before);
        let request = request(b"{}");
        let first = send(&log, &request).unwrap();
        asked(&log);
        let second = send(&log, &request).unwrap();
        assert_eq!((second.entry, second.was_there), (first.entry, true), "{before}");
        assert!(asked(&log).starts_with("POST, GET checkpoint, GET tile/0/"), "{before}");
        assert_eq!(log.size(), before + 1);
    }
}

#[test]
fn after_a_lost_answer_the_same_bytes_are_sent_again_after_a_checkpoint() {
    for fault in [1, 3, 4] {
        let mut log = MadeUpSecond::new(100, 7);
        log.calls.store(fault, Ordering::Relaxed);
        let request = request(b"{}");
        // Only the first goes wrong.
        let way = Once(&log);
        let second = Second { log_id: log.log.id().as_bytes().to_vec() };
        let submitted = submit(&way, &second, &request, PATIENCE).unwrap();
        assert_eq!((submitted.sent, submitted.was_there, submitted.entry.index), (2, true, 7), "{fault}");
        assert!(asked(&log).starts_with("POST, 2 s, POST, GET checkpoint"), "{fault}");
        log.faults = 0;
        assert_eq!(log.size(), 8);
    }
}

/// A way on which the first call goes wrong.
struct Once<'l>(&'l MadeUpSecond);

impl Transport for Once<'_> {
    fn send(&self, call: &Call<'_>) -> Result<Answer, NoAnswer> {
        if self.0.asked.lock().unwrap().is_empty() {
            return self.0.send(call);
        }
        self.0.asked.lock().unwrap().push(match call {
            Call::Get(path) => format!("GET {}", path.trim_start_matches("/api/v2/")),
            Call::Post(..) => "POST".to_owned(),
        });
        Ok(self.0.answered(call))
    }

    fn wait(&self, pause: Duration) {
        self.0.wait(pause);
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

#[test]
fn what_is_in_no_checkpoint_yet_is_waited_for_and_not_sent_again() {
    let log = MadeUpSecond::new(0, 3);
    let request = request(b"{}");
    send(&log, &request).unwrap();
    asked(&log);
    log.late.store(2, Ordering::Relaxed);
    assert_eq!(send(&log, &request).unwrap().sent, 1);
    let asked = asked(&log);
    assert!(asked.starts_with("POST, GET checkpoint, 2 s, GET checkpoint, 4 s, GET checkpoint, GET tile"), "{asked}");
}

#[test]
fn another_entry_at_the_place_is_refused() {
    let log = MadeUpSecond::new(0, 3);
    let ours = request(b"{}");
    let second = Second { log_id: Vec::new() };
    // The log names a place, and something else is there.
    assert!(matches!(second.look(&log, &Place::Index(1), &ours), Meaning::Never(SubmitError::Other)));
    assert!(matches!(second.look(&log, &Place::Index(3), &ours), Meaning::Later(..)));
    // Tiles that are not of the tree that was signed.
    send(&log, &ours).unwrap();
    let lying = Lying(&log);
    assert!(matches!(second.look(&lying, &Place::Index(3), &ours), Meaning::Later(why, _) if why.contains("tiles")));
}

/// The tiles are of another tree than the checkpoint, but for the entry itself.
struct Lying<'l>(&'l MadeUpSecond);

impl Transport for Lying<'_> {
    fn send(&self, call: &Call<'_>) -> Result<Answer, NoAnswer> {
        let mut answer = self.0.answered(call);
        if matches!(call, Call::Get(path) if path.contains("/tile/")) {
            answer.body[0] ^= 1;
        }
        Ok(answer)
    }

    fn wait(&self, _: Duration) {}

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

#[test]
fn a_refusal_is_one_and_a_key_of_another_scheme_has_no_request() {
    let log = MadeUpSecond::new(0, 0);
    let mut bad = request(b"{}");
    bad.body = b"{\"hashedRekordRequestV002\":{\"digest\":\"AAAA\",\"signature\":{\"verifier\":{\"keyDetails\":\"PKIX_ECDSA_P256_SHA_256\"}}}}".to_vec();
    let said = send(&log, &bad).unwrap_err().to_string();
    assert_eq!(said, "the log refuses it with 400: invalid hashedrekord request");
    let key = PrivateKey::generate("ed25519").unwrap();
    let envelope = Envelope::sign(IN_TOTO, b"{}".to_vec(), &key).unwrap();
    assert_eq!(Request::of_second(&envelope, key.public()), None);
    assert_eq!(index_in("an equivalent entry already exists in the transparency log with index 12"), Some(12));
    assert_eq!(index_in("with index x"), None);
}
