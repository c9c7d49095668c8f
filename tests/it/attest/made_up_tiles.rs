//! A log of ours that speaks as Rekor's second generation does, over HTTP on this machine: one tree over all entries, which it shows as a
//! checkpoint and tiles. It takes what the real one takes, and nothing else.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};
use stella::attest::base64;
use stella::attest::key::private::PrivateKey;
use stella::attest::log::merkle;
use stella::model::digest::Digest;

use crate::attest::made_up_rekor::{answer, answer_html, request};

/// Its name in checkpoints.
const NAME: &str = "tiles.local";

struct State {
    key: PrivateKey,
    /// Every so many requests one goes wrong; 0 for none.
    every: usize,
    asked: AtomicUsize,
    entries: Mutex<Vec<Vec<u8>>>,
}

/// The log.
pub struct MadeUpTiles {
    /// Where it is.
    pub url: String,
    state: Arc<State>,
}

impl MadeUpTiles {
    /// Starts one of which every so many requests one goes wrong; none for 0.
    pub fn start(every: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let key = PrivateKey::generate("ed25519").unwrap();
        let state = Arc::new(State { key, every, asked: AtomicUsize::new(0), entries: Mutex::default() });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let state = Arc::clone(&shared);
                thread::spawn(move || stream.map(|stream| state.serve(stream)));
            }
        });
        Self { url, state }
    }

    /// How many entries it has.
    pub fn size(&self) -> usize {
        self.state.entries.lock().unwrap().len()
    }

    /// How often it was asked for anything.
    pub fn asked(&self) -> usize {
        self.state.asked.load(Ordering::Relaxed)
    }

    /// How a trusted root lists it.
    pub fn listed(&self) -> Value {
        json!({
            "baseUrl": format!("http://{NAME}"),
            "hashAlgorithm": "SHA2_256",
            "publicKey": {
                "rawBytes": base64::encode(self.state.key.public().der()),
                "keyDetails": "PKIX_ED25519",
                "validFor": { "start": "2024-01-01T00:00:00Z" },
            },
            "logId": { "keyId": base64::encode(self.state.id().as_bytes()) },
        })
    }

    /// A root that trusts it.
    pub fn root(&self) -> Value {
        json!({ "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1", "tlogs": [self.listed()] })
    }
}

impl State {
    fn id(&self) -> Digest {
        Digest::of_all([NAME.as_bytes(), b"\n\x01", self.key.public().ed25519_bytes().unwrap()])
    }

    fn serve(&self, mut stream: TcpStream) {
        let Some((line, body)) = request(&mut stream) else { return };
        let number = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        let is_wrong = self.every > 0 && number.is_multiple_of(self.every);
        let canceled = "{\"code\":1,\"message\":\"add entry: await: context canceled\",\"details\":[]}";
        let answer = self.answered(&line, &body);
        // It has done what it was asked: whoever is left without an answer does not know.
        let _ = match number / self.every.max(1) % 3 {
            0 if is_wrong => return,
            1 if is_wrong => stream.write_all(&self::answer("499 Client Closed Request", "", canceled)),
            2 if is_wrong => stream.write_all(&answer_html()),
            _ => stream.write_all(&answer),
        };
    }

    fn answered(&self, line: &str, body: &[u8]) -> Vec<u8> {
        let mut words = line.split(' ');
        let (method, path) = (words.next().unwrap(), words.next().unwrap());
        let mut entries = self.entries.lock().unwrap();
        let leaves = |entries: &[Vec<u8>]| entries.iter().map(|entry| merkle::leaf(entry)).collect::<Vec<_>>();
        match (method, path.strip_prefix("/api/v2/").unwrap_or_default()) {
            ("GET", "checkpoint") => answer("200 OK", "", self.checkpoint(&leaves(&entries))),
            ("GET", path) => match tile(&leaves(&entries), path) {
                Some(bytes) => answer("200 OK", "", bytes),
                None => answer("404 Not Found", "", ""),
            },
            ("POST", "log/entries") => {
                let entry = match entry(body) {
                    Ok(entry) => entry,
                    Err((status, said)) => return answer(status, "", said),
                };
                if let Some(at) = entries.iter().position(|there| *there == entry) {
                    let message = format!("an equivalent entry already exists in the transparency log with index {at}");
                    let said = json!({ "code": 6, "message": message, "details": [] }).to_string();
                    return answer("409 Conflict", &format!("X-Log-Index: {at}\r\n"), said);
                }
                entries.push(entry.clone());
                let leaves = leaves(&entries);
                let index = leaves.len() - 1;
                let hashes: Vec<String> =
                    path_of(&leaves, index).iter().map(|hash| base64::encode(hash.as_bytes())).collect();
                let said = json!({
                    "logIndex": index.to_string(),
                    "logId": { "keyId": base64::encode(self.id().as_bytes()) },
                    "kindVersion": { "kind": "hashedrekord", "version": "0.0.2" },
                    "integratedTime": "0",
                    "inclusionPromise": null,
                    "inclusionProof": {
                        "logIndex": index.to_string(),
                        "rootHash": base64::encode(root(&leaves).as_bytes()),
                        "treeSize": leaves.len().to_string(),
                        "hashes": hashes,
                        "checkpoint": { "envelope": self.checkpoint(&leaves) },
                    },
                    "canonicalizedBody": base64::encode(&entry),
                });
                answer("201 Created", "", said.to_string())
            }
            _ => answer("404 Not Found", "", ""),
        }
    }

