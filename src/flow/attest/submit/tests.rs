//! Queues and a log of ours that loses answers.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::*;
use crate::attest::dsse::{Envelope, IN_TOTO};
use crate::attest::key::private::PrivateKey;
use crate::attest::log::made_up::MadeUpLog;
use crate::attest::rekor::first::{self, ENTRIES};
use crate::attest::rekor::made_up::MadeUpSecond;
use crate::attest::rekor::transport::{Answer, Call, NoAnswer};
use crate::model::digest::Digest;

/// A log of the first generation that takes an entry once, and of every hundred calls fails so many, before or after it has done what it was
/// asked.
struct MadeUpRekor {
    log: MadeUpLog,
    faults: u64,
    calls: AtomicU64,
    /// By the hash of the entry: its answer.
    entries: Mutex<BTreeMap<Digest, Vec<u8>>>,
    /// After so many calls it is never answered again, as for a process that is killed.
    dies_after: u64,
}

impl MadeUpRekor {
    fn new(faults: u64) -> Self {
        let (calls, entries) = (AtomicU64::new(0), Mutex::new(BTreeMap::new()));
        Self { log: MadeUpLog::first(), faults, calls, entries, dies_after: u64::MAX }
    }

    fn root(&self) -> TrustedRoot {
        MadeUpLog::root(&[&self.log])
    }

    fn count(&self) -> usize {
        self.entries.lock().unwrap().len()
    }

    fn answered(&self, call: &Call<'_>) -> Answer {
        let mut entries = self.entries.lock().unwrap();
        match call {
            Call::Get(path) if path == first::PUBLIC_KEY => {
                Answer { status: 200, body: self.log.public().to_pem().unwrap().into_bytes(), ..Answer::default() }
            }
            Call::Get(path) => {
                let id = path.strip_prefix(&format!("{ENTRIES}/")[..]).unwrap();
                match entries.get(&first::hash_of(id).unwrap()) {
                    Some(body) => Answer { status: 200, body: body.clone(), ..Answer::default() },
                    None => Answer { status: 404, ..Answer::default() },
                }
            }
            Call::Post(_, body) => {
                let (request, ..) = Request::read(body.to_vec()).unwrap();
                if entries.contains_key(&request.leaf()) {
                    let location = Some(format!("{ENTRIES}/{:016x}{}", 4711, request.leaf().hex()));
                    return Answer { status: 409, location, ..Answer::default() };
                }
                let at = entries.len();
                let entry = self.log.take(("dsse", "0.0.1"), &request.entry, at, at + 1);
                let body = first::tests::answer(&entry);
                entries.insert(request.leaf(), body.clone());
                Answer { status: 201, body, ..Answer::default() }
            }
        }
    }
}

impl Transport for MadeUpRekor {
    fn send(&self, call: &Call<'_>) -> Result<Answer, NoAnswer> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        if number >= self.dies_after {
            return Err(NoAnswer::Impossible("killed".into()));
        }
        let is_of_key = matches!(call, Call::Get(path) if path == first::PUBLIC_KEY);
        // Spread evenly, and another fault each time.
        if number * 37 % 100 < self.faults && !is_of_key {
            return match number % 5 {
                0 => Err(NoAnswer::Unknown("connection refused".into())),
                1 => {
                    self.answered(call);
                    Err(NoAnswer::Unknown("connection reset".into()))
                }
                2 => {
                    self.answered(call);
                    Ok(Answer { status: 502, body: b"<html>502 Bad Gateway</html>".to_vec(), ..Answer::default() })
                }
                3 => Ok(Answer { status: 429, retry_after: Some(Duration::from_secs(1)), ..Answer::default() }),
                _ => {
                    let mut cut = self.answered(call);
                    cut.body.truncate(cut.body.len() / 2);
                    Ok(Answer { status: 200, ..cut })
                }
            };
        }
        Ok(self.answered(call))
    }

    fn wait(&self, _: Duration) {}

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

const PATIENCE: Patience = Patience { within: Duration::from_secs(600), attempts: 50 };

/// A statement about a file that holds this.
fn statement(text: &str) -> Vec<u8> {
    let digest = Digest::of(text.as_bytes()).hex();
    let kind = "\"_type\":\"https://in-toto.io/Statement/v1\",\"predicateType\":\"https://example.com/p\"";
    format!("{{{kind},\"subject\":[{{\"name\":\"f\",\"digest\":{{\"sha256\":\"{digest}\"}}}}]}}").into_bytes()
}

