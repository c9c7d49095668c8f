//! The only door to the network, for everything that asks a server something: requests, bounded.
//!
//! Invariants: every body has a limit, that of a question as that of an answer, and every request a time limit; plain HTTP goes
//! to this machine alone, redirects included; a request is repeated a few times at most, only when nothing was read of its
//! answer, and one that carries a body only when no server had it. Proxies are those of the environment (`HTTPS_PROXY`,
//! `NO_PROXY`); certificates are those of the system, and of a bundle where one is given. The async runtime of the client stays
//! behind this folder.

pub mod exchange;

use std::io::{self, Read};
use std::net::IpAddr;
use std::time::Duration;

use reqwest::blocking::{Client, Response};
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Certificate, StatusCode, Url};

use crate::model::limits::MAX_SENT_BYTES;

const CONNECT: Duration = Duration::from_secs(10);
const ATTEMPTS: u32 = 3;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause that a server can ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
const REDIRECTS: usize = 5;
/// How much of an answer that is not a success is looked at.
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
    /// The answer is not a success.
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
    /// The body of the question is larger than what is sent.
    #[error("what would be sent to `{url}` has {bytes} bytes: expected at most {MAX_SENT_BYTES}")]
    TooLargeToSend {
        /// Where it would go, without its query.
        url: String,
        /// How long it is.
        bytes: usize,
    },
    /// A bundle of certificates that cannot be read.
    #[error("the bundle of certificates cannot be read: expected certificates as PEM")]
    Certificates(#[source] Option<reqwest::Error>),
    /// The body broke off, or could not be kept.
    #[error("the answer to `{url}` broke off")]
    Body {
        /// What was asked for, without its query.
        url: String,
        /// Why.
        source: io::Error,
    },
}

/// A request.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// The URL: https, or http to this machine.
    pub url: &'a str,
    /// Further headers; of those that cannot be sent none is.
    pub headers: Vec<(&'static str, String)>,
    /// How long it may take, from the connection to the last byte.
    pub within: Duration,
    /// What is sent, with which it is a POST; without it is a GET.
    pub body: Option<Body<'a>>,
}

/// What a request carries.
#[derive(Debug, Clone, Copy)]
pub struct Body<'a> {
    /// Its media type.
    pub content_type: &'static str,
    /// At most [`MAX_SENT_BYTES`].
    pub bytes: &'a [u8],
}

impl<'a> Request<'a> {
    /// A GET request without further headers.
    pub fn get(url: &'a str, within: Duration) -> Self {
        Self { url, headers: Vec::new(), within, body: None }
    }

    /// A POST request without further headers.
    pub fn post(url: &'a str, within: Duration, body: Body<'a>) -> Self {
        Self { body: Some(body), ..Self::get(url, within) }
    }
}

/// How a client reaches servers.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    /// Past every proxy: for servers on this machine.
    pub past_proxies: bool,
    /// Certificates of further authorities, as PEM, beside those of the system.
    pub certificates: Option<Vec<u8>>,
}

/// What is looked at of an answer that is not a success.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// `WWW-Authenticate`
    pub authenticate: Option<String>,
}

/// A client: one for all that is asked, so that connections are used again.
#[derive(Debug, Clone)]
pub struct Http(Client);

