//! A log of ours that speaks as Rekor's first generation does, over HTTP on this machine. Each entry has a tree of its own.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};
use stella::attest::base64;
use stella::attest::key::private::PrivateKey;
use stella::attest::log::entry::{Entry, promised_bytes};
use stella::attest::log::merkle;
use stella::attest::rekor::request::Request;
use stella::attest::x509::certificate::SignedBy;

/// When it takes entries up: the hour of the tests.
pub const TIME: i64 = 1_767_323_045;

const ENTRIES: &str = "/api/v1/log/entries";

/// What it does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It hangs up before it has done anything.
    HangsUp,
    /// It does what it was asked, and hangs up.
    HangsUpAfterwards,
    /// It does what it was asked, and something before it answers with HTML.
    Html,
    /// It does nothing, and asks for a pause.
    TooMany,
    /// It does what it was asked, and its answer is cut off.
    CutOff,
}

const FAULTS: [Fault; 5] = [Fault::HangsUp, Fault::HangsUpAfterwards, Fault::Html, Fault::TooMany, Fault::CutOff];

struct State {
    key: PrivateKey,
    /// Every so many requests one goes wrong; 0 for none.
    every: usize,
    /// When it takes entries up.
    time: i64,
    asked: AtomicUsize,
    /// By the hash of the entry: its answer.
    entries: Mutex<BTreeMap<String, String>>,
}

/// The log.
pub struct MadeUpRekor {
    /// Where it is.
    pub url: String,
    state: Arc<State>,
}

impl MadeUpRekor {
    /// Starts one of which every so many requests one goes wrong; none for 0.
    pub fn start(every: usize) -> Self {
        Self::start_at(every, TIME)
    }

    /// Starts one that takes entries up so many seconds later.
    pub fn start_later(seconds: i64) -> Self {
        Self::start_at(0, TIME + seconds)
    }

    fn start_at(every: usize, time: i64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let key = PrivateKey::generate("ecdsa-p256").unwrap();
        let state = Arc::new(State { key, every, time, asked: AtomicUsize::new(0), entries: Mutex::default() });
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

    /// A root that trusts it.
    pub fn root(&self) -> Value {
        let key = self.state.key.public();
        json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [{
                "baseUrl": "http://rekor.local",
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": base64::encode(key.der()),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "validFor": { "start": "2024-01-01T00:00:00Z" },
                },
                "logId": { "keyId": base64::encode(key.digest().as_bytes()) },
            }],
        })
    }
}

impl State {
    fn serve(&self, mut stream: TcpStream) {
        let Some((line, body)) = request(&mut stream) else { return };
        let number = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        let is_wrong = self.every > 0 && number.is_multiple_of(self.every);
        let fault = is_wrong.then(|| FAULTS[number / self.every % FAULTS.len()]);
        let answer = match fault {
            Some(Fault::HangsUp) => return,
            Some(Fault::TooMany) => answer("429 Too Many Requests", "Retry-After: 1\r\n", ""),
            _ => self.answered(&line, &body),
        };
        let _ = match fault {
            Some(Fault::HangsUpAfterwards) => return,
            Some(Fault::Html) => stream.write_all(&answer_html()),
            Some(Fault::CutOff) => stream.write_all(&answer[..answer.len() / 2]),
            _ => stream.write_all(&answer),
        };
    }

