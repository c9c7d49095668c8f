//! What goes wrong on the way to a log: a proxy that hands on to it, and now and then does not do so well.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crate::attest::made_up_rekor::request;

/// What goes wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// It is not handed on, and a pause is asked for.
    TooMany,
    /// It is not handed on, and something answers with HTML.
    Html,
    /// It is handed on, and something answers with HTML.
    HtmlAfterwards,
    /// It is not handed on, and the connection is reset.
    Reset,
    /// It is handed on, and who asked is hung up on.
    HangUpAfterwards,
    /// It is handed on, and half of the answer comes.
    CutOff,
    /// It is handed on twice, so that the log says that it has it already.
    Twice,
    /// It is handed on, and nothing is said for so long; then who asked is hung up on.
    Stall(Duration),
}

/// The proxy.
pub struct Faults {
    /// Where it is.
    pub url: String,
    state: Arc<State>,
}

struct State {
    log: String,
    /// Of a hundred requests so many go wrong.
    of_hundred: usize,
    faults: Vec<Fault>,
    asked: AtomicUsize,
    /// What has gone wrong.
    seen: Mutex<Vec<Fault>>,
}

impl Faults {
    /// Starts one before the log at `url`: of a hundred requests so many go wrong, in these ways in turn.
    pub fn before(url: &str, of_hundred: usize, faults: &[Fault]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let log = url.strip_prefix("http://").unwrap().to_owned();
        let (faults, url) = (faults.to_vec(), format!("http://{}", listener.local_addr().unwrap()));
        let state = Arc::new(State { log, of_hundred, faults, asked: AtomicUsize::new(0), seen: Mutex::default() });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let state = Arc::clone(&shared);
                thread::spawn(move || stream.map(|stream| state.serve(stream)));
            }
        });
        Self { url, state }
    }

    /// What has gone wrong until now, each kind once.
    pub fn seen(&self) -> Vec<Fault> {
        let mut seen = self.state.seen.lock().unwrap().clone();
        seen.sort_unstable();
        seen.dedup();
        seen
    }
}

impl State {
    /// What goes wrong with the request of this number: evenly, and another thing each time.
    fn fault(&self, number: usize) -> Option<Fault> {
        let until = |number| number * self.of_hundred / 100;
        (until(number + 1) > until(number)).then(|| self.faults[until(number) % self.faults.len()])
    }

    // What cannot be said to somebody who was killed, or to whom it was not meant to be said, is not said.
    fn serve(&self, mut stream: TcpStream) {
        let Some((line, body)) = request(&mut stream) else { return };
        let fault = self.fault(self.asked.fetch_add(1, Ordering::Relaxed));
        self.seen.lock().unwrap().extend(fault);
        let hand_on = || self.hand_on(&line, &body).unwrap();
        let answer = match fault {
            None => hand_on(),
            Some(Fault::TooMany) => {
                b"HTTP/1.1 429 Too Many Requests\r\nConnection: close\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
                    .to_vec()
            }
            Some(Fault::Html) => html(),
            Some(Fault::HtmlAfterwards) => {
                hand_on();
                html()
            }
            Some(Fault::Reset) => {
                rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
                return;
            }
            Some(Fault::HangUpAfterwards) => {
                hand_on();
                return;
            }
            Some(Fault::CutOff) => {
                let answer = hand_on();
                answer[..answer.len() / 2].to_vec()
            }
            Some(Fault::Twice) => {
                hand_on();
                hand_on()
            }
            Some(Fault::Stall(pause)) => {
                hand_on();
                thread::sleep(pause);
                return;
            }
        };
        let _ = stream.write_all(&answer);
    }

    /// What the log answers, to the byte.
    fn hand_on(&self, line: &str, body: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut log = TcpStream::connect(&self.log)?;
        let head = format!(
            "{line}\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.log,
            body.len()
        );
        log.write_all(&[head.as_bytes(), body].concat())?;
        let mut answer = Vec::new();
        log.read_to_end(&mut answer)?;
        Ok(answer)
    }
}

fn html() -> Vec<u8> {
    const PAGE: &str = "<html><body><h1>502 Bad Gateway</h1></body></html>";
    let length = PAGE.len();
    format!("HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Type: text/html\r\nContent-Length: {length}\r\n\r\n{PAGE}").into_bytes()
}
