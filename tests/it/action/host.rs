//! A host of releases on this machine's loopback that answers as it is told, and remembers what it was asked.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// One answer.
#[derive(Clone)]
pub enum Answer {
    Status(u16),
    /// The bytes.
    File(Vec<u8>),
    /// Fewer bytes than it says.
    Half(Vec<u8>),
    /// Another address.
    Elsewhere(String),
    /// Nothing: the connection is closed.
    Silence,
    /// The bytes, in pieces with a pause between them.
    Slowly(Vec<u8>),
}

/// The host. The last answer is given again and again.
pub struct Host {
    pub url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Host {
    pub fn start(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { continue };
                let Some(request) = request(&stream) else { continue };
                let at = {
                    let mut seen = seen.lock().unwrap();
                    seen.push(request);
                    seen.len() - 1
                };
                // A client that has gone away is its own fault.
                let _ = answer(&stream, &answers[at.min(answers.len() - 1)]);
            }
        });
        Self { url, asked }
    }

    /// The paths that were asked for.
    pub fn asked(&self) -> Vec<String> {
        let of = |request: &String| request.split(' ').nth(1).unwrap_or_default().to_owned();
        self.asked.lock().unwrap().iter().map(of).collect()
    }
}

/// The first line of a request.
fn request(stream: &TcpStream) -> Option<String> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 || line == "\r\n" {
            return Some(first).filter(|first| !first.is_empty());
        }
    }
}

fn answer(mut stream: &TcpStream, answer: &Answer) -> std::io::Result<()> {
    let head = |status: u16, more: &str, length: usize| {
        format!("HTTP/1.1 {status} Said\r\nconnection: close\r\ncontent-length: {length}\r\n{more}\r\n")
    };
    match answer {
        Answer::Status(status) => stream.write_all(head(*status, "", 0).as_bytes()),
        Answer::Elsewhere(url) => stream.write_all(head(302, &format!("location: {url}\r\n"), 0).as_bytes()),
        Answer::Silence => Ok(()),
        Answer::File(bytes) => stream.write_all(&[head(200, "", bytes.len()).as_bytes(), bytes].concat()),
        Answer::Half(bytes) => {
            stream.write_all(&[head(200, "", bytes.len()).as_bytes(), &bytes[..bytes.len() / 2]].concat())
        }
        Answer::Slowly(bytes) => {
            stream.write_all(head(200, "", bytes.len()).as_bytes())?;
            for piece in bytes.chunks(bytes.len().div_ceil(5)) {
                thread::sleep(Duration::from_millis(100));
                stream.write_all(piece)?;
            }
            Ok(())
        }
    }
}