    fn answered(&self, line: &str, body: &[u8]) -> Vec<u8> {
        let mut words = line.split(' ');
        let (method, path) = (words.next().unwrap(), words.next().unwrap());
        let mut entries = self.entries.lock().unwrap();
        if method == "POST" {
            let envelope = Request::read(body.to_vec()).map(|(request, ..)| request).ok();
            let Some(request) = envelope.or_else(|| of_file(body)) else {
                return answer("400 Bad Request", "", "{\"code\":400,\"message\":\"not a request\"}\n");
            };
            let hash = request.leaf().hex();
            if entries.contains_key(&hash) {
                let more = format!("Location: {ENTRIES}/00000000000011d7{hash}\r\n");
                return answer(
                    "409 Conflict",
                    &more,
                    "{\"code\":409,\"message\":\"an equivalent entry already exists\"}\n",
                );
            }
            let taken = self.taken(&request, 1000 + entries.len() as u64);
            entries.insert(hash, taken.clone());
            return answer("201 Created", "", &taken);
        }
        match path.strip_prefix(&format!("{ENTRIES}/")[..]) {
            None => answer("200 OK", "", self.key.public().to_pem().unwrap()),
            Some(id) => match entries.get(&id[id.len() - 64..]) {
                Some(taken) => answer("200 OK", "", taken),
                None => answer("404 Not Found", "", ""),
            },
        }
    }

    fn taken(&self, request: &Request, index: u64) -> String {
        let key = self.key.public().digest();
        let (body, root) = (&request.entry, merkle::leaf(&request.entry));
        let mut entry = Entry {
            index,
            log_id: key.as_bytes().to_vec(),
            kind: (String::new(), String::new()),
            time: self.time,
            promise: None,
            proof: None,
            body: body.clone(),
        };
        entry.promise = Some(self.key.sign(&promised_bytes(&entry)).unwrap());
        let signed = format!("rekor.local - 4567\n1\n{}\n", base64::encode(root.as_bytes()));
        let signature = [&key.as_bytes()[..4], &self.key.sign(signed.as_bytes()).unwrap()].concat();
        let id = format!("00000000000011d7{}", root.hex());
        let json = json!({ id: {
            "body": base64::encode(body),
            "integratedTime": self.time,
            "logID": key.hex(),
            "logIndex": index,
            "verification": {
                "inclusionProof": {
                    "checkpoint": format!("{signed}\n— rekor.local {}\n", base64::encode(&signature)),
                    "hashes": [], "logIndex": 0, "rootHash": root.hex(), "treeSize": 1,
                },
                "signedEntryTimestamp": base64::encode(entry.promise.as_ref().unwrap()),
            },
        } });
        format!("{json}\n")
    }
}

/// A request for the signature of a file, `hashedrekord` 0.0.1: what is kept of it is what is sent.
fn of_file(body: &[u8]) -> Option<Request> {
    let sent: Value = serde_json::from_slice(body).ok()?;
    let (data, signature) = (&sent["spec"]["data"]["hash"], &sent["spec"]["signature"]);
    let bytes = |value: &Value| base64::decode(value.as_str()?).ok();
    let by = SignedBy::read(&bytes(&signature["publicKey"]["content"])?).ok()?;
    let digest = format!("sha256:{}", data["value"].as_str()?).parse().ok()?;
    by.key().verify_digest(&digest, &bytes(&signature["content"])?).ok()?;
    let is_one = sent["kind"] == "hashedrekord" && sent["apiVersion"] == "0.0.1" && data["algorithm"] == "sha256";
    is_one.then(|| Request { body: body.to_vec(), entry: sent.to_string().into_bytes() })
}

/// An answer as it goes over the wire.
pub fn answer(status: &str, more: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{more}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// What something before a server answers.
pub fn answer_html() -> Vec<u8> {
    answer("502 Bad Gateway", "Content-Type: text/html\r\n", "<html><body>502 Bad Gateway</body></html>")
}

/// The first line of one request, and its body.
pub fn request(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    request_with_head(stream).and_then(|(head, body)| Some((head.lines().next()?.to_owned(), body)))
}

/// The head of one request, and its body.
pub fn request_with_head(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut asked = Vec::new();
    let mut buffer = [0; 8192];
    loop {
        let count = stream.read(&mut buffer).ok().filter(|count| *count > 0)?;
        asked.extend_from_slice(&buffer[..count]);
        let Some(end) = asked.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&asked[..end]).into_owned();
        let mut lengths = head
            .lines()
            .filter_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
        let length: usize = lengths.next_back().unwrap_or(0);
        if asked.len() >= end + 4 + length {
            return Some((head, asked[end + 4..].to_vec()));
        }
    }
}