/// Whether a host can only be this machine.
pub fn is_loopback(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The host in a URL: what stands between `http://` and the port or the path.
pub fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let place = rest.split(['/', '?']).next().unwrap_or(rest);
    if place.ends_with(']') { place } else { place.rsplit_once(':').map_or(place, |(host, _)| host) }
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
    /// A client.
    ///
    /// # Errors
    /// [`HttpError::Certificates`], [`HttpError::Client`].
    pub fn new(reach: &Reach) -> Result<Self, HttpError> {
        let redirects = Policy::custom(|attempt| {
            if attempt.previous().len() > REDIRECTS {
                attempt.error("too many redirects")
            } else if is_allowed(attempt.url()) {
                attempt.follow()
            } else {
                attempt.error("a redirect to something that is not fetched")
            }
        });
        Self::with(reach, redirects)
    }

    /// A client that follows no redirect: what changes something is sent to who was meant, and to nobody else.
    ///
    /// # Errors
    /// As [`Http::new`].
    pub fn staying(reach: &Reach) -> Result<Self, HttpError> {
        Self::with(reach, Policy::none())
    }

    fn with(reach: &Reach, redirects: Policy) -> Result<Self, HttpError> {
        let builder = Client::builder()
            .connect_timeout(CONNECT)
            .redirect(redirects)
            .user_agent(concat!("stella/", env!("CARGO_PKG_VERSION")));
        let builder = if reach.past_proxies { builder.no_proxy() } else { builder };
        let builder = match &reach.certificates {
            None => builder,
            Some(pem) => {
                let certificates =
                    Certificate::from_pem_bundle(pem).map_err(|error| HttpError::Certificates(Some(error)))?;
                // An empty bundle is a wrong file, not a wish for none.
                if certificates.is_empty() {
                    return Err(HttpError::Certificates(None));
                }
                builder.tls_certs_merge(certificates)
            }
        };
        builder.build().map(Self).map_err(HttpError::Client)
    }

    /// The whole body, of at most `limit` bytes.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn bytes(&self, request: &Request<'_>, limit: u64) -> Result<Vec<u8>, HttpError> {
        let mut bytes = Vec::new();
        self.copy(request, limit, &mut bytes)?;
        Ok(bytes)
    }

    /// Copies the body, of at most `limit` bytes, into `out`.
    ///
    /// # Errors
    /// [`HttpError`]; `out` then has the beginning of it.
    pub fn copy(&self, request: &Request<'_>, limit: u64, out: &mut impl io::Write) -> Result<(), HttpError> {
        let response = self.send(request)?;
        if !response.status().is_success() {
            return Err(refused(request, response));
        }
        let url = || shown(request.url);
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
    pub fn ask(&self, request: &Request<'_>) -> Result<Answer, HttpError> {
        let response = self.send(request)?;
        let header = response.headers().get("www-authenticate").and_then(|value| value.to_str().ok());
        Ok(Answer { status: response.status().as_u16(), authenticate: header.map(str::to_owned) })
    }

    fn send(&self, request: &Request<'_>) -> Result<Response, HttpError> {
        let allowed = Url::parse(request.url).ok().filter(is_allowed);
        let url = allowed.ok_or_else(|| HttpError::Refused(shown(request.url)))?;
        if let Some(bytes) = request.body.map(|body| body.bytes.len()).filter(|bytes| *bytes > MAX_SENT_BYTES) {
            return Err(HttpError::TooLargeToSend { url: shown(request.url), bytes });
        }
        let mut pause = FIRST_PAUSE;
        for attempt in 1.. {
            let mut sent = match request.body {
                None => self.0.get(url.clone()),
                Some(Body { content_type, bytes }) => {
                    self.0.post(url.clone()).header(CONTENT_TYPE, content_type).body(bytes.to_vec())
                }
            };
            sent = sent.timeout(request.within);
            for (name, value) in &request.headers {
                if let Ok(value) = HeaderValue::from_str(value) {
                    sent = sent.header(HeaderName::from_static(name), value);
                }
            }
            let last = attempt >= ATTEMPTS;
            // A server that answered may have done what it was asked.
            let is_final = last || request.body.is_some();
            match sent.send() {
                Ok(response) if is_final || !is_passing(response.status()) => return Ok(response),
                Ok(response) => pause = asked_for(&response).unwrap_or(pause),
                Err(error) if last || !error.is_connect() => {
                    return Err(HttpError::Request { url: shown(request.url), source: error.without_url() });
                }
                Err(_) => {}
            }
            std::thread::sleep(pause.min(LONGEST_PAUSE));
            pause *= 2;
        }
        Err(HttpError::Refused(shown(request.url)))
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

fn refused(request: &Request<'_>, response: Response) -> HttpError {
    let status = response.status().as_u16();
    let mut said = Vec::new();
    // What it says is an extra: without it the status is told.
    let _ = response.take(SAID_BYTES).read_to_end(&mut said);
    let said: String = String::from_utf8_lossy(&said).chars().filter(|c| !c.is_control()).take(300).collect();
    HttpError::Status { url: shown(request.url), status, said }
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

    const WITHIN: Duration = Duration::from_secs(20);
    const LOCAL: Reach = Reach { past_proxies: true, certificates: None };

    fn get(url: &str) -> Request<'_> {
        Request::get(url, WITHIN)
    }

    #[test]
    fn bodies_have_a_limit_also_without_a_length() {
        let http = Http::new(&LOCAL).unwrap();
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
        let http = Http::new(&LOCAL).unwrap();
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
        let http = Http::new(&LOCAL).unwrap();
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

    /// Keeps what it was sent, and answers with the next of these.
    fn listening(answers: Vec<Vec<u8>>) -> (String, std::thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/log", listener.local_addr().unwrap());
        let thread = std::thread::spawn(move || {
            let one = |answer: &Vec<u8>| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut heard = Vec::new();
                let mut buffer = [0; 2048];
                while !heard.ends_with(b"the end") {
                    let count = stream.read(&mut buffer).unwrap();
                    heard.extend_from_slice(&buffer[..count]);
                }
                let _ = stream.write_all(answer);
                String::from_utf8(heard).unwrap()
            };
            answers.iter().map(one).collect()
        });
        (url, thread)
    }

    #[test]
    fn what_is_sent_arrives_and_is_never_sent_twice_to_who_answered() {
        let http = Http::new(&LOCAL).unwrap();
        let busy = answer("503 Busy", "retry-after: 0\r\n", b"later");
        let (url, thread) = listening(vec![answer("201 Created", "", b"{}"), busy]);
        let body = Body { content_type: "application/json", bytes: b"[1] the end" };
        let mut post = Request::post(&url, WITHIN, body);
        post.headers.push(("authorization", "Bearer t".to_owned()));
        assert_eq!(http.bytes(&post, 2).unwrap(), b"{}");
        let error = http.bytes(&post, 2).unwrap_err();
        assert!(matches!(error, HttpError::Status { status: 503, .. }), "{error}");
        let heard = thread.join().unwrap();
        assert_eq!(heard.len(), 2);
        for one in heard {
            let (head, sent) = one.split_once("\r\n\r\n").unwrap();
            let head = head.to_ascii_lowercase();
            assert!(head.starts_with("post /log http/1.1\r\n"), "{head}");
            assert!(
                head.contains("content-type: application/json") && head.contains("authorization: bearer t"),
                "{head}"
            );
            assert_eq!(sent, "[1] the end");
        }
    }

    #[test]
    fn what_is_sent_has_a_limit_too() {
        let http = Http::new(&LOCAL).unwrap();
        let large = vec![b'x'; MAX_SENT_BYTES + 1];
        // Nobody listens there: it is refused before anyone is asked.
        let post = Request::post(
            "http://127.0.0.1:1/?token=secret",
            WITHIN,
            Body { content_type: "text/plain", bytes: &large },
        );
        let error = http.bytes(&post, 4).unwrap_err();
        assert!(matches!(error, HttpError::TooLargeToSend { .. }), "{error}");
        assert!(!error.to_string().contains("secret"));
    }

    #[test]
    fn a_bundle_that_holds_no_certificate_is_refused() {
        let with = |pem: &[u8]| Http::new(&Reach { past_proxies: true, certificates: Some(pem.to_vec()) });
        for pem in [&b""[..], b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            let error = with(pem).unwrap_err();
            assert!(matches!(error, HttpError::Certificates(_) | HttpError::Client(_)), "{error:?}");
        }
    }
}
