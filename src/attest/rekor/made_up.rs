//! A log of the second generation of ours, for tests: it takes what the real one takes, and fails as that does.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::attest::base64;
use crate::attest::log::entry::Entry;
use crate::attest::log::made_up::MadeUpLog;
use crate::attest::log::merkle;
use crate::attest::rekor::tiles;
use crate::attest::rekor::transport::{Answer, Call, NoAnswer, Transport};
use crate::model::digest::Digest;

/// The log.
pub struct MadeUpSecond {
    pub log: MadeUpLog,
    /// Of every hundred calls so many go wrong.
    pub faults: u64,
    pub calls: AtomicU64,
    pub entries: Mutex<Vec<Vec<u8>>>,
    /// What was asked, in words.
    pub asked: Mutex<Vec<String>>,
    /// So many questions for its checkpoint are answered with the one before the last entry.
    pub late: AtomicU64,
}

impl MadeUpSecond {
    pub fn new(faults: u64, before: usize) -> Self {
        let entries = (0..before).map(|at| format!("{{\"before\":{at}}}").into_bytes()).collect();
        let (calls, late) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { log: MadeUpLog::second(), faults, calls, entries: Mutex::new(entries), asked: Mutex::default(), late }
    }

    pub fn size(&self) -> usize {
        self.entries.lock().unwrap().len()
    }

    pub fn answered(&self, call: &Call<'_>) -> Answer {
        let mut entries = self.entries.lock().unwrap();
        let body = |body: Vec<u8>| Answer { status: 200, body, ..Answer::default() };
        let said = |status: u16, code: u8, message: &str| {
            let body = json!({ "code": code, "message": message, "details": [] }).to_string().into_bytes();
            Answer { status, body, ..Answer::default() }
        };
        match call {
            Call::Get(path) if path == "/api/v2/checkpoint" => {
                let is_late =
                    self.late.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok();
                let size = entries.len() - usize::from(is_late);
                let leaves: Vec<&[u8]> = entries[..size].iter().map(Vec::as_slice).collect();
                body(self.log.checkpoint(&leaves).into_bytes())
            }
            Call::Get(path) => {
                let leaves: Vec<Digest> = entries.iter().map(|entry| merkle::leaf(entry)).collect();
                let words: Vec<&str> = path.strip_prefix("/api/v2/tile/").unwrap().split('/').collect();
                let level: u32 = words[0].parse().unwrap();
                let number: u64 = words[1].trim_end_matches(".p").parse().unwrap();
                let there = (leaves.len() as u64 >> (8 * level)).saturating_sub(number * 256).min(256);
                match words.get(2).map_or(256, |width| width.parse().unwrap()) {
                    width if width <= there => body(tiles::tests::bytes(&leaves, level, number, width)),
                    _ => Answer { status: 404, ..Answer::default() },
                }
            }
            Call::Post("/api/v2/log/entries", sent) => {
                let sent: Value = serde_json::from_slice(sent).unwrap();
                let request = &sent["hashedRekordRequestV002"];
                let verifier = &request["signature"]["verifier"];
                if verifier["keyDetails"] != "PKIX_ECDSA_P256_SHA_256" {
                    return said(500, 13, "internal server error");
                }
                let digest = base64::decode(request["digest"].as_str().unwrap_or_default()).unwrap_or_default();
                if digest.len() != 32 {
                    return said(400, 3, "invalid hashedrekord request");
                }
                let leaf = json!({
                    "apiVersion": "0.0.2",
                    "kind": "hashedrekord",
                    "spec": { "hashedRekordV002": {
                        "data": { "algorithm": "SHA2_256", "digest": request["digest"] },
                        "signature": request["signature"],
                    } },
                });
                let leaf = leaf.to_string().into_bytes();
                if let Some(at) = entries.iter().position(|entry| *entry == leaf) {
                    let there = "an equivalent entry already exists in the transparency log with index";
                    return Answer { index: Some(at as u64), ..said(409, 6, &format!("{there} {at}")) };
                }
                entries.push(leaf);
                let leaves: Vec<&[u8]> = entries.iter().map(Vec::as_slice).collect();
                let entry = self.log.entry(("hashedrekord", "0.0.2"), &leaves, leaves.len() - 1);
                Answer { status: 201, body: answer(&entry), ..Answer::default() }
            }
            Call::Post(path, _) => panic!("{path}"),
        }
    }
}

/// An entry as such a log answers it.
pub fn answer(entry: &Entry) -> Vec<u8> {
    let proof = entry.proof.as_ref().unwrap();
    let hashes: Vec<String> = proof.path.iter().map(|hash| base64::encode(hash.as_bytes())).collect();
    let json = json!({
        "logIndex": entry.index.to_string(),
        "logId": { "keyId": base64::encode(&entry.log_id) },
        "kindVersion": { "kind": "hashedrekord", "version": "0.0.2" },
        "integratedTime": "0",
        "inclusionPromise": null,
        "inclusionProof": {
            "logIndex": proof.index.to_string(), "rootHash": base64::encode(&proof.root), "treeSize": proof.size.to_string(),
            "hashes": hashes, "checkpoint": { "envelope": proof.checkpoint },
        },
        "canonicalizedBody": base64::encode(&entry.body),
    });
    json.to_string().into_bytes()
}

impl Transport for MadeUpSecond {
    fn send(&self, call: &Call<'_>) -> Result<Answer, NoAnswer> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        self.asked.lock().unwrap().push(match call {
            Call::Get(path) => format!("GET {}", path.trim_start_matches("/api/v2/")),
            Call::Post(..) => "POST".to_owned(),
        });
        // Spread evenly, and another fault each time.
        if number * 37 % 100 < self.faults {
            return match number % 5 {
                0 => Err(NoAnswer::Unknown("connection refused".into())),
                1 => {
                    self.answered(call);
                    Err(NoAnswer::Unknown("operation timed out".into()))
                }
                2 => Ok(Answer { status: 429, retry_after: Some(Duration::from_secs(1)), ..Answer::default() }),
                3 => {
                    // Some other client has hung up.
                    self.answered(call);
                    let body = b"{\"code\":1,\"message\":\"add entry: await: context canceled\"}".to_vec();
                    Ok(Answer { status: 499, body, ..Answer::default() })
                }
                _ => {
                    let mut cut = self.answered(call);
                    cut.body.truncate(cut.body.len() / 2);
                    Ok(cut)
                }
            };
        }
        Ok(self.answered(call))
    }

    fn wait(&self, pause: Duration) {
        self.asked.lock().unwrap().push(format!("{} s", pause.as_secs()));
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}