    fn checkpoint(&self, leaves: &[Digest]) -> String {
        let root = if leaves.is_empty() { Digest::of(b"") } else { root(leaves) };
        let signed = format!("{NAME}\n{}\n{}\n", leaves.len(), base64::encode(root.as_bytes()));
        let signature = [&self.id().as_bytes()[..4], &self.key.sign(signed.as_bytes()).unwrap()].concat();
        format!("{signed}\n— {NAME} {}\n", base64::encode(&signature))
    }
}

/// What the log keeps of a request, or how it refuses it.
fn entry(body: &[u8]) -> Result<Vec<u8>, (&'static str, &'static str)> {
    let invalid = ("400 Bad Request", "{\"code\":3,\"message\":\"invalid hashedrekord request\",\"details\":[]}");
    let sent: Value = serde_json::from_slice(body).map_err(|_| invalid)?;
    let request = &sent["hashedRekordRequestV002"];
    let verifier = &request["signature"]["verifier"];
    if verifier["keyDetails"] == "PKIX_ED25519" {
        // It panics.
        return Err((
            "500 Internal Server Error",
            "{\"code\":13,\"message\":\"internal server error\",\"details\":[]}",
        ));
    }
    let bytes = |value: &Value| base64::decode(value.as_str().unwrap_or_default()).unwrap_or_default();
    let is_one = verifier["publicKey"].is_object() != verifier["x509Certificate"].is_object();
    let names: Vec<&String> = sent.as_object().into_iter().flatten().map(|(name, _)| name).collect();
    if names != ["hashedRekordRequestV002"]
        || verifier["keyDetails"] != "PKIX_ECDSA_P256_SHA_256"
        || bytes(&request["digest"]).len() != 32
        || !is_one
    {
        return Err(invalid);
    }
    let entry = json!({
        "apiVersion": "0.0.2",
        "kind": "hashedrekord",
        "spec": { "hashedRekordV002": {
            "data": { "algorithm": "SHA2_256", "digest": request["digest"] },
            "signature": request["signature"],
        } },
    });
    Ok(entry.to_string().into_bytes())
}

/// RFC 6962 §2.1
fn root(leaves: &[Digest]) -> Digest {
    match leaves {
        [one] => *one,
        _ => {
            let (left, right) = leaves.split_at(1 << (leaves.len() - 1).ilog2());
            merkle::node(&root(left), &root(right))
        }
    }
}

/// RFC 6962 §2.1.1
fn path_of(leaves: &[Digest], index: usize) -> Vec<Digest> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(1 << (leaves.len() - 1).ilog2());
    let (mut below, beside) = match index.checked_sub(left.len()) {
        None => (path_of(left, index), root(right)),
        Some(index) => (path_of(right, index), root(left)),
    };
    below.push(beside);
    below
}

/// `tile/0/000.p/7`, of a tree with fewer than 256,000 entries.
fn tile(leaves: &[Digest], path: &str) -> Option<Vec<u8>> {
    let words: Vec<&str> = path.strip_prefix("tile/")?.split('/').collect();
    let (level, number): (u32, usize) = (words[0].parse().ok()?, words[1].trim_end_matches(".p").parse().ok()?);
    let width: usize = words.get(2).map_or(Some(256), |width| width.parse().ok())?;
    let mut nodes = leaves.to_vec();
    for _ in 0..8 * level {
        nodes = nodes.chunks_exact(2).map(|two| merkle::node(&two[0], &two[1])).collect();
    }
    let nodes = nodes.get(number * 256..number * 256 + width)?;
    Some(nodes.iter().flat_map(|hash| *hash.as_bytes()).collect())
}