fn sending<'s>(to: &'s Path, root: &'s TrustedRoot) -> Sending<'s> {
    Sending { generation: Generation::First, to, root, patience: PATIENCE, jobs: 4, stamping: None }
}

/// A queue of so many requests, and where their bundles go.
fn queue(dir: &Path, count: usize) -> (Queue, PathBuf) {
    let key = PrivateKey::generate("ecdsa-p256").unwrap();
    let queue = Queue::in_folder(&dir.join("queue"));
    for at in 0..count {
        let envelope = Envelope::sign(IN_TOTO, statement(&at.to_string()), &key).unwrap();
        let request = Request::of(&envelope, &envelope.to_json().unwrap(), key.public()).unwrap();
        queue.keep(&format!("file-{at:03}.test-result"), &request).unwrap();
    }
    (queue, dir.join("signed"))
}

fn now() -> Timestamp {
    "2026-02-01T00:00:00Z".parse().unwrap()
}

fn send(rekor: &MadeUpRekor, queue: &Queue, to: &Path) -> Vec<Outcome> {
    let root = rekor.root();
    let (outcomes, together) = submit(rekor, queue, sending(to, &root), now).unwrap();
    together.unwrap();
    outcomes
}

fn lines(to: &Path) -> usize {
    std::fs::read_to_string(to.join(ALL)).unwrap().lines().count()
}

#[test]
fn a_queue_becomes_bundles_and_is_empty() {
    let dir = tempfile::tempdir().unwrap();
    let (queue, to) = queue(dir.path(), 5);
    let rekor = MadeUpRekor::new(0);
    let outcomes = send(&rekor, &queue, &to);
    assert!(outcomes.iter().all(|one| one.result.as_ref().is_ok_and(|done| done.sent == 1 && !done.was_there)));
    assert_eq!((rekor.count(), lines(&to), queue.waiting().unwrap().len()), (5, 5, 0));
    assert_eq!(send(&rekor, &queue, &to).len(), 0);
}

/// However often it is killed and however many answers are lost, each is in the log once and its bundle on disk.
#[test]
fn whatever_is_lost_each_is_logged_once() {
    let dir = tempfile::tempdir().unwrap();
    let (queue, to) = queue(dir.path(), 60);
    let mut rekor = MadeUpRekor::new(30);
    for dies_after in [10, 60, 110] {
        rekor.dies_after = dies_after;
        let root = rekor.root();
        // It may die before it knows the log's key, too.
        let _ = submit(&rekor, &queue, sending(&to, &root), now);
    }
    assert!(!queue.waiting().unwrap().is_empty(), "it was killed too late to show anything");
    rekor.dies_after = u64::MAX;
    let outcomes = send(&rekor, &queue, &to);
    let failed: Vec<_> = outcomes.iter().filter(|one| one.result.is_err()).collect();
    assert!(failed.is_empty(), "{failed:?}");
    assert_eq!((rekor.count(), lines(&to), queue.waiting().unwrap().len()), (60, 60, 0));
}

/// Named regressions: a run that was killed at its very end left the list of all bundles out, and others' files were written over or went
/// into it unverified.
#[test]
fn what_lies_there_is_kept_and_only_what_was_written_here_is_put_together() {
    let dir = tempfile::tempdir().unwrap();
    let (queue, to) = queue(dir.path(), 2);
    let rekor = MadeUpRekor::new(0);
    std::fs::create_dir(&to).unwrap();
    let (others, taken) = (to.join("other.sigstore.json"), to.join("file-000.test-result.sigstore.json"));
    for file in [&others, &taken] {
        std::fs::write(file, "{\n  \"mediaType\": \"x\"\n}").unwrap();
    }
    let outcomes = send(&rekor, &queue, &to);
    assert!(matches!(&outcomes[0].result, Err(Undone::File(FsError::Exists { path })) if *path == taken));
    assert!(outcomes[1].result.is_ok());
    assert_eq!((rekor.count(), lines(&to)), (1, 1), "nothing is sent whose bundle has no place");
    // The same once more is no other one.
    std::fs::remove_file(&taken).unwrap();
    assert!(send(&rekor, &queue, &to)[0].result.is_ok());
    std::fs::remove_file(to.join(ALL)).unwrap();
    assert_eq!((send(&rekor, &queue, &to).len(), lines(&to)), (0, 2));
    assert!(std::fs::read_to_string(others).unwrap().contains("mediaType"));
}

