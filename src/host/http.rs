//! The only door to the network: GET requests, bounded.
//!
//! Invariants: every body has a limit and every request a time limit; plain HTTP goes to this machine alone, redirects
//! included; a request is repeated a few times at most, and only when nothing was read of its answer. The async runtime of
//! the client stays behind this file. Absent: anything that writes.

use std::io::{self, Read};
use std::net::IpAddr;
use std::time::Duration;

use reqwest::blocking::{Client, Response};
use reqwest::header::{HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{StatusCode, Url};

const CONNECT: Duration = Duration::from_secs(10);
const ATTEMPTS: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause that a server can ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
const REDIRECTS: usize = 5;
/// How much of an answer that is no success is looked at.
const SAID_BYTES: u64 = 4096;

/// Why a request was not answered.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// No URL that is fetched.
    #[error("`{0}` is not fetched: expected an https URL; plain http is for this machine alone")]
    Refused(String),
    /// The client cannot be set up.
    #[error("the HTTP client cannot be set up")]
    Client(#[source] reqwest::Error),
    /// It could not be sent, or the answer broke off.
    #[error("cannot get `{url}`")]
    Request {
        /// What was asked for, without its query.
        url: String,
        /// Why.
        source: reqwest::Error,
    },
    /// The answer is no success.
    #[error("`{url}` was answered with {status}: {said}")]
    Status {
        /// What was asked for, without its query.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The beginning of the body.
        said: String,
    },
    /// The body is larger than what is read of its kind.
    #[error("the answer to `{url}` is larger than {limit} bytes, the limit for its kind")]
    TooLarge {
        /// What was asked for, without its query.
        url: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// The body broke off, or could not be kept.
    #[error("the answer to `{url}` broke off")]
    Body {
        /// What was asked for, without its query.
        url: String,
        /// Why.
        source: io::Error,
    },
}

/// A GET request.
#[derive(Debug, Clone)]
pub struct Get<'a> {
    /// The URL: https, or http to this machine.
    pub url: &'a str,
    /// Further headers; of those that cannot be sent none is.
    pub headers: Vec<(&'static str, String)>,
    /// How long it may take, from the connection to the last byte.
    pub within: Duration,
}

/// What is looked at of an answer that is no success.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// `WWW-Authenticate`
    pub authenticate: Option<String>,
}

/// A client.
#[derive(Debug, Clone)]
pub struct Http(Client);

/// Whether a host can only be this machine.
pub fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn is_allowed(url: &Url) -> bool {
    match url.scheme() {
        "https" => url.host_str().is_some(),
        "http" => url.host_str().is_some_and(is_loopback),
        _ => false,
    }
}

/// A URL as it may be shown: queries carry tokens.
fn shown(url: &str) -> String {
    url.split(['?', '#']).next().unwrap_or(url).to_owned()
}

impl Http {
    /// A client; `local` is one that goes past every proxy.
    ///
    /// # Errors
    /// [`HttpError::Client`].
    pub fn new(local: bool) -> Result<Self, HttpError> {
        let redirects = Policy::custom(|attempt| {
            if attempt.previous().len() > REDIRECTS {
                attempt.error("too many redirects")
            } else if is_allowed(attempt.url()) {
                attempt.follow()
            } else {
                attempt.error("a redirect to something that is not fetched")
            }
        });
        let builder = Client::builder()
            .connect_timeout(CONNECT)
            .redirect(redirects)
            .user_agent(concat!("stella/", env!("CARGO_PKG_VERSION")));
        let builder = if local { builder.no_proxy() } else { builder };
        builder.build().map(Self).map_err(HttpError::Client)
    }

    /// The whole body, of at most `limit` bytes.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn bytes(&self, get: &Get<'_>, limit: u64) -> Result<Vec<u8>, HttpError> {
        let mut bytes = Vec::new();
        self.copy(get, limit, &mut bytes)?;
        Ok(bytes)
    }

    /// Copies the body, of at most `limit` bytes, into `out`.
    ///
    /// # Errors
    /// [`HttpError`]; `out` then has the beginning of it.
    pub fn copy(&self, get: &Get<'_>, limit: u64, out: &mut impl io::Write) -> Result<(), HttpError> {
        let response = self.send(get)?;
        if !response.status().is_success() {
            return Err(refused(get, response));
        }
        let url = || shown(get.url);
        let copied = io::copy(&mut response.take(limit.saturating_add(1)), out);
        match copied.map_err(|source| HttpError::Body { url: url(), source })? {
            length if length > limit => Err(HttpError::TooLarge { url: url(), limit }),
            _ => Ok(()),
        }
    }

    /// Asks, and tells only how it was answered.
    ///
    /// # Errors
    /// [`HttpError`] where there is no answer at all.
    pub fn ask(&self, get: &Get<'_>) -> Result<Answer, HttpError> {
        let response = self.send(get)?;
        let header = response.headers().get("www-authenticate").and_then(|value| value.to_str().ok());
        Ok(Answer { status: response.status().as_u16(), authenticate: header.map(str::to_owned) })
    }

    fn send(&self, get: &Get<'_>) -> Result<Response, HttpError> {
        let allowed = Url::parse(get.url).ok().filter(is_allowed);
        let url = allowed.ok_or_else(|| HttpError::Refused(shown(get.url)))?;
        let mut pause = FIRST_PAUSE;
        for attempt in 1.. {
            let mut request = self.0.get(url.clone()).timeout(get.within);
            for (name, value) in &get.headers {
                if let Ok(value) = HeaderValue::from_str(value) {
                    request = request.header(HeaderName::from_static(name), value);
                }
            }
            let last = attempt >= ATTEMPTS;
            match request.send() {
                Ok(response) if last || !is_passing(response.status()) => return Ok(response),
                Ok(response) => pause = asked_for(&response).unwrap_or(pause),
                Err(error) if last || !error.is_connect() => {
                    return Err(HttpError::Request { url: shown(get.url), source: error.without_url() });
                }
                Err(_) => {}
            }
            std::thread::sleep(pause.min(LONGEST_PAUSE));
            pause *= 2;
        }
        Err(HttpError::Refused(shown(get.url)))
    }
}

