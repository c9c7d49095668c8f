//! Starts Sigstore's servers by `tests/real/sigstore/run`, and asks their log what it has. Tests and benchmarks share it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use stella::attest::base64;

/// What the script ends with where a server is not installed, or this machine lets nobody make namespaces.
const NOT_HERE: i32 = 3;

/// The servers. They end with their standard input, which this value holds, so with this process, however that ends.
pub struct Servers {
    _process: Child,
    /// Where each is.
    document: Value,
}

impl Servers {
    /// Starts those that are named, all of them where none is; or says what this machine lacks for it.
    pub fn start(names: &[&str]) -> Result<Self, String> {
        let mut command = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/sigstore/run"));
        command.args(names).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        if let Ok(document) = serde_json::from_str(&line) {
            return Ok(Self { _process: process, document });
        }
        let mut said = String::new();
        process.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        let status = process.wait().unwrap();
        assert_eq!(status.code(), Some(NOT_HERE), "Sigstore's servers do not start: {line}{said}");
        Err(said.trim_end().to_owned())
    }

    /// Where one of them is.
    pub fn url(&self, name: &str) -> &str {
        self.document[name].as_str().unwrap_or_else(|| panic!("there is no `{name}`"))
    }

    /// The root that trusts them.
    pub fn root(&self) -> String {
        self.document["trusted_root"].to_string()
    }

    /// Every entry of the log of the first generation, as it has kept it.
    pub fn entries(&self) -> Vec<Value> {
        let get = |path: &str| get(self.url("v1"), path);
        let size = get("/api/v1/log")["treeSize"].as_u64().unwrap();
        let entry = |index| {
            let answer = get(&format!("/api/v1/log/entries?logIndex={index}"));
            let entry = answer.as_object().unwrap().values().next().unwrap().clone();
            serde_json::from_slice(&base64::decode(entry["body"].as_str().unwrap()).unwrap()).unwrap()
        };
        (0..size).map(entry).collect()
    }
}

/// The JSON at a path of a server.
fn get(url: &str, path: &str) -> Value {
    let host = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    // Of this version of HTTP the body comes as one and ends with the connection.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(" 200 "), "{url}{path}: {answer}");
    serde_json::from_str(body).unwrap()
}