#[test]
fn nothing_is_sent_to_a_log_that_is_not_trusted() {
    let dir = tempfile::tempdir().unwrap();
    let (queue, to) = queue(dir.path(), 2);
    let rekor = MadeUpRekor::new(0);
    let root = TrustedRoot::public_good().unwrap();
    let error = submit(&rekor, &queue, sending(&to, &root), now).unwrap_err();
    assert!(error.to_string().starts_with("nothing is sent to the log with the key sha256:"), "{error}");
    assert_eq!((rekor.count(), queue.waiting().unwrap().len(), to.exists()), (0, 2, false));
}

#[test]
fn one_failure_keeps_no_other_from_being_sent() {
    let dir = tempfile::tempdir().unwrap();
    let (queue, to) = queue(dir.path(), 3);
    let rekor = MadeUpRekor::new(0);
    // What the log shows of the second is of a tree that it has not signed.
    let second = queue.waiting().unwrap().remove(1).request;
    let mut entry = rekor.log.take(("dsse", "0.0.1"), &second.entry, 0, 2);
    entry.proof.as_mut().unwrap().path.clear();
    rekor.entries.lock().unwrap().insert(second.leaf(), first::tests::answer(&entry));
    let outcomes = send(&rekor, &queue, &to);
    let ends: Vec<bool> = outcomes.iter().map(|one| one.result.is_ok()).collect();
    assert_eq!(ends, [true, false, true]);
    assert!(matches!(outcomes[1].result, Err(Undone::NotVerified(_))));
    assert_eq!((lines(&to), queue.waiting().unwrap().len()), (2, 1));
}

/// The same queue into a log of the second generation, whatever goes wrong on the way.
#[test]
fn a_queue_goes_into_a_log_of_the_second_generation() {
    for (faults, count) in [(0, 5), (30, 40)] {
        let dir = tempfile::tempdir().unwrap();
        let (queue, to) = queue(dir.path(), count);
        let log = MadeUpSecond::new(faults, 250);
        let root = MadeUpLog::root(&[&log.log]);
        let sending = Sending { generation: Generation::Second, ..sending(&to, &root) };
        let (outcomes, together) = submit(&log, &queue, sending, now).unwrap();
        together.unwrap();
        for outcome in &outcomes {
            let logged = &outcome.result.as_ref().unwrap_or_else(|error| panic!("{error}")).logged;
            assert_eq!((logged.log.as_str(), logged.time), ("https://second.example", None));
        }
        assert_eq!((log.size(), lines(&to), queue.waiting().unwrap().len()), (250 + count, count, 0));
    }
}

#[test]
fn a_log_of_the_second_generation_is_sent_nothing_that_it_cannot_take() {
    let dir = tempfile::tempdir().unwrap();
    let key = PrivateKey::generate("ed25519").unwrap();
    let (queue, to) = queue(dir.path(), 1);
    let envelope = Envelope::sign(IN_TOTO, statement("x"), &key).unwrap();
    let request = Request::of(&envelope, &envelope.to_json().unwrap(), key.public()).unwrap();
    queue.keep("ed25519.test-result", &request).unwrap();
    let log = MadeUpSecond::new(0, 0);
    let root = MadeUpLog::root(&[&log.log]);
    let second = Sending { generation: Generation::Second, ..sending(&to, &root) };
    let error = submit(&log, &queue, second, now).unwrap_err();
    let said = "`ed25519.test-result` is signed by a key of ed25519, which no log of the second generation takes";
    assert_eq!((error.to_string().as_str(), log.asked.lock().unwrap().len()), (said, 0));
    // Nor to one that is not trusted, or not as one of this name.
    queue.done("ed25519.test-result").unwrap();
    for root in [TrustedRoot::public_good().unwrap(), MadeUpLog::root(&[&MadeUpLog::second()])] {
        let second = Sending { generation: Generation::Second, ..sending(&to, &root) };
        let error = submit(&log, &queue, second, now).unwrap_err();
        let said = "nothing is sent to the log `second.example`: it is not in the trusted root";
        assert_eq!((error.to_string().as_str(), log.size()), (said, 0));
    }
}