/// Whether an answer may be another one a little later.
fn is_passing(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || matches!(status.as_u16(), 502..=504)
}

fn asked_for(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn refused(get: &Get<'_>, response: Response) -> HttpError {
    let status = response.status().as_u16();
    let mut said = Vec::new();
    // What it says is an extra: without it the status is told.
    let _ = response.take(SAID_BYTES).read_to_end(&mut said);
    let said: String = String::from_utf8_lossy(&said).chars().filter(|c| !c.is_control()).take(300).collect();
    HttpError::Status { url: shown(get.url), status, said }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::net::TcpListener;

    /// Answers each connection with the next of these, and tells how many came.
    fn server(answers: Vec<Vec<u8>>) -> (String, std::thread::JoinHandle<usize>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/path?token=secret", listener.local_addr().unwrap());
        let thread = std::thread::spawn(move || {
            for answer in &answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut buffer = [0; 2048];
                let _ = stream.read(&mut buffer).unwrap();
                // Whoever has read enough hangs up.
                let _ = stream.write_all(answer);
            }
            answers.len()
        });
        (url, thread)
    }

    fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
        let head = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
        [head.as_bytes(), body].concat()
    }

    fn get(url: &str) -> Get<'_> {
        Get { url, headers: vec![], within: Duration::from_secs(20) }
    }

    #[test]
    fn bodies_have_a_limit_also_without_a_length() {
        let http = Http::new(true).unwrap();
        let endless = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n12345".to_vec();
        let (url, thread) = server(vec![answer("200 OK", "", b"1234"), answer("200 OK", "", b"12345"), endless]);
        assert_eq!(http.bytes(&get(&url), 4).unwrap(), b"1234");
        for _ in 0..2 {
            let error = http.bytes(&get(&url), 4).unwrap_err();
            assert!(matches!(error, HttpError::TooLarge { limit: 4, .. }), "{error}");
            assert!(!error.to_string().contains("secret"));
        }
        assert_eq!(thread.join().unwrap(), 3);
    }

    #[test]
    fn what_is_no_success_says_so_and_what_may_pass_is_tried_again() {
        let http = Http::new(true).unwrap();
        let busy = || answer("503 Busy", "retry-after: 0\r\n", b"");
        let (url, thread) = server(vec![
            busy(),
            answer("200 OK", "", b"x"),
            busy(),
            busy(),
            busy(),
            answer("404 Not Found", "", b"gone\x1b[2J"),
        ]);
        assert_eq!(http.bytes(&get(&url), 4).unwrap(), b"x");
        assert!(matches!(http.bytes(&get(&url), 4), Err(HttpError::Status { status: 503, .. })));
        let Err(HttpError::Status { status: 404, said, .. }) = http.bytes(&get(&url), 4) else { panic!() };
        assert_eq!(said, "gone[2J");
        assert_eq!(thread.join().unwrap(), 6);
    }

    #[test]
    fn plain_http_goes_to_this_machine_alone_redirects_included() {
        let http = Http::new(true).unwrap();
        for url in ["http://example.com/", "ftp://localhost/", "file:///etc/passwd", "nonsense", "https:///"] {
            assert!(matches!(http.bytes(&get(url), 4), Err(HttpError::Refused(_))), "{url}");
        }
        let (url, thread) = server(vec![answer("302 Found", "location: http://192.0.2.1/\r\n", b"")]);
        let error = http.bytes(&get(&url), 4).unwrap_err();
        assert!(matches!(error, HttpError::Request { .. }), "{error}");
        thread.join().unwrap();
        for (host, loopback) in [
            ("localhost", true),
            ("127.9.9.9", true),
            ("[::1]", true),
            ("::1", true),
            ("localhost.example", false),
            ("10.0.0.1", false),
        ] {
            assert_eq!(is_loopback(host), loopback, "{host}");
        }
    }
}
