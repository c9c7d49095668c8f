//! One question and its answer as they are, for who tells himself what an answer means and whether to ask again.
//!
//! Invariants: it is asked once; the body of an answer has a limit; a secret of the question is in no error.

use std::io::Read;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Method, Url};

use crate::host::http::{Body, Http, HttpError, is_allowed, shown};
use crate::model::limits::MAX_SENT_BYTES;

/// How much of an answer that is not a success is kept.
const MAX_REFUSAL: u64 = 64 << 10;

/// A question.
#[derive(Debug, Clone)]
pub struct Exchange<'a> {
    /// `GET`, `POST`, `PATCH`, …
    pub method: &'static str,
    /// The URL: https, or http to this machine.
    pub url: &'a str,
    /// Headers; of those that cannot be sent none is.
    pub headers: Vec<(&'static str, String)>,
    /// How long it may take, from the connection to the last byte.
    pub within: Duration,
    /// What is sent.
    pub body: Option<Body<'a>>,
    /// The longest body of a success.
    pub limit: u64,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Names in small letters; those whose value is text.
    pub headers: Vec<(String, String)>,
    /// The body; of what is not a success its beginning.
    pub body: Vec<u8>,
}

impl Http {
    /// Asks once.
    ///
    /// # Errors
    /// [`HttpError`] where there is no whole answer.
    pub fn exchange(&self, asked: &Exchange<'_>) -> Result<Reply, HttpError> {
        let allowed = Url::parse(asked.url).ok().filter(is_allowed);
        let url = allowed.ok_or_else(|| HttpError::Refused(shown(asked.url)))?;
        let method = Method::from_bytes(asked.method.as_bytes()).map_err(|_| HttpError::Refused(shown(asked.url)))?;
        let mut sent = self.0.request(method, url).timeout(asked.within);
        if let Some(Body { content_type, bytes }) = asked.body {
            if bytes.len() > MAX_SENT_BYTES {
                return Err(HttpError::TooLargeToSend { url: shown(asked.url), bytes: bytes.len() });
            }
            sent = sent.header(CONTENT_TYPE, content_type).body(bytes.to_vec());
        }
        for (name, value) in &asked.headers {
            if let Ok(mut value) = HeaderValue::from_str(value) {
                value.set_sensitive(*name == "authorization");
                sent = sent.header(HeaderName::from_static(name), value);
            }
        }
        let response =
            sent.send().map_err(|error| HttpError::Request { url: shown(asked.url), source: error.without_url() })?;
        let (status, is_success) = (response.status().as_u16(), response.status().is_success());
        let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
        let headers = response.headers().iter();
        let headers = headers.filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?))).collect();
        let limit = if is_success { asked.limit } else { MAX_REFUSAL };
        let mut body = Vec::new();
        let read = response.take(limit.saturating_add(1)).read_to_end(&mut body);
        read.map_err(|source| HttpError::Body { url: shown(asked.url), source })?;
        if body.len() as u64 > limit {
            if is_success {
                return Err(HttpError::TooLarge { url: shown(asked.url), limit });
            }
            body.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        }
        Ok(Reply { status, headers, body })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;
    use std::thread;

    use super::*;
    use crate::host::http::Reach;

    /// Answers each connection with the next of these; the heads of what it heard.
    fn server(answers: Vec<String>) -> (String, thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/a?b=secret", listener.local_addr().unwrap());
        let heard = move || {
            let one = |answer: String| {
                let (mut stream, _) = listener.accept().unwrap();
                let mut buffer = [0; 4096];
                let count = stream.read(&mut buffer).unwrap();
                let _ = stream.write_all(answer.as_bytes());
                String::from_utf8_lossy(&buffer[..count]).into_owned()
            };
            answers.into_iter().map(one).collect()
        };
        (url, thread::spawn(heard))
    }

    fn asked<'a>(method: &'static str, url: &'a str) -> Exchange<'a> {
        let body = Body { content_type: "application/json", bytes: b"{}" };
        let headers = vec![("authorization", "Bearer t".to_owned())];
        Exchange { method, url, headers, within: Duration::from_secs(20), body: Some(body), limit: 4 }
    }

    fn answer(status: &str, more: &str, body: &str) -> String {
        format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n{more}\r\n{body}", body.len())
    }

    #[test]
    fn an_answer_is_told_as_it_is_and_asked_for_once() {
        let refusal = answer("502 Bad Gateway", "Retry-After: 7\r\n", &"x".repeat(70_000));
        let (url, thread) = server(vec![refusal, answer("200 OK", "", "1234"), answer("200 OK", "", "12345")]);
        let http = Http::staying(&Reach { past_proxies: true, certificates: None }).unwrap();
        let reply = http.exchange(&asked("PATCH", &url)).unwrap();
        assert_eq!((reply.status, reply.body.len()), (502, 64 << 10));
        assert!(reply.headers.contains(&("retry-after".to_owned(), "7".to_owned())));
        assert_eq!(http.exchange(&asked("POST", &url)).unwrap().body, b"1234");
        let error = http.exchange(&asked("POST", &url)).unwrap_err();
        assert!(
            matches!(error, HttpError::TooLarge { limit: 4, .. }) && !error.to_string().contains("secret"),
            "{error}"
        );
        let heard = thread.join().unwrap();
        assert!(heard[0].starts_with("PATCH /a?b=secret HTTP/1.1\r\n"), "{}", heard[0]);
    }

    #[test]
    fn what_changes_something_goes_to_nobody_else() {
        let (url, thread) = server(vec![answer("307 Moved", "location: http://127.0.0.1:1/\r\n", "")]);
        let http = Http::staying(&Reach { past_proxies: true, certificates: None }).unwrap();
        assert_eq!(http.exchange(&asked("POST", &url)).unwrap().status, 307);
        assert_eq!(thread.join().unwrap().len(), 1);
        assert!(matches!(http.exchange(&asked("POST", "http://example.com/")), Err(HttpError::Refused(_))));
    }
}
